/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample keeps the meter's raw bits beside the value, so that what was read
 * can be stored and served without loss; here is the one place that turns bits
 * into a number. Of two qualities the larger code is the worse: the list in
 * base/sample.h is in that order.
 */
#include "base/sample.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *kw_quality_name(uint8_t quality)
{
    switch (quality) {
#define KW_QUALITY_CASE(name, number, text)                                    \
    case number:                                                               \
        return text;
        KW_QUALITIES(KW_QUALITY_CASE)
#undef KW_QUALITY_CASE
    default:
        return "bad";
    }
}

uint8_t kw_quality_worse(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* times / per within a few units in the last place of factor, per a power of
 * ten up to 10^9 and times small enough to be exact with most counters. */
static bool find_fraction(double factor, struct kw_scale *scale)
{
    double per = 1;

    for (int i = 0; i < 10; i++, per *= 10) {
        double times = rint(factor * per);

        if (times == 0 || fabs(times) > 1e9 ||
            fabs(times / per - factor) > fabs(factor) * 4 * DBL_EPSILON)
            continue;
        scale->times = times;
        scale->per = per;
        return true;
    }
    return false;
}

struct kw_scale kw_scale_make(double factor)
{
    struct kw_scale scale = {.factor = factor};

    if (!find_fraction(factor, &scale) || scale.times / scale.per != factor) {
        scale.times = factor;
        scale.per = 1;
    }
    return scale;
}

double kw_scale_product(double a, double b)
{
    struct kw_scale scale;

    return find_fraction(a * b, &scale) ? scale.times / scale.per : a * b;
}

double kw_scale_value(const struct kw_scale *scale, uint8_t encoding,
                      uint64_t raw)
{
    uint32_t low = (uint32_t)raw;
    float single;
    double value;

    switch (encoding) {
    case KW_ENCODING_INTEGER:
        return (double)(int64_t)raw * scale->times / scale->per;
    case KW_ENCODING_UNSIGNED:
        return (double)raw * scale->times / scale->per;
    case KW_ENCODING_FLOAT32:
        memcpy(&single, &low, sizeof(single));
        return (double)single * scale->factor;
    default:
        memcpy(&value, &raw, sizeof(value));
        return value * scale->factor;
    }
}

double kw_sample_value(uint8_t encoding, uint64_t raw, double scale)
{
    struct kw_scale whole = kw_scale_make(scale);

    return kw_scale_value(&whole, encoding, raw);
}
