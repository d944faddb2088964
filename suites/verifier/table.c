/* The certificate table. Certificate notes, section 4. */
#include <string.h>

#include "verifier/verifier.h"

/* In printed order. */
static const uint8_t guids[][16] = {
    [ABI_CERT_VCEK] = {0x63, 0xDA, 0x75, 0x8D, 0xE6, 0x64, 0x45, 0x64, 0xAD, 0xC5, 0xF4, 0xB9, 0x3B,
                       0xE8, 0xAC, 0xCD},
    [ABI_CERT_VLEK] = {0xA8, 0x07, 0x4B, 0xC2, 0xA2, 0x5A, 0x48, 0x3E, 0xAA, 0xE6, 0x39, 0xC0, 0x45,
                       0xA0, 0xB8, 0xA1},
    [ABI_CERT_ASK] = {0x4A, 0xB7, 0xB3, 0x79, 0xBB, 0xAC, 0x4F, 0xE4, 0xA0, 0x2F, 0x05, 0xAE, 0xF3,
                      0x27, 0xC7, 0x82},
    [ABI_CERT_ARK] = {0xC0, 0xB4, 0x06, 0xA4, 0xA8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3F, 0xB6, 0x01,
                      0x4C, 0xD0, 0xAE},
    [ABI_CERT_CRL] = {0x92, 0xF8, 0x1B, 0xC3, 0x58, 0x11, 0x4D, 0x3D, 0x97, 0xFF, 0xD1, 0x9F, 0x88,
                      0xDC, 0x67, 0xEA},
};

static const uint8_t strange[16] = {0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/* A table of two entries that is written by hand: VCEK of 5 bytes, ARK of 3, 8 bytes behind them. */
struct table {
    size_t size;
    uint8_t bytes[0x100];
};

static void put(struct table *t, size_t entry, const uint8_t *guid, uint32_t offset,
                uint32_t length) {
    uint8_t *at = t->bytes + 24 * entry;
    memcpy(at, guid, 16);
    abi_put_le32(at + 16, offset);
    abi_put_le32(at + 20, length);
}

static struct table good_table(void) {
    struct table t = {.size = 72 + 16};
    put(&t, 0, guids[ABI_CERT_VCEK], 72, 5);
    put(&t, 1, guids[ABI_CERT_ARK], 77, 3);
    memcpy(t.bytes + 72, "leafark", 8);
    return t;
}

static void layout(struct suite_ctx *ctx) {
    const struct table t = good_table();
    struct abi_certtable read;
    SUITE_SUCCEEDS(ctx, "table", abi_certtable_decode(t.bytes, t.size, &read), "well-formed");
    SUITE_EQUAL(ctx, "entries", 2, read.count, "up to the zero entry");
    SUITE_BYTES(ctx, "GUID", guids[ABI_CERT_VCEK], read.entries[0].guid, 16, "bytes 0 to 15");
    SUITE_EQUAL(ctx, "offset", 72, read.entries[0].offset, "bytes 16 to 19");
    SUITE_EQUAL(ctx, "length", 5, read.entries[0].length, "bytes 20 to 23");
    SUITE_EQUAL(ctx, "offset", 77, read.entries[1].offset, "bytes 16 to 19");
    SUITE_EQUAL(ctx, "length", 3, read.entries[1].length, "bytes 20 to 23");
    SUITE_EQUAL(ctx, "kind", ABI_CERT_ARK, abi_cert_kind_from_guid(read.entries[1].guid),
                "by the GUID in printed order");
}

static void known_guids(struct suite_ctx *ctx) {
    static const enum abi_cert_kind kinds[] = {ABI_CERT_VCEK, ABI_CERT_VLEK, ABI_CERT_ASK,
                                               ABI_CERT_ARK, ABI_CERT_CRL};
    for (size_t i = 0; i < 5; i++) {
        suite_instance(ctx, "%s", abi_cert_kind_name(kinds[i]));
        SUITE_BYTES(ctx, "GUID", guids[kinds[i]], abi_cert_guid(kinds[i]), 16, "printed order");
        SUITE_EQUAL(ctx, "kind", kinds[i], abi_cert_kind_from_guid(guids[kinds[i]]),
                    "the GUID's kind");
    }
}

static void mixed_endian(struct suite_ctx *ctx) {
    for (enum abi_cert_kind kind = ABI_CERT_VCEK; kind <= ABI_CERT_CRL; kind++) {
        const uint8_t *g = guids[kind];
        uint8_t mixed[16] = {g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6]};
        memcpy(mixed + 8, g + 8, 8);
        suite_instance(ctx, "%s", abi_cert_kind_name(kind));
        SUITE_EQUAL(ctx, "kind", ABI_CERT_OTHER, abi_cert_kind_from_guid(mixed),
                    "another order is another GUID");
    }
}

