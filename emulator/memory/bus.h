/* The bus as the files of memory/ share it. Private to memory/. */
#ifndef MEMORY_BUS_H
#define MEMORY_BUS_H

#include "sevkit/memory.h"

struct mem_bus {
    struct mem *mem;
    struct rmp *rmp;
    struct mem_rmp_place place; /* all zero: nowhere */
};

/* SIZE bytes at PADDR lie inside memory. */
bool mem_bus_inside(const struct mem_bus *bus, uint64_t paddr, uint64_t size);

/* SIZE bytes at PADDR touch the RMP's own pages. */
bool mem_bus_in_rmp(const struct mem_bus *bus, uint64_t paddr, size_t size);

/* Bytes inside memory, unchecked; reads see the RMP's raw entries. */
void mem_bus_load(const struct mem_bus *bus, uint64_t paddr, void *out, size_t size);
void mem_bus_store(struct mem_bus *bus, uint64_t paddr, const void *bytes, size_t size);

/* How many of LEFT bytes at ADDRESS lie in one 4 KiB page. */
size_t mem_page_part(uint64_t address, size_t left);

#endif
