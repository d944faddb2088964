/* vector-differ: what our parsers and the emulated firmware make of arbitrary bytes, as lines of text that the
 * independent reference (harness/reference) predicts. harness/differ/__init__.py describes the use.
 *
 *   vector-differ [MACHINE ...]
 *
 * MACHINE is NAME[,counts=A:B:C:D][,vcek_dis][,mask_chip_key]: a machine of the built-in profile NAME with one running
 * guest, whose MsgCount0..3 and VCEK_DIS are other ones if asked for. First comes one line a machine,
 *
 *   machine NAME VMPCK0 VMPCK1 VMPCK2 VMPCK3 COUNT0 COUNT1 COUNT2 COUNT3
 *
 * then one line for each frame of standard input: u8 kind, u32 length (little-endian), bytes.
 *
 *   kind 0  a report              kind 1  a certificate table              kind 2  a certificate
 *   kind 3  a guest message: u8 number of the machine, one page
 *
 * Memory for a frame is as large as the frame, so that a sanitizer sees what is read beyond it. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sevkit/certtable.h"
#include "sevkit/machine.h"
#include "sevkit/secrets.h"

#define FRAME_MAX 0x10000
#define MACHINES_MAX 16
#define SEED 1
#define UNTOUCHED 0xEE
#define ABI_REPORT_RSP_BODY 8 /* after STATUS and REPORT_SIZE */
#define STATUS_BODY 4         /* after STATUS alone */

struct machine {
    struct vmm_machine *machine;
    struct sevkit_guest_door door;
    uint64_t gctx;
    struct abi_secrets_page secrets;
};

static struct machine machines[MACHINES_MAX];
static size_t machine_count;
static struct crypto_aead *aead;

static void die(const char *what) {
    fprintf(stderr, "vector-differ: %s\n", what);
    exit(2);
}

/* Ends the program on a failure that does not depend on a frame. */
static void need(struct sevkit_result r) {
    char text[256];
    if (sevkit_ok(r)) return;
    sevkit_result_text(&r, text, sizeof text);
    die(text);
}

static void put_hex(const uint8_t *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        putchar(digits[bytes[i] >> 4]);
        putchar(digits[bytes[i] & 15]);
    }
}

/* ---- reports ---- */

enum field_kind { NUMBER, BYTES, TCB };

/* A field: where struct abi_report keeps it, and the first version that has it. */
static const struct field {
    const char *name;
    size_t at, size;
    enum field_kind kind;
    uint32_t since;
} fields[] = {
#define FIELD(name, member, kind, since)                                                           \
    {                                                                                              \
        name, offsetof(struct abi_report, member), sizeof((struct abi_report *)0)->member, kind,   \
            since                                                                                  \
    }
    FIELD("version", version, NUMBER, 2),
    FIELD("guest_svn", guest_svn, NUMBER, 2),
    FIELD("policy", policy, NUMBER, 2),
    FIELD("family_id", family_id, BYTES, 2),
    FIELD("image_id", image_id, BYTES, 2),
    FIELD("vmpl", vmpl, NUMBER, 2),
    FIELD("signature_algo", signature_algo, NUMBER, 2),
    FIELD("current_tcb", current_tcb, TCB, 2),
    FIELD("platform_info", platform_info, NUMBER, 2),
    FIELD("key_info", key_info, NUMBER, 2),
    FIELD("report_data", report_data, BYTES, 2),
    FIELD("measurement", measurement, BYTES, 2),
    FIELD("host_data", host_data, BYTES, 2),
    FIELD("id_key_digest", id_key_digest, BYTES, 2),
    FIELD("author_key_digest", author_key_digest, BYTES, 2),
    FIELD("report_id", report_id, BYTES, 2),
    FIELD("report_id_ma", report_id_ma, BYTES, 2),
    FIELD("reported_tcb", reported_tcb, TCB, 2),
    FIELD("cpuid_fam_id", fms.family, NUMBER, ABI_REPORT_VERSION_FMS),
    FIELD("cpuid_mod_id", fms.model, NUMBER, ABI_REPORT_VERSION_FMS),
    FIELD("cpuid_step", fms.stepping, NUMBER, ABI_REPORT_VERSION_FMS),
    FIELD("chip_id", chip_id, BYTES, 2),
    FIELD("committed_tcb", committed_tcb, TCB, 2),
    FIELD("current_build", current.build, NUMBER, 2),
    FIELD("current_minor", current.minor, NUMBER, 2),
    FIELD("current_major", current.major, NUMBER, 2),
    FIELD("committed_build", committed.build, NUMBER, 2),
    FIELD("committed_minor", committed.minor, NUMBER, 2),
    FIELD("committed_major", committed.major, NUMBER, 2),
    FIELD("launch_tcb", launch_tcb, TCB, 2),
    FIELD("launch_mit_vector", launch_mit_vector, NUMBER, ABI_REPORT_VERSION_MIT),
    FIELD("current_mit_vector", current_mit_vector, NUMBER, ABI_REPORT_VERSION_MIT),
    FIELD("signature_r", signature_r, BYTES, 2),
    FIELD("signature_s", signature_s, BYTES, 2),
#undef FIELD
};

