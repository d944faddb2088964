/* PVALIDATE, RMPADJUST, RMPQUERY: the guest's instructions. RMP notes, sections 3.3 to 3.5; the order of the checks is
 * the notes', by the lines. */
#include "rmp/check.h"

static bool is_unaligned(const struct rmp *rmp, enum rmp_page_size size, uint64_t gva) {
    return size == RMP_2M && !rmp_is_aligned(rmp, gva);
}

/* What the guest asks about. */
struct subject {
    const struct rmp_cpu *cpu;
    const struct rmp_translation *at;
    bool large;   /* the nested mapping is */
    uint64_t npf; /* the error bits of a fault of the RMP */
};

static struct subject subject_of(const struct rmp_cpu *cpu, const struct rmp_translation *at) {
    return (struct subject){
        .cpu = cpu,
        .at = at,
        .large = at->map != RMP_MAP_4K,
        .npf = RMP_ERROR_RMP | (at->c ? RMP_ERROR_ENC : 0),
    };
}

/* Before the entry is looked at. */
static struct rmp_answer check_translation(const struct rmp *rmp, const struct subject *s) {
    if (!s->at->present) return rmp_raise(RMP_NPF, 0, 45);                   /* @req SNP-RMP-045 */
    if (!rmp_covers(rmp, s->at->spa)) return rmp_raise(RMP_NPF, s->npf, 46); /* @req SNP-RMP-046 */
    if (!s->at->c) return rmp_raise(RMP_NPF, s->npf, 50);                    /* @req SNP-RMP-050 */
    return rmp_done();
}

/* Whether W is the guest's own entry for its address. */
static struct rmp_answer check_owner(const struct rmp *rmp, const struct subject *s,
                                     struct rmp_words w) {
    const unsigned asid = rmp_asid_of(w);
    const bool mine = asid != 0 && asid == s->cpu->asid;
    const bool mapped = rmp_gpa_matches(rmp, w, s->at->gpa, s->large);
    if (!mine) return rmp_raise(RMP_NPF, s->npf, 47);                        /* @req SNP-RMP-047 */
    if (!mapped) return rmp_raise(RMP_NPF, s->npf, 48);                      /* @req SNP-RMP-048 */
    if ((w.low & LOW_IMMUTABLE) != 0) return rmp_raise(RMP_NPF, s->npf, 49); /* @req SNP-RMP-049 */
    return rmp_done();
}

/* An instruction of 4 KiB on what either table has as 2 MiB. */
static struct rmp_answer check_small(const struct subject *s, struct rmp_words w,
                                     enum rmp_page_size size) {
    const bool large = s->large || rmp_is_2m(w);
    const uint64_t error = s->npf | RMP_ERROR_SIZEM;
    if (size == RMP_4K && large) return rmp_raise(RMP_NPF, error, 51); /* @req SNP-RMP-051 */
    return rmp_done();
}

/* An instruction of 2 MiB on what either table has as 4 KiB. */
static bool is_mismatch(const struct subject *s, struct rmp_words w, enum rmp_page_size size) {
    return size == RMP_2M && !(s->large && rmp_is_2m(w));
}

/* ---- the region of a subject, locked, and its entry ---- */

struct held {
    struct rmp_region region;
    uint64_t paddr; /* of the examined entry */
    struct rmp_words w;
};

/* By reference: a struct that was just written is slow to copy. */
static void hold(struct rmp *rmp, const struct subject *s, struct held *h) {
    rmp_region_lock(rmp, s->at->spa, &h->region);
    h->paddr = s->large ? h->region.first : s->at->spa;
    h->w = rmp_region_get(&h->region, h->paddr);
}

static void release(struct held *h, struct rmp_answer answer) {
    if (rmp_ok(answer)) rmp_region_set(&h->region, h->paddr, h->w);
    rmp_region_unlock(&h->region);
}

/* ---- PVALIDATE ---- */

static struct rmp_answer validate_entry(const struct rmp *rmp, const struct subject *s,
                                        enum rmp_page_size size, bool validate,
                                        struct rmp_words *w) {
    struct rmp_answer answer = check_owner(rmp, s, *w);
    if (rmp_ok(answer)) answer = check_small(s, *w, size);
    if (!rmp_ok(answer)) return answer;
    const bool small = is_mismatch(s, *w, size);
    if (small) return rmp_refuse(RMP_FAIL_SIZEMISMATCH, 52); /* @req SNP-RMP-052 */
    const uint64_t wanted = validate ? LOW_VALIDATED : 0;
    answer.cf = (w->low & LOW_VALIDATED) == wanted; /* @req SNP-RMP-053 */
    w->low = (w->low & ~LOW_VALIDATED) | wanted;    /* @req SNP-RMP-054 */
    return answer;
}

struct rmp_answer rmp_pvalidate(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t gva,
                                const struct rmp_translation *at, enum rmp_page_size size,
                                bool validate) {
    const struct subject s = subject_of(cpu, at);
    const bool unaligned = is_unaligned(rmp, size, gva);
    if (rmp_is_undefined(cpu)) return rmp_raise(RMP_UD, 0, 41); /* @req SNP-RMP-041 */
    if (cpu->cpl != 0) return rmp_raise(RMP_GP, 0, 42);         /* @req SNP-RMP-042 */
    if (cpu->vmpl != 0) return rmp_raise(RMP_GP, 0, 43);        /* @req SNP-RMP-043 */
    if (unaligned) return rmp_refuse(RMP_FAIL_INPUT, 44);       /* @req SNP-RMP-044 */
    struct rmp_answer answer = check_translation(rmp, &s);
    if (!rmp_ok(answer)) return answer;
    struct held h;
    hold(rmp, &s, &h);
    answer = validate_entry(rmp, &s, size, validate, &h.w);
    release(&h, answer);
    return answer;
}

