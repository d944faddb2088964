/* Chooses the steps of the walk. Each looks at the entry that it is about and takes operands that fit it, but for one
 * in a few, so that both the ways through and the refusals are walked. */
#include <stdlib.h>

#include "walk.h"

#define TRIES 8 /* looks for a page that fits */
#define GVA UINT64_C(0x7F0000000000)

/* SplitMix64. */
uint64_t walk_next(struct walk_random *random) {
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static unsigned below(struct walk_random *r, unsigned count) {
    return (unsigned)(walk_next(r) % count);
}

/* True once in COUNT times. */
static bool once_in(struct walk_random *r, unsigned count) {
    return below(r, count) == 0;
}

/* ---- addresses ---- */

/* A few pages of every region are asked for most of the time; once in a while one behind the table. */
static uint64_t any_page(struct walk_random *r, const struct rmp *rmp) {
    const unsigned pages = rmp_config_of(rmp)->pages_per_large;
    const uint64_t region = below(r, WALK_REGIONS) * rmp_large_size(rmp);
    const unsigned hot[] = {0, 0, 0, 1, 2 % pages, pages - 1, pages / 2, below(r, pages)};
    if (once_in(r, 200)) return rmp_config_of(rmp)->size + region;
    return region + hot[below(r, 8)] * RMP_PAGE_4K;
}

static uint64_t region_start(const struct rmp *rmp, uint64_t spa) {
    return spa & ~(rmp_large_size(rmp) - 1);
}

/* The entry that speaks for SPA; all zero outside the table. */
static struct rmp_entry entry_of(const struct rmp *rmp, uint64_t spa) {
    struct rmp_entry e = {0};
    if (!rmp_lookup(rmp, spa, &e)) e = (struct rmp_entry){0};
    return e;
}

/* A page that FITS, if one of a few has it. */
static uint64_t fitting(struct walk_random *r, const struct rmp *rmp,
                        bool (*fits)(const struct rmp_entry *entry)) {
    uint64_t spa = any_page(r, rmp);
    for (unsigned i = 0; i < TRIES; i++) {
        const struct rmp_entry e = entry_of(rmp, spa);
        if (fits(&e)) break;
        spa = any_page(r, rmp);
    }
    return spa;
}

static bool is_guests(const struct rmp_entry *e) {
    return e->asid != 0 && !e->immutable;
}

static bool is_shared(const struct rmp_entry *e) {
    return !e->assigned;
}

static bool is_vmsa(const struct rmp_entry *e) {
    return e->vmsa && e->asid != 0 && !e->immutable;
}

static bool is_large(const struct rmp_entry *e) {
    return e->size == RMP_2M && e->asid != 0;
}

static bool is_frozen_guests(const struct rmp_entry *e) {
    return e->immutable && e->asid != 0;
}

static bool is_firmwares(const struct rmp_entry *e) {
    return e->immutable && e->assigned;
}

/* ---- who, where ---- */

static struct rmp_cpu cpu_of(struct walk_random *r, uint16_t asid, uint8_t vmpl) {
    return (struct rmp_cpu){
        .long_mode = !once_in(r, 100),
        .snp = !once_in(r, 100),
        .cpl = once_in(r, 100) ? 3 : 0,
        .vmpl = vmpl,
        .asid = asid,
    };
}

static struct rmp_cpu host(struct walk_random *r) {
    return cpu_of(r, once_in(r, 100) ? 1 : 0, 0);
}

static uint16_t any_asid(struct walk_random *r) {
    return (uint16_t)(1 + below(r, WALK_GUESTS));
}

static uint16_t asid_like(struct walk_random *r, const struct rmp_entry *e) {
    return e->asid != 0 && !once_in(r, 16) ? e->asid : any_asid(r);
}

/* Guests have their memory where the host has it, or far above. */
static uint64_t any_gpa(struct walk_random *r, const struct rmp *rmp, uint64_t spa) {
    return once_in(r, 4) ? spa + 2 * rmp_config_of(rmp)->size : spa;
}

static uint8_t any_vmpl(struct walk_random *r) {
    return once_in(r, 4) ? (uint8_t)below(r, RMP_VMPL_COUNT + 1) : 0;
}

static uint8_t any_mask(struct walk_random *r) {
    return (uint8_t)below(r, once_in(r, 50) ? 256 : RMP_PERM_ALL + 1);
}

static enum rmp_page_size size_like(struct walk_random *r, const struct rmp_entry *e) {
    if (once_in(r, 16)) return e->size == RMP_2M ? RMP_4K : RMP_2M;
    return e->size;
}

/* What the nested table has for SPA, of whose page E speaks. */
static struct rmp_translation translation(struct walk_random *r, const struct rmp *rmp,
                                          uint64_t spa, const struct rmp_entry *e) {
    const bool large = e->size == RMP_2M;
    const uint64_t inside = large ? spa & (rmp_large_size(rmp) - 1) : 0;
    struct rmp_translation at = {
        .present = !once_in(r, 100),
        .c = !once_in(r, 50),
        .map = large ? RMP_MAP_2M : RMP_MAP_4K,
        .gpa = e->gpa + inside,
        .spa = spa,
    };
    if (large && once_in(r, 8)) at.map = RMP_MAP_1G;
    if (once_in(r, 20)) at.map = (enum rmp_map)below(r, 3);
    if (once_in(r, 20)) at.gpa = any_gpa(r, rmp, spa);
    return at;
}

/* A guest's own instruction on a page of its own, mostly. */
static struct rmp_entry choose_guest(struct walk_random *r, const struct rmp *rmp,
                                     struct walk_op *op) {
    op->spa = fitting(r, rmp, is_guests);
    const struct rmp_entry e = entry_of(rmp, op->spa);
    op->size = size_like(r, &e);
    if (op->size == RMP_2M && !once_in(r, 8)) op->spa = region_start(rmp, op->spa);
    op->at = translation(r, rmp, op->spa, &e);
    op->gva = GVA + op->spa;
    op->cpu = cpu_of(r, asid_like(r, &e), any_vmpl(r));
    return e;
}

/* ---- the kinds ---- */

static struct rmp_state_fields any_fields(struct walk_random *r, const struct rmp *rmp,
                                          uint64_t spa) {
    struct rmp_state_fields f = {.size = once_in(r, 3) ? RMP_2M : RMP_4K};
    const unsigned what = below(r, 16);
    if (what < 5) return f; /* the hypervisor's */
    f.assigned = true;
    if (what == 5) f.immutable = true; /* Firmware */
    if (what == 6) f.immutable = once_in(r, 8), f.gpa = once_in(r, 8) ? spa : 0;
    if (what < 7) return f;
    f.asid = any_asid(r);
    f.gpa = any_gpa(r, rmp, spa);
    f.immutable = what > 13;
    if (once_in(r, 50)) f.asid = 1022 + below(r, 3);
    if (once_in(r, 100)) f.assigned = false;
    return f;
}

static void choose_update(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->cpu = host(r);
    op->spa = any_page(r, rmp);
    op->fields = any_fields(r, rmp, op->spa);
    const struct rmp_entry e = entry_of(rmp, op->spa);
    if (e.asid != 0 && once_in(r, 3)) { /* the same again, frozen or not */
        const bool immutable = once_in(r, 3);
        op->fields = (struct rmp_state_fields){
            .gpa = e.gpa, .assigned = true, .size = e.size, .immutable = immutable, .asid = e.asid};
    }
    if (op->fields.size == RMP_2M && !once_in(r, 8)) op->spa = region_start(rmp, op->spa);
}

static void choose_sweep(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->cpu = (struct rmp_cpu){.long_mode = true, .snp = true};
    op->freeze = once_in(r, 2);
    const uint64_t large = region_start(rmp, fitting(r, rmp, is_large));
    const bool inside = large < rmp_config_of(rmp)->size;
    op->spa = op->freeze && inside ? large : below(r, WALK_REGIONS) * rmp_large_size(rmp);
}

static void choose_psmash(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->cpu = host(r);
    op->spa = fitting(r, rmp, is_large);
    if (!once_in(r, 8)) op->spa = region_start(rmp, op->spa);
}

static void choose_pvalidate(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    const struct rmp_entry e = choose_guest(r, rmp, op);
    op->validate = e.validated ? once_in(r, 4) : !once_in(r, 8);
    if (!once_in(r, 16)) op->cpu.vmpl = 0;
}

static void choose_adjust(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    const struct rmp_entry e = choose_guest(r, rmp, op);
    op->wanted.vmpl = (uint8_t)(op->cpu.vmpl + below(r, 4));
    op->wanted.mask = any_mask(r);
    if (op->cpu.vmpl < RMP_VMPL_COUNT && !once_in(r, 8))
        op->wanted.mask = op->wanted.mask & e.perms[op->cpu.vmpl];
    op->wanted.vmsa = once_in(r, 3);
}

static void choose_query(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    (void)choose_guest(r, rmp, op);
    op->wanted.vmpl = (uint8_t)(op->cpu.vmpl + below(r, 4));
}

static void choose_check(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    const enum rmp_actor actor = (enum rmp_actor)below(r, 3);
    op->spa = actor == RMP_SNP_GUEST ? fitting(r, rmp, is_guests) : any_page(r, rmp);
    const struct rmp_entry e = entry_of(rmp, op->spa);
    const struct rmp_translation at = translation(r, rmp, op->spa, &e);
    op->access = (struct rmp_access){
        .gpa = at.gpa,
        .spa = at.spa,
        .asid = asid_like(r, &e),
        .vmpl = any_vmpl(r),
        .c = !once_in(r, 4),
        .vmpl_sss = once_in(r, 2),
        .actor = actor,
        .kind = (enum rmp_kind)below(r, 7),
        .map = at.map,
    };
}

static void choose_structure(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->structure = (enum rmp_structure)below(r, 7);
    op->spa = fitting(r, rmp, op->structure == RMP_SNP_VMSA ? is_vmsa : is_shared);
    const struct rmp_entry e = entry_of(rmp, op->spa);
    op->access.asid = asid_like(r, &e);
    op->access.gpa = e.gpa;
}

static void choose_vmrun(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    const bool snp = !once_in(r, 3);
    op->run = (struct rmp_vmrun){
        .snp_enabled = !once_in(r, 50),
        .snp_guest = snp,
        .vmcb = fitting(r, rmp, is_shared),
        .avic = once_in(r, 2) ? fitting(r, rmp, is_shared) : RMP_NO_PAGE,
        .vmsa = fitting(r, rmp, snp ? is_vmsa : is_shared),
    };
    const struct rmp_entry e = entry_of(rmp, op->run.vmsa);
    op->spa = op->run.vmcb;
    op->run.asid = asid_like(r, &e);
    op->run.vmsa_gpa = e.gpa;
}

/* A row of the moves that starts where E is, else any. */
static enum rmp_move move_like(struct walk_random *r, const struct rmp_entry *e) {
    const struct rmp_transition *rows[RMP_MOVE_COUNT], *row;
    const enum rmp_state state = rmp_entry_state(e);
    unsigned count = 0;
    for (size_t i = 0; (row = rmp_transition_at(i)) != NULL; i++) {
        const bool for_ever = row->to == RMP_HV_FIXED; /* few, or the table fills with them */
        if (row->from != state || (for_ever && !once_in(r, 16))) continue;
        if (count < RMP_MOVE_COUNT) rows[count++] = row;
    }
    if (count == 0 || once_in(r, 16)) return (enum rmp_move)below(r, RMP_MOVE_COUNT);
    return rows[below(r, count)]->move;
}

static struct rmp_move_args args_like(struct walk_random *r, const struct rmp *rmp, uint64_t spa,
                                      const struct rmp_entry *e) {
    struct rmp_move_args args = {
        .size = size_like(r, e),
        .asid = asid_like(r, e),
        .owner = e->mark == RMP_MARK_METADATA ? e->gpa : RMP_PAGE_4K * (1 + below(r, 2)),
        .gpa = once_in(r, 4) ? any_gpa(r, rmp, spa) : e->gpa,
        .vmsa = once_in(r, 3),
        .validated = once_in(r, 2),
    };
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) args.perms[i] = any_mask(r);
    if (once_in(r, 16)) args.owner = RMP_PAGE_4K * 3;
    return args;
}

