/* The parts of the area rmp, and what they share: shots, defects, and images of a whole table. RMP notes, all.
 *
 * Every test works on small tables of its own. A shot is a table and one call on it; a defect changes a good shot
 * in one place, so that a refusal has a twin that succeeds, and two defects at once show which check comes first.
 * Expected values are written as the notes' numbers. */
#ifndef RMP_SUITE_H
#define RMP_SUITE_H

#include "runner/suite.h"
#include "sevkit/rmp.h"

#define RMP_PART(table)                                                                            \
    { .name = "rmp", .tests = (table), .count = sizeof(table) / sizeof((table)[0]) }

extern const struct suite_area rmp_part_update, rmp_part_update_state, rmp_part_psmash,
    rmp_part_read, rmp_part_pvalidate, rmp_part_adjust, rmp_part_adjust_state, rmp_part_query,
    rmp_part_owned, rmp_part_access, rmp_part_vmpl, rmp_part_structure, rmp_part_in_use,
    rmp_part_move, rmp_part_move_refuse, rmp_part_move_rules, rmp_part_move_page, rmp_part_unsmash,
    rmp_part_state, rmp_part_format, rmp_part_location, rmp_part_thread;

/* The decision tables of both models, and the registry of transitions seen at work. */
extern const struct suite_area decision_part, transitions_part, memory_part;

/* ---- what a shot asks ---- */

#define PAGE UINT64_C(0x1000)
#define RMP_REGIONS 4 /* large pages of a table; the one under test is number 1 */
#define RMP_PAGES_MAX (RMP_REGIONS * 512)

#define RMP_ASID 1 /* the guest under test */
#define RMP_OTHER_ASID 2
#define RMP_GPA UINT64_C(0x40000000) /* of the region under test: aligned to 1 GiB */
#define RMP_GVA UINT64_C(0x7F0000000000)

enum rmp_call {
    RMP_CALL_UPDATE,
    RMP_CALL_PSMASH,
    RMP_CALL_READ,
    RMP_CALL_PVALIDATE,
    RMP_CALL_ADJUST,
    RMP_CALL_QUERY,
    RMP_CALL_ACCESS,
    RMP_CALL_STRUCTURE,
    RMP_CALL_VMRUN,
    RMP_CALL_MOVE, /* the answer's EAX is the enum rmp_moved */
    RMP_CALL_MOVE_PAGE,
    RMP_CALL_UNSMASH,
};

struct rmp_shot {
    struct rmp_config config;
    /* The table: one entry (of a whole region with RMP_2M, of each page of it with FILL), then another. */
    struct rmp_entry entry;
    uint64_t entry_at;
    bool fill;
    struct rmp_entry other;
    uint64_t other_at; /* 0: none */
    /* The call. */
    enum rmp_call call;
    struct rmp_cpu cpu;
    uint64_t spa; /* also of TRANSLATION and ACCESS */
    struct rmp_state_fields fields;
    uint64_t gva;
    struct rmp_translation translation;
    enum rmp_page_size size;
    bool validate;
    struct rmp_adjustment adjustment;
    struct rmp_access access;
    enum rmp_structure structure;
    uint16_t asid; /* of STRUCTURE */
    uint64_t gpa;
    struct rmp_vmrun run;
    enum rmp_move move;
    uint64_t dst; /* of MOVE_PAGE */
    struct rmp_move_args args;
    /* What it told. */
    struct rmp_state_fields read;
    struct rmp_permissions found;
};

/* A table of RMP_REGIONS large pages of PAGES pages and a processor in 64-bit mode with SNP: the host. */
struct rmp_shot rmp_shot_host(enum rmp_call call, unsigned pages);
/* As above; the processor runs the guest, and its address maps the second page of the region under test, 4 KiB, C=1,
 * whose entry is its own and full of permissions. */
struct rmp_shot rmp_shot_guest(enum rmp_call call, unsigned pages);
/* A guest's shot of a large page: instruction, mapping and entry. */
void rmp_shot_large(struct rmp_shot *shot);

/* Bytes of a large page, and of the table. */
uint64_t rmp_shot_page(const struct rmp_shot *shot);
uint64_t rmp_shot_end(const struct rmp_shot *shot);

