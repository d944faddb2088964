/* See run_core.h. What somebody sends to psp-run is meant for the program. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "frontends/run_core.h"

static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};

void run_signals(sigset_t *set) {
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        (void)sigaddset(set, passed_on[i]);
}

/* Orphans of the program's are our children. */
static void pass_to_children(int signal) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *in = fopen(path, "re");
    if (in == NULL) return;
    for (int pid; fscanf(in, "%d", &pid) == 1;) (void)kill(pid, signal);
    (void)fclose(in);
}

void run_signal_pass_on(const struct signalfd_siginfo *info, pid_t child) {
    const int signal = (int)info->ssi_signo;
    if (signal == SIGCHLD) return;
    if (child == 0) {
        pass_to_children(signal);
        return;
    }
    /* A terminal signals its whole foreground group: the program has it already. */
    if (info->ssi_code == SI_KERNEL && getpgid(child) == getpgrp()) return;
    (void)kill(child, signal);
}
