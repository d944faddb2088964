/* System physical memory and the ways to it: raw, as the memory controller holds it; as a
 * hypervisor, past the RMP's check; as a guest, through nested translation, RMP check and the
 * guest's encryption. RMP notes, section 4.
 *
 * Ownership: what _new made is the caller's, to be freed by _free (NULL is allowed); a bus keeps
 * the memory and the table that it was given, a guest its bus, and they must outlive it. Nothing
 * allocates after _new.
 *
 * Threads: a guest, its nested table included, serves one thread at a time. Guests and the host
 * may work on one bus at the same time where they touch different pages; bytes have no locks,
 * the RMP has its own (rmp.h). Checks and bytes are two steps: an RMP instruction of another
 * thread may come between them, as on silicon until its TLBs are flushed. */
#ifndef SEVKIT_MEMORY_H
#define SEVKIT_MEMORY_H

#include "sevkit/result.h"
#include "sevkit/rmp.h"

/* ---- raw memory: sparse, without a notion of the RMP ----
 * Pages that were never written read as zero and cost nothing. Who reads and writes here is in
 * nobody's way: what a guest wrote privately is ciphertext, which can be saved and put back, as
 * with physical access to the DRAM. */

struct mem;

/* SIZE: bytes, a multiple of 4 KiB, not 0. O(1). */
SEVKIT_MUST struct sevkit_result mem_new(uint64_t size, struct mem **mem);
void mem_free(struct mem *mem);

/* Bytes of memory, from address 0. */
uint64_t mem_size(const struct mem *mem);

/* Copies SIZE bytes at PADDR. False, with no effect, unless all of them lie inside memory. */
SEVKIT_MUST bool mem_read(const struct mem *mem, uint64_t paddr, void *out, size_t size);
SEVKIT_MUST bool mem_write(struct mem *mem, uint64_t paddr, const void *bytes, size_t size);

/* ---- the bus: memory behind the RMP ---- */

/* Where the RMP itself lies: from RMP_BASE, SIZE bytes. Reads through a bus see raw entries
 * there: 16 KiB of bookkeeping (Genoa: how many pages carry each ASID, 2048 numbers of 8 bytes;
 * Milan's is not known and reads as zero), then 16 bytes a page. The entries are made when they
 * are read: mem_read finds nothing there. */
struct mem_rmp_place {
    uint64_t base; /* a multiple of 8 KiB, as is SIZE */
    uint64_t size; /* room for an entry for every page that the RMP covers */
    enum abi_rmp_format format;
};

struct mem_bus;

/* PLACE: NULL when the RMP lies nowhere. Its pages become Firmware pages; they must lie inside
 * memory and inside what the RMP covers; no other thread may be in the table (rmp_place). Failures
 * name "RMP_BASE" or "RMP_END", see also rmp_location_check. */
SEVKIT_MUST struct sevkit_result mem_bus_new(struct mem *mem, struct rmp *rmp,
                                             const struct mem_rmp_place *place,
                                             struct mem_bus **bus);
void mem_bus_free(struct mem_bus *bus);

/* The hypervisor reads and writes SIZE bytes at SPA; MAP: page size of its own mapping, which
 * writes are checked with. It reads a guest's private pages as ciphertext. All pages are checked
 * before the first byte moves; after a fault neither memory nor OUT has changed. An address
 * outside memory is an ordinary #PF: no bit of the RMP, rule 0. */
struct rmp_answer mem_host_read(const struct mem_bus *bus, uint64_t spa, void *out, size_t size);
struct rmp_answer mem_host_write(struct mem_bus *bus, uint64_t spa, enum rmp_map map,
                                 const void *bytes, size_t size);

/* ---- a guest ---- */

#define MEM_KEY_SIZE 64

struct mem_guest_config {
    uint16_t asid;             /* 1 to RMP_ASID_MAX */
    bool snp;                  /* SNP-active; else a guest with SEV's encryption only */
    bool vtom;                 /* SEV_FEATURES.vTOM; SNP guests only */
    uint64_t virtual_tom;      /* with vTOM: VIRTUAL_TOM, a multiple of 4 KiB */
    bool vmpl_sss;             /* SEV_FEATURES.VmplSSS; of no effect without SNP */
    uint8_t key[MEM_KEY_SIZE]; /* of its encryption: two keys of 32 bytes that differ */
    size_t mappings;           /* capacity of its nested table: 1 to 2^40 */
};

