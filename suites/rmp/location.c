/* Where the RMP lies and which entry speaks for a page: flat and segmented. RMP notes, sections 1.3 and 1.4. */
#include "rmp/rmp.h"

#include "sevkit/rmp_location.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])
#define UNTOUCHED UINT64_C(0x5A5A5A5A)

/* ---- the flat table ---- */

struct place {
    uint64_t base, end;
    bool firmware;
};

/* ROW ends with a place of base 0 and end 0. The notes' own: 1 MiB and 4 GiB of memory. */
static const struct place good_places[] = {
    {0x100000, 0x1103FFF, false},
    {0x102000, 0x1105FFF, false},
    {0x0, 0x5FFF, false},
    {0x100000, 0x1FFFFF, true},
    {0x40000000, 0x410FFFFF, true},
    {(UINT64_C(1) << 52) - 0x100000, (UINT64_C(1) << 52) - 1, true},
    {0, 0, false},
};

static const struct place bad_bases[] = {
    {0x101000, 0x1103FFF, false},
    {0x100001, 0x1103FFF, false},
    {0x102000, 0x1FFFFF, true},
    {0x180000, 0x27FFFF, true},
    {0, 0, false},
};

static const struct place bad_ends[] = {
    {0x100000, 0x1102FFF, false}, {0x100000, 0x1103FFE, false}, {0x100000, 0x1104000, false},
    {0x100000, 0x1103FFF, true},  {0x100000, 0x201FFF, true},   {0, 0, false},
};

static const struct place short_ends[] = {
    {0x100000, 0x101FFF, false},
    {0x200000, 0x1FFFFF, false},
    {0x200000, 0xFFFFF, true},
    {0, 0, false},
};

/* From 2^52 on there is no memory. */
#define FAR (UINT64_C(1) << 52)
static const struct place far_places[] = {
    {FAR, FAR + 0x1003FFF, false},
    {FAR - 0x100000, FAR + 0xFFFFF, true},
    {FAR - 0x100000, FAR + 0x1FFF, false},
    {0x100000, UINT64_MAX, false},
    {0, 0, false},
};

static bool is_last(const struct place *p) {
    return p->base == 0 && p->end == 0;
}

static void places_good(struct suite_ctx *ctx) {
    for (const struct place *p = suite_row(ctx); !is_last(p); p++) {
        suite_instance(ctx, "0x%llx to 0x%llx", (unsigned long long)p->base,
                       (unsigned long long)p->end);
        SUITE_SUCCEEDS(ctx, "place", rmp_location_check(p->base, p->end, p->firmware),
                       "aligned to 8 KiB, for firmware to 1 MiB, 16 KiB of bookkeeping");
    }
}

static void places_bad(struct suite_ctx *ctx) {
    for (const struct place *p = suite_row(ctx); !is_last(p); p++) {
        suite_instance(ctx, "0x%llx to 0x%llx", (unsigned long long)p->base,
                       (unsigned long long)p->end);
        const bool good = sevkit_ok(rmp_location_check(p->base, p->end, p->firmware));
        SUITE_CHECK(ctx, "place", !good, "RMP_BASE, RMP_END + 1 and the size are looked at");
    }
}

/* Entries of the notes' own table, 0x100000 to 0x1103FFF. */
static const struct {
    uint64_t spa, entry;
} entries[] = {
    {0x0, 0x104000},        {0xFFF, 0x104000},       {0x1000, 0x104010},      {0x200000, 0x106000},
    {0x12345678, 0x227450}, {0xFFFFE000, 0x1103FE0}, {0xFFFFFFFF, 0x1103FF0},
};

static void flat(struct suite_ctx *ctx) {
    SUITE_EQUAL(ctx, "covered", UINT64_C(0x100000000), rmp_location_covered(0x100000, 0x1103FFF),
                "4 GiB");
    SUITE_EQUAL(ctx, "covered", 0x200000, rmp_location_covered(0x100000, 0x105FFF), "2 MiB");
    SUITE_EQUAL(ctx, "covered", 0, rmp_location_covered(0x100000, 0x103FFF), "nothing");
    for (size_t i = 0; i < COUNT(entries); i++) {
        uint64_t entry = UNTOUCHED;
        suite_instance(ctx, "SPA 0x%llx", (unsigned long long)entries[i].spa);
        SUITE_CHECK(ctx, "entry", rmp_location_entry(0x100000, 0x1103FFF, entries[i].spa, &entry),
                    "the page is covered");
        SUITE_EQUAL(ctx, "address", entries[i].entry, entry,
                    "RMP_BASE + 0x4000 + (SPA >> 12) * 16");
    }
}

