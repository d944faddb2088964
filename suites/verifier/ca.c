/* Stage chain: what a certificate may not be, ARK and ASK above all. Certificate notes, sections 1.1 and 1.2. */
#include "verifier/forge.h"

#define CHAIN PKI_STAGE_CHAIN
#define NONE                                                                                       \
    { 0, (const uint8_t *)"" }
#define END                                                                                        \
    { .name = NULL }

#define LEAF FORGE_THE_LEAF
#define CA FORGE_THE_CA
#define ARK FORGE_THE_ARK

/* One, or both occurrences (inside the signed part and outside of it), of OLD replaced. */
#define ONE(NAME, WHICH, OLD, NTH, NEW, REQ)                                                       \
    { NAME, NULL, WHICH, {{.old = OLD, .nth = NTH, .new = NEW}}, CHAIN, REQ }
#define BOTH(NAME, WHICH, OLD, NEW, REQ)                                                           \
    {                                                                                              \
        NAME, NULL, WHICH, {{.old = OLD, .new = NEW, .nth = 1}, {.old = OLD, .new = NEW}}, CHAIN,  \
            REQ                                                                                    \
    }
#define DROP(NAME, WHICH, OLD, REQ)                                                                \
    { NAME, NULL, WHICH, {{.old = OLD, .new = NONE, .whole = true}}, CHAIN, REQ }
#define PLUS(NAME, WHICH, BEFORE, NEW, REQ)                                                        \
    { NAME, NULL, WHICH, {{.old = BEFORE, .new = NEW, .whole = true, .keep = true}}, CHAIN, REQ }

/* "Genoa" and "Milan" are of one length. */
#define GENOA FORGE('G', 'e', 'n', 'o', 'a')
#define MILAN FORGE('M', 'i', 'l', 'a', 'n')

static const struct forge_row issuers[] = {
    ONE("the leaf's issuer is SEV-Milan", LEAF, GENOA, 0, MILAN, "VRF-028"),
    ONE("the ASK's issuer is ARK-Milan", CA, GENOA, 0, MILAN, "VRF-028"),
    ONE("the ARK's issuer is ARK-Milan", ARK, GENOA, 0, MILAN, "VRF-028"), END};

#define DEVICES FORGE('D', 'e', 'v', 'i', 'c', 'e', 's')

static const struct forge_row names[] = {
    ONE("the leaf's organisation", LEAF, DEVICES, 1, FORGE('D', 'e', 'v', 'i', 'c', 'e', 'z'),
        "VRF-029"),
    ONE("the ASK's organisation", CA, DEVICES, 1, FORGE('D', 'e', 'v', 'i', 'c', 'e', 'z'),
        "VRF-029"),
    ONE("the ARK's common name goes on", ARK,
        FORGE(0x30, 0x10, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x09, 'A', 'R', 'K', '-', 'G', 'e',
              'n', 'o', 'a'),
        1,
        FORGE(0x30, 0x11, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x0A, 'A', 'R', 'K', '-', 'G', 'e',
              'n', 'o', 'a', 'X'),
        "VRF-029"),
    ONE("the country as UTF8String", LEAF, FORGE(0x13, 0x02, 'U', 'S'), 1,
        FORGE(0x0C, 0x02, 'U', 'S'), "VRF-029"),
    ONE("the locality as PrintableString", CA, FORGE(0x0C, 0x0B, 'S', 'a', 'n', 't', 'a'), 1,
        FORGE(0x13, 0x0B, 'S', 'a', 'n', 't', 'a'), "VRF-029"),
    ONE("the locality as a street", LEAF, FORGE(0x06, 0x03, 0x55, 0x04, 0x07, 0x0C, 0x0B, 'S'), 1,
        FORGE(0x06, 0x03, 0x55, 0x04, 0x09, 0x0C, 0x0B, 'S'), "VRF-029"),
    ONE("two attributes in one relative name", LEAF,
        FORGE(0x31, 0x0B, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, 'U', 'S', 0x31,
              0x14, 0x30, 0x12),
        1,
        FORGE(0x31, 0x1F, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, 'U', 'S', 0x30,
              0x12),
        "VRF-029"),
    ONE("a serial number behind the common name", LEAF,
        FORGE(0x31, 0x11, 0x30, 0x0F, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x08, 'S', 'E', 'V', '-',
              'V', 'C', 'E', 'K'),
        0,
        FORGE(0x31, 0x11, 0x30, 0x0F, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x08, 'S', 'E', 'V', '-',
              'V', 'C', 'E', 'K', 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x05, 0x13, 0x01,
              '1'),
        "VRF-029"),
    ONE("a missing state", LEAF,
        FORGE(0x31, 0x0B, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x08, 0x0C, 0x02, 'C', 'A'), 1, NONE,
        "VRF-029"),
    END};

