/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/decode.h"

#include "base/sample.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_signed(enum kw_map_type type)
{
    return type == KW_MAP_S16 || type == KW_MAP_S32 || type == KW_MAP_S64;
}

static bool is_float(enum kw_map_type type)
{
    return type == KW_MAP_F32 || type == KW_MAP_F64;
}

/* How the number in the registers is kept before anything is done to it. */
static uint8_t number_encoding(const struct kw_map_point *point)
{
    switch ((int)point->type) {
    case KW_MAP_F32:
        return KW_ENCODING_FLOAT32;
    case KW_MAP_F64:
        return KW_ENCODING_FLOAT64;
    case KW_MAP_U64:
        return KW_ENCODING_UNSIGNED;
    default:
        return KW_ENCODING_INTEGER;
    }
}

uint8_t kw_meter_decode_encoding(const struct kw_map_point *point)
{
    if (point->formula != KW_MAP_PLAIN || !kw_map_point_is_read(point))
        return KW_ENCODING_FLOAT64;
    return number_encoding(point);
}

double kw_meter_decode_scale(const struct kw_map_point *point)
{
    /* A formula works on the value in the map's unit: it is in raw. */
    if (point->formula != KW_MAP_PLAIN)
        return point->factor;
    return kw_scale_product(point->multiplier, point->factor);
}

uint8_t kw_meter_decode_decimals(const struct kw_map_point *point, double scale,
                                 unsigned fallback)
{
    uint8_t decimals = 0;

    if (point->formula != KW_MAP_PLAIN || point->compute != NULL ||
        is_float(point->type))
        return (uint8_t)fallback;
    /* A little more than 1, since 0.001 * 1000 may fall below it. */
    for (scale = fabs(scale) * 1.000001; scale < 1 && decimals < 6; scale *= 10)
        decimals++;
    return decimals;
}

static unsigned register_at(const struct kw_map_point *point,
                            const unsigned char *data, unsigned index)
{
    unsigned at = point->low_word_first ? point->registers - 1U - index : index;
    unsigned first = data[2 * at], second = data[2 * at + 1];

    return point->low_byte_first ? second << 8 | first : first << 8 | second;
}

/* The registers as one bit pattern, most significant register first. */
static uint64_t gather(const struct kw_map_point *point,
                       const unsigned char *data)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < point->registers; i++)
        bits = bits << 16 | register_at(point, data, i);
    return bits;
}

static bool is_na(const struct kw_map_point *point, uint64_t bits)
{
    for (unsigned i = 0; i < point->na_count; i++) {
        if (point->na[i] == bits)
            return true;
    }
    return false;
}

static uint64_t sign_extended(uint64_t bits, unsigned count)
{
    uint64_t sign = UINT64_C(1) << (count - 1);

    return (bits ^ sign) - sign;
}

/* A whole number in two's complement, or some bits of it. */
static uint64_t whole_number(const struct kw_map_point *point, uint64_t bits)
{
    unsigned count = point->bits > 0 ? point->bits : point->registers * 16U;

    bits >>= point->shift;
    if (count < 64)
        bits &= (UINT64_C(1) << count) - 1;
    return is_signed(point->type) ? sign_extended(bits, count) : bits;
}

