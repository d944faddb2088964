/* Stage chain: VCEK and VLEK, their extensions above all. Certificate notes, sections 1.3 and 2. */
#include <string.h>

#include "verifier/forge.h"

#define ARC 0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01
#define SPL_ARC 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01, 0x03

/* Heads of extensions: SEQUENCE, its length, OID. */
#define STRUCT_VERSION FORGE(0x30, 0x10, ARC, 0x01)
#define HWID FORGE(0x30, 0x4D, ARC, 0x04)
#define HWID_TURIN FORGE(0x30, 0x15, ARC, 0x04)
#define SPL(N) FORGE(0x30, 0x11, SPL_ARC, N)
#define UCODE FORGE(0x30, 0x12, SPL_ARC, 0x08) /* 213: two bytes */
#define SPL_IS(N, ...)                                                                             \
    FORGE(0x30, 0x0E + sizeof((uint8_t[]){__VA_ARGS__}), SPL_ARC, N, 0x04,                         \
          sizeof((uint8_t[]){__VA_ARGS__}), __VA_ARGS__)

#define CHAIN PKI_STAGE_CHAIN
#define NONE                                                                                       \
    { 0, (const uint8_t *)"" }

/* Row with one value replaced, removed, or put in front of structVersion. */
#define SWAP(NAME, PROFILE, OLD, NEW, REQ)                                                         \
    { NAME, PROFILE, FORGE_THE_LEAF, {{.old = OLD, .new = NEW, .whole = true}}, CHAIN, REQ }
#define DROP(NAME, PROFILE, OLD, REQ)                                                              \
    { NAME, PROFILE, FORGE_THE_LEAF, {{.old = OLD, .new = NONE, .whole = true}}, CHAIN, REQ }
#define PLUS(NAME, PROFILE, NEW, STAGE, REQ)                                                       \
    {                                                                                              \
        NAME, PROFILE, FORGE_THE_LEAF,                                                             \
            {{.old = STRUCT_VERSION, .new = NEW, .whole = true, .keep = true}}, STAGE, REQ         \
    }
#define END                                                                                        \
    { .name = NULL }

static const struct forge_row untouched[] = {
    PLUS("a non-critical extension outside AMD's arc", NULL,
         FORGE(0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x04, 0x02, 0x05, 0x00), PKI_STAGE_COUNT,
         NULL),
    PLUS("a subject key identifier", NULL,
         FORGE(0x30, 0x0D, 0x06, 0x03, 0x55, 0x1D, 0x0E, 0x04, 0x06, 0x04, 0x04, 1, 2, 3, 4),
         PKI_STAGE_COUNT, NULL),
    END};

static const struct forge_row critical[] = {
    PLUS("unknown", NULL,
         FORGE(0x30, 0x0C, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x01, 0x01, 0xFF, 0x04, 0x02, 0x05, 0x00),
         CHAIN, "VRF-037"),
    END};

static const struct forge_row is_ca[] = {
    PLUS("basicConstraints CA", NULL,
         FORGE(0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04, 0x05, 0x30, 0x03,
               0x01, 0x01, 0xFF),
         CHAIN, "VRF-035"),
    PLUS("keyUsage keyCertSign", NULL,
         FORGE(0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01, 0x01, 0xFF, 0x04, 0x04, 0x03, 0x02,
               0x02, 0x04),
         CHAIN, "VRF-035"),
    PLUS("basicConstraints that cannot be read", NULL,
         FORGE(0x30, 0x09, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x04, 0x02, 0x05, 0x00), CHAIN, "VRF-035"),
    PLUS("keyUsage that cannot be read", NULL,
         FORGE(0x30, 0x09, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x04, 0x02, 0x05, 0x00), CHAIN, "VRF-035"),
    END};

static const struct forge_row no_hwid[] = {DROP("Genoa", NULL, HWID, "VRF-053"),
                                           DROP("Turin", VERIFIER_TURIN, HWID_TURIN, "VRF-053"),
                                           END};

