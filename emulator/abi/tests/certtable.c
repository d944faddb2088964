/* Unit tests of the certificate table. Certificate notes, section 4. */
#include "sevkit/certtable.h"

#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "suites.h"

#define ROOM 0x1000

/* The table of GUIDs, as the notes print them. */
static const struct {
    enum abi_cert_kind kind;
    const char *name;
    const char *guid;
} kinds[] = {
    {ABI_CERT_VCEK, "VCEK", "63da758d e664 4564 adc5 f4b93be8accd"},
    {ABI_CERT_VLEK, "VLEK", "a8074bc2 a25a 483e aae6 39c045a0b8a1"},
    {ABI_CERT_ASK, "ASK", "4ab7b379 bbac 4fe4 a02f 05aef327c782"},
    {ABI_CERT_ARK, "ARK", "c0b406a4 a803 4952 9743 3fb6014cd0ae"},
    {ABI_CERT_CRL, "CRL", "92f81bc3 5811 4d3d 97ff d19f88dc67ea"},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void put32(uint8_t *p, uint32_t v) {
    for (unsigned i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (8 * i));
}

/* Writes entry I with a GUID of bytes FIRST, FIRST+1 and so on. */
static void put_entry(uint8_t *table, size_t i, uint8_t first, uint32_t offset, uint32_t length) {
    uint8_t *e = table + 24 * i;
    for (unsigned b = 0; b < 16; b++) e[b] = (uint8_t)(first + b);
    put32(e + 16, offset);
    put32(e + 20, length);
}

/* COUNT entries (GUIDs 1.., 2.., and so on), each over the whole space behind the entries of SIZE
 * bytes, then a terminator. */
static void put_table(uint8_t *table, size_t count, size_t size) {
    memset(table, 0, size);
    const uint32_t header = (uint32_t)(24 * (count + 1));
    for (size_t i = 0; i < count; i++) {
        put_entry(table, i, (uint8_t)(i + 1), header, (uint32_t)size - header);
    }
}

static void guids(void) {
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t guid[16];
        CU_ASSERT_EQUAL(unit_hex(kinds[i].guid, guid, sizeof guid), 16);
        UNIT_BYTES(abi_cert_guid(kinds[i].kind), guid, 16);
        CU_ASSERT_EQUAL(abi_cert_kind_from_guid(guid), kinds[i].kind);
        CU_ASSERT_STRING_EQUAL(abi_cert_kind_name(kinds[i].kind), kinds[i].name);
        for (unsigned b = 0; b < 16; b++) {
            guid[b] ^= 0x10;
            CU_ASSERT_EQUAL(abi_cert_kind_from_guid(guid), ABI_CERT_OTHER);
            guid[b] ^= 0x10;
        }
    }
    CU_ASSERT_STRING_EQUAL(abi_cert_kind_name(ABI_CERT_OTHER), "other");
    static const uint8_t zero[16];
    CU_ASSERT_EQUAL(abi_cert_kind_from_guid(zero), ABI_CERT_OTHER);
}

/* A host without certificates writes nothing, or one zero entry. */
static void empty_tables(void) {
    struct abi_certtable table = {.count = 7};
    UNIT_OK(abi_certtable_decode(NULL, 0, &table));
    CU_ASSERT_EQUAL(table.count, 0);
    static const uint8_t zero[0x1000];
    static const size_t sizes[] = {24, 25, 0x1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        table.count = 7;
        UNIT_OK(abi_certtable_decode(zero, sizes[i], &table));
        CU_ASSERT_EQUAL(table.count, 0);
    }
}

static void entries_are_read(void) {
    uint8_t bytes[ROOM];
    put_table(bytes, 3, ROOM);
    put_entry(bytes, 1, 0x70, 0x0234, 0x0156);
    struct abi_certtable table;
    memset(&table, 0xEE, sizeof table);
    UNIT_OK(abi_certtable_decode(bytes, ROOM, &table));
    CU_ASSERT_EQUAL(table.count, 3);
    for (size_t i = 0; i < 3; i++) UNIT_BYTES(table.entries[i].guid, bytes + 24 * i, 16);
    CU_ASSERT_EQUAL(table.entries[0].offset, 96);
    CU_ASSERT_EQUAL(table.entries[0].length, ROOM - 96);
    CU_ASSERT_EQUAL(table.entries[1].offset, 0x0234);
    CU_ASSERT_EQUAL(table.entries[1].length, 0x0156);
    CU_ASSERT_EQUAL(table.entries[2].offset, 96);
}

