/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of core: what their rows take, and the checks beyond them. */
#include "core/core_module.h"

#include "base/buf.h"
#include "core/conf.h"
#include "core/policy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct stage {
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_core_conf conf;
    char first[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];
};

static void open_stage(struct stage *stage)
{
    *stage = (struct stage){.first = ""};
    kw_arena_init(&stage->arena, 32 << 20);
    kw_diag_init(&stage->diag);
}

static void close_stage(struct stage *stage)
{
    kw_arena_fini(&stage->arena);
    kw_diag_fini(&stage->diag);
}

/* Rows, then the check, as the registry does it. */
static int read_conf(struct stage *stage, const char *yaml)
{
    struct kw_node *root = NULL;
    int err = kw_conf_parse_yaml(yaml, strlen(yaml), &stage->arena, &root,
                                 &stage->diag);

    if (err == 0)
        err = kw_settings_read(kw_core_settings, root, root, &stage->conf,
                               &stage->arena, &stage->diag);
    if (err == 0)
        err = kw_core_check(&stage->conf, NULL, &stage->diag);
    kw_node_locate(root, &stage->diag, 0);
    (void)kw_diag_first(&stage->diag, stage->first, sizeof(stage->first));
    return err;
}

#define METERS "meters: [{name: m1}, {name: m2}, {name: m3}]\n"

