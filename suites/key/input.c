/* Every input of the derivation, byte by byte: two guests or requests that differ only in it get different
 * keys; with an optional one not selected, the same. Message notes, section 9.3. */
#include "key/key.h"

struct input {
    uint64_t field;                                        /* its bit; 0: always mixed in */
    unsigned count;                                        /* instances */
    void (*change)(struct key_shot *shot, unsigned which); /* instance 0 .. count - 1 */
    bool author;                                           /* the guests have an author key */
};

static void policy(struct key_shot *shot, unsigned which) {
    shot->profile.policy ^= UINT64_C(1) << (which < 17 ? which : which + 1); /* 17 is always 1 */
}

static void image_id(struct key_shot *shot, unsigned which) {
    shot->profile.id_block.image_id[which] ^= 1;
}

static void family_id(struct key_shot *shot, unsigned which) {
    shot->profile.id_block.family_id[which] ^= 1;
}

static void measurement(struct key_shot *shot, unsigned which) {
    shot->profile.measurement[which] ^= 1;
}

static void guest_svn(struct key_shot *shot, unsigned which) {
    shot->guest_svn ^= UINT32_C(1) << which;
}

/* Lower by one, so that it stays within the committed TCB. */
static void tcb_version(struct key_shot *shot, unsigned which) {
    unsigned at[5];
    const size_t parts = key_tcb_offsets(shot->profile.product, at);
    shot->tcb -= UINT64_C(1) << 8 * at[which % parts];
}

static void mit_vector(struct key_shot *shot, unsigned which) {
    shot->mit_vector ^= UINT64_C(1) << which;
}

static void host_data(struct key_shot *shot, unsigned which) {
    shot->profile.host_data[which] ^= 1;
}

static void id_key(struct key_shot *shot, unsigned which) {
    shot->profile.id_block.id_key_digest[which] ^= 1;
}

static void author_key(struct key_shot *shot, unsigned which) {
    shot->profile.id_block.author_key_digest[which] ^= 1;
}

static void vmpl(struct key_shot *shot, unsigned which) {
    static const uint32_t vmpls[] = {0, 2, 3};
    shot->vmpl = vmpls[which];
}

/* Bounds wide enough for every instance. */
static struct key_shot base(const struct sevkit_profile *profile, const struct input *input,
                            enum key_select root) {
    struct key_shot shot = key_shot(profile);
    key_version_2(&shot);
    key_use_root(&shot, root);
    shot.profile.id_block.guest_svn = UINT32_MAX;
    shot.profile.launch_mit_vector = shot.profile.current_mit_vector = UINT64_MAX;
    shot.profile.id_block.author_key_en = input->author;
    return shot;
}

/* FIELDS: the selection of both; whether the input counts follows from it. */
static void compare(struct suite_ctx *ctx, const struct input *input, struct key_shot shot,
                    uint64_t fields) {
    const bool counts = input->field == 0 || (fields & input->field) != 0;
    uint8_t first[KEY_SIZE], second[KEY_SIZE];
    shot.fields = fields;
    SUITE_STEP(key_of(ctx, &shot, first));
    for (unsigned i = 0; i < input->count; i++) {
        struct key_shot changed = shot;
        input->change(&changed, i);
        suite_instance(ctx, "%s, GUEST_FIELD_SELECT 0x%x, instance %u",
                       key_root_name((enum key_select)shot.select), (unsigned)fields, i);
        SUITE_STEP(key_of(ctx, &changed, second));
        if (counts)
            SUITE_STEP(key_differ(ctx, first, second, "differs only in an input: another key"));
        else
            SUITE_STEP(key_same(ctx, first, second, "the input is not selected: the same key"));
    }
}

static void input_test(struct suite_ctx *ctx) {
    const struct input *input = suite_row(ctx);
    static const enum key_select roots[] = {KEY_VCEK, KEY_VLEK};
    for (size_t i = 0; i < 2 && !suite_stopped(ctx); i++) {
        const struct key_shot shot = base(suite_run_profile(ctx), input, roots[i]);
        const uint64_t selections[] = {0, input->field, KEY_ALL_V2, KEY_ALL_V2 & ~input->field};
        for (size_t j = 0; j < 4 && !suite_stopped(ctx); j++)
            compare(ctx, input, shot, selections[j]);
    }
}

/* Inputs of the request under the VMRK, within one launch. */
static void vmrk_test(struct suite_ctx *ctx) {
    static const struct input inputs[] = {
        {KEY_GUEST_SVN, 32, guest_svn, false},
        {KEY_TCB_VERSION, 5, tcb_version, false},
        {KEY_MIT_VECTOR, 64, mit_vector, false},
        {0, 3, vmpl, false},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        const struct input *input = &inputs[i];
        struct key_shot shot = base(suite_run_profile(ctx), input, KEY_VMRK);
        SUITE_STEP(key_launch(ctx, &shot));
        for (unsigned selected = 0; selected < 2; selected++) {
            uint8_t first[KEY_SIZE], second[KEY_SIZE];
            shot.fields = selected ? input->field : 0;
            SUITE_STEP(key_granted(ctx, &shot, first));
            for (unsigned j = 0; j < input->count; j++) {
                struct key_shot changed = shot;
                input->change(&changed, j);
                suite_instance(ctx, "GUEST_FIELD_SELECT 0x%x, instance %u", (unsigned)shot.fields,
                               j);
                SUITE_STEP(key_granted(ctx, &changed, second));
                if (selected || input->field == 0)
                    SUITE_STEP(key_differ(ctx, first, second, "another input: another key"));
                else
                    SUITE_STEP(key_same(ctx, first, second, "not selected: the same key"));
            }
        }
    }
}

