/* The blobs: when the provider is asked, and what a reader gets. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tsm_fixture.h"
#include "unit/unit.h"

/* @req LNX-TSM-040, LNX-TSM-046 */
void tsm_refused_reads(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    uint8_t byte = 0;
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EINVAL);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(fake.calls, 0);
    fake.rc = -ENOTTY;
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -ENOTTY);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_AUXBLOB, &byte, 1), -ENOTTY);
    CU_ASSERT_EQUAL(fake.calls, 2);
    fake.rc = 0;
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 3);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
    fake.rc = -EIO; /* the blobs of before do not come back */
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EIO);
    CU_ASSERT(abi_all_zero(tsm->items->blobs.outblob, 100));
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-044, LNX-TSM-045 */
void tsm_one_request_a_generation(void) {
    struct fake fake = {.aux = 30, .manifest = 7};
    struct drv_tsm *tsm = tsm_new(&fake, 0, true);
    uint8_t out[200];
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_AUXBLOB, out, sizeof out), 30);
    CU_ASSERT(out[0] == 0xAA && out[29] == 0xAA);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, out, sizeof out), 100);
    CU_ASSERT(out[0] == 1 && out[99] == 1);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_MANIFESTBLOB, out, sizeof out), 7);
    CU_ASSERT_EQUAL(out[6], 0x55);
    CU_ASSERT_EQUAL(fake.calls, 1);
    UNIT_BYTES(fake.desc.inblob, tsm_nonce, 64);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64),
                    64); /* the same value is a change, too */
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, out, sizeof out), 100);
    CU_ASSERT_EQUAL(out[0], 2);
    CU_ASSERT_EQUAL(fake.calls, 2);
    fake.aux = 0;
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm"), 4);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_AUXBLOB, out, sizeof out), 0);
    CU_ASSERT_EQUAL(fake.calls, 3);
    drv_tsm_free(tsm);
}

/* Where no pass can be made, nothing of an earlier report is shown. @req LNX-TSM-060 */
void tsm_no_bytes_of_before(void) {
    static const enum drv_tsm_attr blobs[] = {DRV_TSM_OUTBLOB, DRV_TSM_AUXBLOB,
                                              DRV_TSM_MANIFESTBLOB};
    for (size_t i = 0; i < sizeof blobs / sizeof blobs[0]; i++) {
        struct fake fake = {.out = 8, .aux = 8, .manifest = 8};
        struct drv_tsm *tsm = tsm_new(&fake, 0, true);
        uint8_t before[8] = {0}, after[8] = {1};
        const uint8_t nothing[8] = {0};
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(tsm_get(tsm, blobs[i], before, sizeof before), 8);
        CU_ASSERT(memcmp(before, nothing, sizeof before) != 0);
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        fake.rc = 1;
        CU_ASSERT_EQUAL(tsm_get(tsm, blobs[i], after, sizeof after), 8);
        CU_ASSERT_EQUAL(memcmp(after, nothing, sizeof after), 0);
        drv_tsm_free(tsm);
    }
}

/* Hypercalls that could not be made. An item's first report has no length, so that nothing is fetched; later
 * the length of before stands for one that the second pass asks for. @req LNX-TSM-060 */
void tsm_calls_not_made(void) {
    for (long rc = 1; rc <= 5; rc++) {
        struct fake fake = {.rc = rc};
        struct drv_tsm *tsm = tsm_new(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        uint8_t byte = 0;
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), 0);
        CU_ASSERT_EQUAL(fake.calls, 1);
        fake.rc = -ENOTTY; /* as the VMPCK is wiped then */
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), -ENOTTY);
        CU_ASSERT_EQUAL(fake.calls, 2);
        fake.rc = 0;
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), 1);
        CU_ASSERT_EQUAL(byte, 3);
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
        fake.rc = rc;
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
        fake.rc = -ENOTTY;
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), -ENOTTY);
        CU_ASSERT_EQUAL(fake.calls, 5);
        drv_tsm_free(tsm);
    }
}

/* @req LNX-TSM-041 */
void tsm_blobs_without_provider(void) {
    static const enum drv_kernel kernels[] = {DRV_KERNEL_6_12, DRV_KERNEL_6_16, DRV_KERNEL_LATEST};
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new_on(kernels[i], &fake, 0, false);
        uint8_t byte = 0;
        drv_tsm_unregister(tsm);
        CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EINVAL); /* before it */
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -ENXIO);
        CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_AUXBLOB, &byte, 1), -ENXIO);
        CU_ASSERT_EQUAL(fake.calls, 0);
        drv_tsm_free(tsm);
    }
}

/* What has been made is served for its generation. @req LNX-TSM-041, LNX-TSM-044 */
void tsm_blobs_after_provider(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new_on(DRV_KERNEL_LATEST, &fake, 0, false);
    uint8_t byte = 0;
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), 1);
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), 1);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_AUXBLOB, &byte, 1), 0);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -ENXIO);
    CU_ASSERT_EQUAL(fake.calls, 1);
    drv_tsm_free(tsm);
}

/* The largest blob, and one byte more: of each, and only of that. @req LNX-TSM-048 */
void tsm_blob_caps(void) {
    static const enum drv_tsm_attr blobs[] = {DRV_TSM_OUTBLOB, DRV_TSM_AUXBLOB,
                                              DRV_TSM_MANIFESTBLOB};
    static uint8_t out[DRV_TSM_OUTBLOB_MAX + 1];
    for (size_t big = 0; big < 3; big++) {
        struct fake fake = {0};
        size_t *const size[] = {&fake.out, &fake.aux, &fake.manifest};
        struct drv_tsm *tsm = tsm_new(&fake, 0, true);
        fake.out = fake.aux = fake.manifest = DRV_TSM_OUTBLOB_MAX;
        *size[big] = DRV_TSM_OUTBLOB_MAX + 1;
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        for (size_t i = 0; i < 3; i++)
            CU_ASSERT_EQUAL(tsm_get(tsm, blobs[i], out, sizeof out),
                            i == big ? -EFBIG : DRV_TSM_OUTBLOB_MAX);
        CU_ASSERT_EQUAL(fake.calls, 1);
        drv_tsm_free(tsm);
    }
}
