/* Tables access and access-later: every memory access. RMP notes, sections 4 and 7.
 *
 * Access: the page under test stands 256 times in the table, once for each VMPL, mask and kind of neighbour. The
 * other VMPLs' masks are the opposite, so that only the accessing VMPL's is right. */
#include "rmp/decision.h"

static const char *const actors[] = {"host", "guest", "snp"};
static const char *const kinds[] = {"read", "write",   "fetch-U", "fetch-S",
                                    "walk", "walk-AD", "SSS"};
static const char *const vmpls[] = {"0", "1", "2", "3"};
static const char *const masks[] = {
    "0x00", "0x01", "0x02", "0x03", "0x04", "0x05", "0x06", "0x07", "0x08", "0x09", "0x0a",
    "0x0b", "0x0c", "0x0d", "0x0e", "0x0f", "0x10", "0x11", "0x12", "0x13", "0x14", "0x15",
    "0x16", "0x17", "0x18", "0x19", "0x1a", "0x1b", "0x1c", "0x1d", "0x1e", "0x1f",
};
static const char *const some[] = {"none", "some"};
static const char *const switches[] = {"off", "on"};

static void guest_ad_maps(struct rmp_rules *turn) {
    turn->guest_ad_maps = true;
}

/* ---- access ---- */

enum { STATE, OWN, GPA, SIZE, MAP, ACTOR, KIND, C, VMPL, MASK, NEAR, SSS };

#define MASKS DECISION_COUNT(masks)
#define REGIONS (RMP_VMPL_COUNT * MASKS * DECISION_COUNT(some))

/* The region whose page has MASK for VMPL. */
static uint64_t region_of(unsigned vmpl, unsigned mask, unsigned near) {
    return ((vmpl * MASKS + mask) * DECISION_COUNT(some) + near) * RMP_PAGE_2M;
}

static void access_put(struct rmp *rmp, struct rmp_entry entry, unsigned vmpl, unsigned mask) {
    const struct decision_page other = {
        .state = DECISION_GUEST_INVALID, .other_asid = true, .other_gpa = true};
    const uint64_t alone = region_of(vmpl, mask, 0), beside = region_of(vmpl, mask, 1);
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++)
        entry.perms[i] = (uint8_t)(i == vmpl ? mask : mask ^ RMP_PERM_ALL);
    decision_put(rmp, alone, entry);
    if (entry.size == RMP_2M) return;
    decision_put(rmp, beside, entry);
    decision_put(rmp, beside + RMP_PAGE_4K, decision_entry(&other, RMP_PAGE_4K));
}

static void access_set_up(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX]) {
    const struct decision_page page = {
        .state = (enum decision_state)at[STATE],
        .size = (enum rmp_page_size)at[SIZE],
        .other_asid = at[OWN] != 0,
        .other_gpa = at[GPA] != 0,
    };
    rmp_reset(bench->rmp);
    for (unsigned vmpl = 0; vmpl < RMP_VMPL_COUNT; vmpl++)
        for (unsigned mask = 0; mask < MASKS; mask++)
            access_put(bench->rmp, decision_entry(&page, 0), vmpl, mask);
}

static bool access_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                          uint32_t words[DECISION_WORDS_MAX]) {
    const bool outside = at[STATE] == DECISION_DEFAULT;
    if (!outside && at[NEAR] != 0 && at[SIZE] == RMP_2M) return false;
    const struct rmp_access access = {
        .gpa = DECISION_GPA,
        .spa = outside ? REGIONS * RMP_PAGE_2M : region_of(at[VMPL], at[MASK], at[NEAR]),
        .asid = DECISION_ASID,
        .vmpl = (uint8_t)at[VMPL],
        .c = at[C] != 0,
        .vmpl_sss = at[SSS] != 0,
        .actor = (enum rmp_actor)at[ACTOR],
        .kind = (enum rmp_kind)at[KIND],
        .map = (enum rmp_map)at[MAP],
    };
    words[0] = decision_answer(rmp_check(bench->rmp, &access));
    return true;
}

#define ACCESS_DIMS(kind, c)                                                                       \
    {                                                                                              \
        DECISION_STATE, DECISION_DIM("own", decision_match), DECISION_DIM("gpa", decision_match),  \
            DECISION_SIZE, DECISION_MAP, DECISION_DIM("actor", actors), kind, c,                   \
            DECISION_DIM("VMPL", vmpls), DECISION_DIM("mask", masks),                              \
            DECISION_DIM("neighbours", some), DECISION_DIM("VmplSSS", switches),                   \
    }

