/* Op rmp: commands of firmware, as far as the RMP goes. RMP notes, section 2.1, firmware command notes, sections 5.5 to
 * 5.21. */
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

static const struct {
    const char *name;
    enum rmp_move data, metadata;
} moves[] = {
    {"SNP_GCTX_CREATE", RMP_MOVE_GCTX_CREATE, RMP_MOVE_GCTX_CREATE},
    {"SNP_DECOMMISSION", RMP_MOVE_DECOMMISSION, RMP_MOVE_DECOMMISSION},
    {"SNP_LAUNCH_UPDATE", RMP_MOVE_LAUNCH_UPDATE, RMP_MOVE_LAUNCH_UPDATE},
    {"SNP_PAGE_RECLAIM", RMP_MOVE_RECLAIM, RMP_MOVE_RECLAIM},
    {"SNP_PAGE_SWAP_OUT", RMP_MOVE_SWAP_OUT, RMP_MOVE_SWAP_OUT_METADATA},
    {"SNP_PAGE_SWAP_IN", RMP_MOVE_SWAP_IN, RMP_MOVE_SWAP_IN_METADATA},
    {"SNP_PAGE_MD_INIT", RMP_MOVE_MD_INIT, RMP_MOVE_MD_INIT},
    {"SNP_PAGE_SET_STATE", RMP_MOVE_SET_STATE, RMP_MOVE_SET_STATE},
};

static bool run(struct reader *r, struct rmp *rmp, const char *name, const json_t *call,
                enum rmp_moved *moved) {
    const uint64_t spa = read_number(r, call, "spa"), dst = read_number(r, call, "dst");
    const enum type type = (enum type)read_word(r, call, "type", types);
    const struct rmp_move_args args = read_args(r, call, type);
    if (strcmp(name, "SNP_PAGE_MOVE") == 0) {
        *moved = rmp_move_page(rmp, spa, dst, &args);
        return true;
    }
    if (strcmp(name, "SNP_PAGE_UNSMASH") == 0) {
        *moved = rmp_unsmash(rmp, spa);
        return true;
    }
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        if (strcmp(name, moves[i].name) != 0) continue;
        *moved = rmp_move(rmp, type == METADATA ? moves[i].metadata : moves[i].data, spa, &args);
        return true;
    }
    return false;
}

/* SNP_PAGE_UNSMASH answers a bad address in its own way. */
static const char *status_of(enum rmp_moved moved, bool unsmash) {
    switch (moved) {
    case RMP_MOVED: return NULL;
    case RMP_MOVE_NO_ENTRY: return unsmash ? "INVALID_PAGE_STATE" : "INVALID_ADDRESS";
    case RMP_MOVE_BAD_SIZE: return "INVALID_PAGE_SIZE";
    case RMP_MOVE_UNALIGNED: return unsmash ? "INVALID_PARAM" : "INVALID_ADDRESS";
    case RMP_MOVE_BAD_STATE: return "INVALID_PAGE_STATE";
    case RMP_MOVE_BAD_OWNER: return "INVALID_PAGE_OWNER";
    case RMP_MOVE_IN_USE: return "in use";
    case RMP_MOVE_IN_RMP: return "in the RMP";
    }
    return "another answer";
}

bool rmp_command(struct reader *r, struct rmp *rmp, const char *name, const json_t *call,
                 const char **status) {
    enum rmp_moved moved;
    if (strncmp(name, "SNP_", 4) != 0 || !run(r, rmp, name, call, &moved)) return false;
    *status = status_of(moved, strcmp(name, "SNP_PAGE_UNSMASH") == 0);
    return true;
}
