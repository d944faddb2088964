/* Every fault that an ioctl can meet, alone and with every other one: the earlier answers. The
 * order of the table below is the contract's (Linux notes, section 4); a wiped key is in it twice,
 * as 6.13 moved it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tests/guest_world.h"
#include "sevkit/status.h"
#include "unit/unit.h"

extern const struct unit_suite guest_order_suite;

#define NO_SUCH UINT32_C(0xC0205303) /* an ioctl that there is not */
#define REFUSED DRV_EXITINFO2_REJECTED
#define KEPT OLD_EXITINFO2 /* nothing is written back */

enum cmds { REPORT = 1, KEY = 2, EXT = 4, UNKNOWN = 8, SENT = REPORT | KEY | EXT, ALL = 15 };

static void wipe(struct world *w) {
    memset(w->secrets + 0x60, 0, ABI_VMPCK_SIZE);
}

static void arg_unreadable(struct world *w) {
    w->no_read = AT_ARG + DRV_REQUEST_SIZE - 1;
}
static void version_zero(struct world *w) {
    world_at(w, AT_ARG)[DRV_REQUEST_MSG_VERSION] = 0;
}
static void no_request(struct world *w) {
    abi_put_le64(world_at(w, AT_ARG) + DRV_REQUEST_REQ_DATA, 0);
}
static void no_response(struct world *w) {
    abi_put_le64(world_at(w, AT_ARG) + DRV_REQUEST_RESP_DATA, 0);
}
static void request_unreadable(struct world *w) {
    if (w->no_read == 0) w->no_read = AT_REQUEST;
}
static void request_wild(struct world *w) {
    uint8_t *at = world_at(w, AT_ARG) + DRV_REQUEST_REQ_DATA;
    if (abi_get_le64(at) != 0) abi_put_le64(at, 8);
}
static void certs_too_long(struct world *w) {
    abi_put_le32(world_at(w, AT_REQUEST) + DRV_EXT_REPORT_CERTS_LEN, 0x5000);
}
static void certs_unaligned(struct world *w) {
    abi_put_le32(world_at(w, AT_REQUEST) + DRV_EXT_REPORT_CERTS_LEN, 0x3FFF);
}
static void certs_beyond_user(struct world *w) {
    abi_put_le64(world_at(w, AT_REQUEST) + DRV_EXT_REPORT_CERTS_ADDRESS, UINT64_C(0x7fffffffbfff));
}
static void counter_full(struct world *w) {
    abi_put_le32(world_counter(w), UINT32_MAX - 1);
}
static void host_fails(struct world *w) {
    w->steps[0].exit.fw_status = ABI_INVALID_PARAM;
    w->step_count = 1;
}
static void tag_wrong(struct world *w) {
    w->flip = 1;
}
static void certs_unwritable(struct world *w) {
    w->no_write = AT_CERTS + 0x3FFF;
}
static void response_unwritable(struct world *w) {
    if (w->no_write == 0) w->no_write = AT_RESPONSE;
}
static void nothing(struct world *w) {
    (void)w;
}

struct fault {
    const char *name;
    void (*make)(struct world *w);
    int cmds; /* where it can happen */
    long rc;
    uint64_t exitinfo2;
    uint64_t exitinfo2_latest;
    unsigned calls;
    bool wipes;         /* the key; in 5.19 not after the host's errors */
    bool is_wiped_late; /* the wiped key as 6.13 and later see it */
    bool is_wiped_early;
    bool keeps_key_519;
};

/* @req LNX-GUEST-010 LNX-GUEST-011 LNX-GUEST-012 LNX-GUEST-013 LNX-GUEST-014 LNX-GUEST-015
 * @req LNX-GUEST-017 LNX-GUEST-020 LNX-GUEST-021 LNX-GUEST-024 LNX-GUEST-031 LNX-GUEST-032
 * @req LNX-GUEST-033 LNX-GUEST-037 LNX-GUEST-038 */
