/* The certificate table. Certificate notes, section 4. Entries may overlap, leave gaps and be
 * empty: the notes forbid none of that, and nothing reads past an entry's own bytes.
 * @gap AMB-214: a GUID twice. */
#include "sevkit/certtable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/layout.h"
#include "sevkit/bytes.h"

enum {
    ENTRY_GUID = 0x00,
    ENTRY_OFFSET = 0x10,
    ENTRY_LENGTH = 0x14,
};

#define ENTRY(member, at, end) ABI_FIELD_ENDS(struct abi_certtable_entry, member, at, end)

ENTRY(guid, ENTRY_GUID, ENTRY_OFFSET);
ENTRY(offset, ENTRY_OFFSET, ENTRY_LENGTH);
ENTRY(length, ENTRY_LENGTH, ABI_CERTTABLE_ENTRY_SIZE);
_Static_assert(ABI_CERTTABLE_ENTRY_SIZE == 24, "notes, section 4: 24-byte entries");

static const struct {
    enum abi_cert_kind kind;
    const char *name;
    uint8_t guid[ABI_GUID_SIZE];
} kinds[] = {
    /* 63da758d-e664-4564-adc5-f4b93be8accd */
    {ABI_CERT_VCEK,
     "VCEK",
     {0x63, 0xDA, 0x75, 0x8D, 0xE6, 0x64, 0x45, 0x64, 0xAD, 0xC5, 0xF4, 0xB9, 0x3B, 0xE8, 0xAC,
      0xCD}},
    /* a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
    {ABI_CERT_VLEK,
     "VLEK",
     {0xA8, 0x07, 0x4B, 0xC2, 0xA2, 0x5A, 0x48, 0x3E, 0xAA, 0xE6, 0x39, 0xC0, 0x45, 0xA0, 0xB8,
      0xA1}},
    /* 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
    {ABI_CERT_ASK,
     "ASK",
     {0x4A, 0xB7, 0xB3, 0x79, 0xBB, 0xAC, 0x4F, 0xE4, 0xA0, 0x2F, 0x05, 0xAE, 0xF3, 0x27, 0xC7,
      0x82}},
    /* c0b406a4-a803-4952-9743-3fb6014cd0ae */
    {ABI_CERT_ARK,
     "ARK",
     {0xC0, 0xB4, 0x06, 0xA4, 0xA8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3F, 0xB6, 0x01, 0x4C, 0xD0,
      0xAE}},
    /* 92f81bc3-5811-4d3d-97ff-d19f88dc67ea */
    {ABI_CERT_CRL,
     "CRL",
     {0x92, 0xF8, 0x1B, 0xC3, 0x58, 0x11, 0x4D, 0x3D, 0x97, 0xFF, 0xD1, 0x9F, 0x88, 0xDC, 0x67,
      0xEA}},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

enum abi_cert_kind abi_cert_kind_from_guid(const uint8_t guid[ABI_GUID_SIZE]) {
    for (size_t i = 0; i < KINDS; i++) {
        if (memcmp(kinds[i].guid, guid, ABI_GUID_SIZE) == 0) return kinds[i].kind;
    }
    return ABI_CERT_OTHER;
}

const uint8_t *abi_cert_guid(enum abi_cert_kind kind) {
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].kind == kind) return kinds[i].guid;
    }
    abort();
}

const char *abi_cert_kind_name(enum abi_cert_kind kind) {
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].kind == kind) return kinds[i].name;
    }
    return "other";
}

/* ---- decoding ---- */

static struct sevkit_result no_terminator(size_t at, size_t left) {
    return sevkit_fail(SEVKIT_BAD_LENGTH, "terminator", at, left,
                       "the entries must end with 24 zero bytes");
}

static struct sevkit_result too_many(size_t at) {
    return sevkit_fail(SEVKIT_LIMIT, "terminator", at, ABI_CERTTABLE_ENTRIES_MAX,
                       "at most 16 entries are read");
}

static struct sevkit_result bad_guid(size_t i, const struct abi_certtable_entry *e,
                                     const char *rule) {
    char field[40];
    snprintf(field, sizeof field, "entry[%zu].guid", i);
    return sevkit_fail(SEVKIT_BAD_VALUE, field, i * ABI_CERTTABLE_ENTRY_SIZE + ENTRY_GUID,
                       e->guid[0], rule);
}

static struct sevkit_result bad_offset(size_t i, const struct abi_certtable_entry *e,
                                       const char *rule) {
    char field[40];
    snprintf(field, sizeof field, "entry[%zu].offset", i);
    return sevkit_fail(SEVKIT_BAD_VALUE, field, i * ABI_CERTTABLE_ENTRY_SIZE + ENTRY_OFFSET,
                       e->offset, rule);
}

static struct sevkit_result bad_length(size_t i, const struct abi_certtable_entry *e) {
    char field[40];
    snprintf(field, sizeof field, "entry[%zu].length", i);
    return sevkit_fail(SEVKIT_BAD_LENGTH, field, i * ABI_CERTTABLE_ENTRY_SIZE + ENTRY_LENGTH,
                       e->length, "offset plus length must lie inside the table");
}

static bool guid_seen(const struct abi_certtable *table, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (memcmp(table->entries[j].guid, table->entries[i].guid, ABI_GUID_SIZE) == 0) return true;
    }
    return false;
}

