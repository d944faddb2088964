/* Raw entries of Genoa and Milan, and the structure of RMPUPDATE and RMPREAD, against bytes by hand. RMP notes,
 * sections 1.1 and 1.2. */
#include "rmp/rmp.h"

#include <string.h>

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

struct raw {
    const char *name;
    struct rmp_entry entry;
    uint8_t bytes[16]; /* little-endian */
};

/* Each field alone at its edges, then all of them. Hypervisor, HV-Fixed and Firmware are the reset patterns. */
static const struct raw genoa[] = {
    {"Hypervisor", {0}, {0}},
    {"HV-Fixed", {.immutable = true}, {0x04}},
    {"Firmware", {.assigned = true, .immutable = true}, {0x05, 0, 0, 0, 0, 0, 0, 0x80}},
    {"Assigned", {.assigned = true}, {0x01}},
    {"Page_Size", {.size = RMP_2M}, {0x02}},
    {"sub-page count 1", {.subpages = 1}, {0x08}},
    {"sub-page count 511", {.subpages = 511}, {0xF8, 0x0F}},
    {"GPA bit 12", {.gpa = 0x1000}, {0x00, 0x10}},
    {"GPA bit 50", {.gpa = 0x4000000000000}, {0, 0, 0, 0, 0, 0, 0x04}},
    {"ASID 1", {.asid = 1}, {0, 0, 0, 0, 0, 0, 0x08}},
    {"ASID 512", {.asid = 512}, {0, 0, 0, 0, 0, 0, 0, 0x10}},
    {"ASID 1023", {.asid = 1023}, {0, 0, 0, 0, 0, 0, 0xF8, 0x1F}},
    {"VMSA", {.vmsa = true}, {0, 0, 0, 0, 0, 0, 0, 0x20}},
    {"Validated", {.validated = true}, {0, 0, 0, 0, 0, 0, 0, 0x40}},
    {"VMPL 0", {.perms = {0x1F}}, {0, 0, 0, 0, 0, 0, 0, 0, 0x1F}},
    {"VMPL 1", {.perms = {0, 0x1F}}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1F}},
    {"VMPL 2", {.perms = {0, 0, 0x1F}}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1F}},
    {"VMPL 3", {.perms = {0, 0, 0, 0x1F}}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1F}},
    {"Context",
     {.assigned = true, .immutable = true, .vmsa = true},
     {0x05, 0, 0, 0, 0, 0, 0, 0xA0}},
    {"Metadata: tag 1 in GPA page number bits 38:36",
     {.assigned = true, .immutable = true, .mark = RMP_MARK_METADATA, .gpa = 0x12345000},
     {0x05, 0x50, 0x34, 0x12, 0, 0, 0x01, 0x80}},
    {"Firmware-IOMMU: tag 2",
     {.assigned = true, .immutable = true, .mark = RMP_MARK_IOMMU},
     {0x05, 0, 0, 0, 0, 0, 0x02, 0x80}},
    {"Firmware-IOMMU: tag 2, page 1",
     {.assigned = true, .immutable = true, .mark = RMP_MARK_IOMMU, .gpa = 0x1000},
     {0x05, 0x10, 0, 0, 0, 0, 0x02, 0x80}},
    {"Pre-Swap, all fields",
     {.assigned = true,
      .immutable = true,
      .vmsa = true,
      .validated = true,
      .asid = 0x2A5,
      .gpa = 0x123456789000,
      .subpages = 0x155,
      .perms = {0x1F, 0x0F, 0x05, 0x11}},
     {0xAD, 0x9A, 0x78, 0x56, 0x34, 0x12, 0x28, 0xF5, 0x1F, 0x0F, 0x05, 0x11}},
    {"Guest-Valid of 2 MiB, GPA bits 50:48 are its own",
     {.assigned = true,
      .validated = true,
      .size = RMP_2M,
      .asid = 3,
      .gpa = 0x7FFFFFFE00000,
      .perms = {0x1F}},
     {0x03, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0x1F, 0x40, 0x1F}},
};