/* An entry of 4 KiB in STATE as the notes' table has it; a guest's is RMP_ASID's and has GPA. */
struct rmp_entry rmp_state_entry(enum rmp_state state, uint64_t gpa);

/* The table of SHOT, with entries elsewhere that no call may touch. ERROR if it cannot be made. */
SEVKIT_MUST bool rmp_shot_make(struct suite_ctx *ctx, const struct rmp_shot *shot,
                               struct rmp **rmp);
struct rmp_answer rmp_shot_call(struct rmp *rmp, struct rmp_shot *shot);

/* ---- images ---- */

struct rmp_image {
    unsigned pages;       /* of the table */
    unsigned large_pages; /* of a large page */
    struct rmp_entry entries[RMP_PAGES_MAX];
    uint64_t asid_pages[RMP_ASID_MAX + 1];
};

void rmp_image_take(const struct rmp *rmp, struct rmp_image *image);
/* Nothing at all changed. */
SEVKIT_MUST bool rmp_image_same(struct suite_ctx *ctx, const struct rmp_image *before,
                                const struct rmp_image *after);
/* Sub-page counts and ASID counters are what the entries say. */
SEVKIT_MUST bool rmp_image_counted(struct suite_ctx *ctx, const struct rmp_image *image);
/* All of two entries but the sub-page count. */
SEVKIT_MUST bool rmp_entry_equal(struct suite_ctx *ctx, const struct rmp_entry *wanted,
                                 const struct rmp_entry *got, const char *rule);
SEVKIT_MUST bool rmp_answer_equal(struct suite_ctx *ctx, struct rmp_answer wanted,
                                  struct rmp_answer got, const char *rule);

/* ---- expectations ---- */

/* SHOT is answered by WANTED; no entry, sub-page count, ASID counter or output changes. */
SEVKIT_MUST bool rmp_shot_refused(struct suite_ctx *ctx, const struct rmp_shot *shot,
                                  struct rmp_answer wanted);
/* SHOT succeeds and changes nothing; what it told is in SHOT. */
SEVKIT_MUST bool rmp_shot_granted(struct suite_ctx *ctx, struct rmp_shot *shot);

/* The other pages of the region afterwards. */
enum rmp_later {
    RMP_LATER_KEPT,
    RMP_LATER_ASSIGNED, /* Assigned, else zero */
    RMP_LATER_ZERO,
    RMP_LATER_COPIES, /* of the first, with GPAs of their own */
    RMP_LATER_ALIKE,  /* of the first */
};

/* Row of rmp_case_good: what SHOT makes of its table. */
struct rmp_good {
    struct rmp_shot (*base)(unsigned pages);
    void (*vary)(struct rmp_shot *shot); /* NULL: not */
    bool keeps;                          /* nothing changes: AFTER is not looked at */
    bool cf;
    struct rmp_entry after; /* of the page ENTRY_AT */
    enum rmp_later later;
};
SEVKIT_MUST bool rmp_shot_good(struct suite_ctx *ctx, struct rmp_shot *shot,
                               const struct rmp_good *good);
void rmp_case_good(struct suite_ctx *ctx);

/* ---- defects ---- */

/* What a defect decides: two that share none can be in one shot. */
enum rmp_claim {
    RMP_CLAIM_MODE = 1 << 0,
    RMP_CLAIM_CPL = 1 << 1,
    RMP_CLAIM_CPU_ASID = 1 << 2,
    RMP_CLAIM_VMPL = 1 << 3,
    RMP_CLAIM_ADDRESS = 1 << 4,  /* inside the region */
    RMP_CLAIM_COVERED = 1 << 5,  /* which region */
    RMP_CLAIM_SIZE = 1 << 6,     /* of the instruction */
    RMP_CLAIM_ASSIGNED = 1 << 7, /* wanted, with ASID and GPA */
    RMP_CLAIM_TARGET = 1 << 8,   /* VMPL asked about */
    RMP_CLAIM_VMSA = 1 << 9,
    RMP_CLAIM_MASK = 1 << 10,
    RMP_CLAIM_PRESENT = 1 << 11,
    RMP_CLAIM_C = 1 << 12,
    RMP_CLAIM_MAP = 1 << 13,
    RMP_CLAIM_IMMUTABLE = 1 << 14, /* of the entry, as all that follow */
    RMP_CLAIM_OWNER = 1 << 15,
    RMP_CLAIM_GPA = 1 << 16,
    RMP_CLAIM_PAGE_SIZE = 1 << 17,
    RMP_CLAIM_VALIDATED = 1 << 18,
    RMP_CLAIM_IN_USE = 1 << 19,
    RMP_CLAIM_OTHER = 1 << 20, /* the second entry */
    RMP_CLAIM_EXTRA = 1 << 21, /* a thing that one instruction has alone */
};
/* Of the entry: without one, none of these can be seen. */
#define RMP_CLAIM_ENTRY                                                                            \
    (RMP_CLAIM_IMMUTABLE | RMP_CLAIM_OWNER | RMP_CLAIM_GPA | RMP_CLAIM_PAGE_SIZE |                 \
     RMP_CLAIM_VALIDATED | RMP_CLAIM_IN_USE | RMP_CLAIM_OTHER)

