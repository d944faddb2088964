/* Unit tests of TCB_VERSION and processor identity: attestation report notes, sections 6, 7 and 11.
 * */
#include "sevkit/tcb.h"

#include "suites.h"

/* One row a product and byte of the table in section 6: the value of the byte alone, and the
 * component it is. A reserved byte has no component. */
enum part { RESERVED, FMC, BOOT_LOADER, TEE, SNP, MICROCODE };

static const struct {
    enum abi_product product;
    enum part bytes[8];
} layouts[] = {
    {ABI_PRODUCT_MILAN, {BOOT_LOADER, TEE, RESERVED, RESERVED, RESERVED, RESERVED, SNP, MICROCODE}},
    {ABI_PRODUCT_GENOA, {BOOT_LOADER, TEE, RESERVED, RESERVED, RESERVED, RESERVED, SNP, MICROCODE}},
    {ABI_PRODUCT_TURIN, {FMC, BOOT_LOADER, TEE, SNP, RESERVED, RESERVED, RESERVED, MICROCODE}},
};

#define LAYOUTS (sizeof layouts / sizeof layouts[0])

static unsigned value_of(const struct abi_tcb_parts *p, enum part part) {
    switch (part) {
    case RESERVED: return 0;
    case FMC: return p->fmc;
    case BOOT_LOADER: return p->boot_loader;
    case TEE: return p->tee;
    case SNP: return p->snp;
    case MICROCODE: return p->microcode;
    }
    return 0;
}

static void unpack_each_byte(void) {
    for (size_t l = 0; l < LAYOUTS; l++) {
        for (unsigned byte = 0; byte < 8; byte++) {
            const enum part part = layouts[l].bytes[byte];
            if (part == RESERVED) continue;
            struct abi_tcb_parts parts = {9, 9, 9, 9, 9};
            UNIT_OK(abi_tcb_unpack(layouts[l].product, UINT64_C(0xE7) << (8 * byte), &parts));
            for (enum part p = FMC; p <= MICROCODE; p++) {
                CU_ASSERT_EQUAL(value_of(&parts, p), p == part ? 0xE7 : 0);
            }
        }
    }
}

static void unpack_refuses_each_reserved_byte(void) {
    for (size_t l = 0; l < LAYOUTS; l++) {
        for (unsigned byte = 0; byte < 8; byte++) {
            if (layouts[l].bytes[byte] != RESERVED) continue;
            for (unsigned bit = 0; bit < 8; bit++) {
                struct abi_tcb_parts parts;
                const uint64_t raw = UINT64_C(1) << (8 * byte + bit);
                const struct sevkit_result r = abi_tcb_unpack(layouts[l].product, raw, &parts);
                UNIT_FAILS(r, SEVKIT_RESERVED, "TCB_VERSION");
                CU_ASSERT_EQUAL(r.offset, byte);
                CU_ASSERT_EQUAL(r.value, 1u << bit);
            }
        }
    }
}

static void first_reserved_byte_is_named(void) {
    struct abi_tcb_parts parts;
    CU_ASSERT_EQUAL(abi_tcb_unpack(ABI_PRODUCT_MILAN, UINT64_MAX, &parts).offset, 2);
    CU_ASSERT_EQUAL(abi_tcb_unpack(ABI_PRODUCT_TURIN, UINT64_MAX, &parts).offset, 4);
}

static void unpack_needs_a_product(void) {
    struct abi_tcb_parts parts;
    const struct sevkit_result r = abi_tcb_unpack(ABI_PRODUCT_UNKNOWN, 0, &parts);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "product");
    CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
}

/* Values of real certificates (certificate notes, section 2): Milan, Genoa, Turin. */
static void known_values(void) {
    const struct abi_tcb_parts milan = {.boot_loader = 4, .snp = 24, .microcode = 219};
    const struct abi_tcb_parts genoa = {.boot_loader = 10, .snp = 23, .microcode = 84};
    const struct abi_tcb_parts turin = {1, 1, 1, 4, 81};
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_MILAN, &milan), UINT64_C(0xDB18000000000004));
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_GENOA, &genoa), UINT64_C(0x541700000000000A));
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_TURIN, &turin), UINT64_C(0x5100000004010101));
}

static void pack_each_part(void) {
    const struct abi_tcb_parts parts = {0xF1, 0xF2, 0xF3, 0xF4, 0xF5};
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_MILAN, &parts), UINT64_C(0xF5F400000000F3F2));
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_GENOA, &parts), UINT64_C(0xF5F400000000F3F2));
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_UNKNOWN, &parts), UINT64_C(0xF5F400000000F3F2));
    CU_ASSERT_EQUAL(abi_tcb_pack(ABI_PRODUCT_TURIN, &parts), UINT64_C(0xF5000000F4F3F2F1));
}

