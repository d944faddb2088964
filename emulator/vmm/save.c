/* A machine and its guests as bytes and back: sevkit/machine.h.
 *
 * Format 2, little-endian: "SEVKITVM", u32 format; environment, counters of the scenario, profile's name;
 * firmware (psp/save.c); page allocator; guests, newest first; RMP (save_rmp.c); SHA-384 of all before it.
 * Certificates are minted anew, memory outside of the guests' pages is not used. Format 1 had no RMP. */
#include <stdlib.h>
#include <string.h>

#include "psp/save.h"
#include "sevkit/secrets.h"
#include "vmm/machine.h"
#include "vmm/save_rmp.h"

#define FORMAT 2
static const char magic[8] = {'S', 'E', 'V', 'K', 'I', 'T', 'V', 'M'};

/* ---- environment and profile ---- */

/* DRBG, of which nothing was drawn yet, comes to the state that was saved. The block is told by its number,
 * so that it is not saved; the one before the first is all used and stands for none. */
static void set_drbg(struct crypto_drbg *drbg, uint64_t next_block, uint8_t used) {
    uint8_t skipped[CRYPTO_SHA384_SIZE];
    drbg->next_block = next_block - 1;
    crypto_drbg_random(drbg, skipped, used);
    crypto_wipe(skipped, sizeof skipped);
}

static void walk_env(struct vmm_machine *m, struct psp_walk *w) {
    bool own = m->env.ctx == &m->drbg;
    uint64_t next_block = m->drbg.next_block;
    uint8_t used = (uint8_t)m->drbg.used;
    const bool have_own = own;
    psp_walk_bool(w, "OWN_ENVIRONMENT", &own);
    psp_walk_check(w, own == have_own, "OWN_ENVIRONMENT", own ? 1 : 0,
                   "must be as the caller gives an environment, or none");
    if (!own) return;
    psp_walk_u64(w, "SEED", &m->drbg.seed);
    psp_walk_u64(w, "RANDOM_BLOCK", &next_block);
    psp_walk_u8(w, "RANDOM_USED", &used);
    const bool fits = used <= CRYPTO_SHA384_SIZE && (used == CRYPTO_SHA384_SIZE || next_block != 0);
    psp_walk_check(w, fits && used != 0, "RANDOM_USED", used, "must be 1 to 48, 48 at the start");
    if (w->reading && sevkit_ok(w->result)) set_drbg(&m->drbg, next_block, used);
}

static void walk_profile(struct vmm_machine *m, struct psp_walk *w) {
    char name[sizeof m->profile.name];
    memcpy(name, m->profile.name, sizeof name);
    psp_walk_bytes(w, "PROFILE", name, sizeof name);
    psp_walk_check(w, strncmp(name, m->profile.name, sizeof name) == 0, "PROFILE", 0,
                   "must be the name of the profile that is given");
}

/* ---- pages ---- */

/* Marks the page at PADDR in MARKS, one for each page below NEXT. */
static void mark(struct psp_walk *w, const struct vmm_pages *pages, bool *marks, const char *field,
                 uint64_t paddr) {
    const bool known = paddr != 0 && paddr % RMP_PAGE_4K == 0 && paddr < pages->next;
    psp_walk_check(w, known, field, paddr, "must be a page that was handed out");
    if (!sevkit_ok(w->result)) return;
    psp_walk_check(w, !marks[paddr / RMP_PAGE_4K], field, paddr, "must have one use only");
    marks[paddr / RMP_PAGE_4K] = true;
}

/* Every page that was handed out is a guest's or was returned. */
static void check_pages(struct vmm_machine *m, struct psp_walk *w) {
    if (!w->reading || !sevkit_ok(w->result)) return;
    const struct vmm_pages *p = &m->pages;
    bool *marks = calloc((size_t)(p->next / RMP_PAGE_4K), sizeof *marks);
    if (marks == NULL) {
        w->result = sevkit_fail(SEVKIT_NO_MEMORY, "pages", SEVKIT_NO_OFFSET, p->next,
                                "memory to check the pages");
        return;
    }
    size_t used = p->returned_count;
    for (size_t i = 0; i < p->returned_count; i++)
        mark(w, p, marks, "RETURNED_PAGE", p->returned[i]);
    for (const struct vmm_guest *g = m->guests; g != NULL; g = g->next, used += 3) {
        mark(w, p, marks, "GCTX_PADDR", g->pages.gctx);
        mark(w, p, marks, "REQUEST_PADDR", g->pages.request);
        mark(w, p, marks, "RESPONSE_PADDR", g->pages.response);
    }
    psp_walk_check(w, used == p->handed_out, "NEXT_PAGE", p->next,
                   "must lie behind the pages that are in use or returned");
    free(marks);
}

