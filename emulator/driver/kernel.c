/* See kernel.h. */
#include "driver/kernel.h"

#include <string.h>

static const struct drv_behaviour behaviours[DRV_KERNEL_COUNT] = {
    [DRV_KERNEL_5_19] =
        {
            .name = "5.19",
            .wiped_test = DRV_WIPED_IN_IOCTL, /* @req LNX-GUEST-010 */
            .busy = DRV_BUSY_FAILS,           /* @req LNX-GUEST-044 */
            .key_kept = DRV_KEY_KEPT_ALWAYS,  /* @req LNX-GUEST-041 */
            .counts_decoded_only = true,      /* @req LNX-GUEST-048 */
            .invalid_len_exact = true,        /* @req LNX-GUEST-036 */
        },
    [DRV_KERNEL_6_1_0] =
        {
            .name = "6.1.0",
            .wiped_test = DRV_WIPED_IN_IOCTL,   /* @req LNX-GUEST-010 */
            .busy = DRV_BUSY_FAILS,             /* @req LNX-GUEST-044 */
            .key_kept = DRV_KEY_KEPT_IF_RESENT, /* @req LNX-GUEST-049 */
            .resends_without_certs = true,      /* @req LNX-GUEST-042 */
            .invalid_len_exact = true,          /* @req LNX-GUEST-036 */
        },
    [DRV_KERNEL_6_6] =
        {
            .name = "6.6",
            .wiped_test = DRV_WIPED_IN_IOCTL,        /* @req LNX-GUEST-010 */
            .busy = DRV_BUSY_RETRIES,                /* @req LNX-GUEST-045 */
            .key_kept = DRV_KEY_KEPT_BY_INVALID_LEN, /* @req LNX-GUEST-049 */
            .resends_without_certs = true,           /* @req LNX-GUEST-042 */
            .presets_no_fw_call = true,              /* @req LNX-GUEST-047 */
        },
    [DRV_KERNEL_6_12] =
        {
            .name = "6.12",
            .wiped_test = DRV_WIPED_IN_IOCTL,        /* @req LNX-GUEST-010 */
            .busy = DRV_BUSY_RETRIES,                /* @req LNX-GUEST-045 */
            .key_kept = DRV_KEY_KEPT_BY_INVALID_LEN, /* @req LNX-GUEST-049 */
            .resends_without_certs = true,           /* @req LNX-GUEST-042 */
            .presets_no_fw_call = true,              /* @req LNX-GUEST-047 */
            .vmpck_follows_vmpl = true,              /* @req LNX-GUEST-003 */
            .has_tsm = true,                         /* @req LNX-GUEST-002 */
        },
    [DRV_KERNEL_6_16] =
        {
            .name = "6.16",
            .wiped_test = DRV_WIPED_IN_SEND,         /* @req LNX-GUEST-011 */
            .busy = DRV_BUSY_RETRIES,                /* @req LNX-GUEST-045 */
            .key_kept = DRV_KEY_KEPT_BY_INVALID_LEN, /* @req LNX-GUEST-049 */
            .resends_without_certs = true,           /* @req LNX-GUEST-042 */
            .presets_no_fw_call = true,              /* @req LNX-GUEST-047 */
            .vmpck_follows_vmpl = true,              /* @req LNX-GUEST-003 */
            .has_tsm = true,                         /* @req LNX-GUEST-002 */
        },
    [DRV_KERNEL_LATEST] =
        {
            .name = "latest",
            .wiped_test = DRV_WIPED_IN_SEND,         /* @req LNX-GUEST-011 */
            .busy = DRV_BUSY_RETRIES,                /* @req LNX-GUEST-045 */
            .key_kept = DRV_KEY_KEPT_BY_INVALID_LEN, /* @req LNX-GUEST-049 */
            .resends_without_certs = true,           /* @req LNX-GUEST-042 */
            .presets_no_fw_call = true,              /* @req LNX-GUEST-047 */
            .clears_exitinfo2 = true,                /* @req LNX-GUEST-012 */
            .vmpck_follows_vmpl = true,              /* @req LNX-GUEST-003 */
            .has_tsm = true,                         /* @req LNX-GUEST-002 */
        },
};

const struct drv_behaviour *drv_behaviour(enum drv_kernel kernel) {
    return &behaviours[kernel];
}

const char *drv_kernel_name(enum drv_kernel kernel) {
    return behaviours[kernel].name;
}

bool drv_kernel_parse(const char *name, enum drv_kernel *kernel) {
    for (unsigned i = 0; i < DRV_KERNEL_COUNT; i++) {
        if (strcmp(behaviours[i].name, name) != 0) continue; /* @req LNX-GUEST-002 */
        *kernel = (enum drv_kernel)i;
        return true;
    }
    return false;
}

bool drv_kernel_has_tsm(enum drv_kernel kernel) {
    return behaviours[kernel].has_tsm;
}
