/* A machine: memory, RMP and PSP under one environment. */
#include "vmm/machine.h"

#include <stdlib.h>

static int64_t epoch(void *ctx) {
    (void)ctx;
    return SEVKIT_EPOCH_EMBEDDED;
}

static struct sevkit_result build(struct vmm_machine *m) {
    struct rmp_config config = rmp_config_default(m->profile.memory_size);
    config.has_rmpread = m->profile.rmpread;
    config.has_rmpquery = m->profile.rmpquery;
    config.rules = m->profile.rmp_rules;
    SEVKIT_TRY(rmp_new(&config, &m->rmp));
    SEVKIT_TRY(mem_new(m->profile.memory_size, &m->mem));
    /* Page 0 stays free: an address of 0 in a command is then always a mistake. */
    vmm_pages_init(&m->pages, RMP_PAGE_4K, m->profile.memory_size);
    SEVKIT_TRY(crypto_aead_new(&m->aead));
    return psp_new(&m->profile, &m->env, m->rmp, m->mem, &m->psp);
}

struct sevkit_result vmm_machine_new(const struct sevkit_profile *profile,
                                     const struct sevkit_env *env, uint64_t seed,
                                     struct vmm_machine **machine) {
    struct vmm_machine *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "machine", SEVKIT_NO_OFFSET, sizeof *m,
                           "memory for the machine");
    }
    m->profile = *profile;
    m->scenario = vmm_scenario_none();
    if (env != NULL) {
        m->env = *env;
    } else {
        crypto_drbg_init(&m->drbg, seed);
        m->env = (struct sevkit_env){.ctx = &m->drbg, .now = epoch, .random = crypto_drbg_random};
    }
    const struct sevkit_result r = build(m);
    if (!sevkit_ok(r)) {
        vmm_machine_free(m);
        return r;
    }
    *machine = m;
    return sevkit_success();
}

void vmm_machine_free(struct vmm_machine *machine) {
    if (machine == NULL) return;
    while (machine->guests != NULL) vmm_guest_destroy(machine->guests);
    pki_roots_free(machine->roots);
    psp_free(machine->psp);
    crypto_aead_free(machine->aead);
    vmm_pages_free(&machine->pages);
    mem_free(machine->mem);
    rmp_free(machine->rmp);
    crypto_wipe(machine, sizeof *machine); /* the drbg could tell every VMPCK again */
    free(machine);
}

/* ---- pages for the firmware: RMP notes, section 2.1 ---- */

static const struct rmp_cpu host = {.long_mode = true, .snp = true};

bool vmm_give_page(struct vmm_machine *machine, uint64_t paddr) {
    const struct rmp_state_fields firmware = {.assigned = true, .immutable = true};
    return rmp_ok(rmp_update(machine->rmp, &host, paddr, &firmware));
}

bool vmm_may_write(const struct vmm_machine *machine, uint64_t paddr) {
    const struct rmp_access write = {
        .actor = RMP_HOST, .kind = RMP_WRITE, .map = RMP_MAP_4K, .spa = paddr};
    return rmp_ok(rmp_check(machine->rmp, &write));
}

void vmm_take_page(struct vmm_machine *machine, uint64_t paddr) {
    const struct rmp_move_args args = {.size = RMP_4K};
    const struct rmp_state_fields hypervisor = {0};
    vmm_must(rmp_move(machine->rmp, RMP_MOVE_RECLAIM, paddr, &args) == RMP_MOVED);
    vmm_must(rmp_ok(rmp_update(machine->rmp, &host, paddr, &hypervisor)));
}

struct psp *vmm_machine_psp(struct vmm_machine *machine) {
    return machine->psp;
}

struct rmp *vmm_machine_rmp(struct vmm_machine *machine) {
    return machine->rmp;
}

struct mem *vmm_machine_memory(struct vmm_machine *machine) {
    return machine->mem;
}

const struct sevkit_profile *vmm_machine_profile(const struct vmm_machine *machine) {
    return &machine->profile;
}
