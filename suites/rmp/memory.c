/* Accesses through memory: translation, RMP check and encryption in a row, and the RMP's own pages. RMP notes, sections
 * 1.3 and 4. */
#include <string.h>

#include "runner/suite.h"
#include "sevkit/memory.h"

extern const struct suite_area memory_part;

#define PAGE RMP_PAGE_4K
#define LARGE RMP_PAGE_2M
#define MEMORY (4 * LARGE)
#define RMP_BASE (3 * LARGE)
#define RMP_SIZE UINT64_C(0xC000)
#define SPA (LARGE + PAGE)
#define OTHER_SPA (LARGE + 2 * PAGE)
#define GPA UINT64_C(0x7000)
#define ASID 1

static const struct rmp_cpu host = {.long_mode = true, .snp = true};

struct place {
    struct mem *mem;
    struct rmp *rmp;
    struct mem_bus *bus;
    struct mem_guest *guest;
};

struct memory_row {
    bool vtom;
    void (*run)(struct suite_ctx *ctx, struct place *p);
};

static struct sevkit_result open_place(struct place *p, bool vtom) {
    const struct rmp_config config = rmp_config_default(MEMORY);
    const struct mem_rmp_place rmp_place = {RMP_BASE, RMP_SIZE, ABI_RMP_GENOA};
    struct mem_guest_config guest = {
        .asid = ASID, .snp = true, .mappings = 8, .vtom = vtom, .virtual_tom = GPA + PAGE};
    for (size_t i = 0; i < sizeof guest.key; i++) guest.key[i] = (uint8_t)i;
    SEVKIT_TRY(mem_new(MEMORY, &p->mem));
    SEVKIT_TRY(rmp_new(&config, &p->rmp));
    SEVKIT_TRY(mem_bus_new(p->mem, p->rmp, &rmp_place, &p->bus));
    return mem_guest_new(p->bus, &guest, &p->guest);
}

static void close_place(struct place *p) {
    mem_guest_free(p->guest);
    mem_bus_free(p->bus);
    rmp_free(p->rmp);
    mem_free(p->mem);
}

static void run_row(struct suite_ctx *ctx) {
    const struct memory_row *row = suite_row(ctx);
    struct place p = {0};
    const struct sevkit_result opened = open_place(&p, row->vtom);
    if (sevkit_ok(opened)) row->run(ctx, &p);
    close_place(&p);
    SUITE_SETUP(ctx, "memory and RMP", opened);
}

/* The page at SPA_ becomes the guest's at GPA_, validated, and holds TEXT. */
static bool give(struct suite_ctx *ctx, struct place *p, uint64_t gpa, uint64_t spa,
                 const char text[16]) {
    const struct rmp_state_fields fields = {.assigned = true, .asid = ASID, .gpa = gpa};
    uint8_t bytes[16];
    memcpy(bytes, text, sizeof bytes);
    return suite_setup(ctx, "nested mapping", mem_guest_map(p->guest, gpa, spa, RMP_MAP_4K)) &&
           suite_check(ctx, "RMPUPDATE", rmp_ok(rmp_update(p->rmp, &host, spa, &fields)),
                       "assigns a page of the hypervisor's") &&
           suite_check(ctx, "PVALIDATE",
                       rmp_ok(mem_guest_pvalidate(p->guest, 0, gpa, true, RMP_4K, true)),
                       "validates the guest's page") &&
           suite_check(
               ctx, "write",
               rmp_ok(mem_guest_access(p->guest, RMP_WRITE, 0, gpa, true, bytes, sizeof bytes)),
               "the guest writes its own page");
}

static bool guest_reads(struct suite_ctx *ctx, struct place *p, uint64_t gpa, bool c,
                        const char text[16]) {
    uint8_t bytes[16] = {0};
    const struct rmp_answer a =
        mem_guest_access(p->guest, RMP_READ, 0, gpa, c, bytes, sizeof bytes);
    return suite_check(ctx, "read", rmp_ok(a), "the guest reads its own page") &&
           suite_bytes(ctx, "bytes", text, bytes, sizeof bytes, "the guest reads what it wrote");
}

/* ---- SNP-RMP-191: the order, and that a failed step changes nothing ---- */

static void goes_through(struct suite_ctx *ctx, struct place *p) {
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_STEP(guest_reads(ctx, p, GPA, true, "sixteen bytes 1"));
}

