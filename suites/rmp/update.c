/* RMPUPDATE: its checks, each beside the edge that still succeeds, and their order. RMP notes, section 3.1. */
#include "rmp/rmp.h"

/* Of 4 KiB: the second page of the region under test, the hypervisor's, becomes the guest's. */
static struct rmp_shot small_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_UPDATE, pages);
    shot.fields = (struct rmp_state_fields){
        .assigned = true, .asid = RMP_ASID, .gpa = RMP_GPA + 0x1000, .size = RMP_4K};
    return shot;
}

/* ... the first page. */
static struct rmp_shot first_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.fields.gpa = RMP_GPA;
    return shot;
}

/* Of 2 MiB: all pages of the region, the hypervisor's. */
static struct rmp_shot large_page(unsigned pages) {
    struct rmp_shot shot = first_page(pages);
    shot.fields.size = RMP_2M;
    return shot;
}

/* To Firmware, where GPA without ASID is refused. */
static struct rmp_shot firmware_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    shot.config.rules.update_refuses_gpa = true;
    shot.fields = (struct rmp_state_fields){.assigned = true, .immutable = true, .size = RMP_4K};
    return shot;
}

/* Back to the hypervisor. */
static struct rmp_shot released_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    shot.entry = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA + 0x1000);
    shot.fields = (struct rmp_state_fields){.size = RMP_4K};
    return shot;
}

/* ---- defects ---- */

static void unaligned(struct rmp_shot *shot) {
    shot->fields.size = RMP_2M;
    if (shot->spa % rmp_shot_page(shot) == 0) shot->spa += 0x1000;
}

static void unaligned_inside(struct rmp_shot *shot) {
    shot->fields.size = RMP_2M;
    shot->spa += 0x800;
}

static void unaligned_last(struct rmp_shot *shot) {
    shot->fields.size = RMP_2M;
    shot->spa =
        shot->spa / rmp_shot_page(shot) * rmp_shot_page(shot) + rmp_shot_page(shot) - 0x1000;
}

static void unassigned_immutable(struct rmp_shot *shot) {
    shot->fields.assigned = false;
    shot->fields.immutable = true;
    shot->fields.asid = 0;
}

static void unassigned_asid(struct rmp_shot *shot) {
    shot->fields.assigned = false;
    shot->fields.asid = RMP_ASID;
}

static void unassigned_high_asid(struct rmp_shot *shot) {
    shot->fields.assigned = false;
    shot->fields.asid = UINT32_C(1) << 31;
}

static void asid_1024(struct rmp_shot *shot) {
    shot->fields.asid = 1024;
}

static void asid_65537(struct rmp_shot *shot) {
    shot->fields.asid = 0x10001;
}

static void stray_gpa(struct rmp_shot *shot) {
    shot->config.rules.update_refuses_gpa = true;
    shot->fields.asid = 0;
    shot->fields.gpa = 0x6000;
}

static void stray_gpa_mutable(struct rmp_shot *shot) {
    stray_gpa(shot);
    shot->fields.immutable = false;
}

static void far_away(struct rmp_shot *shot) {
    shot->spa += UINT64_C(1) << 51;
}

/* The region is the guest's 2 MiB page. */
static void whole_region(struct rmp_shot *shot) {
    shot->entry = rmp_state_entry(RMP_GUEST_INVALID, RMP_GPA);
    shot->entry.size = RMP_2M;
    shot->entry_at = rmp_shot_page(shot);
    shot->fields.size = RMP_4K;
}

static void inside_large(struct rmp_shot *shot) {
    whole_region(shot);
    shot->spa = shot->entry_at + 0x1000;
}

static void inside_large_last(struct rmp_shot *shot) {
    whole_region(shot);
    shot->spa = shot->entry_at + rmp_shot_page(shot) - 0x1000;
}

static void inside_large_code_2(struct rmp_shot *shot) {
    inside_large(shot);
    shot->config.rules.update_inside_2m = 2;
}

/* The first page of a 2 MiB page, with another defect's Immutable and use. */
static void first_of_large(struct rmp_shot *shot) {
    const bool immutable = shot->entry.immutable, in_use = shot->entry.in_use;
    whole_region(shot);
    shot->entry.immutable = immutable;
    shot->entry.in_use = in_use;
    shot->spa = shot->entry_at;
}

