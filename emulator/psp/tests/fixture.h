/* A PSP over its own memory and RMP, one running guest, and a guest's end of the message channel
 * that lets a test put anything anywhere. Set-up that fails ends the program: it is no verdict
 * about the PSP. */
#ifndef SEVKIT_PSP_FIXTURE_H
#define SEVKIT_PSP_FIXTURE_H

#include "psp/keys.h"
#include "psp/message.h"
#include "psp/state.h"
#include "unit/unit.h"

#define FIXTURE_MEMORY (4 * RMP_PAGE_2M)
#define FIXTURE_GUESTS 3

/* The pages of the fixture's guest; GCTX of further guests may be any other page. */
#define GCTX_PAGE UINT64_C(0x10000)
#define REQUEST_PAGE UINT64_C(0x11000)
#define RESPONSE_PAGE UINT64_C(0x12000)

struct fixture {
    struct sevkit_profile profile;
    struct rmp *rmp;
    struct mem *mem;
    struct psp *psp;
    struct crypto_drbg drbg;
    uint64_t seqno[ABI_VMPCK_COUNT]; /* of the next request */
};

/* A Genoa profile with an ID block, an author key, and a different value in every field. */
struct sevkit_profile fixture_profile(void);

/* A machine of PROFILE with one RUNNING guest at GCTX_PAGE. */
void fixture_open(struct fixture *f, const struct sevkit_profile *profile);
void fixture_close(struct fixture *f);

/* The context at GCTX_PAGE. */
struct psp_gctx *fixture_gctx(struct fixture *f);

/* Encrypts PAYLOAD under HEADER, which may lie in any field, into PAGE. */
void fixture_seal(struct fixture *f, const struct abi_msg_header *header, const uint8_t *payload,
                  uint8_t page[ABI_PAGE_SIZE]);

/* The command with these addresses. */
enum abi_status fixture_command(struct fixture *f, uint64_t gctx, uint64_t request,
                                uint64_t response);

/* Puts PAGE's first bytes at REQUEST_PAGE and rings the mailbox with the usual addresses. */
enum abi_status fixture_ring(struct fixture *f, const uint8_t page[ABI_PAGE_SIZE]);

/* Decrypts what lies at RESPONSE_PADDR with VMPCK number VMPCK. False if its tag does not
 * verify. */
bool fixture_open_at(struct fixture *f, uint64_t response_paddr, unsigned vmpck,
                     struct abi_msg_header *header, uint8_t payload[ABI_MSG_PAYLOAD_MAX]);

/* A whole exchange on VMPCK0: the mailbox's status; on SUCCESS the payload, whose tag has been
 * verified, is in REPLY and the counter has moved. */
enum abi_status fixture_call(struct fixture *f, uint8_t type, uint8_t version,
                             const uint8_t *payload, uint16_t size,
                             uint8_t reply[ABI_MSG_PAYLOAD_MAX]);

/* KEY_REQ through fixture_call. Returns the payload's STATUS. */
uint32_t fixture_key(struct fixture *f, const struct abi_key_req *req, uint8_t key[ABI_KEY_SIZE]);

/* REPORT_REQ through fixture_call. Returns the payload's STATUS. */
uint32_t fixture_report(struct fixture *f, const struct abi_report_req *req,
                        struct abi_report_rsp *rsp);

#endif
