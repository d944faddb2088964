/* What the launch gives a report: policy, ID block, REPORT_ID, migration agent. Report notes, sections 1, 3
 * and 5. */
#include <string.h>

#include "report/report.h"

/* The fields that an ID block fills. */
static bool no_id_block(struct suite_ctx *ctx, const uint8_t *report) {
    return suite_zero(ctx, "GUEST_SVN", report + 0x004, 4, "zero without an ID block") &&
           suite_zero(ctx, "FAMILY_ID", report + 0x010, 16, "zero without an ID block") &&
           suite_zero(ctx, "IMAGE_ID", report + 0x020, 16, "zero without an ID block") &&
           suite_zero(ctx, "ID_KEY_DIGEST", report + 0x0E0, 48, "zero without an ID block") &&
           suite_zero(ctx, "AUTHOR_KEY_DIGEST", report + 0x110, 48, "zero without an ID block") &&
           suite_equal(ctx, "AUTHOR_KEY_EN", 0, report[0x048] & 1u, "0 without an author key");
}

static void without_id_block(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    uint8_t report[REPORT_SIZE];
    report_distinct(ctx, &profile);
    profile.id_block.author_key_en = false;
    profile.id_block.present = false;
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_STEP(no_id_block(ctx, report));
}

static void without_author_key(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    uint8_t report[REPORT_SIZE];
    report_distinct(ctx, &profile);
    profile.id_block.author_key_en = false;
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_EQUAL(ctx, "AUTHOR_KEY_EN", 0, report[0x048] & 1u, "0 without an author key");
    SUITE_ZERO(ctx, "AUTHOR_KEY_DIGEST", report + 0x110, 48, "zero when AUTHOR_KEY_EN is 0");
    SUITE_BYTES(ctx, "ID_KEY_DIGEST", profile.id_block.id_key_digest, report + 0x0E0, 48,
                "an ID block without an author key has an ID key");
}

static void with_author_key(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    uint8_t report[REPORT_SIZE];
    report_distinct(ctx, &profile);
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_EQUAL(ctx, "AUTHOR_KEY_EN", 1, report[0x048] & 1u, "1 with an author key");
    SUITE_BYTES(ctx, "AUTHOR_KEY_DIGEST", profile.id_block.author_key_digest, report + 0x110, 48,
                "the author key's digest");
    SUITE_BYTES(ctx, "ID_KEY_DIGEST", profile.id_block.id_key_digest, report + 0x0E0, 48,
                "the ID key's digest");
}

/* By relaunch: what the guest before had is not left in the context. */
static void id_block_gone(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    uint8_t report[REPORT_SIZE];
    report_distinct(ctx, &profile);
    SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
    memset(&profile.id_block, 0, sizeof profile.id_block);
    SUITE_STEP(suite_relaunch(ctx, &profile, PSP_GUEST_RUNNING));
    SUITE_STEP(report_plain(ctx, report));
    SUITE_STEP(no_id_block(ctx, report));
}

static void policy_bits(struct suite_ctx *ctx) {
    static const struct {
        const char *name;
        unsigned first, last;
    } names[] = {
        {"ABI_MINOR", 0, 7},
        {"ABI_MAJOR", 8, 15},
        {"SMT", 16, 16},
        {"MIGRATE_MA", 18, 18},
        {"DEBUG", 19, 19},
        {"SINGLE_SOCKET", 20, 20},
        {"CXL_ALLOW", 21, 21},
        {"MEM_AES_256_XTS", 22, 22},
        {"RAPL_DIS", 23, 23},
        {"CIPHERTEXT_HIDING_DRAM", 24, 24},
        {"PAGE_SWAP_DISABLE", 25, 25},
    };
    struct sevkit_profile profile = *suite_run_profile(ctx);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (unsigned bit = names[i].first; bit <= names[i].last; bit++) {
            uint8_t report[REPORT_SIZE];
            suite_instance(ctx, "%s, bit %u", names[i].name, bit);
            profile.policy = UINT64_C(1) << 17 | UINT64_C(1) << bit;
            SUITE_STEP(report_of(ctx, &profile, report));
            SUITE_EQUAL(ctx, "POLICY byte of the bit", 1u << bit % 8,
                        report[0x008 + bit / 8] & ~(bit / 8 == 2 ? 2u : 0u),
                        "the bit of the launch");
            SUITE_EQUAL(ctx, "POLICY", profile.policy, abi_get_le64(report + 0x008),
                        "this bit and the reserved one, bit 17");
        }
    }
}

