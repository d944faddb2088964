/* Predicted launches: which pages, in which order, and what is refused. Launch notes, 3 to 3.3. */
#include "vmm/tests/measure_fixture.h"

#include <string.h>

#include "crypto/digest.h"
#include "sevkit/bytes.h"

extern const struct unit_suite measure_suite;

static uint8_t image[IMAGE_SIZE];
static struct list list;

/* A page that is expected. */
struct wanted {
    uint8_t type;
    uint64_t gpa;
};

static void pages_are(const struct vmm_measure_guest *guest, const struct wanted *wanted,
                      size_t count) {
    list = (struct list){.fail_at = SIZE_MAX};
    UNIT_OK(list_pages(guest, &list));
    CU_ASSERT_EQUAL(list.count, count);
    for (size_t i = 0; i < list.count && i < count; i++) {
        CU_ASSERT_EQUAL(list.pages[i].type, wanted[i].type);
        CU_ASSERT_EQUAL(list.pages[i].gpa, wanted[i].gpa);
        const bool bytes = wanted[i].type == 1 || wanted[i].type == 2;
        CU_ASSERT_EQUAL(list.pages[i].has_bytes, bytes);
    }
}

#define PAGES_ARE(guest, wanted) pages_are(guest, wanted, sizeof(wanted) / sizeof(wanted)[0])

static void refused(const struct vmm_measure_guest *guest, const char *field, uint64_t value) {
    list = (struct list){.fail_at = SIZE_MAX};
    const struct sevkit_result r = list_pages(guest, &list);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, field);
    CU_ASSERT_EQUAL(r.value, value);
}

/* @req SNP-LD-021 SNP-LD-030 SNP-LD-035 SNP-LD-038 SNP-LD-042 */
static void qemu(void) {
    static const struct wanted wanted[] = {
        {1, OVMF_START}, {1, OVMF_START + 0x1000},
        {3, 0x800000},   {3, 0x801000},
        {5, 0x80D000},   {6, 0x80E000},
        {3, 0x80F000},   {3, 0x80C000},
        {3, 0x80A000},   {2, VMSA_GPA},
        {2, VMSA_GPA},
    };
    image_make(image);
    const struct vmm_measure_guest guest = guest_of(image);
    PAGES_ARE(&guest, wanted);
    UNIT_BYTES(list.pages[0].bytes, image, ABI_PAGE_SIZE);
    UNIT_BYTES(list.pages[1].bytes, image + ABI_PAGE_SIZE, ABI_PAGE_SIZE);
    uint8_t page[ABI_PAGE_SIZE];
    vmm_vmsa_page(&guest, 0xFFFFFFF0, page);
    UNIT_BYTES(list.pages[9].bytes, page, ABI_PAGE_SIZE);
    vmm_vmsa_page(&guest, AP_EIP, page);
    UNIT_BYTES(list.pages[10].bytes, page, ABI_PAGE_SIZE);
}

/* @req SNP-LD-036 SNP-LD-037 */
static void other_hosts(void) {
    static const struct wanted ec2[] = {
        {1, OVMF_START}, {1, OVMF_START + 0x1000},
        {3, 0x800000},   {3, 0x801000},
        {5, 0x80D000},   {3, 0x80F000},
        {3, 0x80C000},   {3, 0x80A000},
        {6, 0x80E000},   {2, VMSA_GPA},
        {2, VMSA_GPA},
    };
    static const struct wanted gce[] = {
        {1, OVMF_START}, {1, OVMF_START + 0x1000},
        {4, 0x800000},   {4, 0x801000},
        {5, 0x80D000},   {6, 0x80E000},
        {3, 0x80F000},   {3, 0x80C000},
        {4, 0x80A000},   {2, VMSA_GPA},
        {2, VMSA_GPA},
    };
    image_make(image);
    struct vmm_measure_guest guest = guest_of(image);
    guest.host = VMM_HOST_EC2;
    PAGES_ARE(&guest, ec2);
    guest.host = VMM_HOST_GCE;
    PAGES_ARE(&guest, gce);
}

/* Two CPUID sections: EC2 keeps their order. */
static void ec2_two_cpuid(void) {
    static const struct wanted wanted[] = {
        {1, OVMF_START}, {1, OVMF_START + 0x1000},
        {5, 0x80D000},   {3, 0x80F000},
        {3, 0x80C000},   {3, 0x80A000},
        {6, 0x800000},   {6, 0x80E000},
    };
    image_make(image);
    abi_put_le32(image + AT_SECTIONS + 8, 3);
    struct vmm_measure_guest guest = guest_of(image);
    guest.host = VMM_HOST_EC2;
    guest.vcpus = 0;
    PAGES_ARE(&guest, wanted);
}

