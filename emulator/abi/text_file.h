/* Text files that the build puts into the binaries: profiles, scenarios and
 * test keys (harness/build/embed.sh). */
#ifndef ABI_TEXT_FILE_H
#define ABI_TEXT_FILE_H

struct sevkit_text_file {
    const char *name; /* the file's stem; NULL ends the table */
    const char *text;
};

extern const struct sevkit_text_file vmm_profile_files[];
extern const struct sevkit_text_file vmm_scenario_files[];
extern const struct sevkit_text_file pki_key_files[];

#endif
