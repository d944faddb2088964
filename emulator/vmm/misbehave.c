/* Faults of a scenario at the guest request door. */
#include "vmm/misbehave.h"

#include <string.h>

#include "sevkit/secrets.h"
#include "vmm/table.h"

/* The fault at INDEX if it meets the current request, else NULL. */
static const struct sevkit_fault *met(const struct vmm_machine *m, size_t index) {
    const struct sevkit_fault *f = &m->scenario.faults[index];
    const bool meets = m->requests >= f->first && m->requests - f->first < f->count;
    return meets ? f : NULL;
}

static bool meets(const struct vmm_machine *m, enum sevkit_fault_kind kind) {
    for (size_t i = 0; i < m->scenario.fault_count; i++) {
        const struct sevkit_fault *f = met(m, i);
        if (f != NULL && f->kind == kind) return true;
    }
    return false;
}

/* ---- the secrets page ---- */

void vmm_misbehave_secrets(const struct vmm_machine *machine, uint8_t page[ABI_PAGE_SIZE]) {
    for (size_t i = 0; i < machine->scenario.fault_count; i++) {
        const struct sevkit_fault *f = &machine->scenario.faults[i];
        struct abi_secrets_page s;
        if (f->kind != SEVKIT_FAULT_WIPE_VMPCK || f->value >= ABI_VMPCK_COUNT) continue;
        vmm_must(sevkit_ok(abi_secrets_decode(page, ABI_PAGE_SIZE, &s)));
        memset(s.vmpck[f->value], 0, sizeof s.vmpck[f->value]);
        abi_secrets_encode(&s, page);
        crypto_wipe(&s, sizeof s);
    }
}

/* ---- before the request ---- */

void vmm_misbehave_next_chip(enum abi_product product, uint8_t chip_id[64]) {
    uint8_t *last = &chip_id[abi_hwid_size(product) - 1];
    *last = *last == UINT8_MAX ? 1 : (uint8_t)(*last + 1);
}

static void migrate(struct vmm_machine *m) {
    vmm_misbehave_next_chip(m->profile.product, m->profile.chip_id);
    psp_move(m->psp, m->profile.chip_id);
    vmm_table_forget(m);
}

static void raise_microcode(enum abi_product product, uint64_t *tcb, uint8_t to) {
    struct abi_tcb_parts parts;
    vmm_must(sevkit_ok(abi_tcb_unpack(product, *tcb, &parts))); /* the profile's loader saw to it */
    if (parts.microcode >= to) return;
    parts.microcode = to;
    *tcb = abi_tcb_pack(product, &parts);
}

/* REPORTED <= COMMITTED <= CURRENT (attestation report notes, section 6): what is below comes along. */
static void update_tcb(struct vmm_machine *m) {
    struct sevkit_profile *p = &m->profile;
    struct abi_tcb_parts parts;
    vmm_must(sevkit_ok(abi_tcb_unpack(p->product, p->reported_tcb, &parts)));
    const uint8_t to = (uint8_t)(parts.microcode + 1); /* 0 after 255: then nothing rises */
    uint64_t *const tcbs[] = {&p->reported_tcb, &p->committed_tcb, &p->current_tcb};
    for (size_t i = 0; i < sizeof tcbs / sizeof tcbs[0]; i++) {
        raise_microcode(p->product, tcbs[i], to);
    }
    psp_set_tcb(m->psp, p->current_tcb, p->committed_tcb, p->reported_tcb);
    vmm_table_forget(m);
}

void vmm_misbehave_before(struct vmm_machine *machine) {
    if (meets(machine, SEVKIT_FAULT_MIGRATE)) migrate(machine);
    if (meets(machine, SEVKIT_FAULT_TCB_UPDATE)) update_tcb(machine);
}

/* ---- instead of the firmware ---- */

bool vmm_misbehave_instead(const struct vmm_machine *machine, struct sevkit_exit *exit) {
    for (size_t i = 0; i < machine->scenario.fault_count; i++) {
        const struct sevkit_fault *f = met(machine, i);
        if (f == NULL) continue;
        *exit = (struct sevkit_exit){0};
        if (f->kind == SEVKIT_FAULT_BUSY) exit->vmm_error = SEVKIT_VMM_BUSY;
        if (f->kind == SEVKIT_FAULT_VMM_ERROR) exit->vmm_error = (uint32_t)f->value;
        if (f->kind == SEVKIT_FAULT_FW_STATUS) exit->fw_status = (uint32_t)f->value;
        if (f->kind == SEVKIT_FAULT_ES_RESULT) exit->es_result = (uint32_t)f->value;
        if ((exit->vmm_error | exit->fw_status | exit->es_result) != 0) return true;
    }
    return false;
}

/* ---- the response ---- */

/* Decrypts the message in PAGE, flips a bit of its report's R and encrypts it again under the same header
 * and IV, so that only the signature is wrong. A refusal, which has no report, stays. */
