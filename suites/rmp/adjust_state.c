/* RMPADJUST: what it sets, by VMPL and by mask. RMP notes, section 3.4, steps 4, 9 and 10. */
#include "rmp/rmp.h"

/* VMPL 0 gives VMPL 3 nothing on a page whose masks all differ; VMSA as it was: set. */
static struct rmp_shot vmsa_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_guest(RMP_CALL_ADJUST, pages);
    shot.entry.vmsa = true;
    shot.entry.perms[1] = 0x0F;
    shot.entry.perms[2] = 0x07;
    shot.entry.perms[3] = 0x03;
    shot.adjustment = (struct rmp_adjustment){.vmpl = 3, .mask = 0, .vmsa = true};
    return shot;
}

static void vmsa_off(struct rmp_shot *shot) {
    shot->adjustment.vmsa = false;
}

static void vmsa_on(struct rmp_shot *shot) {
    shot->entry.vmsa = false;
}

static void vmpl_1_vmsa_off(struct rmp_shot *shot) {
    shot->cpu.vmpl = 1;
    shot->adjustment.vmsa = false;
}

static void vmpl_1_vmsa_on(struct rmp_shot *shot) {
    shot->cpu.vmpl = 1;
    shot->entry.vmsa = false;
}

static void large_vmsa_on(struct rmp_shot *shot) {
    rmp_shot_large(shot);
    shot->entry.vmsa = false;
}

/* VMPL 0 may set VMSA where others may not. */
static void strict_vmsa_on(struct rmp_shot *shot) {
    vmsa_on(shot);
    shot->config.rules.adjust_refuses_vmsa = true;
}

/* ... and 4 KiB pages may have it where 2 MiB pages may not. */
static void strict_small_vmsa_on(struct rmp_shot *shot) {
    vmsa_on(shot);
    shot->config.rules.adjust_refuses_vmsa_2m = true;
}

#define GIVEN                                                                                      \
    .assigned = true, .validated = true, .asid = 1, .gpa = 0x40001000,                             \
    .perms = {0x1F, 0x0F, 0x07, 0}

/* ---- every pair of VMPLs, every mask ---- */

static struct rmp_shot pair_shot(unsigned vmpl, unsigned target) {
    struct rmp_shot shot = vmsa_page(8);
    shot.cpu.vmpl = (uint8_t)vmpl;
    shot.adjustment = (struct rmp_adjustment){.vmpl = (uint8_t)target, .mask = 0x01};
    shot.entry.vmsa = false;
    return shot;
}

static void granted_pairs(struct suite_ctx *ctx) {
    for (unsigned vmpl = 0; vmpl < 4; vmpl++) {
        for (unsigned target = vmpl + 1; target < 4; target++) {
            struct rmp_shot shot = pair_shot(vmpl, target);
            struct rmp_good good = {.after = shot.entry};
            good.after.perms[target] = 0x01;
            suite_instance(ctx, "VMPL %u for VMPL %u", vmpl, target);
            SUITE_STEP(rmp_shot_good(ctx, &shot, &good));
        }
    }
}

/* In every state: the entry is not looked at. */
static void refused_pair(struct suite_ctx *ctx, unsigned vmpl, unsigned target) {
    static const struct rmp_answer wanted = RMP_ANSWER_CODE(2, 65);
    for (unsigned state = 0; state < RMP_STATE_COUNT; state++) {
        struct rmp_shot shot = pair_shot(vmpl, target);
        shot.entry = rmp_state_entry((enum rmp_state)state, RMP_GPA + PAGE);
        suite_instance(ctx, "VMPL %u for VMPL %u, %s", vmpl, target,
                       rmp_state_name((enum rmp_state)state));
        SUITE_STEP(rmp_shot_refused(ctx, &shot, wanted));
    }
}

static void refused_pairs(struct suite_ctx *ctx) {
    for (unsigned vmpl = 0; vmpl < 4; vmpl++)
        for (unsigned target = 0; target <= vmpl && !suite_stopped(ctx); target++)
            refused_pair(ctx, vmpl, target);
}

static struct rmp_shot mask_shot(unsigned vmpl, unsigned own, unsigned mask) {
    struct rmp_shot shot = vmsa_page(8);
    shot.entry.vmsa = false;
    shot.cpu.vmpl = (uint8_t)vmpl;
    shot.entry.perms[vmpl] = (uint8_t)own;
    shot.adjustment = (struct rmp_adjustment){.vmpl = 3, .mask = (uint8_t)mask};
    return shot;
}

