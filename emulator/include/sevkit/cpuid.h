/* CPUID_FUNCTION entries: the CPUID page (PAGE_TYPE 6) and the messages CPUID_REQ and CPUID_RSP.
 * Guest message notes, section 6. */
#ifndef SEVKIT_CPUID_H
#define SEVKIT_CPUID_H

#include "sevkit/message.h"

#define ABI_CPUID_COUNT_MAX 64
#define ABI_CPUID_ENTRY_SIZE 0x30
#define ABI_CPUID_HEADER_SIZE 0x10
#define ABI_CPUID_SIZE_MAX (ABI_CPUID_HEADER_SIZE + ABI_CPUID_COUNT_MAX * ABI_CPUID_ENTRY_SIZE)

struct abi_cpuid_entry {
    uint32_t eax_in;   /* 0x00 */
    uint32_t ecx_in;   /* 0x04 */
    uint64_t xcr0_in;  /* 0x08 */
    uint64_t xss_in;   /* 0x10 */
    uint32_t eax;      /* 0x18 */
    uint32_t ebx;      /* 0x1C */
    uint32_t ecx;      /* 0x20 */
    uint32_t edx;      /* 0x24 */
    uint64_t reserved; /* 0x28, MBZ */
};

/* CPUID_REQ and the CPUID page: 0x00 COUNT, 0x04 and 0x08 reserved. CPUID_RSP: 0x00 STATUS, 0x04
 * COUNT, 0x08 reserved. Entries from 0x10 in all three. */
struct abi_cpuid_req {
    uint32_t count;
    uint32_t reserved_04;
    uint64_t reserved_08;
    struct abi_cpuid_entry entries[ABI_CPUID_COUNT_MAX];
};

struct abi_cpuid_rsp {
    uint32_t status;
    uint32_t count;
    uint64_t reserved_08;
    struct abi_cpuid_entry entries[ABI_CPUID_COUNT_MAX];
};

void abi_cpuid_entry_decode(const uint8_t in[ABI_CPUID_ENTRY_SIZE], struct abi_cpuid_entry *entry);
void abi_cpuid_entry_encode(const struct abi_cpuid_entry *entry, uint8_t out[ABI_CPUID_ENTRY_SIZE]);

/* Reads all 0xC10 bytes, whatever COUNT says: entries past COUNT are kept too. */
void abi_cpuid_req_decode(const uint8_t in[ABI_CPUID_SIZE_MAX], struct abi_cpuid_req *req);
void abi_cpuid_req_encode(const struct abi_cpuid_req *req, uint8_t out[ABI_CPUID_SIZE_MAX]);
void abi_cpuid_rsp_decode(const uint8_t in[ABI_CPUID_SIZE_MAX], struct abi_cpuid_rsp *rsp);
void abi_cpuid_rsp_encode(const struct abi_cpuid_rsp *rsp, uint8_t out[ABI_CPUID_SIZE_MAX]);

/* The rules of form of a CPUID page in SIZE bytes: size at least 0xC10, COUNT at most 64, reserved
 * fields zero. */
SEVKIT_MUST struct sevkit_result abi_cpuid_page_check(const uint8_t *page, size_t size);

#endif