/* @req SNP-LD-042 SNP-LD-047: an AP's address is looked for only where there is an AP. */
static void vcpus(void) {
    image_make(image);
    struct vmm_measure_guest guest = guest_of(image);
    for (unsigned count = 0; count < 4; count++) {
        guest.vcpus = count;
        list = (struct list){.fail_at = SIZE_MAX};
        UNIT_OK(list_pages(&guest, &list));
        CU_ASSERT_EQUAL(list.count, 9 + count);
        if (count == 3) UNIT_BYTES(list.pages[10].bytes, list.pages[11].bytes, ABI_PAGE_SIZE);
    }
    image[AT_RESET + 6] ^= 1; /* another GUID */
    refused(&guest, "reset-block", IMAGE_SIZE);
    guest.vcpus = 1;
    UNIT_OK(list_pages(&guest, &list));
}

/* What lies behind the last section is none, though it looks like one. */
static void section_count(void) {
    static const uint8_t kernel[] = "a kernel";
    static const enum vmm_host hosts[] = {VMM_HOST_QEMU, VMM_HOST_EC2};
    for (size_t i = 0; i < 2; i++) {
        image_make(image);
        abi_put_le32(image + AT_METADATA + 12, SECTIONS - 1);
        struct vmm_measure_guest guest = guest_of(image);
        guest.host = hosts[i];
        list = (struct list){.fail_at = SIZE_MAX};
        UNIT_OK(list_pages(&guest, &list));
        CU_ASSERT_EQUAL(list.count, 10);
        abi_put_le32(image + AT_METADATA + 12, 3); /* the hashes' section is the next one */
        guest.kernel = (struct vmm_file){kernel, sizeof kernel};
        refused(&guest, "kernel-hashes", 3);
    }
    image_make(image); /* the hashes' section is the first one, and the only one */
    memcpy(image + AT_SECTIONS, image + AT_SECTIONS + 3 * 12, 12);
    abi_put_le32(image + AT_METADATA + 12, 1);
    struct vmm_measure_guest guest = guest_of(image);
    guest.kernel = (struct vmm_file){kernel, sizeof kernel};
    list = (struct list){.fail_at = SIZE_MAX};
    UNIT_OK(list_pages(&guest, &list));
    CU_ASSERT_EQUAL(list.count, 5);
}

/* A SHA-256 entry of the table at AT. */
static void entry_is(const uint8_t *at, const char *guid, const void *bytes, size_t size) {
    uint8_t wanted[50];
    unit_hex(guid, wanted, 16);
    wanted[16] = 50;
    wanted[17] = 0;
    UNIT_OK(crypto_sha256(bytes, size, wanted + 18));
    UNIT_BYTES(at, wanted, sizeof wanted);
}

/* @req SNP-LD-038 SNP-LD-040 SNP-LD-041 */
static void kernel_hashes(void) {
    static const uint8_t kernel[] = "a kernel", initrd[] = "an initrd";
    image_make(image);
    struct vmm_measure_guest guest = guest_of(image);
    guest.kernel = (struct vmm_file){kernel, sizeof kernel};
    for (int full = 0; full < 2; full++) {
        if (full == 1) {
            guest.initrd = (struct vmm_file){initrd, sizeof initrd};
            guest.append = "quiet";
        }
        list = (struct list){.fail_at = SIZE_MAX};
        UNIT_OK(list_pages(&guest, &list));
        const struct listed *page = &list.pages[6];
        const uint8_t *table = page->bytes + 0xC0;
        uint8_t head[18];
        unit_hex("06d63894 224f c94c b479 a793d411fd21 a800", head, sizeof head);
        CU_ASSERT_EQUAL(page->type, 1);
        CU_ASSERT_EQUAL(page->gpa, 0x80F000);
        CU_ASSERT(abi_all_zero(page->bytes, 0xC0));
        CU_ASSERT_EQUAL(list.pages[7].type, 3); /* SVSM_CAA stays as it is */
        UNIT_BYTES(table, head, sizeof head);
        entry_is(table + 18, "d82dd097 20bd 944c aa78 e7714d36ab2a", full ? "quiet" : "",
                 full ? 6 : 1);
        entry_is(table + 68, "31f7ba44 2f3a d74b 9af1 41e29169781d", initrd,
                 full ? sizeof initrd : 0);
        entry_is(table + 118, "3794e74d d2ab 7f42 b835 d5b172d2045b", kernel, sizeof kernel);
        CU_ASSERT(abi_all_zero(table + 168, ABI_PAGE_SIZE - 0xC0 - 168));
    }
}

