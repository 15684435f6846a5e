/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column of whole numbers as two streams. Each number is predicted from
 * those before it; what the prediction misses becomes one symbol (its
 * magnitude: exact when small, exponent and three bits of mantissa when
 * larger) and, when larger, its low bits. Symbols repeat and compress well;
 * low bits are noise and are stored as they are.
 *
 * Arithmetic is modulo 2^64, so every column comes back bit by bit.
 */
#ifndef KW_HISTORY_CODE_H
#define KW_HISTORY_CODE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the streams don't hold. */
struct kw_history_code {
    uint64_t first; /* the first number */
    uint64_t step;  /* slope: the first difference */
    bool slope;     /* predicted: the last number plus the last difference;
                       else the last number */
};

/*
 * Writes count symbols (the first is always 0) and appends the low bits to
 * extra, whole bytes; chooses the prediction that needs fewer bits. Returns
 * false when all symbols are 0, which then need not be kept.
 */
bool kw_history_code_put(struct kw_history_code *code, const uint64_t *numbers,
                         size_t count, uint8_t *symbols, struct kw_buf *extra);

/*
 * The way back. symbols NULL: all are 0. KW_ECORRUPT on an unknown symbol or
 * when the low bits end early.
 */
KW_MUST_CHECK int kw_history_code_get(const struct kw_history_code *code,
                                      const uint8_t *symbols, size_t count,
                                      struct kw_reader *extra,
                                      uint64_t *numbers);

/* Signed differences as small unsigned numbers: 0 -1 1 -2 2 as 0 1 2 3 4. */
static inline uint64_t kw_history_zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}
static inline uint64_t kw_history_unzigzag(uint64_t number)
{
    return number >> 1 ^ (0 - (number & 1));
}

/*
 * Raw bits of a sample as a number whose order is that of the values, so that
 * near values of floats give small differences; and back. encoding: enum
 * kw_encoding.
 */
uint64_t kw_history_ordered(uint8_t encoding, uint64_t raw);
uint64_t kw_history_raw(uint8_t encoding, uint64_t ordered);

#endif
