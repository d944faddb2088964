/* Stage chain: certificates with one defect each, signed again so that only the defect is wrong,
 * beside their accepted twin. Certificate notes, sections 1 and 2; design, section 4 (anchor). */
#include <stdio.h>
#include <string.h>

#include "verify_fixture.h"

#define OU "456e67696e656572696e67"
#define COUNTRY "3009060355040613025553"
#define LOCALITY "301206035504070c0b53616e746120436c617261"
#define CN_MILAN "5345562d4d696c616e" /* SEV-Milan */
#define CN_GENOA "5345562d47656e6f61" /* SEV-Genoa */
#define PSS_384 "608648016503040202"
#define PSS_256 "608648016503040201"
/* the leaf's first extension: structVersion 0 */
#define FIRST_EXT "301006092b060104019c7801010403020100"
#define UNKNOWN_CRITICAL "300b06032a03040101ff040100"
#define UNKNOWN "300806032a0304040100"
#define EIGHT UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN

static const struct row {
    const char *name;
    enum verify_part part;
    const char *old;
    size_t nth;
    const char *new;
    enum pki_stage stage;
    const char *field; /* NULL: accepted */
    const char *requirement;
    uint64_t value; /* the one that the refusal tells */
} rows[] = {
    /* section 1.1 */
    {"leaf-ou", VERIFY_LEAF, OU, 1, "456e67696e656572696e68", PKI_STAGE_CHAIN, "VCEK.subject.OU",
     "VRF-029", 0},
    {"ask-ou", VERIFY_CA, OU, 1, "456e67696e656572696e68", PKI_STAGE_CHAIN, "ASK.subject.OU",
     "VRF-029", 0},
    {"leaf-country-tag", VERIFY_LEAF, "06035504061302", 1, "06035504060c02", PKI_STAGE_CHAIN,
     "VCEK.subject.C", "VRF-029", 12},
    {"leaf-order", VERIFY_LEAF, "0603550408", 1, "060355040a", PKI_STAGE_CHAIN, "VCEK.subject.ST",
     "VRF-029", 3},
    {"leaf-extra-rdn", VERIFY_LEAF, "310b3009060355040613025553", 1,
     "310b3009060355040613025553310b3009060355040613025553", PKI_STAGE_CHAIN, "VCEK.subject",
     "VRF-029", 7},
    {"leaf-two-in-one-rdn", VERIFY_LEAF, "310b" COUNTRY "3114" LOCALITY, 1, "311f" COUNTRY LOCALITY,
     PKI_STAGE_CHAIN, "VCEK.subject.L", "VRF-029", 1},
    {"leaf-issuer-other-line", VERIFY_LEAF, CN_MILAN, 0, CN_GENOA, PKI_STAGE_CHAIN, "VCEK.issuer",
     "VRF-028", 0},
    {"leaf-cn", VERIFY_LEAF, "5345562d5643454b", 0, "5345562d5643454b58", PKI_STAGE_CHAIN,
     "subject.CN", "VRF-029", 0},
    {"ask-cn", VERIFY_CA, CN_MILAN, 0, CN_MILAN "6f", PKI_STAGE_CHAIN, "ASK.subject.CN", "VRF-029",
     0},
    {"ask-v1", VERIFY_CA, "a003020102", 0, "a003020101", PKI_STAGE_CHAIN, "ASK.version", "VRF-106",
     2},
    {"leaf-pss-sha256", VERIFY_LEAF, PSS_384, 0, PSS_256, PKI_STAGE_CHAIN,
     "VCEK.signatureAlgorithm", "VRF-031", 67},
    {"leaf-salt-20", VERIFY_LEAF, "a203020130", 0, "a203020114", PKI_STAGE_CHAIN,
     "VCEK.signatureAlgorithm", "VRF-031", 67},
    {"leaf-trailer-2", VERIFY_LEAF, "a203020130", 0, "a203020130a303020102", PKI_STAGE_CHAIN,
     "VCEK.signatureAlgorithm", "VRF-031", 72},
    {"leaf-form-a", VERIFY_LEAF, "a203020130", 0, "a203020130a303020101", PKI_STAGE_CHAIN, NULL, "",
     0},
    /* section 1.2 */
    {"ask-exponent-3", VERIFY_CA, "0203010001", 1, /* the first is the serial */ "0203010003",
     PKI_STAGE_CHAIN, "ASK.subjectPublicKeyInfo", "VRF-107", 4096},
    {"ask-not-ca", VERIFY_CA, "040830060101ff020100", 0, "04023000", PKI_STAGE_CHAIN,
     "ASK.basicConstraints", "VRF-035", 0},
    {"ask-constraints-missing", VERIFY_CA, "0603551d130101ff", 0, "06032a0304", PKI_STAGE_CHAIN,
     "ASK.basicConstraints", "VRF-035", 0},
    {"ask-constraints-not-critical", VERIFY_CA, "0603551d130101ff", 0, "0603551d13",
     PKI_STAGE_CHAIN, "ASK.basicConstraints", "VRF-035", 0},
    {"ask-path-length-1", VERIFY_CA, "30060101ff020100", 0, "30060101ff020101", PKI_STAGE_CHAIN,
     "ASK.pathLenConstraint", "VRF-035", 1},
    {"ask-no-path-length", VERIFY_CA, "040830060101ff020100", 0, "040530030101ff", PKI_STAGE_CHAIN,
     "ASK.pathLenConstraint", "VRF-035", UINT64_MAX},
    {"ark-path-length", VERIFY_ARK, "040530030101ff", 0, "040830060101ff020100", PKI_STAGE_CHAIN,
     "ARK.pathLenConstraint", "VRF-035", 0},
    {"ask-usage-minimal", VERIFY_CA, "03020104", 0, "03020204", PKI_STAGE_CHAIN, NULL, "", 0},
    {"ask-usage-crl-too", VERIFY_CA, "03020104", 0, "03020106", PKI_STAGE_CHAIN, "ASK.keyUsage",
     "VRF-035", 96},
    {"ask-usage-none", VERIFY_CA, "03020104", 0, "03020780", PKI_STAGE_CHAIN, "ASK.keyUsage",
     "VRF-035", 1},
    {"ask-usage-missing", VERIFY_CA, "0603551d0f0101ff", 0, "06032a0304", PKI_STAGE_CHAIN,
     "ASK.keyUsage", "VRF-035", 0},
    {"ask-usage-not-critical", VERIFY_CA, "0603551d0f0101ff", 0, "0603551d0f", PKI_STAGE_CHAIN,
     "ASK.keyUsage", "VRF-035", 0},
    {"ark-usage-no-crl", VERIFY_ARK, "03020106", 0, "03020204", PKI_STAGE_CHAIN, "ARK.keyUsage",
     "VRF-035", 32},
    {"ask-critical-crldp", VERIFY_CA, "0603551d1f04", 0, "0603551d1f0101ff04", PKI_STAGE_CHAIN,
     "ASK.2.5.29.31", "VRF-037", 1},
    /* section 1.3 */
    {"leaf-unknown-critical", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT UNKNOWN_CRITICAL,
     PKI_STAGE_CHAIN, "VCEK.1.2.3.4", "VRF-037", 1},
    {"leaf-unknown", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT UNKNOWN, PKI_STAGE_CHAIN, NULL, "", 0},
    {"leaf-ext-twice", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT FIRST_EXT, PKI_STAGE_CHAIN,
     "VCEK.1.3.6.1.4.1.3704.1.1", "VRF-108", 2},
    {"leaf-35-extensions", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT EIGHT EIGHT EIGHT, PKI_STAGE_CHAIN,
     "VCEK.extensions", "VRF-104", 35},
    {"leaf-ca", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "300c0603551d13040530030101ff",
     PKI_STAGE_CHAIN, "VCEK.basicConstraints", "VRF-035", 1},
    {"leaf-not-ca-said", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "30090603551d1304023000",
     PKI_STAGE_CHAIN, NULL, "", 0},
    {"leaf-constraints-garbled", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "30090603551d130402ffff",
     PKI_STAGE_CHAIN, "VCEK.basicConstraints", "VRF-035", 2},
    {"leaf-cert-sign", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "300b0603551d0f040403020204",
     PKI_STAGE_CHAIN, "VCEK.keyUsage", "VRF-035", 32},
    {"leaf-crl-sign", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "300b0603551d0f040403020102",
     PKI_STAGE_CHAIN, "VCEK.keyUsage", "VRF-035", 64},
    {"leaf-digital-signature", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "300b0603551d0f040403020780",
     PKI_STAGE_CHAIN, NULL, "", 0},
    {"leaf-usage-garbled", VERIFY_LEAF, FIRST_EXT, 0, FIRST_EXT "30090603551d0f0402ffff",
     PKI_STAGE_CHAIN, "VCEK.keyUsage", "VRF-035", 2},
};

