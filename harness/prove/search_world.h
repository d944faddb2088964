/* A small RMP world: four pages in two regions, two guests, what each may do, and what must hold. Private to the
 * search of `make prove`; docs/prove.md has its abstractions. RMP notes, sections 2 to 4. */
#ifndef SEVKIT_PROVE_SEARCH_WORLD_H
#define SEVKIT_PROVE_SEARCH_WORLD_H

#include "sevkit/rmp.h"

#define PROVE_PAGES 4 /* of the world; the table has the guests' contexts behind them */
#define PROVE_REGION_PAGES 2
#define PROVE_REGIONS (PROVE_PAGES / PROVE_REGION_PAGES)
#define PROVE_GUESTS 2
#define PROVE_GPAS 2
#define PROVE_BELIEFS 4 /* a guest's belief about each of its addresses: one bit each */
#define PROVE_MAX_MASKS 4

/* What is searched. */
struct prove_world {
    const char *name;
    bool used[PROVE_PAGES]; /* pages that anybody does anything with */
    bool large;             /* region 0 may be one large page */
    bool vmsa;
    unsigned mask_count; /* of VMPL 1 */
    uint8_t masks[PROVE_MAX_MASKS];
};

/* The context page of GUEST, which owns its metadata pages: behind the world's pages, where nothing happens. Past the
 * last guest: a page without an entry. */
static inline uint64_t prove_owner(unsigned guest) {
    return (PROVE_PAGES + guest - 1) * RMP_PAGE_4K;
}

static inline unsigned prove_region_of(unsigned page) {
    return page / PROVE_REGION_PAGES;
}

/* The belief bits of COUNT addresses of GUEST from page FIRST on, as far as they lie in the world. */
uint8_t prove_bits(unsigned guest, uint64_t first, unsigned count);

SEVKIT_MUST struct rmp *prove_table(void);

/* ---- what the table says ---- */

/* All of an entry but the sub-page count in two words: equal keys, equal entries. */
struct prove_key {
    uint64_t low, high;
};

struct prove_view {
    struct rmp_entry at[PROVE_PAGES];
    struct {
        struct prove_key key[PROVE_PAGES]; /* with the sub-page count */
        uint64_t asid_pages[PROVE_GUESTS + 1];
    } all; /* nothing but words, to be compared at once */
};

void prove_look(const struct rmp *rmp, struct prove_view *view);

struct prove_key prove_key_of(const struct rmp_entry *entry);
bool prove_same_key(struct prove_key a, struct prove_key b);
bool prove_same_view(const struct prove_view *a, const struct prove_view *b);

/* The entry that speaks for PAGE with PAGE's own guest address. */
struct rmp_entry prove_speaks(const struct prove_view *view, unsigned page);

/* The addresses that PAGES of REGION are validated for. TWICE: one of them in two pages, or outside the world. */
uint8_t prove_validated(const struct prove_view *view, unsigned region, bool *twice);

/* ---- putting a state ---- */

/* Puts both entries of REGION; a large page's is the first. STALE: other records were there before. */
void prove_put_region(struct rmp *rmp, unsigned region,
                      const struct rmp_entry at[PROVE_REGION_PAGES], bool stale);

/* ---- operations ---- */

enum prove_kind {
    PROVE_UPDATE,
    PROVE_PSMASH,
    PROVE_PVALIDATE,
    PROVE_ADJUST,
    PROVE_READ,
    PROVE_QUERY,
    PROVE_MOVE, /* the first that is firmware's */
    PROVE_MOVE_PAGE,
    PROVE_UNSMASH,
};

struct prove_op {
    enum prove_kind kind;
    bool forbidden;   /* whoever asks for it must be refused; its effect is not followed */
    bool probe;       /* it leads out of the world: judged, not followed */
    uint8_t page, to; /* TO: of a page that is moved to another */
    enum rmp_page_size size;
    struct rmp_cpu cpu;
    struct rmp_state_fields fields;
    struct rmp_translation walk;
    bool validate;
    struct rmp_adjustment adjust; /* RMPQUERY: its VMPL is asked about */
    enum rmp_move move;
    struct rmp_move_args args;
};

struct prove_ops {
    struct prove_op *op;
    size_t count, room;
};

/* All operations that name pages of REGION only. */
void prove_list_region(const struct prove_world *world, unsigned region, struct prove_ops *ops);
/* Moves of a page to another region. */
#define PROVE_ACROSS_REQUESTS (2 * PROVE_GUESTS) /* of each pair of places */
void prove_list_across(const struct prove_world *world, struct prove_ops *ops);
void prove_free_ops(struct prove_ops *ops);

struct prove_outcome {
    bool ok;
    bool cf;
    struct rmp_state_fields fields; /* what RMPREAD told */
    struct rmp_permissions found;   /* what RMPQUERY told */
};
struct prove_outcome prove_run(struct rmp *rmp, const struct prove_op *op);

/* OP in words, without a line end. */
void prove_say_op(const struct prove_op *op, char *out, size_t size);
const char *prove_move_name(enum rmp_move move);
void prove_say_entry(const struct rmp_entry *entry, char *out, size_t size);

/* When a guest, or firmware for one, goes ahead with an operation, by what is believed and validated. */
struct prove_guard {
    uint8_t believed, unbelieved; /* bits that must be set, that must be clear */
    uint8_t unvalidated;          /* no page may be validated for these */
    bool strays;                  /* it would lead out of the world: judged, not followed */
};
struct prove_guard prove_guard_of(const struct prove_op *op, const struct prove_view *before);
/* The belief bits that the operation changes when it ended so: to set, or to clear. */
uint8_t prove_learned(const struct prove_op *op, const struct prove_view *before,
                      struct prove_outcome outcome, bool *set);

/* ---- what must hold ---- */

enum prove_rule {
    PROVE_HOLDS,
    /* of a state */
    PROVE_ONE_OWNER,
    PROVE_FIRMWARE_PAGE,
    PROVE_ONLY_VALIDATED,
    PROVE_VMPL_MASK,
    PROVE_VMSA,
    PROVE_COUNTS,
    PROVE_LEGAL,
    PROVE_TWICE,
    PROVE_BELIEF,
    /* of a step */
    PROVE_REFUSED_CHANGED,
    PROVE_FORBIDDEN,
    PROVE_ELSEWHERE,
    PROVE_IMMUTABLE,
    PROVE_REBOUND,
    PROVE_HOST_GAVE,
    PROVE_GUEST_REACHED,
    PROVE_FIRMWARE_REACHED,
    PROVE_TOLD,
    /* of the search itself */
    PROVE_HIDDEN,
    PROVE_OUTSIDE,
};
const char *prove_rule_name(enum prove_rule rule);
const char *prove_rule_text(enum prove_rule rule);

/* What is wrong with REGION as RMP has it, VIEW being what it says. */
enum prove_rule prove_judge_region(const struct rmp *rmp, const struct prove_view *view,
                                   unsigned region);
enum prove_rule prove_judge_step(const struct prove_op *op, struct prove_outcome outcome,
                                 const struct prove_view *before, const struct prove_view *after);

#endif
