/* All operations of the world, and their words. RMP notes, sections 2.1 and 3. */
#include <stdio.h>
#include <stdlib.h>

#include "search_world.h"

static const char *const VMSA_WORDS[] = {"", ", VMSA"};

static void add(struct prove_ops *ops, const struct prove_op *op) {
    if (ops->count == ops->room) {
        ops->room = ops->room == 0 ? 1024 : ops->room * 2;
        ops->op = realloc(ops->op, ops->room * sizeof *ops->op);
        if (ops->op == NULL) abort();
    }
    ops->op[ops->count++] = *op;
}

void prove_free_ops(struct prove_ops *ops) {
    free(ops->op);
    *ops = (struct prove_ops){0};
}

static struct rmp_cpu host(void) {
    return (struct rmp_cpu){.long_mode = true, .snp = true};
}

static struct rmp_cpu guest(unsigned asid, unsigned vmpl) {
    return (struct rmp_cpu){
        .long_mode = true, .snp = true, .vmpl = (uint8_t)vmpl, .asid = (uint16_t)asid};
}

/* ---- the host's ---- */

/* OP by the host, and by others who must be refused: a guest, and the host's user mode. */
static void add_host(struct prove_ops *ops, struct prove_op op) {
    op.cpu = host();
    add(ops, &op);
    op.forbidden = true;
    op.cpu = guest(1, 0);
    add(ops, &op);
    op.cpu = host();
    op.cpu.cpl = 3;
    add(ops, &op);
}

/* Large requests of the guests' address 0 only, where the region may be one large page at all. */
static bool is_in_world(const struct prove_world *w, unsigned page,
                        const struct rmp_state_fields *f) {
    if (f->size == RMP_4K || !f->assigned) return true;
    const bool region = w->large && prove_region_of(page) == 0;
    return region && (f->asid == 0 || f->gpa == 0);
}

static void add_updates(const struct prove_world *w, unsigned page, struct prove_ops *ops) {
    for (unsigned n = 0; n < 8 * (PROVE_GUESTS + 1) * PROVE_GPAS; n++) {
        const struct rmp_state_fields f = {
            .assigned = (n & 1) != 0,
            .size = (n & 2) != 0 ? RMP_2M : RMP_4K,
            .immutable = (n & 4) != 0,
            .asid = n / 8 % (PROVE_GUESTS + 1),
            .gpa = n / 8 / (PROVE_GUESTS + 1) * RMP_PAGE_4K,
        };
        const struct prove_op op = {.kind = PROVE_UPDATE, .page = (uint8_t)page, .fields = f};
        if (is_in_world(w, page, &f)) add_host(ops, op);
    }
}

/* ---- the guests' ---- */

/* OP through every nested mapping of the guest's ADDRESS to the page; a large one keeps the offset in the region. */
static void add_walks(struct prove_ops *ops, struct prove_op op, unsigned address, bool all) {
    const bool offset = address % PROVE_REGION_PAGES == op.page % PROVE_REGION_PAGES;
    op.walk = (struct rmp_translation){
        .present = true, .gpa = address * RMP_PAGE_4K, .spa = op.page * RMP_PAGE_4K};
    for (unsigned n = 0; n < 6; n++) {
        op.walk.c = (n & 1) == 0;
        op.walk.map = (enum rmp_map)(n / 2);
        if ((all || op.walk.c) && (offset || op.walk.map == RMP_MAP_4K)) add(ops, &op);
    }
}

static void add_pvalidate(unsigned asid, unsigned address, unsigned page, struct prove_ops *ops) {
    for (unsigned n = 0; n < 8; n++) {
        struct prove_op op = {.kind = PROVE_PVALIDATE, .page = (uint8_t)page};
        op.cpu = guest(asid, n & 1);
        op.forbidden = (n & 1) != 0;
        op.size = (n & 2) != 0 ? RMP_2M : RMP_4K;
        op.validate = (n & 4) != 0;
        add_walks(ops, op, address, true);
        op.forbidden = true;
        op.cpu = guest(asid, 0);
        op.cpu.cpl = 3;
        add_walks(ops, op, address, false);
    }
}

/* What is refused, and what leads to VMPL 2, which is not in the world: judged, not followed. */
static const struct {
    uint8_t cpl, vmpl, target;
    bool forbidden, vmsa;
} stray_adjustments[] = {
    {0, 1, 1, true, true},  {0, 1, 0, true, true},  {0, 0, 0, true, false},
    {3, 0, 1, true, false}, {0, 1, 2, false, true},
};

