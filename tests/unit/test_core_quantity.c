/* SPDX-License-Identifier: Apache-2.0 */
#include "core/quantity.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spreadsheet.h"

#define HEAD "name,title,unit,kind,decimals,group\n"

static int parse(const char *text, struct kw_quantities **list, char *findings,
                 size_t size)
{
    struct kw_diag diag;
    char line[512];
    size_t used = 0;
    int err;

    kw_diag_init(&diag);
    diag.file = "q";
    *list = NULL;
    err = kw_quantities_parse(list, text, strlen(text), &diag);
    findings[0] = 0;
    for (size_t i = 0; i < diag.count && used < size; i++)
        used += (size_t)snprintf(
            findings + used, size - used, "%s\n",
            kw_diag_format(&diag.items[i], line, sizeof(line)));
    kw_diag_fini(&diag);
    return err;
}

static void test_reads_a_list(void **state)
{
    static const char text[] = "# comment\n"
                               "group,name,title,unit,kind,decimals,more\n"
                               "power,p_total,\"Power, total\",W,gauge,0,x\n"
                               "energy,e_total,Energy,Wh,counter,3,\n"
                               "state,s,State,1,state,0,\n"
                               "info,t,Text,1,text,6,\n";
    struct kw_quantities *list;
    const struct kw_quantity *power;
    char findings[512];

    (void)state;
    assert_int_equal(parse(text, &list, findings, sizeof(findings)), 0);
    assert_string_equal(findings, "");
    assert_int_equal(kw_quantities_count(list), 4);
    power = kw_quantities_find(list, "p_total");
    assert_ptr_equal(power, kw_quantities_at(list, 0));
    assert_string_equal(power->name, "p_total");
    assert_string_equal(power->title, "Power, total");
    assert_string_equal(power->unit, "W");
    assert_string_equal(power->group, "power");
    assert_int_equal(power->kind, KW_QUANTITY_GAUGE);
    assert_int_equal(power->decimals, 0);
    assert_int_equal(kw_quantities_find(list, "e_total")->kind,
                     KW_QUANTITY_COUNTER);
    assert_int_equal(kw_quantities_find(list, "e_total")->decimals, 3);
    assert_int_equal(kw_quantities_find(list, "s")->kind, KW_QUANTITY_STATE);
    assert_int_equal(kw_quantities_at(list, 3)->kind, KW_QUANTITY_TEXT);
    assert_null(kw_quantities_at(list, 4));
    assert_null(kw_quantities_find(list, "p"));
    assert_string_equal(kw_quantities_nearest(list, "p_totl"), "p_total");
    assert_null(kw_quantities_nearest(list, "something"));
    kw_quantities_free(list);
    kw_quantities_free(NULL);
}

static void test_only_a_heading(void **state)
{
    struct kw_quantities *list;
    char findings[512];

    (void)state;
    assert_int_equal(parse(HEAD, &list, findings, sizeof(findings)), 0);
    assert_int_equal(kw_quantities_count(list), 0);
    assert_null(kw_quantities_find(list, "x"));
    assert_null(kw_quantities_nearest(list, "x"));
    kw_quantities_free(list);
}

