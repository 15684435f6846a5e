/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register maps that went through a spreadsheet: each shipped one reads as
 * before in whatever form it was saved, and what people add there (empty rows,
 * empty columns, semicolons) is either read or told with its place.
 */
#include "base/diag.h"
#include "base/file.h"
#include "base/formula.h"
#include "core/quantity.h"
#include "meter/map.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spreadsheet.h"

#define COLUMNS                                                                \
    "quantity,function,address,registers,type,word_order,multiplier,unit,"     \
    "class,na,formula,note,source"

static struct kw_quantities *quantities;

static int set_up(void **state)
{
    struct kw_diag diag;
    int err;

    (void)state;
    kw_diag_init(&diag);
    err =
        kw_quantities_load(&quantities, KW_TEST_CONF "/quantities.csv", &diag);
    kw_diag_fini(&diag);
    return err;
}

static int tear_down(void **state)
{
    (void)state;
    kw_quantities_free(quantities);
    return 0;
}

/* The map, or NULL and the first finding. */
static struct kw_map *parse(const char *text, char finding[256])
{
    struct kw_map *map;
    struct kw_diag diag;

    kw_diag_init(&diag);
    diag.file = "x.csv";
    finding[0] = 0;
    if (kw_meter_map_parse(&map, "x", text, strlen(text), quantities, &diag) !=
        0)
        kw_diag_first(&diag, finding, 256);
    kw_diag_fini(&diag);
    return map;
}

/* Both formulas give the same for any values. */
static void compare_formulas(const struct kw_map *map,
                             const struct kw_formula *a,
                             const struct kw_formula *b)
{
    double values[256];
    double x, y;

    assert_int_equal(a != NULL, b != NULL);
    if (a == NULL)
        return;
    assert_true(map->count <= 256);
    for (size_t i = 0; i < map->count; i++)
        values[i] = 1.0 + (double)i / 7;
    x = kw_formula_value(a, values);
    y = kw_formula_value(b, values);
    assert_memory_equal(&x, &y, sizeof(x));
}

static void compare_maps(const struct kw_map *a, const struct kw_map *b)
{
    assert_string_equal(a->title, b->title);
    assert_string_equal(a->make, b->make);
    assert_string_equal(a->fingerprint, b->fingerprint);
    assert_int_equal(a->max_registers, b->max_registers);
    assert_int_equal(a->gap, b->gap);
    assert_int_equal(a->load_stride, b->load_stride);
    assert_int_equal(a->identifies_only, b->identifies_only);
    assert_int_equal(a->never_proposed, b->never_proposed);
    assert_int_equal(a->pause_ms, b->pause_ms);
    assert_int_equal(a->forbidden_count, b->forbidden_count);
    assert_memory_equal(a->forbidden, b->forbidden, sizeof(a->forbidden));
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->computed, b->computed);
    for (size_t i = 0; i < a->count; i++) {
        struct kw_map_point x = a->points[i], y = b->points[i];

        compare_formulas(a, x.compute, y.compute);
        x.compute = y.compute = NULL;
        assert_memory_equal(&x, &y, sizeof(x));
    }
}

static void save_and_compare(const char *file)
{
    struct kw_buf text, saved;
    struct kw_map *before, *after;
    char path[512], finding[256];

    snprintf(path, sizeof(path), "%s/meters/%s", KW_TEST_CONF, file);
    kw_buf_init(&text, KW_MAP_BYTES_MAX);
    kw_buf_init(&saved, KW_MAP_BYTES_MAX);
    assert_int_equal(kw_file_read(path, &text), 0);
    before = parse(kw_buf_text(&text), finding);
    assert_non_null(before);
    for (size_t i = 0; i < SPREADSHEETS; i++) {
        kw_buf_reset(&saved);
        spreadsheet_save(&saved, &spreadsheets[i], kw_buf_text(&text), 13);
        assert_int_equal(kw_buf_err(&saved), 0);
        after = parse((const char *)saved.data, finding);
        if (after == NULL)
            fail_msg("%s saved by %s: %s", file, spreadsheets[i].name, finding);
        compare_maps(before, after);
        kw_meter_map_drop(after);
    }
    kw_meter_map_drop(before);
    kw_buf_fini(&text);
    kw_buf_fini(&saved);
}

static void test_shipped_maps(void **state)
{
    DIR *folder = opendir(KW_TEST_CONF "/meters");
    struct dirent *entry;
    unsigned maps = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".csv") == NULL)
            continue;
        save_and_compare(entry->d_name);
        maps++;
    }
    closedir(folder);
    assert_in_range(maps, 17, 1000);
}

