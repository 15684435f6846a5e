/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads comma separated text, one row at a time, with the place of each field.
 *
 * Form: RFC 4180 without line breaks in fields; lines end with LF. Lines that
 * begin with '#' before the first row are `#key: value` lines, those with "# "
 * are remarks anywhere.
 */
#ifndef KW_PLANT_CSV_H
#define KW_PLANT_CSV_H

#include "util.h"

enum { KW_PLANT_CSV_FIELDS = 24 };

/* One field; the text lives in the reader. Columns count from 1. */
struct kw_plant_field {
    char *text;
    unsigned column;
};

struct kw_plant_csv {
    const char *path; /* borrowed; for messages */
    char *data;       /* owned; changed in place while reading */
    char *next;       /* the next line to read */
    unsigned line;    /* number of the line read last, from 1 */
};

/* Takes `data`, a text from kw_plant_alloc(). `path` only names it. */
void kw_plant_csv_take(struct kw_plant_csv *csv, const char *path, char *data);

/* Reads a whole file of at most 1 MiB. 0, or -1 with a message. */
int kw_plant_csv_load(struct kw_plant_csv *csv, const char *path,
                      struct kw_plant_diag *diag);

/* Reads the next `#key: value` line: 1 with key and value set, 0 if the next
 * line is something else (nothing is read then), -1 with a message. */
int kw_plant_csv_key(struct kw_plant_csv *csv, struct kw_plant_field *key,
                     struct kw_plant_field *value, struct kw_plant_diag *diag);

/* Reads the next row that is not empty into `fields`, which has room for
 * KW_PLANT_CSV_FIELDS. Returns the number of fields, 0 at the end, -1 with a
 * message. The fields stay valid until kw_plant_csv_fini(). */
int kw_plant_csv_row(struct kw_plant_csv *csv, struct kw_plant_field *fields,
                     struct kw_plant_diag *diag);

void kw_plant_csv_fini(struct kw_plant_csv *csv);

#endif
