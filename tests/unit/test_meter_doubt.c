/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/doubt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct kw_meter_ask voltages = {5, 3, 100, 10};
static const struct kw_meter_ask energies = {5, 3, 400, 10};
static const struct kw_meter_trust no_trust;

static void test_no_doubt(void **state)
{
    static const unsigned char refused[] = {0x83, 2};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    assert_false(kw_meter_doubt_holds(&doubt, &voltages, false));
    assert_false(kw_meter_doubt_seen(&doubt, 5, refused, 2, false, 2));
    kw_meter_doubt_answered(&doubt, &voltages);
    kw_meter_doubt_marked(&doubt, 5, true);
    assert_int_equal(doubt.count, 0);
}

/* Only a block that could be mistaken for the late one is in doubt. */
static void test_who_is_in_doubt(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        bool holds;
    } rows[] = {
        {{5, 3, 400, 10}, true},  /* same unit, function, size */
        {{5, 3, 100, 10}, false}, /* the same request again */
        {{6, 3, 400, 10}, false}, /* another unit */
        {{5, 4, 400, 10}, false}, /* another function */
        {{5, 3, 400, 11}, false}, /* another size */
    };
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_doubt_holds(&doubt, &rows[i].ask, false),
                         rows[i].holds);
    /* While strays come the same request is in doubt, too. */
    assert_true(kw_meter_doubt_holds(&doubt, &voltages, true));
    assert_false(kw_meter_doubt_holds(&doubt, &rows[4].ask, true));
}

/* Functions 1 and 2 count bits: the number of bytes decides. */
static void test_bits_by_bytes(void **state)
{
    const struct kw_meter_ask late = {5, 1, 0, 9}, other = {5, 1, 0, 16};
    const struct kw_meter_ask apart = {5, 1, 0, 17};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &late, 1, true);
    assert_true(kw_meter_doubt_holds(&doubt, &other, false));
    assert_false(kw_meter_doubt_holds(&doubt, &apart, false));
}

/* A marker is valid and its answer can't be mistaken. */
static void test_marker(void **state)
{
    static const struct kw_meter_ask asks[] = {
        {5, 3, 100, 10},  {5, 3, 100, 1},  {5, 4, 65535, 1}, {5, 3, 65411, 125},
        {5, 1, 0, 1},     {5, 1, 0, 8},    {5, 2, 0, 9},     {5, 2, 65535, 1},
        {5, 1, 65528, 8}, {5, 1, 0, 2000},
    };
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct kw_meter_ask marker =
            kw_meter_doubt_marker(&doubt, &no_trust, &asks[i]);

        assert_true(kw_meter_ask_valid(&marker));
        assert_int_equal(marker.unit, asks[i].unit);
        assert_int_equal(marker.function, asks[i].function);
        assert_int_not_equal(kw_meter_ask_data_bytes(&marker),
                             kw_meter_ask_data_bytes(&asks[i]));
    }
}

/* Nothing that is in doubt can be mistaken for a marker either. */
static void test_marker_avoids_all(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 400, 1, 250};
    struct kw_meter_doubt doubt = {.count = 0};
    struct kw_meter_ask marker;

    (void)state;
    for (uint16_t count = 1; count <= KW_METER_DOUBT_MAX; count++) {
        struct kw_meter_ask late = {5, 3, 100, count};

        kw_meter_doubt_add(&doubt, &late, 1, true);
    }
    marker = kw_meter_doubt_marker(&doubt, &no_trust, &ask);
    assert_int_equal(marker.count, KW_METER_DOUBT_MAX + 1);
    assert_int_equal(marker.address, 400);
    assert_int_equal(marker.timeout_ms, 0); /* as patient as the line */
    assert_true(kw_meter_ask_valid(&marker));
}

static const unsigned char ten[] = {0, 10, 0, 20}, eleven[] = {0, 11, 0, 20};
static const unsigned char on[] = {0xFF, 0}, off[] = {0, 0};

