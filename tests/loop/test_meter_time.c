/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's time: what dead and slow meters cost the others, and what happens
 * when more is asked for than there is time.
 */
#include "test_meter_rig.h"

#include "meter/line.h"

static const char rows[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n";

static uint64_t mono_ms(void)
{
    return kw_clock_mono_ns(&kw_clock_system) / 1000000;
}

static struct kw_meter_line *line_of(struct rig *rig)
{
    return kw_meter_find_line(rig->self, "a");
}

static void start(struct rig *rig, const struct peer *peer, const char *options,
                  const char *meters)
{
    char yaml[2048];

    rig_map(rig, "one", "", rows);
    rig_line(yaml, sizeof(yaml), &peer->at, options, meters);
    rig_start(rig, yaml);
}

/* --- meters that do not answer */

static unsigned good_asks, bad_asks;

static void unit_9_is_dead(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (ask->unit == 9) {
        bad_asks++;
    } else {
        good_asks++;
        peer_answer(peer, ask);
    }
}

static bool is_aside(void *arg)
{
    const struct rig *rig = arg;

    return rig->failing > 0;
}

/* Three polls of a dead meter would take 12 s of the line's time by the
 * setting. The others' answers show that 30 ms are enough, and its polls are 2
 * and 4 s apart: the others lose next to nothing. */
static void test_dead_costs_little(void **state)
{
    struct rig rig;
    struct peer peer;
    uint64_t start_ms;

    (void)state;
    good_asks = bad_asks = 0;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, unit_9_is_dead);
    start(&rig, &peer, ", timeout: 4s, retries: 1",
          "  - { name: m, line: a, unit: 5, profile: one, every: 100ms }\n"
          "  - { name: n, line: a, unit: 9, profile: one, every: 100ms }\n");
    start_ms = mono_ms();
    kw_fixture_until(&rig.fixture, is_aside, &rig);
    assert_int_equal(bad_asks, 3); /* none repeated: it never answered */
    assert_in_range(mono_ms() - start_ms, 6000, 6400);
    assert_in_range(good_asks, 60, 65);
    assert_true(kw_meter_line_demand(line_of(&rig)) < 0.1); /* of one alone */
    assert_in_range(kw_meter_line_probe_ms(line_of(&rig), 0), 30, 1000);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* Over TCP a gateway has its own time-outs: there the setting holds. */
static void test_tcp_is_patient(void **state)
{
    struct rig rig;
    struct peer peer;
    uint64_t start_ms;

    (void)state;
    good_asks = bad_asks = 0;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, unit_9_is_dead);
    start(&rig, &peer, ", timeout: 300ms, retries: 0",
          "  - { name: m, line: a, unit: 5, profile: one, every: 100ms }\n"
          "  - { name: n, line: a, unit: 9, profile: one, every: 100ms }\n");
    start_ms = mono_ms();
    kw_fixture_until(&rig.fixture, is_aside, &rig);
    assert_int_equal(bad_asks, 3);
    assert_true(mono_ms() - start_ms >= 900);
    assert_int_equal(kw_meter_line_probe_ms(line_of(&rig), 0), 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void unit_9_is_slow(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    if (ask->unit == 9)
        peer_later(peer, 250, frame, peer_answer_frame(peer, ask, frame));
    else
        peer_answer(peer, ask);
}

static void look(struct rig *rig, const struct kw_point *point,
                 const struct kw_sample *sample)
{
    (void)rig;
    good_asks += strcmp(point->name, "n.voltage_l1_n") == 0 &&
                 kw_quality_is_good(sample->quality);
}

static bool slow_is_good(void *arg)
{
    (void)arg;
    return good_asks >= 3;
}

/* A slow meter beside fast ones: its first answers come after the probe has
 * been given up, and that is how the line learns to wait. */
static void test_slow_is_learned(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    good_asks = 0;
    rig_open(&rig);
    rig.look = look;
    peer_open_serial(&peer, &rig, unit_9_is_slow);
    start(&rig, &peer, ", timeout: 4s, retries: 1",
          "  - { name: m, line: a, unit: 5, profile: one, every: 1s }\n"
          "  - { name: n, line: a, unit: 9, profile: one, every: 1s }\n");
    kw_fixture_until(&rig.fixture, slow_is_good, &rig);
    assert_int_equal(rig.failing, 0);
    assert_in_range(kw_meter_line_probe_ms(line_of(&rig), 0), 950, 4000);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* --- asked for too much */

static unsigned asks_of[8];

static void takes_25_ms(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    asks_of[ask->unit % 8]++;
    peer_later(peer, 25, frame, peer_answer_frame(peer, ask, frame));
}

static bool is_overloaded(void *arg)
{
    const struct rig *rig = arg;

    return rig->overloaded > 0;
}

/* Ten a second for each of four, five and two and a half a second: some 47
 * requests of 27 ms. The periods of all become longer by the same factor; it
 * is said once, and taken back once after a change. */
static void test_overloaded(void **state)
{
    static const unsigned period_ms[] = {0, 100, 100, 100, 100, 200, 400};
    struct rig rig;
    struct peer peer;
    char yaml[2048];
    unsigned before[8];
    uint64_t start_ms, elapsed_ms;
    double demand;

    (void)state;
    memset(asks_of, 0, sizeof(asks_of));
    rig_open(&rig);
    peer_open_serial(&peer, &rig, takes_25_ms);
    start(&rig, &peer, "",
          "  - { name: m1, line: a, unit: 1, profile: one, every: 100ms }\n"
          "  - { name: m2, line: a, unit: 2, profile: one, every: 100ms }\n"
          "  - { name: m3, line: a, unit: 3, profile: one, every: 100ms }\n"
          "  - { name: m4, line: a, unit: 4, profile: one, every: 100ms }\n"
          "  - { name: m5, line: a, unit: 5, profile: one, every: 200ms }\n"
          "  - { name: m6, line: a, unit: 6, profile: one, every: 400ms }\n");
    kw_fixture_run_ms(&rig.fixture, 1000);
    memcpy(before, asks_of, sizeof(before));
    start_ms = mono_ms();
    kw_fixture_until(&rig.fixture, is_overloaded, &rig);
    elapsed_ms = mono_ms() - start_ms;
    demand = kw_meter_line_demand(line_of(&rig));
    assert_true(demand > 1.2);
    assert_true(kw_meter_line_stretch(line_of(&rig)) == demand);
    assert_true(kw_meter_line_overloaded(line_of(&rig)));
    for (int unit = 1; unit <= 6; unit++) {
        double stretch = (double)elapsed_ms /
                         (double)(asks_of[unit] - before[unit]) /
                         period_ms[unit];

        if (stretch < demand * 0.8 || stretch > demand * 1.45)
            fail_msg("unit %d: %.2f of %.2f", unit, stretch, demand);
    }
    assert_int_equal(rig.bad, 0);
    rig_line(yaml, sizeof(yaml), &peer.at, "",
             "  - { name: m1, line: a, unit: 1, profile: one, every: 1s }\n");
    assert_int_equal(rig_change(&rig, yaml), 0);
    assert_true(kw_meter_line_demand(line_of(&rig)) < 0.1);
    assert_true(kw_meter_line_stretch(line_of(&rig)) == 1);
    assert_int_equal(rig.overloaded, 1);
    assert_int_equal(rig.relieved, 1);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_costs_little),
        cmocka_unit_test(test_tcp_is_patient),
        cmocka_unit_test(test_slow_is_learned),
        cmocka_unit_test(test_overloaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
