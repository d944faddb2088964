/* Certificate tables: what is decoded lies inside the bytes, and its known blobs can be written again
 * and read back the same. */
#include <string.h>

#include "fuzz.h"
#include "sevkit/certtable.h"

/* The known kinds of TABLE, each once: GUIDs are unique in a table. */
static size_t known_blobs(const struct abi_certtable *table, const uint8_t *bytes,
                          struct abi_certtable_blob *blobs) {
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct abi_certtable_entry *e = &table->entries[i];
        const enum abi_cert_kind kind = abi_cert_kind_from_guid(e->guid);
        fuzz_require(abi_cert_kind_name(kind) != NULL, "a kind's name");
        if (kind == ABI_CERT_OTHER) continue;
        blobs[count++] = (struct abi_certtable_blob){kind, bytes + e->offset, e->length};
    }
    return count;
}

static void check_again(const struct abi_certtable_blob *blobs, size_t count) {
    static uint8_t out[ABI_CERTTABLE_SIZE_MAX];
    struct abi_certtable again;
    size_t size;
    const size_t needed = abi_certtable_size(blobs, count);
    const struct sevkit_result r = abi_certtable_encode(blobs, count, out, sizeof out, &size);
    fuzz_require(sevkit_ok(r) == (needed <= sizeof out), "a table is written where it fits");
    if (!sevkit_ok(r)) return;
    fuzz_require(size == needed, "a table has the size that was foretold");
    fuzz_require(sevkit_ok(abi_certtable_decode(out, size, &again)), "our own table is read");
    fuzz_require(again.count == count, "our own table has every blob");
    for (size_t i = 0; i < count; i++) {
        const struct abi_certtable_entry *e = &again.entries[i];
        fuzz_require(abi_cert_kind_from_guid(e->guid) == blobs[i].kind, "a blob keeps its kind");
        fuzz_require(e->length == blobs[i].size, "a blob keeps its size");
        fuzz_require(memcmp(out + e->offset, blobs[i].bytes, e->length) == 0,
                     "a blob keeps its bytes");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct abi_certtable table;
    struct abi_certtable_blob blobs[ABI_CERTTABLE_ENTRIES_MAX];
    const struct sevkit_result r = abi_certtable_decode(bytes, size, &table);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return 0;
    fuzz_require(table.count <= ABI_CERTTABLE_ENTRIES_MAX, "the entries fit");
    for (size_t i = 0; i < table.count; i++) {
        const struct abi_certtable_entry *e = &table.entries[i];
        fuzz_require(e->offset <= size && e->length <= size - e->offset,
                     "an entry lies inside the table");
    }
    check_again(blobs, known_blobs(&table, bytes, blobs));
    return 0;
}
