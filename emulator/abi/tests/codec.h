/* What every wire structure must do, checked from one table a structure: the specification's
 * offsets and sizes as literals, written down a second time, independent of the code under test. */
#ifndef ABI_TESTS_CODEC_H
#define ABI_TESTS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A row of a layout table of the notes. */
struct field {
    const char *name; /* NULL ends the table */
    size_t wire;      /* offset on the wire */
    size_t size;
    size_t member; /* offset in the C structure */
    size_t member_size;
    bool number; /* little-endian on the wire; bytes otherwise */
};

#define NUMBER(type, m, wire, size)                                                                \
    { #m, (wire), (size), offsetof(type, m), sizeof(((type *)0)->m), true }
#define BYTES(type, m, wire, size)                                                                 \
    { #m, (wire), (size), offsetof(type, m), sizeof(((type *)0)->m), false }

struct codec {
    const char *name;
    size_t size;   /* on the wire */
    size_t object; /* sizeof the C structure */
    void (*decode)(const uint8_t *in, void *object);
    void (*encode)(const void *object, uint8_t *out);
    const struct field *fields;
    uint8_t first_byte; /* at least this much in byte 0, where the decoder checks a version there */
};

/* Defines FN##_in and FN##_out, the adapters that a struct codec needs. */
#define CODEC_ADAPTERS(fn)                                                                         \
    static void fn##_in(const uint8_t *in, void *object) {                                         \
        fn##_decode(in, object);                                                                   \
    }                                                                                              \
    static void fn##_out(const void *object, uint8_t *out) {                                       \
        fn##_encode(object, out);                                                                  \
    }

/* Asserts: the rows cover the structure's bytes without gap or overlap; each member holds its own
 * bytes (so a decoder that reads elsewhere fails whatever the encoder does); decoding sets every
 * member and reads no byte twice; encoding gives back all bytes and writes none behind the end.
 * Over fills that tell every offset from every other, all zero, all one and pseudo-random bytes. */
void codec_check(const struct codec *codec);

/* Fills of a buffer. LOW and HIGH together give each offset below 65,536 its own pair. */
void fill_low(uint8_t *out, size_t size);
void fill_high(uint8_t *out, size_t size);
void fill_random(uint8_t *out, size_t size, uint64_t seed);

#endif
