/* Unit tests of the CPUID page and messages. Guest message notes, section 6. */
#include "sevkit/cpuid.h"

#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "suites.h"

#define PAGE 0x1000
#define SIZE 0xC10

CODEC_ADAPTERS(abi_cpuid_entry)
CODEC_ADAPTERS(abi_cpuid_req)
CODEC_ADAPTERS(abi_cpuid_rsp)

#define E(member, wire, size) NUMBER(struct abi_cpuid_entry, member, wire, size)

static const struct field entry_fields[] = {
    E(eax_in, 0x00, 4),   E(ecx_in, 0x04, 4), E(xcr0_in, 0x08, 8), E(xss_in, 0x10, 8),
    E(eax, 0x18, 4),      E(ebx, 0x1C, 4),    E(ecx, 0x20, 4),     E(edx, 0x24, 4),
    E(reserved, 0x28, 8), {.name = NULL},
};

#define ENTRY_ROWS (sizeof entry_fields / sizeof entry_fields[0] - 1)

static const struct field req_head[] = {
    NUMBER(struct abi_cpuid_req, count, 0x00, 4),
    NUMBER(struct abi_cpuid_req, reserved_04, 0x04, 4),
    NUMBER(struct abi_cpuid_req, reserved_08, 0x08, 8),
};

static const struct field rsp_head[] = {
    NUMBER(struct abi_cpuid_rsp, status, 0x00, 4),
    NUMBER(struct abi_cpuid_rsp, count, 0x04, 4),
    NUMBER(struct abi_cpuid_rsp, reserved_08, 0x08, 8),
};

/* HEAD, then 64 entries of 0x30 bytes from 0x10 on; ENTRIES is their place in the C structure. */
static const struct field *all_rows(const struct field head[3], size_t entries) {
    static struct field rows[3 + 64 * ENTRY_ROWS + 1];
    memcpy(rows, head, 3 * sizeof rows[0]);
    struct field *next = rows + 3;
    for (size_t e = 0; e < 64; e++) {
        for (size_t i = 0; i < ENTRY_ROWS; i++, next++) {
            *next = entry_fields[i];
            next->wire += 0x10 + e * 0x30;
            next->member += entries + e * sizeof(struct abi_cpuid_entry);
        }
    }
    *next = (struct field){.name = NULL};
    return rows;
}

static void entry_layout(void) {
    codec_check(&(struct codec){.name = "CPUID_FUNCTION",
                                .size = 0x30,
                                .object = sizeof(struct abi_cpuid_entry),
                                .decode = abi_cpuid_entry_in,
                                .encode = abi_cpuid_entry_out,
                                .fields = entry_fields});
}

static void req_layout(void) {
    codec_check(
        &(struct codec){.name = "CPUID_REQ",
                        .size = SIZE,
                        .object = sizeof(struct abi_cpuid_req),
                        .decode = abi_cpuid_req_in,
                        .encode = abi_cpuid_req_out,
                        .fields = all_rows(req_head, offsetof(struct abi_cpuid_req, entries))});
}

static void rsp_layout(void) {
    codec_check(
        &(struct codec){.name = "CPUID_RSP",
                        .size = SIZE,
                        .object = sizeof(struct abi_cpuid_rsp),
                        .decode = abi_cpuid_rsp_in,
                        .encode = abi_cpuid_rsp_out,
                        .fields = all_rows(rsp_head, offsetof(struct abi_cpuid_rsp, entries))});
}

/* A page of COUNT entries with every defined byte set and every reserved one zero; what lies past
 * the entries is set, too. */
static void good_page(uint32_t count, uint8_t page[PAGE]) {
    memset(page, 0xE1, PAGE);
    memset(page, 0, 0x10);
    page[0] = (uint8_t)count;
    for (size_t i = 0; i < count; i++) memset(page + 0x10 + 0x30 * i + 0x28, 0, 8);
}

static void good_pages(void) {
    static const uint32_t counts[] = {0, 1, 2, 63, 64};
    uint8_t page[PAGE];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        good_page(counts[i], page);
        UNIT_OK(abi_cpuid_page_check(page, PAGE));
        UNIT_OK(abi_cpuid_page_check(page, SIZE));
    }
}

