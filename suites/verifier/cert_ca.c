/* ARK, ASK and ASVK of the three product lines. Certificate notes, section 1.2. */
#include <stdio.h>
#include <string.h>

#include "verifier/cert.h"

enum role { IS_ARK, IS_ASK, IS_ASVK };

/* The notes' tables: serial, notBefore, notAfter, by product line. */
static const struct line {
    enum abi_product product;
    const char *name;
    struct {
        uint8_t serial[3];
        const char *not_before, *not_after;
    } cert[3];
} lines[] = {
    {ABI_PRODUCT_MILAN,
     "Milan",
     {{{1, 0, 0}, "201022172305Z", "451022172305Z"},
      {{1, 0, 1}, "201022182420Z", "451022182420Z"},
      {{1, 1, 1}, "221116224524Z", "471116224524Z"}}},
    {ABI_PRODUCT_GENOA,
     "Genoa",
     {{{2, 0, 0}, "220126153437Z", "470126153437Z"},
      {{2, 0, 2}, "221031133348Z", "471031133348Z"},
      {{2, 1, 1}, "221118204834Z", "471118204834Z"}}},
    {ABI_PRODUCT_TURIN,
     "Turin",
     {{{3, 0, 0}, "230515200312Z", "480515200312Z"},
      {{3, 0, 1}, "230515202521Z", "480515202521Z"},
      {{3, 1, 1}, "230515210941Z", "480515210941Z"}}},
};

static bool mint(struct suite_ctx *ctx, enum abi_product product, struct pki_der out[3]) {
    struct pki_roots *roots;
    if (!suite_setup(ctx, "roots", pki_roots_new(product, &roots))) return false;
    struct sevkit_result r = pki_mint_ark(roots, &out[IS_ARK]);
    if (sevkit_ok(r)) r = pki_mint_ask(roots, &out[IS_ASK]);
    if (sevkit_ok(r)) r = pki_mint_asvk(roots, &out[IS_ASVK]);
    pki_roots_free(roots);
    return suite_setup(ctx, "CA certificates", r);
}

/* 0 with a 3-byte serial: what the certificate begins with. */
static bool head(struct suite_ctx *ctx, const struct line *line, enum role role,
                 const struct pki_der *der, size_t *at) {
    static const char *const prefixes[] = {"ARK-", "SEV-", "SEV-VLEK-"};
    const uint8_t *serial = line->cert[role].serial;
    char subject[32], issuer[32];
    snprintf(subject, sizeof subject, "%s%s", prefixes[role], line->name);
    snprintf(issuer, sizeof issuer, "ARK-%s", line->name);
    const struct forge_bytes start =
        FORGE(0xA0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x03, serial[0], serial[1], serial[2]);
    return cert_next(ctx, der, at, "version and serial number", start) &&
           suite_equal(ctx, "version and serial number", 18, *at, "at the certificate's start") &&
           cert_name(ctx, der, at, issuer) &&
           cert_next(ctx, der, at, "validity", FORGE(0x30, 0x1E, 0x17, 0x0D)) &&
           cert_next_text(ctx, der, at, "notBefore", line->cert[role].not_before) &&
           cert_next(ctx, der, at, "UTCTime", FORGE(0x17, 0x0D)) &&
           cert_next_text(ctx, der, at, "notAfter", line->cert[role].not_after) &&
           cert_name(ctx, der, at, subject);
}

static bool key(struct suite_ctx *ctx, const struct pki_der *der, size_t *at) {
    const size_t before = *at;
    return cert_next(ctx, der, at, "subjectPublicKeyInfo",
                     FORGE(0x30, 0x82, 0x02, 0x22, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                           0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x02, 0x0F, 0x00,
                           0x30, 0x82, 0x02, 0x0A, 0x02, 0x82, 0x02, 0x01, 0x00)) &&
           suite_equal(ctx, "subjectPublicKeyInfo", before + 33, *at, "right behind the subject") &&
           cert_next(ctx, der, at, "exponent", FORGE(0x02, 0x03, 0x01, 0x00, 0x01)) &&
           suite_equal(ctx, "exponent", before + 33 + 512 + 5, *at, "behind 512 bytes of modulus");
}

