/* A machine that a case starts, and the mailbox of its firmware. */
#include "vectors/world.h"

#include <string.h>

#define SEED 7

/* ---- elements of arrays ---- */

/* An object that holds the element as NAME; NULL after an ERROR where there is none. */
static json_t *element(struct suite_ctx *ctx, const json_t *array, size_t index, const char *name) {
    const size_t count = json_array_size(array);
    if (!suite_setup(ctx, name,
                     index < count ? sevkit_success()
                                   : sevkit_fail(SEVKIT_BAD_LENGTH, name, SEVKIT_NO_OFFSET, count,
                                                 "more elements")))
        return NULL;
    return json_pack("{s:O}", name, json_array_get(array, index));
}

bool vector_number_at(struct suite_ctx *ctx, const json_t *array, size_t index, const char *name,
                      uint64_t *out) {
    json_t *one = element(ctx, array, index, name);
    const bool good = one != NULL && vector_number(ctx, one, name, out);
    json_decref(one);
    return good;
}

bool vector_hex_at(struct suite_ctx *ctx, const json_t *array, size_t index, const char *name,
                   uint8_t *out, size_t size) {
    json_t *one = element(ctx, array, index, name);
    const bool good = one != NULL && vector_hex(ctx, one, name, out, size);
    json_decref(one);
    return good;
}

bool vector_output_text_at(struct suite_ctx *ctx, const json_t *array, size_t index,
                           const char *name, const char *got) {
    json_t *one = element(ctx, array, index, name);
    const bool good = one != NULL && vector_output_text(ctx, one, name, got);
    json_decref(one);
    return good;
}

bool vector_output_hex_at(struct suite_ctx *ctx, const json_t *array, size_t index,
                          const char *name, const void *got, size_t size) {
    json_t *one = element(ctx, array, index, name);
    const bool good = one != NULL && vector_output_hex(ctx, one, name, got, size);
    json_decref(one);
    return good;
}

/* ---- randomness ---- */

static int64_t world_now(void *ctx) {
    (void)ctx;
    return SEVKIT_EPOCH_EMBEDDED;
}

/* Writes the case's keys over what is drawn for them. */
static void put_keys(const struct vector_random *random, uint8_t *out, size_t size) {
    for (size_t k = 0; k < ABI_VMPCK_COUNT; k++)
        for (size_t i = 0; i < ABI_VMPCK_SIZE; i++) {
            const size_t at = random->place[k] + i;
            if (at >= random->used && at - random->used < size)
                out[at - random->used] = random->vmpck[k][i];
        }
}

static void world_random(void *ctx, uint8_t *out, size_t size) {
    struct vector_random *random = ctx;
    crypto_drbg_random(&random->drbg, out, size);
    if (random->replace) put_keys(random, out, size);
    for (size_t i = 0; i < size && random->used + i < sizeof random->drawn; i++)
        random->drawn[random->used + i] = out[i];
    random->used += size;
}

/* Finds where in the stream the guest's keys were drawn. */
static bool find_keys(struct suite_ctx *ctx, struct vector_world *world) {
    struct vector_random *random = &world->random;
    struct abi_secrets_page secrets;
    if (!vector_world_secrets(ctx, world, &secrets)) return false;
    for (size_t k = 0; k < ABI_VMPCK_COUNT; k++) {
        size_t at = 0;
        while (at + ABI_VMPCK_SIZE <= sizeof random->drawn &&
               memcmp(random->drawn + at, secrets.vmpck[k], ABI_VMPCK_SIZE) != 0)
            at++;
        if (at + ABI_VMPCK_SIZE > sizeof random->drawn)
            return suite_setup(ctx, "VMPCKs",
                               sevkit_fail(SEVKIT_NOT_FOUND, "VMPCK", SEVKIT_NO_OFFSET, k,
                                           "is drawn from the environment"));
        random->place[k] = at;
    }
    return true;
}

/* ---- machines ---- */

static void stop(struct vector_world *world) {
    vmm_machine_free(world->machine);
    world->machine = NULL;
    world->guest = NULL;
}

static struct sevkit_result launch(struct vector_world *world, uint64_t launches) {
    const struct sevkit_env env = {.ctx = &world->random, .now = world_now, .random = world_random};
    stop(world);
    crypto_drbg_init(&world->random.drbg, SEED);
    world->random.used = 0;
    SEVKIT_TRY(vmm_machine_new(&world->profile, &env, 0, &world->machine));
    for (uint64_t i = 0; i < launches; i++) {
        if (world->guest != NULL) vmm_guest_destroy(world->guest);
        world->guest = NULL;
        SEVKIT_TRY(
            vmm_guest_launch_as(world->machine, &world->profile, world->state, &world->guest));
    }
    return sevkit_success();
}

