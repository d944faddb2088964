/* SNP guest messages: header, AAD, IV and every payload of this revision. Guest message notes,
 * sections 2 to 9. Encoding and decoding only: encryption is in crypto.h, the checks that firmware
 * makes and their order in psp/. */
#ifndef SEVKIT_MESSAGE_H
#define SEVKIT_MESSAGE_H

#include "sevkit/bytes.h"
#include "sevkit/report.h"
#include "sevkit/result.h"

#define ABI_PAGE_SIZE 4096
#define ABI_VMPCK_COUNT 4
#define ABI_VMPCK_SIZE 32

#define ABI_MSG_HEADER_SIZE 0x60
#define ABI_MSG_PAYLOAD_MAX 0xFA0 /* header and payload lie in one 4 KiB page */
#define ABI_MSG_AAD_OFFSET 0x30
#define ABI_MSG_AAD_SIZE 48
#define ABI_MSG_TAG_SIZE 16 /* of the 32 bytes of AUTHTAG */
#define ABI_MSG_IV_SIZE 12

/* Byte offsets in the header. */
#define ABI_MSG_AUTHTAG 0x00
#define ABI_MSG_SEQNO 0x20
#define ABI_MSG_RESERVED_28 0x28 /* 8 bytes, MBZ, not authenticated */
#define ABI_MSG_ALGO 0x30
#define ABI_MSG_HDR_VERSION 0x31
#define ABI_MSG_HDR_SIZE 0x32
#define ABI_MSG_TYPE 0x34
#define ABI_MSG_VERSION 0x35
#define ABI_MSG_SIZE 0x36
#define ABI_MSG_RESERVED_38 0x38 /* 4 bytes */
#define ABI_MSG_VMPCK 0x3C
#define ABI_MSG_RESERVED_3D 0x3D /* 0x3D .. 0x5F: 35 bytes */

#define ABI_MSG_ALGO_AES_256_GCM 1
#define ABI_MSG_HDR_VERSION_1 1

enum abi_msg_type {
    ABI_MSG_TYPE_INVALID = 0x00,
    ABI_MSG_CPUID_REQ = 0x01,
    ABI_MSG_CPUID_RSP = 0x02,
    ABI_MSG_KEY_REQ = 0x03,
    ABI_MSG_KEY_RSP = 0x04,
    ABI_MSG_REPORT_REQ = 0x05,
    ABI_MSG_REPORT_RSP = 0x06,
    ABI_MSG_EXPORT_REQ = 0x07,
    ABI_MSG_EXPORT_RSP = 0x08,
    ABI_MSG_IMPORT_REQ = 0x09,
    ABI_MSG_IMPORT_RSP = 0x0A,
    ABI_MSG_ABSORB_REQ = 0x0B,
    ABI_MSG_ABSORB_RSP = 0x0C,
    ABI_MSG_VMRK_REQ = 0x0D,
    ABI_MSG_VMRK_RSP = 0x0E,
    ABI_MSG_ABSORB_NOMA_REQ = 0x0F,
    ABI_MSG_ABSORB_NOMA_RSP = 0x10,
    ABI_MSG_TSC_INFO_REQ = 0x11,
    ABI_MSG_TSC_INFO_RSP = 0x12,
};

/* The spec's name ("REPORT_REQ"), or "UNKNOWN". Never NULL. */
const char *abi_msg_type_name(uint8_t type);

/* Every byte of the header; decode then encode gives back the input. */
struct abi_msg_header {
    uint8_t authtag[32];
    uint64_t seqno;
    uint8_t reserved_28[8];
    uint8_t algo;
    uint8_t hdr_version;
    uint16_t hdr_size;
    uint8_t type;
    uint8_t version;
    uint16_t size; /* payload bytes */
    uint8_t reserved_38[4];
    uint8_t vmpck;
    uint8_t reserved_3d[35];
};

void abi_msg_header_decode(const uint8_t bytes[ABI_MSG_HEADER_SIZE], struct abi_msg_header *header);
void abi_msg_header_encode(const struct abi_msg_header *header, uint8_t out[ABI_MSG_HEADER_SIZE]);

/* A header with the fixed fields set (ALGO, HDR_VERSION, HDR_SIZE), all reserved bytes zero. */
struct abi_msg_header abi_msg_header_make(uint8_t type, uint8_t version, uint8_t vmpck,
                                          uint64_t seqno, uint16_t size);

/* IV = MSG_SEQNO as 8 little-endian bytes, then 4 zero bytes. */
void abi_msg_iv(uint64_t seqno, uint8_t iv[ABI_MSG_IV_SIZE]);

