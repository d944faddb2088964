/* Unit tests of struct sevkit_result: what a failure keeps and how it is printed. */
#include "sevkit/result.h"

#include <string.h>

#include "suites.h"

static void success_is_ok(void) {
    const struct sevkit_result r = sevkit_success();
    char text[64];
    sevkit_result_text(&r, text, sizeof text);
    CU_ASSERT(sevkit_ok(r));
    CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
    CU_ASSERT_STRING_EQUAL(r.field, "");
    CU_ASSERT_STRING_EQUAL(text, "ok");
}

static void failure_keeps_everything(void) {
    const char *rule = "must be 1";
    const struct sevkit_result r = sevkit_fail(SEVKIT_BAD_VALUE, "SIGNATURE_ALGO", 0x34, 2, rule);
    CU_ASSERT(!sevkit_ok(r));
    CU_ASSERT_EQUAL(r.code, SEVKIT_BAD_VALUE);
    CU_ASSERT_STRING_EQUAL(r.field, "SIGNATURE_ALGO");
    CU_ASSERT_EQUAL(r.offset, 0x34);
    CU_ASSERT_EQUAL(r.value, 2);
    CU_ASSERT_PTR_EQUAL(r.rule, rule);
}

static void long_field_is_cut(void) {
    char field[100];
    memset(field, 'x', sizeof field);
    field[sizeof field - 1] = 0;
    const struct sevkit_result r = sevkit_fail(SEVKIT_RESERVED, field, 0, 0, "rule");
    CU_ASSERT_EQUAL(strlen(r.field), 63);
    CU_ASSERT(strncmp(r.field, field, 63) == 0);
}

static void text_names_all_parts(void) {
    char text[128];
    struct sevkit_result r = sevkit_fail(SEVKIT_BAD_VALUE, "POLICY", 0xA, 0x10000, "bit 17");
    sevkit_result_text(&r, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "POLICY at 0xa: value 0x10000; rule: bit 17");
    r.offset = SEVKIT_NO_OFFSET;
    sevkit_result_text(&r, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "POLICY: value 0x10000; rule: bit 17");
}

static void text_has_no_control_characters(void) {
    const struct sevkit_result r =
        sevkit_fail(SEVKIT_BAD_VALUE, "a\x1b\x1f \x7e\x7f\xc3\xa9", SEVKIT_NO_OFFSET, 1, "rule");
    char text[64];
    sevkit_result_text(&r, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "a?? ~?\xc3\xa9: value 0x1; rule: rule");
}

/* The longest field is told whole. */
static void text_has_the_whole_field(void) {
    char name[64], text[128];
    memset(name, 'n', 63);
    name[63] = 0;
    const struct sevkit_result r = sevkit_fail(SEVKIT_BAD_VALUE, name, SEVKIT_NO_OFFSET, 1, "r");
    sevkit_result_text(&r, text, sizeof text);
    CU_ASSERT_EQUAL(strspn(text, "n"), 63);
    CU_ASSERT_STRING_EQUAL(text + 63, ": value 0x1; rule: r");
}

static void text_is_cut_and_ended(void) {
    char text[8];
    memset(text, 'z', sizeof text);
    const struct sevkit_result r = sevkit_fail(SEVKIT_BAD_VALUE, "POLICY", 0xA, 1, "rule");
    sevkit_result_text(&r, text, 7);
    CU_ASSERT_STRING_EQUAL(text, "POLICY");
    CU_ASSERT_EQUAL(text[7], 'z');
}

static void every_code_has_a_name(void) {
    static const struct {
        enum sevkit_code code;
        const char *name;
    } rows[] = {
        {SEVKIT_OK, "ok"},
        {SEVKIT_BAD_LENGTH, "bad-length"},
        {SEVKIT_BAD_VALUE, "bad-value"},
        {SEVKIT_RESERVED, "reserved"},
        {SEVKIT_BAD_ENCODING, "bad-encoding"},
        {SEVKIT_BAD_CRYPTO, "bad-crypto"},
        {SEVKIT_NOT_FOUND, "not-found"},
        {SEVKIT_LIMIT, "limit"},
        {SEVKIT_NO_MEMORY, "no-memory"},
        {SEVKIT_INTERNAL, "internal"},
    };
    CU_ASSERT_EQUAL(sizeof rows / sizeof rows[0], SEVKIT_INTERNAL + 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_STRING_EQUAL(sevkit_code_name(rows[i].code), rows[i].name);
    }
}

static const struct unit_test tests[] = {
    {"success-is-ok", success_is_ok},
    {"failure-keeps-everything", failure_keeps_everything},
    {"long-field-is-cut", long_field_is_cut},
    {"text-names-all-parts", text_names_all_parts},
    {"text-has-no-control-characters", text_has_no_control_characters},
    {"text-has-the-whole-field", text_has_the_whole_field},
    {"text-is-cut-and-ended", text_is_cut_and_ended},
    {"every-code-has-a-name", every_code_has_a_name},
    {NULL, NULL},
};

const struct unit_suite abi_result_suite = {"result", tests};
