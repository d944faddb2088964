/* The policy that holds when the caller names none. */
#include "sevkit/verify.h"

#define VMPL_MAX 3

struct pki_policy pki_policy_default(void) {
    return (struct pki_policy){
        .allow_smt = true,
        .allow_provisional = true,
        .has_vmpl_max = true,
        .vmpl_max = VMPL_MAX,
    };
}
