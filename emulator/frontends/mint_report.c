/* `sevkit report`: a machine from a profile, a guest, one REPORT_REQ through the encrypted message path,
 * and everything that a verifier needs beside the report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "frontends/load.h"
#include "frontends/mint.h"
#include "sevkit/certtable.h"
#include "sevkit/driver.h"
#include "sevkit/machine.h"
#include "sevkit/secrets.h"

#define REQUEST_VERSION 1
#define NONCE_SIZE 64

/* What the options say. */
struct request {
    struct sevkit_profile profile;
    bool seeded;
    struct crypto_drbg drbg;
    int64_t at;
    uint8_t nonce[NONCE_SIZE];
    uint32_t vmpl;
};

/* What is written. */
struct result {
    struct abi_report_rsp response;
    struct vmm_certs certs;
};

/* ---- the machine's environment ---- */

static int64_t env_now(void *ctx) {
    return ((const struct request *)ctx)->at;
}

static void env_random(void *ctx, uint8_t *out, size_t size) {
    struct request *r = ctx;
    if (r->seeded) {
        crypto_drbg_random(&r->drbg, out, size);
        return;
    }
    while (size != 0) {
        const ssize_t got = getrandom(out, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            abort(); /* the kernel has no randomness to give: nothing minted would be right */
        out += got;
        size -= (size_t)got;
    }
}

/* ---- options ---- */

static bool read_numbers(const char *seed, const char *vmpl, struct request *r) {
    uint64_t number = 0;
    r->seeded = seed != NULL;
    if (seed != NULL && !cli_number_parse(seed, UINT64_MAX, &number)) {
        cli_bad_option("--seed", seed, "must be a number of at most 64 bits");
        return false;
    }
    crypto_drbg_init(&r->drbg, number);
    number = r->profile.vmpl;
    if (vmpl != NULL && !cli_number_parse(vmpl, UINT32_MAX, &number)) {
        cli_bad_option("--vmpl", vmpl, "must be a number of at most 32 bits");
        return false;
    }
    r->vmpl = (uint32_t)number;
    return true;
}

/* The nonce is drawn even when one is given, so that a seed's machine does not depend on the nonce. */
static bool read_nonce(const char *nonce, struct request *r) {
    env_random(r, r->nonce, sizeof r->nonce);
    if (nonce == NULL || cli_hex_parse(nonce, r->nonce, sizeof r->nonce)) return true;
    cli_bad_option("--nonce", nonce, "must be 128 hex digits: REPORT_DATA's 64 bytes");
    return false;
}

/* ---- the request ---- */

static SEVKIT_MUST struct sevkit_result fail_status(const char *field, uint32_t status,
                                                    const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, status, rule);
}

/* One REPORT_REQ over CHANNEL. */
static SEVKIT_MUST struct sevkit_result
ask_report(struct drv_channel *channel, const struct request *r, struct abi_report_rsp *response) {
    struct abi_report_req req = {.vmpl = r->vmpl};
    uint8_t payload[ABI_REPORT_REQ_SIZE], answer[ABI_REPORT_RSP_SIZE];
    size_t size;
    struct sevkit_exit exit;
    memcpy(req.report_data, r->nonce, sizeof req.report_data);
    abi_report_req_encode(&req, payload);
    SEVKIT_TRY(drv_channel_call(channel, ABI_MSG_REPORT_REQ, REQUEST_VERSION, payload,
                                sizeof payload, answer, sizeof answer, &size, &exit));
    if (exit.vmm_error != 0)
        return fail_status("EXITINFO2", exit.vmm_error, "the hypervisor refused the request");
    if (exit.fw_status != 0)
        return fail_status("EXITINFO2", exit.fw_status, "the firmware refused the message");
    if (size != sizeof answer)
        return sevkit_fail(SEVKIT_BAD_LENGTH, "MSG_SIZE", SEVKIT_NO_OFFSET, size,
                           "a REPORT_RSP has 0x4C0 bytes");
    abi_report_rsp_decode(answer, response);
    if (response->status != ABI_SUCCESS)
        return fail_status("STATUS", response->status, "the firmware refused the REPORT_REQ");
    return sevkit_success();
}

/* VMPCK0 speaks for every VMPL. */
static SEVKIT_MUST struct sevkit_result
request_report(struct vmm_guest *guest, const struct request *r, struct abi_report_rsp *response) {
    const struct sevkit_guest_door door = vmm_guest_door(guest);
    uint8_t bytes[ABI_PAGE_SIZE];
    struct abi_secrets_page secrets;
    struct drv_channel *channel;
    vmm_guest_secrets(guest, bytes);
    SEVKIT_TRY(abi_secrets_decode(bytes, sizeof bytes, &secrets));
    SEVKIT_TRY(drv_channel_new(&door, 0, secrets.vmpck[0], r->profile.msg_count[0], &channel));
    const struct sevkit_result result = ask_report(channel, r, response);
    drv_channel_free(channel);
    crypto_wipe(&secrets, sizeof secrets);
    crypto_wipe(bytes, sizeof bytes);
    return result;
}

