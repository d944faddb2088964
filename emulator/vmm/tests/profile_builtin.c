/* The profiles that the build carries: all of them load, and each is what its name says. */
#include <stdio.h>
#include <string.h>

#include "sevkit/crypto.h"
#include "sevkit/profile.h"
#include "unit/unit.h"

static struct sevkit_profile load(const char *name) {
    struct sevkit_profile profile;
    UNIT_OK(vmm_profile_builtin(name, &profile));
    return profile;
}

static void test_default(void) {
    const struct sevkit_profile p = load(SEVKIT_PROFILE_DEFAULT);
    CU_ASSERT_STRING_EQUAL(p.name, "genoa-1.55.40-v3-vcek");
    CU_ASSERT_STRING_EQUAL(p.chip, "Genoa");
    CU_ASSERT_STRING_EQUAL(p.product_name, "Genoa");
    CU_ASSERT_EQUAL(p.product, ABI_PRODUCT_GENOA);
    CU_ASSERT(p.fms.family == 0x19 && p.fms.model == 0x11 && p.fms.stepping == 1);
    CU_ASSERT_EQUAL(p.report_version, 3);
    CU_ASSERT(p.current_version.major == 1 && p.current_version.minor == 55);
    CU_ASSERT(p.current_version.build == 40 && p.committed_version.build == 40);
    CU_ASSERT_EQUAL(p.current_tcb, UINT64_C(0x541700000000000A));
    CU_ASSERT_EQUAL(p.reported_tcb, UINT64_C(0x541700000000000A));
    CU_ASSERT_EQUAL(p.platform_info, 0x27);
    CU_ASSERT_EQUAL(p.policy, 0x30000);
    CU_ASSERT(!p.vlek_loaded && !p.mask_chip_id && !p.mask_chip_key && !p.vcek_dis);
    CU_ASSERT(p.id_block.present && !p.id_block.author_key_en);
    CU_ASSERT_EQUAL(p.id_block.guest_svn, 7);
    CU_ASSERT(p.measurement[0] == 0xA0 && p.measurement[47] == 0xCF);
    CU_ASSERT(p.host_data[0] == 0x60 && p.host_data[31] == 0x7F);
    CU_ASSERT(p.id_block.family_id[0] == 0x10 && p.id_block.image_id[15] == 0x2F);
    CU_ASSERT(p.id_block.id_key_digest[0] == 0xD0 && p.gosvw[15] == 0x8F);
    CU_ASSERT(!p.has_report_id_ma && p.msg_count[0] == 0 && p.msg_count[3] == 0);
    CU_ASSERT(p.key_req_max_version == 1 && p.key_req_v2_size_count == 0);
    CU_ASSERT(!p.enforce_header_mbz && p.vmpl_max_3 && p.report_size_on_failure);
    CU_ASSERT(p.signing_key_none && p.secrets_version == 3);
    CU_ASSERT_EQUAL(p.rmp_lookup_status, ABI_INVALID_ADDRESS);
    CU_ASSERT_EQUAL(p.tsc_desired_khz, 2400000);
    CU_ASSERT(p.tsc_reference_khz == 99800 && p.tsc_factor == 200 && p.tsc_offset == 0);
    CU_ASSERT(p.memory_size == UINT64_C(1) << 30 && p.guests_max == 16);
}

