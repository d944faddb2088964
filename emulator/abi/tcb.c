/* TCB_VERSION and processor identity. Attestation report notes, section 6 (layouts), section 11
 * (family, model, stepping) and section 7 (hardware id). */
#include "sevkit/tcb.h"

#include <stdlib.h>
#include <string.h>

/* Byte numbers inside a TCB_VERSION. The reserved bytes lie together in both layouts. */
struct tcb_layout {
    bool has_fmc; /* in byte 0 */
    unsigned boot_loader;
    unsigned tee;
    unsigned snp;
    unsigned microcode;
    unsigned reserved_first;
    unsigned reserved_last;
};

static const struct tcb_layout milan_genoa = {
    .boot_loader = 0,
    .tee = 1,
    .reserved_first = 2,
    .reserved_last = 5,
    .snp = 6,
    .microcode = 7,
};

static const struct tcb_layout turin = {
    .has_fmc = true,
    .boot_loader = 1,
    .tee = 2,
    .snp = 3,
    .reserved_first = 4,
    .reserved_last = 6,
    .microcode = 7,
};

static const struct tcb_layout *layout_of(enum abi_product product) {
    switch (product) {
    case ABI_PRODUCT_UNKNOWN:
    case ABI_PRODUCT_MILAN:
    case ABI_PRODUCT_GENOA: return &milan_genoa;
    case ABI_PRODUCT_TURIN: return &turin;
    }
    abort();
}

static uint8_t tcb_byte(uint64_t raw, unsigned byte) {
    return (uint8_t)(raw >> (8 * byte));
}

static struct sevkit_result reserved_byte(unsigned i, uint8_t byte) {
    return sevkit_fail(SEVKIT_RESERVED, "TCB_VERSION", i, byte, "must be zero");
}

struct sevkit_result abi_tcb_unpack(enum abi_product product, uint64_t raw,
                                    struct abi_tcb_parts *parts) {
    if (product == ABI_PRODUCT_UNKNOWN) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "product", SEVKIT_NO_OFFSET, (uint64_t)product,
                           "the product decides the layout of a TCB_VERSION");
    }
    const struct tcb_layout *l = layout_of(product);
    for (unsigned i = l->reserved_first; i <= l->reserved_last; i++) {
        const uint8_t byte = tcb_byte(raw, i);
        if (byte != 0) return reserved_byte(i, byte); /* @req VRF-112 */
    }
    *parts = (struct abi_tcb_parts){
        .fmc = l->has_fmc ? tcb_byte(raw, 0) : 0,
        .boot_loader = tcb_byte(raw, l->boot_loader),
        .tee = tcb_byte(raw, l->tee),
        .snp = tcb_byte(raw, l->snp),
        .microcode = tcb_byte(raw, l->microcode),
    };
    return sevkit_success();
}

uint64_t abi_tcb_pack(enum abi_product product, const struct abi_tcb_parts *parts) {
    const struct tcb_layout *l = layout_of(product);
    return (l->has_fmc ? (uint64_t)parts->fmc : 0) |
           (uint64_t)parts->boot_loader << (8 * l->boot_loader) |
           (uint64_t)parts->tee << (8 * l->tee) | (uint64_t)parts->snp << (8 * l->snp) |
           (uint64_t)parts->microcode << (8 * l->microcode);
}

bool abi_tcb_le(uint64_t a, uint64_t b) {
    for (unsigned i = 0; i < 8; i++) {
        if (tcb_byte(a, i) > tcb_byte(b, i)) return false;
    }
    return true;
}

/* The extended family and model count only beside a base family of 0xF. Every SNP processor has it.
 * */
#define BASE_FAMILY_EXTENDED 0xFu

struct abi_fms abi_fms_from_eax(uint32_t eax) {
    const unsigned base_family = eax >> 8 & 0xF;
    const unsigned base_model = eax >> 4 & 0xF;
    const bool extended = base_family == BASE_FAMILY_EXTENDED;
    return (struct abi_fms){
        .family = (uint8_t)(base_family + (extended ? eax >> 20 & 0xFF : 0)),
        .model = (uint8_t)(base_model | (extended ? (eax >> 16 & 0xF) << 4 : 0)),
        .stepping = eax & 0xF,
    };
}

uint32_t abi_fms_to_eax(struct abi_fms fms) {
    const uint32_t low = (fms.model & 0xFu) << 4 | (fms.stepping & 0xFu);
    if (fms.family < BASE_FAMILY_EXTENDED) return low | (uint32_t)fms.family << 8;
    return low | (fms.family - BASE_FAMILY_EXTENDED) << 20 | ((uint32_t)fms.model >> 4) << 16 |
           BASE_FAMILY_EXTENDED << 8;
}

static const struct {
    uint8_t family;
    uint8_t model_first;
    uint8_t model_last;
    enum abi_product product;
} models[] = {
    {0x19, 0x00, 0x0F, ABI_PRODUCT_MILAN},
    {0x19, 0x10, 0x1F, ABI_PRODUCT_GENOA},
    {0x19, 0xA0, 0xAF, ABI_PRODUCT_GENOA}, /* Bergamo, Siena */
    {0x1A, 0x00, 0x11, ABI_PRODUCT_TURIN},
};

enum abi_product abi_product_from_fms(struct abi_fms fms) {
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (fms.family != models[i].family) continue;
        if (fms.model < models[i].model_first || fms.model > models[i].model_last) continue;
        return models[i].product;
    }
    return ABI_PRODUCT_UNKNOWN;
}

const char *abi_product_name(enum abi_product product) {
    switch (product) {
    case ABI_PRODUCT_UNKNOWN: return "unknown";
    case ABI_PRODUCT_MILAN: return "Milan";
    case ABI_PRODUCT_GENOA: return "Genoa";
    case ABI_PRODUCT_TURIN: return "Turin";
    }
    return "unknown";
}

enum abi_product abi_product_from_name(const char *name) {
    for (enum abi_product p = ABI_PRODUCT_MILAN; p <= ABI_PRODUCT_TURIN; p++) {
        if (strcmp(name, abi_product_name(p)) == 0) return p;
    }
    return ABI_PRODUCT_UNKNOWN;
}

size_t abi_hwid_size(enum abi_product product) {
    return product == ABI_PRODUCT_TURIN ? 8 : 64;
}
