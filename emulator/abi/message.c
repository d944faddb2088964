/* Guest message header, IV and message types. Guest message notes, sections 2, 3 and 4. */
#include "sevkit/message.h"

#include <string.h>

#include "abi/layout.h"

#define HEADER(member, at, end) ABI_FIELD_ENDS(struct abi_msg_header, member, at, end)

HEADER(authtag, ABI_MSG_AUTHTAG, ABI_MSG_SEQNO);
HEADER(seqno, ABI_MSG_SEQNO, ABI_MSG_RESERVED_28);
HEADER(reserved_28, ABI_MSG_RESERVED_28, ABI_MSG_ALGO);
HEADER(algo, ABI_MSG_ALGO, ABI_MSG_HDR_VERSION);
HEADER(hdr_version, ABI_MSG_HDR_VERSION, ABI_MSG_HDR_SIZE);
HEADER(hdr_size, ABI_MSG_HDR_SIZE, ABI_MSG_TYPE);
HEADER(type, ABI_MSG_TYPE, ABI_MSG_VERSION);
HEADER(version, ABI_MSG_VERSION, ABI_MSG_SIZE);
HEADER(size, ABI_MSG_SIZE, ABI_MSG_RESERVED_38);
HEADER(reserved_38, ABI_MSG_RESERVED_38, ABI_MSG_VMPCK);
HEADER(vmpck, ABI_MSG_VMPCK, ABI_MSG_RESERVED_3D);
HEADER(reserved_3d, ABI_MSG_RESERVED_3D, ABI_MSG_HEADER_SIZE);
_Static_assert(ABI_MSG_HEADER_SIZE == 0x60, "notes, section 2: 0x60 bytes");
_Static_assert(ABI_MSG_AAD_OFFSET == ABI_MSG_ALGO, "the AAD starts at ALGO");
_Static_assert(ABI_MSG_AAD_OFFSET + ABI_MSG_AAD_SIZE == ABI_MSG_HEADER_SIZE,
               "the AAD ends with the header");
_Static_assert(ABI_MSG_HEADER_SIZE + ABI_MSG_PAYLOAD_MAX == ABI_PAGE_SIZE,
               "header and payload fill one page");

const char *abi_msg_type_name(uint8_t type) {
    static const char *const names[] = {
        [ABI_MSG_TYPE_INVALID] = "INVALID",
        [ABI_MSG_CPUID_REQ] = "CPUID_REQ",
        [ABI_MSG_CPUID_RSP] = "CPUID_RSP",
        [ABI_MSG_KEY_REQ] = "KEY_REQ",
        [ABI_MSG_KEY_RSP] = "KEY_RSP",
        [ABI_MSG_REPORT_REQ] = "REPORT_REQ",
        [ABI_MSG_REPORT_RSP] = "REPORT_RSP",
        [ABI_MSG_EXPORT_REQ] = "EXPORT_REQ",
        [ABI_MSG_EXPORT_RSP] = "EXPORT_RSP",
        [ABI_MSG_IMPORT_REQ] = "IMPORT_REQ",
        [ABI_MSG_IMPORT_RSP] = "IMPORT_RSP",
        [ABI_MSG_ABSORB_REQ] = "ABSORB_REQ",
        [ABI_MSG_ABSORB_RSP] = "ABSORB_RSP",
        [ABI_MSG_VMRK_REQ] = "VMRK_REQ",
        [ABI_MSG_VMRK_RSP] = "VMRK_RSP",
        [ABI_MSG_ABSORB_NOMA_REQ] = "ABSORB_NOMA_REQ",
        [ABI_MSG_ABSORB_NOMA_RSP] = "ABSORB_NOMA_RSP",
        [ABI_MSG_TSC_INFO_REQ] = "TSC_INFO_REQ",
        [ABI_MSG_TSC_INFO_RSP] = "TSC_INFO_RSP",
    };
    return type < sizeof names / sizeof names[0] ? names[type] : "UNKNOWN";
}

void abi_msg_header_decode(const uint8_t bytes[ABI_MSG_HEADER_SIZE],
                           struct abi_msg_header *header) {
    memcpy(header->authtag, bytes + ABI_MSG_AUTHTAG, sizeof header->authtag);
    header->seqno = abi_get_le64(bytes + ABI_MSG_SEQNO);
    memcpy(header->reserved_28, bytes + ABI_MSG_RESERVED_28, sizeof header->reserved_28);
    header->algo = bytes[ABI_MSG_ALGO];
    header->hdr_version = bytes[ABI_MSG_HDR_VERSION];
    header->hdr_size = abi_get_le16(bytes + ABI_MSG_HDR_SIZE);
    header->type = bytes[ABI_MSG_TYPE];
    header->version = bytes[ABI_MSG_VERSION];
    header->size = abi_get_le16(bytes + ABI_MSG_SIZE);
    memcpy(header->reserved_38, bytes + ABI_MSG_RESERVED_38, sizeof header->reserved_38);
    header->vmpck = bytes[ABI_MSG_VMPCK];
    memcpy(header->reserved_3d, bytes + ABI_MSG_RESERVED_3D, sizeof header->reserved_3d);
}

void abi_msg_header_encode(const struct abi_msg_header *header, uint8_t out[ABI_MSG_HEADER_SIZE]) {
    memcpy(out + ABI_MSG_AUTHTAG, header->authtag, sizeof header->authtag);
    abi_put_le64(out + ABI_MSG_SEQNO, header->seqno);
    memcpy(out + ABI_MSG_RESERVED_28, header->reserved_28, sizeof header->reserved_28);
    out[ABI_MSG_ALGO] = header->algo;
    out[ABI_MSG_HDR_VERSION] = header->hdr_version;
    abi_put_le16(out + ABI_MSG_HDR_SIZE, header->hdr_size);
    out[ABI_MSG_TYPE] = header->type;
    out[ABI_MSG_VERSION] = header->version;
    abi_put_le16(out + ABI_MSG_SIZE, header->size);
    memcpy(out + ABI_MSG_RESERVED_38, header->reserved_38, sizeof header->reserved_38);
    out[ABI_MSG_VMPCK] = header->vmpck;
    memcpy(out + ABI_MSG_RESERVED_3D, header->reserved_3d, sizeof header->reserved_3d);
}

struct abi_msg_header abi_msg_header_make(uint8_t type, uint8_t version, uint8_t vmpck,
                                          uint64_t seqno, uint16_t size) {
    return (struct abi_msg_header){
        .seqno = seqno,
        .algo = ABI_MSG_ALGO_AES_256_GCM,
        .hdr_version = ABI_MSG_HDR_VERSION_1,
        .hdr_size = ABI_MSG_HEADER_SIZE,
        .type = type,
        .version = version,
        .size = size,
        .vmpck = vmpck,
    };
}

void abi_msg_iv(uint64_t seqno, uint8_t iv[ABI_MSG_IV_SIZE]) {
    abi_put_le64(iv, seqno);
    memset(iv + 8, 0, ABI_MSG_IV_SIZE - 8);
}
