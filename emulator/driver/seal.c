/* See seal.h. */
#include "driver/seal.h"

#include <string.h>

struct sevkit_result drv_seal(struct crypto_aead *aead, const struct drv_envelope *envelope,
                              const uint8_t *payload, size_t size, uint8_t page[ABI_PAGE_SIZE]) {
    const struct abi_msg_header header = abi_msg_header_make(
        envelope->type, envelope->version, envelope->vmpck, envelope->seqno, (uint16_t)size);
    uint8_t iv[ABI_MSG_IV_SIZE];
    abi_msg_iv(envelope->seqno, iv);
    abi_msg_header_encode(&header, page);
    SEVKIT_TRY(crypto_aead_seal(aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE, payload,
                                size, page + ABI_MSG_HEADER_SIZE, page + ABI_MSG_AUTHTAG));
    memset(page + ABI_MSG_HEADER_SIZE + size, 0, ABI_MSG_PAYLOAD_MAX - size);
    return sevkit_success();
}

struct sevkit_result drv_open(struct crypto_aead *aead, const struct abi_msg_header *header,
                              const uint8_t page[ABI_PAGE_SIZE], uint8_t *out) {
    uint8_t iv[ABI_MSG_IV_SIZE];
    abi_msg_iv(header->seqno, iv);
    return crypto_aead_open(aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                            page + ABI_MSG_HEADER_SIZE, header->size, page + ABI_MSG_AUTHTAG, out);
}
