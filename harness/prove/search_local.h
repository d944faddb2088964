/* The local states of a region and the steps between them, each made once by the real code and kept. Private to the
 * search of `make prove`. */
#ifndef SEVKIT_PROVE_SEARCH_LOCAL_H
#define SEVKIT_PROVE_SEARCH_LOCAL_H

#include "search_world.h"

#define PROVE_MAX_PAGES 256
#define PROVE_NO_LOCAL 0xFFFF
#define PROVE_WORD_BITS 16 /* one state for each belief of the two guests */

/* Entries by number. */
struct prove_entries {
    unsigned count;
    struct rmp_entry at[PROVE_MAX_PAGES];
    uint8_t swapped[PROVE_MAX_PAGES]; /* with the guests exchanged */
};
/* The number of ENTRY, which is kept if it is new. */
uint8_t prove_intern(struct prove_entries *entries, const struct rmp_entry *entry);

/* A step as the search takes it, packed: the local state that it leads to, the beliefs that it is taken with, how
 * the belief moves (a word of 16 states shifts), which addresses must not be validated in the other region, and the
 * rule that it breaks. */
typedef uint64_t prove_edge;
static inline unsigned prove_edge_to(prove_edge e) {
    return (unsigned)(e & 0xFFFF);
}
static inline unsigned prove_edge_when(prove_edge e) {
    return (unsigned)(e >> 16 & 0xFFFF);
}
static inline int prove_edge_shift(prove_edge e) {
    return (int)(e >> 32 & 0xFF) - PROVE_WORD_BITS;
}
static inline unsigned prove_edge_free(prove_edge e) {
    return (unsigned)(e >> 40 & 0xFF);
}
static inline enum prove_rule prove_edge_rule(prove_edge e) {
    return (enum prove_rule)(e >> 48);
}
prove_edge prove_edge_make(unsigned to, unsigned when, int shift, unsigned unvalidated,
                           enum prove_rule rule);

struct prove_local {
    uint8_t page[PROVE_REGION_PAGES]; /* numbers of entries */
    uint8_t validated;
    uint8_t rule;        /* enum prove_rule that the state breaks */
    uint16_t swapped;    /* with the guests exchanged */
    uint32_t first, end; /* its edges */
};

/* A region. Where its pages stand for each other (pages 2 and 3), a state and its mirror are one. */
struct prove_side {
    unsigned region;
    bool mirrored;
    unsigned count, room;
    struct prove_local *local;
    uint16_t *id; /* by the numbers of both entries */
    size_t edge_count, edge_room;
    prove_edge *edge;
    uint64_t runs; /* of the real code */
};
uint16_t prove_local_id(const struct prove_side *side, unsigned first, unsigned second);

/* What a move between regions makes of two pages, by their numbers. */
struct prove_across {
    uint8_t from, to;
    uint8_t rule;
    bool moved, refused;
};

struct prove_memo {
    const struct prove_world *world;
    struct prove_ops ops[PROVE_REGIONS], across_ops;
    struct prove_entries entries;
    struct prove_side side[PROVE_REGIONS];
    struct prove_across across[PROVE_MAX_PAGES][PROVE_MAX_PAGES];
    uint64_t runs;
    bool guests_alike;
    const char *uneven; /* what the world should be symmetric in and is not; NULL */
    uint64_t worked;    /* bits: what changed or told something; search_work.c */
};

/* OP did what it is for. */
void prove_note_work(struct prove_memo *memo, const struct prove_op *op,
                     struct prove_outcome outcome);
/* What makes a search that found nothing worthless, in words: an operation of one size that never worked, though it is
 * no exception, or an exception that worked. "": nothing. */
void prove_say_idle(const struct prove_memo *memo, char *out, size_t size);
/* What cannot work in any world, a line each. */
void prove_print_exceptions(void);

/* Makes both regions' states and steps; the pages start as Hypervisor or Firmware-IOMMU. */
void prove_memo_make(struct prove_memo *memo, const struct prove_world *world);
/* Part of that: finds which states stand for others, UNEVEN if that is not as it should be. */
void prove_find_images(struct prove_memo *memo);
/* Sorts the edges from FIRST on and drops what is there twice; the new count of all. */
size_t prove_tidy_edges(prove_edge *edge, size_t first, size_t count);
void prove_memo_free(struct prove_memo *memo);

/* The beliefs with the guests exchanged. */
static inline unsigned prove_swap_belief(unsigned belief) {
    return (belief >> PROVE_GPAS | belief << PROVE_GPAS) & (PROVE_WORD_BITS - 1);
}

/* Each of the pages that the world uses as it may start: WHICH counts through them; false after the last. */
bool prove_start(const struct prove_world *world, unsigned which, struct rmp_entry at[PROVE_PAGES]);

#endif
