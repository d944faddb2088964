/* Where configfs-tsm comes into the program's file system tree. The child's side of run_tsm.c.
 *
 * The kernel lets a user namespace mount FUSE if the same user namespace opened /dev/fuse, so a user who may
 * not open the device gets no configfs-tsm. fusermount3 is no way around that: it opens the device with its
 * caller's rights, too. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontends/run.h"

#define SYS_KERNEL "/sys/kernel"
#define CONFIG "/sys/kernel/config"
#define SOURCE "sevkit-configfs"
#define FUSE_DEVICE "/dev/fuse"

static bool fail(char why[RUN_WHY_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(char why[RUN_WHY_SIZE], const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, RUN_WHY_SIZE, format, args);
    va_end(args);
    return false;
}

static void close_fd(int *fd) {
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* ---- /sys/kernel with a folder that it does not have ---- */

static bool target_path(const char *name, char out[PATH_MAX]) {
    int n = snprintf(out, PATH_MAX, SYS_KERNEL "/%s", name);
    return n > 0 && n < PATH_MAX;
}

static bool make_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    return fd >= 0 && close(fd) == 0;
}

static bool copy_link(int old, const char *name, const char *path) {
    char to[PATH_MAX];
    ssize_t n = readlinkat(old, name, to, sizeof(to) - 1);
    if (n < 0) return false;
    to[n] = 0;
    return symlink(to, path) == 0;
}

/* The entry NAME of the old folder, which is the working directory, in the new one. */
static bool carry_over(int old, const char *name) {
    char path[PATH_MAX];
    struct stat st;
    if (!target_path(name, path)) return false;
    if (fstatat(old, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
    if (S_ISLNK(st.st_mode)) return copy_link(old, name, path);
    if (S_ISDIR(st.st_mode) ? mkdir(path, 0755) != 0 : !make_file(path)) return false;
    /* With what is mounted in it: a less privileged namespace may not uncover what mounts hide. */
    return mount(name, path, NULL, MS_BIND | MS_REC, NULL) == 0;
}

static bool carry_all_over(DIR *list, char why[RUN_WHY_SIZE]) {
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (!carry_over(dirfd(list), entry->d_name))
            return fail(why, SYS_KERNEL "/%.100s: %s", entry->d_name, strerror(errno));
    }
    if (mkdir(CONFIG, 0755) != 0) return fail(why, CONFIG ": %s", strerror(errno));
    return true;
}

/* A tmpfs over /sys/kernel in which every old entry is bound. The old folder stays reachable as the working
 * directory, so that this needs no /proc and no place elsewhere. */
static bool rebuild_sys_kernel(char why[RUN_WHY_SIZE]) {
    bool ok = false;
    int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    DIR *list = opendir(SYS_KERNEL);
    if (back < 0 || list == NULL || chdir(SYS_KERNEL) != 0) {
        (void)fail(why, SYS_KERNEL ": %s", strerror(errno));
    } else if (mount(SOURCE, SYS_KERNEL, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                     "mode=0555,size=64k") != 0) {
        (void)fail(why, "tmpfs on " SYS_KERNEL ": %s", strerror(errno));
    } else {
        ok = carry_all_over(list, why);
        if (!ok) (void)umount2(SYS_KERNEL, MNT_DETACH);
    }
    if (back >= 0 && fchdir(back) != 0) ok = fail(why, "working directory: %s", strerror(errno));
    close_fd(&back);
    if (list != NULL) (void)closedir(list);
    return ok;
}

/* ---- the mount ---- */

static int open_device(char why[RUN_WHY_SIZE]) {
    const int fd = open(FUSE_DEVICE, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        (void)fail(why, FUSE_DEVICE ": %s%s", strerror(errno),
                   errno == EACCES ? " (its mode should be 0666, as udev sets it)" : "");
    return fd;
}

bool run_tsm_possible(char why[RUN_WHY_SIZE]) {
    const int fd = open_device(why);
    return fd >= 0 && close(fd) == 0;
}

/* Opens the device in the user namespace that mounts. Gives the descriptor, or -1. */
static int mount_config(char why[RUN_WHY_SIZE]) {
    char options[128];
    int fd = open_device(why);
    if (fd < 0) return -1;
    /* Other users: a program of root may give up its uid and still read what it could read on configfs. */
    (void)snprintf(options, sizeof(options),
                   "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions,allow_other",
                   fd, geteuid(), getegid());
    if (mount(SOURCE, CONFIG, "fuse.sevkit", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == 0)
        return fd;
    (void)fail(why, "FUSE on " CONFIG ": %s", strerror(errno));
    close_fd(&fd);
    return -1;
}

bool run_tsm_mount(int *fuse_fd, char why[RUN_WHY_SIZE]) {
    const bool rebuilt = access(CONFIG, F_OK) != 0;
    *fuse_fd = -1;
    if (rebuilt && !rebuild_sys_kernel(why)) return false;
    *fuse_fd = mount_config(why);
    if (*fuse_fd < 0 && rebuilt) (void)umount2(SYS_KERNEL, MNT_DETACH);
    return *fuse_fd >= 0;
}
