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

static const struct type {
    const char *name;
    enum kw_plant_type type;
    unsigned least, most; /* registers */
    bool parts;           /* bits of it may be taken */
} types[] = {
    {"u16", KW_PLANT_U16, 1, 1, true},
    {"s16", KW_PLANT_S16, 1, 1, true},
    {"u32", KW_PLANT_U32, 2, 2, true},
    {"s32", KW_PLANT_S32, 2, 2, true},
    {"u64", KW_PLANT_U64, 4, 4, true},
    {"s64", KW_PLANT_S64, 4, 4, true},
    {"f32", KW_PLANT_F32, 2, 2, false},
    {"f64", KW_PLANT_F64, 4, 4, false},
    {"string", KW_PLANT_STRING, 1, 32, false},
    {"bcd16", KW_PLANT_BCD, 1, 1, false},
    {"bcd32", KW_PLANT_BCD, 2, 2, false},
    {"bcd64", KW_PLANT_BCD, 4, 4, false},
    {"sm16", KW_PLANT_SIGN, 1, 1, false},
    {"sm32", KW_PLANT_SIGN, 2, 2, false},
    {"mod10000", KW_PLANT_MYRIADS, 2, 4, false},
};

/* With the order of the bytes of a number whose first is A. */
static const struct order {
    const char *name;
    bool one, several; /* for one register, for several */
    bool low_word_first, low_byte_first;
} orders[] = {
    {"-", true, false, false, false},    {"AB", true, false, false, false},
    {"BA", true, false, false, true},    {"be", false, true, false, false},
    {"ABCD", false, true, false, false}, {"le", false, true, true, false},
    {"CDAB", false, true, true, false},  {"BADC", false, true, false, true},
    {"DCBA", false, true, true, true},
};

/* Base units; the readings of counters are cut, not rounded. */
static const struct unit {
    const char *name, *base;
    double to_base;
    bool truncate;
} units[] = {
    {"V", "V", 1, false},      {"A", "A", 1, false},    {"W", "W", 1, false},
    {"var", "var", 1, false},  {"VA", "VA", 1, false},  {"Wh", "Wh", 1, true},
    {"varh", "varh", 1, true}, {"VAh", "VAh", 1, true}, {"Hz", "Hz", 1, false},
    {"s", "s", 1, true},       {"min", "s", 60, true},  {"h", "s", 3600, true},
    {"d", "s", 86400, true},   {"1", "1", 1, false},    {"%", "1", 0.01, false},
    {"deg", "deg", 1, false},
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

/* `[4]` or `[4:7]` at the end of a type. */
static bool parse_bits(char *text, struct kw_plant_point *point)
{
    size_t length = strlen(text);
    uint64_t first = 0, last = 0;
    if (length < 3 || text[length - 1] != ']')
        return false;
    text[length - 1] = '\0';
    char *end = strchr(++text, ':');
    if (end != NULL)
        *end++ = '\0';
    if (!kw_plant_parse_whole(text, 10, 63, &first) ||
        !kw_plant_parse_whole(end != NULL ? end : text, 10, 63, &last) ||
        last < first || last >= 16 * point->registers)
        return false;
    point->shift = (unsigned)first;
    point->bits = (unsigned)(last - first) + 1;
    return true;
}

static int parse_order(const struct row *row, struct kw_plant_point *point)
{
    const char *text = row->fields[WORD_ORDER].text;
    bool several = point->registers > 1;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (strcmp(orders[i].name, text) != 0 ||
            !((several ? orders[i].several : orders[i].one) ||
              (i == 0 && point->type == KW_PLANT_STRING)))
            continue;
        point->low_word_first = orders[i].low_word_first;
        point->low_byte_first = orders[i].low_byte_first;
        return 0;
    }
    return refuse(row, WORD_ORDER,
                  "be or le (ABCD, CDAB, BADC, DCBA) for several words, else "
                  "- (AB, BA)");
}

static int parse_type(const struct row *row, struct kw_plant_point *point)
{
    char text[32], *bits = NULL;
    size_t i = 0, count = sizeof types / sizeof *types;
    if (kw_plant_copy(text, sizeof text, row->fields[TYPE].text))
        bits = strchr(text, '[');
    if (bits != NULL)
        *bits = '\0';
    while (i < count && strcmp(types[i].name, text) != 0)
        i++;
    if (i == count)
        return refuse(row, TYPE,
                      "u16 s16 u32 s32 u64 s64, f32 f64, bcd16 bcd32 bcd64, "
                      "sm16 sm32, mod10000 or string");
    point->type = types[i].type;
    if (point->registers < types[i].least || point->registers > types[i].most)
        return refuse(row, REGISTERS, "as many as the type has");
    if (bits != NULL) {
        *bits = '[';
        if (!types[i].parts || !parse_bits(bits, point))
            return refuse(row, TYPE, "bits as in u16[4:7]");
    }
    return parse_order(row, point);
}

/* Factor of the letter before a unit; 0 if it is none. */
static double prefix(char letter)
{
    switch (letter) {
    case 'm':
        return 0.001;
    case 'k':
        return 1000;
    case 'M':
        return 1e6;
    default:
        return letter == 'G' ? 1e9 : 0;
    }
}

