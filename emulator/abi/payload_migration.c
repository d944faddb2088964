/* Payloads of the messages that move a guest: EXPORT, IMPORT, ABSORB, ABSORB_NOMA, VMRK. Guest
 * message notes, section 8. The guest context blob travels as bytes. */
#include <string.h>

#include "abi/layout.h"
#include "sevkit/message.h"

_Static_assert(ABI_GCTX_BLOB_SIZE == 0x300, "notes, section 8: 0x300 bytes");

/* ---- EXPORT_REQ, EXPORT_RSP ---- */

enum {
    EXPORT_REQ_GCTX_PADDR = 0x00,
    EXPORT_REQ_IMI_EN = 0x08,
    EXPORT_REQ_RESERVED_0C = 0x0C,

    EXPORT_RSP_STATUS = 0x00,
    EXPORT_RSP_GCTX_SIZE = 0x04,
    EXPORT_RSP_GCTX_VERSION = 0x08,
    EXPORT_RSP_RESERVED_0C = 0x0C,
    EXPORT_RSP_GCTX = 0x20,
    EXPORT_RSP_PADDING = 0x320,
};

ABI_FIELD_ENDS(struct abi_export_req, gctx_paddr, EXPORT_REQ_GCTX_PADDR, EXPORT_REQ_IMI_EN);
ABI_FIELD_ENDS(struct abi_export_req, imi_en, EXPORT_REQ_IMI_EN, EXPORT_REQ_RESERVED_0C);
ABI_FIELD_ENDS(struct abi_export_req, reserved_0c, EXPORT_REQ_RESERVED_0C, ABI_EXPORT_REQ_SIZE);
_Static_assert(ABI_EXPORT_REQ_SIZE == 0x10, "notes, section 4: 0x10 bytes");

ABI_FIELD_ENDS(struct abi_export_rsp, status, EXPORT_RSP_STATUS, EXPORT_RSP_GCTX_SIZE);
ABI_FIELD_ENDS(struct abi_export_rsp, gctx_size, EXPORT_RSP_GCTX_SIZE, EXPORT_RSP_GCTX_VERSION);
ABI_FIELD_ENDS(struct abi_export_rsp, gctx_version, EXPORT_RSP_GCTX_VERSION,
               EXPORT_RSP_RESERVED_0C);
ABI_FIELD_ENDS(struct abi_export_rsp, reserved_0c, EXPORT_RSP_RESERVED_0C, EXPORT_RSP_GCTX);
ABI_FIELD_ENDS(struct abi_export_rsp, gctx, EXPORT_RSP_GCTX, EXPORT_RSP_PADDING);
ABI_FIELD_ENDS(struct abi_export_rsp, padding, EXPORT_RSP_PADDING, ABI_EXPORT_RSP_SIZE);
_Static_assert(ABI_EXPORT_RSP_SIZE == ABI_MSG_PAYLOAD_MAX, "notes, section 4: the whole page");

void abi_export_req_decode(const uint8_t in[ABI_EXPORT_REQ_SIZE], struct abi_export_req *req) {
    req->gctx_paddr = abi_get_le64(in + EXPORT_REQ_GCTX_PADDR);
    req->imi_en = abi_get_le32(in + EXPORT_REQ_IMI_EN);
    req->reserved_0c = abi_get_le32(in + EXPORT_REQ_RESERVED_0C);
}

void abi_export_req_encode(const struct abi_export_req *req, uint8_t out[ABI_EXPORT_REQ_SIZE]) {
    abi_put_le64(out + EXPORT_REQ_GCTX_PADDR, req->gctx_paddr);
    abi_put_le32(out + EXPORT_REQ_IMI_EN, req->imi_en);
    abi_put_le32(out + EXPORT_REQ_RESERVED_0C, req->reserved_0c);
}

