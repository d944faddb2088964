/* Attacks by plain writes: the hypervisor's own, through mappings of every size, and those of guests that serve it as
 * deputies; and instructions from where they may not come. */
#include "attack/attack.h"

extern const struct suite_area attack_host_part;

#define X GPA_AT(0)
#define P AT(1, 1)

static void give(struct attack_stage *s) {
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 1);
}

/* The host writes: evil, over the guest's page; fair, over one of its own. */
static void host_writes(struct attack_stage *s, uint64_t spa, enum rmp_map map,
                        struct attack_end *end) {
    end->answer = attack_host_write(s, spa, map);
    end->harm = !attack_reads(s->victim, X, 1);
}

static void corrupt(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s);
    host_writes(s, evil ? P : AT(1, 3), RMP_MAP_4K, end);
}

static void replay(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t old[PAGE];
    attack_give(s, s->victim, X, P, RMP_4K);
    attack_write(s, s->victim, X, 2);
    attack_need(s, rmp_ok(mem_host_read(s->bus, P, old, sizeof old)), "a read of the host's");
    attack_write(s, s->victim, X, 1);
    end->answer = mem_host_write(s->bus, evil ? P : AT(1, 3), RMP_MAP_4K, old, sizeof old);
    end->harm = attack_reads(s->victim, X, 2);
}

/* Ciphertext from another place of the guest's memory. */
static void move_block(struct attack_stage *s, bool evil, struct attack_end *end) {
    uint8_t block[64];
    give(s);
    attack_give(s, s->victim, GPA_AT(1), AT(1, 2), RMP_4K);
    attack_write(s, s->victim, GPA_AT(1), 2);
    attack_need(s, rmp_ok(mem_host_read(s->bus, AT(1, 2), block, sizeof block)),
                "a read of the host's");
    end->answer = mem_host_write(s->bus, evil ? P : AT(1, 3), RMP_MAP_4K, block, sizeof block);
    end->harm = !attack_reads(s->victim, X, 1);
}

/* The region's first page is the host's own: by a large mapping the check looks at all of them. */
static void corrupt_large(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s);
    host_writes(s, evil ? P : AT(2, 1), RMP_MAP_2M, end);
}

static void corrupt_huge(struct attack_stage *s, bool evil, struct attack_end *end) {
    give(s);
    host_writes(s, evil ? P : AT(2, 1), RMP_MAP_1G, end);
}

static void guest_writes(struct attack_stage *s, struct mem_guest *guest, bool evil,
                         struct attack_end *end) {
    uint8_t bytes[64];
    give(s);
    memset(bytes, 0xEE, sizeof bytes);
    attack_map(s, guest, X, evil ? P : AT(1, 3), RMP_MAP_4K);
    end->answer = mem_guest_access(guest, RMP_WRITE, 0, X, false, bytes, sizeof bytes);
    end->harm = !attack_reads(s->victim, X, 1);
}

static void plain_deputy(struct attack_stage *s, bool evil, struct attack_end *end) {
    guest_writes(s, s->plain, evil, end);
}

static void shared_deputy(struct attack_stage *s, bool evil, struct attack_end *end) {
    guest_writes(s, s->other, evil, end);
}

/* ---- instructions from where they may not come ---- */

