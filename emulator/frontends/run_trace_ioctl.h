/* What an ioctl read and wrote of the caller's memory, for --trace, and its line there. */
#ifndef FRONTENDS_RUN_TRACE_IOCTL_H
#define FRONTENDS_RUN_TRACE_IOCTL_H

#include "frontends/run_core.h"

struct run_seen {
    uint32_t cmd;
    uint64_t arg;
    bool arg_read, arg_written;
    uint8_t before[DRV_REQUEST_SIZE], after[DRV_REQUEST_SIZE];
    size_t request_size, response_size, certs_size; /* 0: not moved */
    uint8_t request[DRV_EXT_REPORT_REQ_SIZE];
    uint8_t response[DRV_REPORT_RESP_SIZE];
    bool certs_len_written; /* the length that the hypervisor asked for */
    uint32_t certs_len;
};
void run_seen_read(struct run_seen *seen, uint64_t address, const void *bytes, size_t size);
void run_seen_write(struct run_seen *seen, uint64_t address, const void *bytes, size_t size);

void run_trace_ioctl(struct run_trace *trace, pid_t tid, const struct run_seen *seen, long result);
/* An open of the device. */
void run_trace_open_call(struct run_trace *trace, pid_t tid, const char *call, long result);

#endif
