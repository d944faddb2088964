/* RMPQUERY. RMP notes, section 3.5. */
#include "rmp/rmp.h"

/* VMPL 0 asks about VMPL 2 on a Guest-Valid page whose masks all differ. */
static struct rmp_shot small_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_guest(RMP_CALL_QUERY, pages);
    shot.entry.perms[0] = 0x1F;
    shot.entry.perms[1] = 0x0F;
    shot.entry.perms[2] = 0x05;
    shot.entry.perms[3] = 0x12;
    shot.adjustment.vmpl = 2;
    return shot;
}

static struct rmp_shot large_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    rmp_shot_large(&shot);
    return shot;
}

/* ---- what it tells ---- */

static void about_1(struct rmp_shot *shot) {
    shot->adjustment.vmpl = 1;
    shot->entry.vmsa = true;
}

static void about_3(struct rmp_shot *shot) {
    shot->adjustment.vmpl = 3;
    shot->cpu.vmpl = 2;
}

struct told {
    struct rmp_shot (*base)(unsigned pages);
    void (*vary)(struct rmp_shot *shot);
    struct rmp_permissions found;
};

static void told_case(struct suite_ctx *ctx, unsigned pages) {
    const struct told *row = suite_row(ctx);
    struct rmp_shot shot = row->base(pages);
    if (row->vary != NULL) row->vary(&shot);
    SUITE_STEP(rmp_shot_granted(ctx, &shot));
    SUITE_EQUAL(ctx, "mask", row->found.mask, shot.found.mask, "of the VMPL asked about");
    SUITE_EQUAL(ctx, "VMSA", row->found.vmsa, shot.found.vmsa, "of the entry");
    SUITE_EQUAL(ctx, "page size", row->found.size, shot.found.size, "of the entry");
}

static void told(struct suite_ctx *ctx) {
    rmp_each_size(ctx, told_case);
}

/* ---- defects ---- */

static void lacking(struct rmp_shot *shot) {
    shot->config.has_rmpquery = false;
}

static void target_4(struct rmp_shot *shot) {
    shot->adjustment.vmpl = 4;
}

static void target_255(struct rmp_shot *shot) {
    shot->adjustment.vmpl = 255;
}

static void target_0(struct rmp_shot *shot) {
    shot->adjustment.vmpl = 0;
}

static void target_own(struct rmp_shot *shot) {
    shot->cpu.vmpl = 2;
}

static void target_below(struct rmp_shot *shot) {
    shot->cpu.vmpl = 3;
}

enum {
    NOT_LONG_MODE,
    NOT_SNP,
    LACKING,
    CPL_1,
    CPL_3,
    TARGET_4,
    TARGET_255,
    TARGET_0,
    TARGET_OWN,
    TARGET_BELOW,
    RMP_TRANSLATION_NAMES,
    DEFECTS,
};

#define LEVELS (RMP_CLAIM_TARGET | RMP_CLAIM_VMPL)

static const struct rmp_defect defects[DEFECTS] = {
    [NOT_LONG_MODE] = {"32-bit mode", rmp_not_long_mode, RMP_CLAIM_MODE, RMP_ANSWER_UD(81)},
    [NOT_SNP] = {"not SNP-active", rmp_not_snp, RMP_CLAIM_MODE, RMP_ANSWER_UD(81)},
    [LACKING] = {"no RMPQUERY", lacking, RMP_CLAIM_EXTRA, RMP_ANSWER_UD(81)},
    [CPL_1] = {"CPL 1", rmp_cpl_1, RMP_CLAIM_CPL, RMP_ANSWER_GP(82)},
    [CPL_3] = {"CPL 3", rmp_cpl_3, RMP_CLAIM_CPL, RMP_ANSWER_GP(82)},
    [TARGET_4] = {"VMPL 4", target_4, RMP_CLAIM_TARGET, RMP_ANSWER_CODE(1, 83)},
    [TARGET_255] = {"VMPL 255", target_255, RMP_CLAIM_TARGET, RMP_ANSWER_CODE(1, 83)},
    [TARGET_0] = {"VMPL 0 about VMPL 0", target_0, LEVELS, RMP_ANSWER_CODE(2, 84)},
    [TARGET_OWN] = {"VMPL 2 about VMPL 2", target_own, LEVELS, RMP_ANSWER_CODE(2, 84)},
    [TARGET_BELOW] = {"VMPL 3 about VMPL 2", target_below, LEVELS, RMP_ANSWER_CODE(2, 84)},
    RMP_TRANSLATION_DEFECTS,
};

