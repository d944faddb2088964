/* The breadth-first search, layer by layer; the threads share each layer's states in pieces. */
#include "search_run.h"

#include <pthread.h>
#include <stdlib.h>

#define PIECE 512

static void *zeroed(size_t count, size_t size) {
    void *p = calloc(count > 0 ? count : 1, size);
    if (p == NULL) abort();
    return p;
}

void prove_search_make(struct prove_search *s, struct prove_memo *memo) {
    *s = (struct prove_search){.memo = memo, .width = memo->side[1].count};
    s->words = (size_t)memo->side[0].count * s->width;
    s->seen = zeroed(s->words, sizeof *s->seen);
    s->next = zeroed(s->words, sizeof *s->next);
    s->swapped = zeroed(1u << PROVE_WORD_BITS, sizeof *s->swapped);
    s->folded = zeroed(1u << PROVE_WORD_BITS, sizeof *s->folded);
    for (unsigned w = 0; w < 1u << PROVE_WORD_BITS; w++)
        for (unsigned b = 0; b < PROVE_WORD_BITS; b++) {
            const unsigned other = prove_swap_belief(b);
            if ((w >> b & 1) == 0) continue;
            s->swapped[w] = (uint16_t)(s->swapped[w] | 1u << other);
            s->folded[w] = (uint16_t)(s->folded[w] | 1u << (other < b ? other : b));
        }
    for (unsigned bits = 0; bits < PROVE_WORD_BITS; bits++)
        for (unsigned b = 0; b < PROVE_WORD_BITS; b++)
            if ((b & bits) == bits) s->over[bits] = (uint16_t)(s->over[bits] | 1u << b);
}

void prove_search_free(struct prove_search *s) {
    for (unsigned i = 0; i < s->layers; i++) {
        free(s->layer[i].index);
        free(s->layer[i].word);
    }
    free(s->layer);
    free((void *)s->seen);
    free((void *)s->next);
    free(s->swapped);
    free(s->folded);
}

enum prove_rule prove_judge_state(const struct prove_search *s, uint32_t index, unsigned *word) {
    const struct prove_local *one = &s->memo->side[0].local[index / s->width];
    const struct prove_local *two = &s->memo->side[1].local[index % s->width];
    const bool owner = one->rule == PROVE_ONE_OWNER || two->rule == PROVE_ONE_OWNER;
    if (owner) return PROVE_ONE_OWNER;
    if ((one->validated & two->validated) != 0) return PROVE_TWICE;
    if (one->rule != PROVE_HOLDS) return (enum prove_rule)one->rule;
    if (two->rule != PROVE_HOLDS) return (enum prove_rule)two->rule;
    const unsigned without = *word & ~(unsigned)s->over[one->validated | two->validated];
    if (without == 0) return PROVE_HOLDS;
    *word = without;
    return PROVE_BELIEF;
}

/* ---- one layer ---- */

struct team {
    struct prove_search *search;
    _Atomic size_t piece;
    pthread_mutex_t lock;
};

struct worker {
    struct team *team;
    uint64_t steps, states;
    unsigned count; /* states of the word that is expanded */
    uint32_t source;
};

static unsigned lowest(unsigned word) {
    return (unsigned)__builtin_ctz(word);
}

/* Keeps the first of what one layer finds, by index, so that every run tells the same. */
static void note(struct team *team, enum prove_rule rule, bool step, uint32_t index,
                 unsigned word) {
    struct prove_search *s = team->search;
    struct prove_found *f = &s->found;
    (void)pthread_mutex_lock(&team->lock);
    /* A step from this layer is as long a trace as a state of the next. */
    const unsigned depth = step ? s->layers - 1 : s->layers;
    const bool first =
        f->rule == PROVE_HOLDS || (step && !f->step) ||
        (step == f->step && (index < f->index || (index == f->index && rule < f->rule)));
    if (first)
        *f = (struct prove_found){
            .rule = rule, .step = step, .index = index, .belief = lowest(word), .depth = depth};
    (void)pthread_mutex_unlock(&team->lock);
}

