/* The guest's end of the message channel, as a test needs it: able to seal what no honest guest would
 * send. Written from the message notes, sections 2 and 3, and not over the driver, so that the two check
 * each other. */
#include <string.h>

#include "runner/ctx.h"

#define RSP_RULE "a response's header: message notes, sections 2 and 3"

/* IV: MSG_SEQNO as 8 little-endian bytes, then 4 zero bytes. */
static void iv_of(uint64_t seqno, uint8_t iv[CRYPTO_AEAD_IV_SIZE]) {
    memset(iv, 0, CRYPTO_AEAD_IV_SIZE);
    abi_put_le64(iv, seqno);
}

bool suite_message(struct suite_ctx *ctx, unsigned vmpck, uint8_t type, uint8_t version,
                   const uint8_t *payload, size_t size, struct suite_message *message) {
    if (!ctx->have_secrets || vmpck >= ABI_VMPCK_COUNT || size > ABI_MSG_PAYLOAD_MAX)
        return suite_setup(ctx, "request",
                           sevkit_fail(SEVKIT_BAD_VALUE, "suite_message", SEVKIT_NO_OFFSET, size,
                                       "after a reset, VMPCK 0 to 3, at most 0xFA0 bytes"));
    memset(message, 0, sizeof *message);
    message->header.seqno = ctx->seqno[vmpck] + 1;
    message->header.algo = 1;
    message->header.hdr_version = 1;
    message->header.hdr_size = 0x60;
    message->header.type = type;
    message->header.version = version;
    message->header.vmpck = (uint8_t)vmpck;
    message->header.size = (uint16_t)size;
    message->size = size;
    memcpy(message->key, ctx->secrets.vmpck[vmpck], sizeof message->key);
    if (payload != NULL) memcpy(message->payload, payload, size);
    return true;
}

bool suite_seal_with(struct suite_ctx *ctx, const struct suite_message *message,
                     const uint8_t iv[CRYPTO_AEAD_IV_SIZE], const uint8_t *aad, size_t aad_size,
                     uint8_t page[ABI_PAGE_SIZE]) {
    memset(page, 0, ABI_PAGE_SIZE);
    abi_msg_header_encode(&message->header, page);
    uint8_t tag[CRYPTO_AEAD_TAG_SIZE];
    if (!suite_setup(ctx, "AEAD key", crypto_aead_set_key(ctx->aead, message->key)) ||
        !suite_setup(ctx, "AEAD",
                     crypto_aead_seal(ctx->aead, iv, aad, aad_size, message->payload, message->size,
                                      page + 0x60, tag)))
        return false;
    memcpy(page, tag, sizeof tag);
    return true;
}

bool suite_seal(struct suite_ctx *ctx, const struct suite_message *message,
                uint8_t page[ABI_PAGE_SIZE]) {
    uint8_t header[ABI_MSG_HEADER_SIZE];
    uint8_t iv[CRYPTO_AEAD_IV_SIZE];
    abi_msg_header_encode(&message->header, header);
    iv_of(message->header.seqno, iv);
    return suite_seal_with(ctx, message, iv, header + 0x30, 0x30, page);
}

bool suite_send(struct suite_ctx *ctx, const uint8_t page[ABI_PAGE_SIZE],
                uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit) {
    return suite_setup(ctx, "guest request",
                       target_guest_request(ctx->target, page, response, exit));
}

/* The version is echoed, but what a version 2 KEY_REQ gets is the profile's to say. */
static unsigned response_version(const struct suite_ctx *ctx,
                                 const struct abi_msg_header *request) {
    if (request->type == ABI_MSG_KEY_REQ && request->version == 2)
        return suite_profile(ctx)->key_rsp_v2_version;
    return request->version;
}

bool suite_open(struct suite_ctx *ctx, const struct suite_message *request,
                const uint8_t page[ABI_PAGE_SIZE], struct suite_response *response) {
    abi_msg_header_decode(page, &response->header);
    const struct abi_msg_header *h = &response->header;
    if (!suite_equal(ctx, "response MSG_SEQNO", request->header.seqno + 1, h->seqno, RSP_RULE) ||
        !suite_equal(ctx, "response ALGO", 1, h->algo, RSP_RULE) ||
        !suite_equal(ctx, "response HDR_VERSION", 1, h->hdr_version, RSP_RULE) ||
        !suite_equal(ctx, "response HDR_SIZE", 0x60, h->hdr_size, RSP_RULE) ||
        !suite_equal(ctx, "response MSG_TYPE", request->header.type + 1u, h->type, RSP_RULE) ||
        !suite_equal(ctx, "response MSG_VERSION", response_version(ctx, &request->header),
                     h->version, RSP_RULE) ||
        !suite_equal(ctx, "response MSG_VMPCK", request->header.vmpck, h->vmpck, RSP_RULE) ||
        !suite_check(ctx, "response MSG_SIZE", h->size <= ABI_MSG_PAYLOAD_MAX, RSP_RULE))
        return false;
    uint8_t iv[CRYPTO_AEAD_IV_SIZE];
    iv_of(h->seqno, iv);
    return suite_setup(ctx, "AEAD key", crypto_aead_set_key(ctx->aead, request->key)) &&
           suite_succeeds(ctx, "response AUTHTAG",
                          crypto_aead_open(ctx->aead, iv, page + 0x30, 0x30, page + 0x60, h->size,
                                           page, response->payload),
                          "AES-256-GCM, IV = MSG_SEQNO, AAD = bytes 0x30..0x5F");
}

void suite_advance(struct suite_ctx *ctx, unsigned vmpck) {
    ctx->seqno[vmpck] += 2;
}

bool suite_call(struct suite_ctx *ctx, unsigned vmpck, uint8_t type, uint8_t version,
                const uint8_t *payload, size_t size, uint8_t *rsp, size_t capacity,
                size_t *rsp_size) {
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    uint8_t answer[ABI_PAGE_SIZE] = {0};
    struct sevkit_exit exit;
    struct suite_response response;
    if (!suite_message(ctx, vmpck, type, version, payload, size, &message) ||
        !suite_seal(ctx, &message, page) || !suite_send(ctx, page, answer, &exit) ||
        !suite_equal(ctx, "VMM error", 0, exit.vmm_error, "a well-formed request is passed on") ||
        !suite_status(ctx, "mailbox status", ABI_SUCCESS, exit.fw_status,
                      "a fault in the payload goes to its STATUS, not to the mailbox") ||
        !suite_open(ctx, &message, answer, &response))
        return false;
    suite_advance(ctx, vmpck);
    memcpy(rsp, response.payload,
           response.header.size < capacity ? response.header.size : capacity);
    *rsp_size = response.header.size;
    return true;
}
