/* Profiles: whatever is accepted makes a machine whose guest is served, and says so within the limits of
 * its type. */
#include <string.h>

#include "fuzz.h"

#define SEED 1
#define COUNT_MAX (UINT64_MAX - 2) /* MsgCount0 above it leaves no number for a request */

static void serve(const struct sevkit_profile *profile, struct vmm_guest *guest) {
    const struct abi_key_req req = {.key_select = ABI_KEY_REQ_ROOT_KEY_SELECT};
    uint8_t payload[ABI_KEY_REQ_V1_SIZE], answer[ABI_KEY_RSP_SIZE];
    struct drv_channel *channel = fuzz_channel(guest, profile->msg_count[0]);
    abi_key_req_encode(1, &req, payload);
    fuzz_call(channel, ABI_MSG_KEY_REQ, payload, sizeof payload, answer, sizeof answer);
    drv_channel_free(channel);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static struct sevkit_profile profile;
    struct vmm_machine *machine;
    struct vmm_guest *guest;
    const struct sevkit_result r = vmm_profile_parse((const char *)bytes, size, &profile);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return 0;
    fuzz_require(memchr(profile.name, 0, sizeof profile.name) != NULL, "the name ends");
    fuzz_require(memchr(profile.title, 0, sizeof profile.title) != NULL, "the title ends");
    fuzz_require(memchr(profile.csp_id, 0, sizeof profile.csp_id) != NULL, "the CSP id ends");
    fuzz_need(vmm_machine_new(&profile, NULL, SEED, &machine));
    fuzz_need(vmm_guest_launch(machine, &guest));
    if (profile.msg_count[0] < COUNT_MAX) serve(&profile, guest);
    vmm_machine_free(machine);
    return 0;
}
