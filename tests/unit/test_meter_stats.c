/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint64_t s = 1000000000U;

static void test_count(void **state)
{
    struct kw_meter_stats stats = {.polls = 0};

    (void)state;
    assert_int_equal(kw_meter_stats_mean_us(&stats), 0);
    kw_meter_stats_count(&stats, KW_METER_GOOD, 1000);
    kw_meter_stats_count(&stats, KW_METER_EXCEPTION, 3000);
    kw_meter_stats_count(&stats, KW_METER_GOOD, 2000);
    kw_meter_stats_count(&stats, KW_METER_TIMEOUT, 999999);
    kw_meter_stats_count(&stats, KW_METER_GARBLED, 999999);
    kw_meter_stats_count(&stats, KW_METER_LINE, 999999);
    assert_int_equal(stats.requests, 6);
    assert_int_equal(stats.timeouts, 1);
    assert_int_equal(stats.crc, 1);
    assert_int_equal(stats.exceptions, 1);
    assert_int_equal(stats.rtt_last_us, 2000);
    assert_int_equal(stats.rtt_max_us, 3000);
    assert_int_equal(kw_meter_stats_mean_us(&stats), 2000);
}

static void test_histogram(void **state)
{
    static const struct {
        uint64_t rtt_us;
        unsigned at;
    } rows[] = {
        {0, 0},        {500, 0},      {501, 1},         {1000, 1},
        {4999, 3},     {20000, 5},    {20001, 6},       {999999, 10},
        {2000000, 11}, {2000001, 12}, {UINT64_MAX, 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_stats stats = {.polls = 0}, sum = {.polls = 1};

        kw_meter_stats_count(&stats, KW_METER_TIMEOUT, rows[i].rtt_us);
        kw_meter_stats_count(&stats, KW_METER_EXCEPTION, rows[i].rtt_us);
        kw_meter_stats_add(&sum, &stats);
        kw_meter_stats_add(&sum, &stats);
        for (unsigned j = 0; j <= KW_METER_RTT_BOUNDS; j++)
            assert_int_equal(sum.rtt[j], j == rows[i].at ? 2 : 0);
        assert_int_equal(sum.polls, 1);
        assert_int_equal(sum.requests, 4);
        assert_int_equal(sum.timeouts, 2);
        assert_int_equal(sum.exceptions, 2);
        assert_int_equal(sum.rtt_count, 2);
    }
}

/* Requests of the window after so many, one each period_ms. */
static uint32_t in_window(unsigned requests, uint64_t period_ms)
{
    struct kw_meter_recent recent = {.since_ns = 0};
    struct kw_meter_counts sum;

    for (unsigned i = 0; i < requests; i++)
        kw_meter_recent_count(&recent, KW_METER_GOOD, 1000,
                              (1 + i * period_ms) * 1000000U);
    kw_meter_recent_sum(&recent, &sum);
    assert_int_equal(sum.requests, sum.answers);
    assert_int_equal(sum.rtt_sum_us, sum.answers * 1000ULL);
    return sum.requests;
}

/* The last two to four minutes, or a hundred to two hundred requests. */
static void test_recent(void **state)
{
    (void)state;
    assert_int_equal(in_window(1, 1000), 1);
    assert_int_equal(in_window(120, 1000), 120);
    assert_int_equal(in_window(240, 1000), 240);
    assert_int_equal(in_window(241, 1000), 121);
    assert_int_equal(in_window(360, 1000), 240);
    assert_int_equal(in_window(3600, 100), 2400);
    assert_int_equal(in_window(100, 3600000), 100);
    assert_int_equal(in_window(200, 3600000), 200);
    assert_int_equal(in_window(201, 3600000), 101);
}

static void test_recent_kinds(void **state)
{
    struct kw_meter_recent recent = {.since_ns = 0};
    struct kw_meter_counts sum;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        kw_meter_recent_count(&recent, KW_METER_GOOD, 5000000000000, s);
        kw_meter_recent_count(&recent, KW_METER_EXCEPTION, 1000, s);
        kw_meter_recent_count(&recent, KW_METER_TIMEOUT, 9000, s);
        kw_meter_recent_count(&recent, KW_METER_GARBLED, 9000, s);
        kw_meter_recent_count(&recent, KW_METER_LINE, 9000, s);
        recent.now.foreign = recent.now.late = recent.now.twice = 3;
        recent.now.masters = recent.now.echoes = recent.now.noise = 4;
        recent.before = recent.now;
        recent.now = (struct kw_meter_counts){.requests = 0};
    }
    kw_meter_recent_count(&recent, KW_METER_TIMEOUT, 9000, s);
    kw_meter_recent_sum(&recent, &sum);
    assert_int_equal(sum.requests, 6);
    assert_int_equal(sum.answers, 2);
    assert_int_equal(sum.timeouts, 2);
    assert_int_equal(sum.crc, 1);
    assert_int_equal(sum.exceptions, 1);
    assert_int_equal(sum.foreign + sum.late + sum.twice, 9);
    assert_int_equal(sum.masters + sum.echoes + sum.noise, 12);
    assert_int_equal(sum.rtt_max_us, UINT32_MAX);
}

