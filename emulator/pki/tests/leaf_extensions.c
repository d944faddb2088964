/* The AMD extensions of a leaf, one defect each beside the accepted twin. Certificate notes,
 * section 2. In the rows the TCB is boot loader 3, TEE 2, SNP 22 (16h), microcode 50h, on Turin
 * FMC 1. */
#include <stdio.h>
#include <string.h>

#include "verify_fixture.h"

#define ARC "2b060104019c7801"
#define BL "301106 0a" ARC "0301 0403020103"
#define SNP "301106 0a" ARC "0303 0403020116"
#define SPL5 "301106 0a" ARC "0305 0403020100"
#define UCODE "301106 0a" ARC "0308 0403020150"
#define FMC "301106 0a" ARC "0309 0403020101"
#define VERSION "301006 09" ARC "01 0403020100"
#define VERSION_1 "301006 09" ARC "01 0403020101"

#define M ABI_PRODUCT_MILAN
#define T ABI_PRODUCT_TURIN

static const struct row {
    const char *name;
    enum abi_product product;
    bool vlek;
    const char *old, *new;
    const char *field; /* NULL: accepted by pki_cert_leaf_info */
    const char *requirement;
    uint64_t value; /* the one that the refusal tells */
} rows[] = {
    {"bl-missing", M, false, BL, "", "blSPL", "VRF-059", 0},
    {"ucode-missing", M, false, UCODE, "", "ucodeSPL", "VRF-059", 0},
    {"reserved-missing", M, false, SPL5, "", "spl_5", "VRF-059", 0},
    {"fmc-missing", T, false, FMC, "", "fmcSPL", "VRF-059", 0},
    {"fmc-on-milan", M, false, BL, BL FMC, "fmcSPL", "VRF-109", 1},
    {"spl4-on-turin", T, false, BL, BL "301106 0a" ARC "0304 0403020100", "spl_4", "VRF-109", 1},
    {"unknown-in-arc", M, false, BL, BL "301006 09" ARC "06 0403020100", "1.3.6.1.4.1.3704.1.6",
     "VRF-109", 3},
    {"outside-the-arc", M, false, BL, BL "3010 0609 2b060104019c780201 0403020100", NULL, "", 0},
    {"critical", M, false, BL, "301406 0a" ARC "0301 0101ff 0403020103",
     "VCEK.1.3.6.1.4.1.3704.1.3.1", "VRF-037", 1},
    {"integer-wide", M, false, "0403020103", "040402020103", "blSPL", "VRF-060", 4},
    {"integer-padded", M, false, "0403020103", "040402020003", "blSPL", "VRF-060", 4},
    {"integer-negative", M, false, "0403020150", "04030201db", "ucodeSPL", "VRF-060", 3},
    {"integer-of-three", M, false, "0403020150", "0405020300 00db", "ucodeSPL", "VRF-060", 5},
    {"integer-trailing", M, false, "0403020103", "04040201 0300", "blSPL", "VRF-060", 4},
    {"integer-empty", M, false, "0403020103", "0400", "blSPL", "VRF-060", 0},
    {"integer-enumerated", M, false, "0403020116", "04030a0116", "snpSPL", "VRF-060", 3},
    {"integer-octets", M, false, "0403020116", "0403040116", "snpSPL", "VRF-060", 3},
    {"spl-127", M, false, "0403020103", "040302017f", NULL, "", 0},
    {"spl-128", M, false, "0403020103", "040402020080", "blSPL", "VRF-060", 0x80},
    {"ucode-255", M, false, "0403020150", "0404020200ff", NULL, "", 0},
    {"reserved-1", M, false, SPL5, "301106 0a" ARC "0305 0403020101", "spl_5", "VRF-060", 1},
    {"version-1-on-milan", M, false, VERSION, VERSION_1, "structVersion", "VRF-111", 1},
    {"version-0-on-turin", T, false, VERSION_1, VERSION, "structVersion", "VRF-111", 0},
    {"name-milan", M, false, "040a16084d696c616e2d4230", "040716054d696c616e", NULL, "", 0},
    {"name-milan-b9", M, false, "2d4230", "2d4239", NULL, "", 0},
    {"name-genoa", M, false, "040a16084d696c616e2d4230", "0407160547656e6f61", "productName",
     "VRF-110", 5},
    {"name-longer", M, false, "040a16084d696c616e2d4230", "040816064d696c616e6f", "productName",
     "VRF-110", 6},
    {"name-prefix", M, false, "040a16084d696c616e2d4230", "040b1609584d696c616e2d4230",
     "productName", "VRF-110", 9},
    {"name-stepping", M, false, "2d4230", "2d4230 30", "productName", "VRF-110", 11},
    {"name-utf8", M, false, "040a16084d", "040a0c084d", "productName", "VRF-110", 10},
    {"name-trailing", M, false, "040a16084d696c616e2d4230", "040b16084d696c616e2d423000",
     "productName", "VRF-110", 11},
    {"name-control", M, false, "040a16084d696c616e2d4230", "040a16084d696c616e2d421b",
     "productName", "VRF-110", 0x1B},
    {"csp-below-a-space", M, true, "161d434e3d", "161d1f4e3d", "cspID", "VRF-054", 0x1F},
    {"csp-a-space", M, true, "161d434e3d", "161d204e3d", NULL, "", 0},
    {"csp-a-tilde", M, true, "161d434e3d", "161d7e4e3d", NULL, "", 0},
    {"csp-delete", M, true, "161d434e3d", "161d7f4e3d", "cspID", "VRF-054", 0x7F},
    {"hwid-9-on-turin", T, false, "0408 0001020304050607", "0409 000102030405060708", "hwID",
     "VRF-055", 9},
    {"hwid-7-on-turin", T, false, "0408 0001020304050607", "0407 00010203040506", "hwID", "VRF-055",
     7},
    {"hwid-empty", T, false, "0408 0001020304050607", "0400", "hwID", "VRF-055", 0},
    {"hwid-like-der", T, false, "0408 0001020304050607", "0408 0406020304050607", NULL, "", 0},
    {"hwid-missing", T, false, "301506 09" ARC "04 0408 0001020304050607", "", "hwID", "VRF-053",
     0},
    {"hwid-on-vlek", M, true, BL, BL "301506 09" ARC "04 0408 0001020304050607", "hwID", "VRF-109",
     1},
    {"csp-on-vcek", M, false, BL, BL "301006 09" ARC "05 0403160141", "cspID", "VRF-109", 1},
    {"csp-control", M, true, "161d434e3d", "161d1b4e3d", "cspID", "VRF-054", 0x1B},
    {"csp-not-ascii", M, true, "161d434e3d", "161d804e3d", "cspID", "VRF-054", 0x80},
    {"csp-not-ia5", M, true, "161d434e", "0c1d434e", "cspID", "VRF-054", 31},
};

