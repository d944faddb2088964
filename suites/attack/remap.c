/* Attacks by the hypervisor's nested table and by RMPUPDATE: remapping, aliasing, injection, replay, dropped and double
 * validation. In each the guest must never read what it did not write there last. */
#include "attack/attack.h"

extern const struct suite_area attack_remap_part;

#define X GPA_AT(0) /* the guest address under attack */
#define Y GPA_AT(1)
#define P AT(1, 1)
#define Q AT(1, 2)

/* The guest reads X, which holds 1: another value is harm. */
static void read_x(struct attack_stage *s, struct attack_end *end) {
    bool same;
    if (attack_try_read(s->victim, 0, X, 1, end, &same)) end->harm = !same;
}

/* The guest, told that GPA has another page, accepts it and writes 1. */
static void accept(struct attack_stage *s, struct mem_guest *guest, uint64_t gpa) {
    attack_need(s, rmp_ok(mem_guest_pvalidate(guest, 0, gpa, true, RMP_4K, true)), "PVALIDATE");
    attack_write(s, guest, gpa, 1);
}

static void give_two(struct attack_stage *s) {
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_give(s, s->victim, Y, Q, RMP_4K);
    attack_write(s, s->victim, X, 1);
    attack_write(s, s->victim, Y, 2);
}

static void remap_own(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    if (evil) attack_map(s, s->victim, X, Q, RMP_MAP_4K);
    read_x(s, end);
}

/* Two mappings of the attacker's: one alone is remap.own-page. */
static void swap(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    if (evil) attack_map(s, s->victim, X, Q, RMP_MAP_4K);
    if (evil) attack_map(s, s->victim, Y, P, RMP_MAP_4K);
    bool same;
    read_x(s, end);
    struct attack_end other;
    if (attack_try_read(s->victim, 0, Y, 2, &other, &same)) end->harm = end->harm && !same;
}

/* A write to Y changes X. */
static void alias(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    if (evil) attack_map(s, s->victim, Y, P, RMP_MAP_4K);
    (void)attack_try_write(s->victim, 0, Y, 3, end);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* Another guest writes through its own mapping; the fair one has a page of its own. */
static void share(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    attack_give(s, s->other, X, AT(2, 1), RMP_4K);
    if (evil) attack_map(s, s->other, X, P, RMP_MAP_4K);
    (void)attack_try_write(s->other, 0, X, 3, end);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* A page of the attacker's choice, assigned at X but never accepted by the guest. */
static void inject(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    attack_assign(s, s->victim, X, AT(2, 1), RMP_4K);
    if (evil) attack_map(s, s->victim, X, AT(2, 1), RMP_MAP_4K);
    read_x(s, end);
}

/* The host takes the page, puts an old ciphertext into it and gives it back; evil, without telling the guest. */
static void replay_released(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t old[PAGE];
    bool same;
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 2);
    attack_need(s, rmp_ok(mem_host_read(s->bus, P, old, sizeof old)), "a read of the host's");
    attack_write(s, s->victim, X, 1);
    attack_need(s, rmp_ok(attack_release(s, P, RMP_4K)), "RMPUPDATE");
    attack_need(s, rmp_ok(mem_host_write(s->bus, P, RMP_MAP_4K, old, sizeof old)),
                "a write of the host's");
    attack_assign(s, s->victim, X, P, RMP_4K);
    if (!evil) accept(s, s->victim, X);
    end->harm = attack_try_read(s->victim, 0, X, 2, end, &same) && same;
}

/* Only the entry's GPA changes: Validated must not stay. Evil, the guest is not told. */
static void retarget_gpa(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    attack_assign(s, s->victim, X, Q, RMP_4K);
    attack_map(s, s->victim, X, Q, RMP_MAP_4K);
    if (!evil) accept(s, s->victim, X);
    read_x(s, end);
}

/* A validated page goes to another guest; evil, that one is not told. */
static void retarget_asid(struct attack_stage *s, bool evil, struct attack_end *end) {
    bool same;
    give_two(s);
    attack_give(s, s->other, X, AT(2, 1), RMP_4K);
    attack_write(s, s->other, X, 1);
    attack_assign(s, s->other, X, P, RMP_4K);
    attack_map(s, s->other, X, P, RMP_MAP_4K);
    if (!evil) accept(s, s->other, X);
    if (attack_try_read(s->other, 0, X, 1, end, &same)) end->harm = !same;
}

/* The guest gives X up and accepts it again. Behind its back the two PVALIDATEs meet different pages, so that two pages
 * are validated for X, and the host changes between them: two mappings of the attacker's. CF tells that the first
 * PVALIDATE changed nothing; the guest stops then. */
static void double_validation(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 2);
    attack_assign(s, s->victim, X, AT(2, 1), RMP_4K);
    if (evil) attack_map(s, s->victim, X, AT(2, 1), RMP_MAP_4K);
    end->answer = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, false);
    attack_need(s, rmp_ok(end->answer), "PVALIDATE");
    if (end->answer.cf) return;
    (void)mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, true);
    attack_write(s, s->victim, X, 1);
    if (evil) attack_map(s, s->victim, X, P, RMP_MAP_4K);
    read_x(s, end);
}

