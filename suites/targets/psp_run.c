/* The target psp-run: the calls are made by a process that psp-run runs, with real system calls. A boot starts
 * psp-run anew, so that machine, driver and configfs-tsm are fresh. Design section 3. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/ops.h"

#define PATH_SIZE 4096
#define ARGUMENTS_MAX 24

struct psp_run {
    struct sevkit_profile profile;
    const char *profile_name;
    char seed[24];
    enum drv_kernel kernel;
    bool only_kernel;
    bool tsm; /* FUSE is there and allowed */
    char program[PATH_SIZE], self[PATH_SIZE];
    int socket; /* to the process under psp-run; -1: none runs */
    pid_t pid;  /* psp-run's */
};

static struct sevkit_result unavailable(const char *field, const char *rule) {
    return sevkit_fail(SEVKIT_NOT_FOUND, field, SEVKIT_NO_OFFSET, (uint64_t)errno, rule);
}

/* psp-run lies beside this program. */
static struct sevkit_result find_programs(struct psp_run *p) {
    const ssize_t size = readlink("/proc/self/exe", p->self, sizeof p->self - 1);
    if (size <= 0) return unavailable("/proc/self/exe", "can be read");
    p->self[size] = '\0';
    const char *slash = strrchr(p->self, '/');
    const int folder = (int)(slash - p->self);
    if ((size_t)snprintf(p->program, sizeof p->program, "%.*s/psp-run", folder, p->self) >=
            sizeof p->program ||
        access(p->program, X_OK) != 0)
        return unavailable("psp-run", "lies beside suite-runner");
    return sevkit_success();
}

static struct sevkit_result look_for_tsm(struct psp_run *p);

