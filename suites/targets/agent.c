/* See agent.h. */
#include "targets/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sevkit/bytes.h"
#include "targets/frames.h"
#include "targets/stream.h"

#define MAGIC UINT32_C(0x6B766573)
#define PAGE 0x1000
#define ALL_PAGES ((UINT32_C(1) << TARGET_AGENT_PAGES) - 1)
#define IN_CHILD (UINT64_C(1) << 32)
#define ANSWER_SECONDS 120 /* a guest that is there answers long before */

enum kind { START = 1, READY, CALL, RESULT };

struct head {
    uint32_t kind;
    uint64_t value;
    uint64_t args[3];
    uint32_t pages;
};

static uint8_t *page_at(unsigned page) {
    return page < TARGET_AGENT_PAGES - 1 ? target_user(TARGET_USER_BASE + page * PAGE)
                                         : target_user_readonly();
}

/* ---- messages ---- */

static void put_head(uint8_t out[TARGET_AGENT_HEAD], const struct head *head) {
    abi_put_le32(out, MAGIC);
    abi_put_le32(out + 0x04, head->kind);
    abi_put_le64(out + 0x08, head->value);
    for (size_t i = 0; i < 3; i++) abi_put_le64(out + 0x10 + 8 * i, head->args[i]);
    abi_put_le32(out + 0x28, head->pages);
    abi_put_le32(out + 0x2C, 0);
}

/* NULL, or the rule that IN breaks. */
static const char *get_head(const uint8_t in[TARGET_AGENT_HEAD], struct head *head) {
    head->kind = abi_get_le32(in + 0x04);
    head->value = abi_get_le64(in + 0x08);
    for (size_t i = 0; i < 3; i++) head->args[i] = abi_get_le64(in + 0x10 + 8 * i);
    head->pages = abi_get_le32(in + 0x28);
    if (abi_get_le32(in) != MAGIC) return "a message begins with its magic number";
    if (head->kind < START || head->kind > RESULT) return "the kind of a message is 1 to 4";
    if ((head->pages & ~ALL_PAGES) != 0) return "there are 17 pages";
    if (abi_get_le32(in + 0x2C) != 0) return "bytes 0x2C to 0x2F of a message are 0";
    return NULL;
}

/* Sends HEAD with the pages that the other side does not have as they are now. */
static bool send_message(struct target_agent *agent, struct head *head) {
    size_t size = TARGET_AGENT_HEAD;
    head->pages = 0;
    for (unsigned page = 0; page < TARGET_AGENT_PAGES; page++) {
        if (memcmp(agent->other[page], page_at(page), PAGE) == 0) continue;
        head->pages |= UINT32_C(1) << page;
        memcpy(agent->other[page], page_at(page), PAGE);
        memcpy(agent->message + size, page_at(page), PAGE);
        size += PAGE;
    }
    put_head(agent->message, head);
    return target_put_all(agent->fd, agent->message, size);
}

enum taken { TAKEN, GONE, GARBAGE };

/* The next message, whose pages are then ours too. *RULE: what garbage breaks. */
static enum taken take_message(struct target_agent *agent, struct head *head, const char **rule) {
    uint8_t bytes[TARGET_AGENT_HEAD];
    size_t zeros = sizeof bytes;
    do {
        memmove(bytes, bytes + zeros, sizeof bytes - zeros);
        if (!target_take_all(agent->fd, bytes + sizeof bytes - zeros, zeros)) return GONE;
        zeros = 0;
        while (zeros < sizeof bytes && bytes[zeros] == 0) zeros++;
    } while (zeros != 0);
    *rule = get_head(bytes, head);
    if (*rule != NULL) return GARBAGE;
    for (unsigned page = 0; page < TARGET_AGENT_PAGES; page++) {
        if ((head->pages >> page & 1) == 0) continue;
        if (!target_take_all(agent->fd, agent->other[page], PAGE)) return GONE;
        memcpy(page_at(page), agent->other[page], PAGE);
    }
    return TAKEN;
}

/* ---- the agent ---- */

