/* snp-verify: judges an attestation report with the certificates in a directory. Design, section 4;
 * docs/verifier.md is the manual. This file reads options and files and chooses certificates; the
 * judging is pki/'s, the output is snp_verify_output.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/snp_verify_output.h"
#include "sevkit/verify.h"

#define REPORT_LIMIT 0x100000 /* what is larger is no report, whatever it is */
#define CERT_LIMIT 0x20000
#define CRL_LIMIT 0x1000000
#define POLICY_LIMIT 0x100000

struct options {
    const char *report, *certs, *root, *crl, *policy, *at;
    bool trust_dir, json, quiet;
};

/* Everything that is read, freed in one place. */
struct inputs {
    struct cli_file report, crl, policy_file;
    struct pki_cert *leaf, *ca, *ark, *root;
    struct sevkit_result unreadable; /* a certificate that was there and could not be parsed */
    struct pki_chain *chain;
    struct pki_policy policy;
    int64_t at;
};

static void inputs_free(struct inputs *in) {
    cli_file_free(&in->report);
    cli_file_free(&in->crl);
    cli_file_free(&in->policy_file);
    pki_cert_free(in->leaf);
    pki_cert_free(in->ca);
    pki_cert_free(in->ark);
    pki_cert_free(in->root);
    pki_chain_free(in->chain);
}

/* ---- files ---- */

/* Reads STEM.der, else STEM.pem. A file that is there and is no certificate is the prover's fault
 * and gives a verdict, not an error: the parse failure is kept for stage chain. */
static int read_cert(const char *dir, const char *stem, struct pki_cert **cert,
                     struct sevkit_result *unreadable) {
    char name[16], path[4096];
    struct cli_file file = {0};
    snprintf(name, sizeof name, "%s.der", stem);
    if (!cli_file_exists(dir, name)) snprintf(name, sizeof name, "%s.pem", stem);
    if (!cli_path_join(dir, name, path, sizeof path)) return CLI_USAGE;
    if (!cli_file_exists(dir, name)) {
        snprintf(name, sizeof name, "%s.der", stem);
        if (!cli_path_join(dir, name, path, sizeof path)) return CLI_USAGE;
        return cli_bad_file(path, "missing: the report needs this certificate (.der or .pem)");
    }
    if (!cli_file_read_start(path, CERT_LIMIT, &file)) return CLI_USAGE;
    struct sevkit_result r = pki_cert_parse(file.bytes, file.size, cert);
    cli_file_free(&file);
    if (!sevkit_ok(r) && sevkit_ok(*unreadable)) {
        snprintf(r.field, sizeof r.field, "%s", name);
        *unreadable = r;
    }
    return CLI_OK;
}

static int read_root(const char *path, struct pki_cert **root) {
    struct cli_file file = {0};
    if (!cli_file_read(path, CERT_LIMIT, &file)) return CLI_USAGE;
    const struct sevkit_result r = pki_cert_parse(file.bytes, file.size, root);
    cli_file_free(&file);
    if (!sevkit_ok(r)) return cli_bad_result(path, r);
    const struct sevkit_result self = pki_cert_check_self_signed(*root);
    if (!sevkit_ok(self)) return cli_bad_result(path, self);
    return CLI_OK;
}

static int read_policy(const char *path, struct inputs *in) {
    in->policy = pki_policy_default();
    if (path == NULL) return CLI_OK;
    if (!cli_file_read(path, POLICY_LIMIT, &in->policy_file)) return CLI_USAGE;
    const struct cli_file *f = &in->policy_file;
    const struct sevkit_result r = pki_policy_parse((const char *)f->bytes, f->size, &in->policy);
    return sevkit_ok(r) ? CLI_OK : cli_bad_result(path, r);
}

/* All that does not depend on the report. */
static int read_given(const struct options *o, struct inputs *in) {
    in->at = cli_now();
    if (o->at != NULL && !cli_time_parse(o->at, &in->at))
        return cli_bad_option("--at", o->at, "a time such as 2026-01-01T00:00:00Z");
    if (o->root != NULL && o->trust_dir)
        return cli_bad_option("--trust-dir", NULL,
                              "not together with --root: the root is the only anchor");
    int code = read_policy(o->policy, in);
    if (code == CLI_OK && o->root != NULL) code = read_root(o->root, &in->root);
    if (code != CLI_OK) return code;
    if (o->crl != NULL && !cli_file_read_start(o->crl, CRL_LIMIT, &in->crl)) return CLI_USAGE;
    return cli_file_read_start(o->report, REPORT_LIMIT, &in->report) ? CLI_OK : CLI_USAGE;
}

/* ---- judging ---- */

