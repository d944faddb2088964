/* The parts of a profile, one reader for each member of the file's top object. Each checks its own part
 * and its agreement with the parts read before it; vmm_profile_parse calls them in this order. */
#ifndef VMM_PROFILE_PARTS_H
#define VMM_PROFILE_PARTS_H

#include "sevkit/profile.h"
#include "vmm/profile_json.h"

/* profile_platform.c */
SEVKIT_MUST struct sevkit_result vmm_read_chip(const struct vmm_json *at,
                                               struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_firmware(const struct vmm_json *at,
                                                   struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_report_version(const struct vmm_json *at,
                                                         struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_tcb(const struct vmm_json *at,
                                              struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_platform_info(const struct vmm_json *at,
                                                        struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_mitigation_vectors(const struct vmm_json *at,
                                                             struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_signing(const struct vmm_json *at,
                                                  struct sevkit_profile *profile);

/* profile_guest.c */
SEVKIT_MUST struct sevkit_result vmm_read_guest(const struct vmm_json *at,
                                                struct sevkit_profile *profile);

/* profile_messages.c */
SEVKIT_MUST struct sevkit_result vmm_read_messages(const struct vmm_json *at,
                                                   struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_tsc(const struct vmm_json *at,
                                              struct sevkit_profile *profile);
SEVKIT_MUST struct sevkit_result vmm_read_cpuid_policy(const struct vmm_json *at,
                                                       struct sevkit_profile *profile);

/* profile_rmp.c. AT's value is NULL where the file leaves all to its chip. */
SEVKIT_MUST struct sevkit_result vmm_read_rmp(const struct vmm_json *at,
                                              struct sevkit_profile *profile);

#endif
