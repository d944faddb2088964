/* configfs-tsm as a FUSE file system: translates the kernel's calls into drv_tsm_*. Linux notes, sections 5
 * and 8. What decides an answer is in driver/tsm*.c; here is only what configfs itself does for folders.
 *
 * When is a descriptor closed for the last time? configfs delivers inblob in ->release, the end of the open
 * file, however many descriptors dup, fork or SCM_RIGHTS made of it. FUSE tells of each close(2) by FLUSH,
 * for which close waits, and of the end of the open file by RELEASE, for which nobody waits. So delivery is
 * RELEASE's: a FLUSH does not know whether another descriptor is left that will write on. That nobody waits
 * does not matter, because RELEASE is not late:
 * - The kernel queues it in the closing task before close(2), dup2, execve or wait(2) for an ended process
 *   come back (Linux drops the file on the task's way back to user space, and in do_exit before the parent
 *   is told). Whatever the closer, or anybody it tells, asks next is queued behind it.
 * - One thread takes requests from that queue, in order, and finishes each before it takes the next.
 * - RELEASE is a "background" request, of which the kernel queues only so many; more wait aside and could be
 *   overtaken. We ask for the largest limit, and answer FLUSH, so that a thread that closes in a loop has
 *   at most one RELEASE under way. Only a task that drops more files at once (its exit, close_range) than
 *   the limit, which is above a thousand on any machine with 4 GiB, could see its order changed.
 * If the last reference is dropped by something that is no task (a socket's garbage collection), delivery
 * is late here, as it is on configfs.
 *
 * Nothing is cached: attribute and entry timeouts are 0 and attributes are read and written past the page
 * cache, so that sizes and offsets come as the program gave them. docs/psp-run-tsm.md lists what FUSE
 * does differently from configfs. */
#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "frontends/run_trace_tsm.h"
#include "frontends/run_tsm_items.h"
#include "sevkit/report.h"

#define TEXT_SIZE 4096       /* st_size of a text attribute: a page */
#define BACKGROUND_MAX 65535 /* the field's largest value */

/* An open attribute. */
struct handle {
    struct handle *next, **link; /* LINK is what points here */
    uint64_t epoch;              /* of the world in which FILE lives */
    struct drv_tsm_file *file;
    bool append;
    uint64_t written;           /* how far, with APPEND */
    struct run_tsm_place place; /* for the trace */
    bool gathers;               /* a binary value that close delivers */
    bool made;                  /* the value to be read; it is in the trace */
};

struct run_tsm {
    struct world *world;
    struct run_trace *trace; /* NULL: none */
    struct fuse_session *session;
    pthread_t thread;
    int stop; /* an eventfd */
    uid_t uid;
    gid_t gid;
    struct timespec made;

    uint64_t epoch; /* of the world in which ITEMS are */
    struct tsm_items items;
    struct handle *handles;
    char buffer[DRV_TSM_OUTBLOB_MAX]; /* one answer */
};

/* ---- one call at a time ---- */

static struct run_tsm *self_of(fuse_req_t req) {
    return fuse_req_userdata(req);
}

/* Takes the world's lock; after a reset, forgets what was. The tsm, or NULL where there is none now. */
static struct drv_tsm *begin(struct run_tsm *self) {
    world_lock(self->world);
    if (world_epoch(self->world) != self->epoch) {
        self->epoch = world_epoch(self->world);
        tsm_items_clear(&self->items);
    }
    return world_tsm(self->world);
}

static void end(struct run_tsm *self) {
    world_unlock(self->world);
}

static pid_t caller_of(fuse_req_t req) {
    return fuse_req_ctx(req)->pid;
}

static void reply_result(fuse_req_t req, long result) {
    (void)fuse_reply_err(req, result < 0 ? (int)-result : 0);
}

/* ---- attributes of nodes ---- */

/* What NODE looks like, whether it still exists or not: a descriptor may have outlived it. */
static struct stat node_stat(const struct run_tsm *self, fuse_ino_t node) {
    struct stat st = {.st_ino = node,
                      .st_mode = S_IFDIR | 0755,
                      .st_nlink = 2,
                      .st_uid = self->uid,
                      .st_gid = self->gid,
                      .st_atim = self->made,
                      .st_mtim = self->made,
                      .st_ctim = self->made,
                      .st_blksize = TEXT_SIZE};
    if (tsm_is_attribute(node)) {
        const struct drv_tsm_attribute *attribute = drv_tsm_attribute(tsm_attribute_of(node));
        st.st_mode = S_IFREG | attribute->mode;
        st.st_nlink = 1;
        st.st_size = attribute->binary ? 0 : TEXT_SIZE;
    }
    return st;
}

