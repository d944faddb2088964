/* RMPADJUST: its checks and their order. RMP notes, section 3.4. */
#include "rmp/rmp.h"

/* VMPL 0 gives VMPL 2 read and write on a Guest-Valid page of 4 KiB. */
static struct rmp_shot small_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_guest(RMP_CALL_ADJUST, pages);
    shot.entry.perms[0] = shot.entry.perms[1] = 0x0F;
    shot.adjustment = (struct rmp_adjustment){.vmpl = 2, .mask = 0x03};
    return shot;
}

static struct rmp_shot large_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    rmp_shot_large(&shot);
    return shot;
}

/* VMPL 1 gives, where VMSA from it is refused. */
static struct rmp_shot strict_vmpl_1(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    shot.config.rules.adjust_refuses_vmsa = true;
    shot.cpu.vmpl = 1;
    return shot;
}

/* 2 MiB, where VMSA on it is refused. */
static struct rmp_shot strict_large(unsigned pages) {
    struct rmp_shot shot = large_page(pages);
    shot.config.rules.adjust_refuses_vmsa_2m = true;
    return shot;
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
    shot->cpu.vmpl = shot->adjustment.vmpl = 2;
}

/* A processor that answers for a VMPL above the target's. */
static void target_below(struct rmp_shot *shot) {
    shot->cpu.vmpl = 2;
    shot->adjustment.vmpl = 1;
}

static void mask_beyond(struct rmp_shot *shot) {
    shot->adjustment.mask |= 0x10;
}

static void no_permission(struct rmp_shot *shot) {
    shot->entry.perms[0] = shot->entry.perms[1] = 0;
}

static void vmsa_2m(struct rmp_shot *shot) {
    shot->config.rules.adjust_refuses_vmsa_2m = true;
    shot->adjustment.vmsa = true;
    rmp_large_on_small_rmp(shot);
    shot->entry.size = RMP_2M;
}

static void vmsa_vmpl_1(struct rmp_shot *shot) {
    shot->config.rules.adjust_refuses_vmsa = true;
    shot->adjustment.vmsa = true;
    shot->cpu.vmpl = 1;
}

static void inside_large(struct rmp_shot *shot) {
    shot->entry.size = RMP_2M;
    shot->entry.gpa = RMP_GPA;
    shot->entry_at = rmp_shot_page(shot);
}

enum {
    NOT_LONG_MODE,
    NOT_SNP,
    CPL_1,
    CPL_3,
    UNALIGNED,
    UNALIGNED_INSIDE,
    TARGET_4,
    TARGET_255,
    TARGET_0,
    TARGET_OWN,
    TARGET_BELOW,
    RMP_TRANSLATION_NAMES,
    INSIDE_LARGE,
    SMALL_ON_LARGE,
    SMALL_ON_LARGE_MAP,
    SMALL_ON_LARGE_RMP,
    NOT_VALIDATED,
    LARGE_ON_SMALL,
    LARGE_ON_SMALL_MAP,
    LARGE_ON_SMALL_RMP,
    VMSA_2M,
    MASK_BEYOND,
    NO_PERMISSION,
    VMSA_VMPL_1,
    DEFECTS,
};

#define TABLES (RMP_CLAIM_SIZE | RMP_CLAIM_MAP | RMP_CLAIM_PAGE_SIZE)
#define LEVELS (RMP_CLAIM_TARGET | RMP_CLAIM_VMPL)
#define SIZEM RMP_ANSWER_NPF(0xC80000000, 51)

