/* Tables structure and vmrun: what hardware checks of the structures that it is given. RMP notes, section 4.2. */
#include "rmp/decision.h"

/* ---- one structure ---- */

enum { STRUCTURE, STATE, OWN, GPA, VMSA, SIZE, PAGE, NEAR, ASID };

static const char *const structures[] = {
    "VMCB",   "AVIC backing page", "ES VMSA", "SNP VMSA", "VM_HSAVE_PA",
    "VMSAVE", "VMSAVE of a guest",
};

static bool structure_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                             uint32_t words[DECISION_WORDS_MAX]) {
    const struct decision_page page = {
        .state = (enum decision_state)at[STATE],
        .first = DECISION_GUEST_VALID,
        .size = (enum rmp_page_size)at[SIZE],
        .other_asid = at[OWN] != 0,
        .other_gpa = at[GPA] == DECISION_MISMATCH,
        .vmsa = at[VMSA] != 0,
        .later = at[PAGE] != 0,
        .near = at[NEAR],
    };
    const uint64_t offset = decision_offset(page.later);
    if (!decision_make(bench->rmp, &page)) return false;
    words[0] = decision_answer(rmp_check_structure(
        bench->rmp, (enum rmp_structure)at[STRUCTURE], decision_region(page.state) + offset,
        at[ASID] == 0 ? DECISION_ASID : 0, decision_address(at[GPA], offset)));
    return true;
}

static const struct decision_dim structure_dims[] = {
    DECISION_DIM("structure", structures),
    DECISION_STATE,
    DECISION_DIM("own", decision_match),
    DECISION_DIM("gpa", decision_gpas),
    DECISION_DIM("VMSA", decision_bits),
    DECISION_SIZE,
    DECISION_PAGE,
    DECISION_DIM("neighbours", decision_neighbours),
    DECISION_DIM("ASID", decision_asids),
};

/* ---- VMRUN: VMCB, AVIC backing page and VMSA are pages 0, 1 and 2 of the region ---- */

enum { MODE, RUN_VMCB, RUN_AVIC, RUN_VMSA };
enum { MODE_SNP, MODE_OFF, MODE_ES };

static const char *const modes[] = {"SNP", "SNP while off", "ES"};
static const char *const vmcbs[] = {"Hypervisor", "HV-Fixed", "Guest-Valid", "Default"};
static const char *const avics[] = {"none", "Hypervisor", "Reclaim"};
static const char *const vmsas[] = {"none",       "good",      "without VMSA", "Hypervisor",
                                    "other ASID", "other GPA", "Pre-Guest",    "Default"};
enum {
    VMSA_NONE,
    VMSA_GOOD,
    VMSA_WITHOUT,
    VMSA_HYPERVISOR,
    VMSA_ASID,
    VMSA_GPA,
    VMSA_PRE_GUEST,
    VMSA_DEFAULT,
};

#define AVIC_SPA (DECISION_SPA + RMP_PAGE_4K)
#define VMSA_SPA (DECISION_SPA + 2 * RMP_PAGE_4K)

/* A page of the guest at GPA. */
static void put_state(struct rmp *rmp, uint64_t paddr, enum decision_state state) {
    decision_put(rmp, paddr, decision_entry(&(struct decision_page){.state = state}, 0));
}

static uint64_t put_vmcb(struct rmp *rmp, unsigned vmcb) {
    static const enum decision_state states[] = {DECISION_HYPERVISOR, DECISION_HV_FIXED,
                                                 DECISION_GUEST_VALID};
    if (vmcb >= DECISION_COUNT(states)) return DECISION_MEMORY;
    put_state(rmp, DECISION_SPA, states[vmcb]);
    return DECISION_SPA;
}

static uint64_t put_avic(struct rmp *rmp, unsigned avic) {
    if (avic == 0) return RMP_NO_PAGE;
    put_state(rmp, AVIC_SPA, avic == 1 ? DECISION_HYPERVISOR : DECISION_RECLAIM);
    return AVIC_SPA;
}

static uint64_t put_vmsa(struct rmp *rmp, unsigned vmsa) {
    const struct decision_page page = {
        .state = vmsa == VMSA_HYPERVISOR  ? DECISION_HYPERVISOR
                 : vmsa == VMSA_PRE_GUEST ? DECISION_PRE_GUEST
                                          : DECISION_GUEST_VALID,
        .other_asid = vmsa == VMSA_ASID,
        .other_gpa = vmsa == VMSA_GPA,
        .vmsa = vmsa != VMSA_WITHOUT,
    };
    if (vmsa == VMSA_NONE) return RMP_NO_PAGE;
    if (vmsa == VMSA_DEFAULT) return DECISION_MEMORY + RMP_PAGE_4K;
    decision_put(rmp, VMSA_SPA, decision_entry(&page, 0));
    return VMSA_SPA;
}

static uint32_t used(const struct rmp *rmp) {
    static const uint64_t pages[] = {DECISION_SPA, AVIC_SPA, VMSA_SPA};
    uint32_t word = 0;
    for (unsigned i = 0; i < DECISION_COUNT(pages); i++) {
        struct rmp_entry e;
        if (rmp_entry_at(rmp, pages[i], &e) && e.in_use) word |= UINT32_C(1) << i;
    }
    return word;
}

static bool vmrun_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                         uint32_t words[DECISION_WORDS_MAX]) {
    struct rmp *rmp = bench->rmp;
    rmp_reset(rmp);
    const struct rmp_vmrun run = {
        .snp_enabled = at[MODE] != MODE_OFF,
        .snp_guest = at[MODE] != MODE_ES,
        .vmcb = put_vmcb(rmp, at[RUN_VMCB]),
        .avic = put_avic(rmp, at[RUN_AVIC]),
        .vmsa = put_vmsa(rmp, at[RUN_VMSA]),
        .vmsa_gpa = DECISION_GPA,
        .asid = DECISION_ASID,
    };
    const struct rmp_answer answer = rmp_vmrun(rmp, &run);
    words[0] = decision_answer(answer);
    words[1] = used(rmp);
    if (rmp_ok(answer)) rmp_vmexit(rmp, &run);
    words[2] = used(rmp);
    return true;
}

static const struct decision_dim vmrun_dims[] = {
    DECISION_DIM("guest", modes),
    DECISION_DIM("VMCB", vmcbs),
    DECISION_DIM("AVIC", avics),
    DECISION_DIM("VMSA", vmsas),
};

const struct decision_table decision_structure[] = {
    {.name = "structure",
     .dims = structure_dims,
     .dim_count = DECISION_COUNT(structure_dims),
     .words = 1,
     .regions = DECISION_REGIONS,
     .decide = structure_decide},
    {.name = "vmrun",
     .dims = vmrun_dims,
     .dim_count = DECISION_COUNT(vmrun_dims),
     .words = 3,
     .regions = DECISION_REGIONS,
     .decide = vmrun_decide},
    {0},
};
