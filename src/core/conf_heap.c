/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf_heap.h"

#include "base/mem.h"
#include "base/secret.h"

#include <stdalign.h>
#include <stdint.h>

/* The library's functions for memory take no argument of ours. One reading is
 * under way a thread: it begins and ends inside kw_conf_parse_json. */
static _Thread_local struct kw_conf_heap *current;

/* In front of what the library gets. */
struct block {
    struct kw_link link;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

void kw_conf_heap_enter(struct kw_conf_heap *heap)
{
    kw_list_init(&heap->blocks);
    current = heap;
}

void kw_conf_heap_leave(struct kw_conf_heap *heap)
{
    current = NULL;
    while (!kw_list_empty(&heap->blocks))
        kw_conf_heap_free(
            KW_LIST_ENTRY(heap->blocks.next, struct block, link)->bytes);
}

void *kw_conf_heap_alloc(size_t size)
{
    struct block *block = NULL;

    if (size < SIZE_MAX - sizeof(*block))
        block = kw_alloc(sizeof(*block) + size);
    if (block != NULL) {
        kw_list_init(&block->link);
        block->size = size;
        if (current != NULL)
            kw_list_append(&current->blocks, &block->link);
        return block->bytes;
    }
    if (current != NULL)
        longjmp(current->full, 1);
    return NULL;
}

void kw_conf_heap_free(void *bytes)
{
    struct block *block;

    if (bytes == NULL)
        return;
    block = KW_LIST_ENTRY(bytes, struct block, bytes);
    kw_list_remove(&block->link);
    kw_secret_wipe(block->bytes, block->size);
    kw_free(block);
}
