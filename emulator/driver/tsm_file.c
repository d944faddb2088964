/* Open attributes: configfs's rules for text and binary files. Linux notes, section 5, errno table and read
 * model. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tsm.h"

#define TEXT_WRITE_MAX (ABI_PAGE_SIZE - 1)

static bool is_binary(const struct drv_tsm_file *file) {
    return drv_tsm_attribute(file->attr)->binary;
}

long drv_tsm_open(struct drv_tsm *tsm, const char *name, enum drv_tsm_attr attr, int flags,
                  struct drv_tsm_file **file) {
    struct tsm_item *item = drv_tsm_find(tsm, name);
    const int access = flags & O_ACCMODE;
    const bool writable = drv_tsm_attribute(attr)->mode == 0200;
    if (!drv_tsm_visible(tsm, name, attr)) return -ENOENT;
    if (access != O_WRONLY && writable) return -EACCES;  /* @req LNX-TSM-007 */
    if (access != O_RDONLY && !writable) return -EACCES; /* @req LNX-TSM-008 */
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

/* The value is SIZE bytes, of which the first ones are the GOT bytes. */
static long keep(struct drv_tsm_file *file, size_t size, const void *bytes, size_t got) {
    file->value = calloc(1, size);
    if (file->value == NULL) return -ENOMEM;
    memcpy(file->value, bytes, got < size ? got : size);
    file->size = size;
    file->filled = true;
    return 0;
}

/* The first pass: how long the blob is. */
static long first_pass(struct drv_tsm_file *file) {
    const uint8_t *bytes;
    size_t size;
    if (!file->item->alive) return -ENOENT; /* @req LNX-TSM-004 */
    const long rc = drv_tsm_blob(file->item, file->attr, &bytes, &size);
    if (rc != 0) return rc;
    if (size > DRV_TSM_OUTBLOB_MAX) return -EFBIG; /* @req LNX-TSM-048 */
    file->size = size;
    file->sized = size != 0; /* @req LNX-TSM-061 */
    return 0;
}

/* The second: its bytes. After a writer they are those of another report, in the first one's length. */
static long second_pass(struct drv_tsm_file *file) {
    const uint8_t *bytes;
    size_t got;
    file->sized = false;
    if (!file->item->alive) return -ENOENT;                             /* @req LNX-TSM-004 */
    const long rc = drv_tsm_blob(file->item, file->attr, &bytes, &got); /* @req LNX-TSM-047 */
    return rc != 0 ? rc : keep(file, file->size, bytes, got);
}

static long fill_text(struct drv_tsm_file *file) {
    char text[TSM_TEXT_SIZE];
    if (!file->item->alive) return -ENOENT; /* @req LNX-TSM-004 */
    const long rc = drv_tsm_show(file->item, file->attr, text);
    return rc != 0 ? rc : keep(file, strlen(text), text, strlen(text));
}

static long fill_binary(struct drv_tsm_file *file) {
    const long rc = file->sized ? 0 : first_pass(file);
    return rc != 0 || !file->sized ? rc : second_pass(file);
}

long drv_tsm_read_size(struct drv_tsm_file *file) {
    if (file->access == O_WRONLY) return -EBADF;
    if (!file->filled) {
        const long rc = is_binary(file) ? first_pass(file) : fill_text(file);
        if (rc != 0) return rc;
    }
    return (long)file->size;
}

long drv_tsm_read(struct drv_tsm_file *file, uint64_t offset, void *out, size_t size) {
    if (file->access == O_WRONLY) return -EBADF;
    if (!file->filled) {
        const long rc = is_binary(file) ? fill_binary(file) : fill_text(file);
        if (rc != 0) return rc;
    }
    const size_t at = offset < file->size ? (size_t)offset : file->size; /* @req LNX-TSM-043 */
    const size_t left = file->size - at;
    const size_t count = size < left ? size : left;
    if (count != 0) memcpy(out, file->value + at, count); /* @req LNX-TSM-042 */
    return (long)count;
}

/* ---- writing ---- */

/* A binary value gathers until close; a gap is zero. A refused write leaves what was gathered. */
static long gather(struct drv_tsm_file *file, uint64_t offset, const void *bytes, size_t size) {
    file->written = true;
    if (offset > DRV_TSM_INBLOB_MAX) return -EFBIG;                /* @req LNX-TSM-014 */
    if (size > DRV_TSM_INBLOB_MAX - (size_t)offset) return -EFBIG; /* @req LNX-TSM-014 */
    if (size == 0) return -EFAULT;                                 /* @req LNX-TSM-015 */
    const size_t end = (size_t)offset + size;
    memcpy(file->gathered + offset, bytes, size);
    file->size = end > file->size ? end : file->size; /* @req LNX-TSM-016 */
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
    if (file->written)
        rc = item->alive ? drv_tsm_store(item, file->attr, file->gathered, file->size)
                         : -ENOENT; /* @req LNX-TSM-017 */
    *file->link = file->next;
    if (file->next != NULL) file->next->link = file->link;
    free(file->value);
    free(file);
    item->opened--;
    if (!item->alive && item->opened == 0) free(item);
    return rc;
}
