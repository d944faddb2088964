/* The frame RMP: docs/socket.md. Translates and no more: rmp/ decides. */
#include <stdio.h>
#include <string.h>

#include "frontends/pspd.h"
#include "sevkit/rmp.h"

/* ---- what each operation takes ---- */

/* Fields of the body, in its order. */
enum field {
    KIND,
    ACTOR,
    MAP,
    PAGE_SIZE,
    CPL,
    VMPL,
    TARGET,
    MASK,
    RESERVED,
    ASID,
    FLAGS,
    SPA,
    GPA,
    GVA,
    DESTINATION,
    OWNER,
    AVIC,
    VMSA,
    PERMS,
    RESERVED_4,
    STATE,
    STATE_HIGH,
};
#define BIT(field) (1u << (field))

/* MAX: of those whose values are numbered. */
static const struct {
    const char *name;
    size_t offset, size;
    uint64_t max;
} fields[] = {
    [KIND] = {"kind", FRAME_RMP_KIND, 1, UINT8_MAX},
    [ACTOR] = {"actor", FRAME_RMP_ACTOR, 1, RMP_SNP_GUEST},
    [MAP] = {"map", FRAME_RMP_MAP, 1, RMP_MAP_1G},
    [PAGE_SIZE] = {"page_size", FRAME_RMP_PAGE_SIZE, 1, RMP_2M},
    [CPL] = {"cpl", FRAME_RMP_CPL, 1, 3},
    [VMPL] = {"vmpl", FRAME_RMP_VMPL, 1, UINT8_MAX},
    [TARGET] = {"target", FRAME_RMP_TARGET, 1, UINT8_MAX},
    [MASK] = {"mask", FRAME_RMP_MASK, 1, UINT8_MAX},
    [RESERVED] = {"reserved", FRAME_RMP_RESERVED, 1, 0},
    [ASID] = {"asid", FRAME_RMP_ASID, 2, UINT16_MAX},
    [FLAGS] = {"flags", FRAME_RMP_FLAGS, 4, UINT32_MAX},
    [SPA] = {"spa", FRAME_RMP_SPA, 8, UINT64_MAX},
    [GPA] = {"gpa", FRAME_RMP_GPA, 8, UINT64_MAX},
    [GVA] = {"gva", FRAME_RMP_GVA, 8, UINT64_MAX},
    [DESTINATION] = {"destination", FRAME_RMP_DESTINATION, 8, UINT64_MAX},
    [OWNER] = {"owner", FRAME_RMP_OWNER, 8, UINT64_MAX},
    [AVIC] = {"avic", FRAME_RMP_AVIC, 8, UINT64_MAX},
    [VMSA] = {"vmsa", FRAME_RMP_VMSA, 8, UINT64_MAX},
    [PERMS] = {"perms", FRAME_RMP_PERMS, 4, UINT32_MAX},
    [RESERVED_4] = {"reserved_4", FRAME_RMP_RESERVED_4, 4, 0},
    [STATE] = {"state", FRAME_RMP_STATE, 8, UINT64_MAX},
    [STATE_HIGH] = {"state", FRAME_RMP_STATE + 8, 8, UINT64_MAX},
};

#define CPU (BIT(CPL) | BIT(VMPL) | BIT(ASID) | BIT(FLAGS))
#define TRANSLATION (BIT(MAP) | BIT(SPA) | BIT(GPA))
#define MOVED (BIT(PAGE_SIZE) | BIT(ASID) | BIT(OWNER) | BIT(SPA))
#define RUN (BIT(SPA) | BIT(AVIC) | BIT(VMSA) | BIT(GPA) | BIT(ASID) | BIT(FLAGS))
#define CPU_FLAGS (FRAME_RMP_LONG_MODE | FRAME_RMP_SNP)
#define GUEST_FLAGS (CPU_FLAGS | FRAME_RMP_PRESENT | FRAME_RMP_C)
#define RUN_FLAGS (FRAME_RMP_SNP | FRAME_RMP_SNP_GUEST | FRAME_RMP_NO_HSAVE)

typedef void run(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                 uint8_t result[ABI_RMP_STATE_SIZE]);

/* ---- the body's parts ---- */

