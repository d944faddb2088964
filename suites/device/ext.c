/* SNP_GET_EXT_REPORT: certificate pages, their lengths and the host's table. Linux notes, section 4; GHCB notes,
 * SNP extended guest request. */
#include <string.h>

#include "device/device.h"
#include "sevkit/certtable.h"

#define TABLE(kind)                                                                                \
    "{\"name\": \"suite\", \"title\": \"a table\", \"table\": {\"kind\": \"" kind "\"}}"
#define NO_TABLE TABLE("absent")
#define WHOLE_TABLE TABLE("normal") /* two pages */
#define THREE_PAGES                                                                                \
    "{\"name\": \"suite\", \"title\": \"three pages are wanted\","                                 \
    " \"table\": {\"kind\": \"normal\", \"npages\": 3}}"

/* INVALID_LEN with the host's table: 5.19 leaves it at that, later ones use the number up. */
#define TOO_SMALL                                                                                  \
    {.kernels = K_5_19,                                                                            \
     .rc = -EIO,                                                                                   \
     .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,                                                       \
     .sent = 1,                                                                                    \
     .writes = WRITES_LENGTH},                                                                     \
    {                                                                                              \
        .kernels = K_FROM_6_1, .rc = -EIO, .exitinfo2 = DRV_EXITINFO2_INVALID_LEN, .sent = 2,      \
        .firmware = 1, .counted = true, .writes = WRITES_LENGTH                                    \
    }

/* ---- no pages are offered ---- */

static void no_length(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    (void)call;
    device_set_certs(UINT64_MAX, 0);
}
static void no_address(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    (void)call;
    device_set_certs(0, 0x12345);
}
static void one_page(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    (void)call;
    device_set_certs(AT_CERTS, 0x1000);
}

static const struct device_case length_zero = {
    .cmd = EXT,
    .change = no_length,
    .scenario = NO_TABLE,
    .rule = "without a length the address is not looked at",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};
static const struct device_case address_zero = {
    .cmd = EXT,
    .change = no_address,
    .scenario = NO_TABLE,
    .rule = "without an address the length is not looked at",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};
static const struct device_case probe = {
    .cmd = EXT,
    .change = no_length,
    .scenario = WHOLE_TABLE,
    .rule = "the host's table does not fit in no page",
    .outcomes = {TOO_SMALL},
};
static const struct device_case probe_address = {
    .cmd = EXT,
    .change = no_address,
    .scenario = WHOLE_TABLE,
    .rule = "the host's table does not fit in no page",
    .outcomes = {TOO_SMALL},
};
static const struct device_case too_small = {
    .cmd = EXT,
    .change = one_page,
    .scenario = WHOLE_TABLE,
    .rule = "the host's table of two pages does not fit in one",
    .outcomes = {TOO_SMALL},
};

/* A length probe, then the same with the length that it told: what every client does. */
static void grows_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    struct device_call call;
    static const struct device_outcome answered = {.kernels = K_ALL,
                                                   .exitinfo2 = KEPT,
                                                   .sent = 1,
                                                   .firmware = 1,
                                                   .counted = true,
                                                   .writes = WRITES_RESPONSE | WRITES_CERTS};
    (void)data;
    SUITE_STEP(device_start(ctx, kernel, THREE_PAGES, EXT, &call));
    no_length(ctx, &call);
    SUITE_RESULT(ctx, "ioctl", -EIO, device_ioctl(ctx, &call), "the table does not fit");
    const uint32_t told = abi_get_le32(target_user(AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN));
    SUITE_EQUAL(ctx, "certs_len", 0x3000, told, "the host's page count in bytes");
    device_fill(&call, EXT);
    device_set_certs(AT_CERTS, told);
    SUITE_STEP(device_expect(ctx, &call, &answered, "the table fits in as many pages"));
}

static void grows(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, grows_on, NULL);
}

