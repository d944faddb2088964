/* Stage policy and the policy file: each member refuses what it names, accepts the twin, and a
 * file that is not in order is an error. Attestation report notes, sections 4, 5 and 10;
 * docs/verifier.md. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "verify_fixture.h"

#define H4(x) x x x x
#define H16(x) H4(x) H4(x) H4(x) H4(x)
#define H32(x) H16(x) H16(x)

/* A row flips bits of one report field (of at most 8 bytes) in an accepted report, signs again and
 * judges under a policy file. */
static const struct row {
    const char *name;
    size_t at, size; /* the field in struct abi_report */
    uint64_t flip;
    const char *policy;
    const char *field; /* NULL: accepted */
    const char *requirement;
} rows[] = {
#define REPORT(member) offsetof(struct abi_report, member), sizeof((struct abi_report *)0)->member
    {"empty-object", REPORT(policy), 0, "{}", NULL, ""},
    {"debug", REPORT(policy), ABI_POLICY_DEBUG, "{\"allow_debug\":false}", "POLICY.DEBUG",
     "VRF-073"},
    {"debug-allowed", REPORT(policy), ABI_POLICY_DEBUG, "{}", NULL, ""},
    {"migrate", REPORT(policy), ABI_POLICY_MIGRATE_MA, "{\"allow_migration_agent\":false}",
     "POLICY.MIGRATE_MA", "VRF-074"},
    {"migrate-allowed", REPORT(policy), ABI_POLICY_MIGRATE_MA, "{}", NULL, ""},
    {"smt-refused", REPORT(policy), 0, "{\"allow_smt\":false}", "POLICY.SMT", "VRF-075"},
    {"smt-mismatch", REPORT(policy), ABI_POLICY_SMT, "{}", "PLATFORM_INFO.SMT_EN", "VRF-116"},
    {"smt-both-off", REPORT(platform_info), ABI_PLATFORM_SMT_EN, "{}", NULL, ""},
    {"socket", REPORT(policy), 0, "{\"require_single_socket\":true}", "POLICY.SINGLE_SOCKET",
     "VRF-076"},
    {"socket-set", REPORT(policy), ABI_POLICY_SINGLE_SOCKET, "{\"require_single_socket\":true}",
     NULL, ""},
    {"bit-26", REPORT(policy), UINT64_C(1) << 26, "{}", "POLICY", "VRF-077"},
    {"bit-63", REPORT(policy), UINT64_C(1) << 63, "{}", "POLICY", "VRF-077"},
    {"bit-26-allowed", REPORT(policy), UINT64_C(1) << 26, "{\"allow_unknown_policy\":true}", NULL,
     ""},
    {"bit-25", REPORT(policy), ABI_POLICY_PAGE_SWAP_DISABLE, "{}", NULL, ""},
    {"bits-21-22", REPORT(policy), ABI_POLICY_CXL_ALLOW | ABI_POLICY_MEM_AES_256_XTS, "{}", NULL,
     ""},
    {"rapl", REPORT(policy), ABI_POLICY_RAPL_DIS, "{}", "PLATFORM_INFO.RAPL_DIS", "VRF-118"},
    {"hiding", REPORT(policy), ABI_POLICY_CIPHERTEXT_HIDING_DRAM, "{}",
     "PLATFORM_INFO.CIPHERTEXT_HIDING_DRAM_EN", "VRF-117"},
    {"rapl-on-platform", REPORT(platform_info), ABI_PLATFORM_RAPL_DIS, "{}", NULL, ""},
    {"abi-1.31", REPORT(policy), 0, "{\"abi_min\":\"1.31\"}", NULL, ""},
    {"abi-1.32", REPORT(policy), 0, "{\"abi_min\":\"1.32\"}", "POLICY.ABI", "VRF-083"},
    {"abi-2.0", REPORT(policy), 0, "{\"abi_min\":\"2.0\"}", "POLICY.ABI", "VRF-083"},
    {"abi-0.255", REPORT(policy), 0, "{\"abi_min\":\"0.255\"}", NULL, ""},
    {"svn-2", REPORT(guest_svn), 0, "{\"guest_svn_min\":2}", NULL, ""},
    {"svn-3", REPORT(guest_svn), 0, "{\"guest_svn_min\":3}", "GUEST_SVN", "VRF-084"},
    {"svn-high-bit", REPORT(guest_svn), 0x80000000, "{\"guest_svn_min\":5}", NULL, ""},
    {"vmpl-3", REPORT(vmpl), 3, "{}", NULL, ""},
    {"vmpl-4", REPORT(vmpl), 4, "{}", "VMPL", "VRF-115"},
    {"vmpl-1-of-0", REPORT(vmpl), 1, "{\"vmpl_max\":0}", "VMPL", "VRF-079"},
    {"vmpl-1-of-1", REPORT(vmpl), 1, "{\"vmpl_max\":1}", NULL, ""},
    {"vmpl-host", REPORT(vmpl), 0xFFFFFFFF, "{}", "VMPL", "VRF-080"},
    {"vmpl-host-allowed", REPORT(vmpl), 0xFFFFFFFF, "{\"allow_host_report\":true}", NULL, ""},
    {"vmpl-almost-host", REPORT(vmpl), 0xFFFFFFFE, "{\"allow_host_report\":true}", "VMPL",
     "VRF-115"},
    {"platform-6", REPORT(platform_info), ABI_PLATFORM_BIT_6, "{}", NULL, ""},
    {"platform-8", REPORT(platform_info), 0x100, "{}", "PLATFORM_INFO", "VRF-078"},
    {"platform-8-allowed", REPORT(platform_info), 0x100, "{\"allow_unknown_platform\":true}", NULL,
     ""},
    {"alias-missing", REPORT(platform_info), 0, "{\"platform_required\":\"0x20\"}", "PLATFORM_INFO",
     "VRF-081"},
    {"alias-done", REPORT(platform_info), 0x20, "{\"platform_required\":32}", NULL, ""},
    {"tsme-forbidden", REPORT(platform_info), 2, "{\"platform_forbidden\":2}", "PLATFORM_INFO",
     "VRF-082"},
    {"tsme-off", REPORT(platform_info), 0, "{\"platform_forbidden\":2}", NULL, ""},
    {"provisional", REPORT(committed.build), 1, "{\"allow_provisional\":false}", "COMMITTED_TCB",
     "VRF-069"},
    {"provisional-allowed", REPORT(current.build), 1, "{}", NULL, ""},
    {"not-provisional", REPORT(committed.build), 0, "{\"allow_provisional\":false}", NULL, ""},
    {"launch-mit", REPORT(launch_mit_vector), 0, "{\"launch_mit_required\":3}", NULL, ""},
    {"launch-mit-missing", REPORT(launch_mit_vector), 1, "{\"launch_mit_required\":3}",
     "LAUNCH_MIT_VECTOR", "VRF-085"},
    {"current-mit-missing", REPORT(current_mit_vector), 2, "{\"current_mit_required\":3}",
     "CURRENT_MIT_VECTOR", "VRF-086"},
    {"current-mit-more", REPORT(current_mit_vector), 4, "{\"current_mit_required\":3}", NULL, ""},
    {"author-key-unused", REPORT(key_info), 0,
     "{\"author_key_digest\":\"" H32("00") H16("00") "\"}", "AUTHOR_KEY_EN", "VRF-096"},
    {"author-key", REPORT(key_info), 1, "{\"author_key_digest\":\"" H32("00") H16("00") "\"}", NULL,
     ""},
    {"author-key-other", REPORT(key_info), 1,
     "{\"author_key_digest\":\"" H32("00") H4("00") H4("00") H4("00") "00000001\"}",
     "AUTHOR_KEY_DIGEST", "VRF-096"},
    {"mask-chip-key", REPORT(key_info), ABI_KEY_INFO_MASK_CHIP_KEY, "{}", "MASK_CHIP_KEY",
     "VRF-125"},
    {"mask-chip-key-allowed", REPORT(key_info), ABI_KEY_INFO_MASK_CHIP_KEY,
     "{\"allow_mask_chip_key\":true}", NULL, ""},
    {"csp-of-a-vcek", REPORT(vmpl), 0, "{\"csp_id\":\"CN=cc-eu-west-1.amazonaws.com\"}", "cspID",
     "VRF-097"},
    {"product", REPORT(vmpl), 0, "{\"product\":\"Milan\"}", NULL, ""},
    {"product-other", REPORT(vmpl), 0, "{\"product\":\"Genoa\"}", "product", "VRF-098"},
};

