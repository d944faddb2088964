/* RSA-4096 with a private key of vectors/keys/: raw, slow, and only for forging. */
#ifndef VERIFIER_FORGE_RSA_H
#define VERIFIER_FORGE_RSA_H

#include <stdbool.h>
#include <stdint.h>

#define FORGE_RSA_SIZE 512

#define FORGE_RSA_HALF (FORGE_RSA_SIZE / 2)

/* The parts of a private key that the Chinese remainder theorem takes, big-endian. */
struct forge_rsa {
    uint8_t p[FORGE_RSA_HALF], q[FORGE_RSA_HALF];
    uint8_t dp[FORGE_RSA_HALF], dq[FORGE_RSA_HALF], q_inverse[FORGE_RSA_HALF];
};

/* Reads a PKCS#8 PEM file. False if it is missing or not an RSA-4096 key. */
bool forge_rsa_read(const char *path, struct forge_rsa *key);

/* BLOCK to the private power, in place. BLOCK must be below the modulus. */
void forge_rsa_private(const struct forge_rsa *key, uint8_t block[FORGE_RSA_SIZE]);

#endif
