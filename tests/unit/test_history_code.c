/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of numbers: what goes in comes out, and small steps cost little. */
#include "base/sample.h"
#include "history/code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 4096 };

/* Codes, decodes and compares; returns how many bytes of low bits it took. */
static size_t turn(const uint64_t *numbers, size_t count, bool *any)
{
    static uint8_t symbols[MOST];
    static uint64_t back[MOST];
    struct kw_history_code code;
    struct kw_reader reader;
    struct kw_buf extra;
    size_t bytes;

    kw_buf_init(&extra, 1 << 20);
    *any = kw_history_code_put(&code, numbers, count, symbols, &extra);
    assert_int_equal(kw_buf_err(&extra), 0);
    kw_reader_init(&reader, extra.data, extra.length);
    memset(back, 0xA5, sizeof(back));
    assert_int_equal(
        kw_history_code_get(&code, *any ? symbols : NULL, count, &reader, back),
        0);
    assert_memory_equal(back, numbers, count * sizeof(back[0]));
    assert_int_equal(kw_reader_left(&reader), 0);
    bytes = extra.length;
    kw_buf_fini(&extra);
    return bytes;
}

static void test_every_magnitude(void **state)
{
    static uint64_t numbers[MOST];
    size_t count = 0;
    bool any;

    (void)state;
    numbers[count++] = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t one = UINT64_C(1) << bit;

        numbers[count++] = one;
        numbers[count++] = one - 1;
        numbers[count++] = one + 1;
        numbers[count++] = 0 - one;
        numbers[count++] = one | one >> 1 | one >> 3;
        numbers[count++] = ~one;
    }
    numbers[count++] = UINT64_MAX;
    numbers[count++] = 0;
    (void)turn(numbers, count, &any);
    assert_true(any);
}

static void test_small_counts(void **state)
{
    static const uint64_t numbers[3] = {7, UINT64_MAX, 3};
    bool any;

    (void)state;
    for (size_t count = 0; count <= 3; count++)
        (void)turn(numbers, count, &any);
}

static void test_still_columns(void **state)
{
    static uint64_t numbers[MOST];
    bool any;

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        numbers[i] = 42;
    assert_int_equal(turn(numbers, MOST, &any), 0);
    assert_false(any);
    for (size_t i = 0; i < MOST; i++)
        numbers[i] = 1000 * i + 5; /* a period */
    assert_int_equal(turn(numbers, MOST, &any), 0);
    assert_false(any);
    for (size_t i = 0; i < MOST; i++)
        numbers[i] = 0 - 60000 * i; /* and one downwards */
    assert_int_equal(turn(numbers, MOST, &any), 0);
    assert_false(any);
}

static void test_small_steps_need_no_low_bits(void **state)
{
    static uint64_t numbers[MOST];
    uint64_t value = 23000;
    bool any;

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        value += i * 7 % 31;
        value -= 15;
        numbers[i] = value;
    }
    assert_int_equal(turn(numbers, MOST, &any), 0);
    assert_true(any);
}

static void test_noise(void **state)
{
    static uint64_t numbers[MOST];
    uint64_t seed = 1;
    bool any;

    (void)state;
    for (unsigned bits = 1; bits <= 64; bits++) {
        for (size_t i = 0; i < MOST; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            numbers[i] = seed >> (64 - bits);
        }
        (void)turn(numbers, MOST, &any);
    }
}

static void test_damage(void **state)
{
    static const uint8_t unknown[3] = {0, 1, 224}, large[2] = {0, 223};
    const struct kw_history_code code = {.first = 1};
    struct kw_reader reader;
    uint64_t numbers[3];

    (void)state;
    kw_reader_init(&reader, "", 0);
    assert_int_equal(kw_history_code_get(&code, unknown, 3, &reader, numbers),
                     KW_ECORRUPT);
    kw_reader_init(&reader, "1234567", 7); /* 63 bits, 56 are there */
    assert_int_equal(kw_history_code_get(&code, large, 2, &reader, numbers),
                     KW_ECORRUPT);
}

static void test_zigzag(void **state)
{
    static const struct {
        uint64_t difference, number;
    } rows[] = {
        {0, 0},
        {UINT64_MAX, 1},
        {1, 2},
        {UINT64_MAX - 1, 3},
        {INT64_MAX, UINT64_MAX - 1},
        {UINT64_C(1) << 63, UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_history_zigzag(rows[i].difference), rows[i].number);
        assert_int_equal(kw_history_unzigzag(rows[i].number),
                         rows[i].difference);
    }
}

static uint64_t bits_of(double value, uint8_t encoding)
{
    float single = (float)value;
    uint32_t low;
    uint64_t bits;

    if (encoding == KW_ENCODING_INTEGER)
        return (uint64_t)(int64_t)value;
    if (encoding == KW_ENCODING_FLOAT32) {
        memcpy(&low, &single, sizeof(low));
        return low;
    }
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The order of the numbers is that of the values, and they come back. */
static void test_ordered(void **state)
{
    static const double values[] = {-1e30, -5, -1, -0.001, 0,
                                    0.001, 1,  5,  1e30};

    (void)state;
    for (uint8_t encoding = KW_ENCODING_FLOAT32;
         encoding <= KW_ENCODING_FLOAT64; encoding++) {
        uint64_t last = 0;

        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            uint64_t raw = bits_of(values[i], encoding);
            uint64_t number = kw_history_ordered(encoding, raw);

            assert_true(i == 0 || number > last);
            assert_int_equal(kw_history_raw(encoding, number), raw);
            last = number;
        }
    }
    assert_int_equal(kw_history_ordered(KW_ENCODING_INTEGER, UINT64_MAX),
                     UINT64_MAX);
    assert_int_equal(kw_history_raw(KW_ENCODING_INTEGER, 5), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_magnitude),
        cmocka_unit_test(test_small_counts),
        cmocka_unit_test(test_still_columns),
        cmocka_unit_test(test_small_steps_need_no_low_bits),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_zigzag),
        cmocka_unit_test(test_ordered),
    };

    return cmocka_run_group_tests_name("history_code", tests, NULL, NULL);
}
