/* What must hold in every state and of every step. Written from the RMP notes, sections 2 to 4, not from the code
 * that is searched: a rule speaks of entries before and after, and of answers to accesses. */
#include "search_world.h"

#define KINDS (RMP_SHADOW_STACK + 1)

static const struct {
    const char *name, *text;
} rules[] = {
    [PROVE_HOLDS] = {"holds", "nothing is wrong"},
    [PROVE_ONE_OWNER] = {"one owner", "two owners read a page in clear or write it"},
    [PROVE_FIRMWARE_PAGE] = {"firmware page",
                             "the host or a guest's shared access writes an Assigned page"},
    [PROVE_ONLY_VALIDATED] = {"only validated",
                              "a guest reaches a page that is not validated for that address"},
    [PROVE_VMPL_MASK] = {"VMPL mask", "a VMPL does what its mask does not have"},
    [PROVE_VMSA] = {"VMSA", "a page runs as VMSA that is not one of that guest and address"},
    [PROVE_COUNTS] = {"counts", "the sub-page count or an ASID's page count is wrong"},
    [PROVE_LEGAL] = {"legal entry", "an entry has fields that exclude each other"},
    [PROVE_TWICE] = {"validated once", "one guest address is validated in two pages"},
    [PROVE_BELIEF] =
        {"belief", "a page is validated for an address that its guest does not believe validated"},
    [PROVE_REFUSED_CHANGED] = {"refused unchanged",
                               "an operation was refused and changed the table"},
    [PROVE_FORBIDDEN] = {"allowed", "an operation succeeded for one who may not ask for it"},
    [PROVE_ELSEWHERE] = {"locality", "an operation changed a region that it does not name"},
    [PROVE_IMMUTABLE] = {"immutable", "an instruction changed an Immutable page"},
    [PROVE_REBOUND] = {"same address",
                       "a validated page changed its guest or address and stayed validated"},
    [PROVE_HOST_GAVE] = {"host gives nothing",
                         "the host gave a page Validated, VMSA, permissions or a firmware state"},
    [PROVE_GUEST_REACHED] = {"guest's reach", "a guest's instruction changed more than it may"},
    [PROVE_FIRMWARE_REACHED] = {"firmware's reach",
                                "a move of firmware changed more or less than it may"},
    [PROVE_TOLD] = {"told", "RMPREAD or RMPQUERY changed the table or told what it does not have"},
    [PROVE_HIDDEN] = {"nothing hidden", "the same state behaves in two ways"},
    [PROVE_OUTSIDE] = {"inside the world", "a move makes a page that no other way makes"},
};

const char *prove_rule_name(enum prove_rule rule) {
    return rules[rule].name;
}

const char *prove_rule_text(enum prove_rule rule) {
    return rules[rule].text;
}

/* ---- of a state: accesses ---- */

/* Where an access through a large mapping passes, the processor caches it for the whole region. */
struct reach {
    unsigned first, count; /* pages */
};

static struct reach reach_of(const struct rmp_access *a) {
    const unsigned page = (unsigned)(a->spa / RMP_PAGE_4K);
    if (a->map == RMP_MAP_4K || a->kind == RMP_WALK_AD) return (struct reach){page, 1};
    return (struct reach){prove_region_of(page) * PROVE_REGION_PAGES, PROVE_REGION_PAGES};
}

/* The bits that KIND needs of a mask. RMP notes, section 1. */
static uint8_t needs(enum rmp_kind kind) {
    switch (kind) {
    case RMP_READ:
    case RMP_WALK: return RMP_PERM_READ;
    case RMP_WRITE:
    case RMP_WALK_AD: return RMP_PERM_READ | RMP_PERM_WRITE;
    case RMP_FETCH_USER: return RMP_PERM_EXECUTE_USER;
    case RMP_FETCH_SUPERVISOR: return RMP_PERM_EXECUTE_SUPERVISOR;
    case RMP_SHADOW_STACK: return RMP_PERM_READ | RMP_PERM_WRITE | RMP_PERM_SHADOW_STACK;
    }
    return 0;
}

/* Who reaches a page: bit 0 the host, then each guest by each of its addresses. */
struct owners {
    unsigned of[PROVE_PAGES];
};

