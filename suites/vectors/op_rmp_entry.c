/* Op rmp_entry: an entry of the RMP in memory, and the structure of RMPUPDATE and RMPREAD. RMP notes, sections 1.1,
 * 1.2 and 2. */
#include <string.h>

#include "vectors/rmp_table.h"

static const char *const marks[] = {"none", "metadata", "iommu"};

/* Members that the case has; Milan's masks are not known. */
static bool entry_seen(struct suite_ctx *ctx, const json_t *wanted, const struct rmp_entry *e) {
    return vector_output_text(ctx, wanted, "size", rmp_size_name(e->size)) &&
           rmp_flag_seen(ctx, wanted, "assigned", e->assigned) &&
           rmp_flag_seen(ctx, wanted, "immutable", e->immutable) &&
           rmp_flag_seen(ctx, wanted, "validated", e->validated) &&
           rmp_flag_seen(ctx, wanted, "vmsa", e->vmsa) &&
           vector_output_number(ctx, wanted, "asid", e->asid) &&
           vector_output_number(ctx, wanted, "gpa", e->gpa) &&
           vector_output_hex(ctx, wanted, "perms", e->perms, sizeof e->perms) &&
           vector_output_text(ctx, wanted, "mark", marks[e->mark]) &&
           vector_output_number(ctx, wanted, "subpages", e->subpages);
}

static void run_entry(struct suite_ctx *ctx, const struct vector_case *c,
                      enum abi_rmp_format format, const uint8_t raw[ABI_RMP_ENTRY_SIZE]) {
    struct rmp_entry entry;
    uint8_t again[ABI_RMP_ENTRY_SIZE];
    bool exact;
    SUITE_STEP(vector_flag_or(ctx, c->input, "exact", false, &exact));
    abi_rmp_entry_decode(format, raw, &entry);
    SUITE_STEP(vector_seen(ctx, c, true, "reason", NULL));
    const json_t *wanted = json_object_get(c->output, "entry");
    if (wanted != NULL) SUITE_STEP(entry_seen(ctx, wanted, &entry));
    SUITE_STEP(
        vector_output_text(ctx, c->output, "state", rmp_state_name(rmp_entry_state(&entry))));
    abi_rmp_entry_encode(format, &entry, again);
    if (exact) SUITE_BYTES(ctx, "raw", raw, again, sizeof again, "its members make it again");
}

static void run_structure(struct suite_ctx *ctx, const struct vector_case *c,
                          const uint8_t raw[ABI_RMP_STATE_SIZE]) {
    struct rmp_state_fields fields;
    abi_rmp_state_decode(raw, &fields);
    SUITE_STEP(vector_seen(ctx, c, true, "reason", NULL));
    SUITE_STEP(rmp_fields_seen(ctx, json_object_get(c->output, "fields"), &fields));
}

void vector_run_rmp_entry(struct suite_ctx *ctx, struct vector_case *c) {
    uint8_t raw[ABI_RMP_ENTRY_SIZE];
    const char *layout;
    SUITE_STEP(vector_hex(ctx, c->input, "raw", raw, sizeof raw));
    SUITE_STEP(vector_text(ctx, c->input, "layout", &layout));
    if (strcmp(layout, "structure") == 0)
        run_structure(ctx, c, raw);
    else
        run_entry(ctx, c, strcmp(layout, "milan") == 0 ? ABI_RMP_MILAN : ABI_RMP_GENOA, raw);
}
