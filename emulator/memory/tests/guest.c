/* A guest's creation and nested table, its instructions through it, and encryption in place. */
#include <string.h>

#include "memory/tests/fixture.h"
#include "sevkit/bytes.h"

extern const struct unit_suite guest_suite;

#define PRIVATE (RMP_ERROR_RMP | RMP_ERROR_ENC)

/* ---- creation ---- */

static void refuses_bad_configs(void) {
    struct world w = world_new(false);
    struct mem_guest *guest = NULL;
    for (int row = 0; row < 12; row++) {
        struct mem_guest_config c = world_config(9);
        const char *field = NULL;
        switch (row) {
        case 0: c.asid = 0, field = "asid"; break;
        case 1: c.asid = RMP_ASID_MAX + 1, field = "asid"; break;
        case 2: c.asid = RMP_ASID_MAX; break;
        case 3: c.vtom = true, c.snp = false, field = "vtom"; break;
        case 4: c.vtom = true; break;
        case 5: c.vtom = true, c.virtual_tom = PAGE; break;
        case 6: c.vtom = true, c.virtual_tom = PAGE + 1, field = "virtual_tom"; break;
        case 7: c.virtual_tom = PAGE + 1; break; /* of no effect without vTOM */
        case 8: c.mappings = 0, field = "mappings"; break;
        case 9: memcpy(c.key + 32, c.key, 32), field = "key"; break;
        case 10: memset(c.key, 0, 64), field = "key"; break;
        case 11: c.snp = false, c.vmpl_sss = true; break;
        }
        const struct sevkit_result r = mem_guest_new(w.bus, &c, &guest);
        if (field != NULL) {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, field);
        } else {
            UNIT_OK(r);
            mem_guest_free(guest);
        }
    }
    mem_guest_free(NULL);
    world_free(&w);
}

/* ---- the nested table ---- */

static void maps_only_memory(void) {
    static const struct {
        uint64_t gpa, spa;
        enum rmp_map map;
        const char *field;
    } rows[] = {
        {0, WORLD_MEMORY - PAGE, RMP_MAP_4K, NULL},
        {PAGE, WORLD_MEMORY, RMP_MAP_4K, "spa"},
        {LARGE, WORLD_MEMORY - LARGE, RMP_MAP_2M, NULL},
        {2 * LARGE, WORLD_MEMORY, RMP_MAP_2M, "spa"},
        {512 * LARGE, 0, RMP_MAP_1G, "spa"}, /* a memory of 10 MiB */
        {PAGE, UINT64_MAX - PAGE + 1, RMP_MAP_4K, "spa"},
        {PAGE, PAGE + 8, RMP_MAP_4K, "spa"},
        {8, PAGE, RMP_MAP_4K, "gpa"},
    };
    struct world w = world_new(false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sevkit_result r =
            mem_guest_map(w.guest, rows[i].gpa, rows[i].spa, rows[i].map);
        if (rows[i].field == NULL) {
            UNIT_OK(r);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].field);
        }
        CU_ASSERT_EQUAL(mem_guest_translate(w.guest, rows[i].gpa, true).present,
                        rows[i].field == NULL || rows[i].gpa == 8); /* row 0 holds 8 */
    }
    for (int map = RMP_MAP_1G + 1; map < 64; map++) {
        UNIT_FAILS(mem_guest_map(w.guest, 4 * LARGE, 0, (enum rmp_map)map), SEVKIT_BAD_VALUE,
                   "map");
    }
    UNIT_FAILS(mem_guest_map(w.guest, 4 * LARGE, 0, (enum rmp_map) - 1), SEVKIT_BAD_VALUE, "map");
    CU_ASSERT(!mem_guest_translate(w.guest, 4 * LARGE, true).present);
    world_free(&w);
}

