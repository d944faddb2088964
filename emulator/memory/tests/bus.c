/* The host's reads and writes, and the RMP's own pages. */
#include <string.h>

#include "memory/tests/fixture.h"
#include "sevkit/bytes.h"

extern const struct unit_suite bus_suite;

#define HOST_FAULTS(answer) FAULTS(answer, RMP_PF, RMP_ERROR_RMP, 101)

static void refuses_bad_places(void) {
    static const struct {
        struct mem_rmp_place place;
        const char *field; /* NULL: good */
    } rows[] = {
        {{WORLD_RMP, WORLD_RMP_SIZE, ABI_RMP_GENOA}, NULL},
        {{WORLD_RMP + 0x2000, WORLD_RMP_SIZE, ABI_RMP_MILAN}, NULL},
        {{WORLD_COVERED - WORLD_RMP_SIZE, WORLD_RMP_SIZE, ABI_RMP_GENOA}, NULL},
        {{0, WORLD_COVERED, ABI_RMP_GENOA}, NULL},
        {{WORLD_RMP + 0x1000, WORLD_RMP_SIZE + 0x1000, ABI_RMP_GENOA}, "RMP_BASE"},
        {{WORLD_RMP, WORLD_RMP_SIZE + 0x1000, ABI_RMP_GENOA}, "RMP_END + 1"},
        {{WORLD_RMP, WORLD_RMP_SIZE - 0x2000, ABI_RMP_GENOA}, "RMP_END"},
        {{WORLD_RMP, 0x2000, ABI_RMP_GENOA}, "RMP_END"},
        {{WORLD_RMP, 0, ABI_RMP_GENOA}, "RMP_BASE"},
        {{WORLD_COVERED, WORLD_RMP_SIZE, ABI_RMP_GENOA}, "RMP_BASE"},
        {{WORLD_COVERED - 0x2000, WORLD_RMP_SIZE, ABI_RMP_GENOA}, "RMP_BASE"},
        {{WORLD_MEMORY - 0x2000, WORLD_RMP_SIZE, ABI_RMP_GENOA}, "RMP_BASE"},
        {{0, WORLD_MEMORY + 0x2000, ABI_RMP_GENOA}, "RMP_BASE"},
        {{UINT64_MAX - 0x1FFF, WORLD_RMP_SIZE, ABI_RMP_GENOA}, "RMP_BASE"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w = world_new(false);
        const struct world_print before = world_print(&w);
        struct mem_bus *bus = NULL;
        const struct sevkit_result r = mem_bus_new(w.mem, w.rmp, &rows[i].place, &bus);
        if (rows[i].field == NULL) {
            UNIT_OK(r);
            CU_ASSERT(!world_unchanged(&w, &before)); /* Firmware pages */
            mem_bus_free(bus);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].field);
            CU_ASSERT(world_unchanged(&w, &before));
        }
        world_free(&w);
    }
}

/* The RMP covers all of memory: a place may begin with it, end with it, and be all of it. */
static void places_at_the_ends(void) {
    static const struct mem_rmp_place good[] = {
        {0, WORLD_MEMORY, ABI_RMP_GENOA},
        {WORLD_MEMORY - 0x10000, 0x10000, ABI_RMP_GENOA},
        {0, 0x10000, ABI_RMP_GENOA},
    };
    static uint8_t all[WORLD_MEMORY];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct rmp_config config = rmp_config_default(WORLD_MEMORY);
        struct world w = {0};
        struct mem_bus *bus = NULL;
        UNIT_OK(mem_new(WORLD_MEMORY, &w.mem));
        UNIT_OK(rmp_new(&config, &w.rmp));
        UNIT_OK(mem_bus_new(w.mem, w.rmp, &good[i], &bus));
        SUCCEEDS(mem_host_read(bus, 0, all, sizeof all));
        const uint8_t *entry = all + good[i].base + 0x4000 + good[i].base / PAGE * 16;
        CU_ASSERT_EQUAL(abi_get_le64(entry) & 5, 5); /* of its own first page */
        mem_bus_free(bus);
        world_free(&w);
    }
}

