/* States that entries encode, and the ranges of SNP_INIT. RMP notes, sections 1.1 and 2. */
#include "rmp/rmp.h"

#include <string.h>

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

static const struct {
    enum rmp_state state;
    const char *name;
    struct rmp_entry entry;
} rows[] = {
    {RMP_HYPERVISOR, "hypervisor", {0}},
    {RMP_HYPERVISOR, "hypervisor", {.gpa = 0x5000, .vmsa = true, .perms = {1, 2, 3, 4}}},
    {RMP_HV_FIXED, "hv-fixed", {.immutable = true}},
    {RMP_HV_FIXED, "hv-fixed", {.immutable = true, .gpa = 0x5000, .vmsa = true}},
    {RMP_FIRMWARE, "firmware", {.assigned = true, .immutable = true}},
    {RMP_FIRMWARE, "firmware", {.assigned = true, .immutable = true, .size = RMP_2M}},
    {RMP_FIRMWARE_IOMMU,
     "firmware-iommu",
     {.assigned = true, .immutable = true, .mark = RMP_MARK_IOMMU}},
    {RMP_CONTEXT, "context", {.assigned = true, .immutable = true, .vmsa = true}},
    {RMP_METADATA,
     "metadata",
     {.assigned = true, .immutable = true, .mark = RMP_MARK_METADATA, .gpa = 0x5000}},
    {RMP_METADATA,
     "metadata",
     {.assigned = true, .immutable = true, .vmsa = true, .mark = RMP_MARK_METADATA, .gpa = PAGE}},
    {RMP_RECLAIM, "reclaim", {.assigned = true}},
    {RMP_RECLAIM, "reclaim", {.assigned = true, .gpa = 0x5000, .vmsa = true}},
    {RMP_PRE_GUEST, "pre-guest", {.assigned = true, .immutable = true, .asid = 1}},
    {RMP_PRE_GUEST,
     "pre-guest",
     {.assigned = true, .immutable = true, .vmsa = true, .asid = 1023, .gpa = 0x5000}},
    {RMP_PRE_SWAP, "pre-swap", {.assigned = true, .immutable = true, .validated = true, .asid = 1}},
    {RMP_GUEST_INVALID, "guest-invalid", {.assigned = true, .asid = 1, .gpa = 0x5000}},
    {RMP_GUEST_VALID, "guest-valid", {.assigned = true, .validated = true, .asid = 1}},
    {RMP_INVALID, "invalid", {.asid = 1}},
    {RMP_INVALID, "invalid", {.validated = true}},
    {RMP_INVALID, "invalid", {.validated = true, .immutable = true}},
    {RMP_INVALID, "invalid", {.validated = true, .asid = 1}},
    {RMP_INVALID, "invalid", {.assigned = true, .validated = true}},
    {RMP_INVALID, "invalid", {.assigned = true, .validated = true, .immutable = true}},
    {RMP_INVALID, "invalid", {.assigned = true, .immutable = true, .gpa = 0x5000}},
    {RMP_INVALID, "invalid", {.assigned = true, .immutable = true, .vmsa = true, .gpa = 0x5000}},
    {RMP_INVALID,
     "invalid",
     {.assigned = true, .immutable = true, .mark = RMP_MARK_METADATA, .gpa = 0}},
};

static void states(struct suite_ctx *ctx) {
    for (size_t i = 0; i < COUNT(rows); i++) {
        suite_instance(ctx, "row %u", (unsigned)i);
        SUITE_EQUAL(ctx, "state", rows[i].state, rmp_entry_state(&rows[i].entry),
                    "the first that matches in the firmware's order");
        SUITE_CHECK(ctx, "name", strcmp(rmp_state_name(rows[i].state), rows[i].name) == 0,
                    "the spec's in lower case");
    }
}

/* What the table keeps of an entry is in the same state. */
static void kept_case(struct suite_ctx *ctx, unsigned pages) {
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rmp_shot shot = rmp_shot_host(RMP_CALL_READ, pages);
        struct rmp *rmp;
        struct rmp_entry got = {0};
        shot.entry = rows[i].entry;
        if (shot.entry.size == RMP_2M) shot.entry_at = rmp_shot_page(&shot);
        suite_instance(ctx, "%u pages, row %u", pages, (unsigned)i);
        SUITE_STEP(rmp_shot_make(ctx, &shot, &rmp));
        const bool found = rmp_lookup(rmp, shot.spa, &got);
        rmp_free(rmp);
        SUITE_CHECK(ctx, "entry", found, "the page is covered");
        SUITE_STEP(rmp_entry_equal(ctx, &rows[i].entry, &got, "the table keeps all of an entry"));
    }
}

static void kept(struct suite_ctx *ctx) {
    rmp_each_size(ctx, kept_case);
}

/* The firmware's IOMMU pages as rmp_set makes them: tag 2, page 1. */
static void iommu(struct suite_ctx *ctx) {
    static const uint8_t wanted[16] = {0x05, 0x10, 0, 0, 0, 0, 0x02, 0x80};
    const struct rmp_config config = rmp_config_default(4 * RMP_PAGE_2M);
    struct rmp *rmp;
    struct rmp_entry e = {0};
    uint8_t raw[16];
    SUITE_SETUP(ctx, "rmp_new", rmp_new(&config, &rmp));
    const bool set =
        rmp_set(rmp, 3 * PAGE, RMP_FIRMWARE_IOMMU, RMP_4K) && rmp_entry_at(rmp, 3 * PAGE, &e);
    rmp_free(rmp);
    SUITE_CHECK(ctx, "entry", set, "the page is covered");
    abi_rmp_entry_encode(ABI_RMP_GENOA, &e, raw);
    SUITE_BYTES(ctx, "raw entry", wanted, raw, sizeof raw, "0x8002000000001005");
}

