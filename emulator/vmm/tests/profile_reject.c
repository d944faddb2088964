/* One fault in an otherwise good profile is refused, by the code and at the member that the row names.
 * The row's profile loads before the edit, so that the edit is the only fault. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/text_file.h"
#include "sevkit/profile.h"
#include "unit/unit.h"

#define DEFAULT SEVKIT_PROFILE_DEFAULT
#define MILAN_V2 "milan-1.52.4-v2-vcek"
#define VLEK "milan-1.55.29-v3-vlek"
#define ABI_1_58 "milan-1.58.0-v5-vcek"
#define GENOA_V5 "genoa-1.55.43-v5-vcek"
#define TURIN "turin-1.55.65-v5-vcek"
#define ZEROS_16 "00000000000000000000000000000000"

static const struct row {
    const char *base;
    const char *find, *replace; /* the first occurrence */
    enum sevkit_code code;
    const char *field;
    uint64_t value; /* what the refusal names: the number found, or the line of a syntax error */
} rows[] = {
    /* the top object */
    {DEFAULT, "\"name\"", "\"nom\": 1, \"name\"", SEVKIT_BAD_VALUE, "nom", 0},
    {DEFAULT, "\"title\": \"", "\"title\": \"\\u00e9", SEVKIT_BAD_ENCODING, "title", 195},
    {DEFAULT, "\"title\": \"", "\"title\": \"\\u007f", SEVKIT_BAD_ENCODING, "title", 127},
    {DEFAULT, "\"name\": \"genoa", "\"name\": \"Genoa", SEVKIT_BAD_VALUE, "name", 0},
    {DEFAULT, "\"name\": \"genoa", "\"name\": \"../genoa", SEVKIT_BAD_VALUE, "name", 0},
    {DEFAULT, "\"name\": \"genoa-1.55.40-v3-vcek\"", "\"name\": \"\"", SEVKIT_BAD_LENGTH, "name",
     0},

    {DEFAULT, "\"name\"", "\"n\": 1, \"name\"", SEVKIT_BAD_VALUE, "n", 0},
    {DEFAULT, "\"./profile.schema.json\"", "1", SEVKIT_BAD_ENCODING, "$schema", 0},
    {DEFAULT, "\"title\": \"", "\"title\": \"\\u001f", SEVKIT_BAD_ENCODING, "title", 0x1F},

    /* chip */
    {DEFAULT, "\"name\": \"Genoa\"", "\"name\": \"Naples\"", SEVKIT_BAD_VALUE, "chip.name", 0},
    {DEFAULT, "\"name\": \"Genoa\"", "\"name\": \"Bergamo\"", SEVKIT_BAD_VALUE, "chip.model", 17},
    {DEFAULT, "\"name\": \"Genoa\"", "\"name\": \"Turin\"", SEVKIT_BAD_VALUE, "chip.family", 25},
    {DEFAULT, "\"0x19\"", "\"0x1a\"", SEVKIT_BAD_VALUE, "chip.family", 26},
    {DEFAULT, "\"0x19\"", "\"0x119\"", SEVKIT_BAD_VALUE, "chip.family", 281},
    {DEFAULT, "\"0x11\"", "\"0xf\"", SEVKIT_BAD_VALUE, "chip.model", 15},
    {DEFAULT, "\"0x11\"", "\"0x20\"", SEVKIT_BAD_VALUE, "chip.model", 32},
    {MILAN_V2, "\"model\": \"0x1\"", "\"model\": \"0x10\"", SEVKIT_BAD_VALUE, "chip.model", 16},
    {TURIN, "\"model\": \"0x2\"", "\"model\": \"0x11\"", SEVKIT_BAD_VALUE, "chip.model", 17},
    {DEFAULT, "\"stepping\": \"0x1\"", "\"stepping\": \"0x10\"", SEVKIT_BAD_VALUE, "chip.stepping",
     16},
    {DEFAULT, "\"0x11\"", "\"11\"", SEVKIT_BAD_ENCODING, "chip.model", 0},
    {DEFAULT, "\"0x11\"", "\"0X11\"", SEVKIT_BAD_ENCODING, "chip.model", 0},
    {DEFAULT, "\"0x11\"", "\"0x\"", SEVKIT_BAD_ENCODING, "chip.model", 0},
    {DEFAULT, "\"0x11\"", "\"0x1G\"", SEVKIT_BAD_ENCODING, "chip.model", 0},
    {DEFAULT, "\"0x11\"", "\"0x00000000000000011\"", SEVKIT_BAD_ENCODING, "chip.model", 17},
    {DEFAULT, "\"chip_id\": \"08", "\"chip_id\": \"", SEVKIT_BAD_LENGTH, "chip.chip_id", 126},
    {DEFAULT, "\"chip_id\": \"08", "\"chip_id\": \"0808", SEVKIT_BAD_LENGTH, "chip.chip_id", 130},
    {DEFAULT, "\"chip_id\": \"08", "\"chip_id\": \"0X", SEVKIT_BAD_ENCODING, "chip.chip_id", 0},
    {DEFAULT, "\"chip_id\": \"08", "\"chip_id\": \"0A", SEVKIT_BAD_ENCODING, "chip.chip_id", 0},
    {DEFAULT, "\"chip_id\": \"08", "\"chip_id\": \"X0", SEVKIT_BAD_ENCODING, "chip.chip_id", 0},
    {TURIN, "\"chip_id\": \"", "\"chip_id\": \"00", SEVKIT_BAD_LENGTH, "chip.chip_id", 18},

    /* firmware, report_version */
    {DEFAULT, "\"build\": 40", "\"build\": 39", SEVKIT_BAD_VALUE, "firmware.committed", 0x13728},
    {DEFAULT, "\"minor\": 55", "\"minor\": 54", SEVKIT_BAD_VALUE, "firmware.committed", 0x13728},
    {DEFAULT, "\"major\": 1", "\"major\": 0", SEVKIT_BAD_VALUE, "firmware.committed", 0x13728},
    {DEFAULT, "\"build\": 40", "\"build\": 256", SEVKIT_BAD_VALUE, "firmware.current.build", 256},
    {DEFAULT, "\"build\": 40", "\"build\": -1", SEVKIT_BAD_VALUE, "firmware.current.build",
     UINT64_MAX},
    {DEFAULT, "\"build\": 40", "\"build\": 40.0", SEVKIT_BAD_ENCODING, "firmware.current.build", 0},
    {DEFAULT, "\"report_version\": 3", "\"report_version\": 1", SEVKIT_BAD_VALUE, "report_version",
     1},
    {DEFAULT, "\"report_version\": 3", "\"report_version\": 4", SEVKIT_BAD_VALUE, "report_version",
     4},
    {DEFAULT, "\"report_version\": 3", "\"report_version\": 6", SEVKIT_BAD_VALUE, "report_version",
     6},

    /* tcb: a changed first occurrence is tcb.current, the second line down is tcb.committed */
    {DEFAULT, "\"snp\": 23", "\"snp\": 128", SEVKIT_BAD_VALUE, "tcb.current.snp", 128},
    {DEFAULT, "\"microcode\": 84", "\"microcode\": 256", SEVKIT_BAD_VALUE, "tcb.current.microcode",
     256},
    {DEFAULT, "\"snp\": 23", "\"snp\": 22", SEVKIT_BAD_VALUE, "tcb.committed.snp", 23},
    {DEFAULT, "\"boot_loader\": 10", "\"boot_loader\": 9", SEVKIT_BAD_VALUE,
     "tcb.committed.boot_loader", 10},
    {DEFAULT, "\"microcode\": 84", "\"microcode\": 83", SEVKIT_BAD_VALUE, "tcb.committed.microcode",
     84},
    {TURIN, "\"fmc\": 1", "\"fmc\": 0", SEVKIT_BAD_VALUE, "tcb.committed.fmc", 1},
    {TURIN, "\"tee\": 1", "\"tee\": 0", SEVKIT_BAD_VALUE, "tcb.committed.tee", 1},
    {VLEK, "\"microcode\": 217", "\"microcode\": 220", SEVKIT_BAD_VALUE, "tcb.reported.microcode",
     220},
    {VLEK, "\"launch\": {\"boot_loader\": 4", "\"launch\": {\"boot_loader\": 5", SEVKIT_BAD_VALUE,
     "tcb.launch.boot_loader", 5},
    {DEFAULT, "{\"boot_loader\"", "{\"fmc\": 0, \"boot_loader\"", SEVKIT_BAD_VALUE,
     "tcb.current.fmc", 0},
    {TURIN, "\"fmc\": 1, ", "", SEVKIT_NOT_FOUND, "tcb.current.fmc", 0},

    /* platform_info, mitigation_vectors, signing */
    {DEFAULT, "\"tio_en\": false", "\"tio_en\": true", SEVKIT_BAD_VALUE, "platform_info.tio_en", 3},
    {DEFAULT, "\"smt_en\": true", "\"smt_en\": 1", SEVKIT_BAD_ENCODING, "platform_info.smt_en", 0},
    {DEFAULT, "\"mitigation_vectors\": null",
     "\"mitigation_vectors\": {\"launch\": \"0x0\", \"current\": \"0x0\"}", SEVKIT_BAD_VALUE,
     "mitigation_vectors", 3},
    {GENOA_V5, "{\"launch\": \"0x1\", \"current\": \"0x1\"}", "null", SEVKIT_BAD_ENCODING,
     "mitigation_vectors", 0},
    {GENOA_V5, "\"launch\": \"0x1\"", "\"launch\": \"0x3\"", SEVKIT_BAD_VALUE,
     "mitigation_vectors.launch", 3},
    {DEFAULT, "\"csp_id\": null", "\"csp_id\": \"CN=a\"", SEVKIT_BAD_VALUE, "signing.csp_id", 0},
    {DEFAULT, "\"vlek_loaded\": false", "\"vlek_loaded\": true", SEVKIT_BAD_ENCODING,
     "signing.csp_id", 0},
    {VLEK, "\"CN=sevkit-csp-1.example\"", "null", SEVKIT_BAD_ENCODING, "signing.csp_id", 0},
    {VLEK, "\"CN=sevkit-csp-1.example\"", "\"\"", SEVKIT_BAD_LENGTH, "signing.csp_id", 0},

    /* guest */
    {DEFAULT, "\"0x30000\"", "\"0x10000\"", SEVKIT_BAD_VALUE, "guest.policy", 0x10000},
    {DEFAULT, "\"0x30000\"", "\"0x4030000\"", SEVKIT_BAD_VALUE, "guest.policy", 0x4030000},
    {DEFAULT, "\"0x30000\"", "\"0x8000000000030000\"", SEVKIT_BAD_VALUE, "guest.policy",
     UINT64_C(0x8000000000030000)},
    {DEFAULT, "\"0x30000\"", "\"0x20000\"", SEVKIT_BAD_VALUE, "guest.policy", 0x20000},
    {DEFAULT, "\"0x30000\"", "\"0x30138\"", SEVKIT_BAD_VALUE, "guest.policy", 0x30138},
    {DEFAULT, "\"0x30000\"", "\"0x30200\"", SEVKIT_BAD_VALUE, "guest.policy", 0x30200},
    {DEFAULT, "\"0x30000\"", "\"0x830000\"", SEVKIT_BAD_VALUE, "guest.policy", 0x830000},
    {DEFAULT, "\"0x30000\"", "\"0x1030000\"", SEVKIT_BAD_VALUE, "guest.policy", 0x1030000},
    {DEFAULT, "\"vmpl\": 0", "\"vmpl\": 4", SEVKIT_BAD_VALUE, "guest.vmpl", 4},
    {DEFAULT, "\"guest_svn\": 7", "\"guest_svn\": 4294967296", SEVKIT_BAD_VALUE,
     "guest.id_block.guest_svn", UINT64_C(1) << 32},
    {DEFAULT, "\"author_key_digest\": null", "\"author_key_digest\": \"00\"", SEVKIT_BAD_LENGTH,
     "guest.id_block.author_key_digest", 2},
    {DEFAULT, "\"report_id_ma\": null", "\"report_id_ma\": \"" ZEROS_16 ZEROS_16 "\"",
     SEVKIT_BAD_VALUE, "guest.report_id_ma", 0x30000},
    {DEFAULT, "\"report_id_ma\": null", "\"report_id_ma\": \"00\"", SEVKIT_BAD_LENGTH,
     "guest.report_id_ma", 2},
    {DEFAULT, "[\"0x0\", \"0x0\"", "[\"0x0\", \"0x3\"", SEVKIT_BAD_VALUE, "guest.msg_count[1]", 3},
    {DEFAULT, "[\"0x0\", \"0x0\"", "[\"0x5\", \"0x0\"", SEVKIT_BAD_VALUE, "guest.msg_count[0]", 5},
    {DEFAULT, "[\"0x0\", \"0x0\"", "[\"0x0\"", SEVKIT_BAD_LENGTH, "guest.msg_count", 3},
    {DEFAULT, "[\"0x0\", \"0x0\"", "[\"0x0\", \"0x0\", \"0x0\"", SEVKIT_LIMIT, "guest.msg_count",
     5},

    {DEFAULT, "[\"0x0\", \"0x0\", \"0x0\", \"0x0\"]", "{}", SEVKIT_BAD_ENCODING, "guest.msg_count",
     0},
    {DEFAULT, "\"808182838485868788898a8b8c8d8e8f\"", "8", SEVKIT_BAD_ENCODING, "guest.gosvw", 0},

    /* messages */
    {DEFAULT, "\"INVALID_PARAM\"", "22", SEVKIT_BAD_ENCODING, "messages.launch_mit_status", 0},
    {DEFAULT, "\"key_req_max_version\": 1", "\"key_req_max_version\": 0", SEVKIT_BAD_VALUE,
     "messages.key_req_max_version", 0},
    {DEFAULT, "\"key_req_max_version\": 1", "\"key_req_max_version\": 2", SEVKIT_BAD_VALUE,
     "messages.key_req_max_version", 2},
    {ABI_1_58, "\"key_req_max_version\": 2", "\"key_req_max_version\": 3", SEVKIT_BAD_VALUE,
     "messages.key_req_max_version", 3},
    {ABI_1_58, "\"key_req_max_version\": 2", "\"key_req_max_version\": 1", SEVKIT_BAD_LENGTH,
     "messages.key_req_v2_sizes", 2},
    {ABI_1_58, "[40, 48]", "[]", SEVKIT_BAD_LENGTH, "messages.key_req_v2_sizes", 0},
    {ABI_1_58, "[40, 48]", "[40, 40]", SEVKIT_BAD_VALUE, "messages.key_req_v2_sizes[1]", 40},
    {ABI_1_58, "[40, 48]", "[16]", SEVKIT_BAD_VALUE, "messages.key_req_v2_sizes[0]", 16},
    {ABI_1_58, "[40, 48]", "[32, 41]", SEVKIT_BAD_VALUE, "messages.key_req_v2_sizes[1]", 41},
    {ABI_1_58, "[40, 48]", "[40, 48, 48]", SEVKIT_BAD_VALUE, "messages.key_req_v2_sizes[2]", 48},
    {ABI_1_58, "[40, 48]", "[32, 48, 32]", SEVKIT_BAD_VALUE, "messages.key_req_v2_sizes[2]", 32},
    {ABI_1_58, "[40, 48]", "[32, 40, 48, 32]", SEVKIT_LIMIT, "messages.key_req_v2_sizes", 4},
    {DEFAULT, "\"key_rsp_v2_version\": 2", "\"key_rsp_v2_version\": 3", SEVKIT_BAD_VALUE,
     "messages.key_rsp_v2_version", 3},
    {DEFAULT, "\"key_rsp_v2_version\": 2", "\"key_rsp_v2_version\": 0", SEVKIT_BAD_VALUE,
     "messages.key_rsp_v2_version", 0},
    {DEFAULT, "\"INVALID_PARAM\"", "\"INVALID\"", SEVKIT_BAD_VALUE, "messages.launch_mit_status",
     0},
    {DEFAULT, "\"INVALID_ADDRESS\"", "\"SUCCESS\"", SEVKIT_BAD_VALUE, "messages.rmp_lookup_status",
     0},
    {DEFAULT, "\"secrets_version\": 3", "\"secrets_version\": 4", SEVKIT_BAD_VALUE,
     "messages.secrets_version", 4},
    {DEFAULT, "\"secrets_version\": 3", "\"secrets_version\": 2", SEVKIT_BAD_VALUE,
     "messages.secrets_version", 2},
    {ABI_1_58, "\"secrets_version\": 4", "\"secrets_version\": 5", SEVKIT_BAD_VALUE,
     "messages.secrets_version", 5},

    /* tsc */
    {DEFAULT, "\"reference_khz\": 99800", "\"reference_khz\": 0", SEVKIT_BAD_VALUE,
     "tsc.reference_khz", 0},
    {DEFAULT, "\"desired_khz\": 2400000", "\"desired_khz\": 4294967296", SEVKIT_BAD_VALUE,
     "tsc.desired_khz", UINT64_C(1) << 32},
    {DEFAULT, "\"factor\": 200", "\"factor\": 100000", SEVKIT_BAD_VALUE, "tsc.factor", 100000},

    /* cpuid_policy */
    {DEFAULT, "\"rule\": \"max\"", "\"rule\": \"min\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[0].eax.rule", 0},
    {DEFAULT, "\"rule\": \"max\"", "\"rule\": \"zero\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[0].eax.value", 0},
    {DEFAULT, "\"rule\": \"max\", \"value\": \"0x10\"", "\"rule\": \"max\"", SEVKIT_NOT_FOUND,
     "cpuid_policy[0].eax.value", 0},
    {DEFAULT, "\"value\": \"0x10\"", "\"value\": \"0x100000000\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[0].eax.value", UINT64_C(1) << 32},
    {DEFAULT, "{\"rule\": \"max\", \"value\": \"0x10\"}", "\"unchecked\"", SEVKIT_BAD_ENCODING,
     "cpuid_policy[0].eax", 0},
    {DEFAULT, "\"0x00a10f11\"", "\"0x00a10f12\"", SEVKIT_BAD_VALUE, "cpuid_policy[1].eax",
     0xA10F12},
    {DEFAULT, "\"eax_in\": \"0x7\"", "\"eax_in\": \"0x1\"", SEVKIT_BAD_VALUE, "cpuid_policy[2]", 1},
    {DEFAULT, "\"eax_in\": \"0x7\"", "\"eax_in\": \"0x10000\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[2].eax_in", 0x10000},
    {DEFAULT, "\"eax_in\": \"0x7\"", "\"eax_in\": \"0xc0000000\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[2].eax_in", 0xC0000000},
    {DEFAULT, "\"eax_in\": \"0x7\"", "\"esi\": {}, \"eax_in\": \"0x7\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[2].esi", 0},

    {DEFAULT, "\"stepping\": \"0x1\"", "\"stepping\": \"0xf\"", SEVKIT_BAD_VALUE,
     "cpuid_policy[1].eax", 0xA10F11},
    {DEFAULT, "\"0x11\"", "\"0x1f\"", SEVKIT_BAD_VALUE, "cpuid_policy[1].eax", 0xA10F11},

    /* resources, unconfirmed */
    {DEFAULT, "\"memory_size\": 1073741824", "\"memory_size\": 0", SEVKIT_BAD_VALUE,
     "resources.memory_size", 0},
    {DEFAULT, "\"memory_size\": 1073741824", "\"memory_size\": 1073745920", SEVKIT_BAD_VALUE,
     "resources.memory_size", (1 << 30) + 4096},
    {DEFAULT, "\"memory_size\": 1073741824", "\"memory_size\": 70368746274816", SEVKIT_BAD_VALUE,
     "resources.memory_size", (UINT64_C(1) << 46) + (1 << 21)},
    {DEFAULT, "\"guests_max\": 16", "\"guests_max\": 0", SEVKIT_BAD_VALUE, "resources.guests_max",
     0},
    {DEFAULT, "\"guests_max\": 16", "\"guests_max\": 1025", SEVKIT_BAD_VALUE,
     "resources.guests_max", 1025},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"tsc.offse\", ", SEVKIT_NOT_FOUND,
     "unconfirmed[0]", 0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"tsc.offset.x\", ", SEVKIT_NOT_FOUND,
     "unconfirmed[0]", 0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"\", ", SEVKIT_NOT_FOUND, "unconfirmed[0]",
     0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"tsc.\", ", SEVKIT_NOT_FOUND,
     "unconfirmed[0]", 0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"cpuid_policy\", ", SEVKIT_BAD_VALUE,
     "unconfirmed[10]", 0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"" ZEROS_16 ZEROS_16 "\", ",
     SEVKIT_NOT_FOUND, "unconfirmed[0]", 0},
    {DEFAULT, "\"unconfirmed\": [",
     "\"unconfirmed\": [\"" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 "\", ", SEVKIT_NOT_FOUND,
     "unconfirmed[0]", 0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [7, ", SEVKIT_BAD_ENCODING, "unconfirmed[0]",
     0},

    /* the text itself */
    {DEFAULT, "\"name\"", "\"name\": \"a\", \"name\"", SEVKIT_BAD_ENCODING, "json", 3},
    {DEFAULT, "\"snp\": 23", "\"snp\": 23, \"snp\": 23", SEVKIT_BAD_ENCODING, "json", 19},
    {DEFAULT, "\"title\": \"", "\"title\": \"\\u0000", SEVKIT_BAD_ENCODING, "json", 4},
    {DEFAULT, "\"title\": \"", "\"title\": \"\xff", SEVKIT_BAD_ENCODING, "json", 4},
    {DEFAULT, "\"build\": 40", "\"build\": 99999999999999999999", SEVKIT_BAD_ENCODING, "json", 14},
    {DEFAULT, "{", "{}{", SEVKIT_BAD_ENCODING, "json", 1},
    {DEFAULT, "{", "{\"\": 0, ", SEVKIT_BAD_VALUE, "json", 0},
};

