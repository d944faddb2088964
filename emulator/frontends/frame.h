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
    FRAME_RMP = 8,
};
#define FRAME_TYPE_LAST FRAME_RMP
#define FRAME_ANSWER 0x80 /* added to the type of what it answers */
#define FRAME_ERROR 0xFF

enum frame_error {
    FRAME_ERROR_VERSION = 1, /* no version in common; the connection is closed */
    FRAME_ERROR_NAME = 2,    /* HELLO names nothing that can be; closed */
    FRAME_ERROR_LIMIT = 3,   /* something is used up; closed after HELLO */
    FRAME_ERROR_STATE = 4,   /* --state cannot be read or written; closed after HELLO */
    FRAME_ERROR_INTERNAL = 5,
    FRAME_ERROR_FIELD = 6, /* RMP: a field has a value that its operation does not take */
};
#define FRAME_ERROR_LAST FRAME_ERROR_FIELD

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

/* RMP: a body of one size for all operations; offsets. What an operation does not use is zero. */
#define FRAME_RMP_SIZE 96
#define FRAME_RMP_OPERATION 0 /* u8, enum frame_rmp */
#define FRAME_RMP_KIND 1      /* u8: of an access, a structure, a move; which entry of a look-up */
#define FRAME_RMP_ACTOR 2     /* u8 */
#define FRAME_RMP_MAP 3       /* u8 */
#define FRAME_RMP_PAGE_SIZE 4 /* u8 */
#define FRAME_RMP_CPL 5       /* u8 */
#define FRAME_RMP_VMPL 6      /* u8: of who executes or accesses */
#define FRAME_RMP_TARGET 7    /* u8: VMPL asked about */
#define FRAME_RMP_MASK 8      /* u8 */
#define FRAME_RMP_RESERVED 9  /* u8 */
#define FRAME_RMP_ASID 10     /* u16 */
#define FRAME_RMP_FLAGS 12    /* u32 */
#define FRAME_RMP_SPA 16      /* u64; VMRUN: the VMCB */
#define FRAME_RMP_GPA 24      /* u64; VMRUN: the VMSA's */
#define FRAME_RMP_GVA 32      /* u64 */
#define FRAME_RMP_DESTINATION 40 /* u64 */
#define FRAME_RMP_OWNER 48       /* u64: a guest context's page */
#define FRAME_RMP_AVIC 56        /* u64 */
#define FRAME_RMP_VMSA 64        /* u64 */
#define FRAME_RMP_PERMS 72       /* 4 u8: of VMPL 0 to 3 */
#define FRAME_RMP_RESERVED_4 76  /* u32 */
#define FRAME_RMP_STATE 80       /* 16 bytes: RMPUPDATE's structure */

#define FRAME_RMP_LONG_MODE 0x01u
#define FRAME_RMP_SNP 0x02u     /* the host's SNPEn; of a guest: it is SNP-active */
#define FRAME_RMP_PRESENT 0x04u /* in the nested table */
#define FRAME_RMP_C 0x08u
#define FRAME_RMP_VALIDATED 0x10u /* PVALIDATE's wish; of a move */
#define FRAME_RMP_IS_VMSA 0x20u   /* RMPADJUST's wish; of a move */
#define FRAME_RMP_VMPL_SSS 0x40u
#define FRAME_RMP_SNP_GUEST 0x80u
#define FRAME_RMP_NO_HSAVE 0x100u /* VM_HSAVE_PA is 0 */

enum frame_rmp {
    FRAME_RMP_UPDATE = 1,
    FRAME_RMP_PSMASH = 2,
    FRAME_RMP_READ = 3,
    FRAME_RMP_PVALIDATE = 4,
    FRAME_RMP_ADJUST = 5,
    FRAME_RMP_QUERY = 6,
    FRAME_RMP_CHECK = 7,
    FRAME_RMP_STRUCTURE = 8,
    FRAME_RMP_VMRUN = 9,
    FRAME_RMP_VMEXIT = 10,
    FRAME_RMP_LOOKUP = 11,
    FRAME_RMP_MOVE = 12,
    FRAME_RMP_MOVE_PAGE = 13,
    FRAME_RMP_UNSMASH = 14,
};
#define FRAME_RMP_LAST FRAME_RMP_UNSMASH

/* Its answer: operation, fault, eax, cf (u8); rule (u16); moved, entry flags (u8); error (u64); result (16 bytes);
 * name of the state (16 bytes); the entry: GPA (u64), ASID, sub-page count (u16), bits, state (u8), zero (u16),
 * masks (4 u8), zero (u32). */
#define FRAME_RMP_ANSWER_SIZE 72
#define FRAME_RMP_NAME_SIZE 16
#define FRAME_RMP_HAS_ENTRY 1u /* entry flags */
#define FRAME_RMP_HAS_RAW 2u
#define FRAME_RMP_BIT_ASSIGNED 0x01u /* bits of the entry */
#define FRAME_RMP_BIT_IMMUTABLE 0x02u
#define FRAME_RMP_BIT_VMSA 0x04u
#define FRAME_RMP_BIT_VALIDATED 0x08u
#define FRAME_RMP_BIT_2M 0x10u
#define FRAME_RMP_BIT_IN_USE 0x20u

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
