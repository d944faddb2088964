/* Keys: caches that must follow the TCB, the roots, and the KDF's context recomputed byte by
 * byte. */
#include <string.h>

#include "psp/tests/fixture.h"

extern const struct unit_suite keys_suite;

/* Appends to a KDF context written in the order of docs/test-keys.md. */
struct writer {
    uint8_t bytes[256];
    size_t size;
};

static void put(struct writer *w, const void *bytes, size_t size) {
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static void put_number(struct writer *w, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) w->bytes[w->size++] = (uint8_t)(value >> (8 * i));
}

static void put_if(struct writer *w, bool selected, const void *bytes, size_t size) {
    static const uint8_t none[64];
    put(w, selected ? bytes : none, size);
}

static void expected_key(const struct sevkit_profile *p, const struct abi_key_req *q,
                         const uint8_t *identity, const uint8_t root[32], uint8_t key[32]) {
    struct writer w = {.size = 0};
    const uint64_t s = q->guest_field_select;
    put_number(&w, s, 8);
    put_number(&w, q->vmpl, 4);
    put(&w, p->host_data, 32);
    put(&w, identity, 48);
    put_number(&w, s >> 0 & 1 ? p->policy : 0, 8);
    put_if(&w, s >> 1 & 1, p->id_block.image_id, 16);
    put_if(&w, s >> 2 & 1, p->id_block.family_id, 16);
    put_if(&w, s >> 3 & 1, p->measurement, 48);
    put_number(&w, s >> 4 & 1 ? q->guest_svn : 0, 4);
    put_number(&w, s >> 5 & 1 ? q->tcb_version : 0, 8);
    put_number(&w, s >> 6 & 1 ? q->launch_mit_vector : 0, 8);
    UNIT_OK(crypto_kdf(root, 32, "sevkit-test-guest-key", w.bytes, w.size, key, 32));
}

static struct pki_leaf vcek_at(const struct sevkit_profile *p, uint64_t tcb) {
    return (struct pki_leaf){.product = p->product,
                             .product_name = p->product_name,
                             .tcb = tcb,
                             .hwid = p->chip_id,
                             .hwid_size = 64};
}

/* Every bit alone, all and none, for VMRK and for VCEK; every field of the request is filled. */
static void kdf_context(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t key[32], want[32], vcek[32];
    fixture_open(&f, &p);
    for (unsigned bit = 0; bit <= 8; bit++) {
        struct abi_key_req q = {.vmpl = 2,
                                .guest_svn = 4,
                                .tcb_version = p.committed_tcb - 1,
                                .launch_mit_vector = 0x0A};
        q.guest_field_select = bit < 7 ? UINT64_C(1) << bit : bit == 7 ? 0x7F : 0;
        const bool old_tcb = (q.guest_field_select & ABI_FIELD_TCB_VERSION) != 0;
        const struct pki_leaf leaf = vcek_at(&p, old_tcb ? q.tcb_version : p.reported_tcb);
        UNIT_OK(pki_leaf_root_secret(&leaf, vcek));
        CU_ASSERT_EQUAL(fixture_key(&f, &q, key), ABI_SUCCESS);
        expected_key(&p, &q, p.id_block.author_key_digest, vcek, want);
        UNIT_BYTES(key, want, sizeof key);
        q.key_select = ABI_KEY_REQ_ROOT_KEY_SELECT;
        CU_ASSERT_EQUAL(fixture_key(&f, &q, key), ABI_SUCCESS);
        expected_key(&p, &q, p.id_block.author_key_digest, fixture_gctx(&f)->vmrk, want);
        UNIT_BYTES(key, want, sizeof key);
    }
    fixture_close(&f);
}

