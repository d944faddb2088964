/* AES-256-GCM with 12-byte IV and 16-byte tag: guest message notes, section 3.
 *
 * One OpenSSL context a direction keeps the expanded key; a message only sets its IV, which makes a
 * short message cheap. */
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "sevkit/crypto.h"

struct crypto_aead {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

struct sevkit_result crypto_aead_new(struct crypto_aead **aead) {
    struct crypto_aead *new = calloc(1, sizeof *new);
    if (new == NULL) return crypto_refused(SEVKIT_NO_MEMORY, "aead", "memory for a context");
    const EVP_CIPHER *cipher = crypto_cipher_aes_256_gcm();
    new->seal = EVP_CIPHER_CTX_new();
    new->open = EVP_CIPHER_CTX_new();
    if (cipher == NULL || new->seal == NULL || new->open == NULL ||
        EVP_EncryptInit_ex2(new->seal, cipher, NULL, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(new->open, cipher, NULL, NULL, NULL) != 1) {
        crypto_aead_free(new);
        return crypto_failed("aead");
    }
    *aead = new;
    return sevkit_success();
}

void crypto_aead_free(struct crypto_aead *aead) {
    if (aead == NULL) return;
    EVP_CIPHER_CTX_free(aead->seal);
    EVP_CIPHER_CTX_free(aead->open);
    free(aead);
}

struct sevkit_result crypto_aead_set_key(struct crypto_aead *aead,
                                         const uint8_t key[CRYPTO_AEAD_KEY_SIZE]) {
    if (EVP_EncryptInit_ex2(aead->seal, NULL, key, NULL, NULL) != 1) return crypto_failed("key");
    if (EVP_DecryptInit_ex2(aead->open, NULL, key, NULL, NULL) != 1) return crypto_failed("key");
    return sevkit_success();
}

/* OpenSSL counts bytes in an int. */
static struct sevkit_result check_sizes(size_t aad_size, size_t size) {
    if (aad_size > INT_MAX)
        return sevkit_fail(SEVKIT_BAD_LENGTH, "aad", SEVKIT_NO_OFFSET, aad_size,
                           "at most 2^31 - 1 bytes");
    if (size > INT_MAX)
        return sevkit_fail(SEVKIT_BAD_LENGTH, "text", SEVKIT_NO_OFFSET, size,
                           "at most 2^31 - 1 bytes");
    return sevkit_success();
}

struct sevkit_result crypto_aead_seal(struct crypto_aead *aead,
                                      const uint8_t iv[CRYPTO_AEAD_IV_SIZE], const uint8_t *aad,
                                      size_t aad_size, const uint8_t *in, size_t size, uint8_t *out,
                                      uint8_t tag[CRYPTO_AEAD_TAG_SIZE]) {
    SEVKIT_TRY(check_sizes(aad_size, size));
    EVP_CIPHER_CTX *ctx = aead->seal;
    uint8_t rest[CRYPTO_AEAD_TAG_SIZE]; /* stays empty: GCM has no padding */
    int n;
    if (EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) != 1) return crypto_failed("seal");
    if (aad_size > 0 && EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_size) != 1)
        return crypto_failed("seal");
    if (size > 0 && EVP_EncryptUpdate(ctx, out, &n, in, (int)size) != 1)
        return crypto_failed("seal");
    if (EVP_EncryptFinal_ex(ctx, rest, &n) != 1) return crypto_failed("seal");
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_AEAD_TAG_SIZE, tag) != 1)
        return crypto_failed("seal");
    return sevkit_success();
}

static bool decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *aad, size_t aad_size, const uint8_t *in,
                    size_t size, uint8_t *out) {
    int n;
    if (aad_size > 0 && EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_size) != 1) return false;
    return size == 0 || EVP_DecryptUpdate(ctx, out, &n, in, (int)size) == 1;
}

struct sevkit_result crypto_aead_open(struct crypto_aead *aead,
                                      const uint8_t iv[CRYPTO_AEAD_IV_SIZE], const uint8_t *aad,
                                      size_t aad_size, const uint8_t *in, size_t size,
                                      const uint8_t tag[CRYPTO_AEAD_TAG_SIZE], uint8_t *out) {
    SEVKIT_TRY(check_sizes(aad_size, size));
    EVP_CIPHER_CTX *ctx = aead->open;
    uint8_t expected[CRYPTO_AEAD_TAG_SIZE]; /* OpenSSL takes a pointer to non-const */
    uint8_t rest[CRYPTO_AEAD_TAG_SIZE];
    int n;
    for (size_t i = 0; i < sizeof expected; i++) expected[i] = tag[i];
    if (EVP_DecryptInit_ex2(ctx, NULL, NULL, iv, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof expected, expected) != 1 ||
        !decrypt(ctx, aad, aad_size, in, size, out)) {
        crypto_wipe(out, size);
        return crypto_failed("open");
    }
    if (EVP_DecryptFinal_ex(ctx, rest, &n) != 1) {
        crypto_wipe(out, size);
        return crypto_refused(SEVKIT_BAD_CRYPTO, "AUTHTAG", "the tag of these bytes and this key");
    }
    return sevkit_success();
}
