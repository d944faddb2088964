/* Unit tests of emulator/psp. */
#include "unit/unit.h"

extern const struct unit_suite contexts_suite, mailbox_suite, request_suite, keys_suite;
extern const struct unit_suite report_suite, tables_suite, launch_digest_suite, id_block_suite;

static const struct unit_suite *const suites[] = {
    &contexts_suite, &mailbox_suite,       &request_suite,  &keys_suite, &report_suite,
    &tables_suite,   &launch_digest_suite, &id_block_suite, NULL,
};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "psp", suites);
}
