/* Unit tests of emulator/vmm. */
#include "unit/unit.h"

extern const struct unit_suite machine_suite, pages_suite;
extern const struct unit_suite profile_builtin_suite, profile_mutations_suite, profile_reject_suite;
extern const struct unit_suite scenario_suite, door_suite, misbehave_suite, kds_suite, save_suite;

static const struct unit_suite *const suites[] = {
    &machine_suite,
    &pages_suite,
    &profile_builtin_suite,
    &profile_mutations_suite,
    &profile_reject_suite,
    &scenario_suite,
    &door_suite,
    &misbehave_suite,
    &kds_suite,
    &save_suite,
    NULL,
};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "vmm", suites);
}
