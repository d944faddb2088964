/* Unit tests of emulator/memory. */
#include "unit/unit.h"

extern const struct unit_suite memory_suite;
extern const struct unit_suite bus_suite;
extern const struct unit_suite table_suite;
extern const struct unit_suite guest_suite;
extern const struct unit_suite access_suite;
extern const struct unit_suite attack_suite;

static const struct unit_suite *const suites[] = {
    &memory_suite, &bus_suite, &table_suite, &guest_suite, &access_suite, &attack_suite, NULL,
};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "memory", suites);
}
