/* Zero-filled memory that the system backs page by page on first write. */
#include <sys/mman.h>

#include "rmp/table.h"

void *rmp_map_zeroed(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED) return NULL;
    /* A huge page behind one record would make a sparse table dense; a system without them is as good. */
    (void)madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

void rmp_unmap(void *mapped, size_t size) {
    if (mapped != NULL) munmap(mapped, size);
}
