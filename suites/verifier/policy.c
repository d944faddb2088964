/* Stage policy: each member of a policy, met and not met. Report notes, sections 4, 5 and 10. */
#include <string.h>

#include "verifier/verifier.h"

#define SET VERIFIER_SET
#define XOR VERIFIER_XOR

/* A policy with one member changed. */
#define WITH(NAME, ...)                                                                            \
    static void NAME(struct verifier_world *world) {                                               \
        struct pki_policy *p = &world->policy;                                                     \
        __VA_ARGS__;                                                                               \
    }

WITH(debug, p->allow_debug = true)
WITH(no_debug, p->allow_debug = false)
WITH(migrate, p->allow_migration_agent = true)
WITH(no_migrate, p->allow_migration_agent = false)
WITH(no_smt, p->allow_smt = false)
WITH(socket, p->require_single_socket = true)
WITH(any_policy, p->allow_unknown_policy = true)
WITH(any_platform, p->allow_unknown_platform = true)
WITH(host, p->allow_host_report = true)
WITH(vmpl_1, p->has_vmpl_max = true; p->vmpl_max = 1)
WITH(vmpl_any, p->has_vmpl_max = false; p->allow_host_report = true)
WITH(required, p->platform_required = 0x25)
WITH(forbidden, p->platform_forbidden = 0x88)
WITH(abi_1_55, p->has_abi_min = true; p->abi_major_min = 1; p->abi_minor_min = 55)
WITH(svn, p->has_guest_svn_min = true; p->guest_svn_min = UINT32_C(0x80000005))
WITH(launch_mit, p->launch_mit_required = 5)
WITH(current_mit, p->current_mit_required = 6)
WITH(csp, memcpy(p->csp_id, world->profile.csp_id, sizeof p->csp_id))
WITH(csp_prefix, memcpy(p->csp_id, world->profile.csp_id, sizeof p->csp_id);
     p->csp_id[strlen(p->csp_id) - 1] = 0)
WITH(csp_vcek, strcpy(p->csp_id, "CN=cc-eu-west-1.amazonaws.com"))
WITH(genoa, p->has_product = true; p->product = ABI_PRODUCT_GENOA)
WITH(milan, p->has_product = true; p->product = ABI_PRODUCT_MILAN)
WITH(mask_chip_key, p->allow_mask_chip_key = true)
WITH(none, (void)p)

/* The reports of this file: guest policy with SMT, PLATFORM_INFO 0x27, VMPL 0. */
#define GUEST_POLICY(value)                                                                        \
    { 0x08, 8, SET, value }
#define PLATFORM(value)                                                                            \
    { 0x40, 8, SET, value }
#define VMPL(value)                                                                                \
    { 0x30, 4, SET, value }

