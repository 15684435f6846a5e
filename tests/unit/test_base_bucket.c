/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t second = 1000000000U;

static void test_a_full_bucket_gives_its_burst(void **state)
{
    struct kw_bucket bucket;

    (void)state;
    kw_bucket_init(&bucket, 1, 3, second);
    assert_true(kw_bucket_take(&bucket, 1, second));
    assert_true(kw_bucket_take(&bucket, 2, second));
    assert_false(kw_bucket_take(&bucket, 1, second));
    assert_true(kw_bucket_take(&bucket, 0, second));
}

static void test_it_refills_with_the_rate(void **state)
{
    struct kw_bucket bucket;

    (void)state;
    kw_bucket_init(&bucket, 4, 8, 0);
    assert_true(kw_bucket_take(&bucket, 8, 0));
    assert_false(kw_bucket_take(&bucket, 1, second / 4 - 1));
    assert_true(kw_bucket_take(&bucket, 1, second / 4));
    assert_false(kw_bucket_take(&bucket, 1, second / 4));
    assert_true(kw_bucket_take(&bucket, 4, second / 4 + second));
    /* never more than the burst, however long it waited */
    assert_false(kw_bucket_take(&bucket, 9, 1000 * second));
    assert_true(kw_bucket_take(&bucket, 8, 1000 * second));
    assert_false(kw_bucket_take(&bucket, 1, 1000 * second));
}

static void test_many_small_steps_lose_nothing(void **state)
{
    struct kw_bucket bucket;
    unsigned taken = 0;

    (void)state;
    kw_bucket_init(&bucket, 3, 10, 0);
    assert_true(kw_bucket_take(&bucket, 10, 0));
    for (uint64_t ns = 0; ns < 10 * second; ns += 777777)
        taken += kw_bucket_take(&bucket, 1, ns);
    assert_int_equal(taken, 29); /* 30 only at the tenth second itself */
}

static void test_time_that_goes_back_is_ignored(void **state)
{
    struct kw_bucket bucket;

    (void)state;
    kw_bucket_init(&bucket, 1, 1, 10 * second);
    assert_true(kw_bucket_take(&bucket, 1, 10 * second));
    assert_false(kw_bucket_take(&bucket, 1, 5 * second));
    assert_false(kw_bucket_take(&bucket, 1, 10 * second));
    assert_true(kw_bucket_take(&bucket, 1, 11 * second));
}

static void test_waiting_time(void **state)
{
    struct kw_bucket bucket;

    (void)state;
    kw_bucket_init(&bucket, 2, 4, 0);
    assert_int_equal(kw_bucket_wait_ms(&bucket, 4, 0), 0);
    assert_true(kw_bucket_take(&bucket, 4, 0));
    assert_int_equal(kw_bucket_wait_ms(&bucket, 1, 0), 500);
    assert_int_equal(kw_bucket_wait_ms(&bucket, 4, 0), 2000);
    assert_int_equal(kw_bucket_wait_ms(&bucket, 1, 1), 500); /* rounded up */
    assert_true(kw_bucket_wait_ms(&bucket, 5, 0) == UINT64_MAX);
    assert_true(kw_bucket_take(&bucket, 1, 500000000));
    kw_bucket_init(&bucket, 3, 1, 0);
    assert_true(kw_bucket_take(&bucket, 1, 0));
    assert_int_equal(kw_bucket_wait_ms(&bucket, 1, 0), 334);
    assert_true(kw_bucket_take(&bucket, 1, 334000000));
}

static void test_rate_0_never_refills(void **state)
{
    struct kw_bucket bucket;

    (void)state;
    kw_bucket_init(&bucket, 0, 2, 0);
    assert_true(kw_bucket_take(&bucket, 2, 0));
    assert_false(kw_bucket_take(&bucket, 1, UINT64_MAX));
    assert_true(kw_bucket_wait_ms(&bucket, 1, UINT64_MAX) == UINT64_MAX);
}

static void test_the_largest_values(void **state)
{
    struct kw_bucket bucket;

    (void)state;
    kw_bucket_init(&bucket, UINT32_MAX, 1U << 30, 0);
    assert_true(kw_bucket_take(&bucket, 1U << 30, 0));
    assert_false(kw_bucket_take(&bucket, UINT32_MAX, UINT64_MAX));
    assert_true(kw_bucket_take(&bucket, 1U << 30, UINT64_MAX));
    kw_bucket_init(&bucket, 1, 0, 0);
    assert_false(kw_bucket_take(&bucket, 1, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_bucket_gives_its_burst),
        cmocka_unit_test(test_it_refills_with_the_rate),
        cmocka_unit_test(test_many_small_steps_lose_nothing),
        cmocka_unit_test(test_time_that_goes_back_is_ignored),
        cmocka_unit_test(test_waiting_time),
        cmocka_unit_test(test_rate_0_never_refills),
        cmocka_unit_test(test_the_largest_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
