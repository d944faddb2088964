/* The key distribution service: what it answers, what it refuses, and its scenarios. */
#include <stdio.h>
#include <string.h>

#include "crypto/x509.h"
#include "fixture.h"
#include "sevkit/kds.h"
#include "vmm/kds_request.h"

#define GENOA SEVKIT_PROFILE_DEFAULT
#define BERGAMO "bergamo-1.55.49-v5-vcek"
#define TURIN "turin-1.55.65-v5-vcek"
#define MILAN_VLEK "milan-1.55.29-v3-vlek"

static int64_t fixed_time(void *ctx) {
    return *(int64_t *)ctx;
}

static void no_random(void *ctx, uint8_t *out, size_t size) {
    (void)ctx, (void)out, (void)size;
    abort(); /* the service has no use for it */
}

/* A service, its clock, and its last answer. */
struct service {
    struct sevkit_profile profile;
    struct vmm_kds *kds;
    int64_t now;
    struct vmm_kds_answer a;
    char hwid[129];
};

static void start(struct service *s, const char *profile, const char *scenario) {
    const struct sevkit_scenario in = fixture_scenario(scenario);
    const struct sevkit_env env = {.ctx = &s->now, .now = fixed_time, .random = no_random};
    s->now = SEVKIT_EPOCH_EMBEDDED;
    if (!sevkit_ok(vmm_profile_builtin(profile, &s->profile))) abort();
    if (!sevkit_ok(vmm_kds_new(&s->profile, &in, &env, &s->kds))) abort();
    s->hwid[0] = 0;
    for (size_t i = 0; i < abi_hwid_size(s->profile.product); i++) {
        snprintf(s->hwid + 2 * i, 3, "%02x", s->profile.chip_id[i]);
    }
}

static unsigned get(struct service *s, const char *target) {
    UNIT_OK(vmm_kds_get(s->kds, "GET", target, &s->a));
    return s->a.status;
}

/* The VCEK of chip HWID on LINE with QUERY. */
static unsigned get_vcek(struct service *s, const char *line, const char *hwid, const char *query) {
    char target[512];
    snprintf(target, sizeof target, "/vcek/v1/%s/%s%s", line, hwid, query);
    return get(s, target);
}

#define TCB "?blSPL=10&teeSPL=00&snpSPL=23&ucodeSPL=84" /* the default profile's */
#define TURIN_TCB "?fmcSPL=1&blSPL=1&teeSPL=1&snpSPL=4&ucodeSPL=81"

/* The answer's body as one certificate; the caller frees it. */
static struct pki_cert *body_cert(const struct service *s) {
    struct pki_cert *cert = NULL;
    UNIT_OK(pki_cert_parse(s->a.body, s->a.size, &cert));
    return cert;
}

static void whole_200(const struct service *s, const char *content_type) {
    CU_ASSERT_EQUAL(s->a.status, 200);
    CU_ASSERT_STRING_EQUAL(s->a.content_type, content_type);
    CU_ASSERT(s->a.size > 0 && s->a.sent == s->a.size);
    CU_ASSERT(s->a.retry_after == 0 && s->a.delay_ms == 0);
}

/* ---- chains ---- */

/* Two PEM blocks, CA first, and nothing else. @req KDS-002 KDS-003 KDS-008 KDS-014 */
static void chain_of(struct service *s, const char *tree, const char *line, enum pki_role role) {
    static const char end[] = "-----END CERTIFICATE-----\n";
    char target[64];
    snprintf(target, sizeof target, "/%s/v1/%s/cert_chain", tree, line);
    get(s, target);
    whole_200(s, "application/x-pem-file");
    const char *text = (const char *)s->a.body; /* the rest of the body is zero */
    const char *half = strstr(text, end);
    CU_ASSERT_PTR_NOT_NULL_FATAL(half);
    half += sizeof end - 1;
    const char *stop = strstr(half, end);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stop);
    CU_ASSERT_EQUAL((size_t)(stop - text) + sizeof end - 1, s->a.size);
    CU_ASSERT_EQUAL(text[28 + 64], '\n'); /* after the BEGIN line 64 columns */
    struct pki_cert *ca = NULL, *ark = NULL;
    UNIT_OK(pki_cert_parse((const uint8_t *)text, (size_t)(half - text), &ca));
    UNIT_OK(pki_cert_parse((const uint8_t *)half, s->a.size - (size_t)(half - text), &ark));
    CU_ASSERT(pki_cert_role(ca) == role && pki_cert_role(ark) == PKI_ROLE_ARK);
    CU_ASSERT_STRING_EQUAL(abi_product_name(pki_cert_product(ca)), line);
    CU_ASSERT_STRING_EQUAL(abi_product_name(pki_cert_product(ark)), line);
    pki_cert_free(ca);
    pki_cert_free(ark);
}

