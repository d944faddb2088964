/* Raw RMP entries of Milan and Genoa, and the structure of RMPUPDATE and RMPREAD. RMP notes, sections 1.1, 1.2. */
#include "sevkit/rmp_entry.h"

#include <string.h>

#include "sevkit/bytes.h"

/* Bits of the lower half, both generations. */
#define ASSIGNED UINT64_C(0x1)
#define PAGE_SIZE_2M UINT64_C(0x2)
#define IMMUTABLE UINT64_C(0x4)
#define SUBPAGES_SHIFT 3 /* Genoa: bits 11:3 */
#define SUBPAGES_MASK UINT64_C(0x1FF)
#define ASID_SHIFT                                                                                 \
    51 /* bits 60:51; the GPA's page number is in bits 50:12, where the address has it */
#define VMSA (UINT64_C(1) << 61)
#define VALIDATED (UINT64_C(1) << 62)
#define LOCK (UINT64_C(1) << 63) /* Genoa */
#define MARK_SHIFT 48            /* Genoa: bits 38:36 of the page number */
#define MARK_MASK UINT64_C(7)

/* A mark is firmware's, on its own pages: Immutable without ASID. */
static bool may_be_marked(const struct rmp_entry *e) {
    return e->assigned && e->immutable && e->asid == 0;
}

void abi_rmp_entry_encode(enum abi_rmp_format format, const struct rmp_entry *e,
                          uint8_t out[ABI_RMP_ENTRY_SIZE]) {
    uint64_t low = e->gpa & RMP_GPA_MASK;
    uint64_t high = 0;
    if (e->assigned) low |= ASSIGNED;
    if (e->size == RMP_2M) low |= PAGE_SIZE_2M;
    if (e->immutable) low |= IMMUTABLE;
    if (e->vmsa) low |= VMSA;
    if (e->validated) low |= VALIDATED;
    low |= (uint64_t)(e->asid & RMP_ASID_MAX) << ASID_SHIFT;
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) high |= (uint64_t)e->perms[i] << (8 * i);
    if (format == ABI_RMP_GENOA) {
        low |= (e->subpages & SUBPAGES_MASK) << SUBPAGES_SHIFT;
        if (e->assigned && e->immutable) low |= LOCK;
        if (may_be_marked(e)) low |= (uint64_t)e->mark << MARK_SHIFT;
    }
    abi_put_le64(out, low);
    abi_put_le64(out + 8, high);
}

void abi_rmp_entry_decode(enum abi_rmp_format format, const uint8_t in[ABI_RMP_ENTRY_SIZE],
                          struct rmp_entry *e) {
    const uint64_t low = abi_get_le64(in), high = abi_get_le64(in + 8);
    *e = (struct rmp_entry){
        .assigned = (low & ASSIGNED) != 0,
        .immutable = (low & IMMUTABLE) != 0,
        .vmsa = (low & VMSA) != 0,
        .validated = (low & VALIDATED) != 0,
        .size = (low & PAGE_SIZE_2M) != 0 ? RMP_2M : RMP_4K,
        .asid = (uint16_t)(low >> ASID_SHIFT & RMP_ASID_MAX),
        .gpa = low & RMP_GPA_MASK,
    };
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) e->perms[i] = (uint8_t)(high >> (8 * i));
    if (format != ABI_RMP_GENOA) return;
    e->subpages = (uint16_t)(low >> SUBPAGES_SHIFT & SUBPAGES_MASK);
    const uint64_t mark = low >> MARK_SHIFT & MARK_MASK;
    if (!may_be_marked(e) || mark > RMP_MARK_IOMMU) return;
    e->mark = (enum rmp_mark)mark;
    e->gpa &= ~(MARK_MASK << MARK_SHIFT);
}

/* ---- RMPUPDATE and RMPREAD ---- */

#define STATE_GPA 0
#define STATE_ASSIGNED 8
#define STATE_PAGE_SIZE 9 /* bit 0; bit 1: 2M-region status */
#define STATE_IMMUTABLE 10
#define STATE_ASID 12

_Static_assert(STATE_ASID + 4 == ABI_RMP_STATE_SIZE, "RMP notes, section 1.2");

void abi_rmp_state_encode(const struct rmp_state_fields *f, uint8_t out[ABI_RMP_STATE_SIZE]) {
    memset(out, 0, ABI_RMP_STATE_SIZE);
    abi_put_le64(out + STATE_GPA, f->gpa);
    out[STATE_ASSIGNED] = f->assigned ? 1 : 0;
    out[STATE_PAGE_SIZE] = (uint8_t)((f->size == RMP_2M ? 1 : 0) | (f->region_assigned ? 2 : 0));
    out[STATE_IMMUTABLE] = f->immutable ? 1 : 0;
    abi_put_le32(out + STATE_ASID, f->asid);
}

void abi_rmp_state_decode(const uint8_t in[ABI_RMP_STATE_SIZE], struct rmp_state_fields *f) {
    *f = (struct rmp_state_fields){
        .gpa = abi_get_le64(in + STATE_GPA),
        .assigned = (in[STATE_ASSIGNED] & 1) != 0,
        .size = (in[STATE_PAGE_SIZE] & 1) != 0 ? RMP_2M : RMP_4K,
        .immutable = (in[STATE_IMMUTABLE] & 1) != 0,
        .asid = abi_get_le32(in + STATE_ASID),
    };
}