/* Author key digest, else ID key digest, else zeros. */
static void kdf_identity(void) {
    for (int i = 0; i < 3; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        static const uint8_t none[48];
        uint8_t key[32], want[32];
        p.id_block.author_key_en = i == 0;
        p.id_block.present = i != 2;
        fixture_open(&f, &p);
        const struct abi_key_req q = {.key_select = ABI_KEY_REQ_ROOT_KEY_SELECT};
        CU_ASSERT_EQUAL(fixture_key(&f, &q, key), ABI_SUCCESS);
        const uint8_t *identity = i == 0   ? p.id_block.author_key_digest
                                  : i == 1 ? p.id_block.id_key_digest
                                           : none;
        expected_key(&p, &q, identity, fixture_gctx(&f)->vmrk, want);
        UNIT_BYTES(key, want, sizeof key);
        fixture_close(&f);
    }
}

/* Firmware without the upper bound mixes in the whole dword: no two VMPLs share a key. SNP-KEY-027. */
static void kdf_vmpl_above_3(void) {
    static const uint32_t vmpls[] = {0,       1,          2,          3,         4,
                                     5,       0x100,      0x103,      0x203,     0x10000,
                                     0x10003, 0x01000003, 0x80000003, UINT32_MAX};
    enum { COUNT = sizeof vmpls / sizeof vmpls[0] };
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    uint8_t keys[COUNT][ABI_KEY_SIZE];
    p.vmpl_max_3 = false;
    fixture_open(&f, &p);
    for (size_t i = 0; i < COUNT; i++) {
        const struct abi_key_req q = {.key_select = ABI_KEY_REQ_ROOT_KEY_SELECT, .vmpl = vmpls[i]};
        CU_ASSERT_EQUAL(fixture_key(&f, &q, keys[i]), ABI_SUCCESS);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT(memcmp(keys[i], keys[j], ABI_KEY_SIZE) != 0);
        }
    }
    fixture_close(&f);
}

/* VLEK and VCEK have roots of their own; the default is the VLEK when one is loaded. */
static void roots(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    uint8_t key[3][32], vlek_root[32], want[32];
    p.vlek_loaded = true;
    fixture_open(&f, &p);
    for (uint32_t sel = 0; sel <= 2; sel++) {
        const struct abi_key_req q = {.key_select = sel << ABI_KEY_REQ_KEY_SEL_SHIFT};
        CU_ASSERT_EQUAL(fixture_key(&f, &q, key[sel]), ABI_SUCCESS);
    }
    const struct pki_leaf leaf = {.product = p.product, .tcb = p.reported_tcb, .csp_id = p.csp_id};
    const struct abi_key_req q = {0};
    UNIT_OK(pki_leaf_root_secret(&leaf, vlek_root));
    expected_key(&p, &q, p.id_block.author_key_digest, vlek_root, want);
    UNIT_BYTES(key[0], want, sizeof want);
    UNIT_BYTES(key[2], want, sizeof want);
    CU_ASSERT(memcmp(key[1], want, sizeof want) != 0);
    fixture_close(&f);
}

/* Going to an older TCB and back, by the request and by the platform. */
static void root_cache_follows_the_tcb(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t first[32], key[32], want[32], root[32];
    const struct abi_key_req plain = {0};
    const struct abi_key_req old = {.guest_field_select = ABI_FIELD_TCB_VERSION, .tcb_version = 4};
    fixture_open(&f, &p);
    CU_ASSERT_EQUAL(fixture_key(&f, &plain, first), ABI_SUCCESS);
    CU_ASSERT_EQUAL(fixture_key(&f, &old, key), ABI_SUCCESS);
    const struct pki_leaf leaf = vcek_at(&p, 4);
    UNIT_OK(pki_leaf_root_secret(&leaf, root));
    expected_key(&p, &old, p.id_block.author_key_digest, root, want);
    UNIT_BYTES(key, want, sizeof key);
    CU_ASSERT_EQUAL(fixture_key(&f, &plain, key), ABI_SUCCESS);
    UNIT_BYTES(key, first, sizeof key);

    f.psp->profile.reported_tcb = 4;
    CU_ASSERT_EQUAL(fixture_key(&f, &plain, key), ABI_SUCCESS);
    expected_key(&p, &plain, p.id_block.author_key_digest, root, want);
    UNIT_BYTES(key, want, sizeof key);
    f.psp->profile.reported_tcb = p.reported_tcb;
    CU_ASSERT_EQUAL(fixture_key(&f, &plain, key), ABI_SUCCESS);
    UNIT_BYTES(key, first, sizeof key);
    fixture_close(&f);
}

