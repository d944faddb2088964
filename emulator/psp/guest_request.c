/* SNP_GUEST_REQUEST: the checks of guest message notes, section 5, in their order, then the answer.
 * The step numbers are the notes'.
 *
 * Header and payload are copied out of guest memory once and judged as copies, for the guest or the
 * hypervisor may change the page meanwhile. The response is made in a private buffer; memory sees
 * it when it is whole. A status other than SUCCESS has changed nothing.
 *
 * EXPORT, IMPORT, ABSORB, VMRK and ABSORB_NOMA are request types of the ABI that this firmware
 * does not have yet: step 15 refuses them as it does an unknown type. */
#include <string.h>

#include "psp/message.h"

#define OFFSET_IN_PAGE ((uint64_t)ABI_PAGE_SIZE - 1)
#define GCM_BLOCK 16
#define MSG_COUNT_LAST (UINT64_MAX - 1) /* the largest even number: no response could follow */

struct command {
    uint64_t gctx_paddr;
    uint64_t request_paddr;
    uint64_t response_paddr;
};

/* Message notes, section 1: three addresses side by side and nothing else. */
_Static_assert(PSP_GUEST_REQUEST_GCTX_PADDR == 0, "GCTX_PADDR opens the buffer");
_Static_assert(PSP_GUEST_REQUEST_GCTX_PADDR + 8 == PSP_GUEST_REQUEST_REQUEST_PADDR, "8 bytes");
_Static_assert(PSP_GUEST_REQUEST_REQUEST_PADDR + 8 == PSP_GUEST_REQUEST_RESPONSE_PADDR, "8 bytes");
_Static_assert(PSP_GUEST_REQUEST_RESPONSE_PADDR + 8 == PSP_GUEST_REQUEST_SIZE, "8 bytes");

/* Steps 1 to 7: what the hypervisor answers for. Finds the guest's context. */
static enum abi_status check_pages(const struct psp *psp, const struct command *c,
                                   struct psp_gctx **found) {
    struct rmp_entry context, request, response;
    const enum abi_status no_entry = psp->profile.rmp_lookup_status;
    const bool init = psp->platform_state == PSP_PLATFORM_INIT;
    const struct rmp *rmp = psp->rmp;
    if ((c->gctx_paddr & OFFSET_IN_PAGE) != 0) return ABI_INVALID_PARAM;    /* @req SNP-MSG-028 */
    if (!init) return ABI_INVALID_PLATFORM_STATE;                           /* @req SNP-MSG-029 */
    if (!rmp_lookup(rmp, c->gctx_paddr, &context)) return no_entry;         /* @req SNP-MSG-030 */
    if (!rmp_lookup(rmp, c->request_paddr, &request)) return no_entry;      /* @req SNP-MSG-030 */
    if (!rmp_lookup(rmp, c->response_paddr, &response)) return no_entry;    /* @req SNP-MSG-030 */
    if (rmp_entry_state(&context) != RMP_CONTEXT) return ABI_INVALID_GUEST; /* @req SNP-MSG-031 */
    struct psp_gctx *gctx = psp_gctx_find(&psp->guests, c->gctx_paddr);
    /* Without a context there the state was forged. */
    if (gctx == NULL) return ABI_INVALID_GUEST; /* @req SNP-MSG-031 */
    const bool firmware = rmp_entry_state(&response) == RMP_FIRMWARE;
    if (!firmware) return ABI_INVALID_PAGE_STATE;                         /* @req SNP-MSG-032 */
    if (request.size != RMP_4K) return ABI_INVALID_PAGE_SIZE;             /* @req SNP-MSG-034 */
    if (response.size != RMP_4K) return ABI_INVALID_PAGE_SIZE;            /* @req SNP-MSG-034 */
    if (gctx->state != PSP_GUEST_RUNNING) return ABI_INVALID_GUEST_STATE; /* @req SNP-MSG-035 */
    *found = gctx;
    return ABI_SUCCESS;
}

/* The reserved header bytes and the tag's unused half, none of which FW 1.55.25 looks at. */
static bool reserved_is_zero(const struct abi_msg_header *h) {
    return abi_all_zero(h->authtag + ABI_MSG_TAG_SIZE, sizeof h->authtag - ABI_MSG_TAG_SIZE) &&
           abi_all_zero(h->reserved_28, sizeof h->reserved_28) &&
           abi_all_zero(h->reserved_38, sizeof h->reserved_38) &&
           abi_all_zero(h->reserved_3d, sizeof h->reserved_3d);
}

