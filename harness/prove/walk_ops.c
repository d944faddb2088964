/* Makes the steps of the walk. */
#include <stdlib.h>

#include "walk.h"

/* PSMASH or not, then RMPUPDATE of all pages: what SNP_PAGE_UNSMASH and a new 2 MiB page need. */
static void sweep(struct rmp *rmp, struct walk_op *op) {
    const unsigned pages = rmp_config_of(rmp)->pages_per_large;
    struct rmp_answer last = {.fault = RMP_NO_FAULT};
    if (op->freeze) (void)rmp_psmash(rmp, &op->cpu, op->spa);
    for (unsigned i = 0; i < pages; i++) {
        const uint64_t spa = op->spa + i * RMP_PAGE_4K;
        struct rmp_state_fields fields = {0};
        struct rmp_entry e;
        if (!rmp_entry_at(rmp, spa, &e)) abort(); /* a region of the table was chosen */
        if (op->freeze && e.asid == 0) continue;
        if (op->freeze)
            fields = (struct rmp_state_fields){
                .gpa = e.gpa, .assigned = true, .size = e.size, .immutable = true, .asid = e.asid};
        const struct rmp_answer answer = rmp_update(rmp, &op->cpu, spa, &fields);
        if (!rmp_ok(answer)) last = answer;
    }
    op->answer = last;
}

static void vmrun(struct walker *walker, struct rmp *rmp, struct walk_op *op) {
    op->answer = rmp_vmrun(rmp, &op->run);
    if (rmp_ok(op->answer)) walker->runs[walker->run_count++] = op->run;
}

static void init_range(struct rmp *rmp, struct walk_op *op) {
    op->done = rmp_init_range(rmp, op->spa, op->to, op->state);
}

void walk_do(struct walker *walker, struct rmp *rmp, struct walk_op *op) {
    struct rmp_state_fields fields;
    struct rmp_permissions found;
    switch (op->kind) {
    case WALK_UPDATE: op->answer = rmp_update(rmp, &op->cpu, op->spa, &op->fields); break;
    case WALK_SWEEP:
        sweep(rmp, op);
        walker->froze = op->freeze && rmp_ok(op->answer);
        walker->frozen = op->spa;
        break;
    case WALK_PSMASH: op->answer = rmp_psmash(rmp, &op->cpu, op->spa); break;
    case WALK_RMPREAD: op->answer = rmp_read(rmp, &op->cpu, op->spa, &fields); break;
    case WALK_PVALIDATE:
        op->answer = rmp_pvalidate(rmp, &op->cpu, op->gva, &op->at, op->size, op->validate);
        break;
    case WALK_ADJUST:
        op->answer = rmp_adjust(rmp, &op->cpu, op->gva, &op->at, op->size, &op->wanted);
        break;
    case WALK_QUERY: op->answer = rmp_query(rmp, &op->cpu, &op->at, op->wanted.vmpl, &found); break;
    case WALK_CHECK: op->answer = rmp_check(rmp, &op->access); break;
    case WALK_STRUCTURE:
        op->answer =
            rmp_check_structure(rmp, op->structure, op->spa, op->access.asid, op->access.gpa);
        break;
    case WALK_VMRUN: vmrun(walker, rmp, op); break;
    case WALK_VMEXIT:
        rmp_vmexit(rmp, &op->run);
        op->done = true;
        break;
    case WALK_MOVE: op->moved = rmp_move(rmp, op->move, op->spa, &op->args); break;
    case WALK_MOVE_PAGE: op->moved = rmp_move_page(rmp, op->spa, op->to, &op->args); break;
    case WALK_UNSMASH: op->moved = rmp_unsmash(rmp, op->spa); break;
    case WALK_SET: op->done = rmp_set(rmp, op->spa, op->state, op->size); break;
    case WALK_INIT_RANGE: init_range(rmp, op); break;
    case WALK_KINDS: abort();
    }
}

bool walk_succeeded(const struct walk_op *op) {
    switch (op->kind) {
    case WALK_UPDATE:
    case WALK_SWEEP:
    case WALK_PSMASH:
    case WALK_RMPREAD:
    case WALK_PVALIDATE:
    case WALK_ADJUST:
    case WALK_QUERY:
    case WALK_CHECK:
    case WALK_STRUCTURE:
    case WALK_VMRUN: return rmp_ok(op->answer);
    case WALK_MOVE:
    case WALK_MOVE_PAGE:
    case WALK_UNSMASH: return op->moved == RMP_MOVED;
    case WALK_VMEXIT:
    case WALK_SET:
    case WALK_INIT_RANGE: return op->done;
    case WALK_KINDS: break;
    }
    abort();
}
