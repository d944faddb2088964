/* A CONNECT proxy on loopback, for programs that are told of it by HTTPS_PROXY: the key distribution
 * service's host is ours, every other one is the real one, straight or through the caller's own proxy.
 * Plain bytes are carried, nothing is decrypted. */
#ifndef FRONTENDS_KDS_PROXY_H
#define FRONTENDS_KDS_PROXY_H

#include "frontends/kds_http.h"

struct kds_proxy;

/* Serves LISTEN_FD, a listening socket that is taken over, also on failure. CONNECTs to VMM_KDS_HOST:443
 * go to HTTP, which must stay until kds_proxy_stop. HTTPS_PROXY and NO_PROXY are the caller's, copied;
 * NULL or "" where they are not set. False with WHY. */
bool kds_proxy_start(int listen_fd, struct kds_http *http, const char *https_proxy,
                     const char *no_proxy, struct kds_proxy **proxy, char why[KDS_WHY_SIZE]);

/* Ends every connection that is carried here, then the threads. A thread that waits for a name server
 * ends by itself later and touches nothing of the caller's. NULL is allowed. */
void kds_proxy_stop(struct kds_proxy *proxy);

#endif
