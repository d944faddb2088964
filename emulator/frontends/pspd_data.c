/* One frame of the data socket: docs/socket.md. Translates and no more: what a request does is decided by the
 * driver, the machine and the key distribution service. */
#include <stdio.h>
#include <string.h>

#include "frontends/pspd.h"

#define TEXT_SIZE 256

enum pspd_next pspd_answer_error(struct frame_out *out, uint32_t id, enum frame_error code,
                                 struct sevkit_result r) {
    char text[TEXT_SIZE];
    sevkit_result_text(&r, text, sizeof text);
    frame_put_error(out, id, code, text);
    return PSPD_GO_ON;
}

/* ---- HELLO ---- */

static void put_hello(struct frame_out *out, uint32_t id, const struct pspd_session *session,
                      unsigned flags) {
    const struct pspd_guest *g = session->guest;
    size_t start;
    frame_begin(out, FRAME_HELLO | FRAME_ANSWER, id, &start);
    frame_put_u16(out, FRAME_VERSION_MAX);
    frame_put_u16(out, (uint16_t)flags);
    frame_put_u32(out, session->vmpl);
    frame_put_u32(out, FRAME_PAYLOAD_MAX);
    frame_put_u32(out, (uint32_t)g->machine->options.world.kernel);
    frame_put_u8(out, (uint8_t)strlen(g->machine->name));
    frame_put_u8(out, (uint8_t)strlen(g->name));
    frame_put_u16(out, 0);
    frame_put_bytes(out, g->machine->name, strlen(g->machine->name));
    frame_put_bytes(out, g->name, strlen(g->name));
    frame_end(out, start);
}

static enum pspd_next join(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                           const char *machine, const char *guest, struct frame_out *out) {
    struct pspd_guest *joined;
    enum frame_error error;
    unsigned flags;
    struct sevkit_result r = pspd_join(pspd, machine, guest, &joined, &flags, &error);
    if (!sevkit_ok(r)) {
        (void)pspd_answer_error(out, id, error, r);
        return PSPD_CLOSE;
    }
    session->guest = joined;
    if (flags != 0) r = pspd_state_write(pspd, joined->machine);
    if (!sevkit_ok(r)) {
        (void)pspd_answer_error(out, id, FRAME_ERROR_STATE, r);
        return PSPD_CLOSE;
    }
    put_hello(out, id, session, flags);
    return PSPD_GO_ON;
}

static enum pspd_next hello(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                            struct frame_in *in, struct frame_out *out) {
    char machine[FRAME_NAME_MAX + 1], guest[FRAME_NAME_MAX + 1];
    const uint16_t min = frame_get_u16(in), max = frame_get_u16(in);
    const uint32_t vmpl = frame_get_u32(in);
    const uint8_t machine_size = frame_get_u8(in), guest_size = frame_get_u8(in);
    const uint16_t reserved = frame_get_u16(in);
    const bool common = min <= FRAME_VERSION_MAX && max >= FRAME_VERSION_MIN && min <= max;
    if (in->failed) return PSPD_DROP;
    if (!common) { /* @req SOCK-004 */
        frame_put_error(out, id, FRAME_ERROR_VERSION, "this pspd speaks version 1");
        return PSPD_CLOSE;
    }
    frame_get_name(in, machine_size, machine);
    frame_get_name(in, guest_size, guest);
    if (!frame_in_done(in) || reserved != 0) return PSPD_DROP; /* @req SOCK-001 */
    if (vmpl >= PSPD_VMPLS) return PSPD_DROP;                  /* @req SOCK-001 */
    session->vmpl = vmpl;
    return join(pspd, session, id, machine, guest, out);
}

/* ---- GUEST_REQUEST ---- */

