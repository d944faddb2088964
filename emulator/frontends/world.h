/* What a front end that stands in for a guest runs: one machine, one guest on it, Linux's driver and
 * configfs-tsm over that guest, under one lock. Frontends translate system calls or frames into these; no
 * protocol logic is here.
 *
 * A world may be used by several threads: take its lock around every use of its parts. */
#ifndef FRONTENDS_WORLD_H
#define FRONTENDS_WORLD_H

#include "sevkit/kds.h"
#include "sevkit/machine.h"
#include "sevkit/scenario.h"
#include "sevkit/sev_guest.h"
#include "sevkit/tsm.h"

struct world_options {
    struct sevkit_profile profile;
    struct sevkit_scenario scenario;
    enum drv_kernel kernel;
    bool tsm;    /* offer configfs-tsm, where the kernel generation has it */
    bool seeded; /* all randomness from SEED; else from the operating system */
    uint64_t seed;
    bool at_given; /* a clock that stands at AT; else the wall clock */
    int64_t at;
};

/* The default profile, no scenario, the default kernel, tsm, no seed, the wall clock. */
SEVKIT_MUST struct sevkit_result world_defaults(struct world_options *options);

struct world;

SEVKIT_MUST struct sevkit_result world_new(const struct world_options *options,
                                           struct world **world);
void world_free(struct world *world);

void world_lock(struct world *world);
void world_unlock(struct world *world);

/* A fresh machine, guest and driver from OPTIONS, in place of the old. On failure the old ones stay. Takes
 * the lock itself. What was open on the old tsm answers ENOENT from now on (world_epoch tells). */
SEVKIT_MUST struct sevkit_result world_reset(struct world *world,
                                             const struct world_options *options);
/* Grows with each reset: handles into the world's parts from an older epoch are gone. */
uint64_t world_epoch(const struct world *world);

/* Under the lock: */
const struct world_options *world_options(const struct world *world);
struct vmm_machine *world_machine(struct world *world);
struct vmm_guest *world_vmm_guest(struct world *world);
struct drv_guest *world_guest(struct world *world); /* NULL: the module's probe failed */
int world_probe_error(const struct world *world);   /* 0, or the probe's -errno */
struct drv_tsm *world_tsm(struct world *world);     /* NULL without configfs-tsm */
struct vmm_kds *world_kds(struct world *world);
const uint8_t *
world_secrets(const struct world *world); /* the guest's page as the driver left it */

/* The environment that OPTIONS ask for: wall clock or AT, seeded or the system's randomness. STATE is the
 * caller's memory behind it. */
struct world_env {
    struct sevkit_env env;
    struct crypto_drbg drbg;
    int64_t at;
};
void world_env_init(struct world_env *state, const struct world_options *options);

#endif
