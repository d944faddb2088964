/* The walk over DER: each rule of a header, and where a failure lies. */
#include "crypto/der.h"

#include <string.h>

#include "crypto/tests/suites.h"

static const struct {
    const char *header; /* content of zeros follows up to 70000 bytes */
    size_t whole;       /* 0: not DER */
} headers[] = {
    {"0400", 2},
    {"047f", 2 + 0x7F},
    {"048180", 3 + 0x80},
    {"04820100", 4 + 256},
    {"0483010000", 5 + 0x10000},
    {"047e", 2 + 0x7E},
    {"04", 0}, /* no length */
    {"1f01", 0},
    {"3f0100", 0}, /* the tag number goes on */
    {"0480", 0},
    {"2480", 0}, /* indefinite */
    {"04817f", 0},
    {"048200ff", 0}, /* shorter forms exist */
    {"0483000100", 0},
    {"04818000", 3 + 0x80},
    {"04850000000001", 0},
    {"048501", 0},
    {"04880100000000000000", 0}, /* past 32 bits */
    {"0489010000000000000100", 0},
    {"0484ffffffff", 0}, /* more than there is */
};

static uint8_t input[70000];

static void test_headers(void) {
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        memset(input, 0, sizeof input);
        const size_t header = unit_hex(headers[i].header, input, sizeof input);
        struct crypto_tlv tlv;
        struct crypto_span rest = {input, header == 1 ? 1 : sizeof input};
        const size_t size = rest.size;
        const bool good = crypto_der_next(&rest, &tlv);
        CU_ASSERT_EQUAL(good, headers[i].whole != 0);
        if (!good) {
            CU_ASSERT(rest.bytes == input && rest.size == size);
            continue;
        }
        CU_ASSERT_EQUAL(tlv.whole.size, headers[i].whole);
        CU_ASSERT_PTR_EQUAL(tlv.whole.bytes, input);
        CU_ASSERT_PTR_EQUAL(tlv.content.bytes + tlv.content.size, input + headers[i].whole);
        CU_ASSERT_PTR_EQUAL(rest.bytes, input + headers[i].whole);
        CU_ASSERT_EQUAL(rest.size, sizeof input - headers[i].whole);
        /* One byte fewer than the element needs. */
        rest = (struct crypto_span){input, headers[i].whole - 1};
        CU_ASSERT_FALSE(crypto_der_next(&rest, &tlv));
    }
}

static void test_take_and_only(void) {
    static const uint8_t two[] = {0x04, 0x01, 0xAA, 0x02, 0x01, 0x05};
    struct crypto_span rest = {two, sizeof two};
    struct crypto_tlv tlv;
    CU_ASSERT_FALSE(crypto_der_take(&rest, CRYPTO_DER_INTEGER, &tlv));
    CU_ASSERT_EQUAL(rest.size, sizeof two);
    CU_ASSERT_TRUE(crypto_der_take(&rest, CRYPTO_DER_OCTET_STRING, &tlv));
    CU_ASSERT_TRUE(crypto_der_take(&rest, CRYPTO_DER_INTEGER, &tlv));
    CU_ASSERT_EQUAL(tlv.content.bytes[0], 5);
    CU_ASSERT_FALSE(crypto_der_take(&rest, CRYPTO_DER_INTEGER, &tlv));
    CU_ASSERT_FALSE(crypto_der_only((struct crypto_span){two, 6}, CRYPTO_DER_OCTET_STRING, &tlv));
    CU_ASSERT_FALSE(crypto_der_only((struct crypto_span){two, 3}, CRYPTO_DER_INTEGER, &tlv));
    CU_ASSERT_TRUE(crypto_der_only((struct crypto_span){two, 3}, CRYPTO_DER_OCTET_STRING, &tlv));
}

/* Where the check stops; SEVKIT_NO_OFFSET for what is good. */
static const struct {
    const char *hex;
    size_t offset;
} elements[] = {
    {"3000", SEVKIT_NO_OFFSET},
    {"30030101ff", SEVKIT_NO_OFFSET},
    {"0402ffff", SEVKIT_NO_OFFSET}, /* content of a primitive is not looked into */
    {"", 0},
    {"3001", 0},
    {"300000", 2},
    {"30003000", 2},
    {"3003010101", 2},
    {"3003010100", 2},
    {"30020100", 2},
    {"30040102ffff", 2},
    {"300404003003", 4},
    {"3006050030020481", 6},
    {"30023100", SEVKIT_NO_OFFSET},
    {"30021100", 2},
    {"1000", 0},
};

static void test_check(void) {
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        const size_t size = unit_hex(elements[i].hex, input, sizeof input);
        const struct sevkit_result r = crypto_der_check((struct crypto_span){input, size}, "X");
        if (elements[i].offset == SEVKIT_NO_OFFSET) {
            UNIT_OK(r);
            continue;
        }
        UNIT_FAILS(r, SEVKIT_BAD_ENCODING, "X");
        CU_ASSERT_EQUAL(r.offset, elements[i].offset);
    }
}

/* DEPTH sequences, each alone in the one before. */
static struct crypto_span nested(size_t depth) {
    for (size_t i = 0; i < depth; i++) {
        input[2 * i] = 0x30;
        input[2 * i + 1] = (uint8_t)(2 * (depth - 1 - i));
    }
    return (struct crypto_span){input, 2 * depth};
}

static void test_depth(void) {
    UNIT_OK(crypto_der_check(nested(17), "X"));
    UNIT_FAILS(crypto_der_check(nested(18), "X"), SEVKIT_BAD_ENCODING, "X");
}

static const struct unit_test tests[] = {
    {"headers", test_headers},
    {"take-and-only", test_take_and_only},
    {"check", test_check},
    {"depth", test_depth},
    {NULL, NULL},
};

const struct unit_suite crypto_der_suite = {"der", tests};
