/* Op response: whether a guest takes a response page. Linux notes, section 4, send path k; guest message notes,
 * section 3. Linux's driver, or with policy.header "strict" a client that compares the fixed header fields too. */
#include <string.h>

#include "sevkit/driver.h"
#include "vectors/guest.h"

#define ARG UINT64_C(0x1000)
#define REQUEST UINT64_C(0x2000)
#define RESPONSE UINT64_C(0x3000)
#define MEMORY 0x4000

struct asked {
    uint8_t type, version;
    unsigned vmpck;
    uint64_t seqno;
    uint8_t key[ABI_VMPCK_SIZE];
    struct vector_bytes page;
    size_t buffer; /* of the program */
    size_t size;   /* of the request */
};

static bool parse(struct suite_ctx *ctx, struct vector_case *c, struct asked *asked) {
    const json_t *request = json_object_get(c->input, "request");
    uint64_t type, version, vmpck;
    if (!vector_number(ctx, request, "type", &type) ||
        !vector_number(ctx, request, "version", &version) ||
        !vector_number(ctx, request, "vmpck", &vmpck) ||
        !vector_number(ctx, request, "seqno", &asked->seqno) ||
        !vector_hex(ctx, c->input, "vmpck", asked->key, sizeof asked->key) ||
        !vector_bytes(ctx, c, "page", &asked->page))
        return false;
    asked->type = (uint8_t)type;
    asked->version = (uint8_t)version;
    asked->vmpck = (unsigned)vmpck;
    asked->buffer = type == ABI_MSG_KEY_REQ ? 64 : 4000;
    asked->size = type == ABI_MSG_KEY_REQ ? 0x20 : 0x60;
    return suite_setup(ctx, "vectors",
                       asked->page.size == ABI_PAGE_SIZE
                           ? sevkit_success()
                           : sevkit_fail(SEVKIT_BAD_LENGTH, "input.page", SEVKIT_NO_OFFSET,
                                         asked->page.size, "4096 bytes"));
}

/* ---- Linux ---- */

static bool user_read(void *ctx, uint64_t address, void *out, size_t size) {
    memcpy(out, (const uint8_t *)ctx + address, size);
    return true;
}

static bool user_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    memcpy((uint8_t *)ctx + address, bytes, size);
    return true;
}

/* ---- a host with one answer ---- */

static void request_plain(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                          uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit) {
    const struct vector_bytes *page = ctx;
    (void)request;
    memcpy(response, page->bytes, ABI_PAGE_SIZE);
    *exit = (struct sevkit_exit){0};
}

static void request_ext(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                        uint8_t response[ABI_PAGE_SIZE], uint8_t *data, uint64_t *npages,
                        struct sevkit_exit *exit) {
    (void)data;
    (void)npages;
    request_plain(ctx, request, response, exit);
}

/* The library's own end of the channel, which compares the fixed fields too. */
static bool channel_takes(struct suite_ctx *ctx, struct asked *asked,
                          struct sevkit_result *result) {
    const struct sevkit_guest_door door = {
        .ctx = &asked->page, .request = request_plain, .ext_request = request_ext};
    const uint8_t payload[ABI_MSG_PAYLOAD_MAX] = {0};
    uint8_t response[4000];
    struct drv_channel *channel;
    struct sevkit_exit exit;
    size_t size;
    if (!suite_setup(ctx, "channel",
                     drv_channel_new(&door, asked->vmpck, asked->key, asked->seqno - 1, &channel)))
        return false;
    *result = drv_channel_call(channel, asked->type, asked->version, payload, asked->size, response,
                               asked->buffer, &size, &exit);
    drv_channel_free(channel);
    return true;
}

static bool fixed_field(const char *field) {
    return strcmp(field, "ALGO") == 0 || strcmp(field, "HDR_VERSION") == 0 ||
           strcmp(field, "HDR_SIZE") == 0 || strcmp(field, "MSG_VMPCK") == 0;
}

static void strict(struct suite_ctx *ctx, struct vector_case *c) {
    struct asked asked;
    struct sevkit_result result;
    SUITE_STEP(parse(ctx, c, &asked));
    SUITE_STEP(channel_takes(ctx, &asked, &result));
    SUITE_STEP(vector_seen(ctx, c, sevkit_ok(result), "reason",
                           fixed_field(result.field) ? "header" : result.field));
}

/* What the program gets: null where nothing is written. */
static bool buffer_right(struct suite_ctx *ctx, const json_t *output, const uint8_t *got,
                         size_t size) {
    if (json_is_null(json_object_get(output, "buffer")))
        return suite_check(ctx, "buffer", abi_all_zero(got, size), "nothing is written");
    return vector_output_digest(ctx, output, "buffer", got, size);
}

static void linux_takes(struct suite_ctx *ctx, struct vector_case *c, struct vector_guest *guest) {
    const struct drv_user user = {
        .ctx = vector_alloc(c, MEMORY), .read = user_read, .write = user_write};
    uint8_t *arg = (uint8_t *)user.ctx + ARG;
    struct asked asked;
    struct sevkit_result result;
    long rc;
    SUITE_STEP(parse(ctx, c, &asked));
    memcpy(guest->secrets + 0x20 + asked.vmpck * ABI_VMPCK_SIZE, asked.key, sizeof asked.key);
    abi_put_le32(guest->secrets + 0xA0 + 4 * asked.vmpck, (uint32_t)(asked.seqno - 1));
    SUITE_STEP(vector_guest_load(ctx, guest, (int)asked.vmpck, &rc));
    json_t *script = json_pack("[{sO}]", "response", json_object_get(c->input, "page"));
    vector_host_begin(guest, script);
    abi_put_le64(arg, asked.version);
    abi_put_le64(arg + 8, REQUEST);
    abi_put_le64(arg + 16, RESPONSE);
    rc = drv_guest_ioctl(
        guest->driver, &user,
        asked.type == ABI_MSG_KEY_REQ ? DRV_SNP_GET_DERIVED_KEY : DRV_SNP_GET_REPORT, ARG);
    const bool answered = vector_host_end(ctx, guest);
    json_decref(script);
    SUITE_STEP(answered);
    SUITE_STEP(vector_seen(ctx, c, rc == 0, "reason", vector_errno(rc)));
    if (c->output == NULL) return; /* a policy case */
    SUITE_STEP(vector_output_number(ctx, c->output, "plain", guest->host.plain));
    SUITE_STEP(vector_output_state(ctx, c->output, guest));
    SUITE_STEP(buffer_right(ctx, c->output, (uint8_t *)user.ctx + RESPONSE, asked.buffer));
    if (rc == 0) return;
    SUITE_STEP(channel_takes(ctx, &asked, &result));
    SUITE_STEP(vector_output_text(ctx, c->output, "field", result.field));
}

void vector_run_response(struct suite_ctx *ctx, struct vector_case *c) {
    const char *header = json_string_value(json_object_get(c->policy, "header"));
    if (header != NULL && strcmp(header, "strict") == 0)
        strict(ctx, c);
    else
        vector_each_kernel(ctx, c, linux_takes);
}
