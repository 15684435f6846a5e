/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/map_cell.h"

#include "base/diag.h"
#include "base/text.h"
#include "core/quantity.h"

#include <math.h>
#include <string.h>

static const char *const columns[] = {
    "quantity",   "function", "address", "registers", "type",    "word_order",
    "multiplier", "unit",     "class",   "na",        "formula", "note",
    "source",     "min",      "max",     NULL,
};
static const char *const classes[] = {"fast", "normal", "slow", NULL};

const char *kw_meter_map_column(size_t column)
{
    return columns[column];
}

static const char *cell(const struct kw_map_row *row, enum kw_map_column column)
{
    return column < row->csv->fields ? row->csv->field[column] : "";
}

/* True for a row without registers, which has a formula instead. */
static bool is_computed(const struct kw_map_row *row)
{
    return cell(row, KW_MAP_FORMULA)[0] == '=';
}

int kw_meter_map_refuse(const struct kw_map_row *row, enum kw_map_column column,
                        const char *expected)
{
    return kw_diag_add(row->diag, row->csv->mark[column], NULL,
                       "%s \"%s\": expected %s", columns[column],
                       cell(row, column), expected);
}

/* Index of the word, or -1 with a finding. */
static int word(const struct kw_map_row *row, enum kw_map_column column,
                const char *const *words, const char *expected)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], cell(row, column)) == 0)
            return i;
    }
    (void)kw_meter_map_refuse(row, column, expected);
    return -1;
}

static int read_quantity(const struct kw_map_row *row,
                         struct kw_map_point *point)
{
    const char *name = cell(row, KW_MAP_QUANTITY), *nearest;

    point->quantity = kw_quantities_find(row->quantities, name);
    if (point->quantity == NULL) {
        nearest = kw_quantities_nearest(row->quantities, name);
        return kw_diag_add(row->diag, row->csv->mark[KW_MAP_QUANTITY], NULL,
                           "quantity \"%s\" is not known%s%s%s", name,
                           nearest != NULL ? ": did you mean " : "",
                           nearest != NULL ? nearest : "",
                           nearest != NULL ? "?" : "");
    }
    for (size_t i = 0; i < row->map->count; i++) {
        if (row->map->points[i].quantity == point->quantity)
            return kw_meter_map_refuse(row, KW_MAP_QUANTITY,
                                       "each quantity once");
    }
    return 0;
}

static int read_type(const struct kw_map_row *row, struct kw_map_point *point)
{
    struct kw_map_type_word word;

    if (!kw_meter_map_read_type(cell(row, KW_MAP_TYPE), &word))
        return kw_meter_map_refuse(
            row, KW_MAP_TYPE,
            "bit, u16, s16, u32, s32, u64, s64 (with bits: u16[4:7]), f32, "
            "f64, bcd16, bcd32, bcd64, sm16, sm32, mod10000 or string");
    point->type = word.type;
    point->shift = word.shift;
    point->bits = word.bits;
    if (point->quantity != NULL && point->type == KW_MAP_STRING &&
        point->quantity->kind != KW_QUANTITY_TEXT)
        return kw_meter_map_refuse(row, KW_MAP_TYPE,
                                   "a number for this quantity");
    if (point->function != 0 &&
        (point->function <= 2) != (point->type == KW_MAP_BIT))
        return kw_meter_map_refuse(row, KW_MAP_TYPE,
                                   "bit with function 1 and 2, and only there");
    return 0;
}

/* Function, address and number of registers. */
static int read_place(const struct kw_map_row *row, struct kw_map_point *point)
{
    uint64_t function, address, registers;

    if (kw_text_parse_u64(cell(row, KW_MAP_FUNCTION), &function) != 0 ||
        function < 1 || function > 4)
        return kw_meter_map_refuse(row, KW_MAP_FUNCTION, "1, 2, 3 or 4");
    point->function = (uint8_t)function;
    if (kw_text_parse_u64(cell(row, KW_MAP_ADDRESS), &address) != 0 ||
        address > 65535)
        return kw_meter_map_refuse(row, KW_MAP_ADDRESS, "0 to 65535");
    point->address = (uint16_t)address;
    if (kw_text_parse_u64(cell(row, KW_MAP_REGISTERS), &registers) != 0 ||
        registers < 1 || registers > KW_MAP_STRING_REGISTERS)
        return kw_meter_map_refuse(row, KW_MAP_REGISTERS, "1 to 32");
    if (address + registers > 65536)
        return kw_meter_map_refuse(row, KW_MAP_REGISTERS,
                                   "an end below address 65536");
    if (registers > row->map->max_registers)
        return kw_meter_map_refuse(row, KW_MAP_REGISTERS,
                                   "at most max_registers");
    point->registers = (uint8_t)registers;
    return 0;
}

