/* Private accesses of an SNP guest: the masks of its VMPLs. RMP notes, sections 1, 4 and 4.1. */
#include "rmp/rmp.h"

#define NPF_VMPL UINT64_C(0x1480000000) /* bits 31, 34, 36 */
#define SSS UINT64_C(0x2000000000)      /* bit 37 */

/* An access at VMPL 1 to a page whose other masks are full. */
static struct rmp_shot vmpl_shot(unsigned vmpl, enum rmp_kind kind, unsigned mask, bool sss) {
    struct rmp_shot shot = rmp_shot_guest(RMP_CALL_ACCESS, 8);
    for (unsigned i = 0; i < 4; i++) shot.entry.perms[i] = i == vmpl ? (uint8_t)mask : 0x1F;
    shot.access = (struct rmp_access){.actor = RMP_SNP_GUEST,
                                      .kind = kind,
                                      .c = true,
                                      .asid = RMP_ASID,
                                      .gpa = RMP_GPA + PAGE,
                                      .vmpl = (uint8_t)vmpl,
                                      .vmpl_sss = sss};
    return shot;
}

/* ---- single rules ---- */

struct masked {
    enum rmp_kind kind;
    unsigned mask;
    bool sss;
    uint16_t rule; /* 0: it is allowed */
    bool copied;   /* bit 37 */
};

/* At VMPL 0 and VMPL 3, by mappings of 4 KiB and of 2 MiB. */
static void masked_case(struct suite_ctx *ctx, unsigned vmpl, bool large) {
    const struct masked *m = suite_row(ctx);
    struct rmp_shot shot = vmpl_shot(vmpl, m->kind, m->mask, m->sss);
    if (large) {
        rmp_shot_large(&shot);
        shot.access.map = RMP_MAP_2M;
        shot.access.gpa = RMP_GPA;
        shot.config.rules.guest_ad_maps = true;
    }
    const struct rmp_answer fault = {
        .fault = RMP_NPF, .error = NPF_VMPL | (m->copied ? SSS : 0), .rule = m->rule};
    suite_instance(ctx, "VMPL %u, %s", vmpl, large ? "2 MiB" : "4 KiB");
    if (m->rule == 0)
        SUITE_STEP(rmp_shot_granted(ctx, &shot));
    else
        SUITE_STEP(rmp_shot_refused(ctx, &shot, fault));
}

static void masked(struct suite_ctx *ctx) {
    for (unsigned vmpl = 0; vmpl < 4 && !suite_stopped(ctx); vmpl++) {
        masked_case(ctx, vmpl, false);
        if (!suite_stopped(ctx)) masked_case(ctx, vmpl, true);
    }
}

/* ---- all masks, by the notes' list of bits ---- */

static unsigned needed(enum rmp_kind kind, bool sss) {
    switch (kind) {
    case RMP_READ:
    case RMP_WALK: return 0x01;
    case RMP_WRITE:
    case RMP_WALK_AD: return 0x03;
    case RMP_FETCH_USER: return 0x04;
    case RMP_FETCH_SUPERVISOR: return 0x08;
    case RMP_SHADOW_STACK: return sss ? 0x13 : 0x03;
    }
    return 0;
}

static void mask_case(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_shot *asked,
                      unsigned mask, unsigned need) {
    struct rmp_shot shot = *asked;
    const bool enough = (mask & need) == need, sss = shot.access.vmpl_sss;
    const struct rmp_answer got = rmp_shot_call(rmp, &shot);
    const uint64_t copied = sss && (mask & 0x10) != 0 ? SSS : 0;
    suite_instance(ctx, "VMPL %u, kind %u, mask 0x%02x, VmplSSS %u", (unsigned)shot.access.vmpl,
                   (unsigned)shot.access.kind, mask, (unsigned)sss);
    SUITE_EQUAL(ctx, "fault", enough ? RMP_NO_FAULT : RMP_NPF, got.fault, "the mask decides");
    SUITE_EQUAL(ctx, "EXITINFO1", enough ? 0 : NPF_VMPL | copied, got.error,
                "bits 31, 34, 36; with VmplSSS bit 37 copies mask bit 4");
}

static void mask_on(struct suite_ctx *ctx, const struct rmp_shot *shot, unsigned mask) {
    const unsigned need = needed(shot->access.kind, shot->access.vmpl_sss);
    struct rmp *rmp;
    if (((mask & need) == need) != *(const bool *)suite_row(ctx)) return;
    SUITE_STEP(rmp_shot_make(ctx, shot, &rmp));
    mask_case(ctx, rmp, shot, mask, need);
    rmp_free(rmp);
}

/* ROW: whether the masks that are enough are asked for, or all else. */
static void all_masks(struct suite_ctx *ctx) {
    for (unsigned vmpl = 0; vmpl < 4; vmpl++)
        for (unsigned kind = RMP_READ; kind <= RMP_SHADOW_STACK; kind++)
            for (unsigned mask = 0; mask < 64 && !suite_stopped(ctx); mask++) {
                const struct rmp_shot shot =
                    vmpl_shot(vmpl, (enum rmp_kind)kind, mask & 0x1F, mask >= 32);
                mask_on(ctx, &shot, mask & 0x1F);
            }
}

