/* Local states by closure: every operation on every state of a region, run once by the real code. */
#include "search_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t prove_intern(struct prove_entries *entries, const struct rmp_entry *entry) {
    const struct prove_key key = prove_key_of(entry);
    for (unsigned i = 0; i < entries->count; i++)
        if (prove_same_key(prove_key_of(&entries->at[i]), key)) return (uint8_t)i;
    if (entries->count == PROVE_MAX_PAGES) {
        fprintf(stderr, "rmp-search: more than %d entries: the world does not close\n",
                PROVE_MAX_PAGES);
        exit(2);
    }
    entries->at[entries->count] = *entry;
    entries->at[entries->count].subpages = 0;
    return (uint8_t)entries->count++;
}

prove_edge prove_edge_make(unsigned to, unsigned when, int shift, unsigned unvalidated,
                           enum prove_rule rule) {
    return to | (uint64_t)when << 16 | (uint64_t)(shift + PROVE_WORD_BITS) << 32 |
           (uint64_t)unvalidated << 40 | (uint64_t)rule << 48;
}

uint16_t prove_local_id(const struct prove_side *side, unsigned first, unsigned second) {
    return side->id[first * PROVE_MAX_PAGES + second];
}

bool prove_start(const struct prove_world *world, unsigned which,
                 struct rmp_entry at[PROVE_PAGES]) {
    const struct rmp_entry iommu = {.assigned = true, .immutable = true, .mark = RMP_MARK_IOMMU};
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        const bool second = (which >> i & 1) != 0;
        if (second && !world->used[i]) return prove_start(world, which + (1u << i), at);
        at[i] = second ? iommu : (struct rmp_entry){0};
    }
    return which < 1u << PROVE_PAGES;
}

static void *grown(void *array, size_t count, size_t size) {
    void *more = realloc(array, count * size);
    if (more == NULL) abort();
    return more;
}

/* ---- states ---- */

static uint16_t local_of(struct prove_side *side, uint8_t first, uint8_t second) {
    uint16_t *id = &side->id[first * PROVE_MAX_PAGES + second];
    if (*id != PROVE_NO_LOCAL) return *id;
    if (side->count == side->room) {
        side->room = side->room == 0 ? 1024 : side->room * 2;
        side->local = grown(side->local, side->room, sizeof *side->local);
    }
    if (side->count >= PROVE_NO_LOCAL) {
        fprintf(stderr, "rmp-search: more than %d states of a region: the world does not close\n",
                PROVE_NO_LOCAL);
        exit(2);
    }
    side->local[side->count] = (struct prove_local){.page = {first, second}};
    *id = (uint16_t)side->count++;
    return *id;
}

static uint16_t local_in(struct prove_memo *memo, struct prove_side *side,
                         const struct prove_view *v) {
    const unsigned first = side->region * PROVE_REGION_PAGES;
    const uint8_t a = prove_intern(&memo->entries, &v->at[first]);
    return local_of(side, a, prove_intern(&memo->entries, &v->at[first + 1]));
}

static void add_edge(struct prove_side *side, prove_edge e) {
    if (side->edge_count == side->edge_room) {
        side->edge_room = side->edge_room == 0 ? 1 << 16 : side->edge_room * 2;
        side->edge = grown(side->edge, side->edge_room, sizeof *side->edge);
    }
    side->edge[side->edge_count++] = e;
}

/* ---- exploring one region ---- */

/* The other region, and stale records: nothing that a region's step may depend on. */
struct surroundings {
    bool stale;
    struct rmp_entry other[PROVE_REGION_PAGES];
};

struct visit {
    struct prove_memo *memo;
    struct prove_side *side;
    struct rmp *rmp;
    const struct surroundings *around;
    unsigned local;
    struct prove_view before;
};

static void put_state(const struct visit *v) {
    const struct prove_local *l = &v->side->local[v->local];
    struct rmp_entry at[PROVE_REGION_PAGES];
    for (unsigned i = 0; i < PROVE_REGION_PAGES; i++) at[i] = v->memo->entries.at[l->page[i]];
    prove_put_region(v->rmp, v->side->region, at, v->around->stale);
    prove_put_region(v->rmp, PROVE_REGIONS - 1 - v->side->region, v->around->other, false);
}

