/* Unit tests of emulator/vmm. */
#include "unit/unit.h"

extern const struct unit_suite machine_suite, pages_suite;
extern const struct unit_suite profile_builtin_suite, profile_mutations_suite, profile_reject_suite;
extern const struct unit_suite profile_limits_suite;
extern const struct unit_suite measure_suite, measure_image_suite, measure_vmsa_suite;
extern const struct unit_suite scenario_suite, door_suite, misbehave_suite, kds_suite, save_suite,
    save_layout_suite, save_format_suite, save_rmp_suite, certs_suite, profile_rmp_suite, rmp_suite;

/* The quick ones first, so that a broken check is seen early. */
static const struct unit_suite *const suites[] = {
    &machine_suite,
    &pages_suite,
    &measure_suite,
    &measure_image_suite,
    &measure_vmsa_suite,
    &profile_builtin_suite,
    &profile_reject_suite,
    &profile_limits_suite,
    &profile_rmp_suite,
    &scenario_suite,
    &save_layout_suite,
    &save_format_suite,
    &save_rmp_suite,
    &save_suite,
    &rmp_suite,
    &door_suite,
    &certs_suite,
    &kds_suite,
    &misbehave_suite,
    &profile_mutations_suite,
    NULL,
};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "vmm", suites);
}