static const struct raw milan[] = {
    {"Hypervisor", {0}, {0}},
    {"HV-Fixed", {.immutable = true}, {0x04}},
    {"Firmware, no LOCK", {.assigned = true, .immutable = true}, {0x05}},
    {"Assigned", {.assigned = true}, {0x01}},
    {"pagesize", {.size = RMP_2M}, {0x02}},
    {"gpa bit 12", {.gpa = 0x1000}, {0x00, 0x10}},
    {"gpa bit 50", {.gpa = 0x4000000000000}, {0, 0, 0, 0, 0, 0, 0x04}},
    {"asid 1023", {.asid = 1023}, {0, 0, 0, 0, 0, 0, 0xF8, 0x1F}},
    {"vmsa", {.vmsa = true}, {0, 0, 0, 0, 0, 0, 0, 0x20}},
    {"validated", {.validated = true}, {0, 0, 0, 0, 0, 0, 0, 0x40}},
    {"Pre-Swap, all fields",
     {.assigned = true,
      .immutable = true,
      .vmsa = true,
      .validated = true,
      .asid = 0x2A5,
      .gpa = 0x123456789000},
     {0x05, 0x90, 0x78, 0x56, 0x34, 0x12, 0x28, 0x75}},
};

static void raw_case(struct suite_ctx *ctx, enum abi_rmp_format format, const struct raw *r) {
    uint8_t bytes[16];
    struct rmp_entry entry;
    memset(bytes, 0x5A, sizeof bytes);
    memset(&entry, 0x01, sizeof entry);
    suite_instance(ctx, "%s", r->name);
    abi_rmp_entry_encode(format, &r->entry, bytes);
    SUITE_BYTES(ctx, "raw entry", r->bytes, bytes, 16, "the notes' table of bits");
    abi_rmp_entry_decode(format, bytes, &entry);
    SUITE_STEP(rmp_entry_equal(ctx, &r->entry, &entry, "decoding gives what was encoded"));
    SUITE_EQUAL(ctx, "sub-page count", r->entry.subpages, entry.subpages, "bits 11:3");
}

static void genoa_rows(struct suite_ctx *ctx) {
    for (size_t i = 0; i < COUNT(genoa) && !suite_stopped(ctx); i++)
        raw_case(ctx, ABI_RMP_GENOA, &genoa[i]);
}

static void milan_rows(struct suite_ctx *ctx) {
    for (size_t i = 0; i < COUNT(milan) && !suite_stopped(ctx); i++)
        raw_case(ctx, ABI_RMP_MILAN, &milan[i]);
}

/* ---- reserved bits ---- */

/* Milan: bits 11:3 and 63 are reserved: neither written nor read. */
static void milan_reserved(struct suite_ctx *ctx) {
    const struct rmp_entry counted = {.assigned = true, .immutable = true, .subpages = 511};
    static const uint8_t written[8] = {0x05};
    uint8_t bytes[16] = {0xFD, 0x0F, 0, 0, 0, 0, 0, 0x80};
    struct rmp_entry entry;
    abi_rmp_entry_decode(ABI_RMP_MILAN, bytes, &entry);
    SUITE_EQUAL(ctx, "sub-page count", 0, entry.subpages, "Milan has none");
    SUITE_EQUAL(ctx, "state", RMP_FIRMWARE, rmp_entry_state(&entry), "reserved bits do not matter");
    abi_rmp_entry_encode(ABI_RMP_MILAN, &counted, bytes);
    SUITE_BYTES(ctx, "raw entry", written, bytes, 8, "reserved bits are zero");
}

/* Genoa: LOCK and the upper half's bits 63:32 are ignored. */
static void genoa_ignored(struct suite_ctx *ctx) {
    const struct raw *all = &genoa[COUNT(genoa) - 2];
    for (unsigned bit = 63; bit < 128; bit += bit == 63 ? 33 : 1) {
        uint8_t bytes[16];
        struct rmp_entry entry;
        memcpy(bytes, all->bytes, 16);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        suite_instance(ctx, "bit %u", bit);
        abi_rmp_entry_decode(ABI_RMP_GENOA, bytes, &entry);
        SUITE_STEP(rmp_entry_equal(ctx, &all->entry, &entry, "the bit is no field"));
    }
}

/* ---- the structure of RMPUPDATE and RMPREAD ---- */

