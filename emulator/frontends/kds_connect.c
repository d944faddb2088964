/* Texts of the CONNECT proxy: requests, status lines, HTTPS_PROXY and NO_PROXY. */
#include "frontends/kds_connect.h"
#include "sevkit/bytes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_BYTES LETTERS DIGITS "-._"
#define IPV6_BYTES DIGITS "abcdefABCDEF:."
#define TOKEN_BYTES LETTERS DIGITS "!#$%&'*+-.^_`|~"
#define DEFAULT_PROXY_PORT "80"

/* ---- addresses ---- */

static bool port_is_good(const char *text) {
    const size_t size = strlen(text);
    if (size == 0 || size > 5 || strspn(text, DIGITS) != size) return false;
    const long port = strtol(text, NULL, 10);
    return port > 0 && port <= UINT16_MAX;
}

/* Reads HOST or HOST:PORT of SIZE bytes; without a port *address keeps the one it has. */
static bool address_read(const char *text, size_t size, struct kds_address *address) {
    char copy[KDS_HOST_SIZE + 8];
    if (size == 0 || size >= sizeof copy) return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    const bool is_v6 = copy[0] == '[';
    const char *host = copy + is_v6;
    const size_t host_size = strspn(host, is_v6 ? IPV6_BYTES : NAME_BYTES);
    if (host_size == 0 || host_size >= sizeof address->host) return false;
    const char *rest = host + host_size;
    if (is_v6 && *rest++ != ']') return false;
    if (*rest == ':') {
        if (!port_is_good(rest + 1)) return false;
        memcpy(address->port, rest + 1, strlen(rest + 1) + 1);
    } else if (*rest != 0) {
        return false;
    }
    memcpy(address->host, host, host_size);
    address->host[host_size] = 0;
    if (host_size > 1 && host[host_size - 1] == '.') address->host[host_size - 1] = 0;
    return true;
}

/* ---- heads ---- */

size_t kds_head_length(const char *bytes, size_t size, bool *bad) {
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    const size_t length = end != NULL ? (size_t)(end - bytes) + 4 : 0;
    const size_t known = length > 0 ? length : size;
    *bad = length == 0 && size >= KDS_HEAD_MAX;
    for (size_t i = 0; i < known; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if (byte < ' ' && byte != '\r' && byte != '\n' && byte != '\t') *bad = true;
    }
    return length;
}

unsigned kds_connect_parse(const char *head, struct kds_address *address) {
    static const char connect[] = "CONNECT ";
    const size_t line = strcspn(head, "\r\n");
    const size_t method = strspn(head, TOKEN_BYTES);
    if (method == 0 || head[method] != ' ') return 400;
    const char *target = head + method + 1;
    const size_t target_size = strcspn(target, " \r\n");
    const char *version = target + target_size;
    const size_t version_size = line - (size_t)(version - head);
    static const char known[] = " HTTP/1.";
    if (target_size == 0 || version_size != sizeof known ||
        strncmp(version, known, sizeof known - 1) != 0 ||
        (version[sizeof known - 1] != '0' && version[sizeof known - 1] != '1'))
        return 400;
    if (strncmp(head, connect, sizeof connect - 1) != 0) return 405;
    address->port[0] = 0;
    if (!address_read(target, target_size, address) || address->port[0] == 0) return 400;
    return 200;
}

unsigned kds_status_parse(const char *head) {
    if (strncmp(head, "HTTP/1.", 7) != 0 || (head[7] != '0' && head[7] != '1') || head[8] != ' ')
        return 0;
    const char *digits = head + 9;
    if (strspn(digits, DIGITS) != 3) return 0;
    return (unsigned)strtoul(digits, NULL, 10);
}

/* ---- HTTPS_PROXY ---- */

/* "user:password" with its %XX read, in base64. False when it is too long or malformed. */
static bool credentials_make(const char *text, size_t size, char out[KDS_CREDENTIALS_SIZE]) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t plain[KDS_CREDENTIALS_SIZE / 2 + 2] = {0};
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned byte = (unsigned char)text[i];
        if (byte == '%') {
            if (size - i < 3) return false;
            const int high = abi_hex_digit(text[i + 1]), low = abi_hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return false;
            byte = (unsigned)(16 * high + low);
            i += 2;
        }
        if (count == KDS_CREDENTIALS_SIZE / 2) return false;
        plain[count++] = (uint8_t)byte;
    }
    size_t at = (size_t)snprintf(out, KDS_CREDENTIALS_SIZE, "Basic ");
    for (size_t i = 0; i < count; i += 3) {
        const unsigned bits =
            (unsigned)plain[i] << 16 | (unsigned)plain[i + 1] << 8 | (unsigned)plain[i + 2];
        out[at++] = alphabet[bits >> 18 & 63];
        out[at++] = alphabet[bits >> 12 & 63];
        out[at++] = i + 1 < count ? alphabet[bits >> 6 & 63] : '=';
        out[at++] = i + 2 < count ? alphabet[bits & 63] : '=';
    }
    out[at] = 0;
    return true;
}

bool kds_upstream_parse(const char *text, struct kds_upstream *upstream) {
    static const char http[] = "http://";
    *upstream = (struct kds_upstream){.address.port = DEFAULT_PROXY_PORT};
    /* Another scheme reads as a host with an empty port, which is refused. */
    if (strncasecmp(text, http, sizeof http - 1) == 0) text += sizeof http - 1;
    const size_t size = strcspn(text, "/");
    const char *at = memrchr(text, '@', size);
    const char *host = at != NULL ? at + 1 : text;
    if (at != NULL && !credentials_make(text, (size_t)(at - text), upstream->credentials))
        return false;
    return address_read(host, size - (size_t)(host - text), &upstream->address);
}

/* ---- NO_PROXY ---- */

#define SEPARATORS ", \t"

static bool entry_has(const char *entry, size_t size, const char *host) {
    if (size == 1 && *entry == '*') return true;
    const char *colon = memchr(entry, ':', size);
    if (colon != NULL) size = (size_t)(colon - entry); /* an entry's port narrows it: left aside */
    if (size > 1 && entry[0] == '*' && entry[1] == '.') entry++, size--;
    if (size > 0 && *entry == '.') entry++, size--;
    const size_t host_size = strlen(host);
    if (size == 0 || size > host_size) return false;
    const char *tail = host + (host_size - size);
    return strncasecmp(tail, entry, size) == 0 && (tail == host || tail[-1] == '.');
}

bool kds_no_proxy_has(const char *list, const char *host) {
    const char *at = list == NULL ? "" : list;
    for (at += strspn(at, SEPARATORS); *at != 0; at += strspn(at, SEPARATORS)) {
        const size_t size = strcspn(at, SEPARATORS);
        if (entry_has(at, size, host)) return true;
        at += size;
    }
    return false;
}

char *kds_no_proxy_without(const char *list, const char *host) {
    static const char own[] = "localhost,127.0.0.1,::1";
    const char *at = list == NULL ? "" : list;
    char *out = malloc(sizeof own + 2 * strlen(at) + 1);
    if (out == NULL) return NULL;
    memcpy(out, own, sizeof own);
    size_t used = sizeof own - 1;
    for (at += strspn(at, SEPARATORS); *at != 0; at += strspn(at, SEPARATORS)) {
        const size_t size = strcspn(at, SEPARATORS);
        if (!entry_has(at, size, host)) {
            out[used++] = ',';
            memcpy(out + used, at, size);
            used += size;
        }
        at += size;
    }
    out[used] = 0;
    return out;
}
