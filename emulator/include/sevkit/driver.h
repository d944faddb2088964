/* The guest's end of the message channel: one VMPCK, its sequence number, request and verified response.
 * What a guest kernel's driver is built on. Guest message notes, section 3. */
#ifndef SEVKIT_DRIVER_H
#define SEVKIT_DRIVER_H

#include "sevkit/crypto.h"
#include "sevkit/door.h"

struct drv_channel;

/* A channel over DOOR that protects messages with VMPCK number INDEX. SEQNO: the last number used, 0 for a
 * fresh guest. */
SEVKIT_MUST struct sevkit_result drv_channel_new(const struct sevkit_guest_door *door,
                                                 unsigned index,
                                                 const uint8_t vmpck[ABI_VMPCK_SIZE],
                                                 uint64_t seqno, struct drv_channel **channel);
void drv_channel_free(struct drv_channel *channel);

/* Writes the encrypted request page that drv_channel_call would send next; changes nothing. */
SEVKIT_MUST struct sevkit_result drv_channel_seal(struct drv_channel *channel, uint8_t type,
                                                  uint8_t version, const uint8_t *payload,
                                                  size_t size, uint8_t page[ABI_PAGE_SIZE]);

/* Sends one request and verifies the answer: sequence number, type, version, header, size, tag. EXIT is
 * set in any case. On a firmware or hypervisor error the result is a success with EXIT saying so and
 * *RESPONSE_SIZE 0. A response that does not verify is a failure that names the field. The sequence number
 * advances by 2 when a response was verified. RESPONSE must hold CAPACITY bytes. */
SEVKIT_MUST struct sevkit_result drv_channel_call(struct drv_channel *channel, uint8_t type,
                                                  uint8_t version, const uint8_t *payload,
                                                  size_t size, uint8_t *response, size_t capacity,
                                                  size_t *response_size, struct sevkit_exit *exit);

/* The last sequence number used. */
uint64_t drv_channel_seqno(const struct drv_channel *channel);

#endif
