/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include "csv.h"

#include <ctype.h>
#include <string.h>

enum {
    QUANTITY,
    FUNCTION,
    ADDRESS,
    REGISTERS,
    TYPE,
    WORD_ORDER,
    MULTIPLIER,
    UNIT,
    CLASS,
    NA,
    FORMULA,
    NOTE,
    SOURCE,
    COLUMNS
};

static const char *const columns[COLUMNS] = {
    "quantity",   "function",   "address", "registers", "type",
    "word_order", "multiplier", "unit",    "class",     "na",
    "formula",    "note",       "source",
};

static const char *const types[] = {"u16", "s16", "u32", "s32",   "u64",
                                    "s64", "f32", "f64", "string"};

static const struct unit {
    const char *name;
    double to_base;
    bool truncate;
} units[] = {
    {"V", 1, false},    {"A", 1, false},   {"W", 1, false},   {"var", 1, false},
    {"VA", 1, false},   {"Wh", 1, true},   {"varh", 1, true}, {"VAh", 1, true},
    {"Hz", 1, false},   {"s", 1, true},    {"h", 3600, true}, {"1", 1, false},
    {"%", 0.01, false}, {"deg", 1, false},
};

/* A row while it is read. */
struct row {
    const struct kw_plant_csv *csv;
    struct kw_plant_field *fields;
    struct kw_plant_diag *diag;
};

static int refuse(const struct row *row, int column, const char *expected)
{
    const struct kw_plant_field *field = &row->fields[column];
    return kw_plant_say(row->diag, "%s:%u:%u: %s '%s': expected %s",
                        row->csv->path, row->csv->line, field->column,
                        columns[column], field->text, expected);
}

static int whole(const struct row *row, int column, unsigned low, unsigned high,
                 unsigned *number)
{
    uint64_t value = 0;
    if (!kw_plant_parse_whole(row->fields[column].text, 10, high, &value) ||
        value < low) {
        char expected[48];
        struct kw_plant_diag text;
        kw_plant_say(&text, "%u to %u", low, high);
        kw_plant_copy(expected, sizeof expected, text.text);
        return refuse(row, column, expected);
    }
    *number = (unsigned)value;
    return 0;
}

static int parse_type(const struct row *row, struct kw_plant_point *point)
{
    size_t i = 0, count = sizeof types / sizeof *types;
    while (i < count && strcmp(types[i], row->fields[TYPE].text) != 0)
        i++;
    if (i == count)
        return refuse(row, TYPE, "u16 s16 u32 s32 u64 s64 f32 f64 or string");
    point->type = (enum kw_plant_type)i;
    unsigned size = kw_plant_type_registers(point->type);
    if (size != 0 && size != point->registers)
        return refuse(row, REGISTERS, "as many as the type has");

    const char *order = row->fields[WORD_ORDER].text;
    bool several = size > 1;
    point->low_word_first = strcmp(order, "le") == 0;
    if (several ? !point->low_word_first && strcmp(order, "be") != 0
                : strcmp(order, "-") != 0)
        return refuse(row, WORD_ORDER, "be or le for several words, else -");
    return 0;
}

static int parse_unit(const struct row *row, struct kw_plant_point *point)
{
    const char *text = row->fields[UNIT].text;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, text) == 0) {
            point->to_base = units[i].to_base;
            point->truncate = units[i].truncate;
            kw_plant_copy(point->unit, sizeof point->unit, text);
            return 0;
        }
    }
    return refuse(row, UNIT, "V A W var VA Wh varh VAh Hz s h 1 % or deg");
}

static int parse_na(const struct row *row, struct kw_plant_point *point)
{
    char text[96];
    char *at = text, *code;
    if (!kw_plant_copy(text, sizeof text, row->fields[NA].text))
        return refuse(row, NA, "a shorter text");
    while ((code = strsep(&at, " ")) != NULL) {
        if (*code == '\0')
            continue;
        uint64_t *na = &point->na[point->na_count];
        if (point->na_count++ == KW_PLANT_NA_CODES ||
            strlen(code) != point->registers * 4 ||
            !kw_plant_parse_whole(code, 16, UINT64_MAX, na))
            return refuse(row, NA, "up to 4 raw codes, 4 digits a register");
    }
    return 0;
}

