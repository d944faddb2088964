/* A machine saved and restored: what comes back, and that any other bytes are refused with the field.
 * @req SOCK-010 */
#include <string.h>

#include "psp/state.h"
#include "saved.h"
#include "sevkit/secrets.h"

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
    CU_ASSERT(!f.g->has_last);              /* a world that behaves keeps no response */
    f.m->env.random(f.m->env.ctx, page, 5); /* in the middle of a block */
    struct saved s = saved_of(f.m);
    const struct sevkit_result r = saved_restore(f.m, &s, &m);
    UNIT_OK(r);
    CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
    struct saved t = saved_of(m);
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
    saved_free(&s);
    saved_free(&t);
    fixture_close(&f);
}

/* Holes in the page list and the places, a scenario's kept responses, another chip and TCB. */
static void after_a_life(void) {
    struct fixture f;
    struct sevkit_profile p;
    struct vmm_guest *guests[4];
    struct vmm_machine *m = NULL;
    UNIT_OK(vmm_profile_builtin(PROFILE, &p)); /* as it was before the migration */
    fixture_open(&f, PROFILE,
                 "{\"faults\": [{\"kind\": \"migrate\", \"first\": 1, \"count\": 1},"
                 "{\"kind\": \"tcb_update\", \"first\": 2, \"count\": 1},"
                 "{\"kind\": \"reorder\", \"first\": 2, \"count\": 1}]}");
    for (size_t i = 0; i < 4; i++) UNIT_OK(vmm_guest_launch(f.m, &guests[i]));
    vmm_guest_destroy(guests[0]);
    vmm_guest_destroy(guests[2]);
    (void)fixture_ring(&f, ABI_MSG_REPORT_REQ);
    (void)fixture_ring(&f, ABI_MSG_REPORT_REQ);
    struct saved s = saved_of(f.m);
    UNIT_OK(vmm_machine_restore(&p, vmm_machine_scenario(f.m), NULL, s.bytes, s.size, &m));
    struct saved t = saved_of(m);
    same_bytes(&s, &t);
    CU_ASSERT_EQUAL(vmm_machine_scenario(m)->fault_count, 3);
    UNIT_BYTES(m->profile.chip_id, f.m->profile.chip_id, 64);
    CU_ASSERT_EQUAL(m->profile.reported_tcb, f.m->profile.reported_tcb);
    CU_ASSERT_EQUAL(m->profile.committed_tcb, f.m->profile.committed_tcb);
    CU_ASSERT_EQUAL(m->profile.current_tcb, f.m->profile.current_tcb);
    CU_ASSERT_NOT_EQUAL(m->profile.reported_tcb, p.reported_tcb);
    CU_ASSERT_NOT_EQUAL(m->psp->profile.reported_tcb, 0);
    CU_ASSERT_EQUAL(m->psp->profile.reported_tcb, f.m->psp->profile.reported_tcb);
    for (size_t i = 0; i < 3; i++) {
        const struct vmm_guest *a = vmm_machine_guest(f.m, i), *b = vmm_machine_guest(m, i);
        CU_ASSERT_EQUAL(vmm_guest_pages(a).gctx, vmm_guest_pages(b).gctx);
        CU_ASSERT(a->has_last == b->has_last && a->has_late == b->has_late);
        UNIT_BYTES(a->last, b->last, sizeof a->last);
        UNIT_BYTES(a->late, b->late, sizeof a->late);
    }
    CU_ASSERT(vmm_machine_guest(m, 2)->has_late && vmm_machine_guest(m, 2)->has_last);
    CU_ASSERT_PTR_NULL(vmm_machine_guest(m, 3));
    /* The next guests get the same returned pages. */
    struct vmm_guest *a, *b;
    UNIT_OK(vmm_guest_launch(f.m, &a));
    UNIT_OK(vmm_guest_launch(m, &b));
    CU_ASSERT_EQUAL(vmm_guest_pages(a).response, vmm_guest_pages(b).response);
    saved_free(&s);
    saved_free(&t);
    vmm_machine_free(m);
    fixture_close(&f);
}

static void no_guests(void) {
    struct sevkit_profile p;
    struct vmm_machine *m, *back = NULL;
    UNIT_OK(vmm_profile_builtin(PROFILE, &p));
    UNIT_OK(vmm_machine_new(&p, NULL, 7, &m));
    struct saved s = saved_of(m);
    UNIT_OK(saved_restore(m, &s, &back));
    CU_ASSERT_PTR_NULL(vmm_machine_guest(back, 0));
    saved_free(&s);
    vmm_machine_free(m);
    vmm_machine_free(back);
}

/* Every place taken and every page handed out. */
static void full(void) {
    struct sevkit_profile p;
    struct vmm_machine *m, *back = NULL;
    struct vmm_guest *guest;
    uint64_t paddr;
    UNIT_OK(vmm_profile_builtin(PROFILE, &p));
    p.memory_size = RMP_PAGE_2M;
    p.guests_max = 511 / 3;
    UNIT_OK(vmm_machine_new(&p, NULL, 1, &m));
    for (unsigned i = 0; i < p.guests_max; i++) UNIT_OK(vmm_guest_launch(m, &guest));
    UNIT_OK(vmm_page_take(&m->pages, &paddr)); /* the 511th */
    vmm_page_return(&m->pages, paddr);
    CU_ASSERT_EQUAL(m->pages.next, m->pages.end);
    struct saved s = saved_of(m);
    UNIT_OK(saved_restore(m, &s, &back));
    struct saved t = saved_of(back);
    same_bytes(&s, &t);
    UNIT_FAILS(vmm_guest_launch(back, &guest), SEVKIT_LIMIT, "memory_size");
    saved_free(&s);
    saved_free(&t);
    vmm_machine_free(m);
    vmm_machine_free(back);
}

