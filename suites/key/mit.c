/* LAUNCH_MIT_VECTOR of a version 2 request: a subset of what was verified at launch. Message notes, sections
 * 9.2, step 8, and 12. */
#include "key/key.h"

/* What the guest of these tests had at launch, and the bits that it had not. */
#define AT_LAUNCH UINT64_C(0x800000000000001B)

static struct key_shot shot_of(struct suite_ctx *ctx, bool selected) {
    struct key_shot shot = key_run_shot(ctx);
    key_version_2(&shot);
    if (selected) shot.fields = KEY_MIT_VECTOR;
    shot.profile.launch_mit_vector = AT_LAUNCH;
    shot.profile.current_mit_vector = UINT64_MAX;
    return shot;
}

/* Every subset of the low bits, and all of it. */
static void subset(struct suite_ctx *ctx) {
    struct key_shot shot = shot_of(ctx, true);
    uint8_t key[KEY_SIZE];
    SUITE_STEP(key_launch(ctx, &shot));
    for (uint64_t v = 0; v < 0x20; v++) {
        if ((v & ~AT_LAUNCH) != 0) continue;
        for (unsigned high = 0; high < 2; high++) {
            shot.mit_vector = v | (high ? UINT64_C(1) << 63 : 0);
            suite_instance(ctx, "vector 0x%llx", (unsigned long long)shot.mit_vector);
            SUITE_STEP(key_granted(ctx, &shot, key));
        }
    }
}

/* Each bit that was clear at launch, alone and beside all that were set. CURRENT has it by now. */
static void each_clear_bit(struct suite_ctx *ctx, struct key_shot *shot, enum abi_status status) {
    SUITE_STEP(key_launch(ctx, shot));
    for (unsigned bit = 0; bit < 64; bit++) {
        if ((AT_LAUNCH >> bit & 1) != 0) continue;
        for (unsigned with = 0; with < 2; with++) {
            for (uint32_t root = 0; root < 2; root++) {
                suite_instance(ctx, "bit %u%s, %s", bit, with ? " beside the others" : "",
                               root ? "VMRK" : "VCEK");
                shot->select = root;
                shot->mit_vector = UINT64_C(1) << bit | (with ? AT_LAUNCH : 0);
                SUITE_STEP(key_refused(ctx, shot, status,
                                       "a subset of the vector at launch, whatever it is now"));
            }
        }
    }
}

static void beyond(struct suite_ctx *ctx) {
    struct key_shot shot = shot_of(ctx, true);
    shot.profile.launch_mit_status = ABI_INVALID_PARAM;
    each_clear_bit(ctx, &shot, ABI_INVALID_PARAM);
}

static void beyond_other_status(struct suite_ctx *ctx) {
    struct key_shot shot = shot_of(ctx, true);
    shot.profile.launch_mit_status = ABI_INVALID_CONFIG;
    each_clear_bit(ctx, &shot, ABI_INVALID_CONFIG);
}

static void always_checked(struct suite_ctx *ctx) {
    struct key_shot shot = shot_of(ctx, false);
    shot.profile.launch_mit_status = ABI_INVALID_PARAM;
    shot.profile.launch_mit_always_checked = true;
    each_clear_bit(ctx, &shot, ABI_INVALID_PARAM);
}

/* Neither switch position looks at a vector that is a subset, nor at a version 1 request. */
static void not_selected(struct suite_ctx *ctx) {
    uint8_t plain[KEY_SIZE], key[KEY_SIZE];
    for (unsigned always = 0; always < 2; always++) {
        struct key_shot shot = shot_of(ctx, false);
        suite_instance(ctx, "launch_mit_always_checked %u", always);
        shot.profile.launch_mit_always_checked = always != 0;
        shot.mit_vector = 0;
        SUITE_STEP(key_of(ctx, &shot, plain));
        shot.mit_vector = always ? AT_LAUNCH : UINT64_MAX;
        SUITE_STEP(key_granted(ctx, &shot, key));
        SUITE_STEP(key_same(ctx, plain, key, "a vector that is not selected is not mixed in"));
        shot.version = 1;
        shot.size = 0x20;
        SUITE_STEP(key_granted(ctx, &shot, key));
        SUITE_STEP(key_same(ctx, plain, key, "version 1 counts as vector 0"));
    }
}

/* ROW: the secrets page's VERSION. A guest learns from it which vector it may ask for. */
static void secrets_page(struct suite_ctx *ctx) {
    const uint32_t version = *(const uint32_t *)suite_row(ctx);
    struct key_shot shot = shot_of(ctx, true);
    struct abi_secrets_page secrets;
    uint8_t page[ABI_PAGE_SIZE], key[KEY_SIZE];
    shot.profile.secrets_version = version;
    SUITE_STEP(key_launch(ctx, &shot));
    SUITE_SETUP(ctx, "secrets page", target_secrets(suite_target(ctx), &secrets));
    abi_secrets_encode(&secrets, page);
    SUITE_EQUAL(ctx, "secrets VERSION", version, abi_get_le32(page), "as secrets_version says");
    shot.mit_vector = abi_get_le64(page + 0x168);
    SUITE_EQUAL(ctx, "secrets LAUNCH_MIT_VECTOR", version < 4 ? 0 : AT_LAUNCH, shot.mit_vector,
                "at 0x168 from version 4 on, zero before");
    SUITE_STEP(key_granted(ctx, &shot, key));
}

static const struct suite_test tests[] = {
    {.id = "key.mit.subset",
     .title = "every subset of the launch vector is granted",
     .requirements = SUITE_REQ("SNP-KEY-019"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = subset},
    {.id = "key.mit.beyond",
     .title = "every bit that was clear at launch is refused",
     .requirements = SUITE_REQ("SNP-KEY-019", "SNP-KEY-023"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.mit.subset",
     .needs = KEY_NEEDS,
     .run = beyond},
    {.id = "key.mit.beyond-other-status",
     .title = "the status of that refusal is the switch launch_mit_status",
     .requirements = SUITE_REQ("SNP-KEY-019"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.mit.subset",
     .needs = KEY_NEEDS,
     .run = beyond_other_status},
    {.id = "key.mit.not-selected",
     .title = "a vector that is not selected may hold anything, where it is not always checked",
     .requirements = SUITE_REQ("SNP-KEY-019", "SNP-KEY-004", "SNP-KEY-036"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = not_selected},
    {.id = "key.mit.always-checked",
     .title = "a vector that is not selected is refused all the same, where it is always checked",
     .requirements = SUITE_REQ("SNP-KEY-019"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.mit.not-selected",
     .needs = KEY_NEEDS,
     .run = always_checked},
    {.id = "key.mit.secrets-version-4",
     .title = "a secrets page of version 4 has the launch vector, which is granted",
     .requirements = SUITE_REQ("SNP-SEC-003", "SNP-KEY-019"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = secrets_page,
     .row = &(const uint32_t){4}},
    {.id = "key.mit.secrets-version-3",
     .title = "a secrets page of version 3 has no launch vector",
     .requirements = SUITE_REQ("SNP-SEC-003"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.mit.secrets-version-4",
     .needs = KEY_NEEDS,
     .run = secrets_page,
     .row = &(const uint32_t){3}},
};

const struct suite_area key_mit = KEY_PART(tests);
