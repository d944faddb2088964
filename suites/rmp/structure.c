/* What VMRUN and its neighbours are given: VMCB, AVIC backing page, VMSA, host save area. RMP notes, section 4.2. */
#include "rmp/rmp.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

/* ---- structures of the hypervisor's ---- */

struct owned {
    enum rmp_structure structure;
    struct rmp_answer fault;
};

static struct rmp_shot owned_shot(const struct owned *o, unsigned state) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_STRUCTURE, 8);
    shot.structure = o->structure;
    shot.entry = rmp_state_entry((enum rmp_state)state, RMP_GPA);
    return shot;
}

static bool is_assigned(unsigned state) {
    return state != RMP_HYPERVISOR && state != RMP_HV_FIXED;
}

/* In Hypervisor, HV-Fixed and Default pages; an Assigned neighbour does not matter: the size is 4 KiB. */
static void owned_good(struct suite_ctx *ctx) {
    const struct owned *o = suite_row(ctx);
    static const unsigned states[] = {RMP_HYPERVISOR, RMP_HV_FIXED};
    for (size_t i = 0; i < COUNT(states); i++) {
        struct rmp_shot shot = owned_shot(o, states[i]);
        shot.other_at = shot.spa + PAGE;
        shot.other = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA);
        suite_instance(ctx, "%s", rmp_state_name((enum rmp_state)states[i]));
        SUITE_STEP(rmp_shot_granted(ctx, &shot));
        shot.spa = shot.entry_at = rmp_shot_page(&shot);
        suite_instance(ctx, "%s, first page", rmp_state_name((enum rmp_state)states[i]));
        SUITE_STEP(rmp_shot_granted(ctx, &shot));
    }
    struct rmp_shot shot = owned_shot(o, RMP_HYPERVISOR);
    rmp_not_covered(&shot);
    suite_instance(ctx, "default");
    SUITE_STEP(rmp_shot_granted(ctx, &shot));
}

/* In every other state, and inside a 2 MiB page. */
static void owned_bad(struct suite_ctx *ctx) {
    const struct owned *o = suite_row(ctx);
    for (unsigned state = 0; state < RMP_STATE_COUNT; state++) {
        if (!is_assigned(state)) continue;
        struct rmp_shot shot = owned_shot(o, state);
        suite_instance(ctx, "%s", rmp_state_name((enum rmp_state)state));
        SUITE_STEP(rmp_shot_refused(ctx, &shot, o->fault));
    }
    struct rmp_shot shot = owned_shot(o, RMP_GUEST_VALID);
    shot.entry.size = RMP_2M;
    shot.entry_at = rmp_shot_page(&shot);
    suite_instance(ctx, "inside 2 MiB");
    SUITE_STEP(rmp_shot_refused(ctx, &shot, o->fault));
}

#define INVALID(RULE)                                                                              \
    { .fault = RMP_VMEXIT_INVALID, .rule = (RULE) }

static const struct owned vmcb = {RMP_VMCB, RMP_ANSWER_GP(131)};
static const struct owned avic = {RMP_AVIC_BACKING_PAGE, INVALID(132)};
static const struct owned es_vmsa = {RMP_ES_VMSA, INVALID(133)};
static const struct owned hsave = {RMP_HSAVE, RMP_ANSWER_GP(139)};
static const struct owned vmsave = {RMP_VMSAVE, RMP_ANSWER_GP(140)};
static const struct owned vmsave_guest = {RMP_VMSAVE_GUEST, RMP_ANSWER_NPF(0x80000000, 141)};

/* A Hypervisor page, which VMSAVE of a guest without SEV-ES may write. */
static struct rmp_shot vmsave_shot(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_STRUCTURE, pages);
    shot.structure = RMP_VMSAVE_GUEST;
    return shot;
}

static void inside_es(struct rmp_shot *shot) {
    shot->structure = RMP_VMSAVE_ES;
}

static const struct rmp_defect vmsave_es = {
    "a guest with SEV-ES", inside_es, 0, {.fault = RMP_VMEXIT_VMSAVE, .rule = 145}};

/* ---- the VMSA of an SNP guest ---- */

static struct rmp_shot vmsa_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_STRUCTURE, pages);
    shot.structure = RMP_SNP_VMSA;
    shot.asid = RMP_ASID;
    shot.gpa = RMP_GPA + PAGE;
    shot.entry = rmp_state_entry(RMP_GUEST_VALID, shot.gpa);
    shot.entry.vmsa = true;
    return shot;
}

