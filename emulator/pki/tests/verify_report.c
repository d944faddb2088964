/* The stages that judge the report itself: each row changes one field of an accepted report, which
 * is signed again, so that only the stage that owns the field can refuse it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mint_fixture.h"
#include "pki/stage_rules.h"
#include "verify_fixture.h"

static void r_bit17(struct verify_world *w) {
    w->report.policy &= ~ABI_POLICY_RESERVED_ONE;
}
static void r_key_info(struct verify_world *w) {
    w->report.key_info |= 0x20;
}
static void r_4c(struct verify_world *w) {
    w->report.reserved_4c = 1;
}
static void r_18b(struct verify_world *w) {
    w->report.reserved_18b[20] = 1;
}
static void r_1eb(struct verify_world *w) {
    w->report.reserved_1eb = 1;
}
static void r_1ef(struct verify_world *w) {
    w->report.reserved_1ef = 1;
}
static void r_208(struct verify_world *w) {
    w->report.reserved_208[151] = 1;
}
static void r_mit_v3(struct verify_world *w) {
    w->report.current_mit_vector = 1;
}
static void r_fms_v2(struct verify_world *w) {
    w->report.version = 2;
}
static void r_tail(struct verify_world *w) {
    w->report.signature_tail[367] = 0x80;
}
static void v_0(struct verify_world *w) {
    w->report.version = 0;
}
static void v_1(struct verify_world *w) {
    w->report.version = 1;
}
static void v_4(struct verify_world *w) {
    w->report.version = 4;
}
static void v_6(struct verify_world *w) {
    w->report.version = 6;
}
static void v_byte(struct verify_world *w) {
    w->report.version = 0x105;
}
static void v_6_allowed(struct verify_world *w) {
    w->report.version = 6;
    w->policy.future_versions = true;
}
static void v_1_allowed(struct verify_world *w) {
    w->report.version = 1;
    w->policy.future_versions = true;
}
static void s_vlek(struct verify_world *w) {
    w->report.key_info = 1 << ABI_KEY_INFO_SIGNING_KEY_SHIFT;
}
static void s_2(struct verify_world *w) {
    w->report.key_info = 2 << ABI_KEY_INFO_SIGNING_KEY_SHIFT;
}
static void s_6(struct verify_world *w) {
    w->report.key_info = 6 << ABI_KEY_INFO_SIGNING_KEY_SHIFT;
}
static void s_none(struct verify_world *w) {
    w->report.key_info = 7 << ABI_KEY_INFO_SIGNING_KEY_SHIFT;
}
static void s_mask(struct verify_world *w) {
    w->report.key_info |= ABI_KEY_INFO_MASK_CHIP_KEY;
}
static void s_mask_allowed(struct verify_world *w) {
    s_mask(w);
    w->policy.allow_mask_chip_key = true;
}
static void b_mask_other(struct verify_world *w) {
    s_mask_allowed(w);
    w->report.chip_id[0] ^= 1;
}
static void s_algo_0(struct verify_world *w) {
    w->report.signature_algo = 0;
}
static void s_algo_101(struct verify_world *w) {
    w->report.signature_algo = 0x101;
}
static void b_chip_first(struct verify_world *w) {
    w->report.chip_id[0] ^= 1;
}
static void b_chip_last(struct verify_world *w) {
    w->report.chip_id[63] ^= 1;
}
static void b_masked_allowed(struct verify_world *w) {
    memset(w->report.chip_id, 0, sizeof w->report.chip_id);
}
static void b_masked(struct verify_world *w) {
    b_masked_allowed(w);
    w->policy.allow_masked_chip_id = false;
}
static void b_other_allowed(struct verify_world *w) {
    b_chip_first(w);
    w->policy.allow_masked_chip_id = true; /* says nothing of another chip's id */
}
/* REPORTED one below everywhere but in one component, by byte number. */
static void lower(struct verify_world *w, unsigned byte) {
    w->report.reported_tcb -= UINT64_C(1) << (8 * byte);
}
static void b_byte0(struct verify_world *w) {
    lower(w, 0);
}
static void b_byte1(struct verify_world *w) {
    lower(w, 1);
}
static void b_byte2(struct verify_world *w) {
    lower(w, 2);
}
static void b_byte3(struct verify_world *w) {
    lower(w, 3);
}
static void b_byte6(struct verify_world *w) {
    lower(w, 6);
}
static void b_byte7(struct verify_world *w) {
    lower(w, 7);
}
static void b_reserved(struct verify_world *w) {
    w->report.reported_tcb |= UINT64_C(1) << 40;
}
static void t_current_above(struct verify_world *w) {
    w->report.current_tcb += UINT64_C(1) << 56;
}
static void t_committed_above(struct verify_world *w) {
    w->report.committed_tcb += UINT64_C(1) << 56;
}
static void t_committed_below(struct verify_world *w) {
    w->report.committed_tcb -= UINT64_C(1) << 48;
    w->report.current_tcb += UINT64_C(1) << 56;
}
static void t_launch_above(struct verify_world *w) {
    w->report.launch_tcb += 1;
}
static void t_launch_below(struct verify_world *w) {
    w->report.launch_tcb -= 1;
}
static void t_launch_above_committed(struct verify_world *w) {
    w->report.current_tcb += 1;
    w->report.launch_tcb += 1;
}
static void t_reserved_committed(struct verify_world *w) {
    w->report.committed_tcb |= 1 << 16;
}
static void t_reserved_current(struct verify_world *w) {
    w->report.current_tcb |= 1 << 16;
}
static void t_reserved_launch(struct verify_world *w) {
    w->report.launch_tcb |= 1 << 16;
}
static void t_version_build(struct verify_world *w) {
    w->report.committed.build = 41;
}
static void t_version_minor(struct verify_world *w) {
    w->report.committed = (struct abi_fw_version){1, 56, 0};
}
static void t_version_minor_low(struct verify_world *w) {
    w->report.committed = (struct abi_fw_version){1, 54, 99};
}
static void t_floor(struct verify_world *w) {
    w->policy.has_tcb_min = true;
    w->policy.tcb_min = (struct abi_tcb_parts){0, 3, 2, 22, 0x50};
}
static void t_floor_snp(struct verify_world *w) {
    t_floor(w);
    w->policy.tcb_min.snp = 23;
    w->policy.tcb_min.microcode = 0;
}
static void t_floor_current(struct verify_world *w) {
    t_floor(w);
    w->policy.tcb_min.microcode++;
    w->report.current_tcb += UINT64_C(1) << 56;
}
static void t_floor_fmc(struct verify_world *w) {
    t_floor(w);
    w->policy.tcb_min.fmc = 2;
}
static void t_launch_floor(struct verify_world *w) {
    w->policy.has_launch_tcb_min = true;
    w->policy.launch_tcb_min = (struct abi_tcb_parts){0, 3, 2, 22, 0x50};
}
static void t_launch_floor_tee(struct verify_world *w) {
    t_launch_floor(w);
    w->policy.launch_tcb_min.tee = 3;
}
static void t_firmware(struct verify_world *w) {
    w->policy.has_firmware_min = true;
    w->policy.firmware_min = (struct abi_fw_version){1, 55, 40};
}
static void t_firmware_minor(struct verify_world *w) {
    w->policy.has_firmware_min = true;
    w->policy.firmware_min = (struct abi_fw_version){1, 56, 0};
}
static void t_firmware_old(struct verify_world *w) {
    w->policy.has_firmware_min = true;
    w->policy.firmware_min = (struct abi_fw_version){1, 9, 99};
}

