/* The RMP of a saved machine: every entry comes back, and a table is written in one way only. @req SOCK-010 */
#include <string.h>

#include "saved.h"

#define LARGE RMP_PAGE_2M

static const struct rmp_cpu host = {.long_mode = true, .snp = true};

/* A machine without guests, whose table is M's alone. */
static struct vmm_machine *fresh(void) {
    struct sevkit_profile p;
    struct vmm_machine *m;
    UNIT_OK(vmm_profile_builtin(PROFILE, &p));
    UNIT_OK(vmm_machine_new(&p, NULL, 1, &m));
    return m;
}

static void put(struct vmm_machine *m, uint64_t paddr, const struct rmp_entry *e) {
    CU_ASSERT(rmp_put(m->rmp, paddr, e));
}

static struct rmp_entry guest_page(uint64_t gpa) {
    return (struct rmp_entry){.assigned = true, .asid = 7, .gpa = gpa, .perms = {0x1F, 1, 0, 3}};
}

static void assign_2m(struct vmm_machine *m, uint64_t spa) {
    const struct rmp_state_fields fields = {
        .assigned = true, .size = RMP_2M, .asid = 5, .gpa = 0x40000000};
    CU_ASSERT(rmp_ok(rmp_update(m->rmp, &host, spa, &fields)));
}

/* Every state, both sizes, pages in use, runs of every kind, regions that SNP_INIT fills. */
static void fill(struct vmm_machine *m) {
    for (int state = 0; state < RMP_STATE_COUNT; state++) {
        const uint64_t paddr = 4 * LARGE + (uint64_t)state * 2 * RMP_PAGE_4K;
        CU_ASSERT(rmp_set(m->rmp, paddr, (enum rmp_state)state, RMP_4K));
        CU_ASSERT(rmp_set(m->rmp, (uint64_t)(20 + state) * LARGE, (enum rmp_state)state, RMP_2M));
    }
    for (uint64_t i = 0; i < 8; i++) {
        const struct rmp_entry rising = guest_page(0x5000 + i * RMP_PAGE_4K),
                               same = guest_page(0x9000);
        put(m, 5 * LARGE + 0x3000 + i * RMP_PAGE_4K, &rising);
        put(m, 6 * LARGE + i * RMP_PAGE_4K, &same);
    }
    struct rmp_entry odd = guest_page(RMP_GPA_MASK);
    odd.vmsa = odd.validated = true;
    odd.in_use = RMP_IN_USE_MAX;
    odd.asid = RMP_ASID_MAX;
    put(m, 7 * LARGE - RMP_PAGE_4K, &odd);
    odd.gpa = 0; /* rises over the end of what an entry keeps; in the next region */
    put(m, 7 * LARGE, &odd);
    const struct rmp_entry used = {.in_use = 2};
    put(m, 8 * LARGE + 0x1000, &used);
    assign_2m(m, 10 * LARGE);
    assign_2m(m, 11 * LARGE);
    CU_ASSERT(rmp_ok(rmp_psmash(m->rmp, &host, 11 * LARGE)));
    CU_ASSERT(rmp_init_range(m->rmp, 12 * LARGE, 13 * LARGE + 0x5000, RMP_FIRMWARE));
    CU_ASSERT(rmp_init_range(m->rmp, 14 * LARGE, 16 * LARGE, RMP_HV_FIXED));
    for (uint64_t i = 0; i < 512; i++) { /* no region of firmware's, though its first page is */
        const struct rmp_entry rising = {
            .assigned = true, .immutable = true, .gpa = i * RMP_PAGE_4K};
        put(m, 17 * LARGE + i * RMP_PAGE_4K, &rising);
    }
    const uint64_t last = m->profile.memory_size - RMP_PAGE_4K;
    CU_ASSERT(rmp_set(m->rmp, last, RMP_RECLAIM, RMP_4K));
}

static bool same_entry(const struct rmp_entry *a, const struct rmp_entry *b) {
    return a->assigned == b->assigned && a->immutable == b->immutable && a->vmsa == b->vmsa &&
           a->validated == b->validated && a->size == b->size && a->asid == b->asid &&
           a->gpa == b->gpa && memcmp(a->perms, b->perms, sizeof a->perms) == 0 &&
           a->mark == b->mark && a->subpages == b->subpages && a->in_use == b->in_use;
}

