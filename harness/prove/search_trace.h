/* From what the search found to a list of operations with names, and the searches that check it. Private to the
 * search of `make prove`. */
#ifndef SEVKIT_PROVE_SEARCH_TRACE_H
#define SEVKIT_PROVE_SEARCH_TRACE_H

#include "search_run.h"

/* A state of the whole world, by the numbers of its entries. */
struct prove_state {
    uint8_t page[PROVE_PAGES];
    uint8_t belief;
};

/* What an operation does of itself to a state. */
struct prove_move {
    enum prove_rule rule;
    bool taken;               /* nobody holds back */
    struct prove_state after; /* of a move that is followed, else the same */
};
/* A state that RMP has. */
struct prove_scene {
    struct rmp *rmp;
    struct prove_memo *memo;
    struct prove_state state;
    struct prove_view view;
    uint8_t validated;
};
void prove_set_scene(struct prove_scene *scene, const struct prove_state *state);
/* Runs OP in SCENE, which is as before afterwards. */
struct prove_move prove_try(const struct prove_scene *scene, const struct prove_op *op);

/* INDEX and WORD of the one that stands for STATE. False if the memo has no such state. */
SEVKIT_MUST bool prove_place(const struct prove_search *search, const struct prove_state *state,
                             uint32_t *index, unsigned *word);

/* All operations of the world in one list. */
void prove_all_ops(const struct prove_memo *memo, struct prove_ops *ops);

/* Prints the shortest way to what SEARCH found, and runs it on a new table. */
void prove_print_trace(const struct prove_search *search);

/* Searches the world again, every step by the real code and no two states taken for one, and compares the sets of
 * states. False, with a line, if they differ. */
SEVKIT_MUST bool prove_compare_direct(const struct prove_search *search);

/* Runs every operation by the real code in COUNT of the states that were found, and compares what they lead to. */
SEVKIT_MUST bool prove_compare_sample(const struct prove_search *search, size_t count);

#endif
