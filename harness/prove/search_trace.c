/* Traces: the states on the way, from the last back to a first; then names for them, forwards, by the real code. */
#include "search_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_state(struct rmp *rmp, const struct prove_memo *memo,
                      const struct prove_state *state) {
    struct rmp_entry at[PROVE_PAGES];
    for (unsigned i = 0; i < PROVE_PAGES; i++) at[i] = memo->entries.at[state->page[i]];
    for (unsigned r = 0; r < PROVE_REGIONS; r++)
        prove_put_region(rmp, r, &at[r * PROVE_REGION_PAGES], false);
}

void prove_set_scene(struct prove_scene *s, const struct prove_state *state) {
    bool twice;
    s->state = *state;
    s->validated = 0;
    put_state(s->rmp, s->memo, state);
    prove_look(s->rmp, &s->view);
    for (unsigned r = 0; r < PROVE_REGIONS; r++)
        s->validated |= prove_validated(&s->view, r, &twice);
}

struct prove_move prove_try(const struct prove_scene *s, const struct prove_op *op) {
    struct prove_move move = {.after = s->state};
    struct prove_view after;
    bool set;
    const struct prove_guard guard = prove_guard_of(op, &s->view);
    const uint8_t belief = s->state.belief;
    if ((belief & guard.believed) != guard.believed) return move;
    if ((belief & guard.unbelieved) != 0 || (s->validated & guard.unvalidated) != 0) return move;
    move.taken = true;
    const struct prove_outcome outcome = prove_run(s->rmp, op);
    prove_look(s->rmp, &after);
    move.rule = prove_judge_step(op, outcome, &s->view, &after);
    const uint8_t learned = prove_learned(op, &s->view, outcome, &set);
    const bool same = prove_same_view(&s->view, &after);
    if (!same) put_state(s->rmp, s->memo, &s->state);
    if (move.rule != PROVE_HOLDS || op->forbidden || op->probe || guard.strays) return move;
    for (unsigned i = 0; i < PROVE_PAGES && !same; i++)
        move.after.page[i] = prove_intern(&s->memo->entries, &after.at[i]);
    move.after.belief = (uint8_t)(set ? belief | learned : belief & ~learned);
    return move;
}

bool prove_place(const struct prove_search *s, const struct prove_state *state, uint32_t *index,
                 unsigned *word) {
    const struct prove_side *side = s->memo->side;
    const uint16_t one = prove_local_id(&side[0], state->page[0], state->page[1]);
    const uint16_t two = prove_local_id(&side[1], state->page[2], state->page[3]);
    if (one == PROVE_NO_LOCAL || two == PROVE_NO_LOCAL) return false;
    *word = 1u << state->belief;
    *index = prove_canonical(s, one * s->width + two, word);
    return true;
}

void prove_all_ops(const struct prove_memo *memo, struct prove_ops *ops) {
    const struct prove_ops *part[] = {&memo->ops[0], &memo->ops[1], &memo->across_ops};
    *ops = (struct prove_ops){0};
    for (unsigned i = 0; i < 3; i++) ops->count += part[i]->count;
    ops->op = calloc(ops->count, sizeof *ops->op);
    if (ops->op == NULL) abort();
    for (unsigned i = 0, n = 0; i < 3; i++) {
        if (part[i]->count > 0) memcpy(ops->op + n, part[i]->op, part[i]->count * sizeof *ops->op);
        n += (unsigned)part[i]->count;
    }
}

/* ---- back to a first state ---- */

struct spot {
    uint32_t index;
    unsigned word; /* of one state */
};

struct seeking {
    const struct prove_search *search;
    struct spot goal;
    bool met;
};

static void meets(void *told, uint32_t index, unsigned word, enum prove_rule rule) {
    struct seeking *k = told;
    if (rule != PROVE_HOLDS) return;
    index = prove_canonical(k->search, index, &word);
    if (index == k->goal.index && (word & k->goal.word) != 0) k->met = true;
}

/* A state of LAYER from which a step leads to GOAL. */
static struct spot before(const struct prove_search *s, const struct prove_layer *layer,
                          struct spot goal) {
    for (size_t i = 0; i < layer->count; i++) {
        struct seeking k = {.search = s, .goal = goal};
        prove_expand(s, layer->index[i], layer->word[i], meets, &k);
        for (unsigned b = 0; k.met && b < PROVE_WORD_BITS; b++) {
            struct seeking one = {.search = s, .goal = goal};
            const unsigned word = layer->word[i] & 1u << b;
            if (word != 0) prove_expand(s, layer->index[i], word, meets, &one);
            if (one.met) return (struct spot){layer->index[i], word};
        }
    }
    abort(); /* every state of a layer was reached from the one before */
}

/* ---- names, forwards ---- */