static void op_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info) {
    (void)info;
    const struct stat st = node_stat(self_of(req), node);
    (void)fuse_reply_attr(req, &st, 0);
}

/* Truncation and times succeed and change nothing, as on configfs. The mode and owner are psp-run's. */
static void op_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr, int to_set,
                       struct fuse_file_info *info) {
    (void)attr;
    if ((to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0)
        (void)fuse_reply_err(req, EPERM);
    else
        op_getattr(req, node, info);
}

/* ---- folders ---- */

/* NAME in PARENT; 0 when there is none. */
static fuse_ino_t find(struct run_tsm *self, struct drv_tsm *tsm, fuse_ino_t parent,
                       const char *name) {
    if (tsm == NULL) return 0;
    if (parent == TSM_NODE_ROOT) return strcmp(name, "tsm") == 0 ? TSM_NODE_TSM : 0;
    if (parent == TSM_NODE_TSM) return strcmp(name, "report") == 0 ? TSM_NODE_REPORT : 0;
    if (parent == TSM_NODE_REPORT) {
        if (!drv_tsm_exists(tsm, name)) return 0;
        const struct tsm_item *item = tsm_items_number(&self->items, name);
        return item == NULL ? 0 : item->number * TSM_NODE_STEP;
    }
    enum drv_tsm_attr attr;
    const struct tsm_item *item = tsm_is_item(parent) ? tsm_items_find(&self->items, parent) : NULL;
    if (item == NULL || !drv_tsm_attr_parse(name, &attr)) return 0;
    return drv_tsm_visible(tsm, item->name, attr) ? tsm_attribute_node(parent, attr) : 0;
}

static void reply_entry(fuse_req_t req, fuse_ino_t node) {
    const struct fuse_entry_param entry = {.ino = node, .attr = node_stat(self_of(req), node)};
    (void)fuse_reply_entry(req, &entry);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
    struct run_tsm *self = self_of(req);
    fuse_ino_t node = 0;
    const bool too_long = strlen(name) > DRV_TSM_NAME_MAX;
    struct drv_tsm *tsm = begin(self);
    if (!too_long) node = find(self, tsm, parent, name);
    end(self);
    if (node == 0)
        (void)fuse_reply_err(req, too_long ? ENAMETOOLONG : ENOENT);
    else
        reply_entry(req, node);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
    (void)mode; /* configfs: always 0755 */
    struct run_tsm *self = self_of(req);
    struct drv_tsm *tsm = begin(self);
    long result = -EPERM;
    fuse_ino_t node = 0;
    if (parent == TSM_NODE_REPORT && tsm != NULL) {
        result = drv_tsm_mkdir(tsm, name);
        if (result == 0) {
            tsm_items_remove(&self->items, name);
            node = find(self, tsm, TSM_NODE_REPORT, name);
        }
        if (result == 0 && node == 0) {
            result = drv_tsm_rmdir(tsm, name);
            if (result == 0) result = -ENOMEM;
        }
    }
    end(self);
    if (parent == TSM_NODE_REPORT)
        run_trace_tsm_folder(self->trace, caller_of(req), "mkdir", name, result);
    if (result < 0)
        reply_result(req, result);
    else
        reply_entry(req, node);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
    struct run_tsm *self = self_of(req);
    struct drv_tsm *tsm = begin(self);
    long result = -EPERM; /* the fixed folders */
    if (parent == TSM_NODE_REPORT && tsm != NULL) {
        result = drv_tsm_rmdir(tsm, name);
        if (result == 0) tsm_items_remove(&self->items, name);
    }
    end(self);
    if (parent == TSM_NODE_REPORT)
        run_trace_tsm_folder(self->trace, caller_of(req), "rmdir", name, result);
    reply_result(req, result);
}

/* A listing: each entry has the number of the place after it, which grows along the list. */
struct listing {
    fuse_req_t req;
    struct run_tsm *self;
    uint64_t after;
    size_t size, used;
    bool full;
};

static void list(struct listing *l, uint64_t place, const char *name, fuse_ino_t node) {
    if (place <= l->after || l->full) return;
    const struct stat st = node_stat(l->self, node);
    char *out = l->self->buffer + l->used;
    const size_t need = fuse_add_direntry(l->req, out, l->size - l->used, name, &st, (off_t)place);
    l->full = need > l->size - l->used;
    if (!l->full) l->used += need;
}

static void list_report(struct listing *l, const struct drv_tsm *tsm) {
    const char *name;
    for (size_t i = 0; (name = drv_tsm_item(tsm, i)) != NULL; i++)
        (void)tsm_items_number(&l->self->items, name);
    for (size_t i = 0; i < l->self->items.count; i++) {
        const fuse_ino_t node = l->self->items.list[i].number * TSM_NODE_STEP;
        if (drv_tsm_exists(tsm, l->self->items.list[i].name))
            list(l, node, l->self->items.list[i].name, node);
    }
}

static void list_item(struct listing *l, const struct drv_tsm *tsm, fuse_ino_t node) {
    const struct tsm_item *item = tsm_items_find(&l->self->items, node);
    if (item == NULL) return;
    for (int i = 0; i < DRV_TSM_ATTR_COUNT; i++) {
        const enum drv_tsm_attr attr = (enum drv_tsm_attr)i;
        const fuse_ino_t child = tsm_attribute_node(node, attr);
        if (drv_tsm_visible(tsm, item->name, attr))
            list(l, child, drv_tsm_attribute(attr)->name, child);
    }
}

static void op_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t after,
                       struct fuse_file_info *info) {
    (void)info;
    struct run_tsm *self = self_of(req);
    struct listing l = {.req = req, .self = self, .after = (uint64_t)after, .size = size};
    if (l.size > sizeof(self->buffer)) l.size = sizeof(self->buffer);
    const struct drv_tsm *tsm = begin(self);
    list(&l, 1, ".", node);
    list(&l, 2, "..", node);
    if (tsm != NULL && node == TSM_NODE_ROOT) list(&l, 3, "tsm", TSM_NODE_TSM);
    if (tsm != NULL && node == TSM_NODE_TSM) list(&l, 3, "report", TSM_NODE_REPORT);
    if (tsm != NULL && node == TSM_NODE_REPORT) list_report(&l, tsm);
    if (tsm != NULL && tsm_is_item(node)) list_item(&l, tsm, node);
    end(self);
    (void)fuse_reply_buf(req, self->buffer, l.used);
}

