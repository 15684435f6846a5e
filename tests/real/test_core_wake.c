/* SPDX-License-Identifier: Apache-2.0 */
/* Wake-up times: order, precision, changes while they run, thousands. */
#include "base/mem.h"
#include "core/loop.h"
#include "lib/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 3000 };

struct stage;

struct alarm {
    struct kw_wake wake;
    struct stage *stage;
    uint64_t due_ns, ran_ns;
    unsigned runs;
    struct alarm *clears, *sets; /* when it runs; NULL: nothing */
};

struct stage {
    struct kw_loop loop;
    uint64_t balance;
    struct alarm alarms[MANY];
    struct alarm *order[MANY];
    size_t ran;
};

static uint64_t now_ns(void)
{
    return kw_clock_mono_ns(&kw_clock_system);
}

static void set(struct alarm *alarm, uint64_t delay_ns)
{
    alarm->due_ns = now_ns() + delay_ns;
    kw_wake_set(&alarm->wake, delay_ns);
}

static void run(struct kw_wake *wake)
{
    struct alarm *alarm = KW_LIST_ENTRY(wake, struct alarm, wake);
    struct stage *stage = alarm->stage;

    assert_false(kw_wake_is_set(wake));
    alarm->ran_ns = now_ns();
    alarm->runs++;
    if (stage->ran < MANY)
        stage->order[stage->ran++] = alarm;
    if (alarm->clears != NULL)
        kw_wake_clear(&alarm->clears->wake);
    if (alarm->sets != NULL)
        set(alarm->sets, 0);
}

static int open_stage(void **state)
{
    static struct stage stage;

    memset(&stage, 0, sizeof(stage));
    stage.balance = kw_test_blocks();
    assert_int_equal(kw_loop_init(&stage.loop, &kw_clock_system), 0);
    *state = &stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    for (size_t i = 0; i < MANY; i++)
        kw_wake_close(&stage->alarms[i].wake);
    assert_int_equal(kw_loop_fini(&stage->loop), 0);
    assert_int_equal(kw_test_blocks(), stage->balance);
    return 0;
}

static void open_alarms(struct stage *stage, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stage->alarms[i].stage = stage;
        stage->alarms[i].wake.run = run;
        assert_int_equal(kw_wake_open(&stage->loop, &stage->alarms[i].wake), 0);
    }
}

/* The loop ends by itself when nothing is set: so all has run. */
static void test_order(void **state)
{
    struct stage *stage = *state;
    struct alarm *alarms = stage->alarms;

    open_alarms(stage, 4);
    set(&alarms[0], 3000000);
    set(&alarms[1], 1000000);
    set(&alarms[2], 2000000);
    set(&alarms[3], 500000);
    set(&alarms[3], 4000000); /* later */
    set(&alarms[0], 100000);  /* earlier */
    kw_wake_clear(&alarms[2].wake);
    kw_wake_clear(&alarms[2].wake);
    kw_loop_run(&stage->loop);
    assert_int_equal(stage->ran, 3);
    assert_ptr_equal(stage->order[0], &alarms[0]);
    assert_ptr_equal(stage->order[1], &alarms[1]);
    assert_ptr_equal(stage->order[2], &alarms[3]);
    for (size_t i = 0; i < 3; i++)
        assert_true(stage->order[i]->ran_ns >= stage->order[i]->due_ns);
}

/* Finer than milliseconds: of fifty tries at a quarter of one the best is
 * much nearer than libuv's timers come. */
static void test_precision(void **state)
{
    struct stage *stage = *state;
    struct alarm *alarm = &stage->alarms[0];
    uint64_t best_ns = UINT64_MAX;

    open_alarms(stage, 1);
    for (unsigned i = 0; i < 50; i++) {
        set(alarm, 250000);
        kw_loop_run(&stage->loop);
        assert_true(alarm->ran_ns >= alarm->due_ns);
        if (alarm->ran_ns - alarm->due_ns < best_ns)
            best_ns = alarm->ran_ns - alarm->due_ns;
    }
    assert_int_equal(alarm->runs, 50);
    assert_true(best_ns < 500000);
}