static const struct rmp_defect defects[DEFECTS] = {
    [NOT_LONG_MODE] = {"32-bit mode", rmp_not_long_mode, RMP_CLAIM_MODE, RMP_ANSWER_UD(61)},
    [NOT_SNP] = {"not SNP-active", rmp_not_snp, RMP_CLAIM_MODE, RMP_ANSWER_UD(61)},
    [CPL_1] = {"CPL 1", rmp_cpl_1, RMP_CLAIM_CPL, RMP_ANSWER_GP(62)},
    [CPL_3] = {"CPL 3", rmp_cpl_3, RMP_CLAIM_CPL, RMP_ANSWER_GP(62)},
    [UNALIGNED] = {"unaligned GVA", rmp_gva_unaligned, RMP_CLAIM_ADDRESS, RMP_ANSWER_CODE(1, 63)},
    [UNALIGNED_INSIDE] = {"GVA inside a page", rmp_gva_inside, RMP_CLAIM_ADDRESS,
                          RMP_ANSWER_CODE(1, 63)},
    [TARGET_4] = {"VMPL 4", target_4, RMP_CLAIM_TARGET, RMP_ANSWER_CODE(1, 64)},
    [TARGET_255] = {"VMPL 255", target_255, RMP_CLAIM_TARGET, RMP_ANSWER_CODE(1, 64)},
    [TARGET_0] = {"VMPL 0 for VMPL 0", target_0, LEVELS, RMP_ANSWER_CODE(2, 65)},
    [TARGET_OWN] = {"VMPL 2 for VMPL 2", target_own, LEVELS, RMP_ANSWER_CODE(2, 65)},
    [TARGET_BELOW] = {"VMPL 2 for VMPL 1", target_below, LEVELS, RMP_ANSWER_CODE(2, 65)},
    RMP_TRANSLATION_DEFECTS,
    [INSIDE_LARGE] = {"later page of 2 MiB", inside_large,
                      RMP_CLAIM_ENTRY | RMP_CLAIM_ADDRESS | TABLES,
                      RMP_ANSWER_NPF(0x480000000, 47)},
    [SMALL_ON_LARGE] = {"4 KiB on 2 MiB", rmp_small_on_large, TABLES | RMP_CLAIM_ADDRESS, SIZEM},
    [SMALL_ON_LARGE_MAP] = {"4 KiB on a mapping of 2 MiB", rmp_small_on_large_map,
                            TABLES | RMP_CLAIM_ADDRESS, SIZEM},
    [SMALL_ON_LARGE_RMP] = {"4 KiB on an entry of 2 MiB", rmp_small_on_large_rmp,
                            TABLES | RMP_CLAIM_ADDRESS, SIZEM},
    [NOT_VALIDATED] = {"not Validated", rmp_not_validated, RMP_CLAIM_VALIDATED, RMP_ANSWER_VC(66)},
    [LARGE_ON_SMALL] = {"2 MiB on 4 KiB", rmp_large_on_small, RMP_CLAIM_SIZE | RMP_CLAIM_MAP,
                        RMP_ANSWER_CODE(6, 67)},
    [LARGE_ON_SMALL_MAP] = {"2 MiB on a mapping of 4 KiB", rmp_large_on_small_map, TABLES,
                            RMP_ANSWER_CODE(6, 67)},
    [LARGE_ON_SMALL_RMP] = {"2 MiB on an entry of 4 KiB", rmp_large_on_small_rmp, TABLES,
                            RMP_ANSWER_CODE(6, 67)},
    [VMSA_2M] = {"VMSA on 2 MiB", vmsa_2m, TABLES | RMP_CLAIM_VMSA, RMP_ANSWER_CODE(1, 70)},
    [MASK_BEYOND] = {"mask with a bit that VMPL 0 lacks", mask_beyond, RMP_CLAIM_MASK,
                     RMP_ANSWER_CODE(2, 68)},
    [NO_PERMISSION] = {"no permission of its own", no_permission, RMP_CLAIM_MASK,
                       RMP_ANSWER_CODE(2, 68)},
    [VMSA_VMPL_1] = {"VMSA at VMPL 1", vmsa_vmpl_1, RMP_CLAIM_VMPL | RMP_CLAIM_VMSA,
                     RMP_ANSWER_CODE(2, 69)},
};

#define REFUSED(ID, TITLE, TWIN, REQ, BASE, DEFECT)                                                \
    RMP_REFUSED("adjust." ID, TITLE, "adjust." TWIN, (REQ), BASE, &defects[DEFECT])

#define GIVEN .assigned = true, .validated = true, .asid = 1, .perms = {0x0F, 0x0F, 0x03}

