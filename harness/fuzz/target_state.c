/* Saved machines, as vmm_machine_restore takes them from files. The first byte selects:
 *   bit 0     the digest behind the state is made right; else the last bytes of the input stand for it
 *   bit 1     the machine's environment is given by the caller; else its own
 *   bits 3:2  what the rest of the input is: 0 the state as it comes; else changes to the genuine state of a
 *             machine: 1 two guests, 2 one guest whose hypervisor keeps a late response, 3 none
 * A change is u16 offset, u8 size, that many bytes for that place; size 0: the state ends there; size 255:
 * u16 offset of 8 bytes of the state that are copied there. */
#include <string.h>

#include "fuzz.h"
#include "sevkit/crypto.h"
#include "sevkit/scenario.h"
#include "sevkit/secrets.h"

enum { RIGHT_DIGEST = 1, GIVEN = 2, BASE_SHIFT = 2, BASES = 4 };

#define SEED 1
#define NAME 12 /* offset of the profile's name */
#define STATE_MAX 0x10000
#define CHANGE_HEAD 3
#define COPY 255
#define COPY_SIZE 8

static struct sevkit_profile profile;
static struct sevkit_scenario scenario;

/* The genuine states, by environment and kind. */
static struct state {
    uint8_t *bytes;
    size_t size; /* without its digest */
} bases[2][BASES];

/* ---- environments ---- */

static int64_t env_now(void *ctx) {
    (void)ctx;
    return SEVKIT_EPOCH_EMBEDDED;
}

static void env_random(void *ctx, uint8_t *out, size_t size) {
    (void)ctx;
    memset(out, 0xA5, size);
}

static const struct sevkit_env given = {.now = env_now, .random = env_random};

static const struct sevkit_env *environment(bool is_given) {
    return is_given ? &given : NULL;
}

/* ---- genuine states ---- */

static void ask_key(struct vmm_guest *guest, uint64_t count) {
    const struct abi_key_req req = {.key_select = ABI_KEY_REQ_ROOT_KEY_SELECT};
    uint8_t payload[ABI_KEY_REQ_V1_SIZE], answer[ABI_KEY_RSP_SIZE];
    struct drv_channel *channel = fuzz_channel(guest, count);
    abi_key_req_encode(1, &req, payload);
    fuzz_call(channel, ABI_MSG_KEY_REQ, payload, sizeof payload, answer, sizeof answer);
    drv_channel_free(channel);
}

/* A request of VMPCK0 with COUNT, answered or not: a machine of any state takes it. */
static void ask(struct vmm_guest *guest, uint64_t count) {
    const struct sevkit_guest_door door = vmm_guest_door(guest);
    const uint8_t payload[ABI_KEY_REQ_V1_SIZE] = {0};
    uint8_t page[ABI_PAGE_SIZE], answer[ABI_KEY_RSP_SIZE];
    struct abi_secrets_page secrets;
    struct drv_channel *channel;
    struct sevkit_exit exit;
    size_t size;
    vmm_guest_secrets(guest, page);
    fuzz_need(abi_secrets_decode(page, sizeof page, &secrets));
    struct sevkit_result r = drv_channel_new(&door, 0, secrets.vmpck[0], count, &channel);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return;
    r = drv_channel_call(channel, ABI_MSG_KEY_REQ, 1, payload, sizeof payload, answer,
                         sizeof answer, &size, &exit);
    fuzz_print(&r);
    drv_channel_free(channel);
}

static void make_guests(struct vmm_machine *machine, unsigned kind) {
    struct vmm_guest *gone, *kept, *other;
    struct sevkit_scenario reorders;
    if (kind == 3) return;
    fuzz_need(vmm_guest_launch(machine, &gone));
    fuzz_need(vmm_guest_launch(machine, &kept));
    vmm_guest_destroy(gone); /* its pages are returned ones */
    if (kind == 1) {
        fuzz_need(vmm_guest_launch(machine, &other));
        ask_key(kept, profile.msg_count[0]);
        return;
    }
    fuzz_need(vmm_scenario_builtin("reordered-response", &reorders));
    vmm_machine_set_scenario(machine, &reorders);
    ask(kept, profile.msg_count[0]);
}

static void make_base(bool is_given, unsigned kind) {
    struct state *s = &bases[is_given ? 1 : 0][kind];
    struct vmm_machine *machine;
    fuzz_need(vmm_machine_new(&profile, environment(is_given), SEED, &machine));
    make_guests(machine, kind);
    fuzz_need(vmm_machine_save(machine, &s->bytes, &s->size));
    s->size -= CRYPTO_SHA384_SIZE;
    fuzz_require(s->size <= STATE_MAX, "a saved machine fits");
    vmm_machine_free(machine);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fuzz_need(vmm_profile_builtin(SEVKIT_PROFILE_DEFAULT, &profile));
    scenario = vmm_scenario_none();
    for (unsigned kind = 1; kind < BASES; kind++) {
        make_base(false, kind);
        make_base(true, kind);
    }
    return 0;
}

