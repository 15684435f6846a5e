/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One point of a register map: where it is and how its value is coded in
 * 16 bit registers. Pure.
 */
#ifndef KW_PLANT_POINT_H
#define KW_PLANT_POINT_H

#include "values.h"

enum kw_plant_type {
    KW_PLANT_U16,
    KW_PLANT_S16,
    KW_PLANT_U32,
    KW_PLANT_S32,
    KW_PLANT_U64,
    KW_PLANT_S64,
    KW_PLANT_F32,
    KW_PLANT_F64,
    KW_PLANT_STRING
};

enum { KW_PLANT_NAME_BYTES = 64, KW_PLANT_NA_CODES = 4 };

struct kw_plant_point {
    char quantity[KW_PLANT_NAME_BYTES];
    char unit[8];
    unsigned function; /* 3 or 4 */
    unsigned address, registers;
    enum kw_plant_type type;
    bool low_word_first;
    bool truncate;      /* counters and times are cut, not rounded */
    bool four_quadrant; /* a leading power factor is written as 2 - |pf| */
    bool one_character; /* a string with one character a register */
    double multiplier;  /* raw x multiplier = value in `unit` */
    double to_base;     /* value in `unit` x to_base = base unit */
    uint64_t na[KW_PLANT_NA_CODES]; /* raw codes: not available */
    size_t na_count;
    struct kw_plant_source source;
    size_t at; /* index of its first word in a meter's registers */
};

/* Registers of a type; 0 for a string. */
unsigned kw_plant_type_registers(enum kw_plant_type type);

/* A value in base units as the raw bit pattern, saturated to the type and
 * kept off the codes that mean "not available". `leading` matters only with
 * `four_quadrant`. Not for strings. */
uint64_t kw_plant_point_encode(const struct kw_plant_point *point, double value,
                               bool leading);

/* What a perfect reader makes of `raw`, in base units; NaN if it means "not
 * available". Not for strings. */
double kw_plant_point_decode(const struct kw_plant_point *point, uint64_t raw);

/* Extreme raw codes that are still values. */
uint64_t kw_plant_point_min(const struct kw_plant_point *point);
uint64_t kw_plant_point_max(const struct kw_plant_point *point);

/* The code for "not available"; false if the point has none. */
bool kw_plant_point_na(const struct kw_plant_point *point, uint64_t *raw);

/* A raw value below zero; false if the type has none. */
bool kw_plant_point_negative(const struct kw_plant_point *point, uint64_t *raw);

/* A raw value that differs for each `index` below 32768 and is a valid value
 * of the type; floats stay finite. */
uint64_t kw_plant_point_pattern(const struct kw_plant_point *point,
                                uint64_t seed, unsigned index);

/* Writes a raw value, or text, to the point's registers. */
void kw_plant_point_put(const struct kw_plant_point *point, uint64_t raw,
                        uint16_t *words);
void kw_plant_point_put_text(const struct kw_plant_point *point,
                             const char *text, uint16_t *words);

#endif
