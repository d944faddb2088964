/* `sevkit cert`: VCEK, VLEK and CRL of any TCB, chip, CSP and time; printing of certificates. */
#include <stdio.h>
#include <string.h>

#include "frontends/mint.h"
#include "frontends/mint_tcb.h"

#define DAY INT64_C(86400)
#define CRL_DAYS 30
#define CERT_FILE_MAX 0x10000

/* The options of `cert vcek` and `cert vlek`, as given. */
struct leaf_options {
    const char *product, *id, *tcb, *name, *not_before, *out;
};

/* Fills LEAF but for the id. Without --not-before: now - 1 day, as a machine's leaf. */
static bool read_leaf(const struct leaf_options *o, struct pki_leaf *leaf) {
    if (!mint_product("--product", o->product, &leaf->product)) return false;
    if (!mint_tcb("--tcb", o->tcb, leaf->product, &leaf->tcb)) return false;
    if (!mint_time("--not-before", o->not_before, &leaf->not_before)) return false;
    if (o->not_before == NULL) leaf->not_before -= DAY;
    leaf->product_name = o->name;
    return true;
}

static SEVKIT_MUST struct sevkit_result
mint_under(const struct pki_roots *roots, const struct pki_leaf *leaf, struct pki_der *der) {
    struct crypto_ec_key *key;
    SEVKIT_TRY(pki_leaf_key(leaf, &key));
    const struct sevkit_result r = pki_mint_leaf(roots, leaf, key, der);
    crypto_ec_key_free(key);
    return r;
}

static int write_leaf(const struct pki_leaf *leaf, const char *out) {
    struct pki_roots *roots;
    struct pki_der der;
    struct sevkit_result r = pki_roots_new(leaf->product, &roots);
    if (!sevkit_ok(r)) return cli_bad_result("roots", r);
    r = mint_under(roots, leaf, &der);
    pki_roots_free(roots);
    if (!sevkit_ok(r)) return cli_bad_result("certificate", r);
    return cli_file_write(out, der.bytes, der.size) ? CLI_OK : CLI_USAGE;
}

#define PRODUCT_HELP "Milan, Genoa or Turin"
#define TCB_HELP "bl=N,tee=N,snp=N,ucode=N and on Turin fmc=N, in any order"
#define NAME_HELP "productName extension; default as AMD's: Milan-B0 (VLEK Milan), Genoa, Turin"
#define NOT_BEFORE_HELP "2026-01-01T00:00:00Z; default: a day ago"

