/* configfs-tsm in --trace: lines of the event "tsm". */
#ifndef FRONTENDS_RUN_TRACE_TSM_H
#define FRONTENDS_RUN_TRACE_TSM_H

#include "frontends/run.h"

/* An attribute of an item, whether that still exists or not. */
struct run_tsm_place {
    char item[DRV_TSM_NAME_MAX + 1];
    enum drv_tsm_attr attr;
};

/* TRACE may be NULL everywhere. TID is the thread that calls; results are -errno, or not negative. */

/* CALL: mkdir or rmdir. */
void run_trace_tsm_folder(struct run_trace *trace, pid_t tid, const char *call, const char *item,
                          long result);
/* FLAGS: open(2)'s. */
void run_trace_tsm_open(struct run_trace *trace, pid_t tid, const struct run_tsm_place *place,
                        int flags, long result);
void run_trace_tsm_write(struct run_trace *trace, pid_t tid, const struct run_tsm_place *place,
                         uint64_t offset, const char *bytes, size_t size, long result);
/* Of a blob; RESULT is a number of bytes. REPORT: ABI_REPORT_SIZE bytes, with the read that made the value; else
 * NULL. */
void run_trace_tsm_read(struct run_trace *trace, pid_t tid, const struct run_tsm_place *place,
                        uint64_t offset, long result, const uint8_t *report);
/* The end of an open binary attribute that was written: what delivery said. It is nobody's call. */
void run_trace_tsm_close(struct run_trace *trace, const struct run_tsm_place *place, long result);

#endif
