/* SPDX-License-Identifier: Apache-2.0 */
/* What stations read: registers of meters, points, and how many at once. */
#include "test_supervisor_rig.h"

static void test_meter_registers(void **state)
{
    static const struct {
        uint8_t unit, function;
        unsigned address, count, code;
    } rows[] = {
        {5, 3, 100, 4, 0},   {5, 4, 100, 4, 0},     {5, 3, 101, 2, 0},
        {5, 3, 200, 2, 0},   {5, 3, 103, 1, 0},     {5, 3, 99, 2, 2},
        {5, 3, 100, 5, 2},   {5, 4, 104, 1, 2},     {5, 1, 100, 1, 2},
        {5, 3, 65535, 2, 2}, {5, 3, 100, 0, 3},     {5, 3, 100, 126, 3},
        {6, 3, 100, 1, 10},  {0, 3, 100, 1, 10},    {5, 7, 0, 0, 1},
        {5, 8, 0, 0, 1},     {5, 43, 0x0E01, 0, 1}, {5, 17, 0, 0, 1},
        {6, 3, 100, 0, 3},
    };
    struct station station;
    struct stage stage;
    unsigned asks;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    stage_until(&stage, "kitchen.frequency", true);
    station_open(&station, &stage);
    asks = stage.meters[0].asks;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        station_read(&station, rows[i].unit, rows[i].function, rows[i].address,
                     rows[i].count);
        if (rows[i].code != 0)
            station_expect_exception(&station, rows[i].code);
        else
            station_expect_registers(&station, rows[i].address, rows[i].count);
    }
    /* Only the polls have asked. */
    assert_in_range(stage.meters[0].asks - asks, 0, 20);
    assert_true(stage_metric(&stage, "requests_total") >= 19);
    assert_true(stage_metric(&stage, "exceptions_total") >= 12);
    assert_true(stage_metric(&stage, "bridged_total") == 0);
    stage_health(&stage, NULL);
    stage_get(&stage, "/supervisor", "\"requests\":19");
    stage_get(&stage, "/supervisor",
              "\"units\":[{\"unit\":5,\"meter\":\"kitchen\",\"line\":\"a\"");
    stage_get(&stage, "/supervisor", "\"service\":\"modbus_tcp\"");
    stage_get(&stage, "/supervisor", "\"address\":\"127.0.0.1\"");
    station_close(&station);
    stage_close(&stage);
}

/* The number of a point of the kitchen. */
static uint32_t number_of(struct stage *stage, const char *name)
{
    return rig_point(&stage->rig, name)->id;
}

static float float_at(const unsigned char *at)
{
    uint32_t bits = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                    (uint32_t)at[2] << 8 | at[3];
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void test_points(void **state)
{
    struct station station;
    struct stage stage;
    uint32_t number, last;
    uint64_t bits = 0;
    double value;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    stage_until(&stage, "kitchen.frequency", true);
    station_open(&station, &stage);
    number = number_of(&stage, "kitchen.voltage_l1_n");
    last = (uint32_t)kw_points_count(stage.rig.fixture.core.points);
    for (uint8_t function = 3; function <= 4; function++) {
        station_read(&station, 255, function, 2 * number, 2);
        assert_int_equal(station.pdu_length, 6);
        assert_true(float_at(station.pdu + 2) == 100.0F);
    }
    station_read(&station, 254, 3, 4 * number, 4);
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | station.pdu[2 + i];
    memcpy(&value, &bits, sizeof(value));
    assert_true(value == 100.0);
    /* Part of a value, several values, all of them. */
    station_read(&station, 255, 3, 2 * number + 1, 1);
    assert_int_equal(station.pdu[2] | station.pdu[3], 0);
    station_read(&station, 255, 3, 2, 2 * last);
    assert_int_equal(station.pdu_length, 2 + 4 * last);
    station_read(&station, 255, 2, 1, last);
    assert_int_equal(station.pdu[2], (1U << last) - 1);
    station_read(&station, 254, 1, number, 1);
    assert_int_equal(station.pdu[2], 1);
    /* Outside. */
    station_read(&station, 255, 3, 0, 2);
    station_expect_exception(&station, 2);
    station_read(&station, 255, 3, 2 * last, 3);
    station_expect_exception(&station, 2);
    station_read(&station, 255, 2, 0, 1);
    station_expect_exception(&station, 2);
    station_read(&station, 255, 2, last, 2);
    station_expect_exception(&station, 2);
    station_read(&station, 255, 3, 65534, 2);
    station_expect_exception(&station, 2);
    station_close(&station);
    stage_close(&stage);
}

static void on_silent(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)peer;
    (void)ask;
}

static void on_refuse_slow(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (ask->address >= 200)
        peer_exception(peer, ask, 2);
    else
        peer_answer(peer, ask);
}