static const struct forge_row hwid_size[] = {
    SWAP("8 bytes on Genoa", NULL, HWID,
         FORGE(0x30, 0x15, ARC, 0x04, 0x04, 0x08, 8, 0x46, 0x0A, 0xF4, 0x47, 0x64, 0xE3, 0xCF),
         "VRF-055"),
    SWAP("an empty one", NULL, HWID, FORGE(0x30, 0x0D, ARC, 0x04, 0x04, 0x00), "VRF-055"),
    SWAP("9 bytes on Turin", VERIFIER_TURIN, HWID_TURIN,
         FORGE(0x30, 0x16, ARC, 0x04, 0x04, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9), "VRF-055"),
    SWAP("8 bytes in an OCTET STRING", VERIFIER_TURIN, HWID_TURIN,
         FORGE(0x30, 0x17, ARC, 0x04, 0x04, 0x0A, 0x04, 0x08, 1, 2, 3, 4, 5, 6, 7, 8), "VRF-055"),
    END};

#define CSP_X FORGE(0x30, 0x13, ARC, 0x05, 0x04, 0x06, 0x16, 0x04, 'C', 'N', '=', 'x')

static const struct forge_row vlek[] = {
    {"no cspID",
     VERIFIER_VLEK,
     FORGE_THE_LEAF,
     {{.old = FORGE(0x30, 0x26, ARC, 0x05), .new = NONE, .whole = true}},
     CHAIN,
     "VRF-054"},
    END};

static const struct forge_row foreign[] = {
    PLUS("hwID in a VLEK", VERIFIER_VLEK,
         FORGE(0x30, 0x15, ARC, 0x04, 0x04, 0x08, 1, 2, 3, 4, 5, 6, 7, 8), CHAIN, "VRF-109"),
    PLUS("cspID in a VCEK", NULL, CSP_X, CHAIN, "VRF-109"),
    PLUS("fmcSPL on Genoa", NULL, SPL_IS(0x09, 0x02, 0x01, 0x02), CHAIN, "VRF-109"),
    PLUS("spl_4 on Turin", VERIFIER_TURIN, SPL_IS(0x04, 0x02, 0x01, 0x00), CHAIN, "VRF-109"),
    PLUS("an unknown one of the arc", NULL,
         FORGE(0x30, 0x10, ARC, 0x06, 0x04, 0x03, 0x02, 0x01, 0x00), CHAIN, "VRF-109"),
    SWAP("a critical one", NULL, SPL(0x01),
         FORGE(0x30, 0x14, SPL_ARC, 0x01, 0x01, 0x01, 0xFF, 0x04, 0x03, 0x02, 0x01, 0x04),
         "VRF-037"),
    END};

static const struct forge_row twice[] = {
    PLUS("blSPL twice, the same", NULL, SPL_IS(0x01, 0x02, 0x01, 0x04), CHAIN, "VRF-108"),
    PLUS("snpSPL twice, the first another", NULL, SPL_IS(0x03, 0x02, 0x01, 0x05), CHAIN, "VRF-108"),
    PLUS("an extension outside the arc twice", NULL,
         FORGE(0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x04, 0x02, 0x05, 0x00, 0x30, 0x09, 0x06,
               0x03, 0x2A, 0x03, 0x04, 0x04, 0x02, 0x05, 0x00),
         CHAIN, "VRF-108"),
    END};

static const struct forge_row missing[] = {
    DROP("structVersion", NULL, STRUCT_VERSION, "VRF-059"),
    DROP("blSPL", NULL, SPL(0x01), "VRF-059"),
    DROP("teeSPL", NULL, SPL(0x02), "VRF-059"),
    DROP("snpSPL", NULL, SPL(0x03), "VRF-059"),
    DROP("spl_4", NULL, SPL(0x04), "VRF-059"),
    DROP("spl_5", NULL, SPL(0x05), "VRF-059"),
    DROP("spl_6", NULL, SPL(0x06), "VRF-059"),
    DROP("spl_7", NULL, SPL(0x07), "VRF-059"),
    DROP("ucodeSPL", NULL, UCODE, "VRF-059"),
    DROP("fmcSPL", VERIFIER_TURIN, SPL(0x09), "VRF-059"),
    DROP("snpSPL on Turin", VERIFIER_TURIN, SPL(0x03), "VRF-059"),
    END};

