/* Op rmp: one instruction, access, structure check or command on a small reverse map table. RMP notes, sections 2 to
 * 4. */
#include <string.h>

#include "sevkit/memory.h"
#include "vectors/rmp_table.h"

/* A call's answer and what an instruction told. */
struct result {
    struct rmp_answer answer;
    struct rmp_state_fields read;
};

static struct rmp_cpu read_cpu(struct reader *r, const struct vector_case *c) {
    const json_t *cpu = json_object_get(c->input, "cpu");
    return (struct rmp_cpu){
        .long_mode = true,
        .snp = read_flag(r, cpu, "snp", true),
        .vmpl = (uint8_t)read_number(r, cpu, "vmpl"),
        .asid = (uint16_t)read_number(r, cpu, "asid"),
    };
}

static const char *const maps[] = {"4K", "2M", "1G", NULL};

static struct rmp_translation read_map(struct reader *r, const json_t *call) {
    const json_t *map = json_object_get(call, "map");
    return (struct rmp_translation){
        .present = read_flag(r, map, "present", true),
        .c = read_flag(r, map, "c", true),
        .map = (enum rmp_map)read_word(r, map, "size", maps),
        .gpa = read_number(r, map, "gpa"),
        .spa = read_number(r, map, "spa"),
    };
}

/* ---- the calls: CALL is `do` of the input ---- */

static void update(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu, const json_t *call,
                   struct result *out) {
    const json_t *new = json_object_get(call, "new");
    const struct rmp_state_fields fields = {
        .gpa = read_number(r, new, "gpa"),
        .assigned = read_flag(r, new, "assigned", false),
        .size = read_size(r, new),
        .immutable = read_flag(r, new, "immutable", false),
        .asid = (uint32_t)read_number(r, new, "asid"),
    };
    out->answer = rmp_update(rmp, cpu, read_number(r, call, "spa"), &fields);
}

static void psmash(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu, const json_t *call,
                   struct result *out) {
    out->answer = rmp_psmash(rmp, cpu, read_number(r, call, "spa"));
}

static void rmpread(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu,
                    const json_t *call, struct result *out) {
    out->answer = rmp_read(rmp, cpu, read_number(r, call, "spa"), &out->read);
}

static void pvalidate(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu,
                      const json_t *call, struct result *out) {
    const struct rmp_translation map = read_map(r, call);
    const bool validate = read_flag(r, call, "validate", false);
    out->answer =
        rmp_pvalidate(rmp, cpu, read_number(r, call, "gva"), &map, read_size(r, call), validate);
}

static void adjust(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu, const json_t *call,
                   struct result *out) {
    const struct rmp_translation map = read_map(r, call);
    const struct rmp_adjustment wanted = {
        .vmpl = (uint8_t)read_number(r, call, "vmpl"),
        .mask = (uint8_t)read_number(r, call, "mask"),
        .vmsa = read_flag(r, call, "vmsa", false),
    };
    out->answer =
        rmp_adjust(rmp, cpu, read_number(r, call, "gva"), &map, read_size(r, call), &wanted);
}

/* In the order of enum rmp_actor and enum rmp_kind. */
static const char *const actors[] = {"host", "guest", "snp", NULL};
static const char *const kinds[] = {"read", "write",   "fetch-U", "fetch-S",
                                    "walk", "walk-AD", "SSS",     NULL};

static void check_access(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu,
                         const json_t *call, struct result *out) {
    (void)cpu;
    const struct rmp_access access = {
        .gpa = read_number(r, call, "gpa"),
        .spa = read_number(r, call, "spa"),
        .asid = (uint16_t)read_number(r, call, "asid"),
        .vmpl = (uint8_t)read_number(r, call, "vmpl"),
        .c = read_flag(r, call, "c", false),
        .vmpl_sss = read_flag(r, call, "vmpl_sss", false),
        .actor = (enum rmp_actor)read_word(r, call, "actor", actors),
        .kind = (enum rmp_kind)read_word(r, call, "kind", kinds),
        .map = (enum rmp_map)read_word(r, call, "size", maps),
    };
    out->answer = rmp_check(rmp, &access);
}

/* Memory behind the table, for one access of one guest. */
struct memory {
    struct mem *mem;
    struct mem_bus *bus;
    struct mem_guest *guest;
};

static void open_memory(struct reader *r, struct rmp *rmp, const struct mem_guest_config *config,
                        const struct rmp_translation *map, struct memory *m) {
    r->ok = r->ok && suite_setup(r->ctx, "mem_new", mem_new(rmp_config_of(rmp)->size, &m->mem)) &&
            suite_setup(r->ctx, "mem_bus_new", mem_bus_new(m->mem, rmp, NULL, &m->bus)) &&
            suite_setup(r->ctx, "mem_guest_new", mem_guest_new(m->bus, config, &m->guest));
    if (!map->present || !r->ok) return;
    r->ok =
        suite_setup(r->ctx, "mem_guest_map", mem_guest_map(m->guest, map->gpa, map->spa, map->map));
}

