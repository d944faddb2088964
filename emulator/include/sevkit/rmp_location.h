/* Where the RMP lies in memory and which entry speaks for a page: the flat table by RMP_BASE and RMP_END, and the
 * segmented one. RMP notes, sections 1.3 and 1.4. Addresses only: nothing is read. */
#ifndef SEVKIT_RMP_LOCATION_H
#define SEVKIT_RMP_LOCATION_H

#include "sevkit/rmp_entry.h"

#define RMP_BOOKKEEPING UINT64_C(0x4000) /* bytes before the first entry */

/* ---- the flat table: MSRs C001_0132 and C001_0133 ---- */

/* BASE and END (its last byte) as the MSRs hold them; 8 KiB-aligned, and 1 MiB-aligned with FIRMWARE, which asks it. */
SEVKIT_MUST struct sevkit_result rmp_location_check(uint64_t base, uint64_t end, bool firmware);

/* Bytes of memory, from 0, that a table at a good place covers. */
uint64_t rmp_location_covered(uint64_t base, uint64_t end);

/* The address of SPA's entry. False, with ENTRY untouched, when there is none. */
SEVKIT_MUST bool rmp_location_entry(uint64_t base, uint64_t end, uint64_t spa, uint64_t *entry);

/* ---- the segmented table: MSR C001_0136 and the segment table at RMP_BASE + 0x4000 ---- */

#define RMP_SEGMENT_COUNT 512

struct rmp_segments {
    uint64_t base;                 /* RMP_BASE */
    unsigned shift;                /* RmpSegSize: a segment covers 2^shift bytes */
    unsigned shift_min, shift_max; /* CPUID 8000_0025 EAX */
    uint64_t table[RMP_SEGMENT_COUNT];
};

SEVKIT_MUST struct sevkit_result rmp_segments_check(const struct rmp_segments *segments);

enum rmp_segment_walk {
    RMP_SEGMENT_FOUND,
    RMP_SEGMENT_NOT_COVERED, /* the page is the hypervisor's for ever */
    RMP_SEGMENT_RESERVED,    /* a reserved bit is set: #PF or NPF with the reserved-bit error */
};
/* ENTRY is written when it is found. */
SEVKIT_MUST enum rmp_segment_walk rmp_segments_entry(const struct rmp_segments *segments,
                                                     uint64_t spa, uint64_t *entry);

#endif
