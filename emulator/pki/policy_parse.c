/* Reading a policy file. Strict, since a member that is misspelt, empty or of the wrong length
 * would otherwise be a check that silently does not happen. docs/verifier.md is the list for
 * people. */
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/verify.h"

enum kind { FLAG, VMPL, VERSION, U32, MASK, BYTES, TCB, ABI, FIRMWARE, TEXT, PRODUCT };

#define AT(member) offsetof(struct pki_policy, member)
#define NONE ((size_t)-1)

static const struct member {
    const char *name;
    enum kind kind;
    size_t at;
    size_t has; /* the bool that says the member is demanded, or NONE */
    size_t size;
} members[] = {
    {"future_versions", FLAG, AT(future_versions), NONE, 0},
    {"allow_long_report", FLAG, AT(allow_long_report), NONE, 0},
    {"allow_unknown_reserved", FLAG, AT(allow_unknown_reserved), NONE, 0},
    {"allow_unknown_product", FLAG, AT(allow_unknown_product), NONE, 0},
    {"report_version_min", VERSION, AT(report_version_min), NONE, 0},
    {"allow_debug", FLAG, AT(allow_debug), NONE, 0},
    {"allow_migration_agent", FLAG, AT(allow_migration_agent), NONE, 0},
    {"allow_smt", FLAG, AT(allow_smt), NONE, 0},
    {"require_single_socket", FLAG, AT(require_single_socket), NONE, 0},
    {"allow_unknown_policy", FLAG, AT(allow_unknown_policy), NONE, 0},
    {"allow_unknown_platform", FLAG, AT(allow_unknown_platform), NONE, 0},
    {"allow_host_report", FLAG, AT(allow_host_report), NONE, 0},
    {"allow_provisional", FLAG, AT(allow_provisional), NONE, 0},
    {"allow_masked_chip_id", FLAG, AT(allow_masked_chip_id), NONE, 0},
    {"allow_mask_chip_key", FLAG, AT(allow_mask_chip_key), NONE, 0},
    {"require_revocation", FLAG, AT(require_revocation), NONE, 0},
    {"vmpl_max", VMPL, AT(vmpl_max), AT(has_vmpl_max), 0},
    {"guest_svn_min", U32, AT(guest_svn_min), AT(has_guest_svn_min), 0},
    {"platform_required", MASK, AT(platform_required), NONE, 0},
    {"platform_forbidden", MASK, AT(platform_forbidden), NONE, 0},
    {"launch_mit_required", MASK, AT(launch_mit_required), NONE, 0},
    {"current_mit_required", MASK, AT(current_mit_required), NONE, 0},
    {"abi_min", ABI, AT(abi_major_min), AT(has_abi_min), 0},
    {"firmware_min", FIRMWARE, AT(firmware_min), AT(has_firmware_min), 0},
    {"tcb_min", TCB, AT(tcb_min), AT(has_tcb_min), 0},
    {"launch_tcb_min", TCB, AT(launch_tcb_min), AT(has_launch_tcb_min), 0},
    {"report_data", BYTES, AT(report_data), AT(has_report_data), 64},
    {"measurement", BYTES, AT(measurement), AT(has_measurement), 48},
    {"host_data", BYTES, AT(host_data), AT(has_host_data), 32},
    {"family_id", BYTES, AT(family_id), AT(has_family_id), 16},
    {"image_id", BYTES, AT(image_id), AT(has_image_id), 16},
    {"report_id", BYTES, AT(report_id), AT(has_report_id), 32},
    {"report_id_ma", BYTES, AT(report_id_ma), AT(has_report_id_ma), 32},
    {"chip_id", BYTES, AT(chip_id), AT(has_chip_id), 64},
    {"id_key_digest", BYTES, AT(id_key_digest), AT(has_id_key_digest), 48},
    {"author_key_digest", BYTES, AT(author_key_digest), AT(has_author_key_digest), 48},
    {"csp_id", TEXT, AT(csp_id), NONE, sizeof((struct pki_policy *)0)->csp_id},
    {"product", PRODUCT, AT(product), AT(has_product), 0},
};

static const struct member *find_member(const char *name) {
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(members[i].name, name) == 0) return &members[i];
    }
    return NULL;
}

static struct sevkit_result bad(const char *name, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, name, SEVKIT_NO_OFFSET, value, rule);
}

/* ---- one kind of value each ---- */

static struct sevkit_result read_flag(const char *name, const json_t *v, bool *out) {
    if (!json_is_boolean(v)) return bad(name, 0, "must be true or false");
    *out = json_is_true(v);
    return sevkit_success();
}

