/* The provider of sev-guest: an extended report for each generation. Linux notes, section 5: errno table,
 * attributes outblob and auxblob. */
#include <errno.h>
#include <string.h>

#include "driver/guest.h"
#include "driver/tsm.h"
#include "sevkit/status.h"

#define RESPONSE_HEADER 32 /* MSG_REPORT_RSP before the report: status, report_size, reserved */
#define REPORT_BUFFER 4096

/* How far the entries of TABLE reach; 0 without entries. */
static size_t table_size(const uint8_t *table, size_t size) {
    size_t end = 0;
    for (size_t at = 0; at + ABI_CERTTABLE_ENTRY_SIZE <= size; at += ABI_CERTTABLE_ENTRY_SIZE) {
        const uint8_t *entry = table + at;
        if (abi_all_zero(entry, ABI_GUID_SIZE)) break;
        const size_t reach = (size_t)abi_get_le32(entry + 16) + abi_get_le32(entry + 20);
        if (reach > end) end = reach;
    }
    return end < size ? end : size; /* @req LNX-TSM-055 */
}

static long report_new(void *ctx, const struct drv_tsm_desc *desc, struct drv_tsm_blobs *blobs) {
    struct drv_guest *guest = ctx;
    uint8_t request[DRV_REPORT_REQ_SIZE] = {0}, response[DRV_REPORT_RESP_SIZE];
    uint64_t exitinfo2;
    if (desc->inblob_len != DRV_TSM_INBLOB_MAX) return -EINVAL; /* @req LNX-TSM-050 */
    /* "svsm" asks an SVSM for a report of its own, and there is none that answers: docs/limits.md. */
    if (desc->service_provider_set) return -EINVAL; /* @req LNX-TSM-051, LNX-TSM-058 */
    memcpy(request, desc->inblob, DRV_TSM_INBLOB_MAX);
    abi_put_le32(request + DRV_REPORT_REQ_VMPL, desc->privlevel);
    const long rc =
        drv_guest_ext_report(guest, request, response, blobs->auxblob, DRV_CERTS_MAX, &exitinfo2);
    if (rc != 0) return rc; /* @req LNX-TSM-056, LNX-TSM-057 */
    const uint32_t status = abi_get_le32(response);
    const uint32_t size = abi_get_le32(response + 4);
    if (status == ABI_INVALID_PARAM || status == ABI_INVALID_KEY)
        return -EINVAL;                                         /* @req LNX-TSM-052 */
    if (status != ABI_SUCCESS) return -ENXIO;                   /* @req LNX-TSM-053 */
    if (size > REPORT_BUFFER - RESPONSE_HEADER) return -ENOMEM; /* @req LNX-TSM-054 */
    memcpy(blobs->outblob, response + RESPONSE_HEADER, sizeof response - RESPONSE_HEADER);
    blobs->outblob_len = size;
    blobs->auxblob_len = table_size(blobs->auxblob, DRV_CERTS_MAX);
    return 0;
}

struct drv_tsm_provider drv_guest_tsm_provider(struct drv_guest *guest) {
    return (struct drv_tsm_provider){
        .name = "sev_guest",
        .privlevel_floor = drv_guest_vmpck(guest), /* @req LNX-TSM-013 */
        .svsm = guest->config.vmpl > 0,
        .ctx = guest,
        .report_new = report_new,
    };
}
