/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_manual_clock(void **state)
{
    struct kw_clock_manual manual;
    const struct kw_clock *clock = &manual.clock;
    uint64_t start;

    (void)state;
    kw_clock_manual_init(&manual, 1000000);
    start = kw_clock_mono_ns(clock);
    assert_true(start > 0);
    assert_int_equal(kw_clock_wall_ms(clock), 1000000);
    kw_clock_manual_advance(&manual, 1500);
    assert_int_equal(kw_clock_mono_ns(clock) - start, 1500000000U);
    assert_int_equal(kw_clock_mono_ms(clock), (start + 1500000000U) / 1000000U);
    assert_int_equal(kw_clock_wall_ms(clock), 1001500);
    manual.wall_ms = 5; /* a step touches only the wall clock */
    assert_int_equal(kw_clock_wall_ms(clock), 5);
    assert_int_equal(kw_clock_mono_ns(clock) - start, 1500000000U);
}

static void test_system_clock(void **state)
{
    uint64_t last = kw_clock_mono_ns(&kw_clock_system);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t now = kw_clock_mono_ns(&kw_clock_system);

        assert_true(now >= last);
        last = now;
    }
    assert_true(kw_clock_wall_ms(&kw_clock_system) > 0);
}

static void test_sane(void **state)
{
    (void)state;
    assert_false(kw_clock_sane(0));
    assert_false(kw_clock_sane(-1));
    assert_false(kw_clock_sane(INT64_C(1704067199999)));
    assert_true(kw_clock_sane(INT64_C(1704067200000)));
    assert_true(kw_clock_sane(INT64_C(2147483648000)));  /* 2038 */
    assert_false(kw_clock_sane(INT64_C(4102444800000))); /* 2100 */
    assert_false(kw_clock_sane(INT64_MAX));
}

static void test_format(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {INT64_C(1769860800250), "2026-01-31T12:00:00.250Z"},
        {INT64_C(1709164800000), "2024-02-29T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_C(253402300800000), "out of range"},
        {INT64_C(-62167219200001), "out of range"},
        {INT64_MAX, "out of range"},
        {INT64_MIN, "out of range"},
    };
    char text[KW_TIME_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t back;

        kw_time_format(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
        if (text[0] == 'o')
            continue;
        assert_int_equal(kw_text_parse_time(text, &back), 0);
        assert_true(back == rows[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_clock),
        cmocka_unit_test(test_system_clock),
        cmocka_unit_test(test_sane),
        cmocka_unit_test(test_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
