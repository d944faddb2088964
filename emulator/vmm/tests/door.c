/* The guest request door: plain and extended requests, the host's certificate table. */
#include <string.h>

#include "fixture.h"
#include "sevkit/crypto.h"

#define DEFAULT SEVKIT_PROFILE_DEFAULT
#define VLEK "milan-1.55.29-v3-vlek"
#define NEEDED 2 /* pages of a normal table */
#define ROOM 8
#define INVALID_LEN (UINT64_C(1) << 32)

/* The guest's data pages, 5A in every byte before each request. */
static uint8_t data[ROOM * ABI_PAGE_SIZE];

static bool untouched(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0x5A) return false;
    }
    return true;
}

/* An extended request of TYPE with *NPAGES; EXITINFO2. */
static uint64_t ring(struct fixture *f, uint8_t type, uint64_t *npages) {
    memset(data, 0x5A, sizeof data);
    return fixture_exitinfo2(fixture_ring_ext(f, type, *npages > 0 ? data : NULL, npages));
}

/* The response is a report. */
static bool has_report(struct fixture *f) {
    uint8_t payload[ABI_REPORT_RSP_SIZE];
    return fixture_read(f, ABI_MSG_REPORT_REQ, payload, sizeof payload) &&
           abi_get_le32(payload) == ABI_SUCCESS;
}

/* @req GHCB-REQ-001 GHCB-REQ-002 */
static void plain(void) {
    struct fixture f;
    fixture_open(&f, DEFAULT, NULL);
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_REPORT_REQ)), 0);
    CU_ASSERT(has_report(&f));
    f.seqno += 2; /* a number that the firmware does not expect */
    CU_ASSERT_EQUAL(fixture_exitinfo2(fixture_ring(&f, ABI_MSG_REPORT_REQ)), ABI_AEAD_OFLOW);
    CU_ASSERT(untouched(f.response, sizeof f.response));
    CU_ASSERT(vmm_machine_requests(f.m) == 2 && vmm_machine_fw_requests(f.m) == 2);
    fixture_close(&f);
}

/* Blob I of TABLE in data is DER. */
static bool holds(const struct abi_certtable *table, size_t i, enum abi_cert_kind kind,
                  const struct pki_der *der) {
    const struct abi_certtable_entry *e = &table->entries[i];
    return abi_cert_kind_from_guid(e->guid) == kind && e->length == der->size &&
           memcmp(data + e->offset, der->bytes, der->size) == 0;
}

/* @req GHCB-REQ-004 GHCB-REQ-005 GHCB-REQ-006 */
static void table_of(const char *profile, enum abi_cert_kind leaf) {
    struct fixture f;
    struct abi_certtable table;
    struct vmm_certs certs;
    fixture_open(&f, profile, NULL);
    for (uint64_t offered = 0; offered < NEEDED; offered++) {
        uint64_t npages = offered;
        CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), INVALID_LEN);
        CU_ASSERT_EQUAL(npages, NEEDED);
        CU_ASSERT(untouched(data, sizeof data) && untouched(f.response, sizeof f.response));
        CU_ASSERT_EQUAL(vmm_machine_fw_requests(f.m), 0);
    }
    UNIT_OK(vmm_machine_certs(f.m, &certs));
    for (uint64_t offered = NEEDED; offered <= NEEDED + 1; offered++) {
        uint64_t npages = offered;
        CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), 0);
        CU_ASSERT(npages == offered && has_report(&f));
        UNIT_OK(abi_certtable_decode(data, NEEDED * ABI_PAGE_SIZE, &table));
        CU_ASSERT_EQUAL(table.count, 3);
        CU_ASSERT(holds(&table, 0, leaf, &certs.leaf));
        CU_ASSERT(holds(&table, 1, ABI_CERT_ASK, &certs.ca)); /* the ASVK too */
        CU_ASSERT(holds(&table, 2, ABI_CERT_ARK, &certs.ark));
        CU_ASSERT_EQUAL(data[NEEDED * ABI_PAGE_SIZE - 1], 0);
        CU_ASSERT(untouched(data + NEEDED * ABI_PAGE_SIZE, sizeof data - NEEDED * ABI_PAGE_SIZE));
    }
    CU_ASSERT(vmm_machine_requests(f.m) == 4 && vmm_machine_fw_requests(f.m) == 2);
    fixture_close(&f);
}

