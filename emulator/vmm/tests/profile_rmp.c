/* A profile's switches of the RMP: what is left out, what is set, what is refused by its path, and that a machine's
 * table obeys them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/text_file.h"
#include "sevkit/machine.h"
#include "sevkit/rmp.h"
#include "unit/unit.h"

/* The text of profile NAME with MEMBER as its first; NULL: as it is. */
static struct sevkit_result parse(const char *name, const char *member, struct sevkit_profile *p) {
    const struct sevkit_text_file *file = vmm_profile_files;
    while (file->name != NULL && strcmp(file->name, name) != 0) file++;
    if (file->name == NULL) abort();
    const size_t size = strlen(file->text) + 512;
    char *text = malloc(size);
    if (text == NULL) abort();
    snprintf(text, size, "{%s%s%s", member != NULL ? member : "", member != NULL ? "," : "",
             strchr(file->text, '{') + 1);
    const struct sevkit_result r = vmm_profile_parse(text, strlen(text), p);
    free(text);
    return r;
}

static bool same_rules(const struct rmp_rules *a, const struct rmp_rules *b) {
    return a->update_in_use_first == b->update_in_use_first &&
           a->update_contended == b->update_contended &&
           a->update_inside_2m == b->update_inside_2m &&
           a->update_over_hv_fixed == b->update_over_hv_fixed &&
           a->update_refuses_gpa == b->update_refuses_gpa &&
           a->psmash_needs_asid == b->psmash_needs_asid &&
           a->psmash_needs_mutable == b->psmash_needs_mutable &&
           a->adjust_refuses_vmsa == b->adjust_refuses_vmsa &&
           a->adjust_refuses_vmsa_2m == b->adjust_refuses_vmsa_2m &&
           a->read_tells_region == b->read_tells_region && a->guest_ad_maps == b->guest_ad_maps;
}

/* Left out, whole or in its members: rmp_config_default, and what follows from the chip. */
static void test_defaults(void) {
    static const struct {
        const char *profile;
        bool rmpread, raw_known;
        enum abi_rmp_format format;
    } rows[] = {
        {"milan-1.55.29-v3-vcek", false, true, ABI_RMP_MILAN},
        {"genoa-1.55.40-v3-vcek", false, true, ABI_RMP_GENOA},
        {"bergamo-1.55.40-v3-vcek", false, true, ABI_RMP_GENOA},
        {"siena-1.55.40-v3-vcek", false, true, ABI_RMP_GENOA},
        {"turin-1.55.65-v5-vcek", true, false, ABI_RMP_GENOA},
        {"turin-dense-1.55.65-v5-vcek", true, false, ABI_RMP_GENOA},
    };
    const struct rmp_rules rules = rmp_config_default(RMP_PAGE_2M).rules;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned empty = 0; empty < 2; empty++) {
            struct sevkit_profile p;
            UNIT_OK(parse(rows[i].profile, empty ? "\"rmp\": {}" : NULL, &p));
            CU_ASSERT(p.rmpread == rows[i].rmpread && p.rmpquery);
            CU_ASSERT_EQUAL(p.rmp_raw_known, rows[i].raw_known);
            if (p.rmp_raw_known) CU_ASSERT_EQUAL(p.rmp_raw_format, rows[i].format);
            CU_ASSERT(same_rules(&p.rmp_rules, &rules));
        }
    }
}