/* LAUNCH_TCB is whichever of the two that the profile records: committed or current. */
static void launch_tcb(struct suite_ctx *ctx) {
    const bool *current = suite_row(ctx);
    struct sevkit_profile profile = *suite_run_profile(ctx);
    uint8_t report[REPORT_SIZE];
    report_distinct(ctx, &profile);
    profile.launch_tcb = *current ? profile.current_tcb : profile.committed_tcb;
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_EQUAL(ctx, "LAUNCH_TCB", profile.launch_tcb, abi_get_le64(report + 0x1F0),
                "the TCB that the profile says a launch records");
    SUITE_EQUAL(ctx, "CURRENT_TCB", profile.current_tcb, abi_get_le64(report + 0x038),
                "is not moved by it");
    SUITE_EQUAL(ctx, "COMMITTED_TCB", profile.committed_tcb, abi_get_le64(report + 0x1E0),
                "is not moved by it");
}

static void version_hides_vectors(struct suite_ctx *ctx) {
    static const uint32_t versions[] = {2, 3};
    struct sevkit_profile profile = *suite_run_profile(ctx);
    report_distinct(ctx, &profile);
    for (size_t i = 0; i < 2; i++) {
        uint8_t report[REPORT_SIZE];
        suite_instance(ctx, "version %u", (unsigned)versions[i]);
        profile.report_version = versions[i];
        SUITE_STEP(report_of(ctx, &profile, report));
        SUITE_ZERO(ctx, "bytes 0x1F8 to 0x207", report + 0x1F8, 16,
                   "reserved before version 5, whatever mitigations are verified");
    }
}

/* A second launch on the same machine, of another profile: its report has that launch's values, and the
 * machine's platform. The machine's own guest would have shown other ones in each of these fields. */
static void of_this_launch(struct suite_ctx *ctx) {
    struct sevkit_profile machine = *suite_run_profile(ctx), guest;
    uint8_t first[REPORT_SIZE], report[REPORT_SIZE];
    machine.report_version = 5;
    report_distinct(ctx, &machine);
    SUITE_STEP(report_of(ctx, &machine, first));
    guest = machine;
    report_distinct(ctx, &guest); /* takes the policy's bit back */
    guest.launch_tcb = report_tcb_of(guest.product, 0x21);
    guest.launch_mit_vector = UINT64_C(0xA1A2A3A4A5A6A7A8);
    guest.id_block.guest_svn = 0x61626364;
    guest.current_tcb = guest.committed_tcb = guest.reported_tcb = guest.launch_tcb;
    guest.current_mit_vector = UINT64_MAX;
    guest.current_version = guest.committed_version = (struct abi_fw_version){1, 2, 3};
    guest.fms.stepping = 1;
    guest.report_version = 2;
    SUITE_STEP(suite_relaunch(ctx, &guest, PSP_GUEST_RUNNING));
    SUITE_STEP(report_plain(ctx, report));

    const struct sevkit_id_block *block = &guest.id_block;
    SUITE_EQUAL(ctx, "POLICY", guest.policy, abi_get_le64(report + 0x008), "of this launch");
    SUITE_EQUAL(ctx, "GUEST_SVN", block->guest_svn, abi_get_le32(report + 0x004), "of this launch");
    SUITE_BYTES(ctx, "FAMILY_ID", block->family_id, report + 0x010, 16, "of this launch");
    SUITE_BYTES(ctx, "IMAGE_ID", block->image_id, report + 0x020, 16, "of this launch");
    SUITE_BYTES(ctx, "MEASUREMENT", guest.measurement, report + 0x090, 48, "of this launch");
    SUITE_BYTES(ctx, "HOST_DATA", guest.host_data, report + 0x0C0, 32, "of this launch");
    SUITE_BYTES(ctx, "ID_KEY_DIGEST", block->id_key_digest, report + 0x0E0, 48, "of this launch");
    SUITE_BYTES(ctx, "AUTHOR_KEY_DIGEST", block->author_key_digest, report + 0x110, 48,
                "of this launch");
    SUITE_BYTES(ctx, "REPORT_ID_MA", guest.report_id_ma, report + 0x160, 32, "of this launch");
    SUITE_EQUAL(ctx, "LAUNCH_TCB", guest.launch_tcb, abi_get_le64(report + 0x1F0),
                "of this launch, not the platform's");
    SUITE_EQUAL(ctx, "LAUNCH_MIT_VECTOR", guest.launch_mit_vector, abi_get_le64(report + 0x1F8),
                "verified when this guest was launched");
    /* VERSION; CURRENT_TCB, PLATFORM_INFO, KEY_INFO; REPORTED_TCB and CPUID; CHIP_ID to both versions;
     * CURRENT_MIT_VECTOR. */
    static const struct {
        size_t at, size;
    } platform[] = {{0x000, 4}, {0x038, 20}, {0x180, 11}, {0x1A0, 80}, {0x200, 8}};
    for (size_t i = 0; i < sizeof platform / sizeof platform[0]; i++) {
        suite_instance(ctx, "bytes from 0x%zx", platform[i].at);
        SUITE_BYTES(ctx, "platform", first + platform[i].at, report + platform[i].at,
                    platform[i].size, "the machine's, whatever is launched");
    }
}