struct rmp_defect {
    const char *name;
    void (*apply)(struct rmp_shot *shot);
    unsigned claims;
    struct rmp_answer answer;
};

/* Row of rmp_case_refused: BASE with DEFECT. */
struct rmp_refusal {
    struct rmp_shot (*base)(unsigned pages);
    const struct rmp_defect *defect;
};
void rmp_case_refused(struct suite_ctx *ctx);

/* Row of rmp_case_order: the defects in the order of the checks. Each pair that fits in one shot gives the answer of
 * the earlier one. */
struct rmp_order {
    struct rmp_shot (*base)(unsigned pages);
    const struct rmp_defect *defects;
    size_t count;
};
void rmp_case_order(struct suite_ctx *ctx);

/* Defects of a processor, shared by the instructions. */
void rmp_not_long_mode(struct rmp_shot *shot);
void rmp_not_snp(struct rmp_shot *shot);
void rmp_cpl_1(struct rmp_shot *shot);
void rmp_cpl_3(struct rmp_shot *shot);
void rmp_cpu_in_guest(struct rmp_shot *shot);
void rmp_not_covered(struct rmp_shot *shot); /* the first page after the table */
/* ... of a guest's translation and its entry. */
void rmp_not_present(struct rmp_shot *shot);
void rmp_not_covered_shared(struct rmp_shot *shot); /* both: ENC is C */
void rmp_shared(struct rmp_shot *shot);
void rmp_other_owner(struct rmp_shot *shot);
void rmp_no_owner(struct rmp_shot *shot);
void rmp_other_gpa(struct rmp_shot *shot);
void rmp_beyond_gpa(struct rmp_shot *shot);
void rmp_immutable(struct rmp_shot *shot);
void rmp_not_validated(struct rmp_shot *shot);
void rmp_gva_unaligned(struct rmp_shot *shot);
void rmp_gva_inside(struct rmp_shot *shot);         /* ... by its low bits */
void rmp_small_on_large(struct rmp_shot *shot);     /* 4 KiB, both tables 2 MiB */
void rmp_small_on_large_map(struct rmp_shot *shot); /* 4 KiB, the nested table 2 MiB */
void rmp_small_on_large_rmp(struct rmp_shot *shot); /* 4 KiB, the RMP 2 MiB */
void rmp_large_on_small(struct rmp_shot *shot);     /* 2 MiB, both tables 4 KiB */
void rmp_large_on_small_map(struct rmp_shot *shot);
void rmp_large_on_small_rmp(struct rmp_shot *shot);

/* Answers: error bits 31 RMP, 34 ENC, 35 SIZEM, 36 VMPL. */
#define RMP_ANSWER_UD(RULE)                                                                        \
    { .fault = RMP_UD, .rule = (RULE) }
#define RMP_ANSWER_GP(RULE)                                                                        \
    { .fault = RMP_GP, .rule = (RULE) }
#define RMP_ANSWER_CODE(CODE, RULE)                                                                \
    { .eax = (CODE), .rule = (RULE) }
#define RMP_ANSWER_NPF(ERROR, RULE)                                                                \
    { .fault = RMP_NPF, .error = UINT64_C(ERROR), .rule = (RULE) }
