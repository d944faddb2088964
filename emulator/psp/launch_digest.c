/* The launch digest: a hash over the PAGE_INFO of each 4 KiB. Launch notes, sections 1 and 2. */
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/crypto.h"
#include "sevkit/psp_launch.h"

/* Fields of a VMSA that the firmware writes after measuring: they count as zero. */
enum { VMSA_GUEST_TSC_SCALE = 0x2F0, VMSA_GUEST_TSC_END = 0x300 };

#define PIECES_2M 512

static bool type_known(uint8_t type) {
    return type >= ABI_PAGE_TYPE_NORMAL && type <= ABI_PAGE_TYPE_CPUID;
}

static bool small_only(uint8_t type) {
    return type == ABI_PAGE_TYPE_VMSA || type == ABI_PAGE_TYPE_SECRETS ||
           type == ABI_PAGE_TYPE_CPUID;
}

enum abi_status psp_launch_page_check(const struct psp_launch_page *page, bool imi_en) {
    if (!type_known(page->type)) return ABI_INVALID_PARAM;                   /* @req SNP-LD-018 */
    if (page->large && small_only(page->type)) return ABI_INVALID_PAGE_SIZE; /* @req SNP-LD-019 */
    if (imi_en && !page->imi) return ABI_INVALID_PARAM;                      /* @req SNP-LD-017 */
    return ABI_SUCCESS;
}

static struct sevkit_result vmsa_contents(const uint8_t *bytes, uint8_t contents[ABI_DIGEST_SIZE]) {
    uint8_t page[CRYPTO_PAGE_SIZE];
    memcpy(page, bytes, sizeof page);
    memset(page + VMSA_GUEST_TSC_SCALE, 0, VMSA_GUEST_TSC_END - VMSA_GUEST_TSC_SCALE);
    return crypto_sha384(page, sizeof page, contents);
}

/* CONTENTS of 4 KiB of a page of TYPE. It comes in as zeros and stays so but for two types.
 * SNP-LD-010 SNP-LD-011 SNP-LD-012 SNP-LD-013 */
static struct sevkit_result contents_of(uint8_t type, const uint8_t *bytes,
                                        uint8_t contents[ABI_DIGEST_SIZE]) {
    if (type == ABI_PAGE_TYPE_NORMAL) /* @req SNP-LD-008 */
        return crypto_sha384(bytes, CRYPTO_PAGE_SIZE, contents);
    if (type == ABI_PAGE_TYPE_VMSA) return vmsa_contents(bytes, contents); /* @req SNP-LD-009 */
    return sevkit_success();
}

/* DIGEST becomes the hash of INFO with itself as DIGEST_CUR. */
static struct sevkit_result extend(uint8_t digest[ABI_DIGEST_SIZE], struct abi_page_info *info) {
    uint8_t bytes[ABI_PAGE_INFO_SIZE];
    memcpy(info->digest_cur, digest, ABI_DIGEST_SIZE); /* @req SNP-LD-002 */
    abi_page_info_encode(info, bytes);
    return crypto_sha384(bytes, sizeof bytes, digest);
}

/* The piece of 4 KiB at OFFSET of PAGE. */
static struct sevkit_result add_piece(struct psp_launch_digest *digest,
                                      const struct psp_launch_page *page, size_t offset) {
    struct abi_page_info info = {
        .length = ABI_PAGE_INFO_SIZE,               /* @req SNP-LD-003 */
        .page_type = page->type,                    /* @req SNP-LD-004 */
        .flags = page->imi ? ABI_PAGE_INFO_IMI : 0, /* @req SNP-LD-005 */
        .vmpl1_perms = page->vmpl_perms[0],
        .vmpl2_perms = page->vmpl_perms[1],
        .vmpl3_perms = page->vmpl_perms[2],
        .gpa = page->gpa + offset, /* @req SNP-LD-014 */
    };
    const uint8_t *bytes = page->bytes == NULL ? NULL : page->bytes + offset;
    SEVKIT_TRY(contents_of(page->type, bytes, info.contents));
    if (page->imi) SEVKIT_TRY(extend(digest->imd, &info)); /* @req SNP-LD-015 SNP-LD-016 */
    return extend(digest->ld, &info);
}

struct sevkit_result psp_launch_digest_add(struct psp_launch_digest *digest,
                                           const struct psp_launch_page *page) {
    const size_t pieces = page->large ? PIECES_2M : 1; /* @req SNP-LD-014 */
    for (size_t i = 0; i < pieces; i++) SEVKIT_TRY(add_piece(digest, page, i * CRYPTO_PAGE_SIZE));
    return sevkit_success();
}
