/* Defects that several instructions share. RMP notes, section 3. */
#include "rmp/rmp.h"

void rmp_not_long_mode(struct rmp_shot *shot) {
    shot->cpu.long_mode = false;
}

void rmp_not_snp(struct rmp_shot *shot) {
    shot->cpu.snp = false;
}

void rmp_cpl_1(struct rmp_shot *shot) {
    shot->cpu.cpl = 1;
}

void rmp_cpl_3(struct rmp_shot *shot) {
    shot->cpu.cpl = 3;
}

void rmp_cpu_in_guest(struct rmp_shot *shot) {
    shot->cpu.asid = RMP_ASID;
}

void rmp_not_covered(struct rmp_shot *shot) {
    shot->spa = rmp_shot_end(shot) + shot->spa % rmp_shot_page(shot);
}

/* ---- a guest's translation and its entry ---- */

void rmp_not_present(struct rmp_shot *shot) {
    shot->translation.present = false;
}

void rmp_shared(struct rmp_shot *shot) {
    shot->translation.c = shot->access.c = false;
}

void rmp_not_covered_shared(struct rmp_shot *shot) {
    rmp_not_covered(shot);
    rmp_shared(shot);
}

void rmp_other_owner(struct rmp_shot *shot) {
    shot->entry.asid = RMP_OTHER_ASID;
}

void rmp_no_owner(struct rmp_shot *shot) {
    shot->entry.asid = 0;
}

void rmp_other_gpa(struct rmp_shot *shot) {
    shot->entry.gpa += UINT64_C(0x40000000);
}

/* An address that no entry can hold. */
void rmp_beyond_gpa(struct rmp_shot *shot) {
    shot->translation.gpa |= UINT64_C(1) << 51;
}

void rmp_immutable(struct rmp_shot *shot) {
    shot->entry.immutable = true;
}

void rmp_not_validated(struct rmp_shot *shot) {
    shot->entry.validated = false;
}

/* Of an instruction of 2 MiB. */
void rmp_gva_unaligned(struct rmp_shot *shot) {
    shot->size = RMP_2M;
    shot->gva += 0x1000;
    if (shot->gva % rmp_shot_page(shot) == 0) shot->gva += 0x1000;
}

void rmp_gva_inside(struct rmp_shot *shot) {
    shot->size = RMP_2M;
    shot->gva += 0x800;
}

/* ---- sizes: of instruction, nested mapping and entry ---- */

/* The first page of the region, keeping what another defect made of region and guest address. */
static void sizes(struct rmp_shot *shot, enum rmp_page_size size, enum rmp_map map,
                  enum rmp_page_size entry) {
    const uint64_t inside = rmp_shot_page(shot) - 1;
    shot->spa &= ~inside;
    shot->entry_at &= ~inside;
    shot->gva &= ~inside;
    shot->translation.gpa &= ~inside;
    shot->entry.gpa &= ~inside;
    shot->size = size;
    shot->translation.map = map;
    shot->entry.size = entry;
}

void rmp_small_on_large(struct rmp_shot *shot) {
    sizes(shot, RMP_4K, RMP_MAP_2M, RMP_2M);
}

void rmp_small_on_large_map(struct rmp_shot *shot) {
    sizes(shot, RMP_4K, RMP_MAP_2M, RMP_4K);
}

void rmp_small_on_large_rmp(struct rmp_shot *shot) {
    sizes(shot, RMP_4K, RMP_MAP_4K, RMP_2M);
}

void rmp_large_on_small(struct rmp_shot *shot) {
    sizes(shot, RMP_2M, RMP_MAP_4K, RMP_4K);
}

void rmp_large_on_small_map(struct rmp_shot *shot) {
    sizes(shot, RMP_2M, RMP_MAP_4K, RMP_2M);
}

void rmp_large_on_small_rmp(struct rmp_shot *shot) {
    sizes(shot, RMP_2M, RMP_MAP_2M, RMP_4K);
}