/* WHO takes the page from the guest, as only the host's kernel may. */
static void update_as(struct attack_stage *s, struct rmp_cpu who, bool evil,
                      struct attack_end *end) {
    const struct rmp_state_fields release = {0};
    give(s);
    end->answer = rmp_update(s->rmp, &who, P, &release);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

static void guest_updates(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_cpu who = attack_host;
    if (evil) who.asid = OTHER_ASID;
    update_as(s, who, evil, end);
}

static void user_updates(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_cpu who = attack_host;
    if (evil) who.cpl = 3;
    update_as(s, who, evil, end);
}

static void guest_smashes(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_cpu who = attack_host;
    if (evil) who.asid = OTHER_ASID;
    attack_give(s, s->victim, X, AT(2, 0), RMP_2M);
    attack_write(s, s->victim, X, 1);
    end->answer = rmp_psmash(s->rmp, &who, AT(2, 0));
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

/* PVALIDATE that takes a page away, by a program of the guest's at CPL 3. */
static void user_validates(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_cpu user = {
        .long_mode = true, .snp = true, .asid = VICTIM_ASID, .cpl = evil ? 3 : 0};
    give(s);
    const struct rmp_translation at = mem_guest_translate(s->victim, X, true);
    end->answer = rmp_pvalidate(s->rmp, &user, X, &at, RMP_4K, false);
    end->harm = evil && !attack_reads(s->victim, X, 1);
}

static void user_adjusts(struct attack_stage *s, bool evil, struct attack_end *end) {
    const struct rmp_cpu user = {
        .long_mode = true, .snp = true, .asid = VICTIM_ASID, .cpl = evil ? 3 : 0};
    const struct rmp_adjustment wanted = {.vmpl = 1, .mask = RMP_PERM_ALL};
    struct attack_end read;
    bool same;
    give(s);
    const struct rmp_translation at = mem_guest_translate(s->victim, X, true);
    end->answer = rmp_adjust(s->rmp, &user, X, &at, RMP_4K, &wanted);
    end->harm = attack_try_read(s->victim, 1, X, 1, &read, &same) && same && evil;
}

static const struct suite_test tests[] = {
    ATTACK("host.corrupt", "data corruption", "the hypervisor writes over a guest's page",
           "SNP-RMP-101", .rule = 101, "the guest's bytes are changed", corrupt),
    ATTACK("host.replay", "replay", "the hypervisor puts back an old ciphertext at its place",
           "SNP-RMP-101", .rule = 101, "the guest reads an old value", replay),
    ATTACK("host.move-block", "data corruption; ciphertext block moving as in SEVurity",
           "the hypervisor moves a block of ciphertext within a guest's memory", "SNP-RMP-101",
           .rule = 101, "the guest's bytes are changed", move_block),
    ATTACK("host.large-mapping", "data corruption",
           "a mapping of 2 MiB reaches a guest's page behind the hypervisor's own", "SNP-RMP-104",
           .rule = 104, "the guest's bytes are changed", corrupt_large),
    ATTACK("host.huge-mapping", "data corruption",
           "a mapping of 1 GiB reaches a guest's page behind the hypervisor's own", "SNP-RMP-104",
           .rule = 104, "the guest's bytes are changed", corrupt_huge),
    ATTACK("host.plain-guest", "data corruption, by another guest",
           "a guest without SNP writes to a page of an SNP guest's", "SNP-RMP-102", .rule = 102,
           "the victim's bytes are changed", plain_deputy),
    ATTACK("host.shared-write", "data corruption, by another guest",
           "an SNP guest writes with C=0 to a page of another's", "SNP-RMP-103", .rule = 103,
           "the victim's bytes are changed", shared_deputy),
    ATTACK("host.rmpupdate-in-guest", "privilege of the RMP's instructions",
           "RMPUPDATE is executed inside a guest", "SNP-RMP-003", .rule = 3,
           "a guest takes another's page", guest_updates),
    ATTACK("host.rmpupdate-by-user", "privilege of the RMP's instructions",
           "RMPUPDATE is executed at CPL 3", "SNP-RMP-002", .rule = 2,
           "a program of the host's takes a guest's page", user_updates),
    ATTACK("host.psmash-in-guest", "privilege of the RMP's instructions",
           "PSMASH is executed inside a guest", "SNP-RMP-025", .rule = 25,
           "a guest splits another's page", guest_smashes),
    ATTACK("guest.pvalidate-by-user", "privilege of the RMP's instructions",
           "PVALIDATE is executed at CPL 3", "SNP-RMP-042", .rule = 42,
           "a program takes its kernel's page away", user_validates),
    ATTACK("guest.rmpadjust-by-user", "privilege of the RMP's instructions",
           "RMPADJUST is executed at CPL 3", "SNP-RMP-062", .rule = 62,
           "a program opens its kernel's page to VMPL 1", user_adjusts),
};

const struct suite_area attack_host_part = ATTACK_PART(tests);
