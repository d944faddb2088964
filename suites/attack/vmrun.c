/* Attacks by VMRUN and its structures: forged register state, structures that processors write, pages in use. RMP notes,
 * section 4.2. What the processor itself does to memory then is played by attack_put and by encryption in place. */
#include "attack/attack.h"

extern const struct suite_area attack_vmrun_part;

#define X GPA_AT(0)
#define Y GPA_AT(1)
#define P AT(1, 1) /* the victim's page at X */
#define Q AT(1, 2)
#define VMCB AT(2, 1)

/* Makes SPA a VMSA of OWNER's at GPA that says N. */
static void give_vmsa(struct attack_stage *s, struct mem_guest *owner, uint64_t gpa, uint64_t spa,
                      unsigned n) {
    const struct rmp_adjustment wanted = {.vmpl = 1, .vmsa = true};
    attack_give(s, owner, gpa, spa, RMP_4K);
    attack_write(s, owner, gpa, n);
    attack_need(s, rmp_ok(mem_guest_adjust(owner, 0, gpa, true, RMP_4K, &wanted)), "RMPADJUST");
}

static struct rmp_vmrun run_with(uint64_t vmsa, uint64_t gpa) {
    return (struct rmp_vmrun){.snp_enabled = true,
                              .snp_guest = true,
                              .vmcb = VMCB,
                              .avic = RMP_NO_PAGE,
                              .vmsa = vmsa,
                              .vmsa_gpa = gpa,
                              .asid = VICTIM_ASID};
}

/* What a processor loads from SPA as the victim's registers is N. */
static bool registers_are(struct attack_stage *s, uint64_t spa, unsigned n) {
    attack_need(s, mem_decrypt_page(s->victim, spa), "the processor's decryption");
    const bool same = attack_holds(s, spa, n);
    attack_need(s, mem_encrypt_page(s->victim, spa), "the processor's encryption");
    return same;
}

/* #VMEXIT saves registers that say N. */
static void save_registers(struct attack_stage *s, uint64_t spa, unsigned n) {
    attack_need(s, mem_decrypt_page(s->victim, spa), "the processor's decryption");
    attack_put(s, spa, n);
    attack_need(s, mem_encrypt_page(s->victim, spa), "the processor's encryption");
}

/* ---- registers that are not the victim's: its own VMSA lies in P and says 1 ---- */

static void runs(struct attack_stage *s, uint64_t vmsa, uint64_t gpa, struct attack_end *end) {
    const struct rmp_vmrun run = run_with(vmsa, gpa);
    end->answer = rmp_vmrun(s->rmp, &run);
    if (rmp_ok(end->answer)) end->harm = !registers_are(s, vmsa, 1);
}

/* Data that the guest took from outside. */
static void plain_page(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_vmsa(s, s->victim, X, P, 1);
    attack_give(s, s->victim, Y, Q, RMP_4K);
    attack_write(s, s->victim, Y, 2);
    runs(s, evil ? Q : P, evil ? Y : X, end);
}

static void other_guests(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_vmsa(s, s->victim, X, P, 1);
    give_vmsa(s, s->other, X, Q, 2);
    runs(s, evil ? Q : P, X, end);
}

static void other_gpa(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_vmsa(s, s->victim, X, P, 1);
    give_vmsa(s, s->victim, Y, Q, 2);
    runs(s, evil ? Q : P, X, end);
}

static void not_covered(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_vmsa(s, s->victim, X, P, 1);
    attack_need(s, rmp_ok(attack_host_write(s, NOT_COVERED, RMP_MAP_4K)), "a write of the host's");
    runs(s, evil ? NOT_COVERED : P, X, end);
}

/* Firmware has its copy of the page; what the guest does from then on is not in it. */
static void immutable(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_vmrun run = run_with(P, X);
    uint8_t copy[16], page[16];
    give_vmsa(s, s->victim, X, P, 1);
    if (evil)
        attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, true)), "RMPUPDATE");
    attack_need(s, mem_read(s->mem, P, copy, sizeof copy), "firmware's copy");
    end->answer = rmp_vmrun(s->rmp, &run);
    if (rmp_ok(end->answer)) save_registers(s, P, 2);
    attack_need(s, mem_read(s->mem, P, page, sizeof page), "a raw read");
    end->harm = evil && memcmp(copy, page, sizeof page) != 0;
}

/* ---- structures that the processor writes, put over the guest's page ---- */

/* STRUCTURE at the guest's page; fair, at one of the host's own. The processor writes to it when it is accepted. */
static void structure_at(struct attack_stage *s, enum rmp_structure structure, bool evil,
                         struct attack_end *end) {
    const uint64_t spa = evil ? P : VMCB;
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 1);
    end->answer = rmp_check_structure(s->rmp, structure, spa, 0, 0);
    if (rmp_ok(end->answer)) attack_put(s, spa, JUNK);
    end->harm = !attack_reads(s->victim, X, 1);
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

