/* rmp-dump TABLE FILE: writes the words of one decision table, little-endian, as the C model of the RMP answers;
 * harness/tests/test_rmp_reference.py compares them with the reference's. rmp-dump alone: the tables' names. */
#include <stdio.h>
#include <stdlib.h>

#include "rmp/decision.h"
#include "sevkit/bytes.h"

struct output {
    FILE *file;
    unsigned words;
};

static void write_case(void *data, const unsigned turn[DECISION_DIMS_MAX], const uint32_t *words) {
    const struct output *out = data;
    uint8_t bytes[4 * DECISION_WORDS_MAX] = {0};
    (void)turn;
    for (unsigned i = 0; i < out->words; i++) abi_put_le32(bytes + 4 * i, words[i]);
    fwrite(bytes, 4, out->words, out->file);
}

static int list(void) {
    const struct decision_table *table;
    for (size_t i = 0; (table = decision_table_at(i)) != NULL; i++)
        printf("%s %zu\n", table->name, decision_product(table));
    return EXIT_SUCCESS;
}

static int dump(const struct decision_table *table, const char *path) {
    struct output out = {.file = fopen(path, "wb"), .words = table->words};
    if (out.file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    const struct sevkit_result result = decision_run(table, write_case, &out);
    const bool bad = ferror(out.file) != 0;
    if (fclose(out.file) != 0 || bad) {
        perror(path);
        return EXIT_FAILURE;
    }
    if (sevkit_ok(result)) return EXIT_SUCCESS;
    fprintf(stderr, "rmp-dump: %s: %s\n", table->name, result.rule);
    return EXIT_FAILURE;
}

int main(int argc, char **argv) {
    if (argc == 1) return list();
    const struct decision_table *table = argc == 3 ? decision_table_named(argv[1]) : NULL;
    if (table != NULL) return dump(table, argv[2]);
    fprintf(stderr, "usage: rmp-dump [TABLE FILE]; without arguments: the tables\n");
    return EXIT_FAILURE;
}
