/* The channel against a door that answers as the test says: right, wrong in one field, or not at
 * all. */
#include <stdlib.h>
#include <string.h>

#include "sevkit/driver.h"
#include "sevkit/status.h"
#include "unit/unit.h"

extern const struct unit_suite channel_suite;

static const uint8_t VMPCK[ABI_VMPCK_SIZE] = {1, 2, 3, 4, 5};

/* A firmware that answers every request with its own payload, after EDIT changed the response's
 * header. */
struct echo {
    struct sevkit_exit exit;
    void (*edit)(struct abi_msg_header *header);
    size_t flip; /* this byte of the response page is flipped on the way; 0: none */
    unsigned requests;
    uint8_t seen[ABI_PAGE_SIZE]; /* the last request */
};

static struct crypto_aead *new_aead(void) {
    struct crypto_aead *aead = NULL;
    if (!sevkit_ok(crypto_aead_new(&aead)) || !sevkit_ok(crypto_aead_set_key(aead, VMPCK))) abort();
    return aead;
}

/* Decrypts PAGE into PAYLOAD. False if its tag is wrong. */
static bool unseal(const uint8_t *page, uint8_t *payload) {
    struct crypto_aead *aead = new_aead();
    uint8_t iv[ABI_MSG_IV_SIZE];
    abi_msg_iv(abi_get_le64(page + ABI_MSG_SEQNO), iv);
    const bool good = sevkit_ok(crypto_aead_open(aead, iv, page + ABI_MSG_AAD_OFFSET,
                                                 ABI_MSG_AAD_SIZE, page + ABI_MSG_HEADER_SIZE,
                                                 abi_get_le16(page + ABI_MSG_SIZE), page, payload));
    crypto_aead_free(aead);
    return good;
}

static void answer(void *ctx, const uint8_t request[ABI_PAGE_SIZE], uint8_t response[ABI_PAGE_SIZE],
                   struct sevkit_exit *exit) {
    struct echo *e = ctx;
    uint8_t payload[ABI_MSG_PAYLOAD_MAX], iv[ABI_MSG_IV_SIZE], tag[ABI_MSG_TAG_SIZE];
    struct abi_msg_header h;
    e->requests++;
    memcpy(e->seen, request, sizeof e->seen);
    *exit = e->exit;
    if (e->exit.fw_status != 0 || e->exit.vmm_error != 0) return;
    abi_msg_header_decode(request, &h);
    CU_ASSERT(unseal(request, payload));
    h = abi_msg_header_make((uint8_t)(h.type + 1), h.version, h.vmpck, h.seqno + 1, h.size);
    if (e->edit != NULL) e->edit(&h);
    struct crypto_aead *aead = new_aead();
    memset(response, 0, ABI_PAGE_SIZE);
    abi_msg_header_encode(&h, response);
    abi_msg_iv(h.seqno, iv);
    const size_t size = h.size > ABI_MSG_PAYLOAD_MAX ? ABI_MSG_PAYLOAD_MAX : h.size;
    UNIT_OK(crypto_aead_seal(aead, iv, response + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE, payload,
                             size, response + ABI_MSG_HEADER_SIZE, tag));
    memcpy(response, tag, sizeof tag);
    if (e->flip != 0) response[e->flip] ^= 1;
    crypto_aead_free(aead);
}

static struct drv_channel *open_channel(struct echo *e, uint64_t seqno) {
    const struct sevkit_guest_door door = {.ctx = e, .request = answer};
    struct drv_channel *c = NULL;
    if (!sevkit_ok(drv_channel_new(&door, 2, VMPCK, seqno, &c))) abort();
    return c;
}

static const uint8_t PAYLOAD[32] = "what the guest wants to say...";

static struct sevkit_result call(struct drv_channel *c, uint8_t *out, size_t capacity,
                                 size_t *out_size, struct sevkit_exit *exit) {
    return drv_channel_call(c, ABI_MSG_KEY_REQ, 1, PAYLOAD, sizeof PAYLOAD, out, capacity, out_size,
                            exit);
}

