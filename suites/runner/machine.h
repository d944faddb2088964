/* What a real machine says of itself, in the report that it gives first. Design section 5. */
#ifndef SUITE_MACHINE_H
#define SUITE_MACHINE_H

#include "targets/target.h"

struct suite_machine {
    unsigned report_version;
    char product[32]; /* "Genoa"; "unknown" where a version 2 report does not say */
    uint64_t reported_tcb;
    uint8_t chip_id[64];
};

/* Asks TARGET, through the device or configfs-tsm, for one report. */
SEVKIT_MUST struct sevkit_result suite_machine_ask(struct target *target,
                                                   struct suite_machine *machine);

#endif