static uint64_t number_at(const uint8_t *at, size_t size) {
    uint32_t four;
    uint64_t eight;
    if (size == 1) return *at;
    if (size == sizeof four) {
        memcpy(&four, at, sizeof four);
        return four;
    }
    memcpy(&eight, at, sizeof eight);
    return eight;
}

static void put_parts(const struct abi_tcb_parts *p) {
    printf("%u.%u.%u.%u.%u", p->fmc, p->boot_loader, p->tee, p->snp, p->microcode);
}

static void put_tcb(enum abi_product product, uint64_t raw) {
    uint8_t bytes[8];
    struct abi_tcb_parts parts;
    abi_put_le64(bytes, raw);
    put_hex(bytes, sizeof bytes);
    if (!sevkit_ok(abi_tcb_unpack(product, raw, &parts))) return;
    putchar(':');
    put_parts(&parts);
}

static void put_field(const struct abi_report *report, const struct field *f) {
    const uint8_t *at = (const uint8_t *)report + f->at;
    const uint32_t read_as = report->version == 4 ? 3 : report->version;
    printf(" %s=", f->name);
    if (read_as < f->since) {
        putchar('-');
    } else if (f->kind == BYTES) {
        put_hex(at, f->size);
    } else if (f->kind == NUMBER) {
        printf("0x%" PRIx64, number_at(at, f->size));
    } else {
        put_tcb(abi_report_product(report), number_at(at, f->size));
    }
}

/* The stages that a report by itself can fail in, in their order; "future" is one that is accepted with
 * future_versions only. */
static void run_report(const uint8_t *bytes, size_t size) {
    struct abi_report r;
    if (!sevkit_ok(abi_report_decode(bytes, size, &r)) || !sevkit_ok(abi_report_check_fields(&r))) {
        printf("parse");
        return;
    }
    if (!sevkit_ok(abi_report_check_version(&r, true))) {
        printf("version");
        return;
    }
    printf(sevkit_ok(abi_report_check_version(&r, false)) ? "valid" : "future");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) put_field(&r, &fields[i]);
    printf(" author_key_en=%d mask_chip_key=%d signing_key=0x%x product=%s",
           (r.key_info & ABI_KEY_INFO_AUTHOR_KEY_EN) != 0,
           (r.key_info & ABI_KEY_INFO_MASK_CHIP_KEY) != 0, abi_report_signing_key(&r),
           abi_product_name(abi_report_product(&r)));
}

/* ---- certificate tables ---- */