/* Quality bad is never old numbers: exception, or NaN for that point alone. */
static void test_bad(void **state)
{
    struct station station;
    struct stage stage;
    uint32_t first, second;

    (void)state;
    stage_open(&stage);
    stage_start(
        &stage,
        stage_yaml(&stage, STAGE_ONE STAGE_METER("lift", "b", "6"), STAGE_TCP));
    stage_until(&stage, "kitchen.frequency", true);
    stage_until(&stage, "lift.frequency", true);
    station_open(&station, &stage);
    first = number_of(&stage, "kitchen.voltage_l1_n");
    second = number_of(&stage, "lift.voltage_l1_n");
    stage.meters[1].on_ask = on_silent;
    stage_until(&stage, "lift.voltage_l1_n", false);
    station_read(&station, 6, 3, 100, 1);
    station_expect_exception(&station, 11);
    station_read(&station, 6, 3, 300, 1);
    station_expect_exception(&station, 2);
    station_read(&station, 5, 3, 100, 1);
    station_expect_registers(&station, 100, 1);
    station_read(&station, 255, 3, 2 * first, 2);
    assert_int_equal(station.pdu_length, 6);
    station_read(&station, 255, 3, 2 * second, 2);
    station_expect_exception(&station, 11);
    station_read(&station, 255, 3, 2 * first, 2 * (second - first + 1));
    station_expect_exception(&station, 11);
    station_read(&station, 255, 2, first, second - first + 1);
    assert_int_equal(station.pdu[2] & 1, 1);
    assert_int_equal(station.pdu[2] >> (second - first) & 1, 0);
    stage_change(&stage,
                 stage_yaml(&stage, STAGE_ONE STAGE_METER("lift", "b", "6"),
                            STAGE_TCP "  bad_points: nan\n"));
    station_read(&station, 255, 3, 2 * first, 2 * (second - first + 1));
    assert_true(float_at(station.pdu + 2) == 100.0F);
    assert_int_equal(station.pdu[2 + 4 * (second - first)], 0x7F);
    assert_int_equal(station.pdu[3 + 4 * (second - first)], 0xC0);
    station_read(&station, 254, 3, 4 * second, 4);
    assert_int_equal(station.pdu[2], 0x7F);
    assert_int_equal(station.pdu[3], 0xF8);
    station_close(&station);
    stage_close(&stage);
}

/* A meter that refuses a block is quoted. */
static void test_refusal(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    stage.meters[0].on_ask = on_refuse_slow;
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    stage_until(&stage, "kitchen.voltage_l1_n", true);
    stage_until(&stage, "kitchen.frequency", false);
    station_open(&station, &stage);
    station_read(&station, 5, 3, 100, 4);
    station_expect_registers(&station, 100, 4);
    station_read(&station, 5, 3, 200, 1);
    station_expect_exception(&station, 2);
    station_close(&station);
    stage_close(&stage);
}

/* Before the first answer there is nothing. */
static void test_never(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    stage.meters[0].on_ask = on_silent;
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    station_open(&station, &stage);
    station_read(&station, 5, 3, 100, 1);
    station_expect_exception(&station, 11);
    station_close(&station);
    stage_close(&stage);
}

/* Many in one write are answered in their order; a frame may come byte by
 * byte. */
static void test_pipeline(void **state)
{
    enum { MANY = 400 };
    static unsigned char bytes[MANY * 12];
    struct station station;
    struct stage stage;
    size_t length = 0;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    stage_until(&stage, "kitchen.voltage_l1_n", true);
    station_open(&station, &stage);
    for (unsigned i = 0; i < MANY; i++) {
        const unsigned char pdu[] = {3, 0, (unsigned char)(100 + i % 3), 0, 1};

        length += station_frame(&station, 5, pdu, 5, bytes + length);
    }
    station_send(&station, bytes, length);
    for (uint16_t i = 0; i < MANY; i++) {
        station_hear_as(&station, i + 1);
        station_expect_registers(&station, 100 + i % 3, 1);
    }
    station_say_read(&station, 5, 3, 101, 2);
    station_hear(&station);
    length = station_frame(&station, 5,
                           (const unsigned char[]){3, 0, 100, 0, 2}, 5, bytes);
    for (size_t i = 0; i < length; i++) {
        station_send(&station, bytes + i, 1);
        kw_fixture_run_ms(&stage.rig.fixture, 1);
    }
    station_hear(&station);
    station_expect_registers(&station, 100, 2);
    station_close(&station);
    stage_close(&stage);
}

/* No memory is asked for to answer. */
static void test_allocations(void **state)
{
    struct station station;
    struct kw_mem_stats before;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    stage_until(&stage, "kitchen.frequency", true);
    station_open(&station, &stage);
    for (int i = 0; i < 3; i++)
        station_read(&station, 5, 3, 100, 4);
    before = kw_mem_stats();
    for (int i = 0; i < 200; i++) {
        station_read(&station, 5, 3, 100, 4);
        station_read(&station, 255, 4, 2, 2);
    }
    assert_int_equal(kw_mem_stats().allocations, before.allocations);
    station_close(&station);
    stage_close(&stage);
}

