/* usage: report NONCE_BYTE [FOLDER]. A report for 64 such bytes, with certificates by length probe as clients
 * do it: report.bin and certs.bin in FOLDER. */
#include "guest_probe.h"

static int ask(int fd, uint8_t request[112], uint8_t response[4000], uint64_t *exitinfo2) {
    struct request r = {
        .msg_version = 1, .req_data = (uintptr_t)request, .resp_data = (uintptr_t)response};
    const int result = ioctl(fd, GET_EXT_REPORT, &r);
    *exitinfo2 = r.exitinfo2;
    return result;
}

static void save(const char *folder, const char *name, const uint8_t *bytes, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(bytes, 1, size, out) != size || fclose(out) != 0) die(path);
}

int main(int argc, char **argv) {
    static uint8_t request[112], response[4000], certs[0x4000];
    if (argc < 2) return 98;
    const int fd = device(O_RDONLY);
    uint64_t exitinfo2;
    memset(request, atoi(argv[1]), 64);
    say("probe", "%s", text(ask(fd, request, response, &exitinfo2)));
    say("exitinfo2", "%#llx", (unsigned long long)exitinfo2);
    uint32_t length;
    memcpy(&length, request + 104, sizeof length);
    say("length", "%u", length);
    if (length > sizeof certs) return 97;
    const uint64_t address = (uintptr_t)certs;
    memcpy(request + 96, &address, sizeof address);
    say("asked", "%s", text(ask(fd, request, response, &exitinfo2)));
    printf("nonce=");
    for (int i = 0; i < 64; i++) printf("%02x", response[32 + 0x50 + i]);
    printf("\nsignature=");
    for (int i = 0; i < 48; i++) printf("%02x", response[32 + 0x2A0 + i]);
    printf("\n");
    if (argc == 3) {
        save(argv[2], "report.bin", response + 32, 1184);
        save(argv[2], "certs.bin", certs, length);
    }
    return 0;
}
