/* Stages parse, version, signer, chain, revocation, binding and signature. Attestation report
 * notes, sections 1 to 3 and 7; certificate notes, section 2 (hwID, TCB). */
#include "pki/stage.h"

#include <string.h>

#include "sevkit/bytes.h"

const char *pki_stage_name(enum pki_stage stage) {
    switch (stage) {
    case PKI_STAGE_PARSE: return "parse";
    case PKI_STAGE_VERSION: return "version";
    case PKI_STAGE_SIGNER: return "signer";
    case PKI_STAGE_CHAIN: return "chain";
    case PKI_STAGE_REVOCATION: return "revocation";
    case PKI_STAGE_BINDING: return "binding";
    case PKI_STAGE_SIGNATURE: return "signature";
    case PKI_STAGE_TCB: return "tcb";
    case PKI_STAGE_POLICY: return "policy";
    case PKI_STAGE_COUNT: return "none";
    }
    return "none";
}

/* ---- parse ---- */

/* MSG_REPORT_RSP: status, REPORT_SIZE at 4, the report at 0x20 (guest message notes). */
#define RESPONSE_HEADER 0x20
#define RESPONSE_REPORT_SIZE 4

static bool looks_like_response(const uint8_t *bytes, size_t size) {
    return size >= RESPONSE_HEADER + ABI_REPORT_SIZE &&
           abi_get_le32(bytes + RESPONSE_REPORT_SIZE) == ABI_REPORT_SIZE;
}

static bool looks_like_hcl(const uint8_t *bytes, size_t size) {
    return size >= RESPONSE_HEADER && memcmp(bytes, "HCLA", 4) == 0;
}

/* Printable from end to end: hex or base64. No report is, for it holds reserved zeros. */
static bool looks_like_text(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const bool space = bytes[i] == '\n' || bytes[i] == '\r';
        if (!space && (bytes[i] < 0x20 || bytes[i] > 0x7E)) return false;
    }
    return size != 0;
}

/* What a reader of the message can do about a report of the wrong size. */
static enum pki_rule size_rule(const uint8_t *bytes, size_t size) {
    if (looks_like_response(bytes, size)) return R_SIZE_RESPONSE;
    if (looks_like_hcl(bytes, size)) return R_SIZE_HCL;
    if (looks_like_text(bytes, size)) return R_SIZE_HEX;
    return size > ABI_REPORT_SIZE ? R_SIZE_LONG : R_SIZE_SHORT; /* @req VRF-001 */
}

struct sevkit_result pki_stage_parse(struct pki_judgement *j) {
    const bool cut = j->policy->allow_long_report && j->size > ABI_REPORT_SIZE; /* @req VRF-123 */
    const size_t size = cut ? ABI_REPORT_SIZE : j->size;
    const bool sized = sevkit_ok(abi_report_decode(j->bytes, size, &j->report));
    if (!sized) return pki_no(size_rule(j->bytes, j->size), NULL, j->size);
    return j->policy->allow_unknown_reserved ? abi_report_check_form(&j->report)
                                             : abi_report_check_fields(&j->report);
}

/* ---- version, signer ---- */

struct sevkit_result pki_stage_version(struct pki_judgement *j) {
    SEVKIT_TRY(abi_report_check_version(&j->report, j->policy->future_versions));
    const uint32_t version = j->report.version;
    const bool old = version < j->policy->report_version_min;
    if (old) return pki_no(R_VERSION_OLD, NULL, version); /* @req VRF-120 */
    return sevkit_success();
}

struct sevkit_result pki_stage_signer(struct pki_judgement *j) {
    const struct pki_chain *c = j->chain;
    const unsigned key = abi_report_signing_key(&j->report);
    const bool vlek = key == ABI_SIGNING_KEY_VLEK;
    const bool none = key == ABI_SIGNING_KEY_NONE;
    const bool reserved = key != ABI_SIGNING_KEY_VCEK && !vlek;
    const uint32_t algorithm = j->report.signature_algo;
    const bool ecdsa = algorithm == ABI_SIGNATURE_ALGO_ECDSA_P384_SHA384;
    const enum pki_role leaf = vlek ? PKI_ROLE_VLEK : PKI_ROLE_VCEK;
    const bool named = c->leaf_role != PKI_ROLE_OTHER; /* else: stage chain */
    const bool wrong_leaf = named && c->leaf_role != leaf;
    const enum pki_role other_ca = vlek ? PKI_ROLE_ASK : PKI_ROLE_ASVK;
    const bool wrong_ca = c->ca_role == other_ca;
    if (!ecdsa) return pki_no(R_SIGNATURE_ALGO, NULL, algorithm);   /* @req VRF-019 */
    if (none) return pki_no(R_SIGNING_KEY_NONE, NULL, key);         /* @req VRF-017 */
    if (reserved) return pki_no(R_SIGNING_KEY_RESERVED, NULL, key); /* @req VRF-018 */
    if (wrong_leaf) return pki_no(R_SIGNER_LEAF, NULL, key);        /* @req VRF-016 */
    if (wrong_ca) return pki_no(R_SIGNER_CA, NULL, key);            /* @req VRF-105 */
    return sevkit_success();
}

