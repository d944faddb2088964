/* The table's edges: its ends, 2 MiB pages and their splitting, and what a large table costs. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sevkit/rmp.h"
#include "unit/unit.h"

extern const struct unit_suite table_suite;

static const uint64_t SIZE = 4 * RMP_PAGE_2M;

static bool is(const struct rmp *rmp, uint64_t paddr, enum rmp_state state,
               enum rmp_page_size size) {
    struct rmp_entry e;
    return rmp_lookup(rmp, paddr, &e) && rmp_entry_state(&e) == state && e.size == size;
}

static struct rmp *new_table(uint64_t size) {
    struct rmp *rmp = NULL;
    const struct rmp_config config = rmp_config_default(size);
    UNIT_OK(rmp_new(&config, &rmp));
    return rmp;
}

static void refuses_bad_sizes(void) {
    static const struct {
        uint64_t size;
        unsigned pages;
        enum sevkit_code code;
        const char *field;
    } rows[] = {
        {0, 512, SEVKIT_BAD_VALUE, "size"},
        {RMP_PAGE_4K, 512, SEVKIT_BAD_VALUE, "size"},
        {RMP_PAGE_2M + RMP_PAGE_4K, 512, SEVKIT_BAD_VALUE, "size"},
        {UINT64_MAX - RMP_PAGE_2M + 1, 512, SEVKIT_NO_MEMORY, "size"},
        {RMP_PAGE_2M, 1, SEVKIT_BAD_VALUE, "pages_per_large"},
        {RMP_PAGE_2M, 3, SEVKIT_BAD_VALUE, "pages_per_large"},
        {RMP_PAGE_2M, 1024, SEVKIT_BAD_VALUE, "pages_per_large"},
        {3 * RMP_PAGE_4K, 2, SEVKIT_BAD_VALUE, "size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rmp_config config = rmp_config_default(rows[i].size);
        struct rmp *rmp;
        config.pages_per_large = rows[i].pages;
        UNIT_FAILS(rmp_new(&config, &rmp), rows[i].code, rows[i].field);
    }
}

static void refuses_bad_codes(void) {
    struct rmp_config config = rmp_config_default(SIZE);
    struct rmp *rmp;
    config.rules.update_inside_2m = 0;
    UNIT_FAILS(rmp_new(&config, &rmp), SEVKIT_BAD_VALUE, "update_inside_2m");
    config.rules.update_inside_2m = 5;
    UNIT_FAILS(rmp_new(&config, &rmp), SEVKIT_BAD_VALUE, "update_inside_2m");
    config.rules.update_inside_2m = 1;
    config.rules.update_over_hv_fixed = 5;
    UNIT_FAILS(rmp_new(&config, &rmp), SEVKIT_BAD_VALUE, "update_over_hv_fixed");
    config.rules.update_over_hv_fixed = 0;
    for (unsigned code = 0; code < 8; code++) {
        if (code == RMP_FAIL_INUSE || code == RMP_FAIL_OVERLAP) continue;
        config.rules.update_contended = code;
        UNIT_FAILS(rmp_new(&config, &rmp), SEVKIT_BAD_VALUE, "update_contended");
    }
    config.rules.update_contended = RMP_FAIL_OVERLAP;
    UNIT_OK(rmp_new(&config, &rmp));
    rmp_free(rmp);
}

static void starts_as_hypervisor_4k(void) {
    struct rmp *rmp = new_table(SIZE);
    CU_ASSERT(is(rmp, 0, RMP_HYPERVISOR, RMP_4K));
    CU_ASSERT(is(rmp, SIZE - 1, RMP_HYPERVISOR, RMP_4K));
    rmp_free(rmp);
}

static void nothing_outside(void) {
    struct rmp *rmp = new_table(SIZE);
    const struct rmp_entry before = {.asid = 7, .size = RMP_2M};
    static const uint64_t outside[] = {SIZE, SIZE + RMP_PAGE_2M, UINT64_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        struct rmp_entry e = before;
        CU_ASSERT(!rmp_lookup(rmp, outside[i], &e));
        CU_ASSERT(e.asid == before.asid && e.size == before.size);
        CU_ASSERT(!rmp_set(rmp, outside[i], RMP_FIRMWARE, RMP_4K));
        CU_ASSERT(!rmp_set(rmp, outside[i], RMP_FIRMWARE, RMP_2M));
    }
    CU_ASSERT(is(rmp, SIZE - 1, RMP_HYPERVISOR, RMP_4K));
    rmp_free(rmp);
}

static void sets_one_4k_page(void) {
    struct rmp *rmp = new_table(SIZE);
    const uint64_t page = RMP_PAGE_2M + 5 * RMP_PAGE_4K;
    CU_ASSERT(rmp_set(rmp, page + 0x123, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(is(rmp, page, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(is(rmp, page + 0xFFF, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(is(rmp, page - 1, RMP_HYPERVISOR, RMP_4K));
    CU_ASSERT(is(rmp, page + RMP_PAGE_4K, RMP_HYPERVISOR, RMP_4K));
    rmp_free(rmp);
}

static void sets_a_whole_2m_page(void) {
    struct rmp *rmp = new_table(SIZE);
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M, RMP_CONTEXT, RMP_4K));
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M + 7 * RMP_PAGE_4K, RMP_GUEST_VALID, RMP_2M));
    CU_ASSERT(is(rmp, RMP_PAGE_2M, RMP_GUEST_VALID, RMP_2M));
    CU_ASSERT(is(rmp, 2 * RMP_PAGE_2M - 1, RMP_GUEST_VALID, RMP_2M));
    CU_ASSERT(is(rmp, RMP_PAGE_2M - 1, RMP_HYPERVISOR, RMP_4K));
    CU_ASSERT(is(rmp, 2 * RMP_PAGE_2M, RMP_HYPERVISOR, RMP_4K));
    rmp_free(rmp);
}

/* A 4 KiB page set inside a 2 MiB page splits it: its neighbours keep the state, and nothing of
 * the time before the 2 MiB page shines through. */
