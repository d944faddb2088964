/* See memory.h. */
#include "unit/memory.h"

#include <stdlib.h>

struct unit_block {
    struct unit_block *next;
};

static struct unit_block *take(struct unit_block *taken, size_t size) {
    struct unit_block *block;
    while ((block = malloc(size)) != NULL) {
        block->next = taken;
        taken = block;
    }
    return taken;
}

void unit_memory_take(struct unit_memory *memory) {
    if (getrlimit(RLIMIT_AS, &memory->before) != 0) abort();
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = memory->before.rlim_max};
    if (setrlimit(RLIMIT_AS, &none) != 0) abort();
    memory->taken = NULL;
    for (size_t size = 1 << 20; size > 1040; size /= 2) memory->taken = take(memory->taken, size);
    for (size_t size = 1040; size >= sizeof *memory->taken; size -= 16)
        memory->taken = take(memory->taken, size);
}

void unit_memory_give_back(struct unit_memory *memory) {
    if (setrlimit(RLIMIT_AS, &memory->before) != 0) abort();
    while (memory->taken != NULL) {
        struct unit_block *next = memory->taken->next;
        free(memory->taken);
        memory->taken = next;
    }
}
