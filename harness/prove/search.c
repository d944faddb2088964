/* rmp-search: every state of a small RMP world that its hypervisor, its guests and its firmware can make, by the real
 * code of emulator/rmp; in each of them what SEV-SNP promises must hold. docs/prove.md. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "frontends/cli.h"
#include "search_trace.h"

#define SAMPLES 5000
#define THREADS_MAX 64

static const struct prove_world full[] = {
    {.name = "full: 4 pages, 2 guests with 2 addresses each",
     .used = {true, true, true, true},
     .large = true,
     .vmsa = true,
     .mask_count = 4,
     .masks = {0, RMP_PERM_READ, RMP_PERM_READ | RMP_PERM_WRITE, RMP_PERM_ALL}},
};

/* Small enough for a search without the memo. */
static const struct prove_world cut[] = {
    {.name = "cut: one region, VMSA, no permissions of VMPL 1",
     .used = {true, true},
     .large = true,
     .vmsa = true,
     .mask_count = 1},
    {.name = "cut: a page of each region, two masks",
     .used = {true, false, true, false},
     .mask_count = 2,
     .masks = {0, RMP_PERM_READ | RMP_PERM_WRITE}},
};

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double gigabytes(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / (1024 * 1024);
}

static void print_memo(const struct prove_memo *memo, double seconds) {
    printf("  memo: %u entries; local states %u and %u%s; steps between them %zu and %zu; "
           "operations %zu, %zu and "
           "%zu; %llu runs of the real code in %.1f s\n",
           memo->entries.count, memo->side[0].count, memo->side[1].count,
           memo->side[1].mirrored ? " (mirror images are one)" : "", memo->side[0].edge_count,
           memo->side[1].edge_count, memo->ops[0].count, memo->ops[1].count, memo->across_ops.count,
           (unsigned long long)memo->runs, seconds);
}

/* True if everything holds. */
static bool search_world(const struct prove_world *world, bool direct, unsigned threads) {
    struct prove_memo *memo = malloc(sizeof *memo);
    struct prove_search search;
    char idle[120];
    const double started = now();
    if (memo == NULL) abort();
    printf("%s\n", world->name);
    prove_memo_make(memo, world);
    print_memo(memo, now() - started);
    const double searching = now();
    prove_search_make(&search, memo);
    prove_search_run(&search, threads);
    printf("  search: %llu states, %u layers, %llu steps in %.1f s\n",
           (unsigned long long)search.states, search.layers, (unsigned long long)search.steps,
           now() - searching);
    bool good = search.found.rule == PROVE_HOLDS;
    prove_say_idle(memo, idle, sizeof idle);
    const char *doubt = memo->uneven != NULL ? memo->uneven : idle;
    if (!good) {
        prove_print_trace(&search);
    } else if (doubt[0] != 0) {
        printf("  nothing is shown: %s\n", doubt);
        good = false;
    } else {
        good = direct ? prove_compare_direct(&search) : prove_compare_sample(&search, SAMPLES);
    }
    prove_search_free(&search);
    printf("  %s, %.1f s, at most %.2f GiB\n", good ? "holds" : "DOES NOT HOLD", now() - started,
           gigabytes());
    prove_memo_free(memo);
    free(memo);
    return good;
}

/* What the world leaves out or allows beyond the machine; docs/prove.md says what each may hide. */
static void print_abstractions(void) {
    static const char *const lines[] = {
        "LAUNCH_UPDATE of an address only while its guest does not believe it validated; in any "
        "guest state",
        "SWAP_IN of a validated page whenever its guest believes the address and no page is "
        "validated for it",
        "VMSA only with an empty mask of VMPL 1; VMPL 2 and 3 without permissions; no mask with W "
        "but without R",
        "large requests name guest address 0; only pages 0 and 1 become one large page",
        "the contexts that metadata names lie outside the world and stay; Context pages in it are "
        "nobody's",
        "nothing is in use, nothing runs at the same time, reads with C=0 and of ciphertext are "
        "left out",
        "a guest validates only what it does not believe validated, and does not learn when CF "
        "says that nothing changed",
        "guests exchanged, and pages 2 and 3 exchanged, are one state",
    };
    puts("abstractions (docs/prove.md):");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) printf("  - %s\n", lines[i]);
    prove_print_exceptions();
}

int main(int argc, char **argv) {
    const char *given = NULL;
    bool small = false, good = true;
    uint64_t threads = 2;
    const struct cli_option options[] = {
        {.name = "--cut",
         .flag = &small,
         .help = "two small worlds, searched a second time without the memo"},
        {.name = "--threads", .argument = "N", .value = &given, .help = "1 to 64; default 2"},
        {.name = NULL},
    };
    const struct cli_command command = {
        .name = "rmp-search",
        .usage = "[options]",
        .summary = "Makes every state of a small world around the reverse map table and looks\n"
                   "whether its rules hold. Exit code: 0 they do; 1 one does not, the trace says\n"
                   "why; 2 bad options, or a world that is too large.",
        .options = options,
    };
    struct cli_list operands = {0};
    int code = CLI_OK;
    if (!cli_parse(&command, argc - 1, argv + 1, &operands, &code)) return code;
    if (given != NULL && (!cli_number_parse(given, THREADS_MAX, &threads) || threads == 0))
        return cli_bad_option("--threads", given, "must be 1 to 64");
    /* What a long search says is read while it runs. */
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    const struct prove_world *worlds = small ? cut : full;
    const size_t count = small ? sizeof cut / sizeof cut[0] : sizeof full / sizeof full[0];
    print_abstractions();
    for (size_t i = 0; i < count && good; i++)
        good = search_world(&worlds[i], small, (unsigned)threads);
    return cli_finish(good ? CLI_OK : CLI_FAILED);
}
