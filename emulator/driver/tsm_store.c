/* Writing attributes: the generation, numbers as kstrtouint reads them, and the SVSM service's. Linux
 * notes, section 5, errno table; section 8, further facts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tsm.h"

#define PRIVLEVEL_MAX 3

/* Somebody has written until the generations meet again without a read between. */
static long advance(struct tsm_item *item) {
    if (item->write_generation == item->read_generation - 1) return -EBUSY; /* @req LNX-TSM-032 */
    item->write_generation++;                                               /* @req LNX-TSM-030 */
    return 0;
}

/* kstrtouint with base 0: one plus sign, 0x or a leading 0, at least one digit, one newline at the end. It
 * notices more than 64 bits before what follows the digits, and more than 32 after it. */
static long parse_uint(const char *text, unsigned *number) {
    uint64_t value = 0;
    unsigned base = 10;
    if (*text == '+') text++;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    } else if (text[0] == '0') {
        base = 8;
    }
    const char *first = text;
    for (; (unsigned)abi_hex_digit(*text) < base; text++) {
        const unsigned next = (unsigned)abi_hex_digit(*text);
        if (value > (UINT64_MAX - next) / base) return -ERANGE; /* @req LNX-TSM-022 */
        value = value * base + next;
    }
    if (text == first) return -EINVAL; /* @req LNX-TSM-021 */
    if (*text == '\n') text++;
    if (*text != 0) return -EINVAL;         /* @req LNX-TSM-021 */
    if (value > UINT32_MAX) return -ERANGE; /* @req LNX-TSM-022 */
    *number = (unsigned)value;
    return 0;
}

static long store_privlevel(struct tsm_item *item, const char *text) {
    const struct drv_tsm *tsm = item->tsm;
    unsigned level;
    const long parsed = parse_uint(text, &level);
    if (parsed != 0) return parsed;
    if (!tsm->has_provider) return -ENXIO;                     /* @req LNX-TSM-023 */
    if (level < tsm->provider.privlevel_floor) return -EINVAL; /* @req LNX-TSM-024 */
    if (level > PRIVLEVEL_MAX) return -EINVAL;                 /* @req LNX-TSM-024 */
    const long rc = advance(item);
    if (rc == 0) item->desc.privlevel = level;
    return rc;
}

static long store_service_provider(struct tsm_item *item, char *text, size_t size) {
    struct drv_tsm_desc *desc = &item->desc;
    const long rc = advance(item);
    if (rc != 0) return rc;
    if (text[size - 1] == '\n') text[size - 1] = 0; /* @req LNX-TSM-026 */
    desc->service_provider_set = true;              /* @req LNX-TSM-026 */
    memset(desc->service_provider, 0, sizeof desc->service_provider);
    memcpy(desc->service_provider, text, strnlen(text, sizeof desc->service_provider - 1));
    return 0;
}

/* 8-4-4-4-12 hex digits; the first three groups are little-endian in a guid_t. */
static bool parse_guid(const char *text, uint8_t guid[ABI_GUID_SIZE]) {
    static const uint8_t place[ABI_GUID_SIZE] = {3, 2, 1,  0,  5,  4,  7,  6,
                                                 8, 9, 10, 11, 12, 13, 14, 15};
    size_t at = 0;
    for (size_t i = 0; i < ABI_GUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (text[at++] != '-') return false;
        }
        if (abi_hex_digit(text[at]) == -1 || abi_hex_digit(text[at + 1]) == -1) return false;
        guid[place[i]] = (uint8_t)(abi_hex_digit(text[at]) << 4 | abi_hex_digit(text[at + 1]));
        at += 2;
    }
    return true;
}

static long store_service_guid(struct tsm_item *item, const char *text) {
    uint8_t guid[ABI_GUID_SIZE];
    const long rc = advance(item);
    if (rc != 0) return rc;
    memset(item->desc.service_guid, 0, ABI_GUID_SIZE); /* @req LNX-TSM-027 */
    if (!parse_guid(text, guid)) return -EINVAL;       /* @req LNX-TSM-027 */
    memcpy(item->desc.service_guid, guid, ABI_GUID_SIZE);
    return 0;
}

static long store_manifest_version(struct tsm_item *item, const char *text) {
    unsigned version;
    long rc = parse_uint(text, &version);
    if (rc == 0) rc = advance(item);
    if (rc == 0) item->desc.service_manifest_version = version; /* @req LNX-TSM-028 */
    return rc;
}

/* What close delivers: at most DRV_TSM_INBLOB_MAX bytes. */
static long store_inblob(struct tsm_item *item, const uint8_t *bytes, size_t size) {
    const long rc = advance(item);
    if (rc != 0) return rc;
    memset(item->desc.inblob, 0, sizeof item->desc.inblob);
    memcpy(item->desc.inblob, bytes, size);
    item->desc.inblob_len = size; /* @req LNX-TSM-031 */
    return 0;
}

long drv_tsm_store(struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t *bytes,
                   size_t size) {
    char text[ABI_PAGE_SIZE];
    if (attr == DRV_TSM_INBLOB) return store_inblob(item, bytes, size); /* @req LNX-TSM-029 */
    memcpy(text, bytes, size);
    text[size] = 0;
    if (attr == DRV_TSM_PRIVLEVEL) return store_privlevel(item, text);
    if (attr == DRV_TSM_SERVICE_PROVIDER) return store_service_provider(item, text, size);
    if (attr == DRV_TSM_SERVICE_GUID) return store_service_guid(item, text);
    if (attr == DRV_TSM_SERVICE_MANIFEST_VERSION) return store_manifest_version(item, text);
    abort(); /* the others are not writable */
}