static void flat_outside(struct suite_ctx *ctx) {
    static const uint64_t spas[] = {UINT64_C(0x100000000), UINT64_C(0x100000FFF),
                                    UINT64_C(0xFFFFFFFFFFFFF), UINT64_MAX};
    for (size_t i = 0; i < COUNT(spas); i++) {
        uint64_t entry = UNTOUCHED;
        suite_instance(ctx, "SPA 0x%llx", (unsigned long long)spas[i]);
        SUITE_CHECK(ctx, "entry", !rmp_location_entry(0x100000, 0x1103FFF, spas[i], &entry),
                    "an entry ends by RMP_END");
        SUITE_EQUAL(ctx, "output", UNTOUCHED, entry, "nothing is written");
    }
}

/* Places without room for one entry cover nothing, wherever they end. */
static void flat_short(struct suite_ctx *ctx) {
    static const struct place places[] = {
        {0x100000, 0x103FFF, false}, {0x100000, 0x103FFE, false}, {0x100000, 0x101FFF, false},
        {0x200000, 0x1FFFFF, false}, {0x200000, 0, false},        {UINT64_MAX, 0x3FFF, false},
    };
    for (size_t i = 0; i < COUNT(places); i++) {
        const struct place *p = &places[i];
        uint64_t entry = UNTOUCHED;
        suite_instance(ctx, "0x%llx to 0x%llx", (unsigned long long)p->base,
                       (unsigned long long)p->end);
        SUITE_EQUAL(ctx, "covered", 0, rmp_location_covered(p->base, p->end), "nothing");
        SUITE_CHECK(ctx, "entry", !rmp_location_entry(p->base, p->end, 0, &entry), "there is none");
        SUITE_EQUAL(ctx, "output", UNTOUCHED, entry, "nothing is written");
    }
}

/* ---- segments of 64 GiB ---- */

#define GIB(N) ((uint64_t)(N) << 30)

/* 0: all of it; 1: 3 GiB; 2: more than it has; 3: none; 511: 1 GiB. */
static void fill(struct rmp_segments *s) {
    *s = (struct rmp_segments){.base = 0x100000, .shift = 36, .shift_min = 36, .shift_max = 42};
    s->table[0] = 0x0000000010000040;
    s->table[1] = 0x000FFFFFFFF00003;
    s->table[2] = 0x00000000300FFFFF;
    s->table[3] = 0x0000000040000000;
    s->table[511] = 0x0000000050000001;
}

struct walk {
    uint64_t spa, entry;
};

static const struct walk found[] = {
    {0x0, 0x10000000},
    {0x1FFF, 0x10000010},
    {0x12345678, 0x10123450},
    {GIB(64) - 1, 0x1FFFFFF0},
    {GIB(64), 0x000FFFFFFFF00000},
    {GIB(67) - 0x1000, 0x000FFFFFFFF00000 + 0xBFFFF0},
    {GIB(511 * 64), 0x50000000},
    {GIB(511 * 64) + 0x3FFFF000, 0x503FFFF0},
};

/* The last page is number 0xFFFFFF of its segment. */
static const struct walk beyond_size[] = {
    {GIB(128), 0x30000000},
    {GIB(192) - 0x1000, 0x3FFFFFF0},
};

static void walk_found(struct suite_ctx *ctx, const struct walk *walks, size_t count) {
    struct rmp_segments s;
    fill(&s);
    for (size_t i = 0; i < count; i++) {
        uint64_t entry = UNTOUCHED;
        suite_instance(ctx, "SPA 0x%llx", (unsigned long long)walks[i].spa);
        SUITE_EQUAL(ctx, "walk", RMP_SEGMENT_FOUND, rmp_segments_entry(&s, walks[i].spa, &entry),
                    "the page is covered");
        SUITE_EQUAL(ctx, "address", walks[i].entry, entry,
                    "SegRmpBase + ((SPA & segment mask) >> 12) * 16");
    }
}

