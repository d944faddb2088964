/* The random walk through a small reverse map table: what a step is, how one is chosen, made and told, and what has to
 * hold after it. Private to rmp-walk. RMP notes, sections 1 to 4. */
#ifndef SEVKIT_PROVE_WALK_H
#define SEVKIT_PROVE_WALK_H

#include <stdio.h>

#include "sevkit/rmp.h"

#define WALK_REGIONS 8
#define WALK_PAGES_MAX 512 /* of a large page */
#define WALK_GUESTS 3      /* their ASIDs: 1 to 3, mostly */
#define WALK_RUNS 2        /* guests that a walker keeps running */

/* ---- steps: walk_choose.c, walk_ops.c, walk_words.c ---- */

enum walk_kind {
    WALK_UPDATE,
    WALK_SWEEP, /* RMPUPDATE of every page of a region; to freeze it, after PSMASH */
    WALK_PSMASH,
    WALK_RMPREAD,
    WALK_PVALIDATE,
    WALK_ADJUST,
    WALK_QUERY,
    WALK_CHECK,
    WALK_STRUCTURE,
    WALK_VMRUN,
    WALK_VMEXIT,
    WALK_MOVE,
    WALK_MOVE_PAGE,
    WALK_UNSMASH,
    WALK_SET,
    WALK_INIT_RANGE,
    WALK_KINDS,
};

/* One step; of the operands only those of its kind count. */
struct walk_op {
    enum walk_kind kind;
    uint64_t spa, to; /* TO: second page, end of a range */
    struct rmp_cpu cpu;
    struct rmp_state_fields fields;
    bool freeze; /* SWEEP: each page as it is, but Immutable; else the hypervisor's */
    uint64_t gva;
    struct rmp_translation at;
    enum rmp_page_size size;
    bool validate;
    struct rmp_adjustment wanted;
    struct rmp_access access;
    enum rmp_structure structure;
    struct rmp_vmrun run;
    enum rmp_move move;
    struct rmp_move_args args;
    enum rmp_state state;
    /* What came of it. */
    struct rmp_answer answer;
    enum rmp_moved moved;
    bool done; /* of what has neither answer nor reason */
};

struct walk_random {
    uint64_t state;
};

/* Who walks: its random numbers, and what it remembers to come back to. */
struct walker {
    struct walk_random random;
    struct rmp_vmrun runs[WALK_RUNS];
    unsigned run_count;
    bool froze; /* the region FROZEN last, for SNP_PAGE_UNSMASH */
    uint64_t frozen;
};

uint64_t walk_next(struct walk_random *random);

/* A step after a look at the table, so that most kinds succeed now and then. */
void walk_choose(struct walker *walker, const struct rmp *rmp, struct walk_op *op);
void walk_do(struct walker *walker, struct rmp *rmp, struct walk_op *op);
bool walk_succeeded(const struct walk_op *op);

const char *walk_kind_name(enum walk_kind kind);
/* The step and what came of it in words, without a line's end. */
void walk_tell(const struct walk_op *op, FILE *out);

/* ---- what holds: walk_table.c ---- */

/* A region's entries as they were read. */
struct walk_view {
    struct rmp_entry at[WALK_PAGES_MAX];
};

/* A broken rule; NULL: none. */
struct walk_fault {
    const char *rule;
    uint64_t spa;
};

/* Entries that any moment must have. */
struct walk_fault walk_entry_fault(const struct rmp_entry *entry, uint64_t spa);

/* Reads REGION into VIEW. Nobody else may be in the table. */
void walk_look(const struct rmp *rmp, unsigned region, struct walk_view *view);
struct walk_fault walk_region_fault(const struct rmp *rmp, unsigned region,
                                    const struct walk_view *view);

/* What OP, made meanwhile by the only walker, may have changed in REGION. */
struct walk_fault walk_change_fault(const struct rmp *rmp, const struct walk_op *op,
                                    unsigned region, const struct walk_view *before,
                                    const struct walk_view *after);

/* Adds the pages of each ASID in VIEW to COUNT, of RMP_ASID_MAX + 1 numbers; with SIGN -1 it takes them away. */
void walk_count(const struct rmp *rmp, const struct walk_view *view, int sign, int64_t *count);
/* Of the ASIDs 1 to LAST. */
struct walk_fault walk_count_fault(const struct rmp *rmp, const int64_t *count, unsigned last);

/* The regions that OP may write to, a bit each. */
unsigned walk_touched(const struct rmp *rmp, const struct walk_op *op);

/* False: SPA is the first page of REGION that differs. */
bool walk_same_view(const struct rmp *rmp, unsigned region, const struct walk_view *a,
                    const struct walk_view *b, uint64_t *spa);

#endif
