/* psp-run: runs a program, static or dynamic, with an emulated /dev/sev-guest, configfs-tsm and key
 * distribution service. No root.
 *
 * Choreography. psp-run makes its world, prepares the key service and forks while it has one thread. The
 * child does, in this order, reporting each step over one socket (run_channel): enter namespaces, mount
 * configfs-tsm, open the key service's sockets, install the seccomp filter, wait for "go", execute the
 * program. The parent takes the descriptors, starts its threads (FUSE, HTTP), says "go" and answers the
 * seccomp notifications until the program and all its descendants under the filter have ended. The child's
 * side runs between fork and exec with one thread: it may allocate, and takes no lock.
 */
#ifndef FRONTENDS_RUN_H
#define FRONTENDS_RUN_H

#include <sys/types.h>

#include "frontends/world.h"

#define RUN_WHY_SIZE 256

/* psp-run's own failures; the program's exit code passes through otherwise. */
enum run_exit { RUN_FAILED = 125, RUN_CANNOT_EXECUTE = 126, RUN_NOT_FOUND = 127 };

enum run_kds_mode { RUN_KDS_OFF, RUN_KDS_PROXY, RUN_KDS_NETNS };

/* ---- run_channel.c: one step of the child, told to the parent ---- */

enum run_step { RUN_STEP_NAMESPACES, RUN_STEP_TSM, RUN_STEP_KDS, RUN_STEP_FILTER, RUN_STEP_EXEC };

struct run_message {
    enum run_step step;
    bool ok;
    int error;     /* errno of RUN_STEP_EXEC's failure */
    bool restarts; /* RUN_STEP_FILTER: a kernel before 5.19, see run_restart.c */
    char why[RUN_WHY_SIZE];
    size_t fd_count;
    int fds[2];
};
/* False when the other side is gone. Descriptors are duplicated into the receiver. */
bool run_send(int channel, const struct run_message *message);
bool run_receive(int channel, struct run_message *message);

/* ---- run_ns.c ---- */

enum run_ns { RUN_NS_MOUNT = 1, RUN_NS_NET = 2 };
/* Child: new namespaces of the kinds in WANT. With CAP_SYS_ADMIN without a user namespace; else in one in
 * which the program keeps its uid and gid. Mounts are private. False with WHY. */
bool run_ns_enter(unsigned want, char why[RUN_WHY_SIZE]);

/* ---- run_tsm_mount.c, run_tsm.c: configfs-tsm by FUSE ---- */

struct run_tsm;
/* Before run_ns_enter: false with WHY when run_tsm_mount cannot work, so that the program is not put into
 * namespaces for nothing. */
bool run_tsm_possible(char why[RUN_WHY_SIZE]);
/* Child, in its own mount namespace: the file system at /sys/kernel/config (rebuilding /sys/kernel where
 * that directory is missing). *FUSE_FD is what run_tsm_start takes. False with WHY, and the tree as it was.
 * Nobody may touch the path before run_tsm_start serves it: the call would wait. */
bool run_tsm_mount(int *fuse_fd, char why[RUN_WHY_SIZE]);
struct run_trace;
/* Parent: serves WORLD's tsm on FUSE_FD, which it takes over also when it fails, in a thread of its own. TRACE,
 * which outlives it, may be NULL. */
bool run_tsm_start(struct world *world, struct run_trace *trace, int fuse_fd, struct run_tsm **tsm,
                   char why[RUN_WHY_SIZE]);
/* Ends the thread, closes the program's open files, if any are left. Not under world_lock, and before
 * world_free. NULL: nothing to do. */
void run_tsm_stop(struct run_tsm *tsm);

/* ---- run_kds.c: the key distribution service at AMD's name ---- */

struct run_kds;
/* Parent, before the fork: makes our CA, the server's certificate and a folder with the CA bundle. */
bool run_kds_prepare(struct world *world, enum run_kds_mode mode, struct run_kds **kds,
                     char why[RUN_WHY_SIZE]);
/* Child: listening sockets (in its own network namespace for NETNS, with hosts and bundle overlaid) into
 * FDS, and the environment (HTTPS_PROXY, SSL_CERT_FILE, ...) set for the program. False with WHY. */
bool run_kds_child(struct run_kds *kds, int fds[2], size_t *fd_count, char why[RUN_WHY_SIZE]);
/* Parent: serves on the descriptors in threads of its own. */
bool run_kds_start(struct run_kds *kds, const int *fds, size_t fd_count, char why[RUN_WHY_SIZE]);
void run_kds_stop(struct run_kds *kds);

/* ---- run_trace.c: --trace, one JSON object a line ---- */

struct json_t;
bool run_trace_open(const char *path, struct run_trace **trace, char why[RUN_WHY_SIZE]);
/* A line {"event": EVENT, "time": now, MEMBERS...}. MEMBERS, an object of jansson's, is taken over. Any thread may
 * call it. TRACE NULL: no line. */
void run_trace_event(struct run_trace *trace, const char *event, struct json_t *members);
/* False: not everything could be written. */
bool run_trace_close(struct run_trace *trace);

#endif
