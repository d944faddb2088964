/* Pages in use between VMRUN and #VMEXIT. RMP notes, section 4.2. */
#include "rmp/rmp.h"

/* A table with a VMSA page in the region under test and free pages beside it. */
static struct rmp_shot table(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_UPDATE, pages);
    shot.entry = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA + PAGE);
    shot.entry.vmsa = true;
    return shot;
}

static struct rmp_vmrun run_of(const struct rmp_shot *shot) {
    return (struct rmp_vmrun){.snp_enabled = true,
                              .snp_guest = true,
                              .vmcb = shot->spa + 2 * PAGE,
                              .avic = shot->spa + 3 * PAGE,
                              .vmsa = shot->spa,
                              .vmsa_gpa = RMP_GPA + PAGE,
                              .asid = RMP_ASID};
}

/* 63 processors on a page are told apart. */
#define USERS 63

static unsigned times_in(const uint64_t *list, uint64_t page) {
    unsigned times = 0;
    for (unsigned i = 0; i < 3; i++) times += list[i] != RMP_NO_PAGE && list[i] / PAGE == page;
    return times;
}

/* Each page of RUN has a user for each of so many VMRUNs; everything else is as BEFORE has it. */
static void uses(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run,
                 const struct rmp_image *before, unsigned users) {
    static const char rule[] = "the structures' pages alone are in use, from VMRUN to #VMEXIT";
    const uint64_t list[] = {run->vmcb, run->avic, run->vmsa};
    struct rmp_image after;
    rmp_image_take(rmp, &after);
    for (unsigned i = 0; i < after.pages; i++) {
        struct rmp_entry wanted = before->entries[i];
        const unsigned all = users * times_in(list, i);
        wanted.in_use = (uint8_t)(all < USERS ? all : USERS);
        SUITE_STEP(rmp_entry_equal(ctx, &wanted, &after.entries[i], rule));
    }
    SUITE_STEP(rmp_image_counted(ctx, &after));
}

static void run_and_exit(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run) {
    struct rmp_image before;
    rmp_image_take(rmp, &before);
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, run)), "all structures are good");
    uses(ctx, rmp, run, &before, 1);
    if (suite_stopped(ctx)) return;
    rmp_vmexit(rmp, run);
    uses(ctx, rmp, run, &before, 0);
}

static void with_table(struct suite_ctx *ctx, const struct rmp_shot *shot,
                       void (*body)(struct suite_ctx *ctx, struct rmp *rmp,
                                    const struct rmp_vmrun *run)) {
    const struct rmp_vmrun run = run_of(shot);
    struct rmp *rmp;
    SUITE_STEP(rmp_shot_make(ctx, shot, &rmp));
    body(ctx, rmp, &run);
    rmp_free(rmp);
}

static void run_case(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_shot shot = table(pages);
    with_table(ctx, &shot, run_and_exit);
}

static void run(struct suite_ctx *ctx) {
    rmp_each_size(ctx, run_case);
}

static void es_run(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *snp) {
    struct rmp_vmrun es = *snp;
    es.snp_guest = es.snp_enabled = false;
    es.vmsa = snp->avic + PAGE;
    run_and_exit(ctx, rmp, &es);
}

static void es_case(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_shot shot = table(pages);
    with_table(ctx, &shot, es_run);
}

static void run_es(struct suite_ctx *ctx) {
    rmp_each_size(ctx, es_case);
}

/* No AVIC; a VMCB that has no RMP entry. */
static void partial_run(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *all) {
    struct rmp_vmrun some = *all;
    some.avic = RMP_NO_PAGE;
    run_and_exit(ctx, rmp, &some);
    if (suite_stopped(ctx)) return;
    some.vmcb = rmp_config_of(rmp)->size + PAGE;
    run_and_exit(ctx, rmp, &some);
}

static void partial_case(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_shot shot = table(pages);
    with_table(ctx, &shot, partial_run);
}

static void run_partial(struct suite_ctx *ctx) {
    rmp_each_size(ctx, partial_case);
}

/* ---- RMPUPDATE of each page: 3 while in use, then accepted ---- */

static const struct rmp_cpu host = {.long_mode = true, .snp = true};
static const struct rmp_answer in_use_update = RMP_ANSWER_CODE(3, 12);
static const struct rmp_answer in_use_psmash = RMP_ANSWER_CODE(3, 26);

static void update_refused(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    const uint64_t list[] = {run_->vmcb, run_->avic, run_->vmsa};
    const struct rmp_state_fields fields = {.assigned = true, .asid = 3, .gpa = 0x5000};
    struct rmp_image before, after;
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, run_)), "all structures are good");
    rmp_image_take(rmp, &before);
    for (unsigned i = 0; i < 3; i++) {
        const struct rmp_answer a = rmp_update(rmp, &host, list[i], &fields);
        suite_instance(ctx, "structure %u in use", i);
        SUITE_STEP(rmp_answer_equal(ctx, in_use_update, a, "a page in use is not changed"));
    }
    rmp_image_take(rmp, &after);
    SUITE_STEP(rmp_image_same(ctx, &before, &after));
}

