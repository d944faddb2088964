/* Genuine reports: accepted under their certificates, read as the index says, refused with others. */
#include "verifier/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder(void) {
    const char *given = getenv("SEVKIT_REAL");
    return given != NULL ? given : "../shared/real";
}

/* The bytes read, or 0 if there is no such file or it is larger than CAPACITY. */
static size_t read_file(const char *path, uint8_t *out, size_t capacity) {
    char name[512];
    snprintf(name, sizeof name, "%s/%s", folder(), path);
    FILE *file = fopen(name, "rb");
    if (file == NULL) return 0;
    const size_t size = fread(out, 1, capacity, file);
    const bool whole = fgetc(file) == EOF;
    fclose(file);
    return whole ? size : 0;
}

const char *real_text(const json_t *entry, const char *member) {
    const char *text = json_string_value(json_object_get(entry, member));
    return text != NULL ? text : "";
}

bool real_open(struct suite_ctx *ctx, struct real_set *set) {
    char name[512];
    json_error_t error;
    *set = (struct real_set){.count = 0};
    snprintf(name, sizeof name, "%s/index.json", folder());
    FILE *file = fopen(name, "r");
    if (file == NULL) {
        suite_skip(ctx, "no genuine reports: SEVKIT_REAL names no folder with an index.json");
        return false;
    }
    set->index = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    const json_t *reports = json_object_get(set->index, "reports");
    for (size_t i = 0; i < json_array_size(reports) && set->count < 64; i++) {
        const json_t *entry = json_array_get(reports, i);
        if (json_is_true(json_object_get(entry, "verified"))) set->entries[set->count++] = entry;
    }
    const struct sevkit_result r = sevkit_fail(SEVKIT_NOT_FOUND, "reports", SEVKIT_NO_OFFSET,
                                               set->count, "verified reports in index.json");
    if (set->count != 0) return true;
    real_close(set);
    return suite_setup(ctx, "index.json", r);
}

void real_close(struct real_set *set) {
    json_decref(set->index);
}

bool real_der(struct suite_ctx *ctx, const char *path, struct pki_der *der) {
    der->size = read_file(path, der->bytes, sizeof der->bytes);
    const struct sevkit_result r =
        sevkit_fail(SEVKIT_NOT_FOUND, path, SEVKIT_NO_OFFSET, 0, "a certificate of the index");
    return der->size != 0 || suite_setup(ctx, path, r);
}

bool real_world(struct suite_ctx *ctx, const json_t *entry, struct verifier_world *world) {
    struct pki_cert *leaf;
    *world = (struct verifier_world){.policy = pki_policy_default()};
    const char *path = real_text(entry, "report");
    world->report_size = read_file(path, world->report, sizeof world->report);
    const struct sevkit_result missing =
        sevkit_fail(SEVKIT_BAD_LENGTH, path, SEVKIT_NO_OFFSET, world->report_size, "a report");
    if (world->report_size != VERIFIER_REPORT_SIZE) return suite_setup(ctx, path, missing);
    if (!real_der(ctx, real_text(entry, "leaf"), &world->certs.leaf) ||
        !real_der(ctx, real_text(entry, "ca"), &world->certs.ca) ||
        !real_der(ctx, real_text(entry, "ark"), &world->certs.ark) ||
        !suite_setup(ctx, "leaf",
                     pki_cert_parse(world->certs.leaf.bytes, world->certs.leaf.size, &leaf)))
        return false;
    world->at = pki_cert_not_before(leaf) + VERIFIER_DAY;
    pki_cert_free(leaf);
    return true;
}

void real_each(struct suite_ctx *ctx,
               void (*body)(struct suite_ctx *ctx, const json_t *entry, void *data), void *data) {
    struct real_set set;
    if (!real_open(ctx, &set)) return;
    for (size_t i = 0; i < set.count && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "%s", real_text(set.entries[i], "report"));
        body(ctx, set.entries[i], data);
    }
    real_close(&set);
}