static void add_stray_adjustments(struct prove_op op, unsigned address, struct prove_ops *ops) {
    for (unsigned i = 0; i < sizeof stray_adjustments / sizeof stray_adjustments[0]; i++) {
        op.probe = true;
        op.forbidden = stray_adjustments[i].forbidden;
        op.cpu = guest(op.cpu.asid, stray_adjustments[i].vmpl);
        op.cpu.cpl = stray_adjustments[i].cpl;
        op.adjust = (struct rmp_adjustment){stray_adjustments[i].target, RMP_PERM_ALL,
                                            stray_adjustments[i].vmsa};
        add_walks(ops, op, address, false);
    }
}

static void add_adjust(const struct prove_world *w, unsigned asid, unsigned address, unsigned page,
                       struct prove_ops *ops) {
    for (unsigned large = 0; large < 2; large++) {
        struct prove_op op = {.kind = PROVE_ADJUST, .page = (uint8_t)page};
        op.size = large != 0 ? RMP_2M : RMP_4K;
        op.cpu = guest(asid, 0);
        add_stray_adjustments(op, address, ops);
        op.adjust.vmpl = 1;
        for (unsigned m = 0; m < w->mask_count; m++) {
            op.adjust.mask = w->masks[m];
            add_walks(ops, op, address, m == 0);
        }
        op.adjust.mask = 0; /* VMSA goes with no permission of VMPL 1, to bound the world */
        op.adjust.vmsa = true;
        op.probe = !w->vmsa;
        add_walks(ops, op, address, false);
    }
}

/* The current VMPL, the one that is asked about, and user mode: who may ask comes first. */
static const struct {
    uint8_t cpl, vmpl, target;
} queries[] = {{0, 0, 1}, {0, 1, 2}, {0, 0, 0}, {0, 1, 1}, {0, 1, 0}, {3, 0, 1}};
#define QUERIES_ALLOWED 2

static void add_query(unsigned asid, unsigned address, unsigned page, struct prove_ops *ops) {
    for (unsigned i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct prove_op op = {.kind = PROVE_QUERY, .page = (uint8_t)page};
        op.forbidden = i >= QUERIES_ALLOWED;
        op.cpu = guest(asid, queries[i].vmpl);
        op.cpu.cpl = queries[i].cpl;
        op.adjust.vmpl = queries[i].target;
        add_walks(ops, op, address, !op.forbidden);
    }
}

/* ---- firmware's ---- */

static void add_guest_moves(const struct prove_world *w, struct prove_op op,
                            struct prove_ops *ops) {
    op.move = RMP_MOVE_SWAP_OUT;
    add(ops, &op);
    for (unsigned m = 0; m <= w->mask_count; m++) {
        const bool vmsa = m == w->mask_count;
        if (vmsa && (!w->vmsa || op.size == RMP_2M))
            continue; /* firmware refuses large VMSAs itself */
        op.args.vmsa = vmsa;
        op.args.perms[0] = RMP_PERM_ALL;
        op.args.perms[1] = vmsa ? 0 : w->masks[m];
        op.move = RMP_MOVE_LAUNCH_UPDATE;
        add(ops, &op);
        op.move = RMP_MOVE_SWAP_IN;
        for (unsigned n = 0; n < 2 * PROVE_GPAS; n++) {
            op.args.gpa = n / 2 * RMP_PAGE_4K;
            op.args.validated = (n & 1) != 0;
            if (op.size == RMP_4K || op.args.gpa == 0) add(ops, &op);
        }
    }
}