static uint64_t differences(const struct vmm_machine *a, const struct vmm_machine *b) {
    uint64_t count = 0;
    for (uint64_t paddr = 0; paddr < a->profile.memory_size; paddr += RMP_PAGE_4K) {
        struct rmp_entry x, y;
        CU_ASSERT_FATAL(rmp_entry_at(a->rmp, paddr, &x) && rmp_entry_at(b->rmp, paddr, &y));
        if (!same_entry(&x, &y)) count++;
    }
    return count;
}

static void every_entry(void) {
    struct vmm_machine *m = fresh(), *back = NULL;
    fill(m);
    struct saved s = saved_of(m);
    UNIT_OK(saved_restore(m, &s, &back));
    CU_ASSERT_EQUAL(differences(m, back), 0);
    for (unsigned asid = 0; asid <= RMP_ASID_MAX; asid++)
        CU_ASSERT_EQUAL(rmp_asid_pages(m->rmp, asid), rmp_asid_pages(back->rmp, asid));
    struct saved t = saved_of(back);
    CU_ASSERT_EQUAL_FATAL(t.size, s.size);
    UNIT_BYTES(t.bytes, s.bytes, s.size);
    saved_free(&t);
    vmm_machine_free(back);
    saved_free(&s);
    vmm_machine_free(m);
}

/* Size of a machine without guests and with an empty RMP. */
static size_t empty_size(void) {
    struct vmm_machine *m = fresh();
    struct saved s = saved_of(m);
    const size_t size = s.size;
    saved_free(&s);
    vmm_machine_free(m);
    return size;
}

/* How many runs the table of M has. */
static size_t runs(struct vmm_machine *m) {
    struct saved s = saved_of(m);
    const size_t count = (s.size - empty_size()) / SAVED_RUN;
    CU_ASSERT_EQUAL((s.size - empty_size()) % SAVED_RUN, 0);
    saved_free(&s);
    return count;
}

/* What went back to the hypervisor costs nothing, a region of pages that follow each other little. */
static void small(void) {
    const struct rmp_state_fields none = {0}, firmware = {.assigned = true, .immutable = true};
    struct vmm_machine *m = fresh();
    CU_ASSERT_EQUAL(runs(m), 0);
    CU_ASSERT(rmp_ok(rmp_update(m->rmp, &host, 0x7000, &firmware)));
    CU_ASSERT_EQUAL(runs(m), 1);
    const struct rmp_move_args args = {.size = RMP_4K};
    CU_ASSERT(rmp_move(m->rmp, RMP_MOVE_RECLAIM, 0x7000, &args) == RMP_MOVED);
    CU_ASSERT(rmp_ok(rmp_update(m->rmp, &host, 0x7000, &none)));
    CU_ASSERT_EQUAL(runs(m), 0);
    assign_2m(m, LARGE);
    CU_ASSERT_EQUAL(runs(m), 1);
    CU_ASSERT(rmp_ok(rmp_psmash(m->rmp, &host, LARGE)));
    CU_ASSERT_EQUAL(runs(m), 1);
    CU_ASSERT(rmp_init_range(m->rmp, 8 * LARGE, 16 * LARGE, RMP_FIRMWARE));
    CU_ASSERT_EQUAL(runs(m), 9);
    vmm_machine_free(m);
}

/* ---- bytes that no machine writes ---- */

/* A run: its page, how many, whether GPAs rise, its GPA. */
struct part {
    uint64_t paddr;
    uint32_t pages;
    uint8_t rises, size;
    uint64_t gpa;
};

static void put_run(uint8_t *at, const struct part *p) {
    memset(at, 0, SAVED_RUN);
    at[0] = 1;
    abi_put_le64(at + AT_RMP_PADDR - AT_RMP, p->paddr);
    abi_put_le32(at + AT_RMP_PAGES - AT_RMP, p->pages);
    at[AT_RMP_RISES - AT_RMP] = p->rises;
    at[AT_RMP_SIZE - AT_RMP] = p->size;
    at[AT_RMP_ASSIGNED - AT_RMP] = 1;
    abi_put_le32(at + AT_RMP_ASID - AT_RMP, 5);
    abi_put_le64(at + AT_RMP_GPA - AT_RMP, p->gpa);
}

