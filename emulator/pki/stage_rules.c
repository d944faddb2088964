/* See stage_rules.h. Certificate notes, sections 1 to 3 and 5; attestation report notes; design,
 * section 4. */
#include "pki/stage_rules.h"

#include <stdio.h>
#include <string.h>

#define NO SEVKIT_NO_OFFSET

static const struct rule {
    enum sevkit_code code;
    const char *field; /* "" where the caller names it */
    size_t offset;     /* in the report */
    const char *requirement;
    const char *text;
} rules[R_COUNT] = {
    [R_CERT_MISSING] = {SEVKIT_NOT_FOUND, "", NO, "VRF-025", "a certificate that the chain needs"},
    [R_CERT_VERSION] = {SEVKIT_BAD_VALUE, "version", NO, "VRF-106", "must be v3"},
    [R_CERT_ALGORITHMS] = {SEVKIT_BAD_VALUE, "signatureAlgorithm", NO, "VRF-032",
                           "must equal the algorithm inside the signed part"},
    [R_CERT_ALGORITHM] = {SEVKIT_BAD_VALUE, "signatureAlgorithm", NO, "VRF-031",
                          "must be RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt 48, trailer 1"},
    [R_CERT_NAME_COUNT] = {SEVKIT_BAD_VALUE, "", NO, "VRF-029",
                           "must be OU, C, L, ST, O, CN and nothing else"},
    [R_CERT_NAME_RDN] = {SEVKIT_BAD_VALUE, "", NO, "VRF-029",
                         "one attribute in each relative name"},
    [R_CERT_NAME_ORDER] = {SEVKIT_BAD_VALUE, "", NO, "VRF-029", "the order is OU, C, L, ST, O, CN"},
    [R_CERT_NAME_TAG] = {SEVKIT_BAD_VALUE, "", NO, "VRF-029",
                         "C is a PrintableString, the others are UTF8String"},
    [R_CERT_NAME_VALUE] = {SEVKIT_BAD_VALUE, "", NO, "VRF-029", "must be AMD's name"},
    [R_CERT_UNIQUE_ID] = {SEVKIT_BAD_VALUE, "uniqueID", NO, "VRF-106", "must be absent"},
    [R_CERT_EXTENSIONS] = {SEVKIT_LIMIT, "extensions", NO, "VRF-104", "at most 32 extensions"},
    [R_CERT_TWICE] = {SEVKIT_BAD_VALUE, "", NO, "VRF-108", "an extension occurs once"},
    [R_CERT_CRITICAL] = {SEVKIT_BAD_VALUE, "", NO, "VRF-037", "no unknown critical extension"},
    [R_CA_VALIDITY] = {SEVKIT_BAD_VALUE, "", NO, "VRF-034",
                       "the time of verification must lie inside every CA certificate's validity"},
    [R_LEAF_VALIDITY] = {SEVKIT_BAD_VALUE, "", NO, "VRF-033",
                         "the time of verification must lie inside the leaf's validity"},
    [R_CERT_ISSUER] = {SEVKIT_BAD_VALUE, "issuer", NO, "VRF-028",
                       "must be the subject of the certificate above, byte for byte"},
    [R_ARK_SIGNATURE] = {SEVKIT_BAD_CRYPTO, "signature", NO, "VRF-022",
                         "must verify with the ARK's own key"},
    [R_CA_SIGNATURE] = {SEVKIT_BAD_CRYPTO, "signature", NO, "VRF-026",
                        "must verify with the key of the ARK"},
    [R_LEAF_SIGNATURE] = {SEVKIT_BAD_CRYPTO, "signature", NO, "VRF-027",
                          "must verify with the key of the ASK or ASVK"},

    [R_CA_NAME] = {SEVKIT_BAD_VALUE, "subject.CN", NO, "VRF-029",
                   "must be ARK-, SEV- or SEV-VLEK- and a product line, by its place"},
    [R_CA_KEY] = {SEVKIT_BAD_VALUE, "subjectPublicKeyInfo", NO, "VRF-107",
                  "must be RSA-4096 with exponent 65537"},
    [R_CA_CONSTRAINTS] = {SEVKIT_BAD_ENCODING, "basicConstraints", NO, "VRF-035",
                          "a CA certificate has them"},
    [R_CA_CONSTRAINTS_CRITICAL] = {SEVKIT_BAD_VALUE, "basicConstraints", NO, "VRF-035",
                                   "critical basicConstraints in a CA"},
    [R_CA_FLAG] = {SEVKIT_BAD_VALUE, "basicConstraints", NO, "VRF-035", "must say that it is a CA"},
    [R_CA_PATH_LENGTH] = {SEVKIT_BAD_VALUE, "pathLenConstraint", NO, "VRF-035",
                          "must be absent in an ARK, 0 in an ASK or ASVK"},
    [R_CA_USAGE] = {SEVKIT_BAD_ENCODING, "keyUsage", NO, "VRF-035", "a CA certificate has it"},
    [R_CA_USAGE_CRITICAL] = {SEVKIT_BAD_VALUE, "keyUsage", NO, "VRF-035",
                             "critical keyUsage in a CA"},
    [R_CA_USAGE_BITS] = {SEVKIT_BAD_VALUE, "keyUsage", NO, "VRF-035",
                         "must be keyCertSign, in an ARK keyCertSign and cRLSign"},
    [R_CA_PRODUCT] = {SEVKIT_BAD_VALUE, "subject.CN", NO, "VRF-030",
                      "must be of the ARK's product line"},
    [R_ARK_ANCHOR] = {SEVKIT_BAD_VALUE, "subjectPublicKeyInfo", NO, "VRF-023",
                      "must be the key of an ARK of AMD or of the test keys"},
    [R_ARK_ROOT] = {SEVKIT_BAD_VALUE, "subjectPublicKeyInfo", NO, "VRF-024",
                    "must have subject and key of the given root"},

    [R_LEAF_NAME] = {SEVKIT_BAD_VALUE, "subject.CN", NO, "VRF-029", "must be SEV-VCEK or SEV-VLEK"},
    [R_LEAF_ISSUER_NAME] = {SEVKIT_BAD_VALUE, "issuer.CN", NO, "VRF-030",
                            "must end in a product line: Milan, Genoa or Turin"},
    [R_LEAF_KEY] = {SEVKIT_BAD_VALUE, "subjectPublicKeyInfo", NO, "VRF-036",
                    "must be an uncompressed point of P-384, the curve by name"},
    [R_LEAF_CONSTRAINTS] = {SEVKIT_BAD_ENCODING, "basicConstraints", NO, "VRF-035",
                            "must be readable where a leaf has them"},
    [R_LEAF_CA] = {SEVKIT_BAD_VALUE, "basicConstraints", NO, "VRF-035", "a leaf is not a CA"},
    [R_LEAF_USAGE] = {SEVKIT_BAD_ENCODING, "keyUsage", NO, "VRF-035",
                      "must be readable where a leaf has it"},
    [R_LEAF_USAGE_BITS] = {SEVKIT_BAD_VALUE, "keyUsage", NO, "VRF-035",
                           "a leaf signs neither certificates nor CRLs"},
    [R_LEAF_UNKNOWN] = {SEVKIT_BAD_VALUE, "", NO, "VRF-109", "not an extension of AMD's leaves"},
    [R_LEAF_CRITICAL] = {SEVKIT_BAD_VALUE, "", NO, "VRF-109", "AMD's extensions are not critical"},
    [R_LEAF_MISSING] = {SEVKIT_NOT_FOUND, "", NO, "VRF-059",
                        "must be there for this product line and kind of leaf"},
    [R_LEAF_HWID_MISSING] = {SEVKIT_NOT_FOUND, "", NO, "VRF-053", "a VCEK has a hwID"},
    [R_LEAF_CSP_MISSING] = {SEVKIT_NOT_FOUND, "", NO, "VRF-054", "a VLEK has a cspID"},
    [R_LEAF_TWICE] = {SEVKIT_BAD_VALUE, "", NO, "VRF-108", "occurs once in a leaf"},
    [R_LEAF_FOREIGN] = {SEVKIT_BAD_VALUE, "", NO, "VRF-109",
                        "must not be in a leaf of this product line and kind"},
    [R_LEAF_INTEGER] = {SEVKIT_BAD_ENCODING, "", NO, "VRF-060",
                        "must be an INTEGER of 0 to 255 in its fewest bytes"},
    [R_LEAF_RANGE] = {SEVKIT_BAD_VALUE, "", NO, "VRF-060",
                      "at most 127, ucodeSPL at most 255, reserved SPLs 0"},
    [R_LEAF_TEXT] =
        {SEVKIT_BAD_ENCODING, "", NO, "VRF-110",
         "must be an IA5String of 1 to 31 visible characters or spaces, nothing after it"},
    [R_LEAF_CSP_TEXT] =
        {SEVKIT_BAD_ENCODING, "", NO, "VRF-054",
         "a cspID is an IA5String of 1 to 127 visible characters or spaces, nothing after it"},
    [R_LEAF_STRUCT_VERSION] = {SEVKIT_BAD_VALUE, "structVersion", NO, "VRF-111",
                               "must be 1 on Turin, 0 on Milan and Genoa"},
    [R_LEAF_PRODUCT_NAME] = {SEVKIT_BAD_VALUE, "productName", NO, "VRF-110",
                             "must be the issuer's product line, alone or with a stepping"},
    [R_LEAF_HWID] = {SEVKIT_BAD_LENGTH, "hwID", NO, "VRF-055", "must be 64 raw bytes, on Turin 8"},

    [R_REPORT_LINE] = {SEVKIT_BAD_VALUE, "CPUID_FAM_ID", ABI_REPORT_CPUID_FAM_ID, "VRF-061",
                       "family and model must be those of the chain's product line"},

    [R_SIZE_RESPONSE] = {SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT", NO, "VRF-001",
                         "must be 1184 bytes; this looks like a MSG_REPORT_RSP: cut its first "
                         "0x20 bytes and what follows the report"},
    [R_SIZE_HCL] = {SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT", NO, "VRF-001",
                    "must be 1184 bytes; this looks like an Azure HCL report: cut its first 0x20 "
                    "bytes and what follows the report"},
    [R_SIZE_HEX] = {SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT", NO, "VRF-001",
                    "must be 1184 bytes; this looks like text: decode hex or base64 first"},
    [R_SIZE_LONG] = {SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT", NO, "VRF-001",
                     "must be 1184 bytes; bytes follow the report"},
    [R_SIZE_SHORT] = {SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT", NO, "VRF-001",
                      "must be 1184 bytes; the report is cut off"},
    [R_VERSION_OLD] = {SEVKIT_BAD_VALUE, "VERSION", ABI_REPORT_VERSION, "VRF-120",
                       "must be at least the policy's report_version_min"},
    [R_SIGNING_KEY_NONE] = {SEVKIT_BAD_VALUE, "SIGNING_KEY", ABI_REPORT_KEY_INFO, "VRF-017",
                            "must be 0 (VCEK) or 1 (VLEK): 7 says that nothing signed the report"},
    [R_SIGNING_KEY_RESERVED] = {SEVKIT_BAD_VALUE, "SIGNING_KEY", ABI_REPORT_KEY_INFO, "VRF-018",
                                "must be 0 (VCEK) or 1 (VLEK): 2 to 6 are reserved"},
    [R_SIGNATURE_ALGO] = {SEVKIT_BAD_VALUE, "SIGNATURE_ALGO", ABI_REPORT_SIGNATURE_ALGO, "VRF-019",
                          "must be 1 (ECDSA P-384 with SHA-384)"},
    [R_SIGNER_LEAF] = {SEVKIT_BAD_VALUE, "SIGNING_KEY", ABI_REPORT_KEY_INFO, "VRF-016",
                       "the leaf certificate must be of the kind that SIGNING_KEY names"},
    [R_SIGNER_CA] = {SEVKIT_BAD_VALUE, "SIGNING_KEY", ABI_REPORT_KEY_INFO, "VRF-105",
                     "a VCEK stands under an ASK, a VLEK under an ASVK"},

    [R_CRL_REQUIRED] = {SEVKIT_NOT_FOUND, "require_revocation", NO, "VRF-119",
                        "a CRL must be given"},
    [R_CRL_ISSUER] = {SEVKIT_BAD_VALUE, "issuer", NO, "VRF-042",
                      "must be the ARK's subject, byte for byte"},
    [R_CRL_SIGNATURE] = {SEVKIT_BAD_CRYPTO, "signature", NO, "VRF-042",
                         "must verify with the ARK's key"},
    [R_CRL_THIS_UPDATE] = {SEVKIT_BAD_VALUE, "thisUpdate", NO, "VRF-045",
                           "must not be later than the time of verification"},
    [R_CRL_NEXT_UPDATE_MISSING] = {SEVKIT_NOT_FOUND, "nextUpdate", NO, "VRF-044",
                                   "must be there, or the list would never be stale"},
    [R_CRL_NEXT_UPDATE] = {SEVKIT_BAD_VALUE, "nextUpdate", NO, "VRF-043",
                           "must not be earlier than the time of verification"},
    [R_CRL_PARTIAL] = {SEVKIT_BAD_VALUE, "", NO, "VRF-124",
                       "must be a whole list, not part of one"},
    [R_CRL_CRITICAL] = {SEVKIT_BAD_VALUE, "", NO, "VRF-049",
                        "no unknown critical extension in a CRL"},
    [R_CRL_ENTRY_CRITICAL] = {SEVKIT_BAD_VALUE, "crlEntryExtensions", NO, "VRF-049",
                              "no critical extension in an entry"},
    [R_CRL_LISTS_ARK] = {SEVKIT_BAD_VALUE, "serialNumber", NO, "VRF-047",
                         "the ARK must not be in the CRL"},
    [R_CRL_LISTS_CA] = {SEVKIT_BAD_VALUE, "serialNumber", NO, "VRF-046",
                        "the ASK or ASVK must not be in the CRL"},
    [R_CRL_LISTS_LEAF] = {SEVKIT_BAD_VALUE, "serialNumber", NO, "VRF-048",
                          "the leaf must not be in the CRL"},

    [R_CHIP_ID_MASKED] = {SEVKIT_BAD_VALUE, "CHIP_ID", ABI_REPORT_CHIP_ID, "VRF-057",
                          "a masked (all zero) chip id cannot be tied to a VCEK"},
    [R_CHIP_ID] = {SEVKIT_BAD_VALUE, "CHIP_ID", ABI_REPORT_CHIP_ID, "VRF-051",
                   "must be the VCEK's hwID"},
    [R_CHIP_ID_TAIL] = {SEVKIT_BAD_VALUE, "CHIP_ID", ABI_REPORT_CHIP_ID, "VRF-052",
                        "must be zero after the 8 bytes of a Turin hwID"},
    [R_TCB_RESERVED] = {SEVKIT_RESERVED, "", NO, "VRF-112",
                        "reserved bytes of a TCB_VERSION are zero"},
    [R_TCB_LEAF] = {SEVKIT_BAD_VALUE, "", NO, "VRF-058", "must be the leaf certificate's"},
    [R_SIGNATURE_RANGE] = {SEVKIT_BAD_CRYPTO, "", ABI_REPORT_SIGNATURE, "VRF-063",
                           "R and S must be at least 1 and below the order of P-384"},
    [R_SIGNATURE] = {SEVKIT_BAD_CRYPTO, "SIGNATURE", ABI_REPORT_SIGNATURE, "VRF-062",
                     "must verify over bytes 0 to 0x29F with the leaf's key"},

    [R_TCB_REPORTED] = {SEVKIT_BAD_VALUE, "", NO, "VRF-067", "must not be above COMMITTED_TCB"},
    [R_TCB_COMMITTED] = {SEVKIT_BAD_VALUE, "", NO, "VRF-068", "must not be above CURRENT_TCB"},
    [R_TCB_VERSION] = {SEVKIT_BAD_VALUE, "COMMITTED_VERSION", ABI_REPORT_COMMITTED_BUILD, "VRF-114",
                       "must not be above CURRENT_VERSION"},
    [R_TCB_FLOOR] = {SEVKIT_BAD_VALUE, "", NO, "VRF-070", "must be at least the policy's tcb_min"},
    [R_TCB_LAUNCH_FLOOR] = {SEVKIT_BAD_VALUE, "", NO, "VRF-071",
                            "must be at least the policy's launch_tcb_min"},
    [R_TCB_FIRMWARE_FLOOR] = {SEVKIT_BAD_VALUE, "CURRENT_VERSION", ABI_REPORT_CURRENT_BUILD,
                              "VRF-072", "must be at least the policy's firmware_min"},

    [R_POLICY_UNKNOWN] = {SEVKIT_BAD_VALUE, "POLICY", ABI_REPORT_POLICY, "VRF-077",
                          "bits 63:26 must be zero unless allow_unknown_policy"},
    [R_POLICY_DEBUG] = {SEVKIT_BAD_VALUE, "POLICY.DEBUG", ABI_REPORT_POLICY, "VRF-073",
                        "must be 0 unless allow_debug: the host can read a debug guest"},
    [R_POLICY_MIGRATE] = {SEVKIT_BAD_VALUE, "POLICY.MIGRATE_MA", ABI_REPORT_POLICY, "VRF-074",
                          "must be 0 unless allow_migration_agent"},
    [R_POLICY_SMT] = {SEVKIT_BAD_VALUE, "POLICY.SMT", ABI_REPORT_POLICY, "VRF-075",
                      "must be 0, as allow_smt is false"},
    [R_POLICY_SOCKET] = {SEVKIT_BAD_VALUE, "POLICY.SINGLE_SOCKET", ABI_REPORT_POLICY, "VRF-076",
                         "must be 1, as require_single_socket is true"},
    [R_POLICY_ABI] = {SEVKIT_BAD_VALUE, "POLICY.ABI", ABI_REPORT_POLICY, "VRF-083",
                      "major and minor must be at least the policy's abi_min"},
    [R_POLICY_SVN] = {SEVKIT_BAD_VALUE, "GUEST_SVN", ABI_REPORT_GUEST_SVN, "VRF-084",
                      "must be at least the policy's guest_svn_min"},
    [R_POLICY_HOST] = {SEVKIT_BAD_VALUE, "VMPL", ABI_REPORT_VMPL, "VRF-080",
                       "a report that the host asked for needs allow_host_report"},
    [R_POLICY_VMPL_RANGE] = {SEVKIT_BAD_VALUE, "VMPL", ABI_REPORT_VMPL, "VRF-115",
                             "must be 0 to 3 in a guest's report"},
    [R_POLICY_VMPL] = {SEVKIT_BAD_VALUE, "VMPL", ABI_REPORT_VMPL, "VRF-079",
                       "must be at most the policy's vmpl_max"},
    [R_POLICY_PLATFORM_UNKNOWN] = {SEVKIT_BAD_VALUE, "PLATFORM_INFO", ABI_REPORT_PLATFORM_INFO,
                                   "VRF-078",
                                   "bits 63:8 must be zero unless allow_unknown_platform"},
    [R_POLICY_PLATFORM_SET] = {SEVKIT_BAD_VALUE, "PLATFORM_INFO", ABI_REPORT_PLATFORM_INFO,
                               "VRF-081", "every bit of platform_required must be 1"},
    [R_POLICY_PLATFORM_CLEAR] = {SEVKIT_BAD_VALUE, "PLATFORM_INFO", ABI_REPORT_PLATFORM_INFO,
                                 "VRF-082", "every bit of platform_forbidden must be 0"},
    [R_POLICY_SMT_MISMATCH] = {SEVKIT_BAD_VALUE, "PLATFORM_INFO.SMT_EN", ABI_REPORT_PLATFORM_INFO,
                               "VRF-116",
                               "must be 0 where POLICY.SMT is 0: no firmware launches that"},
    [R_POLICY_RAPL_MISMATCH] = {SEVKIT_BAD_VALUE, "PLATFORM_INFO.RAPL_DIS",
                                ABI_REPORT_PLATFORM_INFO, "VRF-118",
                                "must be 1 where POLICY.RAPL_DIS is 1"},
    [R_POLICY_HIDING_MISMATCH] = {SEVKIT_BAD_VALUE, "PLATFORM_INFO.CIPHERTEXT_HIDING_DRAM_EN",
                                  ABI_REPORT_PLATFORM_INFO, "VRF-117",
                                  "must be 1 where POLICY.CIPHERTEXT_HIDING_DRAM is 1"},
    [R_POLICY_PROVISIONAL] = {SEVKIT_BAD_VALUE, "COMMITTED_TCB", ABI_REPORT_COMMITTED_TCB,
                              "VRF-069",
                              "must equal CURRENT, version too, as allow_provisional is false"},
    [R_POLICY_LAUNCH_MIT] = {SEVKIT_BAD_VALUE, "LAUNCH_MIT_VECTOR", ABI_REPORT_LAUNCH_MIT_VECTOR,
                             "VRF-085",
                             "every bit of launch_mit_required must be 1, version 5 or later"},
    [R_POLICY_CURRENT_MIT] = {SEVKIT_BAD_VALUE, "CURRENT_MIT_VECTOR", ABI_REPORT_CURRENT_MIT_VECTOR,
                              "VRF-086",
                              "every bit of current_mit_required must be 1, version 5 or later"},
    [R_POLICY_EQUAL] = {SEVKIT_BAD_VALUE, "", NO, "", "must be the policy's value"},
    [R_POLICY_AUTHOR_KEY] = {SEVKIT_BAD_VALUE, "AUTHOR_KEY_EN", ABI_REPORT_KEY_INFO, "VRF-096",
                             "must be 1 where the policy names an author key"},
    [R_POLICY_MASK_CHIP_KEY] = {SEVKIT_BAD_VALUE, "MASK_CHIP_KEY", ABI_REPORT_KEY_INFO, "VRF-125",
                                "must be 0 under a VCEK unless allow_mask_chip_key"},
    [R_POLICY_CSP_ID] = {SEVKIT_BAD_VALUE, "cspID", NO, "VRF-097",
                         "the leaf must be a VLEK of the policy's csp_id"},
    [R_POLICY_PRODUCT] = {SEVKIT_BAD_VALUE, "product", NO, "VRF-098",
                          "the chain must be of the policy's product line"},
};

