/* The hypervisor's part of SNP guest requests, plain and extended: guest message notes, section 1; RMP
 * notes, section 2.1 (a response page is given to the firmware and taken back); Linux notes, section 7,
 * for the order of an extended one. */
#include <string.h>

#include "vmm/misbehave.h"
#include "vmm/table.h"

/* Lets the firmware serve the request page REQUEST; the response is in the guest's response page. */
static struct sevkit_exit call_firmware(const struct vmm_guest *guest,
                                        const uint8_t request[ABI_PAGE_SIZE]) {
    const struct vmm_guest_pages *pages = &guest->pages;
    struct vmm_machine *m = guest->machine;
    uint8_t command[PSP_GUEST_REQUEST_SIZE];
    abi_put_le64(command + PSP_GUEST_REQUEST_GCTX_PADDR, pages->gctx);
    abi_put_le64(command + PSP_GUEST_REQUEST_REQUEST_PADDR, pages->request);
    abi_put_le64(command + PSP_GUEST_REQUEST_RESPONSE_PADDR, pages->response);
    if (!vmm_may_write(m, pages->request) || !vmm_give_page(m, pages->response))
        return (struct sevkit_exit){.vmm_error = SEVKIT_VMM_GENERIC};
    m->fw_requests++;
    vmm_must(mem_write(m->mem, pages->request, request, ABI_PAGE_SIZE)); /* @req GHCB-REQ-002 */
    const enum abi_status status =
        psp_command(m->psp, PSP_CMD_SNP_GUEST_REQUEST, command, sizeof command);
    vmm_take_page(m, pages->response);
    return (struct sevkit_exit){.fw_status = (uint32_t)status}; /* @req GHCB-REQ-001 */
}

/* The response as it reaches the guest. The firmware's own stays in memory as it was made. */
static void deliver(struct vmm_guest *guest, uint8_t response[ABI_PAGE_SIZE]) {
    const struct vmm_machine *m = guest->machine;
    if (m->scenario.fault_count == 0) {
        vmm_must(mem_read(m->mem, guest->pages.response, response, ABI_PAGE_SIZE));
        return;
    }
    uint8_t page[ABI_PAGE_SIZE];
    vmm_must(mem_read(m->mem, guest->pages.response, page, sizeof page));
    if (vmm_misbehave_after(guest, page)) memcpy(response, page, sizeof page);
}

/* NPAGES NULL: a plain request. */
static void serve(struct vmm_guest *guest, const uint8_t request[ABI_PAGE_SIZE],
                  uint8_t response[ABI_PAGE_SIZE], uint8_t *data, uint64_t *npages,
                  struct sevkit_exit *exit) {
    struct vmm_machine *m = guest->machine;
    m->requests++;
    vmm_misbehave_before(m);
    if (vmm_misbehave_instead(m, exit)) return;
    /* MSG_TYPE stands in the plain header; other types have no use for certificates. */
    const bool is_report = request[ABI_MSG_TYPE] == ABI_MSG_REPORT_REQ; /* @req GHCB-REQ-003 */
    const bool certs = npages != NULL && is_report;
    if (certs && !vmm_table_give(m, data, npages, exit)) return; /* @req GHCB-REQ-006 */
    *exit = call_firmware(guest, request);
    if (exit->fw_status == ABI_SUCCESS && exit->vmm_error == SEVKIT_VMM_OK)
        deliver(guest, response);
}

static void plain(void *ctx, const uint8_t request[ABI_PAGE_SIZE], uint8_t response[ABI_PAGE_SIZE],
                  struct sevkit_exit *exit) {
    serve(ctx, request, response, NULL, NULL, exit);
}

static void extended(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                     uint8_t response[ABI_PAGE_SIZE], uint8_t *data, uint64_t *npages,
                     struct sevkit_exit *exit) {
    serve(ctx, request, response, data, npages, exit);
}

struct sevkit_guest_door vmm_guest_door(struct vmm_guest *guest) {
    return (struct sevkit_guest_door){.ctx = guest, .request = plain, .ext_request = extended};
}
