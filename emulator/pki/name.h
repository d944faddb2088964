/* The distinguished names of AMD's certificates (certificate notes, section 1.1). */
#ifndef PKI_NAME_H
#define PKI_NAME_H

#include "pki/der.h"
#include "sevkit/tcb.h"

#define PKI_COMMON_NAME_SIZE 32

/* Common names by product line: "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan". */
void pki_name_ark(enum abi_product product, char out[PKI_COMMON_NAME_SIZE]);
void pki_name_ask(enum abi_product product, char out[PKI_COMMON_NAME_SIZE]);
void pki_name_asvk(enum abi_product product, char out[PKI_COMMON_NAME_SIZE]);

#define PKI_NAME_VCEK "SEV-VCEK"
#define PKI_NAME_VLEK "SEV-VLEK"

/* The Name with the fixed values around COMMON_NAME. */
void pki_name_write(struct pki_der_writer *w, const char *common_name);

#endif
