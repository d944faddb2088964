/* ATTESTATION_REPORT. Attestation report notes, sections 1 (layout), 2 (signature), 3 (key info),
 * 5 (policy) and 9 (version 4). */
#include "sevkit/report.h"

#include <string.h>

#include "abi/check.h"
#include "abi/layout.h"
#include "sevkit/bytes.h"

#define REPORT(member, at, end) ABI_FIELD_ENDS(struct abi_report, member, at, end)

REPORT(version, ABI_REPORT_VERSION, ABI_REPORT_GUEST_SVN);
REPORT(guest_svn, ABI_REPORT_GUEST_SVN, ABI_REPORT_POLICY);
REPORT(policy, ABI_REPORT_POLICY, ABI_REPORT_FAMILY_ID);
REPORT(family_id, ABI_REPORT_FAMILY_ID, ABI_REPORT_IMAGE_ID);
REPORT(image_id, ABI_REPORT_IMAGE_ID, ABI_REPORT_VMPL);
REPORT(vmpl, ABI_REPORT_VMPL, ABI_REPORT_SIGNATURE_ALGO);
REPORT(signature_algo, ABI_REPORT_SIGNATURE_ALGO, ABI_REPORT_CURRENT_TCB);
REPORT(current_tcb, ABI_REPORT_CURRENT_TCB, ABI_REPORT_PLATFORM_INFO);
REPORT(platform_info, ABI_REPORT_PLATFORM_INFO, ABI_REPORT_KEY_INFO);
REPORT(key_info, ABI_REPORT_KEY_INFO, ABI_REPORT_RESERVED_4C);
REPORT(reserved_4c, ABI_REPORT_RESERVED_4C, ABI_REPORT_REPORT_DATA);
REPORT(report_data, ABI_REPORT_REPORT_DATA, ABI_REPORT_MEASUREMENT);
REPORT(measurement, ABI_REPORT_MEASUREMENT, ABI_REPORT_HOST_DATA);
REPORT(host_data, ABI_REPORT_HOST_DATA, ABI_REPORT_ID_KEY_DIGEST);
REPORT(id_key_digest, ABI_REPORT_ID_KEY_DIGEST, ABI_REPORT_AUTHOR_KEY_DIGEST);
REPORT(author_key_digest, ABI_REPORT_AUTHOR_KEY_DIGEST, ABI_REPORT_REPORT_ID);
REPORT(report_id, ABI_REPORT_REPORT_ID, ABI_REPORT_REPORT_ID_MA);
REPORT(report_id_ma, ABI_REPORT_REPORT_ID_MA, ABI_REPORT_REPORTED_TCB);
REPORT(reported_tcb, ABI_REPORT_REPORTED_TCB, ABI_REPORT_CPUID_FAM_ID);
REPORT(fms.family, ABI_REPORT_CPUID_FAM_ID, ABI_REPORT_CPUID_MOD_ID);
REPORT(fms.model, ABI_REPORT_CPUID_MOD_ID, ABI_REPORT_CPUID_STEP);
REPORT(fms.stepping, ABI_REPORT_CPUID_STEP, ABI_REPORT_RESERVED_18B);
REPORT(reserved_18b, ABI_REPORT_RESERVED_18B, ABI_REPORT_CHIP_ID);
REPORT(chip_id, ABI_REPORT_CHIP_ID, ABI_REPORT_COMMITTED_TCB);
REPORT(committed_tcb, ABI_REPORT_COMMITTED_TCB, ABI_REPORT_CURRENT_BUILD);
REPORT(current.build, ABI_REPORT_CURRENT_BUILD, ABI_REPORT_CURRENT_MINOR);
REPORT(current.minor, ABI_REPORT_CURRENT_MINOR, ABI_REPORT_CURRENT_MAJOR);
REPORT(current.major, ABI_REPORT_CURRENT_MAJOR, ABI_REPORT_RESERVED_1EB);
REPORT(reserved_1eb, ABI_REPORT_RESERVED_1EB, ABI_REPORT_COMMITTED_BUILD);
REPORT(committed.build, ABI_REPORT_COMMITTED_BUILD, ABI_REPORT_COMMITTED_MINOR);
REPORT(committed.minor, ABI_REPORT_COMMITTED_MINOR, ABI_REPORT_COMMITTED_MAJOR);
REPORT(committed.major, ABI_REPORT_COMMITTED_MAJOR, ABI_REPORT_RESERVED_1EF);
REPORT(reserved_1ef, ABI_REPORT_RESERVED_1EF, ABI_REPORT_LAUNCH_TCB);
REPORT(launch_tcb, ABI_REPORT_LAUNCH_TCB, ABI_REPORT_LAUNCH_MIT_VECTOR);
REPORT(launch_mit_vector, ABI_REPORT_LAUNCH_MIT_VECTOR, ABI_REPORT_CURRENT_MIT_VECTOR);
REPORT(current_mit_vector, ABI_REPORT_CURRENT_MIT_VECTOR, ABI_REPORT_RESERVED_208);
REPORT(reserved_208, ABI_REPORT_RESERVED_208, ABI_REPORT_SIGNATURE);
REPORT(signature_r, ABI_REPORT_SIGNATURE_R, ABI_REPORT_SIGNATURE_S);
REPORT(signature_s, ABI_REPORT_SIGNATURE_S, ABI_REPORT_SIGNATURE_TAIL);
REPORT(signature_tail, ABI_REPORT_SIGNATURE_TAIL, ABI_REPORT_SIZE);
_Static_assert(ABI_REPORT_SIGNATURE_R == ABI_REPORT_SIGNATURE, "R opens the signature");
_Static_assert(ABI_REPORT_SIGNED_SIZE == ABI_REPORT_SIGNATURE, "signed up to the signature");
_Static_assert(ABI_REPORT_SIZE == 0x4A0, "notes, section 1: 0x4A0 bytes");

