/* Machines and guests by name, and the drivers over them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/pspd.h"

static SEVKIT_MUST struct sevkit_result no_memory(const char *what, size_t size) {
    return sevkit_fail(SEVKIT_NO_MEMORY, what, SEVKIT_NO_OFFSET, size, "memory");
}

/* ---- the core ---- */

static void core_free(struct pspd_core *core) {
    if (core == NULL) return;
    vmm_kds_free(core->kds);
    vmm_machine_free(core->vmm);
    crypto_wipe(core, sizeof *core);
    free(core);
}

static SEVKIT_MUST struct sevkit_result core_new(const struct world_options *options,
                                                 struct pspd_core **core) {
    struct pspd_core *made = calloc(1, sizeof *made);
    if (made == NULL) return no_memory("machine", sizeof *made);
    world_env_init(&made->env, options);
    const struct sevkit_result r =
        vmm_machine_new(&options->profile, &made->env.env, 0, &made->vmm);
    if (!sevkit_ok(r)) {
        core_free(made);
        return r;
    }
    vmm_machine_set_scenario(made->vmm, &options->scenario);
    *core = made;
    return sevkit_success();
}

struct sevkit_result pspd_kds(struct pspd_machine *machine, struct vmm_kds **kds) {
    struct pspd_core *core = machine->core;
    if (core->kds == NULL) {
        SEVKIT_TRY(vmm_kds_new(vmm_machine_profile(core->vmm), vmm_machine_scenario(core->vmm),
                               &core->env.env, &core->kds));
    }
    *kds = core->kds;
    return sevkit_success();
}

/* ---- drivers ---- */

/* The driver's waits pass at once: a busy hypervisor must not hold up the other clients. */
static uint64_t clock_now(void *ctx) {
    return ((const struct pspd_guest *)ctx)->clock_ms;
}

static void clock_sleep(void *ctx, uint64_t ms) {
    ((struct pspd_guest *)ctx)->clock_ms += ms;
}

/* A driver whose key has been wiped since its good probe goes on without one; PROBED tells of such a probe
 * before a restore. */
struct sevkit_result pspd_driver(struct pspd_guest *guest, unsigned vmpl,
                                 struct drv_guest **driver) {
    *driver = guest->probed[vmpl] ? guest->driver[vmpl] : NULL;
    if (guest->driver[vmpl] != NULL) return sevkit_success();
    const struct drv_guest_config config = {
        .kernel = guest->machine->options.world.kernel, .vmpck_id = (int)vmpl, .vmpl = vmpl};
    const struct sevkit_guest_door door = vmm_guest_door(guest->vmm);
    const struct drv_clock clock = {.ctx = guest, .now_ms = clock_now, .sleep_ms = clock_sleep};
    struct drv_guest *made;
    SEVKIT_TRY(drv_guest_new(&config, &door, &clock, guest->secrets, &made));
    if (drv_guest_probe(made) == 0) guest->probed[vmpl] = true;
    guest->driver[vmpl] = made;
    *driver = guest->probed[vmpl] ? made : NULL;
    return sevkit_success();
}

static void drivers_free(struct pspd_guest *guest) {
    for (size_t i = 0; i < PSPD_VMPLS; i++) {
        drv_guest_free(guest->driver[i]);
        guest->driver[i] = NULL;
        guest->probed[i] = false;
    }
}

/* ---- guests ---- */

struct sevkit_result pspd_guest_new(struct pspd_machine *machine, const char *name,
                                    struct vmm_guest *vmm, struct pspd_guest **guest) {
    struct pspd_guest *made = calloc(1, sizeof *made);
    if (made == NULL) return no_memory("guest", sizeof *made);
    memcpy(made->name, name, strlen(name));
    made->machine = machine;
    made->vmm = vmm;
    vmm_guest_secrets(vmm, made->secrets);
    made->next = machine->guests;
    machine->guests = made;
    *guest = made;
    return sevkit_success();
}

static void guest_remove(struct pspd_guest *guest) {
    struct pspd_guest **link = &guest->machine->guests;
    while (*link != guest) link = &(*link)->next;
    *link = guest->next;
    drivers_free(guest);
    vmm_guest_destroy(guest->vmm);
    crypto_wipe(guest, sizeof *guest);
    free(guest);
}

static struct pspd_guest *guest_find(const struct pspd_machine *machine, const char *name) {
    struct pspd_guest *g = machine->guests;
    while (g != NULL && strcmp(g->name, name) != 0) g = g->next;
    return g;
}

static SEVKIT_MUST struct sevkit_result guest_launch(struct pspd_machine *machine, const char *name,
                                                     struct pspd_guest **guest) {
    struct vmm_guest *vmm;
    SEVKIT_TRY(vmm_guest_launch(machine->core->vmm, &vmm));
    const struct sevkit_result r = pspd_guest_new(machine, name, vmm, guest);
    if (!sevkit_ok(r)) vmm_guest_destroy(vmm);
    return r;
}

/* ---- machines ---- */

struct sevkit_result pspd_machine_new(const struct pspd_options *options, const char *name,
                                      struct pspd_machine **machine) {
    struct pspd_machine *made = calloc(1, sizeof *made);
    if (made == NULL) return no_memory("machine", sizeof *made);
    memcpy(made->name, name, strlen(name));
    const struct sevkit_result r = pspd_options_copy(options, &made->options);
    if (sevkit_ok(r))
        *machine = made;
    else
        free(made);
    return r;
}

void pspd_machine_free(struct pspd_machine *machine) {
    if (machine == NULL) return;
    while (machine->guests != NULL) guest_remove(machine->guests);
    core_free(machine->core);
    pspd_options_free(&machine->options);
    crypto_wipe(machine, sizeof *machine);
    free(machine);
}

