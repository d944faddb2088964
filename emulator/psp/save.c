/* Saving and restoring the firmware's state: psp/save.h. Guest message notes, section 3, list what a guest's
 * context holds. Keys of the platform are not saved: they follow from chip id and TCB. */
#include "psp/save.h"

#include <string.h>

/* ---- the walk ---- */

struct psp_walk psp_walk_start(bool reading, uint8_t *bytes, size_t size) {
    return (struct psp_walk){
        .reading = reading, .bytes = bytes, .size = size, .result = sevkit_success()};
}

static void fail(struct psp_walk *walk, enum sevkit_code code, const char *field, uint64_t value,
                 const char *rule) {
    walk->result = sevkit_fail(code, field, walk->at, value, rule);
}

void psp_walk_bytes(struct psp_walk *walk, const char *field, void *bytes, size_t size) {
    if (!sevkit_ok(walk->result)) return;
    const bool counting = walk->bytes == NULL && !walk->reading;
    if (!counting && size > walk->size - walk->at) {
        fail(walk, SEVKIT_BAD_LENGTH, field, walk->size, "the saved state ends before this field");
        return;
    }
    if (walk->reading) memcpy(bytes, walk->bytes + walk->at, size);
    if (!walk->reading && !counting) memcpy(walk->bytes + walk->at, bytes, size);
    walk->at += size;
}

void psp_walk_u8(struct psp_walk *walk, const char *field, uint8_t *value) {
    psp_walk_bytes(walk, field, value, 1);
}

void psp_walk_u32(struct psp_walk *walk, const char *field, uint32_t *value) {
    uint8_t le[4];
    abi_put_le32(le, *value);
    psp_walk_bytes(walk, field, le, sizeof le);
    *value = abi_get_le32(le);
}

void psp_walk_u64(struct psp_walk *walk, const char *field, uint64_t *value) {
    uint8_t le[8];
    abi_put_le64(le, *value);
    psp_walk_bytes(walk, field, le, sizeof le);
    *value = abi_get_le64(le);
}

void psp_walk_check(struct psp_walk *walk, bool ok, const char *field, uint64_t value,
                    const char *rule) {
    if (!walk->reading || !sevkit_ok(walk->result) || ok) return;
    fail(walk, SEVKIT_BAD_VALUE, field, value, rule);
}

void psp_walk_bool(struct psp_walk *walk, const char *field, bool *value) {
    uint8_t byte = *value ? 1 : 0;
    psp_walk_u8(walk, field, &byte);
    psp_walk_check(walk, byte <= 1, field, byte, "must be 0 or 1");
    *value = byte == 1;
}

/* ---- what is saved ---- */

static void walk_id_block(struct psp_walk *w, struct sevkit_id_block *b) {
    psp_walk_bool(w, "ID_BLOCK", &b->present);
    psp_walk_bytes(w, "FAMILY_ID", b->family_id, sizeof b->family_id);
    psp_walk_bytes(w, "IMAGE_ID", b->image_id, sizeof b->image_id);
    psp_walk_u32(w, "GUEST_SVN", &b->guest_svn);
    psp_walk_bytes(w, "ID_KEY_DIGEST", b->id_key_digest, sizeof b->id_key_digest);
    psp_walk_bool(w, "AUTHOR_KEY_EN", &b->author_key_en);
    psp_walk_bytes(w, "AUTHOR_KEY_DIGEST", b->author_key_digest, sizeof b->author_key_digest);
}

