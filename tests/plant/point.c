/* SPDX-License-Identifier: Apache-2.0 */
#include "point.h"

#include <float.h>
#include <math.h>
#include <string.h>

unsigned kw_plant_type_registers(enum kw_plant_type type)
{
    static const unsigned registers[KW_PLANT_TYPES] = {
        [KW_PLANT_U16] = 1, [KW_PLANT_S16] = 1, [KW_PLANT_U32] = 2,
        [KW_PLANT_S32] = 2, [KW_PLANT_F32] = 2, [KW_PLANT_U64] = 4,
        [KW_PLANT_S64] = 4, [KW_PLANT_F64] = 4,
    };
    return registers[type];
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

static unsigned width(const struct kw_plant_point *point)
{
    return point->bits > 0 ? point->bits : 16 * point->registers;
}

/* All ones in as many bits as the point has. */
static uint64_t mask(const struct kw_plant_point *point)
{
    unsigned bits = width(point);
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* Ten to the power of four for each register. */
static uint64_t myriads(unsigned registers)
{
    uint64_t number = 1;
    while (registers-- > 0)
        number *= 10000;
    return number;
}

/* Decimal digits, four a register, in so many bits each: 4 for BCD. */
static uint64_t bcd(uint64_t number)
{
    uint64_t raw = 0;
    for (unsigned i = 0; number > 0; i += 4, number /= 10)
        raw |= (number % 10) << i;
    return raw;
}

/* A register for each four digits; a negative number is so in each. */
static uint64_t split_myriads(uint64_t number, bool negative)
{
    uint64_t raw = 0;
    for (unsigned i = 0; number > 0; i += 16, number /= 10000) {
        uint64_t part = number % 10000;
        raw |= ((negative ? 0x10000 - part : part) & 0xFFFF) << i;
    }
    return raw;
}

static bool is_na(const struct kw_plant_point *point, uint64_t raw)
{
    for (size_t i = 0; i < point->na_count; i++)
        if (point->na[i] == raw)
            return true;
    return false;
}

static uint64_t sign_bit(const struct kw_plant_point *point)
{
    return UINT64_C(1) << (16 * point->registers - 1);
}

static uint64_t lowest(const struct kw_plant_point *point)
{
    switch ((int)point->type) {
    case KW_PLANT_F32:
        return float_bits(-FLT_MAX);
    case KW_PLANT_F64:
        return double_bits(-DBL_MAX);
    case KW_PLANT_SIGN:
        return mask(point);
    case KW_PLANT_MYRIADS:
        return split_myriads(myriads(point->registers) - 1, true);
    default:
        return is_signed(point->type) ? mask(point) - mask(point) / 2 : 0;
    }
}

static uint64_t highest(const struct kw_plant_point *point)
{
    switch ((int)point->type) {
    case KW_PLANT_F32:
        return float_bits(FLT_MAX);
    case KW_PLANT_F64:
        return double_bits(DBL_MAX);
    case KW_PLANT_BCD:
        return bcd(myriads(point->registers) - 1);
    case KW_PLANT_SIGN:
        return mask(point) / 2;
    case KW_PLANT_MYRIADS:
        return split_myriads(myriads(point->registers) - 1, false);
    default:
        return is_signed(point->type) ? mask(point) / 2 : mask(point);
    }
}

uint64_t kw_plant_point_min(const struct kw_plant_point *point)
{
    uint64_t raw = lowest(point);
    while (is_na(point, raw))
        raw++;
    return raw;
}

uint64_t kw_plant_point_max(const struct kw_plant_point *point)
{
    uint64_t raw = highest(point);
    while (is_na(point, raw))
        raw--;
    return raw;
}

/* What a whole number that fits becomes. */
static uint64_t code(const struct kw_plant_point *point, double x)
{
    uint64_t size = (uint64_t)fabs(x);
    switch ((int)point->type) {
    case KW_PLANT_BCD:
        return bcd(size);
    case KW_PLANT_SIGN:
        return size | (x < 0 ? sign_bit(point) : 0);
    case KW_PLANT_MYRIADS:
        return split_myriads(size, x < 0);
    default:
        return (x < 0 ? 0 - size : size) & mask(point);
    }
}

/* The first number above all that the point can show, and below none: 2^63
 * and 2^64 are exact in a double, the numbers just below are not. */
static void limits(const struct kw_plant_point *point, double *below,
                   double *above)
{
    double half = ldexp(1, (int)width(point) - 1);
    *above = half;
    *below = -half;
    switch ((int)point->type) {
    case KW_PLANT_BCD:
        *above = (double)myriads(point->registers);
        *below = 0;
        break;
    case KW_PLANT_MYRIADS:
        *above = (double)myriads(point->registers);
        *below = 1 - *above;
        break;
    case KW_PLANT_SIGN:
        *below = 1 - half;
        break;
    default:
        if (!is_signed(point->type)) {
            *above = 2 * half;
            *below = 0;
        }
        break;
    }
}

/* What is cut is first raised by less than any meter resolves, since 0.3 /
 * 0.1 is not quite 3. */
static uint64_t encode_integer(const struct kw_plant_point *point, double x)
{
    double below, above;
    if (isnan(x))
        x = 0;
    x = point->truncate ? floor(x + fabs(x) * 1e-12) : nearbyint(x);
    limits(point, &below, &above);
    if (x >= above)
        return kw_plant_point_max(point);
    if (x < below)
        return kw_plant_point_min(point);
    uint64_t raw = code(point, x);
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

static double from_bcd(uint64_t raw)
{
    double value = 0;
    for (int i = 60; i >= 0; i -= 4)
        value = value * 10 + (double)(raw >> i & 15);
    return value;
}

static double from_myriads(uint64_t raw)
{
    double value = 0;
    for (int i = 48; i >= 0; i -= 16) {
        double part = (double)(raw >> i & 0xFFFF);
        value = value * 10000 + (part > 32767 ? part - 65536 : part);
    }
    return value;
}

static double to_number(const struct kw_plant_point *point, uint64_t raw)
{
    if (point->type == KW_PLANT_F32) {
        uint32_t bits = (uint32_t)raw;
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    if (point->type == KW_PLANT_F64) {
        double value;
        memcpy(&value, &raw, sizeof value);
        return value;
    }
    if (point->type == KW_PLANT_BCD)
        return from_bcd(raw);
    if (point->type == KW_PLANT_MYRIADS)
        return from_myriads(raw);
    if (point->type == KW_PLANT_SIGN)
        return raw & sign_bit(point) ? -(double)(raw - sign_bit(point))
                                     : (double)raw;
    if (is_signed(point->type) && raw > highest(point))
        return -(double)((mask(point) - raw) + 1);
    return (double)raw;
}

double kw_plant_point_decode(const struct kw_plant_point *point, uint64_t raw)
{
    if (is_na(point, raw))
        return (double)NAN;
    double value = to_number(point, raw) * point->multiplier;
    if (point->four_quadrant)
        value = unfold(value);
    value *= point->to_base;
    return isfinite(value) ? value : (double)NAN;
}

struct kw_plant_point kw_plant_point_fixed(const struct kw_plant_point *point,
                                           double (*value)(const void *arg,
                                                           size_t index),
                                           const void *arg)
{
    struct kw_plant_point fixed = *point;
    for (size_t i = 0; i < point->factor_count; i++) {
        const struct kw_plant_factor *factor = &point->factors[i];
        double x =
            *factor->name == '\0' ? factor->number : value(arg, factor->point);
        if (factor->exponent)
            x = fabs(x) <= 10 ? pow(10, x) : (double)NAN;
        fixed.multiplier *= factor->divides ? 1 / x : x;
    }
    if (!(fixed.multiplier > 0))
        fixed.multiplier = (double)NAN;
    return fixed;
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
    else if (point->type == KW_PLANT_SIGN || point->type == KW_PLANT_MYRIADS)
        *raw = code(point, -123);
    else if (is_signed(point->type) && width(point) > 8)
        *raw = mask(point) - 122; /* -123 */
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
    if (point->source.part == KW_PLANT_FIXED && point->source.fixed < 20)
        return code(point, (double)(index % 7)); /* a power of ten */
    uint64_t raw = (seed + index) * UINT64_C(0x9E3779B97F4A7C15);
    if (point->type == KW_PLANT_BCD)
        raw = bcd(raw % myriads(point->registers));
    else if (point->type == KW_PLANT_MYRIADS)
        raw = split_myriads(raw % myriads(point->registers), index % 2 == 1);
    raw &= mask(point);
    return is_na(point, raw) ? raw - 1 : raw;
}

static uint16_t swap_bytes(unsigned word)
{
    return (uint16_t)((word << 8 | word >> 8) & 0xFFFF);
}

/* The register that holds the i-th 16 bits, the most significant first. */
static uint16_t *place(const struct kw_plant_point *point, uint16_t *words,
                       unsigned i)
{
    return &words[point->low_word_first ? point->registers - 1 - i : i];
}

static void put_word(const struct kw_plant_point *point, uint16_t *words,
                     unsigned i, unsigned word)
{
    *place(point, words, i) =
        point->low_byte_first ? swap_bytes(word) : (uint16_t)word;
}

/* The registers as they are, most significant bits first. */
static uint64_t get(const struct kw_plant_point *point, uint16_t *words)
{
    uint64_t raw = 0;
    for (unsigned i = 0; i < point->registers; i++) {
        unsigned word = *place(point, words, i);
        raw = raw << 16 | (point->low_byte_first ? swap_bytes(word) : word);
    }
    return raw;
}

void kw_plant_point_put(const struct kw_plant_point *point, uint64_t raw,
                        uint16_t *words)
{
    if (point->bits > 0)
        raw = (get(point, words) & ~(mask(point) << point->shift)) |
              raw << point->shift;
    for (unsigned i = point->registers; i-- > 0; raw >>= 16)
        put_word(point, words, i, (unsigned)(raw & 0xFFFF));
}

void kw_plant_point_put_text(const struct kw_plant_point *point,
                             const char *text, uint16_t *words)
{
    for (unsigned i = 0; i < point->registers; i++) {
        unsigned high = 0;
        if (!point->one_character && *text != '\0')
            high = (unsigned char)*text++;
        unsigned low = *text != '\0' ? (unsigned char)*text++ : 0;
        put_word(point, words, i, high << 8 | low);
    }
}
