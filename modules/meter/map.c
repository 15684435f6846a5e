/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/map.h"

#include "base/diag.h"
#include "base/formula.h"
#include "base/mem.h"
#include "base/text.h"
#include "meter/fingerprint.h"
#include "meter/map_cell.h"
#include "meter/pdu.h"

#include <string.h>

enum { PAUSE_MAX_MS = 10000 };

void kw_meter_map_hold(struct kw_map *map)
{
    map->uses++;
}

void kw_meter_map_drop(struct kw_map *map)
{
    if (map == NULL || --map->uses > 0)
        return;
    for (size_t i = 0; i < map->count; i++)
        kw_formula_free(map->points[i].compute);
    kw_free(map->points);
    kw_free(map);
}

bool kw_meter_map_has_load(const struct kw_map *map, int64_t load)
{
    if (load < 1 || (load > 1 && map->load_stride == 0))
        return false;
    for (size_t i = 0; i < map->count; i++) {
        const struct kw_map_point *point = &map->points[i];

        if (point->address + point->registers + (load - 1) * map->load_stride >
            65536)
            return false;
    }
    return true;
}

/* A whole number of a key from low to high. */
static bool read_limit(const char *text, uint64_t low, uint64_t high,
                       uint16_t *limit)
{
    uint64_t value;

    if (kw_text_parse_u64(text, &value) != 0 || value < low || value > high)
        return false;
    *limit = (uint16_t)value;
    return true;
}

static bool read_address(const char *text, size_t length, uint16_t *address)
{
    char digits[8];

    if (length >= sizeof(digits))
        return false;
    memcpy(digits, text, length);
    digits[length] = 0;
    return read_limit(digits, 0, 65535, address);
}

/* Addresses and ranges with spaces between: "10 20-29". */
static bool read_forbidden(struct kw_map *map, const char *text)
{
    while (*text != 0) {
        struct kw_map_range *range = &map->forbidden[map->forbidden_count];
        size_t length = strcspn(text, " ");
        size_t first = strcspn(text, " -");

        if (map->forbidden_count == KW_MAP_FORBIDDEN ||
            !read_address(text, first, &range->first))
            return false;
        range->last = range->first;
        if (first < length &&
            !read_address(text + first + 1, length - first - 1, &range->last))
            return false;
        if (range->last < range->first)
            return false;
        map->forbidden_count++;
        text += length;
        text += *text == ' ';
    }
    return map->forbidden_count > 0;
}

static bool read_title(struct kw_map *map, const char *text)
{
    return kw_text_copy(map->title, sizeof(map->title), text);
}

static bool read_make(struct kw_map *map, const char *text)
{
    return kw_text_copy(map->make, sizeof(map->make), text);
}

static bool read_max_registers(struct kw_map *map, const char *text)
{
    return read_limit(text, 1, KW_METER_REGISTERS_MAX, &map->max_registers);
}

static bool read_gap(struct kw_map *map, const char *text)
{
    return read_limit(text, 0, 123, &map->gap);
}

static bool read_load_stride(struct kw_map *map, const char *text)
{
    return read_limit(text, 1, 32768, &map->load_stride);
}

static bool read_pause(struct kw_map *map, const char *text)
{
    return kw_text_parse_duration(text, &map->pause_ms) == 0 &&
           map->pause_ms <= PAUSE_MAX_MS;
}

/* "true", or one of the forms of fingerprint.h; several lines add up. */
static bool read_fingerprint(struct kw_map *map, const char *text)
{
    size_t used = strlen(map->fingerprint);
    struct kw_meter_print print;

    if (strcmp(text, "true") == 0) {
        map->identifies_only = true;
        return true;
    }
    if (strcmp(text, "none") == 0) {
        map->never_proposed = true;
        return true;
    }
    if (!kw_meter_print_parse(text, strlen(text), &print) ||
        used + strlen(text) + 1 >= sizeof(map->fingerprint))
        return false;
    if (used > 0)
        map->fingerprint[used++] = '\n';
    return kw_text_copy(map->fingerprint + used,
                        sizeof(map->fingerprint) - used, text);
}

/* The keys of the leading lines and what each expects. */
static const struct {
    const char *key, *expected;
    bool (*read)(struct kw_map *map, const char *text);
} keys[] = {
    {"title", "at most 127 bytes", read_title},
    {"make", "at most 63 bytes", read_make},
    {"max_registers", "1 to 125", read_max_registers},
    {"gap", "0 to 123", read_gap},
    {"load_stride", "1 to 32768", read_load_stride},
    {"pause", "at most 10s", read_pause},
    {"forbidden", "up to 16 addresses or ranges like 20-29", read_forbidden},
    {"fingerprint",
     "true, none, or a map, a quantity and texts, or says, text or number",
     read_fingerprint},
};

/* The text that was expected, or NULL when the value was right. */
static const char *read_key(struct kw_map *map, const char *key,
                            const char *value)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(key, keys[i].key) == 0)
            return keys[i].read(map, value) ? NULL : keys[i].expected;
    }
    return "title, make, max_registers, gap, forbidden, pause, load_stride "
           "or fingerprint as key";
}

static int read_comment(struct kw_map *map, const struct kw_csv *csv,
                        struct kw_diag *diag)
{
    char key[32];
    const char *value, *expected;

