/* Unit tests over data of real machines: reports, certificate tables and a REPORT_RSP. They lie
 * outside the tree, in the directory that SEVKIT_REAL names; index.json there says what each report
 * states. Without it the tests are skipped. */
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/certtable.h"
#include "sevkit/message.h"
#include "sevkit/report.h"
#include "suites.h"

#define FILE_MAX 0x10000

static const char *directory(void) {
    const char *dir = getenv("SEVKIT_REAL");
    return dir != NULL ? dir : "../shared/real";
}

/* Reads at most FILE_MAX bytes; 0 if there is no such file. */
static size_t read_path(const char *path, uint8_t out[FILE_MAX]) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return 0;
    const size_t size = fread(out, 1, FILE_MAX, f);
    fclose(f);
    return size;
}

static size_t read_file(const char *name, uint8_t out[FILE_MAX]) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory(), name);
    return read_path(path, out);
}

/* The index's form of a TCB: "bl=4 tee=0 snp=24 ucode=219", with "fmc=1 " in front on Turin. */
static void tcb_text(enum abi_product product, uint64_t raw, char out[96]) {
    struct abi_tcb_parts p;
    UNIT_OK(abi_tcb_unpack(product, raw, &p));
    const int n = product == ABI_PRODUCT_TURIN ? snprintf(out, 96, "fmc=%u ", p.fmc) : 0;
    snprintf(out + n, 96 - (size_t)n, "bl=%u tee=%u snp=%u ucode=%u", p.boot_loader, p.tee, p.snp,
             p.microcode);
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "(not in the index)";
}