static void not_valid(struct rmp_shot *shot) {
    shot->entry.validated = false;
}

/* The first page of a 2 MiB page; the size of 4 KiB is used. */
static void first_of_large(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_page(shot);
    shot->gpa = shot->entry.gpa = RMP_GPA;
    shot->entry.size = RMP_2M;
}

static void inside_large(struct rmp_shot *shot) {
    first_of_large(shot);
    shot->spa += PAGE;
    shot->gpa += PAGE;
}

static void asid_0_twice(struct rmp_shot *shot) {
    shot->asid = shot->entry.asid = 0;
}

static void next_gpa(struct rmp_shot *shot) {
    shot->gpa += PAGE;
}

/* An address that no entry can hold. */
static void beyond_gpa(struct rmp_shot *shot) {
    shot->gpa |= UINT64_C(1) << 51;
}

static void no_vmsa(struct rmp_shot *shot) {
    shot->entry.vmsa = false;
}

enum {
    NOT_COVERED,
    OTHER_ASID,
    ASID_0,
    ASID_0_TWICE,
    INSIDE_LARGE,
    OTHER_GPA,
    NEXT_GPA,
    BEYOND_GPA,
    IMMUTABLE,
    NO_VMSA,
};

static const struct rmp_defect defects[] = {
    [NOT_COVERED] = {"no RMP entry", rmp_not_covered, RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY,
                     INVALID(134)},
    [OTHER_ASID] = {"another ASID", rmp_other_owner, RMP_CLAIM_OWNER, INVALID(135)},
    [ASID_0] = {"ASID 0", rmp_no_owner, RMP_CLAIM_OWNER, INVALID(135)},
    [ASID_0_TWICE] = {"ASID 0 of both", asid_0_twice, RMP_CLAIM_OWNER, INVALID(135)},
    [INSIDE_LARGE] = {"later page of 2 MiB", inside_large, RMP_CLAIM_ENTRY | RMP_CLAIM_ADDRESS,
                      INVALID(135)},
    [OTHER_GPA] = {"another GPA", rmp_other_gpa, RMP_CLAIM_GPA, INVALID(136)},
    [NEXT_GPA] = {"next GPA", next_gpa, RMP_CLAIM_GPA, INVALID(136)},
    [BEYOND_GPA] = {"GPA bit 51", beyond_gpa, RMP_CLAIM_GPA, INVALID(136)},
    [IMMUTABLE] = {"Immutable", rmp_immutable, RMP_CLAIM_IMMUTABLE, INVALID(137)},
    [NO_VMSA] = {"no VMSA", no_vmsa, RMP_CLAIM_VMSA, INVALID(138)},
};

/* ---- VMRUN as a whole: the hypervisor's VMCB and AVIC page, the guest's VMSA ---- */

static struct rmp_shot run_shot(unsigned pages) {
    struct rmp_shot shot = vmsa_page(pages);
    shot.call = RMP_CALL_VMRUN;
    shot.run = (struct rmp_vmrun){.snp_enabled = true,
                                  .snp_guest = true,
                                  .vmcb = shot.spa + 2 * PAGE,
                                  .avic = shot.spa + 3 * PAGE,
                                  .vmsa = shot.spa,
                                  .vmsa_gpa = shot.gpa,
                                  .asid = RMP_ASID};
    return shot;
}

/* A guest with SEV-ES alone: its VMSA is the hypervisor's page. */
static struct rmp_shot es_shot(unsigned pages) {
    struct rmp_shot shot = run_shot(pages);
    shot.run.snp_guest = false;
    shot.entry = (struct rmp_entry){0};
    return shot;
}

static void snp_off(struct rmp_shot *shot) {
    shot->run.snp_enabled = false;
}

/* No source places this check among VMRUN's others. */
static void no_hsave(struct rmp_shot *shot) {
    shot->run.no_hsave = true;
}

static const struct rmp_defect hsave_0 = {"VM_HSAVE_PA 0", no_hsave, 0, RMP_ANSWER_GP(144)};

/* The firmware's page of put_bystanders, in the last region. */
static void bad_vmcb(struct rmp_shot *shot) {
    shot->run.vmcb = 3 * rmp_shot_page(shot);
}

static void bad_avic(struct rmp_shot *shot) {
    shot->run.avic = 3 * rmp_shot_page(shot);
}

static void bad_vmsa(struct rmp_shot *shot) {
    shot->run.vmsa = 3 * rmp_shot_page(shot);
}

