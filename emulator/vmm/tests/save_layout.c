/* The format of a saved machine: where each field stands, written and read back. @req SOCK-010 */
#include <string.h>

#include "psp/state.h"
#include "saved.h"
#include "sevkit/secrets.h"

#define TCB UINT64_C(0x541700000000000A) /* the profile's */

/* A machine in use: two requests have got no further than the hypervisor. */
static void open_in_use(struct fixture *f) {
    fixture_open(f, PROFILE, "{\"faults\": [{\"kind\": \"busy\", \"first\": 2, \"count\": 2}]}");
    for (unsigned i = 0; i < 3; i++) (void)fixture_ring(f, ABI_MSG_REPORT_REQ);
    f->g->has_last = false; /* the next request's business, and in the way here */
    f->m->psp->guests.gctx[0].launch_mit_vector = 0x1234;
    f->m->psp->guests.gctx[0].tsc_offset = 0x5678;
}

static void texts(void) {
    struct fixture f;
    uint8_t pages[2][ABI_PAGE_SIZE];
    open_in_use(&f);
    const struct vmm_machine *m = f.m;
    const struct vmm_guest_pages at = vmm_guest_pages(f.g);
    const struct psp_gctx *g = &m->psp->guests.gctx[0];
    const struct sevkit_id_block *id = &g->id_block;
    const struct {
        size_t at;
        const void *bytes;
        size_t size;
    } rows[] = {
        {0, "SEVKITVM", 8},
        {AT_PROFILE, m->profile.name, 64},
        {AT_CHIP_ID, m->profile.chip_id, 64},
        {AT_VMPCK, g->vmpck[0], 32},
        {AT_VMPCK + 3 * 40, g->vmpck[3], 32},
        {AT_VMRK, g->vmrk, 32},
        {AT_VMRK + 32, g->report_id, 32},
        {AT_VMRK + 64, g->report_id_ma, 32},
        {AT_POLICY + 8, g->host_data, 32},
        {AT_POLICY + 8 + 32, g->measurement, 48},
        {AT_ID_BLOCK + 1, id->family_id, 16},
        {AT_ID_BLOCK + 17, id->image_id, 16},
        {AT_ID_BLOCK + 37, id->id_key_digest, 48},
        {AT_AUTHOR + 1, id->author_key_digest, 48},
        {AT_GOSVW, g->gosvw, 16},
        {AT_REQUEST_PAGE, pages[0], ABI_PAGE_SIZE},
        {AT_RESPONSE_PAGE, pages[1], ABI_PAGE_SIZE},
        {AT_SECRETS, f.g->secrets, ABI_PAGE_SIZE},
    };
    CU_ASSERT(mem_read(m->mem, at.request, pages[0], ABI_PAGE_SIZE));
    CU_ASSERT(mem_read(m->mem, at.response, pages[1], ABI_PAGE_SIZE));
    CU_ASSERT(!abi_all_zero(pages[0], ABI_PAGE_SIZE) && !abi_all_zero(pages[1], ABI_PAGE_SIZE));
    struct saved s = saved_of(f.m);
    CU_ASSERT_EQUAL_FATAL(s.size, AT_END + CRYPTO_SHA384_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        UNIT_BYTES(s.bytes + rows[i].at, rows[i].bytes, rows[i].size);
    }
    saved_free(&s);
    fixture_close(&f);
}