/* What must still be accepted at the same places. */
static const struct row accepted_rows[] = {
    {DEFAULT, "\"$schema\": \"./profile.schema.json\",", "", SEVKIT_OK, "", 0},
    {DEFAULT, "\"title\": \"", "\"title\": \" ~", SEVKIT_OK, "", 0},
    {DEFAULT, "\"snp\": 23", "\"snp\": 127", SEVKIT_OK, "", 0},
    {DEFAULT, "\"microcode\": 84", "\"microcode\": 255", SEVKIT_OK, "", 0},
    {DEFAULT, "\"minor\": 55", "\"minor\": 56", SEVKIT_OK, "", 0},
    {DEFAULT, "\"0x30000\"", "\"0x30137\"", SEVKIT_OK, "", 0},
    {DEFAULT, "\"0x30000\"", "\"0x26f0000\"", SEVKIT_OK, "", 0},
    {DEFAULT, "\"vmpl\": 0", "\"vmpl\": 3", SEVKIT_OK, "", 0},
    {DEFAULT, "\"guest_svn\": 7", "\"guest_svn\": 4294967295", SEVKIT_OK, "", 0},
    {DEFAULT, "\"guest_svn\": 7", "\"guest_svn\": 0", SEVKIT_OK, "", 0},
    {DEFAULT, "[\"0x0\", \"0x0\"", "[\"0x0\", \"0xfffffffffffffffe\"", SEVKIT_OK, "", 0},
    {GENOA_V5, "\"tio_en\": false", "\"tio_en\": true", SEVKIT_OK, "", 0},
    {GENOA_V5, "\"current\": \"0x1\"", "\"current\": \"0x3\"", SEVKIT_OK, "", 0},
    {ABI_1_58, "[40, 48]", "[48, 40]", SEVKIT_OK, "", 0},
    {ABI_1_58, "[40, 48]", "[32]", SEVKIT_OK, "", 0},
    {ABI_1_58, "\"key_rsp_v2_version\": 2", "\"key_rsp_v2_version\": 1", SEVKIT_OK, "", 0},
    {DEFAULT, "\"reference_khz\": 99800", "\"reference_khz\": 1", SEVKIT_OK, "", 0},
    {DEFAULT, "\"desired_khz\": 2400000", "\"desired_khz\": 0", SEVKIT_OK, "", 0},
    {DEFAULT, "\"factor\": 200", "\"factor\": 99999", SEVKIT_OK, "", 0},
    {DEFAULT, "\"value\": \"0x10\"", "\"value\": \"0xffffffff\"", SEVKIT_OK, "", 0},
    {DEFAULT, "\"eax_in\": \"0x7\"", "\"eax_in\": \"0xffff\"", SEVKIT_OK, "", 0},
    {DEFAULT, "\"eax_in\": \"0x7\"", "\"eax_in\": \"0x8000ffff\"", SEVKIT_OK, "", 0},
    {DEFAULT, "\"memory_size\": 1073741824", "\"memory_size\": 2097152", SEVKIT_OK, "", 0},
    {DEFAULT, "\"memory_size\": 1073741824", "\"memory_size\": 70368744177664", SEVKIT_OK, "", 0},
    {DEFAULT, "\"guests_max\": 16", "\"guests_max\": 1024", SEVKIT_OK, "", 0},
    {DEFAULT, "\"guests_max\": 16", "\"guests_max\": 1", SEVKIT_OK, "", 0},
    {DEFAULT, "\"unconfirmed\": [", "\"unconfirmed\": [\"tsc.offset\", ", SEVKIT_OK, "", 0},
};

