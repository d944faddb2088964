/* Guest messages, in both directions. The first byte selects:
 *   bit 0     the rest is encrypted with the right key: header, then payload as plaintext; else the
 *             rest is the page as it comes
 *   bit 1     the page is a response, given to the driver's channel; else a request, given to the
 *             guest door
 *   bits 3:2  the machine (requests)
 *   bit 4     MSG_SEQNO is set to the right number (with bit 0)
 *   bit 5     MSG_SIZE is set to the payload's size (with bit 0)
 * Every input has its own guest, so that one does not depend on those before it. */
#include <string.h>

#include "fuzz.h"
#include "sevkit/secrets.h"

enum {
    SEALED = 1,
    RESPONSE = 2,
    MACHINE_SHIFT = 2,
    MACHINES = 4,
    RIGHT_SEQNO = 16,
    RIGHT_SIZE = 32
};

#define SEED 1
#define UNTOUCHED 0xEE

struct input {
    uint8_t select;
    const uint8_t *bytes;
    size_t size;
};

/* Encrypts the message of IN into PAGE: what a peer that has the key can send. */
static void seal(struct crypto_aead *aead, const struct input *in, uint64_t seqno,
                 uint8_t page[ABI_PAGE_SIZE]) {
    uint8_t header[ABI_MSG_HEADER_SIZE] = {0}, iv[ABI_MSG_IV_SIZE];
    const size_t header_size = in->size < sizeof header ? in->size : sizeof header;
    size_t size = in->size - header_size;
    if (size > ABI_MSG_PAYLOAD_MAX) size = ABI_MSG_PAYLOAD_MAX;
    memcpy(header, in->bytes, header_size);
    if (in->select & RIGHT_SEQNO) abi_put_le64(header + ABI_MSG_SEQNO, seqno);
    if (in->select & RIGHT_SIZE) abi_put_le16(header + ABI_MSG_SIZE, (uint16_t)size);
    abi_msg_iv(abi_get_le64(header + ABI_MSG_SEQNO), iv);
    /* The payload that the tag covers is as long as MSG_SIZE says, where the page has room. */
    const size_t claimed = abi_get_le16(header + ABI_MSG_SIZE);
    const size_t sealed = claimed < ABI_MSG_PAYLOAD_MAX ? claimed : ABI_MSG_PAYLOAD_MAX;
    memcpy(page, header, sizeof header);
    memset(page + sizeof header, 0, ABI_MSG_PAYLOAD_MAX);
    memcpy(page + sizeof header, in->bytes + header_size, size);
    fuzz_need(crypto_aead_seal(aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                               page + sizeof header, sealed, page + sizeof header, page));
}

static void fill(struct crypto_aead *aead, const struct input *in, uint64_t seqno,
                 uint8_t page[ABI_PAGE_SIZE]) {
    memset(page, 0, ABI_PAGE_SIZE);
    if (in->select & SEALED) {
        seal(aead, in, seqno, page);
    } else {
        memcpy(page, in->bytes, in->size < ABI_PAGE_SIZE ? in->size : ABI_PAGE_SIZE);
    }
}

/* ---- requests ---- */

/* Different in what the checks look at: versions of KEY_REQ, reserved bytes, keys. */
static struct vmm_machine *machine_of(unsigned index) {
    static const char *const names[MACHINES] = {SEVKIT_PROFILE_DEFAULT, "milan-1.58.0-v5-vcek",
                                                "milan-1.55.29-v3-vlek", "turin-1.55.65-v5-vcek"};
    static struct vmm_machine *machines[MACHINES];
    if (machines[index] == NULL) {
        struct sevkit_profile profile;
        fuzz_need(vmm_profile_builtin(names[index], &profile));
        if (index == 1) profile.enforce_header_mbz = true;
        if (index == 3) profile.mask_chip_key = true;
        fuzz_need(vmm_machine_new(&profile, NULL, SEED, &machines[index]));
    }
    return machines[index];
}

struct peer {
    struct vmm_machine *machine;
    struct vmm_guest *guest;
    struct sevkit_guest_door door;
    struct abi_secrets_page secrets;
    struct crypto_aead *aead;
    uint64_t count[ABI_VMPCK_COUNT];
};

static void read_counts(const struct peer *p, uint64_t count[ABI_VMPCK_COUNT]) {
    const uint64_t gctx = vmm_guest_pages(p->guest).gctx;
    fuzz_require(psp_msg_count(vmm_machine_psp(p->machine), gctx, count), "the guest is there");
}

static void peer_open(struct peer *p, unsigned machine) {
    uint8_t page[ABI_PAGE_SIZE];
    p->machine = machine_of(machine);
    fuzz_need(vmm_guest_launch(p->machine, &p->guest));
    p->door = vmm_guest_door(p->guest);
    vmm_guest_secrets(p->guest, page);
    fuzz_need(abi_secrets_decode(page, sizeof page, &p->secrets));
    fuzz_need(crypto_aead_new(&p->aead));
    read_counts(p, p->count);
}

static void peer_close(struct peer *p) {
    crypto_aead_free(p->aead);
    vmm_guest_destroy(p->guest);
}

