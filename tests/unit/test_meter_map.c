/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/mem.h"
#include "core/quantity.h"
#include "lib/fixture.h"
#include "meter/map.h"

#include <math.h>
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
    parse_parts(bench, "#fingerprint: none\n",
                "frequency,3,1,1,u16,-,1,Hz,fast,,,,\n");
    assert_int_equal(bench->err, 0);
    assert_true(bench->map->never_proposed);
    assert_string_equal(bench->map->fingerprint, "");
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
        {"frequency,3,1,1,u16,be,1,Hz,fast,,,,", 21, "AB) or BA for one"},
        {"frequency,3,1,1,u16,ABCD,1,Hz,fast,,,,", 21, "BA for one"},
        {"frequency,3,1,2,u32,-,1,Hz,fast,,,,", 21, "be (ABCD), le (CDAB)"},
        {"frequency,3,1,2,u32,BA,1,Hz,fast,,,,", 21, "BADC or DCBA"},
        {"frequency,3,1,2,u32,xe,1,Hz,fast,,,,", 21, "be (ABCD), le"},
        {"info_name,3,1,2,string,BA,1,1,slow,,,,", 24, "be (ABCD), le"},
        {"load_status,1,1,1,bit,BA,1,1,slow,,,,", 23, "expected -"},
        {"frequency,3,1,1,u16[],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[16],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[7:4],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[4:16],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[4-7],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[4:],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[4:7,-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[4:7]x,-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,u16[1234],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,2,f32[0:3],be,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,bcd16[0:3],-,1,Hz,fast,,,,", 17, "u16[4:7]"},
        {"frequency,3,1,1,bcd,-,1,Hz,fast,,,,", 17, "bcd16, bcd32"},
        {"frequency,3,1,2,bcd16,be,1,Hz,fast,,,,", 15, "as many as the type"},
        {"frequency,3,1,1,mod10000,-,1,Hz,fast,,,,", 15, "2, 3 or 4"},
        {"frequency,3,1,5,mod10000,be,1,Hz,fast,,,,", 15, "2, 3 or 4"},
        {"frequency,3,1,1,u16,-,0,Hz,fast,,,,", 23, "a number above 0"},
        {"frequency,3,1,1,u16,-,-1,Hz,fast,,,,", 23, "a number above 0"},
        {"frequency,3,1,1,u16,-,nan,Hz,fast,,,,", 23, "\"nan\" is no value"},
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
        {"frequency,3,1,1,u16,-,1,Hz,fast,,cubed,,", 34, "four_quadrant, or"},
        {"info_name,3,1,2,string,-,1,1,slow,,four_quadrant,,", 36,
         "nothing for a text"},
        {"info_serial,3,1,1,u16,-,1,1,slow,,four_quadrant,,", 35,
         "nothing for a text"},
        {"frequency,3,1,1,u16,-,10^x,Hz,fast,,,,", 26, "\"x\" is no value"},
        {"frequency,3,1,1,u16,-,2*frequency,Hz,fast,,,,", 25, "is no value"},
        {"frequency,3,1,1,u16,-,2*3,Hz,fast,,,,", 23, "at least one quantity"},
        {"frequency,3,1,1,u16,-,2*,Hz,fast,,,,", 25, "a number, a name"},
        {"power_factor_total,3,1,1,u16,-,10^frequency,1,fast,,four_quadrant,,",
         32, "a number beside a formula"},
        {"info_serial,3,1,1,u16,-,2*frequency,1,slow,,,,", 25,
         "a number above 0"},
        {"load_status,1,1,1,bit,-,2*frequency,1,slow,,,,", 25,
         "a number above 0"},
        {"frequency,3,,,,,,,,,= 50,,", 11, "nothing in a row that is"},
        {"frequency,,,,u16,,,,,,= 50,,", 14, "nothing in a row that is"},
        {"frequency,,,,,,,kHz,,,= 50,,", 17, "expected nothing or Hz"},
        {"frequency,,,,,,,,fast,,= 50,,", 18, "nothing in a row that is"},
        {"qqqqqqqqqqqq,,,,,,,,,,= 50,,", 1, "is not known"},
        {"info_serial,,,,,,,,,,= 50,,", 1, "a number to compute"},
        {"frequency,,,,,,,,,,= 50,,", 20, "at least one quantity"},
        {"frequency,,,,,,,,,,= frequency,,", 22, "is no value"},
        {"frequency,,,,,,,,,,= (,,", 23, "a number, a name"},
        {"frequency,3,1,1,u16,-,1,Hz", 27, "class \"\": expected fast, normal"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,,,x", 37, "14 fields, expected 13"},
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
        {"#fingerprint: x", "true, none, or a map"},
        {"#fingerprint: x y", "true, none, or a map"},
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
/* The columns min and max: in the row's unit, or else the quantity's. */
static void test_bounds(void **state)
{
    static const char head[] =
        "quantity,function,address,registers,type,word_order,multiplier,unit,"
        "class,na,formula,note,source,min,max\n";
    static const struct {
        const char *row;
        bool bounded;
        double min, max;
    } good[] = {
        {"frequency,3,1,1,u16,-,0.01,Hz,fast", false, 0, 1000},
        {"frequency,3,1,1,u16,-,0.01,Hz,fast,,,,,45,65", true, 45, 65},
        {"frequency,3,1,1,u16,-,0.01,Hz,fast,,,,,,5000", true,
         -(double)INFINITY, 5000},
        {"active_power_l1,3,1,1,s16,-,10,kW,fast,,,,,-10,", true, -10000,
         (double)INFINITY},
        {"thd_voltage_l1,3,1,1,s16,-,0.1,%,fast,,,,,0,50", true, 0, 0.5},
        {"active_energy_import_total,3,1,1,s16,-,10,kWh,slow", false,
         -(double)INFINITY, (double)INFINITY},
    };
    static const struct {
        const char *row, *finding;
    } bad[] = {
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,,,x",
         "x.csv:2:37: min \"x\": expected a number or nothing"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,,,,x",
         "x.csv:2:38: max \"x\": expected a number or nothing"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,,,65,45",
         "x.csv:2:40: max \"45\": expected a number above min"},
        {"info_name,3,1,2,string,-,1,1,slow,,,,,,1",
         "x.csv:2:40: max \"1\": expected nothing for a text"},
        {"frequency,3,1,1,u16,-,1,Hz,fast,,,,,1,2,3",
         "x.csv:2:41: 16 fields, expected 15"},
    };
    struct bench *bench = *state;
    char text[512];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct kw_map_point *point;

        snprintf(text, sizeof(text), "%s%s", head, good[i].row);
        parse(bench, text);
        assert_int_equal(bench->err, 0);
        point = &bench->map->points[0];
        assert_int_equal(point->bounded, good[i].bounded);
        assert_true(point->bounds.min == good[i].min);
        assert_true(point->bounds.max == good[i].max);
        end(bench);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char finding[256];

        snprintf(text, sizeof(text), "%s%s", head, bad[i].row);
        parse(bench, text);
        assert_int_equal(bench->err, KW_EINVAL);
        assert_string_equal(
            kw_diag_first(&bench->diag, finding, sizeof(finding)),
            bad[i].finding);
        end(bench);
    }
    /* Those of a computed row, in the base unit. */
    snprintf(text, sizeof(text),
             "%sfrequency,3,1,1,u16,-,1,Hz,fast\n"
             "power_factor_total,,,,,,,,,,= frequency / 50 Hz,,,0,%s\n",
             head, "0.5");
    parse(bench, text);
    assert_int_equal(bench->err, 0);
    assert_true(kw_map_within(&bench->map->points[1].bounds, 0.5));
    assert_false(kw_map_within(&bench->map->points[1].bounds, 0.51));
    assert_false(kw_map_within(&bench->map->points[1].bounds, -0.01));
    assert_false(kw_map_within(&bench->map->points[1].bounds, (double)NAN));
    end(bench);
    snprintf(text, sizeof(text),
             "%sfrequency,3,1,1,u16,-,1,Hz,fast\n"
             "power_factor_total,,,,,,,,,,= frequency / 50 Hz,,,2,1\n",
             head);
    parse(bench, text);
    assert_int_equal(bench->err, KW_EINVAL);
    end(bench);
}

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