static void walk_pages(struct vmm_machine *m, struct psp_walk *w) {
    struct vmm_pages *p = &m->pages;
    uint32_t count = (uint32_t)p->returned_count;
    psp_walk_u64(w, "NEXT_PAGE", &p->next);
    const bool fits = p->next >= RMP_PAGE_4K && p->next <= p->end && p->next % RMP_PAGE_4K == 0;
    psp_walk_check(w, fits, "NEXT_PAGE", p->next, "must be the start of a page inside memory");
    psp_walk_u32(w, "RETURNED_COUNT", &count);
    if (w->reading) {
        p->handed_out = (size_t)(p->next / RMP_PAGE_4K - 1);
        psp_walk_check(w, count <= p->handed_out, "RETURNED_COUNT", count,
                       "must be at most the pages that were handed out");
        if (!sevkit_ok(w->result)) return;
        p->capacity = p->handed_out + 1;
        p->returned = calloc(p->capacity, sizeof *p->returned);
        if (p->returned == NULL) {
            w->result = sevkit_fail(SEVKIT_NO_MEMORY, "pages", SEVKIT_NO_OFFSET, count,
                                    "memory for the page allocator");
            return;
        }
        p->returned_count = count;
    }
    for (uint32_t i = 0; i < count; i++) psp_walk_u64(w, "RETURNED_PAGE", &p->returned[i]);
}

/* ---- guests ---- */

static void walk_memory(struct vmm_machine *m, struct psp_walk *w, const char *field,
                        uint64_t paddr) {
    uint8_t page[ABI_PAGE_SIZE] = {0};
    vmm_must(w->reading || mem_read(m->mem, paddr, page, sizeof page));
    psp_walk_bytes(w, field, page, sizeof page);
    if (!w->reading) return;
    psp_walk_check(w, mem_write(m->mem, paddr, page, sizeof page), field, paddr,
                   "must be a page inside memory");
}

static void walk_guest(struct vmm_machine *m, struct psp_walk *w, struct vmm_guest *g) {
    uint64_t count[ABI_VMPCK_COUNT];
    psp_walk_u64(w, "GCTX_PADDR", &g->pages.gctx);
    psp_walk_u64(w, "REQUEST_PADDR", &g->pages.request);
    psp_walk_u64(w, "RESPONSE_PADDR", &g->pages.response);
    psp_walk_check(w, psp_msg_count(m->psp, g->pages.gctx, count), "GCTX_PADDR", g->pages.gctx,
                   "must be the page of a guest context");
    walk_memory(m, w, "REQUEST_PAGE", g->pages.request);
    walk_memory(m, w, "RESPONSE_PAGE", g->pages.response);
    psp_walk_bytes(w, "SECRETS_PAGE", g->secrets, sizeof g->secrets);
    struct abi_secrets_page secrets;
    psp_walk_check(w, sevkit_ok(abi_secrets_decode(g->secrets, sizeof g->secrets, &secrets)),
                   "SECRETS_PAGE", 0, "must be a secrets page");
    crypto_wipe(&secrets, sizeof secrets);
    psp_walk_bool(w, "HAS_LAST", &g->has_last);
    if (g->has_last) psp_walk_bytes(w, "LAST", g->last, sizeof g->last);
    psp_walk_bool(w, "HAS_LATE", &g->has_late);
    if (g->has_late) psp_walk_bytes(w, "LATE", g->late, sizeof g->late);
}

static void read_guests(struct vmm_machine *m, struct psp_walk *w, uint32_t count) {
    struct vmm_guest **link = &m->guests;
    for (uint32_t i = 0; i < count && sevkit_ok(w->result); i++) {
        struct vmm_guest *g = calloc(1, sizeof *g);
        if (g == NULL) {
            w->result = sevkit_fail(SEVKIT_NO_MEMORY, "guest", SEVKIT_NO_OFFSET, sizeof *g,
                                    "memory for the guest");
            return;
        }
        g->machine = m;
        g->link = link;
        *link = g;
        link = &g->next;
        walk_guest(m, w, g);
    }
}

static void walk_guests(struct vmm_machine *m, struct psp_walk *w) {
    uint32_t count = 0;
    for (const struct vmm_guest *g = m->guests; g != NULL; g = g->next) count++;
    psp_walk_u32(w, "GUEST_COUNT", &count);
    psp_walk_check(w, count <= m->profile.guests_max, "GUEST_COUNT", count,
                   "must be at most the profile's guests_max");
    if (w->reading) {
        read_guests(m, w, count);
        return;
    }
    for (struct vmm_guest *g = m->guests; g != NULL; g = g->next) walk_guest(m, w, g);
}

/* ---- the whole ---- */

