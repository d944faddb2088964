/* Scenarios: JSON text to struct sevkit_scenario, and the scenarios that the build carries. The file
 * format is in docs/scenarios.md and emulator/profiles/scenarios/scenario.schema.json. */
#include "sevkit/scenario.h"

#include <string.h>

#include "abi/text_file.h"
#include "sevkit/message.h"
#include "vmm/profile_json.h"

#define TEXT_MAX ((size_t)64 * 1024)
#define NPAGES_MAX UINT32_MAX
#define DELAY_MS_MAX (UINT64_C(7) * 24 * 3600 * 1000)
#define HTTP_ERROR_MIN 400
#define HTTP_ERROR_MAX 599
#define ES_RESULT_MAX 5

/* ---- words ---- */

static SEVKIT_MUST struct sevkit_result
read_word(const struct vmm_json *at, const char *const *words, const char *rule, unsigned *index) {
    const char *text = json_string_value(at->value);
    if (text == NULL) return vmm_json_fail(at, SEVKIT_BAD_ENCODING, 0, "must be a string");
    for (unsigned i = 0; words[i] != NULL; i++) {
        *index = i;
        if (strcmp(text, words[i]) == 0) return sevkit_success();
    }
    return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, rule);
}

static SEVKIT_MUST struct sevkit_result read_name(const struct vmm_json *at,
                                                  struct sevkit_scenario *scenario) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    SEVKIT_TRY(vmm_json_text(at, scenario->name, sizeof scenario->name));
    if (scenario->name[strspn(scenario->name, allowed)] != 0) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0,
                             "may hold a-z, 0-9, dots, dashes and underscores only");
    }
    return sevkit_success();
}

/* How often: a number from 1 on, or "all", which an absent member means too. */
static SEVKIT_MUST struct sevkit_result read_count(const struct vmm_json *at, uint64_t *count) {
    *count = UINT64_MAX;
    if (at->value == NULL) return sevkit_success();
    const char *text = json_string_value(at->value);
    if (text == NULL) return vmm_json_integer(at, 1, INT64_MAX, count);
    if (strcmp(text, "all") == 0) return sevkit_success();
    return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, "must be a number or \"all\"");
}

/* ---- faults ---- */

/* The names of enum sevkit_fault_kind and what each kind's VALUE may be: none where MAX is 0. */
static const struct kind {
    const char *name;
    uint64_t min, max;
} kinds[] = {
    [SEVKIT_FAULT_BUSY] = {.name = "busy"},
    [SEVKIT_FAULT_VMM_ERROR] = {"vmm_error", 1, UINT32_MAX},
    [SEVKIT_FAULT_FW_STATUS] = {"fw_status", 1, UINT32_MAX},
    [SEVKIT_FAULT_ES_RESULT] = {"es_result", 1, ES_RESULT_MAX},
    [SEVKIT_FAULT_CORRUPT_SIGNATURE] = {.name = "corrupt_signature"},
    [SEVKIT_FAULT_REPLAY] = {.name = "replay"},
    [SEVKIT_FAULT_REORDER] = {.name = "reorder"},
    [SEVKIT_FAULT_TRUNCATE] = {"truncate", 0, ABI_PAGE_SIZE - 1},
    [SEVKIT_FAULT_FLIP_BIT] = {"flip_bit", 0, ABI_PAGE_SIZE * 8 - 1},
    [SEVKIT_FAULT_WIPE_VMPCK] = {"wipe_vmpck", 0, ABI_VMPCK_COUNT - 1},
    [SEVKIT_FAULT_MIGRATE] = {.name = "migrate"},
    [SEVKIT_FAULT_TCB_UPDATE] = {.name = "tcb_update"},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* A status that the firmware fails with, by its name or, for those that have none, by number. */
static SEVKIT_MUST struct sevkit_result read_status(const struct vmm_json *at,
                                                    const struct kind *kind, uint64_t *value) {
    const char *text = json_string_value(at->value);
    if (text == NULL) return vmm_json_integer(at, kind->min, kind->max, value);
    enum abi_status status = ABI_SUCCESS;
    if (!abi_status_from_name(text, &status) || status == ABI_SUCCESS) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, "must be a failure status by name or number");
    }
    *value = status;
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result read_fault_kind(const struct vmm_json *at,
                                                        enum sevkit_fault_kind *kind) {
    const char *words[KIND_COUNT + 1] = {NULL};
    unsigned index;
    for (size_t i = 0; i < KIND_COUNT; i++) words[i] = kinds[i].name;
    SEVKIT_TRY(read_word(at, words, "is no kind of fault", &index));
    *kind = (enum sevkit_fault_kind)index;
    return sevkit_success();
}

/* Which members a fault has depends on its kind: "value" where there is one, and "first" and "count" but
 * for a wiped VMPCK, which has been wiped from the start. */
