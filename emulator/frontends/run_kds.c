/* psp-run's key distribution service: what the program must be told so that a request for AMD's host ends
 * at ours. docs/kds.md has the two ways, by a proxy and by a network namespace.
 *
 * Private keys never leave memory; the folder made here holds public texts only. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "frontends/kds_connect.h"
#include "frontends/kds_http.h"
#include "frontends/kds_proxy.h"
#include "frontends/run.h"

_Static_assert(KDS_WHY_SIZE == RUN_WHY_SIZE, "one text for failures");

#define HTTPS_PORT 443
#define HOSTS "/etc/hosts"

/* Where systems keep their bundle of root certificates: Debian, Fedora, SUSE, Alpine and OpenBSD. */
static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
};
/* Variables by which clients take another bundle. The first stands for the system's. */
static const char *const bundle_variables[] = {"SSL_CERT_FILE", "CURL_CA_BUNDLE",
                                               "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"};
/* Variables that name a proxy for https, in the order in which they count. */
static const char *const proxy_variables[] = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY",
                                              "all_proxy"};
static const char *const no_proxy_variables[] = {"NO_PROXY", "no_proxy"};
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

struct run_kds {
    struct world *world;
    enum run_kds_mode mode;
    struct crypto_web web;
    char folder[PATH_MAX - 32];
    char bundle[PATH_MAX];
    char hosts[PATH_MAX];
    char *https_proxy; /* the caller's, NULL: none */
    char *no_proxy;
    struct kds_http *http;
    struct kds_proxy *proxy;
};

__attribute__((format(printf, 2, 3))) static bool fail(char why[RUN_WHY_SIZE], const char *format,
                                                       ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, RUN_WHY_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- before the fork ---- */

/* The first variable that is set to something, copied to *VALUE; NULL if none is. False: no memory. */
static bool variable_copy(const char *const *names, size_t count, char **value) {
    *value = NULL;
    for (size_t i = 0; i < count && *value == NULL; i++) {
        const char *text = getenv(names[i]);
        if (text == NULL || *text == 0) continue;
        *value = strdup(text);
        if (*value == NULL) return false;
    }
    return true;
}

/* Appends the file PATH and a line end to OUT; a file that cannot be read adds nothing. */
static void file_append(FILE *out, const char *path) {
    FILE *in = fopen(path, "re");
    if (in == NULL) return;
    char bytes[4096];
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, in)) > 0;)
        (void)fwrite(bytes, 1, size, out);
    (void)fclose(in);
    (void)fputc('\n', out);
}

/* The roots that the caller's clients would have, each file once, then our CA. */
static void bundle_write(FILE *out, const struct run_kds *kds) {
    const char *sources[COUNT(bundle_variables)] = {getenv(bundle_variables[0])};
    for (size_t i = 0; i < COUNT(system_bundles) && sources[0] == NULL; i++)
        if (access(system_bundles[i], R_OK) == 0) sources[0] = system_bundles[i];
    for (size_t i = 1; i < COUNT(sources); i++) sources[i] = getenv(bundle_variables[i]);
    for (size_t i = 0; i < COUNT(sources); i++) {
        bool again = sources[i] == NULL;
        for (size_t j = 0; j < i && !again; j++)
            again = sources[j] != NULL && strcmp(sources[i], sources[j]) == 0;
        if (!again) file_append(out, sources[i]);
    }
    (void)fputs(kds->web.ca, out);
}

static bool line_has_word(const char *line, const char *word) {
    const size_t size = strlen(word);
    for (const char *at = line; *at != 0 && *at != '#'; at += strcspn(at, " \t\n#")) {
        at += strspn(at, " \t\n");
        if (strncasecmp(at, word, size) == 0 && strchr(" \t\n#", at[size]) != NULL) return true;
    }
    return false;
}

