/* A machine whose host does anything at all to the RMP, the pages of guests among them: a guest's request is answered
 * with its data or an error, guests end and others start, the machine is saved, restored and freed, and nothing
 * aborts. */
#include <string.h>

#include "fixture.h"
#include "saved.h"

static const struct rmp_cpu host = {.long_mode = true, .snp = true};
static const struct rmp_move_args small = {.size = RMP_4K};

static bool refused(struct sevkit_exit e) {
    return e.fw_status != 0 || e.vmm_error != 0;
}

static bool update(const struct fixture *f, uint64_t spa, const struct rmp_state_fields *fields) {
    return rmp_ok(rmp_update(f->m->rmp, &host, spa, fields));
}

static bool move(const struct fixture *f, enum rmp_move m, uint64_t spa) {
    return rmp_move(f->m->rmp, m, spa, &small) == RMP_MOVED;
}

static void restores(const struct fixture *f) {
    struct vmm_machine *back = NULL;
    struct saved s = saved_of(f->m);
    UNIT_OK(saved_restore(f->m, &s, &back));
    struct saved t = saved_of(back);
    CU_ASSERT_EQUAL_FATAL(t.size, s.size);
    UNIT_BYTES(t.bytes, s.bytes, s.size);
    saved_free(&t);
    saved_free(&s);
    vmm_machine_free(back);
}

/* The guest ends, and another one has its pages. */
static void relaunch(struct fixture *f) {
    const uint64_t gctx = vmm_guest_pages(f->g).gctx;
    vmm_guest_destroy(f->g);
    UNIT_OK(vmm_guest_launch(f->m, &f->g));
    CU_ASSERT_EQUAL(vmm_guest_pages(f->g).gctx, gctx);
}

/* A response page that RMPUPDATE cannot take back from whom it was given to. */
static void response_page(void) {
    static const struct rmp_state_fields pre_guest = {
        .assigned = true, .immutable = true, .asid = 5, .gpa = 0x1000};
    struct fixture f;
    fixture_open(&f, PROFILE, NULL);
    CU_ASSERT(update(&f, vmm_guest_pages(f.g).response, &pre_guest));
    const uint64_t before = vmm_machine_fw_requests(f.m);
    const struct sevkit_exit e = fixture_ring(&f, ABI_MSG_KEY_REQ);
    CU_ASSERT(e.vmm_error == SEVKIT_VMM_GENERIC && e.fw_status == 0);
    CU_ASSERT_EQUAL(vmm_machine_fw_requests(f.m), before);
    restores(&f);
    CU_ASSERT(move(&f, RMP_MOVE_RECLAIM, vmm_guest_pages(f.g).response));
    CU_ASSERT(!refused(fixture_ring(&f, ABI_MSG_KEY_REQ)));
    relaunch(&f);
    fixture_close(&f);
}

/* A request page that is a guest's: the hypervisor cannot write to it. */
static void request_page(void) {
    static const struct rmp_state_fields guest = {.assigned = true, .asid = 5}, none = {0};
    struct fixture f;
    fixture_open(&f, PROFILE, NULL);
    CU_ASSERT(update(&f, vmm_guest_pages(f.g).request, &guest));
    const struct sevkit_exit e = fixture_ring(&f, ABI_MSG_KEY_REQ);
    CU_ASSERT(e.vmm_error == SEVKIT_VMM_GENERIC && e.fw_status == 0);
    CU_ASSERT_EQUAL(vmm_machine_fw_requests(f.m), 0);
    restores(&f);
    CU_ASSERT(update(&f, vmm_guest_pages(f.g).request, &none));
    CU_ASSERT(!refused(fixture_ring(&f, ABI_MSG_KEY_REQ)));
    CU_ASSERT(update(&f, vmm_guest_pages(f.g).request, &guest));
    relaunch(&f);
    fixture_close(&f);
}

/* The page of a context that is none any more, and is one again. */
static void context_page(void) {
    struct fixture f;
    fixture_open(&f, PROFILE, NULL);
    const uint64_t gctx = vmm_guest_pages(f.g).gctx;
    CU_ASSERT(move(&f, RMP_MOVE_DECOMMISSION, gctx));
    CU_ASSERT_EQUAL(fixture_ring(&f, ABI_MSG_KEY_REQ).fw_status, ABI_INVALID_GUEST);
    restores(&f);
    CU_ASSERT(move(&f, RMP_MOVE_RECLAIM, gctx));
    CU_ASSERT_EQUAL(fixture_ring(&f, ABI_MSG_KEY_REQ).fw_status, ABI_INVALID_GUEST);
    const struct rmp_state_fields none = {0}, firmware = {.assigned = true, .immutable = true};
    CU_ASSERT(update(&f, gctx, &none));
    CU_ASSERT_EQUAL(fixture_ring(&f, ABI_MSG_KEY_REQ).fw_status, ABI_INVALID_GUEST);
    restores(&f);
    CU_ASSERT(update(&f, gctx, &firmware));
    CU_ASSERT(move(&f, RMP_MOVE_GCTX_CREATE, gctx));
    CU_ASSERT(!refused(fixture_ring(&f, ABI_MSG_KEY_REQ)));
    CU_ASSERT(move(&f, RMP_MOVE_DECOMMISSION, gctx));
    relaunch(&f);
    fixture_close(&f);
}

