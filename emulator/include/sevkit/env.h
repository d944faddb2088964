/* The one door through which time and randomness reach the core. The core itself has no clock and no
 * I/O, so a machine is a function of its profile, this table and its inputs. Its only state outside of
 * machines is OpenSSL's: crypto/ fetches the algorithms' handles once a process, and they never change.
 *
 * Ownership: the caller keeps CTX alive as long as the machine that was given the table. */
#ifndef SEVKIT_ENV_H
#define SEVKIT_ENV_H

#include <stddef.h>
#include <stdint.h>

/* 2026-01-01T00:00:00Z in seconds since 1970: where embedded machines start. */
#define SEVKIT_EPOCH_EMBEDDED INT64_C(1767225600)

struct sevkit_env {
    void *ctx;
    int64_t (*now)(void *ctx);                            /* UTC seconds since 1970 */
    void (*random)(void *ctx, uint8_t *out, size_t size); /* fills OUT; must not fail */
};

#endif
