/* Op request: one request page to SNP_GUEST_REQUEST, the response opened with the guest's own key.
 * Guest message notes, sections 2 to 9; the output is told in vectors/cases/message.json. */
#include <inttypes.h>
#include <stdio.h>

#include "vectors/world.h"

struct request {
    struct vector_bytes page;
    uint64_t at, response_at;
    uint8_t vmpck[ABI_VMPCK_COUNT][ABI_VMPCK_SIZE];
};

static bool read_request(struct suite_ctx *ctx, struct vector_case *c, struct request *r) {
    const json_t *keys = json_object_get(c->input, "vmpck");
    for (size_t k = 0; k < ABI_VMPCK_COUNT; k++)
        if (!vector_hex_at(ctx, keys, k, "vmpck", r->vmpck[k], ABI_VMPCK_SIZE)) return false;
    return vector_bytes(ctx, c, "page", &r->page) &&
           vector_number_or(ctx, c->input, "request_at", 0, &r->at) &&
           vector_number_or(ctx, c->input, "response_at", 0, &r->response_at) &&
           suite_equal(ctx, "input.page", ABI_PAGE_SIZE, r->page.size, "a page");
}

/* The pages that are sent before; the statuses of their mailboxes. */
static bool send_before(struct suite_ctx *ctx, struct vector_case *c, struct vector_world *world) {
    const json_t *before = json_object_get(c->input, "before");
    const json_t *wanted = json_object_get(c->output, "before");
    for (size_t i = 0; i < json_array_size(before); i++) {
        struct vector_bytes page;
        uint8_t response[ABI_PAGE_SIZE];
        enum abi_status status;
        if (!vector_bytes_of(ctx, c, json_array_get(before, i), &page) ||
            !suite_equal(ctx, "input.before", ABI_PAGE_SIZE, page.size, "a page") ||
            !vector_world_ring(ctx, world, page.bytes, 0, 0, response, &status))
            return false;
        if (!vector_output_text_at(ctx, wanted, i, "before", abi_status_name(status))) return false;
    }
    return true;
}

static bool check_counts(struct suite_ctx *ctx, const struct vector_case *c,
                         const struct vector_world *world) {
    const json_t *wanted = json_object_get(c->output, "msg_count");
    const struct vmm_guest_pages pages = vmm_guest_pages(world->guest);
    uint64_t count[ABI_VMPCK_COUNT];
    if (!suite_check(ctx, "MsgCount",
                     psp_msg_count(vmm_machine_psp(world->machine), pages.gctx, count),
                     "the guest is there"))
        return false;
    for (size_t k = 0; wanted != NULL && k < ABI_VMPCK_COUNT; k++) {
        uint64_t value = 0;
        if (!vector_number_at(ctx, wanted, k, "MsgCount", &value) ||
            !suite_equal(ctx, "MsgCount", value, count[k], "as the case says"))
            return false;
    }
    return true;
}

static bool output_hex_number(struct suite_ctx *ctx, const json_t *object, const char *name,
                              uint64_t got) {
    char text[24];
    (void)snprintf(text, sizeof text, "0x%" PRIx64, got);
    return vector_output_text(ctx, object, name, text);
}

/* COUNT, and the entries byte by byte. */
static bool check_cpuid(struct suite_ctx *ctx, const json_t *wanted,
                        const struct vector_answer *answer) {
    const json_t *entries = json_object_get(wanted, "entries");
    const size_t count = (answer->header.size - 0x10U) / 0x30;
    if (!vector_output_number(ctx, wanted, "count", abi_get_le32(answer->payload + 0x04)))
        return false;
    if (entries == NULL) return true;
    if (!suite_equal(ctx, "entries", json_array_size(entries), count, "as many as the case says"))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!vector_output_hex_at(ctx, entries, i, "entries", answer->payload + 0x10 + 0x30 * i,
                                  0x30))
            return false;
    return true;
}