static void walk_gctx(struct psp_walk *w, struct psp_gctx *g) {
    uint8_t state = (uint8_t)g->state;
    psp_walk_u8(w, "GUEST_STATE", &state);
    psp_walk_check(w, state <= PSP_GUEST_RUNNING, "GUEST_STATE", state, "must be 0 to 2");
    g->state = (enum psp_guest_state)state;
    for (size_t i = 0; i < ABI_VMPCK_COUNT; i++) {
        psp_walk_bytes(w, "VMPCK", g->vmpck[i], sizeof g->vmpck[i]);
        psp_walk_u64(w, "MSG_COUNT", &g->msg_count[i]);
    }
    psp_walk_bytes(w, "VMRK", g->vmrk, sizeof g->vmrk);
    psp_walk_bytes(w, "REPORT_ID", g->report_id, sizeof g->report_id);
    psp_walk_bytes(w, "REPORT_ID_MA", g->report_id_ma, sizeof g->report_id_ma);
    psp_walk_u64(w, "POLICY", &g->policy);
    psp_walk_bytes(w, "HOST_DATA", g->host_data, sizeof g->host_data);
    psp_walk_bytes(w, "MEASUREMENT", g->measurement, sizeof g->measurement);
    walk_id_block(w, &g->id_block);
    psp_walk_bool(w, "VCEK_DIS", &g->vcek_dis);
    psp_walk_bytes(w, "GOSVW", g->gosvw, sizeof g->gosvw);
    psp_walk_u64(w, "LAUNCH_TCB", &g->launch_tcb);
    psp_walk_u64(w, "LAUNCH_MIT_VECTOR", &g->launch_mit_vector);
    psp_walk_u32(w, "TSC_DESIRED_KHZ", &g->tsc_desired_khz);
    psp_walk_u64(w, "TSC_OFFSET", &g->tsc_offset);
}

static void walk_tcb(struct psp *psp, struct psp_walk *w, const char *field, uint64_t *tcb) {
    struct abi_tcb_parts parts;
    psp_walk_u64(w, field, tcb);
    psp_walk_check(w, sevkit_ok(abi_tcb_unpack(psp->profile.product, *tcb, &parts)), field, *tcb,
                   "must be a TCB version of the profile's product");
}

static void walk_platform(struct psp *psp, struct psp_walk *w) {
    uint8_t state = (uint8_t)psp->platform_state;
    psp_walk_u8(w, "PLATFORM_STATE", &state);
    psp_walk_check(w, state <= PSP_PLATFORM_INIT, "PLATFORM_STATE", state, "must be 0 or 1");
    psp->platform_state = (enum psp_platform_state)state;
    psp_walk_bytes(w, "CHIP_ID", psp->profile.chip_id, sizeof psp->profile.chip_id);
    walk_tcb(psp, w, "CURRENT_TCB", &psp->profile.current_tcb);
    walk_tcb(psp, w, "COMMITTED_TCB", &psp->profile.committed_tcb);
    walk_tcb(psp, w, "REPORTED_TCB", &psp->profile.reported_tcb);
}

/* What the RMP says of the page is the RMP's: the host may have made anything of it since. */
static void check_page(const struct psp *psp, struct psp_walk *w, uint64_t paddr) {
    struct rmp_entry page;
    const bool inside = rmp_lookup(psp->rmp, paddr, &page);
    const bool is_free = psp_gctx_find(&psp->guests, paddr) == NULL;
    psp_walk_check(w, inside && is_free, "GCTX_PADDR", paddr,
                   "must be a page of one context, inside memory");
}

/* One place: its number, its page, its context. */
static void walk_place(struct psp *psp, struct psp_walk *w, uint32_t *place) {
    psp_walk_u32(w, "PLACE", place);
    psp_walk_check(w, *place < psp->guests.capacity, "PLACE", *place,
                   "must be below the profile's guests_max");
    if (!sevkit_ok(w->result)) return;
    uint64_t paddr = psp->guests.paddr[*place];
    psp_walk_check(w, paddr == PSP_GCTX_FREE, "PLACE", *place, "must hold one context only");
    psp_walk_u64(w, "GCTX_PADDR", &paddr);
    check_page(psp, w, paddr);
    psp->guests.paddr[*place] = paddr;
    walk_gctx(w, &psp->guests.gctx[*place]);
}

void psp_save_walk(struct psp *psp, struct psp_walk *walk) {
    uint32_t count = 0;
    walk_platform(psp, walk);
    for (unsigned i = 0; i < psp->guests.capacity; i++)
        if (psp->guests.paddr[i] != PSP_GCTX_FREE) count++;
    psp_walk_u32(walk, "GUEST_COUNT", &count);
    psp_walk_check(walk, count <= psp->guests.capacity, "GUEST_COUNT", count,
                   "must be at most the profile's guests_max");
    uint32_t place = 0;
    for (uint32_t i = 0; i < count && sevkit_ok(walk->result); i++, place++) {
        if (!walk->reading)
            while (psp->guests.paddr[place] == PSP_GCTX_FREE) place++;
        walk_place(psp, walk, &place);
    }
}
