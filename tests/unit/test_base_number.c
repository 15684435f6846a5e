/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define EACH(i, rows)                                                          \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)

static void test_u64(void **state)
{
    static const struct {
        const char *text;
        int err;
        uint64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"247", 0, 247},
        {"007", 0, 7},
        {"0x1F", 0, 31},
        {"0Xff", 0, 255},
        {"18446744073709551615", 0, UINT64_MAX},
        {"0xFFFFFFFFFFFFFFFF", 0, UINT64_MAX},
        {"18446744073709551616", KW_ERANGE, 0},
        {"0x10000000000000000", KW_ERANGE, 0},
        {"99999999999999999999", KW_ERANGE, 0},
        {"", KW_EINVAL, 0},
        {"0x", KW_EINVAL, 0},
        {"-1", KW_EINVAL, 0},
        {"+1", KW_EINVAL, 0},
        {" 1", KW_EINVAL, 0},
        {"1 ", KW_EINVAL, 0},
        {"1a", KW_EINVAL, 0},
        {"0xG", KW_EINVAL, 0},
        {"1.0", KW_EINVAL, 0},
        {"\xD9\xA1", KW_EINVAL, 0},
    };

    (void)state;
    EACH(i, rows)
    {
        uint64_t value = 0;

        assert_int_equal(kw_text_parse_u64(rows[i].text, &value), rows[i].err);
        if (rows[i].err == 0)
            assert_true(value == rows[i].value);
    }
}

static void test_i64(void **state)
{
    static const struct {
        const char *text;
        int err;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"-5", 0, -5},
        {"-0x10", 0, -16},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", KW_ERANGE, 0},
        {"-9223372036854775809", KW_ERANGE, 0},
        {"-99999999999999999999", KW_ERANGE, 0},
        {"", KW_EINVAL, 0},
        {"-", KW_EINVAL, 0},
        {"--5", KW_EINVAL, 0},
        {"- 5", KW_EINVAL, 0},
        {"5-", KW_EINVAL, 0},
    };

    (void)state;
    EACH(i, rows)
    {
        int64_t value = 0;

        assert_int_equal(kw_text_parse_i64(rows[i].text, &value), rows[i].err);
        if (rows[i].err == 0)
            assert_true(value == rows[i].value);
    }
}

static void test_real(void **state)
{
    static const struct {
        const char *text;
        int err;
        double value;
    } rows[] = {
        {"0", 0, 0},
        {"-1.5", 0, -1.5},
        {"+2.25", 0, 2.25},
        {".5", 0, 0.5},
        {"5.", 0, 5},
        {"1e3", 0, 1000},
        {"1E-3", 0, 0.001},
        {"0.21", 0, 0.21},
        {"1e-400", 0, 0},
        {"1e400", KW_ERANGE, 0},
        {"-1e400", KW_ERANGE, 0},
        {"", KW_EINVAL, 0},
        {"-", KW_EINVAL, 0},
        {".", KW_EINVAL, 0},
        {"-.", KW_EINVAL, 0},
        {"nan", KW_EINVAL, 0},
        {"inf", KW_EINVAL, 0},
        {"-inf", KW_EINVAL, 0},
        {" 1", KW_EINVAL, 0},
        {"1 ", KW_EINVAL, 0},
        {"1,5", KW_EINVAL, 0},
        {"0x10", KW_EINVAL, 0},
        {"-0X1", KW_EINVAL, 0},
        {"1e", KW_EINVAL, 0},
        {"1.2.3", KW_EINVAL, 0},
        {"--1", KW_EINVAL, 0},
    };

    (void)state;
    EACH(i, rows)
    {
        double value = 0;

        assert_int_equal(kw_text_parse_real(rows[i].text, &value), rows[i].err);
        if (rows[i].err == 0)
            assert_true(value == rows[i].value);
    }
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int err;
        int64_t ms;
    } rows[] = {
        {"0", 0, 0},
        {"0s", 0, 0},
        {"250ms", 0, 250},
        {"1s", 0, 1000},
        {"1min", 0, 60000},
        {"1min30s", 0, 90000},
        {"2h", 0, 7200000},
        {"1d", 0, 86400000},
        {"10y", 0, INT64_C(315360000000)},
        {"1h30min15s7ms", 0, 5415007},
        {"9223372036854775807ms", 0, INT64_MAX},
        {"9223372036854775808ms", KW_ERANGE, 0},
        {"292471209y", KW_ERANGE, 0},
        {"292471208y300d", KW_ERANGE, 0},
        {"1y2d3h4min5s6ms", 0, INT64_C(31719845006)},
        {"1min90s", 0, 150000},
        {"1s1s", KW_EINVAL, 0},
        {"1s1min", KW_EINVAL, 0},
        {"1m2h", KW_EINVAL, 0},
        {"1h2h", KW_EINVAL, 0},
        {"1ms1s", KW_EINVAL, 0},
        {"1s1", KW_EINVAL, 0},
        {"", KW_EINVAL, 0},
        {"5", KW_EINVAL, 0},
        {"s", KW_EINVAL, 0},
        {"1m", KW_EINVAL, 0},
        {"1 s", KW_EINVAL, 0},
        {"1.5s", KW_EINVAL, 0},
        {"-1s", KW_EINVAL, 0},
        {"1sec", KW_EINVAL, 0},
        {"1s ", KW_EINVAL, 0},
        {"1S", KW_EINVAL, 0},
        {"00", KW_EINVAL, 0},
    };

    (void)state;
    EACH(i, rows)
    {
        int64_t ms = -1;

        assert_int_equal(kw_text_parse_duration(rows[i].text, &ms),
                         rows[i].err);
        if (rows[i].err == 0)
            assert_true(ms == rows[i].ms);
    }
}

