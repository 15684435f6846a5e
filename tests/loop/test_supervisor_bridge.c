/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that go to a line: registers outside the maps, and writes. */
#include "test_supervisor_rig.h"

#define BRIDGE STAGE_TCP "  bridge: [ a ]\n"

/* What the meter was asked beyond its polls, and how it answers that. */
static struct {
    unsigned asks, values; /* values: the first two bytes of a write */
    struct kw_meter_ask last, waiting;
    bool hold;   /* keeps the answer until let_go */
    bool held;   /* one is kept */
    bool refuse; /* with the code, which may be 0 */
    uint8_t code;
} seen;

static bool is_poll(const struct kw_meter_ask *ask)
{
    return ask->function == 3 && (ask->address == 100 || ask->address == 200);
}

static void on_ask(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (is_poll(ask)) {
        peer_answer(peer, ask);
        return;
    }
    seen.asks++;
    seen.last = *ask;
    if (ask->data != NULL)
        seen.values = (unsigned)ask->data[0] << 8 | ask->data[1];
    if (seen.hold) {
        seen.held = true;
        seen.waiting = *ask;
    } else if (seen.refuse) {
        peer_exception(peer, ask, seen.code);
    } else {
        peer_answer(peer, ask);
    }
}

static void let_go(struct stage *stage)
{
    seen.hold = seen.held = false;
    peer_answer(&stage->meters[0], &seen.waiting);
}

static void open_stage(struct stage *stage, const char *supervisor)
{
    memset(&seen, 0, sizeof(seen));
    stage_open(stage);
    stage->meters[0].on_ask = on_ask;
    stage_start(stage, stage_yaml(stage, STAGE_ONE, supervisor));
    stage_until(stage, "kitchen.frequency", true);
}

static void test_off(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP "  bridge: [ b ]\n");
    station_open(&station, &stage);
    station_read(&station, 5, 3, 1000, 2);
    station_expect_exception(&station, 2);
    assert_int_equal(seen.asks, 0);
    station_close(&station);
    stage_close(&stage);
}

/* One question for who asks the same, an answer serves for a while; what
 * stands behind it on the connection waits. */
static void test_shared(void **state)
{
    struct station one, two;
    struct stage stage;

    (void)state;
    open_stage(&stage, BRIDGE);
    station_open(&one, &stage);
    station_open(&two, &stage);
    seen.hold = true;
    station_say_read(&one, 5, 3, 1000, 2);
    station_say_read(&one, 5, 3, 100, 1);
    kw_fixture_until_set(&stage.rig.fixture, &seen.held);
    station_say_read(&two, 5, 3, 1000, 2);
    while (stage.supervisor->bridge.spared == 0)
        kw_fixture_run_ms(&stage.rig.fixture, 1);
    let_go(&stage);
    station_hear_as(&one, 1);
    station_expect_registers(&one, 1000, 2);
    station_hear_as(&one, 2);
    station_expect_registers(&one, 100, 1);
    station_hear(&two);
    station_expect_registers(&two, 1000, 2);
    assert_int_equal(seen.asks, 1);
    station_read(&two, 5, 3, 1000, 2);
    station_expect_registers(&two, 1000, 2);
    assert_int_equal(seen.asks, 1);
    station_read(&two, 5, 4, 1000, 2);
    station_expect_registers(&two, 1000, 2);
    station_read(&two, 5, 3, 1001, 2);
    station_read(&two, 5, 3, 1000, 1);
    station_read(&two, 5, 1, 1000, 9);
    assert_int_equal(two.pdu[1], 2);
    assert_int_equal(seen.asks, 5);
    stage_offset_ms += 500;
    station_read(&two, 5, 3, 1000, 2);
    assert_int_equal(seen.asks, 6);
    assert_true(stage_metric(&stage, "bridged_total") == 6);
    assert_true(stage_metric(&stage, "bridge_spared_total") == 2);
    station_close(&one);
    station_close(&two);
    stage_close(&stage);
}

/* A meter's unit on its line is asked for, whatever it is called here; by the
 * name of the meter the bridge is on for that one. */
static void test_named_meter(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP "  bridge: kitchen\n"
                                 "  units: [ { unit: 77, meter: kitchen } ]\n");
    station_open(&station, &stage);
    station_read(&station, 77, 4, 3000, 125);
    station_expect_registers(&station, 3000, 125);
    assert_int_equal(seen.last.unit, 5);
    assert_int_equal(seen.last.function, 4);
    station_close(&station);
    stage_close(&stage);
}

/* A refusal is quoted, silence is exception 11, a full line 6; old answers
 * make room for new ones. */