/* The same on any host: its table fits in what it asks for, or it has none, or it has too much for the driver. */
static void any_host_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    struct device_call call;
    (void)data;
    SUITE_STEP(device_start(ctx, kernel, NULL, EXT, &call));
    no_length(ctx, &call);
    const long probed = device_ioctl(ctx, &call);
    const uint32_t told = abi_get_le32(target_user(AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN));
    SUITE_CHECK(ctx, "ioctl", probed == 0 || probed == -EIO, "0, or EIO: the table does not fit");
    if (probed == 0) return;
    SUITE_EQUAL(ctx, "exitinfo2", DRV_EXITINFO2_INVALID_LEN, device_exitinfo2(&call),
                "the hypervisor's INVALID_LEN");
    SUITE_CHECK(ctx, "certs_len", told != 0 && told % 0x1000 == 0, "the host's pages in bytes");
    if (told > CERTS_SIZE) return;
    device_fill(&call, EXT);
    device_set_certs(AT_CERTS, told);
    SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "the table fits in as many pages");
}

static void any_host(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, any_host_on, NULL);
}

/* ---- lengths ---- */

static void table_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    (void)data;
    for (uint32_t length = 0x2000; length <= CERTS_SIZE; length += 0x1000) {
        struct device_call call;
        size_t end = 0;
        SUITE_STEP(device_start(ctx, kernel, WHOLE_TABLE, EXT, &call));
        device_set_certs(AT_CERTS, length);
        SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "a legal length");
        const uint8_t *table = target_user(AT_CERTS);
        for (const uint8_t *e = table; !abi_all_zero(e, ABI_GUID_SIZE);
             e += ABI_CERTTABLE_ENTRY_SIZE) {
            const size_t reach = (size_t)abi_get_le32(e + 16) + abi_get_le32(e + 20);
            SUITE_CHECK(ctx, "entry", reach <= length, "offset and length lie in the pages");
            if (reach > end) end = reach;
        }
        SUITE_CHECK(ctx, "table", end > ABI_CERTTABLE_ENTRY_SIZE, "it has certificates");
        SUITE_ZERO(ctx, "after the table", table + end, length - end, "zero up to certs_len");
    }
}

static void table(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, table_on, NULL);
}

/* ROW: lengths that are refused, ends with 0. */
static void lengths_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    static const struct device_outcome refused = DEVICE_REFUSED(K_ALL, EINVAL);
    struct device_call call;
    SUITE_STEP(device_start(ctx, kernel, NULL, EXT, &call));
    for (const uint32_t *length = data; *length != 0; length++) {
        suite_instance(ctx, "Linux %s, certs_len 0x%x", drv_kernel_name(kernel), (unsigned)*length);
        device_fill(&call, EXT);
        device_set_certs(AT_CERTS, *length);
        SUITE_STEP(device_expect(ctx, &call, &refused, "at most 0x4000, in pages of 0x1000"));
    }
}

static void lengths(struct suite_ctx *ctx) {
    uint32_t row[8];
    memcpy(row, suite_row(ctx), sizeof row);
    suite_each_kernel(ctx, lengths_on, row);
}

static const uint32_t too_long[8] = {0x5000, 0x8000, 0x10000, 0xFFFFF000};
static const uint32_t no_pages[8] = {1, 0x40, 0xFFF, 0x1001, 0x1FFF, 0x3FFF};

/* ---- addresses ---- */

struct addresses {
    uint64_t at[4]; /* ends with 0 */
    const char *scenario;
    const char *rule;
    struct device_outcome outcome;
};

static void addresses_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct addresses *row = data;
    struct device_call call;
    SUITE_STEP(device_start(ctx, kernel, row->scenario, EXT, &call));
    for (const uint64_t *at = row->at; *at != 0; at++) {
        suite_instance(ctx, "Linux %s, certs_address 0x%llx", drv_kernel_name(kernel),
                       (unsigned long long)*at);
        device_fill(&call, EXT);
        device_set_certs(*at, CERTS_SIZE);
        SUITE_STEP(device_expect(ctx, &call, &row->outcome, row->rule));
    }
}

