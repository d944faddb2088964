/* Saved machines with one field out of its rule: refused by its name. Where each field stands is in
 * save_layout.c. @req SOCK-010 */
#include <string.h>

#include "psp/state.h"
#include "saved.h"
#include "sevkit/secrets.h"

#define TCB UINT64_C(0x541700000000000A) /* the profile's */

/* One field out of its rule, the digest right: refused by its name, with what was found, behind the field
 * or, where a whole is judged, behind all of it. */
static void fields(void) {
    static const struct {
        size_t at;
        uint8_t byte;
        const char *field;
        uint64_t value;
        size_t offset;
    } rows[] = {
        {0, 'X', "MAGIC", 0, AT_FORMAT},
        {AT_FORMAT, 1, "FORMAT", 1, AT_PROFILE},
        {AT_FORMAT, 3, "FORMAT", 3, AT_PROFILE},
        {AT_PROFILE, 'X', "PROFILE", 0, AT_OWN},
        {AT_OWN, 0, "OWN_ENVIRONMENT", 0, AT_SEED},
        {AT_OWN, 2, "OWN_ENVIRONMENT", 2, AT_SEED},
        {AT_USED, 0, "RANDOM_USED", 0, AT_REQUESTS},
        {AT_USED, 49, "RANDOM_USED", 49, AT_REQUESTS},
        {AT_PLATFORM, 2, "PLATFORM_STATE", 2, AT_CHIP_ID},
        {AT_CURRENT_TCB + 4, 1, "CURRENT_TCB", TCB | UINT64_C(1) << 32, AT_CURRENT_TCB + 8},
        {AT_CURRENT_TCB + 12, 1, "COMMITTED_TCB", TCB | UINT64_C(1) << 32, AT_CURRENT_TCB + 16},
        {AT_CURRENT_TCB + 20, 1, "REPORTED_TCB", TCB | UINT64_C(1) << 32, AT_GUEST_COUNT},
        {AT_GUEST_COUNT, 17, "GUEST_COUNT", 17, AT_PLACE}, /* of 16 */
        {AT_GUEST_COUNT + 3, 1, "GUEST_COUNT", 0x1000001, AT_PLACE},
        /* the context is read as what follows */
        {AT_GUEST_COUNT, 0, "NEXT_PAGE", UINT64_C(0x1000) << 32, AT_PLACE + 8},
        {AT_PLACE, 16, "PLACE", 16, AT_GCTX}, /* 0 to 15 */
        {AT_PLACE + 3, 1, "PLACE", 0x1000000, AT_GCTX},
        {AT_GCTX, 1, "GCTX_PADDR", 0x1000, AT_REQUEST_PAGE}, /* a page that holds no context */
        {AT_GCTX + 7, 1, "GCTX_PADDR", UINT64_C(0x0100000000001000), AT_STATE},
        {AT_GCTX + 1, 0x50, "GCTX_PADDR", 0x1000, AT_REQUEST_PAGE}, /* no guest has the context */
        {AT_STATE, 3, "GUEST_STATE", 3, AT_STATE + 1},
        {AT_ID_BLOCK, 2, "ID_BLOCK", 2, AT_ID_BLOCK + 1},
        {AT_AUTHOR, 2, "AUTHOR_KEY_EN", 2, AT_AUTHOR + 1},
        {AT_VCEK_DIS, 2, "VCEK_DIS", 2, AT_VCEK_DIS + 1},
        {AT_NEXT_PAGE, 1, "NEXT_PAGE", 0x4001, AT_RETURNED},
        {AT_NEXT_PAGE + 7, 1, "NEXT_PAGE", UINT64_C(0x0100000000004000), AT_RETURNED},
        {AT_NEXT_PAGE + 1, 0, "NEXT_PAGE", 0, AT_RETURNED},
        {AT_NEXT_PAGE + 1, 0x50, "NEXT_PAGE", 0x5000, AT_RMP}, /* a page that nobody has */
        {AT_RETURNED + 3, 1, "RETURNED_COUNT", 0x1000000, AT_GUESTS},
        {AT_RETURNED, 4, "RETURNED_COUNT", 4, AT_GUESTS}, /* of 3 that were handed out */
        {AT_GUESTS, 0, "NEXT_PAGE", 0x4000, AT_GUEST_GCTX},
        {AT_GUESTS, 17, "GUEST_COUNT", 17, AT_GUEST_GCTX}, /* of 16 */
        {AT_GUESTS + 3, 1, "GUEST_COUNT", 0x1000001, AT_GUEST_GCTX},
        {AT_GUEST_GCTX + 1, 0x20, "GCTX_PADDR", 0x2000, AT_REQUEST_PAGE},
        {AT_REQUEST, 1, "REQUEST_PADDR", 0x2001, AT_RMP},
        {AT_REQUEST + 1, 0, "REQUEST_PADDR", 0, AT_RMP},
        {AT_REQUEST + 1, 0x40, "REQUEST_PADDR", 0x4000, AT_RMP}, /* never handed out */
        {AT_REQUEST + 1, 0x10, "REQUEST_PADDR", 0x1000, AT_RMP}, /* the context's */
        {AT_REQUEST + 1, 0x30, "RESPONSE_PADDR", 0x3000, AT_RMP},
        {AT_REQUEST + 7, 1, "REQUEST_PAGE", UINT64_C(0x0100000000002000), AT_RESPONSE_PAGE},
        {AT_RESPONSE + 7, 1, "RESPONSE_PAGE", UINT64_C(0x0100000000003000), AT_SECRETS},
        {AT_SECRETS, 1, "SECRETS_PAGE", 0, AT_HAS_LAST},
        {AT_HAS_LAST, 2, "HAS_LAST", 2, AT_HAS_LAST + 1},
        {AT_HAS_LAST + 1, 2, "HAS_LATE", 2, AT_RMP},
        {AT_RMP, 2, "RMP_MORE", 2, AT_RMP_PADDR},
        {AT_RMP, 0, "state", AT_RMP_PADDR, AT_RMP_PADDR},
        {AT_RMP_PADDR, 1, "RMP_PADDR", 0x1001, AT_RMP_LAST},
        {AT_RMP_PADDR + 3, 0x40, "RMP_PADDR", 0x40001000, AT_RMP_LAST}, /* of 1 GiB */
        {AT_RMP_PADDR + 7, 0xFF, "RMP_PADDR", UINT64_C(0xFF00000000001000), AT_RMP_LAST},
        {AT_RMP_PAGES, 0, "RMP_PAGES", 0, AT_RMP_LAST},
        {AT_RMP_PAGES + 1, 2, "RMP_PAGES", 0x201, AT_RMP_LAST}, /* of 511 */
        {AT_RMP_PAGES + 3, 0xFF, "RMP_PAGES", 0xFF000001, AT_RMP_LAST},
        {AT_RMP_RISES, 2, "RMP_GPA_RISES", 2, AT_RMP_SIZE},
        {AT_RMP_RISES, 1, "RMP_GPA_RISES", 1, AT_RMP_LAST},
        {AT_RMP_SIZE, 2, "RMP_PAGE_SIZE", 2, AT_RMP_ASSIGNED},
        {AT_RMP_SIZE, 1, "RMP_PAGES", 1, AT_RMP_LAST},
        {AT_RMP_ASSIGNED, 2, "RMP_ASSIGNED", 2, AT_RMP_ASSIGNED + 1},
        {AT_RMP_ASSIGNED + 1, 2, "RMP_IMMUTABLE", 2, AT_RMP_ASSIGNED + 2},
        {AT_RMP_ASSIGNED + 2, 2, "RMP_VMSA", 2, AT_RMP_ASSIGNED + 3},
        {AT_RMP_ASSIGNED + 3, 2, "RMP_VALIDATED", 2, AT_RMP_ASSIGNED + 4},
        {AT_RMP_ASSIGNED + 4, 64, "RMP_IN_USE", 64, AT_RMP_MARK},
        {AT_RMP_MARK, 3, "RMP_MARK", 3, AT_RMP_ASID},
        {AT_RMP_ASID + 1, 4, "RMP_ASID", 0x400, AT_RMP_GPA},
        {AT_RMP_GPA, 1, "RMP_GPA", 1, AT_RMP_PERMS},
        {AT_RMP_GPA + 6, 8, "RMP_GPA", UINT64_C(1) << 51, AT_RMP_PERMS},
        {AT_RMP_LAST, 2, "RMP_MORE", 2, AT_END},
    };
    struct fixture f;
    struct vmm_machine *m = NULL;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    CU_ASSERT_EQUAL_FATAL(s.size, AT_END + CRYPTO_SHA384_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t before = s.bytes[rows[i].at];
        CU_ASSERT_NOT_EQUAL(before, rows[i].byte);
        s.bytes[rows[i].at] = rows[i].byte;
        saved_seal(&s);
        const struct sevkit_result r = saved_restore(f.m, &s, &m);
        UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].field);
        CU_ASSERT_EQUAL(r.value, rows[i].value);
        CU_ASSERT_EQUAL(r.offset, rows[i].offset);
        s.bytes[rows[i].at] = before;
    }
    saved_seal(&s);
    UNIT_OK(saved_restore(f.m, &s, &m));
    vmm_machine_free(m);
    saved_free(&s);
    fixture_close(&f);
}

