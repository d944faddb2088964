/* outblob and auxblob: what they hold. Linux notes, section 5, attributes; section 4, SNP_GET_EXT_REPORT. */
#include <string.h>

#include "sevkit/certtable.h"
#include "tsm/tsm.h"

#define TABLE(text) "{\"name\": \"suite\", \"title\": \"a table\", \"table\": {" text "}}"
#define KIND(kind) TABLE("\"kind\": \"" kind "\"")
#define PAGES(npages) TABLE("\"kind\": \"normal\", \"npages\": " #npages)
#define AUXBLOB_MAX 0x4000
#define AT_ARG (TARGET_USER_BASE + 0x1000)
#define AT_REQUEST (TARGET_USER_BASE + 0x1100)
#define AT_RESPONSE (TARGET_USER_BASE + 0x8000) /* behind the longest auxblob */
#define AT_CERTS (TARGET_USER_BASE + 0xA000)
#define RESPONSE_REPORT 32
#define SIGNATURE 0x2A0 /* in a report: it is another one each time */

/* How far the entries of the table at AT_READ reach, SIZE bytes of which are there; 0 without an entry. */
static size_t table_end(size_t size) {
    const uint8_t *table = target_user(AT_READ);
    size_t end = 0;
    for (size_t at = 0; at + ABI_CERTTABLE_ENTRY_SIZE <= size; at += ABI_CERTTABLE_ENTRY_SIZE) {
        if (abi_all_zero(table + at, ABI_GUID_SIZE)) break;
        const size_t reach = (size_t)abi_get_le32(table + at + 16) + abi_get_le32(table + at + 20);
        if (reach > end) end = reach;
    }
    return end < AUXBLOB_MAX ? end : AUXBLOB_MAX;
}

/* Any host's: no certificates and no bytes, or a table. */
static void any_table(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 29));
    const long size = tsm_get(ctx, "auxblob");
    if (size == -EIO && target_is_real(suite_target(ctx))) {
        suite_skip(ctx, "the host's table needs more than four pages");
        return;
    }
    SUITE_CHECK(ctx, "auxblob", size >= 0 && size <= AUXBLOB_MAX, "at most 16 KiB");
    SUITE_EQUAL(ctx, "auxblob", table_end((size_t)size), (uint64_t)size,
                "it ends where its furthest entry does");
    SUITE_STEP(tsm_report(ctx, 29));
}

static void run_any_table(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, any_table);
}

static void certificates(struct suite_ctx *ctx, const void *row) {
    SUITE_STEP(tsm_inblob(ctx, 30));
    const long size = tsm_get(ctx, "auxblob");
    SUITE_CHECK(ctx, "auxblob", size > ABI_CERTTABLE_ENTRY_SIZE, "the host's certificates");
    any_table(ctx, row);
}

static void run_certificates(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = suite_row(ctx)};
    tsm_each(ctx, &guest, certificates);
}

static void no_certificates(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 31));
    SUITE_RESULT(ctx, "read of auxblob", 0, tsm_get(ctx, "auxblob"), "empty without certificates");
    SUITE_STEP(tsm_report(ctx, 31));
}

static void run_no_certificates(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = KIND("absent")};
    tsm_each(ctx, &guest, no_certificates);
}

/* Entries that point beyond the four pages: all of them, and no more. */
static void whole_pages(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 32));
    SUITE_RESULT(ctx, "read of auxblob", AUXBLOB_MAX, tsm_get(ctx, "auxblob"), "16 KiB at most");
    SUITE_STEP(tsm_report(ctx, 32));
}

static void run_whole_pages(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = suite_row(ctx)};
    tsm_each(ctx, &guest, whole_pages);
}

/* The request is not made again with more room; the VMPCK is kept. */
static void beyond_limit(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 33));
    SUITE_STEP(tsm_no_report(ctx, -EIO, "four pages at most"));
    SUITE_RESULT(ctx, "read of auxblob", -EIO, tsm_get(ctx, "auxblob"), "four pages at most");
    SUITE_STEP(tsm_no_report(ctx, -EIO, "the VMPCK is not lost"));
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
}

static void run_beyond_limit(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = suite_row(ctx)};
    tsm_each(ctx, &guest, beyond_limit);
}

/* ---- the same as the ioctl's ---- */

