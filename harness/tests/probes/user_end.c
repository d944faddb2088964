/* usage: user_end. Which certificate ranges the driver takes for a program's own. One that it refuses costs no
 * request: EFAULT, and exitinfo2 says that there was none. One that it takes is a request: EIO where the host
 * wants more pages, else EFAULT at the copy, and exitinfo2 stays the caller's. */
#include "guest_probe.h"

#define OURS UINT64_C(0x1234)
#define PAGE UINT64_C(0x1000)
#define END UINT64_C(0x7ffffffff000) /* of a program's addresses */

static void ask(const char *name, uint64_t address, uint32_t length) {
    static uint8_t response[4000];
    uint8_t in[112] = {0}; /* SNP_GET_EXT_REPORT: a report request, address, length */
    memcpy(in + 96, &address, sizeof address);
    memcpy(in + 104, &length, sizeof length);
    struct request r = {.msg_version = 1,
                        .req_data = (uintptr_t)in,
                        .resp_data = (uintptr_t)response,
                        .exitinfo2 = OURS};
    const int rc = ioctl(device(O_RDWR), GET_EXT_REPORT, &r);
    say(name, "%s %#llx", text(rc), (unsigned long long)r.exitinfo2);
}

int main(void) {
    ask("last_page", END - PAGE, PAGE);
    ask("last_four", END - 4 * PAGE, 4 * PAGE);
    ask("one_byte_more", END - 4 * PAGE + 1, 4 * PAGE);
    ask("one_page_more", END - 3 * PAGE, 4 * PAGE);
    ask("at_the_end", END, PAGE);
    ask("half", UINT64_C(1) << 47, PAGE);
    ask("five_levels", (UINT64_C(1) << 56) - 2 * PAGE, PAGE);
    ask("middle", UINT64_C(1) << 62, PAGE);
    ask("top_bit", UINT64_C(1) << 63, PAGE);
    ask("kernel", ~UINT64_C(0) - 2 * PAGE + 1, PAGE);
    ask("last", ~UINT64_C(0) - PAGE + 1, PAGE);
    return 0;
}
