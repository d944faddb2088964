/* bench_rmp_machine: what a machine of 1 TiB takes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rmp.h"
#include "sevkit/machine.h"
#include "sevkit/rmp.h"

#define TIB (UINT64_C(1) << 40)
#define SEED 1

static double wall_clock(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) abort();
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The number that FORMAT finds in a line of PATH; 0: none. */
static uint64_t kibibytes(const char *path, const char *format) {
    char line[256];
    unsigned long found = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, format, &found) == 1) break;
    if (file != NULL) (void)fclose(file);
    return found;
}

/* MiB of this process in memory, page tables included. The first file counts exactly, where status may lag. */
static double mebibytes(void) {
    const uint64_t pages = kibibytes("/proc/self/smaps_rollup", "Rss: %lu");
    const uint64_t tables = kibibytes("/proc/self/status", "VmPTE: %lu");
    return (double)(pages + tables) / 1024;
}

/* Regions with pages of the machine's own stay as they are. */
static bool fill_table(struct rmp *rmp) {
    const struct rmp_cpu host = {.long_mode = true, .snp = true};
    uint64_t kept = 0;
    for (uint64_t spa = 0; spa < TIB; spa += RMP_PAGE_2M) {
        const struct rmp_state_fields fields = {
            .assigned = true, .size = RMP_2M, .asid = 1, .gpa = spa};
        if (!rmp_ok(rmp_update(rmp, &host, spa, &fields))) kept++;
    }
    return kept * 1000 <= TIB / RMP_PAGE_2M;
}

static bool fail(const char *what) {
    fprintf(stderr, "sevkit-bench: a machine of 1 TiB: %s\n", what);
    return false;
}

bool bench_rmp_machine(bool fill, struct bench_rmp_machine *got) {
    struct sevkit_profile profile;
    struct vmm_machine *machine;
    struct vmm_guest *guest;
    if (!sevkit_ok(vmm_profile_builtin(SEVKIT_PROFILE_DEFAULT, &profile)))
        return fail("its profile is refused");
    profile.memory_size = TIB;
    const double before = mebibytes(), start = wall_clock();
    if (!sevkit_ok(vmm_machine_new(&profile, NULL, SEED, &machine)))
        return fail("it does not start");
    const bool launched = sevkit_ok(vmm_guest_launch(machine, &guest));
    got->seconds = wall_clock() - start;
    const bool filled = !fill || fill_table(vmm_machine_rmp(machine));
    got->mebibytes = mebibytes() - before;
    vmm_machine_free(machine);
    if (!launched) return fail("it has no guest");
    return filled || fail("more than 0.1 % of its regions refuse RMPUPDATE");
}
