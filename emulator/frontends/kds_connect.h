/* The text side of kds_proxy: CONNECT requests, the caller's own proxy settings. RFC 9110, section 9.3.6;
 * RFC 9112, section 3. Pure functions of text. */
#ifndef FRONTENDS_KDS_CONNECT_H
#define FRONTENDS_KDS_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

#define KDS_HOST_SIZE 256
#define KDS_CREDENTIALS_SIZE 512
#define KDS_HEAD_MAX 8192 /* of a request or response up to its empty line */

struct kds_address {
    char host[KDS_HOST_SIZE]; /* a name or an IP address, IPv6 without its brackets */
    char port[6];
};

/* What a request's head asks for; HEAD ends in a zero byte, after the empty line. The status is 200, or
 * how to refuse: 400 malformed, 405 another method. */
unsigned kds_connect_parse(const char *head, struct kds_address *address);

/* How far a head has come: its length with the empty line; 0 when bytes are missing. *BAD: no head of
 * HTTP starts like this. */
size_t kds_head_length(const char *bytes, size_t size, bool *bad);

/* The three digits of a response's status line, or 0. */
unsigned kds_status_parse(const char *head);

/* The caller's proxy, as in HTTPS_PROXY: [http://][user:password@]host[:port][/]. */
struct kds_upstream {
    struct kds_address address;
    char credentials[KDS_CREDENTIALS_SIZE]; /* the value of Proxy-Authorization, or "" */
};
/* False for what it cannot go through: other schemes (https, socks5), malformed text. */
bool kds_upstream_parse(const char *text, struct kds_upstream *upstream);

/* True if HOST is one of the names in LIST, a NO_PROXY: "*", "example.com" and ".example.com" with all
 * below it. Addresses and networks are compared as text only. LIST may be NULL. */
bool kds_no_proxy_has(const char *list, const char *host);

/* LIST without the entries that have HOST, plus the names of this machine; free with free(). NULL when
 * memory is short. */
char *kds_no_proxy_without(const char *list, const char *host);

#endif
