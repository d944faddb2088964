/* Little-endian access to wire bytes at named offsets. Wire bytes are never cast to structs. The
 * caller has checked that the field lies inside its buffer. And bytes as hex digits. */
#ifndef SEVKIT_BYTES_H
#define SEVKIT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t abi_get_le16(const uint8_t *p) {
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t abi_get_le32(const uint8_t *p) {
    return (uint32_t)abi_get_le16(p) | (uint32_t)abi_get_le16(p + 2) << 16;
}

static inline uint64_t abi_get_le64(const uint8_t *p) {
    return (uint64_t)abi_get_le32(p) | (uint64_t)abi_get_le32(p + 4) << 32;
}

static inline void abi_put_le16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void abi_put_le32(uint8_t *p, uint32_t v) {
    abi_put_le16(p, (uint16_t)v);
    abi_put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void abi_put_le64(uint8_t *p, uint64_t v) {
    abi_put_le32(p, (uint32_t)v);
    abi_put_le32(p + 4, (uint32_t)(v >> 32));
}

/* True if all SIZE bytes are zero. Reads all of them. */
static inline bool abi_all_zero(const uint8_t *p, size_t size) {
    unsigned acc = 0;
    for (size_t i = 0; i < size; i++) acc |= p[i];
    return acc == 0;
}

/* The value of a hex digit of either case, or -1. */
static inline int abi_hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Reads 2 * SIZE hex digits into SIZE bytes. How many bytes were read before the first that is none: SIZE when
 * all are. */
static inline size_t abi_hex_bytes(const char *text, uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const int high = abi_hex_digit(text[2 * i]), low = abi_hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return i;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return size;
}

#endif
