/* ioctl on /dev/sev-guest: user memory, validation order, write-back. Linux notes, 2 to 4. */
#include <errno.h>
#include <string.h>

#include "driver/guest.h"

#define USER_END UINT64_C(0x7ffffffff000) /* of a program's addresses, 47 bits less a page */

/* The ioctl as it goes on: the caller's structure and what becomes of it. */
struct ioctl {
    struct drv_guest *guest;
    const struct drv_user *user;
    uint8_t version;
    uint64_t req_data, resp_data;
    uint64_t exitinfo2;
};

static bool read_request(const struct ioctl *io, void *out, size_t size) {
    return io->user->read(io->user->ctx, io->req_data, out, size);
}

static bool write_user(const struct ioctl *io, uint64_t address, const void *bytes, size_t size) {
    return io->user->write(io->user->ctx, address, bytes, size);
}

/* SIZE is at most DRV_CERTS_MAX. */
static bool access_ok(uint64_t address, uint64_t size) {
    return address <= USER_END - size;
}

static bool no_pointers(const struct ioctl *io) {
    return io->req_data == 0 || io->resp_data == 0;
}

static long send(struct ioctl *io, struct drv_request *request) {
    request->version = io->version; /* @req LNX-GUEST-016 */
    request->exitinfo2 = io->exitinfo2;
    const long rc = drv_guest_send(io->guest, request);
    io->exitinfo2 = request->exitinfo2;
    return rc;
}

/* Copies SIZE bytes of the response out; secrets do not stay behind. */
static long deliver(struct ioctl *io, size_t size) {
    const bool done = write_user(io, io->resp_data, io->guest->payload, size);
    crypto_wipe(io->guest->payload, size); /* @req LNX-GUEST-025 */
    return done ? 0 : -EFAULT;             /* @req LNX-GUEST-024 */
}

static long get_report(struct ioctl *io) {
    uint8_t payload[DRV_REPORT_REQ_SIZE];
    if (no_pointers(io)) return -EINVAL;                            /* @req LNX-GUEST-020 */
    if (!read_request(io, payload, sizeof payload)) return -EFAULT; /* @req LNX-GUEST-021 */
    struct drv_request request = {.type = ABI_MSG_REPORT_REQ,
                                  .payload = payload,
                                  .size = sizeof payload,
                                  .response_size = DRV_REPORT_RESP_SIZE};
    const long rc = send(io, &request);
    return rc != 0 ? rc : deliver(io, DRV_REPORT_RESP_SIZE); /* @req LNX-GUEST-022 */
}

static long get_derived_key(struct ioctl *io) {
    uint8_t payload[DRV_KEY_REQ_SIZE];
    if (no_pointers(io)) return -EINVAL;                            /* @req LNX-GUEST-020 */
    if (!read_request(io, payload, sizeof payload)) return -EFAULT; /* @req LNX-GUEST-021 */
    struct drv_request request = {.type = ABI_MSG_KEY_REQ,
                                  .payload = payload,
                                  .size = sizeof payload,
                                  .response_size = DRV_KEY_RESP_SIZE};
    const long rc = send(io, &request);
    return rc != 0 ? rc : deliver(io, DRV_KEY_RESP_SIZE); /* @req LNX-GUEST-023 */
}

/* Zero, or a length that no certificate buffer has. */
static long check_certs_len(uint32_t length) {
    if (length > DRV_CERTS_MAX) return -EINVAL;      /* @req LNX-GUEST-031 */
    if (length % ABI_PAGE_SIZE != 0) return -EINVAL; /* @req LNX-GUEST-032 */
    return 0;
}

static long check_user_certs(uint64_t address, uint32_t length) {
    const long rc = check_certs_len(length);
    if (rc != 0) return rc;
    return access_ok(address, length) ? 0 : -EFAULT; /* @req LNX-GUEST-033 */
}

/* The report request of PAYLOAD with room for LENGTH bytes of certificates, which are zero. */
static struct drv_request ext_request(struct drv_guest *guest, const uint8_t *payload,
                                      uint32_t length) {
    memset(guest->certs, 0, length);
    return (struct drv_request){.type = ABI_MSG_REPORT_REQ,
                                .payload = payload,
                                .size = DRV_REPORT_REQ_SIZE,
                                .response_size = DRV_REPORT_RESP_SIZE,
                                .extended = true,
                                .npages = length / ABI_PAGE_SIZE};
}

static bool too_small(const struct ioctl *io) {
    if (io->guest->behaviour->invalid_len_exact) return io->exitinfo2 == DRV_EXITINFO2_INVALID_LEN;
    return io->exitinfo2 >> 32 == SEVKIT_VMM_INVALID_LEN; /* @req LNX-GUEST-036 */
}

