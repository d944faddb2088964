/* Guests: launch, secrets page, end. Their door is in door.c. */
#include "vmm/misbehave.h"

#include <stdlib.h>
#include <string.h>

static void clear_page(struct vmm_machine *m, uint64_t paddr) {
    static const uint8_t zero[ABI_PAGE_SIZE];
    vmm_must(mem_write(m->mem, paddr, zero, sizeof zero));
    vmm_must(rmp_set(m->rmp, paddr, RMP_HYPERVISOR, RMP_4K)); /* whatever a test made of it */
}

static struct sevkit_result take_pages(struct vmm_machine *m, struct vmm_guest_pages *pages) {
    uint64_t *const paddr[] = {&pages->gctx, &pages->request, &pages->response};
    for (size_t i = 0; i < sizeof paddr / sizeof paddr[0]; i++) {
        const struct sevkit_result r = vmm_page_take(&m->pages, paddr[i]);
        if (sevkit_ok(r)) continue;
        while (i > 0) vmm_page_return(&m->pages, *paddr[--i]);
        return r;
    }
    return sevkit_success();
}

/* The hypervisor's again, whatever somebody made of them meanwhile. */
static void clear_pages(struct vmm_machine *m, const struct vmm_guest_pages *pages) {
    const uint64_t paddr[] = {pages->gctx, pages->request, pages->response};
    for (size_t i = 0; i < sizeof paddr / sizeof paddr[0]; i++) clear_page(m, paddr[i]);
}

/* Last page first, so that the next guest gets them in the same order. */
static void return_pages(struct vmm_machine *m, const struct vmm_guest_pages *pages) {
    const uint64_t paddr[] = {pages->response, pages->request, pages->gctx};
    clear_pages(m, pages);
    for (size_t i = 0; i < sizeof paddr / sizeof paddr[0]; i++)
        vmm_page_return(&m->pages, paddr[i]);
}

static struct sevkit_result install(struct vmm_guest *guest, const struct sevkit_profile *profile,
                                    enum psp_guest_state state) {
    struct vmm_machine *m = guest->machine;
    vmm_must(vmm_give_page(m, guest->pages.gctx)); /* cleared just now */
    SEVKIT_TRY(psp_guest_install(m->psp, guest->pages.gctx, profile, state));
    return psp_secrets_page(m->psp, guest->pages.gctx, guest->secrets);
}

struct sevkit_result vmm_guest_launch_as(struct vmm_machine *machine,
                                         const struct sevkit_profile *profile,
                                         enum psp_guest_state state, struct vmm_guest **guest) {
    struct vmm_guest *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "guest", SEVKIT_NO_OFFSET, sizeof *g,
                           "memory for the guest");
    }
    g->machine = machine;
    struct sevkit_result r = take_pages(machine, &g->pages);
    if (!sevkit_ok(r)) {
        free(g);
        return r;
    }
    clear_pages(machine, &g->pages);
    r = install(g, profile, state);
    if (!sevkit_ok(r)) {
        return_pages(machine, &g->pages);
        free(g);
        return r;
    }
    g->next = machine->guests;
    g->link = &machine->guests;
    if (g->next != NULL) g->next->link = &g->next;
    machine->guests = g;
    *guest = g;
    return sevkit_success();
}

struct sevkit_result vmm_guest_launch(struct vmm_machine *machine, struct vmm_guest **guest) {
    return vmm_guest_launch_as(machine, &machine->profile, PSP_GUEST_RUNNING, guest);
}

void vmm_guest_destroy(struct vmm_guest *guest) {
    if (guest == NULL) return;
    psp_guest_remove(guest->machine->psp, guest->pages.gctx);
    return_pages(guest->machine, &guest->pages);
    *guest->link = guest->next;
    if (guest->next != NULL) guest->next->link = guest->link;
    crypto_wipe(guest, sizeof *guest);
    free(guest);
}

void vmm_guest_secrets(const struct vmm_guest *guest, uint8_t page[ABI_PAGE_SIZE]) {
    memcpy(page, guest->secrets, ABI_PAGE_SIZE);
    vmm_misbehave_secrets(guest->machine, page);
}

struct vmm_guest_pages vmm_guest_pages(const struct vmm_guest *guest) {
    return guest->pages;
}
