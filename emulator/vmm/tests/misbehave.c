/* What scenarios do at the guest request door and to certificates, each beside the same in a world that
 * behaves. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "psp/state.h"
#include "sevkit/secrets.h"

#define DEFAULT SEVKIT_PROFILE_DEFAULT
#define VLEK "milan-1.55.29-v3-vlek"
#define TURIN "turin-1.55.65-v5-vcek"
#define DAY INT64_C(86400)

#define FAULT(kind, first, count)                                                                  \
    "{\"faults\": [{\"kind\": \"" kind "\", \"first\": " first ", \"count\": " count "}]}"
#define FAULT_OF(kind, first, count, value)                                                        \
    "{\"faults\": [{\"kind\": \"" kind "\", \"first\": " first ", \"count\": " count               \
    ", \"value\": " value "}]}"

static bool untouched(const struct fixture *f) {
    for (size_t i = 0; i < sizeof f->response; i++) {
        if (f->response[i] != 0x5A) return false;
    }
    return true;
}

/* A report request: its response is intact. */
static bool answers(struct fixture *f) {
    uint8_t payload[ABI_REPORT_RSP_SIZE];
    return fixture_exitinfo2(fixture_ring(f, ABI_MSG_REPORT_REQ)) == 0 &&
           fixture_read(f, ABI_MSG_REPORT_REQ, payload, sizeof payload);
}

static uint64_t count_of(struct fixture *f) {
    uint64_t count[ABI_VMPCK_COUNT] = {UINT64_MAX};
    CU_ASSERT(psp_msg_count(f->m->psp, vmm_guest_pages(f->g).gctx, count));
    return count[0];
}

/* ---- answers without the firmware ---- */

/* Requests FIRST .. FIRST + COUNT - 1 of SCENARIO get EXIT, their neighbours an answer. */
static void instead(const char *scenario, uint64_t first, uint64_t count, struct sevkit_exit want) {
    struct fixture f;
    fixture_open(&f, DEFAULT, scenario);
    for (uint64_t i = 1; i < first + count + 2; i++) {
        const uint64_t fw = vmm_machine_fw_requests(f.m), number = count_of(&f);
        if (i < first || i >= first + count) {
            CU_ASSERT(answers(&f));
            CU_ASSERT_EQUAL(vmm_machine_fw_requests(f.m), fw + 1);
            continue;
        }
        const struct sevkit_exit exit = fixture_ring(&f, ABI_MSG_REPORT_REQ);
        CU_ASSERT_EQUAL(exit.fw_status, want.fw_status);
        CU_ASSERT_EQUAL(exit.vmm_error, want.vmm_error);
        CU_ASSERT_EQUAL(exit.es_result, want.es_result);
        CU_ASSERT(untouched(&f));
        CU_ASSERT(vmm_machine_fw_requests(f.m) == fw && count_of(&f) == number);
    }
    CU_ASSERT_EQUAL(vmm_machine_requests(f.m), first + count + 1);
    fixture_close(&f);
}

static void without_firmware(void) {
    instead("busy-3", 1, 3, (struct sevkit_exit){.vmm_error = SEVKIT_VMM_BUSY});
    instead("fw-status", 2, 1, (struct sevkit_exit){.fw_status = ABI_INVALID_PARAM});
    instead("vmm-error", 2, 1, (struct sevkit_exit){.vmm_error = SEVKIT_VMM_GENERIC});
    instead("es-result", 2, 1, (struct sevkit_exit){.es_result = 1});
    instead(FAULT_OF("fw_status", "1", "2", "40"), 1, 2, (struct sevkit_exit){.fw_status = 40});
}

static void for_ever(void) {
    struct fixture f;
    fixture_open(&f, DEFAULT, "busy-forever");
    for (unsigned i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_KEY_REQ)), UINT64_C(2) << 32);
    }
    CU_ASSERT_EQUAL(vmm_machine_fw_requests(f.m), 0);
    fixture_close(&f);
}

