/* The refusals of KEY_REQ but those of the root key (select.c) and of the mitigation vector (mit.c), each beside
 * the edge that is still granted. Message notes, section 9.2. */
#include "key/key.h"

/* Asks for the same with a chip key and with the VMRK: the checks after the third do not depend on the root. */
static void both_roots(struct suite_ctx *ctx, struct key_shot *shot, enum abi_status status,
                       const char *rule) {
    const uint32_t select = shot->select;
    SUITE_STEP(key_refused(ctx, shot, status, rule));
    shot->select |= KEY_VMRK;
    SUITE_STEP(key_refused(ctx, shot, status, rule));
    shot->select = select;
}

static void select_reserved(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    SUITE_STEP(key_launch(ctx, &shot));
    for (unsigned bit = 3; bit < 32 && !suite_stopped(ctx); bit++) {
        suite_instance(ctx, "bit %u", bit);
        shot.select = UINT32_C(1) << bit;
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "bits 31:3 are zero");
    }
}

static void dword_reserved(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    SUITE_STEP(key_launch(ctx, &shot));
    for (unsigned bit = 0; bit < 32 && !suite_stopped(ctx); bit++) {
        suite_instance(ctx, "bit %u", bit);
        shot.reserved_04 = UINT32_C(1) << bit;
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "the dword 0x04 is zero");
    }
}

static void vmpl_low_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    struct key_shot *shot = data;
    shot->vmpck = vmpck;
    for (shot->vmpl = 0; shot->vmpl < vmpck && !suite_stopped(ctx); shot->vmpl++) {
        suite_instance(ctx, "VMPCK %u, VMPL %u", vmpck, (unsigned)shot->vmpl);
        both_roots(ctx, shot, ABI_INVALID_PARAM, "VMPL is at least MSG_VMPCK");
    }
}

static void vmpl_low(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    SUITE_STEP(key_launch(ctx, &shot));
    suite_each_vmpck(ctx, vmpl_low_of, &shot);
}

static void vmpl_high_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    static const uint32_t vmpls[] = {4, 5, 0xFF, 0x100, 0x10000, 0x80000000, 0xFFFFFFFF};
    struct key_shot *shot = data;
    uint8_t key[KEY_SIZE];
    shot->vmpck = vmpck;
    for (size_t i = 0; i < sizeof vmpls / sizeof vmpls[0] && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "VMPCK %u, VMPL 0x%x", vmpck, (unsigned)vmpls[i]);
        shot->vmpl = vmpls[i];
        if (shot->profile.vmpl_max_3)
            both_roots(ctx, shot, ABI_INVALID_PARAM, "VMPL is at most 3");
        else
            SUITE_STEP(key_granted(ctx, shot, key));
    }
}

/* ROW: the switch vmpl_max_3. */
static void vmpl_high(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    shot.profile.vmpl_max_3 = *(const bool *)suite_row(ctx);
    SUITE_STEP(key_launch(ctx, &shot));
    suite_each_vmpck(ctx, vmpl_high_of, &shot);
}

/* ROW: MSG_VERSION. */
static void fields_unknown(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    const unsigned version = *(const unsigned *)suite_row(ctx);
    if (version == 2) key_version_2(&shot);
    SUITE_STEP(key_launch(ctx, &shot));
    for (unsigned bit = version == 1 ? 6 : 7; bit < 64 && !suite_stopped(ctx); bit++) {
        suite_instance(ctx, "bit %u", bit);
        shot.fields = UINT64_C(1) << bit;
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "GUEST_FIELD_SELECT has no unknown bit");
    }
}

static const char *const products[] = {"milan-1.58.0-v5-vcek", SEVKIT_PROFILE_DEFAULT,
                                       "turin-1.55.65-v5-vcek"};

#define PRODUCTS (sizeof products / sizeof products[0])

static bool shot_on(struct suite_ctx *ctx, const char *name, struct key_shot *shot) {
    struct sevkit_profile profile;
    if (!suite_setup(ctx, name, vmm_profile_builtin(name, &profile))) return false;
    *shot = key_shot(&profile);
    shot->fields = KEY_TCB_VERSION;
    return key_launch(ctx, shot);
}

/* COMMITTED_TCB in every component is granted; one above it in one component, however low the others are, is
 * not. The committed components differ from the current and the reported ones. */
static void tcb_above_on(struct suite_ctx *ctx, const char *name) {
    struct key_shot shot;
    unsigned at[5];
    SUITE_STEP(shot_on(ctx, name, &shot));
    const size_t parts = key_tcb_offsets(shot.profile.product, at);
    for (size_t i = 0; i < parts && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "%s, byte %u", name, at[i]);
        const uint64_t one = UINT64_C(1) << 8 * at[i];
        shot.tcb = shot.profile.committed_tcb + one;
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "no component is above the committed one");
        shot.tcb = one * 0x24;
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "each component is compared by itself");
        shot.tcb = one * 0xFF;
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "components are unsigned");
    }
}

