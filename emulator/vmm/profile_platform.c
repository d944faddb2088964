/* A profile's processor, firmware and platform: attestation report notes, sections 3, 4, 6 to 8, 10 and
 * 11. */
#include <stdio.h>
#include <string.h>

#include "vmm/profile_parts.h"

/* Which models a chip's name stands for, section 11. Bergamo and Siena share theirs, and no source tells
 * them apart by number. */
static const struct chip {
    const char *name;
    enum abi_product product;
    uint8_t family, model_first, model_last;
} chips[] = {
    {"Milan", ABI_PRODUCT_MILAN, 0x19, 0x00, 0x0F},
    {"Genoa", ABI_PRODUCT_GENOA, 0x19, 0x10, 0x1F},
    {"Bergamo", ABI_PRODUCT_GENOA, 0x19, 0xA0, 0xAF},
    {"Siena", ABI_PRODUCT_GENOA, 0x19, 0xA0, 0xAF},
    {"Turin", ABI_PRODUCT_TURIN, 0x1A, 0x00, 0x10},
    {"TurinDense", ABI_PRODUCT_TURIN, 0x1A, 0x11, 0x11},
};

static struct sevkit_result read_chip_name(const struct vmm_json *at,
                                           struct sevkit_profile *profile,
                                           const struct chip **chip) {
    SEVKIT_TRY(vmm_json_text(at, profile->chip, sizeof profile->chip));
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        *chip = &chips[i];
        if (strcmp(profile->chip, chips[i].name) == 0) return sevkit_success();
    }
    return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0,
                         "must be Milan, Genoa, Bergamo, Siena, Turin or TurinDense");
}

/* A chip id of Milan or Genoa that ends in 56 zero bytes would be taken for one of Turin, and an all-zero
 * one for a masked one: section 7. */
static struct sevkit_result read_chip_id(const struct vmm_json *at,
                                         struct sevkit_profile *profile) {
    const size_t size = abi_hwid_size(profile->product);
    SEVKIT_TRY(vmm_json_bytes(at, profile->chip_id, size));
    const size_t tail = size == sizeof profile->chip_id ? 8 : 0;
    if (abi_all_zero(profile->chip_id + tail, size - tail)) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0,
                             "must not be zero, nor end in 56 zero bytes outside Turin");
    }
    return sevkit_success();
}