/* ---- open attributes ---- */

static struct handle *handle_of(const struct fuse_file_info *info) {
    struct handle *handle;
    _Static_assert(sizeof(handle) <= sizeof(info->fh), "a pointer is a handle");
    memcpy(&handle, &info->fh, sizeof(handle));
    return handle;
}

static void handle_keep(struct run_tsm *self, struct handle *handle, struct fuse_file_info *info) {
    handle->next = self->handles;
    handle->link = &self->handles;
    if (handle->next != NULL) handle->next->link = &handle->next;
    self->handles = handle;
    memcpy(&info->fh, &handle, sizeof(handle));
}

/* Under the lock. A file of an older world is gone with it. */
static void handle_close(const struct run_tsm *self, struct handle *handle) {
    *handle->link = handle->next;
    if (handle->next != NULL) handle->next->link = handle->link;
    if (handle->epoch == self->epoch) {
        const long result = drv_tsm_close(handle->file);
        if (handle->gathers) run_trace_tsm_close(self->trace, &handle->place, result);
    }
    free(handle);
}

static void op_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info) {
    struct run_tsm *self = self_of(req);
    struct handle *handle = calloc(1, sizeof(*handle));
    struct drv_tsm *tsm = begin(self);
    const struct tsm_item *item = tsm_items_find(&self->items, node);
    long result = handle == NULL ? -ENOMEM : -ENOENT;
    if (handle != NULL && tsm != NULL && item != NULL && tsm_is_attribute(node)) {
        handle->place.attr = tsm_attribute_of(node);
        memcpy(handle->place.item, item->name, sizeof(item->name));
        result = drv_tsm_open(tsm, item->name, handle->place.attr, info->flags & O_ACCMODE,
                              &handle->file);
        run_trace_tsm_open(self->trace, caller_of(req), &handle->place, info->flags, result);
    }
    if (result >= 0) {
        handle->epoch = self->epoch;
        handle->append = (info->flags & O_APPEND) != 0;
        info->direct_io = 1;
        info->nonseekable = drv_tsm_attribute(tsm_attribute_of(node))->binary;
        handle_keep(self, handle, info);
    }
    end(self);
    if (result < 0) {
        free(handle);
        reply_result(req, result);
    } else if (fuse_reply_open(req, info) == -ENOENT) {
        /* The opener was interrupted; there will be no RELEASE. */
        (void)begin(self);
        handle_close(self, handle);
        end(self);
    }
}

