/* A certificate in words. What the AMD extensions say comes from pki_cert_leaf_info, so a leaf
 * that is not in order says which extension is at fault. */
#include <stdarg.h>
#include <stdio.h>

#include "pki/cert.h"
#include "pki/der_time.h"
#include "pki/keys.h"

struct text {
    char *out;
    size_t size; /* at least 1 */
    size_t used;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(t->out + t->used, t->size - t->used, format, args);
    va_end(args);
    const size_t room = t->size - t->used - 1;
    if (n > 0) t->used += (size_t)n < room ? (size_t)n : room;
}

static void add_hex(struct text *t, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) add(t, "%02x", bytes[i]);
}

/* Bytes of a name are the sender's: only visible ones go to a terminal. */
static void add_name(struct text *t, const char *label, const struct crypto_name *name) {
    add(t, "%s:", label);
    for (size_t i = 0; i < name->count; i++) {
        const struct crypto_attribute *a = &name->attributes[i];
        add(t, "%s %s=", i ? "," : "", a->oid);
        for (size_t k = 0; k < a->value.size; k++) {
            const uint8_t c = a->value.bytes[k];
            add(t, "%c", c >= 0x20 && c <= 0x7E ? c : '?');
        }
    }
    add(t, "\n");
}

static void add_time(struct text *t, const char *label, int64_t seconds) {
    const struct pki_civil c = pki_civil_from_seconds(seconds);
    add(t, "%s: %04lld-%02u-%02uT%02u:%02u:%02uZ\n", label, (long long)c.year, c.month, c.day,
        c.hour, c.minute, c.second);
}

static void add_algorithm(struct text *t, struct crypto_span algorithm) {
    const bool a = crypto_span_equal(algorithm, pki_pss_algorithm(PKI_PSS_FORM_A));
    const bool b = crypto_span_equal(algorithm, pki_pss_algorithm(PKI_PSS_FORM_B));
    add(t, "signature: %s\n",
        a   ? "RSASSA-PSS, SHA-384, salt 48, form A (trailer explicit)"
        : b ? "RSASSA-PSS, SHA-384, salt 48, form B"
            : "another algorithm");
}

static void add_key(struct text *t, const struct crypto_x509 *x) {
    switch (x->key_kind) {
    case CRYPTO_KEY_OTHER: add(t, "key: another kind\n"); return;
    case CRYPTO_KEY_RSA: add(t, "key: RSA, %u bits\n", x->key_bits); return;
    case CRYPTO_KEY_P384:
        add(t, "key: P-384, ");
        add_hex(t, x->xy, sizeof x->xy);
        add(t, "\n");
        return;
    }
}

static void add_leaf(struct text *t, const struct pki_cert *cert) {
    struct pki_leaf_info info;
    const struct sevkit_result r = pki_cert_leaf_info(cert, &info);
    if (!sevkit_ok(r)) {
        char why[256];
        sevkit_result_text(&r, why, sizeof why);
        add(t, "AMD extensions: refused: %s\n", why);
        return;
    }
    add(t, "structVersion: %u\nproductName: %s\n", info.struct_version, info.product_name);
    if (info.has_fmc) add(t, "fmcSPL: %u\n", info.tcb.fmc);
    add(t, "blSPL: %u\nteeSPL: %u\nsnpSPL: %u\nucodeSPL: %u\n", info.tcb.boot_loader, info.tcb.tee,
        info.tcb.snp, info.tcb.microcode);
    if (info.hwid_size != 0) {
        add(t, "hwID: ");
        add_hex(t, info.hwid, info.hwid_size);
        add(t, "\n");
    }
    if (info.csp_id[0] != 0) add(t, "cspID: %s\n", info.csp_id);
}

void pki_cert_text(const struct pki_cert *cert, char *out, size_t size) {
    struct text t = {.out = out, .size = size};
    const struct crypto_x509 *x = cert->x509;
    out[0] = 0;
    add(&t, "role: %s\nproduct line: %s\nversion: %u\n", pki_role_name(cert->role),
        abi_product_name(cert->product), x->version);
    add(&t, "serial: ");
    add_hex(&t, x->serial.bytes, x->serial.size);
    add(&t, "\n");
    add_name(&t, "subject", &x->subject);
    add_name(&t, "issuer", &x->issuer);
    add_time(&t, "not before", x->not_before);
    add_time(&t, "not after", x->not_after);
    add_algorithm(&t, x->algorithm);
    add_key(&t, x);
    for (size_t i = 0; i < x->extensions.count; i++) {
        const struct crypto_extension *e = &x->extensions.list[i];
        add(&t, "extension %s%s: ", e->oid, e->critical ? " critical" : "");
        add_hex(&t, e->value.bytes, e->value.size);
        add(&t, "\n");
    }
    const bool leaf = cert->role == PKI_ROLE_VCEK || cert->role == PKI_ROLE_VLEK;
    if (leaf) add_leaf(&t, cert);
}
