/* The pspd that bench_clients load. */
#ifndef BENCH_DAEMON_H
#define BENCH_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

struct bench_daemon {
    pid_t pid; /* 0: none */
    char folder[32];
    struct sockaddr_un address; /* of its data socket */
};

/* Starts the pspd beside this program and waits until it serves. It ends with this process at the latest. False
 * after a message. */
bool bench_daemon_start(struct bench_daemon *daemon);
void bench_daemon_stop(struct bench_daemon *daemon);

#endif