static bool flag(const uint8_t *body, uint32_t bit) {
    return (abi_get_le32(body + FRAME_RMP_FLAGS) & bit) != 0;
}

static uint64_t spa_of(const uint8_t *body) {
    return abi_get_le64(body + FRAME_RMP_SPA);
}

static uint64_t gpa_of(const uint8_t *body) {
    return abi_get_le64(body + FRAME_RMP_GPA);
}

static uint64_t gva_of(const uint8_t *body) {
    return abi_get_le64(body + FRAME_RMP_GVA);
}

static uint16_t asid_of(const uint8_t *body) {
    return abi_get_le16(body + FRAME_RMP_ASID);
}

static enum rmp_page_size size_of(const uint8_t *body) {
    return (enum rmp_page_size)body[FRAME_RMP_PAGE_SIZE];
}

static struct rmp_cpu cpu_of(const uint8_t *body) {
    return (struct rmp_cpu){
        .long_mode = flag(body, FRAME_RMP_LONG_MODE),
        .snp = flag(body, FRAME_RMP_SNP),
        .cpl = body[FRAME_RMP_CPL],
        .vmpl = body[FRAME_RMP_VMPL],
        .asid = asid_of(body),
    };
}

static struct rmp_translation translation_of(const uint8_t *body) {
    return (struct rmp_translation){
        .present = flag(body, FRAME_RMP_PRESENT),
        .c = flag(body, FRAME_RMP_C),
        .map = (enum rmp_map)body[FRAME_RMP_MAP],
        .gpa = gpa_of(body),
        .spa = spa_of(body),
    };
}

static struct rmp_vmrun vmrun_of(const uint8_t *body) {
    return (struct rmp_vmrun){
        .snp_enabled = flag(body, FRAME_RMP_SNP),
        .snp_guest = flag(body, FRAME_RMP_SNP_GUEST),
        .no_hsave = flag(body, FRAME_RMP_NO_HSAVE),
        .vmcb = spa_of(body),
        .avic = abi_get_le64(body + FRAME_RMP_AVIC),
        .vmsa = abi_get_le64(body + FRAME_RMP_VMSA),
        .vmsa_gpa = gpa_of(body),
        .asid = asid_of(body),
    };
}

static struct rmp_move_args args_of(const uint8_t *body) {
    struct rmp_move_args args = {
        .size = size_of(body),
        .asid = asid_of(body),
        .owner = abi_get_le64(body + FRAME_RMP_OWNER),
        .gpa = gpa_of(body),
        .vmsa = flag(body, FRAME_RMP_IS_VMSA),
        .validated = flag(body, FRAME_RMP_VALIDATED),
    };
    memcpy(args.perms, body + FRAME_RMP_PERMS, sizeof args.perms);
    return args;
}

/* ---- operations ---- */

static void op_update(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                      uint8_t *result) {
    const struct rmp_cpu cpu = cpu_of(body);
    struct rmp_state_fields state;
    (void)result;
    abi_rmp_state_decode(body + FRAME_RMP_STATE, &state);
    *answer = rmp_update(rmp, &cpu, spa_of(body), &state);
}

static void op_psmash(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                      uint8_t *result) {
    const struct rmp_cpu cpu = cpu_of(body);
    (void)result;
    *answer = rmp_psmash(rmp, &cpu, spa_of(body));
}

static void op_read(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                    uint8_t *result) {
    const struct rmp_cpu cpu = cpu_of(body);
    struct rmp_state_fields state;
    *answer = rmp_read(rmp, &cpu, spa_of(body), &state);
    if (rmp_ok(*answer)) abi_rmp_state_encode(&state, result);
}

static void op_pvalidate(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                         uint8_t *result) {
    const struct rmp_cpu cpu = cpu_of(body);
    const struct rmp_translation at = translation_of(body);
    (void)result;
    *answer =
        rmp_pvalidate(rmp, &cpu, gva_of(body), &at, size_of(body), flag(body, FRAME_RMP_VALIDATED));
}

