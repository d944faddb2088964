/* Attacks on firmware's pages and on pages that firmware is working on. RMP notes, sections 2.1 and 3.1. */
#include "attack/attack.h"

extern const struct suite_area attack_firmware_part;

#define X GPA_AT(0)
#define Y GPA_AT(1)
#define P AT(1, 1)
#define Q AT(1, 2)
#define GCTX AT(3, 1)
#define OTHER_GCTX AT(3, 2)
#define HOSTS AT(3, 5) /* nobody's but the host's */
#define TABLE AT(7, 4) /* a page of the RMP itself */
#define FIXED AT(2, 3) /* HV-Fixed */

static void firmware_page(struct attack_stage *s, uint64_t spa) {
    attack_need(s, rmp_ok(attack_update(s, spa, 0, 0, RMP_4K, true)), "RMPUPDATE");
}

static void pre_guest(struct attack_stage *s, uint64_t spa, unsigned asid) {
    attack_need(s, rmp_ok(attack_update(s, spa, asid, X, RMP_4K, true)), "RMPUPDATE");
}

static enum rmp_moved try_move(struct attack_stage *s, enum rmp_move move, uint64_t spa) {
    const struct rmp_move_args args = {.owner = GCTX, .asid = VICTIM_ASID};
    return rmp_move(s->rmp, move, spa, &args);
}

static void move(struct attack_stage *s, enum rmp_move move, uint64_t spa) {
    attack_need(s, try_move(s, move, spa) == RMP_MOVED, "a move of firmware's");
}

/* A guest's context, in which firmware keeps 1. */
static void give_context(struct attack_stage *s, uint64_t spa) {
    firmware_page(s, spa);
    move(s, RMP_MOVE_GCTX_CREATE, spa);
    attack_put(s, spa, 1);
}

/* ---- firmware's pages ---- */

/* A context page becomes the host's, which then writes to it; fair, the one that firmware has given back. */
static void take_context(struct attack_stage *s, bool evil, struct attack_end *end) {
    const uint64_t spa = evil ? GCTX : OTHER_GCTX;
    give_context(s, GCTX);
    give_context(s, OTHER_GCTX);
    move(s, RMP_MOVE_DECOMMISSION, OTHER_GCTX);
    move(s, RMP_MOVE_RECLAIM, OTHER_GCTX);
    end->answer = attack_release(s, spa, RMP_4K);
    (void)attack_host_write(s, spa, RMP_MAP_4K);
    end->harm = !attack_holds(s, GCTX, 1);
}

static void write_context(struct attack_stage *s, bool evil, struct attack_end *end) {
    give_context(s, GCTX);
    end->answer = attack_host_write(s, evil ? GCTX : HOSTS, RMP_MAP_4K);
    end->harm = !attack_holds(s, GCTX, 1);
}

/* The RMP's own page becomes the host's, to write entries into; fair, it is a page that is the host's anyway. */
static void take_rmp(struct attack_stage *s, bool evil, struct attack_end *end) {
    const uint64_t spa = evil ? TABLE : HOSTS;
    end->answer = attack_release(s, spa, RMP_4K);
    (void)attack_host_write(s, spa, RMP_MAP_4K);
    end->harm = attack_holds(s, TABLE, JUNK);
}

/* The same after firmware was asked to give the page up, as it does with its other ones. */
static void reclaim_rmp(struct attack_stage *s, bool evil, struct attack_end *end) {
    const uint64_t spa = evil ? TABLE : HOSTS;
    firmware_page(s, HOSTS);
    end->moved = try_move(s, RMP_MOVE_RECLAIM, spa);
    (void)attack_release(s, spa, RMP_4K);
    (void)attack_host_write(s, spa, RMP_MAP_4K);
    end->harm = attack_holds(s, TABLE, JUNK);
}

