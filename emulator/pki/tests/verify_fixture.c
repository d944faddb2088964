/* See verify_fixture.h. */
#include "verify_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mint_fixture.h"
#include "mint_walk.h"

#define HOUR 3600
#define DAY 86400

static void need(struct sevkit_result r) {
    if (unit_ok(r)) return;
    abort();
}

static void need_true(bool made, const char *what) {
    if (made) return;
    fprintf(stderr, "    fixture: %s\n", what);
    abort();
}

/* ---- the accepted world ---- */

static const struct abi_fms models[] = {
    [ABI_PRODUCT_MILAN] = {0x19, 0x01, 1},
    [ABI_PRODUCT_GENOA] = {0x19, 0x11, 1},
    [ABI_PRODUCT_TURIN] = {0x1A, 0x02, 1},
};

static struct abi_report report_of(const struct pki_leaf *leaf, unsigned version, bool vlek) {
    struct abi_report r = {
        .version = version,
        .guest_svn = 2,
        .policy = ABI_POLICY_RESERVED_ONE | ABI_POLICY_SMT | 0x11F,
        .signature_algo = ABI_SIGNATURE_ALGO_ECDSA_P384_SHA384,
        .current_tcb = leaf->tcb,
        .committed_tcb = leaf->tcb,
        .reported_tcb = leaf->tcb,
        .launch_tcb = leaf->tcb,
        .platform_info = ABI_PLATFORM_SMT_EN | ABI_PLATFORM_ECC_EN,
        .key_info = (uint32_t)vlek << ABI_KEY_INFO_SIGNING_KEY_SHIFT,
        .current = {1, 55, 40},
        .committed = {1, 55, 40},
    };
    memset(r.report_data, 0xD1, sizeof r.report_data);
    memset(r.measurement, 0xD2, sizeof r.measurement);
    memset(r.host_data, 0xD3, sizeof r.host_data);
    memset(r.family_id, 0xD4, sizeof r.family_id);
    memset(r.image_id, 0xD5, sizeof r.image_id);
    memset(r.report_id, 0xD6, sizeof r.report_id);
    memset(r.report_id_ma, 0xFF, sizeof r.report_id_ma);
    memset(r.id_key_digest, 0xD7, sizeof r.id_key_digest);
    if (version >= 3) r.fms = models[leaf->product];
    if (version >= 5) r.launch_mit_vector = r.current_mit_vector = 3;
    if (!vlek) memcpy(r.chip_id, leaf->hwid, leaf->hwid_size);
    return r;
}

void verify_sign(struct verify_world *w) {
    struct crypto_signature signature;
    abi_report_encode(&w->report, w->bytes);
    need(crypto_ec_sign(w->key, w->bytes, ABI_REPORT_SIGNED_SIZE, &signature));
    memcpy(w->report.signature_r, signature.r, sizeof signature.r);
    memcpy(w->report.signature_s, signature.s, sizeof signature.s);
    abi_report_encode(&w->report, w->bytes);
}

void verify_crl(struct verify_world *w, const uint8_t (*serials)[3], size_t count) {
    need(pki_mint_crl(w->roots, w->at - DAY, w->at + DAY, serials, count, &w->crl));
    w->with_crl = true;
}

void verify_open(struct verify_world *w, enum abi_product product, bool vlek, unsigned version) {
    const struct pki_leaf leaf = vlek ? mint_vlek(product) : mint_vcek(product);
    *w = (struct verify_world){.product = product,
                               .vlek = vlek,
                               .at = leaf.not_before + HOUR,
                               .policy = pki_policy_default()};
    need(pki_roots_new(product, &w->roots));
    need(pki_mint_ark(w->roots, &w->ark));
    need(vlek ? pki_mint_asvk(w->roots, &w->ca) : pki_mint_ask(w->roots, &w->ca));
    need(pki_leaf_key(&leaf, &w->key));
    need(pki_mint_leaf(w->roots, &leaf, w->key, &w->leaf));
    w->report = report_of(&leaf, version, vlek);
    verify_sign(w);
}

