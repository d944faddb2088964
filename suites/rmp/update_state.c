/* RMPUPDATE: what it keeps and clears, states it starts from, and the counts that it keeps right. RMP notes, sections
 * 2.1, 3.1 steps 7 to 11, and 7. */
#include "rmp/rmp.h"

static const struct rmp_entry valid = {.assigned = true,
                                       .validated = true,
                                       .vmsa = true,
                                       .asid = 1,
                                       .gpa = RMP_GPA,
                                       .perms = {0x0F, 0x03, 0x05, 0x11}};

/* The first page of the region: a VMSA page of the guest's; updated to what it is already. */
static struct rmp_shot same_small(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_UPDATE, pages);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.entry = valid;
    shot.fields = (struct rmp_state_fields){.assigned = true, .asid = 1, .gpa = RMP_GPA};
    return shot;
}

static struct rmp_shot same_large(unsigned pages) {
    struct rmp_shot shot = same_small(pages);
    shot.entry.size = shot.fields.size = RMP_2M;
    return shot;
}

static void freeze(struct rmp_shot *shot) {
    shot->fields.immutable = true;
}

static void change_asid(struct rmp_shot *shot) {
    shot->fields.asid = 2;
}

static void change_gpa(struct rmp_shot *shot) {
    shot->fields.gpa += UINT64_C(1) << 50;
}

static void change_size(struct rmp_shot *shot) {
    shot->fields.size = RMP_2M;
}

static void release(struct rmp_shot *shot) {
    shot->fields = (struct rmp_state_fields){.size = shot->fields.size};
}

/* A Reclaim page that is given the ASID, GPA and size that it has: none. */
static void no_asid(struct rmp_shot *shot) {
    shot->entry.asid = 0;
    shot->entry.gpa = shot->fields.gpa = 0;
    shot->entry.validated = false;
    shot->fields.asid = 0;
    shot->fields.immutable = true;
}

#define KEPT                                                                                       \
    .assigned = true, .validated = true, .vmsa = true, .asid = 1, .gpa = 0x40000000,               \
    .perms = {0x0F, 0x03, 0x05, 0x11}
#define CLEARED .assigned = true, .perms = {0x1F}

/* ---- states that RMPUPDATE starts from ---- */

static const enum rmp_state immutable_states[] = {RMP_HV_FIXED,      RMP_FIRMWARE,  RMP_CONTEXT,
                                                  RMP_METADATA,      RMP_PRE_GUEST, RMP_PRE_SWAP,
                                                  RMP_FIRMWARE_IOMMU};
static const enum rmp_state mutable_states[] = {RMP_HYPERVISOR, RMP_RECLAIM, RMP_GUEST_INVALID,
                                                RMP_GUEST_VALID};

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

/* All-zero, to a guest, to Firmware; of 4 KiB and of 2 MiB. */
static const struct rmp_state_fields requests[] = {
    {.assigned = false},
    {.assigned = true, .asid = 3, .gpa = 0x40000000},
    {.assigned = true, .immutable = true, .asid = 3, .gpa = 0x40000000},
    {.assigned = true, .immutable = true},
    {.assigned = false, .size = RMP_2M},
    {.assigned = true, .asid = 3, .gpa = 0x40000000, .size = RMP_2M},
    {.assigned = true, .immutable = true, .size = RMP_2M},
};
/* ... and the states that they make. */
static const enum rmp_state made[] = {RMP_HYPERVISOR, RMP_GUEST_INVALID, RMP_PRE_GUEST,
                                      RMP_FIRMWARE,   RMP_HYPERVISOR,    RMP_GUEST_INVALID,
                                      RMP_FIRMWARE};
_Static_assert(COUNT(made) == COUNT(requests), "one state a request");

static struct rmp_shot from_state(unsigned pages, enum rmp_state state, size_t request) {
    struct rmp_shot shot = same_small(pages);
    shot.entry = rmp_state_entry(state, RMP_GPA);
    shot.fields = requests[request];
    return shot;
}

static void refused_states(struct suite_ctx *ctx, unsigned pages) {
    for (size_t s = 0; s < COUNT(immutable_states); s++) {
        for (size_t r = 0; r < COUNT(requests); r++) {
            const struct rmp_shot shot = from_state(pages, immutable_states[s], r);
            suite_instance(ctx, "%u pages, %s, request %u", pages,
                           rmp_state_name(immutable_states[s]), (unsigned)r);
            const struct rmp_answer wanted = RMP_ANSWER_CODE(2, 7);
            SUITE_STEP(rmp_shot_refused(ctx, &shot, wanted));
        }
    }
}

