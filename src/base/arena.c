/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks are cut from chunks of 8 KiB; a larger block gets a chunk of its own,
 * in front of the others, so that the rest of the chunk before is lost. That is
 * cheap here: a configuration or a request is many small blocks. The ceiling
 * counts what was given out, not chunks, so that the same input is refused or
 * taken whatever came before it.
 */
#include "base/arena.h"

#include "base/mem.h"
#include "base/secret.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { CHUNK_BYTES = 8192 - 64 };

struct kw_arena_chunk {
    struct kw_arena_chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

void kw_arena_init(struct kw_arena *arena, size_t ceiling_bytes)
{
    *arena = (struct kw_arena){.ceiling_bytes = ceiling_bytes};
}

void kw_arena_fini(struct kw_arena *arena)
{
    while (arena->chunks != NULL) {
        struct kw_arena_chunk *chunk = arena->chunks;

        arena->chunks = chunk->next;
        if (arena->secret)
            kw_secret_wipe(chunk->bytes, chunk->used);
        kw_free(chunk);
    }
    arena->used_bytes = 0;
}

static struct kw_arena_chunk *chunk_new(struct kw_arena *arena, size_t size)
{
    size_t bytes = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct kw_arena_chunk *chunk = kw_alloc(sizeof(*chunk) + bytes);

    if (chunk == NULL)
        return NULL;
    chunk->size = bytes;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *kw_arena_alloc(struct kw_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct kw_arena_chunk *chunk = arena->chunks;
    void *block;

    if (size > arena->ceiling_bytes - arena->used_bytes)
        return NULL;
    size = (size + align - 1) / align * align;
    if (size > arena->ceiling_bytes - arena->used_bytes)
        return NULL;
    if (chunk == NULL || chunk->size - chunk->used < size)
        chunk = chunk_new(arena, size);
    if (chunk == NULL)
        return NULL;
    block = chunk->bytes + chunk->used;
    chunk->used += size;
    arena->used_bytes += size;
    return block;
}

char *kw_arena_strndup(struct kw_arena *arena, const char *text, size_t length)
{
    char *copy = kw_arena_alloc(arena, length + 1);

    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}