static struct sevkit_result psp_run_open(const char *path, const struct target_options *options,
                                         void **state) {
    (void)path;
    struct psp_run *p = calloc(1, sizeof *p);
    if (p == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    p->profile = *options->profile;
    p->profile_name = options->profile_name;
    p->kernel = options->kernel;
    p->only_kernel = options->only_kernel;
    p->socket = -1;
    (void)snprintf(p->seed, sizeof p->seed, "%llu", (unsigned long long)options->seed);
    *state = p;
    SEVKIT_TRY(find_programs(p));
    SEVKIT_TRY(target_user_map(-1));
    return look_for_tsm(p);
}

/* The process ends when its socket closes, and psp-run with it. Its wait status. */
static int stop(struct psp_run *p) {
    int status = 0;
    if (p->socket < 0) return status;
    close(p->socket);
    p->socket = -1;
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static void psp_run_close(void *state) {
    (void)stop(state);
    free(state);
}

/* The text as a file, named by /proc; -1 on failure. */
static int text_file(const char *text) {
    const int fd = memfd_create("scenario", 0);
    const size_t size = strlen(text);
    if (fd >= 0 && write(fd, text, size) == (ssize_t)size) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static void run_child(const struct psp_run *p, const struct target_guest *guest, int socket,
                      int scenario, int errors) {
    char serve[32], scenario_path[64];
    const char *argv[ARGUMENTS_MAX] = {
        p->program, "--profile", p->profile_name, "--kernel", drv_kernel_name(guest->kernel),
        "--seed",   p->seed};
    size_t n = 7;
    if (!guest->tsm) argv[n++] = "--no-tsm";
    if (scenario >= 0) {
        (void)snprintf(scenario_path, sizeof scenario_path, "/proc/self/fd/%d", scenario);
        argv[n++] = "--scenario";
        argv[n++] = scenario_path;
    }
    const int user = dup(target_user_fd()); /* without close-on-exec */
    (void)snprintf(serve, sizeof serve, "%d,%d", socket, user);
    argv[n++] = "--";
    argv[n++] = p->self;
    argv[n++] = "--serve";
    argv[n] = serve;
    if (user >= 0 && dup2(errors, STDERR_FILENO) >= 0) execv(p->program, (char *const *)argv);
    _exit(127);
}

/* What psp-run has said about its failure, for the reason; kept for the process's life. */
static const char *last_words(int errors, int status) {
    static char words[200];
    const ssize_t size = pread(errors, words, sizeof words - 1, 0);
    words[size > 0 ? size : 0] = '\0';
    words[strcspn(words, "\n")] = '\0';
    if (words[0] == '\0')
        (void)snprintf(words, sizeof words, "psp-run ended without a word, wait status 0x%x",
                       (unsigned)status);
    return words;
}

static struct sevkit_result start(struct psp_run *p, const struct target_guest *guest, int scenario,
                                  int errors) {
    int ends[2];
    long ready;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return unavailable("socketpair", "can be made");
    p->pid = fork();
    if (p->pid == 0) run_child(p, guest, dup(ends[1]), scenario, errors);
    close(ends[1]);
    if (p->pid < 0) {
        close(ends[0]);
        return unavailable("fork", "a process can be made");
    }
    p->socket = ends[0];
    if (recv(p->socket, &ready, sizeof ready, 0) == sizeof ready) return sevkit_success();
    return unavailable("psp-run", last_words(errors, stop(p)));
}

static long psp_run_syscall(void *state, const struct target_syscall *call) {
    const struct psp_run *p = state;
    return target_syscall_there(p->socket, call);
}

static long stat_path(struct psp_run *p, const char *path) {
    strcpy((char *)target_user(TARGET_USER_BASE), path);
    const struct target_syscall call = {.nr = TARGET_SYS_STAT,
                                        .args = {TARGET_USER_BASE, TARGET_USER_BASE + 64}};
    return psp_run_syscall(p, &call);
}

/* Without a node the driver's probe has failed. Its errno is in psp-run's words only, as on Linux in the
 * kernel's log: EINVAL stands for it. */
static struct sevkit_result probe_result(struct psp_run *p, int *probe) {
    const long result = stat_path(p, TARGET_NODE);
    *probe = result == 0 ? 0 : -EINVAL;
    if (result == 0 || result == -ENOENT) return sevkit_success();
    errno = (int)-result;
    return unavailable("stat", "the node is there or not there");
}

static struct sevkit_result psp_run_boot(void *state, const struct target_guest *guest,
                                         int *probe) {
    struct psp_run *p = state;
    (void)stop(p);
    const int scenario = guest->scenario != NULL ? text_file(guest->scenario) : -1;
    const int errors = memfd_create("errors", MFD_CLOEXEC);
    const struct sevkit_result r = start(p, guest, scenario, errors);
    if (scenario >= 0) close(scenario);
    close(errors);
    SEVKIT_TRY(r);
    return probe_result(p, probe);
}

/* Where namespaces or FUSE are forbidden psp-run leaves configfs-tsm out. */
static struct sevkit_result look_for_tsm(struct psp_run *p) {
    const struct target_guest guest = {
        .kernel = DRV_KERNEL_DEFAULT, .vmpck_id = DRV_VMPCK_DEFAULT, .tsm = true};
    int probe;
    SEVKIT_TRY(psp_run_boot(p, &guest, &probe));
    p->tsm = stat_path(p, TARGET_TSM_FOLDER) == 0;
    return sevkit_success();
}

static struct sevkit_result psp_run_reset(void *state, const struct sevkit_profile *profile,
                                          enum psp_guest_state guest_state) {
    const struct psp_run *p = state;
    const struct target_guest guest = {.kernel = p->kernel, .vmpck_id = DRV_VMPCK_DEFAULT};
    int probe;
    (void)profile;
    (void)guest_state;
    return psp_run_boot(state, &guest, &probe);
}

static const struct sevkit_profile *psp_run_profile(const void *state) {
    return &((const struct psp_run *)state)->profile;
}

static uint32_t psp_run_offers(const void *state) {
    const struct psp_run *p = state;
    uint32_t missing = 0;
    if (p->only_kernel) missing |= TARGET_KERNEL;
    if (!p->tsm) missing |= TARGET_TSM;
    return ~missing;
}

static enum drv_kernel psp_run_kernel(const void *state) {
    return ((const struct psp_run *)state)->kernel;
}

const struct target_ops target_psp_run_ops = {
    .capabilities = TARGET_DEVICE | TARGET_TSM | TARGET_FILES | TARGET_SCENARIO | TARGET_WIPE |
                    TARGET_KERNEL | TARGET_MISC,
    .patience = 60, /* a boot starts a program */
    .offers = psp_run_offers,
    .open = psp_run_open,
    .close = psp_run_close,
    .reset = psp_run_reset,
    .profile = psp_run_profile,
    .boot = psp_run_boot,
    .kernel = psp_run_kernel,
    .syscall = psp_run_syscall,
};
