/* Making a PSP, and what its mailbox says to commands that it does not have. */
#include <string.h>

#include "psp/tests/fixture.h"

extern const struct unit_suite mailbox_suite;

static void refuses_bad_profiles(void) {
    struct fixture f;
    struct psp *psp;
    struct sevkit_profile p = fixture_profile();
    const struct sevkit_env env = {0};
    fixture_open(&f, &p);
    p.guests_max = 0;
    UNIT_FAILS(psp_new(&p, &env, f.rmp, f.mem, &psp), SEVKIT_BAD_VALUE, "guests_max");
    p = fixture_profile();
    p.tsc_reference_khz = 0;
    UNIT_FAILS(psp_new(&p, &env, f.rmp, f.mem, &psp), SEVKIT_BAD_VALUE, "tsc_reference_khz");
    fixture_close(&f);
}

static void unknown_commands(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    static const uint8_t buffer[PSP_GUEST_REQUEST_SIZE];
    fixture_open(&f, &p);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0x93, buffer, sizeof buffer), ABI_INVALID_COMMAND);
    CU_ASSERT_EQUAL(psp_command(f.psp, 0, buffer, 0), ABI_INVALID_COMMAND);
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
    {"unknown-commands", unknown_commands},
    {"forged-context", forged_context},
    {"platform-state", platform_state},
    {NULL, NULL},
};

const struct unit_suite mailbox_suite = {"mailbox", tests};