static void neighbour(struct rmp_shot *shot, uint64_t offset, struct rmp_entry entry) {
    if (shot->spa % rmp_shot_page(shot) == 0x1000) shot->spa -= 0x1000;
    shot->entry_at = rmp_shot_page(shot);
    shot->fields.size = RMP_2M;
    shot->other_at = rmp_shot_page(shot) + offset;
    shot->other = entry;
}

static void subpage_assigned(struct rmp_shot *shot) {
    neighbour(shot, 0x1000, rmp_state_entry(RMP_GUEST_INVALID, 0x1000));
}

static void last_subpage_assigned(struct rmp_shot *shot) {
    neighbour(shot, rmp_shot_page(shot) - 0x1000, rmp_state_entry(RMP_RECLAIM, 0));
}

static void hv_fixed_inside(struct rmp_shot *shot) {
    neighbour(shot, 0x1000, rmp_state_entry(RMP_HV_FIXED, 0));
}

static void hv_fixed_last(struct rmp_shot *shot) {
    neighbour(shot, rmp_shot_page(shot) - 0x1000, rmp_state_entry(RMP_HV_FIXED, 0));
}

static void hv_fixed_code_4(struct rmp_shot *shot) {
    hv_fixed_inside(shot);
    shot->config.rules.update_over_hv_fixed = 4;
}

static void in_use(struct rmp_shot *shot) {
    shot->entry.in_use = 1;
}

static void later_in_use(struct rmp_shot *shot) {
    struct rmp_entry vmcb = {.in_use = 1};
    neighbour(shot, rmp_shot_page(shot) - 0x1000, vmcb);
}

static void immutable_in_use(struct rmp_shot *shot) {
    shot->entry.immutable = true;
    shot->entry.in_use = 1;
}

static void in_use_first(struct rmp_shot *shot) {
    immutable_in_use(shot);
    shot->config.rules.update_in_use_first = true;
}

static void first_of_large_in_use_first(struct rmp_shot *shot) {
    shot->entry.in_use = 1;
    first_of_large(shot);
    shot->config.rules.update_in_use_first = true;
}

/* ---- tables ---- */

#define WANTED (RMP_CLAIM_ASSIGNED)
#define REGION (RMP_CLAIM_ADDRESS | RMP_CLAIM_SIZE)
#define NO_ENTRY (RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY)
#define INSIDE (REGION | RMP_CLAIM_ENTRY)
#define BESIDE (REGION | RMP_CLAIM_OTHER)

enum {
    NOT_LONG_MODE,
    NOT_SNP,
    CPL_1,
    CPL_3,
    IN_GUEST,
    UNALIGNED,
    UNALIGNED_LAST,
    UNALIGNED_INSIDE,
    UNASSIGNED_IMMUTABLE,
    UNASSIGNED_ASID,
    UNASSIGNED_HIGH_ASID,
    ASID_1024,
    ASID_65537,
    STRAY_GPA,
    STRAY_GPA_MUTABLE,
    NOT_COVERED,
    FAR_AWAY,
    IMMUTABLE,
    FIRST_OF_LARGE,
    INSIDE_LARGE,
    INSIDE_LARGE_LAST,
    SUBPAGE_ASSIGNED,
    LAST_SUBPAGE_ASSIGNED,
    HV_FIXED_INSIDE,
    HV_FIXED_LAST,
    IN_USE,
    LATER_IN_USE,
};

