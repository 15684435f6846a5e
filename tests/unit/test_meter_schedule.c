/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TASKS = 64 };

struct bench {
    struct kw_meter_schedule schedule;
    struct kw_meter_task tasks[TASKS];
    struct kw_meter_task *memory[2 * TASKS];
};

static void init(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    kw_meter_schedule_init(&bench->schedule, bench->memory, TASKS);
}

static void put(struct bench *bench, size_t task, uint64_t due,
                uint64_t deadline)
{
    assert_true(kw_meter_schedule_put(&bench->schedule, &bench->tasks[task],
                                      due, deadline));
}

/* Index of the task that is served, -1 for none. */
static int take(struct bench *bench, uint64_t now)
{
    struct kw_meter_task *task = kw_meter_schedule_take(&bench->schedule, now);

    return task != NULL ? (int)(task - bench->tasks) : -1;
}

static void test_empty(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench);
    assert_int_equal(take(&bench, UINT64_MAX - 1), -1);
    assert_true(kw_meter_schedule_next(&bench.schedule) == UINT64_MAX);
    kw_meter_schedule_remove(&bench.schedule, &bench.tasks[0]);
}

static void test_deadline_decides(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench);
    put(&bench, 0, 10, 100);
    put(&bench, 1, 20, 50);
    put(&bench, 2, 30, 40);
    assert_int_equal(kw_meter_schedule_next(&bench.schedule), 10);
    assert_int_equal(take(&bench, 9), -1);
    assert_int_equal(take(&bench, 20), 1); /* due, and before 0 */
    assert_int_equal(kw_meter_schedule_next(&bench.schedule), 0);
    assert_int_equal(take(&bench, 30), 2);
    assert_int_equal(take(&bench, 30), 0);
    assert_int_equal(take(&bench, 30), -1);
}

static void test_put_moves(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench);
    put(&bench, 0, 10, 20);
    put(&bench, 1, 11, 21);
    assert_int_equal(take(&bench, 0), -1);
    put(&bench, 0, 30, 40);
    assert_int_equal(take(&bench, 15), 1);
    assert_int_equal(take(&bench, 15), -1);
    put(&bench, 1, 1, 2);
    put(&bench, 2, 1, 1);
    assert_int_equal(take(&bench, 15), 2); /* 1 is ready now, not taken */
    put(&bench, 1, 50, 60);
    assert_int_equal(take(&bench, 40), 0);
    assert_int_equal(take(&bench, 40), -1);
    assert_int_equal(kw_meter_schedule_next(&bench.schedule), 50);
}

static void test_full(void **state)
{
    struct bench bench;
    struct kw_meter_task more = {0};

    (void)state;
    init(&bench);
    for (size_t i = 0; i < TASKS; i++)
        put(&bench, i, i, i);
    assert_false(kw_meter_schedule_put(&bench.schedule, &more, 1, 1));
    assert_int_equal(take(&bench, 0), 0);
    assert_true(kw_meter_schedule_put(&bench.schedule, &more, 1, 1));
}

/* A sequence that is the same in each run. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Against the plainest way to do it, with removals in between. */
static void test_against_plain(void **state)
{
    struct bench bench;
    bool in[TASKS] = {false};
    uint32_t seed = 7;

    (void)state;
    init(&bench);
    for (uint64_t now = 0; now < 20000; now++) {
        size_t task = next_random(&seed) % TASKS;
        int expected = -1, got;

        if (next_random(&seed) % 4 == 0) {
            kw_meter_schedule_remove(&bench.schedule, &bench.tasks[task]);
            in[task] = false;
        } else if (!in[task]) {
            uint64_t due = now + next_random(&seed) % 100;

            put(&bench, task, due, due + next_random(&seed) % 1000);
            in[task] = true;
        }
        for (int i = 0; i < TASKS; i++) {
            if (in[i] && bench.tasks[i].due_ns <= now &&
                (expected < 0 || bench.tasks[i].deadline_ns <
                                     bench.tasks[expected].deadline_ns))
                expected = i;
        }
        got = take(&bench, now);
        assert_int_equal(got < 0, expected < 0);
        if (got >= 0) {
            assert_int_equal(bench.tasks[got].deadline_ns,
                             bench.tasks[expected].deadline_ns);
            in[got] = false;
        }
    }
}

