/* CPUID_FUNCTION entries, the CPUID page, CPUID_REQ and CPUID_RSP. Guest message notes, section 6.
 * */
#include "sevkit/cpuid.h"

#include <stdio.h>

#include "abi/check.h"
#include "abi/layout.h"

enum {
    ENTRY_EAX_IN = 0x00,
    ENTRY_ECX_IN = 0x04,
    ENTRY_XCR0_IN = 0x08,
    ENTRY_XSS_IN = 0x10,
    ENTRY_EAX = 0x18,
    ENTRY_EBX = 0x1C,
    ENTRY_ECX = 0x20,
    ENTRY_EDX = 0x24,
    ENTRY_RESERVED_28 = 0x28,

    REQ_COUNT = 0x00,
    REQ_RESERVED_04 = 0x04,
    REQ_RESERVED_08 = 0x08,

    RSP_STATUS = 0x00,
    RSP_COUNT = 0x04,
    RSP_RESERVED_08 = 0x08,
};

#define ENTRY(member, at, end) ABI_FIELD_ENDS(struct abi_cpuid_entry, member, at, end)

ENTRY(eax_in, ENTRY_EAX_IN, ENTRY_ECX_IN);
ENTRY(ecx_in, ENTRY_ECX_IN, ENTRY_XCR0_IN);
ENTRY(xcr0_in, ENTRY_XCR0_IN, ENTRY_XSS_IN);
ENTRY(xss_in, ENTRY_XSS_IN, ENTRY_EAX);
ENTRY(eax, ENTRY_EAX, ENTRY_EBX);
ENTRY(ebx, ENTRY_EBX, ENTRY_ECX);
ENTRY(ecx, ENTRY_ECX, ENTRY_EDX);
ENTRY(edx, ENTRY_EDX, ENTRY_RESERVED_28);
ENTRY(reserved, ENTRY_RESERVED_28, ABI_CPUID_ENTRY_SIZE);
_Static_assert(ABI_CPUID_ENTRY_SIZE == 0x30, "notes, section 6: 0x30 bytes");

ABI_FIELD_ENDS(struct abi_cpuid_req, count, REQ_COUNT, REQ_RESERVED_04);
ABI_FIELD_ENDS(struct abi_cpuid_req, reserved_04, REQ_RESERVED_04, REQ_RESERVED_08);
ABI_FIELD_ENDS(struct abi_cpuid_req, reserved_08, REQ_RESERVED_08, ABI_CPUID_HEADER_SIZE);
ABI_FIELD_ENDS(struct abi_cpuid_rsp, status, RSP_STATUS, RSP_COUNT);
ABI_FIELD_ENDS(struct abi_cpuid_rsp, count, RSP_COUNT, RSP_RESERVED_08);
ABI_FIELD_ENDS(struct abi_cpuid_rsp, reserved_08, RSP_RESERVED_08, ABI_CPUID_HEADER_SIZE);
_Static_assert(ABI_CPUID_SIZE_MAX == 0xC10, "notes, section 6: 64 entries end at 0xC10");

static size_t entry_at(size_t i) {
    return ABI_CPUID_HEADER_SIZE + i * ABI_CPUID_ENTRY_SIZE;
}

void abi_cpuid_entry_decode(const uint8_t in[ABI_CPUID_ENTRY_SIZE], struct abi_cpuid_entry *entry) {
    entry->eax_in = abi_get_le32(in + ENTRY_EAX_IN);
    entry->ecx_in = abi_get_le32(in + ENTRY_ECX_IN);
    entry->xcr0_in = abi_get_le64(in + ENTRY_XCR0_IN);
    entry->xss_in = abi_get_le64(in + ENTRY_XSS_IN);
    entry->eax = abi_get_le32(in + ENTRY_EAX);
    entry->ebx = abi_get_le32(in + ENTRY_EBX);
    entry->ecx = abi_get_le32(in + ENTRY_ECX);
    entry->edx = abi_get_le32(in + ENTRY_EDX);
    entry->reserved = abi_get_le64(in + ENTRY_RESERVED_28);
}