static const struct fault faults[] = {
    {"arg-unreadable", arg_unreadable, ALL, -EFAULT, KEPT, KEPT, 0, .wipes = false},
    {"version", version_zero, ALL, -EINVAL, KEPT, KEPT, 0, .wipes = false},
    {"wiped-early", wipe, ALL, -ENOTTY, KEPT, KEPT, 0, .is_wiped_early = true},
    {"unknown", nothing, UNKNOWN, -ENOTTY, REFUSED, REFUSED, 0, .wipes = false},
    {"no-request", no_request, SENT, -EINVAL, REFUSED, REFUSED, 0, .wipes = false},
    {"no-response", no_response, SENT, -EINVAL, REFUSED, REFUSED, 0, .wipes = false},
    {"request-unreadable", request_unreadable, SENT, -EFAULT, REFUSED, REFUSED, 0, .wipes = false},
    {"request-wild", request_wild, SENT, -EFAULT, REFUSED, REFUSED, 0, .wipes = false},
    {"certs-long", certs_too_long, EXT, -EINVAL, REFUSED, REFUSED, 0, .wipes = false},
    {"certs-unaligned", certs_unaligned, EXT, -EINVAL, REFUSED, REFUSED, 0, .wipes = false},
    {"certs-range", certs_beyond_user, EXT, -EFAULT, REFUSED, REFUSED, 0, .wipes = false},
    {"wiped-late", wipe, SENT, -ENOTTY, REFUSED, KEPT, 0, .is_wiped_late = true},
    {"counter", counter_full, SENT, -EIO, REFUSED, KEPT, 0, .wipes = false},
    {"host", host_fails, SENT, -EIO, ABI_INVALID_PARAM, ABI_INVALID_PARAM, 1, .wipes = true,
     .keeps_key_519 = true},
    {"tag", tag_wrong, SENT, -EBADMSG, KEPT, KEPT, 1, .wipes = true},
    {"certs-unwritable", certs_unwritable, EXT, -EFAULT, KEPT, KEPT, 1, .wipes = false},
    {"response-unwritable", response_unwritable, SENT, -EFAULT, KEPT, KEPT, 1, .wipes = false},
};
#define FAULT_COUNT (sizeof faults / sizeof faults[0])

static const uint32_t CMDS[] = {DRV_SNP_GET_REPORT, DRV_SNP_GET_DERIVED_KEY, DRV_SNP_GET_EXT_REPORT,
                                NO_SUCH};

static bool applies(const struct fault *f, unsigned cmd, enum drv_kernel kernel) {
    if (f->is_wiped_early && kernel >= DRV_KERNEL_6_16) return false;
    if (f->is_wiped_late && kernel < DRV_KERNEL_6_16) return false;
    return (f->cmds & 1 << cmd) != 0;
}

/* FIRST answers, with SECOND there too. */
static void run(const struct fault *first, const struct fault *second, unsigned cmd,
                enum drv_kernel kernel) {
    static struct world w;
    world_start(&w, kernel);
    second->make(&w);
    first->make(&w);
    const long rc = world_ioctl(&w, CMDS[cmd]);
    const uint64_t exitinfo2 =
        kernel == DRV_KERNEL_LATEST ? first->exitinfo2_latest : first->exitinfo2;
    const bool wiped = first->wipes && !(kernel == DRV_KERNEL_5_19 && first->keeps_key_519);
    const size_t written = exitinfo2 == KEPT ? 0 : 8;
    const size_t certs = first->make == response_unwritable && cmd == 2 ? 4 * ABI_PAGE_SIZE : 0;
    const bool good =
        rc == first->rc && world_exitinfo2(&w) == exitinfo2 && w.plain + w.ext == first->calls &&
        world_secrets_kept(&w, wiped) && (first->calls != 0 || world_advance(&w) == 0) &&
        world_memory_kept(&w, AT_ARG + DRV_REQUEST_EXITINFO2, written, AT_CERTS, certs);
    CU_ASSERT(good);
    if (!good)
        printf("    %s, then %s, ioctl %u, kernel %s: %ld, %llx\n", first->name, second->name, cmd,
               drv_kernel_name(kernel), rc, (unsigned long long)world_exitinfo2(&w));
    world_stop(&w);
}

static void each_alone(void) {
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++)
        for (unsigned c = 0; c < 4; c++)
            for (size_t i = 0; i < FAULT_COUNT; i++)
                if (applies(&faults[i], c, (enum drv_kernel)k))
                    run(&faults[i], &faults[i], c, (enum drv_kernel)k);
}

/* A fault of an unknown ioctl's own is the ioctl: it is in every row of that column. */
static void the_earlier_answers(void) {
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++)
        for (unsigned c = 0; c < 4; c++)
            for (size_t i = 0; i < FAULT_COUNT; i++)
                for (size_t j = i + 1; j < FAULT_COUNT; j++)
                    if (applies(&faults[i], c, (enum drv_kernel)k) &&
                        applies(&faults[j], c, (enum drv_kernel)k))
                        run(&faults[i], &faults[j], c, (enum drv_kernel)k);
}