/* Of a line nobody counts requests: time alone turns it. */
static void test_recent_of_a_line(void **state)
{
    struct kw_meter_recent recent = {.since_ns = 0};

    (void)state;
    kw_meter_recent_turn(&recent, 0, s);
    recent.now.noise = 5;
    kw_meter_recent_turn(&recent, 0, 120 * s);
    assert_int_equal(recent.now.noise, 5);
    kw_meter_recent_turn(&recent, 0, 121 * s);
    assert_int_equal(recent.now.noise, 0);
    assert_int_equal(recent.before.noise, 5);
    recent.now.noise = 6;
    kw_meter_recent_turn(&recent, 0, 1000 * s);
    assert_int_equal(recent.now.noise + recent.before.noise, 0);
}

static void test_aside(void **state)
{
    static const struct {
        unsigned failures;
        uint64_t period, pause;
    } rows[] = {
        {0, 1000, 1000},         {2, 1000, 1000},  {3, 1000, 2000},
        {4, 1000, 4000},         {5, 1000, 8000},  {7, 1000, 32000},
        {8, 1000, 60000},        {9, 1000, 60000}, {1000000, 1000, 60000},
        {3, 5000, 5000},         {5, 5000, 8000},  {3, 86400000, 86400000},
        {100, 3600000, 3600000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_aside_ms(rows[i].failures, rows[i].period),
                         rows[i].pause);
}

static void test_reopen(void **state)
{
    static const uint64_t pauses[] = {0, 2000, 4000, 8000, 10000, 10000};

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(kw_meter_reopen_ms(i), pauses[i]);
    assert_int_equal(kw_meter_reopen_ms(4000000000U), 10000);
}

static void near(double got, double expected)
{
    assert_true(fabs(got - expected) < 0.0001);
}

static void test_usage_from_the_start(void **state)
{
    struct kw_meter_usage usage;

    (void)state;
    kw_meter_usage_init(&usage, 100 * s);
    near(kw_meter_usage_share(&usage, 100 * s), 0);
    kw_meter_usage_add(&usage, 100 * s, 100 * s + s / 2);
    near(kw_meter_usage_share(&usage, 101 * s), 0.5);
    near(kw_meter_usage_share(&usage, 102 * s), 0.25);
    /* more than elapsed: the silence after the last request counts */
    near(kw_meter_usage_share(&usage, 100 * s + s / 4), 1);
}

static void test_usage_window(void **state)
{
    struct kw_meter_usage usage;

    (void)state;
    kw_meter_usage_init(&usage, 0);
    for (uint64_t at = 0; at < 60; at++)
        kw_meter_usage_add(&usage, at * s + s / 4, at * s + s / 2);
    near(kw_meter_usage_share(&usage, 60 * s - 1), 0.25);
    near(kw_meter_usage_share(&usage, 65 * s - 1), 0.125);
    near(kw_meter_usage_share(&usage, 75 * s), 0);
    near(kw_meter_usage_share(&usage, 10000 * s), 0);
    kw_meter_usage_add(&usage, 9999 * s, 10000 * s);
    assert_true(kw_meter_usage_share(&usage, 10000 * s) > 0.1);
}

/* A stretch over several seconds counts in each; only the last ten count. */
static void test_usage_long(void **state)
{
    struct kw_meter_usage usage;

    (void)state;
    kw_meter_usage_init(&usage, 0);
    kw_meter_usage_add(&usage, 0, 30 * s);
    near(kw_meter_usage_share(&usage, 30 * s - 1), 1);
    near(kw_meter_usage_share(&usage, 35 * s - 1), 0.5);
    kw_meter_usage_init(&usage, 5 * s + s / 2);
    kw_meter_usage_add(&usage, 5 * s + s / 2, 7 * s + s / 2);
    near(kw_meter_usage_share(&usage, 9 * s + s / 2), 0.5);
    kw_meter_usage_add(&usage, 8 * s, 8 * s);
    near(kw_meter_usage_share(&usage, 9 * s + s / 2), 0.5);
    /* up to the end of a silence that is still to come */
    kw_meter_usage_add(&usage, 9 * s + s / 2, 12 * s + s / 10);
    assert_true(kw_meter_usage_share(&usage, 12 * s - 1) > 0.5);
    assert_true(kw_meter_usage_share(&usage, 12 * s - 1) <= 1);
}

static void test_babble(void **state)
{
    static const uint64_t pauses_ms[] = {2000,  4000,  8000, 16000,
                                         32000, 60000, 60000};

    (void)state;
    for (unsigned i = 0; i < sizeof(pauses_ms) / sizeof(pauses_ms[0]); i++)
        assert_int_equal(kw_meter_babble_ms(i + 1), pauses_ms[i]);
    assert_int_equal(kw_meter_babble_ms(UINT32_MAX), 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_babble),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_recent),
        cmocka_unit_test(test_recent_kinds),
        cmocka_unit_test(test_recent_of_a_line),
        cmocka_unit_test(test_aside),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_usage_from_the_start),
        cmocka_unit_test(test_usage_window),
        cmocka_unit_test(test_usage_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
