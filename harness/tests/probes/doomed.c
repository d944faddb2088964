/* usage: doomed ROUNDS. Callers that are killed in the middle, and descriptors closed under a call: nothing
 * is lost for others. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "guest_probe.h"

static void killed(int rounds) {
    int wrong = 0;
    const int fd = device(O_RDWR);
    for (int i = 0; i < rounds; i++) {
        int ends[2];
        char byte;
        if (pipe(ends) != 0) die("pipe");
        const pid_t child = fork();
        if (child == 0) {
            if (write(ends[1], "x", 1) != 1) _exit(1);
            for (;;) (void)works(fd);
        }
        if (read(ends[0], &byte, 1) != 1) die("read");
        kill(child, SIGKILL);
        if (ended(child) != 128 + SIGKILL || !works(fd)) wrong++;
        close(ends[0]);
        close(ends[1]);
    }
    say("killed_wrong", "%d", wrong);
}

static atomic_int target = -1;
static atomic_int strange, done;

static void *ask(void *unused) {
    (void)unused;
    while (!done) {
        uint8_t out[64];
        const int fd = target;
        if (fd >= 0 && derive(fd, 0, out) != 0 && errno != EBADF) atomic_fetch_add(&strange, 1);
    }
    return NULL;
}

/* The number is closed and given again while another thread asks through it. */
static void closed(int rounds) {
    pthread_t asker;
    if (pthread_create(&asker, NULL, ask, NULL) != 0) die("thread");
    for (int i = 0; i < rounds; i++) {
        const int fd = device(O_RDWR);
        target = fd;
        if (!works(fd)) atomic_fetch_add(&strange, 1);
        close(fd);
    }
    done = 1;
    pthread_join(asker, NULL);
    say("closed_strange", "%d", strange);
}

/* A fork in one thread while others are in an ioctl. */
static void forked(int rounds) {
    pthread_t asker;
    int wrong = 0;
    target = device(O_RDWR);
    done = 0;
    if (pthread_create(&asker, NULL, ask, NULL) != 0) die("thread");
    for (int i = 0; i < rounds; i++) {
        const pid_t child = fork();
        if (child == 0) _exit(works(target) ? 0 : 1);
        if (ended(child) != 0) wrong++;
    }
    done = 1;
    pthread_join(asker, NULL);
    say("forked_wrong", "%d", wrong + strange);
}

int main(int argc, char **argv) {
    if (argc != 2) return 98;
    killed(atoi(argv[1]));
    closed(atoi(argv[1]));
    forked(atoi(argv[1]));
    say("works", "%d", works(device(O_RDWR)));
    return 0;
}
