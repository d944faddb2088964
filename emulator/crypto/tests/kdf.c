/* The test KDF against OpenSSL's own KBKDF, which has the same construction and other code. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/tests/suites.h"
#include "sevkit/crypto.h"

static bool kbkdf(const uint8_t *key, size_t key_size, const char *label, const uint8_t *context,
                  size_t context_size, uint8_t *out, size_t out_size) {
    char mode[] = "counter", mac[] = "HMAC", digest[] = "SHA384";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, mode, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, mac, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)label, strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)context, context_size),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    const bool done = ctx != NULL && EVP_KDF_derive(ctx, out, out_size, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

static void test_against_kbkdf(void) {
    static const size_t key_sizes[] = {32, 48, 64, 128, 129, 200};
    static const size_t context_sizes[] = {1, 64, 220, 500};
    static const size_t out_sizes[] = {1, 32, 47, 48, 49, 56, 96, 97, 300};
    static const char *const labels[] = {"L", "sevkit-test-label"};
    struct crypto_drbg drbg;
    uint8_t key[200], context[500], ours[301], theirs[301];
    crypto_drbg_init(&drbg, 108);
    for (size_t k = 0; k < sizeof key_sizes / sizeof key_sizes[0]; k++)
        for (size_t c = 0; c < sizeof context_sizes / sizeof context_sizes[0]; c++)
            for (size_t o = 0; o < sizeof out_sizes / sizeof out_sizes[0]; o++) {
                const size_t size = out_sizes[o];
                const char *label = labels[(k + c + o) % 2];
                crypto_drbg_random(&drbg, key, sizeof key);
                crypto_drbg_random(&drbg, context, sizeof context);
                memset(ours, 0xEE, sizeof ours);
                memset(theirs, 0xEE, sizeof theirs);
                UNIT_OK(
                    crypto_kdf(key, key_sizes[k], label, context, context_sizes[c], ours, size));
                CU_ASSERT_TRUE(
                    kbkdf(key, key_sizes[k], label, context, context_sizes[c], theirs, size));
                UNIT_BYTES(ours, theirs, sizeof ours); /* and nothing after the output */
            }
}

/* Key, label, context and length all count; without context the label still ends in its zero. */
static void test_inputs_count(void) {
    static const struct {
        const char *key, *label, *context;
        size_t out_size;
    } inputs[] = {
        {"k1", "ab", "c", 32}, {"k2", "ab", "c", 32}, {"k1", "aB", "c", 32}, {"k1", "ab", "d", 32},
        {"k1", "ab", "", 32},  {"k1", "ab", "c", 33}, {"k1", "abc", "", 32}, {"k1", "a", "bc", 32},
    };
    enum { COUNT = sizeof inputs / sizeof inputs[0] };
    uint8_t out[COUNT][33];
    for (size_t i = 0; i < COUNT; i++)
        UNIT_OK(crypto_kdf((const uint8_t *)inputs[i].key, 2, inputs[i].label,
                           (const uint8_t *)inputs[i].context, strlen(inputs[i].context), out[i],
                           inputs[i].out_size));
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i; j++) CU_ASSERT(memcmp(out[i], out[j], 32) != 0);
}

static void test_sizes(void) {
    uint8_t out[1] = {0xEE};
    const uint8_t key[32] = {1};
    UNIT_FAILS(crypto_kdf(key, 32, "l", NULL, 0, out, (size_t)UINT32_MAX / 8 + 1),
               SEVKIT_BAD_LENGTH, "output");
    UNIT_OK(crypto_kdf(key, 32, "l", NULL, 0, out, 0));
    CU_ASSERT_EQUAL(out[0], 0xEE);
}

static const struct unit_test tests[] = {
    {"against-kbkdf", test_against_kbkdf},
    {"inputs-count", test_inputs_count},
    {"sizes", test_sizes},
    {NULL, NULL},
};

const struct unit_suite crypto_kdf_suite = {"kdf", tests};