/* @req SNP-LD-038 SNP-LD-039 SNP-LD-041 */
static void kernel_refusals(void) {
    static const uint8_t kernel[] = "a kernel";
    static const struct {
        size_t at;
        uint32_t value;
        const char *field; /* NULL: accepted */
        uint64_t seen;
    } rows[] = {
        {AT_HASHES, 0x80FF50, NULL, 0},
        {AT_HASHES, 0x80FF51, "kernel-hashes", 0x80FF51},
        {AT_HASHES, 0x80FFFF, "kernel-hashes", 0x80FFFF},
        {AT_HASHES, 0x810000, NULL, 0},
        {AT_SECTIONS + 3 * 12 + 4, 0x2000, "kernel-hashes", 0x2000},
        {AT_SECTIONS + 3 * 12 + 8, 4, "kernel-hashes", SECTIONS}, /* no section */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        image_make(image);
        abi_put_le32(image + rows[i].at, rows[i].value);
        struct vmm_measure_guest guest = guest_of(image);
        list = (struct list){.fail_at = SIZE_MAX};
        UNIT_OK(list_pages(&guest, &list)); /* without a kernel nobody minds */
        guest.kernel = (struct vmm_file){kernel, sizeof kernel};
        list = (struct list){.fail_at = SIZE_MAX};
        if (rows[i].field == NULL) {
            UNIT_OK(list_pages(&guest, &list));
        } else {
            refused(&guest, rows[i].field, rows[i].seen);
        }
    }
    image_make(image);
    image[AT_HASHES + 10] ^= 1; /* another GUID */
    struct vmm_measure_guest guest = guest_of(image);
    guest.kernel = (struct vmm_file){kernel, sizeof kernel};
    refused(&guest, "kernel-hashes", IMAGE_SIZE);
}

/* @req SNP-LD-050 SNP-LD-051 */
static void svsm(void) {
    static uint8_t own[IMAGE_SIZE];
    const uint64_t start = OVMF_START - 0x3000 - IMAGE_SIZE;
    const struct wanted wanted[] = {
        {1, OVMF_START}, {1, OVMF_START + 0x1000},
        {1, start},      {1, start + 0x1000},
        {3, 0x800000},   {3, 0x801000},
        {5, 0x80D000},   {6, 0x80E000},
        {3, 0x80F000},   {3, 0x80C000},
        {3, 0x80A000},   {2, VMSA_GPA},
        {2, VMSA_GPA},
    };
    memset(image, 0x11, sizeof image); /* its own table does not count */
    image_make(own);
    struct vmm_measure_guest guest = guest_of(image);
    guest.svsm = (struct vmm_file){own, sizeof own};
    guest.vars_size = 0x3000;
    PAGES_ARE(&guest, wanted);
    UNIT_BYTES(list.pages[1].bytes, image + ABI_PAGE_SIZE, ABI_PAGE_SIZE);
    UNIT_BYTES(list.pages[3].bytes, own + ABI_PAGE_SIZE, ABI_PAGE_SIZE);
    uint8_t page[ABI_PAGE_SIZE];
    vmm_vmsa_svsm_page(&guest, start + 0x240, page);
    UNIT_BYTES(list.pages[11].bytes, page, ABI_PAGE_SIZE);
    UNIT_BYTES(list.pages[12].bytes, page, ABI_PAGE_SIZE);

    guest.vars_size = OVMF_START - IMAGE_SIZE; /* at address 0 */
    UNIT_OK(list_pages(&guest, &(struct list){.fail_at = SIZE_MAX}));
    guest.vars_size += 0x1000;
    refused(&guest, "image", guest.svsm.size);
    guest.vars_size = UINT64_C(0xFFFFFFFFFFFFF000);
    refused(&guest, "image", guest.svsm.size);
    guest.vars_size = 0x800;
    refused(&guest, "image", guest.svsm.size);
    guest.vars_size = 0;
    guest.svsm.size = IMAGE_SIZE - 1;
    refused(&guest, "image", guest.svsm.size);
    guest.svsm.size = 0;
    refused(&guest, "image", guest.svsm.size);
    guest.svsm.size = OVMF_START;
    refused(&guest, "image", guest.svsm.size);
    guest.svsm.size = OVMF_START + 0x1000;
    refused(&guest, "image", guest.svsm.size);
    guest.svsm.size = sizeof own;
    own[AT_SVSM + 6] ^= 1; /* another GUID */
    refused(&guest, "svsm-info", IMAGE_SIZE);
}