/* Writes and identity: whose late answer could be taken for which. */
static void test_other_functions(void **state)
{
    static const struct {
        struct kw_meter_ask late, ask;
        bool holds;
    } rows[] = {
        /* one value is repeated by its answer: no other can be meant */
        {{5, 6, 100, 1, 0, ten}, {5, 6, 100, 1, 0, ten}, false},
        {{5, 6, 100, 1, 0, ten}, {5, 6, 100, 1, 0, eleven}, false},
        {{5, 6, 100, 1, 0, ten}, {5, 6, 101, 1, 0, ten}, false},
        {{5, 5, 100, 1, 0, on}, {5, 5, 100, 1, 0, off}, false},
        /* of several only address and count are */
        {{5, 16, 100, 2, 0, ten}, {5, 16, 100, 2, 0, eleven}, true},
        {{5, 16, 100, 2, 0, ten}, {5, 16, 100, 2, 0, ten}, true},
        {{5, 16, 100, 2, 0, ten}, {5, 16, 100, 1, 0, ten}, false},
        {{5, 16, 100, 2, 0, ten}, {5, 16, 101, 2, 0, ten}, false},
        {{5, 15, 100, 9, 0, ten}, {5, 15, 100, 9, 0, eleven}, true},
        {{5, 15, 100, 9, 0, ten}, {5, 16, 100, 9, 0, eleven}, false},
        /* identity */
        {{5, 17}, {5, 17}, false},
        {{5, 17}, {6, 17}, false},
        {{5, 43, 0x0100}, {5, 43, 0x0100}, false},
        {{5, 43, 0x0100}, {5, 43, 0x0103}, true},
        {{5, 43, 0x0100}, {5, 43, 0x0200}, false},
        {{5, 43, 0x0401}, {5, 43, 0x0402}, true},
        {{5, 17}, {5, 3, 0, 1}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_doubt doubt = {.count = 0};
        struct kw_meter_ask marker;

        kw_meter_doubt_add(&doubt, &rows[i].late, 1, true);
        assert_null(doubt.items[0].ask.data); /* borrowed no longer */
        if (kw_meter_doubt_holds(&doubt, &rows[i].ask, false) != rows[i].holds)
            fail_msg("row %zu", i);
        marker = kw_meter_doubt_marker(&doubt, &no_trust, &rows[i].ask);
        assert_true(kw_meter_ask_valid(&marker));
        assert_false(kw_meter_ask_is_write(&marker));
        assert_false(kw_meter_doubt_holds(&doubt, &marker, false));
    }
}

/* A late answer to a write is known by what it repeats. */
static void test_late_write(void **state)
{
    static const struct kw_meter_ask asks[] = {{5, 6, 100, 1, 0, ten},
                                               {5, 16, 100, 2, 0, ten}};
    static const unsigned char echo[] = {6, 0, 100, 0, 10};
    static const unsigned char other[] = {6, 0, 100, 0, 11};
    static const unsigned char several[] = {16, 0, 100, 0, 2};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &asks[0], 1, true);
    kw_meter_doubt_add(&doubt, &asks[1], 1, true);
    assert_false(
        kw_meter_doubt_seen(&doubt, 5, other, sizeof(other), false, 2));
    assert_false(kw_meter_doubt_seen(&doubt, 6, echo, sizeof(echo), false, 2));
    assert_true(kw_meter_doubt_seen(&doubt, 5, echo, sizeof(echo), false, 2));
    assert_int_equal(doubt.count, 1);
    assert_true(
        kw_meter_doubt_seen(&doubt, 5, several, sizeof(several), false, 2));
    assert_int_equal(doubt.count, 0);
}

/* A refusal says only which function is meant: it is the oldest's. */
static void test_refused(void **state)
{
    const struct kw_meter_ask inputs = {5, 4, 100, 10};
    const struct kw_meter_ask elsewhere = {6, 3, 400, 10};
    const struct kw_meter_ask shorter = {5, 3, 400, 4};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    assert_false(kw_meter_doubt_refused(&doubt, &voltages));
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    assert_false(kw_meter_doubt_refused(&doubt, &voltages)); /* the same */
    assert_false(kw_meter_doubt_refused(&doubt, &inputs));
    assert_false(kw_meter_doubt_refused(&doubt, &elsewhere));
    assert_true(kw_meter_doubt_refused(&doubt, &energies));
    assert_int_equal(doubt.count, 0);
    assert_false(kw_meter_doubt_refused(&doubt, &energies));
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    assert_true(kw_meter_doubt_refused(&doubt, &shorter));
}

/* A unit answers in order: the answer to something else clears the unit. */
static void test_answered(void **state)
{
    const struct kw_meter_ask other = {5, 3, 700, 4}, elsewhere = {6, 3, 1, 4};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    kw_meter_doubt_answered(&doubt, &voltages); /* maybe the first one's */
    assert_int_equal(doubt.count, 1);
    kw_meter_doubt_answered(&doubt, &elsewhere);
    assert_int_equal(doubt.count, 1);
    kw_meter_doubt_answered(&doubt, &other);
    assert_int_equal(doubt.count, 0);
}

