/* The driver's life: creation, the module's probe, what others may ask of it. Linux notes, 1. */
#include "driver/guest.h"

#include <errno.h>
#include <stdlib.h>

#define VMPCK_OFFSET 0x20 /* of VMPCK0 in the secrets page */

uint8_t *drv_guest_key(const struct drv_guest *guest) {
    return guest->secrets + VMPCK_OFFSET + guest->vmpck * ABI_VMPCK_SIZE;
}

struct sevkit_result drv_guest_new(const struct drv_guest_config *config,
                                   const struct sevkit_guest_door *door,
                                   const struct drv_clock *clock, uint8_t secrets[ABI_PAGE_SIZE],
                                   struct drv_guest **guest) {
    if ((unsigned)config->kernel >= DRV_KERNEL_COUNT) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "kernel", SEVKIT_NO_OFFSET, (uint64_t)config->kernel,
                           "must be one of the generations");
    }
    if (config->vmpl >= ABI_VMPCK_COUNT) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "vmpl", SEVKIT_NO_OFFSET, config->vmpl,
                           "must be 0 to 3");
    }
    struct drv_guest *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "driver", SEVKIT_NO_OFFSET, sizeof *made,
                           "memory for the driver");
    }
    made->config = *config;
    made->behaviour = drv_behaviour(config->kernel);
    made->door = *door;
    made->clock = *clock;
    made->secrets = secrets;
    const struct sevkit_result r = crypto_aead_new(&made->aead);
    if (!sevkit_ok(r)) {
        drv_guest_free(made);
        return r;
    }
    *guest = made;
    return sevkit_success();
}

void drv_guest_free(struct drv_guest *guest) {
    if (guest == NULL) return;
    crypto_aead_free(guest->aead);
    crypto_wipe(guest, sizeof *guest);
    free(guest);
}

int drv_guest_probe(struct drv_guest *guest) {
    const unsigned fallback =
        guest->behaviour->vmpck_follows_vmpl ? guest->config.vmpl : 0; /* @req LNX-GUEST-003 */
    const bool given = guest->config.vmpck_id != DRV_VMPCK_DEFAULT;
    const unsigned id = given ? (unsigned)guest->config.vmpck_id : fallback;
    if (id >= ABI_VMPCK_COUNT) return -EINVAL; /* @req LNX-GUEST-004 */
    guest->vmpck = id;
    if (abi_all_zero(drv_guest_key(guest), ABI_VMPCK_SIZE)) return -EINVAL; /* @req LNX-GUEST-005 */
    guest->has_key = sevkit_ok(crypto_aead_set_key(guest->aead, drv_guest_key(guest)));
    return guest->has_key ? 0 : -ENOMEM;
}

unsigned drv_guest_vmpck(const struct drv_guest *guest) {
    return guest->vmpck;
}

bool drv_guest_wiped(const struct drv_guest *guest) {
    return !guest->has_key || abi_all_zero(drv_guest_key(guest), ABI_VMPCK_SIZE);
}

const struct drv_guest_config *drv_guest_config(const struct drv_guest *guest) {
    return &guest->config;
}