/* @req KDS-002 KDS-003 KDS-008 KDS-014 */
static void chains(void) {
    static const char *const lines[] = {"Milan", "Genoa", "Turin"};
    static const char *const unknown[] = {
        "genoa", "GENOA", "Genoa ", "Geno", "Genoa1", "Bergamo", "Siena", "Naples", "",
    };
    struct service s;
    char target[64];
    start(&s, GENOA, NULL);
    for (size_t i = 0; i < 3; i++) {
        chain_of(&s, "vcek", lines[i], PKI_ROLE_ASK);
        chain_of(&s, "vlek", lines[i], PKI_ROLE_ASVK);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        snprintf(target, sizeof target, "/vcek/v1/%s/cert_chain", unknown[i]);
        CU_ASSERT_EQUAL(get(&s, target), 404);
    }
    vmm_kds_free(s.kds);
}

/* ---- VCEKs ---- */

/* The report of PROFILE's machine verifies under what the service gives for its TCB and chip.
 * @req KDS-004 KDS-009 KDS-010 KDS-011 */
static void verifies(const char *profile, const char *line, const char *query) {
    struct service s;
    struct fixture f;
    struct vmm_certs certs;
    uint8_t report[ABI_REPORT_SIZE];
    start(&s, profile, NULL);
    fixture_open(&f, profile, NULL);
    fixture_report(&f, report);
    UNIT_OK(vmm_machine_certs(f.m, &certs));
    get_vcek(&s, line, s.hwid, query);
    whole_200(&s, "application/octet-stream");
    memcpy(certs.leaf.bytes, s.a.body, s.a.size);
    certs.leaf.size = s.a.size;
    CU_ASSERT(fixture_verify(report, &certs, true).accepted);
    fixture_close(&f);
    vmm_kds_free(s.kds);
}

/* @req KDS-004 KDS-008 KDS-009 KDS-010 KDS-011 */
static void vceks(void) {
    verifies(GENOA, "Genoa", TCB);
    verifies(GENOA, "Genoa", "?ucodeSPL=084&snpSPL=0023&blSPL=010&teeSPL=0"); /* not octal */
    verifies(TURIN, "Turin", TURIN_TCB);
    struct service s;
    start(&s, BERGAMO, NULL); /* served as Genoa */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=1&teeSPL=0&snpSPL=1&ucodeSPL=1"), 200);
    CU_ASSERT_EQUAL(get_vcek(&s, "Bergamo", s.hwid, "?blSPL=1&teeSPL=0&snpSPL=1&ucodeSPL=1"), 404);
    vmm_kds_free(s.kds);
    start(&s, MILAN_VLEK, NULL); /* the chip has its VCEK all the same */
    CU_ASSERT_EQUAL(get_vcek(&s, "Milan", s.hwid, "?blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=217"), 200);
    vmm_kds_free(s.kds);
}

