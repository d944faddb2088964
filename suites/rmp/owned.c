/* Accesses of the host, of guests without SNP and of an SNP guest with C=0: Hypervisor-Owned. RMP notes, section 4. */
#include "rmp/rmp.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

static const enum rmp_kind writes[] = {RMP_WRITE, RMP_SHADOW_STACK};
static const enum rmp_kind walks[] = {RMP_WALK, RMP_WALK_AD};
static const enum rmp_kind looks[] = {RMP_READ, RMP_FETCH_USER, RMP_FETCH_SUPERVISOR};

/* Who accesses, and how Hypervisor-Owned fails. */
struct actor {
    enum rmp_actor actor;
    struct rmp_answer fault;
};

static const struct actor host = {RMP_HOST, {.fault = RMP_PF, .error = 0x80000000, .rule = 101}};
static const struct actor guest = {RMP_GUEST, RMP_ANSWER_NPF(0x80000000, 102)};
static const struct actor shared = {RMP_SNP_GUEST, RMP_ANSWER_NPF(0x80000000, 103)};

/* The second page of the region, by a mapping of 4 KiB. */
static struct rmp_shot access_shot(const struct actor *a, enum rmp_kind kind, unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_ACCESS, pages);
    shot.access = (struct rmp_access){
        .actor = a->actor, .kind = kind, .asid = RMP_ASID, .gpa = RMP_GPA + PAGE, .vmpl = 0};
    return shot;
}

/* ---- states: 4 KiB ---- */

static bool is_assigned(enum rmp_state state) {
    return state != RMP_HYPERVISOR && state != RMP_HV_FIXED;
}

static void state_case(struct suite_ctx *ctx, const struct actor *a, enum rmp_kind kind,
                       bool checked) {
    for (unsigned s = 0; s < RMP_STATE_COUNT && !suite_stopped(ctx); s++) {
        const enum rmp_state state = (enum rmp_state)s;
        struct rmp_shot shot = access_shot(a, kind, 8);
        shot.entry = rmp_state_entry(state, RMP_GPA + PAGE);
        suite_instance(ctx, "%s, kind %u", rmp_state_name(state), (unsigned)kind);
        if (checked && is_assigned(state))
            SUITE_STEP(rmp_shot_refused(ctx, &shot, a->fault));
        else
            SUITE_STEP(rmp_shot_granted(ctx, &shot));
    }
}

/* Default: there is no entry. */
static void default_case(struct suite_ctx *ctx, const struct actor *a, enum rmp_kind kind) {
    struct rmp_shot shot = access_shot(a, kind, 8);
    rmp_not_covered(&shot);
    for (unsigned map = RMP_MAP_4K; map <= RMP_MAP_1G && !suite_stopped(ctx); map++) {
        shot.access.map = (enum rmp_map)map;
        suite_instance(ctx, "no RMP entry, kind %u, map %u", (unsigned)kind, map);
        SUITE_STEP(rmp_shot_granted(ctx, &shot));
    }
}

static bool is_snp(const struct actor *a) {
    return a->actor == RMP_SNP_GUEST;
}

/* ROW: who. Reads and fetches in every state; an SNP guest's fetches are private. */
static void unchecked(struct suite_ctx *ctx) {
    const struct actor *a = suite_row(ctx);
    for (size_t i = 0; i < (is_snp(a) ? 1 : COUNT(looks)); i++) {
        state_case(ctx, a, looks[i], false);
        default_case(ctx, a, looks[i]);
    }
}

/* Writes and walks in every state; an SNP guest's walks are private. */
static void checked(struct suite_ctx *ctx) {
    const struct actor *a = suite_row(ctx);
    for (size_t i = 0; i < COUNT(writes); i++) state_case(ctx, a, writes[i], true);
    for (size_t i = 0; i < COUNT(walks) && !is_snp(a); i++) state_case(ctx, a, walks[i], true);
}

/* Writes and walks where nobody else's page is. */
static void allowed(struct suite_ctx *ctx) {
    const struct actor *a = suite_row(ctx);
    static const enum rmp_state own[] = {RMP_HYPERVISOR, RMP_HV_FIXED};
    for (unsigned kind = RMP_WRITE; kind <= RMP_SHADOW_STACK; kind++) {
        const enum rmp_kind k = (enum rmp_kind)kind;
        if (is_snp(a) && k != RMP_WRITE && k != RMP_SHADOW_STACK) continue;
        for (size_t s = 0; s < COUNT(own); s++) {
            struct rmp_shot shot = access_shot(a, k, 8);
            shot.entry = rmp_state_entry(own[s], 0);
            suite_instance(ctx, "%s, kind %u", rmp_state_name(own[s]), kind);
            SUITE_STEP(rmp_shot_granted(ctx, &shot));
        }
        default_case(ctx, a, k);
        if (suite_stopped(ctx)) return;
    }
}

/* ---- mappings of 2 MiB and 1 GiB ---- */

