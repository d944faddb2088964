/* Page states: their names, and what an entry encodes. RMP notes, section 2. */
#include "rmp/table.h"

const char *rmp_state_name(enum rmp_state state) {
    switch (state) {
    case RMP_HYPERVISOR: return "hypervisor";
    case RMP_RECLAIM: return "reclaim";
    case RMP_FIRMWARE: return "firmware";
    case RMP_CONTEXT: return "context";
    case RMP_METADATA: return "metadata";
    case RMP_PRE_GUEST: return "pre-guest";
    case RMP_PRE_SWAP: return "pre-swap";
    case RMP_GUEST_INVALID: return "guest-invalid";
    case RMP_GUEST_VALID: return "guest-valid";
    case RMP_HV_FIXED: return "hv-fixed";
    case RMP_FIRMWARE_IOMMU: return "firmware-iommu";
    case RMP_INVALID: return "invalid";
    }
    return "unknown";
}

/* Assigned, without ASID, Immutable, not Validated: the AMD-SP's pages. */
static enum rmp_state firmware_state(const struct rmp_entry *e) {
    const bool plain = e->mark == RMP_MARK_NONE && e->gpa == 0;
    if (plain && !e->vmsa) return RMP_FIRMWARE;
    if (plain) return RMP_CONTEXT;
    if (e->mark == RMP_MARK_METADATA && e->gpa != 0) return RMP_METADATA;
    if (e->mark == RMP_MARK_IOMMU) return RMP_FIRMWARE_IOMMU;
    return RMP_INVALID;
}

static enum rmp_state guest_state(const struct rmp_entry *e) {
    if (e->immutable) return e->validated ? RMP_PRE_SWAP : RMP_PRE_GUEST;
    return e->validated ? RMP_GUEST_VALID : RMP_GUEST_INVALID;
}

enum rmp_state rmp_entry_state(const struct rmp_entry *e) {
    if (e->asid != 0) return e->assigned ? guest_state(e) : RMP_INVALID; /* @req SNP-RMP-151 */
    if (e->validated) return RMP_INVALID;                                /* @req SNP-RMP-151 */
    if (!e->assigned) return e->immutable ? RMP_HV_FIXED : RMP_HYPERVISOR;
    return e->immutable ? firmware_state(e) : RMP_RECLAIM;
}
