/* Unit tests of ATTESTATION_REPORT: layout, version rule and rules of form. Attestation report
 * notes, sections 1 to 3, 5 and 9. */
#include "sevkit/report.h"

#include <string.h>

#include "codec.h"
#include "suites.h"

#define N(member, wire, size) NUMBER(struct abi_report, member, wire, size)
#define B(member, wire, size) BYTES(struct abi_report, member, wire, size)

/* Section 1, row by row. */
static const struct field fields[] = {
    N(version, 0x000, 4),
    N(guest_svn, 0x004, 4),
    N(policy, 0x008, 8),
    B(family_id, 0x010, 16),
    B(image_id, 0x020, 16),
    N(vmpl, 0x030, 4),
    N(signature_algo, 0x034, 4),
    N(current_tcb, 0x038, 8),
    N(platform_info, 0x040, 8),
    N(key_info, 0x048, 4),
    N(reserved_4c, 0x04C, 4),
    B(report_data, 0x050, 64),
    B(measurement, 0x090, 48),
    B(host_data, 0x0C0, 32),
    B(id_key_digest, 0x0E0, 48),
    B(author_key_digest, 0x110, 48),
    B(report_id, 0x140, 32),
    B(report_id_ma, 0x160, 32),
    N(reported_tcb, 0x180, 8),
    N(fms.family, 0x188, 1),
    N(fms.model, 0x189, 1),
    N(fms.stepping, 0x18A, 1),
    B(reserved_18b, 0x18B, 21),
    B(chip_id, 0x1A0, 64),
    N(committed_tcb, 0x1E0, 8),
    N(current.build, 0x1E8, 1),
    N(current.minor, 0x1E9, 1),
    N(current.major, 0x1EA, 1),
    N(reserved_1eb, 0x1EB, 1),
    N(committed.build, 0x1EC, 1),
    N(committed.minor, 0x1ED, 1),
    N(committed.major, 0x1EE, 1),
    N(reserved_1ef, 0x1EF, 1),
    N(launch_tcb, 0x1F0, 8),
    N(launch_mit_vector, 0x1F8, 8),
    N(current_mit_vector, 0x200, 8),
    B(reserved_208, 0x208, 152),
    B(signature_r, 0x2A0, 72),
    B(signature_s, 0x2E8, 72),
    B(signature_tail, 0x330, 368),
    {.name = NULL},
};

static void report_in(const uint8_t *in, void *object) {
    UNIT_OK(abi_report_decode(in, 0x4A0, object));
}

static void report_out(const void *object, uint8_t *out) {
    abi_report_encode(object, out);
}

static void layout(void) {
    codec_check(&(struct codec){.name = "report",
                                .size = 0x4A0,
                                .object = sizeof(struct abi_report),
                                .decode = report_in,
                                .encode = report_out,
                                .fields = fields});
}

static void other_sizes_are_refused(void) {
    static const size_t sizes[] = {0, 1, 0x2A0, 0x49F, 0x4A1, 0x4C0, 4000, SIZE_MAX};
    static const uint8_t bytes[0x1000];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct abi_report report;
        const struct sevkit_result r = abi_report_decode(bytes, sizes[i], &report);
        UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT");
        CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
        CU_ASSERT_EQUAL(r.value, sizes[i]);
    }
}

static void version_rule(void) {
    static const struct {
        uint32_t version;
        bool now, future; /* accepted without and with future versions */
    } rows[] = {
        {0, false, false},         {1, false, false},         {2, true, true},
        {3, true, true},           {4, true, true},           {5, true, true},
        {6, false, true},          {0x100, false, true},      {0x10002, false, true},
        {0x02000000, false, true}, {UINT32_MAX, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct abi_report report = {.version = rows[i].version};
        for (int future = 0; future < 2; future++) {
            const struct sevkit_result r = abi_report_check_version(&report, future);
            if (future ? rows[i].future : rows[i].now) {
                UNIT_OK(r);
                continue;
            }
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, "VERSION");
            CU_ASSERT_EQUAL(r.offset, 0);
            CU_ASSERT_EQUAL(r.value, rows[i].version);
        }
    }
}

/* What the rules of form say of a byte of a report. */
struct range {
    size_t first, last;
    uint32_t version_min, version_max; /* where the rule holds */
    const char *field;
};

