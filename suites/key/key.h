/* The parts of the area key, and what they share. Message notes, section 9.
 *
 * Offsets and sizes are written as the notes' numbers, not by the names of sevkit/message.h, so that a wrong
 * constant there does not agree with itself. */
#ifndef KEY_H
#define KEY_H

#include "runner/suite.h"

#define KEY_PART(table)                                                                            \
    { .name = "key", .tests = (table), .count = sizeof(table) / sizeof((table)[0]) }

extern const struct suite_area key_form, key_select, key_refuse, key_mit, key_order, key_input,
    key_derive, key_root;

/* Tests that launch guests of their own. */
#define KEY_NEEDS (SUITE_NEEDS_GUEST | TARGET_PROFILE)

#define KEY_SIZE 32

/* The select dword: ROOT_KEY_SELECT bit 0, KEY_SEL bits 2:1. */
enum key_select {
    KEY_DEFAULT = 0,
    KEY_VMRK = 1,
    KEY_VCEK = 2,
    KEY_VLEK = 4,
    KEY_RESERVED = 6,
};

/* GUEST_FIELD_SELECT. */
enum key_field {
    KEY_POLICY = 1 << 0,
    KEY_IMAGE_ID = 1 << 1,
    KEY_FAMILY_ID = 1 << 2,
    KEY_MEASUREMENT = 1 << 3,
    KEY_GUEST_SVN = 1 << 4,
    KEY_TCB_VERSION = 1 << 5,
    KEY_MIT_VECTOR = 1 << 6,
    KEY_ALL_V1 = 0x3F,
    KEY_ALL_V2 = 0x7F,
};

/* A guest and its request: what a test changes before it asks. */
struct key_shot {
    struct sevkit_profile profile;
    unsigned vmpck;
    uint8_t version; /* MSG_VERSION */
    size_t size;     /* MSG_SIZE */
    uint32_t select;
    uint32_t reserved_04;
    uint64_t fields;
    uint32_t vmpl;
    uint32_t guest_svn;
    uint64_t tcb;
    uint64_t mit_vector; /* sent when SIZE has room for it */
};

struct key_answer {
    uint32_t status;
    uint8_t reserved[28]; /* 0x04 */
    uint8_t key[KEY_SIZE];
};

/* PROFILE's guest with an ID block, an ID key, a VCEK, four bits of launch mitigations and version 2 in both
 * sizes; a version 1 request for VMPL 1 without fields, whose values are all within their bounds. */
struct key_shot key_shot(const struct sevkit_profile *profile);

/* key_shot of the run's profile. */
struct key_shot key_run_shot(struct suite_ctx *ctx);

/* Makes it a version 2 request of 0x28 bytes. */
void key_version_2(struct key_shot *shot);

/* Loads a VLEK. */
void key_load_vlek(struct key_shot *shot);

/* Loads a VLEK or none, selects ROOT: KEY_VCEK, KEY_VLEK or KEY_VMRK. */
void key_use_root(struct key_shot *shot, enum key_select root);

/* The name of ROOT. */
const char *key_root_name(enum key_select root);

/* A TCB_VERSION whose components are all PART, in the product's layout. */
uint64_t key_tcb_of(enum abi_product product, uint8_t part);

/* The offsets of the components in a TCB_VERSION, FMC left out where the product has none. */
size_t key_tcb_offsets(enum abi_product product, unsigned at[5]);

/* A machine and guest as SHOT's profile says. */
SEVKIT_MUST bool key_launch(struct suite_ctx *ctx, const struct key_shot *shot);

/* Sends the request to the guest that is there. Asserts the size of the answer and that MsgCount grows by 2
 * on this VMPCK alone, which holds for every answer, whatever its STATUS. */
SEVKIT_MUST bool key_ask(struct suite_ctx *ctx, const struct key_shot *shot,
                         struct key_answer *answer);

/* As key_ask, and asserts that the key is granted: STATUS 0, reserved bytes zero, a key that is not. */
SEVKIT_MUST bool key_granted(struct suite_ctx *ctx, const struct key_shot *shot,
                             uint8_t key[KEY_SIZE]);

/* key_launch, then key_granted. */
SEVKIT_MUST bool key_of(struct suite_ctx *ctx, const struct key_shot *shot, uint8_t key[KEY_SIZE]);

/* As key_ask, and asserts a refusal with STATUS and its footprint: all else zero. */
SEVKIT_MUST bool key_refused(struct suite_ctx *ctx, const struct key_shot *shot,
                             enum abi_status status, const char *rule);

/* Asserts that two keys are equal, or that they are not. */
SEVKIT_MUST bool key_same(struct suite_ctx *ctx, const uint8_t a[KEY_SIZE],
                          const uint8_t b[KEY_SIZE], const char *rule);
SEVKIT_MUST bool key_differ(struct suite_ctx *ctx, const uint8_t a[KEY_SIZE],
                            const uint8_t b[KEY_SIZE], const char *rule);

#endif
