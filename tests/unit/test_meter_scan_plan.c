/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan decides by rules: units, speeds, times, verdicts, names. */
#include "meter/scan_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_units(void **state)
{
    static const struct {
        const char *text;
        unsigned low, high;
        unsigned count; /* 0: refused */
        int first, last;
    } cases[] = {
        {"1-247", 1, 247, 247, 1, 247}, {"1-32,100", 1, 247, 33, 1, 100},
        {"5", 1, 247, 1, 5, 5},         {"0-255", 0, 255, 256, 0, 255},
        {"7,3-4, 3", 1, 247, 3, 3, 7},  {"247", 1, 247, 1, 247, 247},
        {"", 1, 247, 0, 0, 0},          {"0", 1, 247, 0, 0, 0},
        {"248", 1, 247, 0, 0, 0},       {"0001", 1, 247, 0, 0, 0},
        {"9-3", 1, 247, 0, 0, 0},       {"3-", 1, 247, 0, 0, 0},
        {"-3", 1, 247, 0, 0, 0},        {"3,", 1, 247, 0, 0, 0},
        {"3;4", 1, 247, 0, 0, 0},       {"3-500", 1, 247, 0, 0, 0},
        {"x", 1, 247, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_meter_units units;
        int last = -1, err = kw_meter_units_parse(cases[i].text, cases[i].low,
                                                  cases[i].high, &units);

        if ((err == 0) != (cases[i].count > 0))
            fail_msg("\"%s\": %d", cases[i].text, err);
        if (err != 0)
            continue;
        assert_int_equal(kw_meter_units_count(&units), cases[i].count);
        assert_int_equal(kw_meter_units_next(&units, 0), cases[i].first);
        for (int at = kw_meter_units_next(&units, 0); at >= 0;
             at = kw_meter_units_next(&units, (unsigned)at + 1))
            last = at;
        assert_int_equal(last, cases[i].last);
    }
}

static void test_split(void **state)
{
    struct kw_meter_units units, first;

    (void)state;
    assert_int_equal(kw_meter_units_parse("3,60-70,200", 1, 247, &units), 0);
    kw_meter_units_split(&units, 3, &first);
    assert_int_equal(kw_meter_units_count(&first), 3);
    assert_int_equal(kw_meter_units_next(&first, 4), 60);
    assert_int_equal(kw_meter_units_next(&units, 0), 62);
    kw_meter_units_split(&units, 99, &first);
    assert_int_equal(kw_meter_units_count(&first), 10);
    assert_int_equal(kw_meter_units_next(&units, 0), -1);
    kw_meter_units_split(&units, 1, &first);
    assert_int_equal(kw_meter_units_count(&first), 0);
}

static void test_speed_texts(void **state)
{
    static const char *const right[] = {"9600 8N1", "19200 8E1", "38400 8O2",
                                        "4000000 8N1"};
    static const char *const wrong[] = {
        "",         "9600",     " 8N1",        "9600 7N1",
        "9600 8X1", "9600 8N3", "9600 8N",     "9600 8N1 ",
        "x 8N1",    "1199 8N1", "4000001 8N1", "100000000000 8N1",
        "9600:8N1", "true"};
    struct kw_meter_speed speed;
    char text[KW_METER_SPEED_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_int_equal(kw_meter_speed_parse(right[i], &speed), 0);
        kw_meter_speed_format(&speed, text);
        assert_string_equal(text, right[i]);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (kw_meter_speed_parse(wrong[i], &speed) == 0)
            fail_msg("\"%s\" passes", wrong[i]);
    }
}

/* The line's own first, nothing twice, every baud one that ports know. */
static void test_speeds(void **state)
{
    const struct kw_meter_speed own = {19200, KW_METER_PARITY_EVEN, 1};
    const struct kw_meter_speed rare = {28800, KW_METER_PARITY_ODD, 2};
    struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX];
    size_t count = kw_meter_speeds(&own, speeds);

    (void)state;
    assert_true(count >= 20);
    assert_int_equal(speeds[0].baud, 19200);
    assert_int_equal(speeds[1].baud, 9600);
    for (size_t i = 0; i < count; i++) {
        assert_true(kw_meter_baud_exists(speeds[i].baud));
        for (size_t j = 0; j < i; j++)
            assert_false(speeds[i].baud == speeds[j].baud &&
                         speeds[i].parity == speeds[j].parity &&
                         speeds[i].stop_bits == speeds[j].stop_bits);
    }
    assert_int_equal(kw_meter_speeds(&rare, speeds), count + 1);
    assert_int_equal(speeds[0].baud, 28800);
}