/* Of two answers the first in the list is given, and an extended request's pages are not looked at. */
static void first_wins(void) {
    struct fixture f;
    uint64_t npages = 0;
    fixture_open(&f, DEFAULT,
                 "{\"faults\": [{\"kind\": \"tcb_update\", \"first\": 9, \"count\": 1},"
                 "{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": 9},"
                 "{\"kind\": \"busy\", \"first\": 1, \"count\": 2}]}");
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring_ext(&f, ABI_MSG_REPORT_REQ, NULL, &npages)), 9);
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring_ext(&f, ABI_MSG_REPORT_REQ, NULL, &npages)),
                    UINT64_C(2) << 32);
    CU_ASSERT_EQUAL(npages, 0);
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring_ext(&f, ABI_MSG_REPORT_REQ, NULL, &npages)),
                    UINT64_C(1) << 32);
    fixture_close(&f);
}

/* A new scenario counts from 1 again. */
static void numbers_start_anew(void) {
    struct fixture f;
    fixture_open(&f, DEFAULT, FAULT("busy", "3", "1"));
    CU_ASSERT(answers(&f) && answers(&f));
    fixture_set(&f, FAULT("busy", "3", "1"));
    CU_ASSERT(vmm_machine_requests(f.m) == 0 && vmm_machine_fw_requests(f.m) == 0);
    CU_ASSERT_EQUAL(vmm_machine_scenario(f.m)->fault_count, 1);
    CU_ASSERT(answers(&f) && answers(&f));
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_KEY_REQ)), UINT64_C(2) << 32);
    CU_ASSERT(answers(&f));
    fixture_close(&f);
}

/* ---- changed responses ---- */

/* The same requests on the same machine without the fault: what the response would have been. */
static void expected(unsigned number, uint8_t page[ABI_PAGE_SIZE]) {
    struct fixture f;
    fixture_open(&f, DEFAULT, NULL);
    for (unsigned i = 0; i < number; i++) CU_ASSERT(answers(&f));
    memcpy(page, f.response, ABI_PAGE_SIZE);
    fixture_close(&f);
}

static void corrupted_signature(void) {
    struct fixture f;
    uint8_t good[ABI_REPORT_SIZE], bad[ABI_REPORT_SIZE], payload[ABI_KEY_RSP_SIZE];
    fixture_open(&f, DEFAULT, NULL);
    fixture_report(&f, good);
    CU_ASSERT(fixture_judge(&f, good, true).accepted);
    fixture_set(&f, "corrupted-signature");
    fixture_report(&f, bad); /* the message itself is intact */
    const struct pki_verdict verdict = fixture_judge(&f, bad, true);
    CU_ASSERT(!verdict.accepted && verdict.stage == PKI_STAGE_SIGNATURE);
    bad[ABI_REPORT_SIGNATURE_R] ^= 1; /* that bit and no other */
    UNIT_BYTES(good, bad, sizeof good);
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_KEY_REQ)), 0);
    CU_ASSERT(fixture_read(&f, ABI_MSG_KEY_REQ, payload, sizeof payload));
    fixture_close(&f);
}

/* A refusal has no signature, and what an earlier fault has altered is no message. */
static void nothing_to_corrupt(void) {
    struct fixture f;
    uint8_t payload[ABI_REPORT_RSP_SIZE], page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, "corrupted-signature");
    f.payload[ABI_REPORT_REQ_SIZE - 1] = 1; /* reserved */
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_REPORT_REQ)), 0);
    CU_ASSERT(fixture_read(&f, ABI_MSG_REPORT_REQ, payload, sizeof payload));
    CU_ASSERT_EQUAL(abi_get_le32(payload), ABI_INVALID_PARAM);
    CU_ASSERT(abi_all_zero(payload + ABI_REPORT_RSP_REPORT, ABI_REPORT_SIZE));
    fixture_close(&f);
    fixture_open(&f, DEFAULT,
                 "{\"faults\": ["
                 "{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": 1024},"
                 "{\"kind\": \"corrupt_signature\", \"first\": 1, \"count\": 1}]}");
    CU_ASSERT(!answers(&f));
    expected(1, page);
    page[1024 / 8] ^= 1;
    UNIT_BYTES(f.response, page, sizeof page);
    fixture_close(&f);
}

