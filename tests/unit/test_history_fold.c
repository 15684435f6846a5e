/* SPDX-License-Identifier: Apache-2.0 */
#include "history/fold.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const struct kw_history_step *step, int64_t time_ms,
                   const double values[5], unsigned count)
{
    assert_int_equal(step->time_ms, time_ms);
    assert_true(step->min == values[0]);
    assert_true(step->max == values[1]);
    assert_true(fabs(step->mean - values[2]) < 1e-12);
    assert_true(step->first == values[3]);
    assert_true(step->last == values[4]);
    assert_int_equal(step->count, count);
}

static void test_steps(void **state)
{
    struct kw_history_fold fold;
    struct kw_history_step step;

    (void)state;
    kw_history_fold_init(&fold, 1000);
    assert_false(kw_history_fold_end(&fold, &step));
    assert_false(kw_history_fold_add(&fold, 10500, 3, &step));
    assert_false(kw_history_fold_add(&fold, 10600, (double)NAN, &step));
    assert_false(kw_history_fold_add(&fold, 10700, -1, &step));
    assert_false(kw_history_fold_add(&fold, 10999, 4, &step));
    assert_true(kw_history_fold_add(&fold, 11000, 7, &step));
    expect(&step, 10000, (double[]){-1, 4, 2, 3, 4}, 3);
    /* steps without a value don't exist */
    assert_true(kw_history_fold_add(&fold, 99999, 8, &step));
    expect(&step, 11000, (double[]){7, 7, 7, 7, 7}, 1);
    assert_true(kw_history_fold_end(&fold, &step));
    expect(&step, 99000, (double[]){8, 8, 8, 8, 8}, 1);
    assert_false(kw_history_fold_end(&fold, &step));
}

static void test_before_1970(void **state)
{
    struct kw_history_fold fold;
    struct kw_history_step step;

    (void)state;
    kw_history_fold_init(&fold, 1000);
    assert_false(kw_history_fold_add(&fold, -1500, 1, &step));
    assert_false(kw_history_fold_add(&fold, -1001, 2, &step));
    assert_true(kw_history_fold_add(&fold, -1000, 3, &step));
    expect(&step, -2000, (double[]){1, 2, 1.5, 1, 2}, 2);
    assert_true(kw_history_fold_add(&fold, 0, 3, &step));
    expect(&step, -1000, (double[]){3, 3, 3, 3, 3}, 1);
    /* a time that goes back begins another step */
    assert_true(kw_history_fold_add(&fold, -5000, 3, &step));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_before_1970),
    };

    return cmocka_run_group_tests_name("history_fold", tests, NULL, NULL);
}