bool vector_world_start(struct suite_ctx *ctx, struct vector_world *world,
                        const uint8_t vmpck[ABI_VMPCK_COUNT][ABI_VMPCK_SIZE], uint64_t launches) {
    if (!suite_setup(ctx, "tag", crypto_aead_new(&world->aead)) ||
        !suite_setup(ctx, "machine", launch(world, launches)))
        return false;
    if (vmpck == NULL) return true;
    if (!find_keys(ctx, world)) return false;
    memcpy(world->random.vmpck, vmpck, sizeof world->random.vmpck);
    world->random.replace = true;
    struct abi_secrets_page secrets;
    return suite_setup(ctx, "machine", launch(world, launches)) &&
           vector_world_secrets(ctx, world, &secrets) &&
           suite_bytes(ctx, "secrets page", world->random.vmpck, secrets.vmpck,
                       sizeof secrets.vmpck, "the VMPCKs are what was drawn for them");
}

void vector_world_free(struct vector_world *world) {
    stop(world);
    crypto_aead_free(world->aead);
    world->aead = NULL;
}

bool vector_world_secrets(struct suite_ctx *ctx, const struct vector_world *world,
                          struct abi_secrets_page *secrets) {
    uint8_t page[ABI_PAGE_SIZE];
    vmm_guest_secrets(world->guest, page);
    return suite_setup(ctx, "secrets page", abi_secrets_decode(page, sizeof page, secrets));
}

/* ---- messages ---- */

bool vector_world_ring(struct suite_ctx *ctx, struct vector_world *world,
                       const uint8_t page[ABI_PAGE_SIZE], uint64_t request_at, uint64_t response_at,
                       uint8_t response[ABI_PAGE_SIZE], enum abi_status *status) {
    const struct vmm_guest_pages pages = vmm_guest_pages(world->guest);
    struct mem *memory = vmm_machine_memory(world->machine);
    uint8_t command[PSP_GUEST_REQUEST_SIZE];
    abi_put_le64(command + PSP_GUEST_REQUEST_GCTX_PADDR, pages.gctx);
    abi_put_le64(command + PSP_GUEST_REQUEST_REQUEST_PADDR, pages.request + request_at);
    abi_put_le64(command + PSP_GUEST_REQUEST_RESPONSE_PADDR, pages.response + response_at);
    memset(response, VECTOR_UNTOUCHED, ABI_PAGE_SIZE);
    struct rmp *rmp = vmm_machine_rmp(world->machine);
    if (!suite_check(ctx, "pages",
                     mem_write(memory, pages.request, page, ABI_PAGE_SIZE) &&
                         mem_write(memory, pages.response, response, ABI_PAGE_SIZE) &&
                         rmp_set(rmp, pages.response, RMP_FIRMWARE, RMP_4K),
                     "the guest's pages lie in memory"))
        return false;
    *status = psp_command(vmm_machine_psp(world->machine), PSP_CMD_SNP_GUEST_REQUEST, command,
                          sizeof command);
    return suite_check(ctx, "response page",
                       mem_read(memory, pages.response, response, ABI_PAGE_SIZE),
                       "it lies in memory");
}

/* Notes, section 3; section 2 for the zeros. */
static bool check_header(struct suite_ctx *ctx, const struct abi_msg_header *request,
                         const struct abi_msg_header *got) {
    return suite_equal(ctx, "MSG_SEQNO", request->seqno + 1, got->seqno, "the request's + 1") &&
           suite_equal(ctx, "MSG_TYPE", request->type + 1U, got->type, "the request's + 1") &&
           suite_equal(ctx, "MSG_VMPCK", request->vmpck, got->vmpck, "the request's") &&
           suite_equal(ctx, "ALGO", 1, got->algo, "AES-256-GCM") &&
           suite_equal(ctx, "HDR_VERSION", 1, got->hdr_version, "version 1") &&
           suite_equal(ctx, "HDR_SIZE", 0x60, got->hdr_size, "version 1's") &&
           suite_zero(ctx, "AUTHTAG", got->authtag + 16, 16, "the upper half is zero") &&
           suite_zero(ctx, "reserved 0x28", got->reserved_28, sizeof got->reserved_28, "zero") &&
           suite_zero(ctx, "reserved 0x38", got->reserved_38, sizeof got->reserved_38, "zero") &&
           suite_zero(ctx, "reserved 0x3D", got->reserved_3d, sizeof got->reserved_3d, "zero");
}

bool vector_world_open(struct suite_ctx *ctx, struct vector_world *world,
                       const struct abi_msg_header *request, const uint8_t key[ABI_VMPCK_SIZE],
                       const uint8_t page[ABI_PAGE_SIZE], uint64_t at,
                       struct vector_answer *answer) {
    uint8_t iv[CRYPTO_AEAD_IV_SIZE];
    abi_msg_header_decode(page + at, &answer->header);
    const struct abi_msg_header *header = &answer->header;
    if (!check_header(ctx, request, header) ||
        !suite_check(ctx, "MSG_SIZE", header->size <= ABI_PAGE_SIZE - ABI_MSG_HEADER_SIZE - at,
                     "the response lies in its page"))
        return false;
    abi_msg_iv(header->seqno, iv);
    return suite_setup(ctx, "VMPCK", crypto_aead_set_key(world->aead, key)) &&
           suite_succeeds(ctx, "AUTHTAG",
                          crypto_aead_open(world->aead, iv, page + at + ABI_MSG_AAD_OFFSET,
                                           ABI_MSG_AAD_SIZE, page + at + ABI_MSG_HEADER_SIZE,
                                           header->size, header->authtag, answer->payload),
                          "the response opens with the request's VMPCK");
}
