/* The command line of suite-runner. Design section 4. */
#ifndef SUITE_OPTIONS_H
#define SUITE_OPTIONS_H

#include "sevkit/profile.h"
#include "sevkit/sev_guest.h"

/* Exit codes of every sevkit command. */
#define SUITE_EXIT_OK 0
#define SUITE_EXIT_FAILED 1
#define SUITE_EXIT_USAGE 2
#define SUITE_EXIT_UNAVAILABLE 3
#define SUITE_EXIT_SKIPPED 77

#define SUITE_AREAS_MAX 32

struct suite_options {
    const char *target;
    size_t area_count; /* 0: all */
    const char *areas[SUITE_AREAS_MAX];
    const char *filter; /* NULL: all */
    bool list;
    bool tap;
    const char *json; /* NULL, a file, or "-" */
    const char *profile_name;
    struct sevkit_profile profile;
    unsigned shard_index, shard_count; /* 1-based index */
    uint64_t seed;
    enum drv_kernel kernel;
    bool kernel_given;
    double rate; /* requests a second to a real machine */
    bool allow_destructive, show_chip_id;
    int serve_socket, serve_user; /* --serve; -1 without */
    const char *serve_path;       /* --serve; NULL without */
};

/* Whether --profile NAME is a file: it has a '/' or ends in ".json". */
bool suite_profile_is_path(const char *name);

/* Reads the command line. True: run. False: *EXIT_CODE is the program's, and what there was to say has
 * been said (help and version on stdout, mistakes on stderr). */
bool suite_options_parse(int argc, char **argv, struct suite_options *options, int *exit_code);

#endif