static void update_accepted(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    const uint64_t list[] = {run_->vmcb, run_->avic, run_->vmsa};
    const struct rmp_state_fields fields = {.assigned = true, .asid = 3, .gpa = 0x5000};
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, run_)), "all structures are good");
    rmp_vmexit(rmp, run_);
    for (unsigned i = 0; i < 3; i++) {
        const struct rmp_answer a = rmp_update(rmp, &host, list[i], &fields);
        suite_instance(ctx, "structure %u after #VMEXIT", i);
        SUITE_CHECK(ctx, "RMPUPDATE", rmp_ok(a), "#VMEXIT ends the use");
    }
}

static void refused_update(struct suite_ctx *ctx) {
    const struct rmp_shot shot = table(8);
    with_table(ctx, &shot, update_refused);
}

static void accepted_update(struct suite_ctx *ctx) {
    const struct rmp_shot shot = table(8);
    with_table(ctx, &shot, update_accepted);
}

/* ---- in use is a count: as many #VMEXIT as VMRUN ---- */

static bool has_users(struct suite_ctx *ctx, const struct rmp *rmp, uint64_t page,
                      unsigned wanted) {
    struct rmp_entry e;
    return suite_check(ctx, "entry", rmp_entry_at(rmp, page, &e), "the page is covered") &&
           suite_equal(ctx, "in use", wanted, e.in_use, "from the first VMRUN to the last #VMEXIT");
}

/* Two processors share a VMCB; their other pages are their own. */
static void two_run(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    struct rmp_vmrun es = *run_;
    struct rmp_image before;
    es.snp_guest = false;
    es.avic = RMP_NO_PAGE;
    es.vmsa = run_->avic + PAGE;
    rmp_image_take(rmp, &before);
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, run_)), "all structures are good");
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, &es)), "all structures are good");
    rmp_vmexit(rmp, run_);
    SUITE_STEP(has_users(ctx, rmp, run_->vmcb, 1));
    SUITE_STEP(has_users(ctx, rmp, es.vmsa, 1));
    SUITE_STEP(has_users(ctx, rmp, run_->avic, 0));
    SUITE_STEP(has_users(ctx, rmp, run_->vmsa, 0));
    rmp_vmexit(rmp, &es);
    uses(ctx, rmp, run_, &before, 0);
}

static void two_case(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_shot shot = table(pages);
    with_table(ctx, &shot, two_run);
}

static void run_two(struct suite_ctx *ctx) {
    rmp_each_size(ctx, two_case);
}

/* One page as VMCB and AVIC backing page of one VMRUN; exits without a VMRUN. */
static void twice_run(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    struct rmp_vmrun twice = *run_;
    twice.avic = twice.vmcb + 0x800;
    run_and_exit(ctx, rmp, &twice);
    if (suite_stopped(ctx)) return;
    rmp_vmexit(rmp, &twice);
    run_and_exit(ctx, rmp, &twice);
}

static void run_twice(struct suite_ctx *ctx) {
    const struct rmp_shot shot = table(8);
    with_table(ctx, &shot, twice_run);
}

/* A second VMRUN fails at its VMSA: what the first one uses stays in use. */
static void failing_run(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    struct rmp_vmrun bad = *run_;
    struct rmp_image before;
    bad.vmsa_gpa += PAGE;
    rmp_image_take(rmp, &before);
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, run_)), "all structures are good");
    for (unsigned i = 0; i < 3; i++)
        SUITE_EQUAL(ctx, "rule", 136, rmp_vmrun(rmp, &bad).rule, "the VMSA is of another GPA");
    uses(ctx, rmp, run_, &before, 1);
    if (suite_stopped(ctx)) return;
    rmp_vmexit(rmp, run_);
    uses(ctx, rmp, run_, &before, 0);
}

static void run_failing(struct suite_ctx *ctx) {
    const struct rmp_shot shot = table(8);
    with_table(ctx, &shot, failing_run);
}

/* More than can be told apart do not carry over into another field. */
static void many_run(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    for (unsigned n = USERS; n <= USERS + 2; n++) {
        struct rmp_image before;
        rmp_image_take(rmp, &before);
        suite_instance(ctx, "%u processors", n);
        for (unsigned i = 0; i < n; i++)
            SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, run_)), "all structures are good");
        uses(ctx, rmp, run_, &before, n);
        if (suite_stopped(ctx)) return;
        for (unsigned i = 1; i < USERS; i++) rmp_vmexit(rmp, run_);
        SUITE_STEP(has_users(ctx, rmp, run_->vmcb, 1));
        SUITE_STEP(has_users(ctx, rmp, run_->vmsa, 1));
        rmp_vmexit(rmp, run_);
        uses(ctx, rmp, run_, &before, 0);
        if (suite_stopped(ctx)) return;
    }
}

