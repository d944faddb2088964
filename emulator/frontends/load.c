/* See load.h. */
#include "frontends/load.h"

#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "sevkit/profile.h"

#define LOAD_FILE_MAX 0x100000

static bool is_path(const char *text) {
    const size_t size = strlen(text);
    return strchr(text, '/') != NULL || (size > 5 && strcmp(text + size - 5, ".json") == 0);
}

static bool load_file(const struct load_kind *kind, const char *path, void *out) {
    struct cli_file file;
    if (!cli_file_read(path, LOAD_FILE_MAX, &file)) return false;
    const struct sevkit_result r = kind->parse((const char *)file.bytes, file.size, out);
    cli_file_free(&file);
    if (!sevkit_ok(r)) cli_bad_result(path, r);
    return sevkit_ok(r);
}

bool load_named(const struct load_kind *kind, const char *option, const char *text, void *out) {
    if (is_path(text)) return load_file(kind, text, out);
    if (sevkit_ok(kind->builtin(text, out))) return true;
    cli_bad_option(option, text, kind->rule);
    for (size_t i = 0; kind->name(i) != NULL; i++) fprintf(stderr, "  %s\n", kind->name(i));
    return false;
}

static struct sevkit_result profile_builtin(const char *name, void *out) {
    return vmm_profile_builtin(name, out);
}

static struct sevkit_result profile_parse(const char *json, size_t size, void *out) {
    return vmm_profile_parse(json, size, out);
}

bool load_profile(const char *text, struct sevkit_profile *profile) {
    static const struct load_kind kind = {"must be a built-in profile or the path of a .json file",
                                          vmm_profile_name, profile_builtin, profile_parse};
    return load_named(&kind, "--profile", text, profile);
}
