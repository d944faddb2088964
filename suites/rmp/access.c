/* Private accesses of an SNP guest up to Validated, in the order of Table 15-39. RMP notes, section 4. */
#include "rmp/rmp.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

/* A read of the guest's Guest-Valid page of 4 KiB at VMPL 0. */
static struct rmp_shot small_page(unsigned pages) {
    struct rmp_shot shot = rmp_shot_guest(RMP_CALL_ACCESS, pages);
    shot.access = (struct rmp_access){.actor = RMP_SNP_GUEST,
                                      .kind = RMP_READ,
                                      .c = true,
                                      .asid = RMP_ASID,
                                      .gpa = RMP_GPA + PAGE,
                                      .map = RMP_MAP_4K};
    return shot;
}

/* ... of a page in the middle of its 2 MiB page. */
static struct rmp_shot large_page(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    rmp_shot_large(&shot);
    shot.spa += 3 * PAGE;
    shot.access.gpa = RMP_GPA + 3 * PAGE;
    shot.access.map = RMP_MAP_2M;
    return shot;
}

/* ---- what is allowed ---- */

static void huge_map(struct rmp_shot *shot) {
    shot->access.map = RMP_MAP_1G;
}

static void first_page(struct rmp_shot *shot) {
    shot->spa -= 3 * PAGE;
    shot->access.gpa = RMP_GPA;
}

static void inside_page(struct rmp_shot *shot) {
    shot->spa += 0xFFF;
    shot->access.gpa += 0xFFF;
}

static void vmsa_page(struct rmp_shot *shot) {
    shot->entry.vmsa = true;
}

/* Every kind of access, whatever C is where it does not count. */
static void every_kind(struct suite_ctx *ctx, unsigned pages) {
    for (unsigned kind = RMP_READ; kind <= RMP_SHADOW_STACK; kind++) {
        struct rmp_shot shot = small_page(pages);
        shot.access.kind = (enum rmp_kind)kind;
        suite_instance(ctx, "%u pages, kind %u", pages, kind);
        SUITE_STEP(rmp_shot_granted(ctx, &shot));
    }
}

static void every(struct suite_ctx *ctx) {
    rmp_each_size(ctx, every_kind);
}

static const enum rmp_kind private_kinds[] = {RMP_FETCH_USER, RMP_FETCH_SUPERVISOR, RMP_WALK,
                                              RMP_WALK_AD};

/* With C=0 fetches and walks reach a private page, which a shared write would not... */
static void private_good(struct suite_ctx *ctx) {
    for (size_t i = 0; i < COUNT(private_kinds); i++) {
        struct rmp_shot shot = small_page(8);
        shot.access.kind = private_kinds[i];
        shot.access.c = false;
        suite_instance(ctx, "kind %u", (unsigned)private_kinds[i]);
        SUITE_STEP(rmp_shot_granted(ctx, &shot));
    }
}

/* ... and not the hypervisor's, which a shared one would. */
static void private_bad(struct suite_ctx *ctx) {
    static const struct rmp_answer wanted = RMP_ANSWER_NPF(0x480000000, 106);
    for (size_t i = 0; i < COUNT(private_kinds); i++) {
        struct rmp_shot shot = small_page(8);
        shot.access.kind = private_kinds[i];
        shot.access.c = false;
        shot.entry = (struct rmp_entry){0};
        suite_instance(ctx, "kind %u", (unsigned)private_kinds[i]);
        SUITE_STEP(rmp_shot_refused(ctx, &shot, wanted));
    }
}

/* ---- defects ---- */

static void map_2m(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_page(shot);
    shot->access.gpa = RMP_GPA;
    shot->entry.gpa -= PAGE;
    shot->access.map = RMP_MAP_2M;
}

static void map_1g(struct rmp_shot *shot) {
    map_2m(shot);
    shot->access.map = RMP_MAP_1G;
}

/* The first page of a 2 MiB page by a mapping of 4 KiB. */
static void map_4k(struct rmp_shot *shot) {
    map_2m(shot);
    shot->access.map = RMP_MAP_4K;
    shot->entry.size = RMP_2M;
}

