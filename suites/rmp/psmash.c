/* PSMASH. RMP notes, section 3.2. */
#include "rmp/rmp.h"

/* A 2 MiB page of the guest's with all that a copy can lose. */
static struct rmp_shot guest_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_PSMASH, pages);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.entry = (struct rmp_entry){.assigned = true,
                                    .validated = true,
                                    .vmsa = true,
                                    .size = RMP_2M,
                                    .asid = 1,
                                    .gpa = RMP_GPA,
                                    .perms = {0x1F, 0x03, 0x05, 0x11}};
    return shot;
}

static void unaligned(struct rmp_shot *shot) {
    shot->spa += PAGE;
}

static void unaligned_last(struct rmp_shot *shot) {
    shot->spa += rmp_shot_page(shot) - PAGE;
}

static void unaligned_inside(struct rmp_shot *shot) {
    shot->spa += 0x800;
}

static void in_use(struct rmp_shot *shot) {
    shot->entry.in_use = 1;
}

static void small_page(struct rmp_shot *shot) {
    shot->entry.size = RMP_4K;
}

static void not_assigned(struct rmp_shot *shot) {
    shot->entry.assigned = false;
}

static void hypervisor(struct rmp_shot *shot) {
    shot->entry = (struct rmp_entry){.in_use = shot->entry.in_use};
}

static void last_of_table(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_end(shot) - rmp_shot_page(shot);
}

static void invalid(struct rmp_shot *shot) {
    shot->entry.validated = false;
}

static void without_asid(struct rmp_shot *shot) {
    shot->entry = (struct rmp_entry){.assigned = true, .size = RMP_2M};
    shot->config.rules.psmash_needs_asid = false;
}

static void immutable_allowed(struct rmp_shot *shot) {
    shot->entry.immutable = true;
    shot->config.rules.psmash_needs_mutable = false;
}

static void firmware_allowed(struct rmp_shot *shot) {
    without_asid(shot);
    immutable_allowed(shot);
}

/* Each switch looks at its own defect only. */
static void immutable_other_switch(struct rmp_shot *shot) {
    shot->entry.immutable = true;
    shot->config.rules.psmash_needs_asid = false;
}

static void asid_other_switch(struct rmp_shot *shot) {
    shot->entry.asid = 0;
    shot->config.rules.psmash_needs_mutable = false;
}

enum {
    NOT_LONG_MODE,
    NOT_SNP,
    CPL_1,
    CPL_3,
    UNALIGNED,
    UNALIGNED_LAST,
    UNALIGNED_INSIDE,
    NOT_COVERED,
    IN_GUEST,
    IN_USE,
    NOT_ASSIGNED,
    SMALL_PAGE,
    HYPERVISOR,
    NO_ASID,
    IMMUTABLE,
};

static const struct rmp_defect defects[] = {
    [NOT_LONG_MODE] = {"32-bit mode", rmp_not_long_mode, RMP_CLAIM_MODE, RMP_ANSWER_UD(21)},
    [NOT_SNP] = {"SNPEn off", rmp_not_snp, RMP_CLAIM_MODE, RMP_ANSWER_UD(21)},
    [CPL_1] = {"CPL 1", rmp_cpl_1, RMP_CLAIM_CPL, RMP_ANSWER_GP(22)},
    [CPL_3] = {"CPL 3", rmp_cpl_3, RMP_CLAIM_CPL, RMP_ANSWER_GP(22)},
    [UNALIGNED] = {"second page", unaligned, RMP_CLAIM_ADDRESS, RMP_ANSWER_CODE(1, 23)},
    [UNALIGNED_LAST] = {"last page", unaligned_last, RMP_CLAIM_ADDRESS, RMP_ANSWER_CODE(1, 23)},
    [UNALIGNED_INSIDE] = {"inside the first page", unaligned_inside, RMP_CLAIM_ADDRESS,
                          RMP_ANSWER_CODE(1, 23)},
    [NOT_COVERED] = {"no RMP entry", rmp_not_covered, RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY,
                     RMP_ANSWER_CODE(1, 24)},
    [IN_GUEST] = {"ASID not 0", rmp_cpu_in_guest, RMP_CLAIM_CPU_ASID, RMP_ANSWER_CODE(2, 25)},
    [IN_USE] = {"in use", in_use, RMP_CLAIM_IN_USE, RMP_ANSWER_CODE(3, 26)},
    [NOT_ASSIGNED] = {"not Assigned", not_assigned, RMP_CLAIM_PAGE_SIZE, RMP_ANSWER_CODE(7, 27)},
    [SMALL_PAGE] = {"4 KiB", small_page, RMP_CLAIM_PAGE_SIZE, RMP_ANSWER_CODE(7, 27)},
    [HYPERVISOR] = {"Hypervisor", hypervisor,
                    RMP_CLAIM_PAGE_SIZE | RMP_CLAIM_OWNER | RMP_CLAIM_IMMUTABLE,
                    RMP_ANSWER_CODE(7, 27)},
    [NO_ASID] = {"ASID 0", rmp_no_owner, RMP_CLAIM_OWNER, RMP_ANSWER_CODE(7, 28)},
    [IMMUTABLE] = {"Immutable", rmp_immutable, RMP_CLAIM_IMMUTABLE, RMP_ANSWER_CODE(7, 29)},
};

