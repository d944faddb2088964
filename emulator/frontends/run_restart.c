/* See run_core.h.
 *
 * A call whose answer the kernel refused (nobody waits any more) comes again for certain. One whose answer
 * it took may come again all the same, when the signal was there first. It cannot be told from a new call with
 * the same arguments, except that a handler ran in between and that the response is still there untouched: a
 * new call that looks like this gets what it would get anyway. */
#include <string.h>

#include "frontends/run_core.h"
#include "sevkit/bytes.h"

static struct run_restart_call *slot(struct run_restart *restart, pid_t tid) {
    return &restart->calls[(unsigned)tid % RUN_RESTARTS];
}

/* The response's first bytes. False where they cannot be read. */
static bool read_response(const struct run_caller *caller, uint64_t address,
                          uint8_t out[RUN_RESTART_BYTES]) {
    return run_memory_read(caller, address, out, RUN_RESTART_BYTES);
}

void run_restart_note(struct run_restart *restart, const struct run_caller *caller,
                      const struct seccomp_data *data, long result) {
    struct run_restart_call *call = slot(restart, caller->tid);
    uint8_t request[DRV_REQUEST_SIZE];
    *call = (struct run_restart_call){.tid = caller->tid, .data = *data, .result = result};
    if (!run_memory_read(caller, data->args[2], request, sizeof request)) return;
    call->response = abi_get_le64(request + DRV_REQUEST_RESP_DATA);
    if (!read_response(caller, call->response, call->bytes)) call->response = 0;
}

void run_restart_answered(struct run_restart *restart, pid_t tid) {
    slot(restart, tid)->answered = true;
}

void run_restart_interrupted(struct run_restart *restart, pid_t tid) {
    struct run_restart_call *call = slot(restart, tid);
    if (call->tid == tid) call->interrupted = true;
}

bool run_restart_take(const struct run_restart *restart, const struct run_caller *caller,
                      const struct seccomp_data *data, long *result) {
    const struct run_restart_call *call = &restart->calls[(unsigned)caller->tid % RUN_RESTARTS];
    uint8_t now[RUN_RESTART_BYTES];
    if (call->tid != caller->tid || memcmp(&call->data, data, sizeof *data) != 0) return false;
    *result = call->result;
    if (!call->answered) return true;
    return call->interrupted && call->result == 0 && call->response != 0 &&
           read_response(caller, call->response, now) && memcmp(now, call->bytes, sizeof now) == 0;
}
