/* The host's certificate table. Linux notes, section 7 (extended request, certificate fetch by user
 * space); certificate notes, section 4. Minting takes milliseconds, so the table is made at its first use
 * and kept. */
#include "vmm/table.h"

#include <string.h>

#define OUTSIDE UINT32_C(0xFFFFF000)  /* an offset beyond any buffer that Linux takes */
#define TOO_LONG UINT32_C(0x00100000) /* a length beyond any such buffer */
#define ENTRY_OFFSET ABI_GUID_SIZE    /* in an entry */
#define ENTRY_LENGTH (ABI_GUID_SIZE + 4)
#define GARBAGE_SEED UINT64_C(0x67617262616765)
#define BLOBS 3

/* Entries and blobs close up over the terminator. */
static void drop_end(uint8_t *bytes, size_t size) {
    uint8_t *end = bytes + BLOBS * ABI_CERTTABLE_ENTRY_SIZE;
    const size_t blobs = size - (BLOBS + 1) * ABI_CERTTABLE_ENTRY_SIZE;
    memmove(end, end + ABI_CERTTABLE_ENTRY_SIZE, blobs);
    memset(end + blobs, 0, ABI_CERTTABLE_ENTRY_SIZE);
    for (size_t i = 0; i < BLOBS; i++) {
        uint8_t *offset = bytes + i * ABI_CERTTABLE_ENTRY_SIZE + ENTRY_OFFSET;
        abi_put_le32(offset, abi_get_le32(offset) - ABI_CERTTABLE_ENTRY_SIZE);
    }
}

/* Makes SIZE bytes of a good table what KIND says. */
static void spoil(enum sevkit_table_kind kind, uint8_t *bytes, size_t size) {
    struct crypto_drbg drbg;
    switch (kind) {
    case SEVKIT_TABLE_NORMAL:
    case SEVKIT_TABLE_ABSENT: return;
    case SEVKIT_TABLE_NO_END: drop_end(bytes, size); return;
    case SEVKIT_TABLE_OFFSET: abi_put_le32(bytes + ENTRY_OFFSET, OUTSIDE); return;
    case SEVKIT_TABLE_LENGTH: abi_put_le32(bytes + ENTRY_LENGTH, TOO_LONG); return;
    case SEVKIT_TABLE_GARBAGE:
        crypto_drbg_init(&drbg,
                         GARBAGE_SEED); /* of its own: a launch's randomness stays the same */
        crypto_drbg_random(&drbg, bytes, size);
        return;
    }
    abort();
}

static SEVKIT_MUST struct sevkit_result make(struct vmm_machine *m) {
    struct vmm_table *table = &m->table;
    struct vmm_certs certs;
    size_t size;
    SEVKIT_TRY(vmm_machine_certs(m, &certs));
    const struct abi_certtable_blob blobs[BLOBS] = {
        {certs.vlek ? ABI_CERT_VLEK : ABI_CERT_VCEK, certs.leaf.bytes, certs.leaf.size},
        {ABI_CERT_ASK, certs.ca.bytes,
         certs.ca.size}, /* the ASVK too: there is no GUID of its own */
        {ABI_CERT_ARK, certs.ark.bytes, certs.ark.size},
    };
    SEVKIT_TRY(abi_certtable_encode(blobs, BLOBS, table->bytes, sizeof table->bytes, &size));
    spoil(m->scenario.table, table->bytes, size);
    table->pages = (size + ABI_PAGE_SIZE - 1) / ABI_PAGE_SIZE;
    return sevkit_success();
}

void vmm_table_forget(struct vmm_machine *machine) {
    machine->table.pages = 0;
}

/* Stock KVM: the first entry becomes the terminator, and nothing else is looked at. */
static bool give_nothing(uint8_t *data, uint64_t npages) {
    if (npages != 0) memset(data, 0, ABI_CERTTABLE_ENTRY_SIZE); /* @req GHCB-REQ-007 */
    return true;
}

bool vmm_table_give(struct vmm_machine *machine, uint8_t *data, uint64_t *npages,
                    struct sevkit_exit *exit) {
    const struct sevkit_scenario *scenario = &machine->scenario;
    const struct vmm_table *table = &machine->table;
    if (scenario->table == SEVKIT_TABLE_ABSENT) return give_nothing(data, *npages);
    if (table->pages == 0 && !sevkit_ok(make(machine))) {
        *exit = (struct sevkit_exit){.vmm_error = SEVKIT_VMM_GENERIC};
        return false;
    }
    const uint64_t needed = scenario->table_npages != 0 ? scenario->table_npages : table->pages;
    if (*npages < needed) { /* @req GHCB-REQ-004 */
        *exit = (struct sevkit_exit){.vmm_error = SEVKIT_VMM_INVALID_LEN};
        *npages = needed; /* @req GHCB-REQ-004 */
        return false;
    }
    const size_t pages = *npages < table->pages ? (size_t)*npages : table->pages;
    memcpy(data, table->bytes, pages * ABI_PAGE_SIZE); /* @req GHCB-REQ-005 */
    return true;
}
