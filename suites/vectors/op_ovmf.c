/* Op ovmf: the launch digest of a whole guest, as a host launches it. Launch notes, section 3. */
#include <string.h>

#include "sevkit/measure.h"
#include "vectors/vectors.h"

/* A case that is not what the family says. */
static bool bad_case(struct suite_ctx *ctx, const char *field, const char *rule) {
    return suite_setup(ctx, "case",
                       sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, 0, rule));
}

/* An optional file. */
static bool file_of(struct suite_ctx *ctx, struct vector_case *c, const char *name,
                    struct vmm_file *file) {
    struct vector_bytes bytes;
    const json_t *value = vector_find(c, name);
    if (value == NULL || json_is_null(value)) return true;
    if (!vector_bytes(ctx, c, name, &bytes)) return false;
    *file = (struct vmm_file){bytes.bytes, bytes.size};
    return true;
}

static bool host_of(struct suite_ctx *ctx, const struct vector_case *c, enum vmm_host *host) {
    static const char *const names[] = {
        [VMM_HOST_QEMU] = "QEMU", [VMM_HOST_EC2] = "EC2", [VMM_HOST_GCE] = "GCE"};
    const char *name;
    if (!vector_text(ctx, c->input, "vmm", &name)) return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *host = (enum vmm_host)i;
        return true;
    }
    return bad_case(ctx, "vmm", "QEMU, EC2 or GCE");
}

static bool cpus_of(struct suite_ctx *ctx, const struct vector_case *c,
                    struct vmm_measure_guest *guest) {
    const char *type;
    uint64_t vcpus;
    if (!vector_number(ctx, c->input, "vcpus", &vcpus)) return false;
    if (!vector_number(ctx, c->input, "guest_features", &guest->sev_features)) return false;
    if (!vector_text(ctx, c->input, "vcpu_type", &type)) return false;
    guest->vcpus = (unsigned)vcpus;
    return vmm_vcpu_signature(type, &guest->vcpu_signature) ||
           bad_case(ctx, "vcpu_type", "a model of the notes");
}

static bool options_of(struct suite_ctx *ctx, const struct vector_case *c,
                       struct vmm_measure_guest *guest) {
    uint64_t fcw;
    if (!vector_number_or(ctx, c->policy, "ec2_rdx", 0x600, &guest->ec2_rdx)) return false;
    if (!vector_number_or(ctx, c->policy, "svsm_fcw", 0, &fcw)) return false;
    guest->svsm_fcw = (uint16_t)fcw;
    return true;
}

static bool guest_of(struct suite_ctx *ctx, struct vector_case *c,
                     struct vmm_measure_guest *guest) {
    guest->append = json_string_value(vector_find(c, "append"));
    return file_of(ctx, c, "ovmf", &guest->ovmf) && file_of(ctx, c, "svsm", &guest->svsm) &&
           file_of(ctx, c, "kernel", &guest->kernel) && file_of(ctx, c, "initrd", &guest->initrd) &&
           vector_number_or(ctx, c->input, "vars_size", 0, &guest->vars_size) &&
           host_of(ctx, c, &guest->host) && cpus_of(ctx, c, guest) && options_of(ctx, c, guest);
}

void vector_run_ovmf(struct suite_ctx *ctx, struct vector_case *c) {
    struct vmm_measure_guest guest = {.vcpus = 0};
    uint8_t ld[ABI_DIGEST_SIZE], claimed[ABI_DIGEST_SIZE];
    SUITE_STEP(guest_of(ctx, c, &guest));
    SUITE_STEP(vector_hex(ctx, c->input, "claimed", claimed, sizeof claimed));
    const struct sevkit_result r = vmm_measure(&guest, ld);
    if (!sevkit_ok(r)) {
        SUITE_STEP(vector_seen(ctx, c, false, "reason", r.field));
        return;
    }
    const bool same = memcmp(ld, claimed, sizeof ld) == 0;
    SUITE_STEP(vector_seen(ctx, c, same, "reason", "measurement"));
    SUITE_STEP(vector_output_hex(ctx, c->output, "measurement", ld, sizeof ld));
}
