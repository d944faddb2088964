/* What no source settles about the RMP, as switches. Plain data: profiles hold it, the table obeys it. The values of
 * rmp_config_default and what would settle each stand in docs/ambiguities.md. */
#ifndef SEVKIT_RMP_RULES_H
#define SEVKIT_RMP_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct rmp_rules {
    bool update_in_use_first; /* RMPUPDATE: in use is looked at before Immutable */
    /* RMPUPDATE while another processor works in the 2 MiB region: the code, 3 (in use) or 4 (Linux tries again). */
    uint32_t update_contended;
    /* RMPUPDATE of 4 KiB on a later page of a 2 MiB page: the code, 4. */
    uint32_t update_inside_2m;
    /* RMPUPDATE of 2 MiB over an HV-Fixed page of the region: the code, 2; 0: it succeeds. */
    uint32_t update_over_hv_fixed;
    /* RMPUPDATE with a GPA but without ASID: FAIL_INPUT, else an entry in no state. */
    bool update_refuses_gpa;
    bool psmash_needs_asid;    /* PSMASH of a page without ASID: 7 */
    bool psmash_needs_mutable; /* PSMASH of an Immutable page: 7 */
    /* RMPADJUST with VMSA at VMPL 1 to 3: FAIL_PERMISSION, else VMSA is ignored. */
    bool adjust_refuses_vmsa;
    bool adjust_refuses_vmsa_2m; /* RMPADJUST with VMSA on a 2 MiB page: FAIL_INPUT */
    bool read_tells_region;      /* RMPREAD sets the 2M-region status */
    /* A guest's A/D-bit update is checked at its mapping's size, not as 4 KiB. */
    bool guest_ad_maps;
};

#endif