static void choose_move(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->spa = fitting(r, rmp, is_firmwares);
    const struct rmp_entry e = entry_of(rmp, op->spa);
    if (e.size == RMP_2M && !once_in(r, 8)) op->spa = region_start(rmp, op->spa);
    op->move = move_like(r, &e);
    op->args = args_like(r, rmp, op->spa, &e);
}

static void choose_move_page(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->spa = fitting(r, rmp, once_in(r, 2) ? is_frozen_guests : is_firmwares);
    const struct rmp_entry e = entry_of(rmp, op->spa);
    op->args = args_like(r, rmp, op->spa, &e);
    for (unsigned i = 0; i < TRIES; i++) {
        op->to = fitting(r, rmp, is_firmwares);
        const struct rmp_entry d = entry_of(rmp, op->to);
        if (d.asid == e.asid && d.size == e.size) break;
    }
    if (e.size == RMP_2M && !once_in(r, 8)) {
        op->spa = region_start(rmp, op->spa);
        op->to = region_start(rmp, op->to);
    }
}

static void choose_unsmash(struct walker *walker, const struct rmp *rmp, struct walk_op *op) {
    struct walk_random *r = &walker->random;
    op->spa = walker->froze ? walker->frozen : fitting(r, rmp, is_frozen_guests);
    walker->froze = false;
    if (!once_in(r, 8)) op->spa = region_start(rmp, op->spa);
}

