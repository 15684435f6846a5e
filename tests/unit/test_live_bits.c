/* SPDX-License-Identifier: Apache-2.0 */
#include "live/bits.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_members(void **state)
{
    static const uint32_t numbers[] = {1, 63, 64, 65, 4000, 100000};
    struct kw_live_bits bits = {0};
    uint32_t at = 0;

    (void)state;
    assert_int_equal(kw_live_bits_next(&bits, 0), UINT32_MAX);
    assert_false(kw_live_bits_has(&bits, 1));
    for (size_t i = 6; i-- > 0;)
        assert_int_equal(kw_live_bits_add(&bits, numbers[i]), 1);
    assert_int_equal(kw_live_bits_add(&bits, 64), 0);
    assert_int_equal(bits.count, 6);
    for (size_t i = 0; i < 6; i++) {
        at = kw_live_bits_next(&bits, at);
        assert_int_equal(at, numbers[i]);
        assert_true(kw_live_bits_has(&bits, at++));
    }
    assert_int_equal(kw_live_bits_next(&bits, at), UINT32_MAX);
    assert_int_equal(kw_live_bits_next(&bits, UINT32_MAX), UINT32_MAX);
    kw_live_bits_remove(&bits, 64);
    kw_live_bits_remove(&bits, 64);
    kw_live_bits_remove(&bits, 3999999);
    assert_int_equal(bits.count, 5);
    assert_int_equal(kw_live_bits_next(&bits, 64), 65);
    kw_live_bits_clear(&bits);
    kw_live_bits_clear(&bits);
    assert_int_equal(kw_live_bits_next(&bits, 0), UINT32_MAX);
    kw_live_bits_fini(&bits);
    kw_live_bits_fini(&bits);
}

static void test_bounds(void **state)
{
    struct kw_live_bits bits = {0};

    (void)state;
    assert_int_equal(kw_live_bits_add(&bits, KW_LIVE_BITS_MAX), KW_ERANGE);
    assert_int_equal(kw_live_bits_add(&bits, KW_LIVE_BITS_MAX - 1), 1);
    assert_int_equal(kw_live_bits_next(&bits, 0), KW_LIVE_BITS_MAX - 1);
    kw_live_bits_fini(&bits);
    kw_mem_fail_at(1);
    assert_int_equal(kw_live_bits_add(&bits, 1), KW_ENOMEM);
    kw_mem_fail_at(0);
    assert_int_equal(bits.count, 0);
}

static void test_merge(void **state)
{
    struct kw_live_bits bits = {0}, more = {0}, filter = {0}, none = {0};

    (void)state;
    assert_int_equal(kw_live_bits_add(&more, 5), 1);
    assert_int_equal(kw_live_bits_add(&more, 700), 1);
    assert_int_equal(kw_live_bits_add(&more, 90000), 1);
    assert_int_equal(kw_live_bits_add(&filter, 5), 1);
    assert_int_equal(kw_live_bits_add(&filter, 6), 1);
    assert_int_equal(kw_live_bits_merge(&bits, &more, &filter), 0);
    assert_int_equal(bits.count, 1);
    assert_true(kw_live_bits_has(&bits, 5));
    assert_int_equal(kw_live_bits_merge(&bits, &more, NULL), 1);
    assert_int_equal(bits.count, 3);
    assert_int_equal(kw_live_bits_merge(&bits, &more, NULL), 3);
    assert_int_equal(kw_live_bits_merge(&bits, &none, NULL), 0);
    assert_int_equal(bits.count, 3);
    kw_live_bits_fini(&bits);
    kw_mem_fail_at(1);
    assert_int_equal(kw_live_bits_merge(&bits, &more, NULL), KW_ENOMEM);
    kw_mem_fail_at(0);
    kw_live_bits_fini(&more);
    kw_live_bits_fini(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_merge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