static enum pspd_next guest_request(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                                    struct frame_in *in, struct frame_out *out) {
    uint8_t *data = pspd->pages;
    uint8_t response[ABI_PAGE_SIZE] = {0};
    const uint32_t flags = frame_get_u32(in), given = frame_get_u32(in);
    const uint8_t *page = frame_get_bytes(in, ABI_PAGE_SIZE);
    const bool extended = (flags & FRAME_REQUEST_EXTENDED) != 0;
    if (page == NULL || !frame_in_done(in)) return PSPD_DROP;         /* @req SOCK-001 */
    if ((flags & ~FRAME_REQUEST_EXTENDED) != 0) return PSPD_DROP;     /* @req SOCK-001 */
    if (given > (extended ? FRAME_NPAGES_MAX : 0u)) return PSPD_DROP; /* @req SOCK-002 */
    const struct sevkit_guest_door door = vmm_guest_door(session->guest->vmm);
    struct sevkit_exit exit = {0};
    uint64_t npages = given;
    memset(data, 0, given * ABI_PAGE_SIZE);
    pspd->counts.requests++;
    if (extended)
        door.ext_request(door.ctx, page, response, given != 0 ? data : NULL, &npages, &exit);
    else
        door.request(door.ctx, page, response, &exit);
    size_t start;
    frame_begin(out, FRAME_GUEST_REQUEST | FRAME_ANSWER, id, &start);
    frame_put_u32(out, exit.fw_status);
    frame_put_u32(out, exit.vmm_error);
    frame_put_u32(out, exit.es_result);
    frame_put_u32(out, (uint32_t)npages);
    frame_put_bytes(out, response, sizeof response);
    frame_put_bytes(out, data, given * ABI_PAGE_SIZE);
    frame_end(out, start);
    return PSPD_GO_ON;
}

/* ---- IOCTL ---- */

/* A piece of the calling program's memory. */
struct region {
    uint64_t address;
    uint32_t size, flags;
    uint8_t *bytes;
};

struct memory {
    size_t count, used;
    struct region regions[FRAME_REGIONS_MAX];
    uint8_t bytes[FRAME_PAYLOAD_MAX];
};

/* SIZE bytes at ADDRESS, if they lie inside one region. */
static struct region *find(struct memory *m, uint64_t address, size_t size) {
    for (size_t i = 0; i < m->count; i++) {
        struct region *r = &m->regions[i];
        if (address < r->address || address - r->address > r->size) continue;
        if (size <= r->size - (address - r->address)) return r;
    }
    return NULL;
}

static bool memory_read(void *ctx, uint64_t address, void *out, size_t size) {
    const struct region *r = find(ctx, address, size);
    if (r == NULL) return false;
    memcpy(out, r->bytes + (address - r->address), size);
    return true;
}

static bool memory_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    const struct region *r = find(ctx, address, size);
    if (r == NULL || (r->flags & FRAME_REGION_READ_ONLY) != 0) return false;
    memcpy(r->bytes + (address - r->address), bytes, size);
    return true;
}

/* The table of regions, then the bytes of those that are sent. */
static bool read_memory(struct frame_in *in, struct memory *m) {
    const uint32_t known = FRAME_REGION_SENT | FRAME_REGION_RETURNED | FRAME_REGION_READ_ONLY;
    m->used = 0;
    m->count = frame_get_u32(in);
    if (m->count > FRAME_REGIONS_MAX) return false; /* @req SOCK-002 */
    for (size_t i = 0; i < m->count; i++) {
        struct region *r = &m->regions[i];
        r->address = frame_get_u64(in);
        r->size = frame_get_u32(in);
        r->flags = frame_get_u32(in);
        if ((r->flags & ~known) != 0) return false;            /* @req SOCK-001 */
        if (r->size > sizeof m->bytes - m->used) return false; /* @req SOCK-002 */
        if (r->address > UINT64_MAX - r->size) return false;   /* @req SOCK-001 */
        r->bytes = m->bytes + m->used;
        m->used += r->size;
    }
    memset(m->bytes, 0, m->used);
    for (size_t i = 0; i < m->count; i++) {
        const struct region *r = &m->regions[i];
        if ((r->flags & FRAME_REGION_SENT) == 0) continue;
        const uint8_t *bytes = frame_get_bytes(in, r->size);
        if (bytes == NULL) return false;
        memcpy(r->bytes, bytes, r->size);
    }
    return frame_in_done(in);
}

