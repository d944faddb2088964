/* The provider that sev-guest registers, over a firmware that answers as the test says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/seal.h"
#include "sevkit/status.h"
#include "sevkit/tsm.h"
#include "unit/unit.h"

extern const struct unit_suite tsm_provider_suite;

#define KEY_OFFSET 0x20

/* The answer to come, and the request that came. */
struct firmware {
    uint8_t secrets[ABI_PAGE_SIZE];
    struct crypto_aead *aead;
    uint32_t status, size;
    struct sevkit_exit exit;
    const uint8_t *table;
    size_t table_size;
    uint8_t asked[DRV_REPORT_REQ_SIZE];
    unsigned calls;
    uint64_t npages;
};

static void answer(void *ctx, const uint8_t request[ABI_PAGE_SIZE], uint8_t response[ABI_PAGE_SIZE],
                   uint8_t *data, uint64_t *npages, struct sevkit_exit *exit) {
    struct firmware *f = ctx;
    struct abi_msg_header h;
    uint8_t payload[ABI_REPORT_RSP_SIZE] = {0};
    f->calls++;
    f->npages = *npages;
    *exit = f->exit;
    if (exit->vmm_error != 0) return;
    if (f->table_size != 0) memcpy(data, f->table, f->table_size);
    abi_msg_header_decode(request, &h);
    UNIT_OK(drv_open(f->aead, &h, request, f->asked));
    abi_put_le32(payload, f->status);
    abi_put_le32(payload + 4, f->size);
    memset(payload + 32, 0x77, sizeof payload - 32);
    const struct drv_envelope envelope = {ABI_MSG_REPORT_RSP, 1, h.vmpck, h.seqno + 1};
    UNIT_OK(drv_seal(f->aead, &envelope, payload, sizeof payload, response));
}

static void plain(void *ctx, const uint8_t request[ABI_PAGE_SIZE], uint8_t response[ABI_PAGE_SIZE],
                  struct sevkit_exit *exit) {
    (void)ctx, (void)request, (void)response;
    *exit = (struct sevkit_exit){.fw_status = ABI_INVALID_ADDRESS};
}

static uint64_t no_time(void *ctx) {
    (void)ctx;
    return 0;
}

static void no_sleep(void *ctx, uint64_t ms) {
    (void)ctx, (void)ms;
}

static struct drv_guest *start(struct firmware *f, enum drv_kernel kernel, unsigned vmpl) {
    const struct drv_guest_config config = {kernel, DRV_VMPCK_DEFAULT, vmpl};
    const struct sevkit_guest_door door = {.ctx = f, .request = plain, .ext_request = answer};
    const struct drv_clock clock = {.now_ms = no_time, .sleep_ms = no_sleep};
    struct drv_guest *guest = NULL;
    *f = (struct firmware){.size = ABI_REPORT_SIZE};
    memset(f->secrets + KEY_OFFSET, 9, (size_t)4 * ABI_VMPCK_SIZE);
    if (!sevkit_ok(crypto_aead_new(&f->aead)) ||
        !sevkit_ok(crypto_aead_set_key(f->aead, f->secrets + KEY_OFFSET)) ||
        !sevkit_ok(drv_guest_new(&config, &door, &clock, f->secrets, &guest)) ||
        drv_guest_probe(guest) != 0)
        abort();
    return guest;
}

static void stop(struct firmware *f, struct drv_guest *guest) {
    drv_guest_free(guest);
    crypto_aead_free(f->aead);
}

/* SERVICE NULL: not set. */
static struct drv_tsm_desc desc_of(size_t length, const char *service) {
    struct drv_tsm_desc desc = {.inblob = {1, 2, 3}, .inblob_len = length, .privlevel = 2};
    desc.service_provider_set = service != NULL;
    if (service != NULL) strcpy(desc.service_provider, service);
    return desc;
}

/* One outcome each, beside the row that is good.
 * @req LNX-TSM-050, LNX-TSM-051, LNX-TSM-052, LNX-TSM-053
 * @req LNX-TSM-054, LNX-TSM-056, LNX-TSM-057, LNX-TSM-058 */
