/* See load.h. */
#include "frontends/load.h"

#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "sevkit/profile.h"
#include "sevkit/scenario.h"

#define LOAD_FILE_MAX 0x100000

/* One kind of thing that is loaded. OUT is of that kind. */
struct kind {
    const char *option;
    const char *rule;                  /* that TEXT has broken */
    const char *(*name)(size_t index); /* the built-in ones, NULL after the last */
    struct sevkit_result (*builtin)(const char *name, void *out);
    struct sevkit_result (*parse)(const char *json, size_t size, void *out);
};

static bool is_path(const char *text) {
    const size_t size = strlen(text);
    return strchr(text, '/') != NULL || (size > 5 && strcmp(text + size - 5, ".json") == 0);
}

static bool load_file(const struct kind *kind, const char *path, void *out) {
    struct cli_file file;
    if (!cli_file_read(path, LOAD_FILE_MAX, &file)) return false;
    const struct sevkit_result r = kind->parse((const char *)file.bytes, file.size, out);
    cli_file_free(&file);
    if (!sevkit_ok(r)) cli_bad_result(path, r);
    return sevkit_ok(r);
}

static bool load(const struct kind *kind, const char *text, void *out) {
    if (is_path(text)) return load_file(kind, text, out);
    if (sevkit_ok(kind->builtin(text, out))) return true;
    cli_bad_option(kind->option, text, kind->rule);
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
    static const struct kind kind = {"--profile",
                                     "must be a built-in profile or the path of a .json file",
                                     vmm_profile_name, profile_builtin, profile_parse};
    return load(&kind, text, profile);
}

static struct sevkit_result scenario_builtin(const char *name, void *out) {
    return vmm_scenario_builtin(name, out);
}

static struct sevkit_result scenario_parse(const char *json, size_t size, void *out) {
    return vmm_scenario_parse(json, size, out);
}

bool load_scenario(const char *text, struct sevkit_scenario *scenario) {
    static const struct kind kind = {"--scenario",
                                     "must be a built-in scenario or the path of a .json file",
                                     vmm_scenario_name, scenario_builtin, scenario_parse};
    return load(&kind, text, scenario);
}