void abi_cpuid_entry_encode(const struct abi_cpuid_entry *entry,
                            uint8_t out[ABI_CPUID_ENTRY_SIZE]) {
    abi_put_le32(out + ENTRY_EAX_IN, entry->eax_in);
    abi_put_le32(out + ENTRY_ECX_IN, entry->ecx_in);
    abi_put_le64(out + ENTRY_XCR0_IN, entry->xcr0_in);
    abi_put_le64(out + ENTRY_XSS_IN, entry->xss_in);
    abi_put_le32(out + ENTRY_EAX, entry->eax);
    abi_put_le32(out + ENTRY_EBX, entry->ebx);
    abi_put_le32(out + ENTRY_ECX, entry->ecx);
    abi_put_le32(out + ENTRY_EDX, entry->edx);
    abi_put_le64(out + ENTRY_RESERVED_28, entry->reserved);
}

static void entries_decode(const uint8_t *in, struct abi_cpuid_entry *entries) {
    for (size_t i = 0; i < ABI_CPUID_COUNT_MAX; i++) {
        abi_cpuid_entry_decode(in + entry_at(i), &entries[i]);
    }
}

static void entries_encode(const struct abi_cpuid_entry *entries, uint8_t *out) {
    for (size_t i = 0; i < ABI_CPUID_COUNT_MAX; i++) {
        abi_cpuid_entry_encode(&entries[i], out + entry_at(i));
    }
}

void abi_cpuid_req_decode(const uint8_t in[ABI_CPUID_SIZE_MAX], struct abi_cpuid_req *req) {
    req->count = abi_get_le32(in + REQ_COUNT);
    req->reserved_04 = abi_get_le32(in + REQ_RESERVED_04);
    req->reserved_08 = abi_get_le64(in + REQ_RESERVED_08);
    entries_decode(in, req->entries);
}

void abi_cpuid_req_encode(const struct abi_cpuid_req *req, uint8_t out[ABI_CPUID_SIZE_MAX]) {
    abi_put_le32(out + REQ_COUNT, req->count);
    abi_put_le32(out + REQ_RESERVED_04, req->reserved_04);
    abi_put_le64(out + REQ_RESERVED_08, req->reserved_08);
    entries_encode(req->entries, out);
}

void abi_cpuid_rsp_decode(const uint8_t in[ABI_CPUID_SIZE_MAX], struct abi_cpuid_rsp *rsp) {
    rsp->status = abi_get_le32(in + RSP_STATUS);
    rsp->count = abi_get_le32(in + RSP_COUNT);
    rsp->reserved_08 = abi_get_le64(in + RSP_RESERVED_08);
    entries_decode(in, rsp->entries);
}

void abi_cpuid_rsp_encode(const struct abi_cpuid_rsp *rsp, uint8_t out[ABI_CPUID_SIZE_MAX]) {
    abi_put_le32(out + RSP_STATUS, rsp->status);
    abi_put_le32(out + RSP_COUNT, rsp->count);
    abi_put_le64(out + RSP_RESERVED_08, rsp->reserved_08);
    entries_encode(rsp->entries, out);
}

static struct sevkit_result bad_size(size_t size) {
    return sevkit_fail(SEVKIT_BAD_LENGTH, "CPUID_PAGE", SEVKIT_NO_OFFSET, size,
                       "room for 64 entries: at least 0xC10 bytes");
}

static struct sevkit_result bad_count(uint32_t count) {
    return sevkit_fail(SEVKIT_BAD_VALUE, "COUNT", REQ_COUNT, count, "must be at most 64");
}

struct sevkit_result abi_cpuid_page_check(const uint8_t *page, size_t size) {
    if (size < ABI_CPUID_SIZE_MAX) return bad_size(size);
    const uint32_t count = abi_get_le32(page + REQ_COUNT);
    if (count > ABI_CPUID_COUNT_MAX) return bad_count(count);
    SEVKIT_TRY(abi_check_zero(page, "RESERVED_04", REQ_RESERVED_04, 4));
    SEVKIT_TRY(abi_check_zero(page, "RESERVED_08", REQ_RESERVED_08, 8));
    for (size_t i = 0; i < count; i++) {
        char field[48];
        snprintf(field, sizeof field, "entry[%zu].RESERVED_28", i);
        SEVKIT_TRY(abi_check_zero(page, field, entry_at(i) + ENTRY_RESERVED_28, 8));
    }
    return sevkit_success();
}
