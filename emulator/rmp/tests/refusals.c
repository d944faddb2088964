/* What a refused configuration or place says of itself, that a table gives its address space back, and the registries'
 * ends. */
#include <stdio.h>
#include <string.h>

#include "sevkit/rmp.h"
#include "sevkit/rmp_location.h"
#include "unit/unit.h"

extern const struct unit_suite refusals_suite;

#define SIZE (4 * RMP_PAGE_2M)

/* The whole refusal: field, value, no offset, and a rule with PART in it. */
static bool says(struct sevkit_result r, const char *field, uint64_t value, const char *part) {
    return !sevkit_ok(r) && strcmp(r.field, field) == 0 && r.value == value &&
           r.offset == SEVKIT_NO_OFFSET && strstr(r.rule, part) != NULL;
}

static struct sevkit_result make(const struct rmp_config *config) {
    struct rmp *rmp = NULL;
    const struct sevkit_result r = rmp_new(config, &rmp);
    rmp_free(rmp);
    return r;
}

static void of_configurations(void) {
    const struct rmp_config good = rmp_config_default(SIZE);
    struct rmp_config c = good;
    c.pages_per_large = 48;
    CU_ASSERT(says(make(&c), "pages_per_large", 48, "power of two"));
    c = good;
    c.size = RMP_PAGE_4K;
    CU_ASSERT(says(make(&c), "size", RMP_PAGE_4K, "multiple of a large page"));
    c = good;
    c.rules.update_contended = 2;
    CU_ASSERT(says(make(&c), "update_contended", 2, "3 or 4"));
    c = good;
    c.rules.update_inside_2m = 9;
    CU_ASSERT(says(make(&c), "update_inside_2m", 9, "1 to 4"));
    c = good;
    c.rules.update_over_hv_fixed = 9;
    CU_ASSERT(says(make(&c), "update_over_hv_fixed", 9, "0 to 4"));
    /* The regions' records find room, the pages' do not. */
    c = rmp_config_default(UINT64_C(1) << 55);
    CU_ASSERT(says(make(&c), "size", UINT64_C(1) << 55, "address space"));
    c = rmp_config_default(UINT64_C(1) << 63);
    CU_ASSERT(says(make(&c), "size", UINT64_C(1) << 63, "address space"));
}

static void of_places(void) {
    const uint64_t far = UINT64_C(1) << 52;
    CU_ASSERT(says(rmp_location_check(0x1000, 0x9FFF, false), "RMP_BASE", 0x1000, "8 KiB"));
    CU_ASSERT(says(rmp_location_check(0x2000, 0xAFFF, true), "RMP_BASE", 0x2000, "1 MiB"));
    CU_ASSERT(says(rmp_location_check(0, 0x8FFF, false), "RMP_END + 1", 0x8FFF, "8 KiB"));
    CU_ASSERT(says(rmp_location_check(0x100000, 0x108FFF, true), "RMP_END + 1", 0x108FFF, "1 MiB"));
    CU_ASSERT(says(rmp_location_check(0x2000, 0x3FFF, false), "RMP_END", 0x3FFF, "16 KiB"));
    CU_ASSERT(says(rmp_location_check(far, far + 0xFFFFF, true), "RMP_BASE", far, "2^52"));
    CU_ASSERT(says(rmp_location_check(0, far + 0xFFFFF, true), "RMP_END", far + 0xFFFFF, "2^52"));
    UNIT_OK(rmp_location_check(0, far - 1, true));
    struct rmp_segments s = {.base = 0x180000, .shift = 36, .shift_min = 36, .shift_max = 40};
    CU_ASSERT(says(rmp_segments_check(&s), "RMP_BASE", 0x180000, "1 MiB"));
    s.base = 0x100000;
    s.shift = 41;
    CU_ASSERT(says(rmp_segments_check(&s), "RmpSegSize", 41, "segment size"));
    s.shift = s.shift_max = 64;
    CU_ASSERT(says(rmp_segments_check(&s), "RmpSegSize", 64, "segment size"));
    s.shift = s.shift_max = 63;
    UNIT_OK(rmp_segments_check(&s));
}

/* Kilobytes of address space that this program has. */
static unsigned long address_space(void) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%lu", &pages) != 1) pages = 0;
    if (f != NULL) fclose(f);
    return pages * 4;
}