void verify_close(struct verify_world *w) {
    pki_roots_free(w->roots);
    crypto_ec_key_free(w->key);
}

/* ---- editing DER ---- */

struct edit {
    const uint8_t *in;
    size_t from, to; /* what is replaced */
    const uint8_t *bytes;
    size_t size;
};

static void edit_content(const struct edit *e, const struct mint_tlv *t, struct pki_der_writer *w);

/* The value that holds the edited place, with its length written anew. */
static void edit_value(const struct edit *e, const struct mint_tlv *t, struct pki_der_writer *w) {
    const size_t mark = pki_der_open(w, t->tag);
    edit_content(e, t, w);
    pki_der_close(w, mark);
}

static void edit_content(const struct edit *e, const struct mint_tlv *t, struct pki_der_writer *w) {
    struct mint_tlv child;
    for (size_t i = 0; (t->tag & 0x20) != 0 && mint_child(e->in, t, i, &child); i++) {
        if (child.content > e->from || child.end < e->to) continue;
        pki_der_raw(w, e->in + t->content, child.start - t->content);
        edit_value(e, &child, w);
        pki_der_raw(w, e->in + child.end, t->end - child.end);
        return;
    }
    pki_der_raw(w, e->in + t->content, e->from - t->content);
    pki_der_raw(w, e->bytes, e->size);
    pki_der_raw(w, e->in + e->to, t->end - e->to);
}

static size_t find(const uint8_t *in, size_t size, const uint8_t *what, size_t length, size_t nth) {
    for (size_t at = 0; at + length <= size; at++) {
        if (memcmp(in + at, what, length) == 0 && nth-- == 0) return at;
    }
    need_true(false, "the bytes to be replaced are not there");
    return 0;
}

static size_t edit_tbs(const uint8_t *tbs, size_t size, const char *old, size_t nth,
                       const char *new, uint8_t *out) {
    static uint8_t from[1024], to[1024];
    const size_t from_size = unit_hex(old, from, sizeof from);
    struct edit e = {.in = tbs, .bytes = to, .size = unit_hex(new, to, sizeof to)};
    struct mint_tlv whole;
    struct pki_der_writer w;
    size_t out_size = 0;
    e.from = find(tbs, size, from, from_size, nth);
    e.to = e.from + from_size;
    need_true(mint_tlv_at(tbs, 0, size, &whole), "the signed part is not DER");
    pki_der_start(&w, out, PKI_DER_MAX);
    edit_value(&e, &whole, &w);
    need(pki_der_finish(&w, "edited", &out_size));
    return out_size;
}

/* The AlgorithmIdentifier inside TBS: behind version and serial in a certificate, behind the
 * version in a CRL. */
static struct crypto_span inner_algorithm(const uint8_t *tbs, size_t size) {
    struct mint_tlv whole, child;
    need_true(mint_tlv_at(tbs, 0, size, &whole), "the signed part is not DER");
    for (size_t i = 0; i < 3; i++) {
        need_true(mint_child(tbs, &whole, i, &child), "no algorithm inside");
        if (child.tag == PKI_DER_SEQUENCE) break;
    }
    return (struct crypto_span){tbs + child.start, child.end - child.start};
}

void verify_reseal(struct pki_der *der, const char *old, size_t nth, const char *new,
                   const struct crypto_rsa_key *key, const struct crypto_span *algorithm) {
    uint8_t tbs[PKI_DER_MAX], signature[CRYPTO_RSA_SIZE];
    struct mint_tlv outer, inner;
    struct pki_der_writer w;
    need_true(mint_tlv_at(der->bytes, 0, der->size, &outer), "not DER");
    need_true(mint_child(der->bytes, &outer, 0, &inner), "no signed part");
    size_t size = inner.end - inner.start;
    memcpy(tbs, der->bytes + inner.start, size);
    if (old != NULL) size = edit_tbs(der->bytes + inner.start, size, old, nth, new, tbs);
    const struct crypto_span alg = algorithm != NULL ? *algorithm : inner_algorithm(tbs, size);
    need(crypto_rsa_pss_sign(key, tbs, size, signature));
    pki_der_start(&w, der->bytes, sizeof der->bytes);
    const size_t mark = pki_der_open(&w, PKI_DER_SEQUENCE);
    pki_der_raw(&w, tbs, size);
    pki_der_raw(&w, alg.bytes, alg.size);
    pki_der_bits(&w, signature, sizeof signature);
    pki_der_close(&w, mark);
    need(pki_der_finish(&w, "resealed", &der->size));
}

