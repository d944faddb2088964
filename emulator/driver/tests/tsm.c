/* configfs-tsm over a provider that answers as the test says: folders, attributes, directions, texts. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tsm_fixture.h"
#include "unit/unit.h"

extern const struct unit_suite tsm_suite;

/* @req LNX-TSM-001, LNX-TSM-002, LNX-TSM-003 */
static void folders(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    const struct drv_tsm_provider second = tsm_provider_of(&fake, 0, false);
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
    drv_tsm_free(tsm);
}

/* An item that is removed and still open does not count. @req LNX-TSM-009 */
static void another_provider(void) {
    static const enum drv_kernel kernels[] = {DRV_KERNEL_6_12, DRV_KERNEL_6_16, DRV_KERNEL_LATEST};
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new_on(kernels[i], &fake, 0, false);
        struct drv_tsm_file *file = NULL;
        const struct drv_tsm_provider second = tsm_provider_of(&fake, 0, false);
        drv_tsm_unregister(tsm);
        CU_ASSERT_EQUAL(drv_tsm_register(tsm, &second), -EBUSY);
        CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "y"), -ENXIO);
        CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_GENERATION, O_RDONLY, &file), 0);
        CU_ASSERT_EQUAL(drv_tsm_rmdir(tsm, "x"), 0);
        CU_ASSERT_EQUAL(drv_tsm_register(tsm, &second), 0);
        CU_ASSERT_EQUAL(drv_tsm_register(tsm, &second), -EBUSY); /* without items too */
        CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "y"), 0);
        drv_tsm_free(tsm);
    }
}

/* mkdir decides, and whether the provider is still there does not matter. @req LNX-TSM-005 */
static void visible_since_mkdir(void) {
    for (int svsm = 0; svsm < 2; svsm++) {
        struct fake fake = {0};
        struct drv_tsm *tsm = tsm_new(&fake, 0, svsm);
        const struct drv_tsm_provider other = tsm_provider_of(&fake, 0, !svsm);
        drv_tsm_unregister(tsm);
        CU_ASSERT_EQUAL(drv_tsm_visible(tsm, "x", DRV_TSM_SERVICE_GUID), svsm);
        CU_ASSERT(drv_tsm_visible(tsm, "x", DRV_TSM_OUTBLOB));
        CU_ASSERT_EQUAL(drv_tsm_rmdir(tsm, "x"), 0);
        CU_ASSERT_EQUAL(drv_tsm_register(tsm, &other), 0);
        CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, "y"), 0);
        CU_ASSERT_EQUAL(drv_tsm_visible(tsm, "y", DRV_TSM_SERVICE_GUID), !svsm);
        drv_tsm_free(tsm);
    }
}

static void attributes(void) {
    static const struct drv_tsm_attribute wanted[DRV_TSM_ATTR_COUNT] = {
        {"inblob", 0200, true},
        {"outblob", 0444, true},
        {"auxblob", 0444, true},
        {"manifestblob", 0444, true},
        {"provider", 0444, false},
        {"generation", 0444, false},
        {"privlevel", 0200, false},
        {"privlevel_floor", 0444, false},
        {"service_provider", 0200, false},
        {"service_guid", 0200, false},
        {"service_manifest_version", 0200, false},
    };
    for (unsigned i = 0; i < DRV_TSM_ATTR_COUNT; i++) {
        const struct drv_tsm_attribute *attribute = drv_tsm_attribute((enum drv_tsm_attr)i);
        CU_ASSERT_STRING_EQUAL(attribute->name, wanted[i].name);
        CU_ASSERT_EQUAL(attribute->mode, wanted[i].mode);
        CU_ASSERT_EQUAL(attribute->binary, wanted[i].binary);
    }
}

static void names(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    char name[DRV_TSM_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[DRV_TSM_NAME_MAX + 1] = 0;
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, name), -ENAMETOOLONG);
    name[DRV_TSM_NAME_MAX] = 0;
    CU_ASSERT_EQUAL(drv_tsm_mkdir(tsm, name), 0);
    CU_ASSERT_STRING_EQUAL(drv_tsm_item(tsm, 1), name);
    CU_ASSERT(drv_tsm_exists(tsm, name));
    drv_tsm_free(tsm);
    drv_tsm_free(NULL);
}

