/* The area attack: what the hypervisor, another guest or an inner VMPL may try, each stopped by one check of the RMP.
 * The threats are those of SNP's own model (integrity: replay, corruption, aliasing, remapping; register state; VMPLs) and
 * of published attacks on encryption without integrity. Who goes past the processor (aliased DRAM as in BadRAM,
 * interposers on the memory bus) meets no check of the RMP and is not here. */
#include "attack/attack.h"

#include <stdio.h>

extern const struct suite_area attack_area, attack_remap_part, attack_host_part, attack_vmpl_part,
    attack_vmrun_part, attack_firmware_part, attack_size_part;

const struct rmp_cpu attack_host = {.long_mode = true, .snp = true};

#define COVERED (8 * LARGE)

/* ---- the stage ---- */

void attack_need(struct attack_stage *stage, bool good, const char *what) {
    if (!good && stage->broken == NULL) stage->broken = what;
}

static struct mem_guest *new_guest(struct attack_stage *stage, uint16_t asid, bool snp) {
    struct mem_guest_config config = {.asid = asid, .snp = snp, .vmpl_sss = snp, .mappings = 1024};
    struct mem_guest *guest = NULL;
    for (size_t i = 0; i < sizeof config.key; i++) config.key[i] = (uint8_t)(64 * asid + i);
    attack_need(stage, sevkit_ok(mem_guest_new(stage->bus, &config, &guest)), "a guest");
    return guest;
}

static struct sevkit_result open_stage(struct attack_stage *stage) {
    const struct rmp_config config = rmp_config_default(COVERED);
    const struct mem_rmp_place place = {7 * LARGE, 0x14000, ABI_RMP_GENOA};
    memset(stage, 0, sizeof *stage);
    SEVKIT_TRY(mem_new(COVERED + LARGE, &stage->mem));
    SEVKIT_TRY(rmp_new(&config, &stage->rmp));
    SEVKIT_TRY(mem_bus_new(stage->mem, stage->rmp, &place, &stage->bus));
    stage->victim = new_guest(stage, VICTIM_ASID, true);
    stage->other = new_guest(stage, OTHER_ASID, true);
    stage->plain = new_guest(stage, PLAIN_ASID, false);
    return sevkit_success();
}

static void close_stage(struct attack_stage *stage) {
    mem_guest_free(stage->victim);
    mem_guest_free(stage->other);
    mem_guest_free(stage->plain);
    mem_bus_free(stage->bus);
    rmp_free(stage->rmp);
    mem_free(stage->mem);
}

void attack_run_row(struct suite_ctx *ctx) {
    const struct attack_row *row = suite_row(ctx);
    struct attack_stage stage;
    struct attack_end end = {0};
    char harm[160];
    const struct sevkit_result opened = open_stage(&stage);
    if (sevkit_ok(opened) && stage.broken == NULL) row->run(&stage, row->evil, &end);
    const char *broken = stage.broken;
    close_stage(&stage);
    SUITE_SETUP(ctx, "the stage", opened);
    if (broken != NULL)
        SUITE_SETUP(ctx, broken,
                    sevkit_fail(SEVKIT_INTERNAL, "set-up", SEVKIT_NO_OFFSET, 0, "each step works"));
    (void)snprintf(harm, sizeof harm, "attack succeeded: %s", row->harm);
    SUITE_CHECK(ctx, "machine", !end.harm, harm);
    if (!row->evil) SUITE_CHECK(ctx, "last step", rmp_ok(end.answer), "works without the attacker");
    const char *stops = row->evil ? "what stops the attack" : "nothing stops who does not attack";
    SUITE_EQUAL(ctx, "rule", row->stop.rule, end.answer.rule, stops);
    SUITE_EQUAL(ctx, "moved", row->stop.moved, end.moved, stops);
    SUITE_EQUAL(ctx, "CF", row->stop.cf, end.answer.cf, stops);
}

/* ---- steps ---- */

struct rmp_answer attack_update(struct attack_stage *stage, uint64_t spa, unsigned asid,
                                uint64_t gpa, enum rmp_page_size size, bool immutable) {
    const struct rmp_state_fields fields = {
        .assigned = true, .asid = asid, .gpa = gpa, .size = size, .immutable = immutable};
    return rmp_update(stage->rmp, &attack_host, spa, &fields);
}