/* The number of the VMPCK altered on the way: no key of that number, or another key. */
static void another_key(void) {
    static const char *const bits[] = {"1", "2", "7"}; /* VMPCK 2, 4, 128 */
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        struct fixture f;
        uint8_t page[ABI_PAGE_SIZE];
        char scenario[256];
        const unsigned bit = (unsigned)(bits[i][0] - '0');
        snprintf(scenario, sizeof scenario,
                 "{\"faults\": ["
                 "{\"kind\": \"flip_bit\", \"first\": 1, \"count\": 1, \"value\": %u},"
                 "{\"kind\": \"corrupt_signature\", \"first\": 1, \"count\": 1}]}",
                 ABI_MSG_VMPCK * 8u + bit);
        fixture_open(&f, DEFAULT, scenario);
        CU_ASSERT(!answers(&f));
        expected(1, page);
        page[ABI_MSG_VMPCK] ^= (uint8_t)(1u << bit);
        UNIT_BYTES(f.response, page, sizeof page);
        fixture_close(&f);
    }
}

/* The machine's own cipher holds no guest's key when the response is out. */
static void key_is_forgotten(void) {
    static const uint8_t zero[CRYPTO_AEAD_KEY_SIZE], iv[ABI_MSG_IV_SIZE], aad[ABI_MSG_AAD_SIZE];
    struct fixture f;
    uint8_t text[2][16], tag[2][CRYPTO_AEAD_TAG_SIZE];
    fixture_open(&f, DEFAULT, "corrupted-signature");
    CU_ASSERT(answers(&f));
    UNIT_OK(crypto_aead_set_key(f.aead, zero));
    UNIT_OK(crypto_aead_seal(f.aead, iv, aad, sizeof aad, zero, 16, text[0], tag[0]));
    UNIT_OK(crypto_aead_seal(f.m->aead, iv, aad, sizeof aad, zero, 16, text[1], tag[1]));
    UNIT_BYTES(text[0], text[1], sizeof text[0]);
    fixture_close(&f);
}

static void replayed(void) {
    struct fixture f;
    uint8_t first[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, "replayed-response");
    CU_ASSERT(answers(&f));
    memcpy(first, f.response, sizeof first);
    CU_ASSERT(!answers(&f));
    UNIT_BYTES(f.response, first, sizeof first);
    CU_ASSERT_EQUAL(count_of(&f), 4); /* the firmware has served both */
    CU_ASSERT(answers(&f));
    fixture_set(&f, FAULT("replay", "1", "2")); /* nothing came before request 1 */
    CU_ASSERT(answers(&f));
    CU_ASSERT(!answers(&f));
    fixture_close(&f);
}

static void reordered(void) {
    struct fixture f;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, "reordered-response");
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_REPORT_REQ)), 0);
    CU_ASSERT(untouched(&f)); /* a success without a response */
    CU_ASSERT(!answers(&f));
    expected(1, page);
    UNIT_BYTES(f.response, page, sizeof page);
    CU_ASSERT(answers(&f)); /* request 2's own is lost, 3's is in time */
    fixture_close(&f);
}

/* Two in a row: each is one late. Refused requests in between change nothing. */
static void reordered_twice(void) {
    struct fixture f;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, FAULT("reorder", "1", "2"));
    CU_ASSERT(!answers(&f));
    CU_ASSERT(!answers(&f));
    expected(1, page);
    UNIT_BYTES(f.response, page, sizeof page);
    f.seqno += 2;
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_REPORT_REQ)), ABI_AEAD_OFLOW);
    f.seqno -= 2;
    CU_ASSERT(!answers(&f));
    expected(2, page);
    UNIT_BYTES(f.response, page, sizeof page);
    CU_ASSERT(answers(&f));
    fixture_set(&f, FAULT("reorder", "1", "1"));
    CU_ASSERT(!answers(&f));
    fixture_set(&f, FAULT("busy", "9", "1")); /* what was late is forgotten */
    CU_ASSERT(answers(&f));
    fixture_close(&f);
}

static void truncated(void) {
    struct fixture f;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, "truncated-response");
    CU_ASSERT(answers(&f));
    CU_ASSERT(!answers(&f));
    expected(2, page);
    UNIT_BYTES(f.response, page, 160);
    CU_ASSERT(page[160] != 0 && abi_all_zero(f.response + 160, ABI_PAGE_SIZE - 160));
    CU_ASSERT(answers(&f));
    fixture_close(&f);
}

