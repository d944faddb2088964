/* Tables of RMPUPDATE, PSMASH and RMPREAD. RMP notes, sections 3.1, 3.2, 3.6 and 7. */
#include "rmp/decision.h"

static const char *const cpus[] = {"good", "no long mode", "SNP off", "CPL 3", "ASID 1", "absent"};
enum { ABSENT = 5 };
static const char *const in_use[] = {"no", "this", "next"};

static struct rmp_cpu cpu_of(unsigned cpu) {
    return (struct rmp_cpu){
        .long_mode = cpu != 1,
        .snp = cpu != 2,
        .cpl = cpu == 3 ? 3 : 0,
        .asid = cpu == 4 ? 1 : 0,
    };
}

enum { STATE, SIZE, PAGE, NEAR, IN_USE };

static void set_in_use(struct rmp *rmp, uint64_t paddr) {
    struct rmp_entry e;
    if (!rmp_entry_at(rmp, paddr, &e)) return;
    e.in_use = 1;
    decision_put(rmp, paddr, e);
}

/* Guest states are the guest's own, with VMSA set; an unassigned first page. USED: an index of in_use. A structure
 * is 4 KiB, so that of a 2 MiB page only the first page can be in use. */
static bool set_up(struct rmp *rmp, const unsigned at[DECISION_DIMS_MAX], unsigned used) {
    const struct decision_page page = {
        .state = (enum decision_state)at[STATE],
        .first = DECISION_HYPERVISOR,
        .size = (enum rmp_page_size)at[SIZE],
        .later = at[PAGE] != 0,
        .near = at[NEAR],
        .vmsa = true,
    };
    const uint64_t spa = DECISION_SPA + decision_offset(page.later);
    if (used != 0 && page.state == DECISION_DEFAULT) return false;
    if (page.size == RMP_2M && (used == 2 || (used == 1 && page.later))) return false;
    if (!decision_make(rmp, &page)) return false;
    if (used != 0) set_in_use(rmp, used == 1 ? spa : spa + RMP_PAGE_4K);
    return true;
}

static uint64_t spa_of(const unsigned at[DECISION_DIMS_MAX]) {
    return decision_region((enum decision_state)at[STATE]) + decision_offset(at[PAGE] != 0);
}

static const uint32_t nothing[2];

/* ---- RMPUPDATE ---- */

enum { REQUEST = 5, REQUEST_SIZE, UPDATE_LOW, UPDATE_CPU };

static const char *const request_names[] = {
    "all-zero",
    "same guest",
    "other GPA",
    "other ASID",
    "same with Immutable",
    "firmware",
    "firmware with GPA",
    "unassigned, Immutable",
    "unassigned, ASID",
    "ASID 1024",
};
static const struct rmp_state_fields requests[] = {
    {.gpa = 0},
    {.gpa = DECISION_GPA, .assigned = true, .asid = DECISION_ASID},
    {.gpa = DECISION_OTHER_GPA, .assigned = true, .asid = DECISION_ASID},
    {.gpa = DECISION_GPA, .assigned = true, .asid = DECISION_OTHER_ASID},
    {.gpa = DECISION_GPA, .assigned = true, .immutable = true, .asid = DECISION_ASID},
    {.assigned = true, .immutable = true},
    {.gpa = DECISION_OTHER_GPA, .assigned = true, .immutable = true},
    {.immutable = true},
    {.asid = DECISION_ASID},
    {.gpa = DECISION_GPA, .assigned = true, .asid = RMP_ASID_MAX + 1},
};

static bool update_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                          uint32_t words[DECISION_WORDS_MAX]) {
    const struct rmp_cpu cpu = cpu_of(at[UPDATE_CPU]);
    struct rmp_state_fields new = requests[at[REQUEST]];
    new.size = (enum rmp_page_size)at[REQUEST_SIZE];
    if (new.gpa != 0) new.gpa += decision_offset(at[PAGE] != 0);
    if (!set_up(bench->rmp, at, at[IN_USE])) return false;
    const uint64_t spa = spa_of(at) + decision_low(at[UPDATE_LOW]);
    const struct rmp_answer answer = rmp_update(bench->rmp, &cpu, spa, &new);
    decision_instruction(bench->rmp, answer, nothing, (enum decision_state)at[STATE], words);
    return true;
}

#define HOST_DIMS                                                                                  \
    DECISION_STATE, DECISION_SIZE, DECISION_PAGE, DECISION_DIM("neighbours", decision_neighbours)
#define LOW DECISION_DIM("low bits", decision_lows)
#define CPUS(count) DECISION_ONLY("cpu", cpus, 0, count)
#define UPDATE_DIMS(cpu_count)                                                                     \
    {                                                                                              \
        HOST_DIMS, DECISION_DIM("in use", in_use), DECISION_DIM("request", request_names),         \
            DECISION_DIM("request size", decision_sizes), LOW, CPUS(cpu_count)                     \
    }