static SEVKIT_MUST struct sevkit_result corrupt_signature(struct crypto_aead *aead,
                                                          const uint8_t vmpck[ABI_VMPCK_SIZE],
                                                          uint8_t page[ABI_PAGE_SIZE]) {
    const uint8_t *aad = page + ABI_MSG_AAD_OFFSET;
    uint8_t iv[ABI_MSG_IV_SIZE], payload[ABI_REPORT_RSP_SIZE];
    abi_msg_iv(abi_get_le64(page + ABI_MSG_SEQNO), iv);
    SEVKIT_TRY(crypto_aead_set_key(aead, vmpck));
    SEVKIT_TRY(crypto_aead_open(aead, iv, aad, ABI_MSG_AAD_SIZE, page + ABI_MSG_HEADER_SIZE,
                                sizeof payload, page + ABI_MSG_AUTHTAG, payload));
    if (abi_get_le32(payload) != ABI_SUCCESS) return sevkit_success();
    payload[ABI_REPORT_RSP_REPORT + ABI_REPORT_SIGNATURE_R] ^= 1;
    return crypto_aead_seal(aead, iv, aad, ABI_MSG_AAD_SIZE, payload, sizeof payload,
                            page + ABI_MSG_HEADER_SIZE, page + ABI_MSG_AUTHTAG);
}

static void corrupt(const struct vmm_guest *guest, uint8_t page[ABI_PAGE_SIZE]) {
    static const uint8_t no_key[CRYPTO_AEAD_KEY_SIZE];
    struct crypto_aead *aead = guest->machine->aead;
    struct abi_secrets_page s;
    const uint8_t index = page[ABI_MSG_VMPCK];
    if (index >= ABI_VMPCK_COUNT) return; /* altered by an earlier fault */
    vmm_must(sevkit_ok(abi_secrets_decode(guest->secrets, sizeof guest->secrets, &s)));
    /* What is no intact REPORT_RSP does not open as one: there is no signature to corrupt. */
    const struct sevkit_result r = corrupt_signature(aead, s.vmpck[index], page);
    vmm_must(sevkit_ok(r) || r.code == SEVKIT_BAD_CRYPTO);
    vmm_must(sevkit_ok(crypto_aead_set_key(aead, no_key)));
    crypto_wipe(&s, sizeof s);
}

/* One fault to PAGE; BEFORE is the response before, NULL without one. */
static void change(const struct sevkit_fault *f, const struct vmm_guest *guest,
                   const uint8_t *before, uint8_t page[ABI_PAGE_SIZE]) {
    if (f->kind == SEVKIT_FAULT_CORRUPT_SIGNATURE) corrupt(guest, page);
    if (f->kind == SEVKIT_FAULT_REPLAY && before != NULL) memcpy(page, before, ABI_PAGE_SIZE);
    if (f->kind == SEVKIT_FAULT_TRUNCATE && f->value < ABI_PAGE_SIZE) {
        memset(page + f->value, 0, ABI_PAGE_SIZE - f->value);
    }
    if (f->kind == SEVKIT_FAULT_FLIP_BIT && f->value < ABI_PAGE_SIZE * 8) {
        page[f->value / 8] ^= (uint8_t)(1u << f->value % 8);
    }
}

/* A late response takes the place of the next one, which is late in its turn if it is met too, else
 * lost. */
static bool reorder(struct vmm_guest *guest, bool is_late, uint8_t page[ABI_PAGE_SIZE]) {
    uint8_t own[ABI_PAGE_SIZE];
    const bool had_late = guest->has_late;
    memcpy(own, page, sizeof own);
    if (had_late) memcpy(page, guest->late, ABI_PAGE_SIZE);
    guest->has_late = is_late;
    if (is_late) memcpy(guest->late, own, sizeof own);
    return had_late || !is_late;
}

bool vmm_misbehave_after(struct vmm_guest *guest, uint8_t page[ABI_PAGE_SIZE]) {
    const struct vmm_machine *m = guest->machine;
    uint8_t before[ABI_PAGE_SIZE];
    const bool has_before = guest->has_last;
    if (has_before) memcpy(before, guest->last, sizeof before);
    memcpy(guest->last, page, ABI_PAGE_SIZE);
    guest->has_last = true;
    for (size_t i = 0; i < m->scenario.fault_count; i++) {
        const struct sevkit_fault *f = met(m, i);
        if (f != NULL) change(f, guest, has_before ? before : NULL, page);
    }
    return reorder(guest, meets(m, SEVKIT_FAULT_REORDER), page);
}

/* ---- a machine in a scenario ---- */

void vmm_machine_set_scenario(struct vmm_machine *machine, const struct sevkit_scenario *scenario) {
    machine->scenario = *scenario;
    machine->requests = 0;
    machine->fw_requests = 0;
    for (struct vmm_guest *g = machine->guests; g != NULL; g = g->next) {
        g->has_last = false;
        g->has_late = false;
    }
    vmm_table_forget(machine);
}

const struct sevkit_scenario *vmm_machine_scenario(const struct vmm_machine *machine) {
    return &machine->scenario;
}

uint64_t vmm_machine_requests(const struct vmm_machine *machine) {
    return machine->requests;
}

uint64_t vmm_machine_fw_requests(const struct vmm_machine *machine) {
    return machine->fw_requests;
}