/* ---- REPORT_REQ (0x60) and REPORT_RSP (0x4C0), section 7 ---- */
#define ABI_REPORT_REQ_SIZE 0x60
#define ABI_REPORT_RSP_SIZE 0x4C0
#define ABI_REPORT_RSP_REPORT 0x20

/* KEY_SEL of REPORT_REQ and KEY_REQ. */
enum abi_key_sel {
    ABI_KEY_SEL_DEFAULT = 0, /* VLEK if loaded, else VCEK */
    ABI_KEY_SEL_VCEK = 1,
    ABI_KEY_SEL_VLEK = 2,
    ABI_KEY_SEL_RESERVED = 3,
};

#define ABI_KEY_SEL_MASK UINT32_C(3) /* two bits */

struct abi_report_req {
    uint8_t report_data[64]; /* 0x00 */
    uint32_t vmpl;           /* 0x40 */
    uint32_t key_sel;        /* 0x44: bits 1:0 KEY_SEL, bits 31:2 reserved */
    uint8_t reserved_48[24]; /* 0x48 */
};

struct abi_report_rsp {
    uint32_t status;         /* 0x00: enum abi_status */
    uint32_t report_size;    /* 0x04 */
    uint8_t reserved_08[24]; /* 0x08 */
    uint8_t report[ABI_REPORT_SIZE];
};

void abi_report_req_decode(const uint8_t in[ABI_REPORT_REQ_SIZE], struct abi_report_req *req);
void abi_report_req_encode(const struct abi_report_req *req, uint8_t out[ABI_REPORT_REQ_SIZE]);
void abi_report_rsp_decode(const uint8_t in[ABI_REPORT_RSP_SIZE], struct abi_report_rsp *rsp);
void abi_report_rsp_encode(const struct abi_report_rsp *rsp, uint8_t out[ABI_REPORT_RSP_SIZE]);

/* ---- KEY_REQ (v1 0x20; v2 0x28, padded 0x30 or cut 0x20) and KEY_RSP (0x40), section 9 ---- */
#define ABI_KEY_REQ_V1_SIZE 0x20
#define ABI_KEY_REQ_V2_SIZE 0x28
#define ABI_KEY_REQ_V2_PADDED_SIZE 0x30
#define ABI_KEY_REQ_V2_CUT_SIZE ABI_KEY_REQ_V1_SIZE /* without LAUNCH_MIT_VECTOR */
#define ABI_KEY_RSP_SIZE 0x40
#define ABI_KEY_SIZE 32

#define ABI_KEY_REQ_ROOT_KEY_SELECT UINT32_C(1) /* bit 0: 0 VCEK or VLEK, 1 VMRK */
#define ABI_KEY_REQ_KEY_SEL_SHIFT 1             /* bits 2:1 */
#define ABI_KEY_REQ_SELECT_RESERVED UINT32_C(0xFFFFFFF8)

/* GUEST_FIELD_SELECT */
#define ABI_FIELD_GUEST_POLICY (UINT64_C(1) << 0)
#define ABI_FIELD_IMAGE_ID (UINT64_C(1) << 1)
#define ABI_FIELD_FAMILY_ID (UINT64_C(1) << 2)
#define ABI_FIELD_MEASUREMENT (UINT64_C(1) << 3)
#define ABI_FIELD_GUEST_SVN (UINT64_C(1) << 4)
#define ABI_FIELD_TCB_VERSION (UINT64_C(1) << 5)
#define ABI_FIELD_LAUNCH_MIT_VECTOR (UINT64_C(1) << 6) /* MSG_VERSION 2 */

struct abi_key_req {
    uint32_t key_select;         /* 0x00: ROOT_KEY_SELECT, KEY_SEL, reserved */
    uint32_t reserved_04;        /* 0x04 */
    uint64_t guest_field_select; /* 0x08 */
    uint32_t vmpl;               /* 0x10 */
    uint32_t guest_svn;          /* 0x14 */
    uint64_t tcb_version;        /* 0x18 */
    uint64_t launch_mit_vector;  /* 0x20, version 2 */
};

struct abi_key_rsp {
    uint32_t status;         /* 0x00 */
    uint8_t reserved_04[28]; /* 0x04 */
    uint8_t derived_key[ABI_KEY_SIZE];
};

/* VERSION 1 reads 0x20 bytes (launch_mit_vector = 0), 2 reads 0x28. Writes as much. */
void abi_key_req_decode(unsigned version, const uint8_t *in, struct abi_key_req *req);
void abi_key_req_encode(unsigned version, const struct abi_key_req *req, uint8_t *out);
void abi_key_rsp_decode(const uint8_t in[ABI_KEY_RSP_SIZE], struct abi_key_rsp *rsp);
void abi_key_rsp_encode(const struct abi_key_rsp *rsp, uint8_t out[ABI_KEY_RSP_SIZE]);

