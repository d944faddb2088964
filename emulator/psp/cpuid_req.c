/* MSG_CPUID_REQ: judges the hypervisor's CPUID values by the profile's policy table. Guest message
 * notes, section 6. The policy is per processor (UNCONFIRMED); the rules of form are not.
 *
 * @gap The notes say that the request's reserved fields must be zero, not what answers one that
 * is not: here INVALID_PARAM with COUNT 0, as for a COUNT above 64. */
#include <stdlib.h>
#include <string.h>

#include "psp/message.h"
#include "sevkit/cpuid.h"

/* Standard and extended leaves are examined; all others pass. */
static bool is_examined(uint32_t leaf) {
    return leaf <= UINT32_C(0xFFFF) ||
           (leaf >= UINT32_C(0x80000000) && leaf <= UINT32_C(0x8000FFFF));
}

/* The value that RULE lets VALUE have: VALUE itself when it is allowed. */
static uint32_t allowed(struct sevkit_cpuid_register rule, uint32_t value) {
    switch (rule.rule) {
    case SEVKIT_CPUID_ZERO: return 0;                                      /* @req SNP-CPUID-011 */
    case SEVKIT_CPUID_EXACT: return rule.value;                            /* @req SNP-CPUID-007 */
    case SEVKIT_CPUID_MASK: return value & rule.value;                     /* @req SNP-CPUID-008 */
    case SEVKIT_CPUID_MAX: return value > rule.value ? rule.value : value; /* @req SNP-CPUID-009 */
    case SEVKIT_CPUID_UNCHECKED: return value;                             /* @req SNP-CPUID-010 */
    }
    abort();
}

/* The policy of a leaf; all four registers zero for one that is not in the table. */
static struct sevkit_cpuid_policy policy_of(const struct sevkit_profile *p, uint32_t eax_in,
                                            uint32_t ecx_in) {
    for (size_t i = 0; i < p->cpuid_policy_count; i++) {
        const struct sevkit_cpuid_policy *row = &p->cpuid_policy[i];
        if (row->eax_in == eax_in && row->ecx_in == ecx_in) return *row;
    }
    return (struct sevkit_cpuid_policy){0};
}

/* Puts the allowed values in place of those that are not. True if ENTRY was right. */
static bool examine(const struct sevkit_profile *p, struct abi_cpuid_entry *entry) {
    const struct sevkit_cpuid_policy policy = policy_of(p, entry->eax_in, entry->ecx_in);
    struct abi_cpuid_entry right = *entry;
    right.eax = allowed(policy.eax, entry->eax);
    right.ebx = allowed(policy.ebx, entry->ebx);
    right.ecx = allowed(policy.ecx, entry->ecx);
    right.edx = allowed(policy.edx, entry->edx);
    right.reserved = 0; /* @req SNP-CPUID-006 */
    const bool same = right.eax == entry->eax && right.ebx == entry->ebx &&
                      right.ecx == entry->ecx && right.edx == entry->edx && entry->reserved == 0;
    *entry = right;
    return same;
}

static enum abi_status check_form(const struct abi_cpuid_req *req) {
    if (req->count > ABI_CPUID_COUNT_MAX) return ABI_INVALID_PARAM; /* @req SNP-CPUID-003 */
    if (req->reserved_04 != 0) return ABI_INVALID_PARAM;            /* @req SNP-CPUID-004 */
    if (req->reserved_08 != 0) return ABI_INVALID_PARAM;            /* @req SNP-CPUID-004 */
    return ABI_SUCCESS;
}

/* COUNT of the response is the number of entries that were examined, not of those that it holds. */
static void judge(const struct sevkit_profile *p, const struct abi_cpuid_req *req,
                  struct abi_cpuid_rsp *rsp) {
    for (uint32_t i = 0; i < req->count; i++) {
        rsp->entries[i] = req->entries[i];
        if (!is_examined(req->entries[i].eax_in)) continue;                 /* @req SNP-CPUID-005 */
        rsp->count++;                                                       /* @req SNP-CPUID-013 */
        if (!examine(p, &rsp->entries[i])) rsp->status = ABI_INVALID_PARAM; /* @req SNP-CPUID-012 */
    }
}

enum abi_status psp_cpuid_req(struct psp *psp, struct psp_exchange *x) {
    struct abi_cpuid_req req;
    struct abi_cpuid_rsp rsp = {0};
    abi_cpuid_req_decode(x->payload, &req);
    rsp.status = check_form(&req);
    if (rsp.status == ABI_SUCCESS) judge(&psp->profile, &req, &rsp);
    abi_cpuid_rsp_encode(&rsp, x->reply);
    /* As long as the request: entries past a short one's end are cut, past a long one's are
     * zero. */
    x->reply_size = x->header.size;
    return ABI_SUCCESS;
}
