/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of the maps, and what a meter shows through one. */
#include "csv.h"
#include "meter.h"

#include <dirent.h>
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

/* A copy that the reader may change and free. */
static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *data = kw_plant_alloc(size, 1);
    memcpy(data, text, size);
    return data;
}

static void test_csv_rows(void **state)
{
    struct kw_plant_csv csv;
    struct kw_plant_field field[KW_PLANT_CSV_FIELDS], key, value;
    struct kw_plant_diag diag;
    (void)state;
    kw_plant_csv_take(&csv, "x.csv",
                      copy("#a: b c\n#d:\nx,\"y, \"\"z\"\"\",,1\n\nlast"));
    assert_int_equal(kw_plant_csv_key(&csv, &key, &value, &diag), 1);
    assert_string_equal(key.text, "a");
    assert_string_equal(value.text, "b c");
    assert_int_equal(value.column, 5);
    assert_int_equal(kw_plant_csv_key(&csv, &key, &value, &diag), 1);
    assert_string_equal(value.text, "");
    assert_int_equal(kw_plant_csv_key(&csv, &key, &value, &diag), 0);
    assert_int_equal(kw_plant_csv_row(&csv, field, &diag), 4);
    assert_int_equal(csv.line, 3);
    assert_string_equal(field[1].text, "y, \"z\"");
    assert_int_equal(field[1].column, 3);
    assert_string_equal(field[2].text, "");
    assert_int_equal(field[3].column, 15);
    assert_int_equal(kw_plant_csv_row(&csv, field, &diag), 1);
    assert_string_equal(field[0].text, "last");
    assert_int_equal(csv.line, 5);
    assert_int_equal(kw_plant_csv_row(&csv, field, &diag), 0);
    kw_plant_csv_fini(&csv);
}

static void test_csv_errors(void **state)
{
    static const char *const wrong[] = {
        "a,\"b\n", "a,\"b\"c\n", "#key\n",
        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25\n"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct kw_plant_csv csv;
        struct kw_plant_field field[KW_PLANT_CSV_FIELDS], key, value;
        struct kw_plant_diag diag = {""};
        kw_plant_csv_take(&csv, "x.csv", copy(wrong[i]));
        int result = kw_plant_csv_key(&csv, &key, &value, &diag);
        if (result == 0)
            result = kw_plant_csv_row(&csv, field, &diag);
        assert_int_equal(result, -1);
        assert_memory_equal(diag.text, "x.csv:1:", 8);
        kw_plant_csv_fini(&csv);
    }
    struct kw_plant_csv csv;
    struct kw_plant_diag diag;
    assert_int_equal(kw_plant_csv_load(&csv, "/nonexistent/x.csv", &diag), -1);
}

/* A new file that holds `text`; its path is written to `path`. */
static void write_file(char *path, size_t room, const char *text)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, room, "%s/plant-XXXXXX", folder != NULL ? folder : P_tmpdir);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int load(struct kw_plant_map *map, const char *keys, const char *rows,
                struct kw_plant_diag *diag)
{
    char path[512], text[4096];
    snprintf(text, sizeof text, "%s%s%s", keys, head, rows);
    write_file(path, sizeof path, text);
    int result = kw_plant_map_load(map, "test", path, diag);
    unlink(path);
    return result;
}

static void test_a_map(void **state)
{
    struct kw_plant_map map;
    struct kw_plant_diag diag = {""};
    (void)state;
    int result = load(
        &map,
        "#title: A meter\n#make: Maker\n#max_registers: 20\n#gap: 2\n"
        "#forbidden: 12 30-39\n#pause: 20ms\n#load_stride: 100\n"
        "#fingerprint: block extended_name diris b30|diris b-30\n",
        "voltage_l1_n,3,10,2,u32,le,0.1,V,fast,FFFFFFFF 7F000000,,\"a, b\",s\n"
        "hour_meter,3,14,1,u16,-,0.01,h,normal,,,,s\n",
        &diag);
    assert_string_equal(diag.text, "");
    assert_int_equal(result, 0);
    assert_string_equal(map.title, "A meter");
    assert_string_equal(map.make, "Maker");
    assert_int_equal(map.max_registers, 20);
    assert_int_equal(map.gap, 2);
    assert_int_equal(map.load_stride, 100);
    assert_int_equal(map.forbidden_count, 2);
    assert_int_equal(map.forbidden[1].last, 39);
    assert_string_equal(map.fingerprint, "block");
    assert_string_equal(map.identity, "DIRIS B30");
    assert_int_equal(map.phases, 1);
    assert_int_equal(map.count, 2);
    assert_int_equal(map.words, 3);
    const struct kw_plant_point *point = &map.points[0];
    assert_true(point->low_word_first);
    assert_int_equal(point->na_count, 2);
    assert_int_equal(point->na[1], 0x7F000000);
    assert_true(map.points[1].to_base == 3600 && map.points[1].truncate);
    assert_true(kw_plant_map_has_function(&map, 3));
    assert_false(kw_plant_map_has_function(&map, 4));
    kw_plant_map_fini(&map);
}