static int parse_unit(const struct row *row, struct kw_plant_point *point)
{
    const char *text = row->fields[UNIT].text;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const struct unit *unit = &units[i];
        bool same = strcmp(unit->name, text) == 0;
        bool scaled = *text != '\0' && prefix(*text) > 0 &&
                      strchr("1%d", *unit->name) == NULL &&
                      unit->to_base == 1 && strcmp(unit->name, text + 1) == 0;
        if (!same && !scaled)
            continue;
        point->to_base = unit->to_base * (same ? 1 : prefix(*text));
        point->truncate = unit->truncate;
        kw_plant_copy(point->unit, sizeof point->unit, unit->base);
        return 0;
    }
    return refuse(row, UNIT,
                  "V A W var VA Wh varh VAh Hz s, with m k M G before, min h "
                  "d 1 % or deg");
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
        if (point->na_count++ == KW_PLANT_NA_CODES || point->bits > 0 ||
            strlen(code) != point->registers * 4 ||
            !kw_plant_parse_whole(code, 16, UINT64_MAX, na))
            return refuse(row, NA, "up to 4 raw codes, 4 digits a register");
    }
    return 0;
}

/* `0.1*10^scale_power*ratio_ct/1000` and the like. */
static bool parse_factors(const char *text, struct kw_plant_point *point)
{
    bool divides = false;
    while (point->factor_count < KW_PLANT_FACTORS) {
        struct kw_plant_factor *factor = &point->factors[point->factor_count++];
        char word[KW_PLANT_NAME_BYTES];
        size_t length = strcspn(text, "*/");
        if (length == 0 || length >= sizeof word)
            return false;
        memcpy(word, text, length);
        word[length] = '\0';
        factor->divides = divides;
        factor->exponent = strncmp(word, "10^", 3) == 0;
        if (!kw_plant_parse_real(word, &factor->number))
            kw_plant_copy(factor->name, sizeof factor->name,
                          factor->exponent ? word + 3 : word);
        text += length;
        if (*text == '\0')
            return true;
        divides = *text++ == '/';
    }
    return false;
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
    point->multiplier = 1;
    if (kw_plant_parse_real(row->fields[MULTIPLIER].text, &point->multiplier)
            ? !(point->multiplier > 0)
            : !parse_factors(row->fields[MULTIPLIER].text, point))
        return refuse(row, MULTIPLIER,
                      "a number above 0, or numbers, quantities and 10^"
                      "quantities with * and / between");
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

/* True if the two are bits of the same registers. */
static bool is_shared(const struct kw_plant_point *a,
                      const struct kw_plant_point *b)
{
    return a->bits > 0 && b->bits > 0 && a->function == b->function &&
           a->address == b->address && a->registers == b->registers &&
           a->low_word_first == b->low_word_first &&
           a->low_byte_first == b->low_byte_first;
}

/* Sorted and apart is what the search in kw_plant_map_read() needs. */
static int find_place(const struct kw_plant_map *map, const struct row *row,
                      struct kw_plant_point *point, unsigned *words)
{
    point->at = map->words;
    *words = point->registers;
    if (map->count == 0)
        return 0;
    const struct kw_plant_point *last = &map->points[map->count - 1];
    if (is_shared(last, point)) {
        point->at = last->at;
        *words = 0;
    } else if (point->function < last->function ||
               (point->function == last->function &&
                point->address < last->address + last->registers)) {
        return refuse(row, ADDRESS, "an address above the row before");
    }
    return 0;
}

/* A row that a reader computes: no registers are behind it. */
static bool is_computed(const struct row *row)
{
    return *row->fields[FORMULA].text == '=' &&
           *row->fields[FUNCTION].text == '\0';
}

static int add_point(struct kw_plant_map *map, const struct row *row)
{
    struct kw_plant_point point = {0};
    unsigned words;
    if (is_computed(row))
        return 0;
    if (parse_point(row, map->max_registers, &point) < 0 ||
        find_place(map, row, &point, &words) < 0)
        return -1;
    if (kw_plant_map_point(map, point.quantity) != NULL)
        return refuse(row, QUANTITY, "each quantity once");
    map->words += words;
    if (strstr(point.quantity, "_l2") != NULL)
        map->phases = 3;
    map->points =
        kw_plant_grow(map->points, map->count + 1, sizeof *map->points);
    map->points[map->count++] = point;
    return 0;
}

/* Finds the points that multipliers name; these have none of their own. */
static int find_factors(struct kw_plant_map *map, const char *path,
                        struct kw_plant_diag *diag)
{
    for (size_t i = 0; i < map->count; i++) {
        struct kw_plant_point *point = &map->points[i];
        for (size_t j = 0; j < point->factor_count; j++) {
            struct kw_plant_factor *factor = &point->factors[j];
            const struct kw_plant_point *other =
                kw_plant_map_point(map, factor->name);
            if (*factor->name == '\0')
                continue;
            if (other == NULL || other->factor_count > 0 ||
                other->type == KW_PLANT_STRING)
                return kw_plant_say(diag,
                                    "%s: the multiplier of '%s' needs '%s', a "
                                    "number without such a multiplier",
                                    path, point->quantity, factor->name);
            factor->point = (size_t)(other - map->points);
        }
    }
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
    if (map->is_fingerprint || strcmp(text, "none") == 0)
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
        if (count < COLUMNS || strcmp(fields[i].text, columns[i]) != 0)
            return kw_plant_say(diag,
                                "%s:%u:1: expected the %d columns "
                                "quantity to source",
                                csv->path, csv->line, (int)COLUMNS);
    int width = count; /* with the bounds, which concern only a reader */
    while ((count = kw_plant_csv_row(csv, fields, diag)) > 0) {
        if (count != width)
            return kw_plant_say(diag, "%s:%u:1: %d fields, expected %d",
                                csv->path, csv->line, count, width);
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
    if (result == 0)
        result = find_factors(map, path, diag);
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
