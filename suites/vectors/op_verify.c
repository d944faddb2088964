/* Op verify: a report under certificates, a time and a policy. docs/verifier.md; what the members of input mean:
 * harness/reference/ops/verify.py. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sevkit/certtable.h"
#include "sevkit/verify.h"
#include "vectors/vectors.h"

/* The certificates of a case, by what they are used for. */
struct chosen {
    struct pki_cert *leaf, *ca, *ark, *root;
    struct sevkit_result why; /* why a certificate that is there cannot be read */
    bool unreadable;
};

static void unreadable(struct chosen *all, struct sevkit_result why) {
    all->why = why;
    all->unreadable = true;
}

static void parse(struct chosen *all, struct vector_bytes bytes, struct pki_cert **out) {
    const struct sevkit_result r = pki_cert_parse(bytes.bytes, bytes.size, out);
    if (sevkit_ok(r)) return;
    *out = NULL;
    unreadable(all, r);
}

/* ---- certs ---- */

/* The member of certs at PATHS[0], else at PATHS[1], else none. */
static bool from_slot(struct suite_ctx *ctx, struct vector_case *c, const char *const paths[2],
                      struct chosen *all, struct pki_cert **out) {
    const char *path = vector_find(c, paths[0]) != NULL ? paths[0] : paths[1];
    struct vector_bytes bytes;
    if (vector_find(c, path) == NULL) return true;
    if (!vector_bytes(ctx, c, path, &bytes)) return false;
    parse(all, bytes, out);
    return true;
}

static bool from_slots(struct suite_ctx *ctx, struct vector_case *c, size_t first,
                       struct chosen *all) {
    static const char *const leaves[] = {"certs.vcek", "certs.vlek", "certs.vcek"};
    static const char *const cas[] = {"certs.ask", "certs.asvk", "certs.ask"};
    static const char *const ark[] = {"certs.ark", "certs.ark"};
    return from_slot(ctx, c, leaves + first, all, &all->leaf) &&
           from_slot(ctx, c, cas + first, all, &all->ca) && from_slot(ctx, c, ark, all, &all->ark);
}

/* ---- table ---- */

static const struct abi_certtable_entry *entry_of(const struct abi_certtable *table,
                                                  enum abi_cert_kind kind) {
    for (size_t i = 0; i < table->count; i++)
        if (abi_cert_kind_from_guid(table->entries[i].guid) == kind) return &table->entries[i];
    return NULL;
}

static void from_entry(const struct abi_certtable_entry *entry, struct vector_bytes table,
                       struct chosen *all, struct pki_cert **out) {
    if (entry != NULL)
        parse(all, (struct vector_bytes){table.bytes + entry->offset, entry->length}, out);
}

static bool from_table(struct suite_ctx *ctx, struct vector_case *c, size_t first,
                       struct chosen *all) {
    static const enum abi_cert_kind kinds[] = {ABI_CERT_VCEK, ABI_CERT_VLEK, ABI_CERT_VCEK};
    struct vector_bytes bytes;
    struct abi_certtable table;
    if (!vector_bytes(ctx, c, "table", &bytes)) return false;
    const struct sevkit_result r = abi_certtable_decode(bytes.bytes, bytes.size, &table);
    if (!sevkit_ok(r)) {
        unreadable(all, r);
        return true;
    }
    const struct abi_certtable_entry *leaf = entry_of(&table, kinds[first]);
    if (leaf == NULL) leaf = entry_of(&table, kinds[first + 1]);
    from_entry(leaf, bytes, all, &all->leaf);
    from_entry(entry_of(&table, ABI_CERT_ASK), bytes, all, &all->ca);
    from_entry(entry_of(&table, ABI_CERT_ARK), bytes, all, &all->ark);
    return true;
}

/* ---- root ---- */

/* The trusted ARK of the chain's product line, else the first one. */
static bool choose_root(struct suite_ctx *ctx, struct vector_case *c, struct chosen *all) {
    const json_t *roots = vector_find(c, "roots");
    const struct pki_cert *top = all->ark != NULL ? all->ark : all->ca;
    const enum abi_product line = top == NULL ? ABI_PRODUCT_UNKNOWN : pki_cert_product(top);
    for (size_t i = 0; i < json_array_size(roots); i++) {
        struct vector_bytes bytes;
        struct pki_cert *root = NULL;
        if (!vector_bytes_of(ctx, c, json_array_get(roots, i), &bytes) ||
            !suite_setup(ctx, "roots", pki_cert_parse(bytes.bytes, bytes.size, &root)))
            return false;
        const bool fits = line != ABI_PRODUCT_UNKNOWN && pki_cert_product(root) == line;
        if (i > 0 && !fits) {
            pki_cert_free(root);
            continue;
        }
        pki_cert_free(all->root);
        all->root = root;
        if (fits) break;
    }
    return true;
}

