/* What op rmp and its tables share: members of a case read without a word for each failure, a table's set-up and its
 * footprint. harness/reference/families/rmp.py says what the members mean. */
#ifndef VECTORS_RMP_TABLE_H
#define VECTORS_RMP_TABLE_H

#include "sevkit/rmp.h"
#include "vectors/vectors.h"

/* OK is false once a member was not what it has to be; the verdict is recorded then. */
struct reader {
    struct suite_ctx *ctx;
    bool ok;
};

/* Members of OBJECT; absent: 0, false, the first of WORDS (which end with NULL). */
uint64_t read_number(struct reader *r, const json_t *object, const char *name);
bool read_flag(struct reader *r, const json_t *object, const char *name, bool otherwise);
unsigned read_word(struct reader *r, const json_t *object, const char *name,
                   const char *const *words);
/* "4K", "2M" */
enum rmp_page_size read_size(struct reader *r, const json_t *object);

/* The table of C's input: `policy`, `own`, `entries`. NULL: the verdict is recorded. */
struct rmp *rmp_table_make(struct reader *r, const struct vector_case *c);

/* The whole table as it stands, for a footprint later. Lives as long as the case. */
struct rmp_entry *rmp_table_image(const struct rmp *rmp, struct vector_case *c);

/* Asserts `changed`, `entries` and `asid_pages` of the case's output. */
SEVKIT_MUST bool rmp_table_seen(struct suite_ctx *ctx, const struct vector_case *c,
                                const struct rmp *rmp, const struct rmp_entry *before);

/* Runs the command of firmware that NAME is on the page that CALL names; *STATUS becomes the spec's name of what it
 * answers, NULL for success. False if NAME is no such command. */
SEVKIT_MUST bool rmp_command(struct reader *r, struct rmp *rmp, const char *name,
                             const json_t *call, const char **status);

/* Asserts a member that is true or false. An absent one is no assertion, here and below. */
SEVKIT_MUST bool rmp_flag_seen(struct suite_ctx *ctx, const json_t *object, const char *name,
                               bool got);
/* ... all members of RMPUPDATE's and RMPREAD's structure. */
SEVKIT_MUST bool rmp_fields_seen(struct suite_ctx *ctx, const json_t *wanted,
                                 const struct rmp_state_fields *got);
const char *rmp_size_name(enum rmp_page_size size);

#endif