/* Numbers are little-endian over all four bytes: an offset and a length that only a table of 16 MiB
 * holds are named with their values. */
static void numbers_are_little_endian(void) {
    uint8_t bytes[ROOM];
    struct abi_certtable table;
    put_table(bytes, 1, ROOM);
    put_entry(bytes, 0, 1, 0x04030201, 0);
    CU_ASSERT_EQUAL(abi_certtable_decode(bytes, ROOM, &table).value, 0x04030201);
    put_entry(bytes, 0, 1, 48, 0x08070605);
    CU_ASSERT_EQUAL(abi_certtable_decode(bytes, ROOM, &table).value, 0x08070605);
}

static void overlaps_gaps_and_empty_entries_are_accepted(void) {
    uint8_t bytes[ROOM];
    struct abi_certtable table;
    put_table(bytes, 4, ROOM);
    put_entry(bytes, 0, 1, 200, 100);
    put_entry(bytes, 1, 2, 250, 100);
    put_entry(bytes, 2, 3, 200, 0);
    put_entry(bytes, 3, 4, 1000, 1);
    UNIT_OK(abi_certtable_decode(bytes, ROOM, &table));
    CU_ASSERT_EQUAL(table.count, 4);
}

/* One entry in ROOM bytes: its offset and length at and beyond each bound. */
static void bounds(void) {
    static const struct {
        uint32_t offset, length;
        const char *field; /* NULL: accepted */
        enum sevkit_code code;
    } rows[] = {
        {0, 0, "entry[0].offset", SEVKIT_BAD_VALUE},
        {24, 8, "entry[0].offset", SEVKIT_BAD_VALUE},
        {47, 1, "entry[0].offset", SEVKIT_BAD_VALUE},
        {48, 0, NULL, SEVKIT_OK},
        {48, ROOM - 48, NULL, SEVKIT_OK},
        {48, ROOM - 47, "entry[0].length", SEVKIT_BAD_LENGTH},
        {ROOM - 1, 1, NULL, SEVKIT_OK},
        {ROOM - 1, 2, "entry[0].length", SEVKIT_BAD_LENGTH},
        {ROOM, 0, NULL, SEVKIT_OK},
        {ROOM, 1, "entry[0].length", SEVKIT_BAD_LENGTH},
        {ROOM + 1, 0, "entry[0].offset", SEVKIT_BAD_VALUE},
        {UINT32_MAX, 0, "entry[0].offset", SEVKIT_BAD_VALUE},
        /* offset + length wraps to a small number in 32 bits */
        {UINT32_MAX, 2, "entry[0].offset", SEVKIT_BAD_VALUE},
        {0x100, 0xFFFFFF10, "entry[0].length", SEVKIT_BAD_LENGTH},
        {0x100, UINT32_MAX, "entry[0].length", SEVKIT_BAD_LENGTH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[ROOM];
        struct abi_certtable table;
        put_table(bytes, 1, ROOM);
        put_entry(bytes, 0, 1, rows[i].offset, rows[i].length);
        const struct sevkit_result r = abi_certtable_decode(bytes, ROOM, &table);
        if (rows[i].field == NULL) {
            UNIT_OK(r);
            continue;
        }
        UNIT_FAILS(r, rows[i].code, rows[i].field);
        const bool length = rows[i].code == SEVKIT_BAD_LENGTH;
        CU_ASSERT_EQUAL(r.offset, length ? 20 : 16);
        CU_ASSERT_EQUAL(r.value, length ? rows[i].length : rows[i].offset);
    }
}

/* Each entry of a full table is checked, and named by its own number. */
static void every_entry_is_checked(void) {
    for (size_t i = 0; i < 16; i++) {
        uint8_t bytes[ROOM];
        struct abi_certtable table;
        char field[32];
        put_table(bytes, 16, ROOM);
        put_entry(bytes, i, (uint8_t)(i + 1), 24 * 17 - 1, 1);
        snprintf(field, sizeof field, "entry[%u].offset", (unsigned)i);
        const struct sevkit_result r = abi_certtable_decode(bytes, ROOM, &table);
        UNIT_FAILS(r, SEVKIT_BAD_VALUE, field);
        CU_ASSERT_EQUAL(r.offset, 24 * i + 16);
        put_entry(bytes, i, (uint8_t)(i + 1), ROOM, 1);
        snprintf(field, sizeof field, "entry[%u].length", (unsigned)i);
        UNIT_FAILS(abi_certtable_decode(bytes, ROOM, &table), SEVKIT_BAD_LENGTH, field);
    }
}

static void first_wrong_entry_is_named(void) {
    uint8_t bytes[ROOM];
    struct abi_certtable table;
    put_table(bytes, 3, ROOM);
    put_entry(bytes, 1, 2, ROOM, 1);
    put_entry(bytes, 2, 3, 0, 0);
    UNIT_FAILS(abi_certtable_decode(bytes, ROOM, &table), SEVKIT_BAD_LENGTH, "entry[1].length");
    put_entry(bytes, 1, 2, 0, UINT32_MAX);
    UNIT_FAILS(abi_certtable_decode(bytes, ROOM, &table), SEVKIT_BAD_VALUE, "entry[1].offset");
    put_entry(bytes, 1, 1, 0, UINT32_MAX);
    UNIT_FAILS(abi_certtable_decode(bytes, ROOM, &table), SEVKIT_BAD_VALUE, "entry[1].guid");
}

/* Every prefix of a table that ends before its terminator does. */
static void missing_terminator(void) {
    uint8_t bytes[ROOM];
    put_table(bytes, 2, ROOM);
    put_entry(bytes, 0, 1, 72, 0);
    put_entry(bytes, 1, 2, 72, 0);
    for (size_t size = 1; size < 72; size++) {
        struct abi_certtable table;
        const struct sevkit_result r = abi_certtable_decode(bytes, size, &table);
        UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "terminator");
        CU_ASSERT_EQUAL(r.offset, size / 24 * 24);
        CU_ASSERT_EQUAL(r.value, size % 24);
    }
    struct abi_certtable table;
    UNIT_OK(abi_certtable_decode(bytes, 72, &table));
    CU_ASSERT_EQUAL(table.count, 2);
}

