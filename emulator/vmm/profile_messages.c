/* A profile's switches for guest messages, TSC_INFO and CPUID: guest message notes, sections 5 to 9 and
 * 11. */
#include <string.h>

#include "sevkit/secrets.h"
#include "vmm/profile_parts.h"

/* A status by its name in the ABI; both switches name a refusal. */
static struct sevkit_result read_refusal(const struct vmm_json *at, enum abi_status *status) {
    const char *name = json_string_value(at->value);
    if (name == NULL) return vmm_json_fail(at, SEVKIT_BAD_ENCODING, 0, "must be a string");
    if (!abi_status_from_name(name, status) || *status == ABI_SUCCESS) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, "must be the name of a failure status");
    }
    return sevkit_success();
}

static bool is_key_req_v2_size(uint64_t size) {
    return size == ABI_KEY_REQ_V2_CUT_SIZE || size == ABI_KEY_REQ_V2_SIZE ||
           size == ABI_KEY_REQ_V2_PADDED_SIZE;
}

/* The MSG_SIZEs of a version 2 KEY_REQ: none when only version 1 is known. */
static struct sevkit_result read_key_req_v2_sizes(const struct vmm_json *at,
                                                  struct sevkit_profile *profile) {
    size_t count;
    SEVKIT_TRY(vmm_json_array(at, SEVKIT_KEY_REQ_V2_SIZES_MAX, &count));
    if ((count != 0) != (profile->key_req_max_version == 2)) {
        return vmm_json_fail(at, SEVKIT_BAD_LENGTH, count,
                             "must be empty unless messages.key_req_max_version is 2");
    }
    for (size_t i = 0; i < count; i++) {
        const struct vmm_json element = vmm_json_element(at, i);
        uint64_t size;
        SEVKIT_TRY(
            vmm_json_integer(&element, ABI_KEY_REQ_V2_CUT_SIZE, ABI_KEY_REQ_V2_PADDED_SIZE, &size));
        if (!is_key_req_v2_size(size)) {
            return vmm_json_fail(&element, SEVKIT_BAD_VALUE, size, "must be 32, 40 or 48");
        }
        for (size_t before = 0; before < i; before++) {
            if (size != profile->key_req_v2_sizes[before]) continue;
            return vmm_json_fail(&element, SEVKIT_BAD_VALUE, size, "must not be listed twice");
        }
        profile->key_req_v2_sizes[i] = (uint16_t)size;
    }
    profile->key_req_v2_size_count = (unsigned)count;
    return sevkit_success();
}

/* Version 2 of KEY_REQ brings the launch mitigation vector, which a guest has from report version 5 on. */
static struct sevkit_result read_key_req(const struct vmm_json *at,
                                         struct sevkit_profile *profile) {
    const struct vmm_json max_version = vmm_json_member(at, "key_req_max_version");
    const struct vmm_json sizes = vmm_json_member(at, "key_req_v2_sizes");
    const struct vmm_json rsp_version = vmm_json_member(at, "key_rsp_v2_version");
    const struct vmm_json always = vmm_json_member(at, "launch_mit_always_checked");
    const struct vmm_json status = vmm_json_member(at, "launch_mit_status");
    uint64_t version, answer;
    SEVKIT_TRY(vmm_json_integer(&max_version, 1, 2, &version));
    if (version == 2 && profile->report_version < ABI_REPORT_VERSION_MIT) {
        return vmm_json_fail(&max_version, SEVKIT_BAD_VALUE, version,
                             "must be 1 before report version 5");
    }
    profile->key_req_max_version = (unsigned)version;
    SEVKIT_TRY(read_key_req_v2_sizes(&sizes, profile));
    SEVKIT_TRY(vmm_json_integer(&rsp_version, 1, 2, &answer));
    profile->key_rsp_v2_version = (unsigned)answer;
    SEVKIT_TRY(vmm_json_bool(&always, &profile->launch_mit_always_checked));
    return read_refusal(&status, &profile->launch_mit_status);
}