static void say_pages(const struct prove_memo *memo, const struct prove_state *was,
                      const struct prove_state *is) {
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        char words[160];
        if (was != NULL && was->page[i] == is->page[i]) continue;
        prove_say_entry(&memo->entries.at[is->page[i]], words, sizeof words);
        printf("        page %u: %s\n", i, words);
    }
    if (was != NULL && was->belief == is->belief) return;
    printf("        the guests believe validated:");
    for (unsigned b = 0; b < PROVE_BELIEFS; b++)
        if ((is->belief >> b & 1) != 0)
            printf(" guest %u's address %u", b / PROVE_GPAS + 1, b % PROVE_GPAS);
    printf("%s\n", is->belief == 0 ? " nothing" : "");
}

/* What the step that breaks a rule makes of the pages. */
static void say_broken(const struct prove_view *was, const struct prove_view *is) {
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        char words[160];
        if (prove_same_key(was->all.key[i], is->all.key[i])) continue;
        prove_say_entry(&is->at[i], words, sizeof words);
        printf("        page %u: %s\n", i, words);
    }
}

struct walk {
    const struct prove_search *search;
    struct prove_ops ops;
    struct prove_scene scene;
    struct rmp *fresh; /* has run the trace alone */
    unsigned steps;
    bool same; /* both tables agree so far */
};

static void take(struct walk *w, const struct prove_op *op, const struct prove_move *move) {
    struct prove_view fresh;
    char words[200];
    prove_say_op(op, words, sizeof words);
    printf("  %2u. %s\n", ++w->steps, words);
    say_pages(w->scene.memo, &w->scene.state, &move->after);
    (void)prove_run(w->fresh, op);
    prove_look(w->fresh, &fresh);
    if (move->rule != PROVE_HOLDS) {
        say_broken(&w->scene.view, &fresh);
        return;
    }
    prove_set_scene(&w->scene, &move->after);
    if (!prove_same_view(&fresh, &w->scene.view)) w->same = false;
}

/* The operation that leads to GOAL from where the walk is, or that breaks RULE. */
static bool advance(struct walk *w, const struct spot *goal, enum prove_rule rule) {
    for (size_t i = 0; i < w->ops.count; i++) {
        const struct prove_move move = prove_try(&w->scene, &w->ops.op[i]);
        uint32_t index;
        unsigned word;
        const bool placed = prove_place(w->search, &move.after, &index, &word);
        const bool outside = rule == PROVE_OUTSIDE && !placed;
        if (!move.taken || move.rule != (outside ? PROVE_HOLDS : rule)) continue;
        const bool there = goal == NULL || (placed && index == goal->index && word == goal->word);
        const bool moves =
            rule != PROVE_HOLDS || memcmp(&move.after, &w->scene.state, sizeof move.after) != 0;
        if (!there || !moves) continue;
        take(w, &w->ops.op[i], &move);
        return true;
    }
    return false;
}

/* The first states have no steps before them: the pages as SNP_INIT left them. */
static void begin(struct walk *w, const struct spot *goal) {
    struct prove_memo *memo = w->search->memo;
    struct rmp_entry at[PROVE_PAGES];
    for (unsigned which = 0; prove_start(memo->world, which, at); which++) {
        struct prove_state state = {0};
        uint32_t index;
        unsigned word;
        for (unsigned i = 0; i < PROVE_PAGES; i++)
            state.page[i] = prove_intern(&memo->entries, &at[i]);
        if (!prove_place(w->search, &state, &index, &word)) continue;
        if (index != goal->index || word != goal->word) continue;
        prove_set_scene(&w->scene, &state);
        break;
    }
    put_state(w->fresh, memo, &w->scene.state);
    printf("  at first:\n");
    say_pages(memo, NULL, &w->scene.state);
}

void prove_print_trace(const struct prove_search *s) {
    const struct prove_found *f = &s->found;
    struct spot *path = calloc(f->depth + 1, sizeof *path);
    struct walk w = {.search = s, .fresh = prove_table(), .same = true};
    bool found = true;
    if (path == NULL) abort();
    w.scene = (struct prove_scene){.rmp = prove_table(), .memo = s->memo};
    path[f->depth] = (struct spot){f->index, 1u << f->belief};
    for (unsigned d = f->depth; d > 0; d--) path[d - 1] = before(s, &s->layer[d - 1], path[d]);
    printf("violation: %s: %s (%u steps)\n", prove_rule_name(f->rule), prove_rule_text(f->rule),
           f->depth + (f->step ? 1 : 0));
    prove_all_ops(s->memo, &w.ops);
    begin(&w, &path[0]);
    for (unsigned d = 1; d <= f->depth && found; d++) found = advance(&w, &path[d], PROVE_HOLDS);
    if (found && f->step) found = advance(&w, NULL, f->rule);
    if (!found)
        printf(
            "  (no single operation of the whole table takes the next step: the memo is wrong)\n");
    printf("  the same operations on a new table %s\n",
           w.same ? "lead there too" : "lead elsewhere");
    prove_free_ops(&w.ops);
    rmp_free(w.scene.rmp);
    rmp_free(w.fresh);
    free(path);
}