static struct sevkit_result read_number(const char *name, const json_t *v, uint64_t max,
                                        uint64_t *out) {
    const json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0) return bad(name, 0, "must be a whole number, not negative");
    if ((uint64_t)n > max) return bad(name, (uint64_t)n, "must not be larger than its field");
    *out = (uint64_t)n;
    return sevkit_success();
}

#define MASK_RULE "must be a number or a string of 0x and 1 to 16 hex digits"

static struct sevkit_result read_mask(const char *name, const json_t *v, uint64_t *out) {
    if (!json_is_string(v)) return read_number(name, v, INT64_MAX, out);
    const char *text = json_string_value(v);
    const size_t size = json_string_length(v);
    if (size < 3 || size > 18 || text[0] != '0' || text[1] != 'x')
        return bad(name, size, MASK_RULE);
    uint64_t mask = 0;
    for (size_t i = 2; i < size; i++) {
        const int digit = abi_hex_digit(text[i]);
        if (digit < 0) return bad(name, i, MASK_RULE);
        mask = mask << 4 | (uint64_t)digit;
    }
    *out = mask;
    return sevkit_success();
}

#define BYTES_RULE "must be hex digits, two for each byte of the whole field"

static struct sevkit_result read_bytes(const char *name, const json_t *v, uint8_t *out,
                                       size_t size) {
    const char *text = json_string_value(v);
    if (!json_is_string(v)) return bad(name, 0, BYTES_RULE);
    if (json_string_length(v) != 2 * size) return bad(name, json_string_length(v), BYTES_RULE);
    const size_t read = abi_hex_bytes(text, out, size);
    return read == size ? sevkit_success() : bad(name, read, BYTES_RULE);
}

/* COUNT numbers of 0 to 255 with points between: "1.55", "1.55.40". */
static struct sevkit_result read_version(const char *name, const json_t *v, uint8_t *out,
                                         size_t count, const char *rule) {
    const char *p = json_string_value(v);
    if (!json_is_string(v)) return bad(name, 0, rule);
    for (size_t i = 0; i < count; i++) {
        unsigned number = 0;
        size_t digits = 0;
        if (i > 0 && *p++ != '.') return bad(name, i, rule);
        for (; *p >= '0' && *p <= '9' && digits < 4; p++, digits++) {
            number = number * 10 + (unsigned)(*p - '0');
        }
        if (digits == 0 || number > 255) return bad(name, number, rule);
        out[i] = (uint8_t)number;
    }
    if (*p != 0) return bad(name, 0, rule);
    return sevkit_success();
}

static const struct {
    const char *name;
    size_t at;
} tcb_parts[] = {
    {"fmc", offsetof(struct abi_tcb_parts, fmc)},
    {"boot_loader", offsetof(struct abi_tcb_parts, boot_loader)},
    {"tee", offsetof(struct abi_tcb_parts, tee)},
    {"snp", offsetof(struct abi_tcb_parts, snp)},
    {"microcode", offsetof(struct abi_tcb_parts, microcode)},
};

#define TCB_PARTS (sizeof tcb_parts / sizeof tcb_parts[0])
#define TCB_RULE "must hold exactly fmc (0 on Milan and Genoa), boot_loader, tee, snp, microcode"

/* All components have to be there: one that is left out would be a floor of 0. */
static struct sevkit_result read_tcb(const char *name, const json_t *v,
                                     struct abi_tcb_parts *parts) {
    if (!json_is_object(v)) return bad(name, 0, TCB_RULE);
    if (json_object_size(v) != TCB_PARTS) return bad(name, json_object_size(v), TCB_RULE);
    for (size_t i = 0; i < TCB_PARTS; i++) {
        const json_t *part = json_object_get(v, tcb_parts[i].name);
        uint64_t number = 0;
        if (part == NULL) return bad(name, i, TCB_RULE);
        SEVKIT_TRY(read_number(name, part, UINT8_MAX, &number));
        ((uint8_t *)parts)[tcb_parts[i].at] = (uint8_t)number;
    }
    return sevkit_success();
}

static struct sevkit_result read_text(const char *name, const json_t *v, char *out, size_t size) {
    const char *text = json_string_value(v);
    const size_t length = json_string_length(v);
    if (!json_is_string(v)) return bad(name, 0, "must be a string");
    if (length == 0 || length >= size) return bad(name, length, "must have 1 to 127 characters");
    memcpy(out, text, length + 1);
    return sevkit_success();
}

