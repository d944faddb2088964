/* The keys that a PSP owns: VCEK, VLEK and the guest key roots that belong to them. vmm/ mints
 * certificates for the same keys. */
#ifndef SEVKIT_PSP_KEYS_H
#define SEVKIT_PSP_KEYS_H

#include "psp/state.h"
#include "sevkit/pki.h"

/* What certificate and key of KIND (VCEK or VLEK) are made of at TCB. Points into PSP;
 * not_before is the caller's. */
struct pki_leaf psp_leaf(const struct psp *psp, enum abi_signing_key kind, uint64_t tcb);

/* The private key of KIND for REPORTED_TCB. The PSP keeps it. */
SEVKIT_MUST struct sevkit_result psp_signing_key(struct psp *psp, enum abi_signing_key kind,
                                                 const struct crypto_ec_key **key);

/* The secret of KIND at TCB from which guest keys are derived. The caller wipes SECRET. */
SEVKIT_MUST struct sevkit_result psp_root_secret(struct psp *psp, enum abi_signing_key kind,
                                                 uint64_t tcb, uint8_t secret[PSP_SECRET_SIZE]);

/* The rule for KEY_SEL that REPORT_REQ and KEY_REQ share. Guest message notes, sections 7 and
 * 9.2. */
SEVKIT_MUST bool psp_key_sel_allowed(const struct psp *psp, const struct psp_gctx *gctx,
                                     uint32_t key_sel);

/* The key that an allowed KEY_SEL stands for: VCEK or VLEK. */
enum abi_signing_key psp_key_sel_kind(const struct psp *psp, uint32_t key_sel);

/* Wipes and frees what was made. */
void psp_keys_free(struct psp *psp);

#endif