static void translates(void) {
    struct world w = world_new(false);
    UNIT_OK(mem_guest_map(w.guest, 3 * PAGE, 9 * PAGE, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.guest, LARGE, 3 * LARGE, RMP_MAP_2M));
    struct rmp_translation t = mem_guest_translate(w.guest, 3 * PAGE + 0x123, true);
    CU_ASSERT(t.present && t.c && t.map == RMP_MAP_4K && t.spa == 9 * PAGE + 0x123);
    CU_ASSERT_EQUAL(t.gpa, 3 * PAGE + 0x123);
    t = mem_guest_translate(w.guest, 2 * LARGE - 1, false);
    CU_ASSERT(t.present && !t.c && t.map == RMP_MAP_2M && t.spa == 4 * LARGE - 1);
    CU_ASSERT(!mem_guest_translate(w.guest, 4 * PAGE, true).present);
    CU_ASSERT(!mem_guest_translate(w.guest, 2 * LARGE, true).present);
    CU_ASSERT(!mem_guest_translate(w.other, 3 * PAGE, true).present);
    CU_ASSERT(mem_guest_unmap(w.guest, LARGE + 5 * PAGE));
    CU_ASSERT(!mem_guest_unmap(w.guest, LARGE));
    CU_ASSERT(!mem_guest_translate(w.guest, LARGE, true).present);
    CU_ASSERT(mem_guest_translate(w.guest, 3 * PAGE, true).present);
    world_free(&w);
}

/* A memory large enough for a mapping of 1 GiB. */
static void gigabyte(void) {
    const uint64_t gib = UINT64_C(1) << 30;
    const struct rmp_config config = rmp_config_default(2 * gib);
    const struct mem_guest_config c = world_config(GUEST_ASID);
    struct world w = {0};
    uint8_t byte = 7, out = 0;
    UNIT_OK(mem_new(2 * gib, &w.mem));
    UNIT_OK(rmp_new(&config, &w.rmp));
    UNIT_OK(mem_bus_new(w.mem, w.rmp, NULL, &w.bus));
    UNIT_OK(mem_guest_new(w.bus, &c, &w.guest));
    UNIT_OK(mem_guest_map(w.guest, 4 * gib, gib, RMP_MAP_1G));
    const uint64_t gpa = 4 * gib + 3 * LARGE;
    CU_ASSERT(rmp_ok(world_update(&w, gib + 3 * LARGE, GUEST_ASID, gpa, RMP_2M)));
    SUCCEEDS(mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_2M, true));
    SUCCEEDS(world_write(w.guest, gpa + 5 * PAGE, true, &byte, 1));
    SUCCEEDS(world_read(w.guest, gpa + 5 * PAGE, true, &out, 1));
    CU_ASSERT_EQUAL(out, 7);
    FAULTS(world_read(w.guest, gpa + LARGE, true, &out, 1), RMP_NPF, PRIVATE, 106);
    FAULTS(world_read(w.guest, 5 * gib, true, &out, 1), RMP_NPF, 0, 192);
    world_free(&w);
}

/* "2 MiB" and "1 GiB" are what the RMP's large page makes them. */
static void smaller_large_pages(void) {
    struct rmp_config config = rmp_config_default(WORLD_COVERED);
    const struct mem_guest_config c = world_config(GUEST_ASID);
    struct world w = {0};
    uint8_t byte = 7, out = 0;
    config.pages_per_large = 4;
    UNIT_OK(mem_new(WORLD_MEMORY, &w.mem));
    UNIT_OK(rmp_new(&config, &w.rmp));
    UNIT_OK(mem_bus_new(w.mem, w.rmp, NULL, &w.bus));
    UNIT_OK(mem_guest_new(w.bus, &c, &w.guest));
    UNIT_FAILS(mem_guest_map(w.guest, 2 * PAGE, 0, RMP_MAP_2M), SEVKIT_BAD_VALUE, "gpa");
    UNIT_FAILS(mem_guest_map(w.guest, 4 * PAGE, 0, RMP_MAP_1G), SEVKIT_BAD_VALUE, "gpa");
    UNIT_OK(mem_guest_map(w.guest, 16 * PAGE, 32 * PAGE, RMP_MAP_1G));
    world_give_mapped(&w, w.guest, 4 * PAGE, 8 * PAGE, RMP_MAP_2M, RMP_2M);
    SUCCEEDS(world_write(w.guest, 8 * PAGE - 1, true, &byte, 1));
    SUCCEEDS(world_read(w.guest, 8 * PAGE - 1, true, &out, 1));
    CU_ASSERT_EQUAL(out, 7);
    FAULTS(world_read(w.guest, 8 * PAGE, true, &byte, 1), RMP_NPF, 0, 192);
    CU_ASSERT_EQUAL(mem_guest_translate(w.guest, 32 * PAGE - 1, true).spa, 48 * PAGE - 1);
    CU_ASSERT(!mem_guest_translate(w.guest, 32 * PAGE, true).present);
    world_free(&w);
}