static const char *text_of(const char *name) {
    const struct sevkit_text_file *file = vmm_profile_files;
    while (file->name != NULL && strcmp(file->name, name) != 0) file++;
    if (file->name == NULL) abort();
    return file->text;
}

/* ROW's profile with its edit, to be freed. */
static char *edited(const struct row *row) {
    const char *text = text_of(row->base);
    const char *at = strstr(text, row->find);
    if (at == NULL) abort();
    const size_t before = (size_t)(at - text);
    char *out = malloc(strlen(text) + strlen(row->replace) + 1);
    if (out == NULL) abort();
    memcpy(out, text, before);
    strcpy(out + before, row->replace);
    strcat(out, at + strlen(row->find));
    return out;
}

static void test_refused(void) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sevkit_profile p;
        char *text = edited(&rows[i]);
        UNIT_OK(vmm_profile_builtin(rows[i].base, &p));
        const struct sevkit_result r = vmm_profile_parse(text, strlen(text), &p);
        UNIT_FAILS(r, rows[i].code, rows[i].field);
        CU_ASSERT_EQUAL(r.value, rows[i].value);
        free(text);
    }
}

static void test_accepted(void) {
    for (size_t i = 0; i < sizeof accepted_rows / sizeof accepted_rows[0]; i++) {
        struct sevkit_profile p;
        char *text = edited(&accepted_rows[i]);
        UNIT_OK(vmm_profile_parse(text, strlen(text), &p));
        free(text);
    }
}

