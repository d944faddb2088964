/* Machines and guests: determinism, capacity, coming and going, the door's footprint,
 * certificates. */
#include "vmm/machine.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/x509.h"
#include "sevkit/secrets.h"
#include "sevkit/verify.h"
#include "unit/unit.h"

extern const struct unit_suite machine_suite;

static struct sevkit_profile profile(void) {
    struct sevkit_profile p;
    if (!sevkit_ok(vmm_profile_builtin(SEVKIT_PROFILE_DEFAULT, &p))) abort();
    return p;
}

static struct vmm_machine *new_machine(const struct sevkit_profile *p, uint64_t seed) {
    struct vmm_machine *m = NULL;
    if (!sevkit_ok(vmm_machine_new(p, NULL, seed, &m))) abort();
    return m;
}

static struct vmm_guest *launch(struct vmm_machine *m) {
    struct vmm_guest *g = NULL;
    if (!sevkit_ok(vmm_guest_launch(m, &g))) abort();
    return g;
}

static struct abi_secrets_page secrets_of(const struct vmm_guest *g) {
    struct abi_secrets_page s;
    uint8_t page[ABI_PAGE_SIZE];
    vmm_guest_secrets(g, page);
    if (!sevkit_ok(abi_secrets_decode(page, sizeof page, &s))) abort();
    return s;
}

/* A zero REPORT_REQ with SEQNO on VMPCK0. */
static void seal(const struct vmm_guest *g, uint64_t seqno, uint8_t page[ABI_PAGE_SIZE]) {
    static const uint8_t payload[ABI_REPORT_REQ_SIZE];
    const struct abi_secrets_page s = secrets_of(g);
    const struct abi_msg_header h =
        abi_msg_header_make(ABI_MSG_REPORT_REQ, 1, 0, seqno, sizeof payload);
    struct crypto_aead *aead = NULL;
    uint8_t iv[ABI_MSG_IV_SIZE];
    memset(page, 0, ABI_PAGE_SIZE);
    abi_msg_header_encode(&h, page);
    abi_msg_iv(seqno, iv);
    if (!sevkit_ok(crypto_aead_new(&aead)) || !sevkit_ok(crypto_aead_set_key(aead, s.vmpck[0])) ||
        !sevkit_ok(crypto_aead_seal(aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE, payload,
                                    sizeof payload, page + ABI_MSG_HEADER_SIZE, page))) {
        abort();
    }
    crypto_aead_free(aead);
}

/* One request through the door. */
static struct sevkit_exit ring(struct vmm_guest *g, uint64_t seqno,
                               uint8_t response[ABI_PAGE_SIZE]) {
    const struct sevkit_guest_door door = vmm_guest_door(g);
    struct sevkit_exit exit = {.fw_status = 0xFF, .vmm_error = 0xFF};
    uint8_t page[ABI_PAGE_SIZE];
    seal(g, seqno, page);
    door.request(door.ctx, page, response, &exit);
    return exit;
}

static void same_seed_same_bytes(void) {
    const struct sevkit_profile p = profile();
    uint8_t response[3][ABI_PAGE_SIZE] = {{0}};
    static const uint64_t seeds[] = {7, 7, 8};
    for (size_t i = 0; i < 3; i++) {
        struct vmm_machine *m = new_machine(&p, seeds[i]);
        CU_ASSERT_EQUAL(ring(launch(m), 1, response[i]).fw_status, ABI_SUCCESS);
        vmm_machine_free(m);
    }
    CU_ASSERT(!abi_all_zero(response[0], ABI_PAGE_SIZE));
    UNIT_BYTES(response[0], response[1], ABI_PAGE_SIZE);
    CU_ASSERT(memcmp(response[0], response[2], ABI_PAGE_SIZE) != 0);
}

static void random_from_environment(void *ctx, uint8_t *out, size_t size) {
    memset(out, *(uint8_t *)ctx, size);
}