static SEVKIT_MUST struct sevkit_result check_fault_members(const struct vmm_json *at,
                                                            const struct sevkit_fault *fault) {
    static const char *const wiped[] = {"kind", "value", NULL};
    static const char *const plain[] = {"kind", "first", "count", NULL};
    static const char *const with_value[] = {"kind", "first", "count", "value", NULL};
    if (fault->kind == SEVKIT_FAULT_WIPE_VMPCK) return vmm_json_members(at, wiped, NULL);
    return vmm_json_members(at, kinds[fault->kind].max != 0 ? with_value : plain, NULL);
}

static SEVKIT_MUST struct sevkit_result read_fault(const struct vmm_json *at,
                                                   struct sevkit_fault *fault) {
    static const char *const required[] = {"kind", NULL};
    static const char *const optional[] = {"first", "count", "value", NULL};
    const struct vmm_json kind = vmm_json_member(at, "kind");
    const struct vmm_json first = vmm_json_member(at, "first");
    const struct vmm_json count = vmm_json_member(at, "count");
    const struct vmm_json value = vmm_json_member(at, "value");
    SEVKIT_TRY(vmm_json_members(at, required, optional));
    SEVKIT_TRY(read_fault_kind(&kind, &fault->kind));
    SEVKIT_TRY(check_fault_members(at, fault));
    fault->first = 1;
    if (first.value != NULL) SEVKIT_TRY(vmm_json_integer(&first, 1, INT64_MAX, &fault->first));
    SEVKIT_TRY(read_count(&count, &fault->count));
    if (value.value == NULL) return sevkit_success();
    const struct kind *k = &kinds[fault->kind];
    if (fault->kind == SEVKIT_FAULT_FW_STATUS) return read_status(&value, k, &fault->value);
    return vmm_json_integer(&value, k->min, k->max, &fault->value);
}

static SEVKIT_MUST struct sevkit_result read_faults(const struct vmm_json *at,
                                                    struct sevkit_scenario *scenario) {
    SEVKIT_TRY(vmm_json_array(at, SEVKIT_FAULTS_MAX, &scenario->fault_count));
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct vmm_json element = vmm_json_element(at, i);
        SEVKIT_TRY(read_fault(&element, &scenario->faults[i]));
    }
    return sevkit_success();
}

/* ---- certificates and the key distribution service ---- */

static SEVKIT_MUST struct sevkit_result read_table(const struct vmm_json *at,
                                                   struct sevkit_scenario *scenario) {
    static const char *const words[] = {
        [SEVKIT_TABLE_NORMAL] = "normal",
        [SEVKIT_TABLE_ABSENT] = "absent",
        [SEVKIT_TABLE_NO_END] = "no_end",
        [SEVKIT_TABLE_OFFSET] = "offset",
        [SEVKIT_TABLE_LENGTH] = "length",
        [SEVKIT_TABLE_GARBAGE] = "garbage",
        NULL,
    };
    static const char *const required[] = {"kind", NULL};
    static const char *const optional[] = {"npages", NULL};
    const struct vmm_json kind = vmm_json_member(at, "kind");
    const struct vmm_json npages = vmm_json_member(at, "npages");
    unsigned index;
    SEVKIT_TRY(vmm_json_members(at, required, optional));
    SEVKIT_TRY(read_word(&kind, words, "is no kind of table", &index));
    scenario->table = (enum sevkit_table_kind)index;
    if (npages.value == NULL) return sevkit_success();
    SEVKIT_TRY(vmm_json_integer(&npages, 1, NPAGES_MAX, &scenario->table_npages));
    if (scenario->table != SEVKIT_TABLE_ABSENT) return sevkit_success();
    return vmm_json_fail(&npages, SEVKIT_BAD_VALUE, scenario->table_npages,
                         "nothing is demanded where the table is absent");
}