/* A zero GUID alone is no terminator, nor is it an entry. */
static void zero_guid_beside_numbers(void) {
    for (size_t b = 16; b < 24; b++) {
        uint8_t bytes[ROOM];
        struct abi_certtable table;
        put_table(bytes, 2, ROOM);
        memset(bytes + 24, 0, 24);
        bytes[24 + b] = 1;
        const struct sevkit_result r = abi_certtable_decode(bytes, ROOM, &table);
        UNIT_FAILS(r, SEVKIT_BAD_VALUE, "entry[1].guid");
        CU_ASSERT_EQUAL(r.offset, 24);
    }
}

static void duplicate_guids(void) {
    for (size_t a = 0; a < 5; a++) {
        for (size_t b = a + 1; b < 5; b++) {
            uint8_t bytes[ROOM];
            struct abi_certtable table;
            char field[32];
            put_table(bytes, 5, ROOM);
            bytes[24 * a + 1] ^= 0x55;
            memcpy(bytes + 24 * b, bytes + 24 * a, 16);
            snprintf(field, sizeof field, "entry[%u].guid", (unsigned)b);
            const struct sevkit_result r = abi_certtable_decode(bytes, ROOM, &table);
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, field);
            CU_ASSERT_EQUAL(r.offset, 24 * b);
            CU_ASSERT_EQUAL(r.value, bytes[24 * b]);
            bytes[24 * b + 15] ^= 1;
            UNIT_OK(abi_certtable_decode(bytes, ROOM, &table));
            bytes[24 * b + 15] ^= 1;
            bytes[24 * b] ^= 0x80;
            UNIT_OK(abi_certtable_decode(bytes, ROOM, &table));
        }
    }
}

static void sixteen_entries_and_no_more(void) {
    uint8_t bytes[ROOM];
    struct abi_certtable table;
    put_table(bytes, 16, ROOM);
    UNIT_OK(abi_certtable_decode(bytes, ROOM, &table));
    CU_ASSERT_EQUAL(table.count, 16);
    put_table(bytes, 17, ROOM);
    const struct sevkit_result r = abi_certtable_decode(bytes, ROOM, &table);
    UNIT_FAILS(r, SEVKIT_LIMIT, "terminator");
    CU_ASSERT_EQUAL(r.offset, 24 * 16);
}