static const struct forge_row integers[] = {
    SWAP("negative", NULL, UCODE, SPL_IS(0x08, 0x02, 0x01, 0xD5), "VRF-060"),
    SWAP("padded", NULL, SPL(0x01), SPL_IS(0x01, 0x02, 0x02, 0x00, 0x04), "VRF-060"),
    SWAP("padded twice", NULL, UCODE, SPL_IS(0x08, 0x02, 0x03, 0x00, 0x00, 0xD5), "VRF-060"),
    SWAP("261", NULL, SPL(0x01), SPL_IS(0x01, 0x02, 0x02, 0x01, 0x04), "VRF-060"),
    SWAP("ENUMERATED", NULL, SPL(0x01), SPL_IS(0x01, 0x0A, 0x01, 0x04), "VRF-060"),
    SWAP("OCTET STRING", NULL, SPL(0x01), SPL_IS(0x01, 0x04, 0x01, 0x04), "VRF-060"),
    SWAP("BOOLEAN", NULL, SPL(0x01), SPL_IS(0x01, 0x01, 0x01, 0x04), "VRF-060"),
    SWAP("a byte behind it", NULL, SPL(0x01), SPL_IS(0x01, 0x02, 0x01, 0x04, 0x00), "VRF-060"),
    SWAP("no content", NULL, SPL(0x01), SPL_IS(0x01, 0x02, 0x00), "VRF-060"),
    SWAP("a bare byte", NULL, SPL(0x01), SPL_IS(0x01, 0x04), "VRF-060"),
    SWAP("a reserved one that is not 0", NULL, SPL(0x05), SPL_IS(0x05, 0x02, 0x01, 0x01),
         "VRF-060"),
    END};

#define PRODUCT_NAME FORGE(0x30, 0x14, ARC, 0x02)
#define NAME_IS(TAG, N, ...) FORGE(0x30, 0x0F + N, ARC, 0x02, 0x04, N + 2, TAG, N, __VA_ARGS__)

static const struct forge_row steppings[] = {
    {"Genoa-B2",
     NULL,
     FORGE_THE_LEAF,
     {{.old = PRODUCT_NAME,
       .new = NAME_IS(0x16, 8, 'G', 'e', 'n', 'o', 'a', '-', 'B', '2'),
       .whole = true}},
     PKI_STAGE_COUNT,
     NULL},
    END};

static const struct forge_row names[] = {
    SWAP("another line", NULL, PRODUCT_NAME, NAME_IS(0x16, 5, 'M', 'i', 'l', 'a', 'n'), "VRF-110"),
    SWAP("a longer word", NULL, PRODUCT_NAME, NAME_IS(0x16, 6, 'X', 'G', 'e', 'n', 'o', 'a'),
         "VRF-110"),
    SWAP("a word behind it", NULL, PRODUCT_NAME, NAME_IS(0x16, 6, 'G', 'e', 'n', 'o', 'a', 'X'),
         "VRF-110"),
    SWAP("lower case", NULL, PRODUCT_NAME, NAME_IS(0x16, 5, 'g', 'e', 'n', 'o', 'a'), "VRF-110"),
    SWAP("UTF8String", NULL, PRODUCT_NAME, NAME_IS(0x0C, 5, 'G', 'e', 'n', 'o', 'a'), "VRF-110"),
    SWAP("a zero byte behind it", NULL, PRODUCT_NAME,
         NAME_IS(0x16, 6, 'G', 'e', 'n', 'o', 'a', 0x00), "VRF-110"),
    END};

static const struct forge_row struct_versions[] = {
    SWAP("1 on Genoa", NULL, STRUCT_VERSION, FORGE(0x30, 0x10, ARC, 0x01, 0x04, 0x03, 2, 1, 1),
         "VRF-111"),
    SWAP("0 on Turin", VERIFIER_TURIN, STRUCT_VERSION,
         FORGE(0x30, 0x10, ARC, 0x01, 0x04, 0x03, 2, 1, 0), "VRF-111"),
    SWAP("2 on Turin", VERIFIER_TURIN, STRUCT_VERSION,
         FORGE(0x30, 0x10, ARC, 0x01, 0x04, 0x03, 2, 1, 2), "VRF-111"),
    END};

/* The generator of P-256 as a key. */
static const struct forge_row curves[] = {
    SWAP("P-256", NULL, FORGE(0x30, 0x76, 0x30, 0x10),
         FORGE(0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
               0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x6B,
               0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
               0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8,
               0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB,
               0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB,
               0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5),
         "VRF-036"),
    END};

