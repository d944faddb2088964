/* The nested table: refusals, capacity, and that it behaves as a plain list of mappings does. */
#include "memory/table.h"

#include "memory/tests/fixture.h"
#include "sevkit/bytes.h"
#include "sevkit/crypto.h"

extern const struct unit_suite table_suite;

#define GIB (UINT64_C(1) << 30)

static void capacities(void) {
    static const struct {
        size_t capacity, good;
    } rows[] = {{0, 0}, {1, 1}, {2, 1}, {1000, 1}, {(UINT64_C(1) << 40) + 1, 0}, {SIZE_MAX, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mem_table table;
        const struct sevkit_result r = mem_table_init(&table, rows[i].capacity, LARGE);
        if (rows[i].good) {
            UNIT_OK(r);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, "mappings");
        }
        for (uint64_t n = 0; rows[i].good && n < rows[i].capacity; n++) {
            if (!sevkit_ok(mem_table_map(&table, n * PAGE, n * PAGE, RMP_MAP_4K))) CU_FAIL("room");
        }
        if (rows[i].good) {
            UNIT_FAILS(mem_table_map(&table, GIB, 0, RMP_MAP_4K), SEVKIT_LIMIT, "mappings");
            UNIT_FAILS(mem_table_map(&table, GIB, 0, RMP_MAP_2M), SEVKIT_LIMIT, "mappings");
            UNIT_OK(mem_table_map(&table, 0, 9 * PAGE, RMP_MAP_4K)); /* a remap needs none */
            CU_ASSERT(mem_table_unmap(&table, 0));
            UNIT_OK(mem_table_map(&table, GIB, 0, RMP_MAP_1G));
            UNIT_FAILS(mem_table_map(&table, 0, 0, RMP_MAP_4K), SEVKIT_LIMIT, "mappings");
        }
        mem_table_free(&table);
        mem_table_free(&table);
    }
}

static void refusals(void) {
    static const struct {
        uint64_t gpa, spa;
        enum rmp_map map;
        const char *field; /* NULL: good */
    } rows[] = {
        {PAGE, 0, RMP_MAP_4K, NULL},
        {PAGE + 1, 0, RMP_MAP_4K, "gpa"},
        {PAGE, 0x800, RMP_MAP_4K, "spa"},
        {LARGE, LARGE, RMP_MAP_2M, NULL},
        {LARGE + PAGE, LARGE, RMP_MAP_2M, "gpa"},
        {2 * LARGE, PAGE, RMP_MAP_2M, "spa"},
        {GIB, 0, RMP_MAP_1G, NULL},
        {2 * GIB + LARGE, 0, RMP_MAP_1G, "gpa"},
        {2 * GIB, LARGE, RMP_MAP_1G, "spa"},
        {MEM_GPA_END - PAGE, 0, RMP_MAP_4K, NULL},
        {MEM_GPA_END, 0, RMP_MAP_4K, "gpa"},
        {MEM_GPA_END - GIB, 0, RMP_MAP_1G, "gpa"}, /* over the page before its end */
        {UINT64_MAX - PAGE + 1, 0, RMP_MAP_4K, "gpa"},
        /* other sizes that are there: PAGE as 4 KiB, LARGE as 2 MiB, GIB as 1 GiB */
        {0, 0, RMP_MAP_2M, "gpa"},
        {0, 0, RMP_MAP_1G, "gpa"},
        {LARGE, 0, RMP_MAP_4K, "gpa"},
        {2 * LARGE - PAGE, 0, RMP_MAP_4K, "gpa"},
        {2 * LARGE, 0, RMP_MAP_4K, NULL},
        {LARGE - PAGE, 0, RMP_MAP_4K, NULL},
        {GIB + LARGE, 0, RMP_MAP_2M, "gpa"},
        {2 * GIB - LARGE, 0, RMP_MAP_2M, "gpa"},
        {2 * GIB - PAGE, 0, RMP_MAP_4K, "gpa"},
        {2 * GIB, 0, RMP_MAP_2M, NULL},
        {GIB - LARGE, 0, RMP_MAP_2M, NULL},
        {2 * GIB, 0, RMP_MAP_1G, "gpa"},
    };
    struct mem_table table;
    struct mem_mapping m;
    UNIT_OK(mem_table_init(&table, 64, LARGE));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sevkit_result r = mem_table_map(&table, rows[i].gpa, rows[i].spa, rows[i].map);
        if (rows[i].field != NULL) {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].field);
            continue;
        }
        UNIT_OK(r);
        CU_ASSERT(mem_table_find(&table, rows[i].gpa + PAGE - 1, &m));
        CU_ASSERT(m.gpa == rows[i].gpa && m.spa == rows[i].spa && m.map == rows[i].map);
    }
    CU_ASSERT(!mem_table_find(&table, PAGE - 1, &m));
    CU_ASSERT(mem_table_find(&table, 2 * GIB - 1, &m) && m.gpa == GIB && m.map == RMP_MAP_1G);
    CU_ASSERT(!mem_table_find(&table, UINT64_MAX, &m));
    mem_table_free(&table);
}