static void refused_from(struct suite_ctx *ctx) {
    rmp_each_size(ctx, refused_states);
}

static struct rmp_good becomes(const struct rmp_state_fields *r) {
    struct rmp_good good = {.after = {.assigned = r->assigned,
                                      .immutable = r->immutable,
                                      .asid = (uint16_t)r->asid,
                                      .gpa = r->gpa}};
    if (!r->assigned) return good;
    good.after.size = r->size;
    good.after.perms[0] = 0x1F;
    if (r->size == RMP_2M) good.later = RMP_LATER_ASSIGNED;
    return good;
}

static void accepted_states(struct suite_ctx *ctx, unsigned pages) {
    for (size_t s = 0; s < COUNT(mutable_states); s++) {
        for (size_t r = 0; r < COUNT(requests); r++) {
            struct rmp_shot shot = from_state(pages, mutable_states[s], r);
            const struct rmp_good good = becomes(&requests[r]);
            suite_instance(ctx, "%u pages, %s, request %u", pages,
                           rmp_state_name(mutable_states[s]), (unsigned)r);
            SUITE_STEP(rmp_shot_good(ctx, &shot, &good));
            SUITE_EQUAL(ctx, "state", made[r], rmp_entry_state(&good.after),
                        "the transitions of RMPUPDATE");
        }
    }
}

static void accepted_from(struct suite_ctx *ctx) {
    rmp_each_size(ctx, accepted_states);
}

/* ---- sequences: counts as numbers ---- */

struct step {
    uint64_t page; /* of the region under test */
    struct rmp_state_fields fields;
    unsigned subpages, asid_1, asid_2; /* afterwards; LARGE stands for a large page's worth */
};
#define LARGE 0xFFFF

/* Pages come and go; then the region is one page of one guest, then of another, then nobody's. */
static const struct step sequence[] = {
    {1, {.assigned = true, .asid = 1, .gpa = 0x1000}, 1, 1, 0},
    {0, {.assigned = true, .asid = 1, .gpa = 0x0000}, 1, 2, 0},
    {2, {.assigned = true, .immutable = false}, 2, 2, 0},
    {7, {.assigned = true, .asid = 2, .gpa = 0x7000}, 3, 2, 1},
    {7, {.assigned = true, .asid = 2, .gpa = 0x8000}, 3, 2, 1},
    {7, {.assigned = true, .asid = 1, .gpa = 0x8000}, 3, 3, 0},
    {1, {.assigned = false}, 2, 2, 0},
    {1, {.assigned = false}, 2, 2, 0},
    {2, {.assigned = false}, 1, 2, 0},
    {7, {.assigned = false}, 0, 1, 0},
    {0, {.assigned = true, .asid = 1, .size = RMP_2M}, 0, LARGE, 0},
    {0, {.assigned = true, .asid = 2, .size = RMP_2M}, 0, 0, LARGE},
    {0, {.assigned = true, .asid = 2, .gpa = 0x40000000, .size = RMP_2M}, 0, 0, LARGE},
    {0, {.assigned = false, .size = RMP_2M}, 0, 0, 0},
    {1, {.assigned = true, .asid = 1, .gpa = 0x1000}, 1, 1, 0},
};

static unsigned count_of(unsigned count, unsigned pages) {
    return count == LARGE ? pages : count;
}

