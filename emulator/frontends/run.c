/* psp-run: options, the parent's side of the start, exit codes. run.h has the choreography. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/load.h"
#include "frontends/run_core.h"

struct given {
    struct world_options world;
    enum run_kds_mode kds;
    const char *trace;
    char **program;
};

/* ---- options ---- */

static bool read_kernel(const char *text, enum drv_kernel *kernel) {
    if (text == NULL || drv_kernel_parse(text, kernel)) return true;
    cli_bad_option("--kernel", text, "must be 5.19, 6.1.0, 6.6, 6.12, 6.16 or latest");
    return false;
}

static bool read_seed(const char *text, struct world_options *world) {
    world->seeded = text != NULL;
    if (text == NULL || cli_number_parse(text, UINT64_MAX, &world->seed)) return true;
    cli_bad_option("--seed", text, "must be a number of at most 64 bits");
    return false;
}

static bool read_at(const char *text, struct world_options *world) {
    world->at_given = text != NULL;
    if (text == NULL || cli_time_parse(text, &world->at)) return true;
    cli_bad_option("--at", text, "must be a time in UTC like 2026-01-01T00:00:00Z");
    return false;
}

/* --kds may carry a value, which no other option does: taken out of the ARGC arguments before the rest is
 * read. */
static bool take_kds_value(int *argc, char **argv, enum run_kds_mode *mode) {
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (strncmp(argv[i], "--kds=", 6) != 0) {
            argv[kept++] = argv[i];
        } else if (strcmp(argv[i] + 6, "netns") == 0) {
            *mode = RUN_KDS_NETNS;
        } else {
            cli_bad_option("--kds", argv[i] + 6, "must be netns, or no value");
            return false;
        }
    }
    *argc = kept;
    return true;
}

/* How many of ARGV come before "--". */
static int count_own(int argc, char **argv) {
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--") == 0) return i;
    return argc;
}