static void written(struct suite_ctx *ctx) {
    static const uint8_t vcek[5] = "leaf", ark[3] = "ark";
    const struct abi_certtable_blob blobs[] = {{ABI_CERT_VCEK, vcek, 5}, {ABI_CERT_ARK, ark, 3}};
    struct table t = good_table();
    uint8_t out[120];
    size_t size;
    memcpy(t.bytes + 72, vcek, 5);
    memcpy(t.bytes + 77, ark, 3);
    memset(out, 0xEE, sizeof out);
    SUITE_SUCCEEDS(ctx, "table", abi_certtable_encode(blobs, 2, out, sizeof out, &size), "it fits");
    SUITE_EQUAL(ctx, "size", 80, size, "(n + 1) * 24 and the blobs");
    SUITE_EQUAL(ctx, "abi_certtable_size", 80, abi_certtable_size(blobs, 2), "the same");
    SUITE_BYTES(ctx, "table", t.bytes, out, 80, "entries, zero entry, blobs back to back");
    SUITE_ZERO(ctx, "padding", out + 80, sizeof out - 80, "zeros up to the end");
}

static void empty(struct suite_ctx *ctx) {
    static const uint8_t zeros[ABI_PAGE_SIZE];
    static const size_t sizes[] = {0, 24, 72, ABI_PAGE_SIZE};
    for (size_t i = 0; i < 4; i++) {
        struct abi_certtable read = {.count = 9};
        suite_instance(ctx, "%zu bytes", sizes[i]);
        SUITE_SUCCEEDS(ctx, "table", abi_certtable_decode(zeros, sizes[i], &read), "valid");
        SUITE_EQUAL(ctx, "entries", 0, read.count, "none");
    }
}

static void unknown(struct suite_ctx *ctx) {
    struct table t = good_table();
    struct abi_certtable read;
    put(&t, 0, strange, 72, 5);
    memset(t.bytes + 72, 0xFF, 5);
    SUITE_SUCCEEDS(ctx, "table", abi_certtable_decode(t.bytes, t.size, &read), "well-formed");
    SUITE_EQUAL(ctx, "entries", 2, read.count, "kept");
    SUITE_EQUAL(ctx, "kind", ABI_CERT_OTHER, abi_cert_kind_from_guid(read.entries[0].guid),
                "unknown");
    SUITE_EQUAL(ctx, "kind", ABI_CERT_ARK, abi_cert_kind_from_guid(read.entries[1].guid),
                "the others are still found");
}

static void any_order(struct suite_ctx *ctx) {
    struct table t = good_table();
    struct abi_certtable read;
    put(&t, 0, guids[ABI_CERT_ARK], 77, 3);
    put(&t, 1, guids[ABI_CERT_VCEK], 72, 5);
    SUITE_SUCCEEDS(ctx, "table", abi_certtable_decode(t.bytes, t.size, &read), "well-formed");
    SUITE_EQUAL(ctx, "kind", ABI_CERT_ARK, abi_cert_kind_from_guid(read.entries[0].guid), "first");
    SUITE_EQUAL(ctx, "kind", ABI_CERT_VCEK, abi_cert_kind_from_guid(read.entries[1].guid),
                "second");
}

/* ---- refused ---- */

struct malformed {
    const char *name;
    void (*make)(struct table *t);
};

