/* The running test: set-up, verdict and reason, instances. Design sections 5 and 6. */
#include "runner/ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a: gives each test its own random bytes whatever else runs. */
static uint64_t id_hash(const char *id) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *id != '\0'; id++) hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001B3);
    return hash;
}

struct sevkit_result suite_ctx_init(struct suite_ctx *ctx, const struct suite_test *test,
                                    struct target *target, const struct sevkit_profile *profile,
                                    uint64_t seed) {
    memset(ctx, 0, sizeof *ctx);
    ctx->test = test;
    ctx->target = target;
    ctx->run_profile = profile;
    ctx->verdict = SUITE_PASS;
    crypto_drbg_init(&ctx->drbg, seed ^ id_hash(test->id));
    return crypto_aead_new(&ctx->aead);
}

void suite_ctx_clear(struct suite_ctx *ctx) {
    crypto_aead_free(ctx->aead);
    crypto_wipe(&ctx->secrets, sizeof ctx->secrets);
}

/* Records the verdict that ends the test; the first one stays. */
static void stop(struct suite_ctx *ctx, enum suite_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void stop(struct suite_ctx *ctx, enum suite_verdict verdict, const char *format, ...) {
    if (ctx->stopped) return;
    ctx->stopped = true;
    ctx->verdict = verdict;
    int used = 0;
    if (ctx->instance[0] != '\0')
        used = snprintf(ctx->reason, sizeof ctx->reason, "[%s] ", ctx->instance);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(ctx->reason + used, sizeof ctx->reason - (size_t)used, format, args);
    va_end(args);
}

static void skip_without(struct suite_ctx *ctx, uint32_t missing) {
    char names[160] = "";
    size_t used = 0;
    for (unsigned i = 0; i < TARGET_CAPABILITY_COUNT; i++) {
        if ((missing >> i & 1) == 0) continue;
        const char *name = target_capability_name((enum target_capability)(1 << i));
        used += (size_t)snprintf(names + used, sizeof names - used, " %s", name);
    }
    stop(ctx, SUITE_SKIP, "target %s does not offer:%s", target_name(ctx->target), names);
}

void suite_ctx_run(struct suite_ctx *ctx) {
    const char *stopped = target_stopped(ctx->target);
    if (stopped != NULL) {
        stop(ctx, SUITE_NOTTEST, "%s", stopped);
        return;
    }
    const uint32_t missing = ctx->test->needs & ~target_capabilities(ctx->target);
    if (missing != 0) {
        skip_without(ctx, missing);
        return;
    }
    ctx->test->run(ctx);
    if (ctx->stopped || ctx->assertions != 0) return;
    ctx->instance[0] = '\0';
    stop(ctx, SUITE_FAIL, "the test asserted nothing");
}

struct target *suite_target(struct suite_ctx *ctx) {
    return ctx->target;
}

const void *suite_row(const struct suite_ctx *ctx) {
    return ctx->test->row;
}

const struct sevkit_profile *suite_profile(const struct suite_ctx *ctx) {
    return target_profile(ctx->target);
}

const struct sevkit_profile *suite_run_profile(const struct suite_ctx *ctx) {
    return ctx->run_profile;
}

void suite_random(struct suite_ctx *ctx, uint8_t *out, size_t size) {
    crypto_drbg_random(&ctx->drbg, out, size);
}

bool suite_stopped(const struct suite_ctx *ctx) {
    return ctx->stopped;
}

/* ---- set-up ---- */

bool suite_setup(struct suite_ctx *ctx, const char *what, struct sevkit_result result) {
    if (sevkit_ok(result)) return true;
    char text[256];
    sevkit_result_text(&result, text, sizeof text);
    stop(ctx, SUITE_ERROR, "blocked by %s: %s", what, text);
    return false;
}

/* What the guest's side knows after its launch. */
static bool guest_begins(struct suite_ctx *ctx) {
    const struct sevkit_profile *profile = target_profile(ctx->target);
    memcpy(ctx->seqno, profile->msg_count, sizeof ctx->seqno);
    ctx->have_secrets = (target_capabilities(ctx->target) & TARGET_SECRETS) != 0;
    if (!ctx->have_secrets) return true;
    return suite_setup(ctx, "secrets page", target_secrets(ctx->target, &ctx->secrets));
}

bool suite_reset(struct suite_ctx *ctx) {
    return suite_reset_as(ctx, NULL, PSP_GUEST_RUNNING);
}

bool suite_reset_as(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                    enum psp_guest_state state) {
    return suite_setup(ctx, "reset", target_reset(ctx->target, profile, state)) &&
           guest_begins(ctx);
}

bool suite_relaunch(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                    enum psp_guest_state state) {
    if (!suite_setup(ctx, "relaunch", target_relaunch(ctx->target, profile, state))) return false;
    if (!guest_begins(ctx)) return false;
    if (profile != NULL) memcpy(ctx->seqno, profile->msg_count, sizeof ctx->seqno);
    return true;
}

void suite_skip(struct suite_ctx *ctx, const char *reason) {
    stop(ctx, SUITE_SKIP, "%s", reason);
}

/* ---- assertions ---- */

bool suite_check(struct suite_ctx *ctx, const char *field, bool good, const char *rule) {
    ctx->assertions++;
    if (!good) stop(ctx, SUITE_FAIL, "%s; rule: %s", field, rule);
    return good;
}

bool suite_equal(struct suite_ctx *ctx, const char *field, uint64_t wanted, uint64_t got,
                 const char *rule) {
    ctx->assertions++;
    if (wanted == got) return true;
    stop(ctx, SUITE_FAIL, "%s: wanted 0x%llx, got 0x%llx; rule: %s", field,
         (unsigned long long)wanted, (unsigned long long)got, rule);
    return false;
}

/* "-22 (Invalid argument)", "0". */
static void result_text(long result, char *text, size_t size) {
    if (result < 0)
        (void)snprintf(text, size, "%ld (%s)", result, strerror((int)-result));
    else
        (void)snprintf(text, size, "%ld", result);
}

bool suite_result(struct suite_ctx *ctx, const char *field, long wanted, long got,
                  const char *rule) {
    char good[64], bad[64];
    ctx->assertions++;
    if (wanted == got) return true;
    result_text(wanted, good, sizeof good);
    result_text(got, bad, sizeof bad);
    stop(ctx, SUITE_FAIL, "%s: wanted %s, got %s; rule: %s", field, good, bad, rule);
    return false;
}

bool suite_status(struct suite_ctx *ctx, const char *field, enum abi_status wanted, uint32_t got,
                  const char *rule) {
    ctx->assertions++;
    if ((uint32_t)wanted == got) return true;
    stop(ctx, SUITE_FAIL, "%s: wanted %s 0x%x, got %s 0x%x; rule: %s", field,
         abi_status_name((uint32_t)wanted), (unsigned)wanted, abi_status_name(got), (unsigned)got,
         rule);
    return false;
}

bool suite_bytes(struct suite_ctx *ctx, const char *field, const void *wanted, const void *got,
                 size_t size, const char *rule) {
    ctx->assertions++;
    const uint8_t *w = wanted;
    const uint8_t *g = got;
    for (size_t i = 0; i < size; i++) {
        if (w[i] == g[i]) continue;
        stop(ctx, SUITE_FAIL,
             "%s: first difference at byte 0x%zx: wanted 0x%02x, got 0x%02x; rule: %s", field, i,
             w[i], g[i], rule);
        return false;
    }
    return true;
}

bool suite_zero(struct suite_ctx *ctx, const char *field, const void *got, size_t size,
                const char *rule) {
    ctx->assertions++;
    const uint8_t *g = got;
    for (size_t i = 0; i < size; i++) {
        if (g[i] == 0) continue;
        stop(ctx, SUITE_FAIL, "%s: byte 0x%zx: wanted 0x00, got 0x%02x; rule: %s", field, i, g[i],
             rule);
        return false;
    }
    return true;
}

bool suite_succeeds(struct suite_ctx *ctx, const char *field, struct sevkit_result result,
                    const char *rule) {
    ctx->assertions++;
    if (sevkit_ok(result)) return true;
    char text[256];
    sevkit_result_text(&result, text, sizeof text);
    stop(ctx, SUITE_FAIL, "%s: wanted success, got %s; rule: %s", field, text, rule);
    return false;
}

void suite_warn(struct suite_ctx *ctx, const char *field, const char *rule) {
    ctx->assertions++;
    if (ctx->stopped || ctx->verdict == SUITE_WARN) return;
    ctx->verdict = SUITE_WARN;
    const char *const open = ctx->instance[0] != '\0' ? "[" : "";
    const char *const close = ctx->instance[0] != '\0' ? "] " : "";
    (void)snprintf(ctx->reason, sizeof ctx->reason, "%s%s%s%s; should: %s", open, ctx->instance,
                   close, field, rule);
}

/* ---- instances ---- */

void suite_instance(struct suite_ctx *ctx, const char *format, ...) {
    if (ctx->stopped) return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(ctx->instance, sizeof ctx->instance, format, args);
    va_end(args);
}

void suite_each_profile(struct suite_ctx *ctx,
                        void (*body)(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                                     void *data),
                        void *data) {
    if ((target_capabilities(ctx->target) & TARGET_PROFILE) == 0) {
        SUITE_STEP(suite_reset(ctx));
        body(ctx, suite_profile(ctx), data);
        return;
    }
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++) {
        struct sevkit_profile profile;
        suite_instance(ctx, "%s", vmm_profile_name(i));
        SUITE_SETUP(ctx, "profile", vmm_profile_builtin(vmm_profile_name(i), &profile));
        SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
        body(ctx, &profile, data);
        if (ctx->stopped) return;
    }
    suite_instance(ctx, "%s", "");
}

void suite_each_vmpck(struct suite_ctx *ctx,
                      void (*body)(struct suite_ctx *ctx, unsigned vmpck, void *data), void *data) {
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++) {
        suite_instance(ctx, "VMPCK %u", vmpck);
        body(ctx, vmpck, data);
        if (ctx->stopped) return;
    }
    suite_instance(ctx, "%s", "");
}
