/* KEY_REQ and KEY_RSP: sizes, versions, VMPL, what a refusal leaves. Message notes, sections 9.1 and 9.2. */
#include <string.h>

#include "key/key.h"

/* Every optional field by itself and all of them, as the profile is: the request of an unmodified guest. */
static void each_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    enum { KEYS = 8 };
    uint8_t keys[KEYS][KEY_SIZE];
    struct key_shot shot = {.profile = *profile, .version = 1, .size = 0x20, .vmpl = 0};
    if (profile->mask_chip_key) shot.select = KEY_VMRK;
    for (unsigned i = 0; i < KEYS; i++) {
        suite_instance(ctx, "%s, fields %u of 8", profile->name, i);
        shot.fields = i == 0 ? 0 : i == KEYS - 1 ? KEY_ALL_V1 : 1u << (i - 1);
        SUITE_STEP(key_granted(ctx, &shot, keys[i]));
        for (unsigned j = 0; j < i; j++)
            SUITE_STEP(key_differ(ctx, keys[i], keys[j], "other fields give another key"));
    }
}

static void each_profile(struct suite_ctx *ctx) {
    suite_each_profile(ctx, each_of, NULL);
}

static void vmpl_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    struct key_shot *shot = data;
    uint8_t key[KEY_SIZE];
    shot->vmpck = vmpck;
    for (shot->vmpl = vmpck; shot->vmpl < 4; shot->vmpl++) {
        suite_instance(ctx, "VMPCK %u, VMPL %u", vmpck, (unsigned)shot->vmpl);
        SUITE_STEP(key_granted(ctx, shot, key));
    }
}

static void vmpl(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    shot.profile.vmpl_max_3 = true;
    SUITE_STEP(key_launch(ctx, &shot));
    suite_each_vmpck(ctx, vmpl_of, &shot);
}

/* MSG_SIZEs that a profile may name for version 2. */
static const uint16_t v2_known[] = {0x28, 0x30, 0x20};
#define KEY_V2_SIZES (sizeof v2_known / sizeof v2_known[0])

static void v2_sizes(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t keys[KEY_V2_SIZES][KEY_SIZE];
    key_version_2(&shot);
    shot.fields = KEY_ALL_V2;
    shot.mit_vector = 0; /* 0x20 bytes have none */
    for (unsigned i = 0; i < KEY_V2_SIZES; i++) {
        shot.size = v2_known[i];
        suite_instance(ctx, "MSG_SIZE 0x%zx", shot.size);
        shot.profile.key_req_v2_size_count = 1;
        shot.profile.key_req_v2_sizes[0] = (uint16_t)shot.size;
        SUITE_STEP(key_of(ctx, &shot, keys[i]));
        SUITE_STEP(key_same(ctx, keys[0], keys[i], "neither padding nor MSG_SIZE is an input"));
    }
}

/* All of them at once, in any order of the profile's list; the vector counts where there is one. */
static void v2_all_sizes(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t with[KEY_SIZE], without[KEY_SIZE], key[KEY_SIZE];
    key_version_2(&shot);
    shot.fields = KEY_ALL_V2;
    for (unsigned turn = 0; turn < KEY_V2_SIZES; turn++) {
        shot.profile.key_req_v2_size_count = KEY_V2_SIZES;
        for (unsigned i = 0; i < KEY_V2_SIZES; i++)
            shot.profile.key_req_v2_sizes[i] = v2_known[(turn + i) % KEY_V2_SIZES];
        suite_instance(ctx, "turn %u", turn);
        shot.size = 0x28;
        SUITE_STEP(key_of(ctx, &shot, with));
        shot.size = 0x30;
        SUITE_STEP(key_granted(ctx, &shot, key));
        SUITE_STEP(key_same(ctx, with, key, "the padding is no input of the key"));
        shot.size = 0x20;
        SUITE_STEP(key_granted(ctx, &shot, without));
        SUITE_STEP(key_differ(ctx, with, without, "without the vector it counts as 0"));
    }
}

/* A mailbox refusal: no answer, no counter moved. */
static bool mailbox_refuses(struct suite_ctx *ctx, const struct key_shot *shot) {
    struct suite_message message;
    struct sevkit_exit exit;
    uint8_t page[ABI_PAGE_SIZE], noise[ABI_PAGE_SIZE], answer[ABI_PAGE_SIZE];
    uint8_t payload[0x80] = {0};
    abi_put_le32(payload + 0x10, shot->vmpl);
    suite_random(ctx, noise, sizeof noise);
    memcpy(answer, noise, sizeof answer);
    return suite_message(ctx, 0, ABI_MSG_KEY_REQ, shot->version, payload, shot->size, &message) &&
           suite_seal(ctx, &message, page) && suite_send(ctx, page, answer, &exit) &&
           suite_status(ctx, "mailbox status", ABI_INVALID_PARAM, exit.fw_status,
                        "MSG_SIZE or MSG_VERSION is none of this firmware's") &&
           suite_bytes(ctx, "response page", noise, answer, sizeof noise,
                       "a mailbox failure leaves it alone");
}

