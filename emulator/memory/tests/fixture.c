/* See fixture.h. */
#include "memory/tests/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/bytes.h"

/* A set-up that fails is the fixture's fault, not a finding. */
static void must(bool done, const char *what) {
    if (done) return;
    fprintf(stderr, "memory fixture: %s failed\n", what);
    abort();
}

struct mem_guest_config world_config(uint16_t asid) {
    struct mem_guest_config config = {.asid = asid, .snp = true, .mappings = WORLD_MAPPINGS};
    for (size_t i = 0; i < sizeof config.key; i++) config.key[i] = (uint8_t)(16 * asid + i);
    return config;
}

static struct mem_guest *new_guest(struct world *w, uint16_t asid, bool snp) {
    struct mem_guest *guest = NULL;
    struct mem_guest_config config = world_config(asid);
    config.snp = snp;
    must(sevkit_ok(mem_guest_new(w->bus, &config, &guest)), "mem_guest_new");
    return guest;
}

struct world world_new(bool rmp_in_memory) {
    static const struct mem_rmp_place place = {WORLD_RMP, WORLD_RMP_SIZE, ABI_RMP_GENOA};
    struct world w = {0};
    const struct rmp_config config = rmp_config_default(WORLD_COVERED);
    must(sevkit_ok(mem_new(WORLD_MEMORY, &w.mem)), "mem_new");
    must(sevkit_ok(rmp_new(&config, &w.rmp)), "rmp_new");
    must(sevkit_ok(mem_bus_new(w.mem, w.rmp, rmp_in_memory ? &place : NULL, &w.bus)), "the bus");
    w.guest = new_guest(&w, GUEST_ASID, true);
    w.other = new_guest(&w, OTHER_ASID, true);
    w.plain = new_guest(&w, PLAIN_ASID, false);
    return w;
}

void world_free(struct world *w) {
    mem_guest_free(w->guest);
    mem_guest_free(w->other);
    mem_guest_free(w->plain);
    mem_bus_free(w->bus);
    rmp_free(w->rmp);
    mem_free(w->mem);
}

struct rmp_answer world_update(struct world *w, uint64_t spa, uint16_t asid, uint64_t gpa,
                               enum rmp_page_size size) {
    const struct rmp_cpu host = {.long_mode = true, .snp = true};
    const struct rmp_state_fields fields = {
        .gpa = gpa, .assigned = asid != 0, .size = size, .asid = asid};
    return rmp_update(w->rmp, &host, spa, &fields);
}

void world_give_mapped(struct world *w, struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                       enum rmp_map map, enum rmp_page_size size) {
    const uint16_t asid = guest == w->guest ? GUEST_ASID : OTHER_ASID;
    must(sevkit_ok(mem_guest_map(guest, gpa, spa, map)), "mem_guest_map");
    must(rmp_ok(world_update(w, spa, asid, gpa, size)), "RMPUPDATE");
    must(rmp_ok(mem_guest_pvalidate(guest, 0, gpa, true, size, true)), "PVALIDATE");
}

void world_give(struct world *w, struct mem_guest *guest, uint64_t gpa, uint64_t spa) {
    world_give_mapped(w, guest, gpa, spa, RMP_MAP_4K, RMP_4K);
}

struct rmp_answer world_write(struct mem_guest *guest, uint64_t gpa, bool c, const void *bytes,
                              size_t size) {
    static uint8_t copy[2 * LARGE]; /* the access takes no const */
    must(size <= sizeof copy, "a smaller write");
    memcpy(copy, bytes, size);
    const struct rmp_answer answer = mem_guest_access(guest, RMP_WRITE, 0, gpa, c, copy, size);
    must(memcmp(copy, bytes, size) == 0, "a write that leaves its buffer alone");
    return answer;
}

struct rmp_answer world_read(struct mem_guest *guest, uint64_t gpa, bool c, void *out,
                             size_t size) {
    return mem_guest_access(guest, RMP_READ, 0, gpa, c, out, size);
}

bool world_faults(struct rmp_answer a, enum rmp_fault fault, uint64_t error, unsigned rule) {
    if (a.fault == fault && a.error == error && a.rule == rule && a.eax == 0) return true;
    printf("    fault %d, error 0x%llx, rule %u, EAX %u\n", (int)a.fault,
           (unsigned long long)a.error, a.rule, a.eax);
    return false;
}

bool world_succeeds(struct rmp_answer a) {
    return rmp_ok(a) ? a.rule == 0 && a.error == 0 : world_faults(a, RMP_NO_FAULT, 0, 0);
}

/* FNV-1a over words, with the upper half mixed back in. SIZE is a multiple of 8. */
static uint64_t fingerprint(const uint8_t *bytes, size_t size) {
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < size; i += 8) {
        h = (h ^ abi_get_le64(bytes + i)) * UINT64_C(0x100000001B3);
        h ^= h >> 32;
    }
    return h;
}

static uint64_t print_memory(const struct world *w) {
    static uint8_t all[WORLD_MEMORY];
    must(mem_read(w->mem, 0, all, sizeof all), "mem_read");
    return fingerprint(all, sizeof all);
}

static uint64_t print_entries(const struct world *w) {
    static uint8_t raw[WORLD_COVERED / PAGE][ABI_RMP_ENTRY_SIZE];
    struct rmp_entry entry;
    for (size_t i = 0; i < WORLD_COVERED / PAGE; i++) {
        must(rmp_entry_at(w->rmp, i * PAGE, &entry), "rmp_entry_at");
        abi_rmp_entry_encode(ABI_RMP_GENOA, &entry, raw[i]);
    }
    return fingerprint(raw[0], sizeof raw);
}

struct world_print world_print(const struct world *w) {
    return (struct world_print){print_memory(w), print_entries(w)};
}

bool world_unchanged(const struct world *w, const struct world_print *before) {
    const struct world_print now = world_print(w);
    return now.memory == before->memory && now.entries == before->entries;
}
