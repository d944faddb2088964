/* The breadth-first search over both regions and the guests' beliefs. Private to the search of `make prove`. */
#ifndef SEVKIT_PROVE_SEARCH_RUN_H
#define SEVKIT_PROVE_SEARCH_RUN_H

#include <stdatomic.h>
#include <stddef.h>

#include "search_local.h"

/* States of one index, a pair of local states, are the bits of a word: one for each belief. */
struct prove_layer {
    size_t count;
    uint32_t *index;
    uint16_t *word;
};

/* What was found, if RULE does not hold: a state, or a step from it. */
struct prove_found {
    enum prove_rule rule;
    bool step;
    uint32_t index;
    unsigned belief;
    unsigned depth; /* of the state */
};

struct prove_search {
    struct prove_memo *memo;
    uint32_t width; /* local states of region 1: index = of region 0 * WIDTH + of region 1 */
    size_t words;
    _Atomic uint16_t *seen, *next;
    uint16_t *swapped,
        *folded; /* of a word: with the guests exchanged; the smaller belief of each pair */
    uint16_t over[PROVE_WORD_BITS]; /* the beliefs that have at least these bits */
    struct prove_layer *layer;
    unsigned layers;
    uint64_t states, steps;
    struct prove_found found;
};

void prove_search_make(struct prove_search *search, struct prove_memo *memo);
/* Until no new state is found or a rule does not hold. */
void prove_search_run(struct prove_search *search, unsigned threads);
void prove_search_free(struct prove_search *search);

/* The state that stands for those of WORD at INDEX, and all that are the same but for the guests' names. */
static inline uint32_t prove_canonical(const struct prove_search *s, uint32_t index,
                                       unsigned *word) {
    if (!s->memo->guests_alike) return index;
    const struct prove_local *one = &s->memo->side[0].local[index / s->width];
    const struct prove_local *two = &s->memo->side[1].local[index % s->width];
    const uint32_t other = one->swapped * s->width + two->swapped;
    if (other < index) {
        *word = s->swapped[*word];
        return other;
    }
    if (other == index) *word = s->folded[*word];
    return index;
}

/* What a step of the search tells: the states of WORD at INDEX are reached, before they are made canonical; or a
 * step from the states of WORD at the source breaks RULE. */
typedef void prove_reach(void *told, uint32_t index, unsigned word, enum prove_rule rule);

static inline unsigned prove_shifted(unsigned word, int shift) {
    return shift >= 0 ? word << shift & 0xFFFF : word >> -shift;
}

/* The moves between page I of one region and page J of the other. */
static inline void prove_expand_across(const struct prove_search *s, uint32_t index, unsigned word,
                                       unsigned i, unsigned j, prove_reach *reach, void *told) {
    const struct prove_side *side = s->memo->side;
    const uint8_t *one = side[0].local[index / s->width].page,
                  *two = side[1].local[index % s->width].page;
    for (unsigned back = 0; back < 2; back++) {
        const struct prove_across *a =
            back ? &s->memo->across[two[j]][one[i]] : &s->memo->across[one[i]][two[j]];
        if (!a->moved) continue;
        uint8_t p[2] = {one[0], one[1]}, q[2] = {two[0], two[1]};
        p[i] = back ? a->to : a->from;
        q[j] = back ? a->from : a->to;
        const uint16_t to = prove_local_id(&side[0], p[0], p[1]),
                       too = prove_local_id(&side[1], q[0], q[1]);
        if (a->rule != PROVE_HOLDS) {
            reach(told, index, word, (enum prove_rule)a->rule);
        } else if (to == PROVE_NO_LOCAL || too == PROVE_NO_LOCAL) {
            reach(told, index, word, PROVE_OUTSIDE);
        } else {
            reach(told, to * s->width + too, word, PROVE_HOLDS);
        }
    }
}

/* All steps from the states of WORD at INDEX. In the header so that each caller's REACH is compiled into it. */
static inline __attribute__((always_inline)) void prove_expand(const struct prove_search *s,
                                                               uint32_t index, unsigned word,
                                                               prove_reach *reach, void *told) {
    const struct prove_side *side = s->memo->side;
    const unsigned at[PROVE_REGIONS] = {index / s->width, index % s->width};
    for (unsigned r = 0; r < PROVE_REGIONS; r++) {
        const struct prove_local *own = &side[r].local[at[r]],
                                 *other = &side[1 - r].local[at[1 - r]];
        for (uint32_t i = own->first; i < own->end; i++) {
            const prove_edge e = side[r].edge[i];
            const unsigned taken = word & prove_edge_when(e);
            if (taken == 0 || (prove_edge_free(e) & other->validated) != 0) continue;
            const enum prove_rule rule = prove_edge_rule(e);
            const uint32_t to =
                r == 0 ? prove_edge_to(e) * s->width + at[1] : at[0] * s->width + prove_edge_to(e);
            const unsigned after = prove_shifted(taken, prove_edge_shift(e));
            reach(told, rule == PROVE_HOLDS ? to : index, rule == PROVE_HOLDS ? after : taken,
                  rule);
        }
    }
    const bool large = s->memo->entries.at[side[0].local[at[0]].page[0]].size == RMP_2M;
    for (unsigned n = 0; n < PROVE_REGION_PAGES * PROVE_REGION_PAGES && !large; n++)
        prove_expand_across(s, index, word, n / PROVE_REGION_PAGES, n % PROVE_REGION_PAGES, reach,
                            told);
}

/* What is wrong with the states of *WORD at INDEX by themselves; *WORD: those with which it is. */
enum prove_rule prove_judge_state(const struct prove_search *search, uint32_t index,
                                  unsigned *word);

#endif