static int parse_meaning(const struct row *row, struct kw_plant_point *point)
{
    const char *name = row->fields[QUANTITY].text;
    const char *formula = row->fields[FORMULA].text;
    if (!kw_plant_copy(point->quantity, sizeof point->quantity, name) ||
        !kw_plant_source_find(name, &point->source))
        return refuse(row, QUANTITY, "a quantity that the model knows");
    point->one_character = strcmp(name, "vendor_signature") == 0;
    if (point->type == KW_PLANT_STRING &&
        point->source.part != KW_PLANT_ATTRIBUTE)
        return refuse(row, TYPE, "a number for this quantity");
    if (!kw_plant_parse_real(row->fields[MULTIPLIER].text,
                             &point->multiplier) ||
        !(point->multiplier > 0))
        return refuse(row, MULTIPLIER, "a number above 0");
    point->four_quadrant = strcmp(formula, "four_quadrant") == 0;
    if (*formula != '\0' && !point->four_quadrant)
        return refuse(row, FORMULA, "four_quadrant or nothing");
    return 0;
}

static int parse_point(const struct row *row, unsigned max_registers,
                       struct kw_plant_point *point)
{
    if (whole(row, FUNCTION, 3, 4, &point->function) < 0 ||
        whole(row, ADDRESS, 0, 65535, &point->address) < 0 ||
        whole(row, REGISTERS, 1, max_registers, &point->registers) < 0)
        return -1;
    if (point->address + point->registers > 65536)
        return refuse(row, REGISTERS, "an end below address 65536");
    if (parse_type(row, point) < 0 || parse_unit(row, point) < 0 ||
        parse_na(row, point) < 0)
        return -1;
    return parse_meaning(row, point);
}

/* Sorted and apart is what the search in kw_plant_map_read() needs. */
static int add_point(struct kw_plant_map *map, const struct row *row)
{
    struct kw_plant_point point = {0};
    if (parse_point(row, map->max_registers, &point) < 0)
        return -1;
    if (map->count > 0) {
        const struct kw_plant_point *last = &map->points[map->count - 1];
        if (point.function < last->function ||
            (point.function == last->function &&
             point.address < last->address + last->registers))
            return refuse(row, ADDRESS, "an address above the row before");
    }
    if (kw_plant_map_point(map, point.quantity) != NULL)
        return refuse(row, QUANTITY, "each quantity once");
    point.at = map->words;
    map->words += point.registers;
    if (strstr(point.quantity, "_l2") != NULL)
        map->phases = 3;
    map->points =
        kw_plant_grow(map->points, map->count + 1, sizeof *map->points);
    map->points[map->count++] = point;
    return 0;
}

/* Addresses and ranges with spaces between: `10 20-29`. */
static bool parse_ranges(struct kw_plant_map *map, char *text)
{
    char *part;
    while ((part = strsep(&text, " ")) != NULL) {
        char *end = strchr(part, '-');
        if (end != NULL)
            *end++ = '\0';
        uint64_t first = 0, last = 0;
        if (map->forbidden_count == KW_PLANT_RANGES ||
            !kw_plant_parse_whole(part, 10, 65535, &first) ||
            !kw_plant_parse_whole(end != NULL ? end : part, 10, 65535, &last) ||
            last < first)
            return false;
        map->forbidden[map->forbidden_count++] =
            (struct kw_plant_range){(unsigned)first, (unsigned)last};
    }
    return true;
}

/* `true`, or: map, quantity, texts with | between of which the first is what
 * the simulated meter says, in capitals as the real ones do. What other forms
 * ask for no simulated meter has: the scan tries them in vain. */