static void op_adjust(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                      uint8_t *result) {
    const struct rmp_cpu cpu = cpu_of(body);
    const struct rmp_translation at = translation_of(body);
    const struct rmp_adjustment wanted = {
        .vmpl = body[FRAME_RMP_TARGET],
        .mask = body[FRAME_RMP_MASK],
        .vmsa = flag(body, FRAME_RMP_IS_VMSA),
    };
    (void)result;
    *answer = rmp_adjust(rmp, &cpu, gva_of(body), &at, size_of(body), &wanted);
}

static void op_query(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                     uint8_t *result) {
    const struct rmp_cpu cpu = cpu_of(body);
    const struct rmp_translation at = translation_of(body);
    struct rmp_permissions found;
    *answer = rmp_query(rmp, &cpu, &at, body[FRAME_RMP_TARGET], &found);
    if (!rmp_ok(*answer)) return;
    result[0] = found.mask;
    result[1] = found.vmsa ? 1 : 0;
    result[2] = (uint8_t)found.size;
}

static void op_check(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                     uint8_t *result) {
    const struct rmp_access access = {
        .gpa = gpa_of(body),
        .spa = spa_of(body),
        .asid = asid_of(body),
        .vmpl = body[FRAME_RMP_VMPL],
        .c = flag(body, FRAME_RMP_C),
        .vmpl_sss = flag(body, FRAME_RMP_VMPL_SSS),
        .actor = (enum rmp_actor)body[FRAME_RMP_ACTOR],
        .kind = (enum rmp_kind)body[FRAME_RMP_KIND],
        .map = (enum rmp_map)body[FRAME_RMP_MAP],
    };
    (void)result;
    *answer = rmp_check(rmp, &access);
}

static void op_structure(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                         uint8_t *result) {
    (void)result;
    *answer = rmp_check_structure(rmp, (enum rmp_structure)body[FRAME_RMP_KIND], spa_of(body),
                                  asid_of(body), gpa_of(body));
}

static void op_vmrun(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                     uint8_t *result) {
    const struct rmp_vmrun vmrun = vmrun_of(body);
    (void)result;
    *answer = rmp_vmrun(rmp, &vmrun);
}

static void op_vmexit(struct rmp *rmp, const uint8_t *body, struct rmp_answer *answer,
                      uint8_t *result) {
    const struct rmp_vmrun vmrun = vmrun_of(body);
    (void)result;
    (void)answer;
    rmp_vmexit(rmp, &vmrun);
}

static enum rmp_moved moved(struct rmp *rmp, const uint8_t *body) {
    const struct rmp_move_args args = args_of(body);
    if (body[FRAME_RMP_OPERATION] == FRAME_RMP_MOVE)
        return rmp_move(rmp, (enum rmp_move)body[FRAME_RMP_KIND], spa_of(body), &args);
    if (body[FRAME_RMP_OPERATION] == FRAME_RMP_MOVE_PAGE)
        return rmp_move_page(rmp, spa_of(body), abi_get_le64(body + FRAME_RMP_DESTINATION), &args);
    return rmp_unsmash(rmp, spa_of(body));
}

#define FULL_MOVE (MOVED | BIT(KIND) | BIT(GPA) | BIT(PERMS) | BIT(FLAGS))
#define FULL_MOVE_FLAGS (FRAME_RMP_IS_VMSA | FRAME_RMP_VALIDATED)
#define GUEST_WISH (GUEST_FLAGS | FRAME_RMP_VALIDATED)
#define ADJUST_WISH (GUEST_FLAGS | FRAME_RMP_IS_VMSA)
#define ADJUST (CPU | TRANSLATION | BIT(GVA) | BIT(PAGE_SIZE) | BIT(TARGET) | BIT(MASK))