/* One clears another that is due as well; one sets itself again. */
static void test_inside(void **state)
{
    struct stage *stage = *state;
    struct alarm *alarms = stage->alarms;

    open_alarms(stage, 3);
    set(&alarms[0], 0);
    set(&alarms[1], 1);
    set(&alarms[2], 2);
    alarms[0].clears = &alarms[1];
    alarms[0].sets = &alarms[2]; /* set already: still once */
    kw_loop_run(&stage->loop);
    assert_int_equal(alarms[0].runs, 1);
    assert_int_equal(alarms[1].runs, 0);
    assert_int_equal(alarms[2].runs, 1);
}

static void stop_soon(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Who sets itself again at once does not keep the loop from others. */
static void test_no_starvation(void **state)
{
    struct stage *stage = *state;
    struct alarm *alarm = &stage->alarms[0];
    uv_timer_t timer;

    open_alarms(stage, 1);
    alarm->sets = alarm;
    set(alarm, 0);
    uv_timer_init(&stage->loop.uv, &timer);
    uv_timer_start(&timer, stop_soon, 20, 0);
    kw_loop_run(&stage->loop);
    assert_true(alarm->runs > 10);
    uv_close((uv_handle_t *)&timer, NULL);
    alarm->sets = NULL;
    kw_loop_run(&stage->loop);
}

/* Thousands, set and cleared and moved by a simple generator: every one that
 * is left runs once, in order of time. */
static void test_many(void **state)
{
    struct stage *stage = *state;
    uint32_t number = 12345;
    size_t left = 0;

    open_alarms(stage, MANY);
    for (size_t i = 0; i < 3 * MANY; i++) {
        struct alarm *alarm;

        number = number * 1664525 + 1013904223;
        alarm = &stage->alarms[number % MANY];
        if (number >> 30 == 0)
            kw_wake_clear(&alarm->wake);
        else
            set(alarm, 20000000 + (number >> 12) * 20);
    }
    for (size_t i = 0; i < MANY; i++)
        left += kw_wake_is_set(&stage->alarms[i].wake);
    assert_true(left > MANY / 2);
    kw_loop_run(&stage->loop);
    assert_int_equal(stage->ran, left);
    for (size_t i = 0; i < left; i++) {
        assert_int_equal(stage->order[i]->runs, 1);
        /* a turn may run several; the clock was read after the set */
        if (i > 0)
            assert_true(stage->order[i]->due_ns + 5000000 >
                        stage->order[i - 1]->due_ns);
    }
}

/* Closed while it is set; no memory for one more. */
static void test_close_and_memory(void **state)
{
    struct stage *stage = *state;
    struct alarm *alarms = stage->alarms;
    size_t opened = 16;

    open_alarms(stage, opened);
    set(&alarms[0], 0);
    set(&alarms[1], 0);
    kw_wake_close(&alarms[0].wake);
    kw_wake_close(&alarms[0].wake);
    kw_loop_run(&stage->loop);
    assert_int_equal(alarms[0].runs, 0);
    assert_int_equal(alarms[1].runs, 1);
    assert_int_equal(kw_wake_open(&stage->loop, &alarms[0].wake), 0);
    alarms[opened].wake.run = run;
    kw_mem_fail_at(1);
    assert_int_equal(kw_wake_open(&stage->loop, &alarms[opened].wake),
                     KW_ENOMEM);
    kw_mem_fail_at(0);
    assert_int_equal(kw_wake_open(&stage->loop, &alarms[opened].wake), 0);
}

#define CASE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_order),  CASE(test_precision),
        CASE(test_inside), CASE(test_no_starvation),
        CASE(test_many),   CASE(test_close_and_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