/* A blob's read in the trace. The value is the whole one since the first read of more than nothing, so that
 * looking at it again changes nothing. */
static void trace_read(const struct run_tsm *self, fuse_req_t req, struct handle *handle,
                       off_t offset, long result) {
    uint8_t report[ABI_REPORT_SIZE];
    bool show = false;
    if (self->trace == NULL || !drv_tsm_attribute(handle->place.attr)->binary) return;
    if (result > 0 && !handle->made) {
        handle->made = true;
        show = handle->place.attr == DRV_TSM_OUTBLOB &&
               drv_tsm_read(handle->file, 0, report, sizeof(report)) == sizeof(report);
    }
    run_trace_tsm_read(self->trace, caller_of(req), &handle->place, (uint64_t)offset, result,
                       show ? report : NULL);
}

static void op_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                    struct fuse_file_info *info) {
    (void)node;
    struct run_tsm *self = self_of(req);
    struct handle *handle = handle_of(info);
    if (size > sizeof(self->buffer)) size = sizeof(self->buffer);
    long result = -ENOENT;
    (void)begin(self);
    if (handle->epoch == self->epoch)
        result = drv_tsm_read(handle->file, (uint64_t)offset, self->buffer, size);
    trace_read(self, req, handle, offset, result);
    end(self);
    if (result < 0)
        reply_result(req, result);
    else
        (void)fuse_reply_buf(req, self->buffer, (size_t)result);
}

static void op_write(fuse_req_t req, fuse_ino_t node, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *info) {
    (void)node;
    struct run_tsm *self = self_of(req);
    struct handle *handle = handle_of(info);
    /* FUSE's O_APPEND starts at st_size; configfs does not know O_APPEND and goes on where the file stands. */
    const uint64_t start = handle->append ? handle->written : (uint64_t)offset;
    long result = -ENOENT;
    (void)begin(self);
    if (handle->epoch == self->epoch) result = drv_tsm_write(handle->file, start, bytes, size);
    end(self);
    handle->gathers = drv_tsm_attribute(handle->place.attr)->binary;
    run_trace_tsm_write(self->trace, caller_of(req), &handle->place, start, bytes, size, result);
    if (result < 0) {
        reply_result(req, result);
        return;
    }
    handle->written = start + (uint64_t)result;
    (void)fuse_reply_write(req, (size_t)result);
}

/* See the head of this file: it is answered so that close waits. */
static void op_flush(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info) {
    (void)node;
    (void)info;
    (void)fuse_reply_err(req, 0);
}

static void op_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info) {
    (void)node;
    struct run_tsm *self = self_of(req);
    (void)begin(self);
    handle_close(self, handle_of(info));
    end(self);
    (void)fuse_reply_err(req, 0);
}

/* ---- what configfs does not have ---- */

static void op_fsync(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *info) {
    (void)node;
    (void)datasync;
    (void)info;
    (void)fuse_reply_err(req, EINVAL);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *info) {
    (void)parent;
    (void)name;
    (void)mode;
    (void)info;
    (void)fuse_reply_err(req, EACCES);
}

/* Linux takes the mknod of a regular file for a create. */
static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev) {
    (void)parent;
    (void)name;
    (void)dev;
    (void)fuse_reply_err(req, S_ISREG(mode) ? EACCES : EPERM);
}

