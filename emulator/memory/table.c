/* A guest's nested page table as one hash table with a record a mapping: SNP-RMP-192's "mapping
 * that is not there" is a key that is not there. */
#include "memory/table.h"

#include <stdlib.h>

#define MAX_CAPACITY (UINT64_C(1) << 40) /* every 4 KiB page of 52 bits */

struct sevkit_result mem_table_init(struct mem_table *table, size_t capacity, uint64_t large) {
    *table = (struct mem_table){0};
    if (capacity == 0 || capacity > MAX_CAPACITY) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "mappings", SEVKIT_NO_OFFSET, capacity, "1 to 2^40");
    }
    unsigned bits = 1;
    while (UINT64_C(1) << bits < 2 * (uint64_t)capacity) bits++;
    table->slots = calloc((size_t)1 << bits, sizeof *table->slots);
    if (table->slots == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "mappings", SEVKIT_NO_OFFSET, capacity,
                           "memory for the table");
    }
    table->slot_count = (size_t)1 << bits;
    table->hash_shift = 64 - bits;
    table->capacity = capacity;
    table->sizes[RMP_MAP_4K] = RMP_PAGE_4K;
    table->sizes[RMP_MAP_2M] = large;
    table->sizes[RMP_MAP_1G] = large * (large / RMP_PAGE_4K);
    return sevkit_success();
}

void mem_table_free(struct mem_table *table) {
    free(table->slots);
    *table = (struct mem_table){0};
}

static uint64_t key_of(uint64_t gpa, enum rmp_map map) {
    return gpa | ((uint64_t)map + 1);
}

static size_t next(const struct mem_table *table, size_t slot) {
    return (slot + 1) & (table->slot_count - 1);
}

/* Where a search for KEY starts: the upper bits of a product with 2^64 / golden ratio. */
static size_t home(const struct mem_table *table, uint64_t key) {
    return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> table->hash_shift);
}

/* KEY's slot, or the free one where it would go. */
static size_t slot_of(const struct mem_table *table, uint64_t key) {
    size_t slot = home(table, key);
    while (table->slots[slot].key != 0 && table->slots[slot].key != key) slot = next(table, slot);
    return slot;
}

static bool holds(const struct mem_table *table, uint64_t gpa, enum rmp_map map) {
    if (table->used[map] == 0) return false;
    return table->slots[slot_of(table, key_of(gpa, map))].key != 0;
}

/* A mapping of another size shares bytes with the page of size MAP at GPA. */
static bool overlaps(const struct mem_table *table, uint64_t gpa, enum rmp_map map) {
    for (unsigned m = 0; m < MEM_MAP_SIZES; m++) {
        const uint64_t size = table->sizes[m];
        if (m > map && holds(table, gpa & ~(size - 1), (enum rmp_map)m)) return true;
        if (m >= map || table->used[m] == 0) continue;
        for (uint64_t at = 0; at < table->sizes[map]; at += size) {
            if (holds(table, gpa + at, (enum rmp_map)m)) return true;
        }
    }
    return false;
}

static struct sevkit_result bad(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

struct sevkit_result mem_table_map(struct mem_table *table, uint64_t gpa, uint64_t spa,
                                   enum rmp_map map) {
    const uint64_t size = table->sizes[map];
    if (gpa % size != 0) return bad("gpa", gpa, "aligned to the mapping's size");
    if (gpa >= MEM_GPA_END) return bad("gpa", gpa, "below 2^52");
    if (spa % size != 0) return bad("spa", spa, "aligned to the mapping's size");
    if (overlaps(table, gpa, map)) return bad("gpa", gpa, "no mapping of another size there");
    const uint64_t key = key_of(gpa, map);
    struct mem_record *record = &table->slots[slot_of(table, key)];
    if (record->key == 0) {
        const size_t used = table->used[0] + table->used[1] + table->used[2];
        if (used == table->capacity) {
            return sevkit_fail(SEVKIT_LIMIT, "mappings", SEVKIT_NO_OFFSET, used,
                               "a free record in the nested table");
        }
        table->used[map]++;
    }
    *record = (struct mem_record){.key = key, .spa = spa};
    return sevkit_success();
}

bool mem_table_find(const struct mem_table *table, uint64_t gpa, struct mem_mapping *found) {
    for (unsigned m = 0; m < MEM_MAP_SIZES; m++) {
        const uint64_t start = gpa & ~(table->sizes[m] - 1);
        if (!holds(table, start, (enum rmp_map)m)) continue;
        const struct mem_record *record =
            &table->slots[slot_of(table, key_of(start, (enum rmp_map)m))];
        *found = (struct mem_mapping){.gpa = start, .spa = record->spa, .map = (enum rmp_map)m};
        return true;
    }
    return false;
}

/* Records behind the freed SLOT move up as long as their search would pass it. */
static void release(struct mem_table *table, size_t slot) {
    const size_t mask = table->slot_count - 1;
    for (size_t at = next(table, slot); table->slots[at].key != 0; at = next(table, at)) {
        const size_t start = home(table, table->slots[at].key);
        if (((at - start) & mask) < ((at - slot) & mask)) continue;
        table->slots[slot] = table->slots[at];
        slot = at;
    }
    table->slots[slot] = (struct mem_record){0};
}

bool mem_table_unmap(struct mem_table *table, uint64_t gpa) {
    struct mem_mapping mapping;
    if (!mem_table_find(table, gpa, &mapping)) return false;
    release(table, slot_of(table, key_of(mapping.gpa, mapping.map)));
    table->used[mapping.map]--;
    return true;
}
