/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* These numbers stand in every stored history. */
static void test_quality_numbers_are_fixed(void **state)
{
    static const struct {
        const char *name;
        uint8_t number;
        bool good, has_value;
    } rows[] = {
        {"good", 0x00, true, true},
        {"uncertain_stale", 0x40, false, true},
        {"uncertain_clock", 0x41, false, true},
        {"bad_never", 0x80, false, false},
        {"bad_timeout", 0x81, false, false},
        {"bad_crc", 0x82, false, false},
        {"bad_exception", 0x83, false, false},
        {"bad_not_available", 0x84, false, false},
        {"bad_implausible", 0x85, false, false},
        {"bad_line", 0x86, false, false},
        {"bad_config", 0x87, false, false},
        {"bad", 0xFF, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(kw_quality_name(rows[i].number), rows[i].name);
        assert_int_equal(kw_quality_is_good(rows[i].number), rows[i].good);
        assert_int_equal(kw_quality_has_value(rows[i].number),
                         rows[i].has_value);
    }
}

static void test_the_worse_quality_wins(void **state)
{
    (void)state;
    assert_int_equal(kw_quality_worse(0, 0), 0);
    assert_int_equal(kw_quality_worse(0, 0x40), 0x40);
    assert_int_equal(kw_quality_worse(0x81, 0x41), 0x81);
}

static void test_values(void **state)
{
    float single = -2.5F;
    double twice = 1e-300;
    uint32_t low;
    uint64_t bits;

    (void)state;
    assert_true(kw_sample_value(KW_ENCODING_INTEGER, 2305, 0.1) == 230.5);
    assert_true(kw_sample_value(KW_ENCODING_INTEGER, (uint64_t)-7, 10) == -70);
    memcpy(&low, &single, sizeof(low));
    assert_true(kw_sample_value(KW_ENCODING_FLOAT32, low, 1000) == -2500);
    memcpy(&bits, &twice, sizeof(bits));
    assert_true(kw_sample_value(KW_ENCODING_FLOAT64, bits, 1) == 1e-300);
    assert_true(isnan(kw_sample_value(KW_ENCODING_FLOAT32, 0x7FC00000, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality_numbers_are_fixed),
        cmocka_unit_test(test_the_worse_quality_wins),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