static void test_failures(void **state)
{
    struct station station, many[KW_SUPERVISOR_LINE_MAX];
    struct stage stage;
    char from[32];

    (void)state;
    open_stage(&stage, BRIDGE);
    station_open(&station, &stage);
    seen.refuse = true;
    seen.code = 2;
    station_read(&station, 5, 3, 1000, 1);
    station_expect_exception(&station, 2);
    seen.code = 0; /* says nothing, and is no data */
    station_read(&station, 5, 3, 1001, 1);
    station_expect_exception(&station, 11);
    seen.refuse = false;
    for (unsigned i = 0; i < KW_SUPERVISOR_EXCHANGES + 3U; i++) {
        station_read(&station, 5, 3, 2000 + i, 1);
        station_expect_registers(&station, 2000 + i, 1);
    }
    seen.hold = true;
    for (unsigned i = 0; i < KW_SUPERVISOR_LINE_MAX; i++) {
        snprintf(from, sizeof(from), "127.0.0.%u", 10 + i);
        station_open_from(&many[i], &stage, KW_SUPERVISOR_TCP, from);
        station_say_read(&many[i], 5, 3, 5000 + i, 1);
    }
    while (stage.supervisor->bridge.asked <
           KW_SUPERVISOR_EXCHANGES + 5U + KW_SUPERVISOR_LINE_MAX)
        kw_fixture_run_ms(&stage.rig.fixture, 1);
    station_read(&station, 5, 3, 6000, 1);
    station_expect_exception(&station, 6);
    for (unsigned i = 0; i < KW_SUPERVISOR_LINE_MAX; i++) {
        station_hear(&many[i]);
        station_expect_exception(&many[i], 11);
        station_close(&many[i]);
    }
    station_close(&station);
    stage_close(&stage);
}

/* The line goes while a request waits: an answer all the same. */
static void test_line_closes(void **state)
{
    struct station station, gone;
    struct stage stage;

    (void)state;
    open_stage(&stage, BRIDGE);
    station_open(&station, &stage);
    station_open(&gone, &stage);
    seen.hold = true;
    station_say_read(&station, 5, 3, 1000, 1);
    station_say_read(&station, 5, 3, 1000, 1);
    station_say_read(&gone, 5, 3, 1001, 1);
    while (stage.supervisor->bridge.asked < 2)
        kw_fixture_run_ms(&stage.rig.fixture, 1);
    station_close(&gone);
    stage_change(&stage, stage_yaml(&stage, STAGE_METER("lift", "b", "9"),
                                    STAGE_TCP "  bridge: [ b ]\n"));
    station_hear_as(&station, 1);
    station_expect_exception(&station, 11);
    station_hear_as(&station, 2);
    station_expect_exception(&station, 10);
    station_close(&station);
    stage_close(&stage);
}

/* The end of the program does not wait for a line. */
static void test_stop_while_waiting(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, BRIDGE);
    station_open(&station, &stage);
    seen.hold = true;
    station_say_read(&station, 5, 3, 1000, 1);
    kw_fixture_until_set(&stage.rig.fixture, &seen.held);
    stage_close(&stage);
    station_close(&station);
}

static void test_line_is_down(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, BRIDGE);
    station_open(&station, &stage);
    peer_refuse(&stage.meters[0]);
    peer_hang_up(&stage.meters[0]);
    stage_until(&stage, "kitchen.voltage_l1_n", false);
    station_read(&station, 5, 3, 1000, 1);
    station_expect_exception(&station, 11);
    station_close(&station);
    stage_close(&stage);
}

/* --- writes */

#define RULES                                                                  \
    "modbus_writes:\n  allow: true\n  rules:\n"                                \
    "    - { stations: 127.0.0.1, unit: 5, first: 40, last: 49 }\n"            \
    "    - { stations: [ 127.0.0.0/8 ], unit: 5, first: 7, coils: true }\n"

/* Everything is refused without the switch, whatever the rules say, and told
 * once in ten seconds. */
static void test_read_only(void **state)
{
    static const uint8_t functions[] = {5, 6, 15, 16, 21, 22, 23};
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage,
               BRIDGE "modbus_writes:\n  rules:\n"
                      "    - { stations: 127.0.0.1, unit: 5, first: 0, last: "
                      "65535 }\n");
    station_open(&station, &stage);
    for (size_t i = 0; i < sizeof(functions); i++) {
        station_say_write(&station, 5, functions[i], 57856, 229);
        station_hear(&station);
        station_expect_exception(&station, 1);
    }
    station_say(&station, 5, (const unsigned char[]){6}, 1);
    station_hear(&station);
    station_expect_exception(&station, 1);
    assert_int_equal(seen.asks, 0);
    assert_int_equal(stage.write_refused, 1);
    assert_string_equal(stage.text, "127.0.0.1: function 5 of unit 5, address "
                                    "57856, refused");
    stage_offset_ms += 10000;
    station_say_write(&station, 5, 6, 4352, 1);
    station_hear(&station);
    assert_int_equal(stage.write_refused, 2);
    assert_non_null(strstr(stage.text, "7 more since the last one"));
    assert_true(stage_metric(&stage, "writes_refused_total") == 9);
    station_close(&station);
    stage_close(&stage);
}

