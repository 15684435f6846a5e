/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict parsing of what people and files write, and small text helpers.
 * A parser takes the whole text or refuses it: no leading blanks, no rest.
 */
#ifndef KW_BASE_TEXT_H
#define KW_BASE_TEXT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal, or hexadecimal after 0x. KW_EINVAL, KW_ERANGE. */
KW_MUST_CHECK int kw_text_parse_u64(const char *text, uint64_t *value);
KW_MUST_CHECK int kw_text_parse_i64(const char *text, int64_t *value);

/* A finite decimal number with a point, exponent allowed. */
KW_MUST_CHECK int kw_text_parse_real(const char *text, double *value);

/*
 * A duration in milliseconds: a whole number and ms, s, min, h, d or y
 * (365 days), "250ms", "1s", "10y"; smaller units may follow, each once and
 * the largest first, "1min30s". KW_EINVAL, KW_ERANGE.
 */
KW_MUST_CHECK int kw_text_parse_duration(const char *text, int64_t *ms);
/* The shortest form that parses to the same, into text[32]. */
void kw_text_format_duration(int64_t ms, char *text, size_t size);

/* A size in bytes: a whole number and B, KiB, MiB, GiB or TiB. */
KW_MUST_CHECK int kw_text_parse_bytes(const char *text, uint64_t *bytes);

/*
 * RFC 3339 ("2026-01-31T12:00:00Z", offsets too) or Unix milliseconds.
 * KW_ERANGE outside of the years 0 to 9999, UTC.
 */
KW_MUST_CHECK int kw_text_parse_time(const char *text, int64_t *wall_ms);

/* Copies with a NUL, cut to size between characters; true when all fitted. */
bool kw_text_copy(char *to, size_t size, const char *from);

/*
 * Length of the character that the bytes begin with, 1 to 4; 0 when it is not
 * well-formed UTF-8 (RFC 3629) or a control (C0, DEL, C1), or length is 0.
 */
size_t kw_text_step(const char *text, size_t length);

/* True when the bytes are nothing but such characters. */
bool kw_text_is_clean(const char *text, size_t length);

/*
 * A host: a numeric IPv4 or IPv6 address (brackets allowed), or a name of at
 * most 253 bytes in labels of 1 to 63 letters, digits, '-' and '_' (RFC
 * 1123, 2.1; the underscore is common all the same), a '-' neither first nor
 * last, a dot at the end allowed. No name is what ends in a number, such as
 * 192.0.2 or 1.2.3.4.5.
 */
bool kw_text_is_host(const char *text);

/* A name: letters, digits, '_' and '-', 1 to 63, first a letter or digit. */
bool kw_text_is_name(const char *text);

/* Ends with, starts with. */
bool kw_text_starts(const char *text, const char *start);
bool kw_text_ends(const char *text, const char *end);

/*
 * The row of words that comes nearest to text (edit distance at most a
 * third of its length, at least 1), or NULL. words ends with NULL.
 */
const char *kw_text_nearest(const char *text, const char *const *words);
/* The edit distance itself (insert, remove, replace, swap of neighbours). */
size_t kw_text_distance(const char *a, const char *b);

/* FNV-1a, 64 bits: for tables and identities, not for security. */
uint64_t kw_text_hash(const void *bytes, size_t length);

#endif
