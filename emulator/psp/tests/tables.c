/* TSC_INFO_REQ and CPUID_REQ: answers from the profile's tables. */
#include <string.h>

#include "psp/tests/fixture.h"
#include "sevkit/cpuid.h"

extern const struct unit_suite tables_suite;

static void tsc_scale(void) {
    static const struct {
        uint32_t desired, reference;
        uint64_t scale;
    } rows[] = {
        {100, 100, UINT64_C(0x100000000)}, /* exact */
        {100, 300, UINT64_C(0x55555556)},  /* rounded up */
        {200, 300, UINT64_C(0xAAAAAAAB)},  /* rounded up */
        {2400000, 99800, UINT64_C(0x180C500836)},
        {300 * 256, 100, 0},                     /* 0x300 does not fit in 8 bits */
        {257, 1, UINT64_C(0x100000000)},         /* nor does 0x101 */
        {UINT32_MAX, 1, UINT64_C(0xFF00000000)}, /* the largest quotient */
        {0, 99800, 0},
    };
    static const uint8_t zero[ABI_TSC_INFO_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        struct abi_tsc_info_rsp rsp;
        uint8_t reply[ABI_MSG_PAYLOAD_MAX];
        p.tsc_desired_khz = rows[i].desired;
        p.tsc_reference_khz = rows[i].reference;
        fixture_open(&f, &p);
        CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, zero, sizeof zero, reply),
                        ABI_SUCCESS);
        abi_tsc_info_rsp_decode(reply, &rsp);
        CU_ASSERT_EQUAL(rsp.status, ABI_SUCCESS);
        CU_ASSERT_EQUAL(rsp.guest_tsc_scale, rows[i].scale);
        CU_ASSERT_EQUAL(rsp.guest_tsc_offset, 0x1234);
        CU_ASSERT_EQUAL(rsp.tsc_factor, 200);
        CU_ASSERT(abi_all_zero(rsp.reserved_1c, sizeof rsp.reserved_1c));
        fixture_close(&f);
    }
}

static void tsc_reserved(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t reply[ABI_MSG_PAYLOAD_MAX];
    fixture_open(&f, &p);
    for (size_t at = 0; at < ABI_TSC_INFO_SIZE; at++) {
        uint8_t payload[ABI_TSC_INFO_SIZE] = {0};
        payload[at] = 0x80;
        CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, payload, sizeof payload, reply),
                        ABI_SUCCESS);
        CU_ASSERT_EQUAL(abi_get_le32(reply), ABI_INVALID_PARAM);
        CU_ASSERT(abi_all_zero(reply + 4, ABI_TSC_INFO_SIZE - 4));
    }
    fixture_close(&f);
}

/* Leaf 7 with one rule a register, leaf 0x80000008 unchecked in EAX. The value beside a rule that has
 * none, and a row behind the last, mean nothing. */
static struct sevkit_profile cpuid_profile(void) {
    struct sevkit_profile p = fixture_profile();
    p.cpuid_policy_count = 2;
    p.cpuid_policy[0] = (struct sevkit_cpuid_policy){
        .eax_in = 7,
        .ecx_in = 1,
        .eax = {SEVKIT_CPUID_EXACT, 0x11},
        .ebx = {SEVKIT_CPUID_MASK, 0xF0},
        .ecx = {SEVKIT_CPUID_MAX, 0x20},
        .edx = {SEVKIT_CPUID_ZERO, 0x0F},
    };
    p.cpuid_policy[1] = (struct sevkit_cpuid_policy){.eax_in = UINT32_C(0x80000008),
                                                     .eax = {SEVKIT_CPUID_UNCHECKED, 5}};
    p.cpuid_policy[2] = p.cpuid_policy[0];
    p.cpuid_policy[2].ecx_in = 2;
    return p;
}

