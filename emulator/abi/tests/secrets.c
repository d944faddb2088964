/* Unit tests of the secrets page. Guest message notes, section 11. */
#include "sevkit/secrets.h"

#include <string.h>

#include "codec.h"
#include "suites.h"

#define N(member, wire, size) NUMBER(struct abi_secrets_page, member, wire, size)
#define B(member, wire, size) BYTES(struct abi_secrets_page, member, wire, size)

static const struct field fields[] = {
    N(version, 0x000, 4),
    N(imi_en, 0x004, 4),
    N(fms, 0x008, 4),
    N(reserved_0c, 0x00C, 4),
    B(gosvw, 0x010, 16),
    B(vmpck[0], 0x020, 32),
    B(vmpck[1], 0x040, 32),
    B(vmpck[2], 0x060, 32),
    B(vmpck[3], 0x080, 32),
    B(guest_area, 0x0A0, 96),
    B(vmsa_tweak_bitmap, 0x100, 64),
    B(guest_area_2, 0x140, 32),
    N(tsc_factor, 0x160, 4),
    N(reserved_164, 0x164, 4),
    N(launch_mit_vector, 0x168, 8),
    B(reserved_170, 0x170, 0xE90),
    {.name = NULL},
};

static void page_in(const uint8_t *in, void *object) {
    UNIT_OK(abi_secrets_decode(in, 0x1000, object));
}

static void page_out(const void *object, uint8_t *out) {
    abi_secrets_encode(object, out);
}

static void layout(void) {
    codec_check(&(struct codec){.name = "secrets page",
                                .size = 0x1000,
                                .object = sizeof(struct abi_secrets_page),
                                .decode = page_in,
                                .encode = page_out,
                                .fields = fields,
                                .first_byte = 2});
}

static void other_sizes_are_refused(void) {
    static const size_t sizes[] = {0, 0x170, 0xFFF, 0x1001, 0x2000};
    static const uint8_t bytes[0x2000] = {3};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct abi_secrets_page page;
        const struct sevkit_result r = abi_secrets_decode(bytes, sizes[i], &page);
        UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "SECRETS_PAGE");
        CU_ASSERT_EQUAL(r.value, sizes[i]);
    }
}

static void version_rule(void) {
    static const struct {
        uint8_t bytes[4];
        bool good;
    } rows[] = {
        {{0}, false}, {{1}, false}, {{2}, true}, {{3}, true}, {{4}, true}, {{0, 1}, true},
    };
    uint8_t bytes[0x1000] = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(bytes, rows[i].bytes, 4);
        struct abi_secrets_page page;
        const struct sevkit_result r = abi_secrets_decode(bytes, sizeof bytes, &page);
        if (rows[i].good) {
            UNIT_OK(r);
            continue;
        }
        UNIT_FAILS(r, SEVKIT_BAD_VALUE, "VERSION");
        CU_ASSERT_EQUAL(r.offset, 0);
        CU_ASSERT_EQUAL(r.value, rows[i].bytes[0]);
    }
}

static void constants(void) {
    CU_ASSERT_EQUAL(ABI_SECRETS_SEQNO_LOW, 0x0A0);
    CU_ASSERT_EQUAL(ABI_SECRETS_SEQNO_HIGH, 0x0B8);
    CU_ASSERT_EQUAL(ABI_SECRETS_GHCB_VERSION, 0x0DE);
    CU_ASSERT_EQUAL(ABI_SECRETS_VERSION_MIN, 2);
    CU_ASSERT_EQUAL(ABI_SECRETS_VERSION_MIT, 4);
}

static const struct unit_test tests[] = {
    {"layout", layout},
    {"other-sizes-are-refused", other_sizes_are_refused},
    {"version-rule", version_rule},
    {"constants", constants},
    {NULL, NULL},
};

const struct unit_suite abi_secrets_suite = {"secrets", tests};
