/* See release.h. */
#include "targets/release.h"

#include <stdio.h>

static enum drv_kernel generation(unsigned release) {
    if (release < 6001) return DRV_KERNEL_5_19;
    if (release == 6002) return DRV_KERNEL_6_1_0;
    if (release < 6007) return DRV_KERNEL_6_6; /* 6.1.y has the mends of 6.3 */
    if (release < 6013) return DRV_KERNEL_6_12;
    if (release < 6017) return DRV_KERNEL_6_16;
    return DRV_KERNEL_LATEST;
}

struct sevkit_result target_release_kernel(const char *release, enum drv_kernel *kernel) {
    unsigned major = 0, minor = 0;
    if (sscanf(release, "%u.%u", &major, &minor) != 2 || major * 1000 + minor < 5019)
        return sevkit_fail(SEVKIT_NOT_FOUND, "uname", SEVKIT_NO_OFFSET, 0,
                           "the release begins with a version from 5.19 on");
    *kernel = generation(major * 1000 + minor);
    return sevkit_success();
}
