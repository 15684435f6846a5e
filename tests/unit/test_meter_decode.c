/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sample.h"
#include "meter/decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The bytes on the wire, what they are, and what comes out in base units. */
static void test_numbers(void **state)
{
    static const struct {
        enum kw_map_type type;
        uint8_t registers;
        bool le;
        double multiplier, factor;
        const char *bytes;
        double value;
    } rows[] = {
        {KW_MAP_U16, 1, false, 1, 1, "\x00\x00", 0},
        {KW_MAP_U16, 1, false, 1, 1, "\x12\x34", 0x1234},
        {KW_MAP_U16, 1, false, 0.1, 1, "\x09\x03", 230.7},
        {KW_MAP_U16, 1, false, 1, 1, "\xFF\xFF", 65535},
        {KW_MAP_S16, 1, false, 1, 1, "\x7F\xFF", 32767},
        {KW_MAP_S16, 1, false, 1, 1, "\x80\x00", -32768},
        {KW_MAP_S16, 1, false, 10, 1, "\xFF\xFE", -20},
        {KW_MAP_U32, 2, false, 1, 1, "\x12\x34\x56\x78", 0x12345678},
        {KW_MAP_U32, 2, true, 1, 1, "\x56\x78\x12\x34", 0x12345678},
        {KW_MAP_U32, 2, false, 1, 1, "\xFF\xFF\xFF\xFF", 4294967295.0},
        {KW_MAP_S32, 2, false, 1, 1, "\x80\x00\x00\x00", -2147483648.0},
        {KW_MAP_S32, 2, true, 1, 1, "\xFF\xFE\xFF\xFF", -2},
        {KW_MAP_S32, 2, false, 0.001, 1, "\xFF\xFF\xFC\x18", -1.0},
        {KW_MAP_U64, 4, false, 1, 1, "\x00\x01\x02\x03\x04\x05\x06\x07",
         283686952306183.0},
        {KW_MAP_U64, 4, true, 1, 1, "\x06\x07\x04\x05\x02\x03\x00\x01",
         283686952306183.0},
        {KW_MAP_U64, 4, false, 1, 1, "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
         9223372036854775807.0},
        {KW_MAP_S64, 4, false, 1, 1, "\x80\x00\x00\x00\x00\x00\x00\x00",
         -9223372036854775808.0},
        {KW_MAP_S64, 4, true, 1, 1, "\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF", -2},
        {KW_MAP_F32, 2, false, 1, 1, "\x43\x66\xB3\x33", 230.6999969482421875},
        {KW_MAP_F32, 2, true, 1, 1, "\xB3\x33\x43\x66", 230.6999969482421875},
        {KW_MAP_F32, 2, false, 1000, 1, "\xC0\x20\x00\x00", -2500},
        {KW_MAP_F32, 2, false, 1, 1, "\x80\x00\x00\x00", 0},
        {KW_MAP_F64, 4, false, 1, 1, "\x40\x6C\xD6\x66\x66\x66\x66\x66", 230.7},
        {KW_MAP_F64, 4, true, 1, 1, "\x66\x66\x66\x66\xD6\x66\x40\x6C", 230.7},
        {KW_MAP_U64, 4, false, 1, 1, "\x80\x00\x00\x00\x00\x00\x00\x00",
         9223372036854775808.0},
        {KW_MAP_U64, 4, true, 10, 1, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
         184467440737095516150.0},
        {KW_MAP_BCD16, 1, false, 1, 1, "\x00\x00", 0},
        {KW_MAP_BCD16, 1, false, 1, 1, "\x99\x99", 9999},
        {KW_MAP_BCD32, 2, false, 0.1, 1, "\x12\x34\x56\x78", 1234567.8},
        {KW_MAP_BCD32, 2, true, 1, 1, "\x56\x78\x12\x34", 12345678},
        {KW_MAP_BCD64, 4, false, 1, 1, "\x12\x34\x56\x78\x90\x12\x34\x56",
         1234567890123456.0},
        {KW_MAP_SM16, 1, false, 1, 1, "\x00\x05", 5},
        {KW_MAP_SM16, 1, false, 1, 1, "\x80\x05", -5},
        {KW_MAP_SM16, 1, false, 1, 1, "\x80\x00", 0},
        {KW_MAP_SM32, 2, false, 1, 1, "\x80\x01\x00\x00", -65536},
        {KW_MAP_SM32, 2, false, 1, 1, "\x7F\xFF\xFF\xFF", 2147483647.0},
        {KW_MAP_MOD10000, 2, false, 1, 1, "\x00\x01\x27\x0F", 19999},
        {KW_MAP_MOD10000, 2, true, 1, 1, "\x27\x0F\x00\x01", 19999},
        {KW_MAP_MOD10000, 2, false, 1, 1, "\xFF\xFF\xFF\xFE", -10002},
        {KW_MAP_MOD10000, 3, false, 1, 1, "\x00\x01\x00\x02\x00\x03",
         100020003},
        {KW_MAP_MOD10000, 4, false, 1, 1, "\x27\x0F\x27\x0F\x27\x0F\x27\x0F",
         9999999999999999.0},
        /* counts in 0.01 kWh become Wh, percent become shares */
        {KW_MAP_U32, 2, false, 0.01, 1000, "\x00\x00\x00\x65", 1010},
        {KW_MAP_U16, 1, false, 0.01, 0.01, "\x01\xF4", 0.05},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .function = 3,
            .type = rows[i].type,
            .registers = rows[i].registers,
            .low_word_first = rows[i].le,
            .multiplier = rows[i].multiplier,
            .factor = rows[i].factor,
        };
        uint64_t raw;

        assert_int_equal(
            kw_meter_decode_number(&point, (const unsigned char *)rows[i].bytes,
                                   &raw),
            KW_QUALITY_GOOD);
        assert_true(kw_sample_value(kw_meter_decode_encoding(&point), raw,
                                    kw_meter_decode_scale(&point)) ==
                    rows[i].value);
    }
}

