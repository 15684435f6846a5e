/* SPDX-License-Identifier: Apache-2.0 */
/* How values become registers: golden words from the meters' documents. */
#include "point.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct kw_plant_point make(enum kw_plant_type type, double multiplier)
{
    return (struct kw_plant_point){
        .type = type,
        .registers = kw_plant_type_registers(type),
        .multiplier = multiplier,
        .to_base = 1,
    };
}

struct golden {
    const char *what;
    enum kw_plant_type type;
    bool low_word_first;
    double multiplier, to_base;
    bool truncate;
    double value;
    uint16_t words[4];
};

static const struct golden golden[] = {
    {"SDM630 230.2 V",
     KW_PLANT_F32,
     false,
     1,
     1,
     false,
     230.2,
     {0x4366, 0x3333}},
    {"SDM630 0.625 kWh",
     KW_PLANT_F32,
     false,
     1000,
     1,
     true,
     625,
     {0x3F20, 0x0000}},
    {"iEM3000 -1.5 kW",
     KW_PLANT_F32,
     false,
     1000,
     1,
     false,
     -1500,
     {0xBFC0, 0x0000}},
    {"PM5100 123456789 Wh",
     KW_PLANT_S64,
     false,
     1,
     1,
     true,
     123456789,
     {0x0000, 0x0000, 0x075B, 0xCD15}},
    {"EM340 231.4 V, low word first",
     KW_PLANT_S32,
     true,
     0.1,
     1,
     false,
     231.4,
     {0x090A, 0x0000}},
    {"EM340 -70000 W, low word first",
     KW_PLANT_S32,
     true,
     0.1,
     1,
     false,
     -70000,
     {0x51A0, 0xFFF5}},
    {"EM340 50.0 Hz", KW_PLANT_S16, false, 0.1, 1, false, 50, {0x01F4}},
    {"ABB 230.9 V",
     KW_PLANT_U32,
     false,
     0.1,
     1,
     false,
     230.9,
     {0x0000, 0x0905}},
    {"ABB 12345.67 kWh in 10 Wh",
     KW_PLANT_U64,
     false,
     10,
     1,
     true,
     12345670,
     {0, 0, 0x0012, 0xD687}},
    {"ABB pf -0.985", KW_PLANT_S16, false, 0.001, 1, false, -0.985, {0xFC27}},
    {"DIRIS A 399.87 V",
     KW_PLANT_U32,
     false,
     0.01,
     1,
     false,
     399.87,
     {0x0000, 0x9C33}},
    {"DIRIS A 49.99 Hz in 0.01",
     KW_PLANT_U32,
     false,
     0.01,
     1,
     false,
     49.99,
     {0x0000, 0x1387}},
    {"DIRIS B-30 49.987 Hz in 0.001",
     KW_PLANT_U32,
     false,
     0.001,
     1,
     false,
     49.987,
     {0x0000, 0xC343}},
    {"DIRIS A -12340 W in 10 W",
     KW_PLANT_S32,
     false,
     10,
     1,
     false,
     -12340,
     {0xFFFF, 0xFB2E}},
    {"residual 999.99 Wh in 0.1",
     KW_PLANT_U16,
     false,
     0.1,
     1,
     true,
     999.99,
     {0x270F}},
    {"total 1999.99 Wh in kWh",
     KW_PLANT_U32,
     false,
     1000,
     1,
     true,
     1999.99,
     {0, 1}},
    {"hour meter 100.5 h in 0.01 h",
     KW_PLANT_U32,
     false,
     0.01,
     3600,
     true,
     361800,
     {0, 10050}},
    {"THD 2.4 % in 0.1 %", KW_PLANT_U16, false, 0.1, 0.01, false, 0.024, {24}},
    {"a double", KW_PLANT_F64, false, 1, 1, false, 1.5, {0x3FF8, 0, 0, 0}},
};

static void test_golden_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        const struct golden *row = &golden[i];
        struct kw_plant_point point = make(row->type, row->multiplier);
        uint16_t words[4] = {0};
        point.low_word_first = row->low_word_first;
        point.to_base = row->to_base;
        point.truncate = row->truncate;
        uint64_t raw = kw_plant_point_encode(&point, row->value, false);
        kw_plant_point_put(&point, raw, words);
        if (memcmp(words, row->words, sizeof words) != 0)
            fail_msg("%s: %04X %04X %04X %04X", row->what, words[0], words[1],
                     words[2], words[3]);
        double step = row->multiplier * row->to_base;
        double back = kw_plant_point_decode(&point, raw);
        if (fabs(back - row->value) > step * 1.0001)
            fail_msg("%s: reads back as %g", row->what, back);
    }
}

struct range {
    enum kw_plant_type type;
    uint64_t min, max;
};

