/* The control socket: a line of JSON in, a line of JSON out. docs/socket.md lists the operations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/cli.h"
#include "frontends/pspd.h"

/* ---- base64, RFC 4648 section 4 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *base64(const uint8_t *bytes, size_t size) {
    char *text = malloc((size + 2) / 3 * 4 + 1), *p = text;
    if (text == NULL) return NULL;
    for (size_t i = 0; i < size; i += 3) {
        const size_t n = size - i < 3 ? size - i : 3;
        uint32_t v = (uint32_t)bytes[i] << 16;
        if (n > 1) v |= (uint32_t)bytes[i + 1] << 8;
        if (n > 2) v |= bytes[i + 2];
        for (size_t j = 0; j < 4; j++) *p++ = j <= n ? digits[v >> (18 - 6 * j) & 63] : '=';
    }
    *p = 0;
    return text;
}

/* False for any text that base64 does not write. */
static bool base64_read(const char *text, uint8_t **bytes, size_t *size) {
    const size_t length = strlen(text);
    if (length % 4 != 0) return false;
    uint8_t *out = malloc(length / 4 * 3 + 1);
    size_t n = 0, pad = 0;
    bool good = out != NULL;
    for (size_t i = 0; i < length && good; i += 4) {
        uint32_t v = 0;
        for (size_t j = 0; j < 4; j++) {
            const char c = text[i + j];
            const char *at = c != 0 ? strchr(digits, c) : NULL;
            if (c == '=' && i + 4 == length && j >= 2)
                pad++;
            else if (at == NULL || pad != 0)
                good = false;
            v = v << 6 | (at != NULL ? (uint32_t)(at - digits) : 0);
        }
        for (size_t j = 0; j < 3 && good; j++)
            if (j < 3 - pad) out[n++] = (uint8_t)(v >> (16 - 8 * j));
        if (pad != 0 && (v & (pad == 2 ? 0xFFFFu : 0xFFu)) != 0) good = false;
    }
    if (!good) {
        if (out != NULL) crypto_wipe(out, length / 4 * 3 + 1);
        free(out);
        return false;
    }
    *bytes = out;
    *size = n;
    return true;
}

/* ---- answers ---- */

static json_t *refuse(const char *text) {
    return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static json_t *refuse_result(struct sevkit_result r) {
    char text[256];
    sevkit_result_text(&r, text, sizeof text);
    return refuse(text);
}

static json_t *good(void) {
    return json_pack("{s:b}", "ok", 1);
}

static json_t *judged(struct sevkit_result r) {
    return sevkit_ok(r) ? good() : refuse_result(r);
}

/* ---- operations ---- */

struct request {
    struct pspd *pspd;
    json_t *line;
    struct pspd_machine *machine; /* that "machine" names; NULL without one */
};

static const char *text_of(const struct request *q, const char *member) {
    return json_string_value(json_object_get(q->line, member));
}

static json_t *op_capabilities(const struct request *q) {
    (void)q;
    json_t *profiles = json_array(), *scenarios = json_array(), *kernels = json_array();
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++)
        (void)json_array_append_new(profiles, json_string(vmm_profile_name(i)));
    for (size_t i = 0; vmm_scenario_name(i) != NULL; i++)
        (void)json_array_append_new(scenarios, json_string(vmm_scenario_name(i)));
    for (int i = 0; i < DRV_KERNEL_COUNT; i++)
        (void)json_array_append_new(kernels, json_string(drv_kernel_name((enum drv_kernel)i)));
    return json_pack("{s:b, s:s, s:[i,i], s:[s,s,s,s,s,s,s,s], s:b, s:i, s:i, s:o, s:o, s:o}", "ok",
                     1, "version", SEVKIT_VERSION, "protocol", FRAME_VERSION_MIN, FRAME_VERSION_MAX,
                     "frames", "hello", "guest_request", "ioctl", "host_command", "kds", "secrets",
                     "counters", "rmp", "state", q->pspd->state_dir >= 0, "payload_max",
                     FRAME_PAYLOAD_MAX, "machines_max", PSPD_MACHINES_MAX, "profiles", profiles,
                     "scenarios", scenarios, "kernels", kernels);
}

static json_t *op_statistics(const struct request *q) {
    const struct pspd_counts *c = &q->pspd->counts;
    return json_pack("{s:b, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "ok", 1, "clients",
                     (int)c->clients, "controls", (int)c->controls, "machines",
                     (json_int_t)q->pspd->machine_count, "accepted", (json_int_t)c->accepted,
                     "dropped", (json_int_t)c->dropped, "frames", (json_int_t)c->frames, "ioctls",
                     (json_int_t)c->ioctls, "requests", (json_int_t)c->requests, "saves",
                     (json_int_t)c->saves);
}

/* A name, or the thing itself as an object. */
static json_t *set(const struct request *q, const char *member,
                   struct sevkit_result (*apply)(const struct request *q, const char *name,
                                                 const char *json, size_t size)) {
    const json_t *value = json_object_get(q->line, member);
    if (json_is_string(value)) return judged(apply(q, json_string_value(value), NULL, 0));
    if (!json_is_object(value)) return refuse("a name or an object is missing");
    char *text = json_dumps(value, JSON_COMPACT);
    if (text == NULL) return refuse("no memory");
    json_t *answer = judged(apply(q, NULL, text, strlen(text)));
    free(text);
    return answer;
}

static struct sevkit_result apply_profile(const struct request *q, const char *name,
                                          const char *json, size_t size) {
    return pspd_set_profile(&q->pspd->options, name, json, size);
}

static struct sevkit_result apply_scenario(const struct request *q, const char *name,
                                           const char *json, size_t size) {
    if (q->machine == NULL) return pspd_set_scenario(&q->pspd->options, name, json, size);
    SEVKIT_TRY(pspd_machine_set_scenario(q->machine, name, json, size));
    return pspd_state_write(q->pspd, q->machine);
}

