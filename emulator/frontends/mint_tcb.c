/* See mint_tcb.h. */
#include "frontends/mint_tcb.h"

#include <string.h>

#include "frontends/cli.h"

#define COMPONENTS 5
#define FMC 4 /* its place among NAMES: Turin only */

static const char *const names[COMPONENTS] = {"bl", "tee", "snp", "ucode", "fmc"};

/* Reads "NAME=NUMBER" of SIZE bytes. NULL, or the rule that is broken. */
static const char *read_component(const char *item, size_t size, uint8_t values[COMPONENTS],
                                  bool seen[COMPONENTS]) {
    const char *equals = memchr(item, '=', size);
    if (equals == NULL) return "each component is NAME=NUMBER";
    const size_t name_size = (size_t)(equals - item);
    char digits[16];
    const size_t digits_size = size - name_size - 1;
    if (digits_size >= sizeof digits) return "a component is a number from 0 to 255";
    memcpy(digits, equals + 1, digits_size);
    digits[digits_size] = 0;
    for (size_t i = 0; i < COMPONENTS; i++) {
        uint64_t number;
        if (strlen(names[i]) != name_size || memcmp(names[i], item, name_size) != 0) continue;
        if (seen[i]) return "each component is given once";
        if (!cli_number_parse(digits, 255, &number)) return "a component is a number from 0 to 255";
        seen[i] = true;
        values[i] = (uint8_t)number;
        return NULL;
    }
    return "the components are bl, tee, snp, ucode and fmc";
}

static const char *read_all(const char *text, enum abi_product product,
                            uint8_t values[COMPONENTS]) {
    bool seen[COMPONENTS] = {false};
    for (const char *item = text;;) {
        const size_t size = strcspn(item, ",");
        const char *rule = read_component(item, size, values, seen);
        if (rule != NULL) return rule;
        if (item[size] == 0) break;
        item += size + 1;
    }
    for (size_t i = 0; i < FMC; i++) {
        if (!seen[i]) return "bl, tee, snp and ucode must all be given";
    }
    const bool turin = product == ABI_PRODUCT_TURIN;
    if (turin && !seen[FMC]) return "a Turin TCB has fmc too";
    if (!turin && seen[FMC]) return "only a Turin TCB has fmc";
    return NULL;
}

bool mint_tcb(const char *option, const char *text, enum abi_product product, uint64_t *tcb) {
    uint8_t v[COMPONENTS] = {0};
    const char *rule = text != NULL ? read_all(text, product, v) : "must be given";
    if (rule != NULL) {
        cli_bad_option(option, text, rule);
        return false;
    }
    const struct abi_tcb_parts parts = {
        .boot_loader = v[0], .tee = v[1], .snp = v[2], .microcode = v[3], .fmc = v[FMC]};
    *tcb = abi_tcb_pack(product, &parts);
    return true;
}
