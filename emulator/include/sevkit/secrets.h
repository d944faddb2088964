/* The secrets page (PAGE_TYPE 5), 0x1000 bytes. Guest message notes, section 11.
 * Every byte is kept: decode then encode gives back the page. */
#ifndef SEVKIT_SECRETS_H
#define SEVKIT_SECRETS_H

#include "sevkit/message.h"

#define ABI_SECRETS_VERSION_MIN 2
#define ABI_SECRETS_VERSION_MIT 4 /* expected with LAUNCH_MIT_VECTOR, UNCONFIRMED */

struct abi_secrets_page {
    uint32_t version;                               /* 0x000 */
    uint32_t imi_en;                                /* 0x004: bit 0 IMI_EN, rest reserved */
    uint32_t fms;                                   /* 0x008: as CPUID Fn0000_0001_EAX */
    uint32_t reserved_0c;                           /* 0x00C */
    uint8_t gosvw[16];                              /* 0x010 */
    uint8_t vmpck[ABI_VMPCK_COUNT][ABI_VMPCK_SIZE]; /* 0x020 */
    uint8_t guest_area[96];                         /* 0x0A0: firmware leaves zero */
    uint8_t vmsa_tweak_bitmap[64];                  /* 0x100 */
    uint8_t guest_area_2[32];                       /* 0x140 */
    uint32_t tsc_factor;                            /* 0x160: version 3 and later */
    uint32_t reserved_164;                          /* 0x164 */
    uint64_t launch_mit_vector;                     /* 0x168: ABI 1.58 */
    uint8_t reserved_170[0x1000 - 0x170];
};

/* The GHCB specification's use of GUEST_AREA (offsets in the page). */
#define ABI_SECRETS_SEQNO_LOW 0x0A0  /* 4 x 4 bytes, VMPL0..3 */
#define ABI_SECRETS_SEQNO_HIGH 0x0B8 /* 4 x 4 bytes, GHCB 2.01 */
#define ABI_SECRETS_GHCB_VERSION 0x0DE

/* Fails on a size other than 0x1000 or a VERSION below 2. */
SEVKIT_MUST struct sevkit_result abi_secrets_decode(const uint8_t *bytes, size_t size,
                                                    struct abi_secrets_page *page);
void abi_secrets_encode(const struct abi_secrets_page *page, uint8_t out[ABI_PAGE_SIZE]);

#endif
