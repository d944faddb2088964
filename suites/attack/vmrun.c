/* Attacks by VMRUN and its structures: forged register state, structures that processors write, pages in use. */
#include "attack/attack.h"

extern const struct suite_area attack_vmrun_part;

#define X GPA_AT(0)
#define P AT(1, 1)
#define VMCB AT(2, 1)

/* Makes P a page of OWNER's at GPA, a VMSA if wanted. */
static void give(struct attack_stage *s, struct mem_guest *owner, uint64_t gpa, bool vmsa) {
    const struct rmp_adjustment wanted = {.vmpl = 1, .vmsa = vmsa};
    attack_give(s, owner, gpa, P, RMP_4K);
    attack_need(s, rmp_ok(mem_guest_adjust(owner, 0, gpa, true, RMP_4K, &wanted)), "RMPADJUST");
}

static struct rmp_vmrun run_with(uint64_t vmsa) {
    return (struct rmp_vmrun){.snp_enabled = true,
                              .snp_guest = true,
                              .vmcb = VMCB,
                              .avic = RMP_NO_PAGE,
                              .vmsa = vmsa,
                              .vmsa_gpa = X,
                              .asid = VICTIM_ASID};
}

static void runs(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_vmrun run = run_with(P);
    end->answer = rmp_vmrun(s->rmp, &run);
    end->harm = evil && rmp_ok(end->answer);
}

static void plain_page(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, s->victim, X, !evil);
    runs(s, evil, end);
}

static void other_guests(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, evil ? s->other : s->victim, X, true);
    runs(s, evil, end);
}

static void other_gpa(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, s->victim, evil ? GPA_AT(1) : X, true);
    runs(s, evil, end);
}

/* The page is on its way out of memory: an old state would run. */
static void immutable(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, s->victim, X, true);
    if (evil)
        attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, true)), "RMPUPDATE");
    runs(s, evil, end);
}

/* ---- structures that the processor writes, put over the guest's page ---- */

/* STRUCTURE at the guest's page; fair, at one of the host's own. */
static void structure_at(struct attack_stage *s, enum rmp_structure structure, bool evil,
                         struct attack_end *end) {
    attack_give(s, s->victim, X, P, RMP_4K);
    end->answer = rmp_check_structure(s->rmp, structure, evil ? P : VMCB, 0, 0);
    end->harm = evil && rmp_ok(end->answer);
}

static void vmcb(struct attack_stage *s, bool evil, struct attack_end *end) {
    structure_at(s, RMP_VMCB, evil, end);
}

static void avic(struct attack_stage *s, bool evil, struct attack_end *end) {
    structure_at(s, RMP_AVIC_BACKING_PAGE, evil, end);
}

static void es_vmsa(struct attack_stage *s, bool evil, struct attack_end *end) {
    structure_at(s, RMP_ES_VMSA, evil, end);
}

static void hsave(struct attack_stage *s, bool evil, struct attack_end *end) {
    structure_at(s, RMP_HSAVE, evil, end);
}

static void vmsave(struct attack_stage *s, bool evil, struct attack_end *end) {
    structure_at(s, RMP_VMSAVE, evil, end);
}

static void vmsave_guest(struct attack_stage *s, bool evil, struct attack_end *end) {
    structure_at(s, RMP_VMSAVE_GUEST, evil, end);
}

/* ---- pages in use ---- */

/* RMPUPDATE takes the VMSA while its processor runs. */
static void steal_running(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_entry e;
    give(s, s->victim, X, true);
    const struct rmp_vmrun run = run_with(P);
    attack_need(s, rmp_ok(rmp_vmrun(s->rmp, &run)), "VMRUN");
    if (!evil) rmp_vmexit(s->rmp, &run);
    end->answer = attack_release(s, P, RMP_4K);
    attack_need(s, rmp_entry_at(s->rmp, P, &e), "the page's entry");
    end->harm = evil && e.asid != VICTIM_ASID;
}

/* A page of firmware's under the running processor's VMCB. */
static void steal_vmcb(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_entry e;
    give(s, s->victim, X, true);
    const struct rmp_vmrun run = run_with(P);
    if (evil) attack_need(s, rmp_ok(rmp_vmrun(s->rmp, &run)), "VMRUN");
    end->answer = attack_update(s, VMCB, 0, 0, RMP_4K, true);
    attack_need(s, rmp_entry_at(s->rmp, VMCB, &e), "the page's entry");
    end->harm = evil && e.assigned;
}

static const struct suite_test tests[] = {
    ATTACK("vmsa.plain-page", "a page of data runs as VMSA", "SNP-RMP-138", 138,
           "registers of the attacker's choice run in the guest", plain_page),
    ATTACK("vmsa.other-guest", "a VMSA of another guest's runs", "SNP-RMP-135", 135,
           "another guest's registers run in the victim", other_guests),
    ATTACK("vmsa.other-address", "a VMSA of another guest address runs", "SNP-RMP-136", 136,
           "another processor's registers run", other_gpa),
    ATTACK("vmsa.swapped-out", "a VMSA that firmware is taking out of memory runs", "SNP-RMP-137",
           137, "registers go on whose copy is already taken", immutable),
    ATTACK("vmrun.vmcb", "the VMCB lies in a guest's page", "SNP-RMP-131", 131,
           "VMRUN writes to the guest's page", vmcb),
    ATTACK("vmrun.avic", "the AVIC backing page is a guest's page", "SNP-RMP-132", 132,
           "the processor writes to the guest's page", avic),
    ATTACK("vmrun.es-vmsa", "a guest without SNP keeps its registers in an SNP guest's page",
           "SNP-RMP-133", 133, "#VMEXIT writes to the victim's page", es_vmsa),
    ATTACK("vmrun.hsave", "VM_HSAVE_PA is a guest's page", "SNP-RMP-139", 139,
           "VMRUN saves the host's state over the guest's page", hsave),
    ATTACK("vmrun.vmsave", "the host's VMSAVE goes to a guest's page", "SNP-RMP-140", 140,
           "VMSAVE writes to the guest's page", vmsave),
    ATTACK("vmrun.vmsave-guest", "a virtualised VMSAVE goes to a guest's page", "SNP-RMP-141", 141,
           "VMSAVE writes to the victim's page", vmsave_guest),
    ATTACK("inuse.vmsa", "a running VMSA is taken by RMPUPDATE", "SNP-RMP-012", 12,
           "a running processor's registers lie in the host's page", steal_running),
    ATTACK("inuse.vmcb", "a running VMCB becomes firmware's page", "SNP-RMP-012", 12,
           "the processor writes to a page of firmware's", steal_vmcb),
};

const struct suite_area attack_vmrun_part = ATTACK_PART(tests);