/* ---- accepted ---- */

static void accepted_of(struct suite_ctx *ctx, const json_t *entry, void *data) {
    struct verifier_world world;
    struct pki_verdict verdict;
    (void)data;
    SUITE_STEP(real_world(ctx, entry, &world));
    SUITE_STEP(verifier_accepts(ctx, &world, "a genuine report under the default policy"));
    SUITE_STEP(verifier_judge(ctx, &world, &verdict));
    SUITE_EQUAL(ctx, "anchor", PKI_ANCHOR_AMD, verdict.anchor, "AMD's ARK");
}

static void accepted(struct suite_ctx *ctx) {
    real_each(ctx, accepted_of, NULL);
}

/* ---- validity ---- */

static void edge(struct suite_ctx *ctx, struct verifier_world *world, int64_t inside,
                 int64_t outside) {
    world->at = inside;
    SUITE_STEP(verifier_accepts(ctx, world, "both ends of the validity count"));
    world->at = outside;
    SUITE_STEP(verifier_refuses(ctx, world, PKI_STAGE_CHAIN, "VRF-033",
                                "one second outside the leaf's validity"));
}

static void validity_of(struct suite_ctx *ctx, const json_t *entry, void *data) {
    struct verifier_world world;
    struct pki_cert *leaf;
    (void)data;
    SUITE_STEP(real_world(ctx, entry, &world));
    SUITE_SETUP(ctx, "leaf", pki_cert_parse(world.certs.leaf.bytes, world.certs.leaf.size, &leaf));
    const int64_t first = pki_cert_not_before(leaf), last = pki_cert_not_after(leaf);
    pki_cert_free(leaf);
    edge(ctx, &world, first, first - 1);
    if (suite_stopped(ctx)) return;
    edge(ctx, &world, last, last + 1);
}

static void validity(struct suite_ctx *ctx) {
    real_each(ctx, validity_of, NULL);
}

/* ---- fields ---- */

static bool number_is(struct suite_ctx *ctx, const char *field, const char *text, uint64_t value) {
    char *end;
    const uint64_t wanted = strtoull(text, &end, 0);
    return suite_check(ctx, field, end != text && *end == 0, "the index has a number") &&
           suite_equal(ctx, field, wanted, value, "as the index says");
}

static bool text_is(struct suite_ctx *ctx, const char *field, const char *wanted, const char *got) {
    return suite_check(ctx, field, strcmp(wanted, got) == 0, "as the index says");
}

