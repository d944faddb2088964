/* The world's table: how it is read, how a state is put there, how operations run. RMP notes, sections 1 to 3. */
#include "search_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t prove_bits(unsigned guest, uint64_t first, unsigned count) {
    uint8_t bits = 0;
    if (guest < 1 || guest > PROVE_GUESTS) return 0;
    for (uint64_t gpa = first; gpa < first + count && gpa < PROVE_GPAS; gpa++)
        bits = (uint8_t)(bits | 1u << ((guest - 1) * PROVE_GPAS + gpa));
    return bits;
}

static void put(struct rmp *rmp, uint64_t paddr, const struct rmp_entry *e) {
    if (!rmp_put(rmp, paddr, e)) abort();
}

struct rmp *prove_table(void) {
    const struct rmp_entry context = {.assigned = true, .immutable = true, .vmsa = true};
    struct rmp_config config = rmp_config_default((PROVE_PAGES + PROVE_GUESTS) * RMP_PAGE_4K);
    struct rmp *rmp = NULL;
    config.pages_per_large = PROVE_REGION_PAGES;
    const struct sevkit_result made = rmp_new(&config, &rmp);
    if (!sevkit_ok(made)) {
        fprintf(stderr, "rmp-search: no table: %s\n", made.rule);
        exit(2);
    }
    for (unsigned guest = 1; guest <= PROVE_GUESTS; guest++) put(rmp, prove_owner(guest), &context);
    return rmp;
}

void prove_look(const struct rmp *rmp, struct prove_view *view) {
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        if (!rmp_entry_at(rmp, i * RMP_PAGE_4K, &view->at[i])) abort();
        view->all.key[i] = prove_key_of(&view->at[i]);
        view->all.key[i].high |= (uint64_t)view->at[i].subpages << 48;
    }
    for (unsigned asid = 0; asid <= PROVE_GUESTS; asid++)
        view->all.asid_pages[asid] = rmp_asid_pages(rmp, asid);
}

struct prove_key prove_key_of(const struct rmp_entry *e) {
    struct prove_key key = {
        .low = e->gpa | (uint64_t)e->asid << 52 | (e->assigned ? 1u : 0) | (e->immutable ? 2u : 0) |
               (e->vmsa ? 4u : 0) | (e->validated ? 8u : 0) | (e->size == RMP_2M ? 16u : 0),
        .high = (uint64_t)e->mark << 32 | (e->in_use ? UINT64_C(1) << 40 : 0),
    };
    for (unsigned v = 0; v < RMP_VMPL_COUNT; v++) key.high |= (uint64_t)e->perms[v] << (8 * v);
    return key;
}

bool prove_same_key(struct prove_key a, struct prove_key b) {
    return a.low == b.low && a.high == b.high;
}

bool prove_same_view(const struct prove_view *a, const struct prove_view *b) {
    return memcmp(&a->all, &b->all, sizeof a->all) == 0;
}

struct rmp_entry prove_speaks(const struct prove_view *view, unsigned page) {
    const unsigned first = prove_region_of(page) * PROVE_REGION_PAGES;
    struct rmp_entry e = view->at[view->at[first].size == RMP_2M ? first : page];
    if (e.size == RMP_2M && e.asid != 0) e.gpa += (page - first) * RMP_PAGE_4K;
    e.subpages = 0;
    return e;
}

uint8_t prove_validated(const struct prove_view *view, unsigned region, bool *twice) {
    uint8_t all = 0;
    *twice = false;
    for (unsigned i = 0; i < PROVE_REGION_PAGES; i++) {
        const struct rmp_entry e = prove_speaks(view, region * PROVE_REGION_PAGES + i);
        if (!e.validated) continue;
        const uint8_t bit = prove_bits(e.asid, e.gpa / RMP_PAGE_4K, 1);
        if (bit == 0 || (all & bit) != 0) *twice = true;
        all |= bit;
    }
    return all;
}

/* ---- putting ---- */

void prove_put_region(struct rmp *rmp, unsigned region,
                      const struct rmp_entry at[PROVE_REGION_PAGES], bool stale) {
    const uint64_t first = region * PROVE_REGION_PAGES * RMP_PAGE_4K;
    const struct rmp_entry other = {.assigned = true,
                                    .validated = true,
                                    .asid = 2,
                                    .gpa = RMP_PAGE_4K,
                                    .perms = {RMP_PERM_ALL}};
    for (unsigned i = 0; stale && i < PROVE_REGION_PAGES; i++)
        put(rmp, first + i * RMP_PAGE_4K, &other);
    if (at[0].size == RMP_4K) {
        for (unsigned i = 0; i < PROVE_REGION_PAGES; i++) put(rmp, first + i * RMP_PAGE_4K, &at[i]);
    } else {
        put(rmp, first, &at[0]);
    }
}

