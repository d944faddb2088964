/* What else the derivation does: GUEST_FIELD_SELECT itself, the choice of the identity, repetition, and what is
 * no input. Message notes, section 9.3. */
#include <string.h>

#include "key/key.h"

/* A guest whose optional fields are all zero where they may be: only the selection can tell keys apart. */
static void selection_itself(struct suite_ctx *ctx) {
    static const uint64_t bits[] = {KEY_IMAGE_ID, KEY_FAMILY_ID, KEY_MEASUREMENT, KEY_GUEST_SVN,
                                    KEY_MIT_VECTOR};
    uint8_t keys[32][KEY_SIZE];
    struct key_shot shot = key_run_shot(ctx);
    key_version_2(&shot);
    shot.profile.id_block.present = false;
    memset(shot.profile.measurement, 0, sizeof shot.profile.measurement);
    shot.guest_svn = 0;
    shot.mit_vector = 0;
    SUITE_STEP(key_launch(ctx, &shot));
    for (unsigned i = 0; i < 32; i++) {
        shot.fields = 0;
        for (unsigned bit = 0; bit < 5; bit++)
            if ((i >> bit & 1) != 0) shot.fields |= bits[bit];
        suite_instance(ctx, "GUEST_FIELD_SELECT 0x%x", (unsigned)shot.fields);
        SUITE_STEP(key_granted(ctx, &shot, keys[i]));
        for (unsigned j = 0; j < i; j++)
            SUITE_STEP(key_differ(ctx, keys[i], keys[j], "the selection itself is mixed in"));
    }
}

static void selections_differ(struct suite_ctx *ctx) {
    static const enum key_select roots[] = {KEY_VCEK, KEY_VLEK, KEY_VMRK};
    for (size_t r = 0; r < 3; r++) {
        uint8_t keys[KEY_ALL_V2 + 1][KEY_SIZE];
        struct key_shot shot = key_run_shot(ctx);
        key_version_2(&shot);
        key_use_root(&shot, roots[r]);
        SUITE_STEP(key_launch(ctx, &shot));
        for (unsigned i = 0; i <= KEY_ALL_V2; i++) {
            shot.fields = i;
            suite_instance(ctx, "%s, GUEST_FIELD_SELECT 0x%x", key_root_name(roots[r]), i);
            SUITE_STEP(key_granted(ctx, &shot, keys[i]));
            for (unsigned j = 0; j < i; j++)
                SUITE_STEP(key_differ(ctx, keys[i], keys[j], "another selection: another key"));
        }
    }
}

static void identity(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    struct sevkit_id_block *block = &shot.profile.id_block;
    uint8_t none[KEY_SIZE], id[KEY_SIZE], author[KEY_SIZE], key[KEY_SIZE];
    block->present = false;
    SUITE_STEP(key_of(ctx, &shot, none));
    block->present = true;
    SUITE_STEP(key_of(ctx, &shot, id));
    SUITE_STEP(key_differ(ctx, none, id, "an ID key is an identity, none is zeros"));
    block->author_key_digest[0] ^= 1;
    SUITE_STEP(key_of(ctx, &shot, key));
    SUITE_STEP(key_same(ctx, id, key, "an author key that is not used is none"));
    block->author_key_en = true;
    SUITE_STEP(key_of(ctx, &shot, author));
    SUITE_STEP(key_differ(ctx, id, author, "an author key takes the place of the ID key"));
    block->id_key_digest[0] ^= 1;
    SUITE_STEP(key_of(ctx, &shot, key));
    SUITE_STEP(key_same(ctx, author, key, "beside an author key the ID key is no input"));
    memset(block->id_key_digest, 0, sizeof block->id_key_digest);
    block->author_key_en = false;
    SUITE_STEP(key_of(ctx, &shot, key));
    SUITE_STEP(key_same(ctx, none, key, "no identity enters as zeros"));
}

