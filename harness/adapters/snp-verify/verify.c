/* Op verify: the calls that snp-verify makes, with the members of the request in place of files. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frontends/cli.h"
#include "request.h"
#include "sevkit/certtable.h"
#include "sevkit/verify.h"

enum { VCEK, VLEK, ASK, ASVK, ARK, SLOTS };

static const char *const SLOT_NAMES[SLOTS] = {"vcek", "vlek", "ask", "asvk", "ark"};

struct job {
    struct request_bytes report, crl, table, slots[SLOTS];
    struct pki_cert *leaf, *ca, *ark, *root;
    struct sevkit_result unreadable; /* a certificate or a table that is there and no such thing */
    struct pki_policy policy;
    int64_t at;
};

static void job_free(struct job *job) {
    request_bytes_free(&job->report);
    request_bytes_free(&job->crl);
    request_bytes_free(&job->table);
    for (size_t i = 0; i < SLOTS; i++) request_bytes_free(&job->slots[i]);
    pki_cert_free(job->leaf);
    pki_cert_free(job->ca);
    pki_cert_free(job->ark);
    pki_cert_free(job->root);
}

static bool read_members(const json_t *request, struct job *job) {
    const json_t *certs = json_object_get(request, "certs");
    const char *at = json_string_value(json_object_get(request, "at"));
    job->at = cli_now();
    if (at != NULL && !cli_time_parse(at, &job->at)) return false;
    bool ok = request_bytes_get(request, "report", &job->report) && job->report.bytes != NULL &&
              request_bytes_get(request, "crl", &job->crl) &&
              request_bytes_get(request, "table", &job->table);
    for (size_t i = 0; ok && i < SLOTS; i++)
        ok = request_bytes_get(certs, SLOT_NAMES[i], &job->slots[i]);
    return ok;
}

/* The policy: a file's text, or an object. */
static struct sevkit_result read_policy(const json_t *request, struct pki_policy *policy) {
    const json_t *text = json_object_get(request, "policy_text");
    const json_t *object = json_object_get(request, "policy");
    *policy = pki_policy_default();
    if (text != NULL)
        return pki_policy_parse(json_string_value(text), json_string_length(text), policy);
    if (object == NULL) return sevkit_success();
    char *dumped = json_dumps(object, 0);
    const struct sevkit_result r = pki_policy_parse(dumped, strlen(dumped), policy);
    free(dumped);
    return r;
}

static bool vlek_signed(const struct job *job) {
    struct abi_report report;
    const struct sevkit_result r = abi_report_decode(job->report.bytes, job->report.size, &report);
    return sevkit_ok(r) && abi_report_signing_key(&report) == ABI_SIGNING_KEY_VLEK;
}

static void parse_cert(struct job *job, const struct request_bytes *bytes, struct pki_cert **cert) {
    if (bytes->bytes == NULL) return;
    const struct sevkit_result r = pki_cert_parse(bytes->bytes, bytes->size, cert);
    if (!sevkit_ok(r) && sevkit_ok(job->unreadable)) job->unreadable = r;
}

/* The bytes of KIND in the job's table, absent if it has none. */
static struct request_bytes in_table(const struct job *job, const struct abi_certtable *table,
                                     enum abi_cert_kind kind) {
    for (size_t i = 0; i < table->count; i++) {
        const struct abi_certtable_entry *e = &table->entries[i];
        if (abi_cert_kind_from_guid(e->guid) == kind)
            return (struct request_bytes){job->table.bytes + e->offset, e->length};
    }
    return (struct request_bytes){0};
}

static void read_table(struct job *job) {
    struct abi_certtable table;
    job->unreadable = abi_certtable_decode(job->table.bytes, job->table.size, &table);
    if (!sevkit_ok(job->unreadable)) return;
    const enum abi_cert_kind kind = vlek_signed(job) ? ABI_CERT_VLEK : ABI_CERT_VCEK;
    const enum abi_cert_kind other = vlek_signed(job) ? ABI_CERT_VCEK : ABI_CERT_VLEK;
    struct request_bytes leaf = in_table(job, &table, kind);
    if (leaf.bytes == NULL) leaf = in_table(job, &table, other);
    const struct request_bytes ca = in_table(job, &table, ABI_CERT_ASK);
    const struct request_bytes ark = in_table(job, &table, ABI_CERT_ARK);
    parse_cert(job, &leaf, &job->leaf);
    parse_cert(job, &ca, &job->ca);
    parse_cert(job, &ark, &job->ark);
}

