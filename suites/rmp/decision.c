/* Area rmp, decision tables: on the C model, every combination of states, owners, sizes and requests is decided as the
 * reference in Python decides it. RMP notes, section 7; vectors/rmp/decisions.json.
 *
 * Two tests a table, which also run the table's variants with another value of a switch: rmp.decision.TABLE compares
 * digests of all answers, rmp.refused.TABLE how many cases each rule refuses. `python -m reference.rmp_table compare`
 * (with PYTHONPATH=harness) on rmp-dump's words names the single case. */
#include "rmp/decision.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/suite.h"
#include "sevkit/crypto.h"

#define SLICES_MAX 512
#define TABLES_MAX 32
#define RULES_MAX 256 /* an answer's rule has 8 bits */

/* One table's words, slice by slice, and what they count. */
struct answers {
    const struct decision_table *table;
    const json_t *wanted; /* the file's object of the table */
    unsigned of_slice
        [DECISION_DIMS_MAX]; /* the loop counts this much in a slice's number; 0: not at all */
    size_t slice_count, slice_size;
    size_t filled[SLICES_MAX];
    size_t refused[RULES_MAX];
    uint8_t *bytes;
};

/* ---- the file's table is this table ---- */

static bool same_values(const struct decision_dim *dim, const json_t *values) {
    bool same = json_array_size(values) == dim->count;
    for (unsigned i = 0; same && i < dim->count; i++) {
        const char *value = json_string_value(json_array_get(values, i));
        same = value != NULL && strcmp(value, dim->values[dim->from + i]) == 0;
    }
    return same;
}

static bool same_dims(const struct decision_table *table, const json_t *dims) {
    bool same = json_array_size(dims) == table->dim_count;
    for (unsigned i = 0; same && i < table->dim_count; i++) {
        const json_t *dim = json_array_get(dims, i);
        const char *name = json_string_value(json_object_get(dim, "name"));
        same = name != NULL && strcmp(name, table->dims[i].name) == 0 &&
               same_values(&table->dims[i], json_object_get(dim, "values"));
    }
    return same;
}

/* The loops that a slice's cases share, the innermost last. */
static bool find_slices(struct answers *a) {
    const json_t *by = json_object_get(a->wanted, "by");
    size_t factor = 1;
    for (size_t i = json_array_size(by); i-- > 0;) {
        const char *name = json_string_value(json_array_get(by, i));
        unsigned d = 0;
        while (d < a->table->dim_count && name != NULL && strcmp(a->table->dims[d].name, name) != 0)
            d++;
        if (name == NULL || d == a->table->dim_count) return false;
        a->of_slice[d] = (unsigned)factor;
        factor *= a->table->dims[d].count;
    }
    a->slice_count = factor;
    a->slice_size = decision_product(a->table) / factor * a->table->words * 4;
    return factor <= SLICES_MAX && json_array_size(json_object_get(a->wanted, "sha384")) == factor;
}

static const json_t *find_table(const json_t *file, const char *name) {
    const json_t *tables = json_object_get(file, "tables");
    for (size_t i = 0; i < json_array_size(tables); i++) {
        const json_t *table = json_array_get(tables, i);
        const char *found = json_string_value(json_object_get(table, "name"));
        if (found != NULL && strcmp(found, name) == 0) return table;
    }
    return NULL;
}

/* ---- one table's answers ---- */

static void take(void *data, const unsigned turn[DECISION_DIMS_MAX], const uint32_t *words) {
    struct answers *a = data;
    size_t slice = 0;
    for (unsigned i = 0; i < a->table->dim_count; i++) slice += (size_t)turn[i] * a->of_slice[i];
    uint8_t *out = a->bytes + slice * a->slice_size + a->filled[slice];
    for (unsigned i = 0; i < a->table->words; i++) abi_put_le32(out + 4 * i, words[i]);
    a->filled[slice] += 4 * (size_t)a->table->words;
    if (words[0] != DECISION_IMPOSSIBLE) a->refused[words[0] >> 16 & 0xFF]++;
}

