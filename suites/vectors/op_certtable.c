/* Op certtable: a certificate table is read. Certificate notes, section 4. */
#include <stdio.h>
#include <string.h>

#include "sevkit/certtable.h"
#include "vectors/vectors.h"

static bool ends_with(const char *text, const char *end) {
    const size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* The family's word for a refusal. */
static const char *reason_of(const struct sevkit_result *r, const struct vector_bytes *table) {
    if (r->code == SEVKIT_LIMIT) return "count";
    if (strcmp(r->field, "terminator") == 0) return "terminator";
    if (ends_with(r->field, "].guid"))
        return abi_all_zero(table->bytes + r->offset, ABI_GUID_SIZE) ? "zero-guid" : "duplicate";
    if (ends_with(r->field, "].offset") && r->value <= table->size) return "offset";
    return "length"; /* where an entry begins beyond the table, it ends there too */
}

static void guid_text(const uint8_t guid[ABI_GUID_SIZE], char out[37]) {
    char *at = out;
    for (size_t i = 0; i < ABI_GUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        at += snprintf(at, 3, "%02x", guid[i]);
    }
}

static bool entry_seen(struct suite_ctx *ctx, const json_t *wanted,
                       const struct abi_certtable_entry *got) {
    char guid[37];
    guid_text(got->guid, guid);
    const char *kind = abi_cert_kind_name(abi_cert_kind_from_guid(got->guid));
    return vector_output_text(ctx, wanted, "kind", kind) &&
           vector_output_text(ctx, wanted, "guid", guid) &&
           vector_output_number(ctx, wanted, "offset", got->offset) &&
           vector_output_number(ctx, wanted, "length", got->length);
}

void vector_run_certtable(struct suite_ctx *ctx, struct vector_case *c) {
    struct vector_bytes bytes;
    struct abi_certtable table;
    SUITE_STEP(vector_bytes(ctx, c, "table", &bytes));
    const struct sevkit_result r = abi_certtable_decode(bytes.bytes, bytes.size, &table);
    const char *reason = sevkit_ok(r) ? NULL : reason_of(&r, &bytes);
    SUITE_STEP(vector_seen(ctx, c, sevkit_ok(r), "reason", reason));
    if (!sevkit_ok(r)) return;
    const json_t *entries = json_object_get(c->output, "entries");
    SUITE_EQUAL(ctx, "entries", json_array_size(entries), table.count, "as many as the case says");
    for (size_t i = 0; i < table.count; i++) {
        suite_instance(ctx, "entry %zu", i);
        SUITE_STEP(entry_seen(ctx, json_array_get(entries, i), &table.entries[i]));
    }
}