static void splits_a_2m_page(void) {
    struct rmp *rmp = new_table(SIZE);
    const uint64_t stale = RMP_PAGE_2M + 9 * RMP_PAGE_4K, page = RMP_PAGE_2M + 5 * RMP_PAGE_4K;
    CU_ASSERT(rmp_set(rmp, stale, RMP_CONTEXT, RMP_4K));
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M, RMP_GUEST_VALID, RMP_2M));
    CU_ASSERT(rmp_set(rmp, page, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(is(rmp, page, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(is(rmp, RMP_PAGE_2M, RMP_GUEST_VALID, RMP_4K));
    CU_ASSERT(is(rmp, stale, RMP_GUEST_VALID, RMP_4K));
    CU_ASSERT(is(rmp, 2 * RMP_PAGE_2M - 1, RMP_GUEST_VALID, RMP_4K));
    CU_ASSERT(is(rmp, RMP_PAGE_2M - 1, RMP_HYPERVISOR, RMP_4K));
    CU_ASSERT(is(rmp, 2 * RMP_PAGE_2M, RMP_HYPERVISOR, RMP_4K));
    rmp_free(rmp);
}

/* A structure is 4 KiB: of a 2 MiB page in use that is split, only the first page stays in use. */
static void splits_a_page_in_use(void) {
    struct rmp *rmp = new_table(SIZE);
    const struct rmp_entry large = {
        .assigned = true, .asid = 3, .gpa = RMP_PAGE_2M, .size = RMP_2M, .in_use = 1};
    CU_ASSERT(rmp_put(rmp, RMP_PAGE_2M, &large));
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M + 5 * RMP_PAGE_4K, RMP_FIRMWARE, RMP_4K));
    for (uint64_t page = RMP_PAGE_2M; page < 2 * RMP_PAGE_2M; page += RMP_PAGE_4K) {
        struct rmp_entry e = {0};
        CU_ASSERT(rmp_entry_at(rmp, page, &e) && e.size == RMP_4K);
        CU_ASSERT_EQUAL(e.in_use, page == RMP_PAGE_2M);
        CU_ASSERT_EQUAL(e.asid, page == RMP_PAGE_2M + 5 * RMP_PAGE_4K ? 0 : 3);
    }
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 3), 511);
    rmp_free(rmp);
}

static void every_state_has_a_name(void) {
    static const char *const names[] = {
        "hypervisor",     "reclaim",  "firmware",      "context",     "metadata",
        "pre-guest",      "pre-swap", "guest-invalid", "guest-valid", "hv-fixed",
        "firmware-iommu", "invalid",  "unknown"};
    for (unsigned i = 0; i <= RMP_STATE_COUNT; i++) {
        CU_ASSERT_STRING_EQUAL(rmp_state_name((enum rmp_state)i), names[i]);
    }
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t resident(void) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1) pages = 0;
    if (f != NULL) fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void a_terabyte_is_sparse(void) {
    const uint64_t tib = UINT64_C(1) << 40;
    const uint64_t before = resident();
    const double start = now_ms();
    struct rmp *rmp = new_table(tib);
    CU_ASSERT(now_ms() - start < 10);
    CU_ASSERT(rmp_set(rmp, tib - 1, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(is(rmp, tib - 1, RMP_FIRMWARE, RMP_4K));
    CU_ASSERT(resident() - before < UINT64_C(1) << 20);
    for (uint64_t p = 0; p < tib; p += RMP_PAGE_2M) {
        if (!rmp_set(rmp, p, RMP_GUEST_VALID, RMP_2M)) CU_FAIL("a 2 MiB page inside the table");
    }
    CU_ASSERT(resident() - before < UINT64_C(12) << 20);
    rmp_free(rmp);
}

static const struct unit_test tests[] = {
    {"bad-sizes", refuses_bad_sizes},
    {"bad-codes", refuses_bad_codes},
    {"initial-state", starts_as_hypervisor_4k},
    {"outside", nothing_outside},
    {"set-4k", sets_one_4k_page},
    {"set-2m", sets_a_whole_2m_page},
    {"split-2m", splits_a_2m_page},
    {"split-in-use", splits_a_page_in_use},
    {"state-names", every_state_has_a_name},
    {"terabyte", a_terabyte_is_sparse},
    {NULL, NULL},
};

const struct unit_suite table_suite = {"table", tests};
