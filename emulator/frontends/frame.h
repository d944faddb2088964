/* The frames of pspd's data socket: docs/socket.md, which is their contract. Only bytes are here: what a
 * frame asks for is pspd_data.c's business. All numbers are little-endian. */
#ifndef FRONTENDS_FRAME_H
#define FRONTENDS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_VERSION_MIN 1
#define FRAME_VERSION_MAX 1

/* Header; offsets. LENGTH counts all that follows it. */
#define FRAME_HEADER_SIZE 12
#define FRAME_LENGTH 0     /* u32 */
#define FRAME_TYPE 4       /* u8 */
#define FRAME_RESERVED 5   /* u8, u16: zero */
#define FRAME_REQUEST_ID 8 /* u32: comes back in the answer */
#define FRAME_LENGTH_SIZE 4

/* The largest payload that a client may send. */
#define FRAME_PAYLOAD_MAX 0x18000

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_GUEST_REQUEST = 2,
    FRAME_IOCTL = 3,
    FRAME_HOST_COMMAND = 4,
    FRAME_KDS = 5,
    FRAME_SECRETS = 6,
    FRAME_COUNTERS = 7,
};
#define FRAME_TYPE_LAST FRAME_COUNTERS
#define FRAME_ANSWER 0x80 /* added to the type of what it answers */
#define FRAME_ERROR 0xFF

enum frame_error {
    FRAME_ERROR_VERSION = 1, /* no version in common; the connection is closed */
    FRAME_ERROR_NAME = 2,    /* HELLO names nothing that can be; closed */
    FRAME_ERROR_LIMIT = 3,   /* something is used up; closed after HELLO */
    FRAME_ERROR_STATE = 4,   /* --state cannot be read or written; closed after HELLO */
    FRAME_ERROR_INTERNAL = 5,
};

/* HELLO */
#define FRAME_NAME_MAX 64
#define FRAME_HELLO_NEW_MACHINE 1u
#define FRAME_HELLO_NEW_GUEST 2u

/* GUEST_REQUEST */
#define FRAME_REQUEST_EXTENDED 1u
#define FRAME_NPAGES_MAX 32

/* IOCTL */
#define FRAME_REGIONS_MAX 8
#define FRAME_REGION_SENT 1u     /* its bytes follow; else it starts as zeros */
#define FRAME_REGION_RETURNED 2u /* its bytes come back */
#define FRAME_REGION_READ_ONLY 4u

/* HOST_COMMAND */
#define FRAME_COMMAND_MAX 4096

struct frame_header {
    uint32_t payload_size;
    uint8_t type;
    uint32_t request_id;
};

/* False: no header of a client's. */
bool frame_header_read(const uint8_t bytes[FRAME_HEADER_SIZE], struct frame_header *header);

/* ---- bytes that come ---- */

struct frame_in {
    const uint8_t *bytes;
    size_t left;
    bool failed; /* more was asked for than there is: from then on everything reads as zero */
};
uint8_t frame_get_u8(struct frame_in *in);
uint16_t frame_get_u16(struct frame_in *in);
uint32_t frame_get_u32(struct frame_in *in);
uint64_t frame_get_u64(struct frame_in *in);
/* SIZE bytes in place, or NULL. */
const uint8_t *frame_get_bytes(struct frame_in *in, size_t size);
/* A name of SIZE bytes, 0 to FRAME_NAME_MAX of them, into OUT with a zero byte; fails for bytes that no name
 * has. */
void frame_get_name(struct frame_in *in, size_t size, char out[FRAME_NAME_MAX + 1]);
/* Letters, digits, '.', '_' and '-', no '.' first; at most FRAME_NAME_MAX. "" is none. */
bool frame_name_ok(const char *name, size_t size);
/* Everything was there, and nothing is left. */
bool frame_in_done(const struct frame_in *in);

/* ---- bytes that go ---- */

/* Grows as needed. All zero: empty. */
struct frame_out {
    uint8_t *bytes;
    size_t size, room;
    bool failed; /* no memory: what follows is dropped */
};
void frame_put_u8(struct frame_out *out, uint8_t value);
void frame_put_u16(struct frame_out *out, uint16_t value);
void frame_put_u32(struct frame_out *out, uint32_t value);
void frame_put_u64(struct frame_out *out, uint64_t value);
void frame_put_bytes(struct frame_out *out, const void *bytes, size_t size);
/* The first SIZE bytes have gone. */
void frame_out_drop(struct frame_out *out, size_t size);
/* Back to SIZE bytes. */
void frame_out_cut(struct frame_out *out, size_t size);
/* Wipes: answers hold keys. */
void frame_out_free(struct frame_out *out);

/* A frame of TYPE: its header now, its length at the end. *START is for frame_end. */
void frame_begin(struct frame_out *out, uint8_t type, uint32_t request_id, size_t *start);
void frame_end(struct frame_out *out, size_t start);
void frame_put_error(struct frame_out *out, uint32_t request_id, enum frame_error code,
                     const char *text);

#endif