/* PVALIDATE of X through a mapping to Y's page, which the guest did not accept yet. */
static void validate_elsewhere(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_assign(s, s->victim, X, P, RMP_4K);
    attack_assign(s, s->victim, Y, Q, RMP_4K);
    attack_map(s, s->victim, Y, Q, RMP_MAP_4K);
    attack_map(s, s->victim, X, evil ? Q : P, RMP_MAP_4K);
    end->answer = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, true);
    struct attack_end read;
    bool same;
    end->harm = attack_try_read(s->victim, 0, Y, 0, &read, &same);
}

/* A guest drops the validation of another guest's page. */
static void invalidate_other(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    attack_give(s, s->other, X, AT(2, 1), RMP_4K);
    if (evil) attack_map(s, s->other, X, P, RMP_MAP_4K);
    end->answer = mem_guest_pvalidate(s->other, 0, X, true, RMP_4K, false);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* Permissions for VMPL 1 on a page that the guest did not accept, which the page still has when it does. */
static void adjust_early(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_adjustment wanted = {.vmpl = 1, .mask = RMP_PERM_ALL};
    struct attack_end read;
    bool same;
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_assign(s, s->victim, X, Q, RMP_4K);
    if (evil) attack_map(s, s->victim, X, Q, RMP_MAP_4K);
    end->answer = mem_guest_adjust(s->victim, 0, X, true, RMP_4K, &wanted);
    accept(s, s->victim, X);
    end->harm = attack_try_read(s->victim, 1, X, 1, &read, &same) && same && evil;
}

static const struct suite_test tests[] = {
    ATTACK("remap.own-page", "memory remapping; SEVered",
           "an address is remapped to another page of the guest's", "SNP-RMP-107", .rule = 107,
           "the guest reads what it wrote elsewhere", remap_own),
    ATTACK("remap.swap", "memory remapping", "two pages are swapped", "SNP-RMP-107", .rule = 107,
           "both addresses read the other's bytes", swap),
    ATTACK("remap.alias", "memory aliasing", "two addresses are mapped to one page", "SNP-RMP-107",
           .rule = 107, "a write to one address changes the other", alias),
    ATTACK("remap.two-guests", "memory aliasing", "a guest's page is mapped to another guest too",
           "SNP-RMP-106", .rule = 106, "another guest changes the victim's bytes", share),
    ATTACK("remap.inject", "memory remapping; data corruption",
           "a page that the guest never validated is put behind its address", "SNP-RMP-110",
           .rule = 110, "the guest reads bytes of the attacker's choice", inject),
    ATTACK("replay.released-page", "replay",
           "a page is taken, filled with an old ciphertext and given back", "SNP-RMP-110",
           .rule = 110, "the guest reads an old value", replay_released),
    ATTACK("remap.entry-gpa", "memory remapping",
           "a validated page's entry is given another guest address", "SNP-RMP-017", .rule = 110,
           "the page is still validated, at another address", retarget_gpa),
    ATTACK("remap.entry-asid", "memory remapping", "a validated page is assigned to another guest",
           "SNP-RMP-017", .rule = 110, "the other guest reads a page that it did not accept",
           retarget_asid),
    ATTACK("validate.twice", "memory remapping, by page validation",
           "one address is validated in two pages", "SNP-RMP-053", .cf = true,
           "the guest reads an old value", double_validation),
    ATTACK("validate.elsewhere", "memory remapping, by page validation",
           "a guest's PVALIDATE meets another address's page", "SNP-RMP-048", .rule = 48,
           "a page is validated that the guest did not ask for", validate_elsewhere),
    ATTACK("validate.other-guest", "memory remapping, by page validation",
           "a guest's PVALIDATE meets another guest's page", "SNP-RMP-047", .rule = 47,
           "the victim's page is not validated any more", invalidate_other),
    ATTACK("validate.adjust-first", "VMPL isolation",
           "permissions are set on a page that is not validated", "SNP-RMP-066", .rule = 66,
           "VMPL 1 has access to a page that nobody accepted", adjust_early),
};

const struct suite_area attack_remap_part = ATTACK_PART(tests);
