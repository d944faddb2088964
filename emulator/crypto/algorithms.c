/* OpenSSL's algorithm handles, fetched once a process, and failures of primitives. */
#include "crypto/algorithms.h"

#include <openssl/err.h>
#include <pthread.h>

static struct {
    EVP_MD *sha1;
    EVP_MD *sha256;
    EVP_MD *sha384;
    EVP_CIPHER *aes_256_gcm;
    EVP_CIPHER *aes_256_xts;
} fetched;

static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

static void fetch_all(void) {
    fetched.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    fetched.sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    fetched.aes_256_xts = EVP_CIPHER_fetch(NULL, "AES-256-XTS", NULL);
}

const EVP_MD *crypto_md_sha1(void) {
    pthread_once(&fetched_once, fetch_all);
    return fetched.sha1;
}

const EVP_MD *crypto_md_sha256(void) {
    pthread_once(&fetched_once, fetch_all);
    return fetched.sha256;
}

const EVP_MD *crypto_md_sha384(void) {
    pthread_once(&fetched_once, fetch_all);
    return fetched.sha384;
}

const EVP_CIPHER *crypto_cipher_aes_256_gcm(void) {
    pthread_once(&fetched_once, fetch_all);
    return fetched.aes_256_gcm;
}

const EVP_CIPHER *crypto_cipher_aes_256_xts(void) {
    pthread_once(&fetched_once, fetch_all);
    return fetched.aes_256_xts;
}

struct sevkit_result crypto_failed(const char *what) {
    ERR_clear_error();
    return sevkit_fail(SEVKIT_INTERNAL, what, SEVKIT_NO_OFFSET, 0,
                       "OpenSSL has the algorithm and memory for it");
}

struct sevkit_result crypto_refused(enum sevkit_code code, const char *field, const char *rule) {
    ERR_clear_error();
    return sevkit_fail(code, field, SEVKIT_NO_OFFSET, 0, rule);
}
