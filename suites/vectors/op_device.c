/* Op device: a program's ioctls on /dev/sev-guest, with a host that answers from a script. Linux notes, sections 1
 * to 4; the members are told in vectors/cases/device.json. */
#include <string.h>

#include "vectors/guest.h"

/* The program's memory: a part that it may write and one that it can only read. */
#define WRITABLE UINT64_C(0x10000000)
#define READ_ONLY UINT64_C(0x20000000)
#define REGION 0x10000
#define FILL 0xA5
#define AT_ARG (WRITABLE + 0x100)
#define AT_REQUEST (WRITABLE + 0x200)
#define AT_RESPONSE (WRITABLE + 0x1000)
#define AT_CERTS (WRITABLE + 0x4000)
#define LEFT_IN_EXITINFO2 UINT64_C(0x1122334455667788)

struct program {
    uint8_t memory[REGION];
    uint8_t read_only[REGION];
};

/* One ioctl. */
struct call {
    uint32_t cmd;
    uint64_t arg, request_at, response_at, certs_at, version, exitinfo2;
    uint8_t request[DRV_EXT_REPORT_REQ_SIZE];
};

/* The SIZE bytes at AT; NULL where they are not all there. */
static uint8_t *find(struct program *program, uint64_t at, size_t size) {
    if (at >= WRITABLE && at - WRITABLE <= REGION - size) return program->memory + (at - WRITABLE);
    if (at >= READ_ONLY && at - READ_ONLY <= REGION - size)
        return program->read_only + (at - READ_ONLY);
    return NULL;
}

static bool user_read(void *ctx, uint64_t address, void *out, size_t size) {
    const uint8_t *from = find(ctx, address, size);
    if (from != NULL) memcpy(out, from, size);
    return from != NULL;
}

static bool user_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    uint8_t *to = address < READ_ONLY ? find(ctx, address, size) : NULL;
    if (to != NULL) memcpy(to, bytes, size);
    return to != NULL;
}

/* ---- a step's input ---- */

static bool parse_cmd(struct suite_ctx *ctx, const json_t *step, uint32_t *cmd) {
    static const struct {
        const char *name;
        uint32_t cmd;
    } names[] = {{"GET_REPORT", 0xC0205300},
                 {"GET_DERIVED_KEY", 0xC0205301},
                 {"GET_EXT_REPORT", 0xC0205302}};
    const char *text;
    uint64_t number = 0;
    if (!vector_text(ctx, step, "ioctl", &text)) return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *cmd = names[i].cmd;
        if (strcmp(text, names[i].name) == 0) return true;
    }
    if (!vector_number(ctx, step, "ioctl", &number)) return false;
    *cmd = (uint32_t)number;
    return true;
}

/* The bytes of the request: given whole, or as user data, VMPL and certificate pages. */
static bool parse_request(struct suite_ctx *ctx, const json_t *step, struct call *call) {
    const char *whole = json_string_value(json_object_get(step, "request"));
    uint64_t vmpl, certs_len;
    if (whole != NULL) {
        const size_t size = strlen(whole) / 2;
        return size <= sizeof call->request &&
               vector_hex(ctx, step, "request", call->request, size);
    }
    if (json_object_get(step, "user_data") != NULL &&
        !vector_hex(ctx, step, "user_data", call->request, 64))
        return false;
    if (!vector_number_or(ctx, step, "vmpl", 0, &vmpl) ||
        !vector_number_or(ctx, step, "certs_len", 0, &certs_len))
        return false;
    abi_put_le32(call->request + 64, (uint32_t)vmpl);
    abi_put_le64(call->request + 96, call->certs_at);
    abi_put_le32(call->request + 104, (uint32_t)certs_len);
    return true;
}

static bool parse_call(struct suite_ctx *ctx, const json_t *step, struct call *call) {
    memset(call, 0, sizeof *call);
    return parse_cmd(ctx, step, &call->cmd) &&
           vector_number_or(ctx, step, "arg", AT_ARG, &call->arg) &&
           vector_number_or(ctx, step, "req_data", AT_REQUEST, &call->request_at) &&
           vector_number_or(ctx, step, "resp_data", AT_RESPONSE, &call->response_at) &&
           vector_number_or(ctx, step, "certs_address", AT_CERTS, &call->certs_at) &&
           vector_number_or(ctx, step, "msg_version", 1, &call->version) &&
           vector_number_or(ctx, step, "exitinfo2", LEFT_IN_EXITINFO2, &call->exitinfo2) &&
           parse_request(ctx, step, call);
}

/* The program writes its structures, as far as they have a place. */
static void place(struct program *program, const struct call *call) {
    memset(program, FILL, sizeof *program);
    uint8_t *request = find(program, call->request_at, sizeof call->request);
    uint8_t *arg = find(program, call->arg, DRV_REQUEST_SIZE);
    if (request != NULL) memcpy(request, call->request, sizeof call->request);
    if (arg == NULL) return;
    abi_put_le64(arg, call->version);
    abi_put_le64(arg + 8, call->request_at);
    abi_put_le64(arg + 16, call->response_at);
    abi_put_le64(arg + 24, call->exitinfo2);
}

/* ---- what is seen ---- */

/* The member NAME says what the SIZE bytes at AT have become: null, they are as they were. */
static bool buffer_right(struct suite_ctx *ctx, const json_t *wanted, const char *name,
                         struct program *program, uint64_t at, size_t size) {
    const uint8_t *got = find(program, at, size);
    if (!json_is_null(json_object_get(wanted, name)))
        return suite_check(ctx, name, got != NULL, "a buffer in the program's memory") &&
               vector_output_digest(ctx, wanted, name, got, size);
    for (size_t i = 0; got != NULL && i < size; i++)
        if (got[i] != FILL) return suite_equal(ctx, name, size, i, "nothing is written");
    return true;
}

