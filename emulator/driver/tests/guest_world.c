/* See guest_world.h. */
#include "driver/tests/guest_world.h"

#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#define VMPCK 2
#define KEY_AT (0x20 + VMPCK * ABI_VMPCK_SIZE)

static bool touches(uint64_t address, size_t size, uint64_t bad) {
    return bad != 0 && bad >= address && bad - address < size;
}

static bool inside(uint64_t address, size_t size) {
    return address >= MEMORY_BASE && address - MEMORY_BASE <= MEMORY_SIZE - size;
}

static bool user_read(void *ctx, uint64_t address, void *out, size_t size) {
    struct world *w = ctx;
    if (!inside(address, size) || touches(address, size, w->no_read)) return false;
    memcpy(out, w->memory + (address - MEMORY_BASE), size);
    return true;
}

static bool user_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    struct world *w = ctx;
    if (!inside(address, size) || touches(address, size, w->no_write)) return false;
    memcpy(w->memory + (address - MEMORY_BASE), bytes, size);
    w->writes++;
    return true;
}

static uint64_t clock_now(void *ctx) {
    const struct world *w = ctx;
    return w->now;
}

static void clock_sleep(void *ctx, uint64_t ms) {
    struct world *w = ctx;
    w->now += ms;
    w->slept_ms += ms;
    w->sleeps++;
}

uint8_t world_table_byte(size_t i) {
    return (uint8_t)(i * 7 + 1);
}

static uint16_t expected_size(uint8_t type) {
    return type == ABI_MSG_KEY_REQ ? DRV_KEY_RESP_SIZE : ABI_REPORT_RSP_SIZE;
}

/* The firmware: decrypts what came and answers under the same key. */
static void answer(struct world *w, const uint8_t *request, uint8_t *response) {
    struct crypto_aead *aead = NULL;
    struct abi_msg_header h;
    uint8_t iv[ABI_MSG_IV_SIZE], tag[ABI_MSG_TAG_SIZE];
    if (!sevkit_ok(crypto_aead_new(&aead)) || !sevkit_ok(crypto_aead_set_key(aead, w->key)))
        abort();
    abi_msg_header_decode(request, &h);
    abi_msg_iv(h.seqno, iv);
    UNIT_OK(crypto_aead_open(aead, iv, request + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                             request + ABI_MSG_HEADER_SIZE, h.size, request, w->payload));
    const uint16_t size = w->answer_size != 0 ? w->answer_size : expected_size(h.type);
    memset(w->response, 0, sizeof w->response);
    for (size_t i = 0; i < size; i++) w->response[i] = (uint8_t)(i + 0x31);
    h = abi_msg_header_make((uint8_t)(h.type + 1), h.version, h.vmpck, h.seqno + 1, size);
    if (w->edit != NULL) w->edit(&h);
    abi_msg_header_encode(&h, response);
    abi_msg_iv(h.seqno, iv);
    const size_t sealed = h.size > ABI_MSG_PAYLOAD_MAX ? ABI_MSG_PAYLOAD_MAX : h.size;
    UNIT_OK(crypto_aead_seal(aead, iv, response + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE, w->response,
                             sealed, response + ABI_MSG_HEADER_SIZE, tag));
    memcpy(response, tag, sizeof tag);
    if (w->flip != 0) response[w->flip] ^= 1;
    crypto_aead_free(aead);
}

static struct step next_step(struct world *w) {
    size_t n = w->plain + w->ext - 1u;
    if (n >= w->step_count && w->last_for_ever) n = w->step_count - 1;
    return n < w->step_count ? w->steps[n] : (struct step){0};
}

/* One call of either kind; whether the firmware was reached. */
static bool serve(struct world *w, const uint8_t *request, uint8_t *response,
                  struct sevkit_exit *exit, struct step *step) {
    if (w->plain + w->ext > 1 && memcmp(w->seen, request, ABI_PAGE_SIZE) != 0)
        w->same_ciphertext = false;
    memcpy(w->seen, request, ABI_PAGE_SIZE);
    CU_ASSERT(abi_all_zero(response, ABI_PAGE_SIZE));
    w->now += w->call_ms;
    *step = next_step(w);
    *exit = step->exit;
    if (exit->fw_status != 0 || exit->vmm_error != 0 || exit->es_result != 0) return false;
    if (!w->silent) answer(w, request, response);
    return true;
}

static void request_plain(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                          uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit) {
    struct world *w = ctx;
    struct step step;
    w->plain++;
    (void)serve(w, request, response, exit, &step);
}