/* One guest asks again, under each VMPCK, after a relaunch and on another machine of the same chip. */
static void repeats(struct suite_ctx *ctx) {
    static const enum key_select roots[] = {KEY_VCEK, KEY_VLEK};
    for (size_t r = 0; r < 2; r++) {
        struct key_shot shot = key_run_shot(ctx);
        uint8_t first[KEY_SIZE], again[KEY_SIZE];
        key_use_root(&shot, roots[r]);
        shot.fields = KEY_ALL_V1;
        shot.vmpl = 3;
        SUITE_STEP(key_of(ctx, &shot, first));
        for (shot.vmpck = 0; shot.vmpck < ABI_VMPCK_COUNT; shot.vmpck++) {
            suite_instance(ctx, "%s, VMPCK %u", key_root_name(roots[r]), shot.vmpck);
            SUITE_STEP(key_granted(ctx, &shot, again));
            SUITE_STEP(key_same(ctx, first, again, "the same request gives the same key"));
        }
        shot.vmpck = 0;
        suite_instance(ctx, "%s, relaunch", key_root_name(roots[r]));
        SUITE_STEP(suite_relaunch(ctx, &shot.profile, PSP_GUEST_RUNNING));
        SUITE_STEP(key_granted(ctx, &shot, again));
        SUITE_STEP(key_same(ctx, first, again, "a chip's key survives a relaunch"));
        suite_instance(ctx, "%s, reset", key_root_name(roots[r]));
        SUITE_STEP(key_of(ctx, &shot, again));
        SUITE_STEP(key_same(ctx, first, again, "a chip's key survives a reset"));
    }
}

/* All that the notes do not list as an input. */
static void nothing_else(struct suite_ctx *ctx) {
    const struct key_shot shot = key_run_shot(ctx);
    uint8_t first[KEY_SIZE], other[KEY_SIZE];
    SUITE_STEP(key_of(ctx, &shot, first));
    for (unsigned i = 0; i < 10; i++) {
        struct key_shot changed = shot;
        struct sevkit_profile *p = &changed.profile;
        static const char *const names[] = {
            "CURRENT_TCB",      "COMMITTED_TCB",  "LAUNCH_TCB", "launch vector", "PLATFORM_INFO",
            "firmware version", "report version", "GOSVW",      "MASK_CHIP_ID",  "ID block SVN"};
        switch (i) {
        case 0: p->current_tcb = key_tcb_of(p->product, 0x30); break;
        case 1: p->committed_tcb = key_tcb_of(p->product, 0x24); break;
        case 2: p->launch_tcb = key_tcb_of(p->product, 0x20); break;
        case 3: p->launch_mit_vector = 0; break;
        case 4: p->platform_info ^= 1; break;
        case 5: p->current_version.build++; break;
        case 6: p->report_version = p->report_version == 3 ? 5 : 3; break;
        case 7: p->gosvw[0] ^= 1; break;
        case 8: p->mask_chip_id = !p->mask_chip_id; break;
        case 9: p->id_block.guest_svn++; break;
        }
        suite_instance(ctx, "%s", names[i]);
        SUITE_STEP(key_of(ctx, &changed, other));
        SUITE_STEP(key_same(ctx, first, other, "no input of the key"));
    }
}

#define DERIVE(ID, TITLE, RUN, ...)                                                                \
    {                                                                                              \
        .id = "key.derive." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),            \
        .kind = SUITE_POSITIVE, .needs = KEY_NEEDS, .run = RUN                                     \
    }

static const struct suite_test tests[] = {
    DERIVE("selection-itself", "GUEST_FIELD_SELECT is an input even where the fields are zero",
           selection_itself, "SNP-KEY-026"),
    DERIVE("selections-differ", "all 128 selections of fields give different keys under each root",
           selections_differ, "SNP-KEY-026"),
    DERIVE("identity", "the identity is the author key, else the ID key, else zeros", identity,
           "SNP-KEY-029"),
    DERIVE("repeats", "the same request gives the same key again, after a relaunch as well",
           repeats, "SNP-KEY-038"),
    DERIVE("nothing-else", "what the notes do not list makes no difference to the key",
           nothing_else, "SNP-KEY-038"),
};

const struct suite_area key_derive = KEY_PART(tests);