static const struct range reserved[] = {
    {0x04C, 0x04F, 0, UINT32_MAX, "RESERVED_4C"},  {0x188, 0x18A, 0, 2, "RESERVED_188"},
    {0x18B, 0x19F, 0, UINT32_MAX, "RESERVED_18B"}, {0x1EB, 0x1EB, 0, UINT32_MAX, "RESERVED_1EB"},
    {0x1EF, 0x1EF, 0, UINT32_MAX, "RESERVED_1EF"}, {0x1F8, 0x207, 0, 3, "RESERVED_1F8"},
    {0x208, 0x29F, 0, UINT32_MAX, "RESERVED_208"}, {0x2D0, 0x2E7, 0, UINT32_MAX, "SIGNATURE_R"},
    {0x318, 0x32F, 0, UINT32_MAX, "SIGNATURE_S"},  {0x330, 0x49F, 0, UINT32_MAX, "SIGNATURE_TAIL"},
};

static const char *reserved_at(uint32_t version, size_t at) {
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        const struct range *r = &reserved[i];
        if (at < r->first || at > r->last) continue;
        if (version < r->version_min || version > r->version_max) continue;
        return r->field;
    }
    return NULL;
}

/* A report of VERSION with every defined byte at a value that is not zero, every reserved one zero.
 * */
static void good_report(uint32_t version, uint8_t out[0x4A0]) {
    for (size_t i = 0; i < 0x4A0; i++) {
        out[i] = reserved_at(version, i) != NULL ? 0 : (uint8_t)(0x80 | i);
    }
    memcpy(out, (uint8_t[4]){(uint8_t)version, (uint8_t)(version >> 8), 0, 0}, 4);
    out[0x0A] |= 0x02;
    memcpy(out + 0x48, (uint8_t[4]){0x1F, 0, 0, 0}, 4);
}

static struct sevkit_result check(const uint8_t bytes[0x4A0]) {
    struct abi_report report;
    UNIT_OK(abi_report_decode(bytes, 0x4A0, &report));
    return abi_report_check_fields(&report);
}

static const uint32_t versions[] = {2, 3, 4, 5, 6, 0x1FF};

#define VERSIONS (sizeof versions / sizeof versions[0])

static void defined_bytes_are_free(void) {
    for (size_t v = 0; v < VERSIONS; v++) {
        uint8_t bytes[0x4A0];
        good_report(versions[v], bytes);
        UNIT_OK(check(bytes));
    }
}

/* Version VERSION with bit BIT of byte AT set alone: refused exactly where the table says reserved, with
 * the name and the byte. */
static bool bit_is_judged(uint32_t version, size_t at, unsigned bit) {
    const char *field = reserved_at(version, at);
    uint8_t bytes[0x4A0];
    good_report(version, bytes);
    bytes[at] ^= (uint8_t)(1u << bit);
    const struct sevkit_result r = check(bytes);
    if (field == NULL) return unit_ok(r);
    return unit_fails(r, SEVKIT_RESERVED, field) && r.offset == at && r.value == 1u << bit;
}

/* Every bit of every byte behind KEY_INFO, in each version. Ends at the first that is judged wrong: one
 * defect would be told thousands of times. */
static void each_bit_alone(void) {
    for (size_t v = 0; v < VERSIONS; v++) {
        for (size_t at = 0x4C; at < 0x4A0; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                CU_ASSERT_TRUE_FATAL(bit_is_judged(versions[v], at, bit));
            }
        }
    }
}

static void policy_bit_17_is_one(void) {
    uint8_t bytes[0x4A0];
    good_report(5, bytes);
    bytes[0x0A] &= 0xFD;
    const struct sevkit_result r = check(bytes);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "POLICY");
    CU_ASSERT_EQUAL(r.offset, 0x0A);
    CU_ASSERT_EQUAL(r.value, UINT64_C(0x8F8E8D8C8B888988));
    /* Bit 17 alone is enough; the bits without a name are the verifier's policy stage. */
    memset(bytes + 8, 0, 8);
    bytes[0x0A] = 0x02;
    UNIT_OK(check(bytes));
    memset(bytes + 8, 0xFF, 8);
    UNIT_OK(check(bytes));
}