static void outside_memory(void) {
    static const struct {
        uint64_t spa;
        size_t size;
        bool inside;
    } rows[] = {
        {WORLD_MEMORY - 8, 8, true}, {WORLD_MEMORY, 0, true},      {WORLD_MEMORY - 8, 9, false},
        {WORLD_MEMORY, 1, false},    {UINT64_MAX, 1, false},       {UINT64_MAX - 7, 16, false},
        {1, SIZE_MAX, false},        {WORLD_MEMORY + 1, 0, false},
    };
    struct world w = world_new(true);
    const struct world_print before = world_print(&w);
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(bytes, 7, sizeof bytes);
        const struct rmp_answer read = mem_host_read(w.bus, rows[i].spa, bytes, rows[i].size);
        if (rows[i].inside) {
            SUCCEEDS(read);
            CU_ASSERT(abi_all_zero(bytes, rows[i].size));
            SUCCEEDS(mem_host_write(w.bus, rows[i].spa, RMP_MAP_4K, bytes, rows[i].size));
        } else {
            FAULTS(read, RMP_PF, 0, 0);
            CU_ASSERT_EQUAL(bytes[0], 7);
            FAULTS(mem_host_write(w.bus, rows[i].spa, RMP_MAP_4K, bytes, rows[i].size), RMP_PF, 0,
                   0);
        }
    }
    CU_ASSERT(world_unchanged(&w, &before));
    world_free(&w);
}

/* Section 7: the host reads in every state and writes where a page is not Assigned. */
static void host_by_state(void) {
    static const uint8_t bytes[8] = "written";
    for (int state = 0; state < RMP_INVALID; state++) {
        const bool writable = state == RMP_HYPERVISOR || state == RMP_HV_FIXED;
        struct world w = world_new(false);
        uint8_t out[8] = {1};
        CU_ASSERT(rmp_set(w.rmp, PAGE, (enum rmp_state)state, RMP_4K));
        const struct world_print before = world_print(&w);
        const struct rmp_answer a =
            mem_host_write(w.bus, PAGE + 8, RMP_MAP_4K, bytes, sizeof bytes);
        if (writable)
            SUCCEEDS(a);
        else
            HOST_FAULTS(a);
        CU_ASSERT_EQUAL(world_unchanged(&w, &before), !writable);
        SUCCEEDS(mem_host_read(w.bus, PAGE + 8, out, sizeof out));
        CU_ASSERT_EQUAL(memcmp(out, bytes, sizeof out) == 0, writable);
        world_free(&w);
    }
}

/* Every page is checked before the first byte moves. */
static void host_write_across_pages(void) {
    static const struct {
        uint64_t spa;
        size_t size;
        bool good;
    } rows[] = {
        {3 * PAGE, PAGE, true},      {5 * PAGE, 1, true},
        {3 * PAGE + 1, PAGE, false}, {PAGE, 4 * PAGE, false},
        {4 * PAGE, 1, false},        {4 * PAGE, PAGE, false},
        {5 * PAGE - 1, 2, false},    {4 * PAGE - 1, 1, true},
        {0, LARGE, false},           {5 * PAGE, LARGE - 5 * PAGE, true},
    };
    static uint8_t ones[LARGE];
    memset(ones, 1, sizeof ones);
    struct world w = world_new(false);
    CU_ASSERT(rmp_set(w.rmp, 4 * PAGE, RMP_GUEST_VALID, RMP_4K));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(ones, (int)i + 1, sizeof ones);
        const struct world_print before = world_print(&w);
        const struct rmp_answer a =
            mem_host_write(w.bus, rows[i].spa, RMP_MAP_4K, ones, rows[i].size);
        if (rows[i].good)
            SUCCEEDS(a);
        else
            HOST_FAULTS(a);
        CU_ASSERT_EQUAL(world_unchanged(&w, &before), !rows[i].good);
    }
    world_free(&w);
}

