/* A machine and its guest as a case's input describes them: a built-in profile, and changes of the guest's
 * context, of the platform's settings and of the profile's messages (harness/reference/machine.py lists the
 * members). Ops request and key. */
#ifndef VECTORS_WORLD_H
#define VECTORS_WORLD_H

#include "vectors/vectors.h"

/* Element INDEX of ARRAY, named NAME where it is wrong: as vector_number, vector_hex, vector_output_text and
 * vector_output_hex, but that an absent element is an ERROR. */
SEVKIT_MUST bool vector_number_at(struct suite_ctx *ctx, const json_t *array, size_t index,
                                  const char *name, uint64_t *out);
SEVKIT_MUST bool vector_hex_at(struct suite_ctx *ctx, const json_t *array, size_t index,
                               const char *name, uint8_t *out, size_t size);
SEVKIT_MUST bool vector_output_text_at(struct suite_ctx *ctx, const json_t *array, size_t index,
                                       const char *name, const char *got);
SEVKIT_MUST bool vector_output_hex_at(struct suite_ctx *ctx, const json_t *array, size_t index,
                                      const char *name, const void *got, size_t size);

/* Randomness that is the same for every machine, with keys of the case's in place of the VMPCKs. */
struct vector_random {
    struct crypto_drbg drbg;
    uint8_t drawn[1024]; /* the first bytes that were given out */
    size_t used;         /* how many bytes were given out */
    bool replace;
    size_t place[ABI_VMPCK_COUNT]; /* where in the stream each VMPCK was drawn */
    uint8_t vmpck[ABI_VMPCK_COUNT][ABI_VMPCK_SIZE];
};

struct vector_world {
    struct sevkit_profile profile;
    enum psp_guest_state state;
    struct vector_random random;
    struct vmm_machine *machine;
    struct vmm_guest *guest;
    struct crypto_aead *aead;
};

/* The profile that the input names, with the input's changes and then OWN's (NULL: none). Zeroes the rest of
 * WORLD, which is freed by vector_world_free whatever happens. */
SEVKIT_MUST bool vector_world_profile(struct suite_ctx *ctx, const struct vector_case *c,
                                      const json_t *own, struct vector_world *world);

/* Starts the machine and its LAUNCHth guest. VMPCK: the guest's keys; NULL: as they are drawn. */
SEVKIT_MUST bool vector_world_start(struct suite_ctx *ctx, struct vector_world *world,
                                    const uint8_t vmpck[ABI_VMPCK_COUNT][ABI_VMPCK_SIZE],
                                    uint64_t launch);

void vector_world_free(struct vector_world *world);

/* The guest's own copy of its keys. */
SEVKIT_MUST bool vector_world_secrets(struct suite_ctx *ctx, const struct vector_world *world,
                                      struct abi_secrets_page *secrets);

/* A response page: filled with a pattern before the request. */
#define VECTOR_UNTOUCHED 0xA5

/* Rings the mailbox for the request at offset REQUEST_AT of PAGE. RESPONSE becomes the response page. */
SEVKIT_MUST bool vector_world_ring(struct suite_ctx *ctx, struct vector_world *world,
                                   const uint8_t page[ABI_PAGE_SIZE], uint64_t request_at,
                                   uint64_t response_at, uint8_t response[ABI_PAGE_SIZE],
                                   enum abi_status *status);

/* An opened response. */
struct vector_answer {
    struct abi_msg_header header;
    uint8_t payload[ABI_MSG_PAYLOAD_MAX];
};

/* Opens the response to REQUEST at offset AT of PAGE with KEY, and asserts the form of its header: notes,
 * section 3. */
SEVKIT_MUST bool vector_world_open(struct suite_ctx *ctx, struct vector_world *world,
                                   const struct abi_msg_header *request,
                                   const uint8_t key[ABI_VMPCK_SIZE],
                                   const uint8_t page[ABI_PAGE_SIZE], uint64_t at,
                                   struct vector_answer *answer);

#endif
