/* The loops of a decision table, and what all tables share: pages under test and packing. */
#include "rmp/decision.h"

#include <stdlib.h>
#include <string.h>

/* ---- tables and loops ---- */

static const struct decision_table *const groups[] = {
    decision_access,
    decision_host,
    decision_guest,
    decision_structure,
};

const struct decision_table *decision_table_at(size_t index) {
    for (size_t i = 0; i < DECISION_COUNT(groups); i++)
        for (const struct decision_table *table = groups[i]; table->name != NULL; table++)
            if (index-- == 0) return table;
    return NULL;
}

const struct decision_table *decision_table_named(const char *name) {
    const struct decision_table *table;
    for (size_t i = 0; (table = decision_table_at(i)) != NULL; i++)
        if (strcmp(table->name, name) == 0) return table;
    return NULL;
}

size_t decision_product(const struct decision_table *table) {
    size_t product = 1;
    for (unsigned i = 0; i < table->dim_count; i++) product *= table->dims[i].count;
    return product;
}

/* The next case; how many loops, counted from the innermost, turned back. DIM_COUNT: that was the last case. */
static unsigned advance(const struct decision_table *table, unsigned turn[DECISION_DIMS_MAX]) {
    for (unsigned i = table->dim_count; i-- > 0; turn[i] = 0)
        if (++turn[i] < table->dims[i].count) return table->dim_count - 1 - i;
    return table->dim_count;
}

static void run_cases(const struct decision_table *table, struct decision_bench *bench,
                      decision_take *take, void *data) {
    unsigned turn[DECISION_DIMS_MAX] = {0}, at[DECISION_DIMS_MAX] = {0};
    unsigned turned = table->dim_count;
    do {
        uint32_t words[DECISION_WORDS_MAX];
        for (unsigned i = 0; i < table->dim_count; i++) at[i] = table->dims[i].from + turn[i];
        if (table->dim_count - turned <= table->outer && table->set_up != NULL)
            table->set_up(bench, at);
        if (!table->decide(bench, at, words)) memset(words, 0xFF, sizeof words);
        take(data, turn, words);
        turned = advance(table, turn);
    } while (turned < table->dim_count);
}

struct sevkit_result decision_run(const struct decision_table *table, decision_take *take,
                                  void *data) {
    struct rmp_config config = rmp_config_default(table->regions * RMP_PAGE_2M);
    struct decision_bench bench = {0};
    if (table->switches != NULL) table->switches(&config.rules);
    struct sevkit_result result = rmp_new(&config, &bench.rmp);
    config.has_rmpread = config.has_rmpquery = false;
    if (sevkit_ok(result)) result = rmp_new(&config, &bench.bare);
    if (sevkit_ok(result)) run_cases(table, &bench, take, data);
    rmp_free(bench.rmp);
    rmp_free(bench.bare);
    return result;
}

/* ---- values that several tables have ---- */

const char *const decision_states[11] = {
    "Default", "Hypervisor", "HV-Fixed", "Firmware",      "Context",     "Metadata",
    "Reclaim", "Pre-Guest",  "Pre-Swap", "Guest-Invalid", "Guest-Valid",
};
const char *const decision_sizes[2] = {"4K", "2M"};
const char *const decision_maps[3] = {"4K", "2M", "1G"};
const char *const decision_match[2] = {"match", "mismatch"};
const char *const decision_gpas[3] = {"match", "mismatch", "beyond"};
const char *const decision_pages[2] = {"aligned", "later"};
const char *const decision_neighbours[3] = {"none", "assigned", "HV-Fixed"};
const char *const decision_lows[2] = {"0", "0x800"};
const char *const decision_bits[2] = {"0", "1"};
const char *const decision_asids[2] = {"5", "0"};

/* ---- pages under test ---- */

#define OWNER RMP_PAGE_2M /* a metadata page's guest context */

static struct rmp_entry guest_entry(const struct decision_page *page, uint64_t offset) {
    return (struct rmp_entry){
        .assigned = true,
        .asid = page->other_asid ? DECISION_OTHER_ASID : DECISION_ASID,
        .gpa = (page->other_gpa ? DECISION_OTHER_GPA : DECISION_GPA) + offset,
        .perms = {0x1F, 0x0B, 0x05, 0x01},
        .vmsa = page->vmsa,
    };
}

