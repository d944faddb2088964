/* The agent: makes the system calls of a program for a runner at the other end of a stream of bytes, a port of a
 * virtual machine or a terminal. Both sides keep the program's memory and remember what the other one has of it:
 * only pages that have changed travel.
 *
 * A message, little-endian; before one, zeros are skipped:
 *
 *     0x00 u32    MAGIC
 *     0x04 u32    kind
 *     0x08 u64    START, READY: a number; CALL: the call, bit 32: in a child; RESULT: its result
 *     0x10 u64[3] CALL: its arguments; else 0
 *     0x28 u32    which pages follow, bit 16: the read-only one
 *     0x2C u32    0
 *     0x30        the pages
 *
 * An agent begins with READY 0. START n forgets what was before and is answered by READY n, CALL by RESULT. */
#ifndef TARGET_AGENT_H
#define TARGET_AGENT_H

#include "targets/user.h"

#define TARGET_AGENT_PAGES (TARGET_USER_SIZE / 0x1000 + 1)
#define TARGET_AGENT_HEAD 0x30
#define TARGET_AGENT_MESSAGE_MAX (TARGET_AGENT_HEAD + TARGET_AGENT_PAGES * 0x1000)

/* One end. */
struct target_agent {
    int fd;                                    /* -1: none, or it is lost */
    uint8_t other[TARGET_AGENT_PAGES][0x1000]; /* the memory as the other side has it */
    uint8_t message[TARGET_AGENT_MESSAGE_MAX];
};

/* Serves the calls that come over the character device PATH (suite-runner --serve PATH). Ends with 0 when the
 * other side is gone, with 1 and a reason when it sends what is no message. */
void target_agent_serve(const char *path) __attribute__((noreturn));

/* The other side: begins with the agent behind the Unix stream socket PATH. */
SEVKIT_MUST struct sevkit_result target_agent_connect(struct target_agent *agent, const char *path);

/* The call in the agent's process. -EPIPE when the agent is gone; it is lost then. */
SEVKIT_MUST long target_agent_call(struct target_agent *agent, const struct target_syscall *call);

void target_agent_close(struct target_agent *agent);

#endif