static void pack_is_the_inverse(void) {
    static const uint64_t defined[] = {
        [ABI_PRODUCT_MILAN] = UINT64_C(0xFFFF00000000FFFF),
        [ABI_PRODUCT_GENOA] = UINT64_C(0xFFFF00000000FFFF),
        [ABI_PRODUCT_TURIN] = UINT64_C(0xFF000000FFFFFFFF),
    };
    for (enum abi_product p = ABI_PRODUCT_MILAN; p <= ABI_PRODUCT_TURIN; p++) {
        for (uint64_t i = 1; i < 200; i++) {
            const uint64_t raw = i * UINT64_C(0x9E3779B97F4A7C15) & defined[p];
            struct abi_tcb_parts parts;
            UNIT_OK(abi_tcb_unpack(p, raw, &parts));
            CU_ASSERT_EQUAL(abi_tcb_pack(p, &parts), raw);
        }
    }
}

static void component_order(void) {
    const uint64_t base = UINT64_C(0x8080808080808080);
    CU_ASSERT(abi_tcb_le(base, base));
    CU_ASSERT(abi_tcb_le(0, UINT64_MAX));
    CU_ASSERT(!abi_tcb_le(UINT64_MAX, 0));
    for (unsigned byte = 0; byte < 8; byte++) {
        const uint64_t one = UINT64_C(1) << (8 * byte);
        CU_ASSERT(abi_tcb_le(base, base + one));
        CU_ASSERT(abi_tcb_le(base - one, base));
        CU_ASSERT(!abi_tcb_le(base + one, base));
        /* One component lower does not make up for one that is higher, as it would in a number. */
        for (unsigned other = 0; other < 8; other++) {
            if (other == byte) continue;
            CU_ASSERT(!abi_tcb_le(base + one - (UINT64_C(1) << (8 * other)), base));
        }
    }
}

