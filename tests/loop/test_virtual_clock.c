/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of this program is the virtual one, and keeps what
 * virtual/clock.h says. The first test fails at once when the program was
 * linked without it.
 */
#include "core/job.h"
#include "core/wake.h"
#include "lib/fixture.h"
#include "virtual/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { HOUR_MS = 3600000 };

static const uint64_t ns_per_ms = 1000000, start_wall_ms = 1767225600000;

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now;

    assert_int_equal(clock_gettime(id, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static void work_for_real_ms(uint64_t ms)
{
    uint64_t until_ns = kw_virtual_real_ns() + ms * ns_per_ms;

    while (kw_virtual_real_ns() < until_ns)
        ;
}

static void test_stands_still(void **state)
{
    uint64_t began_ns = now_ns();
    uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    (void)state;
    work_for_real_ms(3);
    assert_int_equal(now_ns(), began_ns);
    assert_true(clock_ns(CLOCK_THREAD_CPUTIME_ID) > cpu_ns);
}

static void test_jumps(void **state)
{
    static const clockid_t mono[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
                                     CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    static const clockid_t wall[] = {CLOCK_REALTIME, CLOCK_REALTIME_COARSE,
                                     CLOCK_TAI};
    struct kw_fixture fixture;
    struct timeval of_day;
    struct timespec step;
    uint64_t began_ns = now_ns(), wall_ns = clock_ns(CLOCK_REALTIME);

    (void)state;
    assert_in_range(wall_ns / ns_per_ms, start_wall_ms,
                    start_wall_ms + HOUR_MS);
    kw_fixture_open(&fixture, 0);
    kw_fixture_run_ms(&fixture, HOUR_MS);
    kw_fixture_close(&fixture);
    for (size_t i = 0; i < sizeof(mono) / sizeof(mono[0]); i++) {
        assert_int_equal(clock_ns(mono[i]) - began_ns, HOUR_MS * ns_per_ms);
        assert_int_equal(clock_getres(mono[i], &step), 0);
        assert_int_equal(step.tv_nsec, 1);
    }
    for (size_t i = 0; i < sizeof(wall) / sizeof(wall[0]); i++)
        assert_int_equal(clock_ns(wall[i]) - wall_ns, HOUR_MS * ns_per_ms);
    assert_int_equal(gettimeofday(&of_day, NULL), 0);
    assert_int_equal(of_day.tv_sec, clock_ns(CLOCK_REALTIME) / 1000000000U);
    assert_int_equal(time(NULL), of_day.tv_sec);
}

struct ticks {
    uint64_t last_ns;
    unsigned count;
    uv_timer_t timer;
};

static void on_tick(uv_timer_t *timer)
{
    struct ticks *ticks = timer->data;

    if (ticks->count++ > 0)
        assert_int_equal(now_ns() - ticks->last_ns, 1000 * ns_per_ms);
    ticks->last_ns = now_ns();
}

static bool is_a_day(void *arg)
{
    return ((const struct ticks *)arg)->count == 86400;
}

/* A day of seconds, none of them late. The deadline of a wait is sixty
 * seconds: a wait for each. */
static void test_exact(void **state)
{
    struct ticks ticks = {.count = 0};
    struct kw_fixture fixture;

    (void)state;
    kw_fixture_open(&fixture, 0);
    uv_timer_init(&fixture.loop.uv, &ticks.timer);
    ticks.timer.data = &ticks;
    uv_timer_start(&ticks.timer, on_tick, 1000, 1000);
    for (int i = 0; i < 23; i++)
        kw_fixture_run_ms(&fixture, HOUR_MS);
    kw_fixture_run_ms(&fixture, HOUR_MS - 30000);
    kw_fixture_until(&fixture, is_a_day, &ticks);
    uv_close((uv_handle_t *)&ticks.timer, NULL);
    kw_fixture_close(&fixture);
}

struct alarm {
    struct kw_wake wake;
    uint64_t ran_ns;
    bool ran;
};

static void on_alarm(struct kw_wake *wake)
{
    struct alarm *alarm = KW_LIST_ENTRY(wake, struct alarm, wake);

    alarm->ran_ns = now_ns();
    alarm->ran = true;
}

/* To the nanosecond, and the moment it has run is when the wait ends. */
static void test_wake(void **state)
{
    struct alarm alarm = {.wake = {.run = on_alarm}};
    struct kw_fixture fixture;

    (void)state;
    kw_fixture_open(&fixture, 0);
    assert_int_equal(kw_wake_open(&fixture.loop, &alarm.wake), 0);
    for (uint64_t delay_ns = 1; delay_ns < 30000 * ns_per_ms; delay_ns *= 7) {
        uint64_t set_ns = now_ns();

        alarm.ran = false;
        kw_wake_set(&alarm.wake, delay_ns);
        kw_fixture_until_set(&fixture, &alarm.ran);
        assert_int_equal(alarm.ran_ns - set_ns, delay_ns);
        assert_int_equal(now_ns(), alarm.ran_ns);
    }
    kw_wake_close(&alarm.wake);
    kw_fixture_close(&fixture);
}

/* What has the number of a timer that was closed is left alone. */
static void test_number_used_again(void **state)
{
    const struct itimerspec when = {.it_value = {.tv_nsec = 5000000}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct kw_fixture fixture;
    eventfd_t count;
    int other;

    (void)state;
    assert_int_equal(timerfd_settime(timer, 0, &when, NULL), 0);
    assert_int_equal(close(timer), 0);
    other = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(other, timer);
    kw_fixture_open(&fixture, 0);
    kw_fixture_run_ms(&fixture, 100);
    kw_fixture_close(&fixture);
    assert_int_equal(eventfd_read(other, &count), -1);
    assert_int_equal(close(other), 0);
}

struct labour {
    struct kw_job job;
    uint64_t seen_ns, done_ns;
    bool done;
};

static void on_hour(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("%s", "time went on during a job");
}

static void labour(struct kw_job *job)
{
    work_for_real_ms(5);
    KW_LIST_ENTRY(job, struct labour, job)->seen_ns = now_ns();
}

static void labour_done(struct kw_job *job, int err)
{
    struct labour *own = KW_LIST_ENTRY(job, struct labour, job);

    assert_int_equal(err, 0);
    own->done_ns = now_ns();
    own->done = true;
}

/* However long it takes, a job takes no time; also while the lanes close. */
static void test_job(void **state)
{
    struct labour first = {.job = {.work = labour, .done = labour_done}};
    struct labour last = first;
    struct kw_fixture fixture;
    uint64_t began_ns = now_ns();
    uv_timer_t timer;

    (void)state;
    kw_fixture_open(&fixture, 0);
    uv_timer_init(&fixture.loop.uv, &timer);
    uv_timer_start(&timer, on_hour, HOUR_MS, 0);
    assert_int_equal(
        kw_jobs_submit(fixture.core.jobs, KW_LANE_WORK, &first.job), 0);
    kw_fixture_until_set(&fixture, &first.done);
    assert_int_equal(first.seen_ns, began_ns);
    assert_int_equal(first.done_ns, began_ns);
    assert_int_equal(kw_jobs_submit(fixture.core.jobs, KW_LANE_DB, &last.job),
                     0);
    uv_close((uv_handle_t *)&timer, NULL);
    kw_fixture_close(&fixture);
    assert_int_equal(last.done_ns, began_ns);
    assert_int_equal(now_ns(), began_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stands_still),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_number_used_again),
        cmocka_unit_test(test_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