struct sevkit_result vmm_read_chip(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {"name",         "family",  "model", "stepping",
                                          "product_name", "chip_id", NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json name = vmm_json_member(at, "name");
    const struct vmm_json family = vmm_json_member(at, "family");
    const struct vmm_json model = vmm_json_member(at, "model");
    const struct vmm_json stepping = vmm_json_member(at, "stepping");
    const struct vmm_json product_name = vmm_json_member(at, "product_name");
    const struct vmm_json chip_id = vmm_json_member(at, "chip_id");
    const struct chip *chip;
    uint64_t f, m, s;
    SEVKIT_TRY(read_chip_name(&name, profile, &chip));
    SEVKIT_TRY(vmm_json_hex(&family, UINT8_MAX, &f));
    SEVKIT_TRY(vmm_json_hex(&model, UINT8_MAX, &m));
    SEVKIT_TRY(vmm_json_hex(&stepping, 0x0F, &s));
    if (f != chip->family) {
        return vmm_json_fail(&family, SEVKIT_BAD_VALUE, f, "is not the family of this chip");
    }
    if (m < chip->model_first || m > chip->model_last) {
        return vmm_json_fail(&model, SEVKIT_BAD_VALUE, m, "is not a model of this chip");
    }
    profile->product = chip->product;
    profile->fms = (struct abi_fms){(uint8_t)f, (uint8_t)m, (uint8_t)s};
    SEVKIT_TRY(vmm_json_text(&product_name, profile->product_name, sizeof profile->product_name));
    return read_chip_id(&chip_id, profile);
}

static struct sevkit_result read_byte(const struct vmm_json *object, const char *name, uint8_t max,
                                      uint8_t *out) {
    const struct vmm_json member = vmm_json_member(object, name);
    uint64_t number;
    SEVKIT_TRY(vmm_json_integer(&member, 0, max, &number));
    *out = (uint8_t)number;
    return sevkit_success();
}

static struct sevkit_result read_version(const struct vmm_json *at,
                                         struct abi_fw_version *version) {
    static const char *const members[] = {"major", "minor", "build", NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    SEVKIT_TRY(read_byte(at, "major", UINT8_MAX, &version->major));
    SEVKIT_TRY(read_byte(at, "minor", UINT8_MAX, &version->minor));
    return read_byte(at, "build", UINT8_MAX, &version->build);
}

static uint32_t version_number(struct abi_fw_version v) {
    return (uint32_t)v.major << 16 | (uint32_t)v.minor << 8 | v.build;
}

struct sevkit_result vmm_read_firmware(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {"current", "committed", NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json current = vmm_json_member(at, "current");
    const struct vmm_json committed = vmm_json_member(at, "committed");
    SEVKIT_TRY(read_version(&current, &profile->current_version));
    SEVKIT_TRY(read_version(&committed, &profile->committed_version));
    const uint32_t number = version_number(profile->committed_version);
    if (number > version_number(profile->current_version)) {
        return vmm_json_fail(&committed, SEVKIT_BAD_VALUE, number,
                             "must not be above firmware.current");
    }
    return sevkit_success();
}

struct sevkit_result vmm_read_report_version(const struct vmm_json *at,
                                             struct sevkit_profile *profile) {
    uint64_t version;
    SEVKIT_TRY(vmm_json_integer(at, ABI_REPORT_VERSION_MIN, ABI_REPORT_VERSION_MAX, &version));
    if (version == 4) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, version, "version 4 is never emitted");
    }
    profile->report_version = (uint32_t)version;
    return sevkit_success();
}

/* Components are at most 127, microcode 255: section 6. What PRODUCT lacks stays as it is in PARTS. */
static struct sevkit_result read_components(const struct vmm_json *at, enum abi_product product,
                                            struct abi_tcb_parts *parts) {
    static const char *const with_fmc[] = {"fmc", "boot_loader", "tee", "snp", "microcode", NULL};
    const bool has_fmc = product == ABI_PRODUCT_TURIN;
    SEVKIT_TRY(vmm_json_members(at, has_fmc ? with_fmc : with_fmc + 1, NULL));
    if (has_fmc) SEVKIT_TRY(read_byte(at, "fmc", INT8_MAX, &parts->fmc));
    SEVKIT_TRY(read_byte(at, "boot_loader", INT8_MAX, &parts->boot_loader));
    SEVKIT_TRY(read_byte(at, "tee", INT8_MAX, &parts->tee));
    SEVKIT_TRY(read_byte(at, "snp", INT8_MAX, &parts->snp));
    return read_byte(at, "microcode", UINT8_MAX, &parts->microcode);
}

/* Every component of LOW, a TCB_VERSION at AT, is at most the same one of HIGH. */
static struct sevkit_result check_order(const struct vmm_json *at, const struct abi_tcb_parts *low,
                                        const struct abi_tcb_parts *high, const char *rule) {
    const struct {
        const char *name;
        uint8_t low, high;
    } components[] = {
        {"fmc", low->fmc, high->fmc},
        {"boot_loader", low->boot_loader, high->boot_loader},
        {"tee", low->tee, high->tee},
        {"snp", low->snp, high->snp},
        {"microcode", low->microcode, high->microcode},
    };
    for (size_t i = 0; i < sizeof components / sizeof components[0]; i++) {
        if (components[i].low <= components[i].high) continue;
        const struct vmm_json component = vmm_json_member(at, components[i].name);
        return vmm_json_fail(&component, SEVKIT_BAD_VALUE, components[i].low, rule);
    }
    return sevkit_success();
}

/* REPORTED <= COMMITTED <= CURRENT in every component (section 6). LAUNCH was current or committed once,
 * and neither ever goes down on a running platform. */
struct sevkit_result vmm_read_tcb(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {"current", "committed", "reported", "launch", NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json current_at = vmm_json_member(at, "current");
    const struct vmm_json committed_at = vmm_json_member(at, "committed");
    const struct vmm_json reported_at = vmm_json_member(at, "reported");
    const struct vmm_json launch_at = vmm_json_member(at, "launch");
    struct abi_tcb_parts current = {0}, committed = {0}, reported = {0}, launch = {0};
    SEVKIT_TRY(read_components(&current_at, profile->product, &current));
    SEVKIT_TRY(read_components(&committed_at, profile->product, &committed));
    SEVKIT_TRY(read_components(&reported_at, profile->product, &reported));
    SEVKIT_TRY(read_components(&launch_at, profile->product, &launch));
    SEVKIT_TRY(check_order(&committed_at, &committed, &current, "must not be above tcb.current"));
    SEVKIT_TRY(check_order(&reported_at, &reported, &committed, "must not be above tcb.committed"));
    SEVKIT_TRY(check_order(&launch_at, &launch, &current, "must not be above tcb.current"));
    profile->current_tcb = abi_tcb_pack(profile->product, &current);
    profile->committed_tcb = abi_tcb_pack(profile->product, &committed);
    profile->reported_tcb = abi_tcb_pack(profile->product, &reported);
    profile->launch_tcb = abi_tcb_pack(profile->product, &launch);
    return sevkit_success();
}

struct sevkit_result vmm_read_platform_info(const struct vmm_json *at,
                                            struct sevkit_profile *profile) {
    /* In the order of the bits, from bit 0. */
    static const char *const bits[] = {
        "smt_en",
        "tsme_en",
        "ecc_en",
        "rapl_dis",
        "ciphertext_hiding_dram_en",
        "alias_check_complete",
        "bit_6",
        "tio_en",
        NULL,
    };
    SEVKIT_TRY(vmm_json_members(at, bits, NULL));
    for (unsigned bit = 0; bits[bit] != NULL; bit++) {
        const struct vmm_json member = vmm_json_member(at, bits[bit]);
        bool set;
        SEVKIT_TRY(vmm_json_bool(&member, &set));
        if (set) profile->platform_info |= UINT64_C(1) << bit;
    }
    if (profile->platform_info & ABI_PLATFORM_TIO_EN && profile->report_version < 5) {
        const struct vmm_json tio = vmm_json_member(at, "tio_en");
        return vmm_json_fail(&tio, SEVKIT_BAD_VALUE, profile->report_version,
                             "exists from report version 5 on");
    }
    return sevkit_success();
}

/* Null before report version 5. LAUNCH is frozen while CURRENT may grow: section 10. */
struct sevkit_result vmm_read_mitigation_vectors(const struct vmm_json *at,
                                                 struct sevkit_profile *profile) {
    static const char *const members[] = {"launch", "current", NULL};
    if (profile->report_version < ABI_REPORT_VERSION_MIT) {
        if (json_is_null(at->value)) return sevkit_success();
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, profile->report_version,
                             "must be null before report version 5");
    }
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json launch = vmm_json_member(at, "launch");
    const struct vmm_json current = vmm_json_member(at, "current");
    SEVKIT_TRY(vmm_json_hex(&launch, UINT64_MAX, &profile->launch_mit_vector));
    SEVKIT_TRY(vmm_json_hex(&current, UINT64_MAX, &profile->current_mit_vector));
    if (profile->launch_mit_vector & ~profile->current_mit_vector) {
        return vmm_json_fail(&launch, SEVKIT_BAD_VALUE, profile->launch_mit_vector,
                             "must not have a bit that mitigation_vectors.current lacks");
    }
    return sevkit_success();
}

struct sevkit_result vmm_read_signing(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {"vlek_loaded", "csp_id", "mask_chip_id", "mask_chip_key",
                                          NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json vlek_loaded = vmm_json_member(at, "vlek_loaded");
    const struct vmm_json csp_id = vmm_json_member(at, "csp_id");
    const struct vmm_json mask_chip_id = vmm_json_member(at, "mask_chip_id");
    const struct vmm_json mask_chip_key = vmm_json_member(at, "mask_chip_key");
    SEVKIT_TRY(vmm_json_bool(&vlek_loaded, &profile->vlek_loaded));
    SEVKIT_TRY(vmm_json_bool(&mask_chip_id, &profile->mask_chip_id));
    SEVKIT_TRY(vmm_json_bool(&mask_chip_key, &profile->mask_chip_key));
    if (profile->vlek_loaded) {
        return vmm_json_text(&csp_id, profile->csp_id, sizeof profile->csp_id);
    }
    if (!json_is_null(csp_id.value)) {
        return vmm_json_fail(&csp_id, SEVKIT_BAD_VALUE, 0, "must be null without a VLEK");
    }
    return sevkit_success();
}
