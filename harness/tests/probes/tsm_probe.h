/* The frame of the tsm probes: small programs that run under psp-run and say what went wrong. A probe runs
 * the case that its argument names: exit code 0, or 1 and one line for each wrong answer. Without an
 * argument it lists its cases. */
#ifndef PROBES_TSM_PROBE_H
#define PROBES_TSM_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct probe_case {
    const char *name;
    void (*run)(void);
};

static int probe_failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: %s (errno %d)\n", __LINE__, #condition, errno);                       \
            probe_failures++;                                                                      \
        }                                                                                          \
    } while (0)

/* EXPRESSION fails, with ERROR. */
#define CHECK_ERRNO(expression, error)                                                             \
    do {                                                                                           \
        errno = 0;                                                                                 \
        const long probe_result = (long)(expression);                                              \
        if (probe_result >= 0 || errno != (error)) {                                               \
            printf("line %d: %s: result %ld, errno %d (%s), expected %s\n", __LINE__, #expression, \
                   probe_result, errno, strerror(errno), #error);                                  \
            probe_failures++;                                                                      \
        }                                                                                          \
    } while (0)

static int probe_main(int argc, char **argv, const struct probe_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (argc < 2) printf("%s\n", cases[i].name);
        if (argc >= 2 && strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return probe_failures != 0;
        }
    }
    return argc < 2 ? 0 : 2;
}

#endif
