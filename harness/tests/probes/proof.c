/* usage: proof report NONCE FOLDER | proof key FIELDS FILE
 * A report for NONCE, 128 hex digits, with certificates by length probe: report.bin and certs.bin in FOLDER.
 * A derived key of FIELDS (GUEST_FIELD_SELECT) in FILE. Exit code 0, or one line that says what was wrong. */
#include "guest_probe.h"

#define NONCE_SIZE 64
#define REPORT_SIZE 1184
#define INVALID_LEN 0x100000000ULL

static void wrong(const char *what, const char *got) {
    fprintf(stderr, "proof: %s: %s\n", what, got);
    exit(1);
}

static void save(const char *path, const uint8_t *bytes, size_t size) {
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(bytes, 1, size, out) != size || fclose(out) != 0) die(path);
}

static void read_nonce(const char *digits, uint8_t nonce[NONCE_SIZE]) {
    int end = 0;
    if (strlen(digits) != 2 * NONCE_SIZE) wrong("NONCE must be 128 hex digits", digits);
    for (size_t i = 0; i < NONCE_SIZE; i++)
        if (sscanf(digits + 2 * i, "%2hhx%n", &nonce[i], &end) != 1 || end != 2)
            wrong("NONCE must be 128 hex digits", digits);
}

/* The length first, with no room for certificates; then with the room that the host asks for. */
static void report(int fd, const char *digits, const char *folder) {
    static uint8_t request[112], response[4000], certs[0x4000];
    char path[512];
    uint32_t size, status;
    const uint64_t address = (uintptr_t)certs;
    struct request r = {
        .msg_version = 1, .req_data = (uintptr_t)request, .resp_data = (uintptr_t)response};

    read_nonce(digits, request);
    const int probed = ioctl(fd, GET_EXT_REPORT, &r);
    if (probed == 0 || errno != EIO || r.exitinfo2 != INVALID_LEN) wrong("the probe", text(probed));
    memcpy(&size, request + 104, sizeof size);
    if (size == 0 || size > sizeof certs) wrong("the host's length", text(size));

    memcpy(request + 96, &address, sizeof address);
    if (ioctl(fd, GET_EXT_REPORT, &r) != 0) wrong("the report", text(-1));
    memcpy(&status, response, sizeof status);
    if (status != 0) wrong("the firmware's status", text(status));
    memcpy(&status, response + 4, sizeof status);
    if (status != REPORT_SIZE) wrong("the report's size", text(status));

    snprintf(path, sizeof path, "%s/report.bin", folder);
    save(path, response + 32, REPORT_SIZE);
    snprintf(path, sizeof path, "%s/certs.bin", folder);
    save(path, certs, size);
}

static void key(int fd, const char *fields, const char *file) {
    uint8_t response[64];
    uint32_t status;
    if (derive(fd, strtoull(fields, NULL, 0), response) != 0) wrong("the key", text(-1));
    memcpy(&status, response, sizeof status);
    if (status != 0) wrong("the firmware's status", text(status));
    save(file, response + 32, 32);
}

int main(int argc, char **argv) {
    if (argc != 4) return 98;
    const int fd = device(O_RDWR);
    if (strcmp(argv[1], "report") == 0)
        report(fd, argv[2], argv[3]);
    else if (strcmp(argv[1], "key") == 0)
        key(fd, argv[2], argv[3]);
    else
        return 98;
    return 0;
}