static bool is_host_page(const struct prove_view *view, unsigned page) {
    const struct rmp_entry e = prove_speaks(view, page);
    return !e.assigned && e.asid == 0;
}

/* A passes for a guest's private access. */
static enum prove_rule judge_private(const struct prove_view *view, const struct rmp_access *a,
                                     struct owners *owners) {
    const struct reach r = reach_of(a);
    enum prove_rule rule = PROVE_HOLDS;
    for (unsigned i = r.first; i < r.first + r.count; i++) {
        const struct rmp_entry e = prove_speaks(view, i);
        const uint64_t gpa = r.count == 1 ? a->gpa : (i - r.first) * RMP_PAGE_4K;
        owners->of[i] |= 2u << ((a->asid - 1u) * PROVE_GPAS + gpa / RMP_PAGE_4K);
        if ((needs(a->kind) & ~e.perms[a->vmpl]) != 0) rule = PROVE_VMPL_MASK;
        if (e.immutable || !e.validated || e.asid != a->asid || e.gpa != gpa)
            return PROVE_ONLY_VALIDATED;
    }
    return rule;
}

/* A passes, and writes without encryption of a guest. */
static enum prove_rule judge_shared(const struct prove_view *view, const struct rmp_access *a,
                                    struct owners *owners) {
    const struct reach r = reach_of(a);
    enum prove_rule rule = PROVE_HOLDS;
    for (unsigned i = r.first; i < r.first + r.count; i++) {
        owners->of[i] |= 1;
        if (!is_host_page(view, i)) rule = PROVE_FIRMWARE_PAGE;
    }
    return rule;
}

static enum prove_rule judge_access(const struct rmp *rmp, const struct prove_view *view,
                                    const struct rmp_access *a, struct owners *owners) {
    const bool fetch = a->kind == RMP_FETCH_USER || a->kind == RMP_FETCH_SUPERVISOR;
    const bool walk = a->kind == RMP_WALK || a->kind == RMP_WALK_AD;
    const bool private = a->actor == RMP_SNP_GUEST && (a->c || fetch || walk);
    if (!rmp_ok(rmp_check(rmp, a))) return PROVE_HOLDS;
    if (private) return judge_private(view, a, owners);
    if (fetch || a->kind == RMP_READ) return PROVE_HOLDS; /* ciphertext, or what is shared */
    return judge_shared(view, a, owners);
}

/* All accesses to PAGE by ACTOR, as guest ASID at address GPA: the first that should not pass. OWNERS: by all of them. */
static enum prove_rule judge_actor(const struct rmp *rmp, const struct prove_view *view,
                                   unsigned page, enum rmp_actor actor, unsigned asid, unsigned gpa,
                                   struct owners *owners) {
    const bool offset = gpa % PROVE_REGION_PAGES == page % PROVE_REGION_PAGES;
    enum prove_rule first = PROVE_HOLDS;
    for (unsigned n = 0; n < KINDS * 3 * 4; n++) {
        const struct rmp_access a = {
            .gpa = gpa * RMP_PAGE_4K,
            .spa = page * RMP_PAGE_4K,
            .asid = (uint16_t)asid,
            .vmpl = n / KINDS / 3 % 2,
            .c = n / KINDS / 3 / 2 != 0,
            .vmpl_sss = true,
            .actor = actor,
            .kind = (enum rmp_kind)(n % KINDS),
            .map = (enum rmp_map)(n / KINDS % 3),
        };
        if (a.map != RMP_MAP_4K && !offset) continue;
        const enum prove_rule rule = judge_access(rmp, view, &a, owners);
        if (first == PROVE_HOLDS) first = rule;
    }
    return first;
}