static void exchanges_and_counts(void) {
    struct echo e = {0};
    struct drv_channel *c = open_channel(&e, 0);
    for (uint64_t i = 0; i < 3; i++) {
        uint8_t out[sizeof PAYLOAD] = {0};
        size_t size = 0;
        struct sevkit_exit exit = {.fw_status = 1, .vmm_error = 1};
        UNIT_OK(call(c, out, sizeof out, &size, &exit));
        CU_ASSERT(exit.fw_status == 0 && exit.vmm_error == 0);
        CU_ASSERT_EQUAL(size, sizeof PAYLOAD);
        UNIT_BYTES(out, PAYLOAD, sizeof out);
        CU_ASSERT_EQUAL(abi_get_le64(e.seen + ABI_MSG_SEQNO), 2 * i + 1);
        CU_ASSERT_EQUAL(drv_channel_seqno(c), 2 * i + 2);
    }
    CU_ASSERT_EQUAL(e.seen[ABI_MSG_VMPCK], 2);
    drv_channel_free(c);
}

/* The page that seal gives is the one that call sends, and nothing moves by it. */
static void seal_is_what_call_sends(void) {
    struct echo e = {0};
    struct drv_channel *c = open_channel(&e, 40);
    uint8_t page[ABI_PAGE_SIZE], out[sizeof PAYLOAD], clear[ABI_MSG_PAYLOAD_MAX];
    size_t size;
    struct sevkit_exit exit;
    memset(page, 0xEE, sizeof page);
    UNIT_OK(drv_channel_seal(c, ABI_MSG_KEY_REQ, 1, PAYLOAD, sizeof PAYLOAD, page));
    CU_ASSERT_EQUAL(drv_channel_seqno(c), 40);
    CU_ASSERT_EQUAL(e.requests, 0);
    CU_ASSERT(unseal(page, clear));
    UNIT_BYTES(clear, PAYLOAD, sizeof PAYLOAD);
    CU_ASSERT(abi_all_zero(page + ABI_MSG_HEADER_SIZE + sizeof PAYLOAD,
                           ABI_MSG_PAYLOAD_MAX - sizeof PAYLOAD));
    CU_ASSERT(abi_all_zero(page + ABI_MSG_TAG_SIZE, 16));
    UNIT_OK(call(c, out, sizeof out, &size, &exit));
    UNIT_BYTES(e.seen, page, sizeof page);
    drv_channel_free(c);
}

static void errors_of_the_other_side(void) {
    static const struct sevkit_exit exits[] = {
        {.fw_status = ABI_AEAD_OFLOW},
        {.vmm_error = SEVKIT_VMM_BUSY},
        {.fw_status = ABI_INVALID_PARAM, .vmm_error = SEVKIT_VMM_INVALID_LEN},
    };
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++) {
        struct echo e = {.exit = exits[i]};
        struct drv_channel *c = open_channel(&e, 6);
        uint8_t out[sizeof PAYLOAD];
        size_t size = 99;
        struct sevkit_exit exit = {0};
        UNIT_OK(call(c, out, sizeof out, &size, &exit));
        CU_ASSERT_EQUAL(size, 0);
        CU_ASSERT_EQUAL(exit.fw_status, exits[i].fw_status);
        CU_ASSERT_EQUAL(exit.vmm_error, exits[i].vmm_error);
        CU_ASSERT_EQUAL(drv_channel_seqno(c), 6);
        drv_channel_free(c);
    }
}

static void seqno_same(struct abi_msg_header *h) {
    h->seqno--;
}
static void seqno_ahead(struct abi_msg_header *h) {
    h->seqno++;
}
static void type_of_request(struct abi_msg_header *h) {
    h->type--;
}
static void version_other(struct abi_msg_header *h) {
    h->version++;
}
static void algo_other(struct abi_msg_header *h) {
    h->algo = 0;
}
static void header_version_other(struct abi_msg_header *h) {
    h->hdr_version = 2;
}
static void header_size_other(struct abi_msg_header *h) {
    h->hdr_size = 0x61;
}
static void vmpck_other(struct abi_msg_header *h) {
    h->vmpck = 1;
}
static void size_over_page(struct abi_msg_header *h) {
    h->size = ABI_MSG_PAYLOAD_MAX + 1;
}
static void size_over_capacity(struct abi_msg_header *h) {
    h->size = sizeof PAYLOAD + 1;
}
static void size_smaller(struct abi_msg_header *h) {
    h->size = 16;
}
static void reserved_set(struct abi_msg_header *h) {
    h->reserved_28[0] = 1;
    h->reserved_38[3] = 1;
    h->reserved_3d[34] = 1;
    h->authtag[31] = 1;
}

