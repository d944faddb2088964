/* What a hypervisor can and cannot do to a guest's memory: remapping, swapping, aliasing, and, with
 * physical access, replay. Memory has no integrity: only the RMP stops the host. */
#include <string.h>

#include "memory/tests/fixture.h"
#include "sevkit/bytes.h"

extern const struct unit_suite attack_suite;

#define PRIVATE (RMP_ERROR_RMP | RMP_ERROR_ENC)
#define A_GPA (7 * PAGE)
#define B_GPA (8 * PAGE)
#define A_SPA (3 * PAGE)
#define B_SPA (4 * PAGE)

/* Two valid pages of the guest, A and B, with their texts. */
static struct world world_of_two(void) {
    struct world w = world_new(false);
    static uint8_t page[PAGE];
    world_give(&w, w.guest, A_GPA, A_SPA);
    world_give(&w, w.guest, B_GPA, B_SPA);
    memset(page, 'A', sizeof page);
    SUCCEEDS(world_write(w.guest, A_GPA, true, page, sizeof page));
    memset(page, 'B', sizeof page);
    SUCCEEDS(world_write(w.guest, B_GPA, true, page, sizeof page));
    return w;
}

/* The guest's page at GPA holds nothing but TEXT. */
static bool reads_all(const struct world *w, uint64_t gpa, uint8_t text) {
    uint8_t page[PAGE];
    if (!rmp_ok(world_read(w->guest, gpa, true, page, sizeof page))) return false;
    for (size_t i = 0; i < sizeof page; i++) {
        if (page[i] != text) return false;
    }
    return true;
}

static void remap(void) {
    struct world w = world_of_two();
    uint8_t byte = 0x5A;
    UNIT_OK(mem_guest_map(w.guest, A_GPA, B_SPA, RMP_MAP_4K));
    FAULTS(world_read(w.guest, A_GPA, true, &byte, 1), RMP_NPF, PRIVATE, 107);
    FAULTS(world_write(w.guest, A_GPA, true, &byte, 1), RMP_NPF, PRIVATE, 107);
    CU_ASSERT_EQUAL(byte, 0x5A);
    UNIT_OK(mem_guest_map(w.guest, A_GPA, 9 * PAGE, RMP_MAP_4K)); /* the host's own page */
    FAULTS(world_read(w.guest, A_GPA, true, &byte, 1), RMP_NPF, PRIVATE, 106);
    CU_ASSERT(mem_guest_unmap(w.guest, A_GPA));
    FAULTS(world_read(w.guest, A_GPA, true, &byte, 1), RMP_NPF, 0, 192);
    UNIT_OK(mem_guest_map(w.guest, A_GPA, A_SPA, RMP_MAP_4K));
    CU_ASSERT(reads_all(&w, A_GPA, 'A') && reads_all(&w, B_GPA, 'B'));
    world_free(&w);
}

/* The host takes the page and gives another for the same GPA: the guest sees #VC, not old or new
 * bytes. */
static void replace(void) {
    struct world w = world_of_two();
    uint8_t byte = 0x5A;
    UNIT_OK(mem_guest_map(w.guest, A_GPA, 9 * PAGE, RMP_MAP_4K));
    CU_ASSERT(rmp_ok(world_update(&w, 9 * PAGE, GUEST_ASID, A_GPA, RMP_4K)));
    FAULTS(world_read(w.guest, A_GPA, true, &byte, 1), RMP_VC, RMP_VC_NOT_VALIDATED, 110);
    UNIT_OK(mem_guest_map(w.guest, A_GPA, A_SPA, RMP_MAP_4K));
    CU_ASSERT(rmp_ok(world_update(&w, A_SPA, 0, 0, RMP_4K))); /* taken, written, given back */
    SUCCEEDS(mem_host_write(w.bus, A_SPA, RMP_MAP_4K, &byte, 1));
    CU_ASSERT(rmp_ok(world_update(&w, A_SPA, GUEST_ASID, A_GPA, RMP_4K)));
    FAULTS(world_read(w.guest, A_GPA, true, &byte, 1), RMP_VC, RMP_VC_NOT_VALIDATED, 110);
    CU_ASSERT_EQUAL(byte, 0x5A);
    world_free(&w);
}

/* A guest that validates one GPA twice lets the host swap its pages: it must never do that. */
static void swap_after_double_validation(void) {
    struct world w = world_of_two();
    uint8_t page[PAGE];
    CU_ASSERT(rmp_ok(world_update(&w, 9 * PAGE, GUEST_ASID, A_GPA, RMP_4K)));
    UNIT_OK(mem_guest_map(w.guest, A_GPA, 9 * PAGE, RMP_MAP_4K));
    SUCCEEDS(mem_guest_pvalidate(w.guest, 0, A_GPA, true, RMP_4K, true));
    memset(page, 'C', sizeof page);
    SUCCEEDS(world_write(w.guest, A_GPA, true, page, sizeof page));
    UNIT_OK(mem_guest_map(w.guest, A_GPA, A_SPA, RMP_MAP_4K));
    CU_ASSERT(reads_all(&w, A_GPA, 'A'));
    UNIT_OK(mem_guest_map(w.guest, A_GPA, 9 * PAGE, RMP_MAP_4K));
    CU_ASSERT(reads_all(&w, A_GPA, 'C'));
    world_free(&w);
}