static struct sevkit_result bad_size(size_t size) {
    return sevkit_fail(SEVKIT_BAD_LENGTH, "ATTESTATION_REPORT", SEVKIT_NO_OFFSET, size,
                       "a report has 0x4A0 bytes");
}

struct sevkit_result abi_report_decode(const uint8_t *b, size_t size, struct abi_report *r) {
    if (size != ABI_REPORT_SIZE) return bad_size(size); /* @req VRF-001 */
    r->version = abi_get_le32(b + ABI_REPORT_VERSION);
    r->guest_svn = abi_get_le32(b + ABI_REPORT_GUEST_SVN);
    r->policy = abi_get_le64(b + ABI_REPORT_POLICY);
    memcpy(r->family_id, b + ABI_REPORT_FAMILY_ID, sizeof r->family_id);
    memcpy(r->image_id, b + ABI_REPORT_IMAGE_ID, sizeof r->image_id);
    r->vmpl = abi_get_le32(b + ABI_REPORT_VMPL);
    r->signature_algo = abi_get_le32(b + ABI_REPORT_SIGNATURE_ALGO);
    r->current_tcb = abi_get_le64(b + ABI_REPORT_CURRENT_TCB);
    r->platform_info = abi_get_le64(b + ABI_REPORT_PLATFORM_INFO);
    r->key_info = abi_get_le32(b + ABI_REPORT_KEY_INFO);
    r->reserved_4c = abi_get_le32(b + ABI_REPORT_RESERVED_4C);
    memcpy(r->report_data, b + ABI_REPORT_REPORT_DATA, sizeof r->report_data);
    memcpy(r->measurement, b + ABI_REPORT_MEASUREMENT, sizeof r->measurement);
    memcpy(r->host_data, b + ABI_REPORT_HOST_DATA, sizeof r->host_data);
    memcpy(r->id_key_digest, b + ABI_REPORT_ID_KEY_DIGEST, sizeof r->id_key_digest);
    memcpy(r->author_key_digest, b + ABI_REPORT_AUTHOR_KEY_DIGEST, sizeof r->author_key_digest);
    memcpy(r->report_id, b + ABI_REPORT_REPORT_ID, sizeof r->report_id);
    memcpy(r->report_id_ma, b + ABI_REPORT_REPORT_ID_MA, sizeof r->report_id_ma);
    r->reported_tcb = abi_get_le64(b + ABI_REPORT_REPORTED_TCB);
    r->fms.family = b[ABI_REPORT_CPUID_FAM_ID];
    r->fms.model = b[ABI_REPORT_CPUID_MOD_ID];
    r->fms.stepping = b[ABI_REPORT_CPUID_STEP];
    memcpy(r->reserved_18b, b + ABI_REPORT_RESERVED_18B, sizeof r->reserved_18b);
    memcpy(r->chip_id, b + ABI_REPORT_CHIP_ID, sizeof r->chip_id);
    r->committed_tcb = abi_get_le64(b + ABI_REPORT_COMMITTED_TCB);
    r->current.build = b[ABI_REPORT_CURRENT_BUILD];
    r->current.minor = b[ABI_REPORT_CURRENT_MINOR];
    r->current.major = b[ABI_REPORT_CURRENT_MAJOR];
    r->reserved_1eb = b[ABI_REPORT_RESERVED_1EB];
    r->committed.build = b[ABI_REPORT_COMMITTED_BUILD];
    r->committed.minor = b[ABI_REPORT_COMMITTED_MINOR];
    r->committed.major = b[ABI_REPORT_COMMITTED_MAJOR];
    r->reserved_1ef = b[ABI_REPORT_RESERVED_1EF];
    r->launch_tcb = abi_get_le64(b + ABI_REPORT_LAUNCH_TCB);
    r->launch_mit_vector = abi_get_le64(b + ABI_REPORT_LAUNCH_MIT_VECTOR);
    r->current_mit_vector = abi_get_le64(b + ABI_REPORT_CURRENT_MIT_VECTOR);
    memcpy(r->reserved_208, b + ABI_REPORT_RESERVED_208, sizeof r->reserved_208);
    memcpy(r->signature_r, b + ABI_REPORT_SIGNATURE_R, sizeof r->signature_r);
    memcpy(r->signature_s, b + ABI_REPORT_SIGNATURE_S, sizeof r->signature_s);
    memcpy(r->signature_tail, b + ABI_REPORT_SIGNATURE_TAIL, sizeof r->signature_tail);
    return sevkit_success();
}

