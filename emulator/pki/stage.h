/* The stages of pki_verify_report, one function each, in the order of enum pki_stage. Each sees
 * what the stages before it have established. */
#ifndef PKI_STAGE_H
#define PKI_STAGE_H

#include "pki/chain.h"
#include "pki/stage_rules.h"

struct pki_judgement {
    struct pki_chain *chain;
    const uint8_t *bytes; /* the report as it came in; the only thing that is ever hashed */
    size_t size;
    const struct pki_policy *policy;
    struct abi_report report; /* after stage parse */
};

SEVKIT_MUST struct sevkit_result pki_stage_parse(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_version(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_signer(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_chain(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_revocation(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_binding(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_signature(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_tcb(struct pki_judgement *j);
SEVKIT_MUST struct sevkit_result pki_stage_policy(struct pki_judgement *j);

/* RAW with its reserved bytes zeroed, by the chain's layout. */
uint64_t pki_tcb_components(const struct pki_judgement *j, uint64_t raw);

/* Splits RAW, the report's FIELD, by the chain's layout; its reserved bytes are zero, or not looked at as the
 * policy says. */
SEVKIT_MUST struct sevkit_result pki_tcb_read(const struct pki_judgement *j, const char *field,
                                              uint64_t raw, struct abi_tcb_parts *parts);

/* Every component of A is at most, or equal to, that of B. The failure of RULE names FIELD and the
 * first component of A that is not. */
SEVKIT_MUST struct sevkit_result pki_tcb_le(enum pki_rule rule, const char *field,
                                            const struct abi_tcb_parts *a,
                                            const struct abi_tcb_parts *b);
SEVKIT_MUST struct sevkit_result pki_tcb_ge(enum pki_rule rule, const char *field,
                                            const struct abi_tcb_parts *a,
                                            const struct abi_tcb_parts *b);
SEVKIT_MUST struct sevkit_result pki_tcb_eq(enum pki_rule rule, const char *field,
                                            const struct abi_tcb_parts *a,
                                            const struct abi_tcb_parts *b);

#endif