/* A mapping of 2 MiB or 1 GiB is checked for the whole region. */
static void host_mapping_sizes(void) {
    static const struct {
        uint64_t spa;
        enum rmp_map map;
        unsigned rule; /* that refuses; 0: none */
    } rows[] = {
        {5 * PAGE, RMP_MAP_4K, 0},         {5 * PAGE, RMP_MAP_2M, 104},
        {5 * PAGE, RMP_MAP_1G, 104},       {4 * PAGE, RMP_MAP_4K, 101},
        {LARGE + 5 * PAGE, RMP_MAP_2M, 0}, {LARGE + 5 * PAGE, RMP_MAP_1G, 0},
        {WORLD_COVERED, RMP_MAP_4K, 0},    {WORLD_COVERED, RMP_MAP_2M, 0},
    };
    struct world w = world_new(false);
    CU_ASSERT(rmp_set(w.rmp, 4 * PAGE, RMP_GUEST_INVALID, RMP_4K));
    for (uint8_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t byte = (uint8_t)(i + 1);
        const struct rmp_answer a = mem_host_write(w.bus, rows[i].spa, rows[i].map, &byte, 1);
        if (rows[i].rule == 0)
            SUCCEEDS(a);
        else
            FAULTS(a, RMP_PF, RMP_ERROR_RMP, rows[i].rule);
    }
    world_free(&w);
}

/* ---- the RMP's own pages ---- */

static void raw_entry(const struct world *w, uint64_t spa, struct rmp_entry *entry) {
    uint8_t raw[ABI_RMP_ENTRY_SIZE];
    const uint64_t at = WORLD_RMP + 0x4000 + spa / PAGE * ABI_RMP_ENTRY_SIZE;
    SUCCEEDS(mem_host_read(w->bus, at, raw, sizeof raw));
    abi_rmp_entry_decode(ABI_RMP_GENOA, raw, entry);
}

static uint64_t raw_counter(const struct world *w, unsigned asid) {
    uint8_t raw[8] = {0};
    SUCCEEDS(mem_host_read(w->bus, WORLD_RMP + 8 * asid, raw, sizeof raw));
    return abi_get_le64(raw);
}

static void reads_raw_entries(void) {
    struct world w = world_new(true);
    struct rmp_entry e;
    uint8_t hv_fixed[ABI_RMP_ENTRY_SIZE] = {4}, raw[ABI_RMP_ENTRY_SIZE];
    world_give(&w, w.guest, 7 * PAGE, 3 * PAGE);
    world_give_mapped(&w, w.other, 0, LARGE, RMP_MAP_2M, RMP_2M);
    raw_entry(&w, 3 * PAGE, &e);
    CU_ASSERT(e.assigned && e.validated && e.asid == GUEST_ASID && e.gpa == 7 * PAGE);
    CU_ASSERT_EQUAL(e.size, RMP_4K);
    raw_entry(&w, LARGE, &e);
    CU_ASSERT(e.assigned && e.asid == OTHER_ASID && e.size == RMP_2M);
    raw_entry(&w, 2 * PAGE, &e);
    CU_ASSERT_EQUAL(rmp_entry_state(&e), RMP_HYPERVISOR);
    for (uint64_t spa = WORLD_RMP; spa < WORLD_RMP + WORLD_RMP_SIZE; spa += PAGE) {
        raw_entry(&w, spa, &e);
        CU_ASSERT_EQUAL(rmp_entry_state(&e), RMP_FIRMWARE);
    }
    raw_entry(&w, WORLD_RMP - PAGE, &e);
    CU_ASSERT_EQUAL(rmp_entry_state(&e), RMP_HYPERVISOR);
    raw_entry(&w, WORLD_RMP + WORLD_RMP_SIZE, &e);
    CU_ASSERT_EQUAL(rmp_entry_state(&e), RMP_HYPERVISOR);
    CU_ASSERT(rmp_set(w.rmp, PAGE, RMP_HV_FIXED, RMP_4K));
    SUCCEEDS(mem_host_read(w.bus, WORLD_RMP + 0x4010, raw, sizeof raw));
    UNIT_BYTES(raw, hv_fixed, sizeof raw);
    world_free(&w);
}