struct wrong {
    const char *keys, *rows, *says;
};

static const struct wrong wrongs[] = {
    {"", "", ":1:1: expected at least one point"},
    {"#colour: red\n", "", ":1:10: 'colour' is unknown"},
    {"#gap: x\n", "", ":1:7: 'gap' is unknown or its value"},
    {"#max_registers: 126\n", "", "max_registers"},
    {"#forbidden: 5-3\n", "", "forbidden"},
    {"#fingerprint: maybe\n", "", "fingerprint"},
    {"", "voltage,3,1,1,u16,-,1,V,fast,,,,s\n",
     ":2:1: quantity 'voltage': expected a quantity that the model knows"},
    {"", "frequency,5,1,1,u16,-,1,Hz,fast,,,,s\n",
     ":2:11: function '5': expected 3 to 4"},
    {"", "frequency,3,65536,1,u16,-,1,Hz,fast,,,,s\n", ":2:13: address"},
    {"", "frequency,3,65535,2,u32,be,1,Hz,fast,,,,s\n", ":2:19: registers"},
    {"", "frequency,3,1,2,u16,-,1,Hz,fast,,,,s\n",
     "registers '2': expected as many as the type has"},
    {"", "frequency,3,1,1,u17,-,1,Hz,fast,,,,s\n", "type 'u17'"},
    {"", "frequency,3,1,1,u16,be,1,Hz,fast,,,,s\n", "word_order 'be'"},
    {"", "frequency,3,1,2,u32,-,1,Hz,fast,,,,s\n", "word_order '-'"},
    {"", "frequency,3,1,1,u16,-,0,Hz,fast,,,,s\n", "multiplier '0'"},
    {"", "frequency,3,1,1,u16,-,1,kX,fast,,,,s\n", "unit 'kX'"},
    {"", "frequency,3,1,1,u16,-,1,Hz,fast,FF,,,s\n", "na 'FF'"},
    {"", "frequency,3,1,1,u16,-,1,Hz,fast,,x,,s\n", "formula 'x'"},
    {"", "frequency,3,1,4,string,-,1,1,fast,,,,s\n", "type 'string'"},
    {"", "frequency,3,1,1,u16,-,1,Hz,fast,,,\n", "12 fields, expected 13"},
    {"",
     "frequency,3,1,1,u16,-,1,Hz,fast,,,,s\n"
     "current_n,3,1,1,u16,-,1,A,fast,,,,s\n",
     ":3:13: address '1': expected an address above the row before"},
    {"",
     "frequency,4,1,1,u16,-,1,Hz,fast,,,,s\n"
     "current_n,3,5,1,u16,-,1,A,fast,,,,s\n",
     ":3:13: address '5'"},
    {"",
     "frequency,3,1,1,u16,-,1,Hz,fast,,,,s\n"
     "frequency,3,2,1,u16,-,1,Hz,fast,,,,s\n",
     "each quantity once"},
};

static void test_wrong_maps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct kw_plant_map map;
        struct kw_plant_diag diag = {""};
        assert_int_equal(load(&map, wrongs[i].keys, wrongs[i].rows, &diag), -1);
        if (strstr(diag.text, wrongs[i].says) == NULL)
            fail_msg("row %zu says %s", i, diag.text);
    }
}

