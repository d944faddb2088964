/* What an OVMF or SVSM image says of itself: the GUID table at its end and the SEV metadata. Launch notes, 3.1
 * and 3.2. */
#include <string.h>

#include "sevkit/bytes.h"
#include "vmm/measure_parts.h"

#define TABLE_BEHIND 32 /* bytes between the table and the image's end */
#define ENTRY_HEAD 18   /* u16 size, GUID; the entry's data lies before it */
#define METADATA_HEAD 16
#define SECTION_SIZE 12

static const uint8_t footer[VMM_GUID_SIZE] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                              0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
static const uint8_t metadata[VMM_GUID_SIZE] = {0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
                                                0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc};
const uint8_t vmm_guid_hash_table[VMM_GUID_SIZE] = {0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
                                                    0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54};
const uint8_t vmm_guid_reset_block[VMM_GUID_SIZE] = {
    0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e};
const uint8_t vmm_guid_svsm_info[VMM_GUID_SIZE] = {0x12, 0xa6, 0x89, 0xa7, 0x97, 0x05, 0x4b, 0x4c,
                                                   0xa4, 0x9f, 0xcb, 0xb1, 0xfe, 0x9d, 0x1d, 0xdd};

struct sevkit_result vmm_bad_image(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

/* An entry of the table. */
struct entry {
    size_t start; /* of its data, and of the entry */
    size_t size;  /* of its data */
    const uint8_t *guid;
};

/* The entry that ends at END; it was checked. */
static struct entry entry_before(const struct vmm_image *image, size_t end) {
    const uint8_t *head = image->bytes + end - ENTRY_HEAD;
    const size_t size = abi_get_le16(head);
    return (struct entry){end - size, size - ENTRY_HEAD, head + 2};
}

/* Whether an entry inside the table ends at END, which is above the table's start. */
static struct sevkit_result check_entry(const struct vmm_image *image, size_t end) {
    static const char rule[] = "data, size and GUID, inside the table";
    const size_t left = end - image->table;
    if (left < ENTRY_HEAD) return vmm_bad_image("footer", left, rule); /* @req SNP-LD-055 */
    const size_t size = abi_get_le16(image->bytes + end - ENTRY_HEAD);
    if (size < ENTRY_HEAD) return vmm_bad_image("footer", size, rule); /* @req SNP-LD-033 */
    if (size > left) return vmm_bad_image("footer", size, rule);       /* @req SNP-LD-055 */
    return sevkit_success();
}

/* Finds the table and walks all of it. SNP-LD-032 */
static struct sevkit_result read_table(struct vmm_image *image) {
    const size_t end = image->size - TABLE_BEHIND; /* @req SNP-LD-031 */
    const size_t head = end - ENTRY_HEAD;
    const size_t size = abi_get_le16(image->bytes + head);
    const bool found = memcmp(image->bytes + head + 2, footer, VMM_GUID_SIZE) == 0;
    if (!found)
        return vmm_bad_image("footer", end, "the table's GUID before it"); /* @req SNP-LD-031 */
    const bool inside = size >= ENTRY_HEAD && size <= end;
    if (!inside)
        return vmm_bad_image("footer", size, "inside the image"); /* @req SNP-LD-031 SNP-LD-055 */
    image->table = end - size;
    image->table_end = head;
    for (size_t at = head; at > image->table; at = entry_before(image, at).start)
        SEVKIT_TRY(check_entry(image, at));
    return sevkit_success();
}

/* The entry with GUID, the last one in the table if there are several. The table has been walked. */
static bool find(const struct vmm_image *image, const uint8_t guid[VMM_GUID_SIZE],
                 struct entry *entry) {
    size_t at = image->table_end;
    while (at > image->table) {
        *entry = entry_before(image, at);
        if (memcmp(entry->guid, guid, VMM_GUID_SIZE) == 0) return true;
        at = entry->start;
    }
    return false;
}

struct sevkit_result vmm_image_number(const struct vmm_image *image,
                                      const uint8_t guid[VMM_GUID_SIZE], const char *field,
                                      uint32_t *number) {
    struct entry entry;
    if (!find(image, guid, &entry) || entry.size < 4)
        return vmm_bad_image(field, image->size, "an entry in the image's table");
    *number = abi_get_le32(image->bytes + entry.start);
    return sevkit_success();
}

static bool type_known(uint32_t type) {
    return type == VMM_SECTION_MEMORY || type == VMM_SECTION_SECRETS || type == VMM_SECTION_CPUID ||
           type == VMM_SECTION_SVSM_CAA || type == VMM_SECTION_KERNEL_HASHES;
}

struct vmm_section vmm_image_section(const struct vmm_image *image, uint32_t index) {
    const uint8_t *at = image->bytes + image->sections + (size_t)index * SECTION_SIZE;
    return (struct vmm_section){abi_get_le32(at), abi_get_le32(at + 4), abi_get_le32(at + 8)};
}

/* The metadata that begins BACK bytes before the image's end. */
static struct sevkit_result read_metadata(struct vmm_image *image, size_t back) {
    const bool inside = back >= METADATA_HEAD && back <= image->size;
    if (!inside) return vmm_bad_image("metadata", back, "inside the image"); /* @req SNP-LD-034 */
    const size_t at = image->size - back;
    const uint8_t *head = image->bytes + at;
    const uint32_t size = abi_get_le32(head + 4), version = abi_get_le32(head + 8);
    const uint32_t count = abi_get_le32(head + 12);
    const bool magic = memcmp(head, "ASEV", 4) == 0;
    const bool fits = size <= back && /* @req SNP-LD-055 */
                      size >= METADATA_HEAD + (uint64_t)count * SECTION_SIZE;
    if (!magic) return vmm_bad_image("metadata", at, "ASEV there");           /* @req SNP-LD-034 */
    if (version != 1) return vmm_bad_image("metadata", version, "version 1"); /* @req SNP-LD-034 */
    if (!fits) return vmm_bad_image("metadata", size, "all sections");        /* @req SNP-LD-034 */
    image->sections = at + METADATA_HEAD;
    image->section_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t type = vmm_image_section(image, i).type;
        if (!type_known(type))
            return vmm_bad_image("metadata", type, "a known type"); /* @req SNP-LD-035 */
    }
    return sevkit_success();
}

struct sevkit_result vmm_image_open(struct vmm_file file, struct vmm_image *image) {
    *image = (struct vmm_image){.bytes = file.bytes, .size = file.size};
    struct entry entry;
    SEVKIT_TRY(read_table(image));
    if (!find(image, metadata, &entry)) return sevkit_success(); /* no sections */
    uint32_t back;
    SEVKIT_TRY(vmm_image_number(image, metadata, "metadata", &back));
    return read_metadata(image, back); /* @req SNP-LD-034 */
}