static void test_allowed(void **state)
{
    static const unsigned char many[] = {16, 0, 48, 0, 2, 4, 1, 2, 3, 4};
    struct station station, other;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP RULES);
    station_open(&station, &stage);
    station_say_write(&station, 5, 6, 40, 0x1234);
    station_hear(&station);
    assert_int_equal(station.pdu_length, 5);
    assert_memory_equal(station.pdu,
                        ((const unsigned char[]){6, 0, 40, 0x12, 0x34}), 5);
    assert_int_equal(seen.last.function, 6);
    assert_int_equal(seen.values, 0x1234);
    assert_int_equal(stage.written, 1);
    assert_string_equal(stage.text, "kitchen: function 6, unit 5, address 40, "
                                    "values 1: done");
    assert_string_equal(stage.actor, "127.0.0.1");
    station_say(&station, 5, many, sizeof(many));
    station_hear(&station);
    assert_memory_equal(station.pdu, ((const unsigned char[]){16, 0, 48, 0, 2}),
                        5);
    assert_int_equal(seen.values, 0x0102);
    /* The same again is written again. */
    station_say(&station, 5, many, sizeof(many));
    station_hear(&station);
    assert_int_equal(seen.asks, 3);
    station_say_write(&station, 5, 5, 7, 0xFF00);
    station_hear(&station);
    assert_int_equal(station.pdu_length, 5);
    /* Outside the rule: register, coil, unit, station, value. */
    station_say_write(&station, 5, 6, 50, 1);
    station_hear(&station);
    station_expect_exception(&station, 1);
    station_say_write(&station, 5, 5, 8, 0);
    station_hear(&station);
    station_expect_exception(&station, 1);
    station_say_write(&station, 255, 6, 40, 1);
    station_hear(&station);
    station_expect_exception(&station, 1);
    station_open_from(&other, &stage, KW_SUPERVISOR_TCP, "127.0.0.2");
    station_say_write(&other, 5, 6, 40, 1);
    station_hear(&other);
    station_expect_exception(&other, 1);
    station_say_write(&other, 5, 5, 7, 0);
    station_hear(&other);
    assert_int_equal(other.pdu_length, 5);
    assert_int_equal(seen.asks, 5);
    assert_true(stage_metric(&stage, "writes_total") == 5);
    station_close(&station);
    station_close(&other);
    stage_close(&stage);
}

/* A write makes all kept answers of its unit old, wherever they are kept. */
static void test_write_makes_old(void **state)
{
    const unsigned last = 1000 + KW_SUPERVISOR_EXCHANGES - 1;
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage,
               STAGE_TCP "  bridge: [ a ]\n  bridge_cache: 1min\n" RULES);
    station_open(&station, &stage);
    for (unsigned i = 1000; i <= last; i++)
        station_read(&station, 5, 3, i, 1);
    station_say_write(&station, 5, 6, 40, 1); /* takes the oldest place */
    station_hear(&station);
    assert_int_equal(seen.asks, KW_SUPERVISOR_EXCHANGES + 1);
    station_read(&station, 5, 3, last, 1);
    station_expect_registers(&station, last, 1);
    assert_int_equal(seen.asks, KW_SUPERVISOR_EXCHANGES + 2);
    station_close(&station);
    stage_close(&stage);
}

/* A write is told with its outcome, also when the client has gone, the meter
 * refuses or the line closes; and it makes kept answers old. */
static void test_outcomes(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, BRIDGE RULES);
    station_open(&station, &stage);
    station_read(&station, 5, 3, 40, 1);
    seen.refuse = true;
    seen.code = 4;
    station_say_write(&station, 5, 6, 41, 1);
    station_hear(&station);
    station_expect_exception(&station, 4);
    assert_non_null(strstr(stage.text, ": device failure"));
    seen.refuse = false;
    station_read(&station, 5, 3, 40, 1);
    assert_int_equal(seen.asks, 3);
    seen.hold = true;
    station_say_write(&station, 5, 6, 42, 1);
    kw_fixture_until_set(&stage.rig.fixture, &seen.held);
    stage_change(&stage, stage_yaml(&stage, STAGE_ONE,
                                    BRIDGE "  stations: 127.0.0.9\n" RULES));
    station_until_end(&station);
    station_close(&station);
    assert_int_equal(stage.written, 1);
    let_go(&stage);
    while (stage.written < 2)
        kw_fixture_run_ms(&stage.rig.fixture, 1);
    assert_non_null(strstr(stage.text, ": done"));
    stage_change(&stage, stage_yaml(&stage, STAGE_ONE, BRIDGE RULES));
    station_open(&station, &stage);
    seen.hold = true;
    station_say_write(&station, 5, 6, 43, 1);
    kw_fixture_until_set(&stage.rig.fixture, &seen.held);
    stage_change(&stage, stage_yaml(&stage, STAGE_METER("lift", "b", "9"),
                                    STAGE_TCP RULES));
    station_hear(&station);
    station_expect_exception(&station, 11);
    assert_int_equal(stage.written, 3);
    assert_non_null(strstr(stage.text, "no answer"));
    /* A rule for a unit that nobody has. */
    station_say_write(&station, 5, 6, 43, 1);
    station_hear(&station);
    station_expect_exception(&station, 10);
    station_close(&station);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_named_meter),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_line_closes),
        cmocka_unit_test(test_stop_while_waiting),
        cmocka_unit_test(test_line_is_down),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_write_makes_old),
        cmocka_unit_test(test_outcomes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
