/* One RMP entry: its fields, its raw form in memory by processor generation, and the memory structure of
 * RMPUPDATE and RMPREAD. RMP notes, sections 1.1 and 1.2. Encoding and decoding only. */
#ifndef SEVKIT_RMP_ENTRY_H
#define SEVKIT_RMP_ENTRY_H

#include "sevkit/result.h"

#define RMP_VMPL_COUNT 4
#define RMP_ASID_MAX 1023 /* 10 bits */
#define RMP_IN_USE_MAX 63
#define RMP_GPA_MASK UINT64_C(0x0007FFFFFFFFF000) /* bits 50:12, as an entry keeps them */

enum rmp_page_size { RMP_4K = 0, RMP_2M = 1 };

/* Bits of a permission mask. Bits 7:5 should be zero. */
#define RMP_PERM_READ 0x01
#define RMP_PERM_WRITE 0x02
#define RMP_PERM_EXECUTE_USER 0x04
#define RMP_PERM_EXECUTE_SUPERVISOR 0x08
#define RMP_PERM_SHADOW_STACK 0x10
#define RMP_PERM_ALL 0x1F

/* What tells firmware's own pages apart from entries that a host could make with RMPUPDATE. Genoa keeps it in
 * bits 38:36 of the GPA's page number of immutable pages without ASID; a private trick, not architecture. */
enum rmp_mark { RMP_MARK_NONE = 0, RMP_MARK_METADATA = 1, RMP_MARK_IOMMU = 2 };

struct rmp_entry {
    bool assigned;  /* false: hypervisor; true: a guest or the AMD-SP */
    bool immutable; /* no x86 instruction may change the entry */
    bool vmsa;      /* may be used as a VMSA */
    bool validated;
    enum rmp_page_size size;
    uint16_t asid; /* 0: no guest */
    uint64_t gpa;  /* byte address of the guest page; for METADATA the guest context's page */
    uint8_t perms[RMP_VMPL_COUNT];
    enum rmp_mark mark;
    /* Of a 2 MiB-aligned page's entry: how many of the region's other pages are Assigned. */
    uint16_t subpages;
    /* How many processors use the page after VMRUN, at most 63; kept beside the entry. */
    uint8_t in_use;
};

/* ---- raw entries: 16 bytes, little-endian ---- */

#define ABI_RMP_ENTRY_SIZE 16

/* Raw formats are not architectural. Turin's is unknown (UNCONFIRMED). */
enum abi_rmp_format {
    ABI_RMP_MILAN, /* no sub-page count, no lock; the upper eight bytes hold the masks as Genoa's do (UNCONFIRMED) */
    ABI_RMP_GENOA,
};

/* LOCK (bit 63 of the lower half) is written equal to Immutable for Assigned pages on Genoa; reading ignores it. */
void abi_rmp_entry_encode(enum abi_rmp_format format, const struct rmp_entry *entry,
                          uint8_t out[ABI_RMP_ENTRY_SIZE]);
/* Sets every member; IN_USE is 0. Reserved bits are ignored. */
void abi_rmp_entry_decode(enum abi_rmp_format format, const uint8_t in[ABI_RMP_ENTRY_SIZE],
                          struct rmp_entry *entry);

/* ---- the structure that RMPUPDATE reads and RMPREAD writes: 16 bytes ---- */

#define ABI_RMP_STATE_SIZE 16

struct rmp_state_fields {
    uint64_t gpa; /* byte address; an entry keeps bits 50:12 */
    bool assigned;
    enum rmp_page_size size;
    bool region_assigned; /* RMPREAD only: bit 1 of byte 9, 2M-region status */
    bool immutable;
    uint32_t asid;
};

void abi_rmp_state_encode(const struct rmp_state_fields *fields, uint8_t out[ABI_RMP_STATE_SIZE]);
/* Reserved bits and byte 11 are ignored; REGION_ASSIGNED is false. */
void abi_rmp_state_decode(const uint8_t in[ABI_RMP_STATE_SIZE], struct rmp_state_fields *fields);

#endif
