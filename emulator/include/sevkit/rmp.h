/* The reverse map table as an executable model: its entries and page states, the instructions RMPUPDATE, PSMASH,
 * RMPREAD, PVALIDATE, RMPADJUST and RMPQUERY, the checks that processors make on memory accesses and at VMRUN, and
 * the moves of firmware. RMP notes, all sections. This header alone is enough for a unit test of yours; docs/rmp.md
 * has a worked example.
 *
 * Use: fill a struct rmp_config (rmp_config_default), rmp_new, then call what a machine would do; ask the answer
 * for fault, EAX and the rule that decided. Ownership: the table is the caller's; rmp_free. Nothing allocates after
 * rmp_new. Addresses are bytes.
 *
 * Threads: any number may call anything but rmp_new, rmp_free, rmp_reset and rmp_place on one table. An instruction or
 * a move holds the lock of the 2 MiB region it works in (real entries have a lock bit; the aligned page's entry holds
 * the region's sub-page count and stands for all here). When another holds it, RMPUPDATE answers update_contended and
 * PSMASH FAIL_INUSE; all others wait. Checks and look-ups take no lock and write nothing; they wait for a write that
 * is under way.
 *
 * Facts that no source settles are switches: struct rmp_rules, docs/ambiguities.md. */
#ifndef SEVKIT_RMP_H
#define SEVKIT_RMP_H

#include "sevkit/rmp_entry.h"
#include "sevkit/rmp_rules.h"

#define RMP_PAGE_4K UINT64_C(0x1000)
#define RMP_PAGE_2M UINT64_C(0x200000)

/* ---- page states, section 2 ---- */

enum rmp_state {
    RMP_HYPERVISOR = 0,
    RMP_RECLAIM,
    RMP_FIRMWARE,
    RMP_CONTEXT,
    RMP_METADATA,
    RMP_PRE_GUEST,
    RMP_PRE_SWAP,
    RMP_GUEST_INVALID,
    RMP_GUEST_VALID,
    RMP_HV_FIXED,
    RMP_FIRMWARE_IOMMU,
    RMP_INVALID, /* no state of the ABI */
};
#define RMP_STATE_COUNT 12

/* The spec's name in lower case ("pre-guest"). Never NULL. */
const char *rmp_state_name(enum rmp_state state);

/* The state that ENTRY encodes; the first that matches in the firmware's order. */
enum rmp_state rmp_entry_state(const struct rmp_entry *entry);

/* ---- the table ---- */

struct rmp_config {
    uint64_t size; /* bytes of memory covered from 0; a multiple of a large page, not 0 */
    unsigned pages_per_large; /* 4 KiB pages of a "2 MiB" page: a power of two, 2 to 512 */
    bool has_rmpread;         /* RMPREAD is there, else it raises #UD */
    bool has_rmpquery;
    struct rmp_rules rules;
};

/* 512 pages a large page, RMPREAD and RMPQUERY there, the rules' defaults. */
struct rmp_config rmp_config_default(uint64_t size);

struct rmp;

/* O(1); memory is taken as entries are written. All pages start as 4 KiB Hypervisor. */
SEVKIT_MUST struct sevkit_result rmp_new(const struct rmp_config *config, struct rmp **rmp);
void rmp_free(struct rmp *rmp);

/* All pages Hypervisor again but the table's own, none in use. Keeps the memory. No other thread may be in the
 * table. */
void rmp_reset(struct rmp *rmp);

const struct rmp_config *rmp_config_of(const struct rmp *rmp);
/* Bytes of a large page: 2 MiB unless configured smaller. */
uint64_t rmp_large_size(const struct rmp *rmp);

/* The entry of the 4 KiB page that holds PADDR, as the table has it: later pages of a 2 MiB page read as Assigned,
 * everything else 0. False, with ENTRY untouched, where there is no entry (state Default). */
SEVKIT_MUST bool rmp_entry_at(const struct rmp *rmp, uint64_t paddr, struct rmp_entry *entry);

/* The entry that speaks for the page that holds PADDR: the 2 MiB page's where it lies in one. */
SEVKIT_MUST bool rmp_lookup(const struct rmp *rmp, uint64_t paddr, struct rmp_entry *entry);

