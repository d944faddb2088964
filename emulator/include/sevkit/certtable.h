/* The certificate table of SNP_GET_EXT_REPORT, SNP_EXT_CONFIG and auxblob: 24-byte entries (GUID in
 * printed order, offset, length), an all-zero entry, then the blobs. Certificate notes, section 4. */
#ifndef SEVKIT_CERTTABLE_H
#define SEVKIT_CERTTABLE_H

#include "sevkit/result.h"

#define ABI_GUID_SIZE 16
#define ABI_CERTTABLE_ENTRY_SIZE 24
#define ABI_CERTTABLE_ENTRIES_MAX 16  /* our capacity, not the format's */
#define ABI_CERTTABLE_SIZE_MAX 0x4000 /* Linux's limit for the guest's buffer */

enum abi_cert_kind {
    ABI_CERT_OTHER = 0,
    ABI_CERT_VCEK,
    ABI_CERT_VLEK,
    ABI_CERT_ASK, /* also holds the ASVK when a VLEK is used */
    ABI_CERT_ARK,
    ABI_CERT_CRL,
};

struct abi_certtable_entry {
    uint8_t guid[ABI_GUID_SIZE];
    uint32_t offset; /* from the start of the table */
    uint32_t length;
};

struct abi_certtable {
    size_t count;
    struct abi_certtable_entry entries[ABI_CERTTABLE_ENTRIES_MAX];
};

/* Reads SIZE bytes. An empty table (SIZE 0) is valid. Fails if the terminator is missing, an entry
 * starts inside the header, an entry ends beyond SIZE (no wrap), a GUID occurs twice, or there are
 * more than ABI_CERTTABLE_ENTRIES_MAX entries. Also fails on a zero GUID beside an offset or length
 * that is not zero: public parsers disagree whether it ends the table. Overlaps, gaps and empty
 * entries are accepted. Field names: "entry[2].offset" and so on, "terminator" for its absence. */
SEVKIT_MUST struct sevkit_result abi_certtable_decode(const uint8_t *bytes, size_t size,
                                                      struct abi_certtable *table);

/* One blob to be put into a table. */
struct abi_certtable_blob {
    enum abi_cert_kind kind; /* not OTHER */
    const uint8_t *bytes;
    size_t size;
};

/* Bytes that abi_certtable_encode needs for COUNT blobs, without padding. */
size_t abi_certtable_size(const struct abi_certtable_blob *blobs, size_t count);

/* Writes entries, terminator and blobs back to back and zero-fills the rest of CAPACITY. Fails if the
 * table does not fit, COUNT is above ABI_CERTTABLE_ENTRIES_MAX or a kind occurs twice. *SIZE becomes
 * the bytes used, without the padding. */
SEVKIT_MUST struct sevkit_result abi_certtable_encode(const struct abi_certtable_blob *blobs,
                                                      size_t count, uint8_t *out, size_t capacity,
                                                      size_t *size);

/* The kind that GUID stands for, ABI_CERT_OTHER for an unknown one. */
enum abi_cert_kind abi_cert_kind_from_guid(const uint8_t guid[ABI_GUID_SIZE]);

/* The GUID of a kind other than OTHER, 16 bytes in printed order. */
const uint8_t *abi_cert_guid(enum abi_cert_kind kind);

/* "VCEK", "VLEK", "ASK", "ARK", "CRL", "other". Never NULL. */
const char *abi_cert_kind_name(enum abi_cert_kind kind);

#endif