static int check_place(const struct kw_map_row *row,
                       const struct kw_map_point *point)
{
    unsigned need = kw_meter_map_type_registers(point->type);
    unsigned last = point->address + point->registers - 1U;

    if (point->type == KW_MAP_MOD10000 &&
        (point->registers < 2 || point->registers > 4))
        return kw_meter_map_refuse(row, KW_MAP_REGISTERS,
                                   "2, 3 or 4 for mod10000");
    if (need != 0 && need != point->registers)
        return kw_meter_map_refuse(row, KW_MAP_REGISTERS,
                                   "as many as the type has");
    for (size_t i = 0; i < row->map->forbidden_count; i++) {
        if (point->address <= row->map->forbidden[i].last &&
            last >= row->map->forbidden[i].first)
            return kw_meter_map_refuse(row, KW_MAP_ADDRESS,
                                       "none that is forbidden");
    }
    return 0;
}

/* A number, or names of other points, which are looked up when all are known.
 */
static int read_multiplier(const struct kw_map_row *row,
                           struct kw_map_point *point)
{
    const char *text = cell(row, KW_MAP_MULTIPLIER);
    bool is_text =
        point->quantity != NULL && point->quantity->kind == KW_QUANTITY_TEXT;

    if (kw_text_parse_real(text, &point->multiplier) == 0)
        return point->multiplier > 0
                   ? 0
                   : kw_meter_map_refuse(row, KW_MAP_MULTIPLIER,
                                         "a number above 0");
    point->multiplier = 1;
    if (text[0] == 0 || is_text || point->type == KW_MAP_BIT)
        return kw_meter_map_refuse(row, KW_MAP_MULTIPLIER, "a number above 0");
    if (cell(row, KW_MAP_FORMULA)[0] != 0)
        return kw_meter_map_refuse(row, KW_MAP_MULTIPLIER,
                                   "a number beside a formula");
    return 0;
}

static int read_unit(const struct kw_map_row *row, struct kw_map_point *point)
{
    const char *unit = cell(row, KW_MAP_UNIT);

    if (point->quantity == NULL)
        return KW_EINVAL;
    point->factor = kw_unit_factor(unit, point->quantity->unit);
    if (!(point->factor > 0))
        return kw_diag_add(row->diag, row->csv->mark[KW_MAP_UNIT], NULL,
                           "unit \"%s\" does not convert to %s of %s", unit,
                           point->quantity->unit, point->quantity->name);
    return 0;
}

