/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t held(void)
{
    struct kw_mem_stats stats = kw_mem_stats();

    return stats.allocations - stats.frees;
}

static void test_memory_is_zeroed(void **state)
{
    unsigned char *block = kw_alloc(1000), *array = kw_alloc_array(10, 100);

    (void)state;
    assert_non_null(block);
    assert_non_null(array);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(block[i] | array[i], 0);
    kw_free(block);
    kw_free(array);
}

static void test_overflow_is_refused(void **state)
{
    (void)state;
    assert_null(kw_alloc_array(SIZE_MAX / 2, 3));
    assert_null(kw_alloc_array(SIZE_MAX, SIZE_MAX));
#ifndef KW_SANITIZED /* it ends a program that asks for so much */
    assert_null(kw_alloc(SIZE_MAX / 4));
    assert_null(kw_realloc(NULL, SIZE_MAX / 4));
#endif
}

static void test_nothing_is_still_a_block(void **state)
{
    void *block = kw_alloc(0), *array = kw_alloc_array(5, 0);

    (void)state;
    assert_non_null(block);
    assert_non_null(array);
    block = kw_realloc(block, 0);
    assert_non_null(block);
    kw_free(block);
    kw_free(array);
    kw_free(NULL);
}

static void test_realloc_keeps_the_content(void **state)
{
    char *text = kw_realloc(NULL, 6);

    (void)state;
    assert_non_null(text);
    memcpy(text, "hello", 6);
    text = kw_realloc(text, 100000);
    assert_string_equal(text, "hello");
    kw_free(text);
}

static void test_copies(void **state)
{
    char *a = kw_strdup("kilowatch"), *b = kw_strndup("kilowatch", 4);

    (void)state;
    assert_string_equal(a, "kilowatch");
    assert_string_equal(b, "kilo");
    assert_null(kw_strdup(NULL));
    assert_null(kw_strndup(NULL, 3));
    kw_free(a);
    kw_free(b);
}

static void test_counts_balance(void **state)
{
    uint64_t before = held();
    void *a = kw_alloc(1), *b = kw_realloc(NULL, 10);

    (void)state;
    b = kw_realloc(b, 5000);
    assert_int_equal(held(), before + 2);
    kw_free(a);
    kw_free(b);
    assert_int_equal(held(), before);
}

static void test_the_nth_allocation_fails_once(void **state)
{
    uint64_t failures = kw_mem_stats().failures;
    void *a, *b, *c, *same;

    (void)state;
    kw_mem_fail_at(2);
    a = kw_alloc(1);
    b = kw_alloc(1);
    c = kw_alloc(1);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    kw_mem_fail_at(1);
    same = kw_realloc(a, 100);
    assert_null(same);
    kw_mem_fail_at(1);
    kw_mem_fail_at(0);
    b = kw_strdup("x");
    assert_non_null(b);
    kw_mem_fail_at(1);
    assert_null(kw_strdup("x"));
    assert_int_equal(kw_mem_stats().failures - failures, 3);
    kw_free(a);
    kw_free(b);
    kw_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed),
        cmocka_unit_test(test_overflow_is_refused),
        cmocka_unit_test(test_nothing_is_still_a_block),
        cmocka_unit_test(test_realloc_keeps_the_content),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_counts_balance),
        cmocka_unit_test(test_the_nth_allocation_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