/* Two contexts in one place. */
static void one_place_twice(void) {
    struct fixture f;
    struct vmm_guest *second;
    struct vmm_machine *m;
    const size_t context = AT_NEXT_PAGE - AT_PLACE;
    fixture_open(&f, PROFILE, NULL);
    UNIT_OK(vmm_guest_launch(f.m, &second));
    struct saved s = saved_of(f.m);
    CU_ASSERT_EQUAL(s.bytes[AT_PLACE + context], 1);
    s.bytes[AT_PLACE + context] = 0;
    saved_seal(&s);
    UNIT_FAILS(saved_restore(f.m, &s, &m), SEVKIT_BAD_VALUE, "PLACE");
    saved_free(&s);
    fixture_close(&f);
}

/* A context whose guest is gone, and its pages with it: nobody could ever remove it. */
static void context_without_guest(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    struct saved cut = {.bytes = s.bytes, .size = AT_GUESTS + 5 + CRYPTO_SHA384_SIZE};
    abi_put_le64(s.bytes + AT_NEXT_PAGE, ABI_PAGE_SIZE);
    abi_put_le32(s.bytes + AT_GUESTS, 0);
    s.bytes[AT_GUESTS + 4] = 0; /* an empty RMP */
    saved_seal(&cut);
    UNIT_FAILS(saved_restore(f.m, &cut, &m), SEVKIT_BAD_VALUE, "GUEST_COUNT");
    saved_free(&s);
    fixture_close(&f);
}

