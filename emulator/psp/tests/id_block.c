/* The ID block at LAUNCH_FINISH: each check, the order of checks, what comes out. */
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/crypto.h"
#include "sevkit/psp_launch.h"
#include "unit/unit.h"

extern const struct unit_suite id_block_suite;

#define POLICY UINT64_C(0x8000000000030000)

/* Offsets in the page, as the notes have them. */
enum {
    ID_KEY_ALGO = 0x000,
    AUTH_KEY_ALGO = 0x004,
    ID_BLOCK_SIG = 0x040,
    ID_KEY = 0x240,
    ID_KEY_SIG = 0x680,
    AUTHOR_KEY = 0x880,
    QX = 0x004,
    QY = 0x04C,
};

struct made {
    struct crypto_ec_key *id, *author;
    uint8_t block[ABI_ID_BLOCK_SIZE], auth[ABI_ID_AUTH_SIZE], ld[ABI_DIGEST_SIZE];
    struct psp_id_block_input in;
};

static struct crypto_ec_key *key_of(uint8_t label) {
    uint8_t seed[CRYPTO_P384_SEED_SIZE] = {label, 1, 2, 3};
    struct crypto_ec_key *key = NULL;
    UNIT_OK(crypto_ec_key_from_seed(seed, &key));
    return key;
}

static void put_key(const struct crypto_ec_key *key, uint8_t *at) {
    uint8_t xy[2 * CRYPTO_P384_SIZE];
    crypto_ec_key_public(key, xy);
    at[0] = 2;
    for (size_t i = 0; i < CRYPTO_P384_SIZE; i++) {
        at[QX + i] = xy[CRYPTO_P384_SIZE - 1 - i];
        at[QY + i] = xy[2 * CRYPTO_P384_SIZE - 1 - i];
    }
}

static void put_signature(const struct crypto_ec_key *key, const uint8_t *bytes, size_t size,
                          uint8_t *at) {
    struct crypto_signature signature;
    UNIT_OK(crypto_ec_sign(key, bytes, size, &signature));
    memcpy(at, signature.r, sizeof signature.r);
    memcpy(at + 72, signature.s, sizeof signature.s);
}

static void sign_block(struct made *m) {
    put_signature(m->id, m->block, sizeof m->block, m->auth + ID_BLOCK_SIG);
}

static void sign_key(struct made *m) {
    put_signature(m->author, m->auth + ID_KEY, 0x404, m->auth + ID_KEY_SIG);
}

static void make(struct made *m) {
    memset(m, 0, sizeof *m);
    m->id = key_of(1);
    m->author = key_of(2);
    for (uint8_t i = 0; i < sizeof m->ld; i++) m->ld[i] = (uint8_t)(i + 1);
    const struct abi_id_block block = {.family_id = {1, [15] = 2},
                                       .image_id = {3, [15] = 4},
                                       .version = 1,
                                       .guest_svn = 9,
                                       .policy = POLICY};
    abi_id_block_encode(&block, m->block);
    memcpy(m->block, m->ld, sizeof m->ld);
    m->auth[ID_KEY_ALGO] = m->auth[AUTH_KEY_ALGO] = 1;
    put_key(m->id, m->auth + ID_KEY);
    put_key(m->author, m->auth + AUTHOR_KEY);
    sign_block(m);
    sign_key(m);
    m->in = (struct psp_id_block_input){
        .block = m->block, .auth = m->auth, .auth_key_en = true, .ld = m->ld, .policy = POLICY};
}

static void drop(struct made *m) {
    crypto_ec_key_free(m->id);
    crypto_ec_key_free(m->author);
}

/* The check's answer; OUT must stay as it is when it refuses. */
static enum abi_status check(const struct made *m) {
    struct sevkit_id_block out, before;
    memset(&out, 0xA5, sizeof out);
    memset(&before, 0xA5, sizeof before);
    const enum abi_status status = psp_id_block_check(&m->in, &out);
    if (status != ABI_SUCCESS) UNIT_BYTES(&out, &before, sizeof out);
    return status;
}

