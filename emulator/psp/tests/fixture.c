/* See fixture.h. */
#include "psp/tests/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "set-up failed: %s\n", what);
    abort();
}

static int64_t epoch(void *ctx) {
    (void)ctx;
    return SEVKIT_EPOCH_EMBEDDED;
}

struct sevkit_profile fixture_profile(void) {
    struct sevkit_profile p = {
        .name = "fixture",
        .product = ABI_PRODUCT_GENOA,
        .chip = "Genoa",
        .fms = {0x19, 0x11, 0x01},
        .product_name = "Genoa",
        .current_version = {1, 55, 40},
        .committed_version = {1, 54, 39},
        .report_version = 5,
        .current_tcb = UINT64_C(0x4817000000000009),
        .committed_tcb = UINT64_C(0x4716000000000008),
        .reported_tcb = UINT64_C(0x4615000000000007),
        .launch_tcb = UINT64_C(0x4514000000000006),
        .platform_info = 0x27,
        .launch_mit_vector = 0x0F,
        .current_mit_vector = 0x1F,
        .csp_id = "CN=cc-us-east-2.example.com",
        .policy = 0x3001F,
        .id_block = {.present = true, .guest_svn = 5, .author_key_en = true},
        .key_req_max_version = 2,
        .key_req_v2_size_count = 2,
        .key_req_v2_sizes = {ABI_KEY_REQ_V2_SIZE, ABI_KEY_REQ_V2_PADDED_SIZE},
        .key_rsp_v2_version = 2,
        .rmp_lookup_status = ABI_INVALID_ADDRESS,
        .vmpl_max_3 = true,
        .report_size_on_failure = true,
        .signing_key_none = true,
        .launch_mit_status = ABI_INVALID_PARAM,
        .secrets_version = 3,
        .tsc_reference_khz = 99800,
        .tsc_desired_khz = 2400000,
        .tsc_offset = 0x1234,
        .tsc_factor = 200,
        .memory_size = FIXTURE_MEMORY,
        .guests_max = FIXTURE_GUESTS,
    };
    memset(p.chip_id, 0xC1, sizeof p.chip_id);
    memset(p.host_data, 0xD1, sizeof p.host_data);
    memset(p.measurement, 0xE1, sizeof p.measurement);
    memset(p.gosvw, 0x61, sizeof p.gosvw);
    memset(p.id_block.family_id, 0xFA, sizeof p.id_block.family_id);
    memset(p.id_block.image_id, 0x1A, sizeof p.id_block.image_id);
    memset(p.id_block.id_key_digest, 0x1D, sizeof p.id_block.id_key_digest);
    memset(p.id_block.author_key_digest, 0xA0, sizeof p.id_block.author_key_digest);
    return p;
}

void fixture_open(struct fixture *f, const struct sevkit_profile *profile) {
    *f = (struct fixture){.profile = *profile};
    crypto_drbg_init(&f->drbg, 1);
    const struct sevkit_env env = {.ctx = &f->drbg, .now = epoch, .random = crypto_drbg_random};
    const struct rmp_config config = rmp_config_default(FIXTURE_MEMORY);
    must(sevkit_ok(rmp_new(&config, &f->rmp)), "rmp_new");
    must(sevkit_ok(mem_new(FIXTURE_MEMORY, &f->mem)), "mem_new");
    must(sevkit_ok(psp_new(profile, &env, f->rmp, f->mem, &f->psp)), "psp_new");
    must(rmp_set(f->rmp, GCTX_PAGE, RMP_FIRMWARE, RMP_4K), "context page");
    must(sevkit_ok(psp_guest_install(f->psp, GCTX_PAGE, profile, PSP_GUEST_RUNNING)), "install");
    must(rmp_set(f->rmp, RESPONSE_PAGE, RMP_FIRMWARE, RMP_4K), "response page");
    for (unsigned i = 0; i < ABI_VMPCK_COUNT; i++) f->seqno[i] = profile->msg_count[i] + 1;
}

void fixture_close(struct fixture *f) {
    psp_free(f->psp);
    mem_free(f->mem);
    rmp_free(f->rmp);
}

struct psp_gctx *fixture_gctx(struct fixture *f) {
    struct psp_gctx *gctx = psp_gctx_find(&f->psp->guests, GCTX_PAGE);
    must(gctx != NULL, "the guest's context");
    return gctx;
}

static struct crypto_aead *aead_of(struct fixture *f, unsigned vmpck) {
    struct crypto_aead *aead = NULL;
    const uint8_t *key = fixture_gctx(f)->vmpck[vmpck % ABI_VMPCK_COUNT];
    must(sevkit_ok(crypto_aead_new(&aead)), "crypto_aead_new");
    must(sevkit_ok(crypto_aead_set_key(aead, key)), "crypto_aead_set_key");
    return aead;
}

