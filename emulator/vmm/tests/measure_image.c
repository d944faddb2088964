/* The footer table and the metadata of an image: every bound from both sides. Launch notes, 3.1 and 3.2. */
#include <string.h>

#include "sevkit/bytes.h"
#include "vmm/tests/measure_fixture.h"

extern const struct unit_suite measure_image_suite;

static uint8_t bytes[IMAGE_SIZE];

static struct sevkit_result open_image(struct vmm_image *image) {
    return vmm_image_open((struct vmm_file){bytes, sizeof bytes}, image);
}

static void opened(void) {
    struct vmm_image image;
    uint32_t number = 0;
    image_make(bytes);
    UNIT_OK(open_image(&image));
    CU_ASSERT_EQUAL(image.table, AT_TABLE);
    CU_ASSERT_EQUAL(image.table_end, AT_FOOTER);
    CU_ASSERT_EQUAL(image.sections, AT_SECTIONS);
    CU_ASSERT_EQUAL(image.section_count, SECTIONS);
    UNIT_OK(vmm_image_number(&image, vmm_guid_reset_block, "x", &number));
    CU_ASSERT_EQUAL(number, AP_EIP);
    UNIT_OK(vmm_image_number(&image, vmm_guid_hash_table, "x", &number));
    CU_ASSERT_EQUAL(number, TABLE_GPA);
    UNIT_OK(vmm_image_number(&image, vmm_guid_svsm_info, "x", &number));
    CU_ASSERT_EQUAL(number, 0x240);
    const struct vmm_section section = vmm_image_section(&image, 3);
    CU_ASSERT_EQUAL(section.gpa, 0x80F000);
    CU_ASSERT_EQUAL(section.size, 0x1000);
    CU_ASSERT_EQUAL(section.type, 0x10);
}

/* One number of the image is another one. */
static void bounds(void) {
    static const struct {
        size_t at, size; /* of the number */
        uint32_t value;
        const char *field; /* NULL: accepted */
        uint64_t seen;     /* 0: VALUE itself */
    } rows[] = {
        {AT_FOOTER, 2, 17, "footer", 0}, /* @req SNP-LD-031 SNP-LD-055 */
        {AT_FOOTER, 2, 18, NULL, 0},     /* an empty table: no metadata */
        {AT_FOOTER, 2, 19, "footer", 1}, /* a byte before the footer is no entry */
        {AT_FOOTER, 2, 35, "footer", 17},
        {AT_FOOTER, 2, 18 + 22, NULL, 0}, /* the metadata's entry alone */
        {AT_FOOTER, 2, AT_FOOTER + 18 - AT_TABLE - 1, "footer", 22},
        {AT_FOOTER, 2, AT_FOOTER + 18 - AT_TABLE + 1, "footer", 1},
        {AT_FOOTER, 2, 0xFFFF, "footer", 0},
        {AT_FOOTER, 2, AT_FOOTER + 18 + 1, "footer", 0},           /* begins before the image */
        {AT_FOOTER + 2, 4, 0x96b582df, "footer", IMAGE_SIZE - 32}, /* GUID */
        {AT_FOOTER + 14, 4, 0x2d085ac4, "footer", IMAGE_SIZE - 32},
        {AT_RESET + 4, 2, 0, "footer", 0}, /* @req SNP-LD-033 */
        {AT_RESET + 4, 2, 17, "footer", 0},
        {AT_RESET + 4, 2, 0x200, "footer", 0},
        {AT_SVSM + 4, 2, 23, "footer", 0}, /* one byte before the table */
        {AT_SVSM + 4, 2, 22, NULL, 0},
        {AT_SVSM + 4, 2, 21, "footer", 1}, /* leaves a byte */
        {AT_OFFSET, 4, 0, "metadata", 0},  /* @req SNP-LD-034 */
        {AT_OFFSET, 4, 15, "metadata", 0},
        {AT_OFFSET, 4, IMAGE_SIZE + 1, "metadata", 0},
        {AT_OFFSET, 4, 0xFFFFFFFF, "metadata", 0},
        {AT_OFFSET, 4, 0x3FF, "metadata", AT_METADATA + 1},
        {AT_METADATA, 4, 0x56455342, "metadata", AT_METADATA},
        {AT_METADATA, 4, 0x57455341, "metadata", AT_METADATA},
        {AT_METADATA + 8, 4, 0, "metadata", 0},
        {AT_METADATA + 8, 4, 2, "metadata", 0},
        {AT_METADATA + 12, 4, SECTIONS + 1, "metadata", 16 + 12 * SECTIONS},
        {AT_METADATA + 12, 4, SECTIONS - 1, NULL, 0},
        {AT_METADATA + 12, 4, 0, NULL, 0},
        {AT_METADATA + 12, 4, 0x15555556, "metadata", 16 + 12 * SECTIONS}, /* 12 times this wraps */
        {AT_METADATA + 4, 4, 16 + 12 * SECTIONS - 1, "metadata", 0},
        {AT_METADATA + 4, 4, 0x400, NULL, 0},
        {AT_METADATA + 4, 4, 0x401, "metadata", 0},
        {AT_METADATA + 4, 4, 15, "metadata", 0},
        {AT_SECTIONS + 8, 4, 0, "metadata", 0}, /* @req SNP-LD-035 */
        {AT_SECTIONS + 8, 4, 5, "metadata", 0},
        {AT_SECTIONS + 8, 4, 0xF, "metadata", 0},
        {AT_SECTIONS + 8, 4, 0x11, "metadata", 0},
        {AT_SECTIONS + 5 * 12 + 8, 4, 0x101, "metadata", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vmm_image image;
        image_make(bytes);
        if (rows[i].size == 2)
            abi_put_le16(bytes + rows[i].at, (uint16_t)rows[i].value);
        else
            abi_put_le32(bytes + rows[i].at, rows[i].value);
        const struct sevkit_result r = open_image(&image);
        if (rows[i].field == NULL) {
            UNIT_OK(r);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, rows[i].field);
            CU_ASSERT_EQUAL(r.value, rows[i].seen == 0 ? rows[i].value : rows[i].seen);
            CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
        }
    }
}

