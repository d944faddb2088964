/* SNP_PAGE_UNSMASH: its conditions, one defect each. Firmware command notes, section 5.21. */
#include "rmp/rmp.h"

/* A region of Pre-Guest pages whose GPAs follow each other. */
static struct rmp_shot pre_guest(unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_UNSMASH, pages);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.fill = true;
    shot.entry = rmp_state_entry(RMP_PRE_GUEST, RMP_GPA);
    shot.entry.perms[2] = 0x05;
    return shot;
}

static struct rmp_shot pre_swap(unsigned pages) {
    struct rmp_shot shot = pre_guest(pages);
    shot.entry.validated = true;
    return shot;
}

/* Page NUMBER of the region, as it is without a defect, to be changed. */
static struct rmp_entry *one_page(struct rmp_shot *shot, uint64_t number) {
    shot->other_at = rmp_shot_page(shot) + number * PAGE;
    shot->other = shot->entry;
    shot->other.gpa += number * PAGE;
    return &shot->other;
}

static uint64_t last_number(const struct rmp_shot *shot) {
    return shot->config.pages_per_large - 1;
}

/* ---- defects of one page: the first, the second, the last ---- */

struct change {
    const char *name;
    void (*apply)(struct rmp_entry *e);
    enum rmp_moved answer;
};

static void not_immutable(struct rmp_entry *e) {
    e->immutable = false;
}

static void hypervisor(struct rmp_entry *e) {
    *e = (struct rmp_entry){0};
}

static void firmware(struct rmp_entry *e) {
    *e = (struct rmp_entry){.assigned = true, .immutable = true};
}

static void vmsa(struct rmp_entry *e) {
    e->vmsa = true;
}

static void other_asid(struct rmp_entry *e) {
    e->asid = RMP_OTHER_ASID;
}

static void asid_0(struct rmp_entry *e) {
    e->asid = 0;
}

static void other_state(struct rmp_entry *e) {
    e->validated = !e->validated;
}

static void mask_0(struct rmp_entry *e) {
    e->perms[0] ^= 0x10;
}

static void mask_3(struct rmp_entry *e) {
    e->perms[3] ^= 0x01;
}

static void next_gpa(struct rmp_entry *e) {
    e->gpa += PAGE;
}

static void far_gpa(struct rmp_entry *e) {
    e->gpa ^= UINT64_C(1) << 50;
}

static void in_use(struct rmp_entry *e) {
    e->in_use = true;
}

static const struct change unlike[] = {
    {"not Immutable", not_immutable, RMP_MOVE_BAD_STATE},
    {"the hypervisor's", hypervisor, RMP_MOVE_BAD_STATE},
    {"Firmware", firmware, RMP_MOVE_BAD_STATE},
    {"VMSA", vmsa, RMP_MOVE_BAD_STATE},
    {"another ASID", other_asid, RMP_MOVE_BAD_STATE},
    {"ASID 0", asid_0, RMP_MOVE_BAD_STATE},
    {"another state", other_state, RMP_MOVE_BAD_STATE},
    {"VMPL 0's mask", mask_0, RMP_MOVE_BAD_STATE},
    {"VMPL 3's mask", mask_3, RMP_MOVE_BAD_STATE},
    {NULL, NULL, RMP_MOVED},
};

static const struct change gpas[] = {
    {"next GPA", next_gpa, RMP_MOVE_BAD_STATE},
    {"far GPA", far_gpa, RMP_MOVE_BAD_STATE},
    {NULL, NULL, RMP_MOVED},
};

static const struct change used[] = {
    {"in use", in_use, RMP_MOVE_IN_USE},
    {NULL, NULL, RMP_MOVED},
};

static void change_case(struct suite_ctx *ctx, unsigned pages) {
    for (const struct change *c = suite_row(ctx); c->name != NULL; c++) {
        for (unsigned which = 0; which < 6; which++) {
            struct rmp_shot shot = which < 3 ? pre_guest(pages) : pre_swap(pages);
            const uint64_t numbers[] = {0, 1, last_number(&shot)};
            c->apply(one_page(&shot, numbers[which % 3]));
            const struct rmp_answer wanted = {.eax = (uint8_t)c->answer};
            suite_instance(ctx, "%u pages, %s, page %u", pages, c->name,
                           (unsigned)numbers[which % 3]);
            SUITE_STEP(rmp_shot_refused(ctx, &shot, wanted));
        }
    }
}

/* ROW: changes. */
static void changed(struct suite_ctx *ctx) {
    rmp_each_size(ctx, change_case);
}

/* ---- defects of all pages ---- */

static void all_vmsa(struct rmp_shot *shot) {
    shot->entry.vmsa = true;
}

static void all_mutable(struct rmp_shot *shot) {
    shot->entry.immutable = false;
}

static void all_firmware(struct rmp_shot *shot) {
    shot->entry = (struct rmp_entry){.assigned = true, .immutable = true};
}

static void all_unaligned(struct rmp_shot *shot) {
    shot->entry.gpa += PAGE;
}

static void large_already(struct rmp_shot *shot) {
    shot->fill = false;
    shot->entry.size = RMP_2M;
}

static void second_page(struct rmp_shot *shot) {
    shot->spa += PAGE;
}

static void inside_page(struct rmp_shot *shot) {
    shot->spa += 0x800;
}