static const struct rmp_defect switched[] = {
    {"Immutable, ASID not needed", immutable_other_switch, 0, RMP_ANSWER_CODE(7, 29)},
    {"ASID 0, Immutable allowed", asid_other_switch, 0, RMP_ANSWER_CODE(7, 28)},
};

/* The count as a number, and that a page of 4 KiB is then updated by itself. */
static void count_on(struct suite_ctx *ctx, struct rmp *rmp, struct rmp_shot *shot) {
    const unsigned pages = shot->config.pages_per_large;
    struct rmp_entry first;
    SUITE_CHECK(ctx, "PSMASH", rmp_ok(rmp_shot_call(rmp, shot)), "the page is split");
    SUITE_CHECK(ctx, "entry", rmp_entry_at(rmp, shot->spa, &first), "the page is covered");
    SUITE_EQUAL(ctx, "sub-page count", pages - 1, first.subpages, "all other pages are Assigned");
    SUITE_EQUAL(ctx, "pages of ASID 1", pages, rmp_asid_pages(rmp, 1), "pages stay the guest's");
    const struct rmp_state_fields none = {.assigned = false};
    const struct rmp_answer a = rmp_update(rmp, &shot->cpu, shot->spa + 3 * PAGE, &none);
    SUITE_CHECK(ctx, "RMPUPDATE", rmp_ok(a), "a page of 4 KiB is released by itself");
    SUITE_CHECK(ctx, "entry", rmp_entry_at(rmp, shot->spa, &first), "the page is covered");
    SUITE_EQUAL(ctx, "sub-page count", pages - 2, first.subpages, "one page less is Assigned");
    SUITE_EQUAL(ctx, "pages of ASID 1", pages - 1, rmp_asid_pages(rmp, 1), "one page less");
}

static void count(struct suite_ctx *ctx, unsigned pages) {
    struct rmp_shot shot = guest_page(pages);
    struct rmp *rmp;
    SUITE_STEP(rmp_shot_make(ctx, &shot, &rmp));
    count_on(ctx, rmp, &shot);
    rmp_free(rmp);
}

static void counted(struct suite_ctx *ctx) {
    rmp_each_size(ctx, count);
}

#define COPY                                                                                       \
    .assigned = true, .vmsa = true, .asid = 1, .gpa = 0x40000000, .perms = {0x1F, 0x03, 0x05, 0x11}

#define PSMASH_REFUSED(ID, TITLE, REQ, DEFECT)                                                     \
    RMP_REFUSED("psmash." ID, TITLE, "psmash.guest", (REQ), guest_page, &defects[DEFECT])