/* ---- the verdict ---- */

static bool choose(struct suite_ctx *ctx, struct vector_case *c, struct vector_bytes report,
                   struct chosen *all) {
    const bool vlek = report.size >= ABI_REPORT_SIZE &&
                      (report.bytes[ABI_REPORT_KEY_INFO] >> ABI_KEY_INFO_SIGNING_KEY_SHIFT & 7) ==
                          ABI_SIGNING_KEY_VLEK;
    const bool good = vector_find(c, "table") != NULL ? from_table(ctx, c, vlek, all)
                                                      : from_slots(ctx, c, vlek, all);
    return good && choose_root(ctx, c, all);
}

static bool time_of(struct suite_ctx *ctx, struct vector_case *c, int64_t *at) {
    const char *text;
    struct tm tm = {0};
    if (!vector_text(ctx, c->input, "at", &text)) return false;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    *at = timegm(&tm);
    return suite_setup(ctx, "at",
                       end != NULL && *end == 0
                           ? sevkit_success()
                           : sevkit_fail(SEVKIT_BAD_ENCODING, "input.at", SEVKIT_NO_OFFSET, 0,
                                         "2026-01-01T00:00:00Z"));
}

static bool new_chain(struct suite_ctx *ctx, struct vector_case *c, const struct chosen *all,
                      struct pki_chain **chain) {
    struct vector_bytes crl = {NULL, 0};
    struct pki_chain_input in = {
        .leaf = all->leaf,
        .ca = all->ca,
        .ark = all->ark,
        .root = all->root,
        .unreadable = all->unreadable ? &all->why : NULL,
    };
    if (!vector_flag_or(ctx, c->input, "trust_dir", false, &in.trust_dir) ||
        !time_of(ctx, c, &in.at) ||
        (vector_find(c, "crl") != NULL && !vector_bytes(ctx, c, "crl", &crl)))
        return false;
    in.crl = crl.bytes;
    in.crl_size = crl.size;
    return suite_setup(ctx, "chain", pki_chain_new(&in, chain));
}

static void free_chosen(struct chosen *all) {
    pki_cert_free(all->leaf);
    pki_cert_free(all->ca);
    pki_cert_free(all->ark);
    pki_cert_free(all->root);
}

static void judge(struct suite_ctx *ctx, struct vector_case *c, const struct pki_policy *policy) {
    struct vector_bytes report;
    struct chosen all = {.unreadable = false};
    struct pki_chain *chain = NULL;
    struct pki_verdict verdict;
    SUITE_STEP(vector_bytes(ctx, c, "report", &report));
    const bool ready = choose(ctx, c, report, &all) && new_chain(ctx, c, &all, &chain);
    free_chosen(&all);
    SUITE_STEP(ready);
    pki_verify_report(chain, report.bytes, report.size, policy, &verdict);
    pki_chain_free(chain);
    SUITE_STEP(vector_seen(ctx, c, verdict.accepted, "stage",
                           verdict.accepted ? NULL : pki_stage_name(verdict.stage)));
    if (!verdict.accepted) SUITE_STEP(vector_rule(ctx, c, pki_verdict_requirement(&verdict)));
}

void vector_run_verify(struct suite_ctx *ctx, struct vector_case *c) {
    struct pki_policy policy;
    const char *given = NULL;
    if (vector_find(c, "policy_text") != NULL)
        SUITE_STEP(vector_text(ctx, c->input, "policy_text", &given));
    char *made = given == NULL ? json_dumps(c->policy, JSON_COMPACT) : NULL;
    const char *text = given == NULL ? made : given;
    const struct sevkit_result r = pki_policy_parse(text, strlen(text), &policy);
    free(made);
    if (sevkit_ok(r))
        judge(ctx, c, &policy);
    else
        SUITE_STEP(vector_seen(ctx, c, false, "stage", "policy-file"));
}
