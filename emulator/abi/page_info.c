/* PAGE_INFO. Launch notes, section 2.
 * @gap Sources disagree on the order of bytes 0x64 to 0x67: this is that of AMD's own. */
#include <string.h>

#include "abi/layout.h"
#include "sevkit/bytes.h"
#include "sevkit/launch.h"

enum {
    INFO_DIGEST_CUR = 0x00,
    INFO_CONTENTS = 0x30,
    INFO_LENGTH = 0x60,
    INFO_PAGE_TYPE = 0x62,
    INFO_FLAGS = 0x63,
    INFO_RESERVED_64 = 0x64,
    INFO_VMPL1_PERMS = 0x65,
    INFO_VMPL2_PERMS = 0x66,
    INFO_VMPL3_PERMS = 0x67,
    INFO_GPA = 0x68,
};

#define INFO(member, at, end) ABI_FIELD_ENDS(struct abi_page_info, member, at, end)

INFO(digest_cur, INFO_DIGEST_CUR, INFO_CONTENTS);
INFO(contents, INFO_CONTENTS, INFO_LENGTH);
INFO(length, INFO_LENGTH, INFO_PAGE_TYPE);
INFO(page_type, INFO_PAGE_TYPE, INFO_FLAGS);
INFO(flags, INFO_FLAGS, INFO_RESERVED_64);
INFO(reserved_64, INFO_RESERVED_64, INFO_VMPL1_PERMS);
INFO(vmpl1_perms, INFO_VMPL1_PERMS, INFO_VMPL2_PERMS);
INFO(vmpl2_perms, INFO_VMPL2_PERMS, INFO_VMPL3_PERMS);
INFO(vmpl3_perms, INFO_VMPL3_PERMS, INFO_GPA);
INFO(gpa, INFO_GPA, ABI_PAGE_INFO_SIZE);
_Static_assert(ABI_PAGE_INFO_SIZE == 0x70, "notes, section 2: 0x70 bytes");

void abi_page_info_encode(const struct abi_page_info *info, uint8_t out[ABI_PAGE_INFO_SIZE]) {
    memcpy(out + INFO_DIGEST_CUR, info->digest_cur, sizeof info->digest_cur);
    memcpy(out + INFO_CONTENTS, info->contents, sizeof info->contents);
    abi_put_le16(out + INFO_LENGTH, info->length);
    out[INFO_PAGE_TYPE] = info->page_type;
    out[INFO_FLAGS] = info->flags;
    out[INFO_RESERVED_64] = info->reserved_64;
    out[INFO_VMPL1_PERMS] = info->vmpl1_perms; /* @req SNP-LD-006 */
    out[INFO_VMPL2_PERMS] = info->vmpl2_perms; /* @req SNP-LD-006 */
    out[INFO_VMPL3_PERMS] = info->vmpl3_perms; /* @req SNP-LD-006 */
    abi_put_le64(out + INFO_GPA, info->gpa);   /* @req SNP-LD-007 */
}

void abi_page_info_decode(const uint8_t in[ABI_PAGE_INFO_SIZE], struct abi_page_info *info) {
    memcpy(info->digest_cur, in + INFO_DIGEST_CUR, sizeof info->digest_cur);
    memcpy(info->contents, in + INFO_CONTENTS, sizeof info->contents);
    info->length = abi_get_le16(in + INFO_LENGTH);
    info->page_type = in[INFO_PAGE_TYPE];
    info->flags = in[INFO_FLAGS];
    info->reserved_64 = in[INFO_RESERVED_64];
    info->vmpl1_perms = in[INFO_VMPL1_PERMS];
    info->vmpl2_perms = in[INFO_VMPL2_PERMS];
    info->vmpl3_perms = in[INFO_VMPL3_PERMS];
    info->gpa = abi_get_le64(in + INFO_GPA);
}
