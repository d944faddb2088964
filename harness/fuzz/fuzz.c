/* See fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/secrets.h"

#define SEED 1

void fuzz_require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fuzz: does not hold: %s\n", what);
    abort();
}

void fuzz_need(struct sevkit_result r) {
    char text[256];
    if (sevkit_ok(r)) return;
    sevkit_result_text(&r, text, sizeof text);
    fprintf(stderr, "fuzz: set-up: %s\n", text);
    abort();
}

void fuzz_print(const struct sevkit_result *r) {
    char whole[256], cut[16];
    sevkit_result_text(r, whole, sizeof whole);
    sevkit_result_text(r, cut, sizeof cut);
    fuzz_require(sevkit_ok(*r) || r->rule != NULL, "a failure has a rule");
    fuzz_require(sevkit_ok(*r) || r->field[0] != 0, "a failure has a field");
}

struct drv_channel *fuzz_channel(struct vmm_guest *guest, uint64_t count) {
    const struct sevkit_guest_door door = vmm_guest_door(guest);
    uint8_t page[ABI_PAGE_SIZE];
    struct abi_secrets_page secrets;
    struct drv_channel *channel;
    vmm_guest_secrets(guest, page);
    fuzz_need(abi_secrets_decode(page, sizeof page, &secrets));
    fuzz_need(drv_channel_new(&door, 0, secrets.vmpck[0], count, &channel));
    return channel;
}

void fuzz_call(struct drv_channel *channel, uint8_t type, const uint8_t *payload,
               size_t payload_size, uint8_t *answer, size_t size) {
    struct sevkit_exit exit;
    size_t got;
    fuzz_need(drv_channel_call(channel, type, 1, payload, payload_size, answer, size, &got, &exit));
    fuzz_require(exit.fw_status == 0 && exit.vmm_error == 0, "an honest request is answered");
    fuzz_require(got == size, "an honest request's answer has its size");
    fuzz_require(abi_get_le32(answer) == ABI_SUCCESS, "an honest request succeeds");
}

static void make_report(struct fuzz_world *w, struct vmm_machine *machine) {
    const struct abi_report_req req = {.vmpl = w->profile.vmpl};
    uint8_t payload[ABI_REPORT_REQ_SIZE], answer[ABI_REPORT_RSP_SIZE];
    struct vmm_guest *guest;
    fuzz_need(vmm_guest_launch(machine, &guest));
    struct drv_channel *channel = fuzz_channel(guest, w->profile.msg_count[0]);
    abi_report_req_encode(&req, payload);
    fuzz_call(channel, ABI_MSG_REPORT_REQ, payload, sizeof payload, answer, sizeof answer);
    memcpy(w->report, answer + ABI_REPORT_RSP_REPORT, sizeof w->report);
    drv_channel_free(channel);
}

static void make_key(struct fuzz_world *w) {
    const struct sevkit_profile *p = &w->profile;
    struct pki_leaf leaf = {.product = p->product, .tcb = p->reported_tcb};
    if (w->certs.vlek) {
        leaf.csp_id = p->csp_id;
    } else {
        leaf.hwid = p->chip_id;
        leaf.hwid_size = abi_hwid_size(p->product);
    }
    fuzz_need(pki_leaf_key(&leaf, &w->key));
}

void fuzz_world_init(struct fuzz_world *w, const char *profile) {
    struct vmm_machine *machine;
    fuzz_need(vmm_profile_builtin(profile, &w->profile));
    fuzz_need(vmm_machine_new(&w->profile, NULL, SEED, &machine));
    fuzz_need(vmm_machine_certs(machine, &w->certs));
    make_report(w, machine);
    vmm_machine_free(machine);
    fuzz_need(pki_cert_parse(w->certs.leaf.bytes, w->certs.leaf.size, &w->leaf));
    fuzz_need(pki_cert_parse(w->certs.ca.bytes, w->certs.ca.size, &w->ca));
    fuzz_need(pki_cert_parse(w->certs.ark.bytes, w->certs.ark.size, &w->ark));
    make_key(w);
}

struct pki_chain_input fuzz_world_chain(const struct fuzz_world *w) {
    return (struct pki_chain_input){
        .leaf = w->leaf,
        .ca = w->ca,
        .ark = w->ark,
        .crl = w->certs.crl.bytes,
        .crl_size = w->certs.crl.size,
        .at = SEVKIT_EPOCH_EMBEDDED,
    };
}
