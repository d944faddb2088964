/* The parts of the area verifier, and what they share: a report with the certificates that belong to it, one
 * thing wrong with them, and the verdict. Report notes, certificate notes; design, section 4.
 *
 * Offsets are written as the notes' numbers, not by the names of sevkit/report.h, so that a wrong constant
 * there does not agree with itself. */
#ifndef VERIFIER_H
#define VERIFIER_H

#include "runner/suite.h"
#include "sevkit/certtable.h"
#include "sevkit/verify.h"

#define VERIFIER_PART(table)                                                                       \
    { .name = "verifier", .tests = (table), .count = sizeof(table) / sizeof((table)[0]) }

extern const struct suite_area verifier_accept, verifier_parse, verifier_signer, verifier_signature,
    verifier_binding, verifier_tcb, verifier_policy, verifier_fixed, verifier_policy_file,
    verifier_order, verifier_chain, verifier_ca, verifier_leaf, verifier_crl, verifier_bytes,
    verifier_cert, verifier_cert_ca, verifier_cert_leaf, verifier_table, verifier_real,
    verifier_real_flip;

#define VERIFIER_NEEDS (SUITE_NEEDS_GUEST | TARGET_PROFILE | TARGET_CERTS)

#define VERIFIER_REPORT_SIZE 0x4A0
#define VERIFIER_SIGNED_SIZE 0x2A0
#define VERIFIER_DAY 86400

/* The profiles that most tests take: one of each layout and report version. */
#define VERIFIER_MILAN "milan-1.52.4-v2-vcek"
#define VERIFIER_GENOA "genoa-1.55.40-v3-vcek"
#define VERIFIER_GENOA_V5 "genoa-1.55.43-v5-vcek"
#define VERIFIER_TURIN "turin-1.55.65-v5-vcek"
#define VERIFIER_VLEK "milan-1.55.29-v3-vlek"

/* All that a verdict depends on. Tests change what they like; nothing here needs to be freed. */
struct verifier_world {
    struct sevkit_profile profile; /* of the machine that made the report */
    uint8_t report[VERIFIER_REPORT_SIZE];
    size_t report_size;
    bool unsigned_change; /* the signature stays as it was */
    struct vmm_certs certs;
    struct pki_der root;
    bool with_root, with_crl, trust_dir;
    bool without_leaf, without_ca, without_ark;
    int64_t at;
    struct pki_policy policy;
    struct pki_chain
        *chain; /* NULL: made anew of the certificates for each verdict; else this one */
};

/* A report of PROFILE's machine with its certificates, at the machine's clock, default policy. Every field
 * that the profile fixes has a value of its own, and every TCB component is above 0. */
SEVKIT_MUST bool verifier_open(struct suite_ctx *ctx, const char *profile,
                               struct verifier_world *world);

/* As above for the machine as it is, with the profile's own values. */
SEVKIT_MUST bool verifier_open_plain(struct suite_ctx *ctx, struct verifier_world *world);

/* Signs the report anew with the key of the leaf that the machine's certificates are for. */
SEVKIT_MUST bool verifier_sign(struct suite_ctx *ctx, struct verifier_world *world);

/* The leaf key of WORLD's machine; freed by the caller. */
SEVKIT_MUST bool verifier_key(struct suite_ctx *ctx, const struct verifier_world *world,
                              struct crypto_ec_key **key);
struct pki_leaf verifier_leaf_of(const struct sevkit_profile *profile);

/* The chain of WORLD's certificates, for many reports. A certificate that cannot be read is passed on as
 * unreadable, as snp-verify does. The caller frees it. */
SEVKIT_MUST bool verifier_chain_new(struct suite_ctx *ctx, const struct verifier_world *world,
                                    struct pki_chain **chain);

/* Judges the report as it stands, under world->chain or under a chain of its own. */
SEVKIT_MUST bool verifier_judge(struct suite_ctx *ctx, const struct verifier_world *world,
                                struct pki_verdict *verdict);

/* Assertions. A refusal is one at STAGE for REQUIREMENT ("": any) that names field and rule; the stages
 * before it do not fail and those after it are skipped. */
SEVKIT_MUST bool verifier_accepts(struct suite_ctx *ctx, const struct verifier_world *world,
                                  const char *rule);
SEVKIT_MUST bool verifier_refuses(struct suite_ctx *ctx, const struct verifier_world *world,
                                  enum pki_stage stage, const char *requirement, const char *rule);

/* ---- tests that change bytes of the report ---- */

enum verifier_op { VERIFIER_SET, VERIFIER_ADD, VERIFIER_XOR };

/* SIZE bytes (1, 4, 8; little-endian) at AT. SIZE 0 ends a list. */
struct verifier_patch {
    uint16_t at;
    uint8_t size;
    enum verifier_op op;
    uint64_t value;
};

void verifier_patch(struct verifier_world *world, struct verifier_patch patch);

#define VERIFIER_PATCHES 16

/* A row of such a test. BOTH holds for the test and its twin; each entry of EACH is one instance. */
struct verifier_row {
    const char *profile;
    void (*set)(struct verifier_world *world);
    bool unsigned_change;
    struct verifier_patch both[4];
    struct verifier_patch each[VERIFIER_PATCHES];
    enum pki_stage stage;    /* PKI_STAGE_COUNT: accepted */
    const char *requirement; /* that the refusal names */
    const char *rule;
};

void verifier_run_row(struct suite_ctx *ctx);

#define VERIFIER_ACCEPT(ID, TITLE, REQ, RULE, ...)                                                 \
    {                                                                                              \
        .id = "verifier." ID, .title = TITLE, .requirements = SUITE_REQ(REQ),                      \
        .kind = SUITE_POSITIVE, .needs = VERIFIER_NEEDS, .run = verifier_run_row,                  \
        .row = &(const struct verifier_row) {                                                      \
            .stage = PKI_STAGE_COUNT, .rule = RULE, __VA_ARGS__                                    \
        }                                                                                          \
    }

#define VERIFIER_REFUSE(ID, TWIN, TITLE, REQ, STAGE, RULE, ...)                                    \
    {                                                                                              \
        .id = "verifier." ID, .title = TITLE, .requirements = SUITE_REQ(REQ),                      \
        .kind = SUITE_NEGATIVE, .twin = "verifier." TWIN, .needs = VERIFIER_NEEDS,                 \
        .run = verifier_run_row, .row = &(const struct verifier_row) {                             \
            .stage = PKI_STAGE_##STAGE, .requirement = REQ, .rule = RULE, __VA_ARGS__              \
        }                                                                                          \
    }

#endif
