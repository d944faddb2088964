/* System physical memory: one zero-filled mapping that the system backs page by page on first
 * write. */
#include "sevkit/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sevkit/message.h"

struct mem {
    uint64_t size;
    uint8_t *bytes;
};

struct sevkit_result mem_new(uint64_t size, struct mem **mem) {
    if (size == 0 || size % ABI_PAGE_SIZE != 0) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "size", SEVKIT_NO_OFFSET, size,
                           "a multiple of 4 KiB, not 0");
    }
    struct mem *made = calloc(1, sizeof *made);
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == NULL || bytes == MAP_FAILED) {
        if (bytes != MAP_FAILED) munmap(bytes, size);
        free(made);
        return sevkit_fail(SEVKIT_NO_MEMORY, "size", SEVKIT_NO_OFFSET, size,
                           "address space for the memory");
    }
    /* A huge page behind one written page would make it dense; a system without them is as good. */
    (void)madvise(bytes, size, MADV_NOHUGEPAGE);
    *made = (struct mem){.size = size, .bytes = bytes};
    *mem = made;
    return sevkit_success();
}

void mem_free(struct mem *mem) {
    if (mem == NULL) return;
    munmap(mem->bytes, mem->size);
    free(mem);
}

uint64_t mem_size(const struct mem *mem) {
    return mem->size;
}

static bool inside(const struct mem *mem, uint64_t paddr, size_t size) {
    return size <= mem->size && paddr <= mem->size - size;
}

bool mem_read(const struct mem *mem, uint64_t paddr, void *out, size_t size) {
    if (!inside(mem, paddr, size)) return false;
    memcpy(out, mem->bytes + paddr, size);
    return true;
}

bool mem_write(struct mem *mem, uint64_t paddr, const void *bytes, size_t size) {
    if (!inside(mem, paddr, size)) return false;
    memcpy(mem->bytes + paddr, bytes, size);
    return true;
}
