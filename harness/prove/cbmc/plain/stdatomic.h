/* In place of the system's header: atomic accesses as plain ones, of 64-bit words. The proofs have one thread, in which
 * both are the same; what the orders are good for is not proved.
 *
 * Only the ASID counters are added to. They lie in the table's own structure, and a write to one that CBMC cannot tell
 * would make all of the structure unknown bytes to it. So additions go to one counter beside it, that of an ASID that
 * stands for all; see table.c. */
#ifndef SEVKIT_PROVE_STDATOMIC_H
#define SEVKIT_PROVE_STDATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#define _Atomic

#define atomic_load_explicit(word, order) (*(word))
#define atomic_store_explicit(word, value, order) ((void)(*(word) = (value)))
#define atomic_fetch_add_explicit(word, value, order) prove_count(word, value)
#define atomic_compare_exchange_strong_explicit(word, expected, value, success, failure)           \
    prove_exchange(word, expected, value)

void prove_count(const uint64_t *counter, uint64_t pages);

static inline bool prove_exchange(uint64_t *word, uint64_t *expected, uint64_t value) {
    const bool same = *word == *expected;
    if (same) {
        *word = value;
    } else {
        *expected = *word;
    }
    return same;
}

#endif
