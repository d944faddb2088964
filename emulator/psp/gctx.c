/* Guest contexts: installing, removing, the secrets page. Guest message notes, sections 3, 10
 * and 11. All memory for them is taken when the PSP is made. */
#include "psp/gctx.h"

#include <stdlib.h>
#include <string.h>

#include "psp/state.h"
#include "sevkit/secrets.h"

#define SECRETS_VERSION_TSC 3 /* the first that has TSC_FACTOR */

struct sevkit_result psp_gctx_table_init(struct psp_gctx_table *table, unsigned capacity) {
    table->capacity = capacity;
    table->paddr = calloc(capacity, sizeof *table->paddr);
    table->gctx = calloc(capacity, sizeof *table->gctx);
    if (table->paddr == NULL || table->gctx == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "guests_max", SEVKIT_NO_OFFSET, capacity,
                           "memory for the guest contexts");
    }
    for (unsigned i = 0; i < capacity; i++) table->paddr[i] = PSP_GCTX_FREE;
    return sevkit_success();
}

void psp_gctx_table_free(struct psp_gctx_table *table) {
    if (table->gctx != NULL) crypto_wipe(table->gctx, table->capacity * sizeof *table->gctx);
    free(table->gctx);
    free(table->paddr);
}

/* The place that holds PADDR, or capacity. */
static unsigned place_of(const struct psp_gctx_table *table, uint64_t paddr) {
    unsigned i = 0;
    while (i < table->capacity && table->paddr[i] != paddr) i++;
    return i;
}

struct psp_gctx *psp_gctx_find(const struct psp_gctx_table *table, uint64_t paddr) {
    if (paddr == PSP_GCTX_FREE) return NULL;
    const unsigned i = place_of(table, paddr);
    return i < table->capacity ? &table->gctx[i] : NULL;
}

/* An absent ID block or author key leaves zeros: that is what the report and guest keys state. */
static struct sevkit_id_block id_block_of(const struct sevkit_profile *profile) {
    struct sevkit_id_block block = profile->id_block;
    if (!block.present) memset(&block, 0, sizeof block); /* @req SNP-RPT-019 */
    if (block.author_key_en) return block;               /* @req SNP-RPT-020 */
    memset(block.author_key_digest, 0, sizeof block.author_key_digest);
    return block;
}

static void gctx_fill(struct psp_gctx *gctx, const struct sevkit_profile *profile,
                      enum psp_guest_state state, const struct sevkit_env *env) {
    *gctx = (struct psp_gctx){
        .state = state,
        .policy = profile->policy,
        .id_block = id_block_of(profile),
        .vcek_dis = profile->vcek_dis,
        .launch_tcb = profile->launch_tcb,
        .launch_mit_vector = profile->launch_mit_vector,
        .tsc_desired_khz = profile->tsc_desired_khz,
        .tsc_offset = profile->tsc_offset,
    };
    memcpy(gctx->host_data, profile->host_data, sizeof gctx->host_data);
    memcpy(gctx->measurement, profile->measurement, sizeof gctx->measurement);
    memcpy(gctx->gosvw, profile->gosvw, sizeof gctx->gosvw);
    memcpy(gctx->msg_count, profile->msg_count, sizeof gctx->msg_count);
    memset(gctx->report_id_ma, 0xFF, sizeof gctx->report_id_ma); /* @req SNP-RPT-022 */
    if (profile->has_report_id_ma) {
        memcpy(gctx->report_id_ma, profile->report_id_ma, sizeof gctx->report_id_ma);
    }
    for (unsigned i = 0; i < ABI_VMPCK_COUNT; i++) {
        env->random(env->ctx, gctx->vmpck[i], sizeof gctx->vmpck[i]);
    }
    env->random(env->ctx, gctx->vmrk, sizeof gctx->vmrk);
    env->random(env->ctx, gctx->report_id, sizeof gctx->report_id);
}