static void products_at_the_edges(void) {
    static const struct {
        uint8_t family, model;
        enum abi_product product;
    } rows[] = {
        {0x18, 0x01, ABI_PRODUCT_UNKNOWN}, {0x19, 0x00, ABI_PRODUCT_MILAN},
        {0x19, 0x01, ABI_PRODUCT_MILAN},   {0x19, 0x0F, ABI_PRODUCT_MILAN},
        {0x19, 0x10, ABI_PRODUCT_GENOA},   {0x19, 0x11, ABI_PRODUCT_GENOA},
        {0x19, 0x1F, ABI_PRODUCT_GENOA},   {0x19, 0x20, ABI_PRODUCT_UNKNOWN},
        {0x19, 0x9F, ABI_PRODUCT_UNKNOWN}, {0x19, 0xA0, ABI_PRODUCT_GENOA},
        {0x19, 0xAF, ABI_PRODUCT_GENOA},   {0x19, 0xB0, ABI_PRODUCT_UNKNOWN},
        {0x19, 0xFF, ABI_PRODUCT_UNKNOWN}, {0x1A, 0x00, ABI_PRODUCT_TURIN},
        {0x1A, 0x02, ABI_PRODUCT_TURIN},   {0x1A, 0x11, ABI_PRODUCT_TURIN},
        {0x1A, 0x12, ABI_PRODUCT_UNKNOWN}, {0x1A, 0x50, ABI_PRODUCT_UNKNOWN},
        {0x1B, 0x00, ABI_PRODUCT_UNKNOWN}, {0x00, 0x00, ABI_PRODUCT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* The stepping does not count. */
        const struct abi_fms low = {rows[i].family, rows[i].model, 0};
        const struct abi_fms high = {rows[i].family, rows[i].model, 15};
        CU_ASSERT_EQUAL(abi_product_from_fms(low), rows[i].product);
        CU_ASSERT_EQUAL(abi_product_from_fms(high), rows[i].product);
    }
}

static void eax_of_known_processors(void) {
    static const struct {
        uint32_t eax;
        struct abi_fms fms;
    } rows[] = {
        {0x00A00F10, {0x19, 0x01, 0}},  /* Milan B0 */
        {0x00A00F11, {0x19, 0x01, 1}},  /* Milan B1 */
        {0x00A10F11, {0x19, 0x11, 1}},  /* Genoa */
        {0x00AA0F02, {0x19, 0xA0, 2}},  /* Bergamo, Siena */
        {0x00B00F21, {0x1A, 0x02, 1}},  /* Turin */
        {0x00B10F10, {0x1A, 0x11, 0}},  /* Turin Dense */
        {0x0F0F0FFF, {0xFF, 0xFF, 15}}, /* the largest that three bytes hold */
        {0x00000F00, {0x0F, 0x00, 0}},
        {0x00000E22, {0x0E, 0x02, 2}}, /* no extended fields below family 0Fh */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct abi_fms fms = abi_fms_from_eax(rows[i].eax);
        CU_ASSERT_EQUAL(fms.family, rows[i].fms.family);
        CU_ASSERT_EQUAL(fms.model, rows[i].fms.model);
        CU_ASSERT_EQUAL(fms.stepping, rows[i].fms.stepping);
        CU_ASSERT_EQUAL(abi_fms_to_eax(rows[i].fms), rows[i].eax);
    }
}

static void reserved_eax_bits_are_dropped(void) {
    const struct abi_fms fms = abi_fms_from_eax(0x00A10F11 | 0xF000F000);
    CU_ASSERT_EQUAL(abi_fms_to_eax(fms), 0x00A10F11);
    const struct abi_fms old = abi_fms_from_eax(0x0FFF0E12);
    CU_ASSERT_EQUAL(old.family, 0x0E);
    CU_ASSERT_EQUAL(old.model, 0x01);
    const struct abi_fms wide = {0x19, 0x11, 0xF1};
    CU_ASSERT_EQUAL(abi_fms_to_eax(wide), 0x00A10F11);
}

static void every_family_and_model_survives_eax(void) {
    for (unsigned family = 0x0F; family <= 0xFF; family++) {
        for (unsigned model = 0; model <= 0xFF; model++) {
            const struct abi_fms in = {(uint8_t)family, (uint8_t)model, (uint8_t)(model & 15)};
            const struct abi_fms out = abi_fms_from_eax(abi_fms_to_eax(in));
            if (out.family == family && out.model == model && out.stepping == in.stepping) continue;
            CU_FAIL("family, model or stepping lost");
        }
    }
    CU_PASS("all pairs survive");
}

static void product_names(void) {
    CU_ASSERT_STRING_EQUAL(abi_product_name(ABI_PRODUCT_UNKNOWN), "unknown");
    CU_ASSERT_STRING_EQUAL(abi_product_name(ABI_PRODUCT_MILAN), "Milan");
    CU_ASSERT_STRING_EQUAL(abi_product_name(ABI_PRODUCT_GENOA), "Genoa");
    CU_ASSERT_STRING_EQUAL(abi_product_name(ABI_PRODUCT_TURIN), "Turin");
    CU_ASSERT_EQUAL(abi_product_from_name("Milan"), ABI_PRODUCT_MILAN);
    CU_ASSERT_EQUAL(abi_product_from_name("Genoa"), ABI_PRODUCT_GENOA);
    CU_ASSERT_EQUAL(abi_product_from_name("Turin"), ABI_PRODUCT_TURIN);
    CU_ASSERT_EQUAL(abi_product_from_name("milan"), ABI_PRODUCT_UNKNOWN);
    CU_ASSERT_EQUAL(abi_product_from_name("Milan-B0"), ABI_PRODUCT_UNKNOWN);
    CU_ASSERT_EQUAL(abi_product_from_name("Bergamo"), ABI_PRODUCT_UNKNOWN);
    CU_ASSERT_EQUAL(abi_product_from_name(""), ABI_PRODUCT_UNKNOWN);
}

static void hwid_sizes(void) {
    CU_ASSERT_EQUAL(abi_hwid_size(ABI_PRODUCT_MILAN), 64);
    CU_ASSERT_EQUAL(abi_hwid_size(ABI_PRODUCT_GENOA), 64);
    CU_ASSERT_EQUAL(abi_hwid_size(ABI_PRODUCT_TURIN), 8);
}

static const struct unit_test tests[] = {
    {"unpack-each-byte", unpack_each_byte},
    {"unpack-refuses-each-reserved-byte", unpack_refuses_each_reserved_byte},
    {"first-reserved-byte-is-named", first_reserved_byte_is_named},
    {"unpack-needs-a-product", unpack_needs_a_product},
    {"known-values", known_values},
    {"pack-each-part", pack_each_part},
    {"pack-is-the-inverse", pack_is_the_inverse},
    {"component-order", component_order},
    {"products-at-the-edges", products_at_the_edges},
    {"eax-of-known-processors", eax_of_known_processors},
    {"reserved-eax-bits-are-dropped", reserved_eax_bits_are_dropped},
    {"every-family-and-model-survives-eax", every_family_and_model_survives_eax},
    {"product-names", product_names},
    {"hwid-sizes", hwid_sizes},
    {NULL, NULL},
};

const struct unit_suite abi_tcb_suite = {"tcb", tests};
