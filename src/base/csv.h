/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads tables of comma separated values (RFC 4180: quotes doubled, CRLF or
 * LF) record by record from memory, with the place of every field for
 * messages, and takes them as spreadsheets save them too:
 *
 * - The first line that is no comment is the head. It says how many columns
 *   there are: cells behind the last are left out where they are empty, and a
 *   record that ends early is filled up with empty fields. Lines without a
 *   cell are passed over.
 * - Fields stand apart by commas, or by semicolons if that is what comes first
 *   in the head. With semicolons a cell that is a number with a decimal comma
 *   is given with a point: "0,1" is "0.1".
 * - A line that starts with '#' is a comment, also in quotes and with empty
 *   cells behind it.
 * - A byte order mark in front of UTF-8 is skipped.
 *
 * A line end always ends a record, so a field has no line ends in it.
 */
#ifndef KW_BASE_CSV_H
#define KW_BASE_CSV_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

enum { KW_CSV_FIELDS = 24, KW_CSV_RECORD_BYTES = 4096 };

struct kw_csv {
    const char *at, *end; /* borrowed text, need not end with NUL */
    unsigned line;        /* of the next record, from 1 */
    char separator;       /* ',' or ';' */
    bool comment;         /* the record is a '#' line: one field, what
                             stands behind the '#' */
    size_t width;         /* columns of the head; 0 before it */
    size_t fields;        /* of the current record, at least width */
    const char *field[KW_CSV_FIELDS];   /* NUL-terminated, in text[] */
    struct kw_mark mark[KW_CSV_FIELDS]; /* column counts characters */
    char text[KW_CSV_RECORD_BYTES];
};

/* text may be NULL when length is 0. */
void kw_csv_init(struct kw_csv *csv, const char *text, size_t length);

/*
 * The next record with a cell that isn't empty. 0, KW_EOF, or KW_EINVAL with a
 * finding in diag (unclosed quote, text after a quote, too many or too long
 * fields, bytes that aren't clean UTF-8); reading can go on after KW_EINVAL.
 */
KW_MUST_CHECK int kw_csv_next(struct kw_csv *csv, struct kw_diag *diag);

/*
 * Splits a comment "#key: value", blanks around the value left out: false
 * when it has no such form or the key is longer than key_size allows. value
 * is valid until the next record.
 */
bool kw_csv_comment(const struct kw_csv *csv, char *key, size_t key_size,
                    const char **value);

#endif