/* Firmware without the upper bound: every bit of the dword counts, no two VMPLs share a key. */
static void vmpl_above_3(struct suite_ctx *ctx) {
    static const struct input any = {0, 0, NULL, false};
    static const enum key_select roots[] = {KEY_VCEK, KEY_VLEK, KEY_VMRK};
    enum { VMPLS = 4 + 32 + 30 };
    for (size_t r = 0; r < sizeof roots / sizeof roots[0]; r++) {
        struct key_shot shot = base(suite_run_profile(ctx), &any, roots[r]);
        uint8_t keys[VMPLS][KEY_SIZE];
        shot.profile.vmpl_max_3 = false;
        SUITE_STEP(key_launch(ctx, &shot));
        for (unsigned i = 0; i < VMPLS; i++) {
            /* 0 to 3, ~0 with each bit cleared, each bit from 2 on beside VMPL 3 */
            shot.vmpl = i < 4    ? i
                        : i < 36 ? ~(UINT32_C(1) << (i - 4))
                                 : UINT32_C(3) | UINT32_C(1) << (i - 36 + 2);
            suite_instance(ctx, "%s, VMPL 0x%x", key_root_name(roots[r]), (unsigned)shot.vmpl);
            SUITE_STEP(key_granted(ctx, &shot, keys[i]));
            for (unsigned j = 0; j < i; j++)
                SUITE_STEP(key_differ(ctx, keys[i], keys[j], "another VMPL: another key"));
        }
    }
}

#define INPUT(ID, TITLE, FIELD, COUNT, CHANGE, AUTHOR, ...)                                        \
    {                                                                                              \
        .id = "key.input." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),             \
        .kind = SUITE_POSITIVE, .needs = KEY_NEEDS, .run = input_test,                             \
        .row = &(const struct input) {                                                             \
            FIELD, COUNT, CHANGE, AUTHOR                                                           \
        }                                                                                          \
    }

static const struct suite_test tests[] = {
    INPUT("policy", "bit 0 mixes in each bit of the guest policy", KEY_POLICY, 25, policy, false,
          "SNP-KEY-030"),
    INPUT("image-id", "bit 1 mixes in each byte of IMAGE_ID", KEY_IMAGE_ID, 16, image_id, false,
          "SNP-KEY-031"),
    INPUT("family-id", "bit 2 mixes in each byte of FAMILY_ID", KEY_FAMILY_ID, 16, family_id, false,
          "SNP-KEY-032"),
    INPUT("measurement", "bit 3 mixes in each byte of the measurement", KEY_MEASUREMENT, 48,
          measurement, false, "SNP-KEY-033"),
    INPUT("guest-svn", "bit 4 mixes in each bit of GUEST_SVN", KEY_GUEST_SVN, 32, guest_svn, false,
          "SNP-KEY-034"),
    INPUT("tcb-version", "bit 5 mixes in each component of TCB_VERSION", KEY_TCB_VERSION, 5,
          tcb_version, false, "SNP-KEY-035", "SNP-KEY-037"),
    INPUT("mit-vector", "bit 6 mixes in each bit of LAUNCH_MIT_VECTOR", KEY_MIT_VECTOR, 64,
          mit_vector, false, "SNP-KEY-036"),
    INPUT("vmpl", "the VMPL of the request is always mixed in", 0, 3, vmpl, false, "SNP-KEY-027"),
    INPUT("host-data", "each byte of HOST_DATA is always mixed in", 0, 32, host_data, false,
          "SNP-KEY-028"),
    INPUT("id-key", "each byte of the ID key digest is mixed in where there is no author key", 0,
          48, id_key, false, "SNP-KEY-029"),
    INPUT("author-key", "each byte of the author key digest is mixed in where there is one", 0, 48,
          author_key, true, "SNP-KEY-029"),
    {.id = "key.input.vmpl-above-3",
     .title = "where VMPLs above 3 are granted, no two of them share a key",
     .requirements = SUITE_REQ("SNP-KEY-027", "SNP-KEY-014"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = vmpl_above_3},
    {.id = "key.input.vmrk",
     .title = "the request's inputs are mixed into VMRK keys as well",
     .requirements = SUITE_REQ("SNP-KEY-027", "SNP-KEY-034", "SNP-KEY-035", "SNP-KEY-036"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = vmrk_test},
};

const struct suite_area key_input = KEY_PART(tests);
