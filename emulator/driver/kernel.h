/* How the generations of Linux's sev-guest driver differ: one row a generation, one member a
 * difference. Linux notes, section 4. Private to driver/. */
#ifndef DRIVER_KERNEL_H
#define DRIVER_KERNEL_H

#include "sevkit/sev_guest.h"

/* Where a wiped VMPCK is noticed. */
enum drv_wiped_test {
    DRV_WIPED_IN_IOCTL, /* before the command is looked at; nothing is written back */
    DRV_WIPED_IN_SEND,  /* after pointers, lengths and the request have been looked at */
};

/* What BUSY leads to. */
enum drv_busy {
    DRV_BUSY_FAILS,   /* as any other error of the host */
    DRV_BUSY_RETRIES, /* every 2 s for 60 s, then ETIMEDOUT */
};

/* After which errors of the host the VMPCK is kept. */
enum drv_key_kept {
    DRV_KEY_KEPT_ALWAYS,
    DRV_KEY_KEPT_IF_RESENT,      /* after INVALID_LEN, when the resent request was answered */
    DRV_KEY_KEPT_BY_INVALID_LEN, /* whenever it ends as EIO with exitinfo2 INVALID_LEN */
};

struct drv_behaviour {
    const char *name;
    enum drv_wiped_test wiped_test;
    enum drv_busy busy;
    enum drv_key_kept key_kept;
    bool counts_decoded_only;   /* the counter advances by verified responses, not by calls */
    bool resends_without_certs; /* after INVALID_LEN, as a plain request, to use the number up */
    bool invalid_len_exact;     /* INVALID_LEN is looked for in all 64 bits of exitinfo2 */
    bool presets_no_fw_call;    /* exitinfo2 is all ones before each call */
    bool clears_exitinfo2;      /* exitinfo2 is 0 from the start of the send path on */
    bool vmpck_follows_vmpl;    /* module default: the key of the current VMPL, not key 0 */
    bool has_tsm;
};

const struct drv_behaviour *drv_behaviour(enum drv_kernel kernel);

#endif