static void flip(struct abi_report *report, const struct row *r) {
    uint8_t *bytes = (uint8_t *)report + r->at;
    for (size_t i = 0; i < r->size; i++) bytes[i] ^= (uint8_t)(r->flip >> (8 * i));
}

static void test_rows(void) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct verify_world w;
        verify_open(&w, ABI_PRODUCT_MILAN, false, 5);
        UNIT_OK(pki_policy_parse(r->policy, strlen(r->policy), &w.policy));
        flip(&w.report, r);
        /* a lower committed build only: the order of stage tcb stays */
        if (strcmp(r->name, "provisional") == 0) w.report.committed.build = 39;
        verify_sign(&w);
        const bool right = r->field == NULL
                               ? verify_accepts(&w)
                               : verify_refuses(&w, PKI_STAGE_POLICY, r->field, r->requirement);
        if (!right) fprintf(stderr, "    row %s\n", r->name);
        CU_ASSERT(right);
        verify_close(&w);
    }
}

/* The fields that a policy fixes: the last byte counts as the first. */
static void test_fixed(void) {
    static const struct {
        const char *member, *hex, *field, *requirement;
        size_t at, size;
    } fields[] = {
#define FIXED(m, hex, field, req) {#m, hex, field, req, REPORT(m)}
        FIXED(report_data, H32("d1") H32("d1"), "REPORT_DATA", "VRF-087"),
        FIXED(measurement, H32("D2") H16("d2"), "MEASUREMENT", "VRF-088"),
        FIXED(host_data, H32("d3"), "HOST_DATA", "VRF-089"),
        FIXED(family_id, H16("d4"), "FAMILY_ID", "VRF-090"),
        FIXED(image_id, H16("d5"), "IMAGE_ID", "VRF-091"),
        FIXED(report_id, H32("d6"), "REPORT_ID", "VRF-092"),
        FIXED(report_id_ma, H32("ff"), "REPORT_ID_MA", "VRF-093"),
        FIXED(id_key_digest, H32("d7") H16("d7"), "ID_KEY_DIGEST", "VRF-095"),
        FIXED(chip_id, H32("00") H32("00"), "CHIP_ID", "VRF-094"),
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct verify_world w;
        char policy[256];
        const bool chip = strcmp(fields[i].member, "chip_id") == 0;
        verify_open(&w, ABI_PRODUCT_MILAN, chip, 5); /* a VLEK leaves CHIP_ID free */
        snprintf(policy, sizeof policy, "{\"%s\":\"%s\"}", fields[i].member, fields[i].hex);
        UNIT_OK(pki_policy_parse(policy, strlen(policy), &w.policy));
        CU_ASSERT(verify_accepts(&w));
        uint8_t *bytes = (uint8_t *)&w.report + fields[i].at;
        bytes[0] ^= 1;
        verify_sign(&w);
        CU_ASSERT(verify_refuses(&w, PKI_STAGE_POLICY, fields[i].field, fields[i].requirement));
        bytes[0] ^= 1;
        bytes[fields[i].size - 1] ^= 1;
        verify_sign(&w);
        CU_ASSERT(verify_refuses(&w, PKI_STAGE_POLICY, fields[i].field, fields[i].requirement));
        verify_close(&w);
    }
}

