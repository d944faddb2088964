/* The folder report/ and its items: provider, mkdir, rmdir, what an item shows. Linux notes, section 5. */
#include "driver/tsm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct drv_tsm_attribute attributes[DRV_TSM_ATTR_COUNT] = {
    [DRV_TSM_INBLOB] = {"inblob", 0200, true},
    [DRV_TSM_OUTBLOB] = {"outblob", 0444, true},
    [DRV_TSM_AUXBLOB] = {"auxblob", 0444, true},
    [DRV_TSM_MANIFESTBLOB] = {"manifestblob", 0444, true},
    [DRV_TSM_PROVIDER] = {"provider", 0444, false},
    [DRV_TSM_GENERATION] = {"generation", 0444, false},
    [DRV_TSM_PRIVLEVEL] = {"privlevel", 0200, false},
    [DRV_TSM_PRIVLEVEL_FLOOR] = {"privlevel_floor", 0444, false},
    [DRV_TSM_SERVICE_PROVIDER] = {"service_provider", 0200, false},
    [DRV_TSM_SERVICE_GUID] = {"service_guid", 0200, false},
    [DRV_TSM_SERVICE_MANIFEST_VERSION] = {"service_manifest_version", 0200, false},
};

const struct drv_tsm_attribute *drv_tsm_attribute(enum drv_tsm_attr attr) {
    return &attributes[attr];
}

bool drv_tsm_attr_parse(const char *name, enum drv_tsm_attr *attr) {
    for (unsigned i = 0; i < DRV_TSM_ATTR_COUNT; i++) {
        if (strcmp(attributes[i].name, name) != 0) continue;
        *attr = (enum drv_tsm_attr)i;
        return true;
    }
    return false;
}

struct sevkit_result drv_tsm_new(enum drv_kernel kernel, struct drv_tsm **tsm) {
    if (!drv_kernel_has_tsm(kernel)) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "kernel", SEVKIT_NO_OFFSET, (uint64_t)kernel,
                           "configfs-tsm exists from 6.7 on");
    }
    *tsm = calloc(1, sizeof **tsm);
    if (*tsm == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "tsm", SEVKIT_NO_OFFSET, sizeof **tsm,
                           "memory for configfs-tsm");
    }
    return sevkit_success();
}

/* Unlinks the item that AT points to; it lives on while a file is open in it. */
static void take_out(struct tsm_item **at) {
    struct tsm_item *item = *at;
    *at = item->next;
    item->alive = false; /* @req LNX-TSM-004 */
    if (item->opened == 0) free(item);
}

void drv_tsm_free(struct drv_tsm *tsm) {
    if (tsm == NULL) return;
    while (tsm->items != NULL) take_out(&tsm->items);
    while (tsm->files != NULL) (void)drv_tsm_close(tsm->files);
    free(tsm);
}

long drv_tsm_register(struct drv_tsm *tsm, const struct drv_tsm_provider *provider) {
    if (tsm->has_provider) return -EBUSY;  /* @req LNX-TSM-001 */
    if (tsm->items != NULL) return -EBUSY; /* @req LNX-TSM-009 */
    tsm->provider = *provider;
    tsm->has_provider = true;
    return 0;
}

void drv_tsm_unregister(struct drv_tsm *tsm) {
    tsm->has_provider = false;
}

struct tsm_item *drv_tsm_find(const struct drv_tsm *tsm, const char *name) {
    struct tsm_item *item = tsm->items;
    while (item != NULL && strcmp(item->name, name) != 0) item = item->next;
    return item;
}

/* Where NAME's item is linked: the end of the list if there is none. */
static struct tsm_item **place(struct drv_tsm *tsm, const char *name) {
    struct tsm_item **at = &tsm->items;
    while (*at != NULL && strcmp((*at)->name, name) != 0) at = &(*at)->next;
    return at;
}

long drv_tsm_mkdir(struct drv_tsm *tsm, const char *name) {
    struct tsm_item **at = place(tsm, name);
    if (strlen(name) > DRV_TSM_NAME_MAX) return -ENAMETOOLONG;
    if (*at != NULL) return -EEXIST;       /* @req LNX-TSM-003 */
    if (!tsm->has_provider) return -ENXIO; /* @req LNX-TSM-002 */
    struct tsm_item *item = calloc(1, sizeof *item);
    if (item == NULL) return -ENOMEM;
    item->tsm = tsm;
    item->svsm = tsm->provider.svsm; /* @req LNX-TSM-005 */
    item->alive = true;
    memcpy(item->name, name, strlen(name));
    *at = item;
    return 0;
}

long drv_tsm_rmdir(struct drv_tsm *tsm, const char *name) {
    struct tsm_item **at = place(tsm, name);
    if (*at == NULL) return -ENOENT;
    take_out(at);
    return 0;
}

const char *drv_tsm_item(const struct drv_tsm *tsm, size_t index) {
    const struct tsm_item *item = tsm->items;
    while (item != NULL && index > 0) {
        item = item->next;
        index--;
    }
    return item != NULL ? item->name : NULL;
}

bool drv_tsm_exists(const struct drv_tsm *tsm, const char *name) {
    return drv_tsm_find(tsm, name) != NULL;
}

static bool is_svsm_only(enum drv_tsm_attr attr) {
    return attr == DRV_TSM_MANIFESTBLOB || attr == DRV_TSM_SERVICE_PROVIDER ||
           attr == DRV_TSM_SERVICE_GUID || attr == DRV_TSM_SERVICE_MANIFEST_VERSION;
}

bool drv_tsm_visible(const struct drv_tsm *tsm, const char *name, enum drv_tsm_attr attr) {
    const struct tsm_item *item = drv_tsm_find(tsm, name);
    return item != NULL && (item->svsm || !is_svsm_only(attr)); /* @req LNX-TSM-005 */
}