/* RUN NULL: a move, or a look-up. */
static const struct operation {
    uint32_t fields, flags;
    uint8_t kind_max;
    bool changes;
    run *run;
} operations[FRAME_RMP_LAST + 1] = {
    [FRAME_RMP_UPDATE] = {CPU | BIT(SPA) | BIT(STATE) | BIT(STATE_HIGH), CPU_FLAGS, 0, true,
                          op_update},
    [FRAME_RMP_PSMASH] = {CPU | BIT(SPA), CPU_FLAGS, 0, true, op_psmash},
    [FRAME_RMP_READ] = {CPU | BIT(SPA), CPU_FLAGS, 0, false, op_read},
    [FRAME_RMP_PVALIDATE] = {CPU | TRANSLATION | BIT(GVA) | BIT(PAGE_SIZE), GUEST_WISH, 0, true,
                             op_pvalidate},
    [FRAME_RMP_ADJUST] = {ADJUST, ADJUST_WISH, 0, true, op_adjust},
    [FRAME_RMP_QUERY] = {CPU | TRANSLATION | BIT(TARGET), GUEST_FLAGS, 0, false, op_query},
    [FRAME_RMP_CHECK] = {TRANSLATION | BIT(KIND) | BIT(ACTOR) | BIT(VMPL) | BIT(ASID) | BIT(FLAGS),
                         FRAME_RMP_C | FRAME_RMP_VMPL_SSS, RMP_SHADOW_STACK, false, op_check},
    [FRAME_RMP_STRUCTURE] = {BIT(KIND) | BIT(SPA) | BIT(GPA) | BIT(ASID), 0, RMP_VMSAVE_ES, false,
                             op_structure},
    [FRAME_RMP_VMRUN] = {RUN, RUN_FLAGS, 0, true, op_vmrun},
    [FRAME_RMP_VMEXIT] = {RUN, RUN_FLAGS, 0, true, op_vmexit},
    [FRAME_RMP_LOOKUP] = {BIT(KIND) | BIT(SPA), 0, 1, false, NULL},
    [FRAME_RMP_MOVE] = {FULL_MOVE, FULL_MOVE_FLAGS, RMP_MOVE_COUNT - 1, true, NULL},
    [FRAME_RMP_MOVE_PAGE] = {MOVED | BIT(DESTINATION), 0, 0, true, NULL},
    [FRAME_RMP_UNSMASH] = {BIT(SPA), 0, 0, true, NULL},
};

/* ---- the frame ---- */

static uint64_t value_at(const uint8_t *body, enum field field) {
    uint64_t value = 0;
    for (size_t i = fields[field].size; i > 0; i--)
        value = value << 8 | body[fields[field].offset + i - 1];
    return value;
}

static SEVKIT_MUST struct sevkit_result bad(enum field field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, fields[field].name, fields[field].offset, value, rule);
}

static SEVKIT_MUST struct sevkit_result check_field(const struct operation *op, const uint8_t *body,
                                                    enum field field) {
    const uint64_t v = value_at(body, field);
    const bool used = (op->fields & BIT(field)) != 0;
    const uint64_t max = field == KIND ? op->kind_max : fields[field].max;
    const bool stray = !used && v != 0, above = used && v > max;
    const bool bits = used && field == FLAGS && (v & ~(uint64_t)op->flags) != 0;
    if (stray) return bad(field, v, "must be 0 for this operation");   /* @req SOCK-014 */
    if (above) return bad(field, v, "must be one that there is");      /* @req SOCK-014 */
    if (bits) return bad(field, v, "must be bits that this one uses"); /* @req SOCK-014 */
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result bad_operation(uint8_t operation) {
    return sevkit_fail(SEVKIT_BAD_VALUE, "operation", FRAME_RMP_OPERATION, operation,
                       "must be 1 to 14");
}

static SEVKIT_MUST struct sevkit_result check_body(const uint8_t *body) {
    const uint8_t operation = body[FRAME_RMP_OPERATION];
    const bool unknown = operation == 0 || operation > FRAME_RMP_LAST;
    if (unknown) return bad_operation(operation); /* @req SOCK-014 */
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++)
        SEVKIT_TRY(check_field(&operations[operation], body, (enum field)i));
    return sevkit_success();
}

/* What a look-up finds. */
struct found {
    bool entry, raw;
    struct rmp_entry e;
    char name[FRAME_RMP_NAME_SIZE];
};

