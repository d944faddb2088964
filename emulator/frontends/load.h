/* What an option names: something that the build carries, by its stem, or the path of a file (anything
 * with a slash or ".json"). */
#ifndef FRONTENDS_LOAD_H
#define FRONTENDS_LOAD_H

#include "sevkit/result.h"

/* One kind of thing that is loaded. OUT is of that kind. */
struct load_kind {
    const char *rule; /* "must be a built-in profile or the path of a .json file" */
    const char *(*name)(size_t index); /* the built-in ones, NULL after the last */
    struct sevkit_result (*builtin)(const char *name, void *out);
    struct sevkit_result (*parse)(const char *json, size_t size, void *out);
};

/* False after a message. */
bool load_named(const struct load_kind *kind, const char *option, const char *text, void *out);

struct sevkit_profile;
/* load_named for --profile. */
bool load_profile(const char *text, struct sevkit_profile *profile);

#endif
