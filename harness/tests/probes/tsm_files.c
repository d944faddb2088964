/* What kind of files configfs-tsm has: modes, sizes, offsets, and every call that configfs refuses. */
#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tsm.h"

static const unsigned char nonce[64] =
    "a nonce of 64 bytes, written in pieces of all sorts, or at once";

static void check_mode(const char *path, mode_t mode, off_t size) {
    struct stat st = {0};
    CHECK(stat(path, &st) == 0);
    CHECK(st.st_mode == mode);
    CHECK(st.st_uid == geteuid() && st.st_gid == getegid());
    CHECK(S_ISDIR(mode) || st.st_size == size);
}

static void case_modes(void) {
    tsm_new("modes");
    check_mode("/sys/kernel/config", S_IFDIR | 0755, 0);
    check_mode("/sys/kernel/config/tsm", S_IFDIR | 0755, 0);
    check_mode(REPORT, S_IFDIR | 0755, 0);
    check_mode(tsm_path("modes", ""), S_IFDIR | 0755, 0);
    check_mode(tsm_path("modes", "inblob"), S_IFREG | 0200, 0);
    check_mode(tsm_path("modes", "outblob"), S_IFREG | 0444, 0);
    check_mode(tsm_path("modes", "auxblob"), S_IFREG | 0444, 0);
    check_mode(tsm_path("modes", "provider"), S_IFREG | 0444, 4096);
    check_mode(tsm_path("modes", "generation"), S_IFREG | 0444, 4096);
    check_mode(tsm_path("modes", "privlevel"), S_IFREG | 0200, 4096);
    check_mode(tsm_path("modes", "privlevel_floor"), S_IFREG | 0444, 4096);
    CHECK_ERRNO(access(tsm_path("modes", "manifestblob"), F_OK), ENOENT);
    CHECK_ERRNO(access(tsm_path("modes", "service_guid"), F_OK), ENOENT);
    CHECK_ERRNO(access(tsm_path("modes", "other"), F_OK), ENOENT);
    tsm_remove("modes");
}

/* EACCES by mode for a user, by configfs's own check for root. */
static void case_open(void) {
    tsm_new("open");
    CHECK_ERRNO(tsm_open("open", "inblob", O_RDONLY), EACCES);
    CHECK_ERRNO(tsm_open("open", "inblob", O_RDWR), EACCES);
    CHECK_ERRNO(tsm_open("open", "privlevel", O_RDONLY), EACCES);
    CHECK_ERRNO(tsm_open("open", "outblob", O_WRONLY), EACCES);
    CHECK_ERRNO(tsm_open("open", "outblob", O_RDWR), EACCES);
    CHECK_ERRNO(tsm_open("open", "generation", O_WRONLY), EACCES);
    CHECK_ERRNO(open(tsm_path("open", "inblob"), O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
    CHECK_ERRNO(open(tsm_path("open", ""), O_WRONLY), EISDIR);
    CHECK_ERRNO(tsm_open("none", "inblob", O_WRONLY), ENOENT);
    CHECK_ERRNO(open(REPORT "/open/inblob/x", O_RDONLY), ENOTDIR);
    tsm_remove("open");
}

static void case_truncate(void) {
    tsm_new("truncate");
    int fd = open(tsm_path("truncate", "inblob"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK(ftruncate(fd, 10) == 0);
    CHECK(write(fd, nonce, 64) == 64);
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(close(fd) == 0);
    CHECK(truncate(tsm_path("truncate", "inblob"), 0) == 0);
    CHECK(tsm_generation("truncate") == 1);
    CHECK(tsm_reports("truncate", nonce));
    tsm_remove("truncate");
}

static void write_pieces(const char *name, int flags, size_t piece) {
    tsm_new(name);
    int fd = tsm_open(name, "inblob", O_WRONLY | flags);
    for (size_t done = 0; done < 64; done += piece)
        CHECK(write(fd, nonce + done, piece) == (ssize_t)piece);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation(name) == 1);
    CHECK(tsm_reports(name, nonce));
    tsm_remove(name);
}

static void case_write(void) {
    write_pieces("w1", 0, 1);
    write_pieces("w16", 0, 16);
    write_pieces("w64", 0, 64);
    write_pieces("append", O_APPEND, 16);
}

/* printf 2 >> privlevel */
static void case_append_text(void) {
    tsm_new("text");
    int fd = tsm_open("text", "privlevel", O_WRONLY | O_APPEND);
    CHECK(write(fd, "2\n", 2) == 2);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("text") == 1);
    tsm_remove("text");
}

static void case_too_long(void) {
    static unsigned char big[300000];
    tsm_new("long");
    int fd = tsm_open("long", "inblob", O_WRONLY);
    CHECK_ERRNO(write(fd, big, 65), EFBIG);
    CHECK(close(fd) == 0);
    fd = tsm_open("long", "inblob", O_WRONLY);
    CHECK(write(fd, big, 64) == 64);
    CHECK_ERRNO(write(fd, big, 1), EFBIG);
    CHECK(close(fd) == 0);
    fd = tsm_open("long", "inblob", O_WRONLY);
    CHECK_ERRNO(write(fd, big, sizeof(big)), EFBIG);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("long") == 3);
    fd = tsm_open("long", "outblob", O_RDONLY);
    CHECK_ERRNO(read(fd, big, sizeof(big)), EINVAL);
    CHECK(close(fd) == 0);
    tsm_remove("long");
}

static void set_nonce(const char *name) {
    int fd = tsm_open(name, "inblob", O_WRONLY);
    CHECK(write(fd, nonce, 64) == 64);
    CHECK(close(fd) == 0);
}

/* A read in pieces gives what a read at once gives, and ends with 0. */
static void case_read(void) {
    static const size_t pieces[] = {1, 100, 1183, 1184, 1185, 32768, 200000};
    static unsigned char whole[200000], got[200000];
    tsm_new("read");
    set_nonce("read");
    int fd = tsm_open("read", "outblob", O_RDONLY);
    CHECK(read(fd, whole, sizeof(whole)) == 1184);
    CHECK(read(fd, got, sizeof(got)) == 0);
    CHECK(close(fd) == 0);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t length = 0;
        ssize_t n;
        fd = tsm_open("read", "outblob", O_RDONLY);
        while ((n = read(fd, got + length, pieces[i])) > 0) length += (size_t)n;
        CHECK(n == 0 && length == 1184);
        CHECK(memcmp(got, whole, 1184) == 0);
        CHECK(close(fd) == 0);
    }
    CHECK(tsm_generation("read") == 1);
    tsm_remove("read");
}