static void test_reading_registers(void **state)
{
    static const struct reading {
        unsigned function, first, last, code;
        uint16_t words[8];
    } rows[] = {
        {3, 10, 11, 0, {101, 102}},
        {3, 11, 11, 0, {102}},
        {3, 10, 14, 0, {101, 102, 0, 0, 103}},
        {3, 12, 13, 0, {0, 0}},
        {3, 9, 10, 2, {0}},
        {3, 14, 15, 2, {0}},
        {3, 20, 20, 0, {104}},
        {3, 14, 20, 2, {0}},
        {3, 22, 24, 2, {0}},
        {4, 10, 11, 2, {0}},
        {4, 50, 50, 0, {106}},
    };
    struct kw_plant_map map;
    struct kw_plant_diag diag;
    uint16_t words[6] = {101, 102, 103, 104, 105, 106}, out[8];
    (void)state;
    assert_int_equal(load(&map, "#gap: 2\n#forbidden: 23\n",
                          "voltage_l1_n,3,10,2,u32,be,1,V,fast,,,,s\n"
                          "frequency,3,14,1,u16,-,1,Hz,fast,,,,s\n"
                          "current_n,3,20,1,u16,-,1,A,fast,,,,s\n"
                          "current_l1,3,24,1,u16,-,1,A,fast,,,,s\n"
                          "current_l2,4,50,1,u16,-,1,A,fast,,,,s\n",
                          &diag),
                     0);
    assert_int_equal(map.phases, 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kw_plant_range range = {rows[i].first, rows[i].last};
        unsigned code =
            kw_plant_map_read(&map, words, rows[i].function, range, out);
        assert_int_equal(code, rows[i].code);
        if (code == 0)
            assert_memory_equal(out, rows[i].words,
                                (range.last - range.first + 1) * 2);
    }
    kw_plant_map_fini(&map);
}

static void test_names(void **state)
{
    static const struct name {
        const char *name;
        enum kw_plant_part part;
        int value;
    } rows[] = {
        {"voltage_l1_n", KW_PLANT_PLAIN, KW_PLANT_V_LN},
        {"voltage_l2_l3", KW_PLANT_PLAIN, KW_PLANT_V_LL + 1},
        {"voltage_l3_l1", KW_PLANT_PLAIN, KW_PLANT_V_LL + 2},
        {"voltage_n", KW_PLANT_PLAIN, KW_PLANT_V_N},
        {"active_power_l3", KW_PLANT_PLAIN, KW_PLANT_P + 2},
        {"power_factor_l2_alt", KW_PLANT_PLAIN, KW_PLANT_PF + 1},
        {"thd_voltage_l1", KW_PLANT_PLAIN, KW_PLANT_THD_V},
        {"thd_voltage_l1_l2", KW_PLANT_PLAIN, KW_PLANT_THD_VLL},
        {"active_energy_import_total_2", KW_PLANT_PLAIN, KW_PLANT_EP_IN_SUM},
        {"apparent_energy_total_fine", KW_PLANT_PLAIN, KW_PLANT_ES_SUM},
        {"active_energy_export_residual", KW_PLANT_RESIDUAL,
         KW_PLANT_EP_OUT_SUM},
        {"apparent_energy_partial_fine", KW_PLANT_PARTIAL, KW_PLANT_ES_SUM},
        {"info_name", KW_PLANT_ATTRIBUTE, 0},
    };
    static const char *const unknown[] = {"",           "voltage_l4_n",
                                          "voltage_",   "voltage_l1",
                                          "frequency2", "power_factor_partial"};
    struct kw_plant_source source;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(kw_plant_source_find(rows[i].name, &source));
        assert_int_equal(source.part, rows[i].part);
        assert_int_equal(source.value, rows[i].value);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(kw_plant_source_find(unknown[i], &source));
}

