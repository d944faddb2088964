/* Writing attributes: numbers, the SVSM service, the generation. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tsm_fixture.h"
#include "unit/unit.h"

/* @req LNX-TSM-021, LNX-TSM-022, LNX-TSM-024, LNX-TSM-030 */
void tsm_privlevels(void) {
    static const struct {
        const char *text;
        long rc; /* 0: accepted */
        unsigned level;
    } rows[] = {
        {"1", 0, 1},
        {"3\n", 0, 3},
        {"0x2", 0, 2},
        {"+2", 0, 2},
        {"02", 0, 2},
        {"0X3\n", 0, 3},
        {"", -EFAULT, 0},
        {"\n", -EINVAL, 0},
        {"x", -EINVAL, 0},
        {"1x", -EINVAL, 0},
        {"1\n\n", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"08", -EINVAL, 0},
        {"0x", -EINVAL, 0},
        {"++1", -EINVAL, 0},
        {"4", -EINVAL, 0},
        {"0", -EINVAL, 0},
        {"4294967295", -EINVAL, 0},
        {"4294967296", -ERANGE, 0},
        {"0x100000000", -ERANGE, 0},
        {"4294967296x", -EINVAL, 0},
        {"18446744073709551615", -ERANGE, 0},
        {"18446744073709551615x", -EINVAL, 0},
        {"18446744073709551616x", -ERANGE, 0},
        {"0x10000000000000000x", -ERANGE, 0},
        {"99999999999999999999999999", -ERANGE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 1, false);
        uint8_t byte;
        const long rc = tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, rows[i].text);
        const bool good = rows[i].rc == 0;
        if (rc != (good ? (long)strlen(rows[i].text) : rows[i].rc))
            fprintf(stderr, "    \"%s\": got %ld\n", rows[i].text, rc);
        CU_ASSERT_EQUAL(rc, good ? (long)strlen(rows[i].text) : rows[i].rc);
        tsm_shows(tsm, DRV_TSM_GENERATION, good ? "1\n" : "0\n");
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), 1);
        CU_ASSERT_EQUAL(fake.desc.privlevel, rows[i].level);
        drv_tsm_free(tsm);
    }
}

/* @req LNX-TSM-021, LNX-TSM-028 */
void tsm_numbers(void) {
    static const struct {
        const char *text;
        unsigned number;
    } rows[] = {
        {"0", 0},
        {"09", 77}, /* refused, as no digit of base 8: the 77 stays */
        {"0xaf90", 0xAF90},
        {"0XAF09\n", 0xAF09},
        {"\n", 77},
        {"+", 77},
        {"08", 77},
        {"0x", 77},
        {"0xg", 77},
        {"0xG", 77},
        {"0x:", 77},
        {"0x/", 77},
        {"0x@", 77},
        {"0x`", 77},
        {"0x1g", 77},
        {"0x1G", 77},
        {"1/", 77},
        {"1:", 77},
        {"a", 77},
        {"0755", 0755},
        {"+0x10", 16},
        {"12345678", 12345678},
        {"4294967295", UINT32_MAX},
        {"0x0ffffffff", UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 0, true);
        tsm->items->desc.service_manifest_version = 77;
        const long rc = tsm_put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, rows[i].text);
        CU_ASSERT_EQUAL(rc, rows[i].number == 77 ? -EINVAL : (long)strlen(rows[i].text));
        CU_ASSERT_EQUAL(tsm->items->desc.service_manifest_version, rows[i].number);
        drv_tsm_free(tsm);
    }
}

