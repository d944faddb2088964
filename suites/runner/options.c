/* The command line of suite-runner. Design section 4. */
#include "runner/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/registry.h"

static const char help[] =
    "usage: suite-runner [options]\n"
    "\n"
    "Runs sevkit's conformance tests against a target.\n"
    "\n"
    "  --target T     what is tested (default: embedded)\n"
    "  --area A       only this area; may be repeated\n"
    "  --filter GLOB  only tests whose id matches, as in 'message.tag.*'\n"
    "  --list         print the tests instead of running them\n"
    "  --profile P    a built-in profile, or a file's path (default: " SEVKIT_PROFILE_DEFAULT ")\n"
    "  --tap          print TAP version 13\n"
    "  --json FILE    write one JSON object a line to FILE; '-': to stdout, with no other text "
    "there\n"
    "  --shard I/N    only every Nth test, from the Ith\n"
    "  --seed N       randomness of the machine and of the tests (default: 1)\n"
    "  --kernel GEN   only this generation of Linux: 5.19, 6.1.0, 6.6, 6.12, 6.16, latest "
    "(default: every\n"
    "                 one that the target can show, 6.12 where one must do)\n"
    "  --rate N       requests a second to a real machine (default: 0.5)\n"
    "  --allow-destructive  also tests after which a real machine's VMPCK is lost until it is "
    "rebooted\n"
    "  --show-chip-id       a real machine's chip id is in the results\n"
    "  --serve S,M    for suite-runner's own use: makes the system calls of another one\n"
    "  --serve PATH   the same in a guest, over a character device; PATH has a '/'\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 all passed, 1 a test failed, 2 bad usage, 3 target not available, 77 all "
    "skipped.\n";

enum option_id {
    OPTION_TARGET = 256,
    OPTION_AREA,
    OPTION_FILTER,
    OPTION_LIST,
    OPTION_TAP,
    OPTION_JSON,
    OPTION_PROFILE,
    OPTION_SHARD,
    OPTION_SEED,
    OPTION_KERNEL,
    OPTION_RATE,
    OPTION_DESTRUCTIVE,
    OPTION_CHIP_ID,
    OPTION_SERVE,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option long_options[] = {
    {"target", required_argument, NULL, OPTION_TARGET},
    {"area", required_argument, NULL, OPTION_AREA},
    {"filter", required_argument, NULL, OPTION_FILTER},
    {"list", no_argument, NULL, OPTION_LIST},
    {"tap", no_argument, NULL, OPTION_TAP},
    {"json", required_argument, NULL, OPTION_JSON},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"shard", required_argument, NULL, OPTION_SHARD},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"kernel", required_argument, NULL, OPTION_KERNEL},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"allow-destructive", no_argument, NULL, OPTION_DESTRUCTIVE},
    {"show-chip-id", no_argument, NULL, OPTION_CHIP_ID},
    {"serve", required_argument, NULL, OPTION_SERVE},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static bool complain(int *exit_code, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool complain(int *exit_code, int code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("suite-runner: ", stderr);
    (void)vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    *exit_code = code;
    return false;
}

static bool read_number(const char *text, uint64_t *number) {
    if (text[0] < '0' || text[0] > '9') return false;
    char *end;
    const unsigned long long value = strtoull(text, &end, 0);
    *number = value;
    return *end == '\0' && value != UINT64_MAX;
}

static bool read_shard(const char *text, struct suite_options *options) {
    char index[16];
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof index) return false;
    memcpy(index, text, (size_t)(slash - text));
    index[slash - text] = '\0';
    uint64_t i, n;
    if (!read_number(index, &i) || !read_number(slash + 1, &n)) return false;
    if (i < 1 || i > n || n > 10000) return false;
    options->shard_index = (unsigned)i;
    options->shard_count = (unsigned)n;
    return true;
}

/* Real machines answer some requests a second at best; a rate beyond a million is a mistake. */
static bool read_rate(const char *text, double *rate) {
    char *end;
    *rate = strtod(text, &end);
    return end != text && *end == '\0' && *rate >= 1e-6 && *rate <= 1e6;
}

static bool read_file(const char *path, char **text, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    const size_t capacity = 1 << 20; /* no profile comes near 1 MiB */
    *text = malloc(capacity);
    *size = *text == NULL ? 0 : fread(*text, 1, capacity, file);
    const bool good = *text != NULL && !ferror(file) && *size < capacity;
    fclose(file);
    if (!good) free(*text);
    return good;
}

/* A name with a '/' or ending in ".json" is a path. */
bool suite_profile_is_path(const char *name) {
    const size_t size = strlen(name);
    return strchr(name, '/') != NULL || (size > 5 && strcmp(name + size - 5, ".json") == 0);
}