/* One field wrong, under a tag that is right all the same. */
static void responses_that_do_not_fit(void) {
    static const struct {
        void (*edit)(struct abi_msg_header *);
        enum sevkit_code code;
        const char *field;
        size_t offset;
        uint64_t value;
    } rows[] = {
        {seqno_same, SEVKIT_BAD_VALUE, "MSG_SEQNO", 0x20, 1},
        {seqno_ahead, SEVKIT_BAD_VALUE, "MSG_SEQNO", 0x20, 3},
        {type_of_request, SEVKIT_BAD_VALUE, "MSG_TYPE", 0x34, 3},
        {version_other, SEVKIT_BAD_VALUE, "MSG_VERSION", 0x35, 2},
        {algo_other, SEVKIT_BAD_VALUE, "ALGO", 0x30, 0},
        {header_version_other, SEVKIT_BAD_VALUE, "HDR_VERSION", 0x31, 2},
        {header_size_other, SEVKIT_BAD_VALUE, "HDR_SIZE", 0x32, 0x61},
        {vmpck_other, SEVKIT_BAD_VALUE, "MSG_VMPCK", 0x3C, 1},
        {size_over_page, SEVKIT_BAD_LENGTH, "MSG_SIZE", 0x36, 4001},
        {size_over_capacity, SEVKIT_BAD_LENGTH, "MSG_SIZE", 0x36, 33},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct echo e = {.edit = rows[i].edit};
        struct drv_channel *c = open_channel(&e, 0);
        uint8_t out[sizeof PAYLOAD];
        size_t size = 99;
        struct sevkit_exit exit;
        const struct sevkit_result r = call(c, out, sizeof out, &size, &exit);
        UNIT_FAILS(r, rows[i].code, rows[i].field);
        CU_ASSERT(r.offset == rows[i].offset && r.value == rows[i].value);
        CU_ASSERT_EQUAL(size, 0);
        CU_ASSERT_EQUAL(drv_channel_seqno(c), 0);
        drv_channel_free(c);
    }
}

static void no_larger_than_a_page_whatever_the_buffer(void) {
    struct echo e = {.edit = size_over_page};
    struct drv_channel *c = open_channel(&e, 0);
    static uint8_t out[2 * ABI_PAGE_SIZE];
    size_t size;
    struct sevkit_exit exit;
    const struct sevkit_result r = call(c, out, sizeof out, &size, &exit);
    UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "MSG_SIZE");
    CU_ASSERT(r.offset == 0x36 && r.value == 4001);
    drv_channel_free(c);
}

static void as_large_as_a_page(void) {
    static uint8_t payload[ABI_MSG_PAYLOAD_MAX], out[ABI_MSG_PAYLOAD_MAX];
    struct echo e = {0};
    struct drv_channel *c = open_channel(&e, 0);
    size_t size;
    struct sevkit_exit exit;
    memset(payload, 0x5A, sizeof payload);
    UNIT_OK(drv_channel_call(c, ABI_MSG_REPORT_REQ, 1, payload, sizeof payload, out, sizeof out,
                             &size, &exit));
    CU_ASSERT_EQUAL(size, sizeof payload);
    UNIT_BYTES(out, payload, sizeof payload);
    drv_channel_free(c);
}

static void shorter_answers_and_reserved_bytes_pass(void) {
    static void (*const edits[])(struct abi_msg_header *) = {size_smaller, reserved_set};
    static const size_t sizes[] = {16, sizeof PAYLOAD};
    for (size_t i = 0; i < 2; i++) {
        struct echo e = {.edit = edits[i]};
        struct drv_channel *c = open_channel(&e, 0);
        uint8_t out[sizeof PAYLOAD];
        size_t size = 0;
        struct sevkit_exit exit;
        UNIT_OK(call(c, out, sizeof out, &size, &exit));
        CU_ASSERT_EQUAL(size, sizes[i]);
        UNIT_BYTES(out, PAYLOAD, sizes[i]);
        CU_ASSERT_EQUAL(drv_channel_seqno(c), 2);
        drv_channel_free(c);
    }
}