/* The beliefs with which GUARD lets an operation go ahead. */
static unsigned beliefs_for(struct prove_guard guard) {
    unsigned when = 0;
    for (unsigned b = 0; b < PROVE_WORD_BITS; b++)
        if ((b & guard.believed) == guard.believed && (b & guard.unbelieved) == 0) when |= 1u << b;
    return when;
}

static void step(struct visit *v, const struct prove_op *op) {
    struct prove_view after;
    bool set;
    const struct prove_guard guard = prove_guard_of(op, &v->before);
    if ((guard.unvalidated & v->side->local[v->local].validated) != 0) return;
    const struct prove_outcome outcome = prove_run(v->rmp, op);
    v->side->runs++;
    prove_look(v->rmp, &after);
    const bool same = prove_same_view(&v->before, &after);
    const enum prove_rule rule = prove_judge_step(op, outcome, &v->before, &after);
    const int learned = prove_learned(op, &v->before, outcome, &set);
    const bool follow = rule == PROVE_HOLDS && !op->forbidden && !op->probe && !guard.strays;
    const bool tells = op->kind == PROVE_READ || op->kind == PROVE_QUERY;
    if (follow && (!same || (tells && outcome.ok))) prove_note_work(v->memo, op, outcome);
    const unsigned to = follow && !same ? local_in(v->memo, v->side, &after) : v->local;
    if (!same) put_state(v);
    if (!follow && rule == PROVE_HOLDS) return;
    if (same && learned == 0 && rule == PROVE_HOLDS) return;
    const int shift = !follow ? 0 : set ? learned : -learned;
    add_edge(v->side, prove_edge_make(to, beliefs_for(guard), shift, guard.unvalidated, rule));
}

/* The edges of one state in one surroundings, at the end of the side's. */
static void visit(struct visit *v) {
    const struct prove_ops *ops = &v->memo->ops[v->side->region];
    const unsigned first = v->side->region * PROVE_REGION_PAGES;
    struct prove_local *l = &v->side->local[v->local];
    bool twice;
    put_state(v);
    prove_look(v->rmp, &v->before);
    for (unsigned i = 0; i < PROVE_REGION_PAGES; i++)
        if (prove_intern(&v->memo->entries, &v->before.at[first + i]) != l->page[i])
            l->rule = PROVE_HIDDEN;
    l->validated = prove_validated(&v->before, v->side->region, &twice);
    if (l->rule == PROVE_HOLDS)
        l->rule = (uint8_t)prove_judge_region(v->rmp, &v->before, v->side->region);
    if (l->rule != PROVE_HOLDS) return;
    for (size_t i = 0; i < ops->count; i++) step(v, &ops->op[i]);
}

static void explore(struct prove_memo *memo, struct prove_side *side) {
    const struct surroundings around[2] = {
        {.stale = false},
        {.stale = true,
         .other = {{.assigned = true, .validated = true, .asid = 1, .perms = {RMP_PERM_ALL}},
                   {.assigned = true, .immutable = true, .asid = 2, .gpa = RMP_PAGE_4K}}},
    };
    struct rmp *rmp = prove_table();
    struct rmp_entry at[PROVE_PAGES];
    for (unsigned which = 0; prove_start(memo->world, which, at); which++) {
        const unsigned first = side->region * PROVE_REGION_PAGES;
        const uint8_t a = prove_intern(&memo->entries, &at[first]);
        (void)local_of(side, a, prove_intern(&memo->entries, &at[first + 1]));
    }
    for (unsigned n = 0; n < side->count; n++) {
        struct visit v = {.memo = memo, .side = side, .rmp = rmp, .local = n};
        const size_t first = side->edge_count;
        v.around = &around[0];
        visit(&v);
        side->edge_count = prove_tidy_edges(side->edge, first, side->edge_count);
        const size_t end = side->edge_count;
        v.around = &around[1];
        visit(&v);
        side->edge_count = prove_tidy_edges(side->edge, end, side->edge_count);
        const size_t again = side->edge_count - end;
        const bool alike =
            again == end - first && (again == 0 || memcmp(side->edge + first, side->edge + end,
                                                          again * sizeof *side->edge) == 0);
        side->edge_count = end;
        side->local[n].first = (uint32_t)first;
        side->local[n].end = (uint32_t)end;
        if (!alike && side->local[n].rule == PROVE_HOLDS) side->local[n].rule = PROVE_HIDDEN;
    }
    rmp_free(rmp);
}

