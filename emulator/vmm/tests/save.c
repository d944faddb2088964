/* A machine saved and restored: what comes back, and that any other bytes are refused with the field.
 * @req SOCK-010 */
#include <string.h>

#include "fixture.h"
#include "psp/state.h"
#include "sevkit/secrets.h"
#include "vmm/machine.h"

#define PROFILE SEVKIT_PROFILE_DEFAULT

struct saved {
    uint8_t *bytes;
    size_t size;
};

static struct saved save(struct vmm_machine *m) {
    struct saved s = {0};
    UNIT_OK(vmm_machine_save(m, &s.bytes, &s.size));
    return s;
}

static struct sevkit_result restore(const struct vmm_machine *like, const struct saved *s,
                                    struct vmm_machine **m) {
    return vmm_machine_restore(vmm_machine_profile(like), vmm_machine_scenario(like), NULL,
                               s->bytes, s->size, m);
}

/* The fixture goes on over MACHINE, whose newest guest it takes. */
static void take_over(struct fixture *f, struct vmm_machine *machine) {
    vmm_machine_free(f->m);
    f->m = machine;
    f->g = vmm_machine_guest(machine, 0);
    f->door = vmm_guest_door(f->g);
}

static void same_bytes(const struct saved *a, const struct saved *b) {
    CU_ASSERT_EQUAL_FATAL(a->size, b->size);
    UNIT_BYTES(a->bytes, b->bytes, a->size);
}

/* Counters, keys, REPORT_ID and the randomness to come are the saved ones. */
static void goes_on(void) {
    struct fixture f;
    struct vmm_guest *third, *twin;
    struct vmm_machine *m = NULL;
    uint8_t report[ABI_REPORT_SIZE], again[ABI_REPORT_SIZE], page[ABI_PAGE_SIZE],
        other[ABI_PAGE_SIZE];
    fixture_open(&f, PROFILE, NULL);
    fixture_report(&f, report);
    struct saved s = save(f.m);
    UNIT_OK(restore(f.m, &s, &m));
    struct saved t = save(m);
    same_bytes(&s, &t);
    CU_ASSERT_EQUAL(vmm_machine_requests(m), 1);
    CU_ASSERT_EQUAL(vmm_machine_fw_requests(m), 1);
    UNIT_OK(vmm_guest_launch(f.m, &third));
    UNIT_OK(vmm_guest_launch(m, &twin));
    vmm_guest_secrets(third, page);
    vmm_guest_secrets(twin, other);
    UNIT_BYTES(page, other, sizeof page);
    vmm_guest_destroy(twin);
    take_over(&f, m);
    fixture_report(&f, again);
    UNIT_BYTES(report, again, sizeof report);
    vmm_save_free(s.bytes, s.size);
    vmm_save_free(t.bytes, t.size);
    fixture_close(&f);
}

/* Holes in the page list and the places, a scenario's kept responses, another chip and TCB. */
static void after_a_life(void) {
    struct fixture f;
    struct vmm_guest *guests[4];
    struct vmm_machine *m = NULL;
    fixture_open(&f, PROFILE,
                 "{\"faults\": [{\"kind\": \"migrate\", \"first\": 1, \"count\": 1},"
                 "{\"kind\": \"tcb_update\", \"first\": 2, \"count\": 1},"
                 "{\"kind\": \"reorder\", \"first\": 2, \"count\": 1}]}");
    for (size_t i = 0; i < 4; i++) UNIT_OK(vmm_guest_launch(f.m, &guests[i]));
    vmm_guest_destroy(guests[0]);
    vmm_guest_destroy(guests[2]);
    (void)fixture_ring(&f, ABI_MSG_REPORT_REQ);
    (void)fixture_ring(&f, ABI_MSG_REPORT_REQ);
    struct saved s = save(f.m);
    UNIT_OK(restore(f.m, &s, &m));
    struct saved t = save(m);
    same_bytes(&s, &t);
    UNIT_BYTES(m->profile.chip_id, f.m->profile.chip_id, 64);
    CU_ASSERT_EQUAL(m->profile.reported_tcb, f.m->profile.reported_tcb);
    CU_ASSERT_NOT_EQUAL(m->psp->profile.reported_tcb, 0);
    CU_ASSERT_EQUAL(m->psp->profile.reported_tcb, f.m->psp->profile.reported_tcb);
    for (size_t i = 0; i < 3; i++) {
        const struct vmm_guest *a = vmm_machine_guest(f.m, i), *b = vmm_machine_guest(m, i);
        CU_ASSERT_EQUAL(vmm_guest_pages(a).gctx, vmm_guest_pages(b).gctx);
        CU_ASSERT_EQUAL(a->has_late, b->has_late);
    }
    CU_ASSERT(vmm_machine_guest(m, 2)->has_late);
    CU_ASSERT_PTR_NULL(vmm_machine_guest(m, 3));
    /* The next guests get the same returned pages. */
    struct vmm_guest *a, *b;
    UNIT_OK(vmm_guest_launch(f.m, &a));
    UNIT_OK(vmm_guest_launch(m, &b));
    CU_ASSERT_EQUAL(vmm_guest_pages(a).response, vmm_guest_pages(b).response);
    vmm_save_free(s.bytes, s.size);
    vmm_save_free(t.bytes, t.size);
    vmm_machine_free(m);
    fixture_close(&f);
}

