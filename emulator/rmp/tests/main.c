/* Unit tests of emulator/rmp. */
#include "unit/unit.h"

extern const struct unit_suite table_suite, lock_suite, refusals_suite;

static const struct unit_suite *const suites[] = {&table_suite, &lock_suite, &refusals_suite, NULL};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "rmp", suites);
}