/* The table may fill the image, the metadata begin with it or end with it. */
static void at_the_edges(void) {
    static uint8_t small[0x1000];
    struct vmm_image image;
    image_make(bytes);
    memcpy(small, bytes + sizeof bytes - sizeof small, sizeof small);
    const size_t moved = sizeof bytes - sizeof small;
    abi_put_le32(small + (AT_OFFSET - moved), sizeof small); /* the metadata opens the image */
    memcpy(small, "ASEV", 4);
    abi_put_le32(small + 4, 16);
    abi_put_le32(small + 8, 1);
    abi_put_le32(small + 12, 0);
    UNIT_OK(vmm_image_open((struct vmm_file){small, sizeof small}, &image));
    CU_ASSERT_EQUAL(image.sections, 16);
    abi_put_le32(small + (AT_OFFSET - moved), 16); /* and ends it */
    memcpy(small + sizeof small - 16, small, 16);
    UNIT_OK(vmm_image_open((struct vmm_file){small, sizeof small}, &image));
    CU_ASSERT_EQUAL(image.sections, sizeof small);
    /* One entry over all of the image before the footer. */
    const size_t footer = AT_FOOTER - moved;
    abi_put_le16(small + footer, (uint16_t)(footer + 18));
    abi_put_le16(small + footer - 18, (uint16_t)footer);
    small[footer - 1] ^= 1; /* of no GUID that is known */
    UNIT_OK(vmm_image_open((struct vmm_file){small, sizeof small}, &image));
    CU_ASSERT_EQUAL(image.table, 0);
    CU_ASSERT_EQUAL(image.section_count, 0);
}

/* Without a metadata entry there are no sections; with a short one the image is refused. */
static void entries(void) {
    struct vmm_image image;
    uint32_t number = 77;
    image_make(bytes);
    bytes[AT_OFFSET + 6] ^= 1;
    UNIT_OK(open_image(&image));
    CU_ASSERT_EQUAL(image.section_count, 0);

    image_make(bytes);
    UNIT_OK(open_image(&image));
    bytes[AT_RESET + 6] ^= 1;
    UNIT_FAILS(vmm_image_number(&image, vmm_guid_reset_block, "reset-block", &number),
               SEVKIT_BAD_VALUE, "reset-block");
    CU_ASSERT_EQUAL(number, 77);

    /* What lies before the table is no entry, though it looks like one. */
    image_make(bytes);
    abi_put_le16(bytes + AT_TABLE - 18, 22);
    memcpy(bytes + AT_TABLE - 16, vmm_guid_reset_block, 16);
    bytes[AT_RESET + 6] ^= 1;
    UNIT_OK(open_image(&image));
    UNIT_FAILS(vmm_image_number(&image, vmm_guid_reset_block, "reset-block", &number),
               SEVKIT_BAD_VALUE, "reset-block");

    /* The first entry of the table, cut to three bytes of data, to two, to one, to none. */
    for (uint16_t cut = 1; cut <= 4; cut++) {
        image_make(bytes);
        abi_put_le16(bytes + AT_SVSM + 4, (uint16_t)(22 - cut));
        abi_put_le16(bytes + AT_FOOTER, (uint16_t)(AT_FOOTER + 18 - AT_TABLE - cut));
        UNIT_OK(open_image(&image));
        UNIT_FAILS(vmm_image_number(&image, vmm_guid_svsm_info, "svsm-info", &number),
                   SEVKIT_BAD_VALUE, "svsm-info");
    }

    /* Of two entries with one GUID the last one counts. */
    image_make(bytes);
    memcpy(bytes + AT_SVSM + 6, vmm_guid_reset_block, 16);
    UNIT_OK(open_image(&image));
    UNIT_OK(vmm_image_number(&image, vmm_guid_reset_block, "x", &number));
    CU_ASSERT_EQUAL(number, AP_EIP);
}

/* Whole pages: what a range of pages wants of its section. */
static void whole_sections(void) {
    static const struct {
        size_t at;
        uint32_t value;
        bool good;
    } rows[] = {
        {AT_SECTIONS, 0x800800, false},
        {AT_SECTIONS + 4, 0x1001, false},
        {AT_SECTIONS + 4, 0, true},
        {AT_SECTIONS + 4 * 12, 0x80C001, false},
        {AT_SECTIONS + 3 * 12 + 4, 0x1800, false},
        {AT_SECTIONS + 4 * 12 + 4, 0x3000, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct list list = {.fail_at = SIZE_MAX};
        image_make(bytes);
        abi_put_le32(bytes + rows[i].at, rows[i].value);
        const struct vmm_measure_guest guest = guest_of(bytes);
        const struct sevkit_result r = list_pages(&guest, &list);
        if (rows[i].good) {
            UNIT_OK(r);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, "metadata");
            CU_ASSERT_EQUAL(r.value, rows[i].value % ABI_PAGE_SIZE);
        }
    }
}

static const struct unit_test tests[] = {
    {"opened", opened},
    {"bounds", bounds},
    {"at-the-edges", at_the_edges},
    {"entries", entries},
    {"whole-sections", whole_sections},
    {NULL, NULL},
};

const struct unit_suite measure_image_suite = {"measure-image", tests};
