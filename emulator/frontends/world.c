/* See world.h. */
#include "frontends/world.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* All that a reset exchanges. */
struct parts {
    struct world_options options;
    struct world_env env;
    struct vmm_machine *machine;
    struct vmm_guest *vmm_guest;
    struct vmm_kds *kds;
    uint64_t clock_ms; /* the driver's time */
    uint8_t secrets[ABI_PAGE_SIZE];
    struct drv_guest *guest;
    int probe_error;
    struct drv_tsm *tsm;
};

struct world {
    pthread_mutex_t lock;
    struct parts *parts;
    uint64_t epoch;
};

/* ---- time and randomness ---- */

static int64_t env_now(void *ctx) {
    (void)ctx;
    return (int64_t)time(NULL);
}

static int64_t env_at(void *ctx) {
    return ((const struct world_env *)ctx)->at;
}

static void env_seeded(void *ctx, uint8_t *out, size_t size) {
    crypto_drbg_random(&((struct world_env *)ctx)->drbg, out, size);
}

static void env_system(void *ctx, uint8_t *out, size_t size) {
    (void)ctx;
    while (size != 0) {
        const ssize_t got = getrandom(out, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) abort(); /* without randomness nothing that follows would be right */
        out += got;
        size -= (size_t)got;
    }
}

void world_env_init(struct world_env *state, const struct world_options *options) {
    state->at = options->at;
    crypto_drbg_init(&state->drbg, options->seed);
    state->env = (struct sevkit_env){
        .ctx = state,
        .now = options->at_given ? env_at : env_now,
        .random = options->seeded ? env_seeded : env_system,
    };
}

/* The driver's waits pass at once: a busy hypervisor must not hold up the other programs of this world
 * any longer than its answers do. */
static uint64_t clock_now(void *ctx) {
    return ((const struct parts *)ctx)->clock_ms;
}

static void clock_sleep(void *ctx, uint64_t ms) {
    ((struct parts *)ctx)->clock_ms += ms;
}

/* ---- parts ---- */

static void parts_free(struct parts *p) {
    if (p == NULL) return;
    drv_tsm_free(p->tsm);
    drv_guest_free(p->guest);
    vmm_kds_free(p->kds);
    vmm_machine_free(p->machine);
    crypto_wipe(p, sizeof *p);
    free(p);
}

static SEVKIT_MUST struct sevkit_result make_driver(struct parts *p) {
    const struct drv_guest_config config = {
        .kernel = p->options.kernel, .vmpck_id = DRV_VMPCK_DEFAULT, .vmpl = 0};
    const struct sevkit_guest_door door = vmm_guest_door(p->vmm_guest);
    const struct drv_clock clock = {.ctx = p, .now_ms = clock_now, .sleep_ms = clock_sleep};
    vmm_guest_secrets(p->vmm_guest, p->secrets);
    SEVKIT_TRY(drv_guest_new(&config, &door, &clock, p->secrets, &p->guest));
    p->probe_error = drv_guest_probe(p->guest);
    return sevkit_success();
}

/* Without the driver configfs-tsm is there all the same, with no provider in it. */
static SEVKIT_MUST struct sevkit_result make_tsm(struct parts *p) {
    if (!p->options.tsm || !drv_kernel_has_tsm(p->options.kernel)) return sevkit_success();
    SEVKIT_TRY(drv_tsm_new(p->options.kernel, &p->tsm));
    if (p->probe_error != 0) return sevkit_success();
    const struct drv_tsm_provider provider = drv_guest_tsm_provider(p->guest);
    if (drv_tsm_register(p->tsm, &provider) == 0) return sevkit_success();
    return sevkit_fail(SEVKIT_INTERNAL, "tsm", SEVKIT_NO_OFFSET, 0, "the first provider registers");
}

static SEVKIT_MUST struct sevkit_result make_all(struct parts *p) {
    const struct world_options *o = &p->options;
    SEVKIT_TRY(vmm_machine_new(&o->profile, &p->env.env, 0, &p->machine));
    SEVKIT_TRY(vmm_guest_launch(p->machine, &p->vmm_guest));
    vmm_machine_set_scenario(p->machine, &o->scenario);
    SEVKIT_TRY(vmm_kds_new(&o->profile, &o->scenario, &p->env.env, &p->kds));
    SEVKIT_TRY(make_driver(p));
    return make_tsm(p);
}

static SEVKIT_MUST struct sevkit_result parts_new(const struct world_options *options,
                                                  struct parts **parts) {
    struct parts *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "world", SEVKIT_NO_OFFSET, sizeof *p,
                           "memory for the world");
    }
    p->options = *options;
    world_env_init(&p->env, options);
    const struct sevkit_result r = make_all(p);
    if (sevkit_ok(r))
        *parts = p;
    else
        parts_free(p);
    return r;
}

/* ---- the world ---- */

struct sevkit_result world_defaults(struct world_options *options) {
    *options = (struct world_options){
        .scenario = vmm_scenario_none(), .kernel = DRV_KERNEL_DEFAULT, .tsm = true};
    return vmm_profile_builtin(SEVKIT_PROFILE_DEFAULT, &options->profile);
}

struct sevkit_result world_new(const struct world_options *options, struct world **world) {
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL || pthread_mutex_init(&w->lock, NULL) != 0) {
        free(w);
        return sevkit_fail(SEVKIT_NO_MEMORY, "world", SEVKIT_NO_OFFSET, sizeof *w,
                           "memory for the world");
    }
    const struct sevkit_result r = parts_new(options, &w->parts);
    if (sevkit_ok(r))
        *world = w;
    else
        world_free(w);
    return r;
}

void world_free(struct world *world) {
    if (world == NULL) return;
    parts_free(world->parts);
    (void)pthread_mutex_destroy(&world->lock);
    free(world);
}

void world_lock(struct world *world) {
    if (pthread_mutex_lock(&world->lock) != 0) abort();
}

void world_unlock(struct world *world) {
    if (pthread_mutex_unlock(&world->lock) != 0) abort();
}

struct sevkit_result world_reset(struct world *world, const struct world_options *options) {
    struct parts *fresh;
    SEVKIT_TRY(parts_new(options, &fresh));
    world_lock(world);
    struct parts *old = world->parts;
    world->parts = fresh;
    world->epoch++;
    parts_free(old);
    world_unlock(world);
    return sevkit_success();
}

uint64_t world_epoch(const struct world *world) {
    return world->epoch;
}

const struct world_options *world_options(const struct world *world) {
    return &world->parts->options;
}

struct vmm_machine *world_machine(struct world *world) {
    return world->parts->machine;
}

struct vmm_guest *world_vmm_guest(struct world *world) {
    return world->parts->vmm_guest;
}

struct drv_guest *world_guest(struct world *world) {
    return world->parts->probe_error == 0 ? world->parts->guest : NULL;
}

int world_probe_error(const struct world *world) {
    return world->parts->probe_error;
}

struct drv_tsm *world_tsm(struct world *world) {
    return world->parts->tsm;
}

struct vmm_kds *world_kds(struct world *world) {
    return world->parts->kds;
}

const uint8_t *world_secrets(const struct world *world) {
    return world->parts->secrets;
}