#define MILAN ABI_PRODUCT_MILAN
#define TURIN ABI_PRODUCT_TURIN
#define GOOD PKI_STAGE_COUNT

static const struct row {
    const char *name;
    enum abi_product product;
    bool vlek;
    unsigned version;
    void (*change)(struct verify_world *w);
    enum pki_stage stage; /* GOOD: accepted */
    const char *field;
    const char *requirement;
} rows[] = {
    {"bit-17", MILAN, false, 3, r_bit17, PKI_STAGE_PARSE, "POLICY", "VRF-002"},
    {"key-info", MILAN, false, 3, r_key_info, PKI_STAGE_PARSE, "KEY_INFO", "VRF-003"},
    {"reserved-4c", MILAN, false, 3, r_4c, PKI_STAGE_PARSE, "RESERVED_4C", "VRF-004"},
    {"fms-in-v2", MILAN, false, 3, r_fms_v2, PKI_STAGE_PARSE, "RESERVED_188", "VRF-005"},
    {"reserved-18b", MILAN, false, 3, r_18b, PKI_STAGE_PARSE, "RESERVED_18B", "VRF-006"},
    {"reserved-1eb", MILAN, false, 3, r_1eb, PKI_STAGE_PARSE, "RESERVED_1EB", "VRF-007"},
    {"reserved-1ef", MILAN, false, 3, r_1ef, PKI_STAGE_PARSE, "RESERVED_1EF", "VRF-007"},
    {"mit-in-v3", MILAN, false, 3, r_mit_v3, PKI_STAGE_PARSE, "RESERVED_1F8", "VRF-008"},
    {"mit-in-v5", MILAN, false, 5, r_mit_v3, GOOD, NULL, ""},
    {"reserved-208", MILAN, false, 5, r_208, PKI_STAGE_PARSE, "RESERVED_208", "VRF-009"},
    {"tail", MILAN, false, 3, r_tail, PKI_STAGE_PARSE, "SIGNATURE_TAIL", "VRF-011"},
    {"version-0", MILAN, false, 3, v_0, PKI_STAGE_VERSION, "VERSION", "VRF-013"},
    {"version-1", MILAN, false, 5, v_1, PKI_STAGE_VERSION, "VERSION", "VRF-013"},
    {"version-1-allowed", MILAN, false, 5, v_1_allowed, PKI_STAGE_VERSION, "VERSION", "VRF-013"},
    {"version-4", MILAN, false, 3, v_4, GOOD, NULL, ""},
    {"version-6", MILAN, false, 5, v_6, PKI_STAGE_VERSION, "VERSION", "VRF-015"},
    {"version-105", MILAN, false, 5, v_byte, PKI_STAGE_VERSION, "VERSION", "VRF-015"},
    {"version-6-allowed", MILAN, false, 5, v_6_allowed, GOOD, NULL, ""},
    {"key-vlek", MILAN, false, 3, s_vlek, PKI_STAGE_SIGNER, "SIGNING_KEY", "VRF-016"},
    {"key-2", MILAN, false, 3, s_2, PKI_STAGE_SIGNER, "SIGNING_KEY", "VRF-018"},
    {"key-6", MILAN, true, 3, s_6, PKI_STAGE_SIGNER, "SIGNING_KEY", "VRF-018"},
    {"key-none", MILAN, false, 3, s_none, PKI_STAGE_SIGNER, "SIGNING_KEY", "VRF-017"},
    {"mask-chip-key", MILAN, true, 3, s_mask, GOOD, NULL, ""},
    {"mask-vcek", MILAN, false, 3, s_mask, PKI_STAGE_POLICY, "MASK_CHIP_KEY", "VRF-125"},
    {"mask-vcek-allowed", MILAN, false, 3, s_mask_allowed, GOOD, NULL, ""},
    {"mask-other-chip", MILAN, false, 3, b_mask_other, PKI_STAGE_BINDING, "CHIP_ID", "VRF-051"},
    {"algo-0", MILAN, false, 3, s_algo_0, PKI_STAGE_SIGNER, "SIGNATURE_ALGO", "VRF-019"},
    {"algo-101", MILAN, false, 3, s_algo_101, PKI_STAGE_SIGNER, "SIGNATURE_ALGO", "VRF-019"},
    {"chip-first", MILAN, false, 3, b_chip_first, PKI_STAGE_BINDING, "CHIP_ID", "VRF-051"},
    {"chip-last", MILAN, false, 3, b_chip_last, PKI_STAGE_BINDING, "CHIP_ID", "VRF-051"},
    {"chip-turin", TURIN, false, 5, b_chip_first, PKI_STAGE_BINDING, "CHIP_ID", "VRF-051"},
    {"chip-turin-tail", TURIN, false, 5, b_chip_last, PKI_STAGE_BINDING, "CHIP_ID", "VRF-052"},
    {"chip-vlek", MILAN, true, 3, b_chip_first, GOOD, NULL, ""},
    {"masked", MILAN, false, 3, b_masked, PKI_STAGE_BINDING, "CHIP_ID", "VRF-057"},
    {"masked-allowed", MILAN, false, 3, b_masked_allowed, GOOD, NULL, ""},
    {"other-allowed", MILAN, false, 3, b_other_allowed, PKI_STAGE_BINDING, "CHIP_ID", "VRF-051"},
    {"bl", MILAN, false, 3, b_byte0, PKI_STAGE_BINDING, "REPORTED_TCB.BOOT_LOADER", "VRF-058"},
    {"tee", MILAN, false, 3, b_byte1, PKI_STAGE_BINDING, "REPORTED_TCB.TEE", "VRF-058"},
    {"snp", MILAN, false, 3, b_byte6, PKI_STAGE_BINDING, "REPORTED_TCB.SNP", "VRF-058"},
    {"microcode", MILAN, false, 3, b_byte7, PKI_STAGE_BINDING, "REPORTED_TCB.MICROCODE", "VRF-058"},
    {"turin-fmc", TURIN, false, 5, b_byte0, PKI_STAGE_BINDING, "REPORTED_TCB.FMC", "VRF-058"},
    {"turin-bl", TURIN, false, 5, b_byte1, PKI_STAGE_BINDING, "REPORTED_TCB.BOOT_LOADER",
     "VRF-058"},
    {"turin-tee", TURIN, false, 5, b_byte2, PKI_STAGE_BINDING, "REPORTED_TCB.TEE", "VRF-058"},
    {"turin-snp", TURIN, false, 5, b_byte3, PKI_STAGE_BINDING, "REPORTED_TCB.SNP", "VRF-058"},
    {"vlek-snp", MILAN, true, 3, b_byte6, PKI_STAGE_BINDING, "REPORTED_TCB.SNP", "VRF-058"},
    {"tcb-reserved", MILAN, false, 3, b_reserved, PKI_STAGE_TCB, "REPORTED_TCB.reserved",
     "VRF-112"},
    {"current-above", MILAN, false, 3, t_current_above, GOOD, NULL, ""},
    {"committed-above", MILAN, false, 3, t_committed_above, PKI_STAGE_TCB,
     "COMMITTED_TCB.MICROCODE", "VRF-068"},
    {"reported-above", MILAN, false, 3, t_committed_below, PKI_STAGE_TCB, "REPORTED_TCB.SNP",
     "VRF-067"},
    {"launch-above", MILAN, false, 3, t_launch_above, GOOD, NULL, ""},
    {"launch-below", MILAN, false, 3, t_launch_below, GOOD, NULL, ""},
    {"launch-above-committed", MILAN, false, 3, t_launch_above_committed, GOOD, NULL, ""},
    {"reserved-committed", MILAN, false, 3, t_reserved_committed, PKI_STAGE_TCB,
     "COMMITTED_TCB.reserved", "VRF-112"},
    {"reserved-current", MILAN, false, 3, t_reserved_current, PKI_STAGE_TCB, "CURRENT_TCB.reserved",
     "VRF-112"},
    {"reserved-launch", MILAN, false, 3, t_reserved_launch, PKI_STAGE_TCB, "LAUNCH_TCB.reserved",
     "VRF-112"},
    {"version-build", MILAN, false, 3, t_version_build, PKI_STAGE_TCB, "COMMITTED_VERSION",
     "VRF-114"},
    {"version-minor", MILAN, false, 3, t_version_minor, PKI_STAGE_TCB, "COMMITTED_VERSION",
     "VRF-114"},
    {"version-minor-low", MILAN, false, 3, t_version_minor_low, GOOD, NULL, ""},
    {"floor", MILAN, false, 3, t_floor, GOOD, NULL, ""},
    {"floor-snp", MILAN, false, 3, t_floor_snp, PKI_STAGE_TCB, "REPORTED_TCB.SNP", "VRF-070"},
    {"floor-current", MILAN, false, 3, t_floor_current, PKI_STAGE_TCB, "REPORTED_TCB.MICROCODE",
     "VRF-070"},
    {"floor-fmc", TURIN, false, 5, t_floor_fmc, PKI_STAGE_TCB, "REPORTED_TCB.FMC", "VRF-070"},
    {"launch-floor", MILAN, false, 3, t_launch_floor, GOOD, NULL, ""},
    {"launch-floor-tee", MILAN, false, 3, t_launch_floor_tee, PKI_STAGE_TCB, "LAUNCH_TCB.TEE",
     "VRF-071"},
    {"firmware", MILAN, false, 3, t_firmware, GOOD, NULL, ""},
    {"firmware-minor", MILAN, false, 3, t_firmware_minor, PKI_STAGE_TCB, "CURRENT_VERSION",
     "VRF-072"},
    {"firmware-old", MILAN, false, 3, t_firmware_old, GOOD, NULL, ""},
};