static void reads_counters(void) {
    struct world w = world_new(true);
    uint8_t last[8] = {1};
    world_give(&w, w.guest, 7 * PAGE, 3 * PAGE);
    world_give(&w, w.guest, 8 * PAGE, 4 * PAGE);
    world_give_mapped(&w, w.other, 0, LARGE, RMP_MAP_2M, RMP_2M);
    CU_ASSERT(rmp_ok(world_update(&w, 9 * PAGE, RMP_ASID_MAX, 0, RMP_4K)));
    CU_ASSERT_EQUAL(raw_counter(&w, GUEST_ASID), 2);
    CU_ASSERT_EQUAL(raw_counter(&w, OTHER_ASID), 512);
    CU_ASSERT_EQUAL(raw_counter(&w, 0), 0);
    CU_ASSERT_EQUAL(raw_counter(&w, RMP_ASID_MAX), 1);
    CU_ASSERT_EQUAL(raw_counter(&w, RMP_ASID_MAX + 1), 0);
    SUCCEEDS(mem_host_read(w.bus, WORLD_RMP + 0x3FF8, last, sizeof last));
    CU_ASSERT(abi_all_zero(last, sizeof last));
    world_free(&w);
}

/* A read of any part is that part of a read of all; the bytes around are memory's. */
static void reads_parts(void) {
    static uint8_t all[WORLD_RMP_SIZE + 2 * PAGE], part[WORLD_RMP_SIZE + 2 * PAGE];
    struct world w = world_new(true);
    const uint64_t start = WORLD_RMP - PAGE;
    static const size_t sizes[] = {1, 7, 16, 33, PAGE + 5};
    world_give(&w, w.guest, 7 * PAGE, 3 * PAGE);
    memset(part, 0xEE, PAGE);
    SUCCEEDS(mem_host_write(w.bus, start, RMP_MAP_4K, part, PAGE));
    SUCCEEDS(mem_host_write(w.bus, WORLD_RMP + WORLD_RMP_SIZE, RMP_MAP_4K, part, PAGE));
    SUCCEEDS(mem_host_read(w.bus, start, all, sizeof all));
    CU_ASSERT(all[PAGE - 1] == 0xEE && all[PAGE] == 0 && all[PAGE + 8] == 1);
    CU_ASSERT(all[sizeof all - PAGE - 1] == 0 && all[sizeof all - PAGE] == 0xEE);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        memset(part, 7, sizeof part);
        for (size_t at = 0; at < sizeof all; at += sizes[s]) {
            const size_t size = sizeof all - at < sizes[s] ? sizeof all - at : sizes[s];
            if (!rmp_ok(mem_host_read(w.bus, start + at, part + at, size))) CU_FAIL("a read");
        }
        UNIT_BYTES(part, all, sizeof all);
    }
    world_free(&w);
}

/* The place is larger than the table: no entries there. Milan: no counters. */
static void reads_past_the_entries(void) {
    static const struct mem_rmp_place place = {2 * LARGE, LARGE, ABI_RMP_MILAN};
    static uint8_t bytes[LARGE];
    struct world w = world_new(false);
    struct mem_bus *bus = NULL;
    UNIT_OK(mem_bus_new(w.mem, w.rmp, &place, &bus));
    world_give(&w, w.guest, 7 * PAGE, 3 * PAGE);
    SUCCEEDS(mem_host_read(bus, 2 * LARGE, bytes, sizeof bytes));
    CU_ASSERT(abi_all_zero(bytes, 0x4000));
    CU_ASSERT(!abi_all_zero(bytes + 0x4000 + 48, ABI_RMP_ENTRY_SIZE));
    CU_ASSERT(abi_all_zero(bytes + WORLD_RMP_SIZE, sizeof bytes - WORLD_RMP_SIZE));
    mem_bus_free(bus);
    world_free(&w);
}

