/* Payloads of REPORT, KEY and TSC_INFO messages. Guest message notes, sections 7, 8 (TSC_INFO) and
 * 9.1. */
#include <string.h>

#include "abi/layout.h"
#include "sevkit/message.h"

/* ---- REPORT_REQ, REPORT_RSP ---- */

enum {
    REPORT_REQ_REPORT_DATA = 0x00,
    REPORT_REQ_VMPL = 0x40,
    REPORT_REQ_KEY_SEL = 0x44,
    REPORT_REQ_RESERVED_48 = 0x48,

    REPORT_RSP_STATUS = 0x00,
    REPORT_RSP_REPORT_SIZE = 0x04,
    REPORT_RSP_RESERVED_08 = 0x08,
};

ABI_FIELD_ENDS(struct abi_report_req, report_data, REPORT_REQ_REPORT_DATA, REPORT_REQ_VMPL);
ABI_FIELD_ENDS(struct abi_report_req, vmpl, REPORT_REQ_VMPL, REPORT_REQ_KEY_SEL);
ABI_FIELD_ENDS(struct abi_report_req, key_sel, REPORT_REQ_KEY_SEL, REPORT_REQ_RESERVED_48);
ABI_FIELD_ENDS(struct abi_report_req, reserved_48, REPORT_REQ_RESERVED_48, ABI_REPORT_REQ_SIZE);
_Static_assert(ABI_REPORT_REQ_SIZE == 0x60, "notes, section 7: 0x60 bytes");

ABI_FIELD_ENDS(struct abi_report_rsp, status, REPORT_RSP_STATUS, REPORT_RSP_REPORT_SIZE);
ABI_FIELD_ENDS(struct abi_report_rsp, report_size, REPORT_RSP_REPORT_SIZE, REPORT_RSP_RESERVED_08);
ABI_FIELD_ENDS(struct abi_report_rsp, reserved_08, REPORT_RSP_RESERVED_08, ABI_REPORT_RSP_REPORT);
ABI_FIELD_ENDS(struct abi_report_rsp, report, ABI_REPORT_RSP_REPORT, ABI_REPORT_RSP_SIZE);
_Static_assert(ABI_REPORT_RSP_SIZE == 0x4C0, "notes, section 7: 0x4C0 bytes");

void abi_report_req_decode(const uint8_t in[ABI_REPORT_REQ_SIZE], struct abi_report_req *req) {
    memcpy(req->report_data, in + REPORT_REQ_REPORT_DATA, sizeof req->report_data);
    req->vmpl = abi_get_le32(in + REPORT_REQ_VMPL);
    req->key_sel = abi_get_le32(in + REPORT_REQ_KEY_SEL);
    memcpy(req->reserved_48, in + REPORT_REQ_RESERVED_48, sizeof req->reserved_48);
}

void abi_report_req_encode(const struct abi_report_req *req, uint8_t out[ABI_REPORT_REQ_SIZE]) {
    memcpy(out + REPORT_REQ_REPORT_DATA, req->report_data, sizeof req->report_data);
    abi_put_le32(out + REPORT_REQ_VMPL, req->vmpl);
    abi_put_le32(out + REPORT_REQ_KEY_SEL, req->key_sel);
    memcpy(out + REPORT_REQ_RESERVED_48, req->reserved_48, sizeof req->reserved_48);
}

void abi_report_rsp_decode(const uint8_t in[ABI_REPORT_RSP_SIZE], struct abi_report_rsp *rsp) {
    rsp->status = abi_get_le32(in + REPORT_RSP_STATUS);
    rsp->report_size = abi_get_le32(in + REPORT_RSP_REPORT_SIZE);
    memcpy(rsp->reserved_08, in + REPORT_RSP_RESERVED_08, sizeof rsp->reserved_08);
    memcpy(rsp->report, in + ABI_REPORT_RSP_REPORT, sizeof rsp->report);
}

void abi_report_rsp_encode(const struct abi_report_rsp *rsp, uint8_t out[ABI_REPORT_RSP_SIZE]) {
    abi_put_le32(out + REPORT_RSP_STATUS, rsp->status);
    abi_put_le32(out + REPORT_RSP_REPORT_SIZE, rsp->report_size);
    memcpy(out + REPORT_RSP_RESERVED_08, rsp->reserved_08, sizeof rsp->reserved_08);
    memcpy(out + ABI_REPORT_RSP_REPORT, rsp->report, sizeof rsp->report);
}