static void test_saturation(void **state)
{
    static const struct range ranges[] = {
        {KW_PLANT_U16, 0, 0xFFFF},
        {KW_PLANT_S16, 0x8000, 0x7FFF},
        {KW_PLANT_U32, 0, 0xFFFFFFFF},
        {KW_PLANT_S32, 0x80000000, 0x7FFFFFFF},
        {KW_PLANT_U64, 0, UINT64_MAX},
        {KW_PLANT_S64, UINT64_C(1) << 63, INT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct kw_plant_point point = make(ranges[i].type, 1);
        assert_true(kw_plant_point_encode(&point, 1e30, false) ==
                    ranges[i].max);
        assert_true(kw_plant_point_encode(&point, -1e30, false) ==
                    ranges[i].min);
        assert_true(kw_plant_point_max(&point) == ranges[i].max);
        assert_true(kw_plant_point_min(&point) == ranges[i].min);
    }
    struct kw_plant_point point = make(KW_PLANT_F32, 1);
    assert_true(kw_plant_point_encode(&point, 1e300, false) == 0x7F7FFFFF);
    assert_true(kw_plant_point_encode(&point, -1e300, false) == 0xFF7FFFFF);
}

/* 32766.6 would round to the code that means "not available". */
static void test_values_keep_off_the_codes_for_not_available(void **state)
{
    struct kw_plant_point point = make(KW_PLANT_S16, 1);
    uint64_t raw = 0;
    (void)state;
    point.na[0] = 0x7FFF;
    point.na_count = 1;
    assert_int_equal(kw_plant_point_encode(&point, 32766.6, false), 0x7FFE);
    assert_int_equal(kw_plant_point_encode(&point, 1e9, false), 0x7FFE);
    assert_int_equal(kw_plant_point_max(&point), 0x7FFE);
    assert_true(isnan(kw_plant_point_decode(&point, 0x7FFF)));
    assert_true(kw_plant_point_na(&point, &raw));
    assert_int_equal(raw, 0x7FFF);
}

static void test_special_codes(void **state)
{
    struct kw_plant_point u16 = make(KW_PLANT_U16, 1);
    struct kw_plant_point s32 = make(KW_PLANT_S32, 1);
    struct kw_plant_point f32 = make(KW_PLANT_F32, 1);
    struct kw_plant_point f64 = make(KW_PLANT_F64, 1);
    uint64_t raw = 0;
    (void)state;
    assert_false(kw_plant_point_na(&u16, &raw));
    assert_false(kw_plant_point_negative(&u16, &raw));
    assert_true(kw_plant_point_negative(&s32, &raw));
    assert_int_equal(raw, 0xFFFFFF85);
    assert_true(kw_plant_point_decode(&s32, raw) == -123);
    assert_true(kw_plant_point_negative(&f32, &raw));
    assert_true(kw_plant_point_decode(&f32, raw) == -123.5);
    assert_true(kw_plant_point_negative(&f64, &raw));
    assert_true(kw_plant_point_decode(&f64, raw) == -123.5);
    assert_true(kw_plant_point_na(&f32, &raw));
    assert_true(isnan(kw_plant_point_decode(&f32, raw)));
    assert_true(kw_plant_point_na(&f64, &raw));
    assert_true(isnan(kw_plant_point_decode(&f64, raw)));
}

static void test_four_quadrants(void **state)
{
    static const struct quadrant {
        double pf;
        bool leading;
        double code;
    } rows[] = {
        {0.9, false, 0.9},  {0.9, true, 1.1}, {-0.9, false, -0.9},
        {-0.9, true, -1.1}, {1, false, 1},
    };
    struct kw_plant_point point = make(KW_PLANT_F64, 1);
    (void)state;
    point.four_quadrant = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t raw =
            kw_plant_point_encode(&point, rows[i].pf, rows[i].leading);
        double code;
        memcpy(&code, &raw, sizeof code);
        assert_true(fabs(code - rows[i].code) < 1e-12);
        assert_true(fabs(kw_plant_point_decode(&point, raw) - rows[i].pf) <
                    1e-12);
    }
}

static void test_patterns_differ(void **state)
{
    (void)state;
    for (int type = KW_PLANT_U16; type <= KW_PLANT_F64; type++) {
        struct kw_plant_point point = make((enum kw_plant_type)type, 1);
        uint64_t seen[100];
        for (unsigned i = 0; i < 100; i++) {
            seen[i] = kw_plant_point_pattern(&point, 77, i);
            assert_true(isfinite(kw_plant_point_decode(&point, seen[i])));
            for (unsigned j = 0; j < i; j++)
                assert_true(seen[i] != seen[j]);
        }
    }
}

static void test_texts(void **state)
{
    struct kw_plant_point point = {.type = KW_PLANT_STRING, .registers = 4};
    uint16_t words[4];
    (void)state;
    kw_plant_point_put_text(&point, "DIRIS", words);
    const uint16_t two[] = {0x4449, 0x5249, 0x5300, 0x0000};
    assert_memory_equal(words, two, sizeof two);
    point.one_character = true;
    kw_plant_point_put_text(&point, "SOCO", words);
    const uint16_t one[] = {0x0053, 0x004F, 0x0043, 0x004F};
    assert_memory_equal(words, one, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_words),
        cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_values_keep_off_the_codes_for_not_available),
        cmocka_unit_test(test_special_codes),
        cmocka_unit_test(test_four_quadrants),
        cmocka_unit_test(test_patterns_differ),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