/* Each switch is read into its own place, and no other moves. */
static void test_switches(void) {
    struct rmp_rules want = rmp_config_default(RMP_PAGE_2M).rules;
    const struct rmp_rules usual = want;
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"update_in_use_first", &want.update_in_use_first},
        {"update_refuses_gpa", &want.update_refuses_gpa},
        {"psmash_needs_asid", &want.psmash_needs_asid},
        {"psmash_needs_mutable", &want.psmash_needs_mutable},
        {"adjust_refuses_vmsa", &want.adjust_refuses_vmsa},
        {"adjust_refuses_vmsa_2m", &want.adjust_refuses_vmsa_2m},
        {"read_tells_region", &want.read_tells_region},
        {"guest_ad_maps", &want.guest_ad_maps},
    };
    char member[128];
    struct sevkit_profile p;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        want = usual;
        *flags[i].flag = !*flags[i].flag;
        snprintf(member, sizeof member, "\"rmp\": {\"%s\": %s}", flags[i].name,
                 *flags[i].flag ? "true" : "false");
        UNIT_OK(parse(SEVKIT_PROFILE_DEFAULT, member, &p));
        CU_ASSERT(same_rules(&p.rmp_rules, &want));
        CU_ASSERT(!same_rules(&p.rmp_rules, &usual));
    }
    for (unsigned code = 0; code <= 5; code++) {
        want = usual;
        want.update_inside_2m = code;
        snprintf(member, sizeof member, "\"rmp\": {\"update_inside_2m\": %u}", code);
        struct sevkit_result r = parse(SEVKIT_PROFILE_DEFAULT, member, &p);
        if (code >= 1 && code <= 4) CU_ASSERT(sevkit_ok(r) && same_rules(&p.rmp_rules, &want));
        if (code < 1 || code > 4) UNIT_FAILS(r, SEVKIT_BAD_VALUE, "rmp.update_inside_2m");
        want = usual;
        want.update_over_hv_fixed = code;
        snprintf(member, sizeof member, "\"rmp\": {\"update_over_hv_fixed\": %u}", code);
        r = parse(SEVKIT_PROFILE_DEFAULT, member, &p);
        if (code <= 4) CU_ASSERT(sevkit_ok(r) && same_rules(&p.rmp_rules, &want));
        if (code > 4) UNIT_FAILS(r, SEVKIT_BAD_VALUE, "rmp.update_over_hv_fixed");
        want = usual;
        want.update_contended = code;
        snprintf(member, sizeof member, "\"rmp\": {\"update_contended\": %u}", code);
        r = parse(SEVKIT_PROFILE_DEFAULT, member, &p);
        const bool good = code == 3 || code == 4;
        if (good) CU_ASSERT(sevkit_ok(r) && same_rules(&p.rmp_rules, &want));
        if (!good) UNIT_FAILS(r, SEVKIT_BAD_VALUE, "rmp.update_contended");
    }
}

static void test_features(void) {
    struct sevkit_profile p;
    UNIT_OK(parse(SEVKIT_PROFILE_DEFAULT, "\"rmp\": {\"rmpread\": true, \"rmpquery\": false}", &p));
    CU_ASSERT(p.rmpread && !p.rmpquery && p.rmp_raw_known);
    UNIT_OK(parse(SEVKIT_PROFILE_DEFAULT, "\"rmp\": {\"raw_format\": \"milan\"}", &p));
    CU_ASSERT(p.rmp_raw_known && p.rmp_raw_format == ABI_RMP_MILAN && !p.rmpread);
    UNIT_OK(parse("turin-1.55.65-v5-vcek", "\"rmp\": {\"raw_format\": \"genoa\"}", &p));
    CU_ASSERT(p.rmp_raw_known && p.rmp_raw_format == ABI_RMP_GENOA && p.rmpread);
    UNIT_OK(parse(SEVKIT_PROFILE_DEFAULT, "\"rmp\": {\"raw_format\": null}", &p));
    CU_ASSERT(!p.rmp_raw_known);
}