#define SKI FORGE(0x30, 0x1D, 0x06, 0x03, 0x55, 0x1D, 0x0E, 0x04, 0x16, 0x04, 0x14)
#define AKI FORGE(0x30, 0x1F, 0x06, 0x03, 0x55, 0x1D, 0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14)
#define CRLDP                                                                                      \
    FORGE(0x30, 0x3A, 0x06, 0x03, 0x55, 0x1D, 0x1F, 0x04, 0x33, 0x30, 0x31, 0x30, 0x2F, 0xA0,      \
          0x2D, 0xA0, 0x2B, 0x86, 0x29)

static bool crl_link(struct suite_ctx *ctx, const struct line *line, enum role role,
                     const struct pki_der *der, size_t *at) {
    char uri[64];
    snprintf(uri, sizeof uri, "https://kdsintf.amd.com/%s/v1/%s/crl",
             role == IS_ASVK ? "vlek" : "vcek", line->name);
    return cert_next(ctx, der, at, "CRLDP", CRLDP) && cert_next_text(ctx, der, at, "URI", uri);
}

/* The ARK's extensions, back to back to the end of the signed part. */
static bool ark_extensions(struct suite_ctx *ctx, const struct pki_der *der, size_t *at) {
    return cert_next(ctx, der, at, "keyUsage",
                     FORGE(0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01, 0x01, 0xFF, 0x04, 0x04,
                           0x03, 0x02, 0x01, 0x06)) &&
           cert_next(ctx, der, at, "SKI", SKI) &&
           cert_next(ctx, der, at, "basicConstraints",
                     FORGE(0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04, 0x05,
                           0x30, 0x03, 0x01, 0x01, 0xFF));
}

static bool ca_extensions(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                          struct forge_bytes ark_ski) {
    return cert_next(ctx, der, at, "SKI", SKI) && cert_next(ctx, der, at, "AKI", AKI) &&
           suite_bytes(ctx, "AKI", ark_ski.bytes, der->bytes + *at, 20, "the ARK's SKI") &&
           cert_next(ctx, der, at, "basicConstraints",
                     FORGE(0x30, 0x12, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04, 0x08,
                           0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00)) &&
           cert_next(ctx, der, at, "keyUsage",
                     FORGE(0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01, 0x01, 0xFF, 0x04, 0x04,
                           0x03, 0x02, 0x01, 0x04));
}

static void authority(struct suite_ctx *ctx, const struct line *line, enum role role,
                      const struct pki_der *ders) {
    static const size_t sizes[] = {1639, 1677, 1683};
    const struct pki_der *der = &ders[role];
    size_t at = 0, ski = 0;
    SUITE_STEP(cert_next(ctx, &ders[IS_ARK], &ski, "SKI", SKI));
    SUITE_EQUAL(ctx, "size", sizes[role], der->size, "a genuine certificate's");
    SUITE_STEP(cert_algorithm(ctx, der, true));
    SUITE_STEP(head(ctx, line, role, der, &at));
    SUITE_STEP(key(ctx, der, &at));
    if (role == IS_ARK)
        SUITE_STEP(ark_extensions(ctx, der, &at));
    else
        SUITE_STEP(
            ca_extensions(ctx, der, &at, (struct forge_bytes){20, ders[IS_ARK].bytes + ski}));
    SUITE_STEP(crl_link(ctx, line, role, der, &at));
    SUITE_EQUAL(ctx, "end of the signed part", der->size - 72 - 517, at, "no other extension");
}

static void authorities(struct suite_ctx *ctx) {
    static struct pki_der ders[3];
    for (size_t i = 0; i < 9; i++) {
        const struct line *line = &lines[i / 3];
        suite_instance(ctx, "%s, CA %zu", line->name, i % 3);
        SUITE_STEP(mint(ctx, line->product, ders));
        authority(ctx, line, (enum role)(i % 3), ders);
        if (suite_stopped(ctx)) return;
    }
}

static const struct suite_test tests[] = {
    {.id = "verifier.cert.ca",
     .title = "ARK, ASK and ASVK of every product line, byte by byte but for keys and signature",
     .requirements = SUITE_REQ("SNP-CERT-001", "SNP-CERT-002", "SNP-CERT-003", "SNP-CERT-004",
                               "SNP-CERT-006", "SNP-CERT-007", "SNP-CERT-008", "SNP-CERT-009",
                               "SNP-CERT-010", "SNP-CERT-011", "SNP-CERT-012", "SNP-CERT-013",
                               "SNP-CERT-014", "SNP-CERT-015", "SNP-CERT-016", "SNP-CERT-017"),
     .kind = SUITE_POSITIVE,
     .run = authorities},
};

const struct suite_area verifier_cert_ca = VERIFIER_PART(tests);
