/* See limit.h. */
#include "limit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/message.h"

#define SHA384_SIZE 48
#define SIGNATURE_MAX 104 /* DER of two numbers below 2^384 */
#define KDF_INPUT 229     /* counter, label, separator, context and length of a guest key */

struct bench_limit {
    EVP_MD *sha384;
    EVP_MD_CTX *digest;
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *sign, *verify;
    EVP_CIPHER *gcm;
    EVP_CIPHER_CTX *seal, *open;
    EVP_MAC *hmac;
    EVP_MAC_CTX *mac;
    uint64_t seqno;
    uint8_t report[ABI_REPORT_SIGNED_SIZE];
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_size;
    uint8_t in[ABI_MSG_PAYLOAD_MAX], sealed[ABI_MSG_PAYLOAD_MAX], opened[ABI_MSG_PAYLOAD_MAX];
};

void bench_limit_free(struct bench_limit *l) {
    if (l == NULL) return;
    EVP_MAC_CTX_free(l->mac);
    EVP_MAC_free(l->hmac);
    EVP_CIPHER_CTX_free(l->open);
    EVP_CIPHER_CTX_free(l->seal);
    EVP_CIPHER_free(l->gcm);
    EVP_PKEY_CTX_free(l->verify);
    EVP_PKEY_CTX_free(l->sign);
    EVP_PKEY_free(l->pkey);
    EVP_MD_CTX_free(l->digest);
    EVP_MD_free(l->sha384);
    free(l);
}

static bool start_ecdsa(struct bench_limit *l) {
    l->sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    l->digest = EVP_MD_CTX_new();
    l->pkey = EVP_EC_gen("P-384");
    if (l->sha384 == NULL || l->digest == NULL || l->pkey == NULL) return false;
    l->sign = EVP_PKEY_CTX_new_from_pkey(NULL, l->pkey, NULL);
    l->verify = EVP_PKEY_CTX_new_from_pkey(NULL, l->pkey, NULL);
    return l->sign != NULL && l->verify != NULL && EVP_PKEY_sign_init(l->sign) == 1 &&
           EVP_PKEY_verify_init(l->verify) == 1 && bench_limit_sign(l);
}

static bool start_gcm(struct bench_limit *l) {
    const uint8_t key[ABI_VMPCK_SIZE] = {1};
    l->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    l->seal = EVP_CIPHER_CTX_new();
    l->open = EVP_CIPHER_CTX_new();
    return l->gcm != NULL && l->seal != NULL && l->open != NULL &&
           EVP_EncryptInit_ex2(l->seal, l->gcm, key, NULL, NULL) == 1 &&
           EVP_DecryptInit_ex2(l->open, l->gcm, key, NULL, NULL) == 1;
}

static bool start_hmac(struct bench_limit *l) {
    const uint8_t key[ABI_KEY_SIZE] = {2};
    char digest[] = "SHA2-384";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    l->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (l->hmac == NULL) return false;
    l->mac = EVP_MAC_CTX_new(l->hmac);
    return l->mac != NULL && EVP_MAC_init(l->mac, key, sizeof key, params) == 1;
}

struct bench_limit *bench_limit_new(void) {
    struct bench_limit *l = calloc(1, sizeof *l);
    if (l == NULL) return NULL;
    memset(l->report, 0xA5, sizeof l->report);
    memset(l->in, 0x5A, sizeof l->in);
    if (start_ecdsa(l) && start_gcm(l) && start_hmac(l)) return l;
    bench_limit_free(l);
    return NULL;
}

static bool digest_report(struct bench_limit *l, uint8_t hash[SHA384_SIZE]) {
    return EVP_DigestInit_ex2(l->digest, l->sha384, NULL) == 1 &&
           EVP_DigestUpdate(l->digest, l->report, sizeof l->report) == 1 &&
           EVP_DigestFinal_ex(l->digest, hash, NULL) == 1;
}

bool bench_limit_sign(struct bench_limit *l) {
    uint8_t hash[SHA384_SIZE];
    l->signature_size = sizeof l->signature;
    return digest_report(l, hash) &&
           EVP_PKEY_sign(l->sign, l->signature, &l->signature_size, hash, sizeof hash) == 1;
}

bool bench_limit_verify(struct bench_limit *l) {
    uint8_t hash[SHA384_SIZE];
    return digest_report(l, hash) &&
           EVP_PKEY_verify(l->verify, l->signature, l->signature_size, hash, sizeof hash) == 1;
}

static const uint8_t aad[ABI_MSG_AAD_SIZE];

static bool seal(struct bench_limit *l, size_t size, uint8_t iv[ABI_MSG_IV_SIZE],
                 uint8_t tag[ABI_MSG_TAG_SIZE]) {
    uint8_t rest[ABI_MSG_TAG_SIZE];
    int n;
    abi_msg_iv(++l->seqno, iv);
    return EVP_EncryptInit_ex2(l->seal, NULL, NULL, iv, NULL) == 1 &&
           EVP_EncryptUpdate(l->seal, NULL, &n, aad, sizeof aad) == 1 &&
           EVP_EncryptUpdate(l->seal, l->sealed, &n, l->in, (int)size) == 1 &&
           EVP_EncryptFinal_ex(l->seal, rest, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(l->seal, EVP_CTRL_AEAD_GET_TAG, ABI_MSG_TAG_SIZE, tag) == 1;
}

static bool open_sealed(struct bench_limit *l, size_t size, const uint8_t iv[ABI_MSG_IV_SIZE],
                        uint8_t tag[ABI_MSG_TAG_SIZE]) {
    uint8_t rest[ABI_MSG_TAG_SIZE];
    int n;
    return EVP_DecryptInit_ex2(l->open, NULL, NULL, iv, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(l->open, EVP_CTRL_AEAD_SET_TAG, ABI_MSG_TAG_SIZE, tag) == 1 &&
           EVP_DecryptUpdate(l->open, NULL, &n, aad, sizeof aad) == 1 &&
           EVP_DecryptUpdate(l->open, l->opened, &n, l->sealed, (int)size) == 1 &&
           EVP_DecryptFinal_ex(l->open, rest, &n) == 1;
}

bool bench_limit_seal(struct bench_limit *l, size_t size) {
    uint8_t iv[ABI_MSG_IV_SIZE], tag[ABI_MSG_TAG_SIZE];
    return seal(l, size, iv, tag);
}

static bool message(struct bench_limit *l, size_t size) {
    uint8_t iv[ABI_MSG_IV_SIZE], tag[ABI_MSG_TAG_SIZE];
    return seal(l, size, iv, tag) && open_sealed(l, size, iv, tag);
}

bool bench_limit_key_request(struct bench_limit *l) {
    uint8_t key[SHA384_SIZE];
    size_t size;
    return message(l, ABI_KEY_REQ_V1_SIZE) && EVP_MAC_init(l->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(l->mac, l->in, KDF_INPUT) == 1 &&
           EVP_MAC_final(l->mac, key, &size, sizeof key) == 1 && message(l, ABI_KEY_RSP_SIZE);
}