/* ---- against a plain list ---- */

/* A large page of four small ones: the space has 64 pages, so that sizes meet often. */
#define SMALL_LARGE (4 * PAGE)
#define SPACE 64
#define ROOM 24
static const uint64_t sizes[MEM_MAP_SIZES] = {PAGE, SMALL_LARGE, 4 * SMALL_LARGE};

struct list {
    struct mem_mapping rows[ROOM];
    size_t count;
};

static size_t list_find(const struct list *list, uint64_t gpa) {
    size_t i = 0;
    while (i < list->count && gpa - list->rows[i].gpa >= sizes[list->rows[i].map]) i++;
    return i;
}

static enum sevkit_code list_map(struct list *list, struct mem_mapping m) {
    for (size_t i = 0; i < list->count; i++) {
        struct mem_mapping *r = &list->rows[i];
        if (r->gpa + sizes[r->map] <= m.gpa || m.gpa + sizes[m.map] <= r->gpa) continue;
        if (r->map != m.map) return SEVKIT_BAD_VALUE;
        r->spa = m.spa;
        return SEVKIT_OK;
    }
    if (list->count == ROOM) return SEVKIT_LIMIT;
    list->rows[list->count++] = m;
    return SEVKIT_OK;
}

static bool same(const struct mem_table *table, const struct list *list) {
    for (uint64_t gpa = 0; gpa < (SPACE + 1) * PAGE; gpa += PAGE) {
        struct mem_mapping m;
        const size_t i = list_find(list, gpa);
        if (mem_table_find(table, gpa, &m) != (i < list->count)) return false;
        if (i == list->count) continue;
        const struct mem_mapping *r = &list->rows[i];
        if (m.gpa != r->gpa || m.spa != r->spa || m.map != r->map) return false;
    }
    return true;
}

static void as_a_list(void) {
    struct mem_table table;
    struct list list = {.count = 0};
    struct crypto_drbg drbg;
    size_t codes[SEVKIT_INTERNAL + 1] = {0}, removed = 0, wrong = 0;
    crypto_drbg_init(&drbg, 20);
    UNIT_OK(mem_table_init(&table, ROOM, SMALL_LARGE));
    for (unsigned n = 0; n < 20000; n++) {
        uint8_t random[4];
        crypto_drbg_random(&drbg, random, sizeof random);
        const enum rmp_map map = random[0] % 8 < 6   ? RMP_MAP_4K
                                 : random[0] % 8 < 7 ? RMP_MAP_2M
                                                     : RMP_MAP_1G;
        const uint64_t gpa = random[1] % SPACE * PAGE, start = gpa & ~(sizes[map] - 1);
        if (random[2] % 3 != 0) {
            const struct mem_mapping m = {start, random[3] * 4 * SMALL_LARGE, map};
            const struct sevkit_result r = mem_table_map(&table, m.gpa, m.spa, map);
            codes[r.code]++;
            wrong += r.code != list_map(&list, m);
        } else {
            const size_t i = list_find(&list, gpa);
            const bool there = i < list.count;
            removed += there;
            wrong += mem_table_unmap(&table, gpa) != there;
            if (there) list.rows[i] = list.rows[--list.count];
        }
        wrong += !same(&table, &list);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(codes[SEVKIT_OK] > 1000 && codes[SEVKIT_LIMIT] > 50);
    CU_ASSERT(codes[SEVKIT_BAD_VALUE] > 1000 && removed > 1000);
    mem_table_free(&table);
}

/* 1 TiB in large pages: one record each, found again. */
static void many_large_pages(void) {
    struct mem_table table;
    const uint64_t count = (UINT64_C(1) << 40) / LARGE;
    struct mem_mapping m;
    uint64_t good = 0;
    UNIT_OK(mem_table_init(&table, count, LARGE));
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t gpa = i * LARGE, spa = (count - i) * LARGE;
        good += sevkit_ok(mem_table_map(&table, gpa, spa, RMP_MAP_2M));
    }
    CU_ASSERT_EQUAL(good, count);
    for (uint64_t i = 0; i < count; i++) {
        if (mem_table_find(&table, i * LARGE + 5, &m) && m.spa == (count - i) * LARGE) good--;
    }
    CU_ASSERT_EQUAL(good, 0);
    mem_table_free(&table);
}

static const struct unit_test tests[] = {
    {"capacities", capacities},
    {"refusals", refusals},
    {"as-a-list", as_a_list},
    {"many-large-pages", many_large_pages},
    {NULL, NULL},
};

const struct unit_suite table_suite = {"table", tests};
