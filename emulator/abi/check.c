/* Checks of form that several formats share: reserved ranges (MBZ in the notes). */
#include "abi/check.h"

struct sevkit_result abi_check_zero(const uint8_t *bytes, const char *field, size_t at,
                                    size_t size) {
    for (size_t i = at; i - at < size; i++) {
        if (bytes[i] != 0) return sevkit_fail(SEVKIT_RESERVED, field, i, bytes[i], "must be zero");
    }
    return sevkit_success();
}