static void vmsa_outside(struct rmp_shot *shot) {
    shot->run.vmsa = rmp_shot_end(shot);
}

static void vmsa_missing(struct rmp_shot *shot) {
    shot->run.vmsa = RMP_NO_PAGE;
}

static void vmsa_gpa(struct rmp_shot *shot) {
    shot->run.vmsa_gpa += PAGE;
}

#define RUN(VALUE) (1U << (VALUE))

enum {
    SNP_OFF,
    BAD_VMCB,
    BAD_AVIC,
    VMSA_OUTSIDE,
    VMSA_MISSING,
    VMSA_ASID,
    VMSA_GPA,
    VMSA_IMMUTABLE,
    VMSA_BIT
};

static const struct rmp_defect runs[] = {
    [SNP_OFF] = {"SNPEn off", snp_off, RUN(0), INVALID(142)},
    [BAD_VMCB] = {"VMCB Assigned", bad_vmcb, RUN(1), RMP_ANSWER_GP(131)},
    [BAD_AVIC] = {"AVIC backing page Assigned", bad_avic, RUN(2), INVALID(132)},
    [VMSA_OUTSIDE] = {"VMSA without RMP entry", vmsa_outside, RUN(3) | RUN(4) | RUN(5) | RUN(6),
                      INVALID(134)},
    [VMSA_MISSING] = {"no VMSA", vmsa_missing, RUN(3) | RUN(4) | RUN(5) | RUN(6), INVALID(134)},
    [VMSA_ASID] = {"VMSA of another ASID", rmp_other_owner, RUN(3), INVALID(135)},
    [VMSA_GPA] = {"VMSA of another GPA", vmsa_gpa, RUN(4), INVALID(136)},
    [VMSA_IMMUTABLE] = {"VMSA Immutable", rmp_immutable, RUN(5), INVALID(137)},
    [VMSA_BIT] = {"VMSA bit 0", no_vmsa, RUN(6), INVALID(138)},
};

static const struct rmp_defect es_runs[] = {
    {"VMCB Assigned", bad_vmcb, RUN(1), RMP_ANSWER_GP(131)},
    {"AVIC backing page Assigned", bad_avic, RUN(2), INVALID(132)},
    {"VMSA Assigned", bad_vmsa, RUN(3), INVALID(133)},
};

#define OWNED(ID, TITLE, REQ, ROW)                                                                 \
    RMP_TEST("structure." ID, TITLE " may be the hypervisor's, HV-Fixed or without RMP entry",     \
             (REQ), owned_good, &(ROW)),                                                           \
        RMP_NEGATIVE("structure." ID "-assigned", TITLE " may not be Assigned", "structure." ID,   \
                     (REQ), owned_bad, &(ROW))
#define VMSA(ID, TITLE, REQ, DEFECT)                                                               \
    RMP_REFUSED("structure." ID, TITLE, "structure.snp-vmsa", (REQ), vmsa_page, &defects[DEFECT])
#define RUN_REFUSED(ID, TITLE, TWIN, REQ, BASE, DEFECT)                                            \
    RMP_REFUSED("structure." ID, TITLE, "structure." TWIN, (REQ), BASE, DEFECT)