/* What the payload says beyond its status. */
static bool check_content(struct suite_ctx *ctx, const json_t *wanted,
                          const struct vector_answer *answer) {
    const uint8_t *p = answer->payload;
    if (answer->header.type == ABI_MSG_REPORT_RSP)
        return vector_output_number(ctx, wanted, "report_size", abi_get_le32(p + 0x04)) &&
               vector_output_number(ctx, wanted, "vmpl", abi_get_le32(p + 0x20 + 0x30)) &&
               vector_output_number(ctx, wanted, "signing_key",
                                    abi_get_le32(p + 0x20 + 0x48) >> 2 & 7) &&
               vector_output_text(ctx, wanted, "signature",
                                  abi_all_zero(p + 0x20 + 0x2A0, 0x200) ? "zero" : "set") &&
               vector_output_hex(ctx, wanted, "report_data", p + 0x20 + 0x50, 64);
    if (answer->header.type == ABI_MSG_CPUID_RSP) return check_cpuid(ctx, wanted, answer);
    if (answer->header.type == ABI_MSG_TSC_INFO_RSP)
        return output_hex_number(ctx, wanted, "scale", abi_get_le64(p + 0x08)) &&
               output_hex_number(ctx, wanted, "offset", abi_get_le64(p + 0x10)) &&
               vector_output_number(ctx, wanted, "factor", abi_get_le32(p + 0x18));
    return true;
}

static bool check_answer(struct suite_ctx *ctx, const json_t *wanted,
                         const struct vector_answer *answer) {
    const struct abi_msg_header *header = &answer->header;
    const size_t body = header->type == ABI_MSG_REPORT_RSP ? 8 : 4; /* behind REPORT_SIZE */
    const bool zero = abi_all_zero(answer->payload + body, header->size - body);
    const char *status = abi_status_name(abi_get_le32(answer->payload));
    return vector_output_text(ctx, wanted, "status", status) &&
           vector_output_number(ctx, wanted, "type", header->type) &&
           vector_output_number(ctx, wanted, "version", header->version) &&
           output_hex_number(ctx, wanted, "seqno", header->seqno) &&
           vector_output_number(ctx, wanted, "vmpck", header->vmpck) &&
           vector_output_number(ctx, wanted, "size", header->size) &&
           vector_output_text(ctx, wanted, "body", zero ? "zero" : "filled") &&
           check_content(ctx, wanted, answer);
}

static bool is_untouched(const uint8_t page[ABI_PAGE_SIZE]) {
    for (size_t i = 0; i < ABI_PAGE_SIZE; i++)
        if (page[i] != VECTOR_UNTOUCHED) return false;
    return true;
}

static bool answered(struct suite_ctx *ctx, struct vector_case *c, struct vector_world *world,
                     const struct request *r, const uint8_t response[ABI_PAGE_SIZE]) {
    struct abi_msg_header header;
    struct vector_answer answer;
    abi_msg_header_decode(r->page.bytes + r->at, &header);
    if (!suite_check(ctx, "MSG_VMPCK", header.vmpck < ABI_VMPCK_COUNT, "is one that exists"))
        return false;
    if (!vector_world_open(ctx, world, &header, r->vmpck[header.vmpck], response, r->response_at,
                           &answer))
        return false;
    const uint32_t status = abi_get_le32(answer.payload);
    return vector_seen(ctx, c, status == ABI_SUCCESS, "status", abi_status_name(status)) &&
           check_answer(ctx, json_object_get(c->output, "response"), &answer);
}

static bool send(struct suite_ctx *ctx, struct vector_case *c, struct vector_world *world) {
    struct request r = {.at = 0};
    uint8_t response[ABI_PAGE_SIZE];
    enum abi_status status;
    if (!read_request(ctx, c, &r) || !vector_world_profile(ctx, c, NULL, world) ||
        !vector_world_start(ctx, world, (const uint8_t(*)[ABI_VMPCK_SIZE])r.vmpck, 1) ||
        !send_before(ctx, c, world) ||
        !vector_world_ring(ctx, world, r.page.bytes, r.at, r.response_at, response, &status) ||
        !vector_output_text(ctx, c->output, "mailbox", abi_status_name(status)))
        return false;
    if (status == ABI_SUCCESS)
        return answered(ctx, c, world, &r, response) && check_counts(ctx, c, world);
    return vector_seen(ctx, c, false, "status", abi_status_name(status)) &&
           suite_check(ctx, "response page", is_untouched(response),
                       "a mailbox failure leaves it as it was") &&
           vector_output_text(ctx, c->output, "response", "untouched") &&
           check_counts(ctx, c, world);
}

void vector_run_request(struct suite_ctx *ctx, struct vector_case *c) {
    struct vector_world world = {.machine = NULL};
    (void)send(ctx, c, &world);
    vector_world_free(&world);
}
