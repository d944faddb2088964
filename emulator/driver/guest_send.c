/* From a request in the clear to a verified response, with all that the host can do in between.
 * Linux notes, section 4, send path a to k. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/guest.h"
#include "driver/seal.h"

/* Two seconds are asked for; a kernel's sleep of whole jiffies ends a tick late. So the 31st call, not the 32nd, is
 * the last one of a host that stays busy, as genuine drivers show (docs/guest.md). */
#define RETRY_MS 2004
#define RETRY_LIMIT_MS 60000
#define SEQNO_LIMIT UINT32_MAX /* the first number that does not fit */

/* os_area's counter of the key in use: msg_seqno_N, 32 bits. */
static uint8_t *counter(const struct drv_guest *guest) {
    return guest->secrets + ABI_SECRETS_SEQNO_LOW + guest->vmpck * sizeof(uint32_t);
}

static void advance(struct drv_guest *guest) {
    abi_put_le32(counter(guest), abi_get_le32(counter(guest)) + 2); /* @req LNX-GUEST-048 */
}

static void wipe_key(struct drv_guest *guest) {
    crypto_wipe(drv_guest_key(guest), ABI_VMPCK_SIZE); /* @req LNX-GUEST-050 */
    guest->has_key = false;
}

/* One hypercall. EXITINFO2 stays as it was when the call could not be made. */
static long call(struct drv_guest *guest, struct drv_request *request, bool extended) {
    struct sevkit_exit exit = {0};
    uint64_t npages = request->npages;
    uint8_t *certs = npages != 0 ? guest->certs : NULL;
    if (guest->behaviour->presets_no_fw_call) request->exitinfo2 = DRV_EXITINFO2_NO_FW_CALL;
    if (extended) {
        guest->door.ext_request(guest->door.ctx, guest->request, guest->response, certs, &npages,
                                &exit);
    } else {
        guest->door.request(guest->door.ctx, guest->request, guest->response, &exit);
    }
    if (exit.es_result != 0) return (long)exit.es_result;                 /* @req LNX-GUEST-040 */
    request->exitinfo2 = (uint64_t)exit.vmm_error << 32 | exit.fw_status; /* @req LNX-GUEST-039 */
    if (request->exitinfo2 == 0) return 0;
    if (request->exitinfo2 == DRV_EXITINFO2_BUSY) return -EAGAIN;
    if (!extended || request->exitinfo2 != DRV_EXITINFO2_INVALID_LEN) return -EIO;
    request->npages = npages;
    return -ENOSPC;
}

/* BUSY is asked again every two seconds until a minute has passed since START. */
static long call_patiently(struct drv_guest *guest, struct drv_request *request, bool extended,
                           uint64_t start) {
    for (;;) {
        const long rc = call(guest, request, extended);
        if (rc != -EAGAIN) return rc;
        if (guest->behaviour->busy == DRV_BUSY_FAILS) return -EIO; /* @req LNX-GUEST-044 */
        const uint64_t waited = guest->clock.now_ms(guest->clock.ctx) - start;
        if (waited > RETRY_LIMIT_MS) return -ETIMEDOUT;    /* @req LNX-GUEST-046 */
        guest->clock.sleep_ms(guest->clock.ctx, RETRY_MS); /* @req LNX-GUEST-045 */
    }
}

/* A table that does not fit: the same ciphertext again, as a plain request, uses its number up.
 * @gap AMB-104: what 6.1.0 answers then. */
static long call_out(struct drv_guest *guest, struct drv_request *request) {
    const uint64_t start = guest->clock.now_ms(guest->clock.ctx);
    const long first = call_patiently(guest, request, request->extended, start);
    if (first != -ENOSPC) return first;
    if (!guest->behaviour->resends_without_certs) return -EIO;        /* @req LNX-GUEST-041 */
    const long second = call_patiently(guest, request, false, start); /* @req LNX-GUEST-042 */
    request->exitinfo2 = DRV_EXITINFO2_INVALID_LEN;                   /* @req LNX-GUEST-043 */
    request->resent = second == 0;
    return request->resent ? -EIO : second;
}

/* What follows from the request is compared; the tag alone covers the other header fields. */
static bool verify(struct drv_guest *guest, const struct drv_request *request, uint64_t seqno) {
    struct abi_msg_header h;
    abi_msg_header_decode(guest->response, &h);
    if (h.seqno != seqno + 1) return false;                   /* @req LNX-GUEST-051 */
    if (h.type != (uint8_t)(request->type + 1)) return false; /* @req LNX-GUEST-052 */
    if (h.version != request->version) return false;          /* @req LNX-GUEST-053 */
    if (h.size > request->response_size) return false;        /* @req LNX-GUEST-054 */
    const struct sevkit_result r = drv_open(guest->aead, &h, guest->response, guest->payload);
    return sevkit_ok(r); /* @req LNX-GUEST-055 */
}

/* The host has failed the request, with RC: is the key kept? */
static bool keeps_key(const struct drv_guest *guest, const struct drv_request *request, long rc) {
    switch (guest->behaviour->key_kept) {
    case DRV_KEY_KEPT_ALWAYS: return true;
    case DRV_KEY_KEPT_IF_RESENT: return request->resent;
    case DRV_KEY_KEPT_BY_INVALID_LEN:
        return rc == -EIO && /* @req LNX-GUEST-049 */
               request->exitinfo2 == DRV_EXITINFO2_INVALID_LEN;
    }
    abort();
}

static long exchange(struct drv_guest *guest, struct drv_request *request, uint64_t seqno) {
    const bool decoded_only = guest->behaviour->counts_decoded_only;
    const long rc = call_out(guest, request);
    if (!decoded_only) advance(guest);
    if (rc != 0) {
        if (!keeps_key(guest, request, rc)) wipe_key(guest);
        return rc;
    }
    if (!verify(guest, request, seqno)) {
        wipe_key(guest);
        return -EBADMSG;
    }
    if (decoded_only) advance(guest);
    return 0;
}

long drv_guest_send(struct drv_guest *guest, struct drv_request *request) {
    if (guest->behaviour->clears_exitinfo2) request->exitinfo2 = 0; /* @req LNX-GUEST-012 */
    if (drv_guest_wiped(guest)) return -ENOTTY;                     /* @req LNX-GUEST-011 */
    const uint64_t seqno = (uint64_t)abi_get_le32(counter(guest)) + 1;
    if (seqno >= SEQNO_LIMIT) return -EIO; /* @req LNX-GUEST-038 */
    const struct drv_envelope envelope = {.type = request->type,
                                          .version = request->version,
                                          .vmpck = (uint8_t)guest->vmpck,
                                          .seqno = seqno};
    memset(guest->response, 0, sizeof guest->response);
    if (!sevkit_ok(
            drv_seal(guest->aead, &envelope, request->payload, request->size, guest->request)))
        return -EIO;
    return exchange(guest, request, seqno);
}