static bool parse_fingerprint(struct kw_plant_map *map, char *text)
{
    map->is_fingerprint = strcmp(text, "true") == 0;
    if (map->is_fingerprint)
        return true;
    const char *name = strsep(&text, " ");
    if (strcmp(name, "says") == 0 || strcmp(name, "text") == 0 ||
        strcmp(name, "number") == 0)
        return text != NULL;
    const char *quantity = strsep(&text, " ");
    const char *identity = strsep(&text, "|");
    if (quantity == NULL || identity == NULL || *identity == '\0' ||
        !kw_plant_copy(map->fingerprint, sizeof map->fingerprint, name) ||
        !kw_plant_copy(map->identity, sizeof map->identity, identity))
        return false;
    for (char *c = map->identity; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return true;
}

static bool parse_limit(const char *text, unsigned high, unsigned *number)
{
    uint64_t value = 0;
    if (!kw_plant_parse_whole(text, 10, high, &value))
        return false;
    *number = (unsigned)value;
    return true;
}

/* `pause` concerns only the reader of a meter. */
static bool parse_key(struct kw_plant_map *map, const char *key, char *value)
{
    if (strcmp(key, "title") == 0)
        return kw_plant_copy(map->title, sizeof map->title, value);
    if (strcmp(key, "make") == 0)
        return kw_plant_copy(map->make, sizeof map->make, value);
    if (strcmp(key, "max_registers") == 0)
        return parse_limit(value, 125, &map->max_registers) &&
               map->max_registers > 0;
    if (strcmp(key, "gap") == 0)
        return parse_limit(value, 123, &map->gap);
    if (strcmp(key, "load_stride") == 0)
        return parse_limit(value, 32768, &map->load_stride);
    if (strcmp(key, "forbidden") == 0)
        return parse_ranges(map, value);
    if (strcmp(key, "fingerprint") == 0)
        return parse_fingerprint(map, value);
    return strcmp(key, "pause") == 0;
}

static int read_keys(struct kw_plant_map *map, struct kw_plant_csv *csv,
                     struct kw_plant_diag *diag)
{
    struct kw_plant_field key, value;
    int found;
    while ((found = kw_plant_csv_key(csv, &key, &value, diag)) > 0) {
        if (!parse_key(map, key.text, value.text))
            return kw_plant_say(diag,
                                "%s:%u:%u: '%s' is unknown or its value is "
                                "not right",
                                csv->path, csv->line, value.column, key.text);
    }
    return found;
}

static int read_rows(struct kw_plant_map *map, struct kw_plant_csv *csv,
                     struct kw_plant_diag *diag)
{
    struct kw_plant_field fields[KW_PLANT_CSV_FIELDS];
    struct row row = {csv, fields, diag};
    int count = kw_plant_csv_row(csv, fields, diag);
    if (count < 0)
        return -1;
    for (int i = 0; i < COLUMNS; i++)
        if (count != COLUMNS || strcmp(fields[i].text, columns[i]) != 0)
            return kw_plant_say(diag,
                                "%s:%u:1: expected the %d columns "
                                "quantity to source",
                                csv->path, csv->line, (int)COLUMNS);
    while ((count = kw_plant_csv_row(csv, fields, diag)) > 0) {
        if (count != COLUMNS)
            return kw_plant_say(diag, "%s:%u:1: %d fields, expected %d",
                                csv->path, csv->line, count, (int)COLUMNS);
        if (add_point(map, &row) < 0)
            return -1;
    }
    return count;
}

int kw_plant_map_load(struct kw_plant_map *map, const char *name,
                      const char *path, struct kw_plant_diag *diag)
{
    struct kw_plant_csv csv;
    *map = (struct kw_plant_map){.max_registers = 125, .phases = 1};
    if (!kw_plant_copy(map->name, sizeof map->name, name))
        return kw_plant_say(diag, "%s: a shorter name was expected", path);
    if (kw_plant_csv_load(&csv, path, diag) < 0)
        return -1;
    int result = read_keys(map, &csv, diag);
    if (result == 0)
        result = read_rows(map, &csv, diag);
    if (result == 0 && map->count == 0)
        result = kw_plant_say(diag, "%s:%u:1: expected at least one point",
                              path, csv.line);
    kw_plant_csv_fini(&csv);
    if (result < 0)
        kw_plant_map_fini(map);
    return result;
}

void kw_plant_map_fini(struct kw_plant_map *map)
{
    kw_plant_free(map->points);
    map->points = NULL;
    map->count = 0;
}

bool kw_plant_map_has_function(const struct kw_plant_map *map,
                               unsigned function)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->points[i].function == function)
            return true;
    return false;
}

const struct kw_plant_point *kw_plant_map_point(const struct kw_plant_map *map,
                                                const char *quantity)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->points[i].quantity, quantity) == 0)
            return &map->points[i];
    return NULL;
}
