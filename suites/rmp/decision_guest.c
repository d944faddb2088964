/* Tables of PVALIDATE, RMPADJUST and RMPQUERY. RMP notes, sections 3.3 to 3.5 and 7. */
#include "rmp/decision.h"

/* Low bits are of all addresses. */
static const char *const gvas[] = {"aligned", "unaligned", "0x800"};
static const uint64_t gva_bits[] = {0, RMP_PAGE_4K, 0x800};

static uint64_t gva_of(unsigned gva) {
    return DECISION_GVA + gva_bits[gva];
}

static const struct rmp_cpu good_cpu = {.long_mode = true, .snp = true, .asid = DECISION_ASID};
static const uint32_t nothing[2];

/* GPA: an index of decision_gpas; GVA: of gvas. */
static struct rmp_translation translation(const struct decision_page *page, unsigned map,
                                          unsigned gpa, unsigned gva) {
    const uint64_t offset = decision_offset(page->later) + gva_bits[gva] % RMP_PAGE_4K;
    return (struct rmp_translation){
        .present = true,
        .c = true,
        .map = (enum rmp_map)map,
        .gpa = decision_address(gpa, offset),
        .spa = decision_region(page->state) + offset,
    };
}

/* ---- PVALIDATE ---- */

enum { STATE, OWN, GPA, SIZE, PAGE, MAP, C, PRESENT, WANTED_SIZE, VALIDATE, GVA, CPU };

static const char *const yes_no[] = {"no", "yes"};
static const char *const cpus[] = {"good",   "no long mode", "no SNP", "CPL 3",
                                   "VMPL 1", "VMPL 3",       "ASID 0"};

static struct rmp_cpu cpu_of(unsigned index) {
    struct rmp_cpu cpu = good_cpu;
    cpu.long_mode = index != 1;
    cpu.snp = index != 2;
    cpu.cpl = index == 3 ? 3 : 0;
    cpu.vmpl = index == 4 ? 1 : index == 5 ? 3 : 0;
    if (index == 6) cpu.asid = 0;
    return cpu;
}

static bool pvalidate_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                             uint32_t words[DECISION_WORDS_MAX]) {
    const struct decision_page page = {
        .state = (enum decision_state)at[STATE],
        .first = DECISION_GUEST_VALID,
        .size = (enum rmp_page_size)at[SIZE],
        .other_asid = at[OWN] != 0,
        .other_gpa = at[GPA] == DECISION_MISMATCH,
        .later = at[PAGE] != 0,
    };
    const struct rmp_cpu cpu = cpu_of(at[CPU]);
    struct rmp_translation mapped = translation(&page, at[MAP], at[GPA], at[GVA]);
    mapped.c = at[C] != 0;
    mapped.present = at[PRESENT] != 0;
    if (!decision_make(bench->rmp, &page)) return false;
    const struct rmp_answer answer =
        rmp_pvalidate(bench->rmp, &cpu, gva_of(at[GVA]), &mapped,
                      (enum rmp_page_size)at[WANTED_SIZE], at[VALIDATE] != 0);
    decision_instruction(bench->rmp, answer, nothing, page.state, words);
    return true;
}

static const struct decision_dim pvalidate_dims[] = {
    DECISION_STATE,
    DECISION_DIM("own", decision_match),
    DECISION_DIM("gpa", decision_gpas),
    DECISION_SIZE,
    DECISION_PAGE,
    DECISION_MAP,
    DECISION_DIM("C", decision_bits),
    DECISION_DIM("present", yes_no),
    DECISION_DIM("request size", decision_sizes),
    DECISION_DIM("validate", decision_bits),
    DECISION_DIM("GVA", gvas),
    DECISION_DIM("cpu", cpus),
};

/* ---- what RMPADJUST and RMPQUERY share: who asks about whom, and what is wrong with the mapping or the owner ---- */

enum { ASK_WHERE = 1, ASK_SIZE, ASK_PAGE, ASK_MAP };
enum { WHERE_GOOD, WHERE_ASID, WHERE_GPA, WHERE_SHARED, WHERE_ABSENT };

static const char *const where[] = {"good", "ASID", "GPA", "C=0", "absent"};
static const char *const ask_names[] = {
    "VMPL 0 of 1", "VMPL 0 of 3",  "VMPL 1 of 2", "VMPL 1 of 1", "VMPL 2 of 0",
    "VMPL 0 of 4", "no long mode", "no SNP",      "CPL 3",       "absent",
};
static const struct ask {
    uint8_t vmpl, target;
    bool legacy, plain, lacking; /* no long mode, no SNP, no RMPQUERY */
    uint8_t cpl;
} asks[] = {
    {.target = 1},
    {.target = 3},
    {.vmpl = 1, .target = 2},
    {.vmpl = 1, .target = 1},
    {.vmpl = 2},
    {.target = 4},
    {.target = 1, .legacy = true},
    {.target = 1, .plain = true},
    {.target = 1, .cpl = 3},
    {.target = 1, .lacking = true},
};

static struct rmp_cpu ask_cpu(const struct ask *ask) {
    struct rmp_cpu cpu = good_cpu;
    cpu.long_mode = !ask->legacy;
    cpu.snp = !ask->plain;
    cpu.cpl = ask->cpl;
    cpu.vmpl = ask->vmpl;
    return cpu;
}