    if (!kw_csv_comment(csv, key, sizeof(key), &value))
        return 0;
    expected = read_key(map, key, value);
    if (expected == NULL)
        return 0;
    return kw_diag_add(diag, csv->mark[0], NULL, "%s \"%s\": expected %s", key,
                       value, expected);
}

static int read_header(const struct kw_csv *csv, struct kw_diag *diag)
{
    for (size_t i = 0; i < csv->fields || i < KW_MAP_COLUMNS_LEAST; i++) {
        if (i >= csv->fields)
            return kw_diag_add(diag, csv->mark[0], NULL,
                               "the column %s is missing",
                               kw_meter_map_column(i));
        if (i >= KW_MAP_COLUMNS)
            return kw_diag_add(diag, csv->mark[i], NULL,
                               "column \"%s\": expected no more",
                               csv->field[i]);
        if (strcmp(csv->field[i], kw_meter_map_column(i)) != 0)
            return kw_diag_add(diag, csv->mark[i], NULL,
                               "column \"%s\": expected %s%s", csv->field[i],
                               kw_meter_map_column(i),
                               i < KW_MAP_COLUMNS_LEAST ? "" : " or no more");
    }
    return 0;
}

static int add_point(struct kw_map *map, const struct kw_map_point *point)
{
    /* Grown by doubling at powers of two: no capacity to keep. */
    if ((map->count & (map->count - 1)) == 0) {
        size_t room = map->count == 0 ? 1 : map->count * 2;
        struct kw_map_point *points =
            kw_realloc(map->points, room * sizeof(*points));

        if (points == NULL)
            return KW_ENOMEM;
        map->points = points;
    }
    map->points[map->count++] = *point;
    return 0;
}

static int read_row(struct kw_map *map, struct kw_map_row *row)
{
    struct kw_map_point point = {0};

    if (row->csv->fields > row->csv->width)
        return kw_diag_add(row->diag, row->csv->mark[row->csv->width], NULL,
                           "%zu fields, expected %zu", row->csv->fields,
                           row->csv->width);
    if (kw_meter_map_row(row, &point) != 0)
        return KW_EINVAL;
    return add_point(map, &point);
}

/* Keys, header and rows; findings in diag, an error only when it must end. */
static int read_all(struct kw_map *map, struct kw_csv *csv,
                    struct kw_map_row *row)
{
    bool header = false;
    int err;

    while ((err = kw_csv_next(csv, row->diag)) != KW_EOF) {
        if (err != 0)
            continue; /* told */
        if (csv->comment) {
            (void)read_comment(map, csv, row->diag);
        } else if (!header) {
            header = true;
            /* Without the columns no row can be read. */
            if (read_header(csv, row->diag) != 0)
                return KW_EINVAL;
        } else if (read_row(map, row) == KW_ENOMEM) {
            return KW_ENOMEM;
        }
    }
    if (map->count == 0 && !kw_diag_any(row->diag))
        return kw_diag_add(row->diag, (struct kw_mark){csv->line, 1}, NULL,
                           "at least one point is expected");
    return 0;
}

/*
 * The second time through good rows: formulas may name rows below them.
 * KW_ENOMEM; findings are in diag.
 */
static int compile_all(struct kw_map *map, struct kw_csv *csv,
                       struct kw_map_row *row)
{
    bool header = false;
    size_t index = 0;

    while (index < map->count && kw_csv_next(csv, row->diag) == 0) {
        if (csv->comment)
            continue;
        if (header && kw_meter_map_compile(row, map, index++) == KW_ENOMEM)
            return KW_ENOMEM;
        header = true;
    }
    return 0;
}

static bool found_any(const struct kw_diag *diag, size_t before)
{
    return diag->count + diag->dropped > before;
}

static struct kw_map *map_new(const char *name)
{
    struct kw_map *map = kw_alloc(sizeof(*map));

    if (map == NULL)
        return NULL;
    (void)kw_text_copy(map->name, sizeof(map->name), name);
    (void)kw_text_copy(map->title, sizeof(map->title), name);
    map->uses = 1;
    map->max_registers = KW_METER_REGISTERS_MAX;
    return map;
}

int kw_meter_map_parse(struct kw_map **map, const char *name, const char *text,
                       size_t length, const struct kw_quantities *quantities,
                       struct kw_diag *diag)
{
    size_t before = diag->count + diag->dropped;
    struct kw_csv *csv = kw_alloc(sizeof(*csv)); /* too big for the stack */
    struct kw_map_row row;
    int err = KW_ENOMEM;

    *map = map_new(name);
    if (csv == NULL || *map == NULL)
        goto out;
    (*map)->hash = kw_text_hash(text, length);
    kw_csv_init(csv, text, length);
    row = (struct kw_map_row){csv, *map, quantities, diag};
    err = read_all(*map, csv, &row);
    if (err == 0 && !found_any(diag, before)) {
        kw_csv_init(csv, text, length);
        err = compile_all(*map, csv, &row);
    }
    if (err == 0 && found_any(diag, before))
        err = KW_EINVAL;
out:
    kw_free(csv);
    if (err != 0) {
        kw_meter_map_drop(*map);
        *map = NULL;
    }
    return err;
}