static void short_pages_are_refused(void) {
    static const size_t sizes[] = {0, 1, 0x10, 0x40, 0xC0F};
    uint8_t page[PAGE];
    good_page(0, page);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct sevkit_result r = abi_cpuid_page_check(page, sizes[i]);
        UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "CPUID_PAGE");
        CU_ASSERT_EQUAL(r.value, sizes[i]);
    }
}

static void counts_above_64_are_refused(void) {
    static const uint32_t counts[] = {65, 255, 0x100, 0x10000, 0x80000000, UINT32_MAX};
    uint8_t page[PAGE];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        good_page(0, page);
        for (unsigned b = 0; b < 4; b++) page[b] = (uint8_t)(counts[i] >> (8 * b));
        const struct sevkit_result r = abi_cpuid_page_check(page, PAGE);
        UNIT_FAILS(r, SEVKIT_BAD_VALUE, "COUNT");
        CU_ASSERT_EQUAL(r.offset, 0);
        CU_ASSERT_EQUAL(r.value, counts[i]);
    }
}

static void header_reserved_bytes(void) {
    uint8_t page[PAGE];
    for (size_t at = 4; at < 0x10; at++) {
        good_page(64, page);
        page[at] = 0x40;
        const struct sevkit_result r = abi_cpuid_page_check(page, PAGE);
        UNIT_FAILS(r, SEVKIT_RESERVED, at < 8 ? "RESERVED_04" : "RESERVED_08");
        CU_ASSERT_EQUAL(r.offset, at);
        CU_ASSERT_EQUAL(r.value, 0x40);
    }
}

static void entry_reserved_bytes(void) {
    uint8_t page[PAGE];
    for (size_t e = 0; e < 64; e++) {
        for (size_t b = 0; b < 8; b++) {
            good_page(64, page);
            page[0x10 + 0x30 * e + 0x28 + b] = 0x80;
            char field[32];
            snprintf(field, sizeof field, "entry[%u].RESERVED_28", (unsigned)e);
            const struct sevkit_result r = abi_cpuid_page_check(page, PAGE);
            UNIT_FAILS(r, SEVKIT_RESERVED, field);
            CU_ASSERT_EQUAL(r.offset, 0x10 + 0x30 * e + 0x28 + b);
        }
    }
}

static void checks_run_in_byte_order(void) {
    uint8_t page[PAGE];
    good_page(2, page);
    page[0x10 + 0x30 + 0x28] = 1;
    page[0x10 + 0x28] = 1;
    UNIT_FAILS(abi_cpuid_page_check(page, PAGE), SEVKIT_RESERVED, "entry[0].RESERVED_28");
    page[8] = 1;
    UNIT_FAILS(abi_cpuid_page_check(page, PAGE), SEVKIT_RESERVED, "RESERVED_08");
    page[4] = 1;
    UNIT_FAILS(abi_cpuid_page_check(page, PAGE), SEVKIT_RESERVED, "RESERVED_04");
    page[0] = 65;
    UNIT_FAILS(abi_cpuid_page_check(page, PAGE), SEVKIT_BAD_VALUE, "COUNT");
    UNIT_FAILS(abi_cpuid_page_check(page, SIZE - 1), SEVKIT_BAD_LENGTH, "CPUID_PAGE");
}

static const struct unit_test tests[] = {
    {"entry-layout", entry_layout},
    {"req-layout", req_layout},
    {"rsp-layout", rsp_layout},
    {"good-pages", good_pages},
    {"short-pages-are-refused", short_pages_are_refused},
    {"counts-above-64-are-refused", counts_above_64_are_refused},
    {"header-reserved-bytes", header_reserved_bytes},
    {"entry-reserved-bytes", entry_reserved_bytes},
    {"checks-run-in-byte-order", checks_run_in_byte_order},
    {NULL, NULL},
};

const struct unit_suite abi_cpuid_suite = {"cpuid", tests};
