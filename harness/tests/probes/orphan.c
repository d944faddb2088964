/* usage: orphan CODE [wait]. The program ends with CODE and leaves a process behind, which asks the device
 * only then. With "wait" that process goes on until a signal ends it. */
#include "guest_probe.h"

int main(int argc, char **argv) {
    int ends[2];
    char byte;
    if (argc < 2 || pipe(ends) != 0) return 98;
    if (fork() == 0) {
        close(ends[1]);
        setsid();
        if (read(ends[0], &byte, 1) != 0) _exit(1); /* the end of the program */
        say("orphan", "%d", works(device(O_RDWR)));
        if (argc == 3)
            for (;;) pause();
        _exit(0);
    }
    return atoi(argv[1]);
}
