/* Stage revocation. Certificate notes, section 3 (CRL facts); RFC 5280, section 5. */
#include <stdio.h>
#include <string.h>

#include "verify_fixture.h"

#define CRL_NUMBER "0603551d14"

/* Serial of the ASK and of the ASVK of Milan, of the ARK, of every leaf. */
static const uint8_t ask[1][3] = {{0x01, 0x00, 0x01}}, asvk[1][3] = {{0x01, 0x01, 0x01}};
static const uint8_t ark[1][3] = {{0x01, 0x00, 0x00}};

static void test_checked(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    struct pki_verdict v = verify_judge(&w);
    CU_ASSERT(v.accepted && v.checks[PKI_STAGE_REVOCATION] == PKI_CHECK_SKIPPED);
    CU_ASSERT_STRING_EQUAL(v.skipped[PKI_STAGE_REVOCATION], "no CRL was given");
    w.policy.require_revocation = true;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "require_revocation", "VRF-119"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    verify_crl(&w, NULL, 0);
    v = verify_judge(&w);
    CU_ASSERT(v.accepted && v.checks[PKI_STAGE_REVOCATION] == PKI_CHECK_PASS);
    verify_close(&w);
}

static void test_listed(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    verify_crl(&w, asvk, 1);
    CU_ASSERT(verify_accepts(&w));
    verify_crl(&w, ask, 1);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "ASK.serialNumber", "VRF-046"));
    verify_crl(&w, ark, 1);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "ARK.serialNumber", "VRF-047"));
    /* 02 03 01 01 01 becomes 02 01 00, the serial of all leaves */
    verify_crl(&w, asvk, 1);
    verify_patch(&w, VERIFY_CRL, "0203010101", 0, "020100");
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "VCEK.serialNumber", "VRF-048"));
    verify_close(&w);
    verify_open(&w, ABI_PRODUCT_MILAN, true, 3);
    verify_crl(&w, ask, 1);
    CU_ASSERT(verify_accepts(&w));
    verify_crl(&w, asvk, 1);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "ASVK.serialNumber", "VRF-046"));
    verify_close(&w);
}

static void test_times(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    verify_crl(&w, NULL, 0);
    const int64_t middle = w.at;
    w.at = middle + 86400;
    CU_ASSERT(verify_accepts(&w));
    w.at = middle + 86401;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.nextUpdate", "VRF-043"));
    w.at = middle;
    UNIT_OK(pki_mint_crl(w.roots, middle, middle + 1, NULL, 0, &w.crl));
    CU_ASSERT(verify_accepts(&w));
    UNIT_OK(pki_mint_crl(w.roots, middle + 1, middle + 2, NULL, 0, &w.crl));
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.thisUpdate", "VRF-045"));
    /* 2026-01-01T01:00:00Z is the hour of the fixture: nextUpdate is one day later */
    verify_crl(&w, NULL, 0);
    verify_patch(&w, VERIFY_CRL, "170d3236303130323031303030305a", 0, "");
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.nextUpdate", "VRF-044"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    verify_close(&w);
}

static void test_signer(void) {
    struct verify_world w, other;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    verify_open(&other, ABI_PRODUCT_GENOA, false, 3);
    verify_crl(&w, NULL, 0);
    verify_crl(&other, NULL, 0);
    const struct pki_der good = w.crl;
    w.crl = other.crl;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.issuer", "VRF-042"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    w.crl = good;
    verify_reseal(&w.crl, NULL, 0, NULL, w.roots->ask, NULL);
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.signature", "VRF-042"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    w.crl = good;
    w.crl.bytes[w.crl.size - 1] ^= 1;
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.signature", "VRF-042"));
    w.crl = good;
    const struct crypto_span a = pki_pss_algorithm(PKI_PSS_FORM_A);
    const struct crypto_span b = pki_pss_algorithm(PKI_PSS_FORM_B);
    size_t refused = 0;
    verify_reseal(&w.crl, NULL, 0, NULL, w.roots->ark, &a);
    refused += !verify_judge(&w).accepted;
    w.crl = good;
    verify_reseal(&w.crl, NULL, 0, NULL, w.roots->ark, &b);
    refused += !verify_judge(&w).accepted;
    CU_ASSERT(refused == 1);
    w.crl = good;
    CU_ASSERT(verify_accepts(&w));
    verify_close(&w);
    verify_close(&other);
}

/* The CRL number becomes another extension, with its value kept. */
static void test_extensions(void) {
    static const struct {
        const char *new;
        const char *field; /* NULL: accepted */
        uint64_t value;    /* critical, where that is why */
    } rows[] = {
        {CRL_NUMBER "0101ff", NULL, 0},          {"06032a0304", NULL, 0},
        {"06032a0304 0101ff", "CRL.1.2.3.4", 1}, {"0603551d1b 0101ff", "CRL.2.5.29.27", 0},
        {"0603551d1b", "CRL.2.5.29.27", 0},      {"0603551d1c 0101ff", "CRL.2.5.29.28", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verify_world w;
        verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
        verify_crl(&w, NULL, 0);
        verify_patch(&w, VERIFY_CRL, CRL_NUMBER, 0, rows[i].new);
        const struct pki_verdict v = verify_judge(&w);
        const char *field = rows[i].field;
        const bool right =
            field == NULL ? v.accepted : !v.accepted && strcmp(v.why.field, field) == 0;
        if (!right) fprintf(stderr, "    row %zu: %s\n", i, v.why.field);
        CU_ASSERT(right);
        CU_ASSERT_EQUAL(v.why.value, rows[i].value);
        verify_close(&w);
    }
}

/* An entry with a critical extension: not known, so the list is not understood. */
static void test_entry_extension(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, true, 3);
    verify_crl(&w, ask, 1);
    verify_patch(&w, VERIFY_CRL, "170d3235313233313031303030305a", 1,
                 "170d3235313233313031303030305a 300d300b06032a03040101ff040100");
    CU_ASSERT(verify_refuses(&w, PKI_STAGE_REVOCATION, "CRL.crlEntryExtensions", "VRF-049"));
    CU_ASSERT_EQUAL(verify_judge(&w).why.value, 0);
    verify_close(&w);
}

static void test_not_a_crl(void) {
    struct verify_world w;
    verify_open(&w, ABI_PRODUCT_MILAN, false, 3);
    verify_crl(&w, NULL, 0);
    const struct pki_der good = w.crl;
    for (size_t size = 0; size < good.size; size += 7) {
        w.crl.size = size;
        const struct pki_verdict v = verify_judge(&w);
        CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_REVOCATION);
        CU_ASSERT_STRING_EQUAL(pki_verdict_requirement(&v), "VRF-050");
    }
    strcpy((char *)w.crl.bytes, "<html>busy</html>");
    w.crl.size = strlen((char *)w.crl.bytes);
    CU_ASSERT(!verify_judge(&w).accepted);
    w.crl = w.ca;
    CU_ASSERT(!verify_judge(&w).accepted);
    w.crl = good;
    CU_ASSERT(verify_accepts(&w));
    verify_close(&w);
}

static const struct unit_test tests[] = {
    {"checked-or-not", test_checked},
    {"listed", test_listed},
    {"times", test_times},
    {"signer", test_signer},
    {"extensions", test_extensions},
    {"entry-extension", test_entry_extension},
    {"not-a-crl", test_not_a_crl},
    {NULL, NULL},
};

const struct unit_suite pki_crl_suite = {"crl", tests};
