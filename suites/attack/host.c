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

/* The host writes 64 bytes: evil, over the guest's page; fair, over one of its own. */
static void host_writes(struct attack_stage *s, uint64_t spa, enum rmp_map map,
                        struct attack_end *end) {
    uint8_t bytes[64];
    memset(bytes, 0xEE, sizeof bytes);
    end->answer = mem_host_write(s->bus, spa, map, bytes, sizeof bytes);
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

/* RMPUPDATE or PSMASH on behalf of WHO; harm when the entry changes. */
static void update_as(struct attack_stage *s, struct rmp_cpu who, struct attack_end *end) {
    const struct rmp_state_fields release = {0};
    struct rmp_entry e;
    give(s);
    end->answer = rmp_update(s->rmp, &who, P, &release);
    attack_need(s, rmp_entry_at(s->rmp, P, &e), "the page's entry");
    end->harm = e.asid != VICTIM_ASID && (who.asid != 0 || who.cpl != 0);
}

static void guest_updates(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_cpu who = attack_host;
    if (evil) who.asid = OTHER_ASID;
    update_as(s, who, end);
}

static void user_updates(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_cpu who = attack_host;
    if (evil) who.cpl = 3;
    update_as(s, who, end);
}

static void guest_smashes(struct attack_stage *s, bool evil, struct attack_end *end) {
    struct rmp_cpu who = attack_host;
    struct rmp_entry e;
    if (evil) who.asid = OTHER_ASID;
    attack_give(s, s->victim, GPA_AT(0), AT(2, 0), RMP_2M);
    end->answer = rmp_psmash(s->rmp, &who, AT(2, 0));
    attack_need(s, rmp_entry_at(s->rmp, AT(2, 0), &e), "the page's entry");
    end->harm = evil && e.size == RMP_4K;
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
    struct rmp_entry e;
    give(s);
    const struct rmp_translation at = mem_guest_translate(s->victim, X, true);
    end->answer = rmp_adjust(s->rmp, &user, X, &at, RMP_4K, &wanted);
    attack_need(s, rmp_entry_at(s->rmp, P, &e), "the page's entry");
    end->harm = evil && e.perms[1] != 0;
}

static const struct suite_test tests[] = {
    ATTACK("host.corrupt", "the hypervisor writes over a guest's page", "SNP-RMP-101", 101,
           "the guest's bytes are changed", corrupt),
    ATTACK("host.replay", "the hypervisor puts back an old ciphertext at its place", "SNP-RMP-101",
           101, "the guest reads an old value", replay),
    ATTACK("host.large-mapping",
           "a mapping of 2 MiB reaches a guest's page behind the hypervisor's own", "SNP-RMP-104",
           104, "the guest's bytes are changed", corrupt_large),
    ATTACK("host.huge-mapping",
           "a mapping of 1 GiB reaches a guest's page behind the hypervisor's own", "SNP-RMP-104",
           104, "the guest's bytes are changed", corrupt_huge),
    ATTACK("host.plain-guest", "a guest without SNP writes to a page of an SNP guest's",
           "SNP-RMP-102", 102, "the victim's bytes are changed", plain_deputy),
    ATTACK("host.shared-write", "an SNP guest writes with C=0 to a page of another's",
           "SNP-RMP-103", 103, "the victim's bytes are changed", shared_deputy),
    ATTACK("host.rmpupdate-in-guest", "RMPUPDATE is executed inside a guest", "SNP-RMP-003", 3,
           "a guest takes another's page", guest_updates),
    ATTACK("host.rmpupdate-by-user", "RMPUPDATE is executed at CPL 3", "SNP-RMP-002", 2,
           "a program of the host's takes a guest's page", user_updates),
    ATTACK("host.psmash-in-guest", "PSMASH is executed inside a guest", "SNP-RMP-025", 25,
           "a guest splits another's page", guest_smashes),
    ATTACK("guest.pvalidate-by-user", "PVALIDATE is executed at CPL 3", "SNP-RMP-042", 42,
           "a program takes its kernel's page away", user_validates),
    ATTACK("guest.rmpadjust-by-user", "RMPADJUST is executed at CPL 3", "SNP-RMP-062", 62,
           "a program opens its kernel's page to VMPL 1", user_adjusts),
};

const struct suite_area attack_host_part = ATTACK_PART(tests);
