/* Scenario files: the built-in ones load and say what their names say; each fault in an otherwise good
 * file is refused at the member that the row names. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static struct sevkit_result parse(const char *json, struct sevkit_scenario *s) {
    return vmm_scenario_parse(json, strlen(json), s);
}

/* name and title, then REST */
#define FILE_OF(rest) "{\"name\": \"a\", \"title\": \"b\"" rest "}"
#define FAULTS(list) FILE_OF(", \"faults\": [" list "]")

static const struct refusal {
    const char *good, *bad;
    enum sevkit_code code;
    const char *field;
    uint64_t value; /* what the refusal names: the number found, or the line of a syntax error */
} refusals[] = {
    /* the top object */
    {FILE_OF(""), "", SEVKIT_BAD_ENCODING, "json", 1},
    {FILE_OF(""), "{", SEVKIT_BAD_ENCODING, "json", 1},
    {FILE_OF(""), "[]", SEVKIT_BAD_ENCODING, "json", 0},
    {FILE_OF(""), "{\"title\": \"b\"}", SEVKIT_NOT_FOUND, "name", 0},
    {FILE_OF(""), "{\"name\": \"a\"}", SEVKIT_NOT_FOUND, "title", 0},
    {FILE_OF(""), FILE_OF(", \"name\": \"a\""), SEVKIT_BAD_ENCODING, "json", 1},
    {FILE_OF(""), FILE_OF(", \"fault\": []"), SEVKIT_BAD_VALUE, "fault", 0},
    {FILE_OF(""), "{\"name\": \"A\", \"title\": \"b\"}", SEVKIT_BAD_VALUE, "name", 0},
    {FILE_OF(""), "{\"name\": \"\", \"title\": \"b\"}", SEVKIT_BAD_LENGTH, "name", 0},
    {FILE_OF(""), "{\"name\": 1, \"title\": \"b\"}", SEVKIT_BAD_ENCODING, "name", 0},
    {FILE_OF(""), "{\"name\": \"a\", \"title\": \"\\u007f\"}", SEVKIT_BAD_ENCODING, "title", 127},
    {FILE_OF(", \"$schema\": \"x\""), FILE_OF(", \"$schema\": 1"), SEVKIT_BAD_ENCODING, "$schema",
     0},

    /* faults */
    {FAULTS(""), FILE_OF(", \"faults\": {}"), SEVKIT_BAD_ENCODING, "faults", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"), FAULTS("1"), SEVKIT_BAD_ENCODING,
     "faults[0]", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"first\": 1, \"count\": 1}"), SEVKIT_NOT_FOUND, "faults[0].kind", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"bus\", \"first\": 1, \"count\": 1}"), SEVKIT_BAD_VALUE, "faults[0].kind",
     0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": 0, \"first\": 1, \"count\": 1}"), SEVKIT_BAD_ENCODING, "faults[0].kind", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"busy\", \"count\": 1}"), SEVKIT_NOT_FOUND, "faults[0].first", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"busy\", \"first\": 1}"), SEVKIT_NOT_FOUND, "faults[0].count", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"busy\", \"first\": 0, \"count\": 1}"), SEVKIT_BAD_VALUE,
     "faults[0].first", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 0}"), SEVKIT_BAD_VALUE,
     "faults[0].count", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": \"all\"}"),
     FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": \"ALL\"}"), SEVKIT_BAD_VALUE,
     "faults[0].count", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1.0}"), SEVKIT_BAD_ENCODING,
     "faults[0].count", 0},
    {FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1}"),
     FAULTS("{\"kind\": \"busy\", \"first\": 1, \"count\": 1, \"value\": 1}"), SEVKIT_BAD_VALUE,
     "faults[0].value", 0},
    {FAULTS("{\"kind\": \"vmm_error\", \"first\": 1, \"count\": 1, \"value\": 1}"),
     FAULTS("{\"kind\": \"vmm_error\", \"first\": 1, \"count\": 1, \"value\": 0}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 0},
    {FAULTS("{\"kind\": \"vmm_error\", \"first\": 1, \"count\": 1, \"value\": 4294967295}"),
     FAULTS("{\"kind\": \"vmm_error\", \"first\": 1, \"count\": 1, \"value\": 4294967296}"),
     SEVKIT_BAD_VALUE, "faults[0].value", UINT64_C(1) << 32},
    {FAULTS("{\"kind\": \"vmm_error\", \"first\": 1, \"count\": 1, \"value\": 1}"),
     FAULTS("{\"kind\": \"vmm_error\", \"first\": 1, \"count\": 1}"), SEVKIT_NOT_FOUND,
     "faults[0].value", 0},
    {FAULTS("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": 1}"),
     FAULTS("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": 0}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 0},
    {FAULTS("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": \"AEAD_OFLOW\"}"),
     FAULTS("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": \"SUCCESS\"}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 0},
    {FAULTS("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": \"AEAD_OFLOW\"}"),
     FAULTS("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": \"aead_oflow\"}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 0},
    {FAULTS("{\"kind\": \"es_result\", \"first\": 1, \"count\": 1, \"value\": 5}"),
     FAULTS("{\"kind\": \"es_result\", \"first\": 1, \"count\": 1, \"value\": 6}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 6},
    {FAULTS("{\"kind\": \"es_result\", \"first\": 1, \"count\": 1, \"value\": 1}"),
     FAULTS("{\"kind\": \"es_result\", \"first\": 1, \"count\": 1, \"value\": 0}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 0},
    {FAULTS("{\"kind\": \"truncate\", \"first\": 1, \"count\": 1, \"value\": 0}"),
     FAULTS("{\"kind\": \"truncate\", \"first\": 1, \"count\": 1, \"value\": true}"),
     SEVKIT_BAD_ENCODING, "faults[0].value", 0},
    {FAULTS("{\"kind\": \"truncate\", \"first\": 1, \"count\": 1, \"value\": 4095}"),
     FAULTS("{\"kind\": \"truncate\", \"first\": 1, \"count\": 1, \"value\": 4096}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 4096},
    {FAULTS("{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": 32767}"),
     FAULTS("{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": 32768}"),
     SEVKIT_BAD_VALUE, "faults[0].value", 32768},
    {FAULTS("{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": 0}"),
     FAULTS("{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": -1}"),
     SEVKIT_BAD_VALUE, "faults[0].value", UINT64_MAX},
    {FAULTS("{\"kind\": \"wipe_vmpck\", \"value\": 3}"),
     FAULTS("{\"kind\": \"wipe_vmpck\", \"value\": 4}"), SEVKIT_BAD_VALUE, "faults[0].value", 4},
    {FAULTS("{\"kind\": \"wipe_vmpck\", \"value\": 0}"),
     FAULTS("{\"kind\": \"wipe_vmpck\", \"value\": 0, \"first\": 1}"), SEVKIT_BAD_VALUE,
     "faults[0].first", 0},

    /* table, leaf, crl */
    {FILE_OF(", \"table\": {\"kind\": \"normal\"}"), FILE_OF(", \"table\": \"normal\""),
     SEVKIT_BAD_ENCODING, "table", 0},
    {FILE_OF(", \"table\": {\"kind\": \"normal\"}"), FILE_OF(", \"table\": {}"), SEVKIT_NOT_FOUND,
     "table.kind", 0},
    {FILE_OF(", \"table\": {\"kind\": \"no_end\"}"), FILE_OF(", \"table\": {\"kind\": \"no-end\"}"),
     SEVKIT_BAD_VALUE, "table.kind", 0},
    {FILE_OF(", \"table\": {\"kind\": \"normal\", \"npages\": 1}"),
     FILE_OF(", \"table\": {\"kind\": \"normal\", \"npages\": 0}"), SEVKIT_BAD_VALUE,
     "table.npages", 0},
    {FILE_OF(", \"table\": {\"kind\": \"normal\", \"npages\": 4294967295}"),
     FILE_OF(", \"table\": {\"kind\": \"normal\", \"npages\": 4294967296}"), SEVKIT_BAD_VALUE,
     "table.npages", UINT64_C(1) << 32},
    {FILE_OF(", \"table\": {\"kind\": \"absent\"}"),
     FILE_OF(", \"table\": {\"kind\": \"absent\", \"npages\": 1}"), SEVKIT_BAD_VALUE,
     "table.npages", 1},
    {FILE_OF(", \"leaf\": \"genuine\""), FILE_OF(", \"leaf\": \"vcek-tcb\""), SEVKIT_BAD_VALUE,
     "leaf", 0},
    {FILE_OF(", \"leaf\": \"genuine\""), FILE_OF(", \"leaf\": null"), SEVKIT_BAD_ENCODING, "leaf",
     0},
    {FILE_OF(", \"crl\": {}"), FILE_OF(", \"crl\": []"), SEVKIT_BAD_ENCODING, "crl", 0},
    {FILE_OF(", \"crl\": {\"expired\": true}"), FILE_OF(", \"crl\": {\"expired\": 1}"),
     SEVKIT_BAD_ENCODING, "crl.expired", 0},
    {FILE_OF(", \"crl\": {\"revoke_ask\": true}"), FILE_OF(", \"crl\": {\"revoke_ark\": true}"),
     SEVKIT_BAD_VALUE, "crl.revoke_ark", 0},

    /* kds */
    {FILE_OF(", \"kds\": {\"kind\": \"normal\"}"), FILE_OF(", \"kds\": {\"kind\": \"fast\"}"),
     SEVKIT_BAD_VALUE, "kds.kind", 0},
    {FILE_OF(", \"kds\": {\"kind\": \"normal\"}"),
     FILE_OF(", \"kds\": {\"kind\": \"normal\", \"value\": 1}"), SEVKIT_BAD_VALUE, "kds.value", 0},
    {FILE_OF(", \"kds\": {\"kind\": \"normal\"}"), FILE_OF(", \"kds\": []"), SEVKIT_BAD_ENCODING,
     "kds", 0},
    {FILE_OF(", \"kds\": {\"kind\": \"normal\"}"), FILE_OF(", \"kds\": {}"), SEVKIT_NOT_FOUND,
     "kds.kind", 0},
    {FILE_OF(", \"kds\": {\"kind\": \"status\", \"value\": 400}"),
     FILE_OF(", \"kds\": {\"kind\": \"status\", \"value\": 399}"), SEVKIT_BAD_VALUE, "kds.value",
     399},
    {FILE_OF(", \"kds\": {\"kind\": \"status\", \"value\": 599}"),
     FILE_OF(", \"kds\": {\"kind\": \"status\", \"value\": 600}"), SEVKIT_BAD_VALUE, "kds.value",
     600},
    {FILE_OF(", \"kds\": {\"kind\": \"status\", \"value\": 404}"),
     FILE_OF(", \"kds\": {\"kind\": \"status\"}"), SEVKIT_NOT_FOUND, "kds.value", 0},
    {FILE_OF(", \"kds\": {\"kind\": \"slow\", \"value\": 1}"),
     FILE_OF(", \"kds\": {\"kind\": \"slow\", \"value\": 0}"), SEVKIT_BAD_VALUE, "kds.value", 0},
    {FILE_OF(", \"kds\": {\"kind\": \"slow\", \"value\": 604800000}"),
     FILE_OF(", \"kds\": {\"kind\": \"slow\", \"value\": 604800001}"), SEVKIT_BAD_VALUE,
     "kds.value", 604800001},
    {FILE_OF(", \"kds\": {\"kind\": \"truncated\", \"value\": 0}"),
     FILE_OF(", \"kds\": {\"kind\": \"truncated\", \"value\": -1}"), SEVKIT_BAD_VALUE, "kds.value",
     UINT64_MAX},
    {FILE_OF(", \"kds\": {\"kind\": \"truncated\", \"value\": 0, \"count\": \"all\"}"),
     FILE_OF(", \"kds\": {\"kind\": \"truncated\", \"value\": 0, \"count\": \"none\"}"),
     SEVKIT_BAD_VALUE, "kds.count", 0},
};

static void test_refused(void) {
    struct sevkit_scenario s;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        UNIT_OK(parse(refusals[i].good, &s));
        const struct sevkit_result r = parse(refusals[i].bad, &s);
        UNIT_FAILS(r, refusals[i].code, refusals[i].field);
        CU_ASSERT_EQUAL(r.value, refusals[i].value);
    }
}

/* 32 faults, a file of 64 KiB: one more is refused. */
static void test_limits(void) {
    static char text[64 * 1024 + 2];
    struct sevkit_scenario s;
    for (size_t n = SEVKIT_FAULTS_MAX; n <= SEVKIT_FAULTS_MAX + 1; n++) {
        size_t used = (size_t)snprintf(text, sizeof text,
                                       "{\"name\": \"a\", \"title\": \"b\", "
                                       "\"faults\": [");
        for (size_t i = 0; i < n; i++) {
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "%s{\"kind\": \"wipe_vmpck\", \"value\": 1}", i ? "," : "");
        }
        snprintf(text + used, sizeof text - used, "]}");
        if (n == SEVKIT_FAULTS_MAX) {
            UNIT_OK(parse(text, &s));
            CU_ASSERT(s.fault_count == SEVKIT_FAULTS_MAX && s.faults[31].value == 1);
        } else {
            UNIT_FAILS(parse(text, &s), SEVKIT_LIMIT, "faults");
        }
    }
    memset(text, ' ', sizeof text);
    memcpy(text, FILE_OF(""), sizeof FILE_OF("") - 1);
    UNIT_OK(vmm_scenario_parse(text, (size_t)64 * 1024, &s));
    const struct sevkit_result r = vmm_scenario_parse(text, (size_t)64 * 1024 + 1, &s);
    UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "json");
    CU_ASSERT(r.value == 64 * 1024 + 1 && r.offset == SEVKIT_NO_OFFSET);
}

/* Line and offset of what is no JSON. */
static void test_place(void) {
    struct sevkit_scenario s;
    const struct sevkit_result r = parse("{\n \"name\"!\n}", &s);
    UNIT_FAILS(r, SEVKIT_BAD_ENCODING, "json");
    CU_ASSERT(r.value == 2 && r.offset == 10);
}

static void test_none(void) {
    const struct sevkit_scenario none = vmm_scenario_none();
    struct sevkit_scenario s;
    CU_ASSERT_STRING_EQUAL(none.name, "none");
    CU_ASSERT_STRING_EQUAL(none.title, "The world behaves");
    CU_ASSERT(none.fault_count == 0 && none.table == SEVKIT_TABLE_NORMAL);
    CU_ASSERT(none.table_npages == 0 && none.leaf == SEVKIT_LEAF_GENUINE);
    CU_ASSERT(!none.revoke_ask && !none.revoke_asvk && !none.crl_expired);
    CU_ASSERT(none.kds == SEVKIT_KDS_NORMAL && none.kds_count == UINT64_MAX);
    UNIT_OK(parse(FILE_OF(""), &s));
    CU_ASSERT(s.fault_count == 0 && s.kds == SEVKIT_KDS_NORMAL && s.kds_count == UINT64_MAX);
    CU_ASSERT_STRING_EQUAL(s.name, "a");
    CU_ASSERT_STRING_EQUAL(s.title, "b");
}

static void test_all_members(void) {
    struct sevkit_scenario s;
    UNIT_OK(parse(FILE_OF(", \"faults\": ["
                          "{\"kind\": \"busy\", \"first\": 2, \"count\": 3},"
                          "{\"kind\": \"fw_status\", \"first\": 1, \"count\": \"all\","
                          " \"value\": \"AEAD_OFLOW\"},"
                          "{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": 30},"
                          "{\"kind\": \"wipe_vmpck\", \"value\": 2}],"
                          "\"table\": {\"kind\": \"garbage\", \"npages\": 3},"
                          "\"leaf\": \"kds_old_tcb\","
                          "\"crl\": {\"revoke_ask\": true, \"expired\": true},"
                          "\"kds\": {\"kind\": \"slow\", \"value\": 70, \"count\": 4}"),
                  &s));
    CU_ASSERT_EQUAL(s.fault_count, 4);
    CU_ASSERT(s.faults[0].kind == SEVKIT_FAULT_BUSY && s.faults[0].first == 2);
    CU_ASSERT(s.faults[0].count == 3 && s.faults[0].value == 0);
    CU_ASSERT(s.faults[1].kind == SEVKIT_FAULT_FW_STATUS && s.faults[1].count == UINT64_MAX);
    CU_ASSERT_EQUAL(s.faults[1].value, ABI_AEAD_OFLOW);
    CU_ASSERT_EQUAL(s.faults[2].value, 30);
    CU_ASSERT(s.faults[3].kind == SEVKIT_FAULT_WIPE_VMPCK && s.faults[3].value == 2);
    CU_ASSERT(s.faults[3].first == 1 && s.faults[3].count == UINT64_MAX); /* from the start */
    CU_ASSERT(s.table == SEVKIT_TABLE_GARBAGE && s.table_npages == 3);
    CU_ASSERT_EQUAL(s.leaf, SEVKIT_LEAF_KDS_OLD_TCB);
    CU_ASSERT(s.revoke_ask && !s.revoke_asvk && s.crl_expired);
    CU_ASSERT(s.kds == SEVKIT_KDS_SLOW && s.kds_value == 70 && s.kds_count == 4);
    UNIT_OK(parse(FILE_OF(", \"crl\": {\"revoke_asvk\": true}"), &s));
    CU_ASSERT(!s.revoke_ask && s.revoke_asvk && !s.crl_expired);
}

static void test_builtin(void) {
    static const char *const wanted[] = {
        "busy-3",
        "busy-forever",
        "certs-absent",
        "certs-malformed-no-end",
        "certs-malformed-offset",
        "certs-malformed-length",
        "certs-malformed-garbage",
        "certs-wrong-length",
        "certs-beyond-limit",
        "fw-status",
        "vmm-error",
        "es-result",
        "corrupted-signature",
        "replayed-response",
        "reordered-response",
        "truncated-response",
        "flipped-response",
        "vcek_tcb",
        "kds_old_tcb",
        "expired-certificates",
        "revoked-ask",
        "revoked-asvk",
        "crl-expired",
        "kds-404",
        "kds-429",
        "kds-429-forever",
        "kds-500",
        "kds-slow",
        "kds-truncated",
        "vmpck-wiped",
        "migration",
        "tcb-update",
    };
    const size_t count = sizeof wanted / sizeof wanted[0];
    struct sevkit_scenario s;
    for (size_t i = 0; i < count; i++) {
        UNIT_OK(vmm_scenario_builtin(wanted[i], &s));
        CU_ASSERT_STRING_EQUAL(s.name, wanted[i]);
    }
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(vmm_scenario_name(i));
        if (i > 0) CU_ASSERT(strcmp(vmm_scenario_name(i - 1), vmm_scenario_name(i)) < 0);
    }
    CU_ASSERT_PTR_NULL(vmm_scenario_name(count));
    const struct sevkit_result r = vmm_scenario_builtin("none", &s);
    UNIT_FAILS(r, SEVKIT_NOT_FOUND, "scenario");
    CU_ASSERT(r.value == 0 && r.offset == SEVKIT_NO_OFFSET);
}

static const struct unit_test tests[] = {
    {"refused", test_refused},
    {"limits", test_limits},
    {"place", test_place},
    {"none", test_none},
    {"all-members", test_all_members},
    {"builtin", test_builtin},
    {NULL, NULL},
};

const struct unit_suite scenario_suite = {"scenario", tests};