struct mapped {
    const struct actor *actor;
    enum rmp_kind kind;
    enum rmp_map map;
    uint64_t at;          /* page of the region that is accessed; LAST: the last one */
    uint64_t assigned_at; /* page that is Assigned; NONE */
    bool beside;          /* ... in the regions beside it too */
    enum rmp_state state; /* of it */
};
#define LAST 511
#define NONE 0xFFFF

static uint64_t page_of(const struct rmp_shot *shot, uint64_t page) {
    const uint64_t pages = shot->config.pages_per_large;
    return rmp_shot_page(shot) + (page == LAST ? pages - 1 : page) * PAGE;
}

static struct rmp_shot mapped_shot(const struct mapped *m, unsigned pages) {
    struct rmp_shot shot = access_shot(m->actor, m->kind, pages);
    shot.access.map = m->map;
    shot.spa = page_of(&shot, m->at);
    if (m->assigned_at != NONE) {
        shot.entry_at = page_of(&shot, m->assigned_at);
        shot.entry = rmp_state_entry(m->state, 0);
    }
    if (m->beside) {
        shot.entry_at = rmp_shot_page(&shot) - PAGE;
        shot.entry = rmp_state_entry(RMP_GUEST_VALID, 0);
        shot.other_at = 3 * rmp_shot_page(&shot);
        shot.other = rmp_state_entry(RMP_FIRMWARE, 0);
    }
    return shot;
}

static void mapped_good(struct suite_ctx *ctx, unsigned pages) {
    struct rmp_shot shot = mapped_shot(suite_row(ctx), pages);
    SUITE_STEP(rmp_shot_granted(ctx, &shot));
}

/* By a large mapping the aligned page's entry is looked at, then its count of the others: rule 104. */
static struct rmp_answer mapped_fault(const struct mapped *m) {
    struct rmp_answer fault = m->actor->fault;
    if (m->kind != RMP_WALK_AD && m->assigned_at != 0) fault.rule = 104;
    return fault;
}

static void mapped_bad(struct suite_ctx *ctx, unsigned pages) {
    const struct mapped *m = suite_row(ctx);
    const struct rmp_shot shot = mapped_shot(m, pages);
    SUITE_STEP(rmp_shot_refused(ctx, &shot, mapped_fault(m)));
}

static void map_allowed(struct suite_ctx *ctx) {
    rmp_each_size(ctx, mapped_good);
}

static void map_refused(struct suite_ctx *ctx) {
    rmp_each_size(ctx, mapped_bad);
}

/* The region is a guest's 2 MiB page, written at any of its pages by any mapping. */
static void large_page(struct suite_ctx *ctx, unsigned pages) {
    const struct actor *a = suite_row(ctx);
    static const uint64_t at[] = {0, 1, LAST};
    for (unsigned map = RMP_MAP_4K; map <= RMP_MAP_1G; map++) {
        for (size_t i = 0; i < COUNT(at); i++) {
            struct rmp_shot shot = access_shot(a, RMP_WRITE, pages);
            shot.entry = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA);
            shot.entry.size = RMP_2M;
            shot.entry_at = rmp_shot_page(&shot);
            shot.spa = page_of(&shot, at[i]);
            shot.access.map = (enum rmp_map)map;
            suite_instance(ctx, "%u pages, map %u, page %u", pages, map, (unsigned)at[i]);
            SUITE_STEP(rmp_shot_refused(ctx, &shot, a->fault));
        }
    }
}

static void large_pages(struct suite_ctx *ctx) {
    rmp_each_size(ctx, large_page);
}

#define ALLOWED(ID, TITLE, REQS, ...)                                                              \
    RMP_TEST("access." ID, TITLE, REQS, map_allowed, (&(const struct mapped){__VA_ARGS__}))
#define REFUSED(ID, TITLE, TWIN, REQS, ...)                                                        \
    RMP_NEGATIVE("access." ID, TITLE, "access." TWIN, REQS, map_refused,                           \
                 (&(const struct mapped){__VA_ARGS__}))