void abi_report_encode(const struct abi_report *r, uint8_t b[ABI_REPORT_SIZE]) {
    abi_put_le32(b + ABI_REPORT_VERSION, r->version);
    abi_put_le32(b + ABI_REPORT_GUEST_SVN, r->guest_svn);
    abi_put_le64(b + ABI_REPORT_POLICY, r->policy);
    memcpy(b + ABI_REPORT_FAMILY_ID, r->family_id, sizeof r->family_id);
    memcpy(b + ABI_REPORT_IMAGE_ID, r->image_id, sizeof r->image_id);
    abi_put_le32(b + ABI_REPORT_VMPL, r->vmpl);
    abi_put_le32(b + ABI_REPORT_SIGNATURE_ALGO, r->signature_algo);
    abi_put_le64(b + ABI_REPORT_CURRENT_TCB, r->current_tcb);
    abi_put_le64(b + ABI_REPORT_PLATFORM_INFO, r->platform_info);
    abi_put_le32(b + ABI_REPORT_KEY_INFO, r->key_info);
    abi_put_le32(b + ABI_REPORT_RESERVED_4C, r->reserved_4c);
    memcpy(b + ABI_REPORT_REPORT_DATA, r->report_data, sizeof r->report_data);
    memcpy(b + ABI_REPORT_MEASUREMENT, r->measurement, sizeof r->measurement);
    memcpy(b + ABI_REPORT_HOST_DATA, r->host_data, sizeof r->host_data);
    memcpy(b + ABI_REPORT_ID_KEY_DIGEST, r->id_key_digest, sizeof r->id_key_digest);
    memcpy(b + ABI_REPORT_AUTHOR_KEY_DIGEST, r->author_key_digest, sizeof r->author_key_digest);
    memcpy(b + ABI_REPORT_REPORT_ID, r->report_id, sizeof r->report_id);
    memcpy(b + ABI_REPORT_REPORT_ID_MA, r->report_id_ma, sizeof r->report_id_ma);
    abi_put_le64(b + ABI_REPORT_REPORTED_TCB, r->reported_tcb);
    b[ABI_REPORT_CPUID_FAM_ID] = r->fms.family;
    b[ABI_REPORT_CPUID_MOD_ID] = r->fms.model;
    b[ABI_REPORT_CPUID_STEP] = r->fms.stepping;
    memcpy(b + ABI_REPORT_RESERVED_18B, r->reserved_18b, sizeof r->reserved_18b);
    memcpy(b + ABI_REPORT_CHIP_ID, r->chip_id, sizeof r->chip_id);
    abi_put_le64(b + ABI_REPORT_COMMITTED_TCB, r->committed_tcb);
    b[ABI_REPORT_CURRENT_BUILD] = r->current.build;
    b[ABI_REPORT_CURRENT_MINOR] = r->current.minor;
    b[ABI_REPORT_CURRENT_MAJOR] = r->current.major;
    b[ABI_REPORT_RESERVED_1EB] = r->reserved_1eb;
    b[ABI_REPORT_COMMITTED_BUILD] = r->committed.build;
    b[ABI_REPORT_COMMITTED_MINOR] = r->committed.minor;
    b[ABI_REPORT_COMMITTED_MAJOR] = r->committed.major;
    b[ABI_REPORT_RESERVED_1EF] = r->reserved_1ef;
    abi_put_le64(b + ABI_REPORT_LAUNCH_TCB, r->launch_tcb);
    abi_put_le64(b + ABI_REPORT_LAUNCH_MIT_VECTOR, r->launch_mit_vector);
    abi_put_le64(b + ABI_REPORT_CURRENT_MIT_VECTOR, r->current_mit_vector);
    memcpy(b + ABI_REPORT_RESERVED_208, r->reserved_208, sizeof r->reserved_208);
    memcpy(b + ABI_REPORT_SIGNATURE_R, r->signature_r, sizeof r->signature_r);
    memcpy(b + ABI_REPORT_SIGNATURE_S, r->signature_s, sizeof r->signature_s);
    memcpy(b + ABI_REPORT_SIGNATURE_TAIL, r->signature_tail, sizeof r->signature_tail);
}

