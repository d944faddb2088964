/* Attacks by pages of 2 MiB and 4 KiB: what a mapping, an instruction and an entry say of the size differs. */
#include "attack/attack.h"

extern const struct suite_area attack_size_part;

#define X GPA_AT(0)
#define FIRST AT(1, 0)
#define LATER AT(1, 5)

/* Both addresses are to be mapped anew: X + PAGE to its own page, or, evil, both by a mapping of 2 MiB over the entry of
 * 4 KiB at X, behind which lies whatever the host likes. */
static void map_large(struct attack_stage *s, bool evil, struct attack_end *end) {
    bool same;
    attack_give(s, s->victim, X, FIRST, RMP_4K);
    attack_give(s, s->victim, X + PAGE, AT(2, 1), RMP_4K);
    attack_write(s, s->victim, X + PAGE, 1);
    attack_need(s, mem_guest_unmap(s->victim, X), "a nested mapping");
    attack_need(s, mem_guest_unmap(s->victim, X + PAGE), "a nested mapping");
    attack_map(s, s->victim, evil ? X : X + PAGE, evil ? FIRST : AT(2, 1),
               evil ? RMP_MAP_2M : RMP_MAP_4K);
    if (attack_try_read(s->victim, 0, X + PAGE, 1, end, &same)) end->harm = !same;
}

/* PVALIDATE of 4 KiB accepts a whole 2 MiB page; fair, the host split it before. */
static void validate_small(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end read;
    bool same;
    attack_assign(s, s->victim, X, FIRST, RMP_2M);
    attack_map(s, s->victim, X, FIRST, RMP_MAP_4K);
    if (!evil) attack_need(s, rmp_ok(rmp_psmash(s->rmp, &attack_host, FIRST)), "PSMASH");
    end->answer = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, true);
    attack_need(s, mem_guest_unmap(s->victim, X), "a nested mapping");
    attack_map(s, s->victim, X, FIRST, RMP_MAP_2M);
    end->harm = attack_try_read(s->victim, 0, X + PAGE, 0, &read, &same);
}

/* The host takes one page out of a guest's large one and writes to it. */
static void take_later(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_give(s, s->victim, X, FIRST, RMP_2M);
    attack_write(s, s->victim, X + 5 * PAGE, 1);
    end->answer = attack_release(s, evil ? LATER : AT(2, 5), RMP_4K);
    (void)attack_host_write(s, LATER, RMP_MAP_4K);
    end->harm = !attack_reads(s->victim, X + 5 * PAGE, 1);
}

/* A large page swallows a context page in its region; the host takes it back and writes to it. Fair, it lies elsewhere. */
static void swallow(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.size = RMP_4K};
    const uint64_t large = evil ? FIRST : AT(2, 0);
    attack_need(s, rmp_ok(attack_update(s, LATER, 0, 0, RMP_4K, true)), "RMPUPDATE");
    attack_need(s, rmp_move(s->rmp, RMP_MOVE_GCTX_CREATE, LATER, &args) == RMP_MOVED, "a move");
    attack_put(s, LATER, 1);
    end->answer = attack_update(s, large, OTHER_ASID, X, RMP_2M, false);
    (void)attack_release(s, large, RMP_2M);
    (void)attack_host_write(s, LATER, RMP_MAP_4K);
    end->harm = !attack_holds(s, LATER, 1);
}

static bool reclaim_large(struct attack_stage *s) {
    const struct rmp_move_args args = {.size = RMP_2M};
    return rmp_move(s->rmp, RMP_MOVE_RECLAIM, FIRST, &args) == RMP_MOVED;
}

/* PSMASH of a page on which firmware works; fair, after it gave the page back. */
static void split_frozen(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_give(s, s->victim, X, FIRST, RMP_2M);
    attack_write(s, s->victim, X, 1);
    attack_need(s, rmp_ok(attack_update(s, FIRST, VICTIM_ASID, X, RMP_2M, true)), "RMPUPDATE");
    if (!evil) attack_need(s, reclaim_large(s), "RECLAIM");
    end->answer = rmp_psmash(s->rmp, &attack_host, FIRST);
    const bool back = !evil || reclaim_large(s);
    if (rmp_ok(end->answer)) {
        attack_need(s, mem_guest_unmap(s->victim, X), "a nested mapping");
        attack_map(s, s->victim, X, FIRST, RMP_MAP_4K);
    }
    end->harm = !back || !attack_reads(s->victim, X, 1);
}

