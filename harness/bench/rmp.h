/* Our side and the limits of the rows about the reverse map table. */
#ifndef BENCH_RMP_H
#define BENCH_RMP_H

#include <stdbool.h>
#include <stddef.h>

#include "measure.h"

struct bench_rmp;

/* A table with a few hundred pages to work on, which stay in the first-level cache. NULL after a message. */
struct bench_rmp *bench_rmp_new(void);
void bench_rmp_free(struct bench_rmp *bench);

/* Operations of one call of what follows; false when one was refused. */
#define BENCH_RMP_BATCH 4096

/* Accesses that pass: the host's writes; an SNP guest's reads, writes and fetches. 4 KiB, in turn. */
bool bench_rmp_check(struct bench_rmp *bench);
/* RMPUPDATE gives pages to a guest and takes them back; PVALIDATE sets and clears; RMPADJUST gives VMPL 1 one mask,
 * then another. Every one changes an entry. */
bool bench_rmp_update(struct bench_rmp *bench);
bool bench_rmp_pvalidate(struct bench_rmp *bench);
bool bench_rmp_adjust(struct bench_rmp *bench);

/* Limit of the accesses: load the two words of a page and compare owner, address and permission. */
bool bench_rmp_compare(struct bench_rmp *bench);
/* Limit of the instructions: one compare-exchange nobody contends for and one store that releases. */
bool bench_rmp_exchange(struct bench_rmp *bench);

/* Rounds of two threads over one, by the wall clock: our accesses in two regions; a lock-free counter for each
 * thread. The values are 1 / scaling. False when the system refuses threads. */
bool bench_rmp_scale(struct bench_rmp *bench, size_t rounds, double round_seconds,
                     struct bench_rounds *got);

/* A machine of 1 TiB with one guest, once: their start in seconds by the wall clock; MiB of memory and page tables after that, and
 * with FILL after every region that the machine does not use itself was made a 2 MiB page. False after a message. */
struct bench_rmp_machine {
    double seconds, mebibytes;
};
bool bench_rmp_machine(bool fill, struct bench_rmp_machine *got);

#endif
