/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue of quantities from a file of one row each: name, title, unit,
 * kind, decimals, group, and the bounds min and max, which may be left out.
 * Read once at the start, before any module, since register maps and virtual
 * meters refer to it. Units are the base units only: whatever a meter gives is
 * converted when it is read, so nothing behind that ever asks whether a value
 * is in W or kW.
 *
 * All findings of the file come at once; a catalogue with one is not used.
 */
#include "core/quantity.h"

#include "base/arena.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20, ARENA_MAX_BYTES = 4 << 20, COUNT_MAX = 4096 };

/* The columns from MIN on may be missing. */
enum column { NAME, TITLE, UNIT, KIND, DECIMALS, GROUP, MIN, MAX, COLUMNS };

static const char *const column_names[COLUMNS + 1] = {
    "name", "title", "unit", "kind", "decimals", "group", "min", "max", NULL};

static const char *const kind_names[] = {
    [KW_QUANTITY_GAUGE] = "gauge",
    [KW_QUANTITY_COUNTER] = "counter",
    [KW_QUANTITY_STATE] = "state",
    [KW_QUANTITY_TEXT] = "text",
    NULL,
};

static const char *const base_units[] = {"V",   "A",    "W",   "var", "VA",
                                         "Wh",  "varh", "VAh", "Hz",  "s",
                                         "deg", "1",    NULL};

struct kw_quantities {
    struct kw_arena arena;             /* names, titles, the arrays below */
    struct kw_quantity *items;         /* in the order of the file */
    unsigned *lines;                   /* of the items, for messages */
    const char **names;                /* sorted, NULL at the end */
    const struct kw_quantity **sorted; /* by name */
    size_t count;
};

/* What the reader of one file carries along. */
struct reader {
    struct kw_quantities *list;
    struct kw_csv csv;
    size_t places[COLUMNS]; /* field of each column, from the heading */
    struct kw_diag *diag;
    bool failed;
};

static const char *cell(const struct reader *reader, enum column column)
{
    size_t at = reader->places[column];

    return at < reader->csv.fields ? reader->csv.field[at] : "";
}

/* Notes a cell that isn't as it should be; false, so that it reads well. */
static bool refuse(struct reader *reader, enum column column,
                   const char *expected)
{
    kw_diag_add(reader->diag, reader->csv.mark[reader->places[column]], NULL,
                "%s \"%.60s\" is not valid, expected %s", column_names[column],
                cell(reader, column), expected);
    reader->failed = true;
    return false;
}

/* Index of a word in a list that ends with NULL; -1. */
static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -1;
}

static bool is_lower_name(const char *text)
{
    size_t length = strlen(text);

    return kw_text_is_name(text) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

/* The line of a quantity of that name that came before, or 0. */
static unsigned first_line(const struct kw_quantities *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0)
            return list->lines[i];
    }
    return 0;
}

/* A bound of the row; without one what is given instead. */
static bool read_bound(const struct reader *reader, enum column column,
                       double none, double *bound)
{
    const char *text = cell(reader, column);

    *bound = none;
    return text[0] == 0 || kw_text_parse_real(text, bound) == 0;
}

static bool check_bounds(struct reader *reader)
{
    double min, max;
    bool good = true;

    if (!read_bound(reader, MIN, -(double)INFINITY, &min))
        good = refuse(reader, MIN, "a number or nothing");
    if (!read_bound(reader, MAX, (double)INFINITY, &max))
        good = refuse(reader, MAX, "a number or nothing");
    return good &&
           (min < max || refuse(reader, MAX, "a number above that of min"));
}

static bool check_row(struct reader *reader)
{
    const char *title = cell(reader, TITLE), *decimals = cell(reader, DECIMALS);
    unsigned line = first_line(reader->list, cell(reader, NAME));
    bool good = true;

    if (!is_lower_name(cell(reader, NAME)))
        good = refuse(reader, NAME,
                      "lower-case letters, digits and '_', at most 63");
    if (title[0] == 0 || strlen(title) > 120)
        good = refuse(reader, TITLE, "1 to 120 bytes");
    if (find_word(base_units, cell(reader, UNIT)) < 0)
        good =
            refuse(reader, UNIT, "one of V A W var VA Wh varh VAh Hz s deg 1");
    if (find_word(kind_names, cell(reader, KIND)) < 0)
        good = refuse(reader, KIND, "one of gauge counter state text");
    if (decimals[0] < '0' || decimals[0] > '6' || decimals[1] != 0)
        good = refuse(reader, DECIMALS, "a digit from 0 to 6");
    if (!is_lower_name(cell(reader, GROUP)))
        good = refuse(reader, GROUP, "a lower-case name");
    good = check_bounds(reader) && good;
    if (line > 0) {
        kw_diag_add(reader->diag, reader->csv.mark[reader->places[NAME]], NULL,
                    "the quantity \"%s\" is here twice, first on line %u",
                    cell(reader, NAME), line);
        reader->failed = true;
    }
    return good && line == 0;
}

static const char *copy(struct reader *reader, enum column column)
{
    const char *text = cell(reader, column);

    return kw_arena_strndup(&reader->list->arena, text, strlen(text));
}

static int add_row(struct reader *reader)
{
    struct kw_quantities *list = reader->list;
    struct kw_quantity *item = &list->items[list->count];

    if (list->count == COUNT_MAX)
        return kw_diag_add(reader->diag, reader->csv.mark[0], NULL,
                           "more than %d quantities", COUNT_MAX);
    item->name = copy(reader, NAME);
    item->title = copy(reader, TITLE);
    item->unit = copy(reader, UNIT);
    item->group = copy(reader, GROUP);
    if (item->name == NULL || item->title == NULL || item->unit == NULL ||
        item->group == NULL)
        return KW_ENOMEM;
    item->kind =
        (enum kw_quantity_kind)find_word(kind_names, cell(reader, KIND));
    item->decimals = (unsigned)(cell(reader, DECIMALS)[0] - '0');
    /* Both were checked. */
    (void)read_bound(reader, MIN, -(double)INFINITY, &item->min);
    (void)read_bound(reader, MAX, (double)INFINITY, &item->max);
    list->lines[list->count++] = reader->csv.mark[0].line;
    return 0;
}