/* MSG_SIZE is a multiple of 16; a version 2 KEY_REQ, where the firmware has it, has one of the sizes
 * that the profile lists (0x28 is no multiple). The header is not authenticated yet: this is what it
 * claims. */
static bool size_is_allowed(const struct sevkit_profile *p, const struct abi_msg_header *h) {
    const bool key_v2 =
        h->type == ABI_MSG_KEY_REQ && h->version == 2 && p->key_req_max_version >= 2;
    if (!key_v2) return h->size % GCM_BLOCK == 0; /* @req SNP-MSG-041 */
    for (unsigned i = 0; i < p->key_req_v2_size_count; i++) {
        if (h->size == p->key_req_v2_sizes[i]) return true; /* @req SNP-KEY-003 */
    }
    return false;
}

static unsigned version_max(const struct sevkit_profile *p, uint8_t type) {
    return type == ABI_MSG_KEY_REQ ? p->key_req_max_version : 1;
}

static psp_handler *handler_of(uint8_t type) {
    if (type == ABI_MSG_CPUID_REQ) return psp_cpuid_req;       /* @req SNP-MSG-023 */
    if (type == ABI_MSG_KEY_REQ) return psp_key_req;           /* @req SNP-MSG-023 */
    if (type == ABI_MSG_REPORT_REQ) return psp_report_req;     /* @req SNP-MSG-023 */
    if (type == ABI_MSG_TSC_INFO_REQ) return psp_tsc_info_req; /* @req SNP-MSG-023 */
    return NULL;
}

/* Step 12. HEADER: the bytes as they came, for the AAD is a part of them. */
static bool decrypt(struct psp *psp, struct psp_exchange *x, const uint8_t *header,
                    const uint8_t *ciphertext) {
    uint8_t iv[ABI_MSG_IV_SIZE];
    abi_msg_iv(x->header.seqno, iv);
    return sevkit_ok(crypto_aead_open(psp->aead, iv, header + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                                      ciphertext, x->header.size, header + ABI_MSG_AUTHTAG,
                                      x->payload));
}

/* Steps 8 to 15: what the guest answers for. Decrypts the payload and finds its handler. */
static enum abi_status receive(struct psp *psp, const struct command *c, struct psp_exchange *x,
                               psp_handler **handler) {
    const struct sevkit_profile *p = &psp->profile;
    const bool strict = p->enforce_header_mbz;
    const size_t room = ABI_PAGE_SIZE - (c->request_paddr & OFFSET_IN_PAGE);
    uint8_t header[ABI_MSG_HEADER_SIZE], ciphertext[ABI_MSG_PAYLOAD_MAX];
    struct abi_msg_header *h = &x->header;
    if (room < ABI_MSG_HEADER_SIZE) return ABI_INVALID_PARAM; /* @req SNP-MSG-036 */
    if (!mem_read(psp->mem, c->request_paddr, header, sizeof header)) return ABI_HWERROR_PLATFORM;
    abi_msg_header_decode(header, h);
    if (h->hdr_version != ABI_MSG_HDR_VERSION_1) return ABI_INVALID_PARAM; /* @req SNP-MSG-037 */
    if (h->hdr_size != ABI_MSG_HEADER_SIZE) return ABI_INVALID_PARAM;      /* @req SNP-MSG-038 */
    if (h->algo != ABI_MSG_ALGO_AES_256_GCM) return ABI_INVALID_PARAM;     /* @req SNP-MSG-039 */
    if (h->size == 0) return ABI_INVALID_PARAM;                            /* @req SNP-MSG-040 */
    if (!size_is_allowed(p, h)) return ABI_INVALID_PARAM;                  /* @req SNP-MSG-041 */
    if (strict && !reserved_is_zero(h)) return ABI_INVALID_PARAM;          /* @req SNP-MSG-010 */
    if (h->size > room - ABI_MSG_HEADER_SIZE) return ABI_INVALID_PARAM;    /* @req SNP-MSG-042 */
    if (h->vmpck >= ABI_VMPCK_COUNT) return ABI_INVALID_PARAM;             /* @req SNP-MSG-043 */
    const uint64_t payload_paddr = c->request_paddr + ABI_MSG_HEADER_SIZE;
    if (!mem_read(psp->mem, payload_paddr, ciphertext, h->size)) return ABI_HWERROR_PLATFORM;
    const uint8_t *vmpck = x->gctx->vmpck[h->vmpck];
    if (!sevkit_ok(crypto_aead_set_key(psp->aead, vmpck))) return ABI_HWERROR_PLATFORM;
    if (!decrypt(psp, x, header, ciphertext)) return ABI_BAD_MEASUREMENT; /* @req SNP-MSG-044 */
    const uint64_t count = x->gctx->msg_count[h->vmpck];
    if (count >= MSG_COUNT_LAST) return ABI_AEAD_OFLOW;                 /* @req SNP-MSG-021 */
    if (h->seqno != count + 1) return ABI_AEAD_OFLOW;                   /* @req SNP-MSG-045 */
    if (h->version == 0) return ABI_INVALID_PARAM;                      /* @req SNP-MSG-046 */
    if (h->version > version_max(p, h->type)) return ABI_INVALID_PARAM; /* @req SNP-MSG-046 */
    *handler = handler_of(h->type);
    if (*handler == NULL) return ABI_INVALID_PARAM; /* @req SNP-MSG-047 */
    return ABI_SUCCESS;
}

