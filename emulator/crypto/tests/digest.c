/* Digests (FIPS 180-4 examples), HMAC (RFC 4231), hygiene, and the deterministic byte source. */
#include "crypto/digest.h"

#include <string.h>

#include "crypto/hmac.h"
#include "crypto/tests/suites.h"

static void check_hex(const uint8_t *bytes, const char *hex) {
    uint8_t expected[64];
    const size_t size = unit_hex(hex, expected, sizeof expected);
    UNIT_BYTES(bytes, expected, size);
}

static void test_digests(void) {
    uint8_t digest[CRYPTO_SHA384_SIZE];
    UNIT_OK(crypto_sha384("abc", 3, digest));
    check_hex(digest, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
                      "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
    UNIT_OK(crypto_sha384(NULL, 0, digest));
    check_hex(digest, "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
                      "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
    UNIT_OK(crypto_sha256("abc", 3, digest));
    check_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    UNIT_OK(crypto_sha1("abc", 3, digest));
    check_hex(digest, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* RFC 4231, cases 1 and 6: a short key, and one that is longer than a block. */
static void test_hmac(void) {
    uint8_t key[131], mac[CRYPTO_SHA384_SIZE];
    memset(key, 0x0B, sizeof key);
    const struct crypto_span hi[] = {
        {(const uint8_t *)"Hi ", 3}, {NULL, 0}, {(const uint8_t *)"There", 5}};
    UNIT_OK(crypto_hmac_sha384(key, 20, hi, 3, mac));
    check_hex(mac, "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec6"
                   "82aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6");
    memset(key, 0xAA, sizeof key);
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    const struct crypto_span larger = {(const uint8_t *)text, strlen(text)};
    UNIT_OK(crypto_hmac_sha384(key, sizeof key, &larger, 1, mac));
    check_hex(mac, "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f"
                   "3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952");
}

static void test_hygiene(void) {
    uint8_t a[16];
    const uint8_t zeros[16] = {0};
    memset(a, 0x5A, sizeof a);
    crypto_wipe(a, sizeof a - 1);
    UNIT_BYTES(a, zeros, sizeof a - 1);
    CU_ASSERT_EQUAL(a[15], 0x5A);
    crypto_wipe(NULL, 0);
}

/* The stream of one seed, whole: SHA-384 over "sevkit-drbg", the seed and 0, then 1. */
static const char drbg_stream[] = "41aac591903d78da4980043b0029f877615398d7c9bd0474"
                                  "d11a5198291bb4a7eb93079c65ed35960dc117cd6ea792c2"
                                  "9cdfcc7e4dd7e2aba9fc9a85dc442732594893472b513ed7"
                                  "d745bf239042923f3028dad88f2ff944ea423312e421b3d3";
#define DRBG_SEED UINT64_C(0x0123456789abcdef)

static void test_drbg_stream(void) {
    struct crypto_drbg drbg;
    uint8_t expected[96], out[96];
    unit_hex(drbg_stream, expected, sizeof expected);
    crypto_drbg_init(&drbg, DRBG_SEED);
    crypto_drbg_random(&drbg, out, sizeof out);
    UNIT_BYTES(out, expected, sizeof out);
}

/* However it is cut into pieces, the stream is the same. */
static void test_drbg_pieces(void) {
    uint8_t expected[96];
    unit_hex(drbg_stream, expected, sizeof expected);
    for (size_t piece = 1; piece <= 96; piece++) {
        struct crypto_drbg drbg;
        uint8_t out[96];
        crypto_drbg_init(&drbg, DRBG_SEED);
        for (size_t at = 0; at < sizeof out;) {
            const size_t take = sizeof out - at < piece ? sizeof out - at : piece;
            crypto_drbg_random(&drbg, out + at, take);
            crypto_drbg_random(&drbg, out, 0);
            at += take;
        }
        UNIT_BYTES(out, expected, sizeof out);
    }
}

static void test_drbg_seeds_differ(void) {
    struct crypto_drbg a, b;
    uint8_t out_a[48], out_b[48];
    crypto_drbg_init(&a, 1);
    crypto_drbg_init(&b, UINT64_C(1) << 63 | 1);
    crypto_drbg_random(&a, out_a, sizeof out_a);
    crypto_drbg_random(&b, out_b, sizeof out_b);
    CU_ASSERT(memcmp(out_a, out_b, sizeof out_a) != 0);
}

static const struct unit_test tests[] = {
    {"digests", test_digests},
    {"hmac", test_hmac},
    {"hygiene", test_hygiene},
    {"drbg-stream", test_drbg_stream},
    {"drbg-pieces", test_drbg_pieces},
    {"drbg-seeds-differ", test_drbg_seeds_differ},
    {NULL, NULL},
};

const struct unit_suite crypto_digest_suite = {"digest", tests};
