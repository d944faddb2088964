/* See mint.h: the choice of the sub-command, and what sub-commands share. */
#include "frontends/mint.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: sevkit report --profile P --out DIR [options]   mint a report and its certificates\n"
    "       sevkit report show FILE [--json]                print a report\n"
    "       sevkit roots --out DIR                          write the test roots\n"
    "       sevkit cert vcek|vlek|crl|show ...              mint or print a certificate\n"
    "\n"
    "Each has --help. THE KEYS ARE PUBLISHED: nothing minted here proves anything about "
    "hardware.\n";

struct sub_command {
    const char *name, *second; /* SECOND NULL: the name alone */
    int (*run)(int argc, char **argv);
};

/* Longer names first. */
static const struct sub_command commands[] = {
    {"report", "show", mint_report_show}, {"report", NULL, mint_report},
    {"roots", NULL, mint_roots},          {"cert", "vcek", mint_cert_vcek},
    {"cert", "vlek", mint_cert_vlek},     {"cert", "crl", mint_cert_crl},
    {"cert", "show", mint_cert_show},
};

int main(int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : "";
    const char *second = argc > 2 ? argv[2] : "";
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct sub_command *c = &commands[i];
        if (strcmp(first, c->name) != 0) continue;
        if (c->second == NULL) return cli_finish(c->run(argc - 2, argv + 2));
        if (strcmp(second, c->second) == 0) return cli_finish(c->run(argc - 3, argv + 3));
    }
    const bool cert = strcmp(first, "cert") == 0;
    if (strcmp(first, "--version") == 0 || (cert && strcmp(second, "--version") == 0)) {
        printf("sevkit-mint %s\n", SEVKIT_VERSION);
        return CLI_OK;
    }
    if (strcmp(first, "--help") == 0 || (cert && strcmp(second, "--help") == 0)) {
        fputs(usage, stdout);
        return CLI_OK;
    }
    if (cert)
        return cli_bad_option("cert", argc > 2 ? second : NULL, "must be vcek, vlek, crl or show");
    return cli_bad_option("command", argc > 1 ? first : NULL,
                          "must be report, roots or cert; see --help");
}

bool mint_product(const char *option, const char *text, enum abi_product *product) {
    if (text == NULL) {
        cli_bad_option(option, NULL, "must be given: Milan, Genoa or Turin");
        return false;
    }
    *product = abi_product_from_name(text);
    if (*product != ABI_PRODUCT_UNKNOWN) return true;
    cli_bad_option(option, text, "must be Milan, Genoa (also for Bergamo and Siena) or Turin");
    return false;
}

bool mint_time(const char *option, const char *text, int64_t *seconds) {
    if (text == NULL) {
        *seconds = cli_now();
        return true;
    }
    if (cli_time_parse(text, seconds)) return true;
    cli_bad_option(option, text, "must be a time in UTC like 2026-01-01T00:00:00Z");
    return false;
}

bool mint_write_cert(const char *dir, const char *stem, const struct pki_der *der, bool pem) {
    char name[64], text[2 * PKI_DER_MAX];
    snprintf(name, sizeof name, "%s.der", stem);
    if (!cli_file_write_in(dir, name, der->bytes, der->size)) return false;
    if (!pem) return true;
    const struct sevkit_result r = pki_pem(der->bytes, der->size, text, sizeof text);
    if (!sevkit_ok(r)) {
        cli_bad_result(stem, r);
        return false;
    }
    snprintf(name, sizeof name, "%s.pem", stem);
    return cli_file_write_in(dir, name, text, strlen(text));
}