static void test_rows(void) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct verify_world w;
        verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
        verify_patch(&w, r->part, r->old, r->nth, r->new);
        const bool right = r->field == NULL
                               ? verify_accepts(&w)
                               : verify_refuses(&w, r->stage, r->field, r->requirement);
        if (!right) fprintf(stderr, "    row %s\n", r->name);
        CU_ASSERT(right);
        const uint64_t told = verify_judge(&w).why.value;
        if (told != r->value)
            fprintf(stderr, "    row %s tells %#llx\n", r->name, (unsigned long long)told);
        CU_ASSERT_EQUAL(told, r->value);
        verify_close(&w);
    }
}

static void test_products(void) {
    static const enum abi_product products[] = {ABI_PRODUCT_MILAN, ABI_PRODUCT_GENOA,
                                                ABI_PRODUCT_TURIN};
    for (size_t i = 0; i < 6; i++) {
        struct verify_world w;
        verify_open(&w, products[i / 2], i % 2 != 0, 5);
        CU_ASSERT(verify_accepts(&w));
        CU_ASSERT(verify_judge(&w).anchor == PKI_ANCHOR_TEST);
        w.report.version = 2;
        w.report.fms = (struct abi_fms){0};
        w.report.launch_mit_vector = w.report.current_mit_vector = 0;
        verify_sign(&w);
        CU_ASSERT(verify_accepts(&w));
        verify_close(&w);
    }
}

