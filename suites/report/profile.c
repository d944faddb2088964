/* What no machine may be made of: a report could not be true then. The profile's text is the test's own, so
 * that its numbers can be told from each other. Report notes, sections 6, 7 and 9. */
#include <stdio.h>
#include <string.h>

#include "report/report.h"

#define TEXT_MAX 4096

struct chip {
    const char *chip; /* the members of "chip" */
    const char *tcb;  /* a TCB without its braces */
    enum abi_product product;
};

static const struct chip genoa = {
    "\"name\":\"Genoa\",\"family\":\"0x19\",\"model\":\"0x11\",\"stepping\":\"0x1\","
    "\"product_name\":\"Genoa\",\"chip_id\":\""
    "0102030405060708091011121314151617181920212223242526272829303132"
    "3334353637383940414243444546474849505152535455565758596061626364\"",
    "\"boot_loader\":17,\"tee\":34,\"snp\":51,\"microcode\":68",
    ABI_PRODUCT_GENOA,
};

static const struct chip turin = {
    "\"name\":\"Turin\",\"family\":\"0x1a\",\"model\":\"0x2\",\"stepping\":\"0x1\","
    "\"product_name\":\"Turin\",\"chip_id\":\"0102030405060708\"",
    "\"fmc\":9,\"boot_loader\":17,\"tee\":34,\"snp\":51,\"microcode\":68",
    ABI_PRODUCT_TURIN,
};

/* A whole profile of version VERSION for CHIP; each of the four TCBs is the chip's. */
static bool text_of(struct suite_ctx *ctx, const struct chip *chip, const char *version,
                    char text[TEXT_MAX]) {
    const int size = snprintf(
        text, TEXT_MAX,
        "{\"$schema\":\"./profile.schema.json\",\"name\":\"suite\",\"title\":\"suite\","
        "\"chip\":{%s},"
        "\"firmware\":{\"current\":{\"major\":1,\"minor\":55,\"build\":99},"
        "\"committed\":{\"major\":1,\"minor\":55,\"build\":99}},"
        "\"report_version\":%s,"
        "\"tcb\":{\"current\":{%s},\"committed\":{%s},\"reported\":{%s},\"launch\":{%s}},"
        "\"platform_info\":{\"smt_en\":true,\"tsme_en\":false,\"ecc_en\":true,\"rapl_dis\":false,"
        "\"ciphertext_hiding_dram_en\":false,\"alias_check_complete\":true,\"bit_6\":false,"
        "\"tio_en\":false},\"mitigation_vectors\":null,"
        "\"signing\":{\"vlek_loaded\":false,\"csp_id\":null,\"mask_chip_id\":false,"
        "\"mask_chip_key\":false},"
        "\"guest\":{\"policy\":\"0x30000\",\"vmpl\":0,\"vcek_dis\":false,"
        "\"host_data\":\"%064d\",\"measurement\":\"%096d\",\"gosvw\":\"%032d\","
        "\"id_block\":null,\"report_id_ma\":null,\"msg_count\":[\"0x0\",\"0x0\",\"0x0\",\"0x0\"]},"
        "\"messages\":{\"key_req_max_version\":1,\"key_req_v2_sizes\":[],\"key_rsp_v2_version\":2,"
        "\"launch_mit_always_checked\":false,\"launch_mit_status\":\"INVALID_PARAM\","
        "\"enforce_header_mbz\":false,\"rmp_lookup_status\":\"INVALID_ADDRESS\","
        "\"vmpl_max_3\":true,\"report_size_on_failure\":true,\"signing_key_none\":true,"
        "\"secrets_version\":3},"
        "\"tsc\":{\"reference_khz\":100000,\"desired_khz\":2400000,\"offset\":\"0x0\","
        "\"factor\":0},\"cpuid_policy\":[],"
        "\"resources\":{\"memory_size\":1073741824,\"guests_max\":16},\"unconfirmed\":[]}",
        chip->chip, version, chip->tcb, chip->tcb, chip->tcb, chip->tcb, 0, 0, 0);
    return suite_check(ctx, "profile text", size > 0 && size < TEXT_MAX, "fits");
}

/* Puts TO in the place of FROM inside the object that begins with AFTER. */
static bool change(struct suite_ctx *ctx, char text[TEXT_MAX], const char *after, const char *from,
                   const char *to) {
    char *at = strstr(text, after);
    if (at != NULL) at = strstr(at, from);
    const size_t grown = strlen(text) + strlen(to);
    if (!suite_check(ctx, "profile text", at != NULL && grown < TEXT_MAX,
                     "has the place to change"))
        return false;
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    return true;
}

static bool refused(struct suite_ctx *ctx, const char *text, const char *field, const char *rule) {
    struct sevkit_profile profile;
    const struct sevkit_result r = vmm_profile_parse(text, strlen(text), &profile);
    return suite_check(ctx, "profile", !sevkit_ok(r), rule) &&
           suite_check(ctx, r.field, strstr(r.field, field) != NULL,
                       "the refusal names the member that is wrong");
}

static void layout(struct suite_ctx *ctx, const struct chip *chip, const uint8_t wanted[8]) {
    char text[TEXT_MAX];
    struct sevkit_profile profile;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(text_of(ctx, chip, "3", text));
    SUITE_SUCCEEDS(ctx, "profile", vmm_profile_parse(text, strlen(text), &profile),
                   "a profile without a fault");
    SUITE_EQUAL(ctx, "product", chip->product, profile.product, "the chip's line");
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_BYTES(ctx, "CURRENT_TCB", wanted, report + 0x038, 8, "the product's layout");
    SUITE_BYTES(ctx, "REPORTED_TCB", wanted, report + 0x180, 8, "the product's layout");
    SUITE_BYTES(ctx, "COMMITTED_TCB", wanted, report + 0x1E0, 8, "the product's layout");
    SUITE_BYTES(ctx, "LAUNCH_TCB", wanted, report + 0x1F0, 8, "the product's layout");
}

