/* ECDSA P-384: RFC 6979, appendix A.2.6; keys at the ends of their range; refusals of verifying. */
#include "crypto/ecdsa.h"

#include <string.h>

#include "crypto/tests/suites.h"

static const char order[] = "ffffffffffffffffffffffffffffffffffffffffffffffff"
                            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973";
static const char generator[] = "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b98"
                                "59f741e082542a385502f25dbf55296c3a545e3872760ab7"
                                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147c"
                                "e9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";

static const char rfc_key[] = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba"
                              "9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5";
static const char rfc_public[] = "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e"
                                 "06aae5286b300c64def8f0ea9055866064a254515480bc13"
                                 "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9"
                                 "f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720";

static const struct {
    const char *message, *r, *s;
} rfc_signatures[] = {
    {"sample",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fab"
     "e46",
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628"
     "ac8"},
    {"test",
     "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf02"
     "3db",
     "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa"
     "5a5"},
};

/* A big-endian number as a signature has it: 72 bytes, little-endian. */
static void put_number(const char *hex, uint8_t out[72]) {
    uint8_t number[CRYPTO_P384_SIZE];
    unit_hex(hex, number, sizeof number);
    memset(out, 0, 72);
    for (size_t i = 0; i < sizeof number; i++) out[i] = number[sizeof number - 1 - i];
}

static struct crypto_ec_key *rfc_key_new(void) {
    struct crypto_ec_key *key = NULL;
    uint8_t scalar[CRYPTO_P384_SIZE];
    unit_hex(rfc_key, scalar, sizeof scalar);
    UNIT_OK(crypto_ec_key_from_scalar(scalar, &key));
    CU_ASSERT_PTR_NOT_NULL_FATAL(key);
    return key;
}

static struct crypto_ec_public *public_of(const struct crypto_ec_key *key) {
    struct crypto_ec_public *pub = NULL;
    uint8_t xy[2 * CRYPTO_P384_SIZE];
    crypto_ec_key_public(key, xy);
    UNIT_OK(crypto_ec_public_new(xy, &pub));
    CU_ASSERT_PTR_NOT_NULL_FATAL(pub);
    return pub;
}

static void test_rfc6979(void) {
    struct crypto_ec_key *key = rfc_key_new();
    struct crypto_ec_public *pub = public_of(key);
    uint8_t xy[2 * CRYPTO_P384_SIZE], expected_xy[2 * CRYPTO_P384_SIZE];
    crypto_ec_key_public(key, xy);
    unit_hex(rfc_public, expected_xy, sizeof expected_xy);
    UNIT_BYTES(xy, expected_xy, sizeof xy);
    for (size_t i = 0; i < 4; i++) { /* twice: the first signature leaves nothing behind */
        const char *message = rfc_signatures[i % 2].message;
        struct crypto_signature signature, expected;
        memset(&signature, 0xEE, sizeof signature);
        put_number(rfc_signatures[i % 2].r, expected.r);
        put_number(rfc_signatures[i % 2].s, expected.s);
        UNIT_OK(crypto_ec_sign(key, message, strlen(message), &signature));
        UNIT_BYTES(&signature, &expected, sizeof expected);
        UNIT_OK(crypto_ec_verify(pub, message, strlen(message), &signature));
    }
    crypto_ec_public_free(pub);
    crypto_ec_key_free(key);
}

/* OpenSSL's verification agrees with our signatures for many keys and messages. */
static void test_sign_then_verify(void) {
    struct crypto_drbg drbg;
    crypto_drbg_init(&drbg, 384);
    for (size_t i = 0; i < 20; i++) {
        struct crypto_ec_key *key = NULL;
        uint8_t seed[CRYPTO_P384_SEED_SIZE], message[200];
        struct crypto_signature signature;
        crypto_drbg_random(&drbg, seed, sizeof seed);
        crypto_drbg_random(&drbg, message, sizeof message);
        UNIT_OK(crypto_ec_key_from_seed(seed, &key));
        CU_ASSERT_PTR_NOT_NULL_FATAL(key);
        struct crypto_ec_public *pub = public_of(key);
        UNIT_OK(crypto_ec_sign(key, message, 10 * i, &signature));
        UNIT_OK(crypto_ec_verify(pub, message, 10 * i, &signature));
        UNIT_FAILS(crypto_ec_verify(pub, message, 10 * i + 1, &signature), SEVKIT_BAD_CRYPTO,
                   "SIGNATURE");
        crypto_ec_public_free(pub);
        crypto_ec_key_free(key);
    }
}

