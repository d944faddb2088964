/* The driver's generations, its probe, and what each ioctl does when all goes well. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/guest.h"
#include "driver/tests/guest_world.h"
#include "unit/unit.h"

extern const struct unit_suite guest_suite;

static const uint32_t CMDS[] = {DRV_SNP_GET_REPORT, DRV_SNP_GET_DERIVED_KEY,
                                DRV_SNP_GET_EXT_REPORT};
#define CMD_COUNT (sizeof CMDS / sizeof CMDS[0])

/* @req LNX-GUEST-002 */
static void generations_have_names(void) {
    static const char *const names[] = {"5.19", "6.1.0", "6.6", "6.12", "6.16", "latest"};
    for (unsigned i = 0; i < DRV_KERNEL_COUNT; i++) {
        enum drv_kernel kernel = DRV_KERNEL_COUNT;
        CU_ASSERT_STRING_EQUAL(drv_kernel_name((enum drv_kernel)i), names[i]);
        CU_ASSERT(drv_kernel_parse(names[i], &kernel));
        CU_ASSERT_EQUAL(kernel, i);
        CU_ASSERT_EQUAL(drv_kernel_has_tsm((enum drv_kernel)i), i >= DRV_KERNEL_6_12);
    }
    enum drv_kernel kernel = DRV_KERNEL_6_6;
    CU_ASSERT_FALSE(drv_kernel_parse("6.1", &kernel));
    CU_ASSERT_FALSE(drv_kernel_parse("", &kernel));
    CU_ASSERT_EQUAL(kernel, DRV_KERNEL_6_6);
}

/* _IOWR('S', n, 32 bytes). @req LNX-GUEST-001 */
static void ioctl_numbers(void) {
    for (uint32_t i = 0; i < CMD_COUNT; i++)
        CU_ASSERT_EQUAL(CMDS[i], UINT32_C(3) << 30 | DRV_REQUEST_SIZE << 16 | 0x53u << 8 | i);
}

static void bad_configurations(void) {
    static uint8_t secrets[ABI_PAGE_SIZE];
    const struct sevkit_guest_door door = {0};
    const struct drv_clock clock = {0};
    struct drv_guest *guest = NULL;
    struct drv_guest_config config = {.kernel = DRV_KERNEL_COUNT};
    struct sevkit_result r = drv_guest_new(&config, &door, &clock, secrets, &guest);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "kernel");
    CU_ASSERT(r.offset == SEVKIT_NO_OFFSET && r.value == (uint64_t)config.kernel);
    config = (struct drv_guest_config){.kernel = DRV_KERNEL_6_12, .vmpl = 4};
    r = drv_guest_new(&config, &door, &clock, secrets, &guest);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "vmpl");
    CU_ASSERT(r.offset == SEVKIT_NO_OFFSET && r.value == config.vmpl);
    CU_ASSERT_PTR_NULL(guest);
    drv_guest_free(NULL);
}

/* @req LNX-GUEST-003 LNX-GUEST-004 LNX-GUEST-005 */
static void probe_takes_a_key(void) {
    static const struct {
        enum drv_kernel first, last;
        int vmpck_id;
        unsigned vmpl, empty; /* this key is all zero; 9: none */
        int rc;
        unsigned vmpck;
    } rows[] = {
        {DRV_KERNEL_5_19, DRV_KERNEL_LATEST, 0, 3, 9, 0, 0},
        {DRV_KERNEL_5_19, DRV_KERNEL_LATEST, 3, 0, 9, 0, 3},
        {DRV_KERNEL_5_19, DRV_KERNEL_LATEST, 4, 0, 9, -EINVAL, 0},
        {DRV_KERNEL_5_19, DRV_KERNEL_LATEST, -2, 0, 9, -EINVAL, 0},
        {DRV_KERNEL_5_19, DRV_KERNEL_6_6, DRV_VMPCK_DEFAULT, 2, 9, 0, 0},
        {DRV_KERNEL_6_12, DRV_KERNEL_LATEST, DRV_VMPCK_DEFAULT, 2, 9, 0, 2},
        {DRV_KERNEL_5_19, DRV_KERNEL_LATEST, 1, 0, 1, -EINVAL, 1},
        {DRV_KERNEL_5_19, DRV_KERNEL_LATEST, 1, 0, 0, 0, 1},
    };
    static struct world w;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned k = rows[i].first; k <= rows[i].last; k++) {
            const struct drv_guest_config config = {
                .kernel = (enum drv_kernel)k, .vmpck_id = rows[i].vmpck_id, .vmpl = rows[i].vmpl};
            world_start_with(&w, &config);
            if (rows[i].empty < ABI_VMPCK_COUNT)
                memset(w.secrets + 0x20 + rows[i].empty * 32, 0, ABI_VMPCK_SIZE);
            CU_ASSERT_EQUAL(drv_guest_probe(w.guest), rows[i].rc);
            CU_ASSERT_EQUAL(drv_guest_vmpck(w.guest), rows[i].vmpck);
            CU_ASSERT_EQUAL(drv_guest_wiped(w.guest), rows[i].rc != 0);
            CU_ASSERT_EQUAL(drv_guest_config(w.guest)->vmpl, rows[i].vmpl);
            world_stop(&w);
        }
    }
}

/* Who calls before the probe has no key to call with. */
static void no_ioctl_before_the_probe(void) {
    static struct world w;
    const struct drv_guest_config config = {.kernel = DRV_KERNEL_6_12, .vmpck_id = 2};
    world_start_with(&w, &config);
    CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_REPORT), -ENOTTY);
    CU_ASSERT_EQUAL(w.plain, 0);
    world_stop(&w);
}

