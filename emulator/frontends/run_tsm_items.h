/* Numbers for the nodes of configfs-tsm, as FUSE wants them.
 *
 * A number says what a node is and is never used again: 1 to 3 are the fixed folders, 16 n the nth item ever
 * made, 16 n + 1 + a its attribute a. So a number needs no memory behind it, and one of a removed item, or
 * of the time before a reset, finds nothing. */
#ifndef FRONTENDS_RUN_TSM_ITEMS_H
#define FRONTENDS_RUN_TSM_ITEMS_H

#include "sevkit/tsm.h"

#define TSM_NODE_ROOT 1
#define TSM_NODE_TSM 2
#define TSM_NODE_REPORT 3
#define TSM_NODE_STEP 16

struct tsm_item {
    uint64_t number; /* from 1; grows along the list */
    char name[DRV_TSM_NAME_MAX + 1];
};

/* All zero: none yet. */
struct tsm_items {
    uint64_t last_number;
    struct tsm_item *list;
    size_t count, room;
};

/* The item NAME, which gets a number if it has none. NULL: no memory. */
struct tsm_item *tsm_items_number(struct tsm_items *items, const char *name);
/* The item of which NODE is, or is an attribute. NULL: none, or not any longer. */
struct tsm_item *tsm_items_find(struct tsm_items *items, uint64_t node);
void tsm_items_remove(struct tsm_items *items, const char *name);
/* All items are gone; their numbers stay used. */
void tsm_items_clear(struct tsm_items *items);
void tsm_items_free(struct tsm_items *items);

bool tsm_is_item(uint64_t node);
bool tsm_is_attribute(uint64_t node);
enum drv_tsm_attr tsm_attribute_of(uint64_t node);
uint64_t tsm_attribute_node(uint64_t item, enum drv_tsm_attr attr);

#endif
