/* See run_trace_tsm.h. */
#include "frontends/run_trace_tsm.h"

#include <fcntl.h>

#include "frontends/run_trace_values.h"

#define TEXT_MAX 256

static json_t *line_of(json_t *line, const char *call, const char *item) {
    run_trace_put(line, "call", json_string(call));
    json_t *name = json_string(item);
    run_trace_put(line, "item", name != NULL ? name : json_string("?")); /* no UTF-8 */
    return line;
}

static json_t *place_line(json_t *line, const char *call, const struct run_tsm_place *place) {
    (void)line_of(line, call, place->item);
    run_trace_put(line, "attribute", json_string(drv_tsm_attribute(place->attr)->name));
    return line;
}

void run_trace_tsm_folder(struct run_trace *trace, pid_t tid, const char *call, const char *item,
                          long result) {
    if (trace == NULL) return;
    json_t *line = line_of(run_trace_caller(tid), call, item);
    run_trace_put_result(line, result);
    run_trace_event(trace, "tsm", line);
}

static const char *access_name(int flags) {
    if ((flags & O_ACCMODE) == O_RDONLY) return "O_RDONLY";
    return (flags & O_ACCMODE) == O_WRONLY ? "O_WRONLY" : "O_RDWR";
}

void run_trace_tsm_open(struct run_trace *trace, pid_t tid, const struct run_tsm_place *place,
                        int flags, long result) {
    if (trace == NULL) return;
    json_t *line = place_line(run_trace_caller(tid), "open", place);
    run_trace_put(line, "access", json_string(access_name(flags)));
    run_trace_put_result(line, result);
    run_trace_event(trace, "tsm", line);
}

/* Text as it is; bytes, and what is no UTF-8, in hex. */
static void put_written(json_t *line, const struct run_tsm_place *place, const char *bytes,
                        size_t size) {
    const bool binary = drv_tsm_attribute(place->attr)->binary;
    json_t *text = binary ? NULL : json_stringn(bytes, size < TEXT_MAX ? size : TEXT_MAX);
    if (text != NULL)
        run_trace_put(line, "text", text);
    else
        run_trace_put_bytes(line, "bytes", (const uint8_t *)bytes, size);
}

void run_trace_tsm_write(struct run_trace *trace, pid_t tid, const struct run_tsm_place *place,
                         uint64_t offset, const char *bytes, size_t size, long result) {
    if (trace == NULL) return;
    json_t *line = place_line(run_trace_caller(tid), "write", place);
    run_trace_put_number(line, "offset", offset);
    run_trace_put_number(line, "size", size);
    put_written(line, place, bytes, size);
    run_trace_put_result(line, result < 0 ? result : 0);
    run_trace_event(trace, "tsm", line);
}

void run_trace_tsm_read(struct run_trace *trace, pid_t tid, const struct run_tsm_place *place,
                        uint64_t offset, long result, const uint8_t *report) {
    if (trace == NULL) return;
    json_t *line = place_line(run_trace_caller(tid), "read", place);
    run_trace_put_number(line, "offset", offset);
    run_trace_put_result(line, result < 0 ? result : 0);
    if (result >= 0) run_trace_put_number(line, "size", (uint64_t)result);
    if (report != NULL) run_trace_put(line, "report", run_trace_report(report));
    run_trace_event(trace, "tsm", line);
}

void run_trace_tsm_close(struct run_trace *trace, const struct run_tsm_place *place, long result) {
    if (trace == NULL) return;
    json_t *line = place_line(json_object(), "close", place);
    run_trace_put_result(line, result);
    run_trace_event(trace, "tsm", line);
}
