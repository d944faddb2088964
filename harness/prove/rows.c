/* rmp-rows: prints the registry of page state transitions as docs/rmp-transitions.md. */
#include <stdio.h>

#include "frontends/cli.h"
#include "sevkit/rmp.h"

static void print(const char *by, enum rmp_state from, enum rmp_state to) {
    printf("| %s | %s | %s |\n", rmp_state_name(from), rmp_state_name(to), by);
}

static void print_all(void) {
    puts("# Page state transitions\n\n"
         "Made by `make docs` from the registry in `emulator/rmp/` (`transitions.c`, `move.c`, "
         "`move_page.c`); do not\n"
         "edit. The suite `rmp` tries every state with every request and finds these and no "
         "others. What the states\n"
         "are: [rmp.md](rmp.md).\n\n"
         "\"invalid\" is an entry in no state of the ABI, which RMPUPDATE makes by Assigned and a "
         "GPA without ASID.\n"
         "SNP_PAGE_RECLAIM of a page that is not Immutable succeeds without a change.\n\n"
         "## Instructions\n\n| from | to | by |\n|---|---|---|");
    for (size_t i = 0; rmp_instruction_row_at(i) != NULL; i++) {
        const struct rmp_instruction_row *row = rmp_instruction_row_at(i);
        print(row->by, row->from, row->to);
    }
    puts("\n## Firmware\n\n| from | to | by |\n|---|---|---|");
    for (size_t i = 0; rmp_transition_at(i) != NULL; i++) {
        const struct rmp_transition *row = rmp_transition_at(i);
        print(row->by, row->from, row->to);
    }
    puts("| pre-guest, pre-swap: all pages of 2 MiB | one page of 2 MiB, same state | "
         "SNP_PAGE_UNSMASH |\n\n"
         "## SNP_PAGE_MOVE\n\n| source | destination | destination after | source after "
         "|\n|---|---|---|---|");
    for (size_t i = 0; rmp_page_move_row_at(i) != NULL; i++) {
        const struct rmp_page_move_row *row = rmp_page_move_row_at(i);
        printf("| %s | %s | %s | %s |\n", rmp_state_name(row->src), rmp_state_name(row->dst),
               rmp_state_name(row->dst_after), rmp_state_name(row->src_after));
    }
}

int main(int argc, char **argv) {
    const struct cli_option options[] = {{.name = NULL}};
    const struct cli_command command = {
        .name = "rmp-rows",
        .usage = "",
        .summary =
            "Prints the page state transitions of the reverse map table as a page of the docs.",
        .options = options,
    };
    struct cli_list operands = {0};
    int code = CLI_OK;
    if (!cli_parse(&command, argc - 1, argv + 1, &operands, &code)) return code;
    print_all();
    return cli_finish(CLI_OK);
}
