/* The check of the memo: the same search without it, and samples of its steps. Every step here is one call of the
 * real code on a table in the state; guests and pages are not taken for each other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search_trace.h"

#define SLOTS (UINT64_C(1) << 24)
#define USED (UINT64_C(1) << 63)

struct direct {
    const struct prove_search *search;
    struct prove_ops ops;
    struct prove_scene scene;
    uint64_t *slot;  /* a hash set */
    uint64_t *queue; /* all states in the order in which they were found */
    size_t count, room;
    uint16_t *canonical; /* words, as the other search has them */
    uint64_t tries;
};

static uint64_t pack(const struct prove_state *s) {
    uint64_t key = s->belief;
    for (unsigned i = 0; i < PROVE_PAGES; i++) key = key << 8 | s->page[i];
    return key | USED;
}

static struct prove_state unpack(uint64_t key) {
    struct prove_state s = {.belief = (uint8_t)(key >> 32 & (PROVE_WORD_BITS - 1))};
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        s.page[i] = (uint8_t)(key >> (8 * (PROVE_PAGES - 1 - i)));
    return s;
}

static void insert(struct direct *d, const struct prove_state *state) {
    const uint64_t key = pack(state);
    uint64_t at = (key * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
    while (d->slot[at] != 0 && d->slot[at] != key) at = (at + 1) % SLOTS;
    if (d->slot[at] == key) return;
    if (d->count >= SLOTS / 2) {
        fprintf(stderr, "rmp-search: the cut world is too large for the direct search\n");
        exit(2);
    }
    d->slot[at] = key;
    if (d->count == d->room) {
        d->room = d->room == 0 ? 1 << 16 : d->room * 2;
        d->queue = realloc(d->queue, d->room * sizeof *d->queue);
        if (d->queue == NULL) abort();
    }
    d->queue[d->count++] = key;
}

/* False, with a line, if a rule is broken or the memo lacks the state. */
static bool visit(struct direct *d, const struct prove_state *state) {
    uint32_t index;
    unsigned word;
    if (!prove_place(d->search, state, &index, &word) || (d->search->seen[index] & word) == 0) {
        printf("direct search: a state that the memo does not lead to\n");
        return false;
    }
    d->canonical[index] = (uint16_t)(d->canonical[index] | word);
    prove_set_scene(&d->scene, state);
    for (size_t i = 0; i < d->ops.count; i++) {
        const struct prove_move move = prove_try(&d->scene, &d->ops.op[i]);
        d->tries += move.taken;
        if (move.rule != PROVE_HOLDS) {
            printf("direct search: %s\n", prove_rule_text(move.rule));
            return false;
        }
        if (memcmp(&move.after, state, sizeof *state) != 0) insert(d, &move.after);
    }
    return true;
}

static bool are_sets_equal(const struct direct *d) {
    for (size_t i = 0; i < d->search->words; i++)
        if (d->canonical[i] != d->search->seen[i]) {
            printf("direct search: a state that only the memo leads to\n");
            return false;
        }
    return true;
}

bool prove_compare_direct(const struct prove_search *s) {
    struct direct d = {.search = s, .scene = {.rmp = prove_table(), .memo = s->memo}};
    struct rmp_entry at[PROVE_PAGES];
    bool good = true;
    d.slot = calloc(SLOTS, sizeof *d.slot);
    d.canonical = calloc(s->words, sizeof *d.canonical);
    if (d.slot == NULL || d.canonical == NULL) abort();
    prove_all_ops(s->memo, &d.ops);
    for (unsigned which = 0; prove_start(s->memo->world, which, at); which++) {
        struct prove_state state = {0};
        for (unsigned i = 0; i < PROVE_PAGES; i++)
            state.page[i] = prove_intern(&s->memo->entries, &at[i]);
        insert(&d, &state);
    }
    for (size_t i = 0; i < d.count && good; i++) {
        const struct prove_state state = unpack(d.queue[i]);
        good = visit(&d, &state);
    }
    good = good && are_sets_equal(&d);
    if (good)
        printf("  direct: %zu states without symmetry, %llu operations by the real code, the same "
               "set\n",
               d.count, (unsigned long long)d.tries);
    prove_free_ops(&d.ops);
    rmp_free(d.scene.rmp);
    free(d.slot);
    free(d.queue);
    free(d.canonical);
    return good;
}

/* ---- samples ---- */

/* Canonical states that one state leads to. */
struct ends {
    const struct prove_search *search;
    size_t count;
    uint64_t at[4096];
};

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void tidy(struct ends *e) {
    size_t kept = 0;
    qsort(e->at, e->count, sizeof e->at[0], compare);
    for (size_t i = 0; i < e->count; i++)
        if (i == 0 || e->at[i] != e->at[kept - 1]) e->at[kept++] = e->at[i];
    e->count = kept;
}

static void add_end(struct ends *e, uint32_t index, unsigned word) {
    if (e->count == sizeof e->at / sizeof e->at[0]) tidy(e);
    if (e->count == sizeof e->at / sizeof e->at[0]) abort(); /* more ends than operations */
    e->at[e->count++] = (uint64_t)index << PROVE_WORD_BITS | word;
}

static void leads_to(void *told, uint32_t index, unsigned word, enum prove_rule rule) {
    struct ends *e = told;
    if (rule != PROVE_HOLDS) abort(); /* a search that found nothing has no such step */
    index = prove_canonical(e->search, index, &word);
    add_end(e, index, word);
}

static bool compare_state(const struct prove_search *s, struct prove_scene *scene,
                          const struct prove_ops *ops, uint32_t index, unsigned word) {
    const struct prove_local *one = &s->memo->side[0].local[index / s->width];
    const struct prove_local *two = &s->memo->side[1].local[index % s->width];
    const struct prove_state state = {
        .page = {one->page[0], one->page[1], two->page[0], two->page[1]},
        .belief = (uint8_t)__builtin_ctz(word)};
    struct ends memo = {.search = s}, real = {.search = s};
    add_end(&memo, index, word);
    add_end(&real, index, word);
    prove_expand(s, index, word, leads_to, &memo);
    prove_set_scene(scene, &state);
    for (size_t i = 0; i < ops->count; i++) {
        const struct prove_move move = prove_try(scene, &ops->op[i]);
        if (move.rule != PROVE_HOLDS || !prove_place(s, &move.after, &index, &word)) return false;
        add_end(&real, index, word);
    }
    tidy(&memo);
    tidy(&real);
    return memo.count == real.count &&
           memcmp(memo.at, real.at, memo.count * sizeof memo.at[0]) == 0;
}

bool prove_compare_sample(const struct prove_search *s, size_t count) {
    struct prove_scene scene = {.rmp = prove_table(), .memo = s->memo};
    struct prove_ops ops;
    size_t tried = 0;
    bool good = true;
    uint64_t random = 1;
    prove_all_ops(s->memo, &ops);
    while (tried < count && good) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint32_t index = (uint32_t)((random >> 16) % s->words);
        const unsigned word = s->seen[index];
        if (word == 0) continue;
        unsigned b = (unsigned)(random >> 60);
        while ((word >> b & 1) == 0) b = (b + 1) % PROVE_WORD_BITS;
        good = compare_state(s, &scene, &ops, index, 1u << b);
        tried++;
    }
    printf("  sample: %zu states, every operation by the real code on the whole table, %s\n", tried,
           good ? "the same steps" : "OTHER STEPS than the memo's");
    prove_free_ops(&ops);
    rmp_free(scene.rmp);
    return good;
}
