/* Reading and writing at the ends of memory, and that memory is sparse. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sevkit/bytes.h"
#include "sevkit/memory.h"
#include "unit/unit.h"

extern const struct unit_suite memory_suite;

#define PAGE UINT64_C(0x1000)

static struct mem *new_memory(uint64_t size) {
    struct mem *mem = NULL;
    UNIT_OK(mem_new(size, &mem));
    return mem;
}

static void refuses_bad_sizes(void) {
    struct mem *mem;
    UNIT_FAILS(mem_new(0, &mem), SEVKIT_BAD_VALUE, "size");
    UNIT_FAILS(mem_new(PAGE + 1, &mem), SEVKIT_BAD_VALUE, "size");
    UNIT_FAILS(mem_new(UINT64_MAX - PAGE + 1, &mem), SEVKIT_NO_MEMORY, "size");
}

static void reads_what_was_written(void) {
    struct mem *mem = new_memory(2 * PAGE);
    static const uint8_t text[8] = "abcdefgh", zero[8];
    uint8_t out[8] = {0xFF};
    CU_ASSERT(mem_read(mem, 0, out, sizeof out));
    UNIT_BYTES(out, zero, sizeof out);
    CU_ASSERT(mem_write(mem, PAGE - 4, text, sizeof text));
    CU_ASSERT(mem_read(mem, PAGE - 4, out, sizeof out));
    UNIT_BYTES(out, text, sizeof out);
    CU_ASSERT(mem_read(mem, PAGE + 4, out, sizeof out));
    UNIT_BYTES(out, zero, sizeof out);
    mem_free(mem);
}

static void nothing_outside(void) {
    static const struct {
        uint64_t paddr;
        size_t size;
        bool inside;
    } rows[] = {
        {0, 2 * PAGE, true},      {2 * PAGE - 8, 8, true}, {2 * PAGE, 0, true},
        {2 * PAGE - 8, 9, false}, {2 * PAGE, 1, false},    {0, 2 * PAGE + 1, false},
        {1, 2 * PAGE, false},     {UINT64_MAX, 1, false},  {UINT64_MAX - 3, 8, false},
        {1, SIZE_MAX, false},     {0, SIZE_MAX, false},
    };
    struct mem *mem = new_memory(2 * PAGE);
    static uint8_t ones[2 * PAGE], out[2 * PAGE];
    memset(ones, 1, sizeof ones);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(out, 7, sizeof out);
        CU_ASSERT_EQUAL(mem_read(mem, rows[i].paddr, out, rows[i].size), rows[i].inside);
        if (rows[i].inside) continue;
        CU_ASSERT(out[0] == 7 && out[sizeof out - 1] == 7);
        CU_ASSERT(!mem_write(mem, rows[i].paddr, ones, rows[i].size));
        CU_ASSERT(mem_read(mem, 0, out, sizeof out));
        CU_ASSERT(abi_all_zero(out, sizeof out));
    }
    mem_free(mem);
}

static uint64_t resident(void) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1) pages = 0;
    if (f != NULL) fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void a_terabyte_is_sparse(void) {
    const uint64_t tib = UINT64_C(1) << 40, before = resident();
    struct mem *mem = new_memory(tib);
    uint8_t byte = 1;
    for (uint64_t p = 0; p < tib; p += tib / 16) {
        if (!mem_write(mem, p, &byte, 1)) CU_FAIL("a page inside memory");
    }
    CU_ASSERT(mem_read(mem, tib - 1, &byte, 1));
    CU_ASSERT_EQUAL(byte, 0);
    CU_ASSERT(resident() - before < UINT64_C(1) << 20);
    mem_free(mem);
}

static const struct unit_test tests[] = {
    {"bad-sizes", refuses_bad_sizes},
    {"read-write", reads_what_was_written},
    {"outside", nothing_outside},
    {"terabyte", a_terabyte_is_sparse},
    {NULL, NULL},
};

const struct unit_suite memory_suite = {"memory", tests};
