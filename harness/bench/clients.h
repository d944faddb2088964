/* Many clients of one pspd at once: docs/socket.md. Each has a connection, a machine and a guest of its own. */
#ifndef BENCH_CLIENTS_H
#define BENCH_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_CLIENTS_MAX 4096 /* machines of one pspd */

struct bench_clients;

/* Starts the pspd beside this program and COUNT clients that have said HELLO: what machines and guests cost to
 * make lies here. NULL after a message. */
struct bench_clients *bench_clients_new(size_t count);
/* Ends pspd. */
void bench_clients_free(struct bench_clients *clients);

/* One attestation report for every client: all have asked before the first one reads. Each answer must be the
 * client's own. False after a message. */
bool bench_clients_report(struct bench_clients *clients);

#endif