static void run_many(struct suite_ctx *ctx) {
    const struct rmp_shot shot = table(8);
    with_table(ctx, &shot, many_run);
}

/* ---- PSMASH and moves of a VMSA in use ---- */

/* The VMSA is the first page of a 2 MiB page. */
static struct rmp_shot large_table(void) {
    struct rmp_shot shot = table(8);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.entry.size = RMP_2M;
    shot.entry.gpa = RMP_GPA;
    return shot;
}

static struct rmp_vmrun large_run(const struct rmp_vmrun *run_) {
    struct rmp_vmrun only = *run_;
    only.vmcb = only.avic = RMP_NO_PAGE;
    only.vmsa_gpa = RMP_GPA;
    return only;
}

static void psmash_refused(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    const struct rmp_vmrun only = large_run(run_);
    struct rmp_image before, after;
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, &only)), "the VMSA is good");
    rmp_image_take(rmp, &before);
    const struct rmp_answer a = rmp_psmash(rmp, &host, only.vmsa);
    rmp_image_take(rmp, &after);
    SUITE_STEP(rmp_answer_equal(ctx, in_use_psmash, a, "a page in use is not split"));
    SUITE_STEP(rmp_image_same(ctx, &before, &after));
}

static void psmash_accepted(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_vmrun *run_) {
    const struct rmp_vmrun only = large_run(run_);
    SUITE_CHECK(ctx, "VMRUN", rmp_ok(rmp_vmrun(rmp, &only)), "the VMSA is good");
    rmp_vmexit(rmp, &only);
    SUITE_CHECK(ctx, "PSMASH", rmp_ok(rmp_psmash(rmp, &host, only.vmsa)), "#VMEXIT ends the use");
}

static void refused_psmash(struct suite_ctx *ctx) {
    const struct rmp_shot shot = large_table();
    with_table(ctx, &shot, psmash_refused);
}

static void accepted_psmash(struct suite_ctx *ctx) {
    const struct rmp_shot shot = large_table();
    with_table(ctx, &shot, psmash_accepted);
}

static const struct suite_test tests[] = {
    RMP_TEST("structure.run", "after VMRUN VMCB, AVIC page and VMSA are in use, until #VMEXIT",
             ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-134", "SNP-RMP-135", "SNP-RMP-136",
              "SNP-RMP-137", "SNP-RMP-138", "SNP-RMP-142", "SNP-RMP-143", "SNP-RMP-144"),
             run, NULL),
    RMP_TEST("structure.run-es", "... of a guest without SNP, with SNPEn off",
             ("SNP-RMP-133", "SNP-RMP-142", "SNP-RMP-143"), run_es, NULL),
    RMP_TEST("structure.run-partial", "structures that a machine lacks, or that have no RMP entry",
             ("SNP-RMP-131", "SNP-RMP-143"), run_partial, NULL),
    RMP_TEST("structure.run-two", "a VMCB of two VMRUNs is in use until both have ended",
             ("SNP-RMP-143"), run_two, NULL),
    RMP_TEST("structure.run-twice", "a page that one VMRUN names twice", ("SNP-RMP-143"), run_twice,
             NULL),
    RMP_NEGATIVE("structure.run-failing", "a VMRUN that fails leaves another's pages in use",
                 "structure.run-two", ("SNP-RMP-143", "SNP-RMP-136"), run_failing, NULL),
    RMP_TEST("structure.run-many", "63 VMRUNs and as many #VMEXITs; more are not told apart",
             ("SNP-RMP-143"), run_many, NULL),
    RMP_TEST("structure.update-after", "RMPUPDATE of structures after #VMEXIT",
             ("SNP-RMP-012", "SNP-RMP-143"), accepted_update, NULL),
    RMP_NEGATIVE("structure.update-in-use", "RMPUPDATE of structures in use: FAIL_INUSE",
                 "structure.update-after", ("SNP-RMP-012", "SNP-RMP-143"), refused_update, NULL),
    RMP_TEST("structure.psmash-after", "PSMASH of a VMSA's 2 MiB page after #VMEXIT",
             ("SNP-RMP-026", "SNP-RMP-143"), accepted_psmash, NULL),
    RMP_NEGATIVE("structure.psmash-in-use", "PSMASH of a VMSA's 2 MiB page in use: FAIL_INUSE",
                 "structure.psmash-after", ("SNP-RMP-026", "SNP-RMP-143"), refused_psmash, NULL),
};

const struct suite_area rmp_part_in_use = RMP_PART(tests);