/* RMPUPDATE takes the VMSA, over which the host then writes: evil, while its processor runs; fair, after #VMEXIT, and it
 * does not run again. */
static void steal_running(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_vmrun run = run_with(P, X);
    give_vmsa(s, s->victim, X, P, 1);
    attack_need(s, rmp_ok(rmp_vmrun(s->rmp, &run)), "VMRUN");
    if (!evil) rmp_vmexit(s->rmp, &run);
    end->answer = attack_release(s, P, RMP_4K);
    (void)attack_host_write(s, P, RMP_MAP_4K);
    const bool goes_on = evil || rmp_ok(rmp_vmrun(s->rmp, &run));
    end->harm = goes_on && !registers_are(s, P, 1);
}

/* #VMEXIT writes the VMCB. */
static void leave(struct attack_stage *s, const struct rmp_vmrun *run) {
    attack_put(s, VMCB, 2);
    rmp_vmexit(s->rmp, run);
}

/* The VMCB becomes a page in which firmware keeps something: evil, before #VMEXIT; fair, after it. */
static void steal_vmcb(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_vmrun run = run_with(P, X);
    give_vmsa(s, s->victim, X, P, 1);
    attack_need(s, rmp_ok(rmp_vmrun(s->rmp, &run)), "VMRUN");
    if (!evil) leave(s, &run);
    end->answer = attack_update(s, VMCB, 0, 0, RMP_4K, true);
    const bool firmwares = rmp_ok(end->answer);
    if (firmwares) attack_put(s, VMCB, 1);
    if (evil) leave(s, &run);
    end->harm = firmwares && !attack_holds(s, VMCB, 1);
}

static const struct suite_test tests[] = {
    ATTACK("vmsa.plain-page", "VM register state; unauthenticated VMCB state",
           "a page of data runs as VMSA", "SNP-RMP-138", .rule = 138,
           "registers of the attacker's choice run in the guest", plain_page),
    ATTACK("vmsa.other-guest", "VM register state; ASID misuse as in CROSSLINE",
           "a VMSA of another guest's runs", "SNP-RMP-135", .rule = 135,
           "another guest's registers run in the victim", other_guests),
    ATTACK("vmsa.other-address", "VM register state", "a VMSA of another guest address runs",
           "SNP-RMP-136", .rule = 136, "another processor's registers run", other_gpa),
    ATTACK("vmsa.not-covered", "VM register state; unauthenticated VMCB state",
           "a page without an RMP entry runs as VMSA", "SNP-RMP-134", .rule = 134,
           "registers run that the guest never had", not_covered),
    ATTACK("vmsa.swapped-out", "replay, of register state",
           "a VMSA that firmware is taking out of memory runs", "SNP-RMP-137", .rule = 137,
           "registers go on whose copy is already taken", immutable),
    ATTACK("vmrun.vmcb", "data corruption, by the processor", "the VMCB lies in a guest's page",
           "SNP-RMP-131", .rule = 131, "VMRUN writes to the guest's page", vmcb),
    ATTACK("vmrun.avic", "data corruption, by the processor",
           "the AVIC backing page is a guest's page", "SNP-RMP-132", .rule = 132,
           "the processor writes to the guest's page", avic),
    ATTACK("vmrun.es-vmsa", "data corruption, by the processor",
           "a guest without SNP keeps its registers in an SNP guest's page", "SNP-RMP-133",
           .rule = 133, "#VMEXIT writes to the victim's page", es_vmsa),
    ATTACK("vmrun.hsave", "data corruption, by the processor", "VM_HSAVE_PA is a guest's page",
           "SNP-RMP-139", .rule = 139, "VMRUN saves the host's state over the guest's page", hsave),
    ATTACK("vmrun.vmsave", "data corruption, by the processor",
           "the host's VMSAVE goes to a guest's page", "SNP-RMP-140", .rule = 140,
           "VMSAVE writes to the guest's page", vmsave),
    ATTACK("vmrun.vmsave-guest", "data corruption, by the processor",
           "a virtualised VMSAVE goes to a guest's page", "SNP-RMP-141", .rule = 141,
           "VMSAVE writes to the victim's page", vmsave_guest),
    ATTACK("inuse.vmsa", "VM register state; unauthenticated VMCB state",
           "a running VMSA is taken by RMPUPDATE", "SNP-RMP-012", .rule = 12,
           "a running processor's registers are the host's", steal_running),
    ATTACK("inuse.vmcb", "firmware's pages", "a running VMCB becomes firmware's page",
           "SNP-RMP-012", .rule = 12, "the processor writes to a page of firmware's", steal_vmcb),
};

const struct suite_area attack_vmrun_part = ATTACK_PART(tests);
