/* SPDX-License-Identifier: Apache-2.0 */
#include "core/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct stage {
    struct kw_loop loop;
    struct kw_turn_end ends[3];
    uv_timer_t timer;
    char trace[64];
    int again; /* so often the first end queues itself again */
};

/* The number of an end by its place. */
static void note(struct stage *stage, const struct kw_turn_end *end)
{
    size_t used = strlen(stage->trace);

    snprintf(stage->trace + used, sizeof(stage->trace) - used, "%d ",
             (int)(end - stage->ends));
}

static void run_0(void *arg)
{
    struct stage *stage = arg;

    note(stage, &stage->ends[0]);
    if (stage->again-- > 0)
        kw_loop_turn_end(&stage->loop, &stage->ends[0]);
}

static void run_1(void *arg)
{
    struct stage *stage = arg;

    note(stage, &stage->ends[1]);
}

/* Takes the first out and puts the second in. */
static void run_2(void *arg)
{
    struct stage *stage = arg;

    note(stage, &stage->ends[2]);
    kw_loop_turn_end_cancel(&stage->ends[0]);
    kw_loop_turn_end(&stage->loop, &stage->ends[1]);
}

static int open_stage(void **state)
{
    static struct stage stage;
    static void (*const runs[])(void *) = {run_0, run_1, run_2};

    memset(&stage, 0, sizeof(stage));
    if (kw_loop_init(&stage.loop, &kw_clock_system) != 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        kw_list_init(&stage.ends[i].link);
        stage.ends[i].run = runs[i];
        stage.ends[i].arg = &stage;
    }
    *state = &stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    return kw_loop_fini(&stage->loop);
}

static void test_empty(void **state)
{
    struct stage *stage = *state;

    kw_loop_run(&stage->loop); /* its own handles don't keep it running */
    assert_int_equal(stage->loop.stats.over_50ms, 0);
}

static void test_turn_ends(void **state)
{
    struct stage *stage = *state;

    kw_loop_turn_end(&stage->loop, &stage->ends[1]);
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_turn_end(&stage->loop, &stage->ends[1]); /* twice counts once */
    assert_string_equal(stage->trace, "");
    kw_loop_run(&stage->loop);
    assert_string_equal(stage->trace, "1 0 ");
    kw_loop_run(&stage->loop);
    assert_string_equal(stage->trace, "1 0 ");
}

/* One that queues itself doesn't hold the turn up: it runs in the next. */
static void test_queued_from_turn_end(void **state)
{
    struct stage *stage = *state;
    uint64_t turns = stage->loop.stats.turns;

    stage->again = 3;
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_turn_end(&stage->loop, &stage->ends[1]);
    kw_loop_run(&stage->loop);
    assert_string_equal(stage->trace, "0 1 0 0 0 ");
    assert_true(stage->loop.stats.turns >= turns + 4);
}

static void test_cancel(void **state)
{
    struct stage *stage = *state;

    kw_loop_turn_end_cancel(&stage->ends[0]);
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_turn_end_cancel(&stage->ends[0]);
    kw_loop_run(&stage->loop);
    assert_string_equal(stage->trace, "");
    /* Out of the batch that is being run, and into the next. */
    kw_loop_turn_end(&stage->loop, &stage->ends[2]);
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_run(&stage->loop);
    assert_string_equal(stage->trace, "2 1 ");
}

static void on_tick(uv_timer_t *timer)
{
    struct stage *stage = timer->data;

    kw_loop_turn_end(&stage->loop, &stage->ends[1]);
    uv_close((uv_handle_t *)timer, NULL);
}

/* Put off inside a callback: it runs before the loop waits again. */
static void test_within_the_turn(void **state)
{
    struct stage *stage = *state;

    uv_timer_init(&stage->loop.uv, &stage->timer);
    stage->timer.data = stage;
    uv_timer_start(&stage->timer, on_tick, 1, 0);
    kw_loop_run(&stage->loop);
    assert_string_equal(stage->trace, "1 ");
}

static void test_budget(void **state)
{
    static const unsigned most[KW_BUDGET_COUNT] = {
        [KW_BUDGET_OF(HANDSHAKE, WEB)] = 3,
        [KW_BUDGET_OF(HANDSHAKE, STATION)] = 2,
        [KW_BUDGET_OF(HANDSHAKE, LINE)] = 3,
        [KW_BUDGET_OF(READ, WEB)] = 64,
        [KW_BUDGET_OF(READ, STATION)] = 32,
        [KW_BUDGET_OF(READ, LINE)] = 64,
        [KW_BUDGET_REQUEST] = 16,
    };
    struct stage *stage = *state;

    for (int round = 0; round < 2; round++) {
        for (int which = 0; which < KW_BUDGET_COUNT; which++) {
            for (unsigned i = 0; i < most[which]; i++)
                assert_true(kw_loop_budget_take(&stage->loop,
                                                (enum kw_budget)which, 1));
            assert_false(
                kw_loop_budget_take(&stage->loop, (enum kw_budget)which, 1));
        }
        /* The next turn has all of it again. */
        kw_loop_turn_end(&stage->loop, &stage->ends[1]);
        kw_loop_run(&stage->loop);
    }
}