static struct sevkit_result read_secrets_version(const struct vmm_json *at,
                                                 struct sevkit_profile *profile) {
    uint64_t version;
    SEVKIT_TRY(vmm_json_integer(at, 3, ABI_SECRETS_VERSION_MIT, &version));
    if (version == ABI_SECRETS_VERSION_MIT && profile->report_version < ABI_REPORT_VERSION_MIT) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, version, "must be 3 before report version 5");
    }
    profile->secrets_version = (uint32_t)version;
    return sevkit_success();
}

struct sevkit_result vmm_read_messages(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {
        "key_req_max_version",       "key_req_v2_sizes",  "key_rsp_v2_version",
        "launch_mit_always_checked", "launch_mit_status", "enforce_header_mbz",
        "rmp_lookup_status",         "vmpl_max_3",        "report_size_on_failure",
        "signing_key_none",          "secrets_version",   NULL,
    };
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json header_mbz = vmm_json_member(at, "enforce_header_mbz");
    const struct vmm_json rmp_lookup = vmm_json_member(at, "rmp_lookup_status");
    const struct vmm_json vmpl_max_3 = vmm_json_member(at, "vmpl_max_3");
    const struct vmm_json report_size = vmm_json_member(at, "report_size_on_failure");
    const struct vmm_json signing_key_none = vmm_json_member(at, "signing_key_none");
    const struct vmm_json secrets_version = vmm_json_member(at, "secrets_version");
    SEVKIT_TRY(read_key_req(at, profile));
    SEVKIT_TRY(vmm_json_bool(&header_mbz, &profile->enforce_header_mbz));
    SEVKIT_TRY(read_refusal(&rmp_lookup, &profile->rmp_lookup_status));
    SEVKIT_TRY(vmm_json_bool(&vmpl_max_3, &profile->vmpl_max_3));
    SEVKIT_TRY(vmm_json_bool(&report_size, &profile->report_size_on_failure));
    SEVKIT_TRY(vmm_json_bool(&signing_key_none, &profile->signing_key_none));
    return read_secrets_version(&secrets_version, profile);
}

/* GUEST_TSC_SCALE divides by the reference clock; TSC_FACTOR lowers a frequency by less than all of it. */
struct sevkit_result vmm_read_tsc(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {"reference_khz", "desired_khz", "offset", "factor", NULL};
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json reference_khz = vmm_json_member(at, "reference_khz");
    const struct vmm_json desired_khz = vmm_json_member(at, "desired_khz");
    const struct vmm_json offset = vmm_json_member(at, "offset");
    const struct vmm_json factor_at = vmm_json_member(at, "factor");
    uint64_t reference, desired, factor;
    SEVKIT_TRY(vmm_json_integer(&reference_khz, 1, UINT32_MAX, &reference));
    SEVKIT_TRY(vmm_json_integer(&desired_khz, 0, UINT32_MAX, &desired));
    SEVKIT_TRY(vmm_json_hex(&offset, UINT64_MAX, &profile->tsc_offset));
    SEVKIT_TRY(vmm_json_integer(&factor_at, 0, 99999, &factor));
    profile->tsc_reference_khz = (uint32_t)reference;
    profile->tsc_desired_khz = (uint32_t)desired;
    profile->tsc_factor = (uint32_t)factor;
    return sevkit_success();
}

static struct sevkit_result read_rule(const struct vmm_json *at, enum sevkit_cpuid_rule *rule,
                                      bool *has_value) {
    static const struct {
        const char *name;
        enum sevkit_cpuid_rule rule;
        bool has_value;
    } rules[] = {
        {"zero", SEVKIT_CPUID_ZERO, false},
        {"exact", SEVKIT_CPUID_EXACT, true},
        {"mask", SEVKIT_CPUID_MASK, true},
        {"max", SEVKIT_CPUID_MAX, true},
        {"unchecked", SEVKIT_CPUID_UNCHECKED, false},
    };
    const char *name = json_string_value(at->value);
    for (size_t i = 0; name != NULL && i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(name, rules[i].name) != 0) continue;
        *rule = rules[i].rule;
        *has_value = rules[i].has_value;
        return sevkit_success();
    }
    return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, "must be zero, exact, mask, max or unchecked");
}

