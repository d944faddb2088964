/* A guest's accesses: translation, check, encryption; faults and what they leave; vTOM. */
#include <string.h>

#include "memory/tests/fixture.h"
#include "sevkit/bytes.h"
#include "sevkit/crypto.h"

extern const struct unit_suite access_suite;

#define PRIVATE (RMP_ERROR_RMP | RMP_ERROR_ENC)
#define GPA (7 * PAGE)
#define SPA (3 * PAGE)

static const enum rmp_kind kinds[] = {RMP_READ, RMP_WRITE,   RMP_FETCH_USER,  RMP_FETCH_SUPERVISOR,
                                      RMP_WALK, RMP_WALK_AD, RMP_SHADOW_STACK};
#define KINDS (sizeof kinds / sizeof kinds[0])

static bool writes(enum rmp_kind kind) {
    return kind == RMP_WRITE || kind == RMP_WALK_AD || kind == RMP_SHADOW_STACK;
}

static bool always_private(enum rmp_kind kind) {
    return kind == RMP_FETCH_USER || kind == RMP_FETCH_SUPERVISOR || kind == RMP_WALK ||
           kind == RMP_WALK_AD;
}

/* What a page of zeros around BYTES at OFFSET is under ASID's key at SPA. */
static void ciphertext(uint16_t asid, uint64_t spa, size_t offset, const void *bytes, size_t size,
                       uint8_t out[PAGE]) {
    const struct mem_guest_config config = world_config(asid);
    struct crypto_page_cipher *cipher = NULL;
    UNIT_OK(crypto_page_cipher_new(&cipher));
    UNIT_OK(crypto_page_cipher_set_key(cipher, config.key));
    memset(out, 0, PAGE);
    memcpy(out + offset, bytes, size);
    UNIT_OK(crypto_page_cipher_seal(cipher, spa, out, out));
    crypto_page_cipher_free(cipher);
}

/* A valid page that the guest has cleared. */
static void give_clear(struct world *w, struct mem_guest *guest, uint64_t gpa, uint64_t spa) {
    static const uint8_t zeros[PAGE];
    world_give(w, guest, gpa, spa);
    SUCCEEDS(world_write(guest, gpa, true, zeros, sizeof zeros));
}

/* SNP-RMP-193: what is where, byte for byte. */
static void private_bytes(void) {
    struct world w = world_new(false);
    static const uint8_t text[12] = "private data";
    uint8_t expected[PAGE], page[PAGE], out[12];
    give_clear(&w, w.guest, GPA, SPA);
    SUCCEEDS(world_write(w.guest, GPA + 100, true, text, sizeof text));
    SUCCEEDS(world_read(w.guest, GPA + 100, true, out, sizeof out));
    UNIT_BYTES(out, text, sizeof out);
    ciphertext(GUEST_ASID, SPA, 100, text, sizeof text, expected);
    SUCCEEDS(mem_host_read(w.bus, SPA, page, sizeof page));
    UNIT_BYTES(page, expected, sizeof page);
    CU_ASSERT(mem_read(w.mem, SPA, page, sizeof page));
    UNIT_BYTES(page, expected, sizeof page);
    SUCCEEDS(world_read(w.guest, GPA, false, page, sizeof page)); /* C=0 sees what the host sees */
    UNIT_BYTES(page, expected, sizeof page);
    SUCCEEDS(world_read(w.guest, GPA, true, page, sizeof page));
    CU_ASSERT(abi_all_zero(page, 100) && abi_all_zero(page + 112, PAGE - 112));
    FAULTS(world_write(w.guest, GPA, false, text, sizeof text), RMP_NPF, RMP_ERROR_RMP, 103);
    world_free(&w);
}