static void no_guests(void) {
    struct sevkit_profile p;
    struct vmm_machine *m, *back = NULL;
    UNIT_OK(vmm_profile_builtin(PROFILE, &p));
    UNIT_OK(vmm_machine_new(&p, NULL, 7, &m));
    struct saved s = save(m);
    UNIT_OK(restore(m, &s, &back));
    CU_ASSERT_PTR_NULL(vmm_machine_guest(back, 0));
    vmm_save_free(s.bytes, s.size);
    vmm_machine_free(m);
    vmm_machine_free(back);
}

/* ---- other bytes ---- */

static void seal(struct saved *s) {
    const size_t size = s->size - CRYPTO_SHA384_SIZE;
    UNIT_OK(crypto_sha384(s->bytes, size, s->bytes + size));
}

/* Any cut and any changed byte is seen. */
static void damaged(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    const size_t size = s.size;
    for (size_t i = 0; i < size; i += i < 600 ? 1 : 37) {
        s.size = i;
        CU_ASSERT(!sevkit_ok(restore(f.m, &s, &m)));
        s.size = size;
        s.bytes[i] ^= 0x10;
        UNIT_FAILS(restore(f.m, &s, &m), SEVKIT_BAD_CRYPTO, "DIGEST");
        s.bytes[i] ^= 0x10;
    }
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

/* Cut, with a digest that is right: the field that is missing is named. */
static void cut_and_sealed(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    const size_t size = s.size;
    uint8_t *copy = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    for (size_t body = 0; body < size - CRYPTO_SHA384_SIZE; body += body < 1400 ? 1 : 101) {
        struct saved cut = {.bytes = copy, .size = body + CRYPTO_SHA384_SIZE};
        memcpy(copy, s.bytes, body);
        seal(&cut);
        const struct sevkit_result r = restore(f.m, &cut, &m);
        CU_ASSERT(r.code == SEVKIT_BAD_LENGTH || r.code == SEVKIT_BAD_VALUE);
        CU_ASSERT_NOT_EQUAL(r.field[0], 0);
    }
    free(copy);
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

/* Random changes with a right digest: refused, or a machine that can be used and freed. */
static void changed_and_sealed(void) {
    struct fixture f;
    struct crypto_drbg drbg;
    unsigned refused = 0;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    uint8_t *good = malloc(s.size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(good);
    memcpy(good, s.bytes, s.size);
    crypto_drbg_init(&drbg, 3);
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t draw[3];
        struct vmm_machine *m;
        crypto_drbg_random(&drbg, draw, sizeof draw);
        /* Most of the file is pages; the fields stand in the first 1,300 bytes. */
        s.bytes[(draw[0] | (unsigned)draw[1] << 8) % 1300] ^= draw[2];
        seal(&s);
        if (sevkit_ok(restore(f.m, &s, &m))) {
            struct vmm_guest *guest;
            UNIT_OK(vmm_guest_launch(m, &guest));
            vmm_machine_free(m);
        } else {
            refused++;
        }
        memcpy(s.bytes, good, s.size);
    }
    CU_ASSERT(refused > 50);
    CU_ASSERT(refused < 1800);
    free(good);
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

/* Where the fields of a machine without a returned page stand, from the format in save.c. */
enum at {
    AT_FORMAT = 8,
    AT_PROFILE = 12,
    AT_OWN = AT_PROFILE + 64,
    AT_USED = AT_OWN + 1 + 16,
    AT_PLATFORM = AT_USED + 1 + 16,
    AT_CURRENT_TCB = AT_PLATFORM + 1 + 64,
    AT_GUEST_COUNT = AT_CURRENT_TCB + 24,
    AT_PLACE = AT_GUEST_COUNT + 4,
    AT_GCTX = AT_PLACE + 4,
    AT_STATE = AT_GCTX + 8,
    AT_ID_BLOCK = AT_STATE + 1 + 4 * 40 + 32 * 3 + 8 + 32 + 48,
    AT_AUTHOR = AT_ID_BLOCK + 1 + 16 + 16 + 4 + 48,
    AT_VCEK_DIS = AT_AUTHOR + 1 + 48,
    AT_NEXT_PAGE = AT_VCEK_DIS + 1 + 16 + 8 + 8 + 4 + 8,
    AT_RETURNED = AT_NEXT_PAGE + 8,
    AT_GUESTS = AT_RETURNED + 4,
    AT_GUEST_GCTX = AT_GUESTS + 4,
    AT_REQUEST = AT_GUEST_GCTX + 8,
    AT_RESPONSE = AT_REQUEST + 8,
    AT_SECRETS = AT_RESPONSE + 8 + 2 * ABI_PAGE_SIZE,
    AT_HAS_LAST = AT_SECRETS + ABI_PAGE_SIZE,
};

/* One field out of its rule, the digest right: refused by its name. */
static void fields(void) {
    static const struct {
        size_t at;
        uint8_t value;
        const char *field;
    } rows[] = {
        {0, 'X', "MAGIC"},
        {AT_FORMAT, 2, "FORMAT"},
        {AT_PROFILE, 'X', "PROFILE"},
        {AT_OWN, 0, "OWN_ENVIRONMENT"},
        {AT_OWN, 2, "OWN_ENVIRONMENT"},
        {AT_USED, 0, "RANDOM_USED"},
        {AT_USED, 49, "RANDOM_USED"},
        {AT_PLATFORM, 2, "PLATFORM_STATE"},
        {AT_CURRENT_TCB + 4, 1, "CURRENT_TCB"},
        {AT_CURRENT_TCB + 12, 1, "COMMITTED_TCB"},
        {AT_CURRENT_TCB + 20, 1, "REPORTED_TCB"},
        {AT_GUEST_COUNT + 3, 1, "GUEST_COUNT"},
        {AT_GUEST_COUNT, 0, "NEXT_PAGE"}, /* the context is read as what follows */
        {AT_PLACE + 3, 1, "PLACE"},
        {AT_GCTX, 1, "GCTX_PADDR"},
        {AT_GCTX + 7, 1, "GCTX_PADDR"},
        {AT_GCTX + 1, 0x50, "GCTX_PADDR"}, /* a context that no guest has */
        {AT_STATE, 3, "GUEST_STATE"},
        {AT_ID_BLOCK, 2, "ID_BLOCK"},
        {AT_AUTHOR, 2, "AUTHOR_KEY_EN"},
        {AT_VCEK_DIS, 2, "VCEK_DIS"},
        {AT_NEXT_PAGE, 1, "NEXT_PAGE"},
        {AT_NEXT_PAGE + 7, 1, "NEXT_PAGE"},
        {AT_NEXT_PAGE + 1, 0, "NEXT_PAGE"},
        {AT_NEXT_PAGE + 1, 0x50, "NEXT_PAGE"},
        {AT_RETURNED + 3, 1, "RETURNED_COUNT"},
        {AT_RETURNED, 4, "RETURNED_COUNT"}, /* of 3 that were handed out */
        {AT_GUESTS, 0, "NEXT_PAGE"},        /* pages that nobody has */
        {AT_GUESTS + 3, 1, "GUEST_COUNT"},
        {AT_GUEST_GCTX + 1, 0x20, "GCTX_PADDR"},
        {AT_REQUEST, 1, "REQUEST_PADDR"},
        {AT_REQUEST + 1, 0x10, "REQUEST_PADDR"},
        {AT_REQUEST + 1, 0x30, "RESPONSE_PADDR"},
        {AT_RESPONSE + 7, 1, "RESPONSE_PAGE"},
        {AT_SECRETS, 1, "SECRETS_PAGE"},
        {AT_HAS_LAST, 2, "HAS_LAST"},
        {AT_HAS_LAST + 1, 2, "HAS_LATE"},
    };
    struct fixture f;
    struct vmm_machine *m = NULL;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    CU_ASSERT_EQUAL_FATAL(s.size, AT_HAS_LAST + 2 + CRYPTO_SHA384_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t before = s.bytes[rows[i].at];
        CU_ASSERT_NOT_EQUAL(before, rows[i].value);
        s.bytes[rows[i].at] = rows[i].value;
        seal(&s);
        UNIT_FAILS(restore(f.m, &s, &m), SEVKIT_BAD_VALUE, rows[i].field);
        s.bytes[rows[i].at] = before;
    }
    seal(&s);
    UNIT_OK(restore(f.m, &s, &m));
    vmm_machine_free(m);
    vmm_save_free(s.bytes, s.size);
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
    struct saved s = save(f.m);
    CU_ASSERT_EQUAL(s.bytes[AT_PLACE + context], 1);
    s.bytes[AT_PLACE + context] = 0;
    seal(&s);
    UNIT_FAILS(restore(f.m, &s, &m), SEVKIT_BAD_VALUE, "PLACE");
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

/* A context whose guest is gone, and its pages with it: nobody could ever remove it. */
static void context_without_guest(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    struct saved cut = {.bytes = s.bytes, .size = AT_GUESTS + 4 + CRYPTO_SHA384_SIZE};
    abi_put_le64(s.bytes + AT_NEXT_PAGE, ABI_PAGE_SIZE);
    abi_put_le32(s.bytes + AT_GUESTS, 0);
    seal(&cut);
    UNIT_FAILS(restore(f.m, &cut, &m), SEVKIT_BAD_VALUE, "GUEST_COUNT");
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

/* Bytes behind the last guest. */
static void too_long(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    uint8_t *longer = calloc(1, s.size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
    memcpy(longer, s.bytes, s.size - CRYPTO_SHA384_SIZE);
    struct saved t = {.bytes = longer, .size = s.size + 1};
    seal(&t);
    UNIT_FAILS(restore(f.m, &t, &m), SEVKIT_BAD_VALUE, "state");
    free(longer);
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

/* Another profile, or an environment where there was none. */
static void other_circumstances(void) {
    struct fixture f;
    struct sevkit_profile p;
    struct vmm_machine *m;
    struct crypto_drbg drbg;
    const struct sevkit_scenario none = vmm_scenario_none();
    fixture_open(&f, PROFILE, NULL);
    struct saved s = save(f.m);
    UNIT_OK(vmm_profile_builtin("milan-1.52.4-v2-vcek", &p));
    UNIT_FAILS(vmm_machine_restore(&p, &none, NULL, s.bytes, s.size, &m), SEVKIT_BAD_VALUE,
               "PROFILE");
    struct sevkit_env env = f.m->env;
    env.ctx = &drbg;
    crypto_drbg_init(&drbg, 1);
    UNIT_FAILS(vmm_machine_restore(vmm_machine_profile(f.m), &none, &env, s.bytes, s.size, &m),
               SEVKIT_BAD_VALUE, "OWN_ENVIRONMENT");
    vmm_save_free(s.bytes, s.size);
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"goes-on", goes_on},
    {"after-a-life", after_a_life},
    {"no-guests", no_guests},
    {"damaged", damaged},
    {"cut-and-sealed", cut_and_sealed},
    {"changed-and-sealed", changed_and_sealed},
    {"fields", fields},
    {"one-place-twice", one_place_twice},
    {"context-without-guest", context_without_guest},
    {"too-long", too_long},
    {"other-circumstances", other_circumstances},
    {NULL, NULL},
};

const struct unit_suite save_suite = {"save", tests};
