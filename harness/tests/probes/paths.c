/* usage: paths DEVICE [EXISTING_FOLDER_OF_DEVICE]. What path calls answer for a character device: run for
 * /dev/null without psp-run and for /dev/sev-guest under it, the lines must be the same. */
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "guest_probe.h"

static const char *path;

static void opened(const char *name, const char *at, int flags) {
    const int fd = open(at, flags, 0600);
    say(name, "%s", fd < 0 ? text(fd) : "open");
    if (fd >= 0) close(fd);
}

static void opens(void) {
    char slash[64], below[64], dots[64], twice[64], up[64];
    snprintf(slash, sizeof slash, "%s/", path);
    snprintf(below, sizeof below, "%s/report", path);
    snprintf(dots, sizeof dots, "%s/..", path);
    snprintf(twice, sizeof twice, "//dev/.//%s", path + strlen("/dev/"));
    snprintf(up, sizeof up, "/tmp/../dev/%s", path + strlen("/dev/"));
    opened("rdonly", path, O_RDONLY);
    opened("wronly", path, O_WRONLY);
    opened("rdwr", path, O_RDWR | O_CLOEXEC);
    opened("access3", path, O_ACCMODE);
    opened("trunc", path, O_WRONLY | O_TRUNC);
    opened("nofollow", path, O_RDWR | O_NOFOLLOW);
    opened("nonblock", path, O_RDWR | O_NONBLOCK);
    opened("creat", path, O_RDWR | O_CREAT);
    opened("excl", path, O_RDWR | O_CREAT | O_EXCL);
    opened("directory", path, O_RDONLY | O_DIRECTORY);
    opened("creat_directory", path, O_RDWR | O_CREAT | O_DIRECTORY);
    opened("tmpfile", path, O_RDWR | O_TMPFILE);
    opened("tmpfile_rdonly", path, O_RDONLY | O_TMPFILE);
    opened("direct", path, O_RDONLY | O_DIRECT);
    opened("slash", slash, O_RDONLY);
    opened("below", below, O_RDONLY);
    opened("below_creat", below, O_RDWR | O_CREAT);
    opened("dots", dots, O_RDONLY);
    opened("twice", twice, O_RDONLY);
    opened("up", up, O_RDONLY);
    const int made = creat(path, 0600);
    say("creat_call", "%s", made < 0 ? text(made) : "open");
    const int old = (int)syscall(SYS_open, path, O_RDONLY);
    say("open_call", "%s", old < 0 ? text(old) : "open");
    const int flags = fcntl(open(path, O_WRONLY | O_APPEND), F_GETFL);
    say("getfl", "%#x", flags & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    const int cloexec = open(path, O_RDONLY | O_CLOEXEC), plain = open(path, O_RDONLY);
    say("cloexec", "%d %d", fcntl(cloexec, F_GETFD), fcntl(plain, F_GETFD));
}

static void how(const char *name, int dirfd, const char *at, struct open_how h, size_t size) {
    const int fd = (int)syscall(SYS_openat2, dirfd, at, &h, size);
    say(name, "%s", fd < 0 ? text(fd) : "open");
    if (fd >= 0) close(fd);
}

static void relatives(void) {
    const char *name = path + strlen("/dev/");
    const int dev = open("/dev", O_RDONLY | O_DIRECTORY), top = open("/", O_PATH);
    struct stat st;
    char below[64];
    snprintf(below, sizeof below, "dev/%s", name);
    int fd = openat(dev, name, O_RDONLY);
    say("dirfd", "%s", fd < 0 ? text(fd) : "open");
    fd = openat(top, below, O_RDONLY);
    say("dirfd_top", "%s", fd < 0 ? text(fd) : "open");
    fd = openat(fd, name, O_RDONLY);
    say("dirfd_device", "%s", text(fd));
    if (chdir("/dev") != 0) die("/dev");
    opened("cwd", name, O_RDONLY);
    say("cwd_stat", "%s", text(stat(name, &st)));
    if (chdir("/") != 0) die("/");
    opened("cwd_other", name, O_RDONLY);
    const size_t size = sizeof(struct open_how);
    how("how", AT_FDCWD, path, (struct open_how){.flags = O_RDWR}, size);
    how("how_beneath", dev, name, (struct open_how){.resolve = RESOLVE_BENEATH}, size);
    how("how_beneath_absolute", dev, path, (struct open_how){.resolve = RESOLVE_BENEATH}, size);
    how("how_in_root", top, path, (struct open_how){.resolve = RESOLVE_IN_ROOT}, size);
    how("how_in_dev", dev, path, (struct open_how){.resolve = RESOLVE_IN_ROOT}, size);
    how("how_flags", AT_FDCWD, path, (struct open_how){.flags = UINT64_C(1) << 40}, size);
    how("how_mode", AT_FDCWD, path, (struct open_how){.mode = 0600}, size);
    how("how_short", AT_FDCWD, path, (struct open_how){0}, 8);
}

static void looks(void) {
    char buffer[64], below[64], link[32];
    struct stat st = {0}, lst = {0}, nst = {0};
    struct statx stx = {0};
    snprintf(below, sizeof below, "%s/report", path);
    say("stat", "%s", text(syscall(SYS_stat, path, &st)));
    say("lstat", "%s", text(syscall(SYS_lstat, path, &lst)));
    say("fstatat", "%s", text(fstatat(AT_FDCWD, path, &nst, AT_SYMLINK_NOFOLLOW)));
    say("same", "%d", memcmp(&st, &lst, sizeof st) == 0 && memcmp(&st, &nst, sizeof st) == 0);
    say("mode", "%o %u %u", st.st_mode, st.st_uid, st.st_gid);
    say("node", "%u %ld %ld %ld", (unsigned)st.st_nlink, (long)st.st_size, (long)st.st_blksize,
        (long)st.st_blocks);
    struct stat dev;
    say("dev", "%d", stat("/dev", &dev) == 0 && dev.st_dev == st.st_dev);
    say("statx", "%s", text(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx)));
    say("statx_same", "%d",
        stx.stx_mode == st.st_mode && stx.stx_ino == st.st_ino &&
            makedev(stx.stx_rdev_major, stx.stx_rdev_minor) == st.st_rdev &&
            makedev(stx.stx_dev_major, stx.stx_dev_minor) == st.st_dev);
    say("statx_reserved", "%s", text(statx(AT_FDCWD, path, 0, 0x80000000U, &stx)));
    say("statx_flags", "%s", text(statx(AT_FDCWD, path, 0x6000, 0, &stx)));
    say("stat_flags", "%s", text(fstatat(AT_FDCWD, path, &st, 0x40000000)));
    say("stat_fault", "%s", text(syscall(SYS_stat, path, 8)));
    say("statx_fault", "%s", text(syscall(SYS_statx, AT_FDCWD, path, 0, 0, 8)));
    say("stat_below", "%s", text(stat(below, &st)));
    say("access_f", "%s", text(access(path, F_OK)));
    say("access_rw", "%s", text(access(path, R_OK | W_OK)));
    say("access_x", "%s", text(access(path, X_OK)));
    say("access_bad", "%s", text(syscall(SYS_access, path, 64)));
    say("access_below", "%s", text(access(below, F_OK)));
    say("faccessat", "%s", text(syscall(SYS_faccessat, AT_FDCWD, path, R_OK)));
    say("faccessat2", "%s", text(syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, AT_EACCESS)));
    say("faccessat2_bad", "%s", text(syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, 1)));
    say("readlink", "%s", text(readlink(path, buffer, sizeof buffer)));
    say("readlink_below", "%s", text(readlink(below, buffer, sizeof buffer)));
    /* What names something else stays what it is. */
    say("neighbour", "%s", text(open("/dev/sev-guest2", O_RDONLY)));
    say("elsewhere", "%s", text(open("/tmp/no/dev/sev-guest", O_RDONLY)));
    say("null_path", "%s", text(syscall(SYS_openat, AT_FDCWD, 0, O_RDONLY)));
    say("zero", "%s", text(stat("/dev/zero", &st)));
    snprintf(link, sizeof link, "/proc/self/fd/%d", open("/dev/zero", O_RDONLY));
    say("proc", "%s", text(readlink(link, buffer, sizeof buffer)));
}

int main(int argc, char **argv) {
    if (argc != 2) return 98;
    path = argv[1];
    opens();
    relatives();
    looks();
    return 0;
}
