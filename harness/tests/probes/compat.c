/* usage: compat. The device for a 32-bit program, by 32-bit system calls of a 64-bit one. */
#include <linux/stat.h>
#include <sys/mman.h>

#include "guest_probe.h"

static long call32(long number, long a, long b, long c, long d, long e) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result >= 0 || result < -4095) return result;
    errno = (int)-result;
    return -1;
}

int main(void) {
    char *low =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) die("mmap");
    if (call32(20, 0, 0, 0, 0, 0) != getpid()) return 77; /* getpid: the kernel has no such calls */
    strcpy(low, DEVICE);
    const long path = (long)(uintptr_t)low, scratch = path + 256;
    const long fd = call32(5, path, O_RDWR, 0, 0, 0);
    say("open", "%s", fd < 0 ? text(fd) : "open");
    say("openat", "%s", call32(295, -100, path, O_RDONLY, 0, 0) < 0 ? text(-1) : "open");
    say("access", "%s", text(call32(33, path, R_OK, 0, 0, 0)));
    say("statx", "%s", text(call32(383, -100, path, 0, STATX_BASIC_STATS, scratch)));
    say("ioctl", "%s", text(call32(54, fd, (long)GET_REPORT, scratch, 0, 0)));
    say("native", "%d", works((int)fd));
    return 0;
}
