/* How long a profile, its lists and its words may be, which models a chip has, and where in the text a
 * syntax error stands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/text_file.h"
#include "sevkit/profile.h"
#include "unit/unit.h"

#define TEXT_MAX ((size_t)256 * 1024)

/* The text of profile NAME with room for more; to be freed. */
static char *copy_of(const char *name) {
    const struct sevkit_text_file *file = vmm_profile_files;
    while (file->name != NULL && strcmp(file->name, name) != 0) file++;
    char *text = malloc(TEXT_MAX + 2);
    if (file->name == NULL || text == NULL) abort();
    strcpy(text, file->text);
    return text;
}

/* Writes NEW over the first OLD in TEXT. */
static void edit(char *text, const char *old, const char *new) {
    char *at = strstr(text, old);
    if (at == NULL) abort();
    memmove(at + strlen(new), at + strlen(old), strlen(at + strlen(old)) + 1);
    memcpy(at, new, strlen(new));
}

static struct sevkit_result parse(const char *text) {
    struct sevkit_profile p;
    return vmm_profile_parse(text, strlen(text), &p);
}

/* A file of 256 KiB: one byte more is refused. */
static void test_text(void) {
    struct sevkit_profile p;
    char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
    const size_t used = strlen(text);
    memset(text + used, ' ', TEXT_MAX + 1 - used);
    UNIT_OK(vmm_profile_parse(text, TEXT_MAX, &p));
    const struct sevkit_result r = vmm_profile_parse(text, TEXT_MAX + 1, &p);
    UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "json");
    CU_ASSERT(r.value == TEXT_MAX + 1 && r.offset == SEVKIT_NO_OFFSET);
    free(text);
}

/* Line and offset of what is no JSON; what is JSON has a path and no offset. */
static void test_places(void) {
    char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
    char *at = strchr(strchr(text, ',') + 1, ',');
    *at = '!';
    struct sevkit_result r = parse(text);
    UNIT_FAILS(r, SEVKIT_BAD_ENCODING, "json");
    CU_ASSERT(r.value == 3 && r.offset == (size_t)(at - text) + 1);
    *at = ',';
    edit(text, "\"0x11\"", "\"0x20\"");
    r = parse(text);
    UNIT_FAILS(r, SEVKIT_BAD_VALUE, "chip.model");
    CU_ASSERT_EQUAL(r.offset, SEVKIT_NO_OFFSET);
    free(text);
}

/* A path is cut at the 63 bytes that a failure has room for. */
static void test_long_path(void) {
    static const char path[] = "cpuid_policy[2].a-member-with-a-name-of-no-less-than-48-letters";
    _Static_assert(sizeof path == 64, "as long as a field may be");
    char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
    edit(text, "\"eax_in\": \"0x7\"",
         "\"a-member-with-a-name-of-no-less-than-48-letters-and-more\": 0, \"eax_in\": \"0x7\"");
    UNIT_FAILS(parse(text), SEVKIT_BAD_VALUE, path);
    free(text);
}

/* A title of 159 letters; none of 160. */
static void test_words(void) {
    struct sevkit_profile p;
    char title[sizeof p.title + 1], member[sizeof title + 16], old[sizeof member];
    UNIT_OK(vmm_profile_builtin(SEVKIT_PROFILE_DEFAULT, &p));
    snprintf(old, sizeof old, "\"title\": \"%s\"", p.title);
    for (size_t size = sizeof p.title - 1; size <= sizeof p.title; size++) {
        char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
        memset(title, 'x', size);
        title[size] = 0;
        snprintf(member, sizeof member, "\"title\": \"%s\"", title);
        edit(text, old, member);
        const struct sevkit_result r = vmm_profile_parse(text, strlen(text), &p);
        if (size < sizeof p.title) {
            UNIT_OK(r);
            CU_ASSERT_STRING_EQUAL(p.title, title);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "title");
            CU_ASSERT_EQUAL(r.value, sizeof p.title);
        }
        free(text);
    }
}