/* Either case of hex digits; 128 of them, 16 on Turin. @req KDS-009 KDS-015 */
static void hwids(void) {
    struct service s;
    char other[256];
    start(&s, GENOA, NULL);
    for (size_t i = 0; i <= 128; i++) {
        const char c = s.hwid[i];
        other[i] = c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
    }
    CU_ASSERT(strcmp(other, s.hwid) != 0);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 200);
    snprintf(other, sizeof other, "%s00", s.hwid);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 400);
    snprintf(other, sizeof other, "%.126s", s.hwid);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 400);
    snprintf(other, sizeof other, "0x%.126s", s.hwid + 2);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 400);
    snprintf(other, sizeof other, "%.127sg", s.hwid);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 400);
    snprintf(other, sizeof other, "%.126s-%c", s.hwid, s.hwid[127]);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 400);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", "", TCB), 400);
    vmm_kds_free(s.kds);
    start(&s, TURIN, NULL);
    CU_ASSERT_EQUAL(get_vcek(&s, "Turin", s.hwid, TURIN_TCB), 200);
    snprintf(other, sizeof other, "%s%0112d", s.hwid, 0); /* the report's 64 bytes */
    CU_ASSERT_EQUAL(get_vcek(&s, "Turin", other, TURIN_TCB), 400);
    vmm_kds_free(s.kds);
}

/* @req KDS-010 KDS-011 KDS-013 KDS-015 */
static void queries(void) {
    static const char *const malformed[] = {
        "",
        "?",
        "?blSPL=10&teeSPL=0&snpSPL=23",
        "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84&",
        "?&blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84&spl4=0",
        "?fmcSPL=0&blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?BLSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL&10&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL",
        "?blSPL=0xa&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=-1&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=+10&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=10 &teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=128&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=256",
        "?blSPL=4294967306&teeSPL=0&snpSPL=23&ucodeSPL=84",
    };
    struct service s;
    start(&s, GENOA, NULL);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, malformed[i]), 400);
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, TCB), 200);
    }
    /* in range, but not there */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=127&teeSPL=0&snpSPL=0&ucodeSPL=0"), 404);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=0&teeSPL=0&snpSPL=0&ucodeSPL=255"), 404);
    vmm_kds_free(s.kds);
    start(&s, TURIN, NULL);
    CU_ASSERT_EQUAL(get_vcek(&s, "Turin", s.hwid, "?blSPL=1&teeSPL=1&snpSPL=4&ucodeSPL=81"), 400);
    CU_ASSERT_EQUAL(get_vcek(&s, "Turin", s.hwid, TURIN_TCB), 200);
    vmm_kds_free(s.kds);
}

/* Another chip, a masked one, another line, a TCB above the current one. @req KDS-016 */
static void unknown(void) {
    static const char *const above[] = {
        "?blSPL=11&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=10&teeSPL=1&snpSPL=23&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=24&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=85",
    };
    static const char *const below[] = {
        "?blSPL=9&teeSPL=0&snpSPL=23&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=22&ucodeSPL=84",
        "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=0",
        "?blSPL=0&teeSPL=0&snpSPL=0&ucodeSPL=0",
    };
    struct service s;
    char other[129];
    start(&s, GENOA, NULL);
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, above[i]), 404);
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, below[i]), 200);
    }
    memcpy(other, s.hwid, sizeof other);
    other[127] = other[127] == '0' ? '1' : '0'; /* the neighbour is known only by migration */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 404);
    CU_ASSERT(s.a.size > 0 && s.a.sent == s.a.size && s.a.retry_after == 0);
    CU_ASSERT_STRING_EQUAL(s.a.content_type, "text/plain");
    memset(other, '0', 128);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 404);
    CU_ASSERT_EQUAL(get_vcek(&s, "Milan", s.hwid, TCB), 404);
    vmm_kds_free(s.kds);
}