static int64_t a_later_day(void *ctx) {
    (void)ctx;
    return SEVKIT_EPOCH_EMBEDDED + 1000000;
}

static void uses_the_given_environment(void) {
    const struct sevkit_profile p = profile();
    uint8_t byte = 0x42;
    const struct sevkit_env env = {
        .ctx = &byte, .now = a_later_day, .random = random_from_environment};
    struct vmm_machine *m = NULL;
    UNIT_OK(vmm_machine_new(&p, &env, 0, &m));
    const struct abi_secrets_page s = secrets_of(launch(m));
    CU_ASSERT(s.vmpck[0][0] == 0x42 && s.vmpck[3][31] == 0x42);
    vmm_machine_free(m);
}

static void bad_memory_size(void) {
    struct sevkit_profile p = profile();
    struct vmm_machine *m = NULL;
    p.memory_size = RMP_PAGE_4K;
    UNIT_FAILS(vmm_machine_new(&p, NULL, 0, &m), SEVKIT_BAD_VALUE, "size");
    p = profile();
    p.guests_max = 0;
    UNIT_FAILS(vmm_machine_new(&p, NULL, 0, &m), SEVKIT_BAD_VALUE, "guests_max");
}

/* A machine behaves until it is told a scenario; nothing is freed without harm. */
static void before_any_scenario(void) {
    const struct sevkit_profile p = profile();
    struct vmm_machine *m = new_machine(&p, 1);
    CU_ASSERT_STRING_EQUAL(vmm_machine_scenario(m)->name, "none");
    vmm_guest_destroy(NULL);
    vmm_machine_free(m);
    vmm_machine_free(NULL);
}

/* As many guests as the profile allows, and one refused without a trace: its pages go to the
 * next. */
static void guests_up_to_the_limit(void) {
    struct sevkit_profile p = profile();
    struct vmm_guest *g[3] = {NULL};
    p.guests_max = 2;
    struct vmm_machine *m = new_machine(&p, 1);
    g[0] = launch(m);
    g[1] = launch(m);
    for (unsigned i = 0; i < 100; i++) {
        UNIT_FAILS(vmm_guest_launch(m, &g[2]), SEVKIT_LIMIT, "guests_max");
    }
    const struct vmm_guest_pages before = vmm_guest_pages(g[0]);
    CU_ASSERT(before.gctx != vmm_guest_pages(g[1]).gctx);
    vmm_guest_destroy(g[0]);
    g[2] = launch(m);
    CU_ASSERT_EQUAL(vmm_guest_pages(g[2]).gctx, before.gctx);
    CU_ASSERT_EQUAL(m->pages.next, RMP_PAGE_4K * 10); /* page 0, and 3 guests' pages */
    vmm_machine_free(m);
}

static void memory_runs_out(void) {
    struct sevkit_profile p = profile();
    struct vmm_guest *g = NULL;
    uint64_t launched = 0;
    p.guests_max = 1000;
    p.memory_size = RMP_PAGE_2M;
    struct vmm_machine *m = new_machine(&p, 1);
    struct sevkit_result r = sevkit_success();
    while (sevkit_ok(r = vmm_guest_launch(m, &g))) launched++;
    UNIT_FAILS(r, SEVKIT_LIMIT, "memory_size");
    CU_ASSERT_EQUAL(launched, 511 / 3);
    vmm_guest_destroy(g);
    UNIT_OK(vmm_guest_launch(m, &g));
    UNIT_FAILS(vmm_guest_launch(m, &g), SEVKIT_LIMIT, "memory_size");
    vmm_machine_free(m);
}

static uint64_t free_pages(const struct vmm_machine *m) {
    return m->pages.returned_count + (m->pages.end - m->pages.next) / RMP_PAGE_4K;
}

