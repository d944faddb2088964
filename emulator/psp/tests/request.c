/* SNP_GUEST_REQUEST where it needs a look inside: addresses inside a page, private copies, sizes
 * of version 2 of KEY_REQ, short and long payloads, footprints. */
#include <string.h>

#include "psp/tests/fixture.h"

extern const struct unit_suite request_suite;

static const uint8_t zero[ABI_MSG_PAYLOAD_MAX];

/* A valid TSC_INFO_REQ for the fixture's next request on VMPCK0. */
static void seal_tsc(struct fixture *f, uint8_t page[ABI_PAGE_SIZE]) {
    const struct abi_msg_header h =
        abi_msg_header_make(ABI_MSG_TSC_INFO_REQ, 1, 0, f->seqno[0], ABI_TSC_INFO_SIZE);
    fixture_seal(f, &h, zero, page);
}

static uint64_t count0(struct fixture *f) {
    return fixture_gctx(f)->msg_count[0];
}

/* Steps 8, 10 and 17 at their edges: both addresses may lie inside a page. */
static void offsets_inside_a_page(void) {
    static const uint64_t LAST = ABI_PAGE_SIZE - ABI_MSG_HEADER_SIZE - ABI_TSC_INFO_SIZE;
    static const struct {
        uint64_t request, response;
        enum abi_status status;
    } rows[] = {
        {0, 0, ABI_SUCCESS},
        {8, 16, ABI_SUCCESS},
        {LAST, LAST, ABI_SUCCESS},
        {LAST + 1, 0, ABI_INVALID_PARAM},
        {0, LAST + 1, ABI_INVALID_PARAM},
        {ABI_PAGE_SIZE - ABI_MSG_HEADER_SIZE, 0, ABI_INVALID_PARAM},
        {ABI_PAGE_SIZE - ABI_MSG_HEADER_SIZE + 1, 0, ABI_INVALID_PARAM},
        {ABI_PAGE_SIZE - 1, 0, ABI_INVALID_PARAM},
        {0, ABI_PAGE_SIZE - 1, ABI_INVALID_PARAM},
    };
    const struct sevkit_profile p = fixture_profile();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        uint8_t page[ABI_PAGE_SIZE], before[2 * ABI_PAGE_SIZE], after[2 * ABI_PAGE_SIZE];
        struct abi_msg_header h;
        uint8_t payload[ABI_MSG_PAYLOAD_MAX];
        fixture_open(&f, &p);
        seal_tsc(&f, page);
        const size_t size = ABI_MSG_HEADER_SIZE + ABI_TSC_INFO_SIZE;
        CU_ASSERT(mem_write(f.mem, REQUEST_PAGE + rows[i].request, page, size));
        CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, before, sizeof before));
        CU_ASSERT_EQUAL(fixture_command(&f, GCTX_PAGE, REQUEST_PAGE + rows[i].request,
                                        RESPONSE_PAGE + rows[i].response),
                        rows[i].status);
        if (rows[i].status == ABI_SUCCESS) {
            CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE + rows[i].response, 0, &h, payload));
            CU_ASSERT_EQUAL(h.type, ABI_MSG_TSC_INFO_RSP);
            CU_ASSERT_EQUAL(count0(&f), 2);
        } else {
            CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, after, sizeof after));
            UNIT_BYTES(after, before, sizeof after);
            CU_ASSERT_EQUAL(count0(&f), 0);
        }
        fixture_close(&f);
    }
}

/* The response may lie over the request: both were copied before. */
static void response_over_request(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t page[ABI_PAGE_SIZE], payload[ABI_MSG_PAYLOAD_MAX];
    struct abi_msg_header h;
    struct abi_tsc_info_rsp rsp;
    fixture_open(&f, &p);
    seal_tsc(&f, page);
    CU_ASSERT(mem_write(f.mem, RESPONSE_PAGE + 0x40, page, sizeof page - 0x40));
    CU_ASSERT_EQUAL(fixture_command(&f, GCTX_PAGE, RESPONSE_PAGE + 0x40, RESPONSE_PAGE),
                    ABI_SUCCESS);
    CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE, 0, &h, payload));
    abi_tsc_info_rsp_decode(payload, &rsp);
    CU_ASSERT_EQUAL(rsp.status, ABI_SUCCESS);
    CU_ASSERT_EQUAL(rsp.tsc_factor, p.tsc_factor);
    fixture_close(&f);
}

