/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of point numbers as words of bits. Numbers are small and dense, so a
 * change of every point costs one bit each, a browser that lags costs no queue,
 * and "which of these does it follow" is one AND a word. The set grows to the
 * highest number once and keeps its memory.
 */
#include "live/bits.h"

#include "base/mem.h"

#include <string.h>

enum { WORD_BITS = 64, FIRST_WORDS = 8 };

void kw_live_bits_fini(struct kw_live_bits *bits)
{
    kw_free(bits->words);
    *bits = (struct kw_live_bits){0};
}

/* Room for so many words at least. */
static int grow(struct kw_live_bits *bits, size_t need)
{
    size_t count = bits->words_count > 0 ? bits->words_count : FIRST_WORDS;
    uint64_t *words;

    if (need <= bits->words_count)
        return 0;
    while (count < need)
        count *= 2;
    words = kw_realloc(bits->words, count * sizeof(*words));
    if (words == NULL)
        return KW_ENOMEM;
    memset(words + bits->words_count, 0,
           (count - bits->words_count) * sizeof(*words));
    bits->words = words;
    bits->words_count = count;
    return 0;
}

int kw_live_bits_add(struct kw_live_bits *bits, uint32_t number)
{
    uint64_t bit = (uint64_t)1 << number % WORD_BITS;
    size_t word = number / WORD_BITS;
    int err;

    if (number >= KW_LIVE_BITS_MAX)
        return KW_ERANGE;
    err = grow(bits, word + 1);
    if (err != 0)
        return err;
    if (bits->words[word] & bit)
        return 0;
    bits->words[word] |= bit;
    bits->count++;
    return 1;
}

bool kw_live_bits_has(const struct kw_live_bits *bits, uint32_t number)
{
    size_t word = number / WORD_BITS;

    return word < bits->words_count &&
           (bits->words[word] >> number % WORD_BITS & 1) != 0;
}

void kw_live_bits_remove(struct kw_live_bits *bits, uint32_t number)
{
    if (!kw_live_bits_has(bits, number))
        return;
    bits->words[number / WORD_BITS] &= ~((uint64_t)1 << number % WORD_BITS);
    bits->count--;
}

void kw_live_bits_clear(struct kw_live_bits *bits)
{
    if (bits->count > 0)
        memset(bits->words, 0, bits->words_count * sizeof(*bits->words));
    bits->count = 0;
}

uint32_t kw_live_bits_next(const struct kw_live_bits *bits, uint32_t from)
{
    size_t word = from / WORD_BITS;
    uint64_t left;

    if (bits->count == 0 || word >= bits->words_count)
        return UINT32_MAX;
    left = bits->words[word] >> from % WORD_BITS << from % WORD_BITS;
    while (left == 0) {
        if (++word == bits->words_count)
            return UINT32_MAX;
        left = bits->words[word];
    }
    return (uint32_t)(word * WORD_BITS) + (uint32_t)__builtin_ctzll(left);
}

int kw_live_bits_merge(struct kw_live_bits *bits,
                       const struct kw_live_bits *more,
                       const struct kw_live_bits *filter)
{
    size_t words = more->words_count;
    int there = 0;

    if (filter != NULL && filter->words_count < words)
        words = filter->words_count;
    if (grow(bits, words) != 0)
        return KW_ENOMEM;
    for (size_t i = 0; i < words; i++) {
        uint64_t add = more->words[i];

        if (filter != NULL)
            add &= filter->words[i];
        there += __builtin_popcountll(bits->words[i] & add);
        bits->count += (size_t)__builtin_popcountll(add & ~bits->words[i]);
        bits->words[i] |= add;
    }
    return there;
}