/* ---- SNP_INIT ---- */

/* The ranges in their order; in pages, LARGE stands for those of a large page. */
struct range {
    unsigned start_large, start;
    unsigned end_large, end;
    enum rmp_state state;
};

/* Whole regions, parts of them, one over another; 4 large pages in all. */
static const struct range ranges[] = {
    {0, 0, 4, 0, RMP_FIRMWARE},   {0, 0, 1, 0, RMP_HYPERVISOR}, {1, 1, 3, 2, RMP_HV_FIXED},
    {2, 0, 2, 3, RMP_FIRMWARE},   {0, 2, 0, 5, RMP_HV_FIXED},   {0, 4, 0, 6, RMP_FIRMWARE},
    {3, 1, 3, 1, RMP_HYPERVISOR}, {2, 5, 3, 0, RMP_HYPERVISOR},
};

static enum rmp_state state_of(const struct rmp_image *image, unsigned page) {
    enum rmp_state state = RMP_GUEST_VALID;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const unsigned start = ranges[i].start_large * image->large_pages + ranges[i].start;
        const unsigned end = ranges[i].end_large * image->large_pages + ranges[i].end;
        if (page >= start && page < end) state = ranges[i].state;
    }
    return state;
}

static void init_on(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large) {
    struct rmp_image image;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const uint64_t start = ranges[i].start_large * large + ranges[i].start * PAGE;
        const uint64_t end = ranges[i].end_large * large + ranges[i].end * PAGE;
        SUITE_CHECK(ctx, "SNP_INIT", rmp_init_range(rmp, start, end, ranges[i].state),
                    "the range lies in the table");
    }
    rmp_image_take(rmp, &image);
    for (unsigned i = 0; i < image.pages; i++) {
        const struct rmp_entry wanted = rmp_state_entry(state_of(&image, i), 0);
        SUITE_STEP(rmp_entry_equal(ctx, &wanted, &image.entries[i], "the last range decides"));
    }
    SUITE_STEP(rmp_image_counted(ctx, &image));
}

/* Over a table with guests' pages of both sizes. */
static void init_case(struct suite_ctx *ctx, unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_READ, pages);
    struct rmp *rmp;
    shot.fill = true;
    shot.entry_at = rmp_shot_page(&shot);
    shot.entry = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA);
    SUITE_STEP(rmp_shot_make(ctx, &shot, &rmp));
    init_on(ctx, rmp, rmp_shot_page(&shot));
    rmp_free(rmp);
}

static void init(struct suite_ctx *ctx) {
    rmp_each_size(ctx, init_case);
}

/* Ranges and states that are refused, without effect. */
static const struct {
    uint64_t start, end;
    enum rmp_state state;
} strays[] = {
    {0x800, 0x4000, RMP_FIRMWARE},     {0x1000, 0x4001, RMP_FIRMWARE},
    {0x4000, 0x1000, RMP_FIRMWARE},    {0x1000, UINT64_C(1) << 40, RMP_FIRMWARE},
    {0x1000, 0x4000, RMP_GUEST_VALID}, {0x1000, 0x4000, RMP_RECLAIM},
};

static void stray_on(struct suite_ctx *ctx, struct rmp *rmp) {
    struct rmp_image before, after;
    rmp_image_take(rmp, &before);
    for (size_t i = 0; i < COUNT(strays); i++) {
        suite_instance(ctx, "range %u", (unsigned)i);
        const bool taken = rmp_init_range(rmp, strays[i].start, strays[i].end, strays[i].state);
        SUITE_CHECK(ctx, "SNP_INIT", !taken, "whole pages of the table, of a hypervisor's state");
    }
    rmp_image_take(rmp, &after);
    SUITE_STEP(rmp_image_same(ctx, &before, &after));
}

static void stray(struct suite_ctx *ctx) {
    const struct rmp_shot shot = rmp_shot_host(RMP_CALL_READ, 8);
    struct rmp *rmp;
    SUITE_STEP(rmp_shot_make(ctx, &shot, &rmp));
    stray_on(ctx, rmp);
    rmp_free(rmp);
}

static const struct suite_test tests[] = {
    RMP_TEST("format.states", "entries of every state, and of none", ("SNP-RMP-151"), states, NULL),
    RMP_TEST("format.kept", "the table keeps every field of an entry", ("SNP-RMP-151"), kept, NULL),
    RMP_TEST("format.iommu", "the raw entry of a Firmware-IOMMU page", ("SNP-RMP-151"), iommu,
             NULL),
    RMP_TEST("format.init", "SNP_INIT's ranges, later ones over earlier ones", ("SNP-RMP-166"),
             init, NULL),
    RMP_NEGATIVE("format.init-stray", "ranges that no SNP_INIT makes change nothing", "format.init",
                 ("SNP-RMP-166"), stray, NULL),
};

const struct suite_area rmp_part_state = RMP_PART(tests);
