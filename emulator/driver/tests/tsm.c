/* configfs-tsm over a provider that answers as the test says: attributes, errnos, generations, files. */
#include "driver/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

extern const struct unit_suite tsm_suite;

/* What the provider was asked for, and what it answers. */
struct fake {
    unsigned calls;
    long rc;
    size_t aux; /* bytes of auxblob */
    struct drv_tsm_desc desc;
};

static long report_new(void *ctx, const struct drv_tsm_desc *desc, struct drv_tsm_blobs *blobs) {
    struct fake *fake = ctx;
    fake->calls++;
    fake->desc = *desc;
    if (fake->rc != 0) return fake->rc;
    memset(blobs->outblob, (int)fake->calls, 100);
    blobs->outblob_len = 100;
    memset(blobs->auxblob, 0xAA, fake->aux);
    blobs->auxblob_len = fake->aux;
    memset(blobs->manifestblob, 0x55, 7);
    blobs->manifestblob_len = 7;
    return 0;
}

static struct drv_tsm_provider provider_of(struct fake *fake, unsigned floor, bool svsm) {
    return (struct drv_tsm_provider){.name = "sev_guest",
                                     .privlevel_floor = floor,
                                     .svsm = svsm,
                                     .ctx = fake,
                                     .report_new = report_new};
}

/* A tsm with one item "x". */
static struct drv_tsm *new_tsm(struct fake *fake, unsigned floor, bool svsm) {
    struct drv_tsm *tsm = NULL;
    const struct drv_tsm_provider provider = provider_of(fake, floor, svsm);
    if (!sevkit_ok(drv_tsm_new(DRV_KERNEL_6_12, &tsm))) abort();
    if (drv_tsm_register(tsm, &provider) != 0 || drv_tsm_mkdir(tsm, "x") != 0) abort();
    return tsm;
}

static long put(struct drv_tsm *tsm, enum drv_tsm_attr attr, const void *bytes, size_t size) {
    struct drv_tsm_file *file = NULL;
    const long opened = drv_tsm_open(tsm, "x", attr, O_WRONLY, &file);
    if (opened != 0) return opened;
    const long rc = drv_tsm_write(file, 0, bytes, size);
    (void)drv_tsm_close(file);
    return rc;
}

static long put_text(struct drv_tsm *tsm, enum drv_tsm_attr attr, const char *text) {
    return put(tsm, attr, text, strlen(text));
}

static long get(struct drv_tsm *tsm, enum drv_tsm_attr attr, void *out, size_t size) {
    struct drv_tsm_file *file = NULL;
    const long opened = drv_tsm_open(tsm, "x", attr, O_RDONLY, &file);
    if (opened != 0) return opened;
    const long rc = drv_tsm_read(file, 0, out, size);
    (void)drv_tsm_close(file);
    return rc;
}

static void shows(struct drv_tsm *tsm, enum drv_tsm_attr attr, const char *wanted) {
    char text[64] = {0};
    CU_ASSERT_EQUAL(get(tsm, attr, text, sizeof text - 1), (long)strlen(wanted));
    CU_ASSERT_STRING_EQUAL(text, wanted);
}

static const uint8_t nonce[DRV_TSM_INBLOB_MAX + 1] = {1, 2, 3, [63] = 64, [64] = 65};

/* @req LNX-TSM-001, LNX-TSM-002, LNX-TSM-003 */
static void folders(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    const struct drv_tsm_provider second = provider_of(&fake, 0, false);
    CU_ASSERT_EQUAL(drv_tsm_register(tsm, &second), -EBUSY);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "x"), -EEXIST);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "y"), 0);
    CU_ASSERT_STRING_EQUAL(drv_tsm_item(tsm, 0), "x");
    CU_ASSERT_STRING_EQUAL(drv_tsm_item(tsm, 1), "y");
    CU_ASSERT_PTR_NULL(drv_tsm_item(tsm, 2));
    CU_ASSERT_EQUAL(drv_tsm_rmdir(tsm, "x"), 0);
    CU_ASSERT_EQUAL(drv_tsm_rmdir(tsm, "x"), -ENOENT);
    CU_ASSERT(!drv_tsm_exists(tsm, "x") && drv_tsm_exists(tsm, "y"));
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "z"), -ENXIO);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "y"), -EEXIST); /* before ENXIO */
    CU_ASSERT_EQUAL(drv_tsm_register(tsm, &second), 0);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "z"), 0);
    drv_tsm_free(tsm);
}

