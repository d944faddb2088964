/* --kds: the key distribution service over HTTPS beside the sockets, for clients that know nothing of them. It
 * serves the chip of a machine as the options make it, in threads of its own. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/kds_http.h"
#include "frontends/pspd.h"

#define ADDRESS_MAX 256

struct pspd_kds_server {
    struct world *world;
    struct kds_http *http;
};

/* "127.0.0.1:8443" or "[::1]:8443". */
static struct addrinfo *resolve(const char *text) {
    char host[ADDRESS_MAX];
    const char *colon = strrchr(text, ':');
    const bool brackets = text[0] == '[';
    if (colon == NULL || strlen(text) >= sizeof host) return NULL;
    const char *start = brackets ? text + 1 : text;
    const char *end = brackets ? colon - 1 : colon;
    if (end <= start || (brackets && *end != ']')) return NULL;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = 0;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static int listen_on(const struct addrinfo *at) {
    const int one = 1;
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    if (fd >= 0) (void)close(fd);
    return -1;
}

/* Port 0 asks for any: the real address is told. */
static void announce(int fd, const char *ca) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[64], port[8];
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return;
    if (getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    printf("pspd: kds for " VMM_KDS_HOST " at %s port %s, CA in %s\n", host, port, ca);
}

static bool start(struct pspd_kds_server *server, const struct pspd_options *options, int fd,
                  const char *ca) {
    char why[KDS_WHY_SIZE];
    struct crypto_web web;
    struct sevkit_result r = world_new(&options->world, &server->world);
    /* Clients look at the wall clock, whatever the machine's says. */
    if (sevkit_ok(r)) r = crypto_web_new(VMM_KDS_HOST, cli_now(), &web);
    if (!sevkit_ok(r)) {
        cli_bad_result("--kds", r);
        (void)close(fd);
        return false;
    }
    announce(fd, ca);
    bool done = cli_file_write(ca, web.ca, strlen(web.ca));
    if (!done) {
        (void)close(fd);
    } else if (!kds_http_start(server->world, &web, fd, &server->http, why)) {
        cli_bad_option("--kds", NULL, why);
        done = false;
    }
    crypto_web_wipe(&web);
    return done;
}

bool pspd_kds_start(const struct pspd_options *options, const char *text, const char *ca,
                    struct pspd_kds_server **server, int *exit) {
    *server = NULL;
    if (text == NULL) return true;
    struct addrinfo *at = resolve(text);
    *exit = CLI_USAGE;
    if (at == NULL) {
        cli_bad_option("--kds", text, "must be ADDR:PORT or [ADDR]:PORT, both in numbers");
        return false;
    }
    *exit = CLI_UNAVAILABLE;
    const int fd = listen_on(at);
    freeaddrinfo(at);
    if (fd < 0) {
        cli_bad_option("--kds", text, strerror(errno));
        return false;
    }
    struct pspd_kds_server *made = calloc(1, sizeof *made);
    if (made == NULL) {
        (void)close(fd);
        return false;
    }
    if (start(made, options, fd, ca)) {
        *server = made;
        return true;
    }
    pspd_kds_stop(made);
    return false;
}

void pspd_kds_stop(struct pspd_kds_server *server) {
    if (server == NULL) return;
    kds_http_stop(server->http);
    world_free(server->world);
    free(server);
}