static void flipped(void) {
    struct fixture f;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, "flipped-response");
    CU_ASSERT(answers(&f));
    CU_ASSERT(!answers(&f));
    expected(2, page);
    page[1024 / 8] ^= 1;
    UNIT_BYTES(f.response, page, sizeof page);
    fixture_set(&f, FAULT_OF("flip_bit", "1", "1", "32767"));
    CU_ASSERT(answers(&f)); /* the padding is not protected */
    CU_ASSERT_EQUAL(f.response[ABI_PAGE_SIZE - 1], 0x80);
    fixture_close(&f);
}

/* The firmware's response page in memory is not the one that is changed. */
static void memory_is_not_changed(void) {
    struct fixture f;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, FAULT_OF("truncate", "1", "1", "0"));
    CU_ASSERT(!answers(&f));
    CU_ASSERT(abi_all_zero(f.response, sizeof f.response));
    CU_ASSERT(mem_read(f.m->mem, vmm_guest_pages(f.g).response, page, sizeof page));
    CU_ASSERT_EQUAL(page[ABI_MSG_TYPE], ABI_MSG_REPORT_RSP);
    fixture_close(&f);
}

/* Late and repeated responses are a guest's own. */
static void guests_apart(void) {
    struct fixture f;
    fixture_open(&f, DEFAULT, FAULT("replay", "2", "1"));
    CU_ASSERT(answers(&f));
    struct vmm_guest *other = NULL;
    struct abi_secrets_page s;
    uint8_t page[ABI_PAGE_SIZE];
    UNIT_OK(vmm_guest_launch(f.m, &other));
    vmm_guest_secrets(other, page);
    UNIT_OK(abi_secrets_decode(page, sizeof page, &s));
    UNIT_OK(crypto_aead_set_key(f.aead, s.vmpck[0]));
    f.g = other;
    f.door = vmm_guest_door(other);
    f.seqno = 0;
    CU_ASSERT(answers(&f)); /* request 2 of the machine, the first of this guest */
    fixture_close(&f);
}

/* ---- what happens to the guest's world ---- */

static void wiped(void) {
    struct fixture f;
    struct abi_secrets_page with, without;
    uint8_t page[ABI_PAGE_SIZE];
    fixture_open(&f, DEFAULT, NULL);
    vmm_guest_secrets(f.g, page);
    UNIT_OK(abi_secrets_decode(page, sizeof page, &without));
    CU_ASSERT(!abi_all_zero(without.vmpck[0], ABI_VMPCK_SIZE));
    fixture_set(&f, "vmpck-wiped");
    vmm_guest_secrets(f.g, page);
    UNIT_OK(abi_secrets_decode(page, sizeof page, &with));
    CU_ASSERT(abi_all_zero(with.vmpck[0], ABI_VMPCK_SIZE));
    memcpy(with.vmpck[0], without.vmpck[0], ABI_VMPCK_SIZE);
    CU_ASSERT(memcmp(&with, &without, sizeof with) == 0); /* nothing else */
    CU_ASSERT(answers(&f));                               /* the firmware has its key still */
    fixture_close(&f);
}

/* A scenario that no file can hold: values beyond their range, at once and far, do nothing, nor does what
 * stands behind the last fault. */