static void kernels_without(void) {
    struct drv_tsm *tsm = NULL;
    const enum drv_kernel without[] = {DRV_KERNEL_5_19, DRV_KERNEL_6_1_0, DRV_KERNEL_6_6};
    for (size_t i = 0; i < 3; i++) {
        const struct sevkit_result r = drv_tsm_new(without[i], &tsm);
        CU_ASSERT_EQUAL(r.code, SEVKIT_BAD_VALUE);
        CU_ASSERT_STRING_EQUAL(r.field, "kernel");
    }
}

/* @req LNX-TSM-005 */
static void visible(void) {
    struct fake fake = {0};
    const bool svsm_only[DRV_TSM_ATTR_COUNT] = {
        [DRV_TSM_MANIFESTBLOB] = true,
        [DRV_TSM_SERVICE_PROVIDER] = true,
        [DRV_TSM_SERVICE_GUID] = true,
        [DRV_TSM_SERVICE_MANIFEST_VERSION] = true,
    };
    for (int svsm = 0; svsm < 2; svsm++) {
        struct drv_tsm *tsm = new_tsm(&fake, 0, svsm);
        for (unsigned i = 0; i < DRV_TSM_ATTR_COUNT; i++) {
            const enum drv_tsm_attr attr = (enum drv_tsm_attr)i;
            enum drv_tsm_attr parsed = DRV_TSM_INBLOB;
            struct drv_tsm_file *file = NULL;
            const bool shown = svsm || !svsm_only[i];
            const bool readable = drv_tsm_attribute(attr)->mode == 0444;
            CU_ASSERT_EQUAL(drv_tsm_visible(tsm, "x", attr), shown);
            CU_ASSERT(!drv_tsm_visible(tsm, "no", attr));
            CU_ASSERT(drv_tsm_attr_parse(drv_tsm_attribute(attr)->name, &parsed));
            CU_ASSERT_EQUAL(parsed, attr);
            CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", attr, readable ? O_RDONLY : O_WRONLY, &file),
                            shown ? 0 : -ENOENT);
        }
        CU_ASSERT(!drv_tsm_attr_parse("outblo", &(enum drv_tsm_attr){0}));
        drv_tsm_free(tsm); /* closes what is open */
    }
}

/* @req LNX-TSM-007, LNX-TSM-008 */
static void directions(void) {
    static const enum drv_tsm_attr write_only[] = {DRV_TSM_INBLOB, DRV_TSM_PRIVLEVEL};
    static const enum drv_tsm_attr read_only[] = {DRV_TSM_OUTBLOB, DRV_TSM_PROVIDER};
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    for (size_t i = 0; i < 2; i++) {
        struct drv_tsm_file *file = NULL;
        uint8_t byte = 0;
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", write_only[i], O_RDONLY, &file), -EACCES);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", write_only[i], O_RDWR, &file), -EACCES);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", write_only[i], O_WRONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), -EBADF);
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), -EBADF);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", read_only[i], O_WRONLY, &file), -EACCES);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", read_only[i], O_RDWR, &file), -EACCES);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", read_only[i], O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_write(file, 0, &byte, 1), -EBADF);
    }
    CU_ASSERT_EQUAL(fake.calls, 0);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-006, LNX-TSM-011, LNX-TSM-012, LNX-TSM-013 */
static void texts(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 2, false);
    char text[64];
    shows(tsm, DRV_TSM_PROVIDER, "sev_guest\n");
    shows(tsm, DRV_TSM_GENERATION, "0\n");
    shows(tsm, DRV_TSM_PRIVLEVEL_FLOOR, "2\n");
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_PROVIDER, text, sizeof text), -ENXIO);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_PRIVLEVEL_FLOOR, text, sizeof text), -ENXIO);
    shows(tsm, DRV_TSM_GENERATION, "0\n");
    drv_tsm_free(tsm);
}