static int read_class(const struct kw_map_row *row, struct kw_map_point *point)
{
    int found = word(row, KW_MAP_CLASS, classes, "fast, normal or slow");

    if (found < 0 || point->quantity == NULL)
        return KW_EINVAL;
    point->read_class = point->quantity->kind == KW_QUANTITY_TEXT
                            ? KW_MAP_ONCE
                            : (enum kw_map_class)found;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Reads exactly digits hexadecimal digits at *at and moves behind them. */
static bool read_code(const char **at, unsigned digits, uint64_t *code)
{
    *code = 0;
    for (; digits > 0; digits--, ++*at) {
        int digit = hex_digit(**at);

        if (digit < 0)
            return false;
        *code = *code << 4 | (unsigned)digit;
    }
    return **at == ' ' || **at == 0;
}

static int read_na(const struct kw_map_row *row, struct kw_map_point *point)
{
    static const char expected[] =
        "up to 4 raw codes in hexadecimal, 4 digits a register, "
        "separated by spaces";
    unsigned digits = point->type == KW_MAP_STRING ? 0 : 4U * point->registers;
    const char *at = cell(row, KW_MAP_NA);

    while (*at != 0) {
        if (digits == 0 || point->na_count == KW_MAP_NA_CODES ||
            !read_code(&at, digits, &point->na[point->na_count]))
            return kw_meter_map_refuse(row, KW_MAP_NA, expected);
        point->na_count++;
        at += *at == ' ';
    }
    return 0;
}

static int read_formula(const struct kw_map_row *row,
                        struct kw_map_point *point)
{
    const char *text = cell(row, KW_MAP_FORMULA);

    if (text[0] == 0)
        return 0;
    if (strcmp(text, "four_quadrant") != 0)
        return kw_meter_map_refuse(row, KW_MAP_FORMULA,
                                   "nothing, four_quadrant, or \"= ...\" in a "
                                   "row without registers");
    if (point->type == KW_MAP_STRING || point->read_class == KW_MAP_ONCE)
        return kw_meter_map_refuse(row, KW_MAP_FORMULA, "nothing for a text");
    point->formula = KW_MAP_FOUR_QUADRANT;
    return 0;
}

static bool is_number(const char *text, double *number)
{
    return text[0] == 0 || kw_text_parse_real(text, number) == 0;
}

/* The bounds of the row in its unit; where it has none, the quantity's. */
static int read_bounds(const struct kw_map_row *row, struct kw_map_point *point)
{
    const char *min = cell(row, KW_MAP_MIN), *max = cell(row, KW_MAP_MAX);
    struct kw_map_bounds own = {-(double)INFINITY, (double)INFINITY};
    int err = 0;

    if (point->quantity == NULL)
        return KW_EINVAL;
    point->bounds =
        (struct kw_map_bounds){point->quantity->min, point->quantity->max};
    point->bounded = min[0] != 0 || max[0] != 0;
    if (!point->bounded)
        return 0;
    if (point->quantity->kind == KW_QUANTITY_TEXT)
        return kw_meter_map_refuse(row, min[0] != 0 ? KW_MAP_MIN : KW_MAP_MAX,
                                   "nothing for a text");
    if (!is_number(min, &own.min))
        err = kw_meter_map_refuse(row, KW_MAP_MIN, "a number or nothing");
    if (!is_number(max, &own.max))
        err = kw_meter_map_refuse(row, KW_MAP_MAX, "a number or nothing");
    if (err == 0 && !(own.min < own.max))
        err = kw_meter_map_refuse(row, KW_MAP_MAX, "a number above min");
    point->bounds = (struct kw_map_bounds){own.min * point->factor,
                                           own.max * point->factor};
    return err;
}

/* What is computed has neither registers nor a class of its own. */
static int read_computed(const struct kw_map_row *row,
                         struct kw_map_point *point)
{
    static const enum kw_map_column empty[] = {
        KW_MAP_FUNCTION,   KW_MAP_ADDRESS,    KW_MAP_REGISTERS, KW_MAP_TYPE,
        KW_MAP_WORD_ORDER, KW_MAP_MULTIPLIER, KW_MAP_CLASS,     KW_MAP_NA,
    };
    const char *unit = cell(row, KW_MAP_UNIT);
    int err = read_quantity(row, point);

    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        if (cell(row, empty[i])[0] != 0)
            err = kw_meter_map_refuse(row, empty[i],
                                      "nothing in a row that is computed");
    }
    point->multiplier = point->factor = 1;
    if (point->quantity == NULL)
        return KW_EINVAL;
    if (point->quantity->kind == KW_QUANTITY_TEXT)
        err = kw_meter_map_refuse(row, KW_MAP_QUANTITY, "a number to compute");
    if (unit[0] != 0 && strcmp(unit, point->quantity->unit) != 0)
        err = kw_diag_add(row->diag, row->csv->mark[KW_MAP_UNIT], NULL,
                          "unit \"%s\": expected nothing or %s, since formulas "
                          "compute in base units",
                          unit, point->quantity->unit);
    if (read_bounds(row, point) != 0)
        err = KW_EINVAL;
    return err;
}

int kw_meter_map_row(const struct kw_map_row *row, struct kw_map_point *point)
{
    bool quantity, place, type, fits, good;

    if (is_computed(row))
        return read_computed(row, point);
    /* Each looks at one thing and all are asked: a user mends a row at once.
     * The place and the type are what others build on. */
    quantity = read_quantity(row, point) == 0;
    place = read_place(row, point) == 0;
    type = read_type(row, point) == 0;
    fits = place && type && check_place(row, point) == 0;
    good = quantity && fits;
    good = (!fits || kw_meter_map_read_order(row, point) == 0) && good;
    good = read_multiplier(row, point) == 0 && good;
    good = read_unit(row, point) == 0 && good;
    good = read_class(row, point) == 0 && good;
    good = (!fits || read_na(row, point) == 0) && good;
    good = read_formula(row, point) == 0 && good;
    good = read_bounds(row, point) == 0 && good;
    return good ? 0 : KW_EINVAL;
}