/* A gigabyte's table has 8 KiB of regions, which do not show, and 4 MiB of pages. */
static void gives_its_memory_back(void) {
    const struct rmp_config c = rmp_config_default(UINT64_C(1) << 40);
    UNIT_OK(make(&c));
    const unsigned long before = address_space();
    for (unsigned i = 0; i < 8; i++) UNIT_OK(make(&c));
    CU_ASSERT(address_space() < before + 8192); /* of regions alone it were 64 MiB */
}

/* ---- odd states ---- */

/* A 2 MiB page of the hypervisor's, as only rmp_put makes it: its parts are nobody's. */
static void splits_unassigned(void) {
    const struct rmp_config c = rmp_config_default(SIZE);
    struct rmp_entry e;
    struct rmp *rmp = NULL;
    UNIT_OK(rmp_new(&c, &rmp));
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M, RMP_HYPERVISOR, RMP_2M));
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M + RMP_PAGE_4K, RMP_HYPERVISOR, RMP_4K));
    CU_ASSERT(rmp_entry_at(rmp, RMP_PAGE_2M, &e));
    CU_ASSERT(e.size == RMP_4K && e.subpages == 0 && !e.assigned);
    CU_ASSERT(rmp_set(rmp, RMP_PAGE_2M + RMP_PAGE_4K, RMP_RECLAIM, RMP_4K));
    CU_ASSERT(rmp_entry_at(rmp, RMP_PAGE_2M, &e));
    CU_ASSERT_EQUAL(e.subpages, 1);
    rmp_free(rmp);
}

/* Far outside every mapping of the table's. */
static void asks_far_outside(void) {
    const struct rmp_config c = rmp_config_default(SIZE);
    const uint64_t far = UINT64_C(1) << 50;
    struct rmp *rmp = NULL;
    UNIT_OK(rmp_new(&c, &rmp));
    const struct rmp_access write = {.actor = RMP_HOST, .kind = RMP_WRITE, .spa = far};
    CU_ASSERT(rmp_ok(rmp_check(rmp, &write))); /* SNP-RMP-101 */
    CU_ASSERT(rmp_ok(rmp_check_structure(rmp, RMP_VMCB, far, 0, 0)));
    const struct rmp_access read = {
        .actor = RMP_SNP_GUEST, .kind = RMP_READ, .c = true, .spa = far, .asid = 1};
    CU_ASSERT_EQUAL(rmp_check(rmp, &read).rule, 105); /* SNP-RMP-105 */
    CU_ASSERT_EQUAL(rmp_check_structure(rmp, RMP_SNP_VMSA, far, 1, 0).rule, 134);
    rmp_free(rmp);
}

/* The last ASID that an entry can hold, and none beyond. */
static void counts_the_last_asid(void) {
    const struct rmp_config c = rmp_config_default(SIZE);
    const struct rmp_cpu host = {.long_mode = true, .snp = true};
    const struct rmp_state_fields last = {.assigned = true, .asid = RMP_ASID_MAX};
    struct rmp *rmp = NULL;
    UNIT_OK(rmp_new(&c, &rmp));
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, RMP_PAGE_2M, &last))); /* SNP-RMP-013 */
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, RMP_ASID_MAX), 1);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, RMP_ASID_MAX + 1), 0);
    rmp_free(rmp);
}

/* A table that lies nowhere has no pages, whatever address is named. */
static void lies_nowhere(void) {
    const struct rmp_config c = rmp_config_default(SIZE);
    const struct rmp_move_args args = {.size = RMP_4K};
    struct rmp *rmp = NULL;
    uint64_t entry;
    UNIT_OK(rmp_new(&c, &rmp));
    for (uint64_t at = 0; at <= RMP_PAGE_4K; at += RMP_PAGE_4K) {
        CU_ASSERT(rmp_place(rmp, at, at));
        CU_ASSERT(rmp_set(rmp, 0, RMP_FIRMWARE, RMP_4K));
        CU_ASSERT_EQUAL(rmp_move(rmp, RMP_MOVE_RECLAIM, 0, &args), RMP_MOVED);
        CU_ASSERT_EQUAL(rmp_unsmash(rmp, 0), RMP_MOVE_BAD_STATE);
        rmp_reset(rmp);
    }
    /* The region before the table's own is not its own. */
    CU_ASSERT(rmp_place(rmp, 2 * RMP_PAGE_2M, 3 * RMP_PAGE_2M));
    CU_ASSERT_EQUAL(rmp_unsmash(rmp, RMP_PAGE_2M), RMP_MOVE_BAD_STATE);
    CU_ASSERT_EQUAL(rmp_unsmash(rmp, 2 * RMP_PAGE_2M), RMP_MOVE_IN_RMP); /* SNP-RMP-175 */
    CU_ASSERT_EQUAL(rmp_unsmash(rmp, 3 * RMP_PAGE_2M), RMP_MOVE_BAD_STATE);
    CU_ASSERT(!rmp_location_entry(0, 0, 0, &entry)); /* SNP-RMP-174 */
    CU_ASSERT_EQUAL(rmp_location_covered(0x2000, 0x1FFF), 0);
    rmp_free(rmp);
}

