/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sample.h"

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

double kw_sample_value(uint8_t encoding, uint64_t raw, double scale)
{
    uint32_t low = (uint32_t)raw;
    float single;
    double value;

    if (encoding == KW_ENCODING_INTEGER)
        return (double)(int64_t)raw * scale;
    if (encoding == KW_ENCODING_FLOAT32) {
        memcpy(&single, &low, sizeof(single));
        return (double)single * scale;
    }
    memcpy(&value, &raw, sizeof(value));
    return value * scale;
}