/* The response is a header with zero reserved bytes and a payload; memory behind it is not
 * touched. */
static void response_header(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t page[ABI_PAGE_SIZE], payload[ABI_MSG_PAYLOAD_MAX], fill[ABI_PAGE_SIZE];
    struct abi_msg_header h;
    fixture_open(&f, &p);
    memset(fill, 0x5A, sizeof fill);
    CU_ASSERT(mem_write(f.mem, RESPONSE_PAGE, fill, sizeof fill));
    const struct abi_msg_header req =
        abi_msg_header_make(ABI_MSG_TSC_INFO_REQ, 1, 3, f.seqno[3], ABI_TSC_INFO_SIZE);
    fixture_seal(&f, &req, zero, page);
    CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_SUCCESS);
    CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE, 3, &h, payload));
    struct abi_msg_header want =
        abi_msg_header_make(ABI_MSG_TSC_INFO_RSP, 1, 3, 2, ABI_TSC_INFO_SIZE);
    memcpy(want.authtag, h.authtag, ABI_MSG_TAG_SIZE);
    uint8_t got_bytes[ABI_MSG_HEADER_SIZE], want_bytes[ABI_MSG_HEADER_SIZE];
    abi_msg_header_encode(&h, got_bytes);
    abi_msg_header_encode(&want, want_bytes);
    UNIT_BYTES(got_bytes, want_bytes, sizeof got_bytes);
    CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, page, sizeof page));
    const size_t size = ABI_MSG_HEADER_SIZE + ABI_TSC_INFO_SIZE;
    UNIT_BYTES(page + size, fill, sizeof page - size);
    static const uint64_t counts[ABI_VMPCK_COUNT] = {0, 0, 0, 2};
    UNIT_BYTES(fixture_gctx(&f)->msg_count, counts, sizeof counts);
    fixture_close(&f);
}

/* Step 9's exception for KEY_REQ version 2, and what is no exception. */
static void sizes_of_key_req_v2(void) {
    static const struct {
        unsigned max_version, size_count;
        uint8_t type, version;
        uint16_t size;
        enum abi_status status;
    } rows[] = {
        {2, 2, ABI_MSG_KEY_REQ, 2, 0x28, ABI_SUCCESS},
        {2, 2, ABI_MSG_KEY_REQ, 2, 0x30, ABI_SUCCESS},
        {2, 3, ABI_MSG_KEY_REQ, 2, 0x20, ABI_SUCCESS},
        {2, 2, ABI_MSG_KEY_REQ, 2, 0x20, ABI_INVALID_PARAM}, /* a multiple of 16, not listed */
        {2, 3, ABI_MSG_KEY_REQ, 2, 0x10, ABI_INVALID_PARAM},
        {2, 3, ABI_MSG_KEY_REQ, 2, 0x40, ABI_INVALID_PARAM},
        {2, 2, ABI_MSG_KEY_REQ, 2, 0x29, ABI_INVALID_PARAM},
        {2, 0, ABI_MSG_KEY_REQ, 2, 0x28, ABI_INVALID_PARAM},
        {1, 3, ABI_MSG_KEY_REQ, 2, 0x20, ABI_INVALID_PARAM},
        {1, 2, ABI_MSG_KEY_REQ, 2, 0x28, ABI_INVALID_PARAM},
        {1, 2, ABI_MSG_KEY_REQ, 2, 0x30, ABI_INVALID_PARAM},
        {2, 2, ABI_MSG_KEY_REQ, 1, 0x28, ABI_INVALID_PARAM},
        {2, 2, ABI_MSG_KEY_REQ, 3, 0x30, ABI_INVALID_PARAM},
        {2, 2, ABI_MSG_TSC_INFO_REQ, 2, 0x28, ABI_INVALID_PARAM},
        {2, 2, ABI_MSG_TSC_INFO_REQ, 2, 0x80, ABI_INVALID_PARAM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        uint8_t reply[ABI_MSG_PAYLOAD_MAX];
        p.key_req_max_version = rows[i].max_version;
        p.key_req_v2_size_count = rows[i].size_count;
        p.key_req_v2_sizes[2] = ABI_KEY_REQ_V2_CUT_SIZE;
        fixture_open(&f, &p);
        CU_ASSERT_EQUAL(fixture_call(&f, rows[i].type, rows[i].version, zero, rows[i].size, reply),
                        rows[i].status);
        fixture_close(&f);
    }
}

/* Where the firmware lacks version 2 its sizes are those of any message. Size comes before tag, tag before
 * sequence number, and the version last: a forged or replayed one is not told that there is none. */
static void without_key_req_v2(void) {
    static const struct {
        uint16_t size;
        uint8_t flip;
        uint64_t later; /* than the right sequence number */
        enum abi_status status;
    } rows[] = {
        {0x28, 0, 0, ABI_INVALID_PARAM},   {0x28, 1, 0, ABI_INVALID_PARAM},
        {0x28, 0, 2, ABI_INVALID_PARAM},   {0x20, 0, 0, ABI_INVALID_PARAM},
        {0x20, 1, 0, ABI_BAD_MEASUREMENT}, {0x20, 1, 2, ABI_BAD_MEASUREMENT},
        {0x20, 0, 2, ABI_AEAD_OFLOW},      {0x20, 0, UINT64_C(0) - 2, ABI_AEAD_OFLOW},
        {0x30, 1, 0, ABI_BAD_MEASUREMENT}, {0x30, 0, UINT64_C(0) - 2, ABI_AEAD_OFLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        uint8_t page[ABI_PAGE_SIZE], after[ABI_PAGE_SIZE];
        p.key_req_max_version = 1;
        p.msg_count[0] = 2;
        fixture_open(&f, &p);
        const struct abi_msg_header h =
            abi_msg_header_make(ABI_MSG_KEY_REQ, 2, 0, f.seqno[0] + rows[i].later, rows[i].size);
        fixture_seal(&f, &h, zero, page);
        page[ABI_MSG_AUTHTAG] ^= rows[i].flip;
        CU_ASSERT_EQUAL(fixture_ring(&f, page), rows[i].status);
        CU_ASSERT_EQUAL(count0(&f), 2);
        CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, after, sizeof after));
        CU_ASSERT(abi_all_zero(after, sizeof after));
        fixture_close(&f);
    }
}