/* A later page of a 2 MiB page by a mapping of 4 KiB: its own entry has no ASID. */
static void later_page(struct rmp_shot *shot) {
    shot->access.map = RMP_MAP_4K;
    shot->entry.size = RMP_2M;
    shot->entry.gpa = RMP_GPA;
    shot->entry_at = rmp_shot_page(shot);
}

static void shifted_gpa(struct rmp_shot *shot) {
    shot->access.gpa += PAGE;
}

static void low_gpa_bit(struct rmp_shot *shot) {
    shot->entry.gpa ^= UINT64_C(1) << 12;
}

static void high_gpa_bit(struct rmp_shot *shot) {
    shot->entry.gpa ^= UINT64_C(1) << 50;
}

/* An address that no entry can hold. */
static void beyond_gpa(struct rmp_shot *shot) {
    shot->access.gpa |= UINT64_C(1) << 51;
}

static void no_mask(struct rmp_shot *shot) {
    shot->entry.perms[0] = 0;
}

static void asid_0_twice(struct rmp_shot *shot) {
    shot->entry.asid = shot->access.asid = 0;
}

enum {
    NO_ENTRY,
    OTHER_ASID,
    ASID_0,
    ASID_0_TWICE,
    LATER_PAGE,
    OTHER_GPA,
    SHIFTED_GPA,
    LOW_GPA_BIT,
    HIGH_GPA_BIT,
    BEYOND_GPA,
    IMMUTABLE,
    MAP_2M,
    MAP_1G,
    MAP_4K,
    NOT_VALIDATED,
    NO_MASK,
};

#define ENC_RMP(RULE) RMP_ANSWER_NPF(0x480000000, RULE)
#define MAPPING (RMP_CLAIM_MAP | RMP_CLAIM_PAGE_SIZE | RMP_CLAIM_ADDRESS)

static const struct rmp_defect defects[] = {
    [NO_ENTRY] = {"no RMP entry", rmp_not_covered, RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY,
                  ENC_RMP(105)},
    [OTHER_ASID] = {"another ASID", rmp_other_owner, RMP_CLAIM_OWNER, ENC_RMP(106)},
    [ASID_0] = {"ASID 0", rmp_no_owner, RMP_CLAIM_OWNER, ENC_RMP(106)},
    [ASID_0_TWICE] = {"ASID 0 of both", asid_0_twice, RMP_CLAIM_OWNER, ENC_RMP(106)},
    [LATER_PAGE] = {"later page of 2 MiB", later_page, MAPPING | RMP_CLAIM_ENTRY, ENC_RMP(106)},
    [OTHER_GPA] = {"another GPA", rmp_other_gpa, RMP_CLAIM_GPA, ENC_RMP(107)},
    [SHIFTED_GPA] = {"next GPA", shifted_gpa, RMP_CLAIM_GPA | RMP_CLAIM_ADDRESS, ENC_RMP(107)},
    [LOW_GPA_BIT] = {"GPA bit 12", low_gpa_bit, RMP_CLAIM_GPA | RMP_CLAIM_ADDRESS, ENC_RMP(107)},
    [HIGH_GPA_BIT] = {"GPA bit 50", high_gpa_bit, RMP_CLAIM_GPA, ENC_RMP(107)},
    [BEYOND_GPA] = {"GPA bit 51", beyond_gpa, RMP_CLAIM_GPA, ENC_RMP(107)},
    [IMMUTABLE] = {"Immutable", rmp_immutable, RMP_CLAIM_IMMUTABLE, ENC_RMP(108)},
    [MAP_2M] = {"mapping of 2 MiB", map_2m, MAPPING, ENC_RMP(109)},
    [MAP_1G] = {"mapping of 1 GiB", map_1g, MAPPING, ENC_RMP(109)},
    [MAP_4K] = {"mapping of 4 KiB, entry of 2 MiB", map_4k, MAPPING, ENC_RMP(109)},
    [NOT_VALIDATED] = {"not Validated", rmp_not_validated, RMP_CLAIM_VALIDATED, RMP_ANSWER_VC(110)},
    [NO_MASK] = {"no permission", no_mask, RMP_CLAIM_MASK, RMP_ANSWER_NPF(0x1480000000, 111)},
};

