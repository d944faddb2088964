/* The parts of the area report, and what they share. Message notes, section 7; report notes, whole.
 *
 * Offsets and sizes are written as the notes' numbers, not by the names of sevkit/report.h, so that a wrong
 * constant there does not agree with itself. */
#ifndef REPORT_H
#define REPORT_H

#include "runner/suite.h"

#define REPORT_PART(table)                                                                         \
    { .name = "report", .tests = (table), .count = sizeof(table) / sizeof((table)[0]) }

extern const struct suite_area report_form, report_field, report_reserved, report_guest,
    report_identity, report_platform, report_tcb, report_product, report_select, report_signature,
    report_refuse, report_order, report_profile;

/* Tests that launch guests of their own. */
#define REPORT_NEEDS (SUITE_NEEDS_GUEST | TARGET_PROFILE)

#define REPORT_SIZE 0x4A0
#define REPORT_XY_SIZE 96

struct report_request {
    uint8_t data[64];
    uint32_t vmpl;
    uint32_t key_sel; /* the whole dword */
    uint8_t reserved[24];
};

struct report_answer {
    uint32_t status;
    uint32_t size;        /* REPORT_SIZE */
    uint8_t reserved[24]; /* 0x08 */
    uint8_t report[REPORT_SIZE];
};

/* A request for VMPL with random report data and KEY_SEL 0. */
struct report_request report_request(struct suite_ctx *ctx, uint32_t vmpl);

/* Sends REQUEST under VMPCK. Asserts the size of the answer and that MsgCount grows by 2 on this VMPCK alone,
 * which holds for every answer, whatever its STATUS. */
SEVKIT_MUST bool report_ask(struct suite_ctx *ctx, unsigned vmpck,
                            const struct report_request *request, struct report_answer *answer);

/* As above, and asserts that the request is granted. */
SEVKIT_MUST bool report_granted(struct suite_ctx *ctx, unsigned vmpck,
                                const struct report_request *request, uint8_t report[REPORT_SIZE]);

/* As report_ask, and asserts a refusal with STATUS and its footprint: REPORT_SIZE as the profile says, all
 * else zero. */
SEVKIT_MUST bool report_refused(struct suite_ctx *ctx, unsigned vmpck,
                                const struct report_request *request, enum abi_status status,
                                const char *rule);

/* A granted request of the plainest kind: VMPCK 0, VMPL 0. */
SEVKIT_MUST bool report_plain(struct suite_ctx *ctx, uint8_t report[REPORT_SIZE]);

/* Resets to PROFILE, then report_plain. */
SEVKIT_MUST bool report_of(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                           uint8_t report[REPORT_SIZE]);

/* Gives every field of a report a value of its own, so that no two sources can be taken for each other. */
void report_distinct(struct suite_ctx *ctx, struct sevkit_profile *profile);

/* A TCB_VERSION whose components are LOW, LOW + 1, ... in the product's layout. */
uint64_t report_tcb_of(enum abi_product product, uint8_t low);

/* The leaf certificate of the target's machine, parsed; the caller frees it. Needs TARGET_CERTS. */
SEVKIT_MUST bool report_leaf(struct suite_ctx *ctx, struct pki_cert **leaf);

/* The public point of a certificate, as its SubjectPublicKeyInfo has it. */
SEVKIT_MUST bool report_public_of(struct suite_ctx *ctx, const struct pki_cert *leaf,
                                  uint8_t xy[REPORT_XY_SIZE]);

/* Both of these steps. */
SEVKIT_MUST bool report_public(struct suite_ctx *ctx, uint8_t xy[REPORT_XY_SIZE]);

/* Whether the signature of REPORT verifies under XY, as a result; set-up failures end the test. */
SEVKIT_MUST bool report_verify(struct suite_ctx *ctx, const uint8_t xy[REPORT_XY_SIZE],
                               const uint8_t report[REPORT_SIZE], struct sevkit_result *result);

/* SIGNING_KEY of KEY_INFO. */
unsigned report_signing_key(const uint8_t report[REPORT_SIZE]);

/* A profile of the build by its name. */
SEVKIT_MUST bool report_builtin(struct suite_ctx *ctx, const char *name,
                                struct sevkit_profile *profile);

#endif
