/* Op idblock: the ID block at LAUNCH_FINISH. Launch notes, sections 4 to 6. */
#include "sevkit/psp_launch.h"
#include "vectors/vectors.h"

/* An optional member of exactly SIZE bytes. */
static bool bytes_of(struct suite_ctx *ctx, struct vector_case *c, const char *name, size_t size,
                     const uint8_t **out) {
    struct vector_bytes bytes;
    if (json_is_null(vector_find(c, name))) return true;
    if (!vector_bytes(ctx, c, name, &bytes)) return false;
    *out = bytes.bytes;
    return suite_setup(ctx, name,
                       bytes.size == size ? sevkit_success()
                                          : sevkit_fail(SEVKIT_BAD_LENGTH, name, SEVKIT_NO_OFFSET,
                                                        bytes.size, "the structure's size"));
}

static bool rules_of(struct suite_ctx *ctx, const struct vector_case *c,
                     struct psp_id_block_rules *rules) {
    return vector_flag_or(ctx, c->policy, "check_version", false, &rules->check_version) &&
           vector_flag_or(ctx, c->policy, "auth_key_needs_block", false,
                          &rules->auth_key_needs_block) &&
           vector_flag_or(ctx, c->policy, "id_auth_mbz", false, &rules->id_auth_mbz) &&
           vector_flag_or(ctx, c->policy, "coordinates_cut", false, &rules->coordinates_cut);
}

static bool input_of(struct suite_ctx *ctx, struct vector_case *c, uint8_t ld[ABI_DIGEST_SIZE],
                     struct psp_id_block_input *in) {
    in->ld = ld;
    const bool page =
        json_is_null(vector_find(c, "id_block")) || !json_is_null(vector_find(c, "id_auth"));
    if (!page)
        return suite_setup(ctx, "id_auth",
                           sevkit_fail(SEVKIT_BAD_VALUE, "id_auth", SEVKIT_NO_OFFSET, 0,
                                       "null without an ID block only"));
    return bytes_of(ctx, c, "id_block", ABI_ID_BLOCK_SIZE, &in->block) &&
           bytes_of(ctx, c, "id_auth", ABI_ID_AUTH_SIZE, &in->auth) &&
           vector_flag_or(ctx, c->input, "auth_key_en", false, &in->auth_key_en) &&
           vector_hex(ctx, c->input, "ld", ld, ABI_DIGEST_SIZE) &&
           vector_number(ctx, c->input, "guest_policy", &in->policy) &&
           rules_of(ctx, c, &in->rules);
}

static bool block_seen(struct suite_ctx *ctx, const json_t *wanted,
                       const struct sevkit_id_block *got) {
    return vector_output_number(ctx, wanted, "id_block_en", got->present) &&
           vector_output_number(ctx, wanted, "author_key_en", got->author_key_en) &&
           vector_output_hex(ctx, wanted, "family_id", got->family_id, sizeof got->family_id) &&
           vector_output_hex(ctx, wanted, "image_id", got->image_id, sizeof got->image_id) &&
           vector_output_number(ctx, wanted, "guest_svn", got->guest_svn) &&
           vector_output_hex(ctx, wanted, "id_key_digest", got->id_key_digest,
                             sizeof got->id_key_digest) &&
           vector_output_hex(ctx, wanted, "author_key_digest", got->author_key_digest,
                             sizeof got->author_key_digest);
}

void vector_run_idblock(struct suite_ctx *ctx, struct vector_case *c) {
    uint8_t ld[ABI_DIGEST_SIZE];
    struct psp_id_block_input in = {.block = NULL};
    struct sevkit_id_block made;
    SUITE_STEP(input_of(ctx, c, ld, &in));
    const enum abi_status status = psp_id_block_check(&in, &made);
    const bool accepted = status == ABI_SUCCESS;
    SUITE_STEP(vector_seen(ctx, c, accepted, "status", abi_status_name(status)));
    if (accepted) SUITE_STEP(block_seen(ctx, c->output, &made));
}
