/* Unit tests of emulator/driver. */
#include "unit/unit.h"

extern const struct unit_suite channel_suite, memory_suite, guest_suite, guest_order_suite,
    guest_send_suite, guest_response_suite, tsm_suite, tsm_provider_suite;

static const struct unit_suite *const suites[] = {
    &channel_suite,     &memory_suite,       &guest_suite,
    &guest_order_suite, &guest_send_suite,   &guest_response_suite,
    &tsm_suite,         &tsm_provider_suite, NULL,
};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "driver", suites);
}