static void tcb_above(struct suite_ctx *ctx) {
    for (size_t i = 0; i < PRODUCTS && !suite_stopped(ctx); i++) tcb_above_on(ctx, products[i]);
}

static void tcb_within_on(struct suite_ctx *ctx, const char *name) {
    struct key_shot shot;
    unsigned at[5];
    uint8_t key[KEY_SIZE];
    SUITE_STEP(shot_on(ctx, name, &shot));
    const size_t parts = key_tcb_offsets(shot.profile.product, at);
    suite_instance(ctx, "%s, COMMITTED_TCB", name);
    shot.tcb = shot.profile.committed_tcb;
    SUITE_STEP(key_granted(ctx, &shot, key));
    suite_instance(ctx, "%s, zero", name);
    shot.tcb = 0;
    SUITE_STEP(key_granted(ctx, &shot, key));
    for (size_t i = 0; i < parts; i++) {
        suite_instance(ctx, "%s, byte %u alone", name, at[i]);
        shot.tcb = UINT64_C(0x23) << 8 * at[i];
        SUITE_STEP(key_granted(ctx, &shot, key));
    }
}

static void tcb_within(struct suite_ctx *ctx) {
    for (size_t i = 0; i < PRODUCTS && !suite_stopped(ctx); i++) tcb_within_on(ctx, products[i]);
}

/* ROW: a profile whose product has the layout. */
static void tcb_reserved(struct suite_ctx *ctx) {
    const char *name = suite_row(ctx);
    struct key_shot shot;
    SUITE_STEP(shot_on(ctx, name, &shot));
    const bool turin = shot.profile.product == ABI_PRODUCT_TURIN;
    const uint64_t good = shot.tcb;
    for (unsigned byte = turin ? 4 : 2; byte < (turin ? 7 : 6); byte++) {
        for (unsigned bit = 0; bit < 8 && !suite_stopped(ctx); bit++) {
            suite_instance(ctx, "byte %u, bit %u", byte, bit);
            shot.tcb = good | UINT64_C(1) << (8 * byte + bit);
            both_roots(ctx, &shot, ABI_INVALID_PARAM, "reserved bytes of TCB_VERSION are zero");
        }
    }
}

static void svn_above(struct suite_ctx *ctx) {
    static const uint32_t svns[] = {8, 0x100, 0x10000, 0x1000000, 0x80000000, 0xFFFFFFFF};
    struct key_shot shot = key_run_shot(ctx);
    shot.fields = KEY_GUEST_SVN;
    SUITE_STEP(key_launch(ctx, &shot));
    for (size_t i = 0; i < sizeof svns / sizeof svns[0] && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "GUEST_SVN 0x%x of 7", (unsigned)svns[i]);
        shot.guest_svn = svns[i];
        both_roots(ctx, &shot, ABI_INVALID_PARAM, "GUEST_SVN is at most the ID block's");
    }
}

static void svn_no_block(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t key[KEY_SIZE];
    shot.fields = KEY_GUEST_SVN;
    shot.profile.id_block.present = false;
    SUITE_STEP(key_launch(ctx, &shot));
    shot.guest_svn = 1;
    both_roots(ctx, &shot, ABI_INVALID_PARAM, "without an ID block GUEST_SVN is at most 0");
    if (suite_stopped(ctx)) return;
    shot.guest_svn = 0;
    SUITE_STEP(key_granted(ctx, &shot, key));
}

static void svn_within(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t key[KEY_SIZE];
    shot.fields = KEY_GUEST_SVN;
    SUITE_STEP(key_launch(ctx, &shot));
    for (shot.guest_svn = 0; shot.guest_svn <= 7; shot.guest_svn++) {
        suite_instance(ctx, "GUEST_SVN %u of 7", (unsigned)shot.guest_svn);
        SUITE_STEP(key_granted(ctx, &shot, key));
    }
}

/* Fields that are not selected are neither checked nor mixed in. */
static void unselected(struct suite_ctx *ctx) {
    for (unsigned version = 1; version <= 2; version++) {
        struct key_shot shot = key_run_shot(ctx);
        uint8_t plain[KEY_SIZE], odd[KEY_SIZE];
        suite_instance(ctx, "version %u", version);
        if (version == 2) key_version_2(&shot);
        shot.fields = KEY_POLICY | KEY_IMAGE_ID | KEY_FAMILY_ID | KEY_MEASUREMENT;
        SUITE_STEP(key_of(ctx, &shot, plain));
        shot.guest_svn = UINT32_MAX;
        shot.tcb = UINT64_MAX;
        shot.mit_vector = UINT64_MAX;
        SUITE_STEP(key_granted(ctx, &shot, odd));
        SUITE_STEP(key_same(ctx, plain, odd, "a field that is not selected is ignored"));
    }
}