/* SIGNING_KEY chooses the slots; an empty one is filled by the other kind's, for the verifier to refuse. */
static void read_slots(struct job *job) {
    const bool vlek = vlek_signed(job);
    const struct request_bytes *s = job->slots;
    const struct request_bytes *leaf = &s[vlek ? VLEK : VCEK], *ca = &s[vlek ? ASVK : ASK];
    if (leaf->bytes == NULL) leaf = &s[vlek ? VCEK : VLEK];
    if (ca->bytes == NULL) ca = &s[vlek ? ASK : ASVK];
    parse_cert(job, leaf, &job->leaf);
    parse_cert(job, ca, &job->ca);
    parse_cert(job, &s[ARK], &job->ark);
}

/* snp-verify takes one root: the one of the chain's product line, else the first. As with the program, a root that
 * is not self-signed is bad usage and no verdict. */
static bool read_root(const json_t *roots, struct job *job) {
    const struct pki_cert *top = job->ark != NULL ? job->ark : job->ca;
    const enum abi_product line = top != NULL ? pki_cert_product(top) : ABI_PRODUCT_UNKNOWN;
    for (size_t i = 0; i < json_array_size(roots); i++) {
        const json_t *pem = json_array_get(roots, i);
        struct pki_cert *root = NULL;
        const struct sevkit_result r =
            pki_cert_parse((const uint8_t *)json_string_value(pem), json_string_length(pem), &root);
        if (!sevkit_ok(r) || !sevkit_ok(pki_cert_check_self_signed(root))) {
            pki_cert_free(root);
            return false;
        }
        const bool same_line = line != ABI_PRODUCT_UNKNOWN && pki_cert_product(root) == line;
        if (job->root != NULL && !same_line) {
            pki_cert_free(root);
            continue;
        }
        pki_cert_free(job->root);
        job->root = root;
        if (same_line) break;
    }
    return true;
}

static json_t *judge(const struct job *job, bool trust_dir) {
    const struct pki_chain_input input = {
        .leaf = job->leaf,
        .ca = job->ca,
        .ark = job->ark,
        .root = job->root,
        .unreadable = sevkit_ok(job->unreadable) ? NULL : &job->unreadable,
        .trust_dir = trust_dir,
        .crl = job->crl.bytes,
        .crl_size = job->crl.size,
        .at = job->at,
    };
    struct pki_chain *chain = NULL;
    struct pki_verdict verdict;
    const struct sevkit_result r = pki_chain_new(&input, &chain);
    if (!sevkit_ok(r)) return answer("error", NULL, r.rule);
    pki_verify_report(chain, job->report.bytes, job->report.size, &job->policy, &verdict);
    pki_chain_free(chain);
    return verdict.accepted ? answer("accept", NULL, "")
                            : answer_refused(pki_stage_name(verdict.stage), &verdict.why);
}

static int64_t microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Member "us": what the library's calls took, without the protocol, for the benchmark. */
json_t *verify_answer(const json_t *request) {
    struct job job = {.unreadable = sevkit_success()};
    json_t *out = NULL;
    const struct sevkit_result policy = read_policy(request, &job.policy);
    if (!read_members(request, &job)) {
        out = answer("error", NULL, "a member of the request is not in order");
    } else if (!sevkit_ok(policy)) {
        out = answer_refused("policy-file", &policy);
    } else {
        const int64_t begun = microseconds();
        if (job.table.bytes != NULL)
            read_table(&job);
        else
            read_slots(&job);
        out = read_root(json_object_get(request, "roots"), &job)
                  ? judge(&job, json_is_true(json_object_get(request, "trust_dir")))
                  : answer("unsupported", NULL, "a root must be a self-signed certificate");
        json_object_set_new(out, "us", json_integer(microseconds() - begun));
    }
    job_free(&job);
    return out;
}
