/* The blobs: cached for one generation, made anew by the provider after a change. Linux notes, section 5,
 * read model and generation. */
#include <errno.h>

#include "driver/tsm.h"

static void pick(const struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t **bytes,
                 size_t *size) {
    const struct drv_tsm_blobs *blobs = &item->blobs;
    *bytes = blobs->outblob;
    *size = blobs->outblob_len;
    if (attr == DRV_TSM_AUXBLOB) {
        *bytes = blobs->auxblob;
        *size = blobs->auxblob_len;
    }
    if (attr == DRV_TSM_MANIFESTBLOB) {
        *bytes = blobs->manifestblob;
        *size = blobs->manifestblob_len;
    }
}

static void forget(struct tsm_item *item) {
    struct drv_tsm_blobs *blobs = &item->blobs;
    crypto_wipe(blobs->outblob, sizeof blobs->outblob);
    crypto_wipe(blobs->auxblob, sizeof blobs->auxblob);
    crypto_wipe(blobs->manifestblob, sizeof blobs->manifestblob);
}

/* On failure the old blobs are gone, and the next read asks the provider again. A positive result, of a
 * hypercall that the guest's kernel could not make, counts as success: the blobs have the lengths of before and
 * no bytes.
 * @gap AMB-145: auxblob of a report without certificates after one that had some. */
static long regenerate(struct tsm_item *item) {
    const struct drv_tsm_provider *provider = &item->tsm->provider;
    forget(item); /* @req LNX-TSM-046 */
    const long rc = provider->report_new(provider->ctx, &item->desc, &item->blobs);
    if (rc < 0) return rc;
    item->read_generation = item->write_generation; /* @req LNX-TSM-044, LNX-TSM-046 */
    item->made = rc == 0;                           /* @req LNX-TSM-060 */
    return 0;
}

long drv_tsm_blob(struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t **bytes,
                  size_t *size) {
    if (item->desc.inblob_len == 0) return -EINVAL; /* @req LNX-TSM-040 */
    if (!item->made || item->read_generation != item->write_generation) {
        if (!item->tsm->has_provider) return -ENXIO; /* @req LNX-TSM-041 */
        const long rc = regenerate(item);            /* @req LNX-TSM-045 */
        if (rc != 0) return rc;
    }
    pick(item, attr, bytes, size);
    return 0;
}
