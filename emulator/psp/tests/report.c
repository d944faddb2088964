/* The report: fields by version and mask, the choice of the signing key, the signature. */
#include <string.h>

#include "psp/tests/fixture.h"

extern const struct unit_suite report_suite;

static struct abi_report get(struct fixture *f, uint32_t key_sel) {
    struct abi_report_req req = {.vmpl = 2, .key_sel = key_sel};
    struct abi_report_rsp rsp;
    struct abi_report report = {0};
    memset(req.report_data, 0x77, sizeof req.report_data);
    CU_ASSERT_EQUAL_FATAL(fixture_report(f, &req, &rsp), ABI_SUCCESS);
    CU_ASSERT_EQUAL(rsp.report_size, ABI_REPORT_SIZE);
    UNIT_OK(abi_report_decode(rsp.report, sizeof rsp.report, &report));
    UNIT_OK(abi_report_check_version(&report, false));
    UNIT_OK(abi_report_check_fields(&report));
    return report;
}

/* Every field, from where it comes; version by version. */
static void fields(void) {
    static const uint32_t versions[] = {2, 3, 5};
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        p.report_version = versions[i];
        fixture_open(&f, &p);
        const struct abi_report r = get(&f, 0);
        const struct psp_gctx *g = fixture_gctx(&f);
        struct abi_report want = {
            .version = versions[i],
            .guest_svn = 5,
            .policy = p.policy,
            .vmpl = 2,
            .signature_algo = 1,
            .current_tcb = p.current_tcb,
            .platform_info = p.platform_info,
            .key_info = 1,
            .reported_tcb = p.reported_tcb,
            .committed_tcb = p.committed_tcb,
            .current = p.current_version,
            .committed = p.committed_version,
            .launch_tcb = p.launch_tcb,
        };
        if (versions[i] >= 3) want.fms = p.fms;
        if (versions[i] == 5) want.launch_mit_vector = 0x0F;
        if (versions[i] == 5) want.current_mit_vector = 0x1F;
        memset(want.report_data, 0x77, sizeof want.report_data);
        memset(want.report_id_ma, 0xFF, sizeof want.report_id_ma);
        memcpy(want.family_id, p.id_block.family_id, 16);
        memcpy(want.image_id, p.id_block.image_id, 16);
        memcpy(want.measurement, p.measurement, 48);
        memcpy(want.host_data, p.host_data, 32);
        memcpy(want.id_key_digest, p.id_block.id_key_digest, 48);
        memcpy(want.author_key_digest, p.id_block.author_key_digest, 48);
        memcpy(want.report_id, g->report_id, 32);
        memcpy(want.chip_id, p.chip_id, 64);
        uint8_t got_bytes[ABI_REPORT_SIZE], want_bytes[ABI_REPORT_SIZE];
        abi_report_encode(&r, got_bytes);
        abi_report_encode(&want, want_bytes);
        UNIT_BYTES(got_bytes, want_bytes, ABI_REPORT_SIGNED_SIZE);
        fixture_close(&f);
    }
}

/* A guest launched from another profile than the machine's: its report has the launch's values, and the
 * platform's all the same. */
