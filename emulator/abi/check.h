/* Checks of form that several formats share. */
#ifndef ABI_CHECK_H
#define ABI_CHECK_H

#include "sevkit/result.h"

/* SEVKIT_RESERVED at the first byte of BYTES[AT .. AT+SIZE) that is not zero. The caller has
 * checked that the range lies inside BYTES. */
SEVKIT_MUST struct sevkit_result abi_check_zero(const uint8_t *bytes, const char *field, size_t at,
                                                size_t size);

#endif
