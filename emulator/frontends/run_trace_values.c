/* See run_trace_values.h. */
#include "frontends/run_trace_values.h"

#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "sevkit/report.h"

#define BYTES_MAX 64

void run_trace_put(json_t *object, const char *name, json_t *value) {
    (void)json_object_set_new(object, name, value);
}

void run_trace_put_number(json_t *object, const char *name, uint64_t value) {
    run_trace_put(object, name, json_integer((json_int_t)value));
}

void run_trace_put_hex64(json_t *object, const char *name, uint64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    run_trace_put(object, name, json_string(text));
}

void run_trace_put_bytes(json_t *object, const char *name, const uint8_t *bytes, size_t size) {
    char text[2 * BYTES_MAX + 1];
    cli_hex_text(bytes, size < BYTES_MAX ? size : BYTES_MAX, text);
    run_trace_put(object, name, json_string(text));
}

void run_trace_put_result(json_t *object, long result) {
    if (result >= 0) {
        run_trace_put(object, "result", json_string("OK"));
        if (result > 0) run_trace_put_number(object, "value", (uint64_t)result);
        return;
    }
    const char *name = strerrorname_np((int)-result);
    run_trace_put(object, "result", json_string(name != NULL ? name : "?"));
}

/* The value of a line "NAME:\tVALUE\n" of /proc/PID/status. */
static void status_value(const char *text, const char *name, char *out, size_t size) {
    const char *at = strstr(text, name);
    if (at == NULL) return;
    at += strlen(name);
    const size_t length = strcspn(at, "\n");
    (void)snprintf(out, size, "%.*s", (int)length, at);
}

json_t *run_trace_caller(pid_t tid) {
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
    run_trace_put_number(line, "pid", number);
    run_trace_put_number(line, "tid", (uint64_t)tid);
    json_t *name = json_string(comm);
    run_trace_put(line, "comm",
                  name != NULL ? name : json_string("?")); /* a name that is no UTF-8 */
    return line;
}

json_t *run_trace_report(const uint8_t *bytes) {
    struct abi_report report;
    const struct sevkit_result r = abi_report_decode(bytes, ABI_REPORT_SIZE, &report);
    if (!sevkit_ok(r)) return json_null();
    json_t *object = json_object();
    run_trace_put_number(object, "version", report.version);
    run_trace_put_number(object, "vmpl", report.vmpl);
    run_trace_put_hex64(object, "policy", report.policy);
    run_trace_put_bytes(object, "report_data", report.report_data, sizeof report.report_data);
    run_trace_put_bytes(object, "measurement", report.measurement, sizeof report.measurement);
    run_trace_put_hex64(object, "reported_tcb", report.reported_tcb);
    run_trace_put_bytes(object, "chip_id", report.chip_id, sizeof report.chip_id);
    run_trace_put(object, "signing_key",
                  json_string(abi_signing_key_name(abi_report_signing_key(&report))));
    return object;
}