static bool ends_with(const char *text, const char *end) {
    const size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* The reference's word for a refusal. */
static const char *table_reason(const struct sevkit_result *r, const uint8_t *bytes, size_t size) {
    if (r->code == SEVKIT_LIMIT) return "count";
    if (strcmp(r->field, "terminator") == 0) return "terminator";
    if (ends_with(r->field, "].guid"))
        return abi_all_zero(bytes + r->offset, ABI_GUID_SIZE) ? "zero-guid" : "duplicate";
    if (ends_with(r->field, "].offset") && r->value <= size) return "offset";
    return "length"; /* where an entry begins beyond the table, it ends there too */
}

static void run_table(const uint8_t *bytes, size_t size) {
    struct abi_certtable table;
    const struct sevkit_result r = abi_certtable_decode(bytes, size, &table);
    if (!sevkit_ok(r)) {
        printf("refused %s", table_reason(&r, bytes, size));
        return;
    }
    printf("valid %zu", table.count);
    for (size_t i = 0; i < table.count; i++) {
        const struct abi_certtable_entry *e = &table.entries[i];
        printf(" %s:", abi_cert_kind_name(abi_cert_kind_from_guid(e->guid)));
        put_hex(e->guid, sizeof e->guid);
        printf(":%" PRIu32 ":%" PRIu32, e->offset, e->length);
    }
}

/* ---- certificates ---- */

static void put_leaf(const struct pki_cert *cert) {
    struct pki_leaf_info info;
    if (!sevkit_ok(pki_cert_leaf_info(cert, &info))) {
        printf(" no leaf");
        return;
    }
    printf(" leaf %s version=%u name=", abi_product_name(info.product), info.struct_version);
    put_hex((const uint8_t *)info.product_name, strlen(info.product_name));
    printf(" tcb=");
    put_parts(&info.tcb);
    printf(" fmc=%d hwid=", info.has_fmc);
    put_hex(info.hwid, info.hwid_size);
    printf(" csp=");
    put_hex((const uint8_t *)info.csp_id, strlen(info.csp_id));
}

static void run_cert(const uint8_t *bytes, size_t size) {
    struct pki_cert *cert;
    if (!sevkit_ok(pki_cert_parse(bytes, size, &cert))) {
        printf("refused");
        return;
    }
    printf("certificate %s %s %" PRId64 " %" PRId64, pki_role_name(pki_cert_role(cert)),
           abi_product_name(pki_cert_product(cert)), pki_cert_not_before(cert),
           pki_cert_not_after(cert));
    put_leaf(cert);
    pki_cert_free(cert);
}

/* ---- guest messages ---- */

static void put_counts(const struct machine *m, char separator) {
    uint64_t count[ABI_VMPCK_COUNT];
    if (!psp_msg_count(vmm_machine_psp(m->machine), m->gctx, count)) die("the guest is gone");
    for (size_t i = 0; i < ABI_VMPCK_COUNT; i++) printf("%c%" PRIu64, separator, count[i]);
}

static const char *filled(const uint8_t *bytes, size_t size) {
    return abi_all_zero(bytes, size) ? "zero" : "filled";
}

static void put_payload(uint8_t type, const uint8_t *payload, size_t size) {
    if (type == ABI_MSG_REPORT_RSP && size == ABI_REPORT_RSP_SIZE) {
        struct abi_report_rsp rsp;
        struct abi_report report;
        abi_report_rsp_decode(payload, &rsp);
        need(abi_report_decode(rsp.report, sizeof rsp.report, &report));
        printf(" size=%" PRIu32 " vmpl=%" PRIu32 " data=", rsp.report_size, report.vmpl);
        put_hex(report.report_data, sizeof report.report_data);
        printf(" body=%s",
               filled(payload + ABI_REPORT_RSP_BODY, ABI_REPORT_RSP_SIZE - ABI_REPORT_RSP_BODY));
    } else if (type == ABI_MSG_KEY_RSP && size == ABI_KEY_RSP_SIZE) {
        struct abi_key_rsp rsp;
        abi_key_rsp_decode(payload, &rsp);
        printf(" reserved=%s key=%s", filled(rsp.reserved_04, sizeof rsp.reserved_04),
               filled(rsp.derived_key, sizeof rsp.derived_key));
    } else {
        putchar(' ');
        put_hex(payload + STATUS_BODY, size - STATUS_BODY);
    }
}

/* All of the response's header but the tag, then its payload. */
static void put_response(const struct machine *m, unsigned vmpck, const uint8_t *response) {
    struct abi_msg_header h;
    uint8_t iv[ABI_MSG_IV_SIZE], payload[ABI_MSG_PAYLOAD_MAX];
    abi_msg_header_decode(response, &h);
    if (vmpck >= ABI_VMPCK_COUNT || h.size > sizeof payload || h.size < STATUS_BODY) {
        printf(" malformed");
        return;
    }
    abi_msg_iv(h.seqno, iv);
    need(crypto_aead_set_key(aead, m->secrets.vmpck[vmpck]));
    putchar(' ');
    put_hex(response + ABI_MSG_TAG_SIZE, ABI_MSG_HEADER_SIZE - ABI_MSG_TAG_SIZE);
    if (!sevkit_ok(crypto_aead_open(aead, iv, response + ABI_MSG_AAD_OFFSET, ABI_MSG_AAD_SIZE,
                                    response + ABI_MSG_HEADER_SIZE, h.size,
                                    response + ABI_MSG_AUTHTAG, payload))) {
        printf(" closed");
        return;
    }
    printf(" %s", abi_status_name(abi_get_le32(payload)));
    put_payload(h.type, payload, h.size);
}

static void run_message(const uint8_t *bytes, size_t size) {
    uint8_t response[ABI_PAGE_SIZE];
    struct sevkit_exit exit;
    if (size != 1 + ABI_PAGE_SIZE || bytes[0] >= machine_count) die("a message without its page");
    const struct machine *m = &machines[bytes[0]];
    const uint8_t *page = bytes + 1;
    memset(response, UNTOUCHED, sizeof response);
    m->door.request(m->door.ctx, page, response, &exit);
    printf("%s", exit.vmm_error || exit.es_result ? "HYPERVISOR" : abi_status_name(exit.fw_status));
    put_counts(m, ' ');
    if (exit.fw_status == ABI_SUCCESS) {
        put_response(m, page[ABI_MSG_VMPCK], response);
        return;
    }
    for (size_t i = 0; i < sizeof response; i++)
        if (response[i] != UNTOUCHED) {
            printf(" touched");
            return;
        }
}

/* ---- machines ---- */

static void apply(struct sevkit_profile *p, const char *option) {
    if (strcmp(option, "vcek_dis") == 0) {
        p->vcek_dis = true;
    } else if (strcmp(option, "mask_chip_key") == 0) {
        p->mask_chip_key = true;
    } else if (sscanf(option, "counts=%" SCNu64 ":%" SCNu64 ":%" SCNu64 ":%" SCNu64,
                      &p->msg_count[0], &p->msg_count[1], &p->msg_count[2],
                      &p->msg_count[3]) != ABI_VMPCK_COUNT) {
        die("a machine's options are counts=A:B:C:D, vcek_dis and mask_chip_key");
    }
}

static void start(char *text) {
    struct machine *m = &machines[machine_count++];
    struct sevkit_profile profile;
    struct vmm_guest *guest;
    uint8_t page[ABI_PAGE_SIZE];
    char *rest, *name = strtok_r(text, ",", &rest);
    if (name == NULL) die("a machine without a name");
    need(vmm_profile_builtin(name, &profile));
    for (char *option; (option = strtok_r(NULL, ",", &rest)) != NULL;) apply(&profile, option);
    need(vmm_machine_new(&profile, NULL, SEED, &m->machine));
    need(vmm_guest_launch(m->machine, &guest));
    m->door = vmm_guest_door(guest);
    m->gctx = vmm_guest_pages(guest).gctx;
    vmm_guest_secrets(guest, page);
    need(abi_secrets_decode(page, sizeof page, &m->secrets));
    printf("machine %s", name);
    for (size_t i = 0; i < ABI_VMPCK_COUNT; i++) {
        putchar(' ');
        put_hex(m->secrets.vmpck[i], ABI_VMPCK_SIZE);
    }
    put_counts(m, ' ');
    putchar('\n');
}

static void run(unsigned kind, const uint8_t *bytes, size_t size) {
    static void (*const runs[])(const uint8_t *, size_t) = {run_report, run_table, run_cert,
                                                            run_message};
    if (kind >= sizeof runs / sizeof runs[0]) die("a frame of an unknown kind");
    runs[kind](bytes, size);
    putchar('\n');
}

int main(int argc, char **argv) {
    uint8_t head[5];
    if (argc - 1 > MACHINES_MAX) die("too many machines");
    /* A line is out before the next frame is read: after a crash one knows which it was. */
    if (setvbuf(stdout, NULL, _IOLBF, FRAME_MAX) != 0) die("standard output");
    need(crypto_aead_new(&aead));
    for (int i = 1; i < argc; i++) start(argv[i]);
    while (fread(head, sizeof head, 1, stdin) == 1) {
        const size_t size = abi_get_le32(head + 1);
        if (size > FRAME_MAX) die("a frame that is too long");
        uint8_t *bytes = malloc(size);
        if ((bytes == NULL && size != 0) || fread(bytes, 1, size, stdin) != size)
            die("a frame that is cut off");
        run(head[0], bytes, size);
        free(bytes);
    }
    for (size_t i = 0; i < machine_count; i++) vmm_machine_free(machines[i].machine);
    crypto_aead_free(aead);
    return 0;
}
