/* Reading the text attributes. Linux notes, section 5. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "driver/tsm.h"

long drv_tsm_show(const struct tsm_item *item, enum drv_tsm_attr attr, char text[TSM_TEXT_SIZE]) {
    const struct drv_tsm *tsm = item->tsm;
    if (attr == DRV_TSM_GENERATION) {
        (void)snprintf(text, TSM_TEXT_SIZE, "%" PRIu64 "\n",
                       item->write_generation); /* @req LNX-TSM-012 */
        return 0;
    }
    if (!tsm->has_provider) return -ENXIO; /* @req LNX-TSM-006 */
    if (attr == DRV_TSM_PRIVLEVEL_FLOOR)
        (void)snprintf(text, TSM_TEXT_SIZE, "%u\n",
                       tsm->provider.privlevel_floor); /* @req LNX-TSM-013 */
    else
        (void)snprintf(text, TSM_TEXT_SIZE, "%s\n", tsm->provider.name); /* @req LNX-TSM-011 */
    return 0;
}