/* Number, provider, range, generation. @req LNX-TSM-023, LNX-TSM-032 */
void tsm_privlevel_order(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 1, false);
    tsm->items->read_generation = 1; /* as after 2^64 - 1 writes and one read */
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "2"), -EBUSY);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "0"), -EINVAL);
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "0"), -ENXIO);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "x"), -EINVAL);
    tsm_shows(tsm, DRV_TSM_GENERATION, "0\n");
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-032 */
void tsm_busy(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, true);
    struct drv_tsm_file *file = NULL;
    tsm->items->read_generation = 1;
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm"), -EBUSY);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "x"), -EBUSY);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "7"), -EBUSY);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_write(file, 0, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_close(file), -EBUSY);
    CU_ASSERT_EQUAL(tsm->items->write_generation, 0);
    CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, 0);
    tsm->items->read_generation = 2; /* two behind is not yet the end */
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(tsm->items->write_generation, 1);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-026, LNX-TSM-027, LNX-TSM-028 */
void tsm_services(void) {
    static const char guid[] = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3\n";
    static const uint8_t bytes[16] = {0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45,
                                      0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3};
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, true);
    const struct drv_tsm_desc *desc = &tsm->items->desc;
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm\n"), 5);
    CU_ASSERT_STRING_EQUAL(desc->service_provider, "svsm");
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "a\n\n"), 3);
    CU_ASSERT_STRING_EQUAL(desc->service_provider, "a\n");
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, guid), (long)sizeof guid - 1);
    UNIT_BYTES(desc->service_guid, bytes, sizeof bytes);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "c476f1eb-0123-45a5-9641_b4e7dde5bfe3"),
                    -EINVAL);
    CU_ASSERT(abi_all_zero(desc->service_guid, 16));
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, guid), (long)sizeof guid - 1);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "c476f1eb-0123-45a5-9641-b4e7dde5bfe"),
                    -EINVAL);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "c476f1eb-0123-45a5-9641-b4e7dde5bfeg"),
                    -EINVAL);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "cg76f1eb-0123-45a5-9641-b4e7dde5bfe3"),
                    -EINVAL);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "gc76f1eb-0123-45a5-9641-b4e7dde5bfe3"),
                    -EINVAL);
    CU_ASSERT(abi_all_zero(desc->service_guid, 16));
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "0x10"), 4);
    CU_ASSERT_EQUAL(desc->service_manifest_version, 16);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "v"), -EINVAL);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "4294967296"), -ERANGE);
    CU_ASSERT_EQUAL(desc->service_manifest_version, 16);
    tsm_shows(tsm, DRV_TSM_GENERATION, "10\n");
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-026 */
void tsm_service_providers(void) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *value;
    } rows[] = {
        {"svsm", 4, "svsm"},
        {"svsm\n", 5, "svsm"},
        {"svsm\n\n", 6, "svsm\n"},
        {"\n", 1, ""},
        {"\0", 1, ""},
        {"svsm\0x", 6, "svsm"},
        {"svsm\0\n", 6, "svsm"},
        {"svsm\n\0", 6, "svsm\n"},
        {"s\nm", 3, "s\nm"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 0, true);
        const struct drv_tsm_desc *desc = &tsm->items->desc;
        CU_ASSERT(!desc->service_provider_set);
        CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "a longer one"), 12);
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_SERVICE_PROVIDER, rows[i].bytes, rows[i].size),
                        (long)rows[i].size);
        CU_ASSERT(desc->service_provider_set);
        CU_ASSERT_STRING_EQUAL(desc->service_provider, rows[i].value);
        drv_tsm_free(tsm);
    }
}

/* What has no place in the item's 64 bytes is cut, and is no known provider anyhow. */
void tsm_long_service_provider(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, true);
    const struct drv_tsm_desc *desc = &tsm->items->desc;
    char text[ABI_PAGE_SIZE + 10];
    memset(text, 's', sizeof text);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_SERVICE_PROVIDER, text, 63), 63);
    CU_ASSERT_EQUAL(strlen(desc->service_provider), 63);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_SERVICE_PROVIDER, text, 64), 64);
    CU_ASSERT_EQUAL(strlen(desc->service_provider), 63);
    /* One write takes a page less a byte. */
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_SERVICE_PROVIDER, text, ABI_PAGE_SIZE - 1), 4095);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_SERVICE_PROVIDER, text, ABI_PAGE_SIZE), 4095);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_SERVICE_PROVIDER, text, sizeof text), 4095);
    CU_ASSERT_EQUAL(desc->service_guid[0], 0);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-029 */
void tsm_stores_without_provider(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, true);
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, 64);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm"), 4);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_GUID, "no GUID"), -EINVAL);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "5"), 1);
    tsm_shows(tsm, DRV_TSM_GENERATION, "4\n");
    drv_tsm_free(tsm);
}