/* The number 0x11223344 (and its like) in each order of its bytes. */
static void test_orders(void **state)
{
    static const struct {
        enum kw_map_type type;
        uint8_t registers;
        bool low_word_first, low_byte_first;
        const char *bytes;
    } rows[] = {
        {KW_MAP_U16, 1, false, false, "\x11\x22"},
        {KW_MAP_U16, 1, false, true, "\x22\x11"},
        {KW_MAP_U32, 2, false, false, "\x11\x22\x33\x44"},
        {KW_MAP_U32, 2, true, false, "\x33\x44\x11\x22"},
        {KW_MAP_U32, 2, false, true, "\x22\x11\x44\x33"},
        {KW_MAP_U32, 2, true, true, "\x44\x33\x22\x11"},
        {KW_MAP_U64, 4, false, false, "\x11\x22\x33\x44\x55\x66\x77\x11"},
        {KW_MAP_U64, 4, true, false, "\x77\x11\x55\x66\x33\x44\x11\x22"},
        {KW_MAP_U64, 4, false, true, "\x22\x11\x44\x33\x66\x55\x11\x77"},
        {KW_MAP_U64, 4, true, true, "\x11\x77\x66\x55\x44\x33\x22\x11"},
    };
    static const uint64_t numbers[] = {
        [1] = 0x1122, [2] = 0x11223344, [4] = 0x1122334455667711};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .function = 3,
            .type = rows[i].type,
            .registers = rows[i].registers,
            .low_word_first = rows[i].low_word_first,
            .low_byte_first = rows[i].low_byte_first,
            .multiplier = 1,
        };
        uint64_t raw;

        assert_int_equal(
            kw_meter_decode_number(&point, (const unsigned char *)rows[i].bytes,
                                   &raw),
            KW_QUALITY_GOOD);
        assert_true(raw == numbers[rows[i].registers]);
    }
}