static void test_csp_id(void) {
    static const char same[] = "{\"csp_id\":\"CN=cc-eu-west-1.amazonaws.com\"}";
    static const char other[] = "{\"csp_id\":\"CN=cc-eu-west-1.amazonaws.co\"}";
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, true, 3);
    UNIT_OK(pki_policy_parse(same, sizeof same - 1, &w.policy));
    CU_ASSERT(verify_accepts(&w));
    UNIT_OK(pki_policy_parse(other, sizeof other - 1, &w.policy));
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_POLICY, "cspID", "VRF-097"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    verify_close(&w);
}

/* Versions before 5 have no vectors. */
static void test_vectors_before_5(void) {
    static const char demand[] = "{\"current_mit_required\":1}";
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 4);
    w.report.current_mit_vector = 1;
    verify_sign(&w);
    CU_ASSERT(verify_accepts(&w));
    UNIT_OK(pki_policy_parse(demand, sizeof demand - 1, &w.policy));
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_POLICY, "CURRENT_MIT_VECTOR", "VRF-086"));
    verify_close(&w);
}

static void test_bad_files(void) {
    static const struct {
        const char *json, *field;
    } files[] = {
        {"", "policy"},
        {"{", "policy"},
        {"{} {}", "policy"},
        {"[]", "policy"},
        {"7", "policy"},
        {"{\"allow_debug\":true,\"allow_debug\":false}", "allow_debug"},
        {"{\"guest_svn_min\":18446744073709551615}", "policy"},
        {"{\"allow_debugging\":true}", "allow_debugging"},
        {"{\"\":false}", "policy"},
        {"{\"allow_debug\":1}", "allow_debug"},
        {"{\"allow_debug\":\"true\"}", "allow_debug"},
        {"{\"vmpl_max\":4}", "vmpl_max"},
        {"{\"vmpl_max\":-1}", "vmpl_max"},
        {"{\"vmpl_max\":1.0}", "vmpl_max"},
        {"{\"vmpl_max\":null}", "vmpl_max"},
        {"{\"guest_svn_min\":4294967296}", "guest_svn_min"},
        {"{\"platform_required\":\"20\"}", "platform_required"},
        {"{\"platform_required\":\"0x\"}", "platform_required"},
        {"{\"platform_required\":\"0x00000000000000001\"}", "platform_required"},
        {"{\"platform_required\":\"0xg\"}", "platform_required"},
        {"{\"measurement\":\"\"}", "measurement"},
        {"{\"measurement\":\"" H32("00") H4("00") H4("00") H4("00") "000000\"}", "measurement"},
        {"{\"measurement\":\"" H32("00") H16("00") "00\"}", "measurement"},
        {"{\"measurement\":\"" H32("00") H4("00") H4("00") H4("00") "0000000g\"}", "measurement"},
        {"{\"measurement\":48}", "measurement"},
        {"{\"tcb_min\":{}}", "tcb_min"},
        {"{\"tcb_min\":7}", "tcb_min"},
        {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":3,\"tee\":0,\"snp\":5}}", "tcb_min"},
        {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":3,\"tee\":0,\"snp\":5,\"ucode\":1}}", "tcb_min"},
        {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":3,\"tee\":0,\"snp\":5,\"microcode\":256}}",
         "tcb_min"},
        {"{\"abi_min\":\"1\"}", "abi_min"},
        {"{\"abi_min\":\"1.256\"}", "abi_min"},
        {"{\"abi_min\":\"1.55.1\"}", "abi_min"},
        {"{\"abi_min\":1.55}", "abi_min"},
        {"{\"firmware_min\":\"1.55\"}", "firmware_min"},
        {"{\"firmware_min\":\"1..5\"}", "firmware_min"},
        {"{\"csp_id\":\"\"}", "csp_id"},
        {"{\"csp_id\":\"a\\u0000b\"}", "policy"},
        {"{\"csp_id\":\"" H32("0000") H32("00") "\"}", "csp_id"},
        {"{\"product\":\"milan\"}", "product"},
        {"{\"product\":3}", "product"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct pki_policy p;
        const struct sevkit_result r = pki_policy_parse(files[i].json, strlen(files[i].json), &p);
        const bool right = !sevkit_ok(r) && strcmp(r.field, files[i].field) == 0;
        if (!right) fprintf(stderr, "    %s: got %s\n", files[i].json, r.field);
        CU_ASSERT(right);
    }
}

/* The rule that is told is the one that was broken. */
static void test_rules_told(void) {
    static const struct {
        const char *json, *rule;
    } files[] = {
        {"{\"allow_debug\":true,\"allow_debug\":false}", "must not stand twice (value: the line)"},
        {"{\"guest_svn_min\":18446744073709551615}",
         "a number is larger than 9223372036854775807 (value: the line)"},
        {"{", "must be JSON (value: the line)"},
        {"{\"vmpl_max\":4}", "must be 0 to 3"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct pki_policy p;
        const struct sevkit_result r = pki_policy_parse(files[i].json, strlen(files[i].json), &p);
        CU_ASSERT(!sevkit_ok(r));
        CU_ASSERT_STRING_EQUAL(r.rule, files[i].rule);
    }
}

static void test_good_file(void) {
    static const char json[] =
        "{\"firmware_min\":\"1.55.40\",\"abi_min\":\"1.55\",\"platform_required\":"
        "\"0xFFFFFFFFFFFFFF"
        "FF\",\"tcb_min\":{\"microcode\":255,\"snp\":22,\"tee\":1,\"boot_loader\":3,\"fmc\":2},"
        "\"future_versions\":true,\"require_revocation\":true,\"allow_masked_chip_id\":false}";
    struct pki_policy p;
    UNIT_OK(pki_policy_parse(json, sizeof json - 1, &p));
    CU_ASSERT(p.has_firmware_min && p.firmware_min.minor == 55 && p.firmware_min.build == 40);
    CU_ASSERT(p.has_abi_min && p.abi_major_min == 1 && p.abi_minor_min == 55);
    CU_ASSERT(p.platform_required == UINT64_MAX && p.future_versions && p.require_revocation);
    CU_ASSERT(p.has_tcb_min && p.tcb_min.fmc == 2 && p.tcb_min.boot_loader == 3);
    CU_ASSERT(p.tcb_min.tee == 1 && p.tcb_min.snp == 22 && p.tcb_min.microcode == 255);
    CU_ASSERT(!p.allow_masked_chip_id && p.allow_debug && p.allow_smt && p.vmpl_max == 3);
}

static const struct unit_test tests[] = {
    {"one-field-each", test_rows}, {"fixed-fields", test_fixed},
    {"csp-id", test_csp_id},       {"vectors-before-5", test_vectors_before_5},
    {"bad-files", test_bad_files}, {"rules-told", test_rules_told},
    {"good-file", test_good_file}, {NULL, NULL},
};

const struct unit_suite pki_policy_suite = {"policy", tests};