/* The system's hosts with AMD's name on loopback. */
static void hosts_write(FILE *out, const struct run_kds *kds) {
    (void)kds;
    (void)fputs("127.0.0.1 " VMM_KDS_HOST "\n", out);
    FILE *in = fopen(HOSTS, "re");
    if (in == NULL) return;
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, in) >= 0)
        if (!line_has_word(line, VMM_KDS_HOST)) (void)fputs(line, out);
    free(line);
    (void)fclose(in);
}

/* One file of the folder, PATH, with what WRITE puts in. */
static bool file_make(const struct run_kds *kds, const char *path,
                      void (*write)(FILE *, const struct run_kds *), char why[RUN_WHY_SIZE]) {
    FILE *out = fopen(path, "wxe");
    if (out == NULL) return fail(why, "%s: %s", path, strerror(errno));
    write(out, kds);
    (void)fchmod(fileno(out), 0644);
    const bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad) return fail(why, "%s: not written", path);
    return true;
}

/* The folder may be entered by anyone: the program may change its user, and nothing in it is secret. */
static bool folder_make(struct run_kds *kds, char why[RUN_WHY_SIZE]) {
    const char *place = getenv("TMPDIR");
    if (place == NULL || *place != '/') place = "/tmp";
    char folder[sizeof kds->folder];
    const int size = snprintf(folder, sizeof folder, "%s/psp-run-XXXXXX", place);
    if (size < 0 || (size_t)size >= sizeof folder) return fail(why, "TMPDIR is too long");
    if (mkdtemp(folder) == NULL) return fail(why, "%s: %s", folder, strerror(errno));
    memcpy(kds->folder, folder, sizeof folder);
    (void)snprintf(kds->bundle, sizeof kds->bundle, "%s/bundle.pem", folder);
    (void)snprintf(kds->hosts, sizeof kds->hosts, "%s/hosts", folder);
    if (chmod(folder, 0755) != 0) return fail(why, "%s: %s", folder, strerror(errno));
    return file_make(kds, kds->bundle, bundle_write, why) &&
           file_make(kds, kds->hosts, hosts_write, why);
}

bool run_kds_prepare(struct world *world, enum run_kds_mode mode, struct run_kds **out,
                     char why[RUN_WHY_SIZE]) {
    *out = NULL;
    if (mode == RUN_KDS_OFF) return true;
    struct run_kds *kds = calloc(1, sizeof *kds);
    if (kds == NULL) return fail(why, "no memory");
    kds->world = world;
    kds->mode = mode;
    /* Clients look at the wall clock, whatever the machine's says. */
    const struct sevkit_result made = crypto_web_new(VMM_KDS_HOST, time(NULL), &kds->web);
    bool done = sevkit_ok(made);
    if (!done)
        sevkit_result_text(&made, why, RUN_WHY_SIZE);
    else if (!variable_copy(proxy_variables, COUNT(proxy_variables), &kds->https_proxy) ||
             !variable_copy(no_proxy_variables, COUNT(no_proxy_variables), &kds->no_proxy))
        done = fail(why, "no memory");
    else
        done = folder_make(kds, why);
    if (done)
        *out = kds;
    else
        run_kds_stop(kds);
    return done;
}

/* ---- the child ---- */

/* A socket that listens on loopback; PORT 0: any. -1 with WHY. */
static int listen_at(uint16_t port, uint16_t *bound, char why[RUN_WHY_SIZE]) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, SOMAXCONN) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        *bound = ntohs(address.sin_port);
        return fd;
    }
    (void)fail(why, "listening on 127.0.0.1 port %u: %s", port, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

static bool variable_set(const char *name, const char *value, char why[RUN_WHY_SIZE]) {
    return setenv(name, value, 1) == 0 || fail(why, "setting %s: %s", name, strerror(errno));
}

/* Both spellings of the proxy variables: some clients know one, some the other. */
static bool proxy_variables_set(const struct run_kds *kds, uint16_t port, char why[RUN_WHY_SIZE]) {
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    /* An exception of the caller's that holds for our host would lead around us. */
    char *exceptions = kds_no_proxy_without(kds->no_proxy, VMM_KDS_HOST);
    if (exceptions == NULL) return fail(why, "no memory");
    const bool done =
        variable_set("HTTPS_PROXY", url, why) && variable_set("https_proxy", url, why) &&
        variable_set("NO_PROXY", exceptions, why) && variable_set("no_proxy", exceptions, why);
    free(exceptions);
    return done;
}

static bool loopback_up(char why[RUN_WHY_SIZE]) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo"};
    bool done = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    if (done) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    }
    if (!done) (void)fail(why, "bringing up lo: %s", strerror(errno));
    if (fd >= 0) close(fd);
    return done;
}

