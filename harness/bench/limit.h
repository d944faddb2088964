/* The limits: what OpenSSL itself needs for the same primitives, called in the best way that its
 * interface allows, which is with every context and key made once and reused. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_limit;

/* Keys and inputs are fixed. NULL when OpenSSL refuses something. */
struct bench_limit *bench_limit_new(void);
void bench_limit_free(struct bench_limit *limit);

/* SHA-384 over the signed part of a report and an ECDSA P-384 signature of it. */
bool bench_limit_sign(struct bench_limit *limit);

/* The same digest and the verification of a signature made before. */
bool bench_limit_verify(struct bench_limit *limit);

/* One AES-256-GCM encryption with a guest message's AAD. SIZE: at most a message's payload. */
bool bench_limit_seal(struct bench_limit *limit, size_t size);

/* What a KEY_REQ cannot do without: its two messages sealed and opened, and one HMAC-SHA-384. */
bool bench_limit_key_request(struct bench_limit *limit);

#endif
