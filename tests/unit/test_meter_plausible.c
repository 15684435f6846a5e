/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/plausible.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { READINGS = 24, MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR };

static const struct kw_meter_counter_form wh = {.unit = 1, .step = 1};
static const struct kw_meter_counter_form wh_u32 = {
    .unit = 1, .step = 1, .modulus = {4294967296.0}, .decimal = true};
static const struct kw_meter_counter_form wh_s32 = {
    .unit = 1, .step = 1, .modulus = {4294967296.0, 2147483648.0}};
static const struct kw_meter_counter_form ten_wh_u32 = {
    .unit = 10, .step = 10, .modulus = {4294967296.0}, .decimal = true};
static const struct kw_meter_counter_form kwh_f32 = {
    .unit = 1000, .step = 1, .decimal = true, .is_float = true};
static const struct kw_meter_counter_form f32 = {
    .unit = 1, .step = 1, .is_float = true};
static const struct kw_meter_counter_form partial = {
    .unit = 1, .step = 1, .resettable = true};

static const double rate = 100e3; /* 100 kW: 27.8 Wh a second */

/* A value that is read, so many seconds after the one before. */
struct reading {
    int after_s;
    double value;
};

/* o plausible, v begins anew as it may, x implausible, n believed anew. */
static char judge(struct kw_meter_counter *counter,
                  const struct kw_meter_counter_form *form,
                  const struct kw_meter_counter_reading *reading,
                  double *before)
{
    return "ovnx"[kw_meter_counter_check(counter, form, reading, before)];
}

struct story {
    const char *name;
    const struct kw_meter_counter_form *form;
    double flow; /* W that the meter tells */
    struct reading readings[READINGS];
    const char *judged;
};

static void tell(const struct story *story, double limit)
{
    struct kw_meter_counter counter = {.known = false};
    struct kw_meter_counter_reading reading = {
        .rate = limit, .flow = story->flow, .now_ms = 0, .replaced_ms = -1};
    char judged[READINGS + 1] = "";
    double before = -1;

    for (size_t i = 0; i < strlen(story->judged); i++) {
        double last = counter.last.value;

        reading.now_ms += 1000 * (int64_t)story->readings[i].after_s;
        reading.value = story->readings[i].value;
        judged[i] = judge(&counter, story->form, &reading, &before);
        if (judged[i] == 'n')
            assert_true(before == last);
    }
    if (strcmp(judged, story->judged) != 0)
        fail_msg("%s: %s, expected %s", story->name, judged, story->judged);
}

