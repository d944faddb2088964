/* VMRUN's checks of the structures that it is given, and pages in use. RMP notes, section 4.2. */
#include "rmp/check.h"

/* WORDS: the page's own entry. */
static struct rmp_answer check_snp_vmsa(const struct rmp *rmp, struct rmp_words w, uint16_t asid,
                                        uint64_t gpa) {
    const bool mine = rmp_asid_of(w) != 0 && rmp_asid_of(w) == asid;
    const bool mapped = rmp_gpa_matches(rmp, w, gpa, false);
    const bool fixed = (w.low & LOW_IMMUTABLE) != 0, vmsa = (w.low & LOW_VMSA) != 0;
    if (!mine) return rmp_raise(RMP_VMEXIT_INVALID, 0, 135);   /* @req SNP-RMP-135 */
    if (!mapped) return rmp_raise(RMP_VMEXIT_INVALID, 0, 136); /* @req SNP-RMP-136 */
    if (fixed) return rmp_raise(RMP_VMEXIT_INVALID, 0, 137);   /* @req SNP-RMP-137 */
    if (!vmsa) return rmp_raise(RMP_VMEXIT_INVALID, 0, 138);   /* @req SNP-RMP-138 */
    return rmp_done();
}

/* What becomes of a structure that is not Hypervisor-Owned. */
static struct rmp_answer check_assigned(enum rmp_structure structure) {
    switch (structure) {
    case RMP_VMCB: return rmp_raise(RMP_GP, 0, 131);                          /* @req SNP-RMP-131 */
    case RMP_AVIC_BACKING_PAGE: return rmp_raise(RMP_VMEXIT_INVALID, 0, 132); /* @req SNP-RMP-132 */
    case RMP_ES_VMSA: return rmp_raise(RMP_VMEXIT_INVALID, 0, 133);           /* @req SNP-RMP-133 */
    case RMP_HSAVE: return rmp_raise(RMP_GP, 0, 139);                         /* @req SNP-RMP-139 */
    case RMP_VMSAVE: return rmp_raise(RMP_GP, 0, 140);                        /* @req SNP-RMP-140 */
    case RMP_VMSAVE_GUEST: return rmp_raise(RMP_NPF, RMP_ERROR_RMP, 141);     /* @req SNP-RMP-141 */
    case RMP_SNP_VMSA:
    case RMP_VMSAVE_ES: break;
    }
    return rmp_done();
}

static struct rmp_answer check_words(const struct rmp *rmp, enum rmp_structure structure,
                                     struct rmp_words w, uint16_t asid, uint64_t gpa) {
    if (structure == RMP_SNP_VMSA) return check_snp_vmsa(rmp, w, asid, gpa);
    if ((w.low & LOW_ASSIGNED) == 0) return rmp_done();
    return check_assigned(structure);
}

/* A page without an entry is the hypervisor's. */
static struct rmp_answer check_uncovered(enum rmp_structure structure) {
    const bool vmsa = structure == RMP_SNP_VMSA;
    if (vmsa) return rmp_raise(RMP_VMEXIT_INVALID, 0, 134); /* @req SNP-RMP-134 */
    return rmp_done();
}

struct rmp_answer rmp_check_structure(const struct rmp *rmp, enum rmp_structure structure,
                                      uint64_t spa, uint16_t asid, uint64_t gpa) {
    const bool exits = structure == RMP_VMSAVE_ES;
    if (exits) return rmp_raise(RMP_VMEXIT_VMSAVE, 0, 145); /* @req SNP-RMP-145 */
    if (!rmp_covers(rmp, spa)) return check_uncovered(structure);
    return check_words(rmp, structure, rmp_words_at(rmp, spa), asid, gpa);
}

/* ---- VMRUN: each page is checked and taken into use under its region's lock ---- */

struct page {
    enum rmp_structure structure;
    uint64_t spa; /* RMP_NO_PAGE lies in no table */
    bool counted; /* one user more */
};

static struct rmp_answer take(struct rmp *rmp, const struct rmp_vmrun *run, struct page *page) {
    if (!rmp_covers(rmp, page->spa)) return check_uncovered(page->structure);
    struct rmp_region region;
    rmp_region_lock(rmp, page->spa, &region);
    struct rmp_words w = rmp_region_get(&region, page->spa);
    const struct rmp_answer answer = check_words(rmp, page->structure, w, run->asid, run->vmsa_gpa);
    if (rmp_ok(answer)) {
        page->counted = (w.high & HIGH_IN_USE) != HIGH_IN_USE;
        if (page->counted) w.high += HIGH_USER; /* @req SNP-RMP-143 */
        rmp_region_set(&region, page->spa, w);
    }
    rmp_region_unlock(&region);
    return answer;
}

static void leave(struct rmp *rmp, uint64_t spa) {
    if (!rmp_covers(rmp, spa)) return;
    struct rmp_region region;
    rmp_region_lock(rmp, spa, &region);
    struct rmp_words w = rmp_region_get(&region, spa);
    if ((w.high & HIGH_IN_USE) != 0) {
        w.high -= HIGH_USER; /* @req SNP-RMP-143 */
        rmp_region_set(&region, spa, w);
    }
    rmp_region_unlock(&region);
}

struct rmp_answer rmp_vmrun(struct rmp *rmp, const struct rmp_vmrun *run) {
    struct page pages[] = {
        {.structure = RMP_VMCB, .spa = run->vmcb},
        {.structure = RMP_AVIC_BACKING_PAGE, .spa = run->avic},
        {.structure = run->snp_guest ? RMP_SNP_VMSA : RMP_ES_VMSA, .spa = run->vmsa},
    };
    const bool off = run->snp_guest && !run->snp_enabled;
    if (run->no_hsave) return rmp_raise(RMP_GP, 0, 144);   /* @req SNP-RMP-144 */
    if (off) return rmp_raise(RMP_VMEXIT_INVALID, 0, 142); /* @req SNP-RMP-142 */
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        const struct rmp_answer answer = take(rmp, run, &pages[i]);
        if (rmp_ok(answer)) continue;
        while (i-- > 0)
            if (pages[i].counted) leave(rmp, pages[i].spa);
        return answer;
    }
    return rmp_done();
}

void rmp_vmexit(struct rmp *rmp, const struct rmp_vmrun *run) {
    const uint64_t pages[] = {run->vmcb, run->avic, run->vmsa};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) leave(rmp, pages[i]);
}