/* What travels: header and payload. @req LNX-GUEST-016 LNX-GUEST-021 LNX-GUEST-048 */
static void requests_carry_what_the_user_gave(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t c = 0; c < CMD_COUNT; c++) {
            const bool key = CMDS[c] == DRV_SNP_GET_DERIVED_KEY;
            const bool ext = CMDS[c] == DRV_SNP_GET_EXT_REPORT;
            struct abi_msg_header h;
            world_start(&w, (enum drv_kernel)k);
            world_at(&w, AT_ARG)[DRV_REQUEST_MSG_VERSION] = 0xFE;
            abi_put_le32(world_counter(&w), 40);
            CU_ASSERT_EQUAL(world_ioctl(&w, CMDS[c]), 0);
            CU_ASSERT(w.plain == !ext && w.ext == ext);
            abi_msg_header_decode(w.seen, &h);
            CU_ASSERT_EQUAL(h.type, key ? ABI_MSG_KEY_REQ : ABI_MSG_REPORT_REQ);
            CU_ASSERT_EQUAL(h.version, 0xFE);
            CU_ASSERT_EQUAL(h.seqno, 41);
            CU_ASSERT_EQUAL(h.vmpck, 2);
            CU_ASSERT_EQUAL(h.size, key ? DRV_KEY_REQ_SIZE : DRV_REPORT_REQ_SIZE);
            UNIT_BYTES(w.payload, world_at(&w, AT_REQUEST), h.size);
            CU_ASSERT_EQUAL(world_advance(&w), 2);
            CU_ASSERT_EQUAL(world_ioctl(&w, CMDS[c]), 0);
            CU_ASSERT_EQUAL(abi_get_le64(w.seen + ABI_MSG_SEQNO), 43);
            CU_ASSERT(world_secrets_kept(&w, false));
            world_stop(&w);
        }
    }
}

/* Success: the response's bytes and nothing else, whatever the caller left in exitinfo2.
 * @req LNX-GUEST-018 LNX-GUEST-022 LNX-GUEST-023 LNX-GUEST-025 */
static void responses_come_whole(void) {
    static struct world w;
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t c = 0; c < CMD_COUNT; c++) {
            const size_t size =
                CMDS[c] == DRV_SNP_GET_DERIVED_KEY ? DRV_KEY_RESP_SIZE : DRV_REPORT_RESP_SIZE;
            world_start(&w, (enum drv_kernel)k);
            world_set_certs(&w, 0, 0);
            CU_ASSERT_EQUAL(world_ioctl(&w, CMDS[c]), 0);
            UNIT_BYTES(world_at(&w, AT_RESPONSE), w.response, size);
            CU_ASSERT(world_memory_kept(&w, AT_RESPONSE, size, 0, 0));
            CU_ASSERT_EQUAL(world_exitinfo2(&w), OLD_EXITINFO2);
            CU_ASSERT_EQUAL(w.writes, 1);
            CU_ASSERT_FALSE(drv_guest_wiped(w.guest));
            CU_ASSERT(abi_all_zero(w.guest->payload, sizeof w.guest->payload));
            world_stop(&w);
        }
    }
}

/* @req LNX-GUEST-030 LNX-GUEST-037 */
static void certificates_come_by_whole_pages(void) {
    static struct world w;
    static const struct {
        uint64_t address;
        uint32_t length;
        uint32_t pages; /* that are offered to the host */
    } rows[] = {
        {AT_CERTS, 0x1000, 1}, {AT_CERTS, 0x2000, 2}, {AT_CERTS, 0x3000, 3}, {AT_CERTS, 0x4000, 4},
        {AT_CERTS, 0, 0},      {UINT64_MAX, 0, 0},    {0, 0x2000, 0},        {0, 0x5001, 0},
    };
    for (unsigned k = 0; k < DRV_KERNEL_COUNT; k++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const size_t bytes = rows[i].pages * (size_t)ABI_PAGE_SIZE;
            world_start(&w, (enum drv_kernel)k);
            for (unsigned twice = 0; twice < 2; twice++) {
                world_set_certs(&w, rows[i].address, rows[i].length);
                CU_ASSERT_EQUAL(world_ioctl(&w, DRV_SNP_GET_EXT_REPORT), 0);
                CU_ASSERT_EQUAL(w.npages_seen, rows[i].pages);
                CU_ASSERT(rows[i].pages == 0 || w.data_was_zero);
                for (size_t b = 0; b < bytes; b++) {
                    const uint8_t right = b < WORLD_TABLE_SIZE ? world_table_byte(b) : 0;
                    if (world_at(&w, AT_CERTS)[b] != right) CU_FAIL_FATAL("certificate bytes");
                }
                UNIT_BYTES(world_at(&w, AT_RESPONSE), w.response, DRV_REPORT_RESP_SIZE);
                CU_ASSERT(
                    world_memory_kept(&w, AT_RESPONSE, DRV_REPORT_RESP_SIZE, AT_CERTS, bytes));
                CU_ASSERT_EQUAL(w.writes, rows[i].pages == 0 ? 1 : 2);
            }
            world_stop(&w);
        }
    }
}

static const struct unit_test tests[] = {
    {"kernels", generations_have_names},
    {"numbers", ioctl_numbers},
    {"config", bad_configurations},
    {"probe", probe_takes_a_key},
    {"unprobed", no_ioctl_before_the_probe},
    {"request", requests_carry_what_the_user_gave},
    {"response", responses_come_whole},
    {"certificates", certificates_come_by_whole_pages},
    {NULL, NULL},
};

const struct unit_suite guest_suite = {"guest", tests};