/* Puts a state under test, as no machine does it: ENTRY for the page that holds PADDR, for its whole region with
 * RMP_2M. A 2 MiB page that is overwritten in part is split first, as PSMASH splits it. ENTRY's sub-page count is
 * ignored: the table keeps its own. False, with no effect, outside the table. */
SEVKIT_MUST bool rmp_put(struct rmp *rmp, uint64_t paddr, const struct rmp_entry *entry);

/* The same with a plain entry of STATE: guest states have ASID 1, GPA = PADDR and full masks of VMPL 0. */
SEVKIT_MUST bool rmp_set(struct rmp *rmp, uint64_t paddr, enum rmp_state state,
                         enum rmp_page_size size);

/* SNP_INIT: all pages of [START, END) become 4 KiB pages of STATE (Hypervisor, HV-Fixed or Firmware), whatever they
 * were. O(regions). False, with no effect, unless both are page-aligned and inside the table. */
SEVKIT_MUST bool rmp_init_range(struct rmp *rmp, uint64_t start, uint64_t end,
                                enum rmp_state state);

/* The table itself lies in [START, END), nowhere when that is empty: its pages become Firmware pages, and firmware's
 * moves refuse them. False, with no effect, where rmp_init_range says so. No other thread may be in the table. */
SEVKIT_MUST bool rmp_place(struct rmp *rmp, uint64_t start, uint64_t end);

/* How many 4 KiB pages of the table carry ASID (a 2 MiB page: pages_per_large). 0 for ASID 0. */
uint64_t rmp_asid_pages(const struct rmp *rmp, unsigned asid);

/* ---- answers ---- */

enum rmp_code {
    RMP_SUCCESS = 0,
    RMP_FAIL_INPUT = 1,
    RMP_FAIL_PERMISSION = 2,
    RMP_FAIL_INUSE = 3,
    RMP_FAIL_OVERLAP = 4,
    RMP_FAIL_SIZEMISMATCH = 6,
    RMP_FAIL_UNFIT = 7, /* PSMASH: the page cannot be split */
};

enum rmp_fault {
    RMP_NO_FAULT = 0,
    RMP_UD,             /* #UD */
    RMP_GP,             /* #GP(0) */
    RMP_PF,             /* #PF of the host; ERROR: error code */
    RMP_NPF,            /* #VMEXIT(NPF); ERROR: EXITINFO1 */
    RMP_VC,             /* #VC of the guest; ERROR: error code, CR2 = the address asked for */
    RMP_VMEXIT_INVALID, /* VMRUN ends with VMEXIT_INVALID */
    RMP_VMEXIT_VMSAVE,  /* VMEXIT(VMSAVE) of the guest */
};

/* Of ERROR only the bits that the RMP brings are set: P, W, U, I and bits 32 and 33 are the page walk's own. */
#define RMP_ERROR_RMP (UINT64_C(1) << 31)
#define RMP_ERROR_ENC (UINT64_C(1) << 34)
#define RMP_ERROR_SIZEM (UINT64_C(1) << 35)
#define RMP_ERROR_VMPL (UINT64_C(1) << 36)
#define RMP_ERROR_SSS (UINT64_C(1) << 37)
#define RMP_VC_NOT_VALIDATED UINT64_C(0x404)

struct rmp_answer {
    uint64_t error;
    enum rmp_fault fault;
    uint16_t rule; /* N: requirement SNP-RMP-N refused; 0: nothing did */
    uint8_t eax;   /* of an instruction: enum rmp_code. 0 after a fault */
    bool cf;       /* PVALIDATE: the page was so already */
};

/* Neither a fault nor a code. */
static inline bool rmp_ok(struct rmp_answer a) {
    return a.fault == RMP_NO_FAULT && a.eax == RMP_SUCCESS;
}

/* ---- the host's instructions, sections 3.1, 3.2, 3.6 ---- */

/* Who executes. */
struct rmp_cpu {
    bool long_mode;
    bool snp;      /* host: SYSCFG.SNPEn; guest: SNP-active */
    uint8_t cpl;   /* 0 to 3 */
    uint8_t vmpl;  /* of a guest */
    uint16_t asid; /* 0: the host */
};