static bool answer_all(struct suite_ctx *ctx, const json_t *file, struct answers *a) {
    a->wanted = find_table(file, a->table->name);
    suite_instance(ctx, "table %s", a->table->name);
    if (!suite_check(ctx, "dimensions",
                     same_dims(a->table, json_object_get(a->wanted, "dimensions")) &&
                         find_slices(a),
                     "the loops of vectors/rmp/decisions.json, which this build carries"))
        return false;
    a->bytes = calloc(a->slice_count, a->slice_size);
    if (a->bytes == NULL) {
        return suite_setup(ctx, "memory of a decision table",
                           sevkit_fail(SEVKIT_NO_MEMORY, "table", SEVKIT_NO_OFFSET, a->slice_size,
                                       "memory for all words"));
    }
    return suite_setup(ctx, "RMP", decision_run(a->table, take, a));
}

/* "state Guest-Valid, request firmware" */
static void name_slice(struct suite_ctx *ctx, const struct answers *a, size_t slice) {
    char text[256] = "";
    size_t used = 0;
    for (unsigned i = 0; i < a->table->dim_count; i++) {
        const struct decision_dim *dim = &a->table->dims[i];
        if (a->of_slice[i] == 0 || used >= sizeof text) continue;
        const char *value = dim->values[dim->from + slice / a->of_slice[i] % dim->count];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", used == 0 ? "" : ", ",
                                 dim->name, value);
    }
    suite_instance(ctx, "table %s, slice %zu (%s)", a->table->name, slice, text);
}

static bool compare_slice(struct suite_ctx *ctx, const struct answers *a, size_t slice) {
    uint8_t digest[CRYPTO_SHA384_SIZE];
    char hex[2 * CRYPTO_SHA384_SIZE + 1];
    const char *wanted =
        json_string_value(json_array_get(json_object_get(a->wanted, "sha384"), slice));
    name_slice(ctx, a, slice);
    if (!suite_setup(ctx, "SHA-384",
                     crypto_sha384(a->bytes + slice * a->slice_size, a->slice_size, digest)))
        return false;
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return suite_check(ctx, "answers", wanted != NULL && strcmp(wanted, hex) == 0,
                       "the reference's: the digest of all answers of the slice");
}

static bool compare_digests(struct suite_ctx *ctx, const struct answers *a) {
    for (size_t slice = 0; slice < a->slice_count; slice++)
        if (!compare_slice(ctx, a, slice)) return false;
    return true;
}

static bool compare_refusals(struct suite_ctx *ctx, const struct answers *a) {
    const json_t *rules = json_object_get(a->wanted, "rules");
    for (unsigned rule = 1; rule < RULES_MAX; rule++) {
        char id[32];
        snprintf(id, sizeof id, "SNP-RMP-%03u", rule);
        const json_int_t wanted = json_integer_value(json_object_get(rules, id));
        suite_instance(ctx, "table %s, rule %s", a->table->name, id);
        if (!suite_equal(ctx, "cases that the rule refuses", (uint64_t)wanted, a->refused[rule],
                         "as many as in the reference"))
            return false;
    }
    return true;
}

/* ---- a table and its variants ---- */

static bool is_variant(const struct decision_table *table, const char *base) {
    const size_t length = strlen(base);
    return strncmp(table->name, base, length) == 0 &&
           (table->name[length] == 0 || table->name[length] == ':');
}

/* What the tables' words count, kept from the first of a table's two tests: the words are the same both times. */
static struct {
    bool known;
    size_t refused[RULES_MAX];
} counts[TABLES_MAX];

static bool run_digests(struct suite_ctx *ctx, const json_t *file, size_t index) {
    struct answers a = {.table = decision_table_at(index)};
    const bool good = answer_all(ctx, file, &a) && compare_digests(ctx, &a);
    memcpy(counts[index].refused, a.refused, sizeof a.refused);
    counts[index].known = a.bytes != NULL;
    free(a.bytes);
    return good;
}

static bool run_refusals(struct suite_ctx *ctx, const json_t *file, size_t index) {
    struct answers a = {.table = decision_table_at(index)};
    if (counts[index].known) {
        a.wanted = find_table(file, a.table->name);
        memcpy(a.refused, counts[index].refused, sizeof a.refused);
        return compare_refusals(ctx, &a);
    }
    const bool good = answer_all(ctx, file, &a) && compare_refusals(ctx, &a);
    free(a.bytes);
    return good;
}