static void shared_bytes(void) {
    struct world w = world_new(false);
    static const uint8_t text[12] = "shared data!";
    uint8_t out[12];
    UNIT_OK(mem_guest_map(w.guest, GPA, SPA, RMP_MAP_4K));
    SUCCEEDS(world_write(w.guest, GPA + 100, false, text, sizeof text));
    SUCCEEDS(mem_host_read(w.bus, SPA + 100, out, sizeof out));
    UNIT_BYTES(out, text, sizeof out);
    SUCCEEDS(mem_host_write(w.bus, SPA + 100, RMP_MAP_4K, "S", 1));
    SUCCEEDS(world_read(w.guest, GPA + 100, false, out, sizeof out));
    CU_ASSERT(out[0] == 'S' && memcmp(out + 1, text + 1, sizeof out - 1) == 0);
    FAULTS(world_read(w.guest, GPA, true, out, sizeof out), RMP_NPF, PRIVATE, 106);
    world_free(&w);
}

/* Which way the bytes go and whether they are private, for every kind and C. */
static void kinds_and_c(void) {
    struct world w = world_new(false);
    give_clear(&w, w.guest, GPA, SPA);
    for (size_t i = 0; i < 2 * KINDS; i++) {
        const enum rmp_kind kind = kinds[i / 2];
        const bool c = i % 2 == 1, private = c || always_private(kind);
        uint8_t plain[8], raw[8], bytes[8], now[8];
        memset(plain, (int)(0x10 + i), sizeof plain);
        SUCCEEDS(world_write(w.guest, GPA, true, plain, sizeof plain));
        CU_ASSERT(mem_read(w.mem, SPA, raw, sizeof raw));
        memset(bytes, (int)(0x90 + i), sizeof bytes);
        const struct rmp_answer a = mem_guest_access(w.guest, kind, 0, GPA, c, bytes, 8);
        if (writes(kind) && !private) {
            FAULTS(a, RMP_NPF, RMP_ERROR_RMP, 103);
        } else {
            SUCCEEDS(a);
        }
        SUCCEEDS(world_read(w.guest, GPA, true, now, sizeof now));
        if (!writes(kind)) {
            UNIT_BYTES(bytes, private ? plain : raw, sizeof bytes);
        } else {
            CU_ASSERT_EQUAL(bytes[0], 0x90 + i);
        }
        UNIT_BYTES(now, writes(kind) && private ? bytes : plain, sizeof now);
    }
    world_free(&w);
}

/* ---- faults ---- */

struct fault_row {
    enum rmp_state state;
    uint16_t asid;
    uint64_t gpa;
    uint8_t mask;
    enum rmp_fault fault;
    uint64_t error;
    uint16_t read, write; /* the rules that refuse; 0: none */
};

/* SNP-RMP-191: each fault of the RMP reaches the guest, and no byte moves. */
static void faults_change_nothing(void) {
    static const struct fault_row rows[] = {
        {RMP_GUEST_VALID, GUEST_ASID, GPA, RMP_PERM_ALL, RMP_NO_FAULT, 0, 0, 0},
        {RMP_GUEST_VALID, OTHER_ASID, GPA, RMP_PERM_ALL, RMP_NPF, PRIVATE, 106, 106},
        {RMP_HYPERVISOR, 0, 0, 0, RMP_NPF, PRIVATE, 106, 106},
        {RMP_FIRMWARE, 0, 0, 0, RMP_NPF, PRIVATE, 106, 106},
        {RMP_GUEST_VALID, GUEST_ASID, GPA + PAGE, RMP_PERM_ALL, RMP_NPF, PRIVATE, 107, 107},
        {RMP_PRE_GUEST, GUEST_ASID, GPA, RMP_PERM_ALL, RMP_NPF, PRIVATE, 108, 108},
        {RMP_GUEST_INVALID, GUEST_ASID, GPA, RMP_PERM_ALL, RMP_VC, RMP_VC_NOT_VALIDATED, 110, 110},
        {RMP_GUEST_VALID, GUEST_ASID, GPA, 0, RMP_NPF, PRIVATE | RMP_ERROR_VMPL, 111, 112},
        {RMP_GUEST_VALID, GUEST_ASID, GPA, 1, RMP_NPF, PRIVATE | RMP_ERROR_VMPL, 0, 112},
        {RMP_GUEST_VALID, GUEST_ASID, GPA, 2, RMP_NPF, PRIVATE | RMP_ERROR_VMPL, 111, 113},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        const struct fault_row *row = &rows[i / 2];
        const bool write = i % 2 == 1;
        const uint16_t rule = write ? row->write : row->read;
        struct world w = world_new(false);
        struct rmp_entry e;
        uint8_t bytes[16];
        give_clear(&w, w.guest, GPA, SPA);
        CU_ASSERT(rmp_set(w.rmp, SPA, row->state, RMP_4K));
        CU_ASSERT(rmp_entry_at(w.rmp, SPA, &e));
        if (row->asid != 0) {
            e.asid = row->asid;
            e.gpa = row->gpa;
            e.perms[0] = row->mask;
        }
        CU_ASSERT(rmp_put(w.rmp, SPA, &e));
        const struct world_print before = world_print(&w);
        memset(bytes, 0x5A, sizeof bytes);
        const enum rmp_kind kind = write ? RMP_WRITE : RMP_READ;
        const struct rmp_answer a =
            mem_guest_access(w.guest, kind, 0, GPA + 8, true, bytes, sizeof bytes);
        if (rule == 0)
            SUCCEEDS(a);
        else
            FAULTS(a, row->fault, row->error, rule);
        CU_ASSERT_EQUAL(bytes[0] == 0x5A && bytes[15] == 0x5A, write || rule != 0);
        CU_ASSERT_EQUAL(world_unchanged(&w, &before), !write || rule != 0);
        world_free(&w);
    }
}

