/* SPDX-License-Identifier: Apache-2.0 */
/* A growing set of point numbers, one bit each. Pure but for the heap. */
#ifndef KW_LIVE_BITS_H
#define KW_LIVE_BITS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KW_LIVE_BITS_MAX = 1 << 22 }; /* larger numbers are refused */

struct kw_live_bits {
    uint64_t *words; /* owned */
    size_t words_count;
    size_t count; /* bits that are set */
};

/* Zeroed memory is an empty set. */
void kw_live_bits_fini(struct kw_live_bits *bits);

/* 1: added, 0: was in it. KW_ENOMEM, KW_ERANGE. */
KW_MUST_CHECK int kw_live_bits_add(struct kw_live_bits *bits, uint32_t number);

bool kw_live_bits_has(const struct kw_live_bits *bits, uint32_t number);
void kw_live_bits_remove(struct kw_live_bits *bits, uint32_t number);
/* Empties it, keeps the memory. */
void kw_live_bits_clear(struct kw_live_bits *bits);

/*
 * The smallest member that is at least from; UINT32_MAX when there is none.
 * Walks all: for (n = next(b, 0); n != UINT32_MAX; n = next(b, n + 1)).
 */
uint32_t kw_live_bits_next(const struct kw_live_bits *bits, uint32_t from);

/*
 * Adds what is in more, and also in filter unless that is NULL. Returns how
 * many were there already, or KW_ENOMEM (nothing is added then).
 */
KW_MUST_CHECK int kw_live_bits_merge(struct kw_live_bits *bits,
                                     const struct kw_live_bits *more,
                                     const struct kw_live_bits *filter);

#endif
