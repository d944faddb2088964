/* The launch digest: the notes' known answers, and what each field and each type of page does to it. */
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/crypto.h"
#include "sevkit/psp_launch.h"
#include "unit/unit.h"

extern const struct unit_suite launch_digest_suite;

#define PAGE 0x1000
#define LARGE 0x200000

static uint8_t memory[LARGE]; /* what the page under test holds */

static const struct psp_launch_page plain = {
    .type = ABI_PAGE_TYPE_NORMAL, .gpa = 0x1000, .bytes = memory};

static void fill(size_t size) {
    struct crypto_drbg drbg;
    crypto_drbg_init(&drbg, 7);
    crypto_drbg_random(&drbg, memory, size);
}

static struct psp_launch_digest one(struct psp_launch_page page) {
    struct psp_launch_digest digest = {.ld = {0}};
    CU_ASSERT_EQUAL(psp_launch_page_check(&page, false), ABI_SUCCESS);
    UNIT_OK(psp_launch_digest_add(&digest, &page));
    return digest;
}

static bool same_ld(struct psp_launch_digest a, struct psp_launch_digest b) {
    return memcmp(a.ld, b.ld, sizeof a.ld) == 0;
}

/* Notes, section 2, "Test vectors": the first page on a zero digest. */
static void known_answers(void) {
    static const struct {
        uint8_t type, perms[3];
        const char *ld;
    } rows[] = {
        {1,
         {0},
         "e6e4d78904d9d6b33c0cbfd121998fd2d11744dae606b3aee35e2a45d6869b60"
         "b35c63928a9232bef72d6be386f48ec6"},
        {3,
         {0},
         "4bd4147976a1e7554c1c778a781affc1c672f1965a727ba16084989b7e356044"
         "a28bbe585a2f75dac9356fa5ab78f061"},
        {4,
         {0},
         "81475a112c0223cebe1ccb31a0aa2567772871200b33515a3cbbd5ed6a68a8e6"
         "30902dd83469ea6553554bfb67111fad"},
        {5,
         {0},
         "ede71fa5ddc72c3de70c6ff1149b8ecb6ef08b74b1d3a72c2cece10bd140c06a"
         "6181343d33def7db6cc0da1ff9ba4805"},
        {6,
         {0},
         "af3c8d305f882f039a48318a961572ddc7ebf40b3d1eae828f4fa6e27a7b3078"
         "cf2d84b459e002fb58b4ae83efd7f29c"},
        {1,
         {0x0F, 0x01, 0},
         "3e67197740d79d6700b1a97e3bee5f26d52809e086b3750671408f70dbc1d923"
         "e38ca02a406499ea60a71b98cd86fd8e"},
    };
    memset(memory, 0, PAGE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct psp_launch_page page = plain;
        uint8_t wanted[ABI_DIGEST_SIZE];
        page.type = rows[i].type;
        memcpy(page.vmpl_perms, rows[i].perms, 3);
        CU_ASSERT_EQUAL(unit_hex(rows[i].ld, wanted, sizeof wanted), sizeof wanted);
        const struct psp_launch_digest digest = one(page);
        UNIT_BYTES(digest.ld, wanted, sizeof wanted);
        CU_ASSERT(abi_all_zero(digest.imd, sizeof digest.imd));
    }
}

/* The next digest, put together here a second time. */
static void by_hand(const struct psp_launch_page *page, const uint8_t *contents,
                    uint8_t digest[ABI_DIGEST_SIZE]) {
    uint8_t info[0x70] = {0};
    memcpy(info, digest, 48);
    if (contents != NULL) UNIT_OK(crypto_sha384(contents, PAGE, info + 0x30));
    info[0x60] = 0x70;
    info[0x62] = page->type;
    info[0x63] = page->imi;
    memcpy(info + 0x65, page->vmpl_perms, 3);
    abi_put_le64(info + 0x68, page->gpa);
    UNIT_OK(crypto_sha384(info, sizeof info, digest));
}

/* Two pages of every type, the second on the first's digest. */
static void chain(void) {
    fill(PAGE);
    for (uint8_t type = ABI_PAGE_TYPE_NORMAL; type <= ABI_PAGE_TYPE_CPUID; type++) {
        const struct psp_launch_page page = {.type = type,
                                             .imi = type % 2 == 0,
                                             .vmpl_perms = {1, 2, 4},
                                             .gpa = UINT64_C(0x123456789A000),
                                             .bytes = memory};
        struct psp_launch_digest digest = {.ld = {0}};
        uint8_t ld[ABI_DIGEST_SIZE] = {0}, imd[ABI_DIGEST_SIZE] = {0};
        uint8_t vmsa[PAGE];
        memcpy(vmsa, memory, PAGE);
        memset(vmsa + 0x2F0, 0, 16);
        const uint8_t *contents = type == ABI_PAGE_TYPE_NORMAL ? memory
                                  : type == ABI_PAGE_TYPE_VMSA ? vmsa
                                                               : NULL;
        for (int i = 0; i < 2; i++) {
            UNIT_OK(psp_launch_digest_add(&digest, &page));
            by_hand(&page, contents, ld);
            if (page.imi) by_hand(&page, contents, imd);
        }
        UNIT_BYTES(digest.ld, ld, sizeof ld);
        UNIT_BYTES(digest.imd, imd, sizeof imd);
    }
}