static void key_info_reserved_bits(void) {
    for (unsigned bit = 0; bit < 32; bit++) {
        uint8_t bytes[0x4A0];
        good_report(3, bytes);
        bytes[0x48 + bit / 8] |= (uint8_t)(1u << bit % 8);
        const struct sevkit_result r = check(bytes);
        if (bit < 5) {
            UNIT_OK(r);
            continue;
        }
        UNIT_FAILS(r, SEVKIT_RESERVED, "KEY_INFO");
        CU_ASSERT_EQUAL(r.offset, 0x48 + bit / 8);
        CU_ASSERT_EQUAL(r.value, 0x1F | UINT32_C(1) << bit);
    }
    uint8_t bytes[0x4A0];
    good_report(3, bytes);
    bytes[0x4A] = 1;
    bytes[0x4B] = 1;
    CU_ASSERT_EQUAL(check(bytes).offset, 0x4A);
}

/* Two faults at once, each against the next: the one that comes first in the report is named. */
static void checks_run_in_byte_order(void) {
    static const struct {
        size_t at;
        uint8_t set, clear;
        const char *field;
    } faults[] = {
        {0x00A, 0, 2, "POLICY"},       {0x048, 0x20, 0, "KEY_INFO"},
        {0x04C, 1, 0, "RESERVED_4C"},  {0x188, 1, 0, "RESERVED_188"},
        {0x18B, 1, 0, "RESERVED_18B"}, {0x1EB, 1, 0, "RESERVED_1EB"},
        {0x1EF, 1, 0, "RESERVED_1EF"}, {0x1F8, 1, 0, "RESERVED_1F8"},
        {0x208, 1, 0, "RESERVED_208"}, {0x2D0, 1, 0, "SIGNATURE_R"},
        {0x318, 1, 0, "SIGNATURE_S"},  {0x330, 1, 0, "SIGNATURE_TAIL"},
    };
    for (size_t a = 0; a < sizeof faults / sizeof faults[0]; a++) {
        for (size_t b = a; b < sizeof faults / sizeof faults[0]; b++) {
            uint8_t bytes[0x4A0];
            good_report(2, bytes);
            bytes[faults[a].at] =
                (uint8_t)((bytes[faults[a].at] & ~faults[a].clear) | faults[a].set);
            bytes[faults[b].at] =
                (uint8_t)((bytes[faults[b].at] & ~faults[b].clear) | faults[b].set);
            const struct sevkit_result r = check(bytes);
            CU_ASSERT_STRING_EQUAL(r.field, faults[a].field);
            CU_ASSERT_EQUAL(r.offset, faults[a].at);
        }
    }
}

static void first_byte_of_a_range_is_named(void) {
    uint8_t bytes[0x4A0];
    good_report(2, bytes);
    memset(bytes + 0x230, 0x7E, 0x40);
    const struct sevkit_result r = check(bytes);
    CU_ASSERT_EQUAL(r.offset, 0x230);
    CU_ASSERT_EQUAL(r.value, 0x7E);
}

static void signing_key(void) {
    static const char *const names[8] = {"VCEK",     "VLEK",     "reserved", "reserved",
                                         "reserved", "reserved", "reserved", "NONE"};
    for (uint32_t key = 0; key < 8; key++) {
        const struct abi_report clear = {.key_info = key << 2};
        const struct abi_report set = {.key_info = key << 2 | 0xFFFFFFE3};
        CU_ASSERT_EQUAL(abi_report_signing_key(&clear), key);
        CU_ASSERT_EQUAL(abi_report_signing_key(&set), key);
        CU_ASSERT_STRING_EQUAL(abi_signing_key_name(key), names[key]);
    }
    CU_ASSERT_STRING_EQUAL(abi_signing_key_name(8), "reserved");
}

static void product(void) {
    struct abi_report report = {.fms = {0x19, 0x01, 1}};
    static const uint32_t with_fms[] = {3, 4, 5, 6};
    for (size_t i = 0; i < sizeof with_fms / sizeof with_fms[0]; i++) {
        report.version = with_fms[i];
        CU_ASSERT_EQUAL(abi_report_product(&report), ABI_PRODUCT_MILAN);
    }
    report.version = 2;
    CU_ASSERT_EQUAL(abi_report_product(&report), ABI_PRODUCT_UNKNOWN);
    report.version = 5;
    report.fms = (struct abi_fms){0x1A, 0x02, 1};
    CU_ASSERT_EQUAL(abi_report_product(&report), ABI_PRODUCT_TURIN);
    report.fms = (struct abi_fms){0x19, 0x11, 1};
    CU_ASSERT_EQUAL(abi_report_product(&report), ABI_PRODUCT_GENOA);
    report.fms = (struct abi_fms){0};
    CU_ASSERT_EQUAL(abi_report_product(&report), ABI_PRODUCT_UNKNOWN);
}