static bool memory_right(struct suite_ctx *ctx, const json_t *wanted, struct program *program,
                         const struct call *call) {
    const uint8_t *arg = find(program, call->arg, DRV_REQUEST_SIZE);
    const uint8_t *request = find(program, call->request_at, sizeof call->request);
    const uint32_t asked = abi_get_le32(call->request + 104);
    const size_t response = call->cmd == DRV_SNP_GET_DERIVED_KEY ? 64 : 4000;
    const size_t certs = asked > DRV_CERTS_MAX ? DRV_CERTS_MAX : asked;
    if (arg != NULL && !vector_output_number(ctx, wanted, "exitinfo2", abi_get_le64(arg + 24)))
        return false;
    if (request != NULL) {
        const json_t *now = json_object_get(wanted, "certs_len");
        const uint64_t length = json_is_null(now) ? asked : (uint64_t)json_integer_value(now);
        if (!suite_equal(ctx, "certs_len", length, abi_get_le32(request + 104), "as the file says"))
            return false;
    }
    return buffer_right(ctx, wanted, "response", program, call->response_at, response) &&
           buffer_right(ctx, wanted, "certs", program, call->certs_at, certs);
}

static bool result_right(struct suite_ctx *ctx, const json_t *wanted, long rc) {
    const json_int_t ret = json_integer_value(json_object_get(wanted, "ret"));
    return suite_equal(ctx, "ret", (uint64_t)ret, (uint64_t)(rc < 0 ? -1 : rc),
                       "as the file says") &&
           (rc >= 0 || vector_output_text(ctx, wanted, "errno", vector_errno(rc)));
}

static bool calls_right(struct suite_ctx *ctx, const json_t *wanted,
                        const struct vector_host *host) {
    return vector_output_number(ctx, wanted, "plain", host->plain) &&
           vector_output_number(ctx, wanted, "ext", host->ext) &&
           vector_output_number(ctx, wanted, "waits", host->waits) &&
           vector_output_number(ctx, wanted, "npages", host->npages) &&
           vector_output_request(ctx, wanted, host);
}

/* ---- steps ---- */

/* *REASON: why the client has nothing that it may take, or NULL. */
static bool run_ioctl(struct suite_ctx *ctx, struct vector_guest *guest, const json_t *step,
                      const json_t *wanted, const char **reason) {
    struct program *program = vector_alloc(guest->host.c, sizeof *program);
    const struct drv_user user = {.ctx = program, .read = user_read, .write = user_write};
    struct call call;
    if (!parse_call(ctx, step, &call)) return false;
    place(program, &call);
    const long rc = drv_guest_ioctl(guest->driver, &user, call.cmd, call.arg);
    *reason = rc < 0 ? vector_errno(rc) : rc > 0 ? "ES_RESULT" : NULL;
    if (rc == 0)
        *reason = vector_distrust(find(program, call.response_at, 64),
                                  call.cmd == DRV_SNP_GET_DERIVED_KEY ? NULL : call.request);
    return vector_host_end(ctx, guest) && result_right(ctx, wanted, rc) &&
           calls_right(ctx, wanted, &guest->host) && memory_right(ctx, wanted, program, &call) &&
           vector_output_state(ctx, wanted, guest);
}

static bool run_probe(struct suite_ctx *ctx, struct vector_guest *guest, int vmpck_id,
                      const json_t *wanted, const char **reason) {
    long rc;
    if (!vector_guest_load(ctx, guest, vmpck_id, &rc)) return false;
    *reason = rc < 0 ? vector_errno(rc) : NULL;
    return result_right(ctx, wanted, rc);
}

static bool run_step(struct suite_ctx *ctx, struct vector_guest *guest, const json_t *step,
                     const json_t *wanted, const char **reason) {
    uint64_t vmpck_id;
    if (json_object_get(step, "probe") == NULL) {
        vector_host_begin(guest, json_object_get(step, "host"));
        return run_ioctl(ctx, guest, step, wanted, reason);
    }
    return vector_number(ctx, step, "probe", &vmpck_id) &&
           run_probe(ctx, guest, (int)vmpck_id, wanted, reason);
}

static void run_kernel(struct suite_ctx *ctx, struct vector_case *c, struct vector_guest *guest) {
    const json_t *steps = json_object_get(c->input, "steps");
    const json_t *wanted = json_object_get(c->output, "steps");
    const char *reason = NULL;
    int vmpck_id;
    SUITE_STEP(vector_guest_vmpck(ctx, c, &vmpck_id));
    SUITE_STEP(run_probe(ctx, guest, vmpck_id, json_object_get(c->output, "probe"), &reason));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        suite_instance(ctx, "Linux %s, step %zu", drv_kernel_name(guest->kernel), i);
        SUITE_STEP(
            run_step(ctx, guest, json_array_get(steps, i), json_array_get(wanted, i), &reason));
    }
    SUITE_STEP(vector_seen(ctx, c, reason == NULL, "reason", reason));
    SUITE_STEP(
        vector_output_digest(ctx, c->output, "secrets", guest->secrets, sizeof guest->secrets));
}

void vector_run_device(struct suite_ctx *ctx, struct vector_case *c) {
    vector_each_kernel(ctx, c, run_kernel);
}
