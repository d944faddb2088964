/* usage: memory. Good and wild pointers in every place of a request. */
#include <sys/mman.h>

#include "guest_probe.h"

#define KERNEL UINT64_C(0xFFFF800000000000)
#define NONCANONICAL UINT64_C(0x8000000000000000)
#define PAGE 4096

static int fd;

static void ask(const char *name, uint64_t request, uint64_t response) {
    struct request r = {.msg_version = 1, .req_data = request, .resp_data = response};
    say(name, "%s", text(ioctl(fd, GET_REPORT, &r)));
}

static uint8_t *map(int protection) {
    uint8_t *page = mmap(NULL, 2 * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) die("mmap");
    return page;
}

int main(void) {
    static uint8_t request[96], response[4000];
    fd = device(O_RDWR);
    const uint64_t good = (uintptr_t)request, out = (uintptr_t)response;
    uint8_t *fixed = map(PROT_READ), *none = map(PROT_NONE), *half = map(PROT_READ | PROT_WRITE);
    if (munmap(half + PAGE, PAGE) != 0) die("munmap");

    ask("good", good, out);
    say("arg_null", "%s", text(ioctl(fd, GET_REPORT, NULL)));
    say("arg_wild", "%s", text(ioctl(fd, GET_REPORT, (void *)8)));
    say("arg_kernel", "%s", text(ioctl(fd, GET_REPORT, (void *)(uintptr_t)KERNEL)));
    say("arg_none", "%s", text(ioctl(fd, GET_REPORT, none)));
    say("arg_split", "%s", text(ioctl(fd, GET_REPORT, half + PAGE - 16)));
    ask("req_wild", 8, out);
    ask("req_kernel", KERNEL, out);
    ask("req_noncanonical", NONCANONICAL, out);
    ask("req_last", UINT64_MAX, out);
    ask("req_none", (uintptr_t)none, out);
    ask("req_split", (uintptr_t)half + PAGE - 50, out);
    ask("req_fixed", (uintptr_t)fixed, out);
    ask("resp_wild", good, 8);
    ask("resp_kernel", good, KERNEL);
    ask("resp_fixed", good, (uintptr_t)fixed);
    ask("resp_split", good, (uintptr_t)half + PAGE - 100);
    ask("resp_end", good, (uintptr_t)half + PAGE - 4000);

    /* A refusal writes exitinfo2 back; where that is not possible, it is EFAULT instead. */
    struct request *constant = (struct request *)(void *)map(PROT_READ | PROT_WRITE);
    *constant = (struct request){.msg_version = 1};
    say("refused", "%s", text(ioctl(fd, GET_REPORT, constant)));
    if (mprotect(constant, PAGE, PROT_READ) != 0) die("mprotect");
    say("refused_fixed", "%s", text(ioctl(fd, GET_REPORT, constant)));

    ask("still_good", good, out);
    return 0;
}
