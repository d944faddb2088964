/* See rmp_location.h. RMP notes, sections 1.3 and 1.4. */
#include "sevkit/rmp_location.h"

#define PAGE_SHIFT 12
#define ALIGNMENT UINT64_C(0x2000) /* 8 KiB */
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define ADDRESS_MAX ((UINT64_C(1) << 52) - 1)
#define SHIFT_MAX 63

struct sevkit_result rmp_location_check(uint64_t base, uint64_t end, bool firmware) {
    const uint64_t alignment = firmware ? MIB : ALIGNMENT;
    const char *rule = firmware ? "a multiple of 1 MiB" : "a multiple of 8 KiB";
    const bool stray_base = base % alignment != 0,
               short_end = end < base || end - base < RMP_BOOKKEEPING;
    const bool stray_end = (end + 1) % alignment != 0;
    if (base > ADDRESS_MAX)
        return sevkit_fail(SEVKIT_BAD_VALUE, "RMP_BASE", SEVKIT_NO_OFFSET, base, "below 2^52");
    if (end > ADDRESS_MAX)
        return sevkit_fail(SEVKIT_BAD_VALUE, "RMP_END", SEVKIT_NO_OFFSET, end, "below 2^52");
    if (stray_base) return sevkit_fail(SEVKIT_BAD_VALUE, "RMP_BASE", SEVKIT_NO_OFFSET, base, rule);
    if (stray_end) return sevkit_fail(SEVKIT_BAD_VALUE, "RMP_END + 1", SEVKIT_NO_OFFSET, end, rule);
    if (!short_end) return sevkit_success();
    return sevkit_fail(SEVKIT_BAD_VALUE, "RMP_END", SEVKIT_NO_OFFSET, end,
                       "at least 16 KiB above RMP_BASE");
}

uint64_t rmp_location_covered(uint64_t base, uint64_t end) {
    if (end < base || end - base < RMP_BOOKKEEPING) return 0;
    return (end + 1 - base - RMP_BOOKKEEPING) / ABI_RMP_ENTRY_SIZE << PAGE_SHIFT;
}

bool rmp_location_entry(uint64_t base, uint64_t end, uint64_t spa, uint64_t *entry) {
    if (spa >= rmp_location_covered(base, end)) return false; /* @req SNP-RMP-174 */
    *entry = base + RMP_BOOKKEEPING + (spa >> PAGE_SHIFT) * ABI_RMP_ENTRY_SIZE;
    return true;
}

/* ---- segments ---- */

#define COVERED_MASK UINT64_C(0xFFFFF) /* bits 19:0, GiB */
#define BASE_MASK UINT64_C(0x000FFFFFFFF00000)
#define RESERVED_MASK (~(COVERED_MASK | BASE_MASK))

struct sevkit_result rmp_segments_check(const struct rmp_segments *s) {
    const bool bad_size =
        s->shift < s->shift_min || s->shift > s->shift_max || s->shift > SHIFT_MAX;
    if (s->base % MIB != 0) /* @req SNP-RMP-179 */
        return sevkit_fail(SEVKIT_BAD_VALUE, "RMP_BASE", SEVKIT_NO_OFFSET, s->base,
                           "a multiple of 1 MiB");
    if (bad_size) /* @req SNP-RMP-179 */
        return sevkit_fail(SEVKIT_BAD_VALUE, "RmpSegSize", SEVKIT_NO_OFFSET, s->shift,
                           "from the processor's smallest to its largest segment size");
    return sevkit_success();
}

enum rmp_segment_walk rmp_segments_entry(const struct rmp_segments *s, uint64_t spa,
                                         uint64_t *entry) {
    const unsigned shift = s->shift < SHIFT_MAX ? s->shift : SHIFT_MAX;
    const uint64_t index = spa >> shift, size = UINT64_C(1) << shift;
    if (index >= RMP_SEGMENT_COUNT) return RMP_SEGMENT_NOT_COVERED; /* @req SNP-RMP-177 */
    const uint64_t row = s->table[index], inside = spa & (size - 1);
    if ((row & RESERVED_MASK) != 0) return RMP_SEGMENT_RESERVED; /* @req SNP-RMP-178 */
    const bool covered = inside / GIB < (row & COVERED_MASK);
    if (!covered) return RMP_SEGMENT_NOT_COVERED;                             /* @req SNP-RMP-177 */
    *entry = (row & BASE_MASK) + (inside >> PAGE_SHIFT) * ABI_RMP_ENTRY_SIZE; /* @req SNP-RMP-176 */
    return RMP_SEGMENT_FOUND;
}