/* Reading alone says the same as stage chain, but for the rules of every certificate, which come
 * first there. */
static void test_rows(void) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct verify_world w;
        verify_open(&w, r->product, r->vlek, 5);
        verify_patch(&w, VERIFY_LEAF, r->old, 0, r->new);
        struct pki_cert *cert;
        struct pki_leaf_info info;
        UNIT_OK(pki_cert_parse(w.leaf.bytes, w.leaf.size, &cert));
        const struct sevkit_result read = pki_cert_leaf_info(cert, &info);
        const bool right = r->field == NULL
                               ? unit_ok(read)
                               : verify_refuses(&w, PKI_STAGE_CHAIN, r->field, r->requirement);
        if (!right) fprintf(stderr, "    row %s\n", r->name);
        CU_ASSERT(right);
        if (r->field != NULL) {
            CU_ASSERT(!sevkit_ok(read));
            CU_ASSERT_EQUAL(read.value, r->value);
            CU_ASSERT_EQUAL(verify_judge(&w).why.value, r->value);
        }
        pki_cert_free(cert);
        verify_close(&w);
    }
}

static void test_values(void) {
    struct verify_world w;
    struct pki_cert *cert;
    struct pki_leaf_info info;
    verify_open(&w, T, false, 5);
    UNIT_OK(pki_cert_parse(w.leaf.bytes, w.leaf.size, &cert));
    UNIT_OK(pki_cert_leaf_info(cert, &info));
    CU_ASSERT(info.struct_version == 1 && info.has_fmc && info.product == T);
    CU_ASSERT(info.tcb.fmc == 1 && info.tcb.boot_loader == 3 && info.tcb.tee == 2);
    CU_ASSERT(info.tcb.snp == 22 && info.tcb.microcode == 0x50);
    CU_ASSERT_STRING_EQUAL(info.product_name, "Turin");
    CU_ASSERT_STRING_EQUAL(info.csp_id, "");
    CU_ASSERT(info.hwid_size == 8 && info.hwid[7] == 7);
    pki_cert_free(cert);
    verify_close(&w);
    verify_open(&w, M, true, 5);
    UNIT_OK(pki_cert_parse(w.leaf.bytes, w.leaf.size, &cert));
    UNIT_OK(pki_cert_leaf_info(cert, &info));
    CU_ASSERT(info.struct_version == 0 && !info.has_fmc && info.hwid_size == 0);
    CU_ASSERT(info.tcb.fmc == 0 && info.tcb.snp == 22);
    CU_ASSERT_STRING_EQUAL(info.product_name, "Milan");
    CU_ASSERT_STRING_EQUAL(info.csp_id, "CN=cc-eu-west-1.amazonaws.com");
    pki_cert_free(cert);
    UNIT_OK(pki_cert_parse(w.ca.bytes, w.ca.size, &cert));
    UNIT_FAILS(pki_cert_leaf_info(cert, &info), SEVKIT_BAD_VALUE, "subject.CN");
    pki_cert_free(cert);
    verify_close(&w);
}