static void outcomes(void) {
    static const struct {
        size_t inblob;
        const char *service;
        uint32_t status, size, vmm_error;
        unsigned asked;
        long rc;
    } rows[] = {
        {64, NULL, ABI_SUCCESS, ABI_REPORT_SIZE, 0, 1, 0},
        {64, "svsm", ABI_SUCCESS, ABI_REPORT_SIZE, 0, 0, -EINVAL},
        {63, NULL, ABI_SUCCESS, ABI_REPORT_SIZE, 0, 0, -EINVAL},
        {0, NULL, ABI_SUCCESS, ABI_REPORT_SIZE, 0, 0, -EINVAL},
        {64, "svsm2", ABI_SUCCESS, ABI_REPORT_SIZE, 0, 0, -EINVAL},
        {64, "", ABI_SUCCESS, ABI_REPORT_SIZE, 0, 0, -EINVAL},
        {64, NULL, ABI_INVALID_PARAM, ABI_REPORT_SIZE, 0, 1, -EINVAL},
        {64, NULL, ABI_INVALID_KEY, ABI_REPORT_SIZE, 0, 1, -EINVAL},
        {64, NULL, ABI_RESOURCE_LIMIT, ABI_REPORT_SIZE, 0, 1, -ENXIO},
        {64, NULL, ABI_SUCCESS, 4096 - 32, 0, 1, 0},
        {64, NULL, ABI_SUCCESS, 4096 - 31, 0, 1, -ENOMEM},
        {64, NULL, ABI_SUCCESS, UINT32_MAX, 0, 1, -ENOMEM},
        {64, NULL, ABI_SUCCESS, ABI_REPORT_SIZE, 1, 1, -EIO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct firmware f;
        struct drv_guest *guest = start(&f, DRV_KERNEL_6_12, 0);
        const struct drv_tsm_provider provider = drv_guest_tsm_provider(guest);
        const struct drv_tsm_desc desc = desc_of(rows[i].inblob, rows[i].service);
        struct drv_tsm_blobs *blobs = calloc(1, sizeof *blobs);
        if (blobs == NULL) abort();
        f.status = rows[i].status;
        f.size = rows[i].size;
        f.exit.vmm_error = rows[i].vmm_error;
        CU_ASSERT_EQUAL(provider.report_new(provider.ctx, &desc, blobs), rows[i].rc);
        CU_ASSERT_EQUAL(blobs->outblob_len, rows[i].rc == 0 ? rows[i].size : 0);
        CU_ASSERT_EQUAL(f.calls, rows[i].asked);
        CU_ASSERT_EQUAL(f.npages, 4 * rows[i].asked);
        free(blobs);
        stop(&f, guest);
    }
}

static void what_is_asked(void) {
    struct firmware f;
    struct drv_guest *guest = start(&f, DRV_KERNEL_6_12, 0);
    const struct drv_tsm_provider provider = drv_guest_tsm_provider(guest);
    const struct drv_tsm_desc desc = desc_of(64, NULL);
    struct drv_tsm_blobs *blobs = calloc(1, sizeof *blobs);
    uint8_t report[ABI_REPORT_SIZE];
    if (blobs == NULL) abort();
    memset(report, 0x77, sizeof report);
    CU_ASSERT_EQUAL(provider.report_new(provider.ctx, &desc, blobs), 0);
    UNIT_BYTES(f.asked, desc.inblob, 64);
    CU_ASSERT_EQUAL(abi_get_le32(f.asked + 64), 2);
    CU_ASSERT(abi_all_zero(f.asked + 68, 28));
    CU_ASSERT_EQUAL(blobs->outblob_len, ABI_REPORT_SIZE);
    UNIT_BYTES(blobs->outblob, report, sizeof report);
    CU_ASSERT_EQUAL(blobs->auxblob_len, 0);
    CU_ASSERT_EQUAL(blobs->manifestblob_len, 0);
    free(blobs);
    stop(&f, guest);
}

/* @req LNX-TSM-055 */
static void tables(void) {
    static const struct {
        uint32_t offset, length;
        uint8_t guid2; /* of a second entry; 0: the end */
        uint32_t offset2, length2;
        size_t size;
    } rows[] = {
        {72, 10, 1, 82, 20, 102},
        {82, 20, 1, 72, 10, 102},
        {48, 5, 0, 0, 0, 53},
        {48, 5, 0, 72, 10, 53}, /* nothing counts after the end */
        {72, 1, 1, 0x3FFF, 1, 0x4000},
        {72, 1, 1, 0x4000, 1, 0x4000},
        {72, 1, 1, UINT32_MAX, 2, 0x4000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct firmware f;
        uint8_t table[72] = {0};
        struct drv_guest *guest = start(&f, DRV_KERNEL_6_12, 0);
        const struct drv_tsm_provider provider = drv_guest_tsm_provider(guest);
        const struct drv_tsm_desc desc = desc_of(64, NULL);
        struct drv_tsm_blobs *blobs = calloc(1, sizeof *blobs);
        if (blobs == NULL) abort();
        table[0] = 1;
        abi_put_le32(table + 16, rows[i].offset);
        abi_put_le32(table + 20, rows[i].length);
        table[24] = rows[i].guid2;
        abi_put_le32(table + 40, rows[i].offset2);
        abi_put_le32(table + 44, rows[i].length2);
        f.table = table;
        f.table_size = sizeof table;
        CU_ASSERT_EQUAL(provider.report_new(provider.ctx, &desc, blobs), 0);
        CU_ASSERT_EQUAL(blobs->auxblob_len, rows[i].size);
        UNIT_BYTES(blobs->auxblob, table, rows[i].size < 72 ? rows[i].size : 72);
        free(blobs);
        stop(&f, guest);
    }
}

/* @req LNX-TSM-005, LNX-TSM-013 */
static void provider_of_a_vmpl(void) {
    for (unsigned vmpl = 0; vmpl < 4; vmpl++) {
        struct firmware f;
        struct drv_guest *guest = start(&f, DRV_KERNEL_6_12, vmpl);
        const struct drv_tsm_provider provider = drv_guest_tsm_provider(guest);
        CU_ASSERT_STRING_EQUAL(provider.name, "sev_guest");
        CU_ASSERT_EQUAL(provider.privlevel_floor, vmpl);
        CU_ASSERT_EQUAL(provider.svsm, vmpl != 0);
        stop(&f, guest);
    }
}

static const struct unit_test tests[] = {
    {"outcomes", outcomes}, {"what-is-asked", what_is_asked},
    {"tables", tables},     {"provider-of-a-vmpl", provider_of_a_vmpl},
    {NULL, NULL},
};

const struct unit_suite tsm_provider_suite = {"tsm-provider", tests};
