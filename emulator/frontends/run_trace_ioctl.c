/* See run_trace_ioctl.h. */
#include "frontends/run_trace_ioctl.h"

#include <string.h>

#include "frontends/run_trace_values.h"
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
        run_trace_put_number(request, "root_key_select", abi_get_le32(r));
        run_trace_put_hex64(request, "guest_field_select", abi_get_le64(r + 8));
        run_trace_put_number(request, "vmpl", abi_get_le32(r + DRV_KEY_REQ_VMPL));
        run_trace_put_number(request, "guest_svn", abi_get_le32(r + 20));
        run_trace_put_hex64(request, "tcb_version", abi_get_le64(r + 24));
        return request;
    }
    run_trace_put_bytes(request, "user_data", r, 64);
    run_trace_put_number(request, "vmpl", abi_get_le32(r + DRV_REPORT_REQ_VMPL));
    if (seen->request_size == DRV_EXT_REPORT_REQ_SIZE) {
        run_trace_put_hex64(request, "certs_address",
                            abi_get_le64(r + DRV_EXT_REPORT_CERTS_ADDRESS));
        run_trace_put_number(request, "certs_len", abi_get_le32(r + DRV_EXT_REPORT_CERTS_LEN));
    }
    return request;
}

/* A derived key is not written down. */
static json_t *decode_response(const struct run_seen *seen) {
    const uint8_t *r = seen->response;
    if (seen->response_size == 0) return json_null();
    json_t *response = json_object();
    run_trace_put_hex64(response, "status", abi_get_le32(r));
    if (seen->response_size == DRV_REPORT_RESP_SIZE) {
        const uint32_t size = abi_get_le32(r + 4);
        run_trace_put_number(response, "report_size", size);
        if (size == ABI_REPORT_SIZE) run_trace_put(response, "report", run_trace_report(r + 32));
    }
    if (seen->certs_size != 0) run_trace_put_number(response, "certs_size", seen->certs_size);
    return response;
}

void run_trace_ioctl(struct run_trace *trace, pid_t tid, const struct run_seen *seen, long result) {
    json_t *line = run_trace_caller(tid);
    run_trace_put(line, "call", json_string(call_name(seen->cmd)));
    run_trace_put_hex64(line, "cmd", seen->cmd);
    run_trace_put(line, "msg_version",
                  seen->arg_read ? json_integer(seen->before[DRV_REQUEST_MSG_VERSION])
                                 : json_null());
    run_trace_put(line, "request", decode_request(seen));
    run_trace_put_result(line, result);
    if (seen->arg_written)
        run_trace_put_hex64(line, "exitinfo2", abi_get_le64(seen->after + DRV_REQUEST_EXITINFO2));
    else
        run_trace_put(line, "exitinfo2", json_null());
    if (seen->certs_len_written) run_trace_put_number(line, "certs_len", seen->certs_len);
    run_trace_put(line, "response", decode_response(seen));
    run_trace_event(trace, "ioctl", line);
}

void run_trace_open_call(struct run_trace *trace, pid_t tid, const char *call, long result) {
    json_t *line = run_trace_caller(tid);
    run_trace_put(line, "call", json_string(call));
    run_trace_put_result(line, result < 0 ? result : 0);
    run_trace_event(trace, "open", line);
}