/* ---- SNP_PAGE_UNSMASH: 512 pages on their way back into one ---- */

/* All pages of a region, validated, then Pre-Swap; page I has GPA X + I pages, but for 6 and 7 when SWAPPED. */
static void freeze_region(struct attack_stage *s, bool swapped, bool opened) {
    for (unsigned i = 0; i < LARGE / PAGE; i++) {
        const unsigned at = swapped && (i == 6 || i == 7) ? 13 - i : i;
        struct rmp_entry e = {.assigned = true,
                              .immutable = true,
                              .validated = true,
                              .asid = VICTIM_ASID,
                              .gpa = X + at * PAGE,
                              .perms = {RMP_PERM_ALL}};
        if (opened && i == 0) e.perms[1] = RMP_PERM_READ;
        attack_need(s, rmp_put(s->rmp, FIRST + i * PAGE, &e), "the page's entry");
    }
}

/* The guest's 1 stands in the page at SPA. */
static void put_one(struct attack_stage *s, uint64_t spa) {
    attack_put(s, spa, 1);
    attack_need(s, mem_encrypt_page(s->victim, spa), "the guest's encryption");
}

static void join(struct attack_stage *s, struct attack_end *end) {
    end->moved = rmp_unsmash(s->rmp, FIRST);
    if (end->moved == RMP_MOVED) attack_need(s, reclaim_large(s), "RECLAIM");
    attack_map(s, s->victim, X, FIRST, RMP_MAP_2M);
}

/* Two guest addresses change places: the page with the 1 is the one whose entry says X + 6. */
static void join_swapped(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end read;
    bool same;
    freeze_region(s, evil, false);
    put_one(s, evil ? AT(1, 7) : AT(1, 6));
    join(s, end);
    if (attack_try_read(s->victim, 0, X + 6 * PAGE, 1, &read, &same)) end->harm = !same;
}

/* The first page's permissions become those of all. */
static void join_masks(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end read;
    bool same;
    freeze_region(s, false, evil);
    put_one(s, LATER);
    join(s, end);
    end->harm = attack_try_read(s->victim, 1, X + 5 * PAGE, 1, &read, &same) && same;
}

static const struct suite_test tests[] = {
    ATTACK("size.large-mapping", "memory remapping",
           "a mapping of 2 MiB stands over an entry of 4 KiB", "SNP-RMP-109", .rule = 109,
           "the guest reads pages behind its own", map_large),
    ATTACK("size.validate-small", "memory remapping, by page validation",
           "PVALIDATE of 4 KiB meets an entry of 2 MiB", "SNP-RMP-051", .rule = 51,
           "pages are validated that the guest did not ask for", validate_small),
    ATTACK("size.take-later-page", "data corruption",
           "a page in a guest's large one is taken by RMPUPDATE", "SNP-RMP-009", .rule = 9,
           "the guest's bytes are changed", take_later),
    ATTACK("size.swallow", "firmware's pages", "a large page is assigned over a context page",
           "SNP-RMP-010", .rule = 10, "the host writes over a guest's context", swallow),
    ATTACK("size.split-frozen", "firmware's pages", "PSMASH splits a page on which firmware works",
           "SNP-RMP-029", .rule = 29, "firmware cannot give the guest its page back", split_frozen),
    ATTACK("size.join-swapped", "memory remapping, by firmware",
           "pages are joined whose addresses do not follow", "SNP-RMP-164",
           .moved = RMP_MOVE_BAD_STATE, "the guest reads another address's bytes", join_swapped),
    ATTACK("size.join-masks", "VMPL isolation", "pages are joined whose permissions differ",
           "SNP-RMP-163", .moved = RMP_MOVE_BAD_STATE, "VMPL 1 reads a page that VMPL 0 keeps",
           join_masks),
};

const struct suite_area attack_size_part = ATTACK_PART(tests);