static void test_inner_and_outer_algorithm(void) {
    struct verify_world w;
    const struct crypto_span a = pki_pss_algorithm(PKI_PSS_FORM_A);
    const struct crypto_span b = pki_pss_algorithm(PKI_PSS_FORM_B);
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    verify_reseal(&w.leaf, NULL, 0, NULL, w.roots->ask, &a);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.signatureAlgorithm", "VRF-032"));
    verify_reseal(&w.leaf, NULL, 0, NULL, w.roots->ask, &b);
    CU_ASSERT(verify_accepts(&w));
    verify_close(&w);
}

/* The right names, another key of the same chain: only the signature is wrong. */
static void test_signatures(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    const struct verify_world twin = w;
    verify_reseal(&w.leaf, NULL, 0, NULL, w.roots->ark, NULL);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.signature", "VRF-027"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    w.leaf = twin.leaf;
    verify_reseal(&w.ca, NULL, 0, NULL, w.roots->ask, NULL);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASK.signature", "VRF-026"));
    w.ca = twin.ca;
    verify_reseal(&w.ark, NULL, 0, NULL, w.roots->ask, NULL);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ARK.signature", "VRF-022"));
    w.ark = twin.ark;
    CU_ASSERT(verify_accepts(&w));
    w.leaf.bytes[w.leaf.size - 1] ^= 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.signature", "VRF-027"));
    verify_close(&w);
}

static void test_validity(void) {
    struct verify_world w;
    struct pki_cert *leaf, *ca;
    verify_open(&w, ABI_PRODUCT_TURIN, true, 5);
    UNIT_OK(pki_cert_parse(w.leaf.bytes, w.leaf.size, &leaf));
    UNIT_OK(pki_cert_parse(w.ca.bytes, w.ca.size, &ca));
    w.at = pki_cert_not_before(leaf);
    CU_ASSERT(verify_accepts(&w));
    w.at = pki_cert_not_after(leaf);
    CU_ASSERT(verify_accepts(&w));
    w.at = pki_cert_not_before(leaf) - 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VLEK.notBefore", "VRF-033"));
    w.at = pki_cert_not_after(leaf) + 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VLEK.notAfter", "VRF-033"));
    w.at = pki_cert_not_before(ca) - 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASVK.notBefore", "VRF-034"));
    w.at = pki_cert_not_after(ca) + 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ARK.notAfter", "VRF-034"));
    pki_cert_free(leaf);
    pki_cert_free(ca);
    verify_close(&w);
}

/* The leaf's SubjectPublicKeyInfo in hex. */
static void spki_hex(const struct verify_world *w, char out[512]) {
    uint8_t xy[2 * CRYPTO_P384_SIZE];
    strcpy(out, "3076301006072a8648ce3d020106052b8104002203620004");
    crypto_ec_key_public(w->key, xy);
    for (size_t i = 0, n = strlen(out); i < sizeof xy; i++, n += 2) {
        snprintf(out + n, 512 - n, "%02x", xy[i]);
    }
}