static void numbers(void) {
    struct fixture f;
    uint8_t le[8];
    open_in_use(&f);
    const struct vmm_machine *m = f.m;
    const struct vmm_guest_pages at = {0x1000, 0x2000, 0x3000};
    const struct {
        size_t at;
        uint64_t value;
        size_t size;
    } rows[] = {
        {AT_FORMAT, 2, 4},
        {AT_OWN, 1, 1},
        {AT_SEED, 1, 8},
        {AT_BLOCK, m->drbg.next_block, 8},
        {AT_USED, m->drbg.used, 1},
        {AT_REQUESTS, 3, 8},
        {AT_REQUESTS + 8, 1, 8}, /* that reached the firmware */
        {AT_PLATFORM, PSP_PLATFORM_INIT, 1},
        {AT_CURRENT_TCB, TCB, 8},
        {AT_CURRENT_TCB + 8, TCB, 8},
        {AT_CURRENT_TCB + 16, TCB, 8},
        {AT_GUEST_COUNT, 1, 4},
        {AT_PLACE, 0, 4},
        {AT_GCTX, at.gctx, 8},
        {AT_STATE, PSP_GUEST_RUNNING, 1},
        {AT_VMPCK + 32, 2, 8}, /* MSG_COUNT */
        {AT_VMPCK + 3 * 40 + 32, 0, 8},
        {AT_POLICY, 0x30000, 8},
        {AT_ID_BLOCK, 1, 1},
        {AT_ID_BLOCK + 33, 7, 4},
        {AT_AUTHOR, 0, 1},
        {AT_VCEK_DIS, 0, 1},
        {AT_GOSVW + 16, TCB, 8},
        {AT_GOSVW + 24, 0x1234, 8},
        {AT_GOSVW + 32, 2400000, 4},
        {AT_GOSVW + 36, 0x5678, 8},
        {AT_NEXT_PAGE, 4 * RMP_PAGE_4K, 8},
        {AT_RETURNED, 0, 4},
        {AT_GUESTS, 1, 4},
        {AT_GUEST_GCTX, at.gctx, 8},
        {AT_REQUEST, at.request, 8},
        {AT_RESPONSE, at.response, 8},
        {AT_HAS_LAST, 0, 1},
        {AT_HAS_LAST + 1, 0, 1},
        {AT_RMP, 1, 1},
        {AT_RMP_PADDR, at.gctx, 8},
        {AT_RMP_PAGES, 1, 4},
        {AT_RMP_RISES, 0, 1},
        {AT_RMP_SIZE, RMP_4K, 1},
        {AT_RMP_ASSIGNED, 0x0000010101, 5}, /* Assigned, Immutable, VMSA: a context's page */
        {AT_RMP_MARK, 0, 1},
        {AT_RMP_ASID, 0, 4},
        {AT_RMP_GPA, 0, 8},
        {AT_RMP_PERMS, 0, 4},
        {AT_RMP_LAST, 0, 1},
    };
    struct saved s = saved_of(f.m);
    CU_ASSERT_EQUAL_FATAL(s.size, AT_END + CRYPTO_SHA384_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        abi_put_le64(le, rows[i].value);
        UNIT_BYTES(s.bytes + rows[i].at, le, rows[i].size);
    }
    saved_free(&s);
    fixture_close(&f);
}

/* What the saved bytes say, not what a new machine has. */
static void read_back(void) {
    struct fixture f;
    struct vmm_machine *m = NULL;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    s.bytes[AT_PLATFORM] = PSP_PLATFORM_UNINIT;
    s.bytes[AT_REQUEST_PAGE] = 0xA5;
    s.bytes[AT_RESPONSE_PAGE + ABI_PAGE_SIZE - 1] = 0x5A;
    saved_seal(&s);
    UNIT_OK(saved_restore(f.m, &s, &m));
    CU_ASSERT_EQUAL(m->psp->platform_state, PSP_PLATFORM_UNINIT);
    CU_ASSERT(mem_read(m->mem, vmm_guest_pages(m->guests).request, page, sizeof page));
    CU_ASSERT(page[0] == 0xA5 && abi_all_zero(page + 1, sizeof page - 1));
    CU_ASSERT(mem_read(m->mem, vmm_guest_pages(m->guests).response, page, sizeof page));
    CU_ASSERT(page[ABI_PAGE_SIZE - 1] == 0x5A && abi_all_zero(page, sizeof page - 1));
    vmm_machine_free(m);
    saved_free(&s);
    fixture_close(&f);
}