/* SNP-RMP-192, against SNP-RMP-105: no mapping; a mapping to memory that has no entry. */
static void no_mapping_and_no_entry(void) {
    struct world w = world_new(false);
    uint8_t byte = 0x5A;
    const struct world_print before = world_print(&w);
    for (size_t i = 0; i < KINDS; i++) {
        for (int c = 0; c < 2; c++) {
            FAULTS(mem_guest_access(w.guest, kinds[i], 0, GPA, c == 1, &byte, 1), RMP_NPF, 0, 192);
            FAULTS(mem_guest_access(w.plain, kinds[i], 0, GPA, c == 1, &byte, 1), RMP_NPF, 0, 192);
        }
    }
    FAULTS(world_read(w.guest, UINT64_MAX, true, &byte, 1), RMP_NPF, 0, 192);
    FAULTS(world_read(w.guest, UINT64_MAX - 7, true, &byte, SIZE_MAX), RMP_NPF, 0, 192);
    SUCCEEDS(world_read(w.guest, GPA, true, &byte, 0));
    CU_ASSERT_EQUAL(byte, 0x5A);
    UNIT_OK(mem_guest_map(w.guest, GPA, WORLD_COVERED, RMP_MAP_4K));
    FAULTS(world_read(w.guest, GPA, true, &byte, 1), RMP_NPF, PRIVATE, 105);
    FAULTS(world_write(w.guest, GPA, true, &byte, 1), RMP_NPF, PRIVATE, 105);
    CU_ASSERT(world_unchanged(&w, &before));
    SUCCEEDS(world_write(w.guest, GPA, false, &byte, 1));
    SUCCEEDS(mem_host_read(w.bus, WORLD_COVERED, &byte, 1));
    CU_ASSERT_EQUAL(byte, 0x5A);
    world_free(&w);
}