void abi_export_rsp_decode(const uint8_t in[ABI_EXPORT_RSP_SIZE], struct abi_export_rsp *rsp) {
    rsp->status = abi_get_le32(in + EXPORT_RSP_STATUS);
    rsp->gctx_size = abi_get_le32(in + EXPORT_RSP_GCTX_SIZE);
    rsp->gctx_version = abi_get_le32(in + EXPORT_RSP_GCTX_VERSION);
    memcpy(rsp->reserved_0c, in + EXPORT_RSP_RESERVED_0C, sizeof rsp->reserved_0c);
    memcpy(rsp->gctx, in + EXPORT_RSP_GCTX, sizeof rsp->gctx);
    memcpy(rsp->padding, in + EXPORT_RSP_PADDING, sizeof rsp->padding);
}

void abi_export_rsp_encode(const struct abi_export_rsp *rsp, uint8_t out[ABI_EXPORT_RSP_SIZE]) {
    abi_put_le32(out + EXPORT_RSP_STATUS, rsp->status);
    abi_put_le32(out + EXPORT_RSP_GCTX_SIZE, rsp->gctx_size);
    abi_put_le32(out + EXPORT_RSP_GCTX_VERSION, rsp->gctx_version);
    memcpy(out + EXPORT_RSP_RESERVED_0C, rsp->reserved_0c, sizeof rsp->reserved_0c);
    memcpy(out + EXPORT_RSP_GCTX, rsp->gctx, sizeof rsp->gctx);
    memcpy(out + EXPORT_RSP_PADDING, rsp->padding, sizeof rsp->padding);
}

/* ---- IMPORT_REQ, ABSORB_REQ, ABSORB_NOMA_REQ ---- */

enum {
    IMPORT_REQ_GCTX_PADDR = 0x00,
    IMPORT_REQ_IN_GCTX_SIZE = 0x08,
    IMPORT_REQ_IN_GCTX_VERSION = 0x0C,
    IMPORT_REQ_RESERVED_10 = 0x10,
    IMPORT_REQ_GCTX = 0x20,
};

#define IMPORT_REQ(member, at, end) ABI_FIELD_ENDS(struct abi_import_req, member, at, end)

IMPORT_REQ(gctx_paddr, IMPORT_REQ_GCTX_PADDR, IMPORT_REQ_IN_GCTX_SIZE);
IMPORT_REQ(in_gctx_size, IMPORT_REQ_IN_GCTX_SIZE, IMPORT_REQ_IN_GCTX_VERSION);
IMPORT_REQ(in_gctx_version, IMPORT_REQ_IN_GCTX_VERSION, IMPORT_REQ_RESERVED_10);
IMPORT_REQ(reserved_10, IMPORT_REQ_RESERVED_10, IMPORT_REQ_GCTX);
IMPORT_REQ(gctx, IMPORT_REQ_GCTX, ABI_IMPORT_REQ_SIZE);
_Static_assert(ABI_IMPORT_REQ_SIZE == 0x320, "notes, section 4: 0x320 bytes");
_Static_assert(ABI_ABSORB_REQ_SIZE == ABI_IMPORT_REQ_SIZE, "ABSORB_REQ is laid out as IMPORT_REQ");

void abi_import_req_decode(const uint8_t in[ABI_IMPORT_REQ_SIZE], struct abi_import_req *req) {
    req->gctx_paddr = abi_get_le64(in + IMPORT_REQ_GCTX_PADDR);
    req->in_gctx_size = abi_get_le32(in + IMPORT_REQ_IN_GCTX_SIZE);
    req->in_gctx_version = abi_get_le32(in + IMPORT_REQ_IN_GCTX_VERSION);
    memcpy(req->reserved_10, in + IMPORT_REQ_RESERVED_10, sizeof req->reserved_10);
    memcpy(req->gctx, in + IMPORT_REQ_GCTX, sizeof req->gctx);
}