static void look_up(const struct vmm_machine *machine, const struct rmp *rmp, const uint8_t *body,
                    struct found *f, uint8_t result[ABI_RMP_ENTRY_SIZE]) {
    const struct sevkit_profile *p = vmm_machine_profile(machine);
    f->entry = body[FRAME_RMP_KIND] == 0 ? rmp_entry_at(rmp, spa_of(body), &f->e)
                                         : rmp_lookup(rmp, spa_of(body), &f->e);
    f->raw = f->entry && p->rmp_raw_known;
    if (f->raw) abi_rmp_entry_encode(p->rmp_raw_format, &f->e, result);
    (void)snprintf(f->name, sizeof f->name, "%s",
                   f->entry ? rmp_state_name(rmp_entry_state(&f->e)) : "default");
}

static uint8_t bits_of(const struct rmp_entry *e) {
    unsigned bits = 0;
    if (e->assigned) bits |= FRAME_RMP_BIT_ASSIGNED;
    if (e->immutable) bits |= FRAME_RMP_BIT_IMMUTABLE;
    if (e->vmsa) bits |= FRAME_RMP_BIT_VMSA;
    if (e->validated) bits |= FRAME_RMP_BIT_VALIDATED;
    if (e->size == RMP_2M) bits |= FRAME_RMP_BIT_2M;
    if (e->in_use) bits |= FRAME_RMP_BIT_IN_USE;
    return (uint8_t)bits;
}

static void put_entry(struct frame_out *out, const struct found *f) {
    frame_put_bytes(out, f->name, sizeof f->name);
    frame_put_u64(out, f->e.gpa);
    frame_put_u16(out, f->e.asid);
    frame_put_u16(out, f->e.subpages);
    frame_put_u8(out, bits_of(&f->e));
    frame_put_u8(out, f->entry ? (uint8_t)rmp_entry_state(&f->e) : 0);
    frame_put_u16(out, 0);
    frame_put_bytes(out, f->e.perms, sizeof f->e.perms);
    frame_put_u32(out, 0);
}

static void serve(struct vmm_machine *machine, const uint8_t *body, uint32_t id,
                  struct frame_out *out) {
    const struct operation *op = &operations[body[FRAME_RMP_OPERATION]];
    struct rmp *rmp = vmm_machine_rmp(machine);
    uint8_t result[ABI_RMP_STATE_SIZE] = {0};
    struct rmp_answer answer = {0};
    struct found found = {0};
    enum rmp_moved move = RMP_MOVED;
    if (op->run != NULL)
        op->run(rmp, body, &answer, result);
    else if (op->changes)
        move = moved(rmp, body);
    else
        look_up(machine, rmp, body, &found, result);
    size_t start;
    frame_begin(out, FRAME_RMP | FRAME_ANSWER, id, &start);
    frame_put_u8(out, body[FRAME_RMP_OPERATION]);
    frame_put_u8(out, (uint8_t)answer.fault);
    frame_put_u8(out, answer.eax);
    frame_put_u8(out, answer.cf ? 1 : 0);
    frame_put_u16(out, answer.rule);
    frame_put_u8(out, (uint8_t)move);
    frame_put_u8(out, (uint8_t)((found.entry ? FRAME_RMP_HAS_ENTRY : 0u) |
                                (found.raw ? FRAME_RMP_HAS_RAW : 0u)));
    frame_put_u64(out, answer.error);
    frame_put_bytes(out, result, sizeof result);
    put_entry(out, &found);
    frame_end(out, start);
}

enum pspd_next pspd_rmp(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                        struct frame_in *in, struct frame_out *out) {
    struct pspd_machine *machine = session->guest->machine;
    const uint8_t *body = frame_get_bytes(in, FRAME_RMP_SIZE);
    const size_t start = out->size;
    if (body == NULL || !frame_in_done(in)) return PSPD_DROP; /* @req SOCK-001 */
    struct sevkit_result r = check_body(body);
    if (!sevkit_ok(r)) return pspd_answer_error(out, id, FRAME_ERROR_FIELD, r);
    serve(machine->core->vmm, body, id, out); /* @req SOCK-015 */
    if (!operations[body[FRAME_RMP_OPERATION]].changes) return PSPD_GO_ON;
    r = pspd_state_write(pspd, machine); /* @req SOCK-010 */
    if (sevkit_ok(r)) return PSPD_GO_ON;
    frame_out_cut(out, start); /* what is not saved is not answered */
    return pspd_answer_error(out, id, FRAME_ERROR_STATE, r);
}
