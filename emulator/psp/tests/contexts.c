/* Guest contexts: where they may be made, how many, what is left of one that ended, the secrets
 * page. */
#include <stdlib.h>
#include <string.h>

#include "psp/tests/fixture.h"
#include "sevkit/secrets.h"

extern const struct unit_suite contexts_suite;

#define OTHER_PAGE UINT64_C(0x20000)

static enum rmp_state state_of(struct fixture *f, uint64_t paddr) {
    struct rmp_entry e = {.immutable = true};
    CU_ASSERT(rmp_lookup(f->rmp, paddr, &e));
    return rmp_entry_state(&e);
}

/* A failure that names FIELD and the VALUE that it had; neither lies at an offset of a wire format. */
static bool refused(struct sevkit_result r, enum sevkit_code code, const char *field,
                    uint64_t value) {
    return unit_fails(r, code, field) && r.offset == SEVKIT_NO_OFFSET && r.value == value;
}

static void refuses_bad_pages(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    CU_ASSERT(rmp_set(f.rmp, OTHER_PAGE, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(rmp_set(f.rmp, RMP_PAGE_2M, RMP_FIRMWARE, RMP_2M));
    static const uint64_t bad[] = {OTHER_PAGE + 8, FIXTURE_MEMORY, GCTX_PAGE, 0x30000, RMP_PAGE_2M};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT(refused(psp_guest_install(f.psp, bad[i], &p, PSP_GUEST_RUNNING), SEVKIT_BAD_VALUE,
                          "GCTX_PADDR", bad[i]));
    }
    CU_ASSERT_EQUAL(state_of(&f, 0x30000), RMP_HYPERVISOR);
    CU_ASSERT_EQUAL(state_of(&f, OTHER_PAGE), RMP_FIRMWARE);
    fixture_close(&f);
}

static void exhausts_and_reuses_places(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    for (uint64_t i = 0; i < FIXTURE_GUESTS; i++)
        CU_ASSERT(rmp_set(f.rmp, OTHER_PAGE + i * RMP_PAGE_4K, RMP_FIRMWARE, RMP_4K));
    for (uint64_t i = 1; i < FIXTURE_GUESTS; i++) {
        UNIT_OK(psp_guest_install(f.psp, OTHER_PAGE + i * RMP_PAGE_4K, &p, PSP_GUEST_RUNNING));
    }
    CU_ASSERT(refused(psp_guest_install(f.psp, OTHER_PAGE, &p, PSP_GUEST_RUNNING), SEVKIT_LIMIT,
                      "guests_max", FIXTURE_GUESTS));
    CU_ASSERT_EQUAL(state_of(&f, OTHER_PAGE), RMP_FIRMWARE);
    psp_guest_remove(f.psp, GCTX_PAGE);
    CU_ASSERT_EQUAL(state_of(&f, GCTX_PAGE), RMP_FIRMWARE);
    UNIT_OK(psp_guest_install(f.psp, OTHER_PAGE, &p, PSP_GUEST_LAUNCH));
    CU_ASSERT_EQUAL(state_of(&f, OTHER_PAGE), RMP_CONTEXT);
    CU_ASSERT_PTR_NOT_NULL_FATAL(psp_gctx_find(&f.psp->guests, OTHER_PAGE));
    CU_ASSERT_EQUAL(psp_gctx_find(&f.psp->guests, OTHER_PAGE)->state, PSP_GUEST_LAUNCH);
    CU_ASSERT_PTR_NULL(psp_gctx_find(&f.psp->guests, GCTX_PAGE));
    fixture_close(&f);
}

static void removal_wipes(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    const struct psp_gctx *place = fixture_gctx(&f);
    CU_ASSERT(!abi_all_zero(place->vmpck[3], sizeof place->vmpck[3]));
    psp_guest_remove(f.psp, GCTX_PAGE);
    CU_ASSERT(abi_all_zero((const uint8_t *)place, sizeof *place));
    fixture_close(&f);
}

/* The cipher of the PSP must not keep a key of a guest that is gone. */
static void removal_drops_the_cipher_key(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    static const uint8_t zero[ABI_TSC_INFO_SIZE];
    uint8_t reply[ABI_MSG_PAYLOAD_MAX], iv[CRYPTO_AEAD_IV_SIZE] = {0};
    uint8_t text[16] = {0}, left[16], right[16], tag[CRYPTO_AEAD_TAG_SIZE];
    static const uint8_t zero_key[CRYPTO_AEAD_KEY_SIZE];
    struct crypto_aead *aead = NULL;
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, zero, sizeof zero, reply),
                    ABI_SUCCESS);
    psp_guest_remove(f.psp, GCTX_PAGE);
    UNIT_OK(crypto_aead_seal(f.psp->aead, iv, NULL, 0, text, sizeof text, left, tag));
    UNIT_OK(crypto_aead_new(&aead));
    UNIT_OK(crypto_aead_set_key(aead, zero_key));
    UNIT_OK(crypto_aead_seal(aead, iv, NULL, 0, text, sizeof text, right, tag));
    UNIT_BYTES(left, right, sizeof left);
    crypto_aead_free(aead);
    fixture_close(&f);
}

