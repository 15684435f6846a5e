/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/mem.h"
#include "core/quantity.h"
#include "lib/fixture.h"
#include "meter/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char header[] =
    "quantity,function,address,registers,type,word_order,multiplier,unit,"
    "class,na,formula,note,source\n";

struct bench {
    struct kw_quantities *quantities;
    struct kw_diag diag;
    struct kw_map *map;
    int err;
};

static int set_up(void **state)
{
    static struct bench bench;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_load(&bench.quantities,
                                        KW_TEST_CONF "/quantities.csv", &diag),
                     0);
    kw_diag_fini(&diag);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    kw_quantities_free(bench->quantities);
    return 0;
}

static void parse(struct bench *bench, const char *text)
{
    kw_diag_init(&bench->diag);
    bench->diag.file = "x.csv";
    bench->map = NULL;
    bench->err = kw_meter_map_parse(&bench->map, "x", text, strlen(text),
                                    bench->quantities, &bench->diag);
}

static void end(struct bench *bench)
{
    kw_meter_map_drop(bench->map);
    kw_diag_fini(&bench->diag);
}

/* keys and rows around the header of columns. */
static void parse_parts(struct bench *bench, const char *keys, const char *rows)
{
    char text[8192];

    assert_true(snprintf(text, sizeof(text), "%s%s%s", keys, header, rows) <
                (int)sizeof(text));
    parse(bench, text);
}

static void test_all_of_it(void **state)
{
    struct bench *bench = *state;
    const struct kw_map_point *point;

    parse_parts(bench,
                "#title: A meter\n#make: Someone\n#max_registers: 60\n"
                "#gap: 4\n#forbidden: 10 20-29\n#pause: 20ms\n"
                "#load_stride: 2048\n"
                "#fingerprint: other extended_name a|b c\n#fingerprint: "
                "says d\n# a remark\n",
                "voltage_l1_n,4,0x64,2,u32,le,0.1,V,fast,FFFFFFFF 7fffffff,,"
                "note,src\n"
                "info_name,3,200,10,string,-,1,1,slow,,,,\n"
                "load_status,1,5,1,bit,-,1,1,normal,,,,\n"
                "hour_meter,3,300,2,u32,be,1,h,slow,,,,\n"
                "power_factor_total,3,310,2,f32,be,1,1,fast,,four_quadrant,,"
                "\n");
    assert_int_equal(bench->err, 0);
    assert_string_equal(bench->map->name, "x");
    assert_string_equal(bench->map->title, "A meter");
    assert_string_equal(bench->map->make, "Someone");
    assert_string_equal(bench->map->fingerprint,
                        "other extended_name a|b c\nsays d");
    assert_false(bench->map->identifies_only);
    assert_int_equal(bench->map->max_registers, 60);
    assert_int_equal(bench->map->gap, 4);
    assert_int_equal(bench->map->pause_ms, 20);
    assert_int_equal(bench->map->load_stride, 2048);
    assert_int_equal(bench->map->forbidden_count, 2);
    assert_int_equal(bench->map->forbidden[0].first, 10);
    assert_int_equal(bench->map->forbidden[0].last, 10);
    assert_int_equal(bench->map->forbidden[1].first, 20);
    assert_int_equal(bench->map->forbidden[1].last, 29);
    assert_int_equal(bench->map->count, 5);
    point = &bench->map->points[0];
    assert_string_equal(point->quantity->name, "voltage_l1_n");
    assert_int_equal(point->function, 4);
    assert_int_equal(point->address, 100);
    assert_int_equal(point->type, KW_MAP_U32);
    assert_true(point->low_word_first);
    assert_int_equal(point->na_count, 2);
    assert_true(point->na[1] == 0x7FFFFFFF);
    assert_true(point->multiplier == 0.1 && point->factor == 1);
    assert_int_equal(point->read_class, KW_MAP_FAST);
    assert_int_equal(bench->map->points[1].read_class, KW_MAP_ONCE);
    assert_int_equal(bench->map->points[2].type, KW_MAP_BIT);
    assert_true(bench->map->points[3].factor == 3600);
    assert_int_equal(bench->map->points[4].formula, KW_MAP_FOUR_QUADRANT);
    end(bench);
}

