/* A region that another processor has locked, and what the table keeps beside its entries: ASID counters, fills, the
 * place of a large page's later entries. */
#include "rmp/table.h"
#include "unit/unit.h"

extern const struct unit_suite lock_suite;

#define PAGE RMP_PAGE_2M
#define REGIONS 4

static const struct rmp_cpu host = {.long_mode = true, .snp = true};

static struct rmp *new_table_of(uint32_t contended) {
    struct rmp_config config = rmp_config_default(REGIONS * RMP_PAGE_2M);
    struct rmp *rmp = NULL;
    config.rules.update_contended = contended;
    UNIT_OK(rmp_new(&config, &rmp));
    return rmp;
}

static struct rmp *new_table(void) {
    return new_table_of(rmp_config_default(REGIONS * RMP_PAGE_2M).rules.update_contended);
}

static bool is_refused(struct rmp_answer a, enum rmp_code code, unsigned rule) {
    return a.fault == RMP_NO_FAULT && a.eax == code && a.rule == rule;
}

/* RMPUPDATE and PSMASH do not wait; another region is free. CONTENDED: RMPUPDATE's code. */
static void answers_contended(enum rmp_code contended) {
    struct rmp *rmp = new_table_of(contended);
    const struct rmp_state_fields large = {.assigned = true, .asid = 1, .size = RMP_2M};
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, PAGE, &large)));
    struct rmp_region held;
    CU_ASSERT(rmp_region_try_lock(rmp, PAGE + 5 * RMP_PAGE_4K, &held));
    struct rmp_region other;
    CU_ASSERT(!rmp_region_try_lock(rmp, PAGE, &other));
    CU_ASSERT(is_refused(rmp_update(rmp, &host, PAGE, &large), contended, 12)); /* SNP-RMP-012 */
    CU_ASSERT(is_refused(rmp_psmash(rmp, &host, PAGE), RMP_FAIL_INUSE, 26));    /* SNP-RMP-026 */
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, 2 * RMP_PAGE_2M, &large)));
    rmp_region_unlock(&held);
    CU_ASSERT(rmp_ok(rmp_psmash(rmp, &host, PAGE)));
    rmp_free(rmp);
}

static void answers_in_use(void) {
    answers_contended(RMP_FAIL_INUSE);
    answers_contended(RMP_FAIL_OVERLAP);
}

/* The switch is of a region that another holds: a page in use is 3 by either value. */
static void answers_used(void) {
    static const uint32_t codes[] = {RMP_FAIL_INUSE, RMP_FAIL_OVERLAP};
    const struct rmp_state_fields none = {0};
    const struct rmp_entry used = {.assigned = true, .asid = 1, .in_use = 1};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct rmp *rmp = new_table_of(codes[i]);
        CU_ASSERT(rmp_put(rmp, PAGE, &used));
        CU_ASSERT(is_refused(rmp_update(rmp, &host, PAGE, &none), RMP_FAIL_INUSE, 12));
        rmp_free(rmp);
    }
}

/* Each way in which pages come to an ASID and leave it. */
static void counts_asids(void) {
    struct rmp *rmp = new_table();
    const struct rmp_state_fields none = {0};
    struct rmp_state_fields one = {.assigned = true, .asid = 5, .gpa = PAGE};
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, PAGE, &one)));
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, PAGE + RMP_PAGE_4K, &one)));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 2);
    one.asid = 6;
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, PAGE, &one)));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 1);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 1);
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, PAGE + RMP_PAGE_4K, &none)));
    one.size = RMP_2M;
    CU_ASSERT(rmp_ok(rmp_update(rmp, &host, PAGE, &one)));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 0);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 512);
    CU_ASSERT(rmp_ok(rmp_psmash(rmp, &host, PAGE)));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 512);
    /* A region of 4 KiB pages that becomes one entry again, as no instruction does it. */
    const struct rmp_entry large = {.assigned = true, .asid = 7, .size = RMP_2M};
    CU_ASSERT(rmp_put(rmp, PAGE, &large));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 0);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 7), 512);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 0), 0);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, RMP_ASID_MAX + 1), 0);
    rmp_reset(rmp);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 7), 0);
    rmp_free(rmp);
}

/* Entries with an ASID that are not Assigned, as only rmp_put makes them: first pages and later ones. */
static void counts_unassigned(void) {
    struct rmp *rmp = new_table();
    const struct rmp_entry stray = {.asid = 5}, large = {.asid = 6, .size = RMP_2M};
    CU_ASSERT(rmp_put(rmp, PAGE, &stray) && rmp_put(rmp, PAGE + 3 * RMP_PAGE_4K, &stray));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 2);
    CU_ASSERT(rmp_put(rmp, PAGE, &large));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 0);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 512);
    CU_ASSERT(rmp_put(rmp, PAGE + 3 * RMP_PAGE_4K, &stray));
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 1);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 511);
    rmp_reset(rmp);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 5), 0);
    CU_ASSERT_EQUAL(rmp_asid_pages(rmp, 6), 0);
    rmp_free(rmp);
}

