/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sample.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
        {"bad_foreign", 0x88, false, false},
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

/* A whole number times a decimal is the double nearest to the decimal. */
static void test_decimal_scales(void **state)
{
    static const struct {
        int64_t raw;
        double scale, value;
    } rows[] = {
        {2301, 0.1, 230.1},
        {3, 0.1, 0.3},
        {-7, 0.01, -0.07},
        {49987, 0.001, 49.987},
        {123456789, 0.00001, 1234.56789},
        {1234567890123, 0.1, 123456789012.3},
        {35, 0.05, 1.75},
        {3, 0.4, 1.2},
        {7, 2.5, 17.5},
        {7, 1000, 7000},
        {7, -0.1, -0.7},
        {3, 1e-12, 3 * 1e-12},
        {3, 1.0 / 3, 1},
        {0, 0.1, 0},
        {5, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(kw_sample_value(KW_ENCODING_INTEGER, (uint64_t)rows[i].raw,
                                    rows[i].scale) == rows[i].value);
    /* All of the readings of a meter, against the text that people write. */
    for (int raw = 0; raw <= 65535; raw++) {
        const struct kw_scale tenth = kw_scale_make(0.1);
        char text[32];
        double value;

        snprintf(text, sizeof(text), "%d.%d", raw / 10, raw % 10);
        assert_int_equal(kw_text_parse_real(text, &value), 0);
        assert_true(kw_scale_value(&tenth, KW_ENCODING_INTEGER,
                                   (uint64_t)raw) == value);
    }
    assert_true(kw_sample_value(KW_ENCODING_UNSIGNED, UINT64_MAX, 1) ==
                18446744073709551615.0);
}

static void test_scale_products(void **state)
{
    (void)state;
    assert_true(kw_scale_product(0.1, 3) == 0.3);
    assert_true(kw_scale_product(0.001, 160) == 0.16);
    assert_true(kw_scale_product(0.01, 0.01) == 0.0001);
    assert_true(kw_scale_product(1000, 1) == 1000);
    assert_true(kw_scale_product(-0.1, 3) == -0.3);
    assert_true(kw_scale_product(1.0 / 3, 1) == 1.0 / 3);
    assert_true(kw_scale_product(1e300, 1e-3) == 1e297);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality_numbers_are_fixed),
        cmocka_unit_test(test_the_worse_quality_wins),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_decimal_scales),
        cmocka_unit_test(test_scale_products),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
