/* sevkit's reference verifier: what `snp-verify` and the suites call.
 *
 * Stages, in this order; the first failing one decides:
 * - parse: the report is 0x4A0 bytes and its reserved ranges are zero
 * - version: 2 to 5; above 5 by the policy future_versions
 * - signer: SIGNING_KEY is VCEK or VLEK, SIGNATURE_ALGO is 1, and the certificates are of that kind
 * - chain: ARK, ASK or ASVK, leaf: names, profile, AMD extensions, signatures, validity at the time, anchor, one
 *   product line, which is also the report's (version 3 and later)
 * - revocation: the CRL is the ARK's, current, and names none of the chain's certificates
 * - binding: the leaf's HWID and TCB are those of the report
 * - signature: ECDSA P-384 over bytes 0 .. 0x29F
 * - tcb: REPORTED <= COMMITTED <= CURRENT, component by component; floors of the policy
 * - policy: everything else that the caller's policy demands
 *
 * Design section 4; docs/verifier.md has the rules and the policy's members.
 *
 * The input report is never changed. Verifying many reports under one chain: pki_chain_new once
 * (it does chain and revocation), then pki_verify_report for each. */
#ifndef SEVKIT_VERIFY_H
#define SEVKIT_VERIFY_H

#include "sevkit/pki.h"
#include "sevkit/report.h"

enum pki_stage {
    PKI_STAGE_PARSE,
    PKI_STAGE_VERSION,
    PKI_STAGE_SIGNER,
    PKI_STAGE_CHAIN,
    PKI_STAGE_REVOCATION,
    PKI_STAGE_BINDING,
    PKI_STAGE_SIGNATURE,
    PKI_STAGE_TCB,
    PKI_STAGE_POLICY,
    PKI_STAGE_COUNT,
};

/* "parse", "version", ... Never NULL. */
const char *pki_stage_name(enum pki_stage stage);

/* Where the trust comes from. */
enum pki_anchor {
    PKI_ANCHOR_NONE, /* not decided: the chain failed before */
    PKI_ANCHOR_AMD,  /* the ARK's key is one of AMD's */
    PKI_ANCHOR_TEST, /* the ARK's key is one of sevkit's test keys */
    PKI_ANCHOR_GIVEN,
    PKI_ANCHOR_DIR, /* any self-signed ARK (--trust-dir) */
};

const char *pki_anchor_name(enum pki_anchor anchor);

enum pki_check { PKI_CHECK_PASS, PKI_CHECK_FAIL, PKI_CHECK_SKIPPED };

/* What the caller demands of a report. pki_policy_default() is what snp-verify applies without
 * --policy. A member named has_x says that x is demanded. */