static struct abi_cpuid_rsp ask(struct fixture *f, const struct abi_cpuid_req *req, uint16_t size) {
    uint8_t payload[ABI_MSG_PAYLOAD_MAX] = {0}, reply[ABI_MSG_PAYLOAD_MAX];
    struct abi_cpuid_rsp rsp;
    struct abi_msg_header h;
    abi_cpuid_req_encode(req, payload);
    CU_ASSERT_EQUAL_FATAL(fixture_call(f, ABI_MSG_CPUID_REQ, 1, payload, size, reply), ABI_SUCCESS);
    CU_ASSERT(fixture_open_at(f, RESPONSE_PAGE, 0, &h, reply));
    CU_ASSERT_EQUAL(h.size, size);
    abi_cpuid_rsp_decode(reply, &rsp);
    return rsp;
}

/* One entry in, the entry that must come out. */
static void cpuid_rules(void) {
    static const struct {
        struct abi_cpuid_entry in, out;
        uint32_t status, count;
    } rows[] = {
        {{7, 1, 0, 0, 0x11, 0xF0, 0x20, 0, 0}, {7, 1, 0, 0, 0x11, 0xF0, 0x20, 0, 0}, 0, 1},
        {{7, 1, 3, 4, 0x11, 0x30, 0x1F, 0, 0}, {7, 1, 3, 4, 0x11, 0x30, 0x1F, 0, 0}, 0, 1},
        {{7, 1, 0, 0, 0x10, 0, 0, 0, 0}, {7, 1, 0, 0, 0x11, 0, 0, 0, 0}, 0x16, 1},
        {{7, 1, 0, 0, 0x11, 0x1F1, 0, 0, 0}, {7, 1, 0, 0, 0x11, 0xF0, 0, 0, 0}, 0x16, 1},
        {{7, 1, 0, 0, 0x11, 0, 0x21, 0, 0}, {7, 1, 0, 0, 0x11, 0, 0x20, 0, 0}, 0x16, 1},
        {{7, 1, 0, 0, 0x11, 0, 0, 1, 0}, {7, 1, 0, 0, 0x11, 0, 0, 0, 0}, 0x16, 1},
        {{7, 1, 0, 0, 0x11, 0, 0, 0, 9}, {7, 1, 0, 0, 0x11, 0, 0, 0, 0}, 0x16, 1},
        {{0x80000008, 0, 0, 0, 77, 0, 0, 0, 0}, {0x80000008, 0, 0, 0, 77, 0, 0, 0, 0}, 0, 1},
        {{0x80000008, 0, 0, 0, 7, 1, 0, 0, 0}, {0x80000008, 0, 0, 0, 7, 0, 0, 0, 0}, 0x16, 1},
        {{7, 2, 0, 0, 1, 2, 3, 4, 0}, {7, 2, 0, 0, 0, 0, 0, 0, 0}, 0x16, 1}, /* no such leaf */
        {{7, 2, 0, 0, 0, 0, 0, 0, 0}, {7, 2, 0, 0, 0, 0, 0, 0, 0}, 0, 1},
        {{0xFFFF, 0, 0, 0, 1, 0, 0, 0, 0}, {0xFFFF, 0, 0, 0, 0, 0, 0, 0, 0}, 0x16, 1},
        {{0x8000FFFF, 0, 0, 0, 1, 0, 0, 0, 0}, {0x8000FFFF, 0, 0, 0, 0, 0, 0, 0, 0}, 0x16, 1},
        {{0x10000, 0, 0, 0, 1, 2, 3, 4, 5}, {0x10000, 0, 0, 0, 1, 2, 3, 4, 5}, 0, 0},
        {{0x7FFFFFFF, 0, 0, 0, 1, 2, 3, 4, 5}, {0x7FFFFFFF, 0, 0, 0, 1, 2, 3, 4, 5}, 0, 0},
        {{0x80010000, 0, 0, 0, 1, 2, 3, 4, 5}, {0x80010000, 0, 0, 0, 1, 2, 3, 4, 5}, 0, 0},
    };
    struct fixture f;
    const struct sevkit_profile p = cpuid_profile();
    fixture_open(&f, &p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct abi_cpuid_req req = {.count = 1};
        uint8_t got[ABI_CPUID_ENTRY_SIZE], want[ABI_CPUID_ENTRY_SIZE];
        req.entries[0] = rows[i].in;
        const struct abi_cpuid_rsp rsp = ask(&f, &req, 0x40);
        CU_ASSERT_EQUAL(rsp.status, rows[i].status);
        CU_ASSERT_EQUAL(rsp.count, rows[i].count);
        abi_cpuid_entry_encode(&rsp.entries[0], got);
        abi_cpuid_entry_encode(&rows[i].out, want);
        UNIT_BYTES(got, want, sizeof got);
    }
    fixture_close(&f);
}

