/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and gauges of a polled meter, judged while minutes pass: meters
 * that are replaced, that read 0 for a while, that update their counters
 * seldom, counters that begin anew in each way, also those that are computed,
 * values that no meter can have.
 */
#include "test_meter_rig.h"

#include <math.h>

enum { FIRST = 100, REGISTERS = 40 };

static uint16_t registers[REGISTERS]; /* from FIRST on */

static void put_u32(unsigned address, uint32_t number)
{
    registers[address - FIRST] = (uint16_t)(number >> 16);
    registers[address - FIRST + 1] = (uint16_t)number;
}

static void put_f32(unsigned address, float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    put_u32(address, bits);
}

static void give(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char pdu[2 + 2 * REGISTERS], frame[300];
    size_t length = 2;

    assert_true(ask->address >= FIRST &&
                ask->address + ask->count <= FIRST + REGISTERS);
    pdu[0] = 3;
    pdu[1] = (unsigned char)(2 * ask->count);
    for (unsigned i = 0; i < ask->count; i++) {
        uint16_t word = registers[ask->address - FIRST + i];

        pdu[length++] = (unsigned char)(word >> 8);
        pdu[length++] = (unsigned char)word;
    }
    peer_write(
        peer, frame,
        peer_frame(peer, ask->unit, peer->transaction, pdu, length, frame));
}

/* Starts a peer and a gateway that polls it by the map "meter". */
static void start(struct rig *rig, struct peer *peer, const char *more)
{
    char yaml[2000], meter[200];

    peer_open_tcp(peer, rig, false, give);
    snprintf(meter, sizeof(meter),
             "  - { name: m, line: a, unit: 5, profile: meter, every: 1s%s }\n",
             more);
    rig_line(yaml, sizeof(yaml), &peer->at, "", meter);
    rig_start(rig, yaml);
}

static void open_meter(struct rig *rig, struct peer *peer, const char *rows)
{
    rig_open(rig);
    rig_map(rig, "meter", "", rows);
    start(rig, peer, "");
}