/* As many sizes of a version 2 KEY_REQ as there are, in the order of the file. */
static void test_key_req_v2_sizes(void) {
    const struct row all = {ABI_1_58, "[40, 48]", "[48, 32, 40]", SEVKIT_OK, "", 0};
    static const uint16_t want[SEVKIT_KEY_REQ_V2_SIZES_MAX] = {48, 32, 40};
    char *text = edited(&all);
    struct sevkit_profile p;
    UNIT_OK(vmm_profile_parse(text, strlen(text), &p));
    CU_ASSERT_EQUAL(p.key_req_v2_size_count, SEVKIT_KEY_REQ_V2_SIZES_MAX);
    UNIT_BYTES(p.key_req_v2_sizes, want, sizeof want);
    free(text);
}

/* The default or the Turin profile with the chip id's hex digits from DIGIT on set to 0. */
static struct sevkit_result parse_with_zeros(const char *name, size_t digit,
                                             struct sevkit_profile *p) {
    const struct row no_edit = {name, "{", "{", SEVKIT_OK, "", 0};
    char *text = edited(&no_edit);
    char *id = strstr(text, "\"chip_id\": \"") + strlen("\"chip_id\": \"");
    for (char *c = id + digit; *c != '"'; c++) *c = '0';
    const struct sevkit_result r = vmm_profile_parse(text, strlen(text), p);
    CU_ASSERT_EQUAL(r.value, 0); /* no number */
    free(text);
    return r;
}

