/* configfs-tsm as a state machine: /sys/kernel/config/tsm/report and what is in it. Linux notes, sections 5
 * and 8. A front end (FUSE, a test) translates its calls into these; there is no I/O here.
 *
 * A tsm belongs to one thread at a time. All functions that return long give 0 or a count on success and
 * -errno otherwise. */
#ifndef SEVKIT_TSM_H
#define SEVKIT_TSM_H

#include "sevkit/certtable.h"
#include "sevkit/sev_guest.h"

#define DRV_TSM_INBLOB_MAX 64
#define DRV_TSM_OUTBLOB_MAX 0x8000 /* SZ_32K: the cap of every blob (AMB-141) */
#define DRV_TSM_NAME_MAX 255

struct drv_tsm;
struct drv_tsm_file; /* an open attribute */

enum drv_tsm_attr {
    DRV_TSM_INBLOB,
    DRV_TSM_OUTBLOB,
    DRV_TSM_AUXBLOB,
    DRV_TSM_MANIFESTBLOB,
    DRV_TSM_PROVIDER,
    DRV_TSM_GENERATION,
    DRV_TSM_PRIVLEVEL,
    DRV_TSM_PRIVLEVEL_FLOOR,
    DRV_TSM_SERVICE_PROVIDER,
    DRV_TSM_SERVICE_GUID,
    DRV_TSM_SERVICE_MANIFEST_VERSION,
};
#define DRV_TSM_ATTR_COUNT 11

struct drv_tsm_attribute {
    const char *name;
    unsigned mode; /* 0200 or 0444 */
    bool binary;
};
const struct drv_tsm_attribute *drv_tsm_attribute(enum drv_tsm_attr attr);
/* False when no attribute has NAME. */
bool drv_tsm_attr_parse(const char *name, enum drv_tsm_attr *attr);

/* What a provider is asked for: the item's options at the time of the read. */
struct drv_tsm_desc {
    uint8_t inblob[DRV_TSM_INBLOB_MAX];
    size_t inblob_len;
    unsigned privlevel;
    bool service_provider_set;
    char service_provider[64]; /* as far as it fits; may be set to "" */
    uint8_t service_guid[ABI_GUID_SIZE];
    unsigned service_manifest_version;
};

/* A length of 0: none. A provider whose blob does not fit states the length all the same: its reader gets
 * EFBIG. */
struct drv_tsm_blobs {
    size_t outblob_len, auxblob_len, manifestblob_len;
    uint8_t outblob[DRV_TSM_OUTBLOB_MAX], auxblob[DRV_TSM_OUTBLOB_MAX],
        manifestblob[DRV_TSM_OUTBLOB_MAX];
};

struct drv_tsm_provider {
    const char *name;         /* "sev_guest" */
    unsigned privlevel_floor; /* lowest privlevel that may be asked for */
    bool svsm;                /* items made from now on have service_* and manifestblob */
    void *ctx;
    long (*report_new)(void *ctx, const struct drv_tsm_desc *desc, struct drv_tsm_blobs *blobs);
};

/* KERNEL must have configfs-tsm. */
SEVKIT_MUST struct sevkit_result drv_tsm_new(enum drv_kernel kernel, struct drv_tsm **tsm);
/* Closes what is open and removes all items. */
void drv_tsm_free(struct drv_tsm *tsm);

/* 0, or -EBUSY. PROVIDER is copied; its ctx stays the caller's. */
SEVKIT_MUST long drv_tsm_register(struct drv_tsm *tsm, const struct drv_tsm_provider *provider);
void drv_tsm_unregister(struct drv_tsm *tsm);

/* The provider that sev-guest registers: sev_report_new over GUEST, which outlives the tsm. */
struct drv_tsm_provider drv_guest_tsm_provider(struct drv_guest *guest);

/* mkdir and rmdir of report/NAME. */
SEVKIT_MUST long drv_tsm_mkdir(struct drv_tsm *tsm, const char *name);
SEVKIT_MUST long drv_tsm_rmdir(struct drv_tsm *tsm, const char *name);

/* The INDEXth item's name in order of making, NULL after the last. */
const char *drv_tsm_item(const struct drv_tsm *tsm, size_t index);
/* Whether report/NAME exists, and whether it shows ATTR. */
bool drv_tsm_exists(const struct drv_tsm *tsm, const char *name);
bool drv_tsm_visible(const struct drv_tsm *tsm, const char *name, enum drv_tsm_attr attr);

/* open(report/NAME/ATTR, FLAGS): FLAGS are open(2)'s access mode bits. */
SEVKIT_MUST long drv_tsm_open(struct drv_tsm *tsm, const char *name, enum drv_tsm_attr attr,
                              int flags, struct drv_tsm_file **file);
/* pread and pwrite at OFFSET. A first read fetches the whole value, later ones continue in it. */
SEVKIT_MUST long drv_tsm_read(struct drv_tsm_file *file, uint64_t offset, void *out, size_t size);
SEVKIT_MUST long drv_tsm_write(struct drv_tsm_file *file, uint64_t offset, const void *bytes,
                               size_t size);
/* The first of the two passes of a first read, for a schedule that puts a writer between them: the value's
 * size. drv_tsm_read then goes on with the second. */
SEVKIT_MUST long drv_tsm_read_size(struct drv_tsm_file *file);
/* close(2) of the last descriptor: delivers what was written to a binary attribute; user space never sees
 * the result, which is returned for traces. Frees FILE. */
long drv_tsm_close(struct drv_tsm_file *file);

#endif