static SEVKIT_MUST struct sevkit_result use_machine(struct vmm_machine *machine,
                                                    const struct request *r, struct result *out) {
    struct vmm_guest *guest;
    SEVKIT_TRY(vmm_guest_launch(machine, &guest));
    SEVKIT_TRY(request_report(guest, r, &out->response));
    return vmm_machine_certs(machine, &out->certs);
}

static SEVKIT_MUST struct sevkit_result mint(struct request *r, struct result *out) {
    const struct sevkit_env env = {.ctx = r, .now = env_now, .random = env_random};
    struct vmm_machine *machine;
    SEVKIT_TRY(vmm_machine_new(&r->profile, &env, 0, &machine));
    const struct sevkit_result result = use_machine(machine, r, out);
    vmm_machine_free(machine);
    return result;
}

/* ---- output ---- */

static bool write_table(const char *dir, const struct vmm_certs *c) {
    const struct abi_certtable_blob blobs[] = {
        {c->vlek ? ABI_CERT_VLEK : ABI_CERT_VCEK, c->leaf.bytes, c->leaf.size},
        {ABI_CERT_ASK, c->ca.bytes, c->ca.size}, /* the ASVK has no GUID of its own */
        {ABI_CERT_ARK, c->ark.bytes, c->ark.size},
    };
    static uint8_t table[ABI_CERTTABLE_SIZE_MAX];
    size_t size;
    const struct sevkit_result r =
        abi_certtable_encode(blobs, sizeof blobs / sizeof *blobs, table, sizeof table, &size);
    if (!sevkit_ok(r)) {
        cli_bad_result("certs.bin", r);
        return false;
    }
    return cli_file_write_in(dir, "certs.bin", table, size);
}

static bool write_json(const char *dir, const struct request *r, const uint8_t *bytes) {
    struct abi_report report;
    const struct sevkit_result decoded = abi_report_decode(bytes, ABI_REPORT_SIZE, &report);
    if (!sevkit_ok(decoded)) {
        cli_bad_result("report", decoded);
        return false;
    }
    char *json = mint_report_json(&report, r->profile.product);
    if (json == NULL) {
        cli_bad_file("report.json", "not enough memory");
        return false;
    }
    const bool ok = cli_file_write_in(dir, "report.json", json, strlen(json));
    free(json);
    return ok;
}

static bool write_all(const char *dir, const struct request *r, const struct result *result) {
    const struct vmm_certs *c = &result->certs;
    const uint8_t *report = result->response.report;
    if (!cli_dir_make(dir)) return false;
    if (!cli_file_write_in(dir, "report.bin", report, ABI_REPORT_SIZE)) return false;
    if (!mint_write_cert(dir, c->vlek ? "vlek" : "vcek", &c->leaf, false)) return false;
    if (!mint_write_cert(dir, c->vlek ? "asvk" : "ask", &c->ca, false)) return false;
    if (!mint_write_cert(dir, "ark", &c->ark, false)) return false;
    if (!mint_write_cert(dir, "crl", &c->crl, false)) return false;
    return write_table(dir, c) && write_json(dir, r, report);
}

int mint_report(int argc, char **argv) {
    const char *profile = SEVKIT_PROFILE_DEFAULT;
    const char *given = NULL, *nonce = NULL, *seed = NULL, *at = NULL, *vmpl = NULL, *out = NULL;
    const struct cli_option options[] = {
        {"--profile", "P", "a profile's name or file; default " SEVKIT_PROFILE_DEFAULT, &given,
         NULL, NULL},
        {"--nonce", "HEX", "REPORT_DATA, 128 hex digits; default: random", &nonce, NULL, NULL},
        {"--seed", "N", "all randomness follows from N; with --at the output too", &seed, NULL,
         NULL},
        {"--at", "TIME", "the machine's clock, 2026-01-01T00:00:00Z; default: now", &at, NULL,
         NULL},
        {"--vmpl", "N", "the VMPL to ask for; default: the profile's", &vmpl, NULL, NULL},
        {"--out", "DIR", "where to write; made if it is missing", &out, NULL, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "sevkit report",
        .usage = "--profile P [--nonce HEX] [--seed N] [--at TIME] [--vmpl N] --out DIR",
        .summary = "Mints an attestation report through the emulator and writes report.bin,\n"
                   "report.json, vcek.der or vlek.der, ask.der or asvk.der, ark.der, crl.der and\n"
                   "certs.bin (a certificate table). The keys are published test keys.",
        .options = options,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;
    if (given != NULL) profile = given;
    if (out == NULL) return cli_bad_option("--out", NULL, "must be given");

    static struct request request;
    static struct result result;
    if (!load_profile(profile, &request.profile)) return CLI_USAGE;
    if (!mint_time("--at", at, &request.at)) return CLI_USAGE;
    if (!read_numbers(seed, vmpl, &request) || !read_nonce(nonce, &request)) return CLI_USAGE;
    const struct sevkit_result r = mint(&request, &result);
    if (!sevkit_ok(r)) return cli_bad_result(profile, r);
    return write_all(out, &request, &result) ? CLI_OK : CLI_USAGE;
}
