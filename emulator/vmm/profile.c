/* Profiles: JSON text to struct sevkit_profile, and the profiles that the build carries. The file format
 * is in docs/profiles.md and emulator/profiles/profile.schema.json. */
#include <string.h>

#include "abi/text_file.h"
#include "sevkit/rmp.h"
#include "vmm/profile_parts.h"

#define TEXT_MAX ((size_t)256 * 1024)
#define GUESTS_MAX 1024
#define MEMORY_MAX (UINT64_C(1) << 46)
#define UNCONFIRMED_MAX 128

static struct sevkit_result read_name(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    SEVKIT_TRY(vmm_json_text(at, profile->name, sizeof profile->name));
    if (profile->name[strspn(profile->name, allowed)] != 0) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, "may hold a-z, 0-9, dots and dashes only");
    }
    return sevkit_success();
}

static struct sevkit_result read_resources(const struct vmm_json *at,
                                           struct sevkit_profile *profile) {
    static const char *const members[] = {"memory_size", "guests_max", NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json memory_size = vmm_json_member(at, "memory_size");
    const struct vmm_json guests_max = vmm_json_member(at, "guests_max");
    uint64_t guests;
    SEVKIT_TRY(vmm_json_integer(&memory_size, RMP_PAGE_2M, MEMORY_MAX, &profile->memory_size));
    if (profile->memory_size % RMP_PAGE_2M != 0) {
        return vmm_json_fail(&memory_size, SEVKIT_BAD_VALUE, profile->memory_size,
                             "must be a multiple of 2 MiB");
    }
    SEVKIT_TRY(vmm_json_integer(&guests_max, 1, GUESTS_MAX, &guests));
    profile->guests_max = (unsigned)guests;
    return sevkit_success();
}

/* True if dotted PATH names a member below ROOT. */
static bool path_exists(const json_t *root, const char *path) {
    const json_t *value = root;
    for (;;) {
        char name[64];
        const size_t length = strcspn(path, ".");
        if (length >= sizeof name) return false;
        memcpy(name, path, length);
        name[length] = 0;
        value = json_object_get(value, name);
        if (value == NULL || path[length] == 0) return value != NULL;
        path += length + 1;
    }
}

/* "unconfirmed" tells people and tools which values no real sample shows; the emulator runs on them all
 * the same. A path that leads nowhere would say nothing. */
static struct sevkit_result check_unconfirmed(const struct vmm_json *root) {
    const struct vmm_json at = vmm_json_member(root, "unconfirmed");
    size_t count;
    SEVKIT_TRY(vmm_json_array(&at, UNCONFIRMED_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        const struct vmm_json element = vmm_json_element(&at, i);
        const char *path = json_string_value(element.value);
        if (path == NULL) {
            return vmm_json_fail(&element, SEVKIT_BAD_ENCODING, 0, "must be a string");
        }
        if (!path_exists(root->value, path)) {
            return vmm_json_fail(&element, SEVKIT_NOT_FOUND, 0, "must be a member of this file");
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(path, json_string_value(json_array_get(at.value, j))) != 0) continue;
            return vmm_json_fail(&element, SEVKIT_BAD_VALUE, j, "must not be listed twice");
        }
    }
    return sevkit_success();
}

/* For editors; the loader reads no schema. */
static struct sevkit_result check_schema_link(const struct vmm_json *root) {
    const struct vmm_json at = vmm_json_member(root, "$schema");
    if (at.value != NULL && !json_is_string(at.value)) {
        return vmm_json_fail(&at, SEVKIT_BAD_ENCODING, 0, "must be a string");
    }
    return sevkit_success();
}

static const struct part {
    const char *name;
    struct sevkit_result (*read)(const struct vmm_json *at, struct sevkit_profile *profile);
} parts[] = {
    {"name", read_name},
    {"chip", vmm_read_chip},
    {"firmware", vmm_read_firmware},
    {"report_version", vmm_read_report_version},
    {"tcb", vmm_read_tcb},
    {"platform_info", vmm_read_platform_info},
    {"mitigation_vectors", vmm_read_mitigation_vectors},
    {"signing", vmm_read_signing},
    {"guest", vmm_read_guest},
    {"messages", vmm_read_messages},
    {"tsc", vmm_read_tsc},
    {"cpuid_policy", vmm_read_cpuid_policy},
    {"rmp", vmm_read_rmp},
    {"resources", read_resources},
};

static struct sevkit_result read_profile(json_t *json, struct sevkit_profile *profile) {
    static const char *const members[] = {
        "name",           "title",     "chip",          "firmware",
        "report_version", "tcb",       "platform_info", "mitigation_vectors",
        "signing",        "guest",     "messages",      "tsc",
        "cpuid_policy",   "resources", "unconfirmed",   NULL,
    };
    static const char *const optional[] = {"$schema", "rmp", NULL};
    const struct vmm_json root = {.value = json};
    const struct vmm_json title = vmm_json_member(&root, "title");
    SEVKIT_TRY(vmm_json_members(&root, members, optional));
    SEVKIT_TRY(check_schema_link(&root));
    SEVKIT_TRY(vmm_json_text(&title, profile->title, sizeof profile->title));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const struct vmm_json at = vmm_json_member(&root, parts[i].name);
        SEVKIT_TRY(parts[i].read(&at, profile));
    }
    return check_unconfirmed(&root);
}

struct sevkit_result vmm_profile_parse(const char *json, size_t size,
                                       struct sevkit_profile *profile) {
    memset(profile, 0, sizeof *profile);
    if (size > TEXT_MAX) {
        return sevkit_fail(SEVKIT_BAD_LENGTH, "json", SEVKIT_NO_OFFSET, size,
                           "a profile has at most 256 KiB");
    }
    json_error_t error;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return sevkit_fail(
            SEVKIT_BAD_ENCODING, "json", (size_t)error.position, (uint64_t)error.line,
            "must be JSON (RFC 8259) without duplicate members; the value is the line");
    }
    const struct sevkit_result result = read_profile(root, profile);
    json_decref(root);
    return result;
}

struct sevkit_result vmm_profile_builtin(const char *name, struct sevkit_profile *profile) {
    for (const struct sevkit_text_file *file = vmm_profile_files; file->name != NULL; file++) {
        if (strcmp(file->name, name) != 0) continue;
        return vmm_profile_parse(file->text, strlen(file->text), profile);
    }
    return sevkit_fail(SEVKIT_NOT_FOUND, "profile", SEVKIT_NO_OFFSET, 0,
                       "must be the name of a built-in profile");
}

/* The table is in the order of file names, where "vcek-masked.json" comes before "vcek.json". */
const char *vmm_profile_name(size_t index) {
    for (const struct sevkit_text_file *file = vmm_profile_files; file->name != NULL; file++) {
        size_t before = 0;
        for (const struct sevkit_text_file *other = vmm_profile_files; other->name != NULL;
             other++) {
            before += strcmp(other->name, file->name) < 0;
        }
        if (before == index) return file->name;
    }
    return NULL;
}