/* States that no private access reaches, and the rule that says so. */
static void states(struct suite_ctx *ctx) {
    static const struct {
        enum rmp_state state;
        uint16_t rule;
    } rows[] = {{RMP_HYPERVISOR, 106}, {RMP_RECLAIM, 106},  {RMP_FIRMWARE, 106},
                {RMP_CONTEXT, 106},    {RMP_METADATA, 106}, {RMP_HV_FIXED, 106},
                {RMP_PRE_GUEST, 108},  {RMP_PRE_SWAP, 108}, {RMP_FIRMWARE_IOMMU, 106}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned kind = RMP_READ; kind <= RMP_SHADOW_STACK; kind++) {
            struct rmp_shot shot = small_page(8);
            shot.entry = rmp_state_entry(rows[i].state, RMP_GPA + PAGE);
            shot.access.kind = (enum rmp_kind)kind;
            const struct rmp_answer wanted = ENC_RMP(rows[i].rule);
            suite_instance(ctx, "%s, kind %u", rmp_state_name(rows[i].state), kind);
            SUITE_STEP(rmp_shot_refused(ctx, &shot, wanted));
        }
    }
}

/* ---- A/D-bit updates of an SNP guest ---- */

static struct rmp_shot small_update(unsigned pages) {
    struct rmp_shot shot = small_page(pages);
    map_2m(&shot);
    shot.access.kind = RMP_WALK_AD;
    return shot;
}

static struct rmp_shot large_update(unsigned pages) {
    struct rmp_shot shot = large_page(pages);
    shot.access.kind = RMP_WALK_AD;
    shot.config.rules.guest_ad_maps = true;
    return shot;
}

static void as_small(struct rmp_shot *shot) {
    shot->config.rules.guest_ad_maps = false;
    shot->spa = rmp_shot_page(shot);
    shot->access.gpa = RMP_GPA;
}

static void as_small_later(struct rmp_shot *shot) {
    shot->config.rules.guest_ad_maps = false;
}

static void as_mapped(struct rmp_shot *shot) {
    shot->config.rules.guest_ad_maps = true;
}

static const struct rmp_defect updates[] = {
    {"2 MiB page, as 4 KiB", as_small, 0, ENC_RMP(109)},
    {"later page of 2 MiB, as 4 KiB", as_small_later, 0, ENC_RMP(106)},
    {"4 KiB page, as mapped", as_mapped, 0, ENC_RMP(109)},
};

#define GOOD(ID, TITLE, REQS, ...) RMP_GOOD("access." ID, TITLE, REQS, __VA_ARGS__, .keeps = true)
#define REFUSED(ID, TITLE, TWIN, REQ, BASE, DEFECT)                                                \
    RMP_REFUSED("access." ID, TITLE, "access." TWIN, (REQ), BASE, &defects[DEFECT])
#define UPDATE(ID, TITLE, TWIN, BASE, INDEX)                                                       \
    RMP_REFUSED("access." ID, TITLE, "access." TWIN, ("SNP-RMP-119"), BASE, &updates[INDEX])