/* A flipped bit in tag, authenticated header bytes and ciphertext. */
static void responses_that_do_not_verify(void) {
    static const size_t at[] = {1, 15, 0x38, 0x5F, 0x60, 0x7F};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct echo e = {.flip = at[i]};
        struct drv_channel *c = open_channel(&e, 0);
        uint8_t out[sizeof PAYLOAD];
        size_t size = 99;
        struct sevkit_exit exit;
        memset(out, 0xEE, sizeof out);
        UNIT_FAILS(call(c, out, sizeof out, &size, &exit), SEVKIT_BAD_CRYPTO, "AUTHTAG");
        CU_ASSERT_EQUAL(size, 0);
        CU_ASSERT(abi_all_zero(out, sizeof out));
        CU_ASSERT_EQUAL(drv_channel_seqno(c), 0);
        /* The channel goes on with the same number: the firmware's counter decides what that
         * gives. */
        e.flip = 0;
        UNIT_OK(call(c, out, sizeof out, &size, &exit));
        CU_ASSERT_EQUAL(drv_channel_seqno(c), 2);
        drv_channel_free(c);
    }
}

static void bad_arguments(void) {
    struct echo e = {0};
    const struct sevkit_guest_door door = {.ctx = &e, .request = answer};
    struct drv_channel *c = NULL;
    static uint8_t payload[ABI_MSG_PAYLOAD_MAX + 1], page[ABI_PAGE_SIZE];
    struct sevkit_result r = drv_channel_new(&door, 4, VMPCK, 0, &c);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "index");
    CU_ASSERT(r.offset == SEVKIT_NO_OFFSET && r.value == 4);
    c = open_channel(&e, 0);
    UNIT_OK(drv_channel_seal(c, 5, 1, payload, ABI_MSG_PAYLOAD_MAX, page));
    r = drv_channel_seal(c, 5, 1, payload, sizeof payload, page);
    UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "MSG_SIZE");
    CU_ASSERT(r.offset == 0x36 && r.value == sizeof payload);
    drv_channel_free(c);
    drv_channel_free(NULL);
}

static void sequence_numbers_end(void) {
    struct echo e = {0};
    uint8_t out[sizeof PAYLOAD];
    size_t size;
    struct sevkit_exit exit;
    struct drv_channel *c = open_channel(&e, UINT64_MAX - 3);
    UNIT_OK(call(c, out, sizeof out, &size, &exit));
    CU_ASSERT_EQUAL(drv_channel_seqno(c), UINT64_MAX - 1);
    exit = (struct sevkit_exit){.fw_status = 1, .vmm_error = 1, .es_result = 1};
    const struct sevkit_result r = call(c, out, sizeof out, &size, &exit);
    UNIT_FAILS(r, SEVKIT_LIMIT, "MSG_SEQNO");
    CU_ASSERT(r.offset == 0x20 && r.value == UINT64_MAX - 1);
    CU_ASSERT(exit.fw_status == 0 && exit.vmm_error == 0 && exit.es_result == 0);
    CU_ASSERT_EQUAL(e.requests, 1);
    drv_channel_free(c);
    c = open_channel(&e, UINT64_MAX - 2);
    UNIT_OK(call(c, out, sizeof out, &size, &exit));
    CU_ASSERT_EQUAL(drv_channel_seqno(c), UINT64_MAX);
    drv_channel_free(c);
}

static const struct unit_test tests[] = {
    {"exchange", exchanges_and_counts},
    {"seal", seal_is_what_call_sends},
    {"errors", errors_of_the_other_side},
    {"misfits", responses_that_do_not_fit},
    {"size-over-page", no_larger_than_a_page_whatever_the_buffer},
    {"size-of-page", as_large_as_a_page},
    {"tolerated", shorter_answers_and_reserved_bytes_pass},
    {"tags", responses_that_do_not_verify},
    {"arguments", bad_arguments},
    {"seqno-end", sequence_numbers_end},
    {NULL, NULL},
};

const struct unit_suite channel_suite = {"channel", tests};