static void a_guest_of_another_profile(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    struct sevkit_profile other = p;
    fixture_open(&f, &p);
    other.policy ^= UINT64_C(1) << 19;
    other.launch_tcb = UINT64_C(0x4413000000000005);
    other.launch_mit_vector = 0x03;
    other.id_block.guest_svn = 9;
    memset(other.measurement, 0xE2, sizeof other.measurement);
    memset(other.host_data, 0xD2, sizeof other.host_data);
    memset(other.id_block.family_id, 0xFB, sizeof other.id_block.family_id);
    memset(other.id_block.image_id, 0x1B, sizeof other.id_block.image_id);
    memset(other.id_block.id_key_digest, 0x1E, sizeof other.id_block.id_key_digest);
    memset(other.id_block.author_key_digest, 0xA1, sizeof other.id_block.author_key_digest);
    /* The platform's, which a launch does not bring. */
    other.current_tcb = other.committed_tcb = other.reported_tcb = 1;
    other.current_mit_vector = 0x7F;
    other.platform_info = 0;
    other.report_version = 3;
    other.current_version = other.committed_version = (struct abi_fw_version){1, 51, 1};
    other.fms = (struct abi_fms){0x19, 0x01, 0x02};
    memset(other.chip_id, 0xC2, sizeof other.chip_id);
    psp_guest_remove(f.psp, GCTX_PAGE);
    UNIT_OK(psp_guest_install(f.psp, GCTX_PAGE, &other, PSP_GUEST_RUNNING));

    const struct abi_report r = get(&f, 0);
    CU_ASSERT_EQUAL(r.policy, other.policy);                       /* SNP-RPT-003 */
    CU_ASSERT_EQUAL(r.launch_tcb, other.launch_tcb);               /* SNP-RPT-032 */
    CU_ASSERT_EQUAL(r.launch_mit_vector, other.launch_mit_vector); /* SNP-RPT-034 */
    CU_ASSERT_EQUAL(r.guest_svn, 9);
    UNIT_BYTES(r.measurement, other.measurement, sizeof r.measurement);
    UNIT_BYTES(r.host_data, other.host_data, sizeof r.host_data);
    UNIT_BYTES(r.family_id, other.id_block.family_id, sizeof r.family_id);
    UNIT_BYTES(r.image_id, other.id_block.image_id, sizeof r.image_id);
    UNIT_BYTES(r.id_key_digest, other.id_block.id_key_digest, sizeof r.id_key_digest);
    UNIT_BYTES(r.author_key_digest, other.id_block.author_key_digest, sizeof r.author_key_digest);
    CU_ASSERT_EQUAL(r.version, p.report_version);
    CU_ASSERT_EQUAL(r.current_tcb, p.current_tcb);
    CU_ASSERT_EQUAL(r.committed_tcb, p.committed_tcb);
    CU_ASSERT_EQUAL(r.reported_tcb, p.reported_tcb);
    CU_ASSERT_EQUAL(r.current_mit_vector, p.current_mit_vector);
    CU_ASSERT_EQUAL(r.platform_info, p.platform_info);
    CU_ASSERT_EQUAL(r.current.minor, p.current_version.minor);
    CU_ASSERT_EQUAL(r.committed.minor, p.committed_version.minor);
    CU_ASSERT_EQUAL(r.fms.model, p.fms.model);
    UNIT_BYTES(r.chip_id, p.chip_id, sizeof r.chip_id);
    fixture_close(&f);
}

static void migration_agent_and_masked_chip(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    p.has_report_id_ma = true;
    memset(p.report_id_ma, 0x3A, sizeof p.report_id_ma);
    p.mask_chip_id = true;
    p.id_block.author_key_en = false;
    fixture_open(&f, &p);
    const struct abi_report r = get(&f, 0);
    UNIT_BYTES(r.report_id_ma, p.report_id_ma, sizeof r.report_id_ma);
    CU_ASSERT(abi_all_zero(r.chip_id, sizeof r.chip_id));
    CU_ASSERT_EQUAL(r.key_info, 0);
    CU_ASSERT(abi_all_zero(r.author_key_digest, sizeof r.author_key_digest));
    fixture_close(&f);
}

static bool signed_by(struct fixture *f, const struct abi_report *r, enum abi_signing_key kind) {
    const struct crypto_ec_key *key;
    struct crypto_ec_public *pub = NULL;
    struct crypto_signature s;
    uint8_t xy[2 * CRYPTO_P384_SIZE], bytes[ABI_REPORT_SIZE];
    UNIT_OK(psp_signing_key(f->psp, kind, &key));
    crypto_ec_key_public(key, xy);
    UNIT_OK(crypto_ec_public_new(xy, &pub));
    memcpy(s.r, r->signature_r, sizeof s.r);
    memcpy(s.s, r->signature_s, sizeof s.s);
    abi_report_encode(r, bytes);
    const bool good = sevkit_ok(crypto_ec_verify(pub, bytes, ABI_REPORT_SIGNED_SIZE, &s));
    crypto_ec_public_free(pub);
    return good;
}

