/* What a launch measures and what its owner signs: PAGE_INFO, the ID block, the ID authentication page. Launch
 * notes, sections 2, 4 and 5. Encoding and decoding only; the firmware's use of them is psp_launch.h.
 * Every byte is kept: decode then encode gives back the bytes. */
#ifndef SEVKIT_LAUNCH_H
#define SEVKIT_LAUNCH_H

#include <stdint.h>

#define ABI_DIGEST_SIZE 48 /* SHA-384 */

/* ---- PAGE_INFO: its SHA-384 is the next launch digest ---- */

#define ABI_PAGE_INFO_SIZE 0x70

enum abi_page_type {
    ABI_PAGE_TYPE_NORMAL = 1,
    ABI_PAGE_TYPE_VMSA = 2,
    ABI_PAGE_TYPE_ZERO = 3,
    ABI_PAGE_TYPE_UNMEASURED = 4,
    ABI_PAGE_TYPE_SECRETS = 5,
    ABI_PAGE_TYPE_CPUID = 6,
};

#define ABI_PAGE_INFO_IMI 0x01 /* of FLAGS: IMI_PAGE */

struct abi_page_info {
    uint8_t digest_cur[ABI_DIGEST_SIZE]; /* 0x00 */
    uint8_t contents[ABI_DIGEST_SIZE];   /* 0x30 */
    uint16_t length;                     /* 0x60: ABI_PAGE_INFO_SIZE */
    uint8_t page_type;                   /* 0x62: enum abi_page_type */
    uint8_t flags;                       /* 0x63 */
    uint8_t reserved_64;                 /* 0x64 */
    uint8_t vmpl1_perms;                 /* 0x65 */
    uint8_t vmpl2_perms;                 /* 0x66 */
    uint8_t vmpl3_perms;                 /* 0x67 */
    uint64_t gpa;                        /* 0x68 */
};

void abi_page_info_encode(const struct abi_page_info *info, uint8_t out[ABI_PAGE_INFO_SIZE]);
void abi_page_info_decode(const uint8_t in[ABI_PAGE_INFO_SIZE], struct abi_page_info *info);

/* ---- ID block ---- */

#define ABI_ID_BLOCK_SIZE 0x60
#define ABI_ID_BLOCK_VERSION_1 1

struct abi_id_block {
    uint8_t ld[ABI_DIGEST_SIZE]; /* 0x00 */
    uint8_t family_id[16];       /* 0x30 */
    uint8_t image_id[16];        /* 0x40 */
    uint32_t version;            /* 0x50 */
    uint32_t guest_svn;          /* 0x54 */
    uint64_t policy;             /* 0x58 */
};

void abi_id_block_encode(const struct abi_id_block *block, uint8_t out[ABI_ID_BLOCK_SIZE]);
void abi_id_block_decode(const uint8_t in[ABI_ID_BLOCK_SIZE], struct abi_id_block *block);

/* ---- ID authentication page ---- */

#define ABI_ID_AUTH_SIZE 0x1000
#define ABI_ID_ALGO_ECDSA_P384_SHA384 1
#define ABI_ID_CURVE_P384 2

/* A public key: 0x404 bytes. What is signed and hashed is all of them. */
#define ABI_ID_KEY_SIZE 0x404
struct abi_id_key {
    uint32_t curve;              /* 0x000 */
    uint8_t qx[72];              /* 0x004: little-endian */
    uint8_t qy[72];              /* 0x04C */
    uint8_t reserved_094[0x370]; /* 0x094 */
};

/* A signature: 0x200 bytes. */
#define ABI_ID_SIGNATURE_SIZE 0x200
struct abi_id_signature {
    uint8_t r[72];               /* 0x000: little-endian */
    uint8_t s[72];               /* 0x048 */
    uint8_t reserved_090[0x170]; /* 0x090 */
};

/* Offsets in the page of what is signed or hashed as bytes. */
#define ABI_ID_AUTH_ID_KEY 0x240
#define ABI_ID_AUTH_AUTHOR_KEY 0x880

struct abi_id_auth {
    uint32_t id_key_algo;                 /* 0x000 */
    uint32_t auth_key_algo;               /* 0x004 */
    uint8_t reserved_008[0x38];           /* 0x008 */
    struct abi_id_signature id_block_sig; /* 0x040: by the ID key, over the ID block */
    struct abi_id_key id_key;             /* 0x240 */
    uint8_t reserved_644[0x3C];           /* 0x644 */
    struct abi_id_signature id_key_sig;   /* 0x680: by the author key, over the ID key */
    struct abi_id_key author_key;         /* 0x880 */
    uint8_t reserved_c84[0x37C];          /* 0xC84 */
};

void abi_id_auth_encode(const struct abi_id_auth *auth, uint8_t out[ABI_ID_AUTH_SIZE]);
void abi_id_auth_decode(const uint8_t in[ABI_ID_AUTH_SIZE], struct abi_id_auth *auth);

#endif
