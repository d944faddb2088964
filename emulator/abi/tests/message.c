/* Unit tests of the guest message header, the IV and the message types. Guest message notes,
 * sections 2 to 4. */
#include "sevkit/message.h"

#include <string.h>

#include "codec.h"
#include "suites.h"

#define N(member, wire, size) NUMBER(struct abi_msg_header, member, wire, size)
#define B(member, wire, size) BYTES(struct abi_msg_header, member, wire, size)

static const struct field fields[] = {
    B(authtag, 0x00, 32),    N(seqno, 0x20, 8),       B(reserved_28, 0x28, 8),
    N(algo, 0x30, 1),        N(hdr_version, 0x31, 1), N(hdr_size, 0x32, 2),
    N(type, 0x34, 1),        N(version, 0x35, 1),     N(size, 0x36, 2),
    B(reserved_38, 0x38, 4), N(vmpck, 0x3C, 1),       B(reserved_3d, 0x3D, 35),
    {.name = NULL},
};

CODEC_ADAPTERS(abi_msg_header)

static void layout(void) {
    codec_check(&(struct codec){.name = "header",
                                .size = 0x60,
                                .object = sizeof(struct abi_msg_header),
                                .decode = abi_msg_header_in,
                                .encode = abi_msg_header_out,
                                .fields = fields});
}

static void made_header_on_the_wire(void) {
    uint8_t want[0x60] = {0};
    memcpy(want + 0x20, (uint8_t[8]){0xF8, 0xF7, 0xF6, 0xF5, 0xF4, 0xF3, 0xF2, 0xF1}, 8);
    memcpy(want + 0x30, (uint8_t[8]){1, 1, 0x60, 0, 0x05, 0xE5, 0xA0, 0x0F}, 8);
    want[0x3C] = 0xE3;
    const struct abi_msg_header header =
        abi_msg_header_make(ABI_MSG_REPORT_REQ, 0xE5, 0xE3, UINT64_C(0xF1F2F3F4F5F6F7F8), 0xFA0);
    uint8_t got[0x60];
    memset(got, 0xCC, sizeof got);
    abi_msg_header_encode(&header, got);
    UNIT_BYTES(got, want, sizeof want);
}

