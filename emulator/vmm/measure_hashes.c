/* The page of the kernel's hashes. Launch notes, 3.3. */
#include <string.h>

#include "crypto/digest.h"
#include "sevkit/bytes.h"
#include "vmm/measure_parts.h"

enum {
    TABLE_GUID = 0x00,
    TABLE_LENGTH = 0x10,
    TABLE_CMDLINE = 0x12,
    TABLE_INITRD = 0x44,
    TABLE_KERNEL = 0x76,
    TABLE_END = 0xA8, /* LENGTH; zeros up to TABLE_SIZE */
    TABLE_SIZE = 0xB0,

    ENTRY_LENGTH = 0x10,
    ENTRY_HASH = 0x12,
    ENTRY_SIZE = 0x32,
};

_Static_assert(TABLE_CMDLINE + ENTRY_SIZE == TABLE_INITRD, "50 bytes an entry");
_Static_assert(TABLE_INITRD + ENTRY_SIZE == TABLE_KERNEL, "50 bytes an entry");
_Static_assert(TABLE_KERNEL + ENTRY_SIZE == TABLE_END, "50 bytes an entry");
_Static_assert(ENTRY_HASH + CRYPTO_SHA256_SIZE == ENTRY_SIZE, "a SHA-256");

static const uint8_t table_guid[VMM_GUID_SIZE] = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
                                                  0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};
static const uint8_t cmdline_guid[VMM_GUID_SIZE] = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
                                                    0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};
static const uint8_t initrd_guid[VMM_GUID_SIZE] = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
                                                   0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};
static const uint8_t kernel_guid[VMM_GUID_SIZE] = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
                                                   0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};

static struct sevkit_result put_entry(uint8_t *at, const uint8_t guid[VMM_GUID_SIZE],
                                      const void *bytes, size_t size) {
    memcpy(at, guid, VMM_GUID_SIZE);
    abi_put_le16(at + ENTRY_LENGTH, ENTRY_SIZE);
    return crypto_sha256(bytes, size, at + ENTRY_HASH);
}

struct sevkit_result vmm_hashes_page(const struct vmm_measure_guest *guest, uint32_t table_gpa,
                                     uint8_t page[ABI_PAGE_SIZE]) {
    const char *append = guest->append == NULL ? "" : guest->append;
    const uint8_t *initrd = guest->initrd.bytes == NULL ? page : guest->initrd.bytes;
    const size_t initrd_size = guest->initrd.bytes == NULL ? 0 : guest->initrd.size;
    const size_t at = table_gpa % ABI_PAGE_SIZE; /* @req SNP-LD-041 */
    if (at > ABI_PAGE_SIZE - TABLE_SIZE)
        return vmm_bad_image("kernel-hashes", table_gpa, "a table inside its page");
    uint8_t *table = page + at;
    memset(page, 0, ABI_PAGE_SIZE);
    memcpy(table + TABLE_GUID, table_guid, VMM_GUID_SIZE); /* @req SNP-LD-040 */
    abi_put_le16(table + TABLE_LENGTH, TABLE_END);
    SEVKIT_TRY(put_entry(table + TABLE_CMDLINE, cmdline_guid, append, strlen(append) + 1));
    SEVKIT_TRY(put_entry(table + TABLE_INITRD, initrd_guid, initrd, initrd_size));
    return put_entry(table + TABLE_KERNEL, kernel_guid, guest->kernel.bytes, guest->kernel.size);
}
