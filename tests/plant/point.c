/* SPDX-License-Identifier: Apache-2.0 */
#include "point.h"

#include <float.h>
#include <math.h>
#include <string.h>

unsigned kw_plant_type_registers(enum kw_plant_type type)
{
    switch (type) {
    case KW_PLANT_U16:
    case KW_PLANT_S16:
        return 1;
    case KW_PLANT_U32:
    case KW_PLANT_S32:
    case KW_PLANT_F32:
        return 2;
    case KW_PLANT_U64:
    case KW_PLANT_S64:
    case KW_PLANT_F64:
        return 4;
    case KW_PLANT_STRING:
        break;
    }
    return 0;
}

static bool is_signed(enum kw_plant_type type)
{
    return type == KW_PLANT_S16 || type == KW_PLANT_S32 || type == KW_PLANT_S64;
}

static uint64_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* All ones in as many bits as the type has. */
static uint64_t mask(enum kw_plant_type type)
{
    unsigned bits = 16 * kw_plant_type_registers(type);
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static bool is_na(const struct kw_plant_point *point, uint64_t raw)
{
    for (size_t i = 0; i < point->na_count; i++)
        if (point->na[i] == raw)
            return true;
    return false;
}

static uint64_t lowest(enum kw_plant_type type)
{
    if (type == KW_PLANT_F32)
        return float_bits(-FLT_MAX);
    if (type == KW_PLANT_F64)
        return double_bits(-DBL_MAX);
    return is_signed(type) ? mask(type) - mask(type) / 2 : 0;
}

static uint64_t highest(enum kw_plant_type type)
{
    if (type == KW_PLANT_F32)
        return float_bits(FLT_MAX);
    if (type == KW_PLANT_F64)
        return double_bits(DBL_MAX);
    return is_signed(type) ? mask(type) / 2 : mask(type);
}

uint64_t kw_plant_point_min(const struct kw_plant_point *point)
{
    uint64_t raw = lowest(point->type);
    while (is_na(point, raw))
        raw++;
    return raw;
}

uint64_t kw_plant_point_max(const struct kw_plant_point *point)
{
    uint64_t raw = highest(point->type);
    while (is_na(point, raw))
        raw--;
    return raw;
}

/* 2^63 and 2^64 are exact in a double, the numbers just below are not: so
 * the bounds are compared with >=. What is cut is first raised by less than
 * any meter resolves, since 0.3 / 0.1 is not quite 3. */
static uint64_t encode_integer(const struct kw_plant_point *point, double x)
{
    x = point->truncate ? floor(x + fabs(x) * 1e-12) : nearbyint(x);
    int bits = 16 * (int)kw_plant_type_registers(point->type);
    uint64_t raw;
    if (is_signed(point->type)) {
        double limit = ldexp(1, bits - 1);
        if (x >= limit)
            return kw_plant_point_max(point);
        if (x < -limit)
            return kw_plant_point_min(point);
        raw = (uint64_t)(int64_t)x & mask(point->type);
    } else {
        if (x >= ldexp(1, bits))
            return kw_plant_point_max(point);
        raw = x < 0 ? 0 : (uint64_t)x;
    }
    return is_na(point, raw) ? raw - 1 : raw;
}

static double fold(double value, bool leading)
{
    if (!leading)
        return value;
    return value < 0 ? -2 - value : 2 - value;
}

static double unfold(double value)
{
    if (value > 1)
        return 2 - value;
    return value < -1 ? -2 - value : value;
}

uint64_t kw_plant_point_encode(const struct kw_plant_point *point, double value,
                               bool leading)
{
    if (point->four_quadrant)
        value = fold(value, leading);
    double x = value / point->to_base / point->multiplier;
    if (point->type == KW_PLANT_F32)
        return fabs(x) > (double)FLT_MAX
                   ? float_bits(x < 0 ? -FLT_MAX : FLT_MAX)
                   : float_bits((float)x);
    if (point->type == KW_PLANT_F64)
        return double_bits(x);
    return encode_integer(point, x);
}

static double to_number(enum kw_plant_type type, uint64_t raw)
{
    if (type == KW_PLANT_F32) {
        uint32_t bits = (uint32_t)raw;
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    if (type == KW_PLANT_F64) {
        double value;
        memcpy(&value, &raw, sizeof value);
        return value;
    }
    if (is_signed(type) && raw > highest(type))
        return -(double)((mask(type) - raw) + 1);
    return (double)raw;
}

double kw_plant_point_decode(const struct kw_plant_point *point, uint64_t raw)
{
    if (is_na(point, raw))
        return (double)NAN;
    double value = to_number(point->type, raw) * point->multiplier;
    if (point->four_quadrant)
        value = unfold(value);
    return value * point->to_base;
}

bool kw_plant_point_na(const struct kw_plant_point *point, uint64_t *raw)
{
    if (point->na_count > 0)
        *raw = point->na[0];
    else if (point->type == KW_PLANT_F32)
        *raw = UINT64_C(0x7FC00000);
    else if (point->type == KW_PLANT_F64)
        *raw = UINT64_C(0x7FF8000000000000);
    else
        return false;
    return true;
}

bool kw_plant_point_negative(const struct kw_plant_point *point, uint64_t *raw)
{
    if (point->type == KW_PLANT_F32)
        *raw = float_bits(-123.5F);
    else if (point->type == KW_PLANT_F64)
        *raw = double_bits(-123.5);
    else if (is_signed(point->type))
        *raw = mask(point->type) - 122; /* -123 */
    else
        return false;
    return true;
}

/* An odd factor maps the numbers of a type one to one, so that different
 * indexes give different codes; floats step by an eighth from a start that
 * the seed chooses. */
uint64_t kw_plant_point_pattern(const struct kw_plant_point *point,
                                uint64_t seed, unsigned index)
{
    if (point->type == KW_PLANT_F32 || point->type == KW_PLANT_F64) {
        double value = (double)(seed % 4096) + (double)index / 8 + 0.125;
        if (point->four_quadrant)
            value = fmod(value, 4) / 2.001 - 1;
        if ((seed + index) % 3 == 0 && !point->four_quadrant)
            value = -value;
        return point->type == KW_PLANT_F32 ? float_bits((float)value)
                                           : double_bits(value);
    }
    uint64_t raw = (seed + index) * UINT64_C(0x9E3779B97F4A7C15);
    raw &= mask(point->type);
    if (point->type == KW_PLANT_U64)
        raw >>= 1; /* no counter reaches 2^63: a reader may refuse it */
    return is_na(point, raw) ? raw - 1 : raw;
}

void kw_plant_point_put(const struct kw_plant_point *point, uint64_t raw,
                        uint16_t *words)
{
    for (unsigned i = 0; i < point->registers; i++) {
        unsigned place = point->low_word_first ? i : point->registers - 1 - i;
        words[i] = (uint16_t)(raw >> (16 * place) & 0xFFFF);
    }
}

void kw_plant_point_put_text(const struct kw_plant_point *point,
                             const char *text, uint16_t *words)
{
    for (unsigned i = 0; i < point->registers; i++) {
        unsigned high = 0;
        if (!point->one_character && *text != '\0')
            high = (unsigned char)*text++;
        unsigned low = *text != '\0' ? (unsigned char)*text++ : 0;
        words[i] = (uint16_t)(high << 8 | low);
    }
}