static int64_t a_later_day(void *ctx) {
    return *(int64_t *)ctx;
}

static void the_same_byte(void *ctx, uint8_t *out, size_t size) {
    memset(out, *(uint8_t *)ctx, size);
}

/* A machine under its caller's environment, whose state is not the machine's to save. */
static void callers_environment(void) {
    struct sevkit_profile p;
    struct vmm_machine *m, *back = NULL;
    struct vmm_guest *guest;
    int64_t now = SEVKIT_EPOCH_EMBEDDED + 77;
    const struct sevkit_env env = {.ctx = &now, .now = a_later_day, .random = the_same_byte};
    const struct sevkit_scenario none = vmm_scenario_none();
    UNIT_OK(vmm_profile_builtin(PROFILE, &p));
    UNIT_OK(vmm_machine_new(&p, &env, 0, &m));
    UNIT_OK(vmm_guest_launch(m, &guest));
    struct saved s = saved_of(m);
    CU_ASSERT_EQUAL(s.size, AT_END - (AT_REQUESTS - AT_SEED) + CRYPTO_SHA384_SIZE);
    UNIT_OK(vmm_machine_restore(&p, &none, &env, s.bytes, s.size, &back));
    struct saved t = saved_of(back);
    same_bytes(&s, &t);
    const struct sevkit_result r = saved_restore(m, &s, &back); /* none given */
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "OWN_ENVIRONMENT");
    CU_ASSERT(r.value == 0 && r.offset == AT_SEED);
    saved_free(&s);
    saved_free(&t);
    vmm_machine_free(m);
    vmm_machine_free(back);
}

/* ---- other bytes ---- */

/* Any cut and any changed byte is seen. */
static void damaged(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    const size_t size = s.size;
    for (size_t i = 0; i < size; i += i < 600 ? 1 : 37) {
        s.size = i;
        struct sevkit_result r = saved_restore(f.m, &s, &m);
        if (i < CRYPTO_SHA384_SIZE) {
            UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "state");
            CU_ASSERT(r.value == i && r.offset == i);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_CRYPTO, "DIGEST");
            CU_ASSERT(r.value == 0 && r.offset == i - CRYPTO_SHA384_SIZE);
        }
        s.size = size;
        s.bytes[i] ^= 0x10;
        UNIT_FAILS(saved_restore(f.m, &s, &m), SEVKIT_BAD_CRYPTO, "DIGEST");
        s.bytes[i] ^= 0x10;
    }
    saved_free(&s);
    fixture_close(&f);
}

/* Cut, with a digest that is right: the field that is missing is named. */
static void cut_and_sealed(void) {
    struct fixture f;
    struct vmm_machine *m;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
    const size_t size = s.size;
    uint8_t *copy = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    for (size_t body = 0; body < size - CRYPTO_SHA384_SIZE; body += body < 1400 ? 1 : 101) {
        struct saved cut = {.bytes = copy, .size = body + CRYPTO_SHA384_SIZE};
        memcpy(copy, s.bytes, body);
        saved_seal(&cut);
        const struct sevkit_result r = saved_restore(f.m, &cut, &m);
        CU_ASSERT(r.code == SEVKIT_BAD_LENGTH && r.field[0] != 0);
        CU_ASSERT(r.value == body && r.offset <= body);
    }
    free(copy);
    saved_free(&s);
    fixture_close(&f);
}

/* Random changes with a right digest: refused, or a machine that can be used and freed. */
static void changed_and_sealed(void) {
    struct fixture f;
    struct crypto_drbg drbg;
    unsigned refused = 0;
    fixture_open(&f, PROFILE, NULL);
    struct saved s = saved_of(f.m);
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
        saved_seal(&s);
        if (sevkit_ok(saved_restore(f.m, &s, &m))) {
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
    saved_free(&s);
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
    struct saved s = saved_of(f.m);
    UNIT_OK(vmm_profile_builtin("milan-1.52.4-v2-vcek", &p));
    UNIT_FAILS(vmm_machine_restore(&p, &none, NULL, s.bytes, s.size, &m), SEVKIT_BAD_VALUE,
               "PROFILE");
    struct sevkit_env env = f.m->env;
    env.ctx = &drbg;
    crypto_drbg_init(&drbg, 1);
    const struct sevkit_result r =
        vmm_machine_restore(vmm_machine_profile(f.m), &none, &env, s.bytes, s.size, &m);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "OWN_ENVIRONMENT");
    CU_ASSERT_EQUAL(r.value, 1);
    saved_free(&s);
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"goes-on", goes_on},
    {"after-a-life", after_a_life},
    {"no-guests", no_guests},
    {"full", full},
    {"callers-environment", callers_environment},
    {"damaged", damaged},
    {"cut-and-sealed", cut_and_sealed},
    {"changed-and-sealed", changed_and_sealed},
    {"other-circumstances", other_circumstances},
    {NULL, NULL},
};

const struct unit_suite save_suite = {"save", tests};
