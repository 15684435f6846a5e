/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter's map computes, over polls of several classes: values, ratios
 * and signs, refusals, and a line that goes down. The peer's registers hold
 * their own addresses.
 */
#include "test_meter_rig.h"

static const char rows[] =
    "voltage_l1_n,3,230,1,u16,-,1,V,fast,,,,\n"
    "current_l1,3,1500,1,u16,-,10^scale_current,A,fast,,,,\n"
    "active_power_l1,3,1725,1,s16,-,1,W,normal,,,,\n"
    "scale_current,3,65534,1,s16,-,1,1,slow,,,,\n" /* -2 */
    "apparent_power_l1,,,,,,,,,,= voltage_l1_n * current_l1,,\n"
    "power_factor_l1,,,,,,,,,,= active_power_l1 / apparent_power_l1,,\n";

static bool scale_refused;

static void answer(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (scale_refused && ask->address == 65534)
        peer_exception(peer, ask, 2);
    else
        peer_answer(peer, ask);
}

static void open_all(struct rig *rig, struct peer *peer, bool tcp,
                     const char *map, const char *meter)
{
    char yaml[2048];

    rig_open(rig);
    rig_map(rig, "computed", "", map);
    if (tcp)
        peer_open_tcp(peer, rig, false, answer);
    else
        peer_open_serial(peer, rig, answer);
    rig_line(yaml, sizeof(yaml), &peer->at, "", meter);
    rig_start(rig, yaml);
}

static void close_all(struct rig *rig, struct peer *peer)
{
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

static bool several_polls(void *arg)
{
    return rig_metric(arg, "polls_total") >= 12;
}

static void expect(struct rig *rig, const char *name, double value)
{
    const struct kw_point *point = rig_point(rig, name);

    if (point->latest.quality != KW_QUALITY_GOOD ||
        fabs(point->latest.value - value) > 1e-9 * fabs(value))
        fail_msg("%s: %s %.17g", name, kw_quality_name(point->latest.quality),
                 point->latest.value);
}

static void expect_bad(struct rig *rig, const char *name, uint8_t quality)
{
    assert_int_equal(rig_point(rig, name)->latest.quality, quality);
}

static unsigned apparent, factor, current; /* samples of these */

static void count_points(struct rig *rig, const struct kw_point *point,
                         const struct kw_sample *sample)
{
    const char *name = point->quantity->name;

    (void)rig;
    (void)sample;
    apparent += strcmp(name, "apparent_power_l1") == 0;
    factor += strcmp(name, "power_factor_l1") == 0;
    current += strcmp(name, "current_l1") == 0;
}

/* Each poll of the fast class gives new values, with the scale that was read
 * long ago. */
static void test_classes(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    scale_refused = false;
    apparent = factor = current = 0;
    open_all(&rig, &peer, true, rows,
             "  - { name: m, line: a, unit: 5, profile: computed, every: { "
             "fast: 100ms, normal: 500ms, slow: 1h } }\n");
    rig.look = count_points;
    kw_fixture_until(&rig.fixture, several_polls, &rig);
    expect(&rig, "m.current_l1", 15);
    expect(&rig, "m.scale_current", -2);
    expect(&rig, "m.apparent_power_l1", 3450);
    expect(&rig, "m.power_factor_l1", 0.5);
    assert_true(current >= 11);
    assert_in_range(apparent, current - 1, current);
    assert_in_range(factor, current - 1, current);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig_point(&rig, "m.apparent_power_l1")->period_ms, 100);
    assert_true(rig_point(&rig, "m.apparent_power_l1")->latest.time_ms ==
                rig_point(&rig, "m.voltage_l1_n")->latest.time_ms);
    close_all(&rig, &peer);
}

/* Ratios and signs are in what is used, and not applied again. */
static void test_ratios_and_signs(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    scale_refused = false;
    open_all(&rig, &peer, true, rows,
             "  - { name: m, line: a, unit: 5, profile: computed, every: "
             "100ms, invert: true, scale: { ct: 20, vt: 2 } }\n");
    kw_fixture_until(&rig.fixture, several_polls, &rig);
    expect(&rig, "m.current_l1", 300);
    expect(&rig, "m.voltage_l1_n", 460);
    expect(&rig, "m.active_power_l1", -69000);
    expect(&rig, "m.apparent_power_l1", 138000);
    expect(&rig, "m.power_factor_l1", -0.5);
    expect(&rig, "m.scale_current", -2);
    close_all(&rig, &peer);
}

/* Import that is export: the sum of the phases is that of the same side. */
static void test_exchanged_energies(void **state)
{
    static const char energies[] =
        "active_energy_import_l1,3,11,1,u16,-,1,Wh,fast,,,,\n"
        "active_energy_import_l2,3,12,1,u16,-,1,Wh,fast,,,,\n"
        "active_energy_import_total,,,,,,,,,,= active_energy_import_l1 + "
        "active_energy_import_l2,,\n";
    struct rig rig;
    struct peer peer;

    (void)state;
    open_all(&rig, &peer, true, energies,
             "  - { name: m, line: a, unit: 5, profile: computed, every: "
             "100ms, invert: true }\n");
    kw_fixture_until(&rig.fixture, several_polls, &rig);
    expect(&rig, "m.active_energy_export_l1", 11);
    expect(&rig, "m.active_energy_export_total", 23);
    close_all(&rig, &peer);
}

static bool all_good(void *arg)
{
    return rig_point(arg, "m.power_factor_l1")->latest.quality ==
           KW_QUALITY_GOOD;
}

/* A refused multiplier makes bad what needs it, told once; the rest goes on. */
static void test_refused_scale(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    scale_refused = true;
    open_all(&rig, &peer, true, rows,
             "  - { name: m, line: a, unit: 5, profile: computed, every: "
             "100ms }\n");
    kw_fixture_until(&rig.fixture, several_polls, &rig);
    expect_bad(&rig, "m.scale_current", KW_QUALITY_BAD_EXCEPTION);
    expect_bad(&rig, "m.current_l1", KW_QUALITY_BAD_EXCEPTION);
    expect_bad(&rig, "m.apparent_power_l1", KW_QUALITY_BAD_EXCEPTION);
    expect_bad(&rig, "m.power_factor_l1", KW_QUALITY_BAD_EXCEPTION);
    expect(&rig, "m.active_power_l1", 1725);
    assert_int_equal(rig.bad, 4);
    close_all(&rig, &peer);
}

static bool line_is_bad(void *arg)
{
    return rig_point(arg, "m.power_factor_l1")->latest.quality ==
           KW_QUALITY_BAD_LINE;
}

static void test_line_down(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    scale_refused = false;
    open_all(&rig, &peer, false, rows,
             "  - { name: m, line: a, unit: 5, profile: computed, every: "
             "100ms }\n");
    kw_fixture_until(&rig.fixture, all_good, &rig);
    peer_hang_up(&peer);
    kw_fixture_until(&rig.fixture, line_is_bad, &rig);
    expect_bad(&rig, "m.current_l1", KW_QUALITY_BAD_LINE);
    expect_bad(&rig, "m.apparent_power_l1", KW_QUALITY_BAD_LINE);
    assert_int_equal(rig.bad, 6);
    close_all(&rig, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_ratios_and_signs),
        cmocka_unit_test(test_exchanged_energies),
        cmocka_unit_test(test_refused_scale),
        cmocka_unit_test(test_line_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