static void addresses(struct suite_ctx *ctx) {
    struct addresses row = *(const struct addresses *)suite_row(ctx);
    suite_each_kernel(ctx, addresses_on, &row);
}

static const struct addresses beyond_user = {
    .at = {UINT64_C(0x7fffffffc000), UINT64_C(0x8000000000000000), UINT64_C(0xfffffffffffff000)},
    .rule = "pages outside a program's range are refused before the call",
    .outcome = DEVICE_REFUSED(K_ALL, EFAULT),
};
/* At the hole, ending in it, and read-only. The report is not written either: certificates come first. */
static const struct addresses missing = {
    .at = {TARGET_USER_HOLE, TARGET_USER_HOLE - 0x1000, TARGET_USER_READONLY},
    .scenario = NO_TABLE,
    .rule = "the range is a program's: the pages fault when they are copied to",
    .outcome = DEVICE_NOT_COPIED(0),
};

/* ---- the request's memory ---- */

static void readonly_request(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    memcpy(target_user_readonly(), target_user(AT_REQUEST), DRV_EXT_REPORT_REQ_SIZE);
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, TARGET_USER_READONLY);
}
static void readonly_probe(struct suite_ctx *ctx, struct device_call *call) {
    no_length(ctx, call);
    readonly_request(ctx, call);
}
static void request_cut(struct suite_ctx *ctx, struct device_call *call) {
    const uint64_t at =
        TARGET_USER_READONLY + TARGET_USER_READONLY_SIZE - DRV_EXT_REPORT_REQ_SIZE + 1;
    (void)ctx;
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, at);
}

#define CASE(NAME, CHANGE, HOST, RULE, ...)                                                        \
    static const struct device_case NAME = {.cmd = EXT,                                            \
                                            .change = (CHANGE),                                    \
                                            .scenario = HOST,                                      \
                                            .rule = (RULE),                                        \
                                            .outcomes = {__VA_ARGS__}}

CASE(request_readonly, readonly_request, WHOLE_TABLE, "success does not write the request back",
     {.kernels = K_ALL,
      .exitinfo2 = KEPT,
      .sent = 1,
      .firmware = 1,
      .counted = true,
      .writes = WRITES_RESPONSE | WRITES_CERTS});
CASE(length_untold, readonly_probe, WHOLE_TABLE, "EFAULT of certs_len's write takes EIO's place",
     {.kernels = K_5_19, .rc = -EFAULT, .exitinfo2 = DRV_EXITINFO2_INVALID_LEN, .sent = 1},
     {.kernels = K_FROM_6_1,
      .rc = -EFAULT,
      .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
      .sent = 2,
      .firmware = 1,
      .counted = true});
CASE(cut, request_cut, NULL, "112 bytes are read", DEVICE_REFUSED(K_ALL, EFAULT));
CASE(null_request, device_no_request, NULL, "req_data must not be 0",
     DEVICE_REFUSED(K_ALL, EINVAL));
CASE(null_response, device_no_response, NULL, "resp_data must not be 0",
     DEVICE_REFUSED(K_ALL, EINVAL));
CASE(response_readonly, device_readonly_response, NO_TABLE,
     "the response cannot be written; the certificates have been", DEVICE_NOT_COPIED(WRITES_CERTS));

#define POSITIVE(ID, TITLE, RUN, ROW, ...)                                                         \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_POSITIVE, .needs = DEVICE_NEEDS_HOST, .run = (RUN), .row = (ROW)             \
    }
/* Refused before the host is called, so that any host will do. */
#define REFUSED_HERE(ID, TITLE, RUN, ROW, ...)                                                     \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = "device.ext.any-host", .needs = TARGET_DEVICE,             \
        .run = (RUN), .row = (ROW)                                                                 \
    }
#define NEGATIVE(ID, TITLE, TWIN, RUN, ROW, ...)                                                   \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = (TWIN), .needs = DEVICE_NEEDS_HOST, .run = (RUN),          \
        .row = (ROW)                                                                               \
    }