static void image_sizes(void) {
    static const size_t sizes[] = {0, 1, IMAGE_SIZE - 1, UINT64_C(0x100000000),
                                   UINT64_C(0x100001000)};
    image_make(image);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct vmm_measure_guest guest = guest_of(image);
        guest.ovmf.size = sizes[i];
        refused(&guest, "image", sizes[i]);
    }
}

/* Our limits: a guest's vCPUs, where a section ends, and all pages of a launch but the VMSAs. */
static struct sevkit_result counted(void *ctx, const struct psp_launch_page *page) {
    *(uint64_t *)ctx += page->type != ABI_PAGE_TYPE_VMSA;
    return sevkit_success();
}

static void limits(void) {
    image_make(image);
    struct vmm_measure_guest guest = guest_of(image);
    uint64_t pages = 0;
    guest.vcpus = 4096;
    UNIT_OK(vmm_measure_pages(&guest, counted, &pages));
    guest.vcpus = 4097;
    UNIT_FAILS(vmm_measure_pages(&guest, counted, &pages), SEVKIT_BAD_VALUE, "vcpus");
    guest.vcpus = 0;

    abi_put_le32(image + AT_SECTIONS, 0xFFFFE000); /* ends at 4 GiB */
    UNIT_OK(vmm_measure_pages(&guest, counted, &pages));
    abi_put_le32(image + AT_SECTIONS, 0xFFFFF000);
    refused(&guest, "metadata", UINT64_C(0x100001000));

    abi_put_le32(image + AT_SECTIONS, 0); /* 2^20 pages with the image's and the other sections' */
    abi_put_le32(image + AT_SECTIONS + 4, 0xFFFF9000);
    pages = 0;
    UNIT_OK(vmm_measure_pages(&guest, counted, &pages));
    CU_ASSERT_EQUAL(pages, 1 << 20);
    abi_put_le32(image + AT_SECTIONS + 4, 0xFFFFA000);
    UNIT_FAILS(vmm_measure_pages(&guest, counted, &pages), SEVKIT_BAD_VALUE, "metadata");
}

/* Whichever page the visitor refuses, that is the end. */
static void visitor_fails(void) {
    static uint8_t own[IMAGE_SIZE];
    static const uint8_t kernel[] = "a kernel";
    image_make(image);
    image_make(own);
    for (int with = 0; with < 4; with++) {
        struct vmm_measure_guest guest = guest_of(image);
        if (with == 1) guest.svsm = (struct vmm_file){own, sizeof own};
        if (with == 2) guest.host = VMM_HOST_EC2;
        if (with == 3) guest.kernel = (struct vmm_file){kernel, sizeof kernel};
        const size_t count = with == 1 ? 13 : 11;
        for (size_t i = 0; i < count; i++) {
            list = (struct list){.fail_at = i};
            UNIT_FAILS(list_pages(&guest, &list), SEVKIT_LIMIT, "visitor");
            CU_ASSERT_EQUAL(list.count, i + 1);
        }
    }
}

/* The digest is that of the listed pages. */
static void digest(void) {
    image_make(image);
    const struct vmm_measure_guest guest = guest_of(image);
    struct psp_launch_digest by_hand = {.ld = {0}};
    uint8_t ld[ABI_DIGEST_SIZE];
    list = (struct list){.fail_at = SIZE_MAX};
    UNIT_OK(list_pages(&guest, &list));
    for (size_t i = 0; i < list.count; i++) {
        const struct psp_launch_page page = {
            .type = list.pages[i].type, .gpa = list.pages[i].gpa, .bytes = list.pages[i].bytes};
        UNIT_OK(psp_launch_digest_add(&by_hand, &page));
    }
    UNIT_OK(vmm_measure(&guest, ld));
    UNIT_BYTES(ld, by_hand.ld, sizeof ld);
    image[AT_METADATA] ^= 1;
    UNIT_FAILS(vmm_measure(&guest, ld), SEVKIT_BAD_VALUE, "metadata");
}

static const struct unit_test tests[] = {
    {"qemu", qemu},
    {"other-hosts", other_hosts},
    {"ec2-two-cpuid", ec2_two_cpuid},
    {"vcpus", vcpus},
    {"section-count", section_count},
    {"kernel-hashes", kernel_hashes},
    {"kernel-refusals", kernel_refusals},
    {"svsm", svsm},
    {"image-sizes", image_sizes},
    {"limits", limits},
    {"visitor-fails", visitor_fails},
    {"digest", digest},
    {NULL, NULL},
};

const struct unit_suite measure_suite = {"measure", tests};