/* A text is fetched at the first read of a descriptor. */
static void text_in_chunks(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    char text[8] = {0};
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_GENERATION, O_RDONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_read_size(file), 2);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
    CU_ASSERT_EQUAL(drv_tsm_read(file, 0, text, 1), 1);
    CU_ASSERT_EQUAL(text[0], '0');
    CU_ASSERT_EQUAL(drv_tsm_read(file, 1, text, 8), 1);
    CU_ASSERT_EQUAL(text[0], '\n');
    CU_ASSERT_EQUAL(drv_tsm_read(file, 2, text, 8), 0);
    shows(tsm, DRV_TSM_GENERATION, "1\n");
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-021, LNX-TSM-022, LNX-TSM-024, LNX-TSM-030 */
static void privlevels(void) {
    static const struct {
        const char *text;
        long rc; /* 0: accepted */
        unsigned level;
    } rows[] = {
        {"1", 0, 1},
        {"3\n", 0, 3},
        {"0x2", 0, 2},
        {"+2", 0, 2},
        {"02", 0, 2},
        {"0X3\n", 0, 3},
        {"", -EFAULT, 0},
        {"\n", -EINVAL, 0},
        {"x", -EINVAL, 0},
        {"1x", -EINVAL, 0},
        {"1\n\n", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"08", -EINVAL, 0},
        {"0x", -EINVAL, 0},
        {"++1", -EINVAL, 0},
        {"4", -EINVAL, 0},
        {"0", -EINVAL, 0},
        {"4294967295", -EINVAL, 0},
        {"4294967296", -ERANGE, 0},
        {"0x100000000", -ERANGE, 0},
        {"99999999999999999999999999", -ERANGE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = new_tsm(&fake, 1, false);
        uint8_t byte;
        const long rc = put_text(tsm, DRV_TSM_PRIVLEVEL, rows[i].text);
        const bool good = rows[i].rc == 0;
        if (rc != (good ? (long)strlen(rows[i].text) : rows[i].rc))
            fprintf(stderr, "    \"%s\": got %ld\n", rows[i].text, rc);
        CU_ASSERT_EQUAL(rc, good ? (long)strlen(rows[i].text) : rows[i].rc);
        shows(tsm, DRV_TSM_GENERATION, good ? "1\n" : "0\n");
        CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
        CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), 1);
        CU_ASSERT_EQUAL(fake.desc.privlevel, rows[i].level);
        drv_tsm_free(tsm);
    }
}

/* Number, provider, range, generation. @req LNX-TSM-023, LNX-TSM-032 */
static void privlevel_order(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 1, false);
    tsm->items->read_generation = 1; /* as after 2^64 - 1 writes and one read */
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "2"), -EBUSY);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "0"), -EINVAL);
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "0"), -ENXIO);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "x"), -EINVAL);
    shows(tsm, DRV_TSM_GENERATION, "0\n");
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-032 */
static void busy(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, true);
    struct drv_tsm_file *file = NULL;
    tsm->items->read_generation = 1;
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm"), -EBUSY);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_GUID, "x"), -EBUSY);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "7"), -EBUSY);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_write(file, 0, nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_close(file), -EBUSY);
    CU_ASSERT_EQUAL(tsm->items->write_generation, 0);
    CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, 0);
    tsm->items->read_generation = 2; /* two behind is not yet the end */
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
    CU_ASSERT_EQUAL(tsm->items->write_generation, 1);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-026, LNX-TSM-027, LNX-TSM-028 */