/* A large page is assigned over an HV-Fixed one in its region, and its guest writes there; fair, beside it. */
static void take_hv_fixed(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct attack_end written;
    firmware_page(s, FIXED);
    move(s, RMP_MOVE_SET_STATE, FIXED);
    attack_put(s, FIXED, 1);
    end->answer = attack_update(s, evil ? AT(2, 0) : AT(4, 0), VICTIM_ASID, X, RMP_2M, false);
    attack_map(s, s->victim, X, AT(2, 0), RMP_MAP_2M);
    (void)mem_guest_pvalidate(s->victim, 0, X, true, RMP_2M, true);
    (void)attack_try_write(s->victim, 0, X + 3 * PAGE, 2, &written);
    end->harm = !attack_holds(s, FIXED, 1);
}

/* A metadata page, whose entries guard swapped pages against replay, is swapped out as another context's. Then its own
 * guest's context cannot find it. */
static void swap_other_metadata(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.owner = evil ? OTHER_GCTX : GCTX};
    firmware_page(s, P);
    move(s, RMP_MOVE_MD_INIT, P);
    end->moved = rmp_move(s->rmp, RMP_MOVE_SWAP_OUT_METADATA, P, &args);
    end->harm = evil && try_move(s, RMP_MOVE_SWAP_OUT_METADATA, P) != RMP_MOVED;
}

/* ---- launch ---- */

/* The launch of another guest, by its own context, makes the victim's page valid. */
static void launch_other(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.asid = evil ? OTHER_ASID : VICTIM_ASID};
    struct attack_end read;
    bool same;
    pre_guest(s, P, VICTIM_ASID);
    end->moved = rmp_move(s->rmp, RMP_MOVE_LAUNCH_UPDATE, P, &args);
    attack_map(s, s->victim, X, P, RMP_MAP_4K);
    end->harm = evil && attack_try_read(s->victim, 0, X, 0, &read, &same);
}

/* RMPUPDATE to Y of a page that is being measured for X; fair, of another one. The host then maps Y to the measured
 * page. */
static void retarget_launch(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_put(s, P, 1);
    pre_guest(s, P, VICTIM_ASID);
    attack_need(s, mem_encrypt_page(s->victim, P), "LAUNCH_UPDATE's encryption");
    end->answer = attack_update(s, evil ? P : Q, VICTIM_ASID, Y, RMP_4K, true);
    move(s, RMP_MOVE_LAUNCH_UPDATE, P);
    attack_map(s, s->victim, Y, P, RMP_MAP_4K);
    end->harm = attack_reads(s->victim, Y, 1);
}

/* A page that was measured and encrypted is changed before the guest runs. */
static void change_launched(struct attack_stage *s, bool evil, struct attack_end *end) {
    attack_put(s, P, 1);
    pre_guest(s, P, VICTIM_ASID);
    attack_need(s, mem_encrypt_page(s->victim, P), "LAUNCH_UPDATE's encryption");
    end->answer = attack_host_write(s, evil ? P : HOSTS, RMP_MAP_4K);
    move(s, RMP_MOVE_LAUNCH_UPDATE, P);
    attack_map(s, s->victim, X, P, RMP_MAP_4K);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* The guest validates a page by itself that is still to be measured; fair, firmware gave it up before. */
static void validate_pre_guest(struct attack_stage *s, bool evil, struct attack_end *end) {
    pre_guest(s, P, VICTIM_ASID);
    attack_map(s, s->victim, X, P, RMP_MAP_4K);
    if (!evil) move(s, RMP_MOVE_RECLAIM, P);
    end->answer = mem_guest_pvalidate(s->victim, 0, X, true, RMP_4K, true);
    end->harm = evil && try_move(s, RMP_MOVE_LAUNCH_UPDATE, P) != RMP_MOVED;
}

/* ---- swapping and moving ---- */

/* The guest writes to a page of which firmware has taken its copy, and the write is not in it. */
static void write_pre_swap(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t copy[16], page[16];
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 1);
    if (evil) pre_guest(s, P, VICTIM_ASID); /* Pre-Swap: it is validated */
    attack_need(s, mem_read(s->mem, P, copy, sizeof copy), "firmware's copy");
    (void)attack_try_write(s->victim, 0, X, 2, end);
    attack_need(s, mem_read(s->mem, P, page, sizeof page), "a raw read");
    end->harm = evil && memcmp(copy, page, sizeof page) != 0;
}