static const struct suite_test tests[] = {
    RMP_TEST(
        "access.private", "a guest's own valid page is open to every kind of access",
        ("SNP-RMP-105", "SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-108", "SNP-RMP-109", "SNP-RMP-110"),
        every, NULL),
    GOOD("private-large", "a page inside a 2 MiB page, by a mapping of 2 MiB",
         ("SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-109"), large_page),
    GOOD("private-first", "the first page of a 2 MiB page", ("SNP-RMP-109"), large_page,
         first_page),
    GOOD("private-huge", "a mapping of 1 GiB counts as one of 2 MiB", ("SNP-RMP-109"), large_page,
         huge_map),
    GOOD("private-byte", "the last byte of a page", ("SNP-RMP-107"), small_page, inside_page),
    GOOD("private-vmsa", "VMSA is not looked at", ("SNP-RMP-110"), small_page, vmsa_page),
    RMP_TEST("access.always-private", "fetches and walks are private with C=0", ("SNP-RMP-118"),
             private_good, NULL),
    RMP_NEGATIVE("access.never-shared", "fetches and walks with C=0 of the hypervisor's page: NPF",
                 "access.always-private", ("SNP-RMP-118", "SNP-RMP-106"), private_bad, NULL),

    REFUSED("not-covered", "without an RMP entry: NPF with RMP and ENC", "private", "SNP-RMP-105",
            small_page, NO_ENTRY),
    REFUSED("not-covered-large", "... by 2 MiB", "private-large", "SNP-RMP-105", large_page,
            NO_ENTRY),
    REFUSED("other-asid", "of another guest's page", "private", "SNP-RMP-106", small_page,
            OTHER_ASID),
    REFUSED("other-asid-large", "of another guest's 2 MiB page", "private-large", "SNP-RMP-106",
            large_page, OTHER_ASID),
    REFUSED("asid-0", "of a page without ASID", "private", "SNP-RMP-106", small_page, ASID_0),
    REFUSED("asid-0-twice", "of a page without ASID by ASID 0", "private", "SNP-RMP-106",
            small_page, ASID_0_TWICE),
    REFUSED("later-page", "of a later page of 2 MiB by a mapping of 4 KiB", "private",
            "SNP-RMP-106", small_page, LATER_PAGE),
    REFUSED("other-gpa", "of a page with another GPA", "private", "SNP-RMP-107", small_page,
            OTHER_GPA),
    REFUSED("other-gpa-large", "of a 2 MiB page with another GPA", "private-large", "SNP-RMP-107",
            large_page, OTHER_GPA),
    REFUSED("shifted-gpa", "of the page of the GPA before", "private", "SNP-RMP-107", small_page,
            SHIFTED_GPA),
    REFUSED("gpa-bit-12", "GPAs that differ in bit 12", "private", "SNP-RMP-107", small_page,
            LOW_GPA_BIT),
    REFUSED("gpa-bit-50", "GPAs that differ in bit 50", "private", "SNP-RMP-107", small_page,
            HIGH_GPA_BIT),
    REFUSED("gpa-bit-51", "of a GPA beyond what an entry holds", "private", "SNP-RMP-107",
            small_page, BEYOND_GPA),
    REFUSED("immutable", "of an Immutable page", "private", "SNP-RMP-108", small_page, IMMUTABLE),
    REFUSED("immutable-large", "of an Immutable 2 MiB page", "private-large", "SNP-RMP-108",
            large_page, IMMUTABLE),
    REFUSED("map-2m-on-4k", "by a mapping of 2 MiB of a 4 KiB page", "private", "SNP-RMP-109",
            small_page, MAP_2M),
    REFUSED("map-1g-on-4k", "by a mapping of 1 GiB of a 4 KiB page", "private", "SNP-RMP-109",
            small_page, MAP_1G),
    REFUSED("map-4k-on-2m", "by a mapping of 4 KiB of a 2 MiB page: NPF without SIZEM", "private",
            "SNP-RMP-109", small_page, MAP_4K),
    REFUSED("not-validated", "of a page that is not Validated: #VC", "private", "SNP-RMP-110",
            small_page, NOT_VALIDATED),
    REFUSED("not-validated-large", "of a 2 MiB page that is not Validated: #VC", "private-large",
            "SNP-RMP-110", large_page, NOT_VALIDATED),
    RMP_NEGATIVE("access.states", "in every state but a guest's own, any kind of access: NPF",
                 "access.private", ("SNP-RMP-106", "SNP-RMP-108"), states, NULL),
    RMP_ORDER("access", "private accesses: of two faults the earlier check answers",
              "access.private",
              ("SNP-RMP-105", "SNP-RMP-106", "SNP-RMP-107", "SNP-RMP-108", "SNP-RMP-109",
               "SNP-RMP-110", "SNP-RMP-111"),
              small_page, defects),

    GOOD("ad-private", "a guest's A/D-bit update by 2 MiB of a 4 KiB page is one of 4 KiB",
         ("SNP-RMP-119"), small_update),
    GOOD("ad-private-mapped", "by switch it is one of its mapping's size", ("SNP-RMP-119"),
         large_update),
    UPDATE("ad-private-large", "without the switch it does not fit a 2 MiB page",
           "ad-private-mapped", large_update, 0),
    UPDATE("ad-private-later", "... nor a later page of one", "ad-private-mapped", large_update, 1),
    UPDATE("ad-private-small", "by switch it does not fit a 4 KiB page", "ad-private", small_update,
           2),
};

const struct suite_area rmp_part_access = RMP_PART(tests);
