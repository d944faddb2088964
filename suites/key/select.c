/* ROOT_KEY_SELECT and KEY_SEL x VLEK loaded x MASK_CHIP_KEY x VCEK_DIS: all 64 cells, each in one row. Message
 * notes, sections 9.1 and 9.2, steps 2 and 3. */
#include "key/key.h"

#define ANY 2

struct cells {
    uint32_t select;
    unsigned vlek, mask, dis; /* 0, 1 or ANY */
    enum key_select root;     /* whose key it is; KEY_RESERVED: INVALID_KEY */
};

static bool covers(unsigned wanted, unsigned value) {
    return wanted == ANY || wanted == value;
}

/* The key that ROOT gives a guest for whom nothing is masked or disabled. */
static bool reference(struct suite_ctx *ctx, enum key_select root, uint8_t key[KEY_SIZE]) {
    struct key_shot shot = key_run_shot(ctx);
    key_use_root(&shot, root);
    return key_of(ctx, &shot, key);
}

/* The VMRK is another one in each launch: its reference is this launch's own answer to the plain request. */
static void cell(struct suite_ctx *ctx, const struct cells *cells, const struct key_shot *shot,
                 uint8_t wanted[KEY_SIZE]) {
    struct key_shot plain = *shot;
    uint8_t key[KEY_SIZE];
    plain.select = KEY_VMRK;
    SUITE_STEP(key_launch(ctx, shot));
    if (cells->root == KEY_RESERVED) {
        SUITE_STEP(key_refused(ctx, shot, ABI_INVALID_KEY, "no such root for this guest"));
        return;
    }
    if (cells->root == KEY_VMRK) SUITE_STEP(key_granted(ctx, &plain, wanted));
    SUITE_STEP(key_granted(ctx, shot, key));
    SUITE_STEP(key_same(ctx, wanted, key, "the key of the root that is selected"));
}

static void select_test(struct suite_ctx *ctx) {
    const struct cells *cells = suite_row(ctx);
    uint8_t wanted[KEY_SIZE] = {0};
    if (cells->root != KEY_RESERVED) SUITE_STEP(reference(ctx, cells->root, wanted));
    for (unsigned i = 0; i < 8 && !suite_stopped(ctx); i++) {
        const unsigned vlek = i & 1, mask = i >> 1 & 1, dis = i >> 2;
        if (!covers(cells->vlek, vlek) || !covers(cells->mask, mask) || !covers(cells->dis, dis))
            continue;
        struct key_shot shot = key_run_shot(ctx);
        shot.select = cells->select;
        shot.profile.vlek_loaded = vlek != 0;
        shot.profile.mask_chip_key = mask != 0;
        shot.profile.vcek_dis = dis != 0;
        suite_instance(ctx, "VLEK %u, MASK_CHIP_KEY %u, VCEK_DIS %u", vlek, mask, dis);
        cell(ctx, cells, &shot, wanted);
    }
}

#define CELLS(ID, TITLE, SELECT, VLEK, MASK, DIS, ROOT, KIND, TWIN, ...)                           \
    {                                                                                              \
        .id = "key.select." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),            \
        .kind = KIND, .twin = TWIN, .needs = KEY_NEEDS, .run = select_test,                        \
        .row = &(const struct cells) {                                                             \
            SELECT, VLEK, MASK, DIS, ROOT                                                          \
        }                                                                                          \
    }
#define GIVES(ID, TITLE, SELECT, VLEK, MASK, DIS, ROOT, ...)                                       \
    CELLS(ID, TITLE, SELECT, VLEK, MASK, DIS, ROOT, SUITE_POSITIVE, NULL, __VA_ARGS__)
#define REFUSED(ID, TITLE, SELECT, VLEK, MASK, DIS, TWIN, ...)                                     \
    CELLS(ID, TITLE, SELECT, VLEK, MASK, DIS, KEY_RESERVED, SUITE_NEGATIVE, TWIN, __VA_ARGS__)