static void test_marked(void **state)
{
    const struct kw_meter_ask elsewhere = {6, 3, 1, 4};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    kw_meter_doubt_add(&doubt, &elsewhere, 1, true);
    kw_meter_doubt_add(&doubt, &energies, 1, true);
    kw_meter_doubt_marked(&doubt, 5, true);
    assert_int_equal(doubt.count, 1);
    assert_int_equal(doubt.items[0].ask.unit, 6);
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    for (int i = 1; i < KW_METER_MARKERS_MAX; i++) {
        kw_meter_doubt_marked(&doubt, 5, false);
        assert_true(kw_meter_doubt_holds(&doubt, &energies, false));
    }
    kw_meter_doubt_marked(&doubt, 5, false); /* it does not answer markers */
    assert_false(kw_meter_doubt_holds(&doubt, &energies, false));
    assert_int_equal(doubt.count, 1);
}

static void test_seen(void **state)
{
    unsigned char pdu[22] = {3, 20};
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    kw_meter_doubt_add(&doubt, &voltages, 1,
                       true); /* asked twice, both too late */
    assert_false(kw_meter_doubt_seen(&doubt, 6, pdu, sizeof(pdu), false, 2));
    assert_false(
        kw_meter_doubt_seen(&doubt, 5, pdu, sizeof(pdu) - 2, false, 2));
    /* What may be a copy leaves the doubt. */
    assert_true(kw_meter_doubt_seen(&doubt, 5, pdu, sizeof(pdu), true, 2));
    assert_int_equal(doubt.count, 2);
    assert_true(kw_meter_doubt_seen(&doubt, 5, pdu, sizeof(pdu), false, 2));
    assert_int_equal(doubt.count, 1);
    assert_true(kw_meter_doubt_holds(&doubt, &energies, false));
    pdu[0] = 0x83;
    assert_true(
        kw_meter_doubt_seen(&doubt, 5, pdu, 2, false, 2)); /* late refusal */
    assert_false(kw_meter_doubt_holds(&doubt, &energies, false));
}

/* The oldest is given up when there are too many. */
static void test_many(void **state)
{
    struct kw_meter_doubt doubt = {.count = 0};
    struct kw_meter_ask ask = voltages;

    (void)state;
    for (unsigned i = 0; i < KW_METER_DOUBT_MAX + 2; i++) {
        ask.unit = (uint8_t)(i + 10);
        kw_meter_doubt_add(&doubt, &ask, 1, true);
    }
    assert_int_equal(doubt.count, KW_METER_DOUBT_MAX);
    ask = energies;
    ask.unit = 11;
    assert_false(kw_meter_doubt_holds(&doubt, &ask, false));
    ask.unit = 12;
    assert_true(kw_meter_doubt_holds(&doubt, &ask, false));
}

/* A scan of units that nobody has heard of pushes no other doubt out. */
static void test_scan(void **state)
{
    struct kw_meter_doubt doubt = {.count = 0};
    struct kw_meter_ask ask = {.function = 3, .count = 1};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    for (unsigned unit = 10; unit < 200; unit++) {
        ask.unit = (uint8_t)unit;
        kw_meter_doubt_add(&doubt, &ask, unit, false);
    }
    assert_int_equal(doubt.count, KW_METER_DOUBT_MAX);
    assert_true(kw_meter_doubt_holds(&doubt, &energies, false));
}

/* What is too old does not come: a refusal then is of the one who asks. */
static void test_age(void **state)
{
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1000, true);
    kw_meter_doubt_add(&doubt, &voltages, 3000, true);
    kw_meter_doubt_expire(&doubt, 8000, 9000);
    assert_int_equal(doubt.count, 2);
    kw_meter_doubt_expire(&doubt, 8000, 9001);
    assert_int_equal(doubt.count, 1);
    kw_meter_doubt_expire(&doubt, 8000, 11001);
    assert_int_equal(doubt.count, 0);
    assert_false(kw_meter_doubt_refused(&doubt, &energies));
}

/* Once the same block has been answered, another answer to it is one too many:
 * who asks for it again would get that. */
static void test_overtaken(void **state)
{
    struct kw_meter_doubt doubt = {.count = 0};

    (void)state;
    kw_meter_doubt_add(&doubt, &voltages, 1, true);
    assert_false(kw_meter_doubt_holds(&doubt, &voltages, false));
    kw_meter_doubt_answered(&doubt, &voltages);
    assert_true(kw_meter_doubt_holds(&doubt, &voltages, false));
    kw_meter_doubt_marked(&doubt, 5, true);
    assert_false(kw_meter_doubt_holds(&doubt, &voltages, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_doubt),
        cmocka_unit_test(test_who_is_in_doubt),
        cmocka_unit_test(test_bits_by_bytes),
        cmocka_unit_test(test_marker),
        cmocka_unit_test(test_marker_avoids_all),
        cmocka_unit_test(test_other_functions),
        cmocka_unit_test(test_late_write),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_answered),
        cmocka_unit_test(test_marked),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_overtaken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
