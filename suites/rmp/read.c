/* RMPREAD. RMP notes, sections 1.2 and 3.6. */
#include "rmp/rmp.h"

static struct rmp_shot guest_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_READ, pages);
    shot.entry = (struct rmp_entry){.assigned = true,
                                    .validated = true,
                                    .vmsa = true,
                                    .asid = 1023,
                                    .gpa = 0x7FFFFFFFFF000,
                                    .perms = {0x1F, 0x1F, 0x1F, 0x1F}};
    return shot;
}

/* ---- what it tells ---- */

static void pre_swap(struct rmp_shot *shot) {
    shot->entry.immutable = true;
}

static void hypervisor(struct rmp_shot *shot) {
    shot->entry = (struct rmp_entry){0};
}

static void hv_fixed(struct rmp_shot *shot) {
    shot->entry = (struct rmp_entry){.immutable = true};
}

static void large(struct rmp_shot *shot) {
    shot->entry.size = RMP_2M;
    shot->entry_at = shot->spa = rmp_shot_page(shot);
}

static void inside_large(struct rmp_shot *shot) {
    large(shot);
    shot->spa += PAGE;
}

static void status_off(struct rmp_shot *shot) {
    shot->config.rules.read_tells_region = false;
}

static void large_status_off(struct rmp_shot *shot) {
    large(shot);
    status_off(shot);
}

/* The hypervisor's page, Assigned ones in the regions beside it. */
static void first_of_region(struct rmp_shot *shot) {
    shot->spa = rmp_shot_page(shot);
    shot->entry_at = rmp_shot_page(shot) - PAGE;
}

/* ... of a region whose last page alone is Assigned. */
static void last_assigned(struct rmp_shot *shot) {
    shot->spa = rmp_shot_page(shot);
    shot->entry_at = 2 * rmp_shot_page(shot) - PAGE;
}

/* ... whose first page alone is Assigned. */
static void first_assigned(struct rmp_shot *shot) {
    shot->entry_at = rmp_shot_page(shot);
}

static void last_fixed(struct rmp_shot *shot) {
    last_assigned(shot);
    hv_fixed(shot);
}

struct told {
    void (*vary)(struct rmp_shot *shot);
    struct rmp_state_fields fields;
};

static void told_case(struct suite_ctx *ctx, unsigned pages) {
    static const char rule[] = "the fields of the page's own entry";
    const struct told *row = suite_row(ctx);
    const struct rmp_state_fields *f = &row->fields;
    struct rmp_shot shot = guest_page(pages);
    if (row->vary != NULL) row->vary(&shot);
    SUITE_STEP(rmp_shot_granted(ctx, &shot));
    SUITE_EQUAL(ctx, "Assigned", f->assigned, shot.read.assigned, rule);
    SUITE_EQUAL(ctx, "Page_Size", f->size, shot.read.size, rule);
    SUITE_EQUAL(ctx, "Immutable", f->immutable, shot.read.immutable, rule);
    SUITE_EQUAL(ctx, "GPA", f->gpa, shot.read.gpa, rule);
    SUITE_EQUAL(ctx, "ASID", f->asid, shot.read.asid, rule);
    SUITE_EQUAL(ctx, "2M-region status", f->region_assigned, shot.read.region_assigned,
                "something in the region is Assigned");
}

static void told(struct suite_ctx *ctx) {
    rmp_each_size(ctx, told_case);
}

/* Validated, VMSA and masks leave no trace in the structure's bytes. */
static void hidden_case(struct suite_ctx *ctx, unsigned pages) {
    struct rmp_shot full = guest_page(pages), bare = full;
    bare.entry.validated = bare.entry.vmsa = false;
    for (unsigned i = 0; i < 4; i++) bare.entry.perms[i] = 0;
    SUITE_STEP(rmp_shot_granted(ctx, &full));
    SUITE_STEP(rmp_shot_granted(ctx, &bare));
    uint8_t a[16], b[16];
    abi_rmp_state_encode(&full.read, a);
    abi_rmp_state_encode(&bare.read, b);
    SUITE_BYTES(ctx, "structure", a, b, 16, "Validated, VMSA and masks are never told");
}

static void hidden(struct suite_ctx *ctx) {
    rmp_each_size(ctx, hidden_case);
}

/* ---- defects ---- */

static void lacking(struct rmp_shot *shot) {
    shot->config.has_rmpread = false;
}

enum { NOT_LONG_MODE, NOT_SNP, LACKING, CPL_1, CPL_3, NOT_COVERED, IN_GUEST };

