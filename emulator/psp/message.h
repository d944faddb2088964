/* One guest message inside the firmware, and the handlers of its types. Private to psp/. */
#ifndef SEVKIT_PSP_MESSAGE_H
#define SEVKIT_PSP_MESSAGE_H

#include "psp/state.h"
#include "sevkit/message.h"

/* A request that has passed its checks, and the reply that a handler makes of it. */
struct psp_exchange {
    const struct psp_gctx *gctx;
    struct abi_msg_header header;         /* the request's */
    uint8_t payload[ABI_MSG_PAYLOAD_MAX]; /* decrypted, zero from MSG_SIZE on */
    uint8_t reply[ABI_MSG_PAYLOAD_MAX];   /* zero before the handler runs */
    size_t reply_size;
    uint8_t reply_version; /* the request's, unless the handler says otherwise */
};

/* Fills reply and reply_size. Faults of the guest go into the reply's STATUS. The return value
 * is the mailbox's: not SUCCESS only when the firmware itself cannot go on; then no reply is
 * sent. */
typedef enum abi_status psp_handler(struct psp *psp, struct psp_exchange *exchange);

psp_handler psp_cpuid_req, psp_key_req, psp_report_req, psp_tsc_info_req;

/* Command 0x94. BUFFER holds PSP_GUEST_REQUEST_SIZE bytes. */
enum abi_status psp_guest_request(struct psp *psp, const uint8_t *buffer);

/* The unsigned report of EXCHANGE's guest for REQ with SIGNING_KEY in its key info. */
struct abi_report psp_report_fill(const struct psp *psp, const struct psp_gctx *gctx,
                                  const struct abi_report_req *req,
                                  enum abi_signing_key signing_key);

/* Derives the guest key that REQ, already checked, asks for, from ROOT. */
SEVKIT_MUST struct sevkit_result psp_key_derive(const struct psp_gctx *gctx,
                                                const struct abi_key_req *req,
                                                const uint8_t root[PSP_SECRET_SIZE],
                                                uint8_t key[ABI_KEY_SIZE]);

#endif
