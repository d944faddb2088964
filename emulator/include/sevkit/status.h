/* Firmware statuses, the numbers that the PSP returns (SNP firmware ABI, status codes).
 * Sources: docs of the spec notes, guest-messages section 5 and firmware-commands. */
#ifndef SEVKIT_STATUS_H
#define SEVKIT_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum abi_status {
    ABI_SUCCESS = 0x00,
    ABI_INVALID_PLATFORM_STATE = 0x01,
    ABI_INVALID_GUEST_STATE = 0x02,
    ABI_INVALID_CONFIG = 0x03,
    ABI_INVALID_LENGTH = 0x04,
    ABI_ALREADY_OWNED = 0x05,
    ABI_INVALID_CERTIFICATE = 0x06,
    ABI_POLICY_FAILURE = 0x07,
    ABI_INACTIVE = 0x08,
    ABI_INVALID_ADDRESS = 0x09,
    ABI_BAD_SIGNATURE = 0x0A,
    ABI_BAD_MEASUREMENT = 0x0B,
    ABI_ASID_OWNED = 0x0C,
    ABI_INVALID_ASID = 0x0D,
    ABI_WBINVD_REQUIRED = 0x0E,
    ABI_DFFLUSH_REQUIRED = 0x0F,
    ABI_INVALID_GUEST = 0x10,
    ABI_INVALID_COMMAND = 0x11,
    ABI_ACTIVE = 0x12,
    ABI_HWERROR_PLATFORM = 0x13,
    ABI_HWERROR_UNSAFE = 0x14,
    ABI_UNSUPPORTED = 0x15,
    ABI_INVALID_PARAM = 0x16,
    ABI_RESOURCE_LIMIT = 0x17,
    ABI_SECURE_DATA_INVALID = 0x18,
    ABI_INVALID_PAGE_SIZE = 0x19,
    ABI_INVALID_PAGE_STATE = 0x1A,
    ABI_INVALID_MDATA_ENTRY = 0x1B,
    ABI_INVALID_PAGE_OWNER = 0x1C,
    ABI_AEAD_OFLOW = 0x1D,
    ABI_RB_MODE_EXITED = 0x1F,
    ABI_RMP_INIT_REQUIRED = 0x20,
    ABI_BAD_SVN = 0x21,
    ABI_BAD_VERSION = 0x22,
    ABI_SHUTDOWN_REQUIRED = 0x23,
    ABI_UPDATE_FAILED = 0x24,
    ABI_RESTORE_REQUIRED = 0x25,
    ABI_RMP_INITIALIZATION_FAILED = 0x26,
    ABI_INVALID_KEY = 0x27,
};

/* The spec's name of STATUS ("AEAD_OFLOW"), or "UNKNOWN" for a number without one. Never NULL. */
const char *abi_status_name(uint32_t status);

/* Finds a status by its spec name. False, and *STATUS untouched, if there is none. */
bool abi_status_from_name(const char *name, enum abi_status *status);

#endif