/* RMPUPDATE. FIELDS: the new entry as memory held it; region_assigned is ignored. */
struct rmp_answer rmp_update(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t spa,
                             const struct rmp_state_fields *fields);
struct rmp_answer rmp_psmash(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t spa);
/* FIELDS is written on success only. */
struct rmp_answer rmp_read(const struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t spa,
                           struct rmp_state_fields *fields);

/* ---- the guest's instructions, sections 3.3 to 3.5 ---- */

enum rmp_map { RMP_MAP_4K, RMP_MAP_2M, RMP_MAP_1G };

/* What the page walk made of a guest's virtual address. */
struct rmp_translation {
    bool present;     /* in the nested table */
    bool c;           /* the guest's C-bit */
    enum rmp_map map; /* page size of the nested mapping */
    uint64_t gpa;     /* of the byte asked for */
    uint64_t spa;
};

struct rmp_answer rmp_pvalidate(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t gva,
                                const struct rmp_translation *at, enum rmp_page_size size,
                                bool validate);

struct rmp_adjustment {
    uint8_t vmpl; /* target */
    uint8_t mask;
    bool vmsa;
};
struct rmp_answer rmp_adjust(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t gva,
                             const struct rmp_translation *at, enum rmp_page_size size,
                             const struct rmp_adjustment *wanted);

/* What RMPQUERY tells; written on success only. */
struct rmp_permissions {
    uint8_t mask;
    bool vmsa;
    enum rmp_page_size size;
};
struct rmp_answer rmp_query(const struct rmp *rmp, const struct rmp_cpu *cpu,
                            const struct rmp_translation *at, uint8_t vmpl,
                            struct rmp_permissions *found);

/* ---- memory accesses, section 4 ---- */

enum rmp_actor { RMP_HOST, RMP_GUEST /* without SNP */, RMP_SNP_GUEST };

enum rmp_kind {
    RMP_READ,
    RMP_WRITE,
    RMP_FETCH_USER,
    RMP_FETCH_SUPERVISOR,
    RMP_WALK,         /* of page tables: the host's own, the nested ones, or an SNP guest's */
    RMP_WALK_AD,      /* ... that sets an accessed or dirty bit */
    RMP_SHADOW_STACK, /* a supervisor's write to its shadow stack */
};

struct rmp_access {
    uint64_t gpa, spa;
    uint16_t asid;
    uint8_t vmpl;
    bool c;        /* effective C-bit of a guest's data access; fetches and walks count as C=1 */
    bool vmpl_sss; /* SEV_FEATURES.VmplSSS */
    enum rmp_actor actor;
    enum rmp_kind kind;
    enum rmp_map map;
};

/* Made after all page table checks. Takes no lock. */
struct rmp_answer rmp_check(const struct rmp *rmp, const struct rmp_access *access);

/* ---- VMRUN and other structures, section 4.2 ---- */

enum rmp_structure {
    RMP_VMCB,
    RMP_AVIC_BACKING_PAGE,
    RMP_ES_VMSA, /* of a guest with SEV-ES but without SNP */
    RMP_SNP_VMSA,
    RMP_HSAVE,        /* WRMSR VM_HSAVE_PA */
    RMP_VMSAVE,       /* by the host */
    RMP_VMSAVE_GUEST, /* virtualised */
    RMP_VMSAVE_ES,    /* inside a guest with SEV-ES or SNP */
};

/* ASID and GPA speak of RMP_SNP_VMSA only. */
struct rmp_answer rmp_check_structure(const struct rmp *rmp, enum rmp_structure structure,
                                      uint64_t spa, uint16_t asid, uint64_t gpa);

/* VMRUN of a guest on a machine with SNP: its structures are checked in the order VMCB, AVIC backing page, VMSA; when
 * all pass they are in use until as many rmp_vmexit. RMP_NO_PAGE: a guest has no AVIC, or no VMSA without SNP. Up to 63
 * processors at once on one page are told apart. */
