/* PEM text: padding, line breaks, capacity. */
#include <string.h>

#include "sevkit/pki.h"
#include "unit/unit.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static void texts(void) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } rows[] = {
        {"", 0, BEGIN END},
        {"f", 1, BEGIN "Zg==\n" END},
        {"fo", 2, BEGIN "Zm8=\n" END},
        {"foo", 3, BEGIN "Zm9v\n" END},
        {"foob", 4, BEGIN "Zm9vYg==\n" END},
        {"\xFB\xEF\xBE\xFF\xFF\xFF", 6, BEGIN "++++////\n" END},
        {"012345678901234567890123456789012345678901234567", 48,
         BEGIN "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3\n" END},
        {"0123456789012345678901234567890123456789012345678", 49,
         BEGIN "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3\nOA==\n" END},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t need = strlen(rows[i].text) + 1;
        char out[256];
        memset(out, '#', sizeof out);
        UNIT_OK(pki_pem((const uint8_t *)rows[i].bytes, rows[i].size, out, need));
        CU_ASSERT_STRING_EQUAL(out, rows[i].text);
        CU_ASSERT_EQUAL(out[need], '#');
        UNIT_FAILS(pki_pem((const uint8_t *)rows[i].bytes, rows[i].size, out, need - 1),
                   SEVKIT_LIMIT, "PEM");
    }
}

/* A size whose text would have 2^64 characters must not wrap round to a short one. */
static void impossible_size(void) {
    char out[64];
    UNIT_FAILS(pki_pem((const uint8_t *)"", (SIZE_MAX / 4 + 1) * 3, out, sizeof out), SEVKIT_LIMIT,
               "PEM");
}

static const struct unit_test tests[] = {
    {"texts", texts},
    {"impossible-size", impossible_size},
    {NULL, NULL},
};

const struct unit_suite pki_mint_pem_suite = {"mint-pem", tests};