/* ---- TSC_INFO_REQ and TSC_INFO_RSP (0x80 each), section 8 ---- */
#define ABI_TSC_INFO_SIZE 0x80

struct abi_tsc_info_rsp {
    uint32_t status;           /* 0x00 */
    uint32_t reserved_04;      /* 0x04 */
    uint64_t guest_tsc_scale;  /* 0x08: 8.32 fixed point */
    uint64_t guest_tsc_offset; /* 0x10 */
    uint32_t tsc_factor;       /* 0x18: units of 0.001 % */
    uint8_t reserved_1c[100];  /* 0x1C */
};

void abi_tsc_info_rsp_decode(const uint8_t in[ABI_TSC_INFO_SIZE], struct abi_tsc_info_rsp *rsp);
void abi_tsc_info_rsp_encode(const struct abi_tsc_info_rsp *rsp, uint8_t out[ABI_TSC_INFO_SIZE]);

/* ---- The other payloads' sizes, section 4 and 8 ---- */
#define ABI_EXPORT_REQ_SIZE 0x10
#define ABI_EXPORT_RSP_SIZE 0xFA0
#define ABI_IMPORT_REQ_SIZE 0x320
#define ABI_IMPORT_RSP_SIZE 0x10
#define ABI_ABSORB_REQ_SIZE 0x320
#define ABI_ABSORB_RSP_SIZE 0x10
#define ABI_VMRK_REQ_SIZE 0x40
#define ABI_VMRK_RSP_SIZE 0x10
#define ABI_GCTX_BLOB_SIZE 0x300
#define ABI_GCTX_BLOB_VERSION 3

struct abi_export_req {
    uint64_t gctx_paddr;  /* 0x00 */
    uint32_t imi_en;      /* 0x08: bit 0 IMI_EN, rest reserved */
    uint32_t reserved_0c; /* 0x0C */
};

struct abi_export_rsp {
    uint32_t status;         /* 0x00 */
    uint32_t gctx_size;      /* 0x04 */
    uint32_t gctx_version;   /* 0x08 */
    uint8_t reserved_0c[20]; /* 0x0C */
    uint8_t gctx[ABI_GCTX_BLOB_SIZE];
    uint8_t padding[0xFA0 - 0x320];
};

/* IMPORT_REQ, ABSORB_REQ and, with GCTX_PADDR reserved, ABSORB_NOMA_REQ. */
struct abi_import_req {
    uint64_t gctx_paddr;      /* 0x00 */
    uint32_t in_gctx_size;    /* 0x08 */
    uint32_t in_gctx_version; /* 0x0C */
    uint8_t reserved_10[16];  /* 0x10 */
    uint8_t gctx[ABI_GCTX_BLOB_SIZE];
};

struct abi_vmrk_req {
    uint64_t gctx_paddr;     /* 0x00 */
    uint8_t reserved_08[24]; /* 0x08 */
    uint8_t vmrk[32];        /* 0x20 */
};

/* IMPORT_RSP, ABSORB_RSP, VMRK_RSP, ABSORB_NOMA_RSP. */
struct abi_status_rsp {
    uint32_t status;         /* 0x00 */
    uint8_t reserved_04[12]; /* 0x04 */
};

void abi_export_req_decode(const uint8_t in[ABI_EXPORT_REQ_SIZE], struct abi_export_req *req);
void abi_export_req_encode(const struct abi_export_req *req, uint8_t out[ABI_EXPORT_REQ_SIZE]);
void abi_export_rsp_decode(const uint8_t in[ABI_EXPORT_RSP_SIZE], struct abi_export_rsp *rsp);
void abi_export_rsp_encode(const struct abi_export_rsp *rsp, uint8_t out[ABI_EXPORT_RSP_SIZE]);
void abi_import_req_decode(const uint8_t in[ABI_IMPORT_REQ_SIZE], struct abi_import_req *req);
void abi_import_req_encode(const struct abi_import_req *req, uint8_t out[ABI_IMPORT_REQ_SIZE]);
void abi_vmrk_req_decode(const uint8_t in[ABI_VMRK_REQ_SIZE], struct abi_vmrk_req *req);
void abi_vmrk_req_encode(const struct abi_vmrk_req *req, uint8_t out[ABI_VMRK_REQ_SIZE]);
void abi_status_rsp_decode(const uint8_t in[ABI_IMPORT_RSP_SIZE], struct abi_status_rsp *rsp);
void abi_status_rsp_encode(const struct abi_status_rsp *rsp, uint8_t out[ABI_IMPORT_RSP_SIZE]);

#endif