/* Frees what no step of a machine frees, and puts the states that none makes. */
static void choose_set(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    op->spa = any_page(r, rmp);
    op->state = once_in(r, 2) ? RMP_HYPERVISOR : (enum rmp_state)below(r, RMP_INVALID);
    const bool shared = op->state == RMP_HYPERVISOR || op->state == RMP_HV_FIXED;
    op->size = !shared && once_in(r, 3) ? RMP_2M : RMP_4K;
}

static void choose_init_range(struct walk_random *r, const struct rmp *rmp, struct walk_op *op) {
    const uint64_t a = any_page(r, rmp), b = any_page(r, rmp);
    op->spa = once_in(r, 2) ? region_start(rmp, a) : a;
    op->to = once_in(r, 2) ? op->spa + rmp_large_size(rmp) : b;
    op->state = once_in(r, 8) ? (once_in(r, 2) ? RMP_HV_FIXED : RMP_FIRMWARE) : RMP_HYPERVISOR;
}

/* ---- all together ---- */

/* Of a thousand steps. */
static const unsigned weights[WALK_KINDS] = {
    [WALK_UPDATE] = 250,    [WALK_SWEEP] = 4,    [WALK_PSMASH] = 40, [WALK_RMPREAD] = 40,
    [WALK_PVALIDATE] = 150, [WALK_ADJUST] = 90,  [WALK_QUERY] = 30,  [WALK_CHECK] = 100,
    [WALK_STRUCTURE] = 20,  [WALK_VMRUN] = 30,   [WALK_VMEXIT] = 20, [WALK_MOVE] = 150,
    [WALK_MOVE_PAGE] = 23,  [WALK_UNSMASH] = 20, [WALK_SET] = 30,    [WALK_INIT_RANGE] = 3,
};