static struct sevkit_result bad_version(uint32_t version) {
    return sevkit_fail(SEVKIT_BAD_VALUE, "VERSION", ABI_REPORT_VERSION, version,
                       "must be 2 to 5; above 5 only where future versions are allowed");
}

struct sevkit_result abi_report_check_version(const struct abi_report *r, bool future_versions) {
    if (r->version < ABI_REPORT_VERSION_MIN) return bad_version(r->version); /* @req VRF-013 */
    const bool future = r->version > ABI_REPORT_VERSION_MAX;
    if (future && !future_versions) return bad_version(r->version); /* @req VRF-015 */
    return sevkit_success();
}

static struct sevkit_result bad_policy(uint64_t policy) {
    return sevkit_fail(SEVKIT_BAD_VALUE, "POLICY", ABI_REPORT_POLICY + 2, policy,
                       "bit 17 must be one");
}

static struct sevkit_result bad_key_info(uint32_t key_info) {
    const unsigned bit = (unsigned)__builtin_ctz(key_info & ABI_KEY_INFO_RESERVED);
    return sevkit_fail(SEVKIT_RESERVED, "KEY_INFO", ABI_REPORT_KEY_INFO + bit / 8, key_info,
                       "bits 31:5 must be zero");
}

#define FMS ABI_REPORT_CPUID_FAM_ID              /* family, model, stepping: 3 bytes */
#define MIT_VECTORS ABI_REPORT_LAUNCH_MIT_VECTOR /* launch and current: 16 bytes */