/* A launch needs three pages: with none, one or two left it takes none of them. */
static void launch_runs_out_half_way(void) {
    struct sevkit_profile p = profile();
    p.memory_size = RMP_PAGE_2M;
    for (uint64_t left = 0; left < 3; left++) {
        struct vmm_machine *m = new_machine(&p, 1);
        struct vmm_guest *g = NULL;
        uint64_t taken[3], paddr = 0;
        for (size_t i = 0; i < 3; i++) UNIT_OK(vmm_page_take(&m->pages, &taken[i]));
        while (free_pages(m) > left) UNIT_OK(vmm_page_take(&m->pages, &paddr));
        for (unsigned again = 0; again < 10; again++) {
            UNIT_FAILS(vmm_guest_launch(m, &g), SEVKIT_LIMIT, "memory_size");
            CU_ASSERT_EQUAL(free_pages(m), left);
        }
        CU_ASSERT_PTR_NULL(m->guests);
        for (size_t i = 0; i < 3 - left; i++) vmm_page_return(&m->pages, taken[i]);
        UNIT_OK(vmm_guest_launch(m, &g));
        CU_ASSERT_EQUAL(free_pages(m), 0);
        vmm_machine_free(m);
    }
}

/* A guest leaves hypervisor pages full of zeros, and its neighbour alone. */
static void comes_and_goes_for_ever(void) {
    const struct sevkit_profile p = profile();
    struct vmm_machine *m = new_machine(&p, 1);
    struct vmm_guest *stays = launch(m);
    uint8_t response[ABI_PAGE_SIZE], page[ABI_PAGE_SIZE];
    for (unsigned i = 0; i < 1000; i++) {
        struct vmm_guest *g = launch(m);
        const struct vmm_guest_pages pages = vmm_guest_pages(g);
        if (i == 0) CU_ASSERT_EQUAL(ring(g, 1, response).fw_status, ABI_SUCCESS);
        vmm_guest_destroy(g);
        const uint64_t paddrs[] = {pages.gctx, pages.request, pages.response};
        for (size_t j = 0; j < 3; j++) {
            struct rmp_entry e = {.immutable = true};
            CU_ASSERT(rmp_lookup(vmm_machine_rmp(m), paddrs[j], &e));
            CU_ASSERT(rmp_entry_state(&e) == RMP_HYPERVISOR && e.size == RMP_4K);
            CU_ASSERT(mem_read(vmm_machine_memory(m), paddrs[j], page, sizeof page));
            CU_ASSERT(abi_all_zero(page, sizeof page));
        }
    }
    CU_ASSERT_EQUAL(ring(stays, 1, response).fw_status, ABI_SUCCESS);
    vmm_guest_destroy(stays);
    CU_ASSERT_PTR_NULL(m->guests);
    vmm_machine_free(m);
}

/* Destroying in any order keeps the machine's list whole. */
static void destroys_in_any_order(void) {
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};
    const struct sevkit_profile p = profile();
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct vmm_machine *m = new_machine(&p, 1);
        struct vmm_guest *g[3] = {launch(m), launch(m), launch(m)};
        for (size_t j = 0; j < 3; j++) {
            size_t left = 0;
            vmm_guest_destroy(g[orders[i][j]]);
            for (const struct vmm_guest *x = m->guests; x != NULL; x = x->next) left++;
            CU_ASSERT_EQUAL(left, 2 - j);
        }
        vmm_machine_free(m);
    }
}

static void launches_as_told(void) {
    const struct sevkit_profile p = profile();
    struct sevkit_profile other = p;
    struct vmm_machine *m = new_machine(&p, 1);
    struct vmm_guest *g = NULL;
    uint8_t response[ABI_PAGE_SIZE];
    uint64_t count[ABI_VMPCK_COUNT] = {0};
    other.msg_count[0] = 8;
    UNIT_OK(vmm_guest_launch_as(m, &other, PSP_GUEST_LAUNCH, &g));
    CU_ASSERT_EQUAL(ring(g, 9, response).fw_status, ABI_INVALID_GUEST_STATE);
    UNIT_OK(vmm_guest_launch_as(m, &other, PSP_GUEST_RUNNING, &g));
    CU_ASSERT_EQUAL(ring(g, 9, response).fw_status, ABI_SUCCESS);
    CU_ASSERT(psp_msg_count(vmm_machine_psp(m), vmm_guest_pages(g).gctx, count));
    CU_ASSERT_EQUAL(count[0], 10);
    vmm_machine_free(m);
}

