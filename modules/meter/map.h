/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A register map: what a make of meter offers, from one CSV file. Leading
 * lines "#key: value" (title, make, max_registers, gap, forbidden, pause,
 * load_stride, fingerprint), then the columns quantity, function, address,
 * registers, type, word_order, multiplier, unit, class, na, formula, note,
 * source, and perhaps min and max. A map is constant once it is parsed and is
 * shared by the meters that use it.
 */
#ifndef KW_METER_MAP_H
#define KW_METER_MAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_diag;
struct kw_formula;
struct kw_quantities;
struct kw_quantity;

enum {
    KW_MAP_NAME_SIZE = 64,
    KW_MAP_NA_CODES = 4,
    KW_MAP_FORBIDDEN = 16,
    KW_MAP_STRING_REGISTERS = 32, /* longest text: 64 bytes */
    /* Bounds the points too: a row has more than 8 bytes, so their number fits
     * 16 bits. */
    KW_MAP_BYTES_MAX = 512 * 1024,
};

enum kw_map_type {
    KW_MAP_BIT, /* functions 1 and 2 */
    KW_MAP_U16,
    KW_MAP_S16,
    KW_MAP_U32,
    KW_MAP_S32,
    KW_MAP_U64,
    KW_MAP_S64,
    KW_MAP_F32,
    KW_MAP_F64,
    KW_MAP_STRING,
    KW_MAP_BCD16, /* packed decimal: four digits a register */
    KW_MAP_BCD32,
    KW_MAP_BCD64,
    KW_MAP_SM16, /* the first bit is the sign, the others the number */
    KW_MAP_SM32,
    KW_MAP_MOD10000, /* 2 to 4 registers, each -9999 to 9999 */
    KW_MAP_TYPES
};

/* How often a point changes: the meter's entry gives each a period. */
enum kw_map_class {
    KW_MAP_FAST,
    KW_MAP_NORMAL,
    KW_MAP_SLOW,
    KW_MAP_ONCE, /* attributes: read after each connection */
    KW_MAP_CLASSES
};

/* What becomes of a number from registers. */
enum kw_map_formula {
    KW_MAP_PLAIN,
    /* A power factor from -2 to 2: beyond 1 the load is capacitive, and the
     * value is folded back to where it belongs. */
    KW_MAP_FOUR_QUADRANT,
};

/* The least and the largest value that can be; infinite where there is no
 * bound. */
struct kw_map_bounds {
    double min, max;
};

/* False for NaN too. */
static inline bool kw_map_within(const struct kw_map_bounds *bounds,
                                 double value)
{
    return value >= bounds->min && value <= bounds->max;
}

/*
 * A row. One without registers (function 0) is computed from other points, so
 * is the value of one whose multiplier names other points: compute is the
 * value in the first case, the multiplier in the second. What it uses are
 * indexes into the map's points, with their values in base units.
 */
struct kw_map_point {
    const struct kw_quantity *quantity; /* borrowed from core's list */
    uint8_t function;                   /* 1 to 4; 0: no registers */
    uint8_t registers;                  /* 1 to 32; a bit counts 1 */
    uint16_t address;                   /* of the first load */
    enum kw_map_type type;
    enum kw_map_class read_class; /* without registers: of the fastest used */
    enum kw_map_formula formula;
    bool low_word_first, low_byte_first;
    uint8_t shift, bits; /* the number is these bits; bits 0: all */
    uint8_t na_count;
    uint64_t na[KW_MAP_NA_CODES]; /* of the registers: not available */
    double multiplier;            /* number in the registers to map's unit */
    double factor;                /* map's unit to the base unit */
    struct kw_map_bounds bounds;  /* base unit */
    bool bounded; /* by the row: what the meter gives; else by the quantity */
    struct kw_formula *compute; /* owned; NULL: only registers */
};

struct kw_map {
    char name[KW_MAP_NAME_SIZE]; /* the file's, without .csv */
    char title[128], make[64];
    char fingerprint[512]; /* its lines, for the scan: fingerprint.h */
    unsigned uses;         /* holders; freed at 0 */
    uint64_t hash;         /* of the file's content */
    uint16_t max_registers, gap;
    uint16_t load_stride; /* 0: one load only */
    bool identifies_only; /* a block to recognise makes by, not a meter */
    bool never_proposed;  /* by a scan: a pattern for maps, not a make */
    int64_t pause_ms;     /* between two requests to the meter */
    struct kw_map_range {
        uint16_t first, last;
    } forbidden[KW_MAP_FORBIDDEN];
    size_t forbidden_count;
    struct kw_map_point *points; /* owned; in the file's order */
    size_t count;
    size_t computed; /* points with compute */
};

/* True when the point has registers of its own. */
static inline bool kw_map_point_is_read(const struct kw_map_point *point)
{
    return point->function != 0;
}

/*
 * Reads a map. Every mistake goes to diag with file, line and column and
 * refuses the whole map: KW_EINVAL; KW_ENOMEM. diag->file should be set. The
 * map holds quantities' rows, which must live on. *map is owned: one use.
 */
KW_MUST_CHECK int kw_meter_map_parse(struct kw_map **map, const char *name,
                                     const char *text, size_t length,
                                     const struct kw_quantities *quantities,
                                     struct kw_diag *diag);

/* One more user, one less; the last one frees it. */
void kw_meter_map_hold(struct kw_map *map);
void kw_meter_map_drop(struct kw_map *map);

/* Registers of a type, 0 when the row says how many (strings, mod10000). */
unsigned kw_meter_map_type_registers(enum kw_map_type type);

/* True when the meter's numbered loads include that one. */
bool kw_meter_map_has_load(const struct kw_map *map, int64_t load);

#endif