/* Every map that is shipped, by the gateway's and the plant's rules. */
static void test_shipped_maps(void **state)
{
    struct kw_plant_library library = {.folder = PLANT_CONF "/meters",
                                       .quantities =
                                           PLANT_CONF "/quantities.csv"};
    struct kw_plant_diag diag = {""};
    (void)state;
    DIR *folder = opendir(library.folder);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char name[256];
        snprintf(name, sizeof name, "%s", entry->d_name);
        char *end = strstr(name, ".csv");
        if (end == NULL)
            continue;
        *end = '\0';
        const struct kw_plant_map *map =
            kw_plant_library_get(&library, name, &diag);
        if (map == NULL)
            fail_msg("%s", diag.text);
        assert_ptr_equal(map, kw_plant_library_get(&library, name, &diag));
        if (*map->fingerprint != '\0')
            assert_non_null(
                kw_plant_library_get(&library, map->fingerprint, &diag));
    }
    closedir(folder);
    assert_true(library.count >= 16);
    assert_null(kw_plant_library_get(&library, "../quantities", &diag));
    assert_null(kw_plant_library_get(&library, "nothing", &diag));
    kw_plant_library_fini(&library);
}

/* The list of quantities is checked when it is given. */
static void test_quantities_that_do_not_fit(void **state)
{
    static const char *const rows[][2] = {
        {"name,title,unit,kind\nfrequency,F,Hz,gauge\n", "is not in"},
        {"name,title,unit,kind\nfrequency,F,V,gauge\n",
         "one of Hz, which does not convert to V"},
        {"name,title\n", ":1:1: expected name,title,unit"},
        {"name,\"title\n", ":1:6: a quote"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[512];
        struct kw_plant_diag diag = {""};
        write_file(path, sizeof path, rows[i][0]);
        struct kw_plant_library library = {.folder = PLANT_CONF "/meters",
                                           .quantities = path};
        assert_null(kw_plant_library_get(&library, "janitza_umg604", &diag));
        unlink(path);
        if (strstr(diag.text, rows[i][1]) == NULL)
            fail_msg("row %zu says %s", i, diag.text);
        kw_plant_library_fini(&library);
    }
}

static const struct kw_plant_era era = {1, INT64_C(1772625600000), 0};

static void start_meter(struct kw_plant_library *library,
                        struct kw_plant_meter *meter, const char *profile)
{
    struct kw_plant_diag diag;
    *library = (struct kw_plant_library){.folder = PLANT_CONF "/meters"};
    const struct kw_plant_map *map =
        kw_plant_library_get(library, profile, &diag);
    assert_non_null(map);
    kw_plant_meter_init(meter, map, (struct kw_plant_place){0, 5, 1}, "NAME",
                        &era);
    kw_plant_meter_refresh(meter, era.start_ms + 3600000);
}

static double shown(const struct kw_plant_meter *meter, const char *quantity)
{
    const struct kw_plant_point *point =
        kw_plant_map_point(meter->map, quantity);
    assert_non_null(point);
    return kw_plant_point_decode(point, meter->raw[point - meter->map->points]);
}

static void test_copies_of_a_counter_agree(void **state)
{
    struct kw_plant_library library;
    struct kw_plant_meter meter;
    (void)state;
    start_meter(&library, &meter, "socomec_countis_e24");
    double total = shown(&meter, "active_energy_import_total");
    double rest = shown(&meter, "active_energy_import_residual");
    double fine = shown(&meter, "active_energy_import_total_fine");
    assert_true(total == shown(&meter, "active_energy_import_total_2"));
    assert_true(rest >= 0 && rest < 1000);
    assert_true(fabs(total + rest - meter.now.real[KW_PLANT_EP_IN_SUM]) <=
                0.1 + 1e-6);
    assert_true(fine <= total + rest + 1e-6 && fine > total + rest - 10);
    assert_true(shown(&meter, "active_energy_import_partial") < total / 2);
    kw_plant_meter_fini(&meter);
    kw_plant_library_fini(&library);
}

static void test_forced_values(void **state)
{
    struct kw_plant_library library;
    struct kw_plant_meter meter;
    struct kw_plant_diag diag;
    (void)state;
    start_meter(&library, &meter, "abb_b23_b24");
    assert_int_equal(kw_plant_meter_set(&meter, "voltage_l1_n", "230.4", &diag),
                     0);
    assert_int_equal(kw_plant_meter_set(&meter, "current_l1", "na", &diag), 0);
    assert_int_equal(
        kw_plant_meter_set(&meter, "active_power_total", "min", &diag), 0);
    assert_int_equal(
        kw_plant_meter_set(&meter, "power_factor_total", "0x03E7", &diag), 0);
    kw_plant_meter_refresh(&meter, era.start_ms + 3600100);
    assert_true(fabs(shown(&meter, "voltage_l1_n") - 230.4) < 1e-9);
    assert_true(isnan(shown(&meter, "current_l1")));
    assert_true(shown(&meter, "active_power_total") == -21474836.48);
    assert_true(fabs(shown(&meter, "power_factor_total") - 0.999) < 1e-9);
    static const char *const wrong[][2] = {{"nothing", "1"},
                                           {"voltage_l1_n", "high"},
                                           {"voltage_l1_n", "0xxyz"},
                                           {"voltage_l1_n", "0x100000000"},
                                           {"voltage_l1_n", "negative"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(
            kw_plant_meter_set(&meter, wrong[i][0], wrong[i][1], &diag), -1);
    kw_plant_meter_clear(&meter);
    kw_plant_meter_refresh(&meter, era.start_ms + 3600200);
    assert_true(fabs(shown(&meter, "voltage_l1_n") -
                     meter.now.real[KW_PLANT_V_LN]) <= 0.06);
    kw_plant_meter_fini(&meter);
    kw_plant_library_fini(&library);
}

static void test_values_as_json(void **state)
{
    struct kw_plant_library library;
    struct kw_plant_meter meter;
    struct kw_plant_out out = {0};
    struct kw_plant_diag diag;
    (void)state;
    start_meter(&library, &meter, "socomec_identification");
    kw_plant_meter_print(&meter, &out);
    assert_non_null(strstr(out.data, "{\"quantity\":\"vendor_signature\","
                                     "\"raw\":\"0053004F0043004F\","
                                     "\"value\":\"SOCO\",\"true\":\"SOCO\"}"));
    assert_non_null(strstr(out.data, "\"table_version\",\"raw\":\"0065\","
                                     "\"value\":101,\"true\":101}"));
    assert_int_equal(kw_plant_meter_set(&meter, "vendor_name", "0x41", &diag),
                     -1);
    kw_plant_meter_pattern(&meter, true);
    kw_plant_meter_refresh(&meter, era.start_ms + 3600100);
    kw_plant_out(&out, "\n");
    size_t at = out.length;
    kw_plant_meter_print(&meter, &out);
    assert_null(strstr(out.data + at, "SOCO"));
    kw_plant_free(out.data);
    kw_plant_meter_fini(&meter);
    kw_plant_library_fini(&library);
}

static void test_text_helpers(void **state)
{
    struct kw_plant_out out = {0};
    char room[4];
    double real = 0;
    uint64_t whole = 0;
    (void)state;
    kw_plant_out_string(&out, "a\"b\\c\n");
    kw_plant_out_real(&out, (double)INFINITY);
    assert_string_equal(out.data, "\"a\\\"b\\\\c\\u000a\"null");
    kw_plant_free(out.data);
    assert_false(kw_plant_copy(room, sizeof room, "long"));
    assert_string_equal(room, "lon");
    assert_true(kw_plant_parse_real("-1.5e3", &real) && real == -1500);
    assert_false(kw_plant_parse_real("nan", &real));
    assert_false(kw_plant_parse_real("1e999", &real));
    assert_false(kw_plant_parse_real("1.2.3", &real));
    assert_false(kw_plant_parse_real("", &real));
    assert_true(kw_plant_parse_whole("ff", 16, 255, &whole) && whole == 255);
    assert_false(kw_plant_parse_whole("256", 10, 255, &whole));
    assert_false(kw_plant_parse_whole("-1", 10, 255, &whole));
    assert_false(
        kw_plant_parse_whole("99999999999999999999", 10, UINT64_MAX, &whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_rows),
        cmocka_unit_test(test_csv_errors),
        cmocka_unit_test(test_a_map),
        cmocka_unit_test(test_wrong_maps),
        cmocka_unit_test(test_reading_registers),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_shipped_maps),
        cmocka_unit_test(test_quantities_that_do_not_fit),
        cmocka_unit_test(test_copies_of_a_counter_agree),
        cmocka_unit_test(test_forced_values),
        cmocka_unit_test(test_values_as_json),
        cmocka_unit_test(test_text_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
