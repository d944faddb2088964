/* What the command line programs share: options, times, hex, files, errors and exit codes
 * (design, section 4). A message on stderr names the option or file, the value and the rule that
 * it breaks; every function here that fails has printed it already, so its caller only returns
 * the code. */
#ifndef FRONTENDS_CLI_H
#define FRONTENDS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sevkit/result.h"

/* Exit codes of every program. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* a check failed */
    CLI_USAGE = 2,       /* bad usage, unreadable input */
    CLI_UNAVAILABLE = 3, /* the target or a package is not there */
};

/* ---- options ---- */

#define CLI_LIST_MAX 32

struct cli_list {
    size_t count;
    const char *items[CLI_LIST_MAX];
};

/* One option of a command: exactly one of VALUE, FLAG and LIST is set. A NULL name ends the
 * table. "--name VALUE" and "--name=VALUE" are read alike. --help and --version belong to every
 * command and are not listed. */
struct cli_option {
    const char *name;     /* "--at" */
    const char *argument; /* "TIME" in the help; NULL for a flag */
    const char *help;     /* one line; further lines after a newline */
    const char **value;   /* set to the argument; given twice is an error; left alone when absent */
    bool *flag;           /* set to true */
    struct cli_list *list; /* the arguments of an option that may be given more than once */
};

struct cli_command {
    const char *name;    /* "sevkit report": how the user called it, for usage and messages */
    const char *usage;   /* what follows the name: "--profile P --out DIR" */
    const char *summary; /* what it does, for --help */
    const struct cli_option *options;
    size_t operands_min;
    size_t operands_max; /* at most CLI_LIST_MAX */
};

/* Reads ARGV (ARGC arguments, the program's or sub-command's name not among them). True: go on,
 * the options are stored and OPERANDS holds the rest ("--" ends the options). False: return
 * *EXIT, which is CLI_OK after --help or --version and CLI_USAGE after a mistake. */
bool cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_list *operands,
               int *exit);

/* ---- errors ---- */

/* Prints "NAME: OPTION: value "VALUE"; rule: RULE" and returns CLI_USAGE. VALUE may be NULL. */
int cli_bad_option(const char *option, const char *value, const char *rule);

/* Prints "NAME: FILE: RULE" and returns CLI_USAGE. */
int cli_bad_file(const char *path, const char *rule);

/* Prints what failed on WHAT (a file, an option, a step) and returns CLI_USAGE. */
int cli_bad_result(const char *what, struct sevkit_result r);

/* ---- values ---- */

#define CLI_TIME_SIZE 21 /* "2026-01-01T00:00:00Z" and the zero byte */

/* RFC 3339 in UTC, exactly "YYYY-MM-DDThh:mm:ssZ", a day that exists, years 1 to 9999; seconds
 * since 1970. False when it is anything else. */
bool cli_time_parse(const char *text, int64_t *seconds);
void cli_time_text(int64_t seconds, char out[CLI_TIME_SIZE]);

/* The wall clock, seconds since 1970. */
int64_t cli_now(void);

/* SIZE bytes from exactly 2 * SIZE hex digits of either case, nothing around them. */
bool cli_hex_parse(const char *text, uint8_t *out, size_t size);
/* 2 * SIZE lower case digits and a zero byte. */
void cli_hex_text(const uint8_t *bytes, size_t size, char *out);

/* A decimal number, or a hexadecimal one with 0x, of at most MAX; nothing around it. */
bool cli_number_parse(const char *text, uint64_t max, uint64_t *number);

/* ---- files ---- */

struct cli_file {
    uint8_t *bytes; /* SIZE bytes and one zero byte that SIZE does not count */
    size_t size;
};

/* Reads a whole regular file or pipe of at most LIMIT bytes. False after a message (return
 * CLI_USAGE). Free with cli_file_free, which takes an unread one (all zero) too. */
bool cli_file_read(const char *path, size_t limit, struct cli_file *file);
/* As above, "-" being standard input; of what is larger than LIMIT the first LIMIT + 1 bytes are read, so that
 * a decoder refuses the size. For input of which any bytes deserve a verdict. */
bool cli_file_read_start(const char *path, size_t limit, struct cli_file *file);
void cli_file_free(struct cli_file *file);

/* What main returns: CODE, or CLI_USAGE after a message when standard output could not be written. */
int cli_finish(int code);

/* False if DIR has nothing of this NAME. A link that leads nowhere and a DIR that cannot be searched are true:
 * opening then tells what is wrong. */
bool cli_file_exists(const char *dir, const char *name);

/* DIR/NAME in OUT. False after a message when it does not fit. */
bool cli_path_join(const char *dir, const char *name, char *out, size_t size);

/* Writes a file, replacing what was there. False after a message. */
bool cli_file_write(const char *path, const void *bytes, size_t size);
/* The same at DIR/NAME. */
bool cli_file_write_in(const char *dir, const char *name, const void *bytes, size_t size);

/* Makes DIR and its parents where they are missing. False after a message. */
bool cli_dir_make(const char *dir);

#endif
