/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes are inside the entries, so putting one in can't fail once there is
 * room, and renaming takes it out and puts it in again. Chains are short: the
 * table doubles when there is a node for each of them.
 */
#include "core/point_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

enum { FIRST_SIZE = 64 };

static struct kw_point_node **chain(const struct kw_point_index *index,
                                    uint64_t hash)
{
    return &index->chains[hash & (index->size - 1)];
}

int kw_point_index_reserve(struct kw_point_index *index)
{
    struct kw_point_index grown = {.count = index->count};

    if (index->count < index->size)
        return 0;
    grown.size = index->size > 0 ? index->size * 2 : FIRST_SIZE;
    grown.chains = kw_alloc_array(grown.size, sizeof(grown.chains[0]));
    if (grown.chains == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < index->size; i++) {
        struct kw_point_node *node, *next;

        for (node = index->chains[i]; node != NULL; node = next) {
            struct kw_point_node **head = chain(&grown, node->hash);

            next = node->next;
            node->next = *head;
            *head = node;
        }
    }
    kw_free(index->chains);
    *index = grown;
    return 0;
}

void kw_point_index_put(struct kw_point_index *index,
                        struct kw_point_node *node, const char *name)
{
    struct kw_point_node **head;

    node->hash = kw_text_hash(name, strlen(name));
    head = chain(index, node->hash);
    node->next = *head;
    *head = node;
    index->count++;
}

void kw_point_index_remove(struct kw_point_index *index,
                           struct kw_point_node *node)
{
    struct kw_point_node **at = chain(index, node->hash);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    index->count--;
}

/* The next node of a chain with that hash. */
static struct kw_point_node *same_hash(struct kw_point_node *node,
                                       uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct kw_point_node *kw_point_index_first(const struct kw_point_index *index,
                                           const char *name)
{
    uint64_t hash = kw_text_hash(name, strlen(name));

    return index->size > 0 ? same_hash(*chain(index, hash), hash) : NULL;
}

struct kw_point_node *kw_point_index_next(const struct kw_point_node *node)
{
    return same_hash(node->next, node->hash);
}
