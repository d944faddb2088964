/* Numbers for the nodes of configfs-tsm: see the header. */
#include "frontends/run_tsm_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(DRV_TSM_ATTR_COUNT < TSM_NODE_STEP, "an item's numbers are enough");

static struct tsm_item *by_name(struct tsm_items *items, const char *name) {
    for (size_t i = 0; i < items->count; i++) {
        if (strcmp(items->list[i].name, name) == 0) return &items->list[i];
    }
    return NULL;
}

struct tsm_item *tsm_items_number(struct tsm_items *items, const char *name) {
    struct tsm_item *item = by_name(items, name);
    if (item != NULL) return item;
    if (items->count == items->room) {
        const size_t room = items->room == 0 ? 16 : 2 * items->room;
        struct tsm_item *list = reallocarray(items->list, room, sizeof(*list));
        if (list == NULL) return NULL;
        items->list = list;
        items->room = room;
    }
    item = &items->list[items->count++];
    item->number = ++items->last_number;
    (void)snprintf(item->name, sizeof(item->name), "%s", name);
    return item;
}

struct tsm_item *tsm_items_find(struct tsm_items *items, uint64_t node) {
    for (size_t i = 0; i < items->count; i++) {
        if (items->list[i].number == node / TSM_NODE_STEP) return &items->list[i];
    }
    return NULL;
}

void tsm_items_remove(struct tsm_items *items, const char *name) {
    struct tsm_item *item = by_name(items, name);
    if (item == NULL) return;
    const size_t after = (size_t)(items->list + items->count - (item + 1));
    memmove(item, item + 1, after * sizeof(*item));
    items->count--;
}

void tsm_items_clear(struct tsm_items *items) {
    items->count = 0;
}

void tsm_items_free(struct tsm_items *items) {
    free(items->list);
    *items = (struct tsm_items){0};
}

bool tsm_is_item(uint64_t node) {
    return node >= TSM_NODE_STEP && node % TSM_NODE_STEP == 0;
}

bool tsm_is_attribute(uint64_t node) {
    return node >= TSM_NODE_STEP && node % TSM_NODE_STEP != 0;
}

enum drv_tsm_attr tsm_attribute_of(uint64_t node) {
    return (enum drv_tsm_attr)(node % TSM_NODE_STEP - 1);
}

uint64_t tsm_attribute_node(uint64_t item, enum drv_tsm_attr attr) {
    return item + 1 + (uint64_t)attr;
}
