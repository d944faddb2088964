/* See guest.h. Linux notes, sections 1 to 4. */
#include "vectors/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/crypto.h"

#define VMPCK0 0x20
#define COUNTER0 0xA0
#define REPORT_SIZE 0x4A0
#define REPORT_DATA 0x50 /* in a report */

/* ---- the host ---- */

/* The row that answers the next call; NULL when there is none. */
static const json_t *next_row(struct vector_host *host) {
    const json_t *row = json_array_get(host->script, host->next);
    uint64_t times;
    if (row == NULL || !vector_number_or(host->ctx, row, "times", 1, &times)) return NULL;
    if (++host->used == times) {
        host->next++;
        host->used = 0;
    }
    return row;
}

/* Copies the bytes that member NAME stands for, if there are any, into OUT. */
static bool fill(struct vector_host *host, const json_t *row, const char *name, uint8_t *out,
                 size_t capacity) {
    const json_t *value = json_object_get(row, name);
    struct vector_bytes bytes;
    if (value == NULL || out == NULL) return true;
    if (!vector_bytes_of(host->ctx, host->c, value, &bytes)) return false;
    memcpy(out, bytes.bytes, bytes.size < capacity ? bytes.size : capacity);
    return true;
}

static bool answer(struct vector_host *host, uint8_t *response, uint8_t *data, uint64_t *npages,
                   struct sevkit_exit *exit) {
    const json_t *row = next_row(host);
    uint64_t exitinfo2, es_result;
    const size_t capacity = npages == NULL ? 0 : (size_t)*npages * ABI_PAGE_SIZE;
    if (row == NULL || !vector_number_or(host->ctx, row, "exitinfo2", 0, &exitinfo2) ||
        !vector_number_or(host->ctx, row, "es_result", 0, &es_result))
        return false;
    *exit = (struct sevkit_exit){.fw_status = (uint32_t)exitinfo2,
                                 .vmm_error = (uint32_t)(exitinfo2 >> 32),
                                 .es_result = (uint32_t)es_result};
    return fill(host, row, "response", response, ABI_PAGE_SIZE) &&
           fill(host, row, "certs", data, capacity) &&
           (npages == NULL || vector_number_or(host->ctx, row, "npages", *npages, npages));
}

static void call(struct vector_host *host, const uint8_t *request, uint8_t *response, uint8_t *data,
                 uint64_t *npages, struct sevkit_exit *exit) {
    if (host->plain + host->ext > 1 && memcmp(host->request, request, ABI_PAGE_SIZE) != 0)
        host->differs = true;
    memcpy(host->request, request, ABI_PAGE_SIZE);
    *exit = (struct sevkit_exit){.vmm_error = SEVKIT_VMM_GENERIC};
    if (!answer(host, response, data, npages, exit)) host->failed = true;
}

static void request_plain(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                          uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit) {
    struct vector_host *host = ctx;
    host->plain++;
    call(host, request, response, NULL, NULL, exit);
}

static void request_ext(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                        uint8_t response[ABI_PAGE_SIZE], uint8_t *data, uint64_t *npages,
                        struct sevkit_exit *exit) {
    struct vector_host *host = ctx;
    if (host->ext++ == 0) host->npages = *npages;
    call(host, request, response, data, npages, exit);
}

static uint64_t clock_now(void *ctx) {
    const struct vector_host *host = ctx;
    return host->now;
}

static void clock_sleep(void *ctx, uint64_t ms) {
    struct vector_host *host = ctx;
    host->now += ms;
    host->waits++;
}

void vector_host_begin(struct vector_guest *guest, const json_t *script) {
    struct vector_host *host = &guest->host;
    host->script = script;
    host->next = 0;
    host->used = 0;
    host->plain = host->ext = host->waits = 0;
    host->differs = false;
}

bool vector_host_end(struct suite_ctx *ctx, const struct vector_guest *guest) {
    const struct vector_host *host = &guest->host;
    return suite_check(ctx, "hypercalls", !host->failed,
                       "no more than the script has answers for") &&
           suite_equal(ctx, "answers given", json_array_size(host->script), host->next,
                       "each answer of the script once");
}

/* ---- the guest ---- */

/* VMPCKs and counters of the secrets page; all else is zero but the version. */
static bool fill_secrets(struct suite_ctx *ctx, const struct vector_case *c, uint8_t *secrets) {
    const json_t *keys = json_object_get(c->input, "vmpcks");
    const json_t *counters = json_object_get(c->input, "counters");
    secrets[0] = 3;
    for (unsigned i = 0; i < ABI_VMPCK_COUNT; i++) {
        const char name[2] = {(char)('0' + i), 0};
        uint64_t counter;
        if (json_object_get(keys, name) != NULL &&
            !vector_hex(ctx, keys, name, secrets + VMPCK0 + i * ABI_VMPCK_SIZE, ABI_VMPCK_SIZE))
            return false;
        if (!vector_number_or(ctx, counters, name, 0, &counter)) return false;
        abi_put_le32(secrets + COUNTER0 + 4 * i, (uint32_t)counter);
    }
    return true;
}