static void test_rows(void) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct verify_world w;
        verify_open(&w, r->product, r->vlek, r->version);
        CU_ASSERT(verify_accepts(&w));
        r->change(&w);
        verify_sign(&w);
        const bool right = r->stage == GOOD
                               ? verify_accepts(&w)
                               : verify_refuses(&w, r->stage, r->field, r->requirement);
        if (!right) fprintf(stderr, "    row %s\n", r->name);
        CU_ASSERT(right);
        verify_close(&w);
    }
}

/* The component is the report's, not the leaf's; a zero CHIP_ID has no value to tell. */
static void test_binding_values(void) {
    struct verify_world w;
    verify_open(&w, MILAN, false, 3);
    b_masked(&w);
    verify_sign(&w);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_BINDING, "CHIP_ID", "VRF-057"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    verify_close(&w);
    verify_open(&w, MILAN, false, 3);
    b_byte6(&w);
    verify_sign(&w);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_BINDING, "REPORTED_TCB.SNP", "VRF-058"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, w.report.reported_tcb >> 48 & 0xFF);
    verify_close(&w);
}

static struct pki_chain *chain_of(const struct verify_world *w) {
    struct pki_cert *leaf, *ca, *ark;
    struct pki_chain *chain;
    UNIT_OK(pki_cert_parse(w->leaf.bytes, w->leaf.size, &leaf));
    UNIT_OK(pki_cert_parse(w->ca.bytes, w->ca.size, &ca));
    UNIT_OK(pki_cert_parse(w->ark.bytes, w->ark.size, &ark));
    const struct pki_chain_input in = {.leaf = leaf, .ca = ca, .ark = ark, .at = w->at};
    UNIT_OK(pki_chain_new(&in, &chain));
    pki_cert_free(leaf);
    pki_cert_free(ca);
    pki_cert_free(ark);
    return chain;
}