static bool overlay(const char *from, const char *over, char why[RUN_WHY_SIZE]) {
    return mount(from, over, NULL, MS_BIND, NULL) == 0 ||
           fail(why, "mounting over %s: %s", over, strerror(errno));
}

/* Bundles at two names may be one file: what is mounted over one then shows at the other. */
static bool files_overlay(const struct run_kds *kds, char why[RUN_WHY_SIZE]) {
    if (!overlay(kds->hosts, HOSTS, why)) return false;
    for (size_t i = 0; i < COUNT(system_bundles); i++)
        if (access(system_bundles[i], F_OK) == 0 && !overlay(kds->bundle, system_bundles[i], why))
            return false;
    return true;
}

/* The program has loopback only: no proxy can be reached from there. */
static bool child_netns(const struct run_kds *kds, char why[RUN_WHY_SIZE]) {
    for (size_t i = 0; i < COUNT(proxy_variables); i++) (void)unsetenv(proxy_variables[i]);
    return files_overlay(kds, why);
}

bool run_kds_child(struct run_kds *kds, int fds[2], size_t *fd_count, char why[RUN_WHY_SIZE]) {
    *fd_count = 0;
    if (kds == NULL) return true;
    const bool netns = kds->mode == RUN_KDS_NETNS;
    if (netns && !loopback_up(why)) return false;
    uint16_t port;
    const int fd = listen_at(netns ? HTTPS_PORT : 0, &port, why);
    if (fd < 0) return false;
    bool done = netns ? child_netns(kds, why) : proxy_variables_set(kds, port, why);
    for (size_t i = 0; i < COUNT(bundle_variables) && done; i++)
        done = variable_set(bundle_variables[i], kds->bundle, why);
    if (!done) {
        close(fd);
        return false;
    }
    fds[0] = fd;
    *fd_count = 1;
    return true;
}

/* ---- the parent ---- */

bool run_kds_start(struct run_kds *kds, const int *fds, size_t fd_count, char why[RUN_WHY_SIZE]) {
    if (kds == NULL) return true;
    if (fd_count != 1) return fail(why, "the key distribution service has no socket");
    bool done;
    if (kds->mode == RUN_KDS_NETNS) {
        done = kds_http_start(kds->world, &kds->web, fds[0], &kds->http, why);
    } else {
        done = kds_http_start(kds->world, &kds->web, -1, &kds->http, why);
        if (done)
            done = kds_proxy_start(fds[0], kds->http, kds->https_proxy, kds->no_proxy, &kds->proxy,
                                   why);
        else
            close(fds[0]);
    }
    crypto_web_wipe(&kds->web);
    return done;
}

void run_kds_stop(struct run_kds *kds) {
    if (kds == NULL) return;
    kds_proxy_stop(kds->proxy); /* before HTTP: it hands connections over */
    kds_http_stop(kds->http);
    if (kds->folder[0] != 0) {
        (void)unlink(kds->bundle);
        (void)unlink(kds->hosts);
        (void)rmdir(kds->folder);
    }
    crypto_web_wipe(&kds->web);
    free(kds->https_proxy);
    free(kds->no_proxy);
    free(kds);
}