static long get_ext_report(struct ioctl *io) {
    struct drv_guest *guest = io->guest;
    uint8_t in[DRV_EXT_REPORT_REQ_SIZE];
    if (no_pointers(io)) return -EINVAL;                  /* @req LNX-GUEST-020 */
    if (!read_request(io, in, sizeof in)) return -EFAULT; /* @req LNX-GUEST-021 */
    const uint64_t address = abi_get_le64(in + DRV_EXT_REPORT_CERTS_ADDRESS);
    const uint32_t asked = abi_get_le32(in + DRV_EXT_REPORT_CERTS_LEN);
    const uint32_t length = address == 0 ? 0 : asked; /* @req LNX-GUEST-030 */
    const long bad = length == 0 ? 0 : check_user_certs(address, length);
    if (bad != 0) return bad;
    struct drv_request request = ext_request(guest, in, length);
    long rc = send(io, &request);
    if (too_small(io)) {
        const uint32_t needed = (uint32_t)(request.npages * ABI_PAGE_SIZE);
        abi_put_le32(in + DRV_EXT_REPORT_CERTS_LEN, needed);            /* @req LNX-GUEST-034 */
        if (!write_user(io, io->req_data, in, sizeof in)) rc = -EFAULT; /* @req LNX-GUEST-035 */
    }
    if (rc != 0) return rc;
    const bool done = length == 0 || write_user(io, address, guest->certs, length);
    if (done) return deliver(io, DRV_REPORT_RESP_SIZE);
    crypto_wipe(guest->payload, sizeof guest->payload);
    return -EFAULT; /* @req LNX-GUEST-037 */
}

static long dispatch(struct ioctl *io, uint32_t cmd) {
    switch (cmd) {
    case DRV_SNP_GET_REPORT: return get_report(io);
    case DRV_SNP_GET_DERIVED_KEY: return get_derived_key(io);
    case DRV_SNP_GET_EXT_REPORT: return get_ext_report(io);
    default: return -ENOTTY; /* @req LNX-GUEST-015 */
    }
}

long drv_guest_ioctl(struct drv_guest *guest, const struct drv_user *user, uint32_t cmd,
                     uint64_t arg) {
    uint8_t in[DRV_REQUEST_SIZE];
    if (!user->read(user->ctx, arg, in, sizeof in)) return -EFAULT; /* @req LNX-GUEST-013 */
    struct ioctl io = {.guest = guest,
                       .user = user,
                       .version = in[DRV_REQUEST_MSG_VERSION],
                       .req_data = abi_get_le64(in + DRV_REQUEST_REQ_DATA),
                       .resp_data = abi_get_le64(in + DRV_REQUEST_RESP_DATA),
                       .exitinfo2 = DRV_EXITINFO2_REJECTED}; /* @req LNX-GUEST-017 */
    if (io.version == 0) return -EINVAL;                     /* @req LNX-GUEST-014 */
    const bool early = guest->behaviour->wiped_test == DRV_WIPED_IN_IOCTL;
    if (early && drv_guest_wiped(guest)) return -ENOTTY; /* @req LNX-GUEST-010 */
    const long rc = dispatch(&io, cmd);
    if (io.exitinfo2 == 0) return rc; /* @req LNX-GUEST-018 */
    abi_put_le64(in + DRV_REQUEST_EXITINFO2, io.exitinfo2);
    if (!user->write(user->ctx, arg, in, sizeof in)) return -EFAULT; /* @req LNX-GUEST-019 */
    return rc;
}

long drv_guest_ext_report(struct drv_guest *guest, const uint8_t request[DRV_REPORT_REQ_SIZE],
                          uint8_t response[DRV_REPORT_RESP_SIZE], uint8_t *certs,
                          uint32_t certs_len, uint64_t *exitinfo2) {
    const uint32_t length = certs == NULL ? 0 : certs_len;
    *exitinfo2 = DRV_EXITINFO2_REJECTED;
    const long bad = check_certs_len(length);
    if (bad != 0) return bad;
    struct drv_request r = ext_request(guest, request, length);
    r.version = 1;
    r.exitinfo2 = *exitinfo2;
    const long rc = drv_guest_send(guest, &r);
    *exitinfo2 = r.exitinfo2;
    if (rc != 0) return rc;
    if (length != 0) memcpy(certs, guest->certs, length);
    memcpy(response, guest->payload, DRV_REPORT_RESP_SIZE);
    crypto_wipe(guest->payload, sizeof guest->payload);
    return 0;
}
