/* What the host can do with a request, and what each generation makes of it: result, exitinfo2,
 * counter, key, number of calls, time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tests/guest_world.h"
#include "sevkit/status.h"
#include "unit/unit.h"

extern const struct unit_suite guest_send_suite;

#define KEPT OLD_EXITINFO2
#define TOO_SMALL DRV_EXITINFO2_INVALID_LEN
#define BUSY DRV_EXITINFO2_BUSY
#define NO_CALL DRV_EXITINFO2_NO_FW_CALL
#define REFUSED DRV_EXITINFO2_REJECTED

#define EXIT(fw, vmm)                                                                              \
    {                                                                                              \
        .exit = {.fw_status = (fw), .vmm_error = (vmm) }                                           \
    }
#define NO_ROOM                                                                                    \
    { .exit = {.vmm_error = SEVKIT_VMM_INVALID_LEN}, .npages = 7 }
#define ES(n)                                                                                      \
    {                                                                                              \
        .exit = {.es_result = (n) }                                                                \
    }
#define WAIT EXIT(0, SEVKIT_VMM_BUSY)

struct want {
    long rc;
    uint64_t exitinfo2;
    unsigned plain, ext;
    uint32_t advance;
    bool wiped;
    uint32_t certs_len; /* as the caller then sees it; 0: untouched */
};

struct row {
    const char *name;
    bool ext;
    struct step steps[4];
    size_t step_count;
    struct want old;   /* 5.19 */
    struct want fixed; /* 6.1.0 */
    struct want now;   /* 6.6 and later */
};

/* @req LNX-GUEST-034 LNX-GUEST-036 LNX-GUEST-039 LNX-GUEST-040 LNX-GUEST-041 LNX-GUEST-042
 * @req LNX-GUEST-043 LNX-GUEST-044 LNX-GUEST-045 LNX-GUEST-047 LNX-GUEST-048 LNX-GUEST-049 */
