/* The certificates of a machine's signing key. Certificate notes, sections 1 to 3. The root keys
 * are loaded when certificates are first asked for: most machines never need them. */
#include "psp/keys.h"
#include "vmm/machine.h"

#define DAY INT64_C(86400)
#define CRL_DAYS 30

static struct sevkit_result mint_leaf(struct vmm_machine *m, struct vmm_certs *certs, int64_t now) {
    const enum abi_signing_key kind = certs->vlek ? ABI_SIGNING_KEY_VLEK : ABI_SIGNING_KEY_VCEK;
    struct pki_leaf leaf = psp_leaf(m->psp, kind, m->profile.reported_tcb);
    const struct crypto_ec_key *key;
    leaf.not_before = now - DAY;
    SEVKIT_TRY(psp_signing_key(m->psp, kind, &key));
    return pki_mint_leaf(m->roots, &leaf, key, &certs->leaf);
}

struct sevkit_result vmm_machine_certs(struct vmm_machine *machine, struct vmm_certs *certs) {
    const int64_t now = machine->env.now(machine->env.ctx);
    if (machine->roots == NULL) {
        SEVKIT_TRY(pki_roots_new(machine->profile.product, &machine->roots));
    }
    certs->vlek = machine->profile.vlek_loaded;
    SEVKIT_TRY(mint_leaf(machine, certs, now));
    if (certs->vlek) {
        SEVKIT_TRY(pki_mint_asvk(machine->roots, &certs->ca));
    } else {
        SEVKIT_TRY(pki_mint_ask(machine->roots, &certs->ca));
    }
    SEVKIT_TRY(pki_mint_ark(machine->roots, &certs->ark));
    return pki_mint_crl(machine->roots, now - DAY, now + CRL_DAYS * DAY, NULL, 0, &certs->crl);
}