static SEVKIT_MUST struct sevkit_result read_leaf(const struct vmm_json *at,
                                                  struct sevkit_scenario *scenario) {
    static const char *const words[] = {
        [SEVKIT_LEAF_GENUINE] = "genuine",
        [SEVKIT_LEAF_VCEK_TCB] = "vcek_tcb",
        [SEVKIT_LEAF_KDS_OLD_TCB] = "kds_old_tcb",
        [SEVKIT_LEAF_EXPIRED] = "expired",
        NULL,
    };
    unsigned index;
    SEVKIT_TRY(read_word(at, words, "is no kind of leaf certificate", &index));
    scenario->leaf = (enum sevkit_leaf_kind)index;
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result read_crl(const struct vmm_json *at,
                                                 struct sevkit_scenario *scenario) {
    static const char *const required[] = {NULL};
    static const char *const optional[] = {"revoke_ask", "revoke_asvk", "expired", NULL};
    bool *const flags[] = {&scenario->revoke_ask, &scenario->revoke_asvk, &scenario->crl_expired};
    SEVKIT_TRY(vmm_json_members(at, required, optional));
    for (size_t i = 0; optional[i] != NULL; i++) {
        const struct vmm_json member = vmm_json_member(at, optional[i]);
        if (member.value != NULL) SEVKIT_TRY(vmm_json_bool(&member, flags[i]));
    }
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result read_kds(const struct vmm_json *at,
                                                 struct sevkit_scenario *scenario) {
    static const struct {
        uint64_t min, max;
    } values[] = {
        [SEVKIT_KDS_STATUS] = {HTTP_ERROR_MIN, HTTP_ERROR_MAX},
        [SEVKIT_KDS_SLOW] = {1, DELAY_MS_MAX},
        [SEVKIT_KDS_TRUNCATED] = {0, INT64_MAX},
    };
    static const char *const words[] = {
        [SEVKIT_KDS_NORMAL] = "normal",
        [SEVKIT_KDS_STATUS] = "status",
        [SEVKIT_KDS_SLOW] = "slow",
        [SEVKIT_KDS_TRUNCATED] = "truncated",
        NULL,
    };
    static const char *const for_normal[] = {"kind", NULL};
    static const char *const required[] = {"kind", "value", NULL};
    static const char *const optional[] = {"count", NULL};
    static const char *const any[] = {"value", "count", NULL};
    const struct vmm_json kind = vmm_json_member(at, "kind");
    const struct vmm_json value = vmm_json_member(at, "value");
    const struct vmm_json count = vmm_json_member(at, "count");
    unsigned index;
    SEVKIT_TRY(vmm_json_members(at, for_normal, any));
    SEVKIT_TRY(read_word(&kind, words, "is no kind of answer", &index));
    scenario->kds = (enum sevkit_kds_kind)index;
    if (scenario->kds == SEVKIT_KDS_NORMAL) return vmm_json_members(at, for_normal, NULL);
    SEVKIT_TRY(vmm_json_members(at, required, optional));
    SEVKIT_TRY(
        vmm_json_integer(&value, values[index].min, values[index].max, &scenario->kds_value));
    return read_count(&count, &scenario->kds_count);
}

/* ---- the whole ---- */

static SEVKIT_MUST struct sevkit_result read_scenario(json_t *json,
                                                      struct sevkit_scenario *scenario) {
    static const char *const required[] = {"name", "title", NULL};
    static const char *const optional[] = {"$schema", "faults", "table", "leaf",
                                           "crl",     "kds",    NULL};
    static const struct {
        const char *name;
        struct sevkit_result (*read)(const struct vmm_json *at, struct sevkit_scenario *scenario);
    } parts[] = {
        {"faults", read_faults}, {"table", read_table}, {"leaf", read_leaf},
        {"crl", read_crl},       {"kds", read_kds},
    };
    const struct vmm_json root = {.value = json};
    const struct vmm_json schema = vmm_json_member(&root, "$schema");
    const struct vmm_json name = vmm_json_member(&root, "name");
    const struct vmm_json title = vmm_json_member(&root, "title");
    SEVKIT_TRY(vmm_json_members(&root, required, optional));
    if (schema.value != NULL && !json_is_string(schema.value)) {
        return vmm_json_fail(&schema, SEVKIT_BAD_ENCODING, 0, "must be a string");
    }
    SEVKIT_TRY(read_name(&name, scenario));
    SEVKIT_TRY(vmm_json_text(&title, scenario->title, sizeof scenario->title));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const struct vmm_json at = vmm_json_member(&root, parts[i].name);
        if (at.value != NULL) SEVKIT_TRY(parts[i].read(&at, scenario));
    }
    return sevkit_success();
}

struct sevkit_scenario vmm_scenario_none(void) {
    return (struct sevkit_scenario){
        .name = "none", .title = "The world behaves", .kds_count = UINT64_MAX};
}

struct sevkit_result vmm_scenario_parse(const char *json, size_t size,
                                        struct sevkit_scenario *scenario) {
    *scenario = vmm_scenario_none();
    if (size > TEXT_MAX) {
        return sevkit_fail(SEVKIT_BAD_LENGTH, "json", SEVKIT_NO_OFFSET, size,
                           "a scenario has at most 64 KiB");
    }
    json_error_t error;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return sevkit_fail(
            SEVKIT_BAD_ENCODING, "json", (size_t)error.position, (uint64_t)error.line,
            "must be JSON (RFC 8259) without duplicate members; the value is the line");
    }
    const struct sevkit_result result = read_scenario(root, scenario);
    json_decref(root);
    return result;
}

struct sevkit_result vmm_scenario_builtin(const char *name, struct sevkit_scenario *scenario) {
    for (const struct sevkit_text_file *file = vmm_scenario_files; file->name != NULL; file++) {
        if (strcmp(file->name, name) != 0) continue;
        return vmm_scenario_parse(file->text, strlen(file->text), scenario);
    }
    return sevkit_fail(SEVKIT_NOT_FOUND, "scenario", SEVKIT_NO_OFFSET, 0,
                       "must be the name of a built-in scenario");
}

/* The table is in the order of file names, where "kds-429-forever.json" comes before "kds-429.json". */
const char *vmm_scenario_name(size_t index) {
    for (const struct sevkit_text_file *file = vmm_scenario_files; file->name != NULL; file++) {
        size_t before = 0;
        for (const struct sevkit_text_file *other = vmm_scenario_files; other->name != NULL;
             other++) {
            before += strcmp(other->name, file->name) < 0;
        }
        if (before == index) return file->name;
    }
    return NULL;
}