static bool read_profile(struct suite_options *options, int *exit_code) {
    struct sevkit_result r;
    if (suite_profile_is_path(options->profile_name)) {
        char *text;
        size_t size;
        if (!read_file(options->profile_name, &text, &size))
            return complain(exit_code, SUITE_EXIT_USAGE, "--profile: cannot read %s",
                            options->profile_name);
        r = vmm_profile_parse(text, size, &options->profile);
        free(text);
    } else {
        r = vmm_profile_builtin(options->profile_name, &options->profile);
    }
    if (sevkit_ok(r)) return true;
    char why[256];
    sevkit_result_text(&r, why, sizeof why);
    return complain(exit_code, SUITE_EXIT_USAGE, "--profile %s: %s", options->profile_name, why);
}

static bool check_target(const char *name, int *exit_code) {
    switch (target_known(name)) {
    case TARGET_BUILT: return true;
    case TARGET_NOT_BUILT:
        return complain(exit_code, SUITE_EXIT_UNAVAILABLE,
                        "--target %s: this build does not carry that target", name);
    case TARGET_UNKNOWN: break;
    }
    return complain(exit_code, SUITE_EXIT_USAGE, "--target %s: unknown target", name);
}

/* An option that says something of the target. */
static bool take_target_option(int id, const char *argument, struct suite_options *options,
                               int *exit_code) {
    switch (id) {
    case OPTION_KERNEL:
        options->kernel_given = true;
        if (drv_kernel_parse(argument, &options->kernel)) return true;
        return complain(exit_code, SUITE_EXIT_USAGE,
                        "--kernel %s: must be 5.19, 6.1.0, 6.6, 6.12, 6.16 or latest", argument);
    case OPTION_RATE:
        if (read_rate(argument, &options->rate)) return true;
        return complain(exit_code, SUITE_EXIT_USAGE,
                        "--rate %s: must be a number from 0.000001 to 1000000", argument);
    case OPTION_DESTRUCTIVE: options->allow_destructive = true; return true;
    case OPTION_CHIP_ID: options->show_chip_id = true; return true;
    case OPTION_SERVE:
        if (strchr(argument, '/') != NULL) {
            options->serve_path = argument;
            return true;
        }
        if (sscanf(argument, "%d,%d", &options->serve_socket, &options->serve_user) == 2)
            return true;
        return complain(exit_code, SUITE_EXIT_USAGE,
                        "--serve %s: must be two descriptors or a path with a '/'", argument);
    default: return complain(exit_code, SUITE_EXIT_USAGE, "try --help");
    }
}

/* One option; false when it is wrong. */
static bool take(int id, const char *argument, struct suite_options *options, int *exit_code) {
    switch (id) {
    case OPTION_TARGET: options->target = argument; return true;
    case OPTION_AREA:
        if (!suite_registry_has_area(argument))
            return complain(exit_code, SUITE_EXIT_USAGE, "--area %s: unknown area", argument);
        if (options->area_count == SUITE_AREAS_MAX)
            return complain(exit_code, SUITE_EXIT_USAGE, "--area: at most %d", SUITE_AREAS_MAX);
        options->areas[options->area_count++] = argument;
        return true;
    case OPTION_FILTER: options->filter = argument; return true;
    case OPTION_LIST: options->list = true; return true;
    case OPTION_TAP: options->tap = true; return true;
    case OPTION_JSON: options->json = argument; return true;
    case OPTION_PROFILE: options->profile_name = argument; return true;
    case OPTION_SHARD:
        if (read_shard(argument, options)) return true;
        return complain(exit_code, SUITE_EXIT_USAGE, "--shard %s: must be I/N with 1 <= I <= N",
                        argument);
    case OPTION_SEED:
        if (read_number(argument, &options->seed)) return true;
        return complain(exit_code, SUITE_EXIT_USAGE, "--seed %s: must be a number", argument);
    default: return take_target_option(id, argument, options, exit_code);
    }
}

bool suite_options_parse(int argc, char **argv, struct suite_options *options, int *exit_code) {
    memset(options, 0, sizeof *options);
    options->target = "embedded";
    options->profile_name = SEVKIT_PROFILE_DEFAULT;
    options->shard_index = 1;
    options->shard_count = 1;
    options->seed = 1;
    options->kernel = DRV_KERNEL_DEFAULT;
    options->rate = 0.5;
    options->serve_socket = options->serve_user = -1;
    *exit_code = SUITE_EXIT_OK;
    for (;;) {
        const int id = getopt_long(argc, argv, "", long_options, NULL);
        if (id == -1) break;
        if (id == OPTION_HELP) {
            fputs(help, stdout);
            return false;
        }
        if (id == OPTION_VERSION) {
            puts("suite-runner " SEVKIT_VERSION);
            return false;
        }
        if (!take(id, optarg, options, exit_code)) return false;
    }
    if (optind < argc)
        return complain(exit_code, SUITE_EXIT_USAGE, "unexpected argument %s", argv[optind]);
    if (options->tap && options->json != NULL && strcmp(options->json, "-") == 0)
        return complain(exit_code, SUITE_EXIT_USAGE, "--tap and --json -: both want stdout");
    return check_target(options->target, exit_code) && read_profile(options, exit_code);
}
