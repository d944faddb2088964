/* Every field of the report that the profile determines, for every profile: as the profile has it, and again
 * with a value of its own for each field. Report notes, section 1. */
#include <string.h>

#include "report/report.h"

enum form { BYTES, U8, U32, U64 };

struct field {
    const char *name;
    size_t at;
    size_t size;
    enum form form;
    size_t source;                                      /* offset in struct sevkit_profile */
    uint32_t since;                                     /* zero in reports of an older version */
    bool (*when)(const struct sevkit_profile *profile); /* zero unless; NULL: always */
};

static bool with_id_block(const struct sevkit_profile *profile) {
    return profile->id_block.present;
}

static bool with_author_key(const struct sevkit_profile *profile) {
    return profile->id_block.present && profile->id_block.author_key_en;
}

static bool with_chip_id(const struct sevkit_profile *profile) {
    return !profile->mask_chip_id;
}

static void number(uint64_t value, uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(value >> 8 * i);
}

/* The field's bytes as PROFILE makes them. */
static void expect(const struct field *field, const struct sevkit_profile *profile, uint8_t *out) {
    const uint8_t *source = (const uint8_t *)profile + field->source;
    uint32_t u32;
    uint64_t u64;
    memset(out, 0, field->size);
    if (profile->report_version < field->since) return;
    if (field->when != NULL && !field->when(profile)) return;
    switch (field->form) {
    case BYTES:
    case U8: memcpy(out, source, field->size); break;
    case U32:
        memcpy(&u32, source, sizeof u32);
        number(u32, out, field->size);
        break;
    case U64:
        memcpy(&u64, source, sizeof u64);
        number(u64, out, field->size);
        break;
    }
}

static void matches(struct suite_ctx *ctx, const struct field *field,
                    const struct sevkit_profile *profile) {
    uint8_t report[REPORT_SIZE], wanted[64];
    SUITE_STEP(report_plain(ctx, report));
    expect(field, profile, wanted);
    SUITE_BYTES(ctx, field->name, wanted, report + field->at, field->size,
                "the bytes of its source, zero where the version or the launch has none");
}

static void field_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    const struct field *field = data;
    matches(ctx, field, profile);
    if (suite_stopped(ctx)) return;
    if ((target_capabilities(suite_target(ctx)) & TARGET_PROFILE) == 0) return;
    struct sevkit_profile distinct = *profile;
    report_distinct(ctx, &distinct);
    suite_instance(ctx, "%s, every field distinct", profile->name);
    SUITE_STEP(suite_reset_as(ctx, &distinct, PSP_GUEST_RUNNING));
    matches(ctx, field, &distinct);
}

static void field_test(struct suite_ctx *ctx) {
    struct field field = *(const struct field *)suite_row(ctx);
    suite_each_profile(ctx, field_of, &field);
}

#define FIELD(ID, REQUIREMENT, AT, SIZE, FORM, MEMBER, SINCE, WHEN)                                \
    {                                                                                              \
        .id = "report.field." ID, .title = ID " at " #AT " is its source's, in every profile",     \
        .requirements = SUITE_REQ(REQUIREMENT), .kind = SUITE_POSITIVE,                            \
        .needs = SUITE_NEEDS_GUEST, .run = field_test, .row = &(const struct field) {              \
            ID, AT, SIZE, FORM, offsetof(struct sevkit_profile, MEMBER), SINCE, WHEN               \
        }                                                                                          \
    }

static const struct suite_test tests[] = {
    FIELD("version", "SNP-RPT-001", 0x000, 4, U32, report_version, 0, NULL),
    FIELD("guest-svn", "SNP-RPT-002", 0x004, 4, U32, id_block.guest_svn, 0, with_id_block),
    FIELD("policy", "SNP-RPT-003", 0x008, 8, U64, policy, 0, NULL),
    FIELD("family-id", "SNP-RPT-004", 0x010, 16, BYTES, id_block.family_id, 0, with_id_block),
    FIELD("image-id", "SNP-RPT-005", 0x020, 16, BYTES, id_block.image_id, 0, with_id_block),
    FIELD("current-tcb", "SNP-RPT-008", 0x038, 8, U64, current_tcb, 0, NULL),
    FIELD("platform-info", "SNP-RPT-009", 0x040, 8, U64, platform_info, 0, NULL),
    FIELD("measurement", "SNP-RPT-017", 0x090, 48, BYTES, measurement, 0, NULL),
    FIELD("host-data", "SNP-RPT-018", 0x0C0, 32, BYTES, host_data, 0, NULL),
    FIELD("id-key-digest", "SNP-RPT-019", 0x0E0, 48, BYTES, id_block.id_key_digest, 0,
          with_id_block),
    FIELD("author-key-digest", "SNP-RPT-020", 0x110, 48, BYTES, id_block.author_key_digest, 0,
          with_author_key),
    FIELD("reported-tcb", "SNP-RPT-023", 0x180, 8, U64, reported_tcb, 0, NULL),
    FIELD("cpuid-fam-id", "SNP-RPT-024", 0x188, 1, U8, fms.family, 3, NULL),
    FIELD("cpuid-mod-id", "SNP-RPT-024", 0x189, 1, U8, fms.model, 3, NULL),
    FIELD("cpuid-step", "SNP-RPT-024", 0x18A, 1, U8, fms.stepping, 3, NULL),
    FIELD("chip-id", "SNP-RPT-026", 0x1A0, 64, BYTES, chip_id, 0, with_chip_id),
    FIELD("committed-tcb", "SNP-RPT-027", 0x1E0, 8, U64, committed_tcb, 0, NULL),
    FIELD("current-build", "SNP-RPT-028", 0x1E8, 1, U8, current_version.build, 0, NULL),
    FIELD("current-minor", "SNP-RPT-028", 0x1E9, 1, U8, current_version.minor, 0, NULL),
    FIELD("current-major", "SNP-RPT-028", 0x1EA, 1, U8, current_version.major, 0, NULL),
    FIELD("committed-build", "SNP-RPT-030", 0x1EC, 1, U8, committed_version.build, 0, NULL),
    FIELD("committed-minor", "SNP-RPT-030", 0x1ED, 1, U8, committed_version.minor, 0, NULL),
    FIELD("committed-major", "SNP-RPT-030", 0x1EE, 1, U8, committed_version.major, 0, NULL),
    FIELD("launch-tcb", "SNP-RPT-032", 0x1F0, 8, U64, launch_tcb, 0, NULL),
    FIELD("launch-mit-vector", "SNP-RPT-034", 0x1F8, 8, U64, launch_mit_vector, 5, NULL),
    FIELD("current-mit-vector", "SNP-RPT-035", 0x200, 8, U64, current_mit_vector, 5, NULL),
};

const struct suite_area report_field = REPORT_PART(tests);