static void test_bit_fields(void **state)
{
    static const struct {
        enum kw_map_type type;
        uint8_t registers, shift, bits;
        const char *bytes;
        int64_t value;
    } rows[] = {
        {KW_MAP_U16, 1, 0, 1, "\x00\x01", 1},
        {KW_MAP_U16, 1, 0, 1, "\xFF\xFE", 0},
        {KW_MAP_U16, 1, 15, 1, "\x80\x00", 1},
        {KW_MAP_U16, 1, 4, 4, "\x12\x34", 3},
        {KW_MAP_U16, 1, 8, 8, "\x12\x34", 0x12},
        {KW_MAP_U16, 1, 0, 16, "\xFF\xFF", 65535},
        {KW_MAP_S16, 1, 4, 4, "\x00\xF0", -1},
        {KW_MAP_S16, 1, 4, 4, "\xFF\x7F", 7},
        {KW_MAP_S16, 1, 3, 1, "\x00\x08", -1},
        {KW_MAP_U32, 2, 12, 8, "\x12\x34\x56\x78", 0x45},
        {KW_MAP_S32, 2, 0, 32, "\xFF\xFF\xFF\xFF", -1},
        {KW_MAP_U64, 4, 60, 4, "\xA0\x00\x00\x00\x00\x00\x00\x01", 10},
        {KW_MAP_S64, 4, 0, 64, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .function = 3,
            .type = rows[i].type,
            .registers = rows[i].registers,
            .shift = rows[i].shift,
            .bits = rows[i].bits,
            .multiplier = 1,
        };
        uint64_t raw;

        assert_int_equal(
            kw_meter_decode_number(&point, (const unsigned char *)rows[i].bytes,
                                   &raw),
            KW_QUALITY_GOOD);
        assert_true((int64_t)raw == rows[i].value);
    }
}

static void test_encodings(void **state)
{
    static const struct {
        enum kw_map_type type;
        enum kw_map_formula formula;
        uint8_t encoding;
    } rows[] = {
        {KW_MAP_BIT, KW_MAP_PLAIN, KW_ENCODING_INTEGER},
        {KW_MAP_U16, KW_MAP_PLAIN, KW_ENCODING_INTEGER},
        {KW_MAP_S64, KW_MAP_PLAIN, KW_ENCODING_INTEGER},
        {KW_MAP_U64, KW_MAP_PLAIN, KW_ENCODING_UNSIGNED},
        {KW_MAP_BCD64, KW_MAP_PLAIN, KW_ENCODING_INTEGER},
        {KW_MAP_SM32, KW_MAP_PLAIN, KW_ENCODING_INTEGER},
        {KW_MAP_MOD10000, KW_MAP_PLAIN, KW_ENCODING_INTEGER},
        {KW_MAP_F32, KW_MAP_PLAIN, KW_ENCODING_FLOAT32},
        {KW_MAP_F64, KW_MAP_PLAIN, KW_ENCODING_FLOAT64},
        {KW_MAP_F32, KW_MAP_FOUR_QUADRANT, KW_ENCODING_FLOAT64},
        {KW_MAP_S16, KW_MAP_FOUR_QUADRANT, KW_ENCODING_FLOAT64},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .function = 3, .type = rows[i].type, .formula = rows[i].formula};

        assert_int_equal(kw_meter_decode_encoding(&point), rows[i].encoding);
    }
}