static void layout_genoa(struct suite_ctx *ctx) {
    static const uint8_t wanted[8] = {17, 34, 0, 0, 0, 0, 51, 68};
    layout(ctx, &genoa, wanted);
}

static void layout_turin(struct suite_ctx *ctx) {
    static const uint8_t wanted[8] = {9, 17, 34, 51, 0, 0, 0, 68};
    layout(ctx, &turin, wanted);
}

static void fmc_elsewhere(struct suite_ctx *ctx) {
    struct chip chip = genoa;
    char text[TEXT_MAX];
    chip.tcb = turin.tcb;
    SUITE_STEP(text_of(ctx, &chip, "3", text));
    SUITE_STEP(refused(ctx, text, "fmc", "Genoa's TCB has no FMC"));
}

static void fmc_missing(struct suite_ctx *ctx) {
    struct chip chip = turin;
    char text[TEXT_MAX];
    chip.tcb = genoa.tcb;
    SUITE_STEP(text_of(ctx, &chip, "3", text));
    SUITE_STEP(refused(ctx, text, "fmc", "Turin's TCB has an FMC"));
}

/* Each component of REPORTED and of COMMITTED one above the TCB that bounds it. */
static void tcb_order(struct suite_ctx *ctx) {
    static const struct {
        const char *member, *from, *to;
    } parts[] = {
        {"fmc", "\"fmc\":9", "\"fmc\":10"},
        {"boot_loader", "\"boot_loader\":17", "\"boot_loader\":18"},
        {"tee", "\"tee\":34", "\"tee\":35"},
        {"snp", "\"snp\":51", "\"snp\":52"},
        {"microcode", "\"microcode\":68", "\"microcode\":69"},
    };
    static const char *const tcbs[] = {"\"reported\":", "\"committed\":{\"fmc\"", "\"launch\":"};
    for (size_t i = 0; i < sizeof tcbs / sizeof tcbs[0]; i++) {
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++) {
            char text[TEXT_MAX];
            suite_instance(ctx, "%s %s", tcbs[i], parts[j].member);
            SUITE_STEP(text_of(ctx, &turin, "3", text));
            SUITE_STEP(change(ctx, text, tcbs[i], parts[j].from, parts[j].to));
            SUITE_STEP(refused(ctx, text, parts[j].member,
                               "REPORTED <= COMMITTED <= CURRENT, LAUNCH <= CURRENT"));
        }
    }
}

static void version_refused(struct suite_ctx *ctx) {
    static const char *const versions[] = {"4", "0", "1", "6"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        char text[TEXT_MAX];
        suite_instance(ctx, "version %s", versions[i]);
        SUITE_STEP(text_of(ctx, &genoa, versions[i], text));
        SUITE_STEP(refused(ctx, text, "report_version", "2, 3 or 5"));
    }
}

static void chip_id_short(struct suite_ctx *ctx) {
    struct chip chip = genoa;
    char text[TEXT_MAX];
    chip.chip = "\"name\":\"Genoa\",\"family\":\"0x19\",\"model\":\"0x11\",\"stepping\":\"0x1\","
                "\"product_name\":\"Genoa\",\"chip_id\":\"0102030405060708"
                "00000000000000000000000000000000000000000000000000000000"
                "00000000000000000000000000000000000000000000000000000000\"";
    SUITE_STEP(text_of(ctx, &chip, "3", text));
    SUITE_STEP(refused(ctx, text, "chip_id", "56 zero bytes mean Turin"));
}

#define REFUSED(ID, TITLE, TWIN, RUN, ...)                                                         \
    {                                                                                              \
        .id = "report.profile." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_NEGATIVE, .twin = TWIN, .needs = TARGET_PROFILE, .run = RUN                  \
    }

static const struct suite_test tests[] = {
    {.id = "report.profile.tcb-genoa",
     .title = "Genoa's TCB_VERSION: BOOT_LOADER 0, TEE 1, SNP 6, MICROCODE 7",
     .requirements = SUITE_REQ("SNP-RPT-063", "SNP-RPT-065", "SNP-RPT-071", "SNP-RPT-073"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = layout_genoa},
    {.id = "report.profile.tcb-turin",
     .title = "Turin's TCB_VERSION: FMC 0, BOOT_LOADER 1, TEE 2, SNP 3, MICROCODE 7",
     .requirements = SUITE_REQ("SNP-RPT-064", "SNP-RPT-065", "SNP-RPT-069"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = layout_turin},
    REFUSED("fmc-on-genoa", "a TCB with an FMC is refused outside Turin",
            "report.profile.tcb-genoa", fmc_elsewhere, "SNP-RPT-063"),
    REFUSED("no-fmc-on-turin", "a TCB without an FMC is refused on Turin",
            "report.profile.tcb-turin", fmc_missing, "SNP-RPT-064"),
    REFUSED("tcb-order", "a TCB with one component above the TCB that bounds it is refused",
            "report.profile.tcb-turin", tcb_order, "SNP-RPT-065"),
    REFUSED("version", "a profile with report version 4, or an unknown one, is refused",
            "report.profile.tcb-genoa", version_refused, "SNP-RPT-073"),
    REFUSED("chip-id-short", "a Genoa chip id that ends in 56 zero bytes is refused",
            "report.profile.tcb-genoa", chip_id_short, "SNP-RPT-071"),
};

const struct suite_area report_profile = REPORT_PART(tests);