static void add_moves(const struct prove_world *w, unsigned page, enum rmp_page_size size,
                      struct prove_ops *ops) {
    for (unsigned m = 0; m < RMP_MOVE_COUNT; m++) {
        const enum rmp_move move = (enum rmp_move)m;
        if (move == RMP_MOVE_LAUNCH_UPDATE || move == RMP_MOVE_SWAP_OUT || move == RMP_MOVE_SWAP_IN)
            continue;
        const bool makes = move == RMP_MOVE_MD_INIT || move == RMP_MOVE_SWAP_IN_METADATA;
        for (unsigned g = 1; g <= PROVE_GUESTS + (makes ? 1u : 0u); g++) {
            const struct prove_op op = {.kind = PROVE_MOVE,
                                        .forbidden = g > PROVE_GUESTS, /* no page of a context */
                                        .page = (uint8_t)page,
                                        .size = size,
                                        .move = move,
                                        .args = {.size = size, .owner = prove_owner(g)}};
            add(ops, &op);
        }
    }
    for (unsigned g = 1; g <= PROVE_GUESTS; g++) {
        const struct prove_op op = {.kind = PROVE_MOVE,
                                    .page = (uint8_t)page,
                                    .size = size,
                                    .args = {.size = size, .asid = (uint16_t)g}};
        add_guest_moves(w, op, ops);
    }
}

static void add_page_moves(unsigned page, unsigned to, struct prove_ops *ops) {
    for (unsigned n = 0; n < PROVE_ACROSS_REQUESTS; n++) {
        const unsigned g = n / 2 + 1;
        struct prove_op op = {.kind = PROVE_MOVE_PAGE, .page = (uint8_t)page, .to = (uint8_t)to};
        op.size = (n & 1) != 0 ? RMP_2M : RMP_4K;
        op.args =
            (struct rmp_move_args){.size = op.size, .asid = (uint16_t)g, .owner = prove_owner(g)};
        add(ops, &op);
    }
}

/* ---- the lists ---- */

void prove_list_region(const struct prove_world *w, unsigned region, struct prove_ops *ops) {
    const unsigned first = region * PROVE_REGION_PAGES;
    for (unsigned page = first; page < first + PROVE_REGION_PAGES; page++) {
        if (!w->used[page]) continue;
        add_updates(w, page, ops);
        add_host(ops, (struct prove_op){.kind = PROVE_PSMASH, .page = (uint8_t)page});
        add_host(ops, (struct prove_op){.kind = PROVE_READ, .page = (uint8_t)page});
        for (unsigned n = 0; n < PROVE_GUESTS * PROVE_GPAS; n++) {
            add_pvalidate(n / PROVE_GPAS + 1, n % PROVE_GPAS, page, ops);
            add_adjust(w, n / PROVE_GPAS + 1, n % PROVE_GPAS, page, ops);
            add_query(n / PROVE_GPAS + 1, n % PROVE_GPAS, page, ops);
        }
        add_moves(w, page, RMP_4K, ops);
        add_moves(w, page, RMP_2M, ops);
        for (unsigned to = first; to < first + PROVE_REGION_PAGES; to++)
            if (w->used[to]) add_page_moves(page, to, ops);
        const struct prove_op unsmash = {.kind = PROVE_UNSMASH, .page = (uint8_t)page};
        if (w->large && region == 0) add(ops, &unsmash);
    }
}

void prove_list_across(const struct prove_world *w, struct prove_ops *ops) {
    for (unsigned page = 0; page < PROVE_PAGES; page++)
        for (unsigned to = 0; to < PROVE_PAGES; to++)
            if (w->used[page] && w->used[to] && prove_region_of(page) != prove_region_of(to))
                add_page_moves(page, to, ops);
}

/* ---- words ---- */

static const char *size_word(enum rmp_page_size size) {
    return size == RMP_2M ? "large" : "4K";
}

/* The guest whose context's page PADDR is. */
static unsigned owner_of(uint64_t paddr) {
    return (unsigned)((paddr - prove_owner(1)) / RMP_PAGE_4K) + 1;
}

void prove_say_entry(const struct rmp_entry *e, char *out, size_t size) {
    const char *state = rmp_state_name(rmp_entry_state(e));
    const unsigned address = (unsigned)(e->gpa / RMP_PAGE_4K);
    if (e->asid != 0) {
        snprintf(out, size, "%s %s of guest %u at address %u, masks %02X %02X%s",
                 size_word(e->size), state, e->asid, address, e->perms[0], e->perms[1],
                 VMSA_WORDS[e->vmsa]);
    } else if (e->mark == RMP_MARK_METADATA) {
        snprintf(out, size, "%s %s of guest %u", size_word(e->size), state, owner_of(e->gpa));
    } else {
        snprintf(out, size, "%s %s%s", size_word(e->size), state,
                 e->gpa != 0 && e->mark == RMP_MARK_NONE ? " with an address" : "");
    }
}

