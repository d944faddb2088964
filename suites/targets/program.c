/* See program.h. */
#include "targets/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/scenario.h"
#include "sevkit/tsm.h"
#include "targets/ops.h"

#define FILES_MAX 64
#define FIRST_FD 3

struct open_file {
    bool device;
    struct drv_tsm_file *attribute; /* NULL: the device */
    uint64_t position;
    unsigned descriptors; /* 0: the slot is free */
};

struct target_program {
    uint8_t secrets[ABI_PAGE_SIZE];
    uint64_t clock_ms;
    struct drv_guest *guest;
    bool device; /* the probe was good */
    struct drv_tsm *tsm;
    struct open_file files[FILES_MAX];
    size_t file_of[FILES_MAX]; /* by descriptor: index into files, plus 1; 0: closed */
};

static bool user_read(void *ctx, uint64_t address, void *out, size_t size) {
    (void)ctx;
    if (!target_user_readable(address, size)) return false;
    memcpy(out, target_user(address), size);
    return true;
}

static bool user_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    (void)ctx;
    if (!target_user_writable(address, size)) return false;
    memcpy(target_user(address), bytes, size);
    return true;
}

/* Waits of the driver pass at once. */
static uint64_t clock_now(void *ctx) {
    return ((const struct target_program *)ctx)->clock_ms;
}

static void clock_sleep(void *ctx, uint64_t ms) {
    ((struct target_program *)ctx)->clock_ms += ms;
}

static struct sevkit_result fill(struct target_program *p, struct vmm_guest *vmm_guest,
                                 const struct target_guest *guest, int *probe) {
    const struct drv_guest_config config = {
        .kernel = guest->kernel, .vmpck_id = guest->vmpck_id, .vmpl = guest->vmpl};
    const struct sevkit_guest_door door = vmm_guest_door(vmm_guest);
    const struct drv_clock clock = {.ctx = p, .now_ms = clock_now, .sleep_ms = clock_sleep};
    vmm_guest_secrets(vmm_guest, p->secrets);
    SEVKIT_TRY(drv_guest_new(&config, &door, &clock, p->secrets, &p->guest));
    *probe = drv_guest_probe(p->guest);
    p->device = *probe == 0;
    if (!guest->tsm || !drv_kernel_has_tsm(guest->kernel)) return sevkit_success();
    SEVKIT_TRY(drv_tsm_new(guest->kernel, &p->tsm));
    if (!p->device) return sevkit_success();
    const struct drv_tsm_provider provider = drv_guest_tsm_provider(p->guest);
    if (drv_tsm_register(p->tsm, &provider) == 0) return sevkit_success();
    return sevkit_fail(SEVKIT_INTERNAL, "tsm", SEVKIT_NO_OFFSET, 0, "the first provider registers");
}

struct sevkit_result target_program_new(struct vmm_guest *vmm_guest,
                                        const struct target_guest *guest,
                                        struct target_program **program, int *probe) {
    struct target_program *p = calloc(1, sizeof *p);
    if (p == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "program", SEVKIT_NO_OFFSET, 0, "out of memory");
    const struct sevkit_result r = fill(p, vmm_guest, guest, probe);
    if (sevkit_ok(r))
        *program = p;
    else
        target_program_free(p);
    return r;
}

void target_program_free(struct target_program *program) {
    if (program == NULL) return;
    drv_tsm_free(program->tsm); /* closes what is open in it */
    drv_guest_free(program->guest);
    crypto_wipe(program->secrets, sizeof program->secrets);
    free(program);
}

uint8_t *target_program_secrets(struct target_program *program) {
    return program->secrets;
}

/* ---- paths ---- */

/* "report/NAME/ATTRIBUTE" or "report/NAME": what follows the folder. False for another path. */
static bool split(const char *path, char name[DRV_TSM_NAME_MAX + 1], const char **attribute) {
    const size_t folder = strlen(TARGET_TSM_FOLDER);
    if (strncmp(path, TARGET_TSM_FOLDER "/", folder + 1) != 0) return false;
    const char *rest = path + folder + 1;
    const size_t size = strcspn(rest, "/");
    if (size == 0 || size > DRV_TSM_NAME_MAX) return false;
    memcpy(name, rest, size);
    name[size] = '\0';
    *attribute = rest[size] == '/' ? rest + size + 1 : NULL;
    return true;
}

