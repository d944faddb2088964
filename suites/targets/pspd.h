/* What the targets ask of a pspd: its options by the control socket, a guest by the data socket. docs/socket.md. */
#ifndef TARGET_PSPD_H
#define TARGET_PSPD_H

#include "sevkit/message.h"
#include "targets/frames.h"
#include "targets/target.h"

struct target_pspd {
    int control, data; /* -1: not connected */
    struct frame frame;
};

#define TARGET_PSPD_COUNTERS (ABI_VMPCK_COUNT + 2) /* MsgCount0 to 3, requests, fw_requests */

/* Connects to the control socket of the data socket PATH and sets the profile and seed of the options. */
SEVKIT_MUST struct sevkit_result target_pspd_open(struct target_pspd *p, const char *path,
                                                  const struct target_options *options);

/* The scenario of machines that are made from now on, a file's text; NULL: none. */
SEVKIT_MUST struct sevkit_result target_pspd_scenario(const struct target_pspd *p,
                                                      const char *scenario);

/* A fresh machine under the same name. */
SEVKIT_MUST struct sevkit_result target_pspd_reset(const struct target_pspd *p,
                                                   const char *machine);

/* A connection to PATH, in place of an earlier one, as the guest NAME of the machine NAME; "": nameless. The
 * answer is in the frame. */
SEVKIT_MUST struct sevkit_result target_pspd_join(struct target_pspd *p, const char *path,
                                                  const char *name);

SEVKIT_MUST struct sevkit_result target_pspd_secrets(struct target_pspd *p,
                                                     uint8_t page[ABI_PAGE_SIZE]);
SEVKIT_MUST struct sevkit_result target_pspd_counters(struct target_pspd *p,
                                                      uint64_t count[TARGET_PSPD_COUNTERS]);
/* The two of them that a target's driver tells. */
SEVKIT_MUST struct sevkit_result target_pspd_requests(struct target_pspd *p,
                                                      struct target_driver *driver);

/* Leaves no scenario behind. */
void target_pspd_close(struct target_pspd *p);

#endif