void pspd_machine_add(struct pspd *pspd, struct pspd_machine *machine) {
    machine->next = pspd->machines;
    pspd->machines = machine;
    pspd->machine_count++;
}

void pspd_machine_remove(struct pspd *pspd, struct pspd_machine *machine) {
    struct pspd_machine **link = &pspd->machines;
    while (*link != machine) link = &(*link)->next;
    *link = machine->next;
    pspd->machine_count--;
    pspd_machine_free(machine);
}

struct pspd_machine *pspd_machine_find(const struct pspd *pspd, const char *name) {
    struct pspd_machine *m = pspd->machines;
    while (m != NULL && (*name == 0 || strcmp(m->name, name) != 0)) m = m->next;
    return m;
}

/* GUEST's place gets the guest of a fresh machine. */
static void guest_renew(struct pspd_guest *guest, struct vmm_guest *vmm) {
    drivers_free(guest);
    guest->vmm = vmm;
    vmm_guest_secrets(vmm, guest->secrets);
}

struct sevkit_result pspd_machine_reset(struct pspd_machine *machine,
                                        const struct pspd_options *options) {
    struct pspd_options kept = {0};
    struct pspd_core *core;
    SEVKIT_TRY(pspd_options_copy(options, &kept));
    struct sevkit_result r = core_new(&options->world, &core);
    if (!sevkit_ok(r)) {
        pspd_options_free(&kept);
        return r;
    }
    for (struct pspd_guest *g = machine->guests; g != NULL && sevkit_ok(r); g = g->next) {
        struct vmm_guest *vmm;
        r = vmm_guest_launch(core->vmm, &vmm);
    }
    if (!sevkit_ok(r)) {
        core_free(core);
        pspd_options_free(&kept);
        return r;
    }
    /* Newest first in both lists; which of the fresh guests gets which name is all the same. */
    size_t index = 0;
    for (struct pspd_guest *g = machine->guests; g != NULL; g = g->next)
        guest_renew(g, vmm_machine_guest(core->vmm, index++));
    core_free(machine->core);
    machine->core = core;
    pspd_options_free(&machine->options);
    machine->options = kept;
    return sevkit_success();
}

struct sevkit_result pspd_machine_set_scenario(struct pspd_machine *machine, const char *name,
                                               const char *json, size_t size) {
    SEVKIT_TRY(pspd_set_scenario(&machine->options, name, json, size));
    vmm_machine_set_scenario(machine->core->vmm, &machine->options.world.scenario);
    vmm_kds_free(machine->core->kds);
    machine->core->kds = NULL;
    return sevkit_success();
}

/* ---- joining ---- */

/* A fresh machine of PSPD's options. */
static SEVKIT_MUST struct sevkit_result machine_make(struct pspd *pspd, const char *name,
                                                     struct pspd_machine **machine) {
    struct pspd_machine *made;
    SEVKIT_TRY(pspd_machine_new(&pspd->options, name, &made));
    const struct sevkit_result r = core_new(&made->options.world, &made->core);
    if (!sevkit_ok(r)) {
        pspd_machine_free(made);
        return r;
    }
    pspd_machine_add(pspd, made);
    *machine = made;
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result machine_get(struct pspd *pspd, const char *name,
                                                    struct pspd_machine **machine, unsigned *new,
                                                    enum frame_error *error) {
    *error = FRAME_ERROR_STATE;
    *machine = pspd_machine_find(pspd, name);
    if (*machine == NULL && *name != 0) SEVKIT_TRY(pspd_state_read(pspd, name, machine));
    if (*machine != NULL) {
        if (pspd_machine_find(pspd, name) == NULL) pspd_machine_add(pspd, *machine);
        return sevkit_success();
    }
    *error = FRAME_ERROR_LIMIT;
    if (pspd->machine_count >= PSPD_MACHINES_MAX) { /* @req SOCK-007 */
        return sevkit_fail(SEVKIT_LIMIT, "machine", SEVKIT_NO_OFFSET, pspd->machine_count,
                           "a free place for a machine");
    }
    *new |= FRAME_HELLO_NEW_MACHINE;
    return machine_make(pspd, name, machine);
}

struct sevkit_result pspd_join(struct pspd *pspd, const char *machine, const char *guest,
                               struct pspd_guest **joined, unsigned *new, enum frame_error *error) {
    struct pspd_machine *m;
    *new = 0;
    *error = FRAME_ERROR_NAME;
    if (*machine == 0 && *guest != 0) { /* @req SOCK-006 */
        return sevkit_fail(SEVKIT_BAD_VALUE, "guest", SEVKIT_NO_OFFSET, 0,
                           "a guest's name needs its machine's");
    }
    SEVKIT_TRY(machine_get(pspd, machine, &m, new, error));
    struct pspd_guest *g = *guest != 0 ? guest_find(m, guest) : NULL;
    struct sevkit_result r = sevkit_success();
    if (g == NULL) {
        *error = FRAME_ERROR_LIMIT;
        *new |= FRAME_HELLO_NEW_GUEST;
        r = guest_launch(m, guest, &g);
    }
    if (!sevkit_ok(r)) {
        if (m->users == 0 && m->name[0] == 0) pspd_machine_remove(pspd, m);
        return r;
    }
    g->users++;
    m->users++;
    *joined = g;
    return sevkit_success();
}

void pspd_leave(struct pspd *pspd, struct pspd_guest *guest) {
    struct pspd_machine *m = guest->machine;
    guest->users--;
    m->users--;
    if (guest->name[0] == 0) guest_remove(guest);
    if (m->name[0] == 0) pspd_machine_remove(pspd, m);
}