struct sevkit_result pki_no_at(enum pki_rule rule, const char *label, const char *part,
                               uint64_t value) {
    char field[64];
    const bool both = label != NULL && part[0] != 0;
    snprintf(field, sizeof field, "%s%s%s", label ? label : "", both ? "." : "", part);
    return sevkit_fail(rules[rule].code, field, rules[rule].offset, value, rules[rule].text);
}

struct sevkit_result pki_no(enum pki_rule rule, const char *label, uint64_t value) {
    return pki_no_at(rule, label, rules[rule].field, value);
}

/* ---- requirements ---- */

#define ANY ""

/* Failures that one rule or one text covers for several requirements, by the field that they name:
 * the rules of form that abi/ enforces, and the fields that a policy fixes. BELOW: only values
 * below it. */
static const struct {
    enum pki_stage stage;
    const char *field;
    uint64_t below;
    const char *requirement;
} by_field[] = {
    {PKI_STAGE_PARSE, "POLICY", UINT64_MAX, "VRF-002"},
    {PKI_STAGE_PARSE, "KEY_INFO", UINT64_MAX, "VRF-003"},
    {PKI_STAGE_PARSE, "RESERVED_4C", UINT64_MAX, "VRF-004"},
    {PKI_STAGE_PARSE, "RESERVED_188", UINT64_MAX, "VRF-005"},
    {PKI_STAGE_PARSE, "RESERVED_18B", UINT64_MAX, "VRF-006"},
    {PKI_STAGE_PARSE, "RESERVED_1EB", UINT64_MAX, "VRF-007"},
    {PKI_STAGE_PARSE, "RESERVED_1EF", UINT64_MAX, "VRF-007"},
    {PKI_STAGE_PARSE, "RESERVED_1F8", UINT64_MAX, "VRF-008"},
    {PKI_STAGE_PARSE, "RESERVED_208", UINT64_MAX, "VRF-009"},
    {PKI_STAGE_PARSE, "SIGNATURE_R", UINT64_MAX, "VRF-010"},
    {PKI_STAGE_PARSE, "SIGNATURE_S", UINT64_MAX, "VRF-010"},
    {PKI_STAGE_PARSE, "SIGNATURE_TAIL", UINT64_MAX, "VRF-011"},
    {PKI_STAGE_VERSION, "VERSION", ABI_REPORT_VERSION_MIN, "VRF-013"},
    {PKI_STAGE_VERSION, "VERSION", UINT64_MAX, "VRF-015"},
    {PKI_STAGE_CHAIN, ANY, UINT64_MAX, "VRF-040"},      /* a certificate that does not parse */
    {PKI_STAGE_REVOCATION, ANY, UINT64_MAX, "VRF-050"}, /* a list that does not parse */
    {PKI_STAGE_POLICY, "REPORT_DATA", UINT64_MAX, "VRF-087"},
    {PKI_STAGE_POLICY, "MEASUREMENT", UINT64_MAX, "VRF-088"},
    {PKI_STAGE_POLICY, "HOST_DATA", UINT64_MAX, "VRF-089"},
    {PKI_STAGE_POLICY, "FAMILY_ID", UINT64_MAX, "VRF-090"},
    {PKI_STAGE_POLICY, "IMAGE_ID", UINT64_MAX, "VRF-091"},
    {PKI_STAGE_POLICY, "REPORT_ID", UINT64_MAX, "VRF-092"},
    {PKI_STAGE_POLICY, "REPORT_ID_MA", UINT64_MAX, "VRF-093"},
    {PKI_STAGE_POLICY, "CHIP_ID", UINT64_MAX, "VRF-094"},
    {PKI_STAGE_POLICY, "ID_KEY_DIGEST", UINT64_MAX, "VRF-095"},
    {PKI_STAGE_POLICY, "AUTHOR_KEY_DIGEST", UINT64_MAX, "VRF-096"},
};

static const char *find_by_field(enum pki_stage stage, const struct sevkit_result *why) {
    for (size_t i = 0; i < sizeof by_field / sizeof by_field[0]; i++) {
        const bool field = by_field[i].field[0] == 0 || strcmp(by_field[i].field, why->field) == 0;
        if (by_field[i].stage != stage || !field) continue;
        if (why->value < by_field[i].below) return by_field[i].requirement;
    }
    return "";
}

const char *pki_verdict_requirement(const struct pki_verdict *verdict) {
    if (verdict->accepted) return "";
    for (size_t i = 0; i < R_COUNT; i++) {
        const bool same = strcmp(rules[i].text, verdict->why.rule) == 0;
        if (same && rules[i].requirement[0] != 0) return rules[i].requirement;
    }
    return find_by_field(verdict->stage, &verdict->why);
}