static const struct rmp_defect defects[] = {
    [NOT_LONG_MODE] = {"32-bit mode", rmp_not_long_mode, RMP_CLAIM_MODE, RMP_ANSWER_UD(32)},
    [NOT_SNP] = {"SNPEn off", rmp_not_snp, RMP_CLAIM_MODE, RMP_ANSWER_UD(32)},
    [LACKING] = {"no RMPREAD", lacking, RMP_CLAIM_EXTRA, RMP_ANSWER_UD(32)},
    [CPL_1] = {"CPL 1", rmp_cpl_1, RMP_CLAIM_CPL, RMP_ANSWER_GP(33)},
    [CPL_3] = {"CPL 3", rmp_cpl_3, RMP_CLAIM_CPL, RMP_ANSWER_GP(33)},
    [NOT_COVERED] = {"no RMP entry", rmp_not_covered, RMP_CLAIM_COVERED, RMP_ANSWER_CODE(1, 34)},
    [IN_GUEST] = {"ASID not 0", rmp_cpu_in_guest, RMP_CLAIM_CPU_ASID, RMP_ANSWER_CODE(2, 35)},
};

#define TOLD(ID, TITLE, REQ, ...)                                                                  \
    RMP_TEST("read." ID, TITLE, (REQ), told, (&(const struct told){__VA_ARGS__}))
#define READ_REFUSED(ID, TITLE, REQ, DEFECT)                                                       \
    RMP_REFUSED("read." ID, TITLE, "read.guest", (REQ), guest_page, &defects[DEFECT])
#define OWNED .assigned = true, .asid = 1023, .gpa = 0x7FFFFFFFFF000

static const struct suite_test tests[] = {
    RMP_TEST("read.guest", "a guest's page: Assigned, ASID and GPA",
             ("SNP-RMP-032", "SNP-RMP-033", "SNP-RMP-034", "SNP-RMP-035", "SNP-RMP-036"), told,
             (&(const struct told){NULL, {OWNED, .region_assigned = true}})),
    TOLD("pre-swap", "an Immutable page of a guest", "SNP-RMP-036", pre_swap,
         {OWNED, .immutable = true, .region_assigned = true}),
    TOLD("hypervisor", "the hypervisor's page, nothing Assigned in its region", "SNP-RMP-036",
         hypervisor, {0}),
    TOLD("hv-fixed", "an HV-Fixed page", "SNP-RMP-036", hv_fixed, {.immutable = true}),
    TOLD("large", "the first page of a 2 MiB page", "SNP-RMP-036", large,
         {OWNED, .size = RMP_2M, .region_assigned = true}),
    TOLD("inside-large", "a later page of a 2 MiB page is Assigned, 4 KiB, without owner",
         "SNP-RMP-036", inside_large, {.assigned = true, .region_assigned = true}),
    RMP_TEST("read.hidden", "Validated, VMSA and masks are not told", ("SNP-RMP-036"), hidden,
             NULL),
    TOLD("region-last", "the status is set when the last page alone is Assigned", "SNP-RMP-037",
         last_assigned, {.region_assigned = true}),
    TOLD("region-first", "the status is set when the first page alone is Assigned", "SNP-RMP-037",
         first_assigned, {.region_assigned = true}),
    TOLD("region-none", "Assigned pages of other regions do not count", "SNP-RMP-037",
         first_of_region, {0}),
    TOLD("region-fixed", "an HV-Fixed page does not count: it is not Assigned", "SNP-RMP-037",
         last_fixed, {0}),
    TOLD("region-off", "by switch the status is never set", "SNP-RMP-037", status_off, {OWNED}),
    TOLD("region-off-large", "... nor for a 2 MiB page", "SNP-RMP-037", large_status_off,
         {OWNED, .size = RMP_2M}),

    READ_REFUSED("mode-32", "outside 64-bit mode: #UD", "SNP-RMP-032", NOT_LONG_MODE),
    READ_REFUSED("snp-off", "with SNPEn off: #UD", "SNP-RMP-032", NOT_SNP),
    READ_REFUSED("lacking", "on a processor without it: #UD", "SNP-RMP-032", LACKING),
    READ_REFUSED("cpl-1", "at CPL 1: #GP(0)", "SNP-RMP-033", CPL_1),
    READ_REFUSED("cpl-3", "at CPL 3: #GP(0)", "SNP-RMP-033", CPL_3),
    READ_REFUSED("not-covered", "after the table: FAIL_INPUT", "SNP-RMP-034", NOT_COVERED),
    READ_REFUSED("in-guest", "with an ASID: FAIL_PERMISSION", "SNP-RMP-035", IN_GUEST),
    RMP_ORDER("read", "RMPREAD: of two faults the earlier check answers", "read.guest",
              ("SNP-RMP-032", "SNP-RMP-033", "SNP-RMP-034", "SNP-RMP-035"), guest_page, defects),
};

const struct suite_area rmp_part_read = RMP_PART(tests);