/* Size 0x20 has no LAUNCH_MIT_VECTOR: it counts as 0, and the key is the one of a whole request with 0. */
static void key_req_v2_cut_short(void) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    uint8_t payload[ABI_KEY_REQ_V2_SIZE] = {0};
    uint8_t cut[ABI_MSG_PAYLOAD_MAX], whole[ABI_MSG_PAYLOAD_MAX], other[ABI_MSG_PAYLOAD_MAX];
    struct abi_key_req req = {.guest_field_select = ABI_FIELD_LAUNCH_MIT_VECTOR};
    p.key_req_v2_size_count = SEVKIT_KEY_REQ_V2_SIZES_MAX;
    p.key_req_v2_sizes[2] = ABI_KEY_REQ_V2_CUT_SIZE;
    fixture_open(&f, &p);
    abi_key_req_encode(2, &req, payload);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_KEY_REQ, 2, payload, 0x20, cut), ABI_SUCCESS);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_KEY_REQ, 2, payload, 0x28, whole), ABI_SUCCESS);
    req.launch_mit_vector = 1;
    abi_key_req_encode(2, &req, payload);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_KEY_REQ, 2, payload, 0x28, other), ABI_SUCCESS);
    CU_ASSERT_EQUAL(abi_get_le32(cut), ABI_SUCCESS);
    UNIT_BYTES(cut, whole, ABI_KEY_RSP_SIZE);
    CU_ASSERT(memcmp(cut, other, ABI_KEY_RSP_SIZE) != 0);
    fixture_close(&f);
}

/* A key that cannot be made is the firmware's own failure: nothing is answered, nothing counts. */
static void failure_inside_a_handler(void) {
    static const uint8_t types[] = {ABI_MSG_KEY_REQ, ABI_MSG_REPORT_REQ};
    for (size_t i = 0; i < sizeof types; i++) {
        struct fixture f;
        const struct sevkit_profile p = fixture_profile();
        uint8_t reply[ABI_MSG_PAYLOAD_MAX], before[ABI_PAGE_SIZE], after[ABI_PAGE_SIZE];
        const uint16_t size = i == 0 ? ABI_KEY_REQ_V1_SIZE : ABI_REPORT_REQ_SIZE;
        fixture_open(&f, &p);
        f.psp->profile.product = ABI_PRODUCT_UNKNOWN;
        CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, before, sizeof before));
        CU_ASSERT_EQUAL(fixture_call(&f, types[i], 1, zero, size, reply), ABI_HWERROR_PLATFORM);
        CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, after, sizeof after));
        UNIT_BYTES(after, before, sizeof after);
        CU_ASSERT_EQUAL(count0(&f), 0);
        f.psp->profile.product = p.product;
        CU_ASSERT_EQUAL(fixture_call(&f, types[i], 1, zero, size, reply), ABI_SUCCESS);
        CU_ASSERT_EQUAL(count0(&f), 2);
        fixture_close(&f);
    }
}