struct sevkit_result psp_guest_install(struct psp *psp, uint64_t gctx_paddr,
                                       const struct sevkit_profile *profile,
                                       enum psp_guest_state state) {
    struct rmp_entry page;
    if (gctx_paddr % RMP_PAGE_4K != 0 || !rmp_lookup(psp->rmp, gctx_paddr, &page)) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "GCTX_PADDR", SEVKIT_NO_OFFSET, gctx_paddr,
                           "the start of a page inside memory");
    }
    if (rmp_entry_state(&page) != RMP_FIRMWARE || page.size != RMP_4K) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "GCTX_PADDR", SEVKIT_NO_OFFSET, gctx_paddr,
                           "a 4 KiB firmware page");
    }
    const unsigned place = place_of(&psp->guests, PSP_GCTX_FREE);
    if (place == psp->guests.capacity) {
        return sevkit_fail(SEVKIT_LIMIT, "guests_max", SEVKIT_NO_OFFSET, psp->guests.capacity,
                           "a free guest context");
    }
    const struct rmp_move_args args = {.size = RMP_4K};
    if (rmp_move(psp->rmp, RMP_MOVE_GCTX_CREATE, gctx_paddr, &args) != RMP_MOVED)
        return sevkit_fail(SEVKIT_BAD_VALUE, "GCTX_PADDR", SEVKIT_NO_OFFSET, gctx_paddr,
                           "a page that is not in use");
    psp->guests.paddr[place] = gctx_paddr;
    gctx_fill(&psp->guests.gctx[place], profile, state, &psp->env);
    return sevkit_success();
}

void psp_guest_remove(struct psp *psp, uint64_t gctx_paddr) {
    static const uint8_t no_key[CRYPTO_AEAD_KEY_SIZE];
    struct psp_gctx *gctx = psp_gctx_find(&psp->guests, gctx_paddr);
    if (gctx == NULL) return;
    crypto_wipe(gctx, sizeof *gctx);
    psp->guests.paddr[gctx - psp->guests.gctx] = PSP_GCTX_FREE;
    /* The cipher may hold a VMPCK of this guest. Neither call can fail: a cipher
     * that crypto_aead_new made takes any key, and the page was a context. */
    if (!sevkit_ok(crypto_aead_set_key(psp->aead, no_key))) abort();
    if (!rmp_set(psp->rmp, gctx_paddr, RMP_FIRMWARE, RMP_4K)) abort();
}

struct sevkit_result psp_secrets_page(const struct psp *psp, uint64_t gctx_paddr,
                                      uint8_t page[ABI_PAGE_SIZE]) {
    const struct psp_gctx *gctx = psp_gctx_find(&psp->guests, gctx_paddr);
    if (gctx == NULL) {
        return sevkit_fail(SEVKIT_NOT_FOUND, "GCTX_PADDR", SEVKIT_NO_OFFSET, gctx_paddr,
                           "the page of a guest context");
    }
    const struct sevkit_profile *p = &psp->profile;
    struct abi_secrets_page s = {.version = p->secrets_version, .fms = abi_fms_to_eax(p->fms)};
    if (s.version >= SECRETS_VERSION_TSC) s.tsc_factor = p->tsc_factor; /* @req SNP-SEC-009 */
    const bool mit = s.version >= ABI_SECRETS_VERSION_MIT;              /* @req SNP-SEC-003 */
    if (mit) s.launch_mit_vector = gctx->launch_mit_vector;
    memcpy(s.gosvw, gctx->gosvw, sizeof s.gosvw);
    memcpy(s.vmpck, gctx->vmpck, sizeof s.vmpck);
    abi_secrets_encode(&s, page);
    crypto_wipe(&s, sizeof s);
    return sevkit_success();
}

bool psp_msg_count(const struct psp *psp, uint64_t gctx_paddr, uint64_t count[ABI_VMPCK_COUNT]) {
    const struct psp_gctx *gctx = psp_gctx_find(&psp->guests, gctx_paddr);
    if (gctx == NULL) return false;
    memcpy(count, gctx->msg_count, sizeof gctx->msg_count);
    return true;
}
