/* Op pages: the launch digests of a list of pages. Launch notes, sections 1 and 2. */
#include <string.h>

#include "sevkit/psp_launch.h"
#include "vectors/vectors.h"

#define SMALL_PAGE 0x1000
#define LARGE_PAGE 0x200000

/* A case that is not what the family says. */
static bool bad_case(struct suite_ctx *ctx, const char *field, const char *rule) {
    return suite_setup(ctx, "case",
                       sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, 0, rule));
}

/* The number of a page type; one without a name stands as itself. */
static bool type_of(struct suite_ctx *ctx, const json_t *row, uint8_t *type) {
    static const char *const names[] = {
        [ABI_PAGE_TYPE_NORMAL] = "NORMAL",   [ABI_PAGE_TYPE_VMSA] = "VMSA",
        [ABI_PAGE_TYPE_ZERO] = "ZERO",       [ABI_PAGE_TYPE_UNMEASURED] = "UNMEASURED",
        [ABI_PAGE_TYPE_SECRETS] = "SECRETS", [ABI_PAGE_TYPE_CPUID] = "CPUID",
    };
    const json_t *value = json_object_get(row, "type");
    if (json_is_integer(value)) {
        *type = (uint8_t)json_integer_value(value);
        return true;
    }
    const char *name;
    if (!vector_text(ctx, row, "type", &name)) return false;
    for (size_t i = ABI_PAGE_TYPE_NORMAL; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *type = (uint8_t)i;
        return true;
    }
    return bad_case(ctx, "type", "a page type");
}

/* The page's bytes: what the case gives, zeros behind it. */
static bool bytes_of(struct suite_ctx *ctx, struct vector_case *c, const json_t *row,
                     struct psp_launch_page *page) {
    const size_t size = page->large ? LARGE_PAGE : SMALL_PAGE;
    const json_t *contents = json_object_get(row, "contents");
    uint8_t *bytes = vector_alloc(c, size);
    page->bytes = bytes;
    if (json_is_null(contents)) return true;
    struct vector_bytes given;
    if (!vector_bytes_of(ctx, c, contents, &given)) return false;
    if (given.size > size) return bad_case(ctx, "contents", "a page at most");
    memcpy(bytes, given.bytes, given.size);
    return true;
}

static bool page_of(struct suite_ctx *ctx, struct vector_case *c, const json_t *row,
                    struct psp_launch_page *page) {
    static const char *const perms[] = {"vmpl1", "vmpl2", "vmpl3"};
    const char *size = json_string_value(json_object_get(row, "size"));
    page->large = size != NULL && strcmp(size, "2M") == 0;
    for (size_t i = 0; i < 3; i++) {
        uint64_t value;
        if (!vector_number_or(ctx, row, perms[i], 0, &value)) return false;
        page->vmpl_perms[i] = (uint8_t)value;
    }
    return type_of(ctx, row, &page->type) && vector_number(ctx, row, "gpa", &page->gpa) &&
           vector_flag_or(ctx, row, "imi", false, &page->imi) && bytes_of(ctx, c, row, page);
}

/* Whether the input's member NAME, if it is there, is DIGEST. */
static bool claim(struct suite_ctx *ctx, const struct vector_case *c, const char *name,
                  const uint8_t digest[ABI_DIGEST_SIZE], bool *same) {
    uint8_t claimed[ABI_DIGEST_SIZE];
    *same = true;
    if (json_object_get(c->input, name) == NULL) return true;
    if (!vector_hex(ctx, c->input, name, claimed, sizeof claimed)) return false;
    *same = memcmp(claimed, digest, sizeof claimed) == 0;
    return true;
}

static bool digests_seen(struct suite_ctx *ctx, const struct vector_case *c,
                         const struct psp_launch_digest *digest) {
    return vector_output_hex(ctx, c->output, "measurement", digest->ld, sizeof digest->ld) &&
           vector_output_hex(ctx, c->output, "imd", digest->imd, sizeof digest->imd);
}

/* All pages up to the first that is refused. */
static bool launch(struct suite_ctx *ctx, struct vector_case *c, struct psp_launch_digest *digest,
                   enum abi_status *status) {
    const json_t *rows = vector_find(c, "pages");
    bool imi_en;
    if (!vector_flag_or(ctx, c->input, "imi_en", false, &imi_en)) return false;
    for (size_t i = 0; i < json_array_size(rows) && *status == ABI_SUCCESS; i++) {
        struct psp_launch_page page = {.type = 0};
        if (!page_of(ctx, c, json_array_get(rows, i), &page)) return false;
        *status = psp_launch_page_check(&page, imi_en);
        if (*status != ABI_SUCCESS) break;
        if (!suite_succeeds(ctx, "page", psp_launch_digest_add(digest, &page), "it is measured"))
            return false;
    }
    return true;
}

void vector_run_pages(struct suite_ctx *ctx, struct vector_case *c) {
    struct psp_launch_digest digest = {.ld = {0}};
    enum abi_status status = ABI_SUCCESS;
    bool ld, imd;
    SUITE_STEP(launch(ctx, c, &digest, &status));
    SUITE_STEP(claim(ctx, c, "claimed", digest.ld, &ld));
    SUITE_STEP(claim(ctx, c, "claimed_imd", digest.imd, &imd));
    if (status != ABI_SUCCESS)
        SUITE_STEP(vector_seen(ctx, c, false, "status", abi_status_name(status)));
    else
        SUITE_STEP(vector_seen(ctx, c, ld && imd, "reason", ld ? "imd" : "measurement"));
    SUITE_STEP(digests_seen(ctx, c, &digest));
}
