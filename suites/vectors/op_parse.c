/* Op parse: the bytes of a report by themselves. Report notes, section 1; what the members of input and output mean:
 * harness/reference/ops/parse.py. */
#include <stddef.h>
#include <string.h>

#include "sevkit/report.h"
#include "vectors/vectors.h"

enum kind { NUMBER, BYTES, TCB };

/* A member of the output: where struct abi_report keeps it, and the first version that has it. */
static const struct field {
    const char *name;
    size_t at, size;
    enum kind kind;
    uint32_t since;
} fields[] = {
#define FIELD(name, member, kind, since)                                                           \
    {                                                                                              \
        name, offsetof(struct abi_report, member), sizeof((struct abi_report *)0)->member, kind,   \
            since                                                                                  \
    }
    FIELD("version", version, NUMBER, 2),
    FIELD("guest_svn", guest_svn, NUMBER, 2),
    FIELD("policy", policy, NUMBER, 2),
    FIELD("family_id", family_id, BYTES, 2),
    FIELD("image_id", image_id, BYTES, 2),
    FIELD("vmpl", vmpl, NUMBER, 2),
    FIELD("signature_algo", signature_algo, NUMBER, 2),
    FIELD("current_tcb", current_tcb, TCB, 2),
    FIELD("platform_info", platform_info, NUMBER, 2),
    FIELD("key_info", key_info, NUMBER, 2),
    FIELD("report_data", report_data, BYTES, 2),
    FIELD("measurement", measurement, BYTES, 2),
    FIELD("host_data", host_data, BYTES, 2),
    FIELD("id_key_digest", id_key_digest, BYTES, 2),
    FIELD("author_key_digest", author_key_digest, BYTES, 2),
    FIELD("report_id", report_id, BYTES, 2),
    FIELD("report_id_ma", report_id_ma, BYTES, 2),
    FIELD("reported_tcb", reported_tcb, TCB, 2),
    FIELD("cpuid_fam_id", fms.family, NUMBER, ABI_REPORT_VERSION_FMS),
    FIELD("cpuid_mod_id", fms.model, NUMBER, ABI_REPORT_VERSION_FMS),
    FIELD("cpuid_step", fms.stepping, NUMBER, ABI_REPORT_VERSION_FMS),
    FIELD("chip_id", chip_id, BYTES, 2),
    FIELD("committed_tcb", committed_tcb, TCB, 2),
    FIELD("current_build", current.build, NUMBER, 2),
    FIELD("current_minor", current.minor, NUMBER, 2),
    FIELD("current_major", current.major, NUMBER, 2),
    FIELD("committed_build", committed.build, NUMBER, 2),
    FIELD("committed_minor", committed.minor, NUMBER, 2),
    FIELD("committed_major", committed.major, NUMBER, 2),
    FIELD("launch_tcb", launch_tcb, TCB, 2),
    FIELD("launch_mit_vector", launch_mit_vector, NUMBER, ABI_REPORT_VERSION_MIT),
    FIELD("current_mit_vector", current_mit_vector, NUMBER, ABI_REPORT_VERSION_MIT),
    FIELD("signature_r", signature_r, BYTES, 2),
    FIELD("signature_s", signature_s, BYTES, 2),
#undef FIELD
};

static uint64_t number_at(const uint8_t *at, size_t size) {
    uint32_t four;
    uint64_t eight;
    if (size == 1) return *at;
    if (size == sizeof four) {
        memcpy(&four, at, sizeof four);
        return four;
    }
    memcpy(&eight, at, sizeof eight);
    return eight;
}

/* The case says "none": nothing of that name in this report. */
static bool none(struct suite_ctx *ctx, const json_t *object, const char *name) {
    const json_t *member = json_object_get(object, name);
    return member == NULL || suite_check(ctx, name, json_is_null(member), "null: it has none");
}

static bool tcb_seen(struct suite_ctx *ctx, const json_t *wanted, enum abi_product product,
                     uint64_t raw) {
    uint8_t bytes[8];
    struct abi_tcb_parts parts;
    abi_put_le64(bytes, raw);
    if (!vector_output_hex(ctx, wanted, "raw", bytes, sizeof bytes)) return false;
    if (!sevkit_ok(abi_tcb_unpack(product, raw, &parts)))
        return suite_check(ctx, "TCB", json_object_size(wanted) <= 1, "components are not known");
    return vector_output_number(ctx, wanted, "fmc", parts.fmc) &&
           vector_output_number(ctx, wanted, "boot_loader", parts.boot_loader) &&
           vector_output_number(ctx, wanted, "tee", parts.tee) &&
           vector_output_number(ctx, wanted, "snp", parts.snp) &&
           vector_output_number(ctx, wanted, "microcode", parts.microcode);
}

static bool field_seen(struct suite_ctx *ctx, const json_t *output, const struct abi_report *report,
                       const struct field *f) {
    const uint8_t *at = (const uint8_t *)report + f->at;
    const uint32_t read_as = report->version == 4 ? 3 : report->version;
    if (read_as < f->since) return none(ctx, output, f->name);
    if (f->kind == BYTES) return vector_output_hex(ctx, output, f->name, at, f->size);
    const uint64_t value = number_at(at, f->size);
    if (f->kind == NUMBER) return vector_output_number(ctx, output, f->name, value);
    return tcb_seen(ctx, json_object_get(output, f->name), abi_report_product(report), value);
}

static bool flag_seen(struct suite_ctx *ctx, const json_t *output, const char *name, bool got) {
    const json_t *member = json_object_get(output, name);
    return member == NULL || suite_check(ctx, name, json_is_true(member) == got, "the case's");
}

static void output_seen(struct suite_ctx *ctx, const json_t *output,
                        const struct abi_report *report) {
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        SUITE_STEP(field_seen(ctx, output, report, &fields[i]));
    SUITE_STEP(vector_output_number(ctx, output, "signing_key", abi_report_signing_key(report)));
    SUITE_STEP(flag_seen(ctx, output, "author_key_en",
                         (report->key_info & ABI_KEY_INFO_AUTHOR_KEY_EN) != 0));
    SUITE_STEP(flag_seen(ctx, output, "mask_chip_key",
                         (report->key_info & ABI_KEY_INFO_MASK_CHIP_KEY) != 0));
    const enum abi_product product = abi_report_product(report);
    SUITE_STEP(product == ABI_PRODUCT_UNKNOWN
                   ? none(ctx, output, "product")
                   : vector_output_text(ctx, output, "product", abi_product_name(product)));
}

void vector_run_parse(struct suite_ctx *ctx, struct vector_case *c) {
    struct vector_bytes bytes;
    struct abi_report report;
    bool unknown_reserved, future;
    SUITE_STEP(vector_bytes(ctx, c, "report", &bytes));
    SUITE_STEP(vector_flag_or(ctx, c->policy, "allow_unknown_reserved", false, &unknown_reserved));
    SUITE_STEP(vector_flag_or(ctx, c->policy, "future_versions", false, &future));
    struct sevkit_result r = abi_report_decode(bytes.bytes, bytes.size, &report);
    if (sevkit_ok(r))
        r = unknown_reserved ? abi_report_check_form(&report) : abi_report_check_fields(&report);
    const bool form = sevkit_ok(r);
    if (form) r = abi_report_check_version(&report, future);
    const bool good = sevkit_ok(r);
    SUITE_STEP(vector_seen(ctx, c, good, "stage", form ? "version" : "parse"));
    if (good) output_seen(ctx, c->output, &report);
}
