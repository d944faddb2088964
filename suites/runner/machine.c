/* See machine.h. */
#include "runner/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sevkit/bytes.h"
#include "sevkit/report.h"
#include "sevkit/status.h"
#include "sevkit/tcb.h"

#define AT_PATH TARGET_USER_BASE
#define AT_ARG (TARGET_USER_BASE + 0x1000)
#define AT_REQUEST (TARGET_USER_BASE + 0x1100)
#define AT_RESPONSE (TARGET_USER_BASE + 0x2000)
#define INBLOB_SIZE 64
#define RESPONSE_REPORT 32 /* MSG_REPORT_RSP: status, size, reserved, the report */

static struct sevkit_result failed(const char *what, long result) {
    return sevkit_fail(SEVKIT_NOT_FOUND, what, SEVKIT_NO_OFFSET, (uint64_t)-result,
                       "must succeed on a guest whose driver works (the number is errno)");
}

static long call(struct target *target, enum target_sys nr, uint64_t a, uint64_t b, uint64_t c) {
    const struct target_syscall syscall = {.nr = nr, .args = {a, b, c}};
    return target_syscall(target, &syscall);
}

/* open, mkdir, rmdir. */
static long path_call(struct target *target, enum target_sys nr, const char *path, int flags) {
    strcpy((char *)target_user(AT_PATH), path);
    return call(target, nr, AT_PATH, (uint64_t)flags, 0);
}

static struct sevkit_result by_device(struct target *target) {
    const long fd = path_call(target, TARGET_SYS_OPEN, target_node(target), O_RDONLY);
    if (fd < 0) return failed("open", fd);
    memset(target_user(AT_ARG), 0, DRV_REQUEST_SIZE);
    memset(target_user(AT_REQUEST), 0, DRV_REPORT_REQ_SIZE);
    *target_user(AT_ARG + DRV_REQUEST_MSG_VERSION) = 1;
    abi_put_le64(target_user(AT_ARG + DRV_REQUEST_REQ_DATA), AT_REQUEST);
    abi_put_le64(target_user(AT_ARG + DRV_REQUEST_RESP_DATA), AT_RESPONSE);
    /* The firmware refuses levels below the VMPCK's. */
    for (unsigned level = 0; level < ABI_VMPCK_COUNT; level++) {
        abi_put_le32(target_user(AT_REQUEST + DRV_REPORT_REQ_VMPL), level);
        const long result =
            call(target, TARGET_SYS_IOCTL, (uint64_t)fd, DRV_SNP_GET_REPORT, AT_ARG);
        if (result != 0) return failed("SNP_GET_REPORT", result);
        target_set_level(target, level);
        if (abi_get_le32(target_user(AT_RESPONSE)) == ABI_SUCCESS) break;
    }
    const long closed = call(target, TARGET_SYS_CLOSE, (uint64_t)fd, 0, 0);
    return closed == 0 ? sevkit_success() : failed("close", closed);
}

/* SIZE bytes of an attribute written from, or at most so many read to, AT_RESPONSE + RESPONSE_REPORT. */
static long attribute(struct target *target, const char *entry, const char *name, bool write,
                      size_t size) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", entry, name);
    const long fd = path_call(target, TARGET_SYS_OPEN, path, write ? O_WRONLY : O_RDONLY);
    if (fd < 0) return fd;
    const long count = call(target, write ? TARGET_SYS_WRITE : TARGET_SYS_READ, (uint64_t)fd,
                            AT_RESPONSE + RESPONSE_REPORT, size);
    const long closed = call(target, TARGET_SYS_CLOSE, (uint64_t)fd, 0, 0);
    return closed == 0 ? count : closed;
}

static struct sevkit_result by_tsm(struct target *target) {
    char entry[384];
    (void)snprintf(entry, sizeof entry, "%s/sevkit-%ld", target_tsm_folder(target), (long)getpid());
    long result = path_call(target, TARGET_SYS_MKDIR, entry, 0);
    if (result != 0) return failed("mkdir", result);
    memset(target_user(AT_RESPONSE), 0, RESPONSE_REPORT + INBLOB_SIZE);
    abi_put_le32(target_user(AT_RESPONSE + 4), ABI_REPORT_SIZE);
    result = attribute(target, entry, "inblob", true, INBLOB_SIZE);
    /* The floor is the lowest level that the firmware takes. */
    if (result == INBLOB_SIZE) result = attribute(target, entry, "privlevel_floor", false, 16);
    if (result > 0) result = attribute(target, entry, "privlevel", true, (size_t)result);
    if (result > 0) result = attribute(target, entry, "outblob", false, ABI_REPORT_SIZE);
    const long removed = path_call(target, TARGET_SYS_RMDIR, entry, 0);
    if (removed != 0) return failed("rmdir", removed);
    return result == ABI_REPORT_SIZE ? sevkit_success() : failed("outblob", result);
}

struct sevkit_result suite_machine_ask(struct target *target, struct suite_machine *machine) {
    struct abi_report report;
    const uint8_t *response = target_user(AT_RESPONSE);
    const bool device = (target_capabilities(target) & TARGET_DEVICE) != 0;
    SEVKIT_TRY(device ? by_device(target) : by_tsm(target));
    SEVKIT_TRY(abi_report_decode(response + RESPONSE_REPORT, abi_get_le32(response + 4), &report));
    SEVKIT_TRY(abi_report_check_version(&report, true));
    machine->report_version = report.version;
    const enum abi_product product = abi_report_product(&report);
    const char *name = product == ABI_PRODUCT_UNKNOWN ? "unknown" : abi_product_name(product);
    (void)snprintf(machine->product, sizeof machine->product, "%s", name);
    machine->reported_tcb = report.reported_tcb;
    memcpy(machine->chip_id, report.chip_id, sizeof machine->chip_id);
    return sevkit_success();
}