/* The public key of SEED, or zeros when there is none. */
static void seed_public(const char *seed_hex, uint8_t xy[2 * CRYPTO_P384_SIZE]) {
    uint8_t seed[CRYPTO_P384_SEED_SIZE] = {0};
    struct crypto_ec_key *key = NULL;
    CU_ASSERT_EQUAL(unit_hex(seed_hex, seed, sizeof seed), sizeof seed);
    memset(xy, 0, 2 * CRYPTO_P384_SIZE);
    UNIT_OK(crypto_ec_key_from_seed(seed, &key));
    if (key != NULL) crypto_ec_key_public(key, xy);
    crypto_ec_key_free(key);
}

#define PAD "0000000000000000"

static void test_seed_range(void) {
    uint8_t g[2 * CRYPTO_P384_SIZE], xy[2 * CRYPTO_P384_SIZE];
    unit_hex(generator, g, sizeof g);
    /* 0 and n - 1 both give the scalar 1. */
    seed_public(PAD "000000000000000000000000000000000000000000000000"
                    "000000000000000000000000000000000000000000000000",
                xy);
    UNIT_BYTES(xy, g, sizeof g);
    seed_public(PAD "ffffffffffffffffffffffffffffffffffffffffffffffff"
                    "c7634d81f4372ddf581a0db248b0a77aecec196accc52972",
                xy);
    UNIT_BYTES(xy, g, sizeof g);
    /* n - 2 gives n - 1: the generator's negative has its X and another Y. */
    seed_public(PAD "ffffffffffffffffffffffffffffffffffffffffffffffff"
                    "c7634d81f4372ddf581a0db248b0a77aecec196accc52971",
                xy);
    UNIT_BYTES(xy, g, CRYPTO_P384_SIZE);
    CU_ASSERT(memcmp(xy + CRYPTO_P384_SIZE, g + CRYPTO_P384_SIZE, CRYPTO_P384_SIZE) != 0);
    /* 2^384 mod (n - 1), plus 1, which the top 8 bytes decide. */
    seed_public("0000000000000001000000000000000000000000000000000000000000000000"
                "000000000000000000000000000000000000000000000000",
                xy);
    struct crypto_ec_key *key = NULL;
    uint8_t scalar[CRYPTO_P384_SIZE], expected[2 * CRYPTO_P384_SIZE];
    unit_hex("000000000000000000000000000000000000000000000000"
             "389cb27e0bc8d220a7e5f24db74f58851313e695333ad68f",
             scalar, sizeof scalar);
    UNIT_OK(crypto_ec_key_from_scalar(scalar, &key));
    CU_ASSERT_PTR_NOT_NULL_FATAL(key);
    crypto_ec_key_public(key, expected);
    UNIT_BYTES(xy, expected, sizeof expected);
    crypto_ec_key_free(key);
}

static void test_scalar_range(void) {
    struct crypto_ec_key *key = NULL;
    uint8_t scalar[CRYPTO_P384_SIZE] = {0};
    UNIT_FAILS(crypto_ec_key_from_scalar(scalar, &key), SEVKIT_BAD_VALUE, "private key");
    unit_hex(order, scalar, sizeof scalar);
    UNIT_FAILS(crypto_ec_key_from_scalar(scalar, &key), SEVKIT_BAD_VALUE, "private key");
    scalar[sizeof scalar - 1]--;
    UNIT_OK(crypto_ec_key_from_scalar(scalar, &key));
    crypto_ec_key_free(key);
    crypto_ec_key_free(NULL);
}

