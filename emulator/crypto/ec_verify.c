/* ECDSA P-384 public keys, and verifying AMD's form of a signature: attestation report notes, the
 * SIGNATURE field. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "sevkit/bytes.h"
#include "sevkit/crypto.h"

struct crypto_ec_public {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *verify; /* ready for EVP_PKEY_verify */
    BIGNUM *n;            /* the order */
};

void crypto_ec_public_free(struct crypto_ec_public *pub) {
    if (pub == NULL) return;
    EVP_PKEY_CTX_free(pub->verify);
    EVP_PKEY_free(pub->pkey);
    BN_free(pub->n);
    free(pub);
}

/* NULL when the point is not on the curve. */
static EVP_PKEY *public_from_point(EVP_PKEY_CTX *ctx, const uint8_t xy[2 * CRYPTO_P384_SIZE]) {
    uint8_t point[1 + 2 * CRYPTO_P384_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[] = SN_secp384r1;
    memcpy(point + 1, xy, sizeof point - 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = NULL;
    if (EVP_PKEY_fromdata_init(ctx) != 1) return NULL;
    return EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1 ? pkey : NULL;
}

struct sevkit_result crypto_ec_public_new(const uint8_t xy[2 * CRYPTO_P384_SIZE],
                                          struct crypto_ec_public **pub) {
    struct crypto_ec_public *new = calloc(1, sizeof *new);
    if (new == NULL) return crypto_refused(SEVKIT_NO_MEMORY, "public key", "memory for a key");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx != NULL) new->pkey = public_from_point(ctx, xy);
    EVP_PKEY_CTX_free(ctx);
    if (new->pkey == NULL) {
        crypto_ec_public_free(new);
        return crypto_refused(SEVKIT_BAD_VALUE, "public key", "a point of P-384");
    }
    new->verify = EVP_PKEY_CTX_new_from_pkey(NULL, new->pkey, NULL);
    if (new->verify == NULL || EVP_PKEY_verify_init(new->verify) != 1 ||
        EVP_PKEY_get_bn_param(new->pkey, OSSL_PKEY_PARAM_EC_ORDER, &new->n) != 1) {
        crypto_ec_public_free(new);
        return crypto_failed("public key");
    }
    *pub = new;
    return sevkit_success();
}

/* One number of a signature: 48 bytes little-endian, 1 to n - 1, then 24 zero bytes. */
static struct sevkit_result number_read(const uint8_t field[72], const char *name, const BIGNUM *n,
                                        BIGNUM *number) {
    if (!abi_all_zero(field + CRYPTO_P384_SIZE, 72 - CRYPTO_P384_SIZE))
        return crypto_refused(SEVKIT_BAD_CRYPTO, name, "bytes 48 to 71 are zero");
    if (BN_lebin2bn(field, CRYPTO_P384_SIZE, number) == NULL) return crypto_failed(name);
    if (BN_is_zero(number)) return crypto_refused(SEVKIT_BAD_CRYPTO, name, "not zero");
    if (BN_cmp(number, n) >= 0)
        return crypto_refused(SEVKIT_BAD_CRYPTO, name, "below the order of P-384");
    return sevkit_success();
}

static struct sevkit_result signature_read(const struct crypto_signature *signature,
                                           const BIGNUM *n, BIGNUM *r, BIGNUM *s) {
    SEVKIT_TRY(number_read(signature->r, "SIGNATURE.R", n, r));
    return number_read(signature->s, "SIGNATURE.S", n, s);
}

struct sevkit_result crypto_ec_verify(struct crypto_ec_public *pub, const void *bytes, size_t size,
                                      const struct crypto_signature *signature) {
    uint8_t hash[CRYPTO_SHA384_SIZE];
    SEVKIT_TRY(crypto_sha384(bytes, size, hash));

    ECDSA_SIG *numbers = ECDSA_SIG_new();
    BIGNUM *r = BN_new(), *s = BN_new();
    if (numbers == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(numbers, r, s) != 1) {
        ECDSA_SIG_free(numbers);
        BN_free(r);
        BN_free(s);
        return crypto_failed("SIGNATURE");
    }
    struct sevkit_result result = signature_read(signature, pub->n, r, s);
    if (sevkit_ok(result)) {
        uint8_t *der = NULL;
        const int der_size = i2d_ECDSA_SIG(numbers, &der);
        if (der_size <= 0)
            result = crypto_failed("SIGNATURE");
        else if (EVP_PKEY_verify(pub->verify, der, (size_t)der_size, hash, sizeof hash) != 1)
            result =
                crypto_refused(SEVKIT_BAD_CRYPTO, "SIGNATURE", "made by this key for these bytes");
        OPENSSL_free(der);
    }
    ECDSA_SIG_free(numbers);
    return result;
}
