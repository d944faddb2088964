/* The profile of a case: its built-in one and the changes. */
#include <string.h>

#include "vectors/world.h"

/* Reads a member of OBJECT where it is there. */
static bool bytes(struct suite_ctx *ctx, const json_t *object, const char *name, uint8_t *out,
                  size_t size) {
    return json_object_get(object, name) == NULL || vector_hex(ctx, object, name, out, size);
}

static bool number(struct suite_ctx *ctx, const json_t *object, const char *name, uint64_t *out) {
    return vector_number_or(ctx, object, name, *out, out);
}

static bool number_32(struct suite_ctx *ctx, const json_t *object, const char *name,
                      uint32_t *out) {
    uint64_t value = *out;
    if (!number(ctx, object, name, &value)) return false;
    *out = (uint32_t)value;
    return true;
}

static bool flag(struct suite_ctx *ctx, const json_t *object, const char *name, bool *out) {
    return vector_flag_or(ctx, object, name, *out, out);
}

/* A change of the ID block: null takes it away. */
static bool id_block(struct suite_ctx *ctx, const json_t *guest, struct sevkit_id_block *block) {
    const json_t *value = json_object_get(guest, "id_block");
    if (value == NULL) return true;
    if (json_is_null(value)) {
        *block = (struct sevkit_id_block){0};
        return true;
    }
    block->present = true;
    const json_t *author = json_object_get(value, "author_key_digest");
    if (json_is_null(author)) {
        block->author_key_en = false;
        memset(block->author_key_digest, 0, sizeof block->author_key_digest);
    } else if (author != NULL) {
        block->author_key_en = true;
        if (!bytes(ctx, value, "author_key_digest", block->author_key_digest, 48)) return false;
    }
    return bytes(ctx, value, "family_id", block->family_id, 16) &&
           bytes(ctx, value, "image_id", block->image_id, 16) &&
           bytes(ctx, value, "id_key_digest", block->id_key_digest, 48) &&
           number_32(ctx, value, "guest_svn", &block->guest_svn);
}

static bool guest_state(struct suite_ctx *ctx, const json_t *guest, enum psp_guest_state *state) {
    static const char *const names[] = {
        [PSP_GUEST_INIT] = "INIT",
        [PSP_GUEST_LAUNCH] = "LAUNCH",
        [PSP_GUEST_RUNNING] = "RUNNING",
    };
    if (json_object_get(guest, "state") == NULL) return true;
    const char *text;
    if (!vector_text(ctx, guest, "state", &text)) return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0) {
            *state = (enum psp_guest_state)i;
            return true;
        }
    return suite_setup(ctx, "input.guest.state",
                       sevkit_fail(SEVKIT_BAD_VALUE, "state", SEVKIT_NO_OFFSET, 0, "a state"));
}

static bool change_guest(struct suite_ctx *ctx, const json_t *guest, struct vector_world *world) {
    struct sevkit_profile *p = &world->profile;
    return number(ctx, guest, "policy", &p->policy) &&
           bytes(ctx, guest, "host_data", p->host_data, sizeof p->host_data) &&
           bytes(ctx, guest, "measurement", p->measurement, sizeof p->measurement) &&
           id_block(ctx, guest, &p->id_block) && flag(ctx, guest, "vcek_dis", &p->vcek_dis) &&
           number(ctx, guest, "launch_mit_vector", &p->launch_mit_vector) &&
           number_32(ctx, guest, "tsc_desired_khz", &p->tsc_desired_khz) &&
           number(ctx, guest, "tsc_offset", &p->tsc_offset) &&
           guest_state(ctx, guest, &world->state);
}

static bool change_csp(struct suite_ctx *ctx, const json_t *platform, struct sevkit_profile *p) {
    const json_t *value = json_object_get(platform, "csp_id");
    if (value == NULL) return true;
    p->vlek_loaded = !json_is_null(value);
    memset(p->csp_id, 0, sizeof p->csp_id);
    const char *text;
    if (!p->vlek_loaded) return true;
    if (!vector_text(ctx, platform, "csp_id", &text)) return false;
    memcpy(p->csp_id, text, strnlen(text, sizeof p->csp_id - 1));
    return true;
}

