/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/plausible.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct kw_meter_counter_form wh = {.step = 1};
static const struct kw_meter_counter_form wh_u32 = {
    .step = 1, .modulus = 4294967296.0, .decimal = true};
static const struct kw_meter_counter_form ten_wh_u32 = {
    .step = 10, .modulus = 42949672960.0, .decimal = true};
static const struct kw_meter_counter_form f32 = {.step = 1, .is_float = true};

static const double rate = 100e3; /* 100 kW: 27.8 Wh a second */

/* Readings a second apart; o plausible, x not, n anew. */
struct story {
    const struct kw_meter_counter_form *form;
    double values[12];
    const char *judged;
};

static void test_stories(void **state)
{
    static const struct story rows[] = {
        /* it stands, goes on, and is whatever it is at first */
        {&wh, {5000, 5000, 5001, 5028, 5050}, "ooooo"},
        {&wh, {0, 0, 20, 40}, "oooo"},
        /* one wrong reading, up or down, costs nothing but itself */
        {&wh, {5000, 5001, 0, 5002, 5003}, "ooxoo"},
        {&wh, {5000, 5001, 9118000, 5002, 5003}, "ooxoo"},
        {&wh, {5000, 5001, 5001 + 65536, 5002, 5003}, "ooxoo"},
        {&wh, {5000, 0, 0, 5001, 0, 0, 5002}, "oxxoxxo"},
        {&wh, {5000, 0, 70000, 0, 70000, 0, 5001}, "oxxxxxo"},
        /* told often enough it is true */
        {&wh, {5000, 10, 11, 11, 12, 13}, "oxxxno"},
        {&wh, {5000, 0, 0, 0, 0, 0, 1}, "oxxxnoo"},
        {&wh, {5000, 900000, 900001, 900001, 900002, 900003}, "oxxxno"},
        {&wh, {5000, 10, 11, 900000, 12, 13, 14, 15}, "oxxxxxxn"},
        /* the last digit may tremble */
        {&wh, {5000, 4999, 5000, 4998, 4999}, "ooooo"},
        {&wh, {5000, 4997, 5001}, "oxo"},
        /* the end of 32 bits */
        {&wh_u32, {4294967290.0, 4294967295.0, 3, 20}, "oooo"},
        {&wh_u32, {4294967290.0, 500, 4294967295.0}, "oxo"},
        {&ten_wh_u32, {42949672940.0, 42949672950.0, 10, 30}, "oooo"},
        {&wh, {4294967290.0, 4294967295.0, 3}, "oox"},
        /* the end of the display */
        {&wh_u32, {99999990, 99999999, 12, 30}, "oooo"},
        {&wh_u32, {9995, 9999, 2}, "ooo"},
        {&ten_wh_u32, {9999999980.0, 9999999990.0, 0, 20}, "oooo"},
        {&wh_u32, {89999990, 2}, "ox"},
        {&wh_u32, {5000, 2}, "ox"},
        {&wh_u32, {99999990, -5}, "ox"},
        /* a float of 100 GWh knows no single watt-hours */
        {&f32, {100e9, 100e9 - 8192, 100e9 + 8192, 100e9 + 30000}, "oooo"},
        {&f32, {100e9, 100e9 - 65536}, "ox"},
        {&f32, {5000, 4990}, "ox"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_counter counter = {.known = false};
        char judged[13] = "";
        double before = -1;

        for (size_t j = 0; j < strlen(rows[i].judged); j++)
            judged[j] = "oxn"[kw_meter_counter_check(
                &counter, rows[i].form, rows[i].values[j], rate,
                1000U + j * 1000U, &before)];
        if (strcmp(judged, rows[i].judged) != 0)
            fail_msg("story %zu: %s, expected %s", i, judged, rows[i].judged);
        if (strchr(judged, 'n') != NULL)
            assert_true(before == 5000);
    }
}

/* Time since the last reading counts, and since the last change if the meter
 * updates its counters seldom. */
static void test_time(void **state)
{
    static const struct {
        uint64_t idle_s, then_s; /* it stands, read each second; then a pause */
        double more;
        bool plausible;
    } rows[] = {
        {0, 1, 28, true},          {0, 1, 40, false},
        {0, 3600, 100000, true},   {0, 3600, 101000, false},
        {60, 1, 1600, true},       {60, 1, 2000, false},
        {3600, 1, 25000, true},    {3600, 1, 26000, false},
        {3600, 7200, 199e3, true}, {3600, 7200, 202e3, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_counter counter = {.known = false};
        uint64_t now_ms = 7;
        double before;

        for (uint64_t s = 0; s <= rows[i].idle_s; s++, now_ms += 1000)
            assert_int_equal(kw_meter_counter_check(&counter, &wh, 1e6, rate,
                                                    now_ms, &before),
                             KW_METER_PLAUSIBLE);
        now_ms += rows[i].then_s * 1000 - 1000;
        assert_int_equal(
            kw_meter_counter_check(&counter, &wh, 1e6 + rows[i].more, rate,
                                   now_ms, &before),
            rows[i].plausible ? KW_METER_PLAUSIBLE : KW_METER_IMPLAUSIBLE);
    }
}

/* Pulses may come as fast as they like, but not go back. */
static void test_no_limit(void **state)
{
    struct kw_meter_counter counter = {.known = false};
    const double endless = kw_meter_counter_rate("1", 0);
    static const double values[] = {1, 1e12, 1e12, 5, 1e13};
    static const int judged[] = {0, 0, 0, 1, 0};
    double before;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(kw_meter_counter_check(&counter, &wh_u32, values[i],
                                                endless, 5, &before),
                         judged[i]);
}

static void test_rate(void **state)
{
    (void)state;
    assert_true(kw_meter_counter_rate("Wh", 0) == kw_meter_power_unknown_w);
    assert_true(kw_meter_counter_rate("Wh", 200) == kw_meter_power_least_w);
    assert_true(kw_meter_counter_rate("varh", 2e6) == 3e6);
    /* A torn reading is no reason to believe everything. */
    assert_true(kw_meter_counter_rate("Wh", 1e30) == kw_meter_power_unknown_w);
    assert_true(kw_meter_counter_rate("VAh", 1e6) == 1.5e6);
    assert_true(kw_meter_counter_rate("s", 1e6) == 5400);
    assert_true(isinf(kw_meter_counter_rate("1", 1e6)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