/* SNP_PAGE_MOVE over another guest's page; fair, over one of the same guest's. */
static void move_other(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_move_args args = {.asid = VICTIM_ASID};
    const uint64_t to = evil ? Q : AT(2, 1);
    uint8_t page[PAGE];
    pre_guest(s, P, VICTIM_ASID);
    pre_guest(s, AT(2, 1), VICTIM_ASID);
    pre_guest(s, Q, OTHER_ASID);
    attack_put(s, Q, 1);
    end->moved = rmp_move_page(s->rmp, P, to, &args);
    attack_need(s, mem_read(s->mem, P, page, sizeof page), "firmware's copy");
    if (end->moved == RMP_MOVED)
        attack_need(s, mem_write(s->mem, to, page, sizeof page), "firmware's copy");
    end->harm = !attack_holds(s, Q, 1);
}

static const struct suite_test tests[] = {
    ATTACK("firmware.take-context", "firmware's pages", "RMPUPDATE takes a guest's context page",
           "SNP-RMP-007", .rule = 7, "the host writes over the guest's context", take_context),
    ATTACK("firmware.write-context", "firmware's pages", "the host writes over a guest's context",
           "SNP-RMP-101", .rule = 101, "the context is changed", write_context),
    ATTACK("firmware.take-rmp", "firmware's pages", "RMPUPDATE takes a page of the RMP itself",
           "SNP-RMP-007", .rule = 7, "the host can write RMP entries", take_rmp),
    ATTACK("firmware.reclaim-rmp", "firmware's pages",
           "SNP_PAGE_RECLAIM gives up a page of the RMP itself", "SNP-RMP-175",
           .moved = RMP_MOVE_IN_RMP, "the host can write RMP entries", reclaim_rmp),
    ATTACK("firmware.hv-fixed", "firmware's pages",
           "a large page is assigned over a page that is frozen", "SNP-RMP-011", .rule = 11,
           "a guest writes to a frozen page", take_hv_fixed),
    ATTACK("firmware.other-metadata", "replay, of swapped pages",
           "a metadata page is swapped out by another context", "SNP-RMP-156",
           .moved = RMP_MOVE_BAD_OWNER, "another guest's replay guard is gone",
           swap_other_metadata),
    ATTACK("launch.other-guest", "launch measurement", "a launch takes a page of another guest's",
           "SNP-RMP-156", .moved = RMP_MOVE_BAD_OWNER,
           "the page is validated without its guest's launch", launch_other),
    ATTACK("launch.retarget", "launch measurement; memory remapping",
           "a page that is being measured gets another address", "SNP-RMP-007", .rule = 7,
           "measured bytes stand at another address", retarget_launch),
    ATTACK("launch.change", "launch measurement; data corruption",
           "a measured page is changed before the guest runs", "SNP-RMP-101", .rule = 101,
           "the guest starts with bytes that were not measured", change_launched),
    ATTACK("launch.validate-early", "launch measurement",
           "the guest's own PVALIDATE takes a page out of the launch", "SNP-RMP-049", .rule = 49,
           "firmware cannot measure the page any more", validate_pre_guest),
    ATTACK("swap.guest-write", "replay, of swapped pages",
           "the guest writes to a page that is being swapped out", "SNP-RMP-108", .rule = 108,
           "a write is lost that the guest has seen", write_pre_swap),
    ATTACK("swap.move-other", "data corruption, by firmware",
           "SNP_PAGE_MOVE overwrites a page of another guest's", "SNP-RMP-161",
           .moved = RMP_MOVE_BAD_OWNER, "another guest's bytes are changed", move_other),
};

const struct suite_area attack_firmware_part = ATTACK_PART(tests);
