/* Firmware's moves between page states: command handlers only name the transition. RMP notes, section 2.1; firmware
 * command notes, sections 5.5 to 5.21. The rows are the registry from which the docs' table is made.
 * @gap AMB-213: the alignment that SNP_PAGE_SET_STATE demands. */
#include "rmp/table.h"

static const struct rmp_transition rows[] = {
    {RMP_MOVE_GCTX_CREATE, "SNP_GCTX_CREATE", RMP_FIRMWARE, RMP_CONTEXT},
    {RMP_MOVE_DECOMMISSION, "SNP_DECOMMISSION", RMP_CONTEXT, RMP_FIRMWARE},
    {RMP_MOVE_LAUNCH_UPDATE, "SNP_LAUNCH_UPDATE", RMP_PRE_GUEST, RMP_GUEST_VALID},
    {RMP_MOVE_RECLAIM, "SNP_PAGE_RECLAIM", RMP_FIRMWARE, RMP_RECLAIM},
    {RMP_MOVE_RECLAIM, "SNP_PAGE_RECLAIM", RMP_METADATA, RMP_RECLAIM},
    {RMP_MOVE_RECLAIM, "SNP_PAGE_RECLAIM", RMP_PRE_GUEST, RMP_GUEST_INVALID},
    {RMP_MOVE_RECLAIM, "SNP_PAGE_RECLAIM", RMP_PRE_SWAP, RMP_GUEST_VALID},
    {RMP_MOVE_SWAP_OUT, "SNP_PAGE_SWAP_OUT", RMP_PRE_GUEST, RMP_PRE_GUEST},
    {RMP_MOVE_SWAP_OUT, "SNP_PAGE_SWAP_OUT", RMP_PRE_SWAP, RMP_PRE_GUEST},
    {RMP_MOVE_SWAP_OUT_METADATA, "SNP_PAGE_SWAP_OUT", RMP_METADATA, RMP_FIRMWARE},
    {RMP_MOVE_SWAP_IN, "SNP_PAGE_SWAP_IN", RMP_PRE_GUEST, RMP_PRE_SWAP}, /* was validated */
    {RMP_MOVE_SWAP_IN, "SNP_PAGE_SWAP_IN", RMP_PRE_GUEST, RMP_PRE_GUEST},
    {RMP_MOVE_SWAP_IN_METADATA, "SNP_PAGE_SWAP_IN", RMP_FIRMWARE, RMP_METADATA},
    {RMP_MOVE_MD_INIT, "SNP_PAGE_MD_INIT", RMP_FIRMWARE, RMP_METADATA},
    {RMP_MOVE_SET_STATE, "SNP_PAGE_SET_STATE", RMP_FIRMWARE, RMP_HV_FIXED},
    {RMP_MOVE_COMMAND_DONE, "end of a legacy command", RMP_FIRMWARE, RMP_RECLAIM},
    {RMP_MOVE_IOMMU_SHUTDOWN, "SNP_SHUTDOWN_EX", RMP_FIRMWARE_IOMMU, RMP_RECLAIM},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

const struct rmp_transition *rmp_transition_at(size_t index) {
    return index < ROW_COUNT ? &rows[index] : NULL;
}

static const struct rmp_transition *row_of(enum rmp_move move, enum rmp_state from) {
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].move == move && rows[i].from == from) return &rows[i];
    return NULL;
}

/* ---- checks ---- */

static bool is_guest_move(enum rmp_move move) {
    return move == RMP_MOVE_LAUNCH_UPDATE || move == RMP_MOVE_SWAP_OUT || move == RMP_MOVE_SWAP_IN;
}

static bool makes_metadata(enum rmp_move move) {
    return move == RMP_MOVE_MD_INIT || move == RMP_MOVE_SWAP_IN_METADATA;
}

/* The page of a context, as an entry can name it. */
static bool is_context_page(const struct rmp *rmp, uint64_t owner) {
    return owner != 0 && owner % RMP_PAGE_4K == 0 && rmp_covers(rmp, owner);
}

static bool is_owner(const struct rmp *rmp, enum rmp_move move, const struct rmp_entry *e,
                     const struct rmp_move_args *args) {
    if (is_guest_move(move)) return e->asid == args->asid;
    if (move == RMP_MOVE_SWAP_OUT_METADATA) return e->gpa == args->owner;
    return !makes_metadata(move) || is_context_page(rmp, args->owner);
}

/* Commands that look at the state before the size: firmware command notes, sections 5.5, 5.6, 5.11, 5.18, 5.19. */
static bool state_comes_first(enum rmp_move move) {
    return move == RMP_MOVE_GCTX_CREATE || move == RMP_MOVE_DECOMMISSION ||
           move == RMP_MOVE_LAUNCH_UPDATE || move == RMP_MOVE_MD_INIT || move == RMP_MOVE_SET_STATE;
}