static void table_vcek(void) {
    table_of(DEFAULT, ABI_CERT_VCEK);
}

static void table_vlek(void) {
    table_of(VLEK, ABI_CERT_VLEK);
}

/* Certificates arrive before the firmware is asked, so also when it refuses. @req GHCB-REQ-005 */
static void table_with_a_refusal(void) {
    struct fixture f;
    struct abi_certtable table;
    uint64_t npages = NEEDED;
    fixture_open(&f, DEFAULT, NULL);
    f.seqno = 2;
    CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), ABI_AEAD_OFLOW);
    UNIT_OK(abi_certtable_decode(data, NEEDED * ABI_PAGE_SIZE, &table));
    CU_ASSERT(table.count == 3 && untouched(f.response, sizeof f.response));
    fixture_close(&f);
}

/* Other types get no certificates and need no room. @req GHCB-REQ-003 */
static void other_types(void) {
    struct fixture f;
    uint8_t payload[ABI_KEY_RSP_SIZE];
    fixture_open(&f, DEFAULT, NULL);
    for (uint64_t offered = 0; offered <= NEEDED; offered++) {
        uint64_t npages = offered;
        CU_ASSERT_EQUAL(ring(&f, ABI_MSG_KEY_REQ, &npages), 0);
        CU_ASSERT(fixture_read(&f, ABI_MSG_KEY_REQ, payload, sizeof payload));
        CU_ASSERT(npages == offered && untouched(data, sizeof data));
    }
    fixture_close(&f);
}

/* Stock KVM never says INVALID_LEN and writes 24 bytes. @req GHCB-REQ-007 */
static void absent(void) {
    struct fixture f;
    struct abi_certtable table;
    fixture_open(&f, DEFAULT, "certs-absent");
    for (uint64_t offered = 0; offered < 3; offered++) {
        uint64_t npages = offered;
        CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), 0);
        CU_ASSERT(npages == offered && has_report(&f));
        const size_t written = offered == 0 ? 0 : ABI_CERTTABLE_ENTRY_SIZE;
        CU_ASSERT(abi_all_zero(data, written) && untouched(data + written, sizeof data - written));
        if (written == 0) continue;
        UNIT_OK(abi_certtable_decode(data, sizeof data, &table));
        CU_ASSERT_EQUAL(table.count, 0);
    }
    fixture_close(&f);
}

/* The table of SCENARIO in data, with as many pages as it needs. */
static struct sevkit_result decode_in(const char *scenario, struct abi_certtable *table) {
    struct fixture f;
    uint64_t npages = NEEDED;
    fixture_open(&f, DEFAULT, scenario);
    CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), 0);
    CU_ASSERT(has_report(&f)); /* only the table is spoilt */
    fixture_close(&f);
    return abi_certtable_decode(data, NEEDED * ABI_PAGE_SIZE, table);
}

static void malformed(void) {
    struct abi_certtable table;
    uint8_t good[sizeof data];
    UNIT_OK(decode_in(NULL, &table));
    memcpy(good, data, sizeof good);
    const size_t size = table.entries[2].offset + table.entries[2].length;

    UNIT_FAILS(decode_in("certs-malformed-offset", &table), SEVKIT_BAD_VALUE, "entry[0].offset");
    CU_ASSERT_EQUAL(abi_get_le32(data + 16), UINT32_C(0xFFFFF000));
    memcpy(data + 16, good + 16, 4);
    UNIT_BYTES(data, good, sizeof good); /* nothing else was wrong */

    UNIT_FAILS(decode_in("certs-malformed-length", &table), SEVKIT_BAD_LENGTH, "entry[0].length");
    CU_ASSERT_EQUAL(abi_get_le32(data + 20), UINT32_C(0x100000));
    memcpy(data + 20, good + 20, 4);
    UNIT_BYTES(data, good, sizeof good);

    CU_ASSERT(!sevkit_ok(decode_in("certs-malformed-garbage", &table)));
    struct crypto_drbg drbg;
    uint8_t garbage[sizeof data];
    crypto_drbg_init(&drbg, UINT64_C(0x67617262616765)); /* the same in every run */
    crypto_drbg_random(&drbg, garbage, size);
    UNIT_BYTES(data, garbage, size);
    CU_ASSERT(abi_all_zero(data + size, NEEDED * ABI_PAGE_SIZE - size));

    /* Three entries, then at once the blobs they point to. */
    CU_ASSERT(!sevkit_ok(decode_in("certs-malformed-no-end", &table)));
    UNIT_BYTES(data + 72, good + 96, size - 96);
    CU_ASSERT(abi_all_zero(data + size - 24, NEEDED * ABI_PAGE_SIZE - size + 24));
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *entry = data + 24 * i;
        CU_ASSERT_EQUAL(abi_get_le32(entry + 16), abi_get_le32(good + 24 * i + 16) - 24);
        CU_ASSERT_EQUAL(abi_get_le32(entry + 20), abi_get_le32(good + 24 * i + 20));
    }
}

