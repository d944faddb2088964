/* What a guest's private access and its instructions share: which entry is examined, and whose it is. Private to
 * rmp/. RMP notes, sections 3.3 step 5 and 4. */
#ifndef SEVKIT_RMP_CHECK_H
#define SEVKIT_RMP_CHECK_H

#include "rmp/table.h"

/* By a mapping of 2 MiB the aligned page's entry and guest address, else the page's own. SPA is covered. */
static inline struct rmp_words rmp_examined(const struct rmp *rmp, uint64_t spa, bool large) {
    return large ? rmp_region_words(rmp, spa) : rmp_words_at(rmp, spa);
}

/* A guest address beyond what an entry can hold matches none. */
static inline bool rmp_gpa_matches(const struct rmp *rmp, struct rmp_words w, uint64_t gpa,
                                   bool large) {
    const uint64_t page = large ? rmp_large_bytes(rmp) : RMP_PAGE_4K;
    return (w.low & LOW_GPA) == (gpa & ~(page - 1));
}

#endif
