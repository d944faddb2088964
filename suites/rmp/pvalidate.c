/* PVALIDATE. RMP notes, section 3.3. */
#include "rmp/rmp.h"

/* A Guest-Invalid page of 4 KiB, whose guest validates it. */
static struct rmp_shot small_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_guest(RMP_CALL_PVALIDATE, pages);
    shot.validate = true;
    shot.entry.validated = false;
    shot.entry.vmsa = true;
    shot.entry.perms[1] = 0x03;
    shot.entry.perms[3] = 0x11;
    return shot;
}

static struct rmp_shot large_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    rmp_shot_large(&shot);
    return shot;
}

/* ---- what it does ---- */

static void valid_already(struct rmp_shot *shot) {
    shot->entry.validated = true;
}

static void rescind(struct rmp_shot *shot) {
    shot->entry.validated = true;
    shot->validate = false;
}

static void rescind_invalid(struct rmp_shot *shot) {
    shot->validate = false;
}

static void huge_map(struct rmp_shot *shot) {
    shot->translation.map = RMP_MAP_1G;
}

/* An address inside the page; its byte is asked for, its page is meant. */
static void inside_page(struct rmp_shot *shot) {
    shot->gva += 0x123;
    shot->translation.gpa += 0x123;
    shot->spa += 0x123;
}

#define ENTRY .assigned = true, .vmsa = true, .asid = 1, .perms = {0x1F, 0x03, 0, 0x11}
#define SMALL ENTRY, .gpa = 0x40001000
#define LARGE ENTRY, .gpa = 0x40000000, .size = RMP_2M

/* ---- defects ---- */

static void vmpl_1(struct rmp_shot *shot) {
    shot->cpu.vmpl = 1;
}

static void vmpl_3(struct rmp_shot *shot) {
    shot->cpu.vmpl = 3;
}

/* A later page of a 2 MiB page, mapped by 4 KiB: its own entry has no owner. */
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
    VMPL_1,
    VMPL_3,
    UNALIGNED,
    UNALIGNED_INSIDE,
    RMP_TRANSLATION_NAMES,
    INSIDE_LARGE,
    SMALL_ON_LARGE,
    SMALL_ON_LARGE_MAP,
    SMALL_ON_LARGE_RMP,
    LARGE_ON_SMALL,
    LARGE_ON_SMALL_MAP,
    LARGE_ON_SMALL_RMP,
    DEFECTS,
};

#define TABLES (RMP_CLAIM_SIZE | RMP_CLAIM_MAP | RMP_CLAIM_PAGE_SIZE)
#define SIZEM RMP_ANSWER_NPF(0xC80000000, 51)

static const struct rmp_defect defects[DEFECTS] = {
    [NOT_LONG_MODE] = {"32-bit mode", rmp_not_long_mode, RMP_CLAIM_MODE, RMP_ANSWER_UD(41)},
    [NOT_SNP] = {"not SNP-active", rmp_not_snp, RMP_CLAIM_MODE, RMP_ANSWER_UD(41)},
    [CPL_1] = {"CPL 1", rmp_cpl_1, RMP_CLAIM_CPL, RMP_ANSWER_GP(42)},
    [CPL_3] = {"CPL 3", rmp_cpl_3, RMP_CLAIM_CPL, RMP_ANSWER_GP(42)},
    [VMPL_1] = {"VMPL 1", vmpl_1, RMP_CLAIM_VMPL, RMP_ANSWER_GP(43)},
    [VMPL_3] = {"VMPL 3", vmpl_3, RMP_CLAIM_VMPL, RMP_ANSWER_GP(43)},
    [UNALIGNED] = {"unaligned GVA", rmp_gva_unaligned, RMP_CLAIM_ADDRESS, RMP_ANSWER_CODE(1, 44)},
    [UNALIGNED_INSIDE] = {"GVA inside a page", rmp_gva_inside, RMP_CLAIM_ADDRESS,
                          RMP_ANSWER_CODE(1, 44)},
    RMP_TRANSLATION_DEFECTS,
    [INSIDE_LARGE] = {"later page of 2 MiB", inside_large,
                      RMP_CLAIM_ENTRY | RMP_CLAIM_ADDRESS | TABLES,
                      RMP_ANSWER_NPF(0x480000000, 47)},
    [SMALL_ON_LARGE] = {"4 KiB on 2 MiB", rmp_small_on_large, TABLES | RMP_CLAIM_ADDRESS, SIZEM},
    [SMALL_ON_LARGE_MAP] = {"4 KiB on a mapping of 2 MiB", rmp_small_on_large_map,
                            TABLES | RMP_CLAIM_ADDRESS, SIZEM},
    [SMALL_ON_LARGE_RMP] = {"4 KiB on an entry of 2 MiB", rmp_small_on_large_rmp,
                            TABLES | RMP_CLAIM_ADDRESS, SIZEM},
    [LARGE_ON_SMALL] = {"2 MiB on 4 KiB", rmp_large_on_small, RMP_CLAIM_SIZE | RMP_CLAIM_MAP,
                        RMP_ANSWER_CODE(6, 52)},
    [LARGE_ON_SMALL_MAP] = {"2 MiB on a mapping of 4 KiB", rmp_large_on_small_map, TABLES,
                            RMP_ANSWER_CODE(6, 52)},
    [LARGE_ON_SMALL_RMP] = {"2 MiB on an entry of 4 KiB", rmp_large_on_small_rmp, TABLES,
                            RMP_ANSWER_CODE(6, 52)},
};

