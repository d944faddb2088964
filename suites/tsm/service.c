/* The attributes of a kernel under an SVSM. Linux notes, section 5, attributes and errno table; section 8. The SVSM
 * here does not know the attestation call: docs/limits.md. */
#include "tsm/tsm.h"

static void on_svsm(struct suite_ctx *ctx, void (*body)(struct suite_ctx *ctx, const void *row)) {
    const struct target_guest guest = {.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT};
    tsm_each(ctx, &guest, body);
}

/* What every report here needs beside the service. */
static bool prepare(struct suite_ctx *ctx, uint8_t seed) {
    return tsm_inblob(ctx, seed) && tsm_level(ctx, "1");
}

static void provider_taken(struct suite_ctx *ctx, const void *row) {
    static const char *const names[] = {"svsm", "svsm\n"};
    (void)row;
    SUITE_STEP(prepare(ctx, 60));
    SUITE_STEP(tsm_report(ctx, 60));
    for (size_t i = 0; i < 2; i++) {
        SUITE_RESULT(ctx, names[i], 0, tsm_put(ctx, "service_provider", names[i]), "it is taken");
        SUITE_STEP(tsm_generation_is(ctx, 3 + i, "each write counts"));
    }
}

static void run_provider_taken(struct suite_ctx *ctx) {
    on_svsm(ctx, provider_taken);
}

static void provider_svsm(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(prepare(ctx, 64));
    SUITE_RESULT(ctx, "svsm", 0, tsm_put(ctx, "service_provider", "svsm"), "it is taken");
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "no SVSM answers the attestation call"));
}

static void run_provider_svsm(struct suite_ctx *ctx) {
    on_svsm(ctx, provider_svsm);
}

/* ROW: names, ends with NULL. The write is taken; the report is not made. */
static void provider_other(struct suite_ctx *ctx, const void *row) {
    unsigned long wanted = 2;
    SUITE_STEP(prepare(ctx, 61));
    SUITE_STEP(tsm_report(ctx, 61));
    for (const char *const *name = row; *name != NULL; name++) {
        SUITE_RESULT(ctx, *name, 0, tsm_put(ctx, "service_provider", *name), "it is taken");
        SUITE_STEP(tsm_generation_is(ctx, ++wanted, "it counts"));
        SUITE_STEP(tsm_no_report(ctx, -EINVAL, "\"svsm\" or unset"));
    }
}

static void run_provider_other(struct suite_ctx *ctx) {
    on_svsm(ctx, provider_other);
}

static const char *const other_names[] = {"svs",      "svsmx",  "SVSM",     "svsm ", " svsm",
                                          "svsm\n\n", "\nsvsm", "tdx_vtpm", "\n",    NULL};

#define GUID "c476f1eb-0123-45a5-9641-b4e7dde5bfe3"

static void guid_taken(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "service_guid", 0, tsm_put(ctx, "service_guid", GUID), "a GUID");
    SUITE_RESULT(ctx, "service_guid", 0,
                 tsm_put(ctx, "service_guid", "C476F1EB-0123-45A5-9641-B4E7DDE5BFE3\n"),
                 "in capitals, with a newline");
    SUITE_STEP(tsm_generation_is(ctx, 2, "each write counts"));
}

static void run_guid_taken(struct suite_ctx *ctx) {
    on_svsm(ctx, guid_taken);
}