/* The report that the guest gets now. */
static struct abi_report report_of(struct fixture *f) {
    uint8_t request[ABI_REPORT_REQ_SIZE] = {0}, reply[ABI_MSG_PAYLOAD_MAX];
    struct abi_report report;
    if (fixture_call(f, ABI_MSG_REPORT_REQ, 1, request, sizeof request, reply) != ABI_SUCCESS ||
        !sevkit_ok(abi_report_decode(reply + ABI_REPORT_RSP_REPORT, ABI_REPORT_SIZE, &report)))
        abort();
    return report;
}

/* @req SNP-RPT-008, SNP-RPT-023 */
static void another_tcb(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    const struct abi_report before = report_of(&f);
    psp_set_tcb(f.psp, p.current_tcb + 3, p.committed_tcb + 2, p.reported_tcb + 1);
    const struct abi_report after = report_of(&f);
    CU_ASSERT_EQUAL(after.current_tcb, p.current_tcb + 3);
    CU_ASSERT_EQUAL(after.committed_tcb, p.committed_tcb + 2);
    CU_ASSERT_EQUAL(after.reported_tcb, p.reported_tcb + 1);
    CU_ASSERT_EQUAL(after.launch_tcb, before.launch_tcb);
    UNIT_BYTES(after.report_id, before.report_id, sizeof after.report_id);
    fixture_close(&f);
}

/* @req SNP-RPT-026 */
static void another_machine(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    uint8_t chip_id[64];
    p.mask_chip_id = false;
    fixture_open(&f, &p);
    const struct abi_report before = report_of(&f);
    memset(chip_id, 0x3C, sizeof chip_id);
    psp_move(f.psp, chip_id);
    const struct abi_report after = report_of(&f);
    UNIT_BYTES(after.chip_id, chip_id, sizeof chip_id);
    CU_ASSERT_NOT_EQUAL(memcmp(after.report_id, before.report_id, sizeof after.report_id), 0);
    UNIT_BYTES(after.report_id_ma, before.report_id_ma, sizeof after.report_id_ma);
    /* A place without a guest stays as it is. */
    CU_ASSERT_EQUAL(f.psp->guests.paddr[1], PSP_GCTX_FREE);
    CU_ASSERT(abi_all_zero(f.psp->guests.gctx[1].report_id, sizeof after.report_id));

    /* The signature is the new chip's. */
    const struct crypto_ec_key *key = NULL;
    const struct pki_leaf leaf = psp_leaf(f.psp, ABI_SIGNING_KEY_VCEK, p.reported_tcb);
    struct crypto_ec_key *wanted = NULL;
    uint8_t first[2 * CRYPTO_P384_SIZE], second[2 * CRYPTO_P384_SIZE];
    UNIT_OK(psp_signing_key(f.psp, ABI_SIGNING_KEY_VCEK, &key));
    UNIT_OK(pki_leaf_key(&leaf, &wanted));
    CU_ASSERT_EQUAL(leaf.hwid[0], 0x3C);
    crypto_ec_key_public(key, first);
    crypto_ec_key_public(wanted, second);
    UNIT_BYTES(first, second, sizeof first);
    crypto_ec_key_free(wanted);
    fixture_close(&f);
}

static void nothing_to_remove(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t page[ABI_PAGE_SIZE];
    uint64_t count[ABI_VMPCK_COUNT];
    fixture_open(&f, &p);
    static const uint64_t nowhere[] = {OTHER_PAGE, 0, UINT64_MAX};
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        psp_guest_remove(f.psp, nowhere[i]);
        CU_ASSERT(refused(psp_secrets_page(f.psp, nowhere[i], page), SEVKIT_NOT_FOUND, "GCTX_PADDR",
                          nowhere[i]));
        CU_ASSERT(!psp_msg_count(f.psp, nowhere[i], count));
    }
    CU_ASSERT_EQUAL(state_of(&f, OTHER_PAGE), RMP_HYPERVISOR);
    CU_ASSERT(psp_msg_count(f.psp, GCTX_PAGE, count));
    fixture_close(&f);
}

