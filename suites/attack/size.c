/* Attacks by pages of 2 MiB and 4 KiB: what a mapping, an instruction and an entry say of the size differs. */
#include "attack/attack.h"

extern const struct suite_area attack_size_part;

#define X GPA_AT(0)
#define FIRST AT(1, 0)
#define LATER AT(1, 5)

/* A mapping of 2 MiB over an entry of 4 KiB: the pages behind it are whoever's. */
static void map_large(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_give(s, s->victim, X, FIRST, RMP_4K);
    attack_give(s, s->victim, X + PAGE, AT(2, 1), RMP_4K);
    attack_write(s, s->victim, X + PAGE, 1);
    if (evil) {
        attack_need(s, mem_guest_unmap(s->victim, X), "a nested mapping");
        attack_need(s, mem_guest_unmap(s->victim, X + PAGE), "a nested mapping");
        attack_map(s, s->victim, X, FIRST, RMP_MAP_2M);
    }
    bool same;
    if (attack_try_read(s->victim, 0, X + PAGE, 1, end, &same)) end->harm = !same;
}

/* PVALIDATE of 4 KiB accepts a whole 2 MiB page. */
static void validate_small(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end read;
    bool same;
    const enum rmp_page_size size = evil ? RMP_2M : RMP_4K;
    attack_assign(s, s->victim, X, FIRST, size);
    attack_map(s, s->victim, X, FIRST, evil ? RMP_MAP_2M : RMP_MAP_4K);
    end->answer = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, true);
    end->harm = attack_try_read(s->victim, 0, X + PAGE, 0, &read, &same);
}

/* The host takes one page out of a guest's large one and writes to it. */
static void take_later(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t bytes[16] = {0xEE};
    attack_give(s, s->victim, X, FIRST, RMP_2M);
    attack_write(s, s->victim, X + 5 * PAGE, 1);
    end->answer = attack_release(s, evil ? LATER : AT(2, 5), RMP_4K);
    (void)mem_host_write(s->bus, LATER, RMP_MAP_4K, bytes, sizeof bytes);
    end->harm = !attack_reads(s->victim, X + 5 * PAGE, 1);
}

/* A large page swallows a context page in its region, and the host gets it back as its own. */
static void swallow(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.size = RMP_4K};
    struct rmp_entry e;
    const uint64_t context = evil ? LATER : AT(2, 5);
    attack_need(s, rmp_ok(attack_update(s, context, 0, 0, RMP_4K, true)), "RMPUPDATE");
    attack_need(s, rmp_move(s->rmp, RMP_MOVE_GCTX_CREATE, context, &args) == RMP_MOVED, "a move");
    end->answer = attack_update(s, FIRST, OTHER_ASID, X, RMP_2M, false);
    attack_need(s, rmp_entry_at(s->rmp, context, &e), "the page's entry");
    end->harm = rmp_entry_state(&e) != RMP_CONTEXT;
}

/* PSMASH of a page on which firmware works. */
static void split_frozen(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_entry e;
    attack_give(s, s->victim, X, FIRST, RMP_2M);
    if (evil)
        attack_need(s, rmp_ok(attack_update(s, FIRST, VICTIM_ASID, X, RMP_2M, true)), "RMPUPDATE");
    end->answer = rmp_psmash(s->rmp, &attack_host, FIRST);
    attack_need(s, rmp_entry_at(s->rmp, FIRST, &e), "the page's entry");
    end->harm = evil && e.size == RMP_4K;
}

/* ---- SNP_PAGE_UNSMASH: 512 pages on their way back into one ---- */

/* All pages of a region, validated, then Pre-Swap; page I has GPA X + GPAS[I] pages, but for those that differ. */
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

static void join(struct attack_stage *s, unsigned rule, struct attack_end *end) {
    const struct rmp_move_args args = {.size = RMP_2M};
    const enum rmp_moved moved = rmp_unsmash(s->rmp, FIRST);
    if (moved == RMP_MOVED)
        attack_need(s, rmp_move(s->rmp, RMP_MOVE_RECLAIM, FIRST, &args) == RMP_MOVED, "RECLAIM");
    end->answer.eax = moved == RMP_MOVED ? 0 : RMP_FAIL_PERMISSION;
    end->answer.rule = (uint16_t)(moved == RMP_MOVED ? 0 : rule);
    attack_map(s, s->victim, X, FIRST, RMP_MAP_2M);
}

/* Two guest addresses change places. */
static void join_swapped(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end read;
    bool same;
    uint8_t value[16];
    freeze_region(s, evil, false);
    /* The guest's 1 stands at the page whose entry says X + 6. */
    const uint64_t place = evil ? AT(1, 7) : AT(1, 6);
    attack_value(1, value);
    attack_need(s, mem_write(s->mem, place, value, sizeof value), "a raw write");
    attack_need(s, mem_encrypt_page(s->victim, place), "the guest's encryption");
    join(s, 164, end);
    if (attack_try_read(s->victim, 0, X + 6 * PAGE, 1, &read, &same)) end->harm = !same;
}

/* The first page's permissions become those of all. */
static void join_masks(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end read;
    bool same;
    freeze_region(s, false, evil);
    join(s, 163, end);
    end->harm = attack_try_read(s->victim, 1, X + 5 * PAGE, 0, &read, &same);
}

static const struct suite_test tests[] = {
    ATTACK("size.large-mapping", "a mapping of 2 MiB stands over an entry of 4 KiB", "SNP-RMP-109",
           109, "the guest reads pages behind its own", map_large),
    ATTACK("size.validate-small", "PVALIDATE of 4 KiB meets an entry of 2 MiB", "SNP-RMP-051", 51,
           "pages are validated that the guest did not ask for", validate_small),
    ATTACK("size.take-later-page", "a page in a guest's large one is taken by RMPUPDATE",
           "SNP-RMP-009", 9, "the guest's bytes are changed", take_later),
    ATTACK("size.swallow", "a large page is assigned over a context page", "SNP-RMP-010", 10,
           "the guest's context is no longer one", swallow),
    ATTACK("size.split-frozen", "PSMASH splits a page on which firmware works", "SNP-RMP-029", 29,
           "an Immutable entry is changed", split_frozen),
    ATTACK("size.join-swapped", "pages are joined whose addresses do not follow", "SNP-RMP-164",
           164, "the guest reads another address's bytes", join_swapped),
    ATTACK("size.join-masks", "pages are joined whose permissions differ", "SNP-RMP-163", 163,
           "VMPL 1 reads a page that VMPL 0 keeps", join_masks),
};

const struct suite_area attack_size_part = ATTACK_PART(tests);
