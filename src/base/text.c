/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 is checked by the table of well-formed sequences of Unicode 15 (3.9,
 * table 3-7), which leaves no overlong form and no surrogate. "Clean" also
 * means no control character: such a text can be logged, shown and compared
 * without a second look.
 *
 * Suggestions ("did you mean") use the distance of Damerau and Levenshtein in
 * its simple form (optimal string alignment): a swap of neighbours is one
 * slip, as in "evne".
 */
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

bool kw_text_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);

    if (size == 0)
        return false;
    if (length == size) {
        length--;
        while (length > 0 && ((unsigned char)from[length] & 0xC0U) == 0x80U)
            length--;
    }
    memcpy(to, from, length);
    to[length] = 0;
    return from[length] == 0;
}

size_t kw_text_step(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t length;
    } rows[] = {
        {0x20, 0x7E, 0, 0, 1},       {0xC2, 0xC2, 0xA0, 0xBF, 2},
        {0xC3, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
        {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };

    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        size_t need = rows[r].length, i;

        if (need > length || p[0] < rows[r].low || p[0] > rows[r].high)
            continue;
        if (need == 1)
            return 1;
        if (p[1] < rows[r].second_low || p[1] > rows[r].second_high)
            return 0;
        for (i = 2; i < need && (p[i] & 0xC0) == 0x80; i++)
            continue;
        return i == need ? need : 0;
    }
    return 0;
}

bool kw_text_is_clean(const char *text, size_t length)
{
    while (length > 0) {
        size_t step = kw_text_step(text, length);

        if (step == 0)
            return false;
        text += step;
        length -= step;
    }
    return true;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* True when the label in front of a dot, or the end, may be in a name. */
static bool is_label(const char *label, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
            return false;
    }
    return length >= 1 && length <= 63 && label[0] != '-' &&
           label[length - 1] != '-';
}

/* Digits, or hexadecimal as inet_aton(3) reads it: part of an address. */
static bool is_numeric(const char *label, size_t length)
{
    bool hex = length > 1 && label[0] == '0' && (label[1] | 0x20) == 'x';

    return strspn(label, hex ? "0123456789abcdefABCDEFxX" : "0123456789") >=
           length;
}

/* IPv4, or IPv6 with or without brackets. */
static bool is_address(const char *text)
{
    struct in6_addr address;
    char inner[INET6_ADDRSTRLEN];
    bool bracket = text[0] == '[' && kw_text_ends(text, "]");

    if (!kw_text_copy(inner, sizeof(inner), text + bracket))
        return false;
    if (bracket)
        inner[strlen(inner) - 1] = 0;
    return inet_pton(AF_INET6, inner, &address) == 1 ||
           (!bracket && inet_pton(AF_INET, inner, &address) == 1);
}

bool kw_text_is_host(const char *text)
{
    const char *last = text;
    size_t length = strlen(text);

    if (is_address(text))
        return true;
    if (length > 1 && text[length - 1] == '.')
        length--;
    if (length == 0 || length > 253)
        return false;
    for (size_t at = 0, step; at <= length; at += step + 1) {
        last = text + at;
        step = strcspn(last, ".");
        if (!is_label(last, step))
            return false;
    }
    return !is_numeric(last, (size_t)(text + length - last));
}

bool kw_text_is_name(const char *text)
{
    size_t length = strnlen(text, 64);

    if (length == 0 || length > 63 || !is_alnum(text[0]))
        return false;
    for (size_t i = 1; i < length; i++) {
        if (!is_alnum(text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    }
    return true;
}

bool kw_text_starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool kw_text_ends(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t kw_text_distance(const char *a, const char *b)
{
    enum { MAX = 48 };
    size_t rows[3][MAX + 1];
    size_t la = strnlen(a, MAX), lb = strnlen(b, MAX);

    for (size_t j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *row = rows[i % 3];
        const size_t *last = rows[(i - 1) % 3];
        const size_t *older = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

            best = least(best, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, older[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[la % 3][lb];
}

const char *kw_text_nearest(const char *text, const char *const *words)
{
    size_t limit = strlen(text) / 3, best = limit > 0 ? limit + 1 : 2;
    const char *nearest = NULL;

    for (; *words != NULL; words++) {
        size_t distance = kw_text_distance(text, *words);

        if (distance < best) {
            best = distance;
            nearest = *words;
        }
    }
    return nearest;
}

uint64_t kw_text_hash(const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    uint64_t hash = 0xCBF29CE484222325U;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ p[i]) * 0x100000001B3U;
    return hash;
}