static void out_of_range(void) {
    static const struct {
        enum sevkit_fault_kind kind;
        uint64_t value;
    } rows[] = {
        {SEVKIT_FAULT_WIPE_VMPCK, ABI_VMPCK_COUNT}, {SEVKIT_FAULT_WIPE_VMPCK, UINT64_C(1) << 40},
        {SEVKIT_FAULT_TRUNCATE, ABI_PAGE_SIZE},     {SEVKIT_FAULT_TRUNCATE, UINT64_C(1) << 40},
        {SEVKIT_FAULT_FLIP_BIT, ABI_PAGE_SIZE * 8}, {SEVKIT_FAULT_FLIP_BIT, UINT64_C(1) << 40},
    };
    struct fixture f;
    uint8_t with[ABI_PAGE_SIZE], without[ABI_PAGE_SIZE];
    struct sevkit_scenario s = vmm_scenario_none();
    fixture_open(&f, DEFAULT, NULL);
    memset(f.g->secrets + ABI_SECRETS_SEQNO_LOW, 0x11, 32); /* right behind the keys */
    vmm_guest_secrets(f.g, without);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s.faults[s.fault_count++] = (struct sevkit_fault){
            .kind = rows[i].kind, .first = 1, .count = 9, .value = rows[i].value};
    }
    s.faults[s.fault_count] = (struct sevkit_fault){SEVKIT_FAULT_WIPE_VMPCK, 1, 9, 0};
    vmm_machine_set_scenario(f.m, &s);
    vmm_guest_secrets(f.g, with);
    UNIT_BYTES(with, without, sizeof with);
    CU_ASSERT(answers(&f));
    for (unsigned kind = SEVKIT_FAULT_BUSY; kind <= SEVKIT_FAULT_TCB_UPDATE; kind++) {
        s.faults[s.fault_count] = (struct sevkit_fault){(enum sevkit_fault_kind)kind, 1, 9, 1};
        vmm_machine_set_scenario(f.m, &s);
        CU_ASSERT(answers(&f));
    }
    fixture_close(&f);
}

/* As many faults as a scenario may have. */
static void every_fault(void) {
    struct fixture f;
    struct sevkit_scenario s = vmm_scenario_none();
    fixture_open(&f, DEFAULT, NULL);
    while (s.fault_count < SEVKIT_FAULTS_MAX) {
        s.faults[s.fault_count++] = (struct sevkit_fault){SEVKIT_FAULT_FLIP_BIT, 1, 9, 32767};
    }
    s.faults[SEVKIT_FAULTS_MAX - 1].value = 32766;
    vmm_machine_set_scenario(f.m, &s);
    CU_ASSERT(answers(&f));
    CU_ASSERT_EQUAL(f.response[ABI_PAGE_SIZE - 1],
                    0xC0); /* 31 flips of one bit, one of the other */
    fixture_close(&f);
}

/* The report's FIELD of SIZE bytes is the same in A and B. */
#define SAME(a, b, field, size) (memcmp((a) + (field), (b) + (field), (size)) == 0)

static void migrates(const char *profile, bool vlek) {
    struct fixture f;
    struct vmm_certs old;
    uint8_t here[ABI_REPORT_SIZE], there[ABI_REPORT_SIZE];
    fixture_open(&f, profile, "migration");
    const struct sevkit_profile before = *vmm_machine_profile(f.m);
    fixture_report(&f, here);
    UNIT_OK(vmm_machine_certs(f.m, &old));
    CU_ASSERT(fixture_verify(here, &old, true).accepted);
    fixture_report(&f, there);
    const struct sevkit_profile after = *vmm_machine_profile(f.m);
    const size_t last = abi_hwid_size(before.product) - 1;
    CU_ASSERT_EQUAL(after.chip_id[last], before.chip_id[last] + 1);
    CU_ASSERT(SAME(after.chip_id, before.chip_id, 0, last));
    UNIT_BYTES(there + ABI_REPORT_CHIP_ID, after.chip_id, sizeof after.chip_id);
    CU_ASSERT(!SAME(here, there, ABI_REPORT_REPORT_ID, 32));
    CU_ASSERT(SAME(here, there, ABI_REPORT_REPORT_ID_MA, 32));
    CU_ASSERT(SAME(here, there, ABI_REPORT_REPORTED_TCB, 8));
    CU_ASSERT(SAME(here, there, ABI_REPORT_VERSION, ABI_REPORT_REPORT_ID));
    CU_ASSERT(fixture_judge(&f, there, true).accepted);
    const struct pki_verdict verdict = fixture_verify(there, &old, true);
    CU_ASSERT_EQUAL(verdict.accepted, vlek); /* a VLEK is the CSP's, not the chip's */
    if (!vlek) CU_ASSERT_EQUAL(verdict.stage, PKI_STAGE_BINDING);
    CU_ASSERT(answers(&f));
    CU_ASSERT_EQUAL(vmm_machine_profile(f.m)->chip_id[last], after.chip_id[last]);
    fixture_close(&f);
}

