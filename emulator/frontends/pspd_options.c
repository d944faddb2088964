/* What machines are made of, and where it came from. */
#include <stdlib.h>
#include <string.h>

#include "frontends/pspd.h"

static SEVKIT_MUST struct sevkit_result copy_text(const char *from, size_t size, char **to) {
    *to = NULL;
    if (from == NULL) return sevkit_success();
    *to = strndup(from, size);
    if (*to != NULL) return sevkit_success();
    return sevkit_fail(SEVKIT_NO_MEMORY, "options", SEVKIT_NO_OFFSET, size,
                       "memory for the options");
}

static size_t length(const char *text) {
    return text == NULL ? 0 : strlen(text);
}

struct sevkit_result pspd_options_copy(const struct pspd_options *from, struct pspd_options *to) {
    to->world = from->world;
    SEVKIT_TRY(copy_text(from->profile_json, length(from->profile_json), &to->profile_json));
    const struct sevkit_result r =
        copy_text(from->scenario_json, length(from->scenario_json), &to->scenario_json);
    if (!sevkit_ok(r)) pspd_options_free(to);
    return r;
}

void pspd_options_free(struct pspd_options *options) {
    free(options->profile_json);
    free(options->scenario_json);
    options->profile_json = NULL;
    options->scenario_json = NULL;
}

struct sevkit_result pspd_set_profile(struct pspd_options *options, const char *name,
                                      const char *json, size_t size) {
    struct sevkit_profile profile;
    char *text;
    if (name != NULL)
        SEVKIT_TRY(vmm_profile_builtin(name, &profile));
    else
        SEVKIT_TRY(vmm_profile_parse(json, size, &profile));
    SEVKIT_TRY(copy_text(name != NULL ? NULL : json, size, &text));
    free(options->profile_json);
    options->profile_json = text;
    options->world.profile = profile;
    return sevkit_success();
}

struct sevkit_result pspd_set_scenario(struct pspd_options *options, const char *name,
                                       const char *json, size_t size) {
    struct sevkit_scenario scenario = vmm_scenario_none();
    char *text;
    if (name == NULL)
        SEVKIT_TRY(vmm_scenario_parse(json, size, &scenario));
    else if (strcmp(name, scenario.name) != 0)
        SEVKIT_TRY(vmm_scenario_builtin(name, &scenario));
    SEVKIT_TRY(copy_text(name != NULL ? NULL : json, size, &text));
    free(options->scenario_json);
    options->scenario_json = text;
    options->world.scenario = scenario;
    return sevkit_success();
}
