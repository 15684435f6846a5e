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

uint8_t kw_meter_decode_encoding(const struct kw_map_point *point)
{
    if (point->formula != KW_MAP_PLAIN || point->type == KW_MAP_F64)
        return KW_ENCODING_FLOAT64;
    if (point->type == KW_MAP_F32)
        return KW_ENCODING_FLOAT32;
    return KW_ENCODING_INTEGER;
}

double kw_meter_decode_scale(const struct kw_map_point *point)
{
    /* A formula works on the value in the map's unit: it is in raw. */
    if (point->formula != KW_MAP_PLAIN)
        return point->factor;
    return point->multiplier * point->factor;
}

uint8_t kw_meter_decode_decimals(const struct kw_map_point *point, double scale,
                                 unsigned fallback)
{
    uint8_t decimals = 0;

    if (kw_meter_decode_encoding(point) != KW_ENCODING_INTEGER)
        return (uint8_t)fallback;
    /* A little more than 1, since 0.001 * 1000 may fall below it. */
    for (scale = fabs(scale) * 1.000001; scale < 1 && decimals < 6; scale *= 10)
        decimals++;
    return decimals;
}

/* The registers as one bit pattern, most significant register first. */
static uint64_t gather(const struct kw_map_point *point,
                       const unsigned char *data)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < point->registers; i++) {
        unsigned at = point->low_word_first ? point->registers - 1U - i : i;

        bits = bits << 16 | (uint64_t)data[2 * at] << 8 | data[2 * at + 1];
    }
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

static uint64_t sign_extended(uint64_t bits, unsigned registers)
{
    uint64_t sign = UINT64_C(1) << (registers * 16 - 1);

    return (bits ^ sign) - sign;
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
    uint64_t bits = gather(point, data);
    uint8_t encoding = KW_ENCODING_INTEGER;
    double value;

    *raw = 0;
    if (is_na(point, bits))
        return KW_QUALITY_BAD_NOT_AVAILABLE;
    if (is_signed(point->type))
        bits = sign_extended(bits, point->registers);
    else if (point->type == KW_MAP_U64 && bits > INT64_MAX)
        return KW_QUALITY_BAD_IMPLAUSIBLE;
    if (is_float(point->type))
        encoding = point->type == KW_MAP_F32 ? KW_ENCODING_FLOAT32
                                             : KW_ENCODING_FLOAT64;
    value = kw_sample_value(encoding, bits, point->multiplier);
    if (is_float(point->type) && !isfinite(value))
        return KW_QUALITY_BAD_NOT_AVAILABLE;
    *raw = point->formula == KW_MAP_PLAIN ? bits : double_bits(fold(value));
    return KW_QUALITY_GOOD;
}

uint64_t kw_meter_decode_bit(const unsigned char *data, size_t index)
{
    return ((unsigned)data[index / 8] >> (index % 8)) & 1U;
}

static void string_text(const struct kw_map_point *point,
                        const unsigned char *data, char *text, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < point->registers * 2U && length + 1 < size; i++) {
        /* Some meters send one character a register, some pad with NUL. */
        if (data[i] == 0)
            continue;
        text[length++] =
            data[i] >= 0x20 && data[i] < 0x7F ? (char)data[i] : '?';
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = 0;
}

void kw_meter_decode_text(const struct kw_map_point *point,
                          const unsigned char *data, char *text, size_t size)
{
    uint64_t raw;

    text[0] = 0;
    if (point->type == KW_MAP_STRING) {
        string_text(point, data, text, size);
    } else if (kw_meter_decode_number(point, data, &raw) == KW_QUALITY_GOOD) {
        if (is_float(point->type))
            snprintf(text, size, "%g",
                     kw_sample_value(kw_meter_decode_encoding(point), raw, 1));
        else
            snprintf(text, size, "%" PRId64, (int64_t)raw);
    }
}
