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
    KW_PLANT_STRING,
    KW_PLANT_BCD,     /* a decimal digit in four bits */
    KW_PLANT_SIGN,    /* the first bit is the sign of what follows */
    KW_PLANT_MYRIADS, /* each register -9999 to 9999 */
    KW_PLANT_TYPES
};

enum { KW_PLANT_NAME_BYTES = 64, KW_PLANT_NA_CODES = 4, KW_PLANT_FACTORS = 4 };

/* What a multiplier is made of: a number, another point's value, or ten to
 * the power of that, times or under what stands before it. */
struct kw_plant_factor {
    char name[KW_PLANT_NAME_BYTES]; /* "" for the number */
    size_t point;                   /* index of `name` in the map */
    double number;
    bool exponent, divides;
};

struct kw_plant_point {
    char quantity[KW_PLANT_NAME_BYTES];
    char unit[8];      /* base unit */
    unsigned function; /* 3 or 4 */
    unsigned address, registers;
    enum kw_plant_type type;
    bool low_word_first, low_byte_first;
    unsigned shift, bits; /* only these bits of the registers; bits 0: all */
    bool truncate;        /* counters and times are cut, not rounded */
    bool four_quadrant;   /* a leading power factor is written as 2 - |pf| */
    bool one_character;   /* a string with one character a register */
    double multiplier;    /* raw x multiplier = value in the map's unit */
    struct kw_plant_factor factors[KW_PLANT_FACTORS]; /* instead of it */
    size_t factor_count;
    double to_base; /* value in the map's unit x to_base = base unit */
    uint64_t na[KW_PLANT_NA_CODES]; /* raw codes: not available */
    size_t na_count;
    struct kw_plant_source source;
    size_t at; /* index of its first word in a meter's registers */
};

/* Registers of a type; 0 when it can have several sizes. */
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

/* The point with the multiplier that its factors give, NaN where that is none
 * (not above 0, ten to a power beyond -10 to 10); `value` tells that of the
 * map's point at an index. */
struct kw_plant_point kw_plant_point_fixed(const struct kw_plant_point *point,
                                           double (*value)(const void *arg,
                                                           size_t index),
                                           const void *arg);

/* Writes a raw value, or text, to the point's registers; of a point that has
 * only some of the bits, those. */
void kw_plant_point_put(const struct kw_plant_point *point, uint64_t raw,
                        uint16_t *words);
void kw_plant_point_put_text(const struct kw_plant_point *point,
                             const char *text, uint16_t *words);

#endif