static void test_bad_numbers(void **state)
{
    static const struct {
        enum kw_map_type type;
        uint8_t registers;
        uint64_t na;
        const char *bytes;
        uint8_t quality;
    } rows[] = {
        {KW_MAP_U16, 1, 0xFFFF, "\xFF\xFF", KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_S16, 1, 0x8000, "\x80\x00", KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_U32, 2, 0xFFFFFFFF, "\xFF\xFF\xFF\xFF",
         KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_U64, 4, UINT64_MAX, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
         KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_BCD16, 1, 0xFFFF, "\xFF\xFF", KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_BCD16, 1, 0xFFFF, "\x12\x3A", KW_QUALITY_BAD_IMPLAUSIBLE},
        {KW_MAP_BCD32, 2, 1, "\x00\x00\xA0\x00", KW_QUALITY_BAD_IMPLAUSIBLE},
        {KW_MAP_BCD64, 4, 1, "\xF0\x00\x00\x00\x00\x00\x00\x00",
         KW_QUALITY_BAD_IMPLAUSIBLE},
        {KW_MAP_MOD10000, 2, 1, "\x00\x00\x27\x10",
         KW_QUALITY_BAD_IMPLAUSIBLE}, /* 10000 */
        {KW_MAP_MOD10000, 2, 1, "\xD8\xF0\x00\x00",
         KW_QUALITY_BAD_IMPLAUSIBLE}, /* -10000 */
        {KW_MAP_F32, 2, 0x7F7FFFFF, "\x7F\xC0\x00\x00",
         KW_QUALITY_BAD_NOT_AVAILABLE}, /* NaN */
        {KW_MAP_F32, 2, 0x7F7FFFFF, "\x7F\x80\x00\x00",
         KW_QUALITY_BAD_NOT_AVAILABLE}, /* infinity */
        {KW_MAP_F32, 2, 0x7F7FFFFF, "\xFF\x80\x00\x00",
         KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_F32, 2, 0x7F7FFFFF, "\x7F\x7F\xFF\xFF",
         KW_QUALITY_BAD_NOT_AVAILABLE}, /* listed */
        {KW_MAP_F64, 4, 1, "\x7F\xF8\x00\x00\x00\x00\x00\x00",
         KW_QUALITY_BAD_NOT_AVAILABLE},
        {KW_MAP_F64, 4, 1, "\x7F\xF0\x00\x00\x00\x00\x00\x00",
         KW_QUALITY_BAD_NOT_AVAILABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .type = rows[i].type,
            .registers = rows[i].registers,
            .na_count = 1,
            .na = {rows[i].na},
            .multiplier = 1,
            .factor = 1,
        };
        uint64_t raw = 1;

        assert_int_equal(
            kw_meter_decode_number(&point, (const unsigned char *)rows[i].bytes,
                                   &raw),
            rows[i].quality);
        assert_int_equal(raw, 0);
    }
}

static void test_several_na(void **state)
{
    const struct kw_map_point point = {
        .type = KW_MAP_U16,
        .registers = 1,
        .na_count = 3,
        .na = {0xFFFF, 0x7FFF, 0x8000},
        .multiplier = 1,
        .factor = 1,
    };
    uint64_t raw;

    (void)state;
    assert_int_equal(
        kw_meter_decode_number(&point, (const unsigned char *)"\x80\x00", &raw),
        KW_QUALITY_BAD_NOT_AVAILABLE);
    assert_int_equal(
        kw_meter_decode_number(&point, (const unsigned char *)"\x80\x01", &raw),
        KW_QUALITY_GOOD);
}

/* The four quadrants of a power factor. */
static void test_fold(void **state)
{
    static const struct {
        int16_t raw;
        double value;
    } rows[] = {
        {0, 0},       {500, 0.5},  {1000, 1},     {1500, 0.5}, {2000, 0},
        {-500, -0.5}, {-1000, -1}, {-1500, -0.5}, {-2000, -0},
    };
    const struct kw_map_point point = {
        .type = KW_MAP_S16,
        .registers = 1,
        .formula = KW_MAP_FOUR_QUADRANT,
        .multiplier = 0.001,
        .factor = 1,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char bytes[2] = {
            (unsigned char)((uint16_t)rows[i].raw >> 8),
            (unsigned char)rows[i].raw,
        };
        uint64_t raw;

        assert_int_equal(kw_meter_decode_number(&point, bytes, &raw),
                         KW_QUALITY_GOOD);
        assert_true(fabs(kw_sample_value(KW_ENCODING_FLOAT64, raw,
                                         kw_meter_decode_scale(&point)) -
                         rows[i].value) < 1e-12);
    }
}