static void counters_come_from_the_profile(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    static const uint64_t at[ABI_VMPCK_COUNT] = {2, 4, UINT64_C(1) << 40, 8};
    uint64_t count[ABI_VMPCK_COUNT] = {0};
    memcpy(p.msg_count, at, sizeof at);
    fixture_open(&f, &p);
    CU_ASSERT(psp_msg_count(f.psp, GCTX_PAGE, count));
    UNIT_BYTES(count, at, sizeof at);
    fixture_close(&f);
}

/* psp.h fixes the order in which random bytes are taken: a machine is a function of its seed. */
static void secrets_in_the_order_of_the_stream(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    struct crypto_drbg drbg;
    uint8_t stream[6][32];
    fixture_open(&f, &p);
    crypto_drbg_init(&drbg, 1);
    crypto_drbg_random(&drbg, stream[0], sizeof stream);
    const struct psp_gctx *g = fixture_gctx(&f);
    UNIT_BYTES(g->vmpck, stream, sizeof g->vmpck);
    UNIT_BYTES(g->vmrk, stream[4], sizeof g->vmrk);
    UNIT_BYTES(g->report_id, stream[5], sizeof g->report_id);
    fixture_close(&f);
}

static void absent_id_block_is_zero(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    static const struct sevkit_id_block none;
    p.id_block.author_key_en = false;
    fixture_open(&f, &p);
    const struct sevkit_id_block *b = &fixture_gctx(&f)->id_block;
    CU_ASSERT(abi_all_zero(b->author_key_digest, sizeof b->author_key_digest));
    UNIT_BYTES(b->id_key_digest, p.id_block.id_key_digest, sizeof b->id_key_digest);
    fixture_close(&f);

    p = fixture_profile();
    p.id_block.present = false;
    fixture_open(&f, &p);
    UNIT_BYTES(&fixture_gctx(&f)->id_block, &none, sizeof none);
    fixture_close(&f);
}

static void fills_the_secrets_page(void) {
    static const struct {
        uint32_t version, tsc_factor;
        uint64_t launch_mit_vector;
    } rows[] = {{2, 0, 0}, {3, 200, 0}, {4, 200, 0x0F}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        uint8_t bytes[ABI_PAGE_SIZE];
        struct abi_secrets_page s;
        p.secrets_version = rows[i].version;
        fixture_open(&f, &p);
        UNIT_OK(psp_secrets_page(f.psp, GCTX_PAGE, bytes));
        UNIT_OK(abi_secrets_decode(bytes, sizeof bytes, &s));
        CU_ASSERT_EQUAL(s.version, rows[i].version);
        CU_ASSERT_EQUAL(s.imi_en, 0);
        CU_ASSERT_EQUAL(s.fms, 0x00A10F11);
        UNIT_BYTES(s.gosvw, p.gosvw, sizeof s.gosvw);
        UNIT_BYTES(s.vmpck, fixture_gctx(&f)->vmpck, sizeof s.vmpck);
        CU_ASSERT(abi_all_zero(s.guest_area, sizeof s.guest_area));
        CU_ASSERT(abi_all_zero(s.vmsa_tweak_bitmap, sizeof s.vmsa_tweak_bitmap));
        CU_ASSERT(abi_all_zero(s.guest_area_2, sizeof s.guest_area_2));
        CU_ASSERT(abi_all_zero(bytes + 0xA0, 0x160 - 0xA0));
        CU_ASSERT_EQUAL(s.tsc_factor, rows[i].tsc_factor);
        CU_ASSERT_EQUAL(s.launch_mit_vector, rows[i].launch_mit_vector);
        CU_ASSERT(abi_all_zero(s.reserved_170, sizeof s.reserved_170));
        fixture_close(&f);
    }
}

static const struct unit_test tests[] = {
    {"bad-pages", refuses_bad_pages},
    {"exhaustion-and-reuse", exhausts_and_reuses_places},
    {"removal-wipes", removal_wipes},
    {"removal-drops-cipher-key", removal_drops_the_cipher_key},
    {"another-tcb", another_tcb},
    {"another-machine", another_machine},
    {"nothing-to-remove", nothing_to_remove},
    {"counters-of-profile", counters_come_from_the_profile},
    {"random-order", secrets_in_the_order_of_the_stream},
    {"absent-id-block", absent_id_block_is_zero},
    {"secrets-page", fills_the_secrets_page},
    {NULL, NULL},
};

const struct unit_suite contexts_suite = {"contexts", tests};