/* SNP_GET_EXT_REPORT with the user data that SEED makes, answered at AT_RESPONSE and AT_CERTS. */
static bool ask_device(struct suite_ctx *ctx, uint8_t seed) {
    uint8_t *arg = target_user(AT_ARG), *request = target_user(AT_REQUEST);
    memset(arg, 0, DRV_REQUEST_SIZE);
    memset(request, 0, DRV_EXT_REPORT_REQ_SIZE);
    arg[DRV_REQUEST_MSG_VERSION] = 1;
    abi_put_le64(arg + DRV_REQUEST_REQ_DATA, AT_REQUEST);
    abi_put_le64(arg + DRV_REQUEST_RESP_DATA, AT_RESPONSE);
    tsm_fill(request, seed, INBLOB_SIZE);
    abi_put_le64(request + DRV_EXT_REPORT_CERTS_ADDRESS, AT_CERTS);
    abi_put_le32(request + DRV_EXT_REPORT_CERTS_LEN, AUXBLOB_MAX);
    const long fd = suite_open_path(ctx, target_node(suite_target(ctx)), O_RDWR);
    return suite_check(ctx, "node", fd >= 0, "it opens") &&
           suite_result(ctx, "SNP_GET_EXT_REPORT", 0,
                        suite_fd_call(ctx, TARGET_SYS_IOCTL, fd, DRV_SNP_GET_EXT_REPORT, AT_ARG),
                        "a good request") &&
           tsm_close(ctx, fd);
}

/* The calls in turn: each uses up the other's sequence number, and the blobs are those of the device. */
static void as_device(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 34));
    SUITE_STEP(tsm_report(ctx, 34));
    SUITE_STEP(ask_device(ctx, 34));
    SUITE_BYTES(ctx, "outblob", target_user(AT_RESPONSE + RESPONSE_REPORT), target_user(AT_READ),
                SIGNATURE, "the report that the ioctl gives");
    const long size = tsm_get(ctx, "auxblob");
    SUITE_CHECK(ctx, "auxblob", size > 0 && size < AUXBLOB_MAX, "the host's certificates");
    SUITE_BYTES(ctx, "auxblob", target_user(AT_CERTS), target_user(AT_READ), (size_t)size,
                "the certificates that the ioctl gives");
    SUITE_STEP(tsm_inblob(ctx, 35));
    SUITE_STEP(tsm_report(ctx, 35));
}

static void run_as_device(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, as_device);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.blob.table", "auxblob is a table without what follows it, or empty", 0,
                 run_any_table, NULL, "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.certificates", "auxblob of a host with certificates", TSM_OURS,
                 run_certificates, KIND("normal"), "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.four-pages", "a table that wants the four pages there are",
                 TARGET_SCENARIO, run_certificates, PAGES(4), "LNX-TSM-055", "LNX-TSM-057"),
    TSM_POSITIVE("tsm.blob.no-certificates", "auxblob of a host without certificates",
                 TARGET_SCENARIO, run_no_certificates, NULL, "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.no-end", "a table without its last entry", TARGET_SCENARIO,
                 run_certificates, KIND("no_end"), "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.far-offset", "an entry that starts beyond the pages", TARGET_SCENARIO,
                 run_whole_pages, KIND("offset"), "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.long-entry", "an entry that ends beyond the pages", TARGET_SCENARIO,
                 run_whole_pages, KIND("length"), "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.as-device", "outblob and auxblob are the ioctl's",
                 TSM_OURS | TARGET_DEVICE, run_as_device, NULL, "LNX-TSM-031", "LNX-TSM-055",
                 "LNX-GUEST-057"),
    TSM_NEGATIVE("tsm.blob.beyond-limit", "a table of five pages", "tsm.blob.four-pages",
                 TARGET_SCENARIO, run_beyond_limit, PAGES(5), "LNX-TSM-056", "LNX-TSM-057"),
    TSM_NEGATIVE("tsm.blob.far-beyond", "a table of 2^32 - 1 pages", "tsm.blob.four-pages",
                 TARGET_SCENARIO, run_beyond_limit, PAGES(4294967295), "LNX-TSM-056",
                 "LNX-TSM-057"),
};

const struct suite_area tsm_blob_tests = {.tests = tests, .count = sizeof tests / sizeof tests[0]};