/* Those that were refused go first, in their order; who asks in every turn
 * before them waits like they did. */
static void test_claims(void **state)
{
    struct stage *stage = *state;
    struct kw_claim claims[200] = {0};
    unsigned served[200] = {0};

    for (unsigned i = 0; i < 200; i++)
        kw_list_init(&claims[i].link);
    for (unsigned turn = 0; turn < 25; turn++) {
        unsigned taken = 0;

        for (unsigned i = 0; i < 200; i++) {
            if (i == 150 && turn > 3) /* went away while it waited */
                kw_loop_claim_cancel(&claims[i]);
            else if (kw_loop_budget_claim(&stage->loop, KW_BUDGET_READ,
                                          &claims[i])) {
                served[i]++;
                taken++;
            }
        }
        assert_in_range(taken, 63, 64); /* one was granted to who went */
        kw_loop_turn_end(&stage->loop, &stage->ends[1]);
        kw_loop_run(&stage->loop);
    }
    for (unsigned i = 0; i < 200; i++) {
        if (i != 150)
            assert_in_range(served[i], 6, 10); /* 25 * 64 / 200 = 8 */
        kw_loop_claim_cancel(&claims[i]);
    }
}

static void burn(uint64_t ms)
{
    struct timespec now;
    uint64_t end;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    end = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + ms;
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 <
             end);
}

static void run_long(void *arg)
{
    (void)arg;
    burn(60);
}

static void test_slow_turn(void **state)
{
    struct stage *stage = *state;
    const struct kw_loop_stats *stats = &stage->loop.stats;

    stage->ends[0].run = run_long;
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_run(&stage->loop);
    assert_int_equal(stats->over_50ms, 1);
    assert_true(stats->longest_us >= 59000);
    assert_true(stats->last_minute_longest_us >= 59000);

    /* A minute later it is the minute before, two later it is forgotten. */
    stage->ends[0].run = run_1;
    stage->loop.minute_start_ms -= 60000;
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_run(&stage->loop);
    assert_true(stats->last_minute_longest_us >= 59000);
    stage->loop.minute_start_ms -= 60000;
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_run(&stage->loop);
    assert_true(stats->last_minute_longest_us < 59000);
    assert_true(stats->longest_us >= 59000);
    assert_int_equal(stats->over_50ms, 1);
}

static void run_sleep(void *arg)
{
    (void)arg;
    usleep(40000); /* what must never happen on the loop */
}

/* What waits takes no CPU time, but wall time; a look forgets. */
static void test_waiting_turn(void **state)
{
    struct stage *stage = *state;
    struct kw_turn longest;

    stage->ends[0].run = run_sleep;
    kw_loop_turn_end(&stage->loop, &stage->ends[0]);
    kw_loop_run(&stage->loop);
    longest = kw_loop_look(&stage->loop);
    assert_true(longest.wall_ms >= 39);
    assert_true(longest.cpu_us < longest.wall_ms * 1000);
    assert_true(stage->loop.stats.last_minute_wall_ms >= 39);
    longest = kw_loop_look(&stage->loop);
    assert_int_equal(longest.cpu_us, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct stage *stage = poll->data;

    (void)status;
    (void)events;
    burn(60);
    kw_loop_turn_end(&stage->loop, &stage->ends[1]);
    uv_close((uv_handle_t *)poll, NULL);
}

/* What the callback of a socket takes is the turn's. */
static void test_slow_callback(void **state)
{
    struct stage *stage = *state;
    uv_poll_t poll;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(uv_poll_init(&stage->loop.uv, &poll, fds[0]), 0);
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_readable), 0);
    poll.data = stage;
    kw_loop_run(&stage->loop);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(stage->loop.stats.over_50ms, 1);
    assert_true(stage->loop.stats.longest_us >= 59000);
}

/* What is done before the loop runs is the start, not a turn. */
static void test_start_is_no_turn(void **state)
{
    struct stage *stage = *state;

    burn(60);
    kw_loop_turn_end(&stage->loop, &stage->ends[1]);
    kw_loop_run(&stage->loop);
    assert_int_equal(stage->loop.stats.over_50ms, 0);
}

static void test_left_over(void **state)
{
    struct kw_loop loop;
    uv_timer_t timer;

    (void)state;
    assert_int_equal(kw_loop_init(&loop, &kw_clock_system), 0);
    uv_timer_init(&loop.uv, &timer);
    assert_int_equal(kw_loop_fini(&loop), KW_EBUSY);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(uv_loop_close(&loop.uv), 0);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_empty),
        TEST(test_turn_ends),
        TEST(test_queued_from_turn_end),
        TEST(test_cancel),
        TEST(test_within_the_turn),
        TEST(test_budget),
        TEST(test_claims),
        TEST(test_slow_turn),
        TEST(test_waiting_turn),
        TEST(test_slow_callback),
        TEST(test_start_is_no_turn),
        cmocka_unit_test(test_left_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
