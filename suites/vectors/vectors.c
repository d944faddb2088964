/* Area vectors: running one case. The table of rows is made from the files by harness/build/cases.sh. */
#include "vectors/vectors.h"

#include <string.h>

#include "vectors/file.h"

static const struct op {
    const char *name;
    void (*run)(struct suite_ctx *ctx, struct vector_case *c);
} ops[] = {
#define VECTOR_OP(name) {#name, vector_run_##name},
#include "vectors/ops.def"
#undef VECTOR_OP
    {NULL, NULL},
};

static const struct op *find_op(const char *name) {
    for (const struct op *op = ops; op->name != NULL; op++)
        if (strcmp(op->name, name) == 0) return op;
    return NULL;
}

/* One run, with a policy case's SIDE (NULL for others) on top of the case's own policy. */
static bool run_side(struct suite_ctx *ctx, struct vector_case *c, const struct op *op,
                     const json_t *side) {
    json_t *policy = json_object_get(c->input, "policy");
    policy = policy == NULL ? json_object() : json_copy(policy);
    if (side != NULL && policy != NULL) json_object_update(policy, (json_t *)side);
    c->policy = policy;
    op->run(ctx, c);
    json_decref(policy);
    c->policy = NULL;
    vector_case_forget(c);
    return !suite_stopped(ctx);
}

static void run_case(struct suite_ctx *ctx, struct vector_case *c) {
    const char *result, *name;
    SUITE_STEP(vector_text(ctx, c->expect, "result", &result));
    SUITE_STEP(vector_text(ctx, c->input, "op", &name));
    const struct op *op = find_op(name);
    if (op == NULL) {
        SUITE_SETUP(ctx, c->id,
                    sevkit_fail(SEVKIT_NOT_FOUND, "input.op", SEVKIT_NO_OFFSET, 0, "a known op"));
        return;
    }
    if (strcmp(result, "policy") != 0) {
        c->valid = strcmp(result, "valid") == 0;
        c->output = json_object_get(c->expect, "output");
        (void)run_side(ctx, c, op, NULL);
        return;
    }
    const json_t *sides = json_object_get(c->expect, "policy");
    suite_instance(ctx, "accept");
    c->valid = true;
    SUITE_STEP(run_side(ctx, c, op, json_object_get(sides, "accept")));
    suite_instance(ctx, "refuse");
    c->valid = false;
    (void)run_side(ctx, c, op, json_object_get(sides, "refuse"));
}

void vector_run(struct suite_ctx *ctx) {
    struct vector_case c;
    SUITE_STEP(vector_case_open(ctx, suite_row(ctx), &c));
    run_case(ctx, &c);
    vector_case_forget(&c);
}
