/* The plain `openssl` command, which knows nothing of sevkit, accepts what we mint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mint_fixture.h"
#include "unit/unit.h"

/* Runs COMMAND in a shell; its first output bytes in OUT. Returns its exit code. */
static int run(const char *command, char *out, size_t size) {
    FILE *pipe = popen(command, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
    out[fread(out, 1, size - 1, pipe)] = 0;
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool have_openssl(void) {
    char out[64];
    if (run("openssl version 2>/dev/null", out, sizeof out) == 0) return true;
    unit_skip("the openssl command is not installed");
    return false;
}

static void write_file(const char *dir, const char *name, const void *bytes, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static void write_pem(const char *dir, const char *name, const struct pki_der *der) {
    char text[4096];
    UNIT_OK(pki_pem(der->bytes, der->size, text, sizeof text));
    write_file(dir, name, text, strlen(text));
}

static void write_chain(const char *dir, enum abi_product product) {
    struct mint_chain chain;
    UNIT_OK(mint_chain(product, &chain));
    write_pem(dir, "ark.pem", &chain.ark);
    write_pem(dir, "ask.pem", &chain.ask);
    write_pem(dir, "asvk.pem", &chain.asvk);
    write_pem(dir, "vcek.pem", &chain.vcek);
    write_pem(dir, "vlek.pem", &chain.vlek);
    write_file(dir, "crl.der", chain.crl.bytes, chain.crl.size);
}

/* Runs `cd DIR && COMMAND` and wants exit code CODE and TEXT in the output. */
static void expect(const char *dir, const char *command, int code, const char *text) {
    char line[512], out[8192];
    snprintf(line, sizeof line, "cd %s && openssl %s 2>&1", dir, command);
    const int got = run(line, out, sizeof out);
    if (got != code || strstr(out, text) == NULL) fprintf(stderr, "    %s: %s\n", command, out);
    CU_ASSERT_EQUAL(got, code);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, text));
}

#define AT "-attime 1767225600 "

static void check_chain(const char *dir) {
    expect(dir, "verify " AT "-CAfile ark.pem ark.pem", 0, "ark.pem: OK");
    expect(dir, "verify " AT "-CAfile ark.pem -untrusted ask.pem vcek.pem", 0, "vcek.pem: OK");
    expect(dir, "verify " AT "-CAfile ark.pem -untrusted asvk.pem vlek.pem", 0, "vlek.pem: OK");
    expect(dir, "verify " AT "-CAfile ark.pem -untrusted asvk.pem vcek.pem", 2,
           "unable to get local issuer certificate");
    expect(dir, "verify -attime 1767225599 -CAfile ark.pem -untrusted ask.pem vcek.pem", 2,
           "not yet valid");
    /* As with AMD's: the leaf has no authority key id, ASK alone passes. */
    expect(dir, "verify " AT "-x509_strict -CAfile ark.pem -untrusted ask.pem vcek.pem", 2,
           "Missing Authority Key Identifier");
    expect(dir, "verify " AT "-x509_strict -CAfile ark.pem ask.pem", 0, "ask.pem: OK");
    expect(dir, "crl -inform DER -in crl.der -CAfile ark.pem -noout", 0, "verify OK");
    expect(dir, "x509 -in vcek.pem -noout -subject -nameopt RFC2253", 0,
           "subject=CN=SEV-VCEK,O=Advanced Micro Devices,ST=CA,L=Santa Clara,C=US,OU=Engineering");
    expect(dir, "x509 -in vcek.pem -noout -serial", 0, "serial=00");
}

static void accepts(void) {
    if (!have_openssl()) return;
    for (size_t i = 0; i < 3; i++) {
        const char *parent = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
        char dir[256], command[300], out[8];
        snprintf(dir, sizeof dir, "%s/sevkit-mint-XXXXXX", parent);
        CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
        write_chain(dir, mint_products[i]);
        check_chain(dir);
        snprintf(command, sizeof command, "rm -r %s", dir);
        CU_ASSERT_EQUAL(run(command, out, sizeof out), 0);
    }
}

static const struct unit_test tests[] = {
    {"accepts", accepts},
    {NULL, NULL},
};

const struct unit_suite pki_mint_openssl_suite = {"mint-openssl", tests};
