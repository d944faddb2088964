/* Attacks on firmware's pages and on pages that firmware is working on. */
#include "attack/attack.h"

extern const struct suite_area attack_firmware_part;

#define X GPA_AT(0)
#define P AT(1, 1)
#define GCTX AT(3, 1)
#define OTHER_GCTX AT(3, 2)

static enum rmp_state state_of(struct attack_stage *s, uint64_t spa) {
    struct rmp_entry e = {0};
    attack_need(s, rmp_entry_at(s->rmp, spa, &e), "the page's entry");
    return rmp_entry_state(&e);
}

static void firmware_page(struct attack_stage *s, uint64_t spa) {
    attack_need(s, rmp_ok(attack_update(s, spa, 0, 0, RMP_4K, true)), "RMPUPDATE");
}

static void move(struct attack_stage *s, enum rmp_move move, uint64_t spa) {
    const struct rmp_move_args args = {.owner = GCTX, .asid = VICTIM_ASID};
    attack_need(s, rmp_move(s->rmp, move, spa, &args) == RMP_MOVED, "a move of firmware's");
}

/* What a refused move says, as an answer. */
static struct rmp_answer answer_of(enum rmp_moved moved, unsigned rule) {
    return (struct rmp_answer){.eax = moved == RMP_MOVED ? 0 : RMP_FAIL_PERMISSION,
                               .rule = (uint16_t)(moved == RMP_MOVED ? 0 : rule)};
}

/* The guest's context becomes the host's page; fair, firmware gave it back before. */
static void take_context(struct attack_stage *s, bool evil, struct attack_end *end) {
    firmware_page(s, GCTX);
    move(s, RMP_MOVE_GCTX_CREATE, GCTX);
    if (!evil) {
        move(s, RMP_MOVE_DECOMMISSION, GCTX);
        move(s, RMP_MOVE_RECLAIM, GCTX);
    }
    end->answer = attack_release(s, GCTX, RMP_4K);
    end->harm = evil && state_of(s, GCTX) == RMP_HYPERVISOR;
}

static void write_context(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t before[16], bytes[16] = {0xEE}, after[16];
    firmware_page(s, GCTX);
    move(s, RMP_MOVE_GCTX_CREATE, GCTX);
    attack_need(s, mem_read(s->mem, GCTX, before, sizeof before), "a raw read");
    end->answer = mem_host_write(s->bus, evil ? GCTX : AT(3, 5), RMP_MAP_4K, bytes, sizeof bytes);
    attack_need(s, mem_read(s->mem, GCTX, after, sizeof after), "a raw read");
    end->harm = memcmp(before, after, sizeof after) != 0;
}

/* The RMP's own page, to write entries into; fair, a page of the host's. */
static void take_rmp(struct attack_stage *s, bool evil, struct attack_end *end) {
    const uint64_t spa = evil ? AT(7, 4) : AT(3, 5);
    end->answer = attack_release(s, spa, RMP_4K);
    end->harm = evil && state_of(s, spa) == RMP_HYPERVISOR;
}

/* A metadata page, whose entries guard against replay of swapped pages, is another context's. */
static void swap_other_metadata(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.owner = evil ? OTHER_GCTX : GCTX};
    firmware_page(s, P);
    move(s, RMP_MOVE_MD_INIT, P);
    const enum rmp_moved moved = rmp_move(s->rmp, RMP_MOVE_SWAP_OUT_METADATA, P, &args);
    end->answer = answer_of(moved, moved == RMP_MOVE_BAD_OWNER ? 156 : 155);
    end->harm = evil && state_of(s, P) == RMP_FIRMWARE;
}

/* One context's launch validates another guest's page. */
static void launch_other(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.asid = evil ? OTHER_ASID : VICTIM_ASID};
    attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, true)), "RMPUPDATE");
    const enum rmp_moved moved = rmp_move(s->rmp, RMP_MOVE_LAUNCH_UPDATE, P, &args);
    end->answer = answer_of(moved, moved == RMP_MOVE_BAD_OWNER ? 156 : 155);
    end->harm = evil && state_of(s, P) == RMP_GUEST_VALID;
}

/* A page that is waiting to be measured moves to another guest address. */
static void retarget_launch(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_entry e;
    attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, evil)), "RMPUPDATE");
    end->answer = attack_update(s, P, VICTIM_ASID, GPA_AT(1), RMP_4K, true);
    attack_need(s, rmp_entry_at(s->rmp, P, &e), "the page's entry");
    end->harm = evil && e.gpa != X;
}

