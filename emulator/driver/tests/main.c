/* Unit tests of emulator/driver. */
#include "unit/unit.h"

extern const struct unit_suite channel_suite;

static const struct unit_suite *const suites[] = {&channel_suite, NULL};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "driver", suites);
}