/* Encrypts the reply of X into PAGE, header first. The cipher still holds the request's VMPCK. */
static struct sevkit_result encrypt(struct psp *psp, const struct psp_exchange *x,
                                    uint8_t page[ABI_PAGE_SIZE]) {
    const struct abi_msg_header *h = &x->header;
    const struct abi_msg_header reply = abi_msg_header_make(
        (uint8_t)(h->type + 1), x->reply_version, h->vmpck, h->seqno + 1, (uint16_t)x->reply_size);
    uint8_t iv[ABI_MSG_IV_SIZE];
    abi_msg_header_encode(&reply, page);
    abi_msg_iv(reply.seqno, iv);
    return crypto_aead_seal(psp->aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE, x->reply,
                            x->reply_size, page + ABI_MSG_HEADER_SIZE, page + ABI_MSG_AUTHTAG);
}

/* Steps 16 to 18. The counter moves once the response is encrypted, before it is written: the
 * pair of key and IV must not be used again even if the write were lost. */
static enum abi_status answer(struct psp *psp, const struct command *c, psp_handler *handler,
                              struct psp_exchange *x, struct psp_gctx *gctx) {
    uint8_t page[ABI_PAGE_SIZE];
    const size_t room = ABI_PAGE_SIZE - (c->response_paddr & OFFSET_IN_PAGE);
    const enum abi_status handled = handler(psp, x);
    if (handled != ABI_SUCCESS) return handled;
    const size_t size = ABI_MSG_HEADER_SIZE + x->reply_size;
    if (size > room) return ABI_INVALID_PARAM; /* @req SNP-MSG-048 */
    if (!sevkit_ok(encrypt(psp, x, page))) return ABI_HWERROR_PLATFORM;
    gctx->msg_count[x->header.vmpck] += 2; /* @req SNP-MSG-019 */
    if (!mem_write(psp->mem, c->response_paddr, page, size)) return ABI_HWERROR_PLATFORM;
    return ABI_SUCCESS;
}

enum abi_status psp_guest_request(struct psp *psp, const uint8_t *buffer) {
    const struct command c = {
        .gctx_paddr = abi_get_le64(buffer + PSP_GUEST_REQUEST_GCTX_PADDR),
        .request_paddr = abi_get_le64(buffer + PSP_GUEST_REQUEST_REQUEST_PADDR),
        .response_paddr = abi_get_le64(buffer + PSP_GUEST_REQUEST_RESPONSE_PADDR),
    };
    struct psp_gctx *gctx = NULL;
    const enum abi_status pages = check_pages(psp, &c, &gctx);
    if (pages != ABI_SUCCESS) return pages;

    struct psp_exchange x = {.gctx = gctx};
    psp_handler *handler = NULL;
    enum abi_status status = receive(psp, &c, &x, &handler);
    x.reply_version = x.header.version;
    if (status == ABI_SUCCESS) status = answer(psp, &c, handler, &x, gctx);
    crypto_wipe(&x, sizeof x);
    return status;
}