/* The bit positions of sections 3, 4 and 5, as the numbers that they make. */
static void bit_constants(void) {
    CU_ASSERT_EQUAL(ABI_KEY_INFO_AUTHOR_KEY_EN, 0x1);
    CU_ASSERT_EQUAL(ABI_KEY_INFO_MASK_CHIP_KEY, 0x2);
    CU_ASSERT_EQUAL(ABI_KEY_INFO_SIGNING_KEY_SHIFT, 2);
    CU_ASSERT_EQUAL(ABI_KEY_INFO_RESERVED, 0xFFFFFFE0);
    CU_ASSERT_EQUAL(ABI_SIGNING_KEY_VCEK, 0);
    CU_ASSERT_EQUAL(ABI_SIGNING_KEY_VLEK, 1);
    CU_ASSERT_EQUAL(ABI_SIGNING_KEY_NONE, 7);
    CU_ASSERT_EQUAL(ABI_SIGNATURE_ALGO_ECDSA_P384_SHA384, 1);
    CU_ASSERT_EQUAL(ABI_REPORT_VMPL_HOST, 0xFFFFFFFF);
    CU_ASSERT_EQUAL(ABI_PLATFORM_SMT_EN, 0x01);
    CU_ASSERT_EQUAL(ABI_PLATFORM_TSME_EN, 0x02);
    CU_ASSERT_EQUAL(ABI_PLATFORM_ECC_EN, 0x04);
    CU_ASSERT_EQUAL(ABI_PLATFORM_RAPL_DIS, 0x08);
    CU_ASSERT_EQUAL(ABI_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN, 0x10);
    CU_ASSERT_EQUAL(ABI_PLATFORM_ALIAS_CHECK_COMPLETE, 0x20);
    CU_ASSERT_EQUAL(ABI_PLATFORM_BIT_6, 0x40);
    CU_ASSERT_EQUAL(ABI_PLATFORM_TIO_EN, 0x80);
    CU_ASSERT_EQUAL(ABI_PLATFORM_RESERVED, UINT64_C(0xFFFFFFFFFFFFFF00));
    CU_ASSERT_EQUAL(ABI_POLICY_ABI_MINOR, 0xFF);
    CU_ASSERT_EQUAL(ABI_POLICY_ABI_MAJOR, 0xFF00);
    CU_ASSERT_EQUAL(ABI_POLICY_SMT, 0x10000);
    CU_ASSERT_EQUAL(ABI_POLICY_RESERVED_ONE, 0x20000);
    CU_ASSERT_EQUAL(ABI_POLICY_MIGRATE_MA, 0x40000);
    CU_ASSERT_EQUAL(ABI_POLICY_DEBUG, 0x80000);
    CU_ASSERT_EQUAL(ABI_POLICY_SINGLE_SOCKET, 0x100000);
    CU_ASSERT_EQUAL(ABI_POLICY_CXL_ALLOW, 0x200000);
    CU_ASSERT_EQUAL(ABI_POLICY_MEM_AES_256_XTS, 0x400000);
    CU_ASSERT_EQUAL(ABI_POLICY_RAPL_DIS, 0x800000);
    CU_ASSERT_EQUAL(ABI_POLICY_CIPHERTEXT_HIDING_DRAM, 0x1000000);
    CU_ASSERT_EQUAL(ABI_POLICY_PAGE_SWAP_DISABLE, 0x2000000);
    CU_ASSERT_EQUAL(ABI_POLICY_RESERVED_ZERO, UINT64_C(0xFFFFFFFFFC000000));
}

static const struct unit_test tests[] = {
    {"layout", layout},
    {"other-sizes-are-refused", other_sizes_are_refused},
    {"version-rule", version_rule},
    {"defined-bytes-are-free", defined_bytes_are_free},
    {"each-bit-alone", each_bit_alone},
    {"policy-bit-17-is-one", policy_bit_17_is_one},
    {"key-info-reserved-bits", key_info_reserved_bits},
    {"checks-run-in-byte-order", checks_run_in_byte_order},
    {"first-byte-of-a-range-is-named", first_byte_of_a_range_is_named},
    {"signing-key", signing_key},
    {"product", product},
    {"bit-constants", bit_constants},
    {NULL, NULL},
};

const struct unit_suite abi_report_suite = {"report", tests};
