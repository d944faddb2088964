/* The parts of a predicted launch. Private to vmm/measure*.c. */
#ifndef VMM_MEASURE_PARTS_H
#define VMM_MEASURE_PARTS_H

#include "sevkit/measure.h"
#include "sevkit/message.h" /* ABI_PAGE_SIZE */

#define VMM_GUID_SIZE 16

/* A refusal: FIELD is one of measure.h's words, VALUE the number that is wrong. */
SEVKIT_MUST struct sevkit_result vmm_bad_image(const char *field, uint64_t value, const char *rule);

/* ---- what an image says of itself: notes, 3.1 and 3.2 ---- */

enum vmm_section_type {
    VMM_SECTION_MEMORY = 1,
    VMM_SECTION_SECRETS = 2,
    VMM_SECTION_CPUID = 3,
    VMM_SECTION_SVSM_CAA = 4,
    VMM_SECTION_KERNEL_HASHES = 0x10,
};

struct vmm_section {
    uint32_t gpa, size, type;
};

struct vmm_image {
    const uint8_t *bytes;
    size_t size;
    size_t table, table_end; /* the entries of the footer table */
    size_t sections;         /* offset of the first one */
    uint32_t section_count;
};

/* GUIDs of the footer table, as the image holds them. */
extern const uint8_t vmm_guid_hash_table[VMM_GUID_SIZE];
extern const uint8_t vmm_guid_reset_block[VMM_GUID_SIZE];
extern const uint8_t vmm_guid_svsm_info[VMM_GUID_SIZE];

/* FILE is at least a page. */
SEVKIT_MUST struct sevkit_result vmm_image_open(struct vmm_file file, struct vmm_image *image);

/* The u32 that opens the data of the entry with GUID; a refusal at FIELD without one. */
SEVKIT_MUST struct sevkit_result vmm_image_number(const struct vmm_image *image,
                                                  const uint8_t guid[VMM_GUID_SIZE],
                                                  const char *field, uint32_t *number);

/* INDEX is below section_count. */
struct vmm_section vmm_image_section(const struct vmm_image *image, uint32_t index);

/* ---- the page of the kernel's hashes: notes, 3.3 ---- */

SEVKIT_MUST struct sevkit_result vmm_hashes_page(const struct vmm_measure_guest *guest,
                                                 uint32_t table_gpa, uint8_t page[ABI_PAGE_SIZE]);

/* ---- VMSAs: notes, 3.4 ---- */

#define VMM_BSP_EIP UINT32_C(0xFFFFFFF0)

void vmm_vmsa_page(const struct vmm_measure_guest *guest, uint32_t eip,
                   uint8_t page[ABI_PAGE_SIZE]);
void vmm_vmsa_svsm_page(const struct vmm_measure_guest *guest, uint64_t entry,
                        uint8_t page[ABI_PAGE_SIZE]);

#endif
