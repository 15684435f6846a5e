/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample: one value of one point at one time, and the one list of qualities
 * that all edges use (page, API, CSV, SNMP, supervisor).
 */
#ifndef KW_BASE_SAMPLE_H
#define KW_BASE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * X(name, number, text). Good is 0; uncertain from 0x40; bad from 0x80. The
 * numbers stand in the history for ever: never reuse one.
 */
#define KW_QUALITIES(X)                                                        \
    X(GOOD, 0x00, "good")                                                      \
    X(UNCERTAIN_STALE, 0x40, "uncertain_stale")                                \
    X(UNCERTAIN_CLOCK, 0x41, "uncertain_clock")                                \
    X(BAD_NEVER, 0x80, "bad_never")                                            \
    X(BAD_TIMEOUT, 0x81, "bad_timeout")                                        \
    X(BAD_CRC, 0x82, "bad_crc")                                                \
    X(BAD_EXCEPTION, 0x83, "bad_exception")                                    \
    X(BAD_NOT_AVAILABLE, 0x84, "bad_not_available")                            \
    X(BAD_IMPLAUSIBLE, 0x85, "bad_implausible")                                \
    X(BAD_LINE, 0x86, "bad_line")                                              \
    X(BAD_CONFIG, 0x87, "bad_config")                                          \
    X(BAD_FOREIGN, 0x88, "bad_foreign")

enum kw_quality {
#define KW_QUALITY_ENUM(name, number, text) KW_QUALITY_##name = (number),
    KW_QUALITIES(KW_QUALITY_ENUM)
#undef KW_QUALITY_ENUM
};

/* How the 64 raw bits of a sample are to be read. */
enum kw_encoding {
    KW_ENCODING_INTEGER = 0, /* int64 */
    KW_ENCODING_FLOAT32 = 1, /* bits of a float in the low half */
    KW_ENCODING_FLOAT64 = 2, /* bits of a double */
    KW_ENCODING_UNSIGNED = 3 /* uint64 */
};

struct kw_sample {
    uint32_t point;   /* persistent number of the point, never 0 */
    uint8_t quality;  /* enum kw_quality */
    uint8_t encoding; /* enum kw_encoding, the point's */
    int64_t time_ms;  /* UTC, when the poll's first request left */
    uint64_t raw;     /* as read, in the point's encoding */
    double value;     /* in the quantity's base unit; NaN when bad */
};

static inline bool kw_quality_is_good(uint8_t quality)
{
    return quality == KW_QUALITY_GOOD;
}
/* Good or uncertain: there is a value. */
static inline bool kw_quality_has_value(uint8_t quality)
{
    return quality < 0x80;
}

/* "good", "bad_timeout", ...; "bad" for a number that is not in the list. */
const char *kw_quality_name(uint8_t quality);

/* The worse of two, for what is computed from several points. */
uint8_t kw_quality_worse(uint8_t a, uint8_t b);

/*
 * A scale as people write it: 0.1 is 1 / 10. A whole number times a decimal
 * scale is then the double nearest to the decimal: 2301 x 0.1 is 230.1 and not
 * 230.10000000000002. Made once a point or column, used for each value.
 */
struct kw_scale {
    double factor;     /* the scale itself */
    double times, per; /* both whole: factor, or factor and 1 */
};
struct kw_scale kw_scale_make(double factor);

/* a x b as a scale: 0.1 x 3 is 0.3, as it would be on paper. */
double kw_scale_product(double a, double b);

/* The value that raw bits stand for, in the base unit: number times scale. */
double kw_scale_value(const struct kw_scale *scale, uint8_t encoding,
                      uint64_t raw);
/* The same for a single value. */
double kw_sample_value(uint8_t encoding, uint64_t raw, double scale);

#endif