static void expect_text(const json_t *object, const char *key, const char *got) {
    const char *want = text_of(object, key);
    if (strcmp(want, got) != 0) fprintf(stderr, "    %s: index %s, report %s\n", key, want, got);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void expect_hex(const json_t *object, const char *key, uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    expect_text(object, key, text);
}

static void expect_version(const json_t *object, const char *key, struct abi_fw_version v) {
    char text[32];
    snprintf(text, sizeof text, "%u.%u.%u", v.major, v.minor, v.build);
    expect_text(object, key, text);
}

/* Null where the index does not say. */
static void expect_prefix(const json_t *object, const char *key, const uint8_t bytes[8]) {
    if (json_is_null(json_object_get(object, key))) return;
    char text[17];
    for (size_t i = 0; i < 8; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    expect_text(object, key, text);
}

static void expect_tcbs(const json_t *row, const struct abi_report *r) {
    const json_t *tcbs = json_object_get(row, "tcbs");
    const bool fmc = strncmp(text_of(tcbs, "current"), "fmc=", 4) == 0;
    const enum abi_product product = fmc ? ABI_PRODUCT_TURIN : ABI_PRODUCT_GENOA;
    char text[96];
    tcb_text(product, r->current_tcb, text);
    expect_text(tcbs, "current", text);
    tcb_text(product, r->reported_tcb, text);
    expect_text(tcbs, "reported", text);
    tcb_text(product, r->committed_tcb, text);
    expect_text(tcbs, "committed", text);
    tcb_text(product, r->launch_tcb, text);
    expect_text(tcbs, "launch", text);
    CU_ASSERT(abi_tcb_le(r->reported_tcb, r->committed_tcb));
    CU_ASSERT(abi_tcb_le(r->committed_tcb, r->current_tcb));
}

static void expect_mit_vectors(const json_t *row, const struct abi_report *r) {
    const json_t *vectors = json_object_get(row, "mit_vectors");
    const char *launch = json_string_value(json_array_get(vectors, 0));
    const char *current = json_string_value(json_array_get(vectors, 1));
    CU_ASSERT_FATAL(launch != NULL && current != NULL);
    CU_ASSERT_EQUAL(r->launch_mit_vector, strtoull(launch, NULL, 16));
    CU_ASSERT_EQUAL(r->current_mit_vector, strtoull(current, NULL, 16));
}

static void check_report(const json_t *row) {
    const char *name = text_of(row, "report");
    static uint8_t bytes[FILE_MAX];
    const size_t size = read_file(name, bytes);
    struct abi_report r;
    UNIT_OK(abi_report_decode(bytes, size, &r));
    UNIT_OK(abi_report_check_version(&r, false));
    UNIT_OK(abi_report_check_fields(&r));
    uint8_t out[ABI_REPORT_SIZE];
    abi_report_encode(&r, out);
    UNIT_BYTES(out, bytes, sizeof out);

    CU_ASSERT_EQUAL((json_int_t)r.version, json_integer_value(json_object_get(row, "version")));
    CU_ASSERT_EQUAL((json_int_t)r.vmpl, json_integer_value(json_object_get(row, "vmpl")));
    CU_ASSERT_EQUAL(r.signature_algo, 1);
    expect_text(row, "signer", abi_signing_key_name(abi_report_signing_key(&r)));
    expect_hex(row, "policy", r.policy);
    expect_hex(row, "platform_info", r.platform_info);
    expect_version(row, "current_version", r.current);
    expect_version(row, "committed_version", r.committed);
    expect_prefix(row, "chip_id_prefix", r.chip_id);
    expect_prefix(row, "measurement_prefix", r.measurement);
    expect_tcbs(row, &r);
    expect_mit_vectors(row, &r);
    if (r.version < 3) return;
    const char *product = abi_product_name(abi_report_product(&r));
    CU_ASSERT(strncmp(text_of(row, "product"), product, strlen(product)) == 0);
}

static void reports(void) {
    char path[1024];
    snprintf(path, sizeof path, "%s/index.json", directory());
    json_t *index = json_load_file(path, 0, NULL);
    if (index == NULL) {
        unit_skip("no real reports: SEVKIT_REAL has no index.json");
        return;
    }
    const json_t *rows = json_object_get(index, "reports");
    CU_ASSERT(json_array_size(rows) > 0);
    for (size_t i = 0; i < json_array_size(rows); i++) check_report(json_array_get(rows, i));
    json_decref(index);
}

/* Reading the table, then writing its blobs anew, gives back the host's bytes, padding included. */
static void check_table(const uint8_t *bytes, size_t size) {
    struct abi_certtable table;
    UNIT_OK(abi_certtable_decode(bytes, size, &table));
    CU_ASSERT(table.count > 0);
    struct abi_certtable_blob blobs[ABI_CERTTABLE_ENTRIES_MAX];
    for (size_t i = 0; i < table.count; i++) {
        const struct abi_certtable_entry *e = &table.entries[i];
        blobs[i] = (struct abi_certtable_blob){abi_cert_kind_from_guid(e->guid), bytes + e->offset,
                                               e->length};
        CU_ASSERT_NOT_EQUAL(blobs[i].kind, ABI_CERT_OTHER);
        CU_ASSERT_EQUAL(blobs[i].bytes[0], 0x30); /* a DER SEQUENCE */
    }
    static uint8_t again[FILE_MAX];
    size_t used = 0;
    UNIT_OK(abi_certtable_encode(blobs, table.count, again, size, &used));
    CU_ASSERT_EQUAL(used, abi_certtable_size(blobs, table.count));
    UNIT_BYTES(again, bytes, size);
}

/* SNP_GET_EXT_REPORT's answer as saved by clients: a report, then the table. */
static void certificate_tables(void) {
    char pattern[1024];
    snprintf(pattern, sizeof pattern, "%s/*/*.extreport.bin", directory());
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) {
        unit_skip("no real certificate tables: SEVKIT_REAL has no *.extreport.bin");
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        static uint8_t bytes[FILE_MAX];
        const size_t size = read_path(found.gl_pathv[i], bytes);
        CU_ASSERT_FATAL(size > ABI_REPORT_SIZE);
        check_table(bytes + ABI_REPORT_SIZE, size - ABI_REPORT_SIZE);
    }
    globfree(&found);
}

static void report_response(void) {
    static uint8_t bytes[FILE_MAX];
    static uint8_t report[FILE_MAX];
    const char *stem = "LIT-Protocol-sev-snp-utils/snp_report_msg_resp";
    char name[128];
    snprintf(name, sizeof name, "%s.bin", stem);
    const size_t size = read_file(name, bytes);
    snprintf(name, sizeof name, "%s.dd6773.report.bin", stem);
    if (size == 0 || read_file(name, report) != ABI_REPORT_SIZE) {
        unit_skip("no real REPORT_RSP: SEVKIT_REAL has none");
        return;
    }
    CU_ASSERT_FATAL(size >= ABI_REPORT_RSP_SIZE);
    struct abi_report_rsp rsp;
    abi_report_rsp_decode(bytes, &rsp);
    CU_ASSERT_EQUAL(rsp.status, 0);
    CU_ASSERT_EQUAL(rsp.report_size, ABI_REPORT_SIZE);
    UNIT_BYTES(rsp.report, report, ABI_REPORT_SIZE);
}

static const struct unit_test tests[] = {
    {"reports", reports},
    {"certificate-tables", certificate_tables},
    {"report-response", report_response},
    {NULL, NULL},
};

const struct unit_suite abi_real_suite = {"real", tests};