/* A file that ends before a field: the field is named, and where it would stand. */
static void names(void) {
    static const struct {
        size_t at;
        const char *field;
    } rows[] = {
        {0, "MAGIC"},
        {AT_FORMAT, "FORMAT"},
        {AT_PROFILE, "PROFILE"},
        {AT_OWN, "OWN_ENVIRONMENT"},
        {AT_SEED, "SEED"},
        {AT_BLOCK, "RANDOM_BLOCK"},
        {AT_USED, "RANDOM_USED"},
        {AT_REQUESTS, "REQUESTS"},
        {AT_REQUESTS + 8, "FW_REQUESTS"},
        {AT_PLATFORM, "PLATFORM_STATE"},
        {AT_CHIP_ID, "CHIP_ID"},
        {AT_CURRENT_TCB, "CURRENT_TCB"},
        {AT_CURRENT_TCB + 8, "COMMITTED_TCB"},
        {AT_CURRENT_TCB + 16, "REPORTED_TCB"},
        {AT_GUEST_COUNT, "GUEST_COUNT"},
        {AT_PLACE, "PLACE"},
        {AT_GCTX, "GCTX_PADDR"},
        {AT_STATE, "GUEST_STATE"},
        {AT_VMPCK, "VMPCK"},
        {AT_VMPCK + 32, "MSG_COUNT"},
        {AT_VMPCK + 3 * 40, "VMPCK"},
        {AT_VMPCK + 3 * 40 + 32, "MSG_COUNT"},
        {AT_VMRK, "VMRK"},
        {AT_VMRK + 32, "REPORT_ID"},
        {AT_VMRK + 64, "REPORT_ID_MA"},
        {AT_POLICY, "POLICY"},
        {AT_POLICY + 8, "HOST_DATA"},
        {AT_POLICY + 40, "MEASUREMENT"},
        {AT_ID_BLOCK, "ID_BLOCK"},
        {AT_ID_BLOCK + 1, "FAMILY_ID"},
        {AT_ID_BLOCK + 17, "IMAGE_ID"},
        {AT_ID_BLOCK + 33, "GUEST_SVN"},
        {AT_ID_BLOCK + 37, "ID_KEY_DIGEST"},
        {AT_AUTHOR, "AUTHOR_KEY_EN"},
        {AT_AUTHOR + 1, "AUTHOR_KEY_DIGEST"},
        {AT_VCEK_DIS, "VCEK_DIS"},
        {AT_GOSVW, "GOSVW"},
        {AT_GOSVW + 16, "LAUNCH_TCB"},
        {AT_GOSVW + 24, "LAUNCH_MIT_VECTOR"},
        {AT_GOSVW + 32, "TSC_DESIRED_KHZ"},
        {AT_GOSVW + 36, "TSC_OFFSET"},
        {AT_NEXT_PAGE, "NEXT_PAGE"},
        {AT_RETURNED, "RETURNED_COUNT"},
        {AT_GUESTS, "GUEST_COUNT"},
        {AT_GUEST_GCTX, "GCTX_PADDR"},
        {AT_REQUEST, "REQUEST_PADDR"},
        {AT_RESPONSE, "RESPONSE_PADDR"},
        {AT_REQUEST_PAGE, "REQUEST_PAGE"},
        {AT_RESPONSE_PAGE, "RESPONSE_PAGE"},
        {AT_SECRETS, "SECRETS_PAGE"},
        {AT_HAS_LAST, "HAS_LAST"},
        {AT_HAS_LAST + 1, "HAS_LATE"},
        {AT_RMP, "RMP_MORE"},
        {AT_RMP_PADDR, "RMP_PADDR"},
        {AT_RMP_PAGES, "RMP_PAGES"},
        {AT_RMP_RISES, "RMP_GPA_RISES"},
        {AT_RMP_SIZE, "RMP_PAGE_SIZE"},
        {AT_RMP_ASSIGNED, "RMP_ASSIGNED"},
        {AT_RMP_ASSIGNED + 1, "RMP_IMMUTABLE"},
        {AT_RMP_ASSIGNED + 2, "RMP_VMSA"},
        {AT_RMP_ASSIGNED + 3, "RMP_VALIDATED"},
        {AT_RMP_ASSIGNED + 4, "RMP_IN_USE"},
        {AT_RMP_MARK, "RMP_MARK"},
        {AT_RMP_ASID, "RMP_ASID"},
        {AT_RMP_GPA, "RMP_GPA"},
        {AT_RMP_PERMS, "RMP_PERMISSIONS"},
        {AT_RMP_LAST, "RMP_MORE"},
    };
    static uint8_t copy[AT_END + CRYPTO_SHA384_SIZE];
    struct fixture f;
    struct vmm_machine *m = NULL;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct saved cut = {.bytes = copy, .size = rows[i].at + CRYPTO_SHA384_SIZE};
        memcpy(copy, s.bytes, rows[i].at);
        saved_seal(&cut);
        const struct sevkit_result r = saved_restore(f.m, &cut, &m);
        UNIT_FAILS(r, SEVKIT_BAD_LENGTH, rows[i].field);
        CU_ASSERT_EQUAL(r.offset, rows[i].at);
    }
    saved_free(&s);
    fixture_close(&f);
}

/* Three TCBs that differ: each comes back as itself. */
static void tcbs(void) {
    struct fixture f;
    struct sevkit_profile p;
    struct vmm_machine *m = NULL;
    UNIT_OK(vmm_profile_builtin("milan-1.55.29-v3-vlek", &p));
    CU_ASSERT(p.reported_tcb < p.committed_tcb && p.committed_tcb < p.current_tcb);
    fixture_open(&f, p.name, NULL);
    struct saved s = saved_of(f.m);
    UNIT_OK(saved_restore(f.m, &s, &m));
    const struct sevkit_profile *q = vmm_machine_profile(m);
    CU_ASSERT_EQUAL(q->current_tcb, p.current_tcb);
    CU_ASSERT_EQUAL(q->committed_tcb, p.committed_tcb);
    CU_ASSERT_EQUAL(q->reported_tcb, p.reported_tcb);
    CU_ASSERT_EQUAL(m->psp->profile.current_tcb, p.current_tcb);
    CU_ASSERT_EQUAL(m->psp->profile.committed_tcb, p.committed_tcb);
    CU_ASSERT_EQUAL(m->psp->profile.reported_tcb, p.reported_tcb);
    vmm_machine_free(m);
    saved_free(&s);
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"texts", texts},         {"numbers", numbers}, {"names", names},
    {"read-back", read_back}, {"tcbs", tcbs},       {NULL, NULL},
};

const struct unit_suite save_layout_suite = {"save-layout", tests};
