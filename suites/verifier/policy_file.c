/* The policy file: strict, so that a slip of the pen never means "not checked". Design, section 4;
 * docs/verifier.md lists the members. */
#include <string.h>

#include "verifier/verifier.h"

struct text {
    const char *json;
    const char *field; /* that the failure names; NULL: any */
};

#define HEX_32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_48 HEX_32 "202122232425262728292a2b2c2d2e2f"
#define HEX_64 HEX_32 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define TCB "{\"fmc\":1,\"boot_loader\":2,\"tee\":3,\"snp\":4,\"microcode\":213}"

static const char whole[] =
    "{\"future_versions\":true,\"allow_debug\":false,\"allow_migration_agent\":true,"
    "\"allow_smt\":false,\"require_single_socket\":true,\"allow_unknown_policy\":true,"
    "\"allow_unknown_platform\":true,\"allow_host_report\":true,\"allow_provisional\":false,"
    "\"allow_masked_chip_id\":true,\"allow_mask_chip_key\":true,\"require_revocation\":true,"
    "\"vmpl_max\":2,"
    "\"guest_svn_min\":4294967295,\"platform_required\":\"0x20\",\"platform_forbidden\":8,"
    "\"launch_mit_required\":1,\"current_mit_required\":\"0x8000000000000000\","
    "\"abi_min\":\"1.55\",\"firmware_min\":\"1.55.40\",\"tcb_min\":" TCB ",\"launch_tcb_min\":" TCB
    ",\"report_data\":\"" HEX_64 "\",\"chip_id\":\"" HEX_64 "\",\"measurement\":\"" HEX_48
    "\",\"id_key_digest\":\"" HEX_48 "\",\"author_key_digest\":\"" HEX_48
    "\",\"host_data\":\"" HEX_32 "\",\"report_id\":\"" HEX_32 "\",\"report_id_ma\":\"" HEX_32
    "\",\"family_id\":\"000102030405060708090a0b0c0d0e0f\","
    "\"image_id\":\"000102030405060708090a0b0c0d0e0f\",\"csp_id\":\"CN=x\",\"product\":\"Turin\"}";

static const struct text refused[] = {
    {"", NULL},
    {"[]", NULL},
    {"{", NULL},
    {"{}x", NULL},
    {"{\"measuremnt\":\"" HEX_48 "\"}", "measuremnt"},
    {"{\"measurement\":\"\"}", "measurement"},
    {"{\"measurement\":\"" HEX_32 "\"}", "measurement"},
    {"{\"measurement\":\"" HEX_64 "\"}", "measurement"},
    {"{\"measurement\":\"0" HEX_48 "\"}", "measurement"},
    {"{\"measurement\":null}", "measurement"},
    {"{\"measurement\":[\"" HEX_48 "\"]}", "measurement"},
    {"{\"report_data\":\"" HEX_32 "\"}", "report_data"},
    {"{\"host_data\":\"" HEX_48 "\"}", "host_data"},
    {"{\"host_data\":\"zz" HEX_32 "\"}", "host_data"},
    {"{\"family_id\":\"" HEX_32 "\"}", "family_id"},
    {"{\"chip_id\":\"\"}", "chip_id"},
    {"{\"csp_id\":\"\"}", "csp_id"},
    {"{\"csp_id\":1}", "csp_id"},
    {"{\"allow_debug\":0}", "allow_debug"},
    {"{\"allow_debug\":\"false\"}", "allow_debug"},
    {"{\"allow_debug\":null}", "allow_debug"},
    {"{\"allow_debug\":true,\"allow_debug\":false}", NULL},
    {"{\"vmpl_max\":4}", "vmpl_max"},
    {"{\"vmpl_max\":-1}", "vmpl_max"},
    {"{\"vmpl_max\":\"1\"}", "vmpl_max"},
    {"{\"guest_svn_min\":4294967296}", "guest_svn_min"},
    {"{\"guest_svn_min\":1.5}", "guest_svn_min"},
    {"{\"platform_required\":\"32x\"}", "platform_required"},
    {"{\"platform_required\":\"\"}", "platform_required"},
    {"{\"abi_min\":\"1\"}", "abi_min"},
    {"{\"abi_min\":1.55}", "abi_min"},
    {"{\"abi_min\":\"1.256\"}", "abi_min"},
    {"{\"firmware_min\":\"1.55\"}", "firmware_min"},
    {"{\"firmware_min\":\"1.55.40.1\"}", "firmware_min"},
    {"{\"product\":\"genoa\"}", "product"},
    {"{\"product\":\"\"}", "product"},
    {"{\"tcb_min\":{}}", NULL},
    {"{\"tcb_min\":213}", "tcb_min"},
    {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":2,\"tee\":3,\"snp\":4}}", NULL},
    {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":2,\"tee\":3,\"snp\":4,\"ucode\":213}}", NULL},
    {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":2,\"tee\":3,\"snp\":4,\"microcode\":256}}", NULL},
    {"{\"tcb_min\":{\"fmc\":0,\"boot_loader\":2,\"tee\":3,\"snp\":4,\"microcode\":-1}}", NULL},
};

