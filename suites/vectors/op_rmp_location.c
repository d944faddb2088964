/* Op rmp_location: where a page's entry lies. RMP notes, sections 1.3 and 1.4. */
#include "sevkit/rmp_location.h"

#include <stdlib.h>
#include <string.h>

#include "vectors/rmp_table.h"

/* What was found. REASON: NULL, or the family's word for a refusal. */
struct found {
    uint64_t entry, covered;
    const char *reason;
};

static const char *reason_of(const struct sevkit_result *r) {
    if (strcmp(r->field, "RMP_BASE") == 0) return "base";
    return strcmp(r->field, "RmpSegSize") == 0 ? "segment-size" : "end";
}

static void find_flat(struct reader *r, const json_t *in, struct found *out) {
    const uint64_t base = read_number(r, in, "base"), end = read_number(r, in, "end");
    const bool firmware = read_flag(r, in, "firmware", false);
    const struct sevkit_result good = rmp_location_check(base, end, firmware);
    out->covered = rmp_location_covered(base, end);
    if (!sevkit_ok(good))
        out->reason = reason_of(&good);
    else if (!rmp_location_entry(base, end, read_number(r, in, "spa"), &out->entry))
        out->reason = "no-entry";
}

static void read_table(struct reader *r, const json_t *in, struct rmp_segments *segments) {
    const char *index;
    json_t *row;
    json_object_foreach(json_object_get(in, "table"), index, row) {
        const unsigned long i = strtoul(index, NULL, 10);
        if (i < RMP_SEGMENT_COUNT)
            segments->table[i] = read_number(r, json_object_get(in, "table"), index);
    }
}

static const char *reason_of_walk(enum rmp_segment_walk walk) {
    switch (walk) {
    case RMP_SEGMENT_FOUND: return NULL;
    case RMP_SEGMENT_NOT_COVERED: return "no-entry";
    case RMP_SEGMENT_RESERVED: return "reserved";
    }
    return "another answer";
}

static void find_segmented(struct reader *r, const json_t *in, struct found *out) {
    struct rmp_segments segments = {
        .base = read_number(r, in, "base"),
        .shift = (unsigned)read_number(r, in, "shift"),
        .shift_min = (unsigned)read_number(r, in, "shift_min"),
        .shift_max = (unsigned)read_number(r, in, "shift_max"),
    };
    read_table(r, in, &segments);
    const struct sevkit_result good = rmp_segments_check(&segments);
    if (sevkit_ok(good))
        out->reason =
            reason_of_walk(rmp_segments_entry(&segments, read_number(r, in, "spa"), &out->entry));
    else
        out->reason = reason_of(&good);
}

void vector_run_rmp_location(struct suite_ctx *ctx, struct vector_case *c) {
    struct reader r = {ctx, true};
    struct found found = {.reason = NULL};
    if (json_object_get(c->input, "end") != NULL)
        find_flat(&r, c->input, &found);
    else
        find_segmented(&r, c->input, &found);
    SUITE_STEP(r.ok);
    SUITE_STEP(vector_seen(ctx, c, found.reason == NULL, "reason", found.reason));
    SUITE_STEP(vector_output_number(ctx, c->output, "entry", found.entry));
    SUITE_STEP(vector_output_number(ctx, c->output, "covered", found.covered));
}