/* Whatever is read from noise lies inside the noise. */
static void noise(void) {
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        uint8_t bytes[256];
        struct abi_certtable table;
        fill_random(bytes, sizeof bytes, seed);
        const size_t count = seed % 5;
        memset(bytes + 24 * count, 0, 24);
        for (size_t i = 0; i < count; i++) {
            memset(bytes + 24 * i + 17, 0, 3);
            memset(bytes + 24 * i + 21, 0, 3);
        }
        if (!sevkit_ok(abi_certtable_decode(bytes, sizeof bytes, &table))) continue;
        CU_ASSERT_EQUAL(table.count, count);
        for (size_t i = 0; i < table.count; i++) {
            CU_ASSERT(table.entries[i].offset >= 24 * (count + 1));
            CU_ASSERT((uint64_t)table.entries[i].offset + table.entries[i].length <= sizeof bytes);
        }
    }
}

static const uint8_t one[] = {1, 2, 3, 4, 5};
static const uint8_t two[] = {0x10, 0x20, 0x30};
static const struct abi_certtable_blob blobs[] = {
    {ABI_CERT_VCEK, one, sizeof one},
    {ABI_CERT_ASK, NULL, 0},
    {ABI_CERT_ARK, two, sizeof two},
};

static void encoded_bytes(void) {
    uint8_t want[150] = {0};
    memcpy(want, abi_cert_guid(ABI_CERT_VCEK), 16);
    put32(want + 16, 96);
    put32(want + 20, 5);
    memcpy(want + 24, abi_cert_guid(ABI_CERT_ASK), 16);
    put32(want + 40, 101);
    memcpy(want + 48, abi_cert_guid(ABI_CERT_ARK), 16);
    put32(want + 64, 101);
    put32(want + 68, 3);
    memcpy(want + 96, (uint8_t[8]){1, 2, 3, 4, 5, 0x10, 0x20, 0x30}, 8);

    CU_ASSERT_EQUAL(abi_certtable_size(blobs, 3), 104);
    uint8_t got[151];
    memset(got, 0xCC, sizeof got);
    size_t size = 0;
    UNIT_OK(abi_certtable_encode(blobs, 3, got, 150, &size));
    CU_ASSERT_EQUAL(size, 104);
    UNIT_BYTES(got, want, 150);
    CU_ASSERT_EQUAL(got[150], 0xCC);

    struct abi_certtable table;
    UNIT_OK(abi_certtable_decode(got, 150, &table));
    CU_ASSERT_EQUAL(table.count, 3);
    CU_ASSERT_EQUAL(abi_cert_kind_from_guid(table.entries[2].guid), ABI_CERT_ARK);
}

/* A refusal to encode names the argument and the VALUE that it had, and no offset. */
static bool refused(struct sevkit_result r, enum sevkit_code code, const char *field,
                    uint64_t value) {
    return unit_fails(r, code, field) && r.offset == SEVKIT_NO_OFFSET && r.value == value;
}

static void encode_without_blobs(void) {
    uint8_t got[32];
    static const uint8_t zero[32];
    size_t size = 0;
    memset(got, 0xCC, sizeof got);
    CU_ASSERT_EQUAL(abi_certtable_size(NULL, 0), 24);
    UNIT_OK(abi_certtable_encode(NULL, 0, got, sizeof got, &size));
    CU_ASSERT_EQUAL(size, 24);
    UNIT_BYTES(got, zero, sizeof got);
    UNIT_OK(abi_certtable_encode(NULL, 0, got, 24, &size));
    CU_ASSERT(
        refused(abi_certtable_encode(NULL, 0, got, 23, &size), SEVKIT_BAD_LENGTH, "capacity", 23));
}

static void encode_one_byte(void) {
    const struct abi_certtable_blob blob = {ABI_CERT_VCEK, one, 1};
    uint8_t got[49];
    size_t size = 0;
    UNIT_OK(abi_certtable_encode(&blob, 1, got, sizeof got, &size));
    CU_ASSERT_EQUAL(size, 49);
    CU_ASSERT_EQUAL(got[48], one[0]);
}