static void put_memory(struct frame_out *out, const struct memory *m) {
    for (size_t i = 0; i < m->count; i++) {
        const struct region *r = &m->regions[i];
        if ((r->flags & FRAME_REGION_RETURNED) != 0) frame_put_bytes(out, r->bytes, r->size);
    }
}

/* Without a device open(2) fails, and there is nothing to call: -ENODEV stands for that. */
#define NO_DEVICE (-19)

static enum pspd_next call_ioctl(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                                 struct frame_in *in, struct frame_out *out,
                                 struct memory *memory) {
    const uint32_t cmd = frame_get_u32(in);
    const uint64_t arg = frame_get_u64(in);
    if (!read_memory(in, memory)) return PSPD_DROP;
    const struct drv_user user = {.ctx = memory, .read = memory_read, .write = memory_write};
    struct drv_guest *driver;
    const struct sevkit_result r = pspd_driver(session->guest, session->vmpl, &driver);
    if (!sevkit_ok(r)) return pspd_answer_error(out, id, FRAME_ERROR_LIMIT, r);
    pspd->counts.ioctls++;
    const long rc = driver != NULL ? drv_guest_ioctl(driver, &user, cmd, arg) : NO_DEVICE;
    size_t start;
    frame_begin(out, FRAME_IOCTL | FRAME_ANSWER, id, &start);
    frame_put_u64(out, (uint64_t)(int64_t)rc);
    put_memory(out, memory);
    frame_end(out, start);
    return PSPD_GO_ON;
}

static enum pspd_next ioctl_request(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                                    struct frame_in *in, struct frame_out *out) {
    struct memory memory;
    const enum pspd_next next = call_ioctl(pspd, session, id, in, out, &memory);
    crypto_wipe(memory.bytes, memory.used); /* derived keys */
    return next;
}

/* ---- the others ---- */

static enum pspd_next host_command(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                                   struct frame_in *in, struct frame_out *out) {
    (void)pspd;
    const uint32_t command = frame_get_u32(in);
    if (in->failed || in->left > FRAME_COMMAND_MAX) return PSPD_DROP; /* @req SOCK-002 */
    struct psp *psp = vmm_machine_psp(session->guest->machine->core->vmm);
    const enum abi_status status = psp_command(psp, command, in->bytes, in->left);
    size_t start;
    frame_begin(out, FRAME_HOST_COMMAND | FRAME_ANSWER, id, &start);
    frame_put_u32(out, (uint32_t)status);
    frame_end(out, start);
    return PSPD_GO_ON;
}

/* SIZE bytes that are a text, into OUT of CAPACITY bytes. */
static bool get_string(struct frame_in *in, size_t size, char *out, size_t capacity) {
    const uint8_t *bytes = frame_get_bytes(in, size);
    if (bytes == NULL || size == 0 || size >= capacity) return false;
    if (memchr(bytes, 0, size) != NULL) return false;
    memcpy(out, bytes, size);
    out[size] = 0;
    return true;
}

static enum pspd_next kds_request(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                                  struct frame_in *in, struct frame_out *out) {
    struct vmm_kds_answer *answer = &pspd->answer;
    char method[17], target[2049];
    struct vmm_kds *kds;
    const uint16_t method_size = frame_get_u16(in), target_size = frame_get_u16(in);
    if (!get_string(in, method_size, method, sizeof method)) return PSPD_DROP; /* @req SOCK-001 */
    if (!get_string(in, target_size, target, sizeof target)) return PSPD_DROP; /* @req SOCK-001 */
    if (!frame_in_done(in)) return PSPD_DROP;                                  /* @req SOCK-001 */
    struct sevkit_result r = pspd_kds(session->guest->machine, &kds);
    if (sevkit_ok(r)) r = vmm_kds_get(kds, method, target, answer);
    if (!sevkit_ok(r)) return pspd_answer_error(out, id, FRAME_ERROR_INTERNAL, r);
    const char *type = answer->content_type != NULL ? answer->content_type : "";
    size_t start;
    frame_begin(out, FRAME_KDS | FRAME_ANSWER, id, &start);
    frame_put_u32(out, answer->status);
    frame_put_u32(out, answer->retry_after);
    frame_put_u64(out, answer->delay_ms);
    frame_put_u32(out, (uint32_t)answer->size);
    frame_put_u16(out, (uint16_t)strlen(type));
    frame_put_u16(out, 0);
    frame_put_bytes(out, type, strlen(type));
    frame_put_bytes(out, answer->body, answer->sent);
    frame_end(out, start);
    return PSPD_GO_ON;
}