/* 0 and 1 are TCBs as any other, even for a cache that has just been filled for another one; what is cached is
 * used. */
static void root_cache_at_small_tcbs(void) {
    static const uint64_t tcbs[] = {4, 0, 5, 1};
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t key[32], want[32], root[32];
    struct abi_key_req q = {.guest_field_select = ABI_FIELD_TCB_VERSION};
    fixture_open(&f, &p);
    for (size_t i = 0; i < sizeof tcbs / sizeof tcbs[0]; i++) {
        q.tcb_version = tcbs[i];
        CU_ASSERT_EQUAL(fixture_key(&f, &q, key), ABI_SUCCESS);
        const struct pki_leaf leaf = vcek_at(&p, tcbs[i]);
        UNIT_OK(pki_leaf_root_secret(&leaf, root));
        expected_key(&p, &q, p.id_block.author_key_digest, root, want);
        UNIT_BYTES(key, want, sizeof key);
    }
    f.psp->leaf[ABI_SIGNING_KEY_VCEK].secret[0] ^= 1;
    root[0] ^= 1;
    CU_ASSERT_EQUAL(fixture_key(&f, &q, key), ABI_SUCCESS);
    expected_key(&p, &q, p.id_block.author_key_digest, root, want);
    UNIT_BYTES(key, want, sizeof key);
    fixture_close(&f);
}

/* What certificates are minted for: the profile's own name of the product, not one derived from it. */
static void what_a_leaf_is_made_of(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    const struct pki_leaf vcek = psp_leaf(f.psp, ABI_SIGNING_KEY_VCEK, 9);
    CU_ASSERT_PTR_EQUAL(vcek.product_name, f.psp->profile.product_name);
    CU_ASSERT_PTR_EQUAL(vcek.hwid, f.psp->profile.chip_id);
    CU_ASSERT_EQUAL(vcek.hwid_size, 64);
    CU_ASSERT_EQUAL(vcek.tcb, 9);
    CU_ASSERT_PTR_NULL(vcek.csp_id);
    const struct pki_leaf vlek = psp_leaf(f.psp, ABI_SIGNING_KEY_VLEK, 9);
    CU_ASSERT_PTR_EQUAL(vlek.csp_id, f.psp->profile.csp_id);
    CU_ASSERT_EQUAL(vlek.tcb, 9);
    CU_ASSERT_PTR_NULL(vlek.hwid);
    fixture_close(&f);
}

static void signing_key_follows_the_tcb(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    const struct crypto_ec_key *key, *again;
    uint8_t first[96], other[96];
    fixture_open(&f, &p);
    UNIT_OK(psp_signing_key(f.psp, ABI_SIGNING_KEY_VCEK, &key));
    UNIT_OK(psp_signing_key(f.psp, ABI_SIGNING_KEY_VCEK, &again));
    CU_ASSERT_PTR_EQUAL(key, again);
    crypto_ec_key_public(key, first);
    f.psp->profile.reported_tcb = p.committed_tcb;
    UNIT_OK(psp_signing_key(f.psp, ABI_SIGNING_KEY_VCEK, &key));
    crypto_ec_key_public(key, other);
    CU_ASSERT(memcmp(first, other, sizeof first) != 0);
    UNIT_OK(psp_signing_key(f.psp, ABI_SIGNING_KEY_VLEK, &key));
    crypto_ec_key_public(key, first);
    CU_ASSERT(memcmp(first, other, sizeof first) != 0);
    fixture_close(&f);
}

/* Every refusal leaves the key zero, with the status that answers for it; the first fault
 * decides. */
