/* Every rule of the verifier in one table: what a failure is called, which field it names, the
 * requirement that it enforces and the words for people (stage_rules.c). A check is one line that
 * names its rule, so a verdict's text always leads back to the line. */
#ifndef PKI_STAGE_RULES_H
#define PKI_STAGE_RULES_H

#include "sevkit/verify.h"

enum pki_rule {
    /* chain: any certificate */
    R_CERT_MISSING,
    R_CERT_VERSION,
    R_CERT_ALGORITHMS,
    R_CERT_ALGORITHM,
    R_CERT_NAME_COUNT,
    R_CERT_NAME_RDN,
    R_CERT_NAME_ORDER,
    R_CERT_NAME_TAG,
    R_CERT_NAME_VALUE,
    R_CERT_UNIQUE_ID,
    R_CERT_EXTENSIONS,
    R_CERT_TWICE,
    R_CERT_CRITICAL,
    R_CERT_ISSUER,
    /* chain: CA certificates */
    R_ARK_SIGNATURE,
    R_CA_SIGNATURE,
    R_CA_VALIDITY,
    R_CA_NAME,
    R_CA_KEY,
    R_CA_CONSTRAINTS,
    R_CA_CONSTRAINTS_CRITICAL,
    R_CA_FLAG,
    R_CA_PATH_LENGTH,
    R_CA_USAGE,
    R_CA_USAGE_CRITICAL,
    R_CA_USAGE_BITS,
    R_CA_PRODUCT,
    R_ARK_ANCHOR,
    R_ARK_ROOT,
    /* chain: leaves */
    R_LEAF_SIGNATURE,
    R_LEAF_VALIDITY,
    R_LEAF_NAME,
    R_LEAF_ISSUER_NAME,
    R_LEAF_KEY,
    R_LEAF_CONSTRAINTS,
    R_LEAF_CA,
    R_LEAF_USAGE,
    R_LEAF_USAGE_BITS,
    R_LEAF_UNKNOWN,
    R_LEAF_CRITICAL,
    R_LEAF_MISSING,
    R_LEAF_HWID_MISSING,
    R_LEAF_CSP_MISSING,
    R_LEAF_TWICE,
    R_LEAF_FOREIGN,
    R_LEAF_INTEGER,
    R_LEAF_RANGE,
    R_LEAF_TEXT,
    R_LEAF_STRUCT_VERSION,
    R_LEAF_PRODUCT_NAME,
    R_LEAF_HWID,
    /* chain: the report under it */
    R_REPORT_LINE,
    /* parse and signer */
    R_SIZE_RESPONSE,
    R_SIZE_HCL,
    R_SIZE_HEX,
    R_SIZE_LONG,
    R_SIZE_SHORT,
    R_SIGNING_KEY_NONE,
    R_SIGNING_KEY_RESERVED,
    R_SIGNATURE_ALGO,
    R_SIGNER_LEAF,
    R_SIGNER_CA,
    /* revocation */
    R_CRL_REQUIRED,
    R_CRL_ISSUER,
    R_CRL_SIGNATURE,
    R_CRL_THIS_UPDATE,
    R_CRL_NEXT_UPDATE_MISSING,
    R_CRL_NEXT_UPDATE,
    R_CRL_PARTIAL,
    R_CRL_CRITICAL,
    R_CRL_ENTRY_CRITICAL,
    R_CRL_LISTS_ARK,
    R_CRL_LISTS_CA,
    R_CRL_LISTS_LEAF,
    /* binding and signature */
    R_CHIP_ID_MASKED,
    R_CHIP_ID,
    R_CHIP_ID_TAIL,
    R_TCB_RESERVED,
    R_TCB_LEAF,
    R_SIGNATURE_RANGE,
    R_SIGNATURE,
    /* tcb */
    R_TCB_REPORTED,
    R_TCB_COMMITTED,
    R_TCB_VERSION,
    R_TCB_FLOOR,
    R_TCB_LAUNCH_FLOOR,
    R_TCB_FIRMWARE_FLOOR,
    /* policy */
    R_POLICY_UNKNOWN,
    R_POLICY_DEBUG,
    R_POLICY_MIGRATE,
    R_POLICY_SMT,
    R_POLICY_SOCKET,
    R_POLICY_ABI,
    R_POLICY_SVN,
    R_POLICY_HOST,
    R_POLICY_VMPL_RANGE,
    R_POLICY_VMPL,
    R_POLICY_PLATFORM_UNKNOWN,
    R_POLICY_PLATFORM_SET,
    R_POLICY_PLATFORM_CLEAR,
    R_POLICY_SMT_MISMATCH,
    R_POLICY_RAPL_MISMATCH,
    R_POLICY_HIDING_MISMATCH,
    R_POLICY_PROVISIONAL,
    R_POLICY_LAUNCH_MIT,
    R_POLICY_CURRENT_MIT,
    R_POLICY_EQUAL,
    R_POLICY_AUTHOR_KEY,
    R_POLICY_CSP_ID,
    R_POLICY_PRODUCT,
    R_COUNT,
};

/* The failure of RULE at its own field; with LABEL ("ASK"), at "LABEL.field". */
SEVKIT_MUST struct sevkit_result pki_no(enum pki_rule rule, const char *label, uint64_t value);

/* The same at a field that only the caller knows. */
SEVKIT_MUST struct sevkit_result pki_no_at(enum pki_rule rule, const char *label, const char *part,
                                           uint64_t value);

#endif