static enum pspd_next secrets(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                              struct frame_in *in, struct frame_out *out) {
    (void)pspd;
    if (!frame_in_done(in)) return PSPD_DROP; /* @req SOCK-001 */
    size_t start;
    frame_begin(out, FRAME_SECRETS | FRAME_ANSWER, id, &start);
    frame_put_bytes(out, session->guest->secrets, sizeof session->guest->secrets);
    frame_end(out, start);
    return PSPD_GO_ON;
}

static enum pspd_next counters(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                               struct frame_in *in, struct frame_out *out) {
    (void)pspd;
    if (!frame_in_done(in)) return PSPD_DROP; /* @req SOCK-001 */
    struct vmm_machine *machine = session->guest->machine->core->vmm;
    uint64_t count[ABI_VMPCK_COUNT] = {0};
    size_t start;
    /* Every guest has a context, so that the counts are always there. */
    if (!psp_msg_count(vmm_machine_psp(machine), vmm_guest_pages(session->guest->vmm).gctx, count))
        return PSPD_DROP;
    frame_begin(out, FRAME_COUNTERS | FRAME_ANSWER, id, &start);
    for (size_t i = 0; i < ABI_VMPCK_COUNT; i++) frame_put_u64(out, count[i]);
    frame_put_u64(out, vmm_machine_requests(machine));
    frame_put_u64(out, vmm_machine_fw_requests(machine));
    frame_end(out, start);
    return PSPD_GO_ON;
}

/* ---- dispatch ---- */

typedef enum pspd_next handler(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                               struct frame_in *in, struct frame_out *out);

static const struct {
    handler *handle;
    bool changes; /* the machine: to be saved before its answer goes out */
} kinds[FRAME_TYPE_LAST + 1] = {
    [FRAME_HELLO] = {hello, false}, /* saves itself, when it made something */
    [FRAME_GUEST_REQUEST] = {guest_request, true},
    [FRAME_IOCTL] = {ioctl_request, true},
    [FRAME_HOST_COMMAND] = {host_command, true},
    [FRAME_KDS] = {kds_request, false},
    [FRAME_SECRETS] = {secrets, false},
    [FRAME_COUNTERS] = {counters, false},
    [FRAME_RMP] = {pspd_rmp, false}, /* saves itself, when it may have changed something */
};

enum pspd_next pspd_frame(struct pspd *pspd, struct pspd_session *session,
                          const struct frame_header *header, const uint8_t *payload,
                          struct frame_out *out) {
    const bool first = session->guest == NULL;
    const size_t start = out->size;
    struct frame_in in = {.bytes = payload, .left = header->payload_size};
    if (first != (header->type == FRAME_HELLO)) return PSPD_DROP; /* @req SOCK-003 */
    pspd->counts.frames++;
    const enum pspd_next next =
        kinds[header->type].handle(pspd, session, header->request_id, &in, out);
    if (next != PSPD_GO_ON || !kinds[header->type].changes) return next;
    const struct sevkit_result r =
        pspd_state_write(pspd, session->guest->machine); /* @req SOCK-010 */
    if (sevkit_ok(r)) return PSPD_GO_ON;
    frame_out_cut(out, start); /* what is not saved is not answered */
    return pspd_answer_error(out, header->request_id, FRAME_ERROR_STATE, r);
}