/* False: return *EXIT. */
static bool read_options(int argc, char **argv, struct given *given, int *exit) {
    const char *profile = NULL, *scenario = NULL, *kernel = NULL, *seed = NULL, *at = NULL;
    bool kds = false, no_tsm = false;
    const struct cli_option options[] = {
        {"--profile", "P", "a profile's name or file; default " SEVKIT_PROFILE_DEFAULT, &profile,
         NULL, NULL},
        {"--scenario", "S", "a scenario's name or file: how the world misbehaves", &scenario, NULL,
         NULL},
        {"--kernel", "GEN", "the driver of Linux 5.19, 6.1.0, 6.6, 6.12 (default), 6.16 or latest",
         &kernel, NULL, NULL},
        {"--kds", "[=netns]",
         "AMD's key distribution service at its own host name: through a\n"
         "proxy on this machine, told by HTTPS_PROXY and SSL_CERT_FILE; or\n"
         "netns: in a network of its own, where the program has loopback only",
         NULL, &kds, NULL},
        {"--no-tsm", NULL, "no configfs-tsm", NULL, &no_tsm, NULL},
        {"--trace", "FILE", "each request and answer as a line of JSON", &given->trace, NULL, NULL},
        {"--seed", "N", "all randomness follows from N", &seed, NULL, NULL},
        {"--at", "TIME", "the machine's clock stands, 2026-01-01T00:00:00Z; default: it runs", &at,
         NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "psp-run",
        .usage = "[options] -- PROGRAM [ARGUMENT ...]",
        .summary =
            "Runs PROGRAM with an emulated /dev/sev-guest and configfs-tsm of an SEV-SNP\n"
            "guest. No root, no kernel module. The keys are published test keys. Exits with\n"
            "PROGRAM's code; 125 psp-run failed, 126 PROGRAM cannot be executed, 127 it was\n"
            "not found, 128+N signal N ended it.",
        .options = options,
    };
    struct cli_list operands;
    int own = count_own(argc, argv);
    given->program = own < argc ? argv + own + 1 : argv + argc;
    *exit = RUN_FAILED;
    if (!take_kds_value(&own, argv, &given->kds)) return false;
    int code;
    if (!cli_parse(&command, own, argv, &operands, &code)) {
        *exit = code == CLI_OK ? cli_finish(CLI_OK) : RUN_FAILED;
        return false;
    }
    if (given->program[0] == NULL) {
        cli_bad_option("--", NULL, "must be followed by the program to run");
        return false;
    }
    if (kds && given->kds == RUN_KDS_OFF) given->kds = RUN_KDS_PROXY;
    const struct sevkit_result r = world_defaults(&given->world);
    if (!sevkit_ok(r)) {
        cli_bad_result(SEVKIT_PROFILE_DEFAULT, r);
        return false;
    }
    if (no_tsm) given->world.tsm = false;
    if (profile != NULL && !load_profile(profile, &given->world.profile)) return false;
    if (scenario != NULL && !load_scenario(scenario, &given->world.scenario)) return false;
    return read_kernel(kernel, &given->world.kernel) && read_seed(seed, &given->world) &&
           read_at(at, &given->world);
}

/* ---- the start ---- */

/* What there is to be stopped at the end. */
struct run {
    struct given given;
    struct world *world;
    struct run_trace *trace;
    struct run_device device;
    struct run_kds *kds;
    struct run_tsm *tsm;
    struct run_session session;
};

static bool complain(const char *what, const char *why) {
    fprintf(stderr, "psp-run: %s: %s\n", what, why);
    return false;
}

static void warn_no_tsm(const char *why) {
    fprintf(stderr, "psp-run: configfs-tsm is absent: %s\n", why);
}

/* One step that the child reports. False after a message: the program cannot start. */
static bool take_step(struct run *run, const struct run_message *message) {
    char why[RUN_WHY_SIZE];
    memcpy(why, message->why, sizeof why);
    switch (message->step) {
    case RUN_STEP_NAMESPACES:
        if (message->ok) return true;
        if (run->given.kds == RUN_KDS_NETNS) return complain("--kds=netns", why);
        warn_no_tsm(why);
        return true;
    case RUN_STEP_TSM:
        if (!message->ok || !run_tsm_start(run->world, run->trace, message->fds[0], &run->tsm, why))
            warn_no_tsm(why);
        return true;
    case RUN_STEP_KDS:
        if (message->ok && run_kds_start(run->kds, message->fds, message->fd_count, why))
            return true;
        return complain("--kds", why);
    case RUN_STEP_FILTER:
        if (!message->ok) return complain("cannot supervise", why);
        run->session.notify_fd = message->fds[0];
        run->session.restarts = message->restarts;
        return true;
    case RUN_STEP_EXEC: return complain("child", "out of step");
    }
    return false;
}

static bool start_child(struct run *run) {
    struct run_message message;
    do {
        if (!run_receive(run->session.channel, &message))
            return complain("child", "ended before the program started");
        if (!take_step(run, &message)) return false;
    } while (message.step != RUN_STEP_FILTER);
    const struct run_message go = {.step = RUN_STEP_EXEC, .ok = true};
    return run_send(run->session.channel, &go) || complain("child", "is gone");
}

static bool make_child(struct run *run) {
    const struct run_plan plan = {.kds = run->kds,
                                  .kds_mode = run->given.kds,
                                  .tsm = world_tsm(run->world) != NULL,
                                  .program = run->given.program};
    int ends[2];
    sigset_t set, old;
    const pid_t parent = getpid();
    run_signals(&set);
    if (sigprocmask(SIG_BLOCK, &set, &old) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 ||
        (run->session.signal_fd = signalfd(-1, &set, SFD_CLOEXEC)) < 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return complain("start", strerror(errno));
    run->session.child = fork();
    if (run->session.child == 0) {
        close(ends[0]);
        run_child(&plan, ends[1], parent, &old);
    }
    close(ends[1]);
    run->session.channel = ends[0];
    if (run->session.child < 0) return complain("fork", strerror(errno));
    (void)signal(SIGPIPE, SIG_IGN); /* a client of the key service may go away */
    return true;
}

/* All but the program. False after a message. */
static bool prepare(struct run *run) {
    char why[RUN_WHY_SIZE] = "";
    const struct sevkit_result r = world_new(&run->given.world, &run->world);
    if (!sevkit_ok(r)) {
        cli_bad_result("machine", r);
        return false;
    }
    if (run->given.trace != NULL && !run_trace_open(run->given.trace, &run->trace, why))
        return complain("--trace", why);
    if (!run_kds_prepare(run->world, run->given.kds, &run->kds, why)) return complain("--kds", why);
    if (world_guest(run->world) == NULL) {
        fprintf(stderr, "psp-run: /dev/sev-guest is absent: the driver's probe failed: %s\n",
                strerror(-world_probe_error(run->world)));
        return true;
    }
    if (!run_device_make(&run->device, why)) return complain("device", why);
    run->session.device = &run->device;
    return true;
}

static int exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int supervise(struct run *run) {
    struct run_session *s = &run->session;
    s->world = run->world;
    s->trace = run->trace;
    s->program = run->given.program[0];
    if (!start_child(run)) {
        (void)kill(s->child, SIGKILL);
        (void)waitpid(s->child, NULL, 0);
        return RUN_FAILED;
    }
    return exit_code(run_supervise(s));
}

/* The trace's last line: how many requests there were, and how many of them the firmware saw. */
static int finish_trace(struct run *run, int code) {
    struct vmm_machine *machine = world_machine(run->world);
    run_trace_event(run->trace, "end",
                    json_pack("{sI sI si}", "requests", (json_int_t)vmm_machine_requests(machine),
                              "fw_requests", (json_int_t)vmm_machine_fw_requests(machine), "exit",
                              code));
    if (run_trace_close(run->trace)) return code;
    (void)complain(run->given.trace, "not everything could be written");
    return RUN_FAILED;
}

int main(int argc, char **argv) {
    static struct run run = {.device.fd = -1};
    int code;
    if (!read_options(argc - 1, argv + 1, &run.given, &code)) return code;
    code = RUN_FAILED;
    if (prepare(&run) && make_child(&run)) code = supervise(&run);
    run_tsm_stop(run.tsm);
    run_kds_stop(run.kds);
    if (run.world != NULL) code = finish_trace(&run, code);
    run_device_close(&run.device);
    world_free(run.world);
    return code;
}
