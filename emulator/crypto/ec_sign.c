/* ECDSA P-384 private keys, and signing with the deterministic nonce of RFC 6979, section 3.2, which
 * OpenSSL 3.0 lacks. OpenSSL's arithmetic is used the way its own signer does: the constant-time
 * ladder for k * G, and Fermat's exponent for 1 / k. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/ecdsa.h"
#include "crypto/hmac.h"

/* Everything that a signature needs is made with the key, so that signing allocates little. */
struct crypto_ec_key {
    EC_GROUP *group;
    const BIGNUM *n;   /* the order, GROUP's */
    BN_MONT_CTX *mont; /* modulo n */
    BIGNUM *n_minus_2; /* 1 / k = k ^ (n - 2) */
    BIGNUM *d;         /* the private scalar */
    BIGNUM *d_mont;    /* d in Montgomery form */
    BN_CTX *ctx;       /* scratch */
    BIGNUM *e, *k, *r, *s;
    EC_POINT *point;
    uint8_t scalar[CRYPTO_P384_SIZE]; /* d, big-endian, as the nonce takes it */
    uint8_t xy[2 * CRYPTO_P384_SIZE];
};

void crypto_ec_key_free(struct crypto_ec_key *key) {
    if (key == NULL) return;
    BIGNUM *const numbers[] = {key->n_minus_2, key->d, key->d_mont, key->e, key->k, key->r, key->s};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) BN_clear_free(numbers[i]);
    EC_POINT_clear_free(key->point);
    BN_CTX_free(key->ctx);
    BN_MONT_CTX_free(key->mont);
    EC_GROUP_free(key->group);
    crypto_wipe(key, sizeof *key);
    free(key);
}

/* A key without a scalar; NULL when memory is short. */
static struct crypto_ec_key *key_new(void) {
    struct crypto_ec_key *key = calloc(1, sizeof *key);
    if (key == NULL) return NULL;
    key->group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    key->mont = BN_MONT_CTX_new();
    key->ctx = BN_CTX_secure_new();
    BIGNUM **const numbers[] = {&key->n_minus_2, &key->d, &key->d_mont, &key->e,
                                &key->k,         &key->r, &key->s};
    bool done = key->group != NULL && key->mont != NULL && key->ctx != NULL;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i] = BN_secure_new();
        done = done && *numbers[i] != NULL;
    }
    if (done) {
        key->n = EC_GROUP_get0_order(key->group);
        key->point = EC_POINT_new(key->group);
        BN_set_flags(key->d, BN_FLG_CONSTTIME);
        BN_set_flags(key->k, BN_FLG_CONSTTIME);
        done = key->point != NULL && BN_MONT_CTX_set(key->mont, key->n, key->ctx) == 1 &&
               BN_copy(key->n_minus_2, key->n) != NULL && BN_sub_word(key->n_minus_2, 2) == 1;
    }
    if (done) return key;
    crypto_ec_key_free(key);
    return NULL;
}

/* Completes KEY from its scalar d. */
static bool key_complete(struct crypto_ec_key *key) {
    return BN_bn2binpad(key->d, key->scalar, sizeof key->scalar) > 0 &&
           BN_to_montgomery(key->d_mont, key->d, key->mont, key->ctx) == 1 &&
           EC_POINT_mul(key->group, key->point, key->d, NULL, NULL, key->ctx) == 1 &&
           EC_POINT_get_affine_coordinates(key->group, key->point, key->r, key->s, key->ctx) == 1 &&
           BN_bn2binpad(key->r, key->xy, CRYPTO_P384_SIZE) > 0 &&
           BN_bn2binpad(key->s, key->xy + CRYPTO_P384_SIZE, CRYPTO_P384_SIZE) > 0;
}

struct sevkit_result crypto_ec_key_from_scalar(const uint8_t scalar[CRYPTO_P384_SIZE],
                                               struct crypto_ec_key **key) {
    struct crypto_ec_key *new = key_new();
    if (new == NULL || BN_bin2bn(scalar, CRYPTO_P384_SIZE, new->d) == NULL) {
        crypto_ec_key_free(new);
        return crypto_failed("private key");
    }
    if (BN_is_zero(new->d) || BN_cmp(new->d, new->n) >= 0) {
        crypto_ec_key_free(new);
        return crypto_refused(SEVKIT_BAD_VALUE, "private key", "1 to n - 1");
    }
    if (!key_complete(new)) {
        crypto_ec_key_free(new);
        return crypto_failed("private key");
    }
    *key = new;
    return sevkit_success();
}

struct sevkit_result crypto_ec_key_from_seed(const uint8_t seed[CRYPTO_P384_SEED_SIZE],
                                             struct crypto_ec_key **key) {
    struct crypto_ec_key *new = key_new();
    /* s and k are scratch here: the seed, and n - 1. */
    if (new == NULL || BN_bin2bn(seed, CRYPTO_P384_SEED_SIZE, new->s) == NULL ||
        BN_copy(new->k, new->n) == NULL || BN_sub_word(new->k, 1) != 1 ||
        BN_mod(new->d, new->s, new->k, new->ctx) != 1 || BN_add_word(new->d, 1) != 1 ||
        !key_complete(new)) {
        crypto_ec_key_free(new);
        return crypto_failed("private key");
    }
    *key = new;
    return sevkit_success();
}

