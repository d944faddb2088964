/* A profile: product x firmware x policy, and every fact that the sources left UNCONFIRMED as a named
 * switch. Files: emulator/profiles/NAME.json, checked by profile.schema.json; docs/profiles.md explains
 * each value. A machine is a function of its profile and its environment. */
#ifndef SEVKIT_PROFILE_H
#define SEVKIT_PROFILE_H

#include "sevkit/cpuid.h"
#include "sevkit/message.h"
#include "sevkit/rmp_entry.h"
#include "sevkit/rmp_rules.h"
#include "sevkit/status.h"
#include "sevkit/tcb.h"

#define SEVKIT_PROFILE_DEFAULT "genoa-1.55.40-v3-vcek"

/* The ID block and its keys as a guest sees them afterwards. */
struct sevkit_id_block {
    bool present;
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint32_t guest_svn;
    uint8_t id_key_digest[48];
    bool author_key_en;
    uint8_t author_key_digest[48];
};

/* How one output register of a CPUID leaf is judged (B: CPUID_REQ). */
enum sevkit_cpuid_rule {
    SEVKIT_CPUID_ZERO = 0, /* must be 0: what an omitted register gets */
    SEVKIT_CPUID_EXACT,    /* must equal VALUE */
    SEVKIT_CPUID_MASK,     /* bits outside VALUE must be 0 */
    SEVKIT_CPUID_MAX,      /* must not be greater than VALUE */
    SEVKIT_CPUID_UNCHECKED,
};

struct sevkit_cpuid_register {
    enum sevkit_cpuid_rule rule;
    uint32_t value;
};

struct sevkit_cpuid_policy {
    uint32_t eax_in;
    uint32_t ecx_in;
    struct sevkit_cpuid_register eax, ebx, ecx, edx;
};

#define SEVKIT_CPUID_POLICY_MAX 64
#define SEVKIT_KEY_REQ_V2_SIZES_MAX 3

struct sevkit_profile {
    char name[64];
    char title[160];

    /* processor */
    enum abi_product product; /* the certificate product line */
    char chip[16];            /* "Milan", "Genoa", "Bergamo", "Siena", "Turin", "TurinDense" */
    struct abi_fms fms;
    char product_name[32]; /* the VCEK's productName extension */
    uint8_t chip_id[64];   /* on Turin 8 bytes, then zeros */

    /* firmware and platform */
    struct abi_fw_version current_version, committed_version;
    uint32_t report_version; /* 2, 3 or 5 */
    uint64_t current_tcb, committed_tcb, reported_tcb, launch_tcb;
    uint64_t platform_info;
    uint64_t launch_mit_vector, current_mit_vector; /* version 5 only, else 0 */
    bool mask_chip_id;
    bool mask_chip_key;
    bool vlek_loaded;
    char csp_id[128]; /* with vlek_loaded */

    /* the guest that a launch from this profile makes */
    uint64_t policy;
    uint32_t vmpl; /* what `sevkit report` and clients ask for */
    uint8_t host_data[32];
    uint8_t measurement[48];
    struct sevkit_id_block id_block;
    bool vcek_dis;
    uint8_t gosvw[16];
    bool has_report_id_ma; /* launched with a migration agent */
    uint8_t report_id_ma[32];
    uint64_t msg_count[ABI_VMPCK_COUNT]; /* MsgCount0..3 at launch */

    /* messages */
    unsigned key_req_max_version;   /* 1, or 2 from ABI 1.58 */
    unsigned key_req_v2_size_count; /* MSG_SIZEs that a version 2 KEY_REQ may have */
    uint16_t key_req_v2_sizes[SEVKIT_KEY_REQ_V2_SIZES_MAX]; /* of 0x20, 0x28, 0x30 */
    unsigned key_rsp_v2_version;       /* UNCONFIRMED: MSG_VERSION of its answer, 1 or 2 */
    bool enforce_header_mbz;           /* UNCONFIRMED: reserved header and tag bytes must be zero */
    enum abi_status rmp_lookup_status; /* UNCONFIRMED: a page outside the RMP (check 3) */
    bool vmpl_max_3;                   /* VMPL above 3 is refused (the ABI text; not FW 1.55.25) */
    bool report_size_on_failure; /* REPORT_SIZE is set although STATUS is not 0 (FW 1.55.25) */
    bool signing_key_none;       /* UNCONFIRMED when false: early firmware leaves bits 4:2 zero */
    bool launch_mit_always_checked;    /* UNCONFIRMED: checked even when bit 6 is clear */
    enum abi_status launch_mit_status; /* UNCONFIRMED: refusal of LAUNCH_MIT_VECTOR */
    uint32_t secrets_version;          /* 3; 4 with LAUNCH_MIT_VECTOR is UNCONFIRMED */

    /* TSC_INFO, UNCONFIRMED outside Genoa 1.55.25 */
    uint32_t tsc_reference_khz;
    uint32_t tsc_desired_khz;
    uint64_t tsc_offset;
    uint32_t tsc_factor;

    /* CPUID policy, UNCONFIRMED */
    size_t cpuid_policy_count;
    struct sevkit_cpuid_policy cpuid_policy[SEVKIT_CPUID_POLICY_MAX];

    /* the RMP, all UNCONFIRMED but RMPREAD */
    struct rmp_rules rmp_rules;
    bool rmpread, rmpquery;             /* the instructions are there */
    bool rmp_raw_known;                 /* what an entry looks like in memory */
    enum abi_rmp_format rmp_raw_format; /* with rmp_raw_known */

    /* resources */
    uint64_t memory_size; /* bytes, a multiple of 2 MiB */
    unsigned guests_max;  /* guest contexts at once */
};

/* Reads a profile from JSON text. Strict: an unknown, missing, mistyped or contradictory member is an
 * error whose field is its path ("tcb.reported.snp"). */
SEVKIT_MUST struct sevkit_result vmm_profile_parse(const char *json, size_t size,
                                                   struct sevkit_profile *profile);

/* One of the profiles that the build carries, by stem. */
SEVKIT_MUST struct sevkit_result vmm_profile_builtin(const char *name,
                                                     struct sevkit_profile *profile);

/* The INDEXth built-in profile's name, NULL after the last. Sorted. */
const char *vmm_profile_name(size_t index);

#endif