static enum walk_kind any_kind(struct walker *walker) {
    unsigned left = below(&walker->random, 1000), kind = 0;
    if (walker->froze && once_in(&walker->random, 4)) return WALK_UNSMASH;
    while (left >= weights[kind]) left -= weights[kind++];
    if (kind == WALK_VMRUN && walker->run_count == WALK_RUNS) return WALK_VMEXIT;
    if (kind == WALK_VMEXIT && walker->run_count == 0) return WALK_VMRUN;
    return (enum walk_kind)kind;
}

void walk_choose(struct walker *walker, const struct rmp *rmp, struct walk_op *op) {
    struct walk_random *r = &walker->random;
    *op = (struct walk_op){.kind = any_kind(walker)};
    switch (op->kind) {
    case WALK_UPDATE: choose_update(r, rmp, op); return;
    case WALK_SWEEP: choose_sweep(r, rmp, op); return;
    case WALK_PSMASH: choose_psmash(r, rmp, op); return;
    case WALK_RMPREAD:
        op->cpu = host(r);
        op->spa = any_page(r, rmp);
        return;
    case WALK_PVALIDATE: choose_pvalidate(r, rmp, op); return;
    case WALK_ADJUST: choose_adjust(r, rmp, op); return;
    case WALK_QUERY: choose_query(r, rmp, op); return;
    case WALK_CHECK: choose_check(r, rmp, op); return;
    case WALK_STRUCTURE: choose_structure(r, rmp, op); return;
    case WALK_VMRUN: choose_vmrun(r, rmp, op); return;
    case WALK_VMEXIT:
        op->run = walker->runs[--walker->run_count];
        op->spa = op->run.vmcb;
        return;
    case WALK_MOVE: choose_move(r, rmp, op); return;
    case WALK_MOVE_PAGE: choose_move_page(r, rmp, op); return;
    case WALK_UNSMASH: choose_unsmash(walker, rmp, op); return;
    case WALK_SET: choose_set(r, rmp, op); return;
    case WALK_INIT_RANGE: choose_init_range(r, rmp, op); return;
    case WALK_KINDS: break;
    }
    abort();
}
