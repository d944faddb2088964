/* A report's fields by name: report.json, and `sevkit report show` for people. Attestation report notes,
 * sections 1 to 6. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/mint.h"

#define REPORT_FILE_MAX 0x10000 /* a file of another size gets the decoder's message */

/* An object being filled; OK falls when memory is short. */
struct object {
    json_t *json;
    bool ok;
};

static void add(struct object *o, const char *name, json_t *value) {
    if (json_object_set_new(o->json, name, value) != 0) o->ok = false;
}

static void add_object(struct object *o, const char *name, struct object inner) {
    if (!inner.ok) o->ok = false;
    add(o, name, inner.json);
}

static struct object new_object(void) {
    return (struct object){.json = json_object(), .ok = true};
}

static void add_hex(struct object *o, const char *name, const uint8_t *bytes, size_t size) {
    char text[2 * 128 + 1];
    cli_hex_text(bytes, size, text);
    add(o, name, json_string(text));
}

static void add_word(struct object *o, const char *name, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    add(o, name, json_string(text));
}

struct bit {
    const char *name;
    uint64_t mask;
};

static void add_bits(struct object *o, const struct bit *bits, uint64_t value) {
    for (; bits->name != NULL; bits++) add(o, bits->name, json_boolean((value & bits->mask) != 0));
}

static struct object policy(uint64_t value) {
    static const struct bit bits[] = {
        {"smt", ABI_POLICY_SMT},
        {"migrate_ma", ABI_POLICY_MIGRATE_MA},
        {"debug", ABI_POLICY_DEBUG},
        {"single_socket", ABI_POLICY_SINGLE_SOCKET},
        {"cxl_allow", ABI_POLICY_CXL_ALLOW},
        {"mem_aes_256_xts", ABI_POLICY_MEM_AES_256_XTS},
        {"rapl_dis", ABI_POLICY_RAPL_DIS},
        {"ciphertext_hiding_dram", ABI_POLICY_CIPHERTEXT_HIDING_DRAM},
        {"page_swap_disable", ABI_POLICY_PAGE_SWAP_DISABLE},
        {NULL, 0},
    };
    struct object o = new_object();
    add_word(&o, "raw", value);
    add(&o, "abi_major", json_integer((json_int_t)((value & ABI_POLICY_ABI_MAJOR) >> 8)));
    add(&o, "abi_minor", json_integer((json_int_t)(value & ABI_POLICY_ABI_MINOR)));
    add_bits(&o, bits, value);
    return o;
}

static struct object platform_info(uint64_t value) {
    static const struct bit bits[] = {
        {"smt_en", ABI_PLATFORM_SMT_EN},
        {"tsme_en", ABI_PLATFORM_TSME_EN},
        {"ecc_en", ABI_PLATFORM_ECC_EN},
        {"rapl_dis", ABI_PLATFORM_RAPL_DIS},
        {"ciphertext_hiding_dram_en", ABI_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN},
        {"alias_check_complete", ABI_PLATFORM_ALIAS_CHECK_COMPLETE},
        {"bit_6", ABI_PLATFORM_BIT_6},
        {"tio_en", ABI_PLATFORM_TIO_EN},
        {NULL, 0},
    };
    struct object o = new_object();
    add_word(&o, "raw", value);
    add_bits(&o, bits, value);
    return o;
}

static struct object key_info(const struct abi_report *report) {
    static const struct bit bits[] = {
        {"author_key_en", ABI_KEY_INFO_AUTHOR_KEY_EN},
        {"mask_chip_key", ABI_KEY_INFO_MASK_CHIP_KEY},
        {NULL, 0},
    };
    struct object o = new_object();
    add_word(&o, "raw", report->key_info);
    add_bits(&o, bits, report->key_info);
    add(&o, "signing_key", json_string(abi_signing_key_name(abi_report_signing_key(report))));
    return o;
}

/* RAW holds the eight bytes as they stand in the report, byte 0 first. */
static struct object tcb(enum abi_product product, uint64_t value) {
    struct object o = new_object();
    struct abi_tcb_parts parts;
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    add_hex(&o, "raw", bytes, sizeof bytes);
    if (!sevkit_ok(abi_tcb_unpack(product, value, &parts))) return o;
    if (product == ABI_PRODUCT_TURIN) add(&o, "fmc", json_integer(parts.fmc));
    add(&o, "boot_loader", json_integer(parts.boot_loader));
    add(&o, "tee", json_integer(parts.tee));
    add(&o, "snp", json_integer(parts.snp));
    add(&o, "microcode", json_integer(parts.microcode));
    return o;
}

static struct object cpuid(struct abi_fms fms) {
    struct object o = new_object();
    add_word(&o, "family", fms.family);
    add_word(&o, "model", fms.model);
    add_word(&o, "stepping", fms.stepping);
    return o;
}

static struct object signature(const struct abi_report *report) {
    struct object o = new_object();
    add_hex(&o, "r", report->signature_r, sizeof report->signature_r);
    add_hex(&o, "s", report->signature_s, sizeof report->signature_s);
    return o;
}

static void add_version(struct object *o, const char *name, struct abi_fw_version version) {
    char text[16];
    snprintf(text, sizeof text, "%u.%u.%u", version.major, version.minor, version.build);
    add(o, name, json_string(text));
}