static void subset_case(struct suite_ctx *ctx, unsigned vmpl, unsigned own, unsigned mask) {
    static const struct rmp_answer beyond = RMP_ANSWER_CODE(2, 68);
    struct rmp_shot shot = mask_shot(vmpl, own, mask);
    struct rmp_good good = {.after = shot.entry};
    good.after.perms[3] = (uint8_t)mask;
    suite_instance(ctx, "VMPL %u with 0x%02x gives 0x%02x", vmpl, own, mask);
    const bool subset = (own & mask) == mask, wanted = *(const bool *)suite_row(ctx);
    if (subset && wanted) SUITE_STEP(rmp_shot_good(ctx, &shot, &good));
    if (!subset && !wanted) SUITE_STEP(rmp_shot_refused(ctx, &shot, beyond));
}

/* ROW: whether the subsets are asked for, or all else. */
static void masks(struct suite_ctx *ctx) {
    static const uint8_t owns[] = {0x00, 0x01, 0x03, 0x05, 0x0A, 0x13, 0x1C, 0x1F};
    for (size_t o = 0; o < sizeof owns; o++)
        for (unsigned mask = 0; mask < 32; mask++)
            for (unsigned vmpl = 0; vmpl < 3 && !suite_stopped(ctx); vmpl += 2)
                subset_case(ctx, vmpl, owns[o], mask);
}

static const struct suite_test tests[] = {
    RMP_GOOD("adjust.vmsa-kept", "VMPL 0 keeps VMSA by asking for it", ("SNP-RMP-071"), vmsa_page,
             .after = {GIVEN, .vmsa = true}),
    RMP_GOOD("adjust.vmsa-off", "VMPL 0 clears VMSA", ("SNP-RMP-071"), vmsa_page, vmsa_off,
             .after = {GIVEN}),
    RMP_GOOD("adjust.vmsa-on", "VMPL 0 sets VMSA", ("SNP-RMP-071"), vmsa_page, vmsa_on,
             .after = {GIVEN, .vmsa = true}),
    RMP_GOOD("adjust.vmsa-on-strict", "VMPL 0 sets VMSA where VMPL 1 to 3 are refused",
             ("SNP-RMP-069"), vmsa_page, strict_vmsa_on, .after = {GIVEN, .vmsa = true}),
    RMP_GOOD("adjust.vmsa-small-strict", "a 4 KiB page gets VMSA where 2 MiB pages are refused",
             ("SNP-RMP-070"), vmsa_page, strict_small_vmsa_on, .after = {GIVEN, .vmsa = true}),
    RMP_GOOD("adjust.vmsa-ignored-on", "VMPL 1 does not set VMSA", ("SNP-RMP-069"), vmsa_page,
             vmpl_1_vmsa_on, .after = {GIVEN}),
    RMP_GOOD("adjust.vmsa-ignored-off", "VMPL 1 does not clear VMSA", ("SNP-RMP-069"), vmsa_page,
             vmpl_1_vmsa_off, .after = {GIVEN, .vmsa = true}),
    RMP_GOOD("adjust.vmsa-large-on", "VMPL 0 sets VMSA on a 2 MiB page", ("SNP-RMP-070"), vmsa_page,
             large_vmsa_on,
             .after = {.assigned = true,
                       .validated = true,
                       .vmsa = true,
                       .asid = 1,
                       .gpa = 0x40000000,
                       .size = RMP_2M,
                       .perms = {0x1F, 0x0F, 0x07, 0}}),
    RMP_TEST("adjust.levels", "each VMPL sets the masks of those above it",
             ("SNP-RMP-064", "SNP-RMP-065", "SNP-RMP-071"), granted_pairs, NULL),
    RMP_NEGATIVE("adjust.levels-below", "no VMPL sets its own mask or a lower one's, in any state",
                 "adjust.levels", ("SNP-RMP-065"), refused_pairs, NULL),
    RMP_TEST("adjust.subsets", "every subset of the own mask may be given",
             ("SNP-RMP-068", "SNP-RMP-071"), masks, (&(const bool){true})),
    RMP_NEGATIVE("adjust.no-subsets", "no other mask may be given", "adjust.subsets",
                 ("SNP-RMP-068"), masks, (&(const bool){false})),
};

const struct suite_area rmp_part_adjust_state = RMP_PART(tests);
