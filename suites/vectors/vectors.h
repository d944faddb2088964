/* Area vectors: the cases of vectors/cases/, each a test, judged by the C code and compared with what the file
 * expects. Design sections 6 and 7.
 *
 * An op is how a kind of input is run: `input.op` names it. suites/vectors/op_NAME.c has
 *     void vector_run_NAME(struct suite_ctx *ctx, struct vector_case *c);
 * and ops.def its name. It reads the input, calls the code under test and says once what that made of it:
 *     SUITE_STEP(vector_seen(ctx, c, false, "stage", pki_stage_name(verdict.stage)));
 * then it compares c->output (NULL or an object) with what it saw, by assertions. A policy case runs twice, with the
 * options of each side merged into c->policy. Everything that these functions hand out lives until the op returns. */
#ifndef VECTORS_H
#define VECTORS_H

#include <jansson.h>

#include "runner/suite.h"

struct vector_bytes {
    const uint8_t *bytes; /* never NULL */
    size_t size;
};

struct vector_case {
    const char *id;
    const json_t *requirement; /* the ids, an array */
    const json_t *input;
    const json_t *policy; /* input.policy with a policy case's side; an empty object without */
    const json_t *expect;
    const json_t *output; /* expect.output, or NULL */
    bool valid;           /* what is expected: accepted, or refused */
    /* private */
    const json_t *blobs;
    struct vector_memory *memory;
};

/* The member of INPUT at PATH ("certs.vcek"), NULL if there is none. */
const json_t *vector_find(const struct vector_case *c, const char *path);

/* The bytes that VALUE stands for: {"blob"}, {"blob", "patch"}, {"base64"}. ERROR on anything else. */
SEVKIT_MUST bool vector_bytes_of(struct suite_ctx *ctx, struct vector_case *c, const json_t *value,
                                 struct vector_bytes *out);
/* As above for the member of INPUT at PATH. */
SEVKIT_MUST bool vector_bytes(struct suite_ctx *ctx, struct vector_case *c, const char *path,
                              struct vector_bytes *out);

/* A member of OBJECT: a string; a number, or a string of 0x and hex digits; exactly SIZE bytes in hex. ERROR when
 * it is something else or absent. */
SEVKIT_MUST bool vector_text(struct suite_ctx *ctx, const json_t *object, const char *name,
                             const char **out);
SEVKIT_MUST bool vector_number(struct suite_ctx *ctx, const json_t *object, const char *name,
                               uint64_t *out);
SEVKIT_MUST bool vector_hex(struct suite_ctx *ctx, const json_t *object, const char *name,
                            uint8_t *out, size_t size);
/* The same with a value for an absent member. */
SEVKIT_MUST bool vector_number_or(struct suite_ctx *ctx, const json_t *object, const char *name,
                                  uint64_t otherwise, uint64_t *out);
SEVKIT_MUST bool vector_flag_or(struct suite_ctx *ctx, const json_t *object, const char *name,
                                bool otherwise, bool *out);

/* SIZE bytes, zeroed, that live as long as the case. */
void *vector_alloc(struct vector_case *c, size_t size);

/* Asserts that the code's answer is the expected one: accepted, or refused with expect's member KIND ("stage",
 * "status", "reason") equal to VALUE. KIND and VALUE are not looked at when VALID. */
SEVKIT_MUST bool vector_seen(struct suite_ctx *ctx, const struct vector_case *c, bool valid,
                             const char *kind, const char *value);

/* Asserts that ID is one of the case's requirements. */
SEVKIT_MUST bool vector_rule(struct suite_ctx *ctx, const struct vector_case *c, const char *id);

/* Asserts that the member NAME of OBJECT (a part of c->output) is these bytes in hex, this number, this text. An
 * absent member is no assertion. */
SEVKIT_MUST bool vector_output_hex(struct suite_ctx *ctx, const json_t *object, const char *name,
                                   const void *got, size_t size);
SEVKIT_MUST bool vector_output_number(struct suite_ctx *ctx, const json_t *object, const char *name,
                                      uint64_t got);
SEVKIT_MUST bool vector_output_text(struct suite_ctx *ctx, const json_t *object, const char *name,
                                    const char *got);

/* The ops. */
#define VECTOR_OP(name) void vector_run_##name(struct suite_ctx *ctx, struct vector_case *c);
#include "vectors/ops.def"
#undef VECTOR_OP

/* What a row of the area's table names: the file and the case's place in it. */
struct vector_row {
    const struct vector_file *file;
    size_t index;
};

/* A file as the program carries it. */
struct vector_file {
    const char *name;
    const char *text;
    const char *end;
};

/* The function of every row. */
void vector_run(struct suite_ctx *ctx);

#endif