static const struct row rows[] = {
    {"firmware",
     false,
     {EXIT(ABI_INVALID_PARAM, 0)},
     1,
     {-EIO, 0x16, 1, 0, 0, false, 0},
     {-EIO, 0x16, 1, 0, 2, true, 0},
     {-EIO, 0x16, 1, 0, 2, true, 0}},
    {"generic",
     false,
     {EXIT(0, SEVKIT_VMM_GENERIC)},
     1,
     {-EIO, UINT64_C(0xFFFFFFFF00000000), 1, 0, 0, false, 0},
     {-EIO, UINT64_C(0xFFFFFFFF00000000), 1, 0, 2, true, 0},
     {-EIO, UINT64_C(0xFFFFFFFF00000000), 1, 0, 2, true, 0}},
    {"both-halves",
     true,
     {EXIT(5, 7)},
     1,
     {-EIO, UINT64_C(0x700000005), 0, 1, 0, false, 0},
     {-EIO, UINT64_C(0x700000005), 0, 1, 2, true, 0},
     {-EIO, UINT64_C(0x700000005), 0, 1, 2, true, 0}},
    {"plain-too-small",
     false,
     {EXIT(0, SEVKIT_VMM_INVALID_LEN)},
     1,
     {-EIO, TOO_SMALL, 1, 0, 0, false, 0},
     {-EIO, TOO_SMALL, 1, 0, 2, true, 0},
     {-EIO, TOO_SMALL, 1, 0, 2, false, 0}},
    {"too-small",
     true,
     {NO_ROOM},
     1,
     {-EIO, TOO_SMALL, 0, 1, 0, false, 0x7000},
     {-EIO, TOO_SMALL, 1, 1, 2, false, 0x7000},
     {-EIO, TOO_SMALL, 1, 1, 2, false, 0x7000}},
    {"too-small-then-firmware",
     true,
     {NO_ROOM, EXIT(ABI_AEAD_OFLOW, 0)},
     2,
     {-EIO, TOO_SMALL, 0, 1, 0, false, 0x7000},
     {-EIO, TOO_SMALL, 1, 1, 2, true, 0x7000},
     {-EIO, TOO_SMALL, 1, 1, 2, false, 0x7000}},
    {"too-small-then-es",
     true,
     {NO_ROOM, ES(2)},
     2,
     {-EIO, TOO_SMALL, 0, 1, 0, false, 0x7000},
     {2, TOO_SMALL, 1, 1, 2, true, 0x7000},
     {2, TOO_SMALL, 1, 1, 2, true, 0x7000}},
    {"too-small-twice",
     true,
     {NO_ROOM, EXIT(0, SEVKIT_VMM_INVALID_LEN)},
     2,
     {-EIO, TOO_SMALL, 0, 1, 0, false, 0x7000},
     {-EIO, TOO_SMALL, 1, 1, 2, true, 0x7000},
     {-EIO, TOO_SMALL, 1, 1, 2, false, 0x7000}},
    /* Not the whole value: an error like others, but from 6.3 on the length goes back. */
    {"too-small-and-firmware",
     true,
     {{.exit = {.fw_status = 5, .vmm_error = SEVKIT_VMM_INVALID_LEN}, .npages = 7}},
     1,
     {-EIO, UINT64_C(0x100000005), 0, 1, 0, false, 0},
     {-EIO, UINT64_C(0x100000005), 0, 1, 2, true, 0},
     {-EIO, UINT64_C(0x100000005), 0, 1, 2, true, 0x2000}},
    {"busy-once",
     false,
     {WAIT},
     1,
     {-EIO, BUSY, 1, 0, 0, false, 0},
     {-EIO, BUSY, 1, 0, 2, true, 0},
     {0, KEPT, 2, 0, 2, false, 0}},
    {"busy-once-ext",
     true,
     {WAIT},
     1,
     {-EIO, BUSY, 0, 1, 0, false, 0},
     {-EIO, BUSY, 0, 1, 2, true, 0},
     {0, KEPT, 0, 2, 2, false, 0}},
    {"busy-and-firmware",
     false,
     {EXIT(1, SEVKIT_VMM_BUSY)},
     1,
     {-EIO, BUSY | 1, 1, 0, 0, false, 0},
     {-EIO, BUSY | 1, 1, 0, 2, true, 0},
     {-EIO, BUSY | 1, 1, 0, 2, true, 0}},
    {"busy-too-small-busy",
     true,
     {WAIT, NO_ROOM, WAIT},
     3,
     {-EIO, BUSY, 0, 1, 0, false, 0},
     {-EIO, BUSY, 0, 1, 2, true, 0},
     {-EIO, TOO_SMALL, 2, 2, 2, false, 0x7000}},
    {"busy-then-firmware",
     false,
     {WAIT, EXIT(0x20, 0)},
     2,
     {-EIO, BUSY, 1, 0, 0, false, 0},
     {-EIO, BUSY, 1, 0, 2, true, 0},
     {-EIO, 0x20, 2, 0, 2, true, 0}},
    {"busy-then-es",
     false,
     {WAIT, ES(5)},
     2,
     {-EIO, BUSY, 1, 0, 0, false, 0},
     {-EIO, BUSY, 1, 0, 2, true, 0},
     {5, NO_CALL, 2, 0, 2, true, 0}},
    {"es-unsupported",
     false,
     {ES(1)},
     1,
     {1, REFUSED, 1, 0, 0, false, 0},
     {1, REFUSED, 1, 0, 2, true, 0},
     {1, NO_CALL, 1, 0, 2, true, 0}},
    {"es-retry-ext",
     true,
     {ES(5)},
     1,
     {5, REFUSED, 0, 1, 0, false, 0},
     {5, REFUSED, 0, 1, 2, true, 0},
     {5, NO_CALL, 0, 1, 2, true, 0}},
};

static const struct want *wanted(const struct row *row, unsigned kernel) {
    if (kernel == DRV_KERNEL_5_19) return &row->old;
    return kernel == DRV_KERNEL_6_1_0 ? &row->fixed : &row->now;
}

static bool footprint(struct world *w, const struct want *want, bool ext) {
    const size_t written = want->exitinfo2 == KEPT ? 0 : 8;
    if (want->rc != 0)
        return world_memory_kept(w, AT_ARG + DRV_REQUEST_EXITINFO2, written,
                                 AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN,
                                 want->certs_len != 0 ? 4 : 0);
    return world_memory_kept(w, AT_RESPONSE, DRV_REPORT_RESP_SIZE, AT_CERTS,
                             ext ? 2 * ABI_PAGE_SIZE : 0);
}