static void refusals(void) {
    static const struct {
        bool mask_chip_key, vlek, vcek_dis, mit_always;
        struct abi_key_req q;
        uint32_t status;
    } rows[] = {
        {.q = {.key_select = 8}, .status = ABI_INVALID_PARAM},
        {.mask_chip_key = true, .q = {.key_select = 8}, .status = ABI_INVALID_PARAM},
        {.mask_chip_key = true, .q = {.reserved_04 = 1}, .status = ABI_INVALID_PARAM},
        {.mask_chip_key = true, .status = ABI_INVALID_KEY},
        {.mask_chip_key = true, .vlek = true, .status = ABI_INVALID_KEY},
        {.mask_chip_key = true, .q = {.key_select = 1}, .status = ABI_SUCCESS},
        {.q = {.key_select = 6, .guest_field_select = 0x80}, .status = ABI_INVALID_KEY},
        {.q = {.key_select = 7}, .status = ABI_SUCCESS},
        {.q = {.key_select = 4}, .status = ABI_INVALID_KEY},
        {.vcek_dis = true, .vlek = true, .q = {.key_select = 2}, .status = ABI_INVALID_KEY},
        {.vcek_dis = true, .vlek = true, .status = ABI_SUCCESS},
        {.vcek_dis = true, .status = ABI_INVALID_KEY},
        {.q = {.vmpl = 4}, .status = ABI_INVALID_PARAM},
        {.q = {.guest_field_select = 0x80}, .status = ABI_INVALID_PARAM},
        {.q = {.guest_field_select = 0x20, .tcb_version = 9}, .status = ABI_INVALID_PARAM},
        {.q = {.guest_field_select = 0x20, .tcb_version = 0x10000}, .status = ABI_INVALID_PARAM},
        {.q = {.guest_field_select = 0x20, .tcb_version = 8}, .status = ABI_SUCCESS},
        {.q = {.guest_field_select = 0x1F, .tcb_version = UINT64_MAX}, .status = ABI_SUCCESS},
        {.q = {.guest_field_select = 0x10, .guest_svn = 6}, .status = ABI_INVALID_PARAM},
        {.q = {.guest_field_select = 0x10, .guest_svn = 5}, .status = ABI_SUCCESS},
        {.q = {.guest_field_select = 0x2F, .guest_svn = 6}, .status = ABI_SUCCESS},
        {.q = {.guest_field_select = 0x40, .launch_mit_vector = 0x10}, .status = ABI_BAD_SVN},
        {.q = {.guest_field_select = 0x40, .launch_mit_vector = 0x0F}, .status = ABI_SUCCESS},
        {.q = {.guest_field_select = 0x3F, .launch_mit_vector = 0x10}, .status = ABI_SUCCESS},
        {.mit_always = true, .q = {.launch_mit_vector = 0x10}, .status = ABI_BAD_SVN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        uint8_t key[32];
        p.mask_chip_key = rows[i].mask_chip_key;
        p.vlek_loaded = rows[i].vlek;
        p.vcek_dis = rows[i].vcek_dis;
        p.launch_mit_always_checked = rows[i].mit_always;
        p.launch_mit_status = ABI_BAD_SVN;
        fixture_open(&f, &p);
        CU_ASSERT_EQUAL(fixture_key(&f, &rows[i].q, key), rows[i].status);
        CU_ASSERT_EQUAL(abi_all_zero(key, sizeof key), rows[i].status != ABI_SUCCESS);
        CU_ASSERT_EQUAL(fixture_gctx(&f)->msg_count[0], 2);
        fixture_close(&f);
    }
}

static const struct unit_test tests[] = {
    {"kdf-context", kdf_context},
    {"kdf-identity", kdf_identity},
    {"kdf-vmpl-above-3", kdf_vmpl_above_3},
    {"roots", roots},
    {"root-cache", root_cache_follows_the_tcb},
    {"root-cache-small-tcbs", root_cache_at_small_tcbs},
    {"leaf", what_a_leaf_is_made_of},
    {"signing-key-cache", signing_key_follows_the_tcb},
    {"refusals", refusals},
    {NULL, NULL},
};

const struct unit_suite keys_suite = {"keys", tests};