/* One byte. */
static void guest_access(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu,
                         const json_t *call, struct result *out) {
    const struct rmp_translation map = read_map(r, call);
    const enum rmp_kind kind = (enum rmp_kind)read_word(r, call, "kind", kinds);
    const struct mem_guest_config config = {
        .asid = cpu->asid,
        .snp = true,
        .vtom = json_object_get(call, "vtom") != NULL,
        .virtual_tom = read_number(r, call, "vtom"),
        .key = {1},
        .mappings = 1,
    };
    struct memory m = {NULL, NULL, NULL};
    uint8_t byte = 0;
    open_memory(r, rmp, &config, &map, &m);
    if (r->ok) out->answer = mem_guest_access(m.guest, kind, cpu->vmpl, map.gpa, map.c, &byte, 1);
    mem_guest_free(m.guest);
    mem_bus_free(m.bus);
    mem_free(m.mem);
}

static void check_structure(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu,
                            const json_t *call, struct result *out) {
    (void)cpu;
    static const char *const names[] = {"VM_HSAVE_PA", "VMSAVE", "virtualised VMSAVE",
                                        "VMSAVE in an ES or SNP guest", NULL};
    static const enum rmp_structure values[] = {RMP_HSAVE, RMP_VMSAVE, RMP_VMSAVE_GUEST,
                                                RMP_VMSAVE_ES};
    const enum rmp_structure which = values[read_word(r, call, "structure", names)];
    out->answer = rmp_check_structure(rmp, which, read_number(r, call, "spa"), 0, 0);
}

static uint64_t read_page(struct reader *r, const json_t *call, const char *name) {
    return json_object_get(call, name) == NULL ? RMP_NO_PAGE : read_number(r, call, name);
}

static void vmrun(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu, const json_t *call,
                  struct result *out) {
    const struct rmp_vmrun run = {
        .snp_enabled = cpu->snp,
        .snp_guest = read_flag(r, call, "snp_guest", false),
        .no_hsave = read_flag(r, call, "no_hsave", false),
        .vmcb = read_page(r, call, "vmcb"),
        .avic = read_page(r, call, "avic"),
        .vmsa = read_page(r, call, "vmsa"),
        .vmsa_gpa = read_number(r, call, "gpa"),
        .asid = (uint16_t)read_number(r, call, "asid"),
    };
    out->answer = rmp_vmrun(rmp, &run);
    if (rmp_ok(out->answer) && read_flag(r, call, "vmexit", false)) rmp_vmexit(rmp, &run);
}

static const struct {
    const char *name;
    void (*run)(struct reader *r, struct rmp *rmp, const struct rmp_cpu *cpu, const json_t *call,
                struct result *out);
} calls[] = {
    {"RMPUPDATE", update},
    {"PSMASH", psmash},
    {"RMPREAD", rmpread},
    {"PVALIDATE", pvalidate},
    {"RMPADJUST", adjust},
    {"access", check_access},
    {"guest access", guest_access},
    {"structure", check_structure},
    {"VMRUN", vmrun},
};

/* ---- what was seen ---- */

static const char *status_of(struct rmp_answer a) {
    static const char *const faults[] = {
        "", "#UD", "#GP(0)", "#PF", "#VMEXIT(NPF)", "#VC", "VMEXIT_INVALID", "VMEXIT(VMSAVE)"};
    static const char *const codes[] = {
        "",  "FAIL_INPUT",        "FAIL_PERMISSION", "FAIL_INUSE", "FAIL_OVERLAP",
        "5", "FAIL_SIZEMISMATCH", "FAIL_UNFIT"};
    if (a.fault != RMP_NO_FAULT) return faults[a.fault];
    return a.eax < sizeof codes / sizeof codes[0] ? codes[a.eax] : "another code";
}

static bool told_seen(struct suite_ctx *ctx, const json_t *output, const struct result *out) {
    return rmp_fields_seen(ctx, json_object_get(output, "read"), &out->read) &&
           rmp_flag_seen(ctx, output, "cf", out->answer.cf) &&
           vector_output_number(ctx, output, "error", out->answer.error);
}

static void run_instruction(struct reader *r, struct vector_case *c, struct rmp *rmp,
                            const char *name, const json_t *call) {
    const struct rmp_cpu cpu = read_cpu(r, c);
    struct result out = {.answer = {.eax = 0xFF}};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, name) == 0) calls[i].run(r, rmp, &cpu, call, &out);
    }
    SUITE_STEP(r->ok);
    SUITE_STEP(vector_seen(r->ctx, c, rmp_ok(out.answer), "status", status_of(out.answer)));
    SUITE_STEP(told_seen(r->ctx, c->output, &out));
}

static void run_call(struct reader *r, struct vector_case *c, struct rmp *rmp) {
    const json_t *call = json_object_get(c->input, "do");
    const char *name, *status = NULL;
    SUITE_STEP(vector_text(r->ctx, call, "instruction", &name));
    const struct rmp_entry *before = rmp_table_image(rmp, c);
    if (rmp_command(r, rmp, name, call, &status))
        SUITE_STEP(r->ok && vector_seen(r->ctx, c, status == NULL, "status", status));
    else
        run_instruction(r, c, rmp, name, call);
    if (suite_stopped(r->ctx) || c->output == NULL) return; /* NULL: a side of a policy case */
    SUITE_STEP(rmp_table_seen(r->ctx, c, rmp, before));
}

void vector_run_rmp(struct suite_ctx *ctx, struct vector_case *c) {
    struct reader r = {ctx, true};
    struct rmp *rmp = rmp_table_make(&r, c);
    if (rmp == NULL) return;
    run_call(&r, c, rmp);
    rmp_free(rmp);
}