/* ---- chain, revocation ---- */

/* Version 2 says nothing about its product, so the chain's counts: the shape of CHIP_ID is no
 * proof. */
struct sevkit_result pki_stage_chain(struct pki_judgement *j) {
    SEVKIT_TRY(j->chain->chain);
    if (j->report.version == ABI_REPORT_VERSION_MIN) return sevkit_success();
    const uint64_t fms = abi_fms_to_eax(j->report.fms);
    const enum abi_product stated = abi_report_product(&j->report);
    const bool unknown = stated == ABI_PRODUCT_UNKNOWN && j->policy->allow_unknown_product;
    const bool same = stated == j->chain->info.product;
    if (!same && !unknown) return pki_no(R_REPORT_LINE, NULL, fms); /* @req VRF-061 VRF-122 */
    return sevkit_success();
}

struct sevkit_result pki_stage_revocation(struct pki_judgement *j) {
    const bool missing = j->policy->require_revocation && !j->chain->has_crl;
    if (missing) return pki_no(R_CRL_REQUIRED, NULL, 0); /* @req VRF-119 */
    return j->chain->revocation;
}

/* ---- binding, signature ---- */

/* A VLEK belongs to a provider, not to a chip: it has no hwID, and CHIP_ID is not compared. */
static struct sevkit_result check_chip_id(const struct pki_judgement *j) {
    const struct pki_leaf_info *info = &j->chain->info;
    const uint8_t *id = j->report.chip_id;
    const size_t size = info->hwid_size, tail = sizeof j->report.chip_id - size;
    const bool masked = abi_all_zero(id, sizeof j->report.chip_id);
    const bool allowed = masked && j->policy->allow_masked_chip_id;
    const bool equal = memcmp(id, info->hwid, size) == 0;
    const bool tail_zero = abi_all_zero(id + size, tail);
    if (size == 0 || allowed) return sevkit_success();
    if (masked) return pki_no(R_CHIP_ID_MASKED, NULL, 0);         /* @req VRF-057 */
    if (!equal) return pki_no(R_CHIP_ID, NULL, abi_get_le64(id)); /* @req VRF-051 */
    if (!tail_zero) return pki_no(R_CHIP_ID_TAIL, NULL, tail);    /* @req VRF-052 */
    return sevkit_success();
}

/* Components alone are compared here: reserved bytes of a TCB belong to stage tcb. */
struct sevkit_result pki_stage_binding(struct pki_judgement *j) {
    const struct pki_leaf_info *info = &j->chain->info;
    const uint64_t reported = pki_tcb_components(j, j->report.reported_tcb);
    struct abi_tcb_parts rep;
    SEVKIT_TRY(check_chip_id(j));
    SEVKIT_TRY(pki_tcb_read(j, "REPORTED_TCB", reported, &rep));
    return pki_tcb_eq(R_TCB_LEAF, "REPORTED_TCB", &rep, &info->tcb); /* @req VRF-058 */
}

struct sevkit_result pki_stage_signature(struct pki_judgement *j) {
    struct crypto_signature signature;
    memcpy(signature.r, j->bytes + ABI_REPORT_SIGNATURE_R, sizeof signature.r);
    memcpy(signature.s, j->bytes + ABI_REPORT_SIGNATURE_S, sizeof signature.s);
    const struct sevkit_result r =
        crypto_ec_verify(j->chain->key, j->bytes, ABI_REPORT_SIGNED_SIZE, &signature);
    const bool number = strcmp(r.field, "SIGNATURE.R") == 0 || strcmp(r.field, "SIGNATURE.S") == 0;
    if (number) return pki_no_at(R_SIGNATURE_RANGE, NULL, r.field, 0); /* @req VRF-063 */
    if (!sevkit_ok(r)) return pki_no(R_SIGNATURE, NULL, 0);            /* @req VRF-062 */
    return sevkit_success();
}