#define ALL_KINDS DECISION_DIM("access", kinds)
#define ALL_C DECISION_DIM("C", decision_bits)
#define WALKS DECISION_ONLY("access", kinds, RMP_WALK, 2)
#define PRIVATE DECISION_ONLY("C", decision_bits, 1, 1)

static const struct decision_dim access_dims[] = ACCESS_DIMS(ALL_KINDS, ALL_C);
static const struct decision_dim walk_dims[] = ACCESS_DIMS(WALKS, PRIVATE);

/* ---- access-later ---- */

enum { LATER_FIRST = 4, LATER_MAP, LATER_ACTOR, LATER_KIND, LATER_C, LATER_MASK, LATER_ASID };

static const char *const firsts[] = {"Hypervisor", "Firmware", "Guest-Valid"};
static const enum decision_state first_states[] = {DECISION_HYPERVISOR, DECISION_FIRMWARE,
                                                   DECISION_GUEST_VALID};
static const char *const later_masks[] = {"0x00", "0x1f"};

/* Guest pages of the region get MASK for VMPL 0. */
static void give_mask(struct rmp *rmp, uint64_t paddr, uint8_t mask) {
    struct rmp_entry e;
    if (!rmp_entry_at(rmp, paddr, &e) || e.asid == 0) return;
    e.perms[0] = mask;
    decision_put(rmp, paddr, e);
}

static bool later_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                         uint32_t words[DECISION_WORDS_MAX]) {
    const struct decision_page page = {
        .state = (enum decision_state)at[STATE],
        .size = (enum rmp_page_size)at[SIZE],
        .other_asid = at[OWN] != 0,
        .other_gpa = at[GPA] == DECISION_MISMATCH,
        .first = first_states[at[LATER_FIRST]],
        .later = true,
    };
    const struct rmp_access access = {
        .gpa = decision_address(at[GPA], RMP_PAGE_4K),
        .spa = decision_region(page.state) + RMP_PAGE_4K,
        .asid = at[LATER_ASID] == 0 ? DECISION_ASID : 0,
        .c = at[LATER_C] != 0,
        .actor = (enum rmp_actor)at[LATER_ACTOR],
        .kind = (enum rmp_kind)at[LATER_KIND],
        .map = (enum rmp_map)at[LATER_MAP],
    };
    const uint8_t mask = at[LATER_MASK] != 0 ? RMP_PERM_ALL : 0;
    if (page.size == RMP_2M && page.first != DECISION_HYPERVISOR) return false;
    if (!decision_make(bench->rmp, &page)) return false;
    give_mask(bench->rmp, DECISION_SPA, mask);
    give_mask(bench->rmp, DECISION_SPA + RMP_PAGE_4K, mask);
    words[0] = decision_answer(rmp_check(bench->rmp, &access));
    return true;
}

#define LATER_DIMS(kind, c)                                                                        \
    {                                                                                              \
        DECISION_STATE, DECISION_DIM("own", decision_match), DECISION_DIM("gpa", decision_gpas),   \
            DECISION_SIZE, DECISION_DIM("first page", firsts), DECISION_MAP,                       \
            DECISION_DIM("actor", actors), kind, c, DECISION_DIM("mask", later_masks),             \
            DECISION_DIM("ASID", decision_asids),                                                  \
    }

static const struct decision_dim later_dims[] = LATER_DIMS(ALL_KINDS, ALL_C);
static const struct decision_dim later_walk_dims[] = LATER_DIMS(WALKS, PRIVATE);

#define ACCESS(name_, dims_, switches_)                                                            \
    {                                                                                              \
        .name = name_, .dims = dims_, .dim_count = DECISION_COUNT(dims_), .words = 1,              \
        .regions = REGIONS, .switches = switches_, .outer = SIZE + 1, .set_up = access_set_up,     \
        .decide = access_decide                                                                    \
    }

#define LATER(name_, dims_, switches_)                                                             \
    {                                                                                              \
        .name = name_, .dims = dims_, .dim_count = DECISION_COUNT(dims_), .words = 1,              \
        .regions = DECISION_REGIONS, .switches = switches_, .decide = later_decide                 \
    }

const struct decision_table decision_access[] = {
    ACCESS("access", access_dims, NULL),
    ACCESS("access:guest-ad-maps", walk_dims, guest_ad_maps),
    LATER("access-later", later_dims, NULL),
    LATER("access-later:guest-ad-maps", later_walk_dims, guest_ad_maps),
    {0},
};