/* In the order of the report's bytes. */
static struct object fields(const struct abi_report *r, enum abi_product product) {
    struct object o = new_object();
    add(&o, "version", json_integer(r->version));
    add(&o, "product", json_string(abi_product_name(product)));
    add(&o, "guest_svn", json_integer(r->guest_svn));
    add_object(&o, "policy", policy(r->policy));
    add_hex(&o, "family_id", r->family_id, sizeof r->family_id);
    add_hex(&o, "image_id", r->image_id, sizeof r->image_id);
    add(&o, "vmpl", json_integer(r->vmpl));
    add(&o, "signature_algo", json_integer(r->signature_algo));
    add_object(&o, "current_tcb", tcb(product, r->current_tcb));
    add_object(&o, "platform_info", platform_info(r->platform_info));
    add_object(&o, "key_info", key_info(r));
    add_hex(&o, "report_data", r->report_data, sizeof r->report_data);
    add_hex(&o, "measurement", r->measurement, sizeof r->measurement);
    add_hex(&o, "host_data", r->host_data, sizeof r->host_data);
    add_hex(&o, "id_key_digest", r->id_key_digest, sizeof r->id_key_digest);
    add_hex(&o, "author_key_digest", r->author_key_digest, sizeof r->author_key_digest);
    add_hex(&o, "report_id", r->report_id, sizeof r->report_id);
    add_hex(&o, "report_id_ma", r->report_id_ma, sizeof r->report_id_ma);
    add_object(&o, "reported_tcb", tcb(product, r->reported_tcb));
    if (r->version >= ABI_REPORT_VERSION_FMS) add_object(&o, "cpuid", cpuid(r->fms));
    add_hex(&o, "chip_id", r->chip_id, sizeof r->chip_id);
    add_object(&o, "committed_tcb", tcb(product, r->committed_tcb));
    add_version(&o, "current_version", r->current);
    add_version(&o, "committed_version", r->committed);
    add_object(&o, "launch_tcb", tcb(product, r->launch_tcb));
    if (r->version >= ABI_REPORT_VERSION_MIT) {
        add_word(&o, "launch_mit_vector", r->launch_mit_vector);
        add_word(&o, "current_mit_vector", r->current_mit_vector);
    }
    add_object(&o, "signature", signature(r));
    return o;
}

char *mint_report_json(const struct abi_report *report, enum abi_product product) {
    const struct object o = fields(report, product);
    char *text = o.ok ? json_dumps(o.json, JSON_INDENT(2)) : NULL;
    json_decref(o.json);
    char *line = NULL;
    if (text != NULL && asprintf(&line, "%s\n", text) < 0) line = NULL;
    free(text);
    return line;
}

/* ---- report show ---- */

static void print_value(const char *prefix, const char *name, const json_t *value) {
    char label[64];
    snprintf(label, sizeof label, "%s%s", prefix, name);
    printf("%-42s ", label);
    if (json_is_string(value)) {
        printf("%s\n", json_string_value(value));
    } else if (json_is_boolean(value)) {
        printf("%s\n", json_is_true(value) ? "yes" : "no");
    } else {
        printf("%lld\n", (long long)json_integer_value(value));
    }
}

static void print_text(json_t *json) {
    const char *name, *inner_name;
    json_t *value, *inner;
    json_object_foreach(json, name, value) {
        if (!json_is_object(value)) {
            print_value("", name, value);
            continue;
        }
        char prefix[32];
        snprintf(prefix, sizeof prefix, "%s.", name);
        json_object_foreach(value, inner_name, inner) print_value(prefix, inner_name, inner);
    }
}

static int show(const struct abi_report *report, bool as_json) {
    /* Before version 3 a report names no product; the TCB layouts of all lines of that time are one. */
    enum abi_product product = abi_report_product(report);
    if (report->version < ABI_REPORT_VERSION_FMS) product = ABI_PRODUCT_GENOA;
    const struct object o = fields(report, product);
    if (!o.ok) {
        json_decref(o.json);
        return cli_bad_file("report", "not enough memory");
    }
    if (report->version < ABI_REPORT_VERSION_FMS) json_object_del(o.json, "product");
    if (as_json) {
        json_dumpf(o.json, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_text(o.json);
    }
    json_decref(o.json);
    return CLI_OK;
}

int mint_report_show(int argc, char **argv) {
    bool as_json = false;
    const struct cli_option options[] = {
        {"--json", NULL, "print JSON, as report.json", NULL, &as_json, NULL},
        {0},
    };
    const struct cli_command command = {
        .name = "sevkit report show",
        .usage = "FILE [--json]",
        .summary = "Prints the fields of a report of 1184 bytes. Verifies nothing: see snp-verify.",
        .options = options,
        .operands_min = 1,
        .operands_max = 1,
    };
    struct cli_list operands;
    int exit;
    if (!cli_parse(&command, argc, argv, &operands, &exit)) return exit;

    struct cli_file file;
    struct abi_report report;
    if (!cli_file_read(operands.items[0], REPORT_FILE_MAX, &file)) return CLI_USAGE;
    const struct sevkit_result r = abi_report_decode(file.bytes, file.size, &report);
    cli_file_free(&file);
    if (!sevkit_ok(r)) return cli_bad_result(operands.items[0], r);
    return show(&report, as_json);
}