static const struct suite_test tests[] = {
    {.id = "device.ext.any-host",
     .title = "a length probe, and a request with the length that it tells",
     .requirements = SUITE_REQ("LNX-GUEST-020", "LNX-GUEST-021", "LNX-GUEST-031", "LNX-GUEST-032",
                               "LNX-GUEST-033", "LNX-GUEST-034"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = any_host},
    POSITIVE("device.ext.table", "the host's certificate table in each legal length that holds it",
             table, NULL, "LNX-GUEST-031", "LNX-GUEST-032", "LNX-GUEST-037", "GHCB-REQ-004",
             "GHCB-REQ-005"),
    POSITIVE("device.ext.length-zero",
             "certs_len 0 with a wild address, a host without certificates", device_run,
             &length_zero, "LNX-GUEST-030", "LNX-GUEST-034", "GHCB-REQ-007"),
    POSITIVE("device.ext.address-zero",
             "certs_address 0 with a wild length, a host without certificates", device_run,
             &address_zero, "LNX-GUEST-030"),
    POSITIVE("device.ext.grows", "the length that a refused request tells is enough for the next",
             grows, NULL, "LNX-GUEST-034", "LNX-GUEST-036", "LNX-GUEST-042", "LNX-GUEST-043",
             "LNX-GUEST-049", "GHCB-REQ-004"),
    POSITIVE("device.ext.request-read-only", "a request in memory that can only be read",
             device_run, &request_readonly, "LNX-GUEST-021", "LNX-GUEST-035"),
    NEGATIVE("device.ext.probe", "certs_len 0, a host with certificates", "device.ext.length-zero",
             device_run, &probe, "LNX-GUEST-030", "LNX-GUEST-034", "LNX-GUEST-041", "LNX-GUEST-042",
             "GHCB-REQ-004", "GHCB-REQ-007"),
    NEGATIVE("device.ext.probe-address", "certs_address 0, a host with certificates",
             "device.ext.address-zero", device_run, &probe_address, "LNX-GUEST-030",
             "LNX-GUEST-034"),
    NEGATIVE("device.ext.too-small", "one page for a table of two", "device.ext.table", device_run,
             &too_small, "LNX-GUEST-034", "LNX-GUEST-041", "LNX-GUEST-042", "LNX-GUEST-043",
             "LNX-GUEST-049", "GHCB-REQ-004", "GHCB-REQ-005", "GHCB-REQ-006"),
    NEGATIVE("device.ext.length-untold", "a length probe whose request cannot be written",
             "device.ext.request-read-only", device_run, &length_untold, "LNX-GUEST-035"),
    REFUSED_HERE("device.ext.too-long", "certs_len of pages, but too many", lengths, too_long,
                 "LNX-GUEST-031"),
    REFUSED_HERE("device.ext.no-pages", "certs_len of no whole pages", lengths, no_pages,
                 "LNX-GUEST-032"),
    REFUSED_HERE("device.ext.certs-beyond-user", "certificate pages outside a program's range",
                 addresses, &beyond_user, "LNX-GUEST-033"),
    NEGATIVE("device.ext.certs-missing", "certificate pages that are not there, or read-only",
             "device.ext.answered", addresses, &missing, "LNX-GUEST-033", "LNX-GUEST-037"),
    REFUSED_HERE("device.ext.request-cut", "the request's last byte is not there", device_run, &cut,
                 "LNX-GUEST-021"),
    REFUSED_HERE("device.ext.no-request", "SNP_GET_EXT_REPORT with req_data 0", device_run,
                 &null_request, "LNX-GUEST-020"),
    REFUSED_HERE("device.ext.no-response", "SNP_GET_EXT_REPORT with resp_data 0", device_run,
                 &null_response, "LNX-GUEST-020"),
    NEGATIVE("device.ext.response-read-only", "the report's memory can only be read",
             "device.ext.answered", device_run, &response_readonly, "LNX-GUEST-024",
             "LNX-GUEST-037"),
};

const struct suite_area device_ext_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
