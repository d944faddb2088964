/* Op tsm: a program's calls in /sys/kernel/config/tsm/report, with a host that answers from a script. Linux notes,
 * sections 5 and 8; the members are told in vectors/cases/device.json. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sevkit/tsm.h"
#include "vectors/guest.h"

#define FILES 4
#define READ_MAX 0x10000
#define REPORT_DATA 0x50 /* in a report */

struct open_file {
    const char *label; /* NULL: free */
    enum drv_tsm_attr attr;
    struct drv_tsm_file *file;
    uint64_t at;
};

/* The calls of one case, and what the last of them gave. */
struct program {
    struct vector_guest *guest;
    struct drv_tsm *tsm;
    struct open_file files[FILES];
    long rc;
    const char *distrust; /* what a client does not take though the call succeeded */
    bool reads;           /* VALUE has what the call read from ATTR */
    enum drv_tsm_attr attr;
    size_t size;
    uint8_t value[READ_MAX];
};

static bool bad(struct suite_ctx *ctx, const char *field, const char *rule) {
    return suite_setup(ctx, "vectors",
                       sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, 0, rule));
}

static struct open_file *find(struct program *p, const char *label) {
    for (size_t i = 0; i < FILES; i++)
        if (label == NULL ? p->files[i].label == NULL
                          : p->files[i].label != NULL && strcmp(p->files[i].label, label) == 0)
            return &p->files[i];
    return NULL;
}

/* What a write of the step writes. */
static bool parse_data(struct suite_ctx *ctx, struct program *p, const json_t *step,
                       struct vector_bytes *out) {
    const char *text = json_string_value(json_object_get(step, "text"));
    const char *hex = json_string_value(json_object_get(step, "data"));
    if (text != NULL) {
        *out = (struct vector_bytes){(const uint8_t *)text, strlen(text)};
        return true;
    }
    const size_t size = hex == NULL ? 0 : strlen(hex) / 2;
    uint8_t *bytes = vector_alloc(p->guest->host.c, size);
    *out = (struct vector_bytes){bytes, size};
    return vector_hex(ctx, step, "data", bytes, size);
}

/* ---- calls: each leaves its result in p->rc ---- */

static bool run_register(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    (void)ctx;
    (void)step;
    const struct drv_tsm_provider provider = drv_guest_tsm_provider(p->guest->driver);
    p->rc = drv_tsm_register(p->tsm, &provider);
    return true;
}

static bool run_unregister(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    (void)ctx;
    (void)step;
    drv_tsm_unregister(p->tsm);
    return true;
}

static bool run_mkdir(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    const char *name;
    if (!vector_text(ctx, step, "name", &name)) return false;
    p->rc = drv_tsm_mkdir(p->tsm, name);
    return true;
}

static bool run_rmdir(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    const char *name;
    if (!vector_text(ctx, step, "name", &name)) return false;
    p->rc = drv_tsm_rmdir(p->tsm, name);
    return true;
}

/* Opens the step's attribute: p->rc, and *FILE on a 0. */
static bool open_attribute(struct suite_ctx *ctx, struct program *p, const json_t *step,
                           const char *mode, struct drv_tsm_file **file) {
    const char *name, *attribute;
    if (!vector_text(ctx, step, "name", &name) || !vector_text(ctx, step, "attribute", &attribute))
        return false;
    const int flags = strcmp(mode, "rw") == 0 ? O_RDWR : *mode == 'w' ? O_WRONLY : O_RDONLY;
    p->rc = drv_tsm_attr_parse(attribute, &p->attr)
                ? drv_tsm_open(p->tsm, name, p->attr, flags, file)
                : -ENOENT; /* a lookup of the file layer's */
    return true;
}

static bool run_open(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct open_file *slot = find(p, NULL);
    const char *label, *mode;
    if (slot == NULL) return bad(ctx, "as", "no more than 4 open files");
    if (!vector_text(ctx, step, "as", &label) || !vector_text(ctx, step, "mode", &mode) ||
        !open_attribute(ctx, p, step, mode, &slot->file))
        return false;
    if (p->rc != 0) return true;
    slot->label = label;
    slot->attr = p->attr;
    slot->at = 0;
    return true;
}