/* Formulas and multipliers that name other points. */
static const char registers[] =
    "current_l1,3,1,1,s16,-,10^scale_current,A,fast,8000,,,\n"
    "voltage_l1_n,3,2,1,u16,-,0.1,V,fast,,,,\n"
    "scale_current,3,3,1,s16,-,1,1,slow,,,,\n"
    "active_power_l1,3,4,1,s16,-,1,W,normal,,,,\n"
    "info_serial,3,6,1,u16,-,1,1,slow,,,,\n";

static void test_computed(void **state)
{
    struct bench *bench = *state;
    char rows[2048];

    snprintf(rows, sizeof(rows), "%s%s", registers,
             "apparent_power_l1,,,,,,,VA,,,= voltage_l1_n * current_l1,,\n"
             "power_factor_l1,,,,,,,,,,= active_power_l1 / apparent_power_l1,,"
             "\n"
             "reactive_power_l1,,,,,,,,,,\"= sqrt(max(0, apparent_power_l1^2 - "
             "active_power_l1^2))\",,\n");
    parse_parts(bench, "# a remark\n", rows);
    assert_int_equal(bench->err, 0);
    assert_int_equal(bench->map->count, 8);
    assert_int_equal(bench->map->computed, 4);
    assert_non_null(bench->map->points[0].compute);
    assert_true(kw_map_point_is_read(&bench->map->points[0]));
    assert_null(bench->map->points[1].compute);
    for (size_t i = 5; i < 8; i++) {
        assert_false(kw_map_point_is_read(&bench->map->points[i]));
        assert_non_null(bench->map->points[i].compute);
        assert_int_equal(bench->map->points[i].read_class, KW_MAP_FAST);
    }
    end(bench);
    snprintf(rows, sizeof(rows), "%s%s", registers,
             "reactive_power_l1,,,,,,,,,,= 2 * active_power_l1,,\n");
    parse_parts(bench, "", rows);
    assert_int_equal(bench->err, 0);
    assert_int_equal(bench->map->points[5].read_class, KW_MAP_NORMAL);
    end(bench);
}