#define RMP_NO_PAGE UINT64_MAX
struct rmp_vmrun {
    bool snp_enabled; /* SYSCFG.SNPEn */
    bool snp_guest;
    bool no_hsave;             /* VM_HSAVE_PA is 0 */
    uint64_t vmcb, avic, vmsa; /* SPAs */
    uint64_t vmsa_gpa;         /* what Reverse-Map compares with (UNCONFIRMED which GPA that is) */
    uint16_t asid;
};
struct rmp_answer rmp_vmrun(struct rmp *rmp, const struct rmp_vmrun *run);
void rmp_vmexit(struct rmp *rmp, const struct rmp_vmrun *run);

/* ---- moves of firmware, section 2.1 ---- */

enum rmp_move {
    RMP_MOVE_GCTX_CREATE,
    RMP_MOVE_DECOMMISSION,
    RMP_MOVE_LAUNCH_UPDATE,
    RMP_MOVE_RECLAIM,
    RMP_MOVE_SWAP_OUT,          /* data and VMSA pages */
    RMP_MOVE_SWAP_OUT_METADATA, /* metadata pages */
    RMP_MOVE_SWAP_IN,
    RMP_MOVE_SWAP_IN_METADATA,
    RMP_MOVE_MD_INIT,
    RMP_MOVE_SET_STATE,
    RMP_MOVE_COMMAND_DONE, /* a legacy command's buffer */
    RMP_MOVE_IOMMU_SHUTDOWN,
};
#define RMP_MOVE_COUNT 12

/* One row: what MOVE makes of a page in state FROM. */
struct rmp_transition {
    enum rmp_move move;
    const char *by; /* the command, "SNP_GCTX_CREATE" */
    enum rmp_state from, to;
};
/* The INDEXth row, NULL after the last. */
const struct rmp_transition *rmp_transition_at(size_t index);

/* One row of what the instructions can make of a page's state. NULL after the last. */
struct rmp_instruction_row {
    const char *by;
    enum rmp_state from, to;
};
const struct rmp_instruction_row *rmp_instruction_row_at(size_t index);

/* The rows of SNP_PAGE_MOVE: what becomes of both pages. NULL after the last. */
struct rmp_page_move_row {
    enum rmp_state src, dst, dst_after, src_after;
};
const struct rmp_page_move_row *rmp_page_move_row_at(size_t index);

/* What a move writes besides the state; members that its move does not use are ignored. */
struct rmp_move_args {
    enum rmp_page_size size;
    uint16_t asid;  /* LAUNCH_UPDATE, SWAP_OUT, SWAP_IN: the guest's; the page must be its */
    uint64_t owner; /* metadata: the guest context's page. SWAP_OUT_METADATA: must be the page's */
    uint64_t gpa;   /* SWAP_IN */
    uint8_t perms[RMP_VMPL_COUNT]; /* LAUNCH_UPDATE: of VMPL 1 to 3; SWAP_IN: all */
    bool vmsa;                     /* LAUNCH_UPDATE, SWAP_IN */
    bool validated;                /* SWAP_IN: to Pre-Swap, else it stays Pre-Guest */
};

/* Why a page did not move. The order of the checks is the command's: firmware command notes, sections 5.5 to 5.21. */
enum rmp_moved {
    RMP_MOVED = 0,
    RMP_MOVE_NO_ENTRY,  /* outside the table */
    RMP_MOVE_BAD_SIZE,  /* the entry's page size is another */
    RMP_MOVE_UNALIGNED, /* 2 MiB asked for at an address that is not aligned */
    RMP_MOVE_BAD_STATE, /* no row of the move starts there */
    RMP_MOVE_BAD_OWNER, /* another guest's */
    RMP_MOVE_IN_USE,    /* by hardware */
    RMP_MOVE_IN_RMP,    /* a page of the table's own */
};

SEVKIT_MUST enum rmp_moved rmp_move(struct rmp *rmp, enum rmp_move move, uint64_t paddr,
                                    const struct rmp_move_args *args);

/* SNP_PAGE_MOVE: SRC's page to DST, both ASID's, or both a context's metadata. */
SEVKIT_MUST enum rmp_moved rmp_move_page(struct rmp *rmp, uint64_t src, uint64_t dst,
                                         const struct rmp_move_args *args);

/* SNP_PAGE_UNSMASH: the region's Pre-Guest or Pre-Swap pages become one 2 MiB page. */
SEVKIT_MUST enum rmp_moved rmp_unsmash(struct rmp *rmp, uint64_t paddr);

#endif