int mint_cert_vcek(int argc, char **argv) {
    struct leaf_options o = {0};
    const struct cli_option options[] = {
        {"--product", "P", PRODUCT_HELP, &o.product, NULL, NULL},
        {"--hwid", "HEX", "the chip's id: 64 bytes, on Turin 8", &o.id, NULL, NULL},
        {"--tcb", "TCB", TCB_HELP, &o.tcb, NULL, NULL},
        {"--product-name", "NAME", NAME_HELP, &o.name, NULL, NULL},
        {"--not-before", "TIME", NOT_BEFORE_HELP, &o.not_before, NULL, NULL},
        {"--out", "FILE", "where to write the DER", &o.out, NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "sevkit cert vcek",
        .usage = "--product P --hwid HEX --tcb TCB [--not-before TIME] --out FILE",
        .summary = "Mints the VCEK of a chip and a TCB: valid for 7 years, signed by the test ASK.",
        .options = options,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;

    struct pki_leaf leaf = {0};
    uint8_t hwid[64];
    if (!read_leaf(&o, &leaf)) return CLI_USAGE;
    leaf.hwid = hwid;
    leaf.hwid_size = abi_hwid_size(leaf.product);
    if (o.id == NULL || !cli_hex_parse(o.id, hwid, leaf.hwid_size))
        return cli_bad_option("--hwid", o.id, "must be 128 hex digits, on Turin 16");
    if (o.out == NULL) return cli_bad_option("--out", NULL, "must be given");
    return write_leaf(&leaf, o.out);
}

int mint_cert_vlek(int argc, char **argv) {
    struct leaf_options o = {0};
    const struct cli_option options[] = {
        {"--product", "P", PRODUCT_HELP, &o.product, NULL, NULL},
        {"--csp-id", "ID", "the CSP's subject: CN=cc-us-east-2.amazonaws.com", &o.id, NULL, NULL},
        {"--tcb", "TCB", TCB_HELP, &o.tcb, NULL, NULL},
        {"--product-name", "NAME", NAME_HELP, &o.name, NULL, NULL},
        {"--not-before", "TIME", NOT_BEFORE_HELP, &o.not_before, NULL, NULL},
        {"--out", "FILE", "where to write the DER", &o.out, NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "sevkit cert vlek",
        .usage = "--product P --csp-id ID --tcb TCB [--not-before TIME] --out FILE",
        .summary = "Mints the VLEK of a CSP and a TCB: valid for 1 year, signed by the test ASVK.",
        .options = options,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;

    struct pki_leaf leaf = {0};
    if (!read_leaf(&o, &leaf)) return CLI_USAGE;
    if (o.id == NULL) return cli_bad_option("--csp-id", NULL, "must be given");
    leaf.csp_id = o.id;
    if (o.out == NULL) return cli_bad_option("--out", NULL, "must be given");
    return write_leaf(&leaf, o.out);
}

/* ---- CRL ---- */

static SEVKIT_MUST struct sevkit_result mint_crl(const struct pki_roots *roots, bool ask, bool asvk,
                                                 int64_t from, int64_t to, struct pki_der *der) {
    uint8_t both[2][3], revoked[2][3];
    size_t count = 0;
    pki_ca_serials(roots, both[0], both[1]);
    if (ask) memcpy(revoked[count++], both[0], sizeof both[0]);
    if (asvk) memcpy(revoked[count++], both[1], sizeof both[1]);
    return pki_mint_crl(roots, from, to, (const uint8_t(*)[3])revoked, count, der);
}

/* Reads the --revoke options. */
static bool read_revoked(const struct cli_list *list, bool *ask, bool *asvk) {
    for (size_t i = 0; i < list->count; i++) {
        const bool is_ask = strcmp(list->items[i], "ask") == 0;
        const bool is_asvk = strcmp(list->items[i], "asvk") == 0;
        if (!is_ask && !is_asvk) {
            cli_bad_option("--revoke", list->items[i], "must be ask or asvk");
            return false;
        }
        *ask = *ask || is_ask;
        *asvk = *asvk || is_asvk;
    }
    return true;
}

int mint_cert_crl(int argc, char **argv) {
    const char *line = NULL, *this_update = NULL, *next_update = NULL, *out = NULL;
    struct cli_list revoke = {0};
    const struct cli_option options[] = {
        {"--product", "P", PRODUCT_HELP, &line, NULL, NULL},
        {"--revoke", "CA", "ask or asvk; may be given twice", NULL, NULL, &revoke},
        {"--this-update", "TIME", "default: a day ago", &this_update, NULL, NULL},
        {"--next-update", "TIME", "default: 31 days after this update", &next_update, NULL, NULL},
        {"--out", "FILE", "where to write the DER", &out, NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "sevkit cert crl",
        .usage = "--product P [--revoke ask|asvk ...] --out FILE",
        .summary = "Mints the CRL of a line, signed by the test ARK.",
        .options = options,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;

    enum abi_product product;
    bool ask = false, asvk = false;
    int64_t from, to;
    if (!mint_product("--product", line, &product)) return CLI_USAGE;
    if (!read_revoked(&revoke, &ask, &asvk)) return CLI_USAGE;
    if (!mint_time("--this-update", this_update, &from)) return CLI_USAGE;
    if (this_update == NULL) from -= DAY;
    if (!mint_time("--next-update", next_update, &to)) return CLI_USAGE;
    if (next_update == NULL) to = from + (CRL_DAYS + 1) * DAY;
    if (out == NULL) return cli_bad_option("--out", NULL, "must be given");

    struct pki_roots *roots;
    struct pki_der der;
    struct sevkit_result r = pki_roots_new(product, &roots);
    if (!sevkit_ok(r)) return cli_bad_result("roots", r);
    r = mint_crl(roots, ask, asvk, from, to, &der);
    pki_roots_free(roots);
    if (!sevkit_ok(r)) return cli_bad_result("CRL", r);
    return cli_file_write(out, der.bytes, der.size) ? CLI_OK : CLI_USAGE;
}

/* ---- show ---- */

int mint_cert_show(int argc, char **argv) {
    const struct cli_option options[] = {{0}};
    const struct cli_command command = {
        .name = "sevkit cert show",
        .usage = "FILE",
        .summary = "Prints a certificate, DER or PEM.",
        .options = options,
        .operands_min = 1,
        .operands_max = 1,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;

    struct cli_file file;
    struct pki_cert *cert;
    static char text[8192];
    if (!cli_file_read(operands.items[0], CERT_FILE_MAX, &file)) return CLI_USAGE;
    const struct sevkit_result r = pki_cert_parse(file.bytes, file.size, &cert);
    cli_file_free(&file);
    if (!sevkit_ok(r)) return cli_bad_result(operands.items[0], r);
    pki_cert_text(cert, text, sizeof text);
    pki_cert_free(cert);
    fputs(text, stdout);
    return CLI_OK;
}
