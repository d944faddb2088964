/* The adapter of sevkit's own verifier (docs/adapters.md): one JSON object a line in and out, answered by the public
 * calls behind snp-verify. It converts formats and decides nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "sevkit/certtable.h"
#include "sevkit/report.h"

static const char HELLO[] =
    "{\"name\": \"snp-verify\", \"version\": \"" SEVKIT_VERSION "\", \"language\": \"c\","
    " \"ops\": [\"verify\", \"parse\"],"
    " \"layers\": [\"parse\", \"version\", \"signer\", \"chain\", \"revocation\", \"binding\","
    "  \"signature\", \"tcb\", \"policy\", \"policy-file\", \"certtable\", \"table\", "
    "\"extension\", \"forward-compat\"],"
    " \"options\": [\"at\", \"pem\", \"trust_dir\", \"policy_text\","
    "  \"future_versions\", \"report_version_min\", \"allow_long_report\","
    "  \"allow_unknown_reserved\", \"allow_unknown_product\", \"allow_debug\", "
    "\"allow_migration_agent\", \"allow_smt\","
    "  \"require_single_socket\", \"allow_unknown_policy\", \"allow_unknown_platform\","
    "  \"allow_host_report\", \"allow_provisional\", \"allow_masked_chip_id\", "
    "\"allow_mask_chip_key\", \"require_revocation\","
    "  \"vmpl_max\", \"guest_svn_min\", \"platform_required\", \"platform_forbidden\","
    "  \"launch_mit_required\", \"current_mit_required\", \"abi_min\", \"firmware_min\", "
    "\"tcb_min\","
    "  \"launch_tcb_min\", \"report_data\", \"chip_id\", \"measurement\", \"id_key_digest\","
    "  \"author_key_digest\", \"host_data\", \"report_id\", \"report_id_ma\", \"family_id\","
    "  \"image_id\", \"csp_id\", \"product\"],"
    " \"anchors\": \"configurable\"}";

static json_t *parse_report(const struct request_bytes *data, const json_t *policy) {
    struct abi_report report;
    struct sevkit_result r = abi_report_decode(data->bytes, data->size, &report);
    if (!sevkit_ok(r)) return answer_refused("parse", &r);
    r = json_is_true(json_object_get(policy, "allow_unknown_reserved"))
            ? abi_report_check_form(&report)
            : abi_report_check_fields(&report);
    if (!sevkit_ok(r)) return answer_refused("parse", &r);
    r = abi_report_check_version(&report, json_is_true(json_object_get(policy, "future_versions")));
    return sevkit_ok(r) ? answer("accept", NULL, "") : answer_refused("version", &r);
}

static json_t *parse_table(const struct request_bytes *data) {
    struct abi_certtable table;
    const struct sevkit_result r = abi_certtable_decode(data->bytes, data->size, &table);
    return sevkit_ok(r) ? answer("accept", NULL, "") : answer_refused(NULL, &r);
}

static json_t *parse_answer(const json_t *request) {
    struct request_bytes data;
    const char *kind = json_string_value(json_object_get(request, "kind"));
    json_t *out = NULL;
    if (!request_bytes_get(request, "data", &data) || data.bytes == NULL || kind == NULL)
        out = answer("error", NULL, "a member of the request is not in order");
    else if (strcmp(kind, "report") == 0)
        out = parse_report(&data, json_object_get(request, "policy"));
    else if (strcmp(kind, "certtable") == 0)
        out = parse_table(&data);
    else
        out = answer("unsupported", NULL, "no public call reads this kind");
    request_bytes_free(&data);
    return out;
}

static json_t *answer_to(const json_t *request) {
    const char *op = json_string_value(json_object_get(request, "op"));
    if (op != NULL && strcmp(op, "hello") == 0) return json_loads(HELLO, 0, NULL);
    if (op != NULL && strcmp(op, "verify") == 0) return verify_answer(request);
    if (op != NULL && strcmp(op, "parse") == 0) return parse_answer(request);
    return answer("unsupported", NULL, "no such op");
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        json_t *request = json_loads(line, 0, NULL);
        json_t *out = answer_to(request);
        json_t *id = json_object_get(request, "id");
        if (id != NULL) json_object_set(out, "id", id);
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        json_decref(out);
        json_decref(request);
    }
    free(line);
    return 0;
}
