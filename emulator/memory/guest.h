/* A guest as the files of memory/ share it. Private to memory/. */
#ifndef MEMORY_GUEST_H
#define MEMORY_GUEST_H

#include "memory/bus.h"
#include "memory/table.h"
#include "sevkit/crypto.h"

struct mem_guest {
    struct mem_bus *bus;
    struct mem_table table;
    struct crypto_page_cipher *cipher;
    uint16_t asid;
    bool snp, vtom, vmpl_sss;
    uint64_t virtual_tom;
    uint8_t page[CRYPTO_PAGE_SIZE]; /* a private page while its plaintext is at work; wiped after */
};

_Static_assert(CRYPTO_PAGE_SIZE == RMP_PAGE_4K, "a page is encrypted as a whole");
_Static_assert(CRYPTO_PAGE_KEY_SIZE == MEM_KEY_SIZE, "the key of one guest");

/* Fills guest->page with the plaintext of the page at SPA, or encrypts guest->page to there. */
void mem_guest_open_page(struct mem_guest *guest, uint64_t spa);
void mem_guest_seal_page(struct mem_guest *guest, uint64_t spa);

#endif
