/* Unit tests of the message payloads' layouts. Guest message notes, sections 7 to 9. */
#include <string.h>

#include "codec.h"
#include "sevkit/message.h"
#include "suites.h"

CODEC_ADAPTERS(abi_report_req)
CODEC_ADAPTERS(abi_report_rsp)
CODEC_ADAPTERS(abi_key_rsp)
CODEC_ADAPTERS(abi_tsc_info_rsp)
CODEC_ADAPTERS(abi_export_req)
CODEC_ADAPTERS(abi_export_rsp)
CODEC_ADAPTERS(abi_import_req)
CODEC_ADAPTERS(abi_vmrk_req)
CODEC_ADAPTERS(abi_status_rsp)

static void key_req_v1_in(const uint8_t *in, void *object) {
    abi_key_req_decode(1, in, object);
}

static void key_req_v1_out(const void *object, uint8_t *out) {
    abi_key_req_encode(1, object, out);
}

static void key_req_v2_in(const uint8_t *in, void *object) {
    abi_key_req_decode(2, in, object);
}

static void key_req_v2_out(const void *object, uint8_t *out) {
    abi_key_req_encode(2, object, out);
}

/* Section 7. */
static const struct field report_req_fields[] = {
    BYTES(struct abi_report_req, report_data, 0x00, 64),
    NUMBER(struct abi_report_req, vmpl, 0x40, 4),
    NUMBER(struct abi_report_req, key_sel, 0x44, 4),
    BYTES(struct abi_report_req, reserved_48, 0x48, 24),
    {.name = NULL},
};

static const struct field report_rsp_fields[] = {
    NUMBER(struct abi_report_rsp, status, 0x00, 4),
    NUMBER(struct abi_report_rsp, report_size, 0x04, 4),
    BYTES(struct abi_report_rsp, reserved_08, 0x08, 24),
    BYTES(struct abi_report_rsp, report, 0x20, 0x4A0),
    {.name = NULL},
};

/* Section 9.1. */
#define KEY_REQ_V1_FIELDS                                                                          \
    NUMBER(struct abi_key_req, key_select, 0x00, 4),                                               \
        NUMBER(struct abi_key_req, reserved_04, 0x04, 4),                                          \
        NUMBER(struct abi_key_req, guest_field_select, 0x08, 8),                                   \
        NUMBER(struct abi_key_req, vmpl, 0x10, 4), NUMBER(struct abi_key_req, guest_svn, 0x14, 4), \
        NUMBER(struct abi_key_req, tcb_version, 0x18, 8)

static const struct field key_req_v1_fields[] = {
    KEY_REQ_V1_FIELDS,
    {.name = NULL},
};

static const struct field key_req_v2_fields[] = {
    KEY_REQ_V1_FIELDS,
    NUMBER(struct abi_key_req, launch_mit_vector, 0x20, 8),
    {.name = NULL},
};

static const struct field key_rsp_fields[] = {
    NUMBER(struct abi_key_rsp, status, 0x00, 4),
    BYTES(struct abi_key_rsp, reserved_04, 0x04, 28),
    BYTES(struct abi_key_rsp, derived_key, 0x20, 32),
    {.name = NULL},
};

/* Section 8. */
static const struct field tsc_info_fields[] = {
    NUMBER(struct abi_tsc_info_rsp, status, 0x00, 4),
    NUMBER(struct abi_tsc_info_rsp, reserved_04, 0x04, 4),
    NUMBER(struct abi_tsc_info_rsp, guest_tsc_scale, 0x08, 8),
    NUMBER(struct abi_tsc_info_rsp, guest_tsc_offset, 0x10, 8),
    NUMBER(struct abi_tsc_info_rsp, tsc_factor, 0x18, 4),
    BYTES(struct abi_tsc_info_rsp, reserved_1c, 0x1C, 100),
    {.name = NULL},
};

static const struct field export_req_fields[] = {
    NUMBER(struct abi_export_req, gctx_paddr, 0x00, 8),
    NUMBER(struct abi_export_req, imi_en, 0x08, 4),
    NUMBER(struct abi_export_req, reserved_0c, 0x0C, 4),
    {.name = NULL},
};

static const struct field export_rsp_fields[] = {
    NUMBER(struct abi_export_rsp, status, 0x00, 4),
    NUMBER(struct abi_export_rsp, gctx_size, 0x04, 4),
    NUMBER(struct abi_export_rsp, gctx_version, 0x08, 4),
    BYTES(struct abi_export_rsp, reserved_0c, 0x0C, 20),
    BYTES(struct abi_export_rsp, gctx, 0x20, 0x300),
    BYTES(struct abi_export_rsp, padding, 0x320, 0xC80),
    {.name = NULL},
};