/* ---- an input's state ---- */

static void copy(uint8_t *state, size_t size, size_t to, size_t from) {
    if (size < COPY_SIZE || to > size - COPY_SIZE || from > size - COPY_SIZE) return;
    memmove(state + to, state + from, COPY_SIZE);
}

static size_t change(uint8_t *state, size_t size, const uint8_t *bytes, size_t left) {
    while (left >= CHANGE_HEAD) {
        const size_t offset = abi_get_le16(bytes), count = bytes[2];
        bytes += CHANGE_HEAD;
        left -= CHANGE_HEAD;
        if (offset > size) continue;
        if (count == 0) {
            size = offset;
            continue;
        }
        if (count == COPY) {
            if (left < 2) break;
            copy(state, size, offset, abi_get_le16(bytes));
            bytes += 2;
            left -= 2;
            continue;
        }
        const size_t fits = count < size - offset ? count : size - offset;
        const size_t taken = fits < left ? fits : left;
        memcpy(state + offset, bytes, taken);
        bytes += taken;
        left -= taken;
    }
    return size;
}

/* Into OUT, which has room for STATE_MAX bytes and a digest. */
static size_t make_state(const uint8_t *bytes, size_t size, uint8_t *out) {
    const uint8_t select = bytes[0];
    const struct state *base =
        &bases[(select & GIVEN) != 0 ? 1 : 0][(select >> BASE_SHIFT) % BASES];
    size_t made = base->size;
    bytes++;
    size--;
    if (base->bytes == NULL) {
        made = size < STATE_MAX ? size : STATE_MAX;
        if (made != 0) memcpy(out, bytes, made);
    } else {
        memcpy(out, base->bytes, made);
        made = change(out, made, bytes, size);
    }
    if ((select & RIGHT_DIGEST) == 0) return made;
    fuzz_need(crypto_sha384(out, made, out + made));
    return made + CRYPTO_SHA384_SIZE;
}

/* ---- what must hold ---- */

/* Whatever a state says of keys and counters, its guests' requests are answered or refused. */
static void use_guests(struct vmm_machine *machine) {
    struct vmm_guest *guest;
    uint64_t count[ABI_VMPCK_COUNT];
    for (size_t i = 0; (guest = vmm_machine_guest(machine, i)) != NULL; i++) {
        fuzz_require(psp_msg_count(vmm_machine_psp(machine), vmm_guest_pages(guest).gctx, count),
                     "a restored guest has its context");
        ask(guest, count[0]);
    }
}

/* A new guest has its place, unless the profile's guests or the pages are used up, and is served as ever. */
static void use_machine(struct vmm_machine *machine) {
    struct vmm_guest *guest;
    const struct sevkit_result r = vmm_guest_launch(machine, &guest);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return;
    psp_set_platform_state(vmm_machine_psp(machine),
                           PSP_PLATFORM_INIT); /* a state may say UNINIT */
    ask_key(guest, vmm_machine_profile(machine)->msg_count[0]);
    vmm_guest_destroy(guest);
}

/* What was restored is saved as the same bytes, but for what stands behind the end of the profile's name. */
static void check_saved(struct vmm_machine *machine, uint8_t *state, size_t size) {
    const size_t name = strlen(profile.name), rest = sizeof profile.name - name;
    uint8_t *saved;
    size_t saved_size;
    fuzz_need(vmm_machine_save(machine, &saved, &saved_size));
    memset(state + NAME + name, 0, rest);
    fuzz_require(saved_size == size, "a restored machine is as large as its state");
    fuzz_require(memcmp(saved, state, size - CRYPTO_SHA384_SIZE) == 0,
                 "and is what its state says");
    vmm_save_free(saved, saved_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static uint8_t state[STATE_MAX + CRYPTO_SHA384_SIZE];
    if (size == 0) return 0;
    const struct sevkit_env *env = environment((bytes[0] & GIVEN) != 0);
    const size_t made = make_state(bytes, size, state);
    struct vmm_machine *machine;
    const struct sevkit_result r =
        vmm_machine_restore(&profile, &scenario, env, state, made, &machine);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return 0;
    check_saved(machine, state, made);
    use_guests(machine);
    use_machine(machine);
    vmm_machine_free(machine);
    return 0;
}