/* The table of attestation report notes, section 3. */
static void choice_of_the_key(void) {
    static const struct {
        uint32_t key_sel;
        bool vlek, mask, none;
        unsigned signing_key;
        bool is_signed;
    } rows[] = {
        {0, true, false, true, 1, true},  {0, true, true, true, 1, true},
        {0, false, false, true, 0, true}, {0, false, true, true, 7, false},
        {1, true, false, true, 0, true},  {1, false, false, true, 0, true},
        {1, true, true, true, 7, false},  {2, true, false, true, 1, true},
        {2, true, true, true, 1, true},   {0, false, true, false, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        p.vlek_loaded = rows[i].vlek;
        p.mask_chip_key = rows[i].mask;
        p.signing_key_none = rows[i].none;
        fixture_open(&f, &p);
        const struct abi_report r = get(&f, rows[i].key_sel);
        CU_ASSERT_EQUAL(r.key_info, rows[i].signing_key << 2 | (rows[i].mask ? 2u : 0u) | 1u);
        CU_ASSERT_EQUAL(r.signature_algo, 1);
        if (rows[i].is_signed) {
            CU_ASSERT(signed_by(&f, &r, (enum abi_signing_key)rows[i].signing_key));
        } else {
            CU_ASSERT(abi_all_zero(r.signature_r, sizeof r.signature_r));
            CU_ASSERT(abi_all_zero(r.signature_s, sizeof r.signature_s));
        }
        fixture_close(&f);
    }
}

/* Refusals of REPORT_REQ, the first fault deciding; no report then. */
static void refusals(void) {
    static const struct {
        bool vlek, vcek_dis, size_on_failure, vmpl_any;
        struct abi_report_req q;
        uint32_t status;
    } rows[] = {
        {.q = {.key_sel = 4}, .status = ABI_INVALID_PARAM},
        {.q = {.key_sel = 7}, .status = ABI_INVALID_PARAM},
        {.q = {.key_sel = 3, .reserved_48 = {[23] = 1}}, .status = ABI_INVALID_PARAM},
        {.q = {.key_sel = 3, .vmpl = 4}, .status = ABI_INVALID_KEY},
        {.q = {.key_sel = 2}, .status = ABI_INVALID_KEY},
        {.vcek_dis = true, .status = ABI_INVALID_KEY},
        {.vcek_dis = true, .vlek = true, .q = {.key_sel = 1}, .status = ABI_INVALID_KEY},
        {.vcek_dis = true, .vlek = true, .status = ABI_SUCCESS},
        {.q = {.vmpl = 4}, .status = ABI_INVALID_PARAM},
        {.q = {.vmpl = 4}, .size_on_failure = true, .status = ABI_INVALID_PARAM},
        {.vmpl_any = true, .q = {.vmpl = 4}, .status = ABI_SUCCESS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        struct abi_report_rsp rsp;
        p.vlek_loaded = rows[i].vlek;
        p.vcek_dis = rows[i].vcek_dis;
        p.report_size_on_failure = rows[i].size_on_failure;
        p.vmpl_max_3 = !rows[i].vmpl_any;
        fixture_open(&f, &p);
        CU_ASSERT_EQUAL(fixture_report(&f, &rows[i].q, &rsp), rows[i].status);
        const bool success = rows[i].status == ABI_SUCCESS;
        CU_ASSERT_EQUAL(rsp.report_size, success || rows[i].size_on_failure ? ABI_REPORT_SIZE : 0);
        CU_ASSERT_EQUAL(abi_all_zero(rsp.report, sizeof rsp.report), !success);
        CU_ASSERT_EQUAL(fixture_gctx(&f)->msg_count[0], 2);
        fixture_close(&f);
    }
}

/* VMPL against the key's number: a request on VMPCK n may state n to 3. */
static void vmpl_against_the_key(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    for (uint8_t vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++) {
        for (uint32_t vmpl = 0; vmpl <= 3; vmpl++) {
            const struct abi_report_req report = {.vmpl = vmpl};
            const struct abi_key_req key = {.key_select = 1, .vmpl = vmpl};
            const uint32_t want = vmpl < vmpck ? ABI_INVALID_PARAM : ABI_SUCCESS;
            uint8_t payload[ABI_REPORT_REQ_SIZE] = {0}, page[ABI_PAGE_SIZE];
            uint8_t reply[ABI_MSG_PAYLOAD_MAX];
            struct abi_msg_header r;
            abi_report_req_encode(&report, payload);
            struct abi_msg_header h = abi_msg_header_make(
                ABI_MSG_REPORT_REQ, 1, vmpck, fixture_gctx(&f)->msg_count[vmpck] + 1, 0x60);
            fixture_seal(&f, &h, payload, page);
            CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_SUCCESS);
            CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE, vmpck, &r, reply));
            CU_ASSERT_EQUAL(abi_get_le32(reply), want);
            memset(payload, 0, sizeof payload);
            abi_key_req_encode(1, &key, payload);
            h = abi_msg_header_make(ABI_MSG_KEY_REQ, 1, vmpck, h.seqno + 2, 0x20);
            fixture_seal(&f, &h, payload, page);
            CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_SUCCESS);
            CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE, vmpck, &r, reply));
            CU_ASSERT_EQUAL(abi_get_le32(reply), want);
        }
    }
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"fields", fields},
    {"another-profile", a_guest_of_another_profile},
    {"agent-and-mask", migration_agent_and_masked_chip},
    {"key-choice", choice_of_the_key},
    {"refusals", refusals},
    {"vmpl", vmpl_against_the_key},
    {NULL, NULL},
};

const struct unit_suite report_suite = {"report", tests};
