/* A guest: its creation, its nested table, its instructions, and firmware's encryption in place.
 * RMP notes, sections 3.3 to 3.5 and 4. */
#include "memory/guest.h"

#include <stdlib.h>

static struct sevkit_result bad(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

static struct sevkit_result check_config(const struct mem_guest_config *c) {
    if (c->asid == 0 || c->asid > RMP_ASID_MAX) return bad("asid", c->asid, "1 to 1023");
    if (c->vtom && !c->snp) return bad("vtom", 1, "an SNP guest");
    if (c->vtom && c->virtual_tom % RMP_PAGE_4K != 0)
        return bad("virtual_tom", c->virtual_tom, "a multiple of 4 KiB");
    return sevkit_success();
}

static struct sevkit_result fill(struct mem_guest *guest, const struct mem_guest_config *config) {
    SEVKIT_TRY(mem_table_init(&guest->table, config->mappings, rmp_large_size(guest->bus->rmp)));
    SEVKIT_TRY(crypto_page_cipher_new(&guest->cipher));
    return crypto_page_cipher_set_key(guest->cipher, config->key);
}

struct sevkit_result mem_guest_new(struct mem_bus *bus, const struct mem_guest_config *config,
                                   struct mem_guest **guest) {
    SEVKIT_TRY(check_config(config));
    struct mem_guest *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "guest", SEVKIT_NO_OFFSET, 0, "memory for a guest");
    }
    *made = (struct mem_guest){
        .bus = bus,
        .asid = config->asid,
        .snp = config->snp,
        .vtom = config->vtom,
        .vmpl_sss = config->vmpl_sss,
        .virtual_tom = config->virtual_tom,
    };
    const struct sevkit_result result = fill(made, config);
    if (!sevkit_ok(result)) {
        mem_guest_free(made);
        return result;
    }
    *guest = made;
    return sevkit_success();
}

void mem_guest_free(struct mem_guest *guest) {
    if (guest == NULL) return;
    mem_table_free(&guest->table);
    crypto_page_cipher_free(guest->cipher);
    free(guest);
}

/* ---- the nested table ---- */

struct sevkit_result mem_guest_map(struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                                   enum rmp_map map) {
    if ((unsigned)map > RMP_MAP_1G) return bad("map", (uint64_t)map, "4 KiB, 2 MiB or 1 GiB");
    if (!mem_bus_inside(guest->bus, spa, guest->table.sizes[map]))
        return bad("spa", spa, "a page inside memory");
    return mem_table_map(&guest->table, gpa, spa, map);
}

bool mem_guest_unmap(struct mem_guest *guest, uint64_t gpa) {
    return mem_table_unmap(&guest->table, gpa);
}

struct rmp_translation mem_guest_translate(const struct mem_guest *guest, uint64_t gpa, bool c) {
    struct rmp_translation at = {.c = c, .gpa = gpa};
    struct mem_mapping mapping;
    if (guest->vtom) at.c = gpa < guest->virtual_tom; /* @req SNP-RMP-194 */
    if (!mem_table_find(&guest->table, gpa, &mapping)) return at;
    at.present = true;
    at.map = mapping.map;
    at.spa = mapping.spa + (gpa - mapping.gpa);
    return at;
}

/* ---- the guest's instructions ---- */

static struct rmp_cpu cpu_of(const struct mem_guest *guest, uint8_t vmpl) {
    return (struct rmp_cpu){
        .long_mode = true, .snp = guest->snp, .vmpl = vmpl, .asid = guest->asid};
}

struct rmp_answer mem_guest_pvalidate(struct mem_guest *guest, uint8_t vmpl, uint64_t gva, bool c,
                                      enum rmp_page_size size, bool validate) {
    const struct rmp_cpu cpu = cpu_of(guest, vmpl);
    const struct rmp_translation at = mem_guest_translate(guest, gva, c);
    return rmp_pvalidate(guest->bus->rmp, &cpu, gva, &at, size, validate);
}

struct rmp_answer mem_guest_adjust(struct mem_guest *guest, uint8_t vmpl, uint64_t gva, bool c,
                                   enum rmp_page_size size, const struct rmp_adjustment *wanted) {
    const struct rmp_cpu cpu = cpu_of(guest, vmpl);
    const struct rmp_translation at = mem_guest_translate(guest, gva, c);
    return rmp_adjust(guest->bus->rmp, &cpu, gva, &at, size, wanted);
}

struct rmp_answer mem_guest_query(const struct mem_guest *guest, uint8_t vmpl, uint64_t gva, bool c,
                                  uint8_t target, struct rmp_permissions *found) {
    const struct rmp_cpu cpu = cpu_of(guest, vmpl);
    const struct rmp_translation at = mem_guest_translate(guest, gva, c);
    return rmp_query(guest->bus->rmp, &cpu, &at, target, found);
}

/* ---- encryption; with a key set these cannot fail ---- */

void mem_guest_open_page(struct mem_guest *guest, uint64_t spa) {
    mem_bus_load(guest->bus, spa, guest->page, sizeof guest->page);
    if (!sevkit_ok(crypto_page_cipher_open(guest->cipher, spa, guest->page, guest->page))) abort();
}

void mem_guest_seal_page(struct mem_guest *guest, uint64_t spa) {
    uint8_t *page = guest->page;
    if (!sevkit_ok(crypto_page_cipher_seal(guest->cipher, spa, page, page))) abort();
    mem_bus_store(guest->bus, spa, page, sizeof guest->page);
}

static bool is_page(const struct mem_guest *guest, uint64_t spa) {
    return spa % RMP_PAGE_4K == 0 && mem_bus_inside(guest->bus, spa, RMP_PAGE_4K) &&
           !mem_bus_in_rmp(guest->bus, spa, RMP_PAGE_4K);
}

bool mem_encrypt_page(struct mem_guest *guest, uint64_t spa) {
    if (!is_page(guest, spa)) return false;
    mem_bus_load(guest->bus, spa, guest->page, sizeof guest->page);
    mem_guest_seal_page(guest, spa);
    return true;
}

bool mem_decrypt_page(struct mem_guest *guest, uint64_t spa) {
    if (!is_page(guest, spa)) return false;
    mem_guest_open_page(guest, spa);
    mem_bus_store(guest->bus, spa, guest->page, sizeof guest->page);
    crypto_wipe(guest->page, sizeof guest->page);
    return true;
}