/* Both at once: which answer is the earlier check's. */
static void outside_unaligned(struct rmp_shot *shot) {
    shot->spa = rmp_shot_end(shot) + PAGE;
}

static void unaligned_mutable(struct rmp_shot *shot) {
    second_page(shot);
    all_mutable(shot);
}

#define ANSWER(MOVED)                                                                              \
    { .eax = (MOVED) }

enum {
    ALL_VMSA,
    ALL_MUTABLE,
    ALL_FIRMWARE,
    ALL_UNALIGNED,
    LARGE_ALREADY,
    SECOND_PAGE,
    INSIDE_PAGE,
    NO_ENTRY,
    OUTSIDE_UNALIGNED,
    UNALIGNED_MUTABLE,
};

static const struct rmp_defect defects[] = {
    [ALL_VMSA] = {"VMSA", all_vmsa, 0, ANSWER(RMP_MOVE_BAD_STATE)},
    [ALL_MUTABLE] = {"not Immutable", all_mutable, 0, ANSWER(RMP_MOVE_BAD_STATE)},
    [ALL_FIRMWARE] = {"ASID 0", all_firmware, 0, ANSWER(RMP_MOVE_BAD_STATE)},
    [ALL_UNALIGNED] = {"GPA unaligned", all_unaligned, 0, ANSWER(RMP_MOVE_BAD_STATE)},
    [LARGE_ALREADY] = {"2 MiB", large_already, 0, ANSWER(RMP_MOVE_BAD_STATE)},
    [SECOND_PAGE] = {"second page", second_page, 0, ANSWER(RMP_MOVE_UNALIGNED)},
    [INSIDE_PAGE] = {"inside the first page", inside_page, 0, ANSWER(RMP_MOVE_UNALIGNED)},
    [NO_ENTRY] = {"no RMP entry", rmp_not_covered, 0, ANSWER(RMP_MOVE_NO_ENTRY)},
    [OUTSIDE_UNALIGNED] = {"no RMP entry, unaligned", outside_unaligned, 0,
                           ANSWER(RMP_MOVE_UNALIGNED)},
    [UNALIGNED_MUTABLE] = {"unaligned, not Immutable", unaligned_mutable, 0,
                           ANSWER(RMP_MOVE_UNALIGNED)},
};

#define UNSMASHED                                                                                  \
    .assigned = true, .immutable = true, .asid = 1, .gpa = 0x40000000, .size = RMP_2M,             \
    .perms = {0x1F, 0, 0x05, 0}

#define REFUSED(ID, TITLE, REQ, DEFECT)                                                            \
    RMP_REFUSED("move.unsmash-" ID, TITLE, "move.unsmash", (REQ), pre_guest, &defects[DEFECT])

static const struct suite_test tests[] = {
    RMP_GOOD(
        "move.unsmash", "a region of Pre-Guest pages becomes one",
        ("SNP-RMP-018", "SNP-RMP-019", "SNP-RMP-162", "SNP-RMP-163", "SNP-RMP-164", "SNP-RMP-165"),
        pre_guest, .after = {UNSMASHED}, .later = RMP_LATER_ASSIGNED),
    RMP_GOOD("move.unsmash-swap", "a region of Pre-Swap pages becomes one",
             ("SNP-RMP-163", "SNP-RMP-165"), pre_swap, .after = {UNSMASHED, .validated = true},
             .later = RMP_LATER_ASSIGNED),
    RMP_NEGATIVE("move.unsmash-unlike", "one page is not as the others are", "move.unsmash",
                 ("SNP-RMP-163"), changed, unlike),
    RMP_NEGATIVE("move.unsmash-gpa", "one page's GPA does not follow", "move.unsmash",
                 ("SNP-RMP-164"), changed, gpas),
    RMP_NEGATIVE("move.unsmash-in-use", "one page is in use", "move.unsmash", ("SNP-RMP-157"),
                 changed, used),
    REFUSED("all-vmsa", "all pages are VMSA pages", "SNP-RMP-163", ALL_VMSA),
    REFUSED("all-mutable", "no page is Immutable", "SNP-RMP-163", ALL_MUTABLE),
    REFUSED("all-firmware", "all pages are the firmware's", "SNP-RMP-163", ALL_FIRMWARE),
    REFUSED("gpa-unaligned", "GPAs follow each other, the first is not 2 MiB-aligned",
            "SNP-RMP-164", ALL_UNALIGNED),
    REFUSED("large", "the region is a 2 MiB page already", "SNP-RMP-163", LARGE_ALREADY),
    REFUSED("second", "an address of the second page", "SNP-RMP-162", SECOND_PAGE),
    REFUSED("inside", "an address inside the first page", "SNP-RMP-162", INSIDE_PAGE),
    REFUSED("not-covered", "an address without RMP entry", "SNP-RMP-162", NO_ENTRY),
    RMP_REFUSED("order.unsmash-outside",
                "SNP_PAGE_UNSMASH: the alignment comes before the RMP entry", "move.unsmash",
                ("SNP-RMP-162"), pre_guest, &defects[OUTSIDE_UNALIGNED]),
    RMP_REFUSED("order.unsmash-unaligned", "SNP_PAGE_UNSMASH: the address comes before the pages",
                "move.unsmash", ("SNP-RMP-162"), pre_guest, &defects[UNALIGNED_MUTABLE]),
};

const struct suite_area rmp_part_unsmash = RMP_PART(tests);
