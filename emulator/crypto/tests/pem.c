/* PEM text of one block: what is read, and what OpenSSL would skip over. */
#include "crypto/pem.h"

#include <string.h>

#include "crypto/tests/suites.h"

#define BEGIN "-----BEGIN X-----\n"
#define END "-----END X-----\n"
#define BODY "AQIDBA==\n"

static const struct {
    const char *text;
    bool good;
} texts[] = {
    {BEGIN BODY END, true},
    {"\r\n \t" BEGIN BODY END "\r\n \t", true},
    {"-----BEGIN X-----\r\nAQIDBA==\r\n-----END X-----\r\n", true},
    {BEGIN BODY "-----END X-----", true},
    {"", false},
    {"AQIDBA==\n", false},
    {"text\n" BEGIN BODY END, false},
    {"\v" BEGIN BODY END, false},
    {BEGIN BODY END "\v", false},
    {"-----\n" BEGIN BODY END, false},
    {BEGIN BODY END "text\n", false},
    {BEGIN BODY END BEGIN BODY END, false},
    {BEGIN "Proc-Type: 4,CLEAR\n\n" BODY END, false},
    {BEGIN BODY, false},
    {BEGIN BODY "-----END Y-----\n", false},
    {"-----BEGIN Y-----\n" BODY "-----END Y-----\n", false},
    {"-----BEGIN X-----\rjunk\n" BEGIN BODY END, false},
    {"-----BEGIN X-----junk\n" BODY END, false},
    {BEGIN "AQI*BA==\n" END, false},
    {BEGIN "\n" BODY END, false},
    {BEGIN BODY "\n" END, false},
    {BEGIN "AQ\tIDBA==\n" END, false},
    {BEGIN "AQ\rIDBA==\n" END, false},
    {BEGIN "AQIDBA==\r" END, false},
    {BEGIN "AQIDBA==" END, false},
    {BEGIN "AQIDBA\n" END, false},
    {BEGIN "AQIDBA==-junk\n" END, false},
    {BEGIN "AQID\n-junk\nBA==\n" END, false},
    {BEGIN BODY "-----END X-----junk\n", false},
    {BEGIN END, false},
    {BEGIN BODY "\x01" END, false},
    {BEGIN BODY "\x7F" END, false},
    {BEGIN BODY END "\xC3\xA9", false},
};

static void test_texts(void) {
    static const uint8_t expected[] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct crypto_pem pem = {NULL, 0};
        const uint8_t *text = (const uint8_t *)texts[i].text;
        const struct sevkit_result result =
            crypto_pem_decode(text, strlen(texts[i].text), "X", &pem);
        if (!texts[i].good) {
            if (!unit_fails(result, SEVKIT_BAD_ENCODING, "X")) CU_FAIL(texts[i].text);
            CU_ASSERT_PTR_NULL(pem.der);
            continue;
        }
        UNIT_OK(result);
        CU_ASSERT_EQUAL_FATAL(pem.size, sizeof expected);
        UNIT_BYTES(pem.der, expected, sizeof expected);
        crypto_pem_free(&pem);
        CU_ASSERT_PTR_NULL(pem.der);
    }
}

/* A NUL ends a string for C, but not the input. */
static void test_nul(void) {
    static const char text[] = BEGIN BODY END "\0" BEGIN BODY END;
    struct crypto_pem pem;
    UNIT_FAILS(crypto_pem_decode((const uint8_t *)text, sizeof text - 1, "X", &pem),
               SEVKIT_BAD_ENCODING, "X");
    UNIT_FAILS(crypto_pem_decode((const uint8_t *)text, sizeof BEGIN BODY END, "X", &pem),
               SEVKIT_BAD_ENCODING, "X");
    static const char inside[] = BEGIN "AQIDBA==\0\n" END;
    UNIT_FAILS(crypto_pem_decode((const uint8_t *)inside, sizeof inside - 1, "X", &pem),
               SEVKIT_BAD_ENCODING, "X");
}

static void test_too_long(void) {
    static uint8_t text[0x20001];
    struct crypto_pem pem = {NULL, 0};
    memset(text, '\n', sizeof text);
    memcpy(text, BEGIN BODY END, sizeof BEGIN BODY END - 1);
    UNIT_FAILS(crypto_pem_decode(text, sizeof text, "X", &pem), SEVKIT_BAD_LENGTH, "X");
    UNIT_OK(crypto_pem_decode(text, sizeof text - 1, "X", &pem));
    crypto_pem_free(&pem);
}

static void test_looks_like(void) {
    CU_ASSERT_TRUE(crypto_pem_looks_like((const uint8_t *)" \r\n-----", 8));
    CU_ASSERT_FALSE(crypto_pem_looks_like((const uint8_t *)"----", 4));
    CU_ASSERT_FALSE(crypto_pem_looks_like((const uint8_t *)"-----", 4));
    CU_ASSERT_FALSE(crypto_pem_looks_like((const uint8_t *)"\x30\x03-----", 7));
    CU_ASSERT_FALSE(crypto_pem_looks_like(NULL, 0));
}

static const struct unit_test tests[] = {
    {"texts", test_texts},           {"nul", test_nul}, {"too-long", test_too_long},
    {"looks-like", test_looks_like}, {NULL, NULL},
};

const struct unit_suite crypto_pem_suite = {"pem", tests};