static void judge(struct pki_chain *chain, const struct verify_world *w, const uint8_t *bytes,
                  size_t size, struct pki_verdict *verdict) {
    pki_verify_report(chain, bytes, size, &w->policy, verdict);
}

/* One bit of every byte that is signed or the signature's. */
static void test_flips(void) {
    struct verify_world w;
    struct pki_verdict v;
    verify_open(&w, MILAN, false, 5);
    struct pki_chain *chain = chain_of(&w);
    size_t accepted = 0;
    for (size_t at = 0; at < ABI_REPORT_SIGNATURE_TAIL; at++) {
        w.bytes[at] ^= (uint8_t)(1 << at % 8);
        judge(chain, &w, w.bytes, sizeof w.bytes, &v);
        accepted += v.accepted;
        w.bytes[at] ^= (uint8_t)(1 << at % 8);
    }
    CU_ASSERT(accepted == 0);
    judge(chain, &w, w.bytes, sizeof w.bytes, &v);
    CU_ASSERT(v.accepted);
    pki_chain_free(chain);
    verify_close(&w);
}

static const uint8_t order[48] = {
    0x73, 0x29, 0xC5, 0xCC, 0x6A, 0x19, 0xEC, 0xEC, 0x7A, 0xA7, 0xB0, 0x48, 0xB2, 0x0D, 0x1A, 0x58,
    0xDF, 0x2D, 0x37, 0xF4, 0x81, 0x4D, 0x63, 0xC7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};