/* ---- KEY_REQ, KEY_RSP ---- */

enum {
    KEY_REQ_KEY_SELECT = 0x00,
    KEY_REQ_RESERVED_04 = 0x04,
    KEY_REQ_GUEST_FIELD_SELECT = 0x08,
    KEY_REQ_VMPL = 0x10,
    KEY_REQ_GUEST_SVN = 0x14,
    KEY_REQ_TCB_VERSION = 0x18,
    KEY_REQ_LAUNCH_MIT_VECTOR = 0x20,

    KEY_RSP_STATUS = 0x00,
    KEY_RSP_RESERVED_04 = 0x04,
    KEY_RSP_DERIVED_KEY = 0x20,
};

ABI_FIELD_ENDS(struct abi_key_req, key_select, KEY_REQ_KEY_SELECT, KEY_REQ_RESERVED_04);
ABI_FIELD_ENDS(struct abi_key_req, reserved_04, KEY_REQ_RESERVED_04, KEY_REQ_GUEST_FIELD_SELECT);
ABI_FIELD_ENDS(struct abi_key_req, guest_field_select, KEY_REQ_GUEST_FIELD_SELECT, KEY_REQ_VMPL);
ABI_FIELD_ENDS(struct abi_key_req, vmpl, KEY_REQ_VMPL, KEY_REQ_GUEST_SVN);
ABI_FIELD_ENDS(struct abi_key_req, guest_svn, KEY_REQ_GUEST_SVN, KEY_REQ_TCB_VERSION);
ABI_FIELD_ENDS(struct abi_key_req, tcb_version, KEY_REQ_TCB_VERSION, ABI_KEY_REQ_V1_SIZE);
ABI_FIELD_ENDS(struct abi_key_req, launch_mit_vector, KEY_REQ_LAUNCH_MIT_VECTOR,
               ABI_KEY_REQ_V2_SIZE);
_Static_assert(ABI_KEY_REQ_V1_SIZE == 0x20, "notes, section 9.1: 0x20 bytes");
_Static_assert(ABI_KEY_REQ_V2_SIZE == 0x28, "notes, section 9.1: 0x28 bytes");

ABI_FIELD_ENDS(struct abi_key_rsp, status, KEY_RSP_STATUS, KEY_RSP_RESERVED_04);
ABI_FIELD_ENDS(struct abi_key_rsp, reserved_04, KEY_RSP_RESERVED_04, KEY_RSP_DERIVED_KEY);
ABI_FIELD_ENDS(struct abi_key_rsp, derived_key, KEY_RSP_DERIVED_KEY, ABI_KEY_RSP_SIZE);
_Static_assert(ABI_KEY_RSP_SIZE == 0x40, "notes, section 9.1: 0x40 bytes");

/* The MSG_VERSION that brought LAUNCH_MIT_VECTOR. */
#define KEY_REQ_VERSION_MIT 2

void abi_key_req_decode(unsigned version, const uint8_t *in, struct abi_key_req *req) {
    const bool mit = version >= KEY_REQ_VERSION_MIT;
    req->key_select = abi_get_le32(in + KEY_REQ_KEY_SELECT);
    req->reserved_04 = abi_get_le32(in + KEY_REQ_RESERVED_04);
    req->guest_field_select = abi_get_le64(in + KEY_REQ_GUEST_FIELD_SELECT);
    req->vmpl = abi_get_le32(in + KEY_REQ_VMPL);
    req->guest_svn = abi_get_le32(in + KEY_REQ_GUEST_SVN);
    req->tcb_version = abi_get_le64(in + KEY_REQ_TCB_VERSION);
    req->launch_mit_vector = mit ? abi_get_le64(in + KEY_REQ_LAUNCH_MIT_VECTOR) : 0;
}

void abi_key_req_encode(unsigned version, const struct abi_key_req *req, uint8_t *out) {
    abi_put_le32(out + KEY_REQ_KEY_SELECT, req->key_select);
    abi_put_le32(out + KEY_REQ_RESERVED_04, req->reserved_04);
    abi_put_le64(out + KEY_REQ_GUEST_FIELD_SELECT, req->guest_field_select);
    abi_put_le32(out + KEY_REQ_VMPL, req->vmpl);
    abi_put_le32(out + KEY_REQ_GUEST_SVN, req->guest_svn);
    abi_put_le64(out + KEY_REQ_TCB_VERSION, req->tcb_version);
    if (version < KEY_REQ_VERSION_MIT) return;
    abi_put_le64(out + KEY_REQ_LAUNCH_MIT_VECTOR, req->launch_mit_vector);
}

