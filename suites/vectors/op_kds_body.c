/* Op kds_body: an answer of the key distribution service, as a client has to take it. Certificate notes, sections 3
 * and 5. */
#include <stdlib.h>
#include <string.h>

#include "sevkit/verify.h"
#include "vectors/kds_client.h"

#define CHAIN_MAX 4 /* more blocks are counted no further */

/* What a body turned out to be: why not to use it, or what it holds. */
struct found {
    const char *reason;
    const char *kinds[CHAIN_MAX];
    size_t count;
};

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

/* A path, taken apart: /{tree}/v1/{line}/{what}. */
struct path {
    const char *text, *what;
    bool vlek;
    char line[16];
};

static bool read_path(struct suite_ctx *ctx, struct vector_case *c, struct path *path) {
    if (!vector_text(ctx, c->input, "path", &path->text)) return false;
    path->vlek = strncmp(path->text, "/vlek/", 6) == 0;
    const char *line = path->text + strlen("/vcek/v1/");
    const size_t size = strcspn(line, "/");
    if (size < sizeof path->line) memcpy(path->line, line, size);
    path->what = line + size + 1;
    return true;
}

static bool is_line(const struct path *path, const struct pki_cert *cert) {
    return strcmp(abi_product_name(pki_cert_product(cert)), path->line) == 0;
}

/* ---- chains ---- */

struct chain {
    struct pki_cert *certs[CHAIN_MAX];
    size_t count;
};

static bool only_space(struct vector_bytes text) {
    for (size_t i = 0; i < text.size; i++)
        if (strchr(" \t\r\n", text.bytes[i]) == NULL || text.bytes[i] == 0) return false;
    return true;
}

/* The next PEM block of TEXT, which moves on; SIZE 0 without one. What precedes it must be space. */
static struct vector_bytes next_block(struct vector_bytes *text) {
    const struct vector_bytes none = {text->bytes, 0};
    const uint8_t *from = memmem(text->bytes, text->size, begin, sizeof begin - 1);
    if (from == NULL) return none;
    const size_t before = (size_t)(from - text->bytes);
    const uint8_t *to = memmem(from, text->size - before, end, sizeof end - 1);
    if (to == NULL || !only_space((struct vector_bytes){text->bytes, before})) return none;
    to += sizeof end - 1;
    text->size -= (size_t)(to - text->bytes);
    text->bytes = to;
    return (struct vector_bytes){from, (size_t)(to - from)};
}

/* False if the text is not PEM certificates alone. */
static bool read_chain(struct vector_bytes text, struct chain *chain) {
    for (struct vector_bytes block = next_block(&text); block.size != 0 && chain->count < CHAIN_MAX;
         block = next_block(&text)) {
        if (!sevkit_ok(pki_cert_parse(block.bytes, block.size, &chain->certs[chain->count])))
            return false;
        chain->count++;
    }
    return chain->count != 0 && only_space(text);
}

static const char *judge_chain(const struct chain *chain, const struct path *path) {
    const enum pki_role ca = path->vlek ? PKI_ROLE_ASVK : PKI_ROLE_ASK;
    if (chain->count != 2) return "count";
    const enum pki_role first = pki_cert_role(chain->certs[0]),
                        second = pki_cert_role(chain->certs[1]);
    if (first == PKI_ROLE_ARK && second == ca) return "order";
    if (first != ca || second != PKI_ROLE_ARK) return "kind";
    return is_line(path, chain->certs[0]) && is_line(path, chain->certs[1]) ? NULL : "other";
}

static void read_and_judge_chain(struct vector_bytes body, const struct path *path,
                                 struct found *found) {
    struct chain chain = {.count = 0};
    found->reason = read_chain(body, &chain) ? judge_chain(&chain, path) : "encoding";
    found->count = chain.count;
    for (size_t i = 0; i < chain.count; i++) {
        found->kinds[i] = pki_role_name(pki_cert_role(chain.certs[i]));
        pki_cert_free(chain.certs[i]);
    }
}

/* ---- leaves ---- */

static const char *judge_leaf(const struct pki_cert *cert, const struct path *path) {
    char own[KDS_PATH_MAX];
    if (pki_cert_role(cert) != PKI_ROLE_VCEK) return "kind";
    if (!kds_path_of_cert(cert, own)) return "encoding";
    return strcmp(own, path->text) == 0 ? NULL : "other";
}

static void read_and_judge_leaf(struct vector_bytes body, const struct path *path,
                                struct found *found) {
    struct pki_cert *cert = NULL;
    found->reason = "encoding";
    if (!sevkit_ok(pki_cert_parse(body.bytes, body.size, &cert))) return;
    found->reason = judge_leaf(cert, path);
    found->kinds[found->count++] = pki_role_name(pki_cert_role(cert));
    pki_cert_free(cert);
}

/* ---- lists: by the verdict on a good report ---- */

static bool read_cert(struct suite_ctx *ctx, struct vector_case *c, const char *path,
                      struct pki_cert **cert) {
    struct vector_bytes bytes;
    return vector_bytes(ctx, c, path, &bytes) &&
           suite_setup(ctx, path, pki_cert_parse(bytes.bytes, bytes.size, cert));
}

