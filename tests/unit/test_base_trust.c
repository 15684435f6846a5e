/* SPDX-License-Identifier: Apache-2.0 */
/* Which time is trusted, by clocks turned by hand. */
#include "base/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1767225600000); /* 2026-01-01 */
static const int64_t hour_ms = 3600000;
static const int64_t day_ms = KW_TRUST_DAY_MS;
static const int64_t year_ms = INT64_C(31556952000);

struct rig {
    struct kw_clock_manual clock;
    struct kw_trust trust;
};

static void open_rig(struct rig *rig, int64_t known_ms)
{
    kw_clock_manual_init(&rig->clock, now_ms);
    rig->clock.mono_ns = UINT64_C(400) * 86400 * 1000000000; /* long up */
    kw_trust_init(&rig->trust, &rig->clock.clock, known_ms);
}

static int64_t look(struct rig *rig)
{
    return kw_trust_time(&rig->trust, &rig->clock.clock);
}

/* So long, with a look each ten minutes. */
static int64_t pass(struct rig *rig, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 600000) {
        kw_clock_manual_advance(&rig->clock, 600000);
        (void)look(rig);
    }
    return look(rig);
}

/* After that long the trusted time is so far behind the clock. */
static void expect_lag(struct rig *rig, int64_t ms, int64_t lag_ms)
{
    int64_t time_ms = pass(rig, ms);

    assert_int_equal(rig->clock.wall_ms - time_ms, lag_ms);
}

/* A clock that is right: trusted from the first look on, for years. */
static void test_right_clock(void **state)
{
    struct rig rig;

    (void)state;
    open_rig(&rig, now_ms);
    for (int i = 0; i < 3 * 366; i++)
        expect_lag(&rig, day_ms, 0);
    assert_int_equal(kw_trust_known(&rig.trust, &rig.clock.clock),
                     rig.clock.wall_ms);
}

/* It goes fast and is set back, a little each hour, or slow and forward. */
static void test_small_steps(void **state)
{
    struct rig rig;

    (void)state;
    open_rig(&rig, now_ms);
    for (int i = 0; i < 1000; i++) {
        int64_t time_ms;

        rig.clock.wall_ms += i % 2 == 0 ? 40 : -40;
        time_ms = pass(&rig, hour_ms);

        assert_in_range(rig.clock.wall_ms - time_ms, 0, 40);
    }
    for (int i = 0; i < 1000; i++) {
        int64_t time_ms;

        rig.clock.wall_ms += 40;
        time_ms = pass(&rig, hour_ms);

        assert_in_range(rig.clock.wall_ms - time_ms, 0, 49 * 40);
    }
}

/* Twelve years ahead for an hour, for a day less an hour: as if nothing had
 * been. */
static void test_ahead_and_back(void **state)
{
    static const int hours[] = {1, 23};
    struct rig rig;

    (void)state;
    open_rig(&rig, now_ms);
    for (size_t i = 0; i < 2; i++) {
        int64_t before_ms = look(&rig), ms = hours[i] * hour_ms;

        rig.clock.wall_ms += 12 * year_ms;
        assert_int_equal(pass(&rig, ms), before_ms + ms);
        rig.clock.wall_ms -= 12 * year_ms;
        assert_int_equal(look(&rig), rig.clock.wall_ms);
        expect_lag(&rig, 2 * day_ms, 0);
    }
}

/* Ahead for a day and more: believed then, and not before. */
static void test_ahead_for_good(void **state)
{
    struct rig rig;

    (void)state;
    open_rig(&rig, now_ms);
    rig.clock.wall_ms += 12 * year_ms;
    (void)look(&rig);
    expect_lag(&rig, day_ms - hour_ms, 12 * year_ms);
    expect_lag(&rig, hour_ms, 0);
    rig.clock.wall_ms -= 12 * year_ms; /* corrected all the same */
    assert_int_equal(look(&rig), rig.clock.wall_ms);
}

/* Ahead in many steps of less than a day: only what lasted a day counts. */
static void test_creeping(void **state)
{
    struct rig rig;

    (void)state;
    open_rig(&rig, now_ms);
    for (int i = 0; i < 48; i++) {
        rig.clock.wall_ms += day_ms / 2;
        (void)pass(&rig, hour_ms / 2);
    }
    /* after a day the first step, half a day, is trusted */
    assert_true(look(&rig) <= now_ms + 2 * day_ms);
    assert_true(rig.clock.wall_ms > now_ms + 24 * day_ms);
}

/* A clock that can't be right tells nothing, and its time doesn't count. */
static void test_impossible(void **state)
{
    static const int64_t walls[] = {0, 5000, INT64_C(4102444800000)};
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        open_rig(&rig, now_ms);
        rig.clock.wall_ms = walls[i];
        assert_int_equal(pass(&rig, 3 * day_ms), now_ms + 3 * day_ms);
        rig.clock.wall_ms = now_ms + 4 * day_ms;
        assert_int_equal(look(&rig), now_ms + 3 * day_ms);
        expect_lag(&rig, day_ms, 0);
    }
}

/* Behind: the earlier time counts at once, since less is old then. */
static void test_behind(void **state)
{
    struct rig rig;

    (void)state;
    open_rig(&rig, now_ms);
    rig.clock.wall_ms -= year_ms;
    expect_lag(&rig, hour_ms, 0);
    rig.clock.wall_ms += year_ms;
    (void)look(&rig);
    expect_lag(&rig, 23 * hour_ms, year_ms);
    expect_lag(&rig, hour_ms, 0);
}

/* Starts: without a known time; after weeks off; with a clock of 2038. */
static void test_starts(void **state)
{
    struct rig rig;

    (void)state;
    open_rig(&rig, 0);
    assert_int_equal(pass(&rig, 23 * hour_ms), 23 * hour_ms);
    expect_lag(&rig, 2 * hour_ms, 0);
    open_rig(&rig, now_ms - 30 * day_ms);
    assert_int_equal(pass(&rig, hour_ms), now_ms - 30 * day_ms + hour_ms);
    expect_lag(&rig, day_ms, 0);
    open_rig(&rig, now_ms);
    rig.clock.wall_ms = INT64_C(2147483648000);
    assert_int_equal(pass(&rig, 23 * hour_ms), now_ms + 23 * hour_ms);
    rig.trust = (struct kw_trust){0}; /* as before any init */
    assert_true(look(&rig) < year_ms + 36 * day_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_clock),
        cmocka_unit_test(test_small_steps),
        cmocka_unit_test(test_ahead_and_back),
        cmocka_unit_test(test_ahead_for_good),
        cmocka_unit_test(test_creeping),
        cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_starts),
    };

    return cmocka_run_group_tests_name("base_trust", tests, NULL, NULL);
}