/* The bytes beside the TSC fields count, theirs do not. */
static void vmsa_tsc(void) {
    static const struct {
        size_t at;
        bool counts;
    } rows[] = {{0x2EF, true},  {0x2F0, false}, {0x2F7, false}, {0x2F8, false},
                {0x2FF, false}, {0x300, true},  {0, true},      {0xFFF, true}};
    struct psp_launch_page page = plain;
    page.type = ABI_PAGE_TYPE_VMSA;
    memset(memory, 0, PAGE);
    const struct psp_launch_digest base = one(page);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memory[rows[i].at] = 1;
        CU_ASSERT_EQUAL(same_ld(one(page), base), !rows[i].counts);
        CU_ASSERT_EQUAL(memory[rows[i].at], 1); /* the page itself stays */
        memory[rows[i].at] = 0;
    }
}

/* Pages whose contents do not count may have no bytes at hand. */
static void without_bytes(void) {
    for (uint8_t type = ABI_PAGE_TYPE_ZERO; type <= ABI_PAGE_TYPE_CPUID; type++) {
        struct psp_launch_page page = plain;
        page.type = type;
        fill(PAGE);
        const struct psp_launch_digest with = one(page);
        page.bytes = NULL;
        CU_ASSERT(same_ld(one(page), with));
    }
}

/* @req SNP-LD-014 */
static void large_is_512_small(void) {
    fill(LARGE);
    struct psp_launch_page page = plain;
    page.large = true;
    page.imi = true;
    page.vmpl_perms[1] = 3;
    page.gpa = 0x40000000;
    const struct psp_launch_digest large = one(page);
    struct psp_launch_digest small = {.ld = {0}};
    page.large = false;
    for (size_t i = 0; i < 512; i++) {
        UNIT_OK(psp_launch_digest_add(&small, &page));
        page.gpa += PAGE;
        page.bytes += PAGE;
    }
    UNIT_BYTES(large.ld, small.ld, sizeof small.ld);
    UNIT_BYTES(large.imd, small.imd, sizeof small.imd);
    CU_ASSERT(!abi_all_zero(small.imd, sizeof small.imd));
}

/* @req SNP-LD-017 SNP-LD-018 SNP-LD-019 */
static void checks(void) {
    static const struct {
        uint8_t type;
        bool large, imi, imi_en;
        enum abi_status status;
    } rows[] = {
        {0, false, false, false, ABI_INVALID_PARAM},
        {7, false, false, false, ABI_INVALID_PARAM},
        {255, false, false, false, ABI_INVALID_PARAM},
        {1, false, false, false, ABI_SUCCESS},
        {2, false, false, false, ABI_SUCCESS},
        {5, false, false, false, ABI_SUCCESS},
        {6, false, false, false, ABI_SUCCESS},
        {1, true, false, false, ABI_SUCCESS},
        {2, true, false, false, ABI_INVALID_PAGE_SIZE},
        {3, true, false, false, ABI_SUCCESS},
        {4, true, false, false, ABI_SUCCESS},
        {5, true, false, false, ABI_INVALID_PAGE_SIZE},
        {6, true, false, false, ABI_INVALID_PAGE_SIZE},
        {1, false, true, false, ABI_SUCCESS},
        {1, false, true, true, ABI_SUCCESS},
        {1, false, false, true, ABI_INVALID_PARAM},
        {6, true, false, true, ABI_INVALID_PAGE_SIZE}, /* the size comes first */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct psp_launch_page page = {
            .type = rows[i].type, .large = rows[i].large, .imi = rows[i].imi};
        CU_ASSERT_EQUAL(psp_launch_page_check(&page, rows[i].imi_en), rows[i].status);
    }
}

static const struct unit_test tests[] = {
    {"known-answers", known_answers},
    {"chain", chain},
    {"vmsa-tsc", vmsa_tsc},
    {"without-bytes", without_bytes},
    {"large-is-512-small", large_is_512_small},
    {"checks", checks},
    {NULL, NULL},
};

const struct unit_suite launch_digest_suite = {"launch-digest", tests};