static const struct field import_req_fields[] = {
    NUMBER(struct abi_import_req, gctx_paddr, 0x00, 8),
    NUMBER(struct abi_import_req, in_gctx_size, 0x08, 4),
    NUMBER(struct abi_import_req, in_gctx_version, 0x0C, 4),
    BYTES(struct abi_import_req, reserved_10, 0x10, 16),
    BYTES(struct abi_import_req, gctx, 0x20, 0x300),
    {.name = NULL},
};

static const struct field vmrk_req_fields[] = {
    NUMBER(struct abi_vmrk_req, gctx_paddr, 0x00, 8),
    BYTES(struct abi_vmrk_req, reserved_08, 0x08, 24),
    BYTES(struct abi_vmrk_req, vmrk, 0x20, 32),
    {.name = NULL},
};

static const struct field status_rsp_fields[] = {
    NUMBER(struct abi_status_rsp, status, 0x00, 4),
    BYTES(struct abi_status_rsp, reserved_04, 0x04, 12),
    {.name = NULL},
};

#define PAYLOAD(label, bytes, type, fn, rows)                                                      \
    {                                                                                              \
        .name = label, .size = bytes, .object = sizeof(type), .decode = fn##_in,                   \
        .encode = fn##_out, .fields = rows                                                         \
    }

/* Sizes from section 4. */
static const struct codec payloads[] = {
    PAYLOAD("REPORT_REQ", 0x60, struct abi_report_req, abi_report_req, report_req_fields),
    PAYLOAD("REPORT_RSP", 0x4C0, struct abi_report_rsp, abi_report_rsp, report_rsp_fields),
    PAYLOAD("KEY_REQ v1", 0x20, struct abi_key_req, key_req_v1, key_req_v1_fields),
    PAYLOAD("KEY_REQ v2", 0x28, struct abi_key_req, key_req_v2, key_req_v2_fields),
    PAYLOAD("KEY_RSP", 0x40, struct abi_key_rsp, abi_key_rsp, key_rsp_fields),
    PAYLOAD("TSC_INFO_RSP", 0x80, struct abi_tsc_info_rsp, abi_tsc_info_rsp, tsc_info_fields),
    PAYLOAD("EXPORT_REQ", 0x10, struct abi_export_req, abi_export_req, export_req_fields),
    PAYLOAD("EXPORT_RSP", 0xFA0, struct abi_export_rsp, abi_export_rsp, export_rsp_fields),
    PAYLOAD("IMPORT_REQ", 0x320, struct abi_import_req, abi_import_req, import_req_fields),
    PAYLOAD("VMRK_REQ", 0x40, struct abi_vmrk_req, abi_vmrk_req, vmrk_req_fields),
    PAYLOAD("IMPORT_RSP", 0x10, struct abi_status_rsp, abi_status_rsp, status_rsp_fields),
};

static void layouts(void) {
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) codec_check(&payloads[i]);
}

/* A version 1 request says nothing of a mitigation vector: it counts as 0, and 0x20 bytes of input
 * are enough (exactly that many are allocated, for the sanitizer). */
static void key_req_v1_has_no_mit_vector(void) {
    uint8_t wire[0x20];
    memset(wire, 0xFF, sizeof wire);
    struct abi_key_req req;
    memset(&req, 0xEE, sizeof req);
    abi_key_req_decode(1, wire, &req);
    CU_ASSERT_EQUAL(req.launch_mit_vector, 0);
    CU_ASSERT_EQUAL(req.tcb_version, UINT64_MAX);
}

/* The padding of a 0x30-byte version 2 request stays as it is. */
static void key_req_v2_leaves_the_padding(void) {
    const struct abi_key_req req = {.launch_mit_vector = UINT64_C(0x1122334455667788)};
    uint8_t out[0x30];
    memset(out, 0xC3, sizeof out);
    abi_key_req_encode(2, &req, out);
    CU_ASSERT_EQUAL(out[0x20], 0x88);
    CU_ASSERT_EQUAL(out[0x27], 0x11);
    for (size_t i = 0x28; i < 0x30; i++) CU_ASSERT_EQUAL(out[i], 0xC3);
}

static const struct unit_test tests[] = {
    {"layouts", layouts},
    {"key-req-v1-has-no-mit-vector", key_req_v1_has_no_mit_vector},
    {"key-req-v2-leaves-the-padding", key_req_v2_leaves_the_padding},
    {NULL, NULL},
};

const struct unit_suite abi_payload_suite = {"payload", tests};