static void finish(struct rig *rig, struct peer *peer)
{
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

static void run_s(struct rig *rig, unsigned seconds)
{
    kw_fixture_run_ms(&rig->fixture, seconds * 1000);
}

static void expect(struct rig *rig, const char *quantity, double value)
{
    char name[80];
    const struct kw_point *point;

    snprintf(name, sizeof(name), "m.%s", quantity);
    point = rig_point(rig, name);
    if (!kw_quality_is_good(point->latest.quality) ||
        fabs(point->latest.value - value) > 1e-9 * fabs(value))
        fail_msg("%s: %s %.17g, expected %.17g", name,
                 kw_quality_name(point->latest.quality), point->latest.value,
                 value);
}

static void expect_bad(struct rig *rig, const char *quantity, uint8_t quality)
{
    char name[80];

    snprintf(name, sizeof(name), "m.%s", quantity);
    assert_int_equal(rig_point(rig, name)->latest.quality, quality);
}

static const char plain[] =
    "active_power_total,3,100,2,u32,be,1,W,fast,,,,\n"
    "active_energy_import_total,3,102,2,u32,be,1,Wh,fast,,,,\n"
    "active_energy_export_total,3,104,2,u32,be,1,Wh,fast,,,,\n";

/* A new meter: the counter that moves is believed after two minutes, the one
 * that stands with it. */
static void test_replaced(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    put_u32(100, 1000);
    put_u32(102, 5000000);
    put_u32(104, 70000);
    open_meter(&rig, &peer, plain);
    run_s(&rig, 5);
    put_u32(102, 17);
    put_u32(104, 0);
    run_s(&rig, 100);
    put_u32(102, 42);
    run_s(&rig, 15);
    expect_bad(&rig, "active_energy_import_total", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(&rig, "active_energy_export_total", KW_QUALITY_BAD_IMPLAUSIBLE);
    assert_int_equal(rig.bad, 2);
    assert_int_equal(rig.jumps, 0);
    run_s(&rig, 10);
    expect(&rig, "active_energy_import_total", 42);
    expect(&rig, "active_energy_export_total", 0);
    assert_int_equal(rig.jumps, 2);
    assert_string_equal(rig.jump, "active_energy_export_total went from 70000 "
                                  "to 0 Wh and stays");
    finish(&rig, &peer);
}

/* 0 for ten minutes under power, as after a restart: no value, no jump. */
static void test_zero_for_a_while(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    put_u32(100, 20000);
    put_u32(102, 13000000);
    put_u32(104, 0);
    open_meter(&rig, &peer, plain);
    run_s(&rig, 5);
    put_u32(102, 0);
    for (int i = 0; i < 20; i++) {
        run_s(&rig, 50);
        expect_bad(&rig, "active_energy_import_total",
                   KW_QUALITY_BAD_IMPLAUSIBLE);
        expect(&rig, "active_energy_export_total", 0);
    }
    put_u32(102, 13005560);
    run_s(&rig, 2);
    expect(&rig, "active_energy_import_total", 13005560);
    assert_int_equal(rig.jumps, 0);
    assert_int_equal(rig.bad, 1);
    finish(&rig, &peer);
}

/* 560 kW, updated each 30 s; the gateway starts just before an update. */
static void test_slow_updates(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    put_u32(100, 560000);
    put_u32(102, 1000000);
    put_u32(104, 0);
    open_meter(&rig, &peer, plain);
    run_s(&rig, 3);
    for (uint32_t i = 1; i <= 20; i++) {
        put_u32(102, 1000000 + i * 4667);
        run_s(&rig, 30);
        expect(&rig, "active_energy_import_total", 1000000 + i * 4667.0);
    }
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig_metric(&rig, "implausible_total"), 0);
    finish(&rig, &peer);
}

/* Each begins anew in its own way, and so does what is computed of them. */
static void test_begins_anew(void **state)
{
    static const char rows[] =
        "active_power_total,3,100,2,u32,be,1,W,fast,,,,\n"
        "active_energy_import_total,3,102,2,f32,be,1,kWh,fast,,,,\n"
        "active_energy_export_total,3,104,2,s32,be,1,Wh,fast,,,,\n"
        "reactive_energy_import_total,3,106,2,u32,be,10^scale_energy,varh,"
        "fast,,,,\n"
        "scale_energy,3,108,1,s16,-,1,1,fast,,,,\n"
        "active_energy_import_partial,3,109,2,u32,be,1,Wh,fast,,,,\n"
        "active_energy_import_l1,3,111,2,bcd32,be,1,kWh,fast,,,,\n"
        "active_energy_import_l2,3,113,1,u16[0:11],-,1,kWh,fast,,,,\n"
        "active_energy_import_l3,3,114,1,sm16,-,1,kWh,fast,,,,\n"
        "active_energy_sum_total,,,,,,,Wh,,,= active_energy_import_total + "
        "active_energy_export_total,,\n";
    struct rig rig;
    struct peer peer;

    (void)state;
    put_u32(100, 50000);
    put_f32(102, 99999.98F);
    put_u32(104, 2147483640);
    put_u32(106, 4294967290U);
    registers[8] = 1;
    put_u32(109, 123456);
    put_u32(111, 0x99999999);
    registers[13] = 0xF000 | 4095;
    registers[14] = 32767;
    open_meter(&rig, &peer, rows);
    run_s(&rig, 3);
    expect(&rig, "reactive_energy_import_total", 42949672900.0);
    put_f32(102, 0.02F);
    put_u32(104, 5);
    put_u32(106, 3);
    put_u32(109, 0);
    put_u32(111, 0);
    registers[13] = 0xF000;
    registers[14] = 0;
    run_s(&rig, 2);
    expect(&rig, "active_energy_import_total", 1000 * (double)0.02F);
    expect(&rig, "active_energy_export_total", 5);
    expect(&rig, "reactive_energy_import_total", 30);
    expect(&rig, "active_energy_import_partial", 0);
    expect(&rig, "active_energy_import_l1", 0);
    expect(&rig, "active_energy_import_l2", 0);
    expect(&rig, "active_energy_import_l3", 0);
    expect(&rig, "active_energy_sum_total", 1000 * (double)0.02F + 5);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig.jumps, 0);
    /* Below 0 is no counter; what is computed of it neither. */
    put_u32(104, 0x80000000U);
    run_s(&rig, 600);
    expect_bad(&rig, "active_energy_export_total", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(&rig, "active_energy_sum_total", KW_QUALITY_BAD_IMPLAUSIBLE);
    assert_int_equal(rig.bad, 2);
    /* A wrong word of what is multiplied. */
    put_u32(104, 6);
    put_u32(106, 65536 * 9 + 3);
    run_s(&rig, 2);
    expect(&rig, "active_energy_sum_total", 1000 * (double)0.02F + 6);
    expect_bad(&rig, "reactive_energy_import_total",
               KW_QUALITY_BAD_IMPLAUSIBLE);
    assert_int_equal(rig.jumps, 0);
    finish(&rig, &peer);
}

/* Gauges out of their bounds, and what is computed from them, are bad. The
 * bounds of a row are those of the meter, before ratios and sign. */
static void test_bounds(void **state)
{
    static const char head[] =
        "quantity,function,address,registers,type,word_order,multiplier,unit,"
        "class,na,formula,note,source,min,max\n";
    static const char rows[] =
        "frequency,3,100,2,f32,be,1,Hz,fast\n"
        "power_factor_total,3,102,2,f32,be,1,1,fast\n"
        "current_l1,3,104,2,f32,be,1,A,fast,,,,,0,100\n"
        "active_power_l1,3,106,2,f32,be,1,kW,fast,,,,,-1,20\n"
        "voltage_l1_n,3,108,2,f32,be,10^scale_voltage,V,fast,,,,,,500\n"
        "scale_voltage,3,110,1,s16,-,1,1,fast\n"
        "apparent_power_l1,,,,,,,VA,,,= voltage_l1_n * current_l1,,,,50000\n";
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig_table(&rig, "meter", "", head, rows);
    put_f32(100, 50);
    put_f32(102, -1.0005F);
    put_f32(104, 10);
    put_f32(106, 5);
    put_f32(108, 23);
    registers[10] = 1;
    start(&rig, &peer, ", scale: { ct: 40 }, invert: true");
    run_s(&rig, 3);
    expect(&rig, "frequency", 50);
    expect(&rig, "current_l1", 400);
    expect(&rig, "active_power_l1", -200e3);
    expect(&rig, "apparent_power_l1", 92e3);
    assert_int_equal(rig.bad, 0);
    put_f32(100, 562505.5F);
    put_f32(102, 2);
    put_f32(104, 101);
    put_f32(106, -2);
    run_s(&rig, 2);
    expect_bad(&rig, "frequency", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(&rig, "power_factor_total", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(&rig, "current_l1", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(&rig, "active_power_l1", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(&rig, "apparent_power_l1", KW_QUALITY_BAD_IMPLAUSIBLE);
    expect(&rig, "voltage_l1_n", 230);
    finish(&rig, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_zero_for_a_while),
        cmocka_unit_test(test_slow_updates),
        cmocka_unit_test(test_begins_anew),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
