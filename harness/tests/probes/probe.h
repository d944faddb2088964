/* A probe: a program of named cases that run under psp-run. Without an argument it lists them, with a name it
 * runs that one; each check that fails is a line, and the exit code says whether there was one. */
#ifndef PROBES_PROBE_H
#define PROBES_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int probe_failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: %s (errno %d)\n", __LINE__, #condition, errno);                       \
            probe_failures++;                                                                      \
        }                                                                                          \
    } while (0)

/* CALL fails with EXPECTED. */
#define CHECK_ERRNO(call, expected)                                                                \
    do {                                                                                           \
        errno = 0;                                                                                 \
        const long result_ = (long)(call);                                                         \
        if (result_ >= 0 || errno != (expected)) {                                                 \
            printf("line %d: %s: result %ld, errno %d (%s), expected %s\n", __LINE__, #call,       \
                   result_, errno, strerror(errno), #expected);                                    \
            probe_failures++;                                                                      \
        }                                                                                          \
    } while (0)

struct probe_case {
    const char *name;
    void (*run)(void);
};

static int probe_main(int argc, char **argv, const struct probe_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (argc < 2) (void)puts(cases[i].name);
        if (argc < 2 || strcmp(argv[1], cases[i].name) != 0) continue;
        cases[i].run();
        return probe_failures != 0;
    }
    return argc < 2 ? 0 : 2;
}

#endif
