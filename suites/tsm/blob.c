/* outblob and auxblob: what they hold, and how often the firmware is asked. Linux notes, section 5, attributes,
 * read model and generation. */
#include <string.h>

#include "sevkit/certtable.h"
#include "tsm/tsm.h"

#define TABLE(text) "{\"name\": \"suite\", \"title\": \"a table\", \"table\": {" text "}}"
#define NO_TABLE TABLE("\"kind\": \"absent\"")
#define FIVE_PAGES TABLE("\"kind\": \"normal\", \"npages\": 5")
#define FOUR_PAGES TABLE("\"kind\": \"normal\", \"npages\": 4")

/* Firmware requests since the boot, where they can be counted. */
static bool asked(struct suite_ctx *ctx, uint64_t wanted, const char *rule) {
    struct target_driver driver;
    return suite_setup(ctx, "driver", target_driver(suite_target(ctx), &driver)) &&
           suite_equal(ctx, "firmware requests", wanted, driver.fw_requests, rule);
}

/* How far the entries of the table at AT_READ reach; 0 without an entry. */
static size_t table_end(size_t size) {
    const uint8_t *table = target_user(AT_READ);
    size_t end = 0;
    for (size_t at = 0; at + ABI_CERTTABLE_ENTRY_SIZE <= size; at += ABI_CERTTABLE_ENTRY_SIZE) {
        if (abi_all_zero(table + at, ABI_GUID_SIZE)) break;
        const size_t reach = (size_t)abi_get_le32(table + at + 16) + abi_get_le32(table + at + 20);
        if (reach > end) end = reach;
    }
    return end;
}

static void certificates(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 30));
    const long size = tsm_get(ctx, "auxblob");
    SUITE_CHECK(ctx, "auxblob", size > ABI_CERTTABLE_ENTRY_SIZE, "the host's certificates");
    SUITE_EQUAL(ctx, "auxblob", table_end((size_t)size), (uint64_t)size,
                "it ends where its furthest entry does");
    SUITE_STEP(tsm_report(ctx, 30));
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
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = NO_TABLE};
    tsm_each(ctx, &guest, no_certificates);
}

/* The request is not made again with more room; the VMPCK is kept. */
static void beyond_limit(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 32));
    SUITE_RESULT(ctx, "read of outblob", -EIO, tsm_get(ctx, "outblob"), "four pages at most");
    SUITE_RESULT(ctx, "read of auxblob", -EIO, tsm_get(ctx, "auxblob"), "four pages at most");
    SUITE_RESULT(ctx, "read of outblob", -EIO, tsm_get(ctx, "outblob"), "the VMPCK is not lost");
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
}

static void run_beyond_limit(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = FIVE_PAGES};
    tsm_each(ctx, &guest, beyond_limit);
}

/* ---- one request a generation ---- */

static void one_request(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 33));
    SUITE_STEP(asked(ctx, 0, "a write asks for nothing"));
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "a good read");
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(asked(ctx, 1, "one request serves all blobs of a generation"));
    SUITE_RESULT(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", "1"), "a number from 0 to 3");
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(asked(ctx, 2, "a change asks anew"));
    SUITE_RESULT(ctx, "privlevel", -EINVAL, tsm_put(ctx, "privlevel", "4"), "out of range");
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(asked(ctx, 2, "a refused write is no change"));
}

static void run_one_request(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, one_request);
}

/* Without counting: the cached report is the same bytes, a new one has another signature or data. */
static void same_report(struct suite_ctx *ctx, const void *row) {
    uint8_t first[REPORT_SIZE];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 34));
    SUITE_STEP(tsm_report(ctx, 34));
    memcpy(first, target_user(AT_READ), sizeof first);
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "a good read");
    SUITE_STEP(tsm_report(ctx, 34));
    SUITE_BYTES(ctx, "outblob", first, target_user(AT_READ), sizeof first, "the same report");
    SUITE_STEP(tsm_inblob(ctx, 35));
    SUITE_STEP(tsm_report(ctx, 35));
}

static void run_same_report(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, same_report);
}

/* After a failure the old blobs are gone, and each read asks again. */
static void asks_again(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 36));
    SUITE_RESULT(ctx, "read of outblob", -EIO, tsm_get(ctx, "outblob"), "the table does not fit");
    SUITE_STEP(asked(ctx, 1, "the number is used up by a plain request"));
    SUITE_RESULT(ctx, "read of outblob", -EIO, tsm_get(ctx, "outblob"), "the table does not fit");
    SUITE_STEP(asked(ctx, 2, "the next read asks again"));
}

static void run_asks_again(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT, .scenario = FIVE_PAGES};
    tsm_each(ctx, &guest, asks_again);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.blob.report", "the report stays the same until something is written", 0,
                 run_same_report, NULL, "LNX-TSM-044", "LNX-TSM-045", "LNX-TSM-056",
                 "LNX-GUEST-057"),
    TSM_POSITIVE("tsm.blob.one-request", "how often the firmware is asked", TARGET_DRIVER,
                 run_one_request, NULL, "LNX-TSM-044", "LNX-TSM-045", "LNX-TSM-046"),
    TSM_POSITIVE("tsm.blob.certificates", "auxblob is the host's table without what follows it",
                 TARGET_SCENARIO, run_certificates, NULL, "LNX-TSM-055"),
    TSM_POSITIVE("tsm.blob.four-pages", "a table that wants the four pages there are",
                 TARGET_SCENARIO, run_certificates, FOUR_PAGES, "LNX-TSM-055", "LNX-TSM-057"),
    TSM_POSITIVE("tsm.blob.no-certificates", "auxblob of a host without certificates",
                 TARGET_SCENARIO, run_no_certificates, NULL, "LNX-TSM-055"),
    TSM_NEGATIVE("tsm.blob.beyond-limit", "a table of five pages", "tsm.blob.four-pages",
                 TARGET_SCENARIO, run_beyond_limit, NULL, "LNX-TSM-056", "LNX-TSM-057"),
    TSM_NEGATIVE("tsm.blob.asks-again", "reads after a failed report", "tsm.blob.one-request",
                 TARGET_SCENARIO | TARGET_DRIVER, run_asks_again, NULL, "LNX-TSM-046"),
};

const struct suite_area tsm_blob_tests = {.tests = tests, .count = sizeof tests / sizeof tests[0]};
