/* What only the kernel's own configfs-tsm shows, run in a guest by test_guest_probes.py: offsets, which FUSE
 * refuses; the driver removed and loaded again; a writer between the two passes of a first read. The model's
 * answers to the same are in emulator/driver/tests/tsm*.c. */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tsm.h"

#define TABLE_MIN 24 /* bytes of auxblob: one entry */

static unsigned char bytes[70000];

static void set_nonce(const char *name, unsigned char with) {
    memset(bytes, with, 64);
    const int fd = tsm_open(name, "inblob", O_WRONLY);
    CHECK(write(fd, bytes, 64) == 64);
    CHECK(close(fd) == 0);
}

/* What a fresh descriptor's first read gives, -errno where it fails. */
static long get(const char *name, const char *attribute) {
    const int fd = tsm_open(name, attribute, O_RDONLY);
    if (fd < 0) return -errno;
    const ssize_t n = read(fd, bytes, sizeof(bytes));
    const long result = n < 0 ? -errno : n;
    CHECK(close(fd) == 0);
    return result;
}

/* AMB-130. Reads and writes at positions, which do not move the file's own. */
static void case_offsets(void) {
    tsm_new("offsets");
    int fd = tsm_open("offsets", "inblob", O_WRONLY);
    memset(bytes, 7, 64);
    CHECK(pwrite(fd, bytes, 32, 32) == 32);
    CHECK(pwrite(fd, bytes, 32, 0) == 32);
    CHECK_ERRNO(pwrite(fd, bytes, 1, 64), EFBIG);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
    CHECK(close(fd) == 0);
    CHECK(tsm_reports("offsets", bytes));
    fd = tsm_open("offsets", "outblob", O_RDONLY);
    CHECK(pread(fd, bytes, 100, 1000) == 100);
    CHECK(pread(fd, bytes, sizeof(bytes), 1184) == 0);
    CHECK(pread(fd, bytes, sizeof(bytes), 5000) == 0);
    CHECK(read(fd, bytes, sizeof(bytes)) == 1184);
    CHECK_ERRNO(lseek(fd, 0, SEEK_END), ESPIPE);
    CHECK(close(fd) == 0);
    fd = tsm_open("offsets", "inblob", O_WRONLY);
    CHECK(pwrite(fd, "\x09", 1, 63) == 1);
    CHECK(close(fd) == 0);
    const unsigned char gap[64] = {[63] = 9};
    CHECK(tsm_reports("offsets", gap));
    tsm_remove("offsets");
}

/* AMB-142. A write of nothing leaves an empty value, one from bad memory 64 zeros. */
static void case_refused_writes(void) {
    void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(nothing != MAP_FAILED);
    tsm_new("refused");
    set_nonce("refused", 1);
    int fd = tsm_open("refused", "inblob", O_WRONLY);
    CHECK_ERRNO(write(fd, bytes, 0), EFAULT);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("refused") == 2);
    CHECK(get("refused", "outblob") == -EINVAL);
    fd = tsm_open("refused", "inblob", O_WRONLY);
    CHECK(write(fd, bytes, 64) == 64);
    CHECK_ERRNO(write(fd, bytes, 0), EFAULT);
    CHECK(close(fd) == 0);
    CHECK(get("refused", "outblob") == 1184);
    fd = tsm_open("refused", "inblob", O_WRONLY);
    CHECK_ERRNO(write(fd, nothing, 64), EFAULT);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("refused") == 4);
    const unsigned char zeros[64] = {0};
    CHECK(tsm_reports("refused", zeros));
    tsm_remove("refused");
}

static bool load(void) {
    return system("insmod /modules/sev-guest.ko 2> /dev/null") == 0;
}
static bool unload(void) {
    return system("rmmod sev_guest") == 0;
}

/* AMB-140, AMB-147. Neither provider nor privlevel are touched meanwhile: AMB-143. */
static void case_unloaded(void) {
    tsm_new("made");
    set_nonce("made", 1);
    CHECK(get("made", "outblob") == 1184);
    tsm_new("fresh");
    set_nonce("fresh", 1);
    tsm_new("empty");
    tsm_new("removed");
    const int removed = tsm_open("removed", "generation", O_RDONLY);
    tsm_remove("removed");
    CHECK(unload());
    CHECK(get("made", "outblob") == 1184 && bytes[REPORT_DATA] == 1);
    CHECK(get("made", "auxblob") > TABLE_MIN);
    CHECK(get("fresh", "outblob") == -ENXIO && get("fresh", "auxblob") == -ENXIO);
    CHECK(get("empty", "outblob") == -EINVAL);
    set_nonce("made", 2);
    CHECK(tsm_generation("made") == 2);
    CHECK(get("made", "outblob") == -ENXIO);
    CHECK_ERRNO(mkdir(tsm_path("more", ""), 0755), ENXIO);
    CHECK(!load());
    CHECK(get("made", "outblob") == -ENXIO);
    tsm_remove("made");
    tsm_remove("fresh");
    CHECK(!load());
    tsm_remove("empty");
    CHECK(load());
    CHECK(close(removed) == 0);
    tsm_new("more");
    set_nonce("more", 3);
    CHECK(get("more", "outblob") == 1184 && bytes[REPORT_DATA] == 3);
    tsm_remove("more");
}

/* Changes the entry for ever, ahead of everything else as soon as it may. */
static void change(void) {
    const struct sched_param first = {.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &first) != 0) _exit(1);
    const int fd = tsm_open("race", "privlevel", O_WRONLY);
    while (pwrite(fd, "0", 1, 0) == 1) (void)usleep(50);
    _exit(1);
}

/* AMB-146. The writer waits while the first pass has its report made, and comes before the second: each read
 * goes well all the same. A generation that is not the reader's shows that the writer was there. */
static void case_race(void) {
    tsm_new("race");
    set_nonce("race", 1);
    const pid_t writer = fork();
    if (writer == 0) change();
    long moved = 0;
    for (int i = 0; i < 100; i++) {
        const long before = tsm_generation("race");
        CHECK(get("race", "outblob") == 1184);
        if (tsm_generation("race") > before) moved++;
        CHECK(get("race", "auxblob") > TABLE_MIN);
    }
    CHECK(moved > 0);
    CHECK(kill(writer, SIGKILL) == 0);
    int status;
    CHECK(waitpid(writer, &status, 0) == writer && WIFSIGNALED(status));
    tsm_remove("race");
}

int main(int argc, char **argv) {
    static const struct probe_case cases[] = {{"offsets", case_offsets},
                                              {"refused-writes", case_refused_writes},
                                              {"unloaded", case_unloaded},
                                              {"race", case_race}};
    return probe_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
