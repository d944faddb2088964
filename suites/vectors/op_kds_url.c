/* Op kds_url: the request for a report's VCEK, chain or list, by sevkit's own service. Certificate notes, section 3. */
#include <stdio.h>
#include <string.h>

#include "sevkit/report.h"
#include "vectors/kds_client.h"

/* Why no chain or list is asked for; NULL when one is. PRODUCT: of a report that does not say. */
static const char *no_chain(const struct abi_report *report, enum abi_product product) {
    const unsigned signer = abi_report_signing_key(report);
    if (signer != ABI_SIGNING_KEY_VCEK && signer != ABI_SIGNING_KEY_VLEK) return "signer";
    return product == ABI_PRODUCT_UNKNOWN ? "product" : NULL;
}

/* Why no VCEK is asked for; NULL when one is. */
static const char *no_vcek(const struct abi_report *report, enum abi_product product) {
    if (abi_report_signing_key(report) == ABI_SIGNING_KEY_VLEK) return "vlek";
    const char *reason = no_chain(report, product);
    const bool masked = abi_all_zero(report->chip_id, sizeof report->chip_id);
    return reason == NULL && masked ? "masked" : reason;
}

static const char *reason_of_status(unsigned status) {
    switch (status) {
    case 400: return "malformed";
    case 401: return "credentials";
    case 404: return "unknown";
    case 405: return "method";
    default: return "another status";
    }
}

/* The family's word for ANSWER; NULL when it has the VCEK of WANTED, its path. */
static const char *judge(const struct vmm_kds_answer *answer, const char *wanted) {
    char path[KDS_PATH_MAX];
    struct pki_cert *cert = NULL;
    if (answer->status != 200) return reason_of_status(answer->status);
    if (!sevkit_ok(pki_cert_parse(answer->body, answer->size, &cert))) return "not a certificate";
    const bool good = kds_path_of_cert(cert, path);
    pki_cert_free(cert);
    if (!good) return "not a VCEK";
    return strcmp(path, wanted) == 0 ? NULL : "other-tcb";
}

static bool read_product(struct suite_ctx *ctx, struct vector_case *c,
                         const struct abi_report *report, enum abi_product *product) {
    const char *name;
    *product = abi_report_product(report);
    if (report->version >= ABI_REPORT_VERSION_FMS || vector_find(c, "product") == NULL) return true;
    if (!vector_text(ctx, c->input, "product", &name)) return false;
    *product = abi_product_from_name(name);
    return true;
}

/* The case's own request in place of METHOD and URL, where it has one. */
static bool read_request(struct suite_ctx *ctx, struct vector_case *c, const char **method,
                         const char **url) {
    if (vector_find(c, "url") != NULL && !vector_text(ctx, c->input, "url", url)) return false;
    return vector_find(c, "method") == NULL || vector_text(ctx, c->input, "method", method);
}

/* The report's path, and what the service says to it or to the case's own. */
static void ask(struct suite_ctx *ctx, struct vector_case *c, const struct abi_report *report,
                enum abi_product product) {
    struct abi_tcb_parts tcb;
    struct vmm_kds_answer *answer = vector_alloc(c, sizeof *answer);
    char path[KDS_PATH_MAX];
    const char *url = path, *method = "GET";
    SUITE_SETUP(ctx, "REPORTED_TCB", abi_tcb_unpack(product, report->reported_tcb, &tcb));
    kds_vcek_path(product, report->chip_id, &tcb, path);
    SUITE_STEP(read_request(ctx, c, &method, &url));
    SUITE_STEP(kds_ask(ctx, product, report->chip_id, report->current_tcb, method, url, answer));
    const char *reason = judge(answer, path);
    SUITE_STEP(vector_seen(ctx, c, reason == NULL, "reason", reason));
    SUITE_STEP(vector_output_text(ctx, c->output, "url", path));
}

/* The chain or list that the report's leaf needs: the case's own path has to bring the same bytes. */
static void ask_shared(struct suite_ctx *ctx, struct vector_case *c,
                       const struct abi_report *report, enum abi_product product) {
    struct vmm_kds_answer *wanted = vector_alloc(c, sizeof *wanted);
    struct vmm_kds_answer *answer = vector_alloc(c, sizeof *answer);
    const unsigned signer = abi_report_signing_key(report);
    const uint64_t tcb = report->current_tcb;
    char path[KDS_PATH_MAX];
    const char *url = path, *method = "GET", *what, *reason = NULL;
    SUITE_STEP(vector_text(ctx, c->input, "what", &what));
    snprintf(path, sizeof path, "/%s/v1/%s/%s", signer == ABI_SIGNING_KEY_VLEK ? "vlek" : "vcek",
             abi_product_name(product), what);
    SUITE_STEP(read_request(ctx, c, &method, &url));
    SUITE_STEP(kds_ask(ctx, product, report->chip_id, tcb, "GET", path, wanted));
    SUITE_STEP(kds_ask(ctx, product, report->chip_id, tcb, method, url, answer));
    const bool same =
        answer->size == wanted->size && memcmp(answer->body, wanted->body, answer->size) == 0;
    if (wanted->status != 200 || !same) reason = "kind";
    if (answer->status != 200) reason = reason_of_status(answer->status);
    SUITE_STEP(vector_seen(ctx, c, reason == NULL, "reason", reason));
    SUITE_STEP(vector_output_text(ctx, c->output, "url", path));
}

void vector_run_kds_url(struct suite_ctx *ctx, struct vector_case *c) {
    struct vector_bytes bytes;
    struct abi_report report;
    enum abi_product product;
    SUITE_STEP(vector_bytes(ctx, c, "report", &bytes));
    SUITE_SETUP(ctx, "report", abi_report_decode(bytes.bytes, bytes.size, &report));
    SUITE_STEP(read_product(ctx, c, &report, &product));
    const bool shared = vector_find(c, "what") != NULL;
    const char *reason = shared ? no_chain(&report, product) : no_vcek(&report, product);
    if (reason != NULL)
        SUITE_STEP(vector_seen(ctx, c, false, "reason", reason));
    else if (shared)
        ask_shared(ctx, c, &report, product);
    else
        ask(ctx, c, &report, product);
}
