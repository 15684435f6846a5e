/* SPDX-License-Identifier: Apache-2.0 */
/* Types and orders beyond those of the library: words worked out by hand from
 * the descriptions in docs/meters.md. */
#include "meter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char head[] =
    "quantity,function,address,registers,type,word_order,multiplier,unit,"
    "class,na,formula,note,source\n";

static int load(struct kw_plant_map *map, const char *rows,
                struct kw_plant_diag *diag)
{
    const char *folder = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/plant-XXXXXX",
             folder != NULL ? folder : P_tmpdir);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
    assert_int_equal(write(fd, rows, strlen(rows)), (ssize_t)strlen(rows));
    close(fd);
    int result = kw_plant_map_load(map, "test", path, diag);
    unlink(path);
    return result;
}

struct golden {
    const char *type, *order;
    unsigned registers;
    double value;
    uint16_t words[4];
};

static const struct golden golden[] = {
    {"u16", "-", 1, 4660, {0x1234}},
    {"u16", "BA", 1, 4660, {0x3412}},
    {"s16", "BA", 1, -2, {0xFEFF}},
    {"u32", "be", 2, 305419896, {0x1234, 0x5678}},
    {"u32", "ABCD", 2, 305419896, {0x1234, 0x5678}},
    {"u32", "le", 2, 305419896, {0x5678, 0x1234}},
    {"u32", "CDAB", 2, 305419896, {0x5678, 0x1234}},
    {"u32", "BADC", 2, 305419896, {0x3412, 0x7856}},
    {"u32", "DCBA", 2, 305419896, {0x7856, 0x3412}},
    {"f32", "BADC", 2, 230.5, {0x6643, 0x0080}},
    {"f32", "DCBA", 2, 230.5, {0x0080, 0x6643}},
    {"u64", "DCBA", 4, 283686952306183, {0x0706, 0x0504, 0x0302, 0x0100}},
    {"u64", "BADC", 4, 283686952306183, {0x0100, 0x0302, 0x0504, 0x0706}},
    {"bcd16", "-", 1, 1234, {0x1234}},
    {"bcd16", "-", 1, 9999, {0x9999}},
    {"bcd32", "be", 2, 12345678, {0x1234, 0x5678}},
    {"bcd32", "le", 2, 12345678, {0x5678, 0x1234}},
    {"bcd64", "be", 4, 20260131, {0x0000, 0x0000, 0x2026, 0x0131}},
    {"sm16", "-", 1, -5, {0x8005}},
    {"sm16", "-", 1, 5, {0x0005}},
    {"sm32", "be", 2, -65536, {0x8001, 0x0000}},
    {"mod10000", "be", 2, 12345, {1, 2345}},
    {"mod10000", "le", 2, 12345, {2345, 1}},
    {"mod10000", "be", 3, 123456789, {1, 2345, 6789}},
    {"mod10000", "be", 4, 1000200030004, {1, 2, 3, 4}},
    {"mod10000", "be", 2, -12345, {0xFFFF, 0xF6D7}}, /* -1, -2345 */
    {"u16[4:7]", "-", 1, 9, {0x0090}},
    {"u16[15]", "-", 1, 1, {0x8000}},
    {"s16[4:7]", "-", 1, -1, {0x00F0}},
    {"u32[12:19]", "be", 2, 171, {0x000A, 0xB000}},
};

static void test_golden_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        const struct golden *row = &golden[i];
        struct kw_plant_map map;
        struct kw_plant_diag diag = {""};
        uint16_t words[4] = {0};
        char text[256];
        snprintf(text, sizeof text, "frequency,3,1,%u,%s,%s,1,Hz,fast,,,,s\n",
                 row->registers, row->type, row->order);
        if (load(&map, text, &diag) < 0)
            fail_msg("%s: %s", row->type, diag.text);
        const struct kw_plant_point *point = &map.points[0];
        uint64_t raw = kw_plant_point_encode(point, row->value, false);
        kw_plant_point_put(point, raw, words);
        if (memcmp(words, row->words, 2 * (size_t)row->registers) != 0)
            fail_msg("%s %s: %04X %04X %04X %04X", row->type, row->order,
                     words[0], words[1], words[2], words[3]);
        assert_true(kw_plant_point_decode(point, raw) == row->value);
        kw_plant_map_fini(&map);
    }
}