static void case_seek(void) {
    char text[32];
    tsm_new("seek");
    set_nonce("seek");
    int fd = tsm_open("seek", "outblob", O_RDONLY);
    CHECK_ERRNO(lseek(fd, 0, SEEK_CUR), ESPIPE);
    CHECK_ERRNO(lseek(fd, 0, SEEK_END), ESPIPE);
    CHECK(close(fd) == 0);
    fd = tsm_open("seek", "inblob", O_WRONLY);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
    CHECK(close(fd) == 0);
    fd = tsm_open("seek", "provider", O_RDONLY);
    CHECK(lseek(fd, 4, SEEK_SET) == 4);
    CHECK(read(fd, text, sizeof(text)) == 6 && memcmp(text, "guest\n", 6) == 0);
    CHECK(pread(fd, text, sizeof(text), 0) == 10 && memcmp(text, "sev_guest\n", 10) == 0);
    CHECK(close(fd) == 0);
    tsm_remove("seek");
}

static void case_bad_memory(void) {
    unsigned char report[1184];
    void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(nothing != MAP_FAILED);
    tsm_new("memory");
    int fd = tsm_open("memory", "inblob", O_WRONLY);
    CHECK_ERRNO(write(fd, nothing, 64), EFAULT);
    CHECK(close(fd) == 0);
    set_nonce("memory");
    fd = tsm_open("memory", "outblob", O_RDONLY);
    CHECK_ERRNO(read(fd, nothing, 64), EFAULT);
    CHECK(read(fd, report, sizeof(report)) == sizeof(report));
    CHECK(close(fd) == 0);
    tsm_remove("memory");
}

/* fsync of what is opened at PATH. */
static void check_no_fsync(const char *path, int flags) {
    const int fd = open(path, flags | O_CLOEXEC);
    CHECK_ERRNO(fsync(fd), EINVAL);
    CHECK_ERRNO(fdatasync(fd), EINVAL);
    CHECK(close(fd) == 0);
}

static void case_refused_calls(void) {
    tsm_new("calls");
    check_no_fsync(tsm_path("calls", "inblob"), O_WRONLY);
    check_no_fsync(tsm_path("calls", "privlevel"), O_WRONLY);
    check_no_fsync(tsm_path("calls", "outblob"), O_RDONLY);
    check_no_fsync(tsm_path("calls", "provider"), O_RDONLY);
    check_no_fsync(tsm_path("calls", ""), O_RDONLY | O_DIRECTORY);
    check_no_fsync(REPORT, O_RDONLY | O_DIRECTORY);
    int fd = tsm_open("calls", "inblob", O_WRONLY);
    CHECK_ERRNO(ioctl(fd, 0x5413, &fd), ENOTTY);
    CHECK(close(fd) == 0);
    fd = tsm_open("calls", "outblob", O_RDONLY);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
    CHECK(close(fd) == 0);
    CHECK_ERRNO(unlink(tsm_path("calls", "inblob")), EPERM);
    CHECK_ERRNO(rename(tsm_path("calls", "inblob"), tsm_path("calls", "x")), EPERM);
    CHECK_ERRNO(link(tsm_path("calls", "inblob"), tsm_path("calls", "x")), EPERM);
    CHECK_ERRNO(symlink("/", tsm_path("calls", "x")), EPERM);
    CHECK_ERRNO(open(tsm_path("calls", "x"), O_WRONLY | O_CREAT, 0644), EACCES);
    CHECK_ERRNO(mknod(tsm_path("calls", "x"), S_IFREG | 0644, 0), EACCES);
    CHECK_ERRNO(mknod(tsm_path("calls", "x"), S_IFIFO | 0644, 0), EPERM);
    CHECK_ERRNO(mkdir(tsm_path("calls", "x"), 0755), EPERM);
    CHECK_ERRNO(mkdir(tsm_path("calls", "inblob/x"), 0755), ENOTDIR);
    CHECK_ERRNO(mkdir(tsm_path("calls", "inblob"), 0755), EEXIST);
    CHECK_ERRNO(mkdir("/sys/kernel/config/x", 0755), EPERM);
    CHECK_ERRNO(mkdir("/sys/kernel/config/tsm/x", 0755), EPERM);
    CHECK_ERRNO(rmdir("/sys/kernel/config/tsm"), EPERM);
    CHECK_ERRNO(rmdir(REPORT), EPERM);
    CHECK_ERRNO(open(REPORT "/x", O_WRONLY | O_CREAT, 0644), EACCES);
    CHECK_ERRNO(mknod(REPORT "/x", S_IFREG | 0644, 0), EACCES);
    tsm_remove("calls");
}

