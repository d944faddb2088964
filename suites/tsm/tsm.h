/* What the tests of configfs-tsm share: one entry, its attributes written and read as a program does it. Linux
 * notes, sections 5 and 8. */
#ifndef TSM_H
#define TSM_H

#include <errno.h>
#include <fcntl.h>

#include "runner/suite.h"

#define AT_DATA TARGET_USER_BASE            /* what is written */
#define AT_READ (TARGET_USER_BASE + 0x2000) /* what was read */
#define READ_MAX 0xA000
#define REPORT_SIZE 0x4A0
#define REPORT_VMPL 0x30 /* in a report */
#define REPORT_DATA 0x50
#define INBLOB_SIZE 64

/* A need: the machine is one that we make, so that its VMPL and its host's certificates are known. */
#define TSM_OURS TARGET_SCENARIO

/* A scenario of one fault that meets request FIRST alone. */
#define TSM_FAULT(first, text) SUITE_SCENARIO("{\"first\": " #first ", \"count\": 1, " text "}")

/* Runs BODY on each generation that has configfs-tsm and that the target can show, on a fresh guest as GUEST
 * says (its kernel and tsm are filled in) with the entry made; GUEST NULL: a plain one. A real machine whose
 * privlevel_floor is not 0 is skipped: reports at privlevel 0, the default, are not its. */
void tsm_each(struct suite_ctx *ctx, const struct target_guest *guest,
              void (*body)(struct suite_ctx *ctx, const void *row));

/* The same with another ROW than the test's. */
void tsm_each_with(struct suite_ctx *ctx, const struct target_guest *guest,
                   void (*body)(struct suite_ctx *ctx, const void *row), const void *row);

/* As tsm_each without an entry, and whatever the driver's probe said; no real machine is skipped. */
void tsm_each_bare(struct suite_ctx *ctx, const struct target_guest *guest,
                   void (*body)(struct suite_ctx *ctx, const void *row));

/* There are two entries, 0 and 1: which one the following calls speak of. Each test begins with entry 0. */
#define TSM_ENTRIES 2
void tsm_select(unsigned entry);

/* mkdir and rmdir of the entry. */
long tsm_make(struct suite_ctx *ctx);
long tsm_remove(struct suite_ctx *ctx);

/* mkdir of NAME, a path that starts in the folder report. */
long tsm_make_path(struct suite_ctx *ctx, const char *name);

/* One attribute of the entry. */
long tsm_open(struct suite_ctx *ctx, const char *attribute, int flags);
/* TARGET_SYS_STAT of it to the address TO. */
long tsm_stat(struct suite_ctx *ctx, const char *attribute, uint64_t to);
/* On an open file: the next SIZE bytes of AT_DATA or to AT_READ. */
long tsm_write_fd(struct suite_ctx *ctx, long fd, size_t size);
long tsm_read_fd(struct suite_ctx *ctx, long fd, uint64_t to, size_t size);
SEVKIT_MUST bool tsm_close(struct suite_ctx *ctx, long fd);

/* open, one write of the text, close: 0, or the errno (negative) of the open or the write. */
long tsm_put(struct suite_ctx *ctx, const char *attribute, const char *text);
/* open, reads to the end, close: the size at AT_READ, or -errno. */
long tsm_get(struct suite_ctx *ctx, const char *attribute);

/* The bytes that SEED makes. */
void tsm_fill(uint8_t *out, uint8_t seed, size_t size);
/* inblob with 64 such bytes; asserts. */
SEVKIT_MUST bool tsm_inblob(struct suite_ctx *ctx, uint8_t seed);
/* inblob with SIZE such bytes in one write: what the write gives. */
long tsm_inblob_of(struct suite_ctx *ctx, uint8_t seed, size_t size);
/* Asserts that outblob is a report of inblob's bytes of SEED. */
SEVKIT_MUST bool tsm_report(struct suite_ctx *ctx, uint8_t seed);

/* Asserts that outblob cannot be made: WANTED is the errno (negative) of its read. */
SEVKIT_MUST bool tsm_no_report(struct suite_ctx *ctx, long wanted, const char *rule);
/* privlevel, which is taken; asserts. */
SEVKIT_MUST bool tsm_level(struct suite_ctx *ctx, const char *text);
/* Firmware requests since the boot; needs TARGET_DRIVER. */
SEVKIT_MUST bool tsm_asked(struct suite_ctx *ctx, uint64_t wanted, const char *rule);

/* generation as a number; asserts its form. */
SEVKIT_MUST bool tsm_generation_is(struct suite_ctx *ctx, unsigned long wanted, const char *rule);

/* What a refusal leaves: GENERATION, and the report of SEED's inblob, which is still served. */
SEVKIT_MUST bool tsm_untouched(struct suite_ctx *ctx, unsigned long generation, uint8_t seed);

/* An attribute's text is WANTED. */
SEVKIT_MUST bool tsm_text_is(struct suite_ctx *ctx, const char *attribute, const char *wanted,
                             const char *rule);

#define TSM_TEST(KIND, ID, TITLE, TWIN, NEEDS, RUN, ROW, ...)                                      \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__), .kind = (KIND),      \
        .twin = (TWIN), .needs = TARGET_TSM | (NEEDS), .run = (RUN), .row = (ROW)                  \
    }
#define TSM_POSITIVE(ID, TITLE, NEEDS, RUN, ROW, ...)                                              \
    TSM_TEST(SUITE_POSITIVE, ID, TITLE, NULL, NEEDS, RUN, ROW, __VA_ARGS__)
#define TSM_NEGATIVE(ID, TITLE, TWIN, NEEDS, RUN, ROW, ...)                                        \
    TSM_TEST(SUITE_NEGATIVE, ID, TITLE, TWIN, NEEDS, RUN, ROW, __VA_ARGS__)

extern const struct suite_area tsm_folder_tests, tsm_access_tests, tsm_inblob_tests,
    tsm_length_tests, tsm_privlevel_tests, tsm_floor_tests, tsm_blob_tests, tsm_request_tests,
    tsm_read_tests, tsm_service_tests, tsm_failure_tests, tsm_order_tests;

#endif