static void test_findings(void **state)
{
    static const struct {
        const char *text, *findings;
    } rows[] = {
        {"", "q: is empty, expected a heading line\n"},
        {"# only\n", "q: is empty, expected a heading line\n"},
        {"name,title,unit,decimals,group\n",
         "q:1:1: the heading has no column \"kind\"\n"},
        {HEAD "p,P,W,gauge,0,g,1\n", "q:2:17: 7 fields, expected 6\n"},
        {HEAD "P,P,W,gauge,0,g\n",
         "q:2:1: name \"P\" is not valid, expected lower-case letters, digits "
         "and '_', at most 63\n"},
        {HEAD "p,,W,gauge,0,g\n",
         "q:2:3: title \"\" is not valid, expected 1 to 120 bytes\n"},
        {HEAD "p,P,kW,gauge,0,g\n", "q:2:5: unit \"kW\" is not valid, expected "
                                    "one of V A W var VA Wh varh "
                                    "VAh Hz s deg 1\n"},
        {HEAD "p,P,W,gage,0,g\n",
         "q:2:7: kind \"gage\" is not valid, expected one of gauge counter "
         "state text\n"},
        {HEAD "p,P,W,gauge,7,g\n",
         "q:2:13: decimals \"7\" is not valid, expected a digit from 0 to 6\n"},
        {HEAD "p,P,W,gauge,,g\n",
         "q:2:13: decimals \"\" is not valid, expected a digit from 0 to 6\n"},
        {HEAD "p,P,W,gauge,10,g\n", "q:2:13: decimals \"10\" is not valid, "
                                    "expected a digit from 0 to 6\n"},
        {HEAD "p,P,W,gauge,0,G g\n",
         "q:2:15: group \"G g\" is not valid, expected a lower-case name\n"},
        {HEAD "p,P,W,gauge,0,g\nq,P,W,gauge,0,g\np,P,W,gauge,0,g\n",
         "q:4:1: the quantity \"p\" is here twice, first on line 2\n"},
        {HEAD "\"p\nq,P,W,gage,0,g\n",
         "q:2:1: the quote that opens here is not closed on this line\n"
         "q:3:7: kind \"gage\" is not valid, expected one of gauge counter "
         "state text\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_quantities *list;
        char findings[1024];

        assert_int_equal(parse(rows[i].text, &list, findings, sizeof(findings)),
                         KW_EINVAL);
        assert_string_equal(findings, rows[i].findings);
        assert_null(list);
    }
}

static void test_bounds(void **state)
{
    static const char text[] = "name,title,unit,kind,decimals,group,max,min\n"
                               "f,F,Hz,gauge,2,g,1000,0\n"
                               "p,P,W,gauge,0,g,1e9,\n"
                               "q,Q,var,gauge,0,g,,-0.5\n"
                               "e,E,Wh,counter,0,g\n";
    static const struct {
        double min, max;
    } bounds[] = {{0, 1000},
                  {-(double)INFINITY, 1e9},
                  {-0.5, (double)INFINITY},
                  {-(double)INFINITY, (double)INFINITY}};
    static const struct {
        const char *text, *findings;
    } rows[] = {
        {"name,title,unit,kind,decimals,group,min,max\np,P,W,gauge,0,g,x,-\n",
         "q:2:17: min \"x\" is not valid, expected a number or nothing\n"
         "q:2:19: max \"-\" is not valid, expected a number or nothing\n"},
        {"name,title,unit,kind,decimals,group,min,max\np,P,W,gauge,0,g,1,1\n",
         "q:2:19: max \"1\" is not valid, expected a number above that of "
         "min\n"},
        {"name,title,unit,kind,decimals,group,max\np,P,W,gauge,0,g,inf\n",
         "q:2:17: max \"inf\" is not valid, expected a number or nothing\n"},
    };
    struct kw_quantities *list;
    char findings[512];

    (void)state;
    assert_int_equal(parse(text, &list, findings, sizeof(findings)), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_true(kw_quantities_at(list, i)->min == bounds[i].min);
        assert_true(kw_quantities_at(list, i)->max == bounds[i].max);
    }
    kw_quantities_free(list);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(parse(rows[i].text, &list, findings, sizeof(findings)),
                         KW_EINVAL);
        assert_string_equal(findings, rows[i].findings);
    }
}

/* What meters have been seen to give, and what none can. */
static void test_shipped_bounds(void **state)
{
    static const struct {
        const char *name;
        double value;
        bool can_be;
    } rows[] = {
        {"frequency", 0, true}, /* nothing connected */
        {"frequency", 16.7, true},
        {"frequency", 400, true},
        {"frequency", 562505.5, false},
        {"frequency", -1, false},
        {"voltage_l1_n", 230, true},
        {"voltage_l1_l2", 400e3, true},
        {"voltage_l1_l2", 1150e3, true},
        {"voltage_l1_n", -48, true}, /* DC */
        {"voltage_l1_n", 2.3e23, false},
        {"current_l1", 12e3, true},
        {"current_l1", 500e3, true},
        {"current_l1", 1e7, false},
        {"active_power_total", -22.5e9, true},
        {"active_power_total", 1e12, false},
        {"reactive_power_l1", -2e9, true},
        {"apparent_power_total", 22.5e9, true},
        {"power_factor_total", 1.0005, true},
        {"power_factor_l1", -1, true},
        {"power_factor_l1", 1000, false},
        {"phase_angle_total", 359.9, true},
        {"phase_angle_total", -180, true},
        {"phase_angle_total", 500, false},
        {"thd_voltage_l1", 0.02, true},
        {"thd_current_l1", 6.5, true}, /* 650 % */
        {"thd_current_l1", -1, false},
        {"thd_current_l1", 1e6, false},
        {"active_energy_import_total", 1e15, true},
    };
    struct kw_quantities *list = NULL;
    struct kw_diag diag;

    (void)state;
    kw_diag_init(&diag);
    assert_int_equal(
        kw_quantities_load(&list, KW_TEST_CONF "/quantities.csv", &diag), 0);
    kw_diag_fini(&diag);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_quantity *quantity =
            kw_quantities_find(list, rows[i].name);

        if ((rows[i].value >= quantity->min &&
             rows[i].value <= quantity->max) != rows[i].can_be)
            fail_msg("%s %g", rows[i].name, rows[i].value);
    }
    kw_quantities_free(list);
}

