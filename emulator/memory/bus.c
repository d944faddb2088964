/* The bus: the hypervisor's accesses, and the RMP's own place in memory. RMP notes, sections
 * 1.1, 1.3 and 4. */
#include "memory/bus.h"

#include <stdlib.h>
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/rmp_location.h"

/* ---- creation ---- */

static struct sevkit_result bad(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

static struct sevkit_result check_place(const struct mem *mem, const struct rmp *rmp,
                                        const struct mem_rmp_place *place) {
    const uint64_t total = mem_size(mem), last = place->base + place->size - 1;
    if (place->size == 0 || place->size > total || place->base > total - place->size)
        return bad("RMP_BASE", place->base, "a table that lies inside memory");
    SEVKIT_TRY(rmp_location_check(place->base, last, false));
    if (rmp_location_covered(place->base, last) < rmp_config_of(rmp)->size)
        return bad("RMP_END", last, "an entry for every page that the RMP covers");
    return sevkit_success();
}

struct sevkit_result mem_bus_new(struct mem *mem, struct rmp *rmp,
                                 const struct mem_rmp_place *place, struct mem_bus **bus) {
    if (place != NULL) SEVKIT_TRY(check_place(mem, rmp, place));
    struct mem_bus *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "bus", SEVKIT_NO_OFFSET, 0, "memory for a bus");
    }
    *made = (struct mem_bus){.mem = mem, .rmp = rmp};
    if (place != NULL) made->place = *place;
    const uint64_t start = made->place.base, end = start + made->place.size;
    const bool own = rmp_place(rmp, start, end); /* @req SNP-RMP-175 */
    if (!own) {
        mem_bus_free(made);
        return bad("RMP_BASE", start, "a table whose own pages the RMP covers");
    }
    *bus = made;
    return sevkit_success();
}

void mem_bus_free(struct mem_bus *bus) {
    free(bus);
}

/* ---- bytes ---- */

bool mem_bus_inside(const struct mem_bus *bus, uint64_t paddr, uint64_t size) {
    const uint64_t total = mem_size(bus->mem);
    return size <= total && paddr <= total - size;
}

bool mem_bus_in_rmp(const struct mem_bus *bus, uint64_t paddr, size_t size) {
    const struct mem_rmp_place *p = &bus->place;
    return paddr < p->base + p->size && p->base < paddr + size;
}

/* The 16 bytes at OFFSET, a multiple of 16, of the RMP. */
static void raw_at(const struct mem_bus *bus, uint64_t offset, uint8_t out[ABI_RMP_ENTRY_SIZE]) {
    struct rmp_entry entry;
    memset(out, 0, ABI_RMP_ENTRY_SIZE);
    if (offset >= RMP_BOOKKEEPING) {
        const uint64_t page = (offset - RMP_BOOKKEEPING) / ABI_RMP_ENTRY_SIZE;
        if (rmp_entry_at(bus->rmp, page * RMP_PAGE_4K, &entry))
            abi_rmp_entry_encode(bus->place.format, &entry, out);
    } else if (bus->place.format == ABI_RMP_GENOA && offset / 8 <= RMP_ASID_MAX) {
        const unsigned asid = (unsigned)(offset / 8);
        abi_put_le64(out, rmp_asid_pages(bus->rmp, asid));
        abi_put_le64(out + 8, rmp_asid_pages(bus->rmp, asid + 1));
    }
}

_Static_assert(RMP_ASID_MAX % 2 == 1, "the last ASID is the second of its 16 bytes");

void mem_bus_load(const struct mem_bus *bus, uint64_t paddr, void *out, size_t size) {
    if (!mem_read(bus->mem, paddr, out, size)) abort(); /* the caller asked mem_bus_inside */
    const uint64_t base = bus->place.base, place_end = base + bus->place.size;
    const uint64_t end = paddr + size < place_end ? paddr + size : place_end;
    uint8_t raw[ABI_RMP_ENTRY_SIZE];
    for (uint64_t at = paddr > base ? paddr : base; at < end;) {
        const size_t skip = (size_t)((at - base) % sizeof raw);
        const size_t part = end - at < sizeof raw - skip ? (size_t)(end - at) : sizeof raw - skip;
        raw_at(bus, at - base - skip, raw);
        memcpy((uint8_t *)out + (at - paddr), raw + skip, part);
        at += part;
    }
}

void mem_bus_store(struct mem_bus *bus, uint64_t paddr, const void *bytes, size_t size) {
    if (!mem_write(bus->mem, paddr, bytes, size)) abort(); /* the caller asked mem_bus_inside */
}

size_t mem_page_part(uint64_t address, size_t left) {
    const size_t room = (size_t)(RMP_PAGE_4K - address % RMP_PAGE_4K);
    return left < room ? left : room;
}

/* ---- the hypervisor ---- */

/* No page table of a host maps what is not there: an ordinary #PF. */
static const struct rmp_answer outside = {.fault = RMP_PF};

/* Section 4: the host's data reads are not checked. */
struct rmp_answer mem_host_read(const struct mem_bus *bus, uint64_t spa, void *out, size_t size) {
    if (!mem_bus_inside(bus, spa, size)) return outside;
    mem_bus_load(bus, spa, out, size);
    return (struct rmp_answer){0};
}

struct rmp_answer mem_host_write(struct mem_bus *bus, uint64_t spa, enum rmp_map map,
                                 const void *bytes, size_t size) {
    if (!mem_bus_inside(bus, spa, size)) return outside;
    for (size_t done = 0; done < size; done += mem_page_part(spa + done, size - done)) {
        const struct rmp_access access = {
            .spa = spa + done, .actor = RMP_HOST, .kind = RMP_WRITE, .map = map};
        const struct rmp_answer answer = rmp_check(bus->rmp, &access);
        if (!rmp_ok(answer)) return answer; /* @req SNP-RMP-191 */
    }
    mem_bus_store(bus, spa, bytes, size);
    return (struct rmp_answer){0};
}