/* Contexts and VMSAs are pages of 4 KiB: sections 5.5, 5.11 and 5.16. PAGE_MD_INIT names no size: 4 KiB. */
static bool must_be_small(enum rmp_move move, const struct rmp_move_args *args) {
    const bool guest = move == RMP_MOVE_LAUNCH_UPDATE || move == RMP_MOVE_SWAP_IN;
    return move == RMP_MOVE_GCTX_CREATE || move == RMP_MOVE_DECOMMISSION ||
           move == RMP_MOVE_MD_INIT || (guest && args->vmsa);
}

static enum rmp_moved check_move(const struct rmp *rmp, enum rmp_move move, uint64_t paddr,
                                 const struct rmp_entry *e, const struct rmp_move_args *args) {
    const bool large = args->size == RMP_2M, row = row_of(move, rmp_entry_state(e)) != NULL;
    const bool small = must_be_small(move, args), early = !row && state_comes_first(move);
    const bool aligned = rmp_is_aligned(rmp, paddr);
    if (early) return RMP_MOVE_BAD_STATE;                            /* @req SNP-RMP-155 */
    if (e->size != args->size) return RMP_MOVE_BAD_SIZE;             /* @req SNP-RMP-153 */
    if (large && !aligned) return RMP_MOVE_UNALIGNED;                /* @req SNP-RMP-154 */
    if (large && small) return RMP_MOVE_BAD_SIZE;                    /* @req SNP-RMP-153 */
    if (move == RMP_MOVE_RECLAIM && !e->immutable) return RMP_MOVED; /* @req SNP-RMP-158 */
    if (!row) return RMP_MOVE_BAD_STATE;                             /* @req SNP-RMP-155 */
    if (!is_owner(rmp, move, e, args)) return RMP_MOVE_BAD_OWNER;    /* @req SNP-RMP-156 */
    if (e->in_use) return RMP_MOVE_IN_USE;                           /* @req SNP-RMP-157 */
    return RMP_MOVED;
}

/* ---- effects ---- */

/* An entry without ASID in STATE, of E's size. */
static struct rmp_entry firmware_entry(enum rmp_state state, const struct rmp_entry *e,
                                       uint64_t owner) {
    struct rmp_entry made = {
        .assigned = state != RMP_HV_FIXED,
        .immutable = state != RMP_RECLAIM,
        .vmsa = state == RMP_CONTEXT,
        .size = state == RMP_HV_FIXED ? RMP_4K : e->size,
    };
    if (state == RMP_METADATA) {
        made.mark = RMP_MARK_METADATA;
        made.gpa = owner;
    }
    return made;
}

static void fill_guest(enum rmp_move move, const struct rmp_move_args *args, struct rmp_entry *e) {
    if (move != RMP_MOVE_LAUNCH_UPDATE && move != RMP_MOVE_SWAP_IN) return;
    for (unsigned i = move == RMP_MOVE_SWAP_IN ? 0 : 1; i < RMP_VMPL_COUNT; i++)
        e->perms[i] = args->perms[i];
    e->vmsa = args->vmsa || (move == RMP_MOVE_LAUNCH_UPDATE && e->vmsa);
    if (move == RMP_MOVE_SWAP_IN) e->gpa = args->gpa & RMP_GPA_MASK;
}

static void moved(enum rmp_move move, const struct rmp_move_args *args, struct rmp_entry *e) {
    const enum rmp_state from = rmp_entry_state(e), to = row_of(move, from)->to;
    if (e->asid == 0) {
        *e = firmware_entry(to, e, args->owner);
        return;
    }
    e->immutable = to == RMP_PRE_GUEST || to == RMP_PRE_SWAP;
    e->validated = to == RMP_PRE_SWAP || to == RMP_GUEST_VALID;
    if (move == RMP_MOVE_SWAP_IN) e->validated = args->validated;
    fill_guest(move, args, e);
}

/* Writes E as the entry of PADDR's page. A 2 MiB page that is given up becomes 4 KiB pages. */
static void write_entry(struct rmp_region *region, uint64_t paddr, const struct rmp_entry *e) {
    const struct rmp_words w = rmp_words_of(e);
    if (rmp_is_2m(region->at) && !e->assigned) {
        rmp_region_fill_all(region, w, RMP_FILL_HV_FIXED, 0);
    } else {
        rmp_region_set(region, paddr, w);
    }
}

enum rmp_moved rmp_move(struct rmp *rmp, enum rmp_move move, uint64_t paddr,
                        const struct rmp_move_args *args) {
    if (!rmp_covers(rmp, paddr)) return RMP_MOVE_NO_ENTRY; /* @req SNP-RMP-152 */
    if (rmp_is_own(rmp, paddr)) return RMP_MOVE_IN_RMP;    /* @req SNP-RMP-175 */
    struct rmp_region region;
    rmp_region_lock(rmp, paddr, &region);
    struct rmp_entry e = rmp_entry_of(rmp_region_get(&region, paddr));
    const enum rmp_moved result = check_move(rmp, move, paddr, &e, args);
    if (result == RMP_MOVED && row_of(move, rmp_entry_state(&e)) != NULL) {
        moved(move, args, &e); /* @req SNP-RMP-159 */
        write_entry(&region, paddr, &e);
    }
    rmp_region_unlock(&region);
    return result;
}