static const struct suite_test tests[] = {
    GIVES("default-vlek", "KEY_SEL 0 with a VLEK: the VLEK, also with VCEK_DIS", KEY_DEFAULT, 1, 0,
          ANY, KEY_VLEK, "SNP-KEY-011", "SNP-KEY-007", "SNP-KEY-001"),
    GIVES("default-vcek", "KEY_SEL 0 without a VLEK: the VCEK", KEY_DEFAULT, 0, 0, 0, KEY_VCEK,
          "SNP-KEY-007", "SNP-KEY-008", "SNP-KEY-011", "SNP-KEY-001"),
    GIVES("vcek", "KEY_SEL 1: the VCEK, also with a VLEK loaded", KEY_VCEK, ANY, 0, 0, KEY_VCEK,
          "SNP-KEY-010", "SNP-KEY-007", "SNP-KEY-001"),
    GIVES("vlek", "KEY_SEL 2 with a VLEK: the VLEK, also with VCEK_DIS", KEY_VLEK, 1, 0, ANY,
          KEY_VLEK, "SNP-KEY-009", "SNP-KEY-007", "SNP-KEY-001"),
    GIVES("vmrk", "ROOT_KEY_SELECT 1: the VMRK, whatever is loaded, masked or disabled", KEY_VMRK,
          ANY, ANY, ANY, KEY_VMRK, "SNP-KEY-012", "SNP-KEY-001"),
    GIVES("vmrk-key-sel-1", "ROOT_KEY_SELECT 1 and KEY_SEL 1: the same VMRK key",
          KEY_VMRK | KEY_VCEK, ANY, ANY, ANY, KEY_VMRK, "SNP-KEY-012"),
    GIVES("vmrk-key-sel-2", "ROOT_KEY_SELECT 1 and KEY_SEL 2: the same VMRK key",
          KEY_VMRK | KEY_VLEK, ANY, ANY, ANY, KEY_VMRK, "SNP-KEY-012"),
    GIVES("vmrk-key-sel-3", "ROOT_KEY_SELECT 1 and KEY_SEL 3: the same VMRK key",
          KEY_VMRK | KEY_RESERVED, ANY, ANY, ANY, KEY_VMRK, "SNP-KEY-012"),
    REFUSED("default-masked", "KEY_SEL 0 with the chip key masked is refused, also with a VLEK",
            KEY_DEFAULT, ANY, 1, 0, "key.select.default-vcek", "SNP-KEY-007", "SNP-KEY-023"),
    REFUSED("vcek-masked", "KEY_SEL 1 with the chip key masked is refused", KEY_VCEK, ANY, 1, 0,
            "key.select.vcek", "SNP-KEY-007", "SNP-KEY-023"),
    REFUSED("vlek-masked", "KEY_SEL 2 with the chip key masked is refused, also with a VLEK",
            KEY_VLEK, 1, 1, ANY, "key.select.vlek", "SNP-KEY-007", "SNP-KEY-023"),
    REFUSED("reserved", "KEY_SEL 3 is refused in every case", KEY_RESERVED, ANY, ANY, ANY,
            "key.select.default-vcek", "SNP-KEY-008", "SNP-KEY-023"),
    REFUSED("vlek-absent", "KEY_SEL 2 without a VLEK is refused", KEY_VLEK, 0, ANY, ANY,
            "key.select.vlek", "SNP-KEY-009", "SNP-KEY-023"),
    REFUSED("vcek-disabled", "KEY_SEL 1 with VCEK_DIS is refused, also with a VLEK", KEY_VCEK, ANY,
            ANY, 1, "key.select.vcek", "SNP-KEY-010", "SNP-KEY-023"),
    REFUSED("default-disabled", "KEY_SEL 0 with VCEK_DIS and without a VLEK is refused",
            KEY_DEFAULT, 0, ANY, 1, "key.select.default-vcek", "SNP-KEY-011", "SNP-KEY-023"),
    REFUSED("default-masked-disabled",
            "KEY_SEL 0 with VCEK_DIS, a VLEK and the chip key masked is refused", KEY_DEFAULT, 1, 1,
            1, "key.select.default-vlek", "SNP-KEY-007", "SNP-KEY-023"),
};

const struct suite_area key_select = KEY_PART(tests);
