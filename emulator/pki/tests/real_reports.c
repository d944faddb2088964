/* Genuine reports and certificates: every report that the samples' index marks verified is accepted
 * inside its leaf's validity and refused outside it. The samples are not part of the project:
 * SEVKIT_REAL names their folder. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/verify.h"
#include "unit/unit.h"

#define REPORTS_MAX 64

struct file {
    size_t size;
    uint8_t bytes[8192];
};

struct sample {
    const char *name;
    struct file report, leaf, ca, ark;
    const char *leaf_name;
    unsigned version;
};

static json_t *index_json;
static struct sample samples[REPORTS_MAX];
static size_t sample_count;

static const char *real_folder(void) {
    const char *folder = getenv("SEVKIT_REAL");
    return folder != NULL ? folder : "../shared/real";
}

static bool read_file(const char *name, struct file *file) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", real_folder(), name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) return false;
    file->size = fread(file->bytes, 1, sizeof file->bytes, f);
    fclose(f);
    return true;
}

static const char *text(const json_t *row, const char *member) {
    const char *value = json_string_value(json_object_get(row, member));
    return value != NULL ? value : "";
}

static void read_sample(const json_t *row) {
    struct sample *s = &samples[sample_count];
    s->name = text(row, "report");
    s->leaf_name = text(row, "leaf");
    s->version = (unsigned)json_integer_value(json_object_get(row, "version"));
    CU_ASSERT(read_file(s->name, &s->report));
    CU_ASSERT(read_file(s->leaf_name, &s->leaf));
    CU_ASSERT(read_file(text(row, "ca"), &s->ca));
    CU_ASSERT(read_file(text(row, "ark"), &s->ark));
    sample_count++;
}

/* False, and the test is skipped, when there are no samples. */
static bool samples_ready(void) {
    char path[512];
    size_t i;
    json_t *row;
    snprintf(path, sizeof path, "%s/index.json", real_folder());
    if (index_json == NULL) index_json = json_load_file(path, 0, NULL);
    if (index_json == NULL) {
        unit_skip("no genuine samples: SEVKIT_REAL or ../shared/real has no index.json");
        return false;
    }
    if (sample_count != 0) return true;
    json_array_foreach(json_object_get(index_json, "reports"), i, row) {
        const bool verified = json_is_true(json_object_get(row, "verified"));
        if (verified && sample_count < REPORTS_MAX) read_sample(row);
    }
    CU_ASSERT(sample_count >= 17);
    return true;
}

static struct pki_cert *parse(const struct file *file) {
    struct pki_cert *cert = NULL;
    UNIT_OK(pki_cert_parse(file->bytes, file->size, &cert));
    return cert;
}

/* The times of a leaf's validity. */
static void validity(const struct sample *s, int64_t *first, int64_t *last) {
    struct pki_cert *leaf = parse(&s->leaf);
    *first = pki_cert_not_before(leaf);
    *last = pki_cert_not_after(leaf);
    pki_cert_free(leaf);
}

/* The sample's chain, judged at a time. */
static struct pki_chain *chain_at(const struct sample *s, int64_t at) {
    struct pki_cert *leaf = parse(&s->leaf), *ca = parse(&s->ca), *ark = parse(&s->ark);
    const struct pki_chain_input in = {.leaf = leaf, .ca = ca, .ark = ark, .at = at};
    struct pki_chain *chain = NULL;
    UNIT_OK(pki_chain_new(&in, &chain));
    pki_cert_free(leaf);
    pki_cert_free(ca);
    pki_cert_free(ark);
    return chain;
}

static struct pki_verdict judge(const struct sample *report, const struct sample *chain_of,
                                int64_t at) {
    const struct pki_policy policy = pki_policy_default();
    struct pki_chain *chain = chain_at(chain_of, at);
    struct pki_verdict v;
    pki_verify_report(chain, report->report.bytes, report->report.size, &policy, &v);
    pki_chain_free(chain);
    return v;
}

static void test_accepted(void) {
    if (!samples_ready()) return;
    for (size_t i = 0; i < sample_count; i++) {
        int64_t first, last;
        validity(&samples[i], &first, &last);
        const int64_t times[] = {first, last};
        for (size_t k = 0; k < 2; k++) {
            const struct pki_verdict v = judge(&samples[i], &samples[i], times[k]);
            if (!v.accepted) fprintf(stderr, "    %s: %s\n", samples[i].name, v.why.field);
            CU_ASSERT(v.accepted && v.anchor == PKI_ANCHOR_AMD);
        }
    }
}