static const struct suite_test tests[] = {
    RMP_GOOD("adjust.small", "VMPL 2's mask is set and nothing else",
             ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
              "SNP-RMP-050", "SNP-RMP-051", "SNP-RMP-061", "SNP-RMP-062", "SNP-RMP-064",
              "SNP-RMP-065", "SNP-RMP-066", "SNP-RMP-068", "SNP-RMP-071"),
             small_page, .after = {GIVEN, .gpa = 0x40001000}),
    RMP_GOOD("adjust.large", "... of a 2 MiB page", ("SNP-RMP-063", "SNP-RMP-067", "SNP-RMP-071"),
             large_page, .after = {GIVEN, .gpa = 0x40000000, .size = RMP_2M}),
    RMP_GOOD("adjust.strict-vmpl-1", "VMPL 1 sets a mask where it may not set VMSA",
             ("SNP-RMP-069"), strict_vmpl_1, .after = {GIVEN, .gpa = 0x40001000}),
    RMP_GOOD("adjust.strict-large", "a 2 MiB page's mask is set where VMSA may not be",
             ("SNP-RMP-070"), strict_large, .after = {GIVEN, .gpa = 0x40000000, .size = RMP_2M}),

    REFUSED("mode-32", "outside 64-bit mode: #UD", "small", "SNP-RMP-061", small_page,
            NOT_LONG_MODE),
    REFUSED("not-snp", "in a guest that is not SNP-active: #UD", "small", "SNP-RMP-061", small_page,
            NOT_SNP),
    REFUSED("cpl-1", "at CPL 1: #GP(0)", "small", "SNP-RMP-062", small_page, CPL_1),
    REFUSED("cpl-3", "at CPL 3: #GP(0)", "small", "SNP-RMP-062", small_page, CPL_3),
    REFUSED("unaligned", "2 MiB at an unaligned GVA: FAIL_INPUT", "large", "SNP-RMP-063",
            large_page, UNALIGNED),
    REFUSED("unaligned-inside", "2 MiB at a GVA inside the first page: FAIL_INPUT", "large",
            "SNP-RMP-063", large_page, UNALIGNED_INSIDE),
    REFUSED("target-4", "for VMPL 4: FAIL_INPUT", "small", "SNP-RMP-064", small_page, TARGET_4),
    REFUSED("target-255", "for VMPL 255: FAIL_INPUT", "small", "SNP-RMP-064", small_page,
            TARGET_255),
    REFUSED("target-0", "for VMPL 0: FAIL_PERMISSION", "small", "SNP-RMP-065", small_page,
            TARGET_0),
    REFUSED("target-own", "for the own VMPL: FAIL_PERMISSION", "small", "SNP-RMP-065", small_page,
            TARGET_OWN),
    REFUSED("target-below", "for a lower VMPL: FAIL_PERMISSION", "small", "SNP-RMP-065", small_page,
            TARGET_BELOW),
    REFUSED("not-present", "without a nested mapping: the ordinary NPF", "small", "SNP-RMP-045",
            small_page, NOT_PRESENT),
    REFUSED("not-covered", "without an RMP entry: NPF with RMP and ENC", "small", "SNP-RMP-046",
            small_page, NOT_COVERED),
    REFUSED("not-covered-shared", "... with C=0: NPF with RMP, without ENC", "small", "SNP-RMP-046",
            small_page, NOT_COVERED_SHARED),
    REFUSED("shared", "with C=0: NPF with RMP, without ENC", "small", "SNP-RMP-050", small_page,
            SHARED),
    REFUSED("other-asid", "of another guest's page: NPF", "small", "SNP-RMP-047", small_page,
            OTHER_OWNER),
    REFUSED("asid-0", "of a page without ASID: NPF", "small", "SNP-RMP-047", small_page, NO_OWNER),
    REFUSED("inside-large", "of a later page of 2 MiB, mapped by 4 KiB: NPF without SIZEM", "small",
            "SNP-RMP-047", small_page, INSIDE_LARGE),
    REFUSED("other-gpa", "of a page with another GPA: NPF", "small", "SNP-RMP-048", small_page,
            OTHER_GPA),
    REFUSED("immutable", "of an Immutable page: NPF", "small", "SNP-RMP-049", small_page,
            IMMUTABLE),
    REFUSED("small-on-large", "4 KiB of a 2 MiB page: NPF with SIZEM", "small", "SNP-RMP-051",
            small_page, SMALL_ON_LARGE),
    REFUSED("small-on-large-map", "4 KiB by a mapping of 2 MiB: NPF with SIZEM", "small",
            "SNP-RMP-051", small_page, SMALL_ON_LARGE_MAP),
    REFUSED("small-on-large-rmp", "4 KiB of an entry of 2 MiB alone: NPF with SIZEM", "small",
            "SNP-RMP-051", small_page, SMALL_ON_LARGE_RMP),
    REFUSED("not-validated", "of a page that is not Validated: #VC", "small", "SNP-RMP-066",
            small_page, NOT_VALIDATED),
    REFUSED("not-validated-large", "of a 2 MiB page that is not Validated: #VC", "large",
            "SNP-RMP-066", large_page, NOT_VALIDATED),
    REFUSED("large-on-small", "2 MiB of 4 KiB pages: FAIL_SIZEMISMATCH", "large", "SNP-RMP-067",
            large_page, LARGE_ON_SMALL),
    REFUSED("large-on-small-map", "2 MiB by a mapping of 4 KiB: FAIL_SIZEMISMATCH", "large",
            "SNP-RMP-067", large_page, LARGE_ON_SMALL_MAP),
    REFUSED("large-on-small-rmp", "2 MiB of an entry of 4 KiB alone: FAIL_SIZEMISMATCH", "large",
            "SNP-RMP-067", large_page, LARGE_ON_SMALL_RMP),
    REFUSED("mask-beyond", "a mask beyond the own one: FAIL_PERMISSION", "small", "SNP-RMP-068",
            small_page, MASK_BEYOND),
    REFUSED("mask-beyond-large", "... of 2 MiB", "large", "SNP-RMP-068", large_page, MASK_BEYOND),
    REFUSED("mask-of-none", "any mask by a VMPL that has none: FAIL_PERMISSION", "small",
            "SNP-RMP-068", small_page, NO_PERMISSION),
    REFUSED("vmsa-vmpl-1", "by switch VMSA at VMPL 1: FAIL_PERMISSION", "strict-vmpl-1",
            "SNP-RMP-069", strict_vmpl_1, VMSA_VMPL_1),
    REFUSED("vmsa-large", "by switch VMSA on 2 MiB: FAIL_INPUT", "strict-large", "SNP-RMP-070",
            strict_large, VMSA_2M),
    RMP_ORDER("adjust", "RMPADJUST: of two faults the earlier check answers", "adjust.small",
              ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
               "SNP-RMP-050", "SNP-RMP-051", "SNP-RMP-061", "SNP-RMP-062", "SNP-RMP-063",
               "SNP-RMP-064", "SNP-RMP-065", "SNP-RMP-066", "SNP-RMP-067", "SNP-RMP-068",
               "SNP-RMP-069"),
              small_page, defects),
};

const struct suite_area rmp_part_adjust = RMP_PART(tests);
