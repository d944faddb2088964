/* The verdict of snp-verify for programs and for people. Design, section 4; docs/verifier.md. */
#ifndef FRONTENDS_SNP_VERIFY_OUTPUT_H
#define FRONTENDS_SNP_VERIFY_OUTPUT_H

#include "sevkit/verify.h"

/* One JSON object and a newline on stdout. CRL: one was given. */
void snp_verify_json(const struct pki_verdict *verdict, bool crl);

/* One line a stage and, last, ACCEPTED or REJECTED. In colour on a terminal, unless NO_COLOR is
 * set. */
void snp_verify_text(const struct pki_verdict *verdict);

/* Warns on stderr of what an accepted report leaves open: a test anchor (also when it was refused), a debug
 * guest, a chip id that was masked. REPORT holds the bytes that were judged. */
void snp_verify_warn(const struct pki_verdict *verdict, const uint8_t *report);

#endif
