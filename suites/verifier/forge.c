/* See forge.h. Certificate notes, sections 1 and 3; RFC 8017, 9.1.1 (EMSA-PSS). */
#include "verifier/forge.h"

#include <stdio.h>
#include <string.h>

#include "verifier/forge_rsa.h"

#define HASH CRYPTO_SHA384_SIZE
#define DB_SIZE (FORGE_RSA_SIZE - HASH - 1)
#define LEVELS 16

static bool made(struct suite_ctx *ctx, const char *what, bool good, size_t value) {
    const struct sevkit_result r =
        sevkit_fail(SEVKIT_NOT_FOUND, what, SEVKIT_NO_OFFSET, value, "a certificate as we mint it");
    return good || suite_setup(ctx, "forging", r);
}

/* ---- DER ---- */

struct tlv {
    size_t start, content, end;
};

static bool tlv_at(const uint8_t *der, size_t at, size_t end, struct tlv *tlv) {
    if (end < at || end - at < 2) return false;
    size_t size = der[at + 1], head = 2;
    if (size >= 0x80) {
        const size_t bytes = size & 0x7F;
        if (bytes == 0 || bytes > 2 || end - at - 2 < bytes) return false;
        size = bytes == 1 ? der[at + 2] : (size_t)der[at + 2] << 8 | der[at + 3];
        head += bytes;
    }
    if (size > end - at - head) return false;
    *tlv = (struct tlv){at, at + head, at + head + size};
    return true;
}

/* Writes the head of TLV anew for SIZE bytes of content; moves what follows. */
static void put_head(struct pki_der *der, const struct tlv *tlv, size_t size) {
    uint8_t head[4] = {der->bytes[tlv->start], (uint8_t)size};
    const size_t long_form = size < 0x80 ? 0 : size < 0x100 ? 1 : 2;
    const size_t head_size = 2 + long_form;
    if (long_form != 0) head[1] = (uint8_t)(0x80 | long_form);
    for (size_t i = 0; i < long_form; i++) head[2 + i] = (uint8_t)(size >> 8 * (long_form - 1 - i));
    memmove(der->bytes + tlv->start + head_size, der->bytes + tlv->content,
            der->size - tlv->content);
    memcpy(der->bytes + tlv->start, head, head_size);
    der->size = der->size - (tlv->content - tlv->start) + head_size;
}

/* The constructed values around FROM .. TO, outermost first. */
static size_t around(const struct pki_der *der, size_t from, size_t to, struct tlv *levels) {
    size_t count = 0, at = 0, end = der->size;
    struct tlv t;
    while (count < LEVELS && tlv_at(der->bytes, at, end, &t)) {
        const bool holds = t.content <= from && to <= t.end;
        if (holds && (der->bytes[t.start] & 0x20) != 0) {
            levels[count++] = t;
            at = t.content;
            end = t.end;
        } else if (holds) {
            break;
        } else {
            at = t.end;
        }
    }
    return count;
}

static bool find(const struct pki_der *der, struct forge_bytes what, size_t nth, size_t *at) {
    for (size_t i = 0; i + what.size <= der->size; i++) {
        if (memcmp(der->bytes + i, what.bytes, what.size) != 0) continue;
        *at = i;
        if (nth-- == 0) return true;
    }
    return false;
}

bool forge_replace(struct suite_ctx *ctx, struct pki_der *der, struct forge_bytes old, size_t nth,
                   struct forge_bytes new) {
    struct tlv levels[LEVELS];
    size_t at = 0;
    if (!made(ctx, "bytes to be replaced", find(der, old, nth, &at), nth)) return false;
    const size_t end = at + old.size;
    const size_t count = around(der, at, end, levels);
    const bool fits = der->size - old.size + new.size <= sizeof der->bytes - 4 * LEVELS;
    if (!made(ctx, "room", fits && count != 0, count)) return false;
    const size_t before = der->size;
    memmove(der->bytes + at + new.size, der->bytes + end, der->size - end);
    memcpy(der->bytes + at, new.bytes, new.size);
    der->size = der->size - old.size + new.size;
    for (size_t i = count; i-- > 0;)
        put_head(der, &levels[i], levels[i].end - levels[i].content + der->size - before);
    return true;
}

bool forge_whole(struct suite_ctx *ctx, const struct pki_der *der, struct forge_bytes prefix,
                 struct forge_bytes *value) {
    struct tlv t = {0, 0, 0};
    size_t at = 0;
    const bool good = find(der, prefix, 0, &at) && tlv_at(der->bytes, at, der->size, &t);
    *value = (struct forge_bytes){t.end - t.start, der->bytes + t.start};
    return made(ctx, "value to be replaced", good, prefix.size);
}

/* ---- signing ---- */

static struct sevkit_result mask(const uint8_t *seed, uint8_t db[DB_SIZE]) {
    uint8_t input[HASH + 4], digest[HASH];
    memcpy(input, seed, HASH);
    for (size_t at = 0; at < DB_SIZE; at += HASH) {
        const size_t i = at / HASH;
        const uint8_t counter[4] = {0, 0, (uint8_t)(i >> 8), (uint8_t)i};
        memcpy(input + HASH, counter, sizeof counter);
        SEVKIT_TRY(crypto_sha384(input, sizeof input, digest));
        for (size_t k = 0; k < HASH && at + k < DB_SIZE; k++) db[at + k] ^= digest[k];
    }
    return sevkit_success();
}

