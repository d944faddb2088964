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
    (*tsm)->kernel = kernel;
    return sevkit_success();
}

void drv_tsm_free(struct drv_tsm *tsm) {
    if (tsm == NULL) return;
    while (tsm->items != NULL) {
        const long removed = drv_tsm_rmdir(tsm, tsm->items->name);
        if (removed != 0) abort(); /* the name is the list's own */
    }
    while (tsm->files != NULL) (void)drv_tsm_close(tsm->files);
    free(tsm);
}

long drv_tsm_register(struct drv_tsm *tsm, const struct drv_tsm_provider *provider) {
    if (tsm->has_provider) return -EBUSY; /* @req LNX-TSM-001 */
    tsm->provider = *provider;
    tsm->has_provider = true;
    return 0;
}

void drv_tsm_unregister(struct drv_tsm *tsm) {
    tsm->has_provider = false;
}

/* Where NAME's item is linked: the end of the list if there is none. */
static struct tsm_item **find(struct drv_tsm *tsm, const char *name) {
    struct tsm_item **at = &tsm->items;
    while (*at != NULL && strcmp((*at)->name, name) != 0) at = &(*at)->next;
    return at;
}

long drv_tsm_mkdir(struct drv_tsm *tsm, const char *name) {
    struct tsm_item **at = find(tsm, name);
    if (strlen(name) > DRV_TSM_NAME_MAX) return -ENAMETOOLONG;
    if (*at != NULL) return -EEXIST;       /* @req LNX-TSM-003 */
    if (!tsm->has_provider) return -ENXIO; /* @req LNX-TSM-002 */
    struct tsm_item *item = calloc(1, sizeof *item);
    if (item == NULL) return -ENOMEM;
    item->tsm = tsm;
    item->alive = true;
    memcpy(item->name, name, strlen(name));
    *at = item;
    return 0;
}

long drv_tsm_rmdir(struct drv_tsm *tsm, const char *name) {
    struct tsm_item **at = find(tsm, name);
    struct tsm_item *item = *at;
    if (item == NULL) return -ENOENT;
    *at = item->next;
    item->alive = false; /* @req LNX-TSM-004 */
    if (item->opened == 0) free(item);
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
    for (const struct tsm_item *item = tsm->items; item != NULL; item = item->next) {
        if (strcmp(item->name, name) == 0) return true;
    }
    return false;
}

static bool is_svsm_only(enum drv_tsm_attr attr) {
    return attr == DRV_TSM_MANIFESTBLOB || attr == DRV_TSM_SERVICE_PROVIDER ||
           attr == DRV_TSM_SERVICE_GUID || attr == DRV_TSM_SERVICE_MANIFEST_VERSION;
}

bool drv_tsm_visible(const struct drv_tsm *tsm, const char *name, enum drv_tsm_attr attr) {
    if (!drv_tsm_exists(tsm, name)) return false;
    return !is_svsm_only(attr) || tsm->provider.svsm; /* @req LNX-TSM-005 */
}