struct range {
    const char *type;
    unsigned registers;
    double min, max, negative;
};

static void test_ranges(void **state)
{
    static const struct range ranges[] = {
        {"bcd16", 1, 0, 9999, 0},
        {"bcd64", 4, 0, 1e16, 0}, /* 9999999999999999 as a double */
        {"sm16", 1, -32767, 32767, -123},
        {"sm32", 2, -2147483647, 2147483647, -123},
        {"mod10000", 2, -99999999, 99999999, -123},
        {"mod10000", 4, -1e16, 1e16, -123},
        {"u16[4:7]", 1, 0, 15, 0},
        {"s16[4:7]", 1, -8, 7, 0},
        {"s32[0:23]", 2, -8388608, 8388607, -123},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct kw_plant_map map;
        struct kw_plant_diag diag = {""};
        char text[256];
        uint64_t raw = 0;
        snprintf(text, sizeof text, "frequency,3,1,%u,%s,%s,1,Hz,fast,,,,s\n",
                 ranges[i].registers, ranges[i].type,
                 ranges[i].registers > 1 ? "be" : "-");
        if (load(&map, text, &diag) < 0)
            fail_msg("%s: %s", ranges[i].type, diag.text);
        const struct kw_plant_point *point = &map.points[0];
        raw = kw_plant_point_encode(point, 1e30, false);
        assert_true(raw == kw_plant_point_max(point));
        assert_true(kw_plant_point_decode(point, raw) == ranges[i].max);
        raw = kw_plant_point_encode(point, -1e30, false);
        assert_true(raw == kw_plant_point_min(point));
        assert_true(kw_plant_point_decode(point, raw) == ranges[i].min);
        assert_int_equal(kw_plant_point_negative(point, &raw),
                         ranges[i].negative < 0);
        if (ranges[i].negative < 0)
            assert_true(kw_plant_point_decode(point, raw) ==
                        ranges[i].negative);
        raw = kw_plant_point_encode(point, (double)NAN, false);
        assert_true(kw_plant_point_decode(point, raw) == 0);
        kw_plant_map_fini(&map);
    }
}

/* Several rows have bits of one register; each leaves the others alone. */
static void test_shared_registers(void **state)
{
    struct kw_plant_map map;
    struct kw_plant_diag diag = {""};
    uint16_t words[3] = {0}, out[3];
    (void)state;
    assert_int_equal(load(&map,
                          "frequency,3,1,1,u16,-,1,Hz,fast,,,,s\n"
                          "tariff,3,2,1,u16[0:3],-,1,1,fast,,,,s\n"
                          "digital_inputs,3,2,1,u16[4:11],-,1,1,fast,,,,s\n"
                          "load_status,3,2,1,u16[15],-,1,1,fast,,,,s\n"
                          "hour_meter,3,3,1,u16,-,1,h,fast,,,,s\n",
                          &diag),
                     0);
    assert_int_equal(map.words, 3);
    kw_plant_point_put(&map.points[3], 1, words + map.points[3].at);
    kw_plant_point_put(&map.points[1], 5, words + map.points[1].at);
    kw_plant_point_put(&map.points[2], 0xA5, words + map.points[2].at);
    assert_int_equal(words[1], 0x8A55);
    kw_plant_point_put(&map.points[1], 2, words + map.points[1].at);
    assert_int_equal(words[1], 0x8A52);
    words[0] = 11;
    words[2] = 33;
    assert_int_equal(
        kw_plant_map_read(&map, words, 3, (struct kw_plant_range){1, 3}, out),
        0);
    assert_memory_equal(out, words, sizeof words);
    kw_plant_map_fini(&map);
}

static double seven(const void *arg, size_t index)
{
    (void)arg;
    return index == 1 ? -2 : 7;
}

