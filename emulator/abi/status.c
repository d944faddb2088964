/* Firmware statuses and their names. Guest message notes, section 5 (status codes). 0x1E is
 * unassigned. */
#include "sevkit/status.h"

#include <stddef.h>
#include <string.h>

static const struct {
    enum abi_status status;
    const char *name;
} names[] = {
    {ABI_SUCCESS, "SUCCESS"},
    {ABI_INVALID_PLATFORM_STATE, "INVALID_PLATFORM_STATE"},
    {ABI_INVALID_GUEST_STATE, "INVALID_GUEST_STATE"},
    {ABI_INVALID_CONFIG, "INVALID_CONFIG"},
    {ABI_INVALID_LENGTH, "INVALID_LENGTH"},
    {ABI_ALREADY_OWNED, "ALREADY_OWNED"},
    {ABI_INVALID_CERTIFICATE, "INVALID_CERTIFICATE"},
    {ABI_POLICY_FAILURE, "POLICY_FAILURE"},
    {ABI_INACTIVE, "INACTIVE"},
    {ABI_INVALID_ADDRESS, "INVALID_ADDRESS"},
    {ABI_BAD_SIGNATURE, "BAD_SIGNATURE"},
    {ABI_BAD_MEASUREMENT, "BAD_MEASUREMENT"},
    {ABI_ASID_OWNED, "ASID_OWNED"},
    {ABI_INVALID_ASID, "INVALID_ASID"},
    {ABI_WBINVD_REQUIRED, "WBINVD_REQUIRED"},
    {ABI_DFFLUSH_REQUIRED, "DFFLUSH_REQUIRED"},
    {ABI_INVALID_GUEST, "INVALID_GUEST"},
    {ABI_INVALID_COMMAND, "INVALID_COMMAND"},
    {ABI_ACTIVE, "ACTIVE"},
    {ABI_HWERROR_PLATFORM, "HWERROR_PLATFORM"},
    {ABI_HWERROR_UNSAFE, "HWERROR_UNSAFE"},
    {ABI_UNSUPPORTED, "UNSUPPORTED"},
    {ABI_INVALID_PARAM, "INVALID_PARAM"},
    {ABI_RESOURCE_LIMIT, "RESOURCE_LIMIT"},
    {ABI_SECURE_DATA_INVALID, "SECURE_DATA_INVALID"},
    {ABI_INVALID_PAGE_SIZE, "INVALID_PAGE_SIZE"},
    {ABI_INVALID_PAGE_STATE, "INVALID_PAGE_STATE"},
    {ABI_INVALID_MDATA_ENTRY, "INVALID_MDATA_ENTRY"},
    {ABI_INVALID_PAGE_OWNER, "INVALID_PAGE_OWNER"},
    {ABI_AEAD_OFLOW, "AEAD_OFLOW"},
    {ABI_RB_MODE_EXITED, "RB_MODE_EXITED"},
    {ABI_RMP_INIT_REQUIRED, "RMP_INIT_REQUIRED"},
    {ABI_BAD_SVN, "BAD_SVN"},
    {ABI_BAD_VERSION, "BAD_VERSION"},
    {ABI_SHUTDOWN_REQUIRED, "SHUTDOWN_REQUIRED"},
    {ABI_UPDATE_FAILED, "UPDATE_FAILED"},
    {ABI_RESTORE_REQUIRED, "RESTORE_REQUIRED"},
    {ABI_RMP_INITIALIZATION_FAILED, "RMP_INITIALIZATION_FAILED"},
    {ABI_INVALID_KEY, "INVALID_KEY"},
};

#define NAMES (sizeof names / sizeof names[0])

const char *abi_status_name(uint32_t status) {
    for (size_t i = 0; i < NAMES; i++) {
        if (names[i].status == status) return names[i].name;
    }
    return "UNKNOWN";
}

bool abi_status_from_name(const char *name, enum abi_status *status) {
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].name, name) != 0) continue;
        *status = names[i].status;
        return true;
    }
    return false;
}
