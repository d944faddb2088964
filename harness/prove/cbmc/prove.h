/* What the proofs share: any legal small table under any rules, what a caller sees of it, what it must still be
 * afterwards. RMP notes, sections 1 and 2.
 *
 * For CBMC: a local variable without a value is any value, a function nondet_... without a body returns any.
 * Locks are taken and released by one thread here; what threads do to each other is not proved.
 * A property is __CPROVER_assert. prove_reached names what must be possible, or the proof is empty: a second run, with
 * PROVE_COVER, looks for it. */
#ifndef SEVKIT_PROVE_H
#define SEVKIT_PROVE_H

#include "rmp/table.h"

#ifndef PROVE_PER_LARGE
#define PROVE_PER_LARGE 2
#endif
#ifndef PROVE_PAGES
#define PROVE_PAGES 4
#endif
#define PROVE_SIZE (PROVE_PAGES * RMP_PAGE_4K)
#define PROVE_LARGE (PROVE_PER_LARGE * RMP_PAGE_4K)
#define PROVE_NOWHERE PROVE_PAGES /* the index of no page */

#ifdef PROVE_COVER
#define prove_reached(condition) __CPROVER_cover(condition)
#else
#define prove_reached(condition) ((void)0)
#endif

bool nondet_bool(void);
uint8_t nondet_uint8_t(void);
uint16_t nondet_uint16_t(void);
uint32_t nondet_uint32_t(void);
uint64_t nondet_uint64_t(void);

/* All own entries of the table, and how many pages an ASID that stands for all has. */
struct prove_view {
    struct rmp_entry entry[PROVE_PAGES];
    unsigned users[PROVE_PAGES]; /* how many processors use it */
    uint64_t asid_pages;
};

/* Any legal table: each entry, each mask, each number of users, each form that a region's records can take. */
struct rmp *prove_table(void);
/* ... which lies anywhere, or nowhere as it is without this. */
void prove_place(struct rmp *rmp);
struct prove_view prove_look(const struct rmp *rmp);
/* Entries, sub-page counts and ASID counters are legal, and no lock is held. */
void prove_still_legal(void);

struct rmp_cpu prove_cpu(void);
struct rmp_translation prove_translation(void);
enum rmp_page_size prove_size(void);
enum rmp_map prove_map(void);

/* The number of the page that holds PADDR, or PROVE_NOWHERE. */
unsigned prove_page_of(uint64_t paddr);
unsigned prove_first_of(unsigned page);
/* PAGE is one of the table's own. */
bool prove_is_own(const struct rmp *rmp, unsigned page);
/* The entry that speaks for the page: the 2 MiB page's where it lies in one. */
const struct rmp_entry *prove_speaker(const struct prove_view *view, unsigned page);

/* In every member; but for the sub-page count with _BUT_COUNT. */
bool prove_same(const struct rmp_entry *a, const struct rmp_entry *b);
bool prove_same_but_count(const struct rmp_entry *a, const struct rmp_entry *b);

/* Nothing that a caller sees has changed. */
void prove_unchanged(const struct prove_view *before, const struct prove_view *after);
/* No page before FIRST and after LAST has changed, but for the count in the aligned entry of FIRST's region. */
void prove_others_unchanged(const struct prove_view *before, const struct prove_view *after,
                            unsigned first, unsigned last);
/* The page whose entry an instruction of a guest examines: the aligned one of a nested mapping of 2 MiB or more. */
unsigned prove_examined(const struct rmp_translation *at);
/* What must hold before a guest's instruction succeeds: caller, translation, and whose entry it is. */
void prove_own_entry(const struct prove_view *before, const struct rmp_cpu *cpu,
                     const struct rmp_translation *at);
/* ... and that all sizes agree. */
void prove_own_page(const struct prove_view *before, const struct rmp_cpu *cpu,
                    const struct rmp_translation *at, enum rmp_page_size size);

/* ENTRY is the one of GPA, at a mapping that is LARGE; as far as an entry keeps an address. */
bool prove_maps(const struct rmp_entry *entry, uint64_t gpa, bool large);

/* The page at SPA is not Assigned. */
bool prove_hypervisors(const struct prove_view *view, uint64_t spa);
/* The page at SPA passes as the VMSA of an SNP guest. */
bool prove_vmsa_of(const struct prove_view *view, uint64_t spa, uint16_t asid, uint64_t gpa);

/* A fault has no code, and what refuses names its rule. */
void prove_answer(struct rmp_answer answer);

#endif
