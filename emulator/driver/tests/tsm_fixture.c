/* See the header. */
#include "tsm_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

const uint8_t tsm_nonce[DRV_TSM_INBLOB_MAX + 1] = {1, 2, 3, [63] = 64, [64] = 65};

static long report_new(void *ctx, const struct drv_tsm_desc *desc, struct drv_tsm_blobs *blobs) {
    struct fake *fake = ctx;
    fake->calls++;
    fake->desc = *desc;
    if (fake->rc != 0) return fake->rc;
    blobs->outblob_len = fake->out != 0 ? fake->out : FAKE_OUT;
    blobs->auxblob_len = fake->aux;
    blobs->manifestblob_len = fake->manifest;
    memset(blobs->outblob, (int)fake->calls, sizeof blobs->outblob);
    memset(blobs->auxblob, 0xAA, sizeof blobs->auxblob);
    memset(blobs->manifestblob, 0x55, sizeof blobs->manifestblob);
    return 0;
}

struct drv_tsm_provider tsm_provider_of(struct fake *fake, unsigned floor, bool svsm) {
    return (struct drv_tsm_provider){.name = "sev_guest",
                                     .privlevel_floor = floor,
                                     .svsm = svsm,
                                     .ctx = fake,
                                     .report_new = report_new};
}

struct drv_tsm *tsm_new_on(enum drv_kernel kernel, struct fake *fake, unsigned floor, bool svsm) {
    struct drv_tsm *tsm = NULL;
    const struct drv_tsm_provider provider = tsm_provider_of(fake, floor, svsm);
    if (!sevkit_ok(drv_tsm_new(kernel, &tsm))) abort();
    if (drv_tsm_register(tsm, &provider) != 0 || drv_tsm_mkdir(tsm, "x") != 0) abort();
    return tsm;
}

struct drv_tsm *tsm_new(struct fake *fake, unsigned floor, bool svsm) {
    return tsm_new_on(DRV_KERNEL_6_12, fake, floor, svsm);
}

long tsm_put(struct drv_tsm *tsm, enum drv_tsm_attr attr, const void *bytes, size_t size) {
    struct drv_tsm_file *file = NULL;
    const long opened = drv_tsm_open(tsm, "x", attr, O_WRONLY, &file);
    if (opened != 0) return opened;
    const long rc = drv_tsm_write(file, 0, bytes, size);
    (void)drv_tsm_close(file);
    return rc;
}

long tsm_put_text(struct drv_tsm *tsm, enum drv_tsm_attr attr, const char *text) {
    return tsm_put(tsm, attr, text, strlen(text));
}

long tsm_get(struct drv_tsm *tsm, enum drv_tsm_attr attr, void *out, size_t size) {
    struct drv_tsm_file *file = NULL;
    const long opened = drv_tsm_open(tsm, "x", attr, O_RDONLY, &file);
    if (opened != 0) return opened;
    const long rc = drv_tsm_read(file, 0, out, size);
    (void)drv_tsm_close(file);
    return rc;
}

void tsm_shows(struct drv_tsm *tsm, enum drv_tsm_attr attr, const char *wanted) {
    char text[64] = {0};
    CU_ASSERT_EQUAL(tsm_get(tsm, attr, text, sizeof text - 1), (long)strlen(wanted));
    CU_ASSERT_STRING_EQUAL(text, wanted);
}