/* Fetched at two dates: two certificates, one key. @req KDS-019 */
static void two_dates(void) {
    struct service s;
    struct pki_der first = {0};
    start(&s, GENOA, NULL);
    get_vcek(&s, "Genoa", s.hwid, TCB);
    first.size = s.a.size;
    memcpy(first.bytes, s.a.body, s.a.size);
    struct pki_cert *a = body_cert(&s);
    s.now += 86400 * 30;
    get_vcek(&s, "Genoa", s.hwid, TCB);
    struct pki_cert *b = body_cert(&s);
    CU_ASSERT_EQUAL(pki_cert_not_before(b), pki_cert_not_before(a) + 86400 * 30);
    CU_ASSERT(first.size == s.a.size && memcmp(first.bytes, s.a.body, first.size) != 0);
    struct crypto_x509 *x = NULL, *y = NULL;
    UNIT_OK(crypto_x509_from_der(first.bytes, first.size, &x));
    UNIT_OK(crypto_x509_from_der(s.a.body, s.a.size, &y));
    CU_ASSERT(x->spki.size == y->spki.size);
    UNIT_BYTES(x->spki.bytes, y->spki.bytes, x->spki.size);
    crypto_x509_free(x);
    crypto_x509_free(y);
    pki_cert_free(a);
    pki_cert_free(b);
    vmm_kds_free(s.kds);
}

/* ---- CRLs and the rest ---- */

/* The CRL at TARGET lists COUNT serials and is current or not. */
static void crl_is(struct service *s, const char *target, size_t count, bool current) {
    struct crypto_crl *crl = NULL;
    get(s, target);
    whole_200(s, "application/octet-stream");
    UNIT_OK(crypto_crl_from_der(s->a.body, s->a.size, &crl));
    CU_ASSERT_EQUAL(crl->count, count);
    CU_ASSERT(crl->has_next_update && crl->this_update < s->now);
    CU_ASSERT_EQUAL(crl->next_update > s->now, current);
    crypto_crl_free(crl);
}

/* @req KDS-006 KDS-007 */
static void crls(void) {
    static const struct {
        const char *scenario;
        size_t count;
        bool current;
    } rows[] = {
        {NULL, 0, true},
        {"revoked-ask", 1, true},
        {"revoked-asvk", 1, true},
        {"{\"crl\": {\"revoke_ask\": true, \"revoke_asvk\": true}}", 2, true},
        {"crl-expired", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct service s;
        start(&s, GENOA, rows[i].scenario);
        crl_is(&s, "/vcek/v1/Genoa/crl", rows[i].count, rows[i].current);
        crl_is(&s, "/vlek/v1/Genoa/crl", rows[i].count, rows[i].current);
        crl_is(&s, "/vcek/v1/Turin/crl", rows[i].count, rows[i].current);
        vmm_kds_free(s.kds);
    }
}

/* No guest gets a VLEK. @req KDS-005 */
static void vlek(void) {
    struct service s;
    start(&s, MILAN_VLEK, NULL);
    CU_ASSERT_EQUAL(get(&s, "/vlek/v1/Milan/cert?blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=217"), 401);
    CU_ASSERT_STRING_EQUAL(s.a.content_type, "text/plain");
    vmm_kds_free(s.kds);
}

/* @req KDS-015 */
static void paths(void) {
    static const struct {
        const char *target;
        unsigned status;
    } rows[] = {
        {"/vcek/v1/Genoa/cert_chain", 200},
        {"/vcek/v1/Genoa/cert_chain?", 400},
        {"/vcek/v1/Genoa/crl?x=1", 400},
        {"/vcek/v1/Genoa/cert_chain/", 404},
        {"/vcek/v1/Genoa/cert_chain/x", 404},
        {"/vcek/v1/Genoa/Cert_chain", 400}, /* no chip id either */
        {"/vcek/v1/Genoa/%63rl", 400},
        {"/vcek/v1/Genoa/", 400},
        {"/vcek/v1/Genoa", 404},
        {"/vcek/v1/Genoa?x", 404},
        {"/vcek/v1/", 404},
        {"/vcek/v1", 404},
        {"/vcek/v2/Genoa/cert_chain", 404},
        {"/vcek/v1.Genoa/cert_chain", 404},
        {"/vlek/v1.Genoa/cert_chain", 404},
        {"//vcek/v1/Genoa/cert_chain", 404},
        {"/VCEK/v1/Genoa/cert_chain", 404},
        {"/vlek/v1/Genoa/cert_chain", 200},
        {"/vlek/v1/Genoa/certs", 404},
        {"/vlek/v1/Genoa/", 404},
        {"/cek/id/00", 404},
        {"/", 404},
        {"", 400},
        {"vcek/v1/Genoa/cert_chain", 400},
        {"*", 400},
    };
    struct service s;
    start(&s, GENOA, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(get(&s, rows[i].target), rows[i].status);
    }
    vmm_kds_free(s.kds);
}

/* @req KDS-001 */
static void methods(void) {
    static const char *const other[] = {"HEAD", "POST", "PUT", "DELETE",
                                        "get",  "GET ", "",    "OPTIONS"};
    struct service s;
    start(&s, GENOA, "kds-500"); /* no answer of the scenario's is used up */
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        UNIT_OK(vmm_kds_get(s.kds, other[i], "/vcek/v1/Genoa/cert_chain", &s.a));
        CU_ASSERT(s.a.status == 405 && s.a.sent == s.a.size);
    }
    CU_ASSERT_EQUAL(get(&s, "/vcek/v1/Genoa/cert_chain"), 500);
    vmm_kds_free(s.kds);
}