static void services(void) {
    static const char guid[] = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3\n";
    static const uint8_t bytes[16] = {0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45,
                                      0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3};
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, true);
    const struct drv_tsm_desc *desc = &tsm->items->desc;
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm\n"), 5);
    CU_ASSERT_STRING_EQUAL(desc->service_provider, "svsm");
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "a\n\n"), 3);
    CU_ASSERT_STRING_EQUAL(desc->service_provider, "a\n");
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_GUID, guid), (long)sizeof guid - 1);
    UNIT_BYTES(desc->service_guid, bytes, sizeof bytes);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_GUID, "c476f1eb-0123-45a5-9641_b4e7dde5bfe3"),
                    -EINVAL);
    CU_ASSERT(abi_all_zero(desc->service_guid, 16));
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_GUID, guid), (long)sizeof guid - 1);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_GUID, "c476f1eb-0123-45a5-9641-b4e7dde5bfe"),
                    -EINVAL);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_GUID, "c476f1eb-0123-45a5-9641-b4e7dde5bfeg"),
                    -EINVAL);
    CU_ASSERT(abi_all_zero(desc->service_guid, 16));
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "0x10"), 4);
    CU_ASSERT_EQUAL(desc->service_manifest_version, 16);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "v"), -EINVAL);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_MANIFEST_VERSION, "4294967296"), -ERANGE);
    CU_ASSERT_EQUAL(desc->service_manifest_version, 16);
    shows(tsm, DRV_TSM_GENERATION, "8\n");
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-014, LNX-TSM-015, LNX-TSM-016, LNX-TSM-017, LNX-TSM-031 */
static void inblobs(void) {
    static const struct {
        size_t offset,
            size; /* of a second write; the first is 8 bytes at 0, none with FIRST false */
        bool first;
        long rc;
        size_t length; /* delivered */
    } rows[] = {
        {8, 56, true, 56, 64},     {8, 57, true, -EFBIG, 8},       {0, 65, false, -EFBIG, 0},
        {64, 1, true, -EFBIG, 8},  {65, 0, true, -EFBIG, 8},       {63, 1, true, 1, 64},
        {0, 0, false, -EFAULT, 0}, {8, 0, true, -EFAULT, 8},       {20, 4, true, 4, 24},
        {0, 4, true, 4, 8},        {SIZE_MAX, 8, true, -EFBIG, 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = new_tsm(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
        if (rows[i].first) CU_ASSERT_EQUAL(drv_tsm_write(file, 0, nonce, 8), 8);
        CU_ASSERT_EQUAL(drv_tsm_write(file, rows[i].offset, nonce, rows[i].size), rows[i].rc);
        shows(tsm, DRV_TSM_GENERATION, "0\n"); /* not before the close */
        CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, 0);
        CU_ASSERT_EQUAL(drv_tsm_close(file), 0);
        shows(tsm, DRV_TSM_GENERATION, "1\n");
        CU_ASSERT_EQUAL(tsm->items->desc.inblob_len, rows[i].length);
        drv_tsm_free(tsm);
    }
}

/* What was written lies where it was written, and a gap is zero. @req LNX-TSM-016 */
static void inblob_bytes(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    uint8_t wanted[64] = {0};
    memcpy(wanted + 16, nonce, 3);
    memcpy(wanted + 61, nonce, 3);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_write(file, 61, nonce, 3), 3);
    CU_ASSERT_EQUAL(drv_tsm_write(file, 16, nonce, 3), 3);
    CU_ASSERT_EQUAL(drv_tsm_close(file), 0);
    UNIT_BYTES(tsm->items->desc.inblob, wanted, 64);
    /* Opening and closing alone delivers nothing. */
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_close(file), 0);
    shows(tsm, DRV_TSM_GENERATION, "1\n");
    /* A shorter one leaves nothing of the longer. */
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 2), 2);
    memset(wanted, 0, sizeof wanted);
    memcpy(wanted, nonce, 2);
    UNIT_BYTES(tsm->items->desc.inblob, wanted, 64);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-004 */
