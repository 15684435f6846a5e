/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a register map's row; private to map.c. */
#ifndef KW_METER_MAP_CELL_H
#define KW_METER_MAP_CELL_H

#include "base/csv.h"
#include "meter/map.h"

/* The columns in their order. */
enum kw_map_column {
    KW_MAP_QUANTITY,
    KW_MAP_FUNCTION,
    KW_MAP_ADDRESS,
    KW_MAP_REGISTERS,
    KW_MAP_TYPE,
    KW_MAP_WORD_ORDER,
    KW_MAP_MULTIPLIER,
    KW_MAP_UNIT,
    KW_MAP_CLASS,
    KW_MAP_NA,
    KW_MAP_FORMULA,
    KW_MAP_NOTE,
    KW_MAP_SOURCE,
    KW_MAP_COLUMNS_LEAST, /* those from here on may be left out */
    KW_MAP_MIN = KW_MAP_COLUMNS_LEAST,
    KW_MAP_MAX,
    KW_MAP_COLUMNS
};

/* The column's name in the first row, or NULL past the end. */
const char *kw_meter_map_column(size_t column);

/* A row while it is read: all are borrowed. */
struct kw_map_row {
    const struct kw_csv *csv; /* with at least KW_MAP_COLUMNS_LEAST fields */
    const struct kw_map *map; /* keys and earlier rows */
    const struct kw_quantities *quantities;
    struct kw_diag *diag;
};

/* A finding about a cell: its text, and what was expected. KW_EINVAL. */
int kw_meter_map_refuse(const struct kw_map_row *row, enum kw_map_column column,
                        const char *expected);

/* "u16", "u16[4]", "u32[8:15]": the type, and its bits when not all count. */
struct kw_map_type_word {
    enum kw_map_type type;
    uint8_t shift, bits;
};
bool kw_meter_map_read_type(const char *text, struct kw_map_type_word *word);

/* Type and registers of the point are known. KW_EINVAL with a finding. */
KW_MUST_CHECK int kw_meter_map_read_order(const struct kw_map_row *row,
                                          struct kw_map_point *point);

/* Reads a row but for its formula; findings, all of them, go to diag.
 * KW_EINVAL then. */
KW_MUST_CHECK int kw_meter_map_row(const struct kw_map_row *row,
                                   struct kw_map_point *point);

/*
 * Compiles the row's formula or multiplier when it names other points. All
 * rows of the map have been read and are good; this row is points[index].
 * KW_EINVAL with a finding, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_meter_map_compile(const struct kw_map_row *row,
                                       struct kw_map *map, size_t index);

#endif
