/* ATTESTATION_REPORT, 0x4A0 bytes, versions 2, 3 and 5 (4 is read as 3). Attestation report notes,
 * sections 1 to 5.
 *
 * The layout never moved; a version only gives names to bytes that were reserved. struct abi_report
 * therefore holds every byte of the report, reserved ones included: decoding and encoding again gives
 * back the input. Nothing is ever verified over a re-encoding all the same: signatures are checked
 * over the bytes that came in.
 *
 * Order of use: abi_report_decode (size), abi_report_check_version, abi_report_check_fields. */
#ifndef SEVKIT_REPORT_H
#define SEVKIT_REPORT_H

#include "sevkit/result.h"
#include "sevkit/tcb.h"

#define ABI_REPORT_SIZE 0x4A0
#define ABI_REPORT_SIGNED_SIZE 0x2A0 /* the signature covers bytes 0 .. 0x29F */
#define ABI_REPORT_VERSION_MIN 2
#define ABI_REPORT_VERSION_MAX 5
#define ABI_REPORT_VERSION_FMS 3 /* the first that has family, model and stepping */
#define ABI_REPORT_VERSION_MIT 5 /* the first that has the mitigation vectors */

/* Byte offsets. */
#define ABI_REPORT_VERSION 0x000
#define ABI_REPORT_GUEST_SVN 0x004
#define ABI_REPORT_POLICY 0x008
#define ABI_REPORT_FAMILY_ID 0x010
#define ABI_REPORT_IMAGE_ID 0x020
#define ABI_REPORT_VMPL 0x030
#define ABI_REPORT_SIGNATURE_ALGO 0x034
#define ABI_REPORT_CURRENT_TCB 0x038
#define ABI_REPORT_PLATFORM_INFO 0x040
#define ABI_REPORT_KEY_INFO 0x048
#define ABI_REPORT_RESERVED_4C 0x04C
#define ABI_REPORT_REPORT_DATA 0x050
#define ABI_REPORT_MEASUREMENT 0x090
#define ABI_REPORT_HOST_DATA 0x0C0
#define ABI_REPORT_ID_KEY_DIGEST 0x0E0
#define ABI_REPORT_AUTHOR_KEY_DIGEST 0x110
#define ABI_REPORT_REPORT_ID 0x140
#define ABI_REPORT_REPORT_ID_MA 0x160
#define ABI_REPORT_REPORTED_TCB 0x180
#define ABI_REPORT_CPUID_FAM_ID 0x188
#define ABI_REPORT_CPUID_MOD_ID 0x189
#define ABI_REPORT_CPUID_STEP 0x18A
#define ABI_REPORT_RESERVED_18B 0x18B
#define ABI_REPORT_CHIP_ID 0x1A0
#define ABI_REPORT_COMMITTED_TCB 0x1E0
#define ABI_REPORT_CURRENT_BUILD 0x1E8
#define ABI_REPORT_CURRENT_MINOR 0x1E9
#define ABI_REPORT_CURRENT_MAJOR 0x1EA
#define ABI_REPORT_RESERVED_1EB 0x1EB
#define ABI_REPORT_COMMITTED_BUILD 0x1EC
#define ABI_REPORT_COMMITTED_MINOR 0x1ED
#define ABI_REPORT_COMMITTED_MAJOR 0x1EE
#define ABI_REPORT_RESERVED_1EF 0x1EF
#define ABI_REPORT_LAUNCH_TCB 0x1F0
#define ABI_REPORT_LAUNCH_MIT_VECTOR 0x1F8
#define ABI_REPORT_CURRENT_MIT_VECTOR 0x200
#define ABI_REPORT_RESERVED_208 0x208
#define ABI_REPORT_SIGNATURE 0x2A0
#define ABI_REPORT_SIGNATURE_R 0x2A0 /* 72 bytes, little-endian, upper 24 zero */
#define ABI_REPORT_SIGNATURE_S 0x2E8 /* 72 bytes, little-endian, upper 24 zero */
#define ABI_REPORT_SIGNATURE_TAIL 0x330

#define ABI_SIGNATURE_ALGO_ECDSA_P384_SHA384 1
#define ABI_REPORT_VMPL_HOST UINT32_C(0xFFFFFFFF) /* VMPL of a report that the host asked for */

/* KEY_INFO word at 0x48. */
#define ABI_KEY_INFO_AUTHOR_KEY_EN UINT32_C(1)
#define ABI_KEY_INFO_MASK_CHIP_KEY UINT32_C(2)
#define ABI_KEY_INFO_SIGNING_KEY_SHIFT 2
#define ABI_KEY_INFO_RESERVED UINT32_C(0xFFFFFFE0)

enum abi_signing_key {
    ABI_SIGNING_KEY_VCEK = 0,
    ABI_SIGNING_KEY_VLEK = 1,
    ABI_SIGNING_KEY_NONE = 7, /* 2 .. 6 are reserved */
};

