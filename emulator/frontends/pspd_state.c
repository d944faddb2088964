/* Named machines as bytes and as files of --state.
 *
 * Format 1, little-endian: "SEVKITPD", u32 format, the options, the state of the seeded randomness, named
 * guests (name, context page, probed drivers, secrets page), u32 size and bytes of vmm_machine_save; SHA-384
 * of all before it.
 *
 * A file is written whole under another name and then takes its place: whoever dies at any moment leaves the
 * old or the new one. Against the death of the process the system's page cache is enough; against that of the
 * system it is not, and nothing here waits for a disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/pspd.h"

#define FORMAT 1
#define STATE_MAX 0x4000000
#define SUFFIX ".machine"
#define SUFFIX_NEW ".new"
static const uint8_t magic[8] = {'S', 'E', 'V', 'K', 'I', 'T', 'P', 'D'};

/* ---- writing ---- */

/* A byte that tells NAME (0) from JSON (1), then the text. */
static void put_text(struct frame_out *out, const char *name, const char *json) {
    const char *text = json != NULL ? json : name;
    frame_put_u8(out, json != NULL ? 1 : 0);
    frame_put_u32(out, (uint32_t)strlen(text));
    frame_put_bytes(out, text, strlen(text));
}

static void put_options(struct frame_out *out, const struct pspd_options *o) {
    put_text(out, o->world.profile.name, o->profile_json);
    put_text(out, o->world.scenario.name, o->scenario_json);
    frame_put_u8(out, (uint8_t)o->world.kernel);
    frame_put_u8(out, o->world.seeded ? 1 : 0);
    frame_put_u64(out, o->world.seed);
    frame_put_u8(out, o->world.at_given ? 1 : 0);
    frame_put_u64(out, (uint64_t)o->world.at);
}

static void put_drbg(struct frame_out *out, const struct crypto_drbg *drbg) {
    frame_put_u64(out, drbg->next_block);
    frame_put_u8(out, (uint8_t)drbg->used);
    frame_put_bytes(out, drbg->block, sizeof drbg->block);
}

static void put_guests(struct frame_out *out, const struct pspd_machine *m) {
    uint32_t count = 0;
    for (const struct pspd_guest *g = m->guests; g != NULL; g = g->next)
        if (g->name[0] != 0) count++;
    frame_put_u32(out, count);
    for (const struct pspd_guest *g = m->guests; g != NULL; g = g->next) {
        if (g->name[0] == 0) continue;
        uint8_t probed = 0;
        for (unsigned i = 0; i < PSPD_VMPLS; i++)
            if (g->probed[i]) probed |= (uint8_t)(1u << i);
        frame_put_u8(out, (uint8_t)strlen(g->name));
        frame_put_bytes(out, g->name, strlen(g->name));
        frame_put_u64(out, vmm_guest_pages(g->vmm).gctx);
        frame_put_u8(out, probed);
        frame_put_bytes(out, g->secrets, sizeof g->secrets);
    }
}

struct sevkit_result pspd_state_encode(struct pspd_machine *machine, struct frame_out *out) {
    uint8_t *bytes, digest[CRYPTO_SHA384_SIZE];
    size_t size;
    SEVKIT_TRY(vmm_machine_save(machine->core->vmm, &bytes, &size));
    frame_put_bytes(out, magic, sizeof magic);
    frame_put_u32(out, FORMAT);
    put_options(out, &machine->options);
    put_drbg(out, &machine->core->env.drbg);
    put_guests(out, machine);
    frame_put_u32(out, (uint32_t)size);
    frame_put_bytes(out, bytes, size);
    vmm_save_free(bytes, size);
    if (out->failed) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "state", SEVKIT_NO_OFFSET, size,
                           "memory for the saved state");
    }
    SEVKIT_TRY(crypto_sha384(out->bytes, out->size, digest));
    frame_put_bytes(out, digest, sizeof digest);
    return sevkit_success();
}

/* ---- reading ---- */