/* What the default profile leaves at 0 or false is read from other files. */
static void test_other_members(void) {
    const struct sevkit_profile masked = load("milan-1.58.1-v5-vlek-masked");
    CU_ASSERT(masked.vlek_loaded && masked.mask_chip_id && masked.enforce_header_mbz);
    CU_ASSERT_STRING_EQUAL(masked.csp_id, "CN=sevkit-csp-1.example");
    CU_ASSERT(masked.launch_mit_always_checked && !masked.report_size_on_failure);
    CU_ASSERT(masked.launch_mit_vector == 0xF && masked.current_mit_vector == 0xF);
    CU_ASSERT(masked.key_req_v2_size_count == 1 && masked.key_req_v2_sizes[0] == 48);
    const struct sevkit_profile author = load("milan-1.58.0-v5-vcek");
    CU_ASSERT(author.id_block.author_key_en && author.id_block.author_key_digest[0] == 0x30);
    CU_ASSERT(author.key_req_max_version == 2 && author.key_req_v2_size_count == 2);
    CU_ASSERT(author.key_req_v2_sizes[0] == 40 && author.key_req_v2_sizes[1] == 48);
    CU_ASSERT(author.key_rsp_v2_version == 2 && author.secrets_version == 4);
    CU_ASSERT_EQUAL(author.launch_mit_status, ABI_INVALID_PARAM);
    const struct sevkit_profile turin = load("turin-1.55.65-v5-vcek");
    CU_ASSERT_EQUAL(turin.reported_tcb, UINT64_C(0x5100000004010101));
    CU_ASSERT(turin.platform_info == 0x65 && turin.launch_mit_vector == 0x3F);
    CU_ASSERT(abi_all_zero(turin.chip_id + 8, 56));
    const struct sevkit_profile vlek = load("milan-1.55.29-v3-vlek");
    CU_ASSERT_EQUAL(vlek.current_tcb, UINT64_C(0xDC18000000000004));
    CU_ASSERT_EQUAL(vlek.committed_tcb, UINT64_C(0xDB18000000000004));
    CU_ASSERT_EQUAL(vlek.reported_tcb, UINT64_C(0xD918000000000004));
    CU_ASSERT_EQUAL(vlek.launch_tcb, UINT64_C(0xDB18000000000004));
    CU_ASSERT_EQUAL(vlek.vmpl, 1);
    CU_ASSERT(!load("genoa-1.55.25-v2-vcek").vmpl_max_3);
    CU_ASSERT(!load("milan-1.52.4-v2-vcek").signing_key_none);
}

/* "<product>-<fw>-v<report version>-<vcek|vlek>[-masked]" */
static void expected_name(const struct sevkit_profile *p, char *name, size_t size) {
    static const char *const slugs[][2] = {{"Milan", "milan"},     {"Genoa", "genoa"},
                                           {"Bergamo", "bergamo"}, {"Siena", "siena"},
                                           {"Turin", "turin"},     {"TurinDense", "turin-dense"}};
    const char *slug = "";
    for (size_t i = 0; i < sizeof slugs / sizeof slugs[0]; i++) {
        if (strcmp(p->chip, slugs[i][0]) == 0) slug = slugs[i][1];
    }
    snprintf(name, size, "%s-%u.%u.%u-v%u-%s%s", slug, p->current_version.major,
             p->current_version.minor, p->current_version.build, p->report_version,
             p->vlek_loaded ? "vlek" : "vcek", p->mask_chip_id ? "-masked" : "");
}

static void test_names(void) {
    size_t count = 0;
    for (const char *name; (name = vmm_profile_name(count)) != NULL; count++) {
        const struct sevkit_profile p = load(name);
        char expected[64];
        expected_name(&p, expected, sizeof expected);
        CU_ASSERT_STRING_EQUAL(p.name, name);
        CU_ASSERT_STRING_EQUAL(expected, name);
        if (count > 0) CU_ASSERT(strcmp(vmm_profile_name(count - 1), name) < 0);
    }
    CU_ASSERT(count >= 14);
    CU_ASSERT_PTR_NULL(vmm_profile_name(count + 1));
}

static void test_unknown_name(void) {
    struct sevkit_profile p;
    const struct sevkit_result r = vmm_profile_builtin("naples-1.0.0-v1-vcek", &p);
    UNIT_FAILS(r, SEVKIT_NOT_FOUND, "profile");
    CU_ASSERT(r.value == 0 && r.offset == SEVKIT_NO_OFFSET);
    UNIT_FAILS(vmm_profile_builtin("", &p), SEVKIT_NOT_FOUND, "profile");
}

/* The reader's table of models and the ABI's agree. */
static void test_product_of_fms(void) {
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++) {
        const struct sevkit_profile p = load(vmm_profile_name(i));
        CU_ASSERT_EQUAL(abi_product_from_fms(p.fms), p.product);
    }
}