static bool refuses_bytes(struct pki_chain *chain, const struct verify_world *w,
                          enum pki_stage stage, const char *field, const char *requirement) {
    struct pki_verdict v;
    judge(chain, w, w->bytes, sizeof w->bytes, &v);
    const bool right = !v.accepted && v.stage == stage && strcmp(v.why.field, field) == 0 &&
                       strcmp(pki_verdict_requirement(&v), requirement) == 0;
    if (!right) fprintf(stderr, "    got %s at %s\n", v.why.field, pki_stage_name(v.stage));
    if (stage == PKI_STAGE_SIGNATURE) CU_ASSERT_EQUAL(v.why.value, 0);
    return right;
}

static void test_signature_numbers(void) {
    struct verify_world w;
    verify_open(&w, MILAN, false, 3);
    struct pki_chain *chain = chain_of(&w);
    uint8_t good[ABI_REPORT_SIZE];
    uint8_t *r = w.bytes + ABI_REPORT_SIGNATURE_R, *s = w.bytes + ABI_REPORT_SIGNATURE_S;
    memcpy(good, w.bytes, sizeof good);
    memset(r, 0, 72);
    CU_ASSERT(refuses_bytes(chain, &w, PKI_STAGE_SIGNATURE, "SIGNATURE.R", "VRF-063"));
    memcpy(r, order, sizeof order);
    CU_ASSERT(refuses_bytes(chain, &w, PKI_STAGE_SIGNATURE, "SIGNATURE.R", "VRF-063"));
    memcpy(w.bytes, good, sizeof good);
    memset(s, 0, 72);
    CU_ASSERT(refuses_bytes(chain, &w, PKI_STAGE_SIGNATURE, "SIGNATURE.S", "VRF-063"));
    memcpy(s, order, sizeof order);
    CU_ASSERT(refuses_bytes(chain, &w, PKI_STAGE_SIGNATURE, "SIGNATURE.S", "VRF-063"));
    memcpy(w.bytes, good, sizeof good);
    r[48] = 1;
    CU_ASSERT(refuses_bytes(chain, &w, PKI_STAGE_PARSE, "SIGNATURE_R", "VRF-010"));
    memcpy(w.bytes, good, sizeof good);
    for (size_t i = 0; i < 24; i++) { /* big-endian R */
        const uint8_t t = r[i];
        r[i] = r[47 - i];
        r[47 - i] = t;
    }
    CU_ASSERT(refuses_bytes(chain, &w, PKI_STAGE_SIGNATURE, "SIGNATURE", "VRF-062"));
    memcpy(w.bytes, good, sizeof good);
    /* n - S signs as well: half of all genuine reports have the higher one */
    int borrow = 0;
    for (size_t i = 0; i < 48; i++) {
        const int d = order[i] - s[i] - borrow;
        borrow = d < 0;
        s[i] = (uint8_t)d;
    }
    struct pki_verdict v;
    judge(chain, &w, w.bytes, sizeof w.bytes, &v);
    CU_ASSERT(v.accepted);
    pki_chain_free(chain);
    verify_close(&w);
}