static json_t *op_profile(const struct request *q) {
    return set(q, "profile", apply_profile);
}

static json_t *op_scenario(const struct request *q) {
    return set(q, "scenario", apply_scenario);
}

/* "seed": a number, a text (JSON's integers end at 63 bits) or null. */
static json_t *op_seed(const struct request *q) {
    struct world_options *o = &q->pspd->options.world;
    const json_t *value = json_object_get(q->line, "seed");
    const json_int_t number = json_integer_value(value);
    uint64_t seed = (uint64_t)number;
    const bool is_text =
        json_is_string(value) && cli_number_parse(json_string_value(value), UINT64_MAX, &seed);
    const bool is_number = json_is_integer(value) && number >= 0;
    if (!is_text && !is_number && !json_is_null(value))
        return refuse("seed: must be a number of at most 64 bits, or null");
    o->seeded = !json_is_null(value);
    o->seed = seed;
    return good();
}

static json_t *op_reset(const struct request *q) {
    if (q->machine == NULL) return refuse("machine: must name one");
    struct sevkit_result r = pspd_machine_reset(q->machine, &q->pspd->options);
    if (sevkit_ok(r)) r = pspd_state_write(q->pspd, q->machine);
    return judged(r);
}

static json_t *op_save(const struct request *q) {
    struct frame_out out = {0};
    if (q->machine == NULL) return refuse("machine: must name one");
    const struct sevkit_result r = pspd_state_encode(q->machine, &out);
    char *text = sevkit_ok(r) ? base64(out.bytes, out.size) : NULL;
    json_t *answer = NULL;
    if (!sevkit_ok(r)) answer = refuse_result(r);
    if (text != NULL) {
        answer = json_pack("{s:b, s:s}", "ok", 1, "state", text);
        crypto_wipe(text, strlen(text));
    }
    free(text);
    frame_out_free(&out);
    return answer;
}

static json_t *restore(struct pspd *pspd, const char *name, const uint8_t *bytes, size_t size) {
    struct pspd_machine *restored, *old = pspd_machine_find(pspd, name);
    struct sevkit_result r = pspd_state_decode(name, bytes, size, &restored);
    if (!sevkit_ok(r)) return refuse_result(r);
    if (old != NULL) pspd_machine_remove(pspd, old);
    pspd_machine_add(pspd, restored);
    return judged(pspd_state_write(pspd, restored));
}

static json_t *op_restore(const struct request *q) {
    const char *name = text_of(q, "machine"), *text = text_of(q, "state");
    uint8_t *bytes;
    size_t size;
    if (name == NULL || !frame_name_ok(name, strlen(name)))
        return refuse("machine: must be a name");
    if (q->machine != NULL && q->machine->users != 0)
        return refuse("machine: must have no clients");
    if (text == NULL || !base64_read(text, &bytes, &size))
        return refuse("state: must be what save gave");
    if (q->machine == NULL && q->pspd->machine_count >= PSPD_MACHINES_MAX) {
        vmm_save_free(bytes, size);
        return refuse("machine: no free place");
    }
    json_t *answer = restore(q->pspd, name, bytes, size);
    vmm_save_free(bytes, size);
    return answer;
}

/* ---- the line ---- */

static const struct {
    const char *name;
    json_t *(*run)(const struct request *q);
    bool makes; /* "machine" need not exist */
} operations[] = {
    {"capabilities", op_capabilities, false},
    {"statistics", op_statistics, false},
    {"profile", op_profile, false},
    {"scenario", op_scenario, false},
    {"seed", op_seed, false},
    {"reset", op_reset, false},
    {"save", op_save, false},
    {"restore", op_restore, true},
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* "machine" if it is given: in memory already, or from --state. */
static struct sevkit_result find_machine(struct request *q) {
    const char *name = text_of(q, "machine");
    if (name == NULL) return sevkit_success();
    if (!frame_name_ok(name, strlen(name)))
        return sevkit_fail(SEVKIT_BAD_VALUE, "machine", SEVKIT_NO_OFFSET, 0, "must be a name");
    q->machine = pspd_machine_find(q->pspd, name);
    if (q->machine != NULL) return sevkit_success();
    SEVKIT_TRY(pspd_state_read(q->pspd, name, &q->machine));
    if (q->machine != NULL) pspd_machine_add(q->pspd, q->machine);
    return sevkit_success();
}

static json_t *run(struct request *q) {
    const char *op = text_of(q, "op");
    for (size_t i = 0; op != NULL && i < OPERATIONS; i++) {
        if (strcmp(operations[i].name, op) != 0) continue;
        const struct sevkit_result r = find_machine(q);
        if (!sevkit_ok(r) && !operations[i].makes) return refuse_result(r);
        const bool named = json_object_get(q->line, "machine") != NULL;
        if (named && q->machine == NULL && !operations[i].makes)
            return refuse("machine: there is none of this name");
        return operations[i].run(q);
    }
    return refuse("op: must be one of those that docs/socket.md lists");
}

enum pspd_next pspd_control(struct pspd *pspd, const char *line, size_t size,
                            struct frame_out *out) {
    struct request q = {.pspd = pspd};
    q.line = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(q.line)) { /* @req SOCK-009 */
        json_decref(q.line);
        return PSPD_DROP;
    }
    json_t *answer = run(&q);
    char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    json_decref(q.line);
    if (text == NULL) return PSPD_DROP;
    frame_put_bytes(out, text, strlen(text));
    frame_put_u8(out, '\n');
    crypto_wipe(text, strlen(text));
    free(text);
    return PSPD_GO_ON;
}
