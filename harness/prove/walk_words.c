/* The steps of the walk in words. */
#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

static const char *const names[WALK_KINDS] = {
    [WALK_UPDATE] = "RMPUPDATE",
    [WALK_SWEEP] = "RMPUPDATE-of-all",
    [WALK_PSMASH] = "PSMASH",
    [WALK_RMPREAD] = "RMPREAD",
    [WALK_PVALIDATE] = "PVALIDATE",
    [WALK_ADJUST] = "RMPADJUST",
    [WALK_QUERY] = "RMPQUERY",
    [WALK_CHECK] = "access",
    [WALK_STRUCTURE] = "structure",
    [WALK_VMRUN] = "VMRUN",
    [WALK_VMEXIT] = "#VMEXIT",
    [WALK_MOVE] = "move",
    [WALK_MOVE_PAGE] = "SNP_PAGE_MOVE",
    [WALK_UNSMASH] = "SNP_PAGE_UNSMASH",
    [WALK_SET] = "put",
    [WALK_INIT_RANGE] = "SNP_INIT",
};

const char *walk_kind_name(enum walk_kind kind) {
    return names[kind];
}

static const char *size_name(enum rmp_page_size size) {
    return size == RMP_2M ? "2M" : "4K";
}

static const char *map_name(enum rmp_map map) {
    switch (map) {
    case RMP_MAP_4K: return "4K";
    case RMP_MAP_2M: return "2M";
    case RMP_MAP_1G: return "1G";
    }
    abort();
}

static const char *actor_name(enum rmp_actor actor) {
    switch (actor) {
    case RMP_HOST: return "the host";
    case RMP_GUEST: return "a guest without SNP";
    case RMP_SNP_GUEST: return "an SNP guest";
    }
    abort();
}

static const char *access_name(enum rmp_kind kind) {
    switch (kind) {
    case RMP_READ: return "read";
    case RMP_WRITE: return "write";
    case RMP_FETCH_USER: return "fetch (user)";
    case RMP_FETCH_SUPERVISOR: return "fetch (supervisor)";
    case RMP_WALK: return "page walk";
    case RMP_WALK_AD: return "page walk, A/D";
    case RMP_SHADOW_STACK: return "shadow stack write";
    }
    abort();
}

static const char *move_name(enum rmp_move move) {
    const struct rmp_transition *row;
    for (size_t i = 0; (row = rmp_transition_at(i)) != NULL; i++)
        if (row->move == move) return row->by;
    return "?";
}

static bool is_instruction(enum walk_kind kind) {
    return kind <= WALK_QUERY;
}

static void put_cpu(const struct rmp_cpu *cpu, FILE *out) {
    fprintf(out, " by ASID %u, VMPL %u, CPL %u%s%s", cpu->asid, cpu->vmpl, cpu->cpl,
            cpu->long_mode ? "" : ", no 64-bit mode", cpu->snp ? "" : ", no SNP");
}

static void put_fields(const struct rmp_state_fields *f, FILE *out) {
    fprintf(out, ": %s %s, ASID %u, GPA 0x%llx%s", f->assigned ? "Assigned" : "not Assigned",
            size_name(f->size), f->asid, (unsigned long long)f->gpa,
            f->immutable ? ", Immutable" : "");
}

/* The operands of an instruction of a guest. */
static void put_guest(const struct walk_op *op, FILE *out) {
    fprintf(out, ": %s, GPA 0x%llx, nested %s%s%s", size_name(op->size),
            (unsigned long long)op->at.gpa, map_name(op->at.map), op->at.c ? "" : ", C=0",
            op->at.present ? "" : ", not present");
}

static void put_access(const struct rmp_access *a, FILE *out) {
    fprintf(out, ": %s by %s, ASID %u, VMPL %u, C=%d, GPA 0x%llx, mapped %s", access_name(a->kind),
            actor_name(a->actor), a->asid, a->vmpl, a->c, (unsigned long long)a->gpa,
            map_name(a->map));
}

static void put_args(const struct rmp_move_args *a, FILE *out) {
    fprintf(out, ": %s, ASID %u, owner 0x%llx, GPA 0x%llx, masks %02x %02x %02x %02x%s%s",
            size_name(a->size), a->asid, (unsigned long long)a->owner, (unsigned long long)a->gpa,
            a->perms[0], a->perms[1], a->perms[2], a->perms[3], a->vmsa ? ", VMSA" : "",
            a->validated ? ", validated" : "");
}

static void put_run(const struct rmp_vmrun *run, FILE *out) {
    fprintf(out, ": %s, AVIC 0x%llx, VMSA 0x%llx at GPA 0x%llx, ASID %u%s",
            run->snp_guest ? "SNP guest" : "guest without SNP", (unsigned long long)run->avic,
            (unsigned long long)run->vmsa, (unsigned long long)run->vmsa_gpa, run->asid,
            run->snp_enabled ? "" : ", SNPEn=0");
}

static void put_operands(const struct walk_op *op, FILE *out) {
    switch (op->kind) {
    case WALK_UPDATE: put_fields(&op->fields, out); return;
    case WALK_SWEEP: fprintf(out, ": %s", op->freeze ? "Immutable" : "not Assigned"); return;
    case WALK_PVALIDATE:
        put_guest(op, out);
        fprintf(out, ", wanted %d", op->validate);
        return;
    case WALK_QUERY:
    case WALK_ADJUST:
        put_guest(op, out);
        fprintf(out, ", target VMPL %u, mask 0x%02x%s", op->wanted.vmpl, op->wanted.mask,
                op->wanted.vmsa ? ", VMSA" : "");
        return;
    case WALK_CHECK: put_access(&op->access, out); return;
    case WALK_STRUCTURE:
        fprintf(out, ": kind %d, ASID %u, GPA 0x%llx", (int)op->structure, op->access.asid,
                (unsigned long long)op->access.gpa);
        return;
    case WALK_VMRUN:
    case WALK_VMEXIT: put_run(&op->run, out); return;
    case WALK_MOVE: put_args(&op->args, out); return;
    case WALK_MOVE_PAGE:
        fprintf(out, " to 0x%llx", (unsigned long long)op->to);
        put_args(&op->args, out);
        return;
    case WALK_SET: fprintf(out, ": %s %s", rmp_state_name(op->state), size_name(op->size)); return;
    case WALK_INIT_RANGE:
        fprintf(out, " to 0x%llx: %s", (unsigned long long)op->to, rmp_state_name(op->state));
        return;
    case WALK_PSMASH:
    case WALK_RMPREAD:
    case WALK_UNSMASH: return;
    case WALK_KINDS: break;
    }
    abort();
}

static void put_outcome(const struct walk_op *op, FILE *out) {
    const struct rmp_answer a = op->answer;
    if (walk_succeeded(op)) {
        fprintf(out, " -> done%s", a.cf ? ", CF" : "");
    } else if (a.fault != RMP_NO_FAULT) {
        fprintf(out, " -> fault %d, error 0x%llx, SNP-RMP-%03u", (int)a.fault,
                (unsigned long long)a.error, a.rule);
    } else if (a.eax != 0) {
        fprintf(out, " -> code %u, SNP-RMP-%03u", a.eax, a.rule);
    } else {
        fprintf(out, " -> refused, reason %d", (int)op->moved);
    }
}

void walk_tell(const struct walk_op *op, FILE *out) {
    fprintf(out, "%s 0x%llx", op->kind == WALK_MOVE ? move_name(op->move) : names[op->kind],
            (unsigned long long)op->spa);
    if (is_instruction(op->kind)) put_cpu(&op->cpu, out);
    put_operands(op, out);
    put_outcome(op, out);
}
