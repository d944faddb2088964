/* Memory that runs out, for tests of what code does then. Not under AddressSanitizer, which ends the program
 * where malloc would fail: such tests skip there (UNIT_MEMORY_SKIP). */
#ifndef UNIT_MEMORY_H
#define UNIT_MEMORY_H

#include <stdbool.h>
#include <sys/resource.h>

#include "unit/unit.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_UNDER_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UNIT_UNDER_ASAN
#endif

#ifdef UNIT_UNDER_ASAN
#define UNIT_MEMORY_SKIP true
#else
#define UNIT_MEMORY_SKIP false
#endif

struct unit_memory {
    struct unit_block *taken;
    struct rlimit before;
};

/* From here on malloc fails, whatever the size, but for what is freed meanwhile. */
void unit_memory_take(struct unit_memory *memory);
void unit_memory_give_back(struct unit_memory *memory);

#endif