static const struct suite_test tests[] = {
    RMP_GOOD("psmash.guest", "every page is a copy of the 2 MiB entry with its own GPA",
             ("SNP-RMP-021", "SNP-RMP-022", "SNP-RMP-023", "SNP-RMP-024", "SNP-RMP-025",
              "SNP-RMP-026", "SNP-RMP-027", "SNP-RMP-028", "SNP-RMP-029", "SNP-RMP-030"),
             guest_page, .after = {COPY, .validated = true}, .later = RMP_LATER_COPIES),
    RMP_GOOD("psmash.invalid", "a page that is not Validated stays so", ("SNP-RMP-030"), guest_page,
             invalid, .after = {COPY}, .later = RMP_LATER_COPIES),
    RMP_GOOD("psmash.last-region", "the table's last region is covered", ("SNP-RMP-024"),
             guest_page, last_of_table, .after = {COPY, .validated = true},
             .later = RMP_LATER_COPIES),
    RMP_GOOD("psmash.no-asid-allowed", "by switch a page without ASID is split", ("SNP-RMP-028"),
             guest_page, without_asid, .after = {.assigned = true}, .later = RMP_LATER_ALIKE),
    RMP_GOOD("psmash.immutable-allowed", "by switch an Immutable page is split", ("SNP-RMP-029"),
             guest_page, immutable_allowed, .after = {COPY, .validated = true, .immutable = true},
             .later = RMP_LATER_COPIES),
    RMP_GOOD("psmash.firmware-allowed", "by both switches a Firmware page is split",
             ("SNP-RMP-028", "SNP-RMP-029", "SNP-RMP-030"), guest_page, firmware_allowed,
             .after = {.assigned = true, .immutable = true}, .later = RMP_LATER_ALIKE),
    RMP_TEST("psmash.counts", "the sub-page count says all other pages; the ASID keeps its pages",
             ("SNP-RMP-018", "SNP-RMP-019", "SNP-RMP-031"), counted, NULL),

    PSMASH_REFUSED("mode-32", "outside 64-bit mode: #UD", "SNP-RMP-021", NOT_LONG_MODE),
    PSMASH_REFUSED("snp-off", "with SNPEn off: #UD", "SNP-RMP-021", NOT_SNP),
    PSMASH_REFUSED("cpl-1", "at CPL 1: #GP(0)", "SNP-RMP-022", CPL_1),
    PSMASH_REFUSED("cpl-3", "at CPL 3: #GP(0)", "SNP-RMP-022", CPL_3),
    PSMASH_REFUSED("unaligned", "of the second page: FAIL_INPUT", "SNP-RMP-023", UNALIGNED),
    PSMASH_REFUSED("unaligned-last", "of the last page: FAIL_INPUT", "SNP-RMP-023", UNALIGNED_LAST),
    PSMASH_REFUSED("unaligned-inside", "inside the first page: FAIL_INPUT", "SNP-RMP-023",
                   UNALIGNED_INSIDE),
    RMP_REFUSED("psmash.not-covered", "after the table: FAIL_INPUT", "psmash.last-region",
                ("SNP-RMP-024"), guest_page, &defects[NOT_COVERED]),
    PSMASH_REFUSED("in-guest", "with an ASID: FAIL_PERMISSION", "SNP-RMP-025", IN_GUEST),
    PSMASH_REFUSED("in-use", "of a page in use: FAIL_INUSE", "SNP-RMP-026", IN_USE),
    PSMASH_REFUSED("not-assigned", "of an entry that is not Assigned: 7", "SNP-RMP-027",
                   NOT_ASSIGNED),
    PSMASH_REFUSED("small", "of a 4 KiB page: 7", "SNP-RMP-027", SMALL_PAGE),
    PSMASH_REFUSED("hypervisor", "of a hypervisor's page: 7", "SNP-RMP-027", HYPERVISOR),
    PSMASH_REFUSED("no-asid", "of a page without ASID: 7", "SNP-RMP-028", NO_ASID),
    PSMASH_REFUSED("immutable", "of an Immutable page: 7", "SNP-RMP-029", IMMUTABLE),
    RMP_REFUSED("psmash.immutable-switch", "the ASID's switch does not allow Immutable",
                "psmash.immutable-allowed", ("SNP-RMP-029"), guest_page, &switched[0]),
    RMP_REFUSED("psmash.no-asid-switch", "Immutable's switch does not allow ASID 0",
                "psmash.no-asid-allowed", ("SNP-RMP-028"), guest_page, &switched[1]),
    RMP_ORDER("psmash", "PSMASH: of two faults the earlier check answers", "psmash.guest",
              ("SNP-RMP-021", "SNP-RMP-022", "SNP-RMP-023", "SNP-RMP-024", "SNP-RMP-025",
               "SNP-RMP-026", "SNP-RMP-027", "SNP-RMP-028", "SNP-RMP-029"),
              guest_page, defects),
};

const struct suite_area rmp_part_psmash = RMP_PART(tests);
