/* Memory that runs out, at every place that takes some. */
#include <errno.h>
#include <fcntl.h>

#include "tsm_fixture.h"
#include "unit/memory.h"

void tsm_memory(void) {
    if (UNIT_MEMORY_SKIP) {
        unit_skip("AddressSanitizer ends the program where malloc would fail");
        return;
    }
    struct fake fake = {0};
    struct drv_tsm *tsm = tsm_new(&fake, 0, false), *other = NULL;
    struct drv_tsm_file *text = NULL, *blob = NULL, *file = NULL;
    uint8_t byte = 0;
    CU_ASSERT_EQUAL(tsm_put(tsm, DRV_TSM_INBLOB, tsm_nonce, 64), 64);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_PROVIDER, O_RDONLY, &text), 0);
    CU_ASSERT_EQUAL(drv_tsm_open(tsm, "x", DRV_TSM_OUTBLOB, O_RDONLY, &blob), 0);
    struct unit_memory memory;
    unit_memory_take(&memory);
    const struct sevkit_result made = drv_tsm_new(DRV_KERNEL_6_12, &other);
    const long mkdir = drv_tsm_mkdir(tsm, "y");
    const long open = drv_tsm_open(tsm, "x", DRV_TSM_PROVIDER, O_RDONLY, &file);
    const long read_text = drv_tsm_read(text, 0, &byte, 1);
    const long read_blob = drv_tsm_read(blob, 0, &byte, 1);
    unit_memory_give_back(&memory);
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
}
