/* AES-256-XTS over whole pages, a guest's memory encryption: RMP notes, section 4, C=1.
 *
 * One OpenSSL context a direction keeps the expanded keys; a page only sets its tweak. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "sevkit/bytes.h"
#include "sevkit/crypto.h"

struct crypto_page_cipher {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

struct sevkit_result crypto_page_cipher_new(struct crypto_page_cipher **cipher) {
    struct crypto_page_cipher *new = calloc(1, sizeof *new);
    if (new == NULL) return crypto_refused(SEVKIT_NO_MEMORY, "cipher", "memory for a context");
    const EVP_CIPHER *xts = crypto_cipher_aes_256_xts();
    new->seal = EVP_CIPHER_CTX_new();
    new->open = EVP_CIPHER_CTX_new();
    if (xts == NULL || new->seal == NULL || new->open == NULL ||
        EVP_EncryptInit_ex2(new->seal, xts, NULL, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(new->open, xts, NULL, NULL, NULL) != 1) {
        crypto_page_cipher_free(new);
        return crypto_failed("cipher");
    }
    *cipher = new;
    return sevkit_success();
}

/* OpenSSL wipes the keys with their contexts. */
void crypto_page_cipher_free(struct crypto_page_cipher *cipher) {
    if (cipher == NULL) return;
    EVP_CIPHER_CTX_free(cipher->seal);
    EVP_CIPHER_CTX_free(cipher->open);
    free(cipher);
}

struct sevkit_result crypto_page_cipher_set_key(struct crypto_page_cipher *cipher,
                                                const uint8_t key[CRYPTO_PAGE_KEY_SIZE]) {
    const uint8_t *tweak_key = key + CRYPTO_PAGE_KEY_SIZE / 2;
    if (CRYPTO_memcmp(key, tweak_key, CRYPTO_PAGE_KEY_SIZE / 2) == 0)
        return crypto_refused(SEVKIT_BAD_VALUE, "key", "two keys that differ, as XTS needs");
    if (EVP_EncryptInit_ex2(cipher->seal, NULL, key, NULL, NULL) != 1) return crypto_failed("key");
    if (EVP_DecryptInit_ex2(cipher->open, NULL, key, NULL, NULL) != 1) return crypto_failed("key");
    return sevkit_success();
}

/* XTS reads its data unit number as a little-endian number of 16 bytes: IEEE 1619, section 5.1. */
static void put_tweak(uint64_t paddr, uint8_t tweak[16]) {
    abi_put_le64(tweak, paddr);
    abi_put_le64(tweak + 8, 0);
}

struct sevkit_result crypto_page_cipher_seal(struct crypto_page_cipher *cipher, uint64_t paddr,
                                             const uint8_t in[CRYPTO_PAGE_SIZE],
                                             uint8_t out[CRYPTO_PAGE_SIZE]) {
    uint8_t tweak[16];
    int n;
    put_tweak(paddr, tweak);
    if (EVP_EncryptInit_ex2(cipher->seal, NULL, NULL, tweak, NULL) != 1 ||
        EVP_EncryptUpdate(cipher->seal, out, &n, in, CRYPTO_PAGE_SIZE) != 1)
        return crypto_failed("seal");
    return sevkit_success();
}

struct sevkit_result crypto_page_cipher_open(struct crypto_page_cipher *cipher, uint64_t paddr,
                                             const uint8_t in[CRYPTO_PAGE_SIZE],
                                             uint8_t out[CRYPTO_PAGE_SIZE]) {
    uint8_t tweak[16];
    int n;
    put_tweak(paddr, tweak);
    if (EVP_DecryptInit_ex2(cipher->open, NULL, NULL, tweak, NULL) != 1 ||
        EVP_DecryptUpdate(cipher->open, out, &n, in, CRYPTO_PAGE_SIZE) != 1)
        return crypto_failed("open");
    return sevkit_success();
}
