/* How a test is written. This header is the manual of the suites' authors.
 *
 * A test is a row: id, title, requirements, kind, twin, needs, function. An area is a table of rows, in
 * its own folder suites/AREA/, and joins the program by one line in runner/areas.def:
 *
 *     suites/report/report.c:
 *         const struct suite_area report_area = {
 *             .name = "report", .tests = tests, .count = sizeof tests / sizeof tests[0]};
 *     suites/runner/areas.def:
 *         SUITE_AREA(report)
 *
 * An area of several files keeps its tables apart and lists them in `parts` (struct suite_area).
 *
 *     static void key_v1_size(struct suite_ctx *ctx) {
 *         SUITE_STEP(suite_reset(ctx));
 *         uint8_t req[ABI_KEY_REQ_V1_SIZE] = {0}, rsp[ABI_KEY_RSP_SIZE];
 *         size_t size;
 *         SUITE_STEP(suite_call(ctx, 0, ABI_MSG_KEY_REQ, 1, req, sizeof req, rsp, sizeof rsp, &size));
 *         SUITE_EQUAL(ctx, "KEY_RSP.MSG_SIZE", ABI_KEY_RSP_SIZE, size, "KEY_RSP is 0x40 bytes");
 *         SUITE_STATUS(ctx, "KEY_RSP.STATUS", ABI_SUCCESS, abi_get_le32(rsp), "request is valid");
 *     }
 *
 *     static const struct suite_test tests[] = {
 *         {.id = "key.form.v1-size", .title = "a version 1 request is answered by 0x40 bytes",
 *          .requirements = SUITE_REQ("SNP-KEY-001"), .kind = SUITE_POSITIVE,
 *          .needs = SUITE_NEEDS_GUEST, .run = key_v1_size},
 *         {.id = "key.refuse.select-reserved", .title = "...", .requirements = SUITE_REQ("SNP-KEY-004"),
 *          .kind = SUITE_NEGATIVE, .twin = "key.form.v1-size", .needs = SUITE_NEEDS_GUEST,
 *          .run = key_refuse, .row = &select_reserved},
 *     };
 *
 * Rules
 * - An id is AREA.TOPIC.CASE in lower case, digits and '-'. It never changes once published.
 * - A negative test has one defect and names as twin the positive test that is the same without it.
 * - Every row names at least one requirement of vectors/requirements/.
 * - A test with no assertion fails. Assertions record the first failure and leave the test.
 * - Set-up that fails is ERROR, never FAIL: suite_reset, SUITE_SETUP. What the requirement says is an
 *   assertion: SUITE_CHECK, SUITE_EQUAL, SUITE_BYTES.
 * - A test resets before it acts; it never relies on what another left behind.
 * - A loop over profiles, VMPCKs, offsets or values is one test; name each instance by suite_instance, or
 *   use suite_each_profile, suite_each_vmpck.
 * - Suites include sevkit/ headers and their own folders only ("runner/...", "targets/...", -Isuites).
 *   Includes of this file: everything a test needs comes with it. */
#ifndef SUITE_H
#define SUITE_H

#include "runner/verdict.h"
#include "sevkit/bytes.h"
#include "sevkit/secrets.h"
#include "targets/target.h"

/* ---- tables ---- */

enum suite_kind { SUITE_POSITIVE, SUITE_NEGATIVE };

struct suite_ctx; /* one run of one test */

struct suite_test {
    const char *id;
    const char *title;
    const char *const *requirements; /* ends with NULL: SUITE_REQ("SNP-KEY-001", ...) */
    enum suite_kind kind;
    const char *twin; /* negative: id of the positive test without the defect; positive: NULL */
    uint32_t needs;   /* enum target_capability bits; SKIP on a target without them */
    void (*run)(struct suite_ctx *ctx);
    const void *row; /* the test's own data, for functions that serve many rows */
};

#define SUITE_REQ(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The usual needs of a test that speaks as a guest. */
#define SUITE_NEEDS_GUEST (TARGET_MESSAGE | TARGET_SECRETS)

struct suite_area {
    const char *name;
    const struct suite_test *tests;
    size_t count;
    const struct suite_area *const
        *parts; /* further tables of the same area; NULL, or ends with NULL */
};

/* ---- the running test ---- */

struct target *suite_target(struct suite_ctx *ctx);
const void *suite_row(const struct suite_ctx *ctx);

/* The profile of the machine as the last reset made it. */
const struct sevkit_profile *suite_profile(const struct suite_ctx *ctx);

/* The profile that the run was started with: what a test changes a copy of for suite_reset_as. */
const struct sevkit_profile *suite_run_profile(const struct suite_ctx *ctx);

/* Bytes that depend on the run's --seed and the test's id only. */
void suite_random(struct suite_ctx *ctx, uint8_t *out, size_t size);