static void first_offset(struct table *t, uint32_t offset, uint32_t length) {
    put(t, 0, guids[ABI_CERT_VCEK], offset, length);
}

static void offset_0(struct table *t) {
    first_offset(t, 0, 5);
}

static void offset_71(struct table *t) {
    first_offset(t, 71, 5);
}

static void one_beyond(struct table *t) {
    first_offset(t, 72, 17);
}

static void start_beyond(struct table *t) {
    first_offset(t, 89, 0);
}

static void wraps(struct table *t) {
    first_offset(t, UINT32_MAX - 3, 8);
}

static void huge(struct table *t) {
    first_offset(t, 72, UINT32_MAX);
}

static void twice(struct table *t) {
    put(t, 1, guids[ABI_CERT_VCEK], 77, 3);
}

static void strange_twice(struct table *t) {
    put(t, 0, strange, 72, 5);
    put(t, 1, strange, 77, 3);
}

static void cut_terminator(struct table *t) {
    t->size = 71;
}

static void no_terminator(struct table *t) {
    t->size = 48;
}

static void cut_entry(struct table *t) {
    t->size = 23;
}

static void refused(struct suite_ctx *ctx) {
    const struct malformed *rows = suite_row(ctx);
    for (size_t i = 0; rows[i].name != NULL; i++) {
        struct table t = good_table();
        struct abi_certtable read;
        rows[i].make(&t);
        const struct sevkit_result r = abi_certtable_decode(t.bytes, t.size, &read);
        suite_instance(ctx, "%s", rows[i].name);
        SUITE_CHECK(ctx, "table", !sevkit_ok(r), "malformed");
        SUITE_CHECK(ctx, "field", r.field[0] != 0, "the failure names its place");
    }
}

static const struct malformed inside[] = {
    {"offset 0", offset_0}, {"offset 71", offset_71}, {NULL, NULL}};
static const struct malformed beyond[] = {{"one byte beyond the end", one_beyond},
                                          {"a start beyond the end", start_beyond},
                                          {"offset and length that wrap", wraps},
                                          {"length 0xFFFFFFFF", huge},
                                          {NULL, NULL}};
static const struct malformed double_guid[] = {
    {"VCEK twice", twice}, {"an unknown GUID twice", strange_twice}, {NULL, NULL}};
static const struct malformed endless[] = {{"cut in the zero entry", cut_terminator},
                                           {"no zero entry", no_terminator},
                                           {"cut in the first entry", cut_entry},
                                           {NULL, NULL}};

/* ---- with the machine's certificates ---- */

static bool write_chain(struct suite_ctx *ctx, const struct verifier_world *world, uint8_t *out,
                        size_t capacity, struct abi_certtable *read) {
    const struct vmm_certs *c = &world->certs;
    const struct abi_certtable_blob blobs[] = {
        {c->vlek ? ABI_CERT_VLEK : ABI_CERT_VCEK, c->leaf.bytes, c->leaf.size},
        {ABI_CERT_ASK, c->ca.bytes, c->ca.size},
        {ABI_CERT_ARK, c->ark.bytes, c->ark.size},
    };
    size_t size;
    return suite_succeeds(ctx, "table", abi_certtable_encode(blobs, 3, out, capacity, &size),
                          "three certificates fit") &&
           suite_succeeds(ctx, "table", abi_certtable_decode(out, size, read), "well-formed");
}

static bool role_is(struct suite_ctx *ctx, const uint8_t *bytes, size_t size, enum pki_role role) {
    struct pki_cert *cert;
    if (!suite_succeeds(ctx, "certificate", pki_cert_parse(bytes, size, &cert), "DER or PEM"))
        return false;
    const enum pki_role got = pki_cert_role(cert);
    pki_cert_free(cert);
    return suite_equal(ctx, pki_role_name(role), role, got, "by the subject");
}

