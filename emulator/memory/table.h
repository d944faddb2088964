/* A guest's nested page table: what GPA is which SPA, in pages of three sizes. Private to
 * memory/. */
#ifndef MEMORY_TABLE_H
#define MEMORY_TABLE_H

#include "sevkit/rmp.h"

#define MEM_MAP_SIZES 3 /* of enum rmp_map */

/* x86 physical addresses have 52 bits. */
#define MEM_GPA_END (UINT64_C(1) << 52)

struct mem_record {
    uint64_t key; /* GPA | enum rmp_map + 1; 0: free */
    uint64_t spa;
};

/* Open addressing with linear probing, at most half full. */
struct mem_table {
    struct mem_record *slots;
    size_t slot_count; /* a power of two */
    unsigned hash_shift;
    size_t capacity;
    size_t used[MEM_MAP_SIZES];
    uint64_t sizes[MEM_MAP_SIZES];
};

/* A mapping that was found. */
struct mem_mapping {
    uint64_t gpa, spa; /* of its first byte */
    enum rmp_map map;
};

/* CAPACITY: 1 to 2^40 mappings. LARGE: bytes of a mapping of "2 MiB". TABLE is empty and may be
 * freed also after a failure. */
SEVKIT_MUST struct sevkit_result mem_table_init(struct mem_table *table, size_t capacity,
                                                uint64_t large);
void mem_table_free(struct mem_table *table);

/* See mem_guest_map; SPA's place is the caller's to check. */
SEVKIT_MUST struct sevkit_result mem_table_map(struct mem_table *table, uint64_t gpa, uint64_t spa,
                                               enum rmp_map map);

/* The mapping that holds GPA. False, with FOUND untouched, when there is none. */
SEVKIT_MUST bool mem_table_find(const struct mem_table *table, uint64_t gpa,
                                struct mem_mapping *found);

/* Drops the mapping that holds GPA. */
bool mem_table_unmap(struct mem_table *table, uint64_t gpa);

#endif