/* Two pages in one access; the second is not validated: nothing of the first is written either. */
static void changes_nothing(struct suite_ctx *ctx, struct place *p) {
    static uint8_t bytes[2 * PAGE], before[2 * PAGE], after[2 * PAGE];
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_STEP(give(ctx, p, GPA + PAGE, OTHER_SPA, "sixteen bytes 2"));
    SUITE_CHECK(ctx, "PVALIDATE",
                rmp_ok(mem_guest_pvalidate(p->guest, 0, GPA + PAGE, true, RMP_4K, false)),
                "drops the validation");
    memset(bytes, 0xEE, sizeof bytes);
    SUITE_CHECK(ctx, "memory", mem_read(p->mem, SPA, before, sizeof before), "lies in memory");
    const struct rmp_answer a =
        mem_guest_access(p->guest, RMP_WRITE, 0, GPA, true, bytes, sizeof bytes);
    SUITE_EQUAL(ctx, "rule", 110, a.rule, "the second page is not validated");
    SUITE_CHECK(ctx, "memory", mem_read(p->mem, SPA, after, sizeof after), "lies in memory");
    SUITE_BYTES(ctx, "memory", before, after, sizeof after, "a failed access changes no byte");
}

/* ---- SNP-RMP-192 ---- */

static void not_mapped(struct suite_ctx *ctx, struct place *p) {
    uint8_t bytes[16] = {0};
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_CHECK(ctx, "nested table", mem_guest_unmap(p->guest, GPA), "GPA was mapped");
    const struct rmp_answer a =
        mem_guest_access(p->guest, RMP_READ, 0, GPA, true, bytes, sizeof bytes);
    SUITE_EQUAL(ctx, "fault", RMP_NPF, a.fault, "#VMEXIT(NPF)");
    SUITE_EQUAL(ctx, "EXITINFO1", 0, a.error, "no bit of the RMP");
    SUITE_EQUAL(ctx, "rule", 192, a.rule, "the address has no nested mapping");
}

/* ---- SNP-RMP-193 ---- */

/* The same text at two places, in one place twice, and put back where it was. */
static void ciphertext(struct suite_ctx *ctx, struct place *p) {
    uint8_t one[16], two[16], again[16];
    static uint8_t old[PAGE];
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_STEP(give(ctx, p, GPA + PAGE, OTHER_SPA, "sixteen bytes 1"));
    SUITE_CHECK(ctx, "read", rmp_ok(mem_host_read(p->bus, SPA, one, sizeof one)), "host reads");
    SUITE_CHECK(ctx, "read", rmp_ok(mem_host_read(p->bus, OTHER_SPA, two, sizeof two)),
                "host reads");
    SUITE_CHECK(ctx, "ciphertext", memcmp(one, "sixteen bytes 1", sizeof one) != 0,
                "the host does not read plaintext");
    SUITE_CHECK(ctx, "ciphertext", memcmp(one, two, sizeof one) != 0,
                "a ciphertext is bound to its address");
    SUITE_CHECK(ctx, "memory", mem_read(p->mem, SPA, old, sizeof old), "lies in memory");
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 3"));
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_CHECK(ctx, "read", rmp_ok(mem_host_read(p->bus, SPA, again, sizeof again)), "host reads");
    SUITE_BYTES(ctx, "ciphertext", one, again, sizeof one, "the same text at the same place");
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 4"));
    SUITE_CHECK(ctx, "memory", mem_write(p->mem, SPA, old, sizeof old), "lies in memory");
    SUITE_STEP(guest_reads(ctx, p, GPA, true, "sixteen bytes 1"));
}

/* ---- SNP-RMP-194 ---- */

/* VIRTUAL_TOM is GPA + PAGE: below it C is 1 whatever the guest's page table says, from there on 0. */
static void vtom(struct suite_ctx *ctx, struct place *p) {
    uint8_t bytes[16] = "sixteen bytes 2";
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_STEP(guest_reads(ctx, p, GPA, false, "sixteen bytes 1"));
    SUITE_SETUP(ctx, "nested mapping", mem_guest_map(p->guest, GPA + PAGE, OTHER_SPA, RMP_MAP_4K));
    SUITE_CHECK(
        ctx, "write",
        rmp_ok(mem_guest_access(p->guest, RMP_WRITE, 0, GPA + PAGE, true, bytes, sizeof bytes)),
        "from VIRTUAL_TOM on data is shared");
    SUITE_CHECK(ctx, "memory", mem_read(p->mem, OTHER_SPA, bytes, sizeof bytes), "in memory");
    SUITE_BYTES(ctx, "memory", "sixteen bytes 2", bytes, sizeof bytes, "shared bytes are plain");
    const struct rmp_answer fetch =
        mem_guest_access(p->guest, RMP_FETCH_SUPERVISOR, 0, GPA + PAGE, true, bytes, sizeof bytes);
    SUITE_EQUAL(ctx, "rule", 106, fetch.rule, "fetches are private whatever VIRTUAL_TOM says");
}

