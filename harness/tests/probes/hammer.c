/* usage: hammer THREADS REQUESTS. Each thread opens the device and asks REQUESTS times for the same key. */
#include <pthread.h>
#include <stdatomic.h>

#include "guest_probe.h"

static atomic_int wrong;
static uint8_t first[64];

static void *ask(void *count) {
    const int fd = device(O_RDWR);
    for (intptr_t i = (intptr_t)count; i > 0; i--) {
        uint8_t out[64];
        if (derive(fd, 0, out) != 0 || memcmp(out, first, sizeof out) != 0)
            atomic_fetch_add(&wrong, 1);
    }
    close(fd);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) return 98;
    pthread_t threads[64];
    const int count = atoi(argv[1]);
    const intptr_t requests = atoi(argv[2]);
    if (count > 64 || derive(device(O_RDWR), 0, first) != 0) return 97;
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, ask, (void *)requests) != 0) die("thread");
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    say("wrong", "%d", wrong);
    return 0;
}
