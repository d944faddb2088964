/* See saved.h. */
#include "saved.h"

static void must(bool ok) {
    if (!ok) abort();
}

struct saved saved_of(struct vmm_machine *m) {
    struct saved s = {0};
    must(sevkit_ok(vmm_machine_save(m, &s.bytes, &s.size)));
    return s;
}

void saved_free(struct saved *s) {
    vmm_save_free(s->bytes, s->size);
}

struct sevkit_result saved_restore(const struct vmm_machine *like, const struct saved *s,
                                   struct vmm_machine **m) {
    return vmm_machine_restore(vmm_machine_profile(like), vmm_machine_scenario(like), NULL,
                               s->bytes, s->size, m);
}

void saved_seal(struct saved *s) {
    const size_t size = s->size - CRYPTO_SHA384_SIZE;
    must(sevkit_ok(crypto_sha384(s->bytes, size, s->bytes + size)));
}