static void test_refused(void) {
    static const struct {
        const char *member;
        enum sevkit_code code;
        const char *field;
    } rows[] = {
        {"\"rmp\": null", SEVKIT_BAD_ENCODING, "rmp"},
        {"\"rmp\": []", SEVKIT_BAD_ENCODING, "rmp"},
        {"\"rmp\": {\"rmprea\": true}", SEVKIT_BAD_VALUE, "rmp.rmprea"},
        {"\"rmp\": {\"rmpread\": 1}", SEVKIT_BAD_ENCODING, "rmp.rmpread"},
        {"\"rmp\": {\"rmpquery\": null}", SEVKIT_BAD_ENCODING, "rmp.rmpquery"},
        {"\"rmp\": {\"raw_format\": \"turin\"}", SEVKIT_BAD_VALUE, "rmp.raw_format"},
        {"\"rmp\": {\"raw_format\": 1}", SEVKIT_BAD_ENCODING, "rmp.raw_format"},
        {"\"rmp\": {\"update_inside_2m\": true}", SEVKIT_BAD_ENCODING, "rmp.update_inside_2m"},
        {"\"rmp\": {\"update_inside_2m\": -1}", SEVKIT_BAD_VALUE, "rmp.update_inside_2m"},
        {"\"rmp\": {\"update_contended\": true}", SEVKIT_BAD_ENCODING, "rmp.update_contended"},
        {"\"rmp\": {\"psmash_needs_asid\": 0}", SEVKIT_BAD_ENCODING, "rmp.psmash_needs_asid"},
        {"\"rmp\": {\"guest_ad_maps\": \"\"}", SEVKIT_BAD_ENCODING, "rmp.guest_ad_maps"},
    };
    struct sevkit_profile p;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        UNIT_FAILS(parse(SEVKIT_PROFILE_DEFAULT, rows[i].member, &p), rows[i].code, rows[i].field);
}

/* A file may call what it states unconfirmed. */
static void test_unconfirmed(void) {
    struct sevkit_profile p;
    char *text, *at;
    const struct sevkit_text_file *file = vmm_profile_files;
    while (file->name != NULL && strcmp(file->name, SEVKIT_PROFILE_DEFAULT) != 0) file++;
    if (file->name == NULL) abort();
    const size_t size = strlen(file->text) + 256;
    text = malloc(size);
    if (text == NULL) abort();
    snprintf(text, size, "{\"rmp\": {\"rmpquery\": true},%s", strchr(file->text, '{') + 1);
    at = strstr(text, "\"unconfirmed\": [");
    if (at == NULL) abort();
    strcpy(at, "\"unconfirmed\": [\"rmp.rmpquery\"]}");
    UNIT_OK(vmm_profile_parse(text, strlen(text), &p));
    strcpy(at, "\"unconfirmed\": [\"rmp.rmpread\"]}"); /* which this file leaves out */
    UNIT_FAILS(vmm_profile_parse(text, strlen(text), &p), SEVKIT_NOT_FOUND, "unconfirmed[0]");
    free(text);
}

/* The machine's table is made of them. */
static void test_machine(void) {
    struct sevkit_profile p;
    struct vmm_machine *m;
    UNIT_OK(parse(SEVKIT_PROFILE_DEFAULT,
                  "\"rmp\": {\"rmpread\": true, \"rmpquery\": false, \"update_inside_2m\": 3, "
                  "\"update_contended\": 4}",
                  &p));
    UNIT_OK(vmm_machine_new(&p, NULL, 1, &m));
    const struct rmp_config *c = rmp_config_of(vmm_machine_rmp(m));
    CU_ASSERT(c->has_rmpread && !c->has_rmpquery);
    CU_ASSERT_EQUAL(c->rules.update_inside_2m, 3);
    CU_ASSERT_EQUAL(c->rules.update_contended, 4);
    CU_ASSERT_EQUAL(c->size, p.memory_size);
    vmm_machine_free(m);
}

static const struct unit_test tests[] = {
    {"defaults", test_defaults},
    {"switches", test_switches},
    {"features", test_features},
    {"refused", test_refused},
    {"unconfirmed", test_unconfirmed},
    {"machine", test_machine},
    {NULL, NULL},
};

const struct unit_suite profile_rmp_suite = {"profile-rmp", tests};