static void accepted(void) {
    struct made m;
    struct sevkit_id_block out;
    uint8_t digest[ABI_DIGEST_SIZE];
    make(&m);
    for (int author = 0; author < 2; author++) {
        m.in.auth_key_en = author == 1;
        memset(&out, 0xA5, sizeof out);
        CU_ASSERT_EQUAL(psp_id_block_check(&m.in, &out), ABI_SUCCESS);
        CU_ASSERT(out.present);
        CU_ASSERT_EQUAL(out.author_key_en, author == 1);
        CU_ASSERT_EQUAL(out.guest_svn, 9);
        UNIT_BYTES(out.family_id, m.block + 0x30, 16);
        UNIT_BYTES(out.image_id, m.block + 0x40, 16);
        UNIT_OK(crypto_sha384(m.auth + ID_KEY, 0x404, digest));
        UNIT_BYTES(out.id_key_digest, digest, sizeof digest);
        UNIT_OK(crypto_sha384(m.auth + AUTHOR_KEY, 0x404, digest));
        if (author == 0) memset(digest, 0, sizeof digest);
        UNIT_BYTES(out.author_key_digest, digest, sizeof digest);
    }
    drop(&m);
}

/* @req SNP-IDB-014 SNP-IDB-017 */
static void without_block(void) {
    for (unsigned bits = 0; bits < 4; bits++) {
        struct made m;
        struct sevkit_id_block out;
        make(&m);
        m.in.block = m.in.auth = NULL;
        m.in.auth_key_en = bits & 1;
        m.in.rules.auth_key_needs_block = bits & 2;
        if (bits == 3) {
            CU_ASSERT_EQUAL(check(&m), ABI_INVALID_PARAM);
        } else {
            memset(&out, 0xA5, sizeof out);
            CU_ASSERT_EQUAL(psp_id_block_check(&m.in, &out), ABI_SUCCESS);
            CU_ASSERT_FALSE(out.present);
            CU_ASSERT_EQUAL(out.author_key_en, bits & 1);
            CU_ASSERT_EQUAL(out.guest_svn, 0);
            CU_ASSERT(abi_all_zero(out.family_id, sizeof out.family_id));
            CU_ASSERT(abi_all_zero(out.image_id, sizeof out.image_id));
            CU_ASSERT(abi_all_zero(out.id_key_digest, sizeof out.id_key_digest));
            CU_ASSERT(abi_all_zero(out.author_key_digest, sizeof out.author_key_digest));
        }
        drop(&m);
    }
}

/* Every byte of the guest's LD and POLICY counts. */
static void digest_and_policy(void) {
    struct made m;
    make(&m);
    for (size_t i = 0; i < sizeof m.ld; i++) {
        m.ld[i] ^= 0x10;
        CU_ASSERT_EQUAL(check(&m), ABI_BAD_MEASUREMENT);
        m.ld[i] ^= 0x10;
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        m.in.policy = POLICY ^ UINT64_C(1) << bit;
        CU_ASSERT_EQUAL(check(&m), ABI_POLICY_FAILURE);
    }
    drop(&m);
}

/* One byte of the page is another one. */
struct fault {
    size_t at;
    uint8_t value;
    enum abi_status with_author, without; /* AUTH_KEY_EN set, clear */
};

