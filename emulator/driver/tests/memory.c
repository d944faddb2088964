/* Memory that runs out while a channel or a driver is made. */
#include <malloc.h>
#include <stdlib.h>

#include "sevkit/driver.h"
#include "sevkit/sev_guest.h"
#include "unit/memory.h"

extern const struct unit_suite memory_suite;

static struct sevkit_result new_channel(void) {
    static const uint8_t vmpck[ABI_VMPCK_SIZE] = {1};
    const struct sevkit_guest_door door = {0};
    struct drv_channel *channel = NULL;
    const struct sevkit_result r = drv_channel_new(&door, 0, vmpck, 0, &channel);
    if (sevkit_ok(r)) drv_channel_free(channel);
    return r;
}

static struct sevkit_result new_guest(void) {
    static uint8_t secrets[ABI_PAGE_SIZE];
    const struct drv_guest_config config = {.kernel = DRV_KERNEL_6_12};
    const struct sevkit_guest_door door = {0};
    const struct drv_clock clock = {0};
    struct drv_guest *guest = NULL;
    const struct sevkit_result r = drv_guest_new(&config, &door, &clock, secrets, &guest);
    if (sevkit_ok(r)) drv_guest_free(guest);
    return r;
}

/* First nothing can be had; then, with room for the object alone, not what belongs to it: the object is given
 * back. What malloc keeps for itself of small pieces is less than a page. */
static void runs_out(struct sevkit_result (*make)(void), const char *field) {
    if (UNIT_MEMORY_SKIP) {
        unit_skip("AddressSanitizer ends the program where malloc would fail");
        return;
    }
    struct unit_memory memory;
    UNIT_OK(make()); /* what OpenSSL keeps for ever is there */
    unit_memory_take(&memory);
    const struct sevkit_result none = make();
    unit_memory_give_back(&memory);
    UNIT_FAILS(none, SEVKIT_NO_MEMORY, field);
    CU_ASSERT(none.offset == SEVKIT_NO_OFFSET && none.value > ABI_PAGE_SIZE);

    const size_t size = (size_t)none.value;
    void *volatile room = malloc(size); /* volatile: the compiler may not leave both out */
    unit_memory_take(&memory);
    free(room);
    const size_t before = mallinfo2().uordblks;
    const struct sevkit_result half = make();
    const size_t after = mallinfo2().uordblks;
    unit_memory_give_back(&memory);
    CU_ASSERT_FALSE(sevkit_ok(half));
    CU_ASSERT(after < before + ABI_PAGE_SIZE);
    UNIT_OK(make());
}

static void channel(void) {
    runs_out(new_channel, "channel");
}

static void guest(void) {
    runs_out(new_guest, "driver");
}

static const struct unit_test tests[] = {{"channel", channel}, {"guest", guest}, {NULL, NULL}};

const struct unit_suite memory_suite = {"memory", tests};
