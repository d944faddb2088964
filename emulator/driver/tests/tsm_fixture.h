/* A tsm whose provider answers as a test says, and what the tests of configfs-tsm do with it. */
#ifndef DRIVER_TESTS_TSM_FIXTURE_H
#define DRIVER_TESTS_TSM_FIXTURE_H

#include "driver/tsm.h"

/* What the provider was asked for, and what it answers. */
struct fake {
    unsigned calls;
    long rc;
    size_t out, aux, manifest; /* bytes of the blobs; OUT 0: FAKE_OUT */
    struct drv_tsm_desc desc;
};
#define FAKE_OUT 100

struct drv_tsm_provider tsm_provider_of(struct fake *fake, unsigned floor, bool svsm);
/* A tsm with one item "x". */
struct drv_tsm *tsm_new_on(enum drv_kernel kernel, struct fake *fake, unsigned floor, bool svsm);
struct drv_tsm *tsm_new(struct fake *fake, unsigned floor, bool svsm); /* on 6.12 */

/* Opens an attribute of "x", writes or reads once, and closes. */
long tsm_put(struct drv_tsm *tsm, enum drv_tsm_attr attr, const void *bytes, size_t size);
long tsm_put_text(struct drv_tsm *tsm, enum drv_tsm_attr attr, const char *text);
long tsm_get(struct drv_tsm *tsm, enum drv_tsm_attr attr, void *out, size_t size);
/* A text attribute reads as WANTED. */
void tsm_shows(struct drv_tsm *tsm, enum drv_tsm_attr attr, const char *wanted);

extern const uint8_t tsm_nonce[DRV_TSM_INBLOB_MAX + 1]; /* no two bytes at its ends are equal */

/* ---- the suite's tests that are not in tsm.c ---- */

/* tsm_store.c */
void tsm_privlevels(void);
void tsm_privlevel_order(void);
void tsm_busy(void);
void tsm_services(void);
void tsm_numbers(void);
void tsm_service_providers(void);
void tsm_long_service_provider(void);
void tsm_stores_without_provider(void);
/* tsm_file.c */
void tsm_inblobs(void);
void tsm_inblob_bytes(void);
void tsm_after_rmdir(void);
void tsm_blob_in_chunks(void);
void tsm_small_blobs(void);
void tsm_race(void);
void tsm_race_lost(void);
void tsm_no_bytes_of_before(void);
void tsm_race_lengths(void);
/* tsm_memory.c */
void tsm_memory(void);
/* tsm_report.c */
void tsm_refused_reads(void);
void tsm_calls_not_made(void);
void tsm_one_request_a_generation(void);
void tsm_blobs_without_provider(void);
void tsm_blobs_after_provider(void);
void tsm_blob_caps(void);

#endif