#define LAUNCH_TEST(ID, TITLE, RUN, ...)                                                           \
    {                                                                                              \
        .id = "report.guest." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),          \
        .kind = SUITE_POSITIVE, .needs = REPORT_NEEDS, .run = RUN                                  \
    }

static const struct suite_test tests[] = {
    LAUNCH_TEST("no-id-block", "without an ID block its fields and both digests are zero",
                without_id_block, "SNP-RPT-002", "SNP-RPT-004", "SNP-RPT-005", "SNP-RPT-011",
                "SNP-RPT-019", "SNP-RPT-020"),
    LAUNCH_TEST("no-author-key",
                "without an author key AUTHOR_KEY_EN and its digest are zero, the ID key's is not",
                without_author_key, "SNP-RPT-011", "SNP-RPT-019", "SNP-RPT-020"),
    LAUNCH_TEST("author-key", "with an author key AUTHOR_KEY_EN is 1 and both digests are there",
                with_author_key, "SNP-RPT-011", "SNP-RPT-019", "SNP-RPT-020"),
    LAUNCH_TEST("id-block-gone", "the next guest has nothing of an earlier guest's ID block",
                id_block_gone, "SNP-RPT-002", "SNP-RPT-004", "SNP-RPT-005", "SNP-RPT-019",
                "SNP-RPT-020"),
    LAUNCH_TEST("policy-bits", "each named bit of the guest policy is reported at its place",
                policy_bits, "SNP-RPT-053", "SNP-RPT-003"),
    LAUNCH_TEST("old-version-no-vectors",
                "versions 2 and 3 have no mitigation vectors, also where some are verified",
                version_hides_vectors, "SNP-RPT-034", "SNP-RPT-035"),
    LAUNCH_TEST("of-this-launch",
                "a guest launched from another profile shows its launch's values on the machine's "
                "platform",
                of_this_launch, "SNP-RPT-002", "SNP-RPT-003", "SNP-RPT-004", "SNP-RPT-005",
                "SNP-RPT-017", "SNP-RPT-018", "SNP-RPT-019", "SNP-RPT-020", "SNP-RPT-022",
                "SNP-RPT-032", "SNP-RPT-034", "SNP-RPT-008", "SNP-RPT-035"),
    {.id = "report.guest.launch-tcb-committed",
     .title = "LAUNCH_TCB is the committed TCB where the profile says so",
     .requirements = SUITE_REQ("SNP-RPT-033", "SNP-RPT-032"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = launch_tcb,
     .row = &(const bool){false}},
    {.id = "report.guest.launch-tcb-current",
     .title = "LAUNCH_TCB is not the committed TCB where the profile says current",
     .requirements = SUITE_REQ("SNP-RPT-033"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.guest.launch-tcb-committed",
     .needs = REPORT_NEEDS,
     .run = launch_tcb,
     .row = &(const bool){true}},
};

const struct suite_area report_guest = REPORT_PART(tests);
