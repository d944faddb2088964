/* Decision tables of the RMP, as harness/reference has them in Python: the same loops in the same order on the C model,
 * packed the same way (harness/reference/rmp_pack.py says how). RMP notes, section 7.
 *
 * Used by the tests of decision.c, which compare digests with vectors/rmp/decisions.json, and by rmp-dump
 * (harness/prove/dump.c), whose words harness/tests/test_rmp_reference.py compares one by one. */
#ifndef RMP_DECISION_H
#define RMP_DECISION_H

#include "sevkit/rmp.h"

#define DECISION_DIMS_MAX 12
#define DECISION_WORDS_MAX 16
#define DECISION_IMPOSSIBLE                                                                        \
    UINT32_C(0xFFFFFFFF) /* in every word of a case that no table can hold */

/* One loop: COUNT of the values from FROM on. */
struct decision_dim {
    const char *name;
    const char *const *values;
    unsigned from, count;
};

#define DECISION_COUNT(array) (sizeof(array) / sizeof(array)[0])
#define DECISION_DIM(name, values)                                                                 \
    { name, values, 0, DECISION_COUNT(values) }
#define DECISION_ONLY(name, values, from, count)                                                   \
    { name, values, from, count }

/* What the cases of a table happen to. */
struct decision_bench {
    struct rmp *rmp;
    struct rmp *bare; /* of a processor without RMPREAD and RMPQUERY */
};

struct decision_table {
    const char *name;
    const struct decision_dim *dims; /* outermost first */
    unsigned dim_count;
    unsigned words;                           /* of a case */
    unsigned regions;                         /* of 2 MiB, that the RMP covers */
    void (*switches)(struct rmp_rules *turn); /* NULL: the defaults */
    unsigned outer; /* the first OUTER loops' values choose what SET_UP makes; 0: there is none */
    void (*set_up)(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX]);
    /* AT: an index of each loop's values. False where no table can hold it. */
    bool (*decide)(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                   uint32_t words[DECISION_WORDS_MAX]);
};

/* NULL after the last. */
const struct decision_table *decision_table_at(size_t index);
const struct decision_table *decision_table_named(const char *name);

/* How many cases. */
size_t decision_product(const struct decision_table *table);

/* Takes the cases of a table in their order. TURN: how often each loop has turned. */
typedef void decision_take(void *data, const unsigned turn[DECISION_DIMS_MAX],
                           const uint32_t *words);

SEVKIT_MUST struct sevkit_result decision_run(const struct decision_table *table,
                                              decision_take *take, void *data);

/* ---- what the tables share ---- */

enum decision_state {
    DECISION_DEFAULT, /* no entry */
    DECISION_HYPERVISOR,
    DECISION_HV_FIXED,
    DECISION_FIRMWARE,
    DECISION_CONTEXT,
    DECISION_METADATA,
    DECISION_RECLAIM,
    DECISION_PRE_GUEST,
    DECISION_PRE_SWAP,
    DECISION_GUEST_INVALID,
    DECISION_GUEST_VALID,
};

extern const char *const decision_states[11];
extern const char *const decision_sizes[2];
extern const char *const decision_maps[3];
extern const char *const decision_match[2];
extern const char
    *const decision_gpas[3]; /* the last is the page's own, plus what no entry holds */
extern const char *const decision_pages[2];
extern const char *const decision_neighbours[3];
extern const char *const decision_lows[2]; /* bits 11:0 of an address */
extern const char *const decision_bits[2];
extern const char *const decision_asids[2]; /* the ASID that asks; no guest has 0 */

enum { DECISION_MATCH, DECISION_MISMATCH, DECISION_BEYOND };

#define DECISION_STATE DECISION_DIM("state", decision_states)
#define DECISION_SIZE DECISION_DIM("RMP size", decision_sizes)
#define DECISION_MAP DECISION_DIM("map", decision_maps)
#define DECISION_PAGE DECISION_DIM("page", decision_pages)

/* Addresses and owners of every case; rmp_cases.py has the same. */
#define DECISION_REGIONS 4
#define DECISION_MEMORY (DECISION_REGIONS * RMP_PAGE_2M)
#define DECISION_SPA (2 * RMP_PAGE_2M)
#define DECISION_GPA UINT64_C(0x40000000)
#define DECISION_OTHER_GPA UINT64_C(0x80000000)
#define DECISION_ASID 5
#define DECISION_OTHER_ASID 9
#define DECISION_GVA UINT64_C(0x7F0000000000)

/* The page under test: the region's first, or with LATER its second. NEAR: what the next page is, an index of
 * decision_neighbours. FIRST: what the first page is where a later one of 4 KiB is under test. */
struct decision_page {
    enum decision_state state, first;
    enum rmp_page_size size;
    bool other_asid, other_gpa, vmsa, later;
    unsigned near;
};

static inline uint64_t decision_offset(bool later) {
    return later ? RMP_PAGE_4K : 0;
}

static inline uint64_t decision_low(unsigned low) {
    return low != 0 ? 0x800 : 0;
}

/* The GPA that is asked for; GPA: an index of decision_gpas. */
static inline uint64_t decision_address(unsigned gpa, uint64_t offset) {
    return DECISION_GPA + offset + (gpa == DECISION_BEYOND ? UINT64_C(1) << 51 : 0);
}

/* Where the region under test begins: past the end for Default. */
static inline uint64_t decision_region(enum decision_state state) {
    return state == DECISION_DEFAULT ? DECISION_MEMORY : DECISION_SPA;
}

/* The entry of a page under test OFFSET bytes into its region. */
struct rmp_entry decision_entry(const struct decision_page *page, uint64_t offset);

/* A table with PAGE alone in it; false where no table can hold it. */
SEVKIT_MUST bool decision_make(struct rmp *rmp, const struct decision_page *page);

/* rmp_put inside the table. */
void decision_put(struct rmp *rmp, uint64_t paddr, struct rmp_entry entry);

uint32_t decision_answer(struct rmp_answer answer);

/* All words of an instruction's case; TOLD: what RMPREAD or RMPQUERY told, two words. */
void decision_instruction(const struct rmp *rmp, struct rmp_answer answer, const uint32_t told[2],
                          enum decision_state state, uint32_t words[DECISION_WORDS_MAX]);

/* vectors/rmp/decisions.json, which the build carries. */
extern const char decision_file[];

/* The tables of each file; each ends with a table without a name. */
extern const struct decision_table decision_access[];
extern const struct decision_table decision_host[];
extern const struct decision_table decision_guest[];
extern const struct decision_table decision_structure[];

/* The tests, a part of the area rmp. */
struct suite_area;
extern const struct suite_area decision_part;

#endif