static bool named_file(struct suite_ctx *ctx, struct program *p, const json_t *step,
                       struct open_file **file) {
    const char *label;
    if (!vector_text(ctx, step, "file", &label)) return false;
    *file = find(p, label);
    return *file != NULL || bad(ctx, "file", "an open file");
}

static bool run_write(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct open_file *file;
    struct vector_bytes data;
    uint64_t at;
    if (!named_file(ctx, p, step, &file) || !parse_data(ctx, p, step, &data)) return false;
    const bool placed = json_object_get(step, "at") != NULL;
    if (!vector_number_or(ctx, step, "at", file->at, &at)) return false;
    p->rc = drv_tsm_write(file->file, at, data.bytes, data.size);
    if (p->rc > 0 && !placed) file->at += (uint64_t)p->rc;
    return true;
}

/* Keeps what was read. */
static void read_value(struct program *p, struct drv_tsm_file *file, uint64_t at, size_t size) {
    p->rc = drv_tsm_read(file, at, p->value, size);
    p->reads = p->rc >= 0;
    p->size = p->reads ? (size_t)p->rc : 0;
}

static bool run_read(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct open_file *file;
    uint64_t size;
    if (!named_file(ctx, p, step, &file) || !vector_number(ctx, step, "size", &size)) return false;
    if (size > READ_MAX) return bad(ctx, "size", "at most 64 KiB");
    p->attr = file->attr;
    read_value(p, file->file, file->at, (size_t)size);
    file->at += p->size;
    return true;
}

/* The first pass of a first read alone. */
static bool run_size(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct open_file *file;
    if (!named_file(ctx, p, step, &file)) return false;
    p->rc = drv_tsm_read_size(file->file);
    return true;
}

static bool run_close(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct open_file *file;
    if (!named_file(ctx, p, step, &file)) return false;
    (void)drv_tsm_close(file->file); /* a program never sees its result */
    file->label = NULL;
    return true;
}

static bool run_put(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct drv_tsm_file *file;
    struct vector_bytes data;
    if (!parse_data(ctx, p, step, &data) || !open_attribute(ctx, p, step, "w", &file)) return false;
    if (p->rc != 0) return true;
    p->rc = drv_tsm_write(file, 0, data.bytes, data.size);
    (void)drv_tsm_close(file);
    return true;
}

/* What a client that knows its nonce, or the attribute's text, makes of what it read. */
static bool judge(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    const char *text = json_string_value(json_object_get(step, "text"));
    uint8_t nonce[64];
    if (json_object_get(step, "nonce") != NULL) {
        if (!vector_hex(ctx, step, "nonce", nonce, sizeof nonce)) return false;
        if (p->size < REPORT_DATA + sizeof nonce ||
            memcmp(p->value + REPORT_DATA, nonce, sizeof nonce) != 0)
            p->distrust = "REPORT_DATA";
    }
    if (text != NULL && (p->size != strlen(text) || memcmp(p->value, text, p->size) != 0))
        p->distrust = drv_tsm_attribute(p->attr)->name;
    return true;
}

static bool run_get(struct suite_ctx *ctx, struct program *p, const json_t *step) {
    struct drv_tsm_file *file;
    if (!open_attribute(ctx, p, step, "r", &file)) return false;
    if (p->rc != 0) return true;
    read_value(p, file, 0, READ_MAX);
    (void)drv_tsm_close(file);
    return p->rc < 0 || judge(ctx, p, step);
}

static const struct {
    const char *name;
    bool (*run)(struct suite_ctx *ctx, struct program *p, const json_t *step);
} calls[] = {
    {"register", run_register}, {"unregister", run_unregister},
    {"mkdir", run_mkdir},       {"rmdir", run_rmdir},
    {"open", run_open},         {"write", run_write},
    {"read", run_read},         {"size", run_size},
    {"close", run_close},       {"put", run_put},
    {"get", run_get},
};

