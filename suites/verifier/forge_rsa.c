/* See forge_rsa.h. Montgomery multiplication in 64-bit limbs, least significant first; RFC 8017, 5.1.2. The
 * suites do not include OpenSSL, and the library signs nothing but well-formed certificates. */
#include "verifier/forge_rsa.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LIMBS (FORGE_RSA_HALF / 8)

__extension__ typedef unsigned __int128 wide;

/* A number below 2^2048. */
struct number {
    uint64_t limb[LIMBS];
};

static struct number from_bytes(const uint8_t *bytes) {
    struct number x;
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t limb = 0;
        for (size_t k = 0; k < 8; k++) limb = limb << 8 | bytes[FORGE_RSA_HALF - 8 * (i + 1) + k];
        x.limb[i] = limb;
    }
    return x;
}

static bool below(const struct number *a, const struct number *b) {
    for (size_t i = LIMBS; i-- > 0;)
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i];
    return false;
}

/* A - B modulo 2^2048. */
static void subtract(struct number *a, const struct number *b) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        const wide left = a->limb[i], right = (wide)b->limb[i] + borrow;
        a->limb[i] = (uint64_t)(left - right);
        borrow = left < right;
    }
}

/* A + B modulo N, for both below N. */
static struct number add(const struct number *a, const struct number *b, const struct number *n) {
    struct number sum;
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        const wide x = (wide)a->limb[i] + b->limb[i] + carry;
        sum.limb[i] = (uint64_t)x;
        carry = (uint64_t)(x >> 64);
    }
    if (carry != 0 || !below(&sum, n)) subtract(&sum, n);
    return sum;
}

/* -1 / n modulo 2^64 by Newton's iteration. */
static uint64_t negative_inverse(uint64_t n) {
    uint64_t x = n;
    for (int i = 0; i < 6; i++) x *= 2 - n * x;
    return (uint64_t)0 - x;
}

/* A * B / 2^2048 modulo N, for A below 2^2048 and B below N. */
static struct number multiply(const struct number *a, const struct number *b,
                              const struct number *n, uint64_t inverse) {
    uint64_t t[LIMBS + 2] = {0};
    struct number out;
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < LIMBS; j++) {
            const wide sum = (wide)a->limb[j] * b->limb[i] + t[j] + carry;
            t[j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        wide top = (wide)t[LIMBS] + carry;
        t[LIMBS] = (uint64_t)top;
        t[LIMBS + 1] = (uint64_t)(top >> 64);
        const uint64_t m = t[0] * inverse;
        carry = (uint64_t)(((wide)m * n->limb[0] + t[0]) >> 64);
        for (size_t j = 1; j < LIMBS; j++) {
            const wide sum = (wide)m * n->limb[j] + t[j] + carry;
            t[j - 1] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        top = (wide)t[LIMBS] + carry;
        t[LIMBS - 1] = (uint64_t)top;
        t[LIMBS] = t[LIMBS + 1] + (uint64_t)(top >> 64);
    }
    memcpy(out.limb, t, sizeof out.limb);
    if (t[LIMBS] != 0 || !below(&out, n)) subtract(&out, n);
    return out;
}

/* 2^4096 modulo N, for N of 2048 bits. */
static struct number square_of_radix(const struct number *n) {
    struct number x = {.limb = {0}};
    subtract(&x, n); /* 2^2048 - N */
    for (size_t i = 0; i < 8 * FORGE_RSA_HALF; i++) x = add(&x, &x, n);
    return x;
}

/* BLOCK to the power D modulo the prime N. */
static struct number power(const uint8_t block[FORGE_RSA_SIZE], const uint8_t d[FORGE_RSA_HALF],
                           const struct number *n) {
    const uint64_t inverse = negative_inverse(n->limb[0]);
    const struct number square = square_of_radix(n), unit = {.limb = {1}};
    const struct number high = from_bytes(block);
    struct number low = from_bytes(block + FORGE_RSA_HALF);
    if (!below(&low, n)) subtract(&low, n);
    const struct number shifted = multiply(&high, &square, n, inverse); /* high * 2^2048 */
    const struct number reduced = add(&shifted, &low, n);
    const struct number base = multiply(&reduced, &square, n, inverse);
    struct number result = multiply(&unit, &square, n, inverse);
    for (size_t i = 0; i < 8 * FORGE_RSA_HALF; i++) {
        result = multiply(&result, &result, n, inverse);
        if ((d[i / 8] >> (7 - i % 8) & 1) != 0) result = multiply(&result, &base, n, inverse);
    }
    return multiply(&result, &unit, n, inverse);
}

/* A + B * C as bytes. */
static void join(const struct number *a, const struct number *b, const struct number *c,
                 uint8_t out[FORGE_RSA_SIZE]) {
    uint64_t t[2 * LIMBS] = {0};
    memcpy(t, a->limb, sizeof a->limb);
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < LIMBS; j++) {
            const wide sum = (wide)b->limb[j] * c->limb[i] + t[i + j] + carry;
            t[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        for (size_t j = i + LIMBS; carry != 0 && j < 2 * LIMBS; j++) {
            t[j] += carry;
            carry = t[j] < carry;
        }
    }
    for (size_t i = 0; i < FORGE_RSA_SIZE; i++)
        out[FORGE_RSA_SIZE - 1 - i] = (uint8_t)(t[i / 8] >> 8 * (i % 8));
}

void forge_rsa_private(const struct forge_rsa *key, uint8_t block[FORGE_RSA_SIZE]) {
    const struct number p = from_bytes(key->p), q = from_bytes(key->q);
    const struct number q_inverse = from_bytes(key->q_inverse), square = square_of_radix(&p);
    const uint64_t inverse = negative_inverse(p.limb[0]);
    const struct number modulo_q = power(block, key->dq, &q);
    struct number second = modulo_q, difference = power(block, key->dp, &p), negative = p;
    if (!below(&second, &p)) subtract(&second, &p);
    subtract(&negative, &second);
    if (!below(&negative, &p)) subtract(&negative, &p);
    difference = add(&difference, &negative, &p);
    difference = multiply(&difference, &square, &p, inverse);
    const struct number h = multiply(&difference, &q_inverse, &p, inverse);
    join(&modulo_q, &h, &q, block);
}

/* ---- the key file ---- */

static int base64_value(int c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

static size_t read_pem(FILE *file, uint8_t *out, size_t capacity) {
    char line[128];
    uint32_t bits = 0;
    unsigned held = 0;
    size_t size = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '-') continue;
        for (const char *c = line; base64_value(*c) >= 0; c++) {
            bits = bits << 6 | (uint32_t)base64_value(*c);
            held += 6;
            if (held < 8) continue;
            held -= 8;
            if (size == capacity) return 0;
            out[size++] = (uint8_t)(bits >> held);
        }
    }
    return size;
}