/* A line that can serve only half of what is asked: nobody starves, and
 * everybody is stretched by about the same factor. */
static void test_overload_is_fair(void **state)
{
    struct bench bench;
    unsigned served[8] = {0};

    (void)state;
    init(&bench);
    for (size_t i = 0; i < 8; i++)
        put(&bench, i, i, i + 4);
    for (uint64_t now = 0; now < 8000; now++) {
        int got = take(&bench, now);

        assert_true(got >= 0 || now == 0);
        if (got < 0)
            continue;
        served[got]++;
        put(&bench, (size_t)got, now + 4, now + 8); /* period 4, 8 members */
    }
    for (size_t i = 0; i < 8; i++)
        assert_in_range(served[i], 990, 1010);
}

static void test_grid(void **state)
{
    static const struct {
        uint64_t start, period, now, next;
    } rows[] = {
        {100, 10, 0, 100},   {100, 10, 99, 100},       {100, 10, 100, 110},
        {100, 10, 101, 110}, {100, 10, 109, 110},      {100, 10, 110, 120},
        {0, 1, 5, 6},        {0, 86400, 86399, 86400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            kw_meter_grid_next(rows[i].start, rows[i].period, rows[i].now),
            rows[i].next);
}

/* However many members: each part of the period gets its share of them. */
static void test_phases_spread(void **state)
{
    static const uint64_t periods[] = {100000000U, 1000000000U,
                                       86400000000000U};

    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (uint32_t members = 1; members <= 1000; members *= 10) {
            unsigned tenths[10] = {0};

            for (uint32_t i = 0; i < members; i++) {
                uint64_t phase = kw_meter_phase_ns(i, periods[p]);

                assert_true(phase < periods[p]);
                tenths[phase / (periods[p] / 10 + 1)]++;
            }
            for (size_t i = 0; i < 10; i++)
                assert_true(tenths[i] <= members / 10 + 3);
        }
    }
}

/* Grids of all lines fall on the same ticks, at most one tick early. */
static void test_grids_share_ticks(void **state)
{
    static const struct {
        uint64_t about, start;
    } rows[] = {
        {0, 0},
        {9999999, 0},
        {10000000, 10000000},
        {1234567890123, 1234560000000},
        {UINT64_MAX, UINT64_MAX / 10000000 * 10000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_grid_start(rows[i].about), rows[i].start);
}

/* --- what is asked for */

static void test_demand(void **state)
{
    struct kw_meter_task *memory[8];
    struct kw_meter_task first = {.at = 0}, second = {.at = 0};
    struct kw_meter_schedule schedule;

    (void)state;
    kw_meter_schedule_init(&schedule, memory, 4);
    assert_true(kw_meter_schedule_demand(&schedule, 1) == 0);
    kw_meter_schedule_claim(&schedule, &first, 10, 30000000);  /* 0.3 */
    kw_meter_schedule_claim(&schedule, &second, 2, 250000000); /* 0.5 */
    assert_true(kw_meter_schedule_demand(&schedule, 1) == 0.8);
    assert_true(kw_meter_schedule_demand(&schedule, 2) == 0.4);
    /* the first one measured counts whole, later ones a sixteenth */
    kw_meter_schedule_cost(&schedule, &first, 50000000);
    assert_true(kw_meter_schedule_demand(&schedule, 1) == 1.0);
    kw_meter_schedule_cost(&schedule, &first, 66000000);
    assert_int_equal(first.cost_ns, 51000000);
    /* what is measured stays when the claim changes */
    kw_meter_schedule_claim(&schedule, &first, 0, 1);
    assert_true(kw_meter_schedule_demand(&schedule, 1) == 0.5);
    kw_meter_schedule_claim(&schedule, &first, 10, 1);
    assert_true(kw_meter_schedule_demand(&schedule, 1) == 1.01);
    kw_meter_schedule_claim(&schedule, &first, 0, 0);
    kw_meter_schedule_claim(&schedule, &second, 0, 0);
    assert_true(kw_meter_schedule_demand(&schedule, 1) == 0);
}

/* Told after ten seconds, taken back after ten better ones, once each. */
static void test_overload(void **state)
{
    static const struct {
        uint64_t second;
        double demand;
        bool changed, on;
    } rows[] = {
        {1, 0.5, false, false},  {2, 1.02, false, false},
        {3, 1.3, false, false},  {8, 1.3, false, false},
        {9, 1.0, false, false}, /* it was not so bad after all */
        {10, 1.3, false, false}, {19, 1.3, false, false},
        {20, 1.3, true, true},   {21, 1.3, false, true},
        {60, 1.3, false, true},  {61, 1.0, false, true},
        {80, 0.99, false, true}, {81, 0.9, false, true},
        {85, 0.98, false, true}, {86, 0.9, false, true},
        {96, 0.9, true, false},  {97, 0.9, false, false},
    };
    struct kw_meter_overload overload = {.on = false};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (kw_meter_overload_step(&overload, rows[i].demand,
                                   rows[i].second * 1000000000) !=
            rows[i].changed)
            fail_msg("row %zu", i);
        assert_int_equal(overload.on, rows[i].on);
    }
}