/* ---- what is seen ---- */

static bool value_right(struct suite_ctx *ctx, const struct program *p, const json_t *wanted) {
    if (drv_tsm_attribute(p->attr)->binary)
        return vector_output_number(ctx, wanted, "size", p->size) &&
               vector_output_digest(ctx, wanted, "sha384", p->value, p->size);
    char text[64] = "";
    if (p->size < sizeof text) memcpy(text, p->value, p->size);
    return vector_output_text(ctx, wanted, "text", text);
}

static bool step_right(struct suite_ctx *ctx, const struct program *p, const json_t *wanted) {
    const struct vector_host *host = &p->guest->host;
    const bool fails = json_object_get(wanted, "errno") != NULL;
    const json_int_t requests = json_integer_value(json_object_get(wanted, "calls"));
    if (!vector_host_end(ctx, p->guest) ||
        !suite_equal(ctx, "hypercalls", (uint64_t)requests, host->plain + host->ext,
                     "as the file says") ||
        !vector_output_request(ctx, wanted, host))
        return false;
    if (p->rc < 0 || fails)
        return suite_check(ctx, "errno", p->rc < 0 && fails, "fails where the file says so") &&
               vector_output_text(ctx, wanted, "errno", vector_errno(p->rc));
    if (p->reads && p->distrust == NULL) return value_right(ctx, p, wanted);
    return vector_output_number(ctx, wanted, "count", (uint64_t)p->rc);
}

static bool run_step(struct suite_ctx *ctx, struct program *p, const json_t *step,
                     const json_t *wanted) {
    const char *name;
    if (!vector_text(ctx, step, "call", &name)) return false;
    p->rc = 0;
    p->distrust = NULL;
    p->reads = false;
    vector_host_begin(p->guest, json_object_get(step, "host"));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].run(ctx, p, step) && step_right(ctx, p, wanted);
    return bad(ctx, "call", "a known call");
}

static void run_steps(struct suite_ctx *ctx, const struct vector_case *c, struct program *p) {
    const json_t *steps = json_object_get(c->input, "steps");
    const json_t *wanted = json_object_get(c->output, "steps");
    bool provider;
    SUITE_STEP(vector_flag_or(ctx, c->input, "provider", true, &provider));
    if (provider) SUITE_STEP(run_register(ctx, p, NULL));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        suite_instance(ctx, "Linux %s, step %zu", drv_kernel_name(p->guest->kernel), i);
        SUITE_STEP(run_step(ctx, p, json_array_get(steps, i), json_array_get(wanted, i)));
    }
    const char *reason = p->rc < 0 ? vector_errno(p->rc) : p->distrust;
    SUITE_STEP(vector_seen(ctx, c, reason == NULL, "reason", reason));
    SUITE_STEP(vector_output_digest(ctx, c->output, "secrets", p->guest->secrets,
                                    sizeof p->guest->secrets));
}

static void run_kernel(struct suite_ctx *ctx, struct vector_case *c, struct vector_guest *guest) {
    struct program *p = vector_alloc(c, sizeof *p);
    int vmpck_id;
    long rc;
    p->guest = guest;
    SUITE_STEP(vector_guest_vmpck(ctx, c, &vmpck_id));
    SUITE_STEP(vector_guest_load(ctx, guest, vmpck_id, &rc));
    SUITE_EQUAL(ctx, "probe", 0, (uint64_t)rc, "the module is loaded");
    SUITE_SETUP(ctx, "configfs-tsm", drv_tsm_new(guest->kernel, &p->tsm));
    run_steps(ctx, c, p);
    drv_tsm_free(p->tsm);
}

void vector_run_tsm(struct suite_ctx *ctx, struct vector_case *c) {
    vector_each_kernel(ctx, c, run_kernel);
}
