/* Op key: one KEY_REQ, or two whose keys are compared. Guest message notes, section 9; the output is told in
 * vectors/cases/key.json.
 *
 * Offsets are the notes' numbers, not the names of sevkit/message.h, so that a wrong constant there does not
 * agree with itself. */
#include <string.h>

#include "vectors/world.h"

struct asked {
    bool granted;
    const char *status; /* the one that decides */
    uint8_t key[32];
};

/* A member of a request as SIZE little-endian bytes at OUT. */
static bool put(struct suite_ctx *ctx, const json_t *request, const char *name, uint8_t *out,
                size_t size) {
    uint64_t value;
    uint8_t bytes[8];
    if (!vector_number_or(ctx, request, name, 0, &value)) return false;
    abi_put_le64(bytes, value);
    memcpy(out, bytes, size);
    return true;
}

static bool encode(struct suite_ctx *ctx, const json_t *request, uint8_t payload[0x28]) {
    return put(ctx, request, "select", payload + 0x00, 4) &&
           put(ctx, request, "reserved", payload + 0x04, 4) &&
           put(ctx, request, "fields", payload + 0x08, 8) &&
           put(ctx, request, "vmpl", payload + 0x10, 4) &&
           put(ctx, request, "guest_svn", payload + 0x14, 4) &&
           put(ctx, request, "tcb", payload + 0x18, 8) &&
           put(ctx, request, "launch_mit_vector", payload + 0x20, 8);
}

/* Seals the request as HEADER says. */
static bool seal(struct suite_ctx *ctx, struct vector_world *world, struct abi_msg_header *header,
                 const uint8_t key[ABI_VMPCK_SIZE], const uint8_t *payload,
                 uint8_t page[ABI_PAGE_SIZE]) {
    uint8_t iv[CRYPTO_AEAD_IV_SIZE];
    memset(page, 0, ABI_PAGE_SIZE);
    abi_msg_header_encode(header, page);
    abi_msg_iv(header->seqno, iv);
    return suite_setup(ctx, "VMPCK", crypto_aead_set_key(world->aead, key)) &&
           suite_setup(ctx, "request",
                       crypto_aead_seal(world->aead, iv, page + ABI_MSG_AAD_OFFSET,
                                        ABI_MSG_AAD_SIZE, payload, header->size,
                                        page + ABI_MSG_HEADER_SIZE, page));
}

static bool answered(struct suite_ctx *ctx, const struct vector_case *c,
                     const struct vector_answer *answer, struct asked *asked) {
    const uint32_t status = abi_get_le32(answer->payload);
    const char *key = abi_all_zero(answer->payload + 0x20, 32) ? "zero" : "set";
    asked->granted = status == ABI_SUCCESS;
    asked->status = abi_status_name(status);
    memcpy(asked->key, answer->payload + 0x20, sizeof asked->key);
    return suite_equal(ctx, "KEY_RSP.MSG_SIZE", 0x40, answer->header.size, "0x40 bytes") &&
           suite_zero(ctx, "KEY_RSP.reserved", answer->payload + 0x04, 28, "zero") &&
           vector_output_text(ctx, c->output, "key", key) &&
           vector_output_number(ctx, c->output, "version", answer->header.version) &&
           vector_output_number(ctx, c->output, "size", answer->header.size);
}

/* Sends REQUEST to a machine of its own. */
static bool ask(struct suite_ctx *ctx, const struct vector_case *c, const json_t *request,
                struct vector_world *world, struct asked *asked) {
    uint64_t vmpck, version, size, launch;
    uint8_t payload[ABI_MSG_PAYLOAD_MAX] = {0};
    uint8_t page[ABI_PAGE_SIZE], response[ABI_PAGE_SIZE];
    struct abi_secrets_page secrets;
    struct vector_answer answer;
    enum abi_status status;
    if (!vector_number_or(ctx, request, "vmpck", 0, &vmpck) ||
        !vector_number_or(ctx, request, "version", 1, &version) ||
        !vector_number_or(ctx, request, "size", 0x20, &size) ||
        !vector_number_or(ctx, request, "launch", 1, &launch) || !encode(ctx, request, payload) ||
        !vector_world_profile(ctx, c, request, world) ||
        !vector_world_start(ctx, world, NULL, launch) ||
        !vector_world_secrets(ctx, world, &secrets) ||
        !suite_check(ctx, "input.requests", vmpck < ABI_VMPCK_COUNT && size < sizeof payload,
                     "a VMPCK and a MSG_SIZE that exist"))
        return false;
    struct abi_msg_header header =
        abi_msg_header_make(ABI_MSG_KEY_REQ, (uint8_t)version, (uint8_t)vmpck,
                            world->profile.msg_count[vmpck] + 1, (uint16_t)size);
    if (!seal(ctx, world, &header, secrets.vmpck[vmpck], payload, page) ||
        !vector_world_ring(ctx, world, page, 0, 0, response, &status) ||
        !vector_output_text(ctx, c->output, "mailbox", abi_status_name(status)))
        return false;
    *asked = (struct asked){.status = abi_status_name(status)};
    if (status != ABI_SUCCESS) return true;
    return vector_world_open(ctx, world, &header, secrets.vmpck[vmpck], response, 0, &answer) &&
           answered(ctx, c, &answer, asked);
}

void vector_run_key(struct suite_ctx *ctx, struct vector_case *c) {
    const json_t *requests = json_object_get(c->input, "requests");
    const size_t count = json_array_size(requests);
    struct asked asked[2] = {{.granted = false}, {.granted = false}};
    SUITE_CHECK(ctx, "input.requests", count == 1 || count == 2, "one request or two");
    for (size_t i = 0; i < count; i++) {
        struct vector_world world = {.machine = NULL};
        const bool good = ask(ctx, c, json_array_get(requests, i), &world, &asked[i]);
        vector_world_free(&world);
        SUITE_STEP(good);
    }
    for (size_t i = 0; i < count; i++)
        if (!asked[i].granted) {
            SUITE_STEP(vector_seen(ctx, c, false, "status", asked[i].status));
            return;
        }
    SUITE_STEP(vector_seen(ctx, c, true, NULL, NULL));
    if (count == 1) {
        SUITE_STEP(vector_output_hex(ctx, c->output, "derived_key", asked[0].key, ABI_KEY_SIZE));
        return;
    }
    const bool same = memcmp(asked[0].key, asked[1].key, sizeof asked[0].key) == 0;
    SUITE_STEP(vector_output_text(ctx, c->output, "keys", same ? "equal" : "different"));
}