static void page_faults(void) {
    static const struct fault rows[] = {
        {ID_KEY_ALGO, 0, ABI_INVALID_PARAM, ABI_INVALID_PARAM},
        {ID_KEY_ALGO, 2, ABI_INVALID_PARAM, ABI_INVALID_PARAM},
        {ID_KEY_ALGO + 3, 1, ABI_INVALID_PARAM, ABI_INVALID_PARAM},
        {AUTH_KEY_ALGO, 0, ABI_INVALID_PARAM, ABI_SUCCESS},
        {AUTH_KEY_ALGO, 2, ABI_INVALID_PARAM, ABI_SUCCESS},
        {ID_KEY, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_KEY + 1, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_KEY + QX + 48, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_KEY + QX + 71, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_KEY + QY + 48, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_KEY + QY + 71, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_BLOCK_SIG + 48, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_BLOCK_SIG + 72 + 71, 1, ABI_BAD_SIGNATURE, ABI_BAD_SIGNATURE},
        {ID_KEY + 0x403, 1, ABI_BAD_SIGNATURE, ABI_SUCCESS}, /* certified by the author only */
        {AUTHOR_KEY, 1, ABI_BAD_SIGNATURE, ABI_SUCCESS},
        {AUTHOR_KEY + QX + 48, 1, ABI_BAD_SIGNATURE, ABI_SUCCESS},
        {ID_KEY_SIG + 48, 1, ABI_BAD_SIGNATURE, ABI_SUCCESS},
        {0x008, 1, ABI_SUCCESS, ABI_SUCCESS},
        {0xFFF, 1, ABI_SUCCESS, ABI_SUCCESS},
    };
    struct made m;
    make(&m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t good = m.auth[rows[i].at];
        CU_ASSERT_NOT_EQUAL(good, rows[i].value);
        m.auth[rows[i].at] = rows[i].value;
        m.in.auth_key_en = true;
        CU_ASSERT_EQUAL(check(&m), rows[i].with_author);
        m.in.auth_key_en = false;
        CU_ASSERT_EQUAL(check(&m), rows[i].without);
        m.auth[rows[i].at] = good;
    }
    drop(&m);
}

/* Low bytes of numbers: another value of the same width. */
static void changed_numbers(void) {
    static const struct {
        size_t at;
        bool author; /* needed by AUTH_KEY_EN alone */
    } rows[] = {{ID_BLOCK_SIG, false},   {ID_BLOCK_SIG + 72, false}, {ID_KEY + QX, false},
                {ID_KEY + QY, false},    {ID_KEY_SIG, true},         {ID_KEY_SIG + 72, true},
                {AUTHOR_KEY + QX, true}, {AUTHOR_KEY + QY, true}};
    struct made m;
    make(&m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m.auth[rows[i].at] ^= 1;
        m.in.auth_key_en = true;
        CU_ASSERT_EQUAL(check(&m), ABI_BAD_SIGNATURE);
        m.in.auth_key_en = false;
        CU_ASSERT_EQUAL(check(&m), rows[i].author ? ABI_SUCCESS : ABI_BAD_SIGNATURE);
        m.auth[rows[i].at] ^= 1;
    }
    drop(&m);
}

/* Every byte of the block behind LD and before POLICY is signed. */
static void signed_block(void) {
    struct made m;
    make(&m);
    for (size_t at = 0x30; at < 0x58; at++) {
        m.block[at] ^= 1;
        CU_ASSERT_EQUAL(check(&m), ABI_BAD_SIGNATURE);
        m.block[at] ^= 1;
    }
    CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
    drop(&m);
}

/* @req SNP-IDB-016 */
static void version_rule(void) {
    for (uint8_t version = 0; version < 3; version++) {
        struct made m;
        make(&m);
        m.block[0x50] = version;
        sign_block(&m);
        CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
        m.in.rules.check_version = true;
        CU_ASSERT_EQUAL(check(&m), version == 1 ? ABI_SUCCESS : ABI_INVALID_PARAM);
        drop(&m);
    }
}