static void after_rmdir(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    struct drv_tsm_file *text = NULL, *blob = NULL, *sized = NULL, *level = NULL, *in = NULL;
    uint8_t byte;
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_PROVIDER, O_RDONLY, &text), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &blob), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &sized), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_PRIVLEVEL, O_WRONLY, &level), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_INBLOB, O_WRONLY, &in), 0);
    CU_ASSERT_EQUAL(drv_tsm_write(in, 0, nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_read_size(sized), 100);
    CU_ASSERT_EQUAL(drv_tsm_rmdir(tsm, "x"), 0);
    CU_ASSERT_EQUAL(drv_tsm_read(text, 0, &byte, 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_read(blob, 0, &byte, 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_read(sized, 0, &byte, 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_write(level, 0, "1", 1), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_close(in), -ENOENT);
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "x"), 0); /* a new one of the name is another */
    CU_ASSERT_EQUAL(drv_tsm_read(text, 0, &byte, 1), -ENOENT);
    shows(tsm, DRV_TSM_GENERATION, "0\n");
    CU_ASSERT_EQUAL(drv_tsm_close(text), 0);
    CU_ASSERT_EQUAL(drv_tsm_close(blob), 0);
    CU_ASSERT_EQUAL(fake.calls, 1);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-040, LNX-TSM-041, LNX-TSM-046 */
static void refused_reads(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    uint8_t byte = 0;
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EINVAL);
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EINVAL); /* before ENXIO */
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -ENXIO);
    CU_ASSERT_EQUAL(fake.calls, 0);
    const struct drv_tsm_provider again = provider_of(&fake, 0, false);
    CU_ASSERT_EQUAL(drv_tsm_register(tsm, &again), 0);
    fake.rc = -ENOTTY;
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -ENOTTY);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_AUXBLOB, &byte, 1), -ENOTTY);
    fake.rc = 2; /* a hypercall that could not be made */
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EIO);
    CU_ASSERT_EQUAL(fake.calls, 3);
    fake.rc = 0;
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 4);
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
    fake.rc = -EIO; /* the blobs of before do not come back */
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, &byte, 1), -EIO);
    CU_ASSERT(abi_all_zero(tsm->items->blobs.outblob, 100));
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-044, LNX-TSM-045 */
static void one_request_a_generation(void) {
    struct fake fake = {.aux = 30};
    struct drv_tsm *tsm = new_tsm(&fake, 0, true);
    uint8_t out[200];
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_AUXBLOB, out, sizeof out), 30);
    CU_ASSERT(out[0] == 0xAA && out[29] == 0xAA);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, out, sizeof out), 100);
    CU_ASSERT(out[0] == 1 && out[99] == 1);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_MANIFESTBLOB, out, sizeof out), 7);
    CU_ASSERT_EQUAL(out[6], 0x55);
    CU_ASSERT_EQUAL(fake.calls, 1);
    UNIT_BYTES(fake.desc.inblob, nonce, 64);
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64); /* the same value is a change, too */
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_OUTBLOB, out, sizeof out), 100);
    CU_ASSERT_EQUAL(out[0], 2);
    CU_ASSERT_EQUAL(fake.calls, 2);
    fake.aux = 0;
    CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_SERVICE_PROVIDER, "svsm"), 4);
    CU_ASSERT_EQUAL(get(tsm, DRV_TSM_AUXBLOB, out, sizeof out), 0);
    CU_ASSERT_EQUAL(fake.calls, 3);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-042, LNX-TSM-043 */
static void blob_in_chunks(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = new_tsm(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    uint8_t out[200] = {0};
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_read(file, 0, out, 60), 60);
    CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64); /* a writer after the first read */
    CU_ASSERT_EQUAL(drv_tsm_read(file, 60, out, 60), 40);
    CU_ASSERT_EQUAL(out[39], 1);
    CU_ASSERT_EQUAL(drv_tsm_read(file, 100, out, 60), 0);
    CU_ASSERT_EQUAL(drv_tsm_read(file, UINT64_MAX, out, 60), 0);
    CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
    CU_ASSERT_EQUAL(fake.calls, 1);
    drv_tsm_free(tsm);
}

/* @req LNX-TSM-047 */
static void race(void) {
    for (int raced = 0; raced < 2; raced++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = new_tsm(&fake, 0, false);
        struct drv_tsm_file *file = NULL;
        uint8_t byte = 0;
        CU_ASSERT_EQUAL(put(tsm, DRV_TSM_INBLOB, nonce, 64), 64);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_read_size(file), 100);
        if (raced) CU_ASSERT_EQUAL(put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), raced ? -EWOULDBLOCK : 1);
        CU_ASSERT_EQUAL(drv_tsm_read(file, 0, &byte, 1), 1); /* the next try starts anew */
        CU_ASSERT_EQUAL(byte, raced ? 2 : 1);
        drv_tsm_free(tsm);
    }
}

static const struct unit_test tests[] = {
    {"folders", folders},
    {"kernels-without", kernels_without},
    {"visible", visible},
    {"directions", directions},
    {"texts", texts},
    {"text-in-chunks", text_in_chunks},
    {"privlevels", privlevels},
    {"privlevel-order", privlevel_order},
    {"busy", busy},
    {"services", services},
    {"inblobs", inblobs},
    {"inblob-bytes", inblob_bytes},
    {"after-rmdir", after_rmdir},
    {"refused-reads", refused_reads},
    {"one-request-a-generation", one_request_a_generation},
    {"blob-in-chunks", blob_in_chunks},
    {"race", race},
    {NULL, NULL},
};

const struct unit_suite tsm_suite = {"tsm", tests};
