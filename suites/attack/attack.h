/* What the scenarios of the area attack share: a machine with two SNP guests, a guest without SNP and a hypervisor that
 * is the attacker, or somebody inside the guest at a higher VMPL or CPL.
 *
 * A scenario is one story told twice. Fair: nobody attacks, the last step works. Evil: the attacker's step or steps are
 * in it; what he wants (HARM) must not happen, and the answer at the step that stops him is the row's STOP. HARM is what
 * somebody then sees or does, bytes as a rule, never the check's own answer. Its first requirement is the one check that
 * stops it: `python -m prove.attacks` breaks exactly that line and must see the harm. */
#ifndef ATTACK_H
#define ATTACK_H

#include <string.h>

#include "runner/suite.h"
#include "sevkit/memory.h"

#define PAGE RMP_PAGE_4K
#define LARGE RMP_PAGE_2M
#define VICTIM_ASID 1
#define OTHER_ASID 2
#define PLAIN_ASID 3 /* a guest without SNP */

/* The Ith page of the Rth 2 MiB. The RMP itself lies in the last one of eight. */
#define AT(r, i) ((r)*LARGE + (i)*PAGE)
#define NOT_COVERED AT(8, 1) /* memory without an RMP entry */
#define GPA_AT(i) (UINT64_C(0x40000000) + (i)*PAGE)

struct attack_stage {
    struct mem *mem;
    struct rmp *rmp;
    struct mem_bus *bus;
    struct mem_guest *victim, *other, *plain;
    const char *broken; /* the step of the set-up that failed; NULL: none */
};

/* How a story ends: the answer of the step that counts, and whether the attacker has what he wanted. */
struct attack_end {
    struct rmp_answer answer; /* of an instruction or an access */
    enum rmp_moved moved;     /* of firmware */
    bool harm;
};

/* The answer that stops the attacker: one of these. */
struct attack_stop {
    unsigned rule;        /* that the answer names */
    enum rmp_moved moved; /* firmware's refusal */
    bool cf;              /* PVALIDATE changed nothing: the guest stops */
};

struct attack_row {
    void (*run)(struct attack_stage *stage, bool evil, struct attack_end *end);
    const char *harm;
    struct attack_stop stop;
    bool evil;
};

void attack_run_row(struct suite_ctx *ctx);

/* The two tests of a scenario. SOURCE: the row of SNP's threat model, or the part of SNP, and the published class where
 * there is one; it stands behind the title, in parentheses. REQ: the check that stops it. STOP: ".rule = 101". */
#define ATTACK(name, source, title_, req, stop_, harm_, run_)                                      \
    {.id = "attack." name "-fair",                                                                 \
     .title = title_ ": the same without the attacker works",                                      \
     .requirements = SUITE_REQ(req),                                                               \
     .kind = SUITE_POSITIVE,                                                                       \
     .needs = TARGET_RMP | TARGET_MEMORY,                                                          \
     .run = attack_run_row,                                                                        \
     .row = &(const struct attack_row){run_, harm_, {0}, false}},                                  \
    {                                                                                              \
        .id = "attack." name, .title = title_ " (" source ")", .requirements = SUITE_REQ(req),     \
        .kind = SUITE_NEGATIVE, .twin = "attack." name "-fair",                                    \
        .needs = TARGET_RMP | TARGET_MEMORY, .run = attack_run_row,                                \
        .row = &(const struct attack_row) {                                                        \
            run_, harm_, {stop_}, true                                                             \
        }                                                                                          \
    }

#define ATTACK_PART(table)                                                                         \
    { .name = "attack", .tests = (table), .count = sizeof(table) / sizeof((table)[0]) }

/* ---- steps of the set-up; a failure ends the test as ERROR ---- */

extern const struct rmp_cpu attack_host;

void attack_need(struct attack_stage *stage, bool good, const char *what);
/* RMPUPDATE by the host. */
struct rmp_answer attack_update(struct attack_stage *stage, uint64_t spa, unsigned asid,
                                uint64_t gpa, enum rmp_page_size size, bool immutable);
struct rmp_answer attack_release(struct attack_stage *stage, uint64_t spa, enum rmp_page_size size);
/* The hypervisor's nested table. */
void attack_map(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                enum rmp_map map);
/* Assigns, maps and validates. */
void attack_give(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                 enum rmp_page_size size);
void attack_assign(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                   enum rmp_page_size size);
/* VMPL 0 sets the mask of VMPL. */
void attack_allow(struct attack_stage *stage, uint64_t gpa, unsigned vmpl, uint8_t mask);

/* ---- 16 bytes that say N ---- */

#define JUNK 9 /* what the attacker writes */

/* As they lie in memory at SPA: written by firmware or by a processor on its own account. */
void attack_put(struct attack_stage *stage, uint64_t spa, unsigned n);
bool attack_holds(struct attack_stage *stage, uint64_t spa, unsigned n);
struct rmp_answer attack_host_write(struct attack_stage *stage, uint64_t spa, enum rmp_map map);

/* The guest's private accesses. */
void attack_value(unsigned n, uint8_t value[16]);
void attack_write(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, unsigned n);
bool attack_reads(struct mem_guest *guest, uint64_t gpa, unsigned n);
/* The last accesses of stories: answer kept in END. True when it went well. */
bool attack_try_read(struct mem_guest *guest, unsigned vmpl, uint64_t gpa, unsigned n,
                     struct attack_end *end, bool *same);
bool attack_try_write(struct mem_guest *guest, unsigned vmpl, uint64_t gpa, unsigned n,
                      struct attack_end *end);

#endif