static struct sevkit_result encode(const uint8_t *tbs, size_t size, uint8_t em[FORGE_RSA_SIZE]) {
    static const char label[] = "sevkit-salt";
    uint8_t salted[PKI_DER_MAX + sizeof label], salt[HASH], m[8 + 2 * HASH] = {0};
    memcpy(salted, label, sizeof label - 1);
    memcpy(salted + sizeof label - 1, tbs, size);
    SEVKIT_TRY(crypto_sha384(salted, size + sizeof label - 1, salt));
    SEVKIT_TRY(crypto_sha384(tbs, size, m + 8));
    memcpy(m + 8 + HASH, salt, HASH);
    memset(em, 0, FORGE_RSA_SIZE);
    em[DB_SIZE - HASH - 1] = 1;
    memcpy(em + DB_SIZE - HASH, salt, HASH);
    SEVKIT_TRY(crypto_sha384(m, sizeof m, em + DB_SIZE));
    SEVKIT_TRY(mask(em + DB_SIZE, em));
    em[0] &= 0x7F;
    em[FORGE_RSA_SIZE - 1] = 0xBC;
    return sevkit_success();
}

static bool read_key(struct suite_ctx *ctx, enum abi_product product, enum forge_key key,
                     struct forge_rsa *rsa) {
    static const char *const lines[] = {"", "milan", "genoa", "turin"};
    static const char *const roles[] = {"ark", "ask", "asvk"};
    char path[64];
    snprintf(path, sizeof path, "vectors/keys/%s-%s.key.pem", roles[key], lines[product]);
    if (forge_rsa_read(path, rsa)) return true;
    suite_skip(ctx, "vectors/keys/ is not at hand: run from the root of the tree");
    return false;
}

bool forge_sign(struct suite_ctx *ctx, enum abi_product product, enum forge_key key,
                struct pki_der *der) {
    struct forge_rsa rsa;
    struct tlv whole, tbs;
    uint8_t em[FORGE_RSA_SIZE];
    if (!read_key(ctx, product, key, &rsa)) return false;
    const bool good = tlv_at(der->bytes, 0, der->size, &whole) &&
                      tlv_at(der->bytes, whole.content, whole.end, &tbs) &&
                      der->size - tbs.end > FORGE_RSA_SIZE;
    if (!made(ctx, "signed part", good, der->size)) return false;
    if (!suite_setup(ctx, "EMSA-PSS", encode(der->bytes + tbs.start, tbs.end - tbs.start, em)))
        return false;
    forge_rsa_private(&rsa, em);
    memcpy(der->bytes + der->size - FORGE_RSA_SIZE, em, FORGE_RSA_SIZE);
    return true;
}

/* ---- rows ---- */

static struct pki_der *which_of(struct verifier_world *world, enum forge_which which) {
    switch (which) {
    case FORGE_THE_LEAF: return &world->certs.leaf;
    case FORGE_THE_CA: return &world->certs.ca;
    case FORGE_THE_ARK: return &world->certs.ark;
    case FORGE_THE_CRL: return &world->certs.crl;
    }
    return NULL;
}

static bool edit(struct suite_ctx *ctx, const struct forge_row *row, size_t i,
                 struct pki_der *der) {
    struct forge_bytes old = row->edit[i].old, new = row->edit[i].new;
    struct pki_der before = *der;
    uint8_t joined[PKI_DER_MAX];
    if (row->edit[i].whole && !forge_whole(ctx, &before, old, &old)) return false;
    if (row->edit[i].keep) {
        if (!made(ctx, "room", new.size + old.size <= sizeof joined, old.size)) return false;
        memcpy(joined, new.bytes, new.size);
        memcpy(joined + new.size, old.bytes, old.size);
        new = (struct forge_bytes){new.size + old.size, joined};
    }
    return forge_replace(ctx, der, old, row->edit[i].nth, new);
}

static bool forge_row(struct suite_ctx *ctx, const struct forge_row *row,
                      struct verifier_world *world) {
    struct pki_der *der = which_of(world, row->which);
    const enum forge_key issuer = world->certs.vlek ? FORGE_ASVK : FORGE_ASK;
    const enum forge_key key = row->which == FORGE_THE_LEAF ? issuer : FORGE_ARK;
    world->with_crl = row->which == FORGE_THE_CRL;
    for (size_t i = 0; i < FORGE_EDITS && row->edit[i].old.size != 0; i++)
        if (!edit(ctx, row, i, der)) return false;
    return forge_sign(ctx, world->profile.product, key, der);
}

void forge_run(struct suite_ctx *ctx) {
    const struct forge_row *row = suite_row(ctx);
    struct verifier_world base;
    const char *open = "";
    for (; row->name != NULL; row++) {
        const char *profile = row->profile != NULL ? row->profile : VERIFIER_GENOA;
        suite_instance(ctx, "%s", row->name);
        if (strcmp(open, profile) != 0) SUITE_STEP(verifier_open(ctx, profile, &base));
        open = profile;
        struct verifier_world world = base;
        SUITE_STEP(forge_row(ctx, row, &world));
        if (row->stage == PKI_STAGE_COUNT)
            SUITE_STEP(verifier_accepts(ctx, &world, "tolerated"));
        else
            SUITE_STEP(verifier_refuses(ctx, &world, row->stage, row->requirement,
                                        "one thing is wrong with the certificate"));
    }
}
