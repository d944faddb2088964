/* See codec.h. */
#include "codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#define GUARD 32
#define RANDOM_FILLS 16

void fill_low(uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(i + 1);
}

void fill_high(uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)((i + 1) / 256 + 3);
}

/* xorshift64: any sequence does, as long as it is the same in every run. */
void fill_random(uint8_t *out, size_t size, uint64_t seed) {
    uint64_t x = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t i = 0; i < size; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = (uint8_t)(x >> 32);
    }
}

static void *allocate(size_t size, uint8_t byte) {
    void *p = malloc(size);
    if (p == NULL) abort();
    return memset(p, byte, size);
}

static void check_rows(const struct codec *c) {
    size_t end = 0;
    for (const struct field *f = c->fields; f->name != NULL; f++) {
        if (f->wire != end || f->member_size != f->size) {
            fprintf(stderr, "    %s.%s: row or member does not fit\n", c->name, f->name);
        }
        CU_ASSERT_EQUAL(f->wire, end);
        CU_ASSERT_EQUAL(f->member_size, f->size);
        end = f->wire + f->size;
    }
    CU_ASSERT_EQUAL(end, c->size);
}

/* The number at P as this machine holds it, built without the accessors under test. */
static void host_number(const uint8_t *p, size_t size, uint8_t out[8]) {
    uint64_t v = 0;
    for (size_t i = size; i > 0; i--) v = v * 256 + p[i - 1];
    const uint8_t v8 = (uint8_t)v;
    const uint16_t v16 = (uint16_t)v;
    const uint32_t v32 = (uint32_t)v;
    const void *source = size == 1   ? (const void *)&v8
                         : size == 2 ? (const void *)&v16
                         : size == 4 ? (const void *)&v32
                                     : (const void *)&v;
    memcpy(out, source, size);
}

static void check_members(const struct codec *c, const uint8_t *wire, const uint8_t *object) {
    for (const struct field *f = c->fields; f->name != NULL; f++) {
        uint8_t number[8];
        const uint8_t *want = wire + f->wire;
        if (f->number) {
            host_number(want, f->size, number);
            want = number;
        }
        const bool same = unit_bytes(want, object + f->member, f->size);
        if (!same) fprintf(stderr, "    in %s.%s\n", c->name, f->name);
        CU_ASSERT(same);
    }
}

static void check_fill(const struct codec *c, uint8_t *wire) {
    if (wire[0] < c->first_byte) wire[0] = c->first_byte;
    uint8_t *one = allocate(c->object, 0x11);
    uint8_t *other = allocate(c->object, 0xEE);
    uint8_t *out = allocate(c->size + GUARD, 0xA5);
    uint8_t *guard = allocate(GUARD, 0xA5);

    c->decode(wire, one);
    c->decode(wire, other);
    check_members(c, wire, one);
    check_members(c, wire, other);
    c->encode(one, out);
    UNIT_BYTES(out, wire, c->size);
    UNIT_BYTES(out + c->size, guard, GUARD);
    memset(out, 0x5A, c->size);
    c->encode(other, out);
    UNIT_BYTES(out, wire, c->size);

    free(guard);
    free(out);
    free(other);
    free(one);
}

void codec_check(const struct codec *c) {
    check_rows(c);
    uint8_t *wire = allocate(c->size, 0x00);
    check_fill(c, wire);
    memset(wire, 0xFF, c->size);
    check_fill(c, wire);
    fill_low(wire, c->size);
    check_fill(c, wire);
    fill_high(wire, c->size);
    check_fill(c, wire);
    for (uint64_t seed = 1; seed <= RANDOM_FILLS; seed++) {
        fill_random(wire, c->size, seed);
        check_fill(c, wire);
    }
    free(wire);
}
