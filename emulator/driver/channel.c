/* The guest's end of the message channel. Guest message notes, sections 2 and 3: what a request
 * carries, and what Linux and SVSM verify in a response. */
#include "sevkit/driver.h"

#include <stdlib.h>

#include "driver/seal.h"

#define SEQNO_LAST (UINT64_MAX - 2) /* beyond it the response's number would wrap */

struct drv_channel {
    struct sevkit_guest_door door;
    struct crypto_aead *aead;
    uint64_t seqno; /* the last one used */
    uint8_t vmpck;  /* its number */
    uint8_t request[ABI_PAGE_SIZE];
    uint8_t response[ABI_PAGE_SIZE];
};

struct sevkit_result drv_channel_new(const struct sevkit_guest_door *door, unsigned index,
                                     const uint8_t vmpck[ABI_VMPCK_SIZE], uint64_t seqno,
                                     struct drv_channel **channel) {
    if (index >= ABI_VMPCK_COUNT) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "index", SEVKIT_NO_OFFSET, index, "0 to 3");
    }
    struct drv_channel *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "channel", SEVKIT_NO_OFFSET, sizeof *made,
                           "memory for the channel");
    }
    made->door = *door;
    made->seqno = seqno;
    made->vmpck = (uint8_t)index;
    struct sevkit_result r = crypto_aead_new(&made->aead);
    if (sevkit_ok(r)) r = crypto_aead_set_key(made->aead, vmpck);
    if (!sevkit_ok(r)) {
        drv_channel_free(made);
        return r;
    }
    *channel = made;
    return sevkit_success();
}

void drv_channel_free(struct drv_channel *channel) {
    if (channel == NULL) return;
    crypto_aead_free(channel->aead);
    free(channel);
}

uint64_t drv_channel_seqno(const struct drv_channel *channel) {
    return channel->seqno;
}

struct sevkit_result drv_channel_seal(struct drv_channel *channel, uint8_t type, uint8_t version,
                                      const uint8_t *payload, size_t size,
                                      uint8_t page[ABI_PAGE_SIZE]) {
    if (size > ABI_MSG_PAYLOAD_MAX) {
        return sevkit_fail(SEVKIT_BAD_LENGTH, "MSG_SIZE", ABI_MSG_SIZE, size,
                           "header and payload fit in one page");
    }
    if (channel->seqno > SEQNO_LAST) {
        return sevkit_fail(SEVKIT_LIMIT, "MSG_SEQNO", ABI_MSG_SEQNO, channel->seqno,
                           "two numbers are left for request and response");
    }
    const struct drv_envelope envelope = {
        .type = type, .version = version, .vmpck = channel->vmpck, .seqno = channel->seqno + 1};
    return drv_seal(channel->aead, &envelope, payload, size, page);
}

static struct sevkit_result expect(const char *field, size_t offset, uint64_t value, uint64_t right,
                                   const char *rule) {
    if (value == right) return sevkit_success();
    return sevkit_fail(SEVKIT_BAD_VALUE, field, offset, value, rule);
}

/* Everything in the response's header that follows from the request. Reserved bytes are not
 * looked at: real firmware does not keep them zero (section 2). */
static struct sevkit_result check_header(const struct drv_channel *channel,
                                         const struct abi_msg_header *h, uint8_t type,
                                         uint8_t version) {
    SEVKIT_TRY(expect("MSG_SEQNO", ABI_MSG_SEQNO, h->seqno, channel->seqno + 2,
                      "the request's number plus 1"));
    SEVKIT_TRY(expect("MSG_TYPE", ABI_MSG_TYPE, h->type, (uint8_t)(type + 1),
                      "the request's type plus 1"));
    SEVKIT_TRY(expect("MSG_VERSION", ABI_MSG_VERSION, h->version, version, "the request's"));
    SEVKIT_TRY(expect("ALGO", ABI_MSG_ALGO, h->algo, ABI_MSG_ALGO_AES_256_GCM, "AES-256-GCM"));
    SEVKIT_TRY(expect("HDR_VERSION", ABI_MSG_HDR_VERSION, h->hdr_version, ABI_MSG_HDR_VERSION_1,
                      "header version 1"));
    SEVKIT_TRY(
        expect("HDR_SIZE", ABI_MSG_HDR_SIZE, h->hdr_size, ABI_MSG_HEADER_SIZE, "0x60 bytes"));
    return expect("MSG_VMPCK", ABI_MSG_VMPCK, h->vmpck, channel->vmpck, "the request's");
}

static struct sevkit_result open_response(struct drv_channel *channel, uint8_t type,
                                          uint8_t version, uint8_t *out, size_t capacity,
                                          size_t *size) {
    const uint8_t *page = channel->response;
    struct abi_msg_header h;
    abi_msg_header_decode(page, &h);
    SEVKIT_TRY(check_header(channel, &h, type, version));
    if (h.size > ABI_MSG_PAYLOAD_MAX) {
        return sevkit_fail(SEVKIT_BAD_LENGTH, "MSG_SIZE", ABI_MSG_SIZE, h.size,
                           "header and payload fit in one page");
    }
    if (h.size > capacity) {
        return sevkit_fail(SEVKIT_BAD_LENGTH, "MSG_SIZE", ABI_MSG_SIZE, h.size,
                           "fits in the caller's buffer");
    }
    SEVKIT_TRY(drv_open(channel->aead, &h, page, out));
    *size = h.size;
    return sevkit_success();
}

struct sevkit_result drv_channel_call(struct drv_channel *channel, uint8_t type, uint8_t version,
                                      const uint8_t *payload, size_t size, uint8_t *response,
                                      size_t capacity, size_t *response_size,
                                      struct sevkit_exit *exit) {
    *exit = (struct sevkit_exit){0};
    *response_size = 0;
    SEVKIT_TRY(drv_channel_seal(channel, type, version, payload, size, channel->request));
    channel->door.request(channel->door.ctx, channel->request, channel->response, exit);
    if (exit->fw_status != 0 || exit->vmm_error != 0) return sevkit_success();
    SEVKIT_TRY(open_response(channel, type, version, response, capacity, response_size));
    channel->seqno += 2;
    return sevkit_success();
}