/* Two meters with one unit: the first line's has it, settings move the other
 * with all its loads; changes are taken up while stations are connected. */
static void test_units(void **state)
{
    const char *meters =
        STAGE_METER("lift", "b", "5") STAGE_METER("cellar", "b", "255")
            STAGE_METER("attic", "b", "254") STAGE_ONE;
    struct station station;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, meters, STAGE_TCP));
    stage_until(&stage, "kitchen.frequency", true);
    stage_until(&stage, "lift.frequency", true);
    station_open(&station, &stage);
    station_read(&station, 5, 3, 100, 1);
    station_expect_registers(&station, 100, 1);
    assert_true(stage_metric(&stage, "unit_conflicts") == 3);
    stage_health(&stage, "unit 5 is kitchen: lift on b needs another one");
    stage_get(&stage, "/supervisor",
              "{\"unit\":5,\"meter\":\"lift\",\"line\":\"b\",\"taken_by\":"
              "\"kitchen\"}");
    stage_get(&stage, "/supervisor",
              "{\"unit\":255,\"meter\":\"cellar\",\"line\":\"b\",\"taken_by\":"
              "\"points\"}");
    stage_change(&stage,
                 stage_yaml(&stage, meters,
                            STAGE_TCP
                            "  units:\n    - { unit: 15, meter: lift }\n"
                            "    - { unit: 16, meter: lift }\n"
                            "    - { unit: 17, meter: cellar }\n"
                            "    - { unit: 18, meter: attic }\n"));
    stage_health(&stage, NULL);
    for (uint8_t unit = 15; unit <= 16; unit++) {
        station_read(&station, unit, 3, 100, 1);
        station_expect_registers(&station, 100, 1);
    }
    stage_change(&stage,
                 stage_yaml(&stage, STAGE_METER("lift", "b", "9"), STAGE_TCP));
    station_read(&station, 5, 3, 100, 1);
    station_expect_exception(&station, 10);
    stage_until_new(&stage, "lift.voltage_l1_n");
    station_read(&station, 9, 3, 100, 1);
    station_expect_registers(&station, 100, 1);
    station_close(&station);
    stage_close(&stage);
}

/* The loads of a meter share its unit. */
static void test_loads(void **state)
{
    static const char meters[] =
        "  - { name: one, line: a, unit: 5, profile: loads, load: 1 }\n"
        "  - { name: two, line: a, unit: 5, profile: loads, load: 2 }\n"
        "  - { name: off, line: a, unit: 6, profile: loads, enabled: false }\n";
    struct station station;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    rig_map(&stage.rig, "loads", "#load_stride: 2\n",
            "current_l1,4,100,2,u32,be,0.001,A,fast,,,,\n");
    stage_start(&stage,
                stage_yaml(&stage, meters,
                           STAGE_TCP "  units: [ { unit: 7, meter: off } ]\n"));
    stage_until(&stage, "one.current_l1", true);
    stage_until(&stage, "two.current_l1", true);
    station_open(&station, &stage);
    station_read(&station, 5, 3, 100, 4);
    station_expect_registers(&station, 100, 4);
    station_read(&station, 7, 3, 100, 1);
    station_expect_exception(&station, 10);
    stage_health(&stage, NULL);
    station_close(&station);
    stage_close(&stage);
}

static void test_register_list(void **state)
{
    char row[160];
    struct stage stage;
    uint32_t number;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    number = number_of(&stage, "kitchen.frequency");
    snprintf(row, sizeof(row),
             "{\"address\":%u,\"registers\":2,\"type\":\"f32\",\"point\":"
             "\"kitchen.frequency\"",
             2 * number);
    stage_get(&stage, "/supervisor/registers", row);
    snprintf(row, sizeof(row), "\"input\":%u,\"f64_address\":%u}", number,
             4 * number);
    stage_get(&stage, "/supervisor/registers", row);
    stage.reply.request.accept = "text/csv";
    snprintf(row, sizeof(row), "255,%u,2,f32,kitchen.frequency,\"", 2 * number);
    stage_get(&stage, "/supervisor/registers", row);
    snprintf(row, sizeof(row), ",Hz,%u,254,%u\r\n", number, 4 * number);
    stage_get(&stage, "/supervisor/registers", row);
    assert_string_equal(stage.reply.type, "text/csv; charset=utf-8");
    /* A meter that has left is no longer listed. */
    stage_change(&stage,
                 stage_yaml(&stage, STAGE_METER("lift", "b", "9"), STAGE_TCP));
    stage_get(&stage, "/supervisor/registers", NULL);
    assert_null(strstr(kw_test_reply_text(&stage.reply), "kitchen"));
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meter_registers),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_allocations),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_register_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