struct der {
    size_t size, at;
    uint8_t bytes[4096];
};

/* The INTEGER at der->at without its sign byte, right-aligned in the CAPACITY bytes of OUT. */
static bool read_integer(struct der *der, uint8_t *out, size_t capacity) {
    const uint8_t *bytes = der->bytes + der->at;
    const size_t left = der->size - der->at;
    if (left < 4 || bytes[0] != 0x02 || (bytes[1] > 0x82)) return false;
    const size_t extra = bytes[1] >= 0x80 ? bytes[1] - 0x80U : 0;
    size_t length = extra == 2 ? (size_t)bytes[2] << 8 | bytes[3] : bytes[1 + extra];
    if (length > left - 2 - extra) return false;
    bytes += 2 + extra;
    der->at += 2 + extra + length;
    for (; length > 1 && bytes[0] == 0; length--) bytes++;
    if (length > capacity) return false;
    memset(out, 0, capacity - length);
    memcpy(out + capacity - length, bytes, length);
    return true;
}

/* PrivateKeyInfo of rsaEncryption up to the version of the RSAPrivateKey. */
#define HEAD 30

bool forge_rsa_read(const char *path, struct forge_rsa *key) {
    struct der der = {.at = HEAD};
    uint8_t other[FORGE_RSA_SIZE];
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    der.size = read_pem(file, der.bytes, sizeof der.bytes);
    fclose(file);
    if (der.size < HEAD) return false;
    for (size_t i = 0; i < 4; i++) /* version, n, e, d */
        if (!read_integer(&der, other, sizeof other)) return false;
    return read_integer(&der, key->p, sizeof key->p) && read_integer(&der, key->q, sizeof key->q) &&
           read_integer(&der, key->dp, sizeof key->dp) &&
           read_integer(&der, key->dq, sizeof key->dq) &&
           read_integer(&der, key->q_inverse, sizeof key->q_inverse) &&
           (key->p[0] & key->q[0] & 0x80) != 0;
}