/* A demand that is too small cuts the table, one that is too large is never met by Linux. */
static void wrong_lengths(void) {
    struct fixture f;
    struct abi_certtable table;
    uint64_t npages = 0;
    UNIT_OK(decode_in("certs-wrong-length", &table)); /* with room enough all is well */
    fixture_open(&f, DEFAULT, "certs-wrong-length");
    CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), INVALID_LEN);
    CU_ASSERT_EQUAL(npages, 1);
    CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), 0);
    CU_ASSERT(npages == 1 && has_report(&f));
    CU_ASSERT(untouched(data + ABI_PAGE_SIZE, sizeof data - ABI_PAGE_SIZE));
    UNIT_FAILS(abi_certtable_decode(data, ABI_PAGE_SIZE, &table), SEVKIT_BAD_LENGTH,
               "entry[2].length");
    fixture_set(&f, "certs-beyond-limit");
    npages = 4;
    CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), INVALID_LEN);
    CU_ASSERT_EQUAL(npages, 5);
    CU_ASSERT_EQUAL(ring(&f, ABI_MSG_REPORT_REQ, &npages), 0);
    CU_ASSERT(untouched(data + NEEDED * ABI_PAGE_SIZE, sizeof data - NEEDED * ABI_PAGE_SIZE));
    fixture_close(&f);
}

/* The leaf in the table of F. */
static struct pki_der leaf_of(struct fixture *f) {
    struct abi_certtable table;
    struct pki_der der = {0};
    uint64_t npages = NEEDED;
    CU_ASSERT_EQUAL(ring(f, ABI_MSG_REPORT_REQ, &npages), 0);
    UNIT_OK(abi_certtable_decode(data, NEEDED * ABI_PAGE_SIZE, &table));
    der.size = table.entries[0].length;
    memcpy(der.bytes, data + table.entries[0].offset, der.size);
    return der;
}

static bool same(const struct pki_der *a, const struct pki_der *b) {
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* The table is made once, and again when what it is made of changes. */
static void table_is_kept(void) {
    struct fixture f;
    fixture_open(&f, DEFAULT, NULL);
    CU_ASSERT_EQUAL(f.m->table.pages, 0); /* nobody has asked */
    const struct pki_der first = leaf_of(&f);
    const uint8_t mark = f.m->table.bytes[4096] ^ 1; /* in the ARK; there while the table is kept */
    f.m->table.bytes[4096] = mark;
    const struct pki_der again = leaf_of(&f);
    CU_ASSERT(same(&first, &again) && data[4096] == mark);
    fixture_set(&f, "vcek_tcb");
    const struct pki_der other = leaf_of(&f);
    CU_ASSERT(!same(&first, &other));
    fixture_set(&f, "tcb-update"); /* before request 2 */
    const struct pki_der before = leaf_of(&f), after = leaf_of(&f);
    CU_ASSERT(same(&first, &before) && !same(&first, &after));
    fixture_set(&f, "migration");
    const struct pki_der home = leaf_of(&f), away = leaf_of(&f);
    CU_ASSERT(same(&after, &home) && !same(&home, &away));
    fixture_close(&f);
}

static const struct unit_test tests[] = {
    {"plain", plain},
    {"table-vcek", table_vcek},
    {"table-vlek", table_vlek},
    {"table-with-a-refusal", table_with_a_refusal},
    {"other-types", other_types},
    {"absent", absent},
    {"malformed", malformed},
    {"wrong-lengths", wrong_lengths},
    {"table-is-kept", table_is_kept},
    {NULL, NULL},
};

const struct unit_suite door_suite = {"door", tests};
