/* Linux's sev-guest driver as a state machine: what /dev/sev-guest does between the ioctl and the guest
 * request door. Linux notes, sections 1 to 4. No I/O, no clock, no threads of its own: user memory, time
 * and the hypervisor come in through tables.
 *
 * Order of use: drv_guest_new, drv_guest_probe (the module's probe), then ioctls. A driver belongs to one
 * thread at a time; the kernel's snp_cmd_mutex is the caller's lock.
 *
 * Numbers are the kernel's: 0 is success, a negative number is -errno, a positive one is the enum
 * es_result of a hypercall that the guest kernel could not make. */
#ifndef SEVKIT_SEV_GUEST_H
#define SEVKIT_SEV_GUEST_H

#include "sevkit/door.h"
#include "sevkit/result.h"
#include "sevkit/secrets.h"

/* ---- kernel generations (design, section 4) ---- */

enum drv_kernel {
    DRV_KERNEL_5_19,
    DRV_KERNEL_6_1_0,
    DRV_KERNEL_6_6, /* also Debian's 6.1.y */
    DRV_KERNEL_6_12,
    DRV_KERNEL_6_16,
    DRV_KERNEL_LATEST,
};
#define DRV_KERNEL_COUNT 6
#define DRV_KERNEL_DEFAULT DRV_KERNEL_6_12

/* "5.19", "6.1.0", "6.6", "6.12", "6.16", "latest". Never NULL. */
const char *drv_kernel_name(enum drv_kernel kernel);
/* False when NAME is none of them. */
bool drv_kernel_parse(const char *name, enum drv_kernel *kernel);
/* configfs-tsm exists from 6.7 on. */
bool drv_kernel_has_tsm(enum drv_kernel kernel);

/* ---- what the driver stands on ---- */

/* The calling program's memory. Addresses are what the program passed, good or wild. A call moves all SIZE
 * bytes, or returns false: the access faults. */
struct drv_user {
    void *ctx;
    bool (*read)(void *ctx, uint64_t address, void *out, size_t size);
    bool (*write)(void *ctx, uint64_t address, const void *bytes, size_t size);
};

/* Time as the driver's busy loop sees it: virtual in tests, real where a program waits. */
struct drv_clock {
    void *ctx;
    uint64_t (*now_ms)(void *ctx);
    void (*sleep_ms)(void *ctx, uint64_t ms);
};

/* ---- the ioctls ---- */

#define DRV_SNP_GET_REPORT UINT32_C(0xC0205300)
#define DRV_SNP_GET_DERIVED_KEY UINT32_C(0xC0205301)
#define DRV_SNP_GET_EXT_REPORT UINT32_C(0xC0205302)

/* struct snp_guest_request_ioctl; offsets */
#define DRV_REQUEST_SIZE 32
#define DRV_REQUEST_MSG_VERSION 0 /* u8 */
#define DRV_REQUEST_REQ_DATA 8    /* u64 */
#define DRV_REQUEST_RESP_DATA 16  /* u64 */
#define DRV_REQUEST_EXITINFO2 24  /* u64: fw_error u32, vmm_error u32 */

#define DRV_REPORT_REQ_SIZE 96 /* user_data[64], vmpl u32, rsvd[28] */
#define DRV_REPORT_REQ_VMPL 64 /* u32; SNP_GET_EXT_REPORT too */
#define DRV_REPORT_RESP_SIZE 4000
#define DRV_KEY_REQ_SIZE 32
#define DRV_KEY_REQ_VMPL 16 /* u32 */
#define DRV_KEY_RESP_SIZE 64
#define DRV_EXT_REPORT_REQ_SIZE 112
#define DRV_EXT_REPORT_CERTS_ADDRESS 96 /* u64 */
#define DRV_EXT_REPORT_CERTS_LEN 104    /* u32 */
#define DRV_CERTS_MAX 0x4000            /* SEV_FW_BLOB_MAX_SIZE */

/* EXITINFO2 values of the driver itself. */
#define DRV_EXITINFO2_REJECTED UINT64_C(0xFF) /* refused before the firmware was called */
#define DRV_EXITINFO2_NO_FW_CALL UINT64_MAX   /* called out, no result */
#define DRV_EXITINFO2_INVALID_LEN (UINT64_C(1) << 32)
#define DRV_EXITINFO2_BUSY (UINT64_C(2) << 32)

/* The module parameter is not given: from 6.11 on the key whose number is the current VMPL, before that key
 * 0. */
#define DRV_VMPCK_DEFAULT (-1)

struct drv_guest_config {
    enum drv_kernel kernel;
    int vmpck_id;  /* module parameter: 0 to 3, or DRV_VMPCK_DEFAULT; others fail the probe */
    unsigned vmpl; /* snp_vmpl: the VMPL the kernel runs at, 0 to 3 */
};

struct drv_guest;

/* SECRETS is the guest's secrets page, which the driver reads and writes as the kernel does: message
 * counters in os_area, the VMPCK zeroed when it is wiped. It stays the caller's and outlives the driver,
 * as do the tables' contexts. */
SEVKIT_MUST struct sevkit_result drv_guest_new(const struct drv_guest_config *config,
                                               const struct sevkit_guest_door *door,
                                               const struct drv_clock *clock,
                                               uint8_t secrets[ABI_PAGE_SIZE],
                                               struct drv_guest **guest);
void drv_guest_free(struct drv_guest *guest);

/* The module's probe: 0, or -EINVAL for a bad vmpck_id or an empty key. The device exists after a 0. */
SEVKIT_MUST int drv_guest_probe(struct drv_guest *guest);

/* ioctl(fd, CMD, ARG) of a 64-bit program on /dev/sev-guest. */
SEVKIT_MUST long drv_guest_ioctl(struct drv_guest *guest, const struct drv_user *user, uint32_t cmd,
                                 uint64_t arg);

/* SNP_GET_EXT_REPORT from inside the kernel, as configfs-tsm asks: REQUEST 96 bytes, CERTS of CERTS_LEN
 * bytes (0, or 0x1000 to 0x4000). *EXITINFO2 as the ioctl would leave it. */
SEVKIT_MUST long drv_guest_ext_report(struct drv_guest *guest,
                                      const uint8_t request[DRV_REPORT_REQ_SIZE],
                                      uint8_t response[DRV_REPORT_RESP_SIZE], uint8_t *certs,
                                      uint32_t certs_len, uint64_t *exitinfo2);

/* The VMPCK in use, 0 to 3, and whether it has been wiped. */
unsigned drv_guest_vmpck(const struct drv_guest *guest);
bool drv_guest_wiped(const struct drv_guest *guest);
const struct drv_guest_config *drv_guest_config(const struct drv_guest *guest);

#endif