static void test_long_titles_and_lists(void **state)
{
    struct kw_quantities *list;
    char findings[512];
    struct kw_buf text;

    (void)state;
    kw_buf_init(&text, 1 << 20);
    kw_buf_put_text(&text, HEAD "p,");
    for (unsigned i = 0; i < 121; i++)
        kw_buf_put_byte(&text, 'x');
    kw_buf_put_text(&text, ",W,gauge,0,g\n");
    assert_int_equal(
        parse(kw_buf_text(&text), &list, findings, sizeof(findings)),
        KW_EINVAL);
    kw_buf_reset(&text);
    kw_buf_put_text(&text, HEAD);
    for (unsigned i = 0; i < 4096; i++)
        kw_buf_printf(&text, "q%u,Q,W,gauge,0,g\n", i);
    assert_int_equal(
        parse(kw_buf_text(&text), &list, findings, sizeof(findings)), 0);
    assert_int_equal(kw_quantities_count(list), 4096);
    for (unsigned i = 0; i < 4096; i++) {
        char name[16];

        snprintf(name, sizeof(name), "q%u", i);
        assert_ptr_equal(kw_quantities_find(list, name),
                         kw_quantities_at(list, i));
    }
    kw_quantities_free(list);
    kw_buf_put_text(&text, "last,Q,W,gauge,0,g\n");
    assert_int_equal(
        parse(kw_buf_text(&text), &list, findings, sizeof(findings)),
        KW_EINVAL);
    assert_string_equal(findings, "q:4098:1: more than 4096 quantities\n");
    kw_buf_fini(&text);
}

static void test_the_file_that_is_shipped(void **state)
{
    struct kw_quantities *list = NULL;
    struct kw_diag diag;
    char line[512];

    (void)state;
    kw_diag_init(&diag);
    if (kw_quantities_load(&list, KW_TEST_CONF "/quantities.csv", &diag) != 0)
        fail_msg("%s", kw_diag_first(&diag, line, sizeof(line)));
    assert_in_range(kw_quantities_count(list), 100, 1000);
    assert_string_equal(kw_quantities_find(list, "active_power_total")->unit,
                        "W");
    assert_string_equal(kw_quantities_nearest(list, "active_power_totl"),
                        "active_power_total");
    kw_quantities_free(list);
    kw_diag_fini(&diag);
}

/* Opened in a spreadsheet and saved, it says the same. */
static void test_the_file_from_a_spreadsheet(void **state)
{
    struct kw_quantities *before, *after;
    struct kw_buf text, saved;
    char findings[512];

    (void)state;
    kw_buf_init(&text, 1 << 20);
    kw_buf_init(&saved, 1 << 20);
    assert_int_equal(kw_file_read(KW_TEST_CONF "/quantities.csv", &text), 0);
    assert_int_equal(
        parse(kw_buf_text(&text), &before, findings, sizeof(findings)), 0);
    for (size_t i = 0; i < SPREADSHEETS; i++) {
        kw_buf_reset(&saved);
        spreadsheet_save(&saved, &spreadsheets[i], kw_buf_text(&text), 8);
        if (parse((const char *)saved.data, &after, findings,
                  sizeof(findings)) != 0)
            fail_msg("%s: %s", spreadsheets[i].name, findings);
        assert_int_equal(kw_quantities_count(after),
                         kw_quantities_count(before));
        for (size_t j = 0; j < kw_quantities_count(after); j++) {
            const struct kw_quantity *a = kw_quantities_at(before, j);
            const struct kw_quantity *b = kw_quantities_at(after, j);

            assert_string_equal(a->name, b->name);
            assert_string_equal(a->title, b->title);
            assert_string_equal(a->unit, b->unit);
            assert_string_equal(a->group, b->group);
            assert_int_equal(a->kind, b->kind);
            assert_int_equal(a->decimals, b->decimals);
            assert_true(a->min == b->min && a->max == b->max);
        }
        kw_quantities_free(after);
    }
    kw_quantities_free(before);
    kw_buf_fini(&text);
    kw_buf_fini(&saved);
}

