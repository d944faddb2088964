/* Stage tcb. Attestation report notes, section 6.
 *
 * A TCB is compared component by component, never as one number: a higher microcode must not hide
 * an older boot loader. LAUNCH_TCB is not compared with COMMITTED_TCB: a guest may have been
 * launched on firmware that is not committed yet. */
#include <stddef.h>

#include "pki/stage.h"

static const struct {
    const char *name;
    size_t offset; /* in struct abi_tcb_parts */
} parts[] = {
    {"FMC", offsetof(struct abi_tcb_parts, fmc)},
    {"BOOT_LOADER", offsetof(struct abi_tcb_parts, boot_loader)},
    {"TEE", offsetof(struct abi_tcb_parts, tee)},
    {"SNP", offsetof(struct abi_tcb_parts, snp)},
    {"MICROCODE", offsetof(struct abi_tcb_parts, microcode)},
};

#define PARTS (sizeof parts / sizeof parts[0])

static uint8_t part(const struct abi_tcb_parts *tcb, size_t i) {
    return ((const uint8_t *)tcb)[parts[i].offset];
}

uint64_t pki_tcb_components(const struct pki_judgement *j, uint64_t raw) {
    const struct abi_tcb_parts all = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    return raw & abi_tcb_pack(j->chain->info.product, &all);
}

struct sevkit_result pki_tcb_read(const struct pki_judgement *j, const char *field, uint64_t raw,
                                  struct abi_tcb_parts *out) {
    const uint64_t read = j->policy->allow_unknown_reserved ? pki_tcb_components(j, raw) : raw;
    const struct sevkit_result r = abi_tcb_unpack(j->chain->info.product, read, out);
    const bool reserved = !sevkit_ok(r);
    if (reserved) return pki_no_at(R_TCB_RESERVED, field, "reserved", r.value); /* @req VRF-112 */
    return sevkit_success();
}

struct sevkit_result pki_tcb_le(enum pki_rule rule, const char *field,
                                const struct abi_tcb_parts *a, const struct abi_tcb_parts *b) {
    for (size_t i = 0; i < PARTS; i++) {
        const uint8_t x = part(a, i);
        if (x > part(b, i)) return pki_no_at(rule, field, parts[i].name, x);
    }
    return sevkit_success();
}

struct sevkit_result pki_tcb_ge(enum pki_rule rule, const char *field,
                                const struct abi_tcb_parts *a, const struct abi_tcb_parts *b) {
    for (size_t i = 0; i < PARTS; i++) {
        const uint8_t x = part(a, i);
        if (x < part(b, i)) return pki_no_at(rule, field, parts[i].name, x);
    }
    return sevkit_success();
}

struct sevkit_result pki_tcb_eq(enum pki_rule rule, const char *field,
                                const struct abi_tcb_parts *a, const struct abi_tcb_parts *b) {
    for (size_t i = 0; i < PARTS; i++) {
        const uint8_t x = part(a, i);
        if (x != part(b, i)) return pki_no_at(rule, field, parts[i].name, x);
    }
    return sevkit_success();
}

/* Major first: 1.55.9 is below 1.56.0. The bytes in the report stand in the other order. */
static uint32_t version_number(struct abi_fw_version v) {
    return (uint32_t)v.major << 16 | (uint32_t)v.minor << 8 | v.build;
}

struct sevkit_result pki_stage_tcb(struct pki_judgement *j) {
    const struct abi_report *r = &j->report;
    const struct pki_policy *p = j->policy;
    const uint32_t committed_version = version_number(r->committed);
    const uint32_t current_version = version_number(r->current);
    const bool above = committed_version > current_version;
    const bool below = p->has_firmware_min && current_version < version_number(p->firmware_min);
    struct abi_tcb_parts rep, com, cur, lau;
    SEVKIT_TRY(pki_tcb_read(j, "REPORTED_TCB", r->reported_tcb, &rep));
    SEVKIT_TRY(pki_tcb_read(j, "COMMITTED_TCB", r->committed_tcb, &com));
    SEVKIT_TRY(pki_tcb_read(j, "CURRENT_TCB", r->current_tcb, &cur));
    SEVKIT_TRY(pki_tcb_read(j, "LAUNCH_TCB", r->launch_tcb, &lau));
    SEVKIT_TRY(pki_tcb_le(R_TCB_REPORTED, "REPORTED_TCB", &rep, &com));   /* @req VRF-067 */
    SEVKIT_TRY(pki_tcb_le(R_TCB_COMMITTED, "COMMITTED_TCB", &com, &cur)); /* @req VRF-068 */
    if (above) return pki_no(R_TCB_VERSION, NULL, committed_version);     /* @req VRF-114 */
    if (p->has_tcb_min) {
        const struct abi_tcb_parts *min = &p->tcb_min;
        SEVKIT_TRY(pki_tcb_ge(R_TCB_FLOOR, "REPORTED_TCB", &rep, min)); /* @req VRF-070 */
    }
    if (p->has_launch_tcb_min) {
        const struct abi_tcb_parts *min = &p->launch_tcb_min;
        SEVKIT_TRY(pki_tcb_ge(R_TCB_LAUNCH_FLOOR, "LAUNCH_TCB", &lau, min)); /* @req VRF-071 */
    }
    if (below) return pki_no(R_TCB_FIRMWARE_FLOOR, NULL, current_version); /* @req VRF-072 */
    return sevkit_success();
}