#define REFUSED(ID, TITLE, TWIN, RUN, ROW, ...)                                                    \
    {                                                                                              \
        .id = "key.refuse." ID, .title = TITLE,                                                    \
        .requirements = SUITE_REQ(__VA_ARGS__, "SNP-KEY-023"), .kind = SUITE_NEGATIVE,             \
        .twin = TWIN, .needs = KEY_NEEDS, .run = RUN, .row = ROW                                   \
    }
#define GRANTED(ID, TITLE, RUN, ROW, ...)                                                          \
    {                                                                                              \
        .id = "key.grant." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),             \
        .kind = SUITE_POSITIVE, .needs = KEY_NEEDS, .run = RUN, .row = ROW                         \
    }

static const struct suite_test tests[] = {
    REFUSED("select-reserved", "each of the bits 31:3 of the select dword is refused",
            "key.select.default-vcek", select_reserved, NULL, "SNP-KEY-005"),
    REFUSED("dword-reserved", "each bit of the dword 0x04 is refused", "key.select.default-vcek",
            dword_reserved, NULL, "SNP-KEY-006"),
    REFUSED("vmpl-below-vmpck", "a VMPL below the VMPCK of the message is refused, for every pair",
            "key.form.vmpl", vmpl_low, NULL, "SNP-KEY-013"),
    REFUSED("vmpl-above-3", "a VMPL above 3 is refused where vmpl_max_3 is on", "key.form.vmpl",
            vmpl_high, &(const bool){true}, "SNP-KEY-014"),
    GRANTED("vmpl-above-3", "a VMPL above 3 is granted where vmpl_max_3 is off", vmpl_high,
            &(const bool){false}, "SNP-KEY-014"),
    REFUSED("fields-unknown-v1", "each of the bits 63:6 of GUEST_FIELD_SELECT is refused",
            "key.form.each-profile", fields_unknown, &(const unsigned){1}, "SNP-KEY-015"),
    REFUSED("fields-unknown-v2",
            "each of the bits 63:7 of GUEST_FIELD_SELECT is refused in version 2",
            "key.form.v2-sizes", fields_unknown, &(const unsigned){2}, "SNP-KEY-015"),
    GRANTED("tcb-within", "COMMITTED_TCB itself, zero and one component alone are granted",
            tcb_within, NULL, "SNP-KEY-016", "SNP-KEY-017", "SNP-RPT-063", "SNP-RPT-064"),
    REFUSED("tcb-above", "a TCB_VERSION with one component above the committed one is refused",
            "key.grant.tcb-within", tcb_above, NULL, "SNP-KEY-016"),
    REFUSED("tcb-reserved-milan", "bytes 2 to 5 of a Milan TCB_VERSION are zero",
            "key.grant.tcb-within", tcb_reserved, "milan-1.58.0-v5-vcek", "SNP-KEY-017",
            "SNP-RPT-063"),
    REFUSED("tcb-reserved-genoa", "bytes 2 to 5 of a Genoa TCB_VERSION are zero",
            "key.grant.tcb-within", tcb_reserved, SEVKIT_PROFILE_DEFAULT, "SNP-KEY-017",
            "SNP-RPT-063"),
    REFUSED("tcb-reserved-turin", "bytes 4 to 6 of a Turin TCB_VERSION are zero",
            "key.grant.tcb-within", tcb_reserved, "turin-1.55.65-v5-vcek", "SNP-KEY-017",
            "SNP-RPT-064"),
    GRANTED("svn-within", "every GUEST_SVN up to the ID block's is granted", svn_within, NULL,
            "SNP-KEY-018"),
    REFUSED("svn-above", "a GUEST_SVN above the ID block's is refused", "key.grant.svn-within",
            svn_above, NULL, "SNP-KEY-018"),
    REFUSED("svn-no-block", "without an ID block any GUEST_SVN but 0 is refused",
            "key.grant.svn-within", svn_no_block, NULL, "SNP-KEY-018"),
    GRANTED("unselected", "fields that are not selected may hold anything and change no key",
            unselected, NULL, "SNP-KEY-020", "SNP-KEY-034", "SNP-KEY-035", "SNP-KEY-036"),
};

const struct suite_area key_refuse = KEY_PART(tests);