/* The request page is a 2 MiB page's: all of the guest's are. */
static void one_large_page(void) {
    static const struct rmp_state_fields large = {.assigned = true, .size = RMP_2M, .asid = 5};
    static const struct rmp_state_fields none = {0};
    struct fixture f;
    fixture_open(&f, PROFILE, NULL);
    const uint64_t gctx = vmm_guest_pages(f.g).gctx;
    CU_ASSERT(move(&f, RMP_MOVE_DECOMMISSION, gctx) && move(&f, RMP_MOVE_RECLAIM, gctx));
    CU_ASSERT(update(&f, gctx, &none) && update(&f, 0, &large));
    CU_ASSERT_EQUAL(fixture_ring(&f, ABI_MSG_KEY_REQ).vmm_error, SEVKIT_VMM_GENERIC);
    restores(&f);
    relaunch(&f);
    fixture_close(&f);
}

/* Somebody made the next guest's pages his own meanwhile: the launch takes them back. */
static void pages_to_come(void) {
    struct fixture f;
    struct vmm_guest *second = NULL;
    struct rmp_entry e = {0};
    fixture_open(&f, PROFILE, NULL);
    const struct vmm_guest_pages first = vmm_guest_pages(f.g);
    for (uint64_t page = 0x4000; page < 0x7000; page += RMP_PAGE_4K)
        CU_ASSERT(rmp_set(f.m->rmp, page, RMP_PRE_SWAP, RMP_4K));
    UNIT_OK(vmm_guest_launch(f.m, &second));
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    const struct vmm_guest_pages pages = vmm_guest_pages(second);
    CU_ASSERT_EQUAL(pages.gctx, 0x4000);
    CU_ASSERT(rmp_lookup(f.m->rmp, pages.gctx, &e) && rmp_entry_state(&e) == RMP_CONTEXT);
    CU_ASSERT(rmp_lookup(f.m->rmp, pages.request, &e) && rmp_entry_state(&e) == RMP_HYPERVISOR);
    CU_ASSERT(rmp_lookup(f.m->rmp, first.gctx, &e) && rmp_entry_state(&e) == RMP_CONTEXT);
    restores(&f);
    CU_ASSERT(!refused(fixture_ring(&f, ABI_MSG_KEY_REQ)));
    vmm_guest_destroy(second);
    CU_ASSERT(!refused(fixture_ring(&f, ABI_MSG_KEY_REQ)));
    fixture_close(&f);
}

/* ---- anything at all ---- */

static uint64_t draw(uint64_t *state, uint64_t below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % below;
}

/* An address: mostly of the pages of guests. */
static uint64_t address(uint64_t *s) {
    static const uint64_t far[] = {0, 0x200000, 0x3FFFF000, 0x40000000, UINT64_MAX};
    return draw(s, 8) == 0 ? far[draw(s, 5)] : draw(s, 8) * RMP_PAGE_4K;
}

static void anything(const struct fixture *f, uint64_t *s) {
    struct rmp *rmp = f->m->rmp;
    const uint64_t spa = address(s), other = address(s);
    const struct rmp_state_fields fields = {.assigned = draw(s, 4) != 0,
                                            .immutable = draw(s, 2) != 0,
                                            .size = draw(s, 4) == 0 ? RMP_2M : RMP_4K,
                                            .asid = (uint32_t)draw(s, 3),
                                            .gpa = draw(s, 2) * 0x5000};
    const struct rmp_vmrun run = {.vmcb = spa, .avic = RMP_NO_PAGE, .vmsa = other};
    const struct rmp_move_args args = {.size = fields.size, .asid = (uint16_t)draw(s, 3)};
    switch (draw(s, 7)) {
    case 0:
    case 1: (void)rmp_update(rmp, &host, spa, &fields); break;
    case 2: (void)rmp_psmash(rmp, &host, spa); break;
    case 3: (void)rmp_vmrun(rmp, &run); break;
    case 4: rmp_vmexit(rmp, &run); break;
    case 5: (void)!rmp_move_page(rmp, spa, other, &args); break;
    default: (void)!rmp_move(rmp, (enum rmp_move)draw(s, RMP_MOVE_COUNT), spa, &args);
    }
}

static void whatever_a_host_does(void) {
    uint64_t seed = 1;
    unsigned good = 0, bad = 0;
    for (unsigned round = 0; round < 300; round++) {
        struct fixture f;
        fixture_open(&f, PROFILE, NULL);
        for (unsigned i = 0; i < 20; i++) {
            anything(&f, &seed);
            if (refused(fixture_ring(&f, ABI_MSG_KEY_REQ)))
                bad++;
            else
                good++;
        }
        restores(&f);
        vmm_guest_destroy(f.g);
        const struct sevkit_result r = vmm_guest_launch(f.m, &f.g);
        CU_ASSERT(sevkit_ok(r) || strcmp(r.field, "GCTX_PADDR") == 0);
        restores(&f);
        fixture_close(&f);
    }
    CU_ASSERT(good > 100 && bad > 100);
}

static const struct unit_test tests[] = {
    {"response-page", response_page},
    {"request-page", request_page},
    {"context-page", context_page},
    {"one-large-page", one_large_page},
    {"pages-to-come", pages_to_come},
    {"whatever-a-host-does", whatever_a_host_does},
    {NULL, NULL},
};

const struct unit_suite rmp_suite = {"rmp", tests};
