/* The root key: VCEK by chip and TCB, VLEK by provider and TCB, VMRK by launch. Message notes, section 9.3. */
#include "key/key.h"

static const enum key_select roots[] = {KEY_VCEK, KEY_VLEK};

static void roots_differ(struct suite_ctx *ctx) {
    for (uint64_t fields = 0; fields <= KEY_ALL_V1; fields += KEY_ALL_V1) {
        struct key_shot shot = key_run_shot(ctx);
        uint8_t vcek[KEY_SIZE], vlek[KEY_SIZE], vmrk[KEY_SIZE];
        suite_instance(ctx, "GUEST_FIELD_SELECT 0x%x", (unsigned)fields);
        key_load_vlek(&shot);
        shot.fields = fields;
        shot.select = KEY_VCEK;
        SUITE_STEP(key_of(ctx, &shot, vcek));
        shot.select = KEY_VLEK;
        SUITE_STEP(key_granted(ctx, &shot, vlek));
        shot.select = KEY_VMRK;
        SUITE_STEP(key_granted(ctx, &shot, vmrk));
        SUITE_STEP(key_differ(ctx, vcek, vlek, "VCEK and VLEK are two roots"));
        SUITE_STEP(key_differ(ctx, vcek, vmrk, "VCEK and VMRK are two roots"));
        SUITE_STEP(key_differ(ctx, vlek, vmrk, "VLEK and VMRK are two roots"));
    }
}

static void chip_on(struct suite_ctx *ctx, const char *name) {
    struct sevkit_profile profile;
    SUITE_SETUP(ctx, name, vmm_profile_builtin(name, &profile));
    const unsigned bytes = profile.product == ABI_PRODUCT_TURIN ? 8 : 64;
    for (size_t r = 0; r < 2; r++) {
        struct key_shot shot = key_shot(&profile);
        uint8_t first[KEY_SIZE], other[KEY_SIZE];
        key_use_root(&shot, roots[r]);
        suite_instance(ctx, "%s, %s", name, key_root_name(roots[r]));
        SUITE_STEP(key_of(ctx, &shot, first));
        for (unsigned i = 0; i < bytes; i++) {
            struct key_shot changed = shot;
            changed.profile.chip_id[i] ^= 1;
            suite_instance(ctx, "%s, %s, chip id byte %u", name, key_root_name(roots[r]), i);
            SUITE_STEP(key_of(ctx, &changed, other));
            if (roots[r] == KEY_VLEK)
                SUITE_STEP(key_same(ctx, first, other, "a VLEK is the same on every chip"));
            else
                SUITE_STEP(key_differ(ctx, first, other, "a VCEK is the chip's own"));
        }
    }
}

static void chip(struct suite_ctx *ctx) {
    chip_on(ctx, SEVKIT_PROFILE_DEFAULT);
    if (!suite_stopped(ctx)) chip_on(ctx, "turin-1.55.65-v5-vcek");
}

static void provider(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t vcek[KEY_SIZE], vlek[KEY_SIZE], other[KEY_SIZE];
    key_load_vlek(&shot);
    shot.select = KEY_VCEK;
    SUITE_STEP(key_of(ctx, &shot, vcek));
    shot.select = KEY_VLEK;
    SUITE_STEP(key_granted(ctx, &shot, vlek));
    shot.profile.csp_id[3] ^= 1;
    SUITE_STEP(key_of(ctx, &shot, other));
    SUITE_STEP(key_differ(ctx, vlek, other, "a VLEK is the provider's own"));
    shot.select = KEY_VCEK;
    SUITE_STEP(key_granted(ctx, &shot, other));
    SUITE_STEP(key_same(ctx, vcek, other, "a VCEK does not know the provider"));
}