/* PLATFORM_INFO at 0x40. Bit 6 is reserved in ABI 1.58, yet set by every Turin report seen. */
#define ABI_PLATFORM_SMT_EN (UINT64_C(1) << 0)
#define ABI_PLATFORM_TSME_EN (UINT64_C(1) << 1)
#define ABI_PLATFORM_ECC_EN (UINT64_C(1) << 2)
#define ABI_PLATFORM_RAPL_DIS (UINT64_C(1) << 3)
#define ABI_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN (UINT64_C(1) << 4)
#define ABI_PLATFORM_ALIAS_CHECK_COMPLETE (UINT64_C(1) << 5)
#define ABI_PLATFORM_BIT_6 (UINT64_C(1) << 6)
#define ABI_PLATFORM_TIO_EN (UINT64_C(1) << 7)
#define ABI_PLATFORM_RESERVED (~UINT64_C(0xFF))

/* GUEST_POLICY at 0x08. */
#define ABI_POLICY_ABI_MINOR UINT64_C(0xFF)
#define ABI_POLICY_ABI_MAJOR UINT64_C(0xFF00)
#define ABI_POLICY_SMT (UINT64_C(1) << 16)
#define ABI_POLICY_RESERVED_ONE (UINT64_C(1) << 17) /* must be 1 */
#define ABI_POLICY_MIGRATE_MA (UINT64_C(1) << 18)
#define ABI_POLICY_DEBUG (UINT64_C(1) << 19)
#define ABI_POLICY_SINGLE_SOCKET (UINT64_C(1) << 20)
#define ABI_POLICY_CXL_ALLOW (UINT64_C(1) << 21)
#define ABI_POLICY_MEM_AES_256_XTS (UINT64_C(1) << 22)
#define ABI_POLICY_RAPL_DIS (UINT64_C(1) << 23)
#define ABI_POLICY_CIPHERTEXT_HIDING_DRAM (UINT64_C(1) << 24)
#define ABI_POLICY_PAGE_SWAP_DISABLE (UINT64_C(1) << 25)
#define ABI_POLICY_RESERVED_ZERO (~UINT64_C(0x3FFFFFF)) /* bits 63:26 must be 0 */

/* A firmware version as the report states it. */
struct abi_fw_version {
    uint8_t major;
    uint8_t minor;
    uint8_t build;
};

struct abi_report {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint32_t vmpl;
    uint32_t signature_algo;
    uint64_t current_tcb;
    uint64_t platform_info;
    uint32_t key_info;
    uint32_t reserved_4c;
    uint8_t report_data[64];
    uint8_t measurement[48];
    uint8_t host_data[32];
    uint8_t id_key_digest[48];
    uint8_t author_key_digest[48];
    uint8_t report_id[32];
    uint8_t report_id_ma[32]; /* all 0xFF without a migration agent */
    uint64_t reported_tcb;
    struct abi_fms fms; /* reserved, zero, in version 2 */
    uint8_t reserved_18b[21];
    uint8_t chip_id[64];
    uint64_t committed_tcb;
    struct abi_fw_version current;
    uint8_t reserved_1eb;
    struct abi_fw_version committed;
    uint8_t reserved_1ef;
    uint64_t launch_tcb;
    uint64_t launch_mit_vector;  /* reserved, zero, before version 5 (4: UNCONFIRMED, not tested) */
    uint64_t current_mit_vector; /* as launch_mit_vector */
    uint8_t reserved_208[152];
    uint8_t signature_r[72];
    uint8_t signature_s[72];
    uint8_t signature_tail[368];
};

/* Reads SIZE bytes. Fails only on a size other than 0x4A0. */
SEVKIT_MUST struct sevkit_result abi_report_decode(const uint8_t *bytes, size_t size,
                                                   struct abi_report *report);

/* Writes all 0x4A0 bytes; the inverse of abi_report_decode for any content. */
void abi_report_encode(const struct abi_report *report, uint8_t out[ABI_REPORT_SIZE]);

/* The version rule: 0 and 1 are refused, 2 to 5 pass, above 5 passes only with FUTURE_VERSIONS
 * (then read as 5). */
SEVKIT_MUST struct sevkit_result abi_report_check_version(const struct abi_report *report,
                                                          bool future_versions);

/* The rules of form, in byte order: POLICY bit 17 is one; KEY_INFO reserved bits; every reserved
 * range is zero (0x188..0x18A in version 2, 0x1F8..0x207 in versions 2 and 3); the signature's upper
 * 24 bytes of R and S and its tail are zero. SIGNING_KEY and SIGNATURE_ALGO belong to the verifier's
 * stage `signer`; PLATFORM_INFO and POLICY bits without a name belong to its stage `policy`. */
SEVKIT_MUST struct sevkit_result abi_report_check_fields(const struct abi_report *report);

/* Of these rules, those that no later firmware can change: POLICY bit 17, and the bytes of the signature. */
SEVKIT_MUST struct sevkit_result abi_report_check_form(const struct abi_report *report);

/* SIGNING_KEY as a number 0 .. 7. */
unsigned abi_report_signing_key(const struct abi_report *report);

/* "VCEK", "VLEK", "NONE", or "reserved". Never NULL. */
const char *abi_signing_key_name(unsigned signing_key);

/* The product line that the report itself states (version 3 and later), else ABI_PRODUCT_UNKNOWN. */
enum abi_product abi_report_product(const struct abi_report *report);

#endif