static void run_tables(struct suite_ctx *ctx,
                       bool (*run)(struct suite_ctx *, const json_t *, size_t)) {
    const char *base = suite_row(ctx);
    const struct decision_table *table;
    json_t *file = json_loads(decision_file, JSON_REJECT_DUPLICATES, NULL);
    bool good = suite_check(ctx, "decisions.json", file != NULL, "JSON");
    for (size_t i = 0; good && i < TABLES_MAX && (table = decision_table_at(i)) != NULL; i++)
        if (is_variant(table, base)) good = run(ctx, file, i);
    json_decref(file);
}

static void decision(struct suite_ctx *ctx) {
    run_tables(ctx, run_digests);
}

static void refused(struct suite_ctx *ctx) {
    run_tables(ctx, run_refusals);
}

/* The two tests of a table. */
#define TABLE(name_, what, positive, negative)                                                     \
    {.id = "rmp.decision." name_,                                                                  \
     .title = "every case of " what " is decided as the reference decides it",                     \
     .requirements = positive,                                                                     \
     .kind = SUITE_POSITIVE,                                                                       \
     .needs = TARGET_RMP,                                                                          \
     .run = decision,                                                                              \
     .row = name_},                                                                                \
    {                                                                                              \
        .id = "rmp.refused." name_,                                                                \
        .title = "each rule refuses as many cases of " what " as in the reference",                \
        .requirements = negative, .kind = SUITE_NEGATIVE, .twin = "rmp.decision." name_,           \
        .needs = TARGET_RMP, .run = refused, .row = name_                                          \
    }

