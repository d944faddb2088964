/* How a message must be sealed: key, IV, additional authenticated data. Each request here is consistent in
 * itself and wrong in one choice. Message notes, section 3. */
#include <string.h>

#include "message/message.h"

/* What a sealer may get wrong. */
struct sealing {
    uint8_t iv[CRYPTO_AEAD_IV_SIZE];
    size_t aad_from, aad_size; /* in the header */
};

static struct sealing right_sealing(uint64_t seqno) {
    struct sealing sealing = {.aad_from = 0x30, .aad_size = 0x30};
    abi_put_le64(sealing.iv, seqno);
    return sealing;
}

static void iv_big_endian(struct sealing *sealing) {
    memset(sealing->iv, 0, sizeof sealing->iv);
    sealing->iv[7] = 1; /* MSG_SEQNO 1 */
}

static void iv_at_the_end(struct sealing *sealing) {
    memset(sealing->iv, 0, sizeof sealing->iv);
    sealing->iv[4] = 1; /* 4 zero bytes first */
}

static void iv_padded(struct sealing *sealing) {
    sealing->iv[11] = 1;
}

static void iv_next(struct sealing *sealing) {
    sealing->iv[0] = 2;
}

static void aad_short(struct sealing *sealing) {
    sealing->aad_size--;
}

static void aad_early(struct sealing *sealing) {
    sealing->aad_from = 0x2F;
    sealing->aad_size++;
}

static void aad_with_seqno(struct sealing *sealing) {
    sealing->aad_from = 0x20;
    sealing->aad_size = 0x40;
}

static void aad_none(struct sealing *sealing) {
    sealing->aad_size = 0;
}

struct row {
    void (*spoil)(struct sealing *sealing);
};

static void sealed_otherwise(struct suite_ctx *ctx) {
    const struct row *row = suite_row(ctx);
    SUITE_STEP(suite_reset(ctx));
    struct suite_message message;
    uint8_t header[ABI_MSG_HEADER_SIZE];
    uint8_t page[ABI_PAGE_SIZE];
    SUITE_STEP(message_tsc_request(ctx, 0, &message));
    abi_msg_header_encode(&message.header, header);
    struct sealing sealing = right_sealing(message.header.seqno);
    row->spoil(&sealing);
    SUITE_STEP(suite_seal_with(ctx, &message, sealing.iv, header + sealing.aad_from,
                               sealing.aad_size, page));
    SUITE_STEP(message_refused(ctx, page, ABI_BAD_MEASUREMENT, "the tag must verify"));
    SUITE_STEP(message_goes_on(ctx, 0));
}

/* Sealed under every other VMPCK than the one that MSG_VMPCK names. */
static void other_key(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    for (unsigned other = 0; other < ABI_VMPCK_COUNT; other++) {
        if (other == vmpck) continue;
        struct suite_message message;
        struct suite_message theirs;
        uint8_t page[ABI_PAGE_SIZE];
        suite_instance(ctx, "MSG_VMPCK %u, key of VMPCK %u", vmpck, other);
        SUITE_STEP(message_tsc_request(ctx, vmpck, &message));
        SUITE_STEP(message_tsc_request(ctx, other, &theirs));
        memcpy(message.key, theirs.key, sizeof message.key);
        SUITE_STEP(suite_seal(ctx, &message, page));
        SUITE_STEP(message_refused(ctx, page, ABI_BAD_MEASUREMENT,
                                   "MSG_VMPCK selects the key of the tag"));
    }
    SUITE_STEP(message_goes_on(ctx, vmpck));
}

static void other_keys(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, other_key, NULL);
}

static void zero_key(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    SUITE_STEP(message_tsc_request(ctx, 0, &message));
    memset(message.key, 0, sizeof message.key);
    SUITE_STEP(suite_seal(ctx, &message, page));
    SUITE_STEP(message_refused(ctx, page, ABI_BAD_MEASUREMENT, "a key of zeros opens nothing"));
    SUITE_STEP(message_goes_on(ctx, 0));
}

#define REFUSED(name, function, text, requirement)                                                 \
    {                                                                                              \
        .id = "message.seal." name, .title = text,                                                 \
        .requirements = SUITE_REQ(requirement, "SNP-MSG-044"), .kind = SUITE_NEGATIVE,             \
        .twin = "message.flip.none", .needs = SUITE_NEEDS_GUEST, .run = sealed_otherwise,          \
        .row = &(const struct row) {                                                               \
            function                                                                               \
        }                                                                                          \
    }

static const struct suite_test tests[] = {
    REFUSED("iv-big-endian", iv_big_endian, "an IV with MSG_SEQNO in big-endian order",
            "SNP-MSG-014"),
    REFUSED("iv-at-the-end", iv_at_the_end, "an IV with its four zero bytes first", "SNP-MSG-014"),
    REFUSED("iv-padded", iv_padded, "an IV whose last four bytes are not zero", "SNP-MSG-014"),
    REFUSED("iv-next", iv_next, "an IV of another sequence number", "SNP-MSG-014"),
    REFUSED("aad-short", aad_short, "AAD that ends at 0x5E", "SNP-MSG-007"),
    REFUSED("aad-early", aad_early, "AAD that begins at 0x2F", "SNP-MSG-007"),
    REFUSED("aad-with-seqno", aad_with_seqno, "AAD that begins at MSG_SEQNO", "SNP-MSG-007"),
    REFUSED("aad-none", aad_none, "no AAD", "SNP-MSG-007"),
    {.id = "message.seal.other-key",
     .title = "a request under another VMPCK's key than MSG_VMPCK says",
     .requirements = SUITE_REQ("SNP-MSG-013", "SNP-MSG-044"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.flip.none",
     .needs = SUITE_NEEDS_GUEST,
     .run = other_keys},
    {.id = "message.seal.zero-key",
     .title = "a request under a key of zeros",
     .requirements = SUITE_REQ("SNP-MSG-013", "SNP-MSG-044"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.flip.none",
     .needs = SUITE_NEEDS_GUEST,
     .run = zero_key},
};

const struct suite_area message_seal = MESSAGE_PART(tests);
