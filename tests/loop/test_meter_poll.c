/* SPDX-License-Identifier: Apache-2.0 */
/* Polling good meters: on a serial line, over TCP, over a converter. */
#include "test_meter_rig.h"

static bool has_samples(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 20;
}

static void start(struct rig *rig, const struct peer *peer, const char *meters)
{
    char yaml[1024];

    rig_line(yaml, sizeof(yaml), &peer->at, "", meters);
    rig_start(rig, yaml);
}

static const char two_meters[] =
    "  - { name: m, line: a, unit: 5, profile: socomec_diris_b30, every: "
    "100ms }\n"
    "  - { name: n, line: a, unit: 6, profile: eastron_sdm120, every: "
    "100ms }\n";

static void test_pty(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, peer_answer);
    start(&rig, &peer, two_meters);
    kw_fixture_until(&rig.fixture, has_samples, &rig);
    assert_int_equal(rig.line_down, 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_tcp(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, two_meters);
    kw_fixture_until(&rig.fixture, has_samples, &rig);
    assert_int_equal(peer.connections, 1);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_rtu_tcp(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, true, peer_answer);
    start(&rig, &peer, two_meters);
    kw_fixture_until(&rig.fixture, has_samples, &rig);
    assert_int_equal(peer.connections, 1);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pty),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_rtu_tcp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