static void cpuid_form(void) {
    struct fixture f;
    const struct sevkit_profile p = cpuid_profile();
    fixture_open(&f, &p);
    static const struct {
        struct abi_cpuid_req req;
        uint16_t size;
        uint32_t status, count;
    } rows[] = {
        {{.count = 64}, 0xC10, 0, 64},
        {{.count = 64}, ABI_MSG_PAYLOAD_MAX, 0, 64},
        {{.count = 65}, 0xC10, 0x16, 0},
        {{.count = UINT32_MAX}, 0xC10, 0x16, 0},
        {{.count = 1, .reserved_04 = 1}, 0x40, 0x16, 0},
        {{.count = 1, .reserved_08 = UINT64_C(1) << 63}, 0x40, 0x16, 0},
        {{.count = 0}, 0x10, 0, 0},
        {{.count = 2}, 0x10, 0, 2}, /* short: its entries are leaf 0, all zero */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct abi_cpuid_rsp rsp = ask(&f, &rows[i].req, rows[i].size);
        CU_ASSERT_EQUAL(rsp.status, rows[i].status);
        CU_ASSERT_EQUAL(rsp.count, rows[i].count);
        CU_ASSERT_EQUAL(rsp.reserved_08, 0);
    }
    fixture_close(&f);
}

/* A fault in one entry does not keep the others from being judged. */
static void cpuid_judges_all(void) {
    struct fixture f;
    const struct sevkit_profile p = cpuid_profile();
    fixture_open(&f, &p);
    struct abi_cpuid_req req = {.count = 4};
    req.entries[0] = (struct abi_cpuid_entry){.eax_in = 7, .ecx_in = 1, .eax = 1};
    req.entries[1] = (struct abi_cpuid_entry){.eax_in = 0x40000000, .eax = 5};
    req.entries[2] = (struct abi_cpuid_entry){.eax_in = 1, .edx = 5};
    req.entries[3] = (struct abi_cpuid_entry){.eax_in = 2};
    req.entries[4] = (struct abi_cpuid_entry){.eax_in = 3, .edx = 5}; /* behind COUNT */
    const struct abi_cpuid_rsp rsp = ask(&f, &req, 0xC10);
    CU_ASSERT_EQUAL(rsp.status, ABI_INVALID_PARAM);
    CU_ASSERT_EQUAL(rsp.count, 3);
    CU_ASSERT_EQUAL(rsp.entries[0].eax, 0x11);
    CU_ASSERT_EQUAL(rsp.entries[1].eax, 5);
    CU_ASSERT_EQUAL(rsp.entries[2].edx, 0);
    CU_ASSERT_EQUAL(rsp.entries[3].eax_in, 2);
    CU_ASSERT_EQUAL(rsp.entries[4].eax_in, 0);
    CU_ASSERT_EQUAL(rsp.entries[4].edx, 0);
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"tsc-scale", tsc_scale},   {"tsc-reserved", tsc_reserved},  {"cpuid-rules", cpuid_rules},
    {"cpuid-form", cpuid_form}, {"cpuid-all", cpuid_judges_all}, {NULL, NULL},
};

const struct unit_suite tables_suite = {"tables", tests};