/* ---- SNP-RMP-175 ---- */

#define ENTRY_OF(spa) (RMP_BASE + 0x4000 + (spa) / PAGE * ABI_RMP_ENTRY_SIZE)

static void reads_itself(struct suite_ctx *ctx, struct place *p) {
    uint8_t raw[ABI_RMP_ENTRY_SIZE];
    struct rmp_entry e;
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    SUITE_CHECK(ctx, "read", rmp_ok(mem_host_read(p->bus, ENTRY_OF(SPA), raw, sizeof raw)),
                "the host reads the RMP");
    abi_rmp_entry_decode(ABI_RMP_GENOA, raw, &e);
    SUITE_EQUAL(ctx, "ASID", ASID, e.asid, "the page's owner");
    SUITE_EQUAL(ctx, "GPA", GPA, e.gpa, "the page's guest address");
    SUITE_EQUAL(ctx, "Validated", true, e.validated, "the guest validated the page");
    SUITE_CHECK(ctx, "read", rmp_ok(mem_host_read(p->bus, ENTRY_OF(RMP_BASE), raw, sizeof raw)),
                "the host reads the RMP");
    SUITE_EQUAL(ctx, "lower half", UINT64_C(0x8000000000000005),
                abi_get_le64(raw) & ~UINT64_C(0xFF8), "the RMP's own page is a Firmware page");
}

static void protects_itself(struct suite_ctx *ctx, struct place *p) {
    const struct rmp_state_fields release = {0};
    uint8_t zero[ABI_RMP_ENTRY_SIZE] = {0};
    SUITE_STEP(give(ctx, p, GPA, SPA, "sixteen bytes 1"));
    const struct rmp_answer write =
        mem_host_write(p->bus, ENTRY_OF(SPA), RMP_MAP_4K, zero, sizeof zero);
    SUITE_EQUAL(ctx, "fault", RMP_PF, write.fault, "#PF");
    SUITE_EQUAL(ctx, "rule", 101, write.rule, "the page is Assigned");
    const struct rmp_answer update =
        rmp_update(p->rmp, &host, ENTRY_OF(SPA) & ~(PAGE - 1), &release);
    SUITE_EQUAL(ctx, "EAX", RMP_FAIL_PERMISSION, update.eax, "the page is Immutable");
    SUITE_STEP(guest_reads(ctx, p, GPA, true, "sixteen bytes 1"));
}

#define ROW(id_, title_, req, run_, vtom_)                                                         \
    .id = "rmp.memory." id_, .title = title_, .requirements = SUITE_REQ(req),                      \
    .needs = TARGET_RMP | TARGET_MEMORY, .run = run_row, .row = &(const struct memory_row) {       \
        vtom_, run_                                                                                \
    }

static const struct suite_test tests[] = {
    {ROW("access", "a private access is translated, checked, encrypted", "SNP-RMP-191",
         goes_through, false),
     .kind = SUITE_POSITIVE},
    {ROW("footprint", "an access that fails at its second page changes no byte of the first",
         "SNP-RMP-191", changes_nothing, false),
     .kind = SUITE_NEGATIVE, .twin = "rmp.memory.access"},
    {ROW("mapped", "a mapped address is reached", "SNP-RMP-192", goes_through, false),
     .kind = SUITE_POSITIVE},
    {ROW("not-mapped", "an address without a nested mapping: NPF without a bit of the RMP",
         "SNP-RMP-192", not_mapped, false),
     .kind = SUITE_NEGATIVE, .twin = "rmp.memory.mapped"},
    {ROW("ciphertext", "what the host reads, and what an old ciphertext is good for", "SNP-RMP-193",
         ciphertext, false),
     .kind = SUITE_POSITIVE},
    {ROW("vtom", "VIRTUAL_TOM parts private from shared data", "SNP-RMP-194", vtom, true),
     .kind = SUITE_POSITIVE},
    {ROW("own-entries", "the host reads raw entries where the RMP lies", "SNP-RMP-175",
         reads_itself, false),
     .kind = SUITE_POSITIVE},
    {ROW("own-pages", "the RMP's own pages cannot be written, nor taken", "SNP-RMP-175",
         protects_itself, false),
     .kind = SUITE_NEGATIVE, .twin = "rmp.memory.own-entries"},
};

const struct suite_area memory_part = {
    .name = "rmp", .tests = tests, .count = sizeof tests / sizeof tests[0]};