/* A refused request leaves the guest's response buffer and page alone; the page is the
 * hypervisor's after every request. */
static void door_footprint(void) {
    const struct sevkit_profile p = profile();
    struct vmm_machine *m = new_machine(&p, 1);
    struct vmm_guest *g = launch(m);
    const struct vmm_guest_pages pages = vmm_guest_pages(g);
    uint8_t response[ABI_PAGE_SIZE], page[ABI_PAGE_SIZE];
    for (uint64_t seqno = 3; seqno >= 1; seqno -= 2) {
        const bool right = seqno == 1;
        memset(response, 0x5A, sizeof response);
        const struct sevkit_exit exit = ring(g, seqno, response);
        CU_ASSERT_EQUAL(exit.fw_status, right ? ABI_SUCCESS : ABI_AEAD_OFLOW);
        CU_ASSERT_EQUAL(exit.vmm_error, 0);
        CU_ASSERT(mem_read(m->mem, pages.response, page, sizeof page));
        if (right) {
            UNIT_BYTES(response, page, sizeof page);
            CU_ASSERT_EQUAL(response[ABI_MSG_TYPE], ABI_MSG_REPORT_RSP);
        } else {
            CU_ASSERT(abi_all_zero(page, sizeof page));
            CU_ASSERT(response[0] == 0x5A && response[ABI_PAGE_SIZE - 1] == 0x5A);
        }
        struct rmp_entry e = {.immutable = true};
        CU_ASSERT(rmp_lookup(m->rmp, pages.response, &e));
        CU_ASSERT(rmp_entry_state(&e) == RMP_HYPERVISOR && e.size == RMP_4K);
        if (right) break;
    }
    vmm_machine_free(m);
}

static void certificates_of(const char *name, bool vlek) {
    struct sevkit_profile p;
    struct vmm_certs certs;
    struct pki_cert *leaf = NULL, *ca = NULL, *ark = NULL;
    struct pki_leaf_info info;
    struct pki_chain *chain = NULL;
    struct pki_verdict verdict;
    uint8_t response[ABI_PAGE_SIZE];
    UNIT_OK(vmm_profile_builtin(name, &p));
    struct vmm_machine *m = new_machine(&p, 1);
    UNIT_OK(vmm_machine_certs(m, &certs));
    CU_ASSERT_EQUAL(certs.vlek, vlek);
    UNIT_OK(pki_cert_parse(certs.leaf.bytes, certs.leaf.size, &leaf));
    UNIT_OK(pki_cert_parse(certs.ca.bytes, certs.ca.size, &ca));
    UNIT_OK(pki_cert_parse(certs.ark.bytes, certs.ark.size, &ark));
    CU_ASSERT_EQUAL(pki_cert_role(leaf), vlek ? PKI_ROLE_VLEK : PKI_ROLE_VCEK);
    CU_ASSERT_EQUAL(pki_cert_role(ca), vlek ? PKI_ROLE_ASVK : PKI_ROLE_ASK);
    CU_ASSERT_EQUAL(pki_cert_role(ark), PKI_ROLE_ARK);
    CU_ASSERT_EQUAL(pki_cert_not_before(leaf), SEVKIT_EPOCH_EMBEDDED - 86400);
    UNIT_OK(pki_cert_leaf_info(leaf, &info));
    CU_ASSERT_EQUAL(abi_tcb_pack(p.product, &info.tcb), p.reported_tcb);

    /* The leaf's key is the one that signs reports. */
    const struct pki_chain_input in = {.leaf = leaf,
                                       .ca = ca,
                                       .ark = ark,
                                       .crl = certs.crl.bytes,
                                       .crl_size = certs.crl.size,
                                       .at = SEVKIT_EPOCH_EMBEDDED};
    const struct pki_policy policy = pki_policy_default();
    struct vmm_guest *g = launch(m);
    CU_ASSERT_EQUAL(ring(g, 1, response).fw_status, ABI_SUCCESS);
    struct crypto_aead *aead = NULL;
    uint8_t iv[ABI_MSG_IV_SIZE], payload[ABI_REPORT_RSP_SIZE];
    const struct abi_secrets_page s = secrets_of(g);
    abi_msg_iv(2, iv);
    UNIT_OK(crypto_aead_new(&aead));
    UNIT_OK(crypto_aead_set_key(aead, s.vmpck[0]));
    UNIT_OK(crypto_aead_open(aead, iv, response + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                             response + ABI_MSG_HEADER_SIZE, sizeof payload, response, payload));
    UNIT_OK(pki_chain_new(&in, &chain));
    pki_verify_report(chain, payload + ABI_REPORT_RSP_REPORT, ABI_REPORT_SIZE, &policy, &verdict);
    UNIT_OK(verdict.why);
    CU_ASSERT(verdict.accepted);
    pki_chain_free(chain);
    crypto_aead_free(aead);
    pki_cert_free(leaf);
    pki_cert_free(ca);
    pki_cert_free(ark);
    vmm_machine_free(m);
}