/* Two runs: the first is good, and the second as FIELD says; NULL: good too. */
static void two_runs(void) {
    static const struct {
        struct part first, second;
        const char *field;
    } rows[] = {
        {{0x1000, 2, 0, 0, 0x5000}, {0x4000, 1, 0, 0, 0x5000}, NULL},
        {{0x1000, 2, 0, 0, 0x5000}, {0x3000, 1, 0, 0, 0x6000}, NULL},
        {{0x1000, 2, 1, 0, 0x5000}, {0x3000, 1, 0, 0, 0x6000}, NULL},
        {{0x1000, 1, 0, 0, 0x5000}, {0x2000, 1, 0, 0, 0x8000}, NULL},
        {{0x1FF000, 1, 0, 0, 0x5000}, {0x200000, 1, 0, 0, 0x6000}, NULL}, /* two regions */
        {{0x200000, 512, 0, 1, 0x5000}, {0x400000, 512, 0, 1, 0x5000}, NULL},
        {{0x1000, 2, 0, 0, 0x5000}, {0x3000, 1, 0, 0, 0x5000}, "RMP_PADDR"}, /* one run */
        {{0x1000, 2, 1, 0, 0x5000}, {0x3000, 1, 0, 0, 0x7000}, "RMP_PADDR"},
        {{0x1000, 1, 0, 0, 0x5000}, {0x2000, 1, 0, 0, 0x5000}, "RMP_PADDR"},
        {{0x1000, 1, 0, 0, 0x5000}, {0x2000, 5, 1, 0, 0x6000}, "RMP_PADDR"},
        {{0x1000, 2, 0, 0, 0x5000}, {0x2000, 1, 0, 0, 0x8000}, "RMP_PADDR"}, /* twice */
        {{0x2000, 2, 0, 0, 0x5000}, {0x1000, 1, 0, 0, 0x8000}, "RMP_PADDR"}, /* falling */
        {{0x200000, 512, 0, 1, 0x5000}, {0x201000, 1, 0, 0, 0x5000}, "RMP_PADDR"},
        {{0x1000, 2, 0, 0, 0x5000}, {0x1FF000, 2, 0, 0, 0}, "RMP_PAGES"}, /* two regions */
        {{0x1000, 2, 0, 0, 0x5000}, {0x201000, 512, 0, 1, 0}, "RMP_PAGES"},
        {{0x1000, 2, 0, 0, 0x5000}, {0x200000, 511, 0, 1, 0}, "RMP_PAGES"},
        {{0x1000, 2, 0, 0, 0x5000}, {0x200000, 512, 1, 1, 0}, "RMP_GPA_RISES"},
    };
    struct vmm_machine *m = fresh(), *back = NULL;
    struct saved s = saved_of(m);
    const size_t at = s.size - CRYPTO_SHA384_SIZE - 1, size = s.size + 2 * SAVED_RUN;
    struct saved t = {.bytes = calloc(1, size), .size = size};
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.bytes);
    memcpy(t.bytes, s.bytes, at);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_run(t.bytes + at, &rows[i].first);
        put_run(t.bytes + at + SAVED_RUN, &rows[i].second);
        t.bytes[at + 2 * SAVED_RUN] = 0;
        saved_seal(&t);
        const struct sevkit_result r = saved_restore(m, &t, &back);
        if (rows[i].field == NULL) {
            UNIT_OK(r);
            struct saved again = saved_of(back);
            CU_ASSERT_EQUAL_FATAL(again.size, t.size);
            UNIT_BYTES(again.bytes, t.bytes, t.size);
            saved_free(&again);
            vmm_machine_free(back);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].field);
            CU_ASSERT_EQUAL(r.offset, at + 2 * SAVED_RUN);
        }
    }
    free(t.bytes);
    saved_free(&s);
    vmm_machine_free(m);
}

/* A page that is plainly the hypervisor's is in no run. */
static void plain_page(void) {
    struct vmm_machine *m = fresh(), *back = NULL;
    CU_ASSERT(rmp_set(m->rmp, 0x5000, RMP_RECLAIM, RMP_4K));
    struct saved s = saved_of(m);
    s.bytes[s.size - CRYPTO_SHA384_SIZE - 1 - SAVED_RUN + AT_RMP_ASSIGNED - AT_RMP] = 0;
    saved_seal(&s);
    UNIT_FAILS(saved_restore(m, &s, &back), SEVKIT_BAD_VALUE, "RMP_ASSIGNED");
    saved_free(&s);
    vmm_machine_free(m);
}

static const struct unit_test tests[] = {
    {"every-entry", every_entry}, {"small", small}, {"two-runs", two_runs},
    {"plain-page", plain_page},   {NULL, NULL},
};

const struct unit_suite save_rmp_suite = {"save-rmp", tests};