/* Three pages, scattered over memory; the one that fails decides, wherever it is. */
static void across_pages(void) {
    static const uint64_t spas[3] = {30 * PAGE, 10 * PAGE, 20 * PAGE};
    static uint8_t data[3 * PAGE], out[3 * PAGE], zeros[3 * PAGE];
    struct world w = world_new(false);
    for (uint64_t i = 0; i < 3; i++) give_clear(&w, w.guest, GPA + i * PAGE, spas[i]);
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i % 251);
    const size_t size = sizeof data - 11;
    SUCCEEDS(world_write(w.guest, GPA + 5, true, data, size));
    SUCCEEDS(world_read(w.guest, GPA + 5, true, out, size));
    UNIT_BYTES(out, data, size);
    uint8_t byte[2];
    SUCCEEDS(world_read(w.guest, GPA + 2 * PAGE - 1, true, byte, 2));
    CU_ASSERT(byte[0] == data[2 * PAGE - 6] && byte[1] == data[2 * PAGE - 5]);
    SUCCEEDS(world_read(w.guest, GPA, true, out, 5));
    CU_ASSERT(abi_all_zero(out, 5));
    SUCCEEDS(world_read(w.guest, GPA + 3 * PAGE - 6, true, out, 6));
    CU_ASSERT(abi_all_zero(out, 6));
    for (size_t bad = 0; bad < 3; bad++) {
        CU_ASSERT(rmp_set(w.rmp, spas[bad], RMP_HYPERVISOR, RMP_4K));
        const struct world_print before = world_print(&w);
        memset(out, 0, sizeof out);
        FAULTS(world_read(w.guest, GPA + 5, true, out, size), RMP_NPF, PRIVATE, 106);
        UNIT_BYTES(out, zeros, sizeof out);
        FAULTS(world_write(w.guest, GPA + 5, true, zeros, size), RMP_NPF, PRIVATE, 106);
        CU_ASSERT(mem_guest_unmap(w.guest, GPA + bad * PAGE));
        FAULTS(world_write(w.guest, GPA + 5, true, zeros, size), RMP_NPF, 0, 192);
        CU_ASSERT(world_unchanged(&w, &before));
        world_give(&w, w.guest, GPA + bad * PAGE, spas[bad]);
    }
    CU_ASSERT(mem_guest_unmap(w.guest, GPA)); /* both fail: the first page's fault */
    CU_ASSERT(rmp_set(w.rmp, spas[1], RMP_HYPERVISOR, RMP_4K));
    FAULTS(world_read(w.guest, GPA + 5, true, out, size), RMP_NPF, 0, 192);
    world_free(&w);
}

/* The last page of guest physical addresses: nothing follows it. */
static void at_the_end(void) {
    struct world w = world_new(false);
    const uint64_t last = (UINT64_C(1) << 52) - PAGE;
    uint8_t bytes[2] = {1, 2};
    UNIT_OK(mem_guest_map(w.guest, last, SPA, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.guest, 0, SPA + PAGE, RMP_MAP_4K));
    SUCCEEDS(world_write(w.guest, last + PAGE - 2, false, bytes, 2));
    FAULTS(world_write(w.guest, last + PAGE - 1, false, bytes, 2), RMP_NPF, 0, 192);
    world_free(&w);
}

/* ---- large pages ---- */

static void large_pages(void) {
    static uint8_t data[LARGE], out[LARGE];
    struct world w = world_new(false);
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i % 241);
    world_give_mapped(&w, w.guest, 4 * LARGE, LARGE, RMP_MAP_2M, RMP_2M);
    SUCCEEDS(world_write(w.guest, 4 * LARGE, true, data, sizeof data));
    SUCCEEDS(world_read(w.guest, 4 * LARGE, true, out, sizeof out));
    UNIT_BYTES(out, data, sizeof out);
    ciphertext(GUEST_ASID, LARGE + 9 * PAGE, 0, data + 9 * PAGE, PAGE, out);
    CU_ASSERT(mem_read(w.mem, LARGE + 9 * PAGE, data, PAGE));
    UNIT_BYTES(data, out, PAGE);
    /* split by the host: Page-Size fails until the nested mapping is of 4 KiB, then all is there */
    const struct rmp_cpu host = {.long_mode = true, .snp = true};
    const uint64_t gpa = 4 * LARGE + 9 * PAGE + 3;
    SUCCEEDS(rmp_psmash(w.rmp, &host, LARGE));
    FAULTS(world_read(w.guest, gpa, true, out, 1), RMP_NPF, PRIVATE, 109);
    CU_ASSERT(mem_guest_unmap(w.guest, gpa));
    UNIT_OK(mem_guest_map(w.guest, 4 * LARGE + 9 * PAGE, LARGE + 9 * PAGE, RMP_MAP_4K));
    SUCCEEDS(world_read(w.guest, gpa, true, out, 1));
    CU_ASSERT_EQUAL(out[0], (9 * PAGE + 3) % 241);
    world_free(&w);
}