static void capacity_is_stated(void) {
    struct world w = world_new(false);
    for (uint64_t i = 0; i < WORLD_MAPPINGS; i++) {
        UNIT_OK(mem_guest_map(w.guest, i * PAGE, i * PAGE, RMP_MAP_4K));
    }
    UNIT_FAILS(mem_guest_map(w.guest, LARGE, 0, RMP_MAP_2M), SEVKIT_LIMIT, "mappings");
    UNIT_OK(mem_guest_map(w.guest, 0, LARGE, RMP_MAP_4K));
    CU_ASSERT_EQUAL(mem_guest_translate(w.guest, 0, true).spa, LARGE);
    CU_ASSERT(mem_guest_unmap(w.guest, PAGE));
    UNIT_OK(mem_guest_map(w.guest, LARGE, 0, RMP_MAP_2M));
    world_free(&w);
}

/* ---- instructions ---- */

static bool code(struct rmp_answer a, enum rmp_code eax, unsigned rule) {
    return a.fault == RMP_NO_FAULT && a.eax == eax && a.rule == rule;
}

static void pvalidate(void) {
    struct world w = world_new(false);
    struct rmp_entry e;
    const uint64_t gpa = 7 * PAGE, spa = 3 * PAGE;
    FAULTS(mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_4K, true), RMP_NPF, 0, 45);
    UNIT_OK(mem_guest_map(w.guest, gpa, spa, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.plain, gpa, spa, RMP_MAP_4K));
    FAULTS(mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_4K, true), RMP_NPF, PRIVATE, 47);
    CU_ASSERT(rmp_ok(world_update(&w, spa, GUEST_ASID, gpa, RMP_4K)));
    const struct world_print before = world_print(&w);
    FAULTS(mem_guest_pvalidate(w.guest, 0, gpa, false, RMP_4K, true), RMP_NPF, RMP_ERROR_RMP, 50);
    FAULTS(mem_guest_pvalidate(w.guest, 1, gpa, true, RMP_4K, true), RMP_GP, 0, 43);
    FAULTS(mem_guest_pvalidate(w.plain, 0, gpa, true, RMP_4K, true), RMP_UD, 0, 41);
    CU_ASSERT(code(mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_2M, true), RMP_FAIL_INPUT, 44));
    CU_ASSERT(world_unchanged(&w, &before));
    struct rmp_answer a = mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_4K, true);
    CU_ASSERT(rmp_ok(a) && !a.cf);
    CU_ASSERT(rmp_entry_at(w.rmp, spa, &e) && e.validated);
    a = mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_4K, true);
    CU_ASSERT(rmp_ok(a) && a.cf);
    CU_ASSERT(rmp_ok(mem_guest_pvalidate(w.guest, 0, gpa, true, RMP_4K, false)));
    CU_ASSERT(rmp_entry_at(w.rmp, spa, &e) && !e.validated);
    world_free(&w);
}

static void pvalidate_sizes(void) {
    struct world w = world_new(false);
    struct rmp_entry e;
    UNIT_OK(mem_guest_map(w.guest, 0, LARGE, RMP_MAP_2M));
    CU_ASSERT(rmp_ok(world_update(&w, LARGE, GUEST_ASID, 0, RMP_2M)));
    FAULTS(mem_guest_pvalidate(w.guest, 0, 0, true, RMP_4K, true), RMP_NPF,
           PRIVATE | RMP_ERROR_SIZEM, 51);
    SUCCEEDS(mem_guest_pvalidate(w.guest, 0, 0, true, RMP_2M, true));
    CU_ASSERT(rmp_entry_at(w.rmp, LARGE, &e) && e.validated);
    CU_ASSERT(mem_guest_unmap(w.guest, 0));
    UNIT_OK(mem_guest_map(w.guest, 0, LARGE, RMP_MAP_4K)); /* nested 4 KiB, RMP 2 MiB */
    CU_ASSERT(
        code(mem_guest_pvalidate(w.guest, 0, 0, true, RMP_2M, true), RMP_FAIL_SIZEMISMATCH, 52));
    world_free(&w);
}

