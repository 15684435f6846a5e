/* SPDX-License-Identifier: Apache-2.0 */
/* The lines by which maps recognise their meters, and what registers tell. */
#include "core/quantity.h"
#include "meter/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool parse(const char *line, struct kw_meter_print *print)
{
    return kw_meter_print_parse(line, strlen(line), print);
}

static void test_forms(void **state)
{
    struct kw_meter_print print;

    (void)state;
    assert_true(
        parse("socomec_identification extended_name diris a10|x", &print));
    assert_int_equal(print.kind, KW_METER_PRINT_BLOCK);
    assert_string_equal(print.block, "socomec_identification");
    assert_string_equal(print.quantity, "extended_name");
    assert_string_equal(print.texts, "diris a10|x");
    assert_true(parse("says PM51|METSEPM51", &print));
    assert_int_equal(print.kind, KW_METER_PRINT_SAYS);
    assert_string_equal(print.texts, "PM51|METSEPM51");
    assert_true(parse("text 3 0x8960 2 b23", &print));
    assert_int_equal(print.kind, KW_METER_PRINT_TEXT);
    assert_int_equal(print.function, 3);
    assert_int_equal(print.address, 35168);
    assert_int_equal(print.registers, 2);
    assert_string_equal(print.texts, "b23");
    assert_true(parse("number 4 11 340-349", &print));
    assert_int_equal(print.kind, KW_METER_PRINT_NUMBER);
    assert_int_equal(print.address, 11);
    assert_int_equal(print.low, 340);
    assert_int_equal(print.high, 349);
    assert_true(parse("number 4 65535 7", &print));
    assert_int_equal(print.low, 7);
    assert_int_equal(print.high, 7);
}

static void test_wrong_forms(void **state)
{
    static const char *const lines[] = {
        "",
        "x",
        "x y",
        "x y ",
        "x y |",
        "x! y z",
        "x y! z",
        "an_endless_name_of_a_map_that_is_longer_than_maps_names_can_be_x y z",
        "x "
        "an_endless_name_of_a_quantity_that_is_longer_than_it_may_be_y_z_and_"
        "still z",
        "says",
        "says ",
        "says |a",
        "text",
        "text 2 1 1 a",
        "text 5 1 1 a",
        "text x 1 1 a",
        "text 3 65536 1 a",
        "text 3 1 0 a",
        "text 3 1 33 a",
        "text 3 65535 2 a",
        "text 3 1 2",
        "number 3",
        "number 3 1",
        "number 3 1 x",
        "number 3 1 5-4",
        "number 3 1 5-x",
        "number 3 1 65536",
    };
    struct kw_meter_print print;
    char line[300];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (parse(lines[i], &print))
            fail_msg("\"%s\" passes", lines[i]);
    }
    snprintf(line, sizeof(line), "says %0251d", 1);
    assert_false(parse(line, &print));
    line[255] = 0;
    assert_true(parse(line, &print));
}

/* Several lines, one below the other; those that are none are passed over. */
static void test_lines(void **state)
{
    const char *at = "says a|b\nwrong\n\nnumber 3 1 2\ntext 4 9 3 c";
    struct kw_meter_print print;

    (void)state;
    assert_true(kw_meter_print_next(&at, &print));
    assert_int_equal(print.kind, KW_METER_PRINT_SAYS);
    assert_true(kw_meter_print_begins(&print, "b-meter", 99));
    assert_false(kw_meter_print_begins(&print, "wrong", 99));
    assert_true(kw_meter_print_next(&at, &print));
    assert_int_equal(print.kind, KW_METER_PRINT_NUMBER);
    assert_false(kw_meter_print_begins(&print, "a", 99));
    assert_true(kw_meter_print_next(&at, &print));
    assert_int_equal(print.kind, KW_METER_PRINT_TEXT);
    assert_false(kw_meter_print_next(&at, &print));
    assert_false(kw_meter_print_next(&at, &print));
}

/* A text that fills its registers may have been cut. */
static void test_cut_text(void **state)
{
    struct kw_meter_print print;

    (void)state;
    assert_true(parse("block name diris digiware s-135|countis", &print));
    assert_true(kw_meter_print_begins(&print, "DIRIS DIGIWARE S", 16));
    assert_false(kw_meter_print_begins(&print, "DIRIS DIGIWARE S", 17));
    assert_false(kw_meter_print_begins(&print, "DIRIS DIGIWARE U", 16));
    assert_true(kw_meter_print_begins(&print, "COUN", 4));
    assert_false(kw_meter_print_begins(&print, "", 0));
}

/* --- evidence */

static struct kw_quantity quantity(const char *name)
{
    return (struct kw_quantity){.name = name, .kind = KW_QUANTITY_GAUGE};
}

static struct kw_map_point point_of(const struct kw_quantity *quantity,
                                    enum kw_map_type type, double multiplier)
{
    return (struct kw_map_point){
        .quantity = quantity,
        .function = 3,
        .registers =
            (uint8_t)(type == KW_MAP_U16 || type == KW_MAP_S16 ? 1 : 2),
        .type = type,
        .multiplier = multiplier,
        .factor = 1,
    };
}