static void version_of_a_key_v2_response(void) {
    for (unsigned version = 1; version <= 2; version++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        uint8_t reply[ABI_MSG_PAYLOAD_MAX];
        struct abi_msg_header h;
        p.key_rsp_v2_version = version;
        fixture_open(&f, &p);
        CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_KEY_REQ, 2, zero, 0x30, reply), ABI_SUCCESS);
        CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE, 0, &h, reply));
        CU_ASSERT_EQUAL(h.version, version);
        CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_KEY_REQ, 1, zero, 0x20, reply), ABI_SUCCESS);
        CU_ASSERT(fixture_open_at(&f, RESPONSE_PAGE, 0, &h, reply));
        CU_ASSERT_EQUAL(h.version, 1);
        fixture_close(&f);
    }
}

/* FW 1.55.25: a short payload reads as zero past its end, what is too long is not looked at. */
static void short_and_long_payloads(void) {
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t payload[ABI_MSG_PAYLOAD_MAX] = {0}, reply[ABI_MSG_PAYLOAD_MAX];
    fixture_open(&f, &p);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, payload, 16, reply), ABI_SUCCESS);
    CU_ASSERT_EQUAL(abi_get_le32(reply), ABI_SUCCESS);
    memset(payload + ABI_TSC_INFO_SIZE, 0xFF, sizeof payload - ABI_TSC_INFO_SIZE);
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, payload, ABI_MSG_PAYLOAD_MAX, reply),
                    ABI_SUCCESS);
    CU_ASSERT_EQUAL(abi_get_le32(reply), ABI_SUCCESS);
    /* The surplus of one request does not show in the next. */
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, payload, 16, reply), ABI_SUCCESS);
    CU_ASSERT_EQUAL(abi_get_le32(reply), ABI_SUCCESS);
    payload[ABI_TSC_INFO_SIZE - 1] = 1;
    CU_ASSERT_EQUAL(fixture_call(&f, ABI_MSG_TSC_INFO_REQ, 1, payload, ABI_MSG_PAYLOAD_MAX, reply),
                    ABI_SUCCESS);
    CU_ASSERT_EQUAL(abi_get_le32(reply), ABI_INVALID_PARAM);
    fixture_close(&f);
}

/* Responses, and numbers without a name. */
static void types_without_a_handler(void) {
    static const uint8_t types[] = {0x00, 0x02, 0x04, 0x06, 0x08, 0x0A,
                                    0x0C, 0x0E, 0x10, 0x12, 0x13, 0xFF};
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t reply[ABI_MSG_PAYLOAD_MAX];
    fixture_open(&f, &p);
    for (size_t i = 0; i < sizeof types; i++) {
        CU_ASSERT_EQUAL(fixture_call(&f, types[i], 1, zero, 0x40, reply), ABI_INVALID_PARAM);
    }
    CU_ASSERT_EQUAL(count0(&f), 0);
    fixture_close(&f);
}

/* The migration messages, well-formed in size and version, are refused as an unknown type is
 * (docs/limits.md, AMB-73): after tag and sequence number, without an answer, and the guest goes on. */
static void migration_messages(void) {
    static const struct {
        uint8_t type;
        uint16_t size;
    } rows[] = {
        {0x07, 0x10},  /* EXPORT_REQ */
        {0x09, 0x320}, /* IMPORT_REQ */
        {0x0B, 0x320}, /* ABSORB_REQ */
        {0x0D, 0x40},  /* VMRK_REQ */
        {0x0F, 0x320}, /* ABSORB_NOMA_REQ */
    };
    struct fixture f;
    const struct sevkit_profile p = fixture_profile();
    uint8_t payload[ABI_MSG_PAYLOAD_MAX] = {0}, page[ABI_PAGE_SIZE], after[ABI_PAGE_SIZE];
    fixture_open(&f, &p);
    abi_put_le64(payload, GCTX_PAGE);
    const struct psp_gctx before = *fixture_gctx(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct abi_msg_header h = abi_msg_header_make(rows[i].type, 1, 0, 1, rows[i].size);
        fixture_seal(&f, &h, payload, page);
        CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_INVALID_PARAM);
        page[ABI_MSG_AUTHTAG] ^= 1;
        CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_BAD_MEASUREMENT);
        h.seqno = 3;
        fixture_seal(&f, &h, payload, page);
        CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_AEAD_OFLOW);
        UNIT_BYTES(fixture_gctx(&f), &before, sizeof before);
        CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, after, sizeof after));
        CU_ASSERT(abi_all_zero(after, sizeof after));
    }
    seal_tsc(&f, page);
    CU_ASSERT_EQUAL(fixture_ring(&f, page), ABI_SUCCESS);
    fixture_close(&f);
}