/* Packed decimal: four bits a digit. */
static bool read_bcd(uint64_t bits, unsigned registers, uint64_t *number)
{
    *number = 0;
    for (unsigned i = registers * 4; i-- > 0;) {
        unsigned digit = bits >> (4 * i) & 15;

        if (digit > 9)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

/* Sign and magnitude: the first bit, and all the others. */
static uint64_t magnitude(uint64_t bits, unsigned registers)
{
    uint64_t sign = UINT64_C(1) << (registers * 16 - 1);

    return bits & sign ? 0 - (bits & ~sign) : bits;
}

/* Each register has four decimal digits, and may have a sign. */
static bool read_mod10000(uint64_t bits, unsigned registers, uint64_t *number)
{
    *number = 0;
    for (unsigned i = registers; i-- > 0;) {
        int64_t part = (int16_t)(uint16_t)(bits >> (16 * i));

        if (part < -9999 || part > 9999)
            return false;
        *number = *number * 10000 + (uint64_t)part;
    }
    return true;
}

/* The number in the encoding of number_encoding; false when it is none. */
static bool read_number(const struct kw_map_point *point, uint64_t bits,
                        uint64_t *number)
{
    switch ((int)point->type) {
    case KW_MAP_BCD16:
    case KW_MAP_BCD32:
    case KW_MAP_BCD64:
        return read_bcd(bits, point->registers, number);
    case KW_MAP_MOD10000:
        return read_mod10000(bits, point->registers, number);
    case KW_MAP_SM16:
    case KW_MAP_SM32:
        *number = magnitude(bits, point->registers);
        return true;
    case KW_MAP_F32:
    case KW_MAP_F64:
        *number = bits;
        return true;
    default:
        *number = whole_number(point, bits);
        return true;
    }
}

static double fold(double value)
{
    if (value > 1)
        return 2 - value;
    return value < -1 ? -2 - value : value;
}

static uint64_t double_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

uint8_t kw_meter_decode_number(const struct kw_map_point *point,
                               const unsigned char *data, uint64_t *raw)
{
    uint64_t bits = gather(point, data), number;
    double value;

    *raw = 0;
    if (is_na(point, bits))
        return KW_QUALITY_BAD_NOT_AVAILABLE;
    if (!read_number(point, bits, &number))
        return KW_QUALITY_BAD_IMPLAUSIBLE;
    if (point->formula != KW_MAP_PLAIN || is_float(point->type)) {
        value =
            kw_sample_value(number_encoding(point), number, point->multiplier);
        if (!isfinite(value))
            return KW_QUALITY_BAD_NOT_AVAILABLE;
        if (point->formula != KW_MAP_PLAIN)
            number = double_bits(fold(value));
    }
    *raw = number;
    return KW_QUALITY_GOOD;
}

uint64_t kw_meter_decode_bit(const unsigned char *data, size_t index)
{
    return ((unsigned)data[index / 8] >> (index % 8)) & 1U;
}

/* Bytes that fill up a text: NUL, blank, and 0xFF of memory never written. */
static bool is_padding(unsigned c)
{
    return c == 0 || c == ' ' || c == 0xFF;
}

/*
 * The bytes of all registers up to a register of NULs, which ends a text
 * whatever stands behind it. A single NUL is passed over: some meters send one
 * character a register.
 */
static size_t string_bytes(const struct kw_map_point *point,
                           const unsigned char *data, unsigned char *bytes)
{
    size_t length = 0;

    for (unsigned i = 0; i < point->registers; i++) {
        unsigned both = register_at(point, data, i);

        if (both == 0)
            break;
        if (both >> 8 != 0)
            bytes[length++] = (unsigned char)(both >> 8);
        if ((both & 0xFF) != 0)
            bytes[length++] = (unsigned char)both;
    }
    return length;
}

static void string_text(const struct kw_map_point *point,
                        const unsigned char *data, char *text, size_t size)
{
    unsigned char bytes[2 * KW_MAP_STRING_REGISTERS];
    size_t end = string_bytes(point, data, bytes), at = 0, length = 0;

    while (end > 0 && is_padding(bytes[end - 1]))
        end--;
    while (at < end && is_padding(bytes[at]))
        at++;
    for (; at < end && length + 1 < size; at++)
        text[length++] =
            bytes[at] >= 0x20 && bytes[at] < 0x7F ? (char)bytes[at] : '?';
    text[length] = 0;
}

void kw_meter_decode_text(const struct kw_map_point *point,
                          const unsigned char *data, char *text, size_t size)
{
    uint64_t raw;

    text[0] = 0;
    if (point->type == KW_MAP_STRING)
        string_text(point, data, text, size);
    else if (kw_meter_decode_number(point, data, &raw) != KW_QUALITY_GOOD)
        return;
    else if (is_float(point->type))
        snprintf(text, size, "%g",
                 kw_sample_value(number_encoding(point), raw, 1));
    else if (point->type == KW_MAP_U64)
        snprintf(text, size, "%" PRIu64, raw);
    else
        snprintf(text, size, "%" PRId64, (int64_t)raw);
}