static void test_outside_validity(void) {
    if (!samples_ready()) return;
    for (size_t i = 0; i < sample_count; i++) {
        int64_t first, last;
        validity(&samples[i], &first, &last);
        const struct pki_verdict early = judge(&samples[i], &samples[i], first - 1);
        const struct pki_verdict late = judge(&samples[i], &samples[i], last + 1);
        CU_ASSERT(!early.accepted && early.stage == PKI_STAGE_CHAIN);
        CU_ASSERT(!late.accepted && late.stage == PKI_STAGE_CHAIN);
    }
}

/* Every byte of the signed part, for one report of each version. */
static void test_flips(void) {
    if (!samples_ready()) return;
    const struct pki_policy policy = pki_policy_default();
    bool seen[ABI_REPORT_VERSION_MAX + 1] = {false};
    size_t accepted = 0, versions = 0;
    for (size_t i = 0; i < sample_count; i++) {
        struct sample *s = &samples[i];
        int64_t first, last;
        if (seen[s->version]) continue;
        seen[s->version] = true;
        versions++;
        validity(s, &first, &last);
        struct pki_chain *chain = chain_at(s, first);
        for (size_t at = 0; at < ABI_REPORT_SIGNED_SIZE; at++) {
            struct pki_verdict v;
            s->report.bytes[at] ^= 0x10;
            pki_verify_report(chain, s->report.bytes, s->report.size, &policy, &v);
            accepted += v.accepted;
            s->report.bytes[at] ^= 0x10;
        }
        pki_chain_free(chain);
    }
    CU_ASSERT(versions == 3);
    CU_ASSERT(accepted == 0);
}

/* Every report with every other leaf: a chip's or TCB's other leaf is refused at binding, one of
 * the other kind at signer, one of another product at chain. A version 2 report names no product.
 */
static void test_crossed(void) {
    if (!samples_ready()) return;
    size_t binding = 0, chain = 0, signer = 0;
    for (size_t i = 0; i < sample_count; i++) {
        for (size_t k = 0; k < sample_count; k++) {
            int64_t first, last;
            const struct sample *a = &samples[i], *b = &samples[k];
            struct pki_cert *x = parse(&a->leaf), *y = parse(&b->leaf);
            struct pki_leaf_info m, n;
            UNIT_OK(pki_cert_leaf_info(x, &m));
            UNIT_OK(pki_cert_leaf_info(y, &n));
            const bool kind = pki_cert_role(x) == pki_cert_role(y);
            const bool line = m.product == n.product || a->version == 2;
            const bool same = m.hwid_size == n.hwid_size &&
                              memcmp(m.hwid, n.hwid, sizeof m.hwid) == 0 &&
                              memcmp(&m.tcb, &n.tcb, sizeof m.tcb) == 0;
            pki_cert_free(x);
            pki_cert_free(y);
            validity(b, &first, &last);
            const struct pki_verdict v = judge(a, b, first);
            if (!kind) CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_SIGNER);
            if (kind && !line) CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_CHAIN);
            if (kind && line && !same) CU_ASSERT(!v.accepted && v.stage == PKI_STAGE_BINDING);
            if (kind && line && same) CU_ASSERT(v.accepted);
            binding += v.stage == PKI_STAGE_BINDING;
            chain += v.stage == PKI_STAGE_CHAIN;
            signer += v.stage == PKI_STAGE_SIGNER;
        }
    }
    CU_ASSERT(binding > 0 && chain > 0 && signer > 0);
}

/* What a policy without debug guests says of them. */
static void test_debug_refused(void) {
    if (!samples_ready()) return;
    struct pki_policy policy = pki_policy_default();
    policy.allow_debug = false;
    size_t debug = 0;
    for (size_t i = 0; i < sample_count; i++) {
        int64_t first, last;
        struct pki_verdict v;
        validity(&samples[i], &first, &last);
        struct pki_chain *chain = chain_at(&samples[i], first);
        pki_verify_report(chain, samples[i].report.bytes, samples[i].report.size, &policy, &v);
        pki_chain_free(chain);
        if (v.accepted) continue;
        CU_ASSERT(v.stage == PKI_STAGE_POLICY);
        CU_ASSERT_STRING_EQUAL(v.why.field, "POLICY.DEBUG");
        debug++;
    }
    CU_ASSERT(debug == 1);
}

static const struct unit_test tests[] = {
    {"verified-ones-are-accepted", test_accepted}, {"outside-the-validity", test_outside_validity},
    {"every-signed-byte-flipped", test_flips},     {"crossed-leaves", test_crossed},
    {"debug-guest", test_debug_refused},           {NULL, NULL},
};

const struct unit_suite pki_real_suite = {"real", tests};
