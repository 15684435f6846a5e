/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: many small blocks with one common end. The validated
 * configuration of a revision lives in one, freed when its last user is gone.
 */
#ifndef KW_BASE_ARENA_H
#define KW_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct kw_arena_chunk;

struct kw_arena {
    struct kw_arena_chunk *chunks;
    size_t used_bytes;    /* given out, for the ceiling */
    size_t ceiling_bytes; /* more is refused */
    bool secret;          /* set by the owner: wiped when it ends */
};

/* An empty arena; allocates nothing yet. */
void kw_arena_init(struct kw_arena *arena, size_t ceiling_bytes);

/* Gives everything back; the arena is empty and usable again. */
void kw_arena_fini(struct kw_arena *arena);

/* Zeroed memory aligned for any type; NULL when out of memory or ceiling. */
void *kw_arena_alloc(struct kw_arena *arena, size_t size);

/* A copy of length bytes with a NUL behind. */
char *kw_arena_strndup(struct kw_arena *arena, const char *text, size_t length);

#endif
