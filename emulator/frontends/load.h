/* What --profile and --scenario name: something that the build carries, by its stem, or the path of a file
 * (anything with a slash or ".json"). */
#ifndef FRONTENDS_LOAD_H
#define FRONTENDS_LOAD_H

#include <stdbool.h>

struct sevkit_profile;
struct sevkit_scenario;

/* False after a message. */
bool load_profile(const char *text, struct sevkit_profile *profile);
bool load_scenario(const char *text, struct sevkit_scenario *scenario);

#endif