static void segmented(struct suite_ctx *ctx) {
    walk_found(ctx, found, COUNT(found));
}

static void whole_segment(struct suite_ctx *ctx) {
    walk_found(ctx, beyond_size, COUNT(beyond_size));
}

static void segments_not_covered(struct suite_ctx *ctx, const uint64_t *spas, size_t count) {
    struct rmp_segments s;
    fill(&s);
    for (size_t i = 0; i < count; i++) {
        uint64_t entry = UNTOUCHED;
        suite_instance(ctx, "SPA 0x%llx", (unsigned long long)spas[i]);
        SUITE_EQUAL(ctx, "walk", RMP_SEGMENT_NOT_COVERED, rmp_segments_entry(&s, spas[i], &entry),
                    "the hypervisor's for ever");
        SUITE_EQUAL(ctx, "output", UNTOUCHED, entry, "nothing is written");
    }
}

/* After 512 segments. */
static void past_table(struct suite_ctx *ctx) {
    static const uint64_t spas[] = {GIB(512 * 64), GIB(513 * 64), UINT64_MAX};
    segments_not_covered(ctx, spas, COUNT(spas));
}

/* Past 3 GiB of segment 1, in segment 3 of CoveredSize 0, in segment 4 without an entry, past 1 GiB of the last. */
static void not_covered(struct suite_ctx *ctx) {
    static const uint64_t spas[] = {GIB(67),  GIB(128) - 1,  GIB(192),
                                    GIB(256), GIB(510 * 64), GIB(511 * 64 + 1)};
    segments_not_covered(ctx, spas, COUNT(spas));
}

/* Each bit 63:52, whether or not the page would be covered. */
static void reserved(struct suite_ctx *ctx) {
    for (unsigned bit = 52; bit < 64; bit++) {
        for (unsigned index = 0; index < 4; index++) {
            struct rmp_segments s;
            uint64_t entry = UNTOUCHED;
            fill(&s);
            s.table[index] |= UINT64_C(1) << bit;
            suite_instance(ctx, "segment %u, bit %u", index, bit);
            SUITE_EQUAL(ctx, "walk", RMP_SEGMENT_RESERVED,
                        rmp_segments_entry(&s, GIB(index * 64), &entry), "bits 63:52 are zero");
            SUITE_EQUAL(ctx, "output", UNTOUCHED, entry, "nothing is written");
        }
    }
}

/* A reserved bit in an entry that the walk does not meet. */
static void reserved_elsewhere(struct suite_ctx *ctx) {
    struct rmp_segments s;
    uint64_t entry = UNTOUCHED;
    fill(&s);
    s.table[1] |= UINT64_C(1) << 63;
    SUITE_EQUAL(ctx, "walk", RMP_SEGMENT_FOUND, rmp_segments_entry(&s, 0x1000, &entry),
                "another segment's entry");
    SUITE_EQUAL(ctx, "address", 0x10000010, entry, "the page's own segment");
}

struct segment_place {
    uint64_t base;
    unsigned shift;
    bool good;
};

static const struct segment_place segment_places[] = {
    {0x100000, 36, true},  {0x0, 36, true},       {0x100000, 42, true},  {0x100000, 39, true},
    {0x100000, 35, false}, {0x100000, 43, false}, {0x100000, 63, false}, {0x180000, 36, false},
    {0x102000, 36, false}, {0x100001, 36, false}, {0x100000, 0, false},
};

/* A processor that says more than an address has bits: its segments are of 2^63 bytes at most. */
static void wide_segments(struct suite_ctx *ctx) {
    static const unsigned shifts[] = {63, 64, 65, 100, 127, 1U << 31, UINT32_MAX};
    for (size_t i = 0; i < COUNT(shifts); i++) {
        struct rmp_segments s;
        uint64_t entry = UNTOUCHED;
        fill(&s);
        s.shift = shifts[i];
        s.shift_max = UINT32_MAX;
        suite_instance(ctx, "RmpSegSize %u", shifts[i]);
        SUITE_EQUAL(ctx, "place", shifts[i] <= 63, sevkit_ok(rmp_segments_check(&s)),
                    "an address has 64 bits");
        SUITE_EQUAL(ctx, "walk", RMP_SEGMENT_FOUND, rmp_segments_entry(&s, 0x200000, &entry),
                    "the page is covered");
        SUITE_EQUAL(ctx, "address", 0x10002000, entry, "of the first segment");
        SUITE_EQUAL(ctx, "walk", RMP_SEGMENT_NOT_COVERED, rmp_segments_entry(&s, GIB(64), &entry),
                    "behind what the segment covers");
    }
}