static void reached(void *told, uint32_t index, unsigned word, enum prove_rule rule) {
    struct worker *w = told;
    struct prove_search *s = w->team->search;
    w->steps += (unsigned)__builtin_popcount(word);
    if (rule != PROVE_HOLDS) {
        note(w->team, rule, true, w->source, word);
        return;
    }
    index = prove_canonical(s, index, &word);
    word &= ~(unsigned)atomic_load_explicit(&s->seen[index], memory_order_relaxed);
    if (word == 0) return;
    const unsigned before =
        atomic_fetch_or_explicit(&s->seen[index], (uint16_t)word, memory_order_relaxed);
    word &= ~before;
    if (word == 0) return;
    atomic_fetch_or_explicit(&s->next[index], (uint16_t)word, memory_order_relaxed);
    w->states += (unsigned)__builtin_popcount(word);
    const enum prove_rule wrong = prove_judge_state(s, index, &word);
    if (wrong != PROVE_HOLDS) note(w->team, wrong, false, index, word);
}

static void *work(void *worker) {
    struct worker *w = worker;
    struct prove_search *s = w->team->search;
    const struct prove_layer *layer = &s->layer[s->layers - 1];
    for (;;) {
        const size_t first = atomic_fetch_add(&w->team->piece, PIECE);
        if (first >= layer->count) return NULL;
        for (size_t i = first; i < first + PIECE && i < layer->count; i++) {
            w->source = layer->index[i];
            prove_expand(s, layer->index[i], layer->word[i], reached, w);
        }
    }
}

static void expand_layer(struct prove_search *s, unsigned threads) {
    struct team team = {.search = s, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct worker *worker = zeroed(threads, sizeof *worker);
    pthread_t *thread = zeroed(threads, sizeof *thread);
    unsigned started = 0;
    for (unsigned i = 0; i < threads; i++) worker[i].team = &team;
    while (started + 1 < threads &&
           pthread_create(&thread[started], NULL, work, &worker[started + 1]) == 0)
        started++;
    (void)work(&worker[0]);
    for (unsigned i = 0; i < started; i++) (void)pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < threads; i++) {
        s->steps += worker[i].steps;
        s->states += worker[i].states;
    }
    free(worker);
    free(thread);
}

/* What was reached becomes the next layer; false if that is nothing. */
static bool add_layer(struct prove_search *s) {
    struct prove_layer layer = {0};
    for (size_t i = 0; i < s->words; i++) layer.count += s->next[i] != 0;
    if (layer.count == 0) return false;
    layer.index = zeroed(layer.count, sizeof *layer.index);
    layer.word = zeroed(layer.count, sizeof *layer.word);
    for (size_t i = 0, n = 0; i < s->words; i++) {
        if (s->next[i] == 0) continue;
        layer.index[n] = (uint32_t)i;
        layer.word[n++] = s->next[i];
        s->next[i] = 0;
    }
    s->layer = realloc(s->layer, (s->layers + 1) * sizeof *s->layer);
    if (s->layer == NULL) abort();
    s->layer[s->layers++] = layer;
    return true;
}

static void start(struct prove_search *s) {
    struct prove_memo *memo = s->memo;
    struct team team = {.search = s, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct worker worker = {.team = &team};
    struct rmp_entry at[PROVE_PAGES];
    for (unsigned which = 0; prove_start(memo->world, which, at); which++) {
        uint8_t page[PROVE_PAGES];
        for (unsigned i = 0; i < PROVE_PAGES; i++) page[i] = prove_intern(&memo->entries, &at[i]);
        const uint32_t one = prove_local_id(&memo->side[0], page[0], page[1]);
        reached(&worker, one * s->width + prove_local_id(&memo->side[1], page[2], page[3]), 1,
                PROVE_HOLDS);
    }
    s->states = worker.states;
}

void prove_search_run(struct prove_search *s, unsigned threads) {
    start(s);
    while (add_layer(s) && s->found.rule == PROVE_HOLDS) expand_layer(s, threads);
}
