/* Unit tests of PAGE_INFO, the ID block and the ID authentication page. Launch notes, sections 2, 4 and 5. */
#include "sevkit/launch.h"

#include "codec.h"
#include "suites.h"

#define INFO_N(member, wire, size) NUMBER(struct abi_page_info, member, wire, size)
#define INFO_B(member, wire, size) BYTES(struct abi_page_info, member, wire, size)
#define BLOCK_N(member, wire, size) NUMBER(struct abi_id_block, member, wire, size)
#define BLOCK_B(member, wire, size) BYTES(struct abi_id_block, member, wire, size)
#define AUTH_N(member, wire, size) NUMBER(struct abi_id_auth, member, wire, size)
#define AUTH_B(member, wire, size) BYTES(struct abi_id_auth, member, wire, size)

/* @req SNP-LD-003 SNP-LD-004 SNP-LD-005 SNP-LD-006 SNP-LD-007 */
static const struct field info_fields[] = {
    INFO_B(digest_cur, 0x00, 48),
    INFO_B(contents, 0x30, 48),
    INFO_N(length, 0x60, 2),
    INFO_N(page_type, 0x62, 1),
    INFO_N(flags, 0x63, 1),
    INFO_N(reserved_64, 0x64, 1),
    INFO_N(vmpl1_perms, 0x65, 1),
    INFO_N(vmpl2_perms, 0x66, 1),
    INFO_N(vmpl3_perms, 0x67, 1),
    INFO_N(gpa, 0x68, 8),
    {.name = NULL},
};

/* @req SNP-IDB-001 */
static const struct field block_fields[] = {
    BLOCK_B(ld, 0x00, 48),
    BLOCK_B(family_id, 0x30, 16),
    BLOCK_B(image_id, 0x40, 16),
    BLOCK_N(version, 0x50, 4),
    BLOCK_N(guest_svn, 0x54, 4),
    BLOCK_N(policy, 0x58, 8),
    {.name = NULL},
};

/* @req SNP-IDB-002 SNP-IDB-003 SNP-IDB-004 */
static const struct field auth_fields[] = {
    AUTH_N(id_key_algo, 0x000, 4),      AUTH_N(auth_key_algo, 0x004, 4),
    AUTH_B(reserved_008, 0x008, 0x38),  AUTH_B(id_block_sig.r, 0x040, 72),
    AUTH_B(id_block_sig.s, 0x088, 72),  AUTH_B(id_block_sig.reserved_090, 0x0D0, 0x170),
    AUTH_N(id_key.curve, 0x240, 4),     AUTH_B(id_key.qx, 0x244, 72),
    AUTH_B(id_key.qy, 0x28C, 72),       AUTH_B(id_key.reserved_094, 0x2D4, 0x370),
    AUTH_B(reserved_644, 0x644, 0x3C),  AUTH_B(id_key_sig.r, 0x680, 72),
    AUTH_B(id_key_sig.s, 0x6C8, 72),    AUTH_B(id_key_sig.reserved_090, 0x710, 0x170),
    AUTH_N(author_key.curve, 0x880, 4), AUTH_B(author_key.qx, 0x884, 72),
    AUTH_B(author_key.qy, 0x8CC, 72),   AUTH_B(author_key.reserved_094, 0x914, 0x370),
    AUTH_B(reserved_c84, 0xC84, 0x37C), {.name = NULL},
};

CODEC_ADAPTERS(abi_page_info)
CODEC_ADAPTERS(abi_id_block)
CODEC_ADAPTERS(abi_id_auth)

static void page_info(void) {
    codec_check(&(struct codec){.name = "PAGE_INFO",
                                .size = 0x70,
                                .object = sizeof(struct abi_page_info),
                                .decode = abi_page_info_in,
                                .encode = abi_page_info_out,
                                .fields = info_fields});
}

static void id_block(void) {
    codec_check(&(struct codec){.name = "ID block",
                                .size = 0x60,
                                .object = sizeof(struct abi_id_block),
                                .decode = abi_id_block_in,
                                .encode = abi_id_block_out,
                                .fields = block_fields});
}

static void id_auth(void) {
    codec_check(&(struct codec){.name = "ID authentication page",
                                .size = 0x1000,
                                .object = sizeof(struct abi_id_auth),
                                .decode = abi_id_auth_in,
                                .encode = abi_id_auth_out,
                                .fields = auth_fields});
}

static void constants(void) {
    CU_ASSERT_EQUAL(ABI_ID_AUTH_ID_KEY, 0x240);
    CU_ASSERT_EQUAL(ABI_ID_AUTH_AUTHOR_KEY, 0x880);
    CU_ASSERT_EQUAL(ABI_ID_KEY_SIZE, 0x404);
    CU_ASSERT_EQUAL(ABI_ID_CURVE_P384, 2);
    CU_ASSERT_EQUAL(ABI_ID_ALGO_ECDSA_P384_SHA384, 1);
    CU_ASSERT_EQUAL(ABI_ID_BLOCK_VERSION_1, 1);
    CU_ASSERT_EQUAL(ABI_PAGE_INFO_IMI, 1);
}

static const struct unit_test tests[] = {
    {"page-info", page_info}, {"id-block", id_block}, {"id-auth", id_auth},
    {"constants", constants}, {NULL, NULL},
};

const struct unit_suite abi_launch_suite = {"launch", tests};