/* Nested 4 KiB over an RMP page of 2 MiB: the aligned page by Page-Size, a later one by ASID. */
static void small_over_large(void) {
    struct world w = world_new(false);
    uint8_t byte = 0;
    world_give_mapped(&w, w.guest, 0, LARGE, RMP_MAP_2M, RMP_2M);
    CU_ASSERT(mem_guest_unmap(w.guest, 0));
    UNIT_OK(mem_guest_map(w.guest, 0, LARGE, RMP_MAP_4K));
    UNIT_OK(mem_guest_map(w.guest, PAGE, LARGE + PAGE, RMP_MAP_4K));
    FAULTS(world_read(w.guest, 0, true, &byte, 1), RMP_NPF, PRIVATE, 109);
    FAULTS(world_read(w.guest, PAGE, true, &byte, 1), RMP_NPF, PRIVATE, 106);
    world_free(&w);
}

/* ---- guests without SNP ---- */

static void without_snp(void) {
    struct world w = world_new(false);
    static const uint8_t text[8] = "SEV only";
    uint8_t page[PAGE], out[8];
    UNIT_OK(mem_guest_map(w.plain, GPA, SPA, RMP_MAP_4K));
    memset(page, 0, sizeof page);
    SUCCEEDS(world_write(w.plain, GPA, true, page, sizeof page));
    SUCCEEDS(world_write(w.plain, GPA + 8, true, text, sizeof text));
    SUCCEEDS(world_read(w.plain, GPA + 8, true, out, sizeof out));
    UNIT_BYTES(out, text, sizeof out);
    ciphertext(PLAIN_ASID, SPA, 8, text, sizeof text, page);
    SUCCEEDS(mem_host_read(w.bus, SPA + 8, out, sizeof out));
    UNIT_BYTES(out, page + 8, sizeof out);
    CU_ASSERT(rmp_set(w.rmp, SPA, RMP_RECLAIM, RMP_4K));
    FAULTS(world_write(w.plain, GPA, true, text, 1), RMP_NPF, RMP_ERROR_RMP, 102);
    FAULTS(world_write(w.plain, GPA, false, text, 1), RMP_NPF, RMP_ERROR_RMP, 102);
    SUCCEEDS(world_read(w.plain, GPA + 8, true, out, sizeof out));
    UNIT_BYTES(out, text, sizeof out);
    world_free(&w);
}

/* ---- vTOM ---- */

static struct mem_guest *vtom_guest(struct world *w, uint64_t virtual_tom) {
    struct mem_guest *guest = NULL;
    struct mem_guest_config config = world_config(GUEST_ASID);
    config.vtom = true;
    config.virtual_tom = virtual_tom;
    UNIT_OK(mem_guest_new(w->bus, &config, &guest));
    mem_guest_free(w->guest);
    w->guest = guest;
    return guest;
}

/* SNP-RMP-194: the page below VIRTUAL_TOM is private, the one from there on is not, whatever C. */
static void vtom_edges(void) {
    struct world w = world_new(false);
    struct mem_guest *guest = vtom_guest(&w, GPA + PAGE);
    uint8_t page[PAGE], bytes[4] = {1, 2, 3, 4}, out[4];
    UNIT_OK(mem_guest_map(guest, GPA + PAGE, SPA + 5 * PAGE, RMP_MAP_4K));
    world_give(&w, guest, GPA, SPA);
    memset(page, 0, sizeof page);
    SUCCEEDS(world_write(guest, GPA, false, page, sizeof page)); /* C=0 asked, private by vTOM */
    for (int c = 0; c < 2; c++) {
        bytes[0] = (uint8_t)c;
        SUCCEEDS(world_write(guest, GPA + PAGE - 2, c == 1, bytes, sizeof bytes));
        SUCCEEDS(world_read(guest, GPA + PAGE - 2, c == 0, out, sizeof out));
        UNIT_BYTES(out, bytes, sizeof out);
        CU_ASSERT(mem_read(w.mem, SPA + 5 * PAGE, out, 2));
        UNIT_BYTES(out, bytes + 2, 2);
        ciphertext(GUEST_ASID, SPA, PAGE - 2, bytes, 2, page);
        CU_ASSERT(mem_read(w.mem, SPA + PAGE - 2, out, 2));
        UNIT_BYTES(out, page + PAGE - 2, 2);
        CU_ASSERT(mem_guest_translate(guest, GPA + PAGE - 1, c == 1).c);
        CU_ASSERT(!mem_guest_translate(guest, GPA + PAGE, c == 1).c);
    }
    world_free(&w);
}

