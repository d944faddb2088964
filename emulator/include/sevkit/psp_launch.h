/* What the firmware computes and checks at a launch: the launch digest of a page, and the ID block of
 * SNP_LAUNCH_FINISH. Launch notes, sections 1, 2 and 6. No state: the commands hold it. */
#ifndef SEVKIT_PSP_LAUNCH_H
#define SEVKIT_PSP_LAUNCH_H

#include "sevkit/launch.h"
#include "sevkit/profile.h"
#include "sevkit/result.h"
#include "sevkit/status.h"

/* ---- the launch digest ---- */

/* LD and IMD. Both are zero in a new guest. */
struct psp_launch_digest {
    uint8_t ld[ABI_DIGEST_SIZE];
    uint8_t imd[ABI_DIGEST_SIZE];
};

/* A page as SNP_LAUNCH_UPDATE finds it. */
struct psp_launch_page {
    uint8_t type; /* enum abi_page_type, or a number that the firmware refuses */
    bool large;   /* 2 MiB */
    bool imi;
    uint8_t vmpl_perms[3]; /* VMPL1 to VMPL3 */
    uint64_t gpa;
    const uint8_t *bytes; /* 4 KiB or 2 MiB; read for NORMAL and VMSA pages alone */
};

/* The checks of SNP_LAUNCH_UPDATE that need neither the RMP nor the guest's state: INVALID_PARAM,
 * INVALID_PAGE_SIZE. */
enum abi_status psp_launch_page_check(const struct psp_launch_page *page, bool imi_en);

/* Adds a page that was checked. */
SEVKIT_MUST struct sevkit_result psp_launch_digest_add(struct psp_launch_digest *digest,
                                                       const struct psp_launch_page *page);

/* ---- the ID block ---- */

/* What no source settles; all false is firmware 1.55.25. */
struct psp_id_block_rules {
    bool check_version;        /* UNCONFIRMED: VERSION other than 1 is refused */
    bool auth_key_needs_block; /* UNCONFIRMED: AUTH_KEY_EN without ID_BLOCK_EN is refused */
    bool id_auth_mbz;          /* UNCONFIRMED: reserved bytes that are not zero are refused */
    bool coordinates_cut;      /* UNCONFIRMED: nobody looks at the upper 24 bytes of QX and QY */
};

struct psp_id_block_input {
    const uint8_t *block; /* ABI_ID_BLOCK_SIZE bytes; NULL without ID_BLOCK_EN */
    const uint8_t *auth;  /* ABI_ID_AUTH_SIZE bytes; not read without a block */
    bool auth_key_en;
    const uint8_t *ld; /* the guest's, ABI_DIGEST_SIZE bytes */
    uint64_t policy;   /* the guest's */
    struct psp_id_block_rules rules;
};

/* Checks 6 to 12 of SNP_LAUNCH_FINISH. On SUCCESS OUT is what reports of the guest say; untouched otherwise. */
enum abi_status psp_id_block_check(const struct psp_id_block_input *in,
                                   struct sevkit_id_block *out);

#endif