/* pki_cert_leaf_info by itself refuses what stage chain has refused before it. */
static void info_refuses(struct suite_ctx *ctx, const char *name, const struct pki_der *der,
                         const char *field) {
    struct pki_cert *cert;
    struct pki_leaf_info info;
    SUITE_SETUP(ctx, "certificate", pki_cert_parse(der->bytes, der->size, &cert));
    const struct sevkit_result r = pki_cert_leaf_info(cert, &info);
    pki_cert_free(cert);
    suite_instance(ctx, "%s", name);
    SUITE_CHECK(ctx, "leaf", !sevkit_ok(r), "not the extensions of a leaf");
    SUITE_CHECK(ctx, r.field, strcmp(r.field, field) == 0, "the failure names its place");
}

static void info(struct suite_ctx *ctx) {
    struct verifier_world world;
    struct pki_der leaf;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    info_refuses(ctx, "an ASK", &world.certs.ca, "subject.CN");
    if (suite_stopped(ctx)) return;
    leaf = world.certs.leaf;
    SUITE_STEP(forge_replace(ctx, &leaf, FORGE('S', 'E', 'V', '-', 'G', 'e', 'n', 'o', 'a'), 0,
                             FORGE('S', 'E', 'V', '-', 'G', 'e', 'n', 'o', 'z')));
    info_refuses(ctx, "an issuer of no product line", &leaf, "issuer.CN");
    if (suite_stopped(ctx)) return;
    leaf = world.certs.leaf;
    SUITE_STEP(forge_replace(
        ctx, &leaf, SPL_IS(0x01, 0x02, 0x01, 0x04), 0,
        FORGE(0x30, 0x14, SPL_ARC, 0x01, 0x01, 0x01, 0xFF, 0x04, 0x03, 0x02, 0x01, 0x04)));
    info_refuses(ctx, "a critical extension", &leaf, "blSPL");
    if (suite_stopped(ctx)) return;
    leaf = world.certs.leaf;
    SUITE_STEP(forge_replace(ctx, &leaf, SPL_IS(0x01, 0x02, 0x01, 0x04), 0,
                             FORGE(0x30, 0x11, SPL_ARC, 0x01, 0x04, 0x03, 0x02, 0x01, 0x04, 0x30,
                                   0x11, SPL_ARC, 0x01, 0x04, 0x03, 0x02, 0x01, 0x04)));
    info_refuses(ctx, "an extension that occurs twice", &leaf, "blSPL");
}

#define TWIN "accept.minted"

static const struct suite_test tests[] = {
    FORGE_ACCEPT("leaf.tolerated", "non-critical extensions outside AMD's arc", untouched,
                 "VRF-038"),
    FORGE_ACCEPT("leaf.stepping", "productName with a stepping", steppings, "VRF-110"),
    FORGE_REFUSE("leaf.critical", "leaf.tolerated", "an unknown critical extension", critical,
                 "VRF-037"),
    FORGE_REFUSE("leaf.is-ca", TWIN, "a leaf with the rights of a CA", is_ca, "VRF-035"),
    FORGE_REFUSE("leaf.no-hwid", TWIN, "a VCEK without hwID", no_hwid, "VRF-053"),
    FORGE_REFUSE("leaf.hwid-size", TWIN, "a hwID of another length", hwid_size, "VRF-055"),
    FORGE_REFUSE("leaf.no-csp", TWIN, "a VLEK without cspID", vlek, "VRF-054"),
    FORGE_REFUSE("leaf.foreign", TWIN, "extensions that the leaf does not have", foreign, "VRF-109",
                 "VRF-054"),
    FORGE_REFUSE("leaf.twice", TWIN, "an extension that occurs twice", twice, "VRF-108", "VRF-059"),
    FORGE_REFUSE("leaf.missing", TWIN, "each SPL extension missing", missing, "VRF-059"),
    FORGE_REFUSE("leaf.integer", TWIN, "an SPL that is no minimal INTEGER", integers, "VRF-060"),
    FORGE_REFUSE("leaf.product-name", "leaf.stepping", "another productName", names, "VRF-110"),
    FORGE_REFUSE("leaf.struct-version", TWIN, "another structVersion", struct_versions, "VRF-111"),
    {.id = "verifier.leaf.info",
     .title = "the extensions read by themselves",
     .requirements = SUITE_REQ("VRF-109", "VRF-108", "VRF-030"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = info},
    FORGE_REFUSE("leaf.curve", TWIN, "a key on another curve", curves, "VRF-036"),
};

const struct suite_area verifier_leaf = VERIFIER_PART(tests);