static void walk_machine(struct vmm_machine *m, struct psp_walk *w) {
    char first[sizeof magic];
    uint32_t format = FORMAT;
    memcpy(first, magic, sizeof first);
    psp_walk_bytes(w, "MAGIC", first, sizeof first);
    psp_walk_check(w, memcmp(first, magic, sizeof first) == 0, "MAGIC", 0, "must be SEVKITVM");
    psp_walk_u32(w, "FORMAT", &format);
    psp_walk_check(w, format == FORMAT, "FORMAT", format, "must be 2");
    walk_profile(m, w);
    walk_env(m, w);
    psp_walk_u64(w, "REQUESTS", &m->requests);
    psp_walk_u64(w, "FW_REQUESTS", &m->fw_requests);
    psp_save_walk(m->psp, w);
    memcpy(m->profile.chip_id, m->psp->profile.chip_id, sizeof m->profile.chip_id);
    m->profile.current_tcb = m->psp->profile.current_tcb;
    m->profile.committed_tcb = m->psp->profile.committed_tcb;
    m->profile.reported_tcb = m->psp->profile.reported_tcb;
    walk_pages(m, w);
    walk_guests(m, w);
    check_pages(m, w);
    vmm_save_rmp(m->rmp, w);
}

struct sevkit_result vmm_machine_save(struct vmm_machine *machine, uint8_t **bytes, size_t *size) {
    struct psp_walk count = psp_walk_start(false, NULL, 0);
    walk_machine(machine, &count);
    const size_t total = count.at + CRYPTO_SHA384_SIZE;
    uint8_t *made = malloc(total);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "state", SEVKIT_NO_OFFSET, total,
                           "memory for the saved state");
    }
    struct psp_walk write = psp_walk_start(false, made, count.at);
    walk_machine(machine, &write);
    struct sevkit_result r = write.result;
    if (sevkit_ok(r)) r = crypto_sha384(made, count.at, made + count.at);
    if (!sevkit_ok(r)) {
        vmm_save_free(made, total);
        return r;
    }
    *bytes = made;
    *size = total;
    return sevkit_success();
}

void vmm_save_free(uint8_t *bytes, size_t size) {
    crypto_wipe(bytes, size);
    free(bytes);
}

static SEVKIT_MUST struct sevkit_result check_digest(const uint8_t *bytes, size_t size) {
    uint8_t digest[CRYPTO_SHA384_SIZE];
    if (size < sizeof digest) {
        return sevkit_fail(SEVKIT_BAD_LENGTH, "state", size, size, "at least a digest");
    }
    SEVKIT_TRY(crypto_sha384(bytes, size - sizeof digest, digest));
    if (memcmp(digest, bytes + size - sizeof digest, sizeof digest) == 0) return sevkit_success();
    return sevkit_fail(SEVKIT_BAD_CRYPTO, "DIGEST", size - sizeof digest, 0,
                       "must be the SHA-384 of the bytes before it");
}

/* A context without a guest that owns it could never be removed. */
static void check_contexts(const struct vmm_machine *m, struct psp_walk *w) {
    size_t guests = 0, contexts = 0;
    for (const struct vmm_guest *g = m->guests; g != NULL; g = g->next) guests++;
    for (unsigned i = 0; i < m->psp->guests.capacity; i++)
        if (m->psp->guests.paddr[i] != PSP_GCTX_FREE) contexts++;
    psp_walk_check(w, guests == contexts, "GUEST_COUNT", guests, "must be one a guest context");
}

static struct sevkit_result restore(struct vmm_machine *m, const uint8_t *bytes, size_t size) {
    SEVKIT_TRY(check_digest(bytes, size));
    uint8_t *copy = malloc(size); /* a walk may write, these bytes are not ours */
    if (copy == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "state", SEVKIT_NO_OFFSET, size,
                           "memory for the saved state");
    }
    memcpy(copy, bytes, size);
    struct psp_walk read = psp_walk_start(true, copy, size - CRYPTO_SHA384_SIZE);
    walk_machine(m, &read);
    check_contexts(m, &read);
    psp_walk_check(&read, read.at == read.size, "state", read.at, "must end with the RMP");
    vmm_save_free(copy, size);
    return read.result;
}

/* Takes apart what a failed restore has left: pages that were never the machine's own are not returned. */
static void abandon(struct vmm_machine *m) {
    while (m->guests != NULL) {
        struct vmm_guest *g = m->guests;
        m->guests = g->next;
        crypto_wipe(g, sizeof *g);
        free(g);
    }
    vmm_machine_free(m);
}

struct sevkit_result vmm_machine_restore(const struct sevkit_profile *profile,
                                         const struct sevkit_scenario *scenario,
                                         const struct sevkit_env *env, const uint8_t *bytes,
                                         size_t size, struct vmm_machine **machine) {
    struct vmm_machine *m;
    SEVKIT_TRY(vmm_machine_new(profile, env, 0, &m));
    vmm_machine_set_scenario(m, scenario);
    const struct sevkit_result r = restore(m, bytes, size);
    if (sevkit_ok(r))
        *machine = m;
    else
        abandon(m);
    return r;
}

struct vmm_guest *vmm_machine_guest(const struct vmm_machine *machine, size_t index) {
    struct vmm_guest *g = machine->guests;
    while (g != NULL && index > 0) {
        g = g->next;
        index--;
    }
    return g;
}