/* Bytes behind the RMP. */
static void too_long(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    uint8_t *longer = calloc(1, s.size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
    memcpy(longer, s.bytes, s.size - CRYPTO_SHA384_SIZE);
    struct saved t = {.bytes = longer, .size = s.size + 1};
    saved_seal(&t);
    const struct sevkit_result r = saved_restore(f.m, &t, &m);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "state");
    CU_ASSERT(r.value == AT_END && r.offset == AT_END);
    free(longer);
    saved_free(&s);
    fixture_close(&f);
}

/* Where the randomness of a machine stands that has drawn none. */
static void before_the_first_block(void) {
    struct sevkit_profile p;
    struct vmm_machine *m, *back = NULL;
    uint8_t draw[100], again[100];
    UNIT_OK(vmm_profile_builtin(PROFILE, &p));
    UNIT_OK(vmm_machine_new(&p, NULL, 9, &m));
    struct saved s = saved_of(m);
    CU_ASSERT(abi_get_le64(s.bytes + AT_BLOCK) == 0 && s.bytes[AT_USED] == 48);
    UNIT_OK(saved_restore(m, &s, &back));
    m->env.random(m->env.ctx, draw, sizeof draw);
    back->env.random(back->env.ctx, again, sizeof again);
    UNIT_BYTES(draw, again, sizeof draw);
    vmm_machine_free(back);
    s.bytes[AT_USED] = 5; /* of no block */
    saved_seal(&s);
    const struct sevkit_result r = saved_restore(m, &s, &back);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "RANDOM_USED");
    CU_ASSERT_EQUAL(r.value, 5);
    saved_free(&s);
    vmm_machine_free(m);
}

/* A page that was returned, twice: known, and of one use. */
static void returned_pages(void) {
    static const struct {
        size_t index;
        uint64_t paddr;
    } rows[] = {
        {0, 0},
        {0, 0x1000},
        {0, 0x5001},
        {0, 0x7000},
        {0, UINT64_C(1) << 62},
        {2, 0x1000},
        {2, 0x7000},
        {2, UINT64_C(1) << 62},
        {2, 0x6000}, /* the first one's */
    };
    struct fixture f;
    struct vmm_guest *second;
    struct vmm_machine *m = NULL;
    fixture_open(&f, PROFILE, NULL);
    UNIT_OK(vmm_guest_launch(f.m, &second));
    vmm_guest_destroy(second);
    struct saved s = saved_of(f.m);
    CU_ASSERT_EQUAL(abi_get_le64(s.bytes + AT_NEXT_PAGE), 0x7000);
    CU_ASSERT_EQUAL(abi_get_le32(s.bytes + AT_RETURNED), 3);
    CU_ASSERT_EQUAL(abi_get_le64(s.bytes + AT_GUESTS), 0x6000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *at = s.bytes + AT_GUESTS + 8 * rows[i].index;
        const uint64_t before = abi_get_le64(at);
        abi_put_le64(at, rows[i].paddr);
        saved_seal(&s);
        const struct sevkit_result r = saved_restore(f.m, &s, &m);
        /* In the order of the file, the guest's pages come last. */
        UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].paddr == 0x1000 ? "GCTX_PADDR" : "RETURNED_PAGE");
        CU_ASSERT_EQUAL(r.value, rows[i].paddr);
        abi_put_le64(at, before);
    }
    saved_free(&s);
    fixture_close(&f);
}

/* Of two faults the first in the file is named: here a bad format, and an end in the field after it. */
static void first_fault(void) {
    struct fixture f;
    struct vmm_machine *m = NULL;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    struct saved cut = {.bytes = s.bytes, .size = AT_PROFILE + 1 + CRYPTO_SHA384_SIZE};
    s.bytes[AT_FORMAT] = 1;
    saved_seal(&cut);
    UNIT_FAILS(saved_restore(f.m, &cut, &m), SEVKIT_BAD_VALUE, "FORMAT");
    saved_free(&s);
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"fields", fields},
    {"before-the-first-block", before_the_first_block},
    {"returned-pages", returned_pages},
    {"one-place-twice", one_place_twice},
    {"context-without-guest", context_without_guest},
    {"too-long", too_long},
    {"first-fault", first_fault},
    {NULL, NULL},
};

const struct unit_suite save_format_suite = {"save-format", tests};