void abi_import_req_encode(const struct abi_import_req *req, uint8_t out[ABI_IMPORT_REQ_SIZE]) {
    abi_put_le64(out + IMPORT_REQ_GCTX_PADDR, req->gctx_paddr);
    abi_put_le32(out + IMPORT_REQ_IN_GCTX_SIZE, req->in_gctx_size);
    abi_put_le32(out + IMPORT_REQ_IN_GCTX_VERSION, req->in_gctx_version);
    memcpy(out + IMPORT_REQ_RESERVED_10, req->reserved_10, sizeof req->reserved_10);
    memcpy(out + IMPORT_REQ_GCTX, req->gctx, sizeof req->gctx);
}

/* ---- VMRK_REQ ---- */

enum {
    VMRK_REQ_GCTX_PADDR = 0x00,
    VMRK_REQ_RESERVED_08 = 0x08,
    VMRK_REQ_VMRK = 0x20,
};

ABI_FIELD_ENDS(struct abi_vmrk_req, gctx_paddr, VMRK_REQ_GCTX_PADDR, VMRK_REQ_RESERVED_08);
ABI_FIELD_ENDS(struct abi_vmrk_req, reserved_08, VMRK_REQ_RESERVED_08, VMRK_REQ_VMRK);
ABI_FIELD_ENDS(struct abi_vmrk_req, vmrk, VMRK_REQ_VMRK, ABI_VMRK_REQ_SIZE);
_Static_assert(ABI_VMRK_REQ_SIZE == 0x40, "notes, section 4: 0x40 bytes");

void abi_vmrk_req_decode(const uint8_t in[ABI_VMRK_REQ_SIZE], struct abi_vmrk_req *req) {
    req->gctx_paddr = abi_get_le64(in + VMRK_REQ_GCTX_PADDR);
    memcpy(req->reserved_08, in + VMRK_REQ_RESERVED_08, sizeof req->reserved_08);
    memcpy(req->vmrk, in + VMRK_REQ_VMRK, sizeof req->vmrk);
}

void abi_vmrk_req_encode(const struct abi_vmrk_req *req, uint8_t out[ABI_VMRK_REQ_SIZE]) {
    abi_put_le64(out + VMRK_REQ_GCTX_PADDR, req->gctx_paddr);
    memcpy(out + VMRK_REQ_RESERVED_08, req->reserved_08, sizeof req->reserved_08);
    memcpy(out + VMRK_REQ_VMRK, req->vmrk, sizeof req->vmrk);
}

/* ---- IMPORT_RSP, ABSORB_RSP, VMRK_RSP, ABSORB_NOMA_RSP ---- */

enum {
    STATUS_RSP_STATUS = 0x00,
    STATUS_RSP_RESERVED_04 = 0x04,
};

ABI_FIELD_ENDS(struct abi_status_rsp, status, STATUS_RSP_STATUS, STATUS_RSP_RESERVED_04);
ABI_FIELD_ENDS(struct abi_status_rsp, reserved_04, STATUS_RSP_RESERVED_04, ABI_IMPORT_RSP_SIZE);
_Static_assert(ABI_IMPORT_RSP_SIZE == 0x10, "notes, section 4: 0x10 bytes");
_Static_assert(ABI_ABSORB_RSP_SIZE == ABI_IMPORT_RSP_SIZE, "ABSORB_RSP is laid out as IMPORT_RSP");
_Static_assert(ABI_VMRK_RSP_SIZE == ABI_IMPORT_RSP_SIZE, "VMRK_RSP is laid out as IMPORT_RSP");

void abi_status_rsp_decode(const uint8_t in[ABI_IMPORT_RSP_SIZE], struct abi_status_rsp *rsp) {
    rsp->status = abi_get_le32(in + STATUS_RSP_STATUS);
    memcpy(rsp->reserved_04, in + STATUS_RSP_RESERVED_04, sizeof rsp->reserved_04);
}

void abi_status_rsp_encode(const struct abi_status_rsp *rsp, uint8_t out[ABI_IMPORT_RSP_SIZE]) {
    abi_put_le32(out + STATUS_RSP_STATUS, rsp->status);
    memcpy(out + STATUS_RSP_RESERVED_04, rsp->reserved_04, sizeof rsp->reserved_04);
}
