/* Sparse system physical memory, as the memory controller holds it. Pages that were never written read
 * as zero and cost nothing. No RMP knowledge: who may access what is decided by the caller. */
#ifndef SEVKIT_MEMORY_H
#define SEVKIT_MEMORY_H

#include "sevkit/result.h"

struct mem;

/* SIZE: bytes, a multiple of 4 KiB, not 0. O(1). */
SEVKIT_MUST struct sevkit_result mem_new(uint64_t size, struct mem **mem);
void mem_free(struct mem *mem);

/* Copies SIZE bytes at PADDR. False, with no effect, unless all of them lie inside memory. */
SEVKIT_MUST bool mem_read(const struct mem *mem, uint64_t paddr, void *out, size_t size);
SEVKIT_MUST bool mem_write(struct mem *mem, uint64_t paddr, const void *bytes, size_t size);

#endif