bool vector_guest_vmpck(struct suite_ctx *ctx, const struct vector_case *c, int *vmpck_id) {
    uint64_t value;
    if (!vector_number_or(ctx, c->input, "vmpck_id", 0, &value)) return false;
    *vmpck_id = json_object_get(c->input, "vmpck_id") == NULL ? DRV_VMPCK_DEFAULT : (int)value;
    return true;
}

bool vector_guest_load(struct suite_ctx *ctx, struct vector_guest *guest, int vmpck_id, long *rc) {
    const struct drv_guest_config config = {
        .kernel = guest->kernel, .vmpck_id = vmpck_id, .vmpl = guest->vmpl};
    const struct sevkit_guest_door door = {
        .ctx = &guest->host, .request = request_plain, .ext_request = request_ext};
    const struct drv_clock clock = {
        .ctx = &guest->host, .now_ms = clock_now, .sleep_ms = clock_sleep};
    drv_guest_free(guest->driver);
    guest->driver = NULL;
    if (!suite_setup(ctx, "driver",
                     drv_guest_new(&config, &door, &clock, guest->secrets, &guest->driver)))
        return false;
    *rc = drv_guest_probe(guest->driver);
    return true;
}

static bool prepare(struct suite_ctx *ctx, struct vector_case *c, const json_t *kernel,
                    struct vector_guest *guest) {
    const char *name = json_string_value(kernel);
    uint64_t vmpl;
    *guest = (struct vector_guest){.host = {.ctx = ctx, .c = c}};
    if (name == NULL || !drv_kernel_parse(name, &guest->kernel))
        return suite_setup(ctx, "vectors",
                           sevkit_fail(SEVKIT_BAD_VALUE, "input.kernels", SEVKIT_NO_OFFSET, 0,
                                       "names of generations"));
    suite_instance(ctx, "Linux %s", name);
    if (!vector_number_or(ctx, c->input, "vmpl", 0, &vmpl)) return false;
    guest->vmpl = (unsigned)vmpl;
    return fill_secrets(ctx, c, guest->secrets);
}

void vector_each_kernel(struct suite_ctx *ctx, struct vector_case *c,
                        void (*body)(struct suite_ctx *ctx, struct vector_case *c,
                                     struct vector_guest *guest)) {
    const json_t *kernels = json_object_get(c->input, "kernels");
    struct vector_guest *guest = vector_alloc(c, sizeof *guest);
    for (size_t i = 0; i < json_array_size(kernels) && !suite_stopped(ctx); i++) {
        if (prepare(ctx, c, json_array_get(kernels, i), guest)) body(ctx, c, guest);
        drv_guest_free(guest->driver);
    }
}

/* ---- what is seen ---- */

const char *vector_errno(long rc) {
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {EACCES, "EACCES"}, {EBADMSG, "EBADMSG"},     {EBUSY, "EBUSY"},   {EEXIST, "EEXIST"},
        {EFAULT, "EFAULT"}, {EFBIG, "EFBIG"},         {EINVAL, "EINVAL"}, {EIO, "EIO"},
        {ENOENT, "ENOENT"}, {ENOMEM, "ENOMEM"},       {ENOTTY, "ENOTTY"}, {ENXIO, "ENXIO"},
        {ERANGE, "ERANGE"}, {ETIMEDOUT, "ETIMEDOUT"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (rc == -names[i].number) return names[i].name;
    return "another errno";
}

bool vector_output_digest(struct suite_ctx *ctx, const json_t *object, const char *name,
                          const void *got, size_t size) {
    uint8_t digest[CRYPTO_SHA384_SIZE];
    return suite_setup(ctx, "SHA-384", crypto_sha384(got, size, digest)) &&
           vector_output_hex(ctx, object, name, digest, sizeof digest);
}

bool vector_output_request(struct suite_ctx *ctx, const json_t *wanted,
                           const struct vector_host *host) {
    const bool called = host->plain + host->ext > 0;
    return suite_equal(ctx, "request", json_object_get(wanted, "request") != NULL, called,
                       "a request where the file has one") &&
           suite_check(ctx, "request", !host->differs, "all requests of a step are the same") &&
           vector_output_digest(ctx, wanted, "request", host->request, sizeof host->request);
}

bool vector_output_state(struct suite_ctx *ctx, const json_t *wanted,
                         const struct vector_guest *guest) {
    const uint8_t *counter = guest->secrets + COUNTER0 + 4 * drv_guest_vmpck(guest->driver);
    const bool wiped = json_is_true(json_object_get(wanted, "wiped"));
    return vector_output_number(ctx, wanted, "counter", abi_get_le32(counter)) &&
           suite_equal(ctx, "wiped", wiped, drv_guest_wiped(guest->driver), "as the file says");
}

const char *vector_distrust(const uint8_t *response, const uint8_t *user_data) {
    if (abi_get_le32(response) != 0) return "STATUS";
    if (user_data == NULL) return NULL;
    if (abi_get_le32(response + 4) != REPORT_SIZE) return "REPORT_SIZE";
    return memcmp(response + 32 + REPORT_DATA, user_data, 64) == 0 ? NULL : "REPORT_DATA";
}
