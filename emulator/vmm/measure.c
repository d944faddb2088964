/* The pages of a launch in a hypervisor's order, and their launch digest. Launch notes, section 3. */
#include "sevkit/measure.h"

#include <string.h>

#include "vmm/measure_parts.h"

#define FOUR_GIB (UINT64_C(1) << 32)
#define KVM_VMSA_GPA UINT64_C(0xFFFFFFFFF000)

/* Our limits, docs/limits.md. Images and sections lie below 4 GiB: so many pages are each of them once. */
#define PAGES_MAX (FOUR_GIB / ABI_PAGE_SIZE)
#define VCPUS_MAX 4096

/* One launch under way. */
struct launch {
    const struct vmm_measure_guest *guest;
    vmm_page_visitor visit;
    void *ctx;
    uint64_t pages; /* of images and sections, up to now */
};

static struct sevkit_result load(const struct launch *l, enum abi_page_type type, uint64_t gpa,
                                 const uint8_t *bytes) {
    const struct psp_launch_page page = {.type = (uint8_t)type, .gpa = gpa, .bytes = bytes};
    return l->visit(l->ctx, &page);
}

static struct sevkit_result page_at(struct launch *l, enum abi_page_type type, uint64_t gpa,
                                    const uint8_t *bytes) {
    if (l->pages++ == PAGES_MAX) return vmm_bad_image("metadata", l->pages, "4 GiB of pages");
    return load(l, type, gpa, bytes);
}

static struct sevkit_result image_pages(struct launch *l, struct vmm_file file, uint64_t gpa) {
    for (size_t at = 0; at < file.size; at += ABI_PAGE_SIZE)
        SEVKIT_TRY(page_at(l, ABI_PAGE_TYPE_NORMAL, gpa + at, file.bytes + at));
    return sevkit_success();
}

/* Pages without contents over a section. */
static struct sevkit_result range(struct launch *l, enum abi_page_type type, struct vmm_section s) {
    const uint32_t odd = (s.gpa | s.size) % ABI_PAGE_SIZE;
    const uint64_t end = (uint64_t)s.gpa + s.size;
    if (odd != 0) return vmm_bad_image("metadata", odd, "whole pages"); /* @req SNP-LD-055 */
    if (end > FOUR_GIB) return vmm_bad_image("metadata", end, "below 4 GiB");
    for (uint64_t at = 0; at < s.size; at += ABI_PAGE_SIZE)
        SEVKIT_TRY(page_at(l, type, s.gpa + at, NULL));
    return sevkit_success();
}

static struct sevkit_result kernel_hashes(struct launch *l, const struct vmm_image *image,
                                          struct vmm_section s) {
    if (l->guest->kernel.bytes == NULL) return range(l, ABI_PAGE_TYPE_ZERO, s);
    uint8_t page[ABI_PAGE_SIZE];
    uint32_t table;
    if (s.size != ABI_PAGE_SIZE)
        return vmm_bad_image("kernel-hashes", s.size, "a section of one page");
    SEVKIT_TRY(vmm_image_number(image, vmm_guid_hash_table, "kernel-hashes", &table));
    SEVKIT_TRY(vmm_hashes_page(l->guest, table, page));
    return page_at(l, ABI_PAGE_TYPE_NORMAL, s.gpa, page); /* @req SNP-LD-038 */
}

static struct sevkit_result section(struct launch *l, const struct vmm_image *image,
                                    struct vmm_section s) {
    const bool gce = l->guest->host == VMM_HOST_GCE;
    switch ((enum vmm_section_type)s.type) { /* vmm_image_open knows the type */
    case VMM_SECTION_MEMORY:
        return range(l, gce ? ABI_PAGE_TYPE_UNMEASURED : ABI_PAGE_TYPE_ZERO,
                     s); /* @req SNP-LD-037 */
    case VMM_SECTION_SECRETS: return page_at(l, ABI_PAGE_TYPE_SECRETS, s.gpa, NULL);
    case VMM_SECTION_CPUID: return page_at(l, ABI_PAGE_TYPE_CPUID, s.gpa, NULL);
    case VMM_SECTION_SVSM_CAA: return range(l, ABI_PAGE_TYPE_ZERO, s);
    case VMM_SECTION_KERNEL_HASHES: return kernel_hashes(l, image, s);
    }
    return sevkit_success();
}

/* The sections whose type is CPUID, or those whose type is not. */
static struct sevkit_result sections_where(struct launch *l, const struct vmm_image *image,
                                           bool cpuid) {
    for (uint32_t i = 0; i < image->section_count; i++) {
        const struct vmm_section s = vmm_image_section(image, i);
        if ((s.type == VMM_SECTION_CPUID) == cpuid) SEVKIT_TRY(section(l, image, s));
    }
    return sevkit_success();
}

static struct sevkit_result all_sections(struct launch *l, const struct vmm_image *image) {
    for (uint32_t i = 0; i < image->section_count; i++)
        SEVKIT_TRY(section(l, image, vmm_image_section(image, i)));
    return sevkit_success();
}

