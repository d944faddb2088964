/* Open attributes: what is gathered and delivered, and what is read after what. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tsm_fixture.h"
#include "unit/unit.h"

/* @req LNX-TSM-014, LNX-TSM-015, LNX-TSM-016, LNX-TSM-017, LNX-TSM-031 */
void tsm_inblobs(void) {
    static const struct {
        size_t offset,
            size; /* of a second write; the first is 8 bytes at 0, none with FIRST false */
        bool first;
        long rc;
        size_t length; /* delivered */
    } rows[] = {
        {8, 56, true, 56, 64},    {8, 57, true, -EFBIG, 8},  {0, 65, false, -EFBIG, 0},
        {64, 1, true, -EFBIG, 8}, {65, 0, true, -EFBIG, 8},  {64, 0, true, -EFAULT, 8},
        {63, 1, true, 1, 64},     {0, 0, false, -EFAULT, 0}, {8, 0, true, -EFAULT, 8},
        {20, 4, true, 4, 24},     {0, 4, true, 4, 8},        {SIZE_MAX, 8, true, -EFBIG, 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
        if (rows[i].first) CU_ASSERT_EQUAL(drv_tsm_write(file, 0, tsm_nonce, 8), 8);
        CU_ASSERT_EQUAL(drv_tsm_write(file, rows[i].offset, tsm_nonce, rows[i].size), rows[i].rc);
        tsm_shows(tsm, DRV_TSM_GENERATION, "0\n"); /* not before the close */
        CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, 0);
        CU_ASSERT_EQUAL(drv_tsm_close(file), 0);
        tsm_shows(tsm, DRV_TSM_GENERATION, "1\n");
        CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, rows[i].length);
        drv_tsm_free(tsm);
    }
}

/* What was written lies where it was written, and a gap is zero. @req LNX-TSM-016 */
void tsm_inblob_bytes(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    uint8_t wanted[64] = {0};
    memcpy(wanted + 16, tsm_nonce, 3);
    memcpy(wanted + 61, tsm_nonce, 3);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_write(file, 61, tsm_nonce, 3), 3);
    CU_ASSERT_EQUAL(drv_tsm_write(file, 16, tsm_nonce, 3), 3);
    CU_ASSERT_EQUAL(drv_tsm_close(file), 0);
    UNIT_BYTES(tsm->items->desc.inblob, wanted, 64);
    /* Opening and closing alone delivers nothing. */
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_close(file), 0);
    tsm_shows(tsm, DRV_TSM_GENERATION, "1\n");
    /* A shorter one leaves nothing of the longer. */
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 2), 2);
    memset(wanted, 0, sizeof wanted);
    memcpy(wanted, tsm_nonce, 2);
    UNIT_BYTES(tsm->items->desc.inblob, wanted, 64);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-004 */
void tsm_after_rmdir(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    struct drv_tsm_file *text = NULL, *blob = NULL, *sized = NULL, *level = NULL, *in = NULL;
    uint8_t byte;
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_PROVIDER, O_RDONLY, &text), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &blob), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &sized), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_PRIVLEVEL, O_WRONLY, &level), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &in), 0);
    CU_ASSERT_EQUAL(drv_tsm_write(in, 0, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_read_size(sized), 100);
    CU_ASSERT_EQUAL(drv_tsm_rmdir(tsm, "x"), 0);
    CU_ASSERT_EQUAL(drv_tsm_read(text, 0, &byte, 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_read_size(blob), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_read(blob, 0, &byte, 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_read(sized, 0, &byte, 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_write(level, 0, "1", 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_close(in), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "x"), 0); /* a new one of the name is another */
    CU_ASSERT_EQUAL(drv_tsm_read(text, 0, &byte, 1), -ENOENT);
    tsm_shows(tsm, DRV_TSM_GENERATION, "0\n");
    CU_ASSERT_EQUAL(drv_tsm_close(text), 0);
    CU_ASSERT_EQUAL(drv_tsm_close(blob), 0);
    CU_ASSERT_EQUAL(fake.calls, 1);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-042, LNX-TSM-043 */
void tsm_blob_in_chunks(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    uint8_t out[200] = {0};
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, 60), 60);
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64),
                    64); /* a writer after the first read */
    CU_ASSERT_EQUAL(drv_tsm_read(file, 60, out, 60), 40);
    CU_ASSERT_EQUAL(out[39], 1);
    CU_ASSERT_EQUAL(drv_tsm_read(file, 100, out, 60), 0);
    CU_ASSERT_EQUAL(drv_tsm_read(file, UINT64_MAX, out, 60), 0);
    CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
    CU_ASSERT_EQUAL(fake.calls, 1);
    drv_tsm_free(tsm);
}

/* What is empty is not kept: the next read of the same file asks anew.
 * @req LNX-TSM-042, LNX-TSM-043, LNX-TSM-061 */
void tsm_small_blobs(void) {
    for (size_t size = 0; size < 2; size++) {
        struct fake fake = {.aux = size};
        struct drv_tsm *tsm = tsm_new(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        uint8_t out[2] = {0x11, 0x11};
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_AUXBLOB, O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, sizeof out), (long)size);
        CU_ASSERT_EQUAL(out[0], size != 0 ? 0xAA : 0x11);
        CU_ASSERT_EQUAL(out[1], 0x11);
        fake.aux = 2;
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_AUXBLOB, out, sizeof out), 2);
        const long kept = size != 0 ? (long)size : 2;
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, sizeof out), kept);
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), kept);
        CU_ASSERT_EQUAL(fake.calls, 2);
        drv_tsm_free(tsm);
    }
}

/* A writer between the passes: another report in the first one's length. @req LNX-TSM-047 */
void tsm_race(void) {
    for (int raced = 0; raced < 2; raced++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        uint8_t byte = 0;
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
        if (raced) CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), 1);
        CU_ASSERT_EQUAL(byte, raced ? 2 : 1);
        CU_ASSERT_EQUAL(fake.calls, raced ? 2 : 1);
        drv_tsm_free(tsm);
    }
}

/* A second pass that fails: the next read begins with a first one again. @req LNX-TSM-047 */
void tsm_race_lost(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    uint8_t out[200] = {0};
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
    fake.rc = -EIO;
    CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, sizeof out), -EIO);
    fake.rc = 0;
    fake.out = 40;
    CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, sizeof out), 40);
    drv_tsm_free(tsm);
}

/* The same with reports of other lengths, and one that cannot be made. @req LNX-TSM-047 */
void tsm_race_lengths(void) {
    static const size_t lengths[] = {40, 100, 160, DRV_TSM_OUTBLOB_MAX + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        uint8_t out[200] = {0};
        CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
        CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
        fake.rc = -EIO;
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, sizeof out), -EIO);
        fake.rc = 0; /* the next try starts anew */
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
        CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
        fake.out = lengths[i];
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, sizeof out), 100);
        CU_ASSERT(out[39] == 4 && out[99] == (lengths[i] < 100 ? 0 : 4) && out[100] == 0);
        drv_tsm_free(tsm);
    }
}