static void test_a_file_that_is_missing(void **state)
{
    struct kw_quantities *list = NULL;
    struct kw_diag diag;
    char line[512];

    (void)state;
    kw_diag_init(&diag);
    diag.file = "outer";
    assert_int_equal(kw_quantities_load(&list, KW_TEST_CONF "/none.csv", &diag),
                     KW_ENOTFOUND);
    assert_non_null(strstr(kw_diag_first(&diag, line, sizeof(line)),
                           "none.csv: can't be read: not found"));
    assert_string_equal(diag.file, "outer");
    kw_diag_fini(&diag);
}

/* The shipped file: long enough for the arena to need several chunks. */
static void test_out_of_memory(void **state)
{
    struct kw_mem_stats before = kw_mem_stats(), after;
    unsigned n = 0;
    int err;

    (void)state;
    do {
        struct kw_quantities *list = NULL;
        struct kw_diag diag;

        kw_diag_init(&diag);
        kw_mem_fail_at(++n);
        err = kw_quantities_load(&list, KW_TEST_CONF "/quantities.csv", &diag);
        kw_mem_fail_at(0);
        assert_true(err == 0 || err == KW_ENOMEM);
        assert_false(kw_diag_any(&diag));
        kw_quantities_free(list);
        kw_diag_fini(&diag);
    } while (err != 0);
    assert_in_range(n, 6, 100);
    after = kw_mem_stats();
    assert_int_equal(after.allocations - before.allocations,
                     after.frees - before.frees);
}

static void test_kind_names(void **state)
{
    (void)state;
    assert_string_equal(kw_quantity_kind_name(KW_QUANTITY_GAUGE), "gauge");
    assert_string_equal(kw_quantity_kind_name(KW_QUANTITY_COUNTER), "counter");
    assert_string_equal(kw_quantity_kind_name(KW_QUANTITY_STATE), "state");
    assert_string_equal(kw_quantity_kind_name(KW_QUANTITY_TEXT), "text");
}

static void test_unit_factors(void **state)
{
    static const struct {
        const char *unit, *base;
        double factor;
    } rows[] = {
        {"W", "W", 1},          {"kW", "W", 1e3},    {"MW", "W", 1e6},
        {"mW", "W", 1e-3},      {"GWh", "Wh", 1e9},  {"kWh", "Wh", 1e3},
        {"kvarh", "varh", 1e3}, {"kVA", "VA", 1e3},  {"mA", "A", 1e-3},
        {"ms", "s", 1e-3},      {"min", "s", 60},    {"h", "s", 3600},
        {"d", "s", 86400},      {"%", "1", 0.01},    {"1", "1", 1},
        {"deg", "deg", 1},      {"mHz", "Hz", 1e-3}, {"kW", "Wh", 0},
        {"Wh", "W", 0},         {"W", "V", 0},       {"k1", "1", 0},
        {"kdeg", "deg", 0},     {"h", "1", 0},       {"%", "W", 0},
        {"", "W", 0},           {"k", "W", 0},       {"KW", "W", 0},
        {"xW", "W", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(kw_unit_factor(rows[i].unit, rows[i].base) ==
                    rows[i].factor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_a_list),
        cmocka_unit_test(test_only_a_heading),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_shipped_bounds),
        cmocka_unit_test(test_long_titles_and_lists),
        cmocka_unit_test(test_the_file_that_is_shipped),
        cmocka_unit_test(test_the_file_from_a_spreadsheet),
        cmocka_unit_test(test_a_file_that_is_missing),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_kind_names),
        cmocka_unit_test(test_unit_factors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