static void sequence_on(struct suite_ctx *ctx, struct rmp *rmp, unsigned pages) {
    const struct rmp_cpu cpu = {.long_mode = true, .snp = true};
    const uint64_t region = pages * PAGE;
    for (size_t i = 0; i < COUNT(sequence); i++) {
        const struct step *s = &sequence[i];
        struct rmp_entry first;
        suite_instance(ctx, "%u pages, step %u", pages, (unsigned)i);
        const struct rmp_answer a = rmp_update(rmp, &cpu, region + s->page * PAGE, &s->fields);
        SUITE_CHECK(ctx, "RMPUPDATE", rmp_ok(a), "the update is allowed");
        SUITE_CHECK(ctx, "entry", rmp_entry_at(rmp, region, &first), "the page is covered");
        SUITE_EQUAL(ctx, "sub-page count", s->subpages, first.subpages, "Assigned later pages");
        SUITE_EQUAL(ctx, "pages of ASID 1", count_of(s->asid_1, pages), rmp_asid_pages(rmp, 1),
                    "a 2 MiB page counts as all its pages");
        SUITE_EQUAL(ctx, "pages of ASID 2", count_of(s->asid_2, pages), rmp_asid_pages(rmp, 2),
                    "a 2 MiB page counts as all its pages");
        SUITE_EQUAL(ctx, "pages of ASID 0", 0, rmp_asid_pages(rmp, 0), "ASID 0 is no guest");
    }
}

static void counts(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_shot shot = rmp_shot_host(RMP_CALL_UPDATE, pages);
    struct rmp *rmp;
    SUITE_STEP(rmp_shot_make(ctx, &shot, &rmp));
    sequence_on(ctx, rmp, pages);
    rmp_free(rmp);
}

static void counts_kept(struct suite_ctx *ctx) {
    rmp_each_size(ctx, counts);
}

static const struct suite_test tests[] = {
    RMP_GOOD("update.same", "the same ASID, GPA and size keep Validated, VMSA and masks",
             ("SNP-RMP-016"), same_small, .after = {KEPT}),
    RMP_GOOD("update.pre-swap", "a Guest-Valid page that is made Immutable becomes Pre-Swap",
             ("SNP-RMP-016"), same_small, freeze, .after = {KEPT, .immutable = true}),
    RMP_GOOD("update.pre-swap-large", "... of 2 MiB", ("SNP-RMP-016", "SNP-RMP-020"), same_large,
             freeze, .later = RMP_LATER_ASSIGNED,
             .after = {KEPT, .immutable = true, .size = RMP_2M}),
    RMP_GOOD("update.other-asid", "another ASID clears Validated and VMSA, resets the masks",
             ("SNP-RMP-017"), same_small, change_asid,
             .after = {CLEARED, .asid = 2, .gpa = 0x40000000}),
    RMP_GOOD("update.other-gpa", "another GPA clears Validated and VMSA, resets the masks",
             ("SNP-RMP-017"), same_small, change_gpa,
             .after = {CLEARED, .asid = 1, .gpa = 0x4000040000000}),
    RMP_GOOD("update.other-size", "another size clears Validated and VMSA, resets the masks",
             ("SNP-RMP-017", "SNP-RMP-020"), same_small, change_size, .later = RMP_LATER_ASSIGNED,
             .after = {CLEARED, .asid = 1, .gpa = 0x40000000, .size = RMP_2M}),
    RMP_GOOD("update.other-asid-large", "... of a 2 MiB page", ("SNP-RMP-017", "SNP-RMP-020"),
             same_large, change_asid, .later = RMP_LATER_ASSIGNED,
             .after = {CLEARED, .asid = 2, .gpa = 0x40000000, .size = RMP_2M}),
    RMP_GOOD("update.same-without-asid", "without an ASID nothing is kept", ("SNP-RMP-017"),
             same_small, no_asid, .after = {CLEARED, .immutable = true}),
    RMP_GOOD("update.release-clears", "Assigned 0 clears VMSA, Validated, masks, ASID and GPA",
             ("SNP-RMP-015"), same_small, release, .after = {0}),
    RMP_GOOD("update.release-large", "Assigned 0 of 2 MiB leaves 4 KiB pages, all zero",
             ("SNP-RMP-015", "SNP-RMP-020"), same_large, release, .later = RMP_LATER_ZERO,
             .after = {0}),
    RMP_TEST("update.from-mutable", "every request is accepted in every mutable state",
             ("SNP-RMP-007", "SNP-RMP-015", "SNP-RMP-017", "SNP-RMP-020"), accepted_from, NULL),
    RMP_NEGATIVE("update.from-immutable", "every request is refused in every Immutable state",
                 "update.from-mutable", ("SNP-RMP-007"), refused_from, NULL),
    RMP_TEST("update.counts", "sub-page counts and ASID counters follow every update",
             ("SNP-RMP-018", "SNP-RMP-019"), counts_kept, NULL),
};

const struct suite_area rmp_part_update_state = RMP_PART(tests);
