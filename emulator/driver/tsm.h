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
    bool svsm;       /* as the provider was at mkdir */
    bool alive;      /* not yet removed */
    unsigned opened; /* files that refer to it */
    struct drv_tsm_desc desc;
    uint64_t read_generation, write_generation;
    bool made;                  /* the blobs are those of the read generation */
    struct drv_tsm_blobs blobs; /* their lengths stay until new ones are stated */
};

struct drv_tsm_file {
    struct drv_tsm_file *next, **link; /* the tsm's list */
    struct tsm_item *item;
    enum drv_tsm_attr attr;
    unsigned access; /* O_RDONLY or O_WRONLY */
    size_t size;     /* of VALUE, of BLOB, or of what is in GATHERED */
    bool filled;     /* VALUE is what reads continue in */
    uint8_t *value;  /* NULL where SIZE is 0 */
    bool sized;      /* the first pass of a first read is done: SIZE, which is not 0 */
    bool written;    /* GATHERED is delivered on close */
    uint8_t gathered[DRV_TSM_INBLOB_MAX];
};

struct drv_tsm {
    bool has_provider;
    struct drv_tsm_provider provider;
    struct tsm_item *items;
    struct drv_tsm_file *files;
};

/* tsm.c: report/NAME, or NULL. */
struct tsm_item *drv_tsm_find(const struct drv_tsm *tsm, const char *name);
/* tsm_store.c: one attribute written: 0 or -errno. */
SEVKIT_MUST long drv_tsm_store(struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t *bytes,
                               size_t size);
/* tsm_show.c: a text attribute's value in TEXT: 0 or -errno. */
#define TSM_TEXT_SIZE 64
SEVKIT_MUST long drv_tsm_show(const struct tsm_item *item, enum drv_tsm_attr attr,
                              char text[TSM_TEXT_SIZE]);
/* tsm_report.c: a blob's bytes, of a report that is made anew where the item has changed: 0 or -errno. */
SEVKIT_MUST long drv_tsm_blob(struct tsm_item *item, enum drv_tsm_attr attr, const uint8_t **bytes,
                              size_t *size);

#endif