/* Multipliers in other registers, rows that are computed, remarks. */
static void test_multipliers(void **state)
{
    struct kw_plant_map map;
    struct kw_plant_diag diag = {""};
    (void)state;
    int result = load(&map,
                      "# a remark\n"
                      "current_l1,3,1,1,u16,-,0.5*10^scale_current/ratio_ct,A,"
                      "fast,,,,s\n"
                      "#\n"
                      "scale_current,3,2,1,s16,-,1,1,slow,,,,s\n"
                      "ratio_ct,3,3,1,u16,-,1,1,slow,,,,s\n"
                      "current_avg,,,,,,,A,,,= current_l1 / 1,,\n",
                      &diag);
    assert_string_equal(diag.text, "");
    assert_int_equal(result, 0);
    assert_int_equal(map.count, 3);
    struct kw_plant_point fixed =
        kw_plant_point_fixed(&map.points[0], seven, NULL);
    assert_true(fabs(fixed.multiplier - 0.5 * 0.01 / 7) < 1e-18);
    fixed = kw_plant_point_fixed(&map.points[1], seven, NULL);
    assert_true(fixed.multiplier == 1);
    kw_plant_map_fini(&map);
}

struct wrong {
    const char *rows, *says;
};

static void test_refused(void **state)
{
    static const struct wrong wrongs[] = {
        {"frequency,3,1,1,u16[],-,1,Hz,fast,,,,s\n", "bits as in u16[4:7]"},
        {"frequency,3,1,1,u16[16],-,1,Hz,fast,,,,s\n", "bits as in"},
        {"frequency,3,1,1,u16[7:4],-,1,Hz,fast,,,,s\n", "bits as in"},
        {"frequency,3,1,1,u16[4:7,-,1,Hz,fast,,,,s\n", "bits as in"},
        {"frequency,3,1,2,f32[0:3],be,1,Hz,fast,,,,s\n", "bits as in"},
        {"frequency,3,1,1,u16[4:7],-,1,Hz,fast,FFFF,,,s\n", "raw codes"},
        {"frequency,3,1,1,mod10000,-,1,Hz,fast,,,,s\n", "as many as"},
        {"frequency,3,1,5,mod10000,be,1,Hz,fast,,,,s\n", "as many as"},
        {"frequency,3,1,2,u32,BA,1,Hz,fast,,,,s\n", "word_order 'BA'"},
        {"frequency,3,1,1,u16,DCBA,1,Hz,fast,,,,s\n", "word_order 'DCBA'"},
        {"frequency,3,1,1,u16,-,2*,Hz,fast,,,,s\n", "multiplier '2*'"},
        {"frequency,3,1,1,u16,-,tariff,Hz,fast,,,,s\n", "needs 'tariff'"},
        {"frequency,3,1,1,u16,-,1*2*3*4*5,Hz,fast,,,,s\n", "multiplier"},
        {"frequency,3,1,1,u16,-,2*tariff,Hz,fast,,,,s\n"
         "tariff,3,2,1,u16,-,3*ratio_ct,1,fast,,,,s\n"
         "ratio_ct,3,3,1,u16,-,1,1,fast,,,,s\n",
         "needs 'tariff', a number without"},
        {"tariff,3,2,1,u16[0:3],-,1,1,fast,,,,s\n"
         "load_status,3,2,1,u16[4:5],BA,1,1,fast,,,,s\n",
         "an address above"},
        {"frequency,,,,,,,,,,x,,s\n", "function ''"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct kw_plant_map map;
        struct kw_plant_diag diag = {""};
        assert_int_equal(load(&map, wrongs[i].rows, &diag), -1);
        if (strstr(diag.text, wrongs[i].says) == NULL)
            fail_msg("row %zu says %s", i, diag.text);
    }
}

static void test_swapped_texts(void **state)
{
    static const uint16_t words[4][2] = {
        {0x504D, 0x3531}, {0x3531, 0x504D}, {0x4D50, 0x3135}, {0x3135, 0x4D50}};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct kw_plant_point point = {
            .type = KW_PLANT_STRING,
            .registers = 2,
            .low_word_first = i % 2 == 1,
            .low_byte_first = i >= 2,
        };
        uint16_t got[2];
        kw_plant_point_put_text(&point, "PM51", got);
        assert_memory_equal(got, words[i], sizeof got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_words),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_shared_registers),
        cmocka_unit_test(test_multipliers),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_swapped_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