static void test_stretched_next(void **state)
{
    (void)state;
    assert_int_equal(kw_meter_stretched_next(1000, 100, 1030, 0.5), 1100);
    assert_int_equal(kw_meter_stretched_next(1000, 100, 1030, 1), 1100);
    assert_int_equal(kw_meter_stretched_next(1000, 100, 1030, 1.5), 1180);
    assert_int_equal(kw_meter_stretched_next(2000, 100, 1030, 0.5), 2000);
}

/*
 * An overloaded line in model time: jobs with periods from 100 ms to 10 s, each
 * request takes 40 ms, three times what there is time for. All periods become
 * longer by the same factor, and nobody starves.
 */
static void test_stretched_is_fair(void **state)
{
    static const uint64_t ms = 1000000;
    static const uint64_t period_ms[] = {100, 100,  100,  200,  200,
                                         500, 1000, 1000, 2000, 10000};
    enum { JOBS = sizeof(period_ms) / sizeof(period_ms[0]) };
    struct kw_meter_task *memory[2 * JOBS], *task;
    struct kw_meter_task jobs[JOBS] = {{.at = 0}};
    unsigned served[JOBS] = {0};
    struct kw_meter_schedule schedule;
    uint64_t now = ms;
    double demand;

    (void)state;
    kw_meter_schedule_init(&schedule, memory, JOBS);
    for (int i = 0; i < JOBS; i++) {
        kw_meter_schedule_claim(&schedule, &jobs[i],
                                1000.0 / (double)period_ms[i], 40 * ms);
        assert_true(kw_meter_schedule_put(&schedule, &jobs[i], now,
                                          now + period_ms[i] * ms));
    }
    demand = kw_meter_schedule_demand(&schedule, 1);
    assert_true(demand > 1.7 && demand < 1.8);
    while (now < 600000 * ms) {
        task = kw_meter_schedule_take(&schedule, now);
        if (task == NULL) {
            now = kw_meter_schedule_next(&schedule);
            continue;
        }
        for (int i = 0; i < JOBS; i++) {
            uint64_t due;

            if (task != &jobs[i])
                continue;
            served[i]++;
            due = kw_meter_stretched_next(0, period_ms[i] * ms, now, demand);
            assert_true(kw_meter_schedule_put(&schedule, task, due,
                                              due + period_ms[i] * ms));
        }
        now += 40 * ms;
    }
    for (int i = 0; i < JOBS; i++) {
        double stretch =
            600000.0 / (double)served[i] / (double)period_ms[i] / demand;

        if (stretch < 0.95 || stretch > 1.3)
            fail_msg("period %d ms: %.2f", (int)period_ms[i], stretch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_deadline_decides),
        cmocka_unit_test(test_put_moves),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_against_plain),
        cmocka_unit_test(test_overload_is_fair),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_phases_spread),
        cmocka_unit_test(test_grids_share_ticks),
        cmocka_unit_test(test_demand),
        cmocka_unit_test(test_overload),
        cmocka_unit_test(test_stretched_next),
        cmocka_unit_test(test_stretched_is_fair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