/* A wrong size says what the input probably is. */
static void test_sizes(void) {
    struct verify_world w;
    struct pki_verdict v;
    uint8_t bytes[4000] = {0};
    verify_open(&w, MILAN, false, 3);
    struct pki_chain *chain = chain_of(&w);
    for (size_t size = 0; size < ABI_REPORT_SIZE; size += 37) {
        uint8_t *exact = malloc(size + 1);
        memcpy(exact, w.bytes, size);
        judge(chain, &w, exact, size, &v);
        CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_PARSE);
        free(exact);
    }
    memcpy(bytes, w.bytes, ABI_REPORT_SIZE);
    judge(chain, &w, bytes, ABI_REPORT_SIZE + 1, &v);
    CU_ASSERT(v.stage == PKI_STAGE_PARSE && strstr(v.why.rule, "bytes follow") != NULL);
    CU_ASSERT_STRING_EQUAL(pki_verdict_requirement(&v), "VRF-001");
    memset(bytes, 0, sizeof bytes);
    bytes[4] = 0xA0;
    bytes[5] = 0x04;
    memcpy(bytes + 0x20, w.bytes, ABI_REPORT_SIZE);
    judge(chain, &w, bytes, sizeof bytes, &v);
    CU_ASSERT(v.stage == PKI_STAGE_PARSE && strstr(v.why.rule, "MSG_REPORT_RSP") != NULL);
    memcpy(bytes, "HCLA\2", 6);
    judge(chain, &w, bytes, 2600, &v);
    CU_ASSERT(v.stage == PKI_STAGE_PARSE && strstr(v.why.rule, "HCL") != NULL);
    memset(bytes, '5', 2368);
    judge(chain, &w, bytes, 2368, &v);
    CU_ASSERT(v.stage == PKI_STAGE_PARSE && strstr(v.why.rule, "text") != NULL);
    pki_chain_free(chain);
    verify_close(&w);
}