static struct sevkit_result check_entry(const struct abi_certtable *table, size_t i, size_t size) {
    const struct abi_certtable_entry *e = &table->entries[i];
    const size_t header = (table->count + 1) * ABI_CERTTABLE_ENTRY_SIZE;
    if (abi_all_zero(e->guid, ABI_GUID_SIZE)) return bad_guid(i, e, "zero only in a terminator");
    if (guid_seen(table, i)) return bad_guid(i, e, "must occur once");       /* @req SNP-TAB-008 */
    if (e->offset < header) return bad_offset(i, e, "must be past entries"); /* @req SNP-TAB-005 */
    if (e->offset > size) return bad_offset(i, e, "must be in the table");   /* @req SNP-TAB-006 */
    if (e->length > size - e->offset) return bad_length(i, e);               /* @req SNP-TAB-006 */
    return sevkit_success();
}

struct sevkit_result abi_certtable_decode(const uint8_t *bytes, size_t size,
                                          struct abi_certtable *table) {
    table->count = 0;
    if (size == 0) return sevkit_success();
    for (size_t at = 0;; at += ABI_CERTTABLE_ENTRY_SIZE) {
        const size_t left = size - at;
        if (left < ABI_CERTTABLE_ENTRY_SIZE) return no_terminator(at, left); /* @req SNP-TAB-003 */
        if (abi_all_zero(bytes + at, ABI_CERTTABLE_ENTRY_SIZE)) break;
        if (table->count == ABI_CERTTABLE_ENTRIES_MAX) return too_many(at);
        struct abi_certtable_entry *e = &table->entries[table->count++];
        memcpy(e->guid, bytes + at + ENTRY_GUID, sizeof e->guid);
        e->offset = abi_get_le32(bytes + at + ENTRY_OFFSET);
        e->length = abi_get_le32(bytes + at + ENTRY_LENGTH);
    }
    for (size_t i = 0; i < table->count; i++) SEVKIT_TRY(check_entry(table, i, size));
    return sevkit_success();
}

/* ---- encoding ---- */

size_t abi_certtable_size(const struct abi_certtable_blob *blobs, size_t count) {
    size_t size = (count + 1) * ABI_CERTTABLE_ENTRY_SIZE;
    for (size_t i = 0; i < count; i++) size += blobs[i].size;
    return size;
}

static struct sevkit_result too_many_blobs(size_t count) {
    return sevkit_fail(SEVKIT_LIMIT, "count", SEVKIT_NO_OFFSET, count, "at most 16 entries");
}

static struct sevkit_result no_room_for_entries(size_t capacity) {
    return sevkit_fail(SEVKIT_BAD_LENGTH, "capacity", SEVKIT_NO_OFFSET, capacity,
                       "entries and terminator must fit into the table");
}

static struct sevkit_result no_room_for_blob(size_t i, size_t size) {
    char field[40];
    snprintf(field, sizeof field, "blob[%zu].size", i);
    return sevkit_fail(SEVKIT_BAD_LENGTH, field, SEVKIT_NO_OFFSET, size,
                       "every blob must fit into the table");
}

static struct sevkit_result bad_kind(size_t i, enum abi_cert_kind kind, const char *rule) {
    char field[40];
    snprintf(field, sizeof field, "blob[%zu].kind", i);
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, (uint64_t)kind, rule);
}

static bool kind_seen(const struct abi_certtable_blob *blobs, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (blobs[j].kind == blobs[i].kind) return true;
    }
    return false;
}

/* ROOM is what is left of the table in front of blob I. */
static struct sevkit_result check_blob(const struct abi_certtable_blob *blobs, size_t i,
                                       size_t room) {
    if (blobs[i].kind == ABI_CERT_OTHER) return bad_kind(i, blobs[i].kind, "must have a GUID");
    if (kind_seen(blobs, i)) return bad_kind(i, blobs[i].kind, "must occur once");
    if (blobs[i].size > room) return no_room_for_blob(i, blobs[i].size);
    return sevkit_success();
}

struct sevkit_result abi_certtable_encode(const struct abi_certtable_blob *blobs, size_t count,
                                          uint8_t *out, size_t capacity, size_t *size) {
    if (count > ABI_CERTTABLE_ENTRIES_MAX) return too_many_blobs(count);
    const size_t header = (count + 1) * ABI_CERTTABLE_ENTRY_SIZE;
    if (header > capacity) return no_room_for_entries(capacity);
    /* Offsets and lengths are 32-bit fields. */
    size_t room = (capacity < UINT32_MAX ? capacity : UINT32_MAX) - header;
    for (size_t i = 0; i < count; i++) {
        SEVKIT_TRY(check_blob(blobs, i, room));
        room -= blobs[i].size;
    }

    memset(out, 0, capacity);
    size_t end = header;
    for (size_t i = 0; i < count; i++) {
        uint8_t *entry = out + i * ABI_CERTTABLE_ENTRY_SIZE;
        memcpy(entry + ENTRY_GUID, abi_cert_guid(blobs[i].kind), ABI_GUID_SIZE);
        abi_put_le32(entry + ENTRY_OFFSET, (uint32_t)end);
        abi_put_le32(entry + ENTRY_LENGTH, (uint32_t)blobs[i].size);
        if (blobs[i].size != 0) memcpy(out + end, blobs[i].bytes, blobs[i].size);
        end += blobs[i].size;
    }
    *size = end;
    return sevkit_success();
}