static void outcomes(void) {
    static struct world w;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
            const struct want *want = wanted(&rows[i], k);
            world_start(&w, (enum drv_kernel)k);
            world_set_certs(&w, AT_CERTS, 2 * ABI_PAGE_SIZE);
            memcpy(w.steps, rows[i].steps, sizeof rows[i].steps);
            w.step_count = rows[i].step_count;
            const long rc =
                world_ioctl(&w, rows[i].ext ? DRV_SNP_GET_EXT_REPORT : DRV_SNP_GET_REPORT);
            const uint32_t certs_len = want->certs_len != 0 ? want->certs_len : 0x2000;
            const bool good = rc == want->rc && world_exitinfo2(&w) == want->exitinfo2 &&
                              w.plain == want->plain && w.ext == want->ext &&
                              world_advance(&w) == want->advance &&
                              drv_guest_wiped(w.guest) == want->wiped &&
                              world_secrets_kept(&w, want->wiped) && w.same_ciphertext &&
                              world_certs_len(&w) == certs_len && footprint(&w, want, rows[i].ext);
            CU_ASSERT(good);
            if (!good)
                printf("    %s, kernel %s: %ld, %llx, %u+%u calls, +%u, wiped %d, certs %x\n",
                       rows[i].name, drv_kernel_name((enum drv_kernel)k), rc,
                       (unsigned long long)world_exitinfo2(&w), w.plain, w.ext, world_advance(&w),
                       drv_guest_wiped(w.guest), world_certs_len(&w));
            world_stop(&w);
        }
    }
}

/* Every enum es_result is the ioctl's own positive result. @req LNX-GUEST-040 */
static void es_results(void) {
    static struct world w;
    for (uint32_t n = 1; n <= 5; n++) {
        world_start(&w, DRV_KERNEL_6_12);
        w.steps[0] = (struct step)ES(n);
        w.step_count = 1;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_DERIVED_KEY), n);
        CU_ASSERT(drv_guest_wiped(w.guest));
        world_stop(&w);
    }
}

/* The clock: a call every two seconds and a tick, the 31st after a minute, and then no more. @req LNX-GUEST-045 LNX-GUEST-046 */
static void busy_for_ever(void) {
    static struct world w;
    for (unsigned k = DRV_KERNEL_6_6; k < DRV_KERNEL_COUNT; k++) {
        world_start(&w, (enum drv_kernel)k);
        w.steps[0] = (struct step)WAIT;
        w.step_count = 1;
        w.last_for_ever = true;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -ETIMEDOUT);
        CU_ASSERT_EQUAL(w.plain, 31);
        CU_ASSERT_EQUAL(w.sleeps, 30);
        CU_ASSERT_EQUAL(w.slept_ms, 60120);
        CU_ASSERT_EQUAL(world_exitinfo2(&w), BUSY);
        CU_ASSERT_EQUAL(world_advance(&w), 2);
        CU_ASSERT(w.same_ciphertext && world_secrets_kept(&w, true));
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -ENOTTY);
        CU_ASSERT_EQUAL(w.plain, 0);
        world_stop(&w);
    }
}

/* A call's own time counts too, and exactly a minute is not more than one. @req LNX-GUEST-046 */
static void busy_calls_that_take_time(void) {
    static const struct {
        uint64_t call_ms;
        unsigned calls;
    } cases[] = {{60000, 2}, {60001, 1}, {4000, 11}};
    static struct world w;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_start(&w, DRV_KERNEL_6_12);
        w.steps[0] = (struct step)WAIT;
        w.step_count = 1;
        w.last_for_ever = true;
        w.call_ms = cases[i].call_ms;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -ETIMEDOUT);
        CU_ASSERT_EQUAL(w.plain, cases[i].calls);
        CU_ASSERT_EQUAL(w.sleeps, cases[i].calls - 1);
        world_stop(&w);
    }
}

/* The minute is the request's, the resent one included; its end is not hidden, but the value is.
 * @req LNX-GUEST-043 LNX-GUEST-046 LNX-GUEST-049 */
