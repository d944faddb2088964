/* usage: catch SIGNAL. Waits for it and says so, then asks the device, so that psp-run has seen what came with
 * it, and ends with 40 + how often it came. */
#include <signal.h>
#include <stdatomic.h>

#include "guest_probe.h"

static atomic_int caught;

static void on_signal(int number) {
    (void)number;
    atomic_fetch_add(&caught, 1);
}

int main(int argc, char **argv) {
    if (argc != 2) return 98;
    const int number = atoi(argv[1]);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, number);
    if (sigprocmask(SIG_BLOCK, &set, &old) != 0 || sigaction(number, &action, NULL) != 0)
        die("signal");
    say("ready", "%d", number);
    while (caught == 0) sigsuspend(&old);
    if (sigprocmask(SIG_SETMASK, &old, NULL) != 0) die("signal");
    say("caught", "%d", caught);
    for (int i = 0; i < 5; i++) close(device(O_RDWR));
    return 40 + caught;
}