/* An unknown ioctl looks at nothing but its own structure. @req LNX-GUEST-015 */
static void unknown_ioctl_looks_no_further(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < FAULT_COUNT; i++) {
            if ((faults[i].cmds & UNKNOWN) != 0) continue;
            if (faults[i].is_wiped_late && k < DRV_KERNEL_6_16) continue;
            run(&faults[3], &faults[i], 3, (enum drv_kernel)k);
        }
        world_start(&w, (enum drv_kernel)k);
        CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT & UINT32_MAX << 16), -ENOTTY);
        world_stop(&w);
    }
}

/* The write-back that faults replaces the errno, and the padding goes back as it came.
 * @req LNX-GUEST-019 */
static void write_back(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < FAULT_COUNT; i++) {
            if (!applies(&faults[i], 0, (enum drv_kernel)k)) continue;
            const uint64_t exitinfo2 =
                k == DRV_KERNEL_LATEST ? faults[i].exitinfo2_latest : faults[i].exitinfo2;
            if (faults[i].make == response_unwritable) continue; /* guest_response.c has it */
            world_start(&w, (enum drv_kernel)k);
            faults[i].make(&w);
            w.no_write = AT_ARG;
            CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT),
                            exitinfo2 == KEPT ? faults[i].rc : -EFAULT);
            CU_ASSERT(world_memory_kept(&w, 0, 0, 0, 0));
            world_stop(&w);
        }
    }
}

/* access_ok is a test of the range alone. @req LNX-GUEST-033 */
static void certificate_range(void) {
    static const struct {
        uint64_t address;
        uint32_t length;
        unsigned calls; /* 0: refused at once; 1: faults when the pages are copied */
    } rows[] = {
        {UINT64_C(0x7fffffffe000), 0x1000, 1},     {UINT64_C(0x7fffffffe001), 0x1000, 0},
        {UINT64_C(0x7fffffffb000), 0x4000, 1},     {UINT64_C(0x7fffffffc000), 0x4000, 0},
        {UINT64_C(0x7ffffffff000), 0x1000, 0},     {UINT64_C(0x7ffffffff001), 0x1000, 0},
        {UINT64_C(0xffff800000000000), 0x1000, 0}, {UINT64_MAX, 0x1000, 0},
        {UINT64_MAX - 0xFFF, 0x1000, 0},           {1, 0x1000, 1},
    };
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            world_start(&w, (enum drv_kernel)k);
            world_set_certs(&w, rows[i].address, rows[i].length);
            CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), -EFAULT);
            CU_ASSERT_EQUAL(w.ext, rows[i].calls);
            CU_ASSERT_EQUAL(world_exitinfo2(&w), rows[i].calls == 0 ? REFUSED : KEPT);
            CU_ASSERT_EQUAL(world_advance(&w), 2 * rows[i].calls);
            CU_ASSERT_FALSE(drv_guest_wiped(w.guest));
            world_stop(&w);
        }
    }
}

/* The last number that is sent, and the first that is not. @req LNX-GUEST-038 */
static void counter_ends(void) {
    static const struct {
        uint32_t counter;
        bool sent;
    } rows[] = {
        {UINT32_MAX - 3, true},
        {UINT32_MAX - 2, true},
        {UINT32_MAX - 1, false},
        {UINT32_MAX, false},
    };
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            world_start(&w, (enum drv_kernel)k);
            abi_put_le32(world_counter(&w), rows[i].counter);
            CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_DERIVED_KEY), rows[i].sent ? 0 : -EIO);
            CU_ASSERT_EQUAL(w.plain, rows[i].sent);
            CU_ASSERT_EQUAL(world_advance(&w), rows[i].sent ? 2 : 0);
            CU_ASSERT_FALSE(drv_guest_wiped(w.guest));
            world_stop(&w);
        }
    }
}

static const struct unit_test tests[] = {
    {"alone", each_alone},
    {"pairs", the_earlier_answers},
    {"unknown-ioctl", unknown_ioctl_looks_no_further},
    {"write-back", write_back},
    {"certificate-range", certificate_range},
    {"counter-end", counter_ends},
    {NULL, NULL},
};

const struct unit_suite guest_order_suite = {"guest-order", tests};
