/* The page allocator at its end, and pages that come back. */
#include "vmm/pages.h"
#include "sevkit/rmp.h"
#include "unit/unit.h"

extern const struct unit_suite pages_suite;

#define COUNT 200 /* more than the first stack of returned pages holds */

static void each_page_once(void) {
    struct vmm_pages pages;
    uint64_t paddr = 0;
    vmm_pages_init(&pages, RMP_PAGE_4K, (COUNT + 1) * RMP_PAGE_4K);
    for (uint64_t i = 1; i <= COUNT; i++) {
        UNIT_OK(vmm_page_take(&pages, &paddr));
        CU_ASSERT_EQUAL(paddr, i * RMP_PAGE_4K);
    }
    UNIT_FAILS(vmm_page_take(&pages, &paddr), SEVKIT_LIMIT, "memory_size");
    const struct sevkit_result r = vmm_page_take(&pages, &paddr);
    CU_ASSERT(r.value == pages.end && r.offset == SEVKIT_NO_OFFSET);
    for (uint64_t i = 1; i <= COUNT; i++) vmm_page_return(&pages, i * RMP_PAGE_4K);
    for (uint64_t i = COUNT; i >= 1; i--) {
        UNIT_OK(vmm_page_take(&pages, &paddr));
        CU_ASSERT_EQUAL(paddr, i * RMP_PAGE_4K);
    }
    UNIT_FAILS(vmm_page_take(&pages, &paddr), SEVKIT_LIMIT, "memory_size");
    vmm_pages_free(&pages);
}

/* At each number of pages where the stack of returned ones grows, and beside it: all of them come back. */
static void room_for_every_return(void) {
    static const struct {
        uint64_t count;
        size_t capacity;
    } rows[] = {{1, 64}, {63, 64}, {64, 64}, {65, 128}, {127, 128}, {128, 128}, {129, 256}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vmm_pages pages;
        uint64_t paddr = 0;
        vmm_pages_init(&pages, RMP_PAGE_4K, 1000 * RMP_PAGE_4K);
        for (uint64_t n = 1; n <= rows[i].count; n++) {
            UNIT_OK(vmm_page_take(&pages, &paddr));
            CU_ASSERT(pages.handed_out <= pages.capacity);
        }
        CU_ASSERT_EQUAL(pages.handed_out, rows[i].count);
        CU_ASSERT_EQUAL(pages.capacity, rows[i].capacity);
        for (uint64_t n = 1; n <= rows[i].count; n++) vmm_page_return(&pages, n * RMP_PAGE_4K);
        CU_ASSERT_EQUAL(pages.returned_count, rows[i].count);
        for (uint64_t n = rows[i].count; n >= 1; n--) {
            UNIT_OK(vmm_page_take(&pages, &paddr));
            CU_ASSERT_EQUAL(paddr, n * RMP_PAGE_4K);
        }
        CU_ASSERT_EQUAL(pages.capacity, rows[i].capacity);
        vmm_pages_free(&pages);
    }
}

static void comes_and_goes_for_ever(void) {
    struct vmm_pages pages;
    uint64_t a = 0, b = 0;
    vmm_pages_init(&pages, RMP_PAGE_4K, 3 * RMP_PAGE_4K);
    for (unsigned i = 0; i < 1000; i++) {
        UNIT_OK(vmm_page_take(&pages, &a));
        UNIT_OK(vmm_page_take(&pages, &b));
        CU_ASSERT(a != b);
        vmm_page_return(&pages, i % 2 ? a : b);
        vmm_page_return(&pages, i % 2 ? b : a);
    }
    CU_ASSERT_EQUAL(pages.next, pages.end);
    vmm_pages_free(&pages);
}

static const struct unit_test tests[] = {
    {"each-once", each_page_once},
    {"room-to-return", room_for_every_return},
    {"for-ever", comes_and_goes_for_ever},
    {NULL, NULL},
};

const struct unit_suite pages_suite = {"pages", tests};
