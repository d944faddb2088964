/* Encrypting a request and decrypting a response: what the channel and Linux's driver share. Guest
 * message notes, sections 2 and 3. Private to driver/. */
#ifndef DRIVER_SEAL_H
#define DRIVER_SEAL_H

#include "sevkit/crypto.h"
#include "sevkit/message.h"

struct drv_envelope {
    uint8_t type;
    uint8_t version;
    uint8_t vmpck; /* its number */
    uint64_t seqno;
};

/* The request PAGE around SIZE bytes of PAYLOAD, at most ABI_MSG_PAYLOAD_MAX; the rest is zero. */
SEVKIT_MUST struct sevkit_result drv_seal(struct crypto_aead *aead,
                                          const struct drv_envelope *envelope,
                                          const uint8_t *payload, size_t size,
                                          uint8_t page[ABI_PAGE_SIZE]);

/* Decrypts the payload of PAGE, header->size bytes, into OUT. The caller has checked HEADER. */
SEVKIT_MUST struct sevkit_result drv_open(struct crypto_aead *aead,
                                          const struct abi_msg_header *header,
                                          const uint8_t page[ABI_PAGE_SIZE], uint8_t *out);

#endif