#define RMP_ANSWER_VC(RULE)                                                                        \
    { .fault = RMP_VC, .error = 0x404, .rule = (RULE) }

/* The checks of a guest's instruction from its nested mapping to its entry, in their order; their places in a table
 * of defects, and the defects. */
#define RMP_TRANSLATION_NAMES                                                                      \
    NOT_PRESENT, NOT_COVERED, NOT_COVERED_SHARED, SHARED, OTHER_OWNER, NO_OWNER, OTHER_GPA,        \
        BEYOND_GPA, IMMUTABLE
#define RMP_TRANSLATION_DEFECTS                                                                    \
    [NOT_PRESENT] = {"no nested mapping", rmp_not_present, RMP_CLAIM_PRESENT,                      \
                     RMP_ANSWER_NPF(0, 45)},                                                       \
    [NOT_COVERED] = {"no RMP entry", rmp_not_covered,                                              \
                     RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY | RMP_CLAIM_C,                            \
                     RMP_ANSWER_NPF(0x480000000, 46)},                                             \
    [NOT_COVERED_SHARED] = {"no RMP entry, C=0", rmp_not_covered_shared,                           \
                            RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY | RMP_CLAIM_C,                     \
                            RMP_ANSWER_NPF(0x80000000, 46)},                                       \
    [SHARED] = {"C=0", rmp_shared, RMP_CLAIM_C, RMP_ANSWER_NPF(0x80000000, 50)},                   \
    [OTHER_OWNER] = {"another ASID", rmp_other_owner, RMP_CLAIM_OWNER,                             \
                     RMP_ANSWER_NPF(0x480000000, 47)},                                             \
    [NO_OWNER] = {"ASID 0", rmp_no_owner, RMP_CLAIM_OWNER, RMP_ANSWER_NPF(0x480000000, 47)},       \
    [OTHER_GPA] = {"another GPA", rmp_other_gpa, RMP_CLAIM_GPA, RMP_ANSWER_NPF(0x480000000, 48)},  \
    [BEYOND_GPA] = {"GPA bit 51", rmp_beyond_gpa, RMP_CLAIM_GPA, RMP_ANSWER_NPF(0x480000000, 48)}, \
    [IMMUTABLE] = {"Immutable", rmp_immutable, RMP_CLAIM_IMMUTABLE,                                \
                   RMP_ANSWER_NPF(0x480000000, 49)}

/* ---- rows ---- */

#define RMP_TEST(ID, TITLE, REQS, RUN, ROW)                                                        \
    {                                                                                              \
        .id = "rmp." ID, .title = TITLE, .requirements = SUITE_REQ REQS, .kind = SUITE_POSITIVE,   \
        .needs = TARGET_RMP, .run = RUN, .row = ROW                                                \
    }
#define RMP_NEGATIVE(ID, TITLE, TWIN, REQS, RUN, ROW)                                              \
    {                                                                                              \
        .id = "rmp." ID, .title = TITLE, .requirements = SUITE_REQ REQS, .kind = SUITE_NEGATIVE,   \
        .twin = "rmp." TWIN, .needs = TARGET_RMP, .run = RUN, .row = ROW                           \
    }
#define RMP_GOOD(ID, TITLE, REQS, ...)                                                             \
    RMP_TEST(ID, TITLE, REQS, rmp_case_good, (&(const struct rmp_good){__VA_ARGS__}))
#define RMP_REFUSED(ID, TITLE, TWIN, REQS, BASE, DEFECT)                                           \
    RMP_NEGATIVE(ID, TITLE, TWIN, REQS, rmp_case_refused,                                          \
                 (&(const struct rmp_refusal){BASE, DEFECT}))
#define RMP_ORDER(ID, TITLE, TWIN, REQS, BASE, DEFECTS)                                            \
    RMP_NEGATIVE("order." ID, TITLE, TWIN, REQS, rmp_case_order,                                   \
                 (&(const struct rmp_order){BASE, DEFECTS, sizeof(DEFECTS) / sizeof(DEFECTS)[0]}))

/* Runs BODY for tables whose large pages have 8 and 512 pages, until one stops the test. */
void rmp_each_size(struct suite_ctx *ctx, void (*body)(struct suite_ctx *ctx, unsigned pages));

#endif