/* The index leaves out what its makers did not look at. */
static bool prefix_is(struct suite_ctx *ctx, const char *field, const json_t *entry,
                      const uint8_t *bytes) {
    const char *wanted = real_text(entry, field);
    char hex[17];
    if (wanted[0] == 0) return true;
    for (size_t i = 0; i < 8; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return text_is(ctx, field, wanted, hex);
}

static bool version_is(struct suite_ctx *ctx, const char *field, const char *wanted,
                       struct abi_fw_version v) {
    char text[16];
    snprintf(text, sizeof text, "%u.%u.%u", v.major, v.minor, v.build);
    return text_is(ctx, field, wanted, text);
}

static bool tcb_is(struct suite_ctx *ctx, const json_t *tcbs, const char *name, bool turin,
                   uint64_t raw) {
    struct abi_tcb_parts t;
    char text[80];
    size_t used = 0;
    if (!suite_succeeds(ctx, name,
                        abi_tcb_unpack(turin ? ABI_PRODUCT_TURIN : ABI_PRODUCT_MILAN, raw, &t),
                        "the product's layout"))
        return false;
    if (turin) used = (size_t)snprintf(text, sizeof text, "fmc=%u ", t.fmc);
    snprintf(text + used, sizeof text - used, "bl=%u tee=%u snp=%u ucode=%u", t.boot_loader, t.tee,
             t.snp, t.microcode);
    return text_is(ctx, name, real_text(tcbs, name), text);
}

static bool numbers_of(struct suite_ctx *ctx, const json_t *entry, const struct abi_report *r) {
    const json_t *mit = json_object_get(entry, "mit_vectors");
    const char *launch = json_string_value(json_array_get(mit, 0));
    const char *current = json_string_value(json_array_get(mit, 1));
    const json_int_t version = json_integer_value(json_object_get(entry, "version"));
    const json_int_t vmpl = json_integer_value(json_object_get(entry, "vmpl"));
    return suite_equal(ctx, "version", (uint64_t)version, r->version, "as the index says") &&
           suite_equal(ctx, "vmpl", (uint64_t)vmpl, r->vmpl, "as the index says") &&
           number_is(ctx, "policy", real_text(entry, "policy"), r->policy) &&
           number_is(ctx, "platform_info", real_text(entry, "platform_info"), r->platform_info) &&
           number_is(ctx, "launch_mit_vector", launch != NULL ? launch : "",
                     r->launch_mit_vector) &&
           number_is(ctx, "current_mit_vector", current != NULL ? current : "",
                     r->current_mit_vector);
}

static void fields_of(struct suite_ctx *ctx, const json_t *entry, void *data) {
    struct verifier_world world;
    struct abi_report r;
    (void)data;
    SUITE_STEP(real_world(ctx, entry, &world));
    SUITE_SUCCEEDS(ctx, "report", abi_report_decode(world.report, world.report_size, &r),
                   "a genuine report");
    const json_t *tcbs = json_object_get(entry, "tcbs");
    const bool turin = strncmp(real_text(entry, "product"), "Turin", 5) == 0;
    SUITE_STEP(numbers_of(ctx, entry, &r));
    SUITE_STEP(text_is(ctx, "signer", real_text(entry, "signer"),
                       abi_signing_key_name(abi_report_signing_key(&r))));
    SUITE_STEP(version_is(ctx, "current_version", real_text(entry, "current_version"), r.current));
    SUITE_STEP(
        version_is(ctx, "committed_version", real_text(entry, "committed_version"), r.committed));
    SUITE_STEP(tcb_is(ctx, tcbs, "current", turin, r.current_tcb));
    SUITE_STEP(tcb_is(ctx, tcbs, "reported", turin, r.reported_tcb));
    SUITE_STEP(tcb_is(ctx, tcbs, "committed", turin, r.committed_tcb));
    SUITE_STEP(tcb_is(ctx, tcbs, "launch", turin, r.launch_tcb));
    SUITE_STEP(prefix_is(ctx, "chip_id_prefix", entry, r.chip_id));
    SUITE_STEP(prefix_is(ctx, "measurement_prefix", entry, r.measurement));
}

static void fields(struct suite_ctx *ctx) {
    real_each(ctx, fields_of, NULL);
}

static const struct suite_test tests[] = {
    {.id = "verifier.real.accepted",
     .title = "every verified genuine report is accepted, anchored in AMD's ARK",
     .requirements =
         SUITE_REQ("VRF-014", "VRF-023", "VRF-031", "VRF-039", "VRF-062", "VRF-065", "VRF-102"),
     .kind = SUITE_POSITIVE,
     .run = accepted},
    {.id = "verifier.real.validity",
     .title = "one second outside the validity of a genuine leaf",
     .requirements = SUITE_REQ("VRF-033"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.real.accepted",
     .run = validity},
    {.id = "verifier.real.fields",
     .title = "the fields of every genuine report are those of the index",
     .requirements = SUITE_REQ("SNP-RPT-001", "SNP-RPT-003", "SNP-RPT-006", "SNP-RPT-008",
                               "SNP-RPT-009", "SNP-RPT-017", "SNP-RPT-023", "SNP-RPT-026",
                               "SNP-RPT-027", "SNP-RPT-028", "SNP-RPT-030", "SNP-RPT-032"),
     .kind = SUITE_POSITIVE,
     .run = fields},
};

const struct suite_area verifier_real = VERIFIER_PART(tests);
