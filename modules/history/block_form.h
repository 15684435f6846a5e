/* SPDX-License-Identifier: Apache-2.0 */
/* What writing and reading a block must agree on. */
#ifndef KW_HISTORY_BLOCK_FORM_H
#define KW_HISTORY_BLOCK_FORM_H

#include "base/text.h"

/* One byte a column. */
enum {
    KW_HISTORY_FLAG_ENCODING = 3,     /* enum kw_encoding, of values */
    KW_HISTORY_FLAG_SLOPE = 1 << 2,   /* a step follows the first number */
    KW_HISTORY_FLAG_STILL = 1 << 3,   /* nothing of it in a section */
    KW_HISTORY_FLAG_SECTION = 1 << 4, /* first of the next section */
};

/* 32 bits that change when a byte does: for decay, not against forgers. */
static inline uint32_t kw_history_check(const void *bytes, size_t length)
{
    uint64_t hash = kw_text_hash(bytes, length);

    return (uint32_t)(hash ^ hash >> 32);
}

#endif