static void test_stories(void **state)
{
    static const struct story rows[] = {
        {"stands and goes on",
         &wh,
         0,
         {{1, 5000}, {1, 5000}, {1, 5001}, {1, 5028}, {1, 5050}},
         "ooooo"},
        {"begins with 0", &wh, 0, {{1, 0}, {1, 0}, {1, 20}, {1, 40}}, "oooo"},
        {"has stood for nobody knows how long",
         &wh,
         0,
         {{1, 5000}, {1, 29000}, {1, 29028}, {1, 29100}},
         "ooox"},
        {"... but not for ever", &wh, 0, {{1, 5000}, {1, 31000}}, "ox"},
        /* one wrong reading, up or down, costs nothing but itself */
        {"0 once",
         &wh,
         0,
         {{1, 5000}, {1, 5001}, {1, 0}, {1, 5002}, {1, 5003}},
         "ooxoo"},
        {"wrong words",
         &wh,
         0,
         {{1, 5000}, {1, 5001}, {1, 9118000}, {1, 5002}, {1, 70538}, {1, 5003}},
         "ooxoxo"},
        {"0 at times",
         &wh,
         0,
         {{1, 5000}, {1, 0}, {1, 0}, {1, 5001}, {1, 0}, {1, 5002}},
         "oxxoxo"},
        {"wrong in turns",
         &wh,
         0,
         {{1, 5000},
          {1, 0},
          {MINUTE, 70000},
          {MINUTE, 0},
          {MINUTE, 70000},
          {MINUTE, 0},
          {MINUTE, 70000},
          {1, 5001}},
         "oxxxxxxo"},
        {"negative",
         &wh,
         0,
         {{1, -5}, {1, 0}, {1, -1}, {HOUR, -4}, {HOUR, -3}, {DAY, -3}, {1, 1}},
         "xoxxxxo"},
        {"rounded", &wh, 0, {{1, -1e-9}, {1, 0}, {1, -1e-9}}, "ooo"},
        /* the last digit may tremble */
        {"trembles",
         &wh,
         0,
         {{1, 5000}, {1, 4999}, {1, 5000}, {1, 4998}, {1, 4999}},
         "ooooo"},
        {"trembles too much", &wh, 0, {{1, 5000}, {1, 4997}, {1, 5001}}, "oxo"},
        {"a float of 100 GWh knows no single watt-hours",
         &f32,
         0,
         {{1, 100e9}, {1, 100e9 - 8192}, {1, 100e9 + 8192}, {1, 100e9 + 30000}},
         "oooo"},
        {"a float goes back", &f32, 0, {{1, 100e9}, {1, 100e9 - 65536}}, "ox"},
        {"a small float goes back", &f32, 0, {{1, 5000}, {1, 4990}}, "ox"},
        /* the end of the register */
        {"32 bits",
         &wh_u32,
         0,
         {{1, 4294967290.0}, {1, 4294967295.0}, {1, 3}, {1, 20}},
         "oovo"},
        {"32 bits, too far",
         &wh_u32,
         0,
         {{1, 4294967290.0}, {1, 4294967295.0}, {1, 500}, {1, 4294967295.0}},
         "ooxo"},
        {"32 bits of ten",
         &ten_wh_u32,
         0,
         {{1, 42949672940.0}, {1, 42949672950.0}, {1, 10}, {1, 30}},
         "oovo"},
        {"no such end", &wh, 0, {{1, 4294967290.0}, {1, 3}}, "ox"},
        {"31 bits", &wh_s32, 0, {{1, 2147483640.0}, {1, 5}, {1, 20}}, "ovo"},
        {"31 bits, then the sign, then 0 once more",
         &wh_s32,
         0,
         {{1, 2147483640.0}, {1, -2147483648.0}, {DAY, -5}, {DAY * 365, 20}},
         "oxxv"},
        {"a year later",
         &wh_u32,
         0,
         {{1, 4000000000.0}, {DAY * 365, 100000}, {1, 100001}},
         "ovo"},
        /* the end of the display */
        {"8 digits",
         &wh_u32,
         0,
         {{1, 99999990}, {1, 99999999}, {1, 12}, {1, 30}},
         "oovo"},
        {"4 digits", &wh_u32, 0, {{1, 9995}, {1, 9999}, {1, 2}}, "oov"},
        {"5 digits and a 0",
         &ten_wh_u32,
         0,
         {{1, 9999999980.0}, {1, 9999999990.0}, {1, 0}, {1, 20}},
         "oovo"},
        {"no end of 8 digits", &wh_u32, 0, {{1, 89999990}, {1, 2}}, "ox"},
        {"no end of 4 digits", &wh_u32, 0, {{1, 5000}, {1, 2}}, "ox"},
        {"below 0", &wh_u32, 0, {{1, 99999990}, {1, -5}}, "ox"},
        {"a float of 5 digits and 2 places",
         &kwh_f32,
         0,
         {{1, 99999980}, {1, 99999992}, {1, 8}, {1, 20}},
         "oovo"},
        {"a float of 7 digits: steps of 0.5 kWh",
         &kwh_f32,
         0,
         {{1, 9999999e3}, {1, 9999999500.0}, {1, 0}, {1, 20}},
         "oovo"},
        {"a float far from the end", &kwh_f32, 0, {{1, 98e6}, {1, 0}}, "ox"},
        /* partial counters */
        {"reset", &partial, 0, {{1, 5000}, {1, 0}, {1, 5}, {1, 30}}, "ovoo"},
        {"reset, and counting since",
         &partial,
         0,
         {{1, 500000}, {HOUR, 99000}, {1, 99020}},
         "ovo"},
        {"a wrong word", &partial, 0, {{1, 500000}, {1, 434464}}, "ox"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tell(&rows[i], rate);
}

/* How long, and by what, another story has to be told. */
static void test_beliefs(void **state)
{
    static const struct story rows[] = {
        {"it moves",
         &wh,
         5000,
         {{1, 5000}, {1, 10}, {60, 11}, {59, 12}, {1, 12}, {1, 13}},
         "oxxxno"},
        {"it moves, and is read once an hour",
         &wh,
         5000,
         {{1, 5000}, {HOUR, 10}, {HOUR, 11}, {HOUR, 11}},
         "oxxn"},
        {"a higher one",
         &wh,
         5000,
         {{1, 5000}, {1, 900000}, {1, 900001}, {120, 900020}},
         "oxxn"},
        {"a story with a hole begins again",
         &wh,
         5000,
         {{1, 5000},
          {1, 10},
          {100, 11},
          {1, 900000},
          {100, 12},
          {1, 12},
          {118, 14},
          {1, 14}},
         "oxxxxxxn"},
        /* 0 for as long as one likes, while power flows */
        {"0 under power",
         &wh,
         5000,
         {{1, 5000},
          {1, 0},
          {120, 0},
          {900, 0},
          {HOUR, 0},
          {10 * HOUR, 0},
          {1, 29000}},
         "oxxxxxo"},
        {"0 under power for a day",
         &wh,
         5000,
         {{1, 5000}, {1, 0}, {HOUR, 0}, {22 * HOUR, 0}, {HOUR, 0}, {1, 1}},
         "oxxxno"},
        /* without power it has 15 minutes to come back */
        {"0 for a while",
         &wh,
         0,
         {{1, 5000}, {1, 0}, {120, 0}, {400, 0}, {300, 0}, {1, 5001}},
         "oxxxxo"},
        {"0 for good",
         &wh,
         0,
         {{1, 5000}, {1, 0}, {120, 0}, {400, 0}, {380, 0}, {1, 1}},
         "oxxxno"},
        {"not enough power for a step",
         &ten_wh_u32,
         70,
         {{1, 5000}, {1, 0}, {1, 0}, {899, 0}},
         "oxxn"},
        {"enough for two",
         &ten_wh_u32,
         90,
         {{1, 5000}, {1, 0}, {1, 0}, {899, 0}},
         "oxxx"},
        /* frozen, then at once where it should be */
        {"frozen for an hour",
         &wh,
         5000,
         {{1, 5000},
          {1, 5001},
          {1800, 5001},
          {1800, 5001},
          {1, 70000},
          {60, 70020},
          {60, 70040},
          {1, 70041}},
         "oooox"
         "xoo"},
        {"too far for that hour",
         &wh,
         5000,
         {{1, 5000},
          {1, 5001},
          {1800, 5001},
          {1800, 5001},
          {1, 170000},
          {60, 170020},
          {60, 170040},
          {1, 170041}},
         "oooox"
         "xno"},
        /* after it is believed nothing is known of its changes again */
        {"slow after it was replaced",
         &wh,
         5000,
         {{1, 5000}, {1, 10}, {60, 11}, {60, 12}, {1, 24000}},
         "oxxno"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tell(&rows[i], rate);
}

/* What stands is believed with what moves, if it began before that was. */
static void test_together(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        struct kw_meter_counter counter = {.known = false};
        struct kw_meter_counter_reading reading = {
            .value = 5000, .rate = rate, .flow = 5000, .replaced_ms = -1};
        double before;

        assert_int_equal(judge(&counter, &wh, &reading, &before), 'o');
        reading.now_ms = 200000;
        reading.value = 0;
        assert_int_equal(judge(&counter, &wh, &reading, &before), 'x');
        reading.replaced_ms = early ? 199999 : 320000;
        reading.now_ms = 319999;
        assert_int_equal(judge(&counter, &wh, &reading, &before), 'x');
        reading.now_ms = 320000;
        assert_int_equal(judge(&counter, &wh, &reading, &before),
                         early ? 'x' : 'n');
    }
}

/* Time since the last reading counts, and since the last change if the meter
 * updates its counters seldom. */
static void test_time(void **state)
{
    static const struct {
        int idle_s, then_s; /* it stands, read each second; then a pause */
        double more;
        char judged;
    } rows[] = {
        {0, 1, 56, 'o'},          {0, 1, 60, 'x'},
        {0, 3600, 100000, 'o'},   {0, 3600, 101000, 'x'},
        {60, 1, 1600, 'o'},       {60, 1, 2000, 'x'},
        {3600, 1, 25000, 'o'},    {3600, 1, 26000, 'x'},
        {3600, 7200, 224e3, 'o'}, {3600, 7200, 226e3, 'x'},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_counter counter = {.known = false};
        struct kw_meter_counter_reading reading = {
            .value = 1e6 - 1, .rate = rate, .now_ms = 7, .replaced_ms = -1};
        double before;

        assert_int_equal(judge(&counter, &wh, &reading, &before), 'o');
        reading.value = 1e6;
        for (int s = 0; s <= rows[i].idle_s; s++) {
            reading.now_ms += 1000;
            assert_int_equal(judge(&counter, &wh, &reading, &before), 'o');
        }
        reading.now_ms += rows[i].then_s * (int64_t)1000;
        reading.value += rows[i].more;
        assert_int_equal(judge(&counter, &wh, &reading, &before),
                         rows[i].judged);
    }
}

/* Ten counters of meters with 300 to 600 kW, which update each 30 s, seen
 * first just before an update: none is doubted. */
static void test_slow_meters(void **state)
{
    static const double powers_w[] = {300e3, 420e3, 563e3, 600e3};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct kw_meter_counter counter = {.known = false};
        struct kw_meter_counter_reading reading = {
            .rate = kw_meter_counter_rate("Wh", 563e3), .replaced_ms = -1};
        double before;

        for (int s = 0; s < 600; s++) {
            reading.now_ms = s * 1000;
            /* the updates are at 3, 33, 63 ... seconds */
            reading.value =
                trunc(1e6 + powers_w[i] / 3600 * ((s + 27) / 30 * 30));
            assert_int_equal(judge(&counter, &wh, &reading, &before), 'o');
        }
    }
}

/* Pulses may come as fast as they like, but not go back; near the end of
 * their register or display they begin anew. */
static void test_no_limit(void **state)
{
    const double endless = kw_meter_counter_rate("1", 0);
    static const struct story rows[] = {
        {"up",
         &wh_u32,
         0,
         {{0, 1}, {0, 5e8}, {0, 5e8}, {0, 5}, {0, 4294967290.0}, {0, 9}},
         "oooxov"},
        {"the display", &wh_u32, 0, {{0, 9700}, {0, 600}, {0, 9700}}, "ovo"},
        {"far from its end", &wh_u32, 0, {{0, 9700}, {0, 800}}, "ox"},
        {"reset", &partial, 0, {{0, 9700}, {0, 4}, {0, 3}, {0, 9}}, "ovoo"},
        {"no reset", &partial, 0, {{0, 9700}, {0, 5}}, "ox"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tell(&rows[i], endless);
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
        cmocka_unit_test(test_stories),     cmocka_unit_test(test_beliefs),
        cmocka_unit_test(test_together),    cmocka_unit_test(test_time),
        cmocka_unit_test(test_slow_meters), cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