static void v2_other_sizes(struct suite_ctx *ctx) {
    static const size_t sizes[] = {0x08, 0x10, 0x20, 0x24, 0x28, 0x2C, 0x30, 0x38, 0x40, 0x80};
    struct key_shot shot = key_run_shot(ctx);
    uint8_t key[KEY_SIZE];
    for (unsigned i = 0; i < KEY_V2_SIZES; i++) {
        key_version_2(&shot);
        const size_t allowed = v2_known[i];
        shot.profile.key_req_v2_size_count = 1;
        shot.profile.key_req_v2_sizes[0] = (uint16_t)allowed;
        SUITE_STEP(key_launch(ctx, &shot));
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            suite_instance(ctx, "MSG_SIZE 0x%zx, allowed 0x%zx", sizes[j], allowed);
            shot.size = sizes[j];
            if (shot.size != allowed) SUITE_STEP(mailbox_refuses(ctx, &shot));
        }
        shot.size = allowed;
        SUITE_STEP(key_granted(ctx, &shot, key));
    }
}

static void v2_where_1(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t key[KEY_SIZE];
    shot.profile.key_req_max_version = 1;
    shot.profile.key_req_v2_size_count = 0;
    SUITE_STEP(key_launch(ctx, &shot));
    key_version_2(&shot);
    for (shot.size = 0x20; shot.size <= 0x30; shot.size += 8) {
        suite_instance(ctx, "MSG_SIZE 0x%zx", shot.size);
        SUITE_STEP(mailbox_refuses(ctx, &shot));
    }
    shot.version = 1;
    shot.size = 0x20;
    SUITE_STEP(key_granted(ctx, &shot, key));
}

/* Tag and sequence number come before the version: only an honest request is told that there is none. */
static void v2_where_1_order(struct suite_ctx *ctx) {
    static const struct {
        const char *name;
        uint64_t later;
        uint8_t flip;
        enum abi_status status;
    } faults[] = {
        {"forged", 0, 1, ABI_BAD_MEASUREMENT}, {"forged and early", 2, 1, ABI_BAD_MEASUREMENT},
        {"early", 2, 0, ABI_AEAD_OFLOW},       {"replayed", UINT64_C(0) - 2, 0, ABI_AEAD_OFLOW},
        {"honest", 0, 0, ABI_INVALID_PARAM},
    };
    struct key_shot shot = key_run_shot(ctx);
    uint8_t key[KEY_SIZE];
    shot.profile.key_req_max_version = 1;
    shot.profile.key_req_v2_size_count = 0;
    SUITE_STEP(key_launch(ctx, &shot));
    SUITE_STEP(key_granted(ctx, &shot, key)); /* there is something to replay */
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (size_t size = 0x20; size <= 0x30; size += 0x10) {
            struct suite_message message;
            struct sevkit_exit exit;
            uint8_t page[ABI_PAGE_SIZE], answer[ABI_PAGE_SIZE] = {0};
            suite_instance(ctx, "%s, MSG_SIZE 0x%zx", faults[i].name, size);
            SUITE_STEP(suite_message(ctx, 0, ABI_MSG_KEY_REQ, 2, NULL, size, &message));
            message.header.seqno += faults[i].later;
            SUITE_STEP(suite_seal(ctx, &message, page));
            page[0] ^= faults[i].flip;
            SUITE_STEP(suite_send(ctx, page, answer, &exit));
            SUITE_STATUS(ctx, "mailbox status", faults[i].status, exit.fw_status,
                         "tag, then sequence number, then version");
            SUITE_ZERO(ctx, "response page", answer, sizeof answer, "no response");
        }
    }
    suite_instance(ctx, "%s", "");
    SUITE_STEP(key_granted(ctx, &shot, key));
}

/* ROW: the switch key_rsp_v2_version. */
static void rsp_version(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    struct suite_message message;
    struct suite_response response;
    struct sevkit_exit exit;
    uint8_t page[ABI_PAGE_SIZE], answer[ABI_PAGE_SIZE];
    static const uint8_t payload[0x28] = {0};
    const unsigned version = *(const unsigned *)suite_row(ctx);
    shot.profile.key_rsp_v2_version = version;
    SUITE_STEP(key_launch(ctx, &shot));
    for (uint8_t v = 1; v <= 2; v++) {
        suite_instance(ctx, "request version %u", v);
        SUITE_STEP(suite_message(ctx, v - 1u, ABI_MSG_KEY_REQ, v, payload, v == 1 ? 0x20 : 0x28,
                                 &message));
        message.payload[0x10] = 1;
        SUITE_STEP(suite_seal(ctx, &message, page));
        SUITE_STEP(suite_send(ctx, page, answer, &exit));
        SUITE_STATUS(ctx, "mailbox status", ABI_SUCCESS, exit.fw_status, "a well-formed request");
        SUITE_STEP(suite_open(ctx, &message, answer, &response));
        SUITE_EQUAL(ctx, "response MSG_VERSION", v == 1 ? 1 : version, response.header.version,
                    "as the switch key_rsp_v2_version says, and 1 to version 1");
    }
}