static void migration(void) {
    migrates(DEFAULT, false);
    migrates(VLEK, true);
    migrates(TURIN, false);
}

/* Keys from the chip's root change with the chip or the TCB, keys from the VMRK stay. */
static void keys_of(const char *scenario) {
    struct fixture f;
    uint8_t chip[2][ABI_KEY_RSP_SIZE] = {{0}}, vmrk[2][ABI_KEY_RSP_SIZE] = {{0}};
    for (unsigned i = 0; i < 4; i++) {
        const unsigned after = i % 2;
        const bool from_vmrk = i >= 2;
        if (after == 0) fixture_open(&f, DEFAULT, scenario);
        f.payload[0] = from_vmrk ? ABI_KEY_REQ_ROOT_KEY_SELECT : 0;
        uint8_t *payload = from_vmrk ? vmrk[after] : chip[after];
        CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_KEY_REQ)), 0);
        CU_ASSERT(fixture_read(&f, ABI_MSG_KEY_REQ, payload, ABI_KEY_RSP_SIZE));
        CU_ASSERT_EQUAL(abi_get_le32(payload), ABI_SUCCESS);
        if (after == 1) fixture_close(&f);
    }
    CU_ASSERT(memcmp(chip[0], chip[1], sizeof chip[0]) != 0);
    UNIT_BYTES(vmrk[0], vmrk[1], sizeof vmrk[0]);
    CU_ASSERT(memcmp(chip[0], vmrk[0], sizeof chip[0]) != 0);
}

static void keys(void) {
    keys_of("migration");
    keys_of("tcb-update");
}

/* A migration draws a new REPORT_ID for each guest, and nothing for places without one. */
static void what_a_migration_draws(void) {
    struct fixture f;
    struct vmm_guest *second = NULL;
    fixture_open(&f, DEFAULT, FAULT("migrate", "1", "1"));
    UNIT_OK(vmm_guest_launch(f.m, &second));
    struct crypto_drbg drbg = f.m->drbg;
    uint8_t drawn[2 * 32], next[2][16];
    crypto_drbg_random(&drbg, drawn, sizeof drawn);
    crypto_drbg_random(&drbg, next[0], sizeof next[0]);
    CU_ASSERT(answers(&f));
    UNIT_BYTES(f.m->psp->guests.gctx[0].report_id, drawn, 32);
    UNIT_BYTES(f.m->psp->guests.gctx[1].report_id, drawn + 32, 32);
    crypto_drbg_random(&f.m->drbg, next[1], sizeof next[1]);
    UNIT_BYTES(next[0], next[1], sizeof next[0]);
    fixture_close(&f);
}

/* The last byte of a hardware id never becomes 0. */
static void chips_in_a_row(void) {
    struct fixture f;
    fixture_open(&f, TURIN, FAULT("migrate", "1", "\"all\""));
    const uint8_t start = vmm_machine_profile(f.m)->chip_id[7];
    for (unsigned i = 0; i < 255; i++) {
        CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_TSC_INFO_REQ)), 0);
        CU_ASSERT(vmm_machine_profile(f.m)->chip_id[7] != 0);
        CU_ASSERT(abi_all_zero(vmm_machine_profile(f.m)->chip_id + 8, 56));
    }
    CU_ASSERT_EQUAL(vmm_machine_profile(f.m)->chip_id[7], start);
    fixture_close(&f);
}

