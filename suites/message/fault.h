/* The table of single faults: one row for each way to fail one check of SNP_GUEST_REQUEST and no other.
 * Message notes, section 5. */
#ifndef MESSAGE_FAULT_H
#define MESSAGE_FAULT_H

#include "message/shot.h"

enum message_fault_id {
#define MESSAGE_FAULT(id, ...) MESSAGE_FAULT_##id,
#define MESSAGE_FAULT_FIRST(id, ...) MESSAGE_FAULT_##id,
#include "message/faults.def"
#undef MESSAGE_FAULT
#undef MESSAGE_FAULT_FIRST
    MESSAGE_FAULT_COUNT,
};

/* In place of a status: the profile's rmp_lookup_status. */
#define MESSAGE_LOOKUP_STATUS ((enum abi_status)0x100)

struct message_fault {
    enum message_fault_id id;
    const char *name;
    unsigned step; /* of the notes' table of checks */
    enum abi_status status;
    void (*apply)(struct message_shot *shot);
};

/* In the order of the checks; message_faults[id].id == id. */
extern const struct message_fault message_faults[MESSAGE_FAULT_COUNT];

/* The status that FAULT alone is answered with on the machine of the last reset. */
enum abi_status message_fault_status(const struct suite_ctx *ctx,
                                     const struct message_fault *fault);

/* Why the faults A and B, A earlier in the table, cannot be shown together, or NULL if they can. */
const char *message_fault_excludes(const struct suite_ctx *ctx, const struct message_fault *a,
                                   const struct message_fault *b);

#endif