static void test_unaligned_and_unchanged(void) {
    struct verify_world w;
    struct pki_verdict v;
    uint8_t bytes[ABI_REPORT_SIZE + 4];
    verify_open(&w, MILAN, false, 5);
    struct pki_chain *chain = chain_of(&w);
    for (size_t at = 0; at < 4; at++) {
        memcpy(bytes + at, w.bytes, ABI_REPORT_SIZE);
        for (size_t twice = 0; twice < 2; twice++) {
            judge(chain, &w, bytes + at, ABI_REPORT_SIZE, &v);
            CU_ASSERT(v.accepted);
            UNIT_BYTES(bytes + at, w.bytes, ABI_REPORT_SIZE);
        }
    }
    pki_chain_free(chain);
    verify_close(&w);
}

/* One chain, many reports: a refused one leaves the next alone; a refused chain refuses all. */
static void test_reuse(void) {
    struct verify_world w;
    struct pki_verdict v;
    verify_open(&w, MILAN, false, 5);
    struct pki_chain *chain = chain_of(&w);
    w.bytes[0x90] ^= 1;
    judge(chain, &w, w.bytes, sizeof w.bytes, &v);
    CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_SIGNATURE);
    CU_ASSERT(v.checks[PKI_STAGE_BINDING] == PKI_CHECK_PASS);
    CU_ASSERT(v.checks[PKI_STAGE_SIGNATURE] == PKI_CHECK_FAIL);
    CU_ASSERT(v.checks[PKI_STAGE_POLICY] == PKI_CHECK_SKIPPED);
    CU_ASSERT(v.anchor == PKI_ANCHOR_TEST);
    w.bytes[0x90] ^= 1;
    judge(chain, &w, w.bytes, sizeof w.bytes, &v);
    CU_ASSERT(v.accepted && v.stage == PKI_STAGE_COUNT && sevkit_ok(v.why));
    pki_chain_free(chain);
    w.at -= 86400;
    chain = chain_of(&w);
    for (size_t i = 0; i < 2; i++) {
        judge(chain, &w, w.bytes, sizeof w.bytes, &v);
        CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_CHAIN);
    }
    pki_chain_free(chain);
    verify_close(&w);
}