static void updates(const char *profile) {
    struct fixture f;
    struct abi_report before, after;
    struct vmm_certs old;
    uint8_t here[ABI_REPORT_SIZE], there[ABI_REPORT_SIZE];
    fixture_open(&f, profile, "tcb-update");
    fixture_report(&f, here);
    UNIT_OK(vmm_machine_certs(f.m, &old));
    fixture_report(&f, there);
    UNIT_OK(abi_report_decode(here, sizeof here, &before));
    UNIT_OK(abi_report_decode(there, sizeof there, &after));
    const uint64_t one = UINT64_C(1) << 56; /* of microcode */
    CU_ASSERT_EQUAL(after.reported_tcb, before.reported_tcb + one);
    CU_ASSERT(abi_tcb_le(after.reported_tcb, after.committed_tcb));
    CU_ASSERT(abi_tcb_le(after.committed_tcb, after.current_tcb));
    CU_ASSERT(after.committed_tcb == before.committed_tcb ||
              after.committed_tcb == after.reported_tcb);
    CU_ASSERT(after.current_tcb == before.current_tcb || after.current_tcb == after.reported_tcb);
    CU_ASSERT_EQUAL(after.launch_tcb, before.launch_tcb);
    CU_ASSERT(SAME(here, there, ABI_REPORT_REPORT_DATA, 0x130));
    CU_ASSERT(fixture_judge(&f, there, true).accepted);
    CU_ASSERT(fixture_verify(here, &old, true).accepted);
    const struct pki_verdict verdict = fixture_verify(there, &old, true);
    CU_ASSERT(!verdict.accepted && verdict.stage == PKI_STAGE_BINDING);
    fixture_close(&f);
}

static void tcb_update(void) {
    updates(DEFAULT); /* reported, committed and current were equal */
    updates(VLEK);    /* room between them */
    updates(TURIN);
}

/* Microcode ends at 255. */
static void tcb_update_ends(void) {
    struct fixture f;
    fixture_open(&f, DEFAULT, FAULT("tcb_update", "1", "\"all\""));
    for (unsigned i = 84; i < 255 + 3; i++) {
        CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_TSC_INFO_REQ)), 0);
    }
    CU_ASSERT_EQUAL(vmm_machine_profile(f.m)->reported_tcb, UINT64_C(0xFF1700000000000A));
    fixture_close(&f);
}

/* ---- certificates ---- */

static void refused_at(const char *profile, const char *scenario, enum pki_stage stage) {
    struct fixture f;
    uint8_t report[ABI_REPORT_SIZE];
    fixture_open(&f, profile, NULL);
    fixture_report(&f, report);
    CU_ASSERT(fixture_judge(&f, report, true).accepted);
    fixture_set(&f, scenario);
    const struct pki_verdict verdict = fixture_judge(&f, report, true);
    CU_ASSERT(!verdict.accepted);
    CU_ASSERT_EQUAL(verdict.stage, stage);
    fixture_close(&f);
}

static void certificates(void) {
    static const char *const profiles[] = {DEFAULT, VLEK, TURIN};
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        const bool vlek = i == 1;
        refused_at(profiles[i], "vcek_tcb", PKI_STAGE_BINDING);
        refused_at(profiles[i], "kds_old_tcb", PKI_STAGE_BINDING);
        refused_at(profiles[i], "expired-certificates", PKI_STAGE_CHAIN);
        refused_at(profiles[i], vlek ? "revoked-asvk" : "revoked-ask", PKI_STAGE_REVOCATION);
        refused_at(profiles[i], "crl-expired", PKI_STAGE_REVOCATION);
    }
}

/* The other branch's CA may be revoked. */
static void revoked_elsewhere(void) {
    struct fixture f;
    uint8_t report[ABI_REPORT_SIZE];
    fixture_open(&f, DEFAULT, "revoked-asvk");
    fixture_report(&f, report);
    CU_ASSERT(fixture_judge(&f, report, true).accepted);
    fixture_close(&f);
}