static void guid_malformed(struct suite_ctx *ctx, const void *row) {
    static const char *const texts[] = {"c476f1eb-0123-45a5-9641-b4e7dde5bfe",
                                        "c476f1eb0123-45a5-9641-b4e7dde5bfe3x",
                                        "g476f1eb-0123-45a5-9641-b4e7dde5bfe3",
                                        "{c476f1eb-0123-45a5-9641-b4e7dde5bf}",
                                        "c476f1eb-0123-45a5_9641-b4e7dde5bfe3",
                                        "c476f1eb-0123-45a5-9641-b4e7dde5bfeg",
                                        " c476f1eb-0123-45a5-9641-b4e7dde5bfe",
                                        "svsm",
                                        "\n"};
    unsigned long wanted = 2;
    (void)row;
    SUITE_STEP(prepare(ctx, 62));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        SUITE_RESULT(ctx, texts[i], -EINVAL, tsm_put(ctx, "service_guid", texts[i]), "no GUID");
        SUITE_STEP(tsm_generation_is(ctx, ++wanted, "it has counted all the same"));
    }
    SUITE_STEP(tsm_report(ctx, 62));
    SUITE_RESULT(ctx, GUID, 0, tsm_put(ctx, "service_guid", GUID), "a GUID");
    SUITE_STEP(tsm_generation_is(ctx, ++wanted, "it counts"));
}

static void run_guid_malformed(struct suite_ctx *ctx) {
    on_svsm(ctx, guid_malformed);
}

static void version_taken(struct suite_ctx *ctx, const void *row) {
    static const char *const texts[] = {"0", "1\n", "0x10", "4294967295"};
    (void)row;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        SUITE_RESULT(ctx, texts[i], 0, tsm_put(ctx, "service_manifest_version", texts[i]),
                     "a number of 32 bits");
        SUITE_STEP(tsm_generation_is(ctx, 1 + i, "each write counts"));
    }
}

static void run_version_taken(struct suite_ctx *ctx) {
    on_svsm(ctx, version_taken);
}

/* Nothing changes: the report of before is still served. */
static void version_refused(struct suite_ctx *ctx, const void *row) {
    static const struct {
        const char *text;
        long wanted;
    } texts[] = {{"one", -EINVAL},         {"-1", -EINVAL},
                 {"1 ", -EINVAL},          {"\n", -EINVAL},
                 {"4294967296", -ERANGE},  {"0x100000000\n", -ERANGE},
                 {"4294967296x", -EINVAL}, {"18446744073709551616x", -ERANGE}};
    (void)row;
    SUITE_STEP(prepare(ctx, 63));
    SUITE_STEP(tsm_report(ctx, 63));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        SUITE_RESULT(ctx, texts[i].text, texts[i].wanted,
                     tsm_put(ctx, "service_manifest_version", texts[i].text), "kstrtouint, base 0");
    SUITE_STEP(tsm_untouched(ctx, 2, 63));
}

static void run_version_refused(struct suite_ctx *ctx) {
    on_svsm(ctx, version_refused);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.service.provider", "service_provider \"svsm\", with a newline and without",
                 TARGET_MODULE, run_provider_taken, NULL, "LNX-TSM-026", "LNX-TSM-051",
                 "LNX-TSM-058"),
    TSM_NEGATIVE("tsm.service.no-attestation", "a report of an SVSM that does not attest",
                 "tsm.service.provider", TARGET_MODULE, run_provider_svsm, NULL, "LNX-TSM-058"),
    TSM_NEGATIVE("tsm.service.other-provider", "any other service_provider", "tsm.service.provider",
                 TARGET_MODULE, run_provider_other, other_names, "LNX-TSM-026", "LNX-TSM-051"),
    TSM_POSITIVE("tsm.service.guid", "GUIDs", TARGET_MODULE, run_guid_taken, NULL, "LNX-TSM-027"),
    TSM_NEGATIVE("tsm.service.no-guid", "what is no GUID", "tsm.service.guid", TARGET_MODULE,
                 run_guid_malformed, NULL, "LNX-TSM-027"),
    TSM_POSITIVE("tsm.service.version", "manifest versions", TARGET_MODULE, run_version_taken, NULL,
                 "LNX-TSM-021", "LNX-TSM-022", "LNX-TSM-028"),
    TSM_NEGATIVE("tsm.service.no-version", "what is no manifest version", "tsm.service.version",
                 TARGET_MODULE, run_version_refused, NULL, "LNX-TSM-021", "LNX-TSM-022"),
};

const struct suite_area tsm_service_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