static bool change_platform(struct suite_ctx *ctx, const json_t *platform,
                            struct sevkit_profile *p) {
    return bytes(ctx, platform, "chip_id", p->chip_id, abi_hwid_size(p->product)) &&
           number(ctx, platform, "committed_tcb", &p->committed_tcb) &&
           number(ctx, platform, "reported_tcb", &p->reported_tcb) &&
           flag(ctx, platform, "mask_chip_key", &p->mask_chip_key) && change_csp(ctx, platform, p);
}

static bool change_sizes(struct suite_ctx *ctx, const json_t *policy, struct sevkit_profile *p) {
    const json_t *sizes = json_object_get(policy, "key_req_v2_sizes");
    if (sizes == NULL) return true;
    p->key_req_v2_size_count = 0;
    for (size_t i = 0; i < json_array_size(sizes) && i < SEVKIT_KEY_REQ_V2_SIZES_MAX; i++) {
        uint64_t size;
        if (!vector_number_at(ctx, sizes, i, "key_req_v2_sizes", &size)) return false;
        p->key_req_v2_sizes[p->key_req_v2_size_count++] = (uint16_t)size;
    }
    return suite_setup(ctx, "input.policy.key_req_v2_sizes",
                       p->key_req_v2_size_count == json_array_size(sizes)
                           ? sevkit_success()
                           : sevkit_fail(SEVKIT_LIMIT, "key_req_v2_sizes", SEVKIT_NO_OFFSET, 0,
                                         "at most three sizes"));
}

static bool change_messages(struct suite_ctx *ctx, const json_t *policy, struct sevkit_profile *p) {
    const char *status = json_string_value(json_object_get(policy, "launch_mit_status"));
    if (status != NULL && !abi_status_from_name(status, &p->launch_mit_status))
        return suite_setup(
            ctx, "input.policy",
            sevkit_fail(SEVKIT_BAD_VALUE, "launch_mit_status", SEVKIT_NO_OFFSET, 0, "a status"));
    return number_32(ctx, policy, "key_req_max_version", &p->key_req_max_version) &&
           number_32(ctx, policy, "key_rsp_v2_version", &p->key_rsp_v2_version) &&
           change_sizes(ctx, policy, p) &&
           flag(ctx, policy, "launch_mit_always_checked", &p->launch_mit_always_checked) &&
           flag(ctx, policy, "enforce_header_mbz", &p->enforce_header_mbz) &&
           flag(ctx, policy, "vmpl_max_3", &p->vmpl_max_3) &&
           flag(ctx, policy, "report_size_on_failure", &p->report_size_on_failure);
}

static bool change_counts(struct suite_ctx *ctx, const struct vector_case *c,
                          struct sevkit_profile *p) {
    const json_t *counts = json_object_get(c->input, "msg_count");
    if (counts == NULL) return true;
    for (size_t k = 0; k < ABI_VMPCK_COUNT; k++)
        if (!vector_number_at(ctx, counts, k, "MsgCount", &p->msg_count[k])) return false;
    return true;
}

bool vector_world_profile(struct suite_ctx *ctx, const struct vector_case *c, const json_t *own,
                          struct vector_world *world) {
    const char *name;
    *world = (struct vector_world){.state = PSP_GUEST_RUNNING};
    if (!vector_text(ctx, c->input, "profile", &name) ||
        !suite_setup(ctx, "input.profile", vmm_profile_builtin(name, &world->profile)) ||
        !change_messages(ctx, c->policy, &world->profile) ||
        !change_counts(ctx, c, &world->profile))
        return false;
    const json_t *const changes[] = {c->input, own};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (!change_guest(ctx, json_object_get(changes[i], "guest"), world) ||
            !change_platform(ctx, json_object_get(changes[i], "platform"), &world->profile))
            return false;
    return true;
}