/* Which key and TCB, and until when: only what the kind says differs. */
static void leaf_kinds(void) {
    struct fixture f;
    struct vmm_certs certs[4];
    struct pki_leaf_info info[4];
    struct pki_cert *leaf[4];
    static const char *const scenarios[] = {NULL, "vcek_tcb", "kds_old_tcb",
                                            "expired-certificates"};
    fixture_open(&f, DEFAULT, NULL);
    for (size_t i = 0; i < 4; i++) {
        fixture_set(&f, scenarios[i]);
        UNIT_OK(vmm_machine_certs(f.m, &certs[i]));
        UNIT_OK(pki_cert_parse(certs[i].leaf.bytes, certs[i].leaf.size, &leaf[i]));
        UNIT_OK(pki_cert_leaf_info(leaf[i], &info[i]));
        UNIT_BYTES(certs[i].ca.bytes, certs[0].ca.bytes, certs[0].ca.size);
        UNIT_BYTES(certs[i].ark.bytes, certs[0].ark.bytes, certs[0].ark.size);
    }
    CU_ASSERT_EQUAL(info[1].tcb.snp, info[0].tcb.snp - 1);
    CU_ASSERT_EQUAL(info[1].tcb.microcode, info[0].tcb.microcode);
    CU_ASSERT_EQUAL(info[2].tcb.microcode, info[0].tcb.microcode - 1);
    CU_ASSERT_EQUAL(info[2].tcb.snp, info[0].tcb.snp);
    CU_ASSERT(memcmp(&info[3].tcb, &info[0].tcb, sizeof info[0].tcb) == 0);
    CU_ASSERT_EQUAL(pki_cert_not_after(leaf[3]), SEVKIT_EPOCH_EMBEDDED - DAY);
    CU_ASSERT(pki_cert_not_after(leaf[0]) > SEVKIT_EPOCH_EMBEDDED);
    for (size_t i = 0; i < 4; i++) pki_cert_free(leaf[i]);
    fixture_close(&f);
}

/* No older TCB than 0: a failure of the host, which the guest sees as a generic error. */
static void no_older_tcb(void) {
    struct sevkit_profile p;
    struct vmm_machine *m = NULL;
    struct vmm_guest *g = NULL;
    struct vmm_certs certs;
    struct sevkit_exit exit = {0xFF, 0xFF, 0xFF};
    uint8_t page[ABI_PAGE_SIZE] = {0}, response[ABI_PAGE_SIZE];
    uint64_t npages = 0;
    const struct sevkit_scenario s = fixture_scenario("kds_old_tcb");
    UNIT_OK(vmm_profile_builtin(DEFAULT, &p));
    p.reported_tcb = 0;
    UNIT_OK(vmm_machine_new(&p, NULL, 1, &m));
    UNIT_OK(vmm_guest_launch(m, &g));
    UNIT_OK(vmm_machine_certs(m, &certs));
    vmm_machine_set_scenario(m, &s);
    const struct sevkit_result r = vmm_machine_certs(m, &certs);
    UNIT_FAILS(r, SEVKIT_NOT_FOUND, "tcb");
    CU_ASSERT(r.value == 0 && r.offset == SEVKIT_NO_OFFSET);
    const struct sevkit_guest_door door = vmm_guest_door(g);
    page[ABI_MSG_TYPE] = ABI_MSG_REPORT_REQ;
    door.ext_request(door.ctx, page, response, NULL, &npages, &exit);
    CU_ASSERT_EQUAL(fixture_exitinfo2(exit), UINT64_C(0xFFFFFFFF00000000));
    CU_ASSERT(npages == 0 && vmm_machine_fw_requests(m) == 0);
    vmm_machine_free(m);
}

static const struct unit_test tests[] = {
    {"without-firmware", without_firmware},
    {"for-ever", for_ever},
    {"first-wins", first_wins},
    {"numbers-start-anew", numbers_start_anew},
    {"corrupted-signature", corrupted_signature},
    {"nothing-to-corrupt", nothing_to_corrupt},
    {"another-key", another_key},
    {"key-is-forgotten", key_is_forgotten},
    {"replayed", replayed},
    {"reordered", reordered},
    {"reordered-twice", reordered_twice},
    {"truncated", truncated},
    {"flipped", flipped},
    {"memory-is-not-changed", memory_is_not_changed},
    {"guests-apart", guests_apart},
    {"wiped", wiped},
    {"out-of-range", out_of_range},
    {"every-fault", every_fault},
    {"migration", migration},
    {"what-a-migration-draws", what_a_migration_draws},
    {"keys", keys},
    {"chips-in-a-row", chips_in_a_row},
    {"tcb-update", tcb_update},
    {"tcb-update-ends", tcb_update_ends},
    {"certificates", certificates},
    {"revoked-elsewhere", revoked_elsewhere},
    {"leaf-kinds", leaf_kinds},
    {"no-older-tcb", no_older_tcb},
    {NULL, NULL},
};

const struct unit_suite misbehave_suite = {"misbehave", tests};