struct mem_guest;

/* Failures name the member at fault. CONFIG may be wiped afterwards; the guest's copy of the key
 * is wiped by mem_guest_free. */
SEVKIT_MUST struct sevkit_result
mem_guest_new(struct mem_bus *bus, const struct mem_guest_config *config, struct mem_guest **guest);
void mem_guest_free(struct mem_guest *guest);

/* The nested page table is the hypervisor's: it maps what it likes, also one page to two guests or
 * one twice. A mapping takes one record whatever its size: 4 KiB, rmp_large_size ("2 MiB"), or as
 * many large pages as a large page has small ones ("1 GiB").
 *
 * Maps the page at GPA to SPA, or moves it there when GPA has a mapping of that size.
 * SEVKIT_BAD_VALUE: "gpa" or "spa" is not aligned to the size, GPA not below 2^52, SPA's page
 * not inside memory, or "gpa" lies in or holds a mapping of another size (unmap that first).
 * SEVKIT_LIMIT: "mappings", no record is left. A failure changes nothing. */
SEVKIT_MUST struct sevkit_result mem_guest_map(struct mem_guest *guest, uint64_t gpa, uint64_t spa,
                                               enum rmp_map map);

/* Drops the mapping that holds GPA. False when there is none. */
bool mem_guest_unmap(struct mem_guest *guest, uint64_t gpa);

/* What the walk makes of GPA for a data access, C: the guest's C-bit, of no effect with vTOM. */
struct rmp_translation mem_guest_translate(const struct mem_guest *guest, uint64_t gpa, bool c);

/* The guest accesses SIZE bytes at GPA. KIND decides the direction: RMP_WRITE, RMP_WALK_AD and
 * RMP_SHADOW_STACK write BUFFER's bytes to memory, the others read into BUFFER. C: the C-bit of the
 * guest's mapping; fetches and page walks are private whatever it is, and with vTOM data is private
 * below VIRTUAL_TOM and shared from there on. VMPL: 0 to 3.
 *
 * Every page of 4 KiB is translated and checked, in rising order, before the first byte moves;
 * the first fault is the answer, and after it neither memory nor BUFFER has changed. A page
 * without a mapping is the ordinary NPF: no bit of the RMP, rule 192. Private bytes pass the
 * guest's encryption at their page's SPA, shared ones are plain. SIZE 0 touches no page and
 * succeeds. */
struct rmp_answer mem_guest_access(struct mem_guest *guest, enum rmp_kind kind, uint8_t vmpl,
                                   uint64_t gpa, bool c, void *buffer, size_t size);

/* The guest's instructions at CPL 0 in 64-bit mode. The guest's own page tables are not
 * modelled: GVA = GPA, with the C-bit C. With vTOM the operand counts as data. */
struct rmp_answer mem_guest_pvalidate(struct mem_guest *guest, uint8_t vmpl, uint64_t gva, bool c,
                                      enum rmp_page_size size, bool validate);
struct rmp_answer mem_guest_adjust(struct mem_guest *guest, uint8_t vmpl, uint64_t gva, bool c,
                                   enum rmp_page_size size, const struct rmp_adjustment *wanted);
/* FOUND is written on success only. */
struct rmp_answer mem_guest_query(const struct mem_guest *guest, uint8_t vmpl, uint64_t gva, bool c,
                                  uint8_t target, struct rmp_permissions *found);

/* ---- firmware's side ---- */

/* Encrypts or decrypts the page at SPA in place with the guest's key, as SNP_LAUNCH_UPDATE does.
 * No RMP check: its caller is the AMD-SP. False, with no effect, unless SPA is page-aligned,
 * inside memory and not the RMP's own. */
SEVKIT_MUST bool mem_encrypt_page(struct mem_guest *guest, uint64_t spa);
SEVKIT_MUST bool mem_decrypt_page(struct mem_guest *guest, uint64_t spa);

#endif
