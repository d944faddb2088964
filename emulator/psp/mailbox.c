/* The firmware's life and its mailbox: making a PSP, platform state, command dispatch. Guest
 * message notes, section 1. */
#include <stdlib.h>

#include "psp/keys.h"
#include "psp/message.h"

struct sevkit_result psp_new(const struct sevkit_profile *profile, const struct sevkit_env *env,
                             struct rmp *rmp, struct mem *mem, struct psp **psp) {
    if (profile->guests_max == 0) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "guests_max", SEVKIT_NO_OFFSET, 0, "not 0");
    }
    if (profile->tsc_reference_khz == 0) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "tsc_reference_khz", SEVKIT_NO_OFFSET, 0, "not 0");
    }
    struct psp *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "psp", SEVKIT_NO_OFFSET, sizeof *made,
                           "memory for the firmware's state");
    }
    made->profile = *profile;
    made->env = *env;
    made->rmp = rmp;
    made->mem = mem;
    made->platform_state = PSP_PLATFORM_INIT;
    struct sevkit_result r = psp_gctx_table_init(&made->guests, profile->guests_max);
    if (sevkit_ok(r)) r = crypto_aead_new(&made->aead);
    if (!sevkit_ok(r)) {
        psp_free(made);
        return r;
    }
    *psp = made;
    return sevkit_success();
}

void psp_free(struct psp *psp) {
    if (psp == NULL) return;
    psp_keys_free(psp);
    crypto_aead_free(psp->aead);
    psp_gctx_table_free(&psp->guests);
    free(psp);
}

enum abi_status psp_command(struct psp *psp, uint32_t id, const uint8_t *buffer, size_t size) {
    if (id != PSP_CMD_SNP_GUEST_REQUEST) return ABI_INVALID_COMMAND; /* @req SNP-MSG-083 */
    if (size != PSP_GUEST_REQUEST_SIZE) return ABI_INVALID_LENGTH;   /* @req SNP-MSG-001 */
    return psp_guest_request(psp, buffer);
}

void psp_set_platform_state(struct psp *psp, enum psp_platform_state state) {
    psp->platform_state = state;
}