/* True once the test has failed, was skipped or could not be set up. */
bool suite_stopped(const struct suite_ctx *ctx);

/* Leaves the test function (or a helper that returns nothing) when a step has failed. Steps are the
 * functions below that return bool: false means that the verdict is recorded. */
#define SUITE_STEP(step)                                                                           \
    do {                                                                                           \
        if (!(step)) return;                                                                       \
    } while (0)

/* ---- set-up ---- */

/* A fresh machine from the run's profile, a RUNNING guest. ERROR if it cannot be made. */
SEVKIT_MUST bool suite_reset(struct suite_ctx *ctx);

/* As above from PROFILE (NULL: the run's) and with the guest left in STATE. Needs TARGET_PROFILE. */
SEVKIT_MUST bool suite_reset_as(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                                enum psp_guest_state state);

/* Another guest on the same machine; its message counters start anew. Needs TARGET_PROFILE. */
SEVKIT_MUST bool suite_relaunch(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                                enum psp_guest_state state);

/* Records ERROR with WHAT as the thing that blocked the test if RESULT failed. */
SEVKIT_MUST bool suite_setup(struct suite_ctx *ctx, const char *what, struct sevkit_result result);

#define SUITE_SETUP(ctx, what, result) SUITE_STEP(suite_setup(ctx, what, result))

/* Ends the test as SKIP; return after it. REASON is copied. */
void suite_skip(struct suite_ctx *ctx, const char *reason);

/* ---- assertions: FIELD and RULE in the spec's words; RULE says what would have been right ---- */

SEVKIT_MUST bool suite_check(struct suite_ctx *ctx, const char *field, bool good, const char *rule);
SEVKIT_MUST bool suite_equal(struct suite_ctx *ctx, const char *field, uint64_t wanted,
                             uint64_t got, const char *rule);
/* As suite_equal for firmware statuses: the reason spells their names. */
SEVKIT_MUST bool suite_status(struct suite_ctx *ctx, const char *field, enum abi_status wanted,
                              uint32_t got, const char *rule);
/* Equal bytes; the reason names the first offset that differs. */
SEVKIT_MUST bool suite_bytes(struct suite_ctx *ctx, const char *field, const void *wanted,
                             const void *got, size_t size, const char *rule);
SEVKIT_MUST bool suite_zero(struct suite_ctx *ctx, const char *field, const void *got, size_t size,
                            const char *rule);
/* RESULT is a success; else FAIL with its own field, value and rule. */
SEVKIT_MUST bool suite_succeeds(struct suite_ctx *ctx, const char *field,
                                struct sevkit_result result, const char *rule);

#define SUITE_CHECK(ctx, field, good, rule) SUITE_STEP(suite_check(ctx, field, good, rule))
#define SUITE_EQUAL(ctx, field, wanted, got, rule)                                                 \
    SUITE_STEP(suite_equal(ctx, field, wanted, got, rule))
#define SUITE_STATUS(ctx, field, wanted, got, rule)                                                \
    SUITE_STEP(suite_status(ctx, field, wanted, got, rule))
#define SUITE_BYTES(ctx, field, wanted, got, size, rule)                                           \
    SUITE_STEP(suite_bytes(ctx, field, wanted, got, size, rule))
#define SUITE_ZERO(ctx, field, got, size, rule) SUITE_STEP(suite_zero(ctx, field, got, size, rule))
#define SUITE_SUCCEEDS(ctx, field, result, rule)                                                   \
    SUITE_STEP(suite_succeeds(ctx, field, result, rule))

/* A SHOULD that does not hold: the test ends as WARN unless an assertion fails later. */
void suite_warn(struct suite_ctx *ctx, const char *field, const char *rule);

/* ---- instances of one class ---- */

/* Names the instance that the following assertions speak of ("VMPCK 2", "byte 0x35"); it is put before
 * a failure's reason. printf form; "" ends it. */