static void file_refused(struct suite_ctx *ctx) {
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct text *text = &refused[i];
        struct pki_policy policy;
        const struct sevkit_result r = pki_policy_parse(text->json, strlen(text->json), &policy);
        suite_instance(ctx, "%.60s", text->json);
        SUITE_CHECK(ctx, "policy file", !sevkit_ok(r), "unknown, mistyped or of a wrong length");
        SUITE_CHECK(ctx, r.field, text->field == NULL || strstr(r.field, text->field) != NULL,
                    "the failure names the member");
    }
}

static void counts(uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)i;
}

static void file_whole(struct suite_ctx *ctx) {
    struct pki_policy p;
    uint8_t wanted[64];
    counts(wanted, sizeof wanted);
    SUITE_SUCCEEDS(ctx, "policy file", pki_policy_parse(whole, sizeof whole - 1, &p),
                   "every member that docs/verifier.md lists");
    SUITE_CHECK(ctx, "what is allowed",
                p.future_versions && !p.allow_debug && p.allow_migration_agent && !p.allow_smt &&
                    p.require_single_socket && p.allow_unknown_policy && p.allow_unknown_platform &&
                    p.allow_host_report && !p.allow_provisional && p.allow_masked_chip_id &&
                    p.allow_mask_chip_key && p.require_revocation,
                "as written");
    SUITE_CHECK(ctx, "numbers",
                p.has_vmpl_max && p.vmpl_max == 2 && p.has_guest_svn_min &&
                    p.guest_svn_min == UINT32_MAX && p.platform_required == 0x20 &&
                    p.platform_forbidden == 8 && p.launch_mit_required == 1 &&
                    p.current_mit_required == UINT64_C(1) << 63,
                "as written");
    SUITE_CHECK(ctx, "versions",
                p.has_abi_min && p.abi_major_min == 1 && p.abi_minor_min == 55 &&
                    p.has_firmware_min && p.firmware_min.major == 1 && p.firmware_min.minor == 55 &&
                    p.firmware_min.build == 40,
                "as written");
    SUITE_CHECK(ctx, "floors",
                p.has_tcb_min && p.tcb_min.fmc == 1 && p.tcb_min.boot_loader == 2 &&
                    p.tcb_min.tee == 3 && p.tcb_min.snp == 4 && p.tcb_min.microcode == 213 &&
                    p.has_launch_tcb_min &&
                    memcmp(&p.launch_tcb_min, &p.tcb_min, sizeof p.tcb_min) == 0,
                "as written");
    SUITE_CHECK(ctx, "fields",
                p.has_report_data && p.has_measurement && p.has_host_data && p.has_family_id &&
                    p.has_image_id && p.has_report_id && p.has_report_id_ma && p.has_chip_id &&
                    p.has_id_key_digest && p.has_author_key_digest && p.has_product,
                "all demanded");
    SUITE_BYTES(ctx, "report_data", wanted, p.report_data, 64, "as written");
    SUITE_BYTES(ctx, "chip_id", wanted, p.chip_id, 64, "as written");
    SUITE_BYTES(ctx, "measurement", wanted, p.measurement, 48, "as written");
    SUITE_BYTES(ctx, "id_key_digest", wanted, p.id_key_digest, 48, "as written");
    SUITE_BYTES(ctx, "author_key_digest", wanted, p.author_key_digest, 48, "as written");
    SUITE_BYTES(ctx, "host_data", wanted, p.host_data, 32, "as written");
    SUITE_BYTES(ctx, "report_id", wanted, p.report_id, 32, "as written");
    SUITE_BYTES(ctx, "report_id_ma", wanted, p.report_id_ma, 32, "as written");
    SUITE_BYTES(ctx, "family_id", wanted, p.family_id, 16, "as written");
    SUITE_BYTES(ctx, "image_id", wanted, p.image_id, 16, "as written");
    SUITE_CHECK(ctx, "csp_id", strcmp(p.csp_id, "CN=x") == 0, "as written");
    SUITE_EQUAL(ctx, "product", ABI_PRODUCT_TURIN, p.product, "as written");
}

static const struct suite_test tests[] = {
    {.id = "verifier.file.whole",
     .title = "a policy file with every member",
     .requirements = SUITE_REQ("VRF-099"),
     .kind = SUITE_POSITIVE,
     .run = file_whole},
    {.id = "verifier.file.refused",
     .title = "unknown members, wrong types and wrong lengths",
     .requirements = SUITE_REQ("VRF-099"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.file.whole",
     .run = file_refused},
};

const struct suite_area verifier_policy_file = VERIFIER_PART(tests);