/* finding NULL: taken; else part of the first one, and how many there are. */
static const struct {
    const char *yaml, *finding;
    size_t count;
} cases[] = {
    {"", NULL, 0},
    {"site: {name: Works, timezone: UTC}", NULL, 0},
    {"site: {name: ''}", "site.name", 1},
    {"site: {nam: x}", "did you mean \"name\"?", 1},
    {"site: {timezone: Nowhere/Land}", "site.timezone: \"Nowhere/Land\"", 1},
    {"site: {timezone: ../../../etc/passwd}", "is no time zone", 1},
    {"site: {timezone: tzdata.zi}", "is no time zone", 1},
    {"site: {timezone: .}", "is no time zone", 1},

    {"circuits: []", NULL, 0},
    {"circuits: [{name: a}]", NULL, 0},
    {"circuits: [{kind: feeder}]", "\"name\" is missing", 1},
    {"circuits: [{name: a}, {name: a}]", "used already", 1},
    {"circuits: [{name: a, kind: breaker}]", "circuits[0].kind", 1},
    {"circuits: [{name: a, rated: -1}]", "circuits[0].rated", 1},
    {"circuits: [{name: a, rated: 400A}]", NULL, 0},
    {"circuits: [{name: a, parent: b}]", "there is no \"b\"", 1},
    {"circuits: [{name: a, parent: b}, {name: b}]", NULL, 0},
    {METERS "circuits: [{name: a, meter: m1}]", NULL, 0},
    {METERS "circuits: [{name: a, meter: m4}]", "there is no \"m4\"", 1},
    {METERS "virtual: [{name: v, sum: [m1]}]\n"
            "circuits: [{name: a, meter: v}]",
     NULL, 0},
    /* Fed from itself: at once, in a ring, and who only hangs on a ring. */
    {"circuits: [{name: a, parent: a}]", "\"a\" is fed from itself", 1},
    {"circuits: [{name: a, parent: b}, {name: b, parent: a}]",
     "\"a\" is fed from itself", 2},
    {"circuits: [{name: a, parent: b}, {name: b, parent: c},\n"
     " {name: c, parent: b}, {name: d}]",
     "\"b\" is fed from itself", 2},

    {METERS "virtual: [{name: v, sum: [m1, m2], minus: [m3]}]", NULL, 0},
    {METERS "virtual: [{name: v}]", "\"sum\" is missing", 1},
    {METERS "virtual: [{name: v, sum: []}]", "virtual[0].sum", 1},
    {METERS "virtual: [{name: v, sum: [m9]}]", "there is no \"m9\"", 1},
    {METERS "virtual: [{name: v, sum: [m1, m1]}]", "used already", 1},
    {METERS "virtual: [{name: v, sum: [m1], minus: [m2, m2]}]", "used already",
     1},
    {METERS "virtual: [{name: v, sum: [m1]}, {name: w, sum: [v]}]",
     "there is no \"v\"", 1}, /* sums of sums aren't offered */
    {METERS "virtual: [{name: m1, sum: [m1]}]",
     "\"m1\" is a name in meters already", 1},
    {METERS "virtual: [{name: m3, sum: [m1, m2]}]",
     "\"m3\" is a name in meters already; choose another", 1},
    {METERS "virtual: [{name: 'a b', sum: [m1]}]", "virtual[0].name", 1},
    {METERS "virtual: [{name: v, sum: [m1], uid: v0123456789ab}]", NULL, 0},
    {METERS "virtual: [{name: v, sum: [m1], uid: m0123456789ab}]",
     "no identity of a virtual meter", 1},
    {METERS "virtual: [{name: v, sum: [m1], uid: v0123456789}]",
     "no identity of a virtual meter", 1},
    {METERS "virtual: [{name: v, sum: [m1], uid: v0123456789ab},\n"
            " {name: w, sum: [m1], uid: v0123456789ab}]",
     "used already", 1},

    {"tariffs: [{name: day, days: mon-fri, from: '06:00', to: '22:00',\n"
     " price: 0.21, currency: EUR, subscribed_power: 36000}]",
     NULL, 0},
    {"tariffs: [{name: day, days: monday}]", "tariffs[0].days", 1},
    {"tariffs: [{name: day, from: '25:00'}]", "tariffs[0].from", 1},
    {"tariffs: [{name: day, currency: EURO}]", "tariffs[0].currency", 1},
    {"tariffs: [{days: all}]", "\"name\" is missing", 1},

    /* All findings in one go, those of the check too. */
    {"site: {timezone: X/Y}\ncircuits: [{name: a, parent: a}]\n" METERS
     "virtual: [{name: v, sum: [m1], uid: x}]",
     "", 3},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage stage;
        int err;

        open_stage(&stage);
        err = read_conf(&stage, cases[i].yaml);
        if (stage.diag.count != cases[i].count ||
            (cases[i].finding != NULL &&
             strstr(stage.first, cases[i].finding) == NULL))
            print_error("%s\n%s\n", cases[i].yaml, stage.first);
        assert_int_equal(err, cases[i].finding == NULL ? 0 : KW_EINVAL);
        assert_int_equal(stage.diag.count, cases[i].count);
        if (cases[i].finding != NULL)
            assert_non_null(strstr(stage.first, cases[i].finding));
        for (size_t k = 0; k < stage.diag.count; k++)
            assert_true(stage.diag.items[k].mark.line > 0);
        close_stage(&stage);
    }
}

static void test_defaults(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage);
    assert_int_equal(read_conf(&stage, "circuits: [{name: a}]\n"
                                       "tariffs: [{name: t}]"),
                     0);
    assert_string_equal(stage.conf.site.name, "Kilowatch");
    assert_string_equal(stage.conf.site.timezone, "UTC");
    assert_int_equal(stage.conf.circuits.count, 1);
    {
        const struct kw_circuit *circuit = stage.conf.circuits.items;
        const struct kw_tariff *tariff = stage.conf.tariffs.items;

        assert_int_equal(circuit->kind, KW_CIRCUIT_FEEDER);
        assert_null(circuit->parent);
        assert_null(circuit->meter);
        assert_string_equal(tariff->from, "00:00");
        assert_string_equal(tariff->to, "24:00");
        assert_string_equal(tariff->currency, "EUR");
        assert_int_equal(tariff->days, 0);
    }
    close_stage(&stage);
}

