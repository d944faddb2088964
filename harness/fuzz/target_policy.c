/* Policy files of the verifier: a policy that is accepted demands what a report can have. */
#include <string.h>

#include "fuzz.h"

#define VMPL_MAX 3

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct pki_policy policy;
    const struct sevkit_result r = pki_policy_parse((const char *)bytes, size, &policy);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return 0;
    fuzz_require(memchr(policy.csp_id, 0, sizeof policy.csp_id) != NULL, "the cspID ends");
    fuzz_require(!policy.has_vmpl_max || policy.vmpl_max <= VMPL_MAX, "a VMPL is 0 to 3");
    fuzz_require(!policy.has_product || policy.product != ABI_PRODUCT_UNKNOWN,
                 "a demanded product is one");
    return 0;
}
