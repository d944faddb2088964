/* The secrets page against its sources. Message notes, sections 10 and 11. */
#include <string.h>

#include "message/message.h"

static void check_page(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    struct abi_secrets_page page;
    SUITE_SETUP(ctx, "secrets page", target_secrets(suite_target(ctx), &page));
    SUITE_EQUAL(ctx, "VERSION", profile->secrets_version, page.version,
                "3 with firmware 1.55, 4 with LAUNCH_MIT_VECTOR");
    SUITE_EQUAL(ctx, "IMI_EN and reserved bits", 0, page.imi_en, "no migration image here");
    SUITE_EQUAL(ctx, "FMS", abi_fms_to_eax(profile->fms), page.fms,
                "CPUID Fn0000_0001_EAX of the processor");
    SUITE_EQUAL(ctx, "bytes 0x00C to 0x00F", 0, page.reserved_0c, "reserved bytes are zero");
    SUITE_BYTES(ctx, "GOSVW", profile->gosvw, page.gosvw, sizeof page.gosvw,
                "that of LAUNCH_START");
    SUITE_ZERO(ctx, "guest area", page.guest_area, sizeof page.guest_area,
               "the firmware leaves it zero");
    SUITE_ZERO(ctx, "VMSA_TWEAK_BITMAP", page.vmsa_tweak_bitmap, sizeof page.vmsa_tweak_bitmap,
               "no VMSA is tweaked: there are no launch commands");
    SUITE_ZERO(ctx, "guest area 2", page.guest_area_2, sizeof page.guest_area_2,
               "the firmware leaves it zero");
    SUITE_EQUAL(ctx, "TSC_FACTOR", profile->secrets_version >= 3 ? profile->tsc_factor : 0,
                page.tsc_factor, "that of TSC_INFO_RSP, from VERSION 3 on");
    SUITE_EQUAL(ctx, "bytes 0x164 to 0x167", 0, page.reserved_164, "reserved bytes are zero");
    SUITE_EQUAL(ctx, "LAUNCH_MIT_VECTOR",
                profile->secrets_version >= ABI_SECRETS_VERSION_MIT ? profile->launch_mit_vector
                                                                    : 0,
                page.launch_mit_vector, "the guest's launch vector, from VERSION 4 on");
    SUITE_ZERO(ctx, "bytes from 0x170", page.reserved_170, sizeof page.reserved_170,
               "reserved bytes are zero");
}

static void fields(struct suite_ctx *ctx) {
    suite_each_profile(ctx, check_page, NULL);
}

static void keys_differ(struct suite_ctx *ctx) {
    struct abi_secrets_page page;
    SUITE_STEP(suite_reset(ctx));
    SUITE_SETUP(ctx, "secrets page", target_secrets(suite_target(ctx), &page));
    for (unsigned a = 0; a < ABI_VMPCK_COUNT; a++) {
        SUITE_CHECK(ctx, "VMPCK", !abi_all_zero(page.vmpck[a], ABI_VMPCK_SIZE),
                    "a VMPCK is random, not zero");
        for (unsigned b = 0; b < a; b++)
            SUITE_CHECK(ctx, "VMPCK", memcmp(page.vmpck[a], page.vmpck[b], ABI_VMPCK_SIZE) != 0,
                        "the four VMPCKs differ");
    }
    crypto_wipe(&page, sizeof page);
}

/* Keys of one launch are worth nothing after the next. */
static void keys_of_a_launch(struct suite_ctx *ctx) {
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(message_tsc_request(ctx, 0, &message));
    SUITE_STEP(suite_seal(ctx, &message, page));
    SUITE_STEP(suite_relaunch(ctx, NULL, PSP_GUEST_RUNNING));
    SUITE_STEP(message_refused(ctx, page, ABI_BAD_MEASUREMENT, "each launch makes new VMPCKs"));
    SUITE_STEP(message_goes_on(ctx, 0));
}

static const struct suite_test tests[] = {
    {.id = "message.secrets.fields",
     .title = "every field of the secrets page but the keys, for every profile",
     .requirements =
         SUITE_REQ("SNP-SEC-001", "SNP-SEC-002", "SNP-SEC-003", "SNP-SEC-004", "SNP-SEC-005",
                   "SNP-SEC-006", "SNP-SEC-008", "SNP-SEC-009", "SNP-SEC-010"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_SECRETS,
     .run = fields},
    {.id = "message.secrets.keys",
     .title = "four different random VMPCKs",
     .requirements = SUITE_REQ("SNP-MSG-080", "SNP-SEC-001", "SNP-SEC-007"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_SECRETS,
     .run = keys_differ},
    {.id = "message.secrets.old-keys",
     .title = "a VMPCK of an earlier launch",
     .requirements = SUITE_REQ("SNP-MSG-080", "SNP-SEC-007"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.flip.none",
     .needs = SUITE_NEEDS_GUEST | TARGET_PROFILE,
     .run = keys_of_a_launch},
};

const struct suite_area message_secrets = MESSAGE_PART(tests);