/* ---- RMPADJUST ---- */

static struct rmp_answer adjust_entry(const struct rmp *rmp, const struct subject *s,
                                      enum rmp_page_size size, const struct rmp_adjustment *a,
                                      struct rmp_words *w) {
    const struct rmp_rules *rules = &rmp->config.rules;
    const unsigned vmpl = s->cpu->vmpl;
    struct rmp_answer answer = check_owner(rmp, s, *w);
    if (rmp_ok(answer)) answer = check_small(s, *w, size);
    if (!rmp_ok(answer)) return answer;
    const bool small = is_mismatch(s, *w, size);
    const bool validated = (w->low & LOW_VALIDATED) != 0;
    const bool vmsa_2m = a->vmsa && size == RMP_2M && rules->adjust_refuses_vmsa_2m;
    const bool vmsa_vmpl = a->vmsa && vmpl != 0 && rules->adjust_refuses_vmsa;
    const uint8_t beyond = (uint8_t)(a->mask & ~rmp_mask_of(*w, vmpl));
    if (!validated) return rmp_raise(RMP_VC, RMP_VC_NOT_VALIDATED, 66); /* @req SNP-RMP-066 */
    if (small) return rmp_refuse(RMP_FAIL_SIZEMISMATCH, 67);            /* @req SNP-RMP-067 */
    if (vmsa_2m) return rmp_refuse(RMP_FAIL_INPUT, 70);                 /* @req SNP-RMP-070 */
    if (beyond != 0) return rmp_refuse(RMP_FAIL_PERMISSION, 68);        /* @req SNP-RMP-068 */
    if (vmsa_vmpl) return rmp_refuse(RMP_FAIL_PERMISSION, 69);          /* @req SNP-RMP-069 */
    const unsigned shift = 8u * a->vmpl;
    const uint64_t kept = w->high & ~(UINT64_C(0xFF) << shift);
    w->high = kept | (uint64_t)a->mask << shift;                             /* @req SNP-RMP-071 */
    if (vmpl == 0) w->low = (w->low & ~LOW_VMSA) | (a->vmsa ? LOW_VMSA : 0); /* @req SNP-RMP-071 */
    return answer;
}

struct rmp_answer rmp_adjust(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t gva,
                             const struct rmp_translation *at, enum rmp_page_size size,
                             const struct rmp_adjustment *wanted) {
    const struct subject s = subject_of(cpu, at);
    const bool unaligned = is_unaligned(rmp, size, gva);
    const unsigned target = wanted->vmpl;
    if (rmp_is_undefined(cpu)) return rmp_raise(RMP_UD, 0, 61);          /* @req SNP-RMP-061 */
    if (cpu->cpl != 0) return rmp_raise(RMP_GP, 0, 62);                  /* @req SNP-RMP-062 */
    if (unaligned) return rmp_refuse(RMP_FAIL_INPUT, 63);                /* @req SNP-RMP-063 */
    if (target >= RMP_VMPL_COUNT) return rmp_refuse(RMP_FAIL_INPUT, 64); /* @req SNP-RMP-064 */
    if (target <= cpu->vmpl) return rmp_refuse(RMP_FAIL_PERMISSION, 65); /* @req SNP-RMP-065 */
    struct rmp_answer answer = check_translation(rmp, &s);
    if (!rmp_ok(answer)) return answer;
    struct held h;
    hold(rmp, &s, &h);
    answer = adjust_entry(rmp, &s, size, wanted, &h.w);
    release(&h, answer);
    return answer;
}

/* ---- RMPQUERY ---- */

struct rmp_answer rmp_query(const struct rmp *rmp, const struct rmp_cpu *cpu,
                            const struct rmp_translation *at, uint8_t vmpl,
                            struct rmp_permissions *found) {
    const struct subject s = subject_of(cpu, at);
    const bool undefined = rmp_is_undefined(cpu) || !rmp->config.has_rmpquery;
    if (undefined) return rmp_raise(RMP_UD, 0, 81);                    /* @req SNP-RMP-081 */
    if (cpu->cpl != 0) return rmp_raise(RMP_GP, 0, 82);                /* @req SNP-RMP-082 */
    if (vmpl >= RMP_VMPL_COUNT) return rmp_refuse(RMP_FAIL_INPUT, 83); /* @req SNP-RMP-083 */
    if (vmpl <= cpu->vmpl) return rmp_refuse(RMP_FAIL_PERMISSION, 84); /* @req SNP-RMP-084 */
    struct rmp_answer answer = check_translation(rmp, &s);
    if (!rmp_ok(answer)) return answer;
    const struct rmp_words w = rmp_examined(rmp, at->spa, s.large);
    answer = check_owner(rmp, &s, w);
    if (!rmp_ok(answer)) return answer;
    *found = (struct rmp_permissions){
        .mask = rmp_mask_of(w, vmpl),
        .vmsa = (w.low & LOW_VMSA) != 0,
        .size = rmp_is_2m(w) ? RMP_2M : RMP_4K,
    }; /* @req SNP-RMP-085 */
    return answer;
}