static void request_ext(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                        uint8_t response[ABI_PAGE_SIZE], uint8_t *data, uint64_t *npages,
                        struct sevkit_exit *exit) {
    struct world *w = ctx;
    struct step step;
    w->ext++;
    w->npages_seen = *npages;
    CU_ASSERT((data == NULL) == (*npages == 0));
    if (data != NULL) w->data_was_zero = abi_all_zero(data, *npages * ABI_PAGE_SIZE);
    const bool reached = serve(w, request, response, exit, &step);
    if (step.npages != 0) *npages = step.npages;
    if (!reached || data == NULL) return;
    for (size_t i = 0; i < WORLD_TABLE_SIZE && i < w->npages_seen * ABI_PAGE_SIZE; i++)
        data[i] = world_table_byte(i);
}

static void fill_memory(struct world *w) {
    for (size_t i = 0; i < sizeof w->memory; i++) w->memory[i] = (uint8_t)(i * 3 + 5);
    uint8_t *arg = world_at(w, AT_ARG);
    arg[DRV_REQUEST_MSG_VERSION] = 1;
    abi_put_le64(arg + DRV_REQUEST_REQ_DATA, AT_REQUEST);
    abi_put_le64(arg + DRV_REQUEST_RESP_DATA, AT_RESPONSE);
    abi_put_le64(arg + DRV_REQUEST_EXITINFO2, OLD_EXITINFO2);
    world_set_certs(w, AT_CERTS, 4 * ABI_PAGE_SIZE);
}

void world_start_with(struct world *w, const struct drv_guest_config *config) {
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < sizeof w->secrets; i++) w->secrets[i] = (uint8_t)(i * 5 + 9);
    memset(w->secrets + ABI_SECRETS_SEQNO_LOW, 0, 16);
    memcpy(w->key, w->secrets + KEY_AT, sizeof w->key);
    w->now = START_MS;
    fill_memory(w);
    const struct sevkit_guest_door door = {
        .ctx = w, .request = request_plain, .ext_request = request_ext};
    const struct drv_clock clock = {.ctx = w, .now_ms = clock_now, .sleep_ms = clock_sleep};
    if (!sevkit_ok(drv_guest_new(config, &door, &clock, w->secrets, &w->guest))) abort();
    world_mark(w);
}

void world_start(struct world *w, enum drv_kernel kernel) {
    const struct drv_guest_config config = {.kernel = kernel, .vmpck_id = VMPCK};
    world_start_with(w, &config);
    if (drv_guest_probe(w->guest) != 0) abort();
}

void world_stop(struct world *w) {
    drv_guest_free(w->guest);
}

void world_mark(struct world *w) {
    memcpy(w->memory_before, w->memory, sizeof w->memory);
    memcpy(w->secrets_before, w->secrets, sizeof w->secrets);
    w->plain = w->ext = w->sleeps = w->writes = 0;
    w->slept_ms = 0;
    w->same_ciphertext = true;
}

long world_ioctl(struct world *w, uint32_t cmd) {
    const struct drv_user user = {.ctx = w, .read = user_read, .write = user_write};
    world_mark(w);
    return drv_guest_ioctl(w->guest, &user, cmd, AT_ARG);
}

uint8_t *world_at(struct world *w, uint64_t address) {
    return w->memory + (address - MEMORY_BASE);
}

uint64_t world_exitinfo2(struct world *w) {
    return abi_get_le64(world_at(w, AT_ARG) + DRV_REQUEST_EXITINFO2);
}

void world_set_certs(struct world *w, uint64_t address, uint32_t length) {
    uint8_t *request = world_at(w, AT_REQUEST);
    abi_put_le64(request + DRV_EXT_REPORT_CERTS_ADDRESS, address);
    abi_put_le32(request + DRV_EXT_REPORT_CERTS_LEN, length);
}

uint32_t world_certs_len(struct world *w) {
    return abi_get_le32(world_at(w, AT_REQUEST) + DRV_EXT_REPORT_CERTS_LEN);
}

uint8_t *world_counter(struct world *w) {
    return w->secrets + ABI_SECRETS_SEQNO_LOW + VMPCK * 4;
}

uint32_t world_advance(struct world *w) {
    return abi_get_le32(world_counter(w)) -
           abi_get_le32(w->secrets_before + ABI_SECRETS_SEQNO_LOW + VMPCK * 4);
}

bool world_memory_kept(struct world *w, uint64_t address, size_t size, uint64_t address2,
                       size_t size2) {
    for (size_t i = 0; i < sizeof w->memory; i++) {
        const uint64_t at = MEMORY_BASE + i;
        if (at - address < size || at - address2 < size2) continue;
        if (w->memory[i] != w->memory_before[i]) return false;
    }
    return true;
}

bool world_secrets_kept(struct world *w, bool wiped) {
    const size_t counter = (size_t)(world_counter(w) - w->secrets);
    for (size_t i = 0; i < sizeof w->secrets; i++) {
        if (i - counter < 4) continue;
        const bool zero = wiped && i - KEY_AT < ABI_VMPCK_SIZE;
        if (w->secrets[i] != (zero ? 0 : w->secrets_before[i])) return false;
    }
    return true;
}
