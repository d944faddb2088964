/* rmp-dump TABLE FILE: writes the words of one decision table, little-endian, as the C model of the RMP answers;
 * harness/tests/test_rmp_reference.py compares them with the reference's. rmp-dump alone: every table's name, its
 * product, how many of the combinations no table can hold, and the sums. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "rmp/decision.h"
#include "sevkit/bytes.h"

struct output {
    FILE *file; /* NULL: only counted */
    unsigned words;
    size_t impossible;
};

static void write_case(void *data, const unsigned turn[DECISION_DIMS_MAX], const uint32_t *words) {
    struct output *out = data;
    uint8_t bytes[4 * DECISION_WORDS_MAX] = {0};
    (void)turn;
    out->impossible += words[0] == DECISION_IMPOSSIBLE;
    if (out->file == NULL) return;
    for (unsigned i = 0; i < out->words; i++) abi_put_le32(bytes + 4 * i, words[i]);
    fwrite(bytes, 4, out->words, out->file);
}

static int list(void) {
    const struct decision_table *table;
    size_t product = 0, impossible = 0;
    for (size_t i = 0; (table = decision_table_at(i)) != NULL; i++) {
        struct output out = {.words = table->words};
        const struct sevkit_result result = decision_run(table, write_case, &out);
        if (!sevkit_ok(result)) return cli_bad_result(table->name, result);
        printf("%s %zu %zu\n", table->name, decision_product(table), out.impossible);
        product += decision_product(table);
        impossible += out.impossible;
    }
    printf("sum %zu %zu\n", product, impossible);
    return CLI_OK;
}

static int dump(const struct decision_table *table, const char *path) {
    struct output out = {.file = fopen(path, "wb"), .words = table->words};
    if (out.file == NULL) return cli_bad_file(path, strerror(errno));
    const struct sevkit_result result = decision_run(table, write_case, &out);
    const bool bad = ferror(out.file) != 0;
    if (fclose(out.file) != 0 || bad) return cli_bad_file(path, "could not be written");
    return sevkit_ok(result) ? CLI_OK : cli_bad_result(table->name, result);
}

int main(int argc, char **argv) {
    const struct cli_option options[] = {{.name = NULL}};
    const struct cli_command command = {
        .name = "rmp-dump",
        .usage = "[TABLE FILE]",
        .summary =
            "Writes the words of the decision table TABLE to FILE: 32 bits, little-endian, all\n"
            "bits set where no table can hold the combination. Alone: every table's name,\n"
            "its product, its impossible combinations, and the sums.",
        .options = options,
        .operands_max = 2,
    };
    struct cli_list operands = {0};
    int code = CLI_OK;
    if (!cli_parse(&command, argc - 1, argv + 1, &operands, &code)) return code;
    if (operands.count == 0) return cli_finish(list());
    if (operands.count == 1) return cli_bad_option("TABLE", operands.items[0], "needs a FILE, too");
    const struct decision_table *table = decision_table_named(operands.items[0]);
    if (table == NULL)
        return cli_bad_option("TABLE", operands.items[0], "must be one that rmp-dump alone lists");
    return dump(table, operands.items[1]);
}
