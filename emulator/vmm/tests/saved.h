/* A machine's saved bytes, and where the fields of one stand. Set-up that fails ends the program: it is no
 * verdict about the code under test. */
#ifndef SEVKIT_VMM_SAVED_H
#define SEVKIT_VMM_SAVED_H

#include "fixture.h"

#define PROFILE SEVKIT_PROFILE_DEFAULT

struct saved {
    uint8_t *bytes;
    size_t size;
};

struct saved saved_of(struct vmm_machine *m);
void saved_free(struct saved *s);

/* A machine like LIKE, without an environment of the caller's, from S. */
struct sevkit_result saved_restore(const struct vmm_machine *like, const struct saved *s,
                                   struct vmm_machine **m);

/* Makes the digest right again. */
void saved_seal(struct saved *s);

/* Where the fields of a machine without a returned page stand, from the format in save.c. */
enum at {
    AT_FORMAT = 8,
    AT_PROFILE = 12,
    AT_OWN = AT_PROFILE + 64,
    AT_SEED = AT_OWN + 1,
    AT_BLOCK = AT_SEED + 8,
    AT_USED = AT_BLOCK + 8,
    AT_REQUESTS = AT_USED + 1,
    AT_PLATFORM = AT_REQUESTS + 16,
    AT_CHIP_ID = AT_PLATFORM + 1,
    AT_CURRENT_TCB = AT_CHIP_ID + 64,
    AT_GUEST_COUNT = AT_CURRENT_TCB + 24,
    AT_PLACE = AT_GUEST_COUNT + 4,
    AT_GCTX = AT_PLACE + 4,
    AT_STATE = AT_GCTX + 8,
    AT_VMPCK = AT_STATE + 1,
    AT_VMRK = AT_VMPCK + 4 * 40,
    AT_POLICY = AT_VMRK + 3 * 32,
    AT_ID_BLOCK = AT_POLICY + 8 + 32 + 48,
    AT_AUTHOR = AT_ID_BLOCK + 1 + 16 + 16 + 4 + 48,
    AT_VCEK_DIS = AT_AUTHOR + 1 + 48,
    AT_GOSVW = AT_VCEK_DIS + 1,
    AT_NEXT_PAGE = AT_GOSVW + 16 + 8 + 8 + 4 + 8,
    AT_RETURNED = AT_NEXT_PAGE + 8,
    AT_GUESTS = AT_RETURNED + 4,
    AT_GUEST_GCTX = AT_GUESTS + 4,
    AT_REQUEST = AT_GUEST_GCTX + 8,
    AT_RESPONSE = AT_REQUEST + 8,
    AT_REQUEST_PAGE = AT_RESPONSE + 8,
    AT_RESPONSE_PAGE = AT_REQUEST_PAGE + ABI_PAGE_SIZE,
    AT_SECRETS = AT_RESPONSE_PAGE + ABI_PAGE_SIZE,
    AT_HAS_LAST = AT_SECRETS + ABI_PAGE_SIZE,
    AT_RMP = AT_HAS_LAST + 2, /* a run of one page: the context's */
    AT_RMP_PADDR = AT_RMP + 1,
    AT_RMP_PAGES = AT_RMP_PADDR + 8,
    AT_RMP_RISES = AT_RMP_PAGES + 4,
    AT_RMP_SIZE = AT_RMP_RISES + 1,
    AT_RMP_ASSIGNED = AT_RMP_SIZE + 1,
    AT_RMP_MARK = AT_RMP_ASSIGNED + 5,
    AT_RMP_ASID = AT_RMP_MARK + 1,
    AT_RMP_GPA = AT_RMP_ASID + 4,
    AT_RMP_PERMS = AT_RMP_GPA + 8,
    AT_RMP_LAST = AT_RMP_PERMS + 4,
    AT_END = AT_RMP_LAST + 1,
};

/* Bytes of one run of the RMP. */
#define SAVED_RUN ((size_t)(AT_RMP_LAST - AT_RMP))

#endif