/* An entry with an ASID that is not Assigned, which only rmp_put makes: assigning it keeps nothing of it. */
static void assigns_anew(void) {
    const struct rmp_config c = rmp_config_default(SIZE);
    const struct rmp_cpu host = {.long_mode = true, .snp = true};
    const struct rmp_state_fields fields = {.assigned = true, .asid = 7, .gpa = 0x8000};
    struct rmp_entry e = {
        .asid = 7, .gpa = 0x8000, .validated = true, .vmsa = true, .perms = {0, 3}};
    struct rmp *rmp = NULL;
    UNIT_OK(rmp_new(&c, &rmp));
    CU_ASSERT(rmp_put(rmp, RMP_PAGE_2M, &e));
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, RMP_PAGE_2M, &fields))); /* SNP-RMP-017 */
    CU_ASSERT(rmp_entry_at(rmp, RMP_PAGE_2M, &e));
    CU_ASSERT(!e.validated && !e.vmsa && e.perms[0] == RMP_PERM_ALL && e.perms[1] == 0);
    rmp_free(rmp);
}

/* The 64th processor on a page is not counted, nor does its failure take another's use away. */
static void refuses_the_64th_quietly(void) {
    const struct rmp_config c = rmp_config_default(SIZE);
    struct rmp_vmrun run = {
        .snp_enabled = true, .vmcb = RMP_PAGE_2M, .avic = RMP_NO_PAGE, .vmsa = RMP_NO_PAGE};
    struct rmp_entry e = {0};
    struct rmp *rmp = NULL;
    UNIT_OK(rmp_new(&c, &rmp));
    for (unsigned i = 0; i < 63; i++) CU_ASSERT(rmp_ok(rmp_vmrun(rmp, &run)));
    struct rmp_vmrun bad = run;
    bad.snp_guest = true;
    CU_ASSERT_EQUAL(rmp_vmrun(rmp, &bad).rule, 134);
    for (unsigned i = 0; i < 62; i++) rmp_vmexit(rmp, &run);
    CU_ASSERT(rmp_entry_at(rmp, RMP_PAGE_2M, &e));
    CU_ASSERT(e.in_use); /* SNP-RMP-143 */
    rmp_vmexit(rmp, &run);
    CU_ASSERT(rmp_entry_at(rmp, RMP_PAGE_2M, &e));
    CU_ASSERT(!e.in_use);
    rmp_free(rmp);
}

/* ---- registries ---- */

static void rows_end(void) {
    size_t n = 0;
    while (rmp_transition_at(n) != NULL) n++;
    CU_ASSERT_EQUAL(n, 17);
    CU_ASSERT_PTR_NULL(rmp_transition_at(n + 1));
    for (n = 0; rmp_instruction_row_at(n) != NULL; n++) continue;
    CU_ASSERT_EQUAL(n, 30);
    for (n = 0; rmp_page_move_row_at(n) != NULL; n++) continue;
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_EQUAL(rmp_page_move_row_at(1)->src, RMP_PRE_SWAP);
    CU_ASSERT_EQUAL(rmp_page_move_row_at(2)->dst_after, RMP_METADATA);
}

static const struct unit_test tests[] = {
    {"configurations", of_configurations},
    {"places", of_places},
    {"memory", gives_its_memory_back},
    {"unassigned-2m", splits_unassigned},
    {"far-outside", asks_far_outside},
    {"last-asid", counts_the_last_asid},
    {"nowhere", lies_nowhere},
    {"assigns-anew", assigns_anew},
    {"64th-user", refuses_the_64th_quietly},
    {"rows", rows_end},
    {NULL, NULL},
};

const struct unit_suite refusals_suite = {"refusals", tests};
