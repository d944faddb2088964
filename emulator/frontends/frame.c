/* See frame.h. */
#include "frontends/frame.h"

#include <stdlib.h>
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/crypto.h"

#define FIRST_ROOM 8192

bool frame_header_read(const uint8_t bytes[FRAME_HEADER_SIZE], struct frame_header *header) {
    const uint32_t length = abi_get_le32(bytes + FRAME_LENGTH);
    const uint32_t rest = FRAME_HEADER_SIZE - FRAME_LENGTH_SIZE;
    header->type = bytes[FRAME_TYPE];
    header->request_id = abi_get_le32(bytes + FRAME_REQUEST_ID);
    if (length < rest || length - rest > FRAME_PAYLOAD_MAX) return false;  /* @req SOCK-002 */
    if (header->type == 0 || header->type > FRAME_TYPE_LAST) return false; /* @req SOCK-001 */
    if (!abi_all_zero(bytes + FRAME_RESERVED, 3)) return false;            /* @req SOCK-001 */
    header->payload_size = length - rest;
    return true;
}

/* ---- bytes that come ---- */

const uint8_t *frame_get_bytes(struct frame_in *in, size_t size) {
    if (in->failed || size > in->left) {
        in->failed = true;
        return NULL;
    }
    const uint8_t *bytes = in->bytes;
    in->bytes += size;
    in->left -= size;
    return bytes;
}

uint8_t frame_get_u8(struct frame_in *in) {
    const uint8_t *p = frame_get_bytes(in, 1);
    return p != NULL ? *p : 0;
}

uint16_t frame_get_u16(struct frame_in *in) {
    const uint8_t *p = frame_get_bytes(in, 2);
    return p != NULL ? abi_get_le16(p) : 0;
}

uint32_t frame_get_u32(struct frame_in *in) {
    const uint8_t *p = frame_get_bytes(in, 4);
    return p != NULL ? abi_get_le32(p) : 0;
}

uint64_t frame_get_u64(struct frame_in *in) {
    const uint8_t *p = frame_get_bytes(in, 8);
    return p != NULL ? abi_get_le64(p) : 0;
}

bool frame_name_ok(const char *name, size_t size) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    if (size == 0 || size > FRAME_NAME_MAX || name[0] == '.') return false; /* @req SOCK-006 */
    for (size_t i = 0; i < size; i++)
        if (memchr(allowed, name[i], sizeof allowed - 1) == NULL) return false; /* @req SOCK-006 */
    return true;
}

void frame_get_name(struct frame_in *in, size_t size, char out[FRAME_NAME_MAX + 1]) {
    const uint8_t *p = frame_get_bytes(in, size);
    memset(out, 0, FRAME_NAME_MAX + 1);
    if (p == NULL || size == 0) return;
    if (frame_name_ok((const char *)p, size))
        memcpy(out, p, size);
    else
        in->failed = true;
}

bool frame_in_done(const struct frame_in *in) {
    return !in->failed && in->left == 0;
}

/* ---- bytes that go ---- */

static bool make_room(struct frame_out *out, size_t size) {
    if (out->failed) return false;
    if (size <= out->room - out->size) return true;
    size_t room = out->room == 0 ? FIRST_ROOM : out->room * 2;
    while (room - out->size < size) room *= 2;
    uint8_t *grown = malloc(room);
    if (grown == NULL) {
        out->failed = true;
        return false;
    }
    if (out->size != 0) memcpy(grown, out->bytes, out->size);
    if (out->bytes != NULL) crypto_wipe(out->bytes, out->room);
    free(out->bytes);
    out->bytes = grown;
    out->room = room;
    return true;
}

void frame_put_bytes(struct frame_out *out, const void *bytes, size_t size) {
    if (size == 0 || !make_room(out, size)) return;
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

void frame_put_u8(struct frame_out *out, uint8_t value) {
    frame_put_bytes(out, &value, 1);
}

void frame_put_u16(struct frame_out *out, uint16_t value) {
    uint8_t le[2];
    abi_put_le16(le, value);
    frame_put_bytes(out, le, sizeof le);
}

void frame_put_u32(struct frame_out *out, uint32_t value) {
    uint8_t le[4];
    abi_put_le32(le, value);
    frame_put_bytes(out, le, sizeof le);
}

void frame_put_u64(struct frame_out *out, uint64_t value) {
    uint8_t le[8];
    abi_put_le64(le, value);
    frame_put_bytes(out, le, sizeof le);
}

void frame_out_drop(struct frame_out *out, size_t size) {
    memmove(out->bytes, out->bytes + size, out->size - size);
    frame_out_cut(out, out->size - size);
}

void frame_out_cut(struct frame_out *out, size_t size) {
    if (size >= out->size) return;
    crypto_wipe(out->bytes + size, out->size - size);
    out->size = size;
}

void frame_out_free(struct frame_out *out) {
    if (out->bytes != NULL) crypto_wipe(out->bytes, out->room);
    free(out->bytes);
    *out = (struct frame_out){0};
}

void frame_begin(struct frame_out *out, uint8_t type, uint32_t request_id, size_t *start) {
    *start = out->size;
    frame_put_u32(out, 0);
    frame_put_u8(out, type);
    frame_put_u8(out, 0);
    frame_put_u16(out, 0);
    frame_put_u32(out, request_id);
}

void frame_end(struct frame_out *out, size_t start) {
    if (out->failed) return;
    abi_put_le32(out->bytes + start, (uint32_t)(out->size - start - FRAME_LENGTH_SIZE));
}

void frame_put_error(struct frame_out *out, uint32_t request_id, enum frame_error code,
                     const char *text) {
    size_t start;
    frame_begin(out, FRAME_ERROR, request_id, &start);
    frame_put_u32(out, (uint32_t)code);
    frame_put_bytes(out, text, strlen(text));
    frame_end(out, start);
}
