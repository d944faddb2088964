/* The policy that holds when the caller names none: nothing is demanded of the guest that the caller did
 * not ask for, so that every genuine report passes; snp-verify warns of a debug guest and of a masked chip
 * id. What the notes give no meaning to is refused. */
#include "sevkit/verify.h"

#define VMPL_MAX 3

struct pki_policy pki_policy_default(void) {
    return (struct pki_policy){
        .report_version_min = ABI_REPORT_VERSION_MIN,
        .allow_debug = true,
        .allow_migration_agent = true,
        .allow_masked_chip_id = true,
        .allow_smt = true,
        .allow_provisional = true,
        .has_vmpl_max = true,
        .vmpl_max = VMPL_MAX,
    };
}