static void case_names(void) {
    char name[TSM_NAME_MAX + 2];
    memset(name, 'n', sizeof(name));
    name[TSM_NAME_MAX] = 0;
    tsm_new(name);
    CHECK_ERRNO(mkdir(tsm_path(name, ""), 0755), EEXIST);
    CHECK(tsm_generation(name) == 0);
    tsm_remove(name);
    CHECK_ERRNO(rmdir(tsm_path(name, "")), ENOENT);
    name[TSM_NAME_MAX] = 'n';
    name[TSM_NAME_MAX + 1] = 0;
    CHECK_ERRNO(mkdir(tsm_path(name, ""), 0755), ENAMETOOLONG);
    CHECK_ERRNO(access(tsm_path(name, ""), F_OK), ENAMETOOLONG);
    tsm_new("a b\xff");
    tsm_remove("a b\xff");
}

/* An item of the same name is not the old item. */
static void case_removed(void) {
    char text[32];
    struct stat st;
    tsm_new("removed");
    int folder = open(tsm_path("removed", ""), O_RDONLY | O_DIRECTORY);
    int generation = tsm_open("removed", "generation", O_RDONLY);
    int inblob = tsm_open("removed", "inblob", O_WRONLY);
    CHECK(folder >= 0 && generation >= 0 && inblob >= 0);
    tsm_remove("removed");
    CHECK_ERRNO(openat(folder, "generation", O_RDONLY), ENOENT);
    tsm_new("removed");
    CHECK_ERRNO(openat(folder, "generation", O_RDONLY), ENOENT);
    CHECK_ERRNO(read(generation, text, sizeof(text)), ENOENT);
    CHECK(fstat(generation, &st) == 0);
    (void)!write(inblob, nonce, 64);
    CHECK(close(inblob) == 0 && close(generation) == 0 && close(folder) == 0);
    CHECK(tsm_generation("removed") == 0);
    tsm_remove("removed");
}

static int count_entries(const char *path) {
    DIR *list = opendir(path);
    int count = 0;
    CHECK(list != NULL);
    while (list != NULL && readdir(list) != NULL) count++;
    if (list != NULL) (void)closedir(list);
    return count;
}

/* Entries are neither lost nor repeated, also while others are removed. */
static void case_list(void) {
    char name[16];
    const int before = count_entries(REPORT);
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof(name), "list%d", i);
        tsm_new(name);
    }
    CHECK(count_entries(REPORT) == before + 2000);
    CHECK(count_entries(tsm_path("list0", "")) == 2 + 7);
    DIR *list = opendir(REPORT);
    const struct dirent *entry;
    int removed = 0;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        if (strncmp(entry->d_name, "list", 4) != 0) continue;
        tsm_remove(entry->d_name);
        removed++;
    }
    (void)closedir(list);
    CHECK(removed == 2000);
    CHECK(count_entries(REPORT) == before);
}

/* Everything else of /sys/kernel is as it was. */
static void case_sys_kernel(void) {
    char text[4096];
    CHECK(count_entries("/sys/kernel/slab") > 2 || count_entries("/sys/kernel/irq") > 2);
    int fd = open("/sys/kernel/uevent_seqnum", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof(text)) > 1);
    (void)close(fd);
    fd = open("/sys/kernel/notes", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof(text)) > 1);
    (void)close(fd);
}

int main(int argc, char **argv) {
    static const struct probe_case cases[] = {{"modes", case_modes},
                                              {"open", case_open},
                                              {"truncate", case_truncate},
                                              {"write", case_write},
                                              {"append-text", case_append_text},
                                              {"too-long", case_too_long},
                                              {"read", case_read},
                                              {"seek", case_seek},
                                              {"bad-memory", case_bad_memory},
                                              {"refused-calls", case_refused_calls},
                                              {"names", case_names},
                                              {"removed", case_removed},
                                              {"list", case_list},
                                              {"sys-kernel", case_sys_kernel}};
    return probe_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