static int judge(const struct options *o, struct inputs *in, struct pki_verdict *verdict) {
    const struct pki_chain_input input = {
        .leaf = in->leaf,
        .ca = in->ca,
        .ark = in->ark,
        .root = in->root,
        .unreadable = sevkit_ok(in->unreadable) ? NULL : &in->unreadable,
        .trust_dir = o->trust_dir,
        .crl = in->crl.bytes,
        .crl_size = in->crl.size,
        .at = in->at,
    };
    pki_chain_free(in->chain);
    in->chain = NULL;
    const struct sevkit_result r = pki_chain_new(&input, &in->chain);
    if (!sevkit_ok(r)) return cli_bad_result("chain", r);
    pki_verify_report(in->chain, in->report.bytes, in->report.size, &in->policy, verdict);
    return CLI_OK;
}

/* SIGNING_KEY chooses the leaf, never what happens to lie in the directory. The report has passed stage
 * parse: it may be longer, not shorter. */
static int read_chain(const struct options *o, struct inputs *in) {
    struct abi_report report;
    const struct sevkit_result r = abi_report_decode(in->report.bytes, ABI_REPORT_SIZE, &report);
    if (!sevkit_ok(r)) return cli_bad_result(o->report, r);
    const bool vlek = abi_report_signing_key(&report) == ABI_SIGNING_KEY_VLEK;
    int code = read_cert(o->certs, vlek ? "vlek" : "vcek", &in->leaf, &in->unreadable);
    if (code == CLI_OK) {
        code = read_cert(o->certs, vlek ? "asvk" : "ask", &in->ca, &in->unreadable);
    }
    const bool has_ark =
        cli_file_exists(o->certs, "ark.der") || cli_file_exists(o->certs, "ark.pem");
    if (code == CLI_OK && (in->root == NULL || has_ark)) {
        code = read_cert(o->certs, "ark", &in->ark, &in->unreadable);
    }
    return code;
}

/* A report that is refused before its chain counts is refused without asking for certificates. */
static int run(const struct options *o, struct inputs *in, struct pki_verdict *verdict) {
    int code = read_given(o, in);
    if (code == CLI_OK) code = judge(o, in, verdict);
    if (code != CLI_OK || verdict->stage < PKI_STAGE_CHAIN) return code;
    code = read_chain(o, in);
    if (code == CLI_OK) code = judge(o, in, verdict);
    return code;
}

int main(int argc, char **argv) {
    struct options o = {0};
    const struct cli_option options[] = {
        {.name = "--certs",
         .argument = "DIR",
         .value = &o.certs,
         .help = "vcek or vlek, ask or asvk, and ark, each .der or .pem"},
        {.name = "--root",
         .argument = "FILE",
         .value = &o.root,
         .help = "the only trusted ARK; without it AMD's and the test ARKs are known"},
        {.name = "--trust-dir", .flag = &o.trust_dir, .help = "trust any self-signed ARK in DIR"},
        {.name = "--crl",
         .argument = "FILE",
         .value = &o.crl,
         .help = "check revocation with this CRL; without it revocation is not checked"},
        {.name = "--policy",
         .argument = "FILE",
         .value = &o.policy,
         .help = "what to demand of the report, JSON (docs/verifier.md)"},
        {.name = "--at",
         .argument = "TIME",
         .value = &o.at,
         .help = "verify as of 2026-01-01T00:00:00Z; now without it"},
        {.name = "--json", .flag = &o.json, .help = "the verdict as JSON"},
        {.name = "--quiet", .flag = &o.quiet, .help = "no output, only the exit code"},
        {.name = NULL},
    };
    const struct cli_command command = {
        .name = "snp-verify",
        .usage = "REPORT --certs DIR [options]",
        .summary = "Judges an SEV-SNP attestation report (1184 bytes; - reads standard input).\n"
                   "Exit code: 0 accepted, 1 rejected, 2 bad options or files.",
        .options = options,
        .operands_min = 1,
        .operands_max = 1,
    };
    struct cli_list operands = {0};
    struct inputs in = {.unreadable = sevkit_success()};
    struct pki_verdict verdict;
    int code = CLI_OK;
    if (!cli_parse(&command, argc - 1, argv + 1, &operands, &code)) return code;
    if (o.certs == NULL) return cli_bad_option("--certs", NULL, "is needed: a directory");
    o.report = operands.items[0];
    code = run(&o, &in, &verdict);
    const bool crl = o.crl != NULL;
    if (code == CLI_OK) {
        if (o.json && !o.quiet) snp_verify_json(&verdict, crl);
        if (!o.json && !o.quiet) snp_verify_text(&verdict);
        snp_verify_warn(&verdict, in.report.bytes);
        code = verdict.accepted ? CLI_OK : CLI_FAILED;
    }
    inputs_free(&in);
    return cli_finish(code);
}
