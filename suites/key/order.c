/* Two faults at once: the earlier of the checks 1 to 8 answers. Message notes, section 9.2.
 *
 * Steps 1 and 4 to 7 answer 0x16, steps 2 and 3 0x27, step 8 what the profile says: here a status of its own. The
 * order inside 4 to 7 and between 2 and 3 cannot be seen. */
#include "key/key.h"

static void select_bit(struct key_shot *shot) {
    shot->select |= UINT32_C(1) << 3;
}

static void select_high_bit(struct key_shot *shot) {
    shot->select |= UINT32_C(1) << 31;
}

static void dword_04(struct key_shot *shot) {
    shot->reserved_04 = 1;
}

static void masked(struct key_shot *shot) {
    shot->profile.mask_chip_key = true;
}

static void select_3(struct key_shot *shot) {
    shot->select |= KEY_RESERVED;
}

static void vlek_absent(struct key_shot *shot) {
    shot->select |= KEY_VLEK;
}

static void vcek_disabled(struct key_shot *shot) {
    shot->select |= KEY_VCEK;
    shot->profile.vcek_dis = true;
}

static void default_disabled(struct key_shot *shot) {
    shot->profile.vcek_dis = true;
}

static void vmpl_low(struct key_shot *shot) {
    shot->vmpck = 2;
}

static void vmpl_high(struct key_shot *shot) {
    shot->vmpl = 4;
}

static void fields_bit(struct key_shot *shot) {
    shot->fields |= UINT64_C(1) << 7;
}

static void fields_high_bit(struct key_shot *shot) {
    shot->fields |= UINT64_C(1) << 63;
}

static void tcb_above(struct key_shot *shot) {
    shot->fields |= KEY_TCB_VERSION;
    shot->tcb = shot->profile.current_tcb;
}

static void tcb_reserved(struct key_shot *shot) {
    shot->fields |= KEY_TCB_VERSION;
    shot->tcb |= UINT64_C(1) << 8 * 4;
}

static void svn_above(struct key_shot *shot) {
    shot->fields |= KEY_GUEST_SVN;
    shot->guest_svn = 8;
}

static void mit_vector(struct key_shot *shot) {
    shot->fields |= KEY_MIT_VECTOR;
    shot->mit_vector = UINT64_MAX;
}

#define MIT_STATUS ABI_INVALID_CONFIG /* of no other check of KEY_REQ */

struct fault {
    const char *name;
    unsigned step;
    enum abi_status status;
    void (*apply)(struct key_shot *shot);
};

static const struct fault faults[] = {
    {"select bit 3", 1, ABI_INVALID_PARAM, select_bit},
    {"select bit 31", 1, ABI_INVALID_PARAM, select_high_bit},
    {"dword 0x04", 1, ABI_INVALID_PARAM, dword_04},
    {"MASK_CHIP_KEY", 2, ABI_INVALID_KEY, masked},
    {"KEY_SEL 3", 3, ABI_INVALID_KEY, select_3},
    {"KEY_SEL 2 without a VLEK", 3, ABI_INVALID_KEY, vlek_absent},
    {"KEY_SEL 1 with VCEK_DIS", 3, ABI_INVALID_KEY, vcek_disabled},
    {"KEY_SEL 0 with VCEK_DIS", 3, ABI_INVALID_KEY, default_disabled},
    {"VMPL below VMPCK", 4, ABI_INVALID_PARAM, vmpl_low},
    {"VMPL 4", 4, ABI_INVALID_PARAM, vmpl_high},
    {"GUEST_FIELD_SELECT bit 7", 5, ABI_INVALID_PARAM, fields_bit},
    {"GUEST_FIELD_SELECT bit 63", 5, ABI_INVALID_PARAM, fields_high_bit},
    {"TCB_VERSION above", 6, ABI_INVALID_PARAM, tcb_above},
    {"TCB_VERSION reserved byte", 6, ABI_INVALID_PARAM, tcb_reserved},
    {"GUEST_SVN above", 7, ABI_INVALID_PARAM, svn_above},
    {"LAUNCH_MIT_VECTOR beyond", 8, MIT_STATUS, mit_vector},
};

#define FAULTS (sizeof faults / sizeof faults[0])

static struct key_shot base(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    key_version_2(&shot);
    shot.profile.vmpl_max_3 = true;
    shot.profile.launch_mit_status = MIT_STATUS;
    return shot;
}

static void pair(struct suite_ctx *ctx, const struct fault *first, const struct fault *second) {
    struct key_shot shot = base(ctx);
    first->apply(&shot);
    second->apply(&shot);
    suite_instance(ctx, "%s, %s", first->name, second->name);
    SUITE_STEP(key_launch(ctx, &shot));
    SUITE_STEP(key_refused(ctx, &shot, first->status, "the earlier check answers"));
}

struct steps {
    unsigned first, last;
};

/* All pairs whose earlier fault is of the row's steps and whose statuses tell them apart. */
static void pairs(struct suite_ctx *ctx) {
    const struct steps *steps = suite_row(ctx);
    for (size_t i = 0; i < FAULTS; i++) {
        if (faults[i].step < steps->first || faults[i].step > steps->last) continue;
        for (size_t j = i + 1; j < FAULTS && !suite_stopped(ctx); j++)
            if (faults[i].status != faults[j].status) pair(ctx, &faults[i], &faults[j]);
    }
}

/* Each fault alone gives its own status, and the request without one is granted. */
static void alone(struct suite_ctx *ctx) {
    struct key_shot shot = base(ctx);
    uint8_t key[KEY_SIZE];
    SUITE_STEP(key_of(ctx, &shot, key));
    for (size_t i = 0; i < FAULTS; i++) {
        shot = base(ctx);
        faults[i].apply(&shot);
        suite_instance(ctx, "%s", faults[i].name);
        SUITE_STEP(key_launch(ctx, &shot));
        SUITE_STEP(key_refused(ctx, &shot, faults[i].status, "the only fault answers"));
    }
}

#define PAIRS(ID, TITLE, FIRST, LAST)                                                              \
    {                                                                                              \
        .id = "key.order." ID, .title = TITLE, .requirements = SUITE_REQ("SNP-KEY-021"),           \
        .kind = SUITE_NEGATIVE, .twin = "key.select.default-vcek", .needs = KEY_NEEDS,             \
        .run = pairs, .row = &(const struct steps) {                                               \
            FIRST, LAST                                                                            \
        }                                                                                          \
    }

static const struct suite_test tests[] = {
    PAIRS("reserved-first", "reserved bits are looked at before the root key and the vector", 1, 1),
    PAIRS("root-second", "the root key is looked at before VMPL, fields, TCB, SVN and vector", 2,
          3),
    PAIRS("vector-last", "VMPL, fields, TCB and SVN are looked at before the vector", 4, 7),
    {.id = "key.order.alone",
     .title = "each fault of the pairs by itself gives its own status",
     .requirements = SUITE_REQ("SNP-KEY-021", "SNP-KEY-023"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.select.default-vcek",
     .needs = KEY_NEEDS,
     .run = alone},
};

const struct suite_area key_order = KEY_PART(tests);
