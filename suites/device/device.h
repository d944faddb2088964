/* What the tests of /dev/sev-guest share: a program that makes one ioctl, and all that may be seen of it: the
 * result, exitinfo2, every byte of the program's memory, the host's count of requests, the secrets page, and how
 * the next request fares. Linux notes, sections 1 to 4. */
#ifndef DEVICE_H
#define DEVICE_H

#include <errno.h>

#include "runner/suite.h"
#include "sevkit/status.h"

/* Where the program has its buffers. */
#define AT_ARG (TARGET_USER_BASE + 0x100)
#define AT_REQUEST (TARGET_USER_BASE + 0x200)
#define AT_RESPONSE (TARGET_USER_BASE + 0x1000)
#define AT_CERTS (TARGET_USER_BASE + 0x4000) /* four pages */
#define CERTS_SIZE 0x4000

#define REPORT DRV_SNP_GET_REPORT
#define KEY DRV_SNP_GET_DERIVED_KEY
#define EXT DRV_SNP_GET_EXT_REPORT
#define NO_SUCH UINT32_C(0xC0205303) /* an ioctl that there is not */

/* One ioctl on its way. */
struct device_call {
    uint32_t cmd;
    uint64_t arg;
    long fd;
    unsigned vmpl; /* that a good request names */
};

/* Generations, as bits. */
#define K_5_19 (1u << DRV_KERNEL_5_19)
#define K_6_1_0 (1u << DRV_KERNEL_6_1_0)
#define K_6_6 (1u << DRV_KERNEL_6_6)
#define K_6_12 (1u << DRV_KERNEL_6_12)
#define K_6_16 (1u << DRV_KERNEL_6_16)
#define K_LATEST (1u << DRV_KERNEL_LATEST)
#define K_FROM_6_1 (K_6_1_0 | K_FROM_6_3)
#define K_FROM_6_3 (K_6_6 | K_6_12 | K_6_16 | K_LATEST)
#define K_TO_6_12 (K_5_19 | K_6_1_0 | K_6_6 | K_6_12)
#define K_TO_6_16 (K_TO_6_12 | K_6_16)
#define K_ALL (K_5_19 | K_FROM_6_1)

#define KEPT                                                                                       \
    UINT64_C(0x1122334455667788) /* what the caller leaves in exitinfo2: nothing is written back */
#define ANY UINT64_C(0x8877665544332211) /* uninitialised in that generation */
#define REFUSED DRV_EXITINFO2_REJECTED

/* What the ioctl writes besides exitinfo2. */
#define WRITES_RESPONSE 1u /* 4000 bytes, for a key 64 */
#define WRITES_CERTS 2u    /* certs_len bytes */
#define WRITES_LENGTH 4u   /* certs_len: the pages that the host wants */

struct device_outcome {
    unsigned kernels; /* the generations that it holds for; 0: no more outcomes */
    long rc;
    uint64_t exitinfo2;
    unsigned sent, firmware; /* hypercalls, and those that reached the firmware */
    bool counted;            /* the message counter grows by 2 */
    bool wiped;              /* the VMPCK is zero afterwards */
    unsigned writes;
    long after; /* what a good request gets then; not looked at when WIPED: -ENOTTY */
};

struct device_case {
    uint32_t cmd;
    void (*change)(struct suite_ctx *ctx, struct device_call *call); /* the defect; NULL: none */
    const char *scenario; /* of the host; NULL: it behaves */
    const char *rule;
    struct device_outcome outcomes[DRV_KERNEL_COUNT + 1];
};

/* Runs the test's row, a struct device_case, on each generation that it has an outcome for. */
void device_run(struct suite_ctx *ctx);

/* Whether the target can show one of KERNELS; else the test is skipped. */
SEVKIT_MUST bool device_concerns(struct suite_ctx *ctx, unsigned kernels);

/* ---- its steps ---- */

/* A fresh guest with the node open, and a good call of CMD in the program's memory. */
SEVKIT_MUST bool device_start(struct suite_ctx *ctx, enum drv_kernel kernel, const char *scenario,
                              uint32_t cmd, struct device_call *call);
/* A good call of CMD in the program's memory, which is otherwise a pattern. */
void device_fill(struct device_call *call, uint32_t cmd);
long device_ioctl(struct suite_ctx *ctx, const struct device_call *call);
/* Makes the call and compares all that can be seen with WANTED. */
SEVKIT_MUST bool device_expect(struct suite_ctx *ctx, const struct device_call *call,
                               const struct device_outcome *wanted, const char *rule);
/* The one of OUTCOMES for KERNEL. */
const struct device_outcome *device_outcome_of(const struct device_outcome *outcomes,
                                               enum drv_kernel kernel);

/* Pointers and lengths of the call. */
void device_set_u64(uint64_t address, uint64_t value);
void device_set_certs(uint64_t address, uint32_t length);
uint64_t device_exitinfo2(const struct device_call *call);

/* Defects that several commands have. */
void device_no_request(struct suite_ctx *ctx, struct device_call *call);
void device_no_response(struct suite_ctx *ctx, struct device_call *call);
void device_readonly_response(struct suite_ctx *ctx, struct device_call *call);

/* Makes a call that loses the VMPCK; needs a scenario that flips a bit of response 1 (DEVICE_FLIP). */
#define DEVICE_FLIP                                                                                \
    SUITE_SCENARIO("{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": 0}")
SEVKIT_MUST bool device_lose_key(struct suite_ctx *ctx, struct device_call *call);

/* Outcomes. */
#define DEVICE_ANSWERED(k)                                                                         \
    {                                                                                              \
        .kernels = (k), .exitinfo2 = KEPT, .sent = 1, .firmware = 1, .counted = true,              \
        .writes = WRITES_RESPONSE                                                                  \
    }
/* The same after the host was busy N times. */
#define DEVICE_ANSWERED_AFTER(n)                                                                   \
    {                                                                                              \
        .kernels = K_FROM_6_3, .exitinfo2 = KEPT, .sent = (n) + 1, .firmware = 1, .counted = true, \
        .writes = WRITES_RESPONSE                                                                  \
    }
/* Answered, but the answer could not be copied out; WHAT had been before. */
#define DEVICE_NOT_COPIED(what)                                                                    \
    {                                                                                              \
        .kernels = K_ALL, .rc = -EFAULT, .exitinfo2 = KEPT, .sent = 1, .firmware = 1,              \
        .counted = true, .writes = (what)                                                          \
    }
#define DEVICE_REFUSED(k, e)                                                                       \
    { .kernels = (k), .rc = -(e), .exitinfo2 = REFUSED }
#define DEVICE_REFUSED_SILENTLY(k, e)                                                              \
    { .kernels = (k), .rc = -(e), .exitinfo2 = KEPT }

/* Needs of a test whose host is a scenario. */
#define DEVICE_NEEDS_HOST (TARGET_DEVICE | TARGET_SCENARIO)

extern const struct suite_area device_answer_tests, device_refuse_tests, device_ext_tests,
    device_host_tests, device_busy_tests, device_response_tests, device_wiped_tests,
    device_module_tests, device_order_tests, device_node_tests;

#endif