void fixture_seal(struct fixture *f, const struct abi_msg_header *header, const uint8_t *payload,
                  uint8_t page[ABI_PAGE_SIZE]) {
    struct crypto_aead *aead = aead_of(f, header->vmpck);
    uint8_t iv[ABI_MSG_IV_SIZE], tag[ABI_MSG_TAG_SIZE];
    memset(page, 0, ABI_PAGE_SIZE);
    abi_msg_header_encode(header, page);
    abi_msg_iv(header->seqno, iv);
    must(header->size <= ABI_MSG_PAYLOAD_MAX, "payload size");
    must(sevkit_ok(crypto_aead_seal(aead, iv, page + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE, payload,
                                    header->size, page + ABI_MSG_HEADER_SIZE, tag)),
         "crypto_aead_seal");
    memcpy(page, tag, sizeof tag);
    crypto_aead_free(aead);
}

enum abi_status fixture_command(struct fixture *f, uint64_t gctx, uint64_t request,
                                uint64_t response) {
    uint8_t buffer[PSP_GUEST_REQUEST_SIZE];
    abi_put_le64(buffer, gctx);
    abi_put_le64(buffer + 8, request);
    abi_put_le64(buffer + 16, response);
    return psp_command(f->psp, PSP_CMD_SNP_GUEST_REQUEST, buffer, sizeof buffer);
}

enum abi_status fixture_ring(struct fixture *f, const uint8_t page[ABI_PAGE_SIZE]) {
    must(mem_write(f->mem, REQUEST_PAGE, page, ABI_PAGE_SIZE), "request page");
    return fixture_command(f, GCTX_PAGE, REQUEST_PAGE, RESPONSE_PAGE);
}

bool fixture_open_at(struct fixture *f, uint64_t response_paddr, unsigned vmpck,
                     struct abi_msg_header *header, uint8_t payload[ABI_MSG_PAYLOAD_MAX]) {
    uint8_t bytes[ABI_PAGE_SIZE], iv[ABI_MSG_IV_SIZE];
    const size_t room = ABI_PAGE_SIZE - response_paddr % ABI_PAGE_SIZE;
    must(mem_read(f->mem, response_paddr, bytes, room), "response page");
    must(room >= ABI_MSG_HEADER_SIZE, "response address");
    abi_msg_header_decode(bytes, header);
    if (header->size > room - ABI_MSG_HEADER_SIZE) return false;
    struct crypto_aead *aead = aead_of(f, vmpck);
    abi_msg_iv(header->seqno, iv);
    memset(payload, 0, ABI_MSG_PAYLOAD_MAX);
    const bool opened =
        sevkit_ok(crypto_aead_open(aead, iv, bytes + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                                   bytes + ABI_MSG_HEADER_SIZE, header->size, bytes, payload));
    crypto_aead_free(aead);
    return opened;
}

enum abi_status fixture_call(struct fixture *f, uint8_t type, uint8_t version,
                             const uint8_t *payload, uint16_t size,
                             uint8_t reply[ABI_MSG_PAYLOAD_MAX]) {
    uint8_t page[ABI_PAGE_SIZE];
    const struct abi_msg_header h = abi_msg_header_make(type, version, 0, f->seqno[0], size);
    struct abi_msg_header r;
    fixture_seal(f, &h, payload, page);
    const enum abi_status status = fixture_ring(f, page);
    if (status != ABI_SUCCESS) return status;
    CU_ASSERT_FATAL(fixture_open_at(f, RESPONSE_PAGE, 0, &r, reply));
    CU_ASSERT_EQUAL(r.seqno, h.seqno + 1);
    f->seqno[0] += 2;
    return status;
}

uint32_t fixture_key(struct fixture *f, const struct abi_key_req *req, uint8_t key[ABI_KEY_SIZE]) {
    uint8_t payload[ABI_KEY_REQ_V2_PADDED_SIZE] = {0}, reply[ABI_MSG_PAYLOAD_MAX];
    struct abi_key_rsp rsp;
    abi_key_req_encode(2, req, payload);
    CU_ASSERT_EQUAL_FATAL(fixture_call(f, ABI_MSG_KEY_REQ, 2, payload, sizeof payload, reply),
                          ABI_SUCCESS);
    abi_key_rsp_decode(reply, &rsp);
    memcpy(key, rsp.derived_key, ABI_KEY_SIZE);
    return rsp.status;
}

uint32_t fixture_report(struct fixture *f, const struct abi_report_req *req,
                        struct abi_report_rsp *rsp) {
    uint8_t payload[ABI_REPORT_REQ_SIZE], reply[ABI_MSG_PAYLOAD_MAX];
    abi_report_req_encode(req, payload);
    CU_ASSERT_EQUAL_FATAL(fixture_call(f, ABI_MSG_REPORT_REQ, 1, payload, sizeof payload, reply),
                          ABI_SUCCESS);
    abi_report_rsp_decode(reply, rsp);
    return rsp->status;
}
