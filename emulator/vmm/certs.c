/* The certificates of a machine's signing key, genuine or as a scenario wants them. Certificate notes,
 * sections 1 to 3. The root keys are loaded when certificates are first asked for: most machines never
 * need them. */
#include "vmm/certs.h"

#include "pki/der_time.h"
#include "psp/keys.h"
#include "vmm/machine.h"

#define DAY INT64_C(86400)
#define CRL_DAYS 30
#define VCEK_YEARS 7
#define VLEK_YEARS 1

/* The notBefore of a leaf whose notAfter is a day before NOW (on 29 February up to two: what is mapped
 * to the 28th comes back there). */
static int64_t expired_since(const struct pki_leaf *leaf, int64_t now) {
    struct pki_civil civil = pki_civil_from_seconds(now - DAY);
    civil.year -= leaf->csp_id != NULL ? VLEK_YEARS : VCEK_YEARS;
    const unsigned last = pki_civil_days_in_month(civil.year, civil.month);
    if (civil.day > last) civil.day = last;
    return pki_civil_to_seconds(&civil);
}

/* SNP one lower, or 1 where it is 0: what no other check than that of the TCB can see. */
static SEVKIT_MUST struct sevkit_result other_tcb(struct pki_leaf *leaf) {
    struct abi_tcb_parts parts;
    SEVKIT_TRY(abi_tcb_unpack(leaf->product, leaf->tcb, &parts));
    parts.snp = parts.snp > 0 ? (uint8_t)(parts.snp - 1) : 1;
    leaf->tcb = abi_tcb_pack(leaf->product, &parts);
    return sevkit_success();
}

/* The first component that is not 0 one lower, microcode first: it is what changes most often. */
static SEVKIT_MUST struct sevkit_result older_tcb(struct pki_leaf *leaf) {
    struct abi_tcb_parts p;
    SEVKIT_TRY(abi_tcb_unpack(leaf->product, leaf->tcb, &p));
    uint8_t *const parts[] = {&p.microcode, &p.snp, &p.tee, &p.boot_loader, &p.fmc};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (*parts[i] == 0) continue;
        (*parts[i])--;
        leaf->tcb = abi_tcb_pack(leaf->product, &p);
        return sevkit_success();
    }
    return sevkit_fail(SEVKIT_NOT_FOUND, "tcb", SEVKIT_NO_OFFSET, 0, "a TCB above another one");
}

struct sevkit_result vmm_mint_leaf(const struct pki_roots *roots, const struct pki_leaf *leaf,
                                   enum sevkit_leaf_kind kind, int64_t now, struct pki_der *out) {
    struct pki_leaf made = *leaf;
    struct crypto_ec_key *key = NULL;
    made.not_before = kind == SEVKIT_LEAF_EXPIRED ? expired_since(leaf, now) : now - DAY;
    if (kind == SEVKIT_LEAF_KDS_OLD_TCB) SEVKIT_TRY(older_tcb(&made));
    SEVKIT_TRY(pki_leaf_key(&made, &key));
    struct sevkit_result r = sevkit_success();
    if (kind == SEVKIT_LEAF_VCEK_TCB) r = other_tcb(&made); /* the key stays the right one */
    if (sevkit_ok(r)) r = pki_mint_leaf(roots, &made, key, out);
    crypto_ec_key_free(key);
    return r;
}

struct sevkit_result vmm_mint_crl(const struct pki_roots *roots,
                                  const struct sevkit_scenario *scenario, int64_t now,
                                  struct pki_der *out) {
    uint8_t serials[2][3]; /* side by side, so that every choice of them is a row */
    uint8_t *const ask = serials[0], *const asvk = serials[1];
    const uint8_t *const first = scenario->revoke_ask ? ask : asvk;
    const size_t count = (size_t)scenario->revoke_ask + scenario->revoke_asvk;
    pki_ca_serials(roots, ask, asvk);
    const int64_t next = scenario->crl_expired ? now - DAY : now + CRL_DAYS * DAY;
    const int64_t made = scenario->crl_expired ? next - CRL_DAYS * DAY : now - DAY;
    return pki_mint_crl(roots, made, next, (const uint8_t(*)[3])first, count, out);
}

struct sevkit_result vmm_machine_certs(struct vmm_machine *machine, struct vmm_certs *certs) {
    const struct sevkit_scenario *scenario = &machine->scenario;
    const int64_t now = machine->env.now(machine->env.ctx);
    if (machine->roots == NULL) {
        SEVKIT_TRY(pki_roots_new(machine->profile.product, &machine->roots));
    }
    certs->vlek = machine->profile.vlek_loaded;
    const struct pki_leaf leaf =
        psp_leaf(machine->psp, certs->vlek ? ABI_SIGNING_KEY_VLEK : ABI_SIGNING_KEY_VCEK,
                 machine->profile.reported_tcb);
    SEVKIT_TRY(vmm_mint_leaf(machine->roots, &leaf, scenario->leaf, now, &certs->leaf));
    if (certs->vlek) {
        SEVKIT_TRY(pki_mint_asvk(machine->roots, &certs->ca));
    } else {
        SEVKIT_TRY(pki_mint_ask(machine->roots, &certs->ca));
    }
    SEVKIT_TRY(pki_mint_ark(machine->roots, &certs->ark));
    return vmm_mint_crl(machine->roots, scenario, now, &certs->crl);
}
