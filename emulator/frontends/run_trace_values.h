/* How values stand in the lines of --trace. */
#ifndef FRONTENDS_RUN_TRACE_VALUES_H
#define FRONTENDS_RUN_TRACE_VALUES_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* VALUE, which is taken over. */
void run_trace_put(json_t *object, const char *name, json_t *value);
void run_trace_put_number(json_t *object, const char *name, uint64_t value);
void run_trace_put_hex64(json_t *object, const char *name, uint64_t value);
/* In hex: the first 64 of SIZE bytes. */
void run_trace_put_bytes(json_t *object, const char *name, const uint8_t *bytes, size_t size);
/* "result": "OK" or an errno's name, and a positive RESULT as "value". */
void run_trace_put_result(json_t *object, long result);
/* {pid, tid, comm} of a thread that waits for us. */
json_t *run_trace_caller(pid_t tid);
/* What a report of ABI_REPORT_SIZE bytes says; null when it is none. */
json_t *run_trace_report(const uint8_t *bytes);

#endif