static void iv(void) {
    static const struct {
        uint64_t seqno;
        uint8_t iv[12];
    } rows[] = {
        {0, {0}},
        {1, {1}},
        {UINT64_C(0x0102030405060708), {8, 7, 6, 5, 4, 3, 2, 1}},
        {UINT64_MAX, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t got[13];
        memset(got, 0xCC, sizeof got);
        abi_msg_iv(rows[i].seqno, got);
        UNIT_BYTES(got, rows[i].iv, 12);
        CU_ASSERT_EQUAL(got[12], 0xCC);
    }
}

static void type_names(void) {
    static const char *const spec[] = {
        "INVALID",         "CPUID_REQ",       "CPUID_RSP",    "KEY_REQ",      "KEY_RSP",
        "REPORT_REQ",      "REPORT_RSP",      "EXPORT_REQ",   "EXPORT_RSP",   "IMPORT_REQ",
        "IMPORT_RSP",      "ABSORB_REQ",      "ABSORB_RSP",   "VMRK_REQ",     "VMRK_RSP",
        "ABSORB_NOMA_REQ", "ABSORB_NOMA_RSP", "TSC_INFO_REQ", "TSC_INFO_RSP",
    };
    for (unsigned type = 0; type < 256; type++) {
        const bool named = type < sizeof spec / sizeof spec[0];
        CU_ASSERT_STRING_EQUAL(abi_msg_type_name((uint8_t)type), named ? spec[type] : "UNKNOWN");
    }
}

/* Sections 2 and 4 as numbers. */
static void size_constants(void) {
    CU_ASSERT_EQUAL(ABI_MSG_HEADER_SIZE, 0x60);
    CU_ASSERT_EQUAL(ABI_MSG_PAYLOAD_MAX, 4000);
    CU_ASSERT_EQUAL(ABI_MSG_AAD_OFFSET, 0x30);
    CU_ASSERT_EQUAL(ABI_MSG_AAD_SIZE, 48);
    CU_ASSERT_EQUAL(ABI_MSG_TAG_SIZE, 16);
    CU_ASSERT_EQUAL(ABI_MSG_IV_SIZE, 12);
    CU_ASSERT_EQUAL(ABI_VMPCK_COUNT, 4);
    CU_ASSERT_EQUAL(ABI_VMPCK_SIZE, 32);
    CU_ASSERT_EQUAL(ABI_REPORT_REQ_SIZE, 0x60);
    CU_ASSERT_EQUAL(ABI_REPORT_RSP_SIZE, 0x4C0);
    CU_ASSERT_EQUAL(ABI_KEY_REQ_V1_SIZE, 0x20);
    CU_ASSERT_EQUAL(ABI_KEY_REQ_V2_SIZE, 0x28);
    CU_ASSERT_EQUAL(ABI_KEY_REQ_V2_PADDED_SIZE, 0x30);
    CU_ASSERT_EQUAL(ABI_KEY_RSP_SIZE, 0x40);
    CU_ASSERT_EQUAL(ABI_TSC_INFO_SIZE, 0x80);
    CU_ASSERT_EQUAL(ABI_EXPORT_REQ_SIZE, 0x10);
    CU_ASSERT_EQUAL(ABI_EXPORT_RSP_SIZE, 0xFA0);
    CU_ASSERT_EQUAL(ABI_IMPORT_REQ_SIZE, 0x320);
    CU_ASSERT_EQUAL(ABI_IMPORT_RSP_SIZE, 0x10);
    CU_ASSERT_EQUAL(ABI_ABSORB_REQ_SIZE, 0x320);
    CU_ASSERT_EQUAL(ABI_ABSORB_RSP_SIZE, 0x10);
    CU_ASSERT_EQUAL(ABI_VMRK_REQ_SIZE, 0x40);
    CU_ASSERT_EQUAL(ABI_VMRK_RSP_SIZE, 0x10);
    CU_ASSERT_EQUAL(ABI_GCTX_BLOB_SIZE, 0x300);
    CU_ASSERT_EQUAL(ABI_GCTX_BLOB_VERSION, 3);
}

/* Bits of KEY_REQ and REPORT_REQ, sections 7 and 9.1. */
static void bit_constants(void) {
    CU_ASSERT_EQUAL(ABI_KEY_SEL_DEFAULT, 0);
    CU_ASSERT_EQUAL(ABI_KEY_SEL_VCEK, 1);
    CU_ASSERT_EQUAL(ABI_KEY_SEL_VLEK, 2);
    CU_ASSERT_EQUAL(ABI_KEY_SEL_RESERVED, 3);
    CU_ASSERT_EQUAL(ABI_KEY_REQ_ROOT_KEY_SELECT, 1);
    CU_ASSERT_EQUAL(ABI_KEY_REQ_KEY_SEL_SHIFT, 1);
    CU_ASSERT_EQUAL(ABI_KEY_REQ_SELECT_RESERVED, 0xFFFFFFF8);
    CU_ASSERT_EQUAL(ABI_FIELD_GUEST_POLICY, 0x01);
    CU_ASSERT_EQUAL(ABI_FIELD_IMAGE_ID, 0x02);
    CU_ASSERT_EQUAL(ABI_FIELD_FAMILY_ID, 0x04);
    CU_ASSERT_EQUAL(ABI_FIELD_MEASUREMENT, 0x08);
    CU_ASSERT_EQUAL(ABI_FIELD_GUEST_SVN, 0x10);
    CU_ASSERT_EQUAL(ABI_FIELD_TCB_VERSION, 0x20);
    CU_ASSERT_EQUAL(ABI_FIELD_LAUNCH_MIT_VECTOR, 0x40);
}

static const struct unit_test tests[] = {
    {"layout", layout},
    {"made-header-on-the-wire", made_header_on_the_wire},
    {"iv", iv},
    {"type-names", type_names},
    {"size-constants", size_constants},
    {"bit-constants", bit_constants},
    {NULL, NULL},
};

const struct unit_suite abi_message_suite = {"message", tests};