/* Ranges of SNP_INIT that begin and end inside regions; what they leave alone. */
static void fills_ranges(void) {
    static const enum rmp_state states[] = {RMP_FIRMWARE, RMP_HV_FIXED, RMP_HYPERVISOR};
    struct rmp *rmp = new_table();
    const uint64_t start = RMP_PAGE_2M - RMP_PAGE_4K, end = 3 * RMP_PAGE_2M + RMP_PAGE_4K;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        CU_ASSERT(rmp_init_range(rmp, 0, REGIONS * RMP_PAGE_2M, RMP_HV_FIXED));
        CU_ASSERT(rmp_init_range(rmp, start, end, states[i]));
        for (uint64_t p = 0; p < REGIONS * RMP_PAGE_2M; p += RMP_PAGE_4K) {
            struct rmp_entry e = {0};
            CU_ASSERT(rmp_entry_at(rmp, p, &e));
            const bool inside = p >= start && p < end;
            CU_ASSERT_EQUAL(rmp_entry_state(&e), inside ? states[i] : RMP_HV_FIXED);
            const bool first = p % RMP_PAGE_2M == 0;
            const unsigned whole = inside && end - p >= RMP_PAGE_2M ? 511 : 0;
            const unsigned count = p == 0 ? 1 : whole;
            const bool assigned = states[i] == RMP_FIRMWARE;
            CU_ASSERT_EQUAL(e.subpages, first && assigned ? count : 0);
        }
    }
    CU_ASSERT(!rmp_init_range(rmp, 1, end, RMP_FIRMWARE));
    CU_ASSERT(!rmp_init_range(rmp, start, end + 1, RMP_FIRMWARE));
    CU_ASSERT(!rmp_init_range(rmp, end, start, RMP_FIRMWARE));
    CU_ASSERT(!rmp_init_range(rmp, 0, (REGIONS + 1) * RMP_PAGE_2M, RMP_FIRMWARE));
    CU_ASSERT(!rmp_init_range(rmp, 0, RMP_PAGE_2M, RMP_CONTEXT));
    CU_ASSERT(rmp_init_range(rmp, end, end, RMP_FIRMWARE));
    rmp_free(rmp);
}

/* A plain entry of each state is in that state, alone and as 2 MiB. */
static void sets_every_state(void) {
    struct rmp *rmp = new_table();
    for (unsigned i = 0; i < RMP_STATE_COUNT; i++) {
        const enum rmp_state state = (enum rmp_state)i;
        struct rmp_entry e = {0};
        CU_ASSERT(rmp_set(rmp, PAGE + 3 * RMP_PAGE_4K, state, RMP_4K));
        CU_ASSERT(rmp_entry_at(rmp, PAGE + 3 * RMP_PAGE_4K + 7, &e));
        CU_ASSERT_EQUAL(rmp_entry_state(&e), state);
        const bool guest = state >= RMP_PRE_GUEST && state <= RMP_GUEST_VALID;
        CU_ASSERT_EQUAL(e.asid, guest ? 1 : 0);
        if (state == RMP_FIRMWARE_IOMMU) CU_ASSERT_EQUAL(e.gpa, RMP_PAGE_4K);
        if (guest) CU_ASSERT(e.gpa == PAGE + 3 * RMP_PAGE_4K && e.perms[0] == RMP_PERM_ALL);
        CU_ASSERT(rmp_set(rmp, 2 * RMP_PAGE_2M + RMP_PAGE_4K, state, RMP_2M));
        CU_ASSERT(rmp_entry_at(rmp, 2 * RMP_PAGE_2M, &e));
        CU_ASSERT_EQUAL(rmp_entry_state(&e), state);
        CU_ASSERT_EQUAL(e.size, RMP_2M);
        if (guest) CU_ASSERT_EQUAL(e.gpa, 2 * RMP_PAGE_2M);
        CU_ASSERT(rmp_entry_at(rmp, 2 * RMP_PAGE_2M + RMP_PAGE_4K, &e));
        CU_ASSERT_EQUAL(e.size, RMP_4K);
        CU_ASSERT_EQUAL(e.asid, 0);
    }
    rmp_free(rmp);
}

/* What it is made with can be read back; the defaults are those of the docs. */
static void keeps_its_configuration(void) {
    struct rmp *rmp = new_table();
    const struct rmp_config *c = rmp_config_of(rmp);
    CU_ASSERT(c->size == REGIONS * RMP_PAGE_2M && c->pages_per_large == 512);
    CU_ASSERT(c->has_rmpread && c->has_rmpquery);
    CU_ASSERT_EQUAL(c->rules.update_contended, 3);
    CU_ASSERT(c->rules.update_inside_2m == 4 && c->rules.update_over_hv_fixed == 2);
    CU_ASSERT(c->rules.psmash_needs_asid && c->rules.psmash_needs_mutable);
    CU_ASSERT(c->rules.read_tells_region && !c->rules.update_in_use_first);
    CU_ASSERT(!c->rules.update_refuses_gpa && !c->rules.guest_ad_maps);
    CU_ASSERT(!c->rules.adjust_refuses_vmsa && !c->rules.adjust_refuses_vmsa_2m);
    CU_ASSERT_EQUAL(rmp_large_size(rmp), RMP_PAGE_2M);
    rmp_free(rmp);
    rmp_free(NULL);
}

static const struct unit_test tests[] = {
    {"in-use", answers_in_use},
    {"in-use-or-contended", answers_used},
    {"asid-counters", counts_asids},
    {"asid-counters-unassigned", counts_unassigned},
    {"init-ranges", fills_ranges},
    {"set-states", sets_every_state},
    {"configuration", keeps_its_configuration},
    {NULL, NULL},
};

const struct unit_suite lock_suite = {"lock", tests};