static long tsm_open(struct target_program *p, const char *path, int flags,
                     struct drv_tsm_file **file) {
    char name[DRV_TSM_NAME_MAX + 1];
    const char *attribute;
    enum drv_tsm_attr attr;
    if (p->tsm == NULL || !split(path, name, &attribute)) return -ENOENT;
    if (attribute == NULL) return -EISDIR;
    if (!drv_tsm_attr_parse(attribute, &attr)) return -ENOENT;
    return drv_tsm_open(p->tsm, name, attr, flags, file);
}

static long folder_call(struct target_program *p, const char *path, bool make) {
    char name[DRV_TSM_NAME_MAX + 1];
    const char *attribute;
    if (p->tsm == NULL || !split(path, name, &attribute) || attribute != NULL) return -ENOENT;
    return make ? drv_tsm_mkdir(p->tsm, name) : drv_tsm_rmdir(p->tsm, name);
}

/* ---- descriptors ---- */

static struct open_file *file_at(struct target_program *p, uint64_t fd) {
    if (fd < FIRST_FD || fd - FIRST_FD >= FILES_MAX || p->file_of[fd - FIRST_FD] == 0) return NULL;
    return &p->files[p->file_of[fd - FIRST_FD] - 1];
}

/* The lowest free descriptor becomes one of FILE. */
static long descriptor_of(struct target_program *p, struct open_file *file) {
    for (size_t fd = 0; fd < FILES_MAX; fd++) {
        if (p->file_of[fd] != 0) continue;
        p->file_of[fd] = (size_t)(file - p->files) + 1;
        file->descriptors++;
        return (long)fd + FIRST_FD;
    }
    return -EMFILE;
}

static long open_path(struct target_program *p, const char *path, int flags) {
    struct open_file *file = p->files;
    while (file < p->files + FILES_MAX && file->descriptors != 0) file++;
    if (file == p->files + FILES_MAX) return -EMFILE;
    *file = (struct open_file){.device = strcmp(path, TARGET_NODE) == 0};
    if (file->device && !p->device) return -ENOENT;
    if (!file->device) {
        const long rc = tsm_open(p, path, flags, &file->attribute);
        if (rc != 0) return rc;
    }
    return descriptor_of(p, file);
}

static long close_fd(struct target_program *p, uint64_t fd) {
    struct open_file *file = file_at(p, fd);
    if (file == NULL) return -EBADF;
    p->file_of[fd - FIRST_FD] = 0;
    file->descriptors--;
    /* User space never sees what the delivery of an attribute came to. */
    if (file->descriptors == 0 && !file->device) (void)drv_tsm_close(file->attribute);
    return 0;
}

static long ioctl_fd(struct target_program *p, const struct target_syscall *call) {
    const struct drv_user user = {.read = user_read, .write = user_write};
    const struct open_file *file = file_at(p, call->args[0]);
    if (file == NULL) return -EBADF;
    if (!file->device) return -ENOTTY;
    return drv_guest_ioctl(p->guest, &user, (uint32_t)call->args[1], call->args[2]);
}

static long transfer(struct target_program *p, const struct target_syscall *call, bool in) {
    struct open_file *file = file_at(p, call->args[0]);
    uint8_t *buffer = target_user(call->args[1]);
    const size_t size = (size_t)call->args[2];
    if (file == NULL) return -EBADF;
    if (file->device) return -EINVAL;
    const long count = in ? drv_tsm_read(file->attribute, file->position, buffer, size)
                          : drv_tsm_write(file->attribute, file->position, buffer, size);
    if (count > 0) file->position += (uint64_t)count;
    return count;
}

long target_program_syscall(struct target_program *program, const struct target_syscall *call) {
    const char *path = (const char *)target_user(call->args[0]);
    switch (call->nr) {
    case TARGET_SYS_OPEN: return open_path(program, path, (int)call->args[1]);
    case TARGET_SYS_CLOSE: return close_fd(program, call->args[0]);
    case TARGET_SYS_DUP: {
        struct open_file *file = file_at(program, call->args[0]);
        return file == NULL ? -EBADF : descriptor_of(program, file);
    }
    case TARGET_SYS_IOCTL: return ioctl_fd(program, call);
    case TARGET_SYS_READ: return transfer(program, call, true);
    case TARGET_SYS_WRITE: return transfer(program, call, false);
    case TARGET_SYS_MKDIR: return folder_call(program, path, true);
    case TARGET_SYS_RMDIR: return folder_call(program, path, false);
    case TARGET_SYS_READLINK:
    case TARGET_SYS_STAT: /* FILES */
    case TARGET_SYS_RUN:
    case TARGET_SYS_CLOSE_ALL: break;
    }
    return -ENOSYS;
}
