/* A scenario: how the world around a guest misbehaves, on request. Files: emulator/profiles/scenarios/
 * NAME.json, checked by scenario.schema.json; docs/scenarios.md explains each member. Design section 3.
 *
 * What happens at the guest request door is told by faults, each for one request or for all; certificates
 * and the key distribution service have their own parts. */
#ifndef SEVKIT_SCENARIO_H
#define SEVKIT_SCENARIO_H

#include "sevkit/door.h"
#include "sevkit/result.h"
#include "sevkit/status.h"

enum sevkit_fault_kind {
    SEVKIT_FAULT_BUSY,              /* VMM error BUSY, the firmware is not called */
    SEVKIT_FAULT_VMM_ERROR,         /* VMM error VALUE, the firmware is not called */
    SEVKIT_FAULT_FW_STATUS,         /* firmware status VALUE, the firmware is not called */
    SEVKIT_FAULT_ES_RESULT,         /* the guest kernel's call fails with VALUE */
    SEVKIT_FAULT_CORRUPT_SIGNATURE, /* a bit of the report's R is flipped, the message is intact */
    SEVKIT_FAULT_REPLAY,            /* the response of the request before is delivered again */
    SEVKIT_FAULT_REORDER,           /* the response comes late: with the guest's next request */
    SEVKIT_FAULT_TRUNCATE,          /* the response page is zero from byte VALUE on */
    SEVKIT_FAULT_FLIP_BIT,          /* bit VALUE of the response page is flipped */
    SEVKIT_FAULT_WIPE_VMPCK, /* VMPCK VALUE is zero in the secrets page that vmm_guest_secrets
                                gives; FIRST and COUNT mean nothing, the page is taken before */
    SEVKIT_FAULT_MIGRATE,    /* before the request: the guest arrives on another machine */
    SEVKIT_FAULT_TCB_UPDATE, /* before the request: REPORTED_TCB rises by one in microcode */
};

struct sevkit_fault {
    enum sevkit_fault_kind kind;
    uint64_t first; /* number of the first request that it meets; the machine's first is 1 */
    uint64_t count; /* of how many requests from there; UINT64_MAX: all */
    uint64_t value; /* 0 where KIND has none */
};

/* The host's certificate table. */
enum sevkit_table_kind {
    SEVKIT_TABLE_NORMAL,  /* leaf, its CA, ARK */
    SEVKIT_TABLE_ABSENT,  /* stock KVM: an empty table, never INVALID_LEN */
    SEVKIT_TABLE_NO_END,  /* the terminating entry is missing */
    SEVKIT_TABLE_OFFSET,  /* the first entry's offset lies outside the table */
    SEVKIT_TABLE_LENGTH,  /* the first entry's length goes beyond the table */
    SEVKIT_TABLE_GARBAGE, /* random bytes */
};

/* The leaf certificate, in the table and from the key distribution service. */
enum sevkit_leaf_kind {
    SEVKIT_LEAF_GENUINE,
    SEVKIT_LEAF_VCEK_TCB,    /* right key, one TCB component of the certificate changed */
    SEVKIT_LEAF_KDS_OLD_TCB, /* genuine certificate, and key, of a lower TCB */
    SEVKIT_LEAF_EXPIRED,     /* notAfter lies one day back */
};

/* How the key distribution service answers. */
enum sevkit_kds_kind {
    SEVKIT_KDS_NORMAL,
    SEVKIT_KDS_STATUS,    /* HTTP status VALUE: 404, 429, 500 */
    SEVKIT_KDS_SLOW,      /* the answer comes after VALUE milliseconds */
    SEVKIT_KDS_TRUNCATED, /* the body ends after VALUE bytes though its length says more */
};

#define SEVKIT_FAULTS_MAX 32

struct sevkit_scenario {
    char name[64];
    char title[160];
    size_t fault_count;
    struct sevkit_fault faults[SEVKIT_FAULTS_MAX];
    enum sevkit_table_kind table;
    uint64_t table_npages; /* not 0: the page count that the hypervisor demands, right or wrong */
    enum sevkit_leaf_kind leaf;
    bool revoke_ask, revoke_asvk; /* in the CRL */
    bool crl_expired;             /* nextUpdate lies one day back */
    enum sevkit_kds_kind kds;
    uint64_t kds_value;
    uint64_t kds_count; /* of how many answers; UINT64_MAX: all */
};

/* The world behaves. */
struct sevkit_scenario vmm_scenario_none(void);

/* Reads a scenario from JSON text, as strictly as vmm_profile_parse. */
SEVKIT_MUST struct sevkit_result vmm_scenario_parse(const char *json, size_t size,
                                                    struct sevkit_scenario *scenario);

/* One of the scenarios that the build carries, by stem; and their names, sorted, NULL after the last. */
SEVKIT_MUST struct sevkit_result vmm_scenario_builtin(const char *name,
                                                      struct sevkit_scenario *scenario);
const char *vmm_scenario_name(size_t index);

/* ---- a machine in a scenario ---- */

struct vmm_machine;

/* From now on MACHINE misbehaves as SCENARIO (copied) says; request numbers start anew at 1. */
void vmm_machine_set_scenario(struct vmm_machine *machine, const struct sevkit_scenario *scenario);
const struct sevkit_scenario *vmm_machine_scenario(const struct vmm_machine *machine);

/* Calls through the machine's guest request doors since then, and those that reached the firmware. */
uint64_t vmm_machine_requests(const struct vmm_machine *machine);
uint64_t vmm_machine_fw_requests(const struct vmm_machine *machine);

#endif
