/* See ours.h. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "sevkit/driver.h"
#include "sevkit/machine.h"
#include "sevkit/secrets.h"
#include "sevkit/verify.h"

#define SEED 1
#define FIELDS                                                                                     \
    (ABI_FIELD_GUEST_POLICY | ABI_FIELD_IMAGE_ID | ABI_FIELD_FAMILY_ID | ABI_FIELD_MEASUREMENT |   \
     ABI_FIELD_GUEST_SVN | ABI_FIELD_TCB_VERSION)

struct bench_ours {
    struct sevkit_profile profile;
    struct vmm_machine *machine;
    struct drv_channel *channel;
    struct crypto_aead *aead;
    struct pki_chain *chain;
    struct pki_policy policy;
    uint64_t seqno;
    uint8_t report_req[ABI_REPORT_REQ_SIZE];
    uint8_t key_req[ABI_KEY_REQ_V1_SIZE];
    uint8_t report[ABI_REPORT_SIZE];
    uint8_t payload[BENCH_AEAD_SIZE], sealed[BENCH_AEAD_SIZE];
};

void bench_ours_free(struct bench_ours *o) {
    if (o == NULL) return;
    pki_chain_free(o->chain);
    crypto_aead_free(o->aead);
    drv_channel_free(o->channel);
    vmm_machine_free(o->machine);
    free(o);
}

/* One request whose answer must have SIZE bytes and STATUS 0. */
static struct sevkit_result call(struct bench_ours *o, uint8_t type, const uint8_t *payload,
                                 size_t payload_size, uint8_t *answer, size_t size) {
    struct sevkit_exit exit;
    size_t got;
    SEVKIT_TRY(
        drv_channel_call(o->channel, type, 1, payload, payload_size, answer, size, &got, &exit));
    if (exit.fw_status != 0 || exit.vmm_error != 0)
        return sevkit_fail(SEVKIT_BAD_VALUE, "EXITINFO2", SEVKIT_NO_OFFSET, exit.fw_status, "0");
    if (got != size)
        return sevkit_fail(SEVKIT_BAD_LENGTH, "MSG_SIZE", SEVKIT_NO_OFFSET, got, "the answer's");
    const uint32_t status = abi_get_le32(answer);
    if (status != 0) return sevkit_fail(SEVKIT_BAD_VALUE, "STATUS", 0, status, "0");
    return sevkit_success();
}

struct sevkit_result bench_ours_report(struct bench_ours *o) {
    uint8_t answer[ABI_REPORT_RSP_SIZE];
    SEVKIT_TRY(
        call(o, ABI_MSG_REPORT_REQ, o->report_req, sizeof o->report_req, answer, sizeof answer));
    memcpy(o->report, answer + ABI_REPORT_RSP_REPORT, sizeof o->report);
    return sevkit_success();
}

struct sevkit_result bench_ours_key_request(struct bench_ours *o) {
    uint8_t answer[ABI_KEY_RSP_SIZE];
    return call(o, ABI_MSG_KEY_REQ, o->key_req, sizeof o->key_req, answer, sizeof answer);
}

struct sevkit_result bench_ours_aead(struct bench_ours *o) {
    const uint8_t aad[ABI_MSG_AAD_SIZE] = {0};
    uint8_t iv[ABI_MSG_IV_SIZE], tag[ABI_MSG_TAG_SIZE];
    abi_msg_iv(++o->seqno, iv);
    return crypto_aead_seal(o->aead, iv, aad, sizeof aad, o->payload, sizeof o->payload, o->sealed,
                            tag);
}

struct sevkit_result bench_ours_verify(struct bench_ours *o) {
    struct pki_verdict verdict;
    pki_verify_report(o->chain, o->report, sizeof o->report, &o->policy, &verdict);
    return verdict.why;
}

struct sevkit_result bench_ours_machine(struct bench_ours *o) {
    struct vmm_machine *machine;
    struct vmm_guest *guest;
    SEVKIT_TRY(vmm_machine_new(&o->profile, NULL, SEED, &machine));
    const struct sevkit_result r = vmm_guest_launch(machine, &guest);
    vmm_machine_free(machine);
    return r;
}

/* ---- setting up ---- */

static struct sevkit_result start_guest(struct bench_ours *o) {
    uint8_t page[ABI_PAGE_SIZE];
    struct abi_secrets_page secrets;
    struct vmm_guest *guest;
    SEVKIT_TRY(vmm_profile_builtin(SEVKIT_PROFILE_DEFAULT, &o->profile));
    SEVKIT_TRY(vmm_machine_new(&o->profile, NULL, SEED, &o->machine));
    SEVKIT_TRY(vmm_guest_launch(o->machine, &guest));
    vmm_guest_secrets(guest, page);
    SEVKIT_TRY(abi_secrets_decode(page, sizeof page, &secrets));
    const struct sevkit_guest_door door = vmm_guest_door(guest);
    SEVKIT_TRY(drv_channel_new(&door, 0, secrets.vmpck[0], o->profile.msg_count[0], &o->channel));
    SEVKIT_TRY(crypto_aead_new(&o->aead));
    return crypto_aead_set_key(o->aead, secrets.vmpck[0]);
}

static void make_requests(struct bench_ours *o) {
    struct abi_report_req report = {.vmpl = o->profile.vmpl};
    const struct abi_key_req key = {
        .guest_field_select = FIELDS,
        .vmpl = o->profile.vmpl,
        .guest_svn = o->profile.id_block.guest_svn,
        .tcb_version = o->profile.committed_tcb,
    };
    memset(report.report_data, 0xD1, sizeof report.report_data);
    memset(o->payload, 0xD2, sizeof o->payload);
    abi_report_req_encode(&report, o->report_req);
    abi_key_req_encode(1, &key, o->key_req);
}

static struct sevkit_result judge(struct bench_ours *o, const struct vmm_certs *certs,
                                  struct pki_cert *parsed[3]) {
    const struct pki_der *const der[3] = {&certs->leaf, &certs->ca, &certs->ark};
    for (size_t i = 0; i < 3; i++) {
        SEVKIT_TRY(pki_cert_parse(der[i]->bytes, der[i]->size, &parsed[i]));
    }
    const struct pki_chain_input in = {
        .leaf = parsed[0],
        .ca = parsed[1],
        .ark = parsed[2],
        .crl = certs->crl.bytes,
        .crl_size = certs->crl.size,
        .at = SEVKIT_EPOCH_EMBEDDED,
    };
    return pki_chain_new(&in, &o->chain);
}

static struct sevkit_result start_verifier(struct bench_ours *o) {
    struct vmm_certs certs;
    struct pki_cert *parsed[3] = {NULL, NULL, NULL};
    SEVKIT_TRY(vmm_machine_certs(o->machine, &certs));
    const struct sevkit_result r = judge(o, &certs, parsed);
    for (size_t i = 0; i < 3; i++) pki_cert_free(parsed[i]);
    o->policy = pki_policy_default();
    return r;
}

static struct sevkit_result start(struct bench_ours *o) {
    SEVKIT_TRY(start_guest(o));
    make_requests(o);
    SEVKIT_TRY(bench_ours_report(o));
    SEVKIT_TRY(start_verifier(o));
    return bench_ours_verify(o);
}

struct sevkit_result bench_ours_new(struct bench_ours **ours) {
    struct bench_ours *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "bench", SEVKIT_NO_OFFSET, sizeof *o,
                           "memory for the machine");
    }
    const struct sevkit_result r = start(o);
    if (!sevkit_ok(r)) {
        bench_ours_free(o);
        return r;
    }
    *ours = o;
    return sevkit_success();
}