static void test_values(void **state)
{
    const struct kw_circuit *circuit;
    const struct kw_virtual *virtual;
    const struct kw_tariff *tariff;
    struct stage stage;

    (void)state;
    open_stage(&stage);
    assert_int_equal(
        read_conf(&stage, METERS
                  "circuits:\n"
                  "  - {name: main, kind: incomer, rated: 400, breaker: Q1}\n"
                  "  - {name: sun, kind: generator, parent: main, meter: m1}\n"
                  "virtual:\n"
                  "  - {name: v, title: All, sum: [m1, m2], minus: [m3]}\n"
                  "tariffs:\n"
                  "  - {name: t, days: sun, price: -0.5,\n"
                  "     subscribed_power: 1000W}\n"),
        0);
    circuit = stage.conf.circuits.items;
    assert_int_equal(circuit[0].kind, KW_CIRCUIT_INCOMER);
    assert_true(fabs(circuit[0].rated_a - 400) < 1e-9);
    assert_string_equal(circuit[0].breaker, "Q1");
    assert_int_equal(circuit[1].kind, KW_CIRCUIT_GENERATOR);
    assert_string_equal(circuit[1].parent, "main");
    virtual = stage.conf.virtuals.items;
    assert_string_equal(virtual->title, "All");
    assert_int_equal(virtual->sum.count, 2);
    assert_string_equal(virtual->minus.items[0], "m3");
    tariff = stage.conf.tariffs.items;
    assert_int_equal(tariff->days, 9);
    assert_true(fabs(tariff->price + 0.5) < 1e-9);
    assert_true(fabs(tariff->subscribed_w - 1000) < 1e-9);
    close_stage(&stage);
}

/* A zone that this machine has, when it has any. */
static void test_zone(void **state)
{
    struct stage stage;
    struct stat info;

    (void)state;
    if (stat("/usr/share/zoneinfo/Europe/Paris", &info) != 0)
        skip();
    open_stage(&stage);
    assert_int_equal(read_conf(&stage, "site: {timezone: Europe/Paris}"), 0);
    close_stage(&stage);
    open_stage(&stage);
    assert_int_equal(read_conf(&stage, "site: {timezone: Europe}"), KW_EINVAL);
    close_stage(&stage);
}

/* The longest chain is no ring, and is looked through in no time. */
static void test_long_chain(void **state)
{
    struct stage stage;
    struct kw_buf yaml;

    (void)state;
    kw_buf_init(&yaml, 1 << 20);
    kw_buf_put_text(&yaml, "circuits:\n  - {name: c0}\n");
    for (int i = 1; i < 1000; i++)
        kw_buf_printf(&yaml, "  - {name: c%d, parent: c%d}\n", i, i - 1);
    open_stage(&stage);
    assert_int_equal(read_conf(&stage, kw_buf_text(&yaml)), 0);
    assert_int_equal(stage.conf.circuits.count, 1000);
    close_stage(&stage);
    kw_buf_put_text(&yaml, "  - {name: c1000}\n");
    open_stage(&stage);
    assert_int_equal(read_conf(&stage, kw_buf_text(&yaml)), KW_EINVAL);
    close_stage(&stage);
    kw_buf_fini(&yaml);
}

/* Every row can be shown: it has a sentence, sections say who may change. */
static void check_rows(const struct kw_setting *row)
{
    for (; row->kind != KW_KIND_END; row++) {
        assert_non_null(row->key);
        assert_non_null(row->help);
        assert_int_equal(row->help[strlen(row->help) - 1], '.');
        if (row->rows != NULL)
            check_rows(row->rows);
    }
}

static void test_rows(void **state)
{
    (void)state;
    check_rows(kw_core_settings);
    for (const struct kw_setting *row = kw_core_settings;
         row->kind != KW_KIND_END; row++)
        assert_int_equal(row->permission, KW_MAY_CONFIGURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),      cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),     cmocka_unit_test(test_zone),
        cmocka_unit_test(test_long_chain), cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
