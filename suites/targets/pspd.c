/* See pspd.h. */
#include "targets/pspd.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO_SIZE 12
#define NAME_MAX_SIZE 64

/* {"op": OP, MEMBER: VALUE}; VALUE is taken over. */
static struct sevkit_result tell(const struct target_pspd *p, const char *op, const char *member,
                                 json_t *value) {
    if (value == NULL)
        return sevkit_fail(SEVKIT_BAD_ENCODING, member, SEVKIT_NO_OFFSET, 0, "must be JSON");
    json_t *object = json_pack("{s:s, s:o}", "op", op, member, value);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, op, SEVKIT_NO_OFFSET, 0, "memory for a line");
    char *line = NULL;
    const int size = asprintf(&line, "%s\n", text);
    free(text);
    if (size < 0)
        return sevkit_fail(SEVKIT_NO_MEMORY, op, SEVKIT_NO_OFFSET, 0, "memory for a line");
    const struct sevkit_result r = frame_control(p->control, line);
    free(line);
    return r;
}

/* NULL when the file has changed since it was read. */
static json_t *profile_json(const struct target_options *options) {
    return options->profile_is_path ? json_load_file(options->profile_name, 0, NULL)
                                    : json_string(options->profile_name);
}

struct sevkit_result target_pspd_open(struct target_pspd *p, const char *path,
                                      const struct target_options *options) {
    char control[256];
    (void)snprintf(control, sizeof control, "%s.control", path);
    SEVKIT_TRY(frame_connect(control, &p->control));
    SEVKIT_TRY(tell(p, "profile", "profile", profile_json(options)));
    return tell(p, "seed", "seed", json_integer((json_int_t)options->seed));
}

struct sevkit_result target_pspd_scenario(const struct target_pspd *p, const char *scenario) {
    json_t *value = scenario != NULL ? json_loads(scenario, 0, NULL) : json_string("none");
    return tell(p, "scenario", "scenario", value);
}

struct sevkit_result target_pspd_reset(const struct target_pspd *p, const char *machine) {
    return tell(p, "reset", "machine", json_string(machine));
}

struct sevkit_result target_pspd_join(struct target_pspd *p, const char *path, const char *name) {
    const size_t size = strlen(name);
    /* Version 1, VMPL 0. */
    uint8_t hello[HELLO_SIZE + 2 * NAME_MAX_SIZE] = {1, 0, 1, [8] = (uint8_t)size, (uint8_t)size};
    if (size > NAME_MAX_SIZE)
        return sevkit_fail(SEVKIT_LIMIT, "name", SEVKIT_NO_OFFSET, size, "at most 64 bytes");
    memcpy(hello + HELLO_SIZE, name, size);
    memcpy(hello + HELLO_SIZE + size, name, size);
    if (p->data >= 0) close(p->data);
    SEVKIT_TRY(frame_connect(path, &p->data));
    return frame_call(p->data, FRAME_HELLO, hello, HELLO_SIZE + 2 * size, &p->frame);
}

/* A frame without payload whose answer has SIZE bytes. */
static struct sevkit_result ask(struct target_pspd *p, enum frame_type type, size_t size) {
    SEVKIT_TRY(frame_call(p->data, type, NULL, 0, &p->frame));
    if (p->frame.size == size) return sevkit_success();
    return sevkit_fail(SEVKIT_BAD_LENGTH, "pspd", SEVKIT_NO_OFFSET, p->frame.size,
                       "SECRETS has 4096 bytes, COUNTERS 48");
}

struct sevkit_result target_pspd_secrets(struct target_pspd *p, uint8_t page[ABI_PAGE_SIZE]) {
    SEVKIT_TRY(ask(p, FRAME_SECRETS, ABI_PAGE_SIZE));
    memcpy(page, p->frame.payload, ABI_PAGE_SIZE);
    crypto_wipe(p->frame.payload, ABI_PAGE_SIZE);
    return sevkit_success();
}

struct sevkit_result target_pspd_counters(struct target_pspd *p,
                                          uint64_t count[TARGET_PSPD_COUNTERS]) {
    SEVKIT_TRY(ask(p, FRAME_COUNTERS, 8 * TARGET_PSPD_COUNTERS));
    for (size_t i = 0; i < TARGET_PSPD_COUNTERS; i++)
        count[i] = abi_get_le64(p->frame.payload + 8 * i);
    return sevkit_success();
}

struct sevkit_result target_pspd_requests(struct target_pspd *p, struct target_driver *driver) {
    uint64_t count[TARGET_PSPD_COUNTERS];
    SEVKIT_TRY(target_pspd_counters(p, count));
    driver->requests = count[ABI_VMPCK_COUNT];
    driver->fw_requests = count[ABI_VMPCK_COUNT + 1];
    return sevkit_success();
}

void target_pspd_close(struct target_pspd *p) {
    if (p->control >= 0) {
        /* A pspd that is gone has none. */
        const struct sevkit_result r = target_pspd_scenario(p, NULL);
        (void)r;
        close(p->control);
    }
    if (p->data >= 0) close(p->data);
    p->control = p->data = -1;
}