static void test_defaults(void **state)
{
    struct bench *bench = *state;

    parse_parts(bench, "", "frequency,3,1,1,u16,-,1,Hz,fast,,,,\n");
    assert_int_equal(bench->err, 0);
    assert_string_equal(bench->map->title, "x");
    assert_int_equal(bench->map->max_registers, 125);
    assert_int_equal(bench->map->gap, 0);
    assert_int_equal(bench->map->load_stride, 0);
    end(bench);
    parse_parts(bench, "#fingerprint: true\n",
                "frequency,3,1,1,u16,-,1,Hz,fast,,,,\n");
    assert_int_equal(bench->err, 0);
    assert_true(bench->map->identifies_only);
    end(bench);
}

/* One mistake a row: where it is found and what the message says. */
static void test_bad_cells(void **state)
{
    static const struct {
        const char *row;
        unsigned column;
        const char *says;
    } rows[] = {
        {"voltage_l1,3,1,1,u16,-,1,V,fast,,,,", 1, "did you mean voltage_l1_n"},
        {"qqqqqqqqqqqq,3,1,1,u16,-,1,V,fast,,,,", 1, "is not known"},
        {"frequency,0,1,1,u16,-,1,Hz,fast,,,,", 11, "1, 2, 3 or 4"},
        {"frequency,5,1,1,u16,-,1,Hz,fast,,,,", 11, "1, 2, 3 or 4"},
        {"frequency,x,1,1,u16,-,1,Hz,fast,,,,", 11, "1, 2, 3 or 4"},
        {"frequency,3,-1,1,u16,-,1,Hz,fast,,,,", 13, "0 to 65535"},
        {"frequency,3,65536,1,u16,-,1,Hz,fast,,,,", 13, "0 to 65535"},
        {"frequency,3,1,0,u16,-,1,Hz,fast,,,,", 15, "1 to 32"},
        {"frequency,3,1,33,u16,-,1,Hz,fast,,,,", 15, "1 to 32"},
        {"frequency,3,1,q,u16,-,1,Hz,fast,,,,", 15, "1 to 32"},
        {"frequency,3,65535,2,u32,be,1,Hz,fast,,,,", 19, "end below"},
        {"frequency,3,1,2,u16,-,1,Hz,fast,,,,", 15, "as many as the type"},
        {"frequency,3,1,1,u32,be,1,Hz,fast,,,,", 15, "as many as the type"},
        {"frequency,3,1,1,u24,-,1,Hz,fast,,,,", 17, "expected bit, u16"},
        {"frequency,3,1,1,bit,-,1,Hz,fast,,,,", 17, "bit with function 1"},
        {"frequency,1,1,1,u16,-,1,Hz,fast,,,,", 17, "bit with function 1"},
        {"frequency,3,1,4,string,-,1,Hz,fast,,,,", 17, "a number for this"},
        {"frequency,3,1,1,u16,be,1,Hz,fast,,,,", 21, "be or le for two"},
        {"frequency,3,1,2,u32,-,1,Hz,fast,,,,", 21, "be or le for two"},
        {"frequency,3,1,2,u32,xe,1,Hz,fast,,,,", 21, "be, le or -"},
        {"frequency,3,1,1,u16,-,0,Hz,fast,,,,", 23, "a number above 0"},
        {"frequency,3,1,1,u16,-,-1,Hz,fast,,,,", 23, "a number above 0"},
        {"frequency,3,1,1,u16,-,nan,Hz,fast,,,,", 23, "a number above 0"},
        {"frequency,3,1,1,u16,-,,Hz,fast,,,,", 23, "a number above 0"},
        {"frequency,3,1,1,u16,-,1,V,fast,,,,", 25, "does not convert to Hz"},
        {"frequency,3,1,1,u16,-,1,,fast,,,,", 25, "does not convert to Hz"},
        {"frequency,3,1,1,u16,-,1,Hz,often,,,,", 28, "fast, normal or slow"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,FFF,,,", 33, "4 digits a register"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,FFFFF,,,", 33, "4 digits"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,FFFG,,,", 33, "4 digits"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,fffg,,,", 33, "4 digits"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,0001 0002 0003 0004 0005,,,", 33,
         "up to 4 raw codes"},
        {"info_name,3,1,2,string,-,1,1,slow,00000000,,,", 35, "up to 4"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,cubed,,", 34, "four_quadrant or"},
        {"info_name,3,1,2,string,-,1,1,slow,,four_quadrant,,", 36,
         "nothing for a text"},
        {"info_serial,3,1,1,u16,-,1,1,slow,,four_quadrant,,", 35,
         "nothing for a text"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,", 1, "12 fields, expected 13"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,,,", 1, "14 fields, expected 13"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];

        parse_parts(bench, "#gap: 0\n", rows[i].row);
        assert_int_equal(bench->err, KW_EINVAL);
        assert_null(bench->map);
        assert_true(bench->diag.count >= 1);
        kw_diag_first(&bench->diag, text, sizeof(text));
        if (strstr(text, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].row, text);
        assert_string_equal(bench->diag.items[0].file, "x.csv");
        assert_int_equal(bench->diag.items[0].mark.line, 3);
        assert_int_equal(bench->diag.items[0].mark.column, rows[i].column);
        end(bench);
    }
}

static void test_bad_keys(void **state)
{
    static const struct {
        const char *key, *says;
    } rows[] = {
        {"#max_registers: 0", "1 to 125"},
        {"#max_registers: 126", "1 to 125"},
        {"#gap: 124", "0 to 123"},
        {"#gap: x", "0 to 123"},
        {"#load_stride: 0", "1 to 32768"},
        {"#load_stride: 32769", "1 to 32768"},
        {"#pause: 20", "at most 10s"},
        {"#pause: 11s", "at most 10s"},
        {"#forbidden: ", "addresses or ranges"},
        {"#forbidden: 20-10", "addresses or ranges"},
        {"#forbidden: 1 x", "addresses or ranges"},
        {"#forbidden: 1-x", "addresses or ranges"},
        {"#forbidden: 65536", "addresses or ranges"},
        {"#forbidden: 123456789", "addresses or ranges"},
        {"#forbidden: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
         "up to 16 addresses"},
        {"#fingerprint: x", "true, or a map"},
        {"#fingerprint: x y", "true, or a map"},
        {"#fingerprit: x", "as key"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char keys[256], text[512];

        snprintf(keys, sizeof(keys), "%s\n", rows[i].key);
        parse_parts(bench, keys, "frequency,3,999,1,u16,-,1,Hz,fast,,,,\n");
        assert_int_equal(bench->err, KW_EINVAL);
        assert_int_equal(bench->diag.count, 1);
        kw_diag_first(&bench->diag, text, sizeof(text));
        if (strstr(text, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].key, text);
        assert_int_equal(bench->diag.items[0].mark.line, 1);
        end(bench);
    }
}

static void test_long_texts(void **state)
{
    static const char *const keys[] = {"title", "make", "fingerprint"};
    struct bench *bench = *state;

    for (size_t i = 0; i < 3; i++) {
        char text[400];

        snprintf(text, sizeof(text), "#%s: a b %0300d\n", keys[i], 1);
        parse_parts(bench, text, "frequency,3,999,1,u16,-,1,Hz,fast,,,,\n");
        assert_int_equal(bench->err, KW_EINVAL);
        end(bench);
    }
}

/* What one row does to another or to the keys. */
static void test_rows_together(void **state)
{
    struct bench *bench = *state;

    parse_parts(bench, "",
                "frequency,3,1,1,u16,-,1,Hz,fast,,,,\n"
                "frequency,3,2,1,u16,-,1,Hz,fast,,,,\n");
    assert_int_equal(bench->err, KW_EINVAL);
    assert_int_equal(bench->diag.items[0].mark.line, 3);
    end(bench);
    parse_parts(bench, "#forbidden: 2\n",
                "frequency,3,1,2,u32,be,1,Hz,fast,,,,\n"
                "voltage_l1_n,3,3,1,u16,-,1,V,fast,,,,\n");
    assert_int_equal(bench->err, KW_EINVAL);
    assert_int_equal(bench->diag.count, 1);
    assert_int_equal(bench->diag.items[0].mark.column, 13);
    end(bench);
    parse_parts(bench, "#max_registers: 1\n",
                "frequency,3,1,2,u32,be,1,Hz,fast,,,,\n");
    assert_int_equal(bench->err, KW_EINVAL);
    end(bench);
}

/* All mistakes at once, each with its place. */
static void test_all_findings(void **state)
{
    struct bench *bench = *state;

    parse_parts(bench, "#gap: x\n#nokey: 1\n",
                "frequency,9,1,1,u16,-,0,V,often,,,,\n"
                "voltage_l1_n,3,1,1,u16,-,1,V,fast,,,,\n"
                "nothing_like_that,3,1,1,u16,-,1,V,fast,,,,\n");
    assert_int_equal(bench->err, KW_EINVAL);
    assert_int_equal(bench->diag.count, 7);
    end(bench);
}

static void test_header(void **state)
{
    static const struct {
        const char *text;
        unsigned line, column;
    } rows[] = {
        {"", 1, 1},
        {"#gap: 1\n", 2, 1},
        {"quantity,function\n", 1, 1},
        {"quantity,funktion,address,registers,type,word_order,multiplier,unit,"
         "class,na,formula,note,source\n",
         1, 10},
        {"quantity,function,address,registers,type,word_order,multiplier,unit,"
         "class,na,formula,note,source,more\n",
         1, 98},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        parse(bench, rows[i].text);
        assert_int_equal(bench->err, KW_EINVAL);
        assert_int_equal(bench->diag.count, 1);
        assert_int_equal(bench->diag.items[0].mark.line, rows[i].line);
        assert_int_equal(bench->diag.items[0].mark.column, rows[i].column);
        end(bench);
    }
    parse(bench, header);
    assert_int_equal(bench->err, KW_EINVAL); /* no point */
    end(bench);
}

/* A record that isn't CSV at all is one finding; the others are read. */
static void test_broken_csv(void **state)
{
    struct bench *bench = *state;

    parse_parts(bench, "",
                "frequency,3,1,1,u16,-,1,Hz,fast,,,\"x\"y,\n"
                "voltage_l1_n,3,1,1,u16,-,1,W,fast,,,,\n");
    assert_int_equal(bench->err, KW_EINVAL);
    assert_int_equal(bench->diag.count, 2);
    end(bench);
}

static void test_loads(void **state)
{
    struct bench *bench = *state;

    parse_parts(bench, "#load_stride: 2048\n",
                "frequency,3,18442,2,u32,be,0.001,Hz,fast,,,,\n");
    assert_int_equal(bench->err, 0);
    assert_false(kw_meter_map_has_load(bench->map, 0));
    assert_false(kw_meter_map_has_load(bench->map, -1));
    assert_true(kw_meter_map_has_load(bench->map, 1));
    assert_true(kw_meter_map_has_load(bench->map, 23));
    assert_false(kw_meter_map_has_load(bench->map, 24));
    assert_false(kw_meter_map_has_load(bench->map, INT32_MAX));
    end(bench);
    parse_parts(bench, "", "frequency,3,1,1,u16,-,1,Hz,fast,,,,\n");
    assert_true(kw_meter_map_has_load(bench->map, 1));
    assert_false(kw_meter_map_has_load(bench->map, 2));
    end(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_bad_cells),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_rows_together),
        cmocka_unit_test(test_all_findings),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_broken_csv),
        cmocka_unit_test(test_loads),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
