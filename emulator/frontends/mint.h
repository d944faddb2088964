/* sevkit-mint: what is behind `sevkit report`, `sevkit roots` and `sevkit cert` (design, section 4). */
#ifndef FRONTENDS_MINT_H
#define FRONTENDS_MINT_H

#include "frontends/cli.h"
#include "sevkit/pki.h"
#include "sevkit/report.h"

/* The sub-commands. ARGV begins behind the sub-command's name. They return the exit code. */
int mint_report(int argc, char **argv);
int mint_report_show(int argc, char **argv);
int mint_roots(int argc, char **argv);
int mint_cert_vcek(int argc, char **argv);
int mint_cert_vlek(int argc, char **argv);
int mint_cert_crl(int argc, char **argv);
int mint_cert_show(int argc, char **argv);

/* The report's fields by name as JSON text, to be freed; NULL when memory is short. PRODUCT decides how
 * TCBs are split; UNKNOWN leaves them undivided. */
char *mint_report_json(const struct abi_report *report, enum abi_product product);

/* Milan, Genoa or Turin. False after a message. */
bool mint_product(const char *option, const char *text, enum abi_product *product);

/* The time that TEXT says, or now when it is NULL. False after a message. */
bool mint_time(const char *option, const char *text, int64_t *seconds);

/* Writes DIR/STEM.der and, with PEM, DIR/STEM.pem. False after a message. */
bool mint_write_cert(const char *dir, const char *stem, const struct pki_der *der, bool pem);

#endif