static enum prove_rule judge_structures(const struct rmp *rmp, const struct prove_view *view,
                                        unsigned page) {
    static const enum rmp_structure shared[] = {
        RMP_VMCB, RMP_AVIC_BACKING_PAGE, RMP_ES_VMSA, RMP_HSAVE, RMP_VMSAVE, RMP_VMSAVE_GUEST};
    const struct rmp_entry e = prove_speaks(view, page);
    const uint64_t spa = page * RMP_PAGE_4K;
    for (unsigned i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (rmp_ok(rmp_check_structure(rmp, shared[i], spa, 0, 0)) && !is_host_page(view, page))
            return PROVE_FIRMWARE_PAGE;
    for (unsigned n = 0; n < PROVE_GUESTS * PROVE_GPAS; n++) {
        const uint16_t asid = (uint16_t)(n / PROVE_GPAS + 1);
        const uint64_t gpa = n % PROVE_GPAS * RMP_PAGE_4K;
        const bool one = e.vmsa && !e.immutable && e.asid == asid && e.gpa == gpa;
        if (rmp_ok(rmp_check_structure(rmp, RMP_SNP_VMSA, spa, asid, gpa)) && !one)
            return PROVE_VMSA;
    }
    return PROVE_HOLDS;
}

static enum prove_rule judge_page(const struct rmp *rmp, const struct prove_view *view,
                                  unsigned page, struct owners *owners) {
    enum prove_rule rule[PROVE_GUESTS * PROVE_GPAS + 3];
    unsigned count = 0;
    rule[count++] = judge_actor(rmp, view, page, RMP_HOST, 0, page % PROVE_GPAS, owners);
    rule[count++] = judge_actor(rmp, view, page, RMP_GUEST, 1, page % PROVE_GPAS, owners);
    for (unsigned n = 0; n < PROVE_GUESTS * PROVE_GPAS; n++)
        rule[count++] =
            judge_actor(rmp, view, page, RMP_SNP_GUEST, n / PROVE_GPAS + 1, n % PROVE_GPAS, owners);
    rule[count++] = judge_structures(rmp, view, page);
    for (unsigned i = 0; i < count; i++)
        if (rule[i] != PROVE_HOLDS) return rule[i];
    return PROVE_HOLDS;
}

/* ---- of a state: entries ---- */

static bool is_legal(const struct rmp_entry *e) {
    if (e->in_use) return false; /* nothing runs in this world */
    if (e->validated && (e->asid == 0 || !e->assigned)) return false;
    return e->assigned || (e->asid == 0 && !e->vmsa);
}

static bool are_counts_right(const struct prove_view *view, unsigned region) {
    const unsigned first = region * PROVE_REGION_PAGES;
    unsigned assigned = 0;
    if (view->at[first].size == RMP_4K)
        for (unsigned i = 1; i < PROVE_REGION_PAGES; i++) assigned += view->at[first + i].assigned;
    if (view->at[first].subpages != assigned) return false;
    for (unsigned asid = 1; asid <= PROVE_GUESTS; asid++) {
        unsigned pages = 0;
        for (unsigned i = 0; i < PROVE_PAGES; i++) pages += prove_speaks(view, i).asid == asid;
        if (view->all.asid_pages[asid] != pages) return false;
    }
    return true;
}

/* The two rules that all others serve come first, so that a fault shows as what it breaks. */
enum prove_rule prove_judge_region(const struct rmp *rmp, const struct prove_view *view,
                                   unsigned region) {
    const unsigned first = region * PROVE_REGION_PAGES;
    enum prove_rule fine = PROVE_HOLDS;
    struct owners owners = {0};
    bool twice, legal = true;
    for (unsigned i = first; i < first + PROVE_REGION_PAGES; i++) {
        const struct rmp_entry e = prove_speaks(view, i);
        const enum prove_rule rule = judge_page(rmp, view, i, &owners);
        if (fine == PROVE_HOLDS) fine = rule;
        legal = legal && is_legal(&e);
    }
    for (unsigned i = first; i < first + PROVE_REGION_PAGES; i++)
        if ((owners.of[i] & (owners.of[i] - 1)) != 0) return PROVE_ONE_OWNER;
    (void)prove_validated(view, region, &twice);
    if (twice) return PROVE_TWICE;
    if (!legal) return PROVE_LEGAL;
    if (fine != PROVE_HOLDS) return fine;
    return are_counts_right(view, region) ? PROVE_HOLDS : PROVE_COUNTS;
}

/* ---- of a step ---- */

static bool is_same_place(const struct rmp_entry *b, const struct rmp_entry *a) {
    return a->asid == b->asid && a->gpa == b->gpa;
}

static bool are_same_perms(const struct rmp_entry *b, const struct rmp_entry *a) {
    for (unsigned v = 0; v < RMP_VMPL_COUNT; v++)
        if (a->perms[v] != b->perms[v]) return false;
    return true;
}

static enum prove_rule judge_host(const struct rmp_entry *b, const struct rmp_entry *a) {
    const enum rmp_state state = rmp_entry_state(a);
    const bool same = b->asid != 0 && is_same_place(b, a);
    const bool forged =
        state == RMP_CONTEXT || state == RMP_METADATA || state == RMP_FIRMWARE_IOMMU;
    bool gave =
        forged || (a->validated && !(same && b->validated)) || (a->vmsa && !(same && b->vmsa));
    for (unsigned v = 1; v < RMP_VMPL_COUNT; v++)
        gave = gave || (a->perms[v] != 0 && !(same && a->perms[v] == b->perms[v]));
    return gave ? PROVE_HOST_GAVE : PROVE_HOLDS;
}

/* B became A by PVALIDATE or RMPADJUST. INDEX: which page of the range that the guest named. */
static enum prove_rule judge_guest(const struct prove_op *op, const struct rmp_entry *b,
                                   const struct rmp_entry *a, uint64_t index) {
    const bool place = b->asid == op->cpu.asid && is_same_place(b, a) && a->size == b->size &&
                       a->assigned == b->assigned && a->immutable == b->immutable;
    const bool named = b->gpa / RMP_PAGE_4K == op->walk.gpa / RMP_PAGE_4K + index;
    const unsigned target = op->adjust.vmpl, vmpl = op->cpu.vmpl;
    bool good = place && named;
    if (op->kind == PROVE_PVALIDATE) {
        good = good && vmpl == 0 && a->vmsa == b->vmsa && are_same_perms(b, a);
        return good ? PROVE_HOLDS : PROVE_GUEST_REACHED;
    }
    good = good && b->validated && a->validated && (a->vmsa == b->vmsa || vmpl == 0);
    for (unsigned v = 0; v < RMP_VMPL_COUNT; v++) {
        const bool may = v == target && target > vmpl && (a->perms[v] & ~b->perms[vmpl]) == 0;
        good = good && (a->perms[v] == b->perms[v] || may);
    }
    return good ? PROVE_HOLDS : PROVE_GUEST_REACHED;
}

static bool is_fill(const struct prove_op *op) {
    const bool fills = op->move == RMP_MOVE_LAUNCH_UPDATE || op->move == RMP_MOVE_SWAP_IN;
    return op->kind == PROVE_MOVE_PAGE || (op->kind == PROVE_MOVE && fills);
}

static bool asks_owner(const struct prove_op *op) {
    return is_fill(op) || (op->kind == PROVE_MOVE && op->move == RMP_MOVE_SWAP_OUT);
}

static enum prove_rule judge_guest_page(const struct prove_op *op, const struct rmp_entry *b,
                                        const struct rmp_entry *a, bool source) {
    const bool swap = op->kind == PROVE_MOVE && op->move == RMP_MOVE_SWAP_OUT;
    const bool places =
        is_fill(op) && !(op->kind == PROVE_MOVE && op->move == RMP_MOVE_LAUNCH_UPDATE);
    bool good = a->asid == b->asid && (!asks_owner(op) || op->args.asid == b->asid);
    good = good && (a->gpa == b->gpa || (places && !source));
    good = good && ((a->vmsa == b->vmsa && are_same_perms(b, a)) || (is_fill(op) && !source));
    good = good && (a->validated <= b->validated || (is_fill(op) && !source));
    good = good && (a->validated >= b->validated || swap || source);
    return good ? PROVE_HOLDS : PROVE_FIRMWARE_REACHED;
}

static enum prove_rule judge_firmware(const struct prove_op *op, const struct rmp_entry *b,
                                      const struct rmp_entry *a, bool source) {
    const bool own = b->assigned && b->immutable;
    const bool asks = op->kind == PROVE_MOVE_PAGE || op->move == RMP_MOVE_SWAP_OUT_METADATA;
    const bool leaves = b->mark != RMP_MARK_METADATA || !asks || b->gpa == op->args.owner;
    const bool enters = a->mark != RMP_MARK_METADATA || a->gpa == op->args.owner;
    const bool forgets = a->asid != 0 || (!a->validated && !(a->vmsa && !a->immutable));
    if (!own || !leaves || !enters || !forgets) return PROVE_FIRMWARE_REACHED;
    if (b->asid != 0) return judge_guest_page(op, b, a, source);
    return a->asid == 0 ? PROVE_HOLDS : PROVE_FIRMWARE_REACHED;
}

static enum prove_rule judge_change(const struct prove_op *op, unsigned page,
                                    const struct rmp_entry *b, const struct rmp_entry *a) {
    const bool moved = b->asid != a->asid || b->gpa != a->gpa;
    const bool source = op->kind == PROVE_MOVE_PAGE && page == op->page;
    const bool instruction = op->kind < PROVE_MOVE;
    if (instruction && b->immutable) return PROVE_IMMUTABLE;
    if (b->validated && a->validated && moved) return PROVE_REBOUND;
    if (op->kind == PROVE_UPDATE || op->kind == PROVE_PSMASH) return judge_host(b, a);
    if (!instruction) return judge_firmware(op, b, a, source);
    const unsigned first = prove_region_of(page) * PROVE_REGION_PAGES;
    return judge_guest(op, b, a, op->size == RMP_2M ? page - first : 0);
}

/* What RMPREAD and RMPQUERY tell, by the page's own entry and by the one that the mapping names. RMP notes, sections
 * 1.2, 3.5 and 3.6. */
static bool is_told_right(const struct prove_op *op, struct prove_outcome out,
                          const struct prove_view *view) {
    const unsigned first = prove_region_of(op->page) * PROVE_REGION_PAGES;
    const bool large = op->kind == PROVE_QUERY && op->walk.map != RMP_MAP_4K;
    const struct rmp_entry *e = &view->at[large ? first : op->page];
    bool region = false;
    for (unsigned i = first; i < first + PROVE_REGION_PAGES; i++)
        region = region || view->at[i].assigned;
    if (op->kind == PROVE_QUERY) {
        const uint64_t gpa = op->walk.gpa - (large ? (op->page - first) * RMP_PAGE_4K : 0);
        const bool own = e->asid == op->cpu.asid && e->gpa == gpa && !e->immutable && op->walk.c;
        return own && out.found.mask == e->perms[op->adjust.vmpl] && out.found.vmsa == e->vmsa &&
               out.found.size == e->size;
    }
    const struct rmp_state_fields *f = &out.fields;
    return f->gpa == e->gpa && f->asid == e->asid && f->assigned == e->assigned &&
           f->immutable == e->immutable && f->size == e->size && f->region_assigned == region;
}

/* A page that left its guest for the swap device, or for another page, is validated no more. */
static bool left_behind(const struct prove_op *op, const struct prove_view *after) {
    const bool swap = op->kind == PROVE_MOVE && op->move == RMP_MOVE_SWAP_OUT;
    return (swap || op->kind == PROVE_MOVE_PAGE) && prove_speaks(after, op->page).validated;
}

enum prove_rule prove_judge_step(const struct prove_op *op, struct prove_outcome outcome,
                                 const struct prove_view *before, const struct prove_view *after) {
    const unsigned own = prove_region_of(op->page);
    const unsigned other = op->kind == PROVE_MOVE_PAGE ? prove_region_of(op->to) : own;
    if (outcome.ok && op->forbidden) return PROVE_FORBIDDEN;
    if (!outcome.ok) return prove_same_view(before, after) ? PROVE_HOLDS : PROVE_REFUSED_CHANGED;
    if (left_behind(op, after)) return PROVE_FIRMWARE_REACHED;
    const bool tells = op->kind == PROVE_READ || op->kind == PROVE_QUERY;
    const bool same = prove_same_view(before, after);
    if (tells) return same && is_told_right(op, outcome, before) ? PROVE_HOLDS : PROVE_TOLD;
    if (same) return PROVE_HOLDS;
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        const struct rmp_entry b = prove_speaks(before, i), a = prove_speaks(after, i);
        if (prove_same_key(prove_key_of(&b), prove_key_of(&a))) continue;
        if (prove_region_of(i) != own && prove_region_of(i) != other) return PROVE_ELSEWHERE;
        const enum prove_rule rule = judge_change(op, i, &b, &a);
        if (rule != PROVE_HOLDS) return rule;
    }
    return PROVE_HOLDS;
}
