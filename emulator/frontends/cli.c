/* See cli.h. */
#include "frontends/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pki/der_time.h"
#include "sevkit/bytes.h"

/* ---- options ---- */

static void print_usage(FILE *out, const struct cli_command *command) {
    fprintf(out, "usage: %s %s\n", command->name, command->usage);
}

static void print_option(const char *name, const char *argument, const char *help) {
    char left[64];
    snprintf(left, sizeof left, "  %s%s%s", name, argument != NULL ? " " : "",
             argument != NULL ? argument : "");
    for (const char *line = help; line != NULL;) {
        const char *end = strchr(line, '\n');
        const int length = end != NULL ? (int)(end - line) : (int)strlen(line);
        printf("%-26s %.*s\n", left, length, line);
        left[0] = 0;
        line = end != NULL ? end + 1 : NULL;
    }
}

static void print_help(const struct cli_command *command) {
    print_usage(stdout, command);
    printf("\n%s\n\noptions:\n", command->summary);
    for (const struct cli_option *o = command->options; o->name != NULL; o++)
        print_option(o->name, o->argument, o->help);
    print_option("--help", NULL, "show this text");
    print_option("--version", NULL, "show the version");
}

static bool wrong_usage(const struct cli_command *command, int *exit) {
    print_usage(stderr, command);
    *exit = CLI_USAGE;
    return false;
}

/* The option that ARGUMENT names; *VALUE is what follows an '=' in it, else NULL. */
static const struct cli_option *find_option(const struct cli_option *options, const char *argument,
                                            const char **value) {
    const char *equals = strchr(argument, '=');
    const size_t size = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    *value = equals != NULL ? equals + 1 : NULL;
    for (const struct cli_option *o = options; o->name != NULL; o++) {
        if (strlen(o->name) == size && memcmp(o->name, argument, size) == 0) return o;
    }
    return NULL;
}

/* Stores one option; NULL or the rule that the user broke. */
static const char *store_option(const struct cli_option *option, const char *value) {
    if (option->flag != NULL) {
        if (value != NULL) return "takes no value";
        *option->flag = true;
        return NULL;
    }
    if (value == NULL) return "needs a value";
    if (option->list != NULL) {
        if (option->list->count == CLI_LIST_MAX) return "given too often: at most 32 times";
        option->list->items[option->list->count++] = value;
        return NULL;
    }
    if (*option->value != NULL) return "given twice";
    *option->value = value;
    return NULL;
}

/* Takes one operand. */
static bool store_operand(const struct cli_command *command, const char *text,
                          struct cli_list *operands, int *exit) {
    if (operands->count == command->operands_max) {
        cli_bad_option("argument", text, "one argument too many");
        return wrong_usage(command, exit);
    }
    operands->items[operands->count++] = text;
    return true;
}

bool cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_list *operands,
               int *exit) {
    operands->count = 0;
    bool options = true;
    for (int i = 0; i < argc; i++) {
        const char *argument = argv[i];
        if (!options || argument[0] != '-' || argument[1] == 0) {
            if (!store_operand(command, argument, operands, exit)) return false;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            options = false;
            continue;
        }
        if (strcmp(argument, "--help") == 0) {
            print_help(command);
            *exit = CLI_OK;
            return false;
        }
        if (strcmp(argument, "--version") == 0) {
            printf("%s %s\n", command->name, SEVKIT_VERSION);
            *exit = CLI_OK;
            return false;
        }
        const char *value;
        const struct cli_option *option = find_option(command->options, argument, &value);
        if (option == NULL) {
            cli_bad_option(argument, NULL, "no such option");
            return wrong_usage(command, exit);
        }
        if (option->flag == NULL && value == NULL && i + 1 < argc) value = argv[++i];
        const char *rule = store_option(option, value);
        if (rule != NULL) {
            cli_bad_option(option->name, value, rule);
            return wrong_usage(command, exit);
        }
    }
    if (operands->count < command->operands_min) {
        cli_bad_option("argument", NULL, "one is missing");
        return wrong_usage(command, exit);
    }
    return true;
}

/* ---- errors ---- */

int cli_bad_option(const char *option, const char *value, const char *rule) {
    fprintf(stderr, "%s: %s: ", program_invocation_short_name, option);
    if (value != NULL) fprintf(stderr, "value \"%s\"; rule: ", value);
    fprintf(stderr, "%s\n", rule);
    return CLI_USAGE;
}

int cli_bad_file(const char *path, const char *rule) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path, rule);
    return CLI_USAGE;
}

int cli_bad_result(const char *what, struct sevkit_result r) {
    char text[256];
    sevkit_result_text(&r, text, sizeof text);
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, text);
    return CLI_USAGE;
}

/* ---- values ---- */