/* A page that was measured and encrypted is changed before the guest runs. */
static void change_launched(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t value[16], bytes[16] = {0xEE};
    attack_value(1, value);
    attack_need(s, mem_write(s->mem, P, value, sizeof value), "a raw write");
    attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, true)), "RMPUPDATE");
    attack_need(s, mem_encrypt_page(s->victim, P), "LAUNCH_UPDATE's encryption");
    end->answer = mem_host_write(s->bus, evil ? P : AT(3, 5), RMP_MAP_4K, bytes, sizeof bytes);
    const struct rmp_move_args args = {.asid = VICTIM_ASID};
    attack_need(s, rmp_move(s->rmp, RMP_MOVE_LAUNCH_UPDATE, P, &args) == RMP_MOVED,
                "LAUNCH_UPDATE");
    attack_map(s, s->victim, X, P, RMP_MAP_4K);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* The guest validates a page by itself that is still to be measured. */
static void validate_pre_guest(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, evil)), "RMPUPDATE");
    attack_map(s, s->victim, X, P, RMP_MAP_4K);
    end->answer = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, true);
    end->harm = evil && state_of(s, P) != RMP_PRE_GUEST;
}

/* The guest writes to a page of which firmware takes a copy: the write would be lost, or torn. */
static void write_pre_swap(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 1);
    if (evil)
        attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, true)), "RMPUPDATE");
    end->harm = attack_try_write(s->victim, 0, X, 2, end) && evil;
}

/* SNP_PAGE_MOVE over another guest's page. */
static void move_other(struct attack_stage *s, bool evil, struct attack_end *end) {
    const unsigned asid = evil ? OTHER_ASID : VICTIM_ASID;
    const struct rmp_move_args args = {.asid = VICTIM_ASID};
    struct rmp_entry e;
    attack_need(s, rmp_ok(attack_update(s, AT(1, 2), asid, X, RMP_4K, true)), "RMPUPDATE");
    attack_need(s, rmp_ok(attack_update(s, P, VICTIM_ASID, X, RMP_4K, true)), "RMPUPDATE");
    const enum rmp_moved moved = rmp_move_page(s->rmp, P, AT(1, 2), &args);
    end->answer = answer_of(moved, 161);
    attack_need(s, rmp_entry_at(s->rmp, AT(1, 2), &e), "the page's entry");
    end->harm = evil && e.asid == VICTIM_ASID;
}

/* RECLAIM of a page that is no longer firmware's to give: the host would get a frozen one. */
static void take_hv_fixed(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_entry e;
    firmware_page(s, AT(2, 3));
    move(s, evil ? RMP_MOVE_SET_STATE : RMP_MOVE_RECLAIM, AT(2, 3));
    if (!evil) attack_need(s, rmp_ok(attack_release(s, AT(2, 3), RMP_4K)), "RMPUPDATE");
    end->answer = attack_update(s, AT(2, 0), VICTIM_ASID, X, RMP_2M, false);
    attack_need(s, rmp_entry_at(s->rmp, AT(2, 3), &e), "the page's entry");
    end->harm = evil && rmp_entry_state(&e) != RMP_HV_FIXED;
}

static const struct suite_test tests[] = {
    ATTACK("firmware.take-context", "RMPUPDATE takes a guest's context page", "SNP-RMP-007", 7,
           "the host owns the guest's keys", take_context),
    ATTACK("firmware.write-context", "the host writes over a guest's context", "SNP-RMP-101", 101,
           "the context is changed", write_context),
    ATTACK("firmware.take-rmp", "RMPUPDATE takes a page of the RMP itself", "SNP-RMP-007", 7,
           "the host can write RMP entries", take_rmp),
    ATTACK("firmware.other-metadata", "a metadata page is swapped out by another context",
           "SNP-RMP-156", 156, "another guest's replay guard is gone", swap_other_metadata),
    ATTACK("launch.other-guest", "a launch takes a page of another guest's", "SNP-RMP-156", 156,
           "the page is validated without its guest's launch", launch_other),
    ATTACK("launch.retarget", "a page that waits to be measured gets another address",
           "SNP-RMP-007", 7, "measured bytes stand at another address", retarget_launch),
    ATTACK("launch.change", "a measured page is changed before the guest runs", "SNP-RMP-101", 101,
           "the guest starts with bytes that were not measured", change_launched),
    ATTACK("launch.validate-early", "the guest's own PVALIDATE takes a page out of the launch",
           "SNP-RMP-049", 49, "a page that firmware works on changes its state",
           validate_pre_guest),
    ATTACK("swap.guest-write", "the guest writes to a page that is being swapped out",
           "SNP-RMP-108", 108, "a write is lost that the guest has seen", write_pre_swap),
    ATTACK("swap.move-other", "SNP_PAGE_MOVE overwrites a page of another guest's", "SNP-RMP-161",
           161, "another guest's page is the victim's", move_other),
    ATTACK("firmware.hv-fixed", "a large page is assigned over a page that is frozen",
           "SNP-RMP-011", 11, "a frozen page is a guest's", take_hv_fixed),
};

const struct suite_area attack_firmware_part = ATTACK_PART(tests);