#define SALT FORGE(0xA2, 0x03, 0x02, 0x01, 0x30)
#define SALT_32 FORGE(0xA2, 0x03, 0x02, 0x01, 0x20)
#define SHA(N) FORGE(0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, N)
#define TRAILER FORGE(0xA3, 0x03, 0x02, 0x01, 0x01)
#define TRAILER_2 FORGE(0xA3, 0x03, 0x02, 0x01, 0x02)
#define PSS FORGE(0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A)
#define PKCS1 FORGE(0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C)

static const struct forge_row algorithms[] = {
    BOTH("salt 32 in the leaf", LEAF, SALT, SALT_32, "VRF-031"),
    BOTH("salt 32 in the ASK", CA, SALT, SALT_32, "VRF-031"),
    BOTH("salt 32 in the ARK", ARK, SALT, SALT_32, "VRF-031"),
    BOTH("trailer 2 in the ASK", CA, TRAILER, TRAILER_2, "VRF-031"),
    BOTH("PKCS#1 v1.5 in the leaf", LEAF, PSS, PKCS1, "VRF-031"),
    {"SHA-256 in the leaf",
     NULL,
     LEAF,
     {{.old = SHA(2), .new = SHA(1), .nth = 2}, {.old = SHA(2), .new = SHA(1)}},
     CHAIN,
     "VRF-031"},
    END};

static const struct forge_row differing[] = {
    ONE("inside, in the leaf", LEAF, SALT, 0, SALT_32, "VRF-032"),
    ONE("outside, in the leaf", LEAF, SALT, 1, SALT_32, "VRF-032"),
    ONE("outside, in the ASK", CA, TRAILER, 1, TRAILER_2, "VRF-032"),
    ONE("outside, in the ARK", ARK, SALT, 1, SALT_32, "VRF-032"), END};

/* Genoa: ARK from 2022-01-26, ASK from 2022-10-31, both for 25 years. */
static const struct forge_row dates[] = {
    ONE("the ASK is over", CA, FORGE('4', '7', '1', '0', '3', '1'), 0,
        FORGE('2', '5', '1', '0', '3', '1'), "VRF-034"),
    ONE("the ASK is to come", CA, FORGE('2', '2', '1', '0', '3', '1'), 0,
        FORGE('2', '6', '1', '0', '3', '1'), "VRF-034"),
    ONE("the ARK is over", ARK, FORGE('4', '7', '0', '1', '2', '6'), 0,
        FORGE('2', '5', '0', '1', '2', '6'), "VRF-034"),
    ONE("the ARK is to come", ARK, FORGE('2', '2', '0', '1', '2', '6'), 0,
        FORGE('2', '6', '0', '1', '2', '6'), "VRF-034"),
    END};

#define CONSTRAINTS FORGE(0x30, 0x12, 0x06, 0x03, 0x55, 0x1D, 0x13)
#define CONSTRAINTS_ARK FORGE(0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x13)
#define USAGE FORGE(0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F)