static void test_durations_format(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-5, "0"},
        {1, "1ms"},
        {1000, "1s"},
        {1500, "1500ms"},
        {90000, "90s"},
        {60000, "1min"},
        {7200000, "2h"},
        {86400000, "1d"},
        {INT64_C(31536000000), "1y"},
        {INT64_C(31622400000), "366d"},
    };
    char text[32];

    (void)state;
    EACH(i, rows)
    {
        int64_t back;

        kw_text_format_duration(rows[i].ms, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
        assert_int_equal(kw_text_parse_duration(text, &back), 0);
        assert_true(back == (rows[i].ms > 0 ? rows[i].ms : 0));
    }
    kw_text_format_duration(INT64_MAX, text, sizeof(text));
    assert_string_equal(text, "9223372036854775807ms");
}

static void test_bytes(void **state)
{
    static const struct {
        const char *text;
        int err;
        uint64_t bytes;
    } rows[] = {
        {"0B", 0, 0},
        {"17B", 0, 17},
        {"4KiB", 0, 4096},
        {"512MiB", 0, UINT64_C(536870912)},
        {"8GiB", 0, UINT64_C(8589934592)},
        {"2TiB", 0, UINT64_C(2199023255552)},
        {"8388608TiB", KW_ERANGE, 0},
        {"", KW_EINVAL, 0},
        {"8", KW_EINVAL, 0},
        {"8GB", KW_EINVAL, 0},
        {"8 GiB", KW_EINVAL, 0},
        {"8GiB ", KW_EINVAL, 0},
        {"1MiB1KiB", KW_EINVAL, 0},
        {"-1B", KW_EINVAL, 0},
        {"1gib", KW_EINVAL, 0},
    };

    (void)state;
    EACH(i, rows)
    {
        uint64_t bytes = 1;

        assert_int_equal(kw_text_parse_bytes(rows[i].text, &bytes),
                         rows[i].err);
        if (rows[i].err == 0)
            assert_true(bytes == rows[i].bytes);
    }
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2026-01-31T12:00:00Z", INT64_C(1769860800000)},
        {"2026-01-31t12:00:00z", INT64_C(1769860800000)},
        {"2026-01-31T13:00:00+01:00", INT64_C(1769860800000)},
        {"2026-01-31T06:30:00-05:30", INT64_C(1769860800000)},
        {"2026-01-31T12:00:00.5Z", INT64_C(1769860800500)},
        {"2026-01-31T12:00:00.12345Z", INT64_C(1769860800123)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
        {"2000-03-01T00:00:00Z", INT64_C(951868800000)},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200000)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
        {"1769860800000", INT64_C(1769860800000)},
        {"9999-12-31T22:59:59-01:00", INT64_C(253402300799000)},
        {"253402300799999", INT64_C(253402300799999)},
        {"-62167219200000", INT64_C(-62167219200000)},
        {"-1", -1},
    };
    static const char *const far[] = {
        "9999-12-31T23:59:60Z",      "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00+00:01", "253402300800000",
        "-62167219200001",           "9223372036854775807",
        "-9223372036854775808"};
    static const char *const bad[] = {"",
                                      "now",
                                      "2026",
                                      "2026-01-31",
                                      "2026-01-31T12:00:00",
                                      "2026-01-31 12:00:00Z",
                                      "2026t01-31T12:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "2026-01-00T00:00:00Z",
                                      "2026-01-32T00:00:00Z",
                                      "2026-01-31T24:00:00Z",
                                      "2026-01-31T12:60:00Z",
                                      "2026-01-31T12:00:61Z",
                                      "2026-01-31T12:00:00.Z",
                                      "2026-01-31T12:00:00.5",
                                      "2026-01-31T12:00:00Zx",
                                      "2026-01-31T12:00:00+24:00",
                                      "2026-01-31T12:00:00+01:60",
                                      "2026-01-31T12:00:00+0100",
                                      "2026-01-31T12:00:00+01",
                                      "2026-01-31T12:00:00+01:00x",
                                      "2026-1-31T12:00:00Z",
                                      "2026-01-31T1a:00:00Z",
                                      "2026-01-31T12:00:00*01:00",
                                      "2026-01-31T12:00:00+x1:00",
                                      "2026-01-31T12:00:00+01:x0"};

    (void)state;
    EACH(i, good)
    {
        int64_t ms = 0;

        assert_int_equal(kw_text_parse_time(good[i].text, &ms), 0);
        assert_true(ms == good[i].ms);
    }
    EACH(i, far)
    {
        int64_t ms = 0;

        assert_int_equal(kw_text_parse_time(far[i], &ms), KW_ERANGE);
    }
    EACH(i, bad)
    {
        int64_t ms = 0;
        /* a whole number alone is Unix milliseconds */
        int want = strcmp(bad[i], "2026") == 0 ? 0 : KW_EINVAL;

        assert_int_equal(kw_text_parse_time(bad[i], &ms), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u64),
        cmocka_unit_test(test_i64),
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_durations_format),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