/* ---- running ---- */

struct prove_outcome prove_run(struct rmp *rmp, const struct prove_op *op) {
    const uint64_t spa = op->page * RMP_PAGE_4K;
    const uint64_t gva =
        op->walk.gpa; /* the guest's own tables map its addresses onto themselves */
    struct prove_outcome out = {0};
    struct rmp_answer answer = {0};
    enum rmp_moved moved = RMP_MOVED;
    switch (op->kind) {
    case PROVE_UPDATE: answer = rmp_update(rmp, &op->cpu, spa, &op->fields); break;
    case PROVE_PSMASH: answer = rmp_psmash(rmp, &op->cpu, spa); break;
    case PROVE_PVALIDATE:
        answer = rmp_pvalidate(rmp, &op->cpu, gva, &op->walk, op->size, op->validate);
        break;
    case PROVE_ADJUST:
        answer = rmp_adjust(rmp, &op->cpu, gva, &op->walk, op->size, &op->adjust);
        break;
    case PROVE_READ: answer = rmp_read(rmp, &op->cpu, spa, &out.fields); break;
    case PROVE_QUERY:
        answer = rmp_query(rmp, &op->cpu, &op->walk, op->adjust.vmpl, &out.found);
        break;
    case PROVE_MOVE: moved = rmp_move(rmp, op->move, spa, &op->args); break;
    case PROVE_MOVE_PAGE: moved = rmp_move_page(rmp, spa, op->to * RMP_PAGE_4K, &op->args); break;
    case PROVE_UNSMASH: moved = rmp_unsmash(rmp, spa); break;
    }
    out.ok = rmp_ok(answer) && moved == RMP_MOVED;
    out.cf = answer.cf;
    return out;
}

/* ---- what guests, and firmware for them, go ahead with ---- */

static unsigned pages_of(enum rmp_page_size size) {
    return size == RMP_2M ? PROVE_REGION_PAGES : 1;
}

/* The addresses that the operation validates or rescinds. */
static uint8_t addresses(const struct prove_op *op, const struct prove_view *before) {
    if (op->kind == PROVE_PVALIDATE)
        return prove_bits(op->cpu.asid, op->walk.gpa / RMP_PAGE_4K, pages_of(op->size));
    if (op->kind != PROVE_MOVE) return 0;
    if (op->move == RMP_MOVE_LAUNCH_UPDATE) {
        const struct rmp_entry e = prove_speaks(before, op->page);
        return prove_bits(e.asid, e.gpa / RMP_PAGE_4K, pages_of(op->size));
    }
    if (op->move == RMP_MOVE_SWAP_IN && op->args.validated)
        return prove_bits(op->args.asid, op->args.gpa / RMP_PAGE_4K, pages_of(op->size));
    return 0;
}

struct prove_guard prove_guard_of(const struct prove_op *op, const struct prove_view *before) {
    const uint8_t bits = addresses(op, before);
    const bool swap = op->kind == PROVE_MOVE && op->move == RMP_MOVE_SWAP_IN;
    const bool rescind = op->kind == PROVE_PVALIDATE && !op->validate;
    const bool launch = op->kind == PROVE_MOVE && op->move == RMP_MOVE_LAUNCH_UPDATE;
    /* A VMSA keeps that it is one: with permissions of VMPL 1 it would be no page of this world. */
    const bool strays = launch && op->args.perms[1] != 0 && prove_speaks(before, op->page).vmsa;
    if (swap) return (struct prove_guard){.believed = bits, .unvalidated = bits};
    if (rescind) return (struct prove_guard){.believed = bits};
    return (struct prove_guard){.unbelieved = bits, .strays = strays};
}

uint8_t prove_learned(const struct prove_op *op, const struct prove_view *before,
                      struct prove_outcome outcome, bool *set) {
    const bool launch = op->kind == PROVE_MOVE && op->move == RMP_MOVE_LAUNCH_UPDATE;
    const bool heard = op->kind == PROVE_PVALIDATE && !outcome.cf;
    *set = launch || op->validate;
    return outcome.ok && (launch || heard) ? addresses(op, before) : 0;
}