static void op_symlink(fuse_req_t req, const char *to, fuse_ino_t parent, const char *name) {
    (void)to;
    (void)parent;
    (void)name;
    (void)fuse_reply_err(req, EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name) {
    (void)node;
    (void)parent;
    (void)name;
    (void)fuse_reply_err(req, EPERM);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) {
    (void)parent;
    (void)name;
    (void)fuse_reply_err(req, EPERM);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
                      const char *to_name, unsigned flags) {
    (void)parent;
    (void)name;
    (void)to_parent;
    (void)to_name;
    (void)flags;
    (void)fuse_reply_err(req, EPERM);
}

/* ---- the session ---- */

static void op_init(void *userdata, struct fuse_conn_info *connection) {
    (void)userdata;
    connection->max_background = BACKGROUND_MAX;
    connection->max_readahead = 0;
    /* Plain reads and writes of /dev/fuse: messages are small. */
    connection->want &=
        ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                    FUSE_CAP_ASYNC_DIO | FUSE_CAP_ASYNC_READ);
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,
    .lookup = op_lookup,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .mkdir = op_mkdir,
    .rmdir = op_rmdir,
    .readdir = op_readdir,
    .open = op_open,
    .read = op_read,
    .write = op_write,
    .flush = op_flush,
    .release = op_release,
    .fsync = op_fsync,
    .fsyncdir = op_fsync,
    .create = op_create,
    .mknod = op_mknod,
    .symlink = op_symlink,
    .link = op_link,
    .unlink = op_unlink,
    .rename = op_rename,
};

/* Until run_tsm_stop, or until the last mount is gone. The descriptor does not block: a request that was
 * announced may have been taken back by a signal to its caller. */
static void *serve(void *argument) {
    struct run_tsm *self = argument;
    struct fuse_buf message = {0};
    struct pollfd fds[] = {{.fd = fuse_session_fd(self->session), .events = POLLIN},
                           {.fd = self->stop, .events = POLLIN}};
    while (!fuse_session_exited(self->session)) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR) break;
        if (fds[1].revents != 0) break;
        const int size = fuse_session_receive_buf(self->session, &message);
        if (size == -EINTR || size == -EAGAIN) continue;
        if (size <= 0) break;
        fuse_session_process_buf(self->session, &message);
    }
    free(message.mem);
    return NULL;
}

static bool fail(char why[RUN_WHY_SIZE], const char *what, int error) {
    (void)snprintf(why, RUN_WHY_SIZE, "%s: %s", what, strerror(error));
    return false;
}

static void destroy(struct run_tsm *self) {
    if (self->session != NULL) fuse_session_destroy(self->session);
    if (self->stop >= 0) (void)close(self->stop);
    tsm_items_free(&self->items);
    free(self);
}

/* A libfuse session over FD, which it owns from then on. */
static bool open_session(struct run_tsm *self, int fd, char why[RUN_WHY_SIZE]) {
    char name[] = "psp-run", path[32];
    char *arguments[] = {name, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return fail(why, "/dev/fuse", errno);
    self->session = fuse_session_new(&args, &operations, sizeof(operations), self);
    fuse_opt_free_args(&args);
    if (self->session == NULL) return fail(why, "libfuse", ENOMEM);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    return fuse_session_mount(self->session, path) == 0 || fail(why, "libfuse", EBADF);
}

static bool start_thread(struct run_tsm *self, char why[RUN_WHY_SIZE]) {
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    const int error = pthread_create(&self->thread, NULL, serve, self);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error == 0 || fail(why, "thread", error);
}

bool run_tsm_start(struct world *world, struct run_trace *trace, int fuse_fd, struct run_tsm **tsm,
                   char why[RUN_WHY_SIZE]) {
    *tsm = NULL;
    struct run_tsm *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        (void)close(fuse_fd);
        return fail(why, "configfs-tsm", ENOMEM);
    }
    self->world = world;
    self->trace = trace;
    self->uid = geteuid();
    self->gid = getegid();
    (void)clock_gettime(CLOCK_REALTIME, &self->made);
    self->stop = eventfd(0, EFD_CLOEXEC);
    if (!open_session(self, fuse_fd, why)) {
        (void)close(fuse_fd);
        destroy(self);
        return false;
    }
    (void)begin(self);
    end(self);
    if (self->stop < 0 || !start_thread(self, why)) {
        if (self->stop < 0) (void)fail(why, "eventfd", EMFILE);
        destroy(self);
        return false;
    }
    *tsm = self;
    return true;
}

void run_tsm_stop(struct run_tsm *tsm) {
    if (tsm == NULL) return;
    const uint64_t one = 1;
    if (write(tsm->stop, &one, sizeof(one)) == sizeof(one)) (void)pthread_join(tsm->thread, NULL);
    (void)begin(tsm);
    while (tsm->handles != NULL) handle_close(tsm, tsm->handles);
    end(tsm);
    destroy(tsm);
}
