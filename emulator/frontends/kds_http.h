/* The key distribution service over HTTPS: a world's kds behind libmicrohttpd. What it answers is
 * vmm_kds_get's business; here is how an answer goes over the wire, the late and the cut short ones
 * included. */
#ifndef FRONTENDS_KDS_HTTP_H
#define FRONTENDS_KDS_HTTP_H

#include <sys/socket.h>

#include "frontends/world.h"
#include "sevkit/web.h"

#define KDS_WHY_SIZE 256

struct kds_http;

/* Serves WORLD's kds with WEB's key and certificate in a pool of threads until kds_http_stop. WEB may be
 * wiped once this returns. LISTEN_FD is a listening socket that is taken over, also on failure; -1: only
 * connections from kds_http_add. False with WHY. */
bool kds_http_start(struct world *world, const struct crypto_web *web, int listen_fd,
                    struct kds_http **http, char why[KDS_WHY_SIZE]);

/* Serves FD, a connected socket whose peer starts TLS now. FD is taken over, also on failure. */
bool kds_http_add(struct kds_http *http, int fd, const struct sockaddr *peer, socklen_t peer_size);

/* Ends every connection, then the threads. NULL is allowed. */
void kds_http_stop(struct kds_http *http);

#endif
