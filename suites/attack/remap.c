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

/* The host takes the page, puts an old ciphertext into it and gives it back. */
static void replay_released(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t old[PAGE];
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 2);
    attack_need(s, rmp_ok(mem_host_read(s->bus, P, old, sizeof old)), "a read of the host's");
    attack_write(s, s->victim, X, 1);
    if (evil) {
        attack_need(s, rmp_ok(attack_release(s, P, RMP_4K)), "RMPUPDATE");
        attack_need(s, rmp_ok(mem_host_write(s->bus, P, RMP_MAP_4K, old, sizeof old)),
                    "a write of the host's");
        attack_assign(s, s->victim, X, P, RMP_4K);
    }
    read_x(s, end);
}

/* Only the entry's GPA changes: Validated must not stay. */
static void retarget_gpa(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    if (evil) attack_assign(s, s->victim, X, Q, RMP_4K);
    if (evil) attack_map(s, s->victim, X, Q, RMP_MAP_4K);
    read_x(s, end);
}

/* A validated page goes to another guest, which has accepted nothing. */
static void retarget_asid(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_two(s);
    attack_give(s, s->other, X, AT(2, 1), RMP_4K);
    attack_write(s, s->other, X, 1);
    if (evil) attack_assign(s, s->other, X, P, RMP_4K);
    if (evil) attack_map(s, s->other, X, P, RMP_MAP_4K);
    bool same;
    if (attack_try_read(s->other, 0, X, 1, end, &same)) end->harm = !same;
}

/* The guest gives X up and accepts it again. Behind its back the two PVALIDATEs meet different pages, so that two pages
 * are validated for X. CF tells that the first one changed nothing; the guest stops then. */
static void double_validation(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 2);
    attack_assign(s, s->victim, X, AT(2, 1), RMP_4K);
    if (evil) attack_map(s, s->victim, X, AT(2, 1), RMP_MAP_4K);
    const struct rmp_answer a = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, false);
    attack_need(s, rmp_ok(a), "PVALIDATE");
    end->answer.rule = a.cf ? 53 : 0;
    if (a.cf) return;
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

/* Permissions for VMPL 1 on a page that the guest did not accept, which it then has when it does. */
static void adjust_early(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_adjustment wanted = {.vmpl = 1, .mask = RMP_PERM_ALL};
    struct rmp_entry e;
    attack_give(s, s->victim, X, P, RMP_4K);
    if (evil) (void)mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, false);
    end->answer = mem_guest_adjust(s->victim, 0, X, true, RMP_4K, &wanted);
    attack_need(s, rmp_entry_at(s->rmp, P, &e), "the page's entry");
    end->harm = evil && e.perms[1] != 0;
}

static const struct suite_test tests[] = {
    ATTACK("remap.own-page", "an address is remapped to another page of the guest's", "SNP-RMP-107",
           107, "the guest reads what it wrote elsewhere", remap_own),
    ATTACK("remap.swap", "two pages are swapped", "SNP-RMP-107", 107,
           "both addresses read the other's bytes", swap),
    ATTACK("remap.alias", "two addresses are mapped to one page", "SNP-RMP-107", 107,
           "a write to one address changes the other", alias),
    ATTACK("remap.two-guests", "a guest's page is mapped to another guest too", "SNP-RMP-106", 106,
           "another guest changes the victim's bytes", share),
    ATTACK("remap.inject", "a page that the guest never validated is put behind its address",
           "SNP-RMP-110", 110, "the guest reads bytes of the attacker's choice", inject),
    ATTACK("replay.released-page", "a page is taken, filled with an old ciphertext and given back",
           "SNP-RMP-110", 110, "the guest reads an old value", replay_released),
    ATTACK("remap.entry-gpa", "a validated page's entry is given another guest address",
           "SNP-RMP-017", 110, "the page is still validated, at another address", retarget_gpa),
    ATTACK("remap.entry-asid", "a validated page is assigned to another guest", "SNP-RMP-017", 110,
           "the other guest reads a page that it did not accept", retarget_asid),
    ATTACK("validate.twice", "one address is validated in two pages", "SNP-RMP-053", 53,
           "the guest reads an old value", double_validation),
    ATTACK("validate.elsewhere", "a guest's PVALIDATE meets another address's page", "SNP-RMP-048",
           48, "a page is validated that the guest did not ask for", validate_elsewhere),
    ATTACK("validate.other-guest", "a guest's PVALIDATE meets another guest's page", "SNP-RMP-047",
           47, "the victim's page is not validated any more", invalidate_other),
    ATTACK("validate.adjust-first", "permissions are set on a page that is not validated",
           "SNP-RMP-066", 66, "VMPL 1 has access to a page that nobody accepted", adjust_early),
};

const struct suite_area attack_remap_part = ATTACK_PART(tests);