static bool has_hash_section(const struct vmm_image *image) {
    for (uint32_t i = 0; i < image->section_count; i++)
        if (vmm_image_section(image, i).type == VMM_SECTION_KERNEL_HASHES) return true;
    return false;
}

static struct sevkit_result metadata_pages(struct launch *l, const struct vmm_image *image) {
    if (l->guest->host == VMM_HOST_EC2) { /* @req SNP-LD-036 */
        SEVKIT_TRY(sections_where(l, image, false));
        SEVKIT_TRY(sections_where(l, image, true));
    } else {
        SEVKIT_TRY(all_sections(l, image)); /* @req SNP-LD-035 */
    }
    if (l->guest->kernel.bytes != NULL && !has_hash_section(image))
        return vmm_bad_image("kernel-hashes", image->section_count,
                             "one for them"); /* @req SNP-LD-039 */
    return sevkit_success();
}

static struct sevkit_result vmsa_pages(const struct launch *l, const struct vmm_image *image) {
    uint8_t page[ABI_PAGE_SIZE];
    uint32_t eip = VMM_BSP_EIP;
    for (unsigned i = 0; i < l->guest->vcpus; i++) { /* @req SNP-LD-042 */
        if (i == 1) SEVKIT_TRY(vmm_image_number(image, vmm_guid_reset_block, "reset-block", &eip));
        vmm_vmsa_page(l->guest, eip, page);
        SEVKIT_TRY(load(l, ABI_PAGE_TYPE_VMSA, KVM_VMSA_GPA, page)); /* @req SNP-LD-021 */
    }
    return sevkit_success();
}

static bool whole_pages(struct vmm_file file) {
    return file.size != 0 && file.size % ABI_PAGE_SIZE == 0;
}

/* An SVSM ends where the variables begin, which end where OVMF begins. */
static struct sevkit_result svsm_pages(struct launch *l, uint64_t ovmf_start) {
    const struct vmm_measure_guest *guest = l->guest;
    const struct vmm_file svsm = guest->svsm;
    const bool whole = whole_pages(svsm) && guest->vars_size % ABI_PAGE_SIZE == 0;
    const bool fits = svsm.size < ovmf_start && guest->vars_size <= ovmf_start - svsm.size;
    if (!whole) return vmm_bad_image("image", svsm.size, "whole pages");
    if (!fits) return vmm_bad_image("image", svsm.size, "room below OVMF");
    const uint64_t start = ovmf_start - guest->vars_size - svsm.size; /* @req SNP-LD-050 */
    uint8_t page[ABI_PAGE_SIZE];
    struct vmm_image image;
    uint32_t offset;
    SEVKIT_TRY(vmm_image_open(svsm, &image));
    SEVKIT_TRY(image_pages(l, svsm, start));
    SEVKIT_TRY(metadata_pages(l, &image));
    SEVKIT_TRY(vmm_image_number(&image, vmm_guid_svsm_info, "svsm-info", &offset));
    vmm_vmsa_svsm_page(guest, start + offset, page); /* @req SNP-LD-051 */
    for (unsigned i = 0; i < guest->vcpus; i++)
        SEVKIT_TRY(load(l, ABI_PAGE_TYPE_VMSA, KVM_VMSA_GPA, page));
    return sevkit_success();
}

struct sevkit_result vmm_measure_pages(const struct vmm_measure_guest *guest,
                                       vmm_page_visitor visit, void *ctx) {
    struct launch l = {.guest = guest, .visit = visit, .ctx = ctx};
    const struct vmm_file ovmf = guest->ovmf;
    const bool fits = whole_pages(ovmf) && ovmf.size < FOUR_GIB;
    if (!fits) return vmm_bad_image("image", ovmf.size, "whole pages");
    if (guest->vcpus > VCPUS_MAX) return vmm_bad_image("vcpus", guest->vcpus, "at most 4096");
    const uint64_t start = FOUR_GIB - ovmf.size; /* @req SNP-LD-030 */
    struct vmm_image image;
    if (guest->svsm.bytes == NULL) SEVKIT_TRY(vmm_image_open(ovmf, &image));
    SEVKIT_TRY(image_pages(&l, ovmf, start));
    if (guest->svsm.bytes != NULL) return svsm_pages(&l, start); /* @req SNP-LD-050 */
    SEVKIT_TRY(metadata_pages(&l, &image));
    return vmsa_pages(&l, &image);
}

static struct sevkit_result add(void *ctx, const struct psp_launch_page *page) {
    return psp_launch_digest_add(ctx, page);
}

struct sevkit_result vmm_measure(const struct vmm_measure_guest *guest,
                                 uint8_t ld[ABI_DIGEST_SIZE]) {
    struct psp_launch_digest digest = {.ld = {0}};
    SEVKIT_TRY(vmm_measure_pages(guest, add, &digest));
    memcpy(ld, digest.ld, ABI_DIGEST_SIZE);
    return sevkit_success();
}
