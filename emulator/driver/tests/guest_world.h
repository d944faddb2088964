/* A driver on a host, a clock and a program's memory that do as a test says. */
#ifndef DRIVER_TESTS_GUEST_WORLD_H
#define DRIVER_TESTS_GUEST_WORLD_H

#include "sevkit/crypto.h"
#include "sevkit/sev_guest.h"

/* The program's memory, and what lies where in it. */
#define MEMORY_BASE UINT64_C(0x10000)
#define MEMORY_SIZE 0x10000
#define AT_ARG UINT64_C(0x10100)
#define AT_REQUEST UINT64_C(0x10200)
#define AT_RESPONSE UINT64_C(0x11000)
#define AT_CERTS UINT64_C(0x14000) /* four pages */

#define OLD_EXITINFO2 UINT64_C(0x1122334455667788) /* what the caller leaves there */
#define START_MS UINT64_C(5000)
#define STEPS_MAX 64

/* What the host does with one call. */
struct step {
    struct sevkit_exit exit;
    uint64_t npages; /* not 0: RBX after it */
};

struct world {
    struct drv_guest *guest;
    uint8_t secrets[ABI_PAGE_SIZE];
    uint8_t secrets_before[ABI_PAGE_SIZE];
    uint8_t key[ABI_VMPCK_SIZE]; /* the firmware's copy of the VMPCK */

    /* The host: steps in order, all good after the last. */
    struct step steps[STEPS_MAX];
    size_t step_count;
    bool last_for_ever;
    void (*edit)(struct abi_msg_header *header); /* the answer's header, before it is sealed */
    size_t flip;                                 /* this byte of the answer is flipped; 0: none */
    bool silent;                                 /* says that all is well and answers nothing */
    uint16_t answer_size;                        /* of its payload; 0: as Linux expects */
    uint64_t call_ms;                            /* how long a call takes */

    /* What the host saw. */
    unsigned plain, ext;
    bool same_ciphertext; /* all requests of one ioctl were the same page */
    bool data_was_zero;   /* the certificate pages before the host wrote to them */
    uint64_t npages_seen;
    uint8_t seen[ABI_PAGE_SIZE];     /* the last request */
    uint8_t payload[ABI_PAGE_SIZE];  /* decrypted */
    uint8_t response[ABI_PAGE_SIZE]; /* of the last answer, in the clear */

    uint64_t now;
    unsigned sleeps;
    uint64_t slept_ms;

    uint8_t memory[MEMORY_SIZE];
    uint8_t memory_before[MEMORY_SIZE];
    uint64_t no_read, no_write; /* an access that touches this byte faults; 0: none */
    unsigned writes;
};

/* A probed driver with VMPCK 2 in use and counter 0; an ioctl's structures are in the memory. */
void world_start(struct world *w, enum drv_kernel kernel);
void world_stop(struct world *w);

/* The same on a driver that CONFIG describes, not yet probed. */
void world_start_with(struct world *w, const struct drv_guest_config *config);

/* Takes the state before, forgets what the host saw, and calls. */
long world_ioctl(struct world *w, uint32_t cmd);
void world_mark(struct world *w);

uint8_t *world_at(struct world *w, uint64_t address);
uint64_t world_exitinfo2(struct world *w);
void world_set_certs(struct world *w, uint64_t address, uint32_t length);
uint32_t world_certs_len(struct world *w);

uint8_t *world_counter(struct world *w);
uint32_t world_advance(struct world *w);

/* Nothing of the program's memory changed but SIZE bytes at ADDRESS (and SIZE2 at ADDRESS2). */
bool world_memory_kept(struct world *w, uint64_t address, size_t size, uint64_t address2,
                       size_t size2);
/* Nothing of the secrets page changed but the counter and, where WIPED, the key. */
bool world_secrets_kept(struct world *w, bool wiped);

#define WORLD_TABLE_SIZE 5000 /* bytes of the host's certificate table: two pages */
uint8_t world_table_byte(size_t i);

#endif