/* A name of 63 letters, and nothing is written behind it; none of 64. */
static void test_long_name(void) {
    struct sevkit_profile p;
    char name[sizeof p.name + 1], member[sizeof name + 16];
    for (size_t size = sizeof p.name - 1; size <= sizeof p.name; size++) {
        char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
        memset(name, 'x', size);
        name[size] = 0;
        snprintf(member, sizeof member, "\"name\": \"%s\"", name);
        edit(text, "\"name\": \"" SEVKIT_PROFILE_DEFAULT "\"", member);
        const struct sevkit_result r = vmm_profile_parse(text, strlen(text), &p);
        if (size < sizeof p.name) {
            UNIT_OK(r);
            CU_ASSERT_STRING_EQUAL(p.name, name);
            CU_ASSERT_EQUAL(p.title[0], 'G');
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_LENGTH, "name");
            CU_ASSERT_EQUAL(r.value, sizeof p.name);
        }
        free(text);
    }
}

/* 128 members may be called unconfirmed, if each is named once. */
static void test_unconfirmed(void) {
    for (size_t count = 128; count <= 129; count++) {
        char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
        char *list = strstr(text, "\"unconfirmed\": [");
        if (list == NULL) abort();
        list += strlen("\"unconfirmed\": [");
        for (size_t i = 0; i < count; i++) {
            list += sprintf(list, "%s\"tsc.offset\"", i > 0 ? "," : "");
        }
        strcpy(list, "]}");
        const struct sevkit_result r = parse(text);
        if (count == 128) {
            UNIT_FAILS(r, SEVKIT_BAD_VALUE, "unconfirmed[1]");
            CU_ASSERT_EQUAL(r.value, 0); /* the first of the two */
        } else {
            UNIT_FAILS(r, SEVKIT_LIMIT, "unconfirmed");
            CU_ASSERT_EQUAL(r.value, count);
        }
        free(text);
    }
}

/* The models of attestation report notes, section 11. A model of the chip that is not this profile's is seen
 * to contradict CPUID leaf 1, which comes later. */
static void test_models(void) {
    static const struct {
        const char *profile, *chip, *model; /* as the profile has them */
        const char *as;
        unsigned first, last;
    } rows[] = {
        {"milan-1.52.4-v2-vcek", "Milan", "0x1", "Milan", 0x00, 0x0F},
        {SEVKIT_PROFILE_DEFAULT, "Genoa", "0x11", "Genoa", 0x10, 0x1F},
        {"bergamo-1.55.49-v5-vcek", "Bergamo", "0xa0", "Bergamo", 0xA0, 0xAF},
        {"bergamo-1.55.49-v5-vcek", "Bergamo", "0xa0", "Siena", 0xA0, 0xAF},
        {"turin-1.55.65-v5-vcek", "Turin", "0x2", "Turin", 0x00, 0x10},
        {"turin-dense-1.55.65-v5-vcek", "TurinDense", "0x11", "TurinDense", 0x11, 0x11},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned model = 0; model <= 0xFF; model++) {
            char *text = copy_of(rows[i].profile);
            char old[64], new[64];
            snprintf(old, sizeof old, "\"name\": \"%s\"", rows[i].chip);
            snprintf(new, sizeof new, "\"name\": \"%s\"", rows[i].as);
            edit(text, old, new);
            snprintf(old, sizeof old, "\"model\": \"%s\"", rows[i].model);
            snprintf(new, sizeof new, "\"model\": \"0x%x\"", model);
            edit(text, old, new);
            const struct sevkit_result r = parse(text);
            const bool fits = model >= rows[i].first && model <= rows[i].last;
            if (!fits) {
                UNIT_FAILS(r, SEVKIT_BAD_VALUE, "chip.model");
            } else if (strcmp(old, new) == 0) {
                UNIT_OK(r);
            } else {
                UNIT_FAILS(r, SEVKIT_BAD_VALUE, "cpuid_policy[1].eax");
            }
            free(text);
        }
    }
}

/* A subleaf is read as it stands. */
static void test_subleaf(void) {
    struct sevkit_profile p;
    char *text = copy_of(SEVKIT_PROFILE_DEFAULT);
    edit(text, "\"ecx_in\": \"0x0\"", "\"ecx_in\": \"0xfedcba98\"");
    UNIT_OK(vmm_profile_parse(text, strlen(text), &p));
    CU_ASSERT_EQUAL(p.cpuid_policy[0].ecx_in, 0xFEDCBA98);
    free(text);
}

static const struct unit_test tests[] = {
    {"text", test_text},     {"places", test_places},       {"long-path", test_long_path},
    {"words", test_words},   {"long-name", test_long_name}, {"unconfirmed", test_unconfirmed},
    {"models", test_models}, {"subleaf", test_subleaf},     {NULL, NULL},
};

const struct unit_suite profile_limits_suite = {"profile-limits", tests};