static struct sevkit_result zero(const uint8_t *b, const char *field, size_t at, size_t size) {
    return abi_check_zero(b, field, at, size);
}

/* What a later firmware may give a name. Whether version 4 already has mitigation vectors is
 * UNCONFIRMED (section 9). A version that is none reserves what all do: it is to be refused for being
 * what it is. */
static struct sevkit_result check_reserved(const struct abi_report *r, const uint8_t *b) {
    const bool fms_reserved = r->version == 2;
    const bool mit_reserved = r->version == 2 || r->version == 3;
    if (r->key_info & ABI_KEY_INFO_RESERVED) return bad_key_info(r->key_info); /* @req VRF-003 */
    SEVKIT_TRY(zero(b, "RESERVED_4C", ABI_REPORT_RESERVED_4C, 4));             /* @req VRF-004 */
    if (fms_reserved) SEVKIT_TRY(zero(b, "RESERVED_188", FMS, 3));             /* @req VRF-005 */
    SEVKIT_TRY(zero(b, "RESERVED_18B", ABI_REPORT_RESERVED_18B, 21));          /* @req VRF-006 */
    SEVKIT_TRY(zero(b, "RESERVED_1EB", ABI_REPORT_RESERVED_1EB, 1));           /* @req VRF-007 */
    SEVKIT_TRY(zero(b, "RESERVED_1EF", ABI_REPORT_RESERVED_1EF, 1));           /* @req VRF-007 */
    if (mit_reserved) SEVKIT_TRY(zero(b, "RESERVED_1F8", MIT_VECTORS, 16));    /* @req VRF-008 */
    SEVKIT_TRY(zero(b, "RESERVED_208", ABI_REPORT_RESERVED_208, 152));         /* @req VRF-009 */
    return sevkit_success();
}

static struct sevkit_result check(const struct abi_report *r, bool reserved) {
    uint8_t b[ABI_REPORT_SIZE];
    abi_report_encode(r, b);
    if (!(r->policy & ABI_POLICY_RESERVED_ONE)) return bad_policy(r->policy); /* @req VRF-002 */
    if (reserved) SEVKIT_TRY(check_reserved(r, b));                           /* @req VRF-121 */
    SEVKIT_TRY(zero(b, "SIGNATURE_R", ABI_REPORT_SIGNATURE_R + 48, 24));      /* @req VRF-010 */
    SEVKIT_TRY(zero(b, "SIGNATURE_S", ABI_REPORT_SIGNATURE_S + 48, 24));      /* @req VRF-010 */
    SEVKIT_TRY(zero(b, "SIGNATURE_TAIL", ABI_REPORT_SIGNATURE_TAIL, 368));    /* @req VRF-011 */
    return sevkit_success();
}

struct sevkit_result abi_report_check_fields(const struct abi_report *r) {
    return check(r, true);
}

struct sevkit_result abi_report_check_form(const struct abi_report *r) {
    return check(r, false);
}

unsigned abi_report_signing_key(const struct abi_report *r) {
    return r->key_info >> ABI_KEY_INFO_SIGNING_KEY_SHIFT & 7;
}

const char *abi_signing_key_name(unsigned signing_key) {
    if (signing_key == ABI_SIGNING_KEY_VCEK) return "VCEK";
    if (signing_key == ABI_SIGNING_KEY_VLEK) return "VLEK";
    if (signing_key == ABI_SIGNING_KEY_NONE) return "NONE";
    return "reserved";
}

enum abi_product abi_report_product(const struct abi_report *r) {
    return r->version >= ABI_REPORT_VERSION_FMS ? abi_product_from_fms(r->fms)
                                                : ABI_PRODUCT_UNKNOWN;
}