static void asvk(struct suite_ctx *ctx) {
    static uint8_t out[ABI_CERTTABLE_SIZE_MAX];
    struct verifier_world world;
    struct abi_certtable t;
    SUITE_STEP(verifier_open(ctx, VERIFIER_VLEK, &world));
    SUITE_STEP(write_chain(ctx, &world, out, sizeof out, &t));
    SUITE_EQUAL(ctx, "kind", ABI_CERT_ASK, abi_cert_kind_from_guid(t.entries[1].guid),
                "the ASK's GUID");
    SUITE_STEP(role_is(ctx, out + t.entries[1].offset, t.entries[1].length, PKI_ROLE_ASVK));
}

static void pem(struct suite_ctx *ctx) {
    static char text[4096];
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    const struct pki_der *leaf = &world.certs.leaf;
    SUITE_SETUP(ctx, "PEM", pki_pem(leaf->bytes, leaf->size, text, sizeof text));
    SUITE_STEP(role_is(ctx, leaf->bytes, leaf->size, PKI_ROLE_VCEK));
    SUITE_STEP(role_is(ctx, (const uint8_t *)text, strlen(text), PKI_ROLE_VCEK));
}

static void empty_entry(struct suite_ctx *ctx) {
    struct table t = good_table();
    struct abi_certtable read;
    struct verifier_world world;
    first_offset(&t, 72, 0);
    SUITE_SUCCEEDS(ctx, "table", abi_certtable_decode(t.bytes, t.size, &read), "well-formed");
    SUITE_EQUAL(ctx, "length", 0, read.entries[0].length, "an empty certificate");
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    world.certs.leaf.size = read.entries[0].length;
    SUITE_STEP(
        verifier_refuses(ctx, &world, PKI_STAGE_CHAIN, "VRF-040", "no bytes are no certificate"));
}

#define GOOD(ID, TITLE, NEEDS, RUN, ...)                                                           \
    {                                                                                              \
        .id = "verifier.table." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_POSITIVE, .needs = NEEDS, .run = RUN                                         \
    }

#define BAD(ID, TITLE, TWIN, NEEDS, RUN, ROW, ...)                                                 \
    {                                                                                              \
        .id = "verifier.table." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_NEGATIVE, .twin = "verifier.table." TWIN, .needs = NEEDS, .run = RUN,        \
        .row = ROW                                                                                 \
    }

static const struct suite_test tests[] = {
    GOOD("layout", "an entry: GUID, offset, length", 0, layout, "SNP-TAB-001", "SNP-TAB-003",
         "SNP-TAB-005", "SNP-TAB-006", "SNP-TAB-008"),
    GOOD("guids", "the five GUIDs in printed order", 0, known_guids, "SNP-TAB-002", "SNP-TAB-010"),
    GOOD("written", "entries, zero entry, blobs back to back, zeros", 0, written, "SNP-TAB-004"),
    GOOD("empty", "no bytes, 24 zero bytes, a page of zeros", 0, empty, "SNP-TAB-007"),
    GOOD("unknown", "an unknown GUID is skipped", 0, unknown, "SNP-TAB-009"),
    GOOD("order", "the entries in another order", 0, any_order, "SNP-TAB-013"),
    GOOD("asvk", "the ASVK of a VLEK under the ASK's GUID", VERIFIER_NEEDS, asvk, "SNP-TAB-011"),
    GOOD("pem", "a certificate as DER and as PEM", VERIFIER_NEEDS, pem, "SNP-TAB-012", "VRF-040"),
    BAD("mixed-endian", "the GUIDs in mixed-endian order", "guids", 0, mixed_endian, NULL,
        "SNP-TAB-002"),
    BAD("inside-header", "an offset inside the header", "layout", 0, refused, inside,
        "SNP-TAB-005"),
    BAD("beyond-end", "an entry that ends outside the table", "layout", 0, refused, beyond,
        "SNP-TAB-006"),
    BAD("twice", "a GUID that occurs twice", "layout", 0, refused, double_guid, "SNP-TAB-008"),
    BAD("endless", "a header without its zero entry", "layout", 0, refused, endless, "SNP-TAB-003"),
    BAD("empty-entry", "an entry of length 0 as the leaf", "pem", VERIFIER_NEEDS, empty_entry, NULL,
        "SNP-TAB-014"),
};

const struct suite_area verifier_table = VERIFIER_PART(tests);
