/* pspd: options, start and end. docs/socket.md is what it speaks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/pspd.h"

#define JSON_MAX 0x10000
#define PATH_SIZE 512 /* a socket's address holds less */

struct given {
    const char *listen, *kds, *state, *profile, *scenario, *kernel, *seed, *at, *cuse_vmpl;
    bool cuse;
};

static bool is_path(const char *text) {
    const size_t size = strlen(text);
    return strchr(text, '/') != NULL || (size > 5 && strcmp(text + size - 5, ".json") == 0);
}

/* What TEXT names, as load.c has it; a file's text is kept, so that a saved machine can tell. */
static bool read_thing(struct pspd_options *options, const char *option, const char *text,
                       struct sevkit_result (*set)(struct pspd_options *options, const char *name,
                                                   const char *json, size_t size)) {
    if (text == NULL) return true;
    if (!is_path(text)) {
        if (sevkit_ok(set(options, text, NULL, 0))) return true;
        cli_bad_option(option, text, "must be built in or the path of a .json file");
        return false;
    }
    struct cli_file file;
    if (!cli_file_read(text, JSON_MAX, &file)) return false;
    const struct sevkit_result r = set(options, NULL, (const char *)file.bytes, file.size);
    cli_file_free(&file);
    if (!sevkit_ok(r)) cli_bad_result(text, r);
    return sevkit_ok(r);
}

static bool read_numbers(const struct given *given, struct world_options *world) {
    world->seeded = given->seed != NULL;
    world->at_given = given->at != NULL;
    if (given->kernel != NULL && !drv_kernel_parse(given->kernel, &world->kernel)) {
        cli_bad_option("--kernel", given->kernel, "must be 5.19, 6.1.0, 6.6, 6.12, 6.16 or latest");
        return false;
    }
    if (given->seed != NULL && !cli_number_parse(given->seed, UINT64_MAX, &world->seed)) {
        cli_bad_option("--seed", given->seed, "must be a number of at most 64 bits");
        return false;
    }
    if (given->at != NULL && !cli_time_parse(given->at, &world->at)) {
        cli_bad_option("--at", given->at, "must be a time in UTC like 2026-01-01T00:00:00Z");
        return false;
    }
    return true;
}

static bool read_options(int argc, char **argv, struct given *given, int *exit) {
    const struct cli_option options[] = {
        {"--listen", "PATH",
         "data socket at PATH, control socket at PATH.control;\n"
         "default: pspd.sock in XDG_RUNTIME_DIR, or in /tmp",
         &given->listen, NULL, NULL},
        {"--state", "DIR",
         "named machines are kept in DIR: what was answered survives the\n"
         "death of the process at any moment",
         &given->state, NULL, NULL},
        {"--profile", "P", "a profile's name or file; default " SEVKIT_PROFILE_DEFAULT,
         &given->profile, NULL, NULL},
        {"--scenario", "S", "a scenario's name or file: how the world misbehaves", &given->scenario,
         NULL, NULL},
        {"--kernel", "GEN", "the driver of Linux 5.19, 6.1.0, 6.6, 6.12 (default), 6.16 or latest",
         &given->kernel, NULL, NULL},
        {"--seed", "N", "all randomness of a machine follows from N", &given->seed, NULL, NULL},
        {"--at", "TIME", "machines' clocks stand, 2026-01-01T00:00:00Z; default: they run",
         &given->at, NULL, NULL},
        {"--kds", "ADDR:PORT",
         "the key distribution service over HTTPS; its CA is written to\n"
         "PATH.kds-ca.pem, port 0 takes any",
         &given->kds, NULL, NULL},
        {"--cuse", NULL,
         "a real /dev/sev-guest, of the guest cuse of the machine cuse; needs\n"
         "root and the kernel's module `cuse`",
         NULL, &given->cuse, NULL},
        {"--cuse-vmpl", "N", "the VMPL of that guest's kernel, 0 (default) to 3", &given->cuse_vmpl,
         NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "pspd",
        .usage = "[options]",
        .summary = "Emulated SEV-SNP machines and guests behind a socket, until SIGTERM. The keys\n"
                   "are published test keys. docs/socket.md tells what it speaks.",
        .options = options,
    };
    struct cli_list operands;
    return cli_parse(&command, argc, argv, &operands, exit);
}

static bool make_options(const struct given *given, struct pspd_options *options) {
    const struct sevkit_result r = world_defaults(&options->world);
    if (!sevkit_ok(r)) {
        cli_bad_result(SEVKIT_PROFILE_DEFAULT, r);
        return false;
    }
    options->world.tsm = false; /* a client that wants it builds it over the ioctl */
    return read_thing(options, "--profile", given->profile, pspd_set_profile) &&
           read_thing(options, "--scenario", given->scenario, pspd_set_scenario) &&
           read_numbers(given, &options->world);
}

static void default_path(char out[PATH_SIZE]) {
    const char *dir = getenv("XDG_RUNTIME_DIR");
    (void)snprintf(out, PATH_SIZE, "%s/pspd.sock", dir != NULL && *dir != 0 ? dir : "/tmp");
}

/* PATH with an ending, for the files beside the data socket. */
static void beside(const char *path, const char *ending, char out[PATH_SIZE]) {
    (void)snprintf(out, PATH_SIZE, "%.400s%s", path, ending);
}

static bool read_vmpl(const struct given *given, uint64_t *vmpl) {
    *vmpl = 0;
    if (given->cuse_vmpl == NULL) return true;
    if (!given->cuse) {
        cli_bad_option("--cuse-vmpl", given->cuse_vmpl, "needs --cuse");
        return false;
    }
    if (cli_number_parse(given->cuse_vmpl, PSPD_VMPLS - 1, vmpl)) return true;
    cli_bad_option("--cuse-vmpl", given->cuse_vmpl, "must be 0 to 3");
    return false;
}

static int serve(struct pspd *pspd, const char *path, const char *kds, struct pspd_cuse *cuse) {
    struct pspd_kds_server *server;
    char control[PATH_SIZE], ca[PATH_SIZE];
    int fds[2], exit;
    if (!pspd_listen(path, fds, &exit)) return exit;
    beside(path, ".control", control);
    beside(path, ".kds-ca.pem", ca);
    if (pspd_kds_start(&pspd->options, kds, ca, &server, &exit)) exit = pspd_serve(pspd, fds, cuse);
    pspd_kds_stop(server);
    if (kds != NULL) (void)unlink(ca);
    (void)unlink(path);
    (void)unlink(control);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return exit;
}

int main(int argc, char **argv) {
    struct given given = {0};
    struct pspd pspd = {.state_dir = -1};
    struct pspd_cuse *cuse = NULL;
    uint64_t vmpl;
    char path[PATH_SIZE];
    int exit;
    if (!read_options(argc - 1, argv + 1, &given, &exit)) return cli_finish(exit);
    exit = CLI_USAGE;
    default_path(path);
    bool ready = read_vmpl(&given, &vmpl) && make_options(&given, &pspd.options);
    if (ready && given.state != NULL) ready = pspd_state_open(&pspd, given.state, &exit);
    pspd_block_signals();
    if (ready && given.cuse) ready = pspd_cuse_start(&pspd, (unsigned)vmpl, &cuse, &exit);
    if (ready) exit = serve(&pspd, given.listen != NULL ? given.listen : path, given.kds, cuse);
    pspd_cuse_stop(cuse);
    while (pspd.machines != NULL) pspd_machine_remove(&pspd, pspd.machines);
    pspd_options_free(&pspd.options);
    if (pspd.state_dir >= 0) (void)close(pspd.state_dir);
    return exit;
}
