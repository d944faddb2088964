/* A small machine: 10 MiB of memory whose first 8 the RMP covers, a bus, three guests. */
#ifndef MEMORY_TESTS_FIXTURE_H
#define MEMORY_TESTS_FIXTURE_H

#include "sevkit/memory.h"
#include "unit/unit.h"

#define PAGE RMP_PAGE_4K
#define LARGE RMP_PAGE_2M
#define WORLD_MEMORY (5 * LARGE)
#define WORLD_COVERED (4 * LARGE) /* from here on: state Default */

/* Where the RMP lies with world_new(true): 16 KiB, then 2048 entries. */
#define WORLD_RMP UINT64_C(0x700000)
#define WORLD_RMP_SIZE (UINT64_C(0x4000) + WORLD_COVERED / PAGE * ABI_RMP_ENTRY_SIZE)

#define GUEST_ASID 1
#define OTHER_ASID 2
#define PLAIN_ASID 3
#define WORLD_MAPPINGS 16

struct world {
    struct mem *mem;
    struct rmp *rmp;
    struct mem_bus *bus;
    struct mem_guest *guest; /* SNP */
    struct mem_guest *other; /* SNP, another key */
    struct mem_guest *plain; /* without SNP */
};

struct world world_new(bool rmp_in_memory);
void world_free(struct world *w);

/* A guest's configuration as world_new takes it; its key is made of the ASID. */
struct mem_guest_config world_config(uint16_t asid);

/* RMPUPDATE by the host. */
struct rmp_answer world_update(struct world *w, uint64_t spa, uint16_t asid, uint64_t gpa,
                               enum rmp_page_size size);

/* Maps GPA to SPA with 4 KiB (or as MAP says), assigns the page by RMPUPDATE and validates it. */
void world_give(struct world *w, struct mem_guest *guest, uint64_t gpa, uint64_t spa);
void world_give_mapped(struct world *w, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                       enum rmp_map map, enum rmp_page_size size);

/* Accesses at VMPL 0. */
struct rmp_answer world_write(struct mem_guest *guest, uint64_t gpa, bool c, const void *bytes,
                              size_t size);
struct rmp_answer world_read(struct mem_guest *guest, uint64_t gpa, bool c, void *out, size_t size);

/* Passes if ANSWER is FAULT with these error bits by this rule. */
#define FAULTS(answer, fault, error, rule)                                                         \
    do {                                                                                           \
        CU_ASSERT(world_faults(answer, fault, error, rule));                                       \
    } while (0)
#define SUCCEEDS(answer)                                                                           \
    do {                                                                                           \
        CU_ASSERT(world_succeeds(answer));                                                         \
    } while (0)
bool world_faults(struct rmp_answer answer, enum rmp_fault fault, uint64_t error, unsigned rule);
bool world_succeeds(struct rmp_answer answer);

/* Fingerprints of all memory bytes, and of all entries of the table. */
struct world_print {
    uint64_t memory;
    uint64_t entries;
};
struct world_print world_print(const struct world *w);
bool world_unchanged(const struct world *w, const struct world_print *before);

#endif