static void say_update(const struct prove_op *op, const char *who, char *out, size_t size) {
    const struct rmp_state_fields *f = &op->fields;
    snprintf(out, size, "%s: RMPUPDATE page %u to %s%s%s, ASID %u, address %u", who, op->page,
             size_word(f->size), f->assigned ? " assigned" : " not assigned",
             f->immutable ? " immutable" : "", f->asid, (unsigned)(f->gpa / RMP_PAGE_4K));
}

static void say_guest(const struct prove_op *op, const char *what, char *out, size_t size) {
    static const char *const maps[] = {"4K", "2M", "1G"};
    static const char *const sizes[] = {" (4K)", " (large)"};
    snprintf(out, size, "guest %u, VMPL %u%s: %s address %u%s through a %s mapping%s to page %u",
             op->cpu.asid, op->cpu.vmpl, op->cpu.cpl != 0 ? ", user mode" : "", what,
             (unsigned)(op->walk.gpa / RMP_PAGE_4K),
             op->kind == PROVE_QUERY ? "" : sizes[op->size == RMP_2M], maps[op->walk.map],
             op->walk.c ? "" : " with C=0", op->page);
}

const char *prove_move_name(enum rmp_move move) {
    static const char *const names[RMP_MOVE_COUNT] = {"GCTX_CREATE",
                                                      "DECOMMISSION",
                                                      "LAUNCH_UPDATE",
                                                      "PAGE_RECLAIM",
                                                      "PAGE_SWAP_OUT",
                                                      "SWAP_OUT of metadata",
                                                      "PAGE_SWAP_IN",
                                                      "SWAP_IN of metadata",
                                                      "PAGE_MD_INIT",
                                                      "PAGE_SET_STATE",
                                                      "end of a legacy command",
                                                      "SHUTDOWN of the IOMMU"};
    return names[move];
}

static void say_move(const struct prove_op *op, char *out, size_t size) {
    const unsigned guest_of = op->args.asid != 0 ? op->args.asid : owner_of(op->args.owner);
    char more[80] = "";
    if (op->move == RMP_MOVE_SWAP_IN)
        snprintf(more, sizeof more, ", to address %u, mask %02X%s%s",
                 (unsigned)(op->args.gpa / RMP_PAGE_4K), op->args.perms[1],
                 VMSA_WORDS[op->args.vmsa], op->args.validated ? ", validated" : "");
    if (op->move == RMP_MOVE_LAUNCH_UPDATE)
        snprintf(more, sizeof more, ", mask %02X%s", op->args.perms[1], VMSA_WORDS[op->args.vmsa]);
    snprintf(out, size, "firmware: %s, %s page %u, for guest %u%s", prove_move_name(op->move),
             size_word(op->size), op->page, guest_of, more);
}

void prove_say_op(const struct prove_op *op, char *out, size_t size) {
    const char *who = op->cpu.asid != 0  ? "guest 1"
                      : op->cpu.cpl != 0 ? "host's user mode"
                                         : "host";
    char what[64];
    switch (op->kind) {
    case PROVE_UPDATE: say_update(op, who, out, size); return;
    case PROVE_PSMASH: snprintf(out, size, "%s: PSMASH page %u", who, op->page); return;
    case PROVE_READ: snprintf(out, size, "%s: RMPREAD page %u", who, op->page); return;
    case PROVE_QUERY:
        snprintf(what, sizeof what, "RMPQUERY of VMPL %u at", op->adjust.vmpl);
        say_guest(op, what, out, size);
        return;
    case PROVE_PVALIDATE:
        say_guest(op, op->validate ? "PVALIDATE" : "PVALIDATE(0)", out, size);
        return;
    case PROVE_ADJUST:
        snprintf(what, sizeof what, "RMPADJUST VMPL %u to %02X%s of", op->adjust.vmpl,
                 op->adjust.mask, VMSA_WORDS[op->adjust.vmsa]);
        say_guest(op, what, out, size);
        return;
    case PROVE_MOVE: say_move(op, out, size); return;
    case PROVE_MOVE_PAGE:
        snprintf(out, size, "firmware: PAGE_MOVE, %s page %u to page %u, for guest %u",
                 size_word(op->size), op->page, op->to, op->args.asid);
        return;
    case PROVE_UNSMASH: snprintf(out, size, "firmware: PAGE_UNSMASH page %u", op->page); return;
    }
}