/* ---- moves between regions ---- */

/* What OP makes of the entries FROM and TO, on a table whose other pages are Hypervisor. */
static struct prove_across run_across(struct prove_memo *memo, struct rmp *rmp,
                                      const struct prove_op *op, unsigned from, unsigned to) {
    struct rmp_entry at[PROVE_PAGES] = {0};
    struct prove_view before, after;
    at[op->page] = memo->entries.at[from];
    at[op->to] = memo->entries.at[to];
    for (unsigned r = 0; r < PROVE_REGIONS; r++)
        prove_put_region(rmp, r, &at[r * PROVE_REGION_PAGES], false);
    prove_look(rmp, &before);
    const struct prove_outcome outcome = prove_run(rmp, op);
    memo->runs++;
    if (outcome.ok) prove_note_work(memo, op, outcome);
    prove_look(rmp, &after);
    const enum prove_rule rule = prove_judge_step(op, outcome, &before, &after);
    const bool good = rule == PROVE_HOLDS;
    return (struct prove_across){
        .moved = !good || !prove_same_view(&before, &after),
        .refused = !outcome.ok,
        .rule = (uint8_t)rule,
        .from = good ? prove_intern(&memo->entries, &after.at[op->page]) : (uint8_t)from,
        .to = good ? prove_intern(&memo->entries, &after.at[op->to]) : (uint8_t)to,
    };
}

static bool are_alike(const struct prove_across *a, const struct prove_across *b) {
    return a->moved == b->moved && a->refused == b->refused && a->rule == b->rule &&
           a->from == b->from && a->to == b->to;
}

/* What one request makes is kept; what two requests make of the same entries must be the same. */
static void merge_across(struct prove_across *made, const struct prove_across *now) {
    if (!now->moved) return;
    if (!made->moved || now->rule != PROVE_HOLDS) {
        *made = *now;
    } else if (made->rule == PROVE_HOLDS && !are_alike(made, now)) {
        made->rule = PROVE_HIDDEN;
    }
}

/* The requests are listed alike for every pair of places: each is compared with the first pair's. */
static void try_across(struct prove_memo *memo, struct rmp *rmp, unsigned from, unsigned to) {
    struct prove_across first[PROVE_ACROSS_REQUESTS], *made = &memo->across[from][to];
    for (size_t i = 0; i < memo->across_ops.count; i++) {
        struct prove_across now = run_across(memo, rmp, &memo->across_ops.op[i], from, to);
        if (i < PROVE_ACROSS_REQUESTS) first[i] = now;
        if (!are_alike(&now, &first[i % PROVE_ACROSS_REQUESTS])) {
            now.moved = true;
            now.rule = PROVE_HIDDEN;
        }
        merge_across(made, &now);
    }
}

static void move_across(struct prove_memo *memo) {
    const unsigned count = memo->entries.count;
    struct rmp *rmp = prove_table();
    for (unsigned from = 0; from < count; from++)
        for (unsigned to = 0; to < count; to++)
            if (memo->entries.at[from].size == RMP_4K && memo->entries.at[to].size == RMP_4K)
                try_across(memo, rmp, from, to);
    rmp_free(rmp);
}

/* ---- the whole ---- */

void prove_memo_make(struct prove_memo *memo, const struct prove_world *world) {
    *memo = (struct prove_memo){.world = world};
    prove_list_across(world, &memo->across_ops);
    for (unsigned r = 0; r < PROVE_REGIONS; r++) {
        struct prove_side *side = &memo->side[r];
        side->region = r;
        side->id = grown(NULL, PROVE_MAX_PAGES * PROVE_MAX_PAGES, sizeof *side->id);
        memset(side->id, 0xFF, PROVE_MAX_PAGES * PROVE_MAX_PAGES * sizeof *side->id);
        prove_list_region(world, r, &memo->ops[r]);
        explore(memo, side);
        memo->runs += side->runs;
    }
    move_across(memo);
    prove_find_images(memo);
}

void prove_memo_free(struct prove_memo *memo) {
    for (unsigned r = 0; r < PROVE_REGIONS; r++) {
        prove_free_ops(&memo->ops[r]);
        free(memo->side[r].local);
        free(memo->side[r].id);
        free(memo->side[r].edge);
    }
    prove_free_ops(&memo->across_ops);
}