/* Profiles whose chip id starts like DER: readers of the HWID extension tripped over such chips. */
static const struct {
    const char *name;
    uint8_t first[2];
} der_like[] = {
    {"milan-1.52.4-v2-vcek", {0x02, 0x01}},        {"genoa-1.55.43-v5-vcek", {0x04, 0x40}},
    {"milan-1.58.0-v5-vcek", {0x04, 0x3E}},        {"bergamo-1.55.49-v5-vcek", {0x30, 0x3E}},
    {"turin-dense-1.55.65-v5-vcek", {0x04, 0x08}},
};

/* Block i, from 1, is SHA-384("sevkit-chip-id:NAME:i"); the blocks are joined and cut (docs/profiles.md). */
static void expected_chip_id(const struct sevkit_profile *p, uint8_t id[64]) {
    uint8_t blocks[2][CRYPTO_SHA384_SIZE];
    for (int i = 0; i < 2; i++) {
        char text[96];
        const int size = snprintf(text, sizeof text, "sevkit-chip-id:%s:%d", p->name, i + 1);
        UNIT_OK(crypto_sha384(text, (size_t)size, blocks[i]));
    }
    memset(id, 0, 64);
    memcpy(id, blocks, abi_hwid_size(p->product));
    for (size_t i = 0; i < sizeof der_like / sizeof der_like[0]; i++) {
        if (strcmp(p->name, der_like[i].name) == 0) memcpy(id, der_like[i].first, 2);
    }
}

static void test_chip_ids(void) {
    size_t seen = 0;
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++) {
        const struct sevkit_profile p = load(vmm_profile_name(i));
        uint8_t expected[64];
        expected_chip_id(&p, expected);
        UNIT_BYTES(p.chip_id, expected, sizeof expected);
        for (size_t j = 0; j < sizeof der_like / sizeof der_like[0]; j++) {
            seen += strcmp(p.name, der_like[j].name) == 0;
        }
    }
    CU_ASSERT_EQUAL(seen, sizeof der_like / sizeof der_like[0]);
}

/* A rule without a value has 0. */
static unsigned kind_of(const struct sevkit_cpuid_register *reg) {
    const bool has_value = reg->rule != SEVKIT_CPUID_ZERO && reg->rule != SEVKIT_CPUID_UNCHECKED;
    CU_ASSERT(has_value || reg->value == 0);
    return 1u << reg->rule;
}

/* Every rule kind appears, and leaf 1 states the chip's own family, model and stepping. */
static void test_cpuid_policies(void) {
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++) {
        const struct sevkit_profile p = load(vmm_profile_name(i));
        unsigned kinds = 0;
        CU_ASSERT(p.cpuid_policy_count > 1);
        for (size_t j = 0; j < p.cpuid_policy_count; j++) {
            const struct sevkit_cpuid_policy *leaf = &p.cpuid_policy[j];
            kinds |= kind_of(&leaf->eax) | kind_of(&leaf->ebx);
            kinds |= kind_of(&leaf->ecx) | kind_of(&leaf->edx);
        }
        CU_ASSERT_EQUAL(kinds, 0x1F);
        CU_ASSERT_EQUAL(p.cpuid_policy[0].eax.value, 0x10);
        CU_ASSERT_EQUAL(p.cpuid_policy[0].ebx.value, 0x68747541); /* AuthenticAMD */
        CU_ASSERT_EQUAL(p.cpuid_policy[0].edx.value, 0x69746E65);
        CU_ASSERT_EQUAL(p.cpuid_policy[0].ecx.value, 0x444D4163);
        CU_ASSERT_EQUAL(p.cpuid_policy[1].eax_in, 1);
        CU_ASSERT_EQUAL(p.cpuid_policy[1].eax.value, abi_fms_to_eax(p.fms));
    }
}

static const struct unit_test tests[] = {
    {"default", test_default},
    {"other-members", test_other_members},
    {"names", test_names},
    {"unknown-name", test_unknown_name},
    {"product-of-fms", test_product_of_fms},
    {"chip-ids", test_chip_ids},
    {"cpuid-policies", test_cpuid_policies},
    {NULL, NULL},
};

const struct unit_suite profile_builtin_suite = {"profile-builtin", tests};
