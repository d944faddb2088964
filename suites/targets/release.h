/* Which generation of Linux a guest's kernel belongs to. */
#ifndef TARGET_RELEASE_H
#define TARGET_RELEASE_H

#include "sevkit/sev_guest.h"

/* The generation whose behaviour RELEASE ("6.12.9-amd64", as uname gives it) has. */
SEVKIT_MUST struct sevkit_result target_release_kernel(const char *release,
                                                       enum drv_kernel *kernel);

#endif