static bool judge_report(struct suite_ctx *ctx, struct vector_case *c, struct pki_chain_input *in,
                         struct pki_verdict *verdict) {
    const struct pki_policy policy = pki_policy_default();
    struct pki_chain *chain = NULL;
    struct vector_bytes report;
    if (!vector_bytes(ctx, c, "report", &report) || !kds_time(ctx, c, &in->at) ||
        !suite_setup(ctx, "chain", pki_chain_new(in, &chain)))
        return false;
    pki_verify_report(chain, report.bytes, report.size, &policy, verdict);
    pki_chain_free(chain);
    return true;
}

static bool read_and_judge_list(struct suite_ctx *ctx, struct vector_case *c,
                                struct vector_bytes body, struct found *found) {
    struct pki_cert *leaf = NULL, *ca = NULL, *ark = NULL;
    struct pki_verdict verdict;
    const bool read = read_cert(ctx, c, "certs.vcek", &leaf) &&
                      read_cert(ctx, c, "certs.ask", &ca) && read_cert(ctx, c, "certs.ark", &ark);
    struct pki_chain_input in = {
        .leaf = leaf, .ca = ca, .ark = ark, .root = ark, .crl = body.bytes, .crl_size = body.size};
    const bool good = read && judge_report(ctx, c, &in, &verdict);
    pki_cert_free(leaf), pki_cert_free(ca), pki_cert_free(ark);
    if (!good) return false;
    if (verdict.accepted)
        found->kinds[found->count++] = "CRL";
    else
        found->reason = verdict.stage == PKI_STAGE_REVOCATION ? "list" : "the report itself";
    return true;
}

/* ---- the whole ---- */

static bool judge_body(struct suite_ctx *ctx, struct vector_case *c, const struct path *path,
                       struct vector_bytes body, struct found *found) {
    uint64_t status, length;
    if (!vector_number(ctx, c->input, "status", &status) ||
        !vector_number_or(ctx, c->input, "content_length", body.size, &length))
        return false;
    if (status < 200 || status > 299)
        found->reason = "status";
    else if (length != body.size)
        found->reason = "length";
    else if (strcmp(path->what, "crl") == 0)
        return read_and_judge_list(ctx, c, body, found);
    else if (strcmp(path->what, "cert_chain") == 0)
        read_and_judge_chain(body, path, found);
    else
        read_and_judge_leaf(body, path, found);
    return true;
}

static bool kinds_seen(struct suite_ctx *ctx, const struct vector_case *c,
                       const struct found *found) {
    const json_t *kinds = json_object_get(c->output, "kinds");
    if (!suite_equal(ctx, "kinds", json_array_size(kinds), found->count,
                     "as many as the case says"))
        return false;
    for (size_t i = 0; i < found->count; i++) {
        const char *wanted = json_string_value(json_array_get(kinds, i));
        const bool same = wanted != NULL && strcmp(wanted, found->kinds[i]) == 0;
        if (!suite_equal(ctx, found->kinds[i], true, same, "in its place as the case says"))
            return false;
    }
    return true;
}

/* The chip and TCB for which BODY was made, for a VCEK; else any. */
static bool served(struct suite_ctx *ctx, struct vector_case *c, const struct path *path,
                   struct vector_bytes body) {
    struct pki_leaf_info info = {.hwid = {1}};
    struct pki_cert *cert = NULL;
    struct vmm_kds_answer *answer = vector_alloc(c, sizeof *answer);
    const enum abi_product product = abi_product_from_name(path->line);
    if (sevkit_ok(pki_cert_parse(body.bytes, body.size, &cert))) {
        const struct sevkit_result r = pki_cert_leaf_info(cert, &info);
        pki_cert_free(cert);
        if (!suite_setup(ctx, "body", r)) return false;
    }
    return kds_ask(ctx, product, info.hwid, abi_tcb_pack(product, &info.tcb), "GET", path->text,
                   answer) &&
           suite_equal(ctx, "status", 200, answer->status, "sevkit's service has it") &&
           suite_equal(ctx, "size", body.size, answer->size, "of the case's body") &&
           suite_bytes(ctx, "body", body.bytes, answer->body, body.size, "the case's");
}

void vector_run_kds_body(struct suite_ctx *ctx, struct vector_case *c) {
    struct path path = {.line = ""};
    struct vector_bytes body;
    struct found found = {.reason = NULL};
    bool ours;
    SUITE_STEP(read_path(ctx, c, &path));
    SUITE_STEP(vector_bytes(ctx, c, "body", &body));
    SUITE_STEP(judge_body(ctx, c, &path, body, &found));
    SUITE_STEP(vector_seen(ctx, c, found.reason == NULL, "reason", found.reason));
    if (found.reason == NULL) SUITE_STEP(kinds_seen(ctx, c, &found));
    SUITE_STEP(vector_flag_or(ctx, c->input, "served", false, &ours));
    if (ours) SUITE_STEP(served(ctx, c, &path, body));
}
