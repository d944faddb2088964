/* Open attributes: configfs's rules for text and binary files. Linux notes, section 5, errno table and read
 * model. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tsm.h"

#define TEXT_WRITE_MAX (ABI_PAGE_SIZE - 1)
#define READABLE 0444
#define WRITABLE 0200

static bool is_binary(const struct drv_tsm_file *file) {
    return drv_tsm_attribute(file->attr)->binary;
}

static struct tsm_item *find(const struct drv_tsm *tsm, const char *name) {
    struct tsm_item *item = tsm->items;
    while (item != NULL && strcmp(item->name, name) != 0) item = item->next;
    return item;
}

long drv_tsm_open(struct drv_tsm *tsm, const char *name, enum drv_tsm_attr attr, int flags,
                  struct drv_tsm_file **file) {
    struct tsm_item *item = find(tsm, name);
    const int access = flags & O_ACCMODE;
    const unsigned mode = drv_tsm_attribute(attr)->mode;
    if (item == NULL || !drv_tsm_visible(tsm, name, attr)) return -ENOENT;
    if (access != O_WRONLY && (mode & READABLE) == 0) return -EACCES; /* @req LNX-TSM-007 */
    if (access != O_RDONLY && (mode & WRITABLE) == 0) return -EACCES; /* @req LNX-TSM-008 */
    struct drv_tsm_file *made = calloc(1, sizeof *made);
    if (made == NULL) return -ENOMEM;
    made->item = item;
    made->attr = attr;
    made->access = (unsigned)access;
    made->next = tsm->files;
    made->link = &tsm->files;
    if (made->next != NULL) made->next->link = &made->next;
    tsm->files = made;
    item->opened++;
    *file = made;
    return 0;
}

/* ---- reading ---- */

static long keep(struct drv_tsm_file *file, const void *bytes, size_t size) {
    uint8_t *value = malloc(size != 0 ? size : 1);
    if (value == NULL) return -ENOMEM;
    memcpy(value, bytes, size);
    free(file->value);
    file->value = value;
    file->size = size;
    file->filled = true;
    return 0;
}

/* The first pass: how long the blob is. */
static long first_pass(struct drv_tsm_file *file) {
    const uint8_t *bytes = NULL;
    if (!file->item->alive) return -ENOENT; /* @req LNX-TSM-004 */
    const long rc = drv_tsm_blob(file->item, file->attr, &bytes, &file->promised);
    if (rc != 0) return rc;
    file->sized = true;
    file->generation = file->item->write_generation;
    return (long)file->promised;
}

/* The second: its bytes, unless a writer came between. */
static long second_pass(struct drv_tsm_file *file) {
    const uint8_t *bytes = NULL;
    size_t size = 0;
    file->sized = false;
    if (!file->item->alive) return -ENOENT; /* @req LNX-TSM-004 */
    if (file->generation != file->item->write_generation)
        return -EWOULDBLOCK; /* @req LNX-TSM-047 */
    const long rc = drv_tsm_blob(file->item, file->attr, &bytes, &size);
    if (rc != 0) return rc;
    return keep(file, bytes, size);
}

static long fill_text(struct drv_tsm_file *file) {
    char text[TSM_TEXT_SIZE];
    if (!file->item->alive) return -ENOENT; /* @req LNX-TSM-004 */
    const long length = drv_tsm_show(file->item, file->attr, text);
    return length < 0 ? length : keep(file, text, (size_t)length);
}

static long fill_binary(struct drv_tsm_file *file) {
    if (!file->sized) {
        const long size = first_pass(file);
        if (size < 0) return size;
    }
    return second_pass(file);
}

long drv_tsm_read_size(struct drv_tsm_file *file) {
    if (file->access == O_WRONLY) return -EBADF;
    if (file->filled) return (long)file->size;
    if (is_binary(file)) return first_pass(file);
    const long rc = fill_text(file);
    return rc != 0 ? rc : (long)file->size;
}

long drv_tsm_read(struct drv_tsm_file *file, uint64_t offset, void *out, size_t size) {
    if (file->access == O_WRONLY) return -EBADF;
    if (!file->filled) {
        const long rc = is_binary(file) ? fill_binary(file) : fill_text(file);
        if (rc != 0) return rc;
    }
    if (offset >= file->size) return 0; /* @req LNX-TSM-043 */
    const size_t left = file->size - (size_t)offset;
    const size_t count = size < left ? size : left;
    memcpy(out, file->value + offset, count); /* @req LNX-TSM-042 */
    return (long)count;
}

/* ---- writing ---- */

/* A binary value gathers until close; a gap is zero. */
static long gather(struct drv_tsm_file *file, uint64_t offset, const void *bytes, size_t size) {
    file->written = true;
    if (offset > DRV_TSM_INBLOB_MAX) return -EFBIG;                /* @req LNX-TSM-014 */
    if (size > DRV_TSM_INBLOB_MAX - (size_t)offset) return -EFBIG; /* @req LNX-TSM-014 */
    if (file->value == NULL) {
        file->value = calloc(1, DRV_TSM_INBLOB_MAX);
        if (file->value == NULL) return -ENOMEM;
    }
    if (size == 0) return -EFAULT; /* @req LNX-TSM-015 */
    memcpy(file->value + offset, bytes, size);
    if (offset + size > file->size) file->size = (size_t)offset + size; /* @req LNX-TSM-016 */
    return (long)size;
}

long drv_tsm_write(struct drv_tsm_file *file, uint64_t offset, const void *bytes, size_t size) {
    if (file->access == O_RDONLY) return -EBADF;
    if (is_binary(file)) return gather(file, offset, bytes, size);
    if (size == 0) return -EFAULT; /* @req LNX-TSM-015 */
    const size_t taken = size < TEXT_WRITE_MAX ? size : TEXT_WRITE_MAX;
    if (!file->item->alive) return -ENOENT; /* @req LNX-TSM-004 */
    const long rc = drv_tsm_store(file->item, file->attr, bytes, taken);
    return rc != 0 ? rc : (long)taken;
}

long drv_tsm_close(struct drv_tsm_file *file) {
    struct tsm_item *item = file->item;
    long rc = 0;
    if (file->written) {
        static const uint8_t none[1];
        const uint8_t *bytes = file->value != NULL ? file->value : none;
        rc = item->alive ? drv_tsm_store(item, file->attr, bytes, file->size)
                         : -ENOENT; /* @req LNX-TSM-017 */
    }
    *file->link = file->next;
    if (file->next != NULL) file->next->link = file->link;
    free(file->value);
    free(file);
    item->opened--;
    if (!item->alive && item->opened == 0) free(item);
    return rc;
}
