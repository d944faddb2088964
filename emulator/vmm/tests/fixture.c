/* See fixture.h. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "sevkit/secrets.h"

static void must(bool ok) {
    if (!ok) abort();
}

struct sevkit_scenario fixture_scenario(const char *scenario) {
    struct sevkit_scenario s = vmm_scenario_none();
    if (scenario == NULL) return s;
    if (*scenario != '{') {
        must(sevkit_ok(vmm_scenario_builtin(scenario, &s)));
        return s;
    }
    char json[1024];
    const int size =
        snprintf(json, sizeof json, "{\"name\": \"test\", \"title\": \"a test\", %s", scenario + 1);
    must(size > 0 && (size_t)size < sizeof json);
    must(sevkit_ok(vmm_scenario_parse(json, (size_t)size, &s)));
    return s;
}

void fixture_set(struct fixture *f, const char *scenario) {
    const struct sevkit_scenario s = fixture_scenario(scenario);
    vmm_machine_set_scenario(f->m, &s);
}

void fixture_open(struct fixture *f, const char *profile, const char *scenario) {
    struct sevkit_profile p;
    struct abi_secrets_page s;
    uint8_t page[ABI_PAGE_SIZE];
    *f = (struct fixture){.seqno = 0};
    must(sevkit_ok(vmm_profile_builtin(profile, &p)));
    must(sevkit_ok(vmm_machine_new(&p, NULL, 1, &f->m)));
    fixture_set(f, scenario);
    must(sevkit_ok(vmm_guest_launch(f->m, &f->g)));
    f->door = vmm_guest_door(f->g);
    must(sevkit_ok(psp_secrets_page(vmm_machine_psp(f->m), vmm_guest_pages(f->g).gctx, page)));
    must(sevkit_ok(abi_secrets_decode(page, sizeof page, &s)));
    must(sevkit_ok(crypto_aead_new(&f->aead)));
    must(sevkit_ok(crypto_aead_set_key(f->aead, s.vmpck[0])));
}

void fixture_close(struct fixture *f) {
    crypto_aead_free(f->aead);
    vmm_machine_free(f->m);
}

static uint16_t request_size(uint8_t type) {
    if (type == ABI_MSG_KEY_REQ) return ABI_KEY_REQ_V1_SIZE;
    if (type == ABI_MSG_TSC_INFO_REQ) return ABI_TSC_INFO_SIZE;
    return ABI_REPORT_REQ_SIZE;
}

void fixture_seal(struct fixture *f, uint8_t type, uint8_t page[ABI_PAGE_SIZE]) {
    const struct abi_msg_header h =
        abi_msg_header_make(type, 1, 0, f->seqno + 1, request_size(type));
    uint8_t iv[ABI_MSG_IV_SIZE];
    memset(page, 0, ABI_PAGE_SIZE);
    abi_msg_header_encode(&h, page);
    abi_msg_iv(h.seqno, iv);
    must(sevkit_ok(crypto_aead_seal(f->aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                                    f->payload, h.size, page + ABI_MSG_HEADER_SIZE, page)));
}

static struct sevkit_exit ring(struct fixture *f, uint8_t type, bool extended, uint8_t *data,
                               uint64_t *npages) {
    const uint64_t before = vmm_machine_fw_requests(f->m);
    struct sevkit_exit exit = {0xFF, 0xFF, 0xFF};
    uint8_t page[ABI_PAGE_SIZE];
    fixture_seal(f, type, page);
    memset(f->response, 0x5A, sizeof f->response);
    if (extended) {
        f->door.ext_request(f->door.ctx, page, f->response, data, npages, &exit);
    } else {
        f->door.request(f->door.ctx, page, f->response, &exit);
    }
    if (vmm_machine_fw_requests(f->m) != before && exit.fw_status == ABI_SUCCESS) f->seqno += 2;
    return exit;
}

struct sevkit_exit fixture_ring(struct fixture *f, uint8_t type) {
    return ring(f, type, false, NULL, NULL);
}

struct sevkit_exit fixture_ring_ext(struct fixture *f, uint8_t type, uint8_t *data,
                                    uint64_t *npages) {
    return ring(f, type, true, data, npages);
}

bool fixture_read(struct fixture *f, uint8_t type, uint8_t *payload, size_t size) {
    struct abi_msg_header h;
    uint8_t iv[ABI_MSG_IV_SIZE];
    abi_msg_header_decode(f->response, &h);
    if (h.seqno != f->seqno || h.type != type + 1 || h.size != size) return false;
    abi_msg_iv(h.seqno, iv);
    return sevkit_ok(crypto_aead_open(f->aead, iv, f->response + ABI_MSG_AAD_OFFSET,
                                      ABI_MSG_AAD_SIZE, f->response + ABI_MSG_HEADER_SIZE, size,
                                      f->response, payload));
}

void fixture_report(struct fixture *f, uint8_t report[ABI_REPORT_SIZE]) {
    uint8_t payload[ABI_REPORT_RSP_SIZE];
    must(fixture_exitinfo2(fixture_ring(f, ABI_MSG_REPORT_REQ)) == 0);
    must(fixture_read(f, ABI_MSG_REPORT_REQ, payload, sizeof payload));
    memcpy(report, payload + ABI_REPORT_RSP_REPORT, ABI_REPORT_SIZE);
}

struct pki_verdict fixture_verify(const uint8_t report[ABI_REPORT_SIZE],
                                  const struct vmm_certs *certs, bool crl) {
    struct pki_cert *leaf = NULL, *ca = NULL, *ark = NULL;
    struct pki_chain *chain = NULL;
    struct pki_verdict verdict;
    const struct pki_policy policy = pki_policy_default();
    must(sevkit_ok(pki_cert_parse(certs->leaf.bytes, certs->leaf.size, &leaf)));
    must(sevkit_ok(pki_cert_parse(certs->ca.bytes, certs->ca.size, &ca)));
    must(sevkit_ok(pki_cert_parse(certs->ark.bytes, certs->ark.size, &ark)));
    const struct pki_chain_input in = {
        .leaf = leaf,
        .ca = ca,
        .ark = ark,
        .crl = crl ? certs->crl.bytes : NULL,
        .crl_size = certs->crl.size,
        .at = SEVKIT_EPOCH_EMBEDDED,
    };
    must(sevkit_ok(pki_chain_new(&in, &chain)));
    pki_verify_report(chain, report, ABI_REPORT_SIZE, &policy, &verdict);
    pki_chain_free(chain);
    pki_cert_free(leaf);
    pki_cert_free(ca);
    pki_cert_free(ark);
    return verdict;
}

struct pki_verdict fixture_judge(struct fixture *f, const uint8_t report[ABI_REPORT_SIZE],
                                 bool crl) {
    struct vmm_certs certs;
    must(sevkit_ok(vmm_machine_certs(f->m, &certs)));
    return fixture_verify(report, &certs, crl);
}

uint64_t fixture_exitinfo2(struct sevkit_exit exit) {
    CU_ASSERT_EQUAL(exit.es_result, 0);
    return (uint64_t)exit.vmm_error << 32 | exit.fw_status;
}