/* ---- scenarios ---- */

#define CHAIN "/vcek/v1/Genoa/cert_chain"

static void statuses(void) {
    struct service s;
    start(&s, GENOA, "kds-404");
    for (unsigned i = 0; i < 5; i++) CU_ASSERT_EQUAL(get(&s, CHAIN), 404);
    CU_ASSERT_EQUAL(get(&s, "/nowhere at all"), 404);
    vmm_kds_free(s.kds);
    start(&s, GENOA, "kds-500");
    CU_ASSERT(get(&s, CHAIN) == 500 && get(&s, "") == 500);
    CU_ASSERT_EQUAL(s.a.retry_after, 0);
    vmm_kds_free(s.kds);
    start(&s, GENOA, "kds-429-forever");
    CU_ASSERT(get(&s, CHAIN) == 429 && get(&s, CHAIN) == 429 && get(&s, CHAIN) == 429);
    vmm_kds_free(s.kds);
    start(&s, GENOA, "kds-429");
    UNIT_OK(vmm_kds_get(s.kds, "HEAD", CHAIN, &s.a)); /* counts for nothing */
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(get(&s, CHAIN), 429);
        CU_ASSERT_EQUAL(s.a.retry_after, 10);
        CU_ASSERT_EQUAL(s.a.sent, s.a.size);
    }
    get(&s, CHAIN);
    whole_200(&s, "application/x-pem-file");
    vmm_kds_free(s.kds);
}

static void late_and_cut(void) {
    struct service s;
    struct vmm_kds_answer whole;
    start(&s, GENOA, NULL);
    get(&s, CHAIN);
    whole = s.a;
    vmm_kds_free(s.kds);
    start(&s, GENOA, "{\"kds\": {\"kind\": \"slow\", \"value\": 70, \"count\": 1}}");
    CU_ASSERT(get(&s, CHAIN) == 200 && s.a.delay_ms == 70 && s.a.sent == s.a.size);
    UNIT_BYTES(s.a.body, whole.body, sizeof whole.body);
    CU_ASSERT(get(&s, CHAIN) == 200 && s.a.delay_ms == 0);
    vmm_kds_free(s.kds);
    start(&s, GENOA, "kds-slow");
    CU_ASSERT(get(&s, "/x") == 404 && s.a.delay_ms == 5000);
    vmm_kds_free(s.kds);
    start(&s, GENOA, "kds-truncated");
    CU_ASSERT(get(&s, CHAIN) == 200 && s.a.sent == 700 && s.a.size == whole.size);
    UNIT_BYTES(s.a.body, whole.body, sizeof whole.body);
    CU_ASSERT(get(&s, "/x") == 404 && s.a.sent == s.a.size); /* shorter than that */
    vmm_kds_free(s.kds);
}

