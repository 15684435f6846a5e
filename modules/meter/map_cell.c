/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/map_cell.h"

#include "base/diag.h"
#include "base/text.h"
#include "core/quantity.h"

#include <string.h>

static const char *const columns[] = {
    "quantity",   "function",   "address", "registers", "type",
    "word_order", "multiplier", "unit",    "class",     "na",
    "formula",    "note",       "source",  NULL,
};
static const char *const types[] = {"bit", "u16", "s16", "u32",    "s32", "u64",
                                    "s64", "f32", "f64", "string", NULL};
static const char *const orders[] = {"be", "le", "-", NULL};
static const char *const classes[] = {"fast", "normal", "slow", NULL};
static const char *const formulas[] = {"", "four_quadrant", NULL};

const char *kw_meter_map_column(size_t column)
{
    return columns[column];
}

unsigned kw_meter_map_type_registers(enum kw_map_type type)
{
    static const uint8_t registers[KW_MAP_TYPES] = {
        [KW_MAP_BIT] = 1, [KW_MAP_U16] = 1, [KW_MAP_S16] = 1,
        [KW_MAP_U32] = 2, [KW_MAP_S32] = 2, [KW_MAP_F32] = 2,
        [KW_MAP_U64] = 4, [KW_MAP_S64] = 4, [KW_MAP_F64] = 4,
    };

    return registers[type];
}

static const char *cell(const struct kw_map_row *row, enum kw_map_column column)
{
    return row->csv->field[column];
}

/* "not a type: u24; bit, u16, ... expected" at the place of the cell. */
static int refuse(const struct kw_map_row *row, enum kw_map_column column,
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
    (void)refuse(row, column, expected);
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
            return refuse(row, KW_MAP_QUANTITY, "each quantity once");
    }
    return 0;
}

static int read_type(const struct kw_map_row *row, struct kw_map_point *point)
{
    int type = word(row, KW_MAP_TYPE, types,
                    "bit, u16, s16, u32, s32, u64, s64, f32, f64 or string");

    if (type < 0)
        return KW_EINVAL;
    point->type = (enum kw_map_type)type;
    if (point->quantity != NULL && point->type == KW_MAP_STRING &&
        point->quantity->kind != KW_QUANTITY_TEXT)
        return refuse(row, KW_MAP_TYPE, "a number for this quantity");
    if (point->function != 0 &&
        (point->function <= 2) != (point->type == KW_MAP_BIT))
        return refuse(row, KW_MAP_TYPE,
                      "bit with function 1 and 2, and only there");
    return 0;
}

/* Function, address and number of registers. */
static int read_place(const struct kw_map_row *row, struct kw_map_point *point)
{
    uint64_t function, address, registers;

    if (kw_text_parse_u64(cell(row, KW_MAP_FUNCTION), &function) != 0 ||
        function < 1 || function > 4)
        return refuse(row, KW_MAP_FUNCTION, "1, 2, 3 or 4");
    point->function = (uint8_t)function;
    if (kw_text_parse_u64(cell(row, KW_MAP_ADDRESS), &address) != 0 ||
        address > 65535)
        return refuse(row, KW_MAP_ADDRESS, "0 to 65535");
    point->address = (uint16_t)address;
    if (kw_text_parse_u64(cell(row, KW_MAP_REGISTERS), &registers) != 0 ||
        registers < 1 || registers > KW_MAP_STRING_REGISTERS)
        return refuse(row, KW_MAP_REGISTERS, "1 to 32");
    if (address + registers > 65536)
        return refuse(row, KW_MAP_REGISTERS, "an end below address 65536");
    if (registers > row->map->max_registers)
        return refuse(row, KW_MAP_REGISTERS, "at most max_registers");
    point->registers = (uint8_t)registers;
    return 0;
}

static int check_place(const struct kw_map_row *row,
                       const struct kw_map_point *point)
{
    unsigned need = kw_meter_map_type_registers(point->type);
    unsigned last = point->address + point->registers - 1U;

    if (need != 0 && need != point->registers)
        return refuse(row, KW_MAP_REGISTERS, "as many as the type has");
    for (size_t i = 0; i < row->map->forbidden_count; i++) {
        if (point->address <= row->map->forbidden[i].last &&
            last >= row->map->forbidden[i].first)
            return refuse(row, KW_MAP_ADDRESS, "none that is forbidden");
    }
    return 0;
}

static int read_order(const struct kw_map_row *row, struct kw_map_point *point)
{
    int order = word(row, KW_MAP_WORD_ORDER, orders, "be, le or -");
    bool several = kw_meter_map_type_registers(point->type) > 1;

    if (order < 0)
        return KW_EINVAL;
    if (several != (order < 2))
        return refuse(row, KW_MAP_WORD_ORDER,
                      "be or le for two and more registers, else -");
    point->low_word_first = order == 1;
    return 0;
}

static int read_multiplier(const struct kw_map_row *row,
                           struct kw_map_point *point)
{
    if (kw_text_parse_real(cell(row, KW_MAP_MULTIPLIER), &point->multiplier) !=
            0 ||
        !(point->multiplier > 0))
        return refuse(row, KW_MAP_MULTIPLIER, "a number above 0");
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
    unsigned digits = 4 * kw_meter_map_type_registers(point->type);
    const char *at = cell(row, KW_MAP_NA);

    while (*at != 0) {
        if (digits == 0 || point->na_count == KW_MAP_NA_CODES ||
            !read_code(&at, digits, &point->na[point->na_count]))
            return refuse(row, KW_MAP_NA, expected);
        point->na_count++;
        at += *at == ' ';
    }
    return 0;
}

static int read_formula(const struct kw_map_row *row,
                        struct kw_map_point *point)
{
    int formula =
        word(row, KW_MAP_FORMULA, formulas, "four_quadrant or nothing");

    if (formula < 0)
        return KW_EINVAL;
    if (formula != KW_MAP_PLAIN &&
        (point->type == KW_MAP_STRING || point->read_class == KW_MAP_ONCE))
        return refuse(row, KW_MAP_FORMULA, "nothing for a text");
    point->formula = (enum kw_map_formula)formula;
    return 0;
}

int kw_meter_map_row(const struct kw_map_row *row, struct kw_map_point *point)
{
    /* Each looks at one thing and all are asked: a user mends a row at once.
     * The place and the type are what others build on. */
    bool quantity = read_quantity(row, point) == 0;
    bool place = read_place(row, point) == 0;
    bool type = read_type(row, point) == 0;
    bool good = quantity && place && type;

    good = (!place || !type || check_place(row, point) == 0) && good;
    good = (!type || read_order(row, point) == 0) && good;
    good = read_multiplier(row, point) == 0 && good;
    good = read_unit(row, point) == 0 && good;
    good = read_class(row, point) == 0 && good;
    good = (!type || read_na(row, point) == 0) && good;
    good = read_formula(row, point) == 0 && good;
    return good ? 0 : KW_EINVAL;
}