/* Every state but a guest's own two faults; with 4 KiB and 2 MiB. */
static void state_case(struct suite_ctx *ctx, enum rmp_state state, enum rmp_page_size size) {
    struct rmp_shot shot = size == RMP_2M ? large_page(8) : small_page(8);
    const uint64_t gpa = shot.entry.gpa;
    shot.entry = rmp_state_entry(state, gpa);
    shot.entry.size = size;
    const unsigned rule = shot.entry.asid == 0 ? 47 : 49;
    const struct rmp_answer wanted = RMP_ANSWER_NPF(0x480000000, (uint16_t)rule);
    suite_instance(ctx, "%s, %s", rmp_state_name(state), size == RMP_2M ? "2 MiB" : "4 KiB");
    SUITE_STEP(rmp_shot_refused(ctx, &shot, wanted));
}

static void states(struct suite_ctx *ctx) {
    static const enum rmp_state none[] = {RMP_HYPERVISOR, RMP_RECLAIM,  RMP_FIRMWARE,
                                          RMP_CONTEXT,    RMP_METADATA, RMP_PRE_GUEST,
                                          RMP_PRE_SWAP,   RMP_HV_FIXED, RMP_FIRMWARE_IOMMU};
    for (size_t i = 0; i < sizeof none / sizeof none[0] && !suite_stopped(ctx); i++) {
        state_case(ctx, none[i], RMP_4K);
        if (!suite_stopped(ctx)) state_case(ctx, none[i], RMP_2M);
    }
}

#define REFUSED(ID, TITLE, TWIN, REQ, BASE, DEFECT)                                                \
    RMP_REFUSED("pvalidate." ID, TITLE, "pvalidate." TWIN, (REQ), BASE, &defects[DEFECT])

