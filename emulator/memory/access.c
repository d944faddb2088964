/* A guest's access: nested translation, RMP check, encryption, in this order. RMP notes, section
 * 4. */
#include <string.h>

#include "memory/guest.h"

static bool is_write(enum rmp_kind kind) {
    return kind == RMP_WRITE || kind == RMP_WALK_AD || kind == RMP_SHADOW_STACK;
}

/* Fetches and page walks are private whatever C and VIRTUAL_TOM say. */
static bool is_data(enum rmp_kind kind) {
    return kind == RMP_READ || kind == RMP_WRITE || kind == RMP_SHADOW_STACK;
}

static struct rmp_translation translate(const struct mem_guest *guest, enum rmp_kind kind,
                                        uint64_t gpa, bool c) {
    struct rmp_translation at = mem_guest_translate(guest, gpa, c);
    if (!is_data(kind)) at.c = true; /* @req SNP-RMP-194 */
    return at;
}

static struct rmp_answer check(const struct mem_guest *guest, enum rmp_kind kind, uint8_t vmpl,
                               const struct rmp_translation *at) {
    const struct rmp_access access = {
        .gpa = at->gpa,
        .spa = at->spa,
        .asid = guest->asid,
        .vmpl = vmpl,
        .c = at->c,
        .vmpl_sss = guest->vmpl_sss,
        .actor = guest->snp ? RMP_SNP_GUEST : RMP_GUEST,
        .kind = kind,
        .map = at->map,
    };
    return rmp_check(guest->bus->rmp, &access);
}

/* Moves SIZE bytes of one page at SPA. */
static void move_shared(struct mem_guest *guest, bool write, uint64_t spa, uint8_t *bytes,
                        size_t size) {
    if (write)
        mem_bus_store(guest->bus, spa, bytes, size);
    else
        mem_bus_load(guest->bus, spa, bytes, size);
}

static void move_private(struct mem_guest *guest, bool write, uint64_t spa, uint8_t *bytes,
                         size_t size) {
    const size_t offset = (size_t)(spa % RMP_PAGE_4K);
    mem_guest_open_page(guest, spa - offset); /* @req SNP-RMP-193 */
    if (write) {
        memcpy(guest->page + offset, bytes, size);
        mem_guest_seal_page(guest, spa - offset); /* @req SNP-RMP-193 */
    } else {
        memcpy(bytes, guest->page + offset, size);
        crypto_wipe(guest->page, sizeof guest->page);
    }
}

struct rmp_answer mem_guest_access(struct mem_guest *guest, enum rmp_kind kind, uint8_t vmpl,
                                   uint64_t gpa, bool c, void *buffer, size_t size) {
    static const struct rmp_answer not_present = {.fault = RMP_NPF, .rule = 192};
    /* Nothing is mapped from 2^52 on, so that GPA + DONE cannot wrap. */
    for (size_t done = 0; done < size; done += mem_page_part(gpa + done, size - done)) {
        const struct rmp_translation at = translate(guest, kind, gpa + done, c);
        if (!at.present) return not_present; /* @req SNP-RMP-192 */
        const struct rmp_answer answer = check(guest, kind, vmpl, &at);
        if (!rmp_ok(answer)) return answer; /* @req SNP-RMP-191 */
    }
    for (size_t done = 0, part; done < size; done += part) {
        part = mem_page_part(gpa + done, size - done);
        const struct rmp_translation at = translate(guest, kind, gpa + done, c);
        uint8_t *bytes = (uint8_t *)buffer + done;
        if (at.c)
            move_private(guest, is_write(kind), at.spa, bytes, part);
        else
            move_shared(guest, is_write(kind), at.spa, bytes, part);
    }
    return (struct rmp_answer){0};
}
