/* configfs-tsm from inside. Private to driver/. */
#ifndef DRIVER_TSM_H
#define DRIVER_TSM_H

#include "sevkit/crypto.h"
#include "sevkit/tsm.h"

/* One folder below report/. It outlives its rmdir as long as a file is open in it. */
struct tsm_item {
    struct drv_tsm *tsm;
    struct tsm_item *next; /* in order of making */
    char name[DRV_TSM_NAME_MAX + 1];
    bool alive;      /* not yet removed */
    unsigned opened; /* files that refer to it */
    struct drv_tsm_desc desc;
    uint64_t read_generation, write_generation;
    bool has_blobs;
    struct drv_tsm_blobs blobs;
};

struct drv_tsm_file {
    struct drv_tsm_file *next, **link; /* the tsm's list */
    struct tsm_item *item;
    enum drv_tsm_attr attr;
    unsigned access;     /* O_RDONLY or O_WRONLY */
    bool filled;         /* VALUE is what reads continue in */
    bool sized;          /* the first pass of a first read is done */
    bool written;        /* a binary attribute: deliver on close */
    uint64_t generation; /* at the first pass */
    size_t promised;     /* its size */
    size_t size;
    uint8_t *value;
};

struct drv_tsm {
    enum drv_kernel kernel;
    bool has_provider;
    struct drv_tsm_provider provider;
    struct tsm_item *items;
    struct drv_tsm_file *files;
};

/* tsm_store.c: one attribute written: 0 or -errno. */
SEVKIT_MUST long drv_tsm_store(struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t *bytes,
                               size_t size);
/* tsm_show.c: a text attribute's value in TEXT: its length or -errno. */
#define TSM_TEXT_SIZE 64
SEVKIT_MUST long drv_tsm_show(const struct tsm_item *item, enum drv_tsm_attr attr,
                              char text[TSM_TEXT_SIZE]);
/* tsm_report.c: a blob's bytes, of a report that is made anew where the item has changed: 0 or -errno. */
SEVKIT_MUST long drv_tsm_blob(struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t **bytes,
                              size_t *size);

#endif
