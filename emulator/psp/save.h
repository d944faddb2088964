/* What firmware keeps of a platform and its guests, as bytes: little-endian, versioned by the file that holds
 * them (vmm/save.c). Written and read by one walk, so that the two cannot differ. Private to psp/ and vmm/. */
#ifndef SEVKIT_PSP_SAVE_H
#define SEVKIT_PSP_SAVE_H

#include "psp/state.h"

/* A walk over SIZE bytes at BYTES, from AT on. Not reading and BYTES NULL: it only counts. The first failure
 * stays in RESULT and ends the walk: what follows is neither read nor written. */
struct psp_walk {
    bool reading;
    uint8_t *bytes;
    size_t size;
    size_t at;
    struct sevkit_result result;
};

/* A walk that reads, writes, or counts (BYTES NULL). */
struct psp_walk psp_walk_start(bool reading, uint8_t *bytes, size_t size);

/* FIELD names what it is in a failure. */
void psp_walk_bytes(struct psp_walk *walk, const char *field, void *bytes, size_t size);
void psp_walk_u8(struct psp_walk *walk, const char *field, uint8_t *value);
void psp_walk_u32(struct psp_walk *walk, const char *field, uint32_t *value);
void psp_walk_u64(struct psp_walk *walk, const char *field, uint64_t *value);
/* One byte, 0 or 1. */
void psp_walk_bool(struct psp_walk *walk, const char *field, bool *value);
/* While reading: OK, or the walk fails. The field is the one that ends here. */
void psp_walk_check(struct psp_walk *walk, bool ok, const char *field, uint64_t value,
                    const char *rule);

/* Platform state, TCBs, chip id and all guest contexts of PSP. Reading: into a PSP without guests, made from
 * the profile that the saved one was made from; its RMP is the caller's to restore. On failure PSP is good
 * for psp_free only. */
void psp_save_walk(struct psp *psp, struct psp_walk *walk);

#endif
