/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formulas of a register map. A multiplier may use what comes from registers
 * as it is; a formula also what has such a multiplier and the formulas above
 * it. So nothing can go round in a circle, and one pass computes all.
 */
#include "base/diag.h"
#include "base/formula.h"
#include "base/text.h"
#include "core/quantity.h"
#include "meter/map_cell.h"

#include <string.h>

/* Whose formula is compiled. */
struct scope {
    const struct kw_map *map;
    size_t index;
};

/* True when the point at that index has its value by then. */
static bool may_use(const struct scope *scope, size_t index)
{
    const struct kw_map_point *point = &scope->map->points[index];

    if (point->quantity->kind == KW_QUANTITY_TEXT)
        return false;
    if (kw_map_point_is_read(&scope->map->points[scope->index]))
        return kw_map_point_is_read(point) && point->compute == NULL &&
               index != scope->index;
    return kw_map_point_is_read(point) || index < scope->index;
}

static bool find_value(void *arg, const char *name, uint16_t *index,
                       struct kw_dimension *dimension)
{
    const struct scope *scope = arg;
    double factor;

    for (size_t i = 0; i < scope->map->count; i++) {
        const struct kw_quantity *quantity = scope->map->points[i].quantity;

        if (strcmp(quantity->name, name) != 0)
            continue;
        *index = (uint16_t)i;
        return may_use(scope, i) &&
               kw_unit_find(quantity->unit, &factor, dimension);
    }
    return false;
}

static bool find_unit(void *arg, const char *name, double *factor,
                      struct kw_dimension *dimension)
{
    (void)arg;
    return kw_unit_find(name, factor, dimension);
}

/* The result is of the quantity's dimension, a multiplier a mere number. */
static bool fits(const struct kw_map_point *point,
                 const struct kw_formula_result *result)
{
    struct kw_dimension wanted = {{0}};
    double factor;

    if (!kw_map_point_is_read(point) &&
        !kw_unit_find(point->quantity->unit, &factor, &wanted))
        return false;
    return result->constant || kw_dimension_equal(result->dimension, wanted);
}

/* Of the operands the class that is read most often; false without any. */
static bool fastest(const struct kw_map *map, const struct kw_formula *formula,
                    enum kw_map_class *found)
{
    size_t at = 0;
    uint16_t index;

    *found = KW_MAP_ONCE;
    while (kw_formula_operand(formula, &at, &index)) {
        if (map->points[index].read_class < *found)
            *found = map->points[index].read_class;
    }
    return *found != KW_MAP_ONCE;
}

static int compile(const struct kw_map_row *row, struct kw_map *map,
                   size_t index, enum kw_map_column column, size_t skip)
{
    struct scope scope = {map, index};
    const struct kw_formula_names names = {find_value, find_unit, &scope};
    struct kw_map_point *point = &map->points[index];
    struct kw_mark mark = row->csv->mark[column];
    struct kw_formula_result result;
    struct kw_formula_error error;
    enum kw_map_class found;
    int err =
        kw_formula_compile(&point->compute, row->csv->field[column] + skip,
                           &names, &result, &error);

    if (err == KW_EINVAL) {
        mark.column += (unsigned)(error.at + skip);
        return kw_diag_add(row->diag, mark, NULL, "%s: %s",
                           kw_meter_map_column(column), error.text);
    }
    if (err != 0)
        return err;
    map->computed++;
    if (!fastest(map, point->compute, &found))
        return kw_diag_add(row->diag, mark, NULL,
                           "%s: at least one quantity of this map is expected",
                           kw_meter_map_column(column));
    if (!kw_map_point_is_read(point))
        point->read_class = found;
    if (!fits(point, &result))
        return kw_diag_add(
            row->diag, mark, NULL, "%s: what comes out is not in %s",
            kw_meter_map_column(column),
            kw_map_point_is_read(point) ? "a number without a unit"
                                        : point->quantity->unit);
    return 0;
}

int kw_meter_map_compile(const struct kw_map_row *row, struct kw_map *map,
                         size_t index)
{
    double number;

    if (!kw_map_point_is_read(&map->points[index]))
        return compile(row, map, index, KW_MAP_FORMULA, 1);
    if (kw_text_parse_real(row->csv->field[KW_MAP_MULTIPLIER], &number) != 0)
        return compile(row, map, index, KW_MAP_MULTIPLIER, 0);
    return 0;
}
