/* VMSA pages: every byte of the notes' table, and zeros elsewhere. Launch notes, 3.4. */
#include <string.h>

#include "sevkit/bytes.h"
#include "vmm/tests/measure_fixture.h"

extern const struct unit_suite measure_vmsa_suite;

/* A field: its place, its size, its value in each column. */
struct row {
    size_t at, size;
    uint64_t qemu, ec2, gce;
};

/* The BSP's page, but for CS. Segments are selector, attributes, limit, base. */
static const struct row table[] = {
    {0x002, 2, 0x93, 0x93, 0x93},
    {0x004, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* ES */
    {0x010, 2, 0xF000, 0xF000, 0xF000},
    {0x014, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* CS */
    {0x022, 2, 0x93, 0x92, 0x93},
    {0x024, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* SS */
    {0x032, 2, 0x93, 0x93, 0x93},
    {0x034, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* DS */
    {0x042, 2, 0x93, 0x93, 0x93},
    {0x044, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* FS */
    {0x052, 2, 0x93, 0x93, 0x93},
    {0x054, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* GS */
    {0x064, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* GDTR */
    {0x072, 2, 0x82, 0x82, 0x82},
    {0x074, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* LDTR */
    {0x084, 4, 0xFFFF, 0xFFFF, 0xFFFF}, /* IDTR */
    {0x092, 2, 0x8B, 0x83, 0x8B},
    {0x094, 4, 0xFFFF, 0xFFFF, 0xFFFF},                             /* TR */
    {0x0D0, 8, 0x1000, 0x1000, 0x1000},                             /* EFER */
    {0x148, 8, 0x40, 0x40, 0x40},                                   /* CR4 */
    {0x158, 8, 0x10, 0x10, 0x10},                                   /* CR0 */
    {0x160, 8, 0x400, 0x400, 0x400},                                /* DR7 */
    {0x168, 8, 0xFFFF0FF0, 0xFFFF0FF0, 0xFFFF0FF0},                 /* DR6 */
    {0x170, 8, 2, 2, 2},                                            /* RFLAGS */
    {0x268, 8, 0x0007040600070406, 0x0007040600070406, 0x00070106}, /* G_PAT */
    {0x310, 8, 0x00A00F11, 0x600, 0x600},                           /* RDX */
    {0x3B0, 8, 0x8000000000000001, 0x8000000000000001, 0x8000000000000001},
    {0x3E8, 8, 1, 1, 1},      /* XCR0 */
    {0x408, 4, 0x1F80, 0, 0}, /* MXCSR */
    {0x410, 2, 0x37F, 0, 0},  /* FCW */
};

static void put(uint8_t *page, size_t at, size_t size, uint64_t value) {
    for (size_t i = 0; i < size; i++) page[at + i] = (uint8_t)(value >> 8 * i);
}

/* @req SNP-LD-043 SNP-LD-044 SNP-LD-045 SNP-LD-047 SNP-LD-049 */
static void hosts(void) {
    static const struct {
        enum vmm_host host;
        uint32_t eip;
        uint64_t cs_attributes, cs_base, rip;
    } cases[] = {
        {VMM_HOST_QEMU, 0xFFFFFFF0, 0x9B, 0xFFFF0000, 0xFFF0},
        {VMM_HOST_QEMU, AP_EIP, 0x9B, 0x00800000, 0xB005},
        {VMM_HOST_EC2, 0xFFFFFFF0, 0x9A, 0xFFFF0000, 0xFFF0},
        {VMM_HOST_EC2, AP_EIP, 0x9B, 0x00800000, 0xB005},
        {VMM_HOST_GCE, 0xFFFFFFF0, 0x9B, 0xFFFF0000, 0xFFF0},
        {VMM_HOST_GCE, AP_EIP, 0x9B, 0x00800000, 0xB005},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t wanted[ABI_PAGE_SIZE] = {0}, page[ABI_PAGE_SIZE];
        struct vmm_measure_guest guest = guest_of(NULL);
        guest.host = cases[i].host;
        for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
            const uint64_t values[] = {[VMM_HOST_QEMU] = table[k].qemu,
                                       [VMM_HOST_EC2] = table[k].ec2,
                                       [VMM_HOST_GCE] = table[k].gce};
            put(wanted, table[k].at, table[k].size, values[guest.host]);
        }
        put(wanted, 0x012, 2, cases[i].cs_attributes);
        put(wanted, 0x018, 8, cases[i].cs_base);
        put(wanted, 0x178, 8, cases[i].rip);
        memset(page, 0xA5, sizeof page);
        vmm_vmsa_page(&guest, cases[i].eip, page);
        UNIT_BYTES(page, wanted, sizeof page);
    }
}

/* @req SNP-LD-046 */
static void ec2_rdx(void) {
    uint8_t page[ABI_PAGE_SIZE];
    struct vmm_measure_guest guest = guest_of(NULL);
    guest.host = VMM_HOST_EC2;
    guest.ec2_rdx = UINT64_C(0x1122334455667788);
    vmm_vmsa_page(&guest, AP_EIP, page);
    CU_ASSERT_EQUAL(abi_get_le64(page + 0x310), UINT64_C(0x1122334455667788));
}

/* @req SNP-LD-052 SNP-LD-053 */
static void svsm(void) {
    static const size_t flat[] = {0x000, 0x020, 0x030, 0x040};
    uint8_t wanted[ABI_PAGE_SIZE] = {0}, page[ABI_PAGE_SIZE];
    struct vmm_measure_guest guest = guest_of(NULL);
    guest.svsm_fcw = 0x1234;
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++)
        put(wanted, table[k].at, table[k].size, table[k].qemu);
    for (size_t i = 0; i < 4; i++) {
        put(wanted, flat[i], 2, 16);
        put(wanted, flat[i] + 2, 2, 0xC93);
        put(wanted, flat[i] + 4, 4, 0xFFFFFFFF);
    }
    put(wanted, 0x010, 2, 8);
    put(wanted, 0x012, 2, 0xC9B);
    put(wanted, 0x014, 4, 0xFFFFFFFF);
    put(wanted, 0x158, 8, 0x11);
    put(wanted, 0x178, 8, 0xFFF80240);
    put(wanted, 0x3B0, 8, 1);
    put(wanted, 0x410, 2, 0x1234);
    memset(page, 0xA5, sizeof page);
    vmm_vmsa_svsm_page(&guest, 0xFFF80240, page);
    UNIT_BYTES(page, wanted, sizeof page);
}

/* @req SNP-LD-048 */
static void signatures(void) {
    static const struct {
        const char *type;
        uint32_t signature; /* 0: not known */
    } rows[] = {
        {"EPYC", 0x00800F12},
        {"EPYC-v1", 0x00800F12},
        {"EPYC-v2", 0x00800F12},
        {"EPYC-v3", 0x00800F12},
        {"EPYC-v4", 0x00800F12},
        {"EPYC-IBPB", 0x00800F12},
        {"EPYC-v5", 0},
        {"EPYC-Rome", 0x00830F10},
        {"EPYC-Rome-v1", 0x00830F10},
        {"EPYC-Rome-v2", 0x00830F10},
        {"EPYC-Rome-v3", 0x00830F10},
        {"EPYC-Rome-v4", 0},
        {"EPYC-Milan", 0x00A00F11},
        {"EPYC-Milan-v1", 0x00A00F11},
        {"EPYC-Milan-v2", 0x00A00F11},
        {"EPYC-Milan-v3", 0},
        {"EPYC-Genoa", 0x00A10F10},
        {"EPYC-Genoa-v1", 0x00A10F10},
        {"EPYC-Genoa-v2", 0},
        {"EPYC-Turin", 0x00B00F00},
        {"EPYC-Turin-v1", 0},
        {"EPY", 0},
        {"", 0},
        {"EPYC ", 0},
        {"epyc", 0},
        {"EPYC-Milan-IBPB", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t signature = 77;
        CU_ASSERT_EQUAL(vmm_vcpu_signature(rows[i].type, &signature), rows[i].signature != 0);
        CU_ASSERT_EQUAL(signature, rows[i].signature != 0 ? rows[i].signature : 77);
    }
}

static const struct unit_test tests[] = {
    {"hosts", hosts},           {"ec2-rdx", ec2_rdx}, {"svsm", svsm},
    {"signatures", signatures}, {NULL, NULL},
};

const struct unit_suite measure_vmsa_suite = {"measure-vmsa", tests};
