#include "vmm/tests/measure_fixture.h"

#include <string.h>

#include "sevkit/bytes.h"

/* data || u16 size || GUID; the GUID as the notes print it, fields little-endian. */
static void entry(uint8_t *at, const void *data, uint16_t size, const char *guid) {
    memcpy(at, data, size);
    abi_put_le16(at + size, (uint16_t)(size + 18));
    unit_hex(guid, at + size + 2, 16);
}

static void section(uint8_t *at, uint32_t gpa, uint32_t size, uint32_t type) {
    abi_put_le32(at, gpa);
    abi_put_le32(at + 4, size);
    abi_put_le32(at + 8, type);
}

void image_make(uint8_t image[IMAGE_SIZE]) {
    uint8_t number[8];
    for (size_t i = 0; i < IMAGE_SIZE; i++) image[i] = (uint8_t)(i * 7 + i / 256 * 3);

    uint8_t *meta = image + AT_METADATA;
    memcpy(meta, "ASEV", 4);
    abi_put_le32(meta + 4, 16 + 12 * SECTIONS);
    abi_put_le32(meta + 8, 1);
    abi_put_le32(meta + 12, SECTIONS);
    section(meta + 16, 0x800000, 0x2000, 1);
    section(meta + 28, 0x80D000, 0x1000, 2);
    section(meta + 40, 0x80E000, 0x1000, 3);
    section(meta + 52, 0x80F000, 0x1000, 0x10);
    section(meta + 64, 0x80C000, 0x1000, 4);
    section(meta + 76, 0x80A000, 0x1000, 1);

    abi_put_le32(number, 0x240);
    entry(image + AT_SVSM, number, 4, "12a689a7 9705 4b4c a49f cbb1fe9d1ddd");
    abi_put_le32(number, TABLE_GPA);
    abi_put_le32(number + 4, 0x400);
    entry(image + AT_HASHES, number, 8, "1f375572 3b3a 044b 927b 1da6efa8d454");
    abi_put_le32(number, AP_EIP);
    entry(image + AT_RESET, number, 4, "de71f700 7e1a cb4f 890e 68c77e2fb44e");
    abi_put_le32(number, IMAGE_SIZE - AT_METADATA);
    entry(image + AT_OFFSET, number, 4, "666588dc 4a98 9847 a75e 5585a7bf67cc");
    entry(image + AT_FOOTER, number, 0, "de82b596 b21f f745 baea a366c55a082d");
    abi_put_le16(image + AT_FOOTER, AT_FOOTER + 18 - AT_TABLE);
}

struct vmm_measure_guest guest_of(const uint8_t image[IMAGE_SIZE]) {
    return (struct vmm_measure_guest){
        .host = VMM_HOST_QEMU,
        .ovmf = {image, IMAGE_SIZE},
        .vcpus = 2,
        .vcpu_signature = 0x00A00F11,
        .sev_features = UINT64_C(0x8000000000000001),
        .ec2_rdx = 0x600,
    };
}

static struct sevkit_result visit(void *ctx, const struct psp_launch_page *page) {
    struct list *list = ctx;
    struct listed *out = &list->pages[list->count];
    if (list->fail_at == list->count++)
        return sevkit_fail(SEVKIT_LIMIT, "visitor", list->count, 0, "this page");
    CU_ASSERT_FALSE(page->large);
    CU_ASSERT_FALSE(page->imi);
    CU_ASSERT(page->vmpl_perms[0] == 0 && page->vmpl_perms[1] == 0 && page->vmpl_perms[2] == 0);
    *out = (struct listed){.type = page->type, .gpa = page->gpa, .has_bytes = page->bytes != NULL};
    if (page->bytes != NULL) memcpy(out->bytes, page->bytes, ABI_PAGE_SIZE);
    return sevkit_success();
}

struct sevkit_result list_pages(const struct vmm_measure_guest *guest, struct list *list) {
    return vmm_measure_pages(guest, visit, list);
}