static const struct suite_test tests[] = {
    VERIFIER_ACCEPT("policy.debug", "a debug guest under allow_debug", "VRF-073",
                    "the policy allows", .set = debug, .each = {GUEST_POLICY(0xB0000)}),
    VERIFIER_REFUSE("policy.debug-refused", "policy.debug", "a debug guest", "VRF-073", POLICY,
                    "allow_debug is false", .set = no_debug, .each = {GUEST_POLICY(0xB0000)}),
    VERIFIER_ACCEPT("policy.migrate", "a migration agent under allow_migration_agent", "VRF-074",
                    "the policy allows", .set = migrate, .each = {GUEST_POLICY(0x70000)}),
    VERIFIER_REFUSE("policy.migrate-refused", "policy.migrate", "a migration agent", "VRF-074",
                    POLICY, "allow_migration_agent is false", .set = no_migrate,
                    .each = {GUEST_POLICY(0x70000)}),
    VERIFIER_ACCEPT("policy.smt", "SMT under the default policy, none where it is forbidden",
                    "VRF-075", "allowed by default", .set = none, .each = {GUEST_POLICY(0x30000)}),
    VERIFIER_ACCEPT("policy.smt-off", "no SMT where it is forbidden", "VRF-075", "the bit is 0",
                    .set = no_smt, .both = {PLATFORM(0x26)}, .each = {GUEST_POLICY(0x20000)}),
    VERIFIER_REFUSE("policy.smt-refused", "policy.smt-off", "SMT where it is forbidden", "VRF-075",
                    POLICY, "allow_smt is false", .set = no_smt, .both = {PLATFORM(0x26)},
                    .each = {GUEST_POLICY(0x30000)}),
    VERIFIER_ACCEPT("policy.socket", "a single socket where it is demanded", "VRF-076",
                    "the bit is 1", .set = socket, .each = {GUEST_POLICY(0x130000)}),
    VERIFIER_REFUSE("policy.socket-refused", "policy.socket", "any socket", "VRF-076", POLICY,
                    "require_single_socket is true", .set = socket,
                    .each = {GUEST_POLICY(0x30000)}),
    VERIFIER_ACCEPT("policy.unknown", "unknown POLICY bits under allow_unknown_policy", "VRF-077",
                    "the policy allows", .set = any_policy,
                    .each = {GUEST_POLICY(0x4030000), GUEST_POLICY(0x8000000000030000)}),
    VERIFIER_REFUSE("policy.unknown-refused", "policy.unknown", "unknown POLICY bits", "VRF-077",
                    POLICY, "bits 63:26 are zero",
                    .each = {GUEST_POLICY(0x4030000), GUEST_POLICY(0x100030000),
                             GUEST_POLICY(0x8000000000030000)}),
    VERIFIER_ACCEPT("policy.known", "POLICY bits 21 to 25", "VRF-077", "they have names",
                    .both = {PLATFORM(0x3F)},
                    .each = {GUEST_POLICY(0x230000), GUEST_POLICY(0x430000), GUEST_POLICY(0x830000),
                             GUEST_POLICY(0x1030000), GUEST_POLICY(0x2030000)}),
    VERIFIER_ACCEPT("policy.platform-unknown",
                    "unknown PLATFORM_INFO bits under allow_unknown_platform", "VRF-078",
                    "the policy allows", .set = any_platform,
                    .each = {PLATFORM(0x127), PLATFORM(0x8000000000000027)}),
    VERIFIER_REFUSE("policy.platform-unknown-refused", "policy.platform-unknown",
                    "unknown PLATFORM_INFO bits", "VRF-078", POLICY, "bits 63:8 are zero",
                    .each = {PLATFORM(0x127), PLATFORM(0x100000027), PLATFORM(0x8000000000000027)}),
    VERIFIER_ACCEPT("policy.platform-known", "PLATFORM_INFO bits 3 to 7", "VRF-078",
                    "none counts as unknown",
                    .each = {PLATFORM(0x67), PLATFORM(0xA7), PLATFORM(0x2F), PLATFORM(0x37)}),
    VERIFIER_ACCEPT("policy.mask-chip-key", "MASK_CHIP_KEY in a VCEK's report, allowed", "VRF-125",
                    "the policy allows", .set = mask_chip_key, .each = {{0x48, 1, XOR, 2}}),
    VERIFIER_REFUSE("policy.mask-chip-key-refused", "policy.mask-chip-key",
                    "MASK_CHIP_KEY in a VCEK's report", "VRF-125", POLICY,
                    "allow_mask_chip_key is false", .each = {{0x48, 1, XOR, 2}}),
    VERIFIER_ACCEPT("policy.vmpl", "a VMPL at the limit and below", "VRF-079", "at most vmpl_max",
                    .set = vmpl_1, .each = {VMPL(0), VMPL(1)}),
    VERIFIER_REFUSE("policy.vmpl-refused", "policy.vmpl", "a VMPL above the limit", "VRF-079",
                    POLICY, "at most vmpl_max", .set = vmpl_1, .each = {VMPL(2), VMPL(3)}),
    VERIFIER_ACCEPT("policy.vmpl-default", "VMPL 0 to 3 under the default policy", "VRF-079",
                    "vmpl_max is 3", .each = {VMPL(0), VMPL(1), VMPL(2), VMPL(3)}),
    VERIFIER_ACCEPT("policy.host", "the host's report under allow_host_report", "VRF-080",
                    "the policy allows", .set = host, .each = {VMPL(UINT32_MAX)}),
    VERIFIER_REFUSE("policy.host-refused", "policy.host", "the host's report", "VRF-080", POLICY,
                    "a guest's VMPL is not 0xFFFFFFFF", .each = {VMPL(UINT32_MAX)}),
    VERIFIER_REFUSE("policy.vmpl-range", "policy.host", "VMPL 4 to 0xFFFFFFFE", "VRF-115", POLICY,
                    "no such VMPL, whatever the policy says", .set = vmpl_any,
                    .each = {VMPL(4), VMPL(0x100), VMPL(0x80000000), VMPL(UINT32_MAX - 1)}),
    VERIFIER_ACCEPT("policy.platform-set", "required PLATFORM_INFO bits", "VRF-081",
                    "all of them are set", .set = required,
                    .each = {PLATFORM(0x27), PLATFORM(0x25)}),
    VERIFIER_REFUSE("policy.platform-unset", "policy.platform-set",
                    "one required PLATFORM_INFO bit is clear", "VRF-081", POLICY,
                    "every one counts", .set = required,
                    .each = {PLATFORM(0x24), PLATFORM(0x21), PLATFORM(0x05)}),
    VERIFIER_ACCEPT("policy.platform-clear", "forbidden PLATFORM_INFO bits", "VRF-082",
                    "none of them is set", .set = forbidden, .each = {PLATFORM(0x27)}),
    VERIFIER_REFUSE("policy.platform-forbidden", "policy.platform-clear",
                    "one forbidden PLATFORM_INFO bit is set", "VRF-082", POLICY, "every one counts",
                    .set = forbidden, .each = {PLATFORM(0x2F), PLATFORM(0xA7)}),
    VERIFIER_ACCEPT("policy.abi", "POLICY's ABI version at its floor and above", "VRF-083",
                    "compared major first", .set = abi_1_55,
                    .each = {GUEST_POLICY(0x30137), GUEST_POLICY(0x30138), GUEST_POLICY(0x30200)}),
    VERIFIER_REFUSE("policy.abi-refused", "policy.abi", "POLICY's ABI version below its floor",
                    "VRF-083", POLICY, "compared major first", .set = abi_1_55,
                    .each = {GUEST_POLICY(0x30136), GUEST_POLICY(0x300FF), GUEST_POLICY(0x30000)}),
    VERIFIER_ACCEPT("policy.svn", "GUEST_SVN at its floor and above", "VRF-084",
                    "an unsigned number", .set = svn,
                    .each = {{4, 4, SET, 0x80000005}, {4, 4, SET, UINT32_MAX}}),
    VERIFIER_REFUSE("policy.svn-refused", "policy.svn", "GUEST_SVN below its floor", "VRF-084",
                    POLICY, "an unsigned number", .set = svn,
                    .each = {{4, 4, SET, 0x80000004}, {4, 4, SET, 0x7FFFFFFF}, {4, 4, SET, 0}}),
    VERIFIER_ACCEPT("policy.launch-mit", "required LAUNCH_MIT_VECTOR bits", "VRF-085",
                    "all of them are set", .profile = VERIFIER_GENOA_V5, .set = launch_mit,
                    .each = {{0x1F8, 8, SET, 7}, {0x1F8, 8, SET, 5}}),
    VERIFIER_REFUSE("policy.launch-mit-refused", "policy.launch-mit",
                    "one required LAUNCH_MIT_VECTOR bit is clear", "VRF-085", POLICY,
                    "every one counts", .profile = VERIFIER_GENOA_V5, .set = launch_mit,
                    .each = {{0x1F8, 8, SET, 4}, {0x1F8, 8, SET, 1}, {0x1F8, 8, SET, 0}}),
    VERIFIER_REFUSE("policy.launch-mit-v3", "policy.launch-mit",
                    "required LAUNCH_MIT_VECTOR bits of a version 3 report", "VRF-085", POLICY,
                    "it has none", .set = launch_mit),
    VERIFIER_ACCEPT("policy.current-mit", "required CURRENT_MIT_VECTOR bits", "VRF-086",
                    "all of them are set", .profile = VERIFIER_GENOA_V5, .set = current_mit,
                    .each = {{0x200, 8, SET, 7}, {0x200, 8, SET, 6}}),
    VERIFIER_REFUSE("policy.current-mit-refused", "policy.current-mit",
                    "one required CURRENT_MIT_VECTOR bit is clear", "VRF-086", POLICY,
                    "every one counts", .profile = VERIFIER_GENOA_V5, .set = current_mit,
                    .each = {{0x200, 8, SET, 4}, {0x200, 8, SET, 2}, {0x200, 8, SET, 0}}),
    VERIFIER_REFUSE("policy.current-mit-v3", "policy.current-mit",
                    "required CURRENT_MIT_VECTOR bits of a version 3 report", "VRF-086", POLICY,
                    "it has none", .set = current_mit),
    VERIFIER_ACCEPT("policy.csp", "the VLEK's CSP_ID", "VRF-097", "as the policy has it",
                    .profile = VERIFIER_VLEK, .set = csp),
    VERIFIER_REFUSE("policy.csp-prefix", "policy.csp",
                    "a CSP_ID that only begins like the policy's", "VRF-097", POLICY,
                    "the whole string", .profile = VERIFIER_VLEK, .set = csp_prefix),
    VERIFIER_REFUSE("policy.csp-vcek", "policy.csp", "a VCEK where the policy has a CSP_ID",
                    "VRF-097", POLICY, "a VCEK has none", .set = csp_vcek),
    VERIFIER_ACCEPT("policy.product", "the product line", "VRF-098", "as the policy has it",
                    .set = genoa),
    VERIFIER_REFUSE("policy.product-refused", "policy.product", "another product line", "VRF-098",
                    POLICY, "as the policy has it", .set = milan),
    VERIFIER_ACCEPT("policy.smt-states",
                    "POLICY SMT and PLATFORM_INFO SMT_EN, the three that exist", "VRF-116",
                    "the guest's SMT covers the platform's", .both = {GUEST_POLICY(0x30000)},
                    .each = {PLATFORM(0x27), PLATFORM(0x26)}),
    VERIFIER_ACCEPT("policy.smt-neither", "POLICY SMT 0 and SMT_EN 0", "VRF-116", "both off",
                    .both = {GUEST_POLICY(0x20000)}, .each = {PLATFORM(0x26)}),
    VERIFIER_REFUSE("policy.smt-mismatch", "policy.smt-neither", "POLICY SMT 0 and SMT_EN 1",
                    "VRF-116", POLICY, "no firmware launches that", .both = {GUEST_POLICY(0x20000)},
                    .each = {PLATFORM(0x27)}),
    VERIFIER_ACCEPT("policy.hiding", "POLICY CIPHERTEXT_HIDING_DRAM on a platform that has it",
                    "VRF-117", "the platform does it", .both = {GUEST_POLICY(0x1030000)},
                    .each = {PLATFORM(0x37)}),
    VERIFIER_REFUSE("policy.hiding-mismatch", "policy.hiding",
                    "POLICY CIPHERTEXT_HIDING_DRAM on a platform without it", "VRF-117", POLICY,
                    "no firmware runs that", .both = {GUEST_POLICY(0x1030000)},
                    .each = {PLATFORM(0x27)}),
    VERIFIER_ACCEPT("policy.rapl", "POLICY RAPL_DIS on a platform that has it", "VRF-118",
                    "the platform does it", .both = {GUEST_POLICY(0x830000)},
                    .each = {PLATFORM(0x2F)}),
    VERIFIER_REFUSE("policy.rapl-mismatch", "policy.rapl",
                    "POLICY RAPL_DIS on a platform without it", "VRF-118", POLICY,
                    "no firmware runs that", .both = {GUEST_POLICY(0x830000)},
                    .each = {PLATFORM(0x27)}),
};

const struct suite_area verifier_policy = VERIFIER_PART(tests);