struct pki_policy {
    bool future_versions;   /* accept report versions above 5 */
    bool allow_long_report; /* bytes after 0x4A0 are ignored (default: refused) */
    bool
        allow_unknown_reserved; /* reserved bytes of the report are not looked at (default: zero) */
    bool
        allow_unknown_product; /* a processor of no known line takes the chain's (default: refused) */
    uint32_t report_version_min; /* the version at least (default: 2) */
    bool allow_debug;            /* POLICY bit 19 may be set (default: allowed) */
    bool allow_migration_agent;  /* POLICY bit 18 may be set (default: allowed) */
    bool allow_smt;              /* POLICY bit 16 may be set (default: allowed) */
    bool require_single_socket;  /* POLICY bit 20 must be set */
    bool allow_unknown_policy;   /* POLICY bits 63:26 (default: refused) */
    bool allow_unknown_platform; /* PLATFORM_INFO bits 63:8 (default: refused) */
    bool allow_host_report;      /* VMPL 0xFFFFFFFF (default: refused) */
    bool allow_provisional;      /* COMMITTED may be below CURRENT (default: allowed) */
    bool allow_masked_chip_id;   /* CHIP_ID may be zero under a VCEK (default: allowed) */
    bool allow_mask_chip_key;    /* MASK_CHIP_KEY may be set under a VCEK (default: refused) */
    bool require_revocation;     /* without a CRL stage revocation fails (default: skipped) */
    bool has_vmpl_max;
    uint32_t vmpl_max;           /* VMPL at most this (default: 3) */
    uint64_t platform_required;  /* PLATFORM_INFO bits that must be set */
    uint64_t platform_forbidden; /* PLATFORM_INFO bits that must be clear */
    bool has_abi_min;
    uint8_t abi_major_min, abi_minor_min; /* POLICY's ABI_MAJOR.ABI_MINOR at least */
    bool has_guest_svn_min;
    uint32_t guest_svn_min;
    bool has_firmware_min;
    struct abi_fw_version firmware_min; /* CURRENT version at least, numerically in order */
    bool has_tcb_min, has_launch_tcb_min;
    struct abi_tcb_parts tcb_min;                       /* floor of REPORTED_TCB, per component */
    struct abi_tcb_parts launch_tcb_min;                /* floor of LAUNCH_TCB, per component */
    uint64_t launch_mit_required, current_mit_required; /* bits that must be set */
    bool has_report_data, has_measurement, has_host_data, has_family_id, has_image_id;
    bool has_report_id, has_report_id_ma, has_chip_id, has_id_key_digest, has_author_key_digest;
    uint8_t report_data[64], measurement[48], host_data[32], family_id[16], image_id[16];
    uint8_t report_id[32], report_id_ma[32], chip_id[64], id_key_digest[48], author_key_digest[48];
    char csp_id[128]; /* "" = any; else the VLEK's CSP_ID must equal it */
    bool has_product;
    enum abi_product product;
};

struct pki_policy pki_policy_default(void);

/* Reads a policy file: a JSON object with the members of struct pki_policy by the names that
 * docs/verifier.md lists; an unknown member, a wrong type or a wrong length is an error that names
 * it. */
SEVKIT_MUST struct sevkit_result pki_policy_parse(const char *json, size_t size,
                                                  struct pki_policy *policy);

/* The outcome, stage by stage. */
struct pki_verdict {
    bool accepted;
    enum pki_stage stage;     /* the stage that refused; PKI_STAGE_COUNT when accepted */
    struct sevkit_result why; /* field, value and rule of the refusal */
    enum pki_anchor anchor;
    enum pki_check checks[PKI_STAGE_COUNT];
    struct sevkit_result reasons[PKI_STAGE_COUNT];
    const char *skipped[PKI_STAGE_COUNT]; /* why a stage was skipped, else NULL */
};

/* The requirement (vectors/requirements/) that the refusal rests on, "" when accepted or when the
 * failure is none of a rule. Never NULL. */
const char *pki_verdict_requirement(const struct pki_verdict *verdict);

/* The certificates that a report is to be verified with; parsed, still the caller's. A chain that
 * lacks one is refused at stage chain. */
struct pki_chain_input {
    const struct pki_cert *leaf;
    const struct pki_cert *ca;              /* ASK or ASVK */
    const struct pki_cert *ark;             /* may be NULL if ROOT is given */
    const struct pki_cert *root;            /* --root: the only anchor when given */
    const struct sevkit_result *unreadable; /* NULL, or why a certificate could not be parsed */
    bool trust_dir;                         /* any self-signed ARK is an anchor */
    const uint8_t *crl;                     /* NULL: revocation is not checked */
    size_t crl_size;
    int64_t at; /* UTC seconds since 1970 */
};

struct pki_chain; /* a chain with its verdict, its leaf's key and extensions ready for use */

/* Judges the chain and the CRL. A refused chain is a chain too: its verdict travels to every
 * report. Fails only when memory is short. The chain keeps no pointer to its input. */
SEVKIT_MUST struct sevkit_result pki_chain_new(const struct pki_chain_input *in,
                                               struct pki_chain **chain);
void pki_chain_free(struct pki_chain *chain);

/* Judges SIZE bytes under CHAIN and POLICY. */
void pki_verify_report(struct pki_chain *chain, const uint8_t *report, size_t size,
                       const struct pki_policy *policy, struct pki_verdict *verdict);

#endif
