/* Unit tests of emulator/memory. */
#include "unit/unit.h"

extern const struct unit_suite memory_suite;

static const struct unit_suite *const suites[] = {&memory_suite, NULL};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "memory", suites);
}