/* The leaf of SCENARIO for the default profile's TCB. */
static struct pki_cert *leaf_in(const char *scenario, struct pki_leaf_info *info) {
    struct service s;
    start(&s, GENOA, scenario);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, TCB), 200);
    struct pki_cert *cert = body_cert(&s);
    UNIT_OK(pki_cert_leaf_info(cert, info));
    vmm_kds_free(s.kds);
    return cert;
}

static void leaves(void) {
    struct pki_leaf_info genuine, other, old, expired;
    struct pki_cert *certs[] = {
        leaf_in(NULL, &genuine),
        leaf_in("vcek_tcb", &other),
        leaf_in("kds_old_tcb", &old),
        leaf_in("expired-certificates", &expired),
    };
    CU_ASSERT(genuine.tcb.snp == 23 && genuine.tcb.microcode == 84);
    CU_ASSERT(other.tcb.snp == 22 && other.tcb.microcode == 84);
    CU_ASSERT(old.tcb.snp == 23 && old.tcb.microcode == 83);
    CU_ASSERT(expired.tcb.snp == 23 && expired.tcb.microcode == 84);
    CU_ASSERT(pki_cert_not_after(certs[0]) > SEVKIT_EPOCH_EMBEDDED);
    CU_ASSERT_EQUAL(pki_cert_not_after(certs[3]), SEVKIT_EPOCH_EMBEDDED - 86400);
    for (size_t i = 0; i < sizeof certs / sizeof certs[0]; i++) pki_cert_free(certs[i]);
    struct service s;
    static const char zero[] = "?blSPL=0&teeSPL=0&snpSPL=0&ucodeSPL=0";
    start(&s, GENOA, "kds_old_tcb"); /* nothing is older than 0 */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, zero), 404);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=0&teeSPL=0&snpSPL=0&ucodeSPL=1"), 200);
    vmm_kds_free(s.kds);
    start(&s, GENOA, "vcek_tcb");
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, zero), 200);
    struct pki_cert *cert = body_cert(&s);
    UNIT_OK(pki_cert_leaf_info(cert, &other));
    CU_ASSERT(other.tcb.snp == 1 && other.tcb.microcode == 0);
    pki_cert_free(cert);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=0&teeSPL=0&snpSPL=1&ucodeSPL=0"), 200);
    cert = body_cert(&s);
    UNIT_OK(pki_cert_leaf_info(cert, &other));
    CU_ASSERT_EQUAL(other.tcb.snp, 0);
    pki_cert_free(cert);
    vmm_kds_free(s.kds);
}

/* After a migration or a TCB update the service has the machine's new certificate. */
static void follows(const char *scenario) {
    struct service s;
    struct fixture f;
    struct vmm_certs certs;
    uint8_t report[ABI_REPORT_SIZE];
    char hwid[129], query[96];
    start(&s, GENOA, scenario);
    fixture_open(&f, GENOA, scenario);
    for (unsigned i = 0; i < 2; i++) {
        struct abi_report r;
        struct abi_tcb_parts tcb;
        fixture_report(&f, report);
        UNIT_OK(vmm_machine_certs(f.m, &certs));
        UNIT_OK(abi_report_decode(report, sizeof report, &r));
        UNIT_OK(abi_tcb_unpack(ABI_PRODUCT_GENOA, r.reported_tcb, &tcb));
        for (size_t j = 0; j < 64; j++) snprintf(hwid + 2 * j, 3, "%02x", r.chip_id[j]);
        snprintf(query, sizeof query, "?blSPL=%u&teeSPL=%u&snpSPL=%u&ucodeSPL=%u", tcb.boot_loader,
                 tcb.tee, tcb.snp, tcb.microcode);
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", hwid, query), 200);
        certs.leaf.size = s.a.size;
        memcpy(certs.leaf.bytes, s.a.body, s.a.size);
        CU_ASSERT(fixture_verify(report, &certs, true).accepted);
    }
    CU_ASSERT(strcmp(hwid, s.hwid) != 0 ||
              strcmp(query, "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84"));
    hwid[0] = hwid[0] == '0' ? '1' : '0'; /* not any chip */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", hwid, query), 404);
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=10&teeSPL=0&snpSPL=24&ucodeSPL=84"), 404);
    const bool updated = strcmp(scenario, "tcb-update") == 0; /* then any microcode may come */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=255"),
                    updated ? 200 : 404);
    memcpy(hwid, s.hwid, 126);
    memcpy(hwid + 126, "00", 3); /* where no migration leads */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", hwid, TCB), 404);
    memcpy(hwid, s.hwid, 128);
    hwid[125] = hwid[125] == '0' ? '1' : '0'; /* nor there: only the last byte counts up */
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", hwid, TCB), 404);
    fixture_close(&f);
    vmm_kds_free(s.kds);
}