/* An answered request: the counter moved by two and the response opens. */
static void check_answer(struct peer *p, const uint8_t *request, const uint8_t *response) {
    struct abi_msg_header q, h;
    uint8_t iv[ABI_MSG_IV_SIZE], payload[ABI_MSG_PAYLOAD_MAX];
    abi_msg_header_decode(request, &q);
    abi_msg_header_decode(response, &h);
    fuzz_require(q.vmpck < ABI_VMPCK_COUNT, "an answered request names a VMPCK");
    p->count[q.vmpck] += 2;
    fuzz_require(h.seqno == p->count[q.vmpck], "the response has the counter's number");
    fuzz_require(h.type == (uint8_t)(q.type + 1), "the response's type follows the request's");
    fuzz_require(h.size <= sizeof payload, "the response fits in a page");
    abi_msg_iv(h.seqno, iv);
    const struct sevkit_result r = crypto_aead_open(
        p->aead, iv, response + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
        response + ABI_MSG_HEADER_SIZE, h.size, response + ABI_MSG_AUTHTAG, payload);
    fuzz_require(sevkit_ok(r), "the response opens with the request's key");
}

/* Whatever came before, the guest's next honest request is answered. */
static void check_alive(const struct peer *p) {
    const struct abi_key_req req = {.key_select = ABI_KEY_REQ_ROOT_KEY_SELECT};
    uint8_t payload[ABI_KEY_REQ_V1_SIZE], answer[ABI_KEY_RSP_SIZE];
    struct drv_channel *channel = fuzz_channel(p->guest, p->count[0]);
    abi_key_req_encode(1, &req, payload);
    fuzz_call(channel, ABI_MSG_KEY_REQ, payload, sizeof payload, answer, sizeof answer);
    drv_channel_free(channel);
}

static void request(const struct input *in) {
    uint8_t page[ABI_PAGE_SIZE], response[ABI_PAGE_SIZE], untouched[ABI_PAGE_SIZE];
    uint64_t count[ABI_VMPCK_COUNT];
    struct sevkit_exit exit;
    struct peer p;
    peer_open(&p, (in->select >> MACHINE_SHIFT) % MACHINES);
    const size_t vmpck = in->size > ABI_MSG_VMPCK ? in->bytes[ABI_MSG_VMPCK] % ABI_VMPCK_COUNT : 0;
    fuzz_need(crypto_aead_set_key(p.aead, p.secrets.vmpck[vmpck]));
    fill(p.aead, in, p.count[vmpck] + 1, page);
    memset(untouched, UNTOUCHED, sizeof untouched);
    memset(response, UNTOUCHED, sizeof response);
    p.door.request(p.door.ctx, page, response, &exit);
    fuzz_require(exit.vmm_error == 0, "the hypervisor has nothing to refuse");
    if (exit.fw_status == ABI_SUCCESS) {
        fuzz_require(in->select & SEALED, "only a page made with the key is answered");
        check_answer(&p, page, response);
    } else {
        fuzz_require(memcmp(response, untouched, sizeof response) == 0,
                     "a refused request leaves the response page alone");
    }
    read_counts(&p, count);
    fuzz_require(memcmp(count, p.count, sizeof count) == 0, "only an answer moves its counter");
    check_alive(&p);
    peer_close(&p);
}

/* ---- responses ---- */

/* A hypervisor that answers with a page of its own. */
static void answer(void *ctx, const uint8_t page[ABI_PAGE_SIZE], uint8_t response[ABI_PAGE_SIZE],
                   struct sevkit_exit *exit) {
    (void)page;
    memcpy(response, ctx, ABI_PAGE_SIZE);
    *exit = (struct sevkit_exit){0};
}

static void response(const struct input *in) {
    static const uint8_t vmpck[ABI_VMPCK_SIZE] = {1};
    const uint8_t payload[ABI_REPORT_REQ_SIZE] = {0};
    uint8_t page[ABI_PAGE_SIZE], out[ABI_REPORT_RSP_SIZE];
    const struct sevkit_guest_door door = {.ctx = page, .request = answer};
    struct crypto_aead *aead;
    struct drv_channel *channel;
    struct sevkit_exit exit;
    size_t size;
    fuzz_need(crypto_aead_new(&aead));
    fuzz_need(crypto_aead_set_key(aead, vmpck));
    fill(aead, in, 2, page);
    fuzz_need(drv_channel_new(&door, 0, vmpck, 0, &channel));
    const struct sevkit_result r = drv_channel_call(channel, ABI_MSG_REPORT_REQ, 1, payload,
                                                    sizeof payload, out, sizeof out, &size, &exit);
    fuzz_print(&r);
    if (sevkit_ok(r)) {
        fuzz_require(in->select & SEALED, "only a page made with the key is taken");
        fuzz_require(size <= sizeof out, "the payload fits in the caller's buffer");
        fuzz_require(page[ABI_MSG_TYPE] == ABI_MSG_REPORT_RSP, "the type is the one asked for");
    }
    fuzz_require(drv_channel_seqno(channel) == (sevkit_ok(r) ? 2u : 0u),
                 "only a verified response moves the number");
    drv_channel_free(channel);
    crypto_aead_free(aead);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) return 0;
    const struct input in = {bytes[0], bytes + 1, size - 1};
    if (in.select & RESPONSE) {
        response(&in);
    } else {
        request(&in);
    }
    return 0;
}