void verify_patch(struct verify_world *w, enum verify_part part, const char *old, size_t nth,
                  const char *new) {
    const struct crypto_rsa_key *ca = w->vlek ? w->roots->asvk : w->roots->ask;
    switch (part) {
    case VERIFY_ARK: verify_reseal(&w->ark, old, nth, new, w->roots->ark, NULL); return;
    case VERIFY_CA: verify_reseal(&w->ca, old, nth, new, w->roots->ark, NULL); return;
    case VERIFY_LEAF: verify_reseal(&w->leaf, old, nth, new, ca, NULL); return;
    case VERIFY_CRL: verify_reseal(&w->crl, old, nth, new, w->roots->ark, NULL); return;
    }
}

/* ---- judging ---- */

/* A part of size 0 is not given to the verifier; one that does not parse is given as unreadable. */
static struct pki_cert *parse(const struct pki_der *der, struct sevkit_result *unreadable) {
    struct pki_cert *cert = NULL;
    if (der->size == 0) return NULL;
    const struct sevkit_result r = pki_cert_parse(der->bytes, der->size, &cert);
    if (!sevkit_ok(r)) *unreadable = r;
    return sevkit_ok(r) ? cert : NULL;
}

struct pki_verdict verify_judge(const struct verify_world *w) {
    struct sevkit_result unreadable = sevkit_success();
    struct pki_cert *leaf = parse(&w->leaf, &unreadable), *ca = parse(&w->ca, &unreadable);
    struct pki_cert *ark = parse(&w->ark, &unreadable);
    struct pki_cert *root = w->with_root ? parse(&w->root, &unreadable) : NULL;
    const struct pki_chain_input in = {
        .leaf = leaf,
        .ca = ca,
        .ark = ark,
        .root = root,
        .unreadable = sevkit_ok(unreadable) ? NULL : &unreadable,
        .trust_dir = w->trust_dir,
        .crl = w->with_crl ? w->crl.bytes : NULL,
        .crl_size = w->crl.size,
        .at = w->at,
    };
    struct pki_chain *chain;
    struct pki_verdict verdict;
    need(pki_chain_new(&in, &chain));
    pki_cert_free(leaf);
    pki_cert_free(ca);
    pki_cert_free(ark);
    pki_cert_free(root);
    pki_verify_report(chain, w->bytes, sizeof w->bytes, &w->policy, &verdict);
    pki_chain_free(chain);
    return verdict;
}

bool verify_accepts(const struct verify_world *w) {
    const struct pki_verdict v = verify_judge(w);
    if (v.accepted) return true;
    char text[256];
    sevkit_result_text(&v.why, text, sizeof text);
    fprintf(stderr, "    wanted acceptance, got %s: %s\n", pki_stage_name(v.stage), text);
    return false;
}

bool verify_refuses(const struct verify_world *w, enum pki_stage stage, const char *field,
                    const char *requirement) {
    const struct pki_verdict v = verify_judge(w);
    const char *id = pki_verdict_requirement(&v);
    const bool same = !v.accepted && v.stage == stage && strcmp(v.why.field, field) == 0 &&
                      strcmp(id, requirement) == 0;
    if (same) return true;
    fprintf(stderr, "    wanted %s at %s [%s], got %s at %s [%s]\n", field, pki_stage_name(stage),
            requirement, v.accepted ? "acceptance" : v.why.field, pki_stage_name(v.stage), id);
    return false;
}
