/* Unit tests of the firmware statuses: numbers and names as in guest message notes, section 5. */
#include "sevkit/status.h"

#include <stddef.h>

#include "suites.h"

/* Index = number. NULL: no status has it. */
static const char *const spec[] = {
    [0x00] = "SUCCESS",
    [0x01] = "INVALID_PLATFORM_STATE",
    [0x02] = "INVALID_GUEST_STATE",
    [0x03] = "INVALID_CONFIG",
    [0x04] = "INVALID_LENGTH",
    [0x05] = "ALREADY_OWNED",
    [0x06] = "INVALID_CERTIFICATE",
    [0x07] = "POLICY_FAILURE",
    [0x08] = "INACTIVE",
    [0x09] = "INVALID_ADDRESS",
    [0x0A] = "BAD_SIGNATURE",
    [0x0B] = "BAD_MEASUREMENT",
    [0x0C] = "ASID_OWNED",
    [0x0D] = "INVALID_ASID",
    [0x0E] = "WBINVD_REQUIRED",
    [0x0F] = "DFFLUSH_REQUIRED",
    [0x10] = "INVALID_GUEST",
    [0x11] = "INVALID_COMMAND",
    [0x12] = "ACTIVE",
    [0x13] = "HWERROR_PLATFORM",
    [0x14] = "HWERROR_UNSAFE",
    [0x15] = "UNSUPPORTED",
    [0x16] = "INVALID_PARAM",
    [0x17] = "RESOURCE_LIMIT",
    [0x18] = "SECURE_DATA_INVALID",
    [0x19] = "INVALID_PAGE_SIZE",
    [0x1A] = "INVALID_PAGE_STATE",
    [0x1B] = "INVALID_MDATA_ENTRY",
    [0x1C] = "INVALID_PAGE_OWNER",
    [0x1D] = "AEAD_OFLOW",
    [0x1F] = "RB_MODE_EXITED",
    [0x20] = "RMP_INIT_REQUIRED",
    [0x21] = "BAD_SVN",
    [0x22] = "BAD_VERSION",
    [0x23] = "SHUTDOWN_REQUIRED",
    [0x24] = "UPDATE_FAILED",
    [0x25] = "RESTORE_REQUIRED",
    [0x26] = "RMP_INITIALIZATION_FAILED",
    [0x27] = "INVALID_KEY",
};

#define SPEC (sizeof spec / sizeof spec[0])

static void names(void) {
    for (uint32_t i = 0; i < SPEC; i++) {
        CU_ASSERT_STRING_EQUAL(abi_status_name(i), spec[i] != NULL ? spec[i] : "UNKNOWN");
    }
}

static void numbers_without_a_name(void) {
    static const uint32_t numbers[] = {0x1E, 0x28, 0xFF, 0x100, 0x10000, UINT32_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CU_ASSERT_STRING_EQUAL(abi_status_name(numbers[i]), "UNKNOWN");
    }
}

static void from_name_is_the_inverse(void) {
    for (uint32_t i = 0; i < SPEC; i++) {
        if (spec[i] == NULL) continue;
        enum abi_status status = i == 0 ? ABI_INVALID_KEY : ABI_SUCCESS;
        CU_ASSERT(abi_status_from_name(spec[i], &status));
        CU_ASSERT_EQUAL((uint32_t)status, i);
    }
}

static void from_name_refuses_others(void) {
    static const char *const bad[] = {"", "UNKNOWN", "aead_oflow", "AEAD_OFLO", "AEAD_OFLOW ", "0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum abi_status status = ABI_BAD_SVN;
        CU_ASSERT(!abi_status_from_name(bad[i], &status));
        CU_ASSERT_EQUAL(status, ABI_BAD_SVN);
    }
}

static const struct unit_test tests[] = {
    {"names", names},
    {"numbers-without-a-name", numbers_without_a_name},
    {"from-name-is-the-inverse", from_name_is_the_inverse},
    {"from-name-refuses-others", from_name_refuses_others},
    {NULL, NULL},
};

const struct unit_suite abi_status_suite = {"status", tests};
