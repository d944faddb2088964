/* Stage policy: what the caller demands. Attestation report notes, sections 4 (PLATFORM_INFO), 5
 * (POLICY) and 10 (mitigation vectors). docs/verifier.md lists the members of a policy. */
#include <stddef.h>
#include <string.h>

#include "pki/stage.h"

#define VMPL_MAX 3

static struct sevkit_result check_guest_policy(const struct abi_report *r,
                                               const struct pki_policy *p) {
    const uint64_t v = r->policy;
    const uint64_t abi = v & (ABI_POLICY_ABI_MAJOR | ABI_POLICY_ABI_MINOR);
    const uint64_t abi_min = (uint64_t)p->abi_major_min << 8 | p->abi_minor_min;
    const bool unknown = (v & ABI_POLICY_RESERVED_ZERO) && !p->allow_unknown_policy;
    const bool debug = (v & ABI_POLICY_DEBUG) && !p->allow_debug;
    const bool migrate = (v & ABI_POLICY_MIGRATE_MA) && !p->allow_migration_agent;
    const bool smt = (v & ABI_POLICY_SMT) && !p->allow_smt;
    const bool sockets = !(v & ABI_POLICY_SINGLE_SOCKET) && p->require_single_socket;
    const bool old_abi = p->has_abi_min && abi < abi_min;
    const bool old_svn = p->has_guest_svn_min && r->guest_svn < p->guest_svn_min;
    if (unknown) return pki_no(R_POLICY_UNKNOWN, NULL, v);        /* @req VRF-077 */
    if (debug) return pki_no(R_POLICY_DEBUG, NULL, v);            /* @req VRF-073 */
    if (migrate) return pki_no(R_POLICY_MIGRATE, NULL, v);        /* @req VRF-074 */
    if (smt) return pki_no(R_POLICY_SMT, NULL, v);                /* @req VRF-075 */
    if (sockets) return pki_no(R_POLICY_SOCKET, NULL, v);         /* @req VRF-076 */
    if (old_abi) return pki_no(R_POLICY_ABI, NULL, abi);          /* @req VRF-083 */
    if (old_svn) return pki_no(R_POLICY_SVN, NULL, r->guest_svn); /* @req VRF-084 */
    return sevkit_success();
}

static struct sevkit_result check_vmpl(const struct abi_report *r, const struct pki_policy *p) {
    const bool host = r->vmpl == ABI_REPORT_VMPL_HOST;
    const bool too_high = p->has_vmpl_max && r->vmpl > p->vmpl_max;
    const bool refused = host && !p->allow_host_report;
    if (refused) return pki_no(R_POLICY_HOST, NULL, r->vmpl); /* @req VRF-080 */
    if (host) return sevkit_success();
    if (r->vmpl > VMPL_MAX) return pki_no(R_POLICY_VMPL_RANGE, NULL, r->vmpl); /* @req VRF-115 */
    if (too_high) return pki_no(R_POLICY_VMPL, NULL, r->vmpl);                 /* @req VRF-079 */
    return sevkit_success();
}

/* The three mismatches are states that no firmware launches a guest in. */
static struct sevkit_result check_platform(const struct abi_report *r, const struct pki_policy *p) {
    const uint64_t v = r->platform_info;
    const bool unknown = (v & ABI_PLATFORM_RESERVED) && !p->allow_unknown_platform;
    const bool smt = (v & ABI_PLATFORM_SMT_EN) && !(r->policy & ABI_POLICY_SMT);
    const bool rapl = !(v & ABI_PLATFORM_RAPL_DIS) && (r->policy & ABI_POLICY_RAPL_DIS);
    const bool hiding = !(v & ABI_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN) &&
                        (r->policy & ABI_POLICY_CIPHERTEXT_HIDING_DRAM);
    const bool unset = p->platform_required & ~v, set = p->platform_forbidden & v;
    if (unknown) return pki_no(R_POLICY_PLATFORM_UNKNOWN, NULL, v); /* @req VRF-078 */
    if (unset) return pki_no(R_POLICY_PLATFORM_SET, NULL, v);       /* @req VRF-081 */
    if (set) return pki_no(R_POLICY_PLATFORM_CLEAR, NULL, v);       /* @req VRF-082 */
    if (smt) return pki_no(R_POLICY_SMT_MISMATCH, NULL, v);         /* @req VRF-116 */
    if (rapl) return pki_no(R_POLICY_RAPL_MISMATCH, NULL, v);       /* @req VRF-118 */
    if (hiding) return pki_no(R_POLICY_HIDING_MISMATCH, NULL, v);   /* @req VRF-117 */
    return sevkit_success();
}