static void test_timeout(void **state)
{
    const struct kw_meter_serial_conf slow = {.baud = 1200, .stop_bits = 1};
    const struct kw_meter_serial_conf fast = {
        .baud = 115200, .parity = KW_METER_PARITY_EVEN, .stop_bits = 1};
    const struct kw_meter_tcp_conf tcp = {.port = 502};
    const struct {
        struct kw_meter_line_conf conf;
        uint64_t longest_us;
        uint32_t ms;
    } cases[] = {
        /* 12 characters of 10 bits at 1200 baud are 100 ms */
        {{.serial = &slow, .timeout_ms = 1000}, 0, 201},
        {{.serial = &fast, .timeout_ms = 1000}, 0, 102},
        {{.serial = &fast, .timeout_ms = 1000}, 40000, 102},
        {{.serial = &fast, .timeout_ms = 1000}, 90000, 182},
        {{.serial = &fast, .timeout_ms = 1000}, 900000, 1000},
        {{.serial = &fast, .timeout_ms = 50}, 0, 50},
        {{.rtu_tcp = &tcp, .timeout_ms = 1000}, 0, 300},
        {{.rtu_tcp = &tcp, .timeout_ms = 1000}, 200000, 400},
        {{.tcp = &tcp, .timeout_ms = 1000}, 0, 1000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t ms =
            kw_meter_scan_timeout_ms(&cases[i].conf, cases[i].longest_us);

        if (ms != cases[i].ms)
            fail_msg("case %zu: %u ms", i, ms);
    }
}

static void test_presence(void **state)
{
    static const struct {
        struct kw_meter_presence seen; /* asks good garbled foreign silent */
        enum kw_meter_presence_verdict verdict;
    } cases[] = {
        {{1, 0, 0, 0, 1, 0}, KW_METER_PRESENCE_SILENT},
        {{1, 1, 0, 0, 0, 0}, KW_METER_PRESENCE_FOUND},
        {{1, 0, 1, 0, 0, 0}, KW_METER_PRESENCE_AGAIN},
        {{2, 0, 2, 0, 0, 0}, KW_METER_PRESENCE_AGAIN},
        {{3, 0, 3, 0, 0, 0}, KW_METER_PRESENCE_CONFLICT},
        {{2, 1, 1, 0, 0, 0}, KW_METER_PRESENCE_AGAIN},
        {{5, 3, 2, 0, 0, 0}, KW_METER_PRESENCE_FOUND},
        {{5, 0, 2, 0, 3, 0}, KW_METER_PRESENCE_SILENT},
        {{4, 0, 1, 0, 3, 0}, KW_METER_PRESENCE_AGAIN},
        {{1, 0, 0, 1, 0, 0}, KW_METER_PRESENCE_AGAIN},
        {{2, 0, 0, 2, 0, 0}, KW_METER_PRESENCE_FOREIGN},
        {{2, 0, 0, 1, 1, 0}, KW_METER_PRESENCE_AGAIN},
        {{2, 1, 0, 1, 0, 0}, KW_METER_PRESENCE_FOUND},
        {{2, 2, 0, 0, 0, 1}, KW_METER_PRESENCE_FOUND},
        {{2, 2, 0, 0, 0, 2}, KW_METER_PRESENCE_CONFLICT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (kw_meter_presence_judge(&cases[i].seen) != cases[i].verdict)
            fail_msg("case %zu", i);
    }
}

static void test_poll_time(void **state)
{
    struct kw_map_point points[4] = {
        {.function = 3, .address = 0, .registers = 2},
        {.function = 3, .address = 2, .registers = 2},
        {.function = 3, .address = 10, .registers = 2},
        {.function = 3, .address = 5, .registers = 2},
    };
    struct kw_map map = {.points = points, .count = 4, .max_registers = 125};
    const struct kw_meter_serial_conf serial = {.baud = 10000, .stop_bits = 1};
    const struct kw_meter_tcp_conf tcp = {.port = 502};
    struct kw_meter_line_conf conf = {.tcp = &tcp};

    (void)state;
    assert_int_equal(kw_meter_scan_poll_us(&map, &conf, 1000), 3000);
    map.gap = 6;
    assert_int_equal(kw_meter_scan_poll_us(&map, &conf, 1000), 2000);
    map.max_registers = 1; /* no more than that at once */
    assert_int_equal(kw_meter_scan_poll_us(&map, &conf, 1000), 9000);
    map.max_registers = 0;
    map.count = 1;
    conf.tcp = NULL;
    conf.serial = &serial;
    conf.pause_ms = 1;
    /* (13 + 4 characters and 7 of silence) x 1 ms + 1 ms + 1 ms */
    assert_in_range(kw_meter_scan_poll_us(&map, &conf, 1000), 26000, 26100);
}

static void test_every(void **state)
{
    static const struct {
        uint64_t busy_us;
        double free;
        int64_t every_ms;
    } cases[] = {
        {0, 1, 1000},         {800000, 1, 1000},     {810000, 1, 2000},
        {400000, 0.4, 2000},  {7000000, 1, 10000},   {20000000, 1, 30000},
        {30000000, 1, 60000}, {900000000, 1, 60000}, {100000, -1, 5000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t every = kw_meter_scan_every_ms(cases[i].busy_us, cases[i].free);

        if (every != cases[i].every_ms)
            fail_msg("case %zu: %d", i, (int)every);
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *profile, *make, *name;
    } cases[] = {
        {"eastron_sdm630", "Eastron", "sdm630_12"},
        {"carlo_gavazzi_em330_em340", "Carlo Gavazzi", "em330_em340_12"},
        {"schneider_iem3000", "Schneider Electric", "iem3000_12"},
        {"acme", "ACME", "acme_12"},
        {"acme_", "ACME", "acme__12"},
        {"m3", "", "m3_12"},
        {"eastron2_x", "Eastron", "eastron2_x_12"},
        {"a_very_long_name_of_a_profile_that_goes_on_and_on_for_ever", "A",
         "very_long_name_of_a_profile_that_goes_on_12"},
    };
    char name[KW_METER_SCAN_NAME_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_map map = {0};

        snprintf(map.name, sizeof(map.name), "%s", cases[i].profile);
        snprintf(map.make, sizeof(map.make), "%s", cases[i].make);
        kw_meter_scan_name(&map, 12, name);
        assert_string_equal(name, cases[i].name);
    }
    kw_meter_scan_name(NULL, 247, name);
    assert_string_equal(name, "unit_247");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),       cmocka_unit_test(test_split),
        cmocka_unit_test(test_speed_texts), cmocka_unit_test(test_speeds),
        cmocka_unit_test(test_timeout),     cmocka_unit_test(test_presence),
        cmocka_unit_test(test_poll_time),   cmocka_unit_test(test_every),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