/* The shell's exit status, as a shell gives it itself. */
static long run_command(uint64_t address) {
    int status;
    if (!target_user_writable(address, 1) ||
        memchr(target_user(address), 0, TARGET_USER_HOLE - address) == NULL)
        return -EFAULT;
    const pid_t child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", (const char *)target_user(address), NULL);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Descriptors are given out from the lowest on: the calls' lie above the port's, which was opened last. */
static long close_others(const struct target_agent *agent) {
    return close_range((unsigned)agent->fd + 1, ~0U, 0) == 0 ? 0 : -errno;
}

static long make_call(struct target_agent *agent, const struct target_syscall *call) {
    if (call->nr == TARGET_SYS_RUN) return run_command(call->args[0]);
    if (call->nr == TARGET_SYS_CLOSE_ALL) return close_others(agent);
    return target_syscall_here(call);
}

static void forget(struct target_agent *agent) {
    memset(agent->other, 0, sizeof agent->other);
    for (unsigned page = 0; page < TARGET_AGENT_PAGES; page++) memset(page_at(page), 0, PAGE);
}

/* The answer to HEAD, in its place. NULL, or the rule that it breaks. */
static const char *answer(struct target_agent *agent, struct head *head) {
    const uint64_t nr = head->value & ~IN_CHILD;
    if (head->kind == START) {
        if (head->pages != 0) return "START has no pages";
        forget(agent);
        head->kind = READY;
        return NULL;
    }
    if (head->kind != CALL) return "an agent is sent START and CALL";
    if (nr > TARGET_SYS_CLOSE_ALL) return "the call is one of enum target_sys";
    struct target_syscall call = {.nr = (enum target_sys)nr,
                                  .in_child = (head->value & IN_CHILD) != 0};
    memcpy(call.args, head->args, sizeof call.args);
    *head = (struct head){.kind = RESULT, .value = (uint64_t)make_call(agent, &call)};
    return NULL;
}

static void die(const char *path, const char *why) __attribute__((noreturn));

static void die(const char *path, const char *why) {
    fprintf(stderr, "suite-runner: --serve %s: %s\n", path, why);
    _exit(1);
}

void target_agent_serve(const char *path) {
    static struct target_agent agent;
    struct head head = {.kind = READY};
    const char *rule = NULL;
    const struct sevkit_result r = target_user_map(-1);
    if (!sevkit_ok(r)) die(path, r.rule);
    agent.fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (agent.fd < 0) die(path, strerror(errno));
    do {
        if (!send_message(&agent, &head)) _exit(0);
        const enum taken taken = take_message(&agent, &head, &rule);
        if (taken == GONE) _exit(0);
        if (taken == TAKEN) rule = answer(&agent, &head);
    } while (rule == NULL);
    die(path, rule);
}

/* ---- the other side ---- */

/* What a runner before us has left half sent ends in the zeros, which are as many as any message. */
static bool send_start(struct target_agent *agent, uint64_t number) {
    const struct head head = {.kind = START, .value = number};
    uint8_t bytes[TARGET_AGENT_HEAD];
    put_head(bytes, &head);
    memset(agent->message, 0, sizeof agent->message);
    return target_put_all(agent->fd, agent->message, sizeof agent->message) &&
           target_put_all(agent->fd, bytes, sizeof bytes);
}

/* Passes over all that is older. An agent that has just begun may not have seen START: it gets another. */
static bool begin(struct target_agent *agent) {
    uint8_t bytes[TARGET_AGENT_HEAD] = {0};
    uint64_t number;
    struct head head;
    if (getrandom(&number, sizeof number, 0) != sizeof number) return false;
    number >>= 1; /* never comes to 0 by counting */
    if (!send_start(agent, ++number)) return false;
    for (;;) {
        memmove(bytes, bytes + 1, sizeof bytes - 1);
        if (!target_take_all(agent->fd, bytes + sizeof bytes - 1, 1)) return false;
        if (get_head(bytes, &head) != NULL || head.kind != READY) continue;
        if (head.value == number) return true;
        if (head.value == 0 && !send_start(agent, ++number)) return false;
    }
}

/* For this and every later message: a guest that hangs is lost. */
static bool set_deadline(int fd) {
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

struct sevkit_result target_agent_connect(struct target_agent *agent, const char *path) {
    SEVKIT_TRY(target_user_map(-1));
    SEVKIT_TRY(frame_connect(path, &agent->fd));
    memset(agent->other, 0, sizeof agent->other);
    if (set_deadline(agent->fd) && begin(agent)) return sevkit_success();
    return sevkit_fail(SEVKIT_NOT_FOUND, "agent", SEVKIT_NO_OFFSET, (uint64_t)errno,
                       "the guest's agent must answer within two minutes");
}

/* No more than was asked for: a guest is not trusted. */
static bool is_plausible(const struct target_syscall *call, long result) {
    switch (call->nr) {
    case TARGET_SYS_READ:
    case TARGET_SYS_WRITE:
    case TARGET_SYS_READLINK: return result < 0 || (uint64_t)result <= call->args[2];
    case TARGET_SYS_OPEN:
    case TARGET_SYS_CLOSE:
    case TARGET_SYS_DUP:
    case TARGET_SYS_IOCTL:
    case TARGET_SYS_MKDIR:
    case TARGET_SYS_RMDIR:
    case TARGET_SYS_STAT:
    case TARGET_SYS_RUN:
    case TARGET_SYS_CLOSE_ALL: return true;
    }
    return false;
}

long target_agent_call(struct target_agent *agent, const struct target_syscall *call) {
    struct head head = {.kind = CALL,
                        .value = (uint64_t)call->nr | (call->in_child ? IN_CHILD : 0)};
    const char *rule;
    memcpy(head.args, call->args, sizeof head.args);
    if (agent->fd >= 0 && send_message(agent, &head) &&
        take_message(agent, &head, &rule) == TAKEN && head.kind == RESULT &&
        is_plausible(call, (long)head.value))
        return (long)head.value;
    target_agent_close(agent);
    return -EPIPE;
}

void target_agent_close(struct target_agent *agent) {
    if (agent->fd >= 0) close(agent->fd);
    agent->fd = -1;
}
