/* Attacks from inside the guest: VMPL 1 to 3 against what VMPL 0 keeps from them. */
#include "attack/attack.h"

extern const struct suite_area attack_vmpl_part;

#define X GPA_AT(0)
#define P AT(1, 1)

/* A page with 1 in it, on which VMPL 1 has MASK. */
static void give(struct attack_stage *s, uint8_t mask) {
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 1);
    attack_allow(s, X, 1, mask);
}

static void reads(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, evil ? 0 : RMP_PERM_READ);
    bool same;
    end->harm = attack_try_read(s->victim, 1, X, 1, end, &same) && same && evil;
}

static void writes(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, evil ? RMP_PERM_READ : RMP_PERM_READ | RMP_PERM_WRITE);
    (void)attack_try_write(s->victim, 1, X, 2, end);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

static void writes_blind(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, evil ? RMP_PERM_WRITE : RMP_PERM_READ | RMP_PERM_WRITE);
    (void)attack_try_write(s->victim, 1, X, 2, end);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

/* VMPL 1 fetches what VMPL 0 gave it as data. */
static void fetches(struct attack_stage *s, enum rmp_kind kind, uint8_t mask, bool evil,
                    struct attack_end *end) {
    uint8_t data[16], code[16] = {0};
    attack_value(1, data);
    give(s, (uint8_t)(RMP_PERM_READ | RMP_PERM_WRITE | (evil ? 0 : mask)));
    end->answer = mem_guest_access(s->victim, kind, 1, X, true, code, sizeof code);
    end->harm = evil && memcmp(code, data, sizeof code) == 0;
}

static void fetches_user(struct attack_stage *s, bool evil, struct attack_end *end) {
    fetches(s, RMP_FETCH_USER, RMP_PERM_EXECUTE_USER, evil, end);
}

static void fetches_supervisor(struct attack_stage *s, bool evil, struct attack_end *end) {
    fetches(s, RMP_FETCH_SUPERVISOR, RMP_PERM_EXECUTE_SUPERVISOR, evil, end);
}

/* A page that is no shadow stack becomes one. */
static void pushes(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t value[16];
    attack_value(2, value);
    give(s, (uint8_t)(RMP_PERM_READ | RMP_PERM_WRITE | (evil ? 0 : RMP_PERM_SHADOW_STACK)));
    end->answer = mem_guest_access(s->victim, RMP_SHADOW_STACK, 1, X, true, value, sizeof value);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

/* VMPL 1 takes VMPL 0's permissions away; fair, it takes VMPL 2's. */
static void adjusts_above(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_adjustment nothing = {.vmpl = evil ? 0 : 2, .mask = 0};
    give(s, RMP_PERM_READ);
    end->answer = mem_guest_adjust(s->victim, 1, X, true, RMP_4K, &nothing);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* VMPL 1 gives VMPL 2 what it does not have. */
static void adjusts_beyond(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_adjustment wanted = {.vmpl = 2, .mask = RMP_PERM_READ | RMP_PERM_WRITE};
    struct attack_end written;
    give(s, evil ? RMP_PERM_READ : RMP_PERM_READ | RMP_PERM_WRITE);
    end->answer = mem_guest_adjust(s->victim, 1, X, true, RMP_4K, &wanted);
    (void)attack_try_write(s->victim, 2, X, 2, &written);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

/* VMPL 1 declares the page not validated. */
static void validates(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s, RMP_PERM_ALL);
    end->answer = mem_guest_pvalidate(s->victim, evil ? 1 : 0, X, true, RMP_4K, false);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

static const struct suite_test tests[] = {
    ATTACK("vmpl.read", "VMPL isolation", "VMPL 1 reads a page that VMPL 0 keeps", "SNP-RMP-111",
           .rule = 111, "VMPL 1 has the plaintext", reads),
    ATTACK("vmpl.write", "VMPL isolation", "VMPL 1 writes to a page that it may read",
           "SNP-RMP-112", .rule = 112, "VMPL 0's bytes are changed", writes),
    ATTACK("vmpl.write-without-read", "VMPL isolation",
           "VMPL 1 writes by a mask with write but no read", "SNP-RMP-113", .rule = 113,
           "VMPL 0's bytes are changed", writes_blind),
    ATTACK("vmpl.fetch-user", "VMPL isolation", "a program at VMPL 1 executes a page of data",
           "SNP-RMP-114", .rule = 114, "data is executed", fetches_user),
    ATTACK("vmpl.fetch-supervisor", "VMPL isolation", "a kernel at VMPL 1 executes a page of data",
           "SNP-RMP-115", .rule = 115, "data is executed", fetches_supervisor),
    ATTACK("vmpl.shadow-stack", "VMPL isolation", "VMPL 1 uses a page of data as shadow stack",
           "SNP-RMP-116", .rule = 116, "a shadow stack holds forged return addresses", pushes),
    ATTACK("vmpl.adjust-own-level", "VMPL isolation", "VMPL 1 takes VMPL 0's permissions away",
           "SNP-RMP-065", .rule = 65, "VMPL 0 cannot read its own page", adjusts_above),
    ATTACK("vmpl.grant-more", "VMPL isolation", "VMPL 1 gives VMPL 2 a permission that it lacks",
           "SNP-RMP-068", .rule = 68, "VMPL 2 writes where VMPL 1 may not", adjusts_beyond),
    ATTACK("vmpl.pvalidate", "VMPL isolation", "VMPL 1 drops a page's validation", "SNP-RMP-043",
           .rule = 43, "VMPL 0's page is not validated any more", validates),
};

const struct suite_area attack_vmpl_part = ATTACK_PART(tests);