static struct decision_page ask_page(const unsigned at[DECISION_DIMS_MAX]) {
    return (struct decision_page){
        .state = (enum decision_state)at[STATE],
        .first = DECISION_GUEST_VALID,
        .size = (enum rmp_page_size)at[ASK_SIZE],
        .other_asid = at[ASK_WHERE] == WHERE_ASID,
        .other_gpa = at[ASK_WHERE] == WHERE_GPA,
        .later = at[ASK_PAGE] != 0,
    };
}

static struct rmp_translation ask_translation(const struct decision_page *page,
                                              const unsigned at[DECISION_DIMS_MAX], unsigned gva) {
    struct rmp_translation mapped = translation(page, at[ASK_MAP], DECISION_MATCH, gva);
    mapped.c = at[ASK_WHERE] != WHERE_SHARED;
    mapped.present = at[ASK_WHERE] != WHERE_ABSENT;
    return mapped;
}

/* ---- RMPADJUST ---- */

enum { ADJUST_SIZE = 5, ADJUST_GVA, ADJUST_WHO, ADJUST_MASK, ADJUST_VMSA };

static const char *const mask_names[] = {"0x0b", "0x1f", "0xe1"};
static const uint8_t masks[] = {0x0B, 0x1F, 0xE1};

static bool adjust_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                          uint32_t words[DECISION_WORDS_MAX]) {
    const struct decision_page page = ask_page(at);
    const struct rmp_translation mapped = ask_translation(&page, at, at[ADJUST_GVA]);
    const struct ask *ask = &asks[at[ADJUST_WHO]];
    const struct rmp_cpu cpu = ask_cpu(ask);
    const struct rmp_adjustment wanted = {
        .vmpl = ask->target, .mask = masks[at[ADJUST_MASK]], .vmsa = at[ADJUST_VMSA] != 0};
    if (!decision_make(bench->rmp, &page)) return false;
    const struct rmp_answer answer = rmp_adjust(bench->rmp, &cpu, gva_of(at[ADJUST_GVA]), &mapped,
                                                (enum rmp_page_size)at[ADJUST_SIZE], &wanted);
    decision_instruction(bench->rmp, answer, nothing, page.state, words);
    return true;
}

#define ADJUST_DIMS(state, place)                                                                  \
    {                                                                                              \
        state, place, DECISION_SIZE, DECISION_PAGE, DECISION_MAP,                                  \
            DECISION_DIM("request size", decision_sizes), DECISION_DIM("GVA", gvas),               \
            DECISION_ONLY("who", ask_names, 0, 9), DECISION_DIM("mask", mask_names),               \
            DECISION_DIM("VMSA", decision_bits),                                                   \
    }

#define GUEST_STATES DECISION_ONLY("state", decision_states, DECISION_GUEST_INVALID, 2)
#define WELL_PLACED DECISION_ONLY("where", where, WHERE_GOOD, 1)

static const struct decision_dim adjust_dims[] =
    ADJUST_DIMS(DECISION_STATE, DECISION_DIM("where", where));
static const struct decision_dim adjust_guest_dims[] = ADJUST_DIMS(GUEST_STATES, WELL_PLACED);

static void refuses_vmsa(struct rmp_rules *turn) {
    turn->adjust_refuses_vmsa = true;
}

static void refuses_vmsa_2m(struct rmp_rules *turn) {
    turn->adjust_refuses_vmsa_2m = true;
}

/* ---- RMPQUERY ---- */

enum { QUERY_WHO = 5 };

static bool query_decide(struct decision_bench *bench, const unsigned at[DECISION_DIMS_MAX],
                         uint32_t words[DECISION_WORDS_MAX]) {
    const struct decision_page page = ask_page(at);
    const struct rmp_translation mapped = ask_translation(&page, at, 0);
    const struct ask *ask = &asks[at[QUERY_WHO]];
    const struct rmp_cpu cpu = ask_cpu(ask);
    struct rmp *rmp = ask->lacking ? bench->bare : bench->rmp;
    struct rmp_permissions found = {.mask = 0xFF}; /* no page's mask */
    uint32_t told[2] = {0};
    if (!decision_make(rmp, &page)) return false;
    const struct rmp_answer answer = rmp_query(rmp, &cpu, &mapped, ask->target, &found);
    if (found.mask != 0xFF)
        told[0] =
            UINT32_C(1) << 31 | found.mask | (uint32_t)found.vmsa << 8 | (uint32_t)found.size << 9;
    decision_instruction(rmp, answer, told, page.state, words);
    return true;
}

static const struct decision_dim query_dims[] = {
    DECISION_STATE, DECISION_DIM("where", where),   DECISION_SIZE, DECISION_PAGE,
    DECISION_MAP,   DECISION_DIM("who", ask_names),
};

#define GUEST(name_, dims_, switches_, decide_)                                                    \
    {                                                                                              \
        .name = name_, .dims = dims_, .dim_count = DECISION_COUNT(dims_),                          \
        .words = DECISION_WORDS_MAX, .regions = DECISION_REGIONS, .switches = switches_,           \
        .decide = decide_                                                                          \
    }

const struct decision_table decision_guest[] = {
    GUEST("pvalidate", pvalidate_dims, NULL, pvalidate_decide),
    GUEST("rmpadjust", adjust_dims, NULL, adjust_decide),
    GUEST("rmpadjust:refuses-vmsa", adjust_guest_dims, refuses_vmsa, adjust_decide),
    GUEST("rmpadjust:refuses-vmsa-2m", adjust_guest_dims, refuses_vmsa_2m, adjust_decide),
    GUEST("rmpquery", query_dims, NULL, query_decide),
    {0},
};