/* COUNT digits at TEXT as a number. */
static bool read_digits(const char *text, size_t count, unsigned *number) {
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *number = *number * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

bool cli_time_parse(const char *text, int64_t *seconds) {
    unsigned year;
    struct pki_civil c;
    if (strlen(text) != CLI_TIME_SIZE - 1) return false;
    if (text[4] != '-' || text[7] != '-' || text[10] != 'T') return false;
    if (text[13] != ':' || text[16] != ':' || text[19] != 'Z') return false;
    if (!read_digits(text, 4, &year) || !read_digits(text + 5, 2, &c.month)) return false;
    if (!read_digits(text + 8, 2, &c.day) || !read_digits(text + 11, 2, &c.hour)) return false;
    if (!read_digits(text + 14, 2, &c.minute) || !read_digits(text + 17, 2, &c.second))
        return false;
    if (year < 1 || c.month < 1 || c.month > 12) return false;
    if (c.day < 1 || c.day > pki_civil_days_in_month(year, c.month)) return false;
    if (c.hour > 23 || c.minute > 59 || c.second > 59) return false;
    c.year = year;
    *seconds = pki_civil_to_seconds(&c);
    return true;
}

void cli_time_text(int64_t seconds, char out[CLI_TIME_SIZE]) {
    const struct pki_civil c = pki_civil_from_seconds(seconds);
    char text[80];
    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(c.year % 10000),
             c.month, c.day, c.hour, c.minute, c.second);
    memcpy(out, text, CLI_TIME_SIZE);
    out[CLI_TIME_SIZE - 1] = 0;
}

int64_t cli_now(void) {
    return (int64_t)time(NULL);
}

bool cli_hex_parse(const char *text, uint8_t *out, size_t size) {
    if (strlen(text) / 2 != size || strlen(text) % 2 != 0) return false;
    return abi_hex_bytes(text, out, size) == size;
}

void cli_hex_text(const uint8_t *bytes, size_t size, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 0xF];
    }
    *out = 0;
}

bool cli_number_parse(const char *text, uint64_t max, uint64_t *number) {
    const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const uint64_t base = hex ? 16 : 10;
    const char *p = hex ? text + 2 : text;
    if (*p == 0) return false;
    *number = 0;
    for (; *p != 0; p++) {
        const int digit = abi_hex_digit(*p);
        if (digit < 0 || (uint64_t)digit >= base) return false;
        if ((uint64_t)digit > max || *number > (max - (uint64_t)digit) / base) return false;
        *number = *number * base + (uint64_t)digit;
    }
    return true;
}

/* ---- files ---- */

/* Reads STREAM to its end, or to the first byte past LIMIT. NULL or what went wrong. */
static const char *read_all(FILE *stream, size_t limit, struct cli_file *file) {
    size_t capacity = 0;
    while (file->size <= limit) {
        if (file->size == capacity) {
            capacity = capacity == 0 ? 8192 : capacity * 2;
            if (capacity > limit) capacity = limit + 1; /* one more shows that it is too large */
            uint8_t *grown = realloc(file->bytes, capacity + 1);
            if (grown == NULL) return "not enough memory";
            file->bytes = grown;
        }
        const size_t got = fread(file->bytes + file->size, 1, capacity - file->size, stream);
        file->size += got;
        if (got == 0) break;
    }
    if (ferror(stream)) return strerror(errno);
    file->bytes[file->size] = 0;
    return NULL;
}

bool cli_file_read_start(const char *path, size_t limit, struct cli_file *file) {
    *file = (struct cli_file){0};
    const bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "rb");
    if (stream == NULL) {
        cli_bad_file(path, strerror(errno));
        return false;
    }
    const char *wrong = read_all(stream, limit, file);
    if (!standard) fclose(stream);
    if (wrong == NULL) return true;
    cli_bad_file(path, wrong);
    cli_file_free(file);
    return false;
}

bool cli_file_read(const char *path, size_t limit, struct cli_file *file) {
    if (!cli_file_read_start(path, limit, file)) return false;
    if (file->size <= limit) return true;
    cli_bad_file(path, "larger than such a file may be");
    cli_file_free(file);
    return false;
}

int cli_finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    cli_bad_file("standard output", strerror(errno));
    return CLI_USAGE;
}

void cli_file_free(struct cli_file *file) {
    free(file->bytes);
    *file = (struct cli_file){0};
}

bool cli_path_join(const char *dir, const char *name, char *out, size_t size) {
    const int length = snprintf(out, size, "%s/%s", dir, name);
    if (length >= 0 && (size_t)length < size) return true;
    cli_bad_file(dir, "the path is too long");
    return false;
}

bool cli_file_exists(const char *dir, const char *name) {
    char path[4096];
    struct stat status;
    return cli_path_join(dir, name, path, sizeof path) &&
           (lstat(path, &status) == 0 || errno != ENOENT);
}

bool cli_file_write(const char *path, const void *bytes, size_t size) {
    FILE *stream = fopen(path, "wb");
    bool ok = stream != NULL && fwrite(bytes, 1, size, stream) == size;
    if (stream != NULL && fclose(stream) != 0) ok = false;
    if (!ok) cli_bad_file(path, strerror(errno));
    return ok;
}

bool cli_file_write_in(const char *dir, const char *name, const void *bytes, size_t size) {
    char path[4096];
    return cli_path_join(dir, name, path, sizeof path) && cli_file_write(path, bytes, size);
}

bool cli_dir_make(const char *dir) {
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s", dir);
    if (length <= 0 || (size_t)length >= sizeof path) {
        cli_bad_file(dir, "not the name of a directory");
        return false;
    }
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != 0) continue;
        const char kept = *p;
        *p = 0;
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            cli_bad_file(path, strerror(errno));
            return false;
        }
        *p = kept;
        if (kept == 0) break;
    }
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return true;
    cli_bad_file(path, "not a directory");
    return false;
}
