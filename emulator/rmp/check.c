/* The checks on memory accesses. RMP notes, section 4; the order is Table 15-39's, by the lines. */
#include "rmp/check.h"

/* Hypervisor-Owned: nothing of the mapping is Assigned; pages without an entry are the hypervisor's. */
static struct rmp_answer check_hypervisor_owned(const struct rmp *rmp, const struct rmp_access *a,
                                                bool large) {
    if (!rmp_covers(rmp, a->spa)) return rmp_done();
    const struct rmp_words w = rmp_examined(rmp, a->spa, large);
    const bool assigned = (w.low & LOW_ASSIGNED) != 0;
    const bool neighbours = large && (w.low & LOW_SUBPAGES) != 0;
    const bool host = assigned && a->actor == RMP_HOST, guest = assigned && a->actor == RMP_GUEST;
    const bool snp_guest = assigned && a->actor == RMP_SNP_GUEST;
    const enum rmp_fault fault = a->actor == RMP_HOST ? RMP_PF : RMP_NPF;
    if (host) return rmp_raise(fault, RMP_ERROR_RMP, 101);       /* @req SNP-RMP-101 */
    if (guest) return rmp_raise(fault, RMP_ERROR_RMP, 102);      /* @req SNP-RMP-102 */
    if (snp_guest) return rmp_raise(fault, RMP_ERROR_RMP, 103);  /* @req SNP-RMP-103 */
    if (neighbours) return rmp_raise(fault, RMP_ERROR_RMP, 104); /* @req SNP-RMP-104 */
    return rmp_done();
}

/* The mask's bits that KIND needs and W lacks decide; 0: none lacks. */
static unsigned denied(const struct rmp_access *a, uint8_t mask) {
    const bool writes =
        a->kind == RMP_WRITE || a->kind == RMP_WALK_AD || a->kind == RMP_SHADOW_STACK;
    const bool reads = a->kind == RMP_READ || a->kind == RMP_WALK;
    const bool stack = a->kind == RMP_SHADOW_STACK && a->vmpl_sss;
    const bool user = a->kind == RMP_FETCH_USER, supervisor = a->kind == RMP_FETCH_SUPERVISOR;
    if (reads && (mask & RMP_PERM_READ) == 0) return 111;                    /* @req SNP-RMP-111 */
    if (writes && (mask & RMP_PERM_WRITE) == 0) return 112;                  /* @req SNP-RMP-112 */
    if (writes && (mask & RMP_PERM_READ) == 0) return 113;                   /* @req SNP-RMP-113 */
    if (user && (mask & RMP_PERM_EXECUTE_USER) == 0) return 114;             /* @req SNP-RMP-114 */
    if (supervisor && (mask & RMP_PERM_EXECUTE_SUPERVISOR) == 0) return 115; /* @req SNP-RMP-115 */
    if (stack && (mask & RMP_PERM_SHADOW_STACK) == 0) return 116;            /* @req SNP-RMP-116 */
    return 0;
}

static struct rmp_answer check_vmpl(const struct rmp_access *a, struct rmp_words w) {
    const uint8_t mask = rmp_mask_of(w, a->vmpl);
    const unsigned rule = denied(a, mask);
    if (rule == 0) return rmp_done();
    uint64_t error = RMP_ERROR_RMP | RMP_ERROR_ENC | RMP_ERROR_VMPL;
    const bool stack = a->vmpl_sss && (mask & RMP_PERM_SHADOW_STACK) != 0;
    if (stack) error |= RMP_ERROR_SSS; /* @req SNP-RMP-117 */
    return rmp_raise(RMP_NPF, error, rule);
}

static struct rmp_answer check_private(const struct rmp *rmp, const struct rmp_access *a,
                                       bool large) {
    const uint64_t npf = RMP_ERROR_RMP | RMP_ERROR_ENC;
    if (!rmp_covers(rmp, a->spa)) return rmp_raise(RMP_NPF, npf, 105); /* @req SNP-RMP-105 */
    const struct rmp_words w = rmp_examined(rmp, a->spa, large);
    const unsigned asid = rmp_asid_of(w);
    const bool mine = asid != 0 && asid == a->asid, mapped = rmp_gpa_matches(rmp, w, a->gpa, large);
    const bool fixed = (w.low & LOW_IMMUTABLE) != 0, valid = (w.low & LOW_VALIDATED) != 0;
    if (!mine) return rmp_raise(RMP_NPF, npf, 106);                  /* @req SNP-RMP-106 */
    if (!mapped) return rmp_raise(RMP_NPF, npf, 107);                /* @req SNP-RMP-107 */
    if (fixed) return rmp_raise(RMP_NPF, npf, 108);                  /* @req SNP-RMP-108 */
    if (large != rmp_is_2m(w)) return rmp_raise(RMP_NPF, npf, 109);  /* @req SNP-RMP-109 */
    if (!valid) return rmp_raise(RMP_VC, RMP_VC_NOT_VALIDATED, 110); /* @req SNP-RMP-110 */
    return check_vmpl(a, w);
}

struct rmp_answer rmp_check(const struct rmp *rmp, const struct rmp_access *a) {
    const bool fetch = a->kind == RMP_FETCH_USER || a->kind == RMP_FETCH_SUPERVISOR;
    const bool walk = a->kind == RMP_WALK || a->kind == RMP_WALK_AD;
    const bool snp = a->actor == RMP_SNP_GUEST;
    const bool small = a->kind == RMP_WALK_AD && !(snp && rmp->config.rules.guest_ad_maps);
    const bool large = a->map != RMP_MAP_4K && !small;   /* @req SNP-RMP-119 */
    const bool private = snp && (a->c || fetch || walk); /* @req SNP-RMP-118 */
    if (private) return check_private(rmp, a, large);
    if (fetch || a->kind == RMP_READ) return rmp_done();
    return check_hypervisor_owned(rmp, a, large);
}