void suite_instance(struct suite_ctx *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs BODY once for every built-in profile (only for the run's own on a target without PROFILE), with
 * the profile's name as the instance and after a reset to it, until one stops the test. DATA is passed
 * on. */
void suite_each_profile(struct suite_ctx *ctx,
                        void (*body)(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                                     void *data),
                        void *data);

/* Runs BODY for VMPCK 0 to 3, likewise, without any reset. */
void suite_each_vmpck(struct suite_ctx *ctx,
                      void (*body)(struct suite_ctx *ctx, unsigned vmpck, void *data), void *data);

/* ---- speaking as the guest: needs MESSAGE and SECRETS ---- */

/* A request before it is sealed. suite_message fills in the next sequence number and the fixed fields;
 * a test changes what it likes before suite_seal. */
struct suite_message {
    struct abi_msg_header header; /* AUTHTAG is computed by suite_seal */
    uint8_t key[ABI_VMPCK_SIZE];  /* the VMPCK of header.vmpck */
    size_t size; /* plaintext bytes that are encrypted: header.size, unless changed */
    uint8_t payload[ABI_MSG_PAYLOAD_MAX];
};

/* A well-formed request of SIZE payload bytes (PAYLOAD NULL: zeros), as VMPCK number VMPCK's next. */
SEVKIT_MUST bool suite_message(struct suite_ctx *ctx, unsigned vmpck, uint8_t type, uint8_t version,
                               const uint8_t *payload, size_t size, struct suite_message *message);

/* Encrypts and authenticates MESSAGE as it stands, whether or not its header makes sense: AES-256-GCM
 * with IV = MSG_SEQNO and AAD = header bytes 0x30..0x5F. The rest of PAGE is zero. */
SEVKIT_MUST bool suite_seal(struct suite_ctx *ctx, const struct suite_message *message,
                            uint8_t page[ABI_PAGE_SIZE]);

/* As above with another IV and other additional authenticated data than the spec's. */
SEVKIT_MUST bool suite_seal_with(struct suite_ctx *ctx, const struct suite_message *message,
                                 const uint8_t iv[CRYPTO_AEAD_IV_SIZE], const uint8_t *aad,
                                 size_t aad_size, uint8_t page[ABI_PAGE_SIZE]);

/* Sends PAGE as it is. RESPONSE keeps its bytes where no response is written. Counters of the guest's
 * side are not touched. */
SEVKIT_MUST bool suite_send(struct suite_ctx *ctx, const uint8_t page[ABI_PAGE_SIZE],
                            uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit);

/* A decrypted response. */
struct suite_response {
    struct abi_msg_header header;
    uint8_t payload[ABI_MSG_PAYLOAD_MAX];
};

/* Decrypts the response PAGE with the VMPCK of REQUEST and checks, as assertions, all that the spec
 * says of a response's header: sequence number, type, version, VMPCK, ALGO, sizes, tag. */
SEVKIT_MUST bool suite_open(struct suite_ctx *ctx, const struct suite_message *request,
                            const uint8_t page[ABI_PAGE_SIZE], struct suite_response *response);

/* After a response was accepted: the VMPCK's next request has a sequence number 2 higher. */
void suite_advance(struct suite_ctx *ctx, unsigned vmpck);

/* All of it: one well-formed request, mailbox SUCCESS, response opened, counter advanced. At most CAPACITY
 * payload bytes are copied to RSP; *RSP_SIZE is MSG_SIZE. */
SEVKIT_MUST bool suite_call(struct suite_ctx *ctx, unsigned vmpck, uint8_t type, uint8_t version,
                            const uint8_t *payload, size_t size, uint8_t *rsp, size_t capacity,
                            size_t *rsp_size);

/* ---- a program in the guest: needs DEVICE or TSM; runner/program.c ---- */

/* A fresh machine and a guest on it as GUEST says, with a device. ERROR where there is none. */
SEVKIT_MUST bool suite_boot(struct suite_ctx *ctx, const struct target_guest *guest);

/* As above, whatever the driver's probe says: *PROBE is 0 or -errno. */
SEVKIT_MUST bool suite_boot_probe(struct suite_ctx *ctx, const struct target_guest *guest,
                                  int *probe);

/* A scenario file's text of FAULTS, the members of its list of faults: {"kind": "busy", ...}, ... */
#define SUITE_SCENARIO(faults)                                                                     \
    "{\"name\": \"suite\", \"title\": \"a test's own\", \"faults\": [" faults "]}"

/* Runs BODY for each generation of Linux that the target can show, its name as the instance. */
void suite_each_kernel(struct suite_ctx *ctx,
                       void (*body)(struct suite_ctx *ctx, enum drv_kernel kernel, void *data),
                       void *data);

/* One system call; PATH is put at TARGET_USER_PATH. */
#define TARGET_USER_PATH (TARGET_USER_HOLE - 0x1000)
long suite_open_path(struct suite_ctx *ctx, const char *path, int flags);
long suite_path_call(struct suite_ctx *ctx, enum target_sys nr, const char *path, uint64_t buffer,
                     uint64_t size);
long suite_fd_call(struct suite_ctx *ctx, enum target_sys nr, long fd, uint64_t buffer,
                   uint64_t size);

/* A result of the kernel's is WANTED: 0 or a count, -errno, or a positive es_result. */
SEVKIT_MUST bool suite_result(struct suite_ctx *ctx, const char *field, long wanted, long got,
                              const char *rule);
#define SUITE_RESULT(ctx, field, wanted, got, rule)                                                \
    SUITE_STEP(suite_result(ctx, field, wanted, got, rule))

#endif