#define TOLD(ID, TITLE, ...)                                                                       \
    RMP_TEST("query." ID, TITLE, ("SNP-RMP-085"), told, (&(const struct told){__VA_ARGS__}))
#define REFUSED(ID, TITLE, REQ, DEFECT)                                                            \
    RMP_REFUSED("query." ID, TITLE, "query.small", (REQ), small_page, &defects[DEFECT])

static const struct suite_test tests[] = {
    RMP_TEST("query.small", "the mask of VMPL 2, VMSA and 4 KiB",
             ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
              "SNP-RMP-050", "SNP-RMP-081", "SNP-RMP-082", "SNP-RMP-083", "SNP-RMP-084",
              "SNP-RMP-085"),
             told, (&(const struct told){small_page, NULL, {.mask = 0x05}})),
    TOLD("large", "of a 2 MiB page", large_page, NULL, {.mask = 0x05, .size = RMP_2M}),
    TOLD("vmsa", "the mask of VMPL 1 on a VMSA page", small_page, about_1,
         {.mask = 0x0F, .vmsa = true}),
    TOLD("level-3", "VMPL 2 asks about VMPL 3", small_page, about_3, {.mask = 0x12}),

    REFUSED("mode-32", "outside 64-bit mode: #UD", "SNP-RMP-081", NOT_LONG_MODE),
    REFUSED("not-snp", "in a guest that is not SNP-active: #UD", "SNP-RMP-081", NOT_SNP),
    REFUSED("lacking", "on a processor without it: #UD", "SNP-RMP-081", LACKING),
    REFUSED("cpl-1", "at CPL 1: #GP(0)", "SNP-RMP-082", CPL_1),
    REFUSED("cpl-3", "at CPL 3: #GP(0)", "SNP-RMP-082", CPL_3),
    REFUSED("target-4", "about VMPL 4: FAIL_INPUT", "SNP-RMP-083", TARGET_4),
    REFUSED("target-255", "about VMPL 255: FAIL_INPUT", "SNP-RMP-083", TARGET_255),
    REFUSED("target-0", "about VMPL 0: FAIL_PERMISSION", "SNP-RMP-084", TARGET_0),
    REFUSED("target-own", "about the own VMPL: FAIL_PERMISSION", "SNP-RMP-084", TARGET_OWN),
    REFUSED("target-below", "about a lower VMPL: FAIL_PERMISSION", "SNP-RMP-084", TARGET_BELOW),
    REFUSED("not-present", "without a nested mapping: the ordinary NPF", "SNP-RMP-045",
            NOT_PRESENT),
    REFUSED("not-covered", "without an RMP entry: NPF with RMP and ENC", "SNP-RMP-046",
            NOT_COVERED),
    REFUSED("not-covered-shared", "... with C=0: NPF with RMP, without ENC", "SNP-RMP-046",
            NOT_COVERED_SHARED),
    REFUSED("shared", "with C=0: NPF with RMP, without ENC", "SNP-RMP-050", SHARED),
    REFUSED("other-asid", "of another guest's page: NPF", "SNP-RMP-047", OTHER_OWNER),
    REFUSED("asid-0", "of a page without ASID: NPF", "SNP-RMP-047", NO_OWNER),
    REFUSED("other-gpa", "of a page with another GPA: NPF", "SNP-RMP-048", OTHER_GPA),
    REFUSED("immutable", "of an Immutable page: NPF", "SNP-RMP-049", IMMUTABLE),
    RMP_ORDER("query", "RMPQUERY: of two faults the earlier check answers", "query.small",
              ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
               "SNP-RMP-050", "SNP-RMP-081", "SNP-RMP-082", "SNP-RMP-083", "SNP-RMP-084"),
              small_page, defects),
};

const struct suite_area rmp_part_query = RMP_PART(tests);
