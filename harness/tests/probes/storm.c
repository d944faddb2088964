/* usage: storm REQUESTS. One thread asks, another sends it SIGURG, as Go's scheduler does: the next one as soon
 * as one is caught, and at most SIGNALS in a request: without an end to them a caller whose every signal costs
 * a trap may never come as far as its call. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "guest_probe.h"

#define SIGNALS 8

static atomic_int done, asked, caught;
static pthread_t asker;

static void on_signal(int number) {
    (void)number;
    atomic_fetch_add(&caught, 1);
}

static void *storm(void *unused) {
    (void)unused;
    for (int sent = 0, request = 0, left = SIGNALS; !done;) {
        if (request != asked) {
            request = asked;
            left = SIGNALS;
        }
        if (left == 0 || sent != caught) continue;
        sent++;
        left--;
        pthread_kill(asker, SIGURG);
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 2) return 98;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    pthread_t sender;
    int good = 0;
    const int fd = device(O_RDWR);
    if (sigaction(SIGURG, &action, NULL) != 0) die("sigaction");
    asker = pthread_self();
    if (pthread_create(&sender, NULL, storm, NULL) != 0) die("thread");
    for (int i = 0; i < atoi(argv[1]); i++) {
        uint8_t out[64];
        memset(out, 0xEE, sizeof out);
        asked++;
        if (derive(fd, 0, out) == 0 && out[0] == 0) good++;
    }
    done = 1;
    pthread_join(sender, NULL);
    say("good", "%d", good);
    say("caught", "%d", caught > 0);
    return 0;
}