/* Two faults at once: the earlier stage answers. */
static void test_order(void) {
    struct verify_world w;
    verify_open(&w, MILAN, false, 3);
    w.policy.has_measurement = true; /* policy: not zero */
    w.report.committed_tcb += 1;     /* tcb */
    verify_sign(&w);
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_TCB);
    w.bytes[0x50] ^= 1; /* signature */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_SIGNATURE);
    w.bytes[ABI_REPORT_CHIP_ID] ^= 1; /* binding */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_BINDING);
    verify_crl(&w, NULL, 0);
    w.crl.bytes[w.crl.size - 1] ^= 1; /* revocation */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_REVOCATION);
    w.leaf.bytes[w.leaf.size - 1] ^= 1; /* chain */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_CHAIN);
    w.bytes[ABI_REPORT_SIGNATURE_ALGO] = 2; /* signer */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_SIGNER);
    w.bytes[ABI_REPORT_VERSION] = 1; /* version */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_VERSION);
    w.bytes[ABI_REPORT_RESERVED_4C] = 1; /* parse */
    CU_ASSERT(verify_judge(&w).stage == PKI_STAGE_PARSE);
    verify_close(&w);
}

/* The CA of the other kind: a VCEK under an ASVK. */
static void test_other_ca(void) {
    struct verify_world w;
    verify_open(&w, MILAN, false, 3);
    UNIT_OK(pki_mint_asvk(w.roots, &w.ca));
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_SIGNER, "SIGNING_KEY", "VRF-105"));
    verify_close(&w);
}

/* Random bytes of the right size, with the first two fields in order or not. */
static void test_noise(void) {
    struct verify_world w;
    struct pki_verdict v;
    struct crypto_drbg drbg;
    size_t accepted = 0;
    verify_open(&w, MILAN, false, 5);
    struct pki_chain *chain = chain_of(&w);
    crypto_drbg_init(&drbg, 20);
    for (size_t i = 0; i < 2000; i++) {
        uint8_t bytes[ABI_REPORT_SIZE], span[4];
        memcpy(bytes, w.bytes, sizeof bytes);
        crypto_drbg_random(&drbg, span, sizeof span);
        const size_t at = (size_t)(span[0] << 8 | span[1]) % ABI_REPORT_SIGNED_SIZE;
        crypto_drbg_random(&drbg, bytes + at, 1 + span[2] % 8);
        judge(chain, &w, bytes, sizeof bytes, &v);
        accepted += v.accepted && memcmp(bytes, w.bytes, sizeof bytes) != 0;
    }
    CU_ASSERT(accepted == 0);
    pki_chain_free(chain);
    verify_close(&w);
}

/* Every rule has words of its own: a verdict's text must lead back to one rule. */
static void test_rule_texts(void) {
    for (enum pki_rule i = 0; i < R_COUNT; i++) {
        const struct sevkit_result a = pki_no_at(i, NULL, "x", 0);
        CU_ASSERT_FATAL(a.rule != NULL && a.code != SEVKIT_OK);
        for (enum pki_rule k = 0; k < i; k++) {
            CU_ASSERT_STRING_NOT_EQUAL(a.rule, pki_no_at(k, NULL, "x", 0).rule);
        }
    }
}

static const struct unit_test tests[] = {
    {"rule-texts", test_rule_texts},
    {"one-field-each", test_rows},
    {"binding-values", test_binding_values},
    {"every-byte-flipped", test_flips},
    {"signature-numbers", test_signature_numbers},
    {"sizes", test_sizes},
    {"unaligned-and-unchanged", test_unaligned_and_unchanged},
    {"chain-used-again", test_reuse},
    {"stage-order", test_order},
    {"ca-of-the-other-kind", test_other_ca},
    {"noise", test_noise},
    {NULL, NULL},
};

const struct unit_suite pki_verify_suite = {"verify", tests};