static const struct suite_test tests[] = {
    RMP_TEST("access.host-write",
             "the host writes and walks Hypervisor, HV-Fixed and Default pages", ("SNP-RMP-101"),
             allowed, &host),
    RMP_TEST("access.host-read", "the host reads and fetches in every state", ("SNP-RMP-101"),
             unchecked, &host),
    RMP_NEGATIVE("access.host-assigned", "the host's writes and walks of Assigned pages: #PF",
                 "access.host-write", ("SNP-RMP-101"), checked, &host),
    RMP_NEGATIVE("access.host-large-page", "the host's writes to each page of a 2 MiB page: #PF",
                 "access.host-write", ("SNP-RMP-101", "SNP-RMP-104"), large_pages, &host),
    RMP_TEST("access.guest-write", "a guest without SNP writes and walks where the host may",
             ("SNP-RMP-102"), allowed, &guest),
    RMP_TEST("access.guest-read", "a guest without SNP reads and fetches in every state",
             ("SNP-RMP-102"), unchecked, &guest),
    RMP_NEGATIVE("access.guest-assigned", "its writes and walks of Assigned pages: NPF",
                 "access.guest-write", ("SNP-RMP-102"), checked, &guest),
    RMP_NEGATIVE("access.guest-large-page", "its writes to each page of a 2 MiB page: NPF",
                 "access.guest-write", ("SNP-RMP-102", "SNP-RMP-104"), large_pages, &guest),
    RMP_TEST("access.shared-write", "an SNP guest writes with C=0 where the host may",
             ("SNP-RMP-103"), allowed, &shared),
    RMP_TEST("access.shared-read", "an SNP guest reads with C=0 in every state", ("SNP-RMP-103"),
             unchecked, &shared),
    RMP_NEGATIVE("access.shared-assigned",
                 "an SNP guest's writes with C=0 to Assigned pages, its own too: NPF without ENC",
                 "access.shared-write", ("SNP-RMP-103"), checked, &shared),
    RMP_NEGATIVE("access.shared-large-page", "... to each page of a 2 MiB page: NPF without ENC",
                 "access.shared-write", ("SNP-RMP-103", "SNP-RMP-104"), large_pages, &shared),

    ALLOWED("map-2m", "a region without Assigned pages is written by 2 MiB", ("SNP-RMP-104"), &host,
            RMP_WRITE, RMP_MAP_2M, 0, NONE, false, RMP_HYPERVISOR),
    ALLOWED("map-1g", "... by 1 GiB, though Assigned pages are in other regions", ("SNP-RMP-104"),
            &host, RMP_WRITE, RMP_MAP_1G, 1, NONE, true, RMP_HYPERVISOR),
    ALLOWED("map-2m-beside", "Assigned pages of other regions do not matter by 2 MiB",
            ("SNP-RMP-104"), &guest, RMP_WRITE, RMP_MAP_2M, LAST, NONE, true, RMP_HYPERVISOR),
    ALLOWED("map-2m-fixed", "HV-Fixed pages of the region do not matter: they are not Assigned",
            ("SNP-RMP-104"), &host, RMP_WRITE, RMP_MAP_2M, 0, 1, false, RMP_HV_FIXED),
    ALLOWED("map-4k-beside", "by 4 KiB an Assigned neighbour does not matter", ("SNP-RMP-104"),
            &host, RMP_WRITE, RMP_MAP_4K, 0, 1, false, RMP_GUEST_VALID),
    REFUSED("map-2m-second", "the second page is Assigned, the first is written by 2 MiB: #PF",
            "map-2m", ("SNP-RMP-104"), &host, RMP_WRITE, RMP_MAP_2M, 0, 1, false, RMP_GUEST_VALID),
    REFUSED("map-2m-last", "the last page is Assigned", "map-2m", ("SNP-RMP-104"), &host, RMP_WRITE,
            RMP_MAP_2M, 1, LAST, false, RMP_RECLAIM),
    REFUSED("map-2m-first", "the first page is Assigned, another is written by 2 MiB", "map-2m",
            ("SNP-RMP-104"), &host, RMP_WRITE, RMP_MAP_2M, LAST, 0, false, RMP_FIRMWARE),
    REFUSED("map-1g-second", "by 1 GiB the region of the address is looked at", "map-1g",
            ("SNP-RMP-104"), &host, RMP_WRITE, RMP_MAP_1G, 0, 1, false, RMP_GUEST_VALID),
    REFUSED("map-2m-guest", "by 2 MiB of a guest without SNP: NPF", "map-2m-beside",
            ("SNP-RMP-104"), &guest, RMP_WRITE, RMP_MAP_2M, LAST, 1, false, RMP_GUEST_INVALID),
    REFUSED("map-2m-shared", "by 2 MiB of an SNP guest with C=0: NPF without ENC", "map-2m",
            ("SNP-RMP-104"), &shared, RMP_WRITE, RMP_MAP_2M, 0, LAST, false, RMP_GUEST_VALID),
    REFUSED("map-2m-walk", "a walk by 2 MiB", "map-2m", ("SNP-RMP-104"), &host, RMP_WALK,
            RMP_MAP_2M, 0, 1, false, RMP_GUEST_VALID),

    ALLOWED("ad-4k", "the host's A/D-bit update by 2 MiB is one of 4 KiB: neighbours do not matter",
            ("SNP-RMP-119"), &host, RMP_WALK_AD, RMP_MAP_2M, 0, 1, false, RMP_GUEST_VALID),
    ALLOWED("ad-4k-guest", "... a guest's without SNP", ("SNP-RMP-119"), &guest, RMP_WALK_AD,
            RMP_MAP_1G, LAST, 0, false, RMP_GUEST_VALID),
    REFUSED("ad-own", "an A/D-bit update of a page that is Assigned itself: #PF", "ad-4k",
            ("SNP-RMP-119"), &host, RMP_WALK_AD, RMP_MAP_2M, 1, 1, false, RMP_GUEST_VALID),
};

const struct suite_area rmp_part_owned = RMP_PART(tests);
