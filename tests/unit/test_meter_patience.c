/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint64_t minute_ns = 60 * (uint64_t)1000000000;

static void test_nothing_seen(void **state)
{
    const struct kw_meter_patience patience = {.since_ns = 0};

    (void)state;
    assert_int_equal(kw_meter_patience_ms(&patience, 0, 1000), 0);
    assert_int_equal(kw_meter_patience_ms(&patience, 5000, 1000), 0);
}

/* Four times the longest, at least 30 ms, never more than the setting. */
static void test_times(void **state)
{
    static const struct {
        uint64_t seen_us, own_us;
        uint32_t timeout_ms, probe_ms;
    } rows[] = {
        {0, 0, 1000, 30},        {5000, 0, 1000, 30},
        {7500, 0, 1000, 30},     {7750, 0, 1000, 31},
        {60000, 0, 1000, 240},   {5000, 80000, 1000, 320},
        {60000, 10, 1000, 240},  {249999, 0, 1000, 999},
        {250000, 0, 1000, 0},    {900000, 0, 1000, 0},
        {5000, 300000, 1000, 0}, {5000, 0, 30, 0},
        {5000, 0, 31, 30},       {5000, 0, 10, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_patience patience = {.since_ns = 0};

        kw_meter_patience_seen(&patience, rows[i].seen_us, 1);
        if (kw_meter_patience_ms(&patience, rows[i].own_us,
                                 rows[i].timeout_ms) != rows[i].probe_ms)
            fail_msg("row %zu", i);
    }
}

static void test_longest(void **state)
{
    struct kw_meter_patience patience = {.since_ns = 0};

    (void)state;
    kw_meter_patience_seen(&patience, 50000, 1);
    kw_meter_patience_seen(&patience, 70000, 2);
    kw_meter_patience_seen(&patience, 30000, 3);
    assert_int_equal(kw_meter_patience_ms(&patience, 0, 1000), 280);
}

/* What was long once is forgotten after ten to twenty minutes. */
static void test_forgotten(void **state)
{
    struct kw_meter_patience patience = {.since_ns = 0};

    (void)state;
    kw_meter_patience_seen(&patience, 100000, 1);
    kw_meter_patience_seen(&patience, 30000, 9 * minute_ns);
    assert_int_equal(kw_meter_patience_ms(&patience, 0, 1000), 400);
    kw_meter_patience_seen(&patience, 30000, 11 * minute_ns);
    assert_int_equal(kw_meter_patience_ms(&patience, 0, 1000), 400);
    kw_meter_patience_seen(&patience, 30000, 22 * minute_ns);
    assert_int_equal(kw_meter_patience_ms(&patience, 0, 1000), 120);
    /* nothing for a long time: what was before is no use */
    kw_meter_patience_seen(&patience, 90000, 22 * minute_ns + 1);
    kw_meter_patience_seen(&patience, 40000, 60 * minute_ns);
    assert_int_equal(kw_meter_patience_ms(&patience, 0, 1000), 160);
}

static void test_full(void **state)
{
    static const struct {
        unsigned failures;
        bool known, full;
    } rows[] = {
        {0, true, true},   {0, false, false}, {1, true, false},
        {1, false, false}, {4, true, false},  {7, true, false},
        {8, false, true},  {9, true, false},  {11, true, false},
        {12, true, true},  {16, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            kw_meter_patience_full(rows[i].failures, rows[i].known),
            rows[i].full);
}

/* A meter that answered the last poll; one that never did only when its next
 * poll is far. */
static void test_repeats(void **state)
{
    (void)state;
    assert_true(kw_meter_patience_repeats(0, true, 1000));
    assert_false(kw_meter_patience_repeats(0, false, 1000));
    assert_false(kw_meter_patience_repeats(0, false, 10000));
    assert_true(kw_meter_patience_repeats(0, false, 10001));
    assert_false(kw_meter_patience_repeats(1, true, 1000));
    assert_false(kw_meter_patience_repeats(1, true, 60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_seen), cmocka_unit_test(test_times),
        cmocka_unit_test(test_longest),      cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_full),         cmocka_unit_test(test_repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
