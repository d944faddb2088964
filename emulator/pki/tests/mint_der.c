/* The DER writer and the calendar below the certificates. */
#include <string.h>

#include "pki/der.h"
#include "pki/der_time.h"
#include "unit/unit.h"

static void numbers(void) {
    static const struct {
        uint64_t number;
        const char *der;
    } rows[] = {
        {0, "020100"},
        {1, "020101"},
        {0x7F, "02017F"},
        {0x80, "02020080"}, /* signed: a leading zero */
        {0xFF, "020200FF"},
        {0x100, "02020100"},
        {0x7FFF, "02027FFF"},
        {0x8000, "0203008000"},
        {UINT64_MAX, "020900FFFFFFFFFFFFFFFF"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t want[16], got[16];
        size_t size;
        const size_t want_size = unit_hex(rows[i].der, want, sizeof want);
        struct pki_der_writer w;
        pki_der_start(&w, got, sizeof got);
        pki_der_number(&w, rows[i].number);
        UNIT_OK(pki_der_finish(&w, "number", &size));
        CU_ASSERT_EQUAL(size, want_size);
        UNIT_BYTES(got, want, want_size);
    }
}

static void lengths(void) {
    static const struct {
        size_t content;
        size_t header;
        uint8_t bytes[4];
    } rows[] = {
        {0, 2, {0x04, 0x00}},
        {127, 2, {0x04, 0x7F}},
        {128, 3, {0x04, 0x81, 0x80}},
        {255, 3, {0x04, 0x81, 0xFF}},
        {256, 4, {0x04, 0x82, 0x01, 0x00}},
        {1000, 4, {0x04, 0x82, 0x03, 0xE8}},
    };
    static uint8_t content[1000], got[1100];
    memset(content, 0x5A, sizeof content);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size;
        struct pki_der_writer w;
        pki_der_start(&w, got, sizeof got);
        pki_der_value(&w, PKI_DER_OCTET_STRING, content, rows[i].content);
        UNIT_OK(pki_der_finish(&w, "value", &size));
        CU_ASSERT_EQUAL(size, rows[i].header + rows[i].content);
        UNIT_BYTES(got, rows[i].bytes, rows[i].header);
        UNIT_BYTES(got + rows[i].header, content, rows[i].content);
    }
}

static void nesting(void) {
    uint8_t want[16], got[16];
    size_t size;
    const size_t want_size = unit_hex("3009 3107 0C0141 030200FF", want, sizeof want);
    struct pki_der_writer w;
    pki_der_start(&w, got, sizeof got);
    const size_t outer = pki_der_open(&w, PKI_DER_SEQUENCE);
    const size_t inner = pki_der_open(&w, PKI_DER_SET);
    pki_der_text(&w, PKI_DER_UTF8_STRING, "A");
    pki_der_bits(&w, "\xFF", 1);
    pki_der_close(&w, inner);
    pki_der_close(&w, outer);
    UNIT_OK(pki_der_finish(&w, "nesting", &size));
    CU_ASSERT_EQUAL(size, want_size);
    UNIT_BYTES(got, want, want_size);
}

/* Every capacity below what is needed fails and writes nothing behind the buffer. */
static void overflow(void) {
    for (size_t capacity = 0; capacity <= 9; capacity++) {
        uint8_t got[16];
        size_t size;
        memset(got, 0xEE, sizeof got);
        struct pki_der_writer w;
        pki_der_start(&w, got, capacity);
        const size_t mark = pki_der_open(&w, PKI_DER_SEQUENCE);
        pki_der_text(&w, PKI_DER_UTF8_STRING, "hello");
        pki_der_close(&w, mark);
        const struct sevkit_result r = pki_der_finish(&w, "tbs", &size);
        if (capacity < 9) {
            UNIT_FAILS(r, SEVKIT_LIMIT, "tbs");
        } else {
            UNIT_OK(r);
        }
        for (size_t i = capacity; i < sizeof got; i++) CU_ASSERT_EQUAL(got[i], 0xEE);
    }
}