static const struct {
    const char *name;
    struct rmp_state_fields fields;
    uint8_t bytes[16];
} structures[] = {
    {"none", {0}, {0}},
    {"GPA", {.gpa = 0x0007123456789000}, {0x00, 0x90, 0x78, 0x56, 0x34, 0x12, 0x07}},
    {"Assigned", {.assigned = true}, {0, 0, 0, 0, 0, 0, 0, 0, 1}},
    {"Page_Size", {.size = RMP_2M}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
    {"Immutable", {.immutable = true}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
    {"ASID", {.asid = 0x12345678}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12}},
    {"all",
     {.gpa = 0x40000000, .assigned = true, .size = RMP_2M, .immutable = true, .asid = 0x3FF},
     {0, 0, 0, 0x40, 0, 0, 0, 0, 1, 1, 1, 0, 0xFF, 0x03}},
};

static bool fields_equal(struct suite_ctx *ctx, const struct rmp_state_fields *a,
                         const struct rmp_state_fields *b) {
    static const char rule[] = "decoding gives what was encoded";
    return suite_equal(ctx, "GPA", a->gpa, b->gpa, rule) &&
           suite_equal(ctx, "Assigned", a->assigned, b->assigned, rule) &&
           suite_equal(ctx, "Page_Size", a->size, b->size, rule) &&
           suite_equal(ctx, "Immutable", a->immutable, b->immutable, rule) &&
           suite_equal(ctx, "ASID", a->asid, b->asid, rule) &&
           suite_check(ctx, "2M-region status", !b->region_assigned, "RMPREAD's output only");
}

static void structure_rows(struct suite_ctx *ctx) {
    for (size_t i = 0; i < COUNT(structures); i++) {
        uint8_t bytes[16];
        struct rmp_state_fields fields = {.region_assigned = true};
        memset(bytes, 0x5A, sizeof bytes);
        suite_instance(ctx, "%s", structures[i].name);
        abi_rmp_state_encode(&structures[i].fields, bytes);
        SUITE_BYTES(ctx, "structure", structures[i].bytes, bytes, 16, "the notes' offsets");
        abi_rmp_state_decode(bytes, &fields);
        SUITE_STEP(fields_equal(ctx, &structures[i].fields, &fields));
    }
}

/* Bit 1 of byte 9 is written, and not read. */
static void region_status(struct suite_ctx *ctx) {
    const struct rmp_state_fields small = {.region_assigned = true};
    const struct rmp_state_fields large = {.region_assigned = true, .size = RMP_2M};
    struct rmp_state_fields fields;
    uint8_t bytes[16];
    abi_rmp_state_encode(&small, bytes);
    SUITE_EQUAL(ctx, "byte 9", 2, bytes[9], "2M-region status is bit 1");
    abi_rmp_state_decode(bytes, &fields);
    SUITE_CHECK(ctx, "2M-region status", !fields.region_assigned, "RMPUPDATE does not read it");
    SUITE_EQUAL(ctx, "Page_Size", RMP_4K, fields.size, "Page_Size is bit 0");
    abi_rmp_state_encode(&large, bytes);
    SUITE_EQUAL(ctx, "byte 9", 3, bytes[9], "Page_Size is bit 0");
}

/* Byte 11 and the bits beside each flag. */
static void structure_reserved(struct suite_ctx *ctx) {
    static const uint8_t masks[16] = {[8] = 0xFE, [9] = 0xFE, [10] = 0xFE, [11] = 0xFF};
    const struct rmp_state_fields *all = &structures[COUNT(structures) - 1].fields;
    for (unsigned bit = 64; bit < 96; bit++) {
        uint8_t bytes[16];
        struct rmp_state_fields fields;
        if ((masks[bit / 8] >> bit % 8 & 1) == 0) continue;
        suite_instance(ctx, "bit %u of byte %u", bit % 8, bit / 8);
        memcpy(bytes, structures[COUNT(structures) - 1].bytes, 16);
        bytes[bit / 8] |= (uint8_t)(1u << bit % 8);
        abi_rmp_state_decode(bytes, &fields);
        SUITE_STEP(fields_equal(ctx, all, &fields));
    }
}

static const struct suite_test tests[] = {
    RMP_TEST("format.genoa", "raw entries of Genoa, field by field", ("SNP-RMP-171"), genoa_rows,
             NULL),
    RMP_TEST("format.genoa-ignored", "bits of a Genoa entry that are no field", ("SNP-RMP-171"),
             genoa_ignored, NULL),
    RMP_TEST("format.milan", "raw entries of Milan, field by field", ("SNP-RMP-172"), milan_rows,
             NULL),
    RMP_TEST("format.milan-reserved", "sub-page count and LOCK are reserved in Milan",
             ("SNP-RMP-172"), milan_reserved, NULL),
    RMP_TEST("format.structure", "the structure of RMPUPDATE and RMPREAD, field by field",
             ("SNP-RMP-173"), structure_rows, NULL),
    RMP_TEST("format.region-status", "2M-region status is bit 1 of byte 9, of RMPREAD alone",
             ("SNP-RMP-173", "SNP-RMP-037"), region_status, NULL),
    RMP_TEST("format.structure-reserved", "reserved bits of the structure are ignored",
             ("SNP-RMP-173"), structure_reserved, NULL),
};

const struct suite_area rmp_part_format = RMP_PART(tests);
