/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number, duration, size and time parsers of base/text.h.
 *
 * Each takes exactly what it says and nothing around it: no leading blank, no
 * sign where none belongs, no locale, no silent overflow. strtod is called
 * behind a check of its own, since it would also take "inf", "nan" and hex.
 * Ranges are errors of their own (KW_ERANGE), so that the message to the user
 * can tell a slip from a value that is too large.
 */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No name of a table begins with another one of it. */
struct unit {
    const char *name;
    uint64_t factor;
};

static int digit_of(char c, unsigned base)
{
    int value = -1;

    if (c >= '0' && c <= '9')
        value = c - '0';
    else if (c >= 'a' && c <= 'f')
        value = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        value = c - 'A' + 10;
    return value >= 0 && (unsigned)value < base ? value : -1;
}

/* Reads digits at *text, moves it behind them; KW_EINVAL when none. */
static int read_digits(const char **text, unsigned base, uint64_t *value)
{
    const char *at = *text;
    uint64_t sum = 0;
    int digit;

    if (digit_of(*at, base) < 0)
        return KW_EINVAL;
    for (; (digit = digit_of(*at, base)) >= 0; at++) {
        if (sum > (UINT64_MAX - (unsigned)digit) / base)
            return KW_ERANGE;
        sum = sum * base + (unsigned)digit;
    }
    *text = at;
    *value = sum;
    return 0;
}

int kw_text_parse_u64(const char *text, uint64_t *value)
{
    unsigned base = 10;
    int err;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    err = read_digits(&text, base, value);
    if (err != 0)
        return err;
    return *text == 0 ? 0 : KW_EINVAL;
}

int kw_text_parse_i64(const char *text, int64_t *value)
{
    bool negative = text[0] == '-';
    uint64_t size;
    int err = kw_text_parse_u64(text + negative, &size);

    if (err != 0)
        return err;
    if (size > (uint64_t)INT64_MAX + negative)
        return KW_ERANGE;
    *value = negative ? (int64_t)(0 - size) : (int64_t)size;
    return 0;
}

int kw_text_parse_real(const char *text, double *value)
{
    const char *at = text;
    char *end;

    at += *at == '-' || *at == '+';
    if (digit_of(*at, 10) < 0 && *at != '.')
        return KW_EINVAL;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        return KW_EINVAL;
    *value = strtod(text, &end);
    if (end == text || *end != 0)
        return KW_EINVAL;
    return isfinite(*value) ? 0 : KW_ERANGE;
}

/* Adds the number and unit at *text to *sum and moves *text behind them, *units
 * to those that may follow. */
static int read_quantity(const char **text, const struct unit **units,
                         uint64_t *sum)
{
    const struct unit *unit = *units;
    uint64_t value;
    int err = read_digits(text, 10, &value);

    if (err != 0)
        return err;
    while (unit->name != NULL && !kw_text_starts(*text, unit->name))
        unit++;
    if (unit->name == NULL)
        return KW_EINVAL;
    if (value > ((uint64_t)INT64_MAX - *sum) / unit->factor)
        return KW_ERANGE;
    *text += strlen(unit->name);
    *units = unit + 1;
    *sum += value * unit->factor;
    return 0;
}

static const struct unit durations[] = {
    {"y", 31536000000U}, {"d", 86400000U}, {"h", 3600000U}, {"min", 60000U},
    {"s", 1000U},        {"ms", 1U},       {NULL, 0},
};

int kw_text_parse_duration(const char *text, int64_t *ms)
{
    const struct unit *units = durations;
    uint64_t sum = 0;

    if (strcmp(text, "0") == 0) {
        *ms = 0;
        return 0;
    }
    do {
        int err = read_quantity(&text, &units, &sum);

        if (err != 0)
            return err;
    } while (*text != 0);
    *ms = (int64_t)sum;
    return 0;
}

