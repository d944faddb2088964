/* The guest that a launch from a profile makes: attestation report notes, sections 1 and 5; guest
 * message notes, section 3. */
#include "vmm/profile_parts.h"

static struct sevkit_result bad_policy(const struct vmm_json *at, uint64_t policy,
                                       const char *rule) {
    return vmm_json_fail(at, SEVKIT_BAD_VALUE, policy, rule);
}

/* A policy that this platform would refuse at LAUNCH_START makes no guest. */
static struct sevkit_result read_policy(const struct vmm_json *at, struct sevkit_profile *profile) {
    uint64_t policy;
    SEVKIT_TRY(vmm_json_hex(at, UINT64_MAX, &policy));
    const uint64_t info = profile->platform_info;
    const struct abi_fw_version firmware = profile->current_version;
    const uint64_t abi = policy & (ABI_POLICY_ABI_MAJOR | ABI_POLICY_ABI_MINOR);
    if (!(policy & ABI_POLICY_RESERVED_ONE)) return bad_policy(at, policy, "bit 17 must be 1");
    if (policy & ABI_POLICY_RESERVED_ZERO) return bad_policy(at, policy, "bits 63:26 must be 0");
    if (abi > ((uint64_t)firmware.major << 8 | firmware.minor)) {
        return bad_policy(at, policy, "asks for a newer ABI than firmware.current has");
    }
    if (!(policy & ABI_POLICY_SMT) && info & ABI_PLATFORM_SMT_EN) {
        return bad_policy(at, policy, "forbids SMT, which platform_info.smt_en turns on");
    }
    if (policy & ABI_POLICY_RAPL_DIS && !(info & ABI_PLATFORM_RAPL_DIS)) {
        return bad_policy(at, policy, "demands platform_info.rapl_dis");
    }
    if (policy & ABI_POLICY_CIPHERTEXT_HIDING_DRAM &&
        !(info & ABI_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN)) {
        return bad_policy(at, policy, "demands platform_info.ciphertext_hiding_dram_en");
    }
    profile->policy = policy;
    return sevkit_success();
}

static struct sevkit_result read_id_block(const struct vmm_json *at,
                                          struct sevkit_id_block *block) {
    static const char *const members[] = {"family_id",     "image_id",          "guest_svn",
                                          "id_key_digest", "author_key_digest", NULL};
    if (json_is_null(at->value)) return sevkit_success();
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json family_id = vmm_json_member(at, "family_id");
    const struct vmm_json image_id = vmm_json_member(at, "image_id");
    const struct vmm_json guest_svn = vmm_json_member(at, "guest_svn");
    const struct vmm_json id_key = vmm_json_member(at, "id_key_digest");
    const struct vmm_json author_key = vmm_json_member(at, "author_key_digest");
    uint64_t svn;
    SEVKIT_TRY(vmm_json_bytes(&family_id, block->family_id, sizeof block->family_id));
    SEVKIT_TRY(vmm_json_bytes(&image_id, block->image_id, sizeof block->image_id));
    SEVKIT_TRY(vmm_json_integer(&guest_svn, 0, UINT32_MAX, &svn));
    SEVKIT_TRY(vmm_json_bytes(&id_key, block->id_key_digest, sizeof block->id_key_digest));
    block->present = true;
    block->guest_svn = (uint32_t)svn;
    block->author_key_en = !json_is_null(author_key.value);
    if (!block->author_key_en) return sevkit_success();
    return vmm_json_bytes(&author_key, block->author_key_digest, sizeof block->author_key_digest);
}

/* Null without a migration agent, which the policy must allow. */
static struct sevkit_result read_report_id_ma(const struct vmm_json *at,
                                              struct sevkit_profile *profile) {
    profile->has_report_id_ma = !json_is_null(at->value);
    if (!profile->has_report_id_ma) return sevkit_success();
    SEVKIT_TRY(vmm_json_bytes(at, profile->report_id_ma, sizeof profile->report_id_ma));
    if (!(profile->policy & ABI_POLICY_MIGRATE_MA)) {
        return vmm_json_fail(at, SEVKIT_BAD_VALUE, profile->policy,
                             "must be null unless guest.policy has MIGRATE_MA");
    }
    return sevkit_success();
}

/* Counters start at 0 and grow by 2, so they are even: guest message notes, section 3. */
static struct sevkit_result read_msg_count(const struct vmm_json *at,
                                           uint64_t counts[ABI_VMPCK_COUNT]) {
    size_t count;
    SEVKIT_TRY(vmm_json_array(at, ABI_VMPCK_COUNT, &count));
    if (count != ABI_VMPCK_COUNT) {
        return vmm_json_fail(at, SEVKIT_BAD_LENGTH, count, "must have one counter for each VMPCK");
    }
    for (size_t i = 0; i < count; i++) {
        const struct vmm_json element = vmm_json_element(at, i);
        SEVKIT_TRY(vmm_json_hex(&element, UINT64_MAX, &counts[i]));
        if (counts[i] & 1) {
            return vmm_json_fail(&element, SEVKIT_BAD_VALUE, counts[i], "must be even");
        }
    }
    return sevkit_success();
}

struct sevkit_result vmm_read_guest(const struct vmm_json *at, struct sevkit_profile *profile) {
    static const char *const members[] = {
        "policy", "vmpl",     "vcek_dis",  "host_data",    "measurement",
        "gosvw",  "id_block", "msg_count", "report_id_ma", NULL,
    };
    SEVKIT_TRY(vmm_json_members(at, members, NULL));
    const struct vmm_json policy = vmm_json_member(at, "policy");
    const struct vmm_json vmpl_at = vmm_json_member(at, "vmpl");
    const struct vmm_json vcek_dis = vmm_json_member(at, "vcek_dis");
    const struct vmm_json host_data = vmm_json_member(at, "host_data");
    const struct vmm_json measurement = vmm_json_member(at, "measurement");
    const struct vmm_json gosvw = vmm_json_member(at, "gosvw");
    const struct vmm_json id_block = vmm_json_member(at, "id_block");
    const struct vmm_json report_id_ma = vmm_json_member(at, "report_id_ma");
    const struct vmm_json msg_count = vmm_json_member(at, "msg_count");
    uint64_t vmpl;
    SEVKIT_TRY(read_policy(&policy, profile));
    SEVKIT_TRY(vmm_json_integer(&vmpl_at, 0, ABI_VMPCK_COUNT - 1, &vmpl));
    SEVKIT_TRY(vmm_json_bool(&vcek_dis, &profile->vcek_dis));
    SEVKIT_TRY(vmm_json_bytes(&host_data, profile->host_data, sizeof profile->host_data));
    SEVKIT_TRY(vmm_json_bytes(&measurement, profile->measurement, sizeof profile->measurement));
    SEVKIT_TRY(vmm_json_bytes(&gosvw, profile->gosvw, sizeof profile->gosvw));
    SEVKIT_TRY(read_id_block(&id_block, &profile->id_block));
    SEVKIT_TRY(read_report_id_ma(&report_id_ma, profile));
    profile->vmpl = (uint32_t)vmpl;
    return read_msg_count(&msg_count, profile->msg_count);
}
