/* Images of local states: guests exchanged, and pages 2 and 3 exchanged. One state stands for its images only where its
 * steps are the images of theirs, which is looked at for every state. */
#include <stdlib.h>
#include <string.h>

#include "search_local.h"

static void *room(size_t count, size_t size) {
    void *p = calloc(count + 1, size);
    if (p == NULL) abort();
    return p;
}

static int compare_edges(const void *a, const void *b) {
    const prove_edge x = *(const prove_edge *)a, y = *(const prove_edge *)b;
    return x < y ? -1 : x > y;
}

size_t prove_tidy_edges(prove_edge *edge, size_t first, size_t count) {
    size_t kept = first;
    qsort(edge + first, count - first, sizeof *edge, compare_edges);
    for (size_t i = first; i < count; i++)
        if (i == first || edge[i] != edge[kept - 1]) edge[kept++] = edge[i];
    return kept;
}

/* An edge whose end is TO, as it is with the guests exchanged. */
static prove_edge guests_exchanged(prove_edge e, unsigned to) {
    const int shift = prove_edge_shift(e);
    const int moved = (int)prove_swap_belief((unsigned)abs(shift));
    unsigned when = 0;
    for (unsigned b = 0; b < PROVE_WORD_BITS; b++)
        if ((prove_edge_when(e) >> b & 1) != 0) when |= 1u << prove_swap_belief(b);
    return prove_edge_make(to, when, shift < 0 ? -moved : moved,
                           prove_swap_belief(prove_edge_free(e)), prove_edge_rule(e));
}

/* An edge whose end is TO, as it is with the pages exchanged. */
static prove_edge pages_exchanged(prove_edge e, unsigned to) {
    return prove_edge_make(to, prove_edge_when(e), prove_edge_shift(e), prove_edge_free(e),
                           prove_edge_rule(e));
}

typedef prove_edge exchange(prove_edge e, unsigned to);

/* Every state's edges are, exchanged, those of its image. */
static bool are_images(const struct prove_side *side, const uint16_t *image, exchange *exchanged) {
    bool good = true;
    for (unsigned n = 0; n < side->count && good; n++) {
        const struct prove_local *one = &side->local[n], *two = &side->local[image[n]];
        const size_t count = one->end - one->first;
        prove_edge *edge = room(count, sizeof *edge);
        for (size_t i = 0; i < count; i++) {
            const prove_edge e = side->edge[one->first + i];
            edge[i] = exchanged(e, image[prove_edge_to(e)]);
        }
        const size_t kept = prove_tidy_edges(edge, 0, count);
        good = one->rule == two->rule && kept == two->end - two->first &&
               (kept == 0 || memcmp(edge, side->edge + two->first, kept * sizeof *edge) == 0);
        free(edge);
    }
    return good;
}

/* ---- pages 2 and 3 ---- */

/* NUMBER: of the state that stands for each state. */
static void fold(struct prove_side *side, const uint16_t *image, uint16_t *number) {
    size_t edges = 0;
    unsigned count = 0;
    prove_edge *edge = room(side->edge_count, sizeof *edge);
    for (unsigned n = 0; n < side->count; n++)
        number[n] = image[n] < n ? number[image[n]] : (uint16_t)count++;
    count = 0;
    for (unsigned n = 0; n < side->count; n++) {
        struct prove_local l = side->local[n];
        const size_t first = edges;
        if (image[n] < n) continue;
        for (size_t i = l.first; i < l.end; i++) {
            const prove_edge e = side->edge[i];
            const unsigned to = number[prove_edge_to(e)];
            const bool stays = to == count && prove_edge_shift(e) == 0;
            if (!stays || prove_edge_rule(e) != PROVE_HOLDS) edge[edges++] = pages_exchanged(e, to);
        }
        edges = prove_tidy_edges(edge, first, edges);
        l.first = (uint32_t)first;
        l.end = (uint32_t)edges;
        side->local[count++] = l;
    }
    for (size_t i = 0; i < PROVE_MAX_PAGES * PROVE_MAX_PAGES; i++)
        if (side->id[i] != PROVE_NO_LOCAL) side->id[i] = number[side->id[i]];
    free(side->edge);
    side->edge = edge;
    side->edge_count = edges;
    side->count = count;
    side->mirrored = true;
}

static bool exchange_pages(struct prove_side *side) {
    uint16_t *image = room(side->count, sizeof *image), *number = room(side->count, sizeof *number);
    bool good = true;
    for (unsigned n = 0; n < side->count; n++) {
        const struct prove_local *l = &side->local[n];
        image[n] = prove_local_id(side, l->page[1], l->page[0]);
        good = good && image[n] != PROVE_NO_LOCAL;
    }
    good = good && are_images(side, image, pages_exchanged);
    if (good) fold(side, image, number);
    free(image);
    free(number);
    return good;
}

/* ---- guests ---- */

static bool exchange_entries(struct prove_entries *entries) {
    const unsigned count = entries->count;
    for (unsigned i = 0; i < count; i++) {
        struct rmp_entry e = entries->at[i];
        if (e.asid == 1 || e.asid == 2) e.asid = (uint16_t)(3 - e.asid);
        if (e.mark == RMP_MARK_METADATA) e.gpa = prove_owner(1) + prove_owner(2) - e.gpa;
        entries->swapped[i] = prove_intern(entries, &e);
    }
    return entries->count == count;
}

static bool exchange_guests(const struct prove_entries *entries, struct prove_side *side) {
    uint16_t *image = room(side->count, sizeof *image);
    bool good = true;
    for (unsigned n = 0; n < side->count; n++) {
        struct prove_local *l = &side->local[n];
        l->swapped =
            prove_local_id(side, entries->swapped[l->page[0]], entries->swapped[l->page[1]]);
        image[n] = l->swapped;
        good = good && image[n] != PROVE_NO_LOCAL;
    }
    good = good && are_images(side, image, guests_exchanged);
    free(image);
    return good;
}

void prove_find_images(struct prove_memo *memo) {
    const struct prove_world *w = memo->world;
    if (w->used[2] && w->used[3] && !exchange_pages(&memo->side[1]))
        memo->uneven = "pages 2 and 3 are not alike";
    bool alike = exchange_entries(&memo->entries);
    for (unsigned r = 0; r < PROVE_REGIONS && alike; r++)
        alike = exchange_guests(&memo->entries, &memo->side[r]);
    memo->guests_alike = alike;
    if (!alike) memo->uneven = "the guests are not alike";
}