/* 56 zero bytes at the end mean Turin, 64 a masked chip id. */
static void test_zeros_in_chip_id(void) {
    struct sevkit_profile p;
    UNIT_FAILS(parse_with_zeros(DEFAULT, 0, &p), SEVKIT_BAD_VALUE, "chip.chip_id");
    UNIT_FAILS(parse_with_zeros(DEFAULT, 16, &p), SEVKIT_BAD_VALUE, "chip.chip_id");
    UNIT_OK(parse_with_zeros(DEFAULT, 18, &p));
    UNIT_FAILS(parse_with_zeros(TURIN, 0, &p), SEVKIT_BAD_VALUE, "chip.chip_id");
    UNIT_OK(parse_with_zeros(TURIN, 2, &p));
}

/* A migration agent needs its policy bit. */
static void test_migration_agent(void) {
    const struct row policy = {DEFAULT, "\"0x30000\"", "\"0x70000\"", SEVKIT_OK, "", 0};
    char *text = edited(&policy);
    char *null = strstr(text, "\"report_id_ma\": null");
    static const char with[] = "\"report_id_ma\": \"" ZEROS_16 "000000000000000000000000000000a5\"";
    const size_t size = strlen(text) + sizeof with;
    char *joined = malloc(size);
    if (joined == NULL) abort();
    *null = 0;
    snprintf(joined, size, "%s%s%s", text, with, null + strlen("\"report_id_ma\": null"));
    struct sevkit_profile p;
    UNIT_OK(vmm_profile_parse(joined, strlen(joined), &p));
    CU_ASSERT(p.has_report_id_ma && p.report_id_ma[31] == 0xA5);
    free(joined);
    free(text);
}

static const struct unit_test tests[] = {
    {"refused", test_refused},
    {"accepted", test_accepted},
    {"key-req-v2-sizes", test_key_req_v2_sizes},
    {"zeros-in-chip-id", test_zeros_in_chip_id},
    {"migration-agent", test_migration_agent},
    {NULL, NULL},
};

const struct unit_suite profile_reject_suite = {"profile-reject", tests};