static struct sevkit_result check_firmware(const struct abi_report *r, const struct pki_policy *p) {
    const bool committed =
        r->committed_tcb == r->current_tcb && r->committed.major == r->current.major &&
        r->committed.minor == r->current.minor && r->committed.build == r->current.build;
    const bool provisional = !committed && !p->allow_provisional;
    const bool has_vectors = r->version >= ABI_REPORT_VERSION_MIT;
    const uint64_t launch_mit = has_vectors ? r->launch_mit_vector : 0;
    const uint64_t current_mit = has_vectors ? r->current_mit_vector : 0;
    if (provisional) return pki_no(R_POLICY_PROVISIONAL, NULL, r->committed_tcb); /* @req VRF-069 */
    const bool launch = p->launch_mit_required & ~launch_mit;
    const bool current = p->current_mit_required & ~current_mit;
    if (launch) return pki_no(R_POLICY_LAUNCH_MIT, NULL, launch_mit);    /* @req VRF-085 */
    if (current) return pki_no(R_POLICY_CURRENT_MIT, NULL, current_mit); /* @req VRF-086 */
    return sevkit_success();
}

/* Fields that a policy can fix. All bytes count: a policy holds the whole value or none. */
#define FIXED(name, member, at)                                                                    \
    {                                                                                              \
        name, offsetof(struct pki_policy, has_##member), offsetof(struct pki_policy, member), at,  \
            sizeof((struct pki_policy *)0)->member                                                 \
    }

static const struct {
    const char *name;
    size_t has, want; /* in struct pki_policy */
    size_t at;        /* in the report's bytes */
    size_t size;
} fixed[] = {
    FIXED("REPORT_DATA", report_data, ABI_REPORT_REPORT_DATA),
    FIXED("MEASUREMENT", measurement, ABI_REPORT_MEASUREMENT),
    FIXED("HOST_DATA", host_data, ABI_REPORT_HOST_DATA),
    FIXED("FAMILY_ID", family_id, ABI_REPORT_FAMILY_ID),
    FIXED("IMAGE_ID", image_id, ABI_REPORT_IMAGE_ID),
    FIXED("REPORT_ID", report_id, ABI_REPORT_REPORT_ID),
    FIXED("REPORT_ID_MA", report_id_ma, ABI_REPORT_REPORT_ID_MA),
    FIXED("CHIP_ID", chip_id, ABI_REPORT_CHIP_ID),
    FIXED("ID_KEY_DIGEST", id_key_digest, ABI_REPORT_ID_KEY_DIGEST),
    FIXED("AUTHOR_KEY_DIGEST", author_key_digest, ABI_REPORT_AUTHOR_KEY_DIGEST),
};

static struct sevkit_result check_fixed(const struct pki_judgement *j) {
    const uint8_t *policy = (const uint8_t *)j->policy;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        const bool equal =
            memcmp(j->bytes + fixed[i].at, policy + fixed[i].want, fixed[i].size) == 0;
        const bool differs = policy[fixed[i].has] != 0 && !equal;
        if (differs) return pki_no_at(R_POLICY_EQUAL, NULL, fixed[i].name, 0);
    }
    return sevkit_success();
}

/* AUTHOR_KEY_DIGEST says nothing where no author key was used; with MASK_CHIP_KEY firmware signs
 * with no VCEK (report notes, section 3; early firmware: AMB-20). */
static struct sevkit_result check_key_info(const struct abi_report *r, const struct pki_policy *p) {
    const bool unused = !(r->key_info & ABI_KEY_INFO_AUTHOR_KEY_EN);
    const bool no_author = p->has_author_key_digest && unused;
    const bool vcek = abi_report_signing_key(r) == ABI_SIGNING_KEY_VCEK;
    const bool set = vcek && (r->key_info & ABI_KEY_INFO_MASK_CHIP_KEY);
    const bool masked = set && !p->allow_mask_chip_key;
    if (no_author) return pki_no(R_POLICY_AUTHOR_KEY, NULL, r->key_info); /* @req VRF-096 */
    if (masked) return pki_no(R_POLICY_MASK_CHIP_KEY, NULL, r->key_info); /* @req VRF-125 */
    return sevkit_success();
}

static struct sevkit_result check_leaf(const struct pki_leaf_info *info,
                                       const struct pki_policy *p) {
    const bool csp = p->csp_id[0] != 0 && strcmp(p->csp_id, info->csp_id) != 0;
    const bool line = p->has_product && p->product != info->product;
    if (csp) return pki_no(R_POLICY_CSP_ID, NULL, 0);               /* @req VRF-097 */
    if (line) return pki_no(R_POLICY_PRODUCT, NULL, info->product); /* @req VRF-098 */
    return sevkit_success();
}

struct sevkit_result pki_stage_policy(struct pki_judgement *j) {
    SEVKIT_TRY(check_guest_policy(&j->report, j->policy));
    SEVKIT_TRY(check_vmpl(&j->report, j->policy));
    SEVKIT_TRY(check_platform(&j->report, j->policy));
    SEVKIT_TRY(check_firmware(&j->report, j->policy));
    SEVKIT_TRY(check_key_info(&j->report, j->policy));
    SEVKIT_TRY(check_fixed(j));
    return check_leaf(&j->chain->info, j->policy);
}