/* The switch for reserved bytes, one byte of each range; without it only the authenticated ones
 * matter, and those are sealed here. */
static void reserved_header_bytes(void) {
    static const size_t at[] = {0x10, 0x1F, 0x28, 0x2F, 0x38, 0x3B, 0x3D, 0x5F};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        for (int enforce = 0; enforce <= 1; enforce++) {
            struct fixture f;
            struct sevkit_profile p = fixture_profile();
            struct abi_msg_header h;
            uint8_t bytes[ABI_MSG_HEADER_SIZE], page[ABI_PAGE_SIZE];
            p.enforce_header_mbz = enforce != 0;
            fixture_open(&f, &p);
            h = abi_msg_header_make(ABI_MSG_TSC_INFO_REQ, 1, 0, 1, ABI_TSC_INFO_SIZE);
            abi_msg_header_encode(&h, bytes);
            bytes[at[i]] = 1;
            abi_msg_header_decode(bytes, &h);
            fixture_seal(&f, &h, zero, page);
            CU_ASSERT_EQUAL(fixture_ring(&f, page), enforce ? ABI_INVALID_PARAM : ABI_SUCCESS);
            fixture_close(&f);
        }
    }
}

/* The last counter that still gives a response, the one that does not, and odd ones beyond the
 * ABI. */