/* On failure nothing has been written. */
static void encode_needs_room(void) {
    uint8_t got[104];
    uint8_t before[104];
    memset(got, 0xCC, sizeof got);
    memset(before, 0xCC, sizeof before);
    size_t size = 77;
    for (size_t capacity = 0; capacity < 104; capacity++) {
        const struct sevkit_result r = abi_certtable_encode(blobs, 3, got, capacity, &size);
        const char *field = capacity < 96    ? "capacity"
                            : capacity < 101 ? "blob[0].size"
                                             : "blob[2].size";
        const size_t value = capacity < 96 ? capacity : capacity < 101 ? sizeof one : sizeof two;
        CU_ASSERT(refused(r, SEVKIT_BAD_LENGTH, field, value));
    }
    UNIT_BYTES(got, before, sizeof got);
    CU_ASSERT_EQUAL(size, 77);
    UNIT_OK(abi_certtable_encode(blobs, 3, got, 104, &size));
}

/* Offsets and lengths have 32 bits whatever the capacity; the refusal comes before any byte is read
 * or written. */
static void encode_stays_within_32_bits(void) {
    const struct abi_certtable_blob wide = {ABI_CERT_VCEK, one, (size_t)UINT32_MAX - 47};
    uint8_t got[48];
    size_t size;
    UNIT_FAILS(abi_certtable_encode(&wide, 1, got, SIZE_MAX, &size), SEVKIT_BAD_LENGTH,
               "blob[0].size");
}

static void encode_refuses_bad_kinds(void) {
    uint8_t got[ROOM];
    size_t size;
    const struct abi_certtable_blob other[] = {{ABI_CERT_ARK, one, 1}, {ABI_CERT_OTHER, one, 1}};
    CU_ASSERT(refused(abi_certtable_encode(other, 2, got, ROOM, &size), SEVKIT_BAD_VALUE,
                      "blob[1].kind", ABI_CERT_OTHER));
    const struct abi_certtable_blob twice[] = {
        {ABI_CERT_ARK, one, 1}, {ABI_CERT_ASK, one, 1}, {ABI_CERT_ARK, two, 1}};
    CU_ASSERT(refused(abi_certtable_encode(twice, 3, got, ROOM, &size), SEVKIT_BAD_VALUE,
                      "blob[2].kind", ABI_CERT_ARK));
}

static void encode_limits_the_count(void) {
    static const struct abi_certtable_blob many[17];
    uint8_t got[ROOM];
    size_t size;
    /* 16 pass the limit, and fail for what they are. */
    UNIT_FAILS(abi_certtable_encode(many, 16, got, ROOM, &size), SEVKIT_BAD_VALUE, "blob[0].kind");
    CU_ASSERT(refused(abi_certtable_encode(many, 17, got, ROOM, &size), SEVKIT_LIMIT, "count", 17));
    UNIT_FAILS(abi_certtable_encode(many, SIZE_MAX, got, ROOM, &size), SEVKIT_LIMIT, "count");
}

static const struct unit_test tests[] = {
    {"guids", guids},
    {"empty-tables", empty_tables},
    {"entries-are-read", entries_are_read},
    {"numbers-are-little-endian", numbers_are_little_endian},
    {"overlaps-gaps-and-empty-entries-are-accepted", overlaps_gaps_and_empty_entries_are_accepted},
    {"bounds", bounds},
    {"every-entry-is-checked", every_entry_is_checked},
    {"first-wrong-entry-is-named", first_wrong_entry_is_named},
    {"missing-terminator", missing_terminator},
    {"zero-guid-beside-numbers", zero_guid_beside_numbers},
    {"duplicate-guids", duplicate_guids},
    {"sixteen-entries-and-no-more", sixteen_entries_and_no_more},
    {"noise", noise},
    {"encoded-bytes", encoded_bytes},
    {"encode-without-blobs", encode_without_blobs},
    {"encode-one-byte", encode_one_byte},
    {"encode-needs-room", encode_needs_room},
    {"encode-stays-within-32-bits", encode_stays_within_32_bits},
    {"encode-refuses-bad-kinds", encode_refuses_bad_kinds},
    {"encode-limits-the-count", encode_limits_the_count},
    {NULL, NULL},
};

const struct unit_suite abi_certtable_suite = {"certtable", tests};
