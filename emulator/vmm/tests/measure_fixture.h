/* A small image and a guest for the tests of predicted launches, and a list of the pages that come out. */
#ifndef VMM_TESTS_MEASURE_FIXTURE_H
#define VMM_TESTS_MEASURE_FIXTURE_H

#include "sevkit/measure.h"
#include "unit/unit.h"
#include "vmm/measure_parts.h"

#define IMAGE_SIZE 0x2000
#define AP_EIP UINT32_C(0x0080B005)
#define TABLE_GPA UINT32_C(0x0080F0C0)
#define OVMF_START (UINT64_C(0x100000000) - IMAGE_SIZE)
#define VMSA_GPA UINT64_C(0xFFFFFFFFF000)

/* Where the image's parts lie. */
enum {
    AT_METADATA = IMAGE_SIZE - 0x400,
    AT_SECTIONS = AT_METADATA + 16,
    AT_FOOTER = IMAGE_SIZE - 32 - 18, /* its u16 */
    AT_OFFSET = AT_FOOTER - 22,       /* the metadata's entry */
    AT_RESET = AT_OFFSET - 22,
    AT_HASHES = AT_RESET - 26,
    AT_SVSM = AT_HASHES - 22,
    AT_TABLE = AT_SVSM,
};

#define SECTIONS 6

struct listed {
    uint8_t type;
    uint64_t gpa;
    bool has_bytes;
    uint8_t bytes[ABI_PAGE_SIZE];
};

struct list {
    size_t count;
    size_t fail_at; /* the visitor fails at this page */
    struct listed pages[64];
};

/* An image with every entry of the footer table and SECTIONS sections, one of each type. */
void image_make(uint8_t image[IMAGE_SIZE]);

/* A QEMU guest with two vCPUs of IMAGE. */
struct vmm_measure_guest guest_of(const uint8_t image[IMAGE_SIZE]);

/* The pages of GUEST, in LIST. */
SEVKIT_MUST struct sevkit_result list_pages(const struct vmm_measure_guest *guest,
                                            struct list *list);

#endif