void kw_text_format_duration(int64_t ms, char *text, size_t size)
{
    uint64_t rest = ms > 0 ? (uint64_t)ms : 0;

    for (const struct unit *unit = durations; unit->name != NULL; unit++) {
        if (rest > 0 && rest % unit->factor == 0) {
            snprintf(text, size, "%llu%s",
                     (unsigned long long)(rest / unit->factor), unit->name);
            return;
        }
    }
    snprintf(text, size, "0");
}

int kw_text_parse_bytes(const char *text, uint64_t *bytes)
{
    static const struct unit sizes[] = {
        {"B", 1},
        {"KiB", 1ULL << 10},
        {"MiB", 1ULL << 20},
        {"GiB", 1ULL << 30},
        {"TiB", 1ULL << 40},
        {NULL, 0},
    };
    const struct unit *units = sizes;
    int err;

    *bytes = 0;
    err = read_quantity(&text, &units, bytes);
    if (err != 0)
        return err;
    return *text == 0 ? 0 : KW_EINVAL;
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    int64_t era, y = month <= 2 ? year - 1 : year;
    unsigned yoe, doy, doe;

    era = (y >= 0 ? y : y - 399) / 400;
    yoe = (unsigned)(y - era * 400);
    doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

/* Exactly count digits at *text as a number, or -1; moves *text. */
static int fixed_digits(const char **text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        int digit = digit_of(**text, 10);

        if (digit < 0)
            return -1;
        value = value * 10 + digit;
        ++*text;
    }
    return value;
}

/* Fraction of a second in ms and the zone offset, up to the end of text. */
static int parse_zone(const char *text, int64_t *ms)
{
    int hours, minutes, sign;

    if (*text == '.') {
        int64_t scale = 100;

        text++;
        if (digit_of(*text, 10) < 0)
            return KW_EINVAL;
        for (; digit_of(*text, 10) >= 0; text++, scale /= 10)
            *ms += digit_of(*text, 10) * scale;
    }
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return 0;
    if (*text != '+' && *text != '-')
        return KW_EINVAL;
    sign = *text++ == '+' ? -1 : 1;
    hours = fixed_digits(&text, 2);
    if (hours < 0 || hours > 23 || *text++ != ':')
        return KW_EINVAL;
    minutes = fixed_digits(&text, 2);
    if (minutes < 0 || minutes > 59 || *text != 0)
        return KW_EINVAL;
    *ms += (int64_t)sign * (hours * 60 + minutes) * 60000;
    return 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return days[month - 1];
}

/* The years that kw_time_format can write, 0 to 9999: small enough that no
 * difference of two times overflows. */
static int check_year(int64_t wall_ms)
{
    return wall_ms >= INT64_C(-62167219200000) &&
                   wall_ms < INT64_C(253402300800000)
               ? 0
               : KW_ERANGE;
}

int kw_text_parse_time(const char *text, int64_t *wall_ms)
{
    static const char after[] = "--T::";
    static const int widths[] = {4, 2, 2, 2, 2, 2};
    static const int highest[] = {9999, 12, 31, 23, 59, 60};
    int part[6], err;

    if (kw_text_parse_i64(text, wall_ms) == 0)
        return check_year(*wall_ms);
    for (int i = 0; i < 6; i++) {
        part[i] = fixed_digits(&text, widths[i]);
        if (part[i] < 0 || part[i] > highest[i])
            return KW_EINVAL;
        if (i < 5 && *text != after[i] && !(i == 2 && *text == 't'))
            return KW_EINVAL;
        text += i < 5;
    }
    if (part[1] < 1 || part[2] < 1 || part[2] > month_days(part[0], part[1]))
        return KW_EINVAL;
    *wall_ms = days_from_civil(part[0], (unsigned)part[1], (unsigned)part[2]) *
               INT64_C(86400000);
    *wall_ms += ((int64_t)(part[3] * 60 + part[4]) * 60 + part[5]) * 1000;
    err = parse_zone(text, wall_ms);
    return err != 0 ? err : check_year(*wall_ms);
}