void crypto_ec_key_public(const struct crypto_ec_key *key, uint8_t xy[2 * CRYPTO_P384_SIZE]) {
    memcpy(xy, key->xy, sizeof key->xy);
}

/* The generator of RFC 6979, section 3.2: digest, order and its elements all have 48 bytes. */
struct nonce {
    uint8_t k[CRYPTO_SHA384_SIZE];
    uint8_t v[CRYPTO_SHA384_SIZE];
};

/* K = HMAC(K, V || SEPARATOR || TAIL), V = HMAC(K, V). */
static struct sevkit_result nonce_update(struct nonce *nonce, uint8_t separator,
                                         const struct crypto_span tail[2]) {
    const struct crypto_span parts[] = {
        {nonce->v, sizeof nonce->v}, {&separator, 1}, tail[0], tail[1]};
    SEVKIT_TRY(crypto_hmac_sha384(nonce->k, sizeof nonce->k, parts, 4, nonce->k));
    return crypto_hmac_sha384(nonce->k, sizeof nonce->k, parts, 1, nonce->v);
}

/* Steps b to g. HASH is the message's digest modulo n. */
static struct sevkit_result nonce_start(struct nonce *nonce, const struct crypto_ec_key *key,
                                        const uint8_t hash[CRYPTO_P384_SIZE]) {
    const struct crypto_span tail[2] = {{key->scalar, CRYPTO_P384_SIZE}, {hash, CRYPTO_P384_SIZE}};
    memset(nonce->v, 1, sizeof nonce->v);
    memset(nonce->k, 0, sizeof nonce->k);
    SEVKIT_TRY(nonce_update(nonce, 0, tail));
    return nonce_update(nonce, 1, tail);
}

/* Step h's candidate, into key->k. */
static struct sevkit_result nonce_next(struct nonce *nonce, const struct crypto_ec_key *key) {
    const struct crypto_span v = {nonce->v, sizeof nonce->v};
    SEVKIT_TRY(crypto_hmac_sha384(nonce->k, sizeof nonce->k, &v, 1, nonce->v));
    return BN_bin2bn(nonce->v, sizeof nonce->v, key->k) != NULL ? sevkit_success()
                                                                : crypto_failed("nonce");
}

static struct sevkit_result nonce_reject(struct nonce *nonce) {
    const struct crypto_span none[2] = {{NULL, 0}, {NULL, 0}};
    return nonce_update(nonce, 0, none);
}

/* r = x(kG) mod n, s = (e + r d) / k mod n. */
static bool signature_numbers(const struct crypto_ec_key *key) {
    BN_CTX *ctx = key->ctx;
    BIGNUM *r = key->r, *s = key->s, *k = key->k;
    return EC_POINT_mul(key->group, key->point, k, NULL, NULL, ctx) == 1 &&
           EC_POINT_get_affine_coordinates(key->group, key->point, r, NULL, ctx) == 1 &&
           BN_nnmod(r, r, key->n, ctx) == 1 &&
           BN_mod_exp_mont_consttime(k, k, key->n_minus_2, key->n, ctx, key->mont) == 1 &&
           BN_mod_mul_montgomery(s, r, key->d_mont, key->mont, ctx) == 1 &&
           BN_mod_add_quick(s, s, key->e, key->n) == 1 &&
           BN_to_montgomery(s, s, key->mont, ctx) == 1 &&
           BN_mod_mul_montgomery(s, s, k, key->mont, ctx) == 1;
}

/* Tries nonces until one gives a signature. The first does but for one message in 2^189. */
static struct sevkit_result sign_hash(const struct crypto_ec_key *key, struct nonce *nonce) {
    for (;;) {
        SEVKIT_TRY(nonce_next(nonce, key));
        if (!BN_is_zero(key->k) && BN_cmp(key->k, key->n) < 0) {
            if (!signature_numbers(key)) return crypto_failed("ECDSA");
            if (!BN_is_zero(key->r) && !BN_is_zero(key->s)) return sevkit_success();
        }
        SEVKIT_TRY(nonce_reject(nonce));
    }
}

struct sevkit_result crypto_ec_sign(const struct crypto_ec_key *key, const void *bytes, size_t size,
                                    struct crypto_signature *signature) {
    uint8_t hash[CRYPTO_SHA384_SIZE];
    SEVKIT_TRY(crypto_sha384(bytes, size, hash));
    if (BN_bin2bn(hash, sizeof hash, key->e) == NULL ||
        BN_nnmod(key->e, key->e, key->n, key->ctx) != 1 ||
        BN_bn2binpad(key->e, hash, sizeof hash) < 0)
        return crypto_failed("ECDSA");

    struct nonce nonce;
    struct sevkit_result result = nonce_start(&nonce, key, hash);
    if (sevkit_ok(result)) result = sign_hash(key, &nonce);
    crypto_wipe(&nonce, sizeof nonce);
    BN_clear(key->k);
    if (!sevkit_ok(result)) return result;

    if (BN_bn2lebinpad(key->r, signature->r, sizeof signature->r) < 0 ||
        BN_bn2lebinpad(key->s, signature->s, sizeof signature->s) < 0)
        return crypto_failed("ECDSA");
    return sevkit_success();
}
