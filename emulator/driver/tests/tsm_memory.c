/* Memory that runs out, at every place that takes some. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tsm_fixture.h"
#include "unit/unit.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN
#endif

#ifndef UNDER_ASAN
struct block {
    struct block *next;
};

static struct block *take(struct block *taken, size_t size) {
    struct block *block;
    while ((block = malloc(size)) != NULL) {
        block->next = taken;
        taken = block;
    }
    return taken;
}

/* Takes what the process has, and no more is given to it. */
static struct block *take_all(struct rlimit *before) {
    struct block *taken = NULL;
    if (getrlimit(RLIMIT_AS, before) != 0) abort();
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before->rlim_max};
    if (setrlimit(RLIMIT_AS, &none) != 0) abort();
    for (size_t size = 1 << 20; size > 1040; size /= 2) taken = take(taken, size);
    for (size_t size = 1040; size >= sizeof *taken; size -= 16) taken = take(taken, size);
    return taken;
}

static void give_back(struct block *taken, const struct rlimit *before) {
    if (setrlimit(RLIMIT_AS, before) != 0) abort();
    while (taken != NULL) {
        struct block *next = taken->next;
        free(taken);
        taken = next;
    }
}
#endif

void tsm_memory(void) {
#ifdef UNDER_ASAN
    unit_skip("AddressSanitizer ends the program where malloc would fail");
#else
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false), *other = NULL;
    struct drv_tsm_file *text = NULL, *blob = NULL, *file = NULL;
    uint8_t byte = 0;
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_PROVIDER, O_RDONLY, &text), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &blob), 0);
    struct rlimit before;
    struct block *taken = take_all(&before);
    const struct sevkit_result made = drv_tsm_new(DRV_KERNEL_6_12, &other);
    const long mkdir = drv_tsm_mkdir(tsm, "y");
    const long open = drv_tsm_open(tsm, "x", DRV_TSM_PROVIDER, O_RDONLY, &file);
    const long read_text = drv_tsm_read(text, 0, &byte, 1);
    const long read_blob = drv_tsm_read(blob, 0, &byte, 1);
    give_back(taken, &before);
    CU_ASSERT_EQUAL(made.code, SEVKIT_NO_MEMORY);
    CU_ASSERT_STRING_EQUAL(made.field, "tsm");
    CU_ASSERT_EQUAL(made.offset, SEVKIT_NO_OFFSET);
    CU_ASSERT_EQUAL(made.value, sizeof(struct drv_tsm));
    CU_ASSERT_EQUAL(mkdir, -ENOMEM);
    CU_ASSERT(!drv_tsm_exists(tsm, "y"));
    CU_ASSERT_EQUAL(open, -ENOMEM);
    CU_ASSERT_EQUAL(read_text, -ENOMEM);
    CU_ASSERT_EQUAL(read_blob, -ENOMEM);
    CU_ASSERT_EQUAL(drv_tsm_read(text, 0, &byte, 1), 1); /* the next try is as good as any */
    CU_ASSERT_EQUAL(byte, 's');
    CU_ASSERT_EQUAL(drv_tsm_read(blob, 0, &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 1);
    drv_tsm_free(tsm);
#endif
}
