/* Our side of the rows, through the public headers only. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include "sevkit/result.h"

struct bench_ours;

/* A machine of the default profile with one guest, its channel, certificates and one report, all
 * from a fixed seed. */
SEVKIT_MUST struct sevkit_result bench_ours_new(struct bench_ours **ours);
void bench_ours_free(struct bench_ours *ours);

#define BENCH_AEAD_SIZE 4000

/* Guest: seal; machine: check, act, seal; guest: open. STATUS of the answer included. */
SEVKIT_MUST struct sevkit_result bench_ours_report(struct bench_ours *ours);
SEVKIT_MUST struct sevkit_result bench_ours_key_request(struct bench_ours *ours);

/* A guest message of BENCH_AEAD_SIZE bytes of payload, encrypted. */
SEVKIT_MUST struct sevkit_result bench_ours_aead(struct bench_ours *ours);

/* All stages of the verifier over one report, under a chain that was judged before. */
SEVKIT_MUST struct sevkit_result bench_ours_verify(struct bench_ours *ours);

/* A machine with a running guest, made and freed. */
SEVKIT_MUST struct sevkit_result bench_ours_machine(struct bench_ours *ours);

#endif
