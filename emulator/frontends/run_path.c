/* See run_core.h. Most paths are told from the device's by their text alone; only one that has the device's
 * name in it costs a look into /proc. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontends/run_core.h"

static const char *const device_path[] = {"dev", "sev-guest"};
#define DEPTH 2

/* How far a walk from the root has come: components, and how many of the first are the device's. */
struct walk {
    size_t depth, same;
    bool below; /* something followed the device's name */
};

static void step(struct walk *w, const char *name, size_t size) {
    if (w->depth == DEPTH && w->same == DEPTH) w->below = true;
    if (size == 1 && name[0] == '.') return;
    if (size == 2 && memcmp(name, "..", 2) == 0) {
        if (w->depth > 0) w->depth--;
        if (w->same > w->depth) w->same = w->depth;
        return;
    }
    if (w->same == w->depth && w->depth < DEPTH && strlen(device_path[w->depth]) == size &&
        memcmp(device_path[w->depth], name, size) == 0)
        w->same++;
    w->depth++;
}

static void follow(struct walk *w, const char *path) {
    while (!w->below && *path != 0) {
        const size_t size = strcspn(path, "/");
        if (size != 0) step(w, path, size);
        path += size;
        if (*path == '/' && w->depth == DEPTH && w->same == DEPTH) w->below = true;
        path += strspn(path, "/");
    }
}

/* Where a relative path starts. Empty, and so nothing of ours, where it cannot be seen. */
static void start(const struct run_caller *caller, int dirfd, char out[PATH_MAX]) {
    char link[64];
    if (dirfd == AT_FDCWD)
        (void)snprintf(link, sizeof link, "/proc/%d/cwd", caller->tid);
    else
        (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", caller->tid, dirfd);
    const ssize_t size = readlink(link, out, PATH_MAX - 1);
    out[size > 0 && run_caller_alive(caller) ? size : 0] = 0;
}

enum run_path run_path_of(const struct run_caller *caller, int dirfd, bool in_root,
                          const char *path) {
    struct walk w = {0};
    if (strstr(path, device_path[DEPTH - 1]) == NULL) return RUN_PATH_OTHER;
    if (*path != '/' || in_root) {
        char base[PATH_MAX];
        start(caller, dirfd, base);
        if (*base != '/') return RUN_PATH_OTHER;
        follow(&w, base);
        if (w.below || w.same == DEPTH) return RUN_PATH_OTHER; /* a descriptor of another sort */
    }
    follow(&w, path);
    if (w.below) return RUN_PATH_BELOW;
    return w.depth == DEPTH && w.same == DEPTH ? RUN_PATH_DEVICE : RUN_PATH_OTHER;
}