/* Small files as they came from the field. */
static void test_from_the_field(void **state)
{
    static const char *const texts[] = {
        /* empty rows */
        "#title: ACME M3,,,,,,,,,,,,\r\n#make: ACME,,,,,,,,,,,,\r\n"
        "#max_registers: 80,,,,,,,,,,,,\r\n" COLUMNS "\r\n"
        "voltage_l1_n,3,100,2,f32,be,1,V,fast,,,,p. 14\r\n,,,,,,,,,,,,\r\n"
        "active_power_total,3,110,2,s32,be,0.1,W,fast,,,,p. 15\r\n"
        ",,,,,,,,,,,,\r\n,,,,,,,,,,,,\r\n",
        /* an empty column */
        "#title: ACME M3,,,,,,,,,,,,,\r\n#make: ACME,,,,,,,,,,,,,\r\n"
        "#max_registers: 80\r\n" COLUMNS ",\r\n"
        "voltage_l1_n,3,100,2,f32,be,1,V,fast,,,,p. 14,\r\n"
        "active_power_total,3,110,2,s32,be,0.1,W,fast,,,,p. 15,\r\n",
        /* header lines in quotes */
        "\"#title: ACME M3\",,,,,,,,,,,,\r\n\"#make: ACME\",,,,,,,,,,,,\r\n"
        "\"#max_registers: 80\",,,,,,,,,,,,\r\n" COLUMNS "\r\n"
        "\"voltage_l1_n\",3,100,2,\"f32\",\"be\",1,\"V\",\"fast\",,,,\r\n"
        "\"active_power_total\",3,110,2,\"s32\",\"be\",0.1,\"W\",\"fast\"\r\n",
        /* semicolons and a decimal comma */
        "\xEF\xBB\xBF#title: ACME M3\r\n#make: ACME\r\n#max_registers: 80;;\r\n"
        "quantity;function;address;registers;type;word_order;multiplier;unit;"
        "class;na;formula;note;source\r\n"
        "voltage_l1_n;3;100;2;f32;be;1;V;fast;;;;p. 14\r\n"
        "active_power_total;3;110;2;s32;be;0,1;W;fast;;;;p. 15\r\n",
    };
    struct kw_map *first = NULL, *map;
    char finding[256];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        map = parse(texts[i], finding);
        assert_string_equal(finding, "");
        if (first == NULL)
            first = map;
        compare_maps(first, map);
        if (map != first)
            kw_meter_map_drop(map);
    }
    assert_string_equal(first->title, "ACME M3");
    assert_int_equal(first->max_registers, 80);
    assert_int_equal(first->count, 2);
    assert_true(first->points[1].multiplier == 0.1);
    kw_meter_map_drop(first);
    map = parse("\"#title: ACME M3, three phases\",,,\r\n" COLUMNS
                "\r\nfrequency,3,1,1,u16,-,0.01,Hz,fast\r\n",
                finding);
    assert_non_null(map);
    assert_string_equal(map->title, "ACME M3, three phases");
    kw_meter_map_drop(map);
}

/* What is wrong is told with the place where it stands in the file. */
static void test_findings(void **state)
{
    static const struct {
        const char *text, *finding;
    } rows[] = {
        {"#gap: 500,,,\n", "x.csv:1:2: gap \"500\": expected 0 to 123"},
        {"\"#gap: 500\",,,\n", "x.csv:1:3: gap \"500\": expected 0 to 123"},
        {COLUMNS ",,extra\n",
         "x.csv:1:98: column \"\": expected min or no more"},
        {COLUMNS ",min,max,extra\n",
         "x.csv:1:106: column \"extra\": expected no more"},
        {COLUMNS "\n,,,\nfrequency,3,1,1,u16,-,\"0,1\",Hz,fast\n",
         "x.csv:3:24: multiplier: an operator or the end is expected"},
        {"quantity;function;adress\n",
         "x.csv:1:19: column \"adress\": expected address"},
        {COLUMNS "\n,,,\n", "x.csv:3:1: at least one point is expected"},
        {COLUMNS "\nfrequency,3,1,1,u16,-,1,Hz,fast,,,,s,x\n",
         "x.csv:2:38: 14 fields, expected 13"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char finding[256];

        assert_null(parse(rows[i].text, finding));
        assert_string_equal(finding, rows[i].finding);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_maps),
        cmocka_unit_test(test_from_the_field),
        cmocka_unit_test(test_findings),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