static const struct suite_test tests[] = {
    TABLE("access", "a memory access",
          SUITE_REQ("SNP-RMP-101", "SNP-RMP-102", "SNP-RMP-103", "SNP-RMP-104", "SNP-RMP-105",
                    "SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-108", "SNP-RMP-109", "SNP-RMP-110",
                    "SNP-RMP-111", "SNP-RMP-112", "SNP-RMP-113", "SNP-RMP-114", "SNP-RMP-115",
                    "SNP-RMP-116", "SNP-RMP-118", "SNP-RMP-119"),
          SUITE_REQ("SNP-RMP-101", "SNP-RMP-102", "SNP-RMP-103", "SNP-RMP-104", "SNP-RMP-105",
                    "SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-108", "SNP-RMP-109", "SNP-RMP-110",
                    "SNP-RMP-111", "SNP-RMP-112", "SNP-RMP-113", "SNP-RMP-114", "SNP-RMP-115",
                    "SNP-RMP-116", "SNP-RMP-117", "SNP-RMP-119")),
    TABLE("access-later", "an access to a later page of a region",
          SUITE_REQ("SNP-RMP-101", "SNP-RMP-104", "SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-119"),
          SUITE_REQ("SNP-RMP-101", "SNP-RMP-104", "SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-119")),
    TABLE("rmpupdate", "RMPUPDATE",
          SUITE_REQ("SNP-RMP-001", "SNP-RMP-002", "SNP-RMP-003", "SNP-RMP-004", "SNP-RMP-005",
                    "SNP-RMP-006", "SNP-RMP-007", "SNP-RMP-008", "SNP-RMP-009", "SNP-RMP-010",
                    "SNP-RMP-011", "SNP-RMP-012", "SNP-RMP-013", "SNP-RMP-014", "SNP-RMP-015",
                    "SNP-RMP-016", "SNP-RMP-017", "SNP-RMP-018", "SNP-RMP-019", "SNP-RMP-020"),
          SUITE_REQ("SNP-RMP-001", "SNP-RMP-002", "SNP-RMP-003", "SNP-RMP-004", "SNP-RMP-005",
                    "SNP-RMP-006", "SNP-RMP-007", "SNP-RMP-008", "SNP-RMP-009", "SNP-RMP-010",
                    "SNP-RMP-011", "SNP-RMP-012", "SNP-RMP-013", "SNP-RMP-014")),
    TABLE("psmash", "PSMASH",
          SUITE_REQ("SNP-RMP-018", "SNP-RMP-019", "SNP-RMP-021", "SNP-RMP-022", "SNP-RMP-023",
                    "SNP-RMP-024", "SNP-RMP-025", "SNP-RMP-026", "SNP-RMP-027", "SNP-RMP-028",
                    "SNP-RMP-029", "SNP-RMP-030", "SNP-RMP-031"),
          SUITE_REQ("SNP-RMP-021", "SNP-RMP-022", "SNP-RMP-023", "SNP-RMP-024", "SNP-RMP-025",
                    "SNP-RMP-026", "SNP-RMP-027", "SNP-RMP-028", "SNP-RMP-029")),
    TABLE("rmpread", "RMPREAD",
          SUITE_REQ("SNP-RMP-032", "SNP-RMP-033", "SNP-RMP-034", "SNP-RMP-035", "SNP-RMP-036",
                    "SNP-RMP-037"),
          SUITE_REQ("SNP-RMP-032", "SNP-RMP-033", "SNP-RMP-034", "SNP-RMP-035")),
    TABLE("pvalidate", "PVALIDATE",
          SUITE_REQ("SNP-RMP-041", "SNP-RMP-042", "SNP-RMP-043", "SNP-RMP-044", "SNP-RMP-045",
                    "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049", "SNP-RMP-050",
                    "SNP-RMP-051", "SNP-RMP-052", "SNP-RMP-053", "SNP-RMP-054"),
          SUITE_REQ("SNP-RMP-041", "SNP-RMP-042", "SNP-RMP-043", "SNP-RMP-044", "SNP-RMP-045",
                    "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049", "SNP-RMP-050",
                    "SNP-RMP-051", "SNP-RMP-052")),
    TABLE("rmpadjust", "RMPADJUST",
          SUITE_REQ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
                    "SNP-RMP-050", "SNP-RMP-051", "SNP-RMP-061", "SNP-RMP-062", "SNP-RMP-063",
                    "SNP-RMP-064", "SNP-RMP-065", "SNP-RMP-066", "SNP-RMP-067", "SNP-RMP-068",
                    "SNP-RMP-069", "SNP-RMP-070", "SNP-RMP-071"),
          SUITE_REQ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
                    "SNP-RMP-050", "SNP-RMP-051", "SNP-RMP-061", "SNP-RMP-062", "SNP-RMP-063",
                    "SNP-RMP-064", "SNP-RMP-065", "SNP-RMP-066", "SNP-RMP-067", "SNP-RMP-068",
                    "SNP-RMP-069", "SNP-RMP-070")),
    TABLE("rmpquery", "RMPQUERY",
          SUITE_REQ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
                    "SNP-RMP-050", "SNP-RMP-081", "SNP-RMP-082", "SNP-RMP-083", "SNP-RMP-084",
                    "SNP-RMP-085"),
          SUITE_REQ("SNP-RMP-045", "SNP-RMP-046", "SNP-RMP-047", "SNP-RMP-048", "SNP-RMP-049",
                    "SNP-RMP-050", "SNP-RMP-081", "SNP-RMP-082", "SNP-RMP-083", "SNP-RMP-084")),
    TABLE("structure", "a structure's check",
          SUITE_REQ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-133", "SNP-RMP-134", "SNP-RMP-135",
                    "SNP-RMP-136", "SNP-RMP-137", "SNP-RMP-138", "SNP-RMP-139", "SNP-RMP-140",
                    "SNP-RMP-141"),
          SUITE_REQ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-133", "SNP-RMP-134", "SNP-RMP-135",
                    "SNP-RMP-136", "SNP-RMP-137", "SNP-RMP-138", "SNP-RMP-139", "SNP-RMP-140",
                    "SNP-RMP-141")),
    TABLE("vmrun", "VMRUN",
          SUITE_REQ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-133", "SNP-RMP-134", "SNP-RMP-135",
                    "SNP-RMP-136", "SNP-RMP-137", "SNP-RMP-138", "SNP-RMP-142", "SNP-RMP-143"),
          SUITE_REQ("SNP-RMP-131", "SNP-RMP-132", "SNP-RMP-133", "SNP-RMP-134", "SNP-RMP-135",
                    "SNP-RMP-136", "SNP-RMP-137", "SNP-RMP-138", "SNP-RMP-142")),
};

const struct suite_area decision_part = {
    .name = "rmp", .tests = tests, .count = sizeof tests / sizeof tests[0]};
