/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the clock of the model. */
#include "clock.h"
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 32 };

static int parse(struct kw_plant_options *options, const char *line,
                 struct kw_plant_diag *diag)
{
    static char program[] = "kilowatch-plant";
    char *text = kw_plant_alloc(strlen(line) + 1, 1), *at = text;
    char *argv[WORDS] = {program};
    int argc = 1;
    memcpy(text, line, strlen(line));
    while (argc < WORDS && (argv[argc] = strsep(&at, " ")) != NULL)
        argc++;
    int result = kw_plant_options_parse(options, argc, argv, diag);
    options->maps = options->quantities = NULL;
    kw_plant_free(text);
    return result;
}

static void test_all_options(void **state)
{
    struct kw_plant_options options;
    struct kw_plant_diag diag = {""};
    (void)state;
    int result =
        parse(&options,
              "--maps conf --quantities q.csv --dir links --seed 7 "
              "--start 2026-03-01T12:00:00+01:00 --speed 2.5 "
              "--turnaround 0 --strict --true-speed --absent exception "
              "--serial a:0:8N1:1=x --tcp 0:1=x --serial b:0:8N1:1=x "
              "--control c --ready",
              &diag);
    assert_string_equal(diag.text, "");
    assert_int_equal(result, 0);
    assert_int_equal(options.settings.era.seed, 7);
    assert_int_equal(options.settings.era.start_ms, INT64_C(1772362800000));
    assert_int_equal(options.settings.era.offset_ms, 3600000);
    assert_true(options.settings.speed == 2.5);
    assert_int_equal(options.settings.turnaround_ns, 0);
    assert_true(options.settings.strict && options.settings.true_speed &&
                options.ready);
    assert_true(options.settings.absent_exception);
    assert_int_equal(options.count, 3);
    assert_false(options.lines[0].tcp);
    assert_true(options.lines[1].tcp);
}

static void test_what_is_standard(void **state)
{
    struct kw_plant_options options;
    struct kw_plant_diag diag;
    (void)state;
    assert_int_equal(parse(&options, "--maps m --tcp 0:1=x", &diag), 0);
    assert_int_equal(options.settings.era.seed, 1);
    assert_true(options.settings.speed == 1);
    assert_int_equal(options.settings.turnaround_ns, 5000000);
    assert_false(options.settings.strict || options.ready);
    assert_true(options.settings.era.start_ms > INT64_C(1700000000000));
    assert_null(options.control);
    assert_int_equal(parse(&options, "--help", &diag), 0);
    assert_true(options.help);
    assert_non_null(strstr(kw_plant_options_usage(), "--turnaround MS"));
}

static void test_wrong_options(void **state)
{
    static const char *const rows[][2] = {
        {"--maps m", "expected --serial or --tcp lines"},
        {"--tcp 0:1=x", "--maps DIR is needed"},
        {"--map m", "'--map' is not an option"},
        {"--maps", "--maps needs a value"},
        {"--seed x", "--seed x: expected a whole number"},
        {"--speed 0", "--speed 0: expected a number above 0"},
        {"--turnaround 1s", "expected 0 to 10000 milliseconds"},
        {"--absent no", "expected silence or exception"},
        {"--start today", "--start today: expected now or a time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kw_plant_options options;
        struct kw_plant_diag diag = {""};
        assert_int_equal(parse(&options, rows[i][0], &diag), -1);
        if (strstr(diag.text, rows[i][1]) == NULL)
            fail_msg("%s: says %s", rows[i][0], diag.text);
    }
}

static void test_times(void **state)
{
    static const struct time {
        const char *text;
        int64_t time_ms, offset_ms;
    } rows[] = {
        {"2000-01-01T00:00:00Z", INT64_C(946684800000), 0},
        {"2026-07-01T00:30:00-05:30", INT64_C(1782885600000), -19800000},
    };
    static const char *const wrong[] = {
        "2026-07-01",           "2026-07-01T00:00:00",
        "2026-07-01T00:00:00X", "2026-07-01T00:00:00+1:00",
        "2026-13-01T00:00:00Z", "2026-07-01T00:00:00+15:00",
        "1969-12-31T00:00:00Z",
    };
    int64_t time_ms = 0, offset_ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(kw_plant_clock_parse(rows[i].text, &time_ms, &offset_ms));
        assert_int_equal(time_ms, rows[i].time_ms);
        assert_int_equal(offset_ms, rows[i].offset_ms);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(kw_plant_clock_parse(wrong[i], &time_ms, &offset_ms));
}

static void test_speed_and_freezing(void **state)
{
    struct kw_plant_clock clock = {
        .from_ns = 1000000000, .from_ms = 5000, .speed = 60};
    (void)state;
    assert_true(kw_plant_clock_at(&clock, 1500000000) == 35000);
    clock.frozen = true;
    assert_true(kw_plant_clock_at(&clock, 1500000000) == 5000);

    kw_plant_clock_init(&clock, 7000, 1);
    kw_plant_clock_freeze(&clock, true);
    int64_t tick = kw_plant_clock_tick(&clock, 100);
    kw_plant_clock_speed(&clock, 1000);
    assert_int_equal(kw_plant_clock_tick(&clock, 100), tick);
    assert_int_equal(tick % 100, 0);
    assert_true(tick >= 7000);
    kw_plant_clock_freeze(&clock, false);
    int64_t until_ns = kw_plant_now_ns() + INT64_C(3000000000);
    while (kw_plant_clock_tick(&clock, 100) == tick)
        assert_true(kw_plant_now_ns() < until_ns);
    kw_plant_clock_fini(&clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_options),
        cmocka_unit_test(test_what_is_standard),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_speed_and_freezing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
