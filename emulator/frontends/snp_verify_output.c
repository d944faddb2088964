/* See snp_verify_output.h. */
#include "frontends/snp_verify_output.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sevkit/bytes.h"

static const char *check_name(enum pki_check check) {
    switch (check) {
    case PKI_CHECK_PASS: return "pass";
    case PKI_CHECK_FAIL: return "fail";
    case PKI_CHECK_SKIPPED: return "skipped";
    }
    return "skipped";
}

/* Why a stage failed or was skipped, "" when it passed. */
static void reason_text(const struct pki_verdict *v, size_t stage, char *out, size_t size) {
    out[0] = 0;
    switch (v->checks[stage]) {
    case PKI_CHECK_PASS: return;
    case PKI_CHECK_FAIL: sevkit_result_text(&v->reasons[stage], out, size); return;
    case PKI_CHECK_SKIPPED: snprintf(out, size, "%s", v->skipped[stage]); return;
    }
}

/* ---- JSON ---- */

static const char *revocation_name(const struct pki_verdict *v, bool crl) {
    switch (v->checks[PKI_STAGE_REVOCATION]) {
    case PKI_CHECK_PASS: return crl ? "checked" : "not-checked";
    case PKI_CHECK_FAIL: return "failed";
    case PKI_CHECK_SKIPPED: return "not-checked";
    }
    return "not-checked";
}

static json_t *text_or_null(const char *text) {
    return text != NULL && text[0] != 0 ? json_string(text) : json_null();
}

static json_t *checks_json(const struct pki_verdict *v) {
    json_t *checks = json_array();
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++) {
        char reason[512];
        reason_text(v, i, reason, sizeof reason);
        json_array_append_new(
            checks, json_pack("{s:s, s:s, s:o}", "stage", pki_stage_name((enum pki_stage)i),
                              "result", check_name(v->checks[i]), "reason", text_or_null(reason)));
    }
    return checks;
}

void snp_verify_json(const struct pki_verdict *v, bool crl) {
    char value[24];
    snprintf(value, sizeof value, "0x%" PRIx64, v->why.value);
    const bool accepted = v->accepted;
    json_t *root = json_object();
    json_object_set_new(root, "verdict", json_string(accepted ? "accept" : "reject"));
    json_object_set_new(root, "stage", text_or_null(accepted ? NULL : pki_stage_name(v->stage)));
    json_object_set_new(root, "field", text_or_null(accepted ? NULL : v->why.field));
    json_object_set_new(root, "value", text_or_null(accepted ? NULL : value));
    json_object_set_new(root, "rule", text_or_null(accepted ? NULL : v->why.rule));
    json_object_set_new(root, "requirement", text_or_null(pki_verdict_requirement(v)));
    json_object_set_new(root, "anchor", text_or_null(pki_anchor_name(v->anchor)));
    json_object_set_new(root, "revocation", json_string(revocation_name(v, crl)));
    json_object_set_new(root, "checks", checks_json(v));
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(root);
}

/* ---- people ---- */

static bool in_colour(void) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == 0);
}

#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char *colour_of(enum pki_check check) {
    switch (check) {
    case PKI_CHECK_PASS: return GREEN;
    case PKI_CHECK_FAIL: return RED;
    case PKI_CHECK_SKIPPED: return YELLOW;
    }
    return PLAIN;
}

void snp_verify_text(const struct pki_verdict *v) {
    const bool colour = in_colour();
    const char *end = colour ? PLAIN : "";
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++) {
        char reason[512];
        reason_text(v, i, reason, sizeof reason);
        printf("%-11s %s%s%s%s%s\n", pki_stage_name((enum pki_stage)i),
               colour ? colour_of(v->checks[i]) : "", check_name(v->checks[i]), end,
               reason[0] ? ": " : "", reason);
    }
    if (v->accepted) {
        printf("%sACCEPTED%s anchor %s\n", colour ? GREEN : "", end, pki_anchor_name(v->anchor));
        return;
    }
    char why[512];
    sevkit_result_text(&v->why, why, sizeof why);
    const char *id = pki_verdict_requirement(v);
    printf("%sREJECTED%s at %s: %s%s%s%s\n", colour ? RED : "", end, pki_stage_name(v->stage), why,
           id[0] ? " [" : "", id, id[0] ? "]" : "");
}

static void warn(const char *text) {
    fprintf(stderr, "snp-verify: warning: %s\n", text);
}

/* An accepted report may be longer than its 0x4A0 bytes. */
void snp_verify_warn(const struct pki_verdict *v, const uint8_t *bytes) {
    struct abi_report report;
    if (v->anchor == PKI_ANCHOR_TEST) {
        warn("the ARK is one of sevkit's published test keys: this proves nothing about real "
             "hardware");
    }
    if (!v->accepted || !sevkit_ok(abi_report_decode(bytes, ABI_REPORT_SIZE, &report))) return;
    if (report.policy & ABI_POLICY_DEBUG) warn("POLICY.DEBUG is set: the host can read this guest");
    const bool vcek = abi_report_signing_key(&report) == ABI_SIGNING_KEY_VCEK;
    if (vcek && abi_all_zero(report.chip_id, sizeof report.chip_id)) {
        warn("CHIP_ID is masked: the report names no chip");
    }
}
