/* Area rmp: the reverse map table, its instructions, checks and moves. RMP notes, all. */
#include "rmp/rmp.h"

static const struct suite_area *const parts[] = {
    &rmp_part_update,       &rmp_part_update_state,
    &rmp_part_psmash,       &rmp_part_read,
    &rmp_part_pvalidate,    &rmp_part_adjust,
    &rmp_part_adjust_state, &rmp_part_query,
    &rmp_part_owned,        &rmp_part_access,
    &rmp_part_vmpl,         &rmp_part_thread,
    &rmp_part_structure,    &rmp_part_in_use,
    &rmp_part_move,         &rmp_part_move_refuse,
    &rmp_part_move_rules,   &rmp_part_move_page,
    &rmp_part_unsmash,      &rmp_part_state,
    &rmp_part_format,       &rmp_part_location,
    &decision_part,         &transitions_part,
    &memory_part,           NULL,
};

const struct suite_area rmp_area = {.name = "rmp", .parts = parts};