/* What stands behind a scenario's last fault is none. */
static void behind_the_last_fault(void) {
    struct service s;
    char other[129];
    struct sevkit_scenario none = vmm_scenario_none();
    start(&s, GENOA, NULL);
    vmm_kds_free(s.kds);
    const struct sevkit_env env = {.ctx = &s.now, .now = fixed_time, .random = no_random};
    memcpy(other, s.hwid, sizeof other);
    other[127] = other[127] == '1' ? '2' : '1';
    for (unsigned i = 0; i < 2; i++) {
        none.faults[0].kind = i == 0 ? SEVKIT_FAULT_MIGRATE : SEVKIT_FAULT_TCB_UPDATE;
        UNIT_OK(vmm_kds_new(&s.profile, &none, &env, &s.kds));
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", other, TCB), 404);
        CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, "?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=85"),
                        404);
        vmm_kds_free(s.kds);
    }
    vmm_kds_free(NULL); /* as after a failed start */
}

/* The product name in a VCEK is the profile's, which is not always that of the line. @req KDS-004 */
static void product_name(void) {
    struct service s;
    struct pki_leaf_info info;
    start(&s, GENOA, NULL);
    vmm_kds_free(s.kds);
    const struct sevkit_scenario none = vmm_scenario_none();
    const struct sevkit_env env = {.ctx = &s.now, .now = fixed_time, .random = no_random};
    strcpy(s.profile.product_name, "Genoa-B1");
    UNIT_OK(vmm_kds_new(&s.profile, &none, &env, &s.kds));
    CU_ASSERT_EQUAL(get_vcek(&s, "Genoa", s.hwid, TCB), 200);
    struct pki_cert *cert = body_cert(&s);
    UNIT_OK(pki_cert_leaf_info(cert, &info));
    CU_ASSERT_STRING_EQUAL(info.product_name, "Genoa-B1");
    pki_cert_free(cert);
    vmm_kds_free(s.kds);
}

/* A hardware id that is shorter than its field is followed by zeros. */
static void short_hwid(void) {
    struct vmm_kds_request request;
    memset(&request, 0x5A, sizeof request);
    CU_ASSERT_EQUAL(vmm_kds_request_read("/vcek/v1/Turin/0123456789abcdef" TURIN_TCB, &request),
                    200);
    CU_ASSERT(request.hwid[0] == 0x01 && request.hwid[7] == 0xEF);
    CU_ASSERT(abi_all_zero(request.hwid + 8, sizeof request.hwid - 8));
}

static void world_changes(void) {
    follows("migration");
    follows("tcb-update");
}

static const struct unit_test tests[] = {
    {"chains", chains},
    {"vceks", vceks},
    {"hwids", hwids},
    {"queries", queries},
    {"unknown", unknown},
    {"two-dates", two_dates},
    {"crls", crls},
    {"vlek", vlek},
    {"paths", paths},
    {"methods", methods},
    {"statuses", statuses},
    {"late-and-cut", late_and_cut},
    {"leaves", leaves},
    {"world-changes", world_changes},
    {"behind-the-last-fault", behind_the_last_fault},
    {"short-hwid", short_hwid},
    {"product-name", product_name},
    {NULL, NULL},
};

const struct unit_suite kds_suite = {"kds", tests};
