/* Op rmp: commands of firmware, as far as the RMP goes. RMP notes, section 2.1, firmware command notes, sections 5.5 to
 * 5.21.
 * @gap AMB-219: what SNP_PAGE_RECLAIM says to a page of the RMP itself. */
#include <string.h>

#include "vectors/rmp_table.h"

static const char *const types[] = {"data", "metadata", "VMSA", NULL};
enum type { DATA, METADATA, VMSA };

static struct rmp_move_args read_args(struct reader *r, const json_t *call, enum type type) {
    struct rmp_move_args args = {
        .size = read_size(r, call),
        .asid = (uint16_t)read_number(r, call, "asid"),
        .owner = read_number(r, call, "owner"),
        .gpa = read_number(r, call, "gpa"),
        .vmsa = type == VMSA,
        .validated = read_flag(r, call, "validated", false),
    };
    if (json_object_get(call, "perms") != NULL && r->ok)
        r->ok = vector_hex(r->ctx, call, "perms", args.perms, sizeof args.perms);
    return args;
}

static const char address[] = "INVALID_ADDRESS", param[] = "INVALID_PARAM";
static const char bad_guest[] = "INVALID_GUEST", bad_state[] = "INVALID_PAGE_STATE";
static const char unknown[] = "not in the notes";

/* A command's moves, and what it answers where they only say what is wrong: a page without an entry (NULL: it is
 * skipped), in no state of the move's, of the RMP itself. */
static const struct command {
    const char *name;
    enum rmp_move data, metadata;
    const char *no_entry, *state, *own;
} commands[] = {
    {"SNP_GCTX_CREATE", RMP_MOVE_GCTX_CREATE, RMP_MOVE_GCTX_CREATE, bad_state, bad_state, param},
    {"SNP_DECOMMISSION", RMP_MOVE_DECOMMISSION, RMP_MOVE_DECOMMISSION, bad_guest, bad_guest, param},
    {"SNP_LAUNCH_UPDATE", RMP_MOVE_LAUNCH_UPDATE, RMP_MOVE_LAUNCH_UPDATE, bad_state, bad_state,
     param},
    {"SNP_PAGE_RECLAIM", RMP_MOVE_RECLAIM, RMP_MOVE_RECLAIM, address, bad_state, unknown},
    {"SNP_PAGE_SWAP_OUT", RMP_MOVE_SWAP_OUT, RMP_MOVE_SWAP_OUT_METADATA, unknown, bad_state, param},
    {"SNP_PAGE_SWAP_IN", RMP_MOVE_SWAP_IN, RMP_MOVE_SWAP_IN_METADATA, unknown, bad_state, param},
    {"SNP_PAGE_MD_INIT", RMP_MOVE_MD_INIT, RMP_MOVE_MD_INIT, bad_state, bad_state, param},
    {"SNP_PAGE_SET_STATE", RMP_MOVE_SET_STATE, RMP_MOVE_SET_STATE, NULL, bad_state, address},
    {"SNP_PAGE_MOVE", RMP_MOVE_COUNT, RMP_MOVE_COUNT, unknown, bad_state, param},
    {"SNP_PAGE_UNSMASH", RMP_MOVE_COUNT, RMP_MOVE_COUNT, bad_state, bad_state, address},
};

static enum rmp_moved run(struct reader *r, struct rmp *rmp, const struct command *command,
                          const json_t *call) {
    const uint64_t spa = read_number(r, call, "spa"), dst = read_number(r, call, "dst");
    const enum type type = (enum type)read_word(r, call, "type", types);
    const struct rmp_move_args args = read_args(r, call, type);
    if (strcmp(command->name, "SNP_PAGE_MOVE") == 0) return rmp_move_page(rmp, spa, dst, &args);
    if (strcmp(command->name, "SNP_PAGE_UNSMASH") == 0) return rmp_unsmash(rmp, spa);
    return rmp_move(rmp, type == METADATA ? command->metadata : command->data, spa, &args);
}

/* SNP_PAGE_UNSMASH answers a bad address in its own way. */
static const char *status_of(const struct command *command, enum rmp_moved moved) {
    switch (moved) {
    case RMP_MOVED: return NULL;
    case RMP_MOVE_NO_ENTRY: return command->no_entry;
    case RMP_MOVE_BAD_SIZE: return "INVALID_PAGE_SIZE";
    case RMP_MOVE_UNALIGNED:
        return strcmp(command->name, "SNP_PAGE_UNSMASH") == 0 ? param : address;
    case RMP_MOVE_BAD_STATE: return command->state;
    case RMP_MOVE_BAD_OWNER: return "INVALID_PAGE_OWNER";
    case RMP_MOVE_IN_USE: return "in use";
    case RMP_MOVE_IN_RMP: return command->own;
    }
    return "another answer";
}

bool rmp_command(struct reader *r, struct rmp *rmp, const char *name, const json_t *call,
                 const char **status) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(name, commands[i].name) != 0) continue;
        *status = status_of(&commands[i], run(r, rmp, &commands[i], call));
        return true;
    }
    return false;
}