static void another_guest(void) {
    struct world w = world_of_two();
    uint8_t theirs[PAGE], raw[PAGE];
    UNIT_OK(mem_guest_map(w.other, A_GPA, A_SPA, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.plain, A_GPA, A_SPA, RMP_MAP_4K));
    FAULTS(world_read(w.other, A_GPA, true, theirs, sizeof theirs), RMP_NPF, PRIVATE, 106);
    FAULTS(world_write(w.other, A_GPA, true, "x", 1), RMP_NPF, PRIVATE, 106);
    FAULTS(world_write(w.other, A_GPA, false, "x", 1), RMP_NPF, RMP_ERROR_RMP, 103);
    FAULTS(world_write(w.plain, A_GPA, true, "x", 1), RMP_NPF, RMP_ERROR_RMP, 102);
    SUCCEEDS(mem_host_read(w.bus, A_SPA, raw, sizeof raw));
    SUCCEEDS(
        world_read(w.other, A_GPA, false, theirs, sizeof theirs)); /* ciphertext, as the host */
    UNIT_BYTES(theirs, raw, sizeof raw);
    SUCCEEDS(world_read(w.plain, A_GPA, true, theirs, sizeof theirs)); /* through another key */
    CU_ASSERT(memcmp(theirs, raw, sizeof raw) != 0 && theirs[0] != 'A');
    CU_ASSERT(reads_all(&w, A_GPA, 'A'));
    world_free(&w);
}

/* SNP-RMP-193: bound to its place; equal plaintexts differ by place, and show when they are
 * equal. */
static void ciphertexts(void) {
    struct world w = world_of_two();
    uint8_t first[PAGE], second[PAGE], page[PAGE];
    memset(page, 'A', sizeof page);
    SUCCEEDS(mem_host_read(w.bus, A_SPA, first, sizeof first));
    CU_ASSERT(memcmp(first, page, sizeof page) != 0);
    SUCCEEDS(world_write(w.guest, B_GPA, true, page, sizeof page));
    SUCCEEDS(mem_host_read(w.bus, B_SPA, second, sizeof second));
    CU_ASSERT(memcmp(first, second, sizeof first) != 0);
    SUCCEEDS(world_write(w.guest, A_GPA, true, "B", 1));
    SUCCEEDS(mem_host_read(w.bus, A_SPA, second, sizeof second));
    CU_ASSERT(memcmp(first, second, 16) != 0);
    UNIT_BYTES(second + 16, first + 16, PAGE - 16); /* other blocks of 16 bytes stay */
    SUCCEEDS(world_write(w.guest, A_GPA, true, "A", 1));
    SUCCEEDS(mem_host_read(w.bus, A_SPA, second, sizeof second));
    UNIT_BYTES(second, first, PAGE);
    world_free(&w);
}

/* The host cannot put an old ciphertext back; who has the DRAM can. */
static void replay_in_place(void) {
    struct world w = world_of_two();
    uint8_t saved[PAGE], page[PAGE];
    SUCCEEDS(mem_host_read(w.bus, A_SPA, saved, sizeof saved));
    memset(page, 'N', sizeof page);
    SUCCEEDS(world_write(w.guest, A_GPA, true, page, sizeof page));
    FAULTS(mem_host_write(w.bus, A_SPA, RMP_MAP_4K, saved, sizeof saved), RMP_PF, RMP_ERROR_RMP,
           101);
    CU_ASSERT(reads_all(&w, A_GPA, 'N'));
    CU_ASSERT(mem_write(w.mem, A_SPA, saved, sizeof saved));
    CU_ASSERT(reads_all(&w, A_GPA, 'A'));
    world_free(&w);
}

/* A ciphertext that was moved opens to other bytes, without a fault. */
static void replay_elsewhere(void) {
    struct world w = world_of_two();
    uint8_t saved[PAGE], out[PAGE];
    CU_ASSERT(mem_read(w.mem, A_SPA, saved, sizeof saved));
    CU_ASSERT(mem_write(w.mem, B_SPA, saved, sizeof saved));
    SUCCEEDS(world_read(w.guest, B_GPA, true, out, sizeof out));
    for (size_t block = 0; block < PAGE; block += 16) {
        size_t equal = 0;
        for (size_t i = 0; i < 16; i++) equal += out[block + i] == 'A' || out[block + i] == 'B';
        if (equal > 8) CU_FAIL("a block that opened to known text");
    }
    CU_ASSERT(reads_all(&w, A_GPA, 'A'));
    world_free(&w);
}

/* The host owns a page, writes chosen bytes, then gives it to the guest: it opens to noise. */
static void planted(void) {
    struct world w = world_new(false);
    uint8_t page[PAGE], out[PAGE];
    memset(page, 'P', sizeof page);
    SUCCEEDS(mem_host_write(w.bus, A_SPA, RMP_MAP_4K, page, sizeof page));
    world_give(&w, w.guest, A_GPA, A_SPA);
    SUCCEEDS(world_read(w.guest, A_GPA, true, out, sizeof out));
    CU_ASSERT(memcmp(out, page, sizeof out) != 0);
    SUCCEEDS(world_read(w.guest, A_GPA, false, out, sizeof out));
    UNIT_BYTES(out, page, sizeof out);
    world_free(&w);
}

static const struct unit_test tests[] = {
    {"remap", remap},
    {"replace", replace},
    {"swap-after-double-validation", swap_after_double_validation},
    {"another-guest", another_guest},
    {"ciphertexts", ciphertexts},
    {"replay-in-place", replay_in_place},
    {"replay-elsewhere", replay_elsewhere},
    {"planted", planted},
    {NULL, NULL},
};

const struct unit_suite attack_suite = {"attack", tests};