/* Which field is which column, by their names. */
static int read_heading(struct reader *reader)
{
    const struct kw_csv *csv = &reader->csv;
    int err = 0;

    for (size_t c = 0; c < COLUMNS; c++) {
        size_t at = 0;

        while (at < csv->fields && strcmp(csv->field[at], column_names[c]) != 0)
            at++;
        if (at == csv->fields && c < MIN)
            err = kw_diag_add(reader->diag, csv->mark[0], NULL,
                              "the heading has no column \"%s\"",
                              column_names[c]);
        reader->places[c] = at;
    }
    return err;
}

/* Next record that is no comment; wrong ones are noted and passed over. */
static int next_record(struct reader *reader)
{
    int err;

    do {
        err = kw_csv_next(&reader->csv, reader->diag);
        reader->failed |= err == KW_EINVAL;
    } while (err == KW_EINVAL || (err == 0 && reader->csv.comment));
    return err;
}

static int read_rows(struct reader *reader)
{
    size_t fields;
    int err = next_record(reader);

    if (err == KW_EOF)
        return kw_diag_say(reader->diag, "is empty, expected a heading line");
    err = read_heading(reader);
    fields = reader->csv.fields;
    while (err == 0 && (err = next_record(reader)) == 0) {
        if (reader->csv.fields != fields) {
            kw_diag_add(reader->diag, reader->csv.mark[fields], NULL,
                        "%zu fields, expected %zu", reader->csv.fields, fields);
            reader->failed = true;
        } else if (check_row(reader)) {
            err = add_row(reader);
        }
    }
    if (err != KW_EOF)
        return err;
    return reader->failed ? KW_EINVAL : 0;
}

static int compare(const void *left, const void *right)
{
    const struct kw_quantity *const *a = left, *const *b = right;

    return strcmp((*a)->name, (*b)->name);
}

static void sort(struct kw_quantities *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->sorted[i] = &list->items[i];
    qsort(list->sorted, list->count, sizeof(list->sorted[0]), compare);
    for (size_t i = 0; i < list->count; i++)
        list->names[i] = list->sorted[i]->name;
}

/* Room for as many quantities as the text can have lines. */
static int make_room(struct kw_quantities *list, const char *text,
                     size_t length)
{
    size_t lines = 1;

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    lines = lines < COUNT_MAX ? lines : COUNT_MAX;
    list->items = kw_arena_alloc(&list->arena, lines * sizeof(*list->items));
    list->lines = kw_arena_alloc(&list->arena, lines * sizeof(*list->lines));
    list->sorted = kw_arena_alloc(&list->arena, lines * sizeof(*list->sorted));
    list->names =
        kw_arena_alloc(&list->arena, (lines + 1) * sizeof(*list->names));
    return list->items != NULL && list->lines != NULL && list->sorted != NULL &&
                   list->names != NULL
               ? 0
               : KW_ENOMEM;
}

int kw_quantities_parse(struct kw_quantities **out, const char *text,
                        size_t length, struct kw_diag *diag)
{
    struct kw_quantities *list = kw_alloc(sizeof(*list));
    struct reader *reader = kw_alloc(sizeof(*reader));
    int err = KW_ENOMEM;

    if (list != NULL && reader != NULL) {
        kw_arena_init(&list->arena, ARENA_MAX_BYTES);
        reader->list = list;
        reader->diag = diag;
        kw_csv_init(&reader->csv, text, length);
        err = make_room(list, text, length);
    }
    if (err == 0)
        err = read_rows(reader);
    kw_free(reader);
    if (err != 0) {
        kw_quantities_free(list);
        return err;
    }
    sort(list);
    *out = list;
    return 0;
}

int kw_quantities_load(struct kw_quantities **list, const char *path,
                       struct kw_diag *diag)
{
    const char *file = diag->file;
    struct kw_buf text;
    int err;

    kw_buf_init(&text, FILE_MAX_BYTES);
    err = kw_file_read(path, &text);
    diag->file = path;
    if (err == 0)
        err = kw_quantities_parse(list, (const char *)text.data, text.length,
                                  diag);
    else if (err != KW_ENOMEM)
        kw_diag_say(diag, "can't be read: %s", kw_strerror(err));
    diag->file = file;
    kw_buf_fini(&text);
    return err;
}

void kw_quantities_free(struct kw_quantities *list)
{
    if (list == NULL)
        return;
    kw_arena_fini(&list->arena);
    kw_free(list);
}

const struct kw_quantity *kw_quantities_find(const struct kw_quantities *list,
                                             const char *name)
{
    const struct kw_quantity key = {.name = name}, *wanted = &key;
    const struct kw_quantity *const *found = bsearch(
        &wanted, list->sorted, list->count, sizeof(list->sorted[0]), compare);

    return found != NULL ? *found : NULL;
}

const char *kw_quantities_nearest(const struct kw_quantities *list,
                                  const char *name)
{
    return kw_text_nearest(name, list->names);
}

size_t kw_quantities_count(const struct kw_quantities *list)
{
    return list->count;
}

const struct kw_quantity *kw_quantities_at(const struct kw_quantities *list,
                                           size_t index)
{
    return index < list->count ? &list->items[index] : NULL;
}

const char *kw_quantity_kind_name(enum kw_quantity_kind kind)
{
    return kind_names[kind];
}