static const struct suite_test tests[] = {
    RMP_GOOD("pvalidate.small", "a Guest-Invalid page becomes Guest-Valid; CF is 0",
             ("SNP-RMP-041", "SNP-RMP-042", "SNP-RMP-043", "SNP-RMP-045", "SNP-RMP-046",
              "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049", "SNP-RMP-050", "SNP-RMP-051",
              "SNP-RMP-053", "SNP-RMP-054"),
             small_page, .after = {SMALL, .validated = true}),
    RMP_GOOD("pvalidate.large", "... of 2 MiB",
             ("SNP-RMP-044", "SNP-RMP-052", "SNP-RMP-053", "SNP-RMP-054"), large_page,
             .after = {LARGE, .validated = true}),
    RMP_GOOD("pvalidate.huge-map", "a nested mapping of 1 GiB counts as one of 2 MiB",
             ("SNP-RMP-052"), large_page, huge_map, .after = {LARGE, .validated = true}),
    RMP_GOOD("pvalidate.inside-page", "low bits of an address do not matter", ("SNP-RMP-048"),
             small_page, inside_page, .after = {SMALL, .validated = true}),
    RMP_GOOD("pvalidate.valid", "a page that is Validated stays so; CF is 1",
             ("SNP-RMP-053", "SNP-RMP-054"), small_page, valid_already, .cf = true,
             .after = {SMALL, .validated = true}),
    RMP_GOOD("pvalidate.rescind", "a Guest-Valid page becomes Guest-Invalid; CF is 0",
             ("SNP-RMP-053", "SNP-RMP-054"), small_page, rescind, .after = {SMALL}),
    RMP_GOOD("pvalidate.rescind-invalid", "a page that is not Validated stays so; CF is 1",
             ("SNP-RMP-053", "SNP-RMP-054"), small_page, rescind_invalid, .cf = true,
             .after = {SMALL}),
    RMP_GOOD("pvalidate.valid-large", "a Validated page of 2 MiB stays so; CF is 1",
             ("SNP-RMP-053"), large_page, valid_already, .cf = true,
             .after = {LARGE, .validated = true}),
    RMP_GOOD("pvalidate.rescind-large", "a page of 2 MiB becomes Guest-Invalid; CF is 0",
             ("SNP-RMP-054"), large_page, rescind, .after = {LARGE}),

    REFUSED("mode-32", "outside 64-bit mode: #UD", "small", "SNP-RMP-041", small_page,
            NOT_LONG_MODE),
    REFUSED("not-snp", "in a guest that is not SNP-active: #UD", "small", "SNP-RMP-041", small_page,
            NOT_SNP),
    REFUSED("cpl-1", "at CPL 1: #GP(0)", "small", "SNP-RMP-042", small_page, CPL_1),
    REFUSED("cpl-3", "at CPL 3: #GP(0)", "small", "SNP-RMP-042", small_page, CPL_3),
    REFUSED("vmpl-1", "at VMPL 1: #GP(0)", "small", "SNP-RMP-043", small_page, VMPL_1),
    REFUSED("vmpl-3", "at VMPL 3: #GP(0)", "small", "SNP-RMP-043", small_page, VMPL_3),
    REFUSED("unaligned", "2 MiB at an unaligned GVA: FAIL_INPUT", "large", "SNP-RMP-044",
            large_page, UNALIGNED),
    REFUSED("unaligned-inside", "2 MiB at a GVA inside the first page: FAIL_INPUT", "large",
            "SNP-RMP-044", large_page, UNALIGNED_INSIDE),
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
    REFUSED("gpa-bit-51", "of a GPA beyond what an entry holds: NPF", "small", "SNP-RMP-048",
            small_page, BEYOND_GPA),
    REFUSED("gpa-bit-51-large", "... of 2 MiB", "large", "SNP-RMP-048", large_page, BEYOND_GPA),
    REFUSED("immutable", "of an Immutable page: NPF", "small", "SNP-RMP-049", small_page,
            IMMUTABLE),
    REFUSED("other-asid-large", "of another guest's 2 MiB page: NPF", "large", "SNP-RMP-047",
            large_page, OTHER_OWNER),
    REFUSED("other-gpa-large", "of a 2 MiB page with another GPA: NPF", "large", "SNP-RMP-048",
            large_page, OTHER_GPA),
    REFUSED("immutable-large", "of an Immutable 2 MiB page: NPF", "large", "SNP-RMP-049",
            large_page, IMMUTABLE),
    REFUSED("small-on-large", "4 KiB of a 2 MiB page: NPF with SIZEM", "small", "SNP-RMP-051",
            small_page, SMALL_ON_LARGE),
    REFUSED("small-on-large-map", "4 KiB by a mapping of 2 MiB: NPF with SIZEM", "small",
            "SNP-RMP-051", small_page, SMALL_ON_LARGE_MAP),
    REFUSED("small-on-large-rmp", "4 KiB of an entry of 2 MiB alone: NPF with SIZEM", "small",
            "SNP-RMP-051", small_page, SMALL_ON_LARGE_RMP),
    REFUSED("large-on-small", "2 MiB of 4 KiB pages: FAIL_SIZEMISMATCH", "large", "SNP-RMP-052",
            large_page, LARGE_ON_SMALL),
    REFUSED("large-on-small-map", "2 MiB by a mapping of 4 KiB: FAIL_SIZEMISMATCH", "large",
            "SNP-RMP-052", large_page, LARGE_ON_SMALL_MAP),
    REFUSED("large-on-small-rmp", "2 MiB of an entry of 4 KiB alone: FAIL_SIZEMISMATCH", "large",
            "SNP-RMP-052", large_page, LARGE_ON_SMALL_RMP),
    RMP_NEGATIVE("pvalidate.states", "in every state but a guest's own: NPF", "pvalidate.small",
                 ("SNP-RMP-047", "SNP-RMP-049"), states, NULL),
    RMP_ORDER("pvalidate", "PVALIDATE: of two faults the earlier check answers", "pvalidate.small",
              ("SNP-RMP-041", "SNP-RMP-042", "SNP-RMP-043", "SNP-RMP-044", "SNP-RMP-045",
               "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049", "SNP-RMP-050",
               "SNP-RMP-051", "SNP-RMP-052"),
              small_page, defects),
};

const struct suite_area rmp_part_pvalidate = RMP_PART(tests);