static void test_public_off_curve(void) {
    struct crypto_ec_public *pub = NULL;
    uint8_t xy[2 * CRYPTO_P384_SIZE];
    unit_hex(generator, xy, sizeof xy);
    xy[95] ^= 1;
    UNIT_FAILS(crypto_ec_public_new(xy, &pub), SEVKIT_BAD_VALUE, "public key");
    memset(xy, 0, sizeof xy);
    UNIT_FAILS(crypto_ec_public_new(xy, &pub), SEVKIT_BAD_VALUE, "public key");
    memset(xy, 0xFF, sizeof xy);
    UNIT_FAILS(crypto_ec_public_new(xy, &pub), SEVKIT_BAD_VALUE, "public key");
    crypto_ec_public_free(NULL);
}

/* Zero, n, all ones and each upper byte, in either number; R is looked at first. */
static void test_number_rules(void) {
    struct crypto_ec_key *key = rfc_key_new();
    struct crypto_ec_public *pub = public_of(key);
    struct crypto_signature good;
    UNIT_OK(crypto_ec_sign(key, "sample", 6, &good));
    for (int number = 0; number < 2; number++) {
        const char *const field = number == 0 ? "SIGNATURE.R" : "SIGNATURE.S";
        struct crypto_signature bad = good;
        uint8_t *const bytes = number == 0 ? bad.r : bad.s;
        memset(bytes, 0, 72);
        UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, field);
        put_number(order, bytes);
        UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, field);
        bytes[0]--; /* n - 1 is a number, if not this signature's */
        UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, "SIGNATURE");
        memset(bytes, 0xFF, CRYPTO_P384_SIZE);
        UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, field);
        for (size_t i = CRYPTO_P384_SIZE; i < 72; i++) {
            bad = good;
            bytes[i] = 0x80;
            UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, field);
        }
    }
    struct crypto_signature zeros = {{0}, {0}};
    UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &zeros), SEVKIT_BAD_CRYPTO, "SIGNATURE.R");
    UNIT_OK(crypto_ec_verify(pub, "sample", 6, &good));
    crypto_ec_public_free(pub);
    crypto_ec_key_free(key);
}

/* Each byte of R and S counts, and the key. */
static void test_flips_are_refused(void) {
    struct crypto_ec_key *key = rfc_key_new();
    struct crypto_ec_public *pub = public_of(key), *other = NULL;
    struct crypto_signature good;
    uint8_t g[2 * CRYPTO_P384_SIZE];
    UNIT_OK(crypto_ec_sign(key, "sample", 6, &good));
    for (size_t i = 0; i < CRYPTO_P384_SIZE; i++) {
        struct crypto_signature bad = good;
        bad.r[i] ^= 0x10;
        UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, NULL);
        bad = good;
        bad.s[i] ^= 0x10;
        UNIT_FAILS(crypto_ec_verify(pub, "sample", 6, &bad), SEVKIT_BAD_CRYPTO, NULL);
    }
    UNIT_FAILS(crypto_ec_verify(pub, "Sample", 6, &good), SEVKIT_BAD_CRYPTO, "SIGNATURE");
    unit_hex(generator, g, sizeof g);
    UNIT_OK(crypto_ec_public_new(g, &other));
    UNIT_FAILS(crypto_ec_verify(other, "sample", 6, &good), SEVKIT_BAD_CRYPTO, "SIGNATURE");
    UNIT_OK(crypto_ec_verify(pub, "sample", 6, &good));
    crypto_ec_public_free(other);
    crypto_ec_public_free(pub);
    crypto_ec_key_free(key);
}

static const struct unit_test tests[] = {
    {"rfc6979", test_rfc6979},
    {"sign-then-verify", test_sign_then_verify},
    {"seed-range", test_seed_range},
    {"scalar-range", test_scalar_range},
    {"public-off-curve", test_public_off_curve},
    {"number-rules", test_number_rules},
    {"flips-are-refused", test_flips_are_refused},
    {NULL, NULL},
};

const struct unit_suite crypto_ecdsa_suite = {"ecdsa", tests};