static void counter_at_its_end(void) {
    static const struct {
        uint64_t count, seqno;
        enum abi_status status;
    } rows[] = {
        {UINT64_MAX - 3, UINT64_MAX - 2, ABI_SUCCESS},
        {UINT64_MAX - 1, UINT64_MAX, ABI_AEAD_OFLOW},
        {UINT64_MAX, 0, ABI_AEAD_OFLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct sevkit_profile p = fixture_profile();
        uint8_t page[ABI_PAGE_SIZE];
        p.msg_count[0] = rows[i].count;
        fixture_open(&f, &p);
        const struct abi_msg_header h =
            abi_msg_header_make(ABI_MSG_TSC_INFO_REQ, 1, 0, rows[i].seqno, ABI_TSC_INFO_SIZE);
        fixture_seal(&f, &h, zero, page);
        CU_ASSERT_EQUAL(fixture_ring(&f, page), rows[i].status);
        CU_ASSERT_EQUAL(count0(&f), rows[i].count + (rows[i].status == ABI_SUCCESS ? 2 : 0));
        fixture_close(&f);
    }
}

/* A request with one fault; members that are 0 are the usual ones. */
struct fault {
    enum abi_status status;
    uint64_t gctx, request, response;
    uint64_t page; /* gets STATE and SIZE */
    enum rmp_state state;
    enum rmp_page_size size;
    bool launching;
    bool version_0;
    uint8_t version; /* VERSION and SEQNO are sealed */
    uint64_t seqno;
    size_t at; /* this byte is XORed with FLIP after sealing */
    uint8_t flip;
};

static uint64_t or_usual(uint64_t value, uint64_t usual) {
    return value != 0 ? value : usual;
}

static void check_fault(const struct fault *x) {
    struct fixture f;
    struct sevkit_profile p = fixture_profile();
    uint8_t page[ABI_PAGE_SIZE], after[ABI_PAGE_SIZE];
    p.rmp_lookup_status = ABI_INVALID_CONFIG;
    fixture_open(&f, &p);
    const uint8_t version = (uint8_t)(x->version_0 ? 0 : or_usual(x->version, 1));
    const struct abi_msg_header h = abi_msg_header_make(ABI_MSG_TSC_INFO_REQ, version, 0,
                                                        or_usual(x->seqno, 1), ABI_TSC_INFO_SIZE);
    fixture_seal(&f, &h, zero, page);
    page[x->at] ^= x->flip;
    const uint64_t request = or_usual(x->request, REQUEST_PAGE);
    const uint64_t written = request < FIXTURE_MEMORY ? request : REQUEST_PAGE;
    CU_ASSERT(mem_write(f.mem, written, page, sizeof page));
    if (x->launching) fixture_gctx(&f)->state = PSP_GUEST_LAUNCH;
    if (x->page != 0) CU_ASSERT(rmp_set(f.rmp, x->page, x->state, x->size));
    CU_ASSERT_EQUAL(fixture_command(&f, or_usual(x->gctx, GCTX_PAGE), request,
                                    or_usual(x->response, RESPONSE_PAGE)),
                    x->status);
    CU_ASSERT_EQUAL(count0(&f), x->status == ABI_SUCCESS ? 2 : 0);
    CU_ASSERT(mem_read(f.mem, written, after, sizeof after));
    UNIT_BYTES(after, page, sizeof after);
    CU_ASSERT(mem_read(f.mem, RESPONSE_PAGE, after, sizeof after));
    CU_ASSERT_EQUAL(abi_all_zero(after, sizeof after), x->status != ABI_SUCCESS);
    fixture_close(&f);
}

/* Every refusal but those that the tests above and below are about, and its footprint. */
static void one_fault_each(void) {
    const uint64_t large = RMP_PAGE_2M, outside = FIXTURE_MEMORY;
    const struct fault faults[] = {
        {.status = ABI_SUCCESS},
        {ABI_INVALID_PARAM, .gctx = GCTX_PAGE + 1},
        {ABI_INVALID_PARAM, .gctx = GCTX_PAGE + 0x800},
        {ABI_INVALID_CONFIG, .gctx = outside},
        {ABI_INVALID_CONFIG, .request = outside},
        {ABI_INVALID_CONFIG, .response = outside},
        {ABI_INVALID_GUEST, .page = GCTX_PAGE, .state = RMP_FIRMWARE},
        {ABI_INVALID_PAGE_STATE, .page = RESPONSE_PAGE, .state = RMP_HYPERVISOR},
        {ABI_INVALID_PAGE_SIZE, .request = large, .page = large, .size = RMP_2M},
        {ABI_INVALID_PAGE_SIZE, .response = large, .page = large, .state = RMP_FIRMWARE,
         .size = RMP_2M},
        {ABI_INVALID_GUEST_STATE, .launching = true},
        {ABI_INVALID_PARAM, .at = ABI_MSG_HDR_VERSION, .flip = 3},
        {ABI_INVALID_PARAM, .at = ABI_MSG_HDR_SIZE, .flip = 1},
        {ABI_INVALID_PARAM, .at = ABI_MSG_ALGO, .flip = 1},
        {ABI_INVALID_PARAM, .at = ABI_MSG_SIZE, .flip = ABI_TSC_INFO_SIZE}, /* 0 */
        {ABI_INVALID_PARAM, .at = ABI_MSG_VMPCK, .flip = 4},
        {ABI_BAD_MEASUREMENT, .at = ABI_MSG_VMPCK, .flip = 1},
        {ABI_BAD_MEASUREMENT, .at = ABI_MSG_AUTHTAG, .flip = 1},
        {ABI_BAD_MEASUREMENT, .at = ABI_MSG_SEQNO, .flip = 2},
        {ABI_AEAD_OFLOW, .seqno = 2},
        {ABI_AEAD_OFLOW, .seqno = 3},
        {ABI_INVALID_PARAM, .version_0 = true},
        {ABI_INVALID_PARAM, .version = 2},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) check_fault(&faults[i]);
}

static const struct unit_test tests[] = {
    {"one-fault-each", one_fault_each},
    {"offsets", offsets_inside_a_page},
    {"response-over-request", response_over_request},
    {"response-header", response_header},
    {"key-v2-sizes", sizes_of_key_req_v2},
    {"key-without-v2", without_key_req_v2},
    {"key-v2-cut", key_req_v2_cut_short},
    {"handler-fails", failure_inside_a_handler},
    {"key-v2-response-version", version_of_a_key_v2_response},
    {"short-and-long", short_and_long_payloads},
    {"types-without-handler", types_without_a_handler},
    {"migration-messages", migration_messages},
    {"reserved-header-bytes", reserved_header_bytes},
    {"counter-end", counter_at_its_end},
    {NULL, NULL},
};

const struct unit_suite request_suite = {"request", tests};