static const struct forge_row rights[] = {
    ONE("ASK with CA:FALSE", CA, FORGE(0x04, 0x08, 0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00),
        0, FORGE(0x04, 0x02, 0x30, 0x00), "VRF-035"),
    ONE("ASK with path length 1", CA, FORGE(0x01, 0x01, 0xFF, 0x02, 0x01, 0x00), 0,
        FORGE(0x01, 0x01, 0xFF, 0x02, 0x01, 0x01), "VRF-035"),
    ONE("ASK without path length", CA,
        FORGE(0x04, 0x08, 0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00), 0,
        FORGE(0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xFF), "VRF-035"),
    ONE("ARK with CA:FALSE", ARK, FORGE(0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xFF), 0,
        FORGE(0x04, 0x02, 0x30, 0x00), "VRF-035"),
    ONE("ASK with basicConstraints that are not critical", CA,
        FORGE(0x30, 0x12, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04), 0,
        FORGE(0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x04), "VRF-035"),
    DROP("ASK without basicConstraints", CA, CONSTRAINTS, "VRF-035"),
    DROP("ARK without basicConstraints", ARK, CONSTRAINTS_ARK, "VRF-035"),
    DROP("ASK without keyUsage", CA, USAGE, "VRF-035"),
    DROP("ARK without keyUsage", ARK, USAGE, "VRF-035"),
    ONE("ASK with digitalSignature alone", CA, FORGE(0x04, 0x04, 0x03, 0x02, 0x01, 0x04), 0,
        FORGE(0x04, 0x04, 0x03, 0x02, 0x07, 0x80), "VRF-035"),
    ONE("ASK with keyUsage that is not critical", CA,
        FORGE(0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01, 0x01, 0xFF, 0x04), 0,
        FORGE(0x30, 0x0B, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x04), "VRF-035"),
    END};

#define UNKNOWN                                                                                    \
    FORGE(0x30, 0x0C, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x01, 0x01, 0xFF, 0x04, 0x02, 0x05, 0x00)
#define STRANGE FORGE(0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x04, 0x02, 0x05, 0x00)

static const struct forge_row critical[] = {PLUS("in the ASK", CA, USAGE, UNKNOWN, "VRF-037"),
                                            PLUS("in the ARK", ARK, USAGE, UNKNOWN, "VRF-037"),
                                            END};

static const struct forge_row twice[] = {
    {"in the ASK",
     NULL,
     CA,
     {{.old = USAGE, .new = STRANGE, .whole = true, .keep = true},
      {.old = USAGE, .new = STRANGE, .whole = true, .keep = true}},
     CHAIN,
     "VRF-108"},
    END};

#define EXPONENT FORGE(0x02, 0x03, 0x01, 0x00, 0x01, 0xA3)

static const struct forge_row keys[] = {
    ONE("exponent 65539 in the ASK", CA, EXPONENT, 0, FORGE(0x02, 0x03, 0x01, 0x00, 0x03, 0xA3),
        "VRF-107"),
    ONE("an RSASSA-PSS key in the ASK", CA,
        FORGE(0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01), 0, PSS, "VRF-107"),
    END};

static const struct forge_row versions[] = {
    ONE("version 2 of the leaf", LEAF, FORGE(0xA0, 0x03, 0x02, 0x01, 0x02), 0,
        FORGE(0xA0, 0x03, 0x02, 0x01, 0x01), "VRF-106"),
    PLUS("a unique id in the leaf", LEAF, FORGE(0xA3, 0x82), FORGE(0x82, 0x02, 0x00, 0x01),
         "VRF-106"),
    PLUS("a unique id in the ASK", CA, FORGE(0xA3, 0x81), FORGE(0x81, 0x02, 0x00, 0x01), "VRF-106"),
    END};

#define TWIN "accept.minted"

static const struct suite_test tests[] = {
    FORGE_REFUSE("ca.issuer", TWIN, "an issuer that is not the subject above", issuers, "VRF-028"),
    FORGE_REFUSE("ca.name", TWIN, "names that are not AMD's to the byte", names, "VRF-029"),
    FORGE_REFUSE("ca.algorithm", TWIN, "other signature parameters", algorithms, "VRF-031"),
    FORGE_REFUSE("ca.algorithms-differ", TWIN, "parameters that differ inside and outside",
                 differing, "VRF-032"),
    FORGE_REFUSE("ca.validity", TWIN, "ARK and ASK outside their validity", dates, "VRF-034"),
    FORGE_REFUSE("ca.rights", TWIN, "ARK and ASK without the rights of a CA", rights, "VRF-035"),
    FORGE_REFUSE("ca.critical", TWIN, "an unknown critical extension in a CA", critical, "VRF-037"),
    FORGE_REFUSE("ca.twice", TWIN, "an extension that occurs twice", twice, "VRF-108"),
    FORGE_REFUSE("ca.key", TWIN, "another key than RSA-4096 with 65537", keys, "VRF-107"),
    FORGE_REFUSE("ca.version", TWIN, "another version, unique ids", versions, "VRF-106"),
};

const struct suite_area verifier_ca = VERIFIER_PART(tests);