/* A sound key of another kind: the generator of P-256, and the ASK's RSA key. */
static void test_leaf_key(void) {
    static const char p256[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                               "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    struct verify_world w;
    char old[512], rsa[2048];
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    const struct pki_der good = w.leaf;
    const struct crypto_span spki = crypto_rsa_key_spki(w.roots->ask);
    spki_hex(&w, old);
    for (size_t i = 0; i < spki.size; i++) snprintf(rsa + 2 * i, 3, "%02x", spki.bytes[i]);
    verify_patch(&w, VERIFY_LEAF, old, 0, p256);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.subjectPublicKeyInfo", "VRF-036"));
    w.leaf = good;
    verify_patch(&w, VERIFY_LEAF, old, 0, rsa);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.subjectPublicKeyInfo", "VRF-036"));
    w.leaf = good;
    CU_ASSERT(verify_accepts(&w));
    verify_close(&w);
}

/* An issuer unique id between the leaf's public key and its extensions. */
static void test_unique_id(void) {
    struct verify_world w;
    char old[512], new[600];
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    spki_hex(&w, old);
    snprintf(new, sizeof new, "%s81020041", old);
    verify_patch(&w, VERIFY_LEAF, old, 0, new);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.uniqueID", "VRF-106"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 1);
    verify_close(&w);
}

/* Whole certificates in the wrong place. */
static void test_places(void) {
    struct verify_world w, other;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    verify_open(&other, ABI_PRODUCT_GENOA, false, 3);
    const struct verify_world twin = w;
    w.ca = w.leaf;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASK.subject.CN", "VRF-029"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    w.ca = w.ark;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASK.subject.CN", "VRF-029"));
    w.ca = other.ca;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASK.subject.CN", "VRF-030"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    w = twin;
    w.ark = other.ark;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASK.subject.CN", "VRF-030"));
    w = twin;
    w.leaf = other.leaf;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK.issuer", "VRF-028"));
    /* a whole sound chain, but of another line than the report's processor */
    w = twin;
    w.ark = other.ark;
    w.ca = other.ca;
    w.leaf = other.leaf;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "CPUID_FAM_ID", "VRF-061"));
    w = twin;
    CU_ASSERT(verify_accepts(&w));
    w.report.fms.family = 0x1B;
    verify_sign(&w);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "CPUID_FAM_ID", "VRF-061"));
    w = twin;
    w.ark.size = 0;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ARK", "VRF-025"));
    w = twin;
    w.ca.size = 0;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ASK or ASVK", "VRF-025"));
    w = twin;
    w.leaf.size = 0;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "VCEK or VLEK", "VRF-025"));
    w = twin;
    w.ca.size--;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "certificate", "VRF-040"));
    verify_close(&other);
    w = twin;
    verify_close(&w);
}

/* A self-made ARK under AMD's names: the ASK's key signs itself as ARK. */
static void forge_ark(struct verify_world *w) {
    const struct crypto_span from = crypto_rsa_key_spki(w->roots->ark);
    const struct crypto_span to = crypto_rsa_key_spki(w->roots->ask);
    char old[2 * 32 + 1], new[2 * 32 + 1];
    /* the moduli differ from their first bytes on; all 512 are exchanged in pieces of 32 */
    for (size_t at = from.size - 5 - 512; at < from.size - 5; at += 32) {
        for (size_t i = 0; i < 32; i++) {
            snprintf(old + 2 * i, 3, "%02x", from.bytes[at + i]);
            snprintf(new + 2 * i, 3, "%02x", to.bytes[at + i]);
        }
        verify_reseal(&w->ark, old, 0, new, w->roots->ask, NULL);
    }
    verify_reseal(&w->ca, NULL, 0, NULL, w->roots->ask, NULL);
}

static void test_anchor(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    const struct verify_world twin = w;
    forge_ark(&w);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ARK.subjectPublicKeyInfo", "VRF-023"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    w.trust_dir = true;
    CU_ASSERT(verify_accepts(&w));
    CU_ASSERT(verify_judge(&w).anchor == PKI_ANCHOR_DIR);
    w.trust_dir = false;
    w.with_root = true;
    w.root = w.ark;
    CU_ASSERT(verify_accepts(&w));
    CU_ASSERT(verify_judge(&w).anchor == PKI_ANCHOR_GIVEN);
    w.root = twin.ark;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ARK.subjectPublicKeyInfo", "VRF-024"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    /* the root stands in for an ARK that is not there */
    w = twin;
    w.with_root = true;
    w.root = twin.ark;
    w.ark.size = 0;
    CU_ASSERT(verify_accepts(&w));
    /* the prover's ARK has the root's key and name, but its own dates: the root's count */
    w.ark = twin.ark;
    verify_patch(&w, VERIFY_ARK, "170d3230313032323137323330355a", 0,
                 "170d3139313032323137323330355a");
    CU_ASSERT(verify_accepts(&w));
    w.ark.bytes[w.ark.size - 1] ^= 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "ARK.signature", "VRF-022"));
    w = twin;
    w.with_root = true;
    w.root = twin.ca;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_CHAIN, "root.subject.CN", "VRF-029"));
    verify_close(&w);
}

static const struct unit_test tests[] = {
    {"every-product-and-kind", test_products},
    {"one-defect-each", test_rows},
    {"inner-and-outer-algorithm", test_inner_and_outer_algorithm},
    {"signatures", test_signatures},
    {"validity", test_validity},
    {"leaf-key", test_leaf_key},
    {"unique-id", test_unique_id},
    {"wrong-places", test_places},
    {"anchor", test_anchor},
    {NULL, NULL},
};

const struct unit_suite pki_chain_suite = {"chain", tests};