static const struct suite_test tests[] = {
    OWNED("vmcb", "a VMCB", "SNP-RMP-131", vmcb),
    OWNED("avic", "an AVIC backing page", "SNP-RMP-132", avic),
    OWNED("es-vmsa", "a VMSA of a guest without SNP", "SNP-RMP-133", es_vmsa),
    OWNED("hsave", "a page for VM_HSAVE_PA", "SNP-RMP-139", hsave),
    OWNED("vmsave", "a page of the host's VMSAVE", "SNP-RMP-140", vmsave),
    OWNED("vmsave-guest", "a page of a virtualised VMSAVE", "SNP-RMP-141", vmsave_guest),
    RMP_GOOD("structure.vmsave-plain", "VMSAVE of a guest without SEV-ES", ("SNP-RMP-145"),
             vmsave_shot, .keeps = true),
    RMP_REFUSED("structure.vmsave-es", "VMSAVE in a guest with SEV-ES or SNP",
                "structure.vmsave-plain", ("SNP-RMP-145"), vmsave_shot, &vmsave_es),
    RMP_GOOD("structure.snp-vmsa", "an SNP guest's own VMSA page",
             ("SNP-RMP-134", "SNP-RMP-135", "SNP-RMP-136", "SNP-RMP-137", "SNP-RMP-138"), vmsa_page,
             .keeps = true),
    RMP_GOOD("structure.snp-vmsa-invalid", "Validated is not looked at", ("SNP-RMP-138"), vmsa_page,
             not_valid, .keeps = true),
    RMP_GOOD("structure.snp-vmsa-large", "the first page of a 2 MiB page", ("SNP-RMP-136"),
             vmsa_page, first_of_large, .keeps = true),
    VMSA("snp-vmsa-outside", "a VMSA without RMP entry", "SNP-RMP-134", NOT_COVERED),
    VMSA("snp-vmsa-other", "another guest's VMSA", "SNP-RMP-135", OTHER_ASID),
    VMSA("snp-vmsa-asid-0", "a VMSA of ASID 0", "SNP-RMP-135", ASID_0),
    VMSA("snp-vmsa-asid-0-twice", "a VMSA of ASID 0 for ASID 0", "SNP-RMP-135", ASID_0_TWICE),
    VMSA("snp-vmsa-inside", "a later page of a 2 MiB page", "SNP-RMP-135", INSIDE_LARGE),
    VMSA("snp-vmsa-gpa", "a VMSA of another GPA", "SNP-RMP-136", OTHER_GPA),
    VMSA("snp-vmsa-next", "a VMSA of the GPA before", "SNP-RMP-136", NEXT_GPA),
    VMSA("snp-vmsa-gpa-bit-51", "a GPA beyond what an entry holds", "SNP-RMP-136", BEYOND_GPA),
    VMSA("snp-vmsa-immutable", "an Immutable VMSA", "SNP-RMP-137", IMMUTABLE),
    VMSA("snp-vmsa-bit", "a page whose VMSA bit is 0", "SNP-RMP-138", NO_VMSA),
    RMP_ORDER("structure", "of two faults of an SNP guest's VMSA the earlier check answers",
              "structure.snp-vmsa",
              ("SNP-RMP-134", "SNP-RMP-135", "SNP-RMP-136", "SNP-RMP-137", "SNP-RMP-138"),
              vmsa_page, defects),
    RUN_REFUSED("run-snp-off", "VMRUN of an SNP guest with SNPEn off", "run", "SNP-RMP-142",
                run_shot, &runs[SNP_OFF]),
    RUN_REFUSED("run-no-hsave", "VMRUN while VM_HSAVE_PA is 0: nothing is in use", "run",
                "SNP-RMP-144", run_shot, &hsave_0),
    RUN_REFUSED("run-vmcb", "VMRUN with an Assigned VMCB: nothing is in use", "run", "SNP-RMP-131",
                run_shot, &runs[BAD_VMCB]),
    RUN_REFUSED("run-avic", "VMRUN with an Assigned AVIC page: nothing is in use", "run",
                "SNP-RMP-132", run_shot, &runs[BAD_AVIC]),
    RUN_REFUSED("run-vmsa-outside", "VMRUN with a VMSA outside the RMP", "run", "SNP-RMP-134",
                run_shot, &runs[VMSA_OUTSIDE]),
    RUN_REFUSED("run-vmsa-none", "VMRUN of an SNP guest without VMSA: nothing is in use", "run",
                "SNP-RMP-134", run_shot, &runs[VMSA_MISSING]),
    RUN_REFUSED("run-vmsa-asid", "VMRUN with another guest's VMSA", "run", "SNP-RMP-135", run_shot,
                &runs[VMSA_ASID]),
    RUN_REFUSED("run-vmsa-gpa", "VMRUN with a VMSA of another GPA", "run", "SNP-RMP-136", run_shot,
                &runs[VMSA_GPA]),
    RUN_REFUSED("run-vmsa-immutable", "VMRUN with an Immutable VMSA", "run", "SNP-RMP-137",
                run_shot, &runs[VMSA_IMMUTABLE]),
    RUN_REFUSED("run-vmsa-bit", "VMRUN with a VMSA bit of 0", "run", "SNP-RMP-138", run_shot,
                &runs[VMSA_BIT]),
    RUN_REFUSED("run-es-vmsa", "VMRUN of a guest without SNP with an Assigned VMSA", "run-es",
                "SNP-RMP-133", es_shot, &es_runs[2]),
    RMP_ORDER("vmrun", "VMRUN: of two faults the earlier check answers", "structure.run",
              ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-134", "SNP-RMP-142"), run_shot, runs),
    RMP_ORDER("vmrun-es", "... of a guest without SNP", "structure.run-es",
              ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-133"), es_shot, es_runs),
};

const struct suite_area rmp_part_structure = RMP_PART(tests);
