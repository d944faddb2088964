/* AES-256-XTS over pages: known answers, the bond to key and place, refusals. */
#include <string.h>

#include "crypto/tests/suites.h"
#include "sevkit/crypto.h"

/* Made in Python from AES-ECB and XTS's definition (IEEE 1619): key 00 01 ... 3f, byte I of the
 * page is (7 * I + (I >> 8)) mod 256, the tweak is PADDR as 16 little-endian bytes. The first
 * block and SHA-384 of the whole ciphertext. */
static const struct {
    uint64_t paddr;
    const char *first, *sha384;
} vectors[] = {
    {0, "aa9fc37e8223b8caf71e4ac9f8d4916f",
     "a18ce284e6f003a77f78904429be4ef6c921f0557e131004"
     "07e5c6563ff1aeabd377a0b72e1bffb222006b987b850c5b"},
    {0x1000, "6dc75253ac2722795d9409dc22e24d50",
     "f0630bc858c3889c5e759b2ba1a07426966ca6ed3413d4c4"
     "d65f9fcc1baee6ab1c1287669bd2b2be3044b3ea370aac19"},
    {0x123456789000, "4c088eec198b60cbf6a6f848ec4b9e1b",
     "3d15c0f1722cba9ed6a10a6d901d19fc350eb7072940ae5a"
     "5c46134bce2d63309c968e74ebe0ee5430aca289e1cc4322"},
    {UINT64_C(0xFFFFFFFFFFFFF000), "10345c08d8d9b4a9e7d9d8465557a858",
     "363b5ade363ef7bcb3a03190af8ef103de1cef5d2f619ad2"
     "91cfa342cb0be594d621c72f004a11cb1baae4d520057514"},
};

#define VECTORS (sizeof vectors / sizeof vectors[0])

static void fill_page(uint8_t page[CRYPTO_PAGE_SIZE]) {
    for (size_t i = 0; i < CRYPTO_PAGE_SIZE; i++) page[i] = (uint8_t)(7 * i + (i >> 8));
}

static struct crypto_page_cipher *new_cipher(uint8_t first) {
    struct crypto_page_cipher *cipher = NULL;
    uint8_t key[CRYPTO_PAGE_KEY_SIZE];
    for (size_t i = 0; i < sizeof key; i++) key[i] = (uint8_t)(first + i);
    UNIT_OK(crypto_page_cipher_new(&cipher));
    UNIT_OK(crypto_page_cipher_set_key(cipher, key));
    return cipher;
}

/* Twice through the list with one context: no page leaves anything behind. */
static void test_known_answers(void) {
    struct crypto_page_cipher *cipher = new_cipher(0);
    uint8_t page[CRYPTO_PAGE_SIZE], out[CRYPTO_PAGE_SIZE], first[16];
    uint8_t expected[CRYPTO_SHA384_SIZE], digest[CRYPTO_SHA384_SIZE];
    fill_page(page);
    for (size_t i = 0; i < 2 * VECTORS; i++) {
        const uint64_t paddr = vectors[i % VECTORS].paddr;
        unit_hex(vectors[i % VECTORS].first, first, sizeof first);
        unit_hex(vectors[i % VECTORS].sha384, expected, sizeof expected);
        UNIT_OK(crypto_page_cipher_seal(cipher, paddr, page, out));
        UNIT_BYTES(out, first, sizeof first);
        UNIT_OK(crypto_sha384(out, sizeof out, digest));
        UNIT_BYTES(digest, expected, sizeof digest);
        UNIT_OK(crypto_page_cipher_open(cipher, paddr, out, out)); /* in place */
        UNIT_BYTES(out, page, sizeof out);
        UNIT_OK(crypto_page_cipher_seal(cipher, paddr, out, out));
        UNIT_BYTES(out, first, sizeof first);
    }
    crypto_page_cipher_free(cipher);
}

/* Another place or another key opens to something else, never to a failure. */
static void test_bound_to_place_and_key(void) {
    struct crypto_page_cipher *cipher = new_cipher(0), *other = new_cipher(1);
    uint8_t page[CRYPTO_PAGE_SIZE], sealed[CRYPTO_PAGE_SIZE], out[CRYPTO_PAGE_SIZE];
    fill_page(page);
    UNIT_OK(crypto_page_cipher_seal(cipher, 0x1000, page, sealed));
    UNIT_OK(crypto_page_cipher_open(cipher, 0x2000, sealed, out));
    CU_ASSERT(memcmp(out, page, sizeof out) != 0);
    UNIT_OK(crypto_page_cipher_open(other, 0x1000, sealed, out));
    CU_ASSERT(memcmp(out, page, sizeof out) != 0);
    UNIT_OK(crypto_page_cipher_open(cipher, 0x1000, sealed, out));
    UNIT_BYTES(out, page, sizeof out);
    crypto_page_cipher_free(cipher);
    crypto_page_cipher_free(other);
}

static void test_keys(void) {
    struct crypto_page_cipher *cipher = NULL;
    uint8_t page[CRYPTO_PAGE_SIZE] = {0}, before[CRYPTO_PAGE_SIZE], out[CRYPTO_PAGE_SIZE];
    uint8_t key[CRYPTO_PAGE_KEY_SIZE] = {0};
    UNIT_OK(crypto_page_cipher_new(&cipher));
    UNIT_FAILS(crypto_page_cipher_seal(cipher, 0, page, out), SEVKIT_INTERNAL, "seal");
    UNIT_FAILS(crypto_page_cipher_open(cipher, 0, page, out), SEVKIT_INTERNAL, "open");
    key[CRYPTO_PAGE_KEY_SIZE - 1] = 1;
    UNIT_OK(crypto_page_cipher_set_key(cipher, key));
    UNIT_OK(crypto_page_cipher_seal(cipher, 0, page, before));
    key[CRYPTO_PAGE_KEY_SIZE - 1] = 0;
    UNIT_FAILS(crypto_page_cipher_set_key(cipher, key), SEVKIT_BAD_VALUE, "key");
    UNIT_OK(crypto_page_cipher_seal(cipher, 0, page, out));
    UNIT_BYTES(out, before, sizeof out);
    key[0] = 1;
    UNIT_OK(crypto_page_cipher_set_key(cipher, key));
    UNIT_OK(crypto_page_cipher_seal(cipher, 0, page, out));
    CU_ASSERT(memcmp(out, before, sizeof out) != 0);
    crypto_page_cipher_free(cipher);
    crypto_page_cipher_free(NULL);
}

static const struct unit_test tests[] = {
    {"known-answers", test_known_answers},
    {"bound-to-place-and-key", test_bound_to_place_and_key},
    {"keys", test_keys},
    {NULL, NULL},
};

const struct unit_suite crypto_page_suite = {"page-cipher", tests};
