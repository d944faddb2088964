/* Area key: KEY_REQ, its refusals and every input of the derivation. Message notes, section 9. */
#include "key/key.h"

#include <string.h>

struct key_shot key_shot(const struct sevkit_profile *profile) {
    struct key_shot shot = {.profile = *profile,
                            .version = 1,
                            .size = 0x20,
                            .select = KEY_DEFAULT,
                            .vmpl = 1,
                            .guest_svn = 5,
                            .tcb = key_tcb_of(profile->product, 0x21),
                            .mit_vector = 0x9};
    struct sevkit_profile *p = &shot.profile;
    p->current_tcb = key_tcb_of(p->product, 0x24);
    p->committed_tcb = key_tcb_of(p->product, 0x23);
    p->reported_tcb = key_tcb_of(p->product, 0x22);
    p->launch_tcb = p->committed_tcb;
    p->launch_mit_vector = p->current_mit_vector = 0x1B;
    p->mask_chip_key = p->vlek_loaded = p->vcek_dis = false;
    strcpy(p->csp_id, "CN=suite");
    p->id_block.present = true;
    p->id_block.author_key_en = false;
    p->id_block.guest_svn = 7;
    for (unsigned i = 0; i < 48; i++) {
        p->id_block.id_key_digest[i] = (uint8_t)(0x30 + i);
        p->id_block.author_key_digest[i] = (uint8_t)(0x70 + i);
    }
    for (unsigned i = 0; i < 16; i++) {
        p->id_block.family_id[i] = (uint8_t)(0x10 + i);
        p->id_block.image_id[i] = (uint8_t)(0xC0 + i);
    }
    p->key_req_max_version = 2;
    p->key_req_v2_size_count = 2;
    p->key_req_v2_sizes[0] = 0x28;
    p->key_req_v2_sizes[1] = 0x30;
    p->launch_mit_always_checked = false;
    return shot;
}

struct key_shot key_run_shot(struct suite_ctx *ctx) {
    return key_shot(suite_run_profile(ctx));
}

void key_version_2(struct key_shot *shot) {
    shot->version = 2;
    shot->size = 0x28;
}

void key_load_vlek(struct key_shot *shot) {
    shot->profile.vlek_loaded = true;
}

void key_use_root(struct key_shot *shot, enum key_select root) {
    shot->profile.vlek_loaded = root == KEY_VLEK;
    shot->select = root;
}

const char *key_root_name(enum key_select root) {
    return root == KEY_VMRK ? "VMRK" : root == KEY_VLEK ? "VLEK" : "VCEK";
}

size_t key_tcb_offsets(enum abi_product product, unsigned at[5]) {
    static const unsigned genoa[] = {0, 1, 6, 7};
    static const unsigned turin[] = {0, 1, 2, 3, 7};
    const bool is_turin = product == ABI_PRODUCT_TURIN;
    const size_t count = is_turin ? 5 : 4;
    memcpy(at, is_turin ? turin : genoa, count * sizeof at[0]);
    return count;
}

uint64_t key_tcb_of(enum abi_product product, uint8_t part) {
    unsigned at[5];
    uint64_t tcb = 0;
    const size_t count = key_tcb_offsets(product, at);
    for (size_t i = 0; i < count; i++) tcb |= (uint64_t)part << 8 * at[i];
    return tcb;
}

bool key_launch(struct suite_ctx *ctx, const struct key_shot *shot) {
    return suite_reset_as(ctx, &shot->profile, PSP_GUEST_RUNNING);
}

static bool counters(struct suite_ctx *ctx, uint64_t count[ABI_VMPCK_COUNT], bool *shown) {
    *shown = (target_capabilities(suite_target(ctx)) & TARGET_COUNTERS) != 0;
    return !*shown || suite_setup(ctx, "counters", target_msg_count(suite_target(ctx), count));
}

