/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on the wire between requests: several under way on one connection,
 * the silence that a converter's line needs, calm after garbage.
 */
#include "test_meter_rig.h"

static const char rows[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
                           "current_l1,3,500,1,u16,-,1,A,fast,,,,\n"
                           "frequency,3,900,1,u16,-,1,Hz,fast,,,,\n";

static const char two_meters[] =
    "  - { name: m, line: a, unit: 5, profile: three, every: 100ms }\n"
    "  - { name: n, line: a, unit: 6, profile: three, every: 100ms }\n";

static void start(struct rig *rig, const struct peer *peer, const char *kind,
                  const char *options, const char *meters)
{
    char yaml[2048];

    rig_map(rig, "three", "", rows);
    snprintf(yaml, sizeof(yaml),
             "lines:\n  - { name: a, %s: { %s: %s%s, %s }\nmeters:\n%s", kind,
             peer->at.tcp ? "host: 127.0.0.1, port" : "port", peer->at.port,
             peer->at.tcp ? "" : ", baud: 115200, parity: none", options,
             meters);
    rig_start(rig, yaml);
}

static bool has_good(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 30;
}

static void finish(struct rig *rig, struct peer *peer)
{
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

/* --- several requests under way */

/* The value of a register is its address: a wrong order would show. */
static void look(struct rig *rig, const struct kw_point *point,
                 const struct kw_sample *sample)
{
    const char *name = point->quantity->name;
    double value = strcmp(name, "voltage_l1_n") == 0 ? 100
                   : strcmp(name, "current_l1") == 0 ? 500
                                                     : 900;

    (void)rig;
    if (kw_quality_is_good(sample->quality))
        assert_true(sample->value == value);
}

/* The later a request comes, the sooner it is answered. */
static void reversed(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    unsigned delay_ms = 24 - peer->asks % 4 * 8;

    peer_later(peer, delay_ms, frame, peer_answer_frame(peer, ask, frame));
}

static void test_reversed(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig.look = look;
    peer_open_tcp(&peer, &rig, false, reversed);
    start(&rig, &peer, "tcp", "in_flight: 4 }", two_meters);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig_metric(&rig, "foreign_total"), 0);
    finish(&rig, &peer);
}

static unsigned lost_left;

/* Loses the first request for the currents; all else is answered. */
static void loses_one(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    if (ask->unit == 5 && ask->address == 500 && lost_left > 0) {
        lost_left--;
        return;
    }
    peer_later(peer, 5, frame, peer_answer_frame(peer, ask, frame));
}

/* One of several under way is lost: it alone is repeated, and no poll of
 * either meter suffers. */
static void test_repeats_the_lost_one(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    lost_left = 1;
    rig_open(&rig);
    rig.look = look;
    peer_open_tcp(&peer, &rig, false, loses_one);
    start(&rig, &peer, "tcp", "in_flight: 3 }, timeout: 60ms, retries: 1",
          two_meters);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig_metric(&rig, "timeouts_total"), 1);
    assert_int_equal(peer.connections, 1);
    finish(&rig, &peer);
}

static unsigned dead_asks, live_asks;

static void unit_5_is_dead(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (ask->unit == 5) {
        dead_asks++;
        return;
    }
    live_asks++;
    peer_answer(peer, ask);
}

/* A dead meter behind a gateway takes one of three places; the other goes on
 * in the rest. */
static void test_dead_takes_one_place(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    dead_asks = live_asks = 0;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, unit_5_is_dead);
    start(&rig, &peer, "tcp", "in_flight: 6 }, timeout: 2s, retries: 0",
          two_meters);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_true(live_asks >= 30);
    assert_true(dead_asks <= 6); /* two polls of three at most */
    finish(&rig, &peer);
}

/* --- silence and calm */

static uint64_t answered_ns, shortest_ns;

static void timed(struct peer *peer, const struct kw_meter_ask *ask)
{
    uint64_t now_ns = kw_clock_mono_ns(&kw_clock_system);

    if (answered_ns != 0 && now_ns - answered_ns < shortest_ns)
        shortest_ns = now_ns - answered_ns;
    peer_answer(peer, ask);
    answered_ns = kw_clock_mono_ns(&kw_clock_system);
}

/* The line behind a converter needs its silence, too. */
static void test_converter_silence(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    answered_ns = 0;
    shortest_ns = UINT64_MAX;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, true, timed);
    start(&rig, &peer, "rtu_tcp", "silence: 12ms }", two_meters);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 0);
    assert_in_range(shortest_ns, 12000000, 60000000);
    finish(&rig, &peer);
}

enum { NOISE_MS = 10, NOISES = 4, CALM_MS = 20 };

static struct {
    uv_timer_t timer;
    struct peer *peer;
    unsigned left, babbles;
    uint64_t at_ns; /* of the last noise; 0: none since the last request */
    bool stalled;   /* the machine itself made a gap that is calm enough */
} noise;

static void on_noise(uv_timer_t *timer)
{
    static const unsigned char bytes[3] = {0x99, 0x98, 0x97};
    uint64_t now_ns = kw_clock_mono_ns(&kw_clock_system);

    if (now_ns - noise.at_ns > CALM_MS * 1000000U / 4 * 3)
        noise.stalled = true;
    noise.at_ns = now_ns;
    peer_write(noise.peer, bytes, sizeof(bytes));
    if (--noise.left == 0)
        uv_timer_stop(timer);
}

/* Every third answer is garbled, and noise follows in pieces, each after a gap
 * that is longer than the silence. */
static void babbles_at_times(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);
    uint64_t now_ns = kw_clock_mono_ns(&kw_clock_system);

    if (noise.at_ns != 0 && !noise.stalled &&
        now_ns - noise.at_ns < shortest_ns)
        shortest_ns = now_ns - noise.at_ns;
    noise.at_ns = 0;
    if (peer->asks % 3 != 0) {
        peer_write(peer, frame, length);
        return;
    }
    frame[length - 1] ^= 1;
    peer_write(peer, frame, length);
    noise.babbles++;
    noise.left = NOISES;
    noise.at_ns = now_ns;
    noise.stalled = false;
    uv_timer_start(&noise.timer, on_noise, NOISE_MS, NOISE_MS);
}

/* Nobody is asked into the noise, although each gap in it is long enough to be
 * taken for silence. */
static void test_calm_after_garbage(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    shortest_ns = UINT64_MAX;
    memset(&noise, 0, sizeof(noise));
    rig_open(&rig);
    rig.look = look;
    uv_timer_init(&rig.fixture.loop.uv, &noise.timer);
    noise.peer = &peer;
    peer_open_serial(&peer, &rig, babbles_at_times);
    start(&rig, &peer, "serial", "silence_ms: 1.75 }, timeout: 300ms",
          two_meters);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_true(noise.babbles > 0);
    assert_true(shortest_ns >= CALM_MS * 1000000U);
    uv_close((uv_handle_t *)&noise.timer, NULL);
    finish(&rig, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reversed),
        cmocka_unit_test(test_repeats_the_lost_one),
        cmocka_unit_test(test_dead_takes_one_place),
        cmocka_unit_test(test_converter_silence),
        cmocka_unit_test(test_calm_after_garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