static const struct {
    int64_t seconds;
    int64_t year;
    unsigned month, day, hour, minute, second;
    const char *utc; /* NULL outside UTCTime's years */
} times[] = {
    {0, 1970, 1, 1, 0, 0, 0, "700101000000Z"},
    {-1, 1969, 12, 31, 23, 59, 59, "691231235959Z"},
    {951782400, 2000, 2, 29, 0, 0, 0, "000229000000Z"},
    {1603387385, 2020, 10, 22, 17, 23, 5, "201022172305Z"},
    {1767225600, 2026, 1, 1, 0, 0, 0, "260101000000Z"},
    {-631152000, 1950, 1, 1, 0, 0, 0, "500101000000Z"},
    {-631152001, 1949, 12, 31, 23, 59, 59, NULL},
    {2524607999, 2049, 12, 31, 23, 59, 59, "491231235959Z"},
    {2524608000, 2050, 1, 1, 0, 0, 0, NULL},
    {4107542400, 2100, 3, 1, 0, 0, 0, NULL}, /* no leap day in 2100 */
    {4107542399, 2100, 2, 28, 23, 59, 59, NULL},
    {-62135596800, 1, 1, 1, 0, 0, 0, NULL},
};

static void calendar(void) {
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const struct pki_civil c = pki_civil_from_seconds(times[i].seconds);
        CU_ASSERT_EQUAL(c.year, times[i].year);
        CU_ASSERT_EQUAL(c.month, times[i].month);
        CU_ASSERT_EQUAL(c.day, times[i].day);
        CU_ASSERT_EQUAL(c.hour, times[i].hour);
        CU_ASSERT_EQUAL(c.minute, times[i].minute);
        CU_ASSERT_EQUAL(c.second, times[i].second);
        CU_ASSERT_EQUAL(pki_civil_to_seconds(&c), times[i].seconds);
    }
    for (int64_t day = -800000; day < 800000; day += 17) { /* years -221 to 4160 */
        const struct pki_civil c = pki_civil_from_seconds(day * 86400 + 4711);
        if (c.day > pki_civil_days_in_month(c.year, c.month) ||
            pki_civil_to_seconds(&c) != day * 86400 + 4711)
            CU_FAIL("a day does not survive the round trip");
    }
}

static void utc_time(void) {
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        CU_ASSERT_EQUAL(pki_utc_time_fits(times[i].seconds), times[i].utc != NULL);
        if (times[i].utc == NULL) continue;
        uint8_t got[32];
        size_t size;
        struct pki_der_writer w;
        pki_der_start(&w, got, sizeof got);
        pki_der_utc_time(&w, times[i].seconds);
        UNIT_OK(pki_der_finish(&w, "time", &size));
        CU_ASSERT_EQUAL(size, 15);
        UNIT_BYTES(got, "\x17\x0D", 2);
        UNIT_BYTES(got + 2, times[i].utc, 13);
    }
}

static void years_later(void) {
    CU_ASSERT_EQUAL(pki_civil_add_years(1603387385, 25), 2392305785); /* 2045-10-22 17:23:05 */
    CU_ASSERT_EQUAL(pki_civil_add_years(1709208000, 7), 1930046400);  /* 2024-02-29 -> 2031-02-28 */
    CU_ASSERT_EQUAL(pki_civil_add_years(1709208000, 4), 1835438400);  /* 2028-02-29 */
}

static const struct unit_test tests[] = {
    {"numbers", numbers},         {"lengths", lengths},   {"nesting", nesting},
    {"overflow", overflow},       {"calendar", calendar}, {"utc-time", utc_time},
    {"years-later", years_later}, {NULL, NULL},
};

const struct unit_suite pki_mint_der_suite = {"mint-der", tests};
