/* VMSA pages as hypervisors launch them. Launch notes, 3.4.
 * @gap EC2's RDX and FCW of an SVSM's VMSA: the guest says. */
#include <string.h>

#include "sevkit/bytes.h"
#include "vmm/measure_parts.h"

enum {
    VMSA_ES = 0x000,
    VMSA_CS = 0x010,
    VMSA_SS = 0x020,
    VMSA_DS = 0x030,
    VMSA_FS = 0x040,
    VMSA_GS = 0x050,
    VMSA_GDTR = 0x060,
    VMSA_LDTR = 0x070,
    VMSA_IDTR = 0x080,
    VMSA_TR = 0x090,
    VMSA_EFER = 0x0D0,
    VMSA_CR4 = 0x148,
    VMSA_CR0 = 0x158,
    VMSA_DR7 = 0x160,
    VMSA_DR6 = 0x168,
    VMSA_RFLAGS = 0x170,
    VMSA_RIP = 0x178,
    VMSA_G_PAT = 0x268,
    VMSA_RDX = 0x310,
    VMSA_SEV_FEATURES = 0x3B0,
    VMSA_XCR0 = 0x3E8,
    VMSA_MXCSR = 0x408,
    VMSA_X87_FCW = 0x410,
};

#define RESET_PAT UINT64_C(0x0007040600070406)
#define GCE_PAT UINT64_C(0x00070106)
#define RESET_MXCSR 0x1F80
#define RESET_FCW 0x37F

/* A QEMU model and the names of its versions. */
struct model {
    const char *name;
    const char *suffixes[6]; /* besides "" */
    uint32_t signature;
};

static const struct model models[] = {
    {"EPYC", {"-v1", "-v2", "-v3", "-v4", "-IBPB"}, 0x00800F12},
    {"EPYC-Rome", {"-v1", "-v2", "-v3"}, 0x00830F10},
    {"EPYC-Milan", {"-v1", "-v2"}, 0x00A00F11},
    {"EPYC-Genoa", {"-v1"}, 0x00A10F10},
    {"EPYC-Turin", {NULL}, 0x00B00F00},
};

static bool is_model(const struct model *model, const char *type) {
    const size_t size = strlen(model->name);
    if (strncmp(type, model->name, size) != 0) return false;
    if (type[size] == '\0') return true;
    for (const char *const *suffix = model->suffixes; *suffix != NULL; suffix++)
        if (strcmp(type + size, *suffix) == 0) return true;
    return false;
}

bool vmm_vcpu_signature(const char *type, uint32_t *signature) {
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (!is_model(&models[i], type)) continue;
        *signature = models[i].signature; /* @req SNP-LD-048 */
        return true;
    }
    return false;
}

static void segment(uint8_t *at, uint16_t selector, uint16_t attributes, uint32_t limit,
                    uint64_t base) {
    abi_put_le16(at, selector);
    abi_put_le16(at + 2, attributes);
    abi_put_le32(at + 4, limit);
    abi_put_le64(at + 8, base);
}

/* What all have in common. */
static void common(uint8_t *page) {
    memset(page, 0, ABI_PAGE_SIZE);
    segment(page + VMSA_GS, 0, 0x93, 0xFFFF, 0);
    segment(page + VMSA_GDTR, 0, 0, 0xFFFF, 0);
    segment(page + VMSA_IDTR, 0, 0, 0xFFFF, 0);
    segment(page + VMSA_LDTR, 0, 0x82, 0xFFFF, 0);
    segment(page + VMSA_TR, 0, 0x8B, 0xFFFF, 0);
    abi_put_le64(page + VMSA_EFER, 0x1000);
    abi_put_le64(page + VMSA_CR4, 0x40);
    abi_put_le64(page + VMSA_DR7, 0x400);
    abi_put_le64(page + VMSA_DR6, 0xFFFF0FF0);
    abi_put_le64(page + VMSA_RFLAGS, 2);
    abi_put_le64(page + VMSA_G_PAT, RESET_PAT);
    abi_put_le64(page + VMSA_XCR0, 1);
}

static void qemu(uint8_t *page, const struct vmm_measure_guest *guest) {
    abi_put_le64(page + VMSA_RDX, guest->vcpu_signature);
    abi_put_le32(page + VMSA_MXCSR, RESET_MXCSR);
    abi_put_le16(page + VMSA_X87_FCW, RESET_FCW);
}

static void ec2(uint8_t *page, const struct vmm_measure_guest *guest, uint32_t eip) {
    if (eip == VMM_BSP_EIP) segment(page + VMSA_CS, 0xF000, 0x9A, 0xFFFF, 0xFFFF0000);
    segment(page + VMSA_SS, 0, 0x92, 0xFFFF, 0);
    segment(page + VMSA_TR, 0, 0x83, 0xFFFF, 0);
    abi_put_le64(page + VMSA_RDX, guest->ec2_rdx); /* @req SNP-LD-046 */
}

static void gce(uint8_t *page) {
    abi_put_le64(page + VMSA_G_PAT, GCE_PAT);
    abi_put_le64(page + VMSA_RDX, 0x600);
}

void vmm_vmsa_page(const struct vmm_measure_guest *guest, uint32_t eip,
                   uint8_t page[ABI_PAGE_SIZE]) {
    common(page);
    segment(page + VMSA_ES, 0, 0x93, 0xFFFF, 0);
    segment(page + VMSA_CS, 0xF000, 0x9B, 0xFFFF, eip & 0xFFFF0000); /* @req SNP-LD-047 */
    segment(page + VMSA_SS, 0, 0x93, 0xFFFF, 0);
    segment(page + VMSA_DS, 0, 0x93, 0xFFFF, 0);
    segment(page + VMSA_FS, 0, 0x93, 0xFFFF, 0);
    abi_put_le64(page + VMSA_CR0, 0x10);
    abi_put_le64(page + VMSA_RIP, eip & 0xFFFF);                 /* @req SNP-LD-047 */
    abi_put_le64(page + VMSA_SEV_FEATURES, guest->sev_features); /* @req SNP-LD-049 */
    switch (guest->host) {
    case VMM_HOST_QEMU: qemu(page, guest); return;    /* @req SNP-LD-043 */
    case VMM_HOST_EC2: ec2(page, guest, eip); return; /* @req SNP-LD-044 */
    case VMM_HOST_GCE: gce(page); return;             /* @req SNP-LD-045 */
    }
}

/* SNP-LD-052 */
void vmm_vmsa_svsm_page(const struct vmm_measure_guest *guest, uint64_t entry,
                        uint8_t page[ABI_PAGE_SIZE]) {
    common(page);
    segment(page + VMSA_ES, 16, 0xC93, UINT32_MAX, 0);
    segment(page + VMSA_CS, 8, 0xC9B, UINT32_MAX, 0);
    segment(page + VMSA_SS, 16, 0xC93, UINT32_MAX, 0);
    segment(page + VMSA_DS, 16, 0xC93, UINT32_MAX, 0);
    segment(page + VMSA_FS, 16, 0xC93, UINT32_MAX, 0);
    abi_put_le64(page + VMSA_CR0, 0x11);
    abi_put_le64(page + VMSA_RIP, entry);
    abi_put_le64(page + VMSA_SEV_FEATURES, 1);
    abi_put_le64(page + VMSA_RDX, guest->vcpu_signature);
    abi_put_le32(page + VMSA_MXCSR, RESET_MXCSR);
    abi_put_le16(page + VMSA_X87_FCW, guest->svsm_fcw); /* @req SNP-LD-053 */
}