/* Above VIRTUAL_TOM fetches and walks are private all the same; data of a private page is not. */
static void vtom_is_for_data(void) {
    struct world w = world_new(false);
    struct mem_guest *guest = vtom_guest(&w, 0);
    CU_ASSERT(rmp_ok(world_update(&w, SPA, GUEST_ASID, GPA, RMP_4K)));
    UNIT_OK(mem_guest_map(guest, GPA, SPA, RMP_MAP_4K));
    FAULTS(mem_guest_pvalidate(guest, 0, GPA, true, RMP_4K, true), RMP_NPF, RMP_ERROR_RMP, 50);
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t byte = 1;
        const struct rmp_answer a = mem_guest_access(guest, kinds[i], 0, GPA, true, &byte, 1);
        if (always_private(kinds[i]))
            FAULTS(a, RMP_VC, RMP_VC_NOT_VALIDATED, 110);
        else if (writes(kinds[i]))
            FAULTS(a, RMP_NPF, RMP_ERROR_RMP, 103);
        else
            SUCCEEDS(a);
    }
    world_free(&w);
}

/* Off: C decides everywhere. On at 0 and at 2^52: nothing and everything is private. */
static void vtom_ends(void) {
    struct world w = world_new(false);
    CU_ASSERT(mem_guest_translate(w.guest, 0, true).c && !mem_guest_translate(w.guest, 0, false).c);
    CU_ASSERT(!mem_guest_translate(vtom_guest(&w, 0), 0, true).c);
    const uint64_t end = UINT64_C(1) << 52;
    CU_ASSERT(mem_guest_translate(vtom_guest(&w, end), end - 1, false).c);
    world_free(&w);
}

/* SEV_FEATURES.VmplSSS reaches the check. */
static void shadow_stacks(void) {
    struct world w = world_new(false);
    struct mem_guest_config config = world_config(GUEST_ASID);
    struct mem_guest *strict = NULL;
    struct rmp_entry e;
    uint8_t byte = 1;
    config.vmpl_sss = true;
    UNIT_OK(mem_guest_new(w.bus, &config, &strict));
    world_give(&w, w.guest, GPA, SPA);
    UNIT_OK(mem_guest_map(strict, GPA, SPA, RMP_MAP_4K));
    SUCCEEDS(mem_guest_access(strict, RMP_SHADOW_STACK, 0, GPA, true, &byte, 1));
    CU_ASSERT(rmp_entry_at(w.rmp, SPA, &e));
    e.perms[0] &= (uint8_t)~RMP_PERM_SHADOW_STACK;
    CU_ASSERT(rmp_put(w.rmp, SPA, &e));
    FAULTS(mem_guest_access(strict, RMP_SHADOW_STACK, 0, GPA, true, &byte, 1), RMP_NPF,
           PRIVATE | RMP_ERROR_VMPL, 116);
    SUCCEEDS(mem_guest_access(w.guest, RMP_SHADOW_STACK, 0, GPA, true, &byte, 1));
    mem_guest_free(strict);
    world_free(&w);
}

static const struct unit_test tests[] = {
    {"private", private_bytes},
    {"shared", shared_bytes},
    {"kinds-and-c", kinds_and_c},
    {"faults-change-nothing", faults_change_nothing},
    {"no-mapping-and-no-entry", no_mapping_and_no_entry},
    {"across-pages", across_pages},
    {"at-the-end", at_the_end},
    {"large-pages", large_pages},
    {"small-over-large", small_over_large},
    {"without-snp", without_snp},
    {"vtom-edges", vtom_edges},
    {"vtom-is-for-data", vtom_is_for_data},
    {"vtom-ends", vtom_ends},
    {"shadow-stacks", shadow_stacks},
    {NULL, NULL},
};

const struct unit_suite access_suite = {"access", tests};