static void busy_after_too_small(void) {
    static struct world w;
    world_start(&w, DRV_KERNEL_LATEST);
    for (size_t i = 0; i < 20; i++) w.steps[i] = (struct step)WAIT;
    w.steps[20] = (struct step)NO_ROOM;
    w.steps[21] = (struct step)WAIT;
    w.step_count = 22;
    w.last_for_ever = true;
    CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), -ETIMEDOUT);
    CU_ASSERT_EQUAL(w.ext, 21);
    CU_ASSERT_EQUAL(w.plain, 11);
    CU_ASSERT_EQUAL(w.slept_ms, 60120);
    CU_ASSERT_EQUAL(world_exitinfo2(&w), TOO_SMALL);
    CU_ASSERT_EQUAL(world_certs_len(&w), 0x7000);
    CU_ASSERT(drv_guest_wiped(w.guest));
    world_stop(&w);
}

/* How clients ask for the length: no room offered, then what they were told.
 * @req LNX-GUEST-030 LNX-GUEST-034 LNX-GUEST-042 */
static void clients_probe_for_the_length(void) {
    static const uint64_t addresses[] = {0, UINT64_MAX};
    static struct world w;
    for (unsigned k = DRV_KERNEL_6_1_0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < 2; i++) {
            world_start(&w, (enum drv_kernel)k);
            world_set_certs(&w, addresses[i], 0);
            w.steps[0] = (struct step){.exit = {.vmm_error = SEVKIT_VMM_INVALID_LEN}, .npages = 2};
            w.step_count = 1;
            CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), -EIO);
            CU_ASSERT_EQUAL(world_exitinfo2(&w), TOO_SMALL);
            CU_ASSERT_EQUAL(world_certs_len(&w), 0x2000);
            world_set_certs(&w, AT_CERTS, 0x2000);
            w.step_count = 0;
            CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), 0);
            CU_ASSERT_EQUAL(abi_get_le64(w.seen + ABI_MSG_SEQNO), 3);
            CU_ASSERT_EQUAL(world_at(&w, AT_CERTS)[7], world_table_byte(7));
            world_stop(&w);
        }
    }
}

/* The length cannot be told: EFAULT instead of EIO, and nothing else is different.
 * @req LNX-GUEST-035 */
static void length_that_cannot_be_told(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        world_start(&w, (enum drv_kernel)k);
        w.steps[0] = (struct step)NO_ROOM;
        w.step_count = 1;
        w.no_write = AT_REQUEST + DRV_EXT_REPORT_REQ_SIZE - 1;
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), -EFAULT);
        CU_ASSERT_EQUAL(world_exitinfo2(&w), TOO_SMALL);
        CU_ASSERT(world_memory_kept(&w, AT_ARG + DRV_REQUEST_EXITINFO2, 8, 0, 0));
        CU_ASSERT_FALSE(drv_guest_wiped(w.guest));
        world_stop(&w);
    }
}

/* A value with both halves set has the length written back from 6.3 on, though it is not
 * INVALID_LEN: the caller's own, or 0 where no pages were offered. @req LNX-GUEST-036 */
static void length_after_another_error(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        const bool told = k >= DRV_KERNEL_6_6;
        world_start(&w, (enum drv_kernel)k);
        w.steps[0] = (struct step)EXIT(5, SEVKIT_VMM_INVALID_LEN);
        w.steps[0].npages = 7;
        w.step_count = 1;
        world_set_certs(&w, 0, 0x2000);
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), -EIO);
        CU_ASSERT_EQUAL(world_certs_len(&w), told ? 0 : 0x2000);
        CU_ASSERT_EQUAL(w.writes, told ? 2 : 1);
        world_stop(&w);
    }
}

static const struct unit_test tests[] = {
    {"outcomes", outcomes},
    {"es-results", es_results},
    {"busy-for-ever", busy_for_ever},
    {"busy-calls", busy_calls_that_take_time},
    {"busy-after-too-small", busy_after_too_small},
    {"length-probe", clients_probe_for_the_length},
    {"length-untold", length_that_cannot_be_told},
    {"length-other", length_after_another_error},
    {NULL, NULL},
};

const struct unit_suite guest_send_suite = {"guest-send", tests};
