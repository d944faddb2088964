/* Byte-faithfulness: for every genuine certificate, ours of the same product, TCB, id and date
 * must be the same bytes but for key, key ids and signature. The samples are not part of the
 * project: SEVKIT_REAL names their folder. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/x509.h"
#include "mint_fixture.h"
#include "mint_walk.h"
#include "unit/unit.h"

#define AMD_ARC "1.3.6.1.4.1.3704.1."

static const char *real_folder(void) {
    const char *folder = getenv("SEVKIT_REAL");
    return folder != NULL ? folder : "../shared/real";
}

static void name_text(const struct crypto_name *name, char *out, size_t size) {
    const struct crypto_attribute *cn = crypto_name_only(name, CRYPTO_OID_COMMON_NAME);
    out[0] = 0;
    if (cn != NULL) snprintf(out, size, "%.*s", (int)cn->value.size, cn->value.bytes);
}

static const struct crypto_span *amd_extension(const struct crypto_x509 *cert, const char *tail) {
    char oid[64];
    snprintf(oid, sizeof oid, AMD_ARC "%s", tail);
    const struct crypto_extension *e = crypto_extension_find(&cert->extensions, oid);
    return e != NULL ? &e->value : NULL;
}

/* The value of an INTEGER of at most 255; 0 for an absent extension. */
static uint8_t number(const struct crypto_x509 *cert, const char *tail) {
    const struct crypto_span *value = amd_extension(cert, tail);
    return value != NULL ? value->bytes[value->size - 1] : 0;
}

/* The text behind a two-byte header; NULL for an absent extension. */
static const char *text(const struct crypto_x509 *cert, const char *tail, char out[128]) {
    const struct crypto_span *value = amd_extension(cert, tail);
    if (value == NULL) return NULL;
    snprintf(out, 128, "%.*s", (int)value->size - 2, value->bytes + 2);
    return out;
}

/* Mints what CERT is with its own inputs. */
static SEVKIT_MUST struct sevkit_result mint_like(const struct crypto_x509 *cert,
                                                  const char *subject, const char *issuer,
                                                  struct pki_der *out) {
    const enum abi_product product = abi_product_from_name(strrchr(issuer, '-') + 1);
    if (strcmp(subject, "SEV-VCEK") != 0 && strcmp(subject, "SEV-VLEK") != 0) {
        struct mint_chain chain;
        SEVKIT_TRY(mint_chain(product, &chain));
        *out = strncmp(subject, "ARK-", 4) == 0        ? chain.ark
               : strncmp(subject, "SEV-VLEK-", 9) == 0 ? chain.asvk
                                                       : chain.ask;
        return sevkit_success();
    }
    const struct abi_tcb_parts parts = {.fmc = number(cert, "3.9"),
                                        .boot_loader = number(cert, "3.1"),
                                        .tee = number(cert, "3.2"),
                                        .snp = number(cert, "3.3"),
                                        .microcode = number(cert, "3.8")};
    char name[128], csp_id[128];
    const struct crypto_span *hwid = amd_extension(cert, "4");
    const struct pki_leaf leaf = {.product = product,
                                  .product_name = text(cert, "2", name),
                                  .tcb = abi_tcb_pack(product, &parts),
                                  .hwid = hwid != NULL ? hwid->bytes : NULL,
                                  .hwid_size = hwid != NULL ? hwid->size : 0,
                                  .csp_id = text(cert, "5", csp_id),
                                  .not_before = cert->not_before};
    return mint_one(&leaf, out);
}

/* Compares one sample and counts it. */
static void compare(const char *path, uint8_t *real, size_t size, unsigned *leaves, unsigned *cas) {
    struct crypto_x509 *cert;
    struct pki_der ours;
    char subject[64], issuer[64];
    UNIT_OK(crypto_x509_from_der(real, size, &cert));
    name_text(&cert->subject, subject, sizeof subject);
    name_text(&cert->issuer, issuer, sizeof issuer);
    UNIT_OK(mint_like(cert, subject, issuer, &ours));
    crypto_x509_free(cert);
    CU_ASSERT(mint_mask(real, size));
    CU_ASSERT(mint_mask(ours.bytes, ours.size));
    CU_ASSERT_EQUAL(ours.size, size);
    if (ours.size != size || memcmp(ours.bytes, real, size) != 0) {
        fprintf(stderr, "    %s is not what we would mint\n", path);
        UNIT_BYTES(ours.bytes, real, ours.size < size ? ours.size : size);
    }
    const bool leaf = strcmp(subject, "SEV-VCEK") == 0 || strcmp(subject, "SEV-VLEK") == 0;
    ++*(leaf ? leaves : cas);
}

static void compare_file(const char *path, unsigned *leaves, unsigned *cas) {
    static uint8_t real[8192];
    FILE *f = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    const size_t size = fread(real, 1, sizeof real, f);
    fclose(f);
    compare(path, real, size, leaves, cas);
}

static void genuine_certificates(void) {
    unsigned leaves = 0, cas = 0;
    char pattern[4096];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*/*.der", real_folder());
    if (glob(pattern, 0, NULL, &found) != 0) {
        unit_skip("no genuine samples: SEVKIT_REAL names their folder");
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) compare_file(found.gl_pathv[i], &leaves, &cas);
    globfree(&found);
    CU_ASSERT_EQUAL(cas, 9); /* ARK, ASK, ASVK of three lines */
    CU_ASSERT(leaves >= 19); /* that many were there at first */
}

static const struct unit_test tests[] = {
    {"genuine-certificates", genuine_certificates},
    {NULL, NULL},
};

const struct unit_suite pki_mint_real_suite = {"mint-real", tests};
