/* Unit tests of the wire formats. */
#include "suites.h"

int main(int argc, char **argv) {
    static const struct unit_suite *const suites[] = {
        &abi_result_suite,    &abi_status_suite,  &abi_tcb_suite,   &abi_report_suite,
        &abi_message_suite,   &abi_payload_suite, &abi_cpuid_suite, &abi_secrets_suite,
        &abi_certtable_suite, &abi_launch_suite,  &abi_real_suite,  NULL,
    };
    return unit_main(argc, argv, "abi", suites);
}