static const struct rmp_defect defects[] = {
    [NOT_LONG_MODE] = {"32-bit mode", rmp_not_long_mode, RMP_CLAIM_MODE, RMP_ANSWER_UD(1)},
    [NOT_SNP] = {"SNPEn off", rmp_not_snp, RMP_CLAIM_MODE, RMP_ANSWER_UD(1)},
    [CPL_1] = {"CPL 1", rmp_cpl_1, RMP_CLAIM_CPL, RMP_ANSWER_GP(2)},
    [CPL_3] = {"CPL 3", rmp_cpl_3, RMP_CLAIM_CPL, RMP_ANSWER_GP(2)},
    [IN_GUEST] = {"ASID not 0", rmp_cpu_in_guest, RMP_CLAIM_CPU_ASID, RMP_ANSWER_CODE(2, 3)},
    [UNALIGNED] = {"unaligned", unaligned, REGION, RMP_ANSWER_CODE(1, 4)},
    [UNALIGNED_LAST] = {"unaligned, last page", unaligned_last, REGION, RMP_ANSWER_CODE(1, 4)},
    [UNALIGNED_INSIDE] = {"unaligned, inside a page", unaligned_inside, REGION,
                          RMP_ANSWER_CODE(1, 4)},
    [UNASSIGNED_IMMUTABLE] = {"Assigned 0, Immutable", unassigned_immutable, WANTED,
                              RMP_ANSWER_CODE(1, 5)},
    [UNASSIGNED_ASID] = {"Assigned 0, ASID", unassigned_asid, WANTED, RMP_ANSWER_CODE(1, 5)},
    [UNASSIGNED_HIGH_ASID] = {"Assigned 0, ASID 0x80000000", unassigned_high_asid, WANTED,
                              RMP_ANSWER_CODE(1, 5)},
    [ASID_1024] = {"ASID 1024", asid_1024, WANTED, RMP_ANSWER_CODE(1, 13)},
    [ASID_65537] = {"ASID 0x10001", asid_65537, WANTED, RMP_ANSWER_CODE(1, 13)},
    [STRAY_GPA] = {"GPA without ASID", stray_gpa, WANTED, RMP_ANSWER_CODE(1, 14)},
    [STRAY_GPA_MUTABLE] = {"GPA without ASID, not Immutable", stray_gpa_mutable, WANTED,
                           RMP_ANSWER_CODE(1, 14)},
    [NOT_COVERED] = {"no RMP entry", rmp_not_covered, NO_ENTRY, RMP_ANSWER_CODE(1, 6)},
    [FAR_AWAY] = {"no RMP entry, far", far_away, NO_ENTRY, RMP_ANSWER_CODE(1, 6)},
    [IMMUTABLE] = {"Immutable", rmp_immutable, RMP_CLAIM_IMMUTABLE, RMP_ANSWER_CODE(2, 7)},
    [FIRST_OF_LARGE] = {"first page of 2 MiB", first_of_large, REGION | RMP_CLAIM_PAGE_SIZE,
                        RMP_ANSWER_CODE(4, 8)},
    [INSIDE_LARGE] = {"later page of 2 MiB", inside_large, INSIDE, RMP_ANSWER_CODE(4, 9)},
    [INSIDE_LARGE_LAST] = {"last page of 2 MiB", inside_large_last, INSIDE, RMP_ANSWER_CODE(4, 9)},
    [SUBPAGE_ASSIGNED] = {"second page Assigned", subpage_assigned, BESIDE, RMP_ANSWER_CODE(4, 10)},
    [LAST_SUBPAGE_ASSIGNED] = {"last page Assigned", last_subpage_assigned, BESIDE,
                               RMP_ANSWER_CODE(4, 10)},
    [HV_FIXED_INSIDE] = {"second page HV-Fixed", hv_fixed_inside, BESIDE, RMP_ANSWER_CODE(2, 11)},
    [HV_FIXED_LAST] = {"last page HV-Fixed", hv_fixed_last, BESIDE, RMP_ANSWER_CODE(2, 11)},
    [IN_USE] = {"in use", in_use, RMP_CLAIM_IN_USE, RMP_ANSWER_CODE(3, 12)},
    [LATER_IN_USE] = {"last page in use", later_in_use, BESIDE, RMP_ANSWER_CODE(3, 12)},
};

/* Two faults of the region that one neighbour cannot have: the Assigned page is last, the other one second. */
static void assigned_and_fixed(struct rmp_shot *shot) {
    last_subpage_assigned(shot);
    shot->fill = false;
    shot->entry_at = rmp_shot_page(shot) + 0x1000;
    shot->entry = rmp_state_entry(RMP_HV_FIXED, 0);
}

static void fixed_and_later_in_use(struct rmp_shot *shot) {
    hv_fixed_last(shot);
    shot->entry_at = rmp_shot_page(shot) + 0x1000;
    shot->entry = (struct rmp_entry){.in_use = 1};
}