static const struct decision_dim update_dims[] = UPDATE_DIMS(ABSENT);
static const struct decision_dim update_good_dims[] = UPDATE_DIMS(1);

static void in_use_first(struct rmp_rules *turn) {
    turn->update_in_use_first = true;
}

static void inside_2m(struct rmp_rules *turn) {
    turn->update_inside_2m = RMP_FAIL_PERMISSION;
}

static void over_hv_fixed(struct rmp_rules *turn) {
    turn->update_over_hv_fixed = 0;
}

static void refuses_gpa(struct rmp_rules *turn) {
    turn->update_refuses_gpa = true;
}

/* ---- PSMASH ---- */

enum { PSMASH_LOW = 5, PSMASH_CPU };

static bool psmash_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                          uint32_t words[DECISION_WORDS_MAX]) {
    const struct rmp_cpu cpu = cpu_of(at[PSMASH_CPU]);
    if (!set_up(bench->rmp, at, at[IN_USE])) return false;
    const uint64_t spa = spa_of(at) + decision_low(at[PSMASH_LOW]);
    const struct rmp_answer answer = rmp_psmash(bench->rmp, &cpu, spa);
    decision_instruction(bench->rmp, answer, nothing, (enum decision_state)at[STATE], words);
    return true;
}

#define PSMASH_DIMS(cpu_count)                                                                     \
    { HOST_DIMS, DECISION_ONLY("in use", in_use, 0, 2), LOW, CPUS(cpu_count) }

static const struct decision_dim psmash_dims[] = PSMASH_DIMS(ABSENT);
static const struct decision_dim psmash_good_dims[] = PSMASH_DIMS(1);

static void any_asid(struct rmp_rules *turn) {
    turn->psmash_needs_asid = false;
}

static void immutable(struct rmp_rules *turn) {
    turn->psmash_needs_mutable = false;
}

static void any(struct rmp_rules *turn) {
    turn->psmash_needs_asid = turn->psmash_needs_mutable = false;
}

/* ---- RMPREAD ---- */

enum { READ_CPU = 4 };

/* An answer that leaves the output as it was told nothing. */
static void pack_fields(const struct rmp_state_fields *f, uint32_t told[2]) {
    told[0] = UINT32_C(1) << 31 | (uint32_t)f->assigned | (uint32_t)f->size << 1 |
              (uint32_t)f->region_assigned << 2 | (uint32_t)f->immutable << 3 | f->asid << 8;
    told[1] = (uint32_t)(f->gpa / RMP_PAGE_4K);
}

static bool read_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                        uint32_t words[DECISION_WORDS_MAX]) {
    struct rmp *rmp = at[READ_CPU] == ABSENT ? bench->bare : bench->rmp;
    const struct rmp_cpu cpu = cpu_of(at[READ_CPU]);
    struct rmp_state_fields fields = {.asid = UINT32_MAX};
    uint32_t told[2] = {0};
    if (!set_up(rmp, at, 0)) return false;
    const struct rmp_answer answer = rmp_read(rmp, &cpu, spa_of(at), &fields);
    if (fields.asid != UINT32_MAX) pack_fields(&fields, told);
    decision_instruction(rmp, answer, told, (enum decision_state)at[STATE], words);
    return true;
}

#define READ_DIMS(cpu_count)                                                                       \
    { HOST_DIMS, CPUS(cpu_count) }

static const struct decision_dim read_dims[] = READ_DIMS(ABSENT + 1);
static const struct decision_dim read_good_dims[] = READ_DIMS(1);

static void no_region(struct rmp_rules *turn) {
    turn->read_tells_region = false;
}

#define HOST(name_, dims_, switches_, decide_)                                                     \
    {                                                                                              \
        .name = name_, .dims = dims_, .dim_count = DECISION_COUNT(dims_),                          \
        .words = DECISION_WORDS_MAX, .regions = DECISION_REGIONS, .switches = switches_,           \
        .decide = decide_                                                                          \
    }

const struct decision_table decision_host[] = {
    HOST("rmpupdate", update_dims, NULL, update_decide),
    HOST("rmpupdate:in-use-first", update_good_dims, in_use_first, update_decide),
    HOST("rmpupdate:inside-2m", update_good_dims, inside_2m, update_decide),
    HOST("rmpupdate:over-hv-fixed", update_good_dims, over_hv_fixed, update_decide),
    HOST("rmpupdate:refuses-gpa", update_good_dims, refuses_gpa, update_decide),
    HOST("psmash", psmash_dims, NULL, psmash_decide),
    HOST("psmash:any-asid", psmash_good_dims, any_asid, psmash_decide),
    HOST("psmash:immutable", psmash_good_dims, immutable, psmash_decide),
    HOST("psmash:any", psmash_good_dims, any, psmash_decide),
    HOST("rmpread", read_dims, NULL, read_decide),
    HOST("rmpread:no-region", read_good_dims, no_region, read_decide),
    {0},
};