/* ROW: whether the good places are asked for, or the others. */
static void segment_place(struct suite_ctx *ctx) {
    for (size_t i = 0; i < COUNT(segment_places); i++) {
        const struct segment_place *p = &segment_places[i];
        struct rmp_segments s;
        if (p->good != *(const bool *)suite_row(ctx)) continue;
        fill(&s);
        s.base = p->base;
        s.shift = p->shift;
        suite_instance(ctx, "RMP_BASE 0x%llx, RmpSegSize %u", (unsigned long long)p->base,
                       p->shift);
        SUITE_CHECK(ctx, "place", sevkit_ok(rmp_segments_check(&s)) == p->good,
                    "RMP_BASE is 1 MiB-aligned, RmpSegSize in the processor's range");
    }
}

static const struct suite_test tests[] = {
    RMP_TEST("location.places", "RMP_BASE and RMP_END + 1, aligned to 8 KiB or 1 MiB",
             ("SNP-RMP-174"), places_good, good_places),
    RMP_NEGATIVE("location.base", "RMP_BASE is not aligned", "location.places", ("SNP-RMP-174"),
                 places_bad, bad_bases),
    RMP_NEGATIVE("location.end", "RMP_END + 1 is not aligned", "location.places", ("SNP-RMP-174"),
                 places_bad, bad_ends),
    RMP_NEGATIVE("location.short", "no room for 16 KiB of bookkeeping", "location.places",
                 ("SNP-RMP-174"), places_bad, short_ends),
    RMP_NEGATIVE("location.far", "RMP_BASE or RMP_END from 2^52 on", "location.places",
                 ("SNP-RMP-174"), places_bad, far_places),
    RMP_NEGATIVE("location.nothing", "a place without room for an entry covers nothing",
                 "location.flat", ("SNP-RMP-174"), flat_short, NULL),
    RMP_TEST("location.flat", "addresses of entries", ("SNP-RMP-174"), flat, NULL),
    RMP_NEGATIVE("location.outside", "pages whose entry would lie after RMP_END", "location.flat",
                 ("SNP-RMP-174"), flat_outside, NULL),
    RMP_TEST("location.segmented", "addresses of entries by segments",
             ("SNP-RMP-176", "SNP-RMP-177", "SNP-RMP-178"), segmented, NULL),
    RMP_NEGATIVE("location.segment-512", "a page after 512 segments", "location.segmented",
                 ("SNP-RMP-176", "SNP-RMP-177"), past_table, NULL),
    RMP_TEST("location.segment-whole", "a CoveredSize above the segment's covers all of it",
             ("SNP-RMP-177"), whole_segment, NULL),
    RMP_NEGATIVE("location.segment-uncovered",
                 "pages past the covered part, of CoveredSize 0, without segment entry",
                 "location.segmented", ("SNP-RMP-177"), not_covered, NULL),
    RMP_NEGATIVE("location.segment-reserved", "each reserved bit of a segment's entry",
                 "location.segmented", ("SNP-RMP-178"), reserved, NULL),
    RMP_TEST("location.segment-unmet", "a reserved bit that the walk does not meet",
             ("SNP-RMP-178"), reserved_elsewhere, NULL),
    RMP_TEST("location.segment-places", "RMP_BASE and RmpSegSize of a segmented RMP",
             ("SNP-RMP-179"), segment_place, (&(const bool){true})),
    RMP_NEGATIVE("location.segment-misplaced", "RMP_BASE unaligned, RmpSegSize out of range",
                 "location.segment-places", ("SNP-RMP-179"), segment_place, (&(const bool){false})),
    RMP_NEGATIVE("location.segment-wide", "RmpSegSize above 63 is refused, and harms nobody",
                 "location.segment-places", ("SNP-RMP-179"), wide_segments, NULL),
};

const struct suite_area rmp_part_location = RMP_PART(tests);