/* The switches' other values, and the pairs above. */
static const struct rmp_defect switched[] = {
    {"inside 2 MiB, code 2", inside_large_code_2, 0, RMP_ANSWER_CODE(2, 9)},
    {"over HV-Fixed, code 4", hv_fixed_code_4, 0, RMP_ANSWER_CODE(4, 11)},
    {"Immutable in use, in use first", in_use_first, 0, RMP_ANSWER_CODE(3, 12)},
    {"first of 2 MiB in use, in use first", first_of_large_in_use_first, 0, RMP_ANSWER_CODE(3, 12)},
    {"Immutable in use", immutable_in_use, 0, RMP_ANSWER_CODE(2, 7)},
    {"Assigned and HV-Fixed pages", assigned_and_fixed, 0, RMP_ANSWER_CODE(4, 10)},
    {"HV-Fixed page and page in use", fixed_and_later_in_use, 0, RMP_ANSWER_CODE(2, 11)},
};

/* ---- the edges that succeed ---- */

static void asid_1023(struct rmp_shot *shot) {
    shot->fields.asid = 1023;
}

static void stray_gpa_allowed(struct rmp_shot *shot) {
    shot->config.rules.update_refuses_gpa = false;
    shot->fields.gpa = 0x6000;
}

static void over_fixed_allowed(struct rmp_shot *shot) {
    hv_fixed_inside(shot);
    shot->config.rules.update_over_hv_fixed = 0;
}

static void last_of_table(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_end(shot) - 0x1000;
}

static void in_use_elsewhere(struct rmp_shot *shot) {
    shot->other_at = rmp_shot_page(shot);
    shot->other = (struct rmp_entry){.in_use = 1};
}

#define GUEST(ASID, GPA_)                                                                          \
    .after = {.assigned = true, .asid = (ASID), .gpa = (GPA_), .perms = {0x1F}}

#define SMALL_REQS                                                                                 \
    ("SNP-RMP-001", "SNP-RMP-002", "SNP-RMP-003", "SNP-RMP-005", "SNP-RMP-006", "SNP-RMP-007",     \
     "SNP-RMP-009", "SNP-RMP-012", "SNP-RMP-017")

#define UPDATE_REFUSED(ID, TITLE, TWIN, REQ, BASE, DEFECT)                                         \
    RMP_REFUSED("update." ID, TITLE, "update." TWIN, (REQ), BASE, &defects[DEFECT])
#define UPDATE_SWITCHED(ID, TITLE, TWIN, REQ, BASE, INDEX)                                         \
    RMP_REFUSED(ID, TITLE, "update." TWIN, (REQ), BASE, &switched[INDEX])