static struct sevkit_result read_product(const char *name, const json_t *v, enum abi_product *out) {
    if (!json_is_string(v)) return bad(name, 0, "must be Milan, Genoa or Turin");
    *out = abi_product_from_name(json_string_value(v));
    if (*out == ABI_PRODUCT_UNKNOWN) return bad(name, 0, "must be Milan, Genoa or Turin");
    return sevkit_success();
}

/* ---- the object ---- */

static struct sevkit_result read_u32(const char *name, const json_t *v, uint32_t *out) {
    uint64_t number = 0;
    SEVKIT_TRY(read_number(name, v, UINT32_MAX, &number));
    *out = (uint32_t)number;
    return sevkit_success();
}

static struct sevkit_result read_abi(const char *name, const json_t *v, struct pki_policy *p) {
    uint8_t numbers[2];
    SEVKIT_TRY(read_version(name, v, numbers, 2, "must be MAJOR.MINOR, as 1.55"));
    p->abi_major_min = numbers[0];
    p->abi_minor_min = numbers[1];
    return sevkit_success();
}

static struct sevkit_result read_firmware(const char *name, const json_t *v,
                                          struct abi_fw_version *out) {
    uint8_t numbers[3];
    SEVKIT_TRY(read_version(name, v, numbers, 3, "must be MAJOR.MINOR.BUILD, as 1.55.40"));
    *out = (struct abi_fw_version){numbers[0], numbers[1], numbers[2]};
    return sevkit_success();
}

static struct sevkit_result read_vmpl(const char *name, const json_t *v, uint32_t *out) {
    const json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0 || n > 3) return bad(name, (uint64_t)n, "must be 0 to 3");
    *out = (uint32_t)n;
    return sevkit_success();
}

static struct sevkit_result read_report_version(const char *name, const json_t *v, uint32_t *out) {
    const json_int_t n = json_integer_value(v);
    const bool known = n >= ABI_REPORT_VERSION_MIN && n <= ABI_REPORT_VERSION_MAX;
    if (!json_is_integer(v) || !known) return bad(name, (uint64_t)n, "must be 2 to 5");
    *out = (uint32_t)n;
    return sevkit_success();
}

static struct sevkit_result read_member(const struct member *m, const json_t *v,
                                        struct pki_policy *policy) {
    void *at = (uint8_t *)policy + m->at;
    switch (m->kind) {
    case FLAG: return read_flag(m->name, v, at);
    case VMPL: return read_vmpl(m->name, v, at);
    case VERSION: return read_report_version(m->name, v, at);
    case U32: return read_u32(m->name, v, at);
    case MASK: return read_mask(m->name, v, at);
    case BYTES: return read_bytes(m->name, v, at, m->size);
    case TCB: return read_tcb(m->name, v, at);
    case ABI: return read_abi(m->name, v, policy);
    case FIRMWARE: return read_firmware(m->name, v, at);
    case TEXT: return read_text(m->name, v, at, m->size);
    case PRODUCT: return read_product(m->name, v, at);
    }
    abort();
}

static struct sevkit_result read_object(json_t *root, struct pki_policy *policy) {
    const char *name;
    json_t *value;
    if (!json_is_object(root)) return bad("policy", 0, "must be a JSON object");
    json_object_foreach(root, name, value) {
        const struct member *m = find_member(name);
        const char *shown = name[0] == 0 ? "policy" : name; /* a failure names its field */
        if (m == NULL) return bad(shown, 0, "not a member of a policy (docs/verifier.md)");
        SEVKIT_TRY(read_member(m, value, policy));
        if (m->has != NONE) ((bool *)policy)[m->has] = true;
    }
    return sevkit_success();
}

/* What jansson refused: the member that it names, if it does, and why. */
static struct sevkit_result not_json(const json_error_t *error) {
    char name[JSON_ERROR_TEXT_LENGTH] = "policy";
    const uint64_t line = (uint64_t)error->line;
    const char *rule = "must be JSON (value: the line)";
    if (json_error_code(error) == json_error_duplicate_key) {
        (void)sscanf(error->text, "duplicate object key near '\"%127[^\"]", name);
        rule = "must not stand twice (value: the line)";
    }
    if (json_error_code(error) == json_error_numeric_overflow)
        rule = "a number is larger than 9223372036854775807 (value: the line)";
    return sevkit_fail(SEVKIT_BAD_ENCODING, name, (size_t)error->position, line, rule);
}

struct sevkit_result pki_policy_parse(const char *json, size_t size, struct pki_policy *policy) {
    json_error_t error;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (root == NULL) return not_json(&error);
    *policy = pki_policy_default();
    const struct sevkit_result r = read_object(root, policy);
    json_decref(root);
    return r;
}