static void v1_is_zero(struct suite_ctx *ctx) {
    struct key_shot shot = key_run_shot(ctx);
    uint8_t v1[KEY_SIZE], v2[KEY_SIZE];
    shot.mit_vector = 0;
    for (uint64_t fields = 0; fields <= KEY_ALL_V1; fields++) {
        suite_instance(ctx, "GUEST_FIELD_SELECT 0x%x", (unsigned)fields);
        shot.fields = fields;
        shot.version = 1;
        shot.size = 0x20;
        SUITE_STEP(key_of(ctx, &shot, v1));
        key_version_2(&shot);
        SUITE_STEP(key_granted(ctx, &shot, v2));
        SUITE_STEP(key_same(ctx, v1, v2, "version 1 counts as LAUNCH_MIT_VECTOR 0"));
    }
}

static void footprint(struct suite_ctx *ctx) {
    const struct key_shot good = key_run_shot(ctx);
    struct key_shot bad = good;
    uint8_t before[KEY_SIZE], after[KEY_SIZE];
    bad.fields = KEY_GUEST_SVN;
    bad.guest_svn = 8;
    SUITE_STEP(key_of(ctx, &good, before));
    SUITE_STEP(key_refused(ctx, &bad, ABI_INVALID_PARAM, "GUEST_SVN is above the ID block's"));
    bad.select = KEY_RESERVED;
    SUITE_STEP(key_refused(ctx, &bad, ABI_INVALID_KEY, "KEY_SEL 3"));
    SUITE_STEP(key_granted(ctx, &good, after));
    SUITE_STEP(key_same(ctx, before, after, "a refused request changes nothing"));
}

static const struct suite_test tests[] = {
    {.id = "key.form.each-profile",
     .title = "version 1, 0x20 bytes, is answered by 0x40 bytes for each field, in every profile",
     .requirements = SUITE_REQ("SNP-KEY-001", "SNP-KEY-022", "SNP-KEY-026", "SNP-KEY-005",
                               "SNP-KEY-006", "SNP-KEY-015"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = each_profile},
    {.id = "key.form.vmpl",
     .title = "each VMPCK may ask for its own VMPL and every one above it, up to 3",
     .requirements = SUITE_REQ("SNP-KEY-013", "SNP-KEY-014"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = vmpl},
    {.id = "key.form.v2-sizes",
     .title = "version 2 is taken in each of the sizes that a profile may name, with one key",
     .requirements = SUITE_REQ("SNP-KEY-002", "SNP-KEY-003"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = v2_sizes},
    {.id = "key.form.v2-all-sizes",
     .title = "version 2 is taken in all sizes that the profile names, the shortest without vector",
     .requirements = SUITE_REQ("SNP-KEY-003", "SNP-KEY-036"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = v2_all_sizes},
    {.id = "key.form.v2-other-sizes",
     .title = "version 2 is refused in every size that the profile does not name",
     .requirements = SUITE_REQ("SNP-KEY-003"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.form.v2-sizes",
     .needs = KEY_NEEDS,
     .run = v2_other_sizes},
    {.id = "key.form.v2-where-1",
     .title = "version 2 is refused where the firmware's highest version is 1",
     .requirements = SUITE_REQ("SNP-KEY-002"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.form.v2-sizes",
     .needs = KEY_NEEDS,
     .run = v2_where_1},
    {.id = "key.form.v2-where-1-order",
     .title = "where the highest version is 1, a forged or replayed version 2 is refused as such",
     .requirements =
         SUITE_REQ("SNP-KEY-002", "SNP-MSG-044", "SNP-MSG-045", "SNP-MSG-046", "SNP-MSG-049"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.form.each-profile",
     .needs = KEY_NEEDS,
     .run = v2_where_1_order},
    {.id = "key.form.rsp-version-2",
     .title = "a version 2 request is answered with version 2 where the profile says so",
     .requirements = SUITE_REQ("SNP-KEY-024"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = rsp_version,
     .row = &(const unsigned){2}},
    {.id = "key.form.rsp-version-1",
     .title = "a version 2 request is not answered with version 2 where the profile says 1",
     .requirements = SUITE_REQ("SNP-KEY-024"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.form.rsp-version-2",
     .needs = KEY_NEEDS,
     .run = rsp_version,
     .row = &(const unsigned){1}},
    {.id = "key.form.v1-is-zero-vector",
     .title = "version 1 gives the key of version 2 with LAUNCH_MIT_VECTOR 0, for all fields",
     .requirements = SUITE_REQ("SNP-KEY-004"),
     .kind = SUITE_POSITIVE,
     .needs = KEY_NEEDS,
     .run = v1_is_zero},
    {.id = "key.form.footprint",
     .title = "a refusal has a zero key, moves MsgCount by 2 and changes no later key",
     .requirements = SUITE_REQ("SNP-KEY-023", "SNP-KEY-018", "SNP-KEY-008"),
     .kind = SUITE_NEGATIVE,
     .twin = "key.form.each-profile",
     .needs = KEY_NEEDS,
     .run = footprint},
};

const struct suite_area key_form = KEY_PART(tests);