static void kernels_without(void) {
    struct drv_tsm *tsm = NULL;
    const enum drv_kernel without[] = {DRV_KERNEL_5_19, DRV_KERNEL_6_1_0, DRV_KERNEL_6_6};
    for (size_t i = 0; i < 3; i++) {
        const struct sevkit_result r = drv_tsm_new(without[i], &tsm);
        CU_ASSERT_EQUAL(r.code, SEVKIT_BAD_VALUE);
        CU_ASSERT_STRING_EQUAL(r.field, "kernel");
        CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
        CU_ASSERT_EQUAL(r.value, without[i]);
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
        struct drv_tsm *tsm = tsm_new(&fake, 0, svsm);
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
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
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
    struct drv_tsm *tsm = tsm_new(&fake, 2, false);
    char text[64];
    tsm_shows(tsm, DRV_TSM_PROVIDER, "sev_guest\n");
    tsm_shows(tsm, DRV_TSM_GENERATION, "0\n");
    tsm_shows(tsm, DRV_TSM_PRIVLEVEL_FLOOR, "2\n");
    drv_tsm_unregister(tsm);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_PROVIDER, text, sizeof text), -ENXIO);
    CU_ASSERT_EQUAL(tsm_get(tsm, DRV_TSM_PRIVLEVEL_FLOOR, text, sizeof text), -ENXIO);
    tsm_shows(tsm, DRV_TSM_GENERATION, "0\n");
    drv_tsm_free(tsm);
}

/* A text is fetched at the first read of a descriptor. */
static void text_in_chunks(void) {
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false);
    struct drv_tsm_file *file = NULL;
    char text[8] = {0};
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_GENERATION, O_RDONLY, &file), 0);
    CU_ASSERT_EQUAL(drv_tsm_read_size(file), 2);
    CU_ASSERT_EQUAL(tsm_put_text(tsm, DRV_TSM_PRIVLEVEL, "1"), 1);
    CU_ASSERT_EQUAL(drv_tsm_read(file, 0, text, 1), 1);
    CU_ASSERT_EQUAL(text[0], '0');
    CU_ASSERT_EQUAL(drv_tsm_read(file, 1, text, 8), 1);
    CU_ASSERT_EQUAL(text[0], '\n');
    CU_ASSERT_EQUAL(drv_tsm_read(file, 2, text, 8), 0);
    tsm_shows(tsm, DRV_TSM_GENERATION, "1\n");
    drv_tsm_free(tsm);
}

static const struct unit_test tests[] = {
    {"folders", folders},
    {"another-provider", another_provider},
    {"visible-since-mkdir", visible_since_mkdir},
    {"attributes", attributes},
    {"names", names},
    {"kernels-without", kernels_without},
    {"visible", visible},
    {"directions", directions},
    {"texts", texts},
    {"text-in-chunks", text_in_chunks},
    {"privlevels", tsm_privlevels},
    {"privlevel-order", tsm_privlevel_order},
    {"busy", tsm_busy},
    {"services", tsm_services},
    {"numbers", tsm_numbers},
    {"service-providers", tsm_service_providers},
    {"long-service-provider", tsm_long_service_provider},
    {"stores-without-provider", tsm_stores_without_provider},
    {"inblobs", tsm_inblobs},
    {"inblob-bytes", tsm_inblob_bytes},
    {"after-rmdir", tsm_after_rmdir},
    {"blob-in-chunks", tsm_blob_in_chunks},
    {"small-blobs", tsm_small_blobs},
    {"race", tsm_race},
    {"race-lost", tsm_race_lost},
    {"no-bytes-of-before", tsm_no_bytes_of_before},
    {"race-lengths", tsm_race_lengths},
    {"memory", tsm_memory},
    {"refused-reads", tsm_refused_reads},
    {"calls-not-made", tsm_calls_not_made},
    {"one-request-a-generation", tsm_one_request_a_generation},
    {"blobs-without-provider", tsm_blobs_without_provider},
    {"blobs-after-provider", tsm_blobs_after_provider},
    {"blob-caps", tsm_blob_caps},
    {NULL, NULL},
};

const struct unit_suite tsm_suite = {"tsm", tests};