static SEVKIT_MUST struct sevkit_result bad(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

static bool get_bool(struct frame_in *in) {
    const uint8_t byte = frame_get_u8(in);
    if (byte > 1) in->failed = true;
    return byte == 1;
}

typedef struct sevkit_result setter(struct pspd_options *options, const char *name,
                                    const char *json, size_t size);

static SEVKIT_MUST struct sevkit_result get_text(struct frame_in *in, setter *set,
                                                 struct pspd_options *options) {
    const bool is_json = get_bool(in);
    const uint32_t size = frame_get_u32(in);
    const char *text = (const char *)frame_get_bytes(in, size);
    char name[FRAME_NAME_MAX + 1] = {0};
    if (text == NULL || in->failed) return bad("options", size, "a text that lies inside the file");
    if (is_json) return set(options, NULL, text, size);
    if (size >= sizeof name) return bad("options", size, "a name of at most 64 bytes");
    memcpy(name, text, size);
    return set(options, name, NULL, 0);
}

static SEVKIT_MUST struct sevkit_result get_options(struct frame_in *in, struct pspd_options *o) {
    SEVKIT_TRY(get_text(in, pspd_set_profile, o));
    SEVKIT_TRY(get_text(in, pspd_set_scenario, o));
    const uint8_t kernel = frame_get_u8(in);
    o->world.seeded = get_bool(in);
    o->world.seed = frame_get_u64(in);
    o->world.at_given = get_bool(in);
    o->world.at = (int64_t)frame_get_u64(in);
    if (kernel >= DRV_KERNEL_COUNT) return bad("kernel", kernel, "one of the generations");
    o->world.kernel = (enum drv_kernel)kernel;
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result get_drbg(struct frame_in *in, struct crypto_drbg *drbg) {
    drbg->next_block = frame_get_u64(in);
    drbg->used = frame_get_u8(in);
    const uint8_t *block = frame_get_bytes(in, sizeof drbg->block);
    if (block == NULL || drbg->used > sizeof drbg->block)
        return bad("randomness", drbg->used, "at most 48 bytes used of a block");
    memcpy(drbg->block, block, sizeof drbg->block);
    return sevkit_success();
}

/* What the file says of one guest. */
struct saved_guest {
    char name[FRAME_NAME_MAX + 1];
    uint64_t gctx;
    uint8_t probed;
    const uint8_t *secrets;
};

static SEVKIT_MUST struct sevkit_result get_guest(struct frame_in *in, struct saved_guest *g) {
    frame_get_name(in, frame_get_u8(in), g->name);
    g->gctx = frame_get_u64(in);
    g->probed = frame_get_u8(in);
    g->secrets = frame_get_bytes(in, ABI_PAGE_SIZE);
    if (in->failed || g->name[0] == 0) return bad("guest", 0, "a named guest with all its fields");
    if (g->probed >> PSPD_VMPLS != 0) return bad("probed", g->probed, "a set of VMPLs 0 to 3");
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result add_guest(struct pspd_machine *m,
                                                  const struct saved_guest *saved) {
    struct pspd_guest *g;
    struct vmm_guest *vmm = NULL;
    for (g = m->guests; g != NULL; g = g->next) {
        if (strcmp(g->name, saved->name) == 0) return bad("guest", 0, "a name of one guest only");
        if (vmm_guest_pages(g->vmm).gctx == saved->gctx)
            return bad("gctx", saved->gctx, "the context of one guest only");
    }
    for (size_t i = 0; (vmm = vmm_machine_guest(m->core->vmm, i)) != NULL; i++)
        if (vmm_guest_pages(vmm).gctx == saved->gctx) break;
    if (vmm == NULL) return bad("gctx", saved->gctx, "the context of a guest of the machine");
    SEVKIT_TRY(pspd_guest_new(m, saved->name, vmm, &g));
    memcpy(g->secrets, saved->secrets, sizeof g->secrets);
    for (unsigned i = 0; i < PSPD_VMPLS; i++) g->probed[i] = (saved->probed >> i & 1) != 0;
    return sevkit_success();
}

static bool is_named(const struct pspd_machine *m, const struct vmm_guest *vmm) {
    for (const struct pspd_guest *g = m->guests; g != NULL; g = g->next)
        if (g->vmm == vmm) return true;
    return false;
}

/* Guests without a name were a connection's, and it is gone. */
static void drop_nameless(struct pspd_machine *m) {
    struct vmm_guest *vmm;
    for (size_t i = 0; (vmm = vmm_machine_guest(m->core->vmm, i)) != NULL;) {
        if (is_named(m, vmm))
            i++;
        else
            vmm_guest_destroy(vmm);
    }
}

/* The list in the file comes before the machine that its guests belong to. */
static SEVKIT_MUST struct sevkit_result get_machine(struct frame_in *in, struct pspd_machine *m) {
    struct world_options *o = &m->options.world;
    struct saved_guest saved;
    const uint32_t count = frame_get_u32(in);
    struct frame_in guests = *in;
    for (uint32_t i = 0; i < count; i++) SEVKIT_TRY(get_guest(in, &saved));
    const uint32_t size = frame_get_u32(in);
    const uint8_t *bytes = frame_get_bytes(in, size);
    if (bytes == NULL || !frame_in_done(in))
        return bad("machine", size, "the rest of the file up to its digest");
    SEVKIT_TRY(vmm_machine_restore(&o->profile, &o->scenario, &m->core->env.env, bytes, size,
                                   &m->core->vmm));
    for (uint32_t i = 0; i < count; i++) {
        SEVKIT_TRY(get_guest(&guests, &saved));
        SEVKIT_TRY(add_guest(m, &saved));
    }
    drop_nameless(m);
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result check_digest(const uint8_t *bytes, size_t size) {
    uint8_t digest[CRYPTO_SHA384_SIZE];
    if (size < sizeof magic + 4 + sizeof digest || memcmp(bytes, magic, sizeof magic) != 0)
        return bad("state", size, "a machine that pspd saved");
    const uint32_t format = abi_get_le32(bytes + sizeof magic);
    if (format != FORMAT) return bad("format", format, "must be 1");
    SEVKIT_TRY(crypto_sha384(bytes, size - sizeof digest, digest));
    if (memcmp(digest, bytes + size - sizeof digest, sizeof digest) == 0) return sevkit_success();
    return bad("digest", 0, "the SHA-384 of the bytes before it");
}

static SEVKIT_MUST struct sevkit_result decode(struct pspd_machine *m, const uint8_t *bytes,
                                               size_t size) {
    SEVKIT_TRY(check_digest(bytes, size)); /* @req SOCK-010 */
    const size_t head = sizeof magic + 4;
    struct frame_in in = {.bytes = bytes + head, .left = size - head - CRYPTO_SHA384_SIZE};
    SEVKIT_TRY(get_options(&in, &m->options));
    m->core = calloc(1, sizeof *m->core);
    if (m->core == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "machine", SEVKIT_NO_OFFSET, sizeof *m->core,
                           "memory for the machine");
    }
    world_env_init(&m->core->env, &m->options.world);
    SEVKIT_TRY(get_drbg(&in, &m->core->env.drbg));
    return get_machine(&in, m);
}

struct sevkit_result pspd_state_decode(const char *name, const uint8_t *bytes, size_t size,
                                       struct pspd_machine **machine) {
    const struct pspd_options none = {0};
    struct pspd_machine *m;
    SEVKIT_TRY(pspd_machine_new(&none, name, &m));
    const struct sevkit_result r = decode(m, bytes, size);
    if (sevkit_ok(r))
        *machine = m;
    else
        pspd_machine_free(m);
    return r;
}

/* ---- files ---- */

bool pspd_state_open(struct pspd *pspd, const char *dir, int *exit) {
    *exit = CLI_USAGE;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        cli_bad_file(dir, strerror(errno));
        return false;
    }
    pspd->state_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (pspd->state_dir < 0) {
        cli_bad_file(dir, strerror(errno));
        return false;
    }
    *exit = CLI_UNAVAILABLE;
    if (flock(pspd->state_dir, LOCK_EX | LOCK_NB) == 0) return true; /* @req SOCK-011 */
    cli_bad_file(dir, "another pspd keeps its state there");
    return false;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static SEVKIT_MUST struct sevkit_result failed(void) {
    return sevkit_fail(SEVKIT_NOT_FOUND, "--state", SEVKIT_NO_OFFSET, (uint64_t)errno,
                       "must be a folder that can be read and written; the value is errno");
}

struct sevkit_result pspd_state_write(struct pspd *pspd, struct pspd_machine *machine) {
    char name[FRAME_NAME_MAX + sizeof SUFFIX], fresh[sizeof name + sizeof SUFFIX_NEW];
    struct frame_out out = {0};
    if (pspd->state_dir < 0 || machine->name[0] == 0) return sevkit_success();
    (void)snprintf(name, sizeof name, "%s%s", machine->name, SUFFIX);
    (void)snprintf(fresh, sizeof fresh, "%s%s", name, SUFFIX_NEW);
    struct sevkit_result r = pspd_state_encode(machine, &out);
    if (sevkit_ok(r) && out.size > STATE_MAX) /* such a file would not be read again */
        r = bad("state", out.size,
                "a machine of at most 64 MiB: its RMP has too many unlike pages");
    if (sevkit_ok(r)) {
        const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
        const int fd = openat(pspd->state_dir, fresh, flags, 0600); /* @req SOCK-010 */
        bool done = fd >= 0 && write_all(fd, out.bytes, out.size);
        if (fd >= 0 && close(fd) != 0) done = false;
        if (done) done = renameat(pspd->state_dir, fresh, pspd->state_dir, name) == 0;
        if (!done) r = failed();
    }
    frame_out_free(&out);
    pspd->counts.saves++;
    return r;
}

static bool read_all(int fd, uint8_t *bytes, size_t size) {
    while (size > 0) {
        const ssize_t n = read(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static SEVKIT_MUST struct sevkit_result read_file(int fd, const char *name,
                                                  struct pspd_machine **machine) {
    struct stat file;
    if (fstat(fd, &file) != 0) return failed();
    if (!S_ISREG(file.st_mode) || file.st_size < 0 || file.st_size > STATE_MAX)
        return bad("state", (uint64_t)file.st_size, "a file of at most 64 MiB");
    const size_t size = (size_t)file.st_size;
    uint8_t *bytes = calloc(1, size + 1);
    if (bytes == NULL || !read_all(fd, bytes, size)) {
        free(bytes);
        return failed();
    }
    const struct sevkit_result r = pspd_state_decode(name, bytes, size, machine);
    vmm_save_free(bytes, size);
    return r;
}

struct sevkit_result pspd_state_read(const struct pspd *pspd, const char *name,
                                     struct pspd_machine **machine) {
    char file[FRAME_NAME_MAX + sizeof SUFFIX];
    *machine = NULL;
    if (pspd->state_dir < 0) return sevkit_success();
    (void)snprintf(file, sizeof file, "%s%s", name, SUFFIX);
    const int fd = openat(pspd->state_dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return sevkit_success();
    if (fd < 0) return failed();
    const struct sevkit_result r = read_file(fd, name, machine);
    (void)close(fd);
    return r;
}