#define GRANTED(ID, TITLE, REQ, ...)                                                               \
    RMP_TEST("access." ID, TITLE, (REQ), masked, (&(const struct masked){__VA_ARGS__}))
#define DENIED(ID, TITLE, TWIN, REQ, ...)                                                          \
    RMP_NEGATIVE("access." ID, TITLE, "access." TWIN, (REQ), masked,                               \
                 (&(const struct masked){__VA_ARGS__}))

static const struct suite_test tests[] = {
    GRANTED("mask-read", "a read needs bit 0 alone", "SNP-RMP-111", RMP_READ, 0x01, false, 0,
            false),
    DENIED("mask-no-read", "a read without bit 0: NPF with VMPL", "mask-read", "SNP-RMP-111",
           RMP_READ, 0x1E, false, 111, false),
    GRANTED("mask-walk", "a page walk needs bit 0 alone", "SNP-RMP-111", RMP_WALK, 0x01, false, 0,
            false),
    DENIED("mask-no-walk", "a page walk without bit 0: NPF with VMPL", "mask-walk", "SNP-RMP-111",
           RMP_WALK, 0x1E, false, 111, false),
    GRANTED("mask-write", "a write needs bits 0 and 1", "SNP-RMP-112", RMP_WRITE, 0x03, false, 0,
            false),
    DENIED("mask-no-write", "a write without bit 1: NPF with VMPL", "mask-write", "SNP-RMP-112",
           RMP_WRITE, 0x1D, false, 112, false),
    GRANTED("mask-update", "an A/D-bit update needs bits 0 and 1", "SNP-RMP-113", RMP_WALK_AD, 0x03,
            false, 0, false),
    DENIED("mask-no-update", "an A/D-bit update without bit 1: NPF with VMPL", "mask-update",
           "SNP-RMP-112", RMP_WALK_AD, 0x1D, false, 112, false),
    DENIED("mask-write-only", "a write with bit 1 but without bit 0: NPF with VMPL", "mask-write",
           "SNP-RMP-113", RMP_WRITE, 0x1E, false, 113, false),
    DENIED("mask-update-only", "an A/D-bit update with bit 1 but without bit 0", "mask-update",
           "SNP-RMP-113", RMP_WALK_AD, 0x1E, false, 113, false),
    GRANTED("mask-user", "a fetch at CPL 3 needs bit 2 alone", "SNP-RMP-114", RMP_FETCH_USER, 0x04,
            false, 0, false),
    DENIED("mask-no-user", "a fetch at CPL 3 without bit 2: NPF with VMPL", "mask-user",
           "SNP-RMP-114", RMP_FETCH_USER, 0x1B, false, 114, false),
    GRANTED("mask-supervisor", "a fetch below CPL 3 needs bit 3 alone", "SNP-RMP-115",
            RMP_FETCH_SUPERVISOR, 0x08, false, 0, false),
    DENIED("mask-no-supervisor", "a fetch below CPL 3 without bit 3: NPF with VMPL",
           "mask-supervisor", "SNP-RMP-115", RMP_FETCH_SUPERVISOR, 0x17, false, 115, false),
    GRANTED("mask-stack", "with VmplSSS a shadow stack access needs bits 0, 1 and 4", "SNP-RMP-116",
            RMP_SHADOW_STACK, 0x13, true, 0, false),
    DENIED("mask-no-stack", "with VmplSSS a shadow stack access without bit 4: NPF, bit 37 is 0",
           "mask-stack", "SNP-RMP-116", RMP_SHADOW_STACK, 0x0F, true, 116, false),
    GRANTED("mask-stack-off", "without VmplSSS bit 4 is not looked at", "SNP-RMP-116",
            RMP_SHADOW_STACK, 0x03, false, 0, false),
    DENIED("mask-stack-write", "a shadow stack access is a write too", "mask-stack-off",
           "SNP-RMP-116", RMP_SHADOW_STACK, 0x1D, false, 112, false),
    DENIED("sss-copied", "with VmplSSS bit 37 is mask bit 4: 1", "mask-write", "SNP-RMP-117",
           RMP_WRITE, 0x11, true, 112, true),
    DENIED("sss-zero", "with VmplSSS bit 37 is mask bit 4: 0", "mask-write", "SNP-RMP-117",
           RMP_WRITE, 0x01, true, 112, false),
    DENIED("sss-off", "without VmplSSS bit 37 is 0 whatever mask bit 4 is", "mask-write",
           "SNP-RMP-117", RMP_WRITE, 0x11, false, 112, false),
    RMP_TEST(
        "access.masks", "every mask that has the needed bits, at every VMPL",
        ("SNP-RMP-111", "SNP-RMP-112", "SNP-RMP-113", "SNP-RMP-114", "SNP-RMP-115", "SNP-RMP-116"),
        all_masks, (&(const bool){true})),
    RMP_NEGATIVE("access.masks-lacking", "every mask that lacks a needed bit, at every VMPL",
                 "access.masks",
                 ("SNP-RMP-111", "SNP-RMP-112", "SNP-RMP-113", "SNP-RMP-114", "SNP-RMP-115",
                  "SNP-RMP-116", "SNP-RMP-117"),
                 all_masks, (&(const bool){false})),
};

const struct suite_area rmp_part_vmpl = RMP_PART(tests);