void abi_key_rsp_decode(const uint8_t in[ABI_KEY_RSP_SIZE], struct abi_key_rsp *rsp) {
    rsp->status = abi_get_le32(in + KEY_RSP_STATUS);
    memcpy(rsp->reserved_04, in + KEY_RSP_RESERVED_04, sizeof rsp->reserved_04);
    memcpy(rsp->derived_key, in + KEY_RSP_DERIVED_KEY, sizeof rsp->derived_key);
}

void abi_key_rsp_encode(const struct abi_key_rsp *rsp, uint8_t out[ABI_KEY_RSP_SIZE]) {
    abi_put_le32(out + KEY_RSP_STATUS, rsp->status);
    memcpy(out + KEY_RSP_RESERVED_04, rsp->reserved_04, sizeof rsp->reserved_04);
    memcpy(out + KEY_RSP_DERIVED_KEY, rsp->derived_key, sizeof rsp->derived_key);
}

/* ---- TSC_INFO_RSP; TSC_INFO_REQ has no fields ---- */

enum {
    TSC_INFO_STATUS = 0x00,
    TSC_INFO_RESERVED_04 = 0x04,
    TSC_INFO_GUEST_TSC_SCALE = 0x08,
    TSC_INFO_GUEST_TSC_OFFSET = 0x10,
    TSC_INFO_TSC_FACTOR = 0x18,
    TSC_INFO_RESERVED_1C = 0x1C,
};

#define TSC_INFO(member, at, end) ABI_FIELD_ENDS(struct abi_tsc_info_rsp, member, at, end)

TSC_INFO(status, TSC_INFO_STATUS, TSC_INFO_RESERVED_04);
TSC_INFO(reserved_04, TSC_INFO_RESERVED_04, TSC_INFO_GUEST_TSC_SCALE);
TSC_INFO(guest_tsc_scale, TSC_INFO_GUEST_TSC_SCALE, TSC_INFO_GUEST_TSC_OFFSET);
TSC_INFO(guest_tsc_offset, TSC_INFO_GUEST_TSC_OFFSET, TSC_INFO_TSC_FACTOR);
TSC_INFO(tsc_factor, TSC_INFO_TSC_FACTOR, TSC_INFO_RESERVED_1C);
TSC_INFO(reserved_1c, TSC_INFO_RESERVED_1C, ABI_TSC_INFO_SIZE);
_Static_assert(ABI_TSC_INFO_SIZE == 0x80, "notes, section 8: 0x80 bytes");

void abi_tsc_info_rsp_decode(const uint8_t in[ABI_TSC_INFO_SIZE], struct abi_tsc_info_rsp *rsp) {
    rsp->status = abi_get_le32(in + TSC_INFO_STATUS);
    rsp->reserved_04 = abi_get_le32(in + TSC_INFO_RESERVED_04);
    rsp->guest_tsc_scale = abi_get_le64(in + TSC_INFO_GUEST_TSC_SCALE);
    rsp->guest_tsc_offset = abi_get_le64(in + TSC_INFO_GUEST_TSC_OFFSET);
    rsp->tsc_factor = abi_get_le32(in + TSC_INFO_TSC_FACTOR);
    memcpy(rsp->reserved_1c, in + TSC_INFO_RESERVED_1C, sizeof rsp->reserved_1c);
}

void abi_tsc_info_rsp_encode(const struct abi_tsc_info_rsp *rsp, uint8_t out[ABI_TSC_INFO_SIZE]) {
    abi_put_le32(out + TSC_INFO_STATUS, rsp->status);
    abi_put_le32(out + TSC_INFO_RESERVED_04, rsp->reserved_04);
    abi_put_le64(out + TSC_INFO_GUEST_TSC_SCALE, rsp->guest_tsc_scale);
    abi_put_le64(out + TSC_INFO_GUEST_TSC_OFFSET, rsp->guest_tsc_offset);
    abi_put_le32(out + TSC_INFO_TSC_FACTOR, rsp->tsc_factor);
    memcpy(out + TSC_INFO_RESERVED_1C, rsp->reserved_1c, sizeof rsp->reserved_1c);
}