/* machine.h: the CRL lists nothing, is a day old and good for thirty days, at any clock. */
static void crl_at(const struct sevkit_env *env, int64_t now) {
    const struct sevkit_profile p = profile();
    struct vmm_machine *m = NULL;
    struct vmm_certs certs;
    struct crypto_crl *crl = NULL;
    UNIT_OK(vmm_machine_new(&p, env, 1, &m));
    UNIT_OK(vmm_machine_certs(m, &certs));
    UNIT_OK(crypto_crl_from_der(certs.crl.bytes, certs.crl.size, &crl));
    CU_ASSERT_EQUAL(crl->this_update, now - 86400);
    CU_ASSERT(crl->has_next_update);
    CU_ASSERT_EQUAL(crl->next_update, now + 30 * INT64_C(86400));
    CU_ASSERT_EQUAL(crl->count, 0);
    crypto_crl_free(crl);
    vmm_machine_free(m);
}

static void revocation_list(void) {
    uint8_t byte = 0x42;
    const struct sevkit_env later = {
        .ctx = &byte, .now = a_later_day, .random = random_from_environment};
    crl_at(NULL, SEVKIT_EPOCH_EMBEDDED);
    crl_at(&later, SEVKIT_EPOCH_EMBEDDED + 1000000);
}

static void certificates_vcek(void) {
    certificates_of(SEVKIT_PROFILE_DEFAULT, false);
}

static void certificates_vlek(void) {
    struct sevkit_profile p;
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++) {
        UNIT_OK(vmm_profile_builtin(vmm_profile_name(i), &p));
        if (p.vlek_loaded) certificates_of(p.name, true);
    }
}

static const struct unit_test tests[] = {
    {"determinism", same_seed_same_bytes},
    {"environment", uses_the_given_environment},
    {"bad-sizes", bad_memory_size},
    {"before-any-scenario", before_any_scenario},
    {"guests-max", guests_up_to_the_limit},
    {"memory-end", memory_runs_out},
    {"for-ever", comes_and_goes_for_ever},
    {"any-order", destroys_in_any_order},
    {"launch-as", launches_as_told},
    {"door-footprint", door_footprint},
    {"certs-vcek", certificates_vcek},
    {"certs-vlek", certificates_vlek},
    {"half-way", launch_runs_out_half_way},
    {"crl", revocation_list},
    {NULL, NULL},
};

const struct unit_suite machine_suite = {"machine", tests};
