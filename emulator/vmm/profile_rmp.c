/* A profile's switches of the RMP, all of them optional: RMP notes, sections 1.1, 3 and 8. What a file leaves out is as
 * rmp_config_default has it, or follows from the chip. */
#include <string.h>

#include "sevkit/rmp.h"
#include "vmm/profile_parts.h"

static struct sevkit_result read_flag(const struct vmm_json *at, const char *name, bool *out) {
    const struct vmm_json member = vmm_json_member(at, name);
    return member.value == NULL ? sevkit_success() : vmm_json_bool(&member, out);
}

/* A code of RMPUPDATE, MIN to 4. */
static struct sevkit_result read_code(const struct vmm_json *at, const char *name, uint64_t min,
                                      uint32_t *out) {
    const struct vmm_json member = vmm_json_member(at, name);
    uint64_t code;
    if (member.value == NULL) return sevkit_success();
    SEVKIT_TRY(vmm_json_integer(&member, min, RMP_FAIL_OVERLAP, &code));
    *out = (uint32_t)code;
    return sevkit_success();
}

static struct sevkit_result read_rules(const struct vmm_json *at, struct rmp_rules *r) {
    const struct {
        const char *name;
        bool *out;
    } flags[] = {
        {"update_in_use_first", &r->update_in_use_first},
        {"update_refuses_gpa", &r->update_refuses_gpa},
        {"psmash_needs_asid", &r->psmash_needs_asid},
        {"psmash_needs_mutable", &r->psmash_needs_mutable},
        {"adjust_refuses_vmsa", &r->adjust_refuses_vmsa},
        {"adjust_refuses_vmsa_2m", &r->adjust_refuses_vmsa_2m},
        {"read_tells_region", &r->read_tells_region},
        {"guest_ad_maps", &r->guest_ad_maps},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        SEVKIT_TRY(read_flag(at, flags[i].name, flags[i].out));
    /* That an update inside a 2 MiB page is refused is known, its code is not. */
    SEVKIT_TRY(read_code(at, "update_inside_2m", RMP_FAIL_INPUT, &r->update_inside_2m));
    SEVKIT_TRY(read_code(at, "update_contended", RMP_FAIL_INUSE, &r->update_contended));
    return read_code(at, "update_over_hv_fixed", RMP_SUCCESS, &r->update_over_hv_fixed);
}

static struct sevkit_result read_raw_format(const struct vmm_json *at,
                                            struct sevkit_profile *profile) {
    const char *name = json_string_value(at->value);
    if (at->value == NULL) return sevkit_success();
    profile->rmp_raw_known = !json_is_null(at->value);
    if (!profile->rmp_raw_known) return sevkit_success();
    if (name == NULL) return vmm_json_fail(at, SEVKIT_BAD_ENCODING, 0, "must be a string or null");
    const bool milan = strcmp(name, "milan") == 0, genoa = strcmp(name, "genoa") == 0;
    if (!milan && !genoa)
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, 0, "must be milan, genoa or null");
    profile->rmp_raw_format = milan ? ABI_RMP_MILAN : ABI_RMP_GENOA;
    return sevkit_success();
}

/* Turin has RMPREAD, so that nobody needs its raw format; before it there was no RMPREAD. */
static void set_defaults(struct sevkit_profile *profile) {
    const bool turin = profile->product == ABI_PRODUCT_TURIN;
    profile->rmp_rules = rmp_config_default(profile->memory_size).rules;
    profile->rmpread = turin;
    profile->rmpquery = true;
    profile->rmp_raw_known = !turin;
    profile->rmp_raw_format = profile->product == ABI_PRODUCT_MILAN ? ABI_RMP_MILAN : ABI_RMP_GENOA;
}

struct sevkit_result vmm_read_rmp(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const none[] = {NULL};
    static const char *const optional[] = {
        "rmpread",
        "rmpquery",
        "raw_format",
        "update_in_use_first",
        "update_contended",
        "update_inside_2m",
        "update_over_hv_fixed",
        "update_refuses_gpa",
        "psmash_needs_asid",
        "psmash_needs_mutable",
        "adjust_refuses_vmsa",
        "adjust_refuses_vmsa_2m",
        "read_tells_region",
        "guest_ad_maps",
        NULL,
    };
    set_defaults(profile);
    if (at->value == NULL) return sevkit_success();
    SEVKIT_TRY(vmm_json_members(at, none, optional));
    SEVKIT_TRY(read_flag(at, "rmpread", &profile->rmpread));
    SEVKIT_TRY(read_flag(at, "rmpquery", &profile->rmpquery));
    const struct vmm_json raw_format = vmm_json_member(at, "raw_format");
    SEVKIT_TRY(read_raw_format(&raw_format, profile));
    return read_rules(at, &profile->rmp_rules);
}