static void test_judge(void **state)
{
    static const struct {
        const char *quantity;
        enum kw_map_type type;
        double multiplier;
        const char *bytes;
        enum kw_meter_evidence_verdict verdict;
        unsigned weight;
    } cases[] = {
        {"frequency", KW_MAP_U16, 0.01, "\x13\x88", KW_METER_EVIDENCE_FOR, 5},
        {"frequency", KW_MAP_U16, 0.1, "\x13\x88", KW_METER_EVIDENCE_AGAINST,
         5},
        {"frequency", KW_MAP_U16, 0.01, "\0\0", KW_METER_EVIDENCE_AGAINST, 5},
        {"frequency", KW_MAP_F32, 1, "\x42\x48\0\0", KW_METER_EVIDENCE_FOR, 5},
        /* The same with the words the other way round. */
        {"frequency", KW_MAP_F32, 1, "\0\0\x42\x48", KW_METER_EVIDENCE_AGAINST,
         5},
        {"frequency", KW_MAP_F32, 1, "\x7F\xC0\0\0", KW_METER_EVIDENCE_AGAINST,
         5},
        {"voltage_l1_n", KW_MAP_U32, 0.1, "\0\0\x08\xFC", KW_METER_EVIDENCE_FOR,
         3},
        {"voltage_l1_n", KW_MAP_U32, 0.1, "\0\0\0\0", KW_METER_EVIDENCE_AGAINST,
         3},
        {"current_l1", KW_MAP_S16, 1, "\0\0", KW_METER_EVIDENCE_NOTHING, 1},
        {"current_l1", KW_MAP_S16, 1, "\xFF\xFE", KW_METER_EVIDENCE_AGAINST, 1},
        {"current_l1", KW_MAP_F32, 1, "\0\0\0\1", KW_METER_EVIDENCE_AGAINST, 1},
        {"power_factor_total", KW_MAP_S16, 0.001, "\xFC\x18",
         KW_METER_EVIDENCE_FOR, 2},
        {"active_power_total", KW_MAP_S32, 1, "\xFF\xFF\xFF\0",
         KW_METER_EVIDENCE_FOR, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_quantity of = quantity(cases[i].quantity);
        struct kw_map_point point =
            point_of(&of, cases[i].type, cases[i].multiplier);
        unsigned weight;
        enum kw_meter_evidence_verdict verdict = kw_meter_evidence_judge(
            &point, (const unsigned char *)cases[i].bytes, &weight);

        if (verdict != cases[i].verdict || weight != cases[i].weight)
            fail_msg("case %zu: %d %u", i, (int)verdict, weight);
    }
}

/* What the map calls not available is nothing to go by. */
static void test_judge_not_available(void **state)
{
    struct kw_quantity of = quantity("voltage_l2_n");
    struct kw_map_point point = point_of(&of, KW_MAP_U16, 1);
    unsigned weight;

    (void)state;
    point.na_count = 1;
    point.na[0] = 0xFFFF;
    assert_int_equal(kw_meter_evidence_judge(
                         &point, (const unsigned char *)"\xFF\xFF", &weight),
                     KW_METER_EVIDENCE_NOTHING);
}

/* Best first, no bits, no texts, no other functions. */
static void test_points(void **state)
{
    static const char *const names[] = {
        "current_l1",  "voltage_l1_n", "info_name", "frequency",
        "load_status", "voltage_l2_n", "current_l2"};
    struct kw_quantity quantities[7];
    struct kw_map_point points[7];
    struct kw_map map = {.points = points, .count = 7};
    uint16_t chosen[KW_METER_EVIDENCE_MAX];

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        quantities[i] = quantity(names[i]);
        points[i] = point_of(&quantities[i], KW_MAP_U16, 1);
    }
    points[5].type = KW_MAP_BIT;
    points[6].type = KW_MAP_STRING;
    points[1].function = 4;
    assert_int_equal(kw_meter_evidence(&map, chosen), 3);
    assert_int_equal(chosen[0], 3);
    assert_int_equal(chosen[1], 1);
    assert_int_equal(chosen[2], 0);
    points[0].function = 2;
    assert_int_equal(kw_meter_evidence(&map, chosen), 2);
}

static void test_most_points(void **state)
{
    static const struct kw_quantity current = {.name = "current_l1"};
    struct kw_map_point points[20];
    struct kw_map map = {.points = points, .count = 20};
    uint16_t chosen[KW_METER_EVIDENCE_MAX];

    (void)state;
    for (size_t i = 0; i < 20; i++)
        points[i] = point_of(&current, KW_MAP_U16, 1);
    assert_int_equal(kw_meter_evidence(&map, chosen), KW_METER_EVIDENCE_MAX);
}

static void test_score(void **state)
{
    (void)state;
    assert_int_equal(kw_meter_evidence_score(0, 0, 0, false), 0);
    assert_int_equal(kw_meter_evidence_score(0, 10, 0, false), 0);
    assert_int_equal(kw_meter_evidence_score(0, 0, 0, true), 90);
    assert_int_equal(kw_meter_evidence_score(10, 10, 3, true), 100);
    assert_int_equal(
        kw_meter_evidence_score(9, 9, KW_METER_EVIDENCE_MAX, false), 85);
    /* Both fit: the one with more. */
    assert_true(kw_meter_evidence_score(9, 9, 7, false) >
                kw_meter_evidence_score(9, 9, 4, false));
    /* One that is named is ahead of any that is not. */
    assert_true(kw_meter_evidence_score(0, 9, 0, true) >
                kw_meter_evidence_score(9, 9, KW_METER_EVIDENCE_MAX, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_wrong_forms),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cut_text),
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_judge_not_available),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_most_points),
        cmocka_unit_test(test_score),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