static void test_bad_formulas(void **state)
{
    static const struct {
        const char *row;
        unsigned column;
        const char *says;
    } rows[] = {
        {"frequency,,,,,,,,,,= 1 + voltage_l2_n,,", 26, "is no value that can"},
        {"frequency,,,,,,,,,,= info_serial,,", 22, "is no value that can"},
        {"frequency,,,,,,,,,,= voltage_l1_n,,", 20, "is not in Hz"},
        {"voltage_avg,,,,,,,,,,= voltage_l1_n + current_l1,,", 37,
         "of the same unit"},
        {"voltage_avg,,,,,,,,,,= reactive_power_l1 / 1 A,,", 24,
         "\"reactive_power_l1\" is no value"}, /* below it */
        {"voltage_avg,3,9,1,u16,-,10^current_l1,V,fast,,,,", 28,
         "\"current_l1\" is no value"}, /* has a multiplier too */
        {"voltage_avg,3,9,1,u16,-,voltage_l1_n,V,fast,,,,", 25,
         "a number without a unit"},
        {"voltage_avg,3,9,1,u16,-,reactive_power_l1,V,fast,,,,", 25,
         "is no value"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[2048];

        snprintf(text, sizeof(text), "%s%s\n%s", registers, rows[i].row,
                 "reactive_power_l1,,,,,,,,,,= 2 * active_power_l1,,\n");
        parse_parts(bench, "", text);
        assert_int_equal(bench->err, KW_EINVAL);
        assert_int_equal(bench->diag.count, 1);
        kw_diag_first(&bench->diag, text, sizeof(text));
        if (strstr(text, rows[i].says) == NULL ||
            bench->diag.items[0].mark.line != 7 ||
            bench->diag.items[0].mark.column != rows[i].column)
            fail_msg("%s: %s", rows[i].row, text);
        end(bench);
    }
}

static void test_types(void **state)
{
    static const struct {
        const char *type;
        unsigned registers;
        const char *order;
        enum kw_map_type is;
        unsigned shift, bits;
        bool low_word_first, low_byte_first;
    } rows[] = {
        {"u16", 1, "-", KW_MAP_U16, 0, 0, false, false},
        {"u16", 1, "AB", KW_MAP_U16, 0, 0, false, false},
        {"s16", 1, "BA", KW_MAP_S16, 0, 0, false, true},
        {"u16[4]", 1, "-", KW_MAP_U16, 4, 1, false, false},
        {"u16[0:15]", 1, "-", KW_MAP_U16, 0, 16, false, false},
        {"s32[8:31]", 2, "be", KW_MAP_S32, 8, 24, false, false},
        {"u64[63]", 4, "le", KW_MAP_U64, 63, 1, true, false},
        {"u32", 2, "ABCD", KW_MAP_U32, 0, 0, false, false},
        {"f32", 2, "CDAB", KW_MAP_F32, 0, 0, true, false},
        {"f64", 4, "BADC", KW_MAP_F64, 0, 0, false, true},
        {"u64", 4, "DCBA", KW_MAP_U64, 0, 0, true, true},
        {"bcd16", 1, "-", KW_MAP_BCD16, 0, 0, false, false},
        {"bcd32", 2, "be", KW_MAP_BCD32, 0, 0, false, false},
        {"bcd64", 4, "le", KW_MAP_BCD64, 0, 0, true, false},
        {"sm16", 1, "-", KW_MAP_SM16, 0, 0, false, false},
        {"sm32", 2, "be", KW_MAP_SM32, 0, 0, false, false},
        {"mod10000", 2, "be", KW_MAP_MOD10000, 0, 0, false, false},
        {"mod10000", 4, "le", KW_MAP_MOD10000, 0, 0, true, false},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_map_point *point;
        char text[256];

        snprintf(text, sizeof(text), "frequency,3,1,%u,%s,%s,1,Hz,fast,,,,\n",
                 rows[i].registers, rows[i].type, rows[i].order);
        parse_parts(bench, "", text);
        assert_int_equal(bench->err, 0);
        point = &bench->map->points[0];
        assert_int_equal(point->type, rows[i].is);
        assert_int_equal(point->shift, rows[i].shift);
        assert_int_equal(point->bits, rows[i].bits);
        assert_int_equal(point->low_word_first, rows[i].low_word_first);
        assert_int_equal(point->low_byte_first, rows[i].low_byte_first);
        end(bench);
    }
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
        cmocka_unit_test(test_all_of_it),  cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_bad_cells),  cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_long_texts), cmocka_unit_test(test_rows_together),
        cmocka_unit_test(test_computed),   cmocka_unit_test(test_bad_formulas),
        cmocka_unit_test(test_types),      cmocka_unit_test(test_all_findings),
        cmocka_unit_test(test_header),     cmocka_unit_test(test_broken_csv),
        cmocka_unit_test(test_loads),      cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