static void test_decimals(void **state)
{
    static const struct {
        enum kw_map_type type;
        double scale;
        uint8_t decimals;
    } rows[] = {
        {KW_MAP_U16, 1, 0},          {KW_MAP_U16, 10, 0},
        {KW_MAP_U16, 1000, 0},       {KW_MAP_U16, 0.1, 1},
        {KW_MAP_U16, 0.01, 2},       {KW_MAP_U16, 0.001, 3},
        {KW_MAP_U16, -0.01, 2},      {KW_MAP_U16, 0.5, 1},
        {KW_MAP_U16, 0.0001, 4},     {KW_MAP_U16, 1e-9, 6},
        {KW_MAP_F32, 0.01, 5},       {KW_MAP_F64, 1, 5},
        {KW_MAP_U32, 0.1 * 1000, 0}, {KW_MAP_U32, 0.001 * 1000, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {.type = rows[i].type};

        assert_int_equal(kw_meter_decode_decimals(&point, rows[i].scale, 5),
                         rows[i].decimals);
    }
}

static void test_bits(void **state)
{
    static const unsigned char data[] = {0xCD, 0x6B, 0x05};
    static const char expected[] = "1011001111010110101";

    (void)state;
    /* Application Protocol V1.1b3, 6.1: coils 20 to 38 */
    for (size_t i = 0; expected[i] != 0; i++)
        assert_int_equal(kw_meter_decode_bit(data, i), expected[i] - '0');
}

static void test_texts(void **state)
{
    static const struct {
        enum kw_map_type type;
        uint8_t registers;
        const char *bytes;
        const char *text;
    } rows[] = {
        {KW_MAP_STRING, 4, "\0S\0O\0C\0O", "SOCO"},
        {KW_MAP_STRING, 4, "DIRIS A1", "DIRIS A1"},
        {KW_MAP_STRING, 4, "PM51  \0\0", "PM51"},
        {KW_MAP_STRING, 4, "        ", ""},
        {KW_MAP_STRING, 2, "\0\0\0\0", ""},
        {KW_MAP_STRING, 2, "a\xFF\x07z", "a??z"},
        {KW_MAP_STRING, 3, "AB\xFF\xFF\xFF\xFF", "AB"},
        {KW_MAP_STRING, 3, "\xFF\xFF\xFF\xFF\xFF\xFF", ""},
        {KW_MAP_STRING, 3, "  AB  ", "AB"},
        {KW_MAP_STRING, 4, "S\0O\0C\0O\0", "SOCO"},
        {KW_MAP_STRING, 4, "AB\0\0xyzz", "AB"}, /* rubbish behind the end */
        {KW_MAP_STRING, 3, "A B   ", "A B"},
        {KW_MAP_BCD32, 2, "\x20\x26\x01\x31", "20260131"},
        {KW_MAP_BCD32, 2, "\x20\x26\x01\x3F", ""},
        {KW_MAP_U64, 4, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
         "18446744073709551615"},
        {KW_MAP_U16, 1, "\x01\x90", "400"},
        {KW_MAP_S16, 1, "\xFF\xFF", "-1"},
        {KW_MAP_U32, 2, "\xFF\xFF\xFF\xFE", "4294967294"},
        {KW_MAP_U32, 2, "\xFF\xFF\xFF\xFF", ""}, /* not available */
        {KW_MAP_F32, 2, "\x3F\xC0\x00\x00", "1.5"},
        {KW_MAP_F64, 4, "\x3F\xF8\x00\x00\x00\x00\x00\x00", "1.5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .type = rows[i].type,
            .registers = rows[i].registers,
            .na_count = rows[i].type == KW_MAP_U32,
            .na = {0xFFFFFFFF},
            .multiplier = 1,
            .factor = 1,
        };
        char text[KW_MAP_STRING_REGISTERS * 2 + 1];

        kw_meter_decode_text(&point, (const unsigned char *)rows[i].bytes, text,
                             sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
}

static void test_text_orders(void **state)
{
    static const struct {
        bool low_word_first, low_byte_first;
        const char *bytes;
    } rows[] = {
        {false, false, "PM5100"},
        {false, true, "MP1500"},
        {true, false, "0051PM"},
        {true, true, "0015MP"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_map_point point = {
            .type = KW_MAP_STRING,
            .registers = 3,
            .low_word_first = rows[i].low_word_first,
            .low_byte_first = rows[i].low_byte_first,
        };
        char text[8];

        kw_meter_decode_text(&point, (const unsigned char *)rows[i].bytes, text,
                             sizeof(text));
        assert_string_equal(text, "PM5100");
    }
}

static void test_text_cut(void **state)
{
    const struct kw_map_point point = {.type = KW_MAP_STRING, .registers = 4};
    char text[4];

    (void)state;
    kw_meter_decode_text(&point, (const unsigned char *)"abcdefgh", text,
                         sizeof(text));
    assert_string_equal(text, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_bad_numbers), cmocka_unit_test(test_several_na),
        cmocka_unit_test(test_fold),        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_bits),        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_text_cut),    cmocka_unit_test(test_orders),
        cmocka_unit_test(test_bit_fields),  cmocka_unit_test(test_text_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
