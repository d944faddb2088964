/* `sevkit roots`: the nine CA certificates of the test roots, and the list of anchors for verifiers. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "frontends/mint.h"

static const char anchors_name[] = "anchors.pem";

/* Appends CERT as PEM to the text in ANCHORS. */
static SEVKIT_MUST struct sevkit_result append_pem(const struct pki_der *cert, char *anchors,
                                                   size_t size) {
    const size_t used = strlen(anchors);
    return pki_pem(cert->bytes, cert->size, anchors + used, size - used);
}

/* Mints and writes ARK, ASK and ASVK of one line; adds the ARK to ANCHORS. */
static int write_line(const char *dir, enum abi_product product, const struct pki_roots *roots,
                      char *anchors, size_t size) {
    static const struct {
        const char *role;
        struct sevkit_result (*mint)(const struct pki_roots *roots, struct pki_der *out);
    } kinds[] = {{"ark", pki_mint_ark}, {"ask", pki_mint_ask}, {"asvk", pki_mint_asvk}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct pki_der der;
        char stem[32];
        snprintf(stem, sizeof stem, "%s-%s", kinds[i].role, abi_product_name(product));
        for (char *p = stem; *p != 0; p++) *p = (char)tolower((unsigned char)*p);
        struct sevkit_result r = kinds[i].mint(roots, &der);
        if (sevkit_ok(r) && i == 0) r = append_pem(&der, anchors, size);
        if (!sevkit_ok(r)) return cli_bad_result(stem, r);
        if (!mint_write_cert(dir, stem, &der, true)) return CLI_USAGE;
    }
    return CLI_OK;
}

int mint_roots(int argc, char **argv) {
    const char *out = NULL;
    const struct cli_option options[] = {
        {"--out", "DIR", "where to write; made if it is missing", &out, NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "sevkit roots",
        .usage = "--out DIR",
        .summary =
            "Writes the test roots of Milan, Genoa and Turin: {ark,ask,asvk}-{line}.der and\n"
            ".pem, and anchors.pem with the three ARKs. Their keys are published: trust them\n"
            "in tests only.",
        .options = options,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;
    if (out == NULL) return cli_bad_option("--out", NULL, "must be given");
    if (!cli_dir_make(out)) return CLI_USAGE;

    static const enum abi_product products[] = {ABI_PRODUCT_MILAN, ABI_PRODUCT_GENOA,
                                                ABI_PRODUCT_TURIN};
    char anchors[6 * PKI_DER_MAX] = "";
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        struct pki_roots *roots;
        const struct sevkit_result r = pki_roots_new(products[i], &roots);
        if (!sevkit_ok(r)) return cli_bad_result("roots", r);
        const int wrong = write_line(out, products[i], roots, anchors, sizeof anchors);
        pki_roots_free(roots);
        if (wrong != CLI_OK) return wrong;
    }
    return cli_file_write_in(out, anchors_name, anchors, strlen(anchors)) ? CLI_OK : CLI_USAGE;
}
