/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON rows are put together by hand: they are many and short, and need no
 * quoting but for names. The heads of series, which have names, go through
 * the JSON writer.
 */
#include "history/format.h"

#include "base/clock.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INTEGER_DIGITS = 20 };

/* Decimal digits of a whole number, last digit at end[-1]; returns the first.
 */
static char *digits(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

/* Times and counts: far cheaper than printf. */
static void put_integer(struct kw_buf *out, int64_t number)
{
    char text[INTEGER_DIGITS + 1], *end = text + sizeof(text);
    char *at =
        digits(end, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);

    if (number < 0)
        *--at = '-';
    kw_buf_put(out, at, (size_t)(end - at));
}

/*
 * Writes value when it is a whole number of 10^-decimals (but for the
 * rounding of a multiplication) and small enough to be exact.
 */
static bool put_decimal(struct kw_buf *out, double value, unsigned decimals,
                        double unit)
{
    char text[INTEGER_DIGITS + 3], *end = text + sizeof(text), *at, *point;
    double scaled = fabs(value) * unit, whole = nearbyint(scaled);
    uint64_t number;

    if (!(scaled < 1e15) ||
        fabs(whole / unit - fabs(value)) > fabs(value) * 4e-16)
        return false;
    number = (uint64_t)whole;
    for (; decimals > 0 && number % 10 == 0; decimals--)
        number /= 10;
    at = digits(end, number);
    while (end - at <= (ptrdiff_t)decimals)
        *--at = '0';
    if (decimals > 0) {
        point = end - decimals;
        memmove(at - 1, at, (size_t)(point - at));
        at--;
        point[-1] = '.';
    }
    if (value < 0)
        *--at = '-';
    kw_buf_put(out, at, (size_t)(end - at));
    return true;
}

void kw_history_put_number(struct kw_buf *out, double value, uint8_t encoding)
{
    char text[KW_REAL_TEXT_SIZE];

    if (!isfinite(value)) {
        kw_buf_put_text(out, "null");
        return;
    }
    if (put_decimal(out, value, 6, 1e6) || put_decimal(out, value, 0, 1))
        return;
    if (encoding == KW_ENCODING_FLOAT32)
        (void)snprintf(text, sizeof(text), "%.9g", value);
    else
        kw_real_format(value, text);
    kw_buf_put_text(out, text);
}

void kw_history_put_field(struct kw_buf *out, const char *text)
{
    bool quote = strpbrk(text, ",\"\r\n") != NULL;

    if (quote)
        kw_buf_put_byte(out, '"');
    if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL)
        kw_buf_put_byte(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            kw_buf_put_byte(out, '"');
        kw_buf_put_byte(out, (unsigned char)*text);
    }
    if (quote)
        kw_buf_put_byte(out, '"');
}

void kw_history_put_head(struct kw_buf *out, bool csv, int64_t from_ms,
                         int64_t to_ms, int64_t step_ms)
{
    if (csv) {
        kw_buf_put_text(out, step_ms > 0
                                 ? "time,point,min,max,mean,first,last,count,"
                                   "unit\r\n"
                                 : "time,point,value,unit,quality\r\n");
        return;
    }
    kw_buf_printf(out,
                  "{\"from\":%lld,\"to\":%lld,\"step\":", (long long)from_ms,
                  (long long)to_ms);
    if (step_ms > 0)
        kw_buf_printf(out,
                      "%lld,\"columns\":[\"time\",\"min\",\"max\",\"mean\","
                      "\"first\",\"last\",\"count\"]",
                      (long long)step_ms);
    else
        kw_buf_put_text(out, "null,\"columns\":[\"time\",\"value\","
                             "\"quality\"]");
    kw_buf_put_text(out, ",\"series\":[");
}

void kw_history_put_begin(struct kw_history_rows *rows, bool first_series)
{
    struct kw_json json;

    rows->first = true;
    if (rows->csv)
        return;
    if (!first_series)
        kw_buf_put_byte(rows->out, ',');
    kw_json_init(&json, rows->out);
    kw_json_object(&json, NULL);
    kw_json_uint(&json, "point", rows->point);
    kw_json_text(&json, "name", rows->name);
    kw_json_text(&json, "unit", rows->unit);
    kw_buf_put_text(rows->out, ",\"rows\":[");
}

void kw_history_put_end(struct kw_history_rows *rows)
{
    if (!rows->csv)
        kw_buf_put_text(rows->out, "]}");
}

void kw_history_put_tail(struct kw_buf *out, bool csv)
{
    if (!csv)
        kw_buf_put_text(out, "]}");
}

/* "[time," or time and point of a CSV row. */
static void begin_row(struct kw_history_rows *rows, int64_t time_ms)
{
    char text[KW_TIME_TEXT_SIZE];

    if (rows->csv) {
        kw_time_format(time_ms, text);
        kw_buf_put_text(rows->out, text);
        kw_buf_put_byte(rows->out, ',');
        kw_history_put_field(rows->out, rows->name);
        kw_buf_put_byte(rows->out, ',');
        return;
    }
    kw_buf_put_text(rows->out, rows->first ? "[" : ",[");
    rows->first = false;
    put_integer(rows->out, time_ms);
    kw_buf_put_byte(rows->out, ',');
}

void kw_history_put_sample(struct kw_history_rows *rows, int64_t time_ms,
                           double value, uint8_t quality)
{
    struct kw_buf *out = rows->out;

    begin_row(rows, time_ms);
    if (isfinite(value) || !rows->csv)
        kw_history_put_number(out, value, rows->encoding);
    if (rows->csv) {
        kw_buf_put_byte(out, ',');
        kw_history_put_field(out, rows->unit);
        kw_buf_printf(out, ",%s\r\n", kw_quality_name(quality));
        return;
    }
    if (!kw_quality_is_good(quality))
        kw_buf_printf(out, ",\"%s\"", kw_quality_name(quality));
    kw_buf_put_byte(out, ']');
}

void kw_history_put_step(struct kw_history_rows *rows,
                         const struct kw_history_step *step)
{
    const double values[] = {step->min, step->max, step->mean, step->first,
                             step->last};

    begin_row(rows, step->time_ms);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        kw_history_put_number(rows->out, values[i], rows->encoding);
        kw_buf_put_byte(rows->out, ',');
    }
    put_integer(rows->out, (int64_t)step->count);
    if (rows->csv) {
        kw_buf_put_byte(rows->out, ',');
        kw_history_put_field(rows->out, rows->unit);
        kw_buf_put_text(rows->out, "\r\n");
    } else {
        kw_buf_put_byte(rows->out, ']');
    }
}