struct rmp_entry decision_entry(const struct decision_page *page, uint64_t offset) {
    struct rmp_entry e = {0};
    switch (page->state) {
    case DECISION_DEFAULT:
    case DECISION_HYPERVISOR: break;
    case DECISION_HV_FIXED: e.immutable = true; break;
    case DECISION_FIRMWARE: e.assigned = e.immutable = true; break;
    case DECISION_CONTEXT: e.assigned = e.immutable = e.vmsa = true; break;
    case DECISION_METADATA:
        e.assigned = e.immutable = true;
        e.gpa = OWNER;
        e.mark = RMP_MARK_METADATA;
        break;
    case DECISION_RECLAIM: e.assigned = true; break;
    case DECISION_PRE_GUEST:
    case DECISION_PRE_SWAP:
    case DECISION_GUEST_INVALID:
    case DECISION_GUEST_VALID:
        e = guest_entry(page, offset);
        e.immutable = page->state == DECISION_PRE_GUEST || page->state == DECISION_PRE_SWAP;
        e.validated = page->state == DECISION_PRE_SWAP || page->state == DECISION_GUEST_VALID;
        break;
    }
    e.size = page->size;
    return e;
}

void decision_put(struct rmp *rmp, uint64_t paddr, struct rmp_entry entry) {
    if (!rmp_put(rmp, paddr, &entry)) abort(); /* all addresses lie inside */
}

static struct rmp_entry near_entry(unsigned near, uint64_t offset) {
    const struct decision_page other = {
        .state = DECISION_GUEST_INVALID, .other_asid = true, .other_gpa = true};
    const struct decision_page fixed = {.state = DECISION_HV_FIXED};
    return decision_entry(near == 1 ? &other : &fixed, offset);
}

bool decision_make(struct rmp *rmp, const struct decision_page *page) {
    const uint64_t offset = decision_offset(page->later), next = offset + RMP_PAGE_4K;
    const bool unassigned = page->state == DECISION_HYPERVISOR || page->state == DECISION_HV_FIXED;
    rmp_reset(rmp);
    if (page->state == DECISION_DEFAULT) return true;
    if (page->size == RMP_2M) {
        if (page->near != 0 || unassigned) return false;
        decision_put(rmp, DECISION_SPA, decision_entry(page, 0));
        return true;
    }
    const struct decision_page first = {.state = page->first};
    if (page->later) decision_put(rmp, DECISION_SPA, decision_entry(&first, 0));
    decision_put(rmp, DECISION_SPA + offset, decision_entry(page, offset));
    if (page->near != 0) decision_put(rmp, DECISION_SPA + next, near_entry(page->near, next));
    return true;
}

/* ---- packing: rmp_pack.py ---- */

uint32_t decision_answer(struct rmp_answer a) {
    static const uint64_t bits[] = {RMP_ERROR_RMP, RMP_ERROR_ENC, RMP_ERROR_SIZEM, RMP_ERROR_VMPL,
                                    RMP_ERROR_SSS};
    uint32_t word = (uint32_t)a.fault;
    word |= (uint32_t)a.eax << 10 | (uint32_t)a.cf << 14 | (uint32_t)a.rule << 16;
    if (a.error == RMP_VC_NOT_VALIDATED) return word | UINT32_C(1) << 8;
    for (unsigned i = 0; i < DECISION_COUNT(bits); i++) {
        if ((a.error & bits[i]) != 0) word |= UINT32_C(8) << i;
        a.error &= ~bits[i];
    }
    return word | (uint32_t)(a.error != 0) << 9;
}

/* Three words. */
static void pack_page(const struct rmp *rmp, uint64_t paddr, uint32_t *words) {
    struct rmp_entry e;
    words[0] = UINT32_C(1) << 31;
    words[1] = words[2] = 0;
    if (!rmp_entry_at(rmp, paddr, &e)) return;
    words[0] = (uint32_t)e.assigned | (uint32_t)e.size << 1 | (uint32_t)e.immutable << 2 |
               (uint32_t)e.validated << 3 | (uint32_t)e.vmsa << 4 | (uint32_t)e.mark << 5 |
               (uint32_t)e.in_use << 7 | (uint32_t)e.asid << 8 | (uint32_t)e.subpages << 18;
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) words[1] |= (uint32_t)e.perms[i] << 8 * i;
    words[2] = (uint32_t)(e.gpa / RMP_PAGE_4K);
}

void decision_instruction(const struct rmp *rmp, struct rmp_answer answer, const uint32_t told[2],
                          enum decision_state state, uint32_t words[DECISION_WORDS_MAX]) {
    static const unsigned watched[] = {0, 1, 2, 511};
    const uint64_t first = decision_region(state);
    words[0] = decision_answer(answer);
    words[1] = told[0];
    words[2] = told[1];
    words[3] = (uint32_t)(rmp_asid_pages(rmp, DECISION_ASID) |
                          rmp_asid_pages(rmp, DECISION_OTHER_ASID) << 16);
    for (unsigned i = 0; i < DECISION_COUNT(watched); i++)
        pack_page(rmp, first + watched[i] * RMP_PAGE_4K, words + 4 + 3 * i);
}
