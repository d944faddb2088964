/* See run_trace_ioctl.h. */
#include "frontends/run_trace_ioctl.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "sevkit/bytes.h"
#include "sevkit/report.h"

/* ---- what was moved ---- */

void run_seen_read(struct run_seen *seen, uint64_t address, const void *bytes, size_t size) {
    if (!seen->arg_read && address == seen->arg && size == sizeof seen->before) {
        seen->arg_read = true;
        memcpy(seen->before, bytes, size);
    } else if (size <= sizeof seen->request) {
        seen->request_size = size;
        memcpy(seen->request, bytes, size);
    }
}

void run_seen_write(struct run_seen *seen, uint64_t address, const void *bytes, size_t size) {
    if (address == seen->arg && size == sizeof seen->after) {
        seen->arg_written = true;
        memcpy(seen->after, bytes, size);
    } else if (address == abi_get_le64(seen->before + DRV_REQUEST_RESP_DATA) &&
               size <= sizeof seen->response) {
        seen->response_size = size;
        memcpy(seen->response, bytes, size);
    } else if (address == abi_get_le64(seen->before + DRV_REQUEST_REQ_DATA) &&
               size == DRV_EXT_REPORT_REQ_SIZE) {
        seen->certs_len_written = true;
        seen->certs_len = abi_get_le32((const uint8_t *)bytes + DRV_EXT_REPORT_CERTS_LEN);
    } else {
        seen->certs_size = size;
    }
}

/* ---- values ---- */

static void put(json_t *object, const char *name, json_t *value) {
    (void)json_object_set_new(object, name, value);
}

static void put_number(json_t *object, const char *name, uint64_t value) {
    put(object, name, json_integer((json_int_t)value));
}

static void put_hex64(json_t *object, const char *name, uint64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    put(object, name, json_string(text));
}

#define BYTES_MAX 64
static void put_bytes(json_t *object, const char *name, const uint8_t *bytes, size_t size) {
    char text[2 * BYTES_MAX + 1];
    cli_hex_text(bytes, size < BYTES_MAX ? size : BYTES_MAX, text);
    put(object, name, json_string(text));
}

static void put_result(json_t *object, long result) {
    if (result >= 0) {
        put(object, "result", json_string("OK"));
        if (result > 0) put_number(object, "value", (uint64_t)result);
        return;
    }
    const char *name = strerrorname_np((int)-result);
    put(object, "result", json_string(name != NULL ? name : "?"));
}

/* The value of a line "NAME:\tVALUE\n" of /proc/PID/status. */
static void status_value(const char *text, const char *name, char *out, size_t size) {
    const char *at = strstr(text, name);
    if (at == NULL) return;
    at += strlen(name);
    const size_t length = strcspn(at, "\n");
    (void)snprintf(out, size, "%.*s", (int)length, at);
}

static json_t *caller_of(pid_t tid) {
    char path[64], text[512] = "", comm[32] = "", pid[16] = "0";
    (void)snprintf(path, sizeof path, "/proc/%d/status", tid);
    FILE *in = fopen(path, "re");
    if (in != NULL) {
        const size_t got = fread(text, 1, sizeof text - 1, in);
        text[got] = 0;
        (void)fclose(in);
    }
    status_value(text, "Name:\t", comm, sizeof comm);
    status_value(text, "\nTgid:\t", pid, sizeof pid);
    uint64_t number = 0;
    (void)cli_number_parse(pid, INT32_MAX, &number);
    json_t *line = json_object();
    put_number(line, "pid", number);
    put_number(line, "tid", (uint64_t)tid);
    json_t *name = json_string(comm);
    put(line, "comm", name != NULL ? name : json_string("?")); /* a name that is no UTF-8 */
    return line;
}

/* ---- an ioctl ---- */

static const char *call_name(uint32_t cmd) {
    switch (cmd) {
    case DRV_SNP_GET_REPORT: return "SNP_GET_REPORT";
    case DRV_SNP_GET_DERIVED_KEY: return "SNP_GET_DERIVED_KEY";
    case DRV_SNP_GET_EXT_REPORT: return "SNP_GET_EXT_REPORT";
    default: return "unknown";
    }
}