static void adjust_and_query(void) {
    struct world w = world_new(false);
    struct rmp_permissions found = {.mask = 0x55};
    const struct rmp_adjustment wanted = {.vmpl = 1, .mask = RMP_PERM_READ};
    uint8_t byte = 0;
    world_give(&w, w.guest, 7 * PAGE, 3 * PAGE);
    FAULTS(mem_guest_access(w.guest, RMP_READ, 1, 7 * PAGE, true, &byte, 1), RMP_NPF,
           PRIVATE | RMP_ERROR_VMPL, 111);
    FAULTS(mem_guest_adjust(w.guest, 0, 8 * PAGE, true, RMP_4K, &wanted), RMP_NPF, 0, 45);
    FAULTS(mem_guest_query(w.guest, 0, 8 * PAGE, true, 1, &found), RMP_NPF, 0, 45);
    CU_ASSERT_EQUAL(found.mask, 0x55);
    CU_ASSERT(code(mem_guest_adjust(w.guest, 1, 7 * PAGE, true, RMP_4K, &wanted),
                   RMP_FAIL_PERMISSION, 65));
    CU_ASSERT(
        code(mem_guest_query(w.guest, 1, 7 * PAGE, true, 1, &found), RMP_FAIL_PERMISSION, 84));
    SUCCEEDS(mem_guest_adjust(w.guest, 0, 7 * PAGE, true, RMP_4K, &wanted));
    SUCCEEDS(mem_guest_query(w.guest, 0, 7 * PAGE, true, 1, &found));
    CU_ASSERT(found.mask == RMP_PERM_READ && !found.vmsa && found.size == RMP_4K);
    SUCCEEDS(mem_guest_access(w.guest, RMP_READ, 1, 7 * PAGE, true, &byte, 1));
    FAULTS(mem_guest_access(w.guest, RMP_WRITE, 1, 7 * PAGE, true, &byte, 1), RMP_NPF,
           PRIVATE | RMP_ERROR_VMPL, 112);
    world_free(&w);
}

/* ---- firmware's encryption in place ---- */

static void encrypts_in_place(void) {
    static const uint64_t bad[] = {PAGE + 8, WORLD_MEMORY, UINT64_MAX - PAGE + 1};
    struct world w = world_new(false);
    uint8_t page[PAGE], out[PAGE];
    for (size_t i = 0; i < sizeof page; i++) page[i] = (uint8_t)i;
    CU_ASSERT(mem_write(w.mem, 3 * PAGE, page, sizeof page));
    const struct world_print before = world_print(&w);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT(!mem_encrypt_page(w.guest, bad[i]));
        CU_ASSERT(!mem_decrypt_page(w.guest, bad[i]));
    }
    CU_ASSERT(world_unchanged(&w, &before));
    CU_ASSERT(mem_encrypt_page(w.guest, 3 * PAGE));
    CU_ASSERT(mem_read(w.mem, 3 * PAGE, out, sizeof out));
    CU_ASSERT(memcmp(out, page, sizeof out) != 0);
    CU_ASSERT(mem_read(w.mem, 4 * PAGE, out, sizeof out) && abi_all_zero(out, sizeof out));
    world_give(&w, w.guest, 7 * PAGE, 3 * PAGE);
    SUCCEEDS(world_read(w.guest, 7 * PAGE, true, out, sizeof out));
    UNIT_BYTES(out, page, sizeof out);
    CU_ASSERT(mem_decrypt_page(w.guest, 3 * PAGE));
    CU_ASSERT(rmp_ok(world_update(&w, 3 * PAGE, 0, 0, RMP_4K)));
    CU_ASSERT(world_unchanged(&w, &before));
    CU_ASSERT(mem_encrypt_page(w.guest, WORLD_MEMORY - PAGE));
    world_free(&w);
}

static const struct unit_test tests[] = {
    {"bad-configs", refuses_bad_configs},
    {"maps-only-memory", maps_only_memory},
    {"translates", translates},
    {"gigabyte", gigabyte},
    {"smaller-large-pages", smaller_large_pages},
    {"capacity", capacity_is_stated},
    {"pvalidate", pvalidate},
    {"pvalidate-sizes", pvalidate_sizes},
    {"adjust-and-query", adjust_and_query},
    {"encrypts-in-place", encrypts_in_place},
    {NULL, NULL},
};

const struct unit_suite guest_suite = {"guest", tests};
