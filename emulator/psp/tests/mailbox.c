/* Making a PSP, and what its mailbox says to commands that it does not have. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "psp/tests/fixture.h"

extern const struct unit_suite mailbox_suite;

/* psp_new refuses PROFILE for what FIELD says, which is no field of a wire format. */
static void refuses(struct fixture *f, const struct sevkit_profile *profile, enum sevkit_code code,
                    const char *field, uint64_t value) {
    const struct sevkit_env env = {0};
    struct psp *psp;
    const struct sevkit_result r = psp_new(profile, &env, f->rmp, f->mem, &psp);
    UNIT_FAILS(r, code, field);
    CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
    CU_ASSERT_EQUAL(r.value, value);
}

static void refuses_bad_profiles(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    p.guests_max = 0;
    refuses(&f, &p, SEVKIT_BAD_VALUE, "guests_max", 0);
    p = fixture_profile();
    p.tsc_reference_khz = 0;
    refuses(&f, &p, SEVKIT_BAD_VALUE, "tsc_reference_khz", 0);
    fixture_close(&f);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN
#endif

/* Address space for the list of addresses, but not for the contexts. What was taken is given back, or 64
 * attempts would eat all of it. */
static void memory_for_contexts(void) {
#ifdef UNDER_ASAN
    unit_skip("AddressSanitizer needs terabytes of address space");
#else
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    struct rlimit before;
    fixture_open(&f, &p);
    p.guests_max = 1u << 24;
    _Static_assert(sizeof(struct psp_gctx) > 256, "2^24 contexts take more than the limit");
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit less = {.rlim_cur = UINT64_C(4) << 30, .rlim_max = before.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_AS, &less), 0);
    for (int i = 0; i < 64; i++) refuses(&f, &p, SEVKIT_NO_MEMORY, "guests_max", p.guests_max);
    void *half = malloc(UINT64_C(2) << 30);
    CU_ASSERT_PTR_NOT_NULL(half);
    free(half);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_AS, &before), 0);
    fixture_close(&f);
#endif
}

/* As after a psp_new that failed. */
static void freeing_nothing(void) {
    struct psp *psp = NULL;
    psp_free(psp);
    CU_ASSERT_PTR_NULL(psp);
}

static void unknown_commands(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    static const uint8_t buffer[PSP_GUEST_REQUEST_SIZE];
    fixture_open(&f, &p);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x93, buffer, sizeof buffer), ABI_INVALID_COMMAND);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0, buffer, 0), ABI_INVALID_COMMAND);
    /* Before the buffer is looked at: there may be none, and no size is wrong. SNP-MSG-083. */
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x93, NULL, sizeof buffer), ABI_INVALID_COMMAND);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x95, NULL, SIZE_MAX), ABI_INVALID_COMMAND);
    psp_set_platform_state(f.psp, PSP_PLATFORM_UNINIT);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x93, buffer, sizeof buffer), ABI_INVALID_COMMAND);
    psp_set_platform_state(f.psp, PSP_PLATFORM_INIT);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x194, buffer, sizeof buffer), ABI_INVALID_COMMAND);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x94, buffer, sizeof buffer - 1), ABI_INVALID_LENGTH);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x94, buffer, sizeof buffer + 1), ABI_INVALID_LENGTH);
    /* All addresses 0: page 0 is no context. */
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x94, buffer, sizeof buffer), ABI_INVALID_GUEST);
    fixture_close(&f);
}

/* A page in CONTEXT state alone makes no guest. */
static void forged_context(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    fixture_open(&f, &p);
    CU_ASSERT(rmp_set(f.rmp, 0x20000, RMP_CONTEXT, RMP_4K));
    CU_ASSERT_EQUAL(fixture_command(&f, 0x20000, REQUEST_PAGE, RESPONSE_PAGE), ABI_INVALID_GUEST);
    /* The mark of a free place is no address either. */
    CU_ASSERT_EQUAL(fixture_command(&f, UINT64_MAX, REQUEST_PAGE, RESPONSE_PAGE),
                    ABI_INVALID_PARAM);
    fixture_close(&f);
}

static void platform_state(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    static const uint8_t zero[ABI_TSC_INFO_SIZE];
    uint8_t reply[ABI_MSG_PAYLOAD_MAX];
    fixture_open(&f, &p);
    psp_set_platform_state(f.psp, PSP_PLATFORM_UNINIT);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, zero, sizeof zero, reply),
                    ABI_INVALID_PLATFORM_STATE);
    psp_set_platform_state(f.psp, PSP_PLATFORM_INIT);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, zero, sizeof zero, reply),
                    ABI_SUCCESS);
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"bad-profiles", refuses_bad_profiles},
    {"memory-for-contexts", memory_for_contexts},
    {"freeing-nothing", freeing_nothing},
    {"unknown-commands", unknown_commands},
    {"forged-context", forged_context},
    {"platform-state", platform_state},
    {NULL, NULL},
};

const struct unit_suite mailbox_suite = {"mailbox", tests};