/* SNP-RMP-175; raw memory is another door: it never held the entries. */
static void own_pages_are_closed(void) {
    struct world w = world_new(true);
    uint8_t bytes[ABI_RMP_ENTRY_SIZE] = {0}, raw[ABI_RMP_ENTRY_SIZE];
    const uint64_t at = WORLD_RMP + 0x4000;
    UNIT_OK(mem_guest_map(w.guest, 0, WORLD_RMP, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.guest, PAGE, at, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.plain, PAGE, at, RMP_MAP_4K));
    CU_ASSERT(rmp_set(w.rmp, 0, RMP_HV_FIXED, RMP_4K));
    const struct world_print before = world_print(&w);
    for (uint64_t page = WORLD_RMP; page < WORLD_RMP + WORLD_RMP_SIZE; page += PAGE) {
        HOST_FAULTS(mem_host_write(w.bus, page, RMP_MAP_4K, bytes, sizeof bytes));
        const struct rmp_answer a = world_update(&w, page, 0, 0, RMP_4K);
        CU_ASSERT(a.eax == RMP_FAIL_PERMISSION && a.rule == 7);
    }
    const uint64_t npf = RMP_ERROR_RMP;
    FAULTS(world_write(w.guest, PAGE, false, bytes, sizeof bytes), RMP_NPF, npf, 103);
    FAULTS(world_write(w.plain, PAGE, false, bytes, sizeof bytes), RMP_NPF, npf, 102);
    FAULTS(world_write(w.guest, PAGE, true, bytes, sizeof bytes), RMP_NPF, npf | RMP_ERROR_ENC,
           106);
    for (uint64_t page = WORLD_RMP; page < WORLD_RMP + WORLD_RMP_SIZE; page += PAGE) {
        CU_ASSERT(!mem_encrypt_page(w.guest, page) && !mem_decrypt_page(w.guest, page));
    }
    CU_ASSERT(world_unchanged(&w, &before));
    SUCCEEDS(world_read(w.guest, PAGE, false, bytes, sizeof bytes));
    SUCCEEDS(mem_host_read(w.bus, at, raw, sizeof raw));
    UNIT_BYTES(raw, bytes, sizeof raw);
    CU_ASSERT_EQUAL(raw[0], 4);
    CU_ASSERT(mem_read(w.mem, at, raw, sizeof raw));
    CU_ASSERT(abi_all_zero(raw, sizeof raw));
    CU_ASSERT(mem_encrypt_page(w.guest, WORLD_RMP - PAGE));
    CU_ASSERT(mem_encrypt_page(w.guest, WORLD_RMP + WORLD_RMP_SIZE));
    SUCCEEDS(mem_host_write(w.bus, WORLD_RMP - 1, RMP_MAP_4K, bytes, 1));
    SUCCEEDS(mem_host_write(w.bus, WORLD_RMP + WORLD_RMP_SIZE, RMP_MAP_4K, bytes, 1));
    world_free(&w);
}

static const struct unit_test tests[] = {
    {"bad-places", refuses_bad_places},
    {"places-at-the-ends", places_at_the_ends},
    {"outside", outside_memory},
    {"host-by-state", host_by_state},
    {"host-write-across-pages", host_write_across_pages},
    {"host-mapping-sizes", host_mapping_sizes},
    {"raw-entries", reads_raw_entries},
    {"raw-counters", reads_counters},
    {"raw-parts", reads_parts},
    {"raw-past-the-entries", reads_past_the_entries},
    {"own-pages-are-closed", own_pages_are_closed},
    {NULL, NULL},
};

const struct unit_suite bus_suite = {"bus", tests};