static void encode(const struct key_shot *shot, uint8_t out[0x30]) {
    memset(out, 0, 0x30);
    abi_put_le32(out, shot->select);
    abi_put_le32(out + 0x04, shot->reserved_04);
    abi_put_le64(out + 0x08, shot->fields);
    abi_put_le32(out + 0x10, shot->vmpl);
    abi_put_le32(out + 0x14, shot->guest_svn);
    abi_put_le64(out + 0x18, shot->tcb);
    abi_put_le64(out + 0x20, shot->mit_vector);
}

bool key_ask(struct suite_ctx *ctx, const struct key_shot *shot, struct key_answer *answer) {
    uint8_t payload[0x30], rsp[0x40];
    size_t size;
    bool shown;
    uint64_t before[ABI_VMPCK_COUNT], after[ABI_VMPCK_COUNT];
    encode(shot, payload);
    if (!counters(ctx, before, &shown) ||
        !suite_call(ctx, shot->vmpck, ABI_MSG_KEY_REQ, shot->version, payload, shot->size, rsp,
                    sizeof rsp, &size) ||
        !suite_equal(ctx, "KEY_RSP MSG_SIZE", 0x40, size, "KEY_RSP is 0x40 bytes") ||
        !counters(ctx, after, &shown))
        return false;
    answer->status = abi_get_le32(rsp);
    memcpy(answer->reserved, rsp + 0x04, sizeof answer->reserved);
    memcpy(answer->key, rsp + 0x20, sizeof answer->key);
    for (unsigned k = 0; shown && k < ABI_VMPCK_COUNT; k++)
        if (!suite_equal(ctx, "MsgCount", before[k] + (k == shot->vmpck ? 2 : 0), after[k],
                         "an answer adds 2 to the MsgCount of its VMPCK, whatever its STATUS"))
            return false;
    return true;
}

bool key_granted(struct suite_ctx *ctx, const struct key_shot *shot, uint8_t key[KEY_SIZE]) {
    struct key_answer answer;
    if (!key_ask(ctx, shot, &answer) ||
        !suite_status(ctx, "KEY_RSP.STATUS", ABI_SUCCESS, answer.status,
                      "the request breaks no rule") ||
        !suite_zero(ctx, "KEY_RSP 0x04", answer.reserved, sizeof answer.reserved,
                    "28 zero bytes") ||
        !suite_check(ctx, "KEY_RSP.DERIVED_KEY", !abi_all_zero(answer.key, KEY_SIZE),
                     "a key, not zeros"))
        return false;
    memcpy(key, answer.key, KEY_SIZE);
    return true;
}

bool key_of(struct suite_ctx *ctx, const struct key_shot *shot, uint8_t key[KEY_SIZE]) {
    return key_launch(ctx, shot) && key_granted(ctx, shot, key);
}

bool key_refused(struct suite_ctx *ctx, const struct key_shot *shot, enum abi_status status,
                 const char *rule) {
    struct key_answer answer;
    return key_ask(ctx, shot, &answer) &&
           suite_status(ctx, "KEY_RSP.STATUS", status, answer.status, rule) &&
           suite_zero(ctx, "KEY_RSP 0x04", answer.reserved, sizeof answer.reserved,
                      "28 zero bytes") &&
           suite_zero(ctx, "KEY_RSP.DERIVED_KEY", answer.key, sizeof answer.key,
                      "zero when a check fails");
}

bool key_same(struct suite_ctx *ctx, const uint8_t a[KEY_SIZE], const uint8_t b[KEY_SIZE],
              const char *rule) {
    return suite_bytes(ctx, "DERIVED_KEY", a, b, KEY_SIZE, rule);
}

bool key_differ(struct suite_ctx *ctx, const uint8_t a[KEY_SIZE], const uint8_t b[KEY_SIZE],
                const char *rule) {
    return suite_check(ctx, "DERIVED_KEY: the same key twice", memcmp(a, b, KEY_SIZE) != 0, rule);
}

static const struct suite_area *const parts[] = {
    &key_form,  &key_select, &key_refuse, &key_mit, &key_order,
    &key_input, &key_derive, &key_root,   NULL,
};

const struct suite_area key_area = {.name = "key", .parts = parts};