/* struct snp_report_req and snp_derived_key_req; Linux notes, section 3. */
static json_t *decode_request(const struct run_seen *seen) {
    const uint8_t *r = seen->request;
    if (seen->request_size == 0) return json_null();
    json_t *request = json_object();
    if (seen->cmd == DRV_SNP_GET_DERIVED_KEY) {
        put_number(request, "root_key_select", abi_get_le32(r));
        put_hex64(request, "guest_field_select", abi_get_le64(r + 8));
        put_number(request, "vmpl", abi_get_le32(r + 16));
        put_number(request, "guest_svn", abi_get_le32(r + 20));
        put_hex64(request, "tcb_version", abi_get_le64(r + 24));
        return request;
    }
    put_bytes(request, "user_data", r, 64);
    put_number(request, "vmpl", abi_get_le32(r + 64));
    if (seen->request_size == DRV_EXT_REPORT_REQ_SIZE) {
        put_hex64(request, "certs_address", abi_get_le64(r + DRV_EXT_REPORT_CERTS_ADDRESS));
        put_number(request, "certs_len", abi_get_le32(r + DRV_EXT_REPORT_CERTS_LEN));
    }
    return request;
}

static json_t *decode_report(const uint8_t *bytes) {
    struct abi_report report;
    const struct sevkit_result r = abi_report_decode(bytes, ABI_REPORT_SIZE, &report);
    if (!sevkit_ok(r)) return json_null();
    json_t *object = json_object();
    put_number(object, "version", report.version);
    put_number(object, "vmpl", report.vmpl);
    put_hex64(object, "policy", report.policy);
    put_bytes(object, "report_data", report.report_data, sizeof report.report_data);
    put_bytes(object, "measurement", report.measurement, sizeof report.measurement);
    put_hex64(object, "reported_tcb", report.reported_tcb);
    put_bytes(object, "chip_id", report.chip_id, sizeof report.chip_id);
    put(object, "signing_key", json_string(abi_signing_key_name(abi_report_signing_key(&report))));
    return object;
}

/* A derived key is not written down. */
static json_t *decode_response(const struct run_seen *seen) {
    const uint8_t *r = seen->response;
    if (seen->response_size == 0) return json_null();
    json_t *response = json_object();
    put_hex64(response, "status", abi_get_le32(r));
    if (seen->response_size == DRV_REPORT_RESP_SIZE) {
        const uint32_t size = abi_get_le32(r + 4);
        put_number(response, "report_size", size);
        if (size == ABI_REPORT_SIZE) put(response, "report", decode_report(r + 32));
    }
    if (seen->certs_size != 0) put_number(response, "certs_size", seen->certs_size);
    return response;
}

void run_trace_ioctl(struct run_trace *trace, pid_t tid, const struct run_seen *seen, long result) {
    json_t *line = caller_of(tid);
    put(line, "call", json_string(call_name(seen->cmd)));
    put_hex64(line, "cmd", seen->cmd);
    put(line, "msg_version",
        seen->arg_read ? json_integer(seen->before[DRV_REQUEST_MSG_VERSION]) : json_null());
    put(line, "request", decode_request(seen));
    put_result(line, result);
    if (seen->arg_written)
        put_hex64(line, "exitinfo2", abi_get_le64(seen->after + DRV_REQUEST_EXITINFO2));
    else
        put(line, "exitinfo2", json_null());
    if (seen->certs_len_written) put_number(line, "certs_len", seen->certs_len);
    put(line, "response", decode_response(seen));
    run_trace_event(trace, "ioctl", line);
}

void run_trace_open_call(struct run_trace *trace, pid_t tid, const char *call, long result) {
    json_t *line = caller_of(tid);
    put(line, "call", json_string(call));
    put_result(line, result < 0 ? result : 0);
    run_trace_event(trace, "open", line);
}
