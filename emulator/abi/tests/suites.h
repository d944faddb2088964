/* The suites of abi/'s unit tests, one a file; main.c lists them. */
#ifndef ABI_TESTS_SUITES_H
#define ABI_TESTS_SUITES_H

#include "unit/unit.h"

extern const struct unit_suite abi_result_suite;
extern const struct unit_suite abi_status_suite;
extern const struct unit_suite abi_tcb_suite;
extern const struct unit_suite abi_report_suite;
extern const struct unit_suite abi_message_suite;
extern const struct unit_suite abi_payload_suite;
extern const struct unit_suite abi_cpuid_suite;
extern const struct unit_suite abi_secrets_suite;
extern const struct unit_suite abi_certtable_suite;
extern const struct unit_suite abi_launch_suite;
extern const struct unit_suite abi_real_suite;

#endif
