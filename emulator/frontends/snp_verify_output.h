/* The verdict of snp-verify for programs and for people. Design, section 4; docs/verifier.md. */
#ifndef FRONTENDS_SNP_VERIFY_OUTPUT_H
#define FRONTENDS_SNP_VERIFY_OUTPUT_H

#include "sevkit/verify.h"

/* One JSON object and a newline on stdout. CRL: one was given. */
void snp_verify_json(const struct pki_verdict *verdict, bool crl);

/* One line a stage and, last, ACCEPTED or REJECTED. In colour on a terminal, unless NO_COLOR is
 * set. */
void snp_verify_text(const struct pki_verdict *verdict);

/* Says on stderr that the test keys prove nothing. */
void snp_verify_warn_test(void);

#endif