static void test_twice(void) {
    struct verify_world w;
    struct pki_cert *cert;
    struct pki_leaf_info info;
    verify_open(&w, M, false, 3);
    verify_patch(&w, VERIFY_LEAF, SNP, 0, SNP SNP);
    UNIT_OK(pki_cert_parse(w.leaf.bytes, w.leaf.size, &cert));
    UNIT_FAILS(pki_cert_leaf_info(cert, &info), SEVKIT_BAD_VALUE, "snpSPL");
    pki_cert_free(cert);
    verify_close(&w);
}

/* An issuer that names no product line: nothing says which extensions there have to be. */
static void test_no_line(void) {
    struct verify_world w;
    struct pki_cert *cert;
    struct pki_leaf_info info;
    verify_open(&w, M, false, 3);
    verify_patch(&w, VERIFY_LEAF, "5345562d4d696c616e", 0, "5345562d5369656e61");
    UNIT_OK(pki_cert_parse(w.leaf.bytes, w.leaf.size, &cert));
    CU_ASSERT(pki_cert_product(cert) == ABI_PRODUCT_UNKNOWN);
    const struct sevkit_result read = pki_cert_leaf_info(cert, &info);
    UNIT_FAILS(read, SEVKIT_BAD_VALUE, "issuer.CN");
    CU_ASSERT_EQUAL(read.value, 0);
    pki_cert_free(cert);
    verify_close(&w);
}

static const struct unit_test tests[] = {
    {"values", test_values},
    {"one-defect-each", test_rows},
    {"twice", test_twice},
    {"no-line", test_no_line},
    {NULL, NULL},
};

const struct unit_suite pki_leaf_suite = {"leaf", tests};
