/* AES-256-GCM: known answers of McGrew and Viega's "The Galois/Counter Mode of Operation", appendix B,
 * cases 13, 14 and 16; refusals; one context for many messages. */
#include <limits.h>
#include <string.h>

#include "crypto/tests/suites.h"
#include "sevkit/crypto.h"

static const struct {
    const char *key, *iv, *aad, *plain, *cipher, *tag;
} vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

#define VECTORS (sizeof vectors / sizeof vectors[0])

struct message {
    uint8_t key[32], iv[12], aad[20], plain[60], cipher[60], tag[16];
    size_t aad_size, size;
};

static struct message read_vector(size_t i) {
    struct message m;
    unit_hex(vectors[i].key, m.key, sizeof m.key);
    unit_hex(vectors[i].iv, m.iv, sizeof m.iv);
    m.aad_size = unit_hex(vectors[i].aad, m.aad, sizeof m.aad);
    m.size = unit_hex(vectors[i].plain, m.plain, sizeof m.plain);
    unit_hex(vectors[i].cipher, m.cipher, sizeof m.cipher);
    unit_hex(vectors[i].tag, m.tag, sizeof m.tag);
    return m;
}

/* Twice through the list with one context: no key or message leaves anything behind. */
static void test_known_answers(void) {
    struct crypto_aead *aead;
    UNIT_OK(crypto_aead_new(&aead));
    for (size_t i = 0; i < 2 * VECTORS; i++) {
        const struct message m = read_vector(i % VECTORS);
        uint8_t out[60], tag[16];
        UNIT_OK(crypto_aead_set_key(aead, m.key));
        for (int again = 0; again < 2; again++) {
            memset(out, 0xEE, sizeof out);
            UNIT_OK(crypto_aead_seal(aead, m.iv, m.aad, m.aad_size, m.plain, m.size, out, tag));
            UNIT_BYTES(out, m.cipher, m.size);
            UNIT_BYTES(tag, m.tag, sizeof tag);
            UNIT_OK(crypto_aead_open(aead, m.iv, m.aad, m.aad_size, m.cipher, m.size, m.tag, out));
            UNIT_BYTES(out, m.plain, m.size);
        }
    }
    crypto_aead_free(aead);
}

static void test_seal_in_place(void) {
    struct crypto_aead *aead;
    struct message m = read_vector(2);
    uint8_t tag[16];
    UNIT_OK(crypto_aead_new(&aead));
    UNIT_OK(crypto_aead_set_key(aead, m.key));
    UNIT_OK(crypto_aead_seal(aead, m.iv, m.aad, m.aad_size, m.plain, m.size, m.plain, tag));
    UNIT_BYTES(m.plain, m.cipher, m.size);
    UNIT_BYTES(tag, m.tag, sizeof tag);
    crypto_aead_free(aead);
}

/* Every bit of IV, AAD, ciphertext and tag counts, a refused text is wiped, and the next message is
 * opened as if nothing had happened. */
static void test_flips_are_refused(void) {
    struct crypto_aead *aead;
    const struct message good = read_vector(2);
    const uint8_t zeros[60] = {0};
    UNIT_OK(crypto_aead_new(&aead));
    UNIT_OK(crypto_aead_set_key(aead, good.key));
    struct message m = good;
    const struct {
        uint8_t *bytes;
        size_t size;
    } fields[] = {{m.iv, 12}, {m.aad, 20}, {m.cipher, 60}, {m.tag, 16}};
    for (size_t f = 0; f < 4; f++) {
        for (size_t bit = 0; bit < 8 * fields[f].size; bit++) {
            uint8_t out[60];
            memset(out, 0xEE, sizeof out);
            fields[f].bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            UNIT_FAILS(crypto_aead_open(aead, m.iv, m.aad, 20, m.cipher, 60, m.tag, out),
                       SEVKIT_BAD_CRYPTO, "AUTHTAG");
            UNIT_BYTES(out, zeros, sizeof out);
            fields[f].bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    uint8_t out[60];
    UNIT_OK(crypto_aead_open(aead, m.iv, m.aad, 20, m.cipher, 60, m.tag, out));
    UNIT_BYTES(out, good.plain, sizeof out);
    crypto_aead_free(aead);
}

static void test_no_key(void) {
    struct crypto_aead *aead;
    struct message m = read_vector(2);
    uint8_t out[60];
    UNIT_OK(crypto_aead_new(&aead));
    UNIT_FAILS(crypto_aead_seal(aead, m.iv, m.aad, 20, m.plain, 60, out, m.tag), SEVKIT_INTERNAL,
               "seal");
    UNIT_FAILS(crypto_aead_open(aead, m.iv, m.aad, 20, m.cipher, 60, m.tag, out), SEVKIT_INTERNAL,
               "open");
    crypto_aead_free(aead);
    crypto_aead_free(NULL);
}

static void test_sizes(void) {
    struct crypto_aead *aead;
    struct message m = read_vector(2);
    uint8_t out[60];
    const size_t large = (size_t)INT_MAX + 1;
    UNIT_OK(crypto_aead_new(&aead));
    UNIT_OK(crypto_aead_set_key(aead, m.key));
    UNIT_FAILS(crypto_aead_seal(aead, m.iv, m.aad, large, m.plain, 60, out, m.tag),
               SEVKIT_BAD_LENGTH, "aad");
    UNIT_FAILS(crypto_aead_seal(aead, m.iv, m.aad, 20, m.plain, large, out, m.tag),
               SEVKIT_BAD_LENGTH, "text");
    UNIT_FAILS(crypto_aead_open(aead, m.iv, m.aad, large, m.cipher, 60, m.tag, out),
               SEVKIT_BAD_LENGTH, "aad");
    UNIT_FAILS(crypto_aead_open(aead, m.iv, m.aad, 20, m.cipher, large, m.tag, out),
               SEVKIT_BAD_LENGTH, "text");
    crypto_aead_free(aead);
}

static const struct unit_test tests[] = {
    {"known-answers", test_known_answers},
    {"seal-in-place", test_seal_in_place},
    {"flips-are-refused", test_flips_are_refused},
    {"no-key", test_no_key},
    {"sizes", test_sizes},
    {NULL, NULL},
};

const struct unit_suite crypto_aead_suite = {"aead", tests};