/* Without bit 5 the reported TCB chooses the secret, component by component; with it, it does not matter. */
static void reported_on(struct suite_ctx *ctx, const char *name) {
    struct sevkit_profile profile;
    unsigned at[5];
    SUITE_SETUP(ctx, name, vmm_profile_builtin(name, &profile));
    const size_t parts = key_tcb_offsets(profile.product, at);
    for (size_t r = 0; r < 2; r++) {
        struct key_shot shot = key_shot(&profile);
        uint8_t reported[KEY_SIZE], requested[KEY_SIZE], other[KEY_SIZE];
        key_use_root(&shot, roots[r]);
        suite_instance(ctx, "%s, %s", name, key_root_name(roots[r]));
        SUITE_STEP(key_of(ctx, &shot, reported));
        shot.fields = KEY_TCB_VERSION;
        SUITE_STEP(key_granted(ctx, &shot, requested));
        for (size_t i = 0; i < parts; i++) {
            struct key_shot changed = shot;
            changed.profile.reported_tcb -= UINT64_C(1) << 8 * at[i];
            suite_instance(ctx, "%s, %s, byte %u of the TCB", name, key_root_name(roots[r]), at[i]);
            SUITE_STEP(key_of(ctx, &changed, other));
            SUITE_STEP(key_same(ctx, requested, other, "with bit 5 the requested TCB counts"));
            changed.fields = 0;
            SUITE_STEP(key_granted(ctx, &changed, other));
            SUITE_STEP(key_differ(ctx, reported, other, "the secret of the reported TCB"));
        }
    }
}

static void reported(struct suite_ctx *ctx) {
    reported_on(ctx, SEVKIT_PROFILE_DEFAULT);
    if (!suite_stopped(ctx)) reported_on(ctx, "turin-1.55.65-v5-vcek");
}

/* The secrets of several TCBs asked for in turn: an answer is of its own request's TCB. */
static void tcbs_in_turn(struct suite_ctx *ctx) {
    enum { TCBS = 4 };
    struct key_shot shot = key_run_shot(ctx);
    uint8_t keys[TCBS + 1][KEY_SIZE], again[KEY_SIZE];
    SUITE_STEP(key_launch(ctx, &shot));
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i <= TCBS; i++) {
            shot.fields = i < TCBS ? KEY_TCB_VERSION : 0;
            shot.tcb = key_tcb_of(shot.profile.product, (uint8_t)(0x20 + i % TCBS));
            suite_instance(ctx, "round %u, TCB %u", round, i);
            SUITE_STEP(key_granted(ctx, &shot, round == 0 ? keys[i] : again));
            if (round == 1) SUITE_STEP(key_same(ctx, keys[i], again, "the same request"));
            for (unsigned j = 0; round == 0 && j < i; j++)
                SUITE_STEP(key_differ(ctx, keys[j], keys[i], "another TCB: another key"));
        }
    }
}

static void vmrk_each_launch(struct suite_ctx *ctx) {
    enum { LAUNCHES = 4 };
    struct key_shot shot = key_run_shot(ctx);
    uint8_t keys[LAUNCHES][KEY_SIZE], again[KEY_SIZE];
    shot.select = KEY_VMRK;
    SUITE_STEP(key_launch(ctx, &shot));
    for (unsigned i = 0; i < LAUNCHES; i++) {
        suite_instance(ctx, "launch %u", i);
        if (i != 0) SUITE_STEP(suite_relaunch(ctx, &shot.profile, PSP_GUEST_RUNNING));
        SUITE_STEP(key_granted(ctx, &shot, keys[i]));
        SUITE_STEP(key_granted(ctx, &shot, again));
        SUITE_STEP(key_same(ctx, keys[i], again, "the VMRK stays for the launch"));
        for (unsigned j = 0; j < i; j++)
            SUITE_STEP(key_differ(ctx, keys[i], keys[j], "each launch has its own VMRK"));
    }
}

#define ROOT(ID, TITLE, RUN, ...)                                                                  \
    {                                                                                              \
        .id = "key.root." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),              \
        .kind = SUITE_POSITIVE, .needs = KEY_NEEDS, .run = RUN                                     \
    }

static const struct suite_test tests[] = {
    ROOT("differ", "VCEK, VLEK and VMRK give three keys for one request", roots_differ,
         "SNP-KEY-025"),
    ROOT("chip", "VCEK keys are another chip's in each byte of the chip id, VLEK keys are not",
         chip, "SNP-KEY-025", "SNP-KEY-038"),
    ROOT("provider", "VLEK keys are the provider's, VCEK keys are not", provider, "SNP-KEY-025"),
    ROOT("reported-tcb", "the reported TCB chooses the secret unless bit 5 is set", reported,
         "SNP-KEY-037"),
    ROOT("tcbs-in-turn", "requests for several TCBs in turn each get their own key", tcbs_in_turn,
         "SNP-KEY-037", "SNP-KEY-038"),
    ROOT("vmrk-each-launch", "VMRK keys are stable in a launch and new in the next",
         vmrk_each_launch, "SNP-KEY-039"),
};

const struct suite_area key_root = KEY_PART(tests);