/* {"rule": ..., "value": ...}; an omitted register must be 0. */
static struct sevkit_result read_register(const struct vmm_json *at,
                                          struct sevkit_cpuid_register *reg) {
    static const char *const rule_only[] = {"rule", NULL};
    static const char *const rule_value[] = {"rule", "value", NULL};
    if (at->value == NULL) return sevkit_success();
    SEVKIT_TRY(vmm_json_members(at, rule_only, rule_value));
    const struct vmm_json rule = vmm_json_member(at, "rule");
    const struct vmm_json value_at = vmm_json_member(at, "value");
    bool has_value = false;
    uint64_t value = 0;
    SEVKIT_TRY(read_rule(&rule, &reg->rule, &has_value));
    SEVKIT_TRY(vmm_json_members(at, has_value ? rule_value : rule_only, NULL));
    if (has_value) SEVKIT_TRY(vmm_json_hex(&value_at, UINT32_MAX, &value));
    reg->value = (uint32_t)value;
    return sevkit_success();
}

/* Firmware looks at leaves 0 to FFFF and 8000_0000 to 8000_FFFF only. */
static struct sevkit_result read_leaf(const struct vmm_json *at, struct sevkit_cpuid_policy *leaf) {
    static const char *const input[] = {"eax_in", "ecx_in", NULL};
    static const char *const output[] = {"eax", "ebx", "ecx", "edx", NULL};
    SEVKIT_TRY(vmm_json_members(at, input, output));
    const struct vmm_json eax_in = vmm_json_member(at, "eax_in");
    const struct vmm_json ecx_in = vmm_json_member(at, "ecx_in");
    const struct vmm_json eax = vmm_json_member(at, "eax"), ebx = vmm_json_member(at, "ebx");
    const struct vmm_json ecx = vmm_json_member(at, "ecx"), edx = vmm_json_member(at, "edx");
    uint64_t leaf_number, subleaf;
    SEVKIT_TRY(vmm_json_hex(&eax_in, UINT32_MAX, &leaf_number));
    SEVKIT_TRY(vmm_json_hex(&ecx_in, UINT32_MAX, &subleaf));
    if (leaf_number & UINT64_C(0x7FFF0000)) {
        return vmm_json_fail(&eax_in, SEVKIT_BAD_VALUE, leaf_number,
                             "must be at most 0xffff, apart from bit 31");
    }
    leaf->eax_in = (uint32_t)leaf_number;
    leaf->ecx_in = (uint32_t)subleaf;
    SEVKIT_TRY(read_register(&eax, &leaf->eax));
    SEVKIT_TRY(read_register(&ebx, &leaf->ebx));
    SEVKIT_TRY(read_register(&ecx, &leaf->ecx));
    return read_register(&edx, &leaf->edx);
}

/* Leaf 1 states family, model and stepping again, and each leaf and subleaf has one rule. */
static struct sevkit_result check_leaf(const struct vmm_json *at,
                                       const struct sevkit_profile *profile, size_t index) {
    const struct sevkit_cpuid_policy *leaf = &profile->cpuid_policy[index];
    for (const struct sevkit_cpuid_policy *other = profile->cpuid_policy; other < leaf; other++) {
        if (other->eax_in != leaf->eax_in || other->ecx_in != leaf->ecx_in) continue;
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, leaf->eax_in, "this leaf is listed twice");
    }
    if (leaf->eax_in == 1 && leaf->eax.rule == SEVKIT_CPUID_EXACT &&
        leaf->eax.value != abi_fms_to_eax(profile->fms)) {
        const struct vmm_json eax = vmm_json_member(at, "eax");
        return vmm_json_fail(&eax, SEVKIT_BAD_VALUE, leaf->eax.value,
                             "must be the family, model and stepping of chip");
    }
    return sevkit_success();
}

struct sevkit_result vmm_read_cpuid_policy(const struct vmm_json *at,
                                           struct sevkit_profile *profile) {
    SEVKIT_TRY(vmm_json_array(at, SEVKIT_CPUID_POLICY_MAX, &profile->cpuid_policy_count));
    for (size_t i = 0; i < profile->cpuid_policy_count; i++) {
        const struct vmm_json element = vmm_json_element(at, i);
        SEVKIT_TRY(read_leaf(&element, &profile->cpuid_policy[i]));
        SEVKIT_TRY(check_leaf(&element, profile, i));
    }
    return sevkit_success();
}
