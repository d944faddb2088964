/* The check on a memory access, for any legal table and any access, against the decision table of RMP notes, section
 * 7, written down once more from there. */
#include "prove.h"

static struct rmp_access any_access(void) {
    struct rmp_access a = {
        .gpa = nondet_uint64_t(),
        .spa = nondet_uint64_t(),
        .asid = nondet_uint16_t(),
        .vmpl = nondet_uint8_t(),
        .c = nondet_bool(),
        .vmpl_sss = nondet_bool(),
        .actor = RMP_HOST,
        .kind = RMP_READ,
        .map = prove_map(),
    };
    const uint8_t actor = nondet_uint8_t(), kind = nondet_uint8_t();
    __CPROVER_assume(a.vmpl < RMP_VMPL_COUNT && actor <= RMP_SNP_GUEST && kind <= RMP_SHADOW_STACK);
    a.actor = (enum rmp_actor)actor;
    a.kind = (enum rmp_kind)kind;
    return a;
}

static bool is_fetch(const struct rmp_access *a) {
    return a->kind == RMP_FETCH_USER || a->kind == RMP_FETCH_SUPERVISOR;
}

static bool is_walk(const struct rmp_access *a) {
    return a->kind == RMP_WALK || a->kind == RMP_WALK_AD;
}

/* The mapping counts as 2 MiB. */
static bool is_large(const struct rmp_access *a, const struct rmp_rules *rules) {
    const bool small =
        a->kind == RMP_WALK_AD && !(a->actor == RMP_SNP_GUEST && rules->guest_ad_maps);
    return a->map != RMP_MAP_4K && !small;
}

/* Every page of the mapping is the hypervisor's. */
static bool hypervisor_owned(const struct prove_view *v, uint64_t spa, bool large) {
    const unsigned page = prove_page_of(spa);
    if (page == PROVE_NOWHERE) return true;
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        const bool mapped = large ? prove_first_of(i) == prove_first_of(page) : i == page;
        if (mapped && v->entry[i].assigned) return false;
    }
    return true;
}

static bool allows(uint8_t mask, const struct rmp_access *a) {
    const uint8_t both = RMP_PERM_READ | RMP_PERM_WRITE;
    switch (a->kind) {
    case RMP_READ:
    case RMP_WALK: return (mask & RMP_PERM_READ) != 0;
    case RMP_WRITE:
    case RMP_WALK_AD: return (mask & both) == both;
    case RMP_FETCH_USER: return (mask & RMP_PERM_EXECUTE_USER) != 0;
    case RMP_FETCH_SUPERVISOR: return (mask & RMP_PERM_EXECUTE_SUPERVISOR) != 0;
    case RMP_SHADOW_STACK:
        return (mask & both) == both && (!a->vmpl_sss || (mask & RMP_PERM_SHADOW_STACK) != 0);
    }
    return false;
}

static struct rmp_answer expected_private(const struct prove_view *v, const struct rmp_access *a,
                                          bool large) {
    const struct rmp_answer npf = {.fault = RMP_NPF, .error = RMP_ERROR_RMP | RMP_ERROR_ENC};
    unsigned page = prove_page_of(a->spa);
    if (page == PROVE_NOWHERE) return npf;
    if (large) page = prove_first_of(page);
    const struct rmp_entry *e = &v->entry[page];
    if (!e->assigned || e->asid == 0 || e->asid != a->asid) return npf;
    if (!prove_maps(e, a->gpa, large)) return npf;
    if (e->immutable || large != (e->size == RMP_2M)) return npf;
    if (!e->validated) return (struct rmp_answer){.fault = RMP_VC, .error = RMP_VC_NOT_VALIDATED};
    const uint8_t mask = e->perms[a->vmpl];
    if (allows(mask, a)) return (struct rmp_answer){.fault = RMP_NO_FAULT};
    struct rmp_answer vmpl = npf;
    vmpl.error |= RMP_ERROR_VMPL;
    if (a->vmpl_sss && (mask & RMP_PERM_SHADOW_STACK) != 0) vmpl.error |= RMP_ERROR_SSS;
    return vmpl;
}

static struct rmp_answer expected(const struct prove_view *v, const struct rmp_access *a,
                                  const struct rmp_rules *rules) {
    const bool large = is_large(a, rules), snp = a->actor == RMP_SNP_GUEST;
    const struct rmp_answer fine = {.fault = RMP_NO_FAULT};
    if (snp && (a->c || is_fetch(a) || is_walk(a))) return expected_private(v, a, large);
    if (a->kind == RMP_READ || is_fetch(a) || hypervisor_owned(v, a->spa, large)) return fine;
    const enum rmp_fault fault = a->actor == RMP_HOST ? RMP_PF : RMP_NPF;
    return (struct rmp_answer){.fault = fault, .error = RMP_ERROR_RMP};
}

int main(void) {
    struct rmp *rmp = prove_table();
    const struct prove_view before = prove_look(rmp);
    const struct rmp_access access = any_access();
    const struct rmp_answer a = rmp_check(rmp, &access);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    prove_unchanged(&before, &after);
    __CPROVER_assert(a.eax == 0 && !a.cf, "no instruction's answer");
    const struct rmp_answer e = expected(&before, &access, &rmp_config_of(rmp)->rules);
    __CPROVER_assert(a.fault == e.fault, "the decision table's fault");
    __CPROVER_assert(a.error == e.error, "the decision table's error bits");
    prove_reached(a.fault == RMP_PF);
    prove_reached(a.fault == RMP_VC);
    prove_reached(a.fault == RMP_NPF && (a.error & RMP_ERROR_ENC) == 0);
    prove_reached(a.fault == RMP_NPF && (a.error & RMP_ERROR_SSS) != 0);
    prove_reached(rmp_ok(a) && access.actor == RMP_SNP_GUEST && access.c &&
                  access.map == RMP_MAP_1G);
    prove_reached(rmp_ok(a) && access.kind == RMP_SHADOW_STACK && access.c && access.vmpl_sss);
    prove_reached(rmp_ok(a) && access.actor == RMP_HOST && access.kind == RMP_WRITE &&
                  access.map == RMP_MAP_2M && access.spa < PROVE_SIZE);
    return 0;
}