/* @req SNP-IDB-018 */
static void reserved_rule(void) {
    static const struct {
        size_t at;
        bool author; /* looked at with AUTH_KEY_EN alone */
    } rows[] = {{0x008, false}, {0x03F, false}, {0x0D0, false}, {0x23F, false}, {0x2D4, false},
                {0x643, false}, {0x644, false}, {0x67F, false}, {0x710, true},  {0x87F, true},
                {0x914, true},  {0xC83, true},  {0xC84, false}, {0xFFF, false}};
    struct made m;
    make(&m);
    m.in.rules.id_auth_mbz = true;
    CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m.auth[rows[i].at] = 1;
        sign_key(&m);
        m.in.auth_key_en = true;
        CU_ASSERT_EQUAL(check(&m), ABI_INVALID_PARAM);
        m.in.auth_key_en = false;
        CU_ASSERT_EQUAL(check(&m), rows[i].author ? ABI_SUCCESS : ABI_INVALID_PARAM);
        m.in.rules.id_auth_mbz = false;
        m.in.auth_key_en = true;
        CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
        m.in.rules.id_auth_mbz = true;
        m.auth[rows[i].at] = 0;
    }
    drop(&m);
}

/* Each of the upper 24 bytes of QX and QY of both keys.
 * @req SNP-IDB-010 SNP-IDB-012 */
static void coordinates_rule(void) {
    static const size_t keys[] = {ID_KEY, AUTHOR_KEY};
    struct made m;
    make(&m);
    m.in.auth_key_en = true;
    for (size_t i = 0; i < 4; i++) {
        const size_t start = keys[i / 2] + 4 + 72 * (i % 2);
        for (size_t at = start + 48; at < start + 72; at++) {
            m.auth[at] = 0x80;
            sign_key(&m);
            m.in.rules.coordinates_cut = false;
            CU_ASSERT_EQUAL(check(&m), ABI_BAD_SIGNATURE);
            m.in.rules.coordinates_cut = true;
            CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
            m.auth[at] = 0;
        }
        sign_key(&m);
        m.auth[start + 47] ^= 1; /* the highest that counts */
        CU_ASSERT_EQUAL(check(&m), ABI_BAD_SIGNATURE);
        m.auth[start + 47] ^= 1;
    }
    CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
    drop(&m);
}

/* With all faults at once the first answers; each one that goes lets the next one through. */
static void order(void) {
    struct made m;
    make(&m);
    m.ld[0] ^= 1;
    m.in.policy ^= 1;
    m.auth[ID_KEY_ALGO] = 2;
    m.auth[AUTH_KEY_ALGO] = 2;
    m.auth[ID_BLOCK_SIG] ^= 1;
    m.auth[ID_KEY_SIG] ^= 1;
    CU_ASSERT_EQUAL(check(&m), ABI_BAD_MEASUREMENT);
    m.ld[0] ^= 1;
    CU_ASSERT_EQUAL(check(&m), ABI_POLICY_FAILURE);
    m.in.policy ^= 1;
    CU_ASSERT_EQUAL(check(&m), ABI_INVALID_PARAM);
    m.auth[ID_KEY_ALGO] = 1;
    CU_ASSERT_EQUAL(check(&m), ABI_INVALID_PARAM);
    m.auth[AUTH_KEY_ALGO] = 1;
    CU_ASSERT_EQUAL(check(&m), ABI_BAD_SIGNATURE);
    m.auth[ID_BLOCK_SIG] ^= 1;
    CU_ASSERT_EQUAL(check(&m), ABI_BAD_SIGNATURE);
    m.auth[ID_KEY_SIG] ^= 1;
    CU_ASSERT_EQUAL(check(&m), ABI_SUCCESS);
    drop(&m);
}

static const struct unit_test tests[] = {
    {"accepted", accepted},
    {"without-block", without_block},
    {"digest-and-policy", digest_and_policy},
    {"page-faults", page_faults},
    {"changed-numbers", changed_numbers},
    {"signed-block", signed_block},
    {"version-rule", version_rule},
    {"reserved-rule", reserved_rule},
    {"coordinates-rule", coordinates_rule},
    {"order", order},
    {NULL, NULL},
};

const struct unit_suite id_block_suite = {"id-block", tests};