static const struct suite_test tests[] = {
    RMP_GOOD("update.small", "a 4 KiB page becomes the guest's", SMALL_REQS, small_page,
             GUEST(1, 0x40001000)),
    RMP_GOOD("update.small-first", "a region's first page becomes the guest's by itself",
             ("SNP-RMP-004", "SNP-RMP-008"), first_page, GUEST(1, 0x40000000)),
    RMP_GOOD(
        "update.large", "a region becomes the guest's 2 MiB page",
        ("SNP-RMP-004", "SNP-RMP-010", "SNP-RMP-011", "SNP-RMP-012", "SNP-RMP-017", "SNP-RMP-020"),
        large_page, .later = RMP_LATER_ASSIGNED,
        .after = {.assigned = true, .asid = 1, .gpa = 0x40000000, .size = RMP_2M, .perms = {0x1F}}),
    RMP_GOOD("update.firmware", "a page becomes a Firmware page", ("SNP-RMP-014", "SNP-RMP-017"),
             firmware_page, .after = {.assigned = true, .immutable = true, .perms = {0x1F}}),
    RMP_GOOD("update.released", "a guest's page becomes the hypervisor's",
             ("SNP-RMP-005", "SNP-RMP-015"), released_page, .after = {0}),
    RMP_GOOD("update.asid-1023", "the highest ASID is accepted", ("SNP-RMP-013"), small_page,
             asid_1023, GUEST(1023, 0x40001000)),
    RMP_GOOD("update.last-page", "the table's last page is covered", ("SNP-RMP-006"), small_page,
             last_of_table, GUEST(1, 0x40001000)),
    RMP_GOOD("update.gpa-allowed", "by switch a GPA without ASID gives an entry in no state",
             ("SNP-RMP-014"), firmware_page, stray_gpa_allowed,
             .after = {.assigned = true, .immutable = true, .gpa = 0x6000, .perms = {0x1F}}),
    RMP_GOOD(
        "update.over-fixed", "by switch a 2 MiB page may be made over an HV-Fixed page",
        ("SNP-RMP-011"), large_page, over_fixed_allowed, .later = RMP_LATER_ASSIGNED,
        .after = {.assigned = true, .asid = 1, .gpa = 0x40000000, .size = RMP_2M, .perms = {0x1F}}),
    RMP_GOOD("update.in-use-elsewhere", "a page whose neighbour is in use is updated",
             ("SNP-RMP-012"), small_page, in_use_elsewhere, GUEST(1, 0x40001000)),

    UPDATE_REFUSED("mode-32", "outside 64-bit mode: #UD", "small", "SNP-RMP-001", small_page,
                   NOT_LONG_MODE),
    UPDATE_REFUSED("snp-off", "with SNPEn off: #UD", "small", "SNP-RMP-001", small_page, NOT_SNP),
    UPDATE_REFUSED("cpl-1", "at CPL 1: #GP(0)", "small", "SNP-RMP-002", small_page, CPL_1),
    UPDATE_REFUSED("cpl-3", "at CPL 3: #GP(0)", "small", "SNP-RMP-002", small_page, CPL_3),
    UPDATE_REFUSED("in-guest", "with an ASID: FAIL_PERMISSION", "small", "SNP-RMP-003", small_page,
                   IN_GUEST),
    UPDATE_REFUSED("unaligned", "2 MiB at the second page: FAIL_INPUT", "large", "SNP-RMP-004",
                   large_page, UNALIGNED),
    UPDATE_REFUSED("unaligned-last", "2 MiB at the last page: FAIL_INPUT", "large", "SNP-RMP-004",
                   large_page, UNALIGNED_LAST),
    UPDATE_REFUSED("unaligned-inside", "2 MiB inside the first page: FAIL_INPUT", "large",
                   "SNP-RMP-004", large_page, UNALIGNED_INSIDE),
    UPDATE_REFUSED("unassigned-immutable", "Assigned 0 with Immutable: FAIL_INPUT", "released",
                   "SNP-RMP-005", released_page, UNASSIGNED_IMMUTABLE),
    UPDATE_REFUSED("unassigned-asid", "Assigned 0 with an ASID: FAIL_INPUT", "released",
                   "SNP-RMP-005", released_page, UNASSIGNED_ASID),
    UPDATE_REFUSED("unassigned-high-asid", "Assigned 0 with a high bit of ASID: FAIL_INPUT",
                   "released", "SNP-RMP-005", released_page, UNASSIGNED_HIGH_ASID),
    UPDATE_REFUSED("asid-1024", "ASID 1024: FAIL_INPUT", "asid-1023", "SNP-RMP-013", small_page,
                   ASID_1024),
    UPDATE_REFUSED("asid-65537", "an ASID whose low 16 bits are good: FAIL_INPUT", "asid-1023",
                   "SNP-RMP-013", small_page, ASID_65537),
    UPDATE_REFUSED("gpa-refused", "by switch a GPA without ASID: FAIL_INPUT", "firmware",
                   "SNP-RMP-014", firmware_page, STRAY_GPA),
    UPDATE_REFUSED("gpa-refused-mutable", "... whether or not it is Immutable", "firmware",
                   "SNP-RMP-014", firmware_page, STRAY_GPA_MUTABLE),
    UPDATE_REFUSED("not-covered", "the first page after the table: FAIL_INPUT", "last-page",
                   "SNP-RMP-006", small_page, NOT_COVERED),
    UPDATE_REFUSED("not-covered-far", "a page at 2 PiB: FAIL_INPUT", "last-page", "SNP-RMP-006",
                   small_page, FAR_AWAY),
    UPDATE_REFUSED("immutable", "an Immutable page: FAIL_PERMISSION", "small", "SNP-RMP-007",
                   small_page, IMMUTABLE),
    UPDATE_REFUSED("immutable-large", "2 MiB at an Immutable page: FAIL_PERMISSION", "large",
                   "SNP-RMP-007", large_page, IMMUTABLE),
    UPDATE_REFUSED("first-of-large", "4 KiB at a 2 MiB page's first page: FAIL_OVERLAP",
                   "small-first", "SNP-RMP-008", first_page, FIRST_OF_LARGE),
    UPDATE_REFUSED("inside-large", "4 KiB at a 2 MiB page's second page: FAIL_OVERLAP", "small",
                   "SNP-RMP-009", small_page, INSIDE_LARGE),
    UPDATE_REFUSED("inside-large-last", "4 KiB at a 2 MiB page's last page: FAIL_OVERLAP", "small",
                   "SNP-RMP-009", small_page, INSIDE_LARGE_LAST),
    UPDATE_SWITCHED("update.inside-large-code", "the code for a later page is a switch", "small",
                    "SNP-RMP-009", small_page, 0),
    UPDATE_REFUSED("subpage", "2 MiB while the second page is Assigned: FAIL_OVERLAP", "large",
                   "SNP-RMP-010", large_page, SUBPAGE_ASSIGNED),
    UPDATE_REFUSED("subpage-last", "2 MiB while the last page is Assigned: FAIL_OVERLAP", "large",
                   "SNP-RMP-010", large_page, LAST_SUBPAGE_ASSIGNED),
    UPDATE_REFUSED("hv-fixed", "2 MiB while the second page is HV-Fixed: FAIL_PERMISSION", "large",
                   "SNP-RMP-011", large_page, HV_FIXED_INSIDE),
    UPDATE_REFUSED("hv-fixed-last", "2 MiB while the last page is HV-Fixed: FAIL_PERMISSION",
                   "large", "SNP-RMP-011", large_page, HV_FIXED_LAST),
    UPDATE_SWITCHED("update.hv-fixed-code", "the code for an HV-Fixed page is a switch", "large",
                    "SNP-RMP-011", large_page, 1),
    UPDATE_REFUSED("in-use", "a page in use: FAIL_INUSE", "small", "SNP-RMP-012", small_page,
                   IN_USE),
    UPDATE_REFUSED("later-in-use", "2 MiB while the last page is in use: FAIL_INUSE", "large",
                   "SNP-RMP-012", large_page, LATER_IN_USE),

    RMP_ORDER("update", "RMPUPDATE: of two faults the earlier check answers", "update.small",
              ("SNP-RMP-001", "SNP-RMP-002", "SNP-RMP-003", "SNP-RMP-004", "SNP-RMP-005",
               "SNP-RMP-006", "SNP-RMP-007", "SNP-RMP-008", "SNP-RMP-010", "SNP-RMP-012"),
              small_page, defects),
    RMP_ORDER("update-large", "... of 2 MiB", "update.large",
              ("SNP-RMP-005", "SNP-RMP-006", "SNP-RMP-007", "SNP-RMP-010", "SNP-RMP-012"),
              large_page, defects),
    UPDATE_SWITCHED("order.update-in-use-first", "by switch in use is looked at before Immutable",
                    "small", "SNP-RMP-012", small_page, 2),
    UPDATE_SWITCHED("order.update-in-use-overlap", "... and so before a 2 MiB page's overlap",
                    "small-first", "SNP-RMP-012", first_page, 3),
    UPDATE_SWITCHED("order.update-immutable-first",
                    "without the switch Immutable is looked at before in use", "small",
                    "SNP-RMP-012", small_page, 4),
    UPDATE_SWITCHED("order.update-subpage-fixed", "sub-pages are looked at before HV-Fixed pages",
                    "large", "SNP-RMP-011", large_page, 5),
    UPDATE_SWITCHED("order.update-fixed-in-use", "HV-Fixed pages are looked at before use", "large",
                    "SNP-RMP-011", large_page, 6),
};

const struct suite_area rmp_part_update = RMP_PART(tests);