struct rmp_answer attack_release(struct attack_stage *stage, uint64_t spa,
                                 enum rmp_page_size size) {
    const struct rmp_state_fields fields = {.size = size};
    return rmp_update(stage->rmp, &attack_host, spa, &fields);
}

void attack_map(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                enum rmp_map map) {
    attack_need(stage, sevkit_ok(mem_guest_map(guest, gpa, spa, map)), "a nested mapping");
}

void attack_assign(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                   enum rmp_page_size size) {
    const unsigned asid = guest == stage->victim ? VICTIM_ASID : OTHER_ASID;
    attack_need(stage, rmp_ok(attack_update(stage, spa, asid, gpa, size, false)), "RMPUPDATE");
}

void attack_give(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                 enum rmp_page_size size) {
    attack_assign(stage, guest, gpa, spa, size);
    attack_map(stage, guest, gpa, spa, size == RMP_2M ? RMP_MAP_2M : RMP_MAP_4K);
    attack_need(stage, rmp_ok(mem_guest_pvalidate(guest, 0, gpa, true, size, true)), "PVALIDATE");
}

void attack_allow(struct attack_stage *stage, uint64_t gpa, unsigned vmpl, uint8_t mask) {
    const struct rmp_adjustment wanted = {.vmpl = (uint8_t)vmpl, .mask = mask};
    attack_need(stage, rmp_ok(mem_guest_adjust(stage->victim, 0, gpa, true, RMP_4K, &wanted)),
                "RMPADJUST");
}

void attack_value(unsigned n, uint8_t value[16]) {
    for (unsigned i = 0; i < 16; i++) value[i] = (uint8_t)(0x30 + n * 16 + i);
}

void attack_put(struct attack_stage *stage, uint64_t spa, unsigned n) {
    uint8_t value[16];
    attack_value(n, value);
    attack_need(stage, mem_write(stage->mem, spa, value, sizeof value), "a raw write");
}

bool attack_holds(struct attack_stage *stage, uint64_t spa, unsigned n) {
    uint8_t wanted[16], value[16] = {0};
    attack_value(n, wanted);
    attack_need(stage, mem_read(stage->mem, spa, value, sizeof value), "a raw read");
    return memcmp(value, wanted, sizeof value) == 0;
}

struct rmp_answer attack_host_write(struct attack_stage *stage, uint64_t spa, enum rmp_map map) {
    uint8_t value[16];
    attack_value(JUNK, value);
    return mem_host_write(stage->bus, spa, map, value, sizeof value);
}

bool attack_try_write(struct mem_guest *guest, unsigned vmpl, uint64_t gpa, unsigned n,
                      struct attack_end *end) {
    uint8_t value[16];
    attack_value(n, value);
    end->answer = mem_guest_access(guest, RMP_WRITE, (uint8_t)vmpl, gpa, true, value, sizeof value);
    return rmp_ok(end->answer);
}

bool attack_try_read(struct mem_guest *guest, unsigned vmpl, uint64_t gpa, unsigned n,
                     struct attack_end *end, bool *same) {
    uint8_t wanted[16], value[16] = {0};
    attack_value(n, wanted);
    end->answer = mem_guest_access(guest, RMP_READ, (uint8_t)vmpl, gpa, true, value, sizeof value);
    *same = memcmp(value, wanted, sizeof value) == 0;
    return rmp_ok(end->answer);
}

void attack_write(struct attack_stage *stage, struct mem_guest *guest, uint64_t gpa, unsigned n) {
    struct attack_end end;
    attack_need(stage, attack_try_write(guest, 0, gpa, n, &end), "a write of the guest's");
}

bool attack_reads(struct mem_guest *guest, uint64_t gpa, unsigned n) {
    struct attack_end end;
    bool same;
    return attack_try_read(guest, 0, gpa, n, &end, &same) && same;
}

static const struct suite_area *const parts[] = {&attack_remap_part,
                                                 &attack_host_part,
                                                 &attack_vmpl_part,
                                                 &attack_vmrun_part,
                                                 &attack_firmware_part,
                                                 &attack_size_part,
                                                 NULL};

const struct suite_area attack_area = {.name = "attack", .parts = parts};
