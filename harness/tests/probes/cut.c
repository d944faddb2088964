/* usage: cut. Key requests until one fails: how it fails, how the next one does, and whether VMPCK0 in the
 * guest's secrets page (which only the guest of docs/guest.md shows) is zero then. */
#include "guest_probe.h"

static int ask(int fd, struct request *r) {
    static uint8_t request[32], response[64];
    *r = (struct request){
        .msg_version = 1, .req_data = (uintptr_t)request, .resp_data = (uintptr_t)response};
    return ioctl(fd, GET_DERIVED_KEY, r);
}

int main(void) {
    uint8_t vmpck[32];
    struct request r;
    const int fd = device(O_RDWR), page = open("/dev/sevkit-secrets", O_RDONLY);
    int result;
    if (page < 0) die("/dev/sevkit-secrets");
    while ((result = ask(fd, &r)) == 0) say("answered", "yes");
    say("lost", "%s", text(result));
    say("exitinfo2", "%#llx", (unsigned long long)r.exitinfo2);
    say("next", "%s", text(ask(fd, &r)));
    if (pread(page, vmpck, sizeof vmpck, 0x20) != sizeof vmpck) die("VMPCK0");
    size_t zeros = 0;
    while (zeros < sizeof vmpck && vmpck[zeros] == 0) zeros++;
    say("zeros", "%zu", zeros);
    return 0;
}
